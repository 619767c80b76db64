/* pg_proxy.h: stands between a store and PostgreSQL and cuts the line at the word COMMIT. For
 * tests; everything is static. */
#ifndef STORE_TEST_PG_PROXY_H
#define STORE_TEST_PG_PROXY_H

#include "lib/harness.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum cut {
    CUT_NEVER,
    CUT_BEFORE,       /* the server never hears COMMIT */
    CUT_AT_ONCE,      /* it hears it, and the line is cut at once: it may or may not happen */
    CUT_AFTER_ANSWER, /* it happened; the answer is lost */
};

struct proxy {
    char dir[64], real[200];
    int listen_fd;
    pthread_t thread;
    _Atomic int cut;      /* what to do with a COMMIT; then CUT_NEVER */
    _Atomic int n_let_by; /* COMMITs that go by before it */
    _Atomic bool is_shut; /* from the cut on no line is opened, as if the server had gone */
    bool is_shut_by_cut;
    _Atomic int n_cut;
    _Atomic int n_lines; /* whose threads still run */
    _Atomic bool is_over;
};

static int
unix_socket(const char *path, bool is_server)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(strlen(path) < sizeof(at.sun_path));
    memcpy(at.sun_path, path, strlen(path) + 1);
    const struct sockaddr *a = (const struct sockaddr *)(const void *)&at;
    int rc = is_server ? bind(fd, a, sizeof(at)) : connect(fd, a, sizeof(at));
    if (rc != 0 || (is_server && listen(fd, 16) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

struct line {
    struct proxy *p;
    int client, server;
    bool is_cut_after;
};

static bool
forward(int to, const char *bytes, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t k = send(to, bytes + done, n - done, MSG_NOSIGNAL);
        if (k <= 0) {
            return false;
        }
        done += (size_t)k;
    }
    return true;
}

/* From the client. False: the line is over. */
static bool
carry_there(struct line *l, const char *bytes, size_t n)
{
    static const char word[] =
        "COMMIT\0"; /* a simple query of this word alone, as the store says */
    int cut = CUT_NEVER;
    if (n >= 5 + sizeof(word) - 1 && bytes[0] == 'Q' && memcmp(bytes + 5, word, 7) == 0) {
        cut = l->p->n_let_by > 0 ? CUT_NEVER : atomic_exchange(&l->p->cut, CUT_NEVER);
        l->p->n_let_by -= l->p->n_let_by > 0;
    }
    if (cut != CUT_NEVER) {
        l->p->n_cut++;
        l->p->is_shut = l->p->is_shut_by_cut;
    }
    if (cut == CUT_BEFORE || !forward(l->server, bytes, n)) {
        return false;
    }
    l->is_cut_after = cut == CUT_AFTER_ANSWER;
    return cut != CUT_AT_ONCE;
}

static void *
line_main(void *arg)
{
    struct line *l = arg;
    char bytes[65536];
    bool is_on = l->server >= 0;
    while (is_on) {
        struct pollfd fds[2] = { { .fd = l->client, .events = POLLIN },
                                 { .fd = l->server, .events = POLLIN } };
        (void)poll(fds, 2, -1);
        if (fds[0].revents != 0) {
            ssize_t n = recv(l->client, bytes, sizeof(bytes), 0);
            is_on = n > 0 && carry_there(l, bytes, (size_t)n);
        }
        if (is_on && fds[1].revents != 0) {
            ssize_t n = recv(l->server, bytes, sizeof(bytes), 0);
            is_on = n > 0 && !l->is_cut_after && forward(l->client, bytes, (size_t)n);
        }
    }
    (void)close(l->client);
    (void)close(l->server);
    l->p->n_lines--; /* from here on the proxy may be gone */
    free(l);
    return NULL;
}

static void *
proxy_main(void *arg)
{
    struct proxy *p = arg;
    for (;;) {
        int fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 || p->is_over) {
            (void)close(fd);
            return NULL;
        }
        struct line *l = calloc(1, sizeof(*l));
        pthread_t t;
        assert_non_null(l);
        *l = (struct line){ .p = p,
                            .client = fd,
                            .server = p->is_shut ? -1 : unix_socket(p->real, false) };
        p->n_lines++;
        assert_int_equal(pthread_create(&t, NULL, line_main, l), 0);
        (void)pthread_detach(t);
    }
}

static char *
proxy_path(const struct proxy *p, char *path, size_t n)
{
    (void)snprintf(path, n, "%s/.s.PGSQL.5432", p->dir);
    return path;
}

static struct proxy *
proxy_open(void)
{
    struct proxy *p = calloc(1, sizeof(*p));
    char path[100];
    const char *dir = getenv("BOMBO_TEST_PG_DIR");
    assert_non_null(p);
    assert_non_null(dir);
    (void)snprintf(p->real, sizeof(p->real), "%s/.s.PGSQL.5432", dir);
    (void)snprintf(p->dir, sizeof(p->dir), "/tmp/bombo-proxy.XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    p->listen_fd = unix_socket(proxy_path(p, path, sizeof(path)), true);
    assert_true(p->listen_fd >= 0);
    assert_int_equal(pthread_create(&p->thread, NULL, proxy_main, p), 0);
    return p;
}

static void
proxy_close(struct proxy *p)
{
    char path[100];
    p->is_over = true;
    (void)close(unix_socket(proxy_path(p, path, sizeof(path)), false));
    (void)pthread_join(p->thread, NULL);
    while (p->n_lines > 0) {
        (void)usleep(1000);
    }
    (void)close(p->listen_fd);
    (void)unlink(path);
    (void)rmdir(p->dir);
    free(p);
}

/* A store of the same rows whose connections go through the proxy. Commits wait for replicas, were
 * there any. */
static struct ctx *
process_behind(struct test_env *env, struct proxy *p)
{
    struct ctx *cx = test_ctx_new(env);
    struct store_config config = env->store_config;
    struct str real = str_fmt(cx->arena, "host=%s", getenv("BOMBO_TEST_PG_DIR"));
    struct str through = str_fmt(cx->arena, "options=-csynchronous_commit%%3Don&host=%s", p->dir);
    config.url = str_replace(cx->arena, config.url, real, through);
    ASSERT_OK(cx, store_open(cx, &config, &cx->store));
    return cx;
}

static void
process_end(struct ctx *cx)
{
    store_close(cx->store);
    test_ctx_free(cx);
}

#endif
