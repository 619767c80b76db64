/* openapi.c: the OpenAPI 3.1 document, made from the route tables, field tables and page
 * declarations. */
#include "web/inside.h"

#define DEPTH_MAX 10

static const struct {
    const char *type, *format;
} field_types[] = {
    [WEB_TEXT] = { "string", NULL },         [WEB_LINES] = { "string", NULL },
    [WEB_INT] = { "integer", "int64" },      [WEB_MONEY] = { "integer", "int64" },
    [WEB_DATE] = { "string", "date" },       [WEB_BOOL] = { "boolean", NULL },
    [WEB_CHOICE] = { "string", NULL },       [WEB_ID] = { "integer", "int64" },
    [WEB_SECRET] = { "string", "password" }, [WEB_FILE] = { "string", "binary" },
    [WEB_LIST] = { "array", NULL },          [WEB_ANY] = { "object", NULL },
};

static void
field_schema(struct json_out *o, const struct web_field *f)
{
    json_open(o);
    json_put_str(o, "type", str_of(field_types[f->type].type));
    if (field_types[f->type].format != NULL) {
        json_put_str(o, "format", str_of(field_types[f->type].format));
    }
    if (f->type == WEB_TEXT || f->type == WEB_LINES) {
        json_put_i64(o, "maxLength",
                     f->max != 0           ? (int64_t)f->max
                     : f->type == WEB_TEXT ? 200
                                           : 4000);
    }
    if (f->type == WEB_LIST) {
        json_key(o, "items");
        json_open(o);
        json_put_str(o, "type", STR("string"));
        json_close(o);
    }
    if (f->type == WEB_CHOICE) {
        json_key(o, "enum");
        json_open_list(o);
        for (size_t i = 0; f->choices[i] != NULL; i++) {
            json_str(o, str_of(f->choices[i]));
        }
        json_close_list(o);
    }
    if (f->doc != NULL) {
        json_put_str(o, "description", str_of(f->doc));
    }
    json_close(o);
}

static void
parameter(struct json_out *o, struct str name, const char *in, bool is_required,
          const struct web_field *f)
{
    json_open(o);
    json_put_str(o, "name", name);
    json_put_str(o, "in", str_of(in));
    json_put_bool(o, "required", is_required);
    json_key(o, "schema");
    if (f != NULL) {
        field_schema(o, f);
    } else {
        json_open(o);
        json_put_str(o, "type", STR("string"));
        json_close(o);
    }
    json_close(o);
}

static void
parameters(struct json_out *o, const struct web_entry *e)
{
    const struct web_route *r = e->route;
    json_key(o, "parameters");
    json_open_list(o);
    for (size_t i = 0; i < e->n_segs; i++) {
        if (e->segs[i].n > 2 && e->segs[i].p[0] == '{') {
            parameter(o, str_slice(e->segs[i], 1, e->segs[i].n - 1), "path", true, NULL);
        }
    }
    for (size_t i = 0; r->method == HTTP_GET && i < r->n_fields; i++) {
        parameter(o, str_of(r->fields[i].name), "query", r->fields[i].is_required, &r->fields[i]);
    }
    if ((r->flags & (uint32_t)WEB_IDEMPOTENT) != 0) {
        parameter(o, STR("Idempotency-Key"), "header", false, NULL);
    }
    json_close_list(o);
}

/* The name of a WEB_ANY field is a prefix "a.": the member is "a". */
static struct str
member_name(const struct web_field *f)
{
    struct str name = str_of(f->name);
    return f->type == WEB_ANY && str_ends(name, STR(".")) ? str_slice(name, 0, name.n - 1) : name;
}

static void
request_body(struct json_out *o, const struct web_route *r)
{
    bool has_file = false;
    for (size_t i = 0; i < r->n_fields; i++) {
        has_file = has_file || r->fields[i].type == WEB_FILE;
    }
    json_key(o, "requestBody");
    json_open(o);
    json_key(o, "content");
    json_open(o);
    json_key(o, has_file ? "multipart/form-data" : "application/json");
    json_open(o);
    json_key(o, "schema");
    json_open(o);
    json_put_str(o, "type", STR("object"));
    json_put_bool(o, "additionalProperties", false);
    json_key(o, "properties");
    json_open(o);
    for (size_t i = 0; i < r->n_fields; i++) {
        json_key_str(o, member_name(&r->fields[i]));
        field_schema(o, &r->fields[i]);
    }
    json_close(o);
    json_key(o, "required");
    json_open_list(o);
    for (size_t i = 0; i < r->n_fields; i++) {
        if (r->fields[i].is_required) {
            json_str(o, member_name(&r->fields[i]));
        }
    }
    json_close_list(o);
    json_close(o);
    json_close(o);
    json_close(o);
    json_close(o);
}

