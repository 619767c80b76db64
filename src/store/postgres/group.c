/* group.c: which closures share a transaction. A caller who finds a free lane leads: it runs its
 * own closure, and with it those that wait, in one transaction with one commit. Who finds none
 * waits, and is led by another or leads next. There are a few lanes, for closures that have nothing
 * to do with each other; once some were in each other's way there is one for a while, and the
 * transactions of other processes that fared so are waited for instead of collided with. Why so:
 * doc/decisions/postgres.md. */
#include "store/postgres/pg_int.h"

#define GROUP_MAX     32U
#define CAREFUL_AFTER 64U /* transactions in turn after a collision */

static bool
is_lane_free(const struct pg_store *s)
{
    return s->n_leading < (s->n_careful > 0 ? 1 : s->lanes_max);
}

void
pg_group_fill(struct pg_store *s, struct store_reqs *group)
{
    (void)pthread_mutex_lock(&s->mutex);
    while (s->queue.first != NULL && group->n < GROUP_MAX) {
        store_reqs_add(group, store_reqs_take(&s->queue));
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

/* Answers those of the group that have their answer. */
static void
answer(struct pg_store *s, struct store_reqs *group, const struct store_req *own)
{
    (void)pthread_mutex_lock(&s->mutex);
    struct store_req *r = group->first;
    while (r != NULL) {
        struct store_req *next = r->next; /* r is gone once the mutex is free */
        if (!r->is_left) {
            store_reqs_remove(group, r);
            r->state = STORE_REQ_DONE;
        }
        if (!r->is_left && r != own) {
            (void)pthread_cond_signal(&r->cond);
        }
        r = next;
    }
    (void)pthread_mutex_unlock(&s->mutex);
}

/* What cost the others their connection comes last: it may do so again, and that takes time. */
static struct store_req *
next_left(const struct store_reqs *group)
{
    struct store_req *r = group->first;
    while (r != NULL && r->has_lost) {
        r = r->next;
    }
    return r != NULL ? r : group->first;
}

static void
hand_on(struct pg_store *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    s->n_leading--;
    while (s->queue.first != NULL && is_lane_free(s)) {
        struct store_req *r = store_reqs_take(&s->queue);
        s->n_leading++;
        r->state = STORE_REQ_LEADS;
        (void)pthread_cond_signal(&r->cond);
    }
    (void)pthread_mutex_unlock(&s->mutex);
}

static void
lead(struct pg_store *s, struct store_req *own)
{
    struct store_reqs group = { 0 };
    store_reqs_add(&group, own);
    pg_group_run(s, &group);
    answer(s, &group, own);
    while (group.first != NULL) {
        pg_run_alone(s, next_left(&group));
        answer(s, &group, own);
    }
    hand_on(s);
}

static enum err
take_turn(struct pg_store *s, struct store_req *r)
{
    if (is_lane_free(s) && s->queue.first == NULL) {
        s->n_leading++;
        r->state = STORE_REQ_LEADS;
        return ERR_OK;
    }
    if (s->queue.n >= s->queue_max) {
        return err_set(r->cx, ERR_BUSY, "too many wait for a turn to write");
    }
    store_reqs_add(&s->queue, r);
    if (!store_req_wait(r, &s->queue, &s->mutex)) {
        return err_set(r->cx, ERR_DEADLINE, "given up while waiting for a turn to write");
    }
    return r->err;
}

enum err
pg_write(struct ctx *cx, struct store *base, store_tx_fn *fn, void *arg)
{
    struct pg_store *s = (struct pg_store *)(void *)base;
    struct store_req r;
    if (s->is_read_only) {
        return err_set(cx, ERR_INTERNAL, "the store was opened for reading only");
    }
    enum err e = store_req_init(&r, cx, fn, arg, &s->cond_attr);
    if (e == ERR_OK) {
        (void)pthread_mutex_lock(&s->mutex);
        e = take_turn(s, &r);
        (void)pthread_mutex_unlock(&s->mutex);
    }
    if (r.state == STORE_REQ_LEADS) {
        lead(s, &r);
        e = r.err;
    }
    store_req_end(&r);
    return e;
}
