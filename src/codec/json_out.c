/* json_out.c: the streaming writer. */
#include "codec/json.h"

struct json_out
json_out(struct buf *b)
{
    return (struct json_out){ .b = b };
}

static uint64_t
bit(const struct json_out *o)
{
    return UINT64_C(1) << o->depth;
}

/* Comma between items of a list; in an object the key has written it. */
static void
before_value(struct json_out *o)
{
    if (o->depth == 0 || (o->is_list & bit(o)) == 0) {
        return;
    }
    if ((o->has_item & bit(o)) != 0) {
        buf_add_char(o->b, ',');
    }
    o->has_item |= bit(o);
}

static void
open_level(struct json_out *o, char c, bool is_list)
{
    before_value(o);
    ASSERT(o->depth < JSON_DEPTH_MAX);
    o->depth++;
    o->has_item &= ~bit(o);
    o->is_list = is_list ? o->is_list | bit(o) : o->is_list & ~bit(o);
    buf_add_char(o->b, c);
}

static void
close_level(struct json_out *o, char c)
{
    ASSERT(o->depth > 0);
    o->depth--;
    buf_add_char(o->b, c);
}

void
json_open(struct json_out *o)
{
    open_level(o, '{', false);
}

void
json_close(struct json_out *o)
{
    close_level(o, '}');
}

void
json_open_list(struct json_out *o)
{
    open_level(o, '[', true);
}

void
json_close_list(struct json_out *o)
{
    close_level(o, ']');
}

static void
add_escaped(struct buf *b, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    switch (c) {
    case '"':
        BUF_LIT(b, "\\\"");
        return;
    case '\\':
        BUF_LIT(b, "\\\\");
        return;
    case '\n':
        BUF_LIT(b, "\\n");
        return;
    case '\r':
        BUF_LIT(b, "\\r");
        return;
    case '\t':
        BUF_LIT(b, "\\t");
        return;
    default:
        BUF_LIT(b, "\\u00");
        buf_add_char(b, digits[c >> 4]);
        buf_add_char(b, digits[c & 15]);
    }
}

/* Adds s, which is well-formed UTF-8. Runs of plain bytes are copied at once. */
static void
add_clean(struct buf *b, struct str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) {
            continue;
        }
        buf_add_bytes(b, s.p + from, i - from);
        add_escaped(b, c);
        from = i + 1;
    }
    if (from < s.n) {
        buf_add_bytes(b, s.p + from, s.n - from);
    }
}

/* Bad bytes one by one as U+FFFD, what is between them as it is. */
static void
add_mended(struct buf *b, struct str s)
{
    size_t i = 0;
    while (i < s.n) {
        size_t step = 0;
        for (size_t n = 1; n <= 4 && i + n <= s.n && step == 0; n++) {
            step = str_is_utf8(str_slice(s, i, i + n)) ? n : 0;
        }
        if (step == 0) {
            BUF_LIT(b, "\xEF\xBF\xBD");
            i++;
        } else {
            add_clean(b, str_slice(s, i, i + step));
            i += step;
        }
    }
}

static void
add_quoted(struct buf *b, struct str s)
{
    buf_add_char(b, '"');
    if (str_is_utf8(s)) {
        add_clean(b, s);
    } else {
        add_mended(b, s);
    }
    buf_add_char(b, '"');
}

void
json_key_str(struct json_out *o, struct str key)
{
    ASSERT(o->depth > 0 && (o->is_list & bit(o)) == 0);
    if ((o->has_item & bit(o)) != 0) {
        buf_add_char(o->b, ',');
    }
    o->has_item |= bit(o);
    add_quoted(o->b, key);
    buf_add_char(o->b, ':');
}

void
json_key(struct json_out *o, const char *key)
{
    json_key_str(o, str_of(key));
}

void
json_str(struct json_out *o, struct str s)
{
    before_value(o);
    if (s.p == NULL) {
        BUF_LIT(o->b, "null");
    } else {
        add_quoted(o->b, s);
    }
}

void
json_i64(struct json_out *o, int64_t v)
{
    before_value(o);
    buf_add_i64(o->b, v);
}

void
json_bool(struct json_out *o, bool v)
{
    json_raw(o, v ? STR("true") : STR("false"));
}

void
json_null(struct json_out *o)
{
    json_raw(o, STR("null"));
}

void
json_raw(struct json_out *o, struct str json)
{
    before_value(o);
    buf_add(o->b, json);
}

void
json_put_str(struct json_out *o, const char *key, struct str s)
{
    json_key(o, key);
    json_str(o, s);
}

void
json_put_i64(struct json_out *o, const char *key, int64_t v)
{
    json_key(o, key);
    json_i64(o, v);
}

void
json_put_bool(struct json_out *o, const char *key, bool v)
{
    json_key(o, key);
    json_bool(o, v);
}

static void
write_start(struct json_out *o, const struct json *j)
{
    switch (j->type) {
    case JSON_NULL:
        json_null(o);
        return;
    case JSON_BOOL:
        json_bool(o, j->is_true);
        return;
    case JSON_NUMBER:
        json_raw(o, j->text);
        return;
    case JSON_STRING:
        json_str(o, j->text);
        return;
    case JSON_LIST:
        json_open_list(o);
        return;
    case JSON_OBJECT:
        json_open(o);
        return;
    }
}

/* What comes after at: levels that are done are closed. NULL: the end. */
static const struct json *
write_next(struct json_out *o, const struct json **open, size_t *depth, const struct json *at)
{
    while (at == NULL && *depth > 0) {
        const struct json *done = open[--*depth];
        close_level(o, done->type == JSON_LIST ? ']' : '}');
        at = *depth > 0 ? done->next : NULL;
    }
    return at;
}

void
json_write(struct json_out *o, const struct json *j)
{
    const struct json *open[JSON_DEPTH_MAX + 1];
    size_t depth = 0;
    const struct json *at = j;
    if (j == NULL) {
        json_null(o);
        return;
    }
    while (at != NULL) {
        if (depth > 0 && open[depth - 1]->type == JSON_OBJECT) {
            json_key_str(o, at->key);
        }
        write_start(o, at);
        if (at->type == JSON_LIST || at->type == JSON_OBJECT) {
            ASSERT(depth <= JSON_DEPTH_MAX);
            open[depth++] = at;
            at = at->child;
        } else {
            at = depth > 0 ? at->next : NULL;
        }
        at = write_next(o, open, &depth, at);
    }
}
