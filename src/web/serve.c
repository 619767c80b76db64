/* serve.c: one request from the door to the door, step by step: see the head of web.h. */
#include "codec/accept.h"
#include "codec/cookie.h"
#include "codec/multipart.h"
#include "crypto/digest.h"
#include "net/server.h"
#include "sys/sys.h"
#include "web/inside.h"

#define CACHE_BYTES (32U * 1024U * 1024U)
#define API_BASE    "/api/v1"

enum err
web_open(struct ctx *cx, const struct web_config *config, struct web **ret)
{
    static const struct web_hooks no_hooks = { 0 };
    struct arena *a = arena_open(0);
    struct web *w = ARENA_NEW(a, struct web);
    w->arena = a;
    w->hooks = config->hooks == NULL ? &no_hooks : config->hooks;
    w->texts = cx->texts;
    w->on_probe = config->on_probe;
    w->probe_arg = config->probe_arg;
    enum err e = route_table(cx, w, config);
    if (e != ERR_OK) {
        arena_close(a);
        return e;
    }
    w->cache = cache_open(CACHE_BYTES);
    *ret = w;
    return ERR_OK;
}

void
web_close(struct web *w)
{
    if (w != NULL) {
        cache_close(w->cache);
        arena_close(w->arena);
    }
}

void
web_cache_clear(struct web *w)
{
    if (w != NULL) {
        cache_clear(w->cache);
    }
}

/* --- steps ------------------------------------------------------------------------------------ */
static bool
wants_json(const struct http_request *rq)
{
    static const struct str offered[] = { STR_INIT("text/html"), STR_INIT("application/json") };
    struct str accept = http_header_get(rq, STR("Accept"));
    return accept.n != 0 && accept_media(accept, offered, 2) == 1;
}

static void
split_base(struct web_call *c)
{
    struct str path = c->http->path;
    c->path = path;
    c->rq.base = STR("");
    if (str_starts(path, STR(API_BASE "/"))) {
        c->path = str_slice(path, sizeof(API_BASE) - 1, path.n);
        c->rq.base = STR(API_BASE);
        c->rq.is_api = true;
    }
}

static enum err
find_route(struct web_call *c)
{
    struct str allow = STR_NULL;
    bool is_twin = !c->rq.is_api && wants_json(c->http);
    const struct web_entry *e = NULL;
    if (is_twin) {
        e = route_find(c->w, c->cx->arena, c->http->method, c->path, true, &allow);
        c->rq.is_api = e != NULL;
    }
    if (e == NULL) {
        e = route_find(c->w, c->cx->arena, c->http->method, c->path, c->rq.is_api, &allow);
    }
    if (e == NULL && allow.p == NULL) {
        return err_set(c->cx, ERR_NOT_FOUND, "no such path");
    }
    if (e == NULL) {
        c->allow = allow;
        return err_set(c->cx, ERR_METHOD, "method not offered");
    }
    c->rq.route = e->route;
    c->rq.module = e->module;
    c->rq.params = c->params;
    c->rq.n_params = route_params(c->cx->arena, e, c->path, c->params);
    return ERR_OK;
}

/* Who cannot be looked up is not taken for a stranger: the failure is told instead. */
static enum err
load_session(struct web_call *c)
{
    enum err e = ERR_OK;
    if (c->w->hooks->session_load != NULL) {
        e = c->w->hooks->session_load(c->cx, c->http, &c->session);
    }
    c->rq.csrf = c->session.csrf;
    bool is_asked = false;
    c->cx->lang = lang_choose(c->cx->texts, c->http, c->session.lang, &is_asked);
    return e;
}

/* A refusal that was found while the store could not be read is none: what was not found may be
 * there. */
static enum err
unless_unread(struct web_call *c, enum err e)
{
    enum err unread = c->cx->unread;
    return e == ERR_OK || err_may_retry(e) || unread == ERR_OK
               ? e
               : err_set(c->cx, unread, "%s, but the store could not be read", err_name(e));
}

