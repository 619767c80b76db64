/* relay_loop.c: one thread, one epoll: events, timers, the change of snapshots. */
#include "net/relay_int.h"
#include "net/server_int.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_PER_TURN 256
#define FREE_SMALL_MAX  512U
#define FREE_BIG_MAX    64U

/* --- snapshots -------------------------------------------------------------------------------- */

/* The last one sends it to the accounting thread, which frees it. */
void
snap_drop(struct rsnap *s)
{
    struct relay *r = s->relay;
    if (atomic_fetch_sub(&s->refs, 1) != 1) {
        return;
    }
    (void)pthread_mutex_lock(&r->snap_lock);
    s->next_grave = r->graves;
    r->graves = s;
    (void)pthread_mutex_unlock(&r->snap_lock);
    account_wake(r);
}

/* A call of this loop has ended; an old snapshot goes with its last call. */
void
rhold_drop(struct rloop *l, struct rhold *h)
{
    h->n--;
    if (h->n == 0 && h != l->hold) {
        snap_drop(h->snap);
        free(h);
    }
}

/* Takes the snapshot now in force; before each turn, so that old ones go, and before each check, so
 * that whoever calls after relay_apply has returned meets the new one. */
void
rloop_snapshot(struct rloop *l)
{
    struct relay *r = l->relay;
    if (atomic_load_explicit(&r->serial, memory_order_acquire) == l->serial) {
        return;
    }
    struct rhold *h = calloc(1, sizeof(*h));
    if (h == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    (void)pthread_mutex_lock(&r->snap_lock);
    h->snap = r->snap;
    (void)atomic_fetch_add(&h->snap->refs, 1);
    (void)pthread_mutex_unlock(&r->snap_lock);
    struct rhold *old = l->hold;
    l->hold = h;
    l->serial = h->snap->serial;
    if (old != NULL && old->n == 0) {
        snap_drop(old->snap);
        free(old);
    }
}

/* --- buffers ---------------------------------------------------------------------------------- */
char *
rbuf_get(struct rloop *l, size_t cap)
{
    bool is_big = cap == RELAY_BIG_BYTES;
    struct rblock **list = is_big ? &l->free_big : &l->free_in;
    struct rblock *b = *list;
    if (b != NULL) {
        *list = b->next;
        *(is_big ? &l->n_free_big : &l->n_free_in) -= 1;
        return (char *)b;
    }
    char *p = malloc(cap);
    if (p == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    return p;
}

void
rbuf_put(struct rloop *l, char *p, size_t cap)
{
    bool is_big = cap == RELAY_BIG_BYTES;
    struct rblock **list = is_big ? &l->free_big : &l->free_in;
    uint32_t *n = is_big ? &l->n_free_big : &l->n_free_in;
    if (*n >= (is_big ? FREE_BIG_MAX : FREE_SMALL_MAX)) {
        free(p);
        return;
    }
    struct rblock *b = (struct rblock *)(void *)p;
    b->next = *list;
    *list = b;
    *n += 1;
}

static void
list_free(struct rblock *b)
{
    while (b != NULL) {
        struct rblock *next = b->next;
        free(b);
        b = next;
    }
}

/* --- the turn --------------------------------------------------------------------------------- */
static void
events_handle(struct rloop *l, struct epoll_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        enum rsource *source = events[i].data.ptr;
        switch (*source) {
        case RSOURCE_LISTEN:
            raccept_all(l);
            break;
        case RSOURCE_WAKE: {
            uint64_t count = 0;
            (void)!read(l->wake_fd, &count, sizeof(count));
            break;
        }
        case RSOURCE_CLIENT:
        case RSOURCE_UPSTREAM:
            l->now_us = relay_mono_us(l->relay);
            rconn_event((struct rconn *)events[i].data.ptr, events[i].events);
            break;
        }
    }
}

static void
again_handle(struct rloop *l)
{
    struct rconn *c = l->again;
    l->again = NULL;
    while (c != NULL) {
        struct rconn *next = c->again_next;
        c->in_again = false;
        if (!c->is_dead) {
            rconn_run(c);
        }
        c = next;
    }
}

/* Frees what died in this turn; what the next turn's list still names waits for that. */
static void
graves_empty(struct rloop *l, bool is_last)
{
    struct rconn *c = l->graves;
    l->graves = NULL;
    while (c != NULL) {
        struct rconn *next = c->grave_next;
        if (c->in_again && !is_last) {
            c->grave_next = l->graves;
            l->graves = c;
        } else {
            free(c);
        }
        c = next;
    }
}

static void
turn_note(struct rloop *l, int64_t begun_us)
{
    uint64_t us = (uint64_t)(relay_mono_us(l->relay) - begun_us);
    uint32_t bucket = us == 0 ? 0 : 64U - (uint32_t)__builtin_clzll(us);
    bucket = bucket < RELAY_TURN_BUCKETS ? bucket : RELAY_TURN_BUCKETS - 1;
    rstat_add(&l->turns[bucket], 1);
    if (us > atomic_load_explicit(&l->turn_us_max, memory_order_relaxed)) {
        atomic_store_explicit(&l->turn_us_max, us, memory_order_relaxed);
    }
}

static void
listen_close(struct rloop *l)
{
    if (l->listen_fd >= 0) {
        (void)close(l->listen_fd);
        l->listen_fd = -1;
    }
}

/* While the relay stops: takes nothing new, lets go of who waits for nothing. */
static void
drain_handle(struct rloop *l)
{
    if (!l->is_draining) {
        if (l->listen_fd >= 0) {
            raccept_all(l); /* closing the socket would reset those who were already let in */
        }
        l->is_draining = true;
        listen_close(l);
    }
    bool is_cutting = atomic_load(&l->relay->is_cutting);
    struct rconn *c = l->conns;
    while (c != NULL) {
        struct rconn *next = c->next;
        bool is_idle = c->call == NULL || (c->call->step == RELAY_STEP_HEAD && c->in_n == 0);
        bool is_bound = c->source == RSOURCE_UPSTREAM && c->call != NULL; /* goes with its client */
        if (!is_bound && (is_cutting || (is_idle && c->state != RCONN_LINGER))) {
            rconn_kill(c);
            next = l->conns; /* it may have taken others with it */
        }
        c = next;
    }
}

void *
rloop_main(void *arg)
{
    struct rloop *l = arg;
    struct epoll_event events[EVENTS_PER_TURN];
    while (!l->is_draining || l->n_conns != 0) {
        int wait = l->again != NULL ? 0 : rtimers_wait_ms(l);
        int n = epoll_wait(l->epoll_fd, events, EVENTS_PER_TURN, wait);
        ASSERT(n >= 0 || errno == EINTR);
        int64_t begun_us = relay_mono_us(l->relay);
        l->now_us = begun_us;
        rloop_snapshot(l);
        again_handle(l);
        events_handle(l, events, n);
        rtimers_run(l);
        if (atomic_load_explicit(&l->relay->is_stopping, memory_order_relaxed)) {
            drain_handle(l);
        }
        graves_empty(l, false);
        turn_note(l, begun_us);
    }
    return NULL;
}

void
rloop_wake(struct rloop *l)
{
    uint64_t one = 1;
    (void)!write(l->wake_fd, &one, sizeof(one));
}

/* --- begin and end ---------------------------------------------------------------------------- */
static void
watch(struct rloop *l, int fd, enum rsource *source)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = source };
    ASSERT(epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0);
}

