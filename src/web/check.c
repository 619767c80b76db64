/* check.c: the generic test over all routes: what must be refused is sent, and must be refused. No
 * handler runs: everything is stopped before it, or goes straight to the input step. */
#include "web/inside.h"

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

static void
probe_unknown_field(struct probe *p)
{
    const struct web_route *r = p->entry->route;
    struct http_request rq = sample_request(p);
    if (!guard_is_unsafe(r->method)) {
        rq.query = STR("zz-unknown=1");
        if (input_only(p, &rq) != ERR_BAD_REQUEST) {
            fault(p, "must refuse an unknown query name", 0);
        }
        return;
    }
    if ((r->flags & (uint32_t)WEB_RAW) != 0) {
        return;
    }
    rq.body = STR("zz-unknown=1");
    rq.headers[rq.n_headers++] =
        (struct http_header){ STR("Content-Type"), STR("application/x-www-form-urlencoded") };
    bool is_known = input_only(p, &rq) == ERR_OK;
    for (uint32_t i = 0; i < p->cx->n_problems; i++) {
        is_known = is_known && !str_eq(p->cx->problems[i].key, STR("web.invalid.unknown"));
    }
    if (is_known) {
        fault(p, "must refuse an unknown field", 0);
    }
}

static void
probe_large_body(struct probe *p)
{
    const struct web_route *r = p->entry->route;
    if (!guard_is_unsafe(r->method) || (r->flags & (uint32_t)WEB_RAW) != 0) {
        return;
    }
    struct http_request rq = sample_request(p);
    /* only the length is looked at before the refusal */
    rq.body = (struct str){ "x", (size_t)(r->body_max == 0 ? WEB_BODY_MAX : r->body_max) + 1 };
    rq.headers[rq.n_headers++] =
        (struct http_header){ STR("Content-Type"), STR("application/x-www-form-urlencoded") };
    if (input_only(p, &rq) != ERR_TOO_LARGE) {
        fault(p, "must refuse a body over its limit", 0);
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
        probe_unknown_field(&p);
        probe_large_body(&p);
    }
    cx->n_problems = 0;
    ret->report = buf_str(&p.report);
}
