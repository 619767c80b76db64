/* exchange_openapi.c: reads OpenAPI 3.1 and 3.0 documents (JSON) into operations with flat fields.
 * References are followed inside the document only; nothing is fetched. */
#include "codec/json.h"
#include "engine/exchange/exchange_int.h"

#define STACK_MAX 600
#define DEPTH_MAX 10
#define HOPS_MAX  10
#define STEPS_MAX 4000 /* schemas that name themselves end here */

/* A schema that is still to be walked. */
struct todo {
    const struct json *schema;
    struct str path;
    uint32_t depth;
    bool is_required;
};
struct walk {
    struct ctx *cx;
    const struct json *doc;
    struct exchange_fields *out;
    struct todo stack[STACK_MAX];
    size_t n;
};

/* "#/components/schemas/X": a member of the document, or NULL. */
static const struct json *
follow(struct ctx *cx, const struct json *doc, struct str ref)
{
    struct str rest = ref;
    struct str part;
    const struct json *at = doc;
    if (!str_starts(ref, STR("#/"))) {
        return NULL;
    }
    rest = str_slice(ref, 2, ref.n);
    while (at != NULL && str_next(&rest, '/', &part)) {
        struct str name = str_replace(cx->arena, part, STR("~1"), STR("/"));
        at = json_get_str_key(at, str_replace(cx->arena, name, STR("~0"), STR("~")));
    }
    return at;
}

/* The thing itself when j is a reference (of a reference ...). NULL: it leads nowhere. */
const struct json *
exchange_openapi_resolve(struct ctx *cx, const struct json *doc, const struct json *j)
{
    for (int i = 0; i < HOPS_MAX && j != NULL; i++) {
        struct str ref = json_text(j, "$ref");
        if (ref.p == NULL) {
            return j;
        }
        j = follow(cx, doc, ref);
    }
    return NULL;
}

static void
push(struct walk *w, struct todo t)
{
    if (w->n < STACK_MAX && t.depth <= DEPTH_MAX && t.schema != NULL) {
        w->stack[w->n++] = t;
    } else if (t.schema != NULL) {
        w->out->is_over = true;
    }
}

static bool
is_required(const struct json *schema, struct str name)
{
    for (JSON_EACH(json_get(schema, "required"), it)) {
        if (it->type == JSON_STRING && str_eq(it->text, name)) {
            return true;
        }
    }
    return false;
}

/* "string", or the first of ["string", "null"]; what it must be when nothing says so. */
struct str
exchange_openapi_type(const struct json *schema)
{
    const struct json *t = json_get(schema, "type");
    if (t != NULL && t->type == JSON_STRING) {
        return t->text;
    }
    for (JSON_EACH(t != NULL && t->type == JSON_LIST ? t : NULL, it)) {
        if (it->type == JSON_STRING && !str_eq(it->text, STR("null"))) {
            return it->text;
        }
    }
    return json_get(schema, "properties") != NULL ? STR("object")
           : json_get(schema, "items") != NULL    ? STR("array")
                                                  : STR("any");
}

static void
push_properties(struct walk *w, const struct todo *t, const struct json *schema)
{
    size_t first = w->n;
    for (JSON_EACH(json_get(schema, "properties"), it)) {
        struct str path = str_is_empty(t->path) ? it->key
                                                : str_fmt(w->cx->arena, STR_FMT "." STR_FMT,
                                                          STR_ARG(t->path), STR_ARG(it->key));
        push(w, (struct todo){ it, path, t->depth + 1, is_required(schema, it->key) });
    }
    for (size_t i = first, k = w->n; i + 1 < k; i++) { /* the first shall come off first */
        k--;
        struct todo swap = w->stack[i];
        w->stack[i] = w->stack[k];
        w->stack[k] = swap;
    }
}

