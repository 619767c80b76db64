/* open.c: the life of a PostgreSQL store, and its ops table. */
#include "store/postgres/pg_int.h"

#include <stdlib.h>
#include <unistd.h>

#define CONNS_MIN      4U
#define CONNS_PER_CORE 3U
#define CONNS_MAX      64U
#define QUEUE_MAX      4096U
#define UNSURE_US      INT64_C(25000000)

static enum err
reader(struct ctx *cx, struct store *base, struct store_conn **ret)
{
    struct pg_conn *c = NULL;
    TRY(pg_take(cx, (struct pg_store *)(void *)base, &c));
    *ret = &c->base;
    return ERR_OK;
}

static void
reader_done(struct store *base, struct store_conn *conn)
{
    pg_give_back((struct pg_store *)(void *)base, (struct pg_conn *)(void *)conn);
}

static enum err
snapshot_begin(struct ctx *cx, struct store_conn *base)
{
    static const char *const sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    struct pg_conn *c = (struct pg_conn *)(void *)base;
    enum err e = pg_exec(cx, c, sql);
    if (e != ERR_OK && c->is_lost) { /* once more on a new connection */
        TRY(pg_conn_again(cx, (struct pg_store *)(void *)base->store, c));
        e = pg_exec(cx, c, sql);
    }
    c->is_in_tx = e == ERR_OK;
    return e;
}

static void
snapshot_end(struct ctx *cx, struct store_conn *base)
{
    struct pg_conn *c = (struct pg_conn *)(void *)base;
    struct err_detail kept = cx->err;
    c->is_in_tx = false;
    if (!c->is_lost && pg_exec(cx, c, "ROLLBACK") != ERR_OK) {
        c->is_lost = true;
    }
    cx->err = kept;
}

static void
thread_done(struct store *base UNUSED)
{
}

static void
stats(struct store *base, struct store_stats *ret)
{
    struct pg_store *s = (struct pg_store *)(void *)base;
    (void)pthread_mutex_lock(&s->mutex);
    *ret = s->stats;
    ret->queue_depth = s->n_waiting + s->queue.n;
    (void)pthread_mutex_unlock(&s->mutex);
    hist_read(&s->closure_us, &ret->closure_us);
    hist_read(&s->commit_us, &ret->commit_us);
    hist_read(&s->wait_us, &ret->wait_us);
}

static void
pg_store_close(struct store *base)
{
    struct pg_store *s = (struct pg_store *)(void *)base;
    pg_listen_end(&s->base);
    pg_node_leave(s);
    for (uint32_t i = 0; s->conns != NULL && i < s->n_conns; i++) {
        pg_conn_close(&s->conns[i]);
        free(s->conns[i].is_prepared);
    }
    free(s->conns);
    if (s->has_sync) {
        (void)pthread_mutex_destroy(&s->base.hook_mutex);
        (void)pthread_mutex_destroy(&s->control_mutex);
        (void)pthread_mutex_destroy(&s->mutex);
        (void)pthread_cond_destroy(&s->is_free);
        (void)pthread_condattr_destroy(&s->cond_attr);
    }
    arena_close(s->arena);
    free(s);
}

static const struct store_ops pg_ops = {
    .write = pg_write,
    .write_locked = pg_write_locked,
    .reader = reader,
    .reader_done = reader_done,
    .snapshot_begin = snapshot_begin,
    .snapshot_end = snapshot_end,
    .run = pg_run,
    .others = pg_node_others,
    .signal = pg_signal,
    .listen = pg_listen,
    .listen_end = pg_listen_end,
    .thread_done = thread_done,
    .stats = stats,
    .close = pg_store_close,
};

static void
sync_init(struct pg_store *s)
{
    ASSERT(pthread_condattr_init(&s->cond_attr) == 0);
    ASSERT(pthread_condattr_setclock(&s->cond_attr, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&s->is_free, &s->cond_attr) == 0);
    ASSERT(pthread_mutex_init(&s->mutex, NULL) == 0);
    ASSERT(pthread_mutex_init(&s->control_mutex, NULL) == 0);
    ASSERT(pthread_mutex_init(&s->base.hook_mutex, NULL) == 0);
    s->has_sync = true;
}

static uint32_t
conns_wanted(uint32_t configured)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t n = configured != 0 ? configured : (uint32_t)(cores > 0 ? cores : 1) * CONNS_PER_CORE;
    n = n < CONNS_MIN ? CONNS_MIN : n;
    return n < CONNS_MAX ? n : CONNS_MAX;
}

static void
conns_init(struct pg_store *s)
{
    s->conns = calloc(s->n_conns, sizeof(*s->conns));
    ASSERT(s->conns != NULL);
    for (uint32_t i = s->n_conns; i-- > 0;) {
        struct pg_conn *c = &s->conns[i];
        c->base.store = &s->base;
        c->is_prepared = calloc(store_n_stmts + 1, sizeof(*c->is_prepared));
        ASSERT(c->is_prepared != NULL);
        c->next_free = s->free_conns;
        s->free_conns = c;
    }
}

static enum err
open_parts(struct ctx *cx, struct pg_store *s)
{
    struct pg_conn *c = NULL;
    TRY(pg_take(cx, s, &c));
    enum err e = s->is_read_only ? pg_schema_same(cx, s, c) : pg_schema_ready(cx, s, c);
    pg_give_back(s, c);
    TRY(e);
    TRY(s->is_read_only ? ERR_OK : pg_node_take(cx, s));
    s->is_open = true;
    return ERR_OK;
}

enum err
pg_store_open(struct ctx *cx, const struct store_config *config, struct store **ret)
{
    struct pg_store *s = calloc(1, sizeof(*s));
    ASSERT(s != NULL);
    s->base.ops = &pg_ops;
    s->base.is_shared = true;
    s->base.id_step = 1;
    s->node = -1;
    s->arena = arena_open(0);
    s->url = str_z(s->arena, config->url);
    s->schema = config->schema != NULL ? config->schema : &store_program_schema;
    s->is_read_only = config->is_read_only;
    s->queue_max = config->queue_max != 0 ? config->queue_max : QUEUE_MAX;
    s->n_conns = conns_wanted(config->connections_n);
    s->lanes_max = s->n_conns / 2;
    s->unsure_us = config->unsure_ms != 0 ? (int64_t)config->unsure_ms * 1000 : UNSURE_US;
    sync_init(s);
    conns_init(s);
    enum err e = open_parts(cx, s);
    if (e != ERR_OK) {
        pg_store_close(&s->base);
        return e;
    }
    *ret = &s->base;
    return ERR_OK;
}
