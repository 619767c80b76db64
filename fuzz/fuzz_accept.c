/* fuzz_accept.c: header lists never choose what was not offered. */
#include "fuzz.h"

#include "codec/accept.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str s = fuzz_str(data, n);
    struct str langs[] = { STR("vi"), STR("en") };
    struct str media[] = { STR("text/html"), STR("application/json") };
    size_t m = accept_media(s, media, 2);
    ASSERT(accept_language(s, langs, 2) < 2 && (m < 2 || m == SIZE_MAX));
    ASSERT(accept_encoding(s, STR("br")) <= 1000);
    (void)accept_etag(s, STR("\"abc\""));
    struct str rest = s;
    struct str item;
    while (accept_next(&rest, &item)) {
        ASSERT(item.n > 0 && item.p >= s.p && item.p + item.n <= s.p + s.n);
    }
    return 0;
}
