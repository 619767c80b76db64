/* buf.c: see buf.h. Grows by doubling inside the arena. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

struct buf
buf_new(struct arena *arena, size_t max_bytes)
{
    return (struct buf){ .arena = arena, .max = max_bytes };
}

/* Room for n more bytes. False, with the sticky failure set, when max would be passed. */
static bool
buf_reserve(struct buf *b, size_t n)
{
    if (b->is_failed) {
        return false;
    }
    size_t need = size_add(b->n, n);
    if (need > b->max) {
        b->is_failed = true;
        b->n = 0;
        return false;
    }
    if (need <= b->cap) {
        return true;
    }
    size_t cap = b->cap == 0 ? 256 : b->cap;
    while (cap < need) {
        cap = size_mul(cap, 2);
    }
    b->p = arena_grow(b->arena, b->p, b->cap, cap);
    b->cap = cap;
    return true;
}

void
buf_add_bytes(struct buf *b, const void *p, size_t n)
{
    if (n != 0 && buf_reserve(b, n)) {
        memcpy(b->p + b->n, p, n);
        b->n += n;
    }
}

void
buf_add(struct buf *b, struct str s)
{
    buf_add_bytes(b, s.p, s.n);
}

void
buf_add_char(struct buf *b, char c)
{
    if (buf_reserve(b, 1)) {
        b->p[b->n++] = c;
    }
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    ASSERT(n >= 0);
    if (!buf_reserve(b, (size_t)n + 1)) {
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}

void
buf_add_i64(struct buf *b, int64_t v)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        digits[--at] = (char)('0' + u % 10);
        u /= 10;
    } while (u != 0);
    if (v < 0) {
        digits[--at] = '-';
    }
    buf_add_bytes(b, digits + at, sizeof(digits) - at);
}

struct str
buf_str(const struct buf *b)
{
    return (struct str){ b->p == NULL ? "" : b->p, b->n };
}
