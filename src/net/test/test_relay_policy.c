/* Who may call what: proofs, grants, limits, the change of policies under load. */
#include "net/relay_int.h"
#include "net/test/relay_peer.h"

#include "crypto/jose.h"

#include <dlfcn.h>
#include <netdb.h>

/* --- names: "*.test" are this program's own --------------------------------------------------- */
static struct {
    int fault; /* what the resolver says of them; 0: they are this machine */
    int n_asked;
} names; /* NOLINT(cppcoreguidelines-avoid-non-const-global-variables): the C library calls back */

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);
lookup own_names __asm__("getaddrinfo");

int
own_names(const char *node, const char *port, const struct addrinfo *q, struct addrinfo **ret)
{
    union {
        void *from;
        lookup *to;
    } libc = { dlsym(RTLD_NEXT, "getaddrinfo") };
    bool is_own = str_ends(str_of(node), STR(".test"));
    names.n_asked += is_own;
    return is_own && names.fault != 0 ? names.fault
                                      : libc.to(is_own ? "127.0.0.1" : node, port, q, ret);
}

/* One call that needs no service: its answer. */
static struct answer
ask(struct road *r, const char *path, const char *fields)
{
    int c = road_client(r);
    road_send(c, str_z(r->arena, str_fmt(r->arena, "GET %s HTTP/1.1\r\nHost: relay\r\n%s\r\n", path,
                                         fields)));
    struct answer a = peer_answer(r->arena, c, false);
    (void)close(c);
    return a;
}

#define REFUSED(r, path, fields, want, code)                                                       \
    do {                                                                                           \
        struct answer a_ = ask((r), (path), (fields));                                             \
        if (a_.status != (want) || !has(a_.body, (code))) {                                        \
            print_error("%s: %d " STR_FMT "\n", (path), a_.status, STR_ARG(a_.body));              \
        }                                                                                          \
        assert_int_equal(a_.status, (want));                                                       \
        assert_true(has(a_.body, (code)));                                                         \
    } while (0)

