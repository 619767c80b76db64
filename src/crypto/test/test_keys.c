/* Tests of key, aead, password, totp and the secret files. */
#include "codec/hex.h"
#include "crypto/aead.h"
#include "crypto/key.h"
#include "crypto/password.h"
#include "crypto/totp.h"
#include "sys/sys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

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

#define OK(call) assert_int_equal((call), ERR_OK)

static void
test_key_sign_verify_each_type(void **state)
{
    struct ctx *cx = *state;
    static const enum key_type types[] = { KEY_ED25519, KEY_P256, KEY_RSA };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct key *k = NULL;
        struct key *pub = NULL;
        struct str pem;
        struct str sig;
        OK(key_generate(cx, types[i], &k));
        OK(key_to_pem(cx, k, false, &pem));
        OK(key_from_pem(cx, pem, &pub));
        assert_true(key_is_private(k) && !key_is_private(pub) && key_type(pub) == types[i]);
        OK(key_sign(cx, k, STR("hồ sơ"), &sig));
        assert_int_equal(sig.n, types[i] == KEY_RSA ? 256 : 64);
        OK(key_verify(cx, pub, STR("hồ sơ"), sig));
        assert_int_equal(key_verify(cx, pub, STR("hồ so"), sig), ERR_FORBIDDEN);
        assert_int_equal(key_verify(cx, pub, STR("hồ sơ"), str_slice(sig, 0, sig.n - 1)),
                         ERR_FORBIDDEN);
        assert_int_equal(key_verify(cx, pub, STR("hồ sơ"), STR("")), ERR_FORBIDDEN);
        assert_int_equal(key_sign(cx, pub, STR("x"), &sig), ERR_INTERNAL);
        assert_int_equal(key_to_pem(cx, pub, true, &pem), ERR_INTERNAL);
        key_free(k);
        key_free(pub);
    }
}

