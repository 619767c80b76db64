/* Tests of csv, zip, xlsx, accept, qr, md. */
#include "codec/accept.h"
#include "codec/csv.h"
#include "codec/md.h"
#include "codec/qr.h"
#include "codec/xlsx.h"
#include "codec/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zlib.h>

#include <cmocka.h>

#define SAME(x, y) assert_string_equal(str_z(a, (x)), (y))

static void
test_csv_next_fields_and_lines(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct csv_reader r = csv_reader(STR("\xEF\xBB\xBF"
                                         "a,\"b \"\"x\"\"\",\r\n\r\n\"1\n2\",,\"\"\nlast"),
                                     0, (struct csv_limits){ 0 });
    struct str *f = NULL;
    size_t n = 0;
    assert_int_equal(csv_next(&r, a, &f, &n), ERR_OK);
    assert_true(n == 3 && r.line == 1);
    SAME(f[0], "a");
    SAME(f[1], "b \"x\"");
    SAME(f[2], "");
    assert_int_equal(csv_next(&r, a, &f, &n), ERR_OK);
    assert_true(n == 3 && r.line == 3);
    SAME(f[0], "1\n2");
    assert_int_equal(csv_next(&r, a, &f, &n), ERR_OK);
    assert_true(n == 1 && r.line == 5);
    assert_int_equal(csv_next(&r, a, &f, &n), ERR_OK);
    assert_int_equal(n, 0);
    arena_close(a);
}

static void
test_csv_table_faults_name_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t line;
        enum err e;
    } bad[] = { { "a,b\n1", 2, ERR_BAD_REQUEST },     { "a,b\n1,2,3", 2, ERR_BAD_REQUEST },
                { "a,a\n", 1, ERR_BAD_REQUEST },      { "a\n\"x", 2, ERR_BAD_REQUEST },
                { "a\nx\"y", 2, ERR_BAD_REQUEST },    { "a\n\"x\"y", 2, ERR_BAD_REQUEST },
                { "a\nb\n\xff", 3, ERR_BAD_REQUEST }, { "", 0, ERR_BAD_REQUEST },
                { "a,b,c,d\n", 1, ERR_TOO_LARGE },    { "a\n1\n2\n3\n4", 5, ERR_TOO_LARGE },
                { "a\n123456789", 2, ERR_TOO_LARGE } };
    struct arena *a = arena_open(0);
    struct csv_limits l = { .columns_max = 3, .field_max_bytes = 8, .rows_max = 4 };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct csv_table t;
        uint32_t line = 0;
        const char *what = NULL;
        assert_int_equal(csv_table(a, str_of(bad[i].text), l, &t, &line, &what), bad[i].e);
        assert_non_null(what);
        if (i != 9) {
            assert_int_equal(line, bad[i].line);
        }
    }
    struct csv_table t;
    uint32_t line = 0;
    const char *what = NULL;
    assert_int_equal(csv_table(a, STR("mã,tên\n1,Đồng\n2,\"Xoài\"\n"), (struct csv_limits){ 0 }, &t,
                               &line, &what),
                     ERR_OK);
    assert_int_equal(t.n_rows, 2);
    SAME(csv_field(&t, 1, STR("tên")), "Xoài");
    assert_null(csv_field(&t, 0, STR("zz")).p);
    assert_int_equal(t.rows[1].line, 3);
    arena_close(a);
}

static void
test_csv_out_round_trip_and_formulas(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct buf b = buf_new(a, 4096);
    struct csv_out o = csv_out(&b, true, true);
    csv_put(&o, STR("a\"b"));
    csv_put(&o, STR("=1+1"));
    csv_put(&o, STR("-x,y"));
    csv_put_i64(&o, -5);
    csv_put(&o, STR(""));
    csv_end_row(&o);
    csv_put(&o, STR("hai\ndòng"));
    csv_end_row(&o);
    SAME(buf_str(&b), "\xEF\xBB\xBF\"a\"\"b\",'=1+1,\"'-x,y\",-5,\r\n\"hai\ndòng\"\r\n");
    arena_close(a);
}