static void
ids_seed(struct rloop *l)
{
    struct ctx *cx = &l->relay->cx;
    uint64_t seed[2] = { (uint64_t)relay_mono_us(l->relay) * 0x9e3779b97f4a7c15U + l->index,
                         (uint64_t)l->index + 1 };
    if (cx->random != NULL) {
        cx->random->fill(cx->random, seed, sizeof(seed));
    }
    l->id_hi = seed[0] | 1U;
    l->id_lo = seed[1];
}

/* listen_fd is set by the caller beforehand. */
void
rloop_init(struct rloop *l, struct relay *r, uint32_t index)
{
    l->relay = r;
    l->index = index;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    l->spare_fd = eventfd(0, EFD_CLOEXEC);
    l->scratch = malloc(RELAY_BIG_BYTES);
    l->tokens = calloc(RELAY_TOKENS_N, sizeof(*l->tokens));
    ASSERT(l->epoll_fd >= 0 && l->wake_fd >= 0 && l->scratch != NULL && l->tokens != NULL);
    l->listen_source = RSOURCE_LISTEN;
    l->wake_source = RSOURCE_WAKE;
    watch(l, l->listen_fd, &l->listen_source);
    watch(l, l->wake_fd, &l->wake_source);
    l->now_us = relay_mono_us(r);
    l->wheel_tick = l->now_us / RELAY_TICK_US;
    l->date_s = -1;
    l->in_cap = r->config.head_max_bytes;
    l->cx = r->cx;
    l->cx.arena = arena_open((size_t)1 << 20);
    ids_seed(l);
}

/* After the thread has ended. */
void
rloop_done(struct rloop *l)
{
    graves_empty(l, true);
    list_free(l->free_in);
    list_free(l->free_big);
    while (l->free_calls != NULL) {
        struct rcall *x = l->free_calls;
        l->free_calls = x->next_free;
        arena_close(x->arena);
        free(x);
    }
    for (size_t i = 0; i < RELAY_TOKENS_N; i++) {
        free(l->tokens[i].text);
    }
    free(l->tokens);
    free(l->scratch);
    if (l->hold != NULL) {
        ASSERT(l->hold->n == 0);
        snap_drop(l->hold->snap);
        free(l->hold);
    }
    listen_close(l);
    (void)close(l->spare_fd);
    (void)close(l->wake_fd);
    (void)close(l->epoll_fd);
    arena_close(l->cx.arena);
}
