/* vn_key.c: words as keys: for comparing names, for sorting, for searching without marks. */
#include "base/buf.h"
#include "codec/vn_int.h"

uint32_t
vn_next_point(struct str s, size_t *pos)
{
    uint32_t c = vn_point(s, pos);
    return (c & VN_RAW) != 0 ? 0xFFFDU : c;
}

char
vn_plain_char(uint32_t c)
{
    uint32_t f = vn_fold_point(c);
    bool is_plain = (f >= 'a' && f <= 'z') || (f >= '0' && f <= '9');
    return is_plain ? (char)f : '\0';
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
vn_search_key(struct arena *a, struct str s)
{
    if (s.p == NULL) {
        return s;
    }
    struct buf b = buf_new(a, size_add(s.n, 8));
    for (size_t i = 0; i < s.n;) {
        uint32_t c = vn_next_point(s, &i);
        if (c >= 0x300 && c <= 0x36F) {
            continue; /* a mark by itself */
        }
        char f = vn_plain_char(c);
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

static void
put_point(struct buf *b, uint32_t c)
{
    char to[4];
    size_t n = vn_put_point(to, c);
    buf_add(b, (struct str){ to, n });
}

struct str
vn_name_key(struct arena *a, struct str s)
{
    struct str low = vn_lower(a, s);
    struct buf b = buf_new(a, size_add(size_mul(s.n, 2), 8));
    int tone = 0;
    for (size_t i = 0; i < low.n;) {
        uint32_t c = vn_next_point(low, &i);
        struct vn_letter l = vn_take_apart(c);
        if (l.is_vowel) {
            tone = l.tone != MARK_NONE ? (int)l.tone : tone;
            l.tone = MARK_NONE;
            put_point(&b, vn_put_together(l));
        } else if (vn_plain_char(c) != 0) {
            put_point(&b, c);
        } else {
            end_word(&b, &tone);
        }
    }
    end_word(&b, &tone);
    return without_end_blank(&b);
}

/* Place among the letters of one base: a ă â, e ê, o ô ơ, u ư, d đ. */
static char
place_of(struct vn_letter l, uint32_t c)
{
    if (!l.is_vowel) {
        return c == 0x111 ? '1' : '0';
    }
    if (l.letter_mark == MARK_NONE) {
        return '0';
    }
    bool is_second = (l.base == 'a' && l.letter_mark == MARK_CIRCUMFLEX) ||
                     (l.base == 'o' && l.letter_mark == MARK_HORN);
    return is_second ? '2' : '1';
}

/* Letters become two bytes (plain letter, place among its relatives); after a zero byte come the
 * tones in the order of dictionaries: none, huyền, hỏi, ngã, sắc, nặng. */
struct str
vn_sort_key(struct arena *a, struct str s)
{
    static const char tone_order[] = { [MARK_NONE] = '0',  [MARK_GRAVE] = '1', [MARK_HOOK] = '2',
                                       [MARK_TILDE] = '3', [MARK_ACUTE] = '4', [MARK_DOT] = '5' };
    struct str low = vn_lower(a, s);
    struct buf b = buf_new(a, size_add(size_mul(s.n, 3), 16));
    struct buf tones = buf_new(a, size_add(s.n, 16));
    for (size_t i = 0; i < low.n;) {
        uint32_t c = vn_next_point(low, &i);
        struct vn_letter l = vn_take_apart(c);
        char f = vn_plain_char(c);
        if (f == 0) {
            put_blank(&b);
            continue;
        }
        buf_add_char(&b, f);
        buf_add_char(&b, place_of(l, c));
        buf_add_char(&tones, tone_order[l.is_vowel ? l.tone : MARK_NONE]);
    }
    buf_add_char(&b, '\0');
    buf_add(&b, buf_str(&tones));
    return buf_str(&b);
}
