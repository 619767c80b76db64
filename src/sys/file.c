/* file.c: whole files, written so that a crash leaves the old or the new content, never a mixture.
 */
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)65536)

/* The error of a failed system call. Paths hold no personal data: they are ours. */
static enum err
fail_errno(struct ctx *cx, int no, const char *what, struct str path)
{
    if (no == ENOENT || no == ENOTDIR) {
        return err_set(cx, ERR_NOT_FOUND, "%s " STR_FMT, what, STR_ARG(path));
    }
    if (no == ENOSPC || no == EDQUOT) {
        return err_set(cx, ERR_DISK_FULL, "%s " STR_FMT, what, STR_ARG(path));
    }
    return err_set(cx, ERR_IO, "%s " STR_FMT ": errno %d", what, STR_ARG(path), no);
}

static int
open_read(struct ctx *cx, struct str path)
{
    return open(str_z(cx->arena, path), O_RDONLY | O_CLOEXEC);
}

/* Reads up to n bytes; fewer only at the end of the file. -1 with errno on failure. */
static ssize_t
read_full(int fd, char *p, size_t n)
{
    size_t have = 0;
    while (have < n) {
        ssize_t got = read(fd, p + have, n - have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        have += (size_t)got;
    }
    return (ssize_t)have;
}

static int
write_full(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, p, n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return -1;
        }
        p += put;
        n -= (size_t)put;
    }
    return 0;
}

enum err
sys_file_read(struct ctx *cx, struct str path, size_t max_bytes, struct str *ret)
{
    int fd = open_read(cx, path);
    if (fd < 0) {
        return fail_errno(cx, errno, "open", path);
    }
    enum err e = ERR_OK;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        e = fail_errno(cx, errno, "stat", path);
    } else if (!S_ISREG(st.st_mode)) {
        e = err_set(cx, ERR_IO, "not a plain file: " STR_FMT, STR_ARG(path));
    } else if ((uint64_t)st.st_size > max_bytes) {
        e = err_set(cx, ERR_TOO_LARGE, STR_FMT ": %jd bytes", STR_ARG(path), (intmax_t)st.st_size);
    }
    if (e == ERR_OK) {
        size_t n = (size_t)st.st_size;
        char *p = arena_alloc(cx->arena, size_add(n, 1));
        ssize_t got = read_full(fd, p, n);
        if (got < 0) {
            e = fail_errno(cx, errno, "read", path);
        } else {
            *ret = (struct str){ p, (size_t)got };
        }
    }
    (void)close(fd);
    return e;
}

enum err
sys_file_each(struct ctx *cx, struct str path, sys_chunk_fn *fn, void *arg)
{
    int fd = open_read(cx, path);
    if (fd < 0) {
        return fail_errno(cx, errno, "open", path);
    }
    char *p = arena_alloc(cx->arena, CHUNK_BYTES);
    enum err e = ERR_OK;
    ssize_t got = 1;
    while (e == ERR_OK && got > 0) {
        got = read_full(fd, p, CHUNK_BYTES);
        if (got < 0) {
            e = fail_errno(cx, errno, "read", path);
        } else if (got > 0) {
            e = fn(cx, (struct str){ p, (size_t)got }, arg);
        }
    }
    (void)close(fd);
    return e;
}

enum err
sys_file_part(struct ctx *cx, struct str path, int64_t at_bytes, size_t max_bytes, struct str *ret)
{
    int fd = open_read(cx, path);
    if (fd < 0) {
        return fail_errno(cx, errno, "open", path);
    }
    char *p = arena_alloc(cx->arena, max_bytes);
    ssize_t got = lseek(fd, at_bytes, SEEK_SET) < 0 ? -1 : read_full(fd, p, max_bytes);
    enum err e = got < 0 ? fail_errno(cx, errno, "read", path) : ERR_OK;
    (void)close(fd);
    TRY(e);
    *ret = (struct str){ p, (size_t)got };
    return ERR_OK;
}