/* Runs the handler; a form with faults is shown again by the route's own page. */
static enum err
run_handler(struct web_call *c)
{
    const struct web_route *r = c->rq.route;
    struct ctx *cx = c->cx;
    enum err e = ctx_check(cx);
    cx->n_commits = 0;
    if (e == ERR_OK) {
        e = unless_unread(c, r->fn(cx, &c->rq, &c->rs));
    }
    if (e != ERR_INVALID || cx->n_problems == 0 || r->again == NULL || c->rq.is_api) {
        return e;
    }
    c->rs.location = STR_NULL;
    c->rq.is_again = true;
    TRY(r->again(cx, &c->rq, &c->rs));
    c->rs.status = 422;
    return ERR_OK;
}

/* A page with someone's data leaves only after the ledger knows of it. */
static enum err
record_readings(struct web_call *c)
{
    if (c->rs.n_readings == 0) {
        return ERR_OK;
    }
    if (c->w->hooks->record_reading == NULL || c->rs.has_too_many_readings) {
        return err_set(c->cx, ERR_INTERNAL, "readings cannot be recorded");
    }
    for (size_t i = 0; i < c->rs.n_readings; i++) {
        const struct web_reading *r = &c->rs.readings[i];
        TRY(c->w->hooks->record_reading(c->cx, r->subject, r->purpose, r->note));
    }
    return ERR_OK;
}

/* What makes two requests the same: method, path and body. */
static struct str
fingerprint(struct web_call *c)
{
    struct str body = c->mapped.p != NULL ? c->mapped : c->http->body;
    struct str hash = digest_sha256_hex(c->cx->arena, body);
    return str_fmt(c->cx->arena, "%s " STR_FMT " " STR_FMT, route_method(c->http->method),
                   STR_ARG(c->http->path), STR_ARG(hash));
}

/* Takes part in Idempotency-Key; *ret_done: the stored answer was given. */
static enum err
begin_idempotent(struct web_call *c, struct str *ret_key, bool *ret_done)
{
    struct str key = http_header_get(c->http, STR("Idempotency-Key"));
    const struct web_hooks *h = c->w->hooks;
    *ret_done = false;
    if ((c->rq.route->flags & (uint32_t)WEB_IDEMPOTENT) == 0 || key.n == 0 ||
        h->idem_begin == NULL || h->idem_end == NULL) {
        return ERR_OK;
    }
    if (key.n > 200) {
        return err_set(c->cx, ERR_BAD_REQUEST, "Idempotency-Key of %zu bytes", key.n);
    }
    int status = 0;
    struct str body = STR_NULL;
    TRY(h->idem_begin(c->cx, key, fingerprint(c), ret_done, &status, &body));
    if (*ret_done) {
        c->rs.is_sent = true;
        c->rs.http->status = status;
        c->rs.http->content_type =
            status >= 400 ? STR("application/problem+json") : STR("application/json");
        c->rs.http->body = body;
        http_response_header(c->rs.http, STR("Idempotency-Replayed"), STR("true"));
    }
    *ret_key = key;
    return ERR_OK;
}

/* Then it would be wrong to say that nothing was done. */
static bool
has_written(const struct web_call *c)
{
    return guard_is_unsafe(c->http->method) && c->cx->n_commits > 0;
}

static enum err
act(struct web_call *c)
{
    struct str key = STR_NULL;
    bool is_done = false;
    TRY(begin_idempotent(c, &key, &is_done));
    if (is_done) {
        return ERR_OK;
    }
    enum err e = run_handler(c);
    if (e == ERR_OK) {
        e = record_readings(c);
    }
    if (e == ERR_OK) {
        e = render_answer(c);
    }
    bool is_away = e == ERR_AWAY || (e == c->cx->unread && err_may_retry(e));
    if (is_away && has_written(c)) {
        e = err_set(c->cx, ERR_UNSURE, "the database went away after a part was written");
    }
    if (e != ERR_OK) {
        render_failure(c, e);
    }
    /* what may be tried again unchanged is not kept */
    if (key.n != 0 && !err_may_retry(e)) {
        return c->w->hooks->idem_end(c->cx, key, c->rs.http->status, c->rs.http->body);
    }
    return ERR_OK;
}

