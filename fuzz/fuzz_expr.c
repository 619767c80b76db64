/* fuzz_expr.c: any text compiles within the limits or is refused with a column inside it;
 * evaluation of what compiled ends, and gives the same value twice. */
#include "fuzz.h"

#include "codec/expr.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(0);
    struct str s = { (const char *)data, size };
    struct json *doc = NULL;
    struct json_fault jf;
    ASSERT(json_parse(a, STR("{\"a\":1,\"b\":\"x\",\"c\":[1,2],\"d\":{\"e\":null}}"),
                      (struct json_limits){ 0 }, &doc, &jf) == ERR_OK);
    struct expr_scope scope = { .doc = doc };
    const struct expr *e = NULL;
    struct expr_fault f = { 0 };
    if (expr_compile(a, s, &e, &f) == ERR_OK) {
        struct expr_value x = expr_eval(e, &scope);
        struct expr_value y = expr_eval(e, &scope);
        ASSERT(x.type == y.type && x.scaled == y.scaled && x.is_true == y.is_true);
        const struct expr *again = NULL;
        ASSERT(expr_compile(a, expr_text(e), &again, &f) == ERR_OK);
    } else {
        ASSERT(f.what != NULL && f.column >= 1 && f.column <= size + 1);
    }
    arena_close(a);
    return 0;
}
