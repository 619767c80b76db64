/* multipart_file.c: bodies in spool files, and file parts to files. */
#include "codec/multipart.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum err
multipart_map(const char *path, struct str *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return ERR_IO;
    }
    struct str bytes = STR("");
    if (st.st_size > 0) {
        bytes.n = (size_t)st.st_size;
        void *p = mmap(NULL, bytes.n, PROT_READ, MAP_PRIVATE, fd, 0);
        bytes.p = p == MAP_FAILED ? NULL : p;
    }
    (void)close(fd);
    if (bytes.p == NULL) {
        return ERR_IO;
    }
    *ret = bytes;
    return ERR_OK;
}

void
multipart_unmap(struct str bytes)
{
    if (bytes.n > 0) {
        union {
            const char *in;
            void *out;
        } p = { .in = bytes.p };
        (void)munmap(p.out, bytes.n);
    }
}

static enum err
write_all(int fd, struct str bytes)
{
    size_t at = 0;
    while (at < bytes.n) {
        ssize_t n = write(fd, bytes.p + at, bytes.n - at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
        }
        at += (size_t)n;
    }
    return ERR_OK;
}

enum err
multipart_save(struct str bytes, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
    }
    enum err e = write_all(fd, bytes);
    if (close(fd) != 0 && e == ERR_OK) {
        e = ERR_IO;
    }
    if (e != ERR_OK) {
        (void)unlink(path);
    }
    return e;
}
