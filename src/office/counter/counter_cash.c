/* counter_cash.c: fees in cash: the bill of a dossier, a receipt, a wrong receipt declared void. */
#include "office/counter/counter_int.h"

#include "engine/calendar/calendar.h"
#include "engine/pay/pay.h"
#include "sys/sys.h"

/* A receipt of today, taken in cash, while the dossier has no result yet. */
static bool
may_void(struct ctx *cx, const struct dossier *d, const struct pay_bill *b)
{
    bool is_cash = str_eq(b->state, STR("paid")) && str_eq(b->channel, STR("cash"));
    bool is_today = date_at_vn(b->paid_us).day == date_at_vn(sys_now_us(cx)).day;
    bool is_early = str_eq(d->state, STR("open")) && d->finished_us == 0;
    return is_cash && is_today && is_early && access_may_in(cx, "pay.refund", d->unit);
}

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
            .print = str_is_empty(b[i].receipt)
                         ? STR_NULL
                         : str_fmt(cx->arena, "/can-bo/thu-phi/%" PRId64 "/bien-lai.pdf", b[i].id),
            .is_open = str_eq(b[i].state, STR("open")),
            .can_void = may_void(cx, d, &b[i]),
        };
    }
    return ERR_OK;
}

enum err
counter_cash(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_cash *page = ARENA_NEW(cx->arena, struct tpl_counter_cash);
    struct dossier d;
    struct str unit;
    struct date day = calendar_today(cx);
    TRY(counter_unit(cx, "pay.collect", &unit));
    (void)counter_day(cx, web_text(rq, "ngay"), &day);
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
    TRY(counter_daybook(cx, unit, day, page));
    TRY(counter_closing(cx, unit, day, page));
    web_reads_person(
        cx, rs, 0, "pay.daybook",
        str_fmt(cx->arena, "day=" STR_FMT " n=%zu", STR_ARG(page->day), page->lines.n));
    return web_page(cx, rs, &tpl_counter_cash_t, page);
}

/* The bill in the address, and its dossier; the actor has the permission there. */
static enum err
open_bill(struct ctx *cx, const struct web_req *rq, const char *perm, struct pay_bill *ret,
          struct dossier *ret_d)
{
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "bill", &id));
    TRY(pay_bill_by_id(cx, id, ret));
    TRY(dossier_get(cx, ret->dossier_id, ret_d));
    return access_require_in(cx, perm, ret_d->unit);
}

enum err
counter_pay(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct pay_bill b;
    struct dossier d;
    TRY(open_bill(cx, rq, "pay.collect", &b, &d));
    enum err e = pay_cash(cx, b.id, cx->actor->name, &b);
    if (e == ERR_GONE) {
        ctx_problem(cx, STR("so"), STR("counter.closing.closed"), STR_NULL);
        return ctx_check(cx);
    }
    if (e != ERR_OK && e != ERR_CONFLICT) {
        return e;
    }
    /* pressed twice, or a colleague was quicker: the page shows the receipt that stands */
    web_flash(cx, rs, e == ERR_OK ? "counter.flash.paid" : "counter.flash.paid_before");
    return web_see_other(cx, rs, "/can-bo/thu-phi?so=" STR_FMT, STR_ARG(d.number));
}

enum err
counter_receipt(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct pay_bill b;
    struct dossier d;
    struct str pdf;
    TRY(open_bill(cx, rq, "pay.collect", &b, &d));
    TRY(dossier_print_fee(cx, &d, b.id, &pdf));
    web_reads_person(cx, rs, d.party, "pay.cash", d.number);
    return web_bytes(cx, rs, pdf, STR("application/pdf"), STR_NULL);
}

enum err
counter_void(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct pay_bill b;
    struct dossier d;
    struct str why = str_trim(web_text(rq, "ly_do"));
    TRY(open_bill(cx, rq, "pay.refund", &b, &d));
    if (str_is_empty(why)) {
        ctx_problem(cx, STR("ly_do"), STR("counter.void.why"), STR_NULL);
    } else if (!may_void(cx, &d, &b)) {
        ctx_problem(cx, STR("ly_do"), STR("counter.void.too_late"), STR_NULL);
    }
    TRY(ctx_check(cx));
    enum err e = pay_cash_void(cx, b.id, cx->actor->name, why);
    if (e == ERR_GONE) {
        ctx_problem(cx, STR("ly_do"), STR("counter.closing.closed"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    web_flash(cx, rs, "counter.flash.void");
    return web_see_other(cx, rs, "/can-bo/thu-phi?so=" STR_FMT, STR_ARG(d.number));
}