static void
walk_one(struct walk *w, const struct todo *t)
{
    const struct json *schema = exchange_openapi_resolve(w->cx, w->doc, t->schema);
    static const char *const joined[] = { "allOf", "oneOf", "anyOf" };
    bool is_joined = false;
    if (schema == NULL || schema->type != JSON_OBJECT) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(joined); i++) {
        for (JSON_EACH(json_get(schema, joined[i]), it)) {
            push(w, (struct todo){ it, t->path, t->depth + 1, t->is_required });
            is_joined = true;
        }
    }
    struct str type = exchange_openapi_type(schema);
    if (str_eq(type, STR("array"))) {
        struct str path = str_cat(w->cx->arena, t->path, STR("[]"));
        push(w, (struct todo){ json_get(schema, "items"), path, t->depth + 1, t->is_required });
    } else if (str_eq(type, STR("object")) && json_get(schema, "properties") != NULL) {
        push_properties(w, t, schema);
    } else if (!is_joined && !str_is_empty(t->path)) {
        struct str format = json_text(schema, "format");
        exchange_fields_add(
            w->out, (struct exchange_field){ t->path, str_is_empty(format) ? type : format,
                                             json_text(schema, "description"), t->is_required });
    }
}

static void
flatten(struct ctx *cx, const struct json *doc, const struct json *schema,
        struct exchange_fields *out)
{
    struct walk *w = ARENA_NEW(cx->arena, struct walk);
    w->cx = cx;
    w->doc = doc;
    w->out = out;
    push(w, (struct todo){ schema, STR(""), 0, false });
    for (uint32_t steps = 0; w->n > 0 && !out->is_over; steps++) {
        struct todo t = w->stack[--w->n];
        out->is_over = steps == STEPS_MAX;
        walk_one(w, &t);
    }
}

/* The schema of a body: JSON before anything else. */
static const struct json *
body_schema(const struct json *body)
{
    const struct json *content = json_get(body, "content");
    const struct json *first = NULL;
    for (JSON_EACH(content, it)) {
        if (str_starts(it->key, STR("application/json")) || str_ends(it->key, STR("+json"))) {
            return json_get(it, "schema");
        }
        first = first == NULL ? it : first;
    }
    return json_get(first, "schema");
}

static void
read_params(struct ctx *cx, const struct json *doc, const struct json *list,
            struct exchange_fields *out)
{
    for (JSON_EACH(list, it)) {
        const struct json *p = exchange_openapi_resolve(cx, doc, it);
        struct str where = json_text(p, "in");
        const struct json *schema = exchange_openapi_resolve(cx, doc, json_get(p, "schema"));
        if (p == NULL || str_is_empty(json_text(p, "name"))) {
            continue;
        }
        bool is_query = str_eq(where, STR("query"));
        exchange_fields_add(
            out, (struct exchange_field){
                     is_query ? str_cat(cx->arena, STR("?"), json_text(p, "name"))
                              : str_fmt(cx->arena, "{" STR_FMT "}", STR_ARG(json_text(p, "name"))),
                     schema == NULL ? STR("string") : exchange_openapi_type(schema),
                     json_text(p, "description"), json_flag(p, "required", false) });
    }
}

const struct json *
exchange_openapi_response(struct ctx *cx, const struct json *doc, const struct json *operation)
{
    static const char *const codes[] = { "200", "201", "202", "2XX", "default" };
    const struct json *all = json_get(operation, "responses");
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        const struct json *r = json_get(all, codes[i]);
        if (r != NULL) {
            return exchange_openapi_resolve(cx, doc, r);
        }
    }
    return NULL;
}

static struct str
upper(struct ctx *cx, struct str s)
{
    char *z = str_z(cx->arena, s);
    for (size_t i = 0; i < s.n; i++) {
        z[i] = z[i] >= 'a' && z[i] <= 'z' ? (char)(z[i] - 'a' + 'A') : z[i];
    }
    return (struct str){ z, s.n };
}

