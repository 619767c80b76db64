/* expr_compile.h: tokens and state of the compiler, shared by expr_lex.c and expr.c. */
#ifndef CODEC_EXPR_COMPILE_H
#define CODEC_EXPR_COMPILE_H

#include "codec/expr_int.h"

enum tok {
    TOK_END,
    TOK_BAD,
    TOK_NUMBER,
    TOK_STRING,
    TOK_NAME,
    TOK_OPEN,
    TOK_CLOSE,
    TOK_COMMA,
    TOK_OR,
    TOK_AND,
    TOK_EQ,
    TOK_NE,
    TOK_LT,
    TOK_LE,
    TOK_GT,
    TOK_GE,
    TOK_PLUS,
    TOK_MINUS,
    TOK_TIMES,
    TOK_IN,
    TOK_BETWEEN,
    TOK_NOT,
    TOK_COUNT,
    TOK_MIN,
    TOK_MAX,
    TOK_DAYS,
    TOK_TRUE,
    TOK_FALSE,
    TOK_NULL
};

/* What waits on the operator stack. */
enum wait { WAIT_BINARY, WAIT_GROUP, WAIT_CALL, WAIT_BETWEEN, WAIT_BETWEEN_AND };

struct waiting {
    enum wait kind;
    enum expr_op op;
    int level; /* precedence */
    uint32_t n_args, column;
};

enum { LEVEL_NONE = 0, LEVEL_OR, LEVEL_AND, LEVEL_COMPARE, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_SIGN };

struct expr_compiler {
    struct arena *arena;
    struct str text;
    size_t at;
    enum tok tok;
    struct str tok_text; /* name, number, or unescaped string */
    uint32_t tok_column;
    struct waiting stack[EXPR_STEPS_MAX];
    uint32_t n_stack, n_nesting;
    uint32_t depth; /* values on the evaluation stack so far */
    struct expr *e;
    struct expr_fault fault;
};

/* Keeps the first fault; always false. */
bool expr_fail(struct expr_compiler *c, uint32_t column, const char *what);
/* Reads the next token into c. */
void expr_advance(struct expr_compiler *c);

#endif