/* Inflates the entry of that name; checks its sum in the directory. */
static struct str
unzip(struct arena *a, struct str zip, struct str name)
{
    const unsigned char *p = (const unsigned char *)zip.p;
    size_t at = zip.n - 22;
    size_t n = p[at + 10];
    at = (size_t)p[at + 16] | (size_t)p[at + 17] << 8 | (size_t)p[at + 18] << 16;
    for (size_t i = 0; i < n; i++) {
        size_t name_n = p[at + 28];
        size_t packed = (size_t)p[at + 20] | (size_t)p[at + 21] << 8 | (size_t)p[at + 22] << 16;
        size_t plain = (size_t)p[at + 24] | (size_t)p[at + 25] << 8 | (size_t)p[at + 26] << 16;
        size_t local = (size_t)p[at + 42] | (size_t)p[at + 43] << 8 | (size_t)p[at + 44] << 16;
        if (str_eq(str_slice(zip, at + 46, at + 46 + name_n), name)) {
            unsigned char *out = arena_alloc(a, plain + 1);
            z_stream z = { .next_in = arena_copy(a, p + local + 30 + name_n, packed),
                           .avail_in = (unsigned)packed,
                           .next_out = out,
                           .avail_out = (unsigned)plain + 1 };
            assert_int_equal(inflateInit2(&z, -15), Z_OK);
            assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
            (void)inflateEnd(&z);
            uint32_t crc = (uint32_t)p[at + 16] | (uint32_t)p[at + 17] << 8 |
                           (uint32_t)p[at + 18] << 16 | (uint32_t)p[at + 19] << 24;
            assert_int_equal(crc32(0, out, (unsigned)plain), crc);
            return (struct str){ (const char *)out, plain };
        }
        at += 46 + name_n;
    }
    fail_msg("no such entry");
    return STR_NULL;
}

static void
test_zip_names_are_checked(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct buf b = buf_new(a, 1 << 20);
    struct zip_out *z = zip_open(a, zip_sink_buf, &b);
    assert_int_equal(zip_add(z, STR("../x"), 0, STR("")), ERR_INVALID);
    assert_int_equal(zip_add(z, STR("/x"), 0, STR("")), ERR_INVALID);
    assert_int_equal(zip_add(z, STR("a//x"), 0, STR("")), ERR_INVALID);
    assert_int_equal(zip_add(z, STR("hồ sơ/đơn.txt"), 1700000000000000, STR("xin chào")), ERR_OK);
    assert_int_equal(zip_begin(z, STR("b"), 0, true), ERR_OK);
    assert_int_equal(zip_write(z, STR("stored")), ERR_OK);
    assert_int_equal(zip_end(z), ERR_OK);
    assert_int_equal(zip_finish(z), ERR_OK);
    SAME(unzip(a, buf_str(&b), STR("hồ sơ/đơn.txt")), "xin chào");
    struct buf small = buf_new(a, 10);
    struct zip_out *full = zip_open(a, zip_sink_buf, &small);
    assert_int_equal(zip_begin(full, STR("b"), 0, false), ERR_TOO_LARGE);
    zip_abandon(full);
    arena_close(a);
}

static void
test_xlsx_rows_are_readable_xml(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct buf b = buf_new(a, 8 << 20);
    struct xlsx_column columns[] = { { STR("Số"), 8 }, { STR("Tên <b>"), 0 }, { STR("Ngày"), 0 } };
    struct xlsx_sheet sheet = {
        .name = STR("Hồ sơ [1]"), .columns = columns, .n_columns = 3, .at_us = 1700000000000000
    };
    struct xlsx_out *x = NULL;
    assert_int_equal(xlsx_open(a, zip_sink_buf, &b, &sheet, &x), ERR_OK);
    for (int i = 0; i < 2000; i++) {
        xlsx_i64(x, i);
        xlsx_text(x, STR("=cmd & \x01Điểu\xEF\xBF\xBF"));
        xlsx_date(x, date_of(2026, 11, 22));
        assert_int_equal(xlsx_end_row(x), ERR_OK);
    }
    assert_int_equal(xlsx_finish(x), ERR_OK);
    struct str text = unzip(a, buf_str(&b), STR("xl/worksheets/sheet1.xml"));
    struct xml *doc = NULL;
    struct xml_fault fault;
    assert_int_equal(xml_parse(a, text, (struct xml_limits){ 0 }, &doc, &fault), ERR_OK);
    const struct xml *rows = xml_child(doc, NULL, "sheetData");
    int n = 0;
    for (XML_EACH(rows, row)) {
        n++;
    }
    assert_int_equal(n, 2001);
    const struct xml *second = rows->child->next;
    SAME(second->child->next->child->child->text, "=cmd & Điểu");
    SAME(second->child->next->next->child->text, "46348");
    struct str names[] = { STR("[Content_Types].xml"), STR("_rels/.rels"), STR("xl/workbook.xml"),
                           STR("xl/styles.xml"), STR("xl/_rels/workbook.xml.rels") };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_int_equal(
            xml_parse(a, unzip(a, buf_str(&b), names[i]), (struct xml_limits){ 0 }, &doc, &fault),
            ERR_OK);
    }
    arena_close(a);
}

