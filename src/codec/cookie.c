/* cookie.c: see cookie.h. */
#include "codec/cookie.h"

#include <string.h>

/* RFC 6265 4.1.1 cookie-octet. */
static bool
is_octet(char c)
{
    unsigned char u = (unsigned char)c;
    return u > 0x20 && u < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\';
}

static bool
is_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_octet(s.p[i])) {
            return false;
        }
    }
    return true;
}

/* RFC 9110 token. */
static bool
is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_octet(s.p[i]) || strchr("()/:<=>?@[]{}", s.p[i]) != NULL) {
            return false;
        }
    }
    return s.n > 0;
}

bool
cookie_next(struct str *rest, struct str *ret_name, struct str *ret_value)
{
    struct str part;
    while (str_next(rest, ';', &part)) {
        struct str name;
        struct str value;
        if (!str_cut(str_trim(part), '=', &name, &value)) {
            continue;
        }
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"') {
            value = str_slice(value, 1, value.n - 1);
        }
        if (is_token(name) && is_value(value)) {
            *ret_name = name;
            *ret_value = value;
            return true;
        }
    }
    return false;
}

struct str
cookie_get(struct str header, struct str name)
{
    struct str rest = header;
    struct str at;
    struct str value;
    while (cookie_next(&rest, &at, &value)) {
        if (str_eq(at, name)) {
            return value;
        }
    }
    return STR_NULL;
}

struct str
cookie_build(struct arena *a, const struct cookie *c)
{
    struct str path = c->path.p == NULL ? STR("/") : c->path;
    if (!is_token(c->name) || !is_value(c->value) || !is_value(path)) {
        return STR_NULL;
    }
    struct buf b = buf_new(a, 8192);
    buf_add(&b, c->name);
    buf_add_char(&b, '=');
    buf_add(&b, c->value);
    BUF_LIT(&b, "; Path=");
    buf_add(&b, path);
    if (c->max_age_s >= 0) {
        BUF_LIT(&b, "; Max-Age=");
        buf_add_i64(&b, c->max_age_s);
    }
    if (c->is_secure) {
        BUF_LIT(&b, "; Secure");
    }
    if (c->is_http_only) {
        BUF_LIT(&b, "; HttpOnly");
    }
    BUF_LIT(&b, "; SameSite=");
    buf_add(&b, str_of(c->same_site == NULL ? "Lax" : c->same_site));
    return b.is_failed ? STR_NULL : buf_str(&b);
}
