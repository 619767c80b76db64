/* Tests of jose: vectors of RFC 7515 and RFC 8037, and the ways to cheat. */
#include "codec/base64.h"
#include "crypto/digest.h"
#include "crypto/jose.h"
#include "sys/sys.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define OK(call) assert_int_equal((call), ERR_OK)

static const char rsa_n[] = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
                            "4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-"
                            "SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-"
                            "bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
                            "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_"
                            "I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
                            "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
#define PAYLOAD                                                                                    \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"
static const char rs256[] =
    "eyJhbGciOiJSUzI1NiJ9." PAYLOAD
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJ"
    "dbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
    "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
    "eSN9383LcOLn6_dO--xi12jzDwusC-"
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5"
    "AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
static const char es256[] =
    "eyJhbGciOiJFUzI1NiJ9." PAYLOAD
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
static const char eddsa[] =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

static int
setup(void **state)
{
    struct ctx *cx = calloc(1, sizeof(*cx));
    cx->arena = arena_open(0);
    cx->random = &sys_random_real;
    *state = cx;
    return 0;
}

static int
teardown(void **state)
{
    struct ctx *cx = *state;
    arena_close(cx->arena);
    free(cx);
    return 0;
}

static struct jose_set *
set_of_rfcs(struct ctx *cx)
{
    struct jose_set *set = NULL;
    struct str json = str_fmt(cx->arena,
                              "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"},{\"kty\":\"RSA\",\"kid\":"
                              "\"r\",\"n\":\"%s\",\"e\":\"AQAB\"},"
                              "{\"kty\":\"EC\",\"kid\":\"e\",\"crv\":\"P-256\",\"x\":"
                              "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                              "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
                              "{\"kty\":\"OKP\",\"kid\":\"d\",\"crv\":\"Ed25519\",\"x\":"
                              "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},"
                              "{\"kty\":\"RSA\",\"use\":\"enc\",\"n\":\"%s\",\"e\":\"AQAB\"}]}",
                              rsa_n, rsa_n);
    OK(jose_set_parse(cx, json, &set));
    assert_int_equal(jose_set_count(set), 3);
    return set;
}

