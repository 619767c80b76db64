/* Tests of merkle: known roots, and every proof of every small tree against the recursive
 * definition. */
#include "crypto/merkle.h"

#include "codec/hex.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SIZE_MAX_TESTED 40

static struct digest
    leaves[SIZE_MAX_TESTED]; /* NOLINT(cppcoreguidelines-avoid-non-const-global-variables):
                                test data */

/* MTH of RFC 9162 2.1.1 word for word. */
static struct digest
mth(uint64_t from,
    uint64_t n) /* NOLINT(misc-no-recursion): the definition is recursive, n is small */
{
    if (n == 1) {
        return leaves[from];
    }
    uint64_t k = 1;
    while (2 * k < n) {
        k *= 2;
    }
    struct digest l = mth(from, k);
    struct digest r = mth(from + k, n - k);
    return merkle_node(&l, &r);
}

static enum err
node(void *arg, uint32_t level, uint64_t index, struct digest *ret)
{
    (void)arg;
    *ret = mth(index << level, UINT64_C(1) << level);
    return ERR_OK;
}

static void
fill(void)
{
    for (size_t i = 0; i < SIZE_MAX_TESTED; i++) {
        char c = (char)i;
        leaves[i] = merkle_leaf((struct str){ &c, 1 });
    }
}

static void
test_merkle_root_known_vectors(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct merkle m;
    /* entries and roots of the certificate transparency reference tests */
    static const char *const entries[] = { "",
                                           "00",
                                           "10",
                                           "2021",
                                           "3031",
                                           "40414243",
                                           "5051525354555657",
                                           "606162636465666768696a6b6c6d6e6f" };
    static const char *const roots[] = {
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    merkle_init(&m);
    struct digest empty = merkle_root(&m);
    assert_true(str_eq(digest_hex(a, &empty),
                       STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")));
    for (size_t i = 0; i < COUNT_OF(entries); i++) {
        struct str bytes;
        assert_true(hex_decode(a, str_of(entries[i]), &bytes));
        struct digest leaf = merkle_leaf(bytes);
        (void)merkle_add(&m, &leaf, NULL);
        struct digest r = merkle_root(&m);
        assert_true(str_eq(digest_hex(a, &r), str_of(roots[i])));
    }
    arena_close(a);
}

static void
test_merkle_add_root_and_nodes_follow_the_definition(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct merkle m;
    struct digest nodes[64];
    fill();
    merkle_init(&m);
    for (uint64_t i = 0; i < SIZE_MAX_TESTED; i++) {
        uint32_t n = merkle_add(&m, &leaves[i], nodes);
        for (uint32_t l = 1; l <= n; l++) {
            struct digest want = mth((i >> l) << l, UINT64_C(1) << l);
            assert_true(digest_equal(&nodes[l - 1], &want));
        }
        struct digest want = mth(0, i + 1);
        struct digest got = merkle_root(&m);
        struct digest at;
        assert_true(digest_equal(&got, &want));
        assert_int_equal(merkle_root_at((struct merkle_source){ node, NULL }, i + 1, &at), ERR_OK);
        assert_true(digest_equal(&at, &want));
        struct str saved = merkle_save(a, &m);
        assert_false(merkle_load(str_slice(saved, 0, saved.n - 1), &m));
        assert_true(merkle_load(saved, &m));
    }
    arena_close(a);
}

static void
test_merkle_inclusion_every_leaf_of_every_tree(void **state)
{
    (void)state;
    struct merkle_source src = { node, NULL };
    fill();
    for (uint64_t n = 1; n <= SIZE_MAX_TESTED; n++) {
        struct digest root = mth(0, n);
        for (uint64_t i = 0; i < n; i++) {
            struct merkle_proof p;
            assert_int_equal(merkle_prove_inclusion(src, i, n, &p), ERR_OK);
            assert_true(merkle_verify_inclusion(&leaves[i], i, n, &p, &root));
            assert_false(merkle_verify_inclusion(&leaves[i], i + 1, n, &p, &root));
            if (p.n > 0) {
                p.path[p.n - 1].b[5] ^= 1;
                assert_false(merkle_verify_inclusion(&leaves[i], i, n, &p, &root));
                p.path[p.n - 1].b[5] ^= 1;
                p.n--;
                assert_false(merkle_verify_inclusion(&leaves[i], i, n, &p, &root));
            }
        }
        struct merkle_proof p;
        assert_int_equal(merkle_prove_inclusion(src, n, n, &p), ERR_INVALID);
    }
}

static void
test_merkle_consistency_every_pair(void **state)
{
    (void)state;
    struct merkle_source src = { node, NULL };
    fill();
    for (uint64_t n = 1; n <= SIZE_MAX_TESTED; n++) {
        struct digest second = mth(0, n);
        for (uint64_t m = 1; m <= n; m++) {
            struct digest first = mth(0, m);
            struct merkle_proof p;
            assert_int_equal(merkle_prove_consistency(src, m, n, &p), ERR_OK);
            assert_true(merkle_verify_consistency(m, n, &first, &second, &p));
            struct digest wrong = first;
            wrong.b[0] ^= 1;
            assert_false(merkle_verify_consistency(m, n, &wrong, &second, &p));
            if (p.n > 0) {
                p.path[0].b[0] ^= 1;
                assert_false(merkle_verify_consistency(m, n, &first, &second, &p));
            }
        }
        struct merkle_proof p;
        assert_int_equal(merkle_prove_consistency(src, 0, n, &p), ERR_INVALID);
        assert_int_equal(merkle_prove_consistency(src, n + 1, n, &p), ERR_INVALID);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merkle_root_known_vectors),
        cmocka_unit_test(test_merkle_add_root_and_nodes_follow_the_definition),
        cmocka_unit_test(test_merkle_inclusion_every_leaf_of_every_tree),
        cmocka_unit_test(test_merkle_consistency_every_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
