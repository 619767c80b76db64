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

static void
test_time_to_answer_stands_while_the_applicant_is_asked(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    struct flow_task t = open_task(w, id);
    struct dossier_act request = { .task = t.id, .version = t.version };
    be(w, RECEIVER);
    ASSERT_OK(w->cx, dossier_ask_supplement(w->cx, &request,
                                            STR("[{\"paper\":null,\"text\":\"Hộ chiếu\"}]")));
    struct dossier d = get(w, id);
    assert_true(dossier_is_paused(&d));
    int64_t left_s = dossier_left_s(w->cx, &d);
    work_hours(w, 240);
    assert_int_equal(dossier_left_s(w->cx, &d), left_s);
    be(w, CITIZEN);
    ASSERT_OK(w->cx, dossier_answer_supplement(w->cx, id, STR("đã gửi")));
    d = get(w, id);
    assert_false(dossier_is_paused(&d));
    assert_int_equal(dossier_left_s(w->cx, &d), INT64_C(8) * 3600);
}

static void
test_sign_past_the_appointment_wants_an_apology_first(void **state)
{
    struct world *w = *state;
    struct ctx *cx = w->cx;
    struct dossier *late = NULL;
    size_t n = 0;
    size_t done = 0;
    int64_t id = file(w);
    to_signature(w, id);
    struct dossier d = get(w, id);
    assert_false(dossier_lacks_apology(cx, &d));
    work_hours(w, 240);
    assert_true(dossier_lacks_apology(cx, &d));
    int64_t task = open_task(w, id).id;
    be(w, LEADER);
    assert_int_equal(dossier_sign(cx, &task, 1, STR(PIN), &done), ERR_INVALID);
    assert_int_equal(done, 0);
    ASSERT_STR(cx->problems[0].key, "dossier.apology_first");
    ASSERT_OK(cx, dossier_late_silent(cx, d.unit, 10, &late, &n));
    bool is_listed = false;
    for (size_t i = 0; i < n; i++) {
        is_listed = is_listed || late[i].id == id;
    }
    assert_true(is_listed);
    be(w, LEADER);
    ASSERT_OK(cx, dossier_apologise(cx, id, STR("bão"),
                                    sys_now_us(cx) + INT64_C(96) * 3600 * DATE_US_PER_S));
    sign(w, id);
    be(w, SPECIALIST);
    assert_int_equal(dossier_late_silent(cx, d.unit, 10, &late, &n), ERR_FORBIDDEN);
}

static size_t
reminders(struct world *w, int64_t leader)
{
    struct notice *v = NULL;
    size_t n = 0;
    size_t n_late = 0;
    int64_t again_us = 0;
    for (const struct jobs_timed *t = dossier_timed; t->fn != NULL; t++) {
        if (str_eq(t->name, STR("dossier.reminders"))) {
            ASSERT_OK(w->cx, t->fn(w->cx, &again_us));
        }
    }
    assert_true(again_us > 0);
    ASSERT_OK(w->cx, notice_of_party(w->cx, leader, 0, &v, &n));
    for (size_t i = 0; i < n; i++) {
        bool is_late = str_find(v[i].subject, STR("trễ hạn")) < v[i].subject.n;
        struct str list =
            str_fmt(w->cx->arena, "/lanh-dao/danh-sach?chi-so=late&don-vi=" STR_FMT ".",
                    STR_ARG(w->unit->key));
        n_late += is_late;
        assert_true(!is_late || str_find(v[i].body, list) < v[i].body.n);
    }
    return n_late;
}

static enum err
give_mail_tx(struct ctx *cx, void *arg)
{
    return party_set_contact(cx, *(int64_t *)arg, STR(""), STR("lanhdao@vidu.example"));
}

static void
test_leader_is_reminded_of_late_dossiers_once_a_working_day(void **state)
{
    struct world *w = *state;
    struct ctx *cx = w->cx;
    be(w, LEADER);
    int64_t leader = cx->actor->party;
    int64_t id = file(w);
    to_signature(w, id);
    size_t before = reminders(w, leader);
    assert_int_equal(before, 0); /* nobody to write to */
    ASSERT_OK(cx, store_write(cx, give_mail_tx, &leader));
    work_hours(w, 240);
    assert_true(calendar_is_open(cx, get(w, id).unit, calendar_now_us(cx)));
    assert_int_equal(reminders(w, leader), 1);
    assert_int_equal(reminders(w, leader), 1); /* not twice on a day */
    work_hours(w, 12);
    assert_false(calendar_is_open(cx, get(w, id).unit, calendar_now_us(cx)));
    assert_int_equal(reminders(w, leader), 1); /* nobody is woken at night */
    work_hours(w, 12);
    for (int i = 0; i < 4 && !calendar_is_open(cx, get(w, id).unit, calendar_now_us(cx)); i++) {
        work_hours(w, 24);
    }
    assert_int_equal(reminders(w, leader), 2); /* the next day, for it is late still */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print_forms_stand_only_after_what_they_tell),
        cmocka_unit_test(test_void_receipt_opens_the_fee_again_and_counts_back),
        cmocka_unit_test(test_time_to_answer_stands_while_the_applicant_is_asked),
        cmocka_unit_test(test_sign_past_the_appointment_wants_an_apology_first),
        cmocka_unit_test(test_leader_is_reminded_of_late_dossiers_once_a_working_day),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
