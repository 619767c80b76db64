/* The exchange on the level of the engine: the pack's national services installed as simulators,
 * questions to them, which bodies are kept. */
#include "engine/exchange/test/exchange_world.h"

static struct exchange_question
verify(const char *fields)
{
    return (struct exchange_question){ .connector = STR("dan-cu"),
                                       .operation = STR("xac-minh"),
                                       .purpose = STR("parents"),
                                       .dossier = 77,
                                       .fields = str_of(fields) };
}

#define MO_FIELDS                                                                                  \
    "{\"personal_id\":\"" MO "\",\"full_name\":\"thị mơ\",\"birth_date\":\"1990-03-08\"}"

/* --- installing ------------------------------------------------------------------------------- */
static void
test_install_again_changes_nothing(void **state)
{
    struct ctx *cx = cx_of(state);
    size_t n = 9;
    int64_t agreements = test_count(cx, "exchange_agreement");
    ASSERT_OK(cx, exchange_install(cx, &n));
    assert_int_equal(n, 0);
    assert_int_equal(test_count(cx, "exchange_agreement"), agreements);
    assert_int_equal(agreements, 20);
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM exchange_version WHERE kind = 'wsdl'"), 2);
}

/* --- questions -------------------------------------------------------------------------------- */
static void
test_ask_right_data_gives_them_and_leaves_a_reading(void **state)
{
    struct ctx *cx = cx_of(state);
    struct world *w = *state;
    struct exchange_question q = verify(MO_FIELDS);
    struct exchange_reply reply;
    struct json *fields = NULL;
    struct json_limits limits = { 0 };
    ASSERT_OK(cx, exchange_ask(cx, &q, &reply));
    ASSERT_OK(cx, json_parse(cx->arena, reply.fields, limits, &fields, NULL));
    ASSERT_STR(json_text(fields, "ethnicity"), "Xtiêng");
    ASSERT_STR(json_text(fields, "sex"), "female");
    ASSERT_STR(json_text(fields, "birth_date"), "1990-03-08");
    ASSERT_STR(json_text(fields, "unit"), "25405");
    assert_true(reply.is_simulated);
    struct str sql = str_fmt(cx->arena,
                             "SELECT count(*) FROM ledger_entry WHERE kind = 'person.read' AND "
                             "purpose = 'exchange.parents' AND subject = %" PRId64,
                             w->mo);
    assert_true(test_i64(cx, str_z(cx->arena, sql)) >= 1);
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM exchange_question WHERE request LIKE "
                                  "'%" MO "%'"),
                     0); /* kept sealed */
    assert_true(test_i64(cx, "SELECT count(*) FROM exchange_call WHERE way = 'connector' AND "
                             "status = 200 AND fault = ''") >= 1);
}

static void
test_ask_wrong_data_says_no_more_than_that(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_reply reply;
    struct exchange_question q = verify(
        "{\"personal_id\":\"" MO "\",\"full_name\":\"Thị Mận\",\"birth_date\":\"1990-03-08\"}");
    assert_int_equal(exchange_ask(cx, &q, &reply), ERR_CONFLICT);
    ASSERT_STR(reply.fault, "mismatch");
    ASSERT_STR(reply.fields, "{}");
    q.fields = STR("{\"personal_id\":\"070190900019\",\"full_name\":\"Thị Mơ\",\"birth_date\":"
                   "\"1990-03-08\"}");
    assert_int_equal(exchange_ask(cx, &q, &reply), ERR_NOT_FOUND);
    q.fields = STR("{\"personal_id\":\"" MO "\"}");
    assert_int_equal(exchange_ask(cx, &q, &reply), ERR_FORBIDDEN);
    ASSERT_STR(reply.fault, "invalid");
}

