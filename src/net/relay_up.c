/* relay_up.c: connections to services: choosing an address, keeping connections, the circuit. */
#include "net/relay_int.h"
#include "net/server_int.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the circuit: closed while fails < fail_n; then open until open_until; then one call may try
 */
static bool
may_call(struct rlive_address *a, const struct rpool *pool, int64_t now_us)
{
    if (pool->check_path.n != 0 && atomic_load_explicit(&a->is_down, memory_order_relaxed)) {
        return false;
    }
    if (atomic_load_explicit(&a->fails, memory_order_relaxed) < pool->fail_n) {
        return true;
    }
    int64_t until = atomic_load(&a->open_until_us);
    return now_us >= until &&
           atomic_compare_exchange_strong(&a->open_until_us, &until, now_us + pool->open_us);
}

/* What this call tells of its address. */
void
up_note(struct rcall *x, bool is_good)
{
    struct rlive_address *a = x->up->address;
    const struct rpool *pool = x->route->pool;
    if (is_good) {
        if (atomic_load_explicit(&a->fails, memory_order_relaxed) != 0) {
            atomic_store(&a->fails, 0);
        }
        return;
    }
    if (atomic_fetch_add(&a->fails, 1) + 1 >= pool->fail_n) {
        atomic_store(&a->open_until_us, x->loop->now_us + pool->open_us);
    }
}

/* --- choosing --------------------------------------------------------------------------------- */
static uint32_t
first_index(const struct rcall *x)
{
    const struct rpool *pool = x->route->pool;
    if (pool->n_addresses == 1) {
        return 0;
    }
    if (pool->balance == RELAY_HASH && x->who != NULL) {
        return (uint32_t)(str_hash(x->who->name) >> 7) % pool->n_addresses;
    }
    return atomic_fetch_add_explicit(&pool->live->turn, 1, memory_order_relaxed) %
           pool->n_addresses;
}

static bool
is_better(const struct rpool *pool, const struct rlive_address *a, const struct rlive_address *best)
{
    return best == NULL || (pool->balance == RELAY_LEAST_BUSY &&
                            atomic_load_explicit(&a->busy, memory_order_relaxed) <
                                atomic_load_explicit(&best->busy, memory_order_relaxed));
}

/* An address not yet tried by this call; NULL when none may be called. */
static struct rlive_address *
choose(struct rcall *x)
{
    const struct rpool *pool = x->route->pool;
    uint32_t first = first_index(x);
    struct rlive_address *best = NULL;
    uint32_t best_i = 0;
    for (uint32_t k = 0; k < pool->n_addresses; k++) {
        uint32_t i = (first + k) % pool->n_addresses;
        struct rlive_address *a = pool->addresses[i];
        bool is_tried = (x->tried >> i & 1U) != 0;
        if (is_tried || !is_better(pool, a, best) || !may_call(a, pool, x->loop->now_us)) {
            continue;
        }
        best = a;
        best_i = i;
        if (pool->balance != RELAY_LEAST_BUSY) {
            break;
        }
    }
    if (best != NULL) {
        x->tried |= UINT64_C(1) << best_i;
    }
    return best;
}

/* --- kept connections ------------------------------------------------------------------------- */
void
up_idle_drop(struct rconn *c)
{
    if (!c->is_idle) {
        return;
    }
    struct ridle *idle = &c->address->idle[c->loop->index];
    if (c->idle_prev != NULL) {
        c->idle_prev->idle_next = c->idle_next;
    } else {
        idle->first = c->idle_next;
    }
    if (c->idle_next != NULL) {
        c->idle_next->idle_prev = c->idle_prev;
    }
    idle->n--;
    c->is_idle = false;
}

static void
idle_add(struct rconn *c)
{
    struct ridle *idle = &c->address->idle[c->loop->index];
    c->idle_prev = NULL;
    c->idle_next = idle->first;
    if (idle->first != NULL) {
        idle->first->idle_prev = c;
    }
    idle->first = c;
    idle->n++;
    c->is_idle = true;
}

/* Nobody asked: an end, or bytes that belong to no call. TLS may have words of its own. */
void
up_idle_event(struct rconn *c)
{
    char byte = 0;
    if (c->ssl != NULL && !c->is_hung && tls_read(c->ssl, &byte, 1) == RIO_WAIT) {
        c->can_read = false;
        return;
    }
    if (c->ssl != NULL || c->can_read) {
        rconn_kill(c);
    }
}

static bool
is_repeatable(const struct rcall *x)
{
    return x->rq.method != HTTP_POST && x->rq.method != HTTP_PATCH;
}

