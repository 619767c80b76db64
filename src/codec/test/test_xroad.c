/* Tests of xroad: envelopes as the relay looks at them. */
#include "codec/xroad.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define OPEN                                                                                       \
    "<s:Envelope xmlns:s=\"" XROAD_SOAP_NS "\" xmlns:w=\"http://www.w3.org/2005/08/addressing\">"
#define END "</s:Envelope>"

static enum err
read(struct arena *a, const char *s, enum xroad_read how, struct xroad *ret, const char **fault)
{
    const char *what = NULL;
    return xroad_read(a, str_of(s), (struct xml_limits){ .nodes_max = 100 }, how, ret, fault,
                      &what);
}

static void
test_xroad_read_answer_cut_anywhere_is_understood(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    const char *begin = OPEN "<s:Body><t:R xmlns:t='urn:t'><t:x>";
    const char *ends[] = { "\xe1", "\xe1\xba", "\xe1\xba\xbf", "\xc4", "\xf0\x9f\x98", "" };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct xroad m;
        const char *fault = NULL;
        struct str s = str_fmt(a, "%s%s", begin, ends[i]);
        assert_int_equal(read(a, str_z(a, s), XROAD_ANSWER, &m, &fault), ERR_OK);
        assert_true(str_eq(m.body->name, STR("R")) && !m.has_fields);
    }
    struct xroad m;
    const char *fault = NULL;
    struct str bad = str_fmt(a, "%s\xe1\xba\x20\x20\x20", begin);
    assert_int_equal(read(a, str_z(a, bad), XROAD_ANSWER, &m, &fault), ERR_BAD_REQUEST);
    arena_close(a);
}

static void
test_xroad_read_another_encoding_is_refused(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    const char *body = OPEN "<s:Body><R/></s:Body>" END;
    const char *good[] = { "UTF-8", "utf-8", "us-ascii" };
    const char *bad[] = { "UTF-7", "UTF-8-MAC", "utf-81", "UTF-16", "US-ASCII-7", "x" };
    struct xroad m;
    const char *fault = NULL;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct str s = str_fmt(a, "<?xml version='1.0' encoding='%s'?>%s", good[i], body);
        assert_int_equal(read(a, str_z(a, s), XROAD_REQUEST, &m, &fault), ERR_OK);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct str s = str_fmt(a, "<?xml version='1.0' encoding='%s'?>%s", bad[i], body);
        assert_int_equal(read(a, str_z(a, s), XROAD_REQUEST, &m, &fault), ERR_BAD_REQUEST);
        assert_string_equal(fault, "InvalidSoap");
    }
    arena_close(a);
}

static void
test_xroad_is_addressed_another_operation_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *said, *action;
        bool is_good;
    } v[] = {
        { "urn:t/R", "", true },
        { "urn:t/P/RRequest", "", true },
        { "urn:t/Q", "", false },
        { "urn:t/P/QRequest", "", false },
        { "urn:t/R", "urn:do/R", false },
        { "urn:do/R", "urn:do/R", true },
        { "urn:t/RRequest", "urn:do/R", false },
    };
    struct arena *a = arena_open(0);
    struct xroad m;
    const char *fault = NULL;
    for (size_t i = 0; i < COUNT_OF(v); i++) {
        struct str s = str_fmt(a,
                               OPEN "<s:Header><w:Action>%s</w:Action></s:Header><s:Body><R/>"
                                    "</s:Body>" END,
                               v[i].said);
        assert_int_equal(read(a, str_z(a, s), XROAD_REQUEST, &m, &fault), ERR_OK);
        assert_int_equal(xroad_is_addressed(&m, str_of(v[i].action)), v[i].is_good);
    }
    assert_int_equal(read(a,
                          OPEN "<s:Header><w:Action>R</w:Action><w:Action>Q</w:Action></s:Header>"
                               "<s:Body><R/></s:Body>" END,
                          XROAD_REQUEST, &m, &fault),
                     ERR_BAD_REQUEST);
    assert_string_equal(fault, "DuplicateHeaderField");
    assert_int_equal(read(a, OPEN "<s:Body><R/></s:Body>" END, XROAD_REQUEST, &m, &fault), ERR_OK);
    assert_true(xroad_is_addressed(&m, STR("urn:do/R")));
    arena_close(a);
}

static void
test_xroad_is_type_anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const good[] = { "text/xml", "Text/XML; charset=UTF-8",
                                        "text/xml;charset=\"utf-8\"", "text/xml; a=b" };
    static const char *const bad[] = { "",
                                       "application/xml",
                                       "multipart/related; boundary=x",
                                       "text/xml; charset=utf-7",
                                       "text/xml; charset=utf-8; charset=utf-16",
                                       "text/xml; charset=",
                                       "application/soap+xml" };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(xroad_is_type(str_of(good[i])));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(xroad_is_type(str_of(bad[i])));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xroad_read_answer_cut_anywhere_is_understood),
        cmocka_unit_test(test_xroad_read_another_encoding_is_refused),
        cmocka_unit_test(test_xroad_is_addressed_another_operation_is_refused),
        cmocka_unit_test(test_xroad_is_type_anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
