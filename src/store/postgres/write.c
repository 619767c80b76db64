/* write.c: one write transaction on a connection of the pool.
 *
 * Closures were written for a store where one runs after the other. Here several run at once, in
 * several processes, so each runs SERIALIZABLE: PostgreSQL lets happen only what could have
 * happened one after the other, and asks to run a transaction again otherwise. A closure may run
 * twice by contract. Every transaction holds store_lane in a mode that lets others pass; one that
 * failed too often takes it for itself and then runs with no other beside it, so that it comes to
 * its end. Why so: doc/decisions/postgres.md. */
#include "store/postgres/pg_int.h"

#define TRIES_MAX      12
#define TRIES_TOGETHER 5 /* from then on alone */
#define UNIQUE_TRIES   3
#define REST_US        500

static const char *const begin_together =
    "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE; LOCK TABLE store_lane IN ROW SHARE MODE";
static const char *const begin_alone =
    "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE; LOCK TABLE store_lane IN EXCLUSIVE MODE";

static const char *const begin_locked = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

struct attempt {
    store_tx_fn *fn;
    void *arg;
    uint32_t n_problems_before;
    int no;
    bool is_locked; /* guards itself by row locks */
    bool is_again;  /* run it again */
    bool is_unsure; /* lost while committing: nobody knows */
    bool has_outbox;
};

static void
count(struct pg_store *s, int64_t took_us)
{
    (void)pthread_mutex_lock(&s->mutex);
    s->stats.n_closures++;
    s->stats.closure_us_sum += (uint64_t)took_us;
    if ((uint64_t)took_us > s->stats.closure_us_max) {
        s->stats.closure_us_max = (uint64_t)took_us;
    }
    (void)pthread_mutex_unlock(&s->mutex);
}

static enum err
closure_run(struct ctx *cx, struct pg_store *s, struct pg_conn *c, const struct attempt *at)
{
    cx->n_problems = at->n_problems_before;
    cx->conn = &c->base;
    cx->is_writing = true;
    int64_t from = sys_clock_real.mono_us(&sys_clock_real);
    enum err e = at->fn(cx, at->arg);
    count(s, sys_clock_real.mono_us(&sys_clock_real) - from);
    cx->is_writing = false;
    cx->conn = NULL;
    /* a failure counts even when the closure went on */
    return e == ERR_OK ? c->broken : e;
}

static enum err
commit(struct ctx *cx, struct pg_store *s, struct pg_conn *c, struct attempt *at)
{
    PGresult *res = PQexec(c->pg, "COMMIT");
    enum err e = ERR_OK;
    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        e = pg_fail(cx, c, res, "commit");
        at->is_unsure = c->is_lost;
    } else if (strcmp(PQcmdStatus(res), "COMMIT") != 0) {
        e = err_set(cx, ERR_STORE, "the database rolled back instead of committing");
    }
    PQclear(res);
    if (e == ERR_OK) {
        at->has_outbox = c->base.has_outbox;
        (void)pthread_mutex_lock(&s->mutex);
        s->stats.n_commits++;
        (void)pthread_mutex_unlock(&s->mutex);
    }
    return e;
}

static const char *
begin_of(const struct attempt *at)
{
    if (at->is_locked) {
        return begin_locked;
    }
    return at->no < TRIES_TOGETHER ? begin_together : begin_alone;
}

static enum err
attempt_on(struct ctx *cx, struct pg_store *s, struct pg_conn *c, struct attempt *at)
{
    enum err e = pg_exec(cx, c, begin_of(at));
    if (e == ERR_OK) {
        c->is_in_tx = true;
        c->base.is_writer = true;
        e = closure_run(cx, s, c, at);
        if (e == ERR_OK) {
            e = commit(cx, s, c, at);
        }
        c->base.is_writer = false;
        c->is_in_tx = false;
    }
    if (e != ERR_OK && !c->is_lost && PQtransactionStatus(c->pg) != PQTRANS_IDLE) {
        struct err_detail first = cx->err;
        if (pg_exec(cx, c, "ROLLBACK") != ERR_OK) {
            c->is_lost = true; /* whatever it is, this connection is not used again */
        }
        cx->err = first;
    }
    at->is_again = e != ERR_OK && c->is_retry && c->broken != ERR_OK && !at->is_unsure &&
                   (c->broken != ERR_CONFLICT || at->no + 1 < UNIQUE_TRIES);
    return e;
}

static enum err
attempt(struct ctx *cx, struct pg_store *s, struct attempt *at)
{
    struct pg_conn *c = NULL;
    TRY(pg_take(cx, s, &c));
    enum err e = attempt_on(cx, s, c, at);
    pg_give_back(s, c);
    if (at->is_unsure) {
        return err_set(cx, ERR_STORE,
                       "the connection was lost while committing: look whether it happened");
    }
    return e;
}

/* A short rest, longer each time and not the same for all, before running again. */
static void
rest(const struct attempt *at)
{
    int64_t spread = sys_clock_real.mono_us(&sys_clock_real) % REST_US;
    int64_t us = ((INT64_C(1) << at->no) * REST_US + spread) % 50000;
    struct timespec ts = { .tv_sec = 0, .tv_nsec = us * 1000 };
    (void)nanosleep(&ts, NULL);
}

static enum err
write_as(struct ctx *cx, struct pg_store *s, struct attempt at)
{
    if (s->is_read_only) {
        return err_set(cx, ERR_INTERNAL, "the store was opened for reading only");
    }
    if (cx->deadline_us != 0 && sys_mono_us(cx) >= cx->deadline_us) {
        return err_set(cx, ERR_DEADLINE, "deadline before the write began");
    }
    TRY(pg_node_keep(cx, s));
    enum err e = attempt(cx, s, &at);
    while (at.is_again && at.no + 1 < TRIES_MAX) {
        (void)pthread_mutex_lock(&s->mutex);
        s->stats.n_batches_retried++;
        (void)pthread_mutex_unlock(&s->mutex);
        rest(&at);
        at.no++;
        at.is_again = false;
        e = attempt(cx, s, &at);
    }
    if (at.has_outbox) {
        store_tell_outbox(&s->base);
    }
    return e;
}

enum err
pg_write(struct ctx *cx, struct store *base, store_tx_fn *fn, void *arg)
{
    return write_as(cx, (struct pg_store *)(void *)base,
                    (struct attempt){ .fn = fn, .arg = arg, .n_problems_before = cx->n_problems });
}

enum err
pg_write_locked(struct ctx *cx, struct store *base, store_tx_fn *fn, void *arg)
{
    return write_as(
        cx, (struct pg_store *)(void *)base,
        (struct attempt){
            .fn = fn, .arg = arg, .n_problems_before = cx->n_problems, .is_locked = true });
}
