/* The exchange on the level of the engine: the pack's national services installed as simulators,
 * agreements, tokens, questions, the relay's policy. */
#include "engine/exchange/exchange_int.h"

#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/flow/flow.h"
#include "engine/form/form.h"
#include "engine/party/party.h"
#include "engine/print/print.h"
#include "engine/procedure/procedure.h"
#include "engine/unit/unit.h"
#include "lib/harness.h"

#define MO "070190900018"

struct world {
    struct test_env *env;
    struct ctx *cx;
    struct pack_set *packs;
    int64_t mo;
};

static enum err
people_tx(struct ctx *cx, void *arg)
{
    struct world *w = arg;
    struct party p = { .kind = STR("person"),
                       .name = STR("Thị Mơ"),
                       .personal_id = STR(MO),
                       .birth_date = STR("1990-03-08"),
                       .sex = STR("female"),
                       .ethnicity = STR("Xtiêng"),
                       .nationality = STR("Việt Nam"),
                       .phone = STR(""),
                       .email = STR(""),
                       .unit = unit_at(cx, STR("25405"), calendar_today(cx))->key,
                       .address = STR("Sóc Bom Bo"),
                       .source = STR("generated") };
    TRY(party_add(cx, &p));
    w->mo = p.id;
    return ERR_OK;
}

static int
set_up(void **state)
{
    static pack_part_fn *const parts[] = {
        pack_part_site, pack_part_texts, unit_pack_part,  calendar_pack_part,  access_pack_part,
        form_pack_part, flow_pack_part,  print_pack_load, procedure_pack_part, exchange_pack_part,
    };
    struct world *w = calloc(1, sizeof(*w));
    size_t n = 0;
    assert_non_null(w);
    w->env = test_env_new();
    w->cx = w->env->cx;
    w->env->config.is_demo = true;
    w->env->config.base_url = STR("http://localhost:8080");
    ASSERT_OK(w->cx,
              pack_set_open(w->cx, STR("packs/binh-phuoc"), parts, COUNT_OF(parts), &w->packs));
    w->cx->packs = w->packs;
    w->cx->texts = pack_texts(pack_now(w->cx));
    ASSERT_OK(w->cx, store_write(w->cx, people_tx, w));
    ASSERT_OK(w->cx, exchange_install(w->cx, &n));
    assert_int_equal(n, 20);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;
    test_env_free(w->env);
    pack_set_close(w->packs);
    free(w);
    return 0;
}

static struct ctx *
cx_of(void **state)
{
    struct ctx *cx = ((struct world *)*state)->cx;
    cx->n_problems = 0;
    return cx;
}

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

/* Each simulated operation answers a call that has all it asks for, in its own style. */
/* A dossier that a simulated portal has for us, as the questions about it name it. */
static struct str
handed_over(struct ctx *cx, struct str portal)
{
    struct str national;
    struct exchange_sim_hand in = { .service = portal,
                                    .template_id = STR("du"),
                                    .change = STR("new") };
    ASSERT_OK(cx, exchange_sim_hand_over(cx, &in, &national));
    return str_fmt(cx->arena,
                   "{\"national\":\"" STR_FMT "\",\"file\":\"t1\",\"revision\":\"1\","
                   "\"outcome\":\"taken\"}",
                   STR_ARG(national));
}