static void
test_accept_headers(void **state)
{
    (void)state;
    struct str langs[] = { STR("vi"), STR("en") };
    assert_int_equal(accept_language(STR("en-US,en;q=0.9,vi;q=0.8"), langs, 2), 1);
    assert_int_equal(accept_language(STR("fr"), langs, 2), 0);
    assert_int_equal(accept_language(STR(""), langs, 2), 0);
    assert_int_equal(accept_language(STR("en;q=0, *"), langs, 2), 0);
    struct str media[] = { STR("text/html"), STR("application/json") };
    assert_int_equal(accept_media(STR("text/html,application/xhtml+xml,*/*;q=0.8"), media, 2), 0);
    assert_int_equal(accept_media(STR("application/json"), media, 2), 1);
    assert_int_equal(accept_media(STR("text/*;q=0.3, application/*;q=0.4"), media, 2), 1);
    assert_int_equal(accept_media(STR("image/png"), media, 2), SIZE_MAX);
    assert_int_equal(accept_media(STR_NULL, media, 2), 0);
    assert_int_equal(accept_encoding(STR("gzip, br;q=0.5"), STR("br")), 500);
    assert_int_equal(accept_encoding(STR("gzip;q=0"), STR("gzip")), 0);
    assert_int_equal(accept_encoding(STR("identity;q=0, *;q=0.1"), STR("gzip")), 100);
    assert_true(accept_etag(STR("\"a,b\", W/\"c\""), STR("\"c\"")));
    assert_true(accept_etag(STR("\"a,b\""), STR("\"a,b\"")));
    assert_true(accept_etag(STR(" * "), STR("\"x\"")));
    assert_false(accept_etag(STR("\"a\""), STR("\"b\"")));
    assert_false(accept_etag(STR(""), STR("\"b\"")));
}

static void
test_qr_svg_has_finder_and_title(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct qr q;
    assert_int_equal(qr_make(a, STR("https://x/ho-so/1"), &q), ERR_OK);
    assert_true(q.size >= 21 && (q.size - 21) % 4 == 0);
    for (uint32_t i = 0; i < 7; i++) {
        assert_int_equal(q.modules[i], 1);
    }
    assert_int_equal(q.modules[7], 0);
    struct str svg = qr_svg(a, &q, STR("Mã \"hồ sơ\" <1>"));
    struct xml *doc = NULL;
    struct xml_fault fault;
    assert_int_equal(xml_parse(a, svg, (struct xml_limits){ 0 }, &doc, &fault), ERR_OK);
    SAME(xml_child(doc, NULL, "title")->text, "Mã \"hồ sơ\" <1>");
    char *big = arena_alloc(a, 3000);
    assert_int_equal(qr_make(a, (struct str){ big, 3000 }, &q), ERR_TOO_LARGE);
    arena_close(a);
}

static void
test_md_html_is_safe(void **state)
{
    (void)state;
    static const char *const v[][2] = {
        { "# A\n\nb *c* **d** `<e>`",
          "<h2>A</h2><p>b <em>c</em> <strong>d</strong> <code>&lt;e&gt;</code></p>" },
        { "[x](https://a/?b=1)", "<p><a href=\"https://a/?b=1\">x</a></p>" },
        { "[x](https://a/?b=1&c=2)", "<p><a href=\"https://a/?b=1&amp;c=2\">x</a></p>" },
        { "[x](/thu-tuc/1) [y](mailto:a@b)",
          "<p><a href=\"/thu-tuc/1\">x</a> <a href=\"mailto:a@b\">y</a></p>" },
        { "[x](javascript:alert(1))", "<p><a>x</a></p>" },
        { "[x](javascript&#58;alert(1))", "<p><a>x</a></p>" },
        { "[x](JaVaScRiPt:a) [y](data:text/html,a) [z](//evil)",
          "<p><a>x</a> <a>y</a> <a>z</a></p>" },
        { "<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>" },
        { "![anh](http://x/y.png)", "<p>anh</p>" },
        { "- a\n- b", "<ul><li>a</li><li>b</li></ul>" },
        { "3. a", "<ol start=\"3\"><li>a</li></ol>" },
        { "&amp; &lt;b&gt;", "<p>&amp; &lt;b&gt;</p>" },
    };
    struct arena *a = arena_open(0);
    struct str html;
    for (size_t i = 0; i < COUNT_OF(v); i++) {
        assert_int_equal(md_html(a, str_of(v[i][0]), 2, 4096, &html), ERR_OK);
        SAME(html, v[i][1]);
    }
    assert_int_equal(md_html(a, STR("|a|b|\n|---|--:|\n|1|2|"), 2, 4096, &html), ERR_OK);
    assert_true(str_find(html, STR("<td class=\"right\">2</td>")) < html.n);
    assert_int_equal(md_html(a, STR("abcdefghij"), 2, 12, &html), ERR_TOO_LARGE);
    assert_int_equal(md_html(a, STR("\xff"), 2, 100, &html), ERR_BAD_REQUEST);
    arena_close(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_next_fields_and_lines),
        cmocka_unit_test(test_csv_table_faults_name_the_line),
        cmocka_unit_test(test_csv_out_round_trip_and_formulas),
        cmocka_unit_test(test_zip_names_are_checked),
        cmocka_unit_test(test_xlsx_rows_are_readable_xml),
        cmocka_unit_test(test_accept_headers),
        cmocka_unit_test(test_qr_svg_has_finder_and_title),
        cmocka_unit_test(test_md_html_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
