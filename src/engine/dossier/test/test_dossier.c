/* The journey of a dossier on the level of the engines: real pack, real process, real signatures.
 * One world for all tests: each files dossiers of its own, the last one recounts everything. */
#include "recount.h"
#include "world.h"

#define SUBMIT_STATEMENTS_MAX 30

/* --- submitting ---------------------------------------------------------------------------- */
static void
test_submit_twice_gives_the_same_receipt(void **state)
{
    struct world *w = *state;
    struct dossier_draft d = draft_of(w, "never");
    struct dossier_draft again = d;
    struct dossier_receipt first;
    struct dossier_receipt second;
    int64_t before = test_count(w->cx, "dossier");
    ASSERT_OK(w->cx, dossier_submit(w->cx, &d, &first));
    ASSERT_OK(w->cx, dossier_submit(w->cx, &again, &second));
    assert_int_equal(first.id, second.id);
    assert_true(str_eq(first.number, second.number));
    assert_true(str_eq(first.code, second.code));
    assert_int_equal(test_count(w->cx, "dossier"), before + 1);
    /* the dossier has the answers now, the draft only where they came from */
    assert_int_equal(
        test_i64(w->cx, "SELECT COUNT(*) FROM draft WHERE dossier_id IS NOT NULL AND (form LIKE "
                        "'%\"answers\"%' OR form NOT LIKE '%\"sources\"%')"),
        0);
    assert_int_equal(get(w, first.id).status, 1);
    assert_int_equal(get(w, first.id).clock, DOSSIER_CLOCK_WAITING);
    /* eight working hours to answer: filed Monday 08:00, so at the latest by the day's end */
    assert_true(get(w, first.id).react_us > first.submitted_us);
}

/* What a submission costs the store, so that nothing creeps in: the checks before it and the one
 * transaction, word to the national portal included. */
static void
test_submit_runs_few_statements(void **state)
{
    struct world *w = *state;
    struct dossier_draft d = draft_of(w, "never");
    struct dossier_receipt r;
    uint32_t before = w->cx->n_statements;
    ASSERT_OK(w->cx, dossier_submit(w->cx, &d, &r));
    uint32_t n = w->cx->n_statements - before;
    if (n > SUBMIT_STATEMENTS_MAX) {
        fail_msg("a submission runs %u statements, more than %d", n, SUBMIT_STATEMENTS_MAX);
    }
}

/* --- the whole way ------------------------------------------------------------------------------
 */
static void
test_journey_ends_returned_with_a_result_that_verifies(void **state)
{
    struct world *w = *state;
    struct dossier_result *r = NULL;
    struct dossier_result by_hash;
    struct sign_report report;
    struct str pdf;
    size_t n = 0;
    int64_t id = file(w);
    act(w, RECEIVER, id, "accept", "");
    struct dossier d = get(w, id);
    assert_int_equal(d.status, 6); /* accepted, a fee is due: the clock stands */
    assert_int_equal(d.clock, DOSSIER_CLOCK_PAUSED);
    pay(w, id);
    d = get(w, id);
    assert_true(d.is_paid);
    assert_int_equal(d.status, 4);
    assert_int_equal(d.clock, DOSSIER_CLOCK_RUNNING);
    act(w, SPECIALIST, id, "propose", "đủ điều kiện");
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_result_preview(w->cx, id, &pdf));
    assert_true(str_starts(pdf, STR("%PDF-")));
    sign(w, id);
    d = get(w, id);
    assert_int_equal(d.status, 9);
    assert_int_equal(d.clock, DOSSIER_CLOCK_STOPPED);
    ASSERT_OK(w->cx, dossier_results(w->cx, id, &r, &n));
    assert_int_equal(n, 1);
    ASSERT_STR(r[0].state, "published");
    assert_int_not_equal(r[0].record, 0);
    ASSERT_OK(w->cx, dossier_result_pdf(w->cx, r[0].id, &pdf));
    ASSERT_OK(w->cx, sign_verify_pdf(w->cx, pdf, &report));
    assert_int_equal(report.n, 2);
    assert_true(report.is_intact);
    assert_true(report.v[1].is_seal);
    ASSERT_OK(w->cx, dossier_result_by_hash(w->cx, r[0].hash, &by_hash));
    assert_int_equal(by_hash.id, r[0].id);
    struct flow_task t = open_task(w, id);
    be(w, RECEIVER);
    ASSERT_OK(w->cx, dossier_hand_over(w->cx, t.id, t.version, STR("Thị Mơ"), STR("tại quầy")));
    d = get(w, id);
    assert_int_equal(d.status, 10);
    ASSERT_STR(d.state, "done");
    assert_int_not_equal(d.returned_us, 0);
    be(w, CITIZEN);
    ASSERT_OK(w->cx, dossier_rate(w->cx, id, 5, STR("nhanh")));
    assert_int_equal(dossier_rate(w->cx, id, 1, STR("")), ERR_CONFLICT);
    assert_int_equal(dossier_withdraw(w->cx, id, STR("thôi")), ERR_CONFLICT);
}