/* A call that passes; the service answers 204. */
static void
passes(struct road *r, const char *path, const char *fields)
{
    int s = -1;
    int c = road_ask(r,
                     str_z(r->arena, str_fmt(r->arena, "GET %s HTTP/1.1\r\nHost: relay\r\n%s\r\n",
                                             path, fields)),
                     &s);
    road_send(s, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    assert_int_equal(peer_answer(r->arena, c, false).status, 204);
    (void)close(c);
    (void)close(s);
}

static void
test_relay_unknown_and_unproved_clients_are_refused(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    REFUSED(r, "/nowhere", WHO, 404, "no_route");
    REFUSED(r, "/svcx", WHO, 404, "no_route"); /* whole segments only */
    REFUSED(r, "/svc", "", 401, "no_proof");
    REFUSED(r, "/svc", "X-Road-Client: VN/GOV/100/other\r\n", 403, "unknown_client");
    REFUSED(r, "/svc", "X-Road-Client: VN/GOV/100/%zz\r\n", 400, "no_client");
    REFUSED(r, "/svc", WHO WHO, 400, "bad_request");
    REFUSED(r, "/svc", "Authorization: Bearer x.y.z\r\n", 401, "bad_token");
    REFUSED(r, "/r1/VN/GOV/200/people/find", WHO, 500, "Server.ServerProxy.AccessDenied");
    passes(r, "/svc", WHO);
    passes(r, "/open/x", "");
    r->client.is_suspended = true;
    road_apply(r);
    REFUSED(r, "/svc", WHO, 403, "suspended");
    r->client.is_suspended = false;
    r->networks[0] = STR("10.0.0.0/8");
    road_apply(r);
    REFUSED(r, "/svc", WHO, 403, "network");
    r->networks[0] = STR("127.0.0.1");
    r->client.n_networks = 0; /* then a name alone is no proof */
    road_apply(r);
    REFUSED(r, "/svc", WHO, 401, "no_proof");
    road_stop(r);
}

static void
test_relay_grant_limits_operations_times_and_networks(void **state)
{
    (void)state;
    struct road *r = road_new();
    r->clock = calloc(1, sizeof(*r->clock));
    sys_clock_fake_init(r->clock, 0);
    int64_t monday_8h = 0;
    assert_true(date_parse_instant(STR("2026-11-23T08:30:00+07:00"), &monday_8h));
    sys_clock_fake_step(r->clock, monday_8h);
    atomic_store(&r->clock->wall, monday_8h);
    r->cx.clock = &r->clock->base;
    struct relay_operation ops[] = { { STR("GET"), STR("/people/{id}") },
                                     { STR("POST"), STR("/people") },
                                     { STR_NULL, STR("/free/**") } };
    r->grant.operations = ops;
    r->grant.n_operations = 3;
    (void)road_start(r);
    passes(r, "/svc/people/7", WHO);
    passes(r, "/svc/free/a/b", WHO);
    REFUSED(r, "/svc/people", WHO, 403, "no_operation");
    REFUSED(r, "/svc/people/7/x", WHO, 403, "no_operation");
    REFUSED(r, "/svc", WHO, 403, "no_operation");
    r->grant.n_operations = 0;
    r->grant.hours[0] = 1U << 8;
    road_apply(r);
    passes(r, "/svc", WHO);
    r->grant.hours[0] = 1U << 9;
    road_apply(r);
    REFUSED(r, "/svc", WHO, 403, "hours");
    r->grant.hours[0] = 0;
    r->grant.until_us = monday_8h;
    road_apply(r);
    REFUSED(r, "/svc", WHO, 403, "expired");
    r->grant.until_us = 0;
    r->grant.from_us = monday_8h + 1;
    road_apply(r);
    REFUSED(r, "/svc", WHO, 403, "expired");
    r->grant.from_us = monday_8h;
    struct str nets[] = { STR("10.0.0.0/8") };
    r->grant.networks = nets;
    r->grant.n_networks = 1;
    road_apply(r);
    REFUSED(r, "/svc", WHO, 403, "network");
    road_stop(r);
}

static void
test_relay_rate_and_quota_go_on_over_policies(void **state)
{
    (void)state;
    struct road *r = road_at(INT64_C(1790000000000000));
    r->grant.rate_n = 2;
    r->grant.rate_ms = 10000;
    (void)road_start(r);
    passes(r, "/svc", WHO);
    passes(r, "/svc", WHO);
    struct answer a = ask(r, "/svc", WHO);
    assert_int_equal(a.status, 429);
    assert_true(has(a.body, "rate") && answer_has(&a, "Retry-After: 5\r\n"));
    road_apply(r); /* a new snapshot forgets nothing */
    REFUSED(r, "/svc", WHO, 429, "rate");
    sys_clock_fake_step(r->clock, 5000000);
    passes(r, "/svc", WHO);
    REFUSED(r, "/svc", WHO, 429, "rate");
    r->grant.rate_n = 0;
    r->grant.quota_n = 3;
    r->grant.quota_used = 1; /* not taken: the relay knows the limit already, with none used */
    road_apply(r);
    for (int i = 0; i < 3; i++) {
        passes(r, "/svc", WHO);
    }
    assert_int_equal(relay_quota_used(r->relay, r->grant.client, r->grant.route), 3);
    REFUSED(r, "/svc", WHO, 429, "quota");
    sys_clock_fake_step(r->clock, INT64_C(86400) * 1000000);
    passes(r, "/svc", WHO);
    assert_int_equal(relay_quota_used(r->relay, r->grant.client, r->grant.route), 1);
    road_stop(r);
}

static void
test_relay_quota_begins_with_what_was_used_before_the_start(void **state)
{
    (void)state;
    struct road *r = road_new();
    r->grant.quota_n = 5;
    r->grant.quota_used = 4;
    r->grant.quota_window = RELAY_MONTH;
    (void)road_start(r);
    passes(r, "/svc", WHO);
    REFUSED(r, "/svc", WHO, 429, "quota");
    road_stop(r);
}

/* --- exactness -------------------------------------------------------------------------------- */
struct taking {
    struct rgrant grant;
    _Atomic uint64_t n_taken;
};

static void *
take_many(void *arg)
{
    struct taking *t = arg;
    int64_t after = 0;
    uint64_t n = 0;
    for (int i = 0; i < 50000; i++) {
        n +=
            limit_take(&t->grant, 1000000, INT64_C(1790000000000000), &after) == RELAY_OK ? 1U : 0U;
    }
    atomic_fetch_add(&t->n_taken, n);
    return NULL;
}

static void
test_limit_take_by_four_threads_gives_exactly_the_limit(void **state)
{
    (void)state;
    struct rlive_limit limit = { 0 };
    struct taking t = { .grant = { .limit = &limit,
                                   .quota_n = 70000,
                                   .rate_step_us = 10,
                                   .rate_burst_us = 80000 * 10 } };
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &t), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(t.n_taken, 70000);
    struct rlive_limit fresh = { 0 };
    t.grant.limit = &fresh;
    t.grant.quota_n = 0;
    t.n_taken = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &t), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(t.n_taken, 80000);
}

