/* counter_closing.c: the end of a day at the fee counter: counting, closing, closed days. */
#include "office/counter/counter_int.h"

#include "engine/calendar/calendar.h"
#include "engine/pay/pay.h"
#include "sys/sys.h"

#define PAGE_FULL_N 60

enum err
counter_closing(struct ctx *cx, struct str unit, struct date day, struct tpl_counter_cash *page)
{
    struct pay_closing c;
    enum err e = pay_closing_of(cx, unit, day, &c);
    page->is_closed = e == ERR_OK;
    page->can_close = !page->is_closed && day.day <= date_at_vn(sys_now_us(cx)).day;
    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(e);
    page->closing.expected = text_money(cx, c.expected_vnd);
    page->closing.counted = text_money(cx, c.counted_vnd);
    page->closing.difference = text_money(cx, c.counted_vnd - c.expected_vnd);
    page->closing.is_even = c.counted_vnd == c.expected_vnd;
    page->closing.reason = c.reason;
    page->closing.by = c.by;
    page->closing.at = text_instant(cx, c.at_us);
    return ERR_OK;
}

static enum err
require_reason(struct ctx *cx, const struct pay_closing *c)
{
    struct pay_day_line *v = NULL;
    size_t n = 0;
    int64_t sum_vnd = 0;
    TRY(pay_day_book(cx, c->unit, c->day, &v, &n, &sum_vnd));
    if (sum_vnd != c->counted_vnd && str_is_empty(c->reason)) {
        ctx_problem(cx, STR("ly_do_lech"), STR("counter.closing.reason_missing"),
                    text_money(cx, c->counted_vnd - sum_vnd));
    }
    return ctx_check(cx);
}

enum err
counter_close(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct pay_closing c = { .counted_vnd = web_int(rq, "dem_duoc"),
                             .reason = str_trim(web_text(rq, "ly_do_lech")),
                             .by = cx->actor->name };
    TRY(counter_unit(cx, "pay.collect", &c.unit));
    if (!date_parse(web_text(rq, "ngay"), &c.day) || c.day.day > date_at_vn(sys_now_us(cx)).day) {
        ctx_problem(cx, STR("ngay"), STR("counter.closing.future"), STR_NULL);
        return ctx_check(cx);
    }
    c.reason = c.reason.p == NULL ? STR("") : c.reason;
    TRY(require_reason(cx, &c));
    enum err e = pay_close_day(cx, &c);
    if (e == ERR_GONE) {
        ctx_problem(cx, STR("dem_duoc"), STR("counter.closing.twice"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    web_flash(cx, rs, "counter.flash.closed");
    return web_see_other(cx, rs, "/can-bo/thu-phi?ngay=" STR_FMT "#khoa-so",
                         STR_ARG(date_iso(cx->arena, c.day)));
}

enum err
counter_closings(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_closings *page = ARENA_NEW(cx->arena, struct tpl_counter_closings);
    struct pay_closing *v = NULL;
    struct str unit;
    size_t n = 0;
    struct date before = { calendar_today(cx).day + 1 };
    TRY(counter_unit(cx, "pay.collect", &unit));
    (void)date_parse(web_text(rq, "truoc"), &before);
    TRY(pay_closings(cx, unit, before, &v, &n));
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_counter_closings_rows, n);
    page->rows.n = n;
    for (size_t i = 0; i < n; i++) {
        struct str iso = date_iso(cx->arena, v[i].day);
        page->rows.v[i] = (struct tpl_counter_closings_rows){
            .day = text_date_of(cx, v[i].day),
            .href = str_fmt(cx->arena, "/can-bo/thu-phi?ngay=" STR_FMT "#khoa-so", STR_ARG(iso)),
            .expected = text_money(cx, v[i].expected_vnd),
            .counted = text_money(cx, v[i].counted_vnd),
            .difference = text_money(cx, v[i].counted_vnd - v[i].expected_vnd),
            .reason = v[i].reason,
            .is_even = v[i].counted_vnd == v[i].expected_vnd,
            .by = v[i].by,
            .at = text_instant(cx, v[i].at_us),
        };
    }
    if (n == PAGE_FULL_N) {
        page->more = str_fmt(cx->arena, "/can-bo/thu-phi/khoa-so?truoc=" STR_FMT,
                             STR_ARG(date_iso(cx->arena, v[n - 1].day)));
    }
    web_title(rs, text(cx, "counter.closings"));
    web_crumb(cx, rs, STR("/can-bo/thu-phi"), text(cx, "counter.cash"));
    web_crumb(cx, rs, STR_NULL, text(cx, "counter.closings"));
    return web_page(cx, rs, &tpl_counter_closings_t, page);
}
