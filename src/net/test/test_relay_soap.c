/* SOAP through the relay: messages that are held, and answers of which only the beginning is. */
#include "codec/xroad.h"
#include "net/test/relay_peer.h"

#include <poll.h>

#define PROVIDER          "VN/GOV/200/people"
#define PART(name, value) "<i:" name ">" value "</i:" name ">"
#define SUBSYSTEM(code, name)                                                                      \
    PART("xRoadInstance", "VN")                                                                    \
    PART("memberClass", "GOV") PART("memberCode", code) PART("subsystemCode", name)
#define HEADER(provider)                                                                           \
    "<s:Envelope xmlns:s=\"" XROAD_SOAP_NS "\" xmlns:x=\"" XROAD_NS                                \
    "\" xmlns:i=\"" XROAD_IDENTIFIER_NS "\" xmlns:w=\"http://www.w3.org/2005/08/addressing\">"     \
    "<s:Header><x:client>" SUBSYSTEM("100", "desk") "</x:client><x:service>" provider PART(        \
        "serviceCode",                                                                             \
        "Find") "</x:service><x:id>1</x:id><x:protocolVersion>4.0</x:protocolVersion>"
#define BODY(name) "</s:Header><s:Body><" name "/></s:Body></s:Envelope>"
#define POST(path)                                                                                 \
    "POST " path " HTTP/1.1\r\nHost: relay\r\nContent-Type: text/xml; charset=utf-8\r\n"

static const struct relay_soap operations[] = {
    { STR_INIT("Find"), STR_INIT("urn:p/Find"), STR_INIT("/find") },
};

static struct road *
road_soap(void)
{
    struct road *r = road_new();
    struct relay_route *route = &r->routes[1];
    route->is_soap = route->is_fixed = true;
    route->target = STR("/soap");
    route->soap = operations;
    route->n_soap = COUNT_OF(operations);
    r->grant.route = route->name;
    return r;
}

/* A request whose body comes in two chunks. False: it was not wanted to its end. */
static bool
sends(struct road *r, int c, const char *fields, const char *body)
{
    size_t n = strlen(body);
    struct str s = str_fmt(r->arena,
                           POST("/") "%sTransfer-Encoding: chunked\r\n\r\n%zx\r\n%.*s\r\n%zx\r\n"
                                     "%s\r\n0\r\n\r\n",
                           fields, n / 2, (int)(n / 2), body, n - n / 2, body + n / 2);
    return peer_send(c, s);
}

static void
ask(struct road *r, int c, const char *fields, const char *body)
{
    assert_true(sends(r, c, fields, body));
}

/* Vietnamese text: pieces of it end inside characters, whatever their size. */
static void
test_relay_soap_large_answer_passes_wherever_it_is_cut(void **state)
{
    (void)state;
    struct road *r = road_start(road_soap());
    const char *front = HEADER(SUBSYSTEM("200", "people")) "</s:Header><s:Body><R>";
    size_t n = 400000;
    struct buf b = buf_new(r->arena, n + 4096);
    buf_add(&b, str_of(front));
    while (b.n < n) {
        BUF_LIT(&b, "\xe1\xba\xbf"); /* a character of three bytes */
    }
    BUF_LIT(&b, "</R></s:Body></s:Envelope>");
    for (size_t cut = 70000; cut < 70003; cut++) {
        int c = road_client(r);
        ask(r, c, "", HEADER(SUBSYSTEM("200", "people")) BODY("Find"));
        int s = road_accept(r->listen_fd);
        struct str up = peer_until(r->arena, s, "</s:Envelope>");
        assert_true(has(up, "POST /soap HTTP/1.1\r\n") && has(up, "Content-Length: "));
        assert_false(has(up, "chunked"));
        struct str head = str_fmt(r->arena,
                                  "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close"
                                  "\r\nContent-Length: %zu\r\n\r\n",
                                  b.n);
        assert_true(peer_send(s, head) && peer_send(s, str_slice(buf_str(&b), 0, cut)));
        struct str down = peer_until(r->arena, c, "\r\n\r\n"); /* nothing more has come yet */
        assert_true(str_starts(down, STR("HTTP/1.1 200")));
        (void)close(s);
        (void)close(c);
    }
    road_stop(r);
}

