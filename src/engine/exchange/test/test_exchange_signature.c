/* The simulated national signature validation judges what it is sent: a good signature, an altered
 * document, an issuer nobody knows, a certificate out of its time, one that was revoked. */
#include "engine/exchange/test/exchange_world.h"

#include "codec/base64.h"
#include "codec/pdf.h"
#include "crypto/cms.h"
#include "crypto/digest.h"

#define DAY_US (INT64_C(86400) * DATE_US_PER_S)

static struct pdf_out
page(struct ctx *cx)
{
    const struct pdf_template *t = NULL;
    struct pdf_fault fault = { 0 };
    struct json *doc = NULL;
    struct pdf_out out = { 0 };
    struct str text = STR("<document title=\"T\"><p>Nội dung</p><page/><signature><position>CHỦ "
                          "TỊCH</position><name>Nguyễn Thị Hương Giang</name></signature>"
                          "</document>");
    ASSERT_OK(cx, pdf_template_parse(cx->arena, text, &t, &fault));
    ASSERT_OK(cx, json_parse(cx->arena, STR("{}"), (struct json_limits){ 0 }, &doc, NULL));
    ASSERT_OK(cx, pdf_render(cx, t, doc, sys_now_us(cx), &out));
    return out;
}

/* Signed by a new certificate of an owner, valid_days from valid_from_us, some time after its key
 * was opened. */
static struct str
signed_by(struct world *w, const char *owner, int64_t valid_from_us, int64_t wait_us)
{
    struct ctx *cx = w->cx;
    struct pdf_out out = page(cx);
    struct sign_look look = { .place = out.place };
    struct sign_cert_wish wish = { .kind = SIGN_PERSON,
                                   .owner = str_of(owner),
                                   .name = STR("Nguyễn Thị Hương Giang"),
                                   .org = STR("Ủy ban nhân dân xã Bom Bo"),
                                   .pin = STR("246810"),
                                   .valid_from_us = valid_from_us,
                                   .valid_days = 1 };
    struct str token = STR_NULL;
    struct str pdf = STR_NULL;
    int64_t id = 0;
    ASSERT_OK(cx, sign_cert_issue(cx, &wish, &id));
    ASSERT_OK(cx, sign_unlock(cx, id, STR("246810"), 600, 1, &token));
    sys_clock_fake_step(&w->env->clock, wait_us);
    ASSERT_OK(cx, sign_pdf(cx, token, out.bytes, &look, &pdf));
    return pdf;
}

static const struct json *
asked(struct ctx *cx, const char *operation, struct str fields)
{
    struct exchange_question q = { .connector = STR("xac-thuc-chu-ky"),
                                   .operation = str_of(operation),
                                   .purpose = STR("dossier"),
                                   .fields = fields };
    struct exchange_reply reply;
    struct json *got = NULL;
    ASSERT_OK(cx, exchange_ask(cx, &q, &reply));
    ASSERT_OK(cx, json_parse(cx->arena, reply.fields, (struct json_limits){ 0 }, &got, NULL));
    return got;
}

static const struct json *
document(struct ctx *cx, struct str pdf)
{
    return asked(cx, "kiem-tra-tai-lieu",
                 str_fmt(cx->arena, "{\"document\":\"" STR_FMT "\",\"hash\":\"" STR_FMT "\"}",
                         STR_ARG(base64_encode(cx->arena, pdf)),
                         STR_ARG(digest_sha256_hex(cx->arena, pdf))));
}

static void
expect_state(const struct json *got, const char *state)
{
    if (!str_eq(json_text(got, "state"), str_of(state))) {
        fail_msg(STR_FMT ", not %s", STR_ARG(json_text(got, "state")), state);
    }
}

static void
test_validate_document_good_signature_names_signer_and_issuer(void **state)
{
    struct ctx *cx = cx_of(state);
    const struct json *got = document(cx, signed_by(*state, "1", 0, 0));
    const struct json *one = json_get(got, "signatures")->child;
    expect_state(got, "valid");
    expect_state(one, "valid");
    ASSERT_STR(json_text(one, "subject"), "Nguyễn Thị Hương Giang");
    ASSERT_STR(json_text(one, "org"), "Ủy ban nhân dân xã Bom Bo");
    assert_true(json_text(one, "issuer").n > 0 && json_text(one, "serial").n >= 16);
    assert_true(str_starts(json_text(one, "at"), date_iso(cx->arena, calendar_today(cx))));
}

