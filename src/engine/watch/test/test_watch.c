/* Monitoring: rules, the drawing, sums by month that count each call once, alarms that begin and
 * end. */
#include "base/date.h"
#include "crypto/cms.h"
#include "engine/watch/test/offered.h"
#include "store/store.h"

static const struct jobs_timed *const timed[] = { watch_timed };
static const struct jobs_config jobs = { .timed = timed, .n_timed = 1 };

static int64_t
service_new(struct ctx *cx, int64_t *ret_system)
{
    return offered(cx, "S1", 100, ret_system);
}

static void
calls(struct ctx *cx, int64_t system, int64_t service, size_t n, const char *fault)
{
    struct exchange_call *c = ARENA_ARRAY(cx->arena, struct exchange_call, n);
    for (size_t i = 0; i < n; i++) {
        c[i] = (struct exchange_call){ .at_us = sys_now_us(cx),
                                       .way = STR("relay"),
                                       .consumer_id = system,
                                       .service_id = service,
                                       .fault = str_of(fault),
                                       .bytes_in = 10,
                                       .took_us = 1000 };
    }
    ASSERT_OK(cx, exchange_calls_add(cx, c, n));
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
    struct watch_pair *v = ARENA_ARRAY(cx->arena, struct watch_pair, 200);
    for (size_t i = 0; i < 200; i++) {
        v[i] = (struct watch_pair){ .n = (int64_t)i,
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
    const struct watch_sum first = { .n = 0 };
    struct watch_sums sums;
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
    ASSERT_OK(cx, watch_sums(cx, STR("2026-11"), STR_NULL, &first, 10, &sums));
    assert_int_equal(sums.n, 1);
    assert_int_equal(sums.v[0].n, 9);
    assert_int_equal(sums.v[0].n_faults, 2);
    assert_int_equal(sums.v[0].bytes, 90);
    ASSERT_STR(sums.v[0].service, "Sổ đất");
    ASSERT_OK(cx, watch_open(cx, STR_NULL, 0, 10, &v, &n));
    assert_int_equal(n, 0);
    sys_clock_fake_step(&env->clock, INT64_C(20) * 86400 * 1000000);
    ASSERT_OK(cx, watch_open(cx, STR_NULL, 0, 10, &v, &n));
    assert_int_equal(n, 1);
    ASSERT_STR(v[0].consumer, "");
    ASSERT_STR(v[0].service, "VN/GOV/S1/DAT/so-dat");
    ASSERT_OK(cx, watch_open(cx, v[0].month, v[0].service_id, 10, &v, &n));
    assert_int_equal(n, 0);
}

/* --- a whole province --------------------------------------------------------------------------
 */
enum { MEMBERS = 234, SERVICES = 200, WITH_ONE = 20, CALLS = 11, PAIRS = MEMBERS * WITH_ONE + 1 };

struct province {
    int64_t systems[MEMBERS], services[SERVICES], agreement;
};

static enum err
province_tx(struct ctx *cx, void *arg)
{
    struct province *p = arg;
    struct exchange_demo_text t;
    TRY(exchange_demo_describe(cx, &t));
    for (size_t i = 0; i < MEMBERS; i++) {
        struct str code = str_fmt(cx->arena, "M%zu", i);
        struct exchange_member m = { .class_code = STR("GOV"),
                                     .code = code,
                                     .name = str_cat(cx->arena, STR("Xã "), code),
                                     .name_en = STR(""),
                                     .unit = STR("") };
        struct exchange_subsystem s = { .code = STR("MOT"), .name = m.name };
        TRY(exchange_demo_member(cx, &m, &s));
        p->systems[i] = s.id;
    }
    for (size_t i = 0; i < SERVICES; i++) {
        struct str code = str_fmt(cx->arena, "d%zu", i);
        struct exchange_service s = { .subsystem_id = p->systems[i],
                                      .code = code,
                                      .name = str_cat(cx->arena, STR("Dịch vụ "), code),
                                      .summary = STR(""),
                                      .data_class = STR("internal") };
        TRY(exchange_demo_service(cx, &t, &s));
        p->services[i] = s.id;
    }
    return ERR_OK;
}

/* Every member talks to twenty services and all is well; one pair more has ten calls, the fewest of
 * all, and they fail. */
static void
province_new(struct ctx *cx, struct province *p)
{
    enum { BATCH = 1000 };
    struct exchange_call *c = ARENA_ARRAY(cx->arena, struct exchange_call, BATCH);
    size_t n = 0;
    ASSERT_OK(cx, store_write(cx, province_tx, p));
    for (size_t i = 0; i < (size_t)MEMBERS * WITH_ONE * CALLS; i++) {
        size_t pair = i / CALLS;
        c[n++] = (struct exchange_call){ .at_us = sys_now_us(cx),
                                         .way = STR("simulated"),
                                         .consumer_id = p->systems[pair / WITH_ONE],
                                         .service_id = p->services[pair % SERVICES],
                                         .fault = STR(""),
                                         .bytes_in = 1,
                                         .took_us = 2000 };
        if (n == BATCH) {
            ASSERT_OK(cx, exchange_calls_add(cx, c, n));
            n = 0;
        }
    }
    ASSERT_OK(cx, exchange_calls_add(cx, c, n));
    calls(cx, p->systems[MEMBERS - 1], p->services[0], 10, "wait_time");
}

static size_t
walk_pairs(struct ctx *cx, struct watch_window *w, struct watch_pair *ret_last)
{
    struct watch_pair last = { .n = 0 };
    struct watch_pairs l = { .has_more = true };
    size_t n = 0;
    while (l.has_more) {
        ASSERT_OK(cx, watch_pairs(cx, w, &last, &l));
        for (size_t i = 0; i < l.n; i++) {
            bool is_below = last.n == 0 || l.v[i].n < last.n ||
                            l.v[i].consumer_id > last.consumer_id ||
                            l.v[i].service_id > last.service_id;
            assert_true(is_below); /* none twice */
            last = l.v[i];
        }
        n += l.n;
    }
    *ret_last = last;
    return n;
}

static void
test_pairs_of_a_province_are_all_seen_and_the_last_one_that_fails_is_found(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct province *p = ARENA_NEW(cx->arena, struct province);
    struct watch_pair last;
    struct watch_pairs l;
    struct watch_services s;
    province_new(cx, p);
    sys_clock_fake_step(&env->clock,
                        INT64_C(60) * 1000000); /* ids ran ahead of a clock that stood */
    struct watch_window w = { .to_us = sys_now_us(cx), .most = 500 };
    assert_int_equal(walk_pairs(cx, &w, &last), PAIRS);
    ASSERT_STR(last.consumer, "Xã M233");
    ASSERT_STR(last.service, "Dịch vụ d0");
    assert_int_equal(last.n_faults, 10);
    w.most = WATCH_MAP_MAX;
    const struct watch_pair first = { .n = 0 };
    ASSERT_OK(cx, watch_pairs(cx, &w, &first, &l));
    assert_int_equal(l.n_pairs, PAIRS);
    assert_int_equal(l.n_calls, (PAIRS - 1) * CALLS + 10);
    assert_int_equal(l.n_faults, 10);
    w.is_faulty = true;
    assert_int_equal(walk_pairs(cx, &w, &last), 1);
    w.is_faulty = false;
    w.words = STR("xa m233");
    assert_int_equal(walk_pairs(cx, &w, &last), WITH_ONE + 1);
    w.words = STR("gov/m7/");
    assert_int_equal(walk_pairs(cx, &w, &last), WITH_ONE + 24); /* its own, and those with its d7 */
    w = (struct watch_window){ .to_us = w.to_us, .most = 7 };
    size_t n = 0;
    for (int64_t after = 0; n == 0 || s.has_more; after = s.v[s.n - 1].sum.id) {
        ASSERT_OK(cx, watch_services(cx, &w, after, &s));
        if (n == 0) {
            ASSERT_STR(s.v[0].name, "Dịch vụ d0");
        }
        n += s.n;
    }
    assert_int_equal(n, SERVICES);
    assert_int_equal(s.n_called, SERVICES);
}

static void
test_alarm_of_the_last_pair_of_a_province_and_of_more_than_a_hundred(void **state)
{
    enum { FAILING = 130 };
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct province *p = ARENA_NEW(cx->arena, struct province);
    struct watch_alarm *v = NULL;
    struct watch_alarm last = { .id = 0 };
    size_t n = 0;
    int64_t on = 0;
    province_new(cx, p);
    ASSERT_OK(cx, jobs_drain(cx, &jobs));
    ASSERT_OK(cx, watch_alarms(cx, &last, 10, &v, &n));
    assert_int_equal(n, 1);
    ASSERT_STR(v[0].rule, "pair");
    ASSERT_STR(v[0].name, "VN/GOV/M233/MOT → VN/GOV/M0/MOT/d0");
    for (size_t i = 0; i < FAILING; i++) { /* services that fail for everybody: no pair is told */
        calls(cx, p->systems[1], p->services[1 + i], 400, "connect");
    }
    sys_clock_fake_step(&env->clock, INT64_C(40) * 1000000);
    ASSERT_OK(cx, jobs_drain(cx, &jobs));
    ASSERT_OK(cx, watch_alarms_on(cx, &on));
    assert_int_equal(on, FAILING + 1);
    sys_clock_fake_step(&env->clock, INT64_C(1000) * 1000000);
    ASSERT_OK(cx, jobs_drain(cx, &jobs));
    ASSERT_OK(cx, watch_alarms_on(cx, &on));
    assert_int_equal(on, 0);
    size_t seen = 0;
    for (n = 20; n == 20; seen += n) {
        ASSERT_OK(cx, watch_alarms(cx, &last, 20, &v, &n));
        last = n == 0 ? last : v[n - 1];
    }
    assert_int_equal(seen, FAILING + 1);
}

static void
test_sums_of_a_province_miss_no_call(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct province *p = ARENA_NEW(cx->arena, struct province);
    struct watch_sum last = { .n = 0 };
    struct watch_sums l = { .has_more = true };
    size_t n = 0;
    int64_t n_calls = 0;
    province_new(cx, p);
    sys_clock_fake_step(&env->clock, INT64_C(120) * 1000000);
    ASSERT_OK(cx, jobs_drain(cx, &jobs));
    ASSERT_OK(cx, jobs_drain(cx, &jobs)); /* not due again: nothing is added twice */
    while (l.has_more) {
        ASSERT_OK(cx, watch_sums(cx, STR("2026-11"), STR_NULL, &last, 300, &l));
        n += l.n;
        last = l.v[l.n - 1];
        for (size_t i = 0; i < l.n; i++) {
            n_calls += l.v[i].n;
        }
    }
    assert_int_equal(n, PAIRS);
    assert_int_equal(n_calls, l.n_calls);
    assert_int_equal(n_calls, (PAIRS - 1) * CALLS + 10);
    assert_int_equal(l.n_faults, 10);
    ASSERT_OK(cx, watch_month_n(cx, STR("2026-11"), &n_calls));
    assert_int_equal(n_calls, l.n_calls);
    sys_clock_fake_step(&env->clock, INT64_C(20) * 86400 * 1000000);
    struct watch_sum *v = NULL;
    size_t seen = 0;
    last = (struct watch_sum){ .month = STR_NULL };
    for (n = 30; n == 30; seen += n) {
        ASSERT_OK(cx, watch_open(cx, last.month, last.service_id, 30, &v, &n));
        last = n == 0 ? last : v[n - 1];
    }
    assert_int_equal(seen, SERVICES);
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
    const struct watch_alarm first = { .id = 0 };
    ASSERT_OK(cx, watch_alarms(cx, &first, 10, &v, &n));
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

static struct str
cert_until(struct ctx *cx, int64_t to_us)
{
    struct cms_cert_wish wish = { .subject = { .common = STR("s1.test") },
                                  .from_us = to_us - INT64_C(90) * 86400 * DATE_US_PER_S,
                                  .to_us = to_us };
    struct cms_key *key = NULL;
    struct str pem;
    ASSERT_OK(cx, cms_key_make(cx, STR(""), &pem));
    ASSERT_OK(cx, cms_key_open(cx, pem, STR(""), &key));
    ASSERT_OK(cx, cms_key_public(cx, key, &wish.public_pem));
    ASSERT_OK(cx, cms_cert_make(cx, &wish, STR_NULL, key, &pem));
    cms_key_close(key);
    return pem;
}

static void
test_two_certificates_that_end_at_once_are_one_alarm(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    int64_t to_us = (sys_now_us(cx) / DATE_US_PER_S + INT64_C(5) * 86400) * DATE_US_PER_S;
    int64_t on = 0;
    int64_t system = 0;
    (void)service_new(cx, &system);
    for (int i = 0; i < 2; i++) {
        ASSERT_OK(cx, exchange_cert_add(cx, system, cert_until(cx, to_us)));
    }
    ASSERT_OK(cx, jobs_drain(cx, &jobs));
    ASSERT_OK(cx, watch_alarms_on(cx, &on));
    assert_int_equal(on, 1);
}

static void
test_months_back_are_none_twice_and_none_left_out(void **state)
{
    static const struct {
        int32_t year, month, mday;
        const char *months[3];
    } cases[] = {
        { 2026, 3, 1, { "2026-03", "2026-02", "2026-01" } },
        { 2026, 5, 31, { "2026-05", "2026-04", "2026-03" } },
        { 2026, 1, 15, { "2026-01", "2025-12", "2025-11" } },
    };
    struct ctx *cx = ((struct test_env *)*state)->cx;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct date day = date_of(cases[i].year, cases[i].month, cases[i].mday);
        for (int32_t k = 0; k < 3; k++) {
            struct str month = watch_month(cx, date_to_us_vn(day, 86399), k);
            assert_true(str_eq(month, str_of(cases[i].months[k])));
        }
    }
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
    ASSERT_OK(cx, watch_limit_set(cx, WATCH_PAIR, 0));
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
            test_breaks_judges_by_share_and_promise_and_not_by_few_calls, test_env_set_up,
            test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_draw_escapes_names_and_is_bounded, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_sums_count_each_call_once_and_open_figures_come_later,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(
            test_pairs_of_a_province_are_all_seen_and_the_last_one_that_fails_is_found,
            test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(
            test_alarm_of_the_last_pair_of_a_province_and_of_more_than_a_hundred, test_env_set_up,
            test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_sums_of_a_province_miss_no_call, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_alarm_begins_once_and_ends, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_two_certificates_that_end_at_once_are_one_alarm,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_months_back_are_none_twice_and_none_left_out,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_limit_out_of_range_is_refused_and_zero_turns_off,
                                        test_env_set_up, test_env_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
