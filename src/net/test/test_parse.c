/* The parser alone: what it makes of good messages, and that pieces and wholes mean the same. */
#include "net/parse.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define H "Host: x\r\n"

/* Scans in pieces of the given size, then parses. -1: more bytes are needed; else parse_head's
 * verdict. */
static int
head_status(struct arena *a, struct str s, size_t piece, struct http_request *rq,
            struct parse_head *head)
{
    struct parse_scan scan = { 0 };
    size_t head_n = 0;
    *rq = (struct http_request){ .arena = a };
    for (size_t n = 0; n < s.n;) {
        n = n + piece < s.n ? n + piece : s.n;
        enum parse_state state = parse_scan(&scan, s.p, n, &head_n);
        if (state == PARSE_BAD) {
            return 400;
        }
        if (state == PARSE_DONE) {
            return parse_head((struct str){ s.p, head_n }, rq, head);
        }
    }
    return -1;
}

static const struct {
    const char *head, *path, *query;
    enum http_method method;
} good[] = {
    { "GET / HTTP/1.1\r\n" H "\r\n", "/", "", HTTP_GET },
    { "HEAD /a/b/ HTTP/1.1\r\n" H "\r\n", "/a/b/", "", HTTP_HEAD },
    { "POST /a?b=c&d=%20e HTTP/1.1\r\n" H "\r\n", "/a", "b=c&d=%20e", HTTP_POST },
    { "PUT /a? HTTP/1.1\r\n" H "\r\n", "/a", "", HTTP_PUT },
    { "PATCH /a?x=/../y HTTP/1.1\r\n" H "\r\n", "/a", "x=/../y", HTTP_PATCH },
    { "DELETE /a..b/...c HTTP/1.1\r\n" H "\r\n", "/a..b/...c", "", HTTP_DELETE },
    { "GET /%C4%91%c4%83ng-k%C3%BD HTTP/1.1\r\n" H "\r\n", "/đăng-ký", "", HTTP_GET },
    { "GET /100%25 HTTP/1.1\r\n" H "\r\n", "/100%", "", HTTP_GET },
    { "GET /%252e%252e/ HTTP/1.1\r\n" H "\r\n", "/%2e%2e/", "",
      HTTP_GET }, /* decoded once, not twice */
    { "GET /?q={a}|b^`[c] HTTP/1.1\r\n" H "\r\n", "/", "q={a}|b^`[c]", HTTP_GET },
    { "GET /a;b=c,d!e$f'(g)*+:@ HTTP/1.1\r\n" H "\r\n", "/a;b=c,d!e$f'(g)*+:@", "", HTTP_GET },
    { "GET https://x/a HTTP/1.1\r\n" H "\r\n", "/a", "", HTTP_GET },
    { "GET http://X HTTP/1.1\r\n" H "\r\n", "/", "", HTTP_GET },
    { "OPTIONS * HTTP/1.1\r\n" H "\r\n", "*", "", HTTP_OPTIONS },
};

static void
test_parse_head_good_in_any_pieces_is_read(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct http_request *rq = ARENA_NEW(a, struct http_request);
    struct parse_head head;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct str s = str_of(good[i].head);
        for (size_t piece = 1; piece <= s.n; piece++) {
            assert_int_equal(head_status(a, s, piece, rq, &head), 0);
            assert_true(str_eq(rq->path, str_of(good[i].path)));
            assert_true(str_eq(rq->query, str_of(good[i].query)));
            assert_int_equal(rq->method, good[i].method);
        }
        for (size_t n = 0; n < s.n; n++) { /* no beginning of a message is a message */
            assert_int_equal(head_status(a, str_slice(s, 0, n), 1, rq, &head), -1);
        }
    }
    arena_close(a);
}

static void
test_parse_head_fields_are_found(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct http_request *rq = ARENA_NEW(a, struct http_request);
    struct parse_head head;
    struct str s =
        STR("POST /a HTTP/1.1\r\nHOST:x:8080\r\nX-Empty:\r\nX-Name: \t a b \t\r\nx-name: second\r\n"
            "Connection: keep-alive, CLOSE\r\nExpect: 100-Continue\r\nContent-Length: 007\r\n\r\n");
    assert_int_equal(head_status(a, s, s.n, rq, &head), 0);
    assert_int_equal(rq->n_headers, 7);
    assert_true(str_eq(http_header_get(rq, STR("host")), STR("x:8080")));
    assert_true(str_eq(http_header_get(rq, STR("X-NAME")), STR("a b")));
    assert_non_null(http_header_get(rq, STR("x-empty")).p);
    assert_null(http_header_get(rq, STR("x-other")).p);
    assert_int_equal(head.framing, PARSE_LENGTH);
    assert_int_equal(head.length, 7);
    assert_true(head.is_close && head.expects_continue);
    arena_close(a);
}

