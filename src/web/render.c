/* render.c: from a recorded template and its data to bytes: page with layout, JSON document, or the
 * account of a failure. */
#include "gen/tpl_web.h"

#include "codec/accept.h"
#include "codec/cookie.h"
#include "codec/url.h"
#include "sys/sys.h"
#include "web/input_int.h"
#include "web/inside.h"

#define DEPTH_MAX       10
#define LONG_WORD_BYTES 28

bool
web_has_long_word(struct str s)
{
    size_t run = 0;
    for (size_t i = 0; i < s.n; i++) {
        run = s.p[i] == ' ' ? 0 : run + 1;
        if (run > LONG_WORD_BYTES) {
            return true;
        }
    }
    return false;
}

/* --- documents -------------------------------------------------------------------------------- */
struct frame {
    const struct tpl_desc *fields;
    size_t n_fields, at; /* next field */
    const char *base;    /* the struct */
    size_t n_left, step; /* further elements when it is one of a list */
    bool is_list;
};

struct list_view { /* what every generated list looks like */
    const char *v;
    size_t n;
};

static void
put_scalar(struct json_out *o, const struct tpl_desc *f, const char *p)
{
    if (str_eq(str_of(f->type), STR("int"))) {
        int64_t v;
        memcpy(&v, p, sizeof(v));
        json_put_i64(o, f->name, v);
    } else if (str_eq(str_of(f->type), STR("bool"))) {
        bool v;
        memcpy(&v, p, sizeof(v));
        json_put_bool(o, f->name, v);
    } else {
        struct str v;
        memcpy(&v, p, sizeof(v));
        json_put_str(o, f->name, v);
    }
}

/* Opens a list or an object; true when a frame was pushed. */
static bool
push_member(struct json_out *o, const struct tpl_desc *f, const char *p, struct frame *ret)
{
    json_key(o, f->name);
    if (str_eq(str_of(f->type), STR("obj"))) {
        json_open(o);
        *ret = (struct frame){ f->fields, f->n_fields, 0, p, 0, 0, false };
        return true;
    }
    struct list_view list;
    memcpy(&list, p, sizeof(list));
    json_open_list(o);
    if (list.n == 0) {
        json_close_list(o);
        return false;
    }
    json_open(o);
    *ret = (struct frame){ f->fields, f->n_fields, 0, list.v, list.n - 1, f->size_bytes, true };
    return true;
}

/* Ends one struct; true when the frame is used up. */
static bool
end_struct(struct json_out *o, struct frame *f)
{
    json_close(o);
    if (f->n_left != 0) {
        f->n_left--;
        f->base += f->step;
        f->at = 0;
        json_open(o);
        return false;
    }
    if (f->is_list) {
        json_close_list(o);
    }
    return true;
}

struct str
render_json(struct ctx *cx, const struct tpl *t, const void *data)
{
    struct buf b = buf_new(cx->arena, WEB_PAGE_MAX);
    struct json_out o = json_out(&b);
    struct frame stack[DEPTH_MAX];
    size_t depth = 0;
    json_open(&o);
    stack[depth++] = (struct frame){ t->fields, t->n_fields, 0, data, 0, 0, false };
    while (depth > 0) {
        struct frame *f = &stack[depth - 1];
        if (f->at == f->n_fields) {
            depth -= end_struct(&o, f) ? 1 : 0;
            continue;
        }
        const struct tpl_desc *d = &f->fields[f->at++];
        bool is_deep = d->n_fields != 0 || str_eq(str_of(d->type), STR("list")) ||
                       str_eq(str_of(d->type), STR("obj"));
        if (d->is_page_only) {
            continue;
        }
        if (!is_deep) {
            put_scalar(&o, d, f->base + d->offset);
        } else {
            ASSERT(depth < DEPTH_MAX);
            depth += push_member(&o, d, f->base + d->offset, &stack[depth]) ? 1 : 0;
        }
    }
    return b.is_failed ? STR_NULL : buf_str(&b);
}

