/* fuzz_vn_nfc.c: normal forms are stable, never longer, and keep UTF-8 intact. */
#include "fuzz.h"

#include "codec/vn.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct str s = fuzz_str(data, n);
    struct str nfc = vn_nfc(a, s);
    struct str low = vn_lower(a, s);
    struct str fold = vn_fold(a, s);
    struct str tone = vn_tone_place(a, s);
    struct str tight = vn_squeeze(a, s);
    ASSERT(nfc.n <= s.n && fold.n <= s.n && low.n <= s.n && tight.n <= s.n);
    ASSERT(str_eq(vn_nfc(a, nfc), nfc) && str_eq(vn_lower(a, low), low));
    ASSERT(!str_is_utf8(s) ||
           (str_is_utf8(nfc) && str_is_utf8(low) && str_is_utf8(fold) && str_is_utf8(tone)));
    ASSERT(!str_is_utf8(s) || (str_eq(vn_fold(a, fold), fold) && str_eq(vn_fold(a, tone), fold)));
    ASSERT(!str_is_utf8(s) || str_eq(vn_tone_place(a, tone), tone));
    ASSERT(vn_equal(a, s, s) && vn_length(nfc) <= vn_length(s));
    ASSERT(!vn_is_name(s, 100) || str_is_utf8(s));
    size_t half = n / 2;
    struct str x = str_slice(s, 0, half);
    struct str y = str_slice(s, half, n);
    ASSERT(vn_distance(x, y, 3) == vn_distance(y, x, 3) && vn_distance(x, y, 3) <= 4);
    arena_close(a);
    return 0;
}
