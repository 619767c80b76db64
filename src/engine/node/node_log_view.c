/* node_log_view.c: the log read in large pieces, for who follows it: thousands of records with a
 * few calls to the kernel. */
#include "engine/node/node_int.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define VIEW_BYTES ((size_t)256 << 10)

static uint64_t
number_get(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

bool
node_record_head(const uint8_t head[NODE_RECORD_HEAD], struct node_record *r, struct digest *before)
{
    if (memcmp(head, NODE_RECORD_MAGIC, 4) != 0 ||
        (head[4] != NODE_MESSAGE && head[4] != NODE_STAMP && head[4] != NODE_REFUSAL) ||
        number_get(head + 5, 3) != 0 || number_get(head + 12, 4) != 0 ||
        number_get(head + 8, 4) > NODE_RECORD_BYTES) {
        return false;
    }
    r->type = (enum node_record_type)head[4];
    r->body.n = (size_t)number_get(head + 8, 4);
    r->seq = number_get(head + 16, 8);
    r->at_us = (int64_t)(number_get(head + 24, 8) & INT64_MAX);
    memcpy(before->b, head + 32, 32);
    return true;
}

void
node_log_view_close(struct node_log_view *v)
{
    if (v->fd > 0) {
        (void)close(v->fd);
    }
    *v = (struct node_log_view){ .fd = 0 };
}

static enum err
view_open(struct ctx *cx, struct node_log_view *v, struct str dir, int64_t segment)
{
    if (v->fd > 0 && v->segment == segment) {
        return ERR_OK;
    }
    node_log_view_close(v);
    int fd = open(str_z(cx->arena, node_log_path(cx->arena, dir, segment)), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        struct str old = node_log_path(cx->arena, node_log_archive_dir(cx, dir), segment);
        fd = open(str_z(cx->arena, old), O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) {
        return err_set(cx, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "segment %" PRId64, segment);
    }
    v->fd = fd;
    v->segment = segment;
    return ERR_OK;
}

/* The n bytes at a place; fewer at the end of the segment. What was handed out before stays. */
static enum err
view_bytes(struct ctx *cx, struct node_log_view *v, int64_t at, size_t n, struct str *ret)
{
    if (at < v->from || at + (int64_t)n > v->from + (int64_t)v->bytes.n) {
        size_t want = n < VIEW_BYTES ? VIEW_BYTES : n;
        char *p = arena_alloc(cx->arena, want);
        size_t have = 0;
        while (have < n) {
            ssize_t got = pread(v->fd, p + have, want - have, at + (int64_t)have);
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got < 0) {
                return err_set(cx, ERR_IO, "segment %" PRId64 ", errno %d", v->segment, errno);
            }
            if (got == 0) {
                break;
            }
            have += (size_t)got;
        }
        v->from = at;
        v->bytes = (struct str){ p, have };
    }
    *ret = str_slice(v->bytes, (size_t)(at - v->from), (size_t)(at - v->from) + n);
    return ERR_OK;
}

enum err
node_log_view_read(struct ctx *cx, struct node_log_view *v, struct str dir, int64_t segment,
                   int64_t at, struct node_record *ret)
{
    struct str bytes;
    struct digest before;
    struct node_record r = { .segment = segment, .at = at };
    TRY(view_open(cx, v, dir, segment));
    TRY(view_bytes(cx, v, at, NODE_RECORD_HEAD, &bytes));
    if (bytes.n == 0) {
        return err_set(cx, ERR_NOT_FOUND, "end of a segment");
    }
    if (bytes.n < NODE_RECORD_HEAD || !node_record_head((const uint8_t *)bytes.p, &r, &before)) {
        return err_set(cx, ERR_CONFLICT, "no record at %" PRId64, at);
    }
    size_t n = NODE_RECORD_HEAD + r.body.n;
    TRY(view_bytes(cx, v, at, n + sizeof(before.b), &bytes));
    if (bytes.n < n + sizeof(before.b)) {
        return err_set(cx, ERR_CONFLICT, "half a record at %" PRId64, at);
    }
    struct digest after = digest_sha256(str_slice(bytes, 0, n));
    if (memcmp(after.b, bytes.p + n, sizeof(after.b)) != 0) {
        return err_set(cx, ERR_CONFLICT, "a changed record at %" PRId64, at);
    }
    r.body = str_slice(bytes, NODE_RECORD_HEAD, n);
    r.next = at + (int64_t)bytes.n;
    *ret = r;
    return ERR_OK;
}
