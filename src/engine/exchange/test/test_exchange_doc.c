/* Descriptions of services: what is read, what is refused; rules of agreements. */
#include "engine/exchange/exchange_int.h"

#include "codec/xml.h"
#include "lib/harness.h"

static struct ctx *
cx_of(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    cx->n_problems = 0;
    return cx;
}

static const char openapi[] =
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Hộ\",\"version\":\"2.1\"},"
    "\"paths\":{\"/ho/{so}\":{\"parameters\":[{\"name\":\"so\",\"in\":\"path\",\"required\":true,"
    "\"schema\":{\"type\":\"string\"}}],\"get\":{\"operationId\":\"layHo\",\"responses\":{\"200\":"
    "{\"$ref\":\"#/components/responses/R\"}}}},"
    "\"/ho\":{\"post\":{\"requestBody\":{\"content\":{\"application/json\":{\"schema\":"
    "{\"$ref\":\"#/components/schemas/Ho\"}}}},\"responses\":{\"201\":{\"description\":\"\"}}}}},"
    "\"components\":{\"responses\":{\"R\":{\"description\":\"\",\"content\":{\"application/json\":"
    "{\"schema\":{\"$ref\":\"#/components/schemas/"
    "Ho\"}}}}},\"schemas\":{\"Ho\":{\"type\":\"object\","
    "\"required\":[\"so\"],\"properties\":{\"so\":{\"type\":\"string\"},\"chu\":{\"type\":"
    "\"object\",\"properties\":{\"ten\":{\"type\":[\"string\",\"null\"],\"description\":\"Họ "
    "tên\"}}},"
    "\"nguoi\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Nguoi\"}}}},"
    "\"Nguoi\":{\"type\":\"object\",\"properties\":{\"ten\":{\"type\":\"string\"},\"sinh\":"
    "{\"type\":\"string\",\"format\":\"date\"},\"con\":{\"$ref\":\"#/components/schemas/"
    "Nguoi\"}}}}}}";

static const struct exchange_field *
field(const struct exchange_field *v, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].path, str_of(path))) {
            return &v[i];
        }
    }
    return NULL;
}

static void
test_doc_read_openapi_gives_operations_with_flat_fields(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_doc d;
    /* Nguoi holds itself: that is too deep for a contract that names fields */
    assert_int_equal(exchange_doc_read(cx, str_of(openapi), &d), ERR_INVALID);
    ASSERT_STR(cx->problems[0].key, "exchange.doc.too_many_fields");

    struct str flat =
        str_replace(cx->arena, str_of(openapi),
                    STR(",\"con\":{\"$ref\":\"#/components/schemas/Nguoi\"}"), STR(""));
    cx->n_problems = 0;
    ASSERT_OK(cx, exchange_doc_read(cx, flat, &d));
    ASSERT_STR(d.kind, "openapi");
    ASSERT_STR(d.version, "2.1");
    assert_int_equal(d.n, 2);
    ASSERT_STR(d.v[0].code, "layHo");
    ASSERT_STR(d.v[0].method, "GET");
    ASSERT_STR(d.v[0].inputs[0].path, "{so}");
    assert_int_equal(d.v[0].n_outputs, 4);
    const struct exchange_field *f = field(d.v[0].outputs, d.v[0].n_outputs, "nguoi[].sinh");
    assert_non_null(f);
    ASSERT_STR(f->type, "date");
    assert_non_null(field(d.v[0].outputs, d.v[0].n_outputs, "chu.ten"));
    assert_true(field(d.v[0].outputs, d.v[0].n_outputs, "so")->is_required);
    ASSERT_STR(d.v[1].code, "post-ho");
    assert_int_equal(d.v[1].n_inputs, 4);
}

