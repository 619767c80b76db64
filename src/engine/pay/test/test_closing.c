/* The end of a day at the fee counter: book and count, a reason where they differ, nothing after.
 */
#include "engine/calendar/calendar.h"
#include "engine/pay/pay.h"
#include "sys/sys.h"

#include "lib/harness.h"

#define UNIT "25405@2025-07-01"

static struct date
today(struct ctx *cx)
{
    return date_at_vn(sys_now_us(cx));
}

static int64_t
bill(struct ctx *cx, int64_t dossier)
{
    static const struct pay_line line = {
        STR_INIT("le-phi"), STR_INIT("Lệ phí"), 15000, 1, { NULL, 0 }
    };
    struct pay_bill_new in = { dossier, STR(UNIT), STR("Thị Mơ"), &line, 1, false };
    struct pay_bill b;
    ASSERT_OK(cx, pay_bill_create(cx, &in, &b));
    return b.id;
}

static int64_t
paid(struct ctx *cx, int64_t dossier)
{
    struct pay_bill b;
    int64_t id = bill(cx, dossier);
    ASSERT_OK(cx, pay_cash(cx, id, STR("Võ Thị Tám"), &b));
    return id;
}

static struct pay_closing
count(struct ctx *cx, int64_t counted_vnd, const char *reason)
{
    return (struct pay_closing){ .unit = STR(UNIT),
                                 .day = today(cx),
                                 .counted_vnd = counted_vnd,
                                 .reason = str_of(reason),
                                 .by = STR("Võ Thị Tám") };
}

static void
test_close_day_keeps_what_the_book_says_without_void_receipts(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_closing got;
    paid(cx, 1);
    paid(cx, 2);
    ASSERT_OK(cx, pay_cash_void(cx, paid(cx, 3), STR("Võ Thị Tám"), STR("ghi nhầm")));
    struct pay_closing c = count(cx, 30000, "");
    assert_int_equal(pay_closing_of(cx, STR(UNIT), today(cx), &got), ERR_NOT_FOUND);
    ASSERT_OK(cx, pay_close_day(cx, &c));
    ASSERT_OK(cx, pay_closing_of(cx, STR(UNIT), today(cx), &got));
    assert_int_equal(got.id, c.id);
    assert_int_equal(got.expected_vnd, 30000);
    assert_int_equal(got.counted_vnd, 30000);
    assert_int_equal(got.n_valid, 2);
    assert_int_equal(got.n_void, 1);
    assert_int_equal(got.digest.n, 64);
    assert_true(got.at_us > 0);
    ASSERT_STR(got.by, "Võ Thị Tám");
    assert_int_equal(test_i64(cx, "SELECT COUNT(*) FROM ledger_entry WHERE kind = 'pay.closed'"),
                     1);
}

static void
test_close_day_counted_otherwise_needs_a_reason(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_closing got;
    paid(cx, 1);
    struct pay_closing silent = count(cx, 14000, "");
    assert_int_equal(pay_close_day(cx, &silent), ERR_CONFLICT);
    assert_int_equal(pay_closing_of(cx, STR(UNIT), today(cx), &got), ERR_NOT_FOUND);
    struct pay_closing told = count(cx, 14000, "trả thừa cho dân");
    ASSERT_OK(cx, pay_close_day(cx, &told));
    ASSERT_OK(cx, pay_closing_of(cx, STR(UNIT), today(cx), &got));
    assert_int_equal(got.expected_vnd, 15000);
    assert_int_equal(got.counted_vnd, 14000);
    ASSERT_STR(got.reason, "trả thừa cho dân");
}

static void
test_closed_day_takes_no_receipt_and_gives_none_up(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_bill b;
    int64_t before = paid(cx, 1);
    int64_t after = bill(cx, 2);
    struct pay_closing c = count(cx, 15000, "");
    ASSERT_OK(cx, pay_close_day(cx, &c));
    assert_int_equal(pay_close_day(cx, &c), ERR_GONE);
    assert_int_equal(pay_cash(cx, after, STR("Võ Thị Tám"), &b), ERR_GONE);
    assert_int_equal(pay_cash_void(cx, before, STR("Võ Thị Tám"), STR("ghi nhầm")), ERR_GONE);
    sys_clock_fake_step(&((struct test_env *)*state)->clock, INT64_C(86400) * DATE_US_PER_S);
    ASSERT_OK(cx, pay_cash(cx, after, STR("Võ Thị Tám"), &b)); /* the next day is open */
}

static void
test_close_day_to_come_is_invalid(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_closing c = count(cx, 0, "");
    c.day.day++;
    assert_int_equal(pay_close_day(cx, &c), ERR_INVALID);
    assert_int_equal(test_count(cx, "pay_closing"), 0);
}

static void
test_closings_are_newest_first_and_of_one_unit(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_closing *v = NULL;
    size_t n = 0;
    for (int32_t back = 3; back > 0; back--) {
        struct pay_closing c = count(cx, 0, "");
        c.day.day -= back;
        ASSERT_OK(cx, pay_close_day(cx, &c));
    }
    struct pay_closing other = count(cx, 0, "");
    other.unit = STR("25195@2025-07-01");
    ASSERT_OK(cx, pay_close_day(cx, &other));
    ASSERT_OK(cx, pay_closings(cx, STR(UNIT), today(cx), &v, &n));
    assert_int_equal(n, 3);
    assert_int_equal(v[0].day.day, today(cx).day - 1);
    ASSERT_OK(cx, pay_closings(cx, STR(UNIT), v[1].day, &v, &n));
    assert_int_equal(n, 1);
    assert_int_equal(v[0].day.day, today(cx).day - 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_close_day_keeps_what_the_book_says_without_void_receipts, test_env_set_up,
            test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_close_day_counted_otherwise_needs_a_reason,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_closed_day_takes_no_receipt_and_gives_none_up,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_close_day_to_come_is_invalid, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_closings_are_newest_first_and_of_one_unit,
                                        test_env_set_up, test_env_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
