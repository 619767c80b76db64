/* relay.c: beginning and end of the relay, its policy, and its figures. */
#include "net/relay_int.h"
#include "net/server_int.h"

#include <signal.h>
#include <unistd.h>

static uint32_t
or_default(uint32_t v, uint32_t otherwise)
{
    return v == 0 ? otherwise : v;
}

static uint32_t
cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 64 ? 64 : (uint32_t)n;
}

static void
config_take(struct relay *r, const struct relay_config *from)
{
    struct relay_config *to = &r->config;
    *to = *from;
    to->address = from->address.n == 0 ? STR("127.0.0.1") : str_dup(r->arena, from->address);
    to->n_loops = or_default(to->n_loops, cores());
    to->connections_max = or_default(to->connections_max, 10000);
    to->head_max_bytes = or_default(to->head_max_bytes, 16U * 1024U);
    to->head_max_bytes = to->head_max_bytes < 1024 ? 1024 : to->head_max_bytes;
    to->head_max_bytes = to->head_max_bytes > 65536 ? 65536 : to->head_max_bytes;
    to->head_timeout_ms = or_default(to->head_timeout_ms, 10000);
    to->idle_timeout_ms = or_default(to->idle_timeout_ms, 75000);
    to->records_max = or_default(to->records_max, 16384);
}

static enum err
loops_listen(struct ctx *cx, struct relay *r)
{
    enum err e = ERR_OK;
    r->port = r->config.port;
    for (uint32_t i = 0; i < r->config.n_loops && e == ERR_OK; i++) {
        e = listen_open(cx, r->config.address, r->port, &r->loops[i].listen_fd);
        r->port = e == ERR_OK ? listen_port(r->loops[i].listen_fd) : 0;
    }
    return e;
}

/* Signals belong to the main thread: ours inherit a full mask, which also keeps SIGPIPE away. */
static void
threads_start(struct relay *r)
{
    sigset_t all;
    sigset_t before;
    bool is_good = true;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (uint32_t i = 0; i < r->n_loops; i++) {
        rloop_init(&r->loops[i], r, i);
        is_good = is_good && ring_open(&r->loops[i], r->config.records_max) == ERR_OK;
    }
    is_good = is_good && account_start(r) == ERR_OK && health_start(r) == ERR_OK;
    for (uint32_t i = 0; i < r->n_loops && is_good; i++) {
        is_good = pthread_create(&r->loops[i].thread, NULL, rloop_main, &r->loops[i]) == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!is_good) {
        base_panic(__FILE__, __LINE__, "no threads or memory for the relay");
    }
}

static void
relay_free(struct relay *r)
{
    registry_done(&r->registry);
    (void)pthread_mutex_destroy(&r->snap_lock);
    (void)pthread_mutex_destroy(&r->apply_lock);
    tls_close(r->tls);
    arena_close(r->arena);
    free(r);
}

enum err
relay_start(struct ctx *cx, const struct relay_config *config, struct relay **ret)
{
    ASSERT(cx->clock != NULL);
    struct relay *r = calloc(1, sizeof(*r));
    ASSERT(r != NULL);
    r->arena = arena_open(0);
    r->cx = (struct ctx){ .clock = cx->clock, .random = cx->random };
    config_take(r, config);
    registry_init(&r->registry);
    ASSERT(pthread_mutex_init(&r->snap_lock, NULL) == 0 &&
           pthread_mutex_init(&r->apply_lock, NULL) == 0);
    r->n_loops = r->config.n_loops;
    r->loops = aligned_alloc(64, size_mul((sizeof(struct rloop) + 63) & ~(size_t)63, r->n_loops));
    ASSERT(r->loops != NULL);
    memset(r->loops, 0, size_mul(sizeof(struct rloop), r->n_loops));
    for (uint32_t i = 0; i < r->n_loops; i++) {
        r->loops[i].listen_fd = -1;
    }
    enum err e =
        config->tls_cert.n == 0 ? ERR_OK : tls_open(cx, config->tls_cert, config->tls_key, &r->tls);
    e = e == ERR_OK ? loops_listen(cx, r) : e;
    if (e != ERR_OK) {
        for (uint32_t i = 0; i < r->n_loops; i++) {
            (void)(r->loops[i].listen_fd < 0 ? 0 : close(r->loops[i].listen_fd));
        }
        free(r->loops);
        relay_free(r);
        return e;
    }
    if (r->tls != NULL && config->asks_cert) {
        tls_ask_cert(r->tls);
    }
    threads_start(r);
    *ret = r;
    return ERR_OK;
}

