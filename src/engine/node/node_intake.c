/* node_intake.c: an envelope that comes in or goes out piece by piece. What fits into memory stays
 * there; of a larger message the head stays and the body goes to a file, hashed as it comes, so
 * that 100 MB take no more memory than 256 KiB. */
#include "engine/node/node_int.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FRONT_BYTES (8 + NODE_PROOF_MAX + 64 + NODE_WHOLE_BYTES)

struct node_intake {
    struct ctx *cx;
    struct str dir;
    struct buf front; /* prefix, proof, head; and the body until it is too large */
    struct str file;  /* null: all is in front */
    int fd;
    int64_t file_bytes;
    struct digest_stream *message, *body;
};

struct node_intake *
node_intake_open(struct ctx *cx, struct str log_dir)
{
    struct node_intake *t = ARENA_NEW(cx->arena, struct node_intake);
    *t = (struct node_intake){
        .cx = cx, .dir = log_dir, .front = buf_new(cx->arena, FRONT_BYTES), .fd = -1
    };
    return t;
}

static enum err
write_out(struct node_intake *t, struct str bytes)
{
    if (t->file_bytes + (int64_t)bytes.n > NODE_BODY_BYTES) {
        return err_set(t->cx, ERR_TOO_LARGE, "a body above %" PRId64 " bytes", NODE_BODY_BYTES);
    }
    digest_add(t->message, bytes);
    digest_add(t->body, bytes);
    while (bytes.n != 0) {
        ssize_t n = write(t->fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return err_set(t->cx, errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO,
                           "file of a body, errno %d", errno);
        }
        t->file_bytes += n;
        bytes = str_slice(bytes, (size_t)n, bytes.n);
    }
    return ERR_OK;
}

/* Too large for memory: from here on the body is in a file. */
static enum err
spill(struct node_intake *t)
{
    struct str proof;
    struct str message;
    struct str all = buf_str(&t->front);
    size_t end = 0;
    bool is_good = node_envelope_read(all, &proof, &message);
    end = is_good ? str_find(str_slice(message, 0, NODE_HEAD_BYTES), STR("\r\n\r\n")) : 0;
    if (!is_good || end + 4 > message.n || end + 4 > NODE_HEAD_BYTES) {
        return err_set(t->cx, ERR_INVALID, "no head in the first %zu bytes", all.n);
    }
    struct str path = node_file_part(t->cx, t->dir);
    t->fd = open(str_z(t->cx->arena, path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (t->fd < 0) {
        return err_set(t->cx, errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO,
                       "file of a body, errno %d", errno);
    }
    t->file = path;
    t->message = digest_begin();
    t->body = digest512_begin();
    struct str head = str_slice(message, 0, end + 4);
    digest_add(t->message, head);
    t->front.n = (size_t)(head.p + head.n - all.p);
    return write_out(t, str_slice(message, end + 4, message.n));
}

enum err
node_intake_add(struct node_intake *t, struct str bytes)
{
    if (t->fd < 0) {
        size_t room = FRONT_BYTES - t->front.n;
        struct str fits = str_slice(bytes, 0, bytes.n < room ? bytes.n : room);
        buf_add(&t->front, fits);
        bytes = str_slice(bytes, fits.n, bytes.n);
        if (bytes.n == 0) {
            return ERR_OK;
        }
        TRY(spill(t));
    }
    return write_out(t, bytes);
}

/* Head and proof from memory, digests from what went by. */
static bool
read_spilled(struct node_intake *t, enum node_kind kind, struct str *ret_proof,
             struct node_message *ret)
{
    struct str head;
    struct digest message = digest_end(t->message);
    struct digest512 body = digest512_end(t->body);
    t->message = t->body = NULL;
    if (!node_envelope_read(buf_str(&t->front), ret_proof, &head) ||
        !node_message_read_head(head, kind, ret) || ret->body_bytes != t->file_bytes) {
        return false;
    }
    ret->file = t->file;
    ret->digest = message;
    ret->body_digest = body;
    return true;
}

enum err
node_intake_end(struct node_intake *t, enum node_kind kind, struct str *ret_proof,
                struct node_message *ret)
{
    struct str message;
    bool is_good = t->fd >= 0 ? read_spilled(t, kind, ret_proof, ret)
                              : node_envelope_read(buf_str(&t->front), ret_proof, &message) &&
                                    node_message_read(message, kind, ret);
    if (!is_good) {
        node_intake_drop(t);
        return err_set(t->cx, ERR_INVALID, "the message is not in the form that is signed");
    }
    if (t->fd >= 0) {
        (void)close(t->fd); /* the file is the message's now */
        t->fd = -1;
        t->file = STR_NULL;
        return ERR_OK;
    }
    return node_message_digest(t->cx, ret);
}

void
node_intake_drop(struct node_intake *t)
{
    if (t->message != NULL) {
        (void)digest_end(t->message);
        (void)digest512_end(t->body);
        t->message = t->body = NULL;
    }
    if (t->fd >= 0) {
        (void)close(t->fd);
        t->fd = -1;
    }
    if (t->file.p != NULL) {
        enum err e = sys_file_remove(t->cx, t->file); /* else the next start takes it away */
        (void)e;
        t->file = STR_NULL;
    }
}

/* --- out -------------------------------------------------------------------------------------- */
struct node_parcel
node_parcel_of(struct arena *a, struct str proof, const struct node_message *m)
{
    return (struct node_parcel){ .front = node_envelope_write(a, proof, m->bytes),
                                 .file = m->file,
                                 .file_bytes = m->file.p != NULL ? m->body_bytes : 0 };
}
