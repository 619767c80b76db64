/* fuzz_xroad_pass.c: SOAP messages that the relay lets pass: what is taken has every part, in its
 * bounds, and what the beginning of a message said its whole says too. */
#include "fuzz.h"

#include "codec/xroad.h"

static const struct xml_limits limits = { .bytes_max = 65536, .nodes_max = 400 };

static bool
is_read(struct arena *a, struct str s, enum xroad_read how, struct xroad *ret)
{
    const char *fault = NULL;
    const char *what = NULL;
    bool is_good = xroad_read(a, s, limits, how, ret, &fault, &what) == ERR_OK;
    ASSERT(is_good || (fault != NULL && what != NULL));
    if (is_good) {
        ASSERT(ret->body != NULL && ret->body->name.n > 0);
        ASSERT(how == XROAD_ANSWER || ret->body->next == NULL);
        ASSERT(ret->body->child == NULL && ret->body->text.n == 0);
    }
    if (is_good && ret->has_fields) {
        ASSERT(ret->client.n >= 5 && ret->client.n <= 4 * (XROAD_TEXT_BYTES + 1));
        ASSERT(ret->provider.n >= 5 && ret->code.n > 0 && ret->code.n <= XROAD_TEXT_BYTES);
        ASSERT(ret->id.n > 0 && ret->id.n <= XROAD_TEXT_BYTES);
    }
    return is_good;
}

static void
check_same(const struct xroad *a, const struct xroad *b)
{
    ASSERT(a->has_fields == b->has_fields && a->is_fault == b->is_fault);
    ASSERT(str_eq(a->body->name, b->body->name) && (!a->has_fields || xroad_is_same(a, b)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct xroad whole;
    struct xroad begun;
    struct xroad part;
    struct str s = fuzz_str(data, n);
    bool is_begun = is_read(a, s, XROAD_ANSWER, &begun);
    if (is_read(a, s, XROAD_REQUEST, &whole)) {
        ASSERT(is_begun);
        check_same(&whole, &begun);
        (void)xroad_is_addressed(&whole, STR("urn:a"));
    }
    if (is_read(a, str_slice(s, 0, n - n / 4), XROAD_ANSWER, &part) && is_begun) {
        check_same(&part, &begun);
    }
    (void)xroad_is_type(s);
    (void)xroad_is_action(s, STR("a"), STR_NULL);
    arena_close(a);
    return 0;
}
