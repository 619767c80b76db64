/* check.c: the generic test over all routes: what must be refused is sent, and must be refused. No
 * handler runs: everything is stopped before it, or goes straight to the input step. */
#include "web/inside.h"

#define FORM_TYPE "application/x-www-form-urlencoded"
#define QUERY_MAX 4000

struct probe {
    struct web *w;
    struct ctx *cx;
    struct web_check *out;
    struct buf report;
    const struct web_entry *entry;
};

static void
fault(struct probe *p, const char *what, int got)
{
    p->out->n_faults++;
    buf_addf(&p->report, "%s %s: %s, got %d\n", route_method(p->entry->route->method),
             p->entry->route->path, what, got);
}

/* The route's path with 1 for every parameter. */
static struct str
sample_path(const struct probe *p)
{
    struct buf b = buf_new(p->cx->arena, 1000);
    for (size_t i = 0; i < p->entry->n_segs; i++) {
        struct str s = p->entry->segs[i];
        buf_add_char(&b, '/');
        buf_add(&b, s.n > 2 && s.p[0] == '{' ? STR("1") : s);
    }
    struct str api =
        (p->entry->route->flags & (uint32_t)WEB_API_ONLY) != 0 ? STR("/api/v1") : STR("");
    return b.n == 0 ? STR("/") : str_cat(p->cx->arena, api, buf_str(&b));
}

static struct http_request
sample_request(const struct probe *p)
{
    struct http_request rq = { .method = p->entry->route->method,
                               .path = sample_path(p),
                               .arena = p->cx->arena };
    rq.headers[rq.n_headers++] = (struct http_header){ STR("Host"), STR("localhost") };
    return rq;
}

static int
send(struct probe *p, struct http_request *rq)
{
    struct http_response rs = { 0 };
    p->out->n_requests++;
    web_handle(p->w, p->cx, rq, &rs);
    return rs.status;
}

static void
probe_nobody(struct probe *p)
{
    struct http_request rq = sample_request(p);
    if (str_eq(str_of(p->entry->route->perm), STR("public"))) {
        return;
    }
    int status = send(p, &rq);
    if (status != 401 && status != 403 && status != 303) {
        fault(p, "must refuse who is not allowed", status);
    }
}

static void
probe_csrf(struct probe *p)
{
    const struct web_route *r = p->entry->route;
    if (!guard_is_unsafe(r->method) || (r->flags & (uint32_t)WEB_NO_CSRF) != 0) {
        return;
    }
    struct http_request rq = sample_request(p);
    int status = send(p, &rq);
    if (status != 401 && status != 403) {
        fault(p, "must refuse a form without token", status);
    }
    rq.headers[rq.n_headers++] =
        (struct http_header){ STR("Origin"), STR("https://elsewhere.example") };
    status = send(p, &rq);
    if (status != 403) {
        fault(p, "must refuse a foreign origin", status);
    }
}

/* The input step alone, with the body given. */
static enum err
input_only(struct probe *p, struct http_request *rq)
{
    struct http_response rs = { 0 };
    struct web_call *c = ARENA_NEW(p->cx->arena, struct web_call);
    c->w = p->w;
    c->cx = p->cx;
    c->http = rq;
    c->rs.http = &rs;
    c->rq.http = rq;
    c->rq.route = p->entry->route;
    p->cx->n_problems = 0;
    p->out->n_requests++;
    return input_read(c);
}

/* A request with these fields: in the query of a reading route, else in a form body. */
static struct http_request
request_with(const struct probe *p, struct str fields)
{
    struct http_request rq = sample_request(p);
    if (!guard_is_unsafe(p->entry->route->method)) {
        rq.query = fields;
        return rq;
    }
    rq.body = fields;
    rq.headers[rq.n_headers++] = (struct http_header){ STR("Content-Type"), STR(FORM_TYPE) };
    return rq;
}

static struct http_request
request_typed(const struct probe *p, struct str body, const char *type)
{
    struct http_request rq = sample_request(p);
    rq.body = body;
    rq.headers[rq.n_headers++] = (struct http_header){ STR("Content-Type"), str_of(type) };
    return rq;
}

static bool
has_body(const struct probe *p)
{
    const struct web_route *r = p->entry->route;
    return guard_is_unsafe(r->method) && (r->flags & (uint32_t)WEB_RAW) == 0;
}

