/* pay.h: bills bound to a dossier, VietQR, the bank's signed callback, cash with day book, and
 * reconciliation. Money is whole dong (_vnd). A paid bill puts outbox topic "pay.paid" (key =
 * dossier id, payload {"bill_id","dossier_id","code","amount_vnd","channel"}) and calls nothing
 * else. */
#ifndef ENGINE_PAY_PAY_H
#define ENGINE_PAY_PAY_H

#include "base/date.h"
#include "store/store.h"

#define PAY_LINES_MAX      20
#define PAY_AMOUNT_VND_MAX INT64_C(10000000000)
#define PAY_CLOCK_SKEW_S   300 /* a callback older or newer than this is refused */

struct pay_line {
    struct str fee; /* id of the fee row */
    struct str name;
    int64_t unit_vnd, n; /* amount = unit_vnd * n unless exempt */
    struct str exempt;   /* reason why nothing is due, or null */
};
struct pay_bill {
    int64_t id, dossier_id;
    struct str code;     /* BBxxxxxxxx: what the payer's bank repeats */
    struct str unit;     /* unit code that collects */
    struct str payer;    /* name on the receipt */
    struct str state;    /* open | paid | cancelled */
    struct str channel;  /* bank | cash, when paid */
    struct str bank_ref; /* the bank's transaction id */
    struct str receipt;  /* receipt number, when paid and something was due */
    int64_t amount_vnd, created_us, paid_us;
    struct pay_line *lines;
    size_t n_lines;
};
struct pay_bill_new {
    int64_t dossier_id;
    struct str unit, payer;
    const struct pay_line *lines;
    size_t n_lines;
    bool is_first; /* the dossier is made in this transaction: no bill of it can be there */
};
/* Makes the bill of a dossier: inside a write of the caller, or opens its own. One open bill per
 * dossier and set of lines: asked again, returns the same one. A bill of 0 dong is paid at once (no
 * callback, topic emitted). ERR_INVALID: lines or amounts out of bounds. */
NODISCARD enum err pay_bill_create(struct ctx *cx, const struct pay_bill_new *in,
                                   struct pay_bill *ret);
NODISCARD enum err pay_bill_by_id(struct ctx *cx, int64_t id, struct pay_bill *ret);
NODISCARD enum err pay_bill_by_code(struct ctx *cx, struct str code, struct pay_bill *ret);
/* Bills of a dossier, newest first. */
NODISCARD enum err pay_bill_list(struct ctx *cx, int64_t dossier_id, struct pay_bill **ret,
                                 size_t *ret_n);
/* ERR_CONFLICT when paid. */
NODISCARD enum err pay_bill_cancel(struct ctx *cx, int64_t id, struct str reason);

/* --- VietQR ----------------------------------------------------------------------------------- */
struct pay_account {
    struct str bank_bin; /* 6 digits */
    struct str number;   /* up to 19 letters and digits */
    struct str name;
};
/* EMVCo merchant-presented string after Napas' VietQR: dynamic, VND, account, amount, purpose =
 * bill code. Pure. ERR_INVALID for an account or amount that cannot be written. */
NODISCARD enum err pay_vietqr(struct ctx *cx, const struct pay_account *to, int64_t amount_vnd,
                              struct str purpose, struct str *ret); /* picture: qr_make + qr_svg */

/* --- the bank's callback ---------------------------------------------------------------------- */
/* body is JSON {"code","amount_vnd","bank_ref","paid_at"}; signature = hex HMAC-SHA256(secret,
 * timestamp "." nonce "." body); timestamp is Unix seconds. */
struct pay_callback {
    struct str body, timestamp, nonce, signature;
};
enum pay_answer { PAY_ACCEPTED, PAY_REPEATED };
/* Checks signature, time and nonce, then pays the bill in one transaction. The same bank_ref again
 * is PAY_REPEATED and changes nothing. ERR_UNAUTHENTICATED: signature, time or nonce;
 * ERR_NOT_FOUND: no such bill; ERR_CONFLICT: other amount, or paid by another transaction (kept for
 * reconciliation). */
