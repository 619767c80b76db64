/* exchange_client.c: proofs of a subsystem: token clients with secrets that rotate, certificates,
 * access tokens (RFC 6749 4.4, RFC 9068 claims, RFC 8705 binding), sessions of the older style. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/cms.h"
#include "crypto/digest.h"
#include "crypto/jose.h"
#include "crypto/token.h"
#include "engine/access/access.h"
#include "engine/exchange/exchange_int.h"
#include "engine/ledger/ledger.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#define CLIENTS_MAX   50
#define CERTS_MAX     50
#define SECRETS_MAX   8
#define SECRETS_VALID 3 /* valid at once; the oldest ends first */
#define TTL_S         3600
#define SESSION_S     1800
#define TOKEN_BYTES   4096
#define FAIL_WINDOW   (INT64_C(60) * 1000 * 1000)
#define FAIL_MAX      30
#define USED_EVERY_US (INT64_C(60) * 1000 * 1000)
#define OVERLAP_MAX_S (INT64_C(30) * 86400)

static enum err
note(struct ctx *cx, const char *kind, int64_t subsystem, struct str words)
{
    struct ledger_new e = { .kind = kind,
                            .object = ledger_object(cx, "exchange_subsystem", subsystem),
                            .note = words };
    return ledger_add(cx, &e);
}

/* --- clients ---------------------------------------------------------------------------------- */
struct client_job {
    struct exchange_client *c;
    struct str hash, thumb;
    int64_t id, overlap_s;
};

static enum err
client_tx(struct ctx *cx, void *arg)
{
    const struct client_job *job = arg;
    struct exchange_client *c = job->c;
    c->id = store_new_id(cx);
    TRY(q_xclient_insert(cx, NULL, .id = c->id, .subsystem_id = c->subsystem_id,
                         .client_id = c->client_id, .name = c->name, .ttl_s = c->ttl_s,
                         .created_us = sys_now_us(cx)));
    TRY(q_xsecret_insert(cx, NULL, .id = store_new_id(cx), .client_row = c->id, .hash = job->hash,
                         .created_us = sys_now_us(cx)));
    TRY(exchange_changed(cx));
    return note(cx, "exchange.client_added", c->subsystem_id, c->client_id);
}

enum err
exchange_client_add(struct ctx *cx, struct exchange_client *c, struct str *ret_secret)
{
    struct str secret = token_new(cx, STR("bbx_"));
    struct client_job job = { .c = c, .hash = token_stored(cx->arena, secret) };
    if (str_is_empty(c->name)) {
        ctx_problem(cx, STR("name"), STR("exchange.name_missing"), STR_NULL);
    }
    c->ttl_s = c->ttl_s == 0 ? TTL_S : c->ttl_s;
    if (c->ttl_s < 60 || c->ttl_s > EXCHANGE_TTL_MAX_S) {
        ctx_problem(cx, STR("ttl_s"), STR("exchange.number_form"), STR_NULL);
    }
    TRY(ctx_check(cx));
    if (str_is_empty(c->client_id)) {
        c->client_id = str_lower(cx->arena, sys_random_code(cx, 24));
    }
    TRY(cx->is_writing ? client_tx(cx, &job) : store_write(cx, client_tx, &job));
    *ret_secret = secret;
    return ERR_OK;
}

static enum err
from_row(struct ctx *cx, const struct q_xclient_by_id *r, struct exchange_client *ret)
{
    struct q_xsecret_valid_list secrets;
    TRY(q_xsecret_valid(cx, &secrets, .client_row = r->id, .now_us = sys_now_us(cx),
                        .limit_n = SECRETS_MAX));
    *ret = (struct exchange_client){ .id = r->id,
                                     .subsystem_id = r->subsystem_id,
                                     .ttl_s = r->ttl_s,
                                     .created_us = r->created_us,
                                     .used_us = r->used_us,
                                     .revoked_us = r->revoked_us,
                                     .n_secrets = (int64_t)secrets.n,
                                     .client_id = r->client_id,
                                     .name = r->name,
                                     .cert_thumb = r->cert_thumb };
    return ERR_OK;
}

enum err
exchange_client_get(struct ctx *cx, int64_t id, struct exchange_client *ret)
{
    struct q_xclient_by_id r;
    TRY(q_xclient_by_id(cx, &r, .id = id));
    return from_row(cx, &r, ret);
}

