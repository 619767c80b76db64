/* Tests of web/: one request at a time through web_handle, without a network. */
#include "web/test/world.h"

static void
test_tpl_esc_of_markup_gives_references(void **state)
{
    struct fixture *f = *state;
    struct buf b = buf_new(f->cx.arena, 1000);
    tpl_esc(&b, STR("<a href=\"x\">Đ & 'b'</a>"));
    assert_true(
        str_eq(buf_str(&b), STR("&lt;a href=&quot;x&quot;&gt;Đ &amp; &#39;b&#39;&lt;/a&gt;")));
}

static void
test_tpl_url_with_script_scheme_becomes_hash(void **state)
{
    struct fixture *f = *state;
    static const struct str bad[] = { STR_INIT("javascript:alert(1)"), STR_INIT("JaVaScript:x"),
                                      STR_INIT("data:text/html,x"),    STR_INIT("java\tscript:x"),
                                      STR_INIT(" javascript:x"),       STR_INIT("vbscript:x") };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct buf b = buf_new(f->cx.arena, 1000);
        tpl_url(&b, bad[i]);
        assert_true(str_eq(buf_str(&b), STR("#")));
    }
    struct buf b = buf_new(f->cx.arena, 1000);
    tpl_url(&b, STR("/a?x=1:2&y"));
    assert_true(str_eq(buf_str(&b), STR("/a?x=1:2&amp;y")));
}

static void
test_page_with_hostile_data_is_escaped(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_GET, STR("/trang/<b>"), STR_NULL);
    assert_int_equal(go(f), 200);
    assert_true(has(f->rs.body,
                    STR("&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;")));
    assert_true(has(f->rs.body, STR("<h1>&lt;b&gt;</h1>")));
    assert_false(has(f->rs.body, STR("<script>alert")));
    assert_true(has(header_of(&f->rs, STR("Content-Security-Policy")), STR("default-src 'none'")));
    assert_false(has(header_of(&f->rs, STR("Content-Security-Policy")), STR("unsafe")));
}

static void
test_route_literal_beats_parameter_and_refuses_foreign_redirect(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_GET, STR("/trang/co-dinh"), STR_NULL);
    assert_int_equal(go(f), 400);
    request(f, HTTP_GET, STR("/khong-co"), STR_NULL);
    assert_int_equal(go(f), 404);
    assert_true(has(f->rs.body, STR("Không tìm thấy trang này")));
    request(f, HTTP_DELETE, STR("/nguoi"), STR_NULL);
    assert_int_equal(go(f), 405);
    assert_true(str_eq(header_of(&f->rs, STR("Allow")), STR("GET")));
}

static void
test_api_of_a_page_gives_its_document(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_GET, STR("/api/v1/trang/a"), STR_NULL);
    assert_int_equal(go(f), 200);
    assert_true(str_eq(f->rs.content_type, STR("application/json")));
    assert_true(has(f->rs.body, STR("\"title\":\"a\"")) && has(f->rs.body, STR("\"status\":7")));
    assert_false(has(f->rs.body, STR("kept")));
    request(f, HTTP_GET, STR("/trang/a"), STR_NULL);
    header(f, STR("Accept"), STR("application/json"));
    assert_int_equal(go(f), 200);
    assert_true(str_eq(f->rs.content_type, STR("application/json")));
    request(f, HTTP_GET, STR("/api/v1/nguoi"), STR_NULL);
    assert_int_equal(go(f), 404);
}

static void
test_problem_document_names_each_field(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_POST, STR("/api/v1/luu"), STR_NULL);
    header(f, STR("Authorization"), STR("Bearer x"));
    header(f, STR("Content-Type"), STR("application/json"));
    f->rq.body = STR("{\"amount\": \"abc\", \"nope\": 1}");
    assert_int_equal(go(f), 422);
    assert_true(str_eq(f->rs.content_type, STR("application/problem+json")));
    struct json *j = NULL;
    struct json_fault fault;
    assert_int_equal(json_parse(f->cx.arena, f->rs.body, (struct json_limits){ 0 }, &j, &fault),
                     ERR_OK);
    assert_int_equal(json_int(j, "status", 0), 422);
    const struct json *errors = json_get(j, "errors");
    assert_int_equal(errors->n, 2);
    assert_true(str_eq(json_text(errors->child, "field"), STR("nope")));
    assert_true(str_eq(json_text(errors->child->next, "code"), STR("web.invalid.money")));
    assert_int_equal(world.n_handled, 0);
}

