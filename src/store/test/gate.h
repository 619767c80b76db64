/* gate.h: holds the writer, so that others queue behind it. For tests; everything is static. */
#ifndef STORE_TEST_GATE_H
#define STORE_TEST_GATE_H

#include "lib/harness.h"

#include "gen/q_store.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

/* A closure that holds the writer until told; it writes a row. */
struct gate {
    sem_t is_in, may_go;
    struct ctx *cx;
    pthread_t thread;
    enum err err;
};

static enum err
gate_tx(struct ctx *cx, void *arg)
{
    struct gate *g = arg;
    (void)sem_post(&g->is_in);
    (void)sem_wait(&g->may_go);
    (void)sem_post(&g->may_go); /* also when the batch is run again */
    return q_store_meta_set(cx, NULL, .name = STR("gate"), .value = STR("1"));
}

static void *
gate_main(void *arg)
{
    struct gate *g = arg;
    g->err = store_write(g->cx, gate_tx, g);
    return NULL;
}

static void
gate_close(struct gate *g, struct test_env *env)
{
    assert_int_equal(sem_init(&g->is_in, 0, 0), 0);
    assert_int_equal(sem_init(&g->may_go, 0, 0), 0);
    g->cx = test_ctx_new(env);
    assert_int_equal(pthread_create(&g->thread, NULL, gate_main, g), 0);
    (void)sem_wait(&g->is_in);
}

static void
gate_open(struct gate *g)
{
    (void)sem_post(&g->may_go);
    (void)pthread_join(g->thread, NULL);
    assert_int_equal(g->err, ERR_OK);
    test_ctx_free(g->cx);
    (void)sem_destroy(&g->is_in);
    (void)sem_destroy(&g->may_go);
}

/* Until so many wait. */
static void
wait_depth(struct ctx *cx, uint64_t depth)
{
    struct store_stats st = { 0 };
    do {
        (void)sched_yield();
        store_stats(cx->store, &st);
    } while (st.queue_depth < depth);
}

#endif