static void
test_doc_read_refuses_what_is_no_description(void **state)
{
    static const struct {
        const char *text, *key;
    } all[] = {
        { "", "exchange.doc.kind" },
        { "hello", "exchange.doc.kind" },
        { "openapi: 3.1.0", "exchange.doc.info" },
        { "openapi: 3.1.0\ninfo: [", "exchange.doc.yaml" },
        { "openapi: 3.1.0\ninfo: &a { title: x }\npaths: *a", "exchange.doc.yaml" },
        { "openapi: 3.1.0\n<<: *a", "exchange.doc.yaml" },
        { "openapi: !!python/object x", "exchange.doc.yaml" },
        { "openapi: 3.1.0\n? [a]\n: b", "exchange.doc.yaml" },
        { "openapi: 3.1.0\n---\nopenapi: 3.1.0", "exchange.doc.yaml" },
        { "openapi: 3.1.0\nopenapi: 3.1.0", "exchange.doc.json" }, /* twice */
        { "{\"openapi\":\"3.1.0\"", "exchange.doc.json" },
        { "{\"swagger\":\"2.0\"}", "exchange.doc.openapi_version" },
        { "{\"openapi\":\"3.1.0\",\"info\":{}}", "exchange.doc.info" },
        { "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"a\",\"version\":\"1\"},\"paths\":{}}",
          "exchange.doc.no_operation" },
        { "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"a\",\"version\":\"1\"},\"paths\":{\"a\":"
          "{}}}",
          "exchange.doc.path" },
        { "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"a\",\"version\":\"1\"},\"paths\":{\"/a\":"
          "{\"get\":{\"operationId\":\"x\"},\"post\":{\"operationId\":\"x\"}}}}",
          "exchange.doc.code_twice" },
        { "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
          "exchange.doc.xml" },
        { "<a/>", "exchange.doc.wsdl_version" },
        { "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' xmlns:t='urn:x' name='S'>"
          "<message name='I'><part name='p' element='t:Hoi'/></message><portType name='P'>"
          "<operation name='Xem'><input message='t:I'/></operation>"
          "<operation name='Ghi'><input message='t:I'/></operation></portType></definitions>",
          "exchange.doc.element_twice" },
        { "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' "
          "xmlns:t='urn:x' xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/' name='S'>"
          "<message name='I'><part name='p' element='t:Hoi'/></message><portType name='P'>"
          "<operation name='Xem'><input message='t:I'/></operation></portType></definitions>",
          "exchange.doc.wsdl_address" },
        { "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' "
          "xmlns:t='urn:x' xmlns:s='http://schemas.xmlsoap.org/wsdl/soap/' name='S'>"
          "<message name='I'><part name='p' element='t:Hoi'/></message><portType name='P'>"
          "<operation name='Xem'><input message='t:I'/></operation></portType>"
          "<service name='V'><port name='p'><s:address location=''/></port></service>"
          "</definitions>",
          "exchange.doc.wsdl_address" },
    };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct ctx *cx = cx_of(state);
        struct exchange_doc d;
        assert_int_equal(exchange_doc_read(cx, str_of(all[i].text), &d), ERR_INVALID);
        assert_int_equal(cx->n_problems, 1);
        assert_true(str_eq(cx->problems[0].key, str_of(all[i].key)));
    }
}

static void
test_doc_read_yaml_says_the_same_as_json(void **state)
{
    static const char yaml[] =
        "# a service\n"
        "openapi: 3.1.0\n"
        "info:\n"
        "  title: Hộ gia đình # what it is about\n"
        "  version: '1.0'\n"
        "  description: >-\n"
        "    Tra cứu\n"
        "    hộ gia đình\n"
        "servers: [{url: 'https://ho.example/v1'}]\n"
        "paths:\n"
        "  /ho/{so}:\n"
        "    get:\n"
        "      operationId: layHo\n"
        "      parameters:\n"
        "      - {name: so, in: path, required: true, schema: {type: string}}\n"
        "      responses:\n"
        "        200:\n"
        "          description: \"một hộ\"\n"
        "          content:\n"
        "            application/json:\n"
        "              schema:\n"
        "                type: object\n"
        "                properties:\n"
        "                  so: {type: string}\n"
        "                  n: {type: integer, minimum: 0, maximum: 1.5e3}\n"
        "                  nullable: ~\n";
    struct ctx *cx = cx_of(state);
    struct exchange_doc d;
    struct exchange_doc again;
    ASSERT_OK(cx, exchange_doc_read(cx, str_of(yaml), &d));
    ASSERT_STR(d.kind, "openapi");
    ASSERT_STR(d.title, "Hộ gia đình");
    ASSERT_STR(d.version, "1.0");
    ASSERT_STR(d.summary, "Tra cứu hộ gia đình");
    ASSERT_STR(d.server, "https://ho.example/v1");
    assert_int_equal(d.n, 1);
    ASSERT_STR(d.v[0].code, "layHo");
    ASSERT_STR(d.v[0].inputs[0].path, "{so}");
    assert_true(d.v[0].inputs[0].is_required);
    assert_non_null(field(d.v[0].outputs, d.v[0].n_outputs, "n"));
    assert_true(str_starts(d.text, STR("{\"openapi\":\"3.1.0\",")));
    ASSERT_OK(cx, exchange_doc_read(cx, d.text, &again)); /* what is stored is read again */
    assert_true(str_eq(again.text, d.text));
    assert_int_equal(again.n, 1);
}

