/* Signing and verifying: our own verifier, and poppler's pdfsig as the second opinion. */
#include "engine/sign/sign.h"

#include "codec/pdf.h"
#include "lib/harness.h"

#include <unistd.h>

#include <sys/stat.h>

#define HSM_MODULE "/usr/lib/softhsm/libsofthsm2.so"

static int
set_up(void **state)
{
    struct test_env *env = test_env_new();
    ASSERT_OK(env->cx, sign_desk_open(env->cx, &env->cx->sign));
    *state = env;
    return 0;
}

static int
tear_down(void **state)
{
    struct test_env *env = *state;
    sign_desk_close(env->cx->sign);
    env->cx->sign = NULL;
    test_env_free(env);
    return 0;
}

static struct pdf_out
document(struct ctx *cx)
{
    const struct pdf_template *t = NULL;
    struct pdf_fault fault = { 0 };
    struct json_fault jf = { 0 };
    struct json *doc = NULL;
    struct pdf_out out = { 0 };
    struct str text = STR("<document title=\"T\"><heading><agency>ỦY BAN NHÂN DÂN XÃ BOM "
                          "BO</agency></heading><p>Nội dung</p><page/>"
                          "<signature><position>CHỦ TỊCH</position><name>Nguyễn Thị Hương "
                          "Giang</name></signature></document>");

    ASSERT_OK(cx, pdf_template_parse(cx->arena, text, &t, &fault));
    ASSERT_OK(cx, json_parse(cx->arena, STR("{}"), (struct json_limits){ 0 }, &doc, &jf));
    ASSERT_OK(cx, pdf_render(cx, t, doc, sys_now_us(cx), &out));
    return out;
}

static int64_t
person(struct ctx *cx)
{
    struct sign_cert_wish wish = { .kind = SIGN_PERSON,
                                   .owner = STR("17"),
                                   .name = STR("Nguyễn Thị Hương Giang"),
                                   .org = STR("Ủy ban nhân dân xã Bom Bo"),
                                   .position = STR("Chủ tịch"),
                                   .pin = STR("246810") };
    int64_t id = 0;
    ASSERT_OK(cx, sign_cert_issue(cx, &wish, &id));
    return id;
}

static void
make_seal(struct ctx *cx)
{
    struct sign_cert_wish wish = { .kind = SIGN_SEAL,
                                   .owner = STR("H19.25.42"),
                                   .name = STR("Ủy ban nhân dân xã Bom Bo"),
                                   .org = STR("Ủy ban nhân dân xã Bom Bo") };
    int64_t id = 0;
    ASSERT_OK(cx, sign_cert_issue(cx, &wish, &id));
}

/* Leader, then seal. */
static struct str
signed_twice(struct ctx *cx)
{
    struct pdf_out out = document(cx);
    struct sign_look look = { .place = out.place, .is_visible = true, .reason = STR("Phê duyệt") };
    struct str token = STR_NULL;
    struct str one = STR_NULL;
    struct str two = STR_NULL;

    ASSERT_OK(cx, sign_unlock(cx, person(cx), STR("246810"), 60, 5, &token));
    ASSERT_OK(cx, sign_pdf(cx, token, out.bytes, &look, &one));
    make_seal(cx);
    ASSERT_OK(cx, sign_unlock_seal(cx, STR("H19.25.42"), 1, &token));
    ASSERT_OK(cx, sign_pdf(cx, token, one, &look, &two));
    return two;
}

static void
test_sign_pdf_leader_then_seal_verifies(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct sign_report report;

    ASSERT_OK(cx, sign_verify_pdf(cx, signed_twice(cx), &report));
    assert_int_equal(report.n, 2);
    assert_int_equal(report.v[0].verdict, SIGN_VALID);
    assert_int_equal(report.v[1].verdict, SIGN_VALID);
    ASSERT_STR(report.v[0].signer, "Nguyễn Thị Hương Giang");
    ASSERT_STR(report.v[0].position, "Chủ tịch");
    assert_false(report.v[0].is_seal);
    assert_true(report.v[1].is_seal && report.v[1].is_demo);
    assert_false(report.v[0].covers_whole);
    assert_true(report.v[1].covers_whole);
    assert_true(report.v[0].signed_us / 1000000 == sys_now_us(cx) / 1000000);
    assert_true(report.is_intact && !report.is_extended);
}