/* Was there a problem of this field? */
static bool
is_complained_of(const struct probe *p, struct str name)
{
    for (uint32_t i = 0; i < p->cx->n_problems; i++) {
        if (str_eq(p->cx->problems[i].field, name)) {
            return true;
        }
    }
    return false;
}

/* Does the route say that it takes whatever names come? A stand-in for another's service does. */
static bool
takes_any_name(const struct web_route *r)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        if (r->fields[i].type == WEB_ANY && r->fields[i].name[0] == '\0') {
            return true;
        }
    }
    return false;
}

static void
probe_unknown_field(struct probe *p)
{
    if (takes_any_name(p->entry->route)) {
        return;
    }
    struct http_request rq = request_with(p, STR("zz-unknown=1"));
    if (!guard_is_unsafe(p->entry->route->method)) {
        if (input_only(p, &rq) != ERR_BAD_REQUEST) {
            fault(p, "must refuse an unknown query name", 0);
        }
        return;
    }
    if (!has_body(p)) {
        return;
    }
    if (input_only(p, &rq) != ERR_OK || !is_complained_of(p, STR("zz-unknown"))) {
        fault(p, "must refuse an unknown field", 0);
    }
    rq = request_typed(p, STR("{\"zz-unknown\":{}}"), "application/json");
    if (input_only(p, &rq) != ERR_OK || !is_complained_of(p, STR("zz-unknown"))) {
        fault(p, "must refuse an unknown member", 0);
    }
}

static void
probe_large_body(struct probe *p)
{
    const struct web_route *r = p->entry->route;
    if (!has_body(p)) {
        return;
    }
    /* only the length is looked at before the refusal */
    struct str body = { "x", (size_t)(r->body_max == 0 ? WEB_BODY_MAX : r->body_max) + 1 };
    struct http_request rq = request_typed(p, body, FORM_TYPE);
    if (input_only(p, &rq) != ERR_TOO_LARGE) {
        fault(p, "must refuse a body over its limit", 0);
    }
}

static void
probe_many(struct probe *p)
{
    struct buf form = buf_new(p->cx->arena, WEB_BODY_MAX);
    struct buf parts = buf_new(p->cx->arena, 8U * WEB_BODY_MAX);
    for (size_t i = 0; has_body(p) && i <= WEB_PAIRS_MAX; i++) {
        buf_addf(&form, "%sz=1", i == 0 ? "" : "&");
        buf_add(
            &parts,
            STR("--b\r\nContent-Disposition: form-data; name=\"z\"; filename=\"z\"\r\n\r\n1\r\n"));
    }
    if (!has_body(p)) {
        return;
    }
    buf_add(&parts, STR("--b--\r\n"));
    struct http_request rq = request_typed(p, buf_str(&form), FORM_TYPE);
    if (input_only(p, &rq) != ERR_TOO_LARGE) {
        fault(p, "must refuse too many fields", 0);
    }
    rq = request_typed(p, buf_str(&parts), "multipart/form-data; boundary=b");
    if (input_only(p, &rq) != ERR_TOO_LARGE) {
        fault(p, "must refuse too many parts", 0);
    }
}

static void
probe_content(struct probe *p)
{
    if (!has_body(p)) {
        return;
    }
    struct http_request rq = request_typed(p, STR("x=1"), "text/plain");
    if (input_only(p, &rq) != ERR_UNSUPPORTED) {
        fault(p, "must refuse a content type nobody reads", 0);
    }
    rq = request_typed(p, STR("[]"), "application/json");
    if (input_only(p, &rq) != ERR_BAD_REQUEST) {
        fault(p, "must refuse JSON that is no object", 0);
    }
    rq = request_typed(p, STR("{\"x\":1"), "application/json");
    if (input_only(p, &rq) != ERR_BAD_REQUEST) {
        fault(p, "must refuse JSON that is cut off", 0);
    }
}

/* A value that a field of the type must refuse, as it stands in a form. */
static struct str
wrong_value(const struct web_field *f)
{
    static const struct str values[WEB_TYPES_N] = {
        [WEB_TEXT] = STR_INIT("a%01b"),     [WEB_LINES] = STR_INIT("a%01b"),
        [WEB_INT] = STR_INIT("x"),          [WEB_MONEY] = STR_INIT("-1"),
        [WEB_DATE] = STR_INIT("31/2/2026"), [WEB_BOOL] = STR_INIT("maybe"),
        [WEB_CHOICE] = STR_INIT("zz-none"), [WEB_ID] = STR_INIT("0"),
        [WEB_SECRET] = STR_INIT("%FF"),     [WEB_FILE] = STR_INIT("words"),
        [WEB_LIST] = STR_INIT("a%01b"),     [WEB_ANY] = STR_INIT("a%01b"),
    };
    return values[f->type];
}