static void
test_relay_soap_message_that_says_otherwise_than_its_body_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *fields, *body, *fault;
    } v[] = {
        { "", HEADER(SUBSYSTEM("200", "people")) "<w:Action>urn:p/Drop</w:Action>" BODY("Find"),
          "Client.InconsistentHeaders" },
        { "SOAPAction: \"urn:p/Drop\"\r\n", HEADER(SUBSYSTEM("200", "people")) BODY("Find"),
          "Client.InconsistentHeaders" },
        { "", HEADER(SUBSYSTEM("200", "people")) BODY("Drop"), "Client.InconsistentHeaders" },
        { "", HEADER(SUBSYSTEM("20", "people")) BODY("Find"), "Server.ServerProxy.UnknownService" },
    };
    struct road *r = road_start(road_soap());
    int c = road_client(r);
    for (size_t i = 0; i < COUNT_OF(v); i++) { /* the connection is kept, the messages end well */
        ask(r, c, v[i].fields, v[i].body);
        road_is_refused(r, c, 500, v[i].fault);
    }
    (void)close(c);
    c = road_client(r);
    ask(r, c, "Content-Encoding:\r\nContent-Encoding: gzip\r\n",
        HEADER(SUBSYSTEM("200", "people")) BODY("Find"));
    road_is_refused(r, c, 500, "Client.InvalidContentType");
    (void)close(c);
    road_stop(r);
}

/* The field service names a member whose code the address only begins with. */
static void
test_relay_soap_provider_of_the_address_is_compared_whole(void **state)
{
    (void)state;
    struct road *r = road_start(road_soap());
    int c = road_client(r);
    const char *body = HEADER(PART("xRoadInstance", "VN") PART("memberClass", "GOV")
                                  PART("memberCode", "20")) BODY("Find");
    struct str s = str_fmt(r->arena, POST("/r1/" PROVIDER "/find") "Content-Length: %zu\r\n\r\n%s",
                           strlen(body), body);
    assert_true(peer_send(c, s));
    road_is_refused(r, c, 500, "Client.InconsistentHeaders");
    (void)close(c);
    road_stop(r);
}

/* Who can be nobody is told before a byte of the body has come. */
static void
test_relay_soap_unproven_caller_is_refused_before_the_body(void **state)
{
    (void)state;
    struct road *r = road_soap();
    struct str id = STR("desk-app");
    r->client.token_ids = &id;
    r->client.n_token_ids = 1;
    (void)road_start(r);
    int c = road_client(r);
    road_send(c, POST("/") "Content-Length: 100\r\n\r\n");
    road_is_refused(r, c, 401, "Client.NotAuthenticated");
    (void)close(c);
    road_stop(r);
}

/* Messages whose header was read into as much again: what a loop holds of both is bounded. */
static void
test_relay_soap_what_was_read_of_a_message_counts_for_the_loops_bound(void **state)
{
    (void)state;
    enum { CALLS = 110, NOTE = 180000 }; /* 110 messages of 256 KiB alone would fit into 32 MiB */
    struct road *r = road_start(road_soap());
    struct buf b = buf_new(r->arena, NOTE + 4096);
    int client[CALLS];
    int service[CALLS];
    size_t n = 0;
    BUF_LIT(&b, HEADER(SUBSYSTEM("200", "people")) "<note>");
    while (b.n < NOTE) {
        BUF_LIT(&b, "0123456789");
    }
    BUF_LIT(&b, "</note>" BODY("Find"));
    const char *body = str_z(r->arena, buf_str(&b));
    bool is_refused = false;
    while (n < CALLS && !is_refused) {
        client[n] = road_client(r);
        (void)sends(r, client[n], "", body);
        struct pollfd at[] = { { r->listen_fd, POLLIN, 0 }, { client[n], POLLIN, 0 } };
        assert_true(poll(at, 2, 60000) > 0);
        is_refused = (at[1].revents & POLLIN) != 0;
        service[n] = is_refused ? -1 : road_accept(r->listen_fd);
        n++;
    }
    assert_true(is_refused && n > 32);
    road_is_refused(r, client[n - 1], 500, "Server.ServerProxy.Busy");
    for (size_t i = 0; i < n; i++) { /* who goes gives all of it back */
        (void)close(client[i]);
        (void)(service[i] < 0 ? 0 : close(service[i]));
    }
    for (;;) {
        int c = road_client(r);
        (void)sends(r, c, "", body);
        struct pollfd at[] = { { r->listen_fd, POLLIN, 0 }, { c, POLLIN, 0 } };
        assert_true(poll(at, 2, 60000) > 0);
        bool is_through = (at[0].revents & POLLIN) != 0;
        if (is_through) {
            (void)close(road_accept(r->listen_fd));
        }
        (void)close(c);
        if (is_through) {
            break;
        }
    }
    road_stop(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relay_soap_large_answer_passes_wherever_it_is_cut),
        cmocka_unit_test(test_relay_soap_message_that_says_otherwise_than_its_body_is_refused),
        cmocka_unit_test(test_relay_soap_provider_of_the_address_is_compared_whole),
        cmocka_unit_test(test_relay_soap_what_was_read_of_a_message_counts_for_the_loops_bound),
        cmocka_unit_test(test_relay_soap_unproven_caller_is_refused_before_the_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
