/* Printed documents: templates, filling, pages. */
#include "base/date.h"
#include "codec/pdf.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int
set_up(void **state)
{
    struct ctx *cx = calloc(1, sizeof(*cx));
    assert_non_null(cx);
    cx->arena = arena_open(0);
    *state = cx;
    return 0;
}

static int
tear_down(void **state)
{
    struct ctx *cx = *state;
    arena_close(cx->arena);
    free(cx);
    return 0;
}

static enum err
render(struct ctx *cx, const char *text, const char *doc, struct pdf_out *ret)
{
    const struct pdf_template *t = NULL;
    struct pdf_fault fault = { 0 };
    struct json_fault jf = { 0 };
    struct json *j = NULL;

    assert_int_equal(pdf_template_parse(cx->arena, str_of(text), &t, &fault), ERR_OK);
    assert_int_equal(json_parse(cx->arena, str_of(doc), (struct json_limits){ 0 }, &j, &jf),
                     ERR_OK);
    return pdf_render(cx, t, j, 1795400000000000, ret);
}

/* What pdftotext reads back: the proof that letters survive. */
static struct str
read_back(struct ctx *cx, struct str pdf)
{
    char in[] = "/tmp/bombo-pdf-XXXXXX";
    int fd = mkstemp(in);
    FILE *f = fdopen(fd, "wb");
    assert_int_equal(fwrite(pdf.p, 1, pdf.n, f), pdf.n);
    fclose(f);
    FILE *p = popen(str_fmt(cx->arena, "pdftotext -layout %s - 2>&1", in).p, "re");
    struct buf b = buf_new(cx->arena, 1 << 20);
    char chunk[4096];
    for (size_t n = 0; (n = fread(chunk, 1, sizeof(chunk), p)) > 0;) {
        buf_add_bytes(&b, chunk, n);
    }
    pclose(p);
    remove(in);
    struct str raw = buf_str(&b);
    struct buf one = buf_new(cx->arena, 1 << 20); /* line breaks and columns as one blank */
    for (size_t i = 0; i < raw.n; i++) {
        bool is_blank = raw.p[i] == ' ' || raw.p[i] == '\n' || raw.p[i] == '\f';
        if (!is_blank) {
            buf_add_char(&one, raw.p[i]);
        } else if (one.n > 0 && one.p[one.n - 1] != ' ') {
            buf_add_char(&one, ' ');
        }
    }
    return buf_str(&one);
}

static void
test_pdf_template_parse_faults_name_line(void **state)
{
    static const struct {
        const char *text;
        uint32_t line;
    } bad[] = {
        { "", 1 },
        { "<document>\n<p>x</p>\n", 1 },
        { "<document>\n<p>{{if x}}</p>{{end}}</document>", 2 },
        { "<document>\n\n<q>x</q></document>", 3 },
        { "<document>\n<p color=\"red\">x</p></document>", 2 },
        { "<document>\nloose</document>", 2 },
        { "<document><p>\n{{shout x}}</p></document>", 2 },
        { "<document><p>{{a..}}</p></document>", 1 },
        { "<document><table><p>x</p></table></document>", 1 },
        { "<document>{{end}}</document>", 1 },
        { "<document>\n{{else}}</document>", 2 },
        { "<document><space></document>", 1 },
        { "<document></document><document></document>", 1 },
        { "<document><p>{{x</p></document>", 1 },
        { "<document><p align=\"left>x</p></document>", 1 },
        { "<document><p align=left>x</p></document>", 1 },
        { "<document>{{if x = y}}{{end}}</document>", 1 },
        { "<document><p>\xff</p></document>", 1 },
    };
    struct ctx *cx = *state;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const struct pdf_template *t = NULL;
        struct pdf_fault fault = { 0 };
        assert_int_equal(pdf_template_parse(cx->arena, str_of(bad[i].text), &t, &fault),
                         ERR_BAD_REQUEST);
        if (fault.line != bad[i].line) {
            fail_msg("line %u: " STR_FMT " for %s", fault.line, STR_ARG(fault.what), bad[i].text);
        }
        assert_true(fault.what.n > 0 && fault.remedy.n > 0);
    }
}

