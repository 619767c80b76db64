/* service.c: the supervisor's socket, /proc and the disk. */
#include "sys/service.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

/* A word of the surroundings, as they were when the program began: nothing here changes them. */
static const char *
word_around(const char *name)
{
    return getenv(name); // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
}

bool
sys_notify(const char *state)
{
    const char *path = word_around("NOTIFY_SOCKET");
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    if (path == NULL || path[0] == '\0') {
        return true;
    }
    size_t n = strlen(path);
    if (n >= sizeof(at.sun_path) || (path[0] != '/' && path[0] != '@')) {
        return false;
    }
    memcpy(at.sun_path, path, n);
    if (path[0] == '@') { /* a name without a file */
        at.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    socklen_t at_n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    ssize_t sent =
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&at, at_n);
    (void)close(fd);
    return sent == (ssize_t)strlen(state);
}

int64_t
sys_watchdog_us(void)
{
    const char *us = word_around("WATCHDOG_USEC");
    const char *pid = word_around("WATCHDOG_PID");
    int64_t n = 0;
    int64_t who = 0;
    if (pid != NULL && str_to_i64(str_of(pid), 1, INT32_MAX, &who) && who != getpid()) {
        return 0;
    }
    return us != NULL && str_to_i64(str_of(us), 1, INT64_MAX, &n) ? n : 0;
}

/* Field n (from 0) of a line of words. */
static struct str
word_at(struct str line, size_t n)
{
    struct str word = STR_NULL;
    for (size_t i = 0; i <= n; i++) {
        if (!str_next(&line, ' ', &word)) {
            return STR_NULL;
        }
    }
    return word;
}

static struct str
proc_read(const char *path, char *room, size_t n)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return STR("");
    }
    size_t have = fread(room, 1, n, f);
    (void)fclose(f);
    return (struct str){ room, have };
}

static int64_t
count_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    int64_t n = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the folder's handle is this function's own
    while (d != NULL && readdir(d) != NULL) {
        n++;
    }
    if (d != NULL) {
        (void)closedir(d);
        n -= 3; /* ".", ".." and the folder's own */
    }
    return n;
}

void
sys_process_read(struct sys_process *ret)
{
    char room[1024];
    struct rusage use = { 0 };
    struct rlimit files = { 0 };
    int64_t pages = 0;
    *ret = (struct sys_process){ .n_files = count_files() };
    struct str statm = proc_read("/proc/self/statm", room, sizeof(room));
    if (str_to_i64(word_at(statm, 1), 0, INT64_MAX / 65536, &pages)) {
        ret->memory_bytes = pages * sysconf(_SC_PAGESIZE);
    }
    struct str stat = proc_read("/proc/self/stat", room, sizeof(room));
    size_t name_end = stat.n;
    while (name_end > 0 && stat.p[name_end - 1] != ')') { /* the name may hold blanks */
        name_end--;
    }
    (void)str_to_i64(word_at(str_slice(stat, name_end + 1, stat.n), 17), 0, INT32_MAX,
                     &ret->n_threads);
    if (getrusage(RUSAGE_SELF, &use) == 0) {
        ret->cpu_us = (int64_t)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000000 +
                      use.ru_utime.tv_usec + use.ru_stime.tv_usec;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        ret->files_max = files.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)files.rlim_cur;
    }
}

enum err
sys_disk(struct ctx *cx, struct str path, int64_t *ret_free_bytes, int64_t *ret_total_bytes)
{
    struct statvfs v;
    if (statvfs(str_z(cx->arena, path), &v) != 0) {
        return err_set(cx, ERR_IO, "statvfs: errno %d", errno);
    }
    *ret_free_bytes = (int64_t)(v.f_bavail * v.f_frsize);
    *ret_total_bytes = (int64_t)(v.f_blocks * v.f_frsize);
    return ERR_OK;
}