/* --- layout ----------------------------------------------------------------------------------- */
static struct str
hook_text(struct ctx *cx, struct str (*fn)(struct ctx *))
{
    return fn == NULL ? STR_NULL : fn(cx);
}

static void
fill_nav(struct web_call *c, struct tpl_web_layout *d)
{
    struct web_nav_item *v = NULL;
    if (c->w->hooks->nav == NULL) {
        return;
    }
    size_t n = c->w->hooks->nav(c->cx, c->http->path, d->is_office, &v);
    d->nav.v = ARENA_ARRAY(c->cx->arena, struct tpl_web_layout_nav, n);
    d->nav.n = n;
    for (size_t i = 0; i < n; i++) {
        struct str count = v[i].count > 0 ? text_number(c->cx, v[i].count) : STR_NULL;
        d->nav.v[i] =
            (struct tpl_web_layout_nav){ v[i].href, v[i].text, v[i].icon, v[i].is_current, count };
    }
}

/* The same address in another language. */
static struct str
lang_href(struct web_call *c, struct str code)
{
    struct arena *a = c->cx->arena;
    struct buf b = buf_new(a, 16384);
    struct str path = url_encode_path(a, c->http->path);
    buf_add(&b, path);
    buf_add_char(&b, '?');
    struct str rest = guard_is_unsafe(c->http->method) ? STR_NULL : c->http->query;
    struct str part;
    while (rest.n != 0 && str_next(&rest, '&', &part)) {
        if (part.n != 0 && !str_starts(part, STR("lang="))) {
            buf_add(&b, part);
            buf_add_char(&b, '&');
        }
    }
    buf_add(&b, STR("lang="));
    buf_add(&b, code);
    return buf_str(&b);
}

static void
fill_langs(struct web_call *c, struct tpl_web_layout *d)
{
    struct str codes[WEB_LANGS_MAX];
    size_t n = texts_langs(c->cx->texts, codes);
    d->langs.v = ARENA_ARRAY(c->cx->arena, struct tpl_web_layout_langs, n);
    d->langs.n = n;
    for (size_t i = 0; i < n; i++) {
        struct str name = text_find(c->cx, str_cat(c->cx->arena, STR("web.lang."), codes[i]));
        d->langs.v[i] =
            (struct tpl_web_layout_langs){ codes[i], name.p == NULL ? codes[i] : name,
                                           lang_href(c, codes[i]), str_eq(codes[i], c->cx->lang) };
    }
}

static void
fill_crumbs(struct web_call *c, struct tpl_web_layout *d)
{
    size_t n = c->rs.n_crumbs;
    d->crumbs.v = ARENA_ARRAY(c->cx->arena, struct tpl_web_layout_crumbs, n);
    d->crumbs.n = n;
    for (size_t i = 0; i < n; i++) {
        d->crumbs.v[i] =
            (struct tpl_web_layout_crumbs){ c->rs.crumbs[i].href, c->rs.crumbs[i].text };
    }
}

struct str
web_signin_href(struct ctx *cx, struct str path)
{
    if (str_starts(path, STR(WEB_SIGNIN_PATH))) {
        return STR(WEB_SIGNIN_PATH);
    }
    struct str to = url_encode(cx->arena, path);
    return str_fmt(cx->arena, WEB_SIGNIN_PATH "?tiep=" STR_FMT, STR_ARG(to));
}

static bool
is_office(const struct web_call *c)
{
    return c->rq.route != NULL && (c->rq.route->flags & WEB_OFFICE) != 0;
}

