/* Printed forms stand only after what they tell of; receipts and their end. */
#include "world.h"

/* What the printed forms say is read in test/http; here: each stands only after its event. */
static void
assert_forms(struct world *w, int64_t id, const char *stands)
{
    static const char *const forms[] = { "tiep-nhan-hen-tra", "yeu-cau-bo-sung", "tu-choi",
                                         "xin-loi", "kiem-soat" };
    struct dossier d = get(w, id);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct str pdf = STR_NULL;
        enum err e = dossier_print(w->cx, &d, str_of(forms[i]), &pdf);
        if (stands[i] == 'x') {
            ASSERT_OK(w->cx, e);
            assert_true(str_starts(pdf, STR("%PDF-")));
        } else {
            assert_int_equal(e, ERR_NOT_FOUND);
        }
    }
}

static void
test_print_forms_stand_only_after_what_they_tell(void **state)
{
    struct world *w = *state;
    int64_t asked = file(w);
    int64_t refused = file(w);
    assert_forms(w, asked, "x---x");
    struct flow_task t = open_task(w, asked);
    struct dossier_act request = { .task = t.id, .version = t.version };
    be(w, RECEIVER);
    ASSERT_OK(w->cx, dossier_ask_supplement(w->cx, &request,
                                            STR("[{\"paper\":null,\"text\":\"Hộ chiếu\"}]")));
    assert_forms(w, asked, "xx--x");
    act(w, RECEIVER, refused, "refuse", "không đủ điều kiện");
    assert_forms(w, refused, "x-x-x");
    assert_true(str_find(get(w, refused).vars, STR("\"refusal_number\":\"")) <
                get(w, refused).vars.n);
}

static void
test_void_receipt_opens_the_fee_again_and_counts_back(void **state)
{
    struct world *w = *state;
    struct ctx *cx = w->cx;
    struct pay_bill *b = NULL;
    struct str pdf;
    size_t n = 0;
    int64_t id = file(w);
    act(w, RECEIVER, id, "accept", "");
    pay(w, id);
    int64_t paid = sum(w, "paid");
    int64_t paid_vnd = sum(w, "paid_vnd");
    struct dossier d = get(w, id);
    ASSERT_OK(cx, pay_bill_list(cx, id, &b, &n));
    ASSERT_OK(cx, dossier_print_fee(cx, &d, b[0].id, &pdf));
    struct dossier other = get(w, file(w));
    assert_int_equal(dossier_print_fee(cx, &other, b[0].id, &pdf), ERR_NOT_FOUND);
    be(w, CASHIER);
    ASSERT_OK(cx, pay_cash_void(cx, b[0].id, STR("Võ Thị Tám"), STR("nhầm")));
    struct str payload = str_fmt(
        cx->arena, "{\"dossier_id\":%" PRId64 ",\"receipt\":\"x\",\"reason\":\"nhầm\"}", id);
    struct str key = str_fmt(cx->arena, "%" PRId64, id);
    for (size_t i = 0; i < 2; i++) { /* told twice counts once */
        ASSERT_OK(cx, dossier_topics[2].fn(cx, key, payload));
    }
    d = get(w, id);
    assert_false(d.is_paid);
    assert_int_equal(sum(w, "paid"), paid - 1);
    assert_int_equal(sum(w, "paid_vnd"), paid_vnd - d.fee_vnd);
    assert_int_equal(dossier_print_fee(cx, &d, b[0].id, &pdf), ERR_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print_forms_stand_only_after_what_they_tell),
        cmocka_unit_test(test_void_receipt_opens_the_fee_again_and_counts_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
