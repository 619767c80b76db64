/* upcall.c: see upcall.h. */
#include "net/server_int.h"
#include "net/upcall_int.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_BYTES    ((size_t)16 << 10) /* a head must fit; bodies pass through */
#define IDLE_US     (INT64_C(50) * DATE_US_PER_S)
#define CALLS_MAX   256U
#define INTERIM_MAX 8U /* each head stays in the arena */

struct upcall_conn {
    struct upcall_conn *next;
    int fd;
    SSL *ssl;
    bool is_reused;
    int64_t idle_since_us;
    size_t same_n;
    char same[];
};
struct upcall_pool {
    pthread_mutex_t lock;
    struct upcall_conn *idle; /* newest first: the warmest */
    size_t n;
};

struct upcall_pool *
upcall_pool_open(void)
{
    struct upcall_pool *p = calloc(1, sizeof(*p));
    ASSERT(p != NULL && pthread_mutex_init(&p->lock, NULL) == 0);
    return p;
}

static void
conn_close(struct upcall_conn *c, bool is_clean)
{
    tls_conn_free(c->ssl, is_clean);
    (void)close(c->fd);
    free(c);
}

static void
conns_close(struct upcall_conn *c)
{
    while (c != NULL) {
        struct upcall_conn *next = c->next;
        conn_close(c, true);
        c = next;
    }
}

void
upcall_pool_close(struct upcall_pool *p)
{
    if (p != NULL) {
        conns_close(p->idle);
        (void)pthread_mutex_destroy(&p->lock);
        free(p);
    }
}

/* --- connections ------------------------------------------------------------------------------ */

/* Under the lock: takes those out that have been idle for too long; they are the last ones. */
static struct upcall_conn *
idle_old(struct upcall_pool *p, int64_t now_us)
{
    struct upcall_conn **at = &p->idle;
    size_t n = 0;
    while (*at != NULL && (*at)->idle_since_us + IDLE_US > now_us) {
        at = &(*at)->next;
        n++;
    }
    struct upcall_conn *old = *at;
    *at = NULL;
    p->n = n;
    return old;
}

static struct upcall_conn *
idle_take(struct upcall_pool *p, struct str same, int64_t now_us)
{
    (void)pthread_mutex_lock(&p->lock);
    struct upcall_conn *old = idle_old(p, now_us);
    struct upcall_conn **at = &p->idle;
    while (*at != NULL && !str_eq((struct str){ (*at)->same, (*at)->same_n }, same)) {
        at = &(*at)->next;
    }
    struct upcall_conn *c = *at;
    if (c != NULL) {
        *at = c->next;
        c->next = NULL;
        p->n--;
    }
    (void)pthread_mutex_unlock(&p->lock);
    conns_close(old);
    return c;
}

static void
idle_give(struct upcall_pool *p, struct upcall_conn *c, int64_t now_us)
{
    (void)pthread_mutex_lock(&p->lock);
    struct upcall_conn *old = p->n < UPCALL_IDLE_MAX ? NULL : idle_old(p, now_us);
    bool has_room = p->n < UPCALL_IDLE_MAX;
    if (has_room) {
        c->idle_since_us = now_us;
        c->is_reused = true;
        c->next = p->idle;
        p->idle = c;
        p->n++;
    }
    (void)pthread_mutex_unlock(&p->lock);
    if (!has_room) {
        conn_close(c, true);
    }
    conns_close(old);
}