/* Body inside the layout; null when the page became too large. */
static struct str
with_layout(struct web_call *c, struct str body)
{
    struct ctx *cx = c->cx;
    const struct web_hooks *h = c->w->hooks;
    struct tpl_web_layout d = { .lang = cx->lang, .body = body, .is_office = is_office(c) };
    if (!c->is_bare) {
        d.site = hook_text(cx, h->site_name);
        d.actor = hook_text(cx, h->actor_name);
        d.notice = hook_text(cx, h->notice);
        fill_nav(c, &d);
    }
    d.is_demo = cx->config != NULL && cx->config->is_demo;
    struct str site = d.site.n == 0 ? text(cx, "web.brand") : d.site;
    d.title = c->rs.title.n == 0
                  ? site
                  : text_fill(cx, "web.title.suffix", "title", c->rs.title, "site", site, NULL);
    d.path = c->http->path;
    d.signin = web_signin_href(cx, c->http->path);
    d.flash = c->flash_key.n == 0 ? STR_NULL : text_find(cx, c->flash_key);
    fill_langs(c, &d);
    fill_crumbs(c, &d);
    struct buf token = buf_new(cx->arena, 512);
    tpl_csrf(&token, cx);
    d.csrf = buf_str(&token);
    struct buf b = buf_new(cx->arena, WEB_PAGE_MAX);
    tpl_web_layout_t.html(&b, cx, &d);
    return b.is_failed ? STR_NULL : buf_str(&b);
}

static struct str
html_page(struct web_call *c, const struct tpl *t, const void *data)
{
    struct buf b = buf_new(c->cx->arena, WEB_PAGE_MAX);
    t->html(&b, c->cx, data);
    if (b.is_failed) {
        return STR_NULL;
    }
    bool is_bare = c->rq.route != NULL && (c->rq.route->flags & WEB_NO_LAYOUT) != 0;
    /* a part of a page, asked for by htmx */
    bool is_part = http_header_get(c->http, STR("HX-Request")).n != 0 &&
                   http_header_get(c->http, STR("HX-Boosted")).n == 0 && is_bare;
    return is_bare || is_part ? buf_str(&b) : with_layout(c, buf_str(&b));
}

/* --- answers ---------------------------------------------------------------------------------- */
static void
whole(struct web_call *c, int status, struct str type, struct str body)
{
    c->rs.http->status = status;
    c->rs.http->kind = HTTP_WHOLE;
    c->rs.http->content_type = type;
    c->rs.http->body = body;
}

static enum err
answer_location(struct web_call *c)
{
    struct ctx *cx = c->cx;
    struct str to = str_cat(cx->arena, c->rq.base, c->rs.location);
    bool is_read = !guard_is_unsafe(c->http->method);
    if (!c->rq.is_api || is_read) {
        whole(c, 303, STR("text/plain; charset=utf-8"), STR(""));
        http_response_header(c->rs.http, STR("Location"), to);
        return ERR_OK;
    }
    struct buf b = buf_new(cx->arena, 8192);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "location", to);
    json_close(&o);
    whole(c, c->rs.status == 0 ? 201 : c->rs.status, STR("application/json"), buf_str(&b));
    return ERR_OK;
}

/* A nobody who gets a form gets a session first, so that the form's token means something. */
static enum err
ensure_session(struct web_call *c)
{
    if (c->session.csrf.n != 0 || c->w->hooks->session_start == NULL) {
        return ERR_OK;
    }
    struct str cookie = STR_NULL;
    TRY(c->w->hooks->session_start(c->cx, &c->session, &cookie));
    c->rq.csrf = c->session.csrf;
    if (cookie.n != 0 && c->rs.n_cookies < WEB_COOKIES_MAX) {
        c->rs.cookies[c->rs.n_cookies++] = cookie;
    }
    return ERR_OK;
}

