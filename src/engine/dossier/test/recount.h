/* recount.h: figures against the rows they were counted from, on whatever the tests before have
 * left. Included after world.h. */
#ifndef ENGINE_DOSSIER_TEST_RECOUNT_H
#define ENGINE_DOSSIER_TEST_RECOUNT_H

#include "world.h"

static void
test_counters_equal_a_recount_of_the_rows(void **state)
{
    static const struct {
        const char *metric, *sql;
    } recount[] = {
        { "received", "SELECT count(*) FROM dossier" },
        { "open", "SELECT count(*) FROM dossier WHERE state = 'open'" },
        { "waiting", "SELECT count(*) FROM dossier WHERE state = 'open' AND status IN (5, 6)" },
        { "unpaid", "SELECT count(*) FROM dossier WHERE state = 'open' AND is_paid = 0" },
        { "refused", "SELECT count(*) FROM dossier WHERE state = 'refused'" },
        { "withdrawn", "SELECT count(*) FROM dossier WHERE state = 'withdrawn'" },
        { "done", "SELECT count(*) FROM dossier WHERE status IN (9, 10)" },
        { "done_late", "SELECT count(*) FROM dossier WHERE status IN (9, 10) AND finished_us > "
                       "CASE WHEN apology_us = 0 THEN due_us ELSE first_due_us END" },
        { "paid", "SELECT count(*) FROM dossier WHERE is_paid = 1 AND fee_vnd > 0" },
        { "paid_vnd", "SELECT sum(fee_vnd) FROM dossier WHERE is_paid = 1" },
        { "rated", "SELECT count(*) FROM dossier WHERE rating > 0" },
        { "rating_sum", "SELECT sum(rating) FROM dossier" },
        { "supplement_asked", "SELECT count(*) FROM supplement" },
    };
    struct world *w = *state;
    struct ledger_report report;
    for (size_t i = 0; i < COUNT_OF(recount); i++) {
        int64_t counted = sum(w, recount[i].metric);
        int64_t rows = test_i64(w->cx, recount[i].sql);
        if (counted != rows) {
            fail_msg("%s: counted %" PRId64 ", rows %" PRId64, recount[i].metric, counted, rows);
        }
    }
    ASSERT_OK(w->cx, ledger_verify(w->cx, &report));
    assert_int_equal(report.n_faults, 0);
    assert_int_equal(
        test_i64(w->cx,
                 "SELECT count(*) FROM dossier d WHERE d.state <> 'open' AND EXISTS "
                 "(SELECT 1 FROM flow_task t WHERE t.subject_id = d.id AND t.state = 'open')"),
        0);
}

/* Walks the pages of the list behind a figure. */
static int64_t
listed(struct world *w, struct dossier_figure f)
{
    int64_t total = 0;
    int64_t after = 0;
    for (;;) {
        struct dossier_figure_row *rows = NULL;
        size_t n = 0;
        ASSERT_OK(w->cx, dossier_figure_list(w->cx, &f, after, &rows, &n));
        for (size_t i = 0; i < n; i++) {
            total += rows[i].n;
        }
        if (n == 0) {
            return total;
        }
        after = rows[n - 1].key;
    }
}

static void
assert_figure_is_its_list(struct world *w, struct dossier_figure f)
{
    int64_t counted = -1;
    ASSERT_OK(w->cx, dossier_figure_count(w->cx, &f, &counted));
    int64_t rows = listed(w, f);
    if (counted != rows) {
        fail_msg("%s of %s: counted %" PRId64 ", listed %" PRId64, str_z(w->cx->arena, f.metric),
                 str_z(w->cx->arena, f.unit), counted, rows);
    }
}

static const char *const figures[] = {
    "received", "refused",  "withdrawn", "done",       "done_ontime",      "done_late",
    "paid",     "paid_vnd", "rated",     "rating_sum", "supplement_asked", "open",
    "waiting",  "unpaid",   "late",      "due_today"
};

