/* cache.c: finished public pages, plain and compressed, in bounded memory. A lock guards only
 * copying: nothing is rendered or compressed under it. When full the oldest page goes. */
#include "web/inside.h"

#include <stdlib.h>

#define CACHE_SLOTS 1024U

struct slot {
    char *block; /* key, plain, gzip, etag in one piece */
    size_t n_key, n_plain, n_gzip, n_etag;
    bool is_office;
    uint64_t hash, age;
};

struct cache {
    pthread_mutex_t lock;
    struct slot slots[CACHE_SLOTS];
    size_t used_bytes, max_bytes;
    uint64_t clock;
};

struct cache *
cache_open(size_t max_bytes)
{
    struct cache *k = calloc(1, sizeof(*k));
    ASSERT(k != NULL);
    ASSERT(pthread_mutex_init(&k->lock, NULL) == 0);
    k->max_bytes = max_bytes;
    return k;
}

static size_t
slot_bytes(const struct slot *s)
{
    return s->n_key + s->n_plain + s->n_gzip + s->n_etag;
}

static void
slot_drop(struct cache *k, struct slot *s)
{
    if (s->block != NULL) {
        k->used_bytes -= slot_bytes(s);
        free(s->block);
        *s = (struct slot){ 0 };
    }
}

void
cache_clear(struct cache *k)
{
    ASSERT(pthread_mutex_lock(&k->lock) == 0);
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        slot_drop(k, &k->slots[i]);
    }
    ASSERT(pthread_mutex_unlock(&k->lock) == 0);
}

void
cache_close(struct cache *k)
{
    if (k == NULL) {
        return;
    }
    cache_clear(k);
    (void)pthread_mutex_destroy(&k->lock);
    free(k);
}

/* Slot of the key, or NULL. Four neighbours are looked at. */
static struct slot *
slot_find(struct cache *k, uint64_t hash, struct str key)
{
    for (size_t i = 0; i < 4; i++) {
        struct slot *s = &k->slots[(hash + i) % CACHE_SLOTS];
        if (s->block != NULL && s->hash == hash &&
            str_eq((struct str){ s->block, s->n_key }, key)) {
            return s;
        }
    }
    return NULL;
}

static void
slot_copy(const struct slot *s, struct arena *a, bool wants_gzip, struct cache_page *ret)
{
    const char *p = s->block + s->n_key;
    *ret = (struct cache_page){ .is_office = s->is_office };
    if (wants_gzip && s->n_gzip != 0) {
        ret->gzip = str_dup(a, (struct str){ p + s->n_plain, s->n_gzip });
    } else {
        ret->plain = str_dup(a, (struct str){ p, s->n_plain });
    }
    ret->etag = str_dup(a, (struct str){ p + s->n_plain + s->n_gzip, s->n_etag });
}

bool
cache_get(struct cache *k, struct arena *a, struct str key, bool wants_gzip, struct cache_page *ret)
{
    ASSERT(pthread_mutex_lock(&k->lock) == 0);
    struct slot *s = slot_find(k, str_hash(key), key);
    if (s != NULL) {
        slot_copy(s, a, wants_gzip, ret);
    }
    ASSERT(pthread_mutex_unlock(&k->lock) == 0);
    return s != NULL;
}

/* The slot to fill: the key's own, a free one, or the oldest of four. */
static struct slot *
slot_for(struct cache *k, uint64_t hash, struct str key)
{
    struct slot *best = slot_find(k, hash, key);
    for (size_t i = 0; best == NULL && i < 4; i++) {
        struct slot *s = &k->slots[(hash + i) % CACHE_SLOTS];
        best = s->block == NULL ? s : NULL;
    }
    if (best != NULL) {
        return best;
    }
    best = &k->slots[hash % CACHE_SLOTS];
    for (size_t i = 1; i < 4; i++) {
        struct slot *s = &k->slots[(hash + i) % CACHE_SLOTS];
        best = s->age < best->age ? s : best;
    }
    return best;
}

/* Drops the oldest pages until need more bytes fit. */
static void
make_room(struct cache *k, size_t need)
{
    while (k->used_bytes + need > k->max_bytes) {
        struct slot *oldest = NULL;
        for (size_t i = 0; i < CACHE_SLOTS; i++) {
            struct slot *s = &k->slots[i];
            if (s->block != NULL && (oldest == NULL || s->age < oldest->age)) {
                oldest = s;
            }
        }
        ASSERT(oldest != NULL);
        slot_drop(k, oldest);
    }
}

void
cache_put(struct cache *k, struct str key, const struct cache_page *page)
{
    size_t need = key.n + page->plain.n + page->gzip.n + page->etag.n;
    if (need > k->max_bytes / 8) {
        return;
    }
    char *block = malloc(need);
    if (block == NULL) {
        return;
    }
    char *p = block;
    const struct str parts[] = { key, page->plain, page->gzip, page->etag };
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i].n != 0) {
            memcpy(p, parts[i].p, parts[i].n);
            p += parts[i].n;
        }
    }
    ASSERT(pthread_mutex_lock(&k->lock) == 0);
    uint64_t hash = str_hash(key);
    struct slot *s = slot_for(k, hash, key);
    slot_drop(k, s);
    make_room(k, need);
    *s = (struct slot){ block,        key.n,           page->plain.n, page->gzip.n,
                        page->etag.n, page->is_office, hash,          ++k->clock };
    k->used_bytes += need;
    ASSERT(pthread_mutex_unlock(&k->lock) == 0);
}

struct str
cache_key(struct arena *a, const struct web *w, const struct http_request *rq, struct str lang)
{
    const char *version = w->hooks->pack_version == NULL ? "" : w->hooks->pack_version;
    return str_fmt(a, STR_FMT "?" STR_FMT "\n" STR_FMT "\n%s", STR_ARG(rq->path),
                   STR_ARG(rq->query), STR_ARG(lang), version);
}