enum err
render_answer(struct web_call *c)
{
    struct ctx *cx = c->cx;
    if (c->rs.is_sent) {
        return ERR_OK;
    }
    if (c->rs.location.p != NULL) {
        return answer_location(c);
    }
    if (c->rs.tpl == NULL) {
        whole(c, c->rs.status == 0 ? 204 : c->rs.status, STR_NULL, STR(""));
        return ERR_OK;
    }
    bool is_json = c->rq.is_api;
    if (!is_json && c->rs.tpl->has_csrf) {
        TRY(ensure_session(c));
    }
    struct str body =
        is_json ? render_json(cx, c->rs.tpl, c->rs.data) : html_page(c, c->rs.tpl, c->rs.data);
    if (body.p == NULL || arena_is_over(cx->arena)) {
        return err_set(cx, ERR_INTERNAL, "page %s is too large", c->rs.tpl->name);
    }
    whole(c, c->rs.status == 0 ? 200 : c->rs.status,
          is_json ? STR("application/json") : STR("text/html; charset=utf-8"), body);
    return ERR_OK;
}

/* --- failures --------------------------------------------------------------------------------- */
static struct str
err_text(struct ctx *cx, enum err e, const char *part)
{
    return text_find(cx, str_fmt(cx->arena, "err.%s.%s", err_key(e), part));
}

/* A program is told where its token comes from, a person to sign in. */
static const char *
help_part(enum err e, uint32_t flags)
{
    bool is_program = (flags & (WEB_PROGRAM | WEB_XROAD)) != 0;
    return e == ERR_UNAUTHENTICATED && is_program ? "program" : "help";
}

/* RFC 9457. */
static struct str
problem_document(struct web_call *c, enum err e, uint32_t flags)
{
    struct ctx *cx = c->cx;
    struct buf b = buf_new(cx->arena, WEB_BODY_MAX);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "type", str_fmt(cx->arena, "urn:bombo:error:%s", err_key(e)));
    json_put_str(&o, "title", err_text(cx, e, "title"));
    json_put_i64(&o, "status", c->status_own != 0 ? c->status_own : err_status(e));
    json_put_str(&o, "detail", err_text(cx, e, help_part(e, flags)));
    json_put_str(&o, "instance", c->http->path);
    if (cx->trace_id.n != 0) {
        json_put_str(&o, "trace_id", cx->trace_id);
    }
    if (cx->n_problems != 0) {
        json_key(&o, "errors");
        json_open_list(&o);
        for (uint32_t i = 0; i < cx->n_problems; i++) {
            json_open(&o);
            json_put_str(&o, "field", cx->problems[i].field);
            json_put_str(&o, "code", cx->problems[i].key);
            json_put_str(&o, "message", web_problem_text(cx, &cx->problems[i]));
            json_close(&o);
        }
        json_close_list(&o);
    }
    json_close(&o);
    return buf_str(&b);
}

/* What a person wrote is shown under the field's own words; marks that the page carried along (a
 * version, a choice of a button) go along unseen. */
static struct tpl_web_error_kept
kept_field(const struct web_call *c, const struct web_pair *typed)
{
    struct ctx *cx = c->cx;
    const struct web_field *f = input_field(c->rq.route, typed->name);
    bool has_label = f != NULL && f->label != NULL;
    bool is_typed =
        f != NULL && (f->type == WEB_TEXT || f->type == WEB_DATE || f->type == WEB_MONEY);
    bool is_mark = str_eq(typed->name, STR("v")); /* the version that a page was shown in */
    bool is_words = f != NULL && !is_mark &&
                    (f->type == WEB_ANY || f->type == WEB_LINES ||
                     (is_typed && (c->is_other || str_has_char(typed->value, ' '))));
    return (struct tpl_web_error_kept){ .name = typed->name,
                                        .value = typed->value,
                                        .label = has_label ? text_find(cx, str_of(f->label))
                                                           : text(cx, "err.page.kept"),
                                        .is_hidden = !has_label && !is_words,
                                        .is_read = is_words && str_has_char(typed->value, ' ') };
}

