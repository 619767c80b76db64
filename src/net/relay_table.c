/* relay_table.c: the one hash table of a snapshot: text to pointer. */
#include "net/relay_int.h"

struct rtable
rtable_new(struct arena *a, size_t n_max)
{
    size_t size = 8;
    while (size < size_mul(n_max, 2)) {
        size *= 2;
    }
    return (struct rtable){ .v = ARENA_ARRAY(a, struct rslot, size), .mask = size - 1 };
}

/* FNV-1a's low bits alone are weak. */
static size_t
place(const struct rtable *t, uint64_t hash)
{
    return (size_t)(hash ^ (hash >> 32)) & t->mask;
}

bool
rtable_add(struct rtable *t, struct str key, const void *value)
{
    uint64_t hash = str_hash(key);
    size_t i = place(t, hash);
    for (; t->v[i].value != NULL; i = (i + 1) & t->mask) {
        if (t->v[i].hash == hash && str_eq(t->v[i].key, key)) {
            return false;
        }
    }
    t->v[i] = (struct rslot){ .hash = hash, .key = key, .value = value };
    return true;
}

const void *
rtable_get_hashed(const struct rtable *t, uint64_t hash, struct str key)
{
    for (size_t i = place(t, hash); t->v[i].value != NULL; i = (i + 1) & t->mask) {
        if (t->v[i].hash == hash && str_eq(t->v[i].key, key)) {
            return t->v[i].value;
        }
    }
    return NULL;
}

const void *
rtable_get(const struct rtable *t, struct str key)
{
    return t->v == NULL ? NULL : rtable_get_hashed(t, str_hash(key), key);
}
