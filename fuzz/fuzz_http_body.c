/* Any bytes as a chunked body: fed whole and in pieces (their size is the first byte) it means the
 * same. */
#include "base/buf.h"
#include "net/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct outcome {
    enum parse_state state;
    struct buf content;
    size_t used;
};

static struct outcome
feed(struct arena *a, const char *p, size_t n, size_t piece)
{
    struct outcome o = { .state = PARSE_MORE, .content = buf_new(a, n + 1) };
    struct parse_body body = { .framing = PARSE_CHUNKED };
    size_t known = 0;
    while (o.state == PARSE_MORE && (o.used < known || known < n)) {
        if (o.used == known) {
            known = n - known < piece ? n : known + piece;
        }
        size_t used = 0;
        struct str data;
        o.state = parse_body(&body, p + o.used, known - o.used, &used, &data);
        ASSERT(o.state == PARSE_BAD || (used <= known - o.used && data.n <= used));
        ASSERT(o.state != PARSE_MORE || used != 0);
        o.used += used;
        buf_add(&o.content, data);
    }
    return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2) {
        return 0;
    }
    struct arena *a = arena_open(0);
    char *bytes = arena_copy(a, p + 1, n - 1);
    struct outcome whole = feed(a, bytes, n - 1, n),
                   pieces = feed(a, bytes, n - 1, (size_t)p[0] + 1);
    ASSERT(whole.state == pieces.state);
    if (whole.state != PARSE_BAD) {
        ASSERT(whole.used == pieces.used &&
               str_eq(buf_str(&whole.content), buf_str(&pieces.content)));
    }
    arena_close(a);
    return 0;
}
