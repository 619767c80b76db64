/* peer.h: a client that sends any bytes, and a server with handlers to try the core with. */
#ifndef NET_TEST_PEER_H
#define NET_TEST_PEER_H

#include "base/buf.h"
#include "net/server.h"
#include "sys/sys.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

/* --- the client ------------------------------------------------------------------------------- */
static inline int
peer_open(int32_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct timeval patience = { .tv_sec = 20 };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&at, sizeof(at)), 0);
    return fd;
}

/* Sends all; false when the server has closed already. */
static inline bool
peer_send(int fd, struct str s)
{
    while (s.n != 0) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        s = str_slice(s, (size_t)n, s.n);
    }
    return true;
}

static inline void
peer_get(int fd, const char *path)
{
    char text[512];
    int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    assert_true(peer_send(fd, (struct str){ text, (size_t)n }));
}

/* Everything until the server closes, at most max bytes. */
static inline struct str
peer_rest(struct arena *a, int fd, size_t max)
{
    char *p = arena_alloc(a, max);
    size_t have = 0;
    while (have < max) {
        ssize_t n = recv(fd, p + have, max - have, 0);
        if (n <= 0) {
            assert_true(n == 0 || errno == ECONNRESET);
            break;
        }
        have += (size_t)n;
    }
    return (struct str){ p, have };
}

/* Reads until the text read ends with (or, to_contain, holds) mark; all of it. */
static inline struct str
peer_until(struct arena *a, int fd, const char *mark)
{
    size_t max = 1U << 20, have = 0;
    char *p = arena_alloc(a, max);
    while (have < max) {
        ssize_t n = recv(fd, p + have, max - have, 0);
        if (n <= 0) {
            break;
        }
        have += (size_t)n;
        if (str_find((struct str){ p, have }, str_of(mark)) != have) {
            break;
        }
    }
    return (struct str){ p, have };
}

struct answer {
    int status;
    struct str head, body;
};

/* One answer with Content-Length (or none), read exactly. Status 0 when the connection ended. */
static inline struct answer
peer_answer(struct arena *a, int fd, bool is_head)
{
    struct answer ans = { 0 };
    char *p = arena_alloc(a, 64 * 1024);
    size_t n = 0;
    while (n < 64 * 1024 && (n < 4 || memcmp(p + n - 4, "\r\n\r\n", 4) != 0)) {
        ssize_t r = recv(fd, p + n, 1, 0);
        if (r <= 0) {
            return ans;
        }
        n++;
    }
    ans.head = (struct str){ p, n };
    int64_t status = 0, length = 0;
    assert_true(str_to_i64(str_slice(ans.head, 9, 12), 100, 599, &status));
    ans.status = (int)status;
    size_t at = str_find(ans.head, STR("Content-Length: "));
    if (at != n) {
        struct str rest = str_slice(ans.head, at + 16, n), number;
        (void)str_cut(rest, '\r', &number, &rest);
        assert_true(str_to_i64(number, 0, INT64_MAX, &length));
    }
    if (is_head || length == 0) {
        return ans;
    }
    char *body = arena_alloc(a, (size_t)length);
    size_t have = 0;
    while (have < (size_t)length) {
        ssize_t r = recv(fd, body + have, (size_t)length - have, 0);
        assert_true(r > 0);
        have += (size_t)r;
    }
    ans.body = (struct str){ body, have };
    return ans;
}

static inline bool
answer_has(const struct answer *ans, const char *text)
{
    return str_find(ans->head, str_of(text)) != ans->head.n;
}

/* --- a server to try -------------------------------------------------------------------------- */
struct bench {
    struct server *server;
    struct server_config config;
    struct server_class classes[2];
    struct ctx cx;
    struct arena *arena;
    char dir[64];
    char file[96];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_open; /* the gate of /slow and /class */
    uint32_t n_waiting, n_passed;
    uint32_t n_threads_ended;
    uint32_t n_streamed; /* blocks a stream got rid of */
    enum err stream_end;
};

static inline void
bench_wait_gate(struct bench *b)
{
    (void)pthread_mutex_lock(&b->lock);
    b->n_waiting++;
    (void)pthread_cond_broadcast(&b->changed);
    while (!b->is_open) {
        (void)pthread_cond_wait(&b->changed, &b->lock);
    }
    b->n_waiting--;
    b->n_passed++;
    (void)pthread_cond_broadcast(&b->changed);
    (void)pthread_mutex_unlock(&b->lock);
}

static inline void
bench_open_gate(struct bench *b)
{
    (void)pthread_mutex_lock(&b->lock);
    b->is_open = true;
    (void)pthread_cond_broadcast(&b->changed);
    (void)pthread_mutex_unlock(&b->lock);
}

/* Until n handlers stand at the gate. */
static inline void
bench_await_waiting(struct bench *b, uint32_t n)
{
    (void)pthread_mutex_lock(&b->lock);
    while (b->n_waiting < n) {
        (void)pthread_cond_wait(&b->changed, &b->lock);
    }
    (void)pthread_mutex_unlock(&b->lock);
}

