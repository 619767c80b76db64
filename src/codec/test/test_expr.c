/* Tests of the small expression language. */
#include "codec/expr.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *
eval(const char *text)
{
    static char out[200];
    struct arena *a = arena_open(0);
    struct json *doc = NULL;
    struct json_fault jf;
    assert_int_equal(
        json_parse(a,
                   STR("{\"name\":\"Lan\",\"age\":20,\"rate\":1.25,\"ok\":true,\"none\":null,"
                       "\"list\":[1,2,3],\"home\":{\"unit\":\"25195\"},\"day\":\"2026-11-22\"}"),
                   (struct json_limits){ 0 }, &doc, &jf),
        ERR_OK);
    struct expr_var vars[] = { { STR("today"), expr_of_str(STR("2026-11-22")) },
                               { STR("a"), { .type = EXPR_NODE, .node = doc } } };
    struct expr_scope scope = { .doc = doc, .vars = vars, .n_vars = COUNT_OF(vars) };
    const struct expr *e = NULL;
    struct expr_fault f = { 0 };
    if (expr_compile(a, str_of(text), &e, &f) != ERR_OK) {
        (void)snprintf(out, sizeof(out), "fault %u", f.column);
    } else {
        struct expr_value v = expr_eval(e, &scope);
        if (v.type == EXPR_NULL) {
            (void)snprintf(out, sizeof(out), "null");
        } else if (v.type == EXPR_BOOL) {
            (void)snprintf(out, sizeof(out), "%s", v.is_true ? "true" : "false");
        } else if (v.type == EXPR_NUMBER) {
            (void)snprintf(out, sizeof(out), "%" PRId64, v.scaled);
        } else {
            (void)snprintf(out, sizeof(out), "%.*s", STR_ARG(v.text));
        }
    }
    arena_close(a);
    return out;
}

static void
test_expr_eval_values_and_operators_follow_feel(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "1 + 2 * 3", "70000" },
        { "(1 + 2) * 3", "90000" },
        { "1.5 * 2", "30000" },
        { "-age + 1", "-190000" },
        { "10 - 3 - 2", "50000" },
        { "rate * 2", "25000" },
        { "age >= 18 and age < 60", "true" },
        { "name = \"Lan\"", "true" },
        { "name != \"Lan\"", "false" },
        { "missing = null", "true" },
        { "none = null", "true" },
        { "name = null", "false" },
        { "missing > 1", "null" },
        { "name > 1", "null" },
        { "name = 1", "null" },
        { "true or missing", "true" },
        { "false and missing", "false" },
        { "true and missing", "null" },
        { "false or missing", "null" },
        { "not(missing)", "null" },
        { "not(age = 20)", "false" },
        { "name in (\"Mai\", \"Lan\")", "true" },
        { "age in (1, 2)", "false" },
        { "missing in (\"a\")", "false" },
        { "age between 18 and 20", "true" },
        { "age between 1 and 5 or ok", "true" },
        { "age between 18 and 20 and name = \"Lan\"", "true" },
        { "count(list)", "30000" },
        { "count(missing)", "0" },
        { "count(list) = 3 and ok", "true" },
        { "min(3, 1, 2)", "10000" },
        { "max(age, 30)", "300000" },
        { "home.unit", "25195" },
        { "a.home.unit = home.unit", "true" },
        { "a.name", "Lan" },
        { "day <= today", "true" },
        { "\"a\\\"b\"", "a\"b" },
        { "\"đ\" > \"d\"", "true" },
        { "a or ok = true", "true" },
        { "9000000000000 * 9000000000000", "null" },
        { "not(not(ok))", "true" },
        { "null", "null" },
        { "days(\"2026-09-22\", today)", "610000" },
        { "days(today, \"2026-11-20\")", "-20000" },
        { "days(missing, today) > 60", "null" },
        { "days(\"2026-02-30\", today)", "null" },
        { "days(age, today)", "null" },
        { "days = null", "true" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_string_equal(eval(cases[i][0]), cases[i][1]);
    }
}

static void
test_expr_compile_faulty_text_names_column(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "", "fault 1" },
        { "1 +", "fault 4" },
        { "(1", "fault 1" },
        { "1)", "fault 2" },
        { "a b", "fault 3" },
        { "a = b = c", "fault 7" },
        { "\"open", "fault 1" },
        { "\"\\x\"", "fault 2" },
        { "1.23456", "fault 1" },
        { "x in 5", "fault 6" },
        { "not(1, 2)", "fault 1" },
        { "a, b", "fault 2" },
        { "x between 1", "fault 3" },
        { "5x", "fault 2" },
        { "a @ b", "fault 3" },
        { "and", "fault 1" },
        { "()", "fault 2" },
        { "min()", "fault 5" },
        { "days(today)", "fault 1" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_string_equal(eval(cases[i][0]), cases[i][1]);
    }
}

static void
test_expr_compile_too_deep_or_long_is_refused(void **state)
{
    (void)state;
    char deep[200];
    memset(deep, '(', 100);
    deep[99] = '1';
    memset(deep + 100, ')', 99);
    deep[199] = '\0';
    assert_true(str_starts(str_of(eval(deep)), STR("fault")));
    static char longer[1200];
    memset(longer, '1', sizeof(longer) - 1);
    assert_string_equal(eval(longer), "fault 1");
}

static void
test_expr_names_repeated_name_is_listed_once(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    const struct expr *e = NULL;
    struct expr_fault f;
    assert_int_equal(expr_compile(a, STR("a.b = 1 or a.b = 2 or c"), &e, &f), ERR_OK);
    const struct str *names = NULL;
    assert_int_equal(expr_names(e, &names), 2);
    assert_true(str_eq(names[0], STR("a.b")));
    assert_true(expr_is_true(NULL, NULL));
    arena_close(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expr_eval_values_and_operators_follow_feel),
        cmocka_unit_test(test_expr_compile_faulty_text_names_column),
        cmocka_unit_test(test_expr_compile_too_deep_or_long_is_refused),
        cmocka_unit_test(test_expr_names_repeated_name_is_listed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
