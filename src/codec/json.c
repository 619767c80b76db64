/* json.c: the strict reader. One loop and an explicit stack; strings are unescaped in place in the
 * tree's own copy of the text, which they never outgrow. */
#include "codec/json.h"

#include <stdlib.h>
#include <string.h>

struct frame {
    struct json *node, *last;
};

struct reader {
    struct arena *arena;
    char *p;
    size_t n, i, line_at;
    uint32_t line, nodes_n, depth;
    struct json_limits limits;
    struct frame *stack;
    struct json *root;
    struct json_fault fault;
};

static enum err
fault_at(struct reader *r, const char *what)
{
    r->fault.line = r->line;
    r->fault.column = (uint32_t)(r->i - r->line_at) + 1;
    r->fault.what = what;
    return ERR_BAD_REQUEST;
}

/* The byte at the cursor; 0 at the end (a NUL byte is never lawful JSON either). */
static char
peek(const struct reader *r)
{
    return r->i < r->n ? r->p[r->i] : '\0';
}

static void
skip_space(struct reader *r)
{
    for (; r->i < r->n; r->i++) {
        char c = r->p[r->i];
        if (c == '\n') {
            r->line++;
            r->line_at = r->i + 1;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Four hexadecimal digits at the cursor. */
static bool
read_hex4(struct reader *r, uint32_t *ret)
{
    uint32_t v = 0;
    for (int k = 0; k < 4; k++) {
        int digit = hex_value(peek(r));
        if (digit < 0) {
            return false;
        }
        v = v * 16 + (uint32_t)digit;
        r->i++;
    }
    *ret = v;
    return true;
}

static size_t
put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0 | (c >> 6));
        to[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xE0 | (c >> 12));
        to[1] = (char)(0x80 | ((c >> 6) & 63));
        to[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    to[0] = (char)(0xF0 | (c >> 18));
    to[1] = (char)(0x80 | ((c >> 12) & 63));
    to[2] = (char)(0x80 | ((c >> 6) & 63));
    to[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* Behind "\u": one code point, joined from a surrogate pair where needed. */
static enum err
read_unicode(struct reader *r, uint32_t *ret)
{
    uint32_t c = 0;
    uint32_t low = 0;
    if (!read_hex4(r, &c)) {
        return fault_at(r, "four hexadecimal digits expected");
    }
    if (c == 0) {
        return fault_at(r, "NUL is not allowed in a string");
    }
    if (c < 0xD800 || c > 0xDFFF) {
        *ret = c;
        return ERR_OK;
    }
    if (c > 0xDBFF || peek(r) != '\\' || r->i + 1 >= r->n || r->p[r->i + 1] != 'u') {
        return fault_at(r, "lone surrogate");
    }
    r->i += 2;
    if (!read_hex4(r, &low) || low < 0xDC00 || low > 0xDFFF) {
        return fault_at(r, "lone surrogate");
    }
    *ret = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    return ERR_OK;
}

/* Behind the backslash: writes what it stands for. */
static enum err
read_escape(struct reader *r, char *to, size_t *ret_n)
{
    static const char from[] = "\"\\/bfnrt";
    static const char into[] = "\"\\/\b\f\n\r\t";
    char c = peek(r);
    r->i++;
    if (c == 'u') {
        uint32_t point = 0;
        TRY(read_unicode(r, &point));
        *ret_n = put_utf8(to, point);
        return ERR_OK;
    }
    const char *hit = c == '\0' ? NULL : strchr(from, c);
    if (hit == NULL) {
        return fault_at(r, "unknown escape");
    }
    *to = into[hit - from];
    *ret_n = 1;
    return ERR_OK;
}

/* Cursor on the opening quote. An escape is never shorter than what it stands for. */
static enum err
read_string(struct reader *r, struct str *ret)
{
    r->i++;
    size_t from = r->i;
    size_t to = from;
    while (r->i < r->n && r->p[r->i] != '"') {
        unsigned char c = (unsigned char)r->p[r->i];
        if (c < 0x20) {
            return fault_at(r, "control character in a string");
        }
        r->i++;
        size_t n = 1;
        if (c == '\\') {
            char bytes[4];
            TRY(read_escape(r, bytes, &n));
            memcpy(r->p + to, bytes, n);
        } else {
            r->p[to] = (char)c;
        }
        to += n;
    }
    if (r->i >= r->n) {
        return fault_at(r, "string without end");
    }
    r->i++;
    *ret = (struct str){ r->p + from, to - from };
    return ERR_OK;
}

/* Moves over digits; false when there is none. */
static bool
skip_digits(struct reader *r)
{
    size_t from = r->i;
    while (peek(r) >= '0' && peek(r) <= '9') {
        r->i++;
    }
    return r->i > from;
}

/* What may follow the whole part: ".5", "e-3". *ret_is_whole: neither was there. */
static bool
skip_rest_of_number(struct reader *r, bool *ret_is_whole)
{
    *ret_is_whole = true;
    if (peek(r) == '.') {
        r->i++;
        *ret_is_whole = false;
        if (!skip_digits(r)) {
            return false;
        }
    }
    if (peek(r) == 'e' || peek(r) == 'E') {
        r->i++;
        *ret_is_whole = false;
        r->i += peek(r) == '+' || peek(r) == '-' ? 1 : 0;
        return skip_digits(r);
    }
    return true;
}

static enum err
read_number(struct reader *r, struct json *node)
{
    size_t from = r->i;
    bool is_whole = true;
    r->i += peek(r) == '-' ? 1 : 0;
    bool is_zero = peek(r) == '0';
    if (!skip_digits(r)) {
        return fault_at(r, "digit expected");
    }
    size_t first = r->p[from] == '-' ? from + 1 : from;
    if (is_zero && r->i - first > 1) {
        return fault_at(r, "leading zero");
    }
    if (!skip_rest_of_number(r, &is_whole)) {
        return fault_at(r, "digit expected");
    }
    node->type = JSON_NUMBER;
    node->text = (struct str){ r->p + from, r->i - from };
    node->is_int = is_whole && str_to_i64(node->text, INT64_MIN, INT64_MAX, &node->i64);
    return ERR_OK;
}

static enum err
read_word(struct reader *r, struct json *node)
{
    struct str rest = { r->p + r->i, r->n - r->i };
    if (str_starts(rest, STR("true"))) {
        node->type = JSON_BOOL;
        node->is_true = true;
        r->i += 4;
    } else if (str_starts(rest, STR("false"))) {
        node->type = JSON_BOOL;
        r->i += 5;
    } else if (str_starts(rest, STR("null"))) {
        node->type = JSON_NULL;
        r->i += 4;
    } else {
        return fault_at(r, r->i >= r->n ? "value expected at the end" : "value expected");
    }
    return ERR_OK;
}

/* A new node hung below the innermost open list or object. */
static enum err
new_node(struct reader *r, struct str key, struct json **ret)
{
    if (++r->nodes_n > r->limits.nodes_max) {
        return fault_at(r, "too many values");
    }
    struct json *node = ARENA_NEW(r->arena, struct json);
    node->line = r->line;
    node->key = key;
    if (r->depth == 0) {
        r->root = node;
    } else {
        struct frame *top = &r->stack[r->depth - 1];
        if (top->last == NULL) {
            top->node->child = node;
        } else {
            top->last->next = node;
        }
        top->last = node;
        top->node->n++;
    }
    *ret = node;
    return ERR_OK;
}

static enum err
open_container(struct reader *r, struct json *node, enum json_type type)
{
    if (r->depth >= r->limits.depth_max) {
        return fault_at(r, "nested too deeply");
    }
    node->type = type;
    r->i++;
    r->stack[r->depth++] = (struct frame){ .node = node };
    return ERR_OK;
}

/* A whole scalar, or the opening of a list or object. */
static enum err
read_value(struct reader *r, struct str key)
{
    struct json *node = NULL;
    skip_space(r);
    TRY(new_node(r, key, &node));
    char c = peek(r);
    if (c == '{' || c == '[') {
        return open_container(r, node, c == '{' ? JSON_OBJECT : JSON_LIST);
    }
    if (c == '"') {
        node->type = JSON_STRING;
        return read_string(r, &node->text);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return read_number(r, node);
    }
    return read_word(r, node);
}

/* Key and value in an object, value elsewhere. */
static enum err
read_member(struct reader *r)
{
    struct str key = STR_NULL;
    if (r->depth > 0 && r->stack[r->depth - 1].node->type == JSON_OBJECT) {
        skip_space(r);
        if (peek(r) != '"') {
            return fault_at(r, "key in quotes expected");
        }
        TRY(read_string(r, &key));
        skip_space(r);
        if (peek(r) != ':') {
            return fault_at(r, "':' expected");
        }
        r->i++;
    }
    return read_value(r, key);
}

static int
by_key(const void *x, const void *y)
{
    const struct json *const *a = x;
    const struct json *const *b = y;
    int c = str_cmp((*a)->key, (*b)->key);
    return c != 0 ? c : ((*a)->line > (*b)->line) - ((*a)->line < (*b)->line);
}

/* Sorted, so that an object of many keys cannot cost quadratic time. */
static enum err
refuse_duplicates(struct reader *r, const struct json *object)
{
    const struct json **sorted = ARENA_ARRAY(r->arena, const struct json *, object->n);
    size_t n = 0;
    for (JSON_EACH(object, it)) {
        sorted[n++] = it;
    }
    qsort(sorted, n, sizeof(*sorted), by_key);
    for (size_t i = 1; i < n; i++) {
        if (str_eq(sorted[i - 1]->key, sorted[i]->key)) {
            r->line = sorted[i]->line;
            r->line_at = r->i;
            return fault_at(r, "key occurs twice");
        }
    }
    return ERR_OK;
}

/* Small objects, the usual case, without memory. */
static enum err
close_container(struct reader *r)
{
    const struct json *node = r->stack[--r->depth].node;
    r->i++;
    if (node->type == JSON_LIST || node->n < 2) {
        return ERR_OK;
    }
    if (node->n == 2) {
        return str_eq(node->child->key, node->child->next->key) ? fault_at(r, "key occurs twice")
                                                                : ERR_OK;
    }
    return refuse_duplicates(r, node);
}

/* Behind a value or an opening: closes what closes here, takes the comma. */
static enum err
read_between(struct reader *r, bool *ret_more)
{
    *ret_more = false;
    while (r->depth > 0) {
        const struct json *top = r->stack[r->depth - 1].node;
        skip_space(r);
        char c = peek(r);
        if (c == (top->type == JSON_LIST ? ']' : '}')) {
            TRY(close_container(r));
            continue;
        }
        if (top->n > 0 && c != ',') {
            return fault_at(r,
                            top->type == JSON_LIST ? "',' or ']' expected" : "',' or '}' expected");
        }
        r->i += top->n > 0 ? 1 : 0;
        *ret_more = true;
        return ERR_OK;
    }
    return ERR_OK;
}

static enum err
read_document(struct reader *r)
{
    bool is_more = true;
    while (is_more) {
        TRY(read_member(r));
        TRY(read_between(r, &is_more));
    }
    skip_space(r);
    return r->i < r->n ? fault_at(r, "something follows the value") : ERR_OK;
}

/* Bad UTF-8 is found for the whole text at once; the line is looked for only then. */
static enum err
check_utf8(struct reader *r, struct str s)
{
    if (str_is_utf8(s)) {
        return ERR_OK;
    }
    struct str rest = s;
    struct str line;
    while (str_next(&rest, '\n', &line) && str_is_utf8(line)) {
        r->line++;
    }
    return fault_at(r, "not UTF-8");
}

enum err
json_parse(struct arena *a, struct str s, struct json_limits limits, struct json **ret,
           struct json_fault *ret_fault)
{
    return json_parse_in(a, a, s, limits, ret, ret_fault);
}

enum err
json_parse_in(struct arena *nodes, struct arena *texts, struct str s, struct json_limits limits,
              struct json **ret, struct json_fault *ret_fault)
{
    struct reader r = { .arena = nodes, .n = s.n, .line = 1, .limits = limits };
    r.limits.depth_max = limits.depth_max == 0 ? 32 : limits.depth_max;
    if (r.limits.depth_max > JSON_DEPTH_MAX) {
        r.limits.depth_max = JSON_DEPTH_MAX;
    }
    r.limits.nodes_max = limits.nodes_max == 0 ? 100000 : limits.nodes_max;
    r.stack = ARENA_ARRAY(nodes, struct frame, r.limits.depth_max);
    enum err e = check_utf8(&r, s);
    if (e == ERR_OK) {
        r.p = arena_copy(texts, s.p, s.n);
        e = read_document(&r);
    }
    if (e != ERR_OK) {
        if (ret_fault != NULL) {
            *ret_fault = r.fault;
        }
        return e;
    }
    *ret = r.root;
    return ERR_OK;
}

const struct json *
json_get_str_key(const struct json *j, struct str key)
{
    if (j == NULL || j->type != JSON_OBJECT) {
        return NULL;
    }
    for (JSON_EACH(j, it)) {
        if (str_eq(it->key, key)) {
            return it;
        }
    }
    return NULL;
}

const struct json *
json_get(const struct json *j, const char *key)
{
    return json_get_str_key(j, str_of(key));
}

struct str
json_text(const struct json *j, const char *key)
{
    const struct json *it = json_get(j, key);
    return it != NULL && it->type == JSON_STRING ? it->text : STR_NULL;
}

int64_t
json_int(const struct json *j, const char *key, int64_t otherwise)
{
    const struct json *it = json_get(j, key);
    return it != NULL && it->is_int ? it->i64 : otherwise;
}

bool
json_flag(const struct json *j, const char *key, bool otherwise)
{
    const struct json *it = json_get(j, key);
    return it != NULL && it->type == JSON_BOOL ? it->is_true : otherwise;
}
