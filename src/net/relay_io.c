/* relay_io.c: bytes between a socket (or TLS) and a connection's buffer. */
#include "net/relay_int.h"
#include "net/server_int.h"

#include <errno.h>
#include <sys/socket.h>

static int64_t
io_read(struct rconn *c, char *p, size_t n)
{
    if (c->ssl != NULL) {
        return tls_read(c->ssl, p, n);
    }
    ssize_t r = recv(c->fd, p, n, 0);
    if (r < 0) {
        return errno == EAGAIN || errno == EINTR ? RIO_WAIT : RIO_BROKEN;
    }
    /* a short read has emptied the socket: the next edge will tell of more */
    if ((size_t)r < n && !c->is_end) {
        c->can_read = false;
    }
    return r;
}

static void
make_room(struct rconn *c)
{
    if (c->in == NULL) {
        c->in_cap = c->in_cap == 0 ? c->loop->in_cap : c->in_cap;
        c->in = rbuf_get(c->loop, c->in_cap);
        c->in_at = 0;
        c->in_n = 0;
    }
    if (c->in_at != 0) {
        memmove(c->in, c->in + c->in_at, c->in_n - c->in_at);
        c->in_n -= c->in_at;
        c->in_at = 0;
    }
}

int64_t
rconn_fill(struct rconn *c)
{
    if (!c->can_read) {
        return RIO_WAIT;
    }
    make_room(c);
    ASSERT(c->in_n < c->in_cap);
    int64_t n = io_read(c, c->in + c->in_n, c->in_cap - c->in_n);
    if (n == RIO_WAIT) {
        c->can_read = false;
        rconn_in_drop(c);
    }
    if (n > 0) {
        c->in_n += (size_t)n;
    }
    return n;
}

void
rconn_in_drop(struct rconn *c)
{
    if (c->in != NULL && c->in_at == c->in_n) {
        rbuf_put(c->loop, c->in, c->in_cap);
        c->in = NULL;
        c->in_at = 0;
        c->in_n = 0;
    }
}

/* Small pieces become one record: a head and a short body in one packet. */
static int64_t
tls_gather(struct rconn *c, const struct iovec *iov, size_t n)
{
    size_t have = 0;
    if (n == 1) {
        return tls_write(c->ssl, iov[0].iov_base, iov[0].iov_len);
    }
    for (size_t i = 0; i < n && have < RELAY_BIG_BYTES; i++) {
        size_t take = iov[i].iov_len;
        take = take < RELAY_BIG_BYTES - have ? take : RELAY_BIG_BYTES - have;
        memcpy(c->loop->scratch + have, iov[i].iov_base, take);
        have += take;
    }
    return tls_write(c->ssl, c->loop->scratch, have);
}

int64_t
rconn_write(struct rconn *c, struct iovec *iov, size_t n)
{
    if (c->ssl != NULL) {
        int64_t r = tls_gather(c, iov, n);
        c->can_write = c->can_write && r != RIO_WAIT;
        return r == 0 ? RIO_BROKEN : r;
    }
    struct msghdr m = { .msg_iov = iov, .msg_iovlen = n };
    ssize_t r = sendmsg(c->fd, &m, MSG_NOSIGNAL);
    if (r < 0 && (errno == EAGAIN || errno == EINTR)) {
        c->can_write = false;
        return RIO_WAIT;
    }
    return r < 0 ? RIO_BROKEN : r;
}
