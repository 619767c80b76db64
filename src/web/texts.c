/* texts.c: texts in the languages of the program and of the packs, and formats after doc/design.md.
 */
#include "base/date.h"
#include "web/inside.h"

#define LANGS_MAX      8
#define TEXT_MAX_BYTES (64U * 1024U)

struct texts_lang {
    struct str code;
    struct str *v; /* by index; null = as built in */
};

struct texts {
    struct arena *arena;
    struct texts_lang langs[LANGS_MAX];
    size_t n;
};

struct texts *
web_texts_new(struct arena *a)
{
    struct texts *t = ARENA_NEW(a, struct texts);
    t->arena = a;
    return t;
}

/* Place of key in the sorted table; text_keys_n when it is not there. */
static size_t
key_index(struct str key)
{
    size_t low = 0;
    size_t high = text_keys_n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = str_cmp(text_keys[mid], key);
        if (c == 0) {
            return mid;
        }
        if (c < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return text_keys_n;
}

/* Place of an added or overridden language; LANGS_MAX when there is none. */
static size_t
lang_index(const struct texts *t, struct str code)
{
    for (size_t i = 0; t != NULL && i < t->n; i++) {
        if (str_eq(t->langs[i].code, code)) {
            return i;
        }
    }
    return LANGS_MAX;
}

/* The {names} of one text all occur in the other. */
static bool
placeholders_within(struct str x, struct str y)
{
    struct str rest = x;
    for (;;) {
        size_t open = str_find_char(rest, '{');
        rest = str_slice(rest, open, rest.n);
        size_t end = str_find_char(rest, '}');
        if (end == rest.n) {
            return true;
        }
        struct str name = str_slice(rest, 0, end + 1);
        if (str_find(y, name) == y.n) {
            return false;
        }
        rest = str_slice(rest, end + 1, rest.n);
    }
}

bool
web_texts_set(struct texts *t, struct str lang, struct str key, struct str value)
{
    size_t i = key_index(key);
    if (i == text_keys_n || !placeholders_within(value, text_vi[i])) {
        return false;
    }
    size_t at = lang_index(t, lang);
    if (at == LANGS_MAX) {
        if (t->n == LANGS_MAX) {
            return false;
        }
        at = t->n++;
        t->langs[at].code = str_dup(t->arena, lang);
        t->langs[at].v = ARENA_ARRAY(t->arena, struct str, text_keys_n);
    }
    t->langs[at].v[i] = str_dup(t->arena, value);
    return true;
}

bool
web_texts_has_lang(const struct texts *t, struct str lang)
{
    return str_eq(lang, STR("vi")) || str_eq(lang, STR("en")) || lang_index(t, lang) != LANGS_MAX;
}

size_t
texts_langs(const struct texts *t, struct str *ret)
{
    size_t n = 0;
    ret[n++] = STR("vi");
    ret[n++] = STR("en");
    for (size_t i = 0; t != NULL && i < t->n; i++) {
        if (!str_eq(t->langs[i].code, ret[0]) && !str_eq(t->langs[i].code, ret[1])) {
            ret[n++] = t->langs[i].code;
        }
    }
    return n;
}

struct str
text_at(const struct ctx *cx, size_t index)
{
    size_t at = lang_index(cx->texts, cx->lang);
    if (at != LANGS_MAX && cx->texts->langs[at].v[index].p != NULL) {
        return cx->texts->langs[at].v[index];
    }
    return str_eq(cx->lang, STR("en")) ? text_en[index] : text_vi[index];
}

struct str
text_find(struct ctx *cx, struct str key)
{
    size_t i = key_index(key);
    return i == text_keys_n ? STR_NULL : text_at(cx, i);
}

struct str
text(struct ctx *cx, const char *key)
{
    struct str s = text_find(cx, str_of(key));
    return s.p == NULL ? str_of(key) : s;
}

/* One placeholder list for text_fill and web_problem_text. */
static struct str
fill(struct ctx *cx, struct str s, const struct tpl_arg *args, size_t n)
{
    struct buf b = buf_new(cx->arena, TEXT_MAX_BYTES);
    struct str rest = s;
    while (rest.n != 0) {
        size_t open = str_find_char(rest, '{');
        buf_add(&b, str_slice(rest, 0, open));
        rest = str_slice(rest, open, rest.n);
        size_t end = str_find_char(rest, '}');
        if (end == rest.n) {
            buf_add(&b, rest);
            break;
        }
        struct str name = str_slice(rest, 1, end);
        for (size_t i = 0; i < n; i++) {
            if (str_eq(args[i].name, name)) {
                buf_add(&b, args[i].value);
            }
        }
        rest = str_slice(rest, end + 1, rest.n);
    }
    return buf_str(&b);
}

struct str
text_fill(struct ctx *cx, const char *key, ...)
{
    struct tpl_arg args[16];
    size_t n = 0;
    va_list ap;
    va_start(ap, key);
    for (const char *name = va_arg(ap, const char *); name != NULL;
         name = va_arg(ap, const char *)) {
        ASSERT(n < COUNT_OF(args));
        args[n].name = str_of(name);
        args[n].value = va_arg(ap, struct str);
        n++;
    }
    va_end(ap);
    return fill(cx, text(cx, key), args, n);
}

struct str
web_problem_text(struct ctx *cx, const struct problem *p)
{
    struct str s = text_find(cx, p->key);
    struct tpl_arg args[] = { { STR("arg"), p->arg },
                              { STR("arg2"), p->arg2 },
                              { STR("field"), p->field } };
    return fill(cx, s.p == NULL ? p->key : s, args, COUNT_OF(args));
}

/* --- formats ---------------------------------------------------------------------------------- */
static bool
is_english(const struct ctx *cx)
{
    return str_eq(cx->lang, STR("en"));
}

/* Digits in groups of three, from the end of a buffer backwards, before what follows the number. */
static struct str
number_before(struct ctx *cx, int64_t n, struct str after)
{
    char out[64];
    size_t at = sizeof(out) - after.n;
    char sep = is_english(cx) ? ',' : '.';
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    memcpy(out + at, after.p, after.n);
    for (int i = 0; u != 0 || i == 0; i++) {
        if (i != 0 && i % 3 == 0) {
            out[--at] = sep;
        }
        out[--at] = (char)('0' + u % 10);
        u /= 10;
    }
    if (n < 0) {
        out[--at] = '-';
    }
    return str_dup(cx->arena, (struct str){ out + at, sizeof(out) - at });
}

struct str
text_number(struct ctx *cx, int64_t n)
{
    return number_before(cx, n, STR(""));
}

struct str
text_money(struct ctx *cx, int64_t dong)
{
    return number_before(cx, dong, STR("\xC2\xA0đ"));
}

struct str
text_date_of(struct ctx *cx, struct date d)
{
    struct civil c = date_civil(d);
    return str_fmt(cx->arena, "%02d/%02d/%04d", (int)c.mday, (int)c.month, (int)c.year);
}

struct str
text_date(struct ctx *cx, int64_t at_us)
{
    return text_date_of(cx, date_at_vn(at_us));
}

struct str
text_moment(struct ctx *cx, int64_t at_us)
{
    int32_t s = date_second_at_vn(at_us);
    return at_us == 0 ? STR("")
                      : str_fmt(cx->arena, STR_FMT " %02d:%02d", STR_ARG(text_date(cx, at_us)),
                                (int)(s / 3600), (int)(s / 60 % 60));
}

struct str
text_instant(struct ctx *cx, int64_t at_us)
{
    struct date d = date_at_vn(at_us);
    int32_t s = date_second_at_vn(at_us);
    struct str day = text_find(cx, str_fmt(cx->arena, "web.day.%d", date_weekday(d)));
    struct str time = str_fmt(cx->arena, "%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60));
    return text_fill(cx, "web.instant", "day", day, "date", text_date_of(cx, d), "time", time,
                     NULL);
}