struct level {
    const struct tpl_desc *fields;
    size_t n, at;
    bool is_list;
};

static void
open_object(struct json_out *o)
{
    json_open(o);
    json_put_str(o, "type", STR("object"));
    json_key(o, "properties");
    json_open(o);
}

static void
scalar(struct json_out *o, const struct tpl_desc *d)
{
    struct str type = str_of(d->type);
    json_raw(o, str_eq(type, STR("int"))    ? STR("{\"type\":\"integer\"}")
                : str_eq(type, STR("bool")) ? STR("{\"type\":\"boolean\"}")
                : str_eq(type, STR("words"))
                    ? STR("{\"type\":[\"string\",\"null\"],\"x-localized\":true}")
                    : STR("{\"type\":[\"string\",\"null\"]}"));
}

/* A document always has all its members. */
static void
close_object(struct json_out *o, const struct tpl_desc *fields, size_t n)
{
    json_close(o);
    json_key(o, "required");
    json_open_list(o);
    for (size_t i = 0; i < n; i++) {
        if (!fields[i].is_page_only) {
            json_str(o, str_of(fields[i].name));
        }
    }
    json_close_list(o);
    json_close(o);
}

/* The schema of a page's data. */
static void
reply_schema(struct json_out *o, const struct tpl *t)
{
    struct level stack[DEPTH_MAX];
    size_t depth = 0;
    open_object(o);
    stack[depth++] = (struct level){ t->fields, t->n_fields, 0, false };
    while (depth > 0) {
        struct level *l = &stack[depth - 1];
        if (l->at == l->n) {
            close_object(o, l->fields, l->n);
            if (l->is_list) {
                json_close(o);
            }
            depth--;
            continue;
        }
        const struct tpl_desc *d = &l->fields[l->at++];
        if (d->is_page_only) {
            continue;
        }
        json_key(o, d->name);
        bool is_list = str_eq(str_of(d->type), STR("list"));
        if (!is_list && !str_eq(str_of(d->type), STR("obj"))) {
            scalar(o, d);
            continue;
        }
        if (is_list) {
            json_open(o);
            json_put_str(o, "type", STR("array"));
            json_key(o, "items");
        }
        ASSERT(depth < DEPTH_MAX);
        open_object(o);
        stack[depth++] = (struct level){ d->fields, d->n_fields, 0, is_list };
    }
}

/* What a good answer holds: a document, bytes of a kind, or the address to go on to. */
static void
content(struct json_out *o, const struct web_route *r)
{
    json_key(o, "content");
    json_open(o);
    json_key(o, r->media != NULL ? r->media : "application/json");
    json_open(o);
    if (r->media == NULL) {
        json_key(o, "schema");
        if (r->reply != NULL) {
            reply_schema(o, r->reply);
        } else {
            json_raw(o, STR("{\"$ref\":\"#/components/schemas/Location\"}"));
        }
    }
    json_close(o);
    json_close(o);
}

static void
responses(struct json_out *o, const struct web_route *r)
{
    json_key(o, "responses");
    json_open(o);
    json_key(o, r->reply == NULL && r->media == NULL ? "201" : "200");
    json_open(o);
    json_put_str(o, "description", str_of(r->doc == NULL ? "OK" : r->doc));
    content(o, r);
    json_close(o);
    if (r->method == HTTP_GET) {
        json_key(o, "303");
        json_raw(o, STR("{\"$ref\":\"#/components/responses/Elsewhere\"}"));
    }
    json_key(o, "default");
    json_raw(o, STR("{\"$ref\":\"#/components/responses/Problem\"}"));
    json_close(o);
}

/* get_ho_so_id */
static struct str
operation_id(struct arena *a, const struct web_route *r)
{
    struct buf b = buf_new(a, 400);
    buf_add(&b, str_lower(a, str_of(route_method(r->method))));
    for (const char *p = r->path; *p != '\0'; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_';
        if (is_plain) {
            buf_add_char(&b, *p);
        } else if (b.n != 0 && b.p[b.n - 1] != '_' && *p != '}') {
            buf_add_char(&b, '_');
        }
    }
    return buf_str(&b);
}

