/* The server at work: keep-alive, pipelining, bodies, classes, times, the
 * end. */
#include "net/test/peer.h"

/* --- connections --- */
static void
test_server_keep_alive_serves_many(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    for (int i = 0; i < 50; i++) {
        peer_get(fd, i % 2 == 0 ? "/fast" : "/echo");
        struct answer ans = peer_answer(b->arena, fd, false);
        assert_int_equal(ans.status, 200);
        assert_true(str_eq(ans.body, i % 2 == 0 ? STR("hello") : STR("empty")));
        assert_true(answer_has(&ans, "Date: ") && answer_has(&ans, " GMT\r\n"));
        assert_false(answer_has(&ans, "Connection: close"));
    }
    struct server_stats st = bench_stats(b);
    assert_int_equal(st.n_requests, 50);
    assert_int_equal(st.n_connections, 1);
    (void)close(fd);
    bench_end(b);
}

static void
test_server_pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    struct buf all = buf_new(b->arena, 1U << 20);
    for (int i = 0; i < 200; i++) {
        buf_addf(&all, "POST /%s HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n%03d",
                 i % 3 == 0 ? "fast" : "echo", i);
    }
    assert_true(peer_send(fd, buf_str(&all)));
    for (int i = 0; i < 200; i++) {
        struct answer ans = peer_answer(b->arena, fd, false);
        assert_int_equal(ans.status, 200);
        assert_true(str_eq(ans.body, i % 3 == 0 ? STR("hello") : str_fmt(b->arena, "%03d", i)));
    }
    (void)close(fd);
    bench_end(b);
}

static void
test_server_connection_close_closes(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    assert_true(
        peer_send(fd, STR("GET /fast HTTP/1.1\r\nHost: x\r\nConnection: x, Close\r\n\r\n")));
    struct str all = peer_rest(b->arena, fd, 4096);
    assert_true(str_find(all, STR("Connection: close\r\n")) != all.n);
    assert_true(str_ends(all, STR("hello")));
    (void)close(fd);
    bench_end(b);
}

static void
test_server_head_has_length_and_no_body(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    assert_true(peer_send(
        fd, STR("HEAD /fast HTTP/1.1\r\nHost: x\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n"
                "HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /fast HTTP/1.1\r\nHost: x\r\n\r\n")));
    struct answer ans = peer_answer(b->arena, fd, true);
    assert_true(answer_has(&ans, "Content-Length: 5\r\n"));
    ans = peer_answer(b->arena, fd, true);
    assert_true(answer_has(&ans, "Transfer-Encoding: chunked\r\n"));
    ans = peer_answer(b->arena, fd, true);
    assert_int_equal(ans.status, 204);
    assert_false(answer_has(&ans, "Content-Length"));
    assert_true(str_eq(peer_answer(b->arena, fd, false).body, STR("hello")));
    (void)close(fd);
    bench_end(b);
}

static void
test_server_too_many_connections_are_turned_away(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    b->config.connections_max = 2;
    (void)bench_start(b);
    int one = bench_peer(b), two = bench_peer(b);
    BENCH_AWAIT(b, n_open, 2);
    int three = bench_peer(b);
    struct answer ans = peer_answer(b->arena, three, false);
    assert_int_equal(ans.status, 503);
    assert_true(answer_has(&ans, "Retry-After: "));
    (void)close(one);
    (void)close(two);
    (void)close(three);
    bench_end(b);
}

/* --- handlers' mistakes --- */

static void
test_server_handler_mistakes_become_500(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    status_is(b, "/split", 500);
    status_is(b, "/many", 500);
    status_is(b, "/unset", 500);
    status_is(b, "/loop-file", 500);
    status_is(b, "/stream-fail", 500);
    bench_end(b);
}

static void
error_page(void *arg, int status, const struct http_request *rq, struct http_response *rs)
{
    (void)arg;
    rs->content_type = STR("text/html");
    rs->body = rq->path.p == NULL ? str_cat(rq->arena, STR("<p>no request "), rq->target)
                                  : str_fmt(rq->arena, "<p>%d", status);
}

static void
test_server_errors_come_from_on_error(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    b->config.on_error = error_page;
    (void)bench_start(b);
    int fd = bench_peer(b);
    peer_get(fd, "/unset");
    assert_true(str_eq(peer_answer(b->arena, fd, false).body, STR("<p>500")));
    assert_true(peer_send(fd, STR("nonsense\r\n\r\n")));
    struct answer ans = peer_answer(b->arena, fd, false);
    assert_int_equal(ans.status, 400);
    assert_true(str_eq(ans.body, STR("<p>no request ")));
    (void)close(fd);
    fd = bench_peer(b);
    assert_true(peer_send(fd, STR("GET /r1/%zz?a HTTP/1.1\r\nHost: x\r\n\r\n")));
    ans = peer_answer(b->arena, fd, false);
    assert_int_equal(ans.status, 400);
    assert_true(str_eq(ans.body, STR("<p>no request /r1/%zz")));
    (void)close(fd);
    bench_end(b);
}

