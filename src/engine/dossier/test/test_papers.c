/* What comes beside the decision: papers handed in are signed for and kept, a number of another
 * system becomes a sealed document, and others who are named agree before the signature. */
#include "world.h"

#include "codec/image.h"
#include "store/blobs.h"

static int64_t
number(struct world *w, const char *sql, int64_t id)
{
    return test_i64(w->cx, str_z(w->cx->arena, str_fmt(w->cx->arena, "%s%" PRId64, sql, id)));
}

/* --- papers ----------------------------------------------------------------------------------- */
static void
hand_in(struct world *w, int64_t id, const char *requirement, uint8_t shade)
{
    struct ctx *cx = w->cx;
    struct image img = { 60, 80, arena_alloc(cx->arena, (size_t)60 * 80 * 3) };
    memset(img.rgb, shade, (size_t)60 * 80 * 3);
    struct paper_new in = { .owner_id = w->party[CITIZEN],
                            .dossier_id = id,
                            .requirement = str_of(requirement),
                            .type = STR("ban-an-ly-hon"),
                            .name = STR("giay.jpg"),
                            .captured_by = STR("citizen"),
                            .field = STR("tep") };
    struct paper p;
    ASSERT_OK(cx, image_to_jpeg(cx, &img, 90, &in.bytes));
    ASSERT_OK(cx, paper_add(cx, &in, &p));
}

static enum err
merged_tx(struct ctx *cx, void *arg)
{
    const struct world *w = arg;
    return dossier_party_merged(cx, w->party[CITIZEN], w->party[RECEIVER]);
}

static void
test_dossier_party_merged_moves_dossiers_drafts_and_papers(void **state)
{
    struct world *w = *state;
    int64_t to = w->party[RECEIVER];
    struct dossier_draft open = draft_of(w, "never");
    struct dossier_draft done = draft_of(w, "never");
    struct dossier_receipt r;
    hand_in(w, open.id, "giay-khac", 10);
    hand_in(w, done.id, "giay-khac", 20);
    ASSERT_OK(w->cx, dossier_submit(w->cx, &done, &r));
    hand_in(w, r.id, "bo-sung", 30);
    ASSERT_OK(w->cx, store_write(w->cx, merged_tx, w));
    assert_int_equal(number(w, "SELECT party_id FROM draft WHERE id = ", open.id), to);
    assert_int_equal(number(w, "SELECT party_id FROM draft WHERE id = ", done.id), to);
    assert_int_equal(number(w, "SELECT party_id FROM dossier WHERE id = ", r.id), to);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM paper WHERE owner_id = ", to), 3);
    assert_int_equal(number(w, "SELECT COUNT(*) FROM paper WHERE owner_id = ", w->party[CITIZEN]),
                     0);
}

static enum err
papers_job(struct world *w, int64_t id, const char *payload)
{
    struct str key = str_fmt(w->cx->arena, "%" PRId64, id);
    struct str officer =
        str_fmt(w->cx->arena, "{\"officer\":\"%" PRId64 "\"}", w->account[RECEIVER]);
    return dossier_papers_job(w->cx, key, payload == NULL ? officer : str_of(payload));
}

static size_t
records(struct world *w, struct record **ret)
{
    size_t n = 0;
    ASSERT_OK(w->cx, record_list(w->cx, w->party[CITIZEN], STR_NULL, INT64_MAX, 50, ret, &n));
    return n;
}

static void
test_accepted_papers_are_signed_for_once_and_kept(void **state)
{
    struct world *w = *state;
    struct record *v = NULL;
    struct str sheet = STR_NULL;
    int64_t id = file(w);
    hand_in(w, id, "ly-hon", 10);
    hand_in(w, id, "giay-khac", 200); /* of no kind that may be used again */
    act(w, RECEIVER, id, "accept", "");
    assert_int_equal(test_i64(w->cx, "SELECT COUNT(*) FROM outbox WHERE topic = 'dossier.papers'"),
                     1);
    ASSERT_OK(w->cx, papers_job(w, id, NULL));
    assert_int_equal(records(w, &v), 1);
    ASSERT_STR(v[0].type, "ban-an-ly-hon");
    assert_int_equal(v[0].dossier_id, id);
    ASSERT_STR(v[0].attest_by, "Nguyễn Thị Lan");
    ASSERT_OK(w->cx, blobs_get(w->cx, v[0].attest, (size_t)4 << 20, &sheet));
    assert_true(str_starts(sheet, STR("%PDF-")));
    assert_true(str_find(sheet, STR("/ByteRange")) < sheet.n);
    ASSERT_OK(w->cx, papers_job(w, id, NULL)); /* a job may run twice */
    assert_int_equal(records(w, &v), 1);
    assert_int_equal(
        test_i64(w->cx, "SELECT COUNT(*) FROM ledger_entry WHERE kind = 'record.kept'"), 1);
}

static void
test_papers_job_without_dossier_or_officer_is_refused(void **state)
{
    struct world *w = *state;
    struct record *v = NULL;
    int64_t id = file(w);
    assert_int_equal(papers_job(w, id, "{}"), ERR_BAD_REQUEST);
    assert_int_equal(papers_job(w, 0, NULL), ERR_BAD_REQUEST);
    assert_int_equal(papers_job(w, id + 1, NULL), ERR_NOT_FOUND);
    ASSERT_OK(w->cx, papers_job(w, id, NULL)); /* nothing was handed in */
    assert_int_equal(records(w, &v), 0);
}

/* --- a document of another system's number ---------------------------------------------------- */
struct draft_job {
    struct dossier d;
    const struct procedure *p;
};

static enum err
draft_tx(struct ctx *cx, void *arg)
{
    const struct draft_job *job = arg;
    return dossier_partner_draft(cx, &job->d, job->p, STR("the-bao-hiem-y-te"));
}

