/* account_oidc.c: OpenID Connect, the relying party's side. */
#include "office/account/account_oidc.h"

#include "codec/base64.h"
#include "codec/url.h"
#include "crypto/digest.h"
#include "crypto/jose.h"
#include "crypto/token.h"
#include "engine/access/access.h"
#include "net/client.h"
#include "sys/sys.h"

#define CALL_TIMEOUT_MS 5000
#define ANSWER_MAX      ((size_t)256 * 1024)
#define URL_MAX         4000

#define US_PER_S          INT64_C(1000000)
#define DISCOVERY_LIFE_US (600 * US_PER_S)
#define KEYS_LIFE_US      (3600 * US_PER_S)
#define KEYS_AGAIN_US     (10 * US_PER_S) /* keys are not asked for anew more often */

/* --- configuration
 * ---------------------------------------------------------------------------------------------- */
/* Takes the next "key=value" from a ','-separated list. The last '=' separates, since acr values
 * may be addresses with '='. A part without '=' has an empty key. */
static bool
next_setting(struct str *rest, struct str *ret_key, struct str *ret_value)
{
    struct str part;
    if (rest->p == NULL || !str_next(rest, ',', &part)) {
        return false;
    }
    size_t at = part.n;
    while (at > 0 && part.p[at - 1] != '=') {
        at--;
    }
    *ret_key = at == 0 ? STR("") : str_trim(str_slice(part, 0, at - 1));
    *ret_value = str_trim(str_slice(part, at, part.n));
    return true;
}

/* Null when the list has no such key. */
static struct str
setting(struct str list, struct str key)
{
    struct str rest = list;
    struct str k;
    struct str v;
    while (next_setting(&rest, &k, &v)) {
        if (k.n != 0 && str_eq(k, key)) {
            return v;
        }
    }
    return STR_NULL;
}

/* The levels that we know, the most wanted first as configured: a provider need not tell the level
 * that nobody asked for (OpenID Connect Core 3.1.2.1). Null when none is configured. */
static struct str
acr_values(struct ctx *cx)
{
    struct buf b = buf_new(cx->arena, 1000);
    struct str rest = cx->config->oidc_levels;
    struct str k;
    struct str v;
    while (next_setting(&rest, &k, &v)) {
        buf_add(&b, b.n == 0 || k.n == 0 ? STR("") : STR(" "));
        buf_add(&b, k);
    }
    return b.n == 0 ? STR_NULL : buf_str(&b);
}

struct str
oidc_claim_name(const struct ctx *cx, const char *ours)
{
    static const struct {
        const char *ours, *theirs;
    } standard[] = { { "id", "personal_id" }, { "name", "name" }, { "birth", "birthdate" } };
    struct str s = setting(cx->config->oidc_claims, str_of(ours));
    for (size_t i = 0; s.p == NULL && i < COUNT_OF(standard); i++) {
        if (str_eq(str_of(standard[i].ours), str_of(ours))) {
            s = str_of(standard[i].theirs);
        }
    }
    return s;
}

int32_t
oidc_level(const struct ctx *cx, struct str acr)
{
    return acr.n != 0 && str_eq(setting(cx->config->oidc_levels, acr), STR("2")) ? 2 : 1;
}

struct str
oidc_redirect_uri(struct ctx *cx)
{
    return str_cat(cx->arena, cx->config->base_url, STR("/dang-nhap/dien-tu/ve"));
}

/* --- discovery
 * ---------------------------------------------------------------------------------------------- */
static enum err
parse(struct ctx *cx, struct str body, struct json **ret)
{
    struct json_fault fault = { 0 };
    struct json_limits limits = { .depth_max = 8, .nodes_max = 4000 };
    if (json_parse(cx->arena, body, limits, ret, &fault) != ERR_OK) {
        return err_set(cx, ERR_UPSTREAM, "e-ID provider: broken JSON in line %u: %s", fault.line,
                       fault.what);
    }
    return ERR_OK;
}

