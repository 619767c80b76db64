/* loop.c: one thread, one epoll, many connections: events, messages, timers. */
#include "net/server_int.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS_PER_TURN 256
#define TURN_WAIT_MS    250 /* also how late a stop may be seen */
#define FREE_MAX        256U
#define MAIL_EVENTS_MAX 1024U

/* --- messages ------------------------------------------------------------------------------------
 */

/* From any thread. The loop owns m until it has handled it. */
void
loop_post(struct loop *l, struct msg *m)
{
    m->next = NULL;
    (void)pthread_mutex_lock(&l->mail_lock);
    bool is_event = m->kind == MSG_EVENT;
    if (is_event && l->mail_events >= MAIL_EVENTS_MAX) {
        (void)pthread_mutex_unlock(&l->mail_lock);
        atomic_store(&l->has_lost_events, true);
        event_unref(m->owner);
        return;
    }
    bool was_empty = l->mail_first == NULL;
    if (was_empty) {
        l->mail_first = m;
    } else {
        l->mail_last->next = m;
    }
    l->mail_last = m;
    l->mail_events += is_event ? 1 : 0;
    (void)pthread_mutex_unlock(&l->mail_lock);
    if (was_empty) {
        uint64_t one = 1;
        (void)!write(l->mail_fd, &one, sizeof(one)); /* can only fail when already signalled */
    }
}

static void
mail_handle(struct loop *l)
{
    (void)pthread_mutex_lock(&l->mail_lock);
    struct msg *m = l->mail_first;
    l->mail_first = NULL;
    l->mail_last = NULL;
    l->mail_events = 0;
    (void)pthread_mutex_unlock(&l->mail_lock);
    while (m != NULL) {
        struct msg *next = m->next;
        if (m->kind == MSG_EVENT) {
            events_deliver(l, m->owner);
        } else {
            conn_message(m);
        }
        m = next;
    }
}

/* --- timers: one list per kind, in order of due time because a kind has one duration ---------- */
static void
timer_unlink(struct conn *c)
{
    struct loop *l = c->loop;
    if (c->timer == TIMER_NONE) {
        return;
    }
    if (c->timer_prev != NULL) {
        c->timer_prev->timer_next = c->timer_next;
    } else {
        l->timer_first[c->timer] = c->timer_next;
    }
    if (c->timer_next != NULL) {
        c->timer_next->timer_prev = c->timer_prev;
    } else {
        l->timer_last[c->timer] = c->timer_prev;
    }
    c->timer = TIMER_NONE;
}

void
timer_arm(struct conn *c, enum timer_kind kind)
{
    struct loop *l = c->loop;
    timer_unlink(c);
    c->moved = 0;
    if (kind == TIMER_NONE) {
        return;
    }
    c->timer = kind;
    c->timer_due_us = l->now_us + l->timer_us[kind];
    c->timer_next = NULL;
    c->timer_prev = l->timer_last[kind];
    if (c->timer_prev != NULL) {
        c->timer_prev->timer_next = c;
    } else {
        l->timer_first[kind] = c;
    }
    l->timer_last[kind] = c;
}

static void
timers_handle(struct loop *l)
{
    for (int kind = TIMER_NONE + 1; kind < TIMER_COUNT; kind++) {
        while (l->timer_first[kind] != NULL && l->timer_first[kind]->timer_due_us <= l->now_us) {
            struct conn *c = l->timer_first[kind];
            timer_unlink(c);
            c->timer = TIMER_NONE;
            conn_timeout(c);
        }
    }
}

static int
wait_ms(const struct loop *l)
{
    if (l->again != NULL) {
        return 0;
    }
    int64_t ms = TURN_WAIT_MS;
    for (int kind = TIMER_NONE + 1; kind < TIMER_COUNT; kind++) {
        if (l->timer_first[kind] != NULL) {
            int64_t left = (l->timer_first[kind]->timer_due_us - l->now_us + 999) / 1000;
            ms = left < ms ? left : ms;
        }
    }
    return ms < 0 ? 0 : (int)ms;
}