static enum err
answer(struct web_call *c)
{
    TRY(find_route(c));
    enum err may = load_session(c);
    bool is_away = may != ERR_OK;
    TRY(guard_held(c));
    bool is_unsafe = guard_is_unsafe(c->http->method);
    if (is_unsafe) {
        TRY(guard_origin(c));
    }
    if (!is_away) {
        may = guard_permission(c);
    }
    if (may != ERR_OK && !(is_unsafe && (is_away || may == ERR_UNAUTHENTICATED))) {
        return may;
    }
    /* the text of somebody whose session ended in the middle of a form, or cannot be looked up, is
     * read too, to be kept */
    TRY(input_read(c));
    if (!is_away && resume_is_asked(c)) {
        TRY(resume_sign_in(c));
        return act(c);
    }
    if (may != ERR_OK) {
        c->cx->n_problems = 0;
        return may;
    }
    if (is_unsafe) {
        TRY(guard_csrf(c));
    }
    return act(c);
}

/* --- what every answer gets ------------------------------------------------------------------- */
static bool
is_personal(const struct web_call *c)
{
    return c->session.id != 0 || c->session.is_token || c->rs.n_cookies != 0 ||
           c->flash_key.n != 0 || (c->rs.tpl != NULL && c->rs.tpl->has_csrf);
}

/* Caching: only what is the same for everyone may be kept, and then it is checked each time. */
static void
caching(struct web_call *c)
{
    struct http_response *rs = c->rs.http;
    uint32_t flags = c->rq.route == NULL ? 0 : c->rq.route->flags;
    bool is_public = rs->status == 200 && !guard_is_unsafe(c->http->method) && !is_personal(c) &&
                     (flags & WEB_NO_STORE) == 0 && c->rq.route != NULL &&
                     str_eq(str_of(c->rq.route->perm), STR("public")) && c->rs.n_readings == 0;
    if (!is_public) {
        http_response_header(rs, STR("Cache-Control"), STR("no-store"));
        return;
    }
    http_response_header(rs, STR("Cache-Control"), STR("no-cache"));
    http_response_header(rs, STR("Vary"), STR("Accept-Encoding, Accept-Language, Cookie"));
    if (rs->kind == HTTP_WHOLE) {
        rs->etag = static_etag(c->cx->arena, rs->body);
    }
}

static void
cookies(struct web_call *c, bool is_lang_asked)
{
    if (is_lang_asked) {
        web_set_cookie(c->cx, &c->rs, STR("lang"), c->cx->lang, INT64_C(365) * 86400);
    }
    if (c->rs.flash != NULL) {
        web_set_cookie(c->cx, &c->rs, STR("flash"), str_of(c->rs.flash), 60);
    } else if (c->flash_key.n != 0 && c->rs.http->status != 303) {
        web_set_cookie(c->cx, &c->rs, STR("flash"), STR("x"), 0);
    }
    for (size_t i = 0; i < c->rs.n_cookies; i++) {
        http_response_header(c->rs.http, STR("Set-Cookie"), c->rs.cookies[i]);
    }
}

static bool
is_text(struct str type)
{
    return str_starts(type, STR("text/")) || str_starts(type, STR("application/json")) ||
           str_starts(type, STR("application/problem+json"));
}

/* Public pages are compressed well once and kept; what belongs to one person lightly each time. */
static void
compress(struct web_call *c)
{
    struct http_response *rs = c->rs.http;
    bool wants =
        accept_encoding(http_header_get(c->http, STR("Accept-Encoding")), STR("gzip")) != 0;
    bool is_cacheable = c->rq.route != NULL && (c->rq.route->flags & WEB_CACHE) != 0 &&
                        rs->etag.n != 0 && !c->rq.is_api;
    if (rs->kind != HTTP_WHOLE || rs->body.n < 1024 || !is_text(rs->content_type) ||
        !(wants || is_cacheable)) {
        return;
    }
    struct str gzip = static_gzip(c->cx->arena, rs->body, is_cacheable ? 9 : 1);
    if (is_cacheable) {
        struct cache_page page = { .plain = rs->body, .gzip = gzip, .etag = rs->etag };
        cache_put(c->w->cache, cache_key(c->cx->arena, c->w, c->http, c->cx->lang), &page);
    }
    if (wants && gzip.p != NULL) {
        rs->body = gzip;
        http_response_header(rs, STR("Content-Encoding"), STR("gzip"));
    }
}

