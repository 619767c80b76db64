/* Tests of absence: open tasks go to stand-ins and come back, with a trace. */
#pragma GCC diagnostic ignored "-Wunused-function" /* the world is shared */
#include "world.h"

static struct dossier_absence_new
away(struct world *w, enum who who, const int64_t *stand_ins, size_t n)
{
    struct date today = calendar_today(w->cx);
    return (struct dossier_absence_new){ .account = w->account[who],
                                         .unit = w->unit->key,
                                         .reason = STR("nghỉ phép"),
                                         .from = today,
                                         .to = { today.day + 2 },
                                         .stand_ins = stand_ins,
                                         .n_stand_ins = n };
}

static bool
has_event(struct world *w, int64_t id, const char *kind)
{
    struct dossier_event *e = NULL;
    size_t n = 0;
    ASSERT_OK(w->cx, dossier_history(w->cx, id, &e, &n));
    for (size_t i = 0; i < n; i++) {
        if (str_eq(e[i].kind, str_of(kind))) {
            return true;
        }
    }
    return false;
}

static void
claim(struct world *w, enum who who, int64_t id)
{
    be(w, who);
    ASSERT_OK(w->cx, dossier_claim(w->cx, open_task(w, id).id));
}

static void
turn(struct world *w)
{
    int64_t again_us = 0;
    ASSERT_OK(w->cx, dossier_absences_turn(w->cx, &again_us));
    assert_true(again_us > 0);
}

static void
test_absence_hands_open_tasks_over_and_back(void **state)
{
    struct world *w = *state;
    int64_t id = 0;
    int64_t first = file(w);
    int64_t second = file(w);
    claim(w, RECEIVER, first);
    be(w, LEADER);
    struct dossier_absence_new in = away(w, RECEIVER, &w->account[SECOND_RECEIVER], 1);
    ASSERT_OK(w->cx, dossier_absence_add(w->cx, &in, &id));
    struct flow_task t = open_task(w, first);
    assert_int_equal(t.assignee, w->account[SECOND_RECEIVER]);
    assert_int_equal(t.handed_from, w->account[RECEIVER]);
    assert_int_equal(open_task(w, second).assignee, 0);
    assert_true(has_event(w, first, "handed_over"));
    assert_false(has_event(w, second, "handed_over"));
    /* what is given to the absent one meanwhile goes to the stand-in */
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_assign(w->cx, open_task(w, second).id, 0, w->account[RECEIVER]));
    assert_int_equal(open_task(w, second).assignee, w->account[SECOND_RECEIVER]);
    /* one of them is done in the meantime, the other comes back */
    act(w, SECOND_RECEIVER, second, "refuse", "không thuộc thẩm quyền");
    work_hours(w, 24 * 4);
    turn(w);
    t = open_task(w, first);
    assert_int_equal(t.assignee, w->account[RECEIVER]);
    assert_int_equal(t.handed_from, 0);
    assert_true(has_event(w, first, "handed_back"));
    struct dossier_absence *list = NULL;
    size_t n = 0;
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_absences(w->cx, w->unit->key, &list, &n));
    assert_int_equal(n, 0);
    assert_true(test_i64(w->cx, "SELECT count(*) FROM ledger_entry WHERE kind = 'absence.ended'") >
                0);
}

static void
test_absence_planned_begins_on_its_day_and_can_be_cancelled(void **state)
{
    struct world *w = *state;
    int64_t id = 0;
    int64_t d = file(w);
    claim(w, RECEIVER, d);
    be(w, LEADER);
    struct dossier_absence_new in = away(w, RECEIVER, &w->account[SECOND_RECEIVER], 1);
    in.from.day += 2;
    in.to.day += 2;
    ASSERT_OK(w->cx, dossier_absence_add(w->cx, &in, &id));
    assert_int_equal(dossier_absence_add(w->cx, &in, &id), ERR_INVALID); /* twice */
    w->cx->n_problems = 0;
    turn(w);
    assert_int_equal(open_task(w, d).assignee, w->account[RECEIVER]);
    work_hours(w, 48);
    turn(w);
    assert_int_equal(open_task(w, d).assignee, w->account[SECOND_RECEIVER]);
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_absence_end(w->cx, id)); /* back earlier */
    assert_int_equal(open_task(w, d).assignee, w->account[RECEIVER]);
    in.from.day += 10;
    in.to.day += 10;
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_absence_add(w->cx, &in, &id));
    ASSERT_OK(w->cx, dossier_absence_end(w->cx, id));
    work_hours(w, 24 * 11);
    turn(w);
    assert_int_equal(open_task(w, d).assignee, w->account[RECEIVER]);
}

