/* write.c: one write transaction on a connection of the pool.
 *
 * Closures were written for a store where one runs after the other. Here several run at once, in
 * several processes, so each runs SERIALIZABLE: PostgreSQL lets happen only what could have
 * happened one after the other, and asks to run a transaction again otherwise. A closure may run
 * twice by contract. Every transaction holds store_lane in a mode that lets others pass; one that
 * failed too often takes it for itself and then runs with no other beside it, so that it comes to
 * its end. Why so: doc/decisions/postgres.md. */
#include "store/postgres/pg_int.h"

#include <inttypes.h>
#include <stdio.h>

#define TRIES_MAX      12
#define TRIES_TOGETHER 5 /* from then on alone */
#define UNIQUE_TRIES   3
#define REST_US        500
#define LOST_MAX       8                 /* lost connections of one write */
#define UNSURE_US      INT64_C(25000000) /* how long to ask whether a commit happened */

struct attempt {
    store_tx_fn *fn;
    void *arg;
    uint32_t n_problems_before;
    int no;
    int n_lost;
    int64_t marker; /* its row in store_commit tells that the transaction happened */
    bool is_locked; /* guards itself by row locks */
    bool is_again;  /* run it again */
    bool is_unsure; /* a commit's answer was lost, or it is not as durable as asked for */
    bool is_done;   /* it had happened */
    bool has_outbox;
};

static void
count(struct pg_store *s, int64_t took_us)
{
    hist_add(&s->closure_us, took_us);
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
    /* a failure counts even when the closure went on, or took it for a row that is not there */
    return e == ERR_OK || err_may_retry(c->broken) ? c->broken : e;
}

/* The answer may be lost, or come with a warning: a wait for the replica that was broken off. Then
 * nobody knows yet. */
static enum err
commit(struct ctx *cx, struct pg_store *s, struct pg_conn *c, struct attempt *at)
{
    c->is_warned = false;
    int64_t from = sys_clock_real.mono_us(&sys_clock_real);
    PGresult *res = PQexec(c->pg, "COMMIT");
    enum err e = ERR_OK;
    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        e = pg_fail(cx, c, res, "commit");
        at->is_unsure = at->is_unsure || c->is_lost;
    } else if (strcmp(PQcmdStatus(res), "COMMIT") != 0) {
        e = err_set(cx, ERR_STORE, "the database rolled back instead of committing");
    } else if (c->is_warned) {
        at->is_unsure = true;
        e = err_set(cx, ERR_UNSURE, "committed, but not on the replica");
    }
    PQclear(res);
    at->has_outbox = at->has_outbox || c->base.has_outbox;
    if (e == ERR_OK) {
        hist_add(&s->commit_us, sys_clock_real.mono_us(&sys_clock_real) - from);
        (void)pthread_mutex_lock(&s->mutex);
        s->stats.n_commits++;
        (void)pthread_mutex_unlock(&s->mutex);
    }
    return e;
}

/* One message: begin, the lane, and the marker. A marker that is there already says that an
 * attempt whose answer was lost has happened; one that is still under way is waited for. */
static enum err
begin(struct ctx *cx, struct pg_conn *c, struct attempt *at)
{
    const char *level = "SERIALIZABLE READ WRITE; LOCK TABLE store_lane IN ROW SHARE MODE";
    char sql[200];
    if (at->is_locked) {
        level = "READ COMMITTED READ WRITE";
    } else if (at->no >= TRIES_TOGETHER) {
        level = "SERIALIZABLE READ WRITE; LOCK TABLE store_lane IN EXCLUSIVE MODE";
    }
    (void)snprintf(sql, sizeof(sql),
                   "BEGIN ISOLATION LEVEL %s; INSERT INTO store_commit (id) VALUES (%" PRId64 ")",
                   level, at->marker);
    enum err e = pg_exec(cx, c, sql);
    at->is_done = e != ERR_OK && c->broken == ERR_CONFLICT && at->is_unsure;
    return e;
}