enum err
sys_file_add(struct ctx *cx, struct str path, int64_t at_bytes, struct str bytes)
{
    int fd = open(str_z(cx->arena, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        return fail_errno(cx, errno, "open", path);
    }
    enum err e = ERR_OK;
    if (lseek(fd, 0, SEEK_END) != at_bytes) {
        e = err_set(cx, ERR_CONFLICT, "the file has another size: " STR_FMT, STR_ARG(path));
    } else if (write_full(fd, bytes.p, bytes.n) != 0) {
        e = fail_errno(cx, errno, "write", path);
    }
    if (close(fd) != 0 && e == ERR_OK) {
        e = fail_errno(cx, errno, "close", path);
    }
    return e;
}

struct str
sys_path_dir(struct str path)
{
    size_t i = path.n;
    while (i > 0 && path.p[i - 1] != '/') {
        i--;
    }
    if (i == 0) {
        return STR(".");
    }
    return i == 1 ? STR("/") : str_slice(path, 0, i - 1);
}

enum err
sys_dir_sync(struct ctx *cx, struct str path)
{
    int fd = open(str_z(cx->arena, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(cx, errno, "open folder", path);
    }
    enum err e = fsync(fd) == 0 ? ERR_OK : fail_errno(cx, errno, "fsync folder", path);
    (void)close(fd);
    return e;
}

static enum err
sync_dir_of(struct ctx *cx, struct str path)
{
    return sys_dir_sync(cx, sys_path_dir(path));
}

/* A new file beside path, whose name no one else has. */
static enum err
open_beside(struct ctx *cx, struct str path, char **ret_name, int *ret_fd)
{
    char *name = str_z(cx->arena, str_cat(cx->arena, path, STR(".tmp-XXXXXX")));
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(cx, errno, "create beside", path);
    }
    if (fchmod(fd, 0640) != 0) {
        enum err e = fail_errno(cx, errno, "chmod", path);
        (void)close(fd);
        (void)unlink(name);
        return e;
    }
    *ret_name = name;
    *ret_fd = fd;
    return ERR_OK;
}

/* Syncs and closes the file beside, puts it in place (when all went well), else removes it. */
static enum err
finish_beside(struct ctx *cx, enum err e, char *name, int fd, struct str path)
{
    ASSERT(name != NULL);
    if (e == ERR_OK && fsync(fd) != 0) {
        e = fail_errno(cx, errno, "fsync", path);
    }
    if (close(fd) != 0 && e == ERR_OK) {
        e = fail_errno(cx, errno, "close", path);
    }
    if (e == ERR_OK && rename(name, str_z(cx->arena, path)) != 0) {
        e = fail_errno(cx, errno, "rename", path);
    }
    if (e != ERR_OK) {
        (void)unlink(name);
        return e;
    }
    return sync_dir_of(cx, path);
}

enum err
sys_file_write(struct ctx *cx, struct str path, struct str bytes)
{
    char *name = NULL;
    int fd = -1;
    TRY(open_beside(cx, path, &name, &fd));
    enum err e =
        write_full(fd, bytes.p, bytes.n) == 0 ? ERR_OK : fail_errno(cx, errno, "write", path);
    return finish_beside(cx, e, name, fd, path);
}

struct copy_to {
    int fd;
    struct str path;
};

static enum err
copy_chunk(struct ctx *cx, struct str chunk, void *arg)
{
    struct copy_to *to = arg;
    return write_full(to->fd, chunk.p, chunk.n) == 0 ? ERR_OK
                                                     : fail_errno(cx, errno, "write", to->path);
}

enum err
sys_file_copy(struct ctx *cx, struct str from, struct str to)
{
    char *name = NULL;
    int fd = -1;
    TRY(open_beside(cx, to, &name, &fd));
    struct copy_to dest = { .fd = fd, .path = to };
    enum err e = sys_file_each(cx, from, copy_chunk, &dest);
    return finish_beside(cx, e, name, fd, to);
}

enum err
sys_file_move(struct ctx *cx, struct str from, struct str to)
{
    int fd = open_read(cx, from);
    if (fd < 0) {
        return fail_errno(cx, errno, "open", from);
    }
    enum err e = fsync(fd) == 0 ? ERR_OK : fail_errno(cx, errno, "fsync", from);
    (void)close(fd);
    TRY(e);
    if (rename(str_z(cx->arena, from), str_z(cx->arena, to)) != 0) {
        if (errno == EXDEV) {
            return err_set(cx, ERR_UNSUPPORTED, "other file system: " STR_FMT, STR_ARG(to));
        }
        return fail_errno(cx, errno, "rename", from);
    }
    return sync_dir_of(cx, to);
}

enum err
sys_file_touch(struct ctx *cx, struct str path, int64_t at_us)
{
    struct timespec t = { .tv_sec = at_us / 1000000, .tv_nsec = (at_us % 1000000) * 1000 };
    if (utimensat(AT_FDCWD, str_z(cx->arena, path), (struct timespec[2]){ t, t }, 0) != 0) {
        return fail_errno(cx, errno, "touch", path);
    }
    return sync_dir_of(cx, path);
}

enum err
sys_file_rename(struct ctx *cx, struct str from, struct str to)
{
    if (rename(str_z(cx->arena, from), str_z(cx->arena, to)) != 0) {
        return fail_errno(cx, errno, "rename", from);
    }
    return ERR_OK;
}

enum err
sys_file_remove(struct ctx *cx, struct str path)
{
    if (unlink(str_z(cx->arena, path)) == 0 || errno == ENOENT) {
        return ERR_OK;
    }
    return fail_errno(cx, errno, "remove", path);
}

bool
sys_file_exists(struct ctx *cx, struct str path)
{
    return access(str_z(cx->arena, path), F_OK) == 0;
}

enum err
sys_disk_free(struct ctx *cx, struct str path, int64_t *ret_bytes)
{
    struct statvfs v;
    if (statvfs(str_z(cx->arena, path), &v) != 0) {
        return fail_errno(cx, errno, "statvfs", path);
    }
    *ret_bytes = (int64_t)(v.f_bavail * v.f_frsize);
    return ERR_OK;
}

enum err
sys_file_info(struct ctx *cx, struct str path, struct sys_file_info *ret)
{
    struct stat st;
    if (stat(str_z(cx->arena, path), &st) != 0) {
        return fail_errno(cx, errno, "stat", path);
    }
    ret->size_bytes = st.st_size;
    ret->changed_us = (int64_t)st.st_mtim.tv_sec * 1000000 + (int64_t)st.st_mtim.tv_nsec / 1000;
    ret->is_dir = S_ISDIR(st.st_mode);
    return ERR_OK;
}

struct str
sys_share_path(struct ctx *cx, const char *name)
{
    struct str dir = cx->config != NULL ? cx->config->share_dir : STR_NULL;
    return str_is_empty(dir) ? str_dup(cx->arena, str_of(name))
                             : str_fmt(cx->arena, STR_FMT "/%s", STR_ARG(dir), name);
}
