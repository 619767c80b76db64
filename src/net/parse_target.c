/* parse_target.c: path and query of a request target. One decoding, one meaning: a path that
 * another reader could normalise differently is refused instead of repaired. */
#include "net/parse.h"

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that s[i..i+2] escapes, or -1. */
static int
escaped(struct str s, size_t i)
{
    if (i + 2 >= s.n) {
        return -1;
    }
    int hi = hex_value(s.p[i + 1]), lo = hex_value(s.p[i + 2]);
    return hi < 0 || lo < 0 ? -1 : hi * 16 + lo;
}

/* Encoded bytes a path may not hold: controls, and the separators of some system. */
static bool
is_escape_refused(int byte)
{
    return byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\';
}

/* raw holds PARSE_PATH bytes only. */
static int
path_decode(struct str raw, uint8_t *out, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        int byte = c == '%' ? escaped(raw, i) : 'a';
        if (is_escape_refused(byte)) {
            return 400;
        }
        out[n++] = c == '%' ? (uint8_t)byte : (uint8_t)c;
        i += c == '%' ? 2 : 0;
    }
    *ret_n = n;
    return 0;
}

/* Every segment has a name, except that the path may end in '/'. */
static bool
segments_are_plain(struct str path)
{
    struct str rest = str_slice(path, 1, path.n), part;
    while (rest.n != 0 && str_next(&rest, '/', &part)) {
        if (part.n == 0 || str_eq(part, STR(".")) || str_eq(part, STR(".."))) {
            return false;
        }
    }
    return true;
}

static bool
query_is_plain(struct str query)
{
    for (size_t i = 0; i < query.n; i++) {
        if (!parse_is(query.p[i], PARSE_QUERY)) {
            return false;
        }
        if (query.p[i] == '%' && escaped(query, i) <= 0) { /* malformed, or NUL */
            return false;
        }
    }
    return true;
}

int
parse_target(struct str target, struct http_request *rq)
{
    struct str raw, query;
    if (!str_cut(target, '?', &raw, &query)) {
        query = STR("");
    }
    if (!parse_all(raw, PARSE_PATH) || raw.p[0] != '/' || !query_is_plain(query)) {
        return 400;
    }
    rq->query = query;
    if (str_find_char(raw, '%') == raw.n) {
        rq->path = raw; /* the usual case needs no copy */
        return segments_are_plain(raw) ? 0 : 400;
    }
    uint8_t *out = arena_alloc(rq->arena, raw.n);
    size_t n = 0;
    int status = path_decode(raw, out, &n);
    if (status != 0) {
        return status;
    }
    rq->path = (struct str){ (const char *)out, n };
    return str_is_utf8(rq->path) && segments_are_plain(rq->path) ? 0 : 400;
}

struct str
parse_asked(struct str bytes)
{
    size_t from = str_find_char(bytes, ' ') + 1;
    size_t to = from;
    while (to < bytes.n && to - from < PARSE_TARGET_MAX && bytes.p[to] > ' ' &&
           bytes.p[to] < 0x7f && bytes.p[to] != '?') {
        to++;
    }
    return from < to && bytes.p[from] == '/' ? str_slice(bytes, from, to) : STR("");
}
