/* arena.c: blocks in a list; each allocation is cut off the newest block. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_FIRST_BYTES ((size_t)16 * 1024)
#define ARENA_GROW_BYTES  ((size_t)1024 * 1024) /* blocks double up to this */
#define ARENA_ALIGN       16U

struct block {
    struct block *next;
    size_t cap, used;
    _Alignas(16) unsigned char data[];
};

struct arena {
    struct block *blocks;
    size_t used_bytes, quota_bytes;
    bool is_over;
};

static struct block *
block_new(size_t cap)
{
    struct block *b = malloc(size_add(sizeof(struct block), cap));
    if (b == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    b->next = NULL;
    b->cap = cap;
    b->used = 0;
    return b;
}

struct arena *
arena_open(size_t quota_bytes)
{
    struct arena *a = calloc(1, sizeof(*a));
    if (a == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    a->quota_bytes = quota_bytes;
    a->blocks = block_new(ARENA_FIRST_BYTES);
    return a;
}

void
arena_reset(struct arena *a)
{
    struct block *keep = NULL;
    struct block *b = a->blocks;
    while (b != NULL) {
        struct block *next = b->next;
        if (keep == NULL && b->cap == ARENA_FIRST_BYTES) {
            keep = b;
        } else {
            free(b);
        }
        b = next;
    }
    if (keep == NULL) {
        keep = block_new(ARENA_FIRST_BYTES);
    }
    keep->next = NULL;
    keep->used = 0;
    a->blocks = keep;
    a->used_bytes = 0;
    a->is_over = false;
}

void
arena_close(struct arena *a)
{
    if (a == NULL) {
        return;
    }
    struct block *b = a->blocks;
    while (b != NULL) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
    free(a);
}

static size_t
whole_units(size_t n)
{
    return size_add(n == 0 ? 1 : n, ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

static void
note_used(struct arena *a, size_t n)
{
    a->used_bytes = size_add(a->used_bytes, n);
    if (a->quota_bytes != 0 && a->used_bytes > a->quota_bytes) {
        a->is_over = true;
    }
}

static void *
alloc_raw(struct arena *a, size_t need)
{
    struct block *b = a->blocks;
    if (need > b->cap - b->used) {
        size_t cap = b->cap < ARENA_GROW_BYTES / 2 ? b->cap * 2 : ARENA_GROW_BYTES;
        b = block_new(need > cap ? need : cap);
        b->next = a->blocks;
        a->blocks = b;
    }
    void *p = b->data + b->used;
    b->used += need;
    note_used(a, need);
    return p;
}

void *
arena_alloc(struct arena *a, size_t size_bytes)
{
    size_t need = whole_units(size_bytes);
    void *p = alloc_raw(a, need);
    memset(p, 0, need);
    return p;
}

void *
arena_grow(struct arena *a, void *p, size_t from_bytes, size_t to_bytes)
{
    struct block *b = a->blocks;
    size_t from = whole_units(from_bytes);
    size_t more = whole_units(to_bytes) - from;
    if (p != NULL && (unsigned char *)p + from == b->data + b->used && more <= b->cap - b->used) {
        b->used += more;
        note_used(a, more);
        return p;
    }
    void *to = alloc_raw(a, whole_units(to_bytes));
    if (p != NULL && from_bytes != 0) {
        memcpy(to, p, from_bytes);
    }
    return to;
}

void *
arena_copy(struct arena *a, const void *p, size_t n)
{
    void *r = alloc_raw(a, whole_units(n));
    if (n != 0) {
        memcpy(r, p, n);
    }
    return r;
}

bool
arena_is_over(const struct arena *a)
{
    return a->is_over;
}

size_t
arena_used_bytes(const struct arena *a)
{
    return a->used_bytes;
}