/* --- pools of the loop ------------------------------------------------------------------------ */
char *
loop_in_get(struct loop *l)
{
    char *p = l->free_in;
    if (p != NULL) {
        memcpy(&l->free_in, p, sizeof(char *));
        l->n_free_in--;
        return p;
    }
    p = malloc(l->in_cap);
    if (p == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    return p;
}

void
loop_in_put(struct loop *l, char *p)
{
    if (l->n_free_in >= FREE_MAX) {
        free(p);
        return;
    }
    memcpy(p, &l->free_in, sizeof(char *));
    l->free_in = p;
    l->n_free_in++;
}

struct req *
req_get(struct loop *l, struct conn *c)
{
    struct req *r = l->free_reqs;
    if (r != NULL) {
        l->free_reqs = r->next;
        l->n_free_reqs--;
    } else {
        r = calloc(1, sizeof(*r));
        if (r == NULL) {
            base_panic(__FILE__, __LINE__, "out of memory");
        }
        r->arena = arena_open(l->server->config.request_memory_bytes);
        r->loop = l;
        r->fd = -1;
        r->msg.owner = r;
        r->op.req = r;
    }
    r->conn = c;
    r->rq.n_headers = 0;
    r->rq.body = STR_NULL;
    r->rq.body_path = STR_NULL;
    r->rq.body_bytes = 0;
    r->rq.arena = r->arena;
    r->rs = (struct http_response){ 0 };
    r->has_rq = false;
    r->keep_alive = false;
    r->is_bodiless = false;
    r->file_left = 0;
    r->stream_end = ERR_OK;
    return r;
}

void
req_release(struct req *r)
{
    struct loop *l = r->loop;
    r->conn = NULL;
    if (r->fd >= 0 || r->spool_path != NULL) {
        r->is_out = true;
        r->op.kind = FILE_CLEAN;
        files_submit(l->server, &r->op); /* comes back as MSG_FILE without a connection */
        return;
    }
    stream_free(r->stream);
    r->stream = NULL;
    free(r->block);
    r->block = NULL;
    r->block_n = 0;
    if (l->n_free_reqs >= FREE_MAX) {
        arena_close(r->arena);
        free(r);
        return;
    }
    arena_reset(r->arena);
    r->next = l->free_reqs;
    l->free_reqs = r;
    l->n_free_reqs++;
}

/* --- the turn --------------------------------------------------------------------------------- */
static void
again_handle(struct loop *l)
{
    struct conn *c = l->again;
    l->again = NULL;
    while (c != NULL) {
        struct conn *next = c->again_next;
        c->in_again = false;
        conn_run(c);
        c = next;
    }
}

static void
graves_empty(struct loop *l)
{
    while (l->graves != NULL) {
        struct conn *c = l->graves;
        l->graves = c->grave_next;
        free(c);
    }
}

static void
listen_close(struct loop *l)
{
    if (l->listen_fd >= 0) {
        (void)close(l->listen_fd);
        l->listen_fd = -1;
    }
}

/* While the server stops: takes nothing new, lets go of who waits for nothing. */
static void
drain_handle(struct loop *l)
{
    if (!l->is_draining) {
        l->is_draining = true;
        if (l->listen_fd >= 0) {
            conn_accept_all(l); /* closing the socket would reset those who were already let in */
        }
        listen_close(l);
    }
    bool is_cutting = atomic_load(&l->server->is_cutting);
    struct conn *c = l->conns;
    while (c != NULL) {
        struct conn *next = c->next;
        bool is_idle = c->state == CONN_HEAD && c->in_n == 0;
        if (is_cutting || is_idle || c->state == CONN_EVENTS) {
            conn_kill(c);
        }
        c = next;
    }
}

static void
events_handle(struct loop *l, struct epoll_event *events, int n)
{
    for (int i = 0; i < n; i++) {
        enum source_kind *source = events[i].data.ptr;
        if (*source == SOURCE_CONN) {
            conn_event((struct conn *)events[i].data.ptr, events[i].events);
        } else if (*source == SOURCE_LISTEN) {
            conn_accept_all(l);
        } else {
            uint64_t count = 0;
            (void)!read(l->mail_fd, &count, sizeof(count));
            mail_handle(l);
        }
    }
}

static void
turn_note(struct loop *l)
{
    uint64_t us = (uint64_t)(server_mono_us(l->server) - l->now_us);
    if (us > atomic_load_explicit(&l->turn_us_max, memory_order_relaxed)) {
        atomic_store_explicit(&l->turn_us_max, us, memory_order_relaxed);
    }
}

/* Everyone who listens here may have missed something: they come back with their Last-Event-ID. */
static void
listeners_cut(struct loop *l)
{
    for (size_t i = 0; i < LISTENER_BUCKETS; i++) {
        while (l->listeners[i] != NULL) {
            stat_add(&l->n_listeners_dropped, 1);
            conn_kill(l->listeners[i]->conn);
        }
    }
}

/* All connections and requests are home. */
static bool
is_over(const struct loop *l)
{
    return l->is_draining && l->n_conns == 0;
}

void *
loop_main(void *arg)
{
    struct loop *l = arg;
    struct epoll_event events[EVENTS_PER_TURN];
    while (!is_over(l)) {
        int n = epoll_wait(l->epoll_fd, events, EVENTS_PER_TURN, wait_ms(l));
        ASSERT(n >= 0 || errno == EINTR);
        l->now_us = server_mono_us(l->server);
        atomic_store_explicit(&l->turned_us, l->now_us, memory_order_relaxed);
        again_handle(l);
        events_handle(l, events, n);
        timers_handle(l);
        if (atomic_exchange(&l->has_lost_events, false)) {
            listeners_cut(l);
        }
        if (atomic_load_explicit(&l->server->is_stopping, memory_order_relaxed)) {
            drain_handle(l);
        }
        graves_empty(l);
        turn_note(l);
    }
    return NULL;
}

/* --- begin and end ---------------------------------------------------------------------------- */
static void
watch(struct loop *l, int fd, enum source_kind *source)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = source };
    ASSERT(epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0);
}

