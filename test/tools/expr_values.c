/* {"e": EXPRESSION, "doc": {...}} gives "null", "true", "false", "number SCALED", "text JSON",
 * "node", or "fault WHAT". */
#include "codec/expr.h"
#include "lines.h"

#include <inttypes.h>

static void
value(struct ctx *cx, const struct json *in, struct buf *out)
{
    const struct expr *e = NULL;
    struct expr_fault fault = { 0 };
    struct expr_scope scope = { .doc = json_get(in, "doc") };
    if (expr_compile(cx->arena, json_text(in, "e"), &e, &fault) != ERR_OK) {
        buf_addf(out, "fault %s", fault.what);
        return;
    }
    struct expr_value v = expr_eval(e, &scope);
    struct json_out o = json_out(out);
    switch (v.type) {
    case EXPR_NULL:
        buf_addf(out, "null");
        break;
    case EXPR_BOOL:
        buf_addf(out, v.is_true ? "true" : "false");
        break;
    case EXPR_NUMBER:
        buf_addf(out, "number %" PRId64, v.scaled);
        break;
    case EXPR_STRING:
        buf_addf(out, "text ");
        json_str(&o, v.text);
        break;
    case EXPR_NODE:
        buf_addf(out, "node");
        break;
    }
}

int
main(void)
{
    return lines_run(value);
}
