/* conn_send.c: what comes after all bytes at hand are sent: the next block, or the next request. */
#include "net/server_int.h"

static enum step
file_more(struct conn *c)
{
    struct req *r = c->req;
    if (r->block == NULL) {
        r->block = malloc(FILE_BLOCK_BYTES);
        if (r->block == NULL) {
            base_panic(__FILE__, __LINE__, "out of memory");
        }
    }
    r->op.kind = FILE_READ;
    r->op.p = r->block;
    r->op.n = r->file_left < (int64_t)FILE_BLOCK_BYTES ? (size_t)r->file_left : FILE_BLOCK_BYTES;
    r->is_out = true;
    c->state = CONN_WAIT;
    timer_arm(c, TIMER_NONE);
    files_submit(c->loop->server, &r->op);
    return STEP_WAIT;
}

/* The answer is out: ready for the next request, or the end. */
static enum step
answer_done(struct conn *c)
{
    bool keep_alive = c->req->keep_alive && !c->loop->is_draining;
    req_release(c->req);
    c->req = NULL;
    c->n_served++;
    if (!keep_alive) {
        conn_linger(c);
        return STEP_MORE;
    }
    c->state = CONN_HEAD;
    timer_arm(c, c->in_at == c->in_n ? TIMER_IDLE : TIMER_HEAD);
    return STEP_MORE;
}

enum step
conn_sent(struct conn *c)
{
    struct req *r = c->req;
    if (c->state == CONN_EVENTS) {
        return STEP_MORE; /* the next event, if there is one */
    }
    if (c->has_chunk) {
        c->has_chunk = false;
        c->state = CONN_WAIT;
        timer_arm(c, TIMER_NONE);
        stream_settle(r->stream, ERR_OK);
        return STEP_WAIT;
    }
    bool is_file = r->rs.kind == HTTP_FILE || r->rs.kind == HTTP_SPOOLED;
    if (!r->is_bodiless && is_file && r->file_left > 0) {
        return file_more(c);
    }
    if (!r->is_bodiless && r->rs.kind == HTTP_EVENTS) {
        events_begin(c);
        return STEP_MORE;
    }
    return answer_done(c);
}
