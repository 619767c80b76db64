/* relay_peer.h: a relay with a client on one side and a service on the other, both played by the
 * test: it sends and reads the very bytes. */
#ifndef NET_TEST_RELAY_PEER_H
#define NET_TEST_RELAY_PEER_H

#include "net/relay.h"
#include "net/test/peer.h"

#include <stdatomic.h>

#define RECORDS_MAX 4096

struct road {
    struct relay *relay;
    struct relay_config config;
    struct ctx cx;
    struct arena *arena;
    struct sys_clock_fake *clock; /* NULL: real time */
    int listen_fd;
    char address[32];
    struct str addresses[4];
    struct relay_pool pool;
    struct relay_client client;
    struct relay_route routes[4];
    struct relay_grant grant;
    struct relay_policy policy;
    struct str networks[1];
    pthread_mutex_t lock;
    struct relay_record records[RECORDS_MAX];
    char names[RECORDS_MAX][96]; /* client, copied while it is valid */
    size_t n_records;
    _Atomic bool is_holding; /* on_records waits */
};

static inline void
road_records(void *arg, const struct relay_record *v, size_t n)
{
    struct road *r = arg;
    while (atomic_load(&r->is_holding)) {
        (void)usleep(1000);
    }
    (void)pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < n && r->n_records < RECORDS_MAX; i++) {
        (void)snprintf(r->names[r->n_records], sizeof(r->names[0]), STR_FMT, STR_ARG(v[i].client));
        r->records[r->n_records++] = v[i];
    }
    (void)pthread_mutex_unlock(&r->lock);
}

/* A port of the test's own that listens. */
static inline int
road_listen(char address[32])
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&at, n), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&at, &n), 0);
    (void)snprintf(address, 32, "127.0.0.1:%d", ntohs(at.sin_port));
    return fd;
}

/* One service at /svc, one X-Road service, one open route; one client known by its network. */
static inline struct road *
road_new(void)
{
    struct road *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    r->arena = arena_open(0);
    r->cx = (struct ctx){ .arena = r->arena, .clock = &sys_clock_real, .random = &sys_random_real };
    (void)pthread_mutex_init(&r->lock, NULL);
    r->listen_fd = road_listen(r->address);
    r->addresses[0] = str_of(r->address);
    r->networks[0] = STR("127.0.0.0/8");
    r->pool =
        (struct relay_pool){ .name = STR("pool"), .addresses = r->addresses, .n_addresses = 1 };
    r->client = (struct relay_client){
        .id = 7, .name = STR("VN/GOV/100/desk"), .networks = r->networks, .n_networks = 1
    };
    r->routes[0] = (struct relay_route){ .id = 1,
                                         .name = STR("svc"),
                                         .path = STR("/svc"),
                                         .pool = STR("pool"),
                                         .target = STR("/base") };
    r->routes[1] = (struct relay_route){ .id = 2,
                                         .name = STR("VN/GOV/200/people/find"),
                                         .path = STR("/r1/VN/GOV/200/people/find"),
                                         .pool = STR("pool") };
    r->routes[2] = (struct relay_route){
        .id = 3, .name = STR("open"), .path = STR("/open"), .pool = STR("pool"), .is_open = true
    };
    r->grant = (struct relay_grant){ .id = 11, .client = r->client.name, .route = STR("svc") };
    r->policy = (struct relay_policy){ .version = STR("1"),
                                       .pools = &r->pool,
                                       .n_pools = 1,
                                       .clients = &r->client,
                                       .n_clients = 1,
                                       .routes = r->routes,
                                       .n_routes = 3,
                                       .grants = &r->grant,
                                       .n_grants = 1 };
    r->config = (struct relay_config){ .n_loops = 1, .on_records = road_records, .arg = r };
    return r;
}

/* The same with a clock that stands until the test moves it. */
static inline struct road *
road_at(int64_t now_us)
{
    struct road *r = road_new();
    r->clock = calloc(1, sizeof(*r->clock));
    sys_clock_fake_init(r->clock, now_us);
    r->cx.clock = &r->clock->base;
    return r;
}

static inline void
road_apply(struct road *r)
{
    enum err e = relay_apply(&r->cx, r->relay, &r->policy);
    if (e != ERR_OK) {
        print_error("%s\n", r->cx.err.text);
    }
    assert_int_equal(e, ERR_OK);
}

static inline struct road *
road_start(struct road *r)
{
    assert_int_equal(relay_start(&r->cx, &r->config, &r->relay), ERR_OK);
    road_apply(r);
    return r;
}

static inline void
road_stop(struct road *r)
{
    atomic_store(&r->is_holding, false);
    relay_stop(r->relay, 0);
    (void)close(r->listen_fd);
    (void)pthread_mutex_destroy(&r->lock);
    arena_close(r->arena);
    free(r->clock);
    free(r);
}

/* A client's connection. */
static inline int
road_client(struct road *r)
{
    return peer_open(relay_port(r->relay));
}

static inline void
road_patience(int fd)
{
    struct timeval patience = { .tv_sec = 20 };
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

/* The relay's next connection to a service. */
static inline int
road_accept(int listen_fd)
{
    road_patience(listen_fd);
    int fd = accept(listen_fd, NULL, NULL);
    assert_true(fd >= 0);
    road_patience(fd);
    return fd;
}

static inline bool
has(struct str text, const char *what)
{
    return str_find(text, str_of(what)) != text.n;
}

#define WHO "X-Road-Client: VN/GOV/100/desk\r\n"

static inline void
road_send(int fd, const char *text)
{
    assert_true(peer_send(fd, str_of(text)));
}

/* The records so far; waits until there are n. */
/* A client sends a request, the service has its head: the client; *ret_service is the other end. */
static inline int
road_ask(struct road *r, const char *request, int *ret_service)
{
    int fd = road_client(r);
    road_send(fd, request);
    *ret_service = road_accept(r->listen_fd);
    (void)peer_until(r->arena, *ret_service, "\r\n\r\n");
    return fd;
}

/* The test is over: both ends go, then the relay. */
static inline void
road_end(struct road *r, int client, int service)
{
    (void)close(client);
    (void)close(service);
    road_stop(r);
}

static inline void
road_await_records(struct road *r, size_t n)
{
    for (int i = 0;; i++) {
        (void)pthread_mutex_lock(&r->lock);
        size_t have = r->n_records;
        (void)pthread_mutex_unlock(&r->lock);
        if (have >= n) {
            return;
        }
        assert_true(i < 4000);
        (void)usleep(5000);
    }
}

static inline struct relay_stats
road_stats(struct road *r)
{
    struct relay_stats st;
    relay_stats(r->relay, &st);
    return st;
}

/* A refused call: its status, and its code in the body. */
static inline void
road_is_refused(struct road *r, int fd, int status, const char *code)
{
    struct answer a = peer_answer(r->arena, fd, false);
    if (a.status != status || !has(a.body, code)) {
        print_error("%d " STR_FMT " instead of %d %s\n", a.status, STR_ARG(a.body), status, code);
    }
    assert_int_equal(a.status, status);
    assert_true(has(a.body, code));
}

#endif