static void
test_validate_document_altered_is_not_valid(void **state)
{
    struct ctx *cx = cx_of(state);
    struct str pdf = signed_by(*state, "2", 0, 0);
    char *p = arena_copy(cx->arena, pdf.p, pdf.n);
    p[pdf.n / 4] ^= 1;
    expect_state(document(cx, (struct str){ p, pdf.n }), "changed");
    /* what was written below the signature afterwards is an alteration too */
    expect_state(document(cx, str_cat(cx->arena, pdf, STR("\n% more\n"))), "changed");
    expect_state(document(cx, page(cx).bytes), "unsigned");
}

/* Another authority's document is right in itself; nobody here vouches for its signer. */
static void
test_validate_unknown_issuer_is_told_apart(void **state)
{
    struct ctx *cx = cx_of(state);
    struct test_env *other = test_env_new();
    struct world there = { .env = other, .cx = other->cx };
    struct sign_cert cert;
    struct str der = STR_NULL;
    ASSERT_OK(other->cx, sign_desk_open(other->cx, &other->cx->sign));
    struct str pdf = str_dup(cx->arena, signed_by(&there, "3", 0, 0));
    ASSERT_OK(other->cx, sign_cert_of(other->cx, SIGN_PERSON, STR("3"), &cert));
    ASSERT_OK(cx, cms_cert_der(cx, cert.pem, &der));
    expect_state(document(cx, pdf), "untrusted");
    const struct json *got = asked(cx, "kiem-tra",
                                   str_fmt(cx->arena, "{\"certificate\":\"" STR_FMT "\"}",
                                           STR_ARG(base64_encode(cx->arena, der))));
    expect_state(got, "untrusted");
    sign_desk_close(other->cx->sign);
    other->cx->sign = NULL;
    test_env_free(other);
}

static void
test_validate_expired_and_revoked_are_told_apart(void **state)
{
    struct world *w = *state;
    struct ctx *cx = cx_of(state);
    struct sign_cert cert;
    int64_t from_us = sys_now_us(cx) - DAY_US + 30 * DATE_US_PER_S;
    struct str late = signed_by(w, "4", from_us, 60 * DATE_US_PER_S);
    expect_state(document(cx, late), "expired");

    struct str good = signed_by(w, "5", 0, 0);
    expect_state(document(cx, good), "valid");
    ASSERT_OK(cx, sign_cert_of(cx, SIGN_PERSON, STR("5"), &cert));
    sys_clock_fake_step(&w->env->clock, 60 * DATE_US_PER_S);
    ASSERT_OK(cx, sign_cert_revoke(cx, cert.id, STR("lost")));
    expect_state(document(cx, good), "valid"); /* signed a minute before */
}

/* One certificate at four times: before it began, in its time, revoked, after its end. */
static void
test_validate_certificate_depends_on_the_time(void **state)
{
    struct world *w = *state;
    struct ctx *cx = cx_of(state);
    struct sign_cert cert;
    struct str der = STR_NULL;
    (void)signed_by(w, "6", 0, 0);
    ASSERT_OK(cx, sign_cert_of(cx, SIGN_PERSON, STR("6"), &cert));
    ASSERT_OK(cx, cms_cert_der(cx, cert.pem, &der));
    int64_t now_us = sys_now_us(cx);
    sys_clock_fake_step(&w->env->clock, 3600 * DATE_US_PER_S);
    ASSERT_OK(cx, sign_cert_revoke(cx, cert.id, STR("lost")));
    const struct {
        int64_t at_us;
        const char *state;
    } all[] = {
        { now_us - DAY_US, "expired" },
        { now_us, "valid" },
        { now_us + 3601 * DATE_US_PER_S, "revoked" },
        { now_us + 2 * DAY_US, "expired" },
    };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        const struct json *got =
            asked(cx, "kiem-tra",
                  str_fmt(cx->arena, "{\"certificate\":\"" STR_FMT "\",\"at\":\"" STR_FMT "\"}",
                          STR_ARG(base64_encode(cx->arena, der)),
                          STR_ARG(date_iso_instant_vn(cx->arena, all[i].at_us))));
        expect_state(got, all[i].state);
        ASSERT_STR(json_text(got, "subject"), "Nguyễn Thị Hương Giang");
        assert_true(str_eq(json_text(got, "serial"), cert.serial));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validate_document_good_signature_names_signer_and_issuer),
        cmocka_unit_test(test_validate_document_altered_is_not_valid),
        cmocka_unit_test(test_validate_unknown_issuer_is_told_apart),
        cmocka_unit_test(test_validate_expired_and_revoked_are_told_apart),
        cmocka_unit_test(test_validate_certificate_depends_on_the_time),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
