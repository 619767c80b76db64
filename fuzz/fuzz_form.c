/* fuzz_form.c: a form body survives a round trip and limits hold. */
#include "fuzz.h"

#include "codec/form.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct form_limits l = { .pairs_max = 20, .name_max_bytes = 50, .value_max_bytes = 500 };
    struct url_pair *p = NULL;
    struct url_pair *q = NULL;
    size_t p_n = 0;
    size_t q_n = 0;
    if (form_parse(a, fuzz_str(data, n), l, &p, &p_n) == ERR_OK) {
        ASSERT(p_n <= 20);
        ASSERT(form_parse(a, form_build(a, p, p_n), l, &q, &q_n) == ERR_OK && p_n == q_n);
        for (size_t i = 0; i < p_n; i++) {
            ASSERT(p[i].name.n <= 50 && p[i].value.n <= 500 && str_is_utf8(p[i].value));
            ASSERT(str_eq(p[i].name, q[i].name) && str_eq(p[i].value, q[i].value));
        }
    }
    arena_close(a);
    return 0;
}
