/* Every simulated national service, by one table: found, not found, data that do not agree, bad
 * input; then each service slow, away, erring, losing its answers. A service or operation of the
 * pack without a row fails. */
#include "engine/exchange/test/exchange_world.h"

#include "codec/base64.h"
#include "crypto/cms.h"
#include "crypto/digest.h"

#define NONE "070190900019" /* well-formed, and nobody's */
#define HASH "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define WHO  "\"personal_id\":\"" MO "\",\"full_name\":\"Thị Mơ\""

struct row {
    const char *connector, *operation;
    const char *fields; /* all that it needs; "@national" stands for a dossier that waits there */
    const char *field;  /* of the answer: says this, or anything ("*"); NULL: the answer is empty */
    const char *value;
    const char *unknown; /* nothing is known: not_found; NULL: it only takes messages */
    const char *other;   /* does not agree with what is known: mismatch; NULL: compares nothing */
    const char *bad;     /* all fields are there, one is not well-formed: invalid; may be NULL */
};

static const struct row rows[] = {
    { "bhxh", "qua-trinh", "{" WHO "}", "insurance_no", "*",
      "{\"personal_id\":\"" CHILD "\",\"full_name\":\"Thị Hoa\"}",
      "{\"personal_id\":\"" MO "\",\"full_name\":\"Thị Mận\"}",
      "{\"personal_id\":\"0701909\",\"full_name\":\"Thị Mơ\"}" },
    { "bhyt", "cap-the", "{\"number\":\"N-1\",\"name\":\"Hoa\",\"birth_date\":\"2026-11-01\"}",
      "card_number", "*", NULL, NULL,
      "{\"number\":\"N-2\",\"name\":\"Hoa\",\"birth_date\":\"2026-13-01\"}" },
    { "bhyt", "tra-cuu", "{\"personal_id\":\"" CHILD "\"}", "clinic", "*",
      "{\"personal_id\":\"" NONE "\"}", NULL, "{\"personal_id\":\"07031800001x\"}" },
    { "buu-chinh", "ma-buu-chinh", "{\"unit\":\"25405\"}", "postcode", "*", "{\"unit\":\"99999\"}",
      NULL, NULL },
    { "buu-chinh", "dat-thu-gom",
      "{\"number\":\"N-1\",\"address\":\"Bom Bo\",\"phone\":\"0900000000\"}", "item", "*", NULL,
      NULL, NULL },
    { "csdl-tthc", "LayThuTuc", "{\"code\":\"1.001193\"}", "name", "Đăng ký khai sinh",
      "{\"code\":\"9.999999\"}", NULL, NULL },
    { "csdl-tthc", "LayDanhSachTTHC", "{\"field\":\"Hộ tịch\"}", "items", "*",
      "{\"field\":\"Thiên văn\"}", NULL, NULL },
    { "dan-cu", "xac-minh", "{" WHO ",\"birth_date\":\"1990-03-08\"}", "ethnicity", "Xtiêng",
      "{\"personal_id\":\"" NONE "\",\"full_name\":\"Thị Mơ\",\"birth_date\":\"1990-03-08\"}",
      "{" WHO ",\"birth_date\":\"1990-03-09\"}", "{" WHO ",\"birth_date\":\"08/03/1990\"}" },
    { "dan-cu", "cap-so",
      "{\"name\":\"Hoa\",\"birth_date\":\"2026-11-01\",\"sex\":\"female\",\"number\":\"N-1\"}",
      "personal_id", "*", NULL, NULL,
      "{\"name\":\"Hoa\",\"birth_date\":\"2026-11-01\",\"sex\":\"x\",\"number\":\"N-1\"}" },
    { "danh-muc", "lay", "{\"list\":\"DM-DANTOC\"}", "items", "*", "{\"list\":\"DM-KHAC\"}", NULL,
      NULL },
    { "dat-dai", "thua-dat", "{\"unit\":\"25405\",\"sheet\":\"3\",\"parcel\":\"15\"}", "area", "*",
      "{\"unit\":\"99999\",\"sheet\":\"3\",\"parcel\":\"15\"}", NULL,
      "{\"unit\":\"25405\",\"sheet\":\"ba\",\"parcel\":\"15\"}" },
    { "doanh-nghiep", "tra-cuu", "{\"tax_code\":\"" COMPANY "\"}", "name",
      "Hợp tác xã Thổ cẩm Sóc Bom Bo", "{\"tax_code\":\"3800000004\"}", NULL,
      "{\"tax_code\":\"3800000005\"}" },
    { "dvcqg-mc", "DongBoHoSoMC",
      "{\"is_update\":\"false\",\"number\":\"N-1\",\"procedure\":\"1.001193\",\"applicant\":\"Thị "
      "Mơ\",\"received\":\"2026-11-23T08:00:00+07:00\",\"status\":\"1\"}",
      NULL, NULL, NULL, NULL,
      "{\"is_update\":\"maybe\",\"number\":\"N-1\",\"procedure\":\"1.001193\",\"applicant\":\"Thị "
      "Mơ\",\"received\":\"2026-11-23T08:00:00+07:00\",\"status\":\"1\"}" },
    { "dvcqg-mc", "TraCuuHoSo", "{\"number\":\"N-1\"}", "status", "1", "{\"number\":\"N-none\"}",
      NULL, NULL },
    { "dvcqg-mc", "CapNhatTienDoHoSoMC",
      "{\"number\":\"N-1\",\"at\":\"2026-11-23T09:00:00+07:00\",\"status\":\"2\"}", NULL, NULL,
      NULL, NULL, "{\"number\":\"N-1\",\"at\":\"yesterday\",\"status\":\"2\"}" },
    { "dvcqg-mc", "DanhSachHoSoMoi", "{}", "dossiers", "*", NULL, NULL, NULL },
    { "dvcqg-mc", "LayHoSo", "{\"national\":\"@national\"}", "applicant", "*",
      "{\"national\":\"G22.none\"}", NULL, NULL },
    { "dvcqg-mc", "LayTepDinhKem", "{\"national\":\"@national\",\"file\":\"t1\"}", "bytes", "*",
      "{\"national\":\"@national\",\"file\":\"t9\"}", NULL, NULL },
    { "dvcqg-mc", "XacNhanNhanHoSo",
      "{\"national\":\"@national\",\"revision\":\"1\",\"outcome\":\"taken\"}", NULL, NULL,
      "{\"national\":\"G22.none\",\"revision\":\"1\",\"outcome\":\"taken\"}", NULL,
      "{\"national\":\"@national\",\"revision\":\"1\",\"outcome\":\"lost\"}" },
    { "dvcqg", "cap-so", "{\"unit_code\":\"25405\",\"number\":\"N-1\"}", "national", "*", NULL,
      NULL, NULL },
    { "dvcqg", "gui-tep", "{\"name\":\"a.pdf\",\"hash\":\"" HASH "\",\"bytes\":\"YWJj\"}", "file",
      "*", NULL, "{\"name\":\"a.pdf\",\"hash\":\"" HASH "\",\"bytes\":\"YWJk\"}",
      "{\"name\":\"a.pdf\",\"hash\":\"ab\",\"bytes\":\"YWJj\"}" },
    { "dvcqg", "tao-ho-so",
      "{\"national\":\"G22.1\",\"number\":\"N-1\",\"procedure\":\"1.001193\",\"applicant\":\"Thị "
      "Mơ\"}",
      "national", "G22.1", NULL, NULL, NULL },
    { "dvcqg", "tien-do",
      "{\"national\":\"G22.1\",\"number\":\"N-1\",\"at\":\"2026-11-23T09:00:00+07:00\","
      "\"status\":\"2\"}",
      NULL, NULL, NULL, NULL,
      "{\"national\":\"G22.1\",\"number\":\"N-1\",\"at\":\"yesterday\",\"status\":\"2\"}" },
    { "dvcqg", "trang-thai", "{\"number\":\"N-1\"}", "status", "2", "{\"number\":\"N-none\"}", NULL,
      NULL },
    { "dvcqg", "ho-so-moi", "{}", "dossiers", "*", NULL, NULL, NULL },
    { "dvcqg", "lay-ho-so", "{\"national\":\"@national\"}", "applicant", "*",
      "{\"national\":\"G22.none\"}", NULL, NULL },
    { "dvcqg", "lay-tep", "{\"national\":\"@national\",\"file\":\"t1\"}", "bytes", "*",
      "{\"national\":\"@national\",\"file\":\"t9\"}", NULL, NULL },
    { "dvcqg", "xac-nhan", "{\"national\":\"@national\",\"revision\":\"1\",\"outcome\":\"taken\"}",
      NULL, NULL, "{\"national\":\"G22.none\",\"revision\":\"1\",\"outcome\":\"taken\"}", NULL,
      "{\"national\":\"@national\",\"revision\":\"1\",\"outcome\":\"lost\"}" },
    { "giay-phep-lai-xe", "tra-cuu", "{" WHO "}", "class", "*",
      "{\"personal_id\":\"" CHILD "\",\"full_name\":\"Thị Hoa\"}",
      "{\"personal_id\":\"" MO "\",\"full_name\":\"Thị Mận\"}",
      "{\"personal_id\":\"1\",\"full_name\":\"Thị Mơ\"}" },
    { "ho-kinh-doanh", "tra-cuu", "{\"personal_id\":\"" SON "\"}", "name",
      "Hộ kinh doanh Nông sản Điểu Sơn", "{\"personal_id\":\"" NONE "\"}", NULL,
      "{\"personal_id\":\"0700880000171\"}" },
    { "ho-kinh-doanh", "bao-moi",
      "{\"number\":\"N-1\",\"personal_id\":\"" MO "\",\"name\":\"Quán Mơ\"}", "code", MO, NULL,
      "{\"number\":\"N-2\",\"personal_id\":\"" SON "\",\"name\":\"Quán Sơn\"}",
      "{\"number\":\"N-1\",\"personal_id\":\"x\",\"name\":\"Quán Mơ\"}" },
    { "ho-tich", "TraCuuKetHon", "{\"personal_id\":\"" SON "\"}", "date", "2015-05-12",
      "{\"personal_id\":\"" CHILD "\"}", NULL, "{\"personal_id\":\"1\"}" },
    { "ho-tich", "TraCuuKhaiSinh", "{\"personal_id\":\"" CHILD "\"}", "full_name", "Thị Hoa",
      "{\"personal_id\":\"" NONE "\"}", NULL, "{\"personal_id\":\"1\"}" },
    { "ly-lich-tu-phap", "gui", "{\"number\":\"N-1\",\"personal_id\":\"" MO "\",\"kind\":\"one\"}",
      "state", "taken", NULL, NULL,
      "{\"number\":\"N-1\",\"personal_id\":\"" MO "\",\"kind\":\"nine\"}" },
    { "ly-lich-tu-phap", "hoi", "{\"number\":\"N-1\"}", "kind", "one", "{\"number\":\"N-none\"}",
      NULL, NULL },
    { "pakn", "tra-loi", "{\"number\":\"N-1\",\"words\":\"Đã sửa đường\",\"unit_name\":\"Bom Bo\"}",
      "state", "answered", NULL, NULL, NULL },
    { "pakn", "hoi", "{\"number\":\"N-1\"}", "words", "Đã sửa đường", "{\"number\":\"N-none\"}",
      NULL, NULL },
    { "phuong-tien", "tra-cuu", "{\"plate\":\"93A-123.45\"}", "brand", "*",
      "{\"plate\":\"93A-000.01\"}", NULL, "{\"plate\":\"xe của tôi\"}" },
    { "thanh-toan", "lap", "{\"number\":\"N-1\",\"amount\":\"8000\"}", "payment", "*", NULL, NULL,
      "{\"number\":\"N-1\",\"amount\":\"-8000\"}" },
    { "thanh-toan", "hoi", "{\"number\":\"N-1\"}", "amount", "8000", "{\"number\":\"N-none\"}",
      NULL, NULL },
    { "thue", "KiemTraMST", "{" WHO "}", "tax_code", MO,
      "{\"personal_id\":\"" NONE "\",\"full_name\":\"Thị Mơ\"}",
      "{\"personal_id\":\"" MO "\",\"full_name\":\"Thị Mận\"}",
      "{\"personal_id\":\"1\",\"full_name\":\"Thị Mơ\"}" },
    { "thue", "GhiNhanHKD", "{\"number\":\"N-1\",\"personal_id\":\"" MO "\"}", "tax_code", MO, NULL,
      NULL, "{\"number\":\"N-1\",\"personal_id\":\"1\"}" },
    { "thue", "NghiaVuDatDai", "{\"number\":\"N-1\"}", "notice", "*", NULL, NULL, NULL },
    { "vbpl", "van-ban", "{\"number\":\"60/2014/QH13\"}", "state", "in_force",
      "{\"number\":\"1/1900/QH0\"}", NULL, NULL },
    { "xac-thuc-chu-ky", "kiem-tra", "{\"certificate\":\"@certificate\"}", "state", "valid", NULL,
      NULL, "{\"certificate\":\"bm90IG9uZQ==\"}" },
    { "xac-thuc-chu-ky", "kiem-tra-tai-lieu", "{\"document\":\"@document\",\"hash\":\"@hash\"}",
      "state", "unsigned", NULL, "{\"document\":\"@document\",\"hash\":\"" HASH "\"}",
      "{\"document\":\"%PDF-1.4\",\"hash\":\"@hash\"}" },
};

