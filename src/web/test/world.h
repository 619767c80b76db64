/* world.h: the world of the dispatcher's tests: hooks that each test sets, sample routes, a
 * fixture, and requests without a network. */
#ifndef WEB_TEST_WORLD_H
#define WEB_TEST_WORLD_H

#include "codec/json.h"
#include "codec/url.h"
#include "crypto/token.h"
#include "gen/tpl_web.h"
#include "sys/sys.h"
#include "web/asset.h"
#include "web/tpl.h"
#include "web/web.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECRET "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

/* What the hooks do, set by each test. */
static struct {
    bool is_signed_in, is_reading_broken;
    int n_readings, n_handled, n_idem;
    struct str idem_body;
    int idem_status;
    enum err load_err; /* nobody can be looked up */
} world;

static enum err
hook_session_load(struct ctx *cx, const struct http_request *rq, struct web_session *ret)
{
    (void)cx;
    if (world.load_err != ERR_OK) {
        return world.load_err;
    }
    bool has_cookie = str_find(http_header_get(rq, STR("Cookie")), STR("sid=1")) !=
                      http_header_get(rq, STR("Cookie")).n;
    world.is_signed_in = has_cookie;
    if (has_cookie) {
        *ret = (struct web_session){ .id = 1, .csrf = STR(SECRET) };
    }
    if (str_starts(http_header_get(rq, STR("Authorization")), STR("Bearer "))) {
        *ret = (struct web_session){ .id = 2, .is_token = true };
        world.is_signed_in = true;
    }
    return ERR_OK;
}

static enum err
hook_session_start(struct ctx *cx, struct web_session *ret, struct str *ret_cookie)
{
    (void)cx;
    *ret = (struct web_session){ .id = 3, .csrf = STR(SECRET) };
    *ret_cookie = STR("sid=1; Path=/; HttpOnly");
    return ERR_OK;
}

static bool
hook_may(struct ctx *cx, const char *perm)
{
    (void)cx;
    return world.is_signed_in && str_eq(str_of(perm), STR("signed-in"));
}

static bool
hook_perm_exists(const char *perm)
{
    return str_eq(str_of(perm), STR("staff.do"));
}

static enum err
hook_record_reading(struct ctx *cx, int64_t subject, const char *purpose, struct str note)
{
    (void)subject;
    (void)purpose;
    (void)note;
    world.n_readings++;
    return world.is_reading_broken ? err_set(cx, ERR_STORE, "test") : ERR_OK;
}

static enum err
hook_idem_begin(struct ctx *cx, struct str key, struct str fingerprint, bool *ret_found,
                int *ret_status, struct str *ret_body)
{
    (void)cx;
    (void)key;
    assert_true(fingerprint.n > 64);
    *ret_found = world.n_idem > 0;
    *ret_status = world.idem_status;
    *ret_body = world.idem_body;
    return ERR_OK;
}

static char idem_store[4096];

static enum err
hook_idem_end(struct ctx *cx, struct str key, int status, struct str body)
{
    (void)cx;
    (void)key;
    world.n_idem++;
    world.idem_status = status;
    memcpy(idem_store, body.p, body.n);
    world.idem_body = (struct str){ idem_store, body.n };
    return ERR_OK;
}

static struct str
hook_site_name(struct ctx *cx)
{
    (void)cx;
    return STR("Tỉnh Bình Phước");
}

static size_t
hook_nav(struct ctx *cx, struct str path, bool is_office, struct web_nav_item **ret)
{
    static const struct web_nav_item items[] = {
        { STR_INIT("/bo-mau"), STR_INIT("Tìm thủ tục"), STR_INIT("search"), true, -1 },
        { STR_INIT("/tra-cuu"), STR_INIT("Theo dõi hồ sơ"), STR_INIT("file"), false, -1 },
        { STR_INIT("/viec"), STR_INIT("Hồ sơ cần xử lý"), STR_INIT("inbox"), false, 12 },
    };
    (void)path;
    *ret = arena_copy(cx->arena, items, sizeof(items));
    return is_office ? 3 : 2;
}

static const struct web_hooks hooks = {
    .session_load = hook_session_load,
    .session_start = hook_session_start,
    .may = hook_may,
    .perm_exists = hook_perm_exists,
    .record_reading = hook_record_reading,
    .idem_begin = hook_idem_begin,
    .idem_end = hook_idem_end,
    .site_name = hook_site_name,
    .nav = hook_nav,
    .pack_version = "1",
};

/* --- sample routes ---------------------------------------------------------------------------- */
static enum err
show_error_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_web_error *d = ARENA_NEW(cx->arena, struct tpl_web_error);
    d->title = web_param(rq, "name");
    d->help = STR("<script>alert(\"1\" & '2')</script>");
    d->status = 7;
    world.n_handled++;
    return web_page(cx, rs, &tpl_web_error_t, d);
}

