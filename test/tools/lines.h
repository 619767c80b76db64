/* lines.h: one line in, one line out: the loop of the small programs that test/node asks. */
#ifndef TEST_TOOLS_LINES_H
#define TEST_TOOLS_LINES_H

#include "base/buf.h"
#include "base/ctx.h"
#include "codec/json.h"
#include "sys/sys.h"

#include <stdio.h>
#include <stdlib.h>

/* Answers one JSON value with one line of text. */
typedef void lines_fn(struct ctx *cx, const struct json *in, struct buf *out);

static inline int
lines_run(lines_fn *fn)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n = 0;
    int rc = 0;
    while (rc == 0 && (n = getline(&line, &cap, stdin)) > 0) {
        struct arena *a = arena_open(0);
        struct ctx cx = { .arena = a, .clock = &sys_clock_real, .random = &sys_random_real };
        struct buf b = buf_new(a, 1U << 20);
        struct json *in = NULL;
        struct json_fault fault = { 0 };
        struct json_limits deep = { .depth_max = JSON_DEPTH_MAX };
        if (json_parse(a, (struct str){ line, (size_t)n }, deep, &in, &fault) != ERR_OK) {
            (void)fprintf(stderr, "not JSON: %s\n", fault.what);
            rc = 1;
        } else {
            fn(&cx, in, &b);
            (void)printf(STR_FMT "\n", STR_ARG(buf_str(&b)));
        }
        arena_close(a);
    }
    free(line);
    return rc;
}

#endif