/* Has the other side closed it, or said what nobody asked for, while it was idle? */
static bool
is_alive(const struct upcall_conn *c)
{
    char one;
    return (c->ssl == NULL || SSL_has_pending(c->ssl) == 0) &&
           recv(c->fd, &one, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

static struct upcall_conn *
conn_open(struct ctx *cx, struct upcall *u)
{
    const struct upcall_to *to = u->to;
    int fd = upcall_socket(cx, u);
    if (fd < 0) {
        return NULL;
    }
    struct upcall_conn *c = calloc(1, sizeof(*c) + to->same.n + 1);
    ASSERT(c != NULL);
    c->fd = fd;
    c->same_n = to->same.n;
    memcpy(c->same, to->same.p, to->same.n);
    if (to->tls != NULL) {
        c->ssl = SSL_new(to->tls);
        if (c->ssl == NULL || SSL_set_fd(c->ssl, fd) != 1) {
            conn_close(c, false);
            return NULL;
        }
        SSL_set_connect_state(c->ssl);
    }
    return c;
}

/* As tls_read: > 0 bytes, 0 end, -1 would block, -2 broken. */
static int64_t
conn_read(struct upcall_conn *c, char *p, size_t n)
{
    if (c->ssl != NULL) {
        return tls_read(c->ssl, p, n);
    }
    ssize_t got = recv(c->fd, p, n, 0);
    return got >= 0 ? got : errno == EAGAIN || errno == EINTR ? -1 : -2;
}

static int64_t
conn_write(struct upcall_conn *c, const char *p, size_t n)
{
    if (c->ssl != NULL) {
        return tls_write(c->ssl, p, n);
    }
    ssize_t put = send(c->fd, p, n, MSG_NOSIGNAL);
    return put >= 0 ? put : errno == EAGAIN || errno == EINTR ? -1 : -2;
}

/* --- a call ----------------------------------------------------------------------------------- */
static void
finish(struct upcall *u, enum err result, const char *detail)
{
    u->state = UPCALL_DONE;
    u->result = result;
    u->detail = detail;
    if (u->conn != NULL) {
        conn_close(u->conn, false);
        u->conn = NULL;
    }
}

void
upcall_drop(struct upcall *u)
{
    if (u->state != UPCALL_DONE) {
        finish(u, ERR_DEADLINE, "given up");
    }
}

/* The whole answer is here. */
static void
finish_good(struct ctx *cx, struct upcall_pool *p, struct upcall *u)
{
    bool is_kept = !u->is_fresh && !u->answer.is_close && u->in_at == u->in_n &&
                   u->sent == u->out.n && u->answer.until != PARSE_UNTIL_CLOSE;
    struct upcall_conn *c = u->conn;
    u->conn = is_kept ? NULL : c;
    if (is_kept) {
        idle_give(p, c, sys_mono_us(cx));
    }
    finish(u, ERR_OK, "");
}

static void
moved(struct ctx *cx, struct upcall *u, int64_t n)
{
    u->moved += (uint64_t)n;
    if (u->moved >= PROGRESS_BYTES) {
        u->moved = 0;
        u->quiet_due_us = sys_mono_us(cx) + u->silence_ms * 1000;
    }
}

/* Of the time for opening, what this address has: an equal share of the rest with those after it.
 */
static int64_t
share_us(const struct upcall *u, int64_t now_us)
{
    int64_t left_us = u->opening_due_us - now_us;
    int64_t n = u->n_addresses > u->n_tried ? u->n_addresses - u->n_tried + 1 : 1;
    return left_us <= 0 ? 0 : left_us / n;
}

/* Connects to the host's next address. */
static void
connect_anew(struct ctx *cx, struct upcall *u)
{
    if (u->n_tried == 0) {
        u->opening_due_us = sys_mono_us(cx) + u->opening_ms * 1000;
    }
    u->conn = conn_open(cx, u);
    u->sent = u->in_at = u->in_n = 0;
    u->moved = 0;
    u->scan = (struct parse_scan){ 0 };
    u->state = UPCALL_OPENING;
    int64_t now_us = sys_mono_us(cx);
    u->quiet_due_us = now_us + share_us(u, now_us);
    if (u->conn == NULL) {
        finish(u, ERR_UPSTREAM, "cannot be reached");
    }
}

/* The connection is lost. A kept one may have been dead all the while: once more, on a new one. */
static void
lost(struct ctx *cx, struct upcall *u, const char *detail)
{
    bool is_stale = u->conn->is_reused && !u->has_answer && !u->is_again;
    if (!is_stale) {
        finish(u, ERR_UPSTREAM, detail);
        return;
    }
    conn_close(u->conn, false);
    u->is_again = true;
    u->n_tried = 0;
    connect_anew(cx, u);
}

/* Each step: false when it has to wait, or when the call is over. */
static bool
step_opening(struct ctx *cx, struct upcall *u)
{
    int fault = 0;
    socklen_t n = sizeof(fault);
    struct pollfd at = { .fd = u->conn->fd, .events = POLLOUT };
    if (poll(&at, 1, 0) == 0) {
        return false;
    }
    if (getsockopt(u->conn->fd, SOL_SOCKET, SO_ERROR, &fault, &n) != 0 || fault != 0) {
        conn_close(u->conn, false);
        connect_anew(cx, u); /* the host's next address */
        return u->state != UPCALL_DONE;
    }
    u->state = u->conn->ssl != NULL ? UPCALL_HANDSHAKE : UPCALL_SEND;
    u->quiet_due_us =
        sys_mono_us(cx) + (u->conn->ssl != NULL ? u->opening_ms : u->silence_ms) * 1000;
    return true;
}

static bool
step_handshake(struct ctx *cx, struct upcall *u)
{
    int r = tls_handshake(u->conn->ssl);
    if (r == -2) {
        finish(u, ERR_UPSTREAM, "the TLS certificate or handshake is not good");
    }
    if (r != 1) {
        return false;
    }
    u->state = UPCALL_SEND;
    u->quiet_due_us = sys_mono_us(cx) + u->silence_ms * 1000;
    return true;
}

static bool
step_send(struct ctx *cx, struct upcall *u)
{
    while (u->sent < u->out.n) {
        int64_t n = conn_write(u->conn, u->out.p + u->sent, u->out.n - u->sent);
        if (n == -1) {
            return false;
        }
        if (n < 0) {
            break; /* the other side may have said why */
        }
        u->sent += (size_t)n;
        moved(cx, u, n);
    }
    u->state = UPCALL_HEAD;
    u->in = u->in == NULL ? arena_alloc(cx->arena, IN_BYTES) : u->in;
    return u->sent < u->out.n;
}

/* Reads on; false: nothing there, or the end. */
static bool
fill(struct ctx *cx, struct upcall *u)
{
    if (u->in_at == u->in_n) {
        u->in_at = u->in_n = 0;
    }
    if (u->in_n == IN_BYTES) {
        finish(u, ERR_UPSTREAM, "the answer's head is too large");
        return false;
    }
    int64_t n = conn_read(u->conn, u->in + u->in_n, IN_BYTES - u->in_n);
    if (n > 0) {
        u->has_answer = true;
        u->in_n += (size_t)n;
        moved(cx, u, n);
        return true;
    }
    if (n == 0 && u->state == UPCALL_BODY && u->answer.until == PARSE_UNTIL_CLOSE) {
        finish(u, ERR_OK, "");
    } else if (n != -1) {
        lost(cx, u, "the connection was cut off");
    }
    return false;
}

static bool
head_done(struct ctx *cx, struct upcall_pool *p, struct upcall *u, size_t head_n)
{
    struct str head = { arena_copy(cx->arena, u->in + u->in_at, head_n), head_n };
    u->in_at += head_n;
    u->scan = (struct parse_scan){ 0 };
    if (!parse_answer(head, u->is_to_head, &u->answer)) {
        finish(u, ERR_UPSTREAM, "the answer is malformed");
        return false;
    }
    if (u->answer.is_interim && ++u->n_interim > INTERIM_MAX) {
        finish(u, ERR_UPSTREAM, "too many interim answers");
        return false;
    }
    if (u->answer.is_interim) {
        return true;
    }
    u->body =
        (struct parse_body){ .framing = u->answer.until == PARSE_UNTIL_CHUNKS ? PARSE_CHUNKED
                                                                              : PARSE_LENGTH,
                             .left = u->answer.until == PARSE_UNTIL_LENGTH ? u->answer.length : 0 };
    u->state = UPCALL_BODY;
    if (u->answer.until == PARSE_UNTIL_NOTHING) {
        finish_good(cx, p, u);
        return false;
    }
    return true;
}

static bool
step_head(struct ctx *cx, struct upcall_pool *p, struct upcall *u)
{
    size_t head_n = 0;
    size_t have = u->in_n - u->in_at;
    enum parse_state s =
        have == 0 ? PARSE_MORE : parse_scan(&u->scan, u->in + u->in_at, have, &head_n);
    if (s == PARSE_DONE) {
        return head_done(cx, p, u, head_n);
    }
    if (s == PARSE_BAD) {
        finish(u, ERR_UPSTREAM, "the answer is malformed");
        return false;
    }
    return fill(cx, u);
}

static bool
to_sink(struct upcall *u, struct str data)
{
    enum err e = data.n == 0 ? ERR_OK : u->sink(u->arg, data);
    if (e != ERR_OK) {
        finish(u, e, "the answer cannot be taken");
    }
    return e == ERR_OK;
}

static bool
step_body(struct ctx *cx, struct upcall_pool *p, struct upcall *u)
{
    struct str data = { u->in + u->in_at, u->in_n - u->in_at };
    size_t used = data.n;
    if (data.n == 0) {
        return fill(cx, u);
    }
    enum parse_state s = PARSE_MORE;
    if (u->answer.until != PARSE_UNTIL_CLOSE) {
        s = parse_body(&u->body, data.p, data.n, &used, &data);
    }
    u->in_at += used;
    if (s == PARSE_BAD) {
        finish(u, ERR_UPSTREAM, "the answer is malformed");
        return false;
    }
    if (!to_sink(u, data)) {
        return false;
    }
    bool is_whole = s == PARSE_DONE || (u->answer.until == PARSE_UNTIL_LENGTH && u->body.left == 0);
    if (is_whole) {
        finish_good(cx, p, u);
    }
    return !is_whole;
}

static void
run(struct ctx *cx, struct upcall_pool *p, struct upcall *u)
{
    bool goes_on = true;
    while (goes_on) {
        switch (u->state) {
        case UPCALL_OPENING:
            goes_on = step_opening(cx, u);
            break;
        case UPCALL_HANDSHAKE:
            goes_on = step_handshake(cx, u);
            break;
        case UPCALL_SEND:
            goes_on = step_send(cx, u);
            break;
        case UPCALL_HEAD:
            goes_on = step_head(cx, p, u);
            break;
        case UPCALL_BODY:
            goes_on = step_body(cx, p, u);
            break;
        case UPCALL_DONE:
            goes_on = false;
            break;
        }
    }
}

void
upcall_begin(struct ctx *cx, struct upcall_pool *p, struct upcall *u)
{
    int64_t now_us = sys_mono_us(cx);
    struct upcall_conn *c = u->is_fresh ? NULL : idle_take(p, u->to->same, now_us);
    while (c != NULL && !is_alive(c)) {
        conn_close(c, false);
        c = idle_take(p, u->to->same, now_us);
    }
    u->in = NULL;
    u->has_answer = u->is_again = false;
    u->n_tried = u->n_interim = 0;
    if (c == NULL) {
        connect_anew(cx, u);
    } else {
        u->conn = c;
        u->sent = u->in_at = u->in_n = 0;
        u->moved = 0;
        u->scan = (struct parse_scan){ 0 };
        u->state = UPCALL_SEND;
        u->quiet_due_us = now_us + u->silence_ms * 1000;
    }
    run(cx, p, u);
}

/* --- many at once ----------------------------------------------------------------------------- */
static short
events_of(const struct upcall *u)
{
    if (u->state == UPCALL_OPENING) {
        return POLLOUT;
    }
    if (u->conn->ssl != NULL && SSL_want_write(u->conn->ssl)) {
        return POLLOUT;
    }
    return u->state == UPCALL_SEND && (u->conn->ssl == NULL || !SSL_want_read(u->conn->ssl))
               ? POLLOUT
               : POLLIN;
}

static int64_t
due_of(const struct upcall *u)
{
    return u->due_us != 0 && u->due_us < u->quiet_due_us ? u->due_us : u->quiet_due_us;
}

/* Those that are not done, and until when the first of them may take. */
static size_t
gather(struct upcall *const *v, size_t n, struct pollfd *fds, size_t *ret_which,
       int64_t *ret_due_us)
{
    size_t n_fds = 0;
    *ret_due_us = INT64_MAX;
    for (size_t i = 0; i < n && n_fds < CALLS_MAX; i++) {
        if (v[i]->state != UPCALL_DONE) {
            fds[n_fds] = (struct pollfd){ .fd = v[i]->conn->fd, .events = events_of(v[i]) };
            ret_which[n_fds++] = i;
            *ret_due_us = due_of(v[i]) < *ret_due_us ? due_of(v[i]) : *ret_due_us;
        }
    }
    return n_fds;
}

static int
pause_ms(int64_t due_us, int64_t now_us)
{
    int64_t left_us = due_us - now_us;
    return left_us <= 0 ? 0 : left_us > INT64_C(60000000) ? 60000 : (int)((left_us + 999) / 1000);
}

/* Its time is over: for this address, or for the call. */
static void
late(struct ctx *cx, struct upcall_pool *p, struct upcall *u, int64_t now_us)
{
    bool is_over = u->due_us != 0 && now_us >= u->due_us;
    if (u->state != UPCALL_OPENING || is_over || u->n_tried >= u->n_addresses) {
        finish(u, ERR_DEADLINE, "no answer in time");
        return;
    }
    conn_close(u->conn, false);
    connect_anew(cx, u);
    run(cx, p, u);
}

void
upcall_wait(struct ctx *cx, struct upcall_pool *p, struct upcall *const *v, size_t n, int max_ms)
{
    struct pollfd fds[CALLS_MAX];
    size_t which[CALLS_MAX];
    int64_t end_us = max_ms < 0 ? INT64_MAX : sys_mono_us(cx) + (int64_t)max_ms * 1000;
    bool is_done = false;
    while (!is_done) {
        int64_t due_us = 0;
        size_t n_fds = gather(v, n, fds, which, &due_us);
        if (n_fds == 0) {
            return;
        }
        due_us = due_us < end_us ? due_us : end_us;
        int r = poll(fds, n_fds, pause_ms(due_us, sys_mono_us(cx)));
        int64_t now_us = sys_mono_us(cx);
        for (size_t i = 0; i < n_fds; i++) {
            struct upcall *u = v[which[i]];
            if (r > 0 && fds[i].revents != 0) {
                run(cx, p, u);
            } else if (now_us >= due_of(u)) {
                late(cx, p, u, now_us);
            }
            is_done = is_done || u->state == UPCALL_DONE;
        }
        is_done = is_done || now_us >= end_us;
    }
}
