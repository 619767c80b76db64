/* Messages that a careless reader would misunderstand, each with the one verdict we give: the
 * status of the refusal, CLOSED for a message that never became whole, or 200 for controls. Every
 * message is sent to a live server, whole and, on another connection, one byte at a time; and the
 * server must not find a second request in any of them. */
#include "net/test/peer.h"

enum { CLOSED = 0 };

#define H       "Host: x\r\n"
#define LINE    "GET /fast HTTP/1.1\r\n"
#define POST    "POST /echo HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define M(bytes)                                                                                   \
    {                                                                                              \
        "" bytes, sizeof(bytes) - 1                                                                \
    }

static const struct {
    const char *what;
    struct str bytes;
    int verdict;
} messages[] = {
    /* controls */
    { "plain", M(LINE H "\r\n"), 200 },
    { "absolute form of our host", M("GET http://x/fast HTTP/1.1\r\n" H "\r\n"), 200 },
    { "encoded letter", M("GET /f%61st HTTP/1.1\r\n" H "\r\n"), 200 },
    { "chunked body", M(CHUNKED "3\r\nabc\r\n0\r\n\r\n"), 200 },
    { "chunked body with trailer", M(CHUNKED "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"), 200 },
    { "options asterisk", M("OPTIONS * HTTP/1.1\r\n" H "\r\n"), 204 },
    /* line ends and control characters */
    { "bare LF after request line", M("GET /fast HTTP/1.1\nHost: x\r\n\r\n"), 400 },
    { "bare LF after field", M(LINE "Host: x\n\r\n"), 400 },
    { "bare LF as end", M(LINE H "\n"), 400 },
    { "bare CR in field", M(LINE H "A: b\rc\r\n\r\n"), 400 },
    { "two CR", M(LINE H "A: b\r\r\n\r\n"), 400 },
    { "NUL in field", M(LINE H "A: b\0c\r\n\r\n"), 400 },
    { "NUL in target", M("GET /f\0ast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "DEL in field", M(LINE H "A: b\x7f\r\n\r\n"), 400 },
    { "escape character in field", M(LINE H "A: \x1b[0m\r\n\r\n"), 400 },
    { "empty line first", M("\r\n" LINE H "\r\n"), 400 },
    { "TLS greeting on a plain port", M("\x16\x03\x01\x02\x00\x01\x00\x01"), 400 },
    { "HTTP/2 preface", M("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505 },
    /* request line */
    { "two spaces after method", M("GET  /fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "two spaces before version", M("GET /fast  HTTP/1.1\r\n" H "\r\n"), 400 },
    { "space at end of line", M("GET /fast HTTP/1.1 \r\n" H "\r\n"), 400 },
    { "tab as separator", M("GET\t/fast\tHTTP/1.1\r\n" H "\r\n"), 400 },
    { "space first", M(" GET /fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "no version", M("GET /fast\r\n" H "\r\n"), 400 },
    { "lower case version", M("GET /fast http/1.1\r\n" H "\r\n"), 400 },
    { "version 1.0", M("GET /fast HTTP/1.0\r\n" H "\r\n"), 505 },
    { "version 1.2", M("GET /fast HTTP/1.2\r\n" H "\r\n"), 505 },
    { "version 3.0", M("GET /fast HTTP/3.0\r\n" H "\r\n"), 505 },
    { "version with two digits", M("GET /fast HTTP/1.10\r\n" H "\r\n"), 400 },
    { "version 1.1 misspelt", M("GET /fast HTTP/1,1\r\n" H "\r\n"), 400 },
    { "lower case method", M("get /fast HTTP/1.1\r\n" H "\r\n"), 501 },
    { "unknown method", M("BREW /fast HTTP/1.1\r\n" H "\r\n"), 501 },
    { "TRACE", M("TRACE /fast HTTP/1.1\r\n" H "\r\n"), 501 },
    { "CONNECT", M("CONNECT x:443 HTTP/1.1\r\n" H "\r\n"), 501 },
    { "method with bad character", M("G(T /fast HTTP/1.1\r\n" H "\r\n"), 400 },
    /* target */
    { "relative target", M("GET fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "asterisk with GET", M("GET * HTTP/1.1\r\n" H "\r\n"), 400 },
    { "absolute form of another host", M("GET http://y/fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "absolute form with user", M("GET http://a@x/fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "absolute form of another scheme", M("GET ftp://x/fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "absolute form without host", M("GET http:///fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "dot dot", M("GET /a/../fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "dot dot at end", M("GET /a/.. HTTP/1.1\r\n" H "\r\n"), 400 },
    { "encoded dot dot", M("GET /a/%2e%2E/fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "single dot", M("GET /./fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "double slash", M("GET //fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "encoded slash", M("GET /a%2ffast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "encoded backslash", M("GET /a%5Cfast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "backslash", M("GET /a\\fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "encoded NUL", M("GET /fast%00 HTTP/1.1\r\n" H "\r\n"), 400 },
    { "encoded line feed", M("GET /fast%0a HTTP/1.1\r\n" H "\r\n"), 400 },
    { "half an escape", M("GET /fast%2 HTTP/1.1\r\n" H "\r\n"), 400 },
    { "escape that is none", M("GET /fast%zz HTTP/1.1\r\n" H "\r\n"), 400 },
    { "bad escape in query", M("GET /fast?a=%g1 HTTP/1.1\r\n" H "\r\n"), 400 },
    { "NUL in query", M("GET /fast?a=%00 HTTP/1.1\r\n" H "\r\n"), 400 },
    { "fragment", M("GET /fast#x HTTP/1.1\r\n" H "\r\n"), 400 },
    { "raw UTF-8 in path", M("GET /\xc3\xa1 HTTP/1.1\r\n" H "\r\n"), 400 },
    { "overlong UTF-8", M("GET /%c0%ae%c0%ae/fast HTTP/1.1\r\n" H "\r\n"), 400 },
    { "broken UTF-8", M("GET /%ff HTTP/1.1\r\n" H "\r\n"), 400 },
    { "angle bracket in path", M("GET /<script> HTTP/1.1\r\n" H "\r\n"), 400 },
    /* Host */
    { "no Host", M(LINE "\r\n"), 400 },
    { "two Hosts", M(LINE H H "\r\n"), 400 },
    { "empty Host", M(LINE "Host:\r\n\r\n"), 400 },
    { "Host with path", M(LINE "Host: x/y\r\n\r\n"), 400 },
    { "Host with user", M(LINE "Host: a@x\r\n\r\n"), 400 },
    { "Host list", M(LINE "Host: x, y\r\n\r\n"), 400 },
    { "Host with space", M(LINE "Host: x y\r\n\r\n"), 400 },
    { "Host with bad port", M(LINE "Host: x:99999\r\n\r\n"), 400 },
    { "Host with signed port", M(LINE "Host: x:-1\r\n\r\n"), 400 },
    { "Host with open bracket", M(LINE "Host: [::1\r\n\r\n"), 400 },
    /* fields */
    { "space before colon", M(LINE "Host : x\r\n\r\n"), 400 },
    { "tab before colon", M(LINE H "A\t: x\r\n\r\n"), 400 },
    { "no colon", M(LINE H "nonsense\r\n\r\n"), 400 },
    { "empty name", M(LINE H ": x\r\n\r\n"), 400 },
    { "folded field", M(LINE H "A: b\r\n c\r\n\r\n"), 400 },
    { "folded with tab", M(LINE H "A: b\r\n\tc\r\n\r\n"), 400 },
    { "space before first field", M(LINE " Host: x\r\n\r\n"), 400 },
    { "bracket in name", M(LINE H "A[]: x\r\n\r\n"), 400 },
    { "UTF-8 in name", M(LINE H "\xc3\xa1: x\r\n\r\n"), 400 },
    { "two Authorization", M(LINE H "Authorization: a\r\nAuthorization: b\r\n\r\n"), 400 },
    { "two Content-Type",
      M(POST "Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n\r\n"), 400 },
    { "unknown expectation", M(POST "Expect: coffee\r\nContent-Length: 1\r\n\r\na"), 417 },
    /* framing */
    { "length and chunked",
      M(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400 },
    { "chunked and length",
      M(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), 400 },
    { "two equal lengths", M(POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"), 400 },
    { "two lengths", M(POST "Content-Length: 1\r\nContent-Length: 40\r\n\r\na"), 400 },
    { "list of lengths", M(POST "Content-Length: 1, 1\r\n\r\na"), 400 },
    { "signed length", M(POST "Content-Length: +1\r\n\r\na"), 400 },
    { "negative length", M(POST "Content-Length: -1\r\n\r\na"), 400 },
    { "hexadecimal length", M(POST "Content-Length: 0x1\r\n\r\na"), 400 },
    { "empty length", M(POST "Content-Length:\r\n\r\na"), 400 },
    { "length with space inside", M(POST "Content-Length: 1 1\r\n\r\na"), 400 },
    { "huge length", M(POST "Content-Length: 99999999999999999999\r\n\r\na"), 400 },
    { "length beyond the limit", M(POST "Content-Length: 999999999\r\n\r\na"), 413 },
    { "unknown coding", M(POST "Transfer-Encoding: gzip\r\n\r\n"), 501 },
    { "chunked not last", M(POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), 501 },
    { "coding list", M(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501 },
    { "chunked twice in a list", M(POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
      501 },
    { "coding with vertical tab",
      M(POST "Transfer-Encoding: \x0b"
             "chunked\r\n\r\n0\r\n\r\n"),
      400 },
    { "two codings",
      M(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"), 400 },
    { "identity", M(POST "Transfer-Encoding: identity\r\n\r\n"), 501 },
    { "quoted chunked", M(POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), 501 },
    { "GET with body", M(LINE H "Content-Length: 5\r\n\r\nGET /"), 400 },
    { "GET with chunks", M(LINE H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400 },
    { "HEAD with body", M("HEAD /fast HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\na"), 400 },
    /* chunks */
    { "chunk size missing", M(CHUNKED "\r\nabc\r\n0\r\n\r\n"), 400 },
    { "chunk size with 0x", M(CHUNKED "0x3\r\nabc\r\n0\r\n\r\n"), 400 },
    { "chunk size signed", M(CHUNKED "+3\r\nabc\r\n0\r\n\r\n"), 400 },
    { "chunk size with space", M(CHUNKED "3 \r\nabc\r\n0\r\n\r\n"), 400 },
    { "chunk size after space", M(CHUNKED " 3\r\nabc\r\n0\r\n\r\n"), 400 },
    { "chunk size ended by LF", M(CHUNKED "3\nabc\r\n0\r\n\r\n"), 400 },
    { "chunk size beyond 64 bits", M(CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n"), 400 },
    { "chunk extension", M(CHUNKED "3;a=b\r\nabc\r\n0\r\n\r\n"), 400 },
    { "chunk longer than said", M(CHUNKED "3\r\nabcd\r\n0\r\n\r\n"), 400 },
    { "chunk shorter than said", M(CHUNKED "4\r\nabc\r\n0\r\n\r\n"), 400 },
    { "chunk ended by LF", M(CHUNKED "3\r\nabc\n0\r\n\r\n"), 400 },
    { "chunk beyond the limit", M(CHUNKED "fffffff\r\nabc"), CLOSED },
    { "trailer without colon", M(CHUNKED "0\r\nnonsense\r\n\r\n"), 400 },
    { "trailer with space before colon", M(CHUNKED "0\r\nA : b\r\n\r\n"), 400 },
    { "trailer folded", M(CHUNKED "0\r\nA: b\r\n c\r\n\r\n"), 400 },
    { "trailer with NUL", M(CHUNKED "0\r\nA: b\0\r\n\r\n"), 400 },
    /* never whole */
    { "nothing", M(""), CLOSED },
    { "half a request line", M("GET /fa"), CLOSED },
    { "half a head", M(LINE "Host: x\r\n"), CLOSED },
    { "half a body", M(POST "Content-Length: 10\r\n\r\nabc"), CLOSED },
    { "half a chunk", M(CHUNKED "a\r\nabc"), CLOSED },
    { "chunks without end", M(CHUNKED "3\r\nabc\r\n"), CLOSED },
};

static size_t
count_answers(struct str all)
{
    size_t n = 0;
    while (all.n != 0) {
        size_t at = str_find(all, STR("HTTP/1.1 "));
        n += at == all.n ? 0 : 1;
        all = str_slice(all, at == all.n ? at : at + 9, all.n);
    }
    return n;
}

static int
verdict_of(struct bench *b, struct str bytes, bool is_slow)
{
    int fd = bench_peer(b);
    for (size_t i = 0; is_slow && i < bytes.n; i++) {
        if (!peer_send(fd, str_slice(bytes, i, i + 1))) {
            break;
        }
    }
    if (!is_slow) {
        assert_true(peer_send(fd, bytes));
    }
    (void)shutdown(fd, SHUT_WR);
    struct arena *a = arena_open(0);
    struct str all = peer_rest(a, fd, 1U << 16);
    int64_t status = 0;
    if (all.n >= 12) {
        assert_true(str_to_i64(str_slice(all, 9, 12), 100, 599, &status));
    }
    assert_true(count_answers(all) <= 1);
    arena_close(a);
    (void)close(fd);
    return (int)status;
}

static void
hostile_run(bool is_slow)
{
    struct bench *b = bench_start(bench_new());
    size_t wrong = 0;
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        int verdict = verdict_of(b, messages[i].bytes, is_slow);
        if (verdict != messages[i].verdict) {
            print_error("%s: %d instead of %d\n", messages[i].what, verdict, messages[i].verdict);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
    assert_true(COUNT_OF(messages) >= 100);
    bench_end(b);
}

static void
test_server_hostile_whole_is_refused(void **state)
{
    (void)state;
    hostile_run(false);
}

static void
test_server_hostile_byte_by_byte_is_refused(void **state)
{
    (void)state;
    hostile_run(true);
}

/* A refused message ends the connection: what follows it is never read as a request. */
static void
test_server_refused_then_request_is_not_served(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    assert_true(peer_send(fd, STR(CHUNKED "3;x\r\nabc\r\n0\r\n\r\n" LINE H "\r\n")));
    struct str all = peer_rest(b->arena, fd, 1U << 16);
    assert_int_equal(count_answers(all), 1);
    assert_true(str_starts(all, STR("HTTP/1.1 400 ")));
    assert_true(str_find(all, STR("Connection: close\r\n")) != all.n);
    (void)close(fd);
    bench_end(b);
}

/* Sizes: target, head, number of fields. */
static void
size_is(struct bench *b, const char *begin, char fill, size_t n, int status)
{
    int fd = bench_peer(b);
    char *p = arena_alloc(b->arena, n);
    memset(p, fill, n);
    (void)peer_send(fd, str_of(begin));
    (void)peer_send(fd, (struct str){ p, n });
    (void)shutdown(fd, SHUT_WR);
    assert_int_equal(peer_answer(b->arena, fd, false).status, status);
    (void)close(fd);
}

static void
test_server_oversize_head_is_refused(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    size_is(b, "GET /", 'a', 9000, 414);
    size_is(b, "GET /", 'a', 40000, 414);
    size_is(b, "AAAA", 'A', 40000, 414);
    size_is(b, LINE H "A: ", 'a', 40000, 431);
    int fd = bench_peer(b);
    assert_true(peer_send(fd, STR(LINE H)));
    for (int i = 0; i < HTTP_HEADERS_MAX; i++) {
        assert_true(peer_send(fd, STR("A: b\r\n")));
    }
    assert_true(peer_send(fd, STR("\r\n")));
    assert_int_equal(peer_answer(b->arena, fd, false).status, 431);
    (void)close(fd);
    bench_end(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_hostile_whole_is_refused),
        cmocka_unit_test(test_server_hostile_byte_by_byte_is_refused),
        cmocka_unit_test(test_server_refused_then_request_is_not_served),
        cmocka_unit_test(test_server_oversize_head_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