static void
test_key_from_raw_parts(void **state)
{
    struct ctx *cx = *state;
    struct key *k = NULL;
    struct key *pub = NULL;
    struct str raw;
    struct str sig;
    OK(key_generate(cx, KEY_P256, &k));
    OK(key_public_raw(cx, k, &raw));
    OK(key_sign(cx, k, STR("x"), &sig));
    OK(key_from_p256(cx, str_slice(raw, 1, 33), str_slice(raw, 33, 65), &pub));
    OK(key_verify(cx, pub, STR("x"), sig));
    key_free(pub);
    pub = NULL;
    /* a point that is not on the curve */
    assert_int_equal(key_from_p256(cx, str_slice(raw, 1, 33), str_slice(raw, 1, 33), &pub),
                     ERR_BAD_REQUEST);
    assert_int_equal(key_from_rsa(cx, STR("\xC1\x01"), STR("\x03"), &pub), ERR_UNSUPPORTED);
    assert_int_equal(
        key_from_pem(cx, STR("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), &pub),
        ERR_BAD_REQUEST);
    key_free(k);
    /* RFC 8032 7.1, test 2 */
    struct str x;
    struct str s;
    assert_true(hex_decode(
        cx->arena, STR("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), &x));
    assert_true(hex_decode(cx->arena,
                           STR("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                               "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
                           &s));
    OK(key_from_ed25519(cx, x, &pub));
    OK(key_verify(cx, pub, STR("\x72"), s));
    key_free(pub);
}

static void
test_key_load_or_make_keeps_mode_and_key(void **state)
{
    struct ctx *cx = *state;
    const char *path =
        str_z(cx->arena, str_fmt(cx->arena, "/tmp/bombo-test-key-%d", (int)getpid()));
    struct key *k = NULL;
    struct key *again = NULL;
    struct str x;
    struct str y;
    struct stat st;
    (void)unlink(path);
    assert_int_equal(key_load(cx, path, &k), ERR_NOT_FOUND);
    OK(key_load_or_make(cx, path, KEY_ED25519, &k));
    OK(key_load_or_make(cx, path, KEY_ED25519, &again));
    OK(key_public_raw(cx, k, &x));
    OK(key_public_raw(cx, again, &y));
    assert_true(str_eq(x, y));
    assert_int_equal(key_save(cx, k, path), ERR_CONFLICT);
    key_free(again);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0640), 0);
    again = NULL;
    assert_int_equal(key_load(cx, path, &again), ERR_FORBIDDEN);
    key_free(k);
    (void)unlink(path);
}

static void
test_aead_open_refuses_every_change(void **state)
{
    struct ctx *cx = *state;
    const char *path =
        str_z(cx->arena, str_fmt(cx->arena, "/tmp/bombo-test-aead-%d", (int)getpid()));
    struct aead_key k;
    struct aead_key same;
    struct str sealed;
    struct str plain;
    (void)unlink(path);
    OK(aead_key_load_or_make(cx, path, &k));
    OK(aead_key_load_or_make(cx, path, &same));
    assert_memory_equal(k.b, same.b, sizeof(k.b));
    (void)unlink(path);
    OK(aead_seal(cx, &k, STR("totp:1"), STR("bí mật"), &sealed));
    OK(aead_open(cx, &k, STR("totp:1"), sealed, &plain));
    assert_true(str_eq(plain, STR("bí mật")));
    assert_int_equal(aead_open(cx, &k, STR("totp:2"), sealed, &plain), ERR_FORBIDDEN);
    for (size_t i = 0; i < sealed.n; i++) {
        char *p = arena_copy(cx->arena, sealed.p, sealed.n);
        p[i] = p[i] == 'A' ? 'B' : 'A';
        assert_int_equal(aead_open(cx, &k, STR("totp:1"), (struct str){ p, sealed.n }, &plain),
                         ERR_FORBIDDEN);
    }
    OK(aead_seal(cx, &k, STR(""), STR(""), &sealed));
    OK(aead_open(cx, &k, STR(""), sealed, &plain));
    assert_int_equal(plain.n, 0);
    k.b[0] ^= 1;
    assert_int_equal(aead_open(cx, &k, STR(""), sealed, &plain), ERR_FORBIDDEN);
}

static void
test_password_verify_and_rehash(void **state)
{
    struct ctx *cx = *state;
    struct str e;
    OK(password_hash(cx, STR("mật khẩu"), &e));
    assert_true(str_starts(e, STR("$argon2id$v=19$m=19456,t=2,p=1$")));
    OK(password_verify(cx, STR("mật khẩu"), e));
    assert_int_equal(password_verify(cx, STR("mat khau"), e), ERR_UNAUTHENTICATED);
    assert_int_equal(password_verify(cx, STR("x"), STR("junk")), ERR_INTERNAL);
    assert_int_equal(
        password_verify(cx, STR("x"), STR("$argon2id$v=19$m=4000000000,t=2,p=1$AAAA$AAAA")),
        ERR_INTERNAL);
    assert_false(password_needs_rehash(e));
    assert_true(password_needs_rehash(STR("$argon2id$v=19$m=4096,t=2,p=1$c2FsdHNhbHQ$AAAA")));
    assert_true(password_needs_rehash(STR("")));
    password_verify_nobody(cx, STR("x"));
}

static void
test_totp_vectors_of_rfc6238_and_replay(void **state)
{
    struct ctx *cx = *state;
    struct str secret = STR("12345678901234567890");
    assert_true(str_eq(totp_code(cx->arena, secret, 59 / 30), STR("287082")));
    assert_true(str_eq(totp_code(cx->arena, secret, 1111111109 / 30), STR("081804")));
    assert_true(str_eq(totp_code(cx->arena, secret, 20000000000 / 30), STR("353130")));
    assert_true(str_eq(totp_base32(cx->arena, secret), STR("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")));
    int64_t last = 0;
    int64_t at = INT64_C(59) * 1000000;
    assert_true(totp_verify(secret, STR("287082"), at, 0, &last));
    assert_int_equal(last, 1);
    assert_false(totp_verify(secret, STR("287082"), at, last, &last));
    assert_true(totp_verify(secret, STR("287082"), at + 30000000, 0, &last));
    assert_false(totp_verify(secret, STR("287082"), at + 60000000, 0, &last));
    assert_false(totp_verify(secret, STR("28708"), at, 0, &last));
    assert_true(str_eq(totp_uri(cx->arena, STR("1"), STR("Bom Bo"), STR("a@b")),
                       STR("otpauth://totp/Bom%20Bo:a%40b?secret=GE&issuer=Bom%20Bo")));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_key_sign_verify_each_type),           T(test_key_from_raw_parts),
        T(test_key_load_or_make_keeps_mode_and_key), T(test_aead_open_refuses_every_change),
        T(test_password_verify_and_rehash),          T(test_totp_vectors_of_rfc6238_and_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