static void
test_revoke_marks_result_and_record(void **state)
{
    struct world *w = *state;
    struct dossier_result *r = NULL;
    struct record rec;
    size_t n = 0;
    int64_t id = file(w);
    to_signature(w, id);
    sign(w, id);
    ASSERT_OK(w->cx, dossier_results(w->cx, id, &r, &n));
    be(w, RECEIVER);
    assert_int_equal(dossier_result_revoke(w->cx, r[0].id, STR("sai tên")), ERR_FORBIDDEN);
    be(w, LEADER);
    assert_int_equal(dossier_result_revoke(w->cx, r[0].id, STR(" ")), ERR_INVALID);
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_result_revoke(w->cx, r[0].id, STR("sai tên")));
    assert_int_equal(dossier_result_revoke(w->cx, r[0].id, STR("lần nữa")), ERR_CONFLICT);
    ASSERT_OK(w->cx, dossier_results(w->cx, id, &r, &n));
    ASSERT_STR(r[0].state, "revoked");
    ASSERT_OK(w->cx, record_by_id(w->cx, r[0].record, &rec));
    assert_int_not_equal(rec.revoked_us, 0);
}

/* --- refused, sent back, conflicts
 * ---------------------------------------------------------------- */
static void
test_correct_replaces_the_wrong_result_in_one_step(void **state)
{
    struct world *w = *state;
    struct dossier_result *r = NULL;
    struct dossier_result old;
    struct dossier_result fresh;
    struct record kept;
    size_t n = 0;
    int64_t draft = 0;
    int64_t id = file(w);
    to_signature(w, id);
    sign(w, id);
    ASSERT_OK(w->cx, dossier_results(w->cx, id, &r, &n));
    be(w, RECEIVER);
    assert_int_equal(dossier_correct_begin(w->cx, r[0].id, STR("sai"), &draft), ERR_FORBIDDEN);
    be(w, LEADER);
    assert_int_equal(dossier_correct_begin(w->cx, r[0].id, STR(""), &draft), ERR_INVALID);
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_correct_begin(w->cx, r[0].id, STR("sai tình trạng"), &draft));
    assert_int_equal(dossier_correct_begin(w->cx, r[0].id, STR("lại"), &draft), ERR_CONFLICT);
    ASSERT_OK(w->cx, dossier_correct_drop(w->cx, draft));
    ASSERT_OK(w->cx, dossier_correct_begin(w->cx, r[0].id, STR("sai tình trạng"), &draft));
    ASSERT_OK(w->cx, dossier_set_result_fields(w->cx, id, STR("{\"status_text\":\"Đã kết hôn\"}")));
    be(w, LEADER);
    assert_int_equal(dossier_correct_sign(w->cx, draft, STR("000000")), ERR_INVALID);
    ASSERT_OK(w->cx, dossier_result_get(w->cx, r[0].id, &old));
    ASSERT_STR(old.state, "published"); /* a wrong PIN changes nothing */
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_correct_sign(w->cx, draft, STR(PIN)));
    ASSERT_OK(w->cx, dossier_result_get(w->cx, r[0].id, &old));
    ASSERT_OK(w->cx, dossier_result_get(w->cx, draft, &fresh));
    ASSERT_STR(old.state, "revoked");
    ASSERT_STR(old.revoke_reason, "sai tình trạng");
    assert_int_equal(old.replaced_by, draft);
    ASSERT_STR(fresh.state, "published");
    assert_true(str_eq(fresh.number, old.number));
    ASSERT_OK(w->cx, record_by_id(w->cx, old.record, &kept));
    assert_int_equal(kept.replaced_by, fresh.record);
    assert_int_equal(dossier_correct_sign(w->cx, draft, STR(PIN)), ERR_CONFLICT);
}