/* --- bodies --- */

static void
post_length(int fd, struct arena *a, struct str body)
{
    assert_true(peer_send(
        fd, str_fmt(a, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", body.n)));
    assert_true(peer_send(fd, body));
}

static void
post_chunks(int fd, struct arena *a, struct str body, size_t chunk)
{
    assert_true(
        peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")));
    for (size_t at = 0; at < body.n; at += chunk) {
        struct str part = str_slice(body, at, at + chunk);
        assert_true(peer_send(fd, str_fmt(a, "%zx\r\n" STR_FMT "\r\n", part.n, STR_ARG(part))));
    }
    assert_true(peer_send(fd, STR("0\r\n\r\n")));
}

static void
test_server_bodies_at_every_size_arrive(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    static const size_t sizes[] = { 1,     1000,   1023,   1024,    1025,
                                    20000, 131072, 160000, 1000003, 5000000 };
    int fd = bench_peer(b);
    for (size_t i = 0; i < 2 * COUNT_OF(sizes); i++) {
        struct str body = pattern(b->arena, sizes[i / 2]);
        if (i % 2 == 0) {
            post_length(fd, b->arena, body);
        } else {
            post_chunks(fd, b->arena, body, 10007);
        }
        struct answer ans = peer_answer(b->arena, fd, false);
        assert_int_equal(ans.status, 200);
        struct str want = body.n <= 1024 ? body
                                         : str_fmt(b->arena, "spooled %zu %016" PRIx64 " 0", body.n,
                                                   str_hash(body));
        assert_true(str_eq(ans.body, want));
    }
    (void)close(fd);
    bench_end(b); /* finds the spool folder empty */
}

static void
test_server_spooled_body_cut_off_leaves_no_file(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    assert_true(
        peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n")));
    assert_true(peer_send(fd, pattern(b->arena, 1000000)));
    (void)close(fd);
    BENCH_AWAIT(b, n_bad, 1);
    bench_end(b);
}

/* The answer must not be lost because its reader is still sending. */
static void
test_server_refused_body_is_read_to_its_end(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    assert_true(
        peer_send(fd, STR("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n")));
    for (int i = 0; i < 8; i++) {
        assert_true(peer_send(fd, pattern(b->arena, 1000000)));
    }
    assert_int_equal(peer_answer(b->arena, fd, false).status, 413);
    (void)close(fd);
    bench_end(b);
}

static void
test_server_body_too_large_is_413_before_reading(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    /* not one byte of the body is sent: the answer cannot have waited for it */
    assert_true(peer_send(fd, STR("POST /small HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                                  "Content-Length: 11\r\n\r\n")));
    struct answer ans = peer_answer(b->arena, fd, false);
    assert_int_equal(ans.status, 413);
    assert_true(answer_has(&ans, "Connection: close"));
    (void)close(fd);
    fd = bench_peer(b);
    assert_true(
        peer_send(fd, STR("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "6\r\n123456\r\n6\r\n123456\r\n")));
    assert_int_equal(peer_answer(b->arena, fd, false).status, 413);
    (void)close(fd);
    fd = bench_peer(b);
    assert_true(peer_send(
        fd, STR("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1234567890")));
    assert_true(str_eq(peer_answer(b->arena, fd, false).body, STR("1234567890")));
    (void)close(fd);
    bench_end(b);
}

static void
test_server_expect_continue_is_answered(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    assert_true(peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: "
                                  "100-continue\r\nContent-Length: 3\r\n\r\n")));
    assert_int_equal(peer_answer(b->arena, fd, false).status, 100);
    assert_true(peer_send(fd, STR("abc")));
    assert_true(str_eq(peer_answer(b->arena, fd, false).body, STR("abc")));
    (void)close(fd);
    bench_end(b);
}

static void
test_server_spool_full_is_503(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    b->config.spool_max_bytes = 300000;
    (void)bench_start(b);
    int fd = bench_peer(b);
    (void)peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 600000\r\n\r\n"));
    (void)peer_send(fd, pattern(b->arena, 600000));
    assert_int_equal(peer_answer(b->arena, fd, false).status, 503);
    (void)close(fd);
    bench_end(b);
}

static void
test_server_spool_folder_missing_is_500(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    b->config.spool_dir = STR("/proc/no/such/folder");
    (void)bench_start(b);
    int fd = bench_peer(b);
    (void)peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n"));
    (void)peer_send(fd, pattern(b->arena, 2000));
    assert_int_equal(peer_answer(b->arena, fd, false).status, 500);
    (void)close(fd);
    bench_end(b);
}

/* --- the pool --- */
static void
test_server_queue_full_is_503_with_retry_after(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new()); /* 2 run, 2 wait */
    int fds[4];
    for (size_t i = 0; i < 2; i++) {
        fds[i] = bench_peer(b);
        peer_get(fds[i], "/slow");
    }
    bench_await_waiting(b, 2);
    for (size_t i = 2; i < 4; i++) {
        fds[i] = bench_peer(b);
        peer_get(fds[i], "/slow");
    }
    BENCH_AWAIT(b, queue_depth, 2);
    int fd = bench_peer(b);
    peer_get(fd, "/slow");
    struct answer ans = peer_answer(b->arena, fd, false);
    assert_int_equal(ans.status, 503);
    assert_true(answer_has(&ans, "Retry-After: 1\r\n"));
    peer_get(fd, "/fast"); /* the loop still answers, on the same connection */
    assert_int_equal(peer_answer(b->arena, fd, false).status, 200);
    assert_int_equal(bench_stats(b).n_refused_busy, 1);
    bench_open_gate(b);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(peer_answer(b->arena, fds[i], false).status, 200);
        (void)close(fds[i]);
    }
    (void)close(fd);
    bench_end(b);
}

static void
test_server_full_class_does_not_block_others(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new()); /* class: 1 runs, 1 waits */
    int one = bench_peer(b), two = bench_peer(b), three = bench_peer(b), other = bench_peer(b);
    peer_get(one, "/class");
    bench_await_waiting(b, 1);
    peer_get(two, "/class");
    BENCH_AWAIT(b, queue_depth, 1);
    peer_get(three, "/class");
    assert_int_equal(peer_answer(b->arena, three, false).status, 503);
    for (int i = 0; i < 20; i++) {
        peer_get(other, "/echo");
        assert_int_equal(peer_answer(b->arena, other, false).status, 200);
    }
    assert_int_equal(b->n_waiting,
                     1); /* its second job has not started although workers were free */
    bench_open_gate(b);
    assert_int_equal(peer_answer(b->arena, one, false).status, 200);
    assert_int_equal(peer_answer(b->arena, two, false).status, 200);
    (void)close(one);
    (void)close(two);
    (void)close(three);
    (void)close(other);
    bench_end(b);
}

static void
test_server_job_too_late_in_queue_is_503(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    b->config.request_deadline_ms = 50;
    (void)bench_start(b);
    int one = bench_peer(b), two = bench_peer(b);
    peer_get(one, "/class");
    bench_await_waiting(b, 1);
    peer_get(two, "/class");
    BENCH_AWAIT(b, queue_depth, 1);
    int64_t until = sys_mono_us(&b->cx) + 100000;
    while (sys_mono_us(&b->cx) < until) {
        (void)usleep(5000);
    }
    bench_open_gate(b);
    assert_int_equal(peer_answer(b->arena, one, false).status, 200);
    assert_int_equal(peer_answer(b->arena, two, false).status, 503);
    assert_int_equal(b->n_passed, 1);
    (void)close(one);
    (void)close(two);
    bench_end(b);
}

static void
test_server_client_gone_during_work_is_survived(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    peer_get(fd, "/slow");
    bench_await_waiting(b, 1);
    struct linger hard = { .l_onoff = 1 };
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)); /* reset, not a polite end */
    (void)close(fd);
    status_is(b, "/fast", 200);
    bench_open_gate(b);
    status_is(b, "/echo", 200);
    bench_end(b);
}

static void
test_server_trace_ids_differ(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    peer_get(fd, "/trace");
    struct answer one = peer_answer(b->arena, fd, false);
    peer_get(fd, "/trace");
    struct answer two = peer_answer(b->arena, fd, false);
    assert_int_equal(one.body.n, 32);
    assert_int_equal(two.body.n, 32);
    assert_false(str_eq(one.body, two.body));
    (void)close(fd);
    bench_end(b);
}

/* --- times --- */
static void
test_server_slow_head_is_408(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    b->config.head_timeout_ms = 60;
    (void)bench_start(b);
    int fd = bench_peer(b);
    assert_true(peer_send(fd, STR("GET /fast HTTP/1.1\r\n")));
    while (bench_stats(b).n_timeouts == 0) { /* bytes keep coming: they must not renew the time */
        (void)peer_send(fd, STR("A: b\r\n"));
        (void)usleep(5000);
    }
    assert_int_equal(peer_answer(b->arena, fd, false).status, 408);
    (void)close(fd);
    bench_end(b);
}

static void
test_server_stalled_body_is_408(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    b->config.body_timeout_ms = 60;
    (void)bench_start(b);
    int fd = bench_peer(b);
    assert_true(
        peer_send(fd, STR("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")));
    assert_int_equal(peer_answer(b->arena, fd, false).status, 408);
    (void)close(fd);
    bench_end(b);
}

static void
test_server_idle_connection_is_closed_without_a_word(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    b->config.idle_timeout_ms = 60;
    b->config.head_timeout_ms = 60;
    (void)bench_start(b);
    int fd = bench_peer(b), silent = bench_peer(b);
    peer_get(fd, "/fast");
    assert_int_equal(peer_answer(b->arena, fd, false).status, 200);
    assert_int_equal(peer_rest(b->arena, fd, 100).n, 0);
    assert_int_equal(peer_rest(b->arena, silent, 100).n, 0);
    (void)close(fd);
    (void)close(silent);
    bench_end(b);
}

/* --- the end --- */
static void *
stop_later(void *arg)
{
    struct bench *b = arg;
    server_stop(b->server, 10000);
    return NULL;
}

static void
test_server_stop_lets_requests_finish(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int32_t port = server_port(b->server);
    int idle = bench_peer(b), busy = bench_peer(b);
    peer_get(idle, "/fast");
    assert_int_equal(peer_answer(b->arena, idle, false).status, 200);
    peer_get(busy, "/slow");
    bench_await_waiting(b, 1);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_later, b), 0);
    assert_int_equal(peer_rest(b->arena, idle, 100).n, 0); /* nothing to wait for */
    bench_open_gate(b);
    assert_true(str_eq(peer_answer(b->arena, busy, false).body, STR("done")));
    assert_int_equal(peer_rest(b->arena, busy, 100).n, 0);
    (void)close(busy);
    (void)close(idle);
    (void)pthread_join(stopper, NULL);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_not_equal(connect(fd, (const struct sockaddr *)(const void *)&at, sizeof(at)), 0);
    (void)close(fd);
    b->server = NULL;
    bench_end(b);
}

static void
test_server_stop_cuts_what_does_not_end(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int stream = bench_peer(b), queued = listen_to(b, "a", NULL), half = bench_peer(b);
    peer_get(stream, "/stream");
    BENCH_AWAIT(b, bytes_out, 64 * 1024);
    assert_true(peer_send(half, STR("GET /fa")));
    server_stop(b->server, 50);
    b->server = NULL;
    assert_int_not_equal(b->stream_end, ERR_OK);
    (void)close(stream);
    (void)close(queued);
    (void)close(half);
    bench_end(b);
}

static void
test_server_start_on_taken_port_is_io_error(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t n = sizeof(at);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&at, &n), 0);
    b->config.port = ntohs(at.sin_port);
    assert_int_equal(server_start(&b->cx, &b->config, &b->server), ERR_IO);
    assert_non_null(strstr(b->cx.err.text, "taken"));
    (void)close(fd);
    b->config.port = 0;
    bench_end(bench_start(b));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_keep_alive_serves_many),
        cmocka_unit_test(test_server_pipelined_requests_are_answered_in_order),
        cmocka_unit_test(test_server_connection_close_closes),
        cmocka_unit_test(test_server_head_has_length_and_no_body),
        cmocka_unit_test(test_server_too_many_connections_are_turned_away),
        cmocka_unit_test(test_server_handler_mistakes_become_500),
        cmocka_unit_test(test_server_errors_come_from_on_error),
        cmocka_unit_test(test_server_bodies_at_every_size_arrive),
        cmocka_unit_test(test_server_spooled_body_cut_off_leaves_no_file),
        cmocka_unit_test(test_server_body_too_large_is_413_before_reading),
        cmocka_unit_test(test_server_refused_body_is_read_to_its_end),
        cmocka_unit_test(test_server_expect_continue_is_answered),
        cmocka_unit_test(test_server_spool_full_is_503),
        cmocka_unit_test(test_server_spool_folder_missing_is_500),
        cmocka_unit_test(test_server_queue_full_is_503_with_retry_after),
        cmocka_unit_test(test_server_full_class_does_not_block_others),
        cmocka_unit_test(test_server_job_too_late_in_queue_is_503),
        cmocka_unit_test(test_server_client_gone_during_work_is_survived),
        cmocka_unit_test(test_server_trace_ids_differ),
        cmocka_unit_test(test_server_slow_head_is_408),
        cmocka_unit_test(test_server_stalled_body_is_408),
        cmocka_unit_test(test_server_idle_connection_is_closed_without_a_word),
        cmocka_unit_test(test_server_stop_lets_requests_finish),
        cmocka_unit_test(test_server_stop_cuts_what_does_not_end),
        cmocka_unit_test(test_server_start_on_taken_port_is_io_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
