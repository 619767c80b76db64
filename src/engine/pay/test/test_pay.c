/* Bills, callbacks, cash, VietQR, reconciliation. */
#include "engine/pay/pay.h"

#include "lib/harness.h"

#define SECRET STR("a-secret-of-more-than-16-bytes")

static const struct pay_line lines_15000[] = {
    { STR_INIT("le-phi"), STR_INIT("Lệ phí cấp giấy xác nhận"), 15000, 1, { NULL, 0 } },
    { STR_INIT("ban-sao"), STR_INIT("Bản sao"), 3000, 2, STR_INIT("Hộ nghèo") },
};

static struct pay_bill
bill(struct ctx *cx, int64_t dossier_id)
{
    struct pay_bill_new in = { dossier_id, STR("H19.25.42"), STR("Điểu Thị Sréy"), lines_15000, 2,
                               false };
    struct pay_bill b;
    ASSERT_OK(cx, pay_bill_create(cx, &in, &b));
    return b;
}

static void
test_pay_bill_create_twice_gives_the_same(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_bill a = bill(cx, 7);
    struct pay_bill b = bill(cx, 7);

    assert_int_equal(a.id, b.id);
    assert_int_equal(a.amount_vnd, 15000);
    assert_int_equal(a.n_lines, 2);
    ASSERT_STR(a.lines[1].exempt, "Hộ nghèo");
    ASSERT_STR(a.state, "open");
    assert_true(str_starts(a.code, STR("BB")) && a.code.n == 12);
    assert_int_equal(test_count(cx, "pay_bill"), 1);
}

static void
test_pay_bill_create_wrong_lines_are_invalid(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_line l = { STR("x"), STR("x"), -1, 1, STR_NULL };
    struct pay_bill_new in = { 7, STR("u"), STR("p"), &l, 1, false };
    struct pay_bill b;

    assert_int_equal(pay_bill_create(cx, &in, &b), ERR_INVALID);
    l.unit_vnd = PAY_AMOUNT_VND_MAX;
    l.n = 2;
    assert_int_equal(pay_bill_create(cx, &in, &b), ERR_INVALID);
    in.n_lines = 0;
    assert_int_equal(pay_bill_create(cx, &in, &b), ERR_INVALID);
}

static void
test_pay_bill_create_nothing_due_is_paid_at_once(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_bill_new in = { 7, STR("u"), STR("p"), &lines_15000[1], 1, false };
    struct pay_bill b;

    ASSERT_OK(cx, pay_bill_create(cx, &in, &b));
    ASSERT_STR(b.state, "paid");
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM outbox WHERE topic = 'pay.paid'"), 1);
}

static void
test_pay_callback_right_pays_once(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_bill b = bill(cx, 7);
    struct pay_callback c;
    enum pay_answer answer = PAY_REPEATED;

    ASSERT_OK(cx, pay_simulate(cx, &b, SECRET, &c));
    ASSERT_OK(cx, pay_callback(cx, &c, SECRET, &answer));
    assert_int_equal(answer, PAY_ACCEPTED);
    ASSERT_OK(cx, pay_bill_by_id(cx, b.id, &b));
    ASSERT_STR(b.state, "paid");
    ASSERT_STR(b.channel, "bank");
    assert_int_equal(pay_callback(cx, &c, SECRET, &answer),
                     ERR_UNAUTHENTICATED); /* same nonce: a replay */
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM outbox WHERE topic = 'pay.paid'"), 1);
}

static void
test_pay_callback_forged_or_old_is_refused(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct pay_bill b = bill(cx, 7);
    struct pay_callback c;
    enum pay_answer answer = PAY_ACCEPTED;

    ASSERT_OK(cx, pay_simulate(cx, &b, SECRET, &c));
    struct pay_callback forged = c;
    forged.body = str_replace(cx->arena, c.body, STR("15000"), STR("1"));
    assert_int_equal(pay_callback(cx, &forged, SECRET, &answer), ERR_UNAUTHENTICATED);
    assert_int_equal(pay_callback(cx, &c, STR("another-secret-of-16"), &answer),
                     ERR_UNAUTHENTICATED);
    sys_clock_fake_step(&env->clock, (PAY_CLOCK_SKEW_S + 1) * DATE_US_PER_S);
    assert_int_equal(pay_callback(cx, &c, SECRET, &answer), ERR_UNAUTHENTICATED);
    ASSERT_OK(cx, pay_bill_by_id(cx, b.id, &b));
    ASSERT_STR(b.state, "open");
}

