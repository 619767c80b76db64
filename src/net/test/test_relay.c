/* The relay between a client and a service that the test plays itself: what passes, how, and what
 * is accounted for. */
#include "net/test/relay_peer.h"

static void
test_relay_call_passes_both_ways_and_is_accounted_for(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int c = road_client(r);
    road_send(c, "POST /svc/a%20b?q=1 HTTP/1.1\r\nHost: relay\r\n" WHO
                 "Content-Length: 5\r\nX-Own: yes\r\n\r\nhello");
    int s = road_accept(r->listen_fd);
    struct str up = peer_until(r->arena, s, "hello");
    assert_true(str_starts(up, STR("POST /base/a%20b?q=1 HTTP/1.1\r\nHost: 127.0.0.1:")));
    assert_true(has(up, "\r\nContent-Length: 5\r\n") && has(up, "\r\nX-Own: yes\r\n"));
    assert_true(has(up, "\r\nX-Forwarded-For: 127.0.0.1\r\n") && has(up, "\r\ntraceparent: 00-"));
    assert_true(has(up, "\r\nX-Road-Client: VN/GOV/100/desk\r\n"));
    road_send(s, "HTTP/1.1 201 Made\r\nContent-Length: 2\r\nServer: s\r\n\r\nok");
    struct answer a = peer_answer(r->arena, c, false);
    assert_int_equal(a.status, 201);
    assert_true(str_eq(a.body, STR("ok")) && answer_has(&a, "Server: s\r\n"));
    assert_true(answer_has(&a, "Date: ") && !answer_has(&a, "Connection:"));
    road_await_records(r, 1);
    const struct relay_record *v = &r->records[0];
    assert_int_equal(v->client_id, 7);
    assert_int_equal(v->route_id, 1);
    assert_int_equal(v->grant_id, 11);
    assert_int_equal(v->status, 201);
    assert_int_equal(v->error, RELAY_OK);
    assert_int_equal(v->bytes_in, 5);
    assert_int_equal(v->bytes_out, 2);
    assert_int_equal(v->proof, RELAY_BY_NETWORK);
    assert_string_equal(v->path, "/a b");
    assert_string_equal(v->method, "POST");
    assert_string_equal(v->upstream, r->address);
    assert_string_equal(r->names[0], "VN/GOV/100/desk");
    /* the same connections serve the next call */
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    up = peer_until(r->arena, s, "\r\n\r\n");
    assert_true(str_starts(up, STR("GET /base HTTP/1.1\r\n")) && !has(up, "Content-Length"));
    road_send(s, "HTTP/1.1 204 No Content\r\n\r\n");
    a = peer_answer(r->arena, c, false);
    assert_int_equal(a.status, 204);
    assert_true(!answer_has(&a, "Content-Length"));
    assert_int_equal(road_stats(r).n_upstream_opened, 1);
    assert_int_equal(road_stats(r).n_reused, 1);
    road_end(r, c, s);
}

