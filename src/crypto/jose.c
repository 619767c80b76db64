/* jose.c: see jose.h. */
#include "crypto/jose.h"

#include "base/date.h"
#include "codec/base64.h"
#include "sys/sys.h"

#define KEYS_MAX 50

struct jose_set {
    struct {
        struct key *key;
        char *kid;     /* NULL when the set gives none */
        int64_t exp_s; /* 0: none */
    } v[KEYS_MAX];
    size_t n;
};

static const char *
algorithm(const struct key *k)
{
    switch (key_type(k)) {
    case KEY_ED25519:
        return "EdDSA";
    case KEY_P256:
        return "ES256";
    case KEY_RSA:
        return "RS256";
    }
    return "";
}

enum err
jose_sign(struct ctx *cx, const struct key *k, struct str kid, struct str typ, struct str payload,
          struct str *ret)
{
    struct buf head = buf_new(cx->arena, 4096);
    struct json_out o = json_out(&head);
    struct str signature;
    json_open(&o);
    json_put_str(&o, "alg", str_of(algorithm(k)));
    if (kid.p != NULL) {
        json_put_str(&o, "kid", kid);
    }
    if (typ.p != NULL) {
        json_put_str(&o, "typ", typ);
    }
    json_close(&o);
    if (head.is_failed || payload.n > JOSE_MAX_BYTES) {
        return err_set(cx, ERR_TOO_LARGE, "JWS payload of %zu bytes", payload.n);
    }
    struct str h = base64_url_encode(cx->arena, buf_str(&head));
    struct str p = base64_url_encode(cx->arena, payload);
    struct str input = str_fmt(cx->arena, STR_FMT "." STR_FMT, STR_ARG(h), STR_ARG(p));
    TRY(key_sign(cx, k, input, &signature));
    struct str s = base64_url_encode(cx->arena, signature);
    *ret = str_fmt(cx->arena, STR_FMT "." STR_FMT, STR_ARG(input), STR_ARG(s));
    return ERR_OK;
}

struct parts {
    struct str input, payload, signature;
    const struct json *head;
};

static enum err
take_apart(struct ctx *cx, struct str jws, struct parts *ret)
{
    struct str head;
    struct str payload;
    struct str signature;
    struct str rest;
    struct json *j = NULL;
    if (jws.n > JOSE_MAX_BYTES || !str_cut(jws, '.', &head, &rest) ||
        !str_cut(rest, '.', &payload, &signature) || str_has_char(signature, '.')) {
        return err_set(cx, ERR_BAD_REQUEST, "not a compact JWS");
    }
    ret->input = str_slice(jws, 0, head.n + 1 + payload.n);
    if (!base64_url_decode(cx->arena, head, &head) ||
        !base64_url_decode(cx->arena, payload, &ret->payload) ||
        !base64_url_decode(cx->arena, signature, &ret->signature) ||
        json_parse(cx->arena, head, (struct json_limits){ .depth_max = 4, .nodes_max = 50 }, &j,
                   NULL) != ERR_OK ||
        j->type != JSON_OBJECT) {
        return err_set(cx, ERR_BAD_REQUEST, "malformed JWS");
    }
    if (json_get(j, "crit") != NULL || json_get(j, "b64") != NULL) {
        return err_set(cx, ERR_BAD_REQUEST, "JWS extension is not supported");
    }
    ret->head = j;
    return ERR_OK;
}

/* The message may only repeat the algorithm that the key fixes. */
static enum err
verify(struct ctx *cx, const struct key *k, const struct parts *p)
{
    if (!str_eq(json_text(p->head, "alg"), str_of(algorithm(k)))) {
        return err_set(cx, ERR_FORBIDDEN, "algorithm is not %s", algorithm(k));
    }
    return key_verify(cx, k, p->input, p->signature);
}

enum err
jose_verify(struct ctx *cx, const struct key *k, struct str jws, struct str *ret_payload)
{
    struct parts p = { 0 };
    TRY(take_apart(cx, jws, &p));
    TRY(verify(cx, k, &p));
    *ret_payload = p.payload;
    return ERR_OK;
}

