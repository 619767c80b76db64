/* conn.c: the states of one connection and the events that move it. */
#include "net/server_int.h"

#include <sys/epoll.h>
#include <unistd.h>

#define STEPS_PER_RUN 64 /* then others have their turn */

static enum step
conn_step(struct conn *c)
{
    switch (c->state) {
    case CONN_HANDSHAKE:
        return conn_step_handshake(c);
    case CONN_HEAD:
        return conn_step_head(c);
    case CONN_BODY:
        return conn_step_body(c);
    case CONN_SEND:
        return conn_step_send(c);
    case CONN_EVENTS:
        events_pump(c);
        return c->iov_n == c->iov_at ? STEP_WAIT : conn_step_send(c);
    case CONN_LINGER:
        return conn_step_linger(c);
    case CONN_WAIT:
        break;
    }
    return STEP_WAIT;
}

void
conn_run(struct conn *c)
{
    for (int i = 0; i < STEPS_PER_RUN && !c->is_dead; i++) {
        if (conn_step(c) == STEP_WAIT) {
            return;
        }
    }
    if (c->is_dead) {
        conn_bury(c);
        return;
    }
    if (!c->in_again) {
        c->in_again = true;
        c->again_next = c->loop->again;
        c->loop->again = c;
    }
}

void
conn_event(struct conn *c, uint32_t events)
{
    if (c->is_dead) {
        return;
    }
    if ((events & (uint32_t)(EPOLLERR | EPOLLHUP)) != 0) {
        conn_kill(c);
        return;
    }
    if ((events & (uint32_t)EPOLLRDHUP) != 0) {
        c->is_read_closed = true;
        if (c->state == CONN_EVENTS) {
            conn_kill(c);
            return;
        }
    }
    c->can_read = c->can_read || (events & (uint32_t)(EPOLLIN | EPOLLRDHUP)) != 0;
    c->can_write = c->can_write || (events & (uint32_t)EPOLLOUT) != 0;
    conn_run(c);
}

/* Frees at the end of the turn, when nothing in this turn can refer to it any more. */
void
conn_bury(struct conn *c)
{
    if (!c->is_dead || c->in_again || c->req != NULL) {
        return;
    }
    if (c->source == SOURCE_CONN && c->loop != NULL) {
        struct loop *l = c->loop;
        c->loop = NULL; /* only once */
        l->n_conns--;
        (void)atomic_fetch_sub(&l->server->n_open, 1);
        c->grave_next = l->graves;
        l->graves = c;
    }
}

static void
unlink_from_loop(struct conn *c)
{
    struct loop *l = c->loop;
    if (c->prev != NULL) {
        c->prev->next = c->next;
    } else {
        l->conns = c->next;
    }
    if (c->next != NULL) {
        c->next->prev = c->prev;
    }
}

/* Closes now. A request that is out keeps the struct alive until it comes home. */
void
conn_kill(struct conn *c)
{
    if (c->is_dead) {
        return;
    }
    c->is_dead = true;
    timer_arm(c, TIMER_NONE);
    unlink_from_loop(c);
    events_end(c);
    tls_conn_free(c->ssl, false);
    c->ssl = NULL;
    (void)close(c->fd);
    c->fd = -1;
    if (c->in != NULL) {
        loop_in_put(c->loop, c->in);
        c->in = NULL;
    }
    if (c->req != NULL && !c->req->is_out) {
        req_release(c->req);
        c->req = NULL;
    } else if (c->req != NULL && c->has_chunk) {
        c->has_chunk = false;
        stream_settle(c->req->stream, ERR_IO);
    }
    conn_bury(c);
}

static void
timeout_refuse(struct conn *c)
{
    stat_add(&c->loop->n_timeouts, 1);
    (void)conn_refuse(c, 408);
    conn_run(c);
}

/* The time for what the connection was doing is over. */
void
conn_timeout(struct conn *c)
{
    switch (c->state) {
    case CONN_EVENTS:
        if (c->iov_at == c->iov_n) { /* quiet: a comment shows whether the client is still there */
            conn_out(c, STR(":\n\n"), STR(""));
            conn_run(c);
            return;
        }
        break;
    case CONN_BODY:
        timeout_refuse(c);
        return;
    case CONN_HEAD:
        if (c->in_n != 0) {
            timeout_refuse(c);
            return;
        }
        break;
    case CONN_HANDSHAKE:
    case CONN_WAIT:
    case CONN_SEND:
        stat_add(&c->loop->n_timeouts, 1);
        if (c->has_chunk) {
            c->has_chunk = false;
            stream_settle(c->req->stream, ERR_DEADLINE);
        }
        break;
    case CONN_LINGER:
        break;
    }
    conn_kill(c);
}