static bool
has_word(const struct json *list, struct str word)
{
    for (JSON_EACH(list, it)) {
        if (str_eq(it->text, word)) {
            return true;
        }
    }
    return false;
}

enum err
oidc_provider_read(struct ctx *cx, struct str issuer, struct str json, struct oidc_provider *ret)
{
    struct json *doc = NULL;
    TRY(parse(cx, json, &doc));
    *ret = (struct oidc_provider){ .issuer = json_text(doc, "issuer"),
                                   .authorize = json_text(doc, "authorization_endpoint"),
                                   .token = json_text(doc, "token_endpoint"),
                                   .userinfo = json_text(doc, "userinfo_endpoint"),
                                   .keys = json_text(doc, "jwks_uri") };
    if (!str_eq(ret->issuer, issuer)) {
        return err_set(cx, ERR_UPSTREAM, "e-ID provider: the document names another issuer");
    }
    if (str_is_empty(ret->authorize) || str_is_empty(ret->token) || str_is_empty(ret->keys)) {
        return err_set(cx, ERR_UPSTREAM, "e-ID provider: an endpoint is missing");
    }
    const struct json *methods = json_get(doc, "token_endpoint_auth_methods_supported");
    ret->is_post_auth = methods != NULL && !has_word(methods, STR("client_secret_basic")) &&
                        has_word(methods, STR("client_secret_post"));
    return ERR_OK;
}

/* A call that must be answered with 200. Anything else is the provider's failure. */
static enum err
call(struct ctx *cx, struct client_request *rq, struct str *ret_body)
{
    struct client_response rs = { 0 };
    rq->timeout_ms = CALL_TIMEOUT_MS;
    rq->body_max_bytes = ANSWER_MAX;
    enum err e = client_call(cx, rq, &rs);
    if (e != ERR_OK) {
        return err_set(cx, ERR_UPSTREAM, "e-ID provider: %s", err_name(e));
    }
    if (rs.status != 200) {
        return err_set(cx, ERR_UPSTREAM, "e-ID provider: status %d", rs.status);
    }
    *ret_body = rs.body;
    return ERR_OK;
}

static enum err
fetch(struct ctx *cx, struct str url, struct str *ret_body)
{
    struct client_request rq = { .url = url };
    return call(cx, &rq, ret_body);
}

struct document {
    struct str url, body;
    int64_t age_us; /* 0: just fetched */
};

/* The kept one when it is young enough, else a fresh one. */
static enum err
document_get(struct ctx *cx, struct str url, int64_t life_us, struct document *ret)
{
    int64_t at_us = 0;
    *ret = (struct document){ .url = url };
    enum err e = access_oidc_kept(cx, url, &ret->body, &at_us);
    int64_t age_us = sys_now_us(cx) - at_us;
    if (e == ERR_OK && age_us >= 0 && age_us < life_us) {
        ret->age_us = age_us + 1;
        return ERR_OK;
    }
    return fetch(cx, url, &ret->body);
}

/* To be called once a document has proved good. */
static enum err
document_keep(struct ctx *cx, const struct document *d)
{
    return d->age_us != 0 ? ERR_OK : access_oidc_keep(cx, d->url, d->body);
}

static struct str
discovery_url(struct ctx *cx)
{
    struct str issuer = cx->config->oidc_issuer;
    struct str base = str_ends(issuer, STR("/")) ? str_slice(issuer, 0, issuer.n - 1) : issuer;
    return str_cat(cx->arena, base, STR("/.well-known/openid-configuration"));
}

enum err
oidc_discover(struct ctx *cx, struct oidc_provider *ret)
{
    struct document d;
    TRY(document_get(cx, discovery_url(cx), DISCOVERY_LIFE_US, &d));
    TRY(oidc_provider_read(cx, cx->config->oidc_issuer, d.body, ret));
    return document_keep(cx, &d);
}