static void
test_every_simulator_answers_every_operation(void **state)
{
    struct ctx *cx = cx_of(state);
    const struct exchange_set *set = exchange_of_pack(cx);
    struct str all =
        STR("{\"personal_id\":\"" MO "\",\"full_name\":\"Thị Mơ\",\"name\":\"Thị Mơ\","
            "\"birth_date\":\"1990-03-08\",\"sex\":\"female\",\"number\":\"N-1\",\"tax_code\":\"" MO
            "\",\"unit\":\"25405\",\"sheet\":\"3\",\"parcel\":\"14\",\"address\":\"Bom Bo\","
            "\"phone\":\"0900000000\",\"list\":\"DM-DANTOC\",\"kind\":\"one\",\"amount\":\"8000\","
            "\"code\":\"1.001193\",\"plate\":\"93A-123.45\",\"words\":\"x\",\"unit_name\":\"x\","
            "\"serial\":\"01\",\"unit_code\":\"H19\",\"hash\":\"ab\",\"bytes\":\"eA==\","
            "\"national\":\"G22.1\",\"procedure\":\"1.001193\",\"applicant\":\"Thị Mơ\","
            "\"received\":\"2026-11-23T08:00:00+07:00\",\"at\":\"2026-11-23T08:00:00+07:00\","
            "\"status\":\"2\",\"is_update\":\"false\"}");
    size_t n = 0;
    for (size_t i = 0; i < set->n_connectors; i++) {
        const struct exchange_connector *c = &set->connectors[i];
        for (size_t k = 0; k < c->n_steps; k++) {
            struct exchange_reply reply = { .fault = STR("") };
            struct exchange_question q = { .connector = c->id,
                                           .operation = c->steps[k].id,
                                           .purpose = STR("dossier"),
                                           .fields = all };
            if (str_eq(c->id, STR("vbpl"))) {
                q.fields = STR("{\"number\":\"60/2014/QH13\"}");
            }
            if (str_eq(c->steps[k].id, c->dossier.get) || str_eq(c->steps[k].id, c->dossier.file) ||
                str_eq(c->steps[k].id, c->dossier.taken)) {
                q.fields = handed_over(cx, c->id);
            }
            if (str_eq(c->steps[k].id, STR("LayDanhSachTTHC"))) {
                q.fields = STR("{\"field\":\"\"}");
            }
            enum err e = exchange_ask(cx, &q, &reply);
            bool is_unknown = e == ERR_NOT_FOUND && str_eq(c->steps[k].id, STR("TraCuuHoSo"));
            if (e != ERR_OK && !is_unknown) {
                fail_msg(STR_FMT "/" STR_FMT ": %s (%s)", STR_ARG(c->id), STR_ARG(c->steps[k].id),
                         err_name(e), cx->err.text);
            }
            n++;
        }
    }
    assert_true(n >= 30);
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

/* --- tokens ----------------------------------------------------------------------------------- */
static struct exchange_subsystem
own(struct ctx *cx)
{
    struct exchange_subsystem s;
    ASSERT_OK(cx, exchange_subsystem_by_path(cx, STR("VN/GOV/H19/MOT-CUA"), &s));
    return s;
}

static void
test_token_issue_checks_secret_address_and_scope(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_client c = { .subsystem_id = own(cx).id, .name = STR("máy chủ") };
    struct exchange_subsystem who;
    struct exchange_token t;
    struct str secret;
    ASSERT_OK(cx, exchange_client_add(cx, &c, &secret));
    struct exchange_grant g = { c.client_id, secret, STR_NULL, STR("10.1.2.3"), STR_NULL };
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &t));
    assert_int_equal(t.expires_s, 3600);
    ASSERT_OK(cx, exchange_token_check(cx, t.access_token, STR("10.1.2.3"), &who));
    ASSERT_STR(who.path, "VN/GOV/H19/MOT-CUA");
    g.secret = STR("bbx_wrong");
    assert_int_equal(exchange_token_issue(cx, &g, &t), ERR_UNAUTHENTICATED);
    g.secret = secret;
    g.scope = STR("VN/GOV/BCA/DAN-CU/cong-dan");
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &t));
    ASSERT_STR(t.scope, "VN/GOV/BCA/DAN-CU/cong-dan");
    g.scope = STR("VN/GOV/BCA/DAN-CU/khac");
    assert_int_equal(exchange_token_issue(cx, &g, &t), ERR_INVALID);
    g.scope = STR_NULL;
    ASSERT_OK(cx, exchange_subsystem_set_ip(cx, who.id, STR("10.2.0.0/16")));
    assert_int_equal(exchange_token_issue(cx, &g, &t), ERR_FORBIDDEN);
    assert_int_equal(exchange_token_check(cx, t.access_token, STR("10.1.2.3"), &who),
                     ERR_FORBIDDEN);
    ASSERT_OK(cx, exchange_subsystem_set_ip(cx, who.id, STR("")));
}

