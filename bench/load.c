/* load.c: a load generator for one host on this machine.
 *   load closed PORT CONNECTIONS SECONDS WHAT [COOKIE]   as fast as answers come back
 *   load open   PORT RATE SECONDS WHAT [COOKIE]          at a fixed rate; latency counts from the
 * instant at which the request was due, so that a slow server is not spared.
 * WHAT is a path, or @FILE: one request a line, taken in turn: path, cookie, kind and body, with
 * tabs between them; all but the path may be left out. With a body it is a form that is posted (303
 * is its good answer); for each kind there are figures of its own. LOAD_PER_PEER=n opens a new
 * connection from another loopback address after n requests, as many people would. Prints one JSON
 * object. Plain HTTP/1.1 with kept connections, no compression. */
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
#define KINDS_MAX   32
#define FIELDS_MAX  4

struct conn {
    int fd;
    bool is_busy;
    int64_t due_us;
    size_t got, want; /* want 0: head not complete yet */
    char head[HEAD_MAX];
    size_t n_head, n_sent;
    size_t request;
};

struct sample {
    int64_t us;
    size_t kind;
};

struct request {
    char *text;
    size_t kind;
    bool is_post;
};

static struct conn conns[CONNS_MAX];
static struct sample samples[SAMPLES_MAX];
static size_t n_samples, n_bad;
static struct request requests[LINES_MAX];
static char *kinds[KINDS_MAX];
static size_t n_kinds, n_bad_of[KINDS_MAX];
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
    c->request = next_request++ % n_requests;
    const char *request = requests[c->request].text;
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
    const struct request *r = &requests[c->request];
    if (memcmp(c->head, r->is_post ? "HTTP/1.1 303" : "HTTP/1.1 200", 12) != 0) {
        n_bad++;
        n_bad_of[r->kind]++;
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
        samples[n_samples++] = (struct sample){ now_us() - c->due_us, requests[c->request].kind };
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

static size_t
kind_of(const char *name)
{
    for (size_t i = 0; i < n_kinds; i++) {
        if (strcmp(kinds[i], name) == 0) {
            return i;
        }
    }
    if (n_kinds == KINDS_MAX) {
        fprintf(stderr, "load: more kinds than %d\n", KINDS_MAX);
        exit(1);
    }
    kinds[n_kinds] = strdup(name);
    return n_kinds++;
}

/* v: path, cookie, kind, body; what is missing is empty. */
static void
add_request(const char *const v[FIELDS_MAX])
{
    const char *fields = getenv("LOAD_FIELDS"); /* further lines of the head, each with its end */
    char *r = malloc(LINE_MAX * 2);
    bool is_post = v[3][0] != 0;
    char post[256] = "";
    if (n_requests == LINES_MAX || r == NULL) {
        return;
    }
    if (is_post) {
        (void)snprintf(post, sizeof(post),
                       "Origin: http://localhost:%d\r\n"
                       "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n",
                       port, strlen(v[3]));
    }
    (void)snprintf(r, LINE_MAX * 2, "%s %s HTTP/1.1\r\nHost: localhost:%d\r\n%s%s%s%s%s\r\n%s",
                   is_post ? "POST" : "GET", v[0], port, v[1][0] != 0 ? "Cookie: " : "", v[1],
                   v[1][0] != 0 ? "\r\n" : "", post, fields == NULL ? "" : fields, v[3]);
    requests[n_requests++] = (struct request){ r, kind_of(v[2]), is_post };
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
        const char *v[FIELDS_MAX] = { line, "", "", "" };
        char *at = line;
        line[strcspn(line, "\n")] = 0;
        for (size_t i = 1; i < FIELDS_MAX && (at = strchr(at, '\t')) != NULL; i++) {
            *at++ = 0;
            v[i] = at;
        }
        add_request(v);
    }
    fclose(f);
}

static int
cmp(const void *x, const void *y)
{
    int64_t a = ((const struct sample *)x)->us;
    int64_t b = ((const struct sample *)y)->us;
    return a < b ? -1 : a > b;
}

/* The figures of sorted samples, of one kind or of all (kind n_kinds), as members of an object. */
static void
print_figures(size_t kind, size_t bad)
{
    static int64_t us[SAMPLES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < n_samples; i++) {
        if (kind == n_kinds || samples[i].kind == kind) {
            us[n++] = samples[i].us;
        }
    }
    printf("\"n\": %zu, \"bad\": %zu", n, bad);
    if (n > 0) {
        printf(", \"p50_us\": %ld, \"p95_us\": %ld, \"p99_us\": %ld, \"max_us\": %ld",
               (long)us[n / 2], (long)us[n * 95 / 100], (long)us[n * 99 / 100], (long)us[n - 1]);
    }
}

static void
print_report(double took_s)
{
    const char *sep = "";
    printf("{\"seconds\": %.3f, ", took_s);
    print_figures(n_kinds, n_bad);
    printf(", \"kinds\": {");
    for (size_t k = 0; k < n_kinds && n_kinds > 1; k++, sep = ", ") {
        printf("%s\"%s\": {", sep, kinds[k]);
        print_figures(k, n_bad_of[k]);
        printf("}");
    }
    printf("}}\n");
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
        add_request((const char *const[]){ argv[5], argc > 6 ? argv[6] : "", "", "" });
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
    print_report(took_s);
    return 0;
}
