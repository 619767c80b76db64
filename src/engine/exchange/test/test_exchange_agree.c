/* Who may call what: tokens, agreements, the relay's policy made of them, calls forwarded by them.
 */
#include "crypto/digest.h"
#include "crypto/jose.h"
#include "crypto/secret_file.h"
#include "engine/exchange/test/exchange_world.h"

#include <unistd.h>

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
    struct exchange_grant g = { c.client_id, secret, STR_NULL, STR("10.1.2.3") };
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
    struct exchange_grant g = { c.client_id, first, STR_NULL, STR("10.1.2.3") };
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

/* Puts the file of the key away, so that the next reading makes another. */
static void
put_key_away(struct ctx *cx, const char *to)
{
    struct str dir = str_cat(cx->arena, cx->config->data_dir, STR("/keys/"));
    const char *from = str_z(cx->arena, str_cat(cx->arena, dir, STR("exchange-token.pem")));
    assert_int_equal(rename(from, str_z(cx->arena, str_cat(cx->arena, dir, str_of(to)))), 0);
}

static size_t
n_keys(struct ctx *cx)
{
    struct str text;
    struct json *tree = NULL;
    ASSERT_OK(cx, exchange_token_keys(cx, &text));
    ASSERT_OK(cx, json_parse(cx->arena, text, (struct json_limits){ 0 }, &tree, NULL));
    assert_null(json_get(json_get(tree, "keys")->child, "exp")); /* the one that signs */
    return json_get(tree, "keys")->n;
}

/* What the key of this file, and no other, would sign for a week. */
static struct str
signed_by(struct ctx *cx, const char *file, struct str client)
{
    struct str path = str_fmt(cx->arena, STR_FMT "/keys/%s", STR_ARG(cx->config->data_dir), file);
    int64_t now_s = sys_now_us(cx) / 1000000;
    struct str payload = str_fmt(cx->arena,
                                 "{\"iss\":\"" STR_FMT "\",\"aud\":\"" EXCHANGE_AUDIENCE
                                 "\",\"client_id\":\"" STR_FMT "\",\"exp\":%" PRId64 "}",
                                 STR_ARG(cx->config->base_url), STR_ARG(client), now_s + 7 * 86400);
    struct key *k = NULL;
    struct str raw;
    struct str token;
    ASSERT_OK(cx, key_load(cx, str_z(cx->arena, path), &k));
    ASSERT_OK(cx, key_public_raw(cx, k, &raw));
    struct str kid = str_slice(digest_sha256_hex(cx->arena, raw), 0, 16);
    ASSERT_OK(cx, jose_sign(cx, k, kid, STR("at+jwt"), payload, &token));
    key_free(k);
    return token;
}

static enum err
checked(struct ctx *cx, struct str token)
{
    struct exchange_subsystem who;
    return exchange_token_check(cx, token, STR("10.1.2.3"), &who);
}

static void
test_token_key_replaced_while_running_and_the_old_one_verifies_until_its_last_token(void **state)
{
    struct ctx *cx = cx_of(state);
    struct world *w = *state;
    struct exchange_client c = { .subsystem_id = own(cx).id, .name = STR("c"), .ttl_s = 86400 };
    struct exchange_token old;
    struct exchange_token new;
    struct str secret;
    ASSERT_OK(cx, exchange_client_add(cx, &c, &secret));
    struct exchange_grant g = { c.client_id, secret, STR_NULL, STR("10.1.2.3") };
    ASSERT_OK(cx, exchange_keys_open(cx, &cx->token_keys));
    assert_int_equal(n_keys(cx), 1);
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &old));

    /* told before it signs */
    put_key_away(cx, "old.pem");
    ASSERT_OK(cx, exchange_keys_read(cx, cx->token_keys));
    assert_int_equal(n_keys(cx), 2);
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &new));
    struct str head = str_slice(old.access_token, 0, str_find(old.access_token, STR(".")));
    assert_true(str_starts(new.access_token, head)); /* the same kid */
    assert_true(exchange_keys_use(cx->token_keys));
    assert_false(exchange_keys_use(cx->token_keys));
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &new));
    assert_false(str_starts(new.access_token, head));
    ASSERT_OK(cx, checked(cx, old.access_token));
    ASSERT_OK(cx, checked(cx, new.access_token));
    ASSERT_OK(cx, checked(cx, signed_by(cx, "old.pem", c.client_id)));

    /* a start in between forgets nothing */
    exchange_keys_close(cx->token_keys);
    ASSERT_OK(cx, exchange_keys_open(cx, &cx->token_keys));
    assert_int_equal(n_keys(cx), 2);
    ASSERT_OK(cx, checked(cx, old.access_token));

    /* its last token is over: it signs for nobody any more */
    sys_clock_fake_step(&w->env->clock, INT64_C(86520) * 1000000);
    assert_int_equal(n_keys(cx), 1);
    assert_int_equal(checked(cx, signed_by(cx, "old.pem", c.client_id)), ERR_UNAUTHENTICATED);
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &new));
    ASSERT_OK(cx, checked(cx, new.access_token));
    exchange_keys_close(cx->token_keys);
    cx->token_keys = NULL;
}