/* What the rows leave open. */
struct filled {
    struct str certificate, document, hash;
};

static struct str
fill(struct ctx *cx, const struct filled *f, struct str connector, const char *fields)
{
    struct str s = str_of(fields);
    struct str national = STR("");
    if (str_find(s, STR("@national")) < s.n) {
        struct exchange_sim_hand in = { .service = connector,
                                        .template_id = STR("du"),
                                        .change = STR("new") };
        ASSERT_OK(cx, exchange_sim_hand_over(cx, &in, &national));
    }
    s = str_replace(cx->arena, s, STR("@national"), national);
    s = str_replace(cx->arena, s, STR("@certificate"), f->certificate);
    s = str_replace(cx->arena, s, STR("@document"), f->document);
    return str_replace(cx->arena, s, STR("@hash"), f->hash);
}

static struct filled
fillings(struct ctx *cx)
{
    struct sign_cert cert;
    struct str der = STR_NULL;
    struct str pdf = STR("%PDF-1.4\n% nothing in it\n");
    int64_t id = 0;
    struct sign_cert_wish wish = { .kind = SIGN_SEAL,
                                   .owner = STR("H19.1"),
                                   .name = STR("Ủy ban nhân dân xã Bom Bo"),
                                   .org = STR("Ủy ban nhân dân xã Bom Bo") };
    ASSERT_OK(cx, sign_cert_issue(cx, &wish, &id));
    ASSERT_OK(cx, sign_cert_by_id(cx, id, &cert));
    ASSERT_OK(cx, cms_cert_der(cx, cert.pem, &der));
    return (struct filled){ base64_encode(cx->arena, der), base64_encode(cx->arena, pdf),
                            digest_sha256_hex(cx->arena, pdf) };
}

