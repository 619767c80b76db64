/* load.c: a load generator for one host on this machine.
 *   load closed PORT CONNECTIONS SECONDS WHAT [COOKIE]   as fast as answers come back
 *   load open   PORT RATE SECONDS WHAT [COOKIE]          at a fixed rate; latency counts from the
 * instant at which the request was due, so that a slow server is not spared.
 * WHAT is a path, or @FILE: one request a line, path and perhaps a tab and a cookie, taken in turn.
 * LOAD_PER_PEER=n opens a new connection from another loopback address after n requests, as many
 * people would. Prints one JSON object. Plain HTTP/1.1 with kept connections, no compression. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNS_MAX   256
#define ANSWER_MAX  (4U << 20)
#define HEAD_MAX    8192
#define SAMPLES_MAX 2000000
#define LINES_MAX   20000
#define LINE_MAX    4096

struct conn {
    int fd;
    bool is_busy;
    int64_t due_us;
    size_t got, want; /* want 0: head not complete yet */
    char head[HEAD_MAX];
    size_t n_head, n_sent;
};

static struct conn conns[CONNS_MAX];
static int64_t samples[SAMPLES_MAX];
static size_t n_samples, n_bad;
static char *requests[LINES_MAX];
static size_t n_requests, next_request, per_peer;
static uint32_t next_peer;
static int port;

