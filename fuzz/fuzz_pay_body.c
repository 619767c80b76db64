/* fuzz_pay_body.c: what a bank's callback says: whatever comes, what is taken is in its bounds. */
#include "fuzz.h"

#include "engine/pay/pay_int.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ctx cx = { .arena = arena_open(0) };
    struct pay_said said;
    if (pay_body_read(&cx, fuzz_str(data, n), &said) == ERR_OK) {
        ASSERT(said.code.n > 0 && said.code.n <= 40);
        ASSERT(said.bank_ref.n > 0 && said.bank_ref.n <= 80);
        ASSERT(said.amount_vnd >= 0 && n <= 4096);
    }
    arena_close(cx.arena);
    return 0;
}
