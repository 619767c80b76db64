/* Flows, stocks, the fold, a unit that goes over to another. */
#include "engine/indicator/indicator.h"

#include "engine/calendar/calendar.h"
#include "lib/harness.h"

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

/* --- all figures of a page at once ------------------------------------------------------------ */
static const char *const columns[] = { "received", "paid_vnd", "open", "waiting", "late" };
#define LATE 4 /* counted elsewhere */

static const struct indicator_cells *
row_of(const struct indicator_figures *f, enum indicator_group by, struct str key)
{
    for (size_t i = 0; i < f->by[by].n; i++) {
        if (str_eq(f->by[by].v[i].key, key)) {
            return &f->by[by].v[i];
        }
    }
    return NULL;
}

/* One grouping of one metric: the same keys with the same numbers, and nothing besides. */
static void
assert_group(struct ctx *cx, const struct indicator_figures *f, struct indicator_query q,
             size_t metric, enum indicator_group by)
{
    struct indicator_row *rows = NULL;
    size_t n = 0;
    int64_t total = 0;
    int64_t expected = 0;
    ASSERT_OK(cx, indicator_group(cx, &q, columns[metric], by, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        const struct indicator_cells *cells = row_of(f, by, rows[i].key);
        int64_t given = cells == NULL ? 0 : cells->n[metric];
        if (given != rows[i].n) {
            fail_msg("%s of " STR_FMT ": %" PRId64 ", not %" PRId64, columns[metric],
                     STR_ARG(rows[i].key), given, rows[i].n);
        }
        expected += rows[i].n;
    }
    for (size_t i = 0; i < f->by[by].n; i++) {
        total += f->by[by].v[i].n[metric];
    }
    assert_int_equal(total, expected);
}

/* Every number of a page against the statements that count one figure at a time. */
static void
assert_figures(struct ctx *cx, const char *unit)
{
    struct date today = calendar_today(cx);
    struct indicator_ask ask = { .unit = str_of(unit),
                                 .from = { today.day - 2 },
                                 .to = today,
                                 .days_from = { today.day - 5 },
                                 .metrics = columns,
                                 .n_metrics = COUNT_OF(columns) };
    struct indicator_figures *f = NULL;
    ASSERT_OK(cx, indicator_figures(cx, &ask, &f));
    for (size_t m = 0; m < LATE; m++) {
        struct indicator_query q = { .unit = ask.unit };
        struct indicator_query days = { .unit = ask.unit, .from = ask.days_from, .to = ask.to };
        int64_t n = -1;
        if (!indicator_is_stock(str_of(columns[m]))) {
            q.from = ask.from;
            q.to = ask.to;
        }
        ASSERT_OK(cx, indicator_sum(cx, &q, columns[m], &n));
        assert_int_equal(f->sum[m], n);
        for (enum indicator_group by = INDICATOR_BY_UNIT; by < INDICATOR_BY_DAY; by++) {
            assert_group(cx, f, q, m, by);
        }
        assert_group(cx, f, days, m, INDICATOR_BY_DAY);
    }
}

static void
assert_all_figures(struct ctx *cx)
{
    static const char *const units[] = { "", "a", "b", "c", "nobody" };
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        assert_figures(cx, units[i]);
    }
}

/* A day's work in three units, with what leaves again. */
static void
work(struct ctx *cx, int64_t from)
{
    static const char *const units[] = { "a", "b", "c" };
    for (int64_t i = from; i < from + 6; i++) {
        const char *unit = units[i % 3];
        add(cx, "received", unit, i, 1);
        stock(cx, "open", unit, i, true);
        stock(cx, "waiting", unit, i, i % 2 == 0);
        add(cx, "paid_vnd", unit, i, 1000 * i);
        stock(cx, "open", unit, i - 4, false);
    }
}

static void
test_indicator_figures_equal_single_figures_before_and_after_folds(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct job move = { .from = STR("a"), .to = STR("c") };
    cx->figures = indicator_cube_open();
    assert_all_figures(cx);
    for (int64_t day = 0; day < 9; day++) {
        work(cx, 10 + day * 6);
        assert_all_figures(cx);
        if (day % 2 == 0) {
            fold(cx);
            assert_all_figures(cx);
        }
        sys_clock_fake_step(&env->clock, INT64_C(86400) * 1000 * 1000);
    }
    ASSERT_OK(cx, store_write(cx, job_tx, &move));
    assert_all_figures(cx);
    fold(cx);
    assert_all_figures(cx);
    indicator_cube_close(cx->figures);
    cx->figures = NULL; /* without a copy, the same */
    assert_all_figures(cx);
}

/* Two processes on one database: one folds, the other looks late, and after a restart. */
static void
test_indicator_figures_of_two_processes_and_after_a_restart_are_the_same(void **state)
{
    struct test_env *env = *state;
    struct indicator_cube *one = indicator_cube_open();
    struct indicator_cube *two = indicator_cube_open();
    for (int64_t day = 0; day < 4; day++) {
        work(env->cx, 10 + day * 6);
        env->cx->figures = one;
        assert_all_figures(env->cx);
        fold(env->cx);
        work(env->cx, 100 + day * 6);
        fold(env->cx);
        env->cx->figures = two;
        assert_all_figures(env->cx);
    }
    indicator_cube_close(one);
    indicator_cube_close(two);
    env->cx->figures = NULL;
    test_env_reopen(env);
    env->cx->figures = indicator_cube_open();
    assert_all_figures(env->cx);
    indicator_cube_close(env->cx->figures);
    env->cx->figures = NULL;
}