static void
test_sign_verify_pdf_changed_byte_is_changed(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct str pdf = signed_twice(cx);
    struct sign_report report;
    char *p = arena_copy(cx->arena, pdf.p, pdf.n);

    p[200] ^= 1;
    ASSERT_OK(cx, sign_verify_pdf(cx, (struct str){ p, pdf.n }, &report));
    assert_int_equal(report.v[0].verdict, SIGN_CHANGED);
    assert_int_equal(report.v[1].verdict, SIGN_CHANGED);
    assert_false(report.is_intact);

    ASSERT_OK(cx, sign_verify_pdf(cx, str_cat(cx->arena, pdf, STR("\n% more\n")), &report));
    assert_int_equal(report.v[1].verdict, SIGN_VALID);
    assert_true(report.is_extended);
    assert_false(report.is_intact);
}

static void
test_sign_verify_pdf_foreign_root_is_untrusted(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct str pdf = signed_twice(cx);
    struct sign_report report;
    struct test_env *other = test_env_new();

    ASSERT_OK(other->cx, sign_desk_open(other->cx, &other->cx->sign));
    ASSERT_OK(other->cx, sign_verify_pdf(other->cx, pdf, &report));
    assert_int_equal(report.v[0].verdict, SIGN_UNTRUSTED);
    assert_false(report.is_intact);
    sign_desk_close(other->cx->sign);
    other->cx->sign = NULL;
    test_env_free(other);
}

static void
test_sign_verify_pdf_revoked_before_signing_is_revoked(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct str pdf = signed_twice(cx);
    struct sign_report report;
    struct sign_cert cert;

    ASSERT_OK(cx, sign_cert_of(cx, SIGN_PERSON, STR("17"), &cert));
    sys_clock_fake_step(&env->clock, DATE_US_PER_S * 60);
    ASSERT_OK(cx, sign_cert_revoke(cx, cert.id, STR("lost")));
    ASSERT_OK(cx, sign_verify_pdf(cx, pdf, &report));
    assert_int_equal(report.v[0].verdict, SIGN_VALID); /* signed a minute before */
    assert_int_equal(sign_cert_revoke(cx, cert.id, STR("lost")), ERR_CONFLICT);
    assert_int_equal(sign_cert_of(cx, SIGN_PERSON, STR("17"), &cert), ERR_NOT_FOUND);
}

static void
test_sign_unlock_wrong_pin_locks_after_five(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    int64_t id = person(cx);
    struct str token = STR_NULL;

    for (int i = 0; i < SIGN_PIN_TRIES_MAX; i++) {
        cx->n_problems = 0;
        assert_int_equal(sign_unlock(cx, id, STR("000000"), 60, 1, &token), ERR_INVALID);
        ASSERT_STR(cx->problems[0].key, "sign.pin.wrong");
    }
    ASSERT_STR(cx->problems[0].arg, "0");
    assert_int_equal(sign_unlock(cx, id, STR("246810"), 60, 1, &token), ERR_FORBIDDEN);
}

static void
test_sign_pdf_session_runs_out(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct pdf_out out = document(cx);
    struct sign_look look = { .place = out.place };
    int64_t id = person(cx);
    struct str token = STR_NULL;
    struct str pdf = STR_NULL;

    ASSERT_OK(cx, sign_unlock(cx, id, STR("246810"), 60, 2, &token));
    ASSERT_OK(cx, sign_pdf(cx, token, out.bytes, &look, &pdf));
    ASSERT_OK(cx, sign_pdf(cx, token, out.bytes, &look, &pdf));
    assert_int_equal(sign_pdf(cx, token, out.bytes, &look, &pdf), ERR_UNAUTHENTICATED);
    ASSERT_OK(cx, sign_unlock(cx, id, STR("246810"), 60, 2, &token));
    sys_clock_fake_step(&env->clock, 61 * DATE_US_PER_S);
    assert_int_equal(sign_pdf(cx, token, out.bytes, &look, &pdf), ERR_UNAUTHENTICATED);
    ASSERT_OK(cx, sign_unlock(cx, id, STR("246810"), 60, 2, &token));
    sign_lock(cx, token);
    assert_int_equal(sign_pdf(cx, token, out.bytes, &look, &pdf), ERR_UNAUTHENTICATED);
    assert_int_equal(sign_pdf(cx, STR(""), out.bytes, &look, &pdf), ERR_UNAUTHENTICATED);
}