/* Nested, each line ten times the one before: a gigabyte, were aliases taken. */
static void
test_doc_read_yaml_bombs_and_depths_are_refused(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_doc d;
    struct buf b = buf_new(cx->arena, (size_t)1 << 20);
    BUF_LIT(&b, "openapi: 3.1.0\na: &a [x,x,x,x,x,x,x,x,x,x]\n");
    for (char c = 'b'; c < 'k'; c++) {
        buf_addf(&b, "%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c - 1, c - 1,
                 c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1, c - 1);
    }
    assert_int_equal(exchange_doc_read(cx, buf_str(&b), &d), ERR_INVALID);
    assert_true(str_eq(cx->problems[0].key, STR("exchange.doc.yaml")));
    b.n = 0;
    cx->n_problems = 0;
    BUF_LIT(&b, "openapi: ");
    for (int i = 0; i < 500000; i++) {
        buf_add_char(&b, '[');
    }
    assert_int_equal(exchange_doc_read(cx, buf_str(&b), &d), ERR_INVALID);
    assert_true(str_eq(cx->problems[0].key, STR("exchange.doc.yaml")));
}

static const char wsdl[] =
    "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' xmlns:t='urn:x' "
    "xmlns:xs='http://www.w3.org/2001/XMLSchema' name='Thue'><types><xs:schema>"
    "<xs:element name='Hoi'><xs:complexType><xs:sequence><xs:element name='So' type='xs:string'/>"
    "<xs:element name='Ky' type='xs:date' minOccurs='0'/></xs:sequence></xs:complexType>"
    "</xs:element><xs:complexType name='NNT'><xs:sequence><xs:element name='Ten' "
    "type='xs:string'/></xs:sequence></xs:complexType><xs:element name='HoiResponse'>"
    "<xs:complexType><xs:sequence><xs:element name='DS' type='t:NNT' maxOccurs='unbounded'/>"
    "</xs:sequence></xs:complexType></xs:element></xs:schema></types>"
    "<message name='I'><part name='p' element='t:Hoi'/></message>"
    "<message name='O'><part name='p' element='t:HoiResponse'/></message>"
    "<portType name='P'><operation name='Hoi'><documentation>Hỏi</documentation>"
    "<input message='t:I'/><output message='t:O'/></operation></portType>"
    "<service name='S'><port name='p'><a:address xmlns:a='http://schemas.xmlsoap.org/wsdl/soap/' "
    "location='https://thue.example/s'/></port></service></definitions>";

static void
test_doc_read_wsdl_gives_operations_with_flat_fields(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_doc d;
    ASSERT_OK(cx, exchange_doc_read(cx, str_of(wsdl), &d));
    ASSERT_STR(d.kind, "wsdl");
    ASSERT_STR(d.title, "Thue");
    ASSERT_STR(d.server, "https://thue.example/s");
    assert_int_equal(d.n, 1);
    ASSERT_STR(d.v[0].summary, "Hỏi");
    assert_int_equal(d.v[0].n_inputs, 2);
    ASSERT_STR(d.v[0].inputs[0].path, "So");
    assert_false(d.v[0].inputs[1].is_required);
    assert_int_equal(d.v[0].n_outputs, 1);
    ASSERT_STR(d.v[0].outputs[0].path, "DS[].Ten");
}

