/* Closures that share a transaction on PostgreSQL: one commit for those that waited, each with its
 * own answer; statements that nobody waits for. */
#include "lib/harness.h"

#include "gen/q_store.h"
#include "store/store_int.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#define LANES   2 /* of four connections */
#define CROWD   6
#define OLD_ID  1000
#define FULL_ID 2000

struct writer {
    struct ctx *cx;
    pthread_t thread;
    store_tx_fn *fn;
    int64_t id;
    enum err refusal;
    int64_t n_seen;
    int n_runs;
    sem_t has_begun, may_end;
    enum err err;
};

static void *
writer_main(void *arg)
{
    struct writer *w = arg;
    w->err = store_write(w->cx, w->fn, w);
    return NULL;
}

static void
begin(struct test_env *env, struct writer *w)
{
    w->cx = test_ctx_new(env);
    assert_int_equal(pthread_create(&w->thread, NULL, writer_main, w), 0);
}

static void
end(struct writer *w)
{
    (void)pthread_join(w->thread, NULL);
    test_ctx_free(w->cx);
}

static enum err
put(struct ctx *cx, int64_t id)
{
    return q_outbox_put(cx, NULL, .id = id, .topic = STR("t"), .key = STR("k"),
                        .payload = STR("{}"), .now_us = 1);
}

/* Holds a lane until it is told to end. */
static enum err
hold_tx(struct ctx *cx, void *arg)
{
    struct writer *w = arg;
    TRY(put(cx, w->id));
    if (w->n_runs++ == 0) {
        (void)sem_post(&w->has_begun);
        (void)sem_wait(&w->may_end);
    }
    return ERR_OK;
}

/* Looks at what is there, writes, and is refused or not. */
static enum err
member_tx(struct ctx *cx, void *arg)
{
    struct writer *w = arg;
    w->n_runs++;
    TRY(put(cx, w->id));
    if (w->id != OLD_ID) { /* that one's failure may come with this statement */
        w->n_seen = test_i64(cx, "SELECT count(*) FROM outbox WHERE id >= 2000 AND id < 3000");
    }
    return w->refusal == ERR_OK ? ERR_OK : err_set(cx, w->refusal, "refused");
}

static struct test_env *
env_new(void)
{
    return test_env_new_with(&(struct store_config){ .connections_n = 2 * LANES });
}

static void
hold_all(struct test_env *env, struct writer hold[LANES])
{
    for (int i = 0; i < LANES; i++) {
        hold[i] = (struct writer){ .fn = hold_tx, .id = 1 + i };
        assert_int_equal(sem_init(&hold[i].has_begun, 0, 0), 0);
        assert_int_equal(sem_init(&hold[i].may_end, 0, 0), 0);
        begin(env, &hold[i]);
        (void)sem_wait(&hold[i].has_begun);
    }
}

static struct store_stats
stats_when_waiting(struct test_env *env, uint64_t n)
{
    struct store_stats st = { 0 };
    while (st.queue_depth < n) {
        (void)usleep(1000);
        store_stats(env->cx->store, &st);
    }
    return st;
}

/* Queues the crowd behind two lanes that are held, then frees one of them. */
static struct store_stats
run_crowd(struct test_env *env, struct writer crowd[CROWD])
{
    struct writer hold[LANES];
    struct store_stats after;
    hold_all(env, hold);
    for (uint64_t i = 0; i < CROWD; i++) {
        crowd[i].fn = member_tx;
        begin(env, &crowd[i]);
        (void)stats_when_waiting(env, i + 1); /* in this order */
    }
    struct store_stats before = stats_when_waiting(env, CROWD);
    (void)sem_post(&hold[0].may_end);
    for (int i = 0; i < CROWD; i++) {
        end(&crowd[i]);
    }
    store_stats(env->cx->store, &after);
    (void)sem_post(&hold[1].may_end);
    for (int i = 0; i < LANES; i++) {
        end(&hold[i]);
        assert_int_equal(hold[i].err, ERR_OK);
    }
    after.n_commits -= before.n_commits;
    return after;
}

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
    assert_int_equal(test_sql(env->cx,
                              "INSERT INTO outbox (id, topic, key, payload, put_us, due_us)"
                              " VALUES (1000, 't', 'k', '{}', 1, 1)"),
                     ERR_OK);
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
