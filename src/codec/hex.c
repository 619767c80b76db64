/* hex.c: see hex.h. */
#include "codec/hex.h"

void
hex_to(char *out, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
}

struct str
hex_encode(struct arena *a, struct str bytes)
{
    size_t n = size_mul(bytes.n, 2);
    char *p = arena_alloc(a, n);
    hex_to(p, bytes.p, bytes.n);
    return (struct str){ p, n };
}

static int
value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool
hex_from(struct str text, void *out, size_t n)
{
    unsigned char *p = out;
    if (text.n != size_mul(n, 2)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int high = value(text.p[2 * i]);
        int low = value(text.p[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        p[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

bool
hex_decode(struct arena *a, struct str text, struct str *ret)
{
    size_t n = text.n / 2;
    char *p = arena_alloc(a, n);
    if (text.n % 2 != 0 || !hex_from(text, p, n)) {
        return false;
    }
    *ret = (struct str){ p, n };
    return true;
}
