/* The code printed on a result: made with the draft, answers when it is signed, counted per
 * address. */
#include "world.h"

static struct dossier_result
signed_result(struct world *w)
{
    struct dossier_result *v = NULL;
    size_t n = 0;
    int64_t id = file(w);
    to_signature(w, id);
    ASSERT_OK(w->cx, dossier_results(w->cx, id, &v, &n));
    assert_int_equal(n, 1);
    assert_int_equal(v[0].code.n, DOSSIER_RESULT_CODE_N);
    struct dossier_result got;
    assert_int_equal(dossier_result_by_code(w->cx, v[0].code, STR("10.0.0.1"), &got),
                     ERR_NOT_FOUND); /* a draft is nobody's to see */
    sign(w, id);
    ASSERT_OK(w->cx, dossier_results(w->cx, id, &v, &n));
    return v[0];
}

static void
test_result_by_code_finds_it_as_typed_and_stops_guessing(void **state)
{
    struct world *w = *state;
    struct dossier_result r = signed_result(w);
    struct dossier_result got;
    struct str c = r.code;
    struct str typed =
        str_lower(w->cx->arena, str_fmt(w->cx->arena, STR_FMT "-" STR_FMT " " STR_FMT,
                                        STR_ARG(str_slice(c, 0, 4)), STR_ARG(str_slice(c, 4, 8)),
                                        STR_ARG(str_slice(c, 8, 12))));
    ASSERT_OK(w->cx, dossier_result_by_code(w->cx, c, STR("10.0.0.1"), &got));
    assert_int_equal(got.id, r.id);
    ASSERT_OK(w->cx, dossier_result_by_code(w->cx, typed, STR("10.0.0.1"), &got));
    assert_int_equal(got.id, r.id);
    assert_int_equal(dossier_result_by_code(w->cx, str_slice(c, 0, 11), STR("10.0.0.1"), &got),
                     ERR_NOT_FOUND);
    assert_int_equal(dossier_result_by_code(w->cx, STR("' OR 1=1 --xx"), STR("10.0.0.1"), &got),
                     ERR_NOT_FOUND);
    enum err e = ERR_OK;
    for (int i = 0; i < 40 && e != ERR_RATE; i++) {
        e = dossier_result_by_code(w->cx, STR("AAAAAAAAAAAA"), STR("10.0.0.2"), &got);
    }
    assert_int_equal(e, ERR_RATE);
    ASSERT_OK(w->cx, dossier_result_by_code(w->cx, c, STR("10.0.0.1"), &got));
}

static void
test_document_names_the_code_of_a_result_and_of_nothing_else(void **state)
{
    struct world *w = *state;
    struct dossier_result r = signed_result(w);
    struct dossier d = get(w, r.dossier);
    struct str with;
    struct str without;
    be(w, LEADER);
    ASSERT_OK(w->cx, dossier_document(w->cx, &d, &r, &with));
    ASSERT_OK(w->cx, dossier_document(w->cx, &d, NULL, &without));
    struct str url = str_cat(w->cx->arena, STR("/kiem-tra/k/"), r.code);
    assert_true(str_find(with, url) < with.n);
    assert_true(str_find(without, STR("verify_")) == without.n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result_by_code_finds_it_as_typed_and_stops_guessing),
        cmocka_unit_test(test_document_names_the_code_of_a_result_and_of_nothing_else),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
