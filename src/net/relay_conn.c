/* relay_conn.c: connections of both sides: where events arrive and where connections end. */
#include "net/relay_int.h"
#include "net/server_int.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_PER_TURN 128
#define STEPS_PER_RUN   24 /* then others have their turn: at most 3 MB of a long body */

struct rconn *
rconn_new(struct rloop *l, enum rsource source, int fd)
{
    struct rconn *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c };
    int on = 1;
    c->source = source;
    c->fd = fd;
    c->loop = l;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0) {
        free(c);
        return NULL;
    }
    l->n_conns++;
    c->next = l->conns;
    if (l->conns != NULL) {
        l->conns->prev = c;
    }
    l->conns = c;
    return c;
}

/* --- taking clients in ------------------------------------------------------------------------ */
static void
turn_away(struct rloop *l, int fd)
{
    static const char word[] =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n";
    if (l->relay->tls == NULL) {
        (void)!send(fd, word, sizeof(word) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    (void)close(fd);
}

static void
client_open(struct rloop *l, int fd, const union raddr *at)
{
    struct relay *r = l->relay;
    if (atomic_load(&r->n_open) >= r->config.connections_max) {
        turn_away(l, fd);
        return;
    }
    SSL *ssl = r->tls == NULL ? NULL : tls_conn_new(r->tls, fd);
    struct rconn *c = r->tls != NULL && ssl == NULL ? NULL : rconn_new(l, RSOURCE_CLIENT, fd);
    if (c == NULL) {
        tls_conn_free(ssl, false);
        (void)close(fd);
        return;
    }
    c->ssl = ssl;
    c->state = ssl == NULL ? RCONN_OPEN : RCONN_OPENING;
    c->can_read = true;
    c->can_write = true;
    listen_peer(&at->any, c->peer);
    if (!net_address(str_of(c->peer), c->peer_at)) {
        memset(c->peer_at, 0, sizeof(c->peer_at));
    }
    (void)atomic_fetch_add(&r->n_open, 1);
    rstat_add(&l->n_accepted, 1);
    rtimer_set(c, l->now_us + (int64_t)r->config.head_timeout_ms * 1000);
    rconn_run(c);
}

/* Out of descriptors: gives up the spare one to take the next connection and close it, since a
 * listener that cannot accept would wake the loop for ever. */
static void
accept_spare(struct rloop *l)
{
    (void)close(l->spare_fd);
    int fd = accept4(l->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        (void)close(fd);
    }
    l->spare_fd = eventfd(0, EFD_CLOEXEC);
}

void
raccept_all(struct rloop *l)
{
    for (int i = 0; i < ACCEPT_PER_TURN; i++) {
        union raddr at;
        socklen_t n = sizeof(at);
        memset(&at, 0, sizeof(at));
        int fd = accept4(l->listen_fd, &at.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            client_open(l, fd, &at);
        } else if (errno == EMFILE || errno == ENFILE) {
            accept_spare(l);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

/* --- the life of a connection ----------------------------------------------------------------- */

/* Runs on in the next turn. */
void
rconn_again(struct rconn *c)
{
    if (!c->in_again && !c->is_dead) {
        c->in_again = true;
        c->again_next = c->loop->again;
        c->loop->again = c;
    }
}

static void
linger_run(struct rconn *c)
{
    char waste[16384];
    for (int i = 0; i < STEPS_PER_RUN; i++) {
        ssize_t n = c->linger_n < RELAY_LINGER_BYTES ? recv(c->fd, waste, sizeof(waste), 0) : 0;
        if (n < 0 && errno == EAGAIN) {
            c->can_read = false;
            return;
        }
        if (n <= 0) {
            rconn_kill(c);
            return;
        }
        c->linger_n += (size_t)n;
    }
    rconn_again(c);
}

/* Answered, no more to say: tells the client so and reads what it still sends, for a while. */
void
rconn_linger(struct rconn *c)
{
    tls_conn_free(c->ssl, true);
    c->ssl = NULL;
    if (shutdown(c->fd, SHUT_WR) != 0) {
        rconn_kill(c);
        return;
    }
    c->state = RCONN_LINGER;
    c->can_read = true;
    rtimer_set(c, c->loop->now_us + (int64_t)RELAY_LINGER_MS * 1000);
    rconn_again(c);
}

/* False while the handshake goes on, or when it has failed and the connection is gone. */
static bool
client_handshake(struct rconn *c)
{
    int r = tls_handshake(c->ssl);
    if (r == 1) {
        c->state = RCONN_OPEN;
        c->has_cert = c->loop->relay->config.asks_cert && tls_peer_cert(c->ssl, c->cert);
        return true;
    }
    if (r == RIO_BROKEN) {
        rconn_kill(c);
    }
    return false;
}

/* A call begins with its first byte, so that an idle connection holds none. False: not yet. */
static bool
client_begin(struct rconn *c)
{
    if (c->call != NULL) {
        return true;
    }
    if (c->in_at == c->in_n) {
        int64_t n = rconn_fill(c);
        if (n == RIO_WAIT) {
            return false;
        }
        if (n <= 0) {
            rconn_kill(c);
            return false;
        }
    }
    c->call = rcall_get(c->loop, c);
    return true;
}

static void
client_run(struct rconn *c)
{
    if (c->state == RCONN_LINGER) {
        linger_run(c);
        return;
    }
    if (c->state == RCONN_OPENING && !client_handshake(c)) {
        return;
    }
    for (int i = 0; i < STEPS_PER_RUN && !c->is_dead && c->state == RCONN_OPEN; i++) {
        if (!client_begin(c) || rcall_run(c->call) == R_WAIT) {
            return;
        }
    }
    rconn_again(c);
}

void
rconn_run(struct rconn *c)
{
    if (c->source == RSOURCE_CLIENT) {
        client_run(c);
    } else if (c->call != NULL) {
        client_run(c->call->client);
    } else if (c->is_idle) {
        up_idle_event(c);
    }
}

void
rconn_event(struct rconn *c, uint32_t events)
{
    if (c->is_dead) {
        return;
    }
    bool is_hung = (events & (uint32_t)(EPOLLERR | EPOLLHUP)) != 0;
    c->is_hung = c->is_hung || is_hung;
    c->is_end = c->is_end || is_hung || (events & (uint32_t)EPOLLRDHUP) != 0;
    c->can_read = c->can_read || c->is_end || (events & (uint32_t)EPOLLIN) != 0;
    c->can_write = c->can_write || is_hung || (events & (uint32_t)EPOLLOUT) != 0;
    if (c->ssl != NULL) { /* either direction may have waited for the other */
        c->can_read = true;
        c->can_write = true;
    }
    if (c->source == RSOURCE_CLIENT && is_hung) {
        rconn_kill(c);
        return;
    }
    rconn_run(c);
}

static void
unlink_from_loop(struct rconn *c)
{
    struct rloop *l = c->loop;
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        l->conns = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
    l->n_conns--;
}

/* Closes now; a client's call ends with it. The struct lives until the end of the turn. */
void
rconn_kill(struct rconn *c)
{
    struct rloop *l = c->loop;
    if (c->is_dead) {
        return;
    }
    c->is_dead = true;
    if (c->source == RSOURCE_CLIENT) {
        (void)atomic_fetch_sub(&l->relay->n_open, 1);
        if (c->call != NULL) {
            rcall_client_gone(c->call);
        }
    } else {
        up_idle_drop(c);
        live_drop(&l->relay->registry, &c->address->live);
    }
    c->due_us = 0;
    rtimer_unlink(c);
    unlink_from_loop(c);
    tls_conn_free(c->ssl, false);
    c->ssl = NULL;
    (void)close(c->fd);
    c->fd = -1;
    if (c->in != NULL) {
        rbuf_put(l, c->in, c->in_cap);
        c->in = NULL;
    }
    c->grave_next = l->graves;
    l->graves = c;
}

/* The connection's time is over: of what, its state tells. */
void
rconn_timeout(struct rconn *c)
{
    if (c->source == RSOURCE_CLIENT && c->call != NULL) {
        rcall_timeout(c->call);
        if (!c->is_dead) {
            rconn_run(c);
        }
        return;
    }
    rconn_kill(c);
}
