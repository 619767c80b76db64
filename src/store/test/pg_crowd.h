/* pg_crowd.h: closures of several callers that share one transaction on PostgreSQL. For tests;
 * everything is static. */
#ifndef STORE_TEST_PG_CROWD_H
#define STORE_TEST_PG_CROWD_H

#include "lib/harness.h"

#include "gen/q_store.h"
#include "store/store_int.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
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
    char said[240]; /* the detail of err */
};

static void *
writer_main(void *arg)
{
    struct writer *w = arg;
    w->err = store_write(w->cx, w->fn, w);
    (void)snprintf(w->said, sizeof(w->said), "%s", w->cx->err.text);
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

/* A row that a member with that id finds there. */
static void
put_old(struct test_env *env)
{
    assert_int_equal(test_sql(env->cx,
                              "INSERT INTO outbox (id, topic, key, payload, put_us, due_us)"
                              " VALUES (1000, 't', 'k', '{}', 1, 1)"),
                     ERR_OK);
}

/* Queues the crowd behind two lanes that are held, then frees one of them. */
static struct store_stats
run_crowd(struct test_env *env, struct writer crowd[CROWD])
{
    struct writer hold[LANES];
    struct store_stats after;
    hold_all(env, hold);
    for (uint64_t i = 0; i < CROWD; i++) {
        crowd[i].fn = crowd[i].fn != NULL ? crowd[i].fn : member_tx;
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

#endif
