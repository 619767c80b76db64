/* viet.c: see viet.h. A letter is taken apart into vowel (12) and tone (6); every function works on
 * that. Tones: 0 none, 1 sắc, 2 huyền, 3 hỏi, 4 ngã, 5 nặng. */
#include "codec/viet.h"

#include "base/buf.h"
#include "codec/vn.h"

#define N_VOWELS 12
#define N_TONES  6
#define BAD_CHAR 0xFFFDU

static const uint16_t lower_vowels[N_VOWELS][N_TONES] = {
    { 'a', 0xE1, 0xE0, 0x1EA3, 0xE3, 0x1EA1 },
    { 0x103, 0x1EAF, 0x1EB1, 0x1EB3, 0x1EB5, 0x1EB7 },
    { 0xE2, 0x1EA5, 0x1EA7, 0x1EA9, 0x1EAB, 0x1EAD },
    { 'e', 0xE9, 0xE8, 0x1EBB, 0x1EBD, 0x1EB9 },
    { 0xEA, 0x1EBF, 0x1EC1, 0x1EC3, 0x1EC5, 0x1EC7 },
    { 'i', 0xED, 0xEC, 0x1EC9, 0x129, 0x1ECB },
    { 'o', 0xF3, 0xF2, 0x1ECF, 0xF5, 0x1ECD },
    { 0xF4, 0x1ED1, 0x1ED3, 0x1ED5, 0x1ED7, 0x1ED9 },
    { 0x1A1, 0x1EDB, 0x1EDD, 0x1EDF, 0x1EE1, 0x1EE3 },
    { 'u', 0xFA, 0xF9, 0x1EE7, 0x169, 0x1EE5 },
    { 0x1B0, 0x1EE9, 0x1EEB, 0x1EED, 0x1EEF, 0x1EF1 },
    { 'y', 0xFD, 0x1EF3, 0x1EF7, 0x1EF9, 0x1EF5 },
};
static const char vowel_ascii[N_VOWELS + 1] = "aaaeeiooouuy";

struct letter {
    int vowel; /* -1: not a Vietnamese vowel */
    int tone;
};

uint32_t
viet_utf8_next(struct str s, size_t *pos)
{
    unsigned char c = (unsigned char)s.p[(*pos)++];
    if (c < 0x80) {
        return c;
    }
    uint32_t n = c >= 0xF0 && c < 0xF5   ? 3
                 : c >= 0xE0 && c < 0xF0 ? 2
                 : c >= 0xC2 && c < 0xE0 ? 1
                                         : 0;
    if (n == 0 || s.n - *pos < n) {
        return BAD_CHAR;
    }
    uint32_t v = n == 3 ? c & 7U : n == 2 ? c & 15U : c & 31U;
    for (uint32_t i = 0; i < n; i++) {
        unsigned char d = (unsigned char)s.p[*pos + i];
        if ((d & 0xC0) != 0x80) {
            return BAD_CHAR;
        }
        v = v << 6 | (d & 63U);
    }
    *pos += n;
    return v;
}

static void
put_utf8(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_add_char(b, (char)c);
        return;
    }
    if (c < 0x800) {
        buf_add_char(b, (char)(0xC0 | c >> 6));
    } else if (c < 0x10000) {
        buf_add_char(b, (char)(0xE0 | c >> 12));
        buf_add_char(b, (char)(0x80 | (c >> 6 & 63)));
    } else {
        buf_add_char(b, (char)(0xF0 | c >> 18));
        buf_add_char(b, (char)(0x80 | (c >> 12 & 63)));
        buf_add_char(b, (char)(0x80 | (c >> 6 & 63)));
    }
    buf_add_char(b, (char)(0x80 | (c & 63)));
}

static uint32_t
lower_of(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7)) {
        return c + 0x20;
    }
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x1E00 && c <= 0x1EFF)) {
        return c | 1U;
    }
    return c == 0x1A0 || c == 0x1AF ? c + 1 : c;
}

static struct letter
letter_of(uint32_t c)
{
    struct letter none = { .vowel = -1 };
    uint32_t low = lower_of(c);
    if (low < 'a' || (low > 0x1B0 && low < 0x1EA1) || low > 0x1EF9) {
        return none;
    }
    for (int v = 0; v < N_VOWELS; v++) {
        for (int t = 0; t < N_TONES; t++) {
            if (lower_vowels[v][t] == low) {
                return (struct letter){ .vowel = v, .tone = t };
            }
        }
    }
    return none;
}