static void
test_refuse_without_a_reason_is_invalid_with_one_ends(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    struct flow_task t = open_task(w, id);
    struct dossier_act a = { .task = t.id, .outcome = STR("refuse"), .note = STR("  ") };
    be(w, RECEIVER);
    assert_int_equal(dossier_do(w->cx, &a), ERR_INVALID);
    act(w, RECEIVER, id, "refuse", "không thuộc thẩm quyền");
    struct dossier d = get(w, id);
    ASSERT_STR(d.state, "refused");
    assert_int_equal(d.status, 3);
    assert_int_equal(d.clock, DOSSIER_CLOCK_STOPPED);
}

static void
test_reject_approved_by_the_leader_stops(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    act(w, RECEIVER, id, "accept", "");
    pay(w, id);
    act(w, SPECIALIST, id, "reject", "không đủ điều kiện");
    act(w, LEADER, id, "return", "xem lại sổ");
    act(w, SPECIALIST, id, "reject", "đã xem lại");
    act(w, LEADER, id, "approve", "");
    struct dossier d = get(w, id);
    ASSERT_STR(d.state, "stopped");
    assert_int_equal(d.status, 8);
    assert_true(knows_reason(w, id, STR("đã xem lại"))); /* the leader only agreed */
}

static void
test_leader_sends_back_and_the_same_draft_is_proposed_again(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    to_signature(w, id);
    int64_t results = test_count(w->cx, "result");
    int64_t entries = test_count(w->cx, "register_entry");
    act(w, LEADER, id, "return", "sai năm sinh");
    ASSERT_STR(open_task(w, id).step_id, "examine");
    act(w, SPECIALIST, id, "propose", "đã sửa");
    assert_int_equal(test_count(w->cx, "result"), results);
    assert_int_equal(test_count(w->cx, "register_entry"), entries);
    sign(w, id);
    assert_int_equal(get(w, id).status, 9);
}

static void
test_do_by_the_second_officer_is_a_conflict(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    struct flow_task t = open_task(w, id);
    act(w, RECEIVER, id, "accept", "");
    int64_t events = test_count(w->cx, "dossier_event");
    struct dossier_act late = {
        .task = t.id, .version = t.version, .outcome = STR("refuse"), .note = STR("thiếu giấy")
    };
    be(w, SECOND_RECEIVER);
    assert_int_equal(dossier_do(w->cx, &late), ERR_CONFLICT);
    assert_int_equal(w->cx->n_problems, 1);
    assert_int_equal(test_count(w->cx, "dossier_event"), events);
    ASSERT_STR(get(w, id).state, "open");
}

static void
test_do_without_the_role_is_forbidden(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    struct dossier_act a = { .task = open_task(w, id).id, .outcome = STR("accept") };
    static const enum who wrong[] = { CITIZEN, STRANGER, SPECIALIST, LEADER, CASHIER };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        be(w, wrong[i]);
        assert_int_equal(dossier_do(w->cx, &a), ERR_FORBIDDEN);
    }
    assert_int_equal(get(w, id).status, 1);
}

static void
test_do_sign_outcome_without_a_signature_changes_nothing(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    to_signature(w, id);
    struct dossier_act a = { .task = open_task(w, id).id, .outcome = STR("sign") };
    be(w, LEADER);
    assert_int_not_equal(dossier_do(w->cx, &a), ERR_OK);
    assert_int_equal(get(w, id).status, 4);
}

static void
test_sign_with_a_wrong_pin_signs_nothing(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    size_t done = 9;
    to_signature(w, id);
    int64_t task = open_task(w, id).id;
    be(w, LEADER);
    assert_int_equal(dossier_sign(w->cx, &task, 1, STR("111111"), &done), ERR_INVALID);
    assert_int_equal(done, 0);
    ASSERT_STR(w->cx->problems[0].field, "pin");
    assert_int_equal(get(w, id).status, 4);
    sign(w, id);
}

