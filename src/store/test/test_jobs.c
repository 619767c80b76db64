/* Tests of the outbox and the job queue. */
#include "lib/harness.h"

#include "store/jobs.h"

#include <pthread.h>
#include <stdatomic.h>

/* What the handlers saw. Handlers get no argument of their own, so it is found through the context:
 * tests put it where a module would have its server. */
struct seen {
    _Atomic int n, n_fail; /* calls; how many of the next calls fail */
    enum err err;
    pthread_mutex_t mutex;
    char log[8192];
    size_t log_n;
};

static struct seen *
seen_of(struct ctx *cx)
{
    return (struct seen *)(void *)cx->server;
}

static enum err
note_job(struct ctx *cx, struct str key, struct str payload)
{
    struct seen *s = seen_of(cx);
    assert_null(cx->conn);
    (void)pthread_mutex_lock(&s->mutex);
    int n = snprintf(s->log + s->log_n, sizeof(s->log) - s->log_n, STR_FMT "=" STR_FMT ";",
                     STR_ARG(key), STR_ARG(payload));
    s->log_n += (size_t)n;
    (void)pthread_mutex_unlock(&s->mutex);
    s->n++;
    if (s->n_fail > 0) {
        s->n_fail--;
        return err_set(cx, s->err, "as the test wants");
    }
    return ERR_OK;
}

static enum err
chain_tx(struct ctx *cx, void *arg UNUSED)
{
    return store_outbox_put(cx, STR("note"), STR("chained"), STR("2"));
}

static enum err
chain_job(struct ctx *cx, struct str key UNUSED, struct str payload UNUSED)
{
    return store_write(cx, chain_tx, NULL);
}

static enum err
hourly_job(struct ctx *cx, int64_t *ret_again_us)
{
    struct seen *s = seen_of(cx);
    s->n++;
    *ret_again_us = INT64_C(3600) * 1000000;
    if (s->n_fail > 0) {
        s->n_fail--;
        return err_set(cx, s->err, "as the test wants");
    }
    return ERR_OK;
}

static const struct jobs_topic topics[] = { { STR_INIT("note"), note_job },
                                            { STR_INIT("chain"), chain_job },
                                            { { NULL, 0 }, NULL } };
static const struct jobs_timed timed[] = { { STR_INIT("hourly"), hourly_job },
                                           { { NULL, 0 }, NULL } };
static const struct jobs_topic *const all_topics[] = { topics };
static const struct jobs_timed *const all_timed[] = { timed };
static const struct jobs_config only_topics = { .topics = all_topics,
                                                .n_topics = 1,
                                                .n_threads = 3 };
static const struct jobs_config only_timed = { .timed = all_timed, .n_timed = 1 };

static struct test_env *
env_new(struct seen *s)
{
    struct test_env *env = test_env_new();
    *s = (struct seen){ 0 };
    assert_int_equal(pthread_mutex_init(&s->mutex, NULL), 0);
    env->cx->server = (struct server *)(void *)s;
    return env;
}

struct put {
    struct str topic, key, payload;
    enum err end;
};

static enum err
put_tx(struct ctx *cx, void *arg)
{
    const struct put *p = arg;
    TRY(store_outbox_put(cx, p->topic, p->key, p->payload));
    return p->end;
}

static enum err
put(struct ctx *cx, struct str topic, struct str key, struct str payload)
{
    struct put p = { .topic = topic, .key = key, .payload = payload };
    return store_write(cx, put_tx, &p);
}

static void
test_drain_keeps_order_within_a_key_and_removes(void **state)
{
    (void)state;
    struct seen s;
    struct test_env *env = env_new(&s);
    ASSERT_OK(env->cx, put(env->cx, STR("note"), STR("a"), STR("1")));
    ASSERT_OK(env->cx, put(env->cx, STR("note"), STR("a"), STR("2")));
    ASSERT_OK(env->cx, put(env->cx, STR("note"), STR("b"), STR("1")));
    ASSERT_OK(env->cx, put(env->cx, STR("note"), STR("a"), STR("3")));
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_topics));
    assert_string_equal(s.log, "a=1;a=2;b=1;a=3;");
    assert_int_equal(test_count(env->cx, "outbox"), 0);
    test_env_free(env);
}