/* --- heads ------------------------------------------------------------------------------------ */
static void
test_relay_request_fields_of_one_hop_or_forged_end_here(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int c = road_client(r);
    road_send(c,
              "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO
              "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
              "Proxy-Authorization: x\r\nProxy-Connection: x\r\nTrailer: X\r\n"
              "X-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.7\r\nForwarded: for=6.6.6.8\r\n"
              "X-Real-IP: 6.6.6.9\r\nX-Road-Request-Id: forged-1\r\nX_Road_Client: forged-2\r\n"
              "X-Road-Service: forged-3\r\nX-Road-Request-Hash: forged-4\r\nX_Road_UserId: "
              "forged-5\r\nX-Road-UserId: VN1\r\nX-Road-Issue: H1\r\nX-Kept: yes\r\n\r\n");
    int s = road_accept(r->listen_fd);
    struct str up = peer_until(r->arena, s, "\r\n\r\n");
    static const char *const gone[] = { "X-Hop",  "Keep-Alive",     "TE:",
                                        "Proxy-", "Trailer",        "6.6.6",
                                        "forged", "Forwarded: for", "Connection" };
    for (size_t i = 0; i < COUNT_OF(gone); i++) {
        if (has(up, gone[i])) {
            print_error("%s in " STR_FMT "\n", gone[i], STR_ARG(up));
        }
        assert_false(has(up, gone[i]));
    }
    assert_true(has(up, "\r\nX-Kept: yes\r\n") && has(up, "\r\nX-Road-UserId: VN1\r\n"));
    assert_true(has(up, "\r\nX-Road-Issue: H1\r\n") && has(up, "\r\nVia: 1.1 bombo\r\n"));
    road_send(s, "HTTP/1.1 200 OK\r\nConnection: X-Down\r\nX-Down: 1\r\nKeep-Alive: timeout=9\r\n"
                 "Proxy-Authenticate: x\r\nUpgrade: h2c\r\nAlt-Svc: h3\r\nX-Road-Error: forged\r\n"
                 "X-Road-Request-Id: forged\r\nX-Kept: down\r\nContent-Length: 0\r\n\r\n");
    struct answer a = peer_answer(r->arena, c, false);
    static const char *const down[] = { "X-Down",  "Keep-Alive", "Proxy-",    "Upgrade",
                                        "Alt-Svc", "forged",     "Connection" };
    for (size_t i = 0; i < COUNT_OF(down); i++) {
        assert_false(answer_has(&a, down[i]));
    }
    assert_true(answer_has(&a, "X-Kept: down\r\n") && answer_has(&a, "Content-Length: 0\r\n"));
    road_end(r, c, s);
}

static void
test_relay_trace_is_continued_or_made(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int c = road_client(r);
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO
                 "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
                 "tracestate: a=b\r\n\r\n");
    int s = road_accept(r->listen_fd);
    struct str up = peer_until(r->arena, s, "\r\n\r\n");
    assert_true(has(up, "\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-"));
    assert_true(has(up, "-01\r\n") && has(up, "\r\ntracestate: a=b\r\n"));
    assert_false(has(up, "b7ad6b7169203331")); /* our own span */
    road_send(s, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_int_equal(peer_answer(r->arena, c, false).status, 204);
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO
                 "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01\r\n"
                 "tracestate: a=b\r\n\r\n");
    up = peer_until(r->arena, s, "\r\n\r\n");
    assert_false(has(up, "00000000000000000000000000000000") || has(up, "tracestate"));
    assert_true(has(up, "\r\ntraceparent: 00-"));
    road_send(s, "HTTP/1.1 204 No Content\r\n\r\n");
    road_await_records(r, 2);
    assert_string_equal(r->records[0].trace_id, "0af7651916cd43dd8448eb211c80319c");
    road_end(r, c, s);
}

