/* Tests of the codecs of HTTP: url, form, multipart, cookie, base64, hex. */
#include "codec/base64.h"
#include "codec/cookie.h"
#include "codec/form.h"
#include "codec/hex.h"
#include "codec/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_url_encode_decode_round_trip(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str s = STR("làm giấy/khai sinh?&=+%~");
    struct str back;
    assert_true(str_eq(url_encode(a, STR("đ /~")), STR("%C4%91%20%2F~")));
    assert_true(str_eq(url_encode_path(a, STR("/a b/ư")), STR("/a%20b/%C6%B0")));
    assert_int_equal(url_decode(a, url_encode(a, s), &back), ERR_OK);
    assert_true(str_eq(back, s));
    assert_int_equal(url_decode(a, STR("a%2"), &back), ERR_BAD_REQUEST);
    assert_int_equal(url_decode(a, STR("a%zz"), &back), ERR_BAD_REQUEST);
    assert_int_equal(url_decode(a, STR("a%00"), &back), ERR_BAD_REQUEST);
    assert_int_equal(url_decode(a, STR("%C4"), &back), ERR_BAD_REQUEST);
    assert_int_equal(url_decode(a, STR("a+b"), &back), ERR_OK);
    assert_true(str_eq(back, STR("a+b")));
    arena_close(a);
}

static void
test_url_query_pairs_and_build(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct url_pair *p = NULL;
    size_t n = 0;
    assert_int_equal(url_query(a, STR("q=s%E1%BB%95+%C4%91%E1%BB%8F&&empty=&flag&q=2"), 10, &p, &n),
                     ERR_OK);
    assert_int_equal(n, 4);
    assert_true(str_eq(url_query_get(p, n, STR("q")), STR("sổ đỏ")));
    assert_true(url_query_get(p, n, STR("flag")).n == 0 &&
                url_query_get(p, n, STR("flag")).p != NULL);
    assert_null(url_query_get(p, n, STR("none")).p);
    assert_int_equal(url_query(a, STR("a&b&c"), 2, &p, &n), ERR_TOO_LARGE);
    struct url_pair out[] = { { STR("a b"), STR("1&2") },
                              { STR("no"), STR_NULL },
                              { STR("c"), STR("") } };
    assert_true(str_eq(url_query_build(a, out, 3), STR("a%20b=1%262&c=")));
    assert_true(str_eq(form_build(a, out, 3), STR("a+b=1%262&c=")));
    assert_true(
        str_eq(url_join(a, STR("http://x/"), STR("/p"), STR("q=1")), STR("http://x/p?q=1")));
    assert_true(str_eq(url_join(a, STR("http://x"), STR("p"), STR("")), STR("http://x/p")));
    arena_close(a);
}

static void
test_url_split_and_is_local(void **state)
{
    (void)state;
    struct url_parts u;
    assert_true(url_split(STR("https://id.gov.vn:8443/auth?x=1#f"), &u));
    assert_true(str_eq(u.host, STR("id.gov.vn")) && u.port == 8443 &&
                str_eq(u.path, STR("/auth")) && str_eq(u.query, STR("x=1")));
    assert_true(url_split(STR("http://[::1]:80"), &u) && str_eq(u.host, STR("::1")) &&
                u.port == 80);
    assert_false(url_split(STR("https://user@host/"), &u));
    assert_false(url_split(STR("ftp://host/"), &u));
    assert_false(url_split(STR("https:///x"), &u));
    assert_false(url_split(STR("https://h:0/x"), &u));
    assert_true(url_is_local(STR("/ho-so/1?x=1")));
    assert_false(url_is_local(STR("//evil")));
    assert_false(url_is_local(STR("/\\evil")));
    assert_false(url_is_local(STR("http://evil")));
    assert_false(url_is_local(STR("/a\r\nSet-Cookie: x")));
    assert_false(url_is_local(STR("")));
}

static void
test_form_parse_limits_hold(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct url_pair *p = NULL;
    size_t n = 0;
    struct form_limits l = { .pairs_max = 2, .name_max_bytes = 3, .value_max_bytes = 4 };
    assert_int_equal(form_parse(a, STR("abc=1234&d=+"), l, &p, &n), ERR_OK);
    assert_true(n == 2 && str_eq(p[1].value, STR(" ")));
    assert_int_equal(form_parse(a, STR("abcd=1"), l, &p, &n), ERR_TOO_LARGE);
    assert_int_equal(form_parse(a, STR("a=12345"), l, &p, &n), ERR_TOO_LARGE);
    assert_int_equal(form_parse(a, STR("a=1&b=2&c=3"), l, &p, &n), ERR_TOO_LARGE);
    assert_int_equal(form_parse(a, STR(""), l, &p, &n), ERR_OK);
    assert_int_equal(n, 0);
    arena_close(a);
}