static void
test_token_dies_with_time_and_with_its_client(void **state)
{
    struct ctx *cx = cx_of(state);
    struct world *w = *state;
    struct exchange_client c = { .subsystem_id = own(cx).id, .name = STR("b"), .ttl_s = 60 };
    struct exchange_subsystem who;
    struct exchange_token t;
    struct str first;
    struct str second;
    struct str session;
    ASSERT_OK(cx, exchange_client_add(cx, &c, &first));
    ASSERT_OK(cx, exchange_client_rotate(cx, c.id, 3600, &second));
    struct exchange_grant g = { c.client_id, first, STR_NULL, STR("10.1.2.3"), STR_NULL };
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &t)); /* the old one lives on for an hour */
    sys_clock_fake_step(&w->env->clock, INT64_C(3700) * 1000000);
    assert_int_equal(exchange_token_issue(cx, &g, &t), ERR_UNAUTHENTICATED);
    assert_int_equal(exchange_token_check(cx, t.access_token, STR("10.1.2.3"), &who),
                     ERR_UNAUTHENTICATED);
    g.secret = second;
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &t));
    ASSERT_OK(cx, exchange_session_new(cx, &g, &session));
    ASSERT_OK(cx, exchange_session_check(cx, session, &who));
    ASSERT_OK(cx, exchange_client_revoke(cx, c.id));
    assert_int_equal(exchange_token_check(cx, t.access_token, STR("10.1.2.3"), &who),
                     ERR_UNAUTHENTICATED);
    assert_int_equal(exchange_session_check(cx, session, &who), ERR_UNAUTHENTICATED);
    assert_int_equal(exchange_token_issue(cx, &g, &t), ERR_UNAUTHENTICATED);
}

/* --- agreements, policy ------------------------------------------------------------------------
 */
static void
test_ask_access_without_purpose_or_with_unknown_operation_is_invalid(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_member m = { .class_code = STR("GOV"),
                                 .code = STR("H19.9"),
                                 .name = STR("Sở") };
    struct exchange_subsystem s = { .code = STR("PM"), .name = STR("Phần mềm") };
    struct exchange_service service;
    ASSERT_OK(cx, exchange_member_add(cx, &m));
    s.member_id = m.id;
    ASSERT_OK(cx, exchange_subsystem_add(cx, &s));
    ASSERT_OK(cx, exchange_service_by_path(cx, STR("VN/GOV/BTC/DANG-KY-KINH-DOANH/doanh-nghiep"),
                                           &service));
    struct exchange_agreement a = { .consumer_id = s.id,
                                    .service_id = service.id,
                                    .operations = STR("tra-cuu khong-co"),
                                    .purpose = STR("thử"),
                                    .hours = STR("sáng"),
                                    .legal_basis = STR("") };
    assert_int_equal(exchange_ask_access(cx, &a), ERR_INVALID);
    assert_int_equal(cx->n_problems, 4);
    cx->n_problems = 0;
    a.operations = STR("tra-cuu");
    a.fields = STR("data.name khong.co");
    a.hours = STR("");
    assert_int_equal(exchange_ask_access(cx, &a), ERR_INVALID);
    assert_int_equal(cx->n_problems, 3);
    cx->n_problems = 0;
    a.fields = STR("data.name data.status");
    a.purpose = STR("Kiểm tra tình trạng doanh nghiệp khi cấp phép");
    a.legal_basis = STR("Luật Doanh nghiệp");
    a.hours = STR("1-5 07-17");
    a.quota_day = 2;
    ASSERT_OK(cx, exchange_ask_access(cx, &a));
    ASSERT_STR(a.removed, "data.enterpriseCode data.registeredAt data.headOffice data.capital");
    assert_int_equal(exchange_ask_access(cx, &a), ERR_CONFLICT);
    /* asked for is not granted */
    struct exchange_answer answer;
    struct exchange_request rq = { .way = "sandbox",
                                   .consumer = STR("VN/GOV/H19.9/PM"),
                                   .service = service.path,
                                   .operation = STR("tra-cuu"),
                                   .query = STR("enterpriseCode=" MO) };
    assert_int_equal(exchange_forward(cx, &rq, &answer), ERR_FORBIDDEN);
    a.state = STR("granted");
    ASSERT_OK(cx, exchange_agreement_decide(cx, &a));
    sys_clock_fake_step(&((struct world *)*state)->env->clock, 1000000);
    ASSERT_OK(cx, exchange_forward(cx, &rq, &answer));
    assert_int_equal(answer.status, 200);
    assert_true(str_find(answer.body, STR("\"status\"")) < answer.body.n);
    assert_true(str_find(answer.body, STR("capital")) == answer.body.n); /* not asked for */
    ASSERT_OK(cx, exchange_forward(cx, &rq, &answer));
    assert_int_equal(exchange_forward(cx, &rq, &answer), ERR_RATE); /* two a day */
    ASSERT_STR(answer.fault, "quota");
}

