/* viet.c: see viet.h. A letter is taken apart into vowel (12), tone (6) and case; every function works
 * on that. Tones: 0 none, 1 sắc, 2 huyền, 3 hỏi, 4 ngã, 5 nặng. */
#include "codec/viet.h"

#include "base/buf.h"

#define N_VOWELS 12
#define N_TONES  6
#define BAD_CHAR 0xFFFDU

enum vowel { V_A, V_AW, V_AA, V_E, V_EE, V_I, V_O, V_OO, V_OW, V_U, V_UW, V_Y };

static const uint16_t lower_vowels[N_VOWELS][N_TONES] = {
    { 'a', 0xE1, 0xE0, 0x1EA3, 0xE3, 0x1EA1 },       { 0x103, 0x1EAF, 0x1EB1, 0x1EB3, 0x1EB5, 0x1EB7 },
    { 0xE2, 0x1EA5, 0x1EA7, 0x1EA9, 0x1EAB, 0x1EAD }, { 'e', 0xE9, 0xE8, 0x1EBB, 0x1EBD, 0x1EB9 },
    { 0xEA, 0x1EBF, 0x1EC1, 0x1EC3, 0x1EC5, 0x1EC7 }, { 'i', 0xED, 0xEC, 0x1EC9, 0x129, 0x1ECB },
    { 'o', 0xF3, 0xF2, 0x1ECF, 0xF5, 0x1ECD },       { 0xF4, 0x1ED1, 0x1ED3, 0x1ED5, 0x1ED7, 0x1ED9 },
    { 0x1A1, 0x1EDB, 0x1EDD, 0x1EDF, 0x1EE1, 0x1EE3 }, { 'u', 0xFA, 0xF9, 0x1EE7, 0x169, 0x1EE5 },
    { 0x1B0, 0x1EE9, 0x1EEB, 0x1EED, 0x1EEF, 0x1EF1 }, { 'y', 0xFD, 0x1EF3, 0x1EF7, 0x1EF9, 0x1EF5 },
};
static const char vowel_ascii[N_VOWELS + 1] = "aaaeeiooouuy";

struct letter {
    int vowel; /* -1: not a Vietnamese vowel */
    int tone;
    bool is_upper;
};

uint32_t
viet_utf8_next(struct str s, size_t *pos)
{
    unsigned char c = (unsigned char)s.p[(*pos)++];
    if (c < 0x80) {
        return c;
    }
    uint32_t n = c >= 0xF0 && c < 0xF5 ? 3 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xC2 && c < 0xE0 ? 1 : 0;
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

/* Upper case of the same table: ASCII and Latin-1 differ by 0x20, the rest are neighbours. */
static uint32_t
upper_of(uint32_t c)
{
    return c < 0x100 ? c - 0x20 : c - 1;
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
                return (struct letter){ .vowel = v, .tone = t, .is_upper = low != c };
            }
        }
    }
    return none;
}

static uint32_t
char_of(struct letter l)
{
    uint32_t low = lower_vowels[l.vowel][l.tone];
    return l.is_upper ? upper_of(low) : low;
}

static int
tone_of_mark(uint32_t c)
{
    switch (c) {
    case 0x301:
    case 0x341:
        return 1;
    case 0x300:
    case 0x340:
        return 2;
    case 0x309:
        return 3;
    case 0x303:
        return 4;
    case 0x323:
        return 5;
    default:
        return 0;
    }
}

/* The vowel with a letter mark, or -1. */
static int
vowel_with(int vowel, uint32_t mark)
{
    switch (mark) {
    case 0x306: /* breve */
        return vowel == V_A ? V_AW : -1;
    case 0x302: /* circumflex */
        return vowel == V_A ? V_AA : vowel == V_E ? V_EE : vowel == V_O ? V_OO : -1;
    case 0x31B: /* horn */
        return vowel == V_O ? V_OW : vowel == V_U ? V_UW : -1;
    default:
        return -1;
    }
}

static bool
put_mark(struct letter *l, uint32_t c)
{
    if (l->vowel < 0) {
        return false;
    }
    int tone = tone_of_mark(c);
    if (tone != 0 && l->tone == 0) {
        l->tone = tone;
        return true;
    }
    int v = vowel_with(l->vowel, c);
    if (v >= 0) {
        l->vowel = v;
    }
    return v >= 0;
}

static void
flush(struct buf *b, struct letter *held, bool make_lower)
{
    if (held->vowel >= 0) {
        held->is_upper = held->is_upper && !make_lower;
        put_utf8(b, char_of(*held));
        held->vowel = -1;
    }
}

static struct str
compose(struct arena *a, struct str s, bool make_lower)
{
    if (s.p == NULL) {
        return s;
    }
    struct buf b = buf_new(a, size_add(size_mul(s.n, 2), 8));
    struct letter held = { .vowel = -1 };
    for (size_t i = 0; i < s.n;) {
        uint32_t c = viet_utf8_next(s, &i);
        if (c == BAD_CHAR || put_mark(&held, c)) {
            continue;
        }
        flush(&b, &held, make_lower);
        held = letter_of(c);
        if (held.vowel < 0) {
            put_utf8(&b, make_lower ? lower_of(c) : c);
        }
    }
    flush(&b, &held, make_lower);
    struct str r = buf_str(&b);
    return r.p != NULL ? r : STR("");
}

struct str
viet_nfc(struct arena *a, struct str s)
{
    return compose(a, s, false);
}

struct str
viet_lower(struct arena *a, struct str s)
{
    return compose(a, s, true);
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
    struct str low = viet_lower(a, s);
    struct buf b = buf_new(a, size_add(size_mul(s.n, 2), 8));
    int tone = 0;
    for (size_t i = 0; i < low.n;) {
        uint32_t c = viet_utf8_next(low, &i);
        struct letter l = letter_of(c);
        if (l.vowel >= 0) {
            tone = l.tone != 0 ? l.tone : tone;
            l.tone = 0;
            put_utf8(&b, char_of(l));
        } else if (viet_fold_char(c) != 0) {
            put_utf8(&b, c);
        } else {
            end_word(&b, &tone);
        }
    }
    end_word(&b, &tone);
    return without_end_blank(&b);
}