/* --- changing policies under load ------------------------------------------------------------- */
#define MANY 40000

struct caller {
    struct road *r;
    _Atomic bool is_ending;
    uint64_t n_good, n_bad;
};

static void *
call_on(void *arg)
{
    struct caller *k = arg;
    struct arena *a = arena_open(0);
    int c = road_client(k->r);
    while (!atomic_load(&k->is_ending)) {
        road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
        struct answer ans = peer_answer(a, c, false);
        k->n_good += ans.status == 200 ? 1U : 0U;
        k->n_bad += ans.status == 200 ? 0U : 1U;
        arena_reset(a);
    }
    (void)close(c);
    arena_close(a);
    return NULL;
}

/* The test's service: one connection, any number of calls. */
static void *
serve_on(void *arg)
{
    struct road *r = arg;
    char text[4096];
    int s = road_accept(r->listen_fd);
    for (;;) {
        size_t n = 0;
        while (n < 4 || memcmp(text + n - 4, "\r\n\r\n", 4) != 0) {
            ssize_t got = recv(s, text + n, sizeof(text) - n, 0);
            if (got <= 0) {
                (void)close(s);
                return NULL;
            }
            n += (size_t)got;
        }
        if (!peer_send(s, STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))) {
            (void)close(s);
            return NULL;
        }
    }
}

static void
many_routes(struct road *r, struct relay_route *v, int generation)
{
    for (int i = 0; i < MANY; i++) {
        v[i] = (struct relay_route){ .id = 100 + i, .pool = STR("pool") };
        v[i].name = str_fmt(r->arena, "svc-%d-%d", i, i % 2 == 0 ? 0 : generation);
        v[i].path =
            str_fmt(r->arena, "/r1/VN/GOV/%d/people/find%d", i, i % 2 == 0 ? 0 : generation);
    }
    v[0] = r->routes[0];
}

static void
test_relay_name_without_address_holds_back_no_policy(void **state)
{
    (void)state;
    struct road *r = road_new();
    struct str port = str_slice(r->addresses[0], sizeof("127.0.0.1") - 1, r->addresses[0].n);
    struct relay_pool pools[3] = { r->pool, r->pool, r->pool };
    struct str at[2] = { str_cat(r->arena, STR("a.test"), port), STR("b.test:8080") };
    for (size_t i = 0; i < 2; i++) {
        pools[i + 1].name = at[i];
        pools[i + 1].addresses = &at[i];
    }
    struct relay_route routes[2] = { r->routes[0], r->routes[0] };
    routes[1].name = routes[1].path = STR("/named");
    routes[1].pool = at[0];
    routes[1].is_open = true;
    r->policy.routes = routes;
    r->policy.n_routes = 2;
    r->policy.pools = pools;
    r->policy.n_pools = 3;
    names.fault = EAI_NONAME;
    assert_int_equal(relay_start(&r->cx, &r->config, &r->relay), ERR_OK);
    assert_int_equal(relay_apply(&r->cx, r->relay, &r->policy), ERR_INVALID); /* unless it may */
    pools[1].may_lack_address = pools[2].may_lack_address = true;
    road_apply(r);
    assert_true(relay_lacks_address(r->relay));
    passes(r, "/svc", WHO);
    REFUSED(r, "/named", WHO, 502, "connect");
    names.fault = 0;
    road_apply(r);
    assert_false(relay_lacks_address(r->relay));
    passes(r, "/named", WHO);
    names.fault = EAI_AGAIN; /* no name server answers: it leads where it led, and one is asked */
    names.n_asked = 0;
    r->client.is_suspended = true;
    road_apply(r);
    assert_int_equal(names.n_asked, 1);
    assert_true(relay_lacks_address(r->relay));
    REFUSED(r, "/svc", WHO, 403, "suspended");
    passes(r, "/named", "");
    names.fault = 0;
    road_stop(r);
}