/* The database is away: who calls is not known, and must be taken neither for a stranger nor be
 * given a new session. What was typed is sent again from the page, with the token it came with. */
static void
test_caller_who_cannot_be_looked_up_is_asked_to_try_again(void **state)
{
    struct fixture *f = *state;
    world.load_err = ERR_AWAY;
    request(f, HTTP_GET, STR("/nguoi"), STR_NULL);
    header(f, STR("Cookie"), STR("sid=1"));
    assert_int_equal(go(f), 503);
    assert_true(str_eq(header_of(&f->rs, STR("Retry-After")), STR("5")));
    assert_null(header_of(&f->rs, STR("Set-Cookie")).p);
    post_form(f, STR("/luu"), STR("amount=8.000&pin=1234&why=l%C3%BD+do&csrf=as-it-came"), false);
    assert_int_equal(go(f), 503);
    assert_int_equal(world.n_handled, 0);
    assert_true(has(f->rs.body, STR("8.000")) && has(f->rs.body, STR("lý do")));
    assert_true(has(f->rs.body, STR("name=\"csrf\" value=\"as-it-came\"")));
    assert_false(has(f->rs.body, STR(">1234<")));
    assert_null(header_of(&f->rs, STR("Set-Cookie")).p);
}

static void
test_database_away_after_a_part_was_written_is_not_called_nothing(void **state)
{
    struct fixture *f = *state;
    post_form(f, STR("/nua"), STR(""), true);
    assert_int_equal(go(f), 503);
    assert_true(has(f->rs.body, STR("Chưa rõ việc này")));
}

static void
test_not_found_while_the_store_was_away_is_no_answer(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_GET, STR("/nuot"), STR_NULL);
    assert_int_equal(go(f), 503);
    assert_true(has(f->rs.body, STR("chuyển máy")));
    post_form(f, STR("/nuot"), STR(""), true);
    assert_int_equal(go(f), 503);
    assert_true(has(f->rs.body, STR("Chưa rõ việc này")));
    request(f, HTTP_GET, STR("/nuot"), STR_NULL);
    header(f, STR("Cookie"), STR("flash=web.saved"));
    assert_int_equal(go(f), 503);
    assert_null(
        header_of(&f->rs, STR("Set-Cookie")).p);      /* good news waits for a page that is one */
    request(f, HTTP_GET, STR("/khong-co"), STR_NULL); /* what came before is forgotten */
    assert_int_equal(go(f), 404);
}

static void
test_post_without_token_keeps_what_was_typed_and_offers_a_new_token(void **state)
{
    struct fixture *f = *state;
    post_form(f, STR("/luu"), STR("amount=8.000&pin=1234&why=l%C3%BD+do"), false);
    assert_int_equal(go(f), 403);
    assert_int_equal(world.n_handled, 0);
    assert_true(has(f->rs.body, STR("8.000")) && has(f->rs.body, STR("lý do")));
    assert_false(has(f->rs.body, STR("1234")));
    assert_true(has(f->rs.body, STR("name=\"csrf\" value=\"")));
}

static void
test_post_with_token_is_taken_and_masks_differ(void **state)
{
    struct fixture *f = *state;
    post_form(f, STR("/luu"), STR("amount=8.000"), true);
    assert_int_equal(go(f), 303);
    assert_true(str_eq(header_of(&f->rs, STR("Location")), STR("/xong/5")));
    assert_false(str_eq(token_mask(&f->cx, STR(SECRET)), token_mask(&f->cx, STR(SECRET))));
}

static void
test_post_from_another_site_is_refused(void **state)
{
    struct fixture *f = *state;
    post_form(f, STR("/luu"), STR("amount=8.000"), true);
    f->rq.headers[f->rq.n_headers - 1].value = STR("https://evil.example");
    assert_int_equal(go(f), 403);
    post_form(f, STR("/luu"), STR("amount=8.000"), true);
    header(f, STR("Sec-Fetch-Site"), STR("cross-site"));
    assert_int_equal(go(f), 403);
    assert_int_equal(world.n_handled, 0);
}

