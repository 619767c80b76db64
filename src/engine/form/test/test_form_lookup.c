/* Tests of prefill under a condition and of look-ups. Test pack: test/data/formflow. */
#include "lib/harness.h"

#include "engine/form/form_int.h"

struct world {
    struct test_env *env;
    struct ctx *cx;
    struct pack *pack;
    struct form_env fe;
    struct form_state st;
    const struct form_lookup *l;
};

static size_t
on_choices(struct ctx *cx, void *arg, struct str kind, const struct form_choice **ret)
{
    static const struct form_choice communes[] = { { STR_INIT("25405"), STR_INIT("Xã Bom Bo") } };
    (void)cx;
    (void)arg;
    *ret = communes;
    return str_eq(kind, STR("unit:commune")) ? COUNT_OF(communes) : 0;
}

static pack_part_fn *const parts[] = { form_pack_part };

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct pack_fault *faults = NULL;
    size_t n = 0;
    w->env = test_env_new();
    w->cx = w->env->cx;
    w->cx->lang = STR("vi");
    ASSERT_OK(w->cx,
              pack_read_dir(w->cx, STR("test/data/formflow"), parts, 1, &w->pack, &faults, &n));
    assert_int_equal(n, 0);
    w->fe = (struct form_env){ .today = date_of(2026, 11, 22), .choices = on_choices };
    const struct form *f = form_find(w->pack, STR("tra-cuu"));
    assert_non_null(f);
    ASSERT_OK(w->cx, form_state_load(w->cx, f, STR_NULL, &w->st));
    w->l = form_lookup_find(form_page_find(f, STR("me")), STR("me"), f);
    assert_non_null(w->l);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;
    pack_free(w->pack);
    test_env_free(w->env);
    free(w);
    return 0;
}

static enum err
save(struct world *w, const char *page, const struct web_pair *pairs, size_t n)
{
    bool button = false;
    w->cx->n_problems = 0;
    return form_read_page(w->cx, &w->st, form_page_find(w->st.form, str_of(page)), &w->fe, pairs, n,
                          &button);
}

#define P(name, value)                                                                             \
    {                                                                                              \
        STR_INIT(name), STR_INIT(value)                                                            \
    }

static const struct web_pair mother[] = { P("a.full_name", "Điểu Lan"),
                                          P("a.personal_id", "070199000123"),
                                          P("a.home.unit", "25405"), P("a.home.line", "Thôn 5"),
                                          P("a.relation", "mother") };
static const struct web_pair other[] = { P("a.full_name", "Điểu Lan"),
                                         P("a.personal_id", "070199000123"),
                                         P("a.home.unit", "25405"), P("a.home.line", "Thôn 5"),
                                         P("a.relation", "other") };
static const struct web_pair typed[] = { P("a.mother_name", "Thị Mơ"),
                                         P("a.mother_id", "070190900018") };

static struct str
answer(struct world *w, const char *path)
{
    const struct json *j = form_json_at(w->st.answers, str_of(path));
    return j == NULL ? STR_NULL : j->text;
}

static size_t
refill(struct world *w)
{
    return form_refill(w->cx, &w->st, &w->fe, NULL, 0);
}

static void
test_form_refill_condition_holds_takes_the_answers_with_their_source(void **state)
{
    struct world *w = *state;
    const struct form_source name = { STR("person.full_name"), STR("Điểu Lan"), false,
                                      STR("CSDL dân cư"), date_of(2026, 11, 20) };
    assert_true(form_is_refilled(w->st.form));
    assert_int_equal(form_prefill(w->cx, &w->st, &w->fe, &name, 1), 1); /* no relation yet */
    ASSERT_OK(w->cx, save(w, "nguoi-yeu-cau", mother, COUNT_OF(mother)));
    assert_int_equal(refill(w), 3);
    assert_int_equal(refill(w), 0);
    ASSERT_STR(answer(w, "mother_name"), "Điểu Lan");
    ASSERT_STR(answer(w, "mother_id"), "070199000123");
    ASSERT_STR(answer(w, "mother_home.line"), "Thôn 5");
    ASSERT_STR(form_source_text(w->cx, &w->st, STR("mother_name")), "CSDL dân cư, 20/11/2026");
    ASSERT_STR(form_source_text(w->cx, &w->st, STR("mother_id")), "điều đã khai ở trang trước");
}