static bool
member(struct ctx *cx, const struct json *j, const char *name, struct str *ret)
{
    struct str text = json_text(j, name);
    return text.p != NULL && base64_url_decode(cx->arena, text, ret);
}

/* ERR_UNSUPPORTED for keys of other kinds. */
static enum err
key_of_jwk(struct ctx *cx, const struct json *j, struct key **ret)
{
    struct str kty = json_text(j, "kty");
    struct str crv = json_text(j, "crv");
    struct str use = json_text(j, "use");
    struct str x;
    struct str y;
    if (use.p != NULL && !str_eq(use, STR("sig"))) {
        return ERR_UNSUPPORTED;
    }
    if (str_eq(kty, STR("OKP")) && str_eq(crv, STR("Ed25519")) && member(cx, j, "x", &x)) {
        return key_from_ed25519(cx, x, ret);
    }
    if (str_eq(kty, STR("EC")) && str_eq(crv, STR("P-256")) && member(cx, j, "x", &x) &&
        member(cx, j, "y", &y)) {
        return key_from_p256(cx, x, y, ret);
    }
    if (str_eq(kty, STR("RSA")) && member(cx, j, "n", &x) && member(cx, j, "e", &y)) {
        return key_from_rsa(cx, x, y, ret);
    }
    return ERR_UNSUPPORTED;
}

static bool
algorithm_fits(const struct json *jwk, const struct key *k)
{
    struct str alg = json_text(jwk, "alg");
    return alg.p == NULL || str_eq(alg, str_of(algorithm(k)));
}

enum err
jose_set_parse(struct ctx *cx, struct str json, struct jose_set **ret)
{
    struct json *j = NULL;
    if (json.n > (size_t)4 * JOSE_MAX_BYTES ||
        json_parse(cx->arena, json, (struct json_limits){ .depth_max = 8, .nodes_max = 5000 }, &j,
                   NULL) != ERR_OK ||
        json_get(j, "keys") == NULL || json_get(j, "keys")->type != JSON_LIST) {
        return err_set(cx, ERR_BAD_REQUEST, "not a JWK set");
    }
    struct jose_set *set = calloc(1, sizeof(*set));
    ASSERT(set != NULL);
    for (JSON_EACH(json_get(j, "keys"), it)) {
        struct key *k = NULL;
        if (set->n == KEYS_MAX || key_of_jwk(cx, it, &k) != ERR_OK) {
            continue;
        }
        if (!algorithm_fits(it, k)) {
            key_free(k);
            continue;
        }
        struct str kid = json_text(it, "kid");
        set->v[set->n].key = k;
        set->v[set->n].kid = kid.p == NULL ? NULL : strndup(kid.p, kid.n);
        set->v[set->n].exp_s = json_int(it, "exp", 0);
        set->n++;
    }
    *ret = set;
    return ERR_OK;
}

void
jose_set_free(struct jose_set *set)
{
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        key_free(set->v[i].key);
        free(set->v[i].kid);
    }
    free(set);
}

size_t
jose_set_count(const struct jose_set *set)
{
    return set->n;
}

static bool
is_over(struct ctx *cx, int64_t exp_s)
{
    return exp_s != 0 && exp_s <= sys_now_us(cx) / DATE_US_PER_S;
}

enum err
jose_set_verify(struct ctx *cx, const struct jose_set *set, struct str jws, struct str *ret_payload)
{
    struct parts p = { 0 };
    TRY(take_apart(cx, jws, &p));
    struct str kid = json_text(p.head, "kid");
    size_t at = set->n;
    for (size_t i = 0; i < set->n && at == set->n; i++) {
        bool is_named =
            kid.p != NULL && set->v[i].kid != NULL && str_eq(kid, str_of(set->v[i].kid));
        at = is_named ? i : set->n;
    }
    if (at == set->n && set->n == 1 && (kid.p == NULL || set->v[0].kid == NULL)) {
        at = 0;
    }
    if (at == set->n || is_over(cx, set->v[at].exp_s)) {
        return err_set(cx, ERR_NOT_FOUND, "no such key in the set");
    }
    TRY(verify(cx, set->v[at].key, &p));
    *ret_payload = p.payload;
    return ERR_OK;
}

