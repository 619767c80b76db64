/* buf.h: the one string builder. Has a maximum at birth; going over it sets a sticky failure
 * and drops the content, so that half an answer is never sent as a whole one. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

struct buf {
    char *p;
    size_t n, cap, max;
    struct arena *arena;
    bool is_failed;
};

/* A builder whose bytes live in arena and never exceed max_bytes. */
struct buf buf_new(struct arena *arena, size_t max_bytes);

void buf_add(struct buf *b, struct str s);
void buf_add_char(struct buf *b, char c);
void buf_add_bytes(struct buf *b, const void *p, size_t n);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_add_i64(struct buf *b, int64_t v);

/* The content so far, borrowed; empty when failed. */
struct str buf_str(const struct buf *b);

#define BUF_LIT(b, lit) buf_add_bytes((b), "" lit, sizeof(lit) - 1)

#endif