static void
test_expired_session_in_a_form_keeps_what_was_typed(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_POST, STR("/luu"), STR_NULL);
    header(f, STR("Content-Type"), STR("application/x-www-form-urlencoded"));
    f->rq.body = STR("amount=8000&why=con+trai");
    assert_int_equal(go(f), 401);
    assert_true(has(f->rs.body, STR("con trai")) && has(f->rs.body, STR("/dang-nhap?tiep=%2Fluu")));
    request(f, HTTP_GET, STR("/nguoi"), STR_NULL);
    assert_int_equal(go(f), 303);
    assert_true(str_eq(header_of(&f->rs, STR("Location")), STR("/dang-nhap?tiep=%2Fnguoi")));
}

static void
test_wrong_fields_show_the_form_again_with_values_and_messages(void **state)
{
    struct fixture *f = *state;
    post_form(f, STR("/bo-mau"),
              STR("name=%C4%90i%E1%BB%83u+%3CB%3E&born-d=31&born-m=2&born-y=2020&kind=counter"),
              true);
    assert_int_equal(go(f), 422);
    assert_true(has(f->rs.body, STR("value=\"Điểu &lt;B&gt;\"")));
    assert_true(has(f->rs.body, STR("<a href=\"#born\">Ngày sinh: ")));
    assert_true(has(f->rs.body, STR("Ngày này không có trong lịch")));
    assert_true(has(f->rs.body, STR("name=\"kind\" value=\"counter\" checked")));
}

static void
test_flash_is_shown_once(void **state)
{
    struct fixture *f = *state;
    post_form(f, STR("/bo-mau"), STR("name=A&born=1%2F2%2F2020&kind=post"), true);
    assert_int_equal(go(f), 303);
    assert_true(has(header_of(&f->rs, STR("Set-Cookie")), STR("flash=web.saved")));
    request(f, HTTP_GET, STR("/bo-mau"), STR_NULL);
    header(f, STR("Cookie"), STR("flash=web.saved"));
    assert_int_equal(go(f), 200);
    assert_true(has(f->rs.body, STR("Đã lưu")));
    bool is_cleared = false;
    for (size_t i = 0; i < f->rs.n_headers; i++) {
        is_cleared = is_cleared || has(f->rs.headers[i].value, STR("flash=x"));
    }
    assert_true(is_cleared);
}

static void
test_reading_that_cannot_be_recorded_keeps_the_page_in(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_GET, STR("/nguoi"), STR_NULL);
    header(f, STR("Cookie"), STR("sid=1"));
    assert_int_equal(go(f), 200);
    assert_int_equal(world.n_readings, 1);
    assert_true(str_eq(header_of(&f->rs, STR("Cache-Control")), STR("no-store")));
    world.is_reading_broken = true;
    assert_int_equal(go(f), 500);
    assert_false(has(f->rs.body, STR("alert(")));
}

static void
test_busy_store_is_503_with_retry_after(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_GET, STR("/ban"), STR_NULL);
    assert_int_equal(go(f), 503);
    assert_true(header_of(&f->rs, STR("Retry-After")).n > 0);
    assert_true(str_eq(header_of(&f->rs, STR("Cache-Control")), STR("no-store")));
}

static void
test_idempotency_key_gives_the_stored_answer(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        request(f, HTTP_POST, STR("/api/v1/luu"), STR_NULL);
        header(f, STR("Authorization"), STR("Bearer x"));
        header(f, STR("Content-Type"), STR("application/json"));
        header(f, STR("Idempotency-Key"), STR("k1"));
        f->rq.body = STR("{\"amount\": 8000}");
        assert_int_equal(go(f), 201);
        assert_true(has(f->rs.body, STR("/api/v1/xong/5")));
    }
    assert_int_equal(world.n_handled, 1);
    assert_true(str_eq(header_of(&f->rs, STR("Idempotency-Replayed")), STR("true")));
}

static void
test_language_by_query_cookie_and_header(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_GET, STR("/khong-co"), STR("lang=en"));
    assert_int_equal(go(f), 404);
    assert_true(has(f->rs.body, STR("<html lang=\"en\">")) &&
                has(header_of(&f->rs, STR("Set-Cookie")), STR("lang=en")));
    request(f, HTTP_GET, STR("/khong-co"), STR_NULL);
    header(f, STR("Cookie"), STR("lang=en"));
    (void)go(f);
    assert_true(has(f->rs.body, STR("This page cannot be found")));
    request(f, HTTP_GET, STR("/khong-co"), STR_NULL);
    header(f, STR("Accept-Language"), STR("en-GB,en;q=0.8"));
    (void)go(f);
    assert_true(has(f->rs.body, STR("This page cannot be found")));
}

