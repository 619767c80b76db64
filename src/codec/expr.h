/* expr.h: a small expression language after FEEL (doc/bpmn.md part 3), compiled once to a bounded
 * postfix program and evaluated over a JSON document and extra variables. Pure; knows no domain
 * word. Numbers are decimals with four places, held as int64 scaled by 10,000: no floating point.
 */
#ifndef CODEC_EXPR_H
#define CODEC_EXPR_H

#include "codec/json.h"

#define EXPR_SCALE INT64_C(10000)

enum expr_type { EXPR_NULL, EXPR_BOOL, EXPR_NUMBER, EXPR_STRING, EXPR_NODE };

struct expr_value {
    enum expr_type type;
    bool is_true;
    int64_t scaled;          /* EXPR_NUMBER times EXPR_SCALE */
    struct str text;         /* EXPR_STRING */
    const struct json *node; /* EXPR_NODE: a list or object of the document */
};

struct expr_var {
    struct str name; /* whole name; dots reach into a node */
    struct expr_value value;
};

/* Where names are looked up: vars first, then members of doc. Absent names are null. */
struct expr_scope {
    const struct json *doc; /* may be NULL */
    const struct expr_var *vars;
    size_t n_vars;
};

struct expr_fault {
    uint32_t column;  /* 1-based byte */
    const char *what; /* English, static */
};

struct expr; /* compiled; immutable; lives in the arena it was compiled in */

/* Compiles. ERR_BAD_REQUEST with *ret_fault. Limits: 1,000 bytes, 200 steps, nesting 32. */
NODISCARD enum err expr_compile(struct arena *a, struct str text, const struct expr **ret,
                                struct expr_fault *ret_fault);
/* Never fails: type errors and overflow give null. Strings are borrowed from text, doc and vars. */
struct expr_value expr_eval(const struct expr *e, const struct expr_scope *scope);
/* True only for the boolean true. A NULL expression is true (an absent condition holds). */
bool expr_is_true(const struct expr *e, const struct expr_scope *scope);
/* Names the expression reads, for checks; borrowed. */
size_t expr_names(const struct expr *e, const struct str **ret);
struct str expr_text(const struct expr *e);

struct expr_value expr_of_str(struct str s); /* null str gives null */
struct expr_value expr_of_i64(int64_t v);
struct expr_value expr_of_bool(bool v);

#endif