static enum err
read_operation(struct ctx *cx, const struct json *doc, const struct json *path,
               const struct json *operation, struct exchange_operation *ret)
{
    struct exchange_fields in = exchange_fields_new(cx);
    struct exchange_fields out = exchange_fields_new(cx);
    struct str id = json_text(operation, "operationId");
    struct str summary = json_text(operation, "summary");
    struct str where =
        str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(operation->key), STR_ARG(path->key));
    if (operation->type != JSON_OBJECT) {
        return exchange_doc_wrong(cx, "exchange.doc.operation", where);
    }
    read_params(cx, doc, json_get(path, "parameters"), &in);
    read_params(cx, doc, json_get(operation, "parameters"), &in);
    flatten(cx, doc,
            body_schema(exchange_openapi_resolve(cx, doc, json_get(operation, "requestBody"))),
            &in);
    flatten(cx, doc, body_schema(exchange_openapi_response(cx, doc, operation)), &out);
    if (in.is_over || out.is_over) {
        return exchange_doc_wrong(cx, "exchange.doc.too_many_fields", where);
    }
    *ret = (struct exchange_operation){
        .code = exchange_code_of(cx, str_is_empty(id) ? where : id),
        .method = upper(cx, operation->key),
        .path = path->key,
        .summary = str_is_empty(summary) ? json_text(operation, "description") : summary,
        .inputs = in.v,
        .n_inputs = in.n,
        .outputs = out.v,
        .n_outputs = out.n,
    };
    return ERR_OK;
}

static bool
is_method(struct str s)
{
    static const char *const names[] = { "get", "put", "post", "delete", "patch", "head" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_eq(s, str_of(names[i]))) {
            return true;
        }
    }
    return false;
}

static enum err
read_path(struct ctx *cx, const struct json *doc, const struct json *path, struct exchange_doc *ret)
{
    if (!str_starts(path->key, STR("/")) || path->type != JSON_OBJECT) {
        return exchange_doc_wrong(cx, "exchange.doc.path", path->key);
    }
    for (JSON_EACH(path, it)) {
        if (!is_method(it->key)) {
            continue;
        }
        if (ret->n == EXCHANGE_OPERATIONS_MAX) {
            return exchange_doc_wrong(cx, "exchange.doc.too_many_operations", path->key);
        }
        TRY(read_operation(cx, doc, path, it, &ret->v[ret->n]));
        ret->n++;
    }
    return ERR_OK;
}

enum err
exchange_openapi_read(struct ctx *cx, struct str bytes, struct exchange_doc *ret)
{
    struct json *doc = NULL;
    struct json_fault fault = { 0 };
    struct json_limits limits = { .nodes_max = 60000 };
    if (json_parse(cx->arena, bytes, limits, &doc, &fault) != ERR_OK) {
        return exchange_doc_wrong(cx, "exchange.doc.json",
                                  str_fmt(cx->arena, "%u: %s", fault.line, fault.what));
    }
    struct str version = json_text(doc, "openapi");
    if (!str_starts(version, STR("3.1")) && !str_starts(version, STR("3.0"))) {
        return exchange_doc_wrong(cx, "exchange.doc.openapi_version", version);
    }
    const struct json *info = json_get(doc, "info");
    const struct json *servers = json_get(doc, "servers");
    struct exchange_doc d = {
        .kind = STR("openapi"),
        .title = json_text(info, "title"),
        .version = json_text(info, "version"),
        .summary = json_text(info, "description"),
        .server = servers == NULL ? STR_NULL : json_text(servers->child, "url"),
        .v = ARENA_ARRAY(cx->arena, struct exchange_operation, EXCHANGE_OPERATIONS_MAX),
    };
    if (str_is_empty(d.title) || str_is_empty(d.version)) {
        return exchange_doc_wrong(cx, "exchange.doc.info", STR_NULL);
    }
    for (JSON_EACH(json_get(doc, "paths"), it)) {
        TRY(read_path(cx, doc, it, &d));
    }
    *ret = d;
    return ERR_OK;
}
