/* Any bytes as an answer from which members are taken out: whole and in pieces agree, what passes
 * as whole JSON stays JSON, and the names are gone from it. */
#include "net/relay_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool
run(struct arena *a, struct str text, size_t step, struct buf *out)
{
    static const struct str names[] = { STR_INIT("a"), STR_INIT("b.c") };
    struct rfilter *f = filter_new(a, names, 2);
    for (size_t i = 0; i < text.n; i += step) {
        struct str part;
        if (!filter_run(f, str_slice(text, i, text.n - i < step ? text.n : i + step), &part)) {
            return false;
        }
        buf_add(out, part);
    }
    return filter_is_whole(f);
}

static void
check_json(struct arena *a, struct str text, struct str out)
{
    struct json *before = NULL;
    struct json *after = NULL;
    struct json_limits limits = { .depth_max = 40, .nodes_max = 10000 };
    if (json_parse(a, text, limits, &before, NULL) != ERR_OK) {
        return;
    }
    ASSERT(json_parse(a, out, limits, &after, NULL) == ERR_OK);
    ASSERT(json_get(after, "a") == NULL);
    const struct json *b = json_get(after, "b");
    ASSERT(b == NULL || json_get(b, "c") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct arena *a = arena_open(0);
    struct str text = { (const char *)p, n < 60000 ? n : 60000 };
    struct buf whole = buf_new(a, (size_t)1 << 17);
    struct buf pieces = buf_new(a, (size_t)1 << 17);
    bool is_whole = run(a, text, 60000, &whole);
    ASSERT(run(a, text, 1, &pieces) == is_whole);
    if (is_whole) {
        ASSERT(str_eq(buf_str(&whole), buf_str(&pieces)));
        check_json(a, text, buf_str(&whole));
    }
    arena_close(a);
    return 0;
}