static void
test_base64_vectors_of_rfc4648(void **state)
{
    (void)state;
    static const char *const v[][2] = { { "", "" },
                                        { "f", "Zg==" },
                                        { "fo", "Zm8=" },
                                        { "foo", "Zm9v" },
                                        { "foob", "Zm9vYg==" },
                                        { "fooba", "Zm9vYmE=" },
                                        { "foobar", "Zm9vYmFy" } };
    struct arena *a = arena_open(0);
    struct str back;
    for (size_t i = 0; i < COUNT_OF(v); i++) {
        assert_true(str_eq(base64_encode(a, str_of(v[i][0])), str_of(v[i][1])));
        assert_true(base64_decode(a, str_of(v[i][1]), &back) && str_eq(back, str_of(v[i][0])));
    }
    assert_true(str_eq(base64_url_encode(a, STR("\xfb\xff\xfe"
                                                "a")),
                       STR("-__-YQ")));
    assert_true(base64_url_decode(a, STR("-__-YQ"), &back) && back.n == 4);
    assert_false(base64_decode(a, STR("Zg="), &back));
    assert_false(base64_decode(a, STR("Zg"), &back));
    assert_false(base64_decode(a, STR("Zh=="), &back));
    assert_false(base64_decode(a, STR("Z==="), &back));
    assert_false(base64_decode(a, STR("Zg==Zg=="), &back));
    assert_false(base64_decode(a, STR("Zm 9"), &back));
    assert_false(base64_url_decode(a, STR("Zg=="), &back));
    assert_false(base64_url_decode(a, STR("+/"), &back));
    arena_close(a);
}

static void
test_hex_round_trip(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str back;
    assert_true(str_eq(hex_encode(a, STR("\x00\xff\x1a")), STR("00ff1a")));
    assert_true(hex_decode(a, STR("00FF1a"), &back) && back.n == 3 && back.p[2] == 0x1a);
    assert_false(hex_decode(a, STR("0"), &back));
    assert_false(hex_decode(a, STR("0g"), &back));
    arena_close(a);
}

static void
test_cookie_get_and_build(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str h = STR("a=1; s=\"q\"; bad; x y=3; s=2;t= ;u=\xff; v=ok");
    assert_true(str_eq(cookie_get(h, STR("a")), STR("1")));
    assert_true(str_eq(cookie_get(h, STR("s")), STR("q")));
    assert_true(str_eq(cookie_get(h, STR("v")), STR("ok")));
    assert_null(cookie_get(h, STR("u")).p);
    assert_null(cookie_get(h, STR("x y")).p);
    assert_null(cookie_get(STR_NULL, STR("a")).p);
    struct cookie c = { .name = STR("__Host-s"),
                        .value = STR("abc"),
                        .max_age_s = 60,
                        .is_secure = true,
                        .is_http_only = true };
    assert_true(str_eq(cookie_build(a, &c),
                       STR("__Host-s=abc; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax")));
    c.value = STR("a;b");
    assert_null(cookie_build(a, &c).p);
    arena_close(a);
}

static void
test_multipart_boundary_rules(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str b;
    assert_true(multipart_boundary(a, STR("multipart/form-data; boundary=----WebKitX1"), &b));
    assert_true(str_eq(b, STR("----WebKitX1")));
    assert_true(
        multipart_boundary(a, STR("Multipart/Form-Data; charset=utf-8; Boundary=\"a b:c\""), &b));
    assert_true(str_eq(b, STR("a b:c")));
    assert_false(multipart_boundary(a, STR("multipart/mixed; boundary=x"), &b));
    assert_false(multipart_boundary(a, STR("multipart/form-data"), &b));
    assert_false(multipart_boundary(a, STR("multipart/form-data; boundary="), &b));
    assert_false(multipart_boundary(a, STR("multipart/form-data; boundary=a; boundary=b"), &b));
    assert_false(multipart_boundary(a, STR("multipart/form-data; boundary=\"a"), &b));
    assert_false(multipart_boundary(a, STR("multipart/form-data; boundary=a<b"), &b));
    arena_close(a);
}

#define BODY                                                                                       \
    "--XX\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nxin chào\r\n"                      \
    "--XX\r\nContent-Disposition: form-data; name=\"f\"; "                                         \
    "filename=\"C:\\anh\\gi%22y.jpg\"\r\nContent-Type: image/jpeg"                                 \
    "\r\n\r\n\xFF\xD8\r\n--X\x00\r\n--XX\r\n"                                                      \
    "content-disposition: form-data; name=e; filename=\"\"\r\n\r\n\r\n--XX--\r\n"