/* A call that must not be sent twice looks first whether the service has closed meanwhile. */
static bool
is_stale(const struct rcall *x, struct rconn *c)
{
    char byte = 0;
    if (c->is_end || is_repeatable(x)) {
        return c->is_end;
    }
    return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

static struct rconn *
kept(const struct rcall *x, struct rlive_address *a)
{
    struct ridle *idle = &a->idle[x->loop->index];
    while (!x->wants_fresh && idle->first != NULL) {
        struct rconn *c = idle->first;
        up_idle_drop(c);
        if (!is_stale(x, c)) {
            c->is_reused = true;
            c->due_us = 0;
            return c;
        }
        rconn_kill(c);
    }
    return NULL;
}

/* --- opening ---------------------------------------------------------------------------------- */
static struct rconn *
opening(struct rcall *x, struct rlive_address *a)
{
    struct rloop *l = x->loop;
    const struct rpool *pool = x->route->pool;
    int fd = socket(a->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return NULL;
    }
    if (connect(fd, &a->at.any, a->at_n) != 0 && errno != EINPROGRESS) {
        (void)close(fd);
        return NULL;
    }
    SSL *ssl = pool->tls == NULL
                   ? NULL
                   : tls_client_new(pool->tls->tls, fd, pool->tls_name, pool->tls_is_ip);
    struct rconn *c = pool->tls != NULL && ssl == NULL ? NULL : rconn_new(l, RSOURCE_UPSTREAM, fd);
    if (c == NULL) {
        tls_conn_free(ssl, false);
        (void)close(fd);
        return NULL;
    }
    c->ssl = ssl;
    c->state = RCONN_OPENING;
    c->address = a;
    live_keep(&l->relay->registry, &a->live);
    rstat_add(&l->n_upstream, 1);
    return c;
}

static enum relay_error
pool_enter(struct rcall *x)
{
    const struct rpool *pool = x->route->pool;
    if (pool->busy_max == 0 || x->is_pool_busy) {
        return RELAY_OK;
    }
    if (atomic_fetch_add(&pool->live->busy, 1) >= pool->busy_max) {
        (void)atomic_fetch_sub(&pool->live->busy, 1);
        x->retry_after_s = 1;
        return RELAY_BUSY;
    }
    x->is_pool_busy = true;
    return RELAY_OK;
}

static void
up_bind(struct rcall *x, struct rconn *c)
{
    c->call = x;
    x->up = c;
    x->last_address = c->address;
    x->tries_n++;
    (void)atomic_fetch_add_explicit(&c->address->busy, 1, memory_order_relaxed);
}

static void
opening_failed(struct rcall *x, struct rlive_address *a)
{
    const struct rpool *pool = x->route->pool;
    x->tries_n++;
    if (atomic_fetch_add(&a->fails, 1) + 1 >= pool->fail_n) {
        atomic_store(&a->open_until_us, x->loop->now_us + pool->open_us);
    }
}

enum relay_error
up_take(struct rcall *x)
{
    enum relay_error why = pool_enter(x);
    if (why != RELAY_OK) {
        return why;
    }
    why = x->error != RELAY_OK ? x->error : RELAY_CIRCUIT;
    for (;;) {
        struct rlive_address *a = choose(x);
        if (a == NULL) {
            if (why == RELAY_CIRCUIT) {
                x->retry_after_s = (x->route->pool->open_us + 999999) / 1000000;
            }
            return why;
        }
        struct rconn *c = kept(x, a);
        if (c != NULL) {
            rstat_add(&x->loop->n_reused, 1);
        } else {
            c = opening(x, a);
        }
        if (c != NULL) {
            up_bind(x, c);
            return RELAY_OK;
        }
        opening_failed(x, a);
        why = RELAY_CONNECT;
    }
}

/* The call needs it no more. */
void
up_give_back(struct rcall *x, bool is_reusable)
{
    struct rconn *c = x->up;
    if (c == NULL) {
        return;
    }
    x->up = NULL;
    c->call = NULL;
    (void)atomic_fetch_sub_explicit(&c->address->busy, 1, memory_order_relaxed);
    const struct rpool *pool = x->route->pool;
    int64_t keep_us = c->keep_us < pool->idle_us ? c->keep_us : pool->idle_us;
    bool has_room = c->address->idle[c->loop->index].n < pool->idle_max;
    if (!is_reusable || !has_room || keep_us <= 0 || c->loop->is_draining || c->is_dead) {
        rconn_kill(c);
        return;
    }
    rconn_in_drop(c);
    c->in_cap = 0;
    idle_add(c);
    rtimer_set(c, c->loop->now_us + keep_us);
}
