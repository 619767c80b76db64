/* fuzz_cookie.c: what is read from a Cookie header can be written to Set-Cookie. */
#include "fuzz.h"

#include "codec/cookie.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct str rest = fuzz_str(data, n);
    struct str name;
    struct str value;
    while (cookie_next(&rest, &name, &value)) {
        struct cookie c = { .name = name, .value = value, .max_age_s = -1 };
        ASSERT(cookie_get(fuzz_str(data, n), name).p != NULL);
        if (name.n + value.n < 4096) {
            struct str out = cookie_build(a, &c);
            ASSERT(out.p != NULL && !str_has_char(out, '\n') && !str_has_char(out, '\r'));
        }
    }
    arena_close(a);
    return 0;
}