/* A dossier of the linked filing that learned the number of the child's card, or none. */
static struct draft_job
linked(struct world *w, const char *vars)
{
    struct ctx *cx = w->cx;
    int64_t id = file(w);
    ASSERT_OK(
        cx, test_sql(cx, str_z(cx->arena, str_fmt(cx->arena,
                                                  "UPDATE dossier SET procedure_code = '3.000722', "
                                                  "vars = '%s' WHERE id = %" PRId64,
                                                  vars, id))));
    struct draft_job job = { .d = get(w, id) };
    ASSERT_OK(cx, dossier_procedure(cx, &job.d, &job.p));
    return job;
}

static struct dossier_result
card_of(struct world *w, int64_t dossier)
{
    struct dossier_result *v = NULL;
    size_t n = 0;
    ASSERT_OK(w->cx, dossier_results(w->cx, dossier, &v, &n));
    assert_int_equal(n, 1);
    return v[0];
}

static void
test_number_of_another_system_becomes_one_sealed_document(void **state)
{
    struct world *w = *state;
    struct record *v = NULL;
    struct draft_job job = linked(w, "{\"card_number\":\"TE1757512345678\"}");
    ASSERT_OK(w->cx, store_write(w->cx, draft_tx, &job));
    ASSERT_OK(w->cx, store_write(w->cx, draft_tx, &job)); /* the answer came twice */
    struct dossier_result r = card_of(w, job.d.id);
    ASSERT_STR(r.state, "waiting");
    ASSERT_STR(r.number, "TE1757512345678");
    struct str key = str_fmt(w->cx->arena, "%" PRId64, r.id);
    ASSERT_OK(w->cx, dossier_partner_seal(w->cx, key, STR("{}")));
    ASSERT_OK(w->cx, dossier_partner_seal(w->cx, key, STR("{}")));
    r = card_of(w, job.d.id);
    ASSERT_STR(r.state, "published");
    assert_int_equal(r.hash.n, 64);
    assert_int_equal(records(w, &v), 1);
    ASSERT_STR(v[0].type, "the-bhyt");
    assert_true(str_eq(v[0].hash, r.hash));
    assert_int_equal(number(w,
                            "SELECT COUNT(*) FROM dossier_event WHERE kind = 'partner_result' "
                            "AND dossier_id = ",
                            job.d.id),
                     1);
    assert_int_equal(dossier_partner_seal(w->cx, STR("x"), STR("{}")), ERR_BAD_REQUEST);
}

static void
test_no_number_from_another_system_makes_no_document(void **state)
{
    struct world *w = *state;
    struct draft_job job = linked(w, "{}");
    ASSERT_OK(w->cx, store_write(w->cx, draft_tx, &job));
    assert_int_equal(test_count(w->cx, "result"), 0);
    assert_int_equal(test_i64(w->cx, "SELECT COUNT(*) FROM outbox WHERE topic = 'dossier.seal'"),
                     0);
}

/* --- others who are named ----------------------------------------------------------------------
 */
static enum err
ask_tx(struct ctx *cx, void *arg)
{
    return party_consent_add(cx, arg);
}

static struct party_consent
ask(struct world *w, int64_t id, bool is_needed)
{
    struct party_consent c = { .dossier = id,
                               .number = STR("070088000017"),
                               .name = STR("Điểu Sơn"),
                               .kind = STR("named"),
                               .part = STR("Người cùng đăng ký"),
                               .asker = STR("Thị Mơ"),
                               .wording = STR("Thị Mơ nộp hồ sơ có tên ông/bà"),
                               .state = STR("asked"),
                               .is_needed = is_needed };
    ASSERT_OK(w->cx, store_write(w->cx, ask_tx, &c));
    return c;
}

static void
answer(struct world *w, int64_t consent, const char *state)
{
    struct party_consent c;
    be(w, RECEIVER);
    ASSERT_OK(w->cx, party_consent_get(w->cx, consent, &c));
    ASSERT_OK(w->cx,
              dossier_consent_answer(w->cx, &c, str_of(state), STR("present"), STR("Tờ khai")));
}

/* The leader tries; nothing must be signed, and the reason told. */
static void
expect_unsigned(struct world *w, int64_t id)
{
    int64_t task = open_task(w, id).id;
    size_t done = 0;
    be(w, LEADER);
    assert_int_equal(dossier_sign(w->cx, &task, 1, STR(PIN), &done), ERR_INVALID);
    assert_int_equal(done, 0);
    assert_true(w->cx->n_problems > 0);
    ASSERT_STR(w->cx->problems[0].key, "dossier.consent.first");
}

static void
test_signature_waits_for_the_consent_that_the_pack_requires(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    int64_t asked = ask(w, id, true).id;
    to_signature(w, id); /* every step before goes on */
    expect_unsigned(w, id);
    answer(w, asked, "refused");
    expect_unsigned(w, id);
    answer(w, asked, "given");
    answer(w, asked, "withdrawn");
    expect_unsigned(w, id);
    answer(w, asked, "given");
    sign(w, id);
}

static void
test_consent_that_nothing_waits_for_is_only_shown(void **state)
{
    struct world *w = *state;
    int64_t id = file(w);
    answer(w, ask(w, id, false).id, "refused");
    (void)ask(w, id, false);
    to_signature(w, id);
    sign(w, id);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_dossier_party_merged_moves_dossiers_drafts_and_papers,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_accepted_papers_are_signed_for_once_and_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_papers_job_without_dossier_or_officer_is_refused,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_number_of_another_system_becomes_one_sealed_document,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_number_from_another_system_makes_no_document,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signature_waits_for_the_consent_that_the_pack_requires,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_consent_that_nothing_waits_for_is_only_shown, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
