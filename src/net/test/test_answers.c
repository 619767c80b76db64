/* The kinds of answers: files with ranges, streams, server-sent events. */
#include "net/test/peer.h"

#include <sys/stat.h>

/* --- files --- */
static struct answer
file_get(struct bench *b, const char *fields)
{
    int fd = bench_peer(b);
    assert_true(
        peer_send(fd, str_fmt(b->arena, "GET /file HTTP/1.1\r\nHost: x\r\n%s\r\n", fields)));
    struct answer ans = peer_answer(b->arena, fd, false);
    (void)close(fd);
    return ans;
}

static void
range_is(struct bench *b, struct str whole, const char *range, size_t from, size_t to)
{
    struct answer ans =
        file_get(b, str_z(b->arena, str_fmt(b->arena, "Range: bytes=%s\r\n", range)));
    assert_int_equal(ans.status, 206);
    assert_true(str_eq(ans.body, str_slice(whole, from, to)));
    assert_true(
        answer_has(&ans, str_z(b->arena, str_fmt(b->arena, "Content-Range: bytes %zu-%zu/%zu\r\n",
                                                 from, to - 1, whole.n))));
}

static void
test_server_file_ranges_and_conditions(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    struct str whole = pattern(b->arena, 400000);
    assert_int_equal(sys_file_write(&b->cx, str_of(b->file), whole), ERR_OK);
    struct answer ans = file_get(b, "");
    assert_int_equal(ans.status, 200);
    assert_true(str_eq(ans.body, whole));
    assert_true(answer_has(&ans, "Accept-Ranges: bytes\r\n") &&
                answer_has(&ans, "Content-Type: application/pdf\r\n"));
    size_t at = str_find(ans.head, STR("ETag: "));
    struct str etag, rest;
    (void)str_cut(str_slice(ans.head, at + 6, ans.head.n), '\r', &etag, &rest);
    range_is(b, whole, "0-0", 0, 1);
    range_is(b, whole, "100-299999", 100, 300000);
    range_is(b, whole, "399990-", 399990, 400000);
    range_is(b, whole, "-5", 399995, 400000);
    range_is(b, whole, "-999999", 0, 400000);
    range_is(b, whole, "399999-999999999", 399999, 400000);
    ans = file_get(b, "Range: bytes=400000-\r\n");
    assert_int_equal(ans.status, 416);
    assert_true(answer_has(&ans, "Content-Range: bytes */400000\r\n"));
    static const char *const ignored[] = { "Range: bytes=5-1\r\n", "Range: bytes=0-1,3-4\r\n",
                                           "Range: lines=0-1\r\n", "Range: bytes=a-b\r\n",
                                           "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n" };
    for (size_t i = 0; i < COUNT_OF(ignored); i++) {
        assert_int_equal(file_get(b, ignored[i]).status, 200);
    }
    struct str same =
        str_fmt(b->arena, "Range: bytes=0-1\r\nIf-Range: " STR_FMT "\r\n", STR_ARG(etag));
    assert_int_equal(file_get(b, str_z(b->arena, same)).status, 206);
    same = str_fmt(b->arena, "If-None-Match: \"x\", W/" STR_FMT "\r\n", STR_ARG(etag));
    ans = file_get(b, str_z(b->arena, same));
    assert_int_equal(ans.status, 304);
    assert_false(answer_has(&ans, "Content-Length"));
    status_is(b, "/file-missing", 404);
    bench_end(b);
}