static inline struct server_stats
bench_stats(struct bench *b)
{
    struct server_stats st;
    server_stats(b->server, &st);
    return st;
}

/* Polls a figure of server_stats until it is at least n; fails after 20 s. */
#define BENCH_AWAIT(b, figure, want)                                                               \
    do {                                                                                           \
        int tries_ = 0;                                                                            \
        while (bench_stats(b).figure < (want)) {                                                   \
            assert_true(tries_++ < 4000);                                                          \
            (void)usleep(5000);                                                                    \
        }                                                                                          \
    } while (0)

static inline enum err
bench_stream(struct ctx *cx, void *arg, struct http_stream *st)
{
    struct bench *b = arg;
    char block[16 * 1024];
    memset(block, 'x', sizeof(block));
    enum err e = ERR_OK;
    (void)cx;
    for (int i = 0; i < 2048 && e == ERR_OK; i++) {
        e = http_stream_write(st, (struct str){ block, sizeof(block) });
        (void)__atomic_add_fetch(&b->n_streamed, 1, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&b->stream_end, e, __ATOMIC_RELEASE);
    return e;
}

static inline enum err
bench_stream_short(struct ctx *cx, void *arg, struct http_stream *st)
{
    (void)cx;
    (void)arg;
    TRY(http_stream_write(st, STR("one,")));
    TRY(http_stream_flush(st));
    return http_stream_write(st, STR("two"));
}

static inline enum err
bench_stream_fail(struct ctx *cx, void *arg, struct http_stream *st)
{
    TRY(http_stream_write(st, STR("half")));
    if (arg != NULL) {
        TRY(http_stream_flush(st));
    }
    return err_set(cx, ERR_STORE, "on purpose");
}

static inline void
bench_echo(struct ctx *cx, struct http_request *rq, struct http_response *rs)
{
    rs->content_type = STR("text/plain");
    if (rq->body_path.p == NULL) {
        rs->body = rq->body.n == 0 ? STR("empty") : rq->body;
        return;
    }
    struct str all = STR_NULL;
    enum err e = sys_file_read(cx, rq->body_path, 64U << 20, &all);
    rs->body = str_fmt(cx->arena, "spooled %zu %016" PRIx64 " %d", all.n, str_hash(all), (int)e);
}

static inline void
bench_work(void *arg, struct ctx *cx, struct http_request *rq, struct http_response *rs)
{
    struct bench *b = arg;
    rs->status = 200;
    rs->body = STR("done");
    if (str_starts(rq->path, STR("/echo")) || str_starts(rq->path, STR("/small"))) {
        bench_echo(cx, rq, rs);
    } else if (str_starts(rq->path, STR("/slow")) || str_starts(rq->path, STR("/class"))) {
        bench_wait_gate(b);
    } else if (str_starts(rq->path, STR("/file"))) {
        rs->kind = HTTP_FILE;
        rs->content_type = STR("application/pdf");
        rs->file_path = str_eq(rq->path, STR("/file")) ? str_of(b->file) : STR("/nonexistent/x");
    } else if (str_starts(rq->path, STR("/spooled"))) {
        rs->kind = HTTP_SPOOLED;
        rs->body = STR("front");
        rs->file_path =
            str_eq(rq->path, STR("/spooled-missing")) ? STR("/nonexistent/x") : str_of(b->file);
        rs->takes_file = str_starts(rq->path, STR("/spooled-last"));
        if (str_eq(rq->path, STR("/spooled-last-split"))) {
            http_response_header(rs, STR("X-Name"), STR("a\r\nSet-Cookie: b=c"));
        }
    } else if (str_eq(rq->path, STR("/stream"))) {
        rs->kind = HTTP_STREAM;
        rs->stream_fn = bench_stream;
        rs->stream_arg = b;
    } else if (str_eq(rq->path, STR("/stream-short"))) {
        rs->kind = HTTP_STREAM;
        rs->stream_fn = bench_stream_short;
    } else if (str_starts(rq->path, STR("/stream-fail"))) {
        rs->kind = HTTP_STREAM;
        rs->stream_fn = bench_stream_fail;
        rs->stream_arg = str_eq(rq->path, STR("/stream-fail-late")) ? b : NULL;
    } else if (str_eq(rq->path, STR("/split"))) {
        http_response_header(rs, STR("X-Name"), STR("a\r\nSet-Cookie: b=c"));
    } else if (str_eq(rq->path, STR("/many"))) {
        for (int i = 0; i < HTTP_ANSWER_HEADERS_MAX + 1; i++) {
            http_response_header(rs, STR("X-Name"), STR("a"));
        }
    } else if (str_eq(rq->path, STR("/tag"))) {
        rs->etag = STR("\"v1\"");
    } else if (str_eq(rq->path, STR("/trace"))) {
        rs->body = cx->trace_id;
    } else if (str_eq(rq->path, STR("/nothing"))) {
        rs->status = 204;
        rs->body = STR_NULL;
    } else if (str_eq(rq->path, STR("/unset"))) {
        rs->status = 0;
    } else if (str_eq(rq->path, STR("/path"))) {
        rs->body = rq->query;
    }
}

static inline bool
bench_loop(void *arg, const struct http_request *rq, struct http_response *rs)
{
    (void)arg;
    if (str_eq(rq->path, STR("/fast"))) {
        rs->status = 200;
        rs->content_type = STR("text/plain");
        rs->body = STR("hello");
        return true;
    }
    if (str_starts(rq->path, STR("/events/"))) {
        rs->status = 200;
        rs->kind = HTTP_EVENTS;
        rs->content_type = STR("text/event-stream");
        rs->event_channel = str_slice(rq->path, 8, rq->path.n);
        rs->event_last_id = http_header_get(rq, STR("Last-Event-ID"));
        return true;
    }
    if (str_eq(rq->path, STR("/loop-file"))) { /* forbidden: becomes a 500 */
        rs->status = 200;
        rs->kind = HTTP_FILE;
        rs->file_path = STR("/etc/passwd");
        return true;
    }
    return false;
}

static inline void
bench_head(void *arg, const struct http_request *rq, uint64_t *ret_body_max, uint32_t *ret_class)
{
    (void)arg;
    if (str_starts(rq->path, STR("/small"))) {
        *ret_body_max = 10;
    }
    if (str_starts(rq->path, STR("/class"))) {
        *ret_class = 1;
    }
}

static inline void
bench_thread_end(void *arg)
{
    (void)__atomic_add_fetch(&((struct bench *)arg)->n_threads_ended, 1, __ATOMIC_RELAXED);
}

/* Fills in the config; the test may change it before bench_start. */
static inline struct bench *
bench_new(void)
{
    struct bench *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    (void)snprintf(b->dir, sizeof(b->dir), "/tmp/bombo-net-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    (void)snprintf(b->file, sizeof(b->file), "%s/paper", b->dir);
    b->arena = arena_open(0);
    b->cx = (struct ctx){ .arena = b->arena, .clock = &sys_clock_real, .random = &sys_random_real };
    (void)pthread_mutex_init(&b->lock, NULL);
    (void)pthread_cond_init(&b->changed, NULL);
    b->classes[0] = (struct server_class){ STR("default"), 2, 2 };
    b->classes[1] = (struct server_class){ STR("slow"), 1, 1 };
    b->config = (struct server_config){ .address = STR("127.0.0.1"),
                                        .n_loops = 2,
                                        .n_workers = 3,
                                        .classes = b->classes,
                                        .n_classes = 2,
                                        .spool_dir = str_of(b->dir),
                                        .body_memory_bytes = 1024,
                                        .body_max_bytes = 8U << 20,
                                        .arg = b,
                                        .on_head = bench_head,
                                        .on_loop = bench_loop,
                                        .on_work = bench_work,
                                        .on_thread_end = bench_thread_end };
    return b;
}

static inline struct bench *
bench_start(struct bench *b)
{
    assert_int_equal(server_start(&b->cx, &b->config, &b->server), ERR_OK);
    return b;
}

static inline int
bench_peer(struct bench *b)
{
    return peer_open(server_port(b->server));
}

/* One request on a connection of its own has this status. */
static inline void
status_is(struct bench *b, const char *path, int status)
{
    int fd = bench_peer(b);
    peer_get(fd, path);
    struct answer ans = peer_answer(b->arena, fd, false);
    assert_int_equal(ans.status, status);
    assert_false(answer_has(&ans, "Set-Cookie"));
    (void)close(fd);
}

/* Content that would show a piece lost or doubled. */
static inline struct str
pattern(struct arena *a, size_t n)
{
    char *p = arena_alloc(a, n);
    for (size_t i = 0; i < n; i++) {
        p[i] = (char)('a' + (i * 7 + i / 251) % 26);
    }
    return (struct str){ p, n };
}

/* A listener of a channel of events. */
static inline int
listen_to(struct bench *b, const char *channel, const char *last_id)
{
    int fd = bench_peer(b);
    assert_true(peer_send(
        fd, str_fmt(b->arena, "GET /events/%s HTTP/1.1\r\nHost: x\r\n%s%s%s\r\n", channel,
                    last_id == NULL ? "" : "Last-Event-ID: ", last_id == NULL ? "" : last_id,
                    last_id == NULL ? "" : "\r\n")));
    return fd;
}

/* Stops, and checks that nothing was left in the spool folder. */
static inline void
bench_end(struct bench *b)
{
    bench_open_gate(b);
    server_stop(b->server, 2000);
    assert_int_equal(b->n_threads_ended, b->config.n_workers);
    (void)unlink(b->file);
    assert_int_equal(rmdir(b->dir), 0);
    (void)pthread_mutex_destroy(&b->lock);
    (void)pthread_cond_destroy(&b->changed);
    arena_close(b->arena);
    free(b);
}

#endif
