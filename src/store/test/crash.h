/* crash.h: the power goes while several write; for tests, everything is static. */
#ifndef STORE_TEST_CRASH_H
#define STORE_TEST_CRASH_H

#include "store/test/faulty.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#define CLIENTS    6
#define WRITES_MAX 400

struct client {
    struct ctx *cx;
    pthread_t thread;
    int number;
    _Atomic int n_done; /* acknowledged: 0 .. n_done - 1 */
};

static void *
client_main(void *arg)
{
    struct client *c = arg;
    for (int i = 0; i < WRITES_MAX; i++) {
        if (put(c->cx, str_fmt(c->cx->arena, "c%d-%d", c->number, i)) != ERR_OK) {
            return NULL;
        }
        c->n_done = i + 1;
    }
    return NULL;
}

static int
total_done(struct client *c)
{
    int n = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        n += c[i].n_done;
    }
    return n;
}

static void
crash_round(struct world *w, enum fault_crash how, uint64_t seed)
{
    struct client c[CLIENTS];
    ASSERT_OK(w->env->cx, test_sql(w->env->cx, "DELETE FROM store_meta WHERE name LIKE 'c%'"));
    fault_vfs_delay_sync(w->vfs, 50);
    for (int i = 0; i < CLIENTS; i++) {
        c[i] = (struct client){ .cx = test_ctx_new(w->env), .number = i };
        assert_int_equal(pthread_create(&c[i].thread, NULL, client_main, &c[i]), 0);
    }
    while (total_done(c) < 100 + (int)(seed % 97)) {
        (void)sched_yield();
    }
    fault_vfs_crash(w->vfs, how, seed);
    for (int i = 0; i < CLIENTS; i++) {
        (void)pthread_join(c[i].thread, NULL);
    }
    store_close(w->env->cx->store);
    fault_vfs_recover(w->vfs);
    w->env->cx->store = NULL;
    ASSERT_OK(w->env->cx, store_open(w->env->cx, &w->env->store_config, &w->env->cx->store));
    for (int i = 0; i < CLIENTS; i++) {
        for (int k = 0; k < c[i].n_done; k++) {
            assert_true(has(w->env->cx, str_fmt(w->env->cx->arena, "c%d-%d", i, k)));
        }
        test_ctx_free(c[i].cx);
    }
    assert_int_equal(
        test_i64(w->env->cx,
                 "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
        1);
}

static void
crash_rounds(struct world *w, uint64_t n_seeds)
{
    for (uint64_t seed = 1; seed <= n_seeds; seed++) {
        crash_round(w, FAULT_DROP, seed);
        crash_round(w, FAULT_TEAR, seed * 31);
        crash_round(w, FAULT_GARBLE, seed * 17);
    }
}

#endif
