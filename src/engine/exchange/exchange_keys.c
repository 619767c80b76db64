/* exchange_keys.c: keys of access tokens. The one of keys/exchange-token.pem signs; those that
 * stood there before still verify what they have signed. keys/exchange-token.jwks holds all of
 * them, the public parts only, so that a start between two replacements forgets none:
 *
 *     {"keys": [{"kty": "EC", ..., "kid": "now"}, {"kty": "EC", ..., "kid": "before", "exp":
 * 1795000000}]}
 *
 * "exp" (seconds) is when the last token of a replaced key is over; without it a key signs. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "crypto/jose.h"
#include "engine/exchange/exchange_int.h"
#include "sys/sys.h"

#include <pthread.h>

#define SET_BYTES  (64 * 1024)
#define REPLACED_N 16 /* that still verify; beyond, the oldest is forgotten */
/* What a reader's clock may lag behind ours: the relay's leeway and more. */
#define LATE_S 60

struct exchange_keys {
    pthread_rwlock_t lock;
    struct key *key; /* signs */
    char *kid;
    struct key *next; /* read, not signing yet; NULL: none */
    char *next_kid;
    char *text; /* the file's */
    struct jose_set *set;
};

static struct str
path_of(struct ctx *cx, const char *name)
{
    return str_fmt(cx->arena, STR_FMT "/keys/%s", STR_ARG(cx->config->data_dir), name);
}

static char *
kept(struct str s)
{
    char *p = strndup(s.p, s.n);
    ASSERT(p != NULL);
    return p;
}

static enum err
key_id(struct ctx *cx, const struct key *k, struct str *ret)
{
    struct str raw;
    TRY(key_public_raw(cx, k, &raw));
    *ret = str_slice(digest_sha256_hex(cx->arena, raw), 0, 16);
    return ERR_OK;
}

/* The first key of a set, NULL when it holds none or is none. */
static const struct json *
keys_in(struct ctx *cx, struct str text)
{
    struct json *tree = NULL;
    struct json_limits limits = { .depth_max = 4, .nodes_max = 1000 };
    if (json_parse(cx->arena, text, limits, &tree, NULL) != ERR_OK) {
        return NULL;
    }
    const struct json *keys = json_get(tree, "keys");
    return keys == NULL ? NULL : keys->child;
}

/* A key that was replaced, until `exp_s`. */
static void
put_replaced(struct json_out *o, const struct json *key, int64_t exp_s)
{
    json_open(o);
    for (JSON_EACH(key, it)) {
        if (!str_eq(it->key, STR("exp"))) {
            json_key_str(o, it->key);
            json_write(o, it);
        }
    }
    json_put_i64(o, "exp", exp_s);
    json_close(o);
}

/* The set of one key that signs and of those in `before` that it has replaced. A key without an end
 * signed until now: its last token ends when the longest life of a token is over. */
static enum err
set_with(struct ctx *cx, const struct key *k, struct str kid, struct str before, struct str *ret)
{
    struct buf b = buf_new(cx->arena, SET_BYTES);
    struct json_out o = json_out(&b);
    struct str own;
    int64_t now_s = sys_now_us(cx) / DATE_US_PER_S;
    size_t n = 0;
    TRY(jose_set_write(cx, k, kid, &own));
    json_open(&o);
    json_key(&o, "keys");
    json_open_list(&o);
    const struct json *it = keys_in(cx, own);
    ASSERT(it != NULL); /* just written */
    json_write(&o, it);
    for (it = keys_in(cx, before); it != NULL; it = it->next) {
        int64_t exp_s = json_int(it, "exp", now_s + EXCHANGE_TTL_MAX_S + LATE_S);
        if (exp_s > now_s && !str_eq(json_text(it, "kid"), kid) && n < REPLACED_N) {
            put_replaced(&o, it, exp_s);
            n++;
        }
    }
    json_close_list(&o);
    json_close(&o);
    *ret = buf_str(&b);
    return b.is_failed ? err_set(cx, ERR_TOO_LARGE, "keys of tokens") : ERR_OK;
}

/* The set as it is now, in its file too. */
static enum err
set_read(struct ctx *cx, const struct key *k, struct str kid, struct str *ret)
{
    struct str path = path_of(cx, "exchange-token.jwks");
    struct str before = STR("");
    enum err e = sys_file_read(cx, path, SET_BYTES, &before);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(set_with(cx, k, kid, before, ret));
    return str_eq(before, *ret) ? ERR_OK : sys_file_write(cx, path, *ret);
}

/* Takes the set over. next: the key that is to sign; NULL: the one that does goes on. */
static void
ring_put(struct exchange_keys *r, struct key *next, struct str kid, struct str text,
         struct jose_set *set)
{
    (void)pthread_rwlock_wrlock(&r->lock);
    key_free(r->next);
    free(r->next_kid);
    free(r->text);
    jose_set_free(r->set);
    r->next = next;
    r->next_kid = next == NULL ? NULL : kept(kid);
    r->text = kept(text);
    r->set = set;
    (void)pthread_rwlock_unlock(&r->lock);
}

