/* Tests of the JSON Schema validator: one line a rule; the differential test against ajv is
 * test/http. */
#include "engine/form/form_schema.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct json *
parse(struct arena *a, const char *text)
{
    struct json *j = NULL;
    struct json_fault f;
    assert_int_equal(json_parse(a, str_of(text), (struct json_limits){ 0 }, &j, &f), ERR_OK);
    return j;
}

/* "" when valid, else "path keyword" of the first problem. */
static const char *
check(const char *schema, const char *doc)
{
    static char out[200];
    struct arena *a = arena_open(0);
    struct schema *s = NULL;
    struct schema_fault f = { 0 };
    struct schema_env env = { .today = date_of(2026, 11, 22) };
    out[0] = '\0';
    if (schema_compile(a, parse(a, schema), &s, &f) != ERR_OK) {
        (void)snprintf(out, sizeof(out), "refused");
    } else {
        struct schema_problem *p = NULL;
        size_t n = 0;
        bool is_good = schema_validate(a, s, parse(a, doc), &env, &p, &n);
        assert_true(is_good == (n == 0));
        if (n > 0) {
            (void)snprintf(out, sizeof(out), "%.*s %s", STR_ARG(p[0].path), p[0].keyword);
        }
    }
    arena_close(a);
    return out;
}

struct row {
    const char *schema, *doc, *want;
};

static void
check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(check(rows[i].schema, rows[i].doc), rows[i].want) != 0) {
            fail_msg("%s on %s: \"%s\", not \"%s\"", rows[i].schema, rows[i].doc,
                     check(rows[i].schema, rows[i].doc), rows[i].want);
        }
    }
}

static void
test_schema_validate_scalars(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "true", "1", "" },
        { "false", "1", " false" },
        { "{}", "null", "" },
        { "{\"type\":\"integer\"}", "1.0", "" },
        { "{\"type\":\"integer\"}", "1.5", " type" },
        { "{\"type\":[\"string\",\"null\"]}", "null", "" },
        { "{\"enum\":[1,\"a\"]}", "\"a\"", "" },
        { "{\"enum\":[1]}", "2", " enum" },
        { "{\"const\":{\"a\":[1]}}", "{\"a\":[1]}", "" },
        { "{\"multipleOf\":0.01}", "19.99", "" },
        { "{\"multipleOf\":0.01}", "19.995", " multipleOf" },
        { "{\"multipleOf\":7}", "1e3", " multipleOf" },
        { "{\"multipleOf\":8}", "1e3", "" },
        { "{\"minimum\":1.1}", "1.10", "" },
        { "{\"exclusiveMaximum\":5}", "5", " exclusiveMaximum" },
        { "{\"maximum\":1e2}", "100.0001", " maximum" },
        { "{\"minimum\":-3}", "-4", " minimum" },
        { "{\"maxLength\":3}", "\"Đoàn\"", " maxLength" },
        { "{\"minLength\":4}", "\"Đoàn\"", "" },
        { "{\"pattern\":\"^[A-Z]{2}$\"}", "\"AB\"", "" },
        { "{\"pattern\":\"^[A-Z]{2}$\"}", "\"ABC\"", " pattern" },
        { "{\"pattern\":\"^(a+)+$\"}", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
          " pattern" },
        { "{\"pattern\":\"(\"}", "\"\"", "refused" },
        { "{\"type\":\"text\"}", "1", "refused" },
        { "{\"$ref\":\"http://x/y\"}", "1", "refused" },
        { "{\"minLength\":-1}", "1", "refused" },
    };
    check_rows(rows, COUNT_OF(rows));
}

static void
test_schema_validate_objects_and_lists(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "{\"required\":[\"a\"]}", "{}", "a required" },
        { "{\"properties\":{\"h\":{\"required\":[\"u\"]}}}", "{\"h\":{}}", "h.u required" },
        { "{\"properties\":{\"a\":{}},\"additionalProperties\":false}", "{\"a\":1,\"b\":2}",
          "b additionalProperties" },
        { "{\"patternProperties\":{\"^x-\":{\"type\":\"string\"}},\"additionalProperties\":false}",
          "{\"x-a\":\"1\"}", "" },
        { "{\"propertyNames\":{\"maxLength\":2}}", "{\"abc\":1}", "abc maxLength" },
        { "{\"minProperties\":1}", "{}", " minProperties" },
        { "{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}", "b dependentRequired" },
        { "{\"dependentSchemas\":{\"a\":{\"required\":[\"b\"]}}}", "{\"a\":1}", "b required" },
        { "{\"items\":{\"type\":\"integer\"}}", "[1,\"a\"]", "1 type" },
        { "{\"prefixItems\":[{\"type\":\"string\"}],\"items\":false}", "[\"a\",1]", "1 items" },
        { "{\"contains\":{\"const\":1}}", "[2,3]", " contains" },
        { "{\"contains\":{\"const\":1},\"minContains\":0}", "[]", "" },
        { "{\"contains\":{\"const\":1},\"maxContains\":1}", "[1,1]", " maxContains" },
        { "{\"uniqueItems\":true}", "[{\"a\":1},{\"a\":1}]", " uniqueItems" },
        { "{\"unevaluatedProperties\":false,\"allOf\":[{\"properties\":{\"a\":{}}}]}", "{\"a\":1}",
          "" },
        { "{\"unevaluatedProperties\":false,\"allOf\":[{\"properties\":{\"a\":{}}}]}", "{\"b\":1}",
          "b unevaluatedProperties" },
        { "{\"unevaluatedItems\":false,\"prefixItems\":[{}]}", "[1,2]", "1 unevaluatedItems" },
    };
    check_rows(rows, COUNT_OF(rows));
}