/* What stands before a file and the file are one body; a file that was given away is gone. */
static void
test_server_spooled_answer_is_front_and_file(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    struct str whole = pattern(b->arena, 400000);
    assert_int_equal(sys_file_write(&b->cx, str_of(b->file), whole), ERR_OK);
    static const char *const paths[] = { "/spooled", "/spooled", "/spooled-last" };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        assert_true(sys_file_exists(&b->cx, str_of(b->file)));
        int fd = bench_peer(b);
        assert_true(peer_send(
            fd,
            str_fmt(b->arena, "GET %s HTTP/1.1\r\nHost: x\r\nRange: bytes=1-2\r\n\r\n", paths[i])));
        struct answer ans = peer_answer(b->arena, fd, false);
        (void)close(fd);
        assert_int_equal(ans.status, 200);
        assert_true(answer_has(&ans, "Content-Length: 400005\r\n"));
        assert_true(str_eq(ans.body, str_cat(b->arena, STR("front"), whole)));
    }
    assert_false(sys_file_exists(&b->cx, str_of(b->file)));
    status_is(b, "/spooled-missing", 500);
    /* one that does not open, as a link does not; one whose head cannot be said */
    assert_int_equal(symlink("/nonexistent/x", b->file), 0);
    status_is(b, "/spooled-last", 500);
    struct stat st;
    assert_int_equal(lstat(b->file, &st), -1);
    assert_int_equal(sys_file_write(&b->cx, str_of(b->file), whole), ERR_OK);
    status_is(b, "/spooled-last-split", 500);
    assert_false(sys_file_exists(&b->cx, str_of(b->file)));
    bench_end(b);
}

static void
test_server_tag_of_whole_answer_is_304(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    assert_true(
        peer_send(fd, STR("GET /tag HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"v1\"\r\n\r\n")));
    assert_int_equal(peer_answer(b->arena, fd, false).status, 304);
    assert_true(
        peer_send(fd, STR("GET /tag HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"v0\"\r\n\r\n")));
    assert_true(str_eq(peer_answer(b->arena, fd, false).body, STR("done")));
    (void)close(fd);
    bench_end(b);
}

/* --- streams --- */
static void
test_server_stream_is_chunked(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    for (int i = 0; i < 2; i++) { /* the connection lives on */
        peer_get(fd, "/stream-short");
        struct str all = peer_until(b->arena, fd, "0\r\n\r\n");
        assert_true(str_ends(all, STR("\r\n\r\n4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n")));
    }
    (void)close(fd);
    bench_end(b);
}

static void
test_server_stream_failing_late_is_cut(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    peer_get(fd, "/stream-fail-late");
    struct str all = peer_rest(b->arena, fd, 4096);
    assert_true(str_ends(all, STR("4\r\nhalf\r\n"))); /* no last chunk: the client knows */
    (void)close(fd);
    bench_end(b);
}

static void
test_server_stream_slow_client_holds_the_worker_back(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int fd = bench_peer(b);
    peer_get(fd, "/stream"); /* 32 MiB */
    BENCH_AWAIT(b, bytes_out, 64 * 1024);
    uint64_t before = 0, now = bench_stats(b).bytes_out;
    while (now != before) { /* until the socket is full */
        (void)usleep(50000);
        before = now;
        now = bench_stats(b).bytes_out;
    }
    assert_true(__atomic_load_n(&b->n_streamed, __ATOMIC_RELAXED) < 2000);
    status_is(b, "/fast", 200);
    size_t n = 0;
    char waste[65536], last[5] = "";
    for (;;) {
        ssize_t r = recv(fd, waste, sizeof(waste), 0);
        assert_true(r > 0);
        n += (size_t)r;
        size_t keep = (size_t)r < 5 ? (size_t)r : 5;
        memmove(last, last + keep, 5 - keep);
        memcpy(last + 5 - keep, waste + (size_t)r - keep, keep);
        if (memcmp(last, "0\r\n\r\n", 5) == 0) {
            break;
        }
    }
    assert_true(n > 32U << 20);
    (void)close(fd);
    bench_end(b);
}

static void
test_server_stream_stalled_client_is_cut_off(void **state)
{
    (void)state;
    struct bench *b = bench_new();
    b->config.write_timeout_ms = 100;
    (void)bench_start(b);
    int fd = bench_peer(b);
    peer_get(fd, "/stream");
    BENCH_AWAIT(b, n_timeouts, 1);
    int tries = 0;
    while (__atomic_load_n(&b->stream_end, __ATOMIC_ACQUIRE) == ERR_OK) {
        assert_true(tries++ < 4000);
        (void)usleep(5000);
    }
    assert_int_equal(b->stream_end, ERR_DEADLINE);
    (void)close(fd);
    bench_end(b);
}

