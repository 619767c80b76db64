/* conn_head.c: from the bytes of a head to a request on its way. */
#include "net/server_int.h"

/* xorshift128+: ids that do not repeat; nothing secret hangs on them. */
static uint64_t
trace_next(struct loop *l)
{
    uint64_t x = l->trace_hi, y = l->trace_lo;
    l->trace_hi = y;
    x ^= x << 23;
    l->trace_lo = x ^ y ^ (x >> 17) ^ (y >> 26);
    return l->trace_lo + y;
}

static struct str
trace_new(struct loop *l, struct arena *a)
{
    static const char digits[] = "0123456789abcdef";
    char *p = arena_alloc(a, 32);
    for (int half = 0; half < 2; half++) {
        uint64_t v = trace_next(l);
        for (int i = 0; i < 16; i++) {
            p[half * 16 + i] = digits[(v >> (60 - 4 * i)) & 15U];
        }
    }
    return (struct str){ p, 32 };
}

struct str
loop_date(struct loop *l)
{
    int64_t wall_us = l->server->cx.clock->wall_us(l->server->cx.clock);
    if (wall_us / DATE_US_PER_S != l->date_s) {
        l->date_s = wall_us / DATE_US_PER_S;
        respond_date(wall_us, l->date);
    }
    return (struct str){ l->date, 29 };
}

/* The whole request is here: the loop answers from memory, or the pool takes it. */
void
conn_dispatch(struct conn *c)
{
    struct req *r = c->req;
    struct server *s = c->loop->server;
    timer_arm(c, TIMER_NONE);
    r->rq.received_us = c->loop->now_us;
    if (r->head.is_asterisk) {
        r->rs.status = 204;
        respond_build(r, false, loop_date(c->loop));
        conn_deliver(c);
        return;
    }
    if (s->config.on_loop != NULL && r->rq.body_path.p == NULL &&
        s->config.on_loop(s->config.arg, &r->rq, &r->rs)) {
        respond_build(r, false, loop_date(c->loop));
        conn_deliver(c);
        return;
    }
    c->state = CONN_WAIT;
    r->is_out = true;
    if (!pool_submit(s, r)) {
        r->is_out = false;
        stat_add(&c->loop->n_refused_busy, 1);
        respond_error(r, 503, loop_date(c->loop)); /* the connection is fine: it may try again */
        conn_deliver(c);
    }
}

/* Limits of this request, before a byte of its body is read. */
static enum step
head_accept(struct conn *c)
{
    struct req *r = c->req;
    const struct server_config *config = &c->loop->server->config;
    r->body_max = config->body_max_bytes;
    r->class_index = 0;
    if (config->on_head != NULL) {
        config->on_head(config->arg, &r->rq, &r->body_max, &r->class_index);
    }
    if (r->class_index >= c->loop->server->pool.n_classes) {
        r->class_index = 0;
    }
    if (r->head.framing == PARSE_NO_BODY) {
        conn_dispatch(c);
        return STEP_MORE;
    }
    if (r->head.framing == PARSE_LENGTH && r->head.length > r->body_max) {
        return conn_refuse(c, 413);
    }
    return conn_body_begin(c);
}

static enum step
head_done(struct conn *c, size_t head_n)
{
    struct loop *l = c->loop;
    struct req *r = req_get(l, c);
    c->req = r;
    struct str head = { arena_copy(r->arena, c->in + c->in_at, head_n), head_n };
    c->in_at += head_n;
    c->scan = (struct parse_scan){ 0 };
    stat_add(&l->n_requests, 1);
    r->rq.peer = str_of(c->peer);
    r->rq.is_tls = c->ssl != NULL;
    r->rq.peer_cert = c->has_cert ? str_dup(r->arena, (struct str){ c->cert, 64 }) : STR_NULL;
    r->rq.received_us = l->now_us;
    r->rq.trace_id = trace_new(l, r->arena);
    int status = parse_head(head, &r->rq, &r->head);
    if (status != 0) {
        r->rq.target = parse_asked(head);
        return conn_refuse(c, status);
    }
    r->has_rq = true;
    r->keep_alive =
        !r->head.is_close && !atomic_load_explicit(&l->server->is_stopping, memory_order_relaxed);
    return head_accept(c);
}

enum step
conn_step_head(struct conn *c)
{
    size_t have = c->in_n - c->in_at;
    if (have != 0) {
        size_t head_n = 0;
        switch (parse_scan(&c->scan, c->in + c->in_at, have, &head_n)) {
        case PARSE_DONE:
            return head_done(c, head_n);
        case PARSE_BAD:
            return conn_refuse(c, 400);
        case PARSE_MORE:
            break;
        }
        if (have == c->loop->in_cap) {
            return conn_refuse(c, c->scan.has_line ? 431 : 414);
        }
        if (!c->scan.has_line && have > PARSE_TARGET_MAX + 64) {
            return conn_refuse(c, 414);
        }
    }
    return conn_fill(c);
}