static void
test_hours_and_addresses_follow_their_tables(void **state)
{
    static const struct {
        const char *hours;
        bool is_valid;
    } hours[] = { { "", true },           { "1-5 07-17", true },   { "1-7 00-24", true },
                  { "5-1 07-17", false }, { "1-5 17-07", false },  { "1-5", false },
                  { "0-5 07-17", false }, { "1-5 7:30-17", false } };
    static const struct {
        const char *list, *peer;
        bool is_in;
    } ips[] = {
        { "", "203.0.113.9", true },
        { "10.1.0.0/16", "10.1.255.1", true },
        { "10.1.0.0/16", "10.2.0.1", false },
        { "10.1.0.0/15", "10.0.0.1", true },
        { "192.168.1.7 2001:db8::/32", "2001:db8:1::5", true },
        { "192.168.1.7", "::ffff:192.168.1.7", true },
        { "192.168.1.7", "192.168.1.70", false },
        { "192.168.1.7", "not-an-address", false },
        { "0.0.0.0/0", "2001:db8::1", false },
    };
    struct ctx *cx = cx_of(state);
    uint32_t bits[7];
    (void)cx;
    for (size_t i = 0; i < COUNT_OF(hours); i++) {
        assert_int_equal(exchange_hours_are_valid(str_of(hours[i].hours)), hours[i].is_valid);
    }
    for (size_t i = 0; i < COUNT_OF(ips); i++) {
        assert_int_equal(exchange_ip_allows(str_of(ips[i].list), str_of(ips[i].peer)),
                         ips[i].is_in);
    }
    assert_false(exchange_ip_is_valid(STR("10.0.0.0/33")));
    assert_false(exchange_ip_is_valid(STR("example.vn")));
    int64_t monday_8 = date_to_us_vn(date_of(2026, 11, 23), 8 * 3600);
    assert_true(exchange_hours_allow(STR("1-5 07-17"), monday_8));
    assert_false(exchange_hours_allow(STR("1-5 09-17"), monday_8));
    assert_false(exchange_hours_allow(STR("2-7 07-17"), monday_8));
    exchange_hours_bits(STR("1-5 07-17"), bits);
    assert_int_equal(bits[0], 0x1ff80);
    assert_int_equal(bits[5], 0);
}

static void
test_without_takes_members_out_below_objects_and_lists(void **state)
{
    struct ctx *cx = cx_of(state);
    struct str json =
        STR("{\"a\":{\"b\":1,\"c\":[{\"d\":\"x\",\"e\":2.50},{\"d\":\"y\"}]},\"f\":null}");
    ASSERT_STR(exchange_without(cx->arena, json, STR("")),
               "{\"a\":{\"b\":1,\"c\":[{\"d\":\"x\",\"e\":2.50},{\"d\":\"y\"}]},\"f\":null}");
    ASSERT_STR(exchange_without(cx->arena, json, STR("a.b a.c.d")),
               "{\"a\":{\"c\":[{\"e\":2.50},{}]},\"f\":null}");
    ASSERT_STR(exchange_without(cx->arena, json, STR("a f")), "{}");
    ASSERT_STR(exchange_without(cx->arena, STR("[{\"b\":1}]"), STR("b")), "[{}]");
    assert_null(exchange_without(cx->arena, STR("<a/>"), STR("b")).p);
}

static void
test_agreement_fault_names_the_first_reason(void **state)
{
    struct exchange_agreement a = { .state = STR("granted"),
                                    .operations = STR("x y"),
                                    .hours = STR("1-5 07-17"),
                                    .valid_from = STR("2026-11-01"),
                                    .valid_to = STR("2026-11-30") };
    struct date today = date_of(2026, 11, 23);
    int64_t at = date_to_us_vn(today, 8 * 3600);
    (void)state;
    ASSERT_STR(exchange_agreement_fault(&a, STR("x"), today, at), "");
    ASSERT_STR(exchange_agreement_fault(&a, STR("z"), today, at), "no_operation");
    ASSERT_STR(exchange_agreement_fault(&a, STR("x"), date_of(2026, 12, 1), at), "expired");
    ASSERT_STR(exchange_agreement_fault(&a, STR("x"), date_of(2026, 10, 31), at), "expired");
    ASSERT_STR(exchange_agreement_fault(&a, STR("y"), today, at - INT64_C(3) * 3600000000),
               "hours");
    ASSERT_STR(exchange_agreement_fault(NULL, STR("x"), today, at), "no_grant");
    a.state = STR("suspended");
    ASSERT_STR(exchange_agreement_fault(&a, STR("x"), today, at), "no_grant");
}