static int64_t
now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
open_conn(int ep, size_t i)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int one = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    conns[i] = (struct conn){ .fd = socket(AF_INET, SOCK_STREAM, 0) };
    if (per_peer > 0) { /* any address of 127.0.0.0/8 is this machine's */
        struct sockaddr_in from = { .sin_family = AF_INET };
        from.sin_addr.s_addr = htonl(0x7f010000U + next_peer++ % 0x00fe0000U);
        if (bind(conns[i].fd, (struct sockaddr *)&from, sizeof(from)) != 0) {
            perror("bind");
            exit(1);
        }
    }
    if (connect(conns[i].fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
        perror("connect");
        exit(1);
    }
    setsockopt(conns[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct epoll_event ev = { .events = EPOLLIN, .data.u64 = i };
    epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &ev);
}

static void
send_one(int ep, struct conn *c, int64_t due_us)
{
    if (per_peer > 0 && c->n_sent >= per_peer) {
        close(c->fd);
        open_conn(ep, (size_t)(c - conns));
    }
    const char *request = requests[next_request++ % n_requests];
    size_t n = strlen(request);
    c->is_busy = true;
    c->due_us = due_us;
    c->n_sent++;
    c->got = c->want = c->n_head = 0;
    if (write(c->fd, request, n) != (ssize_t)n) {
        perror("write");
        exit(1);
    }
}

/* Length of head and body once the head is there. */
static void
read_head(struct conn *c)
{
    c->head[c->n_head] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    char *len = strcasestr(c->head, "\r\ncontent-length:");
    if (end == NULL) {
        return;
    }
    if (len == NULL || len > end) {
        fprintf(stderr, "load: answers without Content-Length cannot be measured\n%s\n", c->head);
        exit(1);
    }
    c->want = (size_t)(end + 4 - c->head) + (size_t)strtoull(len + 17, NULL, 10);
    if (memcmp(c->head, "HTTP/1.1 200", 12) != 0) {
        n_bad++;
        if (n_bad == 1) {
            fprintf(stderr, "load: %.60s\n", c->head);
        }
    }
}

/* True when the answer is complete. */
static bool
take(struct conn *c)
{
    static char buf[65536];
    ssize_t n = read(c->fd, buf, sizeof(buf));
    if (n <= 0) {
        fprintf(stderr, "load: the server closed a connection\n");
        exit(1);
    }
    if (c->want == 0) {
        size_t room = HEAD_MAX - 1 - c->n_head;
        size_t k = (size_t)n < room ? (size_t)n : room;
        memcpy(c->head + c->n_head, buf, k);
        c->n_head += k;
    }
    c->got += (size_t)n;
    if (c->want == 0) {
        read_head(c);
    }
    return c->want != 0 && c->got >= c->want;
}

static void
finish(struct conn *c)
{
    c->is_busy = false;
    if (n_samples < SAMPLES_MAX) {
        samples[n_samples++] = now_us() - c->due_us;
    }
}

static void
closed_loop(int ep, size_t n_conns, int64_t end_us)
{
    struct epoll_event ev[64];
    for (size_t i = 0; i < n_conns; i++) {
        send_one(ep, &conns[i], now_us());
    }
    while (now_us() < end_us) {
        int n = epoll_wait(ep, ev, 64, 100);
        for (int k = 0; k < n; k++) {
            struct conn *c = &conns[ev[k].data.u64];
            if (take(c)) {
                finish(c);
                send_one(ep, c, now_us());
            }
        }
    }
}

static void
wait_until(int ep, int64_t at_us)
{
    struct epoll_event ev[64];
    int64_t left = at_us - now_us();
    struct timespec t = { 0, left > 0 ? left * 1000 % 1000000000 : 0 };
    int n = epoll_pwait2(ep, ev, 64, &t, NULL);
    for (int k = 0; k < n; k++) {
        struct conn *c = &conns[ev[k].data.u64];
        if (take(c)) {
            finish(c);
        }
    }
}

static struct conn *
idle_conn(int ep, size_t *n_conns)
{
    for (size_t i = 0; i < *n_conns; i++) {
        if (!conns[i].is_busy) {
            return &conns[i];
        }
    }
    if (*n_conns == CONNS_MAX) {
        return NULL;
    }
    open_conn(ep, *n_conns);
    return &conns[(*n_conns)++];
}

static void
open_loop(int ep, int64_t rate, int64_t start_us, int64_t end_us)
{
    size_t n_conns = 0;
    int64_t i = 0;
    for (int64_t due = start_us; due < end_us; due = start_us + ++i * 1000000 / rate) {
        while (now_us() < due) {
            wait_until(ep, due);
        }
        struct conn *c = idle_conn(ep, &n_conns);
        while (c == NULL) { /* the server is far behind: the wait counts */
            wait_until(ep, now_us() + 1000);
            c = idle_conn(ep, &n_conns);
        }
        send_one(ep, c, due);
    }
    for (int64_t until = now_us() + 2000000; now_us() < until;) {
        bool is_busy = false;
        for (size_t k = 0; k < n_conns; k++) {
            is_busy = is_busy || conns[k].is_busy;
        }
        if (!is_busy) {
            return;
        }
        wait_until(ep, now_us() + 1000);
    }
}

static void
add_request(const char *path, const char *cookie)
{
    const char *fields = getenv("LOAD_FIELDS"); /* further lines of the head, each with its end */
    char *r = malloc(LINE_MAX * 2);
    if (n_requests == LINES_MAX || r == NULL) {
        return;
    }
    bool has_cookie = cookie != NULL && cookie[0] != 0;
    (void)snprintf(r, LINE_MAX * 2, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\n%s%s%s%s\r\n", path,
                   port, has_cookie ? "Cookie: " : "", has_cookie ? cookie : "",
                   has_cookie ? "\r\n" : "", fields == NULL ? "" : fields);
    requests[n_requests++] = r;
}

static void
read_requests(const char *name)
{
    static char line[LINE_MAX];
    FILE *f = fopen(name, "r");
    if (f == NULL) {
        perror(name);
        exit(1);
    }
    while (fgets(line, sizeof(line), f) != NULL) {
        line[strcspn(line, "\n")] = 0;
        char *tab = strchr(line, '\t');
        if (tab != NULL) {
            *tab++ = 0;
        }
        add_request(line, tab);
    }
    fclose(f);
}

static int
cmp(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x;
    int64_t b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

int
main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "load closed|open PORT CONNECTIONS|RATE SECONDS PATH [COOKIE]\n");
        return 2;
    }
    bool is_open = strcmp(argv[1], "open") == 0;
    int64_t rate = atoll(argv[3]);
    int64_t seconds_us = (int64_t)(atof(argv[4]) * 1e6);
    int ep = epoll_create1(0);
    port = atoi(argv[2]);
    if (getenv("LOAD_PER_PEER") != NULL) {
        per_peer = (size_t)atoi(getenv("LOAD_PER_PEER"));
        next_peer = (uint32_t)(now_us() / 1000); /* other addresses than the last time */
    }
    if (argv[5][0] == '@') {
        read_requests(argv[5] + 1);
    } else {
        add_request(argv[5], argc > 6 ? argv[6] : NULL);
    }
    if (n_requests == 0) {
        fprintf(stderr, "load: nothing to ask for\n");
        return 1;
    }
    int64_t start_us = now_us();
    if (is_open) {
        open_loop(ep, rate, start_us, start_us + seconds_us);
    } else {
        for (int64_t i = 0; i < rate && i < CONNS_MAX; i++) {
            open_conn(ep, (size_t)i);
        }
        closed_loop(ep, (size_t)(rate < CONNS_MAX ? rate : CONNS_MAX), start_us + seconds_us);
    }
    double took_s = (double)(now_us() - start_us) / 1e6;
    qsort(samples, n_samples, sizeof(samples[0]), cmp);
    if (n_samples == 0) {
        fprintf(stderr, "load: no answers\n");
        return 1;
    }
    printf("{\"n\": %zu, \"bad\": %zu, \"seconds\": %.3f, \"p50_us\": %ld, \"p95_us\": %ld, "
           "\"p99_us\": %ld, \"max_us\": %ld}\n",
           n_samples, n_bad, took_s, (long)samples[n_samples / 2],
           (long)samples[n_samples * 95 / 100], (long)samples[n_samples * 99 / 100],
           (long)samples[n_samples - 1]);
    return 0;
}