int32_t
relay_port(const struct relay *r)
{
    return r->port;
}

static void
loops_wake(struct relay *r)
{
    for (uint32_t i = 0; i < r->n_loops; i++) {
        rloop_wake(&r->loops[i]);
    }
}

/* --- policy ----------------------------------------------------------------------------------- */

/* The same keys for the same issuer keep their number, so that verified tokens stay known. */
static void
keys_number(struct rsnap *fresh, const struct rsnap *old)
{
    bool is_same = old != NULL && str_eq(fresh->jwks, old->jwks) &&
                   str_eq(fresh->issuer, old->issuer) && str_eq(fresh->audience, old->audience);
    fresh->keys_serial = is_same ? old->keys_serial : fresh->serial;
}

enum err
relay_apply(struct ctx *cx, struct relay *r, const struct relay_policy *p)
{
    struct rsnap *fresh = NULL;
    (void)pthread_mutex_lock(&r->apply_lock);
    enum err e = snap_build(cx, r, p, &fresh);
    if (e == ERR_OK) {
        struct rsnap *old = r->snap;
        fresh->serial = atomic_load(&r->serial) + 1;
        keys_number(fresh, old);
        (void)pthread_mutex_lock(&r->snap_lock);
        r->snap = fresh;
        (void)pthread_mutex_unlock(&r->snap_lock);
        atomic_store_explicit(&r->serial, fresh->serial, memory_order_release);
        if (old != NULL) {
            snap_drop(old);
        }
        loops_wake(r);
    }
    (void)pthread_mutex_unlock(&r->apply_lock);
    return e;
}

/* --- end -------------------------------------------------------------------------------------- */
static void
wait_for_quiet(struct relay *r, uint32_t grace_ms)
{
    const struct timespec step = { .tv_nsec = 5000000 };
    for (uint32_t ms = 0; ms < grace_ms && atomic_load(&r->n_open) != 0; ms += 5) {
        (void)nanosleep(&step, NULL);
    }
}

void
relay_stop(struct relay *r, uint32_t grace_ms)
{
    if (r == NULL) {
        return;
    }
    atomic_store(&r->is_stopping, true);
    loops_wake(r);
    wait_for_quiet(r, grace_ms);
    atomic_store(&r->is_cutting, true);
    loops_wake(r);
    for (uint32_t i = 0; i < r->n_loops; i++) {
        (void)pthread_join(r->loops[i].thread, NULL);
    }
    health_stop(r);
    for (uint32_t i = 0; i < r->n_loops; i++) {
        rloop_done(&r->loops[i]);
    }
    if (r->snap != NULL) {
        snap_drop(r->snap);
    }
    account_stop(r);
    for (uint32_t i = 0; i < r->n_loops; i++) {
        free(r->loops[i].ring.v);
    }
    free(r->loops);
    relay_free(r);
}

/* --- figures ---------------------------------------------------------------------------------- */
struct rsnap *
relay_snap_now(struct relay *r)
{
    (void)pthread_mutex_lock(&r->snap_lock);
    struct rsnap *s = r->snap;
    if (s != NULL) {
        (void)atomic_fetch_add(&s->refs, 1);
    }
    (void)pthread_mutex_unlock(&r->snap_lock);
    return s;
}

