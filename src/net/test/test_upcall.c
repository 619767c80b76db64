/* Calls on kept connections against a peer that says what it is told to say. */
#include "net/test/peer.h"
#include "net/upcall.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>

/* A peer: each connection gets the answers of its script, one for each request that came whole. */
struct script {
    const char *answers[4];
    bool is_closing; /* after the last answer; else the connection stays */
};
struct says {
    const struct script *v;
    size_t n;
    int fd;
    int32_t port;
    pthread_t thread;
    int open[8];
};

static bool
read_request(int fd)
{
    char have[4096];
    size_t n = 0;
    while (n < sizeof(have) - 1) {
        ssize_t got = recv(fd, have + n, sizeof(have) - 1 - n, 0);
        if (got <= 0) {
            return false;
        }
        n += (size_t)got;
        have[n] = '\0';
        if (strstr(have, "\r\n\r\n") != NULL) {
            return true;
        }
    }
    return false;
}

static void *
says_main(void *arg)
{
    struct says *s = arg;
    for (size_t i = 0; i < s->n; i++) {
        int fd = accept(s->fd, NULL, NULL);
        s->open[i] = fd;
        for (size_t k = 0; k < COUNT_OF(s->v[i].answers) && s->v[i].answers[k] != NULL; k++) {
            if (!read_request(fd)) {
                break;
            }
            const char *text = s->v[i].answers[k];
            (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
        }
        if (s->v[i].is_closing) {
            (void)close(fd);
            s->open[i] = -1;
        }
    }
    return NULL;
}

static void
says_start(struct says *s, const struct script *v, size_t n)
{
    *s = (struct says){ .v = v, .n = n };
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t at_n = sizeof(at);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &at_n), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, says_main, s), 0);
}

static void
says_end(struct says *s)
{
    (void)pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->n; i++) {
        if (s->open[i] >= 0) {
            (void)close(s->open[i]);
        }
    }
    (void)close(s->fd);
}

struct caller {
    struct says peer;
    struct ctx cx;
    struct upcall_pool *pool;
    struct upcall_to to;
    struct buf body;
};

/* A peer with its script, and who calls it. */
static void
caller_open(struct caller *c, const struct script *v, size_t n)
{
    *c = (struct caller){ .pool = upcall_pool_open() };
    says_start(&c->peer, v, n);
    c->cx = (struct ctx){ .arena = arena_open(0), .clock = &sys_clock_real };
    c->to =
        (struct upcall_to){ .host = STR("127.0.0.1"), .port = c->peer.port, .same = STR("here") };
}

static void
caller_close(struct caller *c)
{
    upcall_pool_close(c->pool);
    says_end(&c->peer);
    arena_close(c->cx.arena);
}

static enum err
take(void *arg, struct str bytes)
{
    struct caller *c = arg;
    buf_add(&c->body, bytes);
    return c->body.is_failed ? ERR_TOO_LARGE : ERR_OK;
}

static struct upcall
ready(struct caller *c)
{
    c->body = buf_new(c->cx.arena, 4096);
    return (struct upcall){ .to = &c->to,
                            .out = STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                            .opening_ms = 60000,
                            .silence_ms = 60000,
                            .sink = take,
                            .arg = c };
}

static void
wait_for(struct caller *c, struct upcall *u)
{
    while (u->state != UPCALL_DONE) {
        upcall_wait(&c->cx, c->pool, &u, 1, -1);
    }
}

static void
finish(struct caller *c, struct upcall *u)
{
    upcall_begin(&c->cx, c->pool, u);
    wait_for(c, u);
}

static void
expect(struct caller *c, enum err want, const char *body)
{
    struct upcall u = ready(c);
    finish(c, &u);
    if (u.result != want) {
        print_error("%s\n", u.detail);
    }
    assert_int_equal(u.result, want);
    if (body != NULL) {
        assert_int_equal(u.answer.status, 200);
        assert_true(str_eq(buf_str(&c->body), str_of(body)));
    }
}

#define OK_A "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"

static void
test_upcall_one_connection_takes_call_after_call(void **state)
{
    static const struct script v[] = {
        { .answers = { OK_A,
                       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
                       "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                       "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                       "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end" },
          .is_closing = true },
    };
    (void)state;
    struct caller c;
    caller_open(&c, v, COUNT_OF(v));
    expect(&c, ERR_OK, "a");
    expect(&c, ERR_OK, "abcde");
    expect(&c, ERR_OK, "");
    expect(&c, ERR_OK, "to the end");
    caller_close(&c);
}

