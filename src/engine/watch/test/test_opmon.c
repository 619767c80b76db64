/* The records and the health that X-Road's operational monitoring asks for; SOAP messages. */
#include "codec/xml.h"
#include "engine/watch/test/offered.h"

#include <zlib.h>

#define PLAIN_MAX ((size_t)16 << 20)

static int64_t
system_new(struct ctx *cx, const char *member, int64_t *ret_service)
{
    int64_t system = 0;
    int64_t version = 0;
    *ret_service = offered(cx, member, 0, &system);
    ASSERT_OK(cx, exchange_service_import(
                      cx, *ret_service,
                      STR("{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},"
                          "\"paths\":{\"/a\":{\"get\":{\"responses\":{}}}}}"),
                      &version));
    return system;
}

static void
calls(struct ctx *cx, int64_t system, int64_t service, size_t n, int64_t took_us)
{
    struct exchange_call *v = ARENA_ARRAY(cx->arena, struct exchange_call, n);
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct exchange_call){ .at_us = sys_now_us(cx),
                                       .way = STR("relay"),
                                       .consumer_id = system,
                                       .service_id = service,
                                       .operation = STR("/a"),
                                       .fault = i == 0 ? STR("connect") : STR(""),
                                       .status = 200,
                                       .bytes_in = 10,
                                       .took_us = took_us };
    }
    ASSERT_OK(cx, exchange_calls_add(cx, v, n));
}

static struct str
plain(struct ctx *cx, struct str gzip)
{
    z_stream z = { 0 };
    unsigned char *out = arena_alloc(cx->arena, PLAIN_MAX);
    union {
        const char *in;
        Bytef *out;
    } next = { gzip.p };
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = next.out;
    z.avail_in = (uInt)gzip.n;
    z.next_out = out;
    z.avail_out = (uInt)PLAIN_MAX;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    struct str s = { (const char *)out, z.total_out };
    (void)inflateEnd(&z);
    return s;
}

static size_t
count_of(struct ctx *cx, struct str gzip)
{
    struct json_limits limits = { .nodes_max = 1000000 };
    struct json *j = NULL;
    struct str text = plain(cx, gzip);
    assert_int_equal(json_parse(cx->arena, text, limits, &j, NULL), ERR_OK);
    return json_get(j, "records")->n;
}

static void
test_records_that_do_not_fit_are_asked_for_in_whole_seconds_and_none_is_missed(void **state)
{
    enum { BATCH = 500, SECONDS = 42 };
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    int64_t service = 0;
    int64_t system = system_new(cx, "S1", &service);
    int64_t from_s = sys_now_us(cx) / 1000000;
    for (int i = 0; i < SECONDS; i++) {
        calls(cx, system, service, BATCH, 1000);
        sys_clock_fake_step(&env->clock, INT64_C(1000000));
    }
    sys_clock_fake_step(&env->clock, INT64_C(120) * 1000000);
    struct watch_opmon q = { .from_s = from_s, .to_s = from_s + 100, .fields = 1 };
    struct watch_opmon_records r;
    ASSERT_OK(cx, watch_opmon_records(cx, &q, &r));
    assert_true(r.n >= WATCH_OPMON_CALLS && r.n < BATCH * SECONDS);
    assert_int_equal(r.n % BATCH, 0); /* whole seconds */
    assert_int_equal(count_of(cx, r.gzip), r.n);
    int64_t n = r.n;
    q.from_s = r.next_s;
    ASSERT_OK(cx, watch_opmon_records(cx, &q, &r));
    assert_int_equal(n + r.n, BATCH * SECONDS);
    assert_int_equal(r.next_s, sys_now_us(cx) / 1000000 - WATCH_OPMON_DELAY_S < from_s + 101
                                   ? sys_now_us(cx) / 1000000 - WATCH_OPMON_DELAY_S
                                   : 0);
}

static void
test_records_are_those_in_which_the_asker_takes_part(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct watch_opmon_records r;
    int64_t service1 = 0;
    int64_t service2 = 0;
    int64_t system1 = system_new(cx, "S1", &service1);
    int64_t system2 = system_new(cx, "S2", &service2);
    int64_t from_s = sys_now_us(cx) / 1000000;
    calls(cx, system1, service2, 3, 1000); /* 1 asks 2 */
    calls(cx, system1, service1, 4, 1000);
    calls(cx, 0, 0, 5, 1000); /* nobody knows who */
    sys_clock_fake_step(&env->clock, INT64_C(120) * 1000000);
    struct watch_opmon q = { .from_s = from_s, .to_s = from_s };
    ASSERT_OK(cx, watch_opmon_records(cx, &q, &r));
    assert_int_equal(r.n, 12);
    q.system_id = system1;
    ASSERT_OK(cx, watch_opmon_records(cx, &q, &r));
    assert_int_equal(r.n, 7);
    q.system_id = system2;
    ASSERT_OK(cx, watch_opmon_records(cx, &q, &r));
    assert_int_equal(r.n, 3);
    q.partner = STR("VN/GOV/S1");
    ASSERT_OK(cx, watch_opmon_records(cx, &q, &r));
    assert_int_equal(r.n, 3);
    q.partner = STR("VN/GOV/S");
    ASSERT_OK(cx, watch_opmon_records(cx, &q, &r));
    assert_int_equal(r.n, 0);
    assert_int_equal(count_of(cx, r.gzip), 0);
    q.partner = STR("VN/GOV/S1/DAT/so-dat");
    ASSERT_OK(cx, watch_opmon_records(cx, &q, &r));
    assert_int_equal(r.n, 0);
    q.from_s = sys_now_us(cx) / 1000000 - WATCH_OPMON_DELAY_S;
    q.to_s = q.from_s + 1;
    assert_int_equal(watch_opmon_records(cx, &q, &r), ERR_INVALID);
}