/* Goes on with the agreement of the test before, and leaves it as it was. */
static void
test_agreement_suspended_without_terms_keeps_them_for_the_next_grant(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_subsystem s;
    struct exchange_agreement *list = NULL;
    struct exchange_agreement a;
    size_t n = 0;
    ASSERT_OK(cx, exchange_subsystem_by_path(cx, STR("VN/GOV/H19.9/PM"), &s));
    ASSERT_OK(cx, exchange_agreements(cx, s.id, 0, STR_NULL, 0, &list, &n));
    assert_int_equal(n, 1);
    struct exchange_agreement bare = { .id = list[0].id,
                                       .version = list[0].version,
                                       .service_id = list[0].service_id,
                                       .state = STR("suspended"),
                                       .note = STR("rà soát") };
    ASSERT_OK(cx, exchange_agreement_decide(cx, &bare));
    ASSERT_OK(cx, exchange_agreement_get(cx, bare.id, &a));
    ASSERT_STR(a.state, "suspended");
    ASSERT_STR(a.operations, "tra-cuu");
    ASSERT_STR(a.removed, "data.enterpriseCode data.registeredAt data.headOffice data.capital");
    ASSERT_STR(a.hours, "1-5 07-17");
    assert_int_equal(a.quota_day, 2);
    a.state = STR("granted");
    ASSERT_OK(cx, exchange_agreement_decide(cx, &a));
}

static void
test_policy_holds_what_the_rows_say(void **state)
{
    struct ctx *cx = cx_of(state);
    struct relay_policy p;
    const struct relay_grant *grant = NULL;
    ASSERT_OK(cx, exchange_policy(cx, 8080, &p));
    /* after the services: op-monitoring, the list of clients, and three a system that offers
     * something, for every client */
    assert_int_equal((p.n_routes - 22) % 3, 0);
    ASSERT_STR(p.routes[21].path, EXCHANGE_CLIENTS_PATH);
    assert_true(str_ends(p.routes[22].path, STR("/listMethods")));
    assert_true(str_ends(p.routes[p.n_routes - 1].path, STR("/getOpenAPI")));
    for (size_t i = 20; i < p.n_routes; i++) {
        assert_true(p.routes[i].is_for_clients);
    }
    ASSERT_STR(p.routes[20].path, EXCHANGE_OPMON_PATH);
    assert_false(p.routes[19].is_for_clients);
    assert_true(p.n_grants >= 21);
    ASSERT_STR(p.pools[0].addresses[0], "127.0.0.1:8080");
    for (size_t i = 0; i < p.n_grants; i++) {
        if (str_eq(p.grants[i].client, STR("VN/GOV/H19.9/PM"))) {
            grant = &p.grants[i];
        }
    }
    assert_non_null(grant);
    assert_int_equal(grant->n_operations, 1);
    ASSERT_STR(grant->operations[0].method, "GET");
    ASSERT_STR(grant->operations[0].path, "/tra-cuu");
    assert_int_equal(grant->quota_n, 2);
    assert_int_equal(grant->quota_used, 2);
    assert_int_equal(grant->hours[0], 0x1ff80);
    assert_true(p.tokens.jwks.n > 50);
}

static size_t
n_calls(struct ctx *cx, int64_t consumer)
{
    struct exchange_call *v = NULL;
    size_t n = 0;
    ASSERT_OK(cx, exchange_calls(cx, consumer, 0, false, 0, &v, &n));
    return n;
}

static void
decide(struct ctx *cx, struct exchange_agreement *a, struct str to, int64_t quota_day)
{
    ASSERT_OK(cx, exchange_agreement_get(cx, a->id, a));
    a->state = to;
    a->quota_day = quota_day;
    a->hours = STR("");
    a->note = STR("thử");
    ASSERT_OK(cx, exchange_agreement_decide(cx, a));
}