static void
test_sign_pdf_not_a_pdf_is_unsupported(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct sign_look look = { .is_visible = false };
    struct sign_report report;
    struct str pdf = STR_NULL;

    assert_int_equal(sign_pdf(cx, STR("x"), STR("hello"), &look, &pdf), ERR_UNSUPPORTED);
    assert_int_equal(sign_verify_pdf(cx, STR("hello"), &report), ERR_UNSUPPORTED);
    ASSERT_OK(cx, sign_verify_pdf(cx, document(cx).bytes, &report));
    assert_int_equal(report.n, 0);
    assert_false(report.is_intact);
}

/* Output of a shell command. */
static struct str
run(struct ctx *cx, struct str command)
{
    struct buf b = buf_new(cx->arena, 1 << 20);
    char chunk[4096];
    FILE *p = popen(str_z(cx->arena, command), "re");
    assert_non_null(p);
    for (size_t n = 0; (n = fread(chunk, 1, sizeof(chunk), p)) > 0;) {
        buf_add_bytes(&b, chunk, n);
    }
    pclose(p);
    return buf_str(&b);
}

static size_t
times(struct str s, struct str what)
{
    size_t n = 0;
    for (size_t at = str_find(s, what); at < s.n;
         at += what.n + str_find(str_slice(s, at + what.n, s.n), what)) {
        n++;
    }
    return n;
}

/* pdfsig and qpdf confirm what we made. The CA goes into an NSS database of its own. */
static void
test_sign_pdf_pdfsig_confirms_both(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct str dir = env->data_dir;

    if (access("/usr/bin/pdfsig", X_OK) != 0 || access("/usr/bin/certutil", X_OK) != 0 ||
        access("/usr/bin/qpdf", X_OK) != 0) {
        skip();
    }
    /* pdfsig judges certificates at today's date, so the clock of this test is the real one */
    sys_clock_fake_step(&env->clock, sys_clock_real.wall_us(&sys_clock_real) - sys_now_us(cx));
    sign_desk_close(cx->sign);
    (void)run(cx, str_fmt(cx->arena, "rm -rf " STR_FMT "/sign", STR_ARG(dir)));
    ASSERT_OK(cx, sign_desk_open(cx, &cx->sign));
    struct str pdf = signed_twice(cx);
    ASSERT_OK(cx, sys_file_write(cx, str_cat(cx->arena, dir, STR("/two.pdf")), pdf));
    const char *keep = getenv("BOMBO_KEEP_PDF");
    if (keep != NULL) {
        ASSERT_OK(cx, sys_file_write(cx, str_of(keep), pdf));
    }
    struct str out = run(
        cx, str_fmt(cx->arena,
                    "cd " STR_FMT " && mkdir -p nss && certutil -N -d sql:nss --empty-password && "
                    "certutil -A -d sql:nss -n demo -t CT,CT,CT -i sign/ca.cert.pem && pdfsig "
                    "-nssdir sql:nss two.pdf 2>&1",
                    STR_ARG(dir)));
    if (times(out, STR("Signature is Valid")) != 2 ||
        times(out, STR("Certificate is Trusted")) != 2 ||
        times(out, STR("ETSI.CAdES.detached")) != 2 ||
        times(out, STR("Total document signed")) < 1) {
        fail_msg(STR_FMT, STR_ARG(out));
    }
    out = run(cx, str_fmt(cx->arena, "qpdf --check " STR_FMT "/two.pdf 2>&1", STR_ARG(dir)));
    if (times(out, STR("No syntax or stream encoding errors")) != 1) {
        fail_msg(STR_FMT, STR_ARG(out));
    }
    ASSERT_OK(cx, sys_file_write(cx, str_cat(cx->arena, dir, STR("/sig.hex")), STR("")));
    /* the PAdES baseline keeps signingTime (1.2.840.113549.1.9.5) out of the signed attributes */
    assert_int_equal(str_find(pdf, STR("06092a864886f70d010905")), pdf.n);
}

