/* conn_io.c: moves bytes between the socket (or TLS) and a connection's buffers. */
#include "net/server_int.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IO_END = 0, IO_WAIT = -1, IO_BROKEN = -2 };

static int64_t
io_read(struct conn *c, char *p, size_t n)
{
    if (c->ssl != NULL) {
        return tls_read(c->ssl, p, n);
    }
    ssize_t r = recv(c->fd, p, n, 0);
    if (r < 0) {
        return errno == EAGAIN || errno == EINTR ? IO_WAIT : IO_BROKEN;
    }
    /* a short read has emptied the socket: the next edge will tell of more */
    if ((size_t)r < n && !c->is_read_closed) {
        c->can_read = false;
    }
    return r;
}

#define RECORD_BYTES ((size_t)16 << 10) /* most that one TLS record holds */

/* Head and body in one record where they fit: one packet, and the other side is woken once. Called
 * again with the same pieces, it makes the same bytes, as TLS wants it. */
static int64_t
io_write_tls(SSL *ssl, const struct iovec *iov, size_t n)
{
    char both[RECORD_BYTES];
    if (n < 2 || iov[0].iov_len + iov[1].iov_len > sizeof(both)) {
        return tls_write(ssl, iov[0].iov_base, iov[0].iov_len);
    }
    memcpy(both, iov[0].iov_base, iov[0].iov_len);
    memcpy(both + iov[0].iov_len, iov[1].iov_base, iov[1].iov_len);
    return tls_write(ssl, both, iov[0].iov_len + iov[1].iov_len);
}

/* Sends from up to two pieces. */
static int64_t
io_write(struct conn *c, struct iovec *iov, size_t n)
{
    if (c->ssl != NULL) {
        return io_write_tls(c->ssl, iov, n);
    }
    struct msghdr m = { .msg_iov = iov, .msg_iovlen = n };
    ssize_t r = sendmsg(c->fd, &m, MSG_NOSIGNAL);
    if (r < 0) {
        return errno == EAGAIN || errno == EINTR ? IO_WAIT : IO_BROKEN;
    }
    return r;
}

/* What a connection waits for when nothing can be read. */
static enum step
read_wait(struct conn *c)
{
    bool is_empty = c->in_at == c->in_n;
    if (is_empty && c->in != NULL) {
        loop_in_put(c->loop, c->in);
        c->in = NULL;
        c->in_at = 0;
        c->in_n = 0;
    }
    if (c->state == CONN_HEAD) {
        enum timer_kind kind = is_empty && c->n_served != 0 ? TIMER_IDLE : TIMER_HEAD;
        if (c->timer != kind) { /* a head's time counts from its first byte, not from its last */
            timer_arm(c, kind);
        }
    }
    return STEP_WAIT;
}

/* Body bytes renew the time with every PROGRESS_BYTES. */
static void
progress_note(struct conn *c, uint64_t n)
{
    c->moved += n;
    if (c->moved >= PROGRESS_BYTES && c->timer != TIMER_NONE && c->timer != TIMER_HEAD) {
        timer_arm(c, c->timer);
    }
}

static void
in_make_room(struct conn *c)
{
    if (c->in == NULL) {
        c->in = loop_in_get(c->loop);
    }
    if (c->in_at != 0) {
        memmove(c->in, c->in + c->in_at, c->in_n - c->in_at);
        c->in_n -= c->in_at;
        c->in_at = 0;
    }
}

/* Reads more of a head or body. */
enum step
conn_fill(struct conn *c)
{
    if (!c->can_read) {
        return read_wait(c);
    }
    in_make_room(c);
    ASSERT(c->in_n < c->loop->in_cap);
    int64_t n = io_read(c, c->in + c->in_n, c->loop->in_cap - c->in_n);
    if (n == IO_WAIT) {
        c->can_read = false;
        return read_wait(c);
    }
    if (n <= 0) {
        if (c->state == CONN_BODY || c->in_n != 0) {
            stat_add(&c->loop->n_bad, 1); /* cut off in the middle */
        }
        conn_kill(c);
        return STEP_WAIT;
    }
    c->in_n += (size_t)n;
    stat_add(&c->loop->bytes_in, (uint64_t)n);
    progress_note(c, (uint64_t)n);
    return STEP_MORE;
}