/* The name of a field that came in: one of the free names. */
static struct str
name_of(const struct probe *p, const struct web_field *f)
{
    return f->type == WEB_ANY ? str_fmt(p->cx->arena, "%szz", f->name) : str_of(f->name);
}

static void
probe_field(struct probe *p, const struct web_field *f)
{
    struct arena *a = p->cx->arena;
    struct str name = name_of(p, f);
    struct str value = wrong_value(f);
    struct http_request rq =
        request_with(p, str_fmt(a, STR_FMT "=" STR_FMT, STR_ARG(name), STR_ARG(value)));
    if (input_only(p, &rq) == ERR_OK && !is_complained_of(p, name)) {
        fault(p, f->name, (int)f->type);
    }
    bool may_repeat = f->type == WEB_LIST || f->type == WEB_ANY || f->type == WEB_FILE;
    rq = request_with(p, str_fmt(a, STR_FMT "=1&" STR_FMT "=2", STR_ARG(name), STR_ARG(name)));
    if (!may_repeat && input_only(p, &rq) == ERR_OK && !is_complained_of(p, name)) {
        fault(p, "must refuse a field twice", (int)f->type);
    }
    rq = request_typed(p, str_fmt(a, "{\"" STR_FMT "\":{\"x\":[1]}}", STR_ARG(name)),
                       "application/json");
    if (has_body(p) && f->type != WEB_ANY && input_only(p, &rq) == ERR_OK &&
        !is_complained_of(p, name)) {
        fault(p, "must refuse an object for a field", (int)f->type);
    }
}

static void
probe_length(struct probe *p, const struct web_field *f)
{
    size_t n = input_max(f) + 1;
    bool has_length = f->type == WEB_TEXT || f->type == WEB_LINES || f->type == WEB_SECRET ||
                      f->type == WEB_LIST || f->type == WEB_ANY;
    if (!has_length || (!guard_is_unsafe(p->entry->route->method) && n > QUERY_MAX)) {
        return;
    }
    struct str name = name_of(p, f);
    struct buf b = buf_new(p->cx->arena, WEB_PAGE_MAX);
    buf_addf(&b, STR_FMT "=", STR_ARG(name));
    for (size_t i = 0; i < n; i++) {
        buf_add_char(&b, 'x');
    }
    struct http_request rq = request_with(p, buf_str(&b));
    if (input_only(p, &rq) == ERR_OK && !is_complained_of(p, name)) {
        fault(p, "must refuse a value over its length", (int)n);
    }
}

static void
probe_fields(struct probe *p)
{
    const struct web_route *r = p->entry->route;
    for (size_t i = 0; (r->flags & (uint32_t)WEB_RAW) == 0 && i < r->n_fields; i++) {
        probe_field(p, &r->fields[i]);
        probe_length(p, &r->fields[i]);
    }
}

/* No table has DELETE, so no path may answer it. */
static void
probe_method(struct probe *p)
{
    struct http_request rq = sample_request(p);
    rq.method = HTTP_DELETE;
    int status = send(p, &rq);
    if (p->entry->route->method != HTTP_DELETE && status != 405) {
        fault(p, "must refuse a method it does not have", status);
    }
}

void
web_check_routes(struct web *w, struct ctx *cx, struct web_check *ret)
{
    *ret = (struct web_check){ 0 };
    struct probe p = { .w = w, .cx = cx, .out = ret, .report = buf_new(cx->arena, 1U << 20) };
    for (size_t i = 0; i < w->n_entries; i++) {
        p.entry = &w->entries[i];
        ret->n_routes++;
        probe_nobody(&p);
        probe_csrf(&p);
        probe_method(&p);
        probe_unknown_field(&p);
        probe_fields(&p);
        probe_content(&p);
        probe_large_body(&p);
        probe_many(&p);
    }
    cx->n_problems = 0;
    ret->report = buf_str(&p.report);
}