/* --- events --- */

static void
test_server_publish_reaches_the_channels_listeners(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int one = listen_to(b, "a", NULL), two = listen_to(b, "a", NULL),
        other = listen_to(b, "b", NULL);
    assert_true(str_starts(peer_until(b->arena, one, ":\n\n"), STR("HTTP/1.1 200 OK\r\n")));
    (void)peer_until(b->arena, two, ":\n\n");
    (void)peer_until(b->arena, other, ":\n\n");
    server_publish(b->server, STR("a"), STR("count"), STR("7"), STR("{\"n\":1}"));
    server_publish(b->server, STR("b"), STR_NULL, STR_NULL, STR("line one\nline two"));
    assert_true(
        str_eq(peer_until(b->arena, one, "\n\n"), STR("event: count\nid: 7\ndata: {\"n\":1}\n\n")));
    assert_true(
        str_eq(peer_until(b->arena, two, "\n\n"), STR("event: count\nid: 7\ndata: {\"n\":1}\n\n")));
    assert_true(
        str_eq(peer_until(b->arena, other, "\n\n"), STR("data: line one\ndata: line two\n\n")));
    (void)close(one);
    (void)close(two);
    (void)close(other);
    bench_end(b);
}

static void
test_server_events_resume_after_last_id(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    for (int i = 1; i <= 5; i++) {
        server_publish(b->server, STR("a"), STR_NULL, str_fmt(b->arena, "%d", i), STR("x"));
        server_publish(b->server, STR("b"), STR_NULL, str_fmt(b->arena, "%d", i), STR("y"));
    }
    int fd = listen_to(b, "a", "3");
    struct str all = peer_until(b->arena, fd, "id: 5\ndata: x\n\n");
    assert_true(str_ends(all, STR(":\n\nid: 4\ndata: x\n\nid: 5\ndata: x\n\n")));
    (void)close(fd);
    fd = listen_to(b, "a", "gone");
    all = peer_until(b->arena, fd, "\n\n");
    all =
        str_find(all, STR("event: resync")) == all.n ? peer_until(b->arena, fd, "data: \n\n") : all;
    assert_true(str_ends(all, STR("event: resync\ndata: \n\n")));
    (void)close(fd);
    bench_end(b);
}

static void
test_server_slow_listener_is_dropped(void **state)
{
    (void)state;
    struct bench *b = bench_start(bench_new());
    int slow = listen_to(b, "a", NULL), quick = listen_to(b, "b", NULL);
    (void)peer_until(b->arena, slow, ":\n\n");
    (void)peer_until(b->arena, quick, ":\n\n");
    struct str data = pattern(b->arena, 60000);
    int tries = 0;
    while (bench_stats(b).n_listeners_dropped == 0) {
        server_publish(b->server, STR("a"), STR_NULL, STR_NULL, data);
        assert_true(tries++ < 4000);
        (void)usleep(1000);
    }
    server_publish(b->server, STR("b"), STR_NULL, STR_NULL, STR("still here"));
    assert_true(str_eq(peer_until(b->arena, quick, "\n\n"), STR("data: still here\n\n")));
    (void)close(slow);
    (void)close(quick);
    bench_end(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_file_ranges_and_conditions),
        cmocka_unit_test(test_server_spooled_answer_is_front_and_file),
        cmocka_unit_test(test_server_tag_of_whole_answer_is_304),
        cmocka_unit_test(test_server_stream_is_chunked),
        cmocka_unit_test(test_server_stream_failing_late_is_cut),
        cmocka_unit_test(test_server_stream_slow_client_holds_the_worker_back),
        cmocka_unit_test(test_server_stream_stalled_client_is_cut_off),
        cmocka_unit_test(test_server_publish_reaches_the_channels_listeners),
        cmocka_unit_test(test_server_events_resume_after_last_id),
        cmocka_unit_test(test_server_slow_listener_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
