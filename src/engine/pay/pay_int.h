/* pay_int.h: shared by the files of engine/pay. */
#ifndef ENGINE_PAY_PAY_INT_H
#define ENGINE_PAY_PAY_INT_H

#include "engine/pay/pay.h"

/* Inside a write: marks the bill paid and puts topic "pay.paid". ERR_CONFLICT when not open. */
NODISCARD enum err pay_settle(struct ctx *cx, const struct pay_bill *b, struct str channel,
                              struct str bank_ref, struct str receipt);

/* Inside a write: the next receipt number of the unit in this year. */
NODISCARD enum err pay_receipt_number(struct ctx *cx, struct str unit, struct str *ret);

/* ERR_GONE when the day's cash was counted and closed. */
NODISCARD enum err pay_require_open_day(struct ctx *cx, struct str unit, int64_t day);

/* What a callback's body says, within its bounds. ERR_BAD_REQUEST. */
struct pay_said {
    struct str code, bank_ref;
    int64_t amount_vnd;
};
NODISCARD enum err pay_body_read(struct ctx *cx, struct str body, struct pay_said *ret);

#endif
