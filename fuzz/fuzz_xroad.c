/* fuzz_xroad.c: SOAP messages with X-Road's header: what is taken has every part, in its bounds,
 * and its identifiers are written as they were read. */
#include "fuzz.h"

#include "base/buf.h"
#include "codec/xml.h"
#include "engine/exchange/exchange.h"

static void
check_written(struct ctx *cx, struct str path)
{
    struct xml_limits limits = { 0 };
    struct xml_fault fault;
    struct xml *root = NULL;
    struct buf b = buf_new(cx->arena, 1 << 16);
    buf_add(&b, STR("<x xmlns:id=\"" EXCHANGE_IDENTIFIER_NS "\">"));
    exchange_xroad_put(&b, "client", path, false, STR_NULL, STR_NULL);
    buf_add(&b, STR("</x>"));
    ASSERT(xml_parse(cx->arena, buf_str(&b), limits, &root, &fault) == ERR_OK);
    ASSERT(str_eq(exchange_xroad_client(cx, root->child), path));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ctx cx = { .arena = arena_open(0) };
    struct exchange_xroad m;
    const char *fault = NULL;
    enum err e = exchange_xroad_read(&cx, fuzz_str(data, n), &m, &fault);
    ASSERT(e == ERR_OK ? fault == NULL : e == ERR_INVALID && fault != NULL);
    if (e == ERR_OK) {
        ASSERT(m.client.n >= 5 && m.provider.n >= 5 && m.code.n > 0 && m.id.n > 0);
        ASSERT(m.body != NULL && n <= EXCHANGE_XROAD_BYTES);
        check_written(&cx, m.client);
        check_written(&cx, m.provider);
    }
    arena_close(cx.arena);
    return 0;
}
