/* vn.c: see vn.h. Text is taken apart into code points, changed, and put together again; no change
 * here ever needs more bytes than the input had. */
#include "codec/vn.h"

#include <string.h>

#define RAW 0x200000U /* a byte that is not UTF-8 travels as RAW | byte */

enum mark {
    MARK_NONE,
    MARK_GRAVE,
    MARK_ACUTE,
    MARK_TILDE,
    MARK_HOOK,
    MARK_DOT,
    MARK_CIRCUMFLEX,
    MARK_BREVE,
    MARK_HORN
};

#define TONES_N 6
/* Lower-case vowels: base, mark of the letter, then the letter with no tone, grave, acute, tilde,
 * hook, dot. */
static const struct vowel {
    uint32_t base;
    enum mark letter_mark;
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

/* Letters with one mark outside the Vietnamese alphabet that S'tiêng and its neighbours are written
 * with. */
static const struct {
    uint32_t base, mark, composed; /* lower case */
} others[] = {
    { 'e', 0x306, 0x115 }, { 'i', 0x306, 0x12D }, { 'o', 0x306, 0x14F },
    { 'u', 0x306, 0x16D }, { 'i', 0x302, 0xEE },  { 'u', 0x302, 0xFB },
    { 'y', 0x302, 0x177 }, { 'n', 0x303, 0xF1 },  { 'c', 0x30C, 0x10D },
};

/* Base letters of U+00E0..U+00FF and U+0100..U+017F; '\0' where there is none. */
static const char latin1_base[] = "aaaaaa\0ceeeeiiii\0nooooo\0ouuuuy\0y";
static const char latin_a_base[] =
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii\0\0jjkkklllllllllln"
    "nnnnnnnnoooooo\0\0rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* --- code points --------------------------------------------------------------------------------
 */

static uint32_t
next_point(struct str s, size_t *i)
{
    unsigned char c = (unsigned char)s.p[*i];
    size_t n = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0x80) {
        *i += 1;
        return c;
    }
    if (*i + n > s.n || !str_is_utf8(str_slice(s, *i, *i + n))) {
        *i += 1;
        return RAW | c;
    }
    uint32_t v = c & (0xFFU >> (n + 1));
    for (size_t k = 1; k < n; k++) {
        v = (v << 6) | ((unsigned char)s.p[*i + k] & 63U);
    }
    *i += n;
    return v;
}

static uint32_t *
points_of(struct arena *a, struct str s, size_t *ret_n)
{
    uint32_t *p = ARENA_ARRAY(a, uint32_t, s.n);
    size_t n = 0;
    size_t i = 0;
    while (i < s.n) {
        p[n++] = next_point(s, &i);
    }
    *ret_n = n;
    return p;
}

static size_t
put_point(char *to, uint32_t c)
{
    if (c < 0x80 || (c & RAW) != 0) {
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

static struct str
str_of_points(struct arena *a, const uint32_t *p, size_t n)
{
    char *to = arena_alloc(a, size_mul(n, 4));
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        at += put_point(to + at, p[i]);
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

static uint32_t
lower_point(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7)) {
        return c + 0x20;
    }
    if (is_even_upper(c)) {
        return c | 1;
    }
    return is_odd_upper(c) && c % 2 == 1 ? c + 1 : c;
}

static uint32_t
upper_point(uint32_t c)
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

static enum mark
mark_of(uint32_t c)
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

static bool
is_combining(uint32_t c)
{
    return c >= 0x300 && c <= 0x36F;
}

/* A letter taken apart. is_vowel false: base is the code point itself. */
struct letter {
    uint32_t base; /* lower case */
    enum mark letter_mark, tone;
    bool is_vowel, is_upper;
};

static struct letter
take_apart(uint32_t c)
{
    uint32_t low = lower_point(c);
    for (size_t i = 0; i < COUNT_OF(vowels); i++) {
        for (size_t t = 0; t < TONES_N; t++) {
            if (vowels[i].with_tone[t] == low) {
                return (struct letter){ vowels[i].base, vowels[i].letter_mark, (enum mark)t, true,
                                        low != c };
            }
        }
    }
    return (struct letter){ .base = c };
}

static uint32_t
put_together(struct letter l)
{
    for (size_t i = 0; l.is_vowel && i < COUNT_OF(vowels); i++) {
        if (vowels[i].base == l.base && vowels[i].letter_mark == l.letter_mark) {
            uint32_t c = vowels[i].with_tone[l.tone];
            return l.is_upper ? upper_point(c) : c;
        }
    }
    return l.base;
}

static bool
vowel_takes(uint32_t base, enum mark letter_mark)
{
    for (size_t i = 0; i < COUNT_OF(vowels); i++) {
        if (vowels[i].base == base && vowels[i].letter_mark == letter_mark) {
            return true;
        }
    }
    return false;
}

/* Adds a mark where the letter has room for it. */
static bool
absorb(struct letter *l, enum mark m)
{
    if (!l->is_vowel || m == MARK_NONE) {
        return false;
    }
    if (m <= MARK_DOT) {
        if (l->tone != MARK_NONE) {
            return false;
        }
        l->tone = m;
        return true;
    }
    if (l->letter_mark != MARK_NONE || !vowel_takes(l->base, m)) {
        return false;
    }
    l->letter_mark = m;
    return true;
}

static uint32_t
compose_other(uint32_t base, uint32_t mark)
{
    uint32_t low = lower_point(base);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (others[i].base == low && others[i].mark == mark) {
            return low == base ? others[i].composed : upper_point(others[i].composed);
        }
    }
    return 0;
}

