/* Any bytes as the head of a request: pieces and wholes agree, and what is accepted keeps the
 * promises of http.h. */
#include "net/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check_accepted(const struct http_request *rq, const struct parse_head *head)
{
    ASSERT(rq->n_headers >= 1 && rq->n_headers <= HTTP_HEADERS_MAX);
    ASSERT(rq->method != HTTP_OTHER && parse_is_host(http_header_get(rq, STR("Host"))));
    ASSERT(head->is_asterisk || (rq->path.n >= 1 && rq->path.p[0] == '/'));
    ASSERT(str_is_utf8(rq->path) && !str_has_char(rq->path, '\0') && !str_has_char(rq->path, '\\'));
    ASSERT(str_find(rq->path, STR("/../")) == rq->path.n &&
           str_find(rq->path, STR("//")) == rq->path.n);
    ASSERT(!str_ends(rq->path, STR("/..")) && !str_ends(rq->path, STR("/.")));
    ASSERT(head->framing == PARSE_NO_BODY || (rq->method != HTTP_GET && rq->method != HTTP_HEAD));
    for (size_t i = 0; i < rq->n_headers; i++) {
        ASSERT(rq->headers[i].name.n != 0 && !str_has_char(rq->headers[i].value, '\n'));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct arena *a = arena_open(0);
    char *bytes = arena_copy(a, p, n);
    struct parse_scan whole = { 0 }, pieces = { 0 };
    size_t whole_n = 0, pieces_n = 0;
    enum parse_state state = parse_scan(&whole, bytes, n, &whole_n), again = PARSE_MORE;
    for (size_t i = 1; i <= n && again == PARSE_MORE; i++) {
        again = parse_scan(&pieces, bytes, i, &pieces_n);
    }
    ASSERT(state == again && whole_n == pieces_n);
    if (state == PARSE_DONE) {
        struct http_request *rq = ARENA_NEW(a, struct http_request);
        struct parse_head head;
        rq->arena = a;
        int status = parse_head((struct str){ bytes, whole_n }, rq, &head);
        ASSERT(status == 0 || (status >= 400 && status <= 505));
        if (status == 0) {
            check_accepted(rq, &head);
        }
    }
    arena_close(a);
    return 0;
}
