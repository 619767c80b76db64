/* input_body.c: from query and body to one list of names and texts: form, multipart or JSON. */
#include "codec/form.h"
#include "codec/multipart.h"
#include "web/input_int.h"

#define BODY_DEPTH_MAX 12

static void
gather_add(struct gather *g, struct str name, struct str value)
{
    struct arena *a = g->c->cx->arena;
    if (g->n == WEB_PAIRS_MAX) {
        g->is_over = true;
        return;
    }
    if (g->n == g->cap) {
        size_t cap = g->cap == 0 ? 32 : g->cap * 2;
        struct web_pair *v = ARENA_ARRAY(a, struct web_pair, cap);
        if (g->n != 0) {
            memcpy(v, g->v, g->n * sizeof(*v));
        }
        g->v = v;
        g->cap = cap;
    }
    g->v[g->n].name = str_dup(a, name);
    g->v[g->n].value = value.p == NULL ? STR("") : str_dup(a, value);
    g->n++;
}

static enum err
gather_query(struct gather *g)
{
    struct url_pair *v = NULL;
    size_t n = 0;
    struct ctx *cx = g->c->cx;
    if (g->c->http->query.n == 0) {
        return ERR_OK;
    }
    TRY(url_query(cx->arena, g->c->http->query, 200, &v, &n));
    for (size_t i = 0; i < n; i++) {
        gather_add(g, v[i].name, v[i].value);
    }
    return ERR_OK;
}

static enum err
gather_form(struct gather *g, struct str body)
{
    struct url_pair *v = NULL;
    size_t n = 0;
    struct form_limits limits = { .pairs_max = WEB_PAIRS_MAX };
    TRY(form_parse(g->c->cx->arena, body, limits, &v, &n));
    for (size_t i = 0; i < n; i++) {
        gather_add(g, v[i].name, v[i].value);
    }
    return ERR_OK;
}

static enum err
gather_multipart(struct gather *g, struct str body, struct str boundary)
{
    struct multipart_part *v = NULL;
    size_t n = 0;
    struct arena *a = g->c->cx->arena;
    struct multipart_limits limits = { .parts_max = WEB_PAIRS_MAX };
    TRY(multipart_parse(a, body, boundary, limits, &v, &n));
    g->files = ARENA_ARRAY(a, struct web_file, n);
    for (size_t i = 0; i < n; i++) {
        if (v[i].filename.p == NULL) {
            gather_add(g, v[i].name, v[i].bytes);
        } else if (v[i].filename.n != 0 || v[i].bytes.n != 0) {
            g->files[g->n_files++] = (struct web_file){ .field = v[i].name,
                                                        .filename = v[i].filename,
                                                        .bytes = v[i].bytes,
                                                        .size_bytes = (int64_t)v[i].bytes.n };
        }
    }
    return ERR_OK;
}

struct json_frame {
    const struct json *at; /* next member or item */
    struct str prefix;
    uint32_t i;
    bool is_list;
};

static struct str
json_value(const struct json *j)
{
    if (j->type == JSON_BOOL) {
        return j->is_true ? STR("1") : STR("");
    }
    return j->type == JSON_NULL ? STR("") : j->text;
}

/* A field with free names that has name, or names below it. */
static bool
is_free(const struct web_route *r, struct str name)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        struct str prefix = str_of(r->fields[i].name);
        if (r->fields[i].type == WEB_ANY &&
            (str_starts(name, prefix) ||
             (prefix.n == name.n + 1 && str_starts(prefix, name) && prefix.p[name.n] == '.'))) {
            return true;
        }
    }
    return false;
}

/* Can this member be the field of its name? What it says no to becomes a problem of that name. */
static bool
json_fits(struct gather *g, const struct json *j, struct str name)
{
    const struct web_field *f = input_field(g->c->rq.route, name);
    bool is_deep = j->type == JSON_OBJECT || j->type == JSON_LIST;
    if (is_free(g->c->rq.route, name) || (f == NULL && !is_deep)) {
        return true;
    }
    bool fits = f != NULL && (is_deep                ? j->type == JSON_LIST && f->type == WEB_LIST
                              : j->type == JSON_BOOL ? f->type == WEB_BOOL
                                                     : f->type != WEB_FILE);
    if (!fits) {
        ctx_problem(g->c->cx, name,
                    f == NULL ? STR("web.invalid.unknown") : STR("web.invalid.type"), STR_NULL);
    }
    return fits;
}