/* Begins with the agreement of the tests before. */
static void
test_forward_with_rows_kept_sees_each_change_at_the_next_call(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_subsystem s;
    struct exchange_agreement *list = NULL;
    size_t n = 0;
    struct exchange_answer answer;
    struct exchange_kept *kept = exchange_kept_open();
    struct exchange_request rq = { .way = "node",
                                   .consumer = STR("VN/GOV/H19.9/PM"),
                                   .service = STR("VN/GOV/BTC/DANG-KY-KINH-DOANH/doanh-nghiep"),
                                   .method = STR("GET"),
                                   .path = STR("/tra-cuu"),
                                   .query = STR("enterpriseCode=" MO),
                                   .kept = kept };
    ASSERT_OK(cx, exchange_subsystem_by_path(cx, rq.consumer, &s));
    ASSERT_OK(cx, exchange_agreements(cx, s.id, 0, STR_NULL, 0, &list, &n));
    assert_int_equal(n, 1);
    struct exchange_agreement a = list[0];
    decide(cx, &a, STR("granted"), 0);
    size_t before = n_calls(cx, s.id);
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(cx, exchange_forward(cx, &rq, &answer));
        assert_int_equal(answer.status, 200);
    }
    assert_int_equal(n_calls(cx, s.id), before); /* wait to be stored together */
    ASSERT_OK(cx, exchange_kept_store(cx, kept));
    assert_int_equal(n_calls(cx, s.id), before + 3);
    ASSERT_OK(cx, exchange_kept_store(cx, kept));
    assert_int_equal(n_calls(cx, s.id), before + 3);
    rq.path = STR("/khong-co");
    assert_int_equal(exchange_forward(cx, &rq, &answer), ERR_FORBIDDEN);
    ASSERT_STR(answer.fault, "no_operation");
    rq.path = STR("/tra-cuu");
    decide(cx, &a, STR("suspended"), 0);
    assert_int_equal(exchange_forward(cx, &rq, &answer), ERR_FORBIDDEN);
    decide(cx, &a, STR("granted"), 100);
    ASSERT_OK(cx, exchange_kept_store(cx, kept));
    before = n_calls(cx, s.id);
    ASSERT_OK(cx, exchange_forward(cx, &rq, &answer));
    assert_int_equal(n_calls(cx, s.id), before + 1); /* counted, so stored at once */
    ASSERT_OK(cx, exchange_member_suspend(cx, s.member_id, true, STR("thử")));
    assert_int_equal(exchange_forward(cx, &rq, &answer), ERR_FORBIDDEN);
    ASSERT_STR(answer.fault, "suspended");
    ASSERT_OK(cx, exchange_member_suspend(cx, s.member_id, false, STR("")));
    ASSERT_OK(cx, exchange_forward(cx, &rq, &answer));
    exchange_kept_close(kept);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_install_again_changes_nothing),
        cmocka_unit_test(test_ask_right_data_gives_them_and_leaves_a_reading),
        cmocka_unit_test(test_ask_wrong_data_says_no_more_than_that),
        cmocka_unit_test(test_ask_over_soap_and_over_a_session_speak_their_style),
        cmocka_unit_test(test_every_simulator_answers_every_operation),
        cmocka_unit_test(test_simulate_without_sign_in_or_purpose_is_refused),
        cmocka_unit_test(test_body_rules_follow_the_data_class_and_the_agreement),
        cmocka_unit_test(test_ask_without_agreement_is_forbidden_and_accounted),
        cmocka_unit_test(test_ask_during_an_outage_fails_and_can_be_replayed),
        cmocka_unit_test(test_token_issue_checks_secret_address_and_scope),
        cmocka_unit_test(test_ask_access_without_purpose_or_with_unknown_operation_is_invalid),
        cmocka_unit_test(test_agreement_suspended_without_terms_keeps_them_for_the_next_grant),
        cmocka_unit_test(test_policy_holds_what_the_rows_say),
        cmocka_unit_test(test_forward_with_rows_kept_sees_each_change_at_the_next_call),
        cmocka_unit_test(test_token_dies_with_time_and_with_its_client),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
