/* Any bytes as a service's answer: what is accepted says one thing about its end, and taking its
 * body apart gives the same content whole and in pieces. */
#include "net/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Content of a body read in pieces of step bytes; SIZE_MAX when it is malformed. */
static size_t
content(const struct parse_answer *a, const char *p, size_t n, size_t step)
{
    struct parse_body b = { .framing =
                                a->until == PARSE_UNTIL_CHUNKS ? PARSE_CHUNKED : PARSE_LENGTH,
                            .left = a->length };
    size_t total = 0;
    enum parse_state state = PARSE_MORE;
    for (size_t at = 0; at < n && state == PARSE_MORE;) {
        size_t used = 0;
        struct str data;
        size_t have = n - at < step ? n - at : step;
        state = parse_body(&b, p + at, have, &used, &data);
        ASSERT(used <= have && data.n <= used);
        ASSERT(used != 0 || state != PARSE_MORE);
        at += used;
        total += data.n;
    }
    return state == PARSE_BAD ? SIZE_MAX : total;
}

static void
check_accepted(const struct parse_answer *a, struct str rest)
{
    ASSERT(a->status >= 100 && a->status <= 599 && a->status != 101);
    ASSERT(a->until != PARSE_UNTIL_CLOSE || a->is_close);
    ASSERT(a->until != PARSE_UNTIL_LENGTH || (a->has_length && a->length != 0));
    ASSERT(a->until != PARSE_UNTIL_CHUNKS || !a->has_length);
    for (size_t i = 0; i < a->n_headers; i++) {
        ASSERT(parse_all(a->headers[i].name, PARSE_TOKEN));
        ASSERT(a->headers[i].value.n == 0 || parse_all(a->headers[i].value, PARSE_VALUE));
    }
    if (a->until == PARSE_UNTIL_LENGTH || a->until == PARSE_UNTIL_CHUNKS) {
        ASSERT(content(a, rest.p, rest.n, SIZE_MAX) == content(a, rest.p, rest.n, 1));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct parse_scan scan = { 0 };
    struct parse_answer a = { 0 };
    struct str all = { (const char *)p, n };
    size_t head_n = 0;
    if (n == 0 || parse_scan(&scan, all.p + 1, n - 1, &head_n) != PARSE_DONE) {
        return 0;
    }
    struct str head = str_slice(all, 1, 1 + head_n);
    if (parse_answer(head, (p[0] & 1U) != 0, &a)) {
        check_accepted(&a, str_slice(all, 1 + head_n, n));
    }
    return 0;
}
