/* VietQR, the bank's callback, reconciliation, and the simulated bank. */
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "engine/pay/pay_int.h"
#include "gen/q_pay.h"
#include "sys/sys.h"

#define BODY_MAX      4096
#define STATEMENT_MAX 100000
#define DAY_BILLS_MAX 100000

/* One EMVCo data object: two digits of id, two of length, value. */
static void
put(struct buf *b, const char *id, struct str value)
{
    buf_addf(b, "%s%02zu" STR_FMT, id, value.n, STR_ARG(value));
}

/* CRC-16/CCITT-FALSE over everything up to and with "6304" (EMVCo MPM 4.7.3). */
static uint32_t
crc16(struct str s)
{
    uint32_t crc = 0xFFFF;
    for (size_t i = 0; i < s.n; i++) {
        crc ^= (uint32_t)(uint8_t)s.p[i] << 8;
        for (int k = 0; k < 8; k++) {
            crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xFFFF : crc << 1;
        }
    }
    return crc;
}

static bool
is_plain(struct str s, size_t min, size_t max, bool digits_only)
{
    if (s.n < min || s.n > max) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_digit = c >= '0' && c <= '9';
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_digit && (digits_only || !is_letter)) {
            return false;
        }
    }
    return true;
}

enum err
pay_vietqr(struct ctx *cx, const struct pay_account *to, int64_t amount_vnd, struct str purpose,
           struct str *ret)
{
    struct buf b = buf_new(cx->arena, 512);
    struct buf bank = buf_new(cx->arena, 64);
    struct buf account = buf_new(cx->arena, 128);
    struct buf more = buf_new(cx->arena, 64);

    if (!is_plain(to->bank_bin, 6, 6, true) || !is_plain(to->number, 1, 19, false) ||
        !is_plain(purpose, 1, 25, false) || amount_vnd < 1 || amount_vnd > PAY_AMOUNT_VND_MAX) {
        return err_set(cx, ERR_INVALID, "account, amount or purpose cannot be written as VietQR");
    }
    put(&bank, "00", to->bank_bin);
    put(&bank, "01", to->number);
    put(&account, "00", STR("A000000727")); /* Napas */
    put(&account, "01", buf_str(&bank));
    put(&account, "02", STR("QRIBFTTA")); /* transfer to an account */
    put(&more, "08", purpose);
    put(&b, "00", STR("01"));
    put(&b, "01", STR("12")); /* dynamic: one bill */
    put(&b, "38", buf_str(&account));
    put(&b, "53", STR("704")); /* VND, ISO 4217 */
    put(&b, "54", str_fmt(cx->arena, "%" PRId64, amount_vnd));
    put(&b, "58", STR("VN"));
    put(&b, "62", buf_str(&more));
    BUF_LIT(&b, "6304");
    buf_addf(&b, "%04X", crc16(buf_str(&b)));
    *ret = buf_str(&b);
    return ERR_OK;
}

static struct str
sign(struct ctx *cx, const struct pay_callback *in, struct str secret)
{
    struct str text = str_fmt(cx->arena, STR_FMT "." STR_FMT "." STR_FMT, STR_ARG(in->timestamp),
                              STR_ARG(in->nonce), STR_ARG(in->body));
    struct digest d = digest_hmac(secret, text);
    return digest_hex(cx->arena, &d);
}

struct payment {
    struct str code, bank_ref, nonce;
    int64_t amount_vnd, stray_id;
    enum pay_answer answer;
    enum err refusal; /* committed beside the stray row, told after it */
};

static enum err
stray(struct ctx *cx, struct payment *p, struct str reason)
{
    p->refusal = ERR_CONFLICT;
    return q_pay_stray_put(cx, NULL, .id = p->stray_id, .bank_ref = p->bank_ref, .code = p->code,
                           .amount_vnd = p->amount_vnd, .reason = reason, .at_us = sys_now_us(cx));
}

