/* relay_account.c: every call leaves one record. Loops put them into rings; one thread takes them
 * out, hands them to whoever keeps them, and then frees old snapshots, from which records borrow.
 */
#include "net/relay_int.h"

#include <errno.h>

#define IDLE_NS 20000000 /* a record waits at most so long for its thread */

/* --- on the loop ------------------------------------------------------------------------------ */
enum err
ring_open(struct rloop *l, uint32_t n)
{
    uint32_t size = 16;
    while (size < n && size < (1U << 24)) {
        size *= 2;
    }
    l->ring.v = calloc(size, sizeof(*l->ring.v));
    l->ring.mask = size - 1;
    return l->ring.v == NULL ? ERR_INTERNAL : ERR_OK;
}

/* Room for the record of a call that begins. False: the call must not begin. */
bool
record_reserve(struct rloop *l)
{
    uint32_t used = atomic_load_explicit(&l->ring.head, memory_order_relaxed) -
                    atomic_load_explicit(&l->ring.tail, memory_order_acquire);
    if (used + l->n_reserved > l->ring.mask) {
        return false;
    }
    l->n_reserved++;
    return true;
}

/* Cut at a character's beginning, so that the text stays UTF-8 if it was. */
static void
keep_text(char *to, size_t room, struct str s)
{
    size_t n = s.n < room - 1 ? s.n : room - 1;
    while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xc0U) == 0x80) {
        n--;
    }
    if (n != 0) {
        memcpy(to, s.p, n);
    }
    to[n] = '\0';
}

static void
keep_names(const struct rcall *x, struct relay_record *v)
{
    if (x->who != NULL) {
        v->client_id = x->who->id;
        v->client = x->who->name;
    }
    if (x->route != NULL) {
        v->route_id = x->route->id;
        v->route = x->route->name;
        v->pool = x->route->pool->name;
        keep_text(v->path, sizeof(v->path), str_slice(x->rq.path, x->route->path.n, x->rq.path.n));
    } else {
        keep_text(v->path, sizeof(v->path), x->rq.path);
    }
    v->grant_id = x->grant == NULL ? 0 : x->grant->id;
    v->operation = x->operation;
}

void
record_push(struct rcall *x)
{
    struct rloop *l = x->loop;
    if (!x->has_record) {
        return;
    }
    x->has_record = false;
    l->n_reserved--;
    uint32_t head = atomic_load_explicit(&l->ring.head, memory_order_relaxed);
    struct relay_record *v = &l->ring.v[head & l->ring.mask];
    *v = (struct relay_record){
        .started_us = x->started_wall_us,
        .proof = x->proof,
        .error = x->error,
        .status = (uint16_t)x->status,
        .tries_n = x->tries_n,
        .is_cut = x->is_cut,
        .bytes_in = x->upward.bytes,
        .bytes_out = x->downward.bytes,
        .total_us = (uint32_t)(l->now_us - x->begun_us),
    };
    keep_names(x, v);
    memcpy(v->request_id, x->request_id, sizeof(v->request_id));
    memcpy(v->trace_id, x->trace_id, sizeof(v->trace_id));
    keep_text(v->message_id, sizeof(v->message_id), x->message_id);
    keep_text(v->user_id, sizeof(v->user_id), x->user_id);
    keep_text(v->issue, sizeof(v->issue), x->issue);
    keep_text(v->peer, sizeof(v->peer), str_of(x->client->peer));
    keep_text(v->method, sizeof(v->method), x->rq.method_name);
    if (x->last_address != NULL) {
        keep_text(v->upstream, sizeof(v->upstream), x->last_address->text);
    }
    memcpy(v->step_us, x->steps_us, sizeof(v->step_us));
    atomic_store_explicit(&l->ring.head, head + 1, memory_order_release);
    if ((head & 255U) == 255U) {
        account_wake(l->relay); /* else the thread looks by itself */
    }
}

/* --- on the accounting thread ----------------------------------------------------------------- */
static bool
ring_drain(struct relay *r, struct rloop *l)
{
    uint32_t tail = atomic_load_explicit(&l->ring.tail, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&l->ring.head, memory_order_acquire);
    bool had_any = tail != head;
    while (tail != head) {
        uint32_t at = tail & l->ring.mask;
        uint32_t n = head - tail;
        n = n < l->ring.mask + 1 - at ? n : l->ring.mask + 1 - at;
        if (r->config.on_records != NULL) {
            r->config.on_records(r->config.arg, &l->ring.v[at], n);
        }
        tail += n;
        rstat_add(&r->n_records, n);
        atomic_store_explicit(&l->ring.tail, tail, memory_order_release);
    }
    return had_any;
}

/* Graves first, then rings, then free: whatever borrows from a grave is told before it goes. */
static bool
account_round(struct relay *r)
{
    (void)pthread_mutex_lock(&r->snap_lock);
    struct rsnap *graves = r->graves;
    r->graves = NULL;
    (void)pthread_mutex_unlock(&r->snap_lock);
    bool had_any = graves != NULL;
    for (uint32_t i = 0; i < r->n_loops; i++) {
        had_any = ring_drain(r, &r->loops[i]) || had_any;
    }
    while (graves != NULL) {
        struct rsnap *next = graves->next_grave;
        snap_free(graves);
        graves = next;
    }
    return had_any;
}

static void
account_wait(struct relay *r)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += IDLE_NS;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&r->account_wake, &r->account_lock, &until);
}

static void *
account_main(void *arg)
{
    struct relay *r = arg;
    (void)pthread_mutex_lock(&r->account_lock);
    while (!r->is_account_ending) {
        (void)pthread_mutex_unlock(&r->account_lock);
        bool had_any = account_round(r);
        (void)pthread_mutex_lock(&r->account_lock);
        if (!had_any && !r->is_account_ending) {
            account_wait(r);
        }
    }
    (void)pthread_mutex_unlock(&r->account_lock);
    (void)account_round(r);
    return NULL;
}

void
account_wake(struct relay *r)
{
    (void)pthread_cond_signal(&r->account_wake);
}

enum err
account_start(struct relay *r)
{
    pthread_condattr_t attr; /* a clock that is set back must not make the thread wait for it */
    ASSERT(pthread_condattr_init(&attr) == 0 &&
           pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_mutex_init(&r->account_lock, NULL) == 0 &&
           pthread_cond_init(&r->account_wake, &attr) == 0);
    (void)pthread_condattr_destroy(&attr);
    return pthread_create(&r->account_thread, NULL, account_main, r) == 0 ? ERR_OK : ERR_IO;
}

void
account_stop(struct relay *r)
{
    (void)pthread_mutex_lock(&r->account_lock);
    r->is_account_ending = true;
    (void)pthread_cond_signal(&r->account_wake);
    (void)pthread_mutex_unlock(&r->account_lock);
    (void)pthread_join(r->account_thread, NULL);
    (void)account_round(r); /* what the loops let go of at their end */
    (void)pthread_cond_destroy(&r->account_wake);
    (void)pthread_mutex_destroy(&r->account_lock);
}
