/* input.c: from bytes to checked fields. Query, form, multipart and JSON bodies end in one list of
 * names and texts; then the route's field table decides: what it does not name is refused. */
#include "codec/form.h"
#include "codec/multipart.h"
#include "codec/vn.h"
#include "web/inside.h"

#define BODY_DEPTH_MAX 12

struct gather {
    struct web_call *c;
    struct web_pair *v;
    size_t n, cap;
    struct web_file *files;
    size_t n_files;
    bool is_over;
};

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

/* --- bodies ----------------------------------------------------------------------------------- */
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
        struct str name = f->prefix;
        if (!f->is_list) {
            name = f->prefix.n == 0 ? j->key
                                    : str_fmt(cx->arena, STR_FMT "." STR_FMT, STR_ARG(f->prefix),
                                              STR_ARG(j->key));
        } else if (is_deep) {
            name = str_fmt(cx->arena, STR_FMT ".%u", STR_ARG(f->prefix), f->i++);
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

/* --- fields ----------------------------------------------------------------------------------- */
static bool
is_box(const struct web_field *f, struct str name)
{
    size_t n = strlen(f->name);
    return f->type == WEB_DATE && name.n == n + 2 && str_starts(name, str_of(f->name)) &&
           name.p[n] == '-' &&
           (name.p[n + 1] == 'd' || name.p[n + 1] == 'm' || name.p[n + 1] == 'y');
}

static const struct web_field *
field_of(const struct web_route *r, struct str name)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct web_field *f = &r->fields[i];
        struct str fname = str_of(f->name);
        if (f->type == WEB_ANY ? str_starts(name, fname) && name.n > fname.n
                               : str_eq(name, fname) || is_box(f, name)) {
            return f;
        }
    }
    return NULL;
}

/* Names that the dispatcher itself reads. */
static bool
is_reserved(struct str name)
{
    return str_eq(name, STR("csrf")) || str_eq(name, STR("lang"));
}

/* Marks that messengers and advertisers hang on shared links: a page must open all the same. */
static bool
is_tracking(struct str name)
{
    return str_starts(name, STR("utm_")) || str_eq(name, STR("fbclid")) ||
           str_eq(name, STR("gclid")) || str_eq(name, STR("zarsrc"));
}

static bool
came_before(const struct gather *g, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (str_eq(g->v[k].name, g->v[i].name)) {
            return true;
        }
    }
    return false;
}

/* Unknown and doubled names. */
static enum err
check_names(struct gather *g)
{
    struct ctx *cx = g->c->cx;
    const struct web_route *r = g->c->rq.route;
    bool is_read = !guard_is_unsafe(g->c->http->method);
    for (size_t i = 0; i < g->n; i++) {
        struct str name = g->v[i].name;
        if (is_reserved(name) || (is_read && is_tracking(name))) {
            continue;
        }
        const struct web_field *f = field_of(r, name);
        if (f == NULL && is_read) {
            return err_set(cx, ERR_BAD_REQUEST, "unknown query name");
        }
        if (f == NULL) {
            ctx_problem(cx, name, STR("web.invalid.unknown"), STR_NULL);
        } else if (f->type != WEB_LIST && f->type != WEB_ANY && came_before(g, i)) {
            ctx_problem(cx, name, STR("web.invalid.twice"), STR_NULL);
        }
    }
    for (size_t i = 0; i < g->n_files; i++) {
        const struct web_field *f = field_of(r, g->files[i].field);
        if (f == NULL || f->type != WEB_FILE) {
            ctx_problem(cx, g->files[i].field, STR("web.invalid.unknown"), STR_NULL);
        }
    }
    return ERR_OK;
}

static struct str
raw_value(const struct gather *g, struct str name)
{
    for (size_t i = 0; i < g->n; i++) {
        if (str_eq(g->v[i].name, name)) {
            return g->v[i].value;
        }
    }
    return STR_NULL;
}

static struct str
digits_only(struct arena *a, struct str s)
{
    struct buf b = buf_new(a, 64);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '.' && s.p[i] != ' ' && s.p[i] != ',') {
            buf_add_char(&b, s.p[i]);
        }
    }
    return buf_str(&b);
}

/* d/m/yyyy or d-m-yyyy to YYYY-MM-DD; other text comes back as it is. */
static struct str
date_text(struct arena *a, struct str s)
{
    struct str rest = str_has_char(s, '/') ? s : STR_NULL;
    struct str part;
    int64_t v[3];
    size_t n = 0;
    while (n < 3 && str_next(&rest, '/', &part) && str_to_i64(str_trim(part), 1, 9999, &v[n])) {
        n++;
    }
    if (n != 3 || rest.p != NULL) {
        return s;
    }
    return str_fmt(a, "%04d-%02d-%02d", (int)v[2], (int)v[1], (int)v[0]);
}