static void
test_upcall_a_dead_kept_connection_is_replaced_and_a_fresh_one_is_not(void **state)
{
    static const struct script v[] = {
        { .answers = { OK_A }, .is_closing = true },
        { .answers = { OK_A }, .is_closing = true },
        { .answers = { "" }, .is_closing = true },
    };
    (void)state;
    struct caller c;
    caller_open(&c, v, COUNT_OF(v));
    expect(&c, ERR_OK, "a");
    expect(&c, ERR_OK, "a");
    expect(&c, ERR_UPSTREAM, NULL); /* nothing is said, and nothing is asked twice */
    caller_close(&c);
}

static void
test_upcall_what_is_malformed_or_cut_off_is_no_answer(void **state)
{
    static const struct script v[] = {
        { .answers = { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na" }, .is_closing = true },
        { .answers = { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc" },
          .is_closing = true },
        { .answers = { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" },
          .is_closing = true },
        { .answers = { "220 mail\r\n\r\n" }, .is_closing = true },
        { .answers = { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab" } }, /* said too much: */
        { .answers = { OK_A } },                                             /* not used again */
    };
    (void)state;
    struct caller c;
    caller_open(&c, v, COUNT_OF(v));
    for (int i = 0; i < 4; i++) {
        expect(&c, ERR_UPSTREAM, NULL);
    }
    expect(&c, ERR_OK, "a");
    expect(&c, ERR_OK, "a");
    caller_close(&c);
}

static void
test_upcall_silence_ends_at_its_time_and_others_go_on(void **state)
{
    static const struct script v[] = { { .answers = { "" } }, { .answers = { OK_A } } };
    (void)state;
    struct caller c;
    caller_open(&c, v, COUNT_OF(v));
    struct upcall silent = ready(&c);
    silent.silence_ms = 200;
    upcall_begin(&c.cx, c.pool, &silent);
    assert_true(silent.state != UPCALL_DONE);
    struct upcall *all[2] = { &silent, &silent };
    upcall_wait(&c.cx, c.pool, all, 1, 0); /* asks no longer than it may */
    wait_for(&c, &silent);
    assert_int_equal(silent.result, ERR_DEADLINE);
    struct upcall good = ready(&c);
    all[1] = &good;
    upcall_begin(&c.cx, c.pool, &good);
    while (good.state != UPCALL_DONE) {
        upcall_wait(&c.cx, c.pool, all, 2, -1);
    }
    assert_int_equal(good.result, ERR_OK);
    caller_close(&c);
}

static void
test_upcall_nobody_there_or_no_room_for_the_answer(void **state)
{
    static const struct script v[] = {
        { .answers = { "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nabc" } },
    };
    (void)state;
    struct caller c;
    caller_open(&c, v, COUNT_OF(v));
    struct upcall u = ready(&c);
    c.body = buf_new(c.cx.arena, 2);
    finish(&c, &u);
    assert_int_equal(u.result, ERR_TOO_LARGE);
    (void)shutdown(c.peer.fd, SHUT_RDWR); /* from now on nobody listens there */
    expect(&c, ERR_UPSTREAM, NULL);
    caller_close(&c);
}

/* --- names with several addresses --------------------------------------------------------------
 */
/* The resolver of this program: "many.test" has these addresses; all else is the number it is. */
static const char *many[4];

int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret)
{
    bool is_many = strcmp(host, "many.test") == 0;
    int64_t number = 0;
    *ret = NULL;
    assert_true(str_to_i64(str_of(port), 1, 65535, &number));
    if (is_many && (hints->ai_flags & AI_NUMERICHOST) != 0) {
        return EAI_NONAME;
    }
    for (size_t i = is_many ? COUNT_OF(many) : 1; i-- > 0;) {
        const char *address = is_many ? many[i] : host;
        struct addrinfo *a = address == NULL ? NULL : calloc(1, sizeof(*a));
        struct sockaddr_in *at = a == NULL ? NULL : calloc(1, sizeof(*at));
        if (at == NULL) {
            continue;
        }
        *at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)number) };
        assert_int_equal(inet_pton(AF_INET, address, &at->sin_addr), 1);
        *a = (struct addrinfo){ .ai_family = AF_INET,
                                .ai_socktype = SOCK_STREAM,
                                .ai_addr = (struct sockaddr *)(void *)at,
                                .ai_addrlen = sizeof(*at),
                                .ai_next = *ret };
        *ret = a;
    }
    return *ret == NULL ? EAI_NONAME : 0;
}

void
freeaddrinfo(struct addrinfo *list)
{
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_addr);
        free(list);
        list = next;
    }
}