static void
test_ask_over_soap_and_over_a_session_speak_their_style(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_reply reply;
    struct exchange_question tax = { .connector = STR("thue"),
                                     .operation = STR("KiemTraMST"),
                                     .purpose = STR("tax_identity"),
                                     .fields = STR("{\"personal_id\":\"" MO
                                                   "\",\"full_name\":\"Thị Mơ\"}") };
    ASSERT_OK(cx, exchange_ask(cx, &tax, &reply));
    ASSERT_STR(reply.fields,
               "{\"tax_code\":\"" MO "\",\"state\":\"active\",\"office\":\"Thuế cơ sở 9\"}");
    tax.fields = STR("{\"personal_id\":\"" MO "\",\"full_name\":\"Ai khác\"}");
    assert_int_equal(exchange_ask(cx, &tax, &reply), ERR_CONFLICT);
    /* the first generation of the national portal: session in the body, dstcode in the head */
    struct exchange_question find = { .connector = STR("dvcqg-mc"),
                                      .operation = STR("TraCuuHoSo"),
                                      .purpose = STR("dossier"),
                                      .fields = STR("{\"number\":\"H19.1-261123-9999\"}") };
    assert_int_equal(exchange_ask(cx, &find, &reply), ERR_NOT_FOUND);
}

/* Both styles of signing in: the session in the body beside dstcode, and the token. */
static void
test_simulate_without_sign_in_or_purpose_is_refused(void **state)
{
    struct ctx *cx = cx_of(state);
    const struct {
        struct str service, operation, uplink, body;
    } all[] = {
        { STR("dvcqg-mc"), STR("TraCuuHoSo"), STR("ndxp"), STR("{\"MaHoSo\":\"N-1\"}") },
        { STR("dvcqg"), STR("trang-thai"), STR("ndop"), STR("{\"MaHoSoDiaPhuong\":\"N-1\"}") },
    };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct str bearer =
            str_cat(cx->arena, STR("Bearer "), exchange_sim_proof(cx, all[i].uplink));
        struct http_header proof = { STR("Authorization"), bearer };
        struct exchange_answer a;
        struct exchange_sim_request rq = { .service = all[i].service,
                                           .operation = all[i].operation,
                                           .uplink = all[i].uplink,
                                           .body = all[i].body };
        ASSERT_OK(cx, exchange_simulate(cx, &rq, &a));
        bool says_so = a.status == 401 || str_find(a.body, STR("unauthenticated")) < a.body.n;
        assert_true(says_so);
        rq.headers = &proof; /* signed in by token, but for no purpose */
        rq.n_headers = 1;
        ASSERT_OK(cx, exchange_simulate(cx, &rq, &a));
        assert_true(a.status != 200 || str_find(a.body, STR("\"0\"")) == a.body.n);
    }
}

static void
test_body_rules_follow_the_data_class_and_the_agreement(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_service s;
    struct exchange_agreement *v = NULL;
    struct exchange_body_rule *rules = NULL;
    size_t n = 0;
    size_t n_rules = 0;
    int64_t sensitive =
        test_i64(cx, "SELECT count(*) FROM exchange_service WHERE data_class = 'sensitive'");
    ASSERT_OK(cx, exchange_body_rules(cx, &rules, &n_rules));
    assert_true(sensitive >= 1);
    assert_int_equal(n_rules, sensitive);
    for (size_t i = 0; i < n_rules; i++) {
        assert_true(str_is_empty(rules[i].consumer) && !rules[i].is_kept);
    }
    ASSERT_OK(cx, exchange_service_by_path(cx, STR("VN/GOV/BCA/DAN-CU/cong-dan"), &s));
    ASSERT_OK(cx, exchange_agreements(cx, 0, s.id, STR_NULL, 0, &v, &n));
    v[0].bodies = STR("some");
    assert_int_equal(exchange_agreement_decide(cx, &v[0]), ERR_INVALID);
    cx->n_problems = 0;
    v[0].bodies = STR("hash");
    ASSERT_OK(cx, exchange_agreement_decide(cx, &v[0]));
    ASSERT_OK(cx, exchange_body_rules(cx, &rules, &n_rules));
    assert_int_equal(n_rules, sensitive + 1);
    assert_true(str_eq(rules[n_rules - 1].service, s.path));
    assert_true(str_eq(rules[n_rules - 1].consumer, v[0].consumer));
    assert_false(rules[n_rules - 1].is_kept);
    ASSERT_OK(cx, exchange_agreement_get(cx, v[0].id, &v[0]));
    ASSERT_STR(v[0].bodies, "hash");
    v[0].bodies = STR("");
    ASSERT_OK(cx, exchange_agreement_decide(cx, &v[0]));
}

