/* Tests of xml: the hardened reader. */
#include "codec/xml.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static enum err
parse(struct arena *a, const char *s, struct xml **ret, struct xml_fault *fault)
{
    *fault = (struct xml_fault){ 0 };
    return xml_parse(a, str_of(s), (struct xml_limits){ .depth_max = 5, .nodes_max = 20 }, ret,
                     fault);
}

static void
test_xml_parse_tree_with_namespaces_and_lines(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct xml *x = NULL;
    struct xml_fault f;
    assert_int_equal(
        parse(a,
              "<?xml version=\"1.0\"?>\n<b:d xmlns:b=\"urn:b\" xmlns=\"urn:d\" id='x &amp; &#60; "
              "\"y\"'>\n"
              " <!-- c --><b:p b:k='1' k='2'/>\n <q>a &lt; b<![CDATA[ & <c>]]> </q>\n</b:d>",
              &x, &f),
        ERR_OK);
    assert_true(xml_is(x, "urn:b", "d") && str_eq(xml_get(x, "id"), STR("x & < \"y\"")));
    const struct xml *p = xml_child(x, "urn:b", "p");
    assert_non_null(p);
    assert_int_equal(p->line, 3);
    assert_true(str_eq(xml_get(p, "k"), STR("2")) && str_eq(xml_get_ns(p, "urn:b", "k"), STR("1")));
    const struct xml *q = xml_child(x, NULL, "q");
    assert_true(str_eq(q->text, STR("a < b & <c>")) && str_eq(q->ns, STR("urn:d")));
    assert_null(xml_get(q, "none").p);
    assert_int_equal(x->text.n, 0);
    int n = 0;
    for (const struct xml *at = xml_walk(x, x); at != NULL; at = xml_walk(x, at)) {
        n++;
    }
    assert_int_equal(n, 2);
    arena_close(a);
}

static void
test_xml_parse_forbidden_or_malformed_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "<a>",
        "<a></b>",
        "<a b=1/>",
        "<a/><b/>",
        "x",
        "<a>&nbsp;</a>",
        "<a b='1' b='2'/>",
        "<p:a/>",
        "<a>\x01</a>",
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
        "<a>\xff</a>",
    };
    struct arena *a = arena_open(0);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct xml *x = NULL;
        struct xml_fault f;
        enum err e = parse(a, bad[i], &x, &f);
        if (e != ERR_BAD_REQUEST || f.what == NULL || x != NULL) {
            fail_msg("%d (%s): %s", (int)e, f.what == NULL ? "-" : f.what, bad[i]);
        }
    }
    arena_close(a);
}

static void
test_xml_parse_limits_hold(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct xml *x = NULL;
    struct xml_fault f;
    assert_int_equal(parse(a, "<a><a><a><a><a/></a></a></a></a>", &x, &f), ERR_OK);
    assert_int_equal(parse(a, "<a><a><a><a><a><a/></a></a></a></a></a>", &x, &f), ERR_TOO_LARGE);
    assert_int_equal(parse(a,
                           "<a><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/"
                           "><b/><b/><b/></a>",
                           &x, &f),
                     ERR_TOO_LARGE);
    assert_int_equal(xml_parse(a, STR("<a/>"), (struct xml_limits){ .bytes_max = 3 }, &x, &f),
                     ERR_TOO_LARGE);
    arena_close(a);
}

static void
test_xml_escape_all_five(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct buf b = buf_new(a, 100);
    xml_escape_to(&b, STR("a<b>&\"'c"));
    assert_true(str_eq(buf_str(&b), STR("a&lt;b&gt;&amp;&quot;&#39;c")));
    arena_close(a);
}

static void
test_xml_parse_many_attributes_are_refused_at_once(void **state)
{
    (void)state;
    static const char *const before[] = { "<a>", "<a><![CDATA[<x \"]]>", "<a><!-- <x ' -->",
                                          "<a><?x <y \"?>" };
    for (size_t i = 0; i < COUNT_OF(before); i++) {
        for (int n = 100; n <= 101; n++) {
            struct arena *a = arena_open(0);
            struct buf b = buf_new(a, 8192);
            struct xml *x = NULL;
            struct xml_fault f = { 0 };
            buf_addf(&b, "%s<b", before[i]);
            for (int k = 0; k < n; k++) {
                buf_addf(&b, " k%d=%s", k, k % 2 == 0 ? "\">'\"" : "'>'");
            }
            buf_addf(&b, "/></a>");
            struct xml_limits l = { .nodes_max = 0 };
            assert_int_equal(xml_parse(a, buf_str(&b), l, &x, &f),
                             n == 100 ? ERR_OK : ERR_TOO_LARGE);
            arena_close(a);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xml_parse_tree_with_namespaces_and_lines),
        cmocka_unit_test(test_xml_parse_forbidden_or_malformed_is_refused),
        cmocka_unit_test(test_xml_parse_limits_hold),
        cmocka_unit_test(test_xml_parse_many_attributes_are_refused_at_once),
        cmocka_unit_test(test_xml_escape_all_five),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
