/* A COMMIT whose answer is lost: between the store and PostgreSQL stands a proxy that cuts the line
 * at that word. Whatever had happened, the work is there exactly once, and the caller is told so.
 */
#include "store/test/pg_proxy.h"

#include "gen/q_store.h"
#include "store/store_int.h"

#include <libpq-fe.h>

static enum err
add_tx(struct ctx *cx, void *arg)
{
    int *n_runs = arg;
    struct q_store_meta_get row;
    int64_t n = 0;
    (*n_runs)++;
    enum err e = q_store_meta_get(cx, &row, .name = STR("sum"));
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    assert_true(e == ERR_NOT_FOUND || str_to_i64(row.value, 0, INT64_MAX, &n));
    return q_store_meta_set(cx, NULL, .name = STR("sum"),
                            .value = str_fmt(cx->arena, "%lld", (long long)n + 1));
}

static int64_t
sum(struct ctx *cx)
{
    return test_i64(cx, "SELECT coalesce(max(value), '0') FROM store_meta WHERE name = 'sum'");
}

static void
test_commit_cut_off_is_there_once_and_told(void **state)
{
    static const struct {
        enum cut cut;
        int runs_min, runs_max;
    } cases[] = {
        { CUT_NEVER, 1, 1 },
        { CUT_AFTER_ANSWER, 1, 1 }, /* not a second time */
        { CUT_BEFORE, 2, 2 },
        { CUT_AT_ONCE, 1, 2 },
    };
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct proxy *p = proxy_open();
    struct ctx *cx = process_behind(env, p);
    int64_t n = 0;
    for (size_t i = 0; i < 5 * COUNT_OF(cases); i++) {
        enum cut cut = cases[i % COUNT_OF(cases)].cut;
        int n_runs = 0;
        p->n_cut = 0;
        p->cut = (int)cut;
        ASSERT_OK(cx, store_write(cx, add_tx, &n_runs));
        assert_int_equal(p->n_cut, cut == CUT_NEVER ? 0 : 1);
        assert_in_range(n_runs, cases[i % COUNT_OF(cases)].runs_min,
                        cases[i % COUNT_OF(cases)].runs_max);
        assert_true(sum(env->cx) == ++n);
    }
    process_end(cx);
    proxy_close(p);
    test_env_free(env);
}

/* Many at once, so that they share transactions, while commits are cut off again and again: each is
 * there once, whoever ran it. */
#define CROWD   8
#define CROWD_N 10

struct one_of_many {
    struct ctx *cx;
    pthread_t thread;
    int n_runs;
    enum err err;
};

static void *
one_main(void *arg)
{
    struct one_of_many *w = arg;
    for (int i = 0; i < CROWD_N && w->err == ERR_OK; i++) {
        w->err = store_write(w->cx, add_tx, &w->n_runs);
    }
    return NULL;
}

static void
test_commits_of_many_cut_off_are_there_once(void **state)
{
    static const enum cut cuts[] = { CUT_AFTER_ANSWER, CUT_BEFORE, CUT_AT_ONCE };
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct proxy *p = proxy_open();
    struct ctx *cx = process_behind(env, p);
    struct one_of_many w[CROWD] = { 0 };
    for (int i = 0; i < CROWD; i++) {
        w[i].cx = test_ctx_new(env);
        w[i].cx->store = cx->store;
        p->cut = (int)cuts[(size_t)i % COUNT_OF(cuts)];
        assert_int_equal(pthread_create(&w[i].thread, NULL, one_main, &w[i]), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        p->cut = (int)cuts[(size_t)i % COUNT_OF(cuts)];
        (void)pthread_join(w[i].thread, NULL);
        ASSERT_OK(w[i].cx, w[i].err);
        test_ctx_free(w[i].cx);
    }
    assert_true(p->n_cut > 0);
    assert_true(sum(env->cx) == CROWD * CROWD_N);
    process_end(cx);
    proxy_close(p);
    test_env_free(env);
}

/* --- a replica that is waited for ---------------------------------------------------------------
 */

struct writer {
    struct ctx *cx;
    pthread_t thread;
    int n_runs;
    enum err err;
    _Atomic int n_acked;
    _Atomic bool is_over;
};

static void *
writer_main(void *arg)
{
    struct writer *w = arg;
    while (!w->is_over && w->err == ERR_OK) {
        w->err = store_write(w->cx, add_tx, &w->n_runs);
        w->n_acked += w->err == ERR_OK ? 1 : 0;
    }
    return NULL;
}

static void
raw_sql(PGconn *pg, const char *sql)
{
    PGresult *res = PQexec(pg, sql);
    ExecStatusType st = PQresultStatus(res);
    if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    }
    PQclear(res);
}

static void
wait_for_waiting(PGconn *pg)
{
    bool is = false;
    while (!is) {
        PGresult *res = PQexec(pg, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' "
                                   "AND datname = current_database()");
        is = PQntuples(res) > 0;
        PQclear(res);
        (void)usleep(2000);
    }
}

static void
set_replica(PGconn *pg, const char *sql)
{
    raw_sql(pg, sql);
    raw_sql(pg, "SELECT pg_reload_conf()");
}

/* The wait for the replica is broken off: the server says COMMIT with a warning. That is no
 * acknowledgement; the caller is answered when the replica has it. */
static void
test_commit_without_its_replica_is_not_acknowledged(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct proxy *p = proxy_open();
    struct writer w = { .cx = process_behind(env, p) };
    PGconn *pg = PQconnectdb(str_z(env->cx->arena, env->store_config.url));
    assert_int_equal(PQstatus(pg), CONNECTION_OK);
    raw_sql(pg, "SET synchronous_commit = off");
    assert_int_equal(pthread_create(&w.thread, NULL, writer_main, &w), 0);
    set_replica(pg, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    wait_for_waiting(pg); /* sooner or later the writer's connection hears of it */
    int n_acked = w.n_acked;
    while (sum(env->cx) == n_acked) { /* whoever waits is told to stop waiting */
        raw_sql(pg, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = "
                    "'SyncRep' AND datname = current_database()");
        (void)usleep(2000);
    }
    wait_for_waiting(pg); /* committed, and waiting all the same: on the proof of durability */
    assert_true(sum(env->cx) == n_acked + 1);
    assert_int_equal(w.n_acked, n_acked);
    w.is_over = true;
    set_replica(pg, "ALTER SYSTEM RESET synchronous_standby_names");
    (void)pthread_join(w.thread, NULL);
    ASSERT_OK(w.cx, w.err);
    assert_int_equal(w.n_acked, n_acked + 1);
    assert_int_equal(w.n_runs, n_acked + 1);
    assert_true(sum(env->cx) == n_acked + 1);
    PQfinish(pg);
    process_end(w.cx);
    proxy_close(p);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commit_cut_off_is_there_once_and_told),
        cmocka_unit_test(test_commits_of_many_cut_off_are_there_once),
        cmocka_unit_test(test_commit_without_its_replica_is_not_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
