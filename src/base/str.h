/* str.h: strings as pointer and length, by value. Bytes are UTF-8, not NUL-terminated.
 * A null string (p == NULL) is "absent"; an empty one has p != NULL and n == 0. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/arena.h"
#include "base/base.h"

#include <stdarg.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_INIT(lit)                                                                              \
    {                                                                                              \
        "" lit, sizeof(lit) - 1                                                                    \
    } /* for static tables */
#define STR_NULL ((struct str){ NULL, 0 })
#define STR_FMT  "%.*s"
/* s is read twice: a value, not a call. */
#define STR_ARG(s) (int)(s).n, (s).p != NULL ? (s).p : ""

/* A NUL-terminated string as str; NULL becomes the null string. Borrows z. */
struct str str_of(const char *z);

static inline bool
str_is_empty(struct str s)
{
    return s.n == 0;
}

bool str_eq(struct str a, struct str b);
/* ASCII letters compared without case. */
bool str_eq_nocase(struct str a, struct str b);
int str_cmp(struct str a, struct str b); /* bytewise, like memcmp then length */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Offset of the first occurrence, or s.n when there is none. */
size_t str_find(struct str s, struct str needle);
size_t str_find_char(struct str s, char c);
bool str_has_char(struct str s, char c);
/* s[from, to), clamped to s. */
struct str str_slice(struct str s, size_t from, size_t to);
/* Without ASCII white space at both ends. */
struct str str_trim(struct str s);
/* Takes the part of *rest before sep and moves *rest behind it. False when *rest is used up
 * (null). "a,,b" gives "a", "", "b". */
bool str_next(struct str *rest, char sep, struct str *ret_part);
/* Splits at the first sep. False (and *ret_head = s, *ret_tail null) when sep is not there. */
bool str_cut(struct str s, char sep, struct str *ret_head, struct str *ret_tail);

struct str str_dup(struct arena *a, struct str s);
struct str str_cat(struct arena *a, struct str x, struct str y);
/* NUL-terminated copy, for library borders. */
char *str_z(struct arena *a, struct str s);
struct str str_fmt(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct str str_vfmt(struct arena *a, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/* ASCII lower case copy. */
struct str str_lower(struct arena *a, struct str s);
/* All occurrences of one string replaced. */
struct str str_replace(struct arena *a, struct str s, struct str from, struct str to);
/* FNV-1a, for in-memory tables of our own keys only. */
uint64_t str_hash(struct str s);

/* True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool str_is_utf8(struct str s);
/* How many bytes at the beginning are visible ASCII or spaces. */
size_t str_visible_n(struct str s);

/* Decimal integer, optional '-', whole string, within [min, max]. False and *ret untouched
 * otherwise. */
bool str_to_i64(struct str s, int64_t min, int64_t max, int64_t *ret);

#endif
