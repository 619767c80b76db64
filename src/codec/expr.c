/* expr.c: compiler of the small expression language: operator precedence with an explicit stack,
 * out comes a postfix program whose length and stack depth are known to be bounded. */
#include "codec/expr_compile.h"

/* --- emitting --------------------------------------------------------------------------------- */

uint32_t
expr_taken_by(enum expr_op op, uint32_t arg)
{
    switch (op) {
    case EXPR_OP_CONST:
    case EXPR_OP_NAME:
        return 0;
    case EXPR_OP_NEG:
    case EXPR_OP_NOT:
    case EXPR_OP_COUNT:
        return 1;
    case EXPR_OP_BETWEEN:
        return 3;
    case EXPR_OP_IN:
        return arg + 1;
    case EXPR_OP_MIN:
    case EXPR_OP_MAX:
        return arg;
    case EXPR_OP_OR:
    case EXPR_OP_AND:
    case EXPR_OP_EQ:
    case EXPR_OP_NE:
    case EXPR_OP_LT:
    case EXPR_OP_LE:
    case EXPR_OP_GT:
    case EXPR_OP_GE:
    case EXPR_OP_ADD:
    case EXPR_OP_SUB:
    case EXPR_OP_MUL:
    case EXPR_OP_DAYS:
        return 2;
    }
    return 2;
}

static bool
emit(struct expr_compiler *c, enum expr_op op, uint32_t arg)
{
    if (c->e->n_steps >= EXPR_STEPS_MAX) {
        return expr_fail(c, c->tok_column, "too many steps");
    }
    uint32_t taken = expr_taken_by(op, arg);
    if (taken > c->depth) {
        return expr_fail(c, c->tok_column, "a value is missing");
    }
    c->depth = c->depth - taken + 1;
    if (c->depth > EXPR_STACK_MAX) {
        return expr_fail(c, c->tok_column, "too many values at once");
    }
    c->e->steps[c->e->n_steps++] = (struct expr_step){ .op = op, .arg = arg };
    return true;
}

static bool
emit_const(struct expr_compiler *c, struct expr_value v)
{
    c->e->consts[c->e->n_consts] = v;
    if (!emit(c, EXPR_OP_CONST, c->e->n_consts)) {
        return false;
    }
    c->e->n_consts++;
    return true;
}

static bool
emit_name(struct expr_compiler *c, struct str name)
{
    uint32_t i = 0;
    while (i < c->e->n_names && !str_eq(c->e->names[i], name)) {
        i++;
    }
    if (!emit(c, EXPR_OP_NAME, i)) {
        return false;
    }
    if (i == c->e->n_names) {
        c->e->names[c->e->n_names++] = name;
    }
    return true;
}

static bool
wait_push(struct expr_compiler *c, enum wait kind, enum expr_op op, int level)
{
    if (c->n_stack >= EXPR_STEPS_MAX) {
        return expr_fail(c, c->tok_column, "too many steps");
    }
    if ((kind == WAIT_GROUP || kind == WAIT_CALL) && ++c->n_nesting > EXPR_DEPTH_MAX) {
        return expr_fail(c, c->tok_column, "nested too deeply");
    }
    c->stack[c->n_stack++] = (struct waiting){
        .kind = kind, .op = op, .level = level, .n_args = 1, .column = c->tok_column
    };
    return true;
}

/* Emits what waits and binds at least as tightly as level, down to an open parenthesis. */
static bool
unwind(struct expr_compiler *c, int level)
{
    while (c->n_stack > 0) {
        const struct waiting *w = &c->stack[c->n_stack - 1];
        if (w->kind == WAIT_GROUP || w->kind == WAIT_CALL || w->level < level) {
            return true;
        }
        if (w->kind == WAIT_BETWEEN) {
            return expr_fail(c, w->column, "between needs \"and\"");
        }
        c->n_stack--;
        if (!emit(c, w->op, 0)) {
            return false;
        }
    }
    return true;
}

/* --- grammar: an operand is expected, or an operator is --------------------------------------- */

static bool
on_call(struct expr_compiler *c, enum expr_op op)
{
    if (!wait_push(c, WAIT_CALL, op, LEVEL_NONE)) {
        return false;
    }
    expr_advance(c);
    if (c->tok != TOK_OPEN) {
        return expr_fail(c, c->tok_column, "\"(\" is missing");
    }
    expr_advance(c);
    return true;
}

static bool
on_number(struct expr_compiler *c)
{
    int64_t v = 0;
    if (!expr_parse_number(c->tok_text, &v)) {
        return expr_fail(c, c->tok_column, "a number too large or with more than four decimals");
    }
    return emit_const(c, (struct expr_value){ .type = EXPR_NUMBER, .scaled = v });
}