/* All figures of a page at once against each figure alone: the sum, and by unit. */
static void
assert_page_equals_single_figures(struct world *w, struct str unit)
{
    struct date today = calendar_today(w->cx);
    struct dossier_figures ask = {
        .unit = unit, .from = { today.day - 6 }, .to = today, .days_from = { today.day - 29 }
    };
    struct indicator_figures *page = NULL;
    ASSERT_OK(w->cx, dossier_figures(w->cx, &ask, &page));
    for (enum dossier_metric m = 0; m < DOSSIER_METRICS; m++) {
        struct dossier_figure f = { .metric = str_of(dossier_metric_name(m)), .unit = unit };
        struct indicator_row *units = NULL;
        size_t n = 0;
        int64_t sum = -1;
        if (m < DOSSIER_OPEN) {
            f.from = ask.from;
            f.to = ask.to;
        }
        ASSERT_OK(w->cx, dossier_figure_count(w->cx, &f, &sum));
        if (page->sum[m] != sum) {
            fail_msg("%s: %" PRId64 " on the page, %" PRId64 " alone", dossier_metric_name(m),
                     page->sum[m], sum);
        }
        ASSERT_OK(w->cx, dossier_figure_group(w->cx, &f, INDICATOR_BY_UNIT, &units, &n));
        for (size_t i = 0; i < n; i++) {
            f.unit = units[i].key;
            ASSERT_OK(w->cx, dossier_figure_count(w->cx, &f, &sum));
            assert_int_equal(sum, units[i].n);
        }
        for (size_t i = 0; i < page->by[INDICATOR_BY_UNIT].n; i++) {
            const struct indicator_cells *row = &page->by[INDICATOR_BY_UNIT].v[i];
            f.unit = row->key;
            ASSERT_OK(w->cx, dossier_figure_count(w->cx, &f, &sum));
            assert_int_equal(row->n[m], sum);
        }
    }
}

/* Of all units, of each unit, of today; before and after the counts are folded. */
static void
test_figure_lists_hold_exactly_what_was_counted(void **state)
{
    struct world *w = *state;
    struct indicator_row *units = NULL;
    size_t n = 0;
    int64_t again_us = 0;
    w->cx->figures = indicator_cube_open();
    for (int round = 0; round < 2; round++) {
        assert_page_equals_single_figures(w, STR_NULL);
        for (size_t i = 0; i < COUNT_OF(figures); i++) {
            struct dossier_figure f = { .metric = str_of(figures[i]), .unit = STR("") };
            assert_figure_is_its_list(w, f);
            ASSERT_OK(w->cx, dossier_figure_group(w->cx, &f, INDICATOR_BY_UNIT, &units, &n));
            for (size_t u = 0; u < n; u++) {
                f.unit = units[u].key;
                assert_figure_is_its_list(w, f);
                assert_int_equal(listed(w, f), units[u].n);
                assert_page_equals_single_figures(w, f.unit);
            }
            f.from = calendar_today(w->cx);
            f.to = indicator_is_stock(f.metric) ? (struct date){ 0 } : f.from;
            assert_figure_is_its_list(w, f);
        }
        ASSERT_OK(w->cx, indicator_timed[0].fn(w->cx, &again_us));
        assert_int_equal(test_count(w->cx, "indicator_delta"), 0);
    }
    assert_page_equals_single_figures(w, STR_NULL);
    indicator_cube_close(w->cx->figures);
    w->cx->figures = NULL;
}

/* Stocks, tasks and officers go over; what was counted before stays where it happened. */
static void
test_move_unit_keeps_all_figures_equal_to_their_lists(void **state)
{
    struct world *w = *state;
    struct dossier_figure open = { .metric = STR("open"), .unit = STR("") };
    struct indicator_row *units = NULL;
    size_t n = 0;
    int64_t before = 0;
    int64_t after = 0;
    int64_t moved = 0;
    ASSERT_OK(w->cx, dossier_figure_count(w->cx, &open, &before));
    ASSERT_OK(w->cx, dossier_figure_group(w->cx, &open, INDICATOR_BY_UNIT, &units, &n));
    assert_true(n > 0);
    struct str from = units[0].key;
    assert_int_equal(dossier_move_unit(w->cx, from, from, &moved), ERR_INVALID);
    ASSERT_OK(w->cx, dossier_move_unit(w->cx, from, STR("25195@2025-07-01"), &moved));
    assert_int_equal(moved, units[0].n);
    ASSERT_OK(w->cx, dossier_figure_count(w->cx, &open, &after));
    assert_int_equal(before, after);
    assert_int_equal(after, test_i64(w->cx, "SELECT count(*) FROM dossier WHERE state = 'open'"));
    open.unit = from;
    assert_int_equal(listed(w, open), 0);
    test_figure_lists_hold_exactly_what_was_counted(state);
}

#endif