static void
test_cached_page_answers_from_memory_until_cleared(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_GET, STR("/nho"), STR_NULL);
    header(f, STR("Accept-Encoding"), STR("gzip"));
    assert_int_equal(go(f), 200);
    assert_true(str_eq(header_of(&f->rs, STR("Content-Encoding")), STR("gzip")));
    struct str etag = f->rs.etag;
    assert_true(etag.n > 2);
    assert_int_equal(go(f), 200);
    assert_int_equal(world.n_handled, 1);
    header(f, STR("If-None-Match"), etag);
    assert_int_equal(go(f), 304);
    web_cache_clear(f->w);
    f->rq.n_headers--;
    assert_int_equal(go(f), 200);
    assert_int_equal(world.n_handled, 2);
    header(f, STR("Cookie"), STR("sid=1"));
    assert_int_equal(go(f), 200);
    assert_int_equal(world.n_handled, 3);
}

static void
test_static_file_is_precompressed_and_immutable(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < assets_n; i++) {
        request(f, HTTP_GET, assets[i].href, STR_NULL);
        header(f, STR("Accept-Encoding"), STR("gzip, br"));
        assert_int_equal(go(f), 200);
        assert_true(has(header_of(&f->rs, STR("Cache-Control")), STR("immutable")));
        if (str_eq(assets[i].name, STR("public.css"))) {
            assert_true(assets[i].raw.n <= 15000);
            assert_true(str_eq(header_of(&f->rs, STR("Content-Encoding")), STR("br")));
        }
        if (str_eq(assets[i].name, STR("app.js"))) {
            assert_true(assets[i].raw.n < 5000);
        }
    }
}

static void
test_check_routes_over_own_tables_finds_no_fault(void **state)
{
    struct fixture *f = *state;
    struct web_check check;
    web_check_routes(f->w, &f->cx, &check);
    print_message(STR_FMT, STR_ARG(check.report));
    assert_int_equal(check.n_faults, 0);
    assert_true(check.n_routes == 13);
    assert_int_equal(world.n_handled, 0);
}

static void
test_open_with_unknown_permission_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct web_route bad[] = {
        { HTTP_GET, "/a", "no.such", show_error_page, .doc = "x" },
        { HTTP_GET, "/b", NULL, show_error_page, .doc = "x" },
        { HTTP_GET, "/c/{x}", "public", show_error_page, .doc = "x" },
        { HTTP_GET, "/c/{y}", "public", show_error_page, .doc = "x" }
    };
    static const struct web_routes table = { "bad", bad, COUNT_OF(bad) };
    const struct web_routes *all[] = { &table };
    struct web *w = NULL;
    struct web_config config = { .routes = all, .n_routes = 1, .hooks = &hooks };
    assert_int_equal(web_open(&f->cx, &config, &w), ERR_INVALID);
    assert_true(has(str_of(f->cx.err.text), STR("3 faults")));
}

static void
test_openapi_describes_api_routes(void **state)
{
    struct fixture *f = *state;
    request(f, HTTP_GET, STR("/api/openapi.json"), STR_NULL);
    assert_int_equal(go(f), 200);
    struct json *j = NULL;
    struct json_fault fault;
    assert_int_equal(json_parse(f->cx.arena, f->rs.body, (struct json_limits){ 0 }, &j, &fault),
                     ERR_OK);
    const struct json *post = json_get(json_get(json_get(j, "paths"), "/luu"), "post");
    assert_true(str_eq(json_text(post, "x-permission"), STR("signed-in")));
    assert_non_null(json_get(json_get(json_get(j, "paths"), "/trang/{name}"), "get"));
    assert_null(json_get(json_get(j, "paths"), "/nguoi"));
}

