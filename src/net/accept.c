/* accept.c: listening sockets and new connections. */
#include "net/server_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_PER_TURN 128
#define BACKLOG         1024

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static enum err
address_parse(struct ctx *cx, struct str text, int32_t port, union address *ret, socklen_t *ret_n)
{
    char z[64];
    if (text.n >= sizeof(z)) {
        return err_set(cx, ERR_INVALID, "address too long");
    }
    (void)snprintf(z, sizeof(z), STR_FMT, STR_ARG(text));
    memset(ret, 0, sizeof(*ret));
    if (inet_pton(AF_INET, text.n == 0 ? "127.0.0.1" : z, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons((uint16_t)port);
        *ret_n = sizeof(ret->v4);
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, z, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons((uint16_t)port);
        *ret_n = sizeof(ret->v6);
        return ERR_OK;
    }
    return err_set(cx, ERR_INVALID, "not an IP address: " STR_FMT, STR_ARG(text));
}

/* Loops share a port by SO_REUSEPORT, and so would a second program of the same user, which would
 * silently get half of the connections. A socket without that option tells whether the port is
 * free. */
static bool
is_port_taken(const union address *at, socklen_t n)
{
    int on = 1;
    int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false; /* the real socket will say why */
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    bool is_taken = bind(fd, &at->any, n) != 0 && errno == EADDRINUSE;
    (void)close(fd);
    return is_taken;
}

enum err
listen_check(struct ctx *cx, struct str address, int32_t port)
{
    union address at;
    socklen_t n = 0;
    TRY(address_parse(cx, address, port, &at, &n));
    if (port != 0 && is_port_taken(&at, n)) {
        return err_set(cx, ERR_IO, "cannot listen on " STR_FMT " port %" PRId32 ": port is taken",
                       STR_ARG(address), port);
    }
    return ERR_OK;
}

/* One listening socket; each loop has its own on the same port and the kernel spreads connections.
 */
enum err
listen_open(struct ctx *cx, struct str address, int32_t port, int *ret_fd)
{
    union address at;
    socklen_t n = 0;
    TRY(address_parse(cx, address, port, &at, &n));
    int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return err_set(cx, ERR_IO, "socket: errno %d", errno);
    }
    int on = 1, off = 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (at.any.sa_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (bind(fd, &at.any, n) != 0 || listen(fd, BACKLOG) != 0) {
        int why = errno;
        (void)close(fd);
        return err_set(cx, ERR_IO, "cannot listen on " STR_FMT " port %" PRId32 ": errno %d%s",
                       STR_ARG(address), port, why, why == EADDRINUSE ? " (port is taken)" : "");
    }
    *ret_fd = fd;
    return ERR_OK;
}

int32_t
listen_port(int fd)
{
    union address at;
    socklen_t n = sizeof(at);
    memset(&at, 0, sizeof(at));
    if (getsockname(fd, &at.any, &n) != 0) {
        return 0;
    }
    return ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
}

void
listen_peer(const struct sockaddr *any, char out[48])
{
    union address at;
    memset(&at, 0, sizeof(at));
    memcpy(&at, any, any->sa_family == AF_INET6 ? sizeof(at.v6) : sizeof(at.v4));
    if (at.any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &at.v4.sin_addr, out, 48);
    } else if (at.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&at.v6.sin6_addr)) {
        (void)inet_ntop(AF_INET, &at.v6.sin6_addr.s6_addr[12], out, 48);
    } else if (at.any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &at.v6.sin6_addr, out, 48);
    } else {
        (void)snprintf(out, 48, "unknown");
    }
}

/* Too many connections: a short word and away. TLS clients only see the end. */
static void
turn_away(struct loop *l, int fd)
{
    static const char word[] =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n";
    stat_add(&l->n_refused_busy, 1);
    if (!l->server->has_tls) {
        (void)!send(fd, word, sizeof(word) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    (void)close(fd);
}

/* A reload may swap the context; a connection holds on to the one it began with. */
static SSL *
new_ssl(struct server *s, int fd)
{
    (void)pthread_mutex_lock(&s->tls_lock);
    SSL *ssl = tls_conn_new(s->tls, fd);
    (void)pthread_mutex_unlock(&s->tls_lock);
    return ssl;
}

static void
conn_open(struct loop *l, int fd, const union address *at)
{
    struct server *s = l->server;
    if (atomic_load(&s->n_open) >= s->config.connections_max) {
        turn_away(l, fd);
        return;
    }
    struct conn *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    c->source = SOURCE_CONN;
    c->fd = fd;
    c->loop = l;
    c->can_read = true;
    c->can_write = true;
    c->state = s->has_tls ? CONN_HANDSHAKE : CONN_HEAD;
    c->ssl = s->has_tls ? new_ssl(s, fd) : NULL;
    struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c };
    if ((s->has_tls && c->ssl == NULL) || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0) {
        tls_conn_free(c->ssl, false);
        (void)close(fd);
        free(c);
        return;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    listen_peer(&at->any, c->peer);
    (void)atomic_fetch_add(&s->n_open, 1);
    l->n_conns++;
    stat_add(&l->n_connections, 1);
    c->next = l->conns;
    if (l->conns != NULL) {
        l->conns->prev = c;
    }
    l->conns = c;
    timer_arm(c, TIMER_HEAD);
    conn_run(c);
}

/* Out of descriptors: gives up the spare one to take the next connection and close it, since a
 * listener that cannot accept would wake the loop for ever. */
static void
accept_spare(struct loop *l)
{
    (void)close(l->spare_fd);
    int fd = accept4(l->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        (void)close(fd);
        stat_add(&l->n_refused_busy, 1);
    }
    l->spare_fd = eventfd(0, EFD_CLOEXEC);
}

void
conn_accept_all(struct loop *l)
{
    for (int i = 0; i < ACCEPT_PER_TURN; i++) {
        union address at;
        socklen_t n = sizeof(at);
        memset(&at, 0, sizeof(at));
        int fd = accept4(l->listen_fd, &at.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            conn_open(l, fd, &at);
        } else if (errno == EMFILE || errno == ENFILE) {
            accept_spare(l);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}
