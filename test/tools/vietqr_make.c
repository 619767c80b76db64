/* {"bin": B, "number": N, "amount": A, "purpose": P} gives the VietQR text, or "refused". */
#include "engine/pay/pay.h"
#include "lines.h"

static void
make(struct ctx *cx, const struct json *in, struct buf *out)
{
    struct pay_account to = { .bank_bin = json_text(in, "bin"),
                              .number = json_text(in, "number"),
                              .name = STR("UY BAN NHAN DAN") };
    struct str s = STR_NULL;
    if (pay_vietqr(cx, &to, json_int(in, "amount", 0), json_text(in, "purpose"), &s) != ERR_OK) {
        buf_addf(out, "refused");
        return;
    }
    buf_add(out, s);
}

int
main(void)
{
    return lines_run(make);
}
