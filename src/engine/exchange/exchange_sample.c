/* exchange_sample.c: what an operation would answer, told from its description: the example that
 * stands there, else one made of its schemas. For trying out services that have no simulator. */
#include "codec/json.h"
#include "codec/xml.h"
#include "engine/exchange/exchange_int.h"

#define SAMPLE_BYTES ((size_t)64 << 10)
#define STACK_MAX    600
#define DEPTH_MAX    12
#define STEPS_MAX    4000 /* schemas that hold themselves end here */
#define PARTS_MAX    16
#define HOPS_MAX     10
#define LEVELS_MAX   10
#define WORD         "mẫu"

/* --- JSON of a schema --------------------------------------------------------------------------
 */
struct item {
    const struct json *schema; /* NULL: an end */
    struct str key;            /* null: in a list, or the whole */
    uint32_t depth;
    bool is_list; /* of an end */
};
struct maker {
    struct ctx *cx;
    const struct json *doc;
    struct json_out out;
    struct item stack[STACK_MAX];
    size_t n;
};

static void
push(struct maker *m, struct item it)
{
    if (m->n < STACK_MAX) {
        m->stack[m->n++] = it;
    }
}

/* What the schema itself gives as a value; NULL: nothing. */
static const struct json *
given(const struct json *schema)
{
    static const char *const single[] = { "example", "default", "const" };
    static const char *const lists[] = { "examples", "enum" };
    for (size_t i = 0; i < COUNT_OF(single); i++) {
        const struct json *v = json_get(schema, single[i]);
        if (v != NULL) {
            return v;
        }
    }
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const struct json *v = json_get(schema, lists[i]);
        if (v != NULL && v->type == JSON_LIST && v->child != NULL) {
            return v->child;
        }
    }
    return NULL;
}

/* The first of alternatives, and of theirs. NULL: it leads nowhere. */
static const struct json *
chosen(struct maker *m, const struct json *schema)
{
    const struct json *s = exchange_openapi_resolve(m->cx, m->doc, schema);
    for (int i = 0; i < HOPS_MAX && s != NULL; i++) {
        const struct json *some = json_get(s, "oneOf");
        some = some == NULL ? json_get(s, "anyOf") : some;
        if (some == NULL || some->child == NULL || json_get(s, "properties") != NULL) {
            return s;
        }
        s = exchange_openapi_resolve(m->cx, m->doc, some->child);
    }
    return s;
}

static bool
is_pushed(const struct maker *m, size_t first, struct str key)
{
    for (size_t i = first; i < m->n; i++) {
        if (str_eq(m->stack[i].key, key)) {
            return true;
        }
    }
    return false;
}

/* Members of the schema and of all that it joins (allOf). */
static void
push_members(struct maker *m, const struct json *schema, uint32_t depth)
{
    const struct json *parts[PARTS_MAX] = { schema };
    size_t n = 1;
    size_t first = m->n;
    for (size_t i = 0; i < n; i++) {
        for (JSON_EACH(json_get(parts[i], "properties"), it)) {
            if (!is_pushed(m, first, it->key)) {
                push(m, (struct item){ it, it->key, depth, false });
            }
        }
        for (JSON_EACH(json_get(parts[i], "allOf"), it)) {
            const struct json *part = exchange_openapi_resolve(m->cx, m->doc, it);
            if (part != NULL && n < PARTS_MAX) {
                parts[n++] = part;
            }
        }
    }
    for (size_t i = first, k = m->n; i + 1 < k; i++) { /* the first shall come off first */
        k--;
        struct item swap = m->stack[i];
        m->stack[i] = m->stack[k];
        m->stack[k] = swap;
    }
}

static struct str
string_of(struct str format)
{
    static const char *const known[][2] = {
        { "date", "2026-01-15" },
        { "date-time", "2026-01-15T08:00:00+07:00" },
        { "dateTime", "2026-01-15T08:00:00+07:00" },
        { "time", "08:00:00" },
        { "email", "mau@example.org" },
        { "uri", "https://example.org/mau" },
        { "uuid", "00000000-0000-4000-8000-000000000000" },
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (str_eq(format, str_of(known[i][0]))) {
            return str_of(known[i][1]);
        }
    }
    return STR(WORD);
}