/* The date of one box or of three. */
static struct str
date_value(const struct gather *g, const struct web_field *f)
{
    struct arena *a = g->c->cx->arena;
    struct str whole = str_trim(raw_value(g, str_of(f->name)));
    if (whole.n != 0) {
        return date_text(a, whole);
    }
    struct str d = str_trim(raw_value(g, str_fmt(a, "%s-d", f->name)));
    struct str m = str_trim(raw_value(g, str_fmt(a, "%s-m", f->name)));
    struct str y = str_trim(raw_value(g, str_fmt(a, "%s-y", f->name)));
    if (d.n + m.n + y.n == 0) {
        return STR_NULL;
    }
    return date_text(
        a, str_fmt(a, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(d), STR_ARG(m), STR_ARG(y)));
}

static bool
is_choice(const struct web_field *f, struct str s)
{
    for (size_t i = 0; f->choices != NULL && f->choices[i] != NULL; i++) {
        if (str_eq(s, str_of(f->choices[i]))) {
            return true;
        }
    }
    return false;
}

static bool
has_control(struct str s, bool may_break)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if (ch == 0x7F || (ch < ' ' && !(may_break && (ch == '\n' || ch == '\t')))) {
            return true;
        }
    }
    return false;
}

/* The value in its one lawful form. *ret_key is the problem, or NULL. */
static struct str
normal_value(struct arena *a, const struct web_field *f, struct str s, const char **ret_key)
{
    struct str t = str_trim(s);
    struct date d;
    int64_t n = 0;
    *ret_key = NULL;
    switch (f->type) {
    case WEB_INT:
    case WEB_ID:
        *ret_key = str_to_i64(t, f->type == WEB_ID ? 1 : INT64_MIN, INT64_MAX, &n) ? NULL
                   : f->type == WEB_ID ? "web.invalid.id"
                                       : "web.invalid.int";
        return t;
    case WEB_MONEY:
        t = digits_only(a, t);
        *ret_key = str_to_i64(t, 0, INT64_C(1000000000000000), &n) ? NULL : "web.invalid.money";
        return t;
    case WEB_DATE:
        *ret_key = date_parse(t, &d) ? NULL : "web.invalid.date";
        return t;
    case WEB_BOOL:
        return str_eq(t, STR("1")) || str_eq(t, STR("true")) || str_eq(t, STR("on")) ? STR("1")
                                                                                     : STR("");
    case WEB_CHOICE:
        *ret_key = is_choice(f, t) ? NULL : "web.invalid.choice";
        return t;
    case WEB_SECRET:
        return s;
    case WEB_LINES:
    case WEB_ANY:
        t = str_replace(a, vn_nfc(a, t), STR("\r\n"), STR("\n"));
        *ret_key = has_control(t, true) ? "web.invalid.text" : NULL;
        return t;
    case WEB_TEXT:
    case WEB_LIST:
    case WEB_FILE:
        break;
    }
    t = vn_nfc(a, t);
    *ret_key = has_control(t, false) ? "web.invalid.text" : NULL;
    return t;
}

static size_t
max_chars(const struct web_field *f)
{
    if (f->max != 0) {
        return f->max;
    }
    return f->type == WEB_LINES || f->type == WEB_ANY ? 4000 : f->type == WEB_SECRET ? 1024 : 200;
}

/* Checks one value and keeps it under name. */
static void
take(struct web_call *c, const struct web_field *f, struct str name, struct str raw)
{
    struct ctx *cx = c->cx;
    const char *key = NULL;
    if (!str_is_utf8(raw)) {
        ctx_problem(cx, name, STR("web.invalid.text"), STR_NULL);
        return;
    }
    struct str value = normal_value(cx->arena, f, raw, &key);
    size_t n = vn_length(value);
    if (key != NULL) {
        ctx_problem(cx, name, str_of(key), STR_NULL);
    } else if (n > max_chars(f)) {
        ctx_problem2(cx, name, STR("web.invalid.too_long"), str_fmt(cx->arena, "%zu", max_chars(f)),
                     str_fmt(cx->arena, "%zu", n));
    }
    c->rq.pairs[c->rq.n_pairs++] = (struct web_pair){ name, value };
}

/* A file field; false when nothing was sent for it. */
static bool
take_file(struct web_call *c, const struct web_field *f)
{
    struct ctx *cx = c->cx;
    bool is_there = false;
    uint64_t max = f->max == 0 ? UINT64_C(10) << 20 : f->max;
    for (size_t i = 0; i < c->rq.n_files; i++) {
        if (!str_eq(c->rq.files[i].field, str_of(f->name))) {
            continue;
        }
        is_there = c->rq.files[i].size_bytes > 0 || is_there;
        if ((uint64_t)c->rq.files[i].size_bytes > max) {
            ctx_problem(cx, str_of(f->name), STR("web.invalid.file_too_large"),
                        str_fmt(cx->arena, "%" PRIu64, max >> 20));
        }
    }
    return is_there;
}

/* A field that may have many values or names. */
static bool
take_many(const struct gather *g, const struct web_field *f)
{
    bool is_there = false;
    for (size_t i = 0; i < g->n; i++) {
        if (field_of(g->c->rq.route, g->v[i].name) == f) {
            take(g->c, f, g->v[i].name, g->v[i].value);
            is_there = true;
        }
    }
    return is_there;
}

