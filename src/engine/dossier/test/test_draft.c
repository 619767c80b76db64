/* Tests of drafts: whose they are, what keeps them from being filed, how they end. */
#include "world.h"

static void
test_submit_without_a_required_paper_is_invalid_and_names_it(void **state)
{
    struct world *w = *state;
    struct dossier_receipt r;
    struct dossier_draft d = draft_of(w, "never");
    struct form_state st;
    struct form_env env = dossier_form_env(w->cx, &d);
    ASSERT_OK(w->cx, form_state_load(w->cx, form_find(pack_now(w->cx), STR("xac-nhan-hon-nhan")),
                                     d.form, &st));
    struct str divorced = str_replace(w->cx->arena, form_answers_json(w->cx, &st), STR("\"never\""),
                                      STR("\"divorced\",\"divorce_ruling\":\"12/2020/HNGĐ\","
                                          "\"divorced_abroad\":false"));
    ASSERT_OK(w->cx, form_read_json(w->cx, &st, &env, divorced));
    d.form = form_state_save(w->cx, &st);
    ASSERT_OK(w->cx, dossier_draft_save(w->cx, &d));
    assert_int_equal(dossier_submit(w->cx, &d, &r), ERR_INVALID);
    assert_int_equal(w->cx->n_problems, 1);
    ASSERT_STR(w->cx->problems[0].field, "paper.ly-hon");
}

static void
test_draft_get_by_a_stranger_is_not_found(void **state)
{
    struct world *w = *state;
    struct dossier_draft d = draft_of(w, "never");
    struct dossier_draft got;
    be(w, STRANGER);
    assert_int_equal(dossier_draft_get(w->cx, d.id, 0, &got), ERR_NOT_FOUND);
    struct dossier dossier = get(w, file(w));
    be(w, STRANGER);
    assert_false(dossier_may_read(w->cx, &dossier));
    be(w, RECEIVER);
    assert_true(dossier_may_read(w->cx, &dossier));
}

static void
test_draft_drop_takes_its_papers_along(void **state)
{
    struct world *w = *state;
    struct dossier_draft d = draft_of(w, "never");
    struct dossier_draft got;
    struct paper *papers = NULL;
    size_t n = 0;
    ASSERT_OK(
        w->cx,
        test_sql(w->cx,
                 str_z(w->cx->arena,
                       str_fmt(w->cx->arena,
                               "INSERT INTO paper (id, owner_id, dossier_id, hash, media, pages, "
                               "size_bytes, received_us, state) VALUES (1, 1, %" PRId64
                               ", 'x', 'image/jpeg', 1, 1, 1, 'kept')",
                               d.id))));
    ASSERT_OK(w->cx, paper_list(w->cx, d.id, &papers, &n));
    assert_int_equal(n, 1);
    be(w, STRANGER);
    assert_int_equal(dossier_draft_drop(w->cx, d.id, 0), ERR_NOT_FOUND);
    be(w, CITIZEN);
    ASSERT_OK(w->cx, dossier_draft_drop(w->cx, d.id, 0));
    assert_int_equal(dossier_draft_get(w->cx, d.id, 0, &got), ERR_NOT_FOUND);
    ASSERT_OK(w->cx, paper_list(w->cx, d.id, &papers, &n));
    assert_int_equal(n, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit_without_a_required_paper_is_invalid_and_names_it),
        cmocka_unit_test(test_draft_get_by_a_stranger_is_not_found),
        cmocka_unit_test(test_draft_drop_takes_its_papers_along),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