static struct str
json_name(struct arena *a, struct json_frame *f, const struct json *j, bool is_deep)
{
    if (f->is_list) {
        return is_deep ? str_fmt(a, STR_FMT ".%u", STR_ARG(f->prefix), f->i++) : f->prefix;
    }
    return f->prefix.n == 0 ? j->key
                            : str_fmt(a, STR_FMT "." STR_FMT, STR_ARG(f->prefix), STR_ARG(j->key));
}

/* {"a": {"x": 1, "rows": [{"y": 2}]}, "ids": [3, 4]} gives a.x, a.rows.0.y, ids, ids. */
static enum err
gather_json(struct gather *g, struct str body)
{
    struct ctx *cx = g->c->cx;
    struct json *root = NULL;
    struct json_fault fault = { 0 };
    TRY(json_parse(
        cx->arena, body,
        (struct json_limits){ .depth_max = BODY_DEPTH_MAX, .nodes_max = WEB_PAIRS_MAX * 2 }, &root,
        &fault));
    if (root->type != JSON_OBJECT) {
        return err_set(cx, ERR_BAD_REQUEST, "JSON body is not an object");
    }
    struct json_frame stack[BODY_DEPTH_MAX + 1];
    size_t depth = 0;
    stack[depth++] = (struct json_frame){ .at = root->child, .prefix = STR_NULL };
    while (depth > 0) {
        struct json_frame *f = &stack[depth - 1];
        const struct json *j = f->at;
        if (j == NULL) {
            depth--;
            continue;
        }
        f->at = j->next;
        bool is_deep = j->type == JSON_OBJECT || j->type == JSON_LIST;
        struct str name = json_name(cx->arena, f, j, is_deep);
        if (!json_fits(g, j, name)) {
            continue;
        }
        if (!is_deep) {
            gather_add(g, name, json_value(j));
        } else if (depth <= BODY_DEPTH_MAX) {
            stack[depth++] = (struct json_frame){ .at = j->child,
                                                  .prefix = name,
                                                  .is_list = j->type == JSON_LIST };
        }
    }
    return ERR_OK;
}

static bool
is_type(struct str content_type, struct str wanted)
{
    struct str head;
    struct str tail;
    (void)str_cut(content_type, ';', &head, &tail);
    return str_eq_nocase(str_trim(head), wanted);
}

/* A spooled body is mapped, not read: its pages stay in the page cache. */
static enum err
whole_body(struct web_call *c, struct str *ret)
{
    if (c->http->body_path.n == 0) {
        *ret = c->http->body;
        return ERR_OK;
    }
    TRY(multipart_map(str_z(c->cx->arena, c->http->body_path), &c->mapped));
    *ret = c->mapped;
    return ERR_OK;
}

static enum err
gather_body(struct gather *g)
{
    struct web_call *c = g->c;
    struct str type = http_header_get(c->http, STR("Content-Type"));
    struct str body = STR_NULL;
    struct str boundary = STR_NULL;
    if ((c->rq.route->flags & WEB_RAW) != 0 ||
        (c->http->body.n == 0 && c->http->body_path.n == 0)) {
        return ERR_OK;
    }
    uint64_t max = c->rq.route->body_max == 0 ? WEB_BODY_MAX : c->rq.route->body_max;
    TRY(whole_body(c, &body));
    if (body.n > max) {
        return err_set(c->cx, ERR_TOO_LARGE, "body of %zu bytes, %" PRIu64 " allowed", body.n, max);
    }
    if (is_type(type, STR("application/x-www-form-urlencoded"))) {
        return gather_form(g, body);
    }
    if (is_type(type, STR("application/json"))) {
        return gather_json(g, body);
    }
    if (multipart_boundary(c->cx->arena, type, &boundary)) {
        return gather_multipart(g, body, boundary);
    }
    return err_set(c->cx, ERR_UNSUPPORTED, "content type not known");
}

enum err
input_gather(struct gather *g)
{
    TRY(gather_query(g));
    TRY(gather_body(g));
    return g->is_over ? err_set(g->c->cx, ERR_TOO_LARGE, "more than %d fields", (int)WEB_PAIRS_MAX)
                      : ERR_OK;
}