/* An address that takes no connection and refuses none: the places of its queue are taken. */
struct silent {
    int fds[5];
};

static struct silent
silent_open(const char *address, int32_t port)
{
    struct silent s;
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    const struct sockaddr *to = (const struct sockaddr *)(const void *)&at;
    assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
    for (size_t i = 0; i < COUNT_OF(s.fds); i++) {
        s.fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (i == 0 ? 0 : SOCK_NONBLOCK), 0);
        assert_true(s.fds[i] >= 0);
        if (i == 0) {
            assert_int_equal(bind(s.fds[0], to, sizeof(at)), 0);
            assert_int_equal(listen(s.fds[0], 0), 0);
        } else {
            (void)connect(s.fds[i], to, sizeof(at));
        }
    }
    return s;
}

static void
silent_close(const struct silent *s)
{
    for (size_t i = 0; i < COUNT_OF(s->fds); i++) {
        (void)close(s->fds[i]);
    }
}

static void
test_upcall_next_address_is_tried_when_one_is_silent_or_refuses(void **state)
{
    static const struct script v[] = { { .answers = { OK_A, OK_A } } };
    (void)state;
    struct caller c;
    caller_open(&c, v, COUNT_OF(v));
    struct silent s = silent_open("127.0.0.2", c.peer.port);
    many[0] = "127.0.0.2"; /* silent */
    many[1] = "127.0.0.3"; /* refuses */
    many[2] = "127.0.0.1";
    many[3] = NULL;
    c.to.host = STR("many.test");
    struct upcall u = ready(&c);
    u.opening_ms = 900;
    finish(&c, &u);
    assert_int_equal(u.result, ERR_OK);
    assert_int_equal(u.n_tried, 3);
    assert_true(str_eq(buf_str(&c.body), STR("a")));
    expect(&c, ERR_OK, "a"); /* on the kept connection */
    silent_close(&s);
    caller_close(&c);
}

static void
test_upcall_all_addresses_silent_is_late_after_each_was_tried(void **state)
{
    static const struct script v[] = { { .answers = { "" } } };
    (void)state;
    struct caller c;
    caller_open(&c, v, COUNT_OF(v));
    struct silent s[2] = { silent_open("127.0.0.2", c.peer.port),
                           silent_open("127.0.0.3", c.peer.port) };
    many[0] = "127.0.0.2";
    many[1] = "127.0.0.3";
    many[2] = many[3] = NULL;
    c.to.host = STR("many.test");
    struct upcall u = ready(&c);
    u.opening_ms = 300;
    finish(&c, &u);
    assert_int_equal(u.result, ERR_DEADLINE);
    assert_int_equal(u.n_tried, 2);
    u = ready(&c); /* the end of it all is not put off by another address */
    u.opening_ms = 600000;
    u.due_us = sys_mono_us(&c.cx) + 100000;
    finish(&c, &u);
    assert_int_equal(u.result, ERR_DEADLINE);
    assert_int_equal(u.n_tried, 1);
    c.to.host = STR("127.0.0.1");
    u = ready(&c);
    u.silence_ms = 1; /* lets the peer's thread end */
    finish(&c, &u);
    silent_close(&s[0]);
    silent_close(&s[1]);
    caller_close(&c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upcall_one_connection_takes_call_after_call),
        cmocka_unit_test(test_upcall_a_dead_kept_connection_is_replaced_and_a_fresh_one_is_not),
        cmocka_unit_test(test_upcall_what_is_malformed_or_cut_off_is_no_answer),
        cmocka_unit_test(test_upcall_silence_ends_at_its_time_and_others_go_on),
        cmocka_unit_test(test_upcall_next_address_is_tried_when_one_is_silent_or_refuses),
        cmocka_unit_test(test_upcall_all_addresses_silent_is_late_after_each_was_tried),
        cmocka_unit_test(test_upcall_nobody_there_or_no_room_for_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
