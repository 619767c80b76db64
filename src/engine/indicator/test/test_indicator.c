/* Flows, stocks, the fold, a unit that goes over to another. */
#include "engine/indicator/indicator.h"

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

struct job {
    struct indicator_delta d;
    bool is_stock, is_in;
    struct str from, to;
};

static enum err
job_tx(struct ctx *cx, void *arg)
{
    const struct job *j = arg;
    if (!str_is_empty(j->to)) {
        return indicator_move_unit(cx, j->from, j->to);
    }
    return j->is_stock ? indicator_stock(cx, &j->d, j->is_in) : indicator_add(cx, &j->d);
}

static void
add(struct ctx *cx, const char *metric, const char *unit, int64_t subject, int64_t n)
{
    struct job j = { .d = { .metric = metric,
                            .unit = str_of(unit),
                            .procedure = STR("1.004873"),
                            .field = STR("ho-tich"),
                            .n = n,
                            .subject = subject } };
    ASSERT_OK(cx, store_write(cx, job_tx, &j));
}

static void
stock(struct ctx *cx, const char *metric, const char *unit, int64_t subject, bool is_in)
{
    struct job j = { .d = { .metric = metric,
                            .unit = str_of(unit),
                            .procedure = STR("1.004873"),
                            .field = STR("ho-tich"),
                            .subject = subject },
                     .is_stock = true,
                     .is_in = is_in };
    ASSERT_OK(cx, store_write(cx, job_tx, &j));
}

static int64_t
sum(struct ctx *cx, const char *metric, const char *unit, bool is_dated)
{
    struct indicator_query q = { .unit = str_of(unit) };
    int64_t n = -1;
    if (is_dated) {
        q.to = date_of(2026, 12, 31);
    }
    ASSERT_OK(cx, indicator_sum(cx, &q, metric, &n));
    return n;
}

static void
fold(struct ctx *cx)
{
    int64_t again_us = 0;
    ASSERT_OK(cx, indicator_timed[0].fn(cx, &again_us));
    assert_int_equal(test_count(cx, "indicator_delta"), 0);
}

static void
test_indicator_sum_before_and_after_fold_is_the_same(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    add(cx, "paid_vnd", "a", 1, 15000);
    add(cx, "paid_vnd", "b", 2, 8000);
    assert_int_equal(sum(cx, "paid_vnd", "", false), 23000);
    fold(cx);
    assert_int_equal(sum(cx, "paid_vnd", "", false), 23000);
    add(cx, "paid_vnd", "a", 3, 1000);
    assert_int_equal(sum(cx, "paid_vnd", "a", true), 16000);
    fold(cx);
    assert_int_equal(sum(cx, "paid_vnd", "a", true), 16000);
    assert_int_equal(test_i64(cx, "SELECT SUM(n) FROM indicator_item"), 24000);
}

static void
test_indicator_stock_told_twice_counts_once(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    stock(cx, "open", "a", 1, true);
    stock(cx, "open", "a", 1, true);
    stock(cx, "open", "a", 2, true);
    stock(cx, "open", "a", 9, false);
    assert_int_equal(sum(cx, "open", "a", false), 2);
    assert_int_equal(sum(cx, "open", "a", true), 2);
    stock(cx, "open", "a", 1, false);
    stock(cx, "open", "a", 1, false);
    assert_int_equal(sum(cx, "open", "a", false), 1);
    assert_int_equal(sum(cx, "open", "a", true), 1);
}

/* A dossier that moved leaves in the unit where it is counted. */
static void
test_indicator_move_unit_takes_stocks_and_leaves_flows(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct job move = { .from = STR("a"), .to = STR("b") };
    stock(cx, "open", "a", 1, true);
    stock(cx, "open", "a", 2, true);
    stock(cx, "waiting", "a", 2, true);
    stock(cx, "open", "b", 3, true);
    add(cx, "received", "a", 1, 1);
    ASSERT_OK(cx, store_write(cx, job_tx, &move));
    assert_int_equal(sum(cx, "open", "a", false), 0);
    assert_int_equal(sum(cx, "open", "a", true), 0);
    assert_int_equal(sum(cx, "open", "b", false), 3);
    assert_int_equal(sum(cx, "open", "b", true), 3);
    assert_int_equal(sum(cx, "waiting", "b", true), 1);
    assert_int_equal(sum(cx, "received", "a", true), 1);
    stock(cx, "open", "a", 1, false); /* told with the old unit */
    assert_int_equal(sum(cx, "open", "b", true), 2);
    assert_int_equal(sum(cx, "open", "a", true), 0);
}

/* The same procedure under two fields keeps two counts after the fold. */
static void
test_indicator_group_by_field_after_fold_keeps_fields_apart(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct indicator_query q = { 0 };
    struct indicator_row *rows = NULL;
    size_t n = 0;
    struct job j = { .d = { .metric = "received",
                            .unit = STR("a"),
                            .procedure = STR("1.004873"),
                            .field = STR("moi"),
                            .n = 1,
                            .subject = 5 } };
    add(cx, "received", "a", 4, 1);
    fold(cx);
    ASSERT_OK(cx, store_write(cx, job_tx, &j));
    fold(cx);
    ASSERT_OK(cx, indicator_group(cx, &q, "received", INDICATOR_BY_FIELD, &rows, &n));
    assert_int_equal(n, 2);
    ASSERT_STR(rows[0].key, "ho-tich");
    assert_int_equal(rows[0].n, 1);
    assert_int_equal(rows[1].n, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_indicator_sum_before_and_after_fold_is_the_same,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_indicator_stock_told_twice_counts_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_indicator_move_unit_takes_stocks_and_leaves_flows,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_indicator_group_by_field_after_fold_keeps_fields_apart,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
