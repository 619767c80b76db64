/* fuzz_csv.c: what was read, written and read again is the same. */
#include "fuzz.h"

#include "codec/csv.h"

static bool
is_blank_row(const struct str *f, size_t n)
{
    return n == 1 && f[0].n == 0;
}

static struct str
rewrite(struct arena *a, struct csv_reader r)
{
    struct buf b = buf_new(a, 1U << 24);
    struct csv_out o = csv_out(&b, true, false);
    struct str *f = NULL;
    size_t n = 0;
    while (csv_next(&r, a, &f, &n) == ERR_OK && n > 0) {
        for (size_t i = 0; i < n; i++) {
            csv_put(&o, f[i]);
        }
        csv_end_row(&o);
    }
    return buf_str(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct csv_limits l = { .columns_max = 20, .field_max_bytes = 500, .rows_max = 200 };
    struct csv_reader first = csv_reader(fuzz_str(data, n), ',', l);
    struct csv_reader again = csv_reader(rewrite(a, first), ',', l);
    struct str *x = NULL;
    struct str *y = NULL;
    size_t x_n = 0;
    size_t y_n = 0;
    uint32_t line = 0;
    while (csv_next(&first, a, &x, &x_n) == ERR_OK && x_n > 0) {
        ASSERT(first.line > line || line == 0);
        line = first.line;
        if (is_blank_row(x, x_n)) {
            continue; /* a lone "" is written as a blank line, which readers skip */
        }
        ASSERT(csv_next(&again, a, &y, &y_n) == ERR_OK && x_n == y_n);
        for (size_t i = 0; i < x_n; i++) {
            ASSERT(str_eq(x[i], y[i]) && x[i].n <= 500);
        }
    }
    arena_close(a);
    return 0;
}
