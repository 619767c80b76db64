/* filing_pay.c: paying a bill: VietQR, the bank's signed callback, and for the demo a bank that is
 * plainly a simulation. */
#include "codec/qr.h"
#include "engine/access/access.h"
#include "engine/pay/pay.h"
#include "engine/unit/unit.h"
#include "gen/tpl_filing.h"
#include "office/filing/filing_int.h"
#include "sys/sys.h"

static enum err
current_bill(struct ctx *cx, const struct dossier *d, struct pay_bill *ret)
{
    struct pay_bill *v = NULL;
    size_t n = 0;
    TRY(pay_bill_list(cx, d->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(v[i].state, STR("cancelled"))) {
            *ret = v[i];
            return pay_bill_by_id(cx, v[i].id, ret);
        }
    }
    return err_set(cx, ERR_NOT_FOUND, "dossier %" PRId64 " has no bill", d->id);
}

static enum err
bill_qr(struct ctx *cx, const struct dossier *d, const struct pay_bill *b, struct str *ret)
{
    struct qr q;
    struct str words;
    const struct unit *u = unit_by_key(cx, d->unit);
    const struct pack_bank *bank = pack_bank_of(pack_now(cx), u == NULL ? STR("") : u->code);
    bool is_sure = bank != NULL && (!bank->is_check || cx->config->is_demo);
    if (!is_sure) { /* paid at the counter only: nobody shall pay to an account that may be wrong */
        *ret = STR_NULL;
        return ERR_OK;
    }
    struct pay_account to = { bank->bin, bank->number, bank->name };
    TRY(pay_vietqr(cx, &to, b->amount_vnd, b->code, &words));
    TRY(qr_make(cx->arena, words, &q));
    *ret = qr_svg(cx->arena, &q, text(cx, "filing.pay.qr"));
    return ERR_OK;
}

static void
fill_lines(struct ctx *cx, const struct pay_bill *b, struct tpl_filing_pay *data)
{
    data->lines.v = ARENA_ARRAY(cx->arena, struct tpl_filing_pay_lines, b->n_lines);
    for (size_t i = 0; i < b->n_lines; i++) {
        bool is_exempt = !str_is_empty(b->lines[i].exempt);
        data->lines.v[data->lines.n++] = (struct tpl_filing_pay_lines){
            .name = b->lines[i].name,
            .amount = is_exempt ? text(cx, "filing.fee.exempt")
                                : text_money(cx, b->lines[i].unit_vnd * b->lines[i].n),
            .note = b->lines[i].exempt,
        };
    }
}

enum err
filing_pay(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct pay_bill b;
    struct tpl_filing_pay *data = ARENA_NEW(cx->arena, struct tpl_filing_pay);
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(current_bill(cx, &d, &b));
    data->id = str_fmt(cx->arena, "%" PRId64, d.id);
    data->number = d.number;
    data->unit = unit_name(cx, d.unit);
    data->code = b.code;
    data->amount = text_money(cx, b.amount_vnd);
    data->is_paid = str_eq(b.state, STR("paid"));
    data->is_demo = cx->config->is_demo;
    data->paid_at = b.paid_us == 0 ? STR_NULL : text_instant(cx, b.paid_us);
    data->receipt = b.receipt;
    data->bank_ref = b.bank_ref;
    fill_lines(cx, &b, data);
    if (!data->is_paid) {
        TRY(bill_qr(cx, &d, &b, &data->qr));
        data->has_qr = data->qr.p != NULL;
    }
    web_title(rs, text(cx, "filing.do.pay"));
    return web_page(cx, rs, &tpl_filing_pay_t, data);
}

enum err
filing_pay_receipt(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct pay_bill b;
    struct str pdf;
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(current_bill(cx, &d, &b));
    TRY(dossier_print_fee(cx, &d, b.id, &pdf));
    return web_bytes(cx, rs, pdf, STR("application/pdf"),
                     str_fmt(cx->arena, "bien-lai-" STR_FMT ".pdf",
                             STR_ARG(str_replace(cx->arena, b.receipt, STR("/"), STR("-")))));
}

/* --- the bank
 * ------------------------------------------------------------------------------------------ */
/* Body and headers as the bank sent them; the signature over both is the proof. */
enum err
filing_callback(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str secret;
    enum pay_answer answer = PAY_ACCEPTED;
    struct pay_callback in = {
        .body = rq->http->body,
        .timestamp = http_header_get(rq->http, STR("X-Bank-Timestamp")),
        .nonce = http_header_get(rq->http, STR("X-Bank-Nonce")),
        .signature = http_header_get(rq->http, STR("X-Bank-Signature")),
    };
    TRY(pay_secret(cx, &secret));
    TRY(pay_callback(cx, &in, secret, &answer));
    return web_bytes(cx, rs,
                     answer == PAY_REPEATED ? STR("{\"status\":\"repeated\"}")
                                            : STR("{\"status\":\"accepted\"}"),
                     STR("application/json"), STR_NULL);
}

/* SIMULATED BANK: only where the demo runs. */
static enum err
demo_bill(struct ctx *cx, const struct web_req *rq, struct pay_bill *ret)
{
    return cx->config->is_demo ? pay_bill_by_code(cx, web_param(rq, "code"), ret)
                               : err_set(cx, ERR_NOT_FOUND, "no simulated bank here");
}

enum err
filing_bank(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct pay_bill b;
    struct tpl_filing_bank *data = ARENA_NEW(cx->arena, struct tpl_filing_bank);
    TRY(demo_bill(cx, rq, &b));
    data->code = b.code;
    data->amount = text_money(cx, b.amount_vnd);
    data->unit = unit_name(cx, b.unit);
    data->is_paid = str_eq(b.state, STR("paid"));
    data->back = str_fmt(cx->arena, "/ho-so/%" PRId64, b.dossier_id);
    web_title(rs, text(cx, "filing.bank"));
    return web_page(cx, rs, &tpl_filing_bank_t, data);
}

/* Sends what a bank would send, through the same check of the signature. */
enum err
filing_bank_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct pay_bill b;
    struct pay_callback sent;
    struct str secret;
    enum pay_answer answer = PAY_ACCEPTED;
    TRY(demo_bill(cx, rq, &b));
    TRY(pay_secret(cx, &secret));
    TRY(pay_simulate(cx, &b, secret, &sent));
    TRY(pay_callback(cx, &sent, secret, &answer));
    web_flash(cx, rs, "filing.pay.done");
    return web_see_other(cx, rs, "/ho-so/%" PRId64, b.dossier_id);
}
