/* cookie.h: the Cookie and Set-Cookie headers (RFC 6265). */
#ifndef CODEC_COOKIE_H
#define CODEC_COOKIE_H

#include "base/buf.h"
#include "base/err.h"

/* Value of the first cookie of that name in a Cookie header value; null str when absent. Borrows
 * header. Values with characters outside cookie-octet are treated as absent; surrounding quotes are
 * removed. */
struct str cookie_get(struct str header, struct str name);
/* Walks all cookies: pass *rest = the header value; false at the end. Malformed pairs are skipped.
 */
bool cookie_next(struct str *rest, struct str *ret_name, struct str *ret_value);

struct cookie {
    struct str name, value; /* value: cookie-octets only (tokens, base64url) */
    struct str path;        /* null: "/" */
    int64_t max_age_s;      /* < 0: session cookie; 0: delete now */
    bool is_secure, is_http_only;
    const char *same_site; /* "Lax", "Strict", "None"; NULL: "Lax" */
};
/* The value of a Set-Cookie header. Null str when name or value have forbidden characters. */
struct str cookie_build(struct arena *a, const struct cookie *c);

#endif