static void
test_claim_by_two_the_second_is_a_conflict(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    int64_t task = open_task(w, id).id;
    be(w, RECEIVER);
    ASSERT_OK(w->cx, dossier_claim(w->cx, task));
    be(w, SECOND_RECEIVER);
    assert_int_equal(dossier_claim(w->cx, task), ERR_CONFLICT);
    be(w, RECEIVER);
    ASSERT_OK(w->cx, dossier_assign(w->cx, task, 0, w->account[SECOND_RECEIVER]));
    assert_int_equal(open_task(w, id).assignee, w->account[SECOND_RECEIVER]);
}

static void
test_assign_to_somebody_without_the_role_is_invalid(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    int64_t task = open_task(w, id).id;
    be(w, RECEIVER);
    ASSERT_OK(w->cx, dossier_claim(w->cx, task));
    assert_int_equal(dossier_assign(w->cx, task, 0, w->account[STRANGER]), ERR_INVALID);
    assert_int_equal(open_task(w, id).assignee, w->account[RECEIVER]);
}

/* --- supplement and the clock
 * ---------------------------------------------------------------------- */
static void
ask(struct world *w, enum who who, int64_t id, const char *note, enum err expected)
{
    struct dossier_act a = { .task = open_task(w, id).id, .note = str_of(note) };
    be(w, who);
    enum err e =
        dossier_ask_supplement(w->cx, &a, STR("[{\"paper\":null,\"text\":\"Bản sao hộ chiếu\"}]"));
    assert_int_equal(e, expected);
}

static void
test_supplement_once_then_only_with_a_leader(void **state)
{
    struct world *w = *state;
    struct dossier_supplement *s = NULL;
    size_t n = 0;
    int64_t id = file(w);
    ask(w, RECEIVER, id, "", ERR_OK);
    assert_int_equal(get(w, id).status, 5);
    be(w, STRANGER);
    assert_int_equal(dossier_answer_supplement(w->cx, id, STR("x")), ERR_FORBIDDEN);
    be(w, CITIZEN);
    ASSERT_OK(w->cx, dossier_answer_supplement(w->cx, id, STR("đã gửi")));
    assert_int_equal(dossier_answer_supplement(w->cx, id, STR("lại")), ERR_CONFLICT);
    ASSERT_STR(open_task(w, id).step_id, "receive");
    ask(w, RECEIVER, id, "vẫn thiếu", ERR_INVALID);
    assert_int_equal(get(w, id).n_supplements, 1);
    ASSERT_OK(w->cx, dossier_supplements(w->cx, id, &s, &n));
    assert_int_equal(n, 1);
    assert_int_not_equal(s[0].answered_us, 0);
    be(w, RECEIVER);
    assert_int_equal(dossier_allow_supplement(w->cx, id, STR("x")), ERR_FORBIDDEN);
    be(w, LEADER);
    assert_int_equal(dossier_allow_supplement(w->cx, id, STR(" ")), ERR_INVALID);
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_allow_supplement(w->cx, id, STR("luật mới có hiệu lực")));
    assert_int_equal(dossier_allow_supplement(w->cx, id, STR("nữa")), ERR_CONFLICT);
    ask(w, RECEIVER, id, "", ERR_OK);
    assert_int_equal(get(w, id).n_supplements, 2);
    ASSERT_OK(w->cx, dossier_supplements(w->cx, id, &s, &n));
    ASSERT_STR(s[1].reason, "luật mới có hiệu lực");
    be(w, CITIZEN);
    ASSERT_OK(w->cx, dossier_answer_supplement(w->cx, id, STR("đã gửi")));
    ask(w, RECEIVER, id, "", ERR_INVALID); /* the permission is used up */
    act(w, RECEIVER, id, "accept", "");
}

static void
test_supplement_with_nothing_in_it_is_invalid(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    struct dossier_act a = { .task = open_task(w, id).id };
    be(w, RECEIVER);
    assert_int_equal(dossier_ask_supplement(w->cx, &a, STR("[]")), ERR_INVALID);
    assert_int_equal(get(w, id).n_supplements, 0);
}

static void
test_clock_stands_while_the_citizen_pays_and_keeps_what_remains(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    act(w, RECEIVER, id, "accept", "");
    struct dossier d = get(w, id);
    int64_t left = dossier_left_s(w->cx, &d);
    int64_t first_due_us = d.first_due_us;
    work_hours(w, 24 * 7); /* a week passes before the fee is paid */
    d = get(w, id);
    assert_int_equal(dossier_left_s(w->cx, &d), left);
    pay(w, id);
    d = get(w, id);
    assert_int_equal(dossier_left_s(w->cx, &d), left);
    assert_int_equal(d.first_due_us, first_due_us);
    assert_true(d.due_us > first_due_us);
    work_hours(w, 24);
    d = get(w, id);
    assert_true(dossier_left_s(w->cx, &d) < left);
    act(w, SPECIALIST, id, "propose", "");
    sign(w, id);
}