NODISCARD enum err pay_callback(struct ctx *cx, const struct pay_callback *in, struct str secret,
                                enum pay_answer *ret);
/* Secret shared with the bank: data_dir/pay/callback.secret, made at first use. */
NODISCARD enum err pay_secret(struct ctx *cx, struct str *ret);
/* SIMULATED BANK: what a bank would send for this bill. For the demo and tests only. */
NODISCARD enum err pay_simulate(struct ctx *cx, const struct pay_bill *b, struct str secret,
                                struct pay_callback *ret);

/* --- cash ------------------------------------------------------------------------------------- */
/* Takes cash for a bill: next receipt number of the unit and year ("0000123/2026"; payments through
 * the bank take theirs from the same row), line in the day book. ERR_CONFLICT when not open. */
NODISCARD enum err pay_cash(struct ctx *cx, int64_t bill_id, struct str cashier,
                            struct pay_bill *ret);
/* Who took the cash of a paid bill; null when it was not paid in cash. */
NODISCARD enum err pay_cashier(struct ctx *cx, int64_t bill_id, struct str *ret);
/* A wrong receipt of today is void: its line stays in the day book with name and reason and counts
 * no more, its number is never used again, the bill is open as before. Puts outbox topic "pay.void"
 * (key = dossier id, payload {"bill_id","dossier_id","receipt","reason"}). ERR_CONFLICT: not paid
 * in cash, or not today: a day that is over does not change. */
NODISCARD enum err pay_cash_void(struct ctx *cx, int64_t bill_id, struct str by, struct str reason);
struct pay_day_line {
    int64_t id, bill_id, amount_vnd, at_us;
    struct str receipt, payer, code, cashier;
    int64_t void_us; /* 0: it stands */
    struct str void_by, void_reason;
};
/* Day book of a unit, oldest first; *ret_sum_vnd is the day's total without void receipts. At most
 * 2000 lines. */
NODISCARD enum err pay_day_book(struct ctx *cx, struct str unit, struct date day,
                                struct pay_day_line **ret, size_t *ret_n, int64_t *ret_sum_vnd);

/* The end of a day: the cash is counted against the day book. Afterwards pay_cash and pay_cash_void
 * in that day are ERR_GONE. */
struct pay_closing {
    int64_t id;
    struct str unit;
    struct date day;
    int64_t n_valid, n_void, expected_vnd, counted_vnd;
    struct str reason; /* why they differ; empty when they do not */
    struct str by;     /* name of who counted */
    int64_t at_us;
    struct str digest; /* SHA-256 of the day book as it was closed */
};
/* Takes unit, day, counted_vnd, reason and by; fills the rest. ERR_GONE: closed already;
 * ERR_CONFLICT: differs from the book, and no reason; ERR_INVALID: a day to come. */
NODISCARD enum err pay_close_day(struct ctx *cx, struct pay_closing *c);
/* ERR_NOT_FOUND: still open. */
NODISCARD enum err pay_closing_of(struct ctx *cx, struct str unit, struct date day,
                                  struct pay_closing *ret);
/* Closed days before that one, newest first, at most 60. */
NODISCARD enum err pay_closings(struct ctx *cx, struct str unit, struct date before,
                                struct pay_closing **ret, size_t *ret_n);

/* --- reconciliation --------------------------------------------------------------------------- */
struct pay_statement_line {
    struct str bank_ref, code;
    int64_t amount_vnd;
};
enum pay_match { PAY_MATCHED, PAY_AMOUNT_DIFFERS, PAY_NOT_BOOKED, PAY_NOT_ON_STATEMENT };
struct pay_difference {
    enum pay_match match;
    struct str bank_ref, code;
    int64_t ours_vnd, theirs_vnd;
};
/* Compares the day's bank payments with the bank's statement; gives only what differs. */
NODISCARD enum err pay_reconcile(struct ctx *cx, struct date day,
                                 const struct pay_statement_line *lines, size_t n_lines,
                                 struct pay_difference **ret, size_t *ret_n, size_t *ret_n_matched);

#endif