static void
test_token_key_that_the_relay_did_not_hear_of_leaves_the_one_before_without_end(void **state)
{
    struct ctx *cx = cx_of(state);
    struct world *w = *state;
    struct exchange_client c = { .subsystem_id = own(cx).id, .name = STR("e"), .ttl_s = 86400 };
    struct exchange_token t;
    struct str secret;
    ASSERT_OK(cx, exchange_client_add(cx, &c, &secret));
    struct exchange_grant g = { c.client_id, secret, STR_NULL, STR("10.1.2.3") };
    ASSERT_OK(cx, exchange_keys_open(cx, &cx->token_keys));
    put_key_away(cx, "first.pem");
    ASSERT_OK(cx, exchange_keys_read(cx, cx->token_keys));
    assert_int_equal(n_keys(cx), 2);
    ASSERT_OK(cx, exchange_keys_keep(cx, cx->token_keys));
    assert_false(exchange_keys_use(cx->token_keys));
    assert_int_equal(n_keys(cx), 2);
    sys_clock_fake_step(&w->env->clock, INT64_C(86520) * 1000000);
    assert_int_equal(n_keys(cx), 1);
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &t));
    ASSERT_OK(cx, checked(cx, t.access_token));
    ASSERT_OK(cx, checked(cx, signed_by(cx, "first.pem", c.client_id)));

    /* the next time it hears of it: the one before gets a whole life of a token more */
    ASSERT_OK(cx, exchange_keys_read(cx, cx->token_keys));
    assert_true(exchange_keys_use(cx->token_keys));
    sys_clock_fake_step(&w->env->clock, INT64_C(86000) * 1000000);
    ASSERT_OK(cx, checked(cx, t.access_token));
    exchange_keys_close(cx->token_keys);
    cx->token_keys = NULL;
}

static void
test_token_key_that_leaked_ends_at_once_and_a_faulty_file_changes_nothing(void **state)
{
    struct ctx *cx = cx_of(state);
    struct exchange_client c = { .subsystem_id = own(cx).id, .name = STR("d") };
    struct exchange_token t;
    struct str secret;
    struct str dir = str_cat(cx->arena, cx->config->data_dir, STR("/keys/"));
    ASSERT_OK(cx, exchange_client_add(cx, &c, &secret));
    struct exchange_grant g = { c.client_id, secret, STR_NULL, STR("10.1.2.3") };
    ASSERT_OK(cx, exchange_keys_open(cx, &cx->token_keys));
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &t));

    put_key_away(cx, "leaked.pem");
    struct str pem = str_cat(cx->arena, dir, STR("exchange-token.pem"));
    ASSERT_OK(cx, secret_file_write(cx, str_z(cx->arena, pem), STR("no key")));
    assert_int_equal(exchange_keys_read(cx, cx->token_keys), ERR_BAD_REQUEST);
    assert_false(exchange_keys_use(cx->token_keys));
    ASSERT_OK(cx, checked(cx, t.access_token));
    ASSERT_OK(cx, exchange_token_issue(cx, &g, &t));

    put_key_away(cx, "faulty.pem");
    struct str set = str_cat(cx->arena, dir, STR("exchange-token.jwks"));
    assert_int_equal(unlink(str_z(cx->arena, set)), 0);
    ASSERT_OK(cx, exchange_keys_read(cx, cx->token_keys));
    assert_true(exchange_keys_use(cx->token_keys));
    assert_int_equal(checked(cx, t.access_token), ERR_UNAUTHENTICATED);
    exchange_keys_close(cx->token_keys);
    cx->token_keys = NULL;
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
    /* after the services: op-monitoring, the list of clients, metadata by SOAP, and three a system
     * that offers something, for every client */
    assert_int_equal((p.n_routes - 23) % 3, 0);
    ASSERT_STR(p.routes[21].path, EXCHANGE_CLIENTS_PATH);
    ASSERT_STR(p.routes[22].path, EXCHANGE_META_PATH);
    assert_true(p.routes[22].is_common && p.routes[22].n_soap == 3);
    assert_true(str_ends(p.routes[23].path, STR("/listMethods")));
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