static void
test_relay_xroad_fields_are_made_and_checked(void **state)
{
    (void)state;
    struct road *r = road_new();
    r->grant.route = r->routes[1].name;
    (void)road_start(r);
    int c = road_client(r);
    road_send(c, "GET /r1/VN/GOV/200/people/find/1?x=1 HTTP/1.1\r\nHost: relay\r\n" WHO
                 "User-Agent: secret\r\nX-Road-Id: m-1\r\n\r\n");
    int s = road_accept(r->listen_fd);
    struct str up = peer_until(r->arena, s, "\r\n\r\n");
    assert_true(str_starts(up, STR("GET /1?x=1 HTTP/1.1\r\n")));
    assert_true(has(up, "\r\nX-Road-Id: m-1\r\n") && has(up, "\r\nX-Road-Request-Id: "));
    assert_true(has(up, "\r\nAccept: application/json\r\n") && !has(up, "secret"));
    road_send(s, "HTTP/1.1 200 OK\r\nServer: secret\r\nContent-Length: 0\r\n\r\n");
    struct answer a = peer_answer(r->arena, c, false);
    assert_true(answer_has(&a, "X-Road-Client: VN/GOV/100/desk\r\n"));
    assert_true(answer_has(&a, "X-Road-Service: VN/GOV/200/people/find\r\n"));
    assert_true(answer_has(&a, "X-Road-Id: m-1\r\n") && answer_has(&a, "X-Road-Request-Id: "));
    assert_false(answer_has(&a, "secret"));
    /* a name of another spelling of the same field, and an encoded identifier */
    road_send(c, "GET /r1/VN/GOV/200/people/find HTTP/1.1\r\nHost: relay\r\n"
                 "Information-Mediator-Client: VN/GOV/100/d%65sk\r\n\r\n");
    up = peer_until(r->arena, s, "\r\n\r\n");
    assert_true(str_starts(up, STR("GET / HTTP/1.1\r\n")));
    road_send(s, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_int_equal(peer_answer(r->arena, c, false).status, 204);
    road_send(c, "GET /r1/VN/GOV/200/people/find HTTP/1.1\r\nHost: relay\r\n\r\n");
    a = peer_answer(r->arena, c, false);
    assert_int_equal(a.status, 400);
    assert_true(answer_has(&a, "X-Road-Error: Client.MissingClient\r\n"));
    assert_true(has(a.body, "\"type\":\"Client.MissingClient\"") && has(a.body, "\"detail\":\""));
    road_end(r, c, s);
}

/* --- bodies ----------------------------------------------------------------------------------- */
static void
test_relay_chunks_are_made_anew_and_trailers_dropped(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int c = road_client(r);
    road_send(c, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO "Transfer-Encoding: chunked\r\n\r\n"
                 "2\r\nab\r\n3\r\ncde\r\n0\r\nX-Evil: 1\r\n\r\n");
    int s = road_accept(r->listen_fd);
    struct str up = peer_until(r->arena, s, "0\r\n\r\n");
    assert_true(has(up, "\r\nTransfer-Encoding: chunked\r\n") && !has(up, "X-Evil"));
    assert_true(str_ends(up, STR("\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")));
    road_send(s, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
    (void)peer_until(r->arena, c, "1\r\nx\r\n"); /* passes on before the end is there */
    road_send(s, "1\r\ny\r\n0\r\nX-Evil: 1\r\n\r\n");
    assert_true(str_eq(peer_until(r->arena, c, "0\r\n\r\n"), STR("1\r\ny\r\n0\r\n\r\n")));
    road_await_records(r, 1);
    assert_int_equal(r->records[0].bytes_in, 5);
    assert_int_equal(r->records[0].bytes_out, 2);
    road_end(r, c, s);
}

static void
test_relay_answer_until_close_becomes_chunks(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int s = -1;
    int c = road_ask(r, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
    road_send(s, "HTTP/1.0 200 OK\r\n\r\nall of it");
    (void)close(s);
    struct str down = peer_until(r->arena, c, "0\r\n\r\n");
    assert_true(has(down, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_true(str_ends(down, STR("9\r\nall of it\r\n0\r\n\r\n")));
    (void)close(c);
    road_stop(r);
}

static void
test_relay_head_and_304_keep_the_length_they_tell(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int s = -1;
    int c = road_ask(r, "HEAD /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n");
    struct answer a = peer_answer(r->arena, c, true);
    assert_true(answer_has(&a, "Content-Length: 77\r\n"));
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    (void)peer_until(r->arena, s, "\r\n\r\n");
    road_send(s, "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nContent-Length: 77\r\n\r\n");
    a = peer_answer(r->arena, c, true);
    assert_int_equal(a.status, 304);
    assert_true(answer_has(&a, "ETag: \"1\"\r\n"));
    assert_int_equal(road_stats(r).n_upstream_opened, 1);
    road_end(r, c, s);
}

static void
test_relay_expect_continue_is_answered_when_the_call_is_allowed(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int c = road_client(r);
    road_send(c, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO
                 "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    struct str word = peer_until(r->arena, c, "\r\n\r\n");
    assert_true(str_eq(word, STR("HTTP/1.1 100 Continue\r\n\r\n")));
    road_send(c, "ok");
    int s = road_accept(r->listen_fd);
    struct str up = peer_until(r->arena, s, "\r\n\r\nok");
    assert_false(has(up, "Expect"));
    road_send(s, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
                 "0\r\n\r\n");
    struct answer a = peer_answer(r->arena, c, false);
    assert_int_equal(a.status, 200);
    assert_false(answer_has(&a, "Link"));
    (void)close(c);
    c = road_client(r);
    road_send(c, "POST /other HTTP/1.1\r\nHost: relay\r\n" WHO
                 "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    road_is_refused(r, c, 404, "no_route"); /* without having asked for the body */
    road_end(r, c, s);
}

/* A client that does not read stops the service that sends: neither side's bytes pile up here. */
static void
test_relay_slow_client_stops_the_service(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int s = -1;
    int c = road_ask(r, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 400000000\r\n\r\n");
    struct timeval soon = { .tv_usec = 300000 };
    (void)setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
    char *block = arena_alloc(r->arena, 1 << 20);
    size_t sent = 0;
    for (;;) {
        ssize_t n = send(s, block, 1 << 20, MSG_NOSIGNAL);
        if (n <= 0) {
            break;
        }
        sent += (size_t)n;
    }
    assert_true(sent < (size_t)64 << 20); /* what sockets hold, and our two buffers */
    (void)close(s);
    (void)close(c);
    road_await_records(r, 1);
    assert_true(r->records[0].is_cut && r->records[0].bytes_out < (uint64_t)64 << 20);
    road_stop(r);
}

static void
test_relay_early_answer_goes_down_while_the_body_still_comes(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int c = road_client(r);
    road_send(c, "PUT /svc HTTP/1.1\r\nHost: relay\r\n" WHO "Content-Length: 1000\r\n\r\nhalf");
    int s = road_accept(r->listen_fd);
    (void)peer_until(r->arena, s, "half");
    road_send(s, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    struct answer a = peer_answer(r->arena, c, false);
    assert_int_equal(a.status, 413);
    assert_true(answer_has(&a, "Connection: close\r\n") && str_eq(a.body, STR("no")));
    char byte = 0;
    assert_int_equal(recv(s, &byte, 1, 0), 0); /* not kept: half a request is in it */
    road_end(r, c, s);
}

static void
test_relay_body_over_the_limit_is_refused_by_length_and_by_count(void **state)
{
    (void)state;
    struct road *r = road_new();
    r->routes[0].body_max_bytes = 4;
    (void)road_start(r);
    int c = road_client(r);
    road_send(c, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO "Content-Length: 5\r\n\r\nhello");
    road_is_refused(r, c, 413, "too_large");
    (void)close(c);
    c = road_client(r);
    road_send(c, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO
                 "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    road_is_refused(r, c, 413, "too_large");
    (void)close(c);
    c = road_client(r); /* who is still sending reads the answer after it */
    road_send(c, "POST /svc HTTP/1.1\r\nHost: relay\r\n" WHO "Content-Length: 8000000\r\n\r\n");
    for (int i = 0; i < 8; i++) {
        assert_true(peer_send(c, pattern(r->arena, 1000000)));
    }
    road_is_refused(r, c, 413, "too_large");
    (void)close(c);
    road_stop(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relay_call_passes_both_ways_and_is_accounted_for),
        cmocka_unit_test(test_relay_request_fields_of_one_hop_or_forged_end_here),
        cmocka_unit_test(test_relay_trace_is_continued_or_made),
        cmocka_unit_test(test_relay_xroad_fields_are_made_and_checked),
        cmocka_unit_test(test_relay_chunks_are_made_anew_and_trailers_dropped),
        cmocka_unit_test(test_relay_answer_until_close_becomes_chunks),
        cmocka_unit_test(test_relay_head_and_304_keep_the_length_they_tell),
        cmocka_unit_test(test_relay_expect_continue_is_answered_when_the_call_is_allowed),
        cmocka_unit_test(test_relay_slow_client_stops_the_service),
        cmocka_unit_test(test_relay_early_answer_goes_down_while_the_body_still_comes),
        cmocka_unit_test(test_relay_body_over_the_limit_is_refused_by_length_and_by_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
