/* dir.c: folders, and the lock that keeps a second process out of a data folder. */
#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_MAX 1000000U

static enum err
dir_fail(struct ctx *cx, int no, const char *what, struct str path)
{
    if (no == ENOENT || no == ENOTDIR) {
        return err_set(cx, ERR_NOT_FOUND, "%s " STR_FMT, what, STR_ARG(path));
    }
    if (no == ENOSPC || no == EDQUOT) {
        return err_set(cx, ERR_DISK_FULL, "%s " STR_FMT, what, STR_ARG(path));
    }
    return err_set(cx, ERR_IO, "%s " STR_FMT ": errno %d", what, STR_ARG(path), no);
}

enum err
sys_mkdirs(struct ctx *cx, struct str path)
{
    char *z = str_z(cx->arena, path);
    for (size_t i = 1; i <= path.n; i++) {
        if (i < path.n && z[i] != '/') {
            continue;
        }
        z[i] = '\0';
        if (mkdir(z, 0750) != 0 && errno != EEXIST) {
            return dir_fail(cx, errno, "mkdir", path);
        }
        if (i < path.n) {
            z[i] = '/';
        }
    }
    struct stat st;
    if (stat(z, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return err_set(cx, ERR_IO, "not a folder: " STR_FMT, STR_ARG(path));
    }
    return ERR_OK;
}

static int
entry_cmp(const void *a, const void *b)
{
    const struct sys_entry *x = a;
    const struct sys_entry *y = b;
    return str_cmp(x->name, y->name);
}

static struct dirent *
entry_next(DIR *d)
{
    return readdir(d); // NOLINT(concurrency-mt-unsafe): safe in glibc on a stream of our own
}

static bool
entry_is_dir(DIR *d, const struct dirent *de)
{
    if (de->d_type != DT_UNKNOWN) {
        return de->d_type == DT_DIR;
    }
    struct stat st;
    return fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

enum err
sys_dir_list(struct ctx *cx, struct str path, struct sys_entry **ret, size_t *ret_n)
{
    DIR *d = opendir(str_z(cx->arena, path));
    if (d == NULL) {
        return dir_fail(cx, errno, "open folder", path);
    }
    size_t n = 0;
    size_t cap = 64;
    struct sys_entry *v = ARENA_ARRAY(cx->arena, struct sys_entry, cap);
    errno = 0;
    for (struct dirent *de = entry_next(d); de != NULL && n < ENTRIES_MAX; de = entry_next(d)) {
        if (de->d_name[0] == '.') {
            continue;
        }
        if (n == cap) {
            struct sys_entry *more = ARENA_ARRAY(cx->arena, struct sys_entry, cap * 2);
            memcpy(more, v, n * sizeof(*v));
            v = more;
            cap *= 2;
        }
        v[n].name = str_dup(cx->arena, str_of(de->d_name));
        v[n].is_dir = entry_is_dir(d, de);
        n++;
    }
    int no = errno;
    (void)closedir(d);
    if (no != 0) {
        return dir_fail(cx, no, "read folder", path);
    }
    qsort(v, n, sizeof(*v), entry_cmp);
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

enum err
sys_temp_dir(struct ctx *cx, struct str *ret_path)
{
    const char *tmp =
        getenv("TMPDIR"); // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
    char *z = str_z(cx->arena, str_fmt(cx->arena, "%s/bombo-XXXXXX", tmp != NULL ? tmp : "/tmp"));
    if (mkdtemp(z) == NULL) {
        return dir_fail(cx, errno, "mkdtemp", str_of(z));
    }
    *ret_path = str_of(z);
    return ERR_OK;
}

/* A stack of folders instead of recursion: a folder is visited once to empty it, and removed
 * when it comes up again. */
#define TREE_MAX 65536U

struct tree {
    struct str *v;
    bool *is_emptied;
    size_t n;
};

static enum err
tree_push(struct ctx *cx, struct tree *t, struct str path)
{
    if (t->n == TREE_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "too many folders below " STR_FMT, STR_ARG(path));
    }
    t->v[t->n] = path;
    t->is_emptied[t->n] = false;
    t->n++;
    return ERR_OK;
}

static enum err
tree_empty(struct ctx *cx, struct tree *t, struct str path)
{
    DIR *d = opendir(str_z(cx->arena, path));
    if (d == NULL) {
        return dir_fail(cx, errno, "open folder", path);
    }
    enum err e = ERR_OK;
    for (struct dirent *de = entry_next(d); de != NULL && e == ERR_OK; de = entry_next(d)) {
        if (str_eq(str_of(de->d_name), STR(".")) || str_eq(str_of(de->d_name), STR(".."))) {
            continue;
        }
        if (entry_is_dir(d, de)) {
            e = tree_push(cx, t, str_fmt(cx->arena, STR_FMT "/%s", STR_ARG(path), de->d_name));
        } else if (unlinkat(dirfd(d), de->d_name, 0) != 0 && errno != ENOENT) {
            e = dir_fail(cx, errno, "remove in", path);
        }
    }
    (void)closedir(d);
    return e;
}

enum err
sys_remove_tree(struct ctx *cx, struct str path)
{
    if (!sys_file_exists(cx, path)) {
        return ERR_OK;
    }
    struct tree t = { .v = ARENA_ARRAY(cx->arena, struct str, TREE_MAX),
                      .is_emptied = ARENA_ARRAY(cx->arena, bool, TREE_MAX) };
    TRY(tree_push(cx, &t, path));
    while (t.n > 0) {
        size_t at = t.n - 1;
        if (!t.is_emptied[at]) {
            t.is_emptied[at] = true;
            TRY(tree_empty(cx, &t, t.v[at]));
        } else if (rmdir(str_z(cx->arena, t.v[at])) != 0 && errno != ENOENT) {
            return dir_fail(cx, errno, "rmdir", t.v[at]);
        } else {
            t.n--;
        }
    }
    return ERR_OK;
}

struct sys_lock {
    int fd;
};

enum err
sys_lock_open(struct ctx *cx, struct str path, struct sys_lock **ret)
{
    int fd = open(str_z(cx->arena, path), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        return dir_fail(cx, errno, "open lock", path);
    }
    /* flock belongs to the open file, so a second opening in this process is refused as well */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int no = errno;
        (void)close(fd);
        if (no == EWOULDBLOCK) {
            return err_set(cx, ERR_BUSY, "in use: " STR_FMT, STR_ARG(path));
        }
        return dir_fail(cx, no, "lock", path);
    }
    struct sys_lock *l = calloc(1, sizeof(*l));
    ASSERT(l != NULL);
    l->fd = fd;
    *ret = l;
    return ERR_OK;
}

void
sys_lock_close(struct sys_lock *l)
{
    if (l != NULL) {
        (void)close(l->fd);
        free(l);
    }
}