void
oidc_forget(struct ctx *cx)
{
    struct err_detail first = cx->err;
    if (access_oidc_keep(cx, discovery_url(cx), STR_NULL) != ERR_OK) {
        cx->err = first; /* it is forgotten when it is old */
    }
}

/* --- out
 * ---------------------------------------------------------------------------------------------- */
struct oidc_try
oidc_try_new(struct ctx *cx)
{
    return (struct oidc_try){ .state = token_new(cx, STR("")),
                              .nonce = token_new(cx, STR("")),
                              .verifier = token_new(cx, STR("")) };
}

struct str
oidc_challenge(struct ctx *cx, struct str verifier)
{
    struct digest d = digest_sha256(verifier);
    return base64_url_encode(cx->arena, (struct str){ (const char *)d.b, sizeof(d.b) });
}

struct str
oidc_authorize_url(struct ctx *cx, const struct oidc_provider *p, const struct oidc_try *t)
{
    struct url_pair pairs[] = {
        { STR("response_type"), STR("code") },
        { STR("client_id"), cx->config->oidc_client_id },
        { STR("redirect_uri"), oidc_redirect_uri(cx) },
        { STR("scope"), STR("openid profile") },
        { STR("state"), t->state },
        { STR("nonce"), t->nonce },
        { STR("code_challenge"), oidc_challenge(cx, t->verifier) },
        { STR("code_challenge_method"), STR("S256") },
        { STR("ui_locales"), cx->lang },
        { STR("acr_values"), acr_values(cx) },
    };
    struct buf b = buf_new(cx->arena, URL_MAX);
    buf_add(&b, p->authorize);
    buf_add_char(&b, str_has_char(p->authorize, '?') ? '&' : '?');
    buf_add(&b, url_query_build(cx->arena, pairs, COUNT_OF(pairs)));
    return buf_str(&b);
}

/* --- back
 * ---------------------------------------------------------------------------------------------- */
/* RFC 6749 2.3.1: both parts are form-encoded before they are joined. */
static struct str
basic_auth(struct ctx *cx)
{
    struct str id = url_encode(cx->arena, cx->config->oidc_client_id);
    struct str secret = url_encode(cx->arena, cx->config->oidc_client_secret);
    struct str both = str_fmt(cx->arena, STR_FMT ":" STR_FMT, STR_ARG(id), STR_ARG(secret));
    return str_cat(cx->arena, STR("Basic "), base64_encode(cx->arena, both));
}

static enum err
exchange(struct ctx *cx, const struct oidc_provider *p, const struct oidc_try *t, struct str code,
         struct json **ret)
{
    const struct app_config *conf = cx->config;
    bool is_public = str_is_empty(conf->oidc_client_secret);
    struct url_pair pairs[6] = {
        { STR("grant_type"), STR("authorization_code") },
        { STR("code"), code },
        { STR("redirect_uri"), oidc_redirect_uri(cx) },
        { STR("code_verifier"), t->verifier },
        { STR("client_id"), conf->oidc_client_id },
        { STR("client_secret"), conf->oidc_client_secret },
    };
    struct http_header auth = { STR("Authorization"), basic_auth(cx) };
    struct client_request rq = { .url = p->token,
                                 .content_type = STR("application/x-www-form-urlencoded") };
    size_t n = is_public ? 5 : p->is_post_auth ? 6 : 4;
    struct str body;
    rq.body = url_query_build(cx->arena, pairs, n);
    rq.headers = &auth;
    rq.n_headers = n == 4 ? 1 : 0;
    TRY(call(cx, &rq, &body));
    return parse(cx, body, ret);
}

static enum err
verify(struct ctx *cx, struct str keys, struct str id_token, struct str *ret_payload)
{
    struct jose_set *set = NULL;
    if (jose_set_parse(cx, keys, &set) != ERR_OK) {
        return err_set(cx, ERR_UPSTREAM, "e-ID provider: its keys are malformed");
    }
    enum err e = jose_set_verify(cx, set, id_token, ret_payload);
    jose_set_free(set);
    return e == ERR_OK
               ? ERR_OK
               : err_set(cx, ERR_UNAUTHENTICATED, "e-ID provider: the ID token is not well signed");
}