static struct iovec
iov_of(struct str s)
{
    union { /* sendmsg takes a pointer to non-const and does not write */
        const char *from;
        void *to;
    } p = { .from = s.p };
    return (struct iovec){ .iov_base = p.to, .iov_len = s.n };
}

void
conn_out(struct conn *c, struct str first, struct str second)
{
    c->iov_at = 0;
    c->iov_n = 0;
    if (first.n != 0) {
        c->iov[c->iov_n++] = iov_of(first);
    }
    if (second.n != 0) {
        c->iov[c->iov_n++] = iov_of(second);
    }
}

/* A few bytes at once, outside the answer: they fit into an empty socket buffer or the peer is odd.
 */
bool
conn_send_now(struct conn *c, struct str bytes)
{
    struct iovec v = iov_of(bytes);
    return io_write(c, &v, 1) == (int64_t)bytes.n;
}

static void
out_eat(struct conn *c, size_t n)
{
    while (n != 0) {
        struct iovec *v = &c->iov[c->iov_at];
        size_t take = n < v->iov_len ? n : v->iov_len;
        v->iov_base = (char *)v->iov_base + take;
        v->iov_len -= take;
        n -= take;
        c->iov_at += v->iov_len == 0 ? 1 : 0;
    }
}

enum step
conn_step_send(struct conn *c)
{
    if (c->iov_at == c->iov_n) {
        return conn_sent(c);
    }
    int64_t n = c->can_write ? io_write(c, &c->iov[c->iov_at], c->iov_n - c->iov_at) : IO_WAIT;
    if (n == IO_WAIT) {
        c->can_write = false;
        if (c->timer != TIMER_WRITE) {
            timer_arm(c, TIMER_WRITE);
        }
        return STEP_WAIT;
    }
    if (n < 0) {
        conn_kill(c);
        return STEP_WAIT;
    }
    out_eat(c, (size_t)n);
    stat_add(&c->loop->bytes_out, (uint64_t)n);
    progress_note(c, (uint64_t)n);
    return STEP_MORE;
}

/* Answered, no more to say: tells the client so and reads what it still sends, for a while. */
void
conn_linger(struct conn *c)
{
    if (c->ssl != NULL) {
        tls_conn_free(c->ssl, true);
        c->ssl = NULL;
    }
    if (shutdown(c->fd, SHUT_WR) != 0) {
        conn_kill(c);
        return;
    }
    c->state = CONN_LINGER;
    c->moved = 0;
    c->can_read = true;
    timer_arm(c, TIMER_LINGER);
}

enum step
conn_step_linger(struct conn *c)
{
    char waste[16384];
    ssize_t n = c->moved < LINGER_BYTES ? recv(c->fd, waste, sizeof(waste), 0) : 0;
    if (n < 0 && errno == EAGAIN) {
        c->can_read = false;
        return STEP_WAIT;
    }
    if (n <= 0) {
        conn_kill(c);
        return STEP_WAIT;
    }
    c->moved += (uint64_t)n;
    return STEP_MORE;
}

enum step
conn_step_handshake(struct conn *c)
{
    int r = tls_handshake(c->ssl);
    if (r == 1) {
        c->has_cert = c->loop->server->config.asks_cert && tls_peer_cert(c->ssl, c->cert);
        c->state = CONN_HEAD;
        return STEP_MORE;
    }
    if (r == IO_BROKEN) {
        stat_add(&c->loop->n_bad, 1);
        conn_kill(c);
    }
    return STEP_WAIT;
}
