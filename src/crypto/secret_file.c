/* secret_file.c: see secret_file.h. */
#include "crypto/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (64 * 1024)

static enum err
fail(struct ctx *cx, const char *path, const char *what)
{
    bool is_full = errno == ENOSPC || errno == EDQUOT;
    int number = errno;
    (void)ctx_fail(cx, is_full ? ERR_DISK_FULL : ERR_IO, __FILE__, __LINE__, "%s %s: errno %d",
                   what, path, number);
    return is_full ? ERR_DISK_FULL : ERR_IO;
}

static bool
write_and_sync(int fd, struct str bytes)
{
    size_t at = 0;
    while (at < bytes.n) {
        ssize_t n = write(fd, bytes.p + at, bytes.n - at);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0;
}

static enum err
sync_folder(struct ctx *cx, const char *path)
{
    struct str s = str_of(path);
    size_t n = s.n;
    while (n > 0 && s.p[n - 1] != '/') {
        n--;
    }
    const char *folder = n == 0 ? "." : str_z(cx->arena, str_slice(s, 0, n));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        enum err e = fail(cx, folder, "cannot sync");
        if (fd >= 0) {
            (void)close(fd);
        }
        return e;
    }
    (void)close(fd);
    return ERR_OK;
}

/* Written beside under a name of its own, then linked: the link is what fails when the file exists.
 */
enum err
secret_file_write(struct ctx *cx, const char *path, struct str bytes)
{
    const char *beside = str_z(cx->arena, str_fmt(cx->arena, "%s.%d.new", path, (int)getpid()));
    (void)unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(cx, beside, "cannot create");
    }
    enum err e = write_and_sync(fd, bytes) ? ERR_OK : fail(cx, beside, "cannot write");
    (void)close(fd);
    if (e == ERR_OK && link(beside, path) != 0) {
        e = errno == EEXIST ? err_set(cx, ERR_CONFLICT, "%s exists", path)
                            : fail(cx, path, "cannot link");
    }
    (void)unlink(beside);
    TRY(e);
    return sync_folder(cx, path);
}

static enum err
read_open(struct ctx *cx, int fd, const char *path, struct str *ret)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return fail(cx, path, "not a plain file");
    }
    if ((st.st_mode & 077) != 0) {
        return err_set(cx, ERR_FORBIDDEN, "%s may be read by others (mode must be 0600)", path);
    }
    if (st.st_size > FILE_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "%s is too large", path);
    }
    size_t want = (size_t)st.st_size;
    char *p = arena_alloc(cx->arena, want);
    size_t at = 0;
    while (at < want) {
        ssize_t n = read(fd, p + at, want - at);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return fail(cx, path, "cannot read");
        }
        at += n > 0 ? (size_t)n : 0;
    }
    *ret = (struct str){ p, want };
    return ERR_OK;
}

enum err
secret_file_read(struct ctx *cx, const char *path, struct str *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? err_set(cx, ERR_NOT_FOUND, "no file %s", path)
                               : fail(cx, path, "cannot open");
    }
    enum err e = read_open(cx, fd, path, ret);
    (void)close(fd);
    return e;
}