static void
test_relay_40000_routes_change_under_load_without_losing_a_call(void **state)
{
    (void)state;
    struct road *r = road_new();
    struct relay_route *v = calloc(MANY, sizeof(*v));
    pthread_t client;
    pthread_t service;
    struct caller k = { .r = r };
    (void)road_start(r);
    assert_int_equal(pthread_create(&service, NULL, serve_on, r), 0);
    assert_int_equal(pthread_create(&client, NULL, call_on, &k), 0);
    r->policy.routes = v;
    r->policy.n_routes = MANY;
    for (int generation = 1; generation <= 5; generation++) {
        many_routes(r, v, generation);
        road_apply(r);
        REFUSED(r, "/r1/VN/GOV/39998/people/find0", WHO, 500, "AccessDenied");
        REFUSED(r, "/r1/VN/GOV/39999/people/find0", WHO, 500, "UnknownService");
    }
    atomic_store(&k.is_ending, true);
    (void)pthread_join(client, NULL);
    assert_int_equal(k.n_bad, 0);
    assert_true(k.n_good > 0);
    struct relay_stats st = road_stats(r);
    assert_int_equal(st.n_swaps, 6);
    assert_int_equal(st.n_upstream_opened, 1); /* the kept connection outlived the snapshots */
    road_stop(r);
    (void)pthread_join(service, NULL);
    free(v);
}

