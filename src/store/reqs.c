/* reqs.c: the queue of closures that wait to be run. */
#include "store/reqs.h"

#include "sys/sys.h"

#include <errno.h>

enum err
store_req_init(struct store_req *r, struct ctx *cx, store_tx_fn *fn, void *arg,
               const pthread_condattr_t *cond_attr)
{
    *r = (struct store_req){ .cx = cx, .fn = fn, .arg = arg, .n_problems_before = cx->n_problems };
    ASSERT(pthread_cond_init(&r->cond, cond_attr) == 0);
    r->asked_us = sys_clock_real.mono_us(&sys_clock_real);
    if (cx->deadline_us != 0 && sys_mono_us(cx) >= cx->deadline_us) {
        return err_set(cx, ERR_DEADLINE, "deadline before the write was queued");
    }
    return ERR_OK;
}

void
store_req_end(struct store_req *r)
{
    (void)pthread_cond_destroy(&r->cond);
}

void
store_reqs_add(struct store_reqs *l, struct store_req *r)
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

void
store_reqs_remove(struct store_reqs *l, struct store_req *r)
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

struct store_req *
store_reqs_take(struct store_reqs *queue)
{
    struct store_req *r = queue->first;
    if (r != NULL) {
        store_reqs_remove(queue, r);
        r->state = STORE_REQ_TAKEN;
    }
    return r;
}

/* The deadline of cx as a time of CLOCK_MONOTONIC; with a fake clock, the same distance from now.
 */
static struct timespec
deadline_time(const struct ctx *cx)
{
    int64_t at = sys_clock_real.mono_us(&sys_clock_real) + (cx->deadline_us - sys_mono_us(cx));
    return (struct timespec){ .tv_sec = at / 1000000, .tv_nsec = (at % 1000000) * 1000 };
}

bool
store_req_wait(struct store_req *r, struct store_reqs *queue, pthread_mutex_t *mutex)
{
    struct timespec until = deadline_time(r->cx);
    while (r->state == STORE_REQ_QUEUED || r->state == STORE_REQ_TAKEN) {
        int rc = 0;
        if (r->state == STORE_REQ_QUEUED && r->cx->deadline_us != 0) {
            rc = pthread_cond_timedwait(&r->cond, mutex, &until);
        } else {
            (void)pthread_cond_wait(&r->cond, mutex);
        }
        if (rc == ETIMEDOUT && r->state == STORE_REQ_QUEUED) {
            store_reqs_remove(queue, r);
            return false;
        }
    }
    return true;
}