static void
operation(struct ctx *cx, struct json_out *o, const struct web_entry *e)
{
    const struct web_route *r = e->route;
    json_key_str(o, str_lower(cx->arena, str_of(route_method(r->method))));
    json_open(o);
    json_put_str(o, "operationId", operation_id(cx->arena, r));
    json_put_str(o, "summary", str_of(r->doc == NULL ? r->path : r->doc));
    json_put_str(o, "x-permission", str_of(r->perm));
    json_key(o, "security");
    json_open_list(o);
    if (!str_eq(str_of(r->perm), STR("public"))) {
        json_raw(o, STR("{\"token\":[]}"));
        json_raw(o, STR("{\"session\":[]}"));
    }
    json_close_list(o);
    parameters(o, e);
    if ((r->flags & (uint32_t)WEB_RAW) != 0) {
        json_key(o, "requestBody");
        json_raw(o, STR("{\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\"}}}}"));
    } else if (guard_is_unsafe(r->method)) {
        request_body(o, r);
    }
    responses(o, r);
    json_close(o);
}

static bool
is_api(const struct web_entry *e)
{
    return (e->route->flags & (uint32_t)(WEB_API | WEB_API_ONLY)) != 0;
}

/* All methods of the path of entry i, when i is the first with that path. */
static void
path_item(struct ctx *cx, struct json_out *o, const struct web *w, size_t i)
{
    struct str path = str_of(w->entries[i].route->path);
    for (size_t k = 0; k < i; k++) {
        if (is_api(&w->entries[k]) && str_eq(path, str_of(w->entries[k].route->path))) {
            return;
        }
    }
    json_key_str(o, path);
    json_open(o);
    for (size_t k = i; k < w->n_entries; k++) {
        if (is_api(&w->entries[k]) && str_eq(path, str_of(w->entries[k].route->path))) {
            operation(cx, o, &w->entries[k]);
        }
    }
    json_close(o);
}

#define SCHEMA_STR "{\"type\":\"string\"}"
static const char components[] =
    "{\"securitySchemes\":{"
    "\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"bb_phien\"}},"
    "\"responses\":{"
    "\"Elsewhere\":{\"description\":\"The document is at another address now\",\"headers\":{"
    "\"Location\":{\"schema\":{\"type\":\"string\"}}}},"
    "\"Problem\":{\"description\":\"RFC 9457 problem document\",\"content\":{"
    "\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}},"
    "\"schemas\":{"
    "\"Location\":{\"type\":\"object\",\"required\":[\"location\"],\"properties\":{"
    "\"location\":{\"type\":\"string\",\"description\":\"path to go on to\"}}},"
    "\"Problem\":{\"type\":\"object\","
    "\"required\":[\"type\",\"title\",\"status\",\"detail\",\"instance\",\"trace_id\"],"
    "\"properties\":{\"type\":" SCHEMA_STR ",\"title\":" SCHEMA_STR ",\"detail\":" SCHEMA_STR ","
    "\"instance\":" SCHEMA_STR ",\"trace_id\":" SCHEMA_STR ",\"status\":{\"type\":\"integer\"},"
    "\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"required\":[\"field\",\"code\",\"message\"],\"properties\":{"
    "\"field\":" SCHEMA_STR ",\"code\":" SCHEMA_STR ",\"message\":" SCHEMA_STR "}}}}}}}";

struct str
web_openapi(struct ctx *cx, struct web *w)
{
    struct buf b = buf_new(cx->arena, WEB_PAGE_MAX);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "openapi", STR("3.1.0"));
    json_key(&o, "info");
    json_open(&o);
    json_put_str(&o, "title", STR("Bom Bo"));
    json_put_str(&o, "version", STR("1"));
    json_put_str(&o, "description",
                 STR("Every page's document, made from the same tables as the pages."));
    json_close(&o);
    json_key(&o, "servers");
    json_raw(&o, STR("[{\"url\":\"/api/v1\"}]"));
    json_key(&o, "paths");
    json_open(&o);
    for (size_t i = 0; i < w->n_entries; i++) {
        if (is_api(&w->entries[i])) {
            path_item(cx, &o, w, i);
        }
    }
    json_close(&o);
    json_key(&o, "components");
    json_raw(&o, str_of(components));
    json_close(&o);
    return buf_str(&b);
}
