/* base64.c: see base64.h. */
#include "codec/base64.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct str
encode(struct arena *a, struct str s, const char *alphabet, bool is_padded)
{
    char *p = arena_alloc(a, size_mul(size_add(s.n, 2) / 3, 4));
    size_t n = 0;
    for (size_t i = 0; i < s.n; i += 3) {
        size_t left = s.n - i < 3 ? s.n - i : 3;
        uint32_t v = (uint32_t)(unsigned char)s.p[i] << 16;
        v |= left > 1 ? (uint32_t)(unsigned char)s.p[i + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)(unsigned char)s.p[i + 2] : 0;
        for (size_t k = 0; k < 4; k++) {
            if (k <= left) {
                p[n++] = alphabet[(v >> (18 - 6 * k)) & 63];
            } else if (is_padded) {
                p[n++] = '=';
            }
        }
    }
    return (struct str){ p, n };
}

struct str
base64_encode(struct arena *a, struct str bytes)
{
    return encode(a, bytes, standard, true);
}

struct str
base64_url_encode(struct arena *a, struct str bytes)
{
    return encode(a, bytes, url_safe, false);
}

static int
value(char c, const char *alphabet)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : -1;
}

/* Text without padding. */
static bool
decode(struct arena *a, struct str s, const char *alphabet, struct str *ret)
{
    char *p = arena_alloc(a, s.n);
    size_t n = 0;
    uint32_t v = 0;
    uint32_t bits = 0;
    if (s.n % 4 == 1) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        int six = value(s.p[i], alphabet);
        if (six < 0) {
            return false;
        }
        v = (v << 6) | (uint32_t)six;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            p[n++] = (char)(unsigned char)(v >> bits);
            v &= (1U << bits) - 1;
        }
    }
    if (v != 0) {
        return false;
    }
    *ret = (struct str){ p, n };
    return true;
}

bool
base64_decode(struct arena *a, struct str text, struct str *ret)
{
    size_t n = text.n;
    if (n % 4 != 0) {
        return false;
    }
    for (int k = 0; k < 2 && n > 0 && text.p[n - 1] == '='; k++) {
        n--;
    }
    return decode(a, (struct str){ text.p, n }, standard, ret);
}

bool
base64_url_decode(struct arena *a, struct str text, struct str *ret)
{
    return decode(a, text, url_safe, ret);
}
