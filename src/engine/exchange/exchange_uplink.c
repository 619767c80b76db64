/* exchange_uplink.c: signing in at a national uplink (NDXP, NDOP): the platform's own account
 * there, kept in data_dir/keys/uplink-<id>.json, never in a pack. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/base64.h"
#include "codec/url.h"
#include "crypto/aead.h"
#include "engine/exchange/exchange_int.h"
#include "gen/q_exchange.h"
#include "net/client.h"
#include "store/store.h"
#include "sys/sys.h"

#define FILE_BYTES 8192U
#define SPARE_US   (INT64_C(30) * DATE_US_PER_S)

/* {"base": "https://...", "user": .., "secret": ..}; ERR_UPSTREAM: nobody has set it up. */
enum err
exchange_uplink_account(struct ctx *cx, struct str id, const struct json **ret)
{
    struct str text;
    struct json *j = NULL;
    struct json_limits limits = { 0 };
    struct str path = str_fmt(cx->arena, STR_FMT "/keys/uplink-" STR_FMT ".json",
                              STR_ARG(cx->config->data_dir), STR_ARG(id));
    if (sys_file_read(cx, path, FILE_BYTES, &text) != ERR_OK ||
        json_parse(cx->arena, text, limits, &j, NULL) != ERR_OK) {
        return err_set(cx, ERR_UPSTREAM, "keys/uplink-" STR_FMT ".json is not there", STR_ARG(id));
    }
    *ret = j;
    return ERR_OK;
}

/* RFC 6749 4.4 for tokens; the older adapters take user name and secret as JSON. */
static enum err
sign_in(struct ctx *cx, const struct exchange_uplink *u, struct str *ret_proof, int64_t *ret_s)
{
    const struct json *own = NULL;
    struct client_response rs;
    struct json *answer = NULL;
    struct json_limits limits = { 0 };
    bool is_token = u->login == EXCHANGE_LOGIN_TOKEN;
    struct buf body = buf_new(cx->arena, 4096);
    struct json_out o = json_out(&body);
    TRY(exchange_uplink_account(cx, u->id, &own));
    struct str user = json_text(own, "user");
    struct str secret = json_text(own, "secret");
    struct str pair = str_fmt(cx->arena, STR_FMT ":" STR_FMT, STR_ARG(user), STR_ARG(secret));
    struct http_header basic = { STR("Authorization"), str_cat(cx->arena, STR("Basic "),
                                                               base64_encode(cx->arena, pair)) };
    if (is_token) {
        buf_add(&body, STR("grant_type=client_credentials"));
    } else {
        json_open(&o);
        json_put_str(&o, "username", user);
        json_put_str(&o, "password", secret);
        json_close(&o);
    }
    struct client_request rq = { .method = STR("POST"),
                                 .url = url_join(cx->arena, json_text(own, "base"), u->login_path,
                                                 STR_NULL),
                                 .headers = &basic,
                                 .n_headers = is_token ? 1 : 0,
                                 .content_type = is_token ? STR("application/x-www-form-urlencoded")
                                                          : STR("application/json"),
                                 .body = buf_str(&body) };
    TRY(client_call(cx, &rq, &rs));
    if (rs.status != 200 || json_parse(cx->arena, rs.body, limits, &answer, NULL) != ERR_OK) {
        return err_set(cx, ERR_UPSTREAM, "sign-in at the uplink: status %d", rs.status);
    }
    *ret_proof = json_text(answer, is_token ? "access_token" : "session");
    *ret_s = json_int(answer, "expires_in", 300);
    return str_is_empty(*ret_proof) ? err_set(cx, ERR_UPSTREAM, "the uplink gave no token")
                                    : ERR_OK;
}

struct keep_job {
    struct str id, sealed;
    int64_t ends_us;
};

static enum err
keep_tx(struct ctx *cx, void *arg)
{
    const struct keep_job *job = arg;
    return q_xuplink_put(cx, NULL, .uplink = job->id, .proof = job->sealed,
                         .ends_us = job->ends_us);
}

enum err
exchange_uplink_proof(struct ctx *cx, const struct exchange_uplink *u, struct str *ret)
{
    struct q_xuplink_get have;
    struct aead_key key;
    int64_t lasts_s = 0;
    if (cx->config->is_demo) {
        *ret = exchange_sim_proof(cx, u->id);
        return ERR_OK;
    }
    TRY(exchange_seal_key(cx, &key));
    int64_t now_us = sys_now_us(cx);
    if (q_xuplink_get(cx, &have, .uplink = u->id) == ERR_OK && have.ends_us - SPARE_US > now_us &&
        aead_open(cx, &key, u->id, have.proof, ret) == ERR_OK) {
        return ERR_OK;
    }
    TRY(sign_in(cx, u, ret, &lasts_s));
    struct keep_job job = { .id = u->id, .ends_us = now_us + lasts_s * DATE_US_PER_S };
    TRY(aead_seal(cx, &key, u->id, *ret, &job.sealed));
    return store_write(cx, keep_tx, &job);
}