static void
test_schema_validate_combinations(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "{\"anyOf\":[{\"type\":\"string\"},{\"minimum\":5}]}", "3", " anyOf" },
        { "{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "3", " oneOf" },
        { "{\"not\":{\"type\":\"string\"}}", "\"a\"", " not" },
        { "{\"if\":{\"properties\":{\"m\":{\"const\":\"d\"}},\"required\":[\"m\"]},\"then\":{"
          "\"required\":[\"r\"]}}",
          "{\"m\":\"d\"}", "r required" },
        { "{\"if\":{\"required\":[\"m\"]},\"then\":{\"required\":[\"r\"]},\"else\":{\"required\":["
          "\"e\"]}}",
          "{}", "e required" },
        { "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"string\"}}}", "1", " type" },
        { "{\"properties\":{\"c\":{\"$ref\":\"#\"}},\"additionalProperties\":false}",
          "{\"c\":{\"c\":{\"x\":1}}}", "c.c.x additionalProperties" },
        { "{\"$ref\":\"#\"}", "1", " limit" },
        { "{\"not\":{\"$ref\":\"#\"}}", "1", " not" },
    };
    check_rows(rows, COUNT_OF(rows));
}

static void
test_schema_format_vietnamese_identifiers(void **state)
{
    (void)state;
    static const struct {
        const char *format, *value;
        bool want;
    } rows[] = {
        { "tax-code", "0100109106", true },
        { "tax-code", "0101243150", true },
        { "tax-code", "0300588569", true },
        { "tax-code", "0300588568", false },
        { "tax-code", "0100109106-001", true },
        { "tax-code", "0100109106001", false },
        { "tax-code", "070099000123", true },
        { "personal-id", "070099000123", true },
        { "personal-id", "07009900012", false },
        { "personal-id", "003099000123", false },
        { "personal-id", "07009900012x", false },
        { "phone-vn", "0912345678", true },
        { "phone-vn", "+84912345678", true },
        { "phone-vn", "02713870123", true },
        { "phone-vn", "0112345678", false },
        { "phone-vn", "091234567", false },
        { "phone-vn", "", false },
        { "phone-vn", "0", false },
        { "email", "lan@xa.vn", true },
        { "email", "lan@xa", false },
        { "email", "l an@xa.vn", false },
        { "email", ".a@xa.vn", false },
        { "date", "2024-02-29", true },
        { "date", "2023-02-29", false },
        { "uri", "https://a.vn/b", true },
        { "uri", "a.vn", false },
        { "time", "08:30", true },
        { "time", "24:00", false },
        { "time", "", false },
        { "unheard-of", "x", true },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (schema_format_ok(str_of(rows[i].format), str_of(rows[i].value)) != rows[i].want) {
            fail_msg("%s %s", rows[i].format, rows[i].value);
        }
    }
}

static void
test_schema_validate_own_keywords(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "{\"x-date\":\"past\"}", "\"2026-11-21\"", "" },
        { "{\"x-date\":\"past\"}", "\"2026-11-22\"", " x-date" },
        { "{\"x-date\":\"past-or-today\"}", "\"2026-11-22\"", "" },
        { "{\"x-date\":\"today-or-future\"}", "\"2026-11-22\"", "" },
        { "{\"x-date\":\"today-or-future\"}", "\"2026-11-21\"", " x-date" },
        { "{\"x-date\":\"future\"}", "\"2026-11-23\"", "" },
        { "{\"x-age-min\":18}", "\"2008-11-22\"", "" },
        { "{\"x-age-min\":18}", "\"2008-11-23\"", " x-age-min" },
        { "{\"x-age-max\":5}", "\"2020-11-22\"", " x-age-max" },
        { "{\"properties\":{\"id\":{\"x-agrees\":{\"birth\":\"b\",\"sex\":\"s\"}}}}",
          "{\"id\":\"070099000123\",\"b\":\"1999-01-02\",\"s\":\"male\"}", "" },
        { "{\"properties\":{\"id\":{\"x-agrees\":{\"birth\":\"b\",\"sex\":\"s\"}}}}",
          "{\"id\":\"070099000123\",\"b\":\"1998-01-02\"}", "id x-agrees" },
        { "{\"properties\":{\"id\":{\"x-agrees\":{\"birth\":\"b\",\"sex\":\"s\"}}}}",
          "{\"id\":\"070305000123\",\"b\":\"2005-01-02\",\"s\":\"male\"}", "id x-agrees" },
    };
    check_rows(rows, COUNT_OF(rows));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_validate_scalars),
        cmocka_unit_test(test_schema_validate_objects_and_lists),
        cmocka_unit_test(test_schema_validate_combinations),
        cmocka_unit_test(test_schema_format_vietnamese_identifiers),
        cmocka_unit_test(test_schema_validate_own_keywords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
