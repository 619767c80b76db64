/* expr.c: compiler of the small expression language: tokens, then operator precedence with an
 * explicit stack, out comes a postfix program whose length and stack depth are known to be bounded.
 */
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

struct compiler {
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

static bool
fail(struct compiler *c, uint32_t column, const char *what)
{
    if (c->fault.what == NULL) {
        c->fault = (struct expr_fault){ .column = column, .what = what };
    }
    return false;
}

static bool
is_name_start(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
}

static bool
is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

bool
expr_parse_number(struct str s, int64_t *ret_scaled)
{
    bool is_negative = s.n > 0 && s.p[0] == '-';
    struct str whole;
    struct str part;
    str_cut(str_slice(s, is_negative ? 1 : 0, s.n), '.', &whole, &part);
    int64_t hi = 0;
    if (whole.n == 0 || whole.p[0] == '-' ||
        !str_to_i64(whole, 0, INT64_MAX / EXPR_SCALE - 1, &hi)) {
        return false;
    }
    int64_t v = hi * EXPR_SCALE;
    if (part.p != NULL) {
        if (part.n == 0 || part.n > 4) {
            return false;
        }
        int64_t unit = EXPR_SCALE;
        for (size_t i = 0; i < part.n; i++) {
            if (!is_digit(part.p[i])) {
                return false;
            }
            unit /= 10;
            v += (part.p[i] - '0') * unit;
        }
    }
    *ret_scaled = is_negative ? -v : v;
    return true;
}

/* --- tokens ----------------------------------------------------------------------------------- */

static char
peek(const struct compiler *c, size_t ahead)
{
    return c->at + ahead < c->text.n ? c->text.p[c->at + ahead] : '\0';
}

static enum tok
lex_string(struct compiler *c)
{
    struct buf b = buf_new(c->arena, EXPR_TEXT_MAX + 1);
    for (c->at++; c->at < c->text.n; c->at++) {
        char ch = c->text.p[c->at];
        if (ch == '"') {
            c->at++;
            c->tok_text = b.n == 0 ? STR("") : str_dup(c->arena, buf_str(&b));
            return TOK_STRING;
        }
        if (ch == '\\') {
            static const char from[] = "\"\\nt";
            static const char to[] = "\"\\\n\t";
            char next = peek(c, 1);
            const char *hit = next == '\0' ? NULL : strchr(from, next);
            if (hit == NULL) {
                fail(c, (uint32_t)c->at + 1, "unknown escape in a text");
                return TOK_BAD;
            }
            ch = to[hit - from];
            c->at++;
        }
        buf_add_char(&b, ch);
    }
    fail(c, c->tok_column, "a text is not closed");
    return TOK_BAD;
}

static enum tok
lex_number(struct compiler *c)
{
    size_t from = c->at;
    while (is_digit(peek(c, 0)) || (peek(c, 0) == '.' && is_digit(peek(c, 1)))) {
        c->at++;
    }
    c->tok_text = str_slice(c->text, from, c->at);
    if (is_name_start(peek(c, 0))) {
        fail(c, (uint32_t)c->at + 1, "a letter directly after a number");
        return TOK_BAD;
    }
    return TOK_NUMBER;
}

static bool
next_is_open(const struct compiler *c)
{
    size_t i = c->at;
    while (i < c->text.n && (c->text.p[i] == ' ' || c->text.p[i] == '\n' || c->text.p[i] == '\t')) {
        i++;
    }
    return i < c->text.n && c->text.p[i] == '(';
}

static enum tok
lex_name(struct compiler *c)
{
    static const struct {
        struct str word;
        enum tok tok;
        bool is_call;
    } words[] = {
        { STR_INIT("or"), TOK_OR, false },      { STR_INIT("and"), TOK_AND, false },
        { STR_INIT("in"), TOK_IN, false },      { STR_INIT("between"), TOK_BETWEEN, false },
        { STR_INIT("true"), TOK_TRUE, false },  { STR_INIT("false"), TOK_FALSE, false },
        { STR_INIT("null"), TOK_NULL, false },  { STR_INIT("not"), TOK_NOT, true },
        { STR_INIT("count"), TOK_COUNT, true }, { STR_INIT("min"), TOK_MIN, true },
        { STR_INIT("max"), TOK_MAX, true },     { STR_INIT("days"), TOK_DAYS, true },
    };
    size_t from = c->at;
    while (is_name_start(peek(c, 0)) || is_digit(peek(c, 0)) ||
           (peek(c, 0) == '.' && is_name_start(peek(c, 1)))) {
        c->at++;
    }
    c->tok_text = str_slice(c->text, from, c->at);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (str_eq(c->tok_text, words[i].word) && (!words[i].is_call || next_is_open(c))) {
            return words[i].tok;
        }
    }
    return TOK_NAME;
}

