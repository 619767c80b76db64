/* relay_live.c: what outlives a snapshot, found by name: one table under one lock. Loops touch it
 * only when a connection to a service opens or closes. */
#include "net/relay_int.h"

#include <openssl/ssl.h>

void
registry_init(struct rregistry *g)
{
    ASSERT(pthread_mutex_init(&g->lock, NULL) == 0);
}

static void
live_free(struct rlive *live)
{
    if (live->kind == LIVE_TLS) {
        SSL_CTX_free(((struct rlive_tls *)(void *)live)->tls);
    }
    free(live);
}

void
registry_done(struct rregistry *g)
{
    for (size_t i = 0; i < LIVE_BUCKETS; i++) {
        ASSERT(g->buckets[i] == NULL);
    }
    (void)pthread_mutex_destroy(&g->lock);
}

/* Under the lock. */
static struct rlive *
look(struct rregistry *g, enum rlive_kind kind, struct str key, uint64_t hash)
{
    for (struct rlive *l = g->buckets[hash % LIVE_BUCKETS]; l != NULL; l = l->next) {
        if (l->hash == hash && l->kind == kind && str_eq(l->key, key)) {
            return l;
        }
    }
    return NULL;
}

struct rlive *
live_find(struct rregistry *g, enum rlive_kind kind, struct str key)
{
    (void)pthread_mutex_lock(&g->lock);
    struct rlive *l = look(g, kind, key, str_hash(key));
    if (l != NULL) {
        l->refs++;
    }
    (void)pthread_mutex_unlock(&g->lock);
    return l;
}

static struct rlive *
live_new(enum rlive_kind kind, struct str key, uint64_t hash, size_t size_bytes)
{
    size_t size = size_add(size_bytes, 63) & ~(size_t)63;
    char *p = aligned_alloc(64, size_add(size, size_add(key.n, 63) & ~(size_t)63));
    if (p == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    memset(p, 0, size);
    if (key.n != 0) {
        memcpy(p + size, key.p, key.n);
    }
    struct rlive *l = (struct rlive *)(void *)p;
    l->hash = hash;
    l->kind = kind;
    l->key = (struct str){ p + size, key.n };
    return l;
}

struct rlive *
live_get(struct rregistry *g, enum rlive_kind kind, struct str key, size_t size_bytes,
         bool *ret_is_new)
{
    uint64_t hash = str_hash(key);
    (void)pthread_mutex_lock(&g->lock);
    struct rlive *l = look(g, kind, key, hash);
    *ret_is_new = l == NULL;
    if (l == NULL) {
        l = live_new(kind, key, hash, size_bytes);
        l->next = g->buckets[hash % LIVE_BUCKETS];
        g->buckets[hash % LIVE_BUCKETS] = l;
    }
    l->refs++;
    (void)pthread_mutex_unlock(&g->lock);
    return l;
}

void
live_keep(struct rregistry *g, struct rlive *live)
{
    (void)pthread_mutex_lock(&g->lock);
    live->refs++;
    (void)pthread_mutex_unlock(&g->lock);
}

void
live_drop(struct rregistry *g, struct rlive *live)
{
    (void)pthread_mutex_lock(&g->lock);
    bool is_last = --live->refs == 0;
    if (is_last) {
        struct rlive **at = &g->buckets[live->hash % LIVE_BUCKETS];
        while (*at != live) {
            at = &(*at)->next;
        }
        *at = live->next;
    }
    (void)pthread_mutex_unlock(&g->lock);
    if (is_last) {
        live_free(live);
    }
}