static void
take_field(struct gather *g, const struct web_field *f)
{
    struct str name = str_of(f->name);
    bool is_there = false;
    if (f->type == WEB_FILE) {
        is_there = take_file(g->c, f);
    } else if (f->type == WEB_LIST || f->type == WEB_ANY) {
        is_there = take_many(g, f);
    } else {
        struct str raw = f->type == WEB_DATE ? date_value(g, f) : raw_value(g, name);
        is_there = f->type == WEB_SECRET ? raw.n != 0 : str_trim(raw).n != 0;
        if (is_there) {
            take(g->c, f, name, raw);
        } else if (raw.p != NULL) {
            g->c->rq.pairs[g->c->rq.n_pairs++] = (struct web_pair){ name, STR("") };
        }
    }
    if (f->is_required && !is_there) {
        ctx_problem(g->c->cx, name, STR("web.invalid.required"), STR_NULL);
    }
}

/* What is shown again after an error: everything but secrets. */
static void
keep_typed(struct gather *g)
{
    struct web_req *rq = &g->c->rq;
    rq->typed = ARENA_ARRAY(g->c->cx->arena, struct web_pair, g->n);
    for (size_t i = 0; i < g->n; i++) {
        const struct web_field *f = field_of(rq->route, g->v[i].name);
        if (f != NULL && f->type != WEB_SECRET && str_is_utf8(g->v[i].value)) {
            rq->typed[rq->n_typed++] = g->v[i];
        }
    }
}

enum err
input_read(struct web_call *c)
{
    struct gather g = { .c = c };
    TRY(gather_query(&g));
    TRY(gather_body(&g));
    if (g.is_over) {
        return err_set(c->cx, ERR_TOO_LARGE, "more than %d fields", (int)WEB_PAIRS_MAX);
    }
    c->rq.files = g.files;
    c->rq.n_files = g.n_files;
    c->rq.pairs = ARENA_ARRAY(c->cx->arena, struct web_pair, g.n + c->rq.route->n_fields + 1);
    c->raw = g.v;
    c->n_raw = g.n;
    keep_typed(&g);
    TRY(check_names(&g));
    for (size_t i = 0; i < c->rq.route->n_fields; i++) {
        take_field(&g, &c->rq.route->fields[i]);
    }
    return ERR_OK;
}

struct str
input_raw(const struct web_call *c, struct str name)
{
    for (size_t i = 0; i < c->n_raw; i++) {
        if (str_eq(c->raw[i].name, name)) {
            return c->raw[i].value;
        }
    }
    return STR_NULL;
}

/* --- what handlers read ----------------------------------------------------------------------- */
/* Asking for a name that the table does not have is a mistake in our code. A form shown again runs
 * the reading handler under the writing route, so there it is only absent. */
static void
check_declared(const struct web_req *rq, const char *name)
{
#ifdef BOMBO_TEST
    ASSERT(rq->is_again || field_of(rq->route, str_of(name)) != NULL);
#else
    (void)rq;
    (void)name;
#endif
}

static struct str
pair_value(const struct web_pair *v, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].name, name)) {
            return v[i].value;
        }
    }
    return STR_NULL;
}

struct str
web_text(const struct web_req *rq, const char *name)
{
    check_declared(rq, name);
    return pair_value(rq->pairs, rq->n_pairs, str_of(name));
}

int64_t
web_int(const struct web_req *rq, const char *name)
{
    int64_t v = 0;
    (void)str_to_i64(web_text(rq, name), INT64_MIN, INT64_MAX, &v);
    return v;
}

bool
web_bool(const struct web_req *rq, const char *name)
{
    return str_eq(web_text(rq, name), STR("1"));
}

size_t
web_list(struct ctx *cx, const struct web_req *rq, const char *name, struct str **ret)
{
    check_declared(rq, name);
    struct str *v = ARENA_ARRAY(cx->arena, struct str, rq->n_pairs);
    size_t n = 0;
    for (size_t i = 0; i < rq->n_pairs; i++) {
        if (str_eq(rq->pairs[i].name, str_of(name))) {
            v[n++] = rq->pairs[i].value;
        }
    }
    *ret = v;
    return n;
}

const struct web_file *
web_file(const struct web_req *rq, const char *name)
{
    check_declared(rq, name);
    for (size_t i = 0; i < rq->n_files; i++) {
        if (str_eq(rq->files[i].field, str_of(name))) {
            return &rq->files[i];
        }
    }
    return NULL;
}

struct str
web_param(const struct web_req *rq, const char *name)
{
    return pair_value(rq->params, rq->n_params, str_of(name));
}

enum err
web_param_id(struct ctx *cx, const struct web_req *rq, const char *name, int64_t *ret)
{
    if (!str_to_i64(web_param(rq, name), 1, INT64_MAX, ret)) {
        return err_set(cx, ERR_NOT_FOUND, "path parameter %s is no id", name);
    }
    return ERR_OK;
}
