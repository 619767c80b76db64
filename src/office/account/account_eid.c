/* account_eid.c: signing in through the e-ID provider. When it does not answer, the person is told
 * what works without it: drafting, tracking, signing in with a password. */
#include "codec/cookie.h"
#include "crypto/digest.h"
#include "gen/tpl_account.h"
#include "office/account/account_int.h"
#include "office/account/account_oidc.h"
#include "sys/sys.h"

#define TRY_COOKIE   "bb_eid"
#define TRY_LIFE_S   600
#define TRIES_WINDOW (INT64_C(10) * 60 * 1000 * 1000)
#define TRIES_MAX    60

const struct web_field account_eid_fields[8] = {
    { .name = "code", .type = WEB_SECRET, .max = 2000, .doc = "authorization code" },
    { .name = "state", .type = WEB_TEXT, .max = 200, .doc = "state of the try" },
    { .name = "error", .type = WEB_TEXT, .max = 200, .doc = "error of the provider" },
    { .name = "error_description", .type = WEB_TEXT, .max = 1000, .doc = "its words" },
    { .name = "error_uri", .type = WEB_TEXT, .max = 1000, .doc = "not used" },
    { .name = "iss", .type = WEB_TEXT, .max = 500, .doc = "issuer (RFC 9207)" },
    { .name = "scope", .type = WEB_TEXT, .max = 500, .doc = "not used" },
    { .name = "session_state", .type = WEB_TEXT, .max = 500, .doc = "not used" },
};

/* 503 with what can be done meanwhile. */
static enum err
provider_is_down(struct ctx *cx, struct web_resp *rs, struct str next)
{
    struct tpl_account_eid_down *data = ARENA_NEW(cx->arena, struct tpl_account_eid_down);
    data->next = next;
    web_title(rs, text(cx, "account.eid_down"));
    web_status(rs, 503);
    return web_page(cx, rs, &tpl_account_eid_down_t, data);
}

enum err
account_eid_start(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str next = account_safe_next(web_text(rq, "tiep"));
    struct oidc_provider p;
    if (str_is_empty(cx->config->oidc_issuer)) {
        return err_set(cx, ERR_NOT_FOUND, "no e-ID provider is configured");
    }
    struct str key = str_cat(cx->arena, STR("eid:"), rq->http->peer);
    TRY(access_rate(cx, key, TRIES_WINDOW, TRIES_MAX));
    if (oidc_discover(cx, &p) != ERR_OK) {
        return provider_is_down(cx, rs, next);
    }
    struct oidc_try t = oidc_try_new(cx);
    TRY(access_oidc_remember(cx, t.state, t.nonce, t.verifier, next));
    web_set_cookie(cx, rs, STR(TRY_COOKIE), t.state, TRY_LIFE_S);
    web_status(rs, 303);
    http_response_header(web_http(rs), STR("Location"), oidc_authorize_url(cx, &p, &t));
    return web_bytes(cx, rs, STR(""), STR("text/plain"), STR_NULL);
}

/* The state must be the one that this very browser took away, or somebody else's sign-in is being
 * slipped to it. */
static enum err
recall(struct ctx *cx, const struct web_req *rq, struct oidc_try *ret, struct str *ret_next)
{
    struct str state = web_text(rq, "state");
    struct str kept = cookie_get(http_header_get(rq->http, STR("Cookie")), STR(TRY_COOKIE));
    if (str_is_empty(state) || !digest_same(state, kept)) {
        return err_set(cx, ERR_UNAUTHENTICATED, "e-ID: not the browser that began");
    }
    ret->state = state;
    if (access_oidc_recall(cx, state, &ret->nonce, &ret->verifier, ret_next) != ERR_OK) {
        return err_set(cx, ERR_UNAUTHENTICATED, "e-ID: unknown or used state");
    }
    return ERR_OK;
}

static enum err
again(struct ctx *cx, struct web_resp *rs, const char *flash_key)
{
    web_flash(cx, rs, flash_key);
    return web_see_other(cx, rs, WEB_SIGNIN_PATH);
}

enum err
account_eid_back(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct oidc_provider p;
    struct oidc_try t = { 0 };
    struct oidc_person person;
    struct access_session s;
    struct str next = STR("/");
    struct str secret;
    struct str iss = web_text(rq, "iss");
    web_set_cookie(cx, rs, STR(TRY_COOKIE), STR("x"), 0);
    if (recall(cx, rq, &t, &next) != ERR_OK) {
        return again(cx, rs, "account.eid_again");
    }
    if (!str_is_empty(web_text(rq, "error")) || str_is_empty(web_text(rq, "code"))) {
        return again(cx, rs, "account.eid_cancelled");
    }
    if (iss.p != NULL && iss.n != 0 && !str_eq(iss, cx->config->oidc_issuer)) {
        return again(cx, rs, "account.eid_again");
    }
    enum err e = oidc_discover(cx, &p);
    if (e == ERR_OK) {
        e = oidc_finish(cx, &p, &t, web_text(rq, "code"), &person);
    }
    if (e == ERR_UPSTREAM) {
        oidc_forget(cx);
        return provider_is_down(cx, rs, next);
    }
    if (e == ERR_UNAUTHENTICATED) {
        return again(cx, rs, "account.eid_again");
    }
    TRY(e);
    struct access_eid in = { .personal_id = person.personal_id,
                             .name = person.name,
                             .birth_date = person.birth_date,
                             .level = person.level,
                             .peer = rq->http->peer,
                             .agent = http_header_get(rq->http, STR("User-Agent")) };
    TRY(access_sign_in_eid(cx, &in, &s, &secret));
    return account_enter(cx, rs, &s, secret, next);
}
