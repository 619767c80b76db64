/* fuzz_codes.c: small readers of text: Base64, hex, dates, numbers, Range, the virus scanner's
 * answer. */
#include "fuzz.h"

#include "base/date.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "net/clamd.h"
#include "net/server_int.h"

static void
bytes_codes(struct arena *a, struct str s)
{
    struct str x;
    if (base64_decode(a, s, &x)) {
        ASSERT(str_eq(base64_encode(a, x), s));
    }
    if (base64_url_decode(a, s, &x)) {
        ASSERT(str_eq(base64_url_encode(a, x), s));
    }
    if (hex_decode(a, s, &x)) {
        ASSERT(str_eq(hex_encode(a, x), str_lower(a, s)));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct str s = fuzz_str(data, n);
    struct date d;
    struct str found;
    int64_t from = 0;
    int64_t len = 0;
    bytes_codes(a, s);
    if (date_parse(s, &d)) {
        ASSERT(str_eq(date_iso(a, d), s));
    }
    if (str_to_i64(s, -5, 5, &len)) {
        ASSERT(len >= -5 && len <= 5);
    }
    for (int64_t size = 0; size <= 1000; size += 250) {
        if (range_parse(s, size, &from, &len) == RANGE_ONE) {
            ASSERT(from >= 0 && len > 0 && from + len <= size);
        }
    }
    (void)clamd_answer(s, &found);
    arena_close(a);
    return 0;
}