static void
test_health_has_counts_and_spread_of_the_period_alone(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct watch_opmon_health h;
    int64_t service = 0;
    int64_t system = system_new(cx, "S1", &service);
    int64_t begun_us = sys_now_us(cx);
    calls(cx, system, service, 5, 9000000); /* before the period */
    sys_clock_fake_step(&env->clock, INT64_C(700) * 1000000);
    calls(cx, system, service, 2, 10000);
    calls(cx, system, service, 2, 20000);
    ASSERT_OK(cx, watch_opmon_health(cx, STR_NULL, begun_us - 1, &h));
    assert_int_equal(h.n, 1);
    assert_int_equal(h.period_s, 600);
    ASSERT_STR(h.v[0].provider, "VN/GOV/S1/DAT");
    assert_int_equal(h.v[0].n_good, 2);
    assert_int_equal(h.v[0].n_bad, 2);
    assert_int_equal(h.v[0].took_ms.min, 10);
    assert_int_equal(h.v[0].took_ms.max, 20);
    assert_int_equal(h.v[0].took_ms.mean_tenths, 150);
    assert_int_equal(h.v[0].took_ms.deviation_tenths, 50);
    assert_int_equal(h.v[0].good_us, sys_now_us(cx));
    assert_int_equal(h.v[0].bytes_in.deviation_tenths, 0);
    ASSERT_OK(cx, watch_opmon_health(cx, STR("VN/GOV/S2"), begun_us - 1, &h));
    assert_int_equal(h.n, 0);
    sys_clock_fake_step(&env->clock, INT64_C(700) * 1000000);
    ASSERT_OK(cx, watch_opmon_health(cx, STR_NULL, sys_now_us(cx), &h));
    assert_int_equal(h.v[0].n_good + h.v[0].n_bad, 0);
    assert_int_equal(h.v[0].good_us, 0); /* none since the start that was told */
}

#define PART(name, value) "<i:" name ">" value "</i:" name ">"
#define WHO               PART("xRoadInstance", "VN") PART("memberClass", "GOV") PART("memberCode", "H19")
#define HEAD                                                                                       \
    "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\" "                           \
    "xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\" "                                                  \
    "xmlns:i=\"http://x-road.eu/xsd/identifiers\"><S:Header>"
#define SERVICE "<x:service>" WHO PART("serviceCode", "s") "</x:service>"
#define REST    "<x:id>1</x:id><x:protocolVersion>4.0</x:protocolVersion>"
#define BODY    "</S:Header><S:Body><a/></S:Body></S:Envelope>"

static void
test_xroad_message_that_is_wrong_is_refused_with_the_protocols_word(void **state)
{
    static const struct {
        const char *message, *fault;
    } cases[] = {
        { HEAD "<x:client>" WHO "</x:client>" SERVICE REST BODY, NULL },
        { HEAD "<x:client>" WHO PART("subsystemCode", "a b") "</x:client>" SERVICE REST BODY,
          NULL },
        { "<a/>", "InvalidSoap" },
        { "", "InvalidSoap" },
        { HEAD SERVICE REST BODY, "MissingHeaderField" },
        { HEAD "<x:client>" WHO WHO "</x:client>" SERVICE REST BODY, "InvalidHeaderField" },
        { HEAD "<x:client>" WHO PART("subsystemCode", "a/b") "</x:client>" SERVICE REST BODY,
          "InvalidHeaderField" },
        { HEAD "<x:client>" WHO PART("subsystemCode", "") "</x:client>" SERVICE REST BODY,
          "InvalidHeaderField" },
        { HEAD "<x:client>" WHO PART("serviceCode", "a") "</x:client>" SERVICE REST BODY,
          "InvalidHeaderField" },
        { HEAD "<x:client>" WHO "</x:client><x:service>" WHO "</x:service>" REST BODY,
          "InvalidHeaderField" },
        { HEAD "<x:client>" WHO "</x:client>" SERVICE REST "<x:id>2</x:id>" BODY,
          "DuplicateHeaderField" },
        { HEAD "<x:client>" WHO "</x:client>" SERVICE REST "<y S:mustUnderstand=\"1\"/>" BODY,
          "InvalidHeaderField" },
        { HEAD "<x:client>" WHO "</x:client>" SERVICE REST "<y/>" BODY, NULL },
        { HEAD "<x:client>" WHO "</x:client>" SERVICE REST
               "</S:Header><S:Body><a/><a/></S:Body></S:Envelope>",
          "MissingBody" },
    };
    struct ctx *cx = ((struct test_env *)*state)->cx;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct exchange_xroad m;
        const char *fault = NULL;
        enum err e = exchange_xroad_read(cx, str_of(cases[i].message), &m, &fault);
        assert_int_equal(e, cases[i].fault == NULL ? ERR_OK : ERR_INVALID);
        if (cases[i].fault == NULL) {
            assert_null(fault);
            ASSERT_STR(m.provider, "VN/GOV/H19");
            ASSERT_STR(m.code, "s");
            ASSERT_STR(m.id, "1");
        } else {
            assert_string_equal(fault, cases[i].fault);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_records_that_do_not_fit_are_asked_for_in_whole_seconds_and_none_is_missed,
            test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_records_are_those_in_which_the_asker_takes_part,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_health_has_counts_and_spread_of_the_period_alone,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(
            test_xroad_message_that_is_wrong_is_refused_with_the_protocols_word, test_env_set_up,
            test_env_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