static enum tok
lex_sign(struct compiler *c)
{
    static const struct {
        char text[3];
        enum tok tok;
    } signs[] = {
        { "!=", TOK_NE },   { "<=", TOK_LE },  { ">=", TOK_GE },   { "=", TOK_EQ },
        { "<", TOK_LT },    { ">", TOK_GT },   { "+", TOK_PLUS },  { "-", TOK_MINUS },
        { "*", TOK_TIMES }, { "(", TOK_OPEN }, { ")", TOK_CLOSE }, { ",", TOK_COMMA },
    };
    struct str rest = str_slice(c->text, c->at, c->text.n);
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        struct str s = str_of(signs[i].text);
        if (str_starts(rest, s)) {
            c->at += s.n;
            return signs[i].tok;
        }
    }
    fail(c, c->tok_column, "a character that means nothing here");
    return TOK_BAD;
}

static void
advance(struct compiler *c)
{
    while (peek(c, 0) == ' ' || peek(c, 0) == '\t' || peek(c, 0) == '\n' || peek(c, 0) == '\r') {
        c->at++;
    }
    c->tok_column = (uint32_t)c->at + 1;
    if (c->at >= c->text.n) {
        c->tok = TOK_END;
    } else if (peek(c, 0) == '"') {
        c->tok = lex_string(c);
    } else if (is_digit(peek(c, 0))) {
        c->tok = lex_number(c);
    } else if (is_name_start(peek(c, 0))) {
        c->tok = lex_name(c);
    } else {
        c->tok = lex_sign(c);
    }
}

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
emit(struct compiler *c, enum expr_op op, uint32_t arg)
{
    if (c->e->n_steps >= EXPR_STEPS_MAX) {
        return fail(c, c->tok_column, "too many steps");
    }
    uint32_t taken = expr_taken_by(op, arg);
    if (taken > c->depth) {
        return fail(c, c->tok_column, "a value is missing");
    }
    c->depth = c->depth - taken + 1;
    if (c->depth > EXPR_STACK_MAX) {
        return fail(c, c->tok_column, "too many values at once");
    }
    c->e->steps[c->e->n_steps++] = (struct expr_step){ .op = op, .arg = arg };
    return true;
}

static bool
emit_const(struct compiler *c, struct expr_value v)
{
    c->e->consts[c->e->n_consts] = v;
    if (!emit(c, EXPR_OP_CONST, c->e->n_consts)) {
        return false;
    }
    c->e->n_consts++;
    return true;
}

static bool
emit_name(struct compiler *c, struct str name)
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
wait_push(struct compiler *c, enum wait kind, enum expr_op op, int level)
{
    if (c->n_stack >= EXPR_STEPS_MAX) {
        return fail(c, c->tok_column, "too many steps");
    }
    if ((kind == WAIT_GROUP || kind == WAIT_CALL) && ++c->n_nesting > EXPR_DEPTH_MAX) {
        return fail(c, c->tok_column, "nested too deeply");
    }
    c->stack[c->n_stack++] = (struct waiting){
        .kind = kind, .op = op, .level = level, .n_args = 1, .column = c->tok_column
    };
    return true;
}