static void
test_texts_of_a_pack_override_and_add_a_language(void **state)
{
    struct fixture *f = *state;
    struct texts *t = web_texts_new(f->cx.arena);
    assert_true(web_texts_set(t, STR("vi"), STR("web.home"), STR("Trang đầu")));
    assert_true(web_texts_set(t, STR("stg"), STR("web.home"), STR("Nhih")));
    assert_false(web_texts_set(t, STR("vi"), STR("web.no-such"), STR("x")));
    assert_false(web_texts_set(t, STR("vi"), STR("web.signed_in_as"), STR("{nobody}")));
    f->cx.texts = t;
    assert_true(str_eq(text(&f->cx, "web.home"), STR("Trang đầu")));
    f->cx.lang = STR("stg");
    assert_true(str_eq(text(&f->cx, "web.home"), STR("Nhih")));
    assert_true(str_eq(text(&f->cx, "web.back"), STR("Quay lại")));
    f->cx.lang = STR("vi");
    assert_true(str_eq(text_instant(&f->cx, date_to_us_vn(date_of(2026, 11, 25), 15 * 3600)),
                       STR("thứ Tư, 25/11/2026, 15:00")));
    assert_true(str_eq(text_money(&f->cx, 8000), STR("8.000\xC2\xA0đ")));
    assert_true(str_eq(text_number(&f->cx, -1234567), STR("-1.234.567")));
}

/* Writes the pages that people look at; see tools/preview.mjs. */
static void
test_preview_pages_are_written_when_asked(void **state)
{
    struct fixture *f = *state;
    const char *dir = getenv("PREVIEW_DIR");
    if (dir == NULL) {
        return;
    }
    static const struct {
        struct str path;
        const char *name;
    } pages[] = { { STR_INIT("/bo-mau"), "public" },
                  { STR_INIT("/bo-mau/van-phong"), "office" },
                  { STR_INIT("/khong-co"), "error" } };
    struct app_config config = { .is_demo = true };
    f->cx.config = &config;
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        request(f, HTTP_GET, pages[i].path, STR_NULL);
        (void)go(f);
        struct str to = str_fmt(f->cx.arena, "%s/%s.html", dir, pages[i].name);
        assert_int_equal(sys_file_write(&f->cx, to, f->rs.body), ERR_OK);
    }
    post_form(f, STR("/bo-mau"), STR("name=&born-d=31&born-m=2&born-y=2020&kind=counter"), true);
    (void)go(f);
    assert_int_equal(sys_file_write(&f->cx, str_fmt(f->cx.arena, "%s/again.html", dir), f->rs.body),
                     ERR_OK);
    for (size_t i = 0; i < assets_n; i++) {
        assert_int_equal(
            sys_file_write(&f->cx, str_fmt(f->cx.arena, "%s" STR_FMT, dir, STR_ARG(assets[i].href)),
                           assets[i].raw),
            ERR_OK);
    }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_tpl_esc_of_markup_gives_references),
        T(test_tpl_url_with_script_scheme_becomes_hash),
        T(test_page_with_hostile_data_is_escaped),
        T(test_route_literal_beats_parameter_and_refuses_foreign_redirect),
        T(test_api_of_a_page_gives_its_document),
        T(test_problem_document_names_each_field),
        T(test_database_away_after_a_part_was_written_is_not_called_nothing),
        T(test_not_found_while_the_store_was_away_is_no_answer),
        T(test_caller_who_cannot_be_looked_up_is_asked_to_try_again),
        T(test_post_without_token_keeps_what_was_typed_and_offers_a_new_token),
        T(test_post_with_token_is_taken_and_masks_differ),
        T(test_post_from_another_site_is_refused),
        T(test_expired_session_in_a_form_keeps_what_was_typed),
        T(test_wrong_fields_show_the_form_again_with_values_and_messages),
        T(test_flash_is_shown_once),
        T(test_reading_that_cannot_be_recorded_keeps_the_page_in),
        T(test_busy_store_is_503_with_retry_after),
        T(test_idempotency_key_gives_the_stored_answer),
        T(test_language_by_query_cookie_and_header),
        T(test_cached_page_answers_from_memory_until_cleared),
        T(test_static_file_is_precompressed_and_immutable),
        T(test_check_routes_over_own_tables_finds_no_fault),
        T(test_open_with_unknown_permission_is_refused),
        T(test_openapi_describes_api_routes),
        T(test_texts_of_a_pack_override_and_add_a_language),
        T(test_preview_pages_are_written_when_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
