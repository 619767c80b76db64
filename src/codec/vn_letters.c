/* vn_letters.c: code points, case, and the letters of the Vietnamese alphabet taken apart into
 * base, mark and tone. */
#include "codec/vn_int.h"

#define TONES_N 6
/* Lower-case vowels: base, mark of the letter, then the letter with no tone, grave, acute, tilde,
 * hook, dot. */
static const struct vowel {
    uint32_t base;
    enum vn_mark letter_mark;
    uint32_t with_tone[TONES_N];
} vowels[] = {
    { 'a', MARK_NONE, { 'a', 0xE0, 0xE1, 0xE3, 0x1EA3, 0x1EA1 } },
    { 'a', MARK_BREVE, { 0x103, 0x1EB1, 0x1EAF, 0x1EB5, 0x1EB3, 0x1EB7 } },
    { 'a', MARK_CIRCUMFLEX, { 0xE2, 0x1EA7, 0x1EA5, 0x1EAB, 0x1EA9, 0x1EAD } },
    { 'e', MARK_NONE, { 'e', 0xE8, 0xE9, 0x1EBD, 0x1EBB, 0x1EB9 } },
    { 'e', MARK_CIRCUMFLEX, { 0xEA, 0x1EC1, 0x1EBF, 0x1EC5, 0x1EC3, 0x1EC7 } },
    { 'i', MARK_NONE, { 'i', 0xEC, 0xED, 0x129, 0x1EC9, 0x1ECB } },
    { 'o', MARK_NONE, { 'o', 0xF2, 0xF3, 0xF5, 0x1ECF, 0x1ECD } },
    { 'o', MARK_CIRCUMFLEX, { 0xF4, 0x1ED3, 0x1ED1, 0x1ED7, 0x1ED5, 0x1ED9 } },
    { 'o', MARK_HORN, { 0x1A1, 0x1EDD, 0x1EDB, 0x1EE1, 0x1EDF, 0x1EE3 } },
    { 'u', MARK_NONE, { 'u', 0xF9, 0xFA, 0x169, 0x1EE7, 0x1EE5 } },
    { 'u', MARK_HORN, { 0x1B0, 0x1EEB, 0x1EE9, 0x1EEF, 0x1EED, 0x1EF1 } },
    { 'y', MARK_NONE, { 'y', 0x1EF3, 0xFD, 0x1EF9, 0x1EF7, 0x1EF5 } },
};

/* Base letters of U+00E0..U+00FF and U+0100..U+017F; '\0' where there is none. */
static const char latin1_base[] = "aaaaaa\0ceeeeiiii\0nooooo\0ouuuuy\0y";
static const char latin_a_base[] =
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii\0\0jjkkklllllllllln"
    "nnnnnnnnoooooo\0\0rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* --- code points --------------------------------------------------------------------------------
 */

uint32_t
vn_point(struct str s, size_t *i)
{
    unsigned char c = (unsigned char)s.p[*i];
    size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0x80) {
        *i += 1;
        return c;
    }
    if (*i + n > s.n || !str_is_utf8(str_slice(s, *i, *i + n))) {
        *i += 1;
        return VN_RAW | c;
    }
    uint32_t v = c & (0xFFU >> (n + 1));
    for (size_t k = 1; k < n; k++) {
        v = (v << 6) | ((unsigned char)s.p[*i + k] & 63U);
    }
    *i += n;
    return v;
}

uint32_t *
vn_points(struct arena *a, struct str s, size_t *ret_n)
{
    uint32_t *p = ARENA_ARRAY(a, uint32_t, s.n);
    size_t n = 0;
    size_t i = 0;
    while (i < s.n) {
        p[n++] = vn_point(s, &i);
    }
    *ret_n = n;
    return p;
}

size_t
vn_put_point(char *to, uint32_t c)
{
    if (c < 0x80 || (c & VN_RAW) != 0) {
        to[0] = (char)(unsigned char)(c & 0xFF);
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    uint32_t v = c;
    for (size_t k = n - 1; k > 0; k--) {
        to[k] = (char)(0x80 | (v & 63));
        v >>= 6;
    }
    to[0] = (char)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | v);
    return n;
}

struct str
vn_of_points(struct arena *a, const uint32_t *p, size_t n)
{
    char *to = arena_alloc(a, size_mul(n, 4));
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        at += vn_put_point(to + at, p[i]);
    }
    return (struct str){ to, at };
}