static void
test_outbox_put_of_failed_transaction_is_not_there(void **state)
{
    (void)state;
    struct seen s;
    struct test_env *env = env_new(&s);
    struct put p = {
        .topic = STR("note"), .key = STR("a"), .payload = STR("1"), .end = ERR_CONFLICT
    };
    assert_int_equal(store_write(env->cx, put_tx, &p), ERR_CONFLICT);
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_topics));
    assert_int_equal(s.n, 0);
    test_env_free(env);
}

static void
test_drain_handles_what_handlers_put(void **state)
{
    (void)state;
    struct seen s;
    struct test_env *env = env_new(&s);
    ASSERT_OK(env->cx, put(env->cx, STR("chain"), STR("x"), STR("{}")));
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_topics));
    assert_string_equal(s.log, "chained=2;");
    test_env_free(env);
}

static void
test_drain_retries_with_growing_delay_and_holds_up_the_key(void **state)
{
    (void)state;
    struct seen s;
    struct test_env *env = env_new(&s);
    s.n_fail = 2;
    s.err = ERR_UPSTREAM;
    ASSERT_OK(env->cx, put(env->cx, STR("note"), STR("a"), STR("1")));
    ASSERT_OK(env->cx, put(env->cx, STR("note"), STR("a"), STR("2")));
    ASSERT_OK(env->cx, put(env->cx, STR("note"), STR("b"), STR("1")));
    ASSERT_OK(env->cx,
              jobs_drain(env->cx, &only_topics)); /* a fails, b fails: each its first try */
    assert_string_equal(s.log, "a=1;b=1;");
    sys_clock_fake_step(&env->clock, 999999);
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_topics));
    assert_string_equal(s.log, "a=1;b=1;");
    s.n_fail = 1;
    sys_clock_fake_step(&env->clock, 1);
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_topics)); /* a fails again: 2 s */
    assert_string_equal(s.log, "a=1;b=1;a=1;b=1;");
    sys_clock_fake_step(&env->clock, 1999999);
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_topics));
    assert_int_equal(s.n, 4);
    sys_clock_fake_step(&env->clock, 1);
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_topics));
    assert_string_equal(s.log, "a=1;b=1;a=1;b=1;a=1;a=2;");
    assert_int_equal(test_count(env->cx, "outbox"), 0);
    test_env_free(env);
}

static enum err
retry_tx(struct ctx *cx, void *arg)
{
    return jobs_retry(cx, *(int64_t *)arg);
}

static enum err
discard_tx(struct ctx *cx, void *arg)
{
    return jobs_discard(cx, *(int64_t *)arg);
}

static void
test_dead_entry_is_listed_retried_and_discarded(void **state)
{
    (void)state;
    struct seen s;
    struct test_env *env = env_new(&s);
    struct ctx *cx = env->cx;
    struct jobs_dead *dead = NULL;
    struct jobs_count *counts = NULL;
    size_t n = 0;
    s.n_fail = 1;
    s.err = ERR_NOT_FOUND;
    ASSERT_OK(cx, put(cx, STR("note"), STR("a"), STR("1")));
    ASSERT_OK(cx, put(cx, STR("note"), STR("a"), STR("2")));
    ASSERT_OK(cx, put(cx, STR("unknown"), STR("z"), STR("{}")));
    ASSERT_OK(cx, jobs_drain(cx, &only_topics));
    assert_string_equal(s.log, "a=1;a=2;"); /* the dead one does not hold up the next */
    ASSERT_OK(cx, jobs_counts(cx, &counts, &n));
    assert_int_equal(n, 2);
    assert_true(str_eq(counts[0].topic, STR("note")) && counts[0].n_dead == 1 &&
                counts[0].n_waiting == 0 && counts[0].oldest_us == 0);
    ASSERT_OK(cx, jobs_dead_list(cx, 0, 10, &dead, &n));
    assert_int_equal(n, 2);
    assert_true(str_eq(dead[0].topic, STR("unknown")));
    ASSERT_STR(dead[1].last_error, "ERR_NOT_FOUND: as the test wants");
    ASSERT_OK(cx, store_write(cx, discard_tx, &dead[0].id));
    assert_int_equal(store_write(cx, discard_tx, &dead[0].id), ERR_NOT_FOUND);
    ASSERT_OK(cx, store_write(cx, retry_tx, &dead[1].id));
    assert_int_equal(store_write(cx, retry_tx, &dead[1].id), ERR_NOT_FOUND);
    ASSERT_OK(cx, jobs_drain(cx, &only_topics));
    assert_string_equal(s.log, "a=1;a=2;a=1;");
    assert_int_equal(test_count(cx, "outbox"), 0);
    test_env_free(env);
}

