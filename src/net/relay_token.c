/* relay_token.c: access tokens (JWT). A signature is checked once; later calls find the whole token
 * in a cache of the loop and look up only who it stands for now. */
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

/* Into the cache, over what lay there. */
static void
keep(struct rtoken *t, struct str token, const struct json *claims)
{
    struct str client = client_of(claims);
    struct str jti = json_text(claims, "jti");
    free(t->text);
    t->text = malloc(token.n + client.n + jti.n + 1);
    if (t->text == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    memcpy(t->text, token.p, token.n);
    if (client.n != 0) {
        memcpy(t->text + token.n, client.p, client.n);
    }
    if (jti.n != 0) {
        memcpy(t->text + token.n + client.n, jti.p, jti.n);
    }
    t->n = (uint32_t)token.n;
    t->client_n = (uint32_t)client.n;
    t->jti_n = (uint32_t)jti.n;
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

enum relay_error
token_client(struct rloop *l, const struct rsnap *s, struct str token, const struct rclient **ret)
{
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
            keep(t, token, claims);
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
    return why;
}
