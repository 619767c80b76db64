/* How calls of the relay end when something goes wrong: services that break the protocol, calls
 * that are tried again, steps that take too long. */
#include "net/test/relay_peer.h"

#include <fcntl.h>

/* --- what services do wrong ------------------------------------------------------------------- */
static const struct {
    const char *what, *answer;
    int status;
    const char *code;
} bad_answers[] = {
    { "nothing", "", 502, "closed" },
    { "half a head", "HTTP/1.1 200 OK\r\nContent-", 502, "bad_answer" },
    { "a page without a head", "<html>hello</html>\r\n\r\n", 502, "bad_answer" },
    { "two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 502,
      "bad_answer" },
    { "length and chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502,
      "bad_answer" },
    { "folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", 502, "bad_answer" },
    { "another protocol", "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", 502,
      "bad_answer" },
    { "bad chunk first", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n", 502,
      "bad_answer" },
    { "many interim answers",
      "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
      "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
      "HTTP/1.1 100 C\r\n\r\n",
      502, "bad_answer" },
};

static void
test_relay_malformed_answers_become_502(void **state)
{
    (void)state;
    struct road *r = road_new();
    r->pool.fail_n = 1000;
    (void)road_start(r);
    for (size_t i = 0; i < COUNT_OF(bad_answers); i++) {
        int s = -1;
        int c = road_ask(r, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO "Content-Length: 0\r\n\r\n",
                         &s);
        road_send(s, bad_answers[i].answer);
        (void)shutdown(s, SHUT_WR);
        print_message("%s\n", bad_answers[i].what);
        road_is_refused(r, c, bad_answers[i].status, bad_answers[i].code);
        (void)close(c);
        (void)close(s);
    }
    road_stop(r);
}