static enum err
verify_by_provider(struct ctx *cx, const struct oidc_provider *p, struct str id_token,
                   struct str *ret_payload)
{
    struct document keys;
    TRY(document_get(cx, p->keys, KEYS_LIFE_US, &keys));
    enum err e = verify(cx, keys.body, id_token, ret_payload);
    if (e == ERR_UNAUTHENTICATED && keys.age_us > KEYS_AGAIN_US) {
        keys.age_us = 0; /* the provider may have new keys */
        TRY(fetch(cx, keys.url, &keys.body));
        e = verify(cx, keys.body, id_token, ret_payload);
    }
    return e == ERR_OK ? document_keep(cx, &keys) : e;
}

static enum err
check_id_token(struct ctx *cx, const struct oidc_provider *p, const struct oidc_try *t,
               struct str id_token, struct json **ret)
{
    struct str payload = STR_NULL;
    TRY(verify_by_provider(cx, p, id_token, &payload));
    TRY(parse(cx, payload, ret));
    struct jose_claims want = { .issuer = p->issuer,
                                .audience = cx->config->oidc_client_id,
                                .nonce = t->nonce };
    return jose_check_claims(cx, *ret, want);
}

static void
take(struct ctx *cx, const struct json *claims, struct oidc_person *person)
{
    const struct {
        const char *ours;
        struct str *to;
    } wanted[] = { { "id", &person->personal_id },
                   { "name", &person->name },
                   { "birth", &person->birth_date } };
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        const struct json *j = json_get_str_key(claims, oidc_claim_name(cx, wanted[i].ours));
        if (str_is_empty(*wanted[i].to) && j != NULL && j->type == JSON_STRING) {
            *wanted[i].to = j->text;
        }
    }
}

/* The rest of the claims; its subject must be the ID token's (OpenID Connect Core 5.3.2). */
static enum err
ask_userinfo(struct ctx *cx, const struct oidc_provider *p, struct str access_token,
             struct str subject, struct oidc_person *person)
{
    struct http_header auth = { STR("Authorization"),
                                str_cat(cx->arena, STR("Bearer "), access_token) };
    struct client_request rq = { .url = p->userinfo, .headers = &auth, .n_headers = 1 };
    struct json *claims = NULL;
    struct str body;
    TRY(call(cx, &rq, &body));
    TRY(parse(cx, body, &claims));
    if (subject.n == 0 || !str_eq(json_text(claims, "sub"), subject)) {
        return err_set(cx, ERR_UNAUTHENTICATED, "e-ID provider: user info of somebody else");
    }
    take(cx, claims, person);
    return ERR_OK;
}

enum err
oidc_finish(struct ctx *cx, const struct oidc_provider *p, const struct oidc_try *t,
            struct str code, struct oidc_person *ret)
{
    struct json *tokens = NULL;
    struct json *claims = NULL;
    struct oidc_person person = { 0 };
    TRY(exchange(cx, p, t, code, &tokens));
    TRY(check_id_token(cx, p, t, json_text(tokens, "id_token"), &claims));
    take(cx, claims, &person);
    bool is_short = str_is_empty(person.personal_id) || str_is_empty(person.name);
    if (is_short && !str_is_empty(p->userinfo)) {
        TRY(ask_userinfo(cx, p, json_text(tokens, "access_token"), json_text(claims, "sub"),
                         &person));
    }
    if (str_is_empty(person.personal_id) || str_is_empty(person.name)) {
        return err_set(cx, ERR_UPSTREAM, "e-ID provider: no personal ID number or no name");
    }
    person.level = oidc_level(cx, json_text(claims, "acr"));
    *ret = person;
    return ERR_OK;
}