/* Of a head that could not be parsed nothing is believed but what it asked for. */
static void
forget_head(struct conn *c, struct req *r)
{
    struct str asked = r->rq.target;
    if (asked.p == NULL && c->in != NULL) {
        asked = parse_asked((struct str){ c->in + c->in_at, c->in_n - c->in_at });
    }
    struct http_request seen = { .target = str_dup(r->arena, asked),
                                 .trace_id = r->rq.trace_id,
                                 .is_tls = c->ssl != NULL };
    r->rq = seen;
}

/* An answer of the server's own; the connection closes after it. */
enum step
conn_refuse(struct conn *c, int status)
{
    if (c->req == NULL) {
        c->req = req_get(c->loop, c);
        c->req->rq = (struct http_request){ 0 }; /* it had another one's */
    }
    struct req *r = c->req;
    r->keep_alive = false;
    if (!r->has_rq) {
        forget_head(c, r);
    }
    if (status == 503) {
        stat_add(&c->loop->n_refused_busy, 1);
    } else if (status < 500 && status != 408) {
        stat_add(&c->loop->n_bad, 1);
    }
    respond_error(r, status, loop_date(c->loop));
    conn_deliver(c);
    return STEP_MORE;
}

static void
count_answer(const struct req *r)
{
    int digit = r->rs.status / 100;
    stat_add(&r->loop->n_answers[digit >= 1 && digit <= 5 ? digit : 5], 1);
}

/* The answer is built: its head, and the body when it is whole. */
void
conn_deliver(struct conn *c)
{
    struct req *r = c->req;
    bool is_held = r->rs.kind == HTTP_WHOLE || r->rs.kind == HTTP_SPOOLED;
    bool has_body = !r->is_bodiless && is_held;
    count_answer(r);
    conn_out(c, buf_str(&r->out), has_body ? r->rs.body : STR(""));
    c->state = CONN_SEND;
}

static void
message_chunk(struct conn *c, struct req *r)
{
    struct http_stream *st = r->stream;
    if (st->n_posted == 1) {
        count_answer(r);
    }
    conn_out(c, st->n_posted == 1 ? buf_str(&r->out) : STR(""), st->chunk);
    c->has_chunk = true;
    c->state = CONN_SEND;
}

static void
message_done(struct conn *c, struct req *r)
{
    bool was_streamed = r->stream != NULL && r->stream->n_posted != 0;
    r->is_out = false;
    if (!was_streamed) {
        conn_deliver(c);
    } else if (r->stream_end != ERR_OK) {
        conn_kill(c); /* cut, so that the client sees it is not whole */
        return;
    } else {
        c->state = CONN_SEND; /* nothing left: what follows a sent answer follows */
    }
}

static void
message_file(struct conn *c, struct req *r)
{
    r->is_out = false;
    if (r->op.kind == FILE_SPOOL) {
        conn_spooled(c);
        return;
    }
    if (r->op.result != 0 || r->op.n == 0) { /* unreadable, or shorter than it was */
        conn_kill(c);
        return;
    }
    r->file_at += (int64_t)r->op.n;
    r->file_left -= (int64_t)r->op.n;
    conn_out(c, (struct str){ r->op.p, r->op.n }, STR(""));
    c->state = CONN_SEND;
}

/* Nobody is there any more for whom the request was done. */
static void
message_orphan(struct msg *m, struct req *r)
{
    if (m->kind == MSG_CHUNK) {
        stream_settle(r->stream, ERR_IO);
        return;
    }
    struct conn *c = r->conn;
    r->is_out = false;
    req_release(r);
    if (c != NULL) {
        c->req = NULL;
        conn_bury(c);
    }
}

void
conn_message(struct msg *m)
{
    struct req *r = m->owner;
    struct conn *c = r->conn;
    if (c == NULL || c->is_dead) {
        message_orphan(m, r);
        return;
    }
    if (m->kind == MSG_CHUNK) {
        message_chunk(c, r);
    } else if (m->kind == MSG_DONE) {
        message_done(c, r);
    } else {
        message_file(c, r);
    }
    if (!c->is_dead) {
        conn_run(c);
    }
}