static enum err
ask(struct ctx *cx, const struct row *r, struct str fields, struct exchange_reply *reply)
{
    struct exchange_question q = { .connector = str_of(r->connector),
                                   .operation = str_of(r->operation),
                                   .purpose = STR("dossier"),
                                   .fields = fields };
    *reply = (struct exchange_reply){ .fault = STR("") };
    cx->n_problems = 0;
    return exchange_ask(cx, &q, reply);
}

static void
expect_fault(struct ctx *cx, const struct row *r, struct str fields, const char *word)
{
    struct exchange_reply reply;
    enum err e = ask(cx, r, fields, &reply);
    if (e == ERR_OK || !str_eq(reply.fault, str_of(word)) || !str_eq(reply.fields, STR("{}"))) {
        fail_msg("%s/%s " STR_FMT ": %s '" STR_FMT "' " STR_FMT ", not %s", r->connector,
                 r->operation, STR_ARG(fields), err_name(e), STR_ARG(reply.fault),
                 STR_ARG(reply.fields), word);
    }
}

static void
expect_answer(struct ctx *cx, const struct row *r, struct str fields)
{
    struct exchange_reply reply;
    struct json *got = NULL;
    enum err e = ask(cx, r, fields, &reply);
    if (e != ERR_OK || !reply.is_simulated) {
        fail_msg("%s/%s: %s (%s)", r->connector, r->operation, err_name(e), cx->err.text);
    }
    ASSERT_OK(cx, json_parse(cx->arena, reply.fields, (struct json_limits){ 0 }, &got, NULL));
    const struct json *v = r->field == NULL ? NULL : json_get(got, r->field);
    bool is_right = r->field == NULL                     ? got->n == 0
                    : v == NULL                          ? false
                    : str_eq(str_of(r->value), STR("*")) ? v->type == JSON_LIST || v->text.n > 0
                                                         : str_eq(v->text, str_of(r->value));
    if (!is_right) {
        fail_msg("%s/%s: %s of " STR_FMT, r->connector, r->operation,
                 r->field == NULL ? "nothing" : r->field, STR_ARG(reply.fields));
    }
}

