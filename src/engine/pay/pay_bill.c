/* Bills, and cash at the counter. */
#include "codec/json.h"
#include "engine/pay/pay_int.h"
#include "gen/q_pay.h"
#include "sys/sys.h"

#define LINES_JSON_MAX ((size_t)32 << 10)

/* Sum of what is due; false when a line is out of bounds. */
static bool
sum_lines(const struct pay_bill_new *in, int64_t *ret)
{
    int64_t sum = 0;

    if (in->n_lines == 0 || in->n_lines > PAY_LINES_MAX || in->dossier_id == 0) {
        return false;
    }
    for (size_t i = 0; i < in->n_lines; i++) {
        const struct pay_line *l = &in->lines[i];
        int64_t amount = 0;
        if (l->unit_vnd < 0 || l->unit_vnd > PAY_AMOUNT_VND_MAX || l->n < 1 || l->n > 10000 ||
            __builtin_mul_overflow(l->unit_vnd, l->n, &amount)) {
            return false;
        }
        sum += str_is_empty(l->exempt) ? amount : 0;
        if (sum > PAY_AMOUNT_VND_MAX) {
            return false;
        }
    }
    *ret = sum;
    return true;
}

static struct str
lines_json(struct ctx *cx, const struct pay_bill_new *in)
{
    struct buf b = buf_new(cx->arena, LINES_JSON_MAX);
    struct json_out o = json_out(&b);

    json_open_list(&o);
    for (size_t i = 0; i < in->n_lines; i++) {
        json_open(&o);
        json_put_str(&o, "fee", in->lines[i].fee);
        json_put_str(&o, "name", in->lines[i].name);
        json_put_i64(&o, "unit_vnd", in->lines[i].unit_vnd);
        json_put_i64(&o, "n", in->lines[i].n);
        json_put_str(&o, "exempt", in->lines[i].exempt);
        json_close(&o);
    }
    json_close_list(&o);
    return buf_str(&b);
}

static enum err
lines_read(struct ctx *cx, struct str text, struct pay_bill *b)
{
    struct json *j = NULL;
    struct json_fault fault = { 0 };

    if (json_parse(cx->arena, text, (struct json_limits){ 0 }, &j, &fault) != ERR_OK ||
        j->type != JSON_LIST) {
        return err_set(cx, ERR_STORE, "lines of a bill do not read");
    }
    b->lines = ARENA_ARRAY(cx->arena, struct pay_line, j->n + 1);
    for (JSON_EACH(j, it)) {
        b->lines[b->n_lines++] = (struct pay_line){ json_text(it, "fee"), json_text(it, "name"),
                                                    json_int(it, "unit_vnd", 0),
                                                    json_int(it, "n", 1), json_text(it, "exempt") };
    }
    return ERR_OK;
}

enum err
pay_bill_by_id(struct ctx *cx, int64_t id, struct pay_bill *ret)
{
    struct q_pay_bill_by_id r;

    TRY(q_pay_bill_by_id(cx, &r, .id = id));
    struct pay_bill b = { .id = r.id,
                          .dossier_id = r.dossier_id,
                          .code = r.code,
                          .unit = r.unit,
                          .payer = r.payer,
                          .state = r.state,
                          .channel = r.channel,
                          .bank_ref = r.bank_ref,
                          .receipt = r.receipt,
                          .amount_vnd = r.amount_vnd,
                          .created_us = r.created_us,
                          .paid_us = r.paid_us };
    TRY(lines_read(cx, r.lines, &b));
    *ret = b;
    return ERR_OK;
}

enum err
pay_bill_by_code(struct ctx *cx, struct str code, struct pay_bill *ret)
{
    struct q_pay_bill_by_code row;
    TRY(q_pay_bill_by_code(cx, &row, .code = code));
    return pay_bill_by_id(cx, row.id, ret);
}

