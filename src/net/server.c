/* server.c: beginning and end of the server, and its figures. */
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

/* A copy with the defaults filled in; strings move to the server's arena. */
static void
config_take(struct server *s, const struct server_config *from)
{
    struct server_config *to = &s->config;
    *to = *from;
    to->n_loops = or_default(to->n_loops, cores());
    to->n_workers = or_default(to->n_workers, cores() * 2 < 4 ? 4 : cores() * 2);
    to->connections_max = or_default(to->connections_max, 10000);
    to->head_max_bytes = or_default(to->head_max_bytes, 16U * 1024U);
    to->head_max_bytes = to->head_max_bytes < 512 ? 512 : to->head_max_bytes;
    to->body_memory_bytes = or_default(to->body_memory_bytes, 64U * 1024U);
    to->body_max_bytes = to->body_max_bytes == 0 ? UINT64_C(64) << 20 : to->body_max_bytes;
    to->spool_max_bytes = to->spool_max_bytes == 0 ? UINT64_C(4) << 30 : to->spool_max_bytes;
    to->request_memory_bytes =
        to->request_memory_bytes == 0 ? (size_t)64 << 20 : to->request_memory_bytes;
    to->head_timeout_ms = or_default(to->head_timeout_ms, 10000);
    to->body_timeout_ms = or_default(to->body_timeout_ms, 60000);
    to->idle_timeout_ms = or_default(to->idle_timeout_ms, 75000);
    to->write_timeout_ms = or_default(to->write_timeout_ms, 60000);
    to->request_deadline_ms = or_default(to->request_deadline_ms, 30000);
    to->address = str_dup(s->arena, from->address);
    to->spool_dir = from->spool_dir.n == 0 ? STR("/tmp") : str_dup(s->arena, from->spool_dir);
    to->classes = from->n_classes == 0
                      ? NULL
                      : arena_copy(s->arena, from->classes,
                                   size_mul(from->n_classes, sizeof(*from->classes)));
}

static void
loops_seed(struct server *s)
{
    struct ctx *cx = &s->cx;
    for (uint32_t i = 0; i < s->config.n_loops; i++) {
        uint64_t seed[2] = { (uint64_t)server_mono_us(s) * 0x9e3779b97f4a7c15U + i,
                             (uint64_t)i + 1 };
        if (cx->random != NULL) {
            cx->random->fill(cx->random, seed, sizeof(seed));
        }
        s->loops[i].trace_hi = seed[0] | 1U;
        s->loops[i].trace_lo = seed[1];
    }
}

/* One listening socket per loop; with port 0 the first finds the port for all. */
static enum err
loops_listen(struct ctx *cx, struct server *s)
{
    enum err e = listen_check(cx, s->config.address, s->config.port);
    s->port = s->config.port;
    for (uint32_t i = 0; i < s->config.n_loops && e == ERR_OK; i++) {
        e = listen_open(cx, s->config.address, s->port, &s->loops[i].listen_fd);
        s->port = e == ERR_OK ? listen_port(s->loops[i].listen_fd) : 0;
    }
    return e;
}

static enum err
threads_start(struct server *s)
{
    for (uint32_t i = 0; i < s->config.n_loops; i++) {
        loop_init(&s->loops[i], s);
    }
    s->n_loops = s->config.n_loops;
    TRY(files_start(s));
    TRY(pool_start(s));
    for (uint32_t i = 0; i < s->n_loops; i++) {
        if (pthread_create(&s->loops[i].thread, NULL, loop_main, &s->loops[i]) != 0) {
            base_panic(__FILE__, __LINE__,
                       "no thread for a loop"); /* too late to turn back, too early to serve */
        }
    }
    return ERR_OK;
}

static void
server_free(struct server *s)
{
    tls_close(s->tls);
    (void)pthread_mutex_destroy(&s->tls_lock);
    arena_close(s->arena);
    free(s);
}

/* Signals belong to the main thread: ours inherit a full mask, which also keeps SIGPIPE away. */
static enum err
threads_start_masked(struct server *s)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    enum err e = threads_start(s);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e;
}

enum err
server_start(struct ctx *cx_template, const struct server_config *config, struct server **ret)
{
    struct ctx *cx = cx_template;
    ASSERT(cx->clock != NULL && config->on_work != NULL);
    struct server *s = calloc(1, sizeof(*s));
    ASSERT(s != NULL);
    s->arena = arena_open(0);
    s->cx = *cx;
    s->has_tls = config->tls_cert.n != 0;
    ASSERT(pthread_mutex_init(&s->tls_lock, NULL) == 0);
    config_take(s, config);
    s->loops = ARENA_ARRAY(s->arena, struct loop, s->config.n_loops);
    for (uint32_t i = 0; i < s->config.n_loops; i++) {
        s->loops[i].listen_fd = -1;
    }
    enum err e =
        config->tls_cert.n == 0 ? ERR_OK : tls_open(cx, config->tls_cert, config->tls_key, &s->tls);
    if (s->tls != NULL && config->asks_cert) {
        tls_ask_cert(s->tls);
    }
    e = e == ERR_OK ? loops_listen(cx, s) : e;
    if (e != ERR_OK) {
        for (uint32_t i = 0; i < s->config.n_loops; i++) {
            (void)(s->loops[i].listen_fd < 0 ? 0 : close(s->loops[i].listen_fd));
        }
        server_free(s);
        return e;
    }
    loops_seed(s);
    files_sweep(s);
    ASSERT(pthread_mutex_init(&s->hub.lock, NULL) == 0);
    if (threads_start_masked(s) != ERR_OK) {
        base_panic(__FILE__, __LINE__, "cannot start threads");
    }
    *ret = s;
    return ERR_OK;
}

