/* conn_body.c: takes bodies in: small ones to memory, large ones block by block to a spool file. */
#include "net/server_int.h"

#include <errno.h>

static void
body_new_spool(struct conn *c)
{
    struct req *r = c->req;
    struct server *s = c->loop->server;
    r->block_cap =
        size_add(size_add(SPOOL_BLOCK_BYTES, s->config.body_memory_bytes), c->loop->in_cap);
    r->block = malloc(r->block_cap);
    if (r->block == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    r->block_n = 0;
    uint64_t serial = atomic_fetch_add(&s->spool_serial, 1);
    r->spool_path =
        str_z(r->arena, str_fmt(r->arena, STR_FMT "/body-%" PRIu64 "-" STR_FMT,
                                STR_ARG(s->config.spool_dir), serial, STR_ARG(r->rq.trace_id)));
}

enum step
conn_body_begin(struct conn *c)
{
    struct req *r = c->req;
    size_t in_memory = c->loop->server->config.body_memory_bytes;
    c->body = (struct parse_body){ .framing = r->head.framing, .left = r->head.length };
    c->body_n = 0;
    c->body_mem = buf_new(r->arena, in_memory);
    if (r->head.framing == PARSE_LENGTH && r->head.length > in_memory) {
        body_new_spool(c);
    }
    c->state = CONN_BODY;
    timer_arm(c, TIMER_BODY);
    if (r->head.expects_continue && c->in_at == c->in_n &&
        !conn_send_now(c, STR("HTTP/1.1 100 Continue\r\n\r\n"))) {
        conn_kill(c);
    }
    return STEP_MORE;
}

/* Hands the block to a file thread; reading goes on when it is written. */
static enum step
spool_flush(struct conn *c, bool is_last)
{
    struct req *r = c->req;
    struct server *s = c->loop->server;
    uint64_t all = atomic_fetch_add(&s->spooled, r->block_n) + r->block_n;
    r->spooled += (int64_t)r->block_n;
    if (all > s->config.spool_max_bytes) {
        return conn_refuse(c, 503);
    }
    r->op.kind = FILE_SPOOL;
    r->op.p = r->block;
    r->op.n = r->block_n;
    r->op.is_last = is_last;
    r->is_out = true;
    c->state = CONN_WAIT;
    timer_arm(c, TIMER_NONE);
    files_submit(s, &r->op);
    return STEP_WAIT;
}

/* Keeps one piece of content. 0, or the status to refuse with. */
static int
body_keep(struct conn *c, struct str data)
{
    struct req *r = c->req;
    c->body_n += data.n;
    if (c->body_n > r->body_max) {
        return 413;
    }
    if (r->block == NULL && c->body_mem.n + data.n > c->body_mem.max) {
        body_new_spool(c);
        if (c->body_mem.n != 0) {
            memcpy(r->block, c->body_mem.p, c->body_mem.n);
        }
        r->block_n = c->body_mem.n;
    }
    if (r->block == NULL) {
        buf_add(&c->body_mem, data);
        return 0;
    }
    ASSERT(r->block_n + data.n <= r->block_cap);
    memcpy(r->block + r->block_n, data.p, data.n);
    r->block_n += data.n;
    return 0;
}

static enum step
body_done(struct conn *c)
{
    struct req *r = c->req;
    r->rq.body_bytes = (int64_t)c->body_n;
    if (r->block != NULL) {
        return spool_flush(c, true);
    }
    r->rq.body = buf_str(&c->body_mem);
    conn_dispatch(c);
    return STEP_MORE;
}

enum step
conn_step_body(struct conn *c)
{
    struct req *r = c->req;
    while (c->in_at < c->in_n) {
        size_t used = 0;
        struct str data;
        enum parse_state state =
            parse_body(&c->body, c->in + c->in_at, c->in_n - c->in_at, &used, &data);
        c->in_at += used;
        if (state == PARSE_BAD) {
            return conn_refuse(c, 400);
        }
        int status = data.n == 0 ? 0 : body_keep(c, data);
        if (status != 0) {
            return conn_refuse(c, status);
        }
        if (state == PARSE_DONE) {
            return body_done(c);
        }
        if (r->block != NULL && r->block_cap - r->block_n < c->loop->in_cap) {
            return spool_flush(c, false);
        }
    }
    return conn_fill(c);
}

/* A block of the body is in the file, or could not be written. */
void
conn_spooled(struct conn *c)
{
    struct req *r = c->req;
    if (r->op.result != 0) {
        (void)conn_refuse(c, r->op.result == ENOSPC || r->op.result == EDQUOT ? 507 : 500);
        return;
    }
    r->block_n = 0;
    if (!r->op.is_last) {
        c->state = CONN_BODY;
        timer_arm(c, TIMER_BODY);
        return;
    }
    free(r->block);
    r->block = NULL;
    r->rq.body_path = str_of(r->spool_path);
    conn_dispatch(c);
}
