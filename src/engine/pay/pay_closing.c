/* pay_closing.c: the end of a day at the fee counter: what the book says, what was counted, and why
 * they differ. A closed day takes no receipt and gives none up. */
#include "base/buf.h"
#include "crypto/digest.h"
#include "engine/ledger/ledger.h"
#include "engine/pay/pay_int.h"
#include "gen/q_pay.h"
#include "sys/sys.h"

#define BOOK_BYTES   ((size_t)1 << 20)
#define CLOSINGS_MAX 60

enum err
pay_closing_of(struct ctx *cx, struct str unit, struct date day, struct pay_closing *ret)
{
    struct q_pay_closing_of r;
    TRY(q_pay_closing_of(cx, &r, .unit = unit, .day = day.day));
    *ret = (struct pay_closing){ .id = r.id,
                                 .unit = unit,
                                 .day = day,
                                 .n_valid = r.n_valid,
                                 .n_void = r.n_void,
                                 .expected_vnd = r.expected_vnd,
                                 .counted_vnd = r.counted_vnd,
                                 .reason = r.reason,
                                 .by = r.closed_by,
                                 .at_us = r.at_us,
                                 .digest = r.digest };
    return ERR_OK;
}

enum err
pay_closings(struct ctx *cx, struct str unit, struct date before, struct pay_closing **ret,
             size_t *ret_n)
{
    struct q_pay_closings_list list;
    TRY(q_pay_closings(cx, &list, .unit = unit, .before_day = before.day, .limit_n = CLOSINGS_MAX));
    struct pay_closing *v = ARENA_ARRAY(cx->arena, struct pay_closing, list.n);
    for (size_t i = 0; i < list.n; i++) {
        const struct q_pay_closings *r = &list.v[i];
        v[i] = (struct pay_closing){ .id = r->id,
                                     .unit = unit,
                                     .day = { (int32_t)r->day },
                                     .n_valid = r->n_valid,
                                     .n_void = r->n_void,
                                     .expected_vnd = r->expected_vnd,
                                     .counted_vnd = r->counted_vnd,
                                     .reason = r->reason,
                                     .by = r->closed_by,
                                     .at_us = r->at_us,
                                     .digest = r->digest };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
pay_require_open_day(struct ctx *cx, struct str unit, int64_t day)
{
    struct q_pay_closing_of row;
    enum err e = q_pay_closing_of(cx, &row, .unit = unit, .day = day);
    return e == ERR_NOT_FOUND ? ERR_OK
           : e == ERR_OK      ? err_set(cx, ERR_GONE, "the day's cash is closed")
                              : e;
}

/* The day book as text: what the closing vouches for. */
static enum err
count_book(struct ctx *cx, struct pay_closing *c)
{
    struct pay_day_line *v = NULL;
    size_t n = 0;
    struct buf b = buf_new(cx->arena, BOOK_BYTES);
    TRY(pay_day_book(cx, c->unit, c->day, &v, &n, &c->expected_vnd));
    c->n_valid = 0;
    c->n_void = 0;
    for (size_t i = 0; i < n; i++) {
        c->n_void += v[i].void_us != 0;
        c->n_valid += v[i].void_us == 0;
        buf_add(&b, str_fmt(cx->arena, STR_FMT " %" PRId64 " %" PRId64 "\n", STR_ARG(v[i].receipt),
                            v[i].amount_vnd, v[i].void_us));
    }
    if (b.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "day book of more than a closing");
    }
    c->digest = digest_sha256_hex(cx->arena, buf_str(&b));
    return ERR_OK;
}

static enum err
close_tx(struct ctx *cx, void *arg)
{
    struct pay_closing *c = arg;
    TRY(pay_require_open_day(cx, c->unit, c->day.day));
    TRY(count_book(cx, c));
    if (c->counted_vnd != c->expected_vnd && str_is_empty(c->reason)) {
        return err_set(cx, ERR_CONFLICT, "counted otherwise than the book, and no reason");
    }
    c->id = store_new_id(cx);
    c->at_us = sys_now_us(cx);
    TRY(q_pay_closing_insert(cx, NULL, .id = c->id, .unit = c->unit, .day = c->day.day,
                             .n_valid = c->n_valid, .n_void = c->n_void,
                             .expected_vnd = c->expected_vnd, .counted_vnd = c->counted_vnd,
                             .reason = c->reason, .closed_by = c->by, .account_id = cx->who.account,
                             .at_us = c->at_us, .digest = c->digest));
    struct ledger_new e = {
        .kind = "pay.closed",
        .object = str_fmt(cx->arena, "cash:" STR_FMT ":" STR_FMT, STR_ARG(c->unit),
                          STR_ARG(date_iso(cx->arena, c->day))),
        .note = str_fmt(cx->arena, "expected=%" PRId64 " counted=%" PRId64 " n=%" PRId64,
                        c->expected_vnd, c->counted_vnd, c->n_valid),
        .content = c->digest,
        .unit = c->unit,
    };
    return ledger_add(cx, &e);
}

enum err
pay_close_day(struct ctx *cx, struct pay_closing *c)
{
    if (c->day.day > date_at_vn(sys_now_us(cx)).day) {
        return err_set(cx, ERR_INVALID, "a day to come is not closed");
    }
    return store_write(cx, close_tx, c);
}
