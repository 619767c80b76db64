/* fuzz_node_card.c: cards of other installations and answers of time-stamp authorities. */
#include "fuzz.h"

#include "engine/node/node_int.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct ctx cx = { .arena = a };
    struct card *c = NULL;
    struct digest root = { 0 };
    int64_t at_us = 0;
    enum err e = node_card_read(&cx, fuzz_str(data, n), &c);
    ASSERT(e == ERR_OK || (e == ERR_INVALID && cx.n_problems == 1));
    e = node_stamp_check(&cx, fuzz_str(data, n), &root, STR(""), &at_us);
    ASSERT(e != ERR_OK && at_us == 0); /* nobody is trusted here */
    arena_close(a);
    return 0;
}
