/* A connection lost under closures that share a transaction on PostgreSQL: each is told what became
 * of its own work, and one that costs them the connection costs them nothing else. */
#include "store/test/pg_crowd.h"
#include "store/test/pg_proxy.h"

static void
ids(struct writer crowd[CROWD])
{
    for (int i = 0; i < CROWD; i++) {
        crowd[i].id = FULL_ID + i;
    }
}

/* The commit happened, its answer is lost, and the server is away from then on. */
static void
test_commit_without_an_answer_is_unsure_only_for_those_in_it(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env =
        test_env_new_with(&(struct store_config){ .connections_n = 2 * LANES, .unsure_ms = 100 });
    struct proxy *p = proxy_open();
    struct ctx *cx = process_behind(env, p);
    struct store *real = env->cx->store;
    struct writer crowd[CROWD] = { 0 };
    put_old(env);
    ids(crowd);
    crowd[0].refusal = ERR_INVALID; /* it leads: what comes after befalls its context */
    crowd[2].id = OLD_ID;           /* its statement fails: to be run again by itself */
    crowd[4].refusal = ERR_NOT_FOUND;
    p->n_let_by = 1; /* of the lane that is freed */
    p->is_shut_by_cut = true;
    p->cut = CUT_AFTER_ANSWER;
    env->cx->store = cx->store;
    (void)run_crowd(env, crowd);
    env->cx->store = real;
    assert_int_equal(p->n_cut, 1);
    static const enum err expected[CROWD] = { ERR_INVALID, ERR_UNSURE,    ERR_AWAY,
                                              ERR_UNSURE,  ERR_NOT_FOUND, ERR_UNSURE };
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(crowd[i].err, expected[i]);
        assert_int_equal(crowd[i].n_runs, 1);
    }
    assert_string_equal(crowd[0].said, "refused");
    assert_int_equal(test_count(env->cx, "outbox"), LANES + 1 + 3);
    process_end(cx);
    proxy_close(p);
    test_env_free(env);
}

static enum err
poison_tx(struct ctx *cx, void *arg)
{
    struct writer *w = arg;
    char sql[] = "SELECT pg_terminate_backend(pg_backend_pid())";
    w->n_runs++;
    TRY(put(cx, w->id));
    return test_sql_tx(cx, sql);
}

static void
poisoned_crowd(int at)
{
    struct test_env *env = env_new();
    struct writer crowd[CROWD] = { 0 };
    ids(crowd);
    crowd[at].fn = poison_tx;
    (void)run_crowd(env, crowd);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(crowd[i].err, i == at ? ERR_AWAY : ERR_OK);
        if (i != at) { /* once with it, and once without */
            assert_int_equal(crowd[i].n_runs, i < at ? 2 : 1);
        }
    }
    assert_in_range(crowd[at].n_runs, 2, 8);
    assert_int_equal(test_count(env->cx, "outbox"), LANES + CROWD - 1);
    test_env_free(env);
}

static void
test_closure_that_costs_its_connection_is_alone_in_that(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    poisoned_crowd(3);
    poisoned_crowd(0); /* the one whose caller runs them all */
}

/* Lost once, as when a primary goes: the closure that happened to run is not refused for it. */
static enum err
unlucky_tx(struct ctx *cx, void *arg)
{
    struct writer *w = arg;
    return w->n_runs == 0 ? poison_tx(cx, arg) : member_tx(cx, arg);
}

static void
test_closure_under_which_the_connection_was_lost_once_is_run_again(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = env_new();
    struct writer crowd[CROWD] = { 0 };
    ids(crowd);
    crowd[1].fn = unlucky_tx;
    crowd[4].fn = unlucky_tx;
    (void)run_crowd(env, crowd);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(crowd[i].err, ERR_OK);
    }
    assert_int_equal(crowd[1].n_runs, 2);
    assert_int_equal(crowd[4].n_runs, 2);
    assert_int_equal(test_count(env->cx, "outbox"), LANES + CROWD);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commit_without_an_answer_is_unsure_only_for_those_in_it),
        cmocka_unit_test(test_closure_that_costs_its_connection_is_alone_in_that),
        cmocka_unit_test(test_closure_under_which_the_connection_was_lost_once_is_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