enum err
pay_bill_list(struct ctx *cx, int64_t dossier_id, struct pay_bill **ret, size_t *ret_n)
{
    struct q_pay_bill_list_list rows;

    TRY(q_pay_bill_list(cx, &rows, .dossier_id = dossier_id));
    struct pay_bill *v = ARENA_ARRAY(cx->arena, struct pay_bill, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) { /* a dossier has one or two */
        TRY(pay_bill_by_id(cx, rows.v[i].id, &v[i]));
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
pay_settle(struct ctx *cx, const struct pay_bill *b, struct str channel, struct str bank_ref,
           struct str receipt)
{
    int64_t now_us = sys_now_us(cx);
    int64_t n = 0;
    struct buf p = buf_new(cx->arena, 512);
    struct json_out o = json_out(&p);

    TRY(q_pay_bill_paid(cx, &n, .id = b->id, .channel = channel, .bank_ref = bank_ref,
                        .receipt = receipt, .paid_us = now_us, .paid_day = date_at_vn(now_us).day));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "bill is not open");
    }
    json_open(&o);
    json_put_i64(&o, "bill_id", b->id);
    json_put_i64(&o, "dossier_id", b->dossier_id);
    json_put_str(&o, "code", b->code);
    json_put_i64(&o, "amount_vnd", b->amount_vnd);
    json_put_str(&o, "channel", channel);
    json_close(&o);
    return store_outbox_put(cx, STR("pay.paid"), str_fmt(cx->arena, "%" PRId64, b->dossier_id),
                            buf_str(&p));
}

/* 50 bits: beside ten million bills, one more is the same by chance once in a hundred million. */
#define CODE_CHARS 10

struct creation {
    const struct pay_bill_new *in;
    struct str lines, code;
    int64_t id, amount_vnd, created_us;
};

/* The bill of the same dossier with the same lines: one that was made before. */
static enum err
find_same(struct ctx *cx, struct creation *c)
{
    struct q_pay_bill_same same;
    TRY(q_pay_bill_same(cx, &same, .dossier_id = c->in->dossier_id, .lines = c->lines));
    c->id = same.id;
    return ERR_OK;
}

static enum err
create_tx(struct ctx *cx, void *arg)
{
    struct creation *c = arg;
    enum err e = c->in->is_first ? ERR_NOT_FOUND : find_same(cx, c);
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(q_pay_bill_insert(cx, NULL, .id = c->id, .dossier_id = c->in->dossier_id, .code = c->code,
                          .unit = c->in->unit, .payer = c->in->payer, .lines = c->lines,
                          .amount_vnd = c->amount_vnd, .created_us = c->created_us));
    if (c->amount_vnd == 0) {
        struct pay_bill b = { .id = c->id, .dossier_id = c->in->dossier_id, .code = c->code };
        return pay_settle(cx, &b, STR("none"), STR_NULL, STR_NULL);
    }
    return ERR_OK;
}

enum err
pay_bill_create(struct ctx *cx, const struct pay_bill_new *in, struct pay_bill *ret)
{
    struct creation c = { .in = in, .id = store_new_id(cx), .created_us = sys_now_us(cx) };

    if (!sum_lines(in, &c.amount_vnd)) {
        return err_set(cx, ERR_INVALID, "lines of a bill are out of bounds");
    }
    c.lines = lines_json(cx, in);
    c.code = str_cat(cx->arena, STR("BB"), sys_random_code(cx, CODE_CHARS));
    TRY(cx->is_writing ? create_tx(cx, &c) : store_write(cx, create_tx, &c));
    if (!in->is_first || c.amount_vnd == 0) {
        return pay_bill_by_id(cx, c.id, ret);
    }
    *ret = (struct pay_bill){ .id = c.id,
                              .dossier_id = in->dossier_id,
                              .code = c.code,
                              .unit = in->unit,
                              .payer = in->payer,
                              .state = STR("open"),
                              .amount_vnd = c.amount_vnd,
                              .created_us = c.created_us,
                              .lines = ARENA_ARRAY(cx->arena, struct pay_line, in->n_lines),
                              .n_lines = in->n_lines };
    memcpy(ret->lines, in->lines, in->n_lines * sizeof(*in->lines));
    return ERR_OK;
}

struct cancel {
    int64_t id;
    struct str reason;
};

static enum err
cancel_tx(struct ctx *cx, void *arg)
{
    const struct cancel *in = arg;
    int64_t n = 0;
    TRY(q_pay_bill_cancel(cx, &n, .id = in->id, .reason = in->reason));
    return n == 1 ? ERR_OK : err_set(cx, ERR_CONFLICT, "bill is not open");
}

enum err
pay_bill_cancel(struct ctx *cx, int64_t id, struct str reason)
{
    struct cancel in = { id, reason };
    return cx->is_writing ? cancel_tx(cx, &in) : store_write(cx, cancel_tx, &in);
}
