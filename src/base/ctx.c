/* ctx.c: error detail and field problems. */
#include "base/ctx.h"

#include <stdarg.h>
#include <stdio.h>

enum err
ctx_fail(struct ctx *cx, enum err code, const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    cx->err.code = code;
    cx->err.file = file;
    cx->err.line = line;
    (void)vsnprintf(cx->err.text, sizeof(cx->err.text), fmt, ap);
    va_end(ap);
    return code;
}

void
ctx_problem2(struct ctx *cx, struct str field, struct str key, struct str arg, struct str arg2)
{
    if (cx->n_problems < CTX_PROBLEMS_MAX) {
        cx->problems[cx->n_problems++] =
            (struct problem){ .field = field, .key = key, .arg = arg, .arg2 = arg2 };
    }
}

void
ctx_problem(struct ctx *cx, struct str field, struct str key, struct str arg)
{
    ctx_problem2(cx, field, key, arg, STR_NULL);
}

enum err
ctx_check(struct ctx *cx)
{
    return cx->n_problems == 0 ? ERR_OK
                               : err_set(cx, ERR_INVALID, "%u field problems", cx->n_problems);
}
