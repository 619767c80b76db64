/* expr_eval.c: runs a compiled expression. Null means "not known": three-valued logic as in FEEL.
 */
#include "codec/expr_int.h"

#include "base/date.h"

static const struct expr_value null_value = { .type = EXPR_NULL };

struct expr_value
expr_of_str(struct str s)
{
    return s.p == NULL ? null_value : (struct expr_value){ .type = EXPR_STRING, .text = s };
}

struct expr_value
expr_of_i64(int64_t v)
{
    int64_t scaled = 0;
    if (__builtin_mul_overflow(v, EXPR_SCALE, &scaled)) {
        return null_value;
    }
    return (struct expr_value){ .type = EXPR_NUMBER, .scaled = scaled };
}

struct expr_value
expr_of_bool(bool v)
{
    return (struct expr_value){ .type = EXPR_BOOL, .is_true = v };
}

static struct expr_value
of_node(const struct json *j)
{
    if (j == NULL) {
        return null_value;
    }
    int64_t scaled = 0;
    switch (j->type) {
    case JSON_NULL:
        return null_value;
    case JSON_BOOL:
        return expr_of_bool(j->is_true);
    case JSON_NUMBER:
        if (j->is_int) {
            return expr_of_i64(j->i64);
        }
        if (!expr_parse_number(j->text, &scaled)) {
            return null_value;
        }
        return (struct expr_value){ .type = EXPR_NUMBER, .scaled = scaled };
    case JSON_STRING:
        return (struct expr_value){ .type = EXPR_STRING, .text = j->text };
    case JSON_LIST:
    case JSON_OBJECT:
        return (struct expr_value){ .type = EXPR_NODE, .node = j };
    }
    return null_value;
}

static struct expr_value
reach(const struct json *j, struct str path)
{
    struct str part;
    while (j != NULL && str_next(&path, '.', &part)) {
        j = json_get_str_key(j, part);
    }
    return of_node(j);
}

static struct expr_value
lookup(const struct expr_scope *scope, struct str name)
{
    for (size_t i = 0; i < scope->n_vars; i++) {
        const struct expr_var *v = &scope->vars[i];
        if (str_eq(v->name, name)) {
            return v->value;
        }
        if (v->value.type == EXPR_NODE && name.n > v->name.n && name.p[v->name.n] == '.' &&
            str_starts(name, v->name)) {
            return reach(v->value.node, str_slice(name, v->name.n + 1, name.n));
        }
    }
    return reach(scope->doc, name);
}

static struct expr_value
logic_and(struct expr_value x, struct expr_value y)
{
    bool is_bool_x = x.type == EXPR_BOOL;
    bool is_bool_y = y.type == EXPR_BOOL;
    if ((is_bool_x && !x.is_true) || (is_bool_y && !y.is_true)) {
        return expr_of_bool(false);
    }
    return is_bool_x && is_bool_y ? expr_of_bool(true) : null_value;
}

static struct expr_value
logic_not(struct expr_value x)
{
    return x.type == EXPR_BOOL ? expr_of_bool(!x.is_true) : null_value;
}

static struct expr_value
logic_or(struct expr_value x, struct expr_value y)
{
    return logic_not(logic_and(logic_not(x), logic_not(y)));
}

static struct expr_value
equal(struct expr_value x, struct expr_value y)
{
    if (x.type == EXPR_NULL || y.type == EXPR_NULL) {
        return expr_of_bool(x.type == y.type);
    }
    if (x.type != y.type) {
        return null_value;
    }
    switch (x.type) {
    case EXPR_BOOL:
        return expr_of_bool(x.is_true == y.is_true);
    case EXPR_NUMBER:
        return expr_of_bool(x.scaled == y.scaled);
    case EXPR_STRING:
        return expr_of_bool(str_eq(x.text, y.text));
    case EXPR_NODE:
        return expr_of_bool(json_equal(x.node, y.node));
    case EXPR_NULL:
        break;
    }
    return null_value;
}

/* -1, 0, 1 in *ret; false when the two cannot be ordered. */
static bool
order(struct expr_value x, struct expr_value y, int *ret)
{
    if (x.type == EXPR_NUMBER && y.type == EXPR_NUMBER) {
        *ret = x.scaled < y.scaled ? -1 : x.scaled > y.scaled;
        return true;
    }
    if (x.type == EXPR_STRING && y.type == EXPR_STRING) {
        *ret = str_cmp(x.text, y.text);
        return true;
    }
    return false;
}

static struct expr_value
compare(enum expr_op op, struct expr_value x, struct expr_value y)
{
    int c = 0;
    if (!order(x, y, &c)) {
        return null_value;
    }
    switch ((int)op) {
    case EXPR_OP_LT:
        return expr_of_bool(c < 0);
    case EXPR_OP_LE:
        return expr_of_bool(c <= 0);
    case EXPR_OP_GT:
        return expr_of_bool(c > 0);
    default:
        return expr_of_bool(c >= 0);
    }
}

