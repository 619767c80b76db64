/* json_equal.c: comparison of trees by value. */
#include "codec/json.h"

/* A number as 0.digits * 10^exponent, digits without zeros at either end. */
struct decimal {
    bool is_negative;
    struct str whole, fraction; /* as written */
    size_t skip, n; /* significant digits: n of them after skip, over whole then fraction */
    int64_t exponent;
};

static char
digit_at(const struct decimal *d, size_t i)
{
    return i < d->whole.n ? d->whole.p[i] : d->fraction.p[i - d->whole.n];
}

#define EXPONENT_MAX 1000000000

/* The number behind e or E, which stands at *ret_at; 0 when there is none (then *ret_at is the
 * end).
 */
static int64_t
exponent_of(struct str s, size_t *ret_at)
{
    size_t e = str_find_char(s, 'e');
    int64_t v = 0;
    *ret_at = e == s.n ? str_find_char(s, 'E') : e;
    if (*ret_at == s.n) {
        return 0;
    }
    struct str digits = str_slice(s, *ret_at + 1, s.n);
    if (str_starts(digits, STR("+"))) {
        digits = str_slice(digits, 1, digits.n);
    }
    if (!str_to_i64(digits, -EXPONENT_MAX, EXPONENT_MAX, &v)) {
        return str_starts(digits, STR("-")) ? -EXPONENT_MAX : EXPONENT_MAX;
    }
    return v;
}

static struct decimal
decimal_of(struct str text)
{
    struct decimal d = { .is_negative = str_starts(text, STR("-")) };
    struct str s = d.is_negative ? str_slice(text, 1, text.n) : text;
    size_t e = 0;
    int64_t exponent = exponent_of(s, &e);
    (void)str_cut(str_slice(s, 0, e), '.', &d.whole, &d.fraction);
    size_t end = d.whole.n + d.fraction.n;
    while (d.skip < end && digit_at(&d, d.skip) == '0') {
        d.skip++;
    }
    while (end > d.skip && digit_at(&d, end - 1) == '0') {
        end--;
    }
    d.n = end - d.skip;
    d.exponent = d.n == 0 ? 0 : exponent + (int64_t)d.whole.n - (int64_t)d.skip;
    d.is_negative = d.is_negative && d.n > 0;
    return d;
}

static bool
number_equal(const struct json *x, const struct json *y)
{
    if (x->is_int && y->is_int) {
        return x->i64 == y->i64;
    }
    struct decimal a = decimal_of(x->text);
    struct decimal b = decimal_of(y->text);
    if (a.is_negative != b.is_negative || a.n != b.n || a.exponent != b.exponent) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (digit_at(&a, a.skip + i) != digit_at(&b, b.skip + i)) {
            return false;
        }
    }
    return true;
}

/* The nodes themselves without their children. */
static bool
node_equal(const struct json *x, const struct json *y)
{
    if (x->type != y->type || x->n != y->n) {
        return false;
    }
    switch (x->type) {
    case JSON_NULL:
    case JSON_LIST:
    case JSON_OBJECT:
        return true;
    case JSON_BOOL:
        return x->is_true == y->is_true;
    case JSON_NUMBER:
        return number_equal(x, y);
    case JSON_STRING:
        return str_eq(x->text, y->text);
    }
    return false;
}

struct level {
    const struct json *x, *y; /* the open containers */
    const struct json *x_at, *y_at;
};

/* The next pair to compare in a level; false with *ret_x NULL at its end, with *ret_x set when y
 * has no such member. */
static bool
next_pair(struct level *l, const struct json **ret_x, const struct json **ret_y)
{
    *ret_x = l->x_at;
    if (l->x_at == NULL) {
        return false;
    }
    *ret_y = l->y_at;
    if (l->x->type == JSON_OBJECT && (l->y_at == NULL || !str_eq(l->x_at->key, l->y_at->key))) {
        *ret_y = json_get_str_key(l->y, l->x_at->key);
    }
    l->x_at = l->x_at->next;
    l->y_at = *ret_y == NULL ? NULL : (*ret_y)->next;
    return *ret_y != NULL;
}

bool
json_equal(const struct json *x, const struct json *y)
{
    struct level stack[JSON_DEPTH_MAX + 1];
    size_t depth = 0;
    if (x == NULL || y == NULL) {
        return x == y;
    }
    if (!node_equal(x, y)) {
        return false;
    }
    stack[depth++] = (struct level){ x, y, x->child, y->child };
    while (depth > 0) {
        const struct json *a = NULL;
        const struct json *b = NULL;
        if (!next_pair(&stack[depth - 1], &a, &b)) {
            if (a != NULL) {
                return false;
            }
            depth--;
            continue;
        }
        if (!node_equal(a, b)) {
            return false;
        }
        if (a->child != NULL) {
            ASSERT(depth <= JSON_DEPTH_MAX);
            stack[depth++] = (struct level){ a, b, a->child, b->child };
        }
    }
    return true;
}