static void
test_absence_without_the_role_is_invalid_unless_lent(void **state)
{
    struct world *w = *state;
    int64_t id = 0;
    int64_t d = file(w);
    struct dossier_absence_new in = away(w, SPECIALIST, &w->account[RECEIVER], 1);
    act(w, RECEIVER, d, "accept", "");
    if (!get(w, d).is_paid) {
        pay(w, d);
    }
    claim(w, SPECIALIST, d);
    be(w, LEADER);
    assert_int_equal(dossier_absence_add(w->cx, &in, &id), ERR_INVALID);
    assert_true(str_eq(w->cx->problems[0].field, STR("stand_in")));
    be(w, RECEIVER);
    in.lends = true;
    assert_int_equal(dossier_absence_add(w->cx, &in, &id), ERR_FORBIDDEN);
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_absence_add(w->cx, &in, &id));
    assert_int_equal(open_task(w, d).assignee, w->account[RECEIVER]);
    ASSERT_OK(w->cx, access_actor_of_account(w->cx, w->account[RECEIVER], &w->actors[RECEIVER]));
    act(w, RECEIVER, d, "propose", "đủ điều kiện"); /* with the lent position */
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_absence_end(w->cx, id));
    ASSERT_OK(w->cx, access_actor_of_account(w->cx, w->account[RECEIVER], &w->actors[RECEIVER]));
    assert_int_equal(w->actors[RECEIVER].n_positions, 1);
}

static void
test_absence_of_oneself_or_of_nobody_is_invalid(void **state)
{
    struct world *w = *state;
    int64_t id = 0;
    be(w, LEADER);
    struct dossier_absence_new in = away(w, RECEIVER, &w->account[RECEIVER], 1);
    assert_int_equal(dossier_absence_add(w->cx, &in, &id), ERR_INVALID);
    w->cx->n_problems = 0;
    in = away(w, STRANGER, &w->account[RECEIVER], 1);
    assert_int_equal(dossier_absence_add(w->cx, &in, &id), ERR_INVALID);
    w->cx->n_problems = 0;
    in = away(w, RECEIVER, &w->account[SECOND_RECEIVER], 1);
    in.to.day = in.from.day - 1;
    assert_int_equal(dossier_absence_add(w->cx, &in, &id), ERR_INVALID);
}

static void
test_step_that_comes_again_goes_to_the_same_hands(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    act(w, SECOND_RECEIVER, id, "accept", "");
    if (!get(w, id).is_paid) {
        pay(w, id);
    }
    struct flow_task t = open_task(w, id);
    struct dossier_act back = {
        .task = t.id, .version = t.version, .back_to = STR("receive"), .note = STR("thiếu chữ ký")
    };
    be(w, SPECIALIST);
    ASSERT_OK(w->cx, dossier_do(w->cx, &back));
    t = open_task(w, id);
    ASSERT_STR(t.step_id, "receive");
    assert_int_equal(t.assignee, w->account[SECOND_RECEIVER]);
}

static void
test_signer_lines_follow_the_position(void **state)
{
    struct world *w = *state;
    struct arena *a = w->cx->arena;
    struct dossier_signer s =
        dossier_signer_of(a, STR("Phó Chủ tịch Ủy ban nhân dân"), STR_NULL, true);
    ASSERT_STR(s.capacity, "TM. ỦY BAN NHÂN DÂN");
    ASSERT_STR(s.instead, "KT. CHỦ TỊCH");
    ASSERT_STR(s.position, "PHÓ CHỦ TỊCH");
    s = dossier_signer_of(a, STR("Giám đốc"), STR_NULL, false);
    ASSERT_STR(s.capacity, "");
    ASSERT_STR(s.instead, "");
    ASSERT_STR(s.position, "GIÁM ĐỐC");
    s = dossier_signer_of(a, STR("Chủ tịch"), STR("Trưởng phòng"), true);
    ASSERT_STR(s.capacity, "");
    ASSERT_STR(s.instead, "TUQ. CHỦ TỊCH");
    ASSERT_STR(s.position, "TRƯỞNG PHÒNG");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absence_hands_open_tasks_over_and_back),
        cmocka_unit_test(test_absence_planned_begins_on_its_day_and_can_be_cancelled),
        cmocka_unit_test(test_absence_without_the_role_is_invalid_unless_lent),
        cmocka_unit_test(test_absence_of_oneself_or_of_nobody_is_invalid),
        cmocka_unit_test(test_step_that_comes_again_goes_to_the_same_hands),
        cmocka_unit_test(test_signer_lines_follow_the_position),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