/* The fields without one of them. */
static struct str
without(struct ctx *cx, struct str fields, struct str name)
{
    struct json *all = NULL;
    struct buf b = buf_new(cx->arena, (size_t)1 << 20);
    struct json_out o = json_out(&b);
    ASSERT_OK(cx, json_parse(cx->arena, fields, (struct json_limits){ 0 }, &all, NULL));
    json_open(&o);
    for (JSON_EACH(all, it)) {
        if (!str_eq(it->key, name)) {
            json_key_str(&o, it->key);
            json_write(&o, it);
        }
    }
    json_close(&o);
    return buf_str(&b);
}

static const struct row *
row_of(struct str connector, struct str operation)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (str_eq(connector, str_of(rows[i].connector)) &&
            (operation.p == NULL || str_eq(operation, str_of(rows[i].operation)))) {
            return &rows[i];
        }
    }
    fail_msg("no row for " STR_FMT "/" STR_FMT, STR_ARG(connector), STR_ARG(operation));
    return NULL;
}

/* The rows in their order: what is kept by one is found by the next. */
static void
test_simulate_each_operation_finds_knows_not_compares_and_refuses(void **state)
{
    struct ctx *cx = cx_of(state);
    struct filled f = fillings(cx);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *r = &rows[i];
        struct str id = str_of(r->connector);
        const struct exchange_step *step =
            exchange_step(exchange_connector(cx, id), str_of(r->operation));
        assert_non_null(step);
        struct str good = fill(cx, &f, id, r->fields);
        for (size_t k = 0; k < step->n_in; k++) {
            if (step->in[k].is_required && str_is_empty(step->in[k].fixed)) {
                expect_fault(cx, r, without(cx, good, step->in[k].our), "invalid");
            }
        }
        expect_answer(cx, r, good);
        if (r->unknown != NULL) {
            expect_fault(cx, r, fill(cx, &f, id, r->unknown), "not_found");
        }
        if (r->other != NULL) {
            expect_fault(cx, r, fill(cx, &f, id, r->other), "mismatch");
        }
        if (r->bad != NULL) {
            expect_fault(cx, r, fill(cx, &f, id, r->bad), "invalid");
        }
    }
}