static void
test_multipart_parse_fields_and_files(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct multipart_part *p = NULL;
    size_t n = 0;
    assert_int_equal(
        multipart_parse(a, STR(BODY), STR("XX"), (struct multipart_limits){ 0 }, &p, &n), ERR_OK);
    assert_int_equal(n, 3);
    assert_true(str_eq(p[0].name, STR("t")) && str_eq(p[0].bytes, STR("xin chào")) &&
                p[0].filename.p == NULL);
    assert_true(str_eq(p[1].filename, STR("gi\"y.jpg")) &&
                str_eq(p[1].content_type, STR("image/jpeg")));
    assert_true(str_eq(p[1].bytes, STR("\xFF\xD8\r\n--X\x00")));
    assert_true(p[2].filename.p != NULL && p[2].filename.n == 0 && p[2].bytes.n == 0);
    arena_close(a);
}

static void
test_multipart_parse_every_cut_is_refused(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str body = STR(BODY);
    struct multipart_part *p = NULL;
    size_t n = 0;
    for (size_t k = 0; k < body.n - 2; k++) {
        char *exact = arena_copy(a, body.p, k);
        assert_int_equal(multipart_parse(a, (struct str){ exact, k }, STR("XX"),
                                         (struct multipart_limits){ 0 }, &p, &n),
                         ERR_BAD_REQUEST);
        arena_reset(a);
    }
    arena_close(a);
}

static void
test_multipart_parse_limits_and_malformed(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct multipart_part *p = NULL;
    size_t n = 0;
    struct str body = STR(BODY);
    assert_int_equal(
        multipart_parse(a, body, STR("XX"), (struct multipart_limits){ .parts_max = 2 }, &p, &n),
        ERR_TOO_LARGE);
    assert_int_equal(
        multipart_parse(a, body, STR("XX"), (struct multipart_limits){ .files_max = 1 }, &p, &n),
        ERR_TOO_LARGE);
    assert_int_equal(multipart_parse(a, body, STR("XX"),
                                     (struct multipart_limits){ .value_max_bytes = 4 }, &p, &n),
                     ERR_TOO_LARGE);
    assert_int_equal(multipart_parse(a, body, STR("XX"),
                                     (struct multipart_limits){ .file_max_bytes = 4 }, &p, &n),
                     ERR_TOO_LARGE);
    assert_int_equal(multipart_parse(a, body, STR("XX"),
                                     (struct multipart_limits){ .head_max_bytes = 20 }, &p, &n),
                     ERR_TOO_LARGE);
    static const char *const bad[] = {
        "--XX\r\n\r\nx\r\n--XX--",
        "--XX\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: "
        "base64\r\n\r\nx\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--XXY\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n\xff\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--XX--junk",
        "junk\r\n--XX--",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(
            multipart_parse(a, str_of(bad[i]), STR("XX"), (struct multipart_limits){ 0 }, &p, &n),
            ERR_BAD_REQUEST);
    }
    arena_close(a);
}

static void
test_multipart_save_then_map_same_bytes(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    const char *path = str_z(a, str_fmt(a, "/tmp/bombo-test-multipart-%d", (int)getpid()));
    struct str bytes;
    (void)unlink(path);
    assert_int_equal(multipart_map(path, &bytes), ERR_NOT_FOUND);
    assert_int_equal(multipart_save(STR(BODY), path), ERR_OK);
    assert_int_equal(multipart_save(STR(BODY), path), ERR_IO);
    assert_int_equal(multipart_map(path, &bytes), ERR_OK);
    assert_true(str_eq(bytes, STR(BODY)));
    multipart_unmap(bytes);
    (void)unlink(path);
    arena_close(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_url_encode_decode_round_trip),
        cmocka_unit_test(test_url_query_pairs_and_build),
        cmocka_unit_test(test_url_split_and_is_local),
        cmocka_unit_test(test_form_parse_limits_hold),
        cmocka_unit_test(test_base64_vectors_of_rfc4648),
        cmocka_unit_test(test_hex_round_trip),
        cmocka_unit_test(test_cookie_get_and_build),
        cmocka_unit_test(test_multipart_boundary_rules),
        cmocka_unit_test(test_multipart_parse_fields_and_files),
        cmocka_unit_test(test_multipart_parse_every_cut_is_refused),
        cmocka_unit_test(test_multipart_parse_limits_and_malformed),
        cmocka_unit_test(test_multipart_save_then_map_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
