/* files.c: the file threads: spooling of bodies, reading of files that are sent, cleaning up. Each
 * request has at most one operation here, so the queue is bounded by the number of connections. */
#include "net/server_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int
write_all(int fd, const char *p, size_t n)
{
    while (n != 0) {
        ssize_t r = write(fd, p, n);
        if (r < 0 && errno != EINTR) {
            return errno;
        }
        if (r > 0) {
            p += r;
            n -= (size_t)r;
        }
    }
    return 0;
}

static int
spool_write(struct req *r)
{
    if (r->fd < 0) {
        r->fd = open(r->spool_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (r->fd < 0) {
            return errno;
        }
    }
    int why = write_all(r->fd, r->op.p, r->op.n);
    if (why == 0 && r->op.is_last) {
        why = close(r->fd) == 0 ? 0 : errno;
        r->fd = -1;
    }
    return why;
}

static int
file_read(struct req *r)
{
    size_t have = 0;
    while (have < r->op.n) {
        ssize_t n = pread(r->fd, r->op.p + have, r->op.n - have, r->file_at + (off_t)have);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        if (n == 0) {
            break;
        }
        have += n > 0 ? (size_t)n : 0;
    }
    r->op.n = have;
    return 0;
}

static int
file_clean(struct server *s, struct req *r)
{
    if (r->fd >= 0) {
        (void)close(r->fd);
        r->fd = -1;
    }
    if (r->spool_path != NULL) {
        (void)unlink(
            r->spool_path); /* a handler may have moved it away: that is how blobs are kept */
        (void)atomic_fetch_sub(&s->spooled, (uint64_t)r->spooled);
        r->spool_path = NULL;
        r->spooled = 0;
    }
    return 0;
}

static int
op_run(struct server *s, struct file_op *op)
{
    switch (op->kind) {
    case FILE_SPOOL:
        return spool_write(op->req);
    case FILE_READ:
        return file_read(op->req);
    case FILE_CLEAN:
        break;
    }
    return file_clean(s, op->req);
}

static void *
files_main(void *arg)
{
    struct server *s = arg;
    struct files *f = &s->files;
    (void)pthread_mutex_lock(&f->lock);
    while (f->first != NULL || !f->is_ending) {
        struct file_op *op = f->first;
        if (op == NULL) {
            (void)pthread_cond_wait(&f->wake, &f->lock);
            continue;
        }
        f->first = op->next;
        if (f->first == NULL) {
            f->last = NULL;
        }
        (void)pthread_mutex_unlock(&f->lock);
        op->result = op_run(s, op);
        op->req->msg.kind = MSG_FILE;
        loop_post(op->req->loop, &op->req->msg);
        (void)pthread_mutex_lock(&f->lock);
    }
    (void)pthread_mutex_unlock(&f->lock);
    return NULL;
}

void
files_submit(struct server *s, struct file_op *op)
{
    struct files *f = &s->files;
    op->next = NULL;
    (void)pthread_mutex_lock(&f->lock);
    if (f->last == NULL) {
        f->first = op;
    } else {
        f->last->next = op;
    }
    f->last = op;
    (void)pthread_cond_signal(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
}

enum err
files_start(struct server *s)
{
    struct files *f = &s->files;
    ASSERT(pthread_mutex_init(&f->lock, NULL) == 0 && pthread_cond_init(&f->wake, NULL) == 0);
    for (size_t i = 0; i < COUNT_OF(f->threads); i++) {
        if (pthread_create(&f->threads[i], NULL, files_main, s) != 0) {
            return ERR_IO;
        }
        f->n_threads++;
    }
    return ERR_OK;
}

/* Finishes what is queued. */
void
files_stop(struct server *s)
{
    struct files *f = &s->files;
    (void)pthread_mutex_lock(&f->lock);
    f->is_ending = true;
    (void)pthread_cond_broadcast(&f->wake);
    (void)pthread_mutex_unlock(&f->lock);
    for (uint32_t i = 0; i < f->n_threads; i++) {
        (void)pthread_join(f->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&f->wake);
    (void)pthread_mutex_destroy(&f->lock);
}

void
files_sweep(struct server *s)
{
    struct arena *a = arena_open(0);
    const char *dir = str_z(a, s->config.spool_dir);
    (void)mkdir(
        dir, 0700); /* exists already, as a rule; other failures show at the first spooled body */
    DIR *d = opendir(dir);
    if (d == NULL) {
        arena_close(a);
        return;
    }
    struct dirent *e = NULL;
    while ((e = readdir(d)) != NULL) { /* NOLINT(concurrency-mt-unsafe): d is ours alone */
        if (strncmp(e->d_name, "body-", 5) == 0) {
            (void)unlinkat(dirfd(d), e->d_name, 0);
        }
    }
    (void)closedir(d);
    arena_close(a);
}
