/* relay_pump.c: moves one body from one connection to the other. What was read is sent before more
 * is read: a slow sink stops its source, and a call never holds more than two buffers. */
#include "net/relay_int.h"

#define BIG_AFTER ((uint64_t)64 * 1024)

static struct iovec
iov_of(struct str s)
{
    union { /* sendmsg takes a pointer to non-const and does not write */
        const char *from;
        void *to;
    } p = { .from = s.p };
    return (struct iovec){ .iov_base = p.to, .iov_len = s.n };
}

static void
out(struct rpump *p, struct str s)
{
    if (s.n != 0) {
        ASSERT(p->n < COUNT_OF(p->iov));
        p->iov[p->n++] = iov_of(s);
    }
}

void
pump_begin(struct rpump *p, struct str head)
{
    p->at = 0;
    p->n = 0;
    out(p, head);
}

/* Content as the sink's framing wants it. */
static void
out_content(struct rpump *p, struct str data, bool is_last)
{
    if (!p->is_chunked_out) {
        out(p, data);
        return;
    }
    if (data.n != 0) {
        int n = snprintf(p->size_line, sizeof(p->size_line), "%zx\r\n", data.n);
        out(p, (struct str){ p->size_line, (size_t)n });
        out(p, data);
        out(p, is_last ? STR("\r\n0\r\n\r\n") : STR("\r\n"));
    } else if (is_last) {
        out(p, STR("0\r\n\r\n"));
    }
}

/* All content among the bytes at hand, moved together over the framing between. */
static enum parse_state
gather(struct rpump *p, struct rconn *from, struct str *ret)
{
    enum parse_state state = PARSE_MORE;
    char *to = NULL;
    size_t n = 0;
    while (state == PARSE_MORE && from->in_at < from->in_n) {
        size_t used = 0;
        struct str data;
        char *base = from->in + from->in_at;
        state = parse_body(&p->body, base, from->in_n - from->in_at, &used, &data);
        if (data.n != 0) {
            char *at = base + (data.p - base);
            if (to == NULL) {
                to = at;
            } else if (to + n != at) {
                memmove(to + n, at, data.n);
            }
            n += data.n;
        }
        from->in_at += used;
    }
    *ret = (struct str){ to, n };
    return state;
}

static enum rpump_end
produce_plain(struct rpump *p, struct rconn *from, struct str *ret)
{
    if (p->is_until_close) {
        *ret = (struct str){ from->in + from->in_at, from->in_n - from->in_at };
        from->in_at = from->in_n;
        return PUMP_AGAIN;
    }
    switch (gather(p, from, ret)) {
    case PARSE_BAD:
        return PUMP_BAD;
    case PARSE_DONE:
        p->is_done = true;
        break;
    case PARSE_MORE:
        break;
    }
    return PUMP_AGAIN;
}

/* From the bytes at hand to what is to be sent. */
static enum rpump_end
produce(struct rpump *p, struct rconn *from)
{
    struct str data;
    enum rpump_end end = produce_plain(p, from, &data);
    p->bytes += data.n;
    if (end != PUMP_AGAIN) {
        return end;
    }
    if (p->bytes > p->bytes_max) {
        return PUMP_TOO_BIG;
    }
    if (p->filter != NULL) {
        if (!filter_run(p->filter, data, &data) || (p->is_done && !filter_is_whole(p->filter))) {
            return PUMP_FILTER;
        }
    }
    out_content(p, data, p->is_done);
    return PUMP_AGAIN;
}

static enum rpump_end
flush(struct rpump *p, struct rconn *to)
{
    while (p->at < p->n) {
        int64_t n = to->can_write ? rconn_write(to, &p->iov[p->at], p->n - p->at) : RIO_WAIT;
        if (n == RIO_WAIT) {
            p->is_begun = p->is_begun || to->ssl != NULL; /* a record may be half made */
            return PUMP_WAIT_TO;
        }
        p->is_begun = true;
        if (n < 0) {
            to->is_broken = true;
            return PUMP_BROKEN;
        }
        p->moved += (uint64_t)n;
        for (size_t left = (size_t)n; left != 0;) {
            struct iovec *v = &p->iov[p->at];
            size_t take = left < v->iov_len ? left : v->iov_len;
            v->iov_base = (char *)v->iov_base + take;
            v->iov_len -= take;
            left -= take;
            p->at += v->iov_len == 0 ? 1U : 0U;
        }
    }
    p->at = 0;
    p->n = 0;
    return PUMP_AGAIN;
}

/* A long body gets a large buffer: fewer calls to the kernel per byte. */
static void
grow(const struct rpump *p, struct rconn *from)
{
    if (p->bytes >= BIG_AFTER && from->in_cap < RELAY_BIG_BYTES && from->in_at == from->in_n) {
        rconn_in_drop(from);
        if (from->in == NULL) {
            from->in_cap = RELAY_BIG_BYTES;
        }
    }
}

static enum rpump_end
fill(struct rpump *p, struct rconn *from)
{
    grow(p, from);
    int64_t n = rconn_fill(from);
    if (n == RIO_WAIT) {
        return PUMP_WAIT_FROM;
    }
    if (n > 0) {
        return PUMP_AGAIN;
    }
    if (p->is_until_close && n == RIO_END) {
        p->is_done = true;
        if (p->filter != NULL && !filter_is_whole(p->filter)) {
            return PUMP_FILTER;
        }
        out_content(p, STR(""), true);
        return PUMP_AGAIN;
    }
    return PUMP_CUT;
}

enum rpump_end
pump_take(struct rpump *p, struct rconn *from, struct str *ret)
{
    *ret = STR("");
    if (p->is_done) {
        return PUMP_DONE;
    }
    if (from->in_at == from->in_n) {
        int64_t n = rconn_fill(from);
        if (n == RIO_WAIT) {
            return PUMP_WAIT_FROM;
        }
        if (n <= 0) {
            p->is_done = p->is_until_close && n == RIO_END;
            return p->is_done ? PUMP_DONE : PUMP_CUT;
        }
    }
    enum rpump_end end = produce_plain(p, from, ret);
    p->bytes += ret->n;
    if (end == PUMP_AGAIN && p->bytes > p->bytes_max) {
        return PUMP_TOO_BIG;
    }
    return end == PUMP_AGAIN && p->is_done ? PUMP_DONE : end;
}

void
pump_give(struct rpump *p, struct str content)
{
    out_content(p, content, p->is_done);
}

/* One round: sends what is waiting, then makes more. PUMP_AGAIN: call again. */
enum rpump_end
pump_run(struct rpump *p, struct rconn *from, struct rconn *to)
{
    /* a head that waits takes the content at hand along */
    bool has_room = p->n == 0 || (p->n == 1 && p->at == 0);
    if (!p->is_done && has_room && from->in_at < from->in_n) {
        enum rpump_end end = produce(p, from);
        if (end != PUMP_AGAIN) {
            return end;
        }
    }
    enum rpump_end end = flush(p, to);
    if (end != PUMP_AGAIN) {
        return end;
    }
    if (p->is_done) {
        return PUMP_DONE;
    }
    return from->in_at < from->in_n ? PUMP_AGAIN : fill(p, from);
}