static void
make_plain(struct maker *m, const struct json *schema, struct str type)
{
    if (str_eq(type, STR("integer")) || str_eq(type, STR("number"))) {
        const struct json *least = json_get(schema, "minimum");
        json_i64(&m->out, least != NULL && least->is_int ? least->i64 : 1);
    } else if (str_eq(type, STR("boolean"))) {
        json_bool(&m->out, true);
    } else if (str_eq(type, STR("string"))) {
        json_str(&m->out, string_of(json_text(schema, "format")));
    } else {
        json_null(&m->out);
    }
}

static void
make_one(struct maker *m, const struct item *it)
{
    if (it->schema == NULL) {
        (it->is_list ? json_close_list : json_close)(&m->out);
        return;
    }
    if (it->key.p != NULL) {
        json_key_str(&m->out, it->key);
    }
    const struct json *s = it->depth > DEPTH_MAX ? NULL : chosen(m, it->schema);
    const struct json *value = s == NULL ? NULL : given(s);
    struct str type = s == NULL ? STR("null") : exchange_openapi_type(s);
    if (value != NULL) {
        json_write(&m->out, value);
    } else if (str_eq(type, STR("array"))) {
        json_open_list(&m->out);
        push(m, (struct item){ .is_list = true });
        if (json_get(s, "items") != NULL) {
            push(m, (struct item){ json_get(s, "items"), STR_NULL, it->depth + 1, false });
        }
    } else if (str_eq(type, STR("object")) || json_get(s, "allOf") != NULL) {
        json_open(&m->out);
        push(m, (struct item){ .is_list = false });
        push_members(m, s, it->depth + 1);
    } else {
        make_plain(m, s, type);
    }
}

/* Null: too large. */
static struct str
json_of(struct ctx *cx, const struct json *doc, const struct json *schema)
{
    struct maker *m = ARENA_NEW(cx->arena, struct maker);
    struct buf b = buf_new(cx->arena, SAMPLE_BYTES);
    m->cx = cx;
    m->doc = doc;
    m->out = json_out(&b);
    push(m, (struct item){ schema, STR_NULL, 0, false });
    for (uint32_t steps = 0; m->n > 0; steps++) {
        struct item it = m->stack[--m->n];
        if (steps > STEPS_MAX || b.is_failed) {
            return STR_NULL;
        }
        make_one(m, &it);
    }
    return b.is_failed ? STR_NULL : buf_str(&b);
}

/* The media type: JSON before anything else. */
static const struct json *
media_of(const struct json *response)
{
    const struct json *content = json_get(response, "content");
    for (JSON_EACH(content, it)) {
        if (str_starts(it->key, STR("application/json")) || str_ends(it->key, STR("+json"))) {
            return it;
        }
    }
    return content == NULL ? NULL : content->child;
}

static const struct json *
example_of(struct ctx *cx, const struct json *doc, const struct json *media)
{
    const struct json *one = json_get(media, "example");
    const struct json *list = json_get(media, "examples");
    if (one == NULL && list != NULL && list->child != NULL) {
        one = json_get(exchange_openapi_resolve(cx, doc, list->child), "value");
    }
    return one;
}

static struct str
written(struct ctx *cx, const struct json *value)
{
    struct buf b = buf_new(cx->arena, SAMPLE_BYTES);
    struct json_out o = json_out(&b);
    if (value->type == JSON_STRING) { /* an example of XML or text */
        return value->text.n > SAMPLE_BYTES ? STR_NULL : value->text;
    }
    json_write(&o, value);
    return b.is_failed ? STR_NULL : buf_str(&b);
}

static enum err
sample_openapi(struct ctx *cx, struct str document, const struct exchange_operation *o,
               struct exchange_sample *ret)
{
    struct json *doc = NULL;
    struct json_limits limits = { .nodes_max = 60000 };
    TRY(json_parse(cx->arena, document, limits, &doc, NULL));
    const struct json *path = json_get_str_key(json_get(doc, "paths"), o->path);
    const struct json *operation = json_get_str_key(path, str_lower(cx->arena, o->method));
    const struct json *media = media_of(exchange_openapi_response(cx, doc, operation));
    const struct json *example = example_of(cx, doc, media);
    const struct json *schema = json_get(media, "schema");
    if (example != NULL) {
        *ret = (struct exchange_sample){ STR("example"), written(cx, example) };
    } else if (schema != NULL) {
        *ret = (struct exchange_sample){ STR("schema"), json_of(cx, doc, schema) };
    }
    return ERR_OK;
}

/* --- XML of flat fields ------------------------------------------------------------------------
 */