static enum err
put_now_tx(struct ctx *cx, void *arg)
{
    return jobs_put_now(cx, *(const int64_t *)arg);
}

/* What a simulation leaves waits from now on; what waited before keeps its age. */
static void
test_put_now_moves_what_came_after_an_id(void **state)
{
    (void)state;
    struct seen s;
    struct test_env *env = env_new(&s);
    struct ctx *cx = env->cx;
    struct jobs_count *counts = NULL;
    size_t n = 0;
    int64_t made_us = 0;
    int64_t begun_us = sys_now_us(cx);
    ASSERT_OK(cx, put(cx, STR("before"), STR("a"), STR("1")));
    int64_t id = store_new_id(cx);
    ASSERT_OK(cx, put(cx, STR("later"), STR("a"), STR("1")));
    sys_clock_fake_step(&env->clock, INT64_C(3600) * 1000000);
    ASSERT_OK(cx, store_write(cx, put_now_tx, &id));
    ASSERT_OK(cx, jobs_counts(cx, &counts, &n));
    assert_int_equal(n, 2);
    assert_int_equal(counts[0].oldest_us, begun_us);
    assert_int_equal(counts[1].oldest_us, sys_now_us(cx));
    ASSERT_OK(cx, store_made_us(cx, &made_us));
    assert_int_equal(made_us, begun_us);
    test_env_free(env);
}

static void
test_timed_job_runs_when_due_and_after_restart(void **state)
{
    (void)state;
    struct seen s;
    struct test_env *env = env_new(&s);
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_timed));
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_timed));
    assert_int_equal(s.n, 1);
    test_env_reopen(env);
    sys_clock_fake_step(&env->clock, INT64_C(3600) * 1000000 - 1);
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_timed));
    assert_int_equal(s.n, 1);
    s.n_fail = 1;
    s.err = ERR_IO;
    sys_clock_fake_step(&env->clock, 1);
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_timed));
    assert_int_equal(s.n, 2);
    sys_clock_fake_step(&env->clock, 60 * 1000000); /* it failed: again in a minute */
    ASSERT_OK(env->cx, jobs_drain(env->cx, &only_timed));
    assert_int_equal(s.n, 3);
    test_env_free(env);
}

static void
test_threads_handle_all_in_order_and_stop(void **state)
{
    (void)state;
    struct seen s;
    struct test_env *env = env_new(&s);
    struct jobs *j = NULL;
    ASSERT_OK(env->cx, jobs_start(env->cx, &only_topics, &j));
    for (int i = 0; i < 60; i++) {
        struct str key = str_fmt(env->cx->arena, "k%d", i % 3);
        ASSERT_OK(env->cx, put(env->cx, STR("note"), key, str_fmt(env->cx->arena, "%02d", i)));
    }
    while (test_count(env->cx, "outbox") > 0) {
        (void)sched_yield();
    }
    jobs_stop(j);
    assert_int_equal(s.n, 60);
    for (int k = 0; k < 3; k++) { /* per key in the order of putting */
        const char *at = s.log;
        for (int i = k; i < 60; i += 3) {
            at = strstr(at, str_z(env->cx->arena, str_fmt(env->cx->arena, "k%d=%02d;", k, i)));
            assert_non_null(at);
        }
    }
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drain_keeps_order_within_a_key_and_removes),
        cmocka_unit_test(test_outbox_put_of_failed_transaction_is_not_there),
        cmocka_unit_test(test_drain_handles_what_handlers_put),
        cmocka_unit_test(test_drain_retries_with_growing_delay_and_holds_up_the_key),
        cmocka_unit_test(test_dead_entry_is_listed_retried_and_discarded),
        cmocka_unit_test(test_put_now_moves_what_came_after_an_id),
        cmocka_unit_test(test_timed_job_runs_when_due_and_after_restart),
        cmocka_unit_test(test_threads_handle_all_in_order_and_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