static void
test_simulate_no_operation_of_the_pack_is_without_a_row(void **state)
{
    struct ctx *cx = cx_of(state);
    const struct exchange_set *set = exchange_of_pack(cx);
    size_t n = 0;
    for (size_t i = 0; i < set->n_connectors; i++) {
        for (size_t k = 0; k < set->connectors[i].n_steps; k++) {
            assert_non_null(row_of(set->connectors[i].id, set->connectors[i].steps[k].id));
            n++;
        }
    }
    assert_int_equal(n, COUNT_OF(rows));
}

/* Slow beyond the caller's patience; away; erring now and then, in its own words for it. */
static void
test_simulate_each_service_is_slow_away_and_errs(void **state)
{
    struct ctx *cx = cx_of(state);
    struct filled f = fillings(cx);
    const struct exchange_set *set = exchange_of_pack(cx);
    for (size_t i = 0; i < set->n_connectors; i++) {
        struct str id = set->connectors[i].id;
        const struct row *r = row_of(id, STR_NULL);
        struct str fields = fill(cx, &f, id, r->fields);
        struct exchange_reply reply;
        struct exchange_answer a;
        struct exchange_sim_request rq = {
            .service = id, .operation = str_of(r->operation), .body = STR("{}"), .timeout_ms = 1000
        };
        ASSERT_OK(cx, exchange_sim_set(cx, id, STR("slow")));
        assert_int_equal(exchange_simulate(cx, &rq, &a), ERR_DEADLINE);
        ASSERT_OK(cx, exchange_sim_set(cx, id, STR("down")));
        assert_int_equal(ask(cx, r, fields, &reply), ERR_UPSTREAM);
        ASSERT_STR(reply.fault, "connect");
        ASSERT_OK(cx, exchange_sim_set(cx, id, STR("faulty")));
        size_t n_good = 0;
        size_t n_down = 0;
        for (size_t k = 0; k < 300 && (n_good == 0 || n_down == 0); k++) {
            enum err e = ask(cx, r, fields, &reply);
            n_good += e == ERR_OK;
            n_down += e == ERR_UPSTREAM && str_eq(reply.fault, STR("down"));
            if (e != ERR_OK && e != ERR_UPSTREAM) {
                fail_msg("%s errs as %s '" STR_FMT "'", r->connector, err_name(e),
                         STR_ARG(reply.fault));
            }
        }
        assert_true(n_good > 0 && n_down > 0);
        ASSERT_OK(cx, exchange_sim_set(cx, id, STR("normal")));
    }
}