static void
test_date_goes_there_and_back_in_each_format(void **state)
{
    static const struct {
        const char *format, *ours, *theirs;
    } all[] = {
        { "yyyyMMdd", "2026-03-08", "20260308" },
        { "dd/MM/yyyy", "2026-03-08", "08/03/2026" },
        { "yyyy-MM-dd", "2026-03-08", "2026-03-08" },
        { "yyyyMMddHHmmss", "2026-03-08T07:05:09+07:00", "20260308070509" },
        { "yyyy-MM-ddTHH:mm:ss", "2026-03-08T07:05:09+07:00", "2026-03-08T07:05:09" },
    };
    struct ctx *cx = cx_of(state);
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct str f = str_of(all[i].format);
        assert_true(str_eq(exchange_date(cx, f, str_of(all[i].ours), true), str_of(all[i].theirs)));
        assert_true(
            str_eq(exchange_date(cx, f, str_of(all[i].theirs), false), str_of(all[i].ours)));
    }
    assert_null(exchange_date(cx, STR("dd/MM/yyyy"), STR("31/02/2026"), false).p);
    assert_null(exchange_date(cx, STR("yyyyMMdd"), STR("2026x308"), false).p);
}

static void
test_translate_nests_codes_and_lists_both_ways(void **state)
{
    struct ctx *cx = cx_of(state);
    struct json *codes = NULL;
    struct json *in = NULL;
    struct json *back = NULL;
    struct json_limits limits = { 0 };
    struct buf out = buf_new(cx->arena, 4096);
    struct buf ours = buf_new(cx->arena, 4096);
    ASSERT_OK(
        cx, json_parse(cx->arena, STR("{\"1\":\"male\",\"2\":\"female\"}"), limits, &codes, NULL));
    struct exchange_map items[] = { { .our = STR("name"), .their = STR("Ten") } };
    struct exchange_map maps[] = {
        { .our = STR("name"), .their = STR("CongDan.HoTen") },
        { .our = STR("sex"), .their = STR("CongDan.GioiTinh"), .codes = codes },
        { .our = STR("born"), .their = STR("NgaySinh"), .date = STR("yyyyMMdd") },
        { .our = STR("papers"),
          .their = STR("TaiLieu"),
          .items = items,
          .n_items = 1,
          .is_list = true },
        { .their = STR("PhienBan"), .fixed = STR("2") },
    };
    struct str text = STR("{\"name\":\"Mơ\",\"sex\":\"female\",\"born\":\"1990-03-08\","
                          "\"papers\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"more\":1}");
    ASSERT_OK(cx, json_parse(cx->arena, text, limits, &in, NULL));
    ASSERT_OK(cx, exchange_translate(cx, maps, COUNT_OF(maps), true, in, &out));
    ASSERT_STR(buf_str(&out), "{\"CongDan\":{\"HoTen\":\"Mơ\",\"GioiTinh\":\"2\"},"
                              "\"NgaySinh\":\"19900308\",\"TaiLieu\":[{\"Ten\":\"a\"},"
                              "{\"Ten\":\"b\"}],\"PhienBan\":\"2\"}");
    ASSERT_OK(cx, json_parse(cx->arena, buf_str(&out), limits, &back, NULL));
    ASSERT_OK(cx, exchange_translate(cx, maps, COUNT_OF(maps), false, back, &ours));
    ASSERT_STR(buf_str(&ours), "{\"name\":\"Mơ\",\"sex\":\"female\",\"born\":\"1990-03-08\","
                               "\"papers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}");
}