/* What was typed into a form that could not be taken, to be sent again from the error page. */
static void
keep_form(struct web_call *c, enum err e, struct tpl_web_error *d)
{
    bool may_resend = e == ERR_AWAY || e == ERR_UNSURE || e == ERR_CSRF ||
                      e == ERR_UNAUTHENTICATED || e == ERR_INVALID || e == ERR_BUSY ||
                      e == ERR_DEADLINE || e == ERR_UPSTREAM || e == ERR_STORE || e == ERR_IO ||
                      e == ERR_INTERNAL || e == ERR_DISK_FULL || e == ERR_PASSWORD || c->is_other;
    struct web_ended who = { 0 };
    bool is_resumed = e == ERR_UNAUTHENTICATED && c->w->hooks->sign_in != NULL &&
                      !guard_is_known(c) && !c->is_bare;
    if (!may_resend || !guard_is_unsafe(c->http->method) ||
        (c->rq.n_typed == 0 && !is_resumed && !c->is_other)) {
        return;
    }
    bool is_proven = is_resumed && resume_who(c, &who);
    if (e == ERR_AWAY || e == ERR_UNSURE) {
        d->token = input_raw(c, STR("csrf")); /* who it is cannot be asked now: as it came */
    } else if (ensure_session(c) != ERR_OK) {
        return;
    }
    d->has_files = c->rq.n_files != 0;
    d->is_other = c->is_other;
    d->resend = url_encode_path(c->cx->arena, c->http->path);
    d->kept.v = ARENA_ARRAY(c->cx->arena, struct tpl_web_error_kept, c->rq.n_typed);
    for (size_t i = 0; i < c->rq.n_typed; i++) {
        d->kept.v[d->kept.n++] = kept_field(c, &c->rq.typed[i]);
    }
    if (is_resumed) {
        resume_fill(c, is_proven ? &who : NULL, d);
    }
}

static void
failure_page(struct web_call *c, enum err e)
{
    struct ctx *cx = c->cx;
    struct tpl_web_error *d = ARENA_NEW(cx->arena, struct tpl_web_error);
    d->title = err_text(cx, e, "title");
    d->help = err_text(cx, e, "help");
    d->status = err_status(e);
    d->trace = d->status >= 500 ? cx->trace_id : STR_NULL;
    d->signin = e == ERR_UNAUTHENTICATED ? web_signin_href(cx, c->http->path) : STR_NULL;
    d->go = e == ERR_PASSWORD ? STR(WEB_PASSWORD_PATH) : STR_NULL;
    keep_form(c, e, d);
    if (d->is_resumed) {
        d->title = text(cx, "web.resume.title");
        d->help = text(cx, d->mark.n != 0 ? "web.resume.help" : "web.resume.help_unknown");
    } else if (c->is_other && e == ERR_CONFLICT) {
        d->title = text(cx, "web.resume.other");
        d->help = text(cx, "web.resume.other_help");
    }
    c->rs.title = d->title;
    c->rs.n_crumbs = 0;
    struct str body = html_page(c, &tpl_web_error_t, d);
    whole(c, err_status(e), STR("text/html; charset=utf-8"), body.p == NULL ? d->title : body);
}

/* Flags of the route; of a wrong path those of the routes beside it: "/boxes" of "/boxes/x". */
static uint32_t
flags_near(const struct web_call *c)
{
    struct str path = c->http->path;
    uint32_t flags = 0;
    if (c->rq.route != NULL || path.n < 2) {
        return c->rq.route == NULL ? 0 : c->rq.route->flags;
    }
    struct str first = str_slice(path, 0, 1 + str_find_char(str_slice(path, 1, path.n), '/'));
    for (size_t i = 0; i < c->w->n_entries; i++) {
        const struct web_route *r = c->w->entries[i].route;
        struct str own = str_of(r->path);
        if (str_starts(own, first) && (own.n == first.n || own.p[first.n] == '/')) {
            flags |= r->flags & (WEB_PROGRAM | WEB_XROAD);
        }
    }
    return flags;
}