static void
test_form_refill_condition_ends_empties_what_nobody_touched(void **state)
{
    struct world *w = *state;
    ASSERT_OK(w->cx, save(w, "nguoi-yeu-cau", mother, COUNT_OF(mother)));
    assert_int_equal(refill(w), 3);
    ASSERT_OK(w->cx, save(w, "nguoi-yeu-cau", other, COUNT_OF(other)));
    assert_int_equal(refill(w), 0);
    assert_null(answer(w, "mother_name").p);
    assert_null(answer(w, "mother_home.unit").p);
    ASSERT_OK(w->cx, save(w, "me", typed, COUNT_OF(typed)));
    ASSERT_OK(w->cx, save(w, "nguoi-yeu-cau", mother, COUNT_OF(mother)));
    assert_int_equal(refill(w), 0); /* the page was saved: it is the person's */
    ASSERT_STR(answer(w, "mother_name"), "Thị Mơ");
}

static void
test_form_lookup_question_wants_only_what_it_sends(void **state)
{
    struct world *w = *state;
    static const struct web_pair half[] = { P("a.mother_name", "Thị Mơ"),
                                            P("a.mother_id", "0701909000") };
    struct str question;
    (void)save(w, "me", half, COUNT_OF(half));
    w->cx->n_problems = 0;
    assert_int_equal(form_lookup_question(w->cx, &w->st, &w->fe, w->l, &question), ERR_INVALID);
    assert_int_equal(w->cx->n_problems, 1);
    ASSERT_STR(w->cx->problems[0].field, "a.mother_id");
    ASSERT_OK(w->cx, save(w, "me", typed, COUNT_OF(typed)));
    ASSERT_OK(w->cx, form_lookup_question(w->cx, &w->st, &w->fe, w->l, &question));
    ASSERT_STR(question, "{\"personal_id\":\"070190900018\",\"full_name\":\"Thị Mơ\"}");
}

static void
test_form_lookup_take_found_fills_and_ends_with_the_answers(void **state)
{
    struct world *w = *state;
    struct form_looked found = { STR("found"), STR("CSDL dân cư"), date_of(2026, 11, 22) };
    static const char reply[] =
        "{\"state\":\"active\",\"ethnicity\":\"S'tiêng\",\"unit\":\"25405\","
        "\"address\":\"Sóc Bom Bo\"}";
    ASSERT_OK(w->cx, save(w, "me", typed, COUNT_OF(typed)));
    assert_null(form_lookup_state(w->cx, &w->st, w->l).state.p);
    assert_int_equal(form_lookup_take(w->cx, &w->st, &w->fe, w->l, found, str_of(reply)), 3);
    ASSERT_STR(answer(w, "mother_ethnicity"), "52"); /* the code of the list */
    ASSERT_STR(answer(w, "mother_home.line"), "Sóc Bom Bo");
    struct form_state again;
    struct str draft = form_state_save(w->cx, &w->st);
    ASSERT_OK(w->cx, form_state_load(w->cx, w->st.form, draft, &again));
    ASSERT_STR(form_lookup_state(w->cx, &again, w->l).state, "found");
    form_json_put(w->cx->arena, again.answers, STR("mother_name"),
                  form_json_str(w->cx->arena, STR("Thị Khác")));
    assert_null(form_lookup_state(w->cx, &again, w->l).state.p); /* it told of somebody else */
}

static void
test_form_lookup_take_unexpected_reply_is_no_match(void **state)
{
    struct world *w = *state;
    struct form_looked found = { STR("found"), STR("CSDL"), date_of(2026, 11, 22) };
    ASSERT_OK(w->cx, save(w, "me", typed, COUNT_OF(typed)));
    assert_int_equal(form_lookup_take(w->cx, &w->st, &w->fe, w->l, found,
                                      STR("{\"state\":\"closed\",\"ethnicity\":\"S'tiêng\"}")),
                     0);
    ASSERT_STR(form_lookup_state(w->cx, &w->st, w->l).state, "unmatched");
    assert_null(answer(w, "mother_ethnicity").p);
    (void)form_lookup_take(w->cx, &w->st, &w->fe, w->l, found, STR("not JSON"));
    ASSERT_STR(form_lookup_state(w->cx, &w->st, w->l).state, "unmatched");
}

static void
test_form_lookup_page_has_a_button_that_needs_no_script(void **state)
{
    struct world *w = *state;
    struct buf b = buf_new(w->cx->arena, 1u << 20);
    struct form_links links = { .lookup = STR("/tra/{id}") };
    form_render_page(w->cx, &w->st, form_page_find(w->st.form, STR("me")), &w->fe, &links, &b);
    struct str html = buf_str(&b);
    assert_true(str_find(html, STR("formaction=\"/tra/me\"")) < html.n);
    assert_true(str_find(html, STR("Người đó sẽ thấy.")) < html.n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_form_refill_condition_holds_takes_the_answers_with_their_source, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_form_refill_condition_ends_empties_what_nobody_touched,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form_lookup_question_wants_only_what_it_sends, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_form_lookup_take_found_fills_and_ends_with_the_answers,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form_lookup_take_unexpected_reply_is_no_match, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_form_lookup_page_has_a_button_that_needs_no_script,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