static void
test_soap_goes_there_and_back_escaped(void **state)
{
    struct ctx *cx = cx_of(state);
    struct json *in = NULL;
    struct xml *body = NULL;
    struct xml_fault fault;
    struct json_limits limits = { 0 };
    struct xml_limits xl = { 0 };
    struct buf out = buf_new(cx->arena, 4096);
    struct buf ours = buf_new(cx->arena, 4096);
    struct exchange_map maps[] = {
        { .our = STR("name"), .their = STR("NNT.Ten") },
        { .our = STR("code"), .their = STR("NNT.MST") },
        { .our = STR("at"), .their = STR("Ngay"), .date = STR("dd/MM/yyyy") }
    };
    struct str text = STR("{\"name\":\"A & <B>\",\"code\":\"075\",\"at\":\"2026-11-23\"}");
    ASSERT_OK(cx, json_parse(cx->arena, text, limits, &in, NULL));
    ASSERT_OK(cx, exchange_soap_write(cx, maps, COUNT_OF(maps), in, &out));
    ASSERT_STR(buf_str(&out), "<t:NNT><t:Ten>A &amp; &lt;B&gt;</t:Ten><t:MST>075</t:MST></t:NNT>"
                              "<t:Ngay>23/11/2026</t:Ngay>");
    struct str whole = str_fmt(cx->arena, "<x xmlns:t='u'>" STR_FMT "</x>", STR_ARG(buf_str(&out)));
    ASSERT_OK(cx, xml_parse(cx->arena, whole, xl, &body, &fault));
    ASSERT_OK(cx, exchange_soap_read(cx, maps, COUNT_OF(maps), body, &ours));
    assert_true(str_eq(buf_str(&ours), text));
}

static void
test_wsdl_hidden_replaces_each_address_and_nothing_else(void **state)
{
#define HIDDEN "http://example.org/xroad-endpoint"
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "", "" },
        { "<a>x</a>", "<a>x</a>" },
        { "<s:address location=\"http://10.0.0.9/x\"/>", "<s:address location=\"" HIDDEN "\"/>" },
        { "<address\n  x='1'\tlocation = 'http://10.0.0.9/?a>b' y=\"2\" ></address>",
          "<address\n  x='1'\tlocation = '" HIDDEN "' y=\"2\" ></address>" },
        { "<address mylocation='a' w:location='b' location=''/>",
          "<address mylocation='a' w:location='b' location='" HIDDEN "'/>" },
        { "<p:address location=\"a\"/><p:address location=\"b\"/>",
          "<p:address location=\"" HIDDEN "\"/><p:address location=\"" HIDDEN "\"/>" },
        { "<import location=\"a.xsd\"/>", "<import location=\"a.xsd\"/>" },
        { "<addresses location=\"a\"/>", "<addresses location=\"a\"/>" },
        { "<!-- > <address location='a'/> --><![CDATA[<address location='b'/>]]><?x '>?><b/>",
          "<!-- > <address location='a'/> --><![CDATA[<address location='b'/>]]><?x '>?><b/>" },
        { "<x a='<address location=' b='c'/>", "<x a='<address location=' b='c'/>" },
        { "<address location='", "<address location='" HIDDEN },
        { "<address location", "<address location" },
        { "<!", "<!" },
        { "<", "<" },
    };
    struct ctx *cx = cx_of(state);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_string_equal(str_z(cx->arena, exchange_wsdl_hidden(cx, str_of(cases[i].in))),
                            cases[i].out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doc_read_openapi_gives_operations_with_flat_fields),
        cmocka_unit_test(test_doc_read_yaml_says_the_same_as_json),
        cmocka_unit_test(test_doc_read_yaml_bombs_and_depths_are_refused),
        cmocka_unit_test(test_doc_read_refuses_what_is_no_description),
        cmocka_unit_test(test_doc_read_wsdl_gives_operations_with_flat_fields),
        cmocka_unit_test(test_wsdl_hidden_replaces_each_address_and_nothing_else),
        cmocka_unit_test(test_hours_and_addresses_follow_their_tables),
        cmocka_unit_test(test_without_takes_members_out_below_objects_and_lists),
        cmocka_unit_test(test_agreement_fault_names_the_first_reason),
        cmocka_unit_test(test_date_goes_there_and_back_in_each_format),
        cmocka_unit_test(test_translate_nests_codes_and_lists_both_ways),
        cmocka_unit_test(test_soap_goes_there_and_back_escaped),
    };
    return cmocka_run_group_tests(tests, test_env_set_up, test_env_tear_down);
}