static void
not_modified(struct web_call *c)
{
    struct http_response *rs = c->rs.http;
    if (rs->etag.n != 0 && rs->status == 200 &&
        accept_etag(http_header_get(c->http, STR("If-None-Match")), rs->etag)) {
        rs->status = 304;
        rs->kind = HTTP_WHOLE;
        rs->body = STR("");
    }
}

/* Paths that have no row in the tables. */
static bool
built_in(struct web_call *c)
{
    if (static_answer(c->http, c->rs.http)) {
        return true;
    }
    if (c->http->method == HTTP_GET && str_eq(c->http->path, STR("/api/openapi.json"))) {
        c->rs.http->status = 200;
        c->rs.http->content_type = STR("application/json");
        c->rs.http->body = web_openapi(c->cx, c->w);
        http_response_header(c->rs.http, STR("Cache-Control"), STR("no-cache"));
        c->rs.http->etag = static_etag(c->cx->arena, c->rs.http->body);
        compress(c);
        not_modified(c);
        guard_headers(c);
        return true;
    }
    return false;
}

/* Only a language cookie, or none: the page is the same for everyone. */
static bool
is_anonymous(const struct http_request *rq)
{
    struct str rest = http_header_get(rq, STR("Cookie"));
    struct str name;
    struct str value;
    while (cookie_next(&rest, &name, &value)) {
        if (!str_eq(name, STR("lang"))) {
            return false;
        }
    }
    return http_header_get(rq, STR("Authorization")).n == 0;
}

/* A finished page from memory; needs no context, so the event loop may call it. */
static bool
from_cache(struct web *w, const struct http_request *rq, struct arena *a, struct http_response *rs)
{
    bool is_asked = false;
    if ((rq->method != HTTP_GET && rq->method != HTTP_HEAD) || !is_anonymous(rq) ||
        wants_json(rq)) {
        return false;
    }
    struct str lang = lang_choose(w->texts, rq, STR_NULL, &is_asked);
    bool wants_gzip =
        accept_encoding(http_header_get(rq, STR("Accept-Encoding")), STR("gzip")) != 0;
    struct cache_page page;
    if (is_asked || !cache_get(w->cache, a, cache_key(a, w, rq, lang), wants_gzip, &page)) {
        return false;
    }
    *rs = (struct http_response){ .status = 200,
                                  .content_type = STR("text/html; charset=utf-8"),
                                  .etag = page.etag };
    rs->body = page.gzip.p != NULL ? page.gzip : page.plain;
    if (page.gzip.p != NULL) {
        http_response_header(rs, STR("Content-Encoding"), STR("gzip"));
    }
    http_response_header(rs, STR("Cache-Control"), STR("no-cache"));
    http_response_header(rs, STR("Vary"), STR("Accept-Encoding, Accept-Language, Cookie"));
    return true;
}

static struct web_call *
call_new(struct web *w, struct ctx *cx, struct http_request *rq, struct http_response *rs)
{
    struct web_call *c = ARENA_NEW(cx->arena, struct web_call);
    c->w = w;
    c->cx = cx;
    c->http = rq;
    c->rs.w = w;
    c->rs.call = c;
    c->rs.http = rs;
    c->rq.http = rq;
    cx->req = &c->rq;
    cx->n_problems = 0;
    cx->unread = ERR_OK;
    *rs = (struct http_response){ 0 };
    return c;
}

void
web_handle(struct web *w, struct ctx *cx, struct http_request *rq, struct http_response *rs)
{
    struct web_call *c = call_new(w, cx, rq, rs);
    bool is_asked = false;
    cx->lang = lang_choose(cx->texts, rq, STR_NULL, &is_asked);
    if (from_cache(w, rq, cx->arena, rs)) {
        not_modified(c);
        guard_headers(c);
        return;
    }
    if (built_in(c)) {
        return;
    }
    c->flash_key = str_dup(cx->arena, cookie_get(http_header_get(rq, STR("Cookie")), STR("flash")));
    split_base(c);
    enum err e = unless_unread(c, answer(c));
    if (e != ERR_OK) {
        render_failure(c, e);
        if (e == ERR_METHOD) {
            http_response_header(rs, STR("Allow"), c->allow);
        }
    }
    cookies(c, is_asked);
    caching(c);
    compress(c);
    not_modified(c);
    guard_headers(c);
    if (c->mapped.p != NULL) {
        multipart_unmap(c->mapped);
    }
}