/* What is seen as committed is durable once a later commit is: the replica takes them in order. */
static enum err
confirm(struct ctx *cx, struct pg_conn *c)
{
    char sql[120];
    c->is_warned = false;
    c->broken = ERR_OK;
    (void)snprintf(sql, sizeof(sql),
                   "BEGIN READ WRITE; INSERT INTO store_commit (id) VALUES (%" PRId64 "); COMMIT",
                   store_new_id(cx));
    enum err e = pg_exec(cx, c, sql);
    if (e != ERR_OK) {
        c->is_lost = true; /* it may stand in the middle of that transaction */
        return e;
    }
    return c->is_warned ? err_set(cx, ERR_UNSURE, "committed, but not on the replica") : ERR_OK;
}

static void
roll_back(struct ctx *cx, struct pg_conn *c)
{
    struct err_detail first = cx->err;
    if (pg_exec(cx, c, "ROLLBACK") != ERR_OK) {
        c->is_lost = true; /* whatever it is, this connection is not used again */
    }
    cx->err = first;
}

static enum err
attempt_on(struct ctx *cx, struct pg_store *s, struct pg_conn *c, struct attempt *at)
{
    enum err e = begin(cx, c, at);
    if (e == ERR_OK) {
        at->is_unsure = false; /* no earlier attempt happened, nor can it any more */
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
        roll_back(cx, c);
    }
    if (at->is_done && !c->is_lost) {
        e = confirm(cx, c);
    }
    bool is_asked = c->is_retry && c->broken != ERR_OK &&
                    (c->broken != ERR_CONFLICT || at->no + 1 < UNIQUE_TRIES);
    at->is_again = e != ERR_OK && (at->is_unsure || is_asked);
    at->n_lost += c->is_lost ? 1 : 0;
    at->no += c->is_lost || at->is_unsure ? 0 : 1;
    return e;
}

static enum err
attempt(struct ctx *cx, struct pg_store *s, struct attempt *at)
{
    struct pg_conn *c = NULL;
    at->is_again = false;
    int64_t from = sys_clock_real.mono_us(&sys_clock_real);
    enum err e = pg_take(cx, s, &c);
    if (e != ERR_OK) {
        at->is_again = at->is_unsure;
        return e;
    }
    hist_add(&s->wait_us, sys_clock_real.mono_us(&sys_clock_real) - from);
    e = attempt_on(cx, s, c, at);
    pg_give_back(s, c);
    return e;
}

/* A short rest, longer each time and not the same for all, before running again. */
static void
rest(const struct attempt *at)
{
    int64_t spread = sys_clock_real.mono_us(&sys_clock_real) % REST_US;
    int64_t us = ((INT64_C(1) << at->no) * REST_US + spread) % 50000;
    if (at->n_lost > 0 || at->is_unsure) {
        us += PG_AWAY_REST_US;
    }
    struct timespec ts = { .tv_sec = 0, .tv_nsec = us * 1000 };
    (void)nanosleep(&ts, NULL);
}

static bool
may_run_again(const struct attempt *at, int64_t until_us)
{
    if (!at->is_again) {
        return false;
    }
    return at->is_unsure ? sys_clock_real.mono_us(&sys_clock_real) < until_us
                         : at->no < TRIES_MAX && at->n_lost < LOST_MAX;
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
    int64_t until_us = sys_clock_real.mono_us(&sys_clock_real) + UNSURE_US;
    TRY(pg_node_keep(cx, s));
    at.marker = store_new_id(cx);
    enum err e = attempt(cx, s, &at);
    while (may_run_again(&at, until_us)) {
        (void)pthread_mutex_lock(&s->mutex);
        s->stats.n_batches_retried++;
        (void)pthread_mutex_unlock(&s->mutex);
        rest(&at);
        e = attempt(cx, s, &at);
    }
    if (at.has_outbox) {
        store_tell_outbox(&s->base);
    }
    if (e != ERR_OK && at.is_unsure) {
        return err_set(cx, ERR_UNSURE,
                       "the connection was lost while committing: look whether it happened");
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
