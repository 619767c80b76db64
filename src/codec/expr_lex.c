/* expr_lex.c: from text to tokens of the small expression language. */
#include "codec/expr_compile.h"

bool
expr_fail(struct expr_compiler *c, uint32_t column, const char *what)
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
peek(const struct expr_compiler *c, size_t ahead)
{
    return c->at + ahead < c->text.n ? c->text.p[c->at + ahead] : '\0';
}

static enum tok
lex_string(struct expr_compiler *c)
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
                expr_fail(c, (uint32_t)c->at + 1, "unknown escape in a text");
                return TOK_BAD;
            }
            ch = to[hit - from];
            c->at++;
        }
        buf_add_char(&b, ch);
    }
    expr_fail(c, c->tok_column, "a text is not closed");
    return TOK_BAD;
}

static enum tok
lex_number(struct expr_compiler *c)
{
    size_t from = c->at;
    while (is_digit(peek(c, 0)) || (peek(c, 0) == '.' && is_digit(peek(c, 1)))) {
        c->at++;
    }
    c->tok_text = str_slice(c->text, from, c->at);
    if (is_name_start(peek(c, 0))) {
        expr_fail(c, (uint32_t)c->at + 1, "a letter directly after a number");
        return TOK_BAD;
    }
    return TOK_NUMBER;
}

static bool
next_is_open(const struct expr_compiler *c)
{
    size_t i = c->at;
    while (i < c->text.n && (c->text.p[i] == ' ' || c->text.p[i] == '\n' || c->text.p[i] == '\t')) {
        i++;
    }
    return i < c->text.n && c->text.p[i] == '(';
}

static enum tok
lex_name(struct expr_compiler *c)
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
lex_sign(struct expr_compiler *c)
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
    expr_fail(c, c->tok_column, "a character that means nothing here");
    return TOK_BAD;
}

void
expr_advance(struct expr_compiler *c)
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