/* Handles the token where a value must stand. *ret_is_value: an operator comes next. */
static bool
on_operand(struct expr_compiler *c, bool *ret_is_value)
{
    bool is_good = false;
    *ret_is_value = true;
    switch ((int)c->tok) {
    case TOK_NUMBER:
        is_good = on_number(c);
        break;
    case TOK_STRING:
        is_good = emit_const(c, expr_of_str(c->tok_text));
        break;
    case TOK_NAME:
        is_good = emit_name(c, c->tok_text);
        break;
    case TOK_TRUE:
    case TOK_FALSE:
        is_good = emit_const(c, expr_of_bool(c->tok == TOK_TRUE));
        break;
    case TOK_NULL:
        is_good = emit_const(c, (struct expr_value){ .type = EXPR_NULL });
        break;
    default:
        *ret_is_value = false;
        break;
    }
    if (*ret_is_value) {
        expr_advance(c);
        return is_good;
    }
    switch ((int)c->tok) {
    case TOK_OPEN:
        is_good = wait_push(c, WAIT_GROUP, EXPR_OP_CONST, LEVEL_NONE);
        expr_advance(c);
        return is_good;
    case TOK_MINUS:
        is_good = wait_push(c, WAIT_BINARY, EXPR_OP_NEG, LEVEL_SIGN);
        expr_advance(c);
        return is_good;
    case TOK_NOT:
        return on_call(c, EXPR_OP_NOT);
    case TOK_COUNT:
        return on_call(c, EXPR_OP_COUNT);
    case TOK_MIN:
        return on_call(c, EXPR_OP_MIN);
    case TOK_MAX:
        return on_call(c, EXPR_OP_MAX);
    case TOK_DAYS:
        return on_call(c, EXPR_OP_DAYS);
    default:
        return expr_fail(c, c->tok_column, "a value is missing");
    }
}

static bool
on_close(struct expr_compiler *c)
{
    if (!unwind(c, LEVEL_NONE)) {
        return false;
    }
    if (c->n_stack == 0) {
        return expr_fail(c, c->tok_column, "\")\" without \"(\"");
    }
    struct waiting w = c->stack[--c->n_stack];
    c->n_nesting--;
    expr_advance(c);
    if (w.kind == WAIT_GROUP) {
        return true;
    }
    bool is_single = w.op == EXPR_OP_NOT || w.op == EXPR_OP_COUNT;
    if (is_single && w.n_args != 1) {
        return expr_fail(c, w.column, "takes exactly one value");
    }
    if (w.op == EXPR_OP_DAYS && w.n_args != 2) {
        return expr_fail(c, w.column, "takes exactly two dates");
    }
    return emit(c, w.op, is_single ? 0 : w.n_args);
}

static bool
on_comma(struct expr_compiler *c)
{
    if (!unwind(c, LEVEL_NONE)) {
        return false;
    }
    if (c->n_stack == 0 || c->stack[c->n_stack - 1].kind != WAIT_CALL) {
        return expr_fail(c, c->tok_column, "a comma outside a list");
    }
    c->stack[c->n_stack - 1].n_args++;
    expr_advance(c);
    return true;
}

static bool
on_and(struct expr_compiler *c)
{
    if (!unwind(c, LEVEL_SUM)) {
        return false;
    }
    if (c->n_stack > 0 && c->stack[c->n_stack - 1].kind == WAIT_BETWEEN) {
        c->stack[c->n_stack - 1].kind = WAIT_BETWEEN_AND;
        expr_advance(c);
        return true;
    }
    bool is_good = unwind(c, LEVEL_AND) && wait_push(c, WAIT_BINARY, EXPR_OP_AND, LEVEL_AND);
    expr_advance(c);
    return is_good;
}

static bool
on_binary(struct expr_compiler *c, enum expr_op op, int level)
{
    if (level == LEVEL_COMPARE) {
        if (!unwind(c, LEVEL_SUM)) {
            return false;
        }
        if (c->n_stack > 0 && c->stack[c->n_stack - 1].level == LEVEL_COMPARE) {
            return expr_fail(c, c->tok_column,
                             "two comparisons in a row: use \"and\" or parentheses");
        }
    } else if (!unwind(c, level)) {
        return false;
    }
    bool is_good = op == EXPR_OP_BETWEEN ? wait_push(c, WAIT_BETWEEN, op, level)
                                         : wait_push(c, WAIT_BINARY, op, level);
    expr_advance(c);
    return is_good;
}

static bool
on_in(struct expr_compiler *c)
{
    if (!unwind(c, LEVEL_SUM)) {
        return false;
    }
    if (c->n_stack > 0 && c->stack[c->n_stack - 1].level == LEVEL_COMPARE) {
        return expr_fail(c, c->tok_column, "two comparisons in a row: use \"and\" or parentheses");
    }
    return on_call(c, EXPR_OP_IN);
}

