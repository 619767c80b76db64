/* url.h: percent-encoding (RFC 3986), query strings and joining of references. */
#ifndef CODEC_URL_H
#define CODEC_URL_H

#include "base/buf.h"
#include "base/err.h"

struct url_pair {
    struct str name, value;
};

/* Appends s with everything but unreserved characters (ALPHA DIGIT - . _ ~) as %XX. */
void url_encode_to(struct buf *b, struct str s);
struct str url_encode(struct arena *a, struct str s);
/* The same, but '/' stays: for whole paths. */
struct str url_encode_path(struct arena *a, struct str s);

/* Decodes %XX once ('+' stays '+'). ERR_BAD_REQUEST for a broken escape, a NUL or bad UTF-8. */
NODISCARD enum err url_decode(struct arena *a, struct str s, struct str *ret);

/* The same with '+' as space, as forms and queries write it. */
NODISCARD enum err url_decode_plus(struct arena *a, struct str s, struct str *ret);

/* Pairs of a query string (without '?'), '+' as space, at most max_n pairs.
 * ERR_BAD_REQUEST as url_decode, ERR_TOO_LARGE when there are more. "a" without '=' has an empty
 * value. */
NODISCARD enum err url_query(struct arena *a, struct str query, size_t max_n, struct url_pair **ret,
                             size_t *ret_n);
/* First value of that name, null str when absent. */
struct str url_query_get(const struct url_pair *pairs, size_t n, struct str name);
/* "a=1&b=x%20y"; pairs with a null value are left out. */
struct str url_query_build(struct arena *a, const struct url_pair *pairs, size_t n);

/* base + path + "?" + query: joins with exactly one '/', leaves out '?' when query is empty. */
struct str url_join(struct arena *a, struct str base, struct str path, struct str query);

/* The parts of an absolute http or https URL, or false. host without brackets; port 0 = default of
 * scheme. User info is refused. path is at least "/". */
struct url_parts {
    struct str scheme, host, path, query;
    int32_t port;
};
bool url_split(struct str url, struct url_parts *ret);

/* True for a local redirect target: begins with one '/', then neither '/' nor '\', no control
 * characters. */
bool url_is_local(struct str s);

#endif