/* An older state of the database came back under a running program: nothing of the newer one may
 * stay. */
static void
test_indicator_figures_after_the_folds_went_back_are_read_anew(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    cx->figures = indicator_cube_open();
    work(cx, 10);
    fold(cx);
    work(cx, 20);
    fold(cx);
    assert_all_figures(cx);
    ASSERT_OK(cx, test_sql(cx, "UPDATE indicator SET fold = 1"));
    ASSERT_OK(cx, test_sql(cx, "DELETE FROM indicator WHERE metric = 'received' AND unit = 'a'"));
    assert_all_figures(cx);
    indicator_cube_close(cx->figures);
    cx->figures = NULL;
}

static uint32_t
statements_of_figures(struct ctx *cx)
{
    static const char *const metrics[] = { "received" };
    struct date today = calendar_today(cx);
    struct indicator_ask ask = {
        .from = today, .to = today, .days_from = today, .metrics = metrics, .n_metrics = 1
    };
    struct indicator_figures *f = NULL;
    uint32_t before = cx->n_statements;
    ASSERT_OK(cx, indicator_figures(cx, &ask, &f));
    return cx->n_statements - before;
}

static void
test_indicator_cube_follow_after_a_fold_leaves_a_page_no_folded_rows_to_read(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    ASSERT_OK(cx, indicator_cube_follow(cx)); /* without a copy: nothing */
    cx->figures = indicator_cube_open();
    work(cx, 10);
    fold(cx);
    uint32_t cold = statements_of_figures(cx);
    assert_int_equal(statements_of_figures(cx), cold - 1);
    work(cx, 20);
    fold(cx);
    ASSERT_OK(cx, indicator_cube_follow(cx));
    assert_int_equal(statements_of_figures(cx), cold - 1);
    assert_all_figures(cx);
    indicator_cube_close(cx->figures);
    cx->figures = indicator_cube_open(); /* a process that has just started */
    ASSERT_OK(cx, indicator_cube_follow(cx));
    assert_int_equal(statements_of_figures(cx), cold - 1);
    assert_all_figures(cx);
    indicator_cube_close(cx->figures);
    cx->figures = NULL;
}

/* Inside a snapshot that is older than the process's copy. */
static enum err
figures_tx(struct ctx *cx, void *arg UNUSED)
{
    assert_all_figures(cx);
    return ERR_OK;
}

static void
test_indicator_figures_inside_a_transaction_see_its_own_rows(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    cx->figures = indicator_cube_open();
    work(cx, 10);
    fold(cx);
    assert_all_figures(cx);
    ASSERT_OK(cx, store_read(cx, figures_tx, NULL));
    ASSERT_OK(cx, store_write(cx, figures_tx, NULL));
    indicator_cube_close(cx->figures);
    cx->figures = NULL;
}

static void
test_indicator_figures_take_what_is_counted_elsewhere(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    const struct indicator_extra extra[] = {
        { LATE, STR("a"), STR("1.004873"), STR("ho-tich"), 2 },
        { LATE, STR("new"), STR("2.000001"), STR("dat-dai"), 3 },
    };
    struct date today = calendar_today(cx);
    struct indicator_ask ask = { .from = today,
                                 .to = today,
                                 .days_from = today,
                                 .metrics = columns,
                                 .n_metrics = COUNT_OF(columns),
                                 .extra = extra,
                                 .n_extra = COUNT_OF(extra) };
    struct indicator_figures *f = NULL;
    add(cx, "received", "a", 1, 1);
    ASSERT_OK(cx, indicator_figures(cx, &ask, &f));
    assert_int_equal(f->sum[LATE], 5);
    assert_int_equal(row_of(f, INDICATOR_BY_UNIT, STR("a"))->n[LATE], 2);
    assert_int_equal(row_of(f, INDICATOR_BY_UNIT, STR("a"))->n[0], 1);
    assert_int_equal(row_of(f, INDICATOR_BY_FIELD, STR("dat-dai"))->n[LATE], 3);
    assert_int_equal(row_of(f, INDICATOR_BY_PROCEDURE, STR("2.000001"))->n[LATE], 3);
    assert_int_equal(f->by[INDICATOR_BY_UNIT].n, 2);
}

static void
test_indicator_figures_of_days_that_are_none_are_refused(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct indicator_ask ask = { .metrics = columns, .n_metrics = COUNT_OF(columns) };
    struct indicator_figures *f = NULL;
    assert_int_equal(indicator_figures(cx, &ask, &f), ERR_INTERNAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_indicator_sum_before_and_after_fold_is_the_same,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_indicator_stock_told_twice_counts_once,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_indicator_move_unit_takes_stocks_and_leaves_flows,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_indicator_group_by_field_after_fold_keeps_fields_apart,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(
            test_indicator_figures_equal_single_figures_before_and_after_folds, test_env_set_up,
            test_env_tear_down),
        cmocka_unit_test_setup_teardown(
            test_indicator_figures_of_two_processes_and_after_a_restart_are_the_same,
            test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(
            test_indicator_figures_after_the_folds_went_back_are_read_anew, test_env_set_up,
            test_env_tear_down),
        cmocka_unit_test_setup_teardown(
            test_indicator_cube_follow_after_a_fold_leaves_a_page_no_folded_rows_to_read,
            test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(
            test_indicator_figures_inside_a_transaction_see_its_own_rows, test_env_set_up,
            test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_indicator_figures_take_what_is_counted_elsewhere,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_indicator_figures_of_days_that_are_none_are_refused,
                                        test_env_set_up, test_env_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