/* listen_fd is set by the caller beforehand. */
void
loop_init(struct loop *l, struct server *s)
{
    const struct server_config *config = &s->config;
    l->server = s;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    l->mail_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    l->spare_fd = eventfd(0, EFD_CLOEXEC);
    ASSERT(l->epoll_fd >= 0 && l->mail_fd >= 0);
    ASSERT(pthread_mutex_init(&l->mail_lock, NULL) == 0);
    l->listen_source = SOURCE_LISTEN;
    l->mail_source = SOURCE_MAIL;
    watch(l, l->listen_fd, &l->listen_source);
    watch(l, l->mail_fd, &l->mail_source);
    l->now_us = server_mono_us(s);
    atomic_init(&l->turned_us, l->now_us);
    l->date_s = -1;
    l->in_cap = config->head_max_bytes;
    l->timer_us[TIMER_HEAD] = (int64_t)config->head_timeout_ms * 1000;
    l->timer_us[TIMER_BODY] = (int64_t)config->body_timeout_ms * 1000;
    l->timer_us[TIMER_IDLE] = (int64_t)config->idle_timeout_ms * 1000;
    l->timer_us[TIMER_WRITE] = (int64_t)config->write_timeout_ms * 1000;
    l->timer_us[TIMER_PING] = (int64_t)PING_MS * 1000;
    l->timer_us[TIMER_LINGER] = (int64_t)LINGER_MS * 1000;
}

/* After the thread has ended and no other thread can post any more. */
void
loop_done(struct loop *l)
{
    mail_handle(l);
    graves_empty(l);
    while (l->free_in != NULL) {
        char *p = l->free_in;
        memcpy(&l->free_in, p, sizeof(char *));
        free(p);
    }
    while (l->free_reqs != NULL) {
        struct req *r = l->free_reqs;
        l->free_reqs = r->next;
        arena_close(r->arena);
        free(r);
    }
    listen_close(l);
    (void)close(l->spare_fd);
    (void)close(l->mail_fd);
    (void)close(l->epoll_fd);
    (void)pthread_mutex_destroy(&l->mail_lock);
}
