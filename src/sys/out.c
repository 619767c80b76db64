/* out.c: files written piece by piece. */
#include "sys/out.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)256 * 1024)

struct sys_out {
    int fd;
    bool is_stdout;
    char *path, *part; /* its place, and where it stands until finished */
    char *block;
    size_t n;
    int64_t n_written;
};

static enum err
fail(struct ctx *cx, int no, const char *what, const char *path)
{
    return err_set(cx, no == ENOSPC || no == EDQUOT ? ERR_DISK_FULL : ERR_IO, "%s %s: errno %d",
                   what, path, no);
}

static char *
copy_z(struct str s, const char *more)
{
    size_t n = strlen(more);
    char *p = malloc(s.n + n + 1);
    ASSERT(p != NULL);
    memcpy(p, s.p, s.n);
    memcpy(p + s.n, more, n + 1);
    return p;
}

enum err
sys_out_open(struct ctx *cx, struct str path, struct sys_out **ret)
{
    struct sys_out *o = calloc(1, sizeof(*o));
    ASSERT(o != NULL);
    o->is_stdout = str_eq(path, STR("-"));
    o->path = copy_z(path, "");
    o->part = copy_z(path, ".part");
    o->block = malloc(BLOCK_BYTES);
    ASSERT(o->block != NULL);
    o->fd = o->is_stdout ? STDOUT_FILENO
                         : open(o->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (o->fd < 0) {
        enum err e = fail(cx, errno, "create", o->part);
        sys_out_free(o);
        return e;
    }
    *ret = o;
    return ERR_OK;
}

static enum err
flush(struct ctx *cx, struct sys_out *o)
{
    size_t at = 0;
    while (at < o->n) {
        ssize_t put = write(o->fd, o->block + at, o->n - at);
        if (put < 0 && errno != EINTR) {
            return fail(cx, errno, "write", o->path);
        }
        at += put > 0 ? (size_t)put : 0;
    }
    o->n = 0;
    return ERR_OK;
}

enum err
sys_out_write(struct ctx *cx, struct sys_out *o, struct str bytes)
{
    o->n_written += (int64_t)bytes.n;
    while (bytes.n > 0) {
        size_t room = BLOCK_BYTES - o->n;
        size_t part = bytes.n < room ? bytes.n : room;
        memcpy(o->block + o->n, bytes.p, part);
        o->n += part;
        bytes = str_slice(bytes, part, bytes.n);
        if (o->n == BLOCK_BYTES) {
            TRY(flush(cx, o));
        }
    }
    return ERR_OK;
}

enum err
sys_out_finish(struct ctx *cx, struct sys_out *o, bool is_synced)
{
    TRY(flush(cx, o));
    if (o->is_stdout) {
        o->fd = -1;
        return ERR_OK;
    }
    int rc = is_synced ? fsync(o->fd) : 0;
    int no = errno;
    rc = close(o->fd) != 0 ? -1 : rc;
    o->fd = -1;
    if (rc == 0 && rename(o->part, o->path) != 0) {
        rc = -1;
        no = errno;
    }
    if (rc != 0) {
        (void)unlink(o->part);
        return fail(cx, no, "finish", o->path);
    }
    return is_synced ? sys_dir_sync(cx, sys_path_dir(str_of(o->path))) : ERR_OK;
}

void
sys_out_free(struct sys_out *o)
{
    if (o == NULL) {
        return;
    }
    if (o->fd >= 0 && !o->is_stdout) {
        (void)close(o->fd);
        (void)unlink(o->part);
    }
    free(o->path);
    free(o->part);
    free(o->block);
    free(o);
}

int64_t
sys_out_bytes(const struct sys_out *o)
{
    return o->n_written;
}

enum err
sys_sync_all(struct ctx *cx, struct str path)
{
    const char *z = str_z(cx->arena, path);
    int fd = open(z, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail(cx, errno, "open", z);
    }
    int rc = syncfs(fd);
    int no = errno;
    (void)close(fd);
    return rc == 0 ? ERR_OK : fail(cx, no, "sync", z);
}
