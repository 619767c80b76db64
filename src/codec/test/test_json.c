/* Tests of json: writer, reader, comparison. */
#include "codec/json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct json *
parse(struct arena *a, struct str s)
{
    struct json *j = NULL;
    struct json_fault fault = { 0 };
    assert_int_equal(json_parse(a, s, (struct json_limits){ 0 }, &j, &fault), ERR_OK);
    return j;
}

static void
test_json_out_nested_has_commas_and_escapes(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct buf b = buf_new(a, 4096);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "tên", STR("Thị \"Nở\"\n\x01"));
    json_key(&o, "l");
    json_open_list(&o);
    json_i64(&o, -1);
    json_open(&o);
    json_close(&o);
    json_open_list(&o);
    json_null(&o);
    json_bool(&o, true);
    json_close_list(&o);
    json_close_list(&o);
    json_put_str(&o, "none", STR_NULL);
    json_put_bool(&o, "f", false);
    json_put_i64(&o, "n", INT64_MIN);
    json_put_str(&o, "bad",
                 STR("a\xFF"
                     "b\xE1\xBB"));
    json_close(&o);
    assert_true(
        str_eq(buf_str(&b),
               STR("{\"tên\":\"Thị \\\"Nở\\\"\\n\\u0001\",\"l\":[-1,{},[null,true]],\"none\":null,"
                   "\"f\":false,\"n\":-9223372036854775808,"
                   "\"bad\":\"a\xEF\xBF\xBD"
                   "b\xEF\xBF\xBD\xEF\xBF\xBD\"}")));
    arena_close(a);
}

static void
test_json_parse_values_and_getters(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct json *j =
        parse(a, STR(" {\"s\":\"a\\u0111\\ud83c\\udf3e\\n\", \"i\":-12,\n\"r\":1.5e3, \"t\":true,"
                     "\"l\":[1,[],{}], \"big\":9223372036854775808}\r\n"));
    assert_true(str_eq(json_text(j, "s"), STR("ađ\xF0\x9F\x8C\xBE\n")));
    assert_int_equal(json_int(j, "i", 0), -12);
    assert_int_equal(json_int(j, "r", 7), 7);
    assert_true(str_eq(json_get(j, "r")->text, STR("1.5e3")));
    assert_int_equal(json_get(j, "r")->line, 2);
    assert_true(json_flag(j, "t", false));
    assert_int_equal(json_get(j, "l")->n, 3);
    assert_false(json_get(j, "big")->is_int);
    assert_null(json_get(j, "zz"));
    assert_null(json_get(NULL, "zz"));
    assert_null(json_text(j, "i").p);
    int n = 0;
    for (JSON_EACH(json_get(j, "l"), it)) {
        n++;
    }
    assert_int_equal(n, 3);
    arena_close(a);
}

static void
test_json_parse_malformed_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[",
        "[1,]",
        "{\"a\":1,}",
        "[,1]",
        "{,}",
        "{\"a\"}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "[1 2]",
        "01",
        "-",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "tru",
        "nul",
        "True",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800\\u0041\"",
        "\"\\u0000\"",
        "\"\n\"",
        "1 1",
        "]",
        "{]",
        "[}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{\"a\":1,\"\\u0061\":3}",
        "\xEF\xBB\xBF{}",
        "\"\xC3\"",
        "NaN",
        "/**/1",
        "'a'",
        "\"\\",
        "[1]]",
    };
    struct arena *a = arena_open(0);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct json *j = NULL;
        struct json_fault fault = { 0 };
        enum err e = json_parse(a, str_of(bad[i]), (struct json_limits){ 0 }, &j, &fault);
        if (e != ERR_BAD_REQUEST || fault.what == NULL || fault.line == 0 || j != NULL) {
            fail_msg("accepted or without fault: %s", bad[i]);
        }
    }
    arena_close(a);
}

static void
test_json_parse_fault_names_line_and_column(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct json *j = NULL;
    struct json_fault fault = { 0 };
    (void)!json_parse(a, STR("{\n \"a\": 1,\n \"b\" 2\n}"), (struct json_limits){ 0 }, &j, &fault);
    assert_int_equal(fault.line, 3);
    assert_int_equal(fault.column, 6);
    (void)!json_parse(a, STR("{\n \"a\": 1,\n \"b\": 2,\n \"a\":3\n}"), (struct json_limits){ 0 },
                      &j, &fault);
    assert_int_equal(fault.line, 4);
    (void)!json_parse(a, STR("[\n\"\xFF\"]"), (struct json_limits){ 0 }, &j, &fault);
    assert_int_equal(fault.line, 2);
    arena_close(a);
}

static void
test_json_parse_limits_hold(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct json *j = NULL;
    struct json_limits two = { .depth_max = 2, .nodes_max = 4 };
    assert_int_equal(json_parse(a, STR("[[1,2]]"), two, &j, NULL), ERR_OK);
    assert_int_equal(json_parse(a, STR("[[[]]]"), two, &j, NULL), ERR_BAD_REQUEST);
    assert_int_equal(json_parse(a, STR("[[1,2,3]]"), two, &j, NULL), ERR_BAD_REQUEST);
    struct buf deep = buf_new(a, 1 << 20);
    for (int i = 0; i < 100000; i++) {
        buf_add_char(&deep, '[');
    }
    assert_int_equal(
        json_parse(a, buf_str(&deep), (struct json_limits){ .depth_max = 1000000 }, &j, NULL),
        ERR_BAD_REQUEST);
    arena_close(a);
}

static void
test_json_write_tree_is_stable(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str text =
        STR("{\"a\":[1,2.50,{\"b\":null},[],{}],\"c\":\"\\\"\",\"d\":{\"e\":false},\"f\":[[[1]]]}");
    struct buf b = buf_new(a, 4096);
    struct json_out o = json_out(&b);
    json_write(&o, parse(a, text));
    assert_true(str_eq(buf_str(&b), text));
    assert_int_equal(o.depth, 0);
    arena_close(a);
}

static bool
equal(struct arena *a, const char *x, const char *y)
{
    return json_equal(parse(a, str_of(x)), parse(a, str_of(y)));
}

static void
test_json_equal_ignores_order_and_number_form(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    assert_true(equal(a, "{\"a\":1,\"b\":[1,{\"x\":1,\"y\":2}]}",
                      "{\"b\":[1.0,{\"y\":2,\"x\":10e-1}],\"a\":1}"));
    assert_true(equal(a, "0.0", "-0"));
    assert_true(equal(a, "100", "1e2"));
    assert_true(equal(a, "0.001", "1E-3"));
    assert_false(equal(a, "1e400", "1e401"));
    assert_false(equal(a, "12", "1.20"));
    assert_false(equal(a, "[1,2]", "[2,1]"));
    assert_false(equal(a, "{\"a\":1}", "{\"b\":1}"));
    assert_false(equal(a, "{\"a\":1}", "{\"a\":1,\"b\":1}"));
    assert_false(equal(a, "1", "\"1\""));
    assert_false(equal(a, "[[1],[2]]", "[[1],[3]]"));
    arena_close(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_out_nested_has_commas_and_escapes),
        cmocka_unit_test(test_json_parse_values_and_getters),
        cmocka_unit_test(test_json_parse_malformed_is_refused),
        cmocka_unit_test(test_json_parse_fault_names_line_and_column),
        cmocka_unit_test(test_json_parse_limits_hold),
        cmocka_unit_test(test_json_write_tree_is_stable),
        cmocka_unit_test(test_json_equal_ignores_order_and_number_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