/* What comes behind an answer belongs to nobody: it must not become the next call's answer. */
static void
test_relay_bytes_behind_an_answer_poison_no_other_call(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int s = -1;
    int c = road_ask(r, "GET /svc/1 HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                 "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    assert_true(str_eq(peer_answer(r->arena, c, false).body, STR("ok")));
    road_send(c, "GET /svc/2 HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    int again = road_accept(r->listen_fd); /* another connection */
    (void)peer_until(r->arena, again, "\r\n\r\n");
    road_send(again, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
    assert_true(str_eq(peer_answer(r->arena, c, false).body, STR("fine")));
    /* the same, when the bytes come later, while the connection idles */
    road_send(again, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    char byte = 0;
    assert_true(recv(again, &byte, 1, 0) <= 0);
    road_send(c, "GET /svc/3 HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    int third = road_accept(r->listen_fd);
    (void)peer_until(r->arena, third, "\r\n\r\n");
    road_send(third, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine");
    assert_true(str_eq(peer_answer(r->arena, c, false).body, STR("fine")));
    (void)close(c);
    (void)close(s);
    (void)close(again);
    (void)close(third);
    road_stop(r);
}

/* An answer that ends too early must not look whole. */
static void
test_relay_cut_answer_cuts_the_client(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    static const char *const heads[] = { "Content-Length: 10\r\n\r\nhalf",
                                         "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n" };
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        int s = -1;
        int c = road_ask(r, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
        road_send(s, "HTTP/1.1 200 OK\r\n");
        road_send(s, heads[i]);
        (void)peer_until(r->arena, c, "half");
        (void)close(s);
        struct str rest = peer_rest(r->arena, c, 1000);
        assert_false(has(rest, "0\r\n\r\n"));
        (void)close(c);
        road_await_records(r, i + 1);
        assert_int_equal(r->records[i].error, RELAY_ANSWER_CUT);
        assert_true(r->records[i].is_cut && r->records[i].status == 200);
    }
    road_stop(r);
}

/* --- trying again ----------------------------------------------------------------------------- */
static void
test_relay_repeatable_call_is_tried_again_others_are_not(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int s = -1;
    int c = road_ask(r, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
    (void)close(s); /* without a word */
    s = road_accept(r->listen_fd);
    assert_true(has(peer_until(r->arena, s, "\r\n\r\n"), "GET /base HTTP/1.1"));
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_true(str_eq(peer_answer(r->arena, c, false).body, STR("ok")));
    road_await_records(r, 1);
    assert_int_equal(r->records[0].tries_n, 2);
    road_send(c, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO "Content-Length: 0\r\n\r\n");
    (void)peer_until(r->arena, s, "\r\n\r\n");
    (void)close(s);
    road_is_refused(r, c, 502, "closed");
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    for (int i = 0; i < 2; i++) { /* twice in all, then it is told */
        s = road_accept(r->listen_fd);
        (void)peer_until(r->arena, s, "\r\n\r\n");
        (void)close(s);
    }
    road_is_refused(r, c, 502, "closed");
    (void)close(c);
    road_stop(r);
}

static void
test_relay_dead_address_is_passed_over_and_its_circuit_opens(void **state)
{
    (void)state;
    struct road *r = road_new();
    char dead[32];
    int fd = road_listen(dead);
    (void)close(fd); /* nobody listens there now */
    r->addresses[1] = str_of(r->address);
    r->addresses[0] = str_of(dead);
    r->pool.n_addresses = 2;
    r->pool.fail_n = 2;
    r->pool.open_ms = 3600000;
    (void)road_start(r);
    int c = road_client(r);
    int s = -1;
    for (int i = 0; i < 8; i++) {
        road_send(c, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO "Content-Length: 0\r\n\r\n");
        s = s < 0 ? road_accept(r->listen_fd) : s;
        (void)peer_until(r->arena, s, "\r\n\r\n");
        road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        assert_int_equal(peer_answer(r->arena, c, false).status, 200);
    }
    assert_int_equal(road_stats(r).n_retries, 2); /* then it was not asked any more */
    struct relay_address *all = NULL;
    size_t n = 0;
    assert_int_equal(relay_addresses(&r->cx, r->relay, &all, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_false(all[0].is_up);
    assert_true(all[1].is_up);
    road_end(r, c, s);
}

static void
test_relay_open_circuit_refuses_at_once_and_closes_after_one_good_call(void **state)
{
    (void)state;
    struct road *r = road_at(INT64_C(1790000000000000));
    r->pool.fail_n = 1;
    r->pool.open_ms = 5000;
    (void)road_start(r);
    int s = -1;
    int c =
        road_ask(r, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO "Content-Length: 0\r\n\r\n", &s);
    (void)close(s);
    road_is_refused(r, c, 502, "closed");
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    struct answer a = peer_answer(r->arena, c, false);
    assert_int_equal(a.status, 503);
    assert_true(answer_has(&a, "Retry-After: 5\r\n") && has(a.body, "circuit"));
    sys_clock_fake_step(r->clock, 5000000);
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    s = road_accept(r->listen_fd);
    (void)peer_until(r->arena, s, "\r\n\r\n");
    int other = road_client(r); /* only one may try */
    road_send(other, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    road_is_refused(r, other, 503, "circuit");
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(peer_answer(r->arena, c, false).status, 200);
    road_send(other, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    (void)peer_until(r->arena, s, "\r\n\r\n");
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(peer_answer(r->arena, other, false).status, 200);
    (void)close(other);
    road_end(r, c, s);
}

/* --- time ------------------------------------------------------------------------------------- */
static struct road *
road_with_fake_clock(void)
{
    struct road *r = road_at(INT64_C(1790000000000000));
    r->pool.fail_n = 1000;
    r->routes[0].wait_ms = 2000;
    r->routes[0].send_ms = 3000;
    r->routes[0].answer_ms = 4000;
    return road_start(r);
}

static void
test_relay_each_step_has_its_time(void **state)
{
    (void)state;
    struct road *r = road_with_fake_clock();
    int s = -1;
    int c = road_ask(r, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
    sys_clock_fake_step(r->clock, 2100000);
    road_is_refused(r, c, 504, "wait_time");
    (void)close(s);
    road_send(c, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO "Content-Length: 9\r\n\r\nhalf");
    s = road_accept(r->listen_fd);
    (void)peer_until(r->arena, s, "half");
    sys_clock_fake_step(r->clock, 3100000);
    road_is_refused(r, c, 408, "client_time");
    (void)close(s);
    (void)close(c);
    c = road_client(r);
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    s = road_accept(r->listen_fd);
    (void)peer_until(r->arena, s, "\r\n\r\n");
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    (void)peer_until(r->arena, c, "half");
    sys_clock_fake_step(r->clock, 4100000);
    assert_int_equal(peer_rest(r->arena, c, 100).n, 0);
    (void)close(s);
    (void)close(c);
    c = road_client(r);
    road_send(c, "GET /svc HTT");
    while (road_stats(r).n_open == 0) {
        (void)usleep(1000);
    }
    (void)usleep(
        20000); /* until the bytes are there; only how often the loop is asked depends on it */
    sys_clock_fake_step(r->clock, 10100000);
    road_is_refused(r, c, 408, "client_time");
    (void)close(c);
    road_await_records(r, 4);
    assert_int_equal(r->records[2].error, RELAY_ANSWER_TIME);
    road_stop(r);
}

/* A service whose listener has no more room: the kernel drops what knocks, as a dead network does.
 */
static void
test_relay_connection_not_taken_ends_by_connect_time(void **state)
{
    (void)state;
    struct road *r = road_at(INT64_C(1790000000000000));
    struct sockaddr_in at = { 0 };
    socklen_t at_n = sizeof(at);
    int held[4];
    r->routes[0].connect_ms = 2000;
    r->routes[0].tries_max = 1;
    assert_int_equal(listen(r->listen_fd, 0), 0);
    assert_int_equal(getsockname(r->listen_fd, (struct sockaddr *)(void *)&at, &at_n), 0);
    for (size_t i = 0; i < COUNT_OF(held); i++) { /* nobody accepts these */
        held[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(held[i], (const struct sockaddr *)(const void *)&at, at_n);
    }
    (void)road_start(r);
    int c = road_client(r);
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    while (road_stats(r).n_upstream_opened == 0) {
        (void)usleep(1000);
    }
    sys_clock_fake_step(r->clock, 2100000);
    road_is_refused(r, c, 504, "connect_time");
    road_await_records(r, 1);
    assert_int_equal(r->records[0].error, RELAY_CONNECT_TIME);
    for (size_t i = 0; i < COUNT_OF(held); i++) {
        (void)close(held[i]);
    }
    (void)close(c);
    road_stop(r);
}

/* A body larger than all buffers on the way, to a service that reads the head and no more. */
static void
test_relay_request_not_read_ends_by_send_time(void **state)
{
    (void)state;
    static char block[1 << 16];
    struct road *r = road_at(INT64_C(1790000000000000));
    r->routes[0].send_ms = 3000;
    (void)road_start(r);
    int s = -1;
    int c = road_ask(
        r, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO "Content-Length: 90000000\r\n\r\n", &s);
    assert_int_equal(fcntl(c, F_SETFL, O_NONBLOCK), 0);
    int full_n = 0; /* how often in a row nothing could be written */
    for (int i = 0; full_n < 50 && i < 100000; i++) {
        ssize_t n = send(c, block, sizeof(block), MSG_NOSIGNAL);
        full_n = n > 0 ? 0 : full_n + 1;
        if (n < 0) {
            (void)usleep(20000);
        }
    }
    assert_int_equal(fcntl(c, F_SETFL, 0), 0);
    sys_clock_fake_step(r->clock, 3100000);
    road_is_refused(r, c, 504, "send_time");
    road_await_records(r, 1);
    assert_int_equal(r->records[0].error, RELAY_SEND_TIME);
    road_end(r, c, s);
}

/* No step takes too long, the call does: refused before its answer began, cut behind that. */
static void
test_relay_call_without_end_ends_by_total_time(void **state)
{
    (void)state;
    struct road *r = road_at(INT64_C(1790000000000000));
    r->routes[0].total_ms = 5000;
    (void)road_start(r);
    int s = -1;
    int c = road_ask(r, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
    sys_clock_fake_step(r->clock, 5100000);
    road_is_refused(r, c, 504, "total_time");
    (void)close(s);
    (void)close(c);
    c = road_ask(r, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
    sys_clock_fake_step(r->clock, 3000000);
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    (void)peer_until(r->arena, c, "half");
    sys_clock_fake_step(r->clock, 2100000);
    assert_int_equal(peer_rest(r->arena, c, 100).n, 0);
    road_await_records(r, 2);
    assert_int_equal(r->records[0].error, RELAY_TOTAL_TIME);
    assert_int_equal(r->records[1].error, RELAY_TOTAL_TIME);
    assert_true(r->records[1].is_cut);
    road_end(r, c, s);
}

static void
test_relay_upgrade_is_refused_and_h2c_offer_ignored(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int c = road_client(r);
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO
                 "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n");
    road_is_refused(r, c, 501, "upgrade");
    road_send(c,
              "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO
              "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n");
    int s = road_accept(r->listen_fd);
    struct str up = peer_until(r->arena, s, "\r\n\r\n");
    assert_false(has(up, "pgrade") || has(up, "HTTP2-Settings"));
    road_send(s, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_int_equal(peer_answer(r->arena, c, false).status, 204);
    road_end(r, c, s);
}

/* Calls that cannot be accounted for are not made. */
static void
test_relay_full_records_refuse_calls_and_lose_none(void **state)
{
    (void)state;
    struct road *r = road_new();
    r->config.records_max = 16;
    atomic_store(&r->is_holding, true);
    (void)road_start(r);
    int c = road_client(r);
    size_t n_told = 0;
    bool was_full = false;
    for (int i = 0; i < 200 && !was_full; i++) {
        road_send(c, "GET /other HTTP/1.1\r\nHost: relay\r\n\r\n");
        struct answer a = peer_answer(r->arena, c, false);
        was_full = a.status == 503;
        n_told += a.status == 404 ? 1U : 0U;
    }
    assert_true(was_full && n_told >= 16);
    atomic_store(&r->is_holding, false);
    road_await_records(r, n_told);
    assert_int_equal(r->n_records, n_told);
    (void)close(c);
    road_stop(r);
}

/* A client that goes away leaves a record and takes the service's call with it. */
static void
test_relay_client_gone_ends_the_call(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int s = -1;
    int c = road_ask(r, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
    struct linger hard = { .l_onoff = 1 };
    (void)setsockopt(c, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    (void)close(c); /* a reset */
    char byte = 0;
    assert_int_equal(recv(s, &byte, 1, 0), 0);
    road_await_records(r, 1);
    assert_int_equal(r->records[0].error, RELAY_CLIENT_GONE);
    (void)close(s);
    road_stop(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relay_malformed_answers_become_502),
        cmocka_unit_test(test_relay_bytes_behind_an_answer_poison_no_other_call),
        cmocka_unit_test(test_relay_cut_answer_cuts_the_client),
        cmocka_unit_test(test_relay_repeatable_call_is_tried_again_others_are_not),
        cmocka_unit_test(test_relay_dead_address_is_passed_over_and_its_circuit_opens),
        cmocka_unit_test(test_relay_open_circuit_refuses_at_once_and_closes_after_one_good_call),
        cmocka_unit_test(test_relay_each_step_has_its_time),
        cmocka_unit_test(test_relay_connection_not_taken_ends_by_connect_time),
        cmocka_unit_test(test_relay_request_not_read_ends_by_send_time),
        cmocka_unit_test(test_relay_call_without_end_ends_by_total_time),
        cmocka_unit_test(test_relay_upgrade_is_refused_and_h2c_offer_ignored),
        cmocka_unit_test(test_relay_full_records_refuse_calls_and_lose_none),
        cmocka_unit_test(test_relay_client_gone_ends_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
