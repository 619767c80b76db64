/* relay_token.c: access tokens (JWT). A signature is checked once; later calls find the whole token
 * in a cache of the loop and look up only who it stands for now. */
#include "codec/base64.h"
#include "codec/hex.h"
#include "net/relay_int.h"

/* The signature at the end is as good as random: a few bytes of it place a token. */
static struct rtoken *
place(struct rloop *l, struct str token)
{
    uint64_t hash = str_hash(str_slice(token, token.n > 24 ? token.n - 24 : 0, token.n));
    return &l->tokens[(hash ^ (hash >> 32)) % RELAY_TOKENS_N];
}

/* Who a good token stands for under this snapshot. */
static enum relay_error
owner(const struct rsnap *s, struct rtoken *t)
{
    struct str client = { t->text + t->n, t->client_n };
    struct str jti = { t->text + t->n + t->client_n, t->jti_n };
    t->serial = s->serial;
    t->client = NULL;
    if (jti.n != 0 && rtable_get(&s->revoked, jti) != NULL) {
        return RELAY_BAD_TOKEN;
    }
    t->client = rtable_get(&s->tokens, client);
    return t->client == NULL ? RELAY_UNKNOWN_CLIENT : RELAY_OK;
}

static struct str
client_of(const struct json *claims)
{
    struct str id = json_text(claims, "client_id");
    id = id.p == NULL ? json_text(claims, "azp") : id;
    return id.p == NULL ? json_text(claims, "sub") : id;
}

/* The certificate that a token is bound to (RFC 8705 3.1), in hex; empty: to none. A confirmation
 * of another kind cannot be checked here: "?" is no certificate's. */
static struct str
cert_of(struct arena *a, const struct json *claims)
{
    const struct json *cnf = json_get(claims, "cnf");
    struct str raw;
    if (cnf == NULL) {
        return STR("");
    }
    struct str thumb = json_text(cnf, "x5t#S256");
    bool is_cert = cnf->n == 1 && thumb.n != 0 && base64_url_decode(a, thumb, &raw) && raw.n == 32;
    return is_cert ? hex_encode(a, raw) : STR("?");
}

/* Into the cache, over what lay there. */
static void
keep(struct rtoken *t, struct str token, const struct json *claims, struct str cert)
{
    const struct str parts[] = { token, client_of(claims), json_text(claims, "jti"), cert };
    size_t at = 0;
    free(t->text);
    t->text = malloc(parts[0].n + parts[1].n + parts[2].n + parts[3].n + 1);
    if (t->text == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i].n != 0) {
            memcpy(t->text + at, parts[i].p, parts[i].n);
            at += parts[i].n;
        }
    }
    t->n = (uint32_t)token.n;
    t->client_n = (uint32_t)parts[1].n;
    t->jti_n = (uint32_t)parts[2].n;
    t->cert_n = (uint32_t)cert.n;
    t->until_us = json_int(claims, "exp", 0) * DATE_US_PER_S;
}

static bool
is_good(struct rloop *l, const struct rsnap *s, struct str token, const struct json **ret)
{
    struct ctx *cx = &l->cx;
    struct str payload;
    struct json *claims = NULL;
    struct jose_claims want = { .issuer = s->issuer, .audience = s->audience, .leeway_s = 30 };
    rstat_add(&l->n_verified, 1);
    if (jose_set_verify(cx, s->keys, token, &payload) != ERR_OK ||
        json_parse(cx->arena, payload, (struct json_limits){ .depth_max = 8, .nodes_max = 500 },
                   &claims, NULL) != ERR_OK ||
        jose_check_claims(cx, claims, want) != ERR_OK) {
        return false;
    }
    *ret = claims;
    return client_of(claims).n != 0;
}

/* The certificate of the connection that a bound token came by must be the token's, and still be
 * one of the client's: a revoked one ends its tokens. */
static bool
is_bound_to(const struct rtoken *t, const struct rsnap *s, const struct rconn *c)
{
    struct str cert = { t->text + t->n + t->client_n + t->jti_n, t->cert_n };
    return c->has_cert && str_eq(cert, (struct str){ c->cert, 64 }) &&
           rtable_get(&s->certs, cert) == t->client;
}

enum relay_error
token_client(const struct rconn *c, const struct rsnap *s, struct str token,
             const struct rclient **ret)
{
    struct rloop *l = c->loop;
    if (s->keys == NULL || token.n == 0 || token.n > RELAY_TOKEN_BYTES) {
        return RELAY_BAD_TOKEN;
    }
    struct rtoken *t = place(l, token);
    bool is_known = t->text != NULL && t->keys_serial == s->keys_serial &&
                    str_eq((struct str){ t->text, t->n }, token);
    if (is_known && relay_wall_us(l->relay) >= t->until_us) {
        return RELAY_BAD_TOKEN;
    }
    if (!is_known) {
        const struct json *claims = NULL;
        bool is_fine = is_good(l, s, token, &claims);
        if (is_fine) {
            keep(t, token, claims, cert_of(l->cx.arena, claims));
            t->keys_serial = s->keys_serial;
            t->serial = 0;
        }
        arena_reset(l->cx.arena);
        if (!is_fine) {
            return RELAY_BAD_TOKEN;
        }
    } else {
        rstat_add(&l->n_cached, 1);
    }
    enum relay_error why = t->serial == s->serial && t->client != NULL ? RELAY_OK : owner(s, t);
    *ret = t->client;
    return why == RELAY_OK && t->cert_n != 0 && !is_bound_to(t, s, c) ? RELAY_TOKEN_CERT : why;
}