/* --- late, withdrawn
 * ---------------------------------------------------------------------------------- */
static void
test_apology_only_when_late_and_only_once(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    act(w, RECEIVER, id, "accept", "");
    pay(w, id);
    be(w, LEADER);
    int64_t soon_us = calendar_now_us(w->cx) + 24 * 60 * HOUR_US;
    assert_int_equal(dossier_apologise(w->cx, id, STR("đông việc"), soon_us), ERR_CONFLICT);
    work_hours(w, 24 * 30);
    be(w, RECEIVER);
    assert_int_equal(dossier_apologise(w->cx, id, STR("đông việc"), soon_us), ERR_FORBIDDEN);
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_apologise(w->cx, id, STR("đông việc"), soon_us));
    be(w, LEADER);
    assert_int_equal(dossier_apologise(w->cx, id, STR("vẫn đông"), soon_us + HOUR_US), ERR_INVALID);
    struct dossier d = get(w, id);
    assert_int_equal(d.due_us, soon_us);
    int64_t late = sum(w, "done_late");
    act(w, SPECIALIST, id, "propose", "");
    sign(w, id);
    /* a new date does not make a late result punctual */
    assert_int_equal(sum(w, "done_late"), late + 1);
}

static void
test_withdraw_cancels_tasks_and_closes(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    act(w, RECEIVER, id, "accept", "");
    be(w, STRANGER);
    assert_int_equal(dossier_withdraw(w->cx, id, STR("x")), ERR_FORBIDDEN);
    be(w, CITIZEN);
    ASSERT_OK(w->cx, dossier_withdraw(w->cx, id, STR("không cần nữa")));
    struct dossier d = get(w, id);
    ASSERT_STR(d.state, "withdrawn");
    assert_int_equal(d.status, 7);
    struct pay_bill *b = NULL;
    size_t n = 0;
    ASSERT_OK(w->cx, pay_bill_list(w->cx, id, &b, &n));
    ASSERT_STR(b[0].state, "cancelled");
    assert_int_equal(dossier_withdraw(w->cx, id, STR("lại")), ERR_CONFLICT);
}

/* --- lists
 * --------------------------------------------------------------------------------------------- */
static void
test_inbox_pages_by_key_masks_and_counts(void **state)
{
    struct world *w = *state;
    struct dossier_row *v = NULL;
    struct flow_inbox_counts c;
    size_t n = 0;
    int64_t seen = 0;
    for (int i = 0; i < 5; i++) {
        (void)file(w);
    }
    be(w, RECEIVER);
    struct dossier_inbox q = {
        .unit = w->unit->key, .role = STR("receiver"), .tab = STR("all"), .n = 2
    };
    do {
        ASSERT_OK(w->cx, dossier_inbox(w->cx, &q, &v, &n));
        for (size_t i = 0; i < n; i++) {
            assert_true(v[i].due_us > q.after_due_us ||
                        (v[i].due_us == q.after_due_us && v[i].task > q.after_id));
            q.after_due_us = v[i].due_us;
            q.after_id = v[i].task;
            assert_false(str_eq(v[i].applicant, STR("Thị Mơ")));
        }
        seen += (int64_t)n;
    } while (n == 2);
    ASSERT_OK(w->cx, flow_inbox_count(w->cx, q.unit, q.role, w->account[RECEIVER], 0, 0, &c));
    assert_int_equal(seen, c.n_open);
}

static void
test_track_wants_number_and_code(void **state)
{
    struct world *w = *state;
    struct dossier d = get(w, file(w));
    struct dossier got;
    ASSERT_OK(w->cx, dossier_track(w->cx, d.number, d.code, STR("10.0.0.1"), &got));
    assert_int_equal(got.id, d.id);
    assert_int_equal(dossier_track(w->cx, d.number, STR("AAAAAAAAAA"), STR("10.0.0.1"), &got),
                     ERR_NOT_FOUND);
    enum err e = ERR_OK;
    for (int i = 0; i < 40 && e != ERR_RATE; i++) {
        e = dossier_track(w->cx, d.number, STR("BBBBBBBBBB"), STR("10.0.0.2"), &got);
    }
    assert_int_equal(e, ERR_RATE);
}