/* Letters outside Vietnamese that names of the highlands and of foreigners bring. */
static char
fold_other(uint32_t low)
{
    static const char latin1[] = "aaaaaaaceeeeiiii-nooooo-ouuuuy-y"; /* 0xE0..0xFF */
    if (low >= 0xE0 && low <= 0xFF) {
        char c = latin1[low - 0xE0];
        return c == '-' ? 0 : c;
    }
    switch (low) {
    case 0x111:
        return 'd';
    case 0x10D:
    case 0x107:
        return 'c';
    case 0x115:
        return 'e';
    case 0x12D:
        return 'i';
    case 0x14F:
        return 'o';
    case 0x16D:
        return 'u';
    case 0x180:
        return 'b';
    default:
        return 0;
    }
}

char
viet_fold_char(uint32_t c)
{
    uint32_t low = c == 0x14E || c == 0x16C ? c + 1 : lower_of(c);
    if ((low >= 'a' && low <= 'z') || (low >= '0' && low <= '9')) {
        return (char)low;
    }
    struct letter l = letter_of(low);
    return l.vowel >= 0 ? vowel_ascii[l.vowel] : fold_other(low);
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void
put_blank(struct buf *b)
{
    if (b->n > 0 && b->p[b->n - 1] != ' ') {
        buf_add_char(b, ' ');
    }
}

static struct str
without_end_blank(struct buf *b)
{
    struct str r = buf_str(b);
    if (r.n > 0 && r.p[r.n - 1] == ' ') {
        r.n--;
    }
    return r.p != NULL ? r : STR("");
}

struct str
viet_fold(struct arena *a, struct str s)
{
    if (s.p == NULL) {
        return s;
    }
    struct buf b = buf_new(a, size_add(s.n, 8));
    for (size_t i = 0; i < s.n;) {
        uint32_t c = viet_utf8_next(s, &i);
        if (c >= 0x300 && c <= 0x36F) {
            continue; /* a mark by itself */
        }
        char f = viet_fold_char(c);
        if (f != 0) {
            buf_add_char(&b, f);
        } else if (c == '.' && b.n > 0 && is_digit(b.p[b.n - 1]) && i < s.n && is_digit(s.p[i])) {
            buf_add_char(&b, '.');
        } else {
            put_blank(&b);
        }
    }
    return without_end_blank(&b);
}

static void
end_word(struct buf *b, int *tone)
{
    if (*tone != 0) {
        buf_add_char(b, (char)('0' + *tone));
        *tone = 0;
    }
    put_blank(b);
}

struct str
viet_name_key(struct arena *a, struct str s)
{
    struct str low = vn_lower(a, s);
    struct buf b = buf_new(a, size_add(size_mul(s.n, 2), 8));
    int tone = 0;
    for (size_t i = 0; i < low.n;) {
        uint32_t c = viet_utf8_next(low, &i);
        struct letter l = letter_of(c);
        if (l.vowel >= 0) {
            tone = l.tone != 0 ? l.tone : tone;
            put_utf8(&b, lower_vowels[l.vowel][0]);
        } else if (viet_fold_char(c) != 0) {
            put_utf8(&b, c);
        } else {
            end_word(&b, &tone);
        }
    }
    end_word(&b, &tone);
    return without_end_blank(&b);
}

/* Letters become two bytes (plain letter, place among its relatives); after a zero byte come the
 * tones in the order of dictionaries: none, huyền, hỏi, ngã, sắc, nặng. */
struct str
viet_sort_key(struct arena *a, struct str s)
{
    static const char place[N_VOWELS + 1] = "012010012010";
    static const char tone_order[N_TONES + 1] = "041235";
    struct str low = vn_lower(a, s);
    struct buf b = buf_new(a, size_add(size_mul(s.n, 3), 16));
    struct buf tones = buf_new(a, size_add(s.n, 16));
    for (size_t i = 0; i < low.n;) {
        uint32_t c = viet_utf8_next(low, &i);
        struct letter l = letter_of(c);
        char f = viet_fold_char(c);
        if (f == 0) {
            put_blank(&b);
            continue;
        }
        buf_add_char(&b, f);
        buf_add_char(&b, l.vowel >= 0 ? place[l.vowel] : c == 0x111 ? '1' : '0');
        buf_add_char(&tones, tone_order[l.vowel >= 0 ? l.tone : 0]);
    }
    buf_add_char(&b, '\0');
    buf_add(&b, buf_str(&tones));
    return buf_str(&b);
}
