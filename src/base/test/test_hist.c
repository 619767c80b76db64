/* test_hist.c: buckets and quantiles. */
#include "base/hist.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
test_hist_add_at_a_bound_counts_below_it(void **state)
{
    struct hist h = { 0 };
    struct hist_view v;
    (void)state;
    hist_add(&h, 100);
    hist_add(&h, 101);
    hist_add(&h, -5);
    hist_add(&h, INT64_C(3600) * 1000000);
    hist_read(&h, &v);
    assert_int_equal(v.n[0], 2);
    assert_int_equal(v.n[1], 1);
    assert_int_equal(v.n[HIST_BOUNDS], 1);
    assert_int_equal(v.count, 4);
    assert_int_equal(v.sum_us, UINT64_C(3600000201));
}

static void
test_hist_quantile_us_lies_in_the_bucket_of_its_rank(void **state)
{
    struct hist h = { 0 };
    struct hist_view v;
    (void)state;
    hist_read(&h, &v);
    assert_int_equal(hist_quantile_us(&v, 990), 0);
    for (int i = 0; i < 90; i++) {
        hist_add(&h, 900);
    }
    for (int i = 0; i < 10; i++) {
        hist_add(&h, 40000);
    }
    hist_read(&h, &v);
    assert_in_range(hist_quantile_us(&v, 500), 501, 1000);
    assert_int_equal(hist_quantile_us(&v, 900), 1000);
    assert_in_range(hist_quantile_us(&v, 950), 25001, 50000);
    assert_int_equal(hist_quantile_us(&v, 1000), 50000);
}

static void
test_hist_since_gives_only_what_came_later(void **state)
{
    struct hist h = { 0 };
    struct hist_view before;
    struct hist_view now;
    struct hist_view later;
    (void)state;
    hist_add(&h, 50);
    hist_read(&h, &before);
    hist_add(&h, 2000);
    hist_read(&h, &now);
    hist_since(&now, &before, &later);
    assert_int_equal(later.count, 1);
    assert_int_equal(later.sum_us, 2000);
    assert_int_equal(later.n[0], 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hist_add_at_a_bound_counts_below_it),
        cmocka_unit_test(test_hist_quantile_us_lies_in_the_bucket_of_its_rank),
        cmocka_unit_test(test_hist_since_gives_only_what_came_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