/* The set in which k signs, in its file and read. */
static enum err
set_open(struct ctx *cx, const struct key *k, struct str kid, struct str *ret_text,
         struct jose_set **ret)
{
    TRY(set_read(cx, k, kid, ret_text));
    return jose_set_parse(cx, *ret_text, ret);
}

/* Both files, into a ring that does not sign with the key yet. Frees k when it fails. */
static enum err
ring_take(struct ctx *cx, struct exchange_keys *r, struct key *k)
{
    struct str kid;
    struct str text;
    struct jose_set *set = NULL;
    enum err e = key_id(cx, k, &kid);
    e = e == ERR_OK ? set_open(cx, k, kid, &text, &set) : e;
    if (e != ERR_OK) {
        key_free(k);
        return e;
    }
    ring_put(r, k, kid, text, set);
    return ERR_OK;
}

enum err
exchange_keys_read(struct ctx *cx, struct exchange_keys *r)
{
    struct key *k = NULL;
    TRY(sys_mkdirs(cx, path_of(cx, "")));
    TRY(key_load_or_make(cx, str_z(cx->arena, path_of(cx, "exchange-token.pem")), KEY_P256, &k));
    return ring_take(cx, r, k);
}

bool
exchange_keys_use(struct exchange_keys *r)
{
    (void)pthread_rwlock_wrlock(&r->lock);
    bool is_new = r->next != NULL && (r->kid == NULL || strcmp(r->kid, r->next_kid) != 0);
    if (r->next != NULL) {
        key_free(r->key);
        free(r->kid);
        r->key = r->next;
        r->kid = r->next_kid;
        r->next = NULL;
        r->next_kid = NULL;
    }
    (void)pthread_rwlock_unlock(&r->lock);
    return is_new;
}

enum err
exchange_keys_keep(struct ctx *cx, struct exchange_keys *r)
{
    struct str text;
    struct jose_set *set = NULL;
    if (r->next == NULL) {
        return ERR_OK;
    }
    TRY(set_open(cx, r->key, str_of(r->kid), &text, &set));
    ring_put(r, NULL, STR_NULL, text, set);
    return ERR_OK;
}

enum err
exchange_keys_open(struct ctx *cx, struct exchange_keys **ret)
{
    struct exchange_keys *r = calloc(1, sizeof(*r));
    ASSERT(r != NULL && pthread_rwlock_init(&r->lock, NULL) == 0);
    enum err e = exchange_keys_read(cx, r);
    if (e != ERR_OK) {
        exchange_keys_close(r);
        return e;
    }
    (void)exchange_keys_use(r);
    *ret = r;
    return ERR_OK;
}

void
exchange_keys_close(struct exchange_keys *r)
{
    if (r == NULL) {
        return;
    }
    (void)pthread_rwlock_destroy(&r->lock);
    key_free(r->key);
    key_free(r->next);
    jose_set_free(r->set);
    free(r->kid);
    free(r->next_kid);
    free(r->text);
    free(r);
}

/* Those that this process keeps open, else from their files: *ret_own is then to be closed. Reading
 * them costs more than a signature. Locked for reading; end with ring_leave. */
static enum err
ring_enter(struct ctx *cx, struct exchange_keys **ret, struct exchange_keys **ret_own)
{
    *ret = cx->token_keys;
    *ret_own = NULL;
    if (cx->token_keys == NULL) {
        TRY(exchange_keys_open(cx, ret_own));
        *ret = *ret_own;
    }
    (void)pthread_rwlock_rdlock(&(*ret)->lock);
    return ERR_OK;
}

static void
ring_leave(struct exchange_keys *r, struct exchange_keys *own)
{
    (void)pthread_rwlock_unlock(&r->lock);
    exchange_keys_close(own);
}

enum err
exchange_token_keys(struct ctx *cx, struct str *ret_jwks)
{
    struct exchange_keys *r = NULL;
    struct exchange_keys *own = NULL;
    TRY(ring_enter(cx, &r, &own));
    const struct key *last = r->next == NULL ? r->key : r->next;
    enum err e = set_with(cx, last, str_of(r->next == NULL ? r->kid : r->next_kid), str_of(r->text),
                          ret_jwks);
    ring_leave(r, own);
    return e;
}

enum err
exchange_keys_sign(struct ctx *cx, struct str payload, struct str *ret_token)
{
    struct exchange_keys *r = NULL;
    struct exchange_keys *own = NULL;
    TRY(ring_enter(cx, &r, &own));
    enum err e = jose_sign(cx, r->key, str_dup(cx->arena, str_of(r->kid)), STR("at+jwt"), payload,
                           ret_token);
    ring_leave(r, own);
    return e;
}

enum err
exchange_keys_verify(struct ctx *cx, struct str token, struct str *ret_payload)
{
    struct exchange_keys *r = NULL;
    struct exchange_keys *own = NULL;
    TRY(ring_enter(cx, &r, &own));
    enum err e = jose_set_verify(cx, r->set, token, ret_payload);
    ring_leave(r, own);
    return e;
}
