/* Monitoring: rules, the drawing, sums by month that count each call once, alarms that begin and
 * end. */
#include "engine/watch/watch.h"

#include "lib/harness.h"

static int
set_up(void **state)
{
    *state = test_env_new();
    return 0;
}

static int
tear_down(void **state)
{
    test_env_free(*state);
    return 0;
}

static const struct jobs_timed *const timed[] = { watch_timed };
static const struct jobs_config jobs = { .timed = timed, .n_timed = 1 };

static int64_t
service_new(struct ctx *cx, int64_t *ret_system)
{
    struct exchange_member m = { .class_code = STR("GOV"),
                                 .code = STR("S1"),
                                 .name = STR("Sở"),
                                 .name_en = STR(""),
                                 .contact = STR("") };
    ASSERT_OK(cx, exchange_member_add(cx, &m));
    struct exchange_subsystem s = { .member_id = m.id,
                                    .code = STR("DAT"),
                                    .name = STR("Đất"),
                                    .contact = STR(""),
                                    .ip_allow = STR("") };
    ASSERT_OK(cx, exchange_subsystem_add(cx, &s));
    struct exchange_service v = { .subsystem_id = s.id,
                                  .code = STR("so-dat"),
                                  .name = STR("Sổ đất"),
                                  .data_class = STR("personal"),
                                  .endpoint = STR("http://127.0.0.1:1"),
                                  .sla_ms = 100,
                                  .timeout_ms = 1000 };
    ASSERT_OK(cx, exchange_service_add(cx, &v));
    *ret_system = s.id;
    return v.id;
}

static void
calls(struct ctx *cx, int64_t system, int64_t service, size_t n, const char *fault)
{
    for (size_t i = 0; i < n; i++) {
        const struct exchange_call c = { .at_us = sys_now_us(cx),
                                         .way = STR("relay"),
                                         .consumer_id = system,
                                         .service_id = service,
                                         .fault = str_of(fault),
                                         .bytes_in = 10,
                                         .took_us = 1000 };
        ASSERT_OK(cx, exchange_calls_add(cx, &c, 1));
    }
}

static void
test_breaks_judges_by_share_and_promise_and_not_by_few_calls(void **state)
{
    struct watch_service s = { .n = 20, .n_faults = 5, .took_us = 20 * 250000, .sla_ms = 100 };
    int64_t value = 0;
    (void)state;
    assert_true(watch_breaks(WATCH_ERRORS, 200, &s, &value));
    assert_int_equal(value, 250);
    assert_false(watch_breaks(WATCH_ERRORS, 250, &s, &value));
    assert_false(watch_breaks(WATCH_ERRORS, 0, &s, &value)); /* off */
    assert_true(watch_breaks(WATCH_SLOW, 200, &s, &value));
    assert_int_equal(value, 250);
    s.n = 9;
    assert_false(watch_breaks(WATCH_ERRORS, 1, &s, &value));
}

static void
test_draw_escapes_names_and_is_bounded(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct exchange_count *v = ARENA_ARRAY(cx->arena, struct exchange_count, 200);
    for (size_t i = 0; i < 200; i++) {
        v[i] =
            (struct exchange_count){ .n = (int64_t)i,
                                     .consumer = str_fmt(cx->arena, "<b>&\"%zu", i),
                                     .service = STR("một dịch vụ có cái tên dài hơn chỗ để ghi") };
    }
    struct str svg = watch_draw(cx, v, 200, STR("<title>"));
    assert_true(str_starts(svg, STR("<svg ")));
    assert_true(str_ends(svg, STR("</svg>")));
    assert_true(str_find(svg, STR("<b>")) == svg.n);
    assert_true(str_find(svg, STR("&lt;b&gt;&amp;&quot;0")) < svg.n);
    assert_true(str_find(svg, STR("…")) < svg.n);
    assert_true(str_is_utf8(svg));
}

static void
test_sums_count_each_call_once_and_open_figures_come_later(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct watch_sum *v = NULL;
    size_t n = 0;
    int64_t system = 0;
    int64_t service = service_new(cx, &system);
    calls(cx, system, service, 7, "");
    calls(cx, system, service, 2, "connect");
    for (int i = 0; i < 3; i++) {
        sys_clock_fake_step(&env->clock, INT64_C(120) * 1000000);
        ASSERT_OK(cx, jobs_drain(cx, &jobs));
    }
    ASSERT_OK(cx, watch_sums(cx, STR("2026-11"), &v, &n));
    assert_int_equal(n, 1);
    assert_int_equal(v[0].n, 9);
    assert_int_equal(v[0].n_faults, 2);
    assert_int_equal(v[0].bytes, 90);
    ASSERT_OK(cx, watch_open(cx, &v, &n));
    assert_int_equal(n, 0);
    sys_clock_fake_step(&env->clock, INT64_C(20) * 86400 * 1000000);
    ASSERT_OK(cx, watch_open(cx, &v, &n));
    assert_int_equal(n, 1);
    ASSERT_STR(v[0].consumer, "");
}

