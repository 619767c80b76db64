/* group.c: which closures share a transaction. A caller who finds a free lane leads: it runs its
 * own closure, and with it those that wait, in one transaction with one commit. Who finds none
 * waits, and is led by another or leads next. There are a few lanes, for closures that have nothing
 * to do with each other; once some were in each other's way there is one for a while, and the
 * transactions of other processes that fared so are waited for instead of collided with. Why so:
 * doc/decisions/postgres.md. */
#include "store/postgres/pg_int.h"

#include <errno.h>

#define GROUP_MAX     32U
#define CAREFUL_AFTER 64U /* transactions in turn after a collision */

/* --- the queue; the mutex is held ----------------------------------------------------------------
 */

void
pg_list_add(struct pg_list *l, struct pg_req *r)
{
    r->next = NULL;
    r->prev = l->last;
    if (l->last != NULL) {
        l->last->next = r;
    } else {
        l->first = r;
    }
    l->last = r;
    l->n++;
}

static void
list_remove(struct pg_list *l, struct pg_req *r)
{
    if (r->prev != NULL) {
        r->prev->next = r->next;
    } else {
        l->first = r->next;
    }
    if (r->next != NULL) {
        r->next->prev = r->prev;
    } else {
        l->last = r->prev;
    }
    l->n--;
}

static bool
is_lane_free(const struct pg_store *s)
{
    return s->n_leading < (s->n_careful > 0 ? 1 : s->lanes_max);
}

void
pg_group_fill(struct pg_store *s, struct pg_list *group)
{
    (void)pthread_mutex_lock(&s->mutex);
    while (s->queue.first != NULL && group->n < GROUP_MAX) {
        struct pg_req *r = s->queue.first;
        list_remove(&s->queue, r);
        r->state = PG_REQ_TAKEN; /* from here on the caller cannot give up any more */
        pg_list_add(group, r);
    }
    (void)pthread_mutex_unlock(&s->mutex);
}

enum pg_lane
pg_group_lane(struct pg_store *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    bool is_careful = s->n_careful > 0;
    s->n_careful -= is_careful;
    (void)pthread_mutex_unlock(&s->mutex);
    return is_careful ? PG_LANE_IN_TURN : PG_LANE_TOGETHER;
}

void
pg_group_collided(struct pg_store *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    s->n_careful = CAREFUL_AFTER;
    (void)pthread_mutex_unlock(&s->mutex);
}

/* --- leading ------------------------------------------------------------------------------------
 */

static void
lead(struct pg_store *s, struct pg_req *own)
{
    struct pg_list group = { 0 };
    pg_list_add(&group, own);
    pg_group_run(s, &group);
    (void)pthread_mutex_lock(&s->mutex);
    struct pg_req *r = group.first;
    while (r != NULL) {
        struct pg_req *next = r->next; /* r is gone once the mutex is free */
        r->state = PG_REQ_DONE;
        if (r != own) {
            (void)pthread_cond_signal(&r->cond);
        }
        r = next;
    }
    s->n_leading--;
    while (s->queue.first != NULL && is_lane_free(s)) {
        r = s->queue.first;
        list_remove(&s->queue, r);
        s->n_leading++;
        r->state = PG_REQ_LEADS;
        (void)pthread_cond_signal(&r->cond);
    }
    (void)pthread_mutex_unlock(&s->mutex);
}

/* CLOCK_MONOTONIC of the deadline; with a fake clock, the same distance from now. */
static struct timespec
deadline_time(const struct ctx *cx)
{
    int64_t at = sys_clock_real.mono_us(&sys_clock_real) + (cx->deadline_us - sys_mono_us(cx));
    return (struct timespec){ .tv_sec = at / 1000000, .tv_nsec = (at % 1000000) * 1000 };
}

/* Waits until somebody has run it, or it is to lead; the mutex is held. */
static enum err
wait_turn(struct pg_store *s, struct pg_req *r)
{
    struct timespec until = deadline_time(r->cx);
    while (r->state == PG_REQ_QUEUED || r->state == PG_REQ_TAKEN) {
        int rc = 0;
        if (r->state == PG_REQ_QUEUED && r->cx->deadline_us != 0) {
            rc = pthread_cond_timedwait(&r->cond, &s->mutex, &until);
        } else {
            (void)pthread_cond_wait(&r->cond, &s->mutex);
        }
        if (rc == ETIMEDOUT && r->state == PG_REQ_QUEUED) {
            list_remove(&s->queue, r);
            r->state = PG_REQ_DONE;
            return err_set(r->cx, ERR_DEADLINE, "given up while waiting for a turn to write");
        }
    }
    return r->err;
}

static enum err
take_turn(struct pg_store *s, struct pg_req *r)
{
    if (is_lane_free(s) && s->queue.first == NULL) {
        s->n_leading++;
        r->state = PG_REQ_LEADS;
        return ERR_OK;
    }
    if (s->queue.n >= s->queue_max) {
        return err_set(r->cx, ERR_BUSY, "too many wait for a turn to write");
    }
    pg_list_add(&s->queue, r);
    return wait_turn(s, r);
}

enum err
pg_write(struct ctx *cx, struct store *base, store_tx_fn *fn, void *arg)
{
    struct pg_store *s = (struct pg_store *)(void *)base;
    struct pg_req r = { .cx = cx, .fn = fn, .arg = arg, .n_problems_before = cx->n_problems };
    if (s->is_read_only) {
        return err_set(cx, ERR_INTERNAL, "the store was opened for reading only");
    }
    if (cx->deadline_us != 0 && sys_mono_us(cx) >= cx->deadline_us) {
        return err_set(cx, ERR_DEADLINE, "deadline before the write began");
    }
    ASSERT(pthread_cond_init(&r.cond, &s->cond_attr) == 0);
    r.asked_us = sys_clock_real.mono_us(&sys_clock_real);
    (void)pthread_mutex_lock(&s->mutex);
    enum err e = take_turn(s, &r);
    (void)pthread_mutex_unlock(&s->mutex);
    if (r.state == PG_REQ_LEADS) {
        lead(s, &r);
        e = r.err;
    }
    (void)pthread_cond_destroy(&r.cond);
    return e;
}