/* One letter and the marks behind it, composed in place at p[to..]; returns the number written.
 * Once a mark above the letter found no room, later ones above stay outside it too (they stack
 * outwards); dot below and horn are elsewhere and still join. */
static size_t
compose_cluster(uint32_t *p, size_t to, size_t from, size_t n)
{
    struct letter l = take_apart(p[from]);
    uint32_t single = p[from];
    size_t out = to + 1;
    bool is_blocked = false;
    for (size_t i = from + 1; i < from + n; i++) {
        enum mark m = mark_of(p[i]);
        bool is_above = m != MARK_DOT && m != MARK_HORN;
        if (!(is_above && is_blocked) && absorb(&l, m)) {
            continue;
        }
        is_blocked = is_blocked || is_above;
        p[out++] = p[i] == 0x340 ? 0x300 : p[i] == 0x341 ? 0x301 : p[i];
    }
    p[to] = l.is_vowel ? put_together(l) : single;
    uint32_t other = out > to + 1 ? compose_other(p[to], p[to + 1]) : 0;
    if (other != 0) {
        p[to] = other;
        memmove(p + to + 1, p + to + 2, (out - to - 2) * sizeof(*p));
        out--;
    }
    return out - to;
}

static size_t
compose(uint32_t *p, size_t n)
{
    size_t to = 0;
    size_t i = 0;
    while (i < n) {
        size_t k = 1;
        while (i + k < n && is_combining(p[i + k])) {
            k++;
        }
        if (k == 1) {
            p[to++] = p[i];
        } else {
            to += compose_cluster(p, to, i, k);
        }
        i += k;
    }
    return to;
}

/* Combining marks begin with the byte 0xCC or 0xCD. */
static bool
has_marks(struct str s)
{
    return str_has_char(s, (char)0xCC) || str_has_char(s, (char)0xCD);
}

static uint32_t *
composed_points(struct arena *a, struct str s, size_t *ret_n)
{
    uint32_t *p = points_of(a, s, ret_n);
    *ret_n = compose(p, *ret_n);
    return p;
}

struct str
vn_nfc(struct arena *a, struct str s)
{
    size_t n = 0;
    if (!has_marks(s)) {
        return s;
    }
    const uint32_t *p = composed_points(a, s, &n);
    struct str r = str_of_points(a, p, n);
    return str_eq(r, s) ? s : r;
}

struct str
vn_lower(struct arena *a, struct str s)
{
    size_t n = 0;
    uint32_t *p = composed_points(a, s, &n);
    for (size_t i = 0; i < n; i++) {
        p[i] = lower_point(p[i]);
    }
    return str_of_points(a, p, n);
}

struct str
vn_upper(struct arena *a, struct str s)
{
    size_t n = 0;
    uint32_t *p = composed_points(a, s, &n);
    for (size_t i = 0; i < n; i++) {
        p[i] = upper_point(p[i]);
    }
    return str_of_points(a, p, n);
}

/* --- folding -------------------------------------------------------------------------------------
 */

static uint32_t
fold_point(uint32_t c)
{
    uint32_t low = lower_point(c);
    char base = '\0';
    if (low < 0x80) {
        return low;
    }
    struct letter l = take_apart(low);
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
    } else if (low == 0xA0) {
        base = ' ';
    }
    return base == '\0' ? low : (uint32_t)(unsigned char)base;
}