static void
test_parse_is_host_table(void **state)
{
    (void)state;
    static const char *const yes[] = { "x",     "a.b-c_d",   "localhost:8080", "127.0.0.1:1",
                                       "[::1]", "[::1]:443", "x:65535" };
    static const char *const no[] = { "",       ":80",    "x:",  "x:0", "x:65536", "x:+1",
                                      "x y",    "x/y",    "a@x", "[]",  "[::1",    "::1",
                                      "[::1]x", "[::1]:", "x]",  "a,b", "x:1:2",   "\xc3\xa1" };
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        assert_true(parse_is_host(str_of(yes[i])));
    }
    for (size_t i = 0; i < COUNT_OF(no); i++) {
        assert_false(parse_is_host(str_of(no[i])));
    }
}

/* Feeds a body in pieces; *ret_data collects the content. */
static enum parse_state
body_feed(struct arena *a, struct parse_body body, struct str s, size_t piece, struct str *ret_data,
          size_t *ret_used)
{
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0, at = 0, known = 0;
    enum parse_state state = PARSE_MORE;
    while (state == PARSE_MORE && (known < s.n || at < known)) {
        known = at == known ? (known + piece < s.n ? known + piece : s.n) : known;
        size_t used = 0;
        struct str data;
        state = parse_body(&body, s.p + at, known - at, &used, &data);
        if (state == PARSE_BAD) {
            break;
        }
        memcpy(out + n, data.p, data.n);
        n += data.n;
        at += used;
    }
    *ret_data = (struct str){ out, n };
    *ret_used = at;
    return state;
}

static const struct {
    struct str bytes;
    const char *content;
    enum parse_state state;
} bodies[] = {
    { STR_INIT("0\r\n\r\n"), "", PARSE_DONE },
    { STR_INIT("3\r\nabc\r\n0\r\n\r\n"), "abc", PARSE_DONE },
    { STR_INIT("3\r\nabc\r\n2\r\n\r\n\r\n0\r\n\r\n"), "abc\r\n", PARSE_DONE },
    { STR_INIT("A\r\n0123456789\r\n00a\r\nabcdefghij\r\n000\r\n\r\n"), "0123456789abcdefghij",
      PARSE_DONE },
    { STR_INIT("1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\n"), "a", PARSE_DONE },
    { STR_INIT("3\r\nabc\r\n0\r\n"), "abc", PARSE_MORE },
    { STR_INIT("3\r\nab"), "ab", PARSE_MORE },
    { STR_INIT("g\r\n"), "", PARSE_BAD },
    { STR_INIT("3\rabc\r\n0\r\n\r\n"), "", PARSE_BAD },
    { STR_INIT("1000000000000000\r\n"), "", PARSE_BAD },
    { STR_INIT("0\r\n\r\r\n"), "", PARSE_BAD },
    { STR_INIT("0\r\n\n"), "", PARSE_BAD },
};

static void
test_parse_body_chunks_in_any_pieces_are_read(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        for (size_t piece = 1; piece <= bodies[i].bytes.n; piece++) {
            struct str data;
            size_t used = 0;
            struct parse_body body = { .framing = PARSE_CHUNKED };
            assert_int_equal(body_feed(a, body, bodies[i].bytes, piece, &data, &used),
                             bodies[i].state);
            assert_true(bodies[i].state == PARSE_BAD || str_eq(data, str_of(bodies[i].content)));
            assert_true(bodies[i].state != PARSE_DONE || used == bodies[i].bytes.n);
        }
    }
    arena_close(a);
}

static void
test_parse_body_stops_at_its_end(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str data;
    size_t used = 0;
    struct parse_body chunked = { .framing = PARSE_CHUNKED };
    assert_int_equal(body_feed(a, chunked, STR("1\r\na\r\n0\r\n\r\nGET /"), 100, &data, &used),
                     PARSE_DONE);
    assert_int_equal(used, 11);
    struct parse_body length = { .framing = PARSE_LENGTH, .left = 3 };
    assert_int_equal(body_feed(a, length, STR("abcGET /"), 2, &data, &used), PARSE_DONE);
    assert_int_equal(used, 3);
    assert_true(str_eq(data, STR("abc")));
    arena_close(a);
}

static void
test_parse_body_long_trailer_is_bad(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str data, body = STR("0\r\n");
    size_t used = 0;
    for (int i = 0; i < 1000; i++) {
        body = str_cat(a, body, STR("A: b\r\n"));
    }
    struct parse_body chunked = { .framing = PARSE_CHUNKED };
    assert_int_equal(body_feed(a, chunked, body, 50, &data, &used), PARSE_BAD);
    arena_close(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_head_good_in_any_pieces_is_read),
        cmocka_unit_test(test_parse_head_fields_are_found),
        cmocka_unit_test(test_parse_is_host_table),
        cmocka_unit_test(test_parse_body_chunks_in_any_pieces_are_read),
        cmocka_unit_test(test_parse_body_stops_at_its_end),
        cmocka_unit_test(test_parse_body_long_trailer_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