/* A page without a form: the same for everyone. */
static enum err
show_plain(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_web_layout *d = ARENA_NEW(cx->arena, struct tpl_web_layout);
    d->body = STR("<h1>Plain</h1>");
    world.n_handled++;
    return web_page(cx, rs, &tpl_web_layout_t, d);
}

static enum err
show_person(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    web_reads_person(cx, rs, 42, "test", STR_NULL);
    return show_error_page(cx, rq, rs);
}

static enum err
save(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    world.n_handled++;
    assert_true(web_int(rq, "amount") == 8000);
    return web_see_other(cx, rs, "/xong/%d", 5);
}

static enum err
be_busy(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    (void)rs;
    return err_set(cx, ERR_BUSY, "queue of writes is full");
}

/* One transaction went well, then the database is away. */
static enum err
half_done(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    (void)rs;
    cx->n_commits++;
    return err_set(cx, ERR_AWAY, "no connection");
}

/* The store failed, and whoever asked it took that for a row that is not there. */
static enum err
swallow(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rs;
    cx->unread = ERR_AWAY;
    cx->n_commits += rq->http->method == HTTP_POST ? 1 : 0;
    return err_set(cx, ERR_NOT_FOUND, "no row");
}

static enum err
see_far(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    return web_see_other(cx, rs, "//evil.example/");
}

static const struct web_field save_fields[] = { { "amount", WEB_MONEY, .is_required = true },
                                                { "pin", WEB_SECRET, .doc = "x" },
                                                { "why", WEB_TEXT, .doc = "x" } };
static const struct web_route routes_v[] = {
    { HTTP_GET, "/trang/{name}", "public", show_error_page, .flags = WEB_API,
      .reply = &tpl_web_error_t },
    { HTTP_GET, "/nho", "public", show_plain, .flags = WEB_CACHE },
    { HTTP_GET, "/trang/co-dinh", "public", see_far, .doc = "x" },
    { HTTP_GET, "/ban", "public", be_busy, .doc = "x" },
    { HTTP_POST, "/nua", "signed-in", half_done, .doc = "x" },
    { HTTP_GET, "/nuot", "public", swallow, .doc = "x" },
    { HTTP_POST, "/nuot", "signed-in", swallow, .doc = "x" },
    { HTTP_GET, "/nguoi", "signed-in", show_person, .doc = "x" },
    { HTTP_GET, "/viec", "staff.do", show_error_page, .doc = "x" },
    { HTTP_POST, "/luu", "signed-in", save, WEB_FIELDS(save_fields),
      .flags = WEB_API | WEB_IDEMPOTENT },
};
static const struct web_routes routes_test = { "test", routes_v, COUNT_OF(routes_v) };

struct fixture {
    struct ctx cx;
    struct sys_random_seeded random;
    struct web *w;
    struct http_request rq;
    struct http_response rs;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    memset(&world, 0, sizeof(world));
    sys_random_seed(&f->random, 7);
    f->cx.arena = arena_open(0);
    f->cx.clock = &sys_clock_real;
    f->cx.random = &f->random.base;
    f->cx.lang = STR("vi");
    f->cx.trace_id = STR("0123456789abcdef");
    const struct web_routes *all[] = { &web_own_routes, &routes_test };
    struct web_config config = { .routes = all, .n_routes = 2, .hooks = &hooks };
    assert_int_equal(web_open(&f->cx, &config, &f->w), ERR_OK);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    web_close(f->w);
    arena_close(f->cx.arena);
    free(f);
    return 0;
}

static void
header(struct fixture *f, struct str name, struct str value)
{
    f->rq.headers[f->rq.n_headers++] = (struct http_header){ name, value };
}

static void
request(struct fixture *f, enum http_method m, struct str path, struct str query)
{
    f->rq =
        (struct http_request){ .method = m, .path = path, .query = query, .arena = f->cx.arena };
    header(f, STR("Host"), STR("localhost"));
}

static struct str
header_of(const struct http_response *rs, struct str name)
{
    for (size_t i = 0; i < rs->n_headers; i++) {
        if (str_eq_nocase(rs->headers[i].name, name)) {
            return rs->headers[i].value;
        }
    }
    return STR_NULL;
}

static bool
has(struct str s, struct str part)
{
    return str_find(s, part) < s.n;
}

static int
go(struct fixture *f)
{
    web_handle(f->w, &f->cx, &f->rq, &f->rs);
    return f->rs.status;
}

static void
post_form(struct fixture *f, struct str path, struct str body, bool has_token)
{
    request(f, HTTP_POST, path, STR_NULL);
    header(f, STR("Content-Type"), STR("application/x-www-form-urlencoded"));
    header(f, STR("Cookie"), STR("sid=1"));
    header(f, STR("Origin"), STR("http://localhost"));
    f->rq.body = body;
    if (has_token) {
        struct str token = url_encode(f->cx.arena, token_mask(&f->cx, STR(SECRET)));
        f->rq.body = str_fmt(f->cx.arena, STR_FMT "&csrf=" STR_FMT, STR_ARG(body), STR_ARG(token));
    }
}

#endif