static void
test_sign_pdf_key_in_token_verifies(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct sign_report report;
    struct str token = STR_NULL;
    struct str pdf = STR_NULL;
    int64_t id = 0;

    if (access(HSM_MODULE, R_OK) != 0 || access("/usr/bin/pkcs11-tool", X_OK) != 0) {
        skip();
    }
    struct str conf = str_fmt(cx->arena, STR_FMT "/softhsm2.conf", STR_ARG(env->data_dir));
    struct str tokens = str_fmt(cx->arena, STR_FMT "/tokens", STR_ARG(env->data_dir));
    ASSERT_OK(cx, sys_mkdirs(cx, tokens));
    ASSERT_OK(cx, sys_file_write(
                      cx, conf,
                      str_fmt(cx->arena, "directories.tokendir = " STR_FMT "\n", STR_ARG(tokens))));
    setenv("SOFTHSM2_CONF", str_z(cx->arena, conf), 1);
    (void)run(cx, STR("softhsm2-util --init-token --free --label bombo --so-pin 87654321 --pin "
                      "135790 2>&1 && pkcs11-tool --module " HSM_MODULE
                      " --login --pin 135790 --keypairgen --key-type EC:prime256v1 --label giang "
                      "--id 01 2>&1"));
    env->config.sign_module = STR(HSM_MODULE);
    struct sign_cert_wish wish = { .kind = SIGN_PERSON,
                                   .owner = STR("17"),
                                   .name = STR("Nguyễn Thị Hương Giang"),
                                   .org = STR("Xã Bom Bo"),
                                   .pin = STR("135790"),
                                   .token_label = STR("giang") };
    ASSERT_OK(cx, sign_cert_issue(cx, &wish, &id));
    assert_int_equal(sign_unlock(cx, id, STR("999999"), 60, 1, &token), ERR_INVALID);
    cx->n_problems = 0;
    ASSERT_OK(cx, sign_unlock(cx, id, STR("135790"), 60, 1, &token));
    struct pdf_out out = document(cx);
    struct sign_look look = { .place = out.place, .is_visible = true };
    ASSERT_OK(cx, sign_pdf(cx, token, out.bytes, &look, &pdf));
    ASSERT_OK(cx, sign_verify_pdf(cx, pdf, &report));
    assert_int_equal(report.n, 1);
    assert_int_equal(report.v[0].verdict, SIGN_VALID);
    assert_true(report.is_intact);
}

/* An officer's desk signs although the clock was set back behind its certificate. */
static void
test_sign_unlock_desk_clock_set_back_takes_a_new_certificate(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct sign_cert_wish officer = { .owner = STR("18"),
                                      .name = STR("Điểu Thị Lan"),
                                      .org = STR("Xã Bom Bo") };
    struct sign_cert first;
    struct sign_cert again;
    struct str token;
    ASSERT_OK(cx, sign_unlock_desk(cx, &officer, 1, &token));
    sign_lock(cx, token);
    ASSERT_OK(cx, sign_cert_of(cx, SIGN_DESK, officer.owner, &first));
    sys_clock_fake_step(&env->clock, -INT64_C(86400) * 1000000);
    ASSERT_OK(cx, sign_unlock_desk(cx, &officer, 1, &token));
    sign_lock(cx, token);
    ASSERT_OK(cx, sign_cert_of(cx, SIGN_DESK, officer.owner, &again));
    assert_true(again.id != first.id);
    sys_clock_fake_step(&env->clock, INT64_C(86400) * 1000000);
    ASSERT_OK(cx, sign_unlock_desk(cx, &officer, 1, &token));
    sign_lock(cx, token);
    ASSERT_OK(cx, sign_cert_of(cx, SIGN_DESK, officer.owner, &first));
    assert_true(again.id == first.id);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sign_pdf_leader_then_seal_verifies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sign_verify_pdf_changed_byte_is_changed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_sign_verify_pdf_foreign_root_is_untrusted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_sign_verify_pdf_revoked_before_signing_is_revoked,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sign_unlock_wrong_pin_locks_after_five, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_sign_pdf_session_runs_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_sign_unlock_desk_clock_set_back_takes_a_new_certificate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sign_pdf_not_a_pdf_is_unsupported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sign_pdf_pdfsig_confirms_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sign_pdf_key_in_token_verifies, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
