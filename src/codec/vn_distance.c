/* vn_distance.c: bounded edit distance for typing errors in search. */
#include "codec/vn.h"

#define WORD_MAX 64

/* Code points of s; false when there are more than WORD_MAX. */
static bool
points(struct str s, uint32_t *p, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c & 0xC0) == 0x80 && n > 0) {
            p[n - 1] = (p[n - 1] << 8) | c; /* any injective value serves for comparison */
            continue;
        }
        if (n == WORD_MAX) {
            return false;
        }
        p[n++] = c;
    }
    *ret_n = n;
    return true;
}

static uint32_t
min2(uint32_t x, uint32_t y)
{
    return x < y ? x : y;
}

/* Three rows of the usual table. Row i: distances of x[0,i) to all beginnings of y. */
struct table {
    const uint32_t *x, *y;
    size_t y_n;
    uint32_t rows[3][WORD_MAX + 1];
};

/* Fills row i (from 1) and returns its least value. */
static uint32_t
fill_row(struct table *t, size_t i)
{
    uint32_t *row = t->rows[i % 3];
    const uint32_t *up = t->rows[(i + 2) % 3];
    const uint32_t *up2 = t->rows[(i + 1) % 3];
    row[0] = (uint32_t)i;
    uint32_t least = row[0];
    for (size_t k = 1; k <= t->y_n; k++) {
        uint32_t cost = t->x[i - 1] == t->y[k - 1] ? 0 : 1;
        uint32_t v = min2(min2(up[k] + 1, row[k - 1] + 1), up[k - 1] + cost);
        if (i > 1 && k > 1 && t->x[i - 1] == t->y[k - 2] && t->x[i - 2] == t->y[k - 1]) {
            v = min2(v, up2[k - 2] + 1);
        }
        row[k] = v;
        least = min2(least, v);
    }
    return least;
}

uint32_t
vn_distance(struct str x, struct str y, uint32_t max)
{
    uint32_t xs[WORD_MAX];
    uint32_t ys[WORD_MAX];
    size_t x_n = 0;
    size_t y_n = 0;
    if (!points(x, xs, &x_n) || !points(y, ys, &y_n)) {
        return max + 1;
    }
    if ((x_n > y_n ? x_n - y_n : y_n - x_n) > max) {
        return max + 1;
    }
    struct table t = { .x = xs, .y = ys, .y_n = y_n };
    for (size_t k = 0; k <= y_n; k++) {
        t.rows[0][k] = (uint32_t)k;
    }
    uint32_t least_before = 0;
    for (size_t i = 1; i <= x_n; i++) {
        uint32_t least = fill_row(&t, i);
        if (least > max && least_before > max) {
            return max + 1; /* a swap looks back two rows, so two rows must be over */
        }
        least_before = least;
    }
    return min2(t.rows[x_n % 3][y_n], max + 1);
}