enum err
server_reload_tls(struct ctx *cx, struct server *s, struct str cert, struct str key)
{
    SSL_CTX *fresh = NULL;
    if (!s->has_tls) {
        return err_set(cx, ERR_UNSUPPORTED, "the server was started without TLS");
    }
    TRY(tls_open(cx, cert, key, &fresh));
    if (s->config.asks_cert) {
        tls_ask_cert(fresh);
    }
    (void)pthread_mutex_lock(&s->tls_lock);
    SSL_CTX *old = s->tls;
    s->tls = fresh;
    (void)pthread_mutex_unlock(&s->tls_lock);
    tls_close(old); /* open connections hold it until they end */
    return ERR_OK;
}

bool
server_is_stopping(const struct server *s)
{
    return atomic_load(&s->is_stopping);
}

int32_t
server_port(const struct server *s)
{
    return s->port;
}

/* Waits until every connection is gone or grace_ms is over. */
static void
wait_for_quiet(struct server *s, uint32_t grace_ms)
{
    const struct timespec step = { .tv_nsec = 5000000 };
    for (uint32_t ms = 0; ms < grace_ms && atomic_load(&s->n_open) != 0; ms += 5) {
        (void)nanosleep(&step, NULL);
    }
}

static void
loops_wake(struct server *s)
{
    for (uint32_t i = 0; i < s->n_loops; i++) {
        uint64_t one = 1;
        (void)!write(s->loops[i].mail_fd, &one, sizeof(one));
    }
}

void
server_stop(struct server *s, uint32_t grace_ms)
{
    if (s == NULL) {
        return;
    }
    atomic_store(&s->is_stopping, true);
    loops_wake(s);
    wait_for_quiet(s, grace_ms);
    pool_drop(s);
    atomic_store(&s->is_cutting, true);
    loops_wake(s);
    for (uint32_t i = 0; i < s->n_loops; i++) {
        (void)pthread_join(s->loops[i].thread, NULL); /* waits for handlers that still run */
    }
    pool_stop(s);
    files_stop(s);
    for (uint32_t i = 0; i < s->n_loops; i++) {
        loop_done(&s->loops[i]);
    }
    hub_done(&s->hub);
    server_free(s);
}

/* What only one loop can say. */
static void
stats_of_loop(const struct server *s, const struct loop *l, struct server_stats *ret)
{
    int64_t quiet_us = server_mono_us(s) - atomic_load(&l->turned_us);
    ret->quiet_us = quiet_us > ret->quiet_us ? quiet_us : ret->quiet_us;
    for (size_t i = 0; i < COUNT_OF(l->n_answers); i++) {
        ret->n_answers[i] += atomic_load(&l->n_answers[i]);
    }
}

void
server_stats(struct server *s, struct server_stats *ret)
{
    *ret = (struct server_stats){ .n_open = atomic_load(&s->n_open), .queue_depth = pool_depth(s) };
    ret->n_late = atomic_load(&s->n_late);
    hist_read(&s->work_us, &ret->work_us);
    hist_read(&s->wait_us, &ret->wait_us);
    pool_stats(s, ret);
    (void)pthread_mutex_lock(&s->tls_lock);
    ret->tls_until_us = tls_until_s(s->tls) * DATE_US_PER_S;
    (void)pthread_mutex_unlock(&s->tls_lock);
    for (uint32_t i = 0; i < s->n_loops; i++) {
        const struct loop *l = &s->loops[i];
        stats_of_loop(s, l, ret);
        ret->n_requests += atomic_load(&l->n_requests);
        ret->n_connections += atomic_load(&l->n_connections);
        ret->n_refused_busy += atomic_load(&l->n_refused_busy);
        ret->n_bad += atomic_load(&l->n_bad);
        ret->n_timeouts += atomic_load(&l->n_timeouts);
        ret->bytes_in += atomic_load(&l->bytes_in);
        ret->bytes_out += atomic_load(&l->bytes_out);
        ret->n_listeners_dropped += atomic_load(&l->n_listeners_dropped);
        uint64_t turn = atomic_load(&l->turn_us_max);
        ret->loop_turn_us_max = turn > ret->loop_turn_us_max ? turn : ret->loop_turn_us_max;
    }
}