static void
test_jose_verify_rfc_vectors(void **state)
{
    struct ctx *cx = *state;
    struct key *k = NULL;
    struct str n;
    struct str payload;
    assert_true(base64_url_decode(cx->arena, str_of(rsa_n), &n));
    OK(key_from_rsa(cx, n, STR("\x01\x00\x01"), &k));
    OK(jose_verify(cx, k, str_of(rs256), &payload));
    assert_true(str_starts(payload, STR("{\"iss\":\"joe\"")));
    assert_int_equal(jose_verify(cx, k, str_of(es256), &payload), ERR_FORBIDDEN);
    key_free(k);
    struct str x;
    struct str y;
    assert_true(
        base64_url_decode(cx->arena, STR("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), &x) &&
        base64_url_decode(cx->arena, STR("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"), &y));
    OK(key_from_p256(cx, x, y, &k));
    OK(jose_verify(cx, k, str_of(es256), &payload));
    key_free(k);
    assert_true(
        base64_url_decode(cx->arena, STR("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"), &x));
    OK(key_from_ed25519(cx, x, &k));
    OK(jose_verify(cx, k, str_of(eddsa), &payload));
    assert_true(str_eq(payload, STR("Example of Ed25519 signing")));
    key_free(k);
}

static void
test_jose_set_key_with_an_end_verifies_until_then(void **state)
{
    struct ctx *cx = *state;
    struct sys_clock_fake clock;
    struct key *k = NULL;
    struct jose_set *set = NULL;
    struct str got;
    struct str jws;
    struct str text;
    sys_clock_fake_init(&clock, INT64_C(1000) * 1000000);
    cx->clock = &clock.base;
    OK(key_generate(cx, KEY_P256, &k));
    OK(jose_sign(cx, k, STR("a"), STR("JWT"), STR("{}"), &jws));
    OK(jose_set_write(cx, k, STR("a"), &text));
    size_t at = str_find(text, STR("\"kid\""));
    text = str_fmt(cx->arena, STR_FMT "\"exp\":1010," STR_FMT, STR_ARG(str_slice(text, 0, at)),
                   STR_ARG(str_slice(text, at, text.n)));
    OK(jose_set_parse(cx, text, &set));
    sys_clock_fake_step(&clock, INT64_C(9999999));
    OK(jose_set_verify(cx, set, jws, &got));
    sys_clock_fake_step(&clock, 1);
    assert_int_equal(jose_set_verify(cx, set, jws, &got), ERR_NOT_FOUND);
    jose_set_free(set);
    key_free(k);
}

static struct str
token(struct ctx *cx, const char *head, struct str payload, struct str signature)
{
    struct str h = base64_url_encode(cx->arena, str_of(head));
    struct str p = base64_url_encode(cx->arena, payload);
    return str_fmt(cx->arena, STR_FMT "." STR_FMT "." STR_FMT, STR_ARG(h), STR_ARG(p),
                   STR_ARG(signature));
}

static void
test_jose_verify_cheats_are_refused(void **state)
{
    struct ctx *cx = *state;
    struct key *k = NULL;
    struct str got;
    struct str pem;
    struct str good;
    OK(key_generate(cx, KEY_P256, &k));
    OK(jose_sign(cx, k, STR("a"), STR("JWT"), STR("{}"), &good));
    OK(jose_verify(cx, k, good, &got));
    assert_int_equal(jose_verify(cx, k, token(cx, "{\"alg\":\"none\"}", STR("{}"), STR("")), &got),
                     ERR_FORBIDDEN);
    /* HMAC keyed with the public key */
    OK(key_to_pem(cx, k, false, &pem));
    struct str unsigned_text = token(cx, "{\"alg\":\"HS256\"}", STR("{}"), STR(""));
    struct digest mac = digest_hmac(pem, str_slice(unsigned_text, 0, unsigned_text.n - 1));
    struct str forged =
        token(cx, "{\"alg\":\"HS256\"}", STR("{}"),
              base64_url_encode(cx->arena, (struct str){ (const char *)mac.b, sizeof(mac.b) }));
    assert_int_equal(jose_verify(cx, k, forged, &got), ERR_FORBIDDEN);
    assert_int_equal(
        jose_verify(cx, k, token(cx, "{\"alg\":\"ES256\",\"crit\":[\"x\"]}", STR("{}"), STR("AA")),
                    &got),
        ERR_BAD_REQUEST);
    assert_int_equal(
        jose_verify(cx, k, token(cx, "{\"alg\":\"ES256\",\"alg\":\"none\"}", STR("{}"), STR("AA")),
                    &got),
        ERR_BAD_REQUEST);
    assert_int_equal(jose_verify(cx, k, token(cx, "[]", STR("{}"), STR("AA")), &got),
                     ERR_BAD_REQUEST);
    /* an all-zero ECDSA signature */
    char zeros[64] = { 0 };
    assert_int_equal(jose_verify(cx, k,
                                 token(cx, "{\"alg\":\"ES256\"}", STR("{}"),
                                       base64_url_encode(cx->arena, (struct str){ zeros, 64 })),
                                 &got),
                     ERR_FORBIDDEN);
    for (size_t i = 0; i < good.n; i++) {
        char *p = arena_copy(cx->arena, good.p, good.n);
        p[i] = p[i] == 'A' ? 'B' : 'A';
        assert_int_not_equal(jose_verify(cx, k, (struct str){ p, good.n }, &got), ERR_OK);
    }
    static const char *const bad[] = { "", ".", "..", "a.b", "a.b.c.d", "e30.e30.", "e30=.e30.AA" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_not_equal(jose_verify(cx, k, str_of(bad[i]), &got), ERR_OK);
    }
    key_free(k);
}

static void
test_jose_set_verify_chooses_by_kid(void **state)
{
    struct ctx *cx = *state;
    struct jose_set *set = set_of_rfcs(cx);
    struct key *k = NULL;
    struct str jws;
    struct str got;
    struct str json;
    assert_int_equal(jose_set_verify(cx, set, str_of(es256), &got),
                     ERR_NOT_FOUND); /* no kid, three keys */
    OK(key_generate(cx, KEY_ED25519, &k));
    OK(jose_sign(cx, k, STR("d"), STR_NULL, STR("{}"), &jws));
    assert_int_equal(jose_set_verify(cx, set, jws, &got), ERR_FORBIDDEN);
    OK(jose_sign(cx, k, STR("zz"), STR_NULL, STR("{}"), &jws));
    assert_int_equal(jose_set_verify(cx, set, jws, &got), ERR_NOT_FOUND);
    jose_set_free(set);
    OK(jose_set_write(cx, k, STR("zz"), &json));
    OK(jose_set_parse(cx, json, &set));
    OK(jose_set_verify(cx, set, jws, &got));
    assert_true(str_eq(got, STR("{}")));
    jose_set_free(set);
    key_free(k);
    assert_int_equal(jose_set_parse(cx, STR("[]"), &set), ERR_BAD_REQUEST);
}

static enum err
claims(struct ctx *cx, const char *text)
{
    struct json *j = NULL;
    OK(json_parse(cx->arena, str_of(text), (struct json_limits){ 0 }, &j, NULL));
    return jose_check_claims(
        cx, j, (struct jose_claims){ .issuer = STR("i"), .audience = STR("a"), .nonce = STR("n") });
}

static void
test_jose_check_claims_each_rule(void **state)
{
    struct ctx *cx = *state;
    struct sys_clock_fake clock;
    sys_clock_fake_init(&clock, INT64_C(1000) * 1000000);
    cx->clock = &clock.base;
    OK(claims(
        cx, "{\"iss\":\"i\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1001,\"iat\":999,\"nbf\":1000}"));
    OK(claims(cx, "{\"iss\":\"i\",\"aud\":[\"b\",\"a\"],\"nonce\":\"n\",\"exp\":941}"));
    static const char *const bad[] = {
        "{\"iss\":\"i\",\"aud\":\"a\",\"nonce\":\"n\"}",
        "{\"iss\":\"i\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":940}",
        "{\"iss\":\"i\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":\"1001\"}",
        "{\"iss\":\"i\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1001.5}",
        "{\"iss\":\"x\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":1001}",
        "{\"iss\":\"i\",\"aud\":\"x\",\"nonce\":\"n\",\"exp\":1001}",
        "{\"iss\":\"i\",\"aud\":[],\"nonce\":\"n\",\"exp\":1001}",
        "{\"iss\":\"i\",\"aud\":\"a\",\"nonce\":\"x\",\"exp\":1001}",
        "{\"iss\":\"i\",\"aud\":\"a\",\"exp\":1001}",
        "{\"iss\":\"i\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":2000,\"nbf\":1061}",
        "{\"iss\":\"i\",\"aud\":\"a\",\"nonce\":\"n\",\"exp\":2000,\"iat\":1061}",
        "[]",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(claims(cx, bad[i]), ERR_UNAUTHENTICATED);
    }
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_jose_verify_rfc_vectors),
        T(test_jose_verify_cheats_are_refused),
        T(test_jose_set_verify_chooses_by_kid),
        T(test_jose_set_key_with_an_end_verifies_until_then),
        T(test_jose_check_claims_each_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