/* Does a program call? Whoever asks for HTML by name is a browser. */
static bool
is_program(const struct web_call *c, uint32_t flags)
{
    static const struct str offered[] = { STR_INIT("application/json"), STR_INIT("text/html") };
    struct str accept = http_header_get(c->http, STR("Accept"));
    return (flags & WEB_PROGRAM) != 0 && (accept.n == 0 || accept_media(accept, offered, 2) != 1);
}

/* PR-REST 4.6: 400 for the caller's faults, 500 for others; a few keep what a program acts on. The
 * words are those of the relay (net/relay_errors.def). */
static void
xroad_failure(struct web_call *c, enum err e)
{
    static const struct {
        enum err e;
        int status;
        const char *type;
    } kinds[] = {
        { ERR_UNAUTHENTICATED, 401, "Client.NotAuthenticated" },
        { ERR_PASSWORD, 403, "Client.NotAuthenticated" },
        { ERR_FORBIDDEN, 500, "Server.ServerProxy.AccessDenied" },
        { ERR_NOT_FOUND, 500, "Server.ServerProxy.UnknownService" },
        { ERR_METHOD, 405, "Client.BadRequest" }, /* Allow says which */
        { ERR_TOO_LARGE, 413, "Client.TooLarge" },
        { ERR_RATE, 429, "Server.ServerProxy.RateLimited" },
        { ERR_BUSY, 503, "Server.ServerProxy.Busy" },
    };
    struct ctx *cx = c->cx;
    bool is_theirs = err_status(e) < 500;
    int status = is_theirs ? 400 : 500;
    const char *type = is_theirs ? "Client.BadRequest" : "Server.ServerProxy.InternalError";
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        status = kinds[i].e == e ? kinds[i].status : status;
        type = kinds[i].e == e ? kinds[i].type : type;
    }
    struct buf b = buf_new(cx->arena, WEB_BODY_MAX);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "type", str_of(type));
    json_put_str(&o, "message", err_text(cx, e, "title"));
    json_put_str(&o, "detail", err_text(cx, e, help_part(e, WEB_XROAD)));
    json_close(&o);
    whole(c, status, STR("application/json;charset=utf-8"), buf_str(&b));
    http_response_header(c->rs.http, STR("X-Road-Error"), str_of(type));
}

/* The answer so far is thrown away, whatever it was; cookies of a new session stay. */
void
render_failure(struct web_call *c, enum err e)
{
    if (c->w->hooks->failed != NULL && !c->is_bare) {
        c->w->hooks->failed(c->cx, &c->rq, e);
    }
    struct http_response *http = c->rs.http;
    *http = (struct http_response){ 0 };
    c->rs.is_sent = false;
    c->rs.flash = NULL;
    if (err_status(e) >= 500) {
        c->flash_key = STR_NULL; /* good news is told by the next page that is one */
    }
    bool is_read = !guard_is_unsafe(c->http->method);
    uint32_t flags = flags_near(c);
    if ((flags & WEB_XROAD) != 0) {
        xroad_failure(c, e);
    } else if (c->rq.is_api || is_program(c, flags)) {
        whole(c, err_status(e), STR("application/problem+json"), problem_document(c, e, flags));
    } else if (e == ERR_UNAUTHENTICATED && is_read) {
        whole(c, 303, STR("text/plain; charset=utf-8"), STR(""));
        http_response_header(http, STR("Location"), web_signin_href(c->cx, c->http->path));
    } else if (e == ERR_PASSWORD && is_read) {
        whole(c, 303, STR("text/plain; charset=utf-8"), STR(""));
        http_response_header(http, STR("Location"), STR(WEB_PASSWORD_PATH));
    } else {
        failure_page(c, e);
    }
    if (err_may_retry(e)) {
        http_response_header(http, STR("Retry-After"), e == ERR_RATE ? STR("60") : STR("5"));
    }
}