/* --- callbacks of the server ------------------------------------------------------------------ */
static uint32_t
class_index(const struct web *w, const char *name)
{
    for (size_t i = 0; name != NULL && i < w->n_classes; i++) {
        if (str_eq(w->classes[i].name, str_of(name))) {
            return (uint32_t)i;
        }
    }
    return 0;
}

static void
on_head(void *arg, const struct http_request *rq, uint64_t *ret_body_max, uint32_t *ret_class)
{
    struct web *w = arg;
    struct str allow;
    bool is_api = str_starts(rq->path, STR(API_BASE "/"));
    struct str path = is_api ? str_slice(rq->path, sizeof(API_BASE) - 1, rq->path.n) : rq->path;
    const struct web_entry *e = route_find(w, rq->arena, rq->method, path, is_api, &allow);
    uint64_t max = e == NULL || e->route->body_max == 0 ? WEB_BODY_MAX : e->route->body_max;
    *ret_body_max = max < *ret_body_max ? max : *ret_body_max;
    const char *class = e == NULL               ? NULL
                        : resume_is_sign_in(rq) ? "password"
                                                : e->route->work_class;
    *ret_class = class_index(w, class);
}

static void
loop_headers(const struct http_request *rq, struct http_response *rs)
{
    struct web_call c = { 0 };
    struct ctx cx = { 0 };
    c.cx = &cx;
    /* only read here: the call holds a plain pointer for those that run on a worker */
    /* NOLINTNEXTLINE(performance-no-int-to-ptr) */
    c.http = (struct http_request *)(uintptr_t)rq;
    c.rs.http = rs;
    guard_headers(&c);
}

static bool
on_loop(void *arg, const struct http_request *rq, struct http_response *rs)
{
    struct web *w = arg;
    if (w->on_probe != NULL && w->on_probe(w->probe_arg, rq, rs)) {
        return true;
    }
    if (static_answer(rq, rs)) {
        return true;
    }
    if (!from_cache(w, rq, rq->arena, rs)) {
        return false;
    }
    if (accept_etag(http_header_get(rq, STR("If-None-Match")), rs->etag)) {
        rs->status = 304;
        rs->body = STR("");
    }
    loop_headers(rq, rs);
    return true;
}

static void
on_work(void *arg, struct ctx *cx, struct http_request *rq, struct http_response *rs)
{
    struct web *w = arg;
    web_handle(w, cx, rq, rs);
    if (w->hooks->answered != NULL) {
        w->hooks->answered(cx, cx->req, rs->status);
    }
}

static enum err
err_of_status(int status)
{
    for (int e = 1; e < (int)ERR_COUNT; e++) {
        if (err_status((enum err)e) == status && e != (int)ERR_INVALID && e != (int)ERR_CSRF) {
            return (enum err)e;
        }
    }
    return status >= 500 ? ERR_INTERNAL : ERR_BAD_REQUEST;
}

/* Errors of the server itself: a small page without layout, for it may have to be made on the loop.
 * Where no head could be read, only the address tells whether a program asks. */
static void
on_error(void *arg, int status, const struct http_request *asked, struct http_response *rs)
{
    struct web *w = arg;
    bool is_asked = false;
    struct ctx cx = { .arena = asked->arena, .texts = w->texts };
    cx.lang = lang_choose(w->texts, asked, STR_NULL, &is_asked);
    struct http_request rq = *asked;
    rq.path = asked->path.p == NULL ? asked->target : asked->path;
    struct web_call *c = call_new(w, &cx, &rq, rs);
    cx.trace_id = rq.trace_id;
    split_base(c);
    c->is_bare = true;
    c->status_own = status;
    render_failure(c, err_of_status(status));
    rs->status = status;
    http_response_header(rs, STR("Cache-Control"), STR("no-store"));
    loop_headers(&rq, rs);
}

void
web_attach(struct web *w, struct server_config *config)
{
    w->classes = config->classes;
    w->n_classes = config->n_classes;
    config->arg = w;
    config->on_head = on_head;
    config->on_loop = on_loop;
    config->on_work = on_work;
    config->on_error = on_error;
}