struct tags {
    struct buf b;
    const char *prefix; /* "t:" or "" */
    struct str open[LEVELS_MAX];
    size_t n;
};

static void
close_to(struct tags *t, size_t n)
{
    while (t->n > n) {
        t->n--;
        buf_addf(&t->b, "</%s" STR_FMT ">", t->prefix, STR_ARG(t->open[t->n]));
    }
}

/* "a[].b": its names without the mark of lists; 0: too deep, or no names of elements. */
static size_t
names_of(struct str path, struct str ret[LEVELS_MAX])
{
    size_t n = 0;
    struct str one;
    while (str_next(&path, '.', &one)) {
        one = str_ends(one, STR("[]")) ? str_slice(one, 0, one.n - 2) : one;
        if (n == LEVELS_MAX || !exchange_is_code(one)) {
            return 0;
        }
        ret[n++] = one;
    }
    return n;
}

static struct str
xsd_value(struct str type)
{
    if (str_eq(type, STR("boolean"))) {
        return STR("true");
    }
    return exchange_names(STR("int integer long short byte decimal float double positiveInteger "
                              "nonNegativeInteger unsignedInt unsignedLong unsignedShort"),
                          type)
               ? STR("1")
               : string_of(type);
}

static void
add_field(struct tags *t, const struct exchange_field *f)
{
    struct str names[LEVELS_MAX] = { STR_NULL };
    size_t n = names_of(f->path, names);
    size_t same = 0;
    if (n == 0) {
        return;
    }
    while (same < t->n && same + 1 < n && str_eq(t->open[same], names[same])) {
        same++;
    }
    close_to(t, same);
    while (t->n + 1 < n) {
        buf_addf(&t->b, "<%s" STR_FMT ">", t->prefix, STR_ARG(names[t->n]));
        t->open[t->n] = names[t->n];
        t->n++;
    }
    buf_addf(&t->b, "<%s" STR_FMT ">", t->prefix, STR_ARG(names[n - 1]));
    xml_escape_to(&t->b, xsd_value(f->type));
    buf_addf(&t->b, "</%s" STR_FMT ">", t->prefix, STR_ARG(names[n - 1]));
}

static enum err
sample_wsdl(struct ctx *cx, struct str document, const struct exchange_operation *o,
            struct exchange_sample *ret)
{
    struct exchange_wrapper w;
    TRY(exchange_wsdl_wrapper(cx, document, o->code, &w));
    if (o->n_outputs == 0 || !exchange_is_code(w.name)) {
        return ERR_OK;
    }
    struct tags t = { .b = buf_new(cx->arena, SAMPLE_BYTES), .prefix = w.is_qualified ? "t:" : "" };
    BUF_LIT(&t.b, "<s:Envelope xmlns:s=\"" EXCHANGE_SOAP_NS "\"><s:Body>");
    buf_addf(&t.b, "<t:" STR_FMT " xmlns:t=\"", STR_ARG(w.name));
    xml_escape_to(&t.b, w.ns);
    BUF_LIT(&t.b, "\">");
    for (size_t i = 0; i < o->n_outputs; i++) {
        add_field(&t, &o->outputs[i]);
    }
    close_to(&t, 0);
    buf_addf(&t.b, "</t:" STR_FMT "></s:Body></s:Envelope>", STR_ARG(w.name));
    *ret = (struct exchange_sample){ STR("schema"), t.b.is_failed ? STR_NULL : buf_str(&t.b) };
    return ERR_OK;
}

enum err
exchange_sample(struct ctx *cx, int64_t version, struct str operation, struct exchange_sample *ret)
{
    struct exchange_operation *v = NULL;
    const struct exchange_operation *o = NULL;
    struct str kind;
    struct str document;
    size_t n = 0;
    TRY(exchange_operations(cx, version, &v, &n));
    for (size_t i = 0; i < n; i++) {
        o = str_eq(v[i].code, operation) ? &v[i] : o;
    }
    if (o == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no such operation");
    }
    TRY(exchange_document(cx, version, &kind, &document));
    struct exchange_sample s = { STR("none"), STR("") };
    TRY(str_eq(kind, STR("wsdl")) ? sample_wsdl(cx, document, o, &s)
                                  : sample_openapi(cx, document, o, &s));
    *ret = str_is_empty(s.body) ? (struct exchange_sample){ STR("none"), STR("") } : s;
    return ERR_OK;
}
