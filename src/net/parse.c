/* parse.c: where a head ends, and the request line, fields and framing inside it. */
#include "net/parse.h"

#define T PARSE_TOKEN
#define P PARSE_PATH
#define Q PARSE_QUERY
#define H PARSE_HOST
#define V PARSE_VALUE
/* clang-format off */
const uint8_t parse_class[256] = {
    ['\t'] = V, [' '] = V, ['!'] = T|P|Q|V, ['"'] = V, ['#'] = T|V, ['$'] = T|P|Q|V, ['%'] = T|P|Q|V,
    ['&'] = T|P|Q|V, ['\''] = T|P|Q|V, ['('] = P|Q|V, [')'] = P|Q|V, ['*'] = T|P|Q|V, ['+'] = T|P|Q|V,
    [','] = P|Q|V, ['-'] = T|P|Q|H|V, ['.'] = T|P|Q|H|V, ['/'] = P|Q|V, ['0' ... '9'] = T|P|Q|H|V,
    [':'] = P|Q|H|V, [';'] = P|Q|V, ['<'] = V, ['='] = P|Q|V, ['>'] = V, ['?'] = Q|V, ['@'] = P|Q|V,
    ['A' ... 'Z'] = T|P|Q|H|V, ['['] = Q|H|V, ['\\'] = Q|V, [']'] = Q|H|V, ['^'] = T|Q|V,
    ['_'] = T|P|Q|H|V, ['`'] = T|Q|V, ['a' ... 'z'] = T|P|Q|H|V, ['{'] = Q|V, ['|'] = T|Q|V,
    ['}'] = Q|V, ['~'] = T|P|Q|V, [0x80 ... 0xff] = V,
};
/* clang-format on */
#undef T
#undef P
#undef Q
#undef H
#undef V

/* One byte that ends or may end a line: a CR stands before an LF and nowhere else, and the reverse.
 */
static enum parse_state
scan_line_end(struct parse_scan *scan, char c, bool is_after_cr)
{
    if (c == '\r' && !is_after_cr) {
        scan->line_n++;
        return PARSE_MORE;
    }
    if (c != '\n' || !is_after_cr) {
        return PARSE_BAD;
    }
    if (scan->line_n == 1) { /* an empty line: the end, or noise before a request */
        return scan->has_line ? PARSE_DONE : PARSE_BAD;
    }
    scan->has_line = true;
    scan->line_n = 0;
    return PARSE_MORE;
}

enum parse_state
parse_scan(struct parse_scan *scan, const char *p, size_t n, size_t *ret_head_n)
{
    enum parse_state state = PARSE_MORE;
    while (scan->at < n && state == PARSE_MORE) {
        char c = p[scan->at];
        bool is_after_cr = scan->line_n > 0 && p[scan->at - 1] == '\r';
        size_t run = str_visible_n((struct str){ p + scan->at, n - scan->at });
        run = run == 0 && parse_is(c, PARSE_VALUE) ? 1 : run;
        if (run == 0) {
            state = scan_line_end(scan, c, is_after_cr);
            scan->at++;
        } else if (is_after_cr) {
            return PARSE_BAD;
        } else {
            scan->line_n += run;
            scan->at += run;
        }
    }
    if (state == PARSE_DONE) {
        *ret_head_n = scan->at;
    }
    return state;
}

bool
parse_all(struct str s, enum parse_byte kind)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!parse_is(s.p[i], kind)) {
            return false;
        }
    }
    return s.n != 0;
}

bool
parse_is_host(struct str s)
{
    if (!parse_all(s, PARSE_HOST) || s.n > 255) {
        return false;
    }
    struct str host, port;
    if (s.p[0] ==
        '[') { /* IPv6 address; its inside is never used, only its characters are checked */
        size_t close = str_find_char(s, ']');
        if (close == s.n || close < 3) {
            return false;
        }
        host = str_slice(s, 1, close);
        port = str_slice(s, close + 1, s.n);
        if (port.n != 0 && port.p[0] != ':') {
            return false;
        }
        port = port.n == 0 ? STR_NULL : str_slice(port, 1, port.n);
    } else if (!str_cut(s, ':', &host, &port)) {
        port = STR_NULL;
    } else if (str_has_char(port, ':')) {
        return false;
    }
    int64_t number = 0;
    bool is_port =
        port.p == NULL || (port.n <= 5 && port.p[0] != '-' && str_to_i64(port, 1, 65535, &number));
    return is_port && host.n != 0 && !str_has_char(host, '[') && !str_has_char(host, ']');
}

