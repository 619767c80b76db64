/* stream.c: a body written by a worker while the client reads. Two blocks: one is filled while the
 * other is on its way; a slow client holds the worker back, and at most for the write time. */
#include "net/server_int.h"

#define ROOM_BEFORE 16U /* "10000\r\n" with space to spare */
#define ROOM_AFTER  8U  /* "\r\n" and "0\r\n\r\n" */

/* Waits until the flying block has landed. */
static enum err
stream_wait(struct http_stream *st)
{
    (void)pthread_mutex_lock(&st->lock);
    while (st->is_flying) {
        (void)pthread_cond_wait(&st->moved, &st->lock);
    }
    enum err e = st->fault;
    (void)pthread_mutex_unlock(&st->lock);
    return e;
}

/* Frames the filled block as one chunk; the last one carries the end of the body. */
static struct str
chunk_frame(struct http_stream *st, bool is_last)
{
    char *content = st->blocks[st->filling] + ROOM_BEFORE;
    char *from = content;
    size_t n = st->n;
    static const char line_end[2] = { '\r', '\n' }, last[5] = { '0', '\r', '\n', '\r', '\n' };
    if (n != 0) {
        memcpy(content + n, line_end, sizeof(line_end));
        *--from = '\n';
        *--from = '\r';
        for (size_t v = n; v != 0; v >>= 4) {
            *--from = "0123456789abcdef"[v & 15U];
        }
        n += 2;
    }
    if (is_last) {
        memcpy(content + n, last, sizeof(last));
        n += sizeof(last);
    }
    return (struct str){ from, (size_t)(content + n - from) };
}

static enum err
stream_post(struct http_stream *st, bool is_last)
{
    const struct server *s = st->req->loop->server;
    TRY(stream_wait(st));
    st->cx->deadline_us = server_mono_us(s) + (int64_t)s->config.request_deadline_ms * 1000;
    st->chunk = chunk_frame(st, is_last);
    st->is_flying = true; /* no one else looks at it now */
    st->n_posted++;
    st->filling ^= 1U;
    st->n = 0;
    st->req->msg.kind = MSG_CHUNK;
    loop_post(st->req->loop, &st->req->msg);
    return ERR_OK;
}

enum err
http_stream_write(struct http_stream *st, struct str bytes)
{
    enum err e = ERR_OK;
    while (bytes.n != 0 && e == ERR_OK) {
        size_t room = STREAM_BLOCK_BYTES - st->n;
        size_t take = bytes.n < room ? bytes.n : room;
        memcpy(st->blocks[st->filling] + ROOM_BEFORE + st->n, bytes.p, take);
        st->n += take;
        bytes = str_slice(bytes, take, bytes.n);
        if (st->n == STREAM_BLOCK_BYTES) {
            e = stream_post(st, false);
        }
    }
    return e;
}

enum err
http_stream_flush(struct http_stream *st)
{
    return st->n == 0 ? ERR_OK : stream_post(st, false);
}

/* From the loop: the block is sent (ERR_OK), or nothing will be any more. */
void
stream_settle(struct http_stream *st, enum err fault)
{
    (void)pthread_mutex_lock(&st->lock);
    st->is_flying = false;
    if (st->fault == ERR_OK) {
        st->fault = fault;
    }
    (void)pthread_cond_signal(&st->moved);
    (void)pthread_mutex_unlock(&st->lock);
}

/* On the worker: runs the handler's function to its end. */
enum err
stream_run(struct req *r, struct ctx *cx)
{
    struct http_stream *st = calloc(1, sizeof(*st));
    ASSERT(st != NULL);
    ASSERT(pthread_mutex_init(&st->lock, NULL) == 0 && pthread_cond_init(&st->moved, NULL) == 0);
    for (size_t i = 0; i < COUNT_OF(st->blocks); i++) {
        st->blocks[i] = malloc(ROOM_BEFORE + STREAM_BLOCK_BYTES + ROOM_AFTER);
        ASSERT(st->blocks[i] != NULL);
    }
    st->req = r;
    st->cx = cx;
    r->stream = st;
    enum err e = r->rs.stream_fn == NULL ? ERR_INTERNAL : r->rs.stream_fn(cx, r->rs.stream_arg, st);
    if (e == ERR_OK) {
        e = stream_post(st, true);
    }
    enum err last = stream_wait(st); /* the loop must be done with our blocks and the message */
    return e != ERR_OK ? e : last;
}

void
stream_free(struct http_stream *st)
{
    if (st == NULL) {
        return;
    }
    free(st->blocks[0]);
    free(st->blocks[1]);
    (void)pthread_cond_destroy(&st->moved);
    (void)pthread_mutex_destroy(&st->lock);
    free(st);
}