static void
test_ask_without_agreement_is_forbidden_and_accounted(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_reply reply;
    struct exchange_question q = verify(MO_FIELDS);
    struct exchange_service s;
    struct exchange_agreement *v = NULL;
    size_t n = 0;
    ASSERT_OK(cx, exchange_service_by_path(cx, STR("VN/GOV/BCA/DAN-CU/cong-dan"), &s));
    ASSERT_OK(cx, exchange_agreements(cx, 0, s.id, STR_NULL, 0, &v, &n));
    assert_int_equal(n, 1);
    v[0].state = STR("suspended");
    v[0].note = STR("");
    assert_int_equal(exchange_agreement_decide(cx, &v[0]), ERR_INVALID); /* no reason given */
    cx->n_problems = 0;
    v[0].note = STR("rà soát");
    ASSERT_OK(cx, exchange_agreement_decide(cx, &v[0]));
    assert_int_equal(exchange_ask(cx, &q, &reply), ERR_FORBIDDEN);
    ASSERT_STR(reply.fault, "no_grant");
    assert_true(test_i64(cx, "SELECT count(*) FROM exchange_call WHERE fault = 'no_grant' AND "
                             "status = 403") >= 1);
    assert_int_equal(exchange_agreement_decide(cx, &v[0]), ERR_CONFLICT); /* an old version */
    ASSERT_OK(cx, exchange_agreement_get(cx, v[0].id, &v[0]));
    v[0].state = STR("granted");
    v[0].removed = STR("CongDan.DanToc");
    ASSERT_OK(cx, exchange_agreement_decide(cx, &v[0]));
    ASSERT_OK(cx, exchange_ask(cx, &q, &reply));
    assert_int_equal(str_find(reply.fields, STR("ethnicity")), reply.fields.n);
    ASSERT_OK(cx, exchange_agreement_get(cx, v[0].id, &v[0]));
    v[0].removed = STR("");
    ASSERT_OK(cx, exchange_agreement_decide(cx, &v[0]));
}

static void
test_ask_during_an_outage_fails_and_can_be_replayed(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_reply reply;
    struct exchange_question q = verify(MO_FIELDS);
    struct exchange_asked *v = NULL;
    size_t n = 0;
    ASSERT_OK(cx, exchange_sim_set(cx, STR("dan-cu"), STR("down")));
    assert_int_equal(exchange_ask(cx, &q, &reply), ERR_UPSTREAM);
    ASSERT_STR(reply.fault, "connect");
    ASSERT_OK(cx, exchange_sim_set(cx, STR("dan-cu"), STR("normal")));
    ASSERT_OK(cx, exchange_asked(cx, STR("failed"), 0, &v, &n));
    assert_true(n >= 1);
    ASSERT_STR(v[0].fault, "connect");
    int64_t failed = v[0].id;
    ASSERT_OK(cx, exchange_replay(cx, failed, &reply));
    ASSERT_OK(cx, exchange_asked(cx, STR("done"), 0, &v, &n));
    assert_int_equal(v[0].replay_of, failed);
    assert_int_equal(v[0].dossier, 77);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_install_again_changes_nothing),
        cmocka_unit_test(test_ask_right_data_gives_them_and_leaves_a_reading),
        cmocka_unit_test(test_ask_wrong_data_says_no_more_than_that),
        cmocka_unit_test(test_ask_over_soap_and_over_a_session_speak_their_style),
        cmocka_unit_test(test_simulate_without_sign_in_or_purpose_is_refused),
        cmocka_unit_test(test_body_rules_follow_the_data_class_and_the_agreement),
        cmocka_unit_test(test_ask_without_agreement_is_forbidden_and_accounted),
        cmocka_unit_test(test_ask_during_an_outage_fails_and_can_be_replayed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
