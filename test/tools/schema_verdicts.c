/* {"schema": S, "docs": [D, ...]} gives one 0 or 1 per document, or "fault WHAT". */
#include "engine/form/form_schema.h"
#include "lines.h"

static void
verdicts(struct ctx *cx, const struct json *in, struct buf *out)
{
    struct schema *s = NULL;
    struct schema_fault fault = { 0 };
    struct schema_env env = { .today = date_of(2026, 11, 23) };
    if (schema_compile(cx->arena, json_get(in, "schema"), &s, &fault) != ERR_OK) {
        buf_addf(out, "fault " STR_FMT, STR_ARG(fault.what));
        return;
    }
    for (JSON_EACH(json_get(in, "docs"), doc)) {
        struct schema_problem *problems = NULL;
        size_t n = 0;
        bool is_valid = schema_validate(cx->arena, s, doc, &env, &problems, &n);
        buf_add_char(out, is_valid && n == 0 ? '1' : '0');
    }
}

int
main(void)
{
    return lines_run(verdicts);
}