static enum err
callback_tx(struct ctx *cx, void *arg)
{
    struct payment *p = arg;
    struct q_pay_bill_by_ref known;
    struct pay_bill b;
    int64_t n = 0;

    p->answer = PAY_ACCEPTED;
    p->refusal = ERR_OK;
    TRY(q_pay_nonce_sweep(cx, NULL,
                          .before_us = sys_now_us(cx) - 4 * PAY_CLOCK_SKEW_S * DATE_US_PER_S));
    TRY(q_pay_nonce_put(cx, &n, .nonce = p->nonce, .at_us = sys_now_us(cx)));
    if (n != 1) {
        return err_set(cx, ERR_UNAUTHENTICATED, "callback's nonce was used before");
    }
    enum err e = q_pay_bill_by_ref(cx, &known, .bank_ref = p->bank_ref);
    if (e == ERR_OK) {
        p->answer = PAY_REPEATED;
        return ERR_OK;
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(pay_bill_by_code(cx, p->code, &b));
    if (!str_eq(b.state, STR("open"))) {
        return stray(cx, p, STR("bill not open"));
    }
    if (b.amount_vnd != p->amount_vnd) {
        return stray(cx, p, STR("amount differs"));
    }
    struct str receipt;
    TRY(pay_receipt_number(cx, b.unit, &receipt));
    return pay_settle(cx, &b, STR("bank"), p->bank_ref, receipt);
}

static enum err
check_signature(struct ctx *cx, const struct pay_callback *in, struct str secret)
{
    int64_t at_s = 0;
    int64_t now_s = sys_now_us(cx) / DATE_US_PER_S;

    if (in->body.n > BODY_MAX || in->nonce.n < 8 || in->nonce.n > 64 || secret.n < 16 ||
        !digest_same(sign(cx, in, secret), in->signature)) {
        return err_set(cx, ERR_UNAUTHENTICATED, "callback's signature is wrong");
    }
    if (!str_to_i64(in->timestamp, 0, INT64_MAX / DATE_US_PER_S, &at_s) ||
        at_s < now_s - PAY_CLOCK_SKEW_S || at_s > now_s + PAY_CLOCK_SKEW_S) {
        return err_set(cx, ERR_UNAUTHENTICATED, "callback's time is too far from ours");
    }
    return ERR_OK;
}

enum err
pay_body_read(struct ctx *cx, struct str body, struct pay_said *ret)
{
    struct json *j = NULL;
    struct json_fault fault = { 0 };

    if (body.n > BODY_MAX ||
        json_parse(cx->arena, body, (struct json_limits){ 4, 50 }, &j, &fault) != ERR_OK) {
        return err_set(cx, ERR_BAD_REQUEST, "callback's body is not JSON");
    }
    *ret = (struct pay_said){ .code = json_text(j, "code"),
                              .bank_ref = json_text(j, "bank_ref"),
                              .amount_vnd = json_int(j, "amount_vnd", -1) };
    if (ret->code.n == 0 || ret->code.n > 40 || ret->bank_ref.n == 0 || ret->bank_ref.n > 80 ||
        ret->amount_vnd < 0) {
        return err_set(cx, ERR_BAD_REQUEST, "callback lacks code, bank_ref or amount_vnd");
    }
    return ERR_OK;
}

enum err
pay_callback(struct ctx *cx, const struct pay_callback *in, struct str secret, enum pay_answer *ret)
{
    struct pay_said said;

    TRY(check_signature(cx, in, secret));
    TRY(pay_body_read(cx, in->body, &said));
    struct payment p = { .code = said.code,
                         .bank_ref = said.bank_ref,
                         .nonce = in->nonce,
                         .amount_vnd = said.amount_vnd,
                         .stray_id = store_new_id(cx) };
    TRY(store_write(cx, callback_tx, &p));
    if (p.refusal != ERR_OK) {
        return err_set(cx, ERR_CONFLICT, "payment does not fit the bill; kept for reconciliation");
    }
    *ret = p.answer;
    return ERR_OK;
}

enum err
pay_secret(struct ctx *cx, struct str *ret)
{
    struct str dir = str_cat(cx->arena, cx->config->data_dir, STR("/pay"));
    struct str path = str_cat(cx->arena, dir, STR("/callback.secret"));

    if (!sys_file_exists(cx, path)) {
        TRY(sys_mkdirs(cx, dir));
        TRY(sys_file_write(cx, path, sys_random_code(cx, 40)));
    }
    return sys_file_read(cx, path, 256, ret);
}

enum err
pay_simulate(struct ctx *cx, const struct pay_bill *b, struct str secret, struct pay_callback *ret)
{
    struct buf body = buf_new(cx->arena, BODY_MAX);
    struct json_out o = json_out(&body);

    json_open(&o);
    json_put_str(&o, "code", b->code);
    json_put_i64(&o, "amount_vnd", b->amount_vnd);
    json_put_str(&o, "bank_ref", str_cat(cx->arena, STR("SIM"), sys_random_code(cx, 12)));
    json_put_str(&o, "paid_at", date_iso_instant_vn(cx->arena, sys_now_us(cx)));
    json_close(&o);
    struct pay_callback c = { .body = buf_str(&body),
                              .timestamp =
                                  str_fmt(cx->arena, "%" PRId64, sys_now_us(cx) / DATE_US_PER_S),
                              .nonce = sys_random_code(cx, 20) };
    c.signature = sign(cx, &c, secret);
    *ret = c;
    return ERR_OK;
}

/* --- reconciliation --------------------------------------------------------------------------- */

struct side {
    struct str ref, code;
    int64_t vnd;
};

static int
by_ref(const void *x, const void *y)
{
    return str_cmp(((const struct side *)x)->ref, ((const struct side *)y)->ref);
}

/* Two sorted lists walked side by side. */
static size_t
compare(const struct side *ours, size_t n_ours, const struct side *theirs, size_t n_theirs,
        struct pay_difference *out, size_t *ret_matched)
{
    size_t n = 0;
    size_t i = 0;
    size_t k = 0;

    while (i < n_ours || k < n_theirs) {
        int c = i == n_ours ? 1 : k == n_theirs ? -1 : str_cmp(ours[i].ref, theirs[k].ref);
        if (c == 0 && ours[i].vnd == theirs[k].vnd) {
            (*ret_matched)++;
        } else if (c == 0) {
            out[n++] = (struct pay_difference){ PAY_AMOUNT_DIFFERS, ours[i].ref, ours[i].code,
                                                ours[i].vnd, theirs[k].vnd };
        } else if (c < 0) {
            out[n++] = (struct pay_difference){ PAY_NOT_ON_STATEMENT, ours[i].ref, ours[i].code,
                                                ours[i].vnd, 0 };
        } else {
            out[n++] = (struct pay_difference){ PAY_NOT_BOOKED, theirs[k].ref, theirs[k].code, 0,
                                                theirs[k].vnd };
        }
        i += c <= 0;
        k += c >= 0;
    }
    return n;
}

enum err
pay_reconcile(struct ctx *cx, struct date day, const struct pay_statement_line *lines,
              size_t n_lines, struct pay_difference **ret, size_t *ret_n, size_t *ret_n_matched)
{
    struct q_pay_bill_of_day_list rows;
    size_t matched = 0;

    if (n_lines > STATEMENT_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "statement of %zu lines", n_lines);
    }
    TRY(q_pay_bill_of_day(cx, &rows, .day = day.day, .n = DAY_BILLS_MAX));
    struct side *ours = ARENA_ARRAY(cx->arena, struct side, rows.n + 1);
    struct side *theirs = ARENA_ARRAY(cx->arena, struct side, n_lines + 1);
    for (size_t i = 0; i < rows.n; i++) {
        ours[i] = (struct side){ rows.v[i].bank_ref, rows.v[i].code, rows.v[i].amount_vnd };
    }
    for (size_t i = 0; i < n_lines; i++) {
        theirs[i] = (struct side){ lines[i].bank_ref, lines[i].code, lines[i].amount_vnd };
    }
    qsort(ours, rows.n, sizeof(*ours), by_ref);
    qsort(theirs, n_lines, sizeof(*theirs), by_ref);
    struct pay_difference *out =
        ARENA_ARRAY(cx->arena, struct pay_difference, rows.n + n_lines + 1);
    *ret_n = compare(ours, rows.n, theirs, n_lines, out, &matched);
    *ret = out;
    *ret_n_matched = matched;
    return ERR_OK;
}