struct str
vn_fold(struct arena *a, struct str s)
{
    size_t n = 0;
    size_t to = 0;
    uint32_t *p = points_of(a, s, &n);
    for (size_t i = 0; i < n; i++) {
        if (!is_combining(p[i])) {
            p[to++] = fold_point(p[i]);
        }
    }
    return str_of_points(a, p, to);
}

/* --- tone placement ------------------------------------------------------------------------------
 */

static bool
is_letter(uint32_t c)
{
    uint32_t low = lower_point(c);
    return (low >= 'a' && low <= 'z') || (c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7) ||
           (c >= 0x1E00 && c <= 0x1EFF);
}

/* "oà", "oè", "uỳ" that end a syllable and are not part of "qu": the pairs of which both spellings
 * are in use. */
static bool
is_movable(const uint32_t *p, size_t n, size_t i)
{
    if (i + 1 >= n || (i + 2 < n && (is_letter(p[i + 2]) || is_combining(p[i + 2])))) {
        return false;
    }
    uint32_t first = lower_point(p[i]);
    if (first != 'o' && first != 'u') {
        return false;
    }
    struct letter second = take_apart(p[i + 1]);
    if (second.letter_mark != MARK_NONE || second.tone == MARK_NONE) {
        return false;
    }
    if (first == 'o') {
        return second.base == 'a' || second.base == 'e';
    }
    return second.base == 'y' && (i == 0 || lower_point(p[i - 1]) != 'q');
}

static void
move_tones(uint32_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_movable(p, n, i)) {
            continue;
        }
        struct letter first = take_apart(p[i]);
        struct letter second = take_apart(p[i + 1]);
        first.tone = second.tone;
        second.tone = MARK_NONE;
        p[i] = put_together(first);
        p[i + 1] = put_together(second);
    }
}

struct str
vn_tone_place(struct arena *a, struct str s)
{
    size_t n = 0;
    uint32_t *p = composed_points(a, s, &n);
    move_tones(p, n);
    return str_of_points(a, p, n);
}

/* --- spaces and comparison -----------------------------------------------------------------------
 */

static bool
is_space(uint32_t c)
{
    return c == ' ' || (c >= 9 && c <= 13) || c == 0xA0 || c == 0x2002 || c == 0x2003 ||
           c == 0x2009 || c == 0x202F || c == 0x3000;
}

static size_t
squeeze(uint32_t *p, size_t n)
{
    size_t to = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_space(p[i])) {
            p[to++] = p[i];
        } else if (to > 0 && p[to - 1] != ' ') {
            p[to++] = ' ';
        }
    }
    return to > 0 && p[to - 1] == ' ' ? to - 1 : to;
}

struct str
vn_squeeze(struct arena *a, struct str s)
{
    size_t n = 0;
    uint32_t *p = composed_points(a, s, &n);
    return str_of_points(a, p, squeeze(p, n));
}

static struct str
comparable(struct arena *a, struct str s)
{
    size_t n = 0;
    uint32_t *p = composed_points(a, s, &n);
    n = squeeze(p, n);
    for (size_t i = 0; i < n; i++) {
        p[i] = lower_point(p[i]);
    }
    move_tones(p, n);
    return str_of_points(a, p, n);
}

bool
vn_equal(struct arena *a, struct str x, struct str y)
{
    return str_eq(comparable(a, x), comparable(a, y));
}

/* --- names ---------------------------------------------------------------------------------------
 */

/* Whether c may follow prev (0 at the beginning) inside a name. */
static bool
name_may_go_on(uint32_t prev, uint32_t c)
{
    bool is_after_letter = is_letter(prev) || is_combining(prev);
    if (is_letter(c)) {
        return true;
    }
    if (is_combining(c)) {
        return is_after_letter;
    }
    if (c == ' ') {
        return is_after_letter || prev == '.';
    }
    return is_after_letter && (c == '\'' || c == 0x2019 || c == 0x2BC || c == '-' || c == '.');
}

bool
vn_is_name(struct str s, size_t max_chars)
{
    uint32_t prev = 0;
    size_t n = 0;
    size_t letters_n = 0;
    size_t i = 0;
    while (i < s.n) {
        uint32_t c = next_point(s, &i);
        if (!name_may_go_on(prev, c)) {
            return false;
        }
        letters_n += is_letter(c) ? 1 : 0;
        n++;
        prev = c;
    }
    return letters_n >= 2 && n <= max_chars &&
           (is_letter(prev) || is_combining(prev) || prev == '.');
}

size_t
vn_length(struct str s)
{
    size_t n = 0;
    size_t i = 0;
    while (i < s.n) {
        (void)next_point(s, &i);
        n++;
    }
    return n;
}
