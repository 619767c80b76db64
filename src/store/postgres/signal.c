/* signal.c: short words from process to process by LISTEN and NOTIFY, on a connection of their own
 * and never inside a business transaction, since NOTIFY takes a global lock at its commit. Best
 * effort: what is said while the connection is away is lost, and pages that wait for it look again
 * by themselves. */
#include "store/postgres/pg_int.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define QUEUE_N  256U
#define TEXT_MAX 4000U /* PostgreSQL takes 8,000 bytes */
#define REST_MS  1000
#define CHANNEL  "bombo"

struct pg_signals {
    struct pg_store *store;
    store_signal_fn *fn;
    void *arg;
    struct ctx cx; /* the thread's own */
    pthread_t thread;
    int wake_fd;
    pthread_mutex_t mutex; /* guards all below */
    struct str queue[QUEUE_N];
    size_t n;
    struct arena *arena; /* texts of the queue */
    bool is_stopping;
};

/* Said twice before the thread came to it, it is told once. The mutex is held. */
static void
queue_add(struct pg_signals *g, struct str text)
{
    for (size_t i = 0; i < g->n; i++) {
        if (str_eq(g->queue[i], text)) {
            return;
        }
    }
    if (g->n < QUEUE_N && text.n <= TEXT_MAX) {
        g->queue[g->n++] = str_dup(g->arena, text);
    }
}

void
pg_signal(struct store *base, struct str text)
{
    struct pg_store *s = (struct pg_store *)(void *)base;
    struct pg_signals *g = s->signals;
    uint64_t one = 1;
    if (g == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&g->mutex);
    queue_add(g, text);
    (void)pthread_mutex_unlock(&g->mutex);
    if (write(g->wake_fd, &one, sizeof(one)) < 0) {
        return; /* the counter is full: the thread is awake anyway */
    }
}

/* What is queued, as arguments of one statement each. */
static size_t
queue_take(struct pg_signals *g, struct str *texts)
{
    (void)pthread_mutex_lock(&g->mutex);
    size_t n = g->n;
    for (size_t i = 0; i < n; i++) {
        texts[i] = str_dup(g->cx.arena, g->queue[i]);
    }
    g->n = 0;
    arena_reset(g->arena);
    (void)pthread_mutex_unlock(&g->mutex);
    return n;
}

static bool
is_stopping(struct pg_signals *g)
{
    (void)pthread_mutex_lock(&g->mutex);
    bool is = g->is_stopping;
    (void)pthread_mutex_unlock(&g->mutex);
    return is;
}

static enum err
send_all(struct pg_signals *g, struct pg_conn *c)
{
    struct str texts[QUEUE_N];
    size_t n = queue_take(g, texts);
    for (size_t i = 0; i < n; i++) {
        /* the place tells the sender's own words from those of others */
        const char *value = str_z(
            g->cx.arena, str_fmt(g->cx.arena, "%d " STR_FMT, g->store->node, STR_ARG(texts[i])));
        PGresult *res = PQexecParams(c->pg, "SELECT pg_notify('" CHANNEL "', $1)", 1, NULL, &value,
                                     NULL, NULL, 0);
        enum err e =
            PQresultStatus(res) == PGRES_TUPLES_OK ? ERR_OK : pg_fail(&g->cx, c, res, "notify");
        PQclear(res);
        TRY(e);
    }
    return ERR_OK;
}

static enum err
receive_all(struct pg_signals *g, struct pg_conn *c)
{
    if (PQconsumeInput(c->pg) == 0) {
        return pg_fail(&g->cx, c, NULL, "listen");
    }
    for (PGnotify *got = PQnotifies(c->pg); got != NULL; got = PQnotifies(c->pg)) {
        struct str head;
        struct str text;
        int64_t from = -1;
        if (str_cut(str_of(got->extra), ' ', &head, &text) &&
            str_to_i64(head, 0, PG_NODES_MAX, &from) && from != g->store->node) {
            g->fn(g->arg, text);
        }
        PQfreemem(got);
    }
    return ERR_OK;
}

/* One turn: say what is queued, wait, hear what others said. */
static enum err
turn(struct pg_signals *g, struct pg_conn *c)
{
    uint64_t ignored = 0;
    struct pollfd fds[2] = { { .fd = PQsocket(c->pg), .events = POLLIN },
                             { .fd = g->wake_fd, .events = POLLIN } };
    TRY(send_all(g, c));
    TRY(receive_all(g, c));
    (void)poll(fds, 2, REST_MS);
    if ((fds[1].revents & POLLIN) != 0 && read(g->wake_fd, &ignored, sizeof(ignored)) < 0) {
        return ERR_OK; /* another turn will read it */
    }
    return receive_all(g, c);
}

static void *
signals_main(void *arg)
{
    struct pg_signals *g = arg;
    struct pollfd wake = { .fd = g->wake_fd, .events = POLLIN };
    while (!is_stopping(g)) {
        struct pg_conn c = { 0 };
        arena_reset(g->cx.arena);
        enum err e = pg_connect(&g->cx, g->store, &c.pg);
        if (e == ERR_OK) {
            e = pg_exec(&g->cx, &c, "LISTEN " CHANNEL);
        }
        while (e == ERR_OK && !is_stopping(g)) {
            arena_reset(g->cx.arena);
            e = turn(g, &c);
        }
        PQfinish(c.pg);
        if (e != ERR_OK) {
            (void)poll(&wake, 1, REST_MS);
        }
    }
    return NULL;
}

enum err
pg_listen(struct ctx *cx, struct store *base, store_signal_fn *fn, void *arg)
{
    struct pg_store *s = (struct pg_store *)(void *)base;
    struct pg_signals *g = calloc(1, sizeof(*g));
    ASSERT(g != NULL);
    g->store = s;
    g->fn = fn;
    g->arg = arg;
    g->cx = *cx;
    g->cx.arena = arena_open(0);
    g->cx.conn = NULL;
    g->arena = arena_open(0);
    g->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    ASSERT(g->wake_fd >= 0 && pthread_mutex_init(&g->mutex, NULL) == 0);
    s->signals = g;
    if (pthread_create(&g->thread, NULL, signals_main, g) != 0) {
        s->signals = NULL;
        arena_close(g->cx.arena);
        arena_close(g->arena);
        (void)close(g->wake_fd);
        free(g);
        return err_set(cx, ERR_INTERNAL, "cannot start the thread that listens to other processes");
    }
    return ERR_OK;
}

void
pg_listen_end(struct store *base)
{
    struct pg_store *s = (struct pg_store *)(void *)base;
    struct pg_signals *g = s->signals;
    uint64_t one = 1;
    if (g == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&g->mutex);
    g->is_stopping = true;
    (void)pthread_mutex_unlock(&g->mutex);
    (void)!write(g->wake_fd, &one, sizeof(one));
    (void)pthread_join(g->thread, NULL);
    s->signals = NULL;
    (void)pthread_mutex_destroy(&g->mutex);
    (void)close(g->wake_fd);
    arena_close(g->cx.arena);
    arena_close(g->arena);
    free(g);
}