static void
test_pay_callback_other_amount_is_conflict_and_kept(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_bill b = bill(cx, 7);
    struct pay_bill wrong = b;
    struct pay_callback c;
    enum pay_answer answer = PAY_ACCEPTED;

    wrong.amount_vnd = 14000;
    ASSERT_OK(cx, pay_simulate(cx, &wrong, SECRET, &c));
    assert_int_equal(pay_callback(cx, &c, SECRET, &answer), ERR_CONFLICT);
    assert_int_equal(test_count(cx, "pay_stray"), 1);
    wrong.code = STR("BBUNKNOWN0");
    ASSERT_OK(cx, pay_simulate(cx, &wrong, SECRET, &c));
    assert_int_equal(pay_callback(cx, &c, SECRET, &answer), ERR_NOT_FOUND);
}

static void
test_pay_cash_numbers_receipts_and_fills_day_book(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_bill b;
    struct pay_day_line *day = NULL;
    size_t n = 0;
    int64_t sum = 0;

    ASSERT_OK(cx, pay_cash(cx, bill(cx, 7).id, STR("3"), &b));
    ASSERT_STR(b.receipt, "0000001/2026");
    ASSERT_OK(cx, pay_cash(cx, bill(cx, 8).id, STR("3"), &b));
    ASSERT_STR(b.receipt, "0000002/2026");
    assert_int_equal(pay_cash(cx, b.id, STR("3"), &b), ERR_CONFLICT);
    assert_int_equal(pay_bill_cancel(cx, b.id, STR("x")), ERR_CONFLICT);
    ASSERT_OK(cx, pay_day_book(cx, STR("H19.25.42"), date_at_vn(sys_now_us(cx)), &day, &n, &sum));
    assert_int_equal(n, 2);
    assert_int_equal(sum, 30000);
    assert_int_equal(test_i64(cx, "SELECT last FROM pay_receipt"),
                     2); /* the refused one used no number */
}

static void
test_pay_bank_takes_its_receipt_from_the_same_row(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_bill b;
    struct pay_callback c;
    enum pay_answer answer;
    struct str cashier;

    ASSERT_OK(cx, pay_cash(cx, bill(cx, 7).id, STR("Tám"), &b));
    ASSERT_OK(cx, pay_cashier(cx, b.id, &cashier));
    ASSERT_STR(cashier, "Tám");
    b = bill(cx, 8);
    ASSERT_OK(cx, pay_simulate(cx, &b, SECRET, &c));
    ASSERT_OK(cx, pay_callback(cx, &c, SECRET, &answer));
    ASSERT_OK(cx, pay_bill_by_id(cx, b.id, &b));
    ASSERT_STR(b.receipt, "0000002/2026");
    ASSERT_OK(cx, pay_cashier(cx, b.id, &cashier));
    assert_null(cashier.p);
    assert_int_equal(pay_cash_void(cx, b.id, STR("Tám"), STR("nhầm")), ERR_CONFLICT);
}

