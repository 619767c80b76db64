/* url.c: see url.h. */
#include "codec/url.h"

#include "codec/hex.h"

static bool
is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void
encode(struct buf *b, struct str s, char also)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved(s.p[i]) || (also != '\0' && s.p[i] == also)) {
            buf_add_char(b, s.p[i]);
        } else {
            buf_add_char(b, '%');
            buf_add_char(b, digits[c >> 4]);
            buf_add_char(b, digits[c & 15]);
        }
    }
}

void
url_encode_to(struct buf *b, struct str s)
{
    encode(b, s, '\0');
}

struct str
url_encode(struct arena *a, struct str s)
{
    struct buf b = buf_new(a, size_mul(s.n, 3));
    encode(&b, s, '\0');
    return buf_str(&b);
}

struct str
url_encode_path(struct arena *a, struct str s)
{
    struct buf b = buf_new(a, size_mul(s.n, 3));
    encode(&b, s, '/');
    return buf_str(&b);
}

static enum err
decode(struct arena *a, struct str s, bool is_plus_space, struct str *ret)
{
    char *p = arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            if (!hex_from(str_slice(s, i + 1, i + 3), &c, 1)) {
                return ERR_BAD_REQUEST;
            }
            i += 2;
        } else if (c == '+' && is_plus_space) {
            c = ' ';
        }
        if (c == '\0') {
            return ERR_BAD_REQUEST;
        }
        p[n++] = c;
    }
    struct str r = { p, n };
    if (!str_is_utf8(r)) {
        return ERR_BAD_REQUEST;
    }
    *ret = r;
    return ERR_OK;
}

enum err
url_decode(struct arena *a, struct str s, struct str *ret)
{
    return decode(a, s, false, ret);
}

enum err
url_decode_plus(struct arena *a, struct str s, struct str *ret)
{
    return decode(a, s, true, ret);
}

enum err
url_query(struct arena *a, struct str query, size_t max_n, struct url_pair **ret, size_t *ret_n)
{
    size_t parts = 0;
    struct str rest = query;
    struct str part;
    while (str_next(&rest, '&', &part)) {
        parts += part.n > 0 ? 1 : 0;
    }
    if (parts > max_n) {
        return ERR_TOO_LARGE;
    }
    struct url_pair *pairs = ARENA_ARRAY(a, struct url_pair, parts);
    size_t n = 0;
    rest = query;
    while (str_next(&rest, '&', &part)) {
        struct str name;
        struct str value;
        if (part.n == 0) {
            continue;
        }
        (void)str_cut(part, '=', &name, &value);
        TRY(decode(a, name, true, &pairs[n].name));
        TRY(decode(a, value, true, &pairs[n].value));
        n++;
    }
    *ret = pairs;
    *ret_n = n;
    return ERR_OK;
}

struct str
url_query_get(const struct url_pair *pairs, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(pairs[i].name, name)) {
            return pairs[i].value;
        }
    }
    return STR_NULL;
}

struct str
url_query_build(struct arena *a, const struct url_pair *pairs, size_t n)
{
    size_t max = 0;
    for (size_t i = 0; i < n; i++) {
        max = size_add(max, size_add(size_mul(size_add(pairs[i].name.n, pairs[i].value.n), 3), 2));
    }
    struct buf b = buf_new(a, max);
    for (size_t i = 0; i < n; i++) {
        if (pairs[i].value.p == NULL) {
            continue;
        }
        if (b.n > 0) {
            buf_add_char(&b, '&');
        }
        encode(&b, pairs[i].name, '\0');
        buf_add_char(&b, '=');
        encode(&b, pairs[i].value, '\0');
    }
    return buf_str(&b);
}

struct str
url_join(struct arena *a, struct str base, struct str path, struct str query)
{
    struct buf b = buf_new(a, size_add(size_add(base.n, path.n), size_add(query.n, 2)));
    struct str head = str_ends(base, STR("/")) ? str_slice(base, 0, base.n - 1) : base;
    buf_add(&b, head);
    if (!str_starts(path, STR("/"))) {
        buf_add_char(&b, '/');
    }
    buf_add(&b, path);
    if (query.n > 0) {
        buf_add_char(&b, '?');
        buf_add(&b, query);
    }
    return buf_str(&b);
}

static bool
is_host_char(char c)
{
    return is_unreserved(c) || c == ':';
}

static bool
is_host(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_host_char(s.p[i])) {
            return false;
        }
    }
    return s.n > 0;
}

/* "host", "host:port", "[v6]:port". */
static bool
split_authority(struct str s, struct url_parts *ret)
{
    struct str port = STR_NULL;
    int64_t number = 0;
    if (str_starts(s, STR("["))) {
        size_t end = str_find_char(s, ']');
        if (end == s.n || (end + 1 < s.n && s.p[end + 1] != ':')) {
            return false;
        }
        ret->host = str_slice(s, 1, end);
        port = end + 1 < s.n ? str_slice(s, end + 2, s.n) : STR_NULL;
    } else {
        (void)str_cut(s, ':', &ret->host, &port);
        if (str_has_char(ret->host, ':')) {
            return false;
        }
    }
    if (!is_host(ret->host) || (port.p != NULL && !str_to_i64(port, 1, 65535, &number))) {
        return false;
    }
    ret->port = (int32_t)number;
    return true;
}

bool
url_split(struct str url, struct url_parts *ret)
{
    struct url_parts u = { .scheme = STR("https") };
    struct str rest = str_slice(url, 8, url.n);
    if (str_starts(url, STR("http://"))) {
        u.scheme = STR("http");
        rest = str_slice(url, 7, url.n);
    } else if (!str_starts(url, STR("https://"))) {
        return false;
    }
    for (size_t i = 0; i < url.n; i++) {
        if ((unsigned char)url.p[i] <= 0x20 || url.p[i] == 0x7F || url.p[i] == '\\') {
            return false;
        }
    }
    struct str fragment;
    (void)str_cut(rest, '#', &rest, &fragment);
    (void)str_cut(rest, '?', &rest, &u.query);
    size_t slash = str_find_char(rest, '/');
    u.path = slash < rest.n ? str_slice(rest, slash, rest.n) : STR("/");
    if (!split_authority(str_slice(rest, 0, slash), &u)) {
        return false;
    }
    *ret = u;
    return true;
}

bool
url_is_local(struct str s)
{
    if (s.n == 0 || s.p[0] != '/' || (s.n > 1 && (s.p[1] == '/' || s.p[1] == '\\'))) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F || s.p[i] == '\\') {
            return false;
        }
    }
    return true;
}