enum err
jose_set_write(struct ctx *cx, const struct key *k, struct str kid, struct str *ret)
{
    struct buf b = buf_new(cx->arena, 8192);
    struct json_out o = json_out(&b);
    struct str raw;
    TRY(key_public_raw(cx, k, &raw));
    bool is_ed = key_type(k) == KEY_ED25519;
    json_open(&o);
    json_key(&o, "keys");
    json_open_list(&o);
    json_open(&o);
    json_put_str(&o, "kty", is_ed ? STR("OKP") : STR("EC"));
    json_put_str(&o, "crv", is_ed ? STR("Ed25519") : STR("P-256"));
    json_put_str(&o, "x", base64_url_encode(cx->arena, is_ed ? raw : str_slice(raw, 1, 33)));
    if (!is_ed) {
        json_put_str(&o, "y", base64_url_encode(cx->arena, str_slice(raw, 33, 65)));
    }
    json_put_str(&o, "kid", kid);
    json_put_str(&o, "use", STR("sig"));
    json_put_str(&o, "alg", str_of(algorithm(k)));
    json_close(&o);
    json_close_list(&o);
    json_close(&o);
    *ret = buf_str(&b);
    return b.is_failed ? err_set(cx, ERR_TOO_LARGE, "kid too long") : ERR_OK;
}

static bool
has_audience(const struct json *payload, struct str audience)
{
    const struct json *aud = json_get(payload, "aud");
    if (aud == NULL || aud->type == JSON_STRING) {
        return aud != NULL && str_eq(aud->text, audience);
    }
    for (JSON_EACH(aud, it)) {
        if (it->type == JSON_STRING && str_eq(it->text, audience)) {
            return true;
        }
    }
    return false;
}

/* Whole seconds; false when the claim is there but not a sensible number. */
static bool
seconds(const struct json *payload, const char *name, int64_t otherwise, int64_t *ret)
{
    const struct json *j = json_get(payload, name);
    *ret = j == NULL ? otherwise : j->i64;
    return j == NULL || (j->is_int && j->i64 >= 0 && j->i64 < INT64_C(100000000000));
}

enum err
jose_check_claims(struct ctx *cx, const struct json *payload, struct jose_claims want)
{
    int64_t now = sys_now_us(cx) / DATE_US_PER_S;
    int64_t leeway = want.leeway_s == 0 ? 60 : want.leeway_s;
    int64_t exp = 0;
    int64_t nbf = 0;
    int64_t iat = 0;
    if (!seconds(payload, "exp", -1, &exp) || !seconds(payload, "nbf", 0, &nbf) ||
        !seconds(payload, "iat", 0, &iat)) {
        return err_set(cx, ERR_UNAUTHENTICATED, "claim exp, nbf or iat is malformed");
    }
    if (exp < 0 || now >= exp + leeway) {
        return err_set(cx, ERR_UNAUTHENTICATED, "token has expired or does not say when");
    }
    if (nbf > now + leeway || iat > now + leeway) {
        return err_set(cx, ERR_UNAUTHENTICATED, "token is from the future");
    }
    if (want.issuer.p != NULL && !str_eq(json_text(payload, "iss"), want.issuer)) {
        return err_set(cx, ERR_UNAUTHENTICATED, "another issuer");
    }
    if (want.audience.p != NULL && !has_audience(payload, want.audience)) {
        return err_set(cx, ERR_UNAUTHENTICATED, "for another audience");
    }
    if (want.nonce.p != NULL && !str_eq(json_text(payload, "nonce"), want.nonce)) {
        return err_set(cx, ERR_UNAUTHENTICATED, "another nonce");
    }
    return ERR_OK;
}
