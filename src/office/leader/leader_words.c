/* leader_words.c: words, shares and addresses of figures. */
#include "base/buf.h"
#include "office/leader/leader_int.h"

#include <stdio.h>

struct str
leader_word(struct ctx *cx, struct str metric)
{
    struct str word = text_find(cx, str_cat(cx->arena, STR("leader.m."), metric));
    return word.p == NULL ? metric : word;
}

struct str
leader_tenths(struct ctx *cx, int64_t v, struct str after)
{
    char out[40];
    int n = snprintf(out, sizeof(out), "%" PRId64 "%c%" PRId64 STR_FMT, v / 10,
                     str_eq(cx->lang, STR("en")) ? '.' : ',', v % 10, STR_ARG(after));
    return str_dup(cx->arena, (struct str){ out, (size_t)n });
}

struct str
leader_percent(struct ctx *cx, int64_t n, int64_t whole)
{
    if (whole <= 0) {
        return STR("–");
    }
    return leader_tenths(cx, n * 1000 / whole,
                         str_eq(cx->lang, STR("en")) ? STR("%") : STR("\xC2\xA0%"));
}

/* Tenths of a unit in words of that unit: 15,1 triệu. */
static struct str
money_in(struct ctx *cx, const char *key, int64_t tenths)
{
    return text_fill(cx, key, "n", leader_tenths(cx, tenths, STR("")), NULL);
}

struct str
leader_money_short(struct ctx *cx, int64_t dong)
{
    const int64_t million = INT64_C(1000000);
    if (dong >= 1000 * million) {
        return money_in(cx, "leader.money.billion", dong / (100 * million));
    }
    return dong < 10 * million ? text_money(cx, dong)
                               : money_in(cx, "leader.money.million", dong / (million / 10));
}

/* A part of an address: what stands before a value, and the value; nothing without value. */
struct part {
    struct str name, value;
};

static struct str
join_parts(struct ctx *cx, const struct part *parts, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += parts[i].value.n == 0 ? 0 : parts[i].name.n + parts[i].value.n;
    }
    struct buf b = buf_new(cx->arena, bytes);
    b.p = arena_alloc(cx->arena, bytes); /* a page has thousands of them: not a byte too many */
    b.cap = bytes;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].value.n != 0) {
            buf_add(&b, parts[i].name);
            buf_add(&b, parts[i].value);
        }
    }
    return buf_str(&b);
}

struct str
leader_list_href(struct ctx *cx, const char *page, const struct dossier_figure *f)
{
    char from[DATE_ISO_BYTES];
    char to[DATE_ISO_BYTES];
    date_iso_to(from, f->from);
    date_iso_to(to, f->to);
    const struct part parts[] = {
        { STR(""), STR("/lanh-dao/danh-sach") },
        { STR(""), str_of(page) },
        { STR("?chi-so="), f->metric },
        { STR("&don-vi="), f->unit },
        { STR("&linh-vuc="), f->field },
        { STR("&thu-tuc="), f->procedure },
        { STR("&tu="), { from, f->from.day == 0 ? 0 : sizeof(from) } },
        { STR("&den="), { to, f->to.day == 0 ? 0 : sizeof(to) } },
    };
    return join_parts(cx, parts, COUNT_OF(parts));
}
