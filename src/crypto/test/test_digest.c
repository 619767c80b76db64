/* Tests of digest and token. */
#include "crypto/digest.h"
#include "crypto/token.h"
#include "sys/sys.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
test_digest_known_vectors(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    assert_true(str_eq(digest_sha256_hex(a, STR("abc")),
                       STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")));
    assert_true(str_eq(digest_sha256_hex(a, STR_NULL),
                       STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")));
    /* RFC 4231, test case 2 */
    struct digest d = digest_hmac(STR("Jefe"), STR("what do ya want for nothing?"));
    assert_true(str_eq(digest_hex(a, &d),
                       STR("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")));
    struct digest_stream *s = digest_begin();
    digest_add(s, STR("a"));
    digest_add(s, STR(""));
    digest_add(s, STR("bc"));
    struct digest streamed = digest_end(s);
    struct digest whole = digest_sha256(STR("abc"));
    assert_true(digest_equal(&streamed, &whole));
    struct digest back;
    assert_true(digest_from_hex(digest_hex(a, &whole), &back) && digest_equal(&back, &whole));
    assert_false(digest_from_hex(STR("00"), &back));
    assert_true(digest_same(STR("x"), STR("x")) && !digest_same(STR("x"), STR("y")) &&
                !digest_same(STR("x"), STR("xy")));
    arena_close(a);
}

static void
test_token_mask_matches_only_its_secret(void **state)
{
    (void)state;
    struct ctx cx = { .arena = arena_open(0), .random = &sys_random_real };
    struct str t = token_new(&cx, STR("bb_"));
    assert_int_equal(t.n, 46);
    assert_false(str_eq(t, token_new(&cx, STR("bb_"))));
    assert_int_equal(token_stored(cx.arena, t).n, 64);
    struct str m = token_mask(&cx, t);
    assert_false(str_eq(m, token_mask(&cx, t)));
    assert_true(token_mask_matches(cx.arena, m, t));
    assert_false(token_mask_matches(cx.arena, m, token_new(&cx, STR("bb_"))));
    assert_false(token_mask_matches(cx.arena, str_slice(m, 0, m.n - 4), t));
    assert_false(token_mask_matches(cx.arena, STR(""), STR("")));
    assert_false(token_mask_matches(cx.arena, STR("!!"), t));
    arena_close(cx.arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_known_vectors),
        cmocka_unit_test(test_token_mask_matches_only_its_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