static void
test_relay_call_in_flight_ends_under_its_own_snapshot(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int s = -1;
    int c = road_ask(r, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n", &s);
    r->policy.n_grants = 0;
    r->policy.n_routes = 0;
    r->policy.n_pools = 0;
    road_apply(r);
    REFUSED(r, "/svc", WHO, 404, "no_route"); /* the new one is in force */
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_true(str_eq(peer_answer(r->arena, c, false).body, STR("ok")));
    road_await_records(r, 2);
    assert_int_equal(r->records[1].grant_id, 11);
    road_end(r, c, s);
}

static void
test_relay_member_suspended_in_mid_stream_is_cut_and_recorded(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    int c = road_client(r);
    char *block = arena_alloc(r->arena, 100000);
    road_send(c, "GET /svc HTTP/1.1\r\nHost: relay\r\n" WHO "\r\n");
    int s = road_accept(r->listen_fd);
    (void)peer_until(r->arena, s, "\r\n\r\n");
    road_send(s, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nfirst");
    (void)peer_until(r->arena, c, "first");
    r->client.is_suspended = true;
    road_apply(r);
    assert_true(peer_send(s, (struct str){ block, 100000 }));
    struct str rest = peer_rest(r->arena, c, 1000000);
    assert_true(rest.n < 1000000 - 5);
    road_await_records(r, 1);
    assert_int_equal(r->records[0].error, RELAY_REVOKED);
    assert_true(r->records[0].is_cut && r->records[0].status == 200);
    road_end(r, c, s);
}

static void
test_relay_apply_bad_policy_changes_nothing_and_says_where(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    struct relay_policy bad = r->policy;
    struct relay_route routes[2] = { r->routes[0], r->routes[1] };
    bad.routes = routes;
    bad.n_routes = 2;
    routes[1].pool = STR("other");
    assert_int_equal(relay_apply(&r->cx, r->relay, &bad), ERR_INVALID);
    assert_true(has(str_of(r->cx.err.text), "route[1].pool: there is no pool \"other\""));
    routes[1] = r->routes[1];
    routes[1].path = STR("/svc/");
    assert_int_equal(relay_apply(&r->cx, r->relay, &bad), ERR_INVALID);
    routes[1].path = STR("/svc");
    assert_int_equal(relay_apply(&r->cx, r->relay, &bad), ERR_INVALID);
    assert_true(has(str_of(r->cx.err.text), "is taken"));
    struct relay_grant grant = r->grant;
    bad = r->policy;
    bad.grants = &grant;
    grant.client = STR("nobody");
    assert_int_equal(relay_apply(&r->cx, r->relay, &bad), ERR_INVALID);
    assert_true(has(str_of(r->cx.err.text), "grant[0].client: there is no \"nobody\""));
    passes(r, "/svc", WHO);
    road_stop(r);
}

/* --- tokens ----------------------------------------------------------------------------------- */
static struct str
token_of(struct road *r, const struct key *k, struct str kid, const char *client, int64_t exp_s,
         const char *jti)
{
    struct str token = STR_NULL;
    struct str payload = str_fmt(r->arena,
                                 "{\"iss\":\"https://a\",\"aud\":\"relay\",\"client_id\":\"%s\","
                                 "\"exp\":%" PRId64 ",\"jti\":\"%s\"}",
                                 client, exp_s, jti);
    assert_int_equal(jose_sign(&r->cx, k, kid, STR("at+jwt"), payload, &token), ERR_OK);
    return str_fmt(r->arena, "Authorization: Bearer " STR_FMT "\r\n", STR_ARG(token));
}

static void
test_relay_tokens_are_checked_once_and_revoked_at_once(void **state)
{
    (void)state;
    struct road *r = road_new();
    struct key *k = NULL;
    struct key *other = NULL;
    int64_t now_s = sys_now_us(&r->cx) / 1000000;
    struct str ids[] = { STR("desk-app") };
    assert_int_equal(key_generate(&r->cx, KEY_P256, &k), ERR_OK);
    assert_int_equal(key_generate(&r->cx, KEY_P256, &other), ERR_OK);
    assert_int_equal(jose_set_write(&r->cx, k, STR("k1"), &r->policy.tokens.jwks), ERR_OK);
    r->policy.tokens.issuer = STR("https://a");
    r->policy.tokens.audience = STR("relay");
    r->client.token_ids = ids;
    r->client.n_token_ids = 1;
    (void)road_start(r);
    const char *good = str_z(r->arena, token_of(r, k, STR("k1"), "desk-app", now_s + 600, "j1"));
    for (int i = 0; i < 3; i++) {
        passes(r, "/svc", good);
    }
    assert_int_equal(road_stats(r).n_tokens_verified, 1);
    assert_int_equal(road_stats(r).n_tokens_cached, 2);
    road_await_records(r, 3);
    assert_int_equal(r->records[0].proof, RELAY_BY_TOKEN);
    struct str both = str_fmt(r->arena, "%s%s", good, "X-Road-Client: VN/GOV/100/else\r\n");
    REFUSED(r, "/svc", str_z(r->arena, both), 403, "other_client");
    REFUSED(r, "/svc", WHO, 401, "no_proof"); /* it has a proof now: a name is not enough */
    REFUSED(r, "/svc", str_z(r->arena, token_of(r, other, STR("k1"), "desk-app", now_s + 600, "")),
            401, "bad_token");
    REFUSED(r, "/svc", str_z(r->arena, token_of(r, k, STR("k1"), "desk-app", now_s - 600, "")), 401,
            "bad_token");
    REFUSED(r, "/svc", str_z(r->arena, token_of(r, k, STR("k1"), "else-app", now_s + 600, "")), 403,
            "unknown_client");
    struct str revoked[] = { STR("j1") };
    r->policy.tokens.revoked = revoked;
    r->policy.tokens.n_revoked = 1;
    road_apply(r);
    REFUSED(r, "/svc", good, 401, "bad_token");
    r->policy.tokens.n_revoked = 0;
    assert_int_equal(jose_set_write(&r->cx, other, STR("k1"), &r->policy.tokens.jwks), ERR_OK);
    road_apply(r); /* the key is withdrawn: what it signed counts no more */
    REFUSED(r, "/svc", good, 401, "bad_token");
    key_free(k);
    key_free(other);
    road_stop(r);
}

/* A token with a confirmation, right and of a kind that is not known here: without TLS neither
 * passes. Over TLS: test/http/keys.test.mjs. */
static void
test_relay_bound_token_without_certificate_is_refused(void **state)
{
    (void)state;
    static const char *const confirmations[] = {
        "{\"x5t#S256\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", "{\"jkt\":\"x\"}",
        "{\"x5t#S256\":\"\"}", "{}", "null"
    };
    struct road *r = road_new();
    struct key *k = NULL;
    struct str ids[] = { STR("desk-app") };
    assert_int_equal(key_generate(&r->cx, KEY_P256, &k), ERR_OK);
    assert_int_equal(jose_set_write(&r->cx, k, STR("k1"), &r->policy.tokens.jwks), ERR_OK);
    r->client.token_ids = ids;
    r->client.n_token_ids = 1;
    (void)road_start(r);
    for (size_t i = 0; i < COUNT_OF(confirmations); i++) {
        struct str token;
        struct str payload =
            str_fmt(r->arena, "{\"client_id\":\"desk-app\",\"exp\":%" PRId64 ",\"cnf\":%s}",
                    sys_now_us(&r->cx) / 1000000 + 600, confirmations[i]);
        assert_int_equal(jose_sign(&r->cx, k, STR("k1"), STR("at+jwt"), payload, &token), ERR_OK);
        const char *field = str_z(
            r->arena, str_fmt(r->arena, "Authorization: Bearer " STR_FMT "\r\n", STR_ARG(token)));
        REFUSED(r, "/svc", field, 401, "token_cert"); /* verified */
        REFUSED(r, "/svc", field, 401, "token_cert"); /* kept */
    }
    key_free(k);
    road_stop(r);
}

/* --- the file --------------------------------------------------------------------------------- */
static void
test_relay_apply_json_tells_faults_with_line_and_remedy(void **state)
{
    (void)state;
    struct road *r = road_start(road_new());
    struct str faults = STR("");
    struct str text = STR("{\"pools\": [\n {\"name\": \"p\", \"addresses\": \"127.0.0.1:1\"},\n"
                          " {\"name\": \"q\", \"adresses\": []}],\n \"grants\": [{\"rate_n\": -1,\n"
                          " \"hours\": [\"7-25\"], \"until\": \"soon\"}]}");
    assert_int_equal(relay_apply_json(&r->cx, r->relay, STR("f.json"), text, &faults), ERR_INVALID);
    static const char *const want[] = {
        "f.json:2: pools[0].addresses: write a list of texts",
        "f.json:3: pools[1].adresses: there is no such member; members are name, addresses,",
        "f.json:4: grants[0].rate_n: write a whole number",
        "f.json:5: grants[0].hours: write seven texts",
        "f.json:5: grants[0].until: write an instant",
    };
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        if (!has(faults, want[i])) {
            print_error("%s not in:\n" STR_FMT, want[i], STR_ARG(faults));
        }
        assert_true(has(faults, want[i]));
    }
    text = STR("{\"pools\": [{\"name\": \"p\", \"addresses\": [\"127.0.0.1:1\"]}],\n"
               "\"routes\": [{\"name\": \"a\", \"path\": \"/a\", \"pool\": \"p\"},\n"
               "{\"name\": \"b\", \"path\": \"/b\", \"pool\": \"nope\"}]}");
    assert_int_equal(relay_apply_json(&r->cx, r->relay, STR("f.json"), text, &faults), ERR_INVALID);
    assert_true(has(faults, "f.json:3: route[1].pool: there is no pool \"nope\""));
    assert_int_equal(relay_apply_json(&r->cx, r->relay, STR("f.json"), STR("{\n]"), &faults),
                     ERR_INVALID);
    assert_true(has(faults, "f.json:2: not JSON"));
    road_stop(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relay_unknown_and_unproved_clients_are_refused),
        cmocka_unit_test(test_relay_grant_limits_operations_times_and_networks),
        cmocka_unit_test(test_relay_rate_and_quota_go_on_over_policies),
        cmocka_unit_test(test_relay_quota_begins_with_what_was_used_before_the_start),
        cmocka_unit_test(test_limit_take_by_four_threads_gives_exactly_the_limit),
        cmocka_unit_test(test_relay_name_without_address_holds_back_no_policy),
        cmocka_unit_test(test_relay_40000_routes_change_under_load_without_losing_a_call),
        cmocka_unit_test(test_relay_call_in_flight_ends_under_its_own_snapshot),
        cmocka_unit_test(test_relay_member_suspended_in_mid_stream_is_cut_and_recorded),
        cmocka_unit_test(test_relay_apply_bad_policy_changes_nothing_and_says_where),
        cmocka_unit_test(test_relay_tokens_are_checked_once_and_revoked_at_once),
        cmocka_unit_test(test_relay_bound_token_without_certificate_is_refused),
        cmocka_unit_test(test_relay_apply_json_tells_faults_with_line_and_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
