/* fuzz_exchange_doc.c: descriptions of services: what is read has operations with codes of their
 * own and bounded fields; what is refused names one problem. Addresses are taken out of all. */
#include "fuzz.h"

#include "engine/exchange/exchange.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct ctx cx = { .arena = a };
    struct exchange_doc d = { 0 };
    enum err e = exchange_doc_read(&cx, fuzz_str(data, n), &d);
    ASSERT(e == ERR_OK || (e == ERR_INVALID && cx.n_problems == 1));
    ASSERT(e != ERR_OK || (d.n > 0 && d.n <= EXCHANGE_OPERATIONS_MAX && d.kind.n > 0));
    for (size_t i = 0; e == ERR_OK && i < d.n; i++) {
        ASSERT(d.v[i].code.n > 0 && d.v[i].code.n <= 60);
        ASSERT(d.v[i].n_inputs <= EXCHANGE_FIELDS_MAX && d.v[i].n_outputs <= EXCHANGE_FIELDS_MAX);
    }
    /* where services are is not told: in a WSDL that was taken no address is left */
    struct str hidden = exchange_wsdl_hidden(&cx, fuzz_str(data, n));
    ASSERT(n == 0 || hidden.n != 0);
    if (e == ERR_OK && str_eq(d.kind, STR("wsdl")) && d.server.p != NULL) {
        struct exchange_doc again = { 0 };
        ASSERT(exchange_doc_read(&cx, hidden, &again) == ERR_OK && again.n == d.n);
        ASSERT(str_eq(again.server, STR(EXCHANGE_HIDDEN_ENDPOINT)));
    }
    arena_close(a);
    return 0;
}
