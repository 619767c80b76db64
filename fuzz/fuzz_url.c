/* fuzz_url.c: encoding and decoding are inverse; queries survive a round trip. */
#include "fuzz.h"

#include "codec/url.h"

static void
round_trip(struct arena *a, struct str s)
{
    struct str back;
    enum err e = url_decode(a, url_encode(a, s), &back);
    bool is_clean = str_is_utf8(s) && !str_has_char(s, '\0');
    ASSERT((e == ERR_OK) == is_clean);
    ASSERT(e != ERR_OK || str_eq(back, s));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct str s = fuzz_str(data, n);
    struct str out;
    struct url_pair *p = NULL;
    struct url_pair *q = NULL;
    size_t p_n = 0;
    size_t q_n = 0;
    struct url_parts parts;
    round_trip(a, s);
    if (url_decode(a, s, &out) == ERR_OK) {
        ASSERT(out.n <= s.n && str_is_utf8(out));
    }
    if (url_query(a, s, 100, &p, &p_n) == ERR_OK) {
        ASSERT(p_n <= 100 && url_query(a, url_query_build(a, p, p_n), 100, &q, &q_n) == ERR_OK &&
               p_n == q_n);
        for (size_t i = 0; i < p_n; i++) {
            ASSERT(str_eq(p[i].name, q[i].name) && str_eq(p[i].value, q[i].value));
        }
    }
    if (url_split(s, &parts)) {
        ASSERT(parts.host.n > 0 && !str_has_char(parts.host, '@') && parts.path.n > 0 &&
               !url_is_local(s));
    }
    arena_close(a);
    return 0;
}
