/* fuzz_web_input.c: a whole request through the dispatcher: the first line is the content type, the
 * second the query, the rest the body. What a handler sees has the form its field table promises.
 */
#include "fuzz.h"

#include "base/date.h"
#include "codec/vn.h"
#include "gen/tpl_web.h"
#include "sys/sys.h"
#include "web/web.h"

static const char *const choices[] = { "a", "b", NULL };
static const struct web_field fields[] = {
    { "t", WEB_TEXT, .max = 20 },
    { "l", WEB_LINES, .max = 40 },
    { "i", WEB_INT, .max = 0 },
    { "m", WEB_MONEY, .max = 0 },
    { "d", WEB_DATE, .max = 0 },
    { "b", WEB_BOOL, .max = 0 },
    { "c", WEB_CHOICE, .choices = choices },
    { "id", WEB_ID, .max = 0 },
    { "s", WEB_SECRET, .max = 30 },
    { "f", WEB_FILE, .max = 100 },
    { "v", WEB_LIST, .max = 10 },
    { "a.", WEB_ANY, .max = 50 },
};

static void
check_values(struct ctx *cx, const struct web_req *rq)
{
    struct date d;
    int64_t n = 0;
    struct str *list = NULL;
    struct str day = web_text(rq, "d");
    struct str choice = web_text(rq, "c");
    struct str id = web_text(rq, "id");
    ASSERT(vn_length(web_text(rq, "t")) <= 20 && vn_length(web_text(rq, "l")) <= 40);
    ASSERT(!str_has_char(web_text(rq, "t"), '\n') && str_is_utf8(web_text(rq, "l")));
    ASSERT(day.n == 0 || date_parse(day, &d));
    ASSERT(choice.n == 0 || str_eq(choice, STR("a")) || str_eq(choice, STR("b")));
    ASSERT(id.n == 0 || str_to_i64(id, 1, INT64_MAX, &n));
    ASSERT(web_int(rq, "m") >= 0);
    size_t n_list = web_list(cx, rq, "v", &list);
    for (size_t i = 0; i < n_list; i++) {
        ASSERT(vn_length(list[i]) <= 10);
    }
    for (size_t i = 0; i < rq->n_files; i++) {
        ASSERT(str_eq(rq->files[i].field, STR("f")) && rq->files[i].size_bytes <= 100);
    }
}

static enum err
handler(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    if (!rq->is_again) {
        check_values(cx, rq);
    }
    struct tpl_web_error *page = ARENA_NEW(cx->arena, struct tpl_web_error);
    page->title = web_text(rq, "t");
    return web_page(cx, rs, &tpl_web_error_t, page);
}

static enum err
session_load(struct ctx *cx, const struct http_request *rq, struct web_session *ret)
{
    (void)cx;
    (void)rq;
    *ret = (struct web_session){ .id = 1, .is_token = true };
    return ERR_OK;
}

static const struct web_route routes_v[] = {
    { HTTP_GET, "/x", "public", handler, WEB_FIELDS(fields), .flags = WEB_API,
      .reply = &tpl_web_error_t },
    { HTTP_POST, "/x", "public", handler, WEB_FIELDS(fields), .flags = WEB_API, .again = handler,
      .reply = &tpl_web_error_t },
};
static const struct web_routes routes = { "fuzz", routes_v, COUNT_OF(routes_v) };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct web_hooks hooks = { .session_load = session_load };
    const struct web_routes *all[] = { &routes };
    struct web_config config = { .routes = all, .n_routes = 1, .hooks = &hooks };
    struct ctx cx = { .arena = arena_open(0),
                      .lang = STR("vi"),
                      .clock = &sys_clock_real,
                      .random = &sys_random_real };
    struct web *w = NULL;
    struct str rest = fuzz_str(data, size);
    struct str type = STR("");
    struct str query = STR("");
    ASSERT(web_open(&cx, &config, &w) == ERR_OK);
    (void)(str_next(&rest, '\n', &type) && str_next(&rest, '\n', &query));
    for (int i = 0; i < 3; i++) {
        struct http_request rq = { .method = i == 0 ? HTTP_GET : HTTP_POST,
                                   .path = i == 2 ? STR("/api/v1/x") : STR("/x"),
                                   .query = query,
                                   .arena = cx.arena };
        struct http_response rs = { 0 };
        rq.headers[rq.n_headers++] = (struct http_header){ STR("Content-Type"), type };
        rq.body = i == 0 ? STR("") : rest.p == NULL ? STR("") : rest;
        web_handle(w, &cx, &rq, &rs);
        ASSERT(rs.status >= 200 && rs.status < 500);
        /* in a document of the API it is a word like any other: never sniffed, never run */
        bool is_page = str_starts(rs.content_type, STR("text/html"));
        ASSERT(!is_page || str_find(rs.body, STR("<script>alert")) == rs.body.n);
    }
    web_close(w);
    arena_close(cx.arena);
    return 0;
}
