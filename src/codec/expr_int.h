/* expr_int.h: the compiled program, shared by expr.c (compiler) and expr_eval.c. */
#ifndef CODEC_EXPR_INT_H
#define CODEC_EXPR_INT_H

#include "codec/expr.h"

#define EXPR_TEXT_MAX  1000
#define EXPR_STEPS_MAX 200
#define EXPR_DEPTH_MAX 32
#define EXPR_STACK_MAX 64

enum expr_op {
    EXPR_OP_CONST, /* arg: index of constant */
    EXPR_OP_NAME,  /* arg: index of name */
    EXPR_OP_OR,
    EXPR_OP_AND,
    EXPR_OP_EQ,
    EXPR_OP_NE,
    EXPR_OP_LT,
    EXPR_OP_LE,
    EXPR_OP_GT,
    EXPR_OP_GE,
    EXPR_OP_ADD,
    EXPR_OP_SUB,
    EXPR_OP_MUL,
    EXPR_OP_NEG,
    EXPR_OP_NOT,
    EXPR_OP_COUNT,
    EXPR_OP_BETWEEN, /* x low high */
    EXPR_OP_IN,      /* x and arg values */
    EXPR_OP_MIN,     /* arg values */
    EXPR_OP_MAX,
    EXPR_OP_DAYS /* from to */
};

struct expr_step {
    enum expr_op op;
    uint32_t arg;
};

struct expr {
    struct str text;
    struct expr_step *steps;
    uint32_t n_steps;
    struct expr_value *consts;
    uint32_t n_consts;
    struct str *names;
    uint32_t n_names;
};

/* "12", "-1.25" with at most four decimals; false on anything else or overflow. */
bool expr_parse_number(struct str s, int64_t *ret_scaled);

/* Values a step takes from the stack. */
uint32_t expr_taken_by(enum expr_op op, uint32_t arg);

#endif