/* Emits what waits and binds at least as tightly as level, down to an open parenthesis. */
static bool
unwind(struct compiler *c, int level)
{
    while (c->n_stack > 0) {
        const struct waiting *w = &c->stack[c->n_stack - 1];
        if (w->kind == WAIT_GROUP || w->kind == WAIT_CALL || w->level < level) {
            return true;
        }
        if (w->kind == WAIT_BETWEEN) {
            return fail(c, w->column, "between needs \"and\"");
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
on_call(struct compiler *c, enum expr_op op)
{
    if (!wait_push(c, WAIT_CALL, op, LEVEL_NONE)) {
        return false;
    }
    advance(c);
    if (c->tok != TOK_OPEN) {
        return fail(c, c->tok_column, "\"(\" is missing");
    }
    advance(c);
    return true;
}

static bool
on_number(struct compiler *c)
{
    int64_t v = 0;
    if (!expr_parse_number(c->tok_text, &v)) {
        return fail(c, c->tok_column, "a number too large or with more than four decimals");
    }
    return emit_const(c, (struct expr_value){ .type = EXPR_NUMBER, .scaled = v });
}

/* Handles the token where a value must stand. *ret_is_value: an operator comes next. */
static bool
on_operand(struct compiler *c, bool *ret_is_value)
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
        advance(c);
        return is_good;
    }
    switch ((int)c->tok) {
    case TOK_OPEN:
        is_good = wait_push(c, WAIT_GROUP, EXPR_OP_CONST, LEVEL_NONE);
        advance(c);
        return is_good;
    case TOK_MINUS:
        is_good = wait_push(c, WAIT_BINARY, EXPR_OP_NEG, LEVEL_SIGN);
        advance(c);
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
        return fail(c, c->tok_column, "a value is missing");
    }
}

static bool
on_close(struct compiler *c)
{
    if (!unwind(c, LEVEL_NONE)) {
        return false;
    }
    if (c->n_stack == 0) {
        return fail(c, c->tok_column, "\")\" without \"(\"");
    }
    struct waiting w = c->stack[--c->n_stack];
    c->n_nesting--;
    advance(c);
    if (w.kind == WAIT_GROUP) {
        return true;
    }
    bool is_single = w.op == EXPR_OP_NOT || w.op == EXPR_OP_COUNT;
    if (is_single && w.n_args != 1) {
        return fail(c, w.column, "takes exactly one value");
    }
    if (w.op == EXPR_OP_DAYS && w.n_args != 2) {
        return fail(c, w.column, "takes exactly two dates");
    }
    return emit(c, w.op, is_single ? 0 : w.n_args);
}

static bool
on_comma(struct compiler *c)
{
    if (!unwind(c, LEVEL_NONE)) {
        return false;
    }
    if (c->n_stack == 0 || c->stack[c->n_stack - 1].kind != WAIT_CALL) {
        return fail(c, c->tok_column, "a comma outside a list");
    }
    c->stack[c->n_stack - 1].n_args++;
    advance(c);
    return true;
}

static bool
on_and(struct compiler *c)
{
    if (!unwind(c, LEVEL_SUM)) {
        return false;
    }
    if (c->n_stack > 0 && c->stack[c->n_stack - 1].kind == WAIT_BETWEEN) {
        c->stack[c->n_stack - 1].kind = WAIT_BETWEEN_AND;
        advance(c);
        return true;
    }
    bool is_good = unwind(c, LEVEL_AND) && wait_push(c, WAIT_BINARY, EXPR_OP_AND, LEVEL_AND);
    advance(c);
    return is_good;
}

static bool
on_binary(struct compiler *c, enum expr_op op, int level)
{
    if (level == LEVEL_COMPARE) {
        if (!unwind(c, LEVEL_SUM)) {
            return false;
        }
        if (c->n_stack > 0 && c->stack[c->n_stack - 1].level == LEVEL_COMPARE) {
            return fail(c, c->tok_column, "two comparisons in a row: use \"and\" or parentheses");
        }
    } else if (!unwind(c, level)) {
        return false;
    }
    bool is_good = op == EXPR_OP_BETWEEN ? wait_push(c, WAIT_BETWEEN, op, level)
                                         : wait_push(c, WAIT_BINARY, op, level);
    advance(c);
    return is_good;
}

static bool
on_in(struct compiler *c)
{
    if (!unwind(c, LEVEL_SUM)) {
        return false;
    }
    if (c->n_stack > 0 && c->stack[c->n_stack - 1].level == LEVEL_COMPARE) {
        return fail(c, c->tok_column, "two comparisons in a row: use \"and\" or parentheses");
    }
    return on_call(c, EXPR_OP_IN);
}

/* Handles the token behind a value. *ret_is_value stays true only behind ")". */
static bool
on_operator(struct compiler *c, bool *ret_is_value)
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
    return fail(c, c->tok_column, "an operator is missing");
}

static bool
compile(struct compiler *c)
{
    bool has_value = false;
    advance(c);
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
        return fail(c, c->stack[c->n_stack - 1].column, "\"(\" is not closed");
    }
    return true;
}

enum err
expr_compile(struct arena *a, struct str text, const struct expr **ret,
             struct expr_fault *ret_fault)
{
    if (text.n > EXPR_TEXT_MAX || !str_is_utf8(text)) {
        *ret_fault = (struct expr_fault){ .column = 1, .what = "too long, or not UTF-8" };
        return ERR_BAD_REQUEST;
    }
    struct compiler *c = ARENA_NEW(a, struct compiler);
    c->arena = a;
    c->text = str_dup(a, text);
    c->e = ARENA_NEW(a, struct expr);
    c->e->text = c->text;
    c->e->steps = ARENA_ARRAY(a, struct expr_step, EXPR_STEPS_MAX);
    c->e->consts = ARENA_ARRAY(a, struct expr_value, EXPR_STEPS_MAX + 1);
    c->e->names = ARENA_ARRAY(a, struct str, EXPR_STEPS_MAX + 1);
    if (!compile(c)) {
        *ret_fault = c->fault;
        return ERR_BAD_REQUEST;
    }
    *ret = c->e;
    return ERR_OK;
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
