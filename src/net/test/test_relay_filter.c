/* Fields that an agreement takes out of answers. */
#include "net/relay_int.h"
#include "net/test/relay_peer.h"

/* --- taking fields out ------------------------------------------------------------------------ */
static struct str
filtered(struct arena *a, struct str text, const struct str *names, size_t n, size_t step)
{
    struct rfilter *f = filter_new(a, names, n);
    struct buf all = buf_new(a, 1 << 16);
    for (size_t i = 0; i < text.n; i += step) {
        struct str out;
        if (!filter_run(f, str_slice(text, i, i + step), &out)) {
            return STR_NULL;
        }
        buf_add(&all, out);
    }
    return filter_is_whole(f) ? (all.n == 0 ? STR("") : buf_str(&all)) : STR_NULL;
}

static const struct {
    const char *from, *to; /* NULL: refused */
} filter_cases[] = {
    { "{\"a\":1,\"secret\":2,\"b\":3}", "{\"a\":1,\"b\":3}" },
    { "{\"secret\":2,\"b\":3}", "{\"b\":3}" },
    { "{\"a\":1,\"secret\":{\"x\":[1,{\"a\":2}]}}", "{\"a\":1}" },
    { "{\"secret\":1}", "{}" },
    { "[{\"secret\":1,\"a\":2},{\"a\":3,\"secret\":4}]", "[{\"a\":2},{\"a\":3}]" },
    { "{\"p\":{\"id\":1,\"n\":2},\"id\":3}", "{\"p\":{\"n\":2},\"id\":3}" },
    { "{\"p\":[{\"id\":1},{\"n\":2,\"id\":1}]}", "{\"p\":[{},{\"n\":2}]}" },
    { "{\"\\u0073ecret\":1,\"a\":\"\\\"secret\\\":1\"}", "{\"a\":\"\\\"secret\\\":1\"}" },
    { "{\"s\\u0065cret\":\"}\",\"x\":\"{\"}", "{\"x\":\"{\"}" },
    { " { \"a\" : [ ] , \"b\" : { } } ", "{\"a\":[],\"b\":{}}" },
    { "{\"q\":{\"secret\":1}}", "{\"q\":{\"secret\":1}}" }, /* only where the name says */
    { "12.5e-3", "12.5e-3" },
    { "\"secret\"", "\"secret\"" },
    { "{\"a\":1,}", NULL },
    { "{\"a\":1", NULL },
    { "{\"a\":1}}", NULL },
    { "{\"a\":1]", NULL },
    { "[1,2", NULL },
    { "{a:1}", NULL },
    { "{'secret':1}", NULL },
    { "{\"a\" 1}", NULL },
    { "<a>secret</a>", NULL },
    { "{\"a\":1}{\"secret\":1}", NULL },
    { "{\"a\":\"line\nend\"}", NULL },
    { "", NULL },
};

static void
test_filter_run_takes_out_members_in_any_pieces(void **state)
{
    (void)state;
    struct arena *a = arena_open(0);
    struct str names[] = { STR("secret"), STR("p.id") };
    for (size_t i = 0; i < COUNT_OF(filter_cases); i++) {
        for (size_t step = 1; step < 9; step++) {
            struct str out = filtered(a, str_of(filter_cases[i].from), names, 2, step);
            bool fits = filter_cases[i].to == NULL ? out.p == NULL
                                                   : str_eq(out, str_of(filter_cases[i].to));
            if (!fits) {
                print_error("%s by %zu: " STR_FMT "\n", filter_cases[i].from, step, STR_ARG(out));
            }
            assert_true(fits);
        }
    }
    arena_close(a);
}

static void
test_relay_removed_fields_do_not_reach_the_client(void **state)
{
    (void)state;
    struct road *r = road_new();
    struct str removed[] = { STR("secret") };
    r->grant.removed = removed;
    r->grant.n_removed = 1;
    (void)road_start(r);
    int c = road_client(r);
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO
                 "Accept-Encoding: gzip\r\nRange: bytes=0-5\r\n\r\n");
    int s = road_accept(r->listen_fd);
    struct str up = peer_until(r->arena, s, "\r\n\r\n");
    assert_false(has(up, "Accept-Encoding") || has(up, "Range"));
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nETag: "
                 "\"1\"\r\nContent-Length: 22\r\n\r\n{\"secret\":\"x\",\"a\":\"b\"}");
    (void)up;
    struct str down = peer_until(r->arena, c, "0\r\n\r\n");
    assert_false(has(down, "secret") || has(down, "ETag") || has(down, "Content-Length"));
    assert_true(has(down, "{\"a\":\"b\""));
    (void)close(s);
    (void)close(c);
    static const char *const others[] = {
        "Content-Type: text/plain\r\nContent-Length: 6\r\n\r\nsecret",
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx",
        "Content-Type: application/json\r\nContent-Length: 8\r\n\r\nsecret=1",
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        c = road_client(r);
        road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
        s = road_accept(r->listen_fd);
        (void)peer_until(r->arena, s, "\r\n\r\n");
        road_send(s, "HTTP/1.1 200 OK\r\n");
        road_send(s, others[i]);
        road_is_refused(r, c, 502, "no_filter");
        (void)close(s);
        (void)close(c);
    }
    road_stop(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter_run_takes_out_members_in_any_pieces),
        cmocka_unit_test(test_relay_removed_fields_do_not_reach_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
