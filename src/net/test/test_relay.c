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
    (void)close(c);
    (void)close(s);
    road_stop(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relay_call_passes_both_ways_and_is_accounted_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
