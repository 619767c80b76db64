/* Answers of services, each with its one verdict: how the body ends, or that the whole is refused.
 * What a lenient reader would take apart differently must not pass. */
#include "net/parse.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
    BAD = -1,
    NOTHING = PARSE_UNTIL_NOTHING,
    LENGTH = PARSE_UNTIL_LENGTH,
    CHUNKS = PARSE_UNTIL_CHUNKS,
    CLOSE = PARSE_UNTIL_CLOSE
};

#define OK "HTTP/1.1 200 OK\r\n"
#define M(bytes)                                                                                   \
    {                                                                                              \
        "" bytes, sizeof(bytes) - 1                                                                \
    }

static const struct {
    const char *what;
    struct str bytes;
    int verdict;
    bool is_close; /* the connection may not be used again */
    bool is_to_head;
} answers[] = {
    /* controls */
    { "length", M(OK "Content-Length: 5\r\n\r\n"), LENGTH, false, false },
    { "chunks", M(OK "Transfer-Encoding: chunked\r\n\r\n"), CHUNKS, false, false },
    { "chunks in capitals", M(OK "Transfer-Encoding: CHUNKED\r\n\r\n"), CHUNKS, false, false },
    { "neither: until the end", M(OK "\r\n"), CLOSE, true, false },
    { "length 0", M(OK "Content-Length: 0\r\n\r\n"), NOTHING, false, false },
    { "no reason", M("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n"), LENGTH, false, false },
    { "no reason and no space", M("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n"), LENGTH, false,
      false },
    { "reason of other bytes", M("HTTP/1.1 200 \xc4\x90\r\nContent-Length: 1\r\n\r\n"), LENGTH,
      false, false },
    { "close", M(OK "Connection: close\r\nContent-Length: 5\r\n\r\n"), LENGTH, true, false },
    { "close in a list", M(OK "Connection: x, Close\r\nContent-Length: 5\r\n\r\n"), LENGTH, true,
      false },
    { "version 1.0", M("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"), LENGTH, true, false },
    { "version 1.0 until the end", M("HTTP/1.0 200 OK\r\n\r\n"), CLOSE, true, false },
    { "204", M("HTTP/1.1 204 No Content\r\n\r\n"), NOTHING, false, false },
    { "304 with the length it would have",
      M("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), NOTHING, false, false },
    { "answer to HEAD", M(OK "Content-Length: 9\r\n\r\n"), NOTHING, false, true },
    { "answer to HEAD with chunks", M(OK "Transfer-Encoding: chunked\r\n\r\n"), NOTHING, false,
      true },
    { "interim", M("HTTP/1.1 100 Continue\r\n\r\n"), NOTHING, false, false },
    { "early hints", M("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), NOTHING, false, false },
    /* bodies where there can be none: what follows is nobody's */
    { "204 with a length", M("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"), NOTHING, true,
      false },
    { "204 with chunks", M("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"),
      NOTHING, true, false },
    { "100 with a length", M("HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n"), NOTHING, true,
      false },
    /* two lengths */
    { "length and chunks", M(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), BAD,
      false, false },
    { "chunks and length", M(OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), BAD,
      false, false },
    { "length twice", M(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), BAD, false, false },
    { "same length twice", M(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), BAD, false,
      false },
    { "list of lengths", M(OK "Content-Length: 5, 5\r\n\r\n"), BAD, false, false },
    { "chunks twice", M(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), BAD,
      false, false },
    { "chunked in a list twice", M(OK "Transfer-Encoding: chunked, chunked\r\n\r\n"), BAD, false,
      false },
    { "length and chunks to HEAD", M(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
      BAD, false, true },
    /* lengths that are none */
    { "length with sign", M(OK "Content-Length: +5\r\n\r\n"), BAD, false, false },
    { "negative length", M(OK "Content-Length: -5\r\n\r\n"), BAD, false, false },
    { "hexadecimal length", M(OK "Content-Length: 0x5\r\n\r\n"), BAD, false, false },
    { "empty length", M(OK "Content-Length:\r\n\r\n"), BAD, false, false },
    { "length with a space inside", M(OK "Content-Length: 5 0\r\n\r\n"), BAD, false, false },
    { "length of 19 digits", M(OK "Content-Length: 1000000000000000000\r\n\r\n"), BAD, false,
      false },
    { "length beyond 64 bits", M(OK "Content-Length: 18446744073709551621\r\n\r\n"), BAD, false,
      false },
    { "length with a point", M(OK "Content-Length: 5.0\r\n\r\n"), BAD, false, false },
    /* codings */
    { "gzip, chunked", M(OK "Transfer-Encoding: gzip, chunked\r\n\r\n"), BAD, false, false },
    { "identity", M(OK "Transfer-Encoding: identity\r\n\r\n"), BAD, false, false },
    { "unknown coding", M(OK "Transfer-Encoding: xchunked\r\n\r\n"), BAD, false, false },
    { "empty coding", M(OK "Transfer-Encoding:\r\n\r\n"), BAD, false, false },
    { "chunked with a parameter", M(OK "Transfer-Encoding: chunked;a=b\r\n\r\n"), BAD, false,
      false },
    { "chunks in 1.0", M("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), BAD, false,
      false },
    { "vertical tab before chunked", M(OK "Transfer-Encoding: \vchunked\r\n\r\n"), BAD, false,
      false },
    /* the status line */
    { "switching protocols", M("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
      BAD, false, false },
    { "version 2.0", M("HTTP/2.0 200 OK\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "version 1.2", M("HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "lower case", M("http/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "no version", M("200 OK\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "two digits", M("HTTP/1.1 20 OK\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "four digits", M("HTTP/1.1 2000 OK\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "status 099", M("HTTP/1.1 099 No\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "status 600", M("HTTP/1.1 600 No\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "status with sign", M("HTTP/1.1 +20 OK\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "two spaces", M("HTTP/1.1  200 OK\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "tab for space", M("HTTP/1.1\t200 OK\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "a page without a head", M("<html>\r\n\r\n"), BAD, false, false },
    /* lines and fields */
    { "empty line first", M("\r\n" OK "Content-Length: 1\r\n\r\n"), BAD, false, false },
    { "bare LF", M("HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "bare LF as end", M(OK "Content-Length: 1\r\n\n"), BAD, false, false },
    { "bare CR in a field", M(OK "A: b\rTransfer-Encoding: chunked\r\n\r\n"), BAD, false, false },
    { "NUL in a field", M(OK "A: b\0c\r\n\r\n"), BAD, false, false },
    { "folded line", M(OK "A: b\r\n c\r\nContent-Length: 1\r\n\r\n"), BAD, false, false },
    { "space before colon", M(OK "Content-Length : 1\r\n\r\n"), BAD, false, false },
    { "space before the name", M(OK "A: b\r\n Content-Length: 1\r\n\r\n"), BAD, false, false },
    { "no colon", M(OK "Content-Length 1\r\n\r\n"), BAD, false, false },
    { "no name", M(OK ": 1\r\n\r\n"), BAD, false, false },
    { "name with a quote", M(OK "A\"b: 1\r\n\r\n"), BAD, false, false },
    { "name with other bytes", M(OK "\xc4\x90: 1\r\n\r\n"), BAD, false, false },
    { "escape character in a value", M(OK "A: \x1b[0m\r\n\r\n"), BAD, false, false },
    { "DEL in a value", M(OK "A: \x7f\r\n\r\n"), BAD, false, false },
};

static int
verdict_of(struct str bytes, bool is_to_head, struct parse_answer *a)
{
    struct parse_scan scan = { 0 };
    size_t n = 0;
    if (parse_scan(&scan, bytes.p, bytes.n, &n) != PARSE_DONE || n != bytes.n) {
        return BAD;
    }
    return parse_answer(bytes, is_to_head, a) ? (int)a->until : BAD;
}

static void
test_parse_answer_hostile_and_plain_messages_have_their_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct parse_answer a = { 0 };
        int verdict = verdict_of(answers[i].bytes, answers[i].is_to_head, &a);
        if (verdict != answers[i].verdict ||
            (verdict != BAD && a.is_close != answers[i].is_close)) {
            print_error("%s: %d (close %d)\n", answers[i].what, verdict, (int)a.is_close);
        }
        assert_int_equal(verdict, answers[i].verdict);
        assert_true(verdict == BAD || a.is_close == answers[i].is_close);
    }
}

static void
test_parse_answer_fields_are_read(void **state)
{
    (void)state;
    struct parse_answer a;
    struct str head = STR("HTTP/1.1 503 Later on\r\nContent-Type: application/json\r\n"
                          "Content-Encoding: gzip\r\nKeep-Alive: timeout=5, max=7\r\n"
                          "X-Own:   padded \t\r\nContent-Length: 12\r\n\r\n");
    assert_true(parse_answer(head, false, &a));
    assert_int_equal(a.status, 503);
    assert_true(str_eq(a.reason, STR("Later on")));
    assert_true(str_eq(a.type, STR("application/json")) && str_eq(a.coding, STR("gzip")));
    assert_int_equal(a.keep_ms, 5000);
    assert_int_equal(a.length, 12);
    assert_int_equal(a.n_headers, 5);
    assert_true(str_eq(a.headers[3].value, STR("padded")));
}

static void
test_parse_answer_too_many_fields_are_refused(void **state)
{
    (void)state;
    char text[8192];
    size_t n = (size_t)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < HTTP_HEADERS_MAX + 1; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "A%d: b\r\n", i);
    }
    n += (size_t)snprintf(text + n, sizeof(text) - n, "\r\n");
    struct parse_answer a;
    assert_false(parse_answer((struct str){ text, n }, false, &a));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_answer_hostile_and_plain_messages_have_their_verdict),
        cmocka_unit_test(test_parse_answer_fields_are_read),
        cmocka_unit_test(test_parse_answer_too_many_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