static const char soap_wsdl[] =
    "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/' xmlns:t='urn:x' "
    "xmlns:b='http://schemas.xmlsoap.org/wsdl/soap/' xmlns:xs='http://www.w3.org/2001/XMLSchema' "
    "name='T'><types><xs:schema><xs:element name='Hoi' type='xs:string'/></xs:schema></types>"
    "<message name='I'><part name='p' element='t:Hoi'/></message>"
    "<portType name='P'><operation name='Hoi'><input message='t:I'/></operation></portType>"
    "<binding name='B' type='t:P'><operation name='Hoi'><b:operation soapAction='urn:x/Hoi'/>"
    "</operation></binding><service name='S'><port name='p' binding='t:B'>"
    "<b:address location='https://thue.example/s'/></port></service></definitions>";

/* What another installation signed may not be read by the service as another operation. */
static void
test_forward_signed_soap_that_says_otherwise_than_its_body_is_refused(void **state)
{
    static const struct {
        const char *type, *field, *value;
        bool is_good;
    } v[] = {
        { "text/xml; charset=utf-8", "SOAPAction", "\"urn:x/Hoi\"", true },
        { "text/xml", "SOAPAction", "", true },
        { "text/xml; charset=utf-8", "soapaction", "\"urn:x/Xoa\"", false },
        { "multipart/related; boundary=x", "SOAPAction", "", false },
        { "text/xml; charset=utf-7", "SOAPAction", "", false },
        { "text/xml", "Content-Encoding", "gzip", false },
    };
    struct ctx *cx = cx_of(state);
    struct exchange_subsystem s;
    struct exchange_agreement *list = NULL;
    struct exchange_answer answer = { .status = 0 };
    int64_t version = 0;
    size_t n = 0;
    ASSERT_OK(cx, exchange_subsystem_by_path(cx, STR("VN/GOV/H19.9/PM"), &s));
    ASSERT_OK(cx, exchange_agreements(cx, s.id, 0, STR_NULL, 0, &list, &n));
    struct exchange_agreement a = list[0];
    ASSERT_OK(cx, exchange_service_import(cx, a.service_id, str_of(soap_wsdl), &version));
    a.state = STR("granted");
    a.operations = exchange_code_of(cx, STR("Hoi"));
    a.removed = a.hours = STR("");
    a.note = STR("thử");
    ASSERT_OK(cx, exchange_agreement_decide(cx, &a));
    for (size_t i = 0; i < COUNT_OF(v); i++) {
        struct http_header field = { str_of(v[i].field), str_of(v[i].value) };
        struct exchange_request rq = {
            .way = "node",
            .consumer = STR("VN/GOV/H19.9/PM"),
            .service = STR("VN/GOV/BTC/DANG-KY-KINH-DOANH/doanh-nghiep"),
            .method = STR("POST"),
            .path = STR("/Hoi"),
            .headers = &field,
            .n_headers = 1,
            .content_type = str_of(v[i].type),
            .body = STR("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>"
                        "<Hoi xmlns='urn:x'>1</Hoi></s:Body></s:Envelope>"),
        };
        answer.fault = STR("");
        enum err e = exchange_forward(cx, &rq, &answer);
        print_message("%s %s: %s " STR_FMT "\n", v[i].type, v[i].value, err_key(e),
                      STR_ARG(answer.fault));
        assert_int_equal(str_eq(answer.fault, STR("no_operation")), !v[i].is_good);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_issue_checks_secret_address_and_scope),
        cmocka_unit_test(test_ask_access_without_purpose_or_with_unknown_operation_is_invalid),
        cmocka_unit_test(test_agreement_suspended_without_terms_keeps_them_for_the_next_grant),
        cmocka_unit_test(test_policy_holds_what_the_rows_say),
        cmocka_unit_test(test_forward_with_rows_kept_sees_each_change_at_the_next_call),
        cmocka_unit_test(test_token_dies_with_time_and_with_its_client),
        cmocka_unit_test(
            test_token_key_replaced_while_running_and_the_old_one_verifies_until_its_last_token),
        cmocka_unit_test(
            test_token_key_that_the_relay_did_not_hear_of_leaves_the_one_before_without_end),
        cmocka_unit_test(test_token_key_that_leaked_ends_at_once_and_a_faulty_file_changes_nothing),
        cmocka_unit_test(test_forward_signed_soap_that_says_otherwise_than_its_body_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
