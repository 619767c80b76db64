/* Receipts, cash at the counter, the day book. */
#include "codec/json.h"
#include "engine/pay/pay_int.h"
#include "gen/q_pay.h"
#include "sys/sys.h"

enum err
pay_receipt_number(struct ctx *cx, struct str unit, struct str *ret)
{
    struct q_pay_receipt_last last;
    int64_t year = date_civil(date_at_vn(sys_now_us(cx))).year;

    TRY(q_pay_receipt_next(cx, NULL, .unit = unit, .year = year));
    TRY(q_pay_receipt_last(cx, &last, .unit = unit, .year = year));
    *ret = str_fmt(cx->arena, "%07" PRId64 "/%" PRId64, last.last, year);
    return ERR_OK;
}

struct cash {
    int64_t bill_id, id;
    struct str cashier, reason;
};

static enum err
cash_tx(struct ctx *cx, void *arg)
{
    const struct cash *in = arg;
    struct pay_bill b;
    struct str receipt;
    int64_t now_us = sys_now_us(cx);

    TRY(pay_bill_by_id(cx, in->bill_id, &b));
    TRY(pay_require_open_day(cx, b.unit, date_at_vn(now_us).day));
    TRY(pay_receipt_number(cx, b.unit, &receipt));
    TRY(pay_settle(cx, &b, STR("cash"), STR_NULL, receipt));
    return q_pay_cash_insert(cx, NULL, .id = in->id, .unit = b.unit, .day = date_at_vn(now_us).day,
                             .bill_id = b.id, .amount_vnd = b.amount_vnd, .receipt = receipt,
                             .payer = b.payer, .code = b.code, .cashier = in->cashier,
                             .at_us = now_us);
}

enum err
pay_cash(struct ctx *cx, int64_t bill_id, struct str cashier, struct pay_bill *ret)
{
    struct cash in = { .bill_id = bill_id, .id = store_new_id(cx), .cashier = cashier };
    TRY(store_write(cx, cash_tx, &in));
    return pay_bill_by_id(cx, bill_id, ret);
}

enum err
pay_cashier(struct ctx *cx, int64_t bill_id, struct str *ret)
{
    struct q_pay_cash_of_bill row;
    enum err e = q_pay_cash_of_bill(cx, &row, .bill_id = bill_id);

    *ret = e == ERR_OK ? row.cashier : STR_NULL;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
tell_void(struct ctx *cx, const struct pay_bill *b, struct str reason)
{
    struct buf p = buf_new(cx->arena, (size_t)4 << 10);
    struct json_out o = json_out(&p);

    json_open(&o);
    json_put_i64(&o, "bill_id", b->id);
    json_put_i64(&o, "dossier_id", b->dossier_id);
    json_put_str(&o, "receipt", b->receipt);
    json_put_str(&o, "reason", reason);
    json_close(&o);
    if (p.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "reason of a void receipt");
    }
    return store_outbox_put(cx, STR("pay.void"), str_fmt(cx->arena, "%" PRId64, b->dossier_id),
                            buf_str(&p));
}

static enum err
void_tx(struct ctx *cx, void *arg)
{
    const struct cash *in = arg;
    struct pay_bill b;
    struct q_pay_cash_of_bill row;
    int64_t n = 0;
    int64_t now_us = sys_now_us(cx);

    TRY(pay_bill_by_id(cx, in->bill_id, &b));
    enum err e = q_pay_cash_of_bill(cx, &row, .bill_id = in->bill_id);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    if (e == ERR_NOT_FOUND || row.day != date_at_vn(now_us).day) {
        return err_set(cx, ERR_CONFLICT, "bill has no cash receipt of today");
    }
    TRY(pay_require_open_day(cx, b.unit, row.day));
    TRY(q_pay_cash_void(cx, NULL, .id = row.id, .void_us = now_us, .void_by = in->cashier,
                        .void_reason = in->reason));
    TRY(q_pay_bill_reopen(cx, &n, .id = b.id));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "bill is not paid in cash");
    }
    return tell_void(cx, &b, in->reason);
}

enum err
pay_cash_void(struct ctx *cx, int64_t bill_id, struct str by, struct str reason)
{
    struct cash in = { .bill_id = bill_id, .cashier = by, .reason = reason };
    return store_write(cx, void_tx, &in);
}

enum err
pay_day_book(struct ctx *cx, struct str unit, struct date day, struct pay_day_line **ret,
             size_t *ret_n, int64_t *ret_sum_vnd)
{
    struct q_pay_cash_of_day_list rows;
    int64_t sum = 0;

    TRY(q_pay_cash_of_day(cx, &rows, .unit = unit, .day = day.day));
    struct pay_day_line *v = ARENA_ARRAY(cx->arena, struct pay_day_line, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        const struct q_pay_cash_of_day *r = &rows.v[i];
        v[i] = (struct pay_day_line){ .id = r->id,
                                      .bill_id = r->bill_id,
                                      .amount_vnd = r->amount_vnd,
                                      .at_us = r->at_us,
                                      .receipt = r->receipt,
                                      .payer = r->payer,
                                      .code = r->code,
                                      .cashier = r->cashier,
                                      .void_us = r->void_us,
                                      .void_by = r->void_by,
                                      .void_reason = r->void_reason };
        sum += r->void_us == 0 ? r->amount_vnd : 0;
    }
    *ret = v;
    *ret_n = rows.n;
    *ret_sum_vnd = sum;
    return ERR_OK;
}