static void
test_pdf_render_values_read_back(void **state)
{
    struct ctx *cx = *state;
    struct pdf_out out = { 0 };
    const char *t =
        "<document title=\"T\"><heading><agency>{{upper agency}}</agency><number>Số: "
        "{{n}}/QĐ</number>"
        "<place>Bom Bo, {{date on}}</place></heading><title>QUYẾT ĐỊNH</title>"
        "{{if who.name}}<p>Ông <b>{{who.name}}</b> &lt;{{who.name}}&gt; {{money fee}} ({{words "
        "fee}})</p>{{end}}"
        "{{if not gone}}<p>CÒN</p>{{else}}<p>MẤT</p>{{end}}{{if n = \"7\"}}<p>BẢY</p>{{end}}"
        "<table widths=\"20 80\">{{each rows}}<row><cell>{{index}}</cell><cell>{{name}} "
        "{{n}}</cell></row>{{end}}</table>"
        "<p>{{time at}}</p><field label=\"Nơi ở\">{{none}}</field></document>";

    assert_int_equal(render(cx, t,
                            "{\"agency\":\"Ủy ban nhân dân xã Bom "
                            "Bo\",\"n\":\"7\",\"on\":\"2026-02-05\",\"who\":{\"name\":\"Điểu <Thị> "
                            "& Sréy\"},\"fee\":1215000,\"rows\":[{\"name\":\"Giấy khai "
                            "sinh\"},{\"name\":\"Sổ đỏ\"}],"
                            "\"at\":\"2026-11-22T01:30:00Z\"}",
                            &out),
                     ERR_OK);
    struct str s = read_back(cx, out.bytes);
    if (str_find(s, STR("not found")) < s.n) {
        skip();
    }
    static const char *const want[] = { "ỦY BAN NHÂN DÂN XÃ BOM BO",
                                        "Độc lập - Tự do - Hạnh phúc",
                                        "Số: 7/QĐ",
                                        "ngày 05 tháng 02 năm 2026",
                                        "Điểu <Thị> & Sréy",
                                        "1.215.000 đồng",
                                        "Một triệu hai trăm mười lăm nghìn đồng",
                                        "CÒN",
                                        "BẢY",
                                        "Giấy khai sinh 7",
                                        "Sổ đỏ 7",
                                        "08 giờ 30 phút, ngày 22/11/2026",
                                        "Nơi ở:" };
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        if (str_find(s, str_of(want[i])) == s.n) {
            fail_msg("\"%s\" is not in:\n" STR_FMT, want[i], STR_ARG(s));
        }
    }
    assert_int_equal(str_find(s, STR("MẤT")), s.n);
    assert_int_equal(out.n_pages, 1);
}

static void
test_pdf_render_long_table_breaks_and_repeats_head(void **state)
{
    struct ctx *cx = *state;
    struct pdf_out out = { 0 };
    struct buf b = buf_new(cx->arena, 1 << 20);

    BUF_LIT(&b, "{\"rows\":[");
    for (int i = 0; i < 200; i++) {
        buf_addf(&b, "%s\"dòng %d\"", i > 0 ? "," : "", i);
    }
    BUF_LIT(&b, "]}");
    buf_add_char(&b, '\0');
    assert_int_equal(
        render(cx,
               "<document><table widths=\"20 80\"><row head=\"yes\"><cell>STT</cell><cell>ĐẦU "
               "BẢNG</cell></row>{{each "
               "rows}}<row><cell>{{index}}</cell><cell>{{item}}</cell></row>{{end}}</table>"
               "<signature><position>CHỦ TỊCH</position><name>A</name></signature></document>",
               b.p, &out),
        ERR_OK);
    assert_true(out.n_pages >= 4);
    assert_true(out.has_place && out.place.page == out.n_pages - 1);
    assert_true(out.place.y_mpt > 0 && out.place.x_mpt > 0);
    struct str s = read_back(cx, out.bytes);
    size_t heads = 0;
    for (size_t at = 0; at < s.n; at += 5) {
        size_t n = str_find(str_slice(s, at, s.n), STR("ĐẦU BẢNG"));
        heads += at + n < s.n;
        at += n;
    }
    assert_true(heads >= 4 || str_find(s, STR("not found")) < s.n);
}

static void
test_pdf_render_row_taller_than_page_is_too_large(void **state)
{
    struct ctx *cx = *state;
    struct pdf_out out = { 0 };
    struct buf b = buf_new(cx->arena, 1 << 20);

    BUF_LIT(&b, "{\"x\":\"");
    for (int i = 0; i < 12000; i++) {
        BUF_LIT(&b, "dài ");
    }
    BUF_LIT(&b, "\"}");
    buf_add_char(&b, '\0');
    assert_int_equal(
        render(cx, "<document><table><row><cell>{{x}}</cell></row></table></document>", b.p, &out),
        ERR_TOO_LARGE);
    assert_int_equal(render(cx, "<document><p>{{x}}</p></document>", b.p, &out), ERR_OK);
    assert_true(out.n_pages > 3);
}

static void
test_pdf_money_words_are_said_right(void **state)
{
    static const struct {
        int64_t vnd;
        const char *words;
    } cases[] = {
        { 0, "Không đồng" },
        { 15000, "Mười lăm nghìn đồng" },
        { 21000, "Hai mươi mốt nghìn đồng" },
        { 105000, "Một trăm linh năm nghìn đồng" },
        { 1005000, "Một triệu không trăm linh năm nghìn đồng" },
        { 2000000000, "Hai tỷ đồng" },
        { 1234567, "Một triệu hai trăm ba mươi bốn nghìn năm trăm sáu mươi bảy đồng" },
    };
    struct ctx *cx = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str s = pdf_money_words(cx->arena, cases[i].vnd);
        assert_memory_equal(s.p, cases[i].words, s.n);
        assert_int_equal(s.n, strlen(cases[i].words));
    }
    assert_true(str_eq(pdf_money(cx->arena, 1215000), STR("1.215.000 đồng")));
}

static void
test_pdf_check_fonts_installed_is_ok(void **state)
{
    assert_int_equal(pdf_check_fonts(*state), ERR_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pdf_money_words_are_said_right, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pdf_template_parse_faults_name_line, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_pdf_check_fonts_installed_is_ok, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pdf_render_values_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pdf_render_long_table_breaks_and_repeats_head, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_pdf_render_row_taller_than_page_is_too_large, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