static void
address_tell(struct ctx *cx, const struct relay *r, const struct rpool *pool,
             struct rlive_address *a, struct relay_address *to)
{
    uint32_t fails = atomic_load(&a->fails);
    bool is_open = fails >= pool->fail_n && atomic_load(&a->open_until_us) > relay_mono_us(r);
    *to = (struct relay_address){ .pool = str_dup(cx->arena, pool->name),
                                  .address = str_dup(cx->arena, a->text),
                                  .is_up = !is_open && !atomic_load(&a->is_down),
                                  .fails_n = fails,
                                  .busy_n = atomic_load(&a->busy),
                                  .cert_until_us = atomic_load(&a->cert_until_s) * DATE_US_PER_S };
}

int64_t
relay_cert_until_us(const struct relay *r)
{
    return tls_until_s(r->tls) * DATE_US_PER_S;
}

bool
relay_lacks_address(struct relay *r)
{
    struct rsnap *s = relay_snap_now(r);
    bool lacks = s != NULL && s->lacks_address;
    if (s != NULL) {
        snap_drop(s);
    }
    return lacks;
}

enum err
relay_addresses(struct ctx *cx, struct relay *r, struct relay_address **ret, size_t *ret_n)
{
    struct rsnap *s = relay_snap_now(r);
    size_t n = 0;
    if (s == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "the relay has no policy yet");
    }
    for (size_t i = 0; i < s->n_pools; i++) {
        n += s->pools[i].n_addresses;
    }
    *ret = ARENA_ARRAY(cx->arena, struct relay_address, n);
    *ret_n = n;
    n = 0;
    for (size_t i = 0; i < s->n_pools; i++) {
        for (uint32_t k = 0; k < s->pools[i].n_addresses; k++) {
            address_tell(cx, r, &s->pools[i], s->pools[i].addresses[k], &(*ret)[n++]);
        }
    }
    snap_drop(s);
    return ERR_OK;
}

uint64_t
relay_quota_used(struct relay *r, struct str client, struct str route)
{
    struct arena *a = arena_open(0);
    struct rsnap *s = relay_snap_now(r);
    uint64_t used = 0;
    struct rlive *live = live_find(&r->registry, LIVE_LIMIT, limit_key(a, client, route));
    if (live != NULL && s != NULL) {
        const struct rclient *c = rtable_get(&s->clients, client);
        const struct rgrant *g = c == NULL ? NULL : snap_grant_named(s, c, route);
        uint64_t v = atomic_load(&((struct rlive_limit *)(void *)live)->window);
        if (g != NULL && v >> LIMIT_COUNT_BITS == limit_window(g->quota_window, relay_wall_us(r))) {
            used = v & LIMIT_COUNT_MASK;
        }
    }
    if (live != NULL) {
        live_drop(&r->registry, live);
    }
    if (s != NULL) {
        snap_drop(s);
    }
    arena_close(a);
    return used;
}

static void
loop_tell(const struct rloop *l, struct relay_stats *ret)
{
    ret->n_calls += atomic_load(&l->n_all);
    ret->n_refused += atomic_load(&l->n_refused);
    ret->n_failed += atomic_load(&l->n_failed);
    ret->n_connections += atomic_load(&l->n_accepted);
    ret->n_upstream_opened += atomic_load(&l->n_upstream);
    ret->n_reused += atomic_load(&l->n_reused);
    ret->n_retries += atomic_load(&l->n_retries);
    ret->n_tokens_verified += atomic_load(&l->n_verified);
    ret->n_tokens_cached += atomic_load(&l->n_cached);
    ret->bytes_in += atomic_load(&l->bytes_in);
    ret->bytes_out += atomic_load(&l->bytes_out);
    uint64_t turn = atomic_load(&l->turn_us_max);
    ret->turn_us_max = turn > ret->turn_us_max ? turn : ret->turn_us_max;
    for (size_t i = 0; i < RELAY_TURN_BUCKETS; i++) {
        ret->turns[i] += atomic_load(&l->turns[i]);
    }
}

void
relay_stats(struct relay *r, struct relay_stats *ret)
{
    *ret = (struct relay_stats){ .n_open = atomic_load(&r->n_open),
                                 .n_records = atomic_load(&r->n_records),
                                 .n_swaps = atomic_load(&r->serial) };
    for (uint32_t i = 0; i < r->n_loops; i++) {
        loop_tell(&r->loops[i], ret);
    }
}
