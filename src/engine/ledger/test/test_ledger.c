/* Tests of the ledger: order when the clock is set back, changes found, a lost key shown. */
#include "engine/ledger/ledger.h"

#include "lib/harness.h"

#define HOUR_US (INT64_C(3600) * 1000 * 1000)

static enum err
add_tx(struct ctx *cx, void *arg)
{
    struct ledger_new e = { .kind = "dossier.submitted",
                            .object = ledger_object(cx, "dossier", *(int64_t *)arg),
                            .content = STR("answers") };
    return ledger_add(cx, &e);
}

static void
add(struct test_env *env, int64_t object)
{
    ASSERT_OK(env->cx, store_write(env->cx, add_tx, &object));
}

static void
seal(struct test_env *env)
{
    int64_t n = 0;
    ASSERT_OK(env->cx, ledger_sequence(env->cx, &n));
}

static int64_t
faults(struct test_env *env)
{
    struct ledger_report r;
    ASSERT_OK(env->cx, ledger_verify(env->cx, &r));
    return r.n_faults;
}

static void
test_entries_keep_their_order_when_the_clock_is_set_back(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ledger_entry *v = NULL;
    size_t n = 0;
    add(env, 1);
    seal(env);
    sys_clock_fake_step(&env->clock, -24 * HOUR_US);
    add(env, 2);
    test_env_reopen(env);
    add(env, 3);
    seal(env);
    add(env, 4);
    seal(env);
    ASSERT_OK(env->cx, ledger_newest(env->cx, 0, &v, &n));
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) {
        assert_true(v[i].seq == (int64_t)(n - 1 - i));
        ASSERT_STR(str_slice(v[i].object, 0, 8), "dossier:");
        assert_int_equal(v[i].object.p[8], '4' - (int)i);
        assert_true(i == 0 || v[i].id < v[i - 1].id);
    }
    assert_true(faults(env) == 0);
    test_env_free(env);
}

static void
test_verify_finds_what_was_changed_or_removed(void **state)
{
    (void)state;
    static const char *const tampers[] = {
        "UPDATE ledger_entry SET note = 'x' WHERE id = (SELECT min(id) FROM ledger_entry)",
        "UPDATE ledger_entry SET at_us = at_us + 1 WHERE id = (SELECT max(id) FROM ledger_entry)",
        "DELETE FROM ledger_entry WHERE id = (SELECT min(id) FROM ledger_entry)",
        "DELETE FROM ledger_leaf WHERE seq = (SELECT max(seq) FROM ledger_leaf)",
        "UPDATE ledger_head SET root = signature",
    };
    for (size_t i = 0; i < COUNT_OF(tampers); i++) {
        struct test_env *env = test_env_new();
        add(env, 1);
        add(env, 2);
        seal(env);
        assert_true(faults(env) == 0);
        ASSERT_OK(env->cx, test_sql(env->cx, tampers[i]));
        if (faults(env) == 0) {
            fail_msg("not found: %s", tampers[i]);
        }
        test_env_free(env);
    }
}

static void
test_verify_shows_a_lost_key_and_makes_no_new_one(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct str keys = str_cat(env->cx->arena, env->data_dir, STR("/keys"));
    add(env, 1);
    seal(env);
    ASSERT_OK(env->cx, sys_remove_tree(env->cx, keys));
    assert_true(faults(env) > 0);
    assert_true(faults(env) > 0);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_keep_their_order_when_the_clock_is_set_back),
        cmocka_unit_test(test_verify_finds_what_was_changed_or_removed),
        cmocka_unit_test(test_verify_shows_a_lost_key_and_makes_no_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