static const struct {
    struct str name;
    enum http_method method;
} methods[] = {
    { STR_INIT("GET"), HTTP_GET },         { STR_INIT("HEAD"), HTTP_HEAD },
    { STR_INIT("POST"), HTTP_POST },       { STR_INIT("PUT"), HTTP_PUT },
    { STR_INIT("PATCH"), HTTP_PATCH },     { STR_INIT("DELETE"), HTTP_DELETE },
    { STR_INIT("OPTIONS"), HTTP_OPTIONS },
};

static enum http_method
method_of(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        if (str_eq(name, methods[i].name)) {
            return methods[i].method;
        }
    }
    return HTTP_OTHER;
}

/* "HTTP/1.1" is served; another well-formed version is 505, anything else 400. */
static int
version_check(struct str v)
{
    if (str_eq(v, STR("HTTP/1.1"))) {
        return 0;
    }
    bool is_version = v.n == 8 && str_starts(v, STR("HTTP/")) && v.p[5] >= '0' && v.p[5] <= '9' &&
                      v.p[6] == '.' && v.p[7] >= '0' && v.p[7] <= '9';
    return is_version ? 505 : 400;
}

/* method SP target SP version, exactly. */
static int
line_parse(struct str line, struct http_request *rq)
{
    struct str rest, version;
    if (!str_cut(line, ' ', &rq->method_name, &rest) ||
        !str_cut(rest, ' ', &rq->target, &version)) {
        return 400;
    }
    if (!parse_all(rq->method_name, PARSE_TOKEN) || rq->method_name.n > 32 || rq->target.n == 0) {
        return 400;
    }
    int status = version_check(version);
    if (status != 0) {
        return status;
    }
    rq->method = method_of(rq->method_name);
    if (rq->method == HTTP_OTHER) {
        return 501;
    }
    return rq->target.n > PARSE_TARGET_MAX ? 414 : 0;
}

/* One field line. No folding, no space around the name, no control characters (scan saw to those).
 */
static int
field_parse(struct str line, struct http_header *ret)
{
    struct str name, value;
    if (!str_cut(line, ':', &name, &value) || !parse_all(name, PARSE_TOKEN)) {
        return 400;
    }
    ret->name = name;
    ret->value = str_trim(value);
    if (ret->value.p == NULL) {
        ret->value = STR("");
    }
    return 0;
}

/* Fields the server itself acts on; each may come once. */
enum { ONE_HOST, ONE_LENGTH, ONE_CODING, ONE_EXPECT, ONE_TYPE, ONE_AUTH, ONE_RANGE, ONE_COUNT };
static const struct str one_names[ONE_COUNT] = {
    [ONE_HOST] = STR_INIT("Host"),
    [ONE_LENGTH] = STR_INIT("Content-Length"),
    [ONE_CODING] = STR_INIT("Transfer-Encoding"),
    [ONE_EXPECT] = STR_INIT("Expect"),
    [ONE_TYPE] = STR_INIT("Content-Type"),
    [ONE_AUTH] = STR_INIT("Authorization"),
    [ONE_RANGE] = STR_INIT("Range"),
};

/* Remembers a field that may come once. False when it comes again. */
static bool
one_note(struct str *ones, const struct http_header *h)
{
    for (size_t i = 0; i < ONE_COUNT; i++) {
        if (h->name.n != one_names[i].n || !str_eq_nocase(h->name, one_names[i])) {
            continue;
        }
        if (ones[i].p != NULL) {
            return false;
        }
        ones[i] = h->value;
    }
    return true;
}

static void
connection_note(struct str value, struct parse_head *ret)
{
    struct str part;
    while (str_next(&value, ',', &part)) {
        if (str_eq_nocase(str_trim(part), STR("close"))) {
            ret->is_close = true;
        }
    }
}