/* Handles the token behind a value. *ret_is_value stays true only behind ")". */
static bool
on_operator(struct expr_compiler *c, bool *ret_is_value)
{
    static const struct {
        enum tok tok;
        enum expr_op op;
        int level;
    } binary[] = {
        { TOK_OR, EXPR_OP_OR, LEVEL_OR },
        { TOK_EQ, EXPR_OP_EQ, LEVEL_COMPARE },
        { TOK_NE, EXPR_OP_NE, LEVEL_COMPARE },
        { TOK_LT, EXPR_OP_LT, LEVEL_COMPARE },
        { TOK_LE, EXPR_OP_LE, LEVEL_COMPARE },
        { TOK_GT, EXPR_OP_GT, LEVEL_COMPARE },
        { TOK_GE, EXPR_OP_GE, LEVEL_COMPARE },
        { TOK_PLUS, EXPR_OP_ADD, LEVEL_SUM },
        { TOK_MINUS, EXPR_OP_SUB, LEVEL_SUM },
        { TOK_TIMES, EXPR_OP_MUL, LEVEL_PRODUCT },
        { TOK_BETWEEN, EXPR_OP_BETWEEN, LEVEL_COMPARE },
    };
    *ret_is_value = c->tok == TOK_CLOSE;
    if (c->tok == TOK_CLOSE) {
        return on_close(c);
    }
    if (c->tok == TOK_COMMA) {
        return on_comma(c);
    }
    if (c->tok == TOK_AND) {
        return on_and(c);
    }
    if (c->tok == TOK_IN) {
        return on_in(c);
    }
    for (size_t i = 0; i < COUNT_OF(binary); i++) {
        if (binary[i].tok == c->tok) {
            return on_binary(c, binary[i].op, binary[i].level);
        }
    }
    return expr_fail(c, c->tok_column, "an operator is missing");
}

static bool
compile(struct expr_compiler *c)
{
    bool has_value = false;
    expr_advance(c);
    while (c->fault.what == NULL && !(has_value && c->tok == TOK_END)) {
        if (c->tok == TOK_BAD) {
            return false;
        }
        bool is_good = has_value ? on_operator(c, &has_value) : on_operand(c, &has_value);
        if (!is_good) {
            return false;
        }
    }
    if (c->fault.what != NULL || !unwind(c, LEVEL_NONE)) {
        return false;
    }
    if (c->n_stack > 0) {
        return expr_fail(c, c->stack[c->n_stack - 1].column, "\"(\" is not closed");
    }
    return true;
}

/* A compiler's room is for the longest text; what came of it is mostly a handful of steps. */
static const struct expr *
kept(struct arena *a, const struct expr *e)
{
    struct expr *r = ARENA_NEW(a, struct expr);
    *r = *e;
    r->steps = arena_copy(a, e->steps, e->n_steps * sizeof(e->steps[0]));
    r->consts = arena_copy(a, e->consts, e->n_consts * sizeof(e->consts[0]));
    r->names = arena_copy(a, e->names, e->n_names * sizeof(e->names[0]));
    return r;
}

static enum err
compile_in(struct arena *work, struct arena *a, struct str text, const struct expr **ret,
           struct expr_fault *ret_fault)
{
    struct expr_compiler *c = ARENA_NEW(work, struct expr_compiler);
    c->arena = a;
    c->text = str_dup(a, text);
    c->e = ARENA_NEW(work, struct expr);
    c->e->text = c->text;
    c->e->steps = ARENA_ARRAY(work, struct expr_step, EXPR_STEPS_MAX);
    c->e->consts = ARENA_ARRAY(work, struct expr_value, EXPR_STEPS_MAX + 1);
    c->e->names = ARENA_ARRAY(work, struct str, EXPR_STEPS_MAX + 1);
    if (!compile(c)) {
        *ret_fault = c->fault;
        return ERR_BAD_REQUEST;
    }
    *ret = kept(a, c->e);
    return ERR_OK;
}

enum err
expr_compile(struct arena *a, struct str text, const struct expr **ret,
             struct expr_fault *ret_fault)
{
    if (text.n > EXPR_TEXT_MAX || !str_is_utf8(text)) {
        *ret_fault = (struct expr_fault){ .column = 1, .what = "too long, or not UTF-8" };
        return ERR_BAD_REQUEST;
    }
    struct arena *work = arena_open(0);
    enum err e = compile_in(work, a, text, ret, ret_fault);
    arena_close(work);
    return e;
}

size_t
expr_names(const struct expr *e, const struct str **ret)
{
    *ret = e == NULL ? NULL : e->names;
    return e == NULL ? 0 : e->n_names;
}

struct str
expr_text(const struct expr *e)
{
    return e == NULL ? STR_NULL : e->text;
}
