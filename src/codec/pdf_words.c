/* Vietnamese wording of amounts and dates. */
#include "codec/pdf.h"

struct str
pdf_money(struct arena *a, int64_t vnd)
{
    struct str digits =
        str_fmt(a, "%" PRIu64, vnd < 0 ? (uint64_t)0 - (uint64_t)vnd : (uint64_t)vnd);
    struct buf b = buf_new(a, 64);

    if (vnd < 0) {
        buf_add_char(&b, '-');
    }
    for (size_t i = 0; i < digits.n; i++) {
        if (i > 0 && (digits.n - i) % 3 == 0) {
            buf_add_char(&b, '.');
        }
        buf_add_char(&b, digits.p[i]);
    }
    BUF_LIT(&b, " đồng");
    return buf_str(&b);
}

static const char *const pdf_digits[] = { "không", "một", "hai", "ba",  "bốn",
                                          "năm",   "sáu", "bảy", "tám", "chín" };

/* The units digit sounds different after a ten: mốt, lăm. */
static const char *
pdf_unit_word(int64_t tens, int64_t units)
{
    if (units == 1 && tens >= 2) {
        return "mốt";
    }
    if (units == 5 && tens >= 1) {
        return "lăm";
    }
    return pdf_digits[units];
}

/* Three digits; is_full says them all ("không trăm linh năm"). */
static void
pdf_words_group(struct buf *b, int64_t n, bool is_full)
{
    int64_t hundreds = n / 100;
    int64_t tens = n / 10 % 10;
    int64_t units = n % 10;

    if (hundreds > 0 || is_full) {
        buf_addf(b, " %s trăm", pdf_digits[hundreds]);
    }
    if (tens == 1) {
        BUF_LIT(b, " mười");
    } else if (tens > 1) {
        buf_addf(b, " %s mươi", pdf_digits[tens]);
    } else if (units > 0 && (hundreds > 0 || is_full)) {
        BUF_LIT(b, " linh");
    }
    if (units > 0) {
        buf_addf(b, " %s", pdf_unit_word(tens, units));
    }
}

struct str
pdf_money_words(struct arena *a, int64_t vnd)
{
    static const char *const scales[] = { "",          " nghìn",    " triệu", " tỷ",
                                          " nghìn tỷ", " triệu tỷ", " tỷ tỷ" };
    struct buf b = buf_new(a, 512);
    int64_t rest = vnd < 0 ? 0 : vnd;
    int64_t groups[7] = { 0 };
    int top = 0;

    for (int i = 0; i < 7 && rest > 0; i++, rest /= 1000) {
        groups[i] = rest % 1000;
        top = i;
    }
    for (int i = top; i >= 0; i--) {
        if (groups[i] > 0) {
            pdf_words_group(&b, groups[i], i != top);
            buf_add(&b, str_of(scales[i]));
        }
    }
    if (b.n == 0) {
        return STR("Không đồng");
    }
    BUF_LIT(&b, " đồng");
    struct str s = str_trim(buf_str(&b));
    /* first letter: all start in ASCII but "không", which is too, so one byte is enough */
    char *p = arena_copy(a, s.p, s.n);
    if (p[0] >= 'a' && p[0] <= 'z') {
        p[0] = (char)(p[0] - 'a' + 'A');
    }
    return (struct str){ p, s.n };
}

struct str
pdf_date_words(struct arena *a, struct date d)
{
    struct civil c = date_civil(d);

    return str_fmt(a, c.month <= 2 ? "ngày %02d tháng %02d năm %d" : "ngày %02d tháng %d năm %d",
                   c.mday, c.month, c.year);
}