enum err
exchange_clients(struct ctx *cx, int64_t subsystem, struct exchange_client **ret, size_t *ret_n)
{
    struct q_xclient_of_sub_list list;
    TRY(q_xclient_of_sub(cx, &list, .subsystem_id = subsystem, .limit_n = CLIENTS_MAX));
    struct exchange_client *v = ARENA_ARRAY(cx->arena, struct exchange_client, list.n);
    for (size_t i = 0; i < list.n; i++) {
        TRY(exchange_client_get(cx, list.v[i].id, &v[i]));
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

static enum err
rotate_tx(struct ctx *cx, void *arg)
{
    const struct client_job *job = arg;
    struct q_xclient_by_id c;
    struct q_xsecret_valid_list have;
    int64_t now_us = sys_now_us(cx);
    int64_t id = store_new_id(cx);
    TRY(q_xclient_by_id(cx, &c, .id = job->id));
    if (c.revoked_us != 0) {
        return err_set(cx, ERR_CONFLICT, "client is revoked");
    }
    TRY(q_xsecret_valid(cx, &have, .client_row = job->id, .now_us = now_us,
                        .limit_n = SECRETS_MAX));
    if (have.n >= SECRETS_VALID) {
        return err_set(cx, ERR_CONFLICT, "three secrets are valid: wait until one has ended");
    }
    TRY(q_xsecret_insert(cx, NULL, .id = id, .client_row = job->id, .hash = job->hash,
                         .created_us = now_us));
    TRY(q_xsecret_end_others(cx, NULL, .client_row = job->id, .keep = id,
                             .ends_us = now_us + job->overlap_s * DATE_US_PER_S));
    return note(cx, "exchange.client_rotated", c.subsystem_id, c.client_id);
}

enum err
exchange_client_rotate(struct ctx *cx, int64_t id, int64_t overlap_s, struct str *ret_secret)
{
    struct str secret = token_new(cx, STR("bbx_"));
    struct client_job job = { .id = id,
                              .overlap_s = overlap_s,
                              .hash = token_stored(cx->arena, secret) };
    if (overlap_s < 0 || overlap_s > OVERLAP_MAX_S) {
        ctx_problem(cx, STR("overlap"), STR("exchange.number_form"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(store_write(cx, rotate_tx, &job));
    *ret_secret = secret;
    return ERR_OK;
}

static enum err
revoke_tx(struct ctx *cx, void *arg)
{
    const struct client_job *job = arg;
    struct q_xclient_by_id c;
    int64_t n = 0;
    TRY(q_xclient_by_id(cx, &c, .id = job->id));
    TRY(q_xclient_revoke(cx, &n, .id = job->id, .revoked_us = sys_now_us(cx)));
    TRY(exchange_changed(cx));
    return n == 1 ? note(cx, "exchange.client_revoked", c.subsystem_id, c.client_id)
                  : err_set(cx, ERR_CONFLICT, "client is revoked");
}

enum err
exchange_client_revoke(struct ctx *cx, int64_t id)
{
    struct client_job job = { .id = id };
    return store_write(cx, revoke_tx, &job);
}

static enum err
bind_tx(struct ctx *cx, void *arg)
{
    const struct client_job *job = arg;
    struct q_xclient_by_id c;
    TRY(q_xclient_by_id(cx, &c, .id = job->id));
    TRY(q_xclient_bind(cx, NULL, .id = job->id, .cert_thumb = job->thumb));
    TRY(exchange_changed(cx));
    return note(cx, "exchange.client_bound", c.subsystem_id, job->thumb);
}

enum err
exchange_client_bind(struct ctx *cx, int64_t id, struct str cert_thumb)
{
    struct str hex = str_lower(cx->arena, str_replace(cx->arena, cert_thumb, STR(":"), STR("")));
    struct client_job job = { .id = id, .thumb = str_is_empty(hex) ? STR_NULL : hex };
    struct exchange_client c;
    struct q_xcert_by_thumb cert;
    TRY(exchange_client_get(cx, id, &c));
    if (job.thumb.p != NULL && (q_xcert_by_thumb(cx, &cert, .thumb = job.thumb) != ERR_OK ||
                                cert.subsystem_id != c.subsystem_id || cert.revoked_us != 0)) {
        ctx_problem(cx, STR("thumb"), STR("exchange.cert_unknown"), STR_NULL);
        return ctx_check(cx);
    }
    return store_write(cx, bind_tx, &job);
}

/* --- certificates ----------------------------------------------------------------------------- */
struct cert_job {
    int64_t subsystem, id;
    struct cms_cert_info info;
    struct str thumb, subject;
};

static enum err
cert_tx(struct ctx *cx, void *arg)
{
    const struct cert_job *job = arg;
    struct q_xcert_by_thumb have;
    enum err e = q_xcert_by_thumb(cx, &have, .thumb = job->thumb);
    if (e != ERR_NOT_FOUND) {
        return e == ERR_OK ? err_set(cx, ERR_CONFLICT, "certificate is registered") : e;
    }
    TRY(q_xcert_insert(cx, NULL, .id = store_new_id(cx), .subsystem_id = job->subsystem,
                       .thumb = job->thumb, .subject = job->subject,
                       .not_before_us = job->info.from_us, .not_after_us = job->info.to_us,
                       .added_us = sys_now_us(cx)));
    TRY(exchange_changed(cx));
    return note(cx, "exchange.cert_added", job->subsystem, job->thumb);
}

enum err
exchange_cert_add(struct ctx *cx, int64_t subsystem, struct str pem)
{
    struct cert_job job = { .subsystem = subsystem };
    if (cms_cert_read(cx, pem, &job.info) != ERR_OK) {
        ctx_problem(cx, STR("cert"), STR("exchange.cert_form"), STR_NULL);
    } else if (job.info.to_us <= sys_now_us(cx)) {
        ctx_problem(cx, STR("cert"), STR("exchange.cert_over"), STR_NULL);
    }
    TRY(ctx_check(cx));
    job.thumb = str_lower(cx->arena, job.info.fingerprint);
    job.subject = job.info.subject.common.p == NULL ? STR("") : job.info.subject.common;
    return store_write(cx, cert_tx, &job);
}

static enum err
cert_revoke_tx(struct ctx *cx, void *arg)
{
    const struct cert_job *job = arg;
    int64_t n = 0;
    TRY(q_xcert_revoke(cx, &n, .id = job->id, .subsystem_id = job->subsystem,
                       .revoked_us = sys_now_us(cx)));
    TRY(exchange_changed(cx));
    return n == 1 ? note(cx, "exchange.cert_revoked", job->subsystem,
                         str_fmt(cx->arena, "%" PRId64, job->id))
                  : err_set(cx, ERR_NOT_FOUND, "no such certificate");
}

enum err
exchange_cert_revoke(struct ctx *cx, int64_t subsystem, int64_t id)
{
    struct cert_job job = { .subsystem = subsystem, .id = id };
    return store_write(cx, cert_revoke_tx, &job);
}

enum err
exchange_certs(struct ctx *cx, int64_t subsystem, struct exchange_cert **ret, size_t *ret_n)
{
    struct q_xcert_of_sub_list list;
    TRY(q_xcert_of_sub(cx, &list, .subsystem_id = subsystem, .limit_n = CERTS_MAX));
    struct exchange_cert *v = ARENA_ARRAY(cx->arena, struct exchange_cert, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct exchange_cert){ .id = list.v[i].id,
                                       .not_before_us = list.v[i].not_before_us,
                                       .not_after_us = list.v[i].not_after_us,
                                       .added_us = list.v[i].added_us,
                                       .revoked_us = list.v[i].revoked_us,
                                       .thumb = list.v[i].thumb,
                                       .subject = list.v[i].subject };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
exchange_cert_ends(struct ctx *cx, struct exchange_cert_end **ret, size_t *ret_n)
{
    struct q_xcert_ends_list list;
    TRY(q_xcert_ends(cx, &list, .limit_n = EXCHANGE_CERT_ENDS));
    *ret = ARENA_ARRAY(cx->arena, struct exchange_cert_end, list.n);
    for (*ret_n = 0; *ret_n < list.n; (*ret_n)++) {
        struct str path =
            str_fmt(cx->arena, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(list.v[*ret_n].class),
                    STR_ARG(list.v[*ret_n].member), STR_ARG(list.v[*ret_n].code));
        (*ret)[*ret_n] = (struct exchange_cert_end){ list.v[*ret_n].not_after_us, path };
    }
    return ERR_OK;
}

/* --- who is it? ------------------------------------------------------------------------------- */
static bool
secret_matches(struct ctx *cx, int64_t client_row, struct str secret)
{
    struct q_xsecret_valid_list have;
    struct str hash = token_stored(cx->arena, secret);
    bool is_good = false;
    if (q_xsecret_valid(cx, &have, .client_row = client_row, .now_us = sys_now_us(cx),
                        .limit_n = SECRETS_MAX) != ERR_OK) {
        return false;
    }
    for (size_t i = 0; i < have.n; i++) {
        is_good = digest_same(have.v[i].hash, hash) || is_good;
    }
    return is_good;
}

struct holder {
    struct q_xclient_by_name client;
    struct exchange_subsystem sub;
};

static enum err
used_tx(struct ctx *cx, void *arg)
{
    const struct holder *h = arg;
    return q_xclient_used(cx, NULL, .id = h->client.id, .used_us = sys_now_us(cx));
}

/* The certificate that a key is bound to must still be one of its system's. */
static enum err
bound_stands(struct ctx *cx, const struct q_xclient_by_name *c)
{
    struct q_xcert_by_thumb cert;
    if (str_is_empty(c->cert_thumb)) {
        return ERR_OK;
    }
    TRY(q_xcert_by_thumb(cx, &cert, .thumb = c->cert_thumb));
    bool is_over = cert.revoked_us != 0 || cert.not_after_us <= sys_now_us(cx);
    return is_over ? err_set(cx, ERR_FORBIDDEN, "the key's certificate is revoked or over")
                   : ERR_OK;
}

/* The client and its secret, from an address that it may come from. */
static enum err
identify(struct ctx *cx, const struct exchange_grant *g, struct holder *ret)
{
    enum err e = q_xclient_by_name(cx, &ret->client, .client_id = g->client_id);
    bool is_good =
        e == ERR_OK && ret->client.revoked_us == 0 && secret_matches(cx, ret->client.id, g->secret);
    if (!is_good) {
        TRY(access_rate(cx, str_fmt(cx->arena, "exchange.token:" STR_FMT, STR_ARG(g->peer)),
                        FAIL_WINDOW, FAIL_MAX));
        return err_set(cx, ERR_UNAUTHENTICATED, "client or secret");
    }
    TRY(exchange_subsystem_get(cx, ret->client.subsystem_id, &ret->sub));
    if (!str_eq(ret->sub.state, STR("active")) || !str_eq(ret->sub.member_state, STR("active"))) {
        return err_set(cx, ERR_FORBIDDEN, "suspended");
    }
    if (!exchange_ip_allows(ret->sub.ip_allow, g->peer)) {
        return err_set(cx, ERR_FORBIDDEN, "address");
    }
    TRY(bound_stands(cx, &ret->client));
    return sys_now_us(cx) - ret->client.used_us > USED_EVERY_US ? store_write(cx, used_tx, ret)
                                                                : ERR_OK;
}

/* --- access tokens ---------------------------------------------------------------------------- */
/* Scopes are paths of services with an agreement; "default" or none: all of them. */
static enum err
check_scope(struct ctx *cx, const struct holder *h, struct str scope)
{
    struct exchange_agreement *v = NULL;
    size_t n = 0;
    struct str rest = str_trim(scope);
    struct str one;
    if (str_is_empty(rest) || str_eq(rest, STR("default"))) {
        return ERR_OK;
    }
    TRY(exchange_agreements(cx, h->sub.id, 0, STR_NULL, 0, &v, &n));
    while (str_next(&rest, ' ', &one)) {
        bool is_granted = str_is_empty(one) || str_eq(one, STR("default"));
        for (size_t i = 0; i < n; i++) {
            is_granted =
                is_granted || (str_eq(v[i].service, one) && str_eq(v[i].state, STR("granted")));
        }
        if (!is_granted) {
            return err_set(cx, ERR_INVALID, "scope " STR_FMT, STR_ARG(one));
        }
    }
    return ERR_OK;
}

/* x5t#S256 of RFC 8705: base64url of the SHA-256. */
static struct str
thumb_base64(struct ctx *cx, struct str hex)
{
    struct digest d;
    return digest_from_hex(hex, &d)
               ? base64_url_encode(cx->arena, (struct str){ (const char *)d.b, sizeof(d.b) })
               : STR("");
}

static struct str
claims(struct ctx *cx, const struct holder *h, struct str scope, int64_t ttl_s)
{
    struct buf b = buf_new(cx->arena, TOKEN_BYTES);
    struct json_out o = json_out(&b);
    int64_t now_s = sys_now_us(cx) / DATE_US_PER_S;
    json_open(&o);
    json_put_str(&o, "iss", cx->config->base_url);
    json_put_str(&o, "aud", STR(EXCHANGE_AUDIENCE));
    json_put_str(&o, "sub", h->sub.path);
    json_put_str(&o, "client_id", h->client.client_id);
    json_put_str(&o, "azp", h->client.client_id);
    json_put_str(&o, "scope", scope);
    json_put_i64(&o, "iat", now_s);
    json_put_i64(&o, "exp", now_s + ttl_s);
    json_put_str(&o, "jti", str_slice(token_new(cx, STR("")), 0, 22));
    if (!str_is_empty(h->client.cert_thumb)) {
        json_key(&o, "cnf");
        json_open(&o);
        json_put_str(&o, "x5t#S256", thumb_base64(cx, h->client.cert_thumb));
        json_close(&o);
    }
    json_close(&o);
    return buf_str(&b);
}

enum err
exchange_token_issue(struct ctx *cx, const struct exchange_grant *g, struct exchange_token *ret)
{
    struct holder h;
    struct str scope = str_is_empty(str_trim(g->scope)) ? STR("default") : str_trim(g->scope);
    TRY(identify(cx, g, &h));
    TRY(check_scope(cx, &h, scope));
    TRY(exchange_keys_sign(cx, claims(cx, &h, scope, h.client.ttl_s), &ret->access_token));
    ret->scope = scope;
    ret->expires_s = h.client.ttl_s;
    return ERR_OK;
}

static enum err
token_payload(struct ctx *cx, struct str token, struct json **ret)
{
    struct str payload;
    struct json_limits limits = { 0 };
    enum err e = exchange_keys_verify(cx, token, &payload);
    if (e != ERR_OK || json_parse(cx->arena, payload, limits, ret, NULL) != ERR_OK) {
        return err_set(cx, ERR_UNAUTHENTICATED, "token");
    }
    return jose_check_claims(
        cx, *ret,
        (struct jose_claims){ .issuer = cx->config->base_url, .audience = STR(EXCHANGE_AUDIENCE) });
}

/* The subsystem of a client row that still stands. */
static enum err
subsystem_of(struct ctx *cx, int64_t row, int64_t revoked_us, int64_t subsystem,
             struct exchange_subsystem *ret)
{
    if (row == 0 || revoked_us != 0) {
        return err_set(cx, ERR_UNAUTHENTICATED, "client is revoked");
    }
    TRY(exchange_subsystem_get(cx, subsystem, ret));
    return str_eq(ret->state, STR("active")) && str_eq(ret->member_state, STR("active"))
               ? ERR_OK
               : err_set(cx, ERR_FORBIDDEN, "suspended");
}

enum err
exchange_token_check(struct ctx *cx, struct str token, struct str peer,
                     struct exchange_subsystem *ret)
{
    struct json *payload = NULL;
    struct q_xclient_by_name c;
    TRY(token_payload(cx, token, &payload));
    if (q_xclient_by_name(cx, &c, .client_id = json_text(payload, "client_id")) != ERR_OK) {
        return err_set(cx, ERR_UNAUTHENTICATED, "client is unknown");
    }
    if (json_get(payload, "cnf") != NULL || !str_is_empty(c.cert_thumb)) {
        return err_set(cx, ERR_UNAUTHENTICATED, "bound to a certificate, which is not seen here");
    }
    TRY(subsystem_of(cx, c.id, c.revoked_us, c.subsystem_id, ret));
    return exchange_ip_allows(ret->ip_allow, peer) ? ERR_OK : err_set(cx, ERR_FORBIDDEN, "address");
}

/* --- sessions of the older style -------------------------------------------------------------- */
struct session_job {
    struct str hash;
    int64_t client_row;
};

static enum err
session_tx(struct ctx *cx, void *arg)
{
    const struct session_job *job = arg;
    int64_t now_us = sys_now_us(cx);
    TRY(q_xsession_sweep(cx, NULL, .now_us = now_us));
    return q_xsession_insert(cx, NULL, .id = store_new_id(cx), .hash = job->hash,
                             .client_row = job->client_row,
                             .ends_us = now_us + SESSION_S * DATE_US_PER_S);
}

enum err
exchange_session_new(struct ctx *cx, const struct exchange_grant *g, struct str *ret_session)
{
    struct holder h;
    struct str session = token_new(cx, STR(""));
    TRY(identify(cx, g, &h));
    if (!str_is_empty(h.client.cert_thumb)) {
        return err_set(cx, ERR_FORBIDDEN, "bound to a certificate, which a session cannot be");
    }
    struct session_job job = { token_stored(cx->arena, session), h.client.id };
    TRY(store_write(cx, session_tx, &job));
    *ret_session = session;
    return ERR_OK;
}

enum err
exchange_session_check(struct ctx *cx, struct str session, struct exchange_subsystem *ret)
{
    struct q_xsession_find s;
    struct q_xclient_by_id c;
    if (q_xsession_find(cx, &s, .hash = token_stored(cx->arena, session),
                        .now_us = sys_now_us(cx)) != ERR_OK) {
        return err_set(cx, ERR_UNAUTHENTICATED, "session");
    }
    TRY(q_xclient_by_id(cx, &c, .id = s.client_row));
    if (!str_is_empty(c.cert_thumb)) {
        return err_set(cx, ERR_UNAUTHENTICATED, "bound to a certificate since");
    }
    return subsystem_of(cx, c.id, c.revoked_us, c.subsystem_id, ret);
}