/* A whole province: 234 members, 200 services, calls of all of them in a few pages. */
static void
test_sums_of_234_members_and_200_services_miss_no_call(void **state)
{
    enum { MEMBERS = 234, SERVICES = 200, BATCH = 1000, BATCHES = 5 };
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct watch_sum *v = NULL;
    struct exchange_count *counts = NULL;
    size_t n = 0;
    for (int64_t b = 0; b < BATCHES; b++) {
        struct exchange_call *c = ARENA_ARRAY(cx->arena, struct exchange_call, BATCH);
        for (int64_t i = 0; i < BATCH; i++) {
            int64_t k = b * BATCH + i;
            c[i] = (struct exchange_call){ .at_us = sys_now_us(cx),
                                           .way = STR("simulated"),
                                           .consumer_id = 1000 + k % MEMBERS,
                                           .service_id = 5000 + k % SERVICES,
                                           .fault = k % 50 == 0 ? STR("connect") : STR(""),
                                           .bytes_in = 1,
                                           .took_us = 2000 };
        }
        ASSERT_OK(cx, exchange_calls_add(cx, c, BATCH));
    }
    ASSERT_OK(cx, exchange_counts(cx, 0, &counts, &n));
    assert_int_equal(n, 200);
    assert_true(watch_draw(cx, counts, n, STR("t")).n > 0);
    sys_clock_fake_step(&env->clock, INT64_C(120) * 1000000);
    ASSERT_OK(cx, jobs_drain(cx, &jobs));
    ASSERT_OK(cx, jobs_drain(cx, &jobs)); /* not due again: nothing is added twice */
    assert_int_equal(test_i64(cx, "SELECT sum(n) FROM watch_month"), BATCH * BATCHES);
    assert_int_equal(test_i64(cx, "SELECT sum(n_faults) FROM watch_month"), 100);
    assert_int_equal(test_i64(cx, "SELECT count(DISTINCT consumer_id) FROM watch_month"), MEMBERS);
    ASSERT_OK(cx, watch_sums(cx, STR("2026-11"), &v, &n));
    assert_int_equal(n, 200);
}

static void
test_alarm_begins_once_and_ends(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct watch_alarm *v = NULL;
    size_t n = 0;
    int64_t on = 0;
    int64_t system = 0;
    int64_t service = service_new(cx, &system);
    calls(cx, system, service, 20, "connect");
    for (int i = 0; i < 2; i++) {
        ASSERT_OK(cx, jobs_drain(cx, &jobs));
        sys_clock_fake_step(&env->clock, INT64_C(40) * 1000000);
    }
    ASSERT_OK(cx, watch_alarms(cx, &v, &n));
    assert_int_equal(n, 1);
    ASSERT_STR(v[0].rule, "faults");
    ASSERT_STR(v[0].name, "VN/GOV/S1/DAT/so-dat");
    assert_int_equal(v[0].value, 1000);
    ASSERT_OK(cx, watch_alarms_on(cx, &on));
    assert_int_equal(on, 1);
    sys_clock_fake_step(&env->clock, INT64_C(1000) * 1000000);
    ASSERT_OK(cx, jobs_drain(cx, &jobs));
    ASSERT_OK(cx, watch_alarms_on(cx, &on));
    assert_int_equal(on, 0);
}

static void
test_limit_out_of_range_is_refused_and_zero_turns_off(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct watch_limits l;
    int64_t on = 0;
    int64_t system = 0;
    int64_t service = service_new(cx, &system);
    assert_int_equal(watch_limit_set(cx, WATCH_ERRORS, -1), ERR_INVALID);
    cx->n_problems = 0;
    ASSERT_OK(cx, watch_limit_set(cx, WATCH_ERRORS, 0));
    ASSERT_OK(cx, watch_limits(cx, &l));
    assert_int_equal(l.v[WATCH_ERRORS], 0);
    calls(cx, system, service, 20, "connect");
    ASSERT_OK(cx, jobs_drain(cx, &jobs));
    ASSERT_OK(cx, watch_alarms_on(cx, &on));
    assert_int_equal(on, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_breaks_judges_by_share_and_promise_and_not_by_few_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_draw_escapes_names_and_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sums_count_each_call_once_and_open_figures_come_later,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sums_of_234_members_and_200_services_miss_no_call,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alarm_begins_once_and_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limit_out_of_range_is_refused_and_zero_turns_off,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
