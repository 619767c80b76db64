/* Closures that share a transaction on PostgreSQL: one commit for those that waited, each with its
 * own answer; statements that nobody waits for. */
#include "store/test/pg_crowd.h"

static void
test_closures_that_wait_share_one_commit_one_after_the_other(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = env_new();
    struct writer crowd[CROWD] = { 0 };
    for (int i = 0; i < CROWD; i++) {
        crowd[i].id = FULL_ID + i;
    }
    struct store_stats did = run_crowd(env, crowd);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(crowd[i].err, ERR_OK);
        assert_int_equal(crowd[i].n_runs, 1);
        assert_int_equal(crowd[i].n_seen, i + 1); /* the work of those before it */
    }
    assert_int_equal(did.n_commits, 2); /* of the lane that was freed, and of them all */
    assert_int_equal(test_count(env->cx, "outbox"), LANES + CROWD);
    test_env_free(env);
}

static void
test_closure_that_is_refused_undoes_its_own_work_only(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = env_new();
    struct writer crowd[CROWD] = { 0 };
    put_old(env);
    for (int i = 0; i < CROWD; i++) {
        crowd[i].id = FULL_ID + i;
    }
    crowd[0].refusal = ERR_INVALID; /* after it wrote */
    crowd[2].id = OLD_ID;           /* is there already: the statement fails */
    crowd[4].refusal = ERR_NOT_FOUND;
    (void)run_crowd(env, crowd);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(crowd[i].err, i == 2 ? ERR_CONFLICT : crowd[i].refusal);
    }
    assert_int_equal(crowd[1].n_seen, 1);
    assert_int_equal(crowd[3].n_seen, 2);
    assert_int_equal(crowd[5].n_seen, 3);
    assert_int_equal(test_count(env->cx, "outbox"), LANES + 1 + 3);
    test_env_free(env);
}

static void
test_closure_that_waits_beyond_its_deadline_is_not_run(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = env_new();
    struct writer hold[LANES];
    struct writer late = { .fn = member_tx, .id = FULL_ID };
    hold_all(env, hold);
    late.cx = test_ctx_new(env);
    late.cx->deadline_us = sys_mono_us(late.cx) + 20000;
    assert_int_equal(pthread_create(&late.thread, NULL, writer_main, &late), 0);
    end(&late); /* while the lanes are held */
    assert_int_equal(late.err, ERR_DEADLINE);
    assert_int_equal(late.n_runs, 0);
    for (int i = 0; i < LANES; i++) {
        (void)sem_post(&hold[i].may_end);
        end(&hold[i]);
        assert_int_equal(hold[i].err, ERR_OK);
    }
    assert_int_equal(test_count(env->cx, "outbox"), LANES);
    test_env_free(env);
}

/* --- statements that nobody waits for -----------------------------------------------------------
 */

#define MANY 100 /* several pipelines */

static enum err
many_tx(struct ctx *cx, void *arg)
{
    const int64_t *n = arg;
    for (int64_t i = 0; i < *n; i++) {
        TRY(put(cx, i));
    }
    return ERR_OK;
}

static void
test_many_statements_in_one_closure_take_few_round_trips(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = env_new();
    struct store_stats before;
    struct store_stats after;
    int64_t n = 1;
    assert_int_equal(store_write(env->cx, many_tx, &n), ERR_OK); /* prepares it */
    assert_int_equal(test_sql(env->cx, "DELETE FROM outbox"), ERR_OK);
    store_stats(env->cx->store, &before);
    n = MANY;
    assert_int_equal(store_write(env->cx, many_tx, &n), ERR_OK);
    store_stats(env->cx->store, &after);
    assert_int_equal(test_count(env->cx, "outbox"), MANY);
    assert_in_range(after.n_round_trips - before.n_round_trips, 1, MANY / 4);
    test_env_free(env);
}

static enum err
late_failure_tx(struct ctx *cx, void *arg)
{
    struct q_store_meta_get row;
    enum err *ret_read = arg;
    TRY(put(cx, 1));
    TRY(put(cx, 2));
    enum err e = put(cx, 1); /* fails; told now, or with the next statement */
    *ret_read = e == ERR_OK ? q_store_meta_get(cx, &row, .name = STR("schema_version")) : e;
    return ERR_OK;
}

static void
test_failure_that_comes_late_is_the_answer_of_the_next_statement_and_of_the_write(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = env_new();
    enum err read = ERR_OK;
    for (int i = 0; i < 2; i++) { /* the second time all statements are prepared */
        assert_int_equal(store_write(env->cx, late_failure_tx, &read), ERR_CONFLICT);
        assert_int_equal(read, ERR_CONFLICT);
        assert_non_null(strstr(env->cx->err.text, "outbox_put"));
        assert_int_equal(test_count(env->cx, "outbox"), 0);
    }
    int64_t n = 3;
    assert_int_equal(store_write(env->cx, many_tx, &n), ERR_OK); /* the line is as before */
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closures_that_wait_share_one_commit_one_after_the_other),
        cmocka_unit_test(test_closure_that_is_refused_undoes_its_own_work_only),
        cmocka_unit_test(test_closure_that_waits_beyond_its_deadline_is_not_run),
        cmocka_unit_test(test_many_statements_in_one_closure_take_few_round_trips),
        cmocka_unit_test(
            test_failure_that_comes_late_is_the_answer_of_the_next_statement_and_of_the_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