/* --- statuses
 * -------------------------------------------------------------------------------------------- */
static void
test_status_may_follows_the_national_table(void **state)
{
    static const int32_t allowed[][2] = { { 1, 2 }, { 1, 3 }, { 1, 5 }, { 2, 4 },  { 2, 6 },
                                          { 4, 8 }, { 4, 9 }, { 5, 4 }, { 9, 10 }, { 8, 4 } };
    static const int32_t refused[][2] = { { 1, 9 }, { 3, 2 }, { 7, 4 },  { 10, 9 }, { 9, 7 },
                                          { 2, 1 }, { 0, 1 }, { 11, 1 }, { 4, 10 }, { 10, 4 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(allowed); i++) {
        assert_true(dossier_status_may(allowed[i][0], allowed[i][1]));
    }
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_false(dossier_status_may(refused[i][0], refused[i][1]));
    }
}

/* --- what comes too late
 * --------------------------------------------------------------------------------------------- */
static void
test_answer_and_payment_after_the_end_stop_no_job(void **state)
{
    struct world *w = *state;
    struct ctx *cx = w->cx;
    int64_t id = file(w);
    act(w, RECEIVER, id, "refuse", "không đủ giấy tờ");
    struct str vars = get(w, id).vars;
    int64_t done = sum(w, "paid");
    struct str key = str_fmt(cx->arena, "%" PRId64, id);
    struct str answer = str_fmt(cx->arena,
                                "{\"dossier\":\"%" PRId64 "\",\"service\":\"tax\",\"name\":"
                                "\"tax_number\",\"value\":\"1\"}",
                                id);
    ASSERT_OK(cx, dossier_topics[1].fn(cx, key, answer));
    assert_true(str_eq(get(w, id).vars, vars));
    ASSERT_OK(cx, dossier_topics[0].fn(cx, key, answer));
    assert_true(get(w, id).is_paid); /* the money is there, whatever became of the case */
    assert_int_equal(sum(w, "paid"), done + 1);
    ASSERT_STR(get(w, id).state, "refused");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_may_follows_the_national_table),
        cmocka_unit_test(test_submit_twice_gives_the_same_receipt),
        cmocka_unit_test(test_submit_runs_few_statements),
        cmocka_unit_test(test_journey_ends_returned_with_a_result_that_verifies),
        cmocka_unit_test(test_revoke_marks_result_and_record),
        cmocka_unit_test(test_correct_replaces_the_wrong_result_in_one_step),
        cmocka_unit_test(test_refuse_without_a_reason_is_invalid_with_one_ends),
        cmocka_unit_test(test_reject_approved_by_the_leader_stops),
        cmocka_unit_test(test_leader_sends_back_and_the_same_draft_is_proposed_again),
        cmocka_unit_test(test_do_by_the_second_officer_is_a_conflict),
        cmocka_unit_test(test_do_without_the_role_is_forbidden),
        cmocka_unit_test(test_do_sign_outcome_without_a_signature_changes_nothing),
        cmocka_unit_test(test_sign_with_a_wrong_pin_signs_nothing),
        cmocka_unit_test(test_claim_by_two_the_second_is_a_conflict),
        cmocka_unit_test(test_assign_to_somebody_without_the_role_is_invalid),
        cmocka_unit_test(test_supplement_once_then_only_with_a_leader),
        cmocka_unit_test(test_supplement_with_nothing_in_it_is_invalid),
        cmocka_unit_test(test_clock_stands_while_the_citizen_pays_and_keeps_what_remains),
        cmocka_unit_test(test_apology_only_when_late_and_only_once),
        cmocka_unit_test(test_withdraw_cancels_tasks_and_closes),
        cmocka_unit_test(test_inbox_pages_by_key_masks_and_counts),
        cmocka_unit_test(test_track_wants_number_and_code),
        cmocka_unit_test(test_answer_and_payment_after_the_end_stop_no_job),
        cmocka_unit_test(test_counters_equal_a_recount_of_the_rows),
        cmocka_unit_test(test_figure_lists_hold_exactly_what_was_counted),
        cmocka_unit_test(test_move_unit_keeps_all_figures_equal_to_their_lists),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
