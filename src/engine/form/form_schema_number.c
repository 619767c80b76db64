/* form_schema_number.c: JSON numbers as exact decimals: mantissa (37 digits kept) and exponent of
 * ten.
 */
#include "engine/form/form_schema_int.h"

#define DIGITS_MAX   37
#define EXPONENT_MAX 100000

struct decimal {
    bool is_negative;
    unsigned __int128 mantissa; /* without trailing zeros; 0 for zero */
    int64_t exponent;
    int64_t n_digits;
};

static void
trim_zeros(struct decimal *d)
{
    while (d->mantissa != 0 && d->mantissa % 10 == 0) {
        d->mantissa /= 10;
        d->exponent++;
        d->n_digits--;
    }
}

/* What stands behind the e at e_at, within bounds; 0 when there is none. */
static int64_t
exponent_of(struct str s, size_t e_at)
{
    int64_t exponent = 0;
    struct str e = str_slice(s, e_at + 1, s.n);
    e = str_starts(e, STR("+")) ? str_slice(e, 1, e.n) : e;
    if (e_at < s.n && !str_to_i64(e, -EXPONENT_MAX, EXPONENT_MAX, &exponent)) {
        return str_starts(e, STR("-")) ? -EXPONENT_MAX : EXPONENT_MAX;
    }
    return exponent;
}

/* Number text is well-formed JSON: the reader has checked it. */
static struct decimal
decimal_of(const struct json *j)
{
    struct decimal d = { 0 };
    struct str s = j->text;
    size_t e_at = str_find_char(s, 'e') < s.n ? str_find_char(s, 'e') : str_find_char(s, 'E');
    int64_t exponent = exponent_of(s, e_at);
    bool is_behind_point = false;
    for (size_t i = 0; i < e_at && i < s.n; i++) {
        char c = s.p[i];
        if (c == '-') {
            d.is_negative = true;
        } else if (c == '.') {
            is_behind_point = true;
        } else if (d.n_digits < DIGITS_MAX) {
            d.mantissa = d.mantissa * 10 + (unsigned)(c - '0');
            d.n_digits += d.mantissa != 0;
            exponent -= is_behind_point;
        } else {
            exponent += !is_behind_point;
        }
    }
    d.exponent = exponent;
    trim_zeros(&d);
    if (d.mantissa == 0) {
        d = (struct decimal){ 0 };
    }
    return d;
}

static int
magnitude_cmp(struct decimal x, struct decimal y)
{
    if (x.mantissa == 0 || y.mantissa == 0) {
        return x.mantissa == y.mantissa ? 0 : (x.mantissa == 0 ? -1 : 1);
    }
    int64_t top_x = x.exponent + x.n_digits;
    int64_t top_y = y.exponent + y.n_digits;
    if (top_x != top_y) {
        return top_x < top_y ? -1 : 1;
    }
    while (x.n_digits < y.n_digits) {
        x.mantissa *= 10;
        x.n_digits++;
    }
    while (y.n_digits < x.n_digits) {
        y.mantissa *= 10;
        y.n_digits++;
    }
    return x.mantissa == y.mantissa ? 0 : (x.mantissa < y.mantissa ? -1 : 1);
}

int
schema_number_cmp(const struct json *x, const struct json *y)
{
    struct decimal a = decimal_of(x);
    struct decimal b = decimal_of(y);
    if (a.is_negative != b.is_negative) {
        return a.is_negative ? -1 : 1;
    }
    int c = magnitude_cmp(a, b);
    return a.is_negative ? -c : c;
}

bool
schema_number_is_whole(const struct json *x)
{
    return x->is_int || decimal_of(x).exponent >= 0;
}

bool
schema_number_is_multiple(const struct json *x, const struct json *of)
{
    struct decimal a = decimal_of(x);
    struct decimal b = decimal_of(of);
    if (a.mantissa == 0) {
        return true;
    }
    if (b.mantissa == 0 || b.mantissa > UINT64_MAX / 10) {
        return magnitude_cmp(a, b) == 0; /* divisors beyond 18 digits: only the number itself */
    }
    if (a.exponent < b.exponent) {
        /* 10^(difference) * b must divide a, but a has no trailing zeros. */
        return false;
    }
    unsigned __int128 rest = a.mantissa % b.mantissa;
    for (int64_t e = a.exponent; e > b.exponent && rest != 0; e--) {
        rest = rest * 10 % b.mantissa;
    }
    return rest == 0;
}
