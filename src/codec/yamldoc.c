/* yamldoc.c: see yamldoc.h. */
#include "codec/yamldoc.h"

#include "codec/json.h"

#include <yaml.h>

#define DEPTH_MAX (JSON_DEPTH_MAX - 1)

struct level {
    bool is_map, wants_key;
};
struct reading {
    struct json_out o;
    struct level levels[JSON_DEPTH_MAX];
    size_t n_levels;
    uint32_t n_documents;
    bool is_over;
    const char *wrong; /* NULL: nothing */
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t
digits(struct str s, size_t at)
{
    while (at < s.n && is_digit(s.p[at])) {
        at++;
    }
    return at;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)? */
static bool
is_number(struct str s)
{
    size_t at = s.n > 0 && s.p[0] == '-' ? 1 : 0;
    size_t from = at;
    at = digits(s, at);
    if (at == from || (s.p[from] == '0' && at > from + 1)) {
        return false;
    }
    if (at < s.n && s.p[at] == '.') {
        from = ++at;
        at = digits(s, at);
        if (at == from) {
            return false;
        }
    }
    if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
        at += at + 1 < s.n && (s.p[at + 1] == '-' || s.p[at + 1] == '+') ? 2 : 1;
        from = at;
        at = digits(s, at);
        return at > from && at == s.n;
    }
    return at == s.n;
}

static bool
is_one_of(struct str s, const char *const words[3])
{
    return str_eq(s, str_of(words[0])) || str_eq(s, str_of(words[1])) ||
           str_eq(s, str_of(words[2]));
}

static void
put_plain(struct json_out *o, struct str s)
{
    static const char *const nulls[3] = { "null", "Null", "NULL" };
    static const char *const trues[3] = { "true", "True", "TRUE" };
    static const char *const falses[3] = { "false", "False", "FALSE" };
    if (s.n == 0 || str_eq(s, STR("~")) || is_one_of(s, nulls)) {
        json_null(o);
    } else if (is_one_of(s, trues) || is_one_of(s, falses)) {
        json_bool(o, is_one_of(s, trues));
    } else if (is_number(s)) {
        json_raw(o, s);
    } else {
        json_str(o, s);
    }
}

/* A value begins: below a map its key must have come. */
static bool
value_may_come(struct reading *r)
{
    struct level *l = r->n_levels == 0 ? NULL : &r->levels[r->n_levels - 1];
    if (l != NULL && l->is_map) {
        if (l->wants_key) {
            r->wrong = "a key that is no word";
            return false;
        }
        l->wants_key = true;
    }
    return true;
}

static void
on_scalar(struct reading *r, const yaml_event_t *e)
{
    struct str s = { (const char *)e->data.scalar.value, e->data.scalar.length };
    struct level *l = r->n_levels == 0 ? NULL : &r->levels[r->n_levels - 1];
    if (e->data.scalar.anchor != NULL || e->data.scalar.tag != NULL) {
        r->wrong = "anchors and tags are not taken";
        return;
    }
    if (!str_is_utf8(s)) {
        r->wrong = "no UTF-8";
        return;
    }
    if (l != NULL && l->is_map && l->wants_key) {
        json_key_str(&r->o, s);
        l->wants_key = false;
        return;
    }
    if (!value_may_come(r)) {
        return;
    }
    if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        put_plain(&r->o, s);
    } else {
        json_str(&r->o, s);
    }
}

static void
on_begin(struct reading *r, bool is_map, bool is_marked)
{
    if (is_marked) {
        r->wrong = "anchors and tags are not taken";
    } else if (r->n_levels == DEPTH_MAX) {
        r->wrong = "too deep";
    } else if (value_may_come(r)) {
        r->levels[r->n_levels++] = (struct level){ is_map, is_map };
        if (is_map) {
            json_open(&r->o);
        } else {
            json_open_list(&r->o);
        }
    }
}

static void
on_end(struct reading *r)
{
    ASSERT(r->n_levels > 0);
    if (r->levels[--r->n_levels].is_map) {
        json_close(&r->o);
    } else {
        json_close_list(&r->o);
    }
}

static void
on_event(struct reading *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        on_scalar(r, e);
        break;
    case YAML_MAPPING_START_EVENT:
        on_begin(r, true,
                 e->data.mapping_start.anchor != NULL || e->data.mapping_start.tag != NULL);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_begin(r, false,
                 e->data.sequence_start.anchor != NULL || e->data.sequence_start.tag != NULL);
        break;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        on_end(r);
        break;
    case YAML_ALIAS_EVENT:
        r->wrong = "aliases are not taken";
        break;
    case YAML_DOCUMENT_START_EVENT:
        r->wrong = r->n_documents++ == 0 ? NULL : "more than one document";
        break;
    case YAML_STREAM_END_EVENT:
        r->is_over = true;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
}

static void
read_events(yaml_parser_t *parser, struct reading *r, struct yamldoc_fault *ret_fault)
{
    while (!r->is_over && r->wrong == NULL && !r->o.b->is_failed) {
        yaml_event_t e;
        if (yaml_parser_parse(parser, &e) != 1) {
            r->wrong = "it is no YAML";
            ret_fault->line = (uint32_t)parser->problem_mark.line + 1;
            break;
        }
        ret_fault->line = (uint32_t)e.start_mark.line + 1;
        on_event(r, &e);
        yaml_event_delete(&e);
    }
}

enum err
yamldoc_to_json(struct arena *a, struct str yaml, size_t max_bytes, struct str *ret,
                struct yamldoc_fault *ret_fault)
{
    struct buf b = buf_new(a, max_bytes * 4);
    struct reading r = { .o = json_out(&b) };
    yaml_parser_t parser;
    *ret_fault = (struct yamldoc_fault){ 1, "too large" };
    if (yaml.n > max_bytes) {
        return ERR_TOO_LARGE;
    }
    if (yaml_parser_initialize(&parser) != 1) {
        ret_fault->what = "out of memory";
        return ERR_INTERNAL;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.p, yaml.n);
    read_events(&parser, &r, ret_fault);
    yaml_parser_delete(&parser);
    if (b.is_failed) {
        return ERR_TOO_LARGE;
    }
    if (r.wrong == NULL && (r.n_documents == 0 || b.n == 0)) {
        r.wrong = "there is nothing in it";
    }
    if (r.wrong != NULL) {
        ret_fault->what = r.wrong;
        return ERR_BAD_REQUEST;
    }
    *ret = buf_str(&b);
    return ERR_OK;
}