/* One of each style, slow within the caller's patience. */
static void
test_simulate_slow_answers_all_the_same(void **state)
{
    struct ctx *cx = cx_of(state);
    ASSERT_OK(cx, exchange_sim_set(cx, STR("thue"), STR("slow")));
    expect_answer(cx, row_of(STR("thue"), STR("KiemTraMST")), STR("{" WHO "}"));
    ASSERT_OK(cx, exchange_sim_set(cx, STR("thue"), STR("normal")));
}

/* A message acted on whose answer was lost stands once when it is sent again. */
static void
test_simulate_lossy_has_acted_and_knows_the_message_again(void **state)
{
    struct ctx *cx = cx_of(state);
    const struct row *r = row_of(STR("ho-kinh-doanh"), STR("bao-moi"));
    struct str fields = STR("{\"number\":\"N-7\",\"personal_id\":\"070192000034\",\"name\":\"Thị "
                            "Phương\"}");
    struct exchange_reply reply;
    ASSERT_OK(cx, exchange_sim_set(cx, STR("ho-kinh-doanh"), STR("lossy")));
    assert_int_equal(ask(cx, r, fields, &reply), ERR_UPSTREAM);
    ASSERT_STR(reply.fault, "connect");
    ASSERT_OK(cx, exchange_sim_set(cx, STR("ho-kinh-doanh"), STR("normal")));
    ASSERT_OK(cx, ask(cx, r, fields, &reply));
    assert_int_equal(
        test_i64(cx, "SELECT count(*) FROM exchange_sim_message WHERE message = 'N-7'"), 1);
}

static void
expect_business(struct ctx *cx, const char *person, const char *n, const char *state)
{
    struct exchange_reply reply;
    struct json *got = NULL;
    struct str fields = str_fmt(cx->arena, "{\"personal_id\":\"%s\"}", person);
    ASSERT_OK(cx, ask(cx, row_of(STR("ho-kinh-doanh"), STR("tra-cuu")), fields, &reply));
    ASSERT_OK(cx, json_parse(cx->arena, reply.fields, (struct json_limits){ 0 }, &got, NULL));
    assert_true(str_eq(json_text(got, "n"), str_of(n)));
    struct str have = json_text(got, "state");
    assert_true(state == NULL ? have.p == NULL : str_eq(have, str_of(state)));
}

/* One household business a person, in the whole country; who ended one may begin another. */
static void
test_household_business_one_each_until_it_ended(void **state)
{
    struct ctx *cx = cx_of(state);
    const struct row *r = row_of(STR("ho-kinh-doanh"), STR("bao-moi"));
    static const char *const owners[] = { "070095000021", SON, CHILD };
    struct exchange_reply reply;
    expect_business(cx, SON, "1", "active");
    expect_business(cx, "070095000021", "1", "paused");
    expect_business(cx, CHILD, "0", NULL);
    for (size_t i = 0; i < COUNT_OF(owners); i++) {
        struct str fields = str_fmt(cx->arena,
                                    "{\"number\":\"N-3%zu\",\"personal_id\":\"%s\",\"name\":\"Quán "
                                    "mới\"}",
                                    i, owners[i]);
        if (i < 2) {
            expect_fault(cx, r, fields, "mismatch");
            continue;
        }
        ASSERT_OK(cx, ask(cx, r, fields, &reply));
        ASSERT_OK(cx, ask(cx, r, fields, &reply)); /* the same once more */
        expect_business(cx, owners[i], "1", "active");
        expect_fault(cx, r, str_replace(cx->arena, fields, STR("N-3"), STR("N-4")), "mismatch");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simulate_no_operation_of_the_pack_is_without_a_row),
        cmocka_unit_test(test_household_business_one_each_until_it_ended),
        cmocka_unit_test(test_simulate_each_operation_finds_knows_not_compares_and_refuses),
        cmocka_unit_test(test_simulate_each_service_is_slow_away_and_errs),
        cmocka_unit_test(test_simulate_slow_answers_all_the_same),
        cmocka_unit_test(test_simulate_lossy_has_acted_and_knows_the_message_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