/* RFC 9112 6: one way to say where the body ends, or none. */
static int
framing_check(const struct str *ones, const struct http_request *rq, struct parse_head *ret)
{
    struct str length = ones[ONE_LENGTH], coding = ones[ONE_CODING];
    if (length.p != NULL && coding.p != NULL) {
        return 400;
    }
    if (coding.p != NULL) {
        if (!str_eq_nocase(coding, STR("chunked"))) {
            return 501;
        }
        ret->framing = PARSE_CHUNKED;
    }
    if (length.p != NULL) {
        int64_t n = 0;
        /* digits only: no sign, no list, and at most 18 of them */
        if (length.n == 0 || length.n > 18 || length.p[0] < '0' || length.p[0] > '9' ||
            !str_to_i64(length, 0, INT64_MAX, &n)) {
            return 400;
        }
        ret->framing = n == 0 ? PARSE_NO_BODY : PARSE_LENGTH;
        ret->length = (uint64_t)n;
    }
    bool is_bodiless = rq->method == HTTP_GET || rq->method == HTTP_HEAD;
    return is_bodiless && ret->framing != PARSE_NO_BODY ? 400 : 0;
}

/* Brings absolute-form to origin-form; its authority must be the Host. RFC 9112 3.2. */
static int
target_form(struct str host, struct http_request *rq, struct parse_head *ret)
{
    struct str target = rq->target;
    if (target.p[0] == '/') {
        return parse_target(target, rq);
    }
    if (rq->method == HTTP_OPTIONS && str_eq(target, STR("*"))) {
        ret->is_asterisk = true;
        rq->path = target;
        rq->query = STR("");
        return 0;
    }
    struct str rest = STR_NULL;
    if (target.n > 7 && str_eq_nocase(str_slice(target, 0, 7), STR("http://"))) {
        rest = str_slice(target, 7, target.n);
    } else if (target.n > 8 && str_eq_nocase(str_slice(target, 0, 8), STR("https://"))) {
        rest = str_slice(target, 8, target.n);
    }
    size_t slash = rest.p == NULL ? 0 : str_find_char(rest, '/');
    if (slash == 0 || !str_eq_nocase(str_slice(rest, 0, slash), host)) {
        return 400;
    }
    return parse_target(slash == rest.n ? STR("/") : str_slice(rest, slash, rest.n), rq);
}

static int
expect_check(struct str expect, struct parse_head *ret)
{
    if (expect.p != NULL && !str_eq_nocase(expect, STR("100-continue"))) {
        return 417;
    }
    ret->expects_continue = expect.p != NULL;
    return 0;
}

static int
fields_parse(struct str rest, struct str *ones, struct http_request *rq, struct parse_head *ret)
{
    while (rest.n > 2) {
        size_t end = str_find_char(rest, '\r');
        if (rq->n_headers == HTTP_HEADERS_MAX) {
            return 431;
        }
        struct http_header *h = &rq->headers[rq->n_headers];
        int status = field_parse(str_slice(rest, 0, end), h);
        if (status != 0) {
            return status;
        }
        if (!one_note(ones, h)) {
            return 400;
        }
        if (h->name.n == 10 && str_eq_nocase(h->name, STR("Connection"))) {
            connection_note(h->value, ret);
        }
        rq->n_headers++;
        rest = str_slice(rest, end + 2, rest.n);
    }
    return 0;
}

int
parse_head(struct str head, struct http_request *rq, struct parse_head *ret)
{
    *ret = (struct parse_head){ 0 };
    rq->n_headers = 0;
    size_t end = str_find_char(head, '\r');
    int status = line_parse(str_slice(head, 0, end), rq);
    if (status != 0) {
        return status;
    }
    struct str ones[ONE_COUNT] = { 0 };
    status = fields_parse(str_slice(head, end + 2, head.n), ones, rq, ret);
    if (status != 0) {
        return status;
    }
    if (ones[ONE_HOST].p == NULL || !parse_is_host(ones[ONE_HOST])) {
        return 400;
    }
    status = target_form(ones[ONE_HOST], rq, ret);
    if (status == 0) {
        status = framing_check(ones, rq, ret);
    }
    return status == 0 ? expect_check(ones[ONE_EXPECT], ret) : status;
}
