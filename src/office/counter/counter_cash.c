/* counter_cash.c: fees in cash: the bill of a dossier, a receipt number, the day book. */
#include "office/counter/counter_int.h"

#include "engine/calendar/calendar.h"
#include "engine/pay/pay.h"

static enum err
fill_bills(struct ctx *cx, const struct dossier *d, struct tpl_counter_cash *page)
{
    struct pay_bill *b = NULL;
    size_t n = 0;
    TRY(pay_bill_list(cx, d->id, &b, &n));
    page->bills.v = ARENA_ARRAY(cx->arena, struct tpl_counter_cash_bills, n);
    for (size_t i = 0; i < n; i++) {
        page->bills.v[page->bills.n++] = (struct tpl_counter_cash_bills){
            .id = counter_id(cx, b[i].id),
            .code = b[i].code,
            .amount = text_money(cx, b[i].amount_vnd),
            .payer = b[i].payer,
            .state = text_find(cx, str_cat(cx->arena, STR("counter.bill."), b[i].state)),
            .receipt = b[i].receipt,
            .print = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64 "/in/bien-lai", d->id),
            .is_open = str_eq(b[i].state, STR("open")),
        };
    }
    return ERR_OK;
}

static enum err
fill_day(struct ctx *cx, struct str unit, struct date day, struct tpl_counter_cash *page)
{
    struct pay_day_line *v = NULL;
    size_t n = 0;
    int64_t sum_vnd = 0;
    TRY(pay_day_book(cx, unit, day, &v, &n, &sum_vnd));
    page->day = date_iso(cx->arena, day);
    page->day_text = text_date_of(cx, day);
    page->sum = text_money(cx, sum_vnd);
    page->lines.n = n;
    page->lines.v = ARENA_ARRAY(cx->arena, struct tpl_counter_cash_lines, n);
    for (size_t i = 0; i < n; i++) {
        page->lines.v[i] = (struct tpl_counter_cash_lines){
            .receipt = v[i].receipt,
            .at = text_instant(cx, v[i].at_us),
            .payer = v[i].payer,
            .amount = text_money(cx, v[i].amount_vnd),
            .cashier = v[i].cashier,
        };
    }
    return ERR_OK;
}

/* A day as people write it (22/11/2026) or as programs do (2026-11-22); unchanged when it is
 * neither. */
static void
typed_day(struct ctx *cx, struct str s, struct date *day)
{
    struct str d, m, y;
    int64_t n[3] = { 0 };
    s = str_trim(s);
    if (date_parse(s, day) || !str_cut(s, '/', &d, &m) || !str_cut(m, '/', &m, &y)) {
        return;
    }
    if (str_to_i64(str_trim(y), 1, 9999, &n[0]) && str_to_i64(str_trim(m), 1, 12, &n[1]) &&
        str_to_i64(str_trim(d), 1, 31, &n[2])) {
        (void)date_parse(
            str_fmt(cx->arena, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, n[0], n[1], n[2]), day);
    }
}

enum err
counter_cash(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_cash *page = ARENA_NEW(cx->arena, struct tpl_counter_cash);
    struct dossier d;
    struct str unit;
    struct date day = calendar_today(cx);
    TRY(counter_unit(cx, "pay.collect", &unit));
    typed_day(cx, web_text(rq, "ngay"), &day);
    page->so = web_text(rq, "so");
    web_title(rs, text(cx, "counter.cash"));
    if (!str_is_empty(page->so)) {
        enum err e = dossier_by_number(cx, page->so, &d);
        page->is_unknown =
            e == ERR_NOT_FOUND || (e == ERR_OK && !access_may_in(cx, "pay.collect", d.unit));
        if (!page->is_unknown) {
            TRY(e);
            TRY(fill_bills(cx, &d, page));
            web_reads_person(cx, rs, d.party, "pay.cash", d.number);
        }
    }
    TRY(fill_day(cx, unit, day, page));
    web_reads_person(
        cx, rs, 0, "pay.daybook",
        str_fmt(cx->arena, "day=" STR_FMT " n=%zu", STR_ARG(page->day), page->lines.n));
    return web_page(cx, rs, &tpl_counter_cash_t, page);
}

enum err
counter_pay(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct pay_bill b;
    struct dossier d;
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "bill", &id));
    TRY(pay_bill_by_id(cx, id, &b));
    TRY(dossier_get(cx, b.dossier_id, &d));
    TRY(access_require_in(cx, "pay.collect", d.unit));
    TRY(pay_cash(cx, id, cx->actor->name, &b));
    web_flash(cx, rs, "counter.flash.paid");
    return web_see_other(cx, rs, "/can-bo/thu-phi?so=" STR_FMT, STR_ARG(d.number));
}
