/* exchange_doc.c: descriptions of services: which reader, and what both readers share. */
#include "base/buf.h"
#include "codec/yamldoc.h"
#include "engine/exchange/exchange_int.h"

#define TEXT_MAX     400
#define FIELDS_BYTES ((size_t)256 << 10)

enum err
exchange_doc_wrong(struct ctx *cx, const char *key, struct str where)
{
    ctx_problem(cx, STR("document"), str_of(key), str_dup(cx->arena, str_slice(where, 0, 200)));
    return err_set(cx, ERR_INVALID, "document: %s", key);
}

struct exchange_fields
exchange_fields_new(struct ctx *cx)
{
    return (struct exchange_fields){ .v = ARENA_ARRAY(cx->arena, struct exchange_field,
                                                      EXCHANGE_FIELDS_MAX) };
}

void
exchange_fields_add(struct exchange_fields *f, struct exchange_field one)
{
    if (f->n == EXCHANGE_FIELDS_MAX) {
        f->is_over = true;
        return;
    }
    one.text = str_slice(one.text, 0, TEXT_MAX);
    while (one.text.n > 0 && !str_is_utf8(one.text)) {
        one.text.n--; /* cut inside a letter */
    }
    f->v[f->n++] = one;
}

static bool
is_code_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

bool
exchange_is_code(struct str s)
{
    if (s.n == 0 || s.n > 60 || s.p[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (!is_code_char(s.p[i])) {
            return false;
        }
    }
    return true;
}

struct str
exchange_code_of(struct ctx *cx, struct str text)
{
    struct buf b = buf_new(cx->arena, 64);
    for (size_t i = 0; i < text.n && b.n < 60; i++) {
        if (is_code_char(text.p[i]) && !(b.n == 0 && text.p[i] == '.')) {
            buf_add_char(&b, text.p[i]);
        } else if (b.n > 0 && b.p[b.n - 1] != '-') {
            buf_add_char(&b, '-');
        }
    }
    struct str s = buf_str(&b);
    while (s.n > 0 && s.p[s.n - 1] == '-') {
        s.n--;
    }
    return s.n == 0 ? STR("x") : s;
}

size_t
exchange_path_parts(struct str path, struct str parts[5])
{
    size_t n = 0;
    struct str part;
    while (str_next(&path, '/', &part)) {
        if (n == 5 || !exchange_is_code(part)) {
            return 0;
        }
        parts[n++] = part;
    }
    return n >= 4 && str_eq(parts[0], STR(EXCHANGE_INSTANCE)) ? n : 0;
}

/* Two operations of one code would be told apart by nobody, nor would two of one element. */
static enum err
check_codes(struct ctx *cx, const struct exchange_doc *d)
{
    for (size_t i = 0; i < d->n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (str_eq(d->v[i].code, d->v[k].code)) {
                return exchange_doc_wrong(cx, "exchange.doc.code_twice", d->v[i].code);
            }
            if (d->v[i].element.n != 0 && str_eq(d->v[i].element, d->v[k].element)) {
                return exchange_doc_wrong(cx, "exchange.doc.element_twice", d->v[i].element);
            }
        }
    }
    return d->n == 0 ? exchange_doc_wrong(cx, "exchange.doc.no_operation", STR_NULL) : ERR_OK;
}

/* YAML begins as it likes; an OpenAPI document has its version at the beginning of a line. */
static bool
looks_like_yaml(struct str text)
{
    static const char *const begins[] = { "openapi", "\"openapi", "'openapi" };
    struct str line;
    while (str_next(&text, '\n', &line)) {
        for (size_t i = 0; i < COUNT_OF(begins); i++) {
            if (str_starts(line, str_of(begins[i]))) {
                return true;
            }
        }
    }
    return false;
}

/* The same document as JSON: only that is read, stored and given out. */
static enum err
from_yaml(struct ctx *cx, struct str text, struct str *ret_json)
{
    struct yamldoc_fault fault;
    if (yamldoc_to_json(cx->arena, text, EXCHANGE_DOC_BYTES, ret_json, &fault) != ERR_OK) {
        return exchange_doc_wrong(cx, "exchange.doc.yaml",
                                  str_fmt(cx->arena, "%u: %s", fault.line, fault.what));
    }
    return ERR_OK;
}

enum err
exchange_doc_read(struct ctx *cx, struct str bytes, struct exchange_doc *ret)
{
    struct str text = str_trim(bytes);
    struct str doc_text = bytes;
    struct exchange_doc doc = { 0 };
    if (bytes.n > EXCHANGE_DOC_BYTES) {
        return exchange_doc_wrong(cx, "exchange.doc.too_large", STR_NULL);
    }
    if (str_starts(text, STR("\xef\xbb\xbf"))) {
        text = str_slice(text, 3, text.n);
    }
    if (!str_starts(text, STR("{")) && !str_starts(text, STR("<")) && looks_like_yaml(text)) {
        TRY(from_yaml(cx, text, &text));
        doc_text = text;
    }
    if (str_starts(text, STR("{"))) {
        TRY(exchange_openapi_read(cx, text, &doc));
    } else if (str_starts(text, STR("<"))) {
        TRY(exchange_wsdl_read(cx, text, &doc));
    } else {
        return exchange_doc_wrong(cx, "exchange.doc.kind", STR_NULL);
    }
    TRY(check_codes(cx, &doc));
    if (str_eq(doc.kind, STR("wsdl")) && str_is_empty(doc.server)) {
        return exchange_doc_wrong(cx, "exchange.doc.wsdl_address", STR_NULL);
    }
    doc.text = doc_text;
    *ret = doc;
    return ERR_OK;
}

struct str
exchange_fields_json(struct ctx *cx, const struct exchange_field *v, size_t n)
{
    struct buf b = buf_new(cx->arena, FIELDS_BYTES);
    struct json_out o = json_out(&b);
    json_open_list(&o);
    for (size_t i = 0; i < n; i++) {
        json_open(&o);
        json_put_str(&o, "path", v[i].path);
        json_put_str(&o, "type", v[i].type);
        json_put_str(&o, "text", v[i].text);
        json_put_bool(&o, "required", v[i].is_required);
        json_close(&o);
    }
    json_close_list(&o);
    return b.is_failed ? STR("[]") : buf_str(&b);
}

size_t
exchange_fields_read(struct ctx *cx, struct str json, struct exchange_field **ret)
{
    struct json *tree = NULL;
    struct json_limits limits = { 0 };
    size_t n = 0;
    *ret = NULL;
    if (json_parse(cx->arena, json, limits, &tree, NULL) != ERR_OK || tree->type != JSON_LIST) {
        return 0;
    }
    struct exchange_field *v = ARENA_ARRAY(cx->arena, struct exchange_field, tree->n);
    for (JSON_EACH(tree, it)) {
        v[n++] = (struct exchange_field){ json_text(it, "path"), json_text(it, "type"),
                                          json_text(it, "text"), json_flag(it, "required", false) };
    }
    *ret = v;
    return n;
}
