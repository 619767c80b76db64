/* str.c: see str.h. */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

struct str
str_of(const char *z)
{
    return z == NULL ? STR_NULL : (struct str){ z, strlen(z) };
}

bool
str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static unsigned char
lower_ascii(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool
str_eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower_ascii(a.p[i]) != lower_ascii(b.p[i])) {
            return false;
        }
    }
    return true;
}

int
str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);
    if (c != 0) {
        return c;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

bool
str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq((struct str){ s.p, prefix.n }, prefix);
}

bool
str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq(str_slice(s, s.n - suffix.n, s.n), suffix);
}

size_t
str_find(struct str s, struct str needle)
{
    if (needle.n == 0) {
        return 0;
    }
    const char *hit = s.n < needle.n ? NULL : memmem(s.p, s.n, needle.p, needle.n);
    return hit == NULL ? s.n : (size_t)(hit - s.p);
}

size_t
str_find_char(struct str s, char c)
{
    const char *hit = s.n == 0 ? NULL : memchr(s.p, c, s.n);
    return hit == NULL ? s.n : (size_t)(hit - s.p);
}

bool
str_has_char(struct str s, char c)
{
    return str_find_char(s, c) < s.n;
}

struct str
str_slice(struct str s, size_t from, size_t to)
{
    size_t end = to > s.n ? s.n : to;
    size_t start = from > end ? end : from;
    return (struct str){ s.p == NULL ? "" : s.p + start, end - start };
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct str
str_trim(struct str s)
{
    size_t from = 0;
    size_t to = s.n;
    while (from < to && is_space(s.p[from])) {
        from++;
    }
    while (to > from && is_space(s.p[to - 1])) {
        to--;
    }
    return s.p == NULL ? s : str_slice(s, from, to);
}

bool
str_next(struct str *rest, char sep, struct str *ret_part)
{
    if (rest->p == NULL) {
        return false;
    }
    struct str tail;
    (void)str_cut(*rest, sep, ret_part, &tail);
    *rest = tail;
    return true;
}

bool
str_cut(struct str s, char sep, struct str *ret_head, struct str *ret_tail)
{
    size_t at = str_find_char(s, sep);
    *ret_head = (struct str){ s.p, at };
    if (at == s.n) {
        *ret_tail = STR_NULL;
        return false;
    }
    *ret_tail = (struct str){ s.p + at + 1, s.n - at - 1 };
    return true;
}

struct str
str_dup(struct arena *a, struct str s)
{
    return s.p == NULL ? s : (struct str){ arena_copy(a, s.p, s.n), s.n };
}

struct str
str_cat(struct arena *a, struct str x, struct str y)
{
    char *p = arena_alloc(a, size_add(x.n, y.n));
    if (x.n != 0) {
        memcpy(p, x.p, x.n);
    }
    if (y.n != 0) {
        memcpy(p + x.n, y.p, y.n);
    }
    return (struct str){ p, x.n + y.n };
}

char *
str_z(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, size_add(s.n, 1));
    if (s.n != 0) {
        memcpy(p, s.p, s.n);
    }
    return p;
}

struct str
str_vfmt(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    ASSERT(n >= 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    (void)vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return (struct str){ p, (size_t)n };
}

struct str
str_fmt(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str s = str_vfmt(a, fmt, ap);
    va_end(ap);
    return s;
}

struct str
str_lower(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n);
    for (size_t i = 0; i < s.n; i++) {
        p[i] = (char)lower_ascii(s.p[i]);
    }
    return (struct str){ p, s.n };
}

struct str
str_replace(struct arena *a, struct str s, struct str from, struct str to)
{
    size_t hits = 0;
    for (struct str r = s; from.n != 0 && r.n >= from.n;) {
        size_t at = str_find(r, from);
        if (at == r.n) {
            break;
        }
        hits++;
        r = str_slice(r, at + from.n, r.n);
    }
    char *p = arena_alloc(a, size_add(s.n, size_mul(hits, to.n)));
    size_t n = 0;
    struct str r = s;
    for (size_t i = 0; i < hits; i++) {
        size_t at = str_find(r, from);
        memcpy(p + n, r.p, at);
        n += at;
        if (to.n != 0) {
            memcpy(p + n, to.p, to.n);
        }
        n += to.n;
        r = str_slice(r, at + from.n, r.n);
    }
    if (r.n != 0) {
        memcpy(p + n, r.p, r.n);
    }
    return (struct str){ p, n + r.n };
}

uint64_t
str_hash(struct str s)
{
    uint64_t h = 14695981039346656037ULL;
    for (size_t i = 0; i < s.n; i++) {
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211ULL;
    }
    return h;
}

/* Bytes of the sequence that begins with c; 0: none does. */
static size_t
utf8_need(unsigned char c)
{
    if (c < 0x80) {
        return 1;
    }
    if (c < 0xC2 || c > 0xF4) {
        return 0;
    }
    return c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* May b stand behind c? No overlong forms, surrogates, or points above U+10FFFF (RFC 3629). */
static bool
is_second_byte(unsigned char c, unsigned char b)
{
    unsigned char lo = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char hi = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    return b >= lo && b <= hi;
}

/* Length of the well-formed sequence at p (n bytes left), 0 when it is not one. */
static size_t
utf8_step(const unsigned char *p, size_t n)
{
    unsigned char c = p[0];
    size_t need = utf8_need(c);
    if (need <= 1 || need > n) {
        return need == 1 ? 1 : 0;
    }
    if (!is_second_byte(c, p[1])) {
        return 0;
    }
    for (size_t i = 2; i < need; i++) {
        if (p[i] < 0x80 || p[i] > 0xBF) {
            return 0;
        }
    }
    return need;
}

#define EACH_BYTE(v) (UINT64_MAX / 255 * (v))

size_t
str_visible_n(struct str s)
{
    size_t i = 0;
    for (uint64_t x; s.n - i >= sizeof(x); i += sizeof(x)) {
        memcpy(&x, s.p + i, sizeof(x));
        /* high bits are set by 0x80 and more, by 0x7F and 1, by less than 0x20 without 0x20 */
        if (((x | (x + EACH_BYTE(1)) | (x - EACH_BYTE(0x20))) & EACH_BYTE(0x80)) != 0) {
            break;
        }
    }
    while (i < s.n && s.p[i] >= 0x20 && s.p[i] < 0x7F) {
        i++;
    }
    return i;
}

bool
str_is_utf8(struct str s)
{
    size_t i = 0;
    while (i < s.n) {
        uint64_t x = EACH_BYTE(0x80);
        if (s.n - i >= sizeof(x)) {
            memcpy(&x, s.p + i, sizeof(x));
        }
        if ((x & EACH_BYTE(0x80)) == 0) {
            i += sizeof(x);
            continue;
        }
        size_t step = utf8_step((const unsigned char *)s.p + i, s.n - i);
        if (step == 0) {
            return false;
        }
        i += step;
    }
    return true;
}

bool
str_to_i64(struct str s, int64_t min, int64_t max, int64_t *ret)
{
    bool is_negative = s.n > 1 && s.p[0] == '-';
    size_t i = is_negative ? 1 : 0;
    if (i == s.n) {
        return false;
    }
    int64_t v = 0;
    for (; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
        int64_t digit = s.p[i] - '0';
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, is_negative ? -digit : digit, &v)) {
            return false;
        }
    }
    if (v < min || v > max) {
        return false;
    }
    *ret = v;
    return true;
}
