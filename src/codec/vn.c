/* vn.c: see vn.h. Text is taken apart into code points, changed, and put together again; no change
 * here ever needs more bytes than the input had. */
#include "codec/vn_int.h"

#include <string.h>

/* Letters with one mark outside the Vietnamese alphabet that S'tiêng and its neighbours are written
 * with. */
static const struct {
    uint32_t base, mark, composed; /* lower case */
} others[] = {
    { 'e', 0x306, 0x115 }, { 'i', 0x306, 0x12D }, { 'o', 0x306, 0x14F },
    { 'u', 0x306, 0x16D }, { 'i', 0x302, 0xEE },  { 'u', 0x302, 0xFB },
    { 'y', 0x302, 0x177 }, { 'n', 0x303, 0xF1 },  { 'c', 0x30C, 0x10D },
};

/* Adds a mark where the letter has room for it. */
static bool
absorb(struct vn_letter *l, enum vn_mark m)
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
    if (l->letter_mark != MARK_NONE || !vn_vowel_takes(l->base, m)) {
        return false;
    }
    l->letter_mark = m;
    return true;
}

static uint32_t
compose_other(uint32_t base, uint32_t mark)
{
    uint32_t low = vn_lower_point(base);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (others[i].base == low && others[i].mark == mark) {
            return low == base ? others[i].composed : vn_upper_point(others[i].composed);
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
    struct vn_letter l = vn_take_apart(p[from]);
    uint32_t single = p[from];
    size_t out = to + 1;
    bool is_blocked = false;
    for (size_t i = from + 1; i < from + n; i++) {
        enum vn_mark m = vn_mark_of(p[i]);
        bool is_above = m != MARK_DOT && m != MARK_HORN;
        if (!(is_above && is_blocked) && absorb(&l, m)) {
            continue;
        }
        is_blocked = is_blocked || is_above;
        p[out++] = p[i] == 0x340 ? 0x300 : p[i] == 0x341 ? 0x301 : p[i];
    }
    p[to] = l.is_vowel ? vn_put_together(l) : single;
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
        while (i + k < n && vn_is_combining(p[i + k])) {
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
    uint32_t *p = vn_points(a, s, ret_n);
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
    struct str r = vn_of_points(a, p, n);
    return str_eq(r, s) ? s : r;
}

struct str
vn_lower(struct arena *a, struct str s)
{
    size_t n = 0;
    uint32_t *p = composed_points(a, s, &n);
    for (size_t i = 0; i < n; i++) {
        p[i] = vn_lower_point(p[i]);
    }
    return vn_of_points(a, p, n);
}

struct str
vn_upper(struct arena *a, struct str s)
{
    size_t n = 0;
    uint32_t *p = composed_points(a, s, &n);
    for (size_t i = 0; i < n; i++) {
        p[i] = vn_upper_point(p[i]);
    }
    return vn_of_points(a, p, n);
}

/* --- folding -------------------------------------------------------------------------------------
 */

struct str
vn_fold(struct arena *a, struct str s)
{
    size_t n = 0;
    size_t to = 0;
    uint32_t *p = vn_points(a, s, &n);
    for (size_t i = 0; i < n; i++) {
        if (!vn_is_combining(p[i])) {
            p[to++] = vn_fold_point(p[i]);
        }
    }
    return vn_of_points(a, p, to);
}

/* --- tone placement ------------------------------------------------------------------------------
 */

static bool
is_letter(uint32_t c)
{
    uint32_t low = vn_lower_point(c);
    return (low >= 'a' && low <= 'z') || (c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7) ||
           (c >= 0x1E00 && c <= 0x1EFF);
}

/* "oà", "oè", "uỳ" that end a syllable and are not part of "qu": the pairs of which both spellings
 * are in use. */
static bool
is_movable(const uint32_t *p, size_t n, size_t i)
{
    if (i + 1 >= n || (i + 2 < n && (is_letter(p[i + 2]) || vn_is_combining(p[i + 2])))) {
        return false;
    }
    uint32_t first = vn_lower_point(p[i]);
    if (first != 'o' && first != 'u') {
        return false;
    }
    struct vn_letter second = vn_take_apart(p[i + 1]);
    if (second.letter_mark != MARK_NONE || second.tone == MARK_NONE) {
        return false;
    }
    if (first == 'o') {
        return second.base == 'a' || second.base == 'e';
    }
    return second.base == 'y' && (i == 0 || vn_lower_point(p[i - 1]) != 'q');
}

static void
move_tones(uint32_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_movable(p, n, i)) {
            continue;
        }
        struct vn_letter first = vn_take_apart(p[i]);
        struct vn_letter second = vn_take_apart(p[i + 1]);
        first.tone = second.tone;
        second.tone = MARK_NONE;
        p[i] = vn_put_together(first);
        p[i + 1] = vn_put_together(second);
    }
}

struct str
vn_tone_place(struct arena *a, struct str s)
{
    size_t n = 0;
    uint32_t *p = composed_points(a, s, &n);
    move_tones(p, n);
    return vn_of_points(a, p, n);
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
    return vn_of_points(a, p, squeeze(p, n));
}

static struct str
comparable(struct arena *a, struct str s)
{
    size_t n = 0;
    uint32_t *p = composed_points(a, s, &n);
    n = squeeze(p, n);
    for (size_t i = 0; i < n; i++) {
        p[i] = vn_lower_point(p[i]);
    }
    move_tones(p, n);
    return vn_of_points(a, p, n);
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
    bool is_after_letter = is_letter(prev) || vn_is_combining(prev);
    if (is_letter(c)) {
        return true;
    }
    if (vn_is_combining(c)) {
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
        uint32_t c = vn_point(s, &i);
        if (!name_may_go_on(prev, c)) {
            return false;
        }
        letters_n += is_letter(c) ? 1 : 0;
        n++;
        prev = c;
    }
    return letters_n >= 2 && n <= max_chars &&
           (is_letter(prev) || vn_is_combining(prev) || prev == '.');
}

size_t
vn_length(struct str s)
{
    size_t n = 0;
    size_t i = 0;
    while (i < s.n) {
        (void)vn_point(s, &i);
        n++;
    }
    return n;
}
