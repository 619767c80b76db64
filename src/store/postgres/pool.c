/* pool.c: connections are few (more of them make PostgreSQL slower, not faster) and are held for
 * one statement or one transaction. Who finds none free waits, not longer than the deadline. */
#include "store/postgres/pg_int.h"

#include <errno.h>

#define WAIT_US_MAX INT64_C(10000000)

/* CLOCK_MONOTONIC of the end of patience; with a fake clock, the same distance from now. */
static struct timespec
patience(const struct ctx *cx)
{
    int64_t wait_us = WAIT_US_MAX;
    if (cx->deadline_us != 0) {
        int64_t left = cx->deadline_us - sys_mono_us(cx);
        wait_us = left < wait_us ? left : wait_us;
    }
    int64_t at = sys_clock_real.mono_us(&sys_clock_real) + (wait_us > 0 ? wait_us : 0);
    return (struct timespec){ .tv_sec = at / 1000000, .tv_nsec = (at % 1000000) * 1000 };
}

/* The mutex is held. */
static enum err
wait_free(struct ctx *cx, struct pg_store *s)
{
    struct timespec until = patience(cx);
    if (s->n_waiting >= s->queue_max) {
        return err_set(cx, ERR_BUSY, "too many wait for a database connection");
    }
    s->n_waiting++;
    int rc = 0;
    while (s->free_conns == NULL && rc != ETIMEDOUT) {
        rc = pthread_cond_timedwait(&s->is_free, &s->mutex, &until);
    }
    s->n_waiting--;
    if (s->free_conns != NULL) {
        return ERR_OK;
    }
    return cx->deadline_us != 0 && sys_mono_us(cx) >= cx->deadline_us
               ? err_set(cx, ERR_DEADLINE, "given up while waiting for a database connection")
               : err_set(cx, ERR_BUSY, "all %u database connections are in use", s->n_conns);
}

int64_t
pg_patience_us(const struct ctx *cx, int64_t wait_us)
{
    int64_t left = wait_us;
    if (cx->deadline_us != 0) {
        left = cx->deadline_us - sys_mono_us(cx);
        left = left < wait_us ? left : wait_us;
    }
    return sys_clock_real.mono_us(&sys_clock_real) + left;
}

bool
pg_may_wait(struct ctx *cx, const struct pg_store *s, enum err e, int64_t until_us)
{
    struct timespec ts = { .tv_nsec = PG_AWAY_REST_US * 1000 };
    if (e != ERR_AWAY || !s->is_open ||
        sys_clock_real.mono_us(&sys_clock_real) + PG_AWAY_REST_US > until_us) {
        return false;
    }
    cx->err = (struct err_detail){ 0 };
    (void)nanosleep(&ts, NULL);
    return true;
}

enum err
pg_conn_again(struct ctx *cx, struct pg_store *s, struct pg_conn *c)
{
    int64_t until_us = pg_patience_us(cx, PG_AWAY_US);
    enum err e = pg_conn_ready(cx, s, c);
    while (pg_may_wait(cx, s, e, until_us)) {
        e = pg_conn_ready(cx, s, c);
    }
    return e;
}

enum err
pg_take(struct ctx *cx, struct pg_store *s, struct pg_conn **ret)
{
    struct pg_conn *c = NULL;
    enum err e = ERR_OK;
    (void)pthread_mutex_lock(&s->mutex);
    if (s->free_conns == NULL) {
        e = wait_free(cx, s);
    }
    if (e == ERR_OK) {
        c = s->free_conns;
        s->free_conns = c->next_free;
        c->next_free = NULL;
    }
    (void)pthread_mutex_unlock(&s->mutex);
    TRY(e);
    e = pg_conn_again(cx, s, c);
    if (e != ERR_OK) {
        pg_give_back(s, c);
        return e;
    }
    *ret = c;
    return ERR_OK;
}

/* The one used last is used next: fewer stay busy, and each knows its statements. */
void
pg_give_back(struct pg_store *s, struct pg_conn *c)
{
    if (c->is_lost) {
        pg_conn_close(c);
    }
    (void)pthread_mutex_lock(&s->mutex);
    s->stats.n_round_trips += c->n_trips;
    c->n_trips = 0;
    c->next_free = s->free_conns;
    s->free_conns = c;
    (void)pthread_cond_signal(&s->is_free);
    (void)pthread_mutex_unlock(&s->mutex);
}