static void
test_pay_cash_void_keeps_the_line_and_opens_the_bill(void **state)
{
    struct test_env *env = *state;
    struct ctx *cx = env->cx;
    struct pay_bill b;
    struct pay_day_line *day = NULL;
    size_t n = 0;
    int64_t sum = 0;
    struct date today = date_at_vn(sys_now_us(cx));

    ASSERT_OK(cx, pay_cash(cx, bill(cx, 7).id, STR("Tám"), &b));
    ASSERT_OK(cx, pay_cash_void(cx, b.id, STR("Tám"), STR("nhầm người")));
    assert_int_equal(pay_cash_void(cx, b.id, STR("Tám"), STR("lại")), ERR_CONFLICT);
    ASSERT_OK(cx, pay_bill_by_id(cx, b.id, &b));
    ASSERT_STR(b.state, "open");
    assert_int_equal(b.paid_us, 0);
    ASSERT_OK(cx, pay_cash(cx, b.id, STR("Tám"), &b));
    ASSERT_STR(b.receipt, "0000002/2026");
    ASSERT_OK(cx, pay_day_book(cx, STR("H19.25.42"), today, &day, &n, &sum));
    assert_int_equal(n, 2);
    assert_int_equal(sum, b.amount_vnd);
    ASSERT_STR(day[0].void_reason, "nhầm người");
    assert_int_equal(day[1].void_us, 0);
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM outbox WHERE topic = 'pay.void'"), 1);
    sys_clock_fake_step(&env->clock, INT64_C(30) * 3600 * DATE_US_PER_S);
    assert_int_equal(pay_cash_void(cx, b.id, STR("Tám"), STR("hôm sau")), ERR_CONFLICT);
}

static void
test_pay_vietqr_equals_other_implementation(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_account to = { STR("970405"), STR("5600201008888"), STR("UBND XA BOM BO") };
    struct str qr = STR_NULL;

    ASSERT_OK(cx, pay_vietqr(cx, &to, 15000, STR("BB7K3M9QXT"), &qr));
    /* made by npm vietnam-qr-pay 1.5.1 for the same values */
    ASSERT_STR(qr, "00020101021238570010A00000072701270006970405011356002010088880208QRIBFTTA530370"
                   "45405150005802VN62140810BB7K3M9QXT6304FF3D");
    to.number = STR("12 34");
    assert_int_equal(pay_vietqr(cx, &to, 15000, STR("BB"), &qr), ERR_INVALID);
    to.number = STR("1");
    assert_int_equal(pay_vietqr(cx, &to, 0, STR("BB"), &qr), ERR_INVALID);
}

static void
test_pay_reconcile_names_what_differs(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct pay_statement_line lines[3];
    struct pay_difference *v = NULL;
    size_t n = 0;
    size_t matched = 0;
    enum pay_answer answer;

    for (int64_t i = 0; i < 3; i++) {
        struct pay_bill b = bill(cx, 10 + i);
        struct pay_callback c;
        ASSERT_OK(cx, pay_simulate(cx, &b, SECRET, &c));
        ASSERT_OK(cx, pay_callback(cx, &c, SECRET, &answer));
        ASSERT_OK(cx, pay_bill_by_id(cx, b.id, &b));
        lines[i] = (struct pay_statement_line){ b.bank_ref, b.code, b.amount_vnd };
    }
    lines[1].amount_vnd = 14000;
    lines[2] = (struct pay_statement_line){ STR("ZZZ"), STR("BBX"), 5000 };
    ASSERT_OK(cx, pay_reconcile(cx, date_at_vn(sys_now_us(cx)), lines, 3, &v, &n, &matched));
    assert_int_equal(matched, 1);
    assert_int_equal(n, 3);
    int seen[4] = { 0 };
    for (size_t i = 0; i < n; i++) {
        seen[v[i].match]++;
    }
    assert_int_equal(seen[PAY_AMOUNT_DIFFERS], 1);
    assert_int_equal(seen[PAY_NOT_BOOKED], 1);
    assert_int_equal(seen[PAY_NOT_ON_STATEMENT], 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pay_vietqr_equals_other_implementation,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_pay_bill_create_twice_gives_the_same, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_pay_bill_create_wrong_lines_are_invalid,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_pay_bill_create_nothing_due_is_paid_at_once,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_pay_callback_right_pays_once, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_pay_callback_forged_or_old_is_refused, test_env_set_up,
                                        test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_pay_callback_other_amount_is_conflict_and_kept,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_pay_cash_numbers_receipts_and_fills_day_book,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_pay_bank_takes_its_receipt_from_the_same_row,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_pay_cash_void_keeps_the_line_and_opens_the_bill,
                                        test_env_set_up, test_env_tear_down),
        cmocka_unit_test_setup_teardown(test_pay_reconcile_names_what_differs, test_env_set_up,
                                        test_env_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