/* --- case ---------------------------------------------------------------------------------------
 */

static bool
is_even_upper(uint32_t c) /* blocks in which an even code point is the capital of the next one */
{
    return (c >= 0x100 && c <= 0x12F) || (c >= 0x132 && c <= 0x137) || (c >= 0x14A && c <= 0x177) ||
           (c >= 0x1A0 && c <= 0x1A1) || (c >= 0x1E00 && c <= 0x1E95) ||
           (c >= 0x1EA0 && c <= 0x1EFF);
}

static bool
is_odd_upper(uint32_t c)
{
    return (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E) || c == 0x1AF || c == 0x1B0;
}

uint32_t
vn_lower_point(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7)) {
        return c + 0x20;
    }
    if (is_even_upper(c)) {
        return c | 1;
    }
    return is_odd_upper(c) && c % 2 == 1 ? c + 1 : c;
}

uint32_t
vn_upper_point(uint32_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 0xE0 && c <= 0xFE && c != 0xF7)) {
        return c - 0x20;
    }
    if (is_even_upper(c)) {
        return c & ~1U;
    }
    return is_odd_upper(c) && c % 2 == 0 ? c - 1 : c;
}

/* --- marks ---------------------------------------------------------------------------------------
 */

enum vn_mark
vn_mark_of(uint32_t c)
{
    switch (c) {
    case 0x300:
    case 0x340:
        return MARK_GRAVE;
    case 0x301:
    case 0x341:
        return MARK_ACUTE;
    case 0x303:
        return MARK_TILDE;
    case 0x309:
        return MARK_HOOK;
    case 0x323:
        return MARK_DOT;
    case 0x302:
        return MARK_CIRCUMFLEX;
    case 0x306:
        return MARK_BREVE;
    case 0x31B:
        return MARK_HORN;
    default:
        return MARK_NONE;
    }
}

bool
vn_is_combining(uint32_t c)
{
    return c >= 0x300 && c <= 0x36F;
}

struct vn_letter
vn_take_apart(uint32_t c)
{
    uint32_t low = vn_lower_point(c);
    for (size_t i = 0; i < COUNT_OF(vowels); i++) {
        for (size_t t = 0; t < TONES_N; t++) {
            if (vowels[i].with_tone[t] == low) {
                return (struct vn_letter){ .base = vowels[i].base,
                                           .letter_mark = vowels[i].letter_mark,
                                           .tone = (enum vn_mark)t,
                                           .is_vowel = true,
                                           .is_upper = low != c };
            }
        }
    }
    return (struct vn_letter){ .base = c };
}

uint32_t
vn_put_together(struct vn_letter l)
{
    for (size_t i = 0; l.is_vowel && i < COUNT_OF(vowels); i++) {
        if (vowels[i].base == l.base && vowels[i].letter_mark == l.letter_mark) {
            uint32_t c = vowels[i].with_tone[l.tone];
            return l.is_upper ? vn_upper_point(c) : c;
        }
    }
    return l.base;
}

bool
vn_vowel_takes(uint32_t base, enum vn_mark letter_mark)
{
    for (size_t i = 0; i < COUNT_OF(vowels); i++) {
        if (vowels[i].base == base && vowels[i].letter_mark == letter_mark) {
            return true;
        }
    }
    return false;
}

/* --- folding -------------------------------------------------------------------------------------
 */

uint32_t
vn_fold_point(uint32_t c)
{
    uint32_t low = vn_lower_point(c);
    char base = '\0';
    if (low < 0x80) {
        return low;
    }
    struct vn_letter l = vn_take_apart(low);
    if (l.is_vowel) {
        return l.base;
    }
    if (low >= 0xE0 && low <= 0xFF) {
        base = latin1_base[low - 0xE0];
    } else if (low >= 0x100 && low <= 0x17F) {
        base = latin_a_base[low - 0x100];
    } else if (low == 0x2018 || low == 0x2019 || low == 0x2BC) {
        base = '\'';
    } else if (low == 0x2010 || low == 0x2011 || low == 0x2013 || low == 0x2014) {
        base = '-';
    } else if (low == 0x180) {
        base = 'b'; /* ƀ of the highlands */
    } else if (low == 0xA0) {
        base = ' ';
    }
    return base == '\0' ? low : (uint32_t)(unsigned char)base;
}