static struct expr_value
arithmetic(enum expr_op op, struct expr_value x, struct expr_value y)
{
    if (x.type != EXPR_NUMBER || y.type != EXPR_NUMBER) {
        return null_value;
    }
    struct expr_value r = { .type = EXPR_NUMBER };
    bool is_over = false;
    if (op == EXPR_OP_ADD) {
        is_over = __builtin_add_overflow(x.scaled, y.scaled, &r.scaled);
    } else if (op == EXPR_OP_SUB) {
        is_over = __builtin_sub_overflow(x.scaled, y.scaled, &r.scaled);
    } else {
        __int128 wide = (__int128)x.scaled * y.scaled / EXPR_SCALE;
        is_over = wide > INT64_MAX || wide < INT64_MIN;
        r.scaled = is_over ? 0 : (int64_t)wide;
    }
    return is_over ? null_value : r;
}

static struct expr_value
count(struct expr_value x)
{
    if (x.type == EXPR_NULL) {
        return expr_of_i64(0);
    }
    if (x.type != EXPR_NODE || x.node->type != JSON_LIST) {
        return null_value;
    }
    return expr_of_i64(x.node->n);
}

static struct expr_value
days(struct expr_value from, struct expr_value to)
{
    struct date a;
    struct date b;
    if (from.type != EXPR_STRING || to.type != EXPR_STRING || !date_parse(from.text, &a) ||
        !date_parse(to.text, &b)) {
        return null_value;
    }
    return expr_of_i64((int64_t)b.day - a.day);
}

static struct expr_value
extreme(const struct expr_value *v, uint32_t n, int want)
{
    struct expr_value best = v[0];
    for (uint32_t i = 0; i < n; i++) {
        int c = 0;
        if (!order(v[i], best, &c)) {
            return null_value;
        }
        if (c * want > 0) {
            best = v[i];
        }
    }
    return best;
}

static struct expr_value
is_in(const struct expr_value *v, uint32_t n)
{
    struct expr_value r = expr_of_bool(false);
    for (uint32_t i = 1; i <= n; i++) {
        r = logic_or(r, equal(v[0], v[i]));
    }
    return r;
}

static struct expr_value
apply(enum expr_op op, const struct expr_value *v, uint32_t arg)
{
    switch (op) {
    case EXPR_OP_OR:
        return logic_or(v[0], v[1]);
    case EXPR_OP_AND:
        return logic_and(v[0], v[1]);
    case EXPR_OP_EQ:
        return equal(v[0], v[1]);
    case EXPR_OP_NE:
        return logic_not(equal(v[0], v[1]));
    case EXPR_OP_LT:
    case EXPR_OP_LE:
    case EXPR_OP_GT:
    case EXPR_OP_GE:
        return compare(op, v[0], v[1]);
    case EXPR_OP_ADD:
    case EXPR_OP_SUB:
    case EXPR_OP_MUL:
        return arithmetic(op, v[0], v[1]);
    case EXPR_OP_NEG:
        return arithmetic(EXPR_OP_SUB, expr_of_i64(0), v[0]);
    case EXPR_OP_NOT:
        return logic_not(v[0]);
    case EXPR_OP_COUNT:
        return count(v[0]);
    case EXPR_OP_BETWEEN:
        return logic_and(compare(EXPR_OP_GE, v[0], v[1]), compare(EXPR_OP_LE, v[0], v[2]));
    case EXPR_OP_IN:
        return is_in(v, arg);
    case EXPR_OP_MIN:
        return extreme(v, arg, -1);
    case EXPR_OP_MAX:
        return extreme(v, arg, 1);
    case EXPR_OP_DAYS:
        return days(v[0], v[1]);
    case EXPR_OP_CONST:
    case EXPR_OP_NAME:
        break;
    }
    return null_value;
}

struct expr_value
expr_eval(const struct expr *e, const struct expr_scope *scope)
{
    struct expr_value stack[EXPR_STACK_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->n_steps; i++) {
        struct expr_step st = e->steps[i];
        struct expr_value r;
        if (st.op == EXPR_OP_CONST) {
            r = e->consts[st.arg];
        } else if (st.op == EXPR_OP_NAME) {
            r = lookup(scope, e->names[st.arg]);
        } else {
            uint32_t taken = expr_taken_by(st.op, st.arg);
            ASSERT(taken <= n);
            n -= taken;
            r = apply(st.op, &stack[n], st.arg);
        }
        ASSERT(n < EXPR_STACK_MAX);
        stack[n++] = r;
    }
    return n == 0 ? null_value : stack[n - 1];
}

bool
expr_is_true(const struct expr *e, const struct expr_scope *scope)
{
    if (e == NULL) {
        return true;
    }
    struct expr_value v = expr_eval(e, scope);
    return v.type == EXPR_BOOL && v.is_true;
}
