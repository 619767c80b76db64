/* Tests of forms: loading, filling, rules, prefill, pages. Test pack: test/data/formflow. */
#include "lib/harness.h"

#include "engine/form/form_int.h"

struct world {
    struct test_env *env;
    struct ctx *cx;
    struct pack *pack;
    struct form_env fe;
    struct form_state st;
};

static size_t
on_choices(struct ctx *cx, void *arg, struct str kind, const struct form_choice **ret)
{
    static const struct form_choice communes[] = { { STR_INIT("25195"),
                                                     STR_INIT("Phường Bình Phước") },
                                                   { STR_INIT("25405"), STR_INIT("Xã Bom Bo") } };
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
    for (size_t i = 0; i < n; i++) {
        fail_msg("%.*s:%u %.*s", STR_ARG(faults[i].file), faults[i].line, STR_ARG(faults[i].what));
    }
    w->fe = (struct form_env){ .today = date_of(2026, 11, 22), .choices = on_choices };
    const struct form *f = form_find(w->pack, STR("hon-nhan"));
    assert_non_null(f);
    ASSERT_OK(w->cx, form_state_load(w->cx, f, STR_NULL, &w->st));
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
fill(struct world *w, const char *page, const struct web_pair *pairs, size_t n, bool *button)
{
    w->cx->n_problems = 0;
    return form_read_page(w->cx, &w->st, form_page_find(w->st.form, str_of(page)), &w->fe, pairs, n,
                          button);
}

static struct str
problem_of(struct world *w, const char *field)
{
    for (uint32_t i = 0; i < w->cx->n_problems; i++) {
        if (str_eq(w->cx->problems[i].field, str_of(field))) {
            return w->cx->problems[i].key;
        }
    }
    return STR_NULL;
}

#define P(name, value)                                                                             \
    {                                                                                              \
        STR_INIT(name), STR_INIT(value)                                                            \
    }

static const struct web_pair person[] = {
    P("a.full_name", " Điểu Lan "), P("a.birth_date-d", "2"),
    P("a.birth_date-m", "1"),       P("a.birth_date-y", "1999"),
    P("a.sex", "female"),           P("a.personal_id", "070 199 000 123"),
    P("a.ethnicity", "52"),         P("a.home.unit", "25405"),
    P("a.home.line", "Thôn 5"),
};
static const struct web_pair married[] = { P("a.marital_history", "never") };
static const struct web_pair wish[] = { P("a.copies", "2"),        P("a.income", "8.000.000"),
                                        P("a.uses", "marry"),      P("a.uses", "loan"),
                                        P("a.is_abroad", "false"), P("a.is_true", "1") };

static void
test_form_read_page_good_answers_are_typed_values(void **state)
{
    struct world *w = *state;
    bool button = false;
    ASSERT_OK(w->cx, fill(w, "nguoi-yeu-cau", person, COUNT_OF(person), &button));
    ASSERT_OK(w->cx, fill(w, "hon-nhan", married, COUNT_OF(married), &button));
    ASSERT_OK(w->cx, fill(w, "yeu-cau", wish, COUNT_OF(wish), &button));
    ASSERT_OK(w->cx, form_check(w->cx, &w->st, &w->fe));
    ASSERT_STR(
        form_answers_json(w->cx, &w->st),
        "{\"full_name\":\"Điểu "
        "Lan\",\"birth_date\":\"1999-01-02\",\"sex\":\"female\",\"personal_id\":\"070199000123\","
        "\"ethnicity\":\"52\",\"home\":{\"unit\":\"25405\",\"line\":\"Thôn "
        "5\"},\"marital_history\":\"never\",\"copies\":2,"
        "\"income\":8000000,\"uses\":[\"marry\",\"loan\"],\"is_abroad\":false,\"is_true\":true}");
    ASSERT_STR(form_answer_text(w->cx, &w->st, &w->fe, STR("birth_date")), "02/01/1999");
    ASSERT_STR(form_answer_text(w->cx, &w->st, &w->fe, STR("ethnicity")), "S'tiêng");
    ASSERT_STR(form_answer_text(w->cx, &w->st, &w->fe, STR("home.unit")), "Xã Bom Bo");
    assert_null(form_next_page(w->cx, &w->st, &w->fe, NULL));
}

static void
test_form_read_page_wrong_input_is_kept_and_told(void **state)
{
    struct world *w = *state;
    static const struct web_pair bad[] = {
        P("a.birth_date-d", "31"), P("a.birth_date-m", "2"),         P("a.birth_date-y", "2020"),
        P("a.sex", "male"),        P("a.personal_id", "0701990001"), P("a.ethnicity", "99"),
        P("a.phone", "123"),       P("a.home.unit", "other")
    };
    bool button = false;
    assert_int_equal(fill(w, "nguoi-yeu-cau", bad, COUNT_OF(bad), &button), ERR_INVALID);
    ASSERT_STR(problem_of(w, "a.full_name"), "form.problem.required");
    ASSERT_STR(problem_of(w, "a.birth_date"), "form.problem.date");
    ASSERT_STR(problem_of(w, "a.personal_id"), "form.problem.personal_id");
    ASSERT_STR(problem_of(w, "a.ethnicity"), "form.problem.choice");
    ASSERT_STR(problem_of(w, "a.phone"), "form.problem.phone");
    ASSERT_STR(problem_of(w, "a.home.other"), "form.problem.required");
    assert_null(problem_of(w, "a.home.unit").p);
    struct str draft = form_state_save(w->cx, &w->st);
    struct form_state again;
    ASSERT_OK(w->cx, form_state_load(w->cx, w->st.form, draft, &again));
    ASSERT_STR(json_text(again.wrong, "birth_date"), "31/2/2020");
    struct buf b = buf_new(w->cx->arena, 1u << 20);
    form_render_page(w->cx, &again, form_page_at(w->st.form, 0), &w->fe, &(struct form_links){ 0 },
                     &b);
    struct str html = buf_str(&b);
    assert_true(str_find(html, STR("name=\"a.birth_date-d\" value=\"31\"")) < html.n);
    assert_true(str_find(html, STR("0701990001")) < html.n);
    assert_true(str_find(html, STR("aria-invalid=\"true\"")) < html.n);
}

static void
test_form_read_page_number_not_agreeing_with_birth_is_told(void **state)
{
    struct world *w = *state;
    struct web_pair pairs[COUNT_OF(person)];
    bool button = false;
    memcpy(pairs, person, sizeof(person));
    pairs[4].value = STR("male");
    assert_int_equal(fill(w, "nguoi-yeu-cau", pairs, COUNT_OF(pairs), &button), ERR_INVALID);
    assert_int_equal(w->cx->n_problems, 1);
    ASSERT_STR(problem_of(w, "a.personal_id"), "form.problem.agrees");
}

static void
test_form_read_page_hidden_field_is_neither_asked_nor_kept(void **state)
{
    struct world *w = *state;
    static const struct web_pair divorced[] = { P("a.marital_history", "divorced") };
    static const struct web_pair ruled[] = { P("a.marital_history", "divorced"),
                                             P("a.divorce_ruling", "12/2020/QĐST") };
    static const struct web_pair never[] = { P("a.marital_history", "never"),
                                             P("a.divorce_ruling", "12/2020/QĐST") };
    bool button = false;
    assert_int_equal(fill(w, "hon-nhan", divorced, 1, &button), ERR_INVALID);
    ASSERT_STR(problem_of(w, "a.divorce_ruling"), "Ghi số và ngày của bản án ly hôn");
    ASSERT_OK(w->cx, fill(w, "hon-nhan", ruled, 2, &button));
    ASSERT_OK(w->cx, fill(w, "hon-nhan", never, 2, &button));
    ASSERT_STR(form_answers_json(w->cx, &w->st), "{\"marital_history\":\"never\"}");
}

static void
test_form_read_page_list_buttons_add_and_remove(void **state)
{
    struct world *w = *state;
    static const struct web_pair add[] = { P("a.marital_history", "never"),
                                           P("a.past_homes.0.place", "Huế"),
                                           P("a.past_homes.add", "1") };
    static const struct web_pair two[] = { P("a.marital_history", "never"),
                                           P("a.past_homes.0.place", "Huế"),
                                           P("a.past_homes.1.place", "Đà Lạt"),
                                           P("a.past_homes.1.since-d", "x"),
                                           P("a.past_homes.remove", "0") };
    static const struct web_pair blank[] = { P("a.marital_history", "never"),
                                             P("a.past_homes.0.place", "Đà Lạt"),
                                             P("a.past_homes.1.place", " ") };
    bool button = false;
    ASSERT_OK(w->cx, fill(w, "hon-nhan", add, COUNT_OF(add), &button));
    assert_true(button);
    ASSERT_STR(form_answers_json(w->cx, &w->st),
               "{\"marital_history\":\"never\",\"past_homes\":[{\"place\":\"Huế\"},{}]}");
    ASSERT_OK(w->cx, fill(w, "hon-nhan", two, COUNT_OF(two), &button));
    ASSERT_STR(form_answers_json(w->cx, &w->st),
               "{\"marital_history\":\"never\",\"past_homes\":[{\"place\":\"Đà Lạt\"}]}");
    ASSERT_STR(json_text(w->st.wrong, "past_homes.0.since"), "x//");
    button = false;
    ASSERT_OK(w->cx, fill(w, "hon-nhan", blank, COUNT_OF(blank), &button));
    assert_false(button);
    ASSERT_STR(form_answers_json(w->cx, &w->st),
               "{\"marital_history\":\"never\",\"past_homes\":[{\"place\":\"Đà Lạt\"}]}");
}

static void
test_form_check_rule_over_answers_is_told_at_its_field(void **state)
{
    struct world *w = *state;
    static const struct web_pair widowed[] = { P("a.marital_history", "widowed") };
    static const struct web_pair many[] = { P("a.copies", "5"), P("a.is_true", "1") };
    bool button = false;
    ASSERT_OK(w->cx, fill(w, "hon-nhan", widowed, 1, &button));
    assert_int_equal(fill(w, "yeu-cau", many, 2, &button), ERR_INVALID);
    ASSERT_STR(problem_of(w, "a.copies"), "Chỉ cấp nhiều nhất 2 bản");
    w->cx->n_problems = 0;
    assert_int_equal(form_check(w->cx, &w->st, &w->fe), ERR_INVALID);
    ASSERT_STR(problem_of(w, "a.home.unit"), "form.problem.choose");
}

static void
test_form_prefill_fills_marks_and_counts(void **state)
{
    struct world *w = *state;
    const struct date at = date_of(2026, 11, 22);
    const struct form_source sources[] = {
        { STR("person.full_name"), STR("Điểu Lan"), false, STR("CSDL dân cư"), at },
        { STR("person.birth_date"), STR("1999-01-02"), false, STR("CSDL dân cư"), at },
        { STR("person.sex"), STR("unknown"), false, STR("CSDL dân cư"), at },
        { STR("person.address"), STR("{\"unit\":\"25405\",\"line\":\"Thôn 5\"}"), true,
          STR("CSDL dân cư"), at },
    };
    struct form_counts before;
    struct form_counts after;
    bool button = false;
    form_count(w->cx, &w->st, &w->fe, &before);
    assert_int_equal(form_prefill(w->cx, &w->st, &w->fe, sources, COUNT_OF(sources)), 3);
    assert_int_equal(form_prefill(w->cx, &w->st, &w->fe, sources, COUNT_OF(sources)), 0);
    form_count(w->cx, &w->st, &w->fe, &after);
    assert_int_equal(before.n_typed - after.n_typed, 3); /* name, birth date, unit */
    struct buf b = buf_new(w->cx->arena, 1u << 20);
    form_render_page(w->cx, &w->st, form_page_at(w->st.form, 0), &w->fe,
                     &(struct form_links){ .contest = STR("/sai/{path}") }, &b);
    struct str html = buf_str(&b);
    assert_true(str_find(html, STR("Lấy từ CSDL dân cư, 22/11/2026.")) < html.n);
    assert_true(str_find(html, STR("href=\"/sai/full_name\"")) < html.n);
    struct web_pair changed[COUNT_OF(person)];
    memcpy(changed, person, sizeof(person));
    changed[0].value = STR("Điểu Lan Anh");
    ASSERT_OK(w->cx, fill(w, "nguoi-yeu-cau", changed, COUNT_OF(changed), &button));
    assert_null(json_get(w->st.marks, "full_name"));
    assert_non_null(json_get(w->st.marks, "birth_date"));
}

static void
test_form_sources_save_gives_the_same_marks_and_no_answers(void **state)
{
    struct world *w = *state;
    const struct date at = date_of(2026, 11, 22);
    const struct form_source sources[] = {
        { STR("person.full_name"), STR("Điểu Lan"), false, STR("CSDL dân cư"), at },
        { STR("person.birth_date"), STR("1999-01-02"), false, STR("CSDL dân cư"), at },
        { STR("person.sex"), STR("female"), false, STR("Tự khai"), at },
    };
    struct form_state kept;
    assert_int_equal(form_prefill(w->cx, &w->st, &w->fe, sources, COUNT_OF(sources)), 3);
    struct str saved = form_sources_save(w->cx, &w->st);
    assert_true(str_find(saved, STR("Điểu Lan")) == saved.n);
    size_t first = str_find(saved, STR("CSDL dân cư"));
    assert_true(first < saved.n);
    struct str rest = str_slice(saved, first + 1, saved.n);
    assert_true(str_find(rest, STR("CSDL dân cư")) == rest.n); /* named once */
    ASSERT_OK(w->cx, form_state_load(w->cx, w->st.form, saved, &kept));
    assert_true(json_equal(kept.marks, w->st.marks));
    assert_null(kept.answers->child);
    ASSERT_OK(w->cx, form_state_sources(w->cx, &kept, saved));
    assert_true(json_equal(kept.marks, w->st.marks));
}

static const struct form_row *
row_of(const struct form_row *rows, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(rows[i].path, str_of(path))) {
            return &rows[i];
        }
    }
    fail_msg("no row %s", path);
    return NULL;
}

static void
test_form_rows_against_tells_what_the_record_holds_instead(void **state)
{
    struct world *w = *state;
    const struct date at = date_of(2026, 11, 22);
    const struct str label = STR("CSDL dân cư");
    const struct form_source sources[] = {
        { STR("person.full_name"), STR("Điểu Hoa"), false, label, at },
        { STR("person.birth_date"), STR("1998-03-04"), false, label, at },
        { STR("person.sex"), STR("female"), false, label, at },
        { STR("person.personal_id"), STR("070198000456"), false, label, at },
        { STR("person.phone"), STR(""), false, label, at },
        { STR("person.address"), STR("{\"unit\":\"25195\",\"line\":\"thôn  5\"}"), true, label,
          at },
    };
    const struct form_known known = { sources, COUNT_OF(sources) };
    const struct form_known nothing = { NULL, 0 };
    struct form_row *rows = NULL;
    bool button = false;
    ASSERT_OK(w->cx, fill(w, "nguoi-yeu-cau", person, COUNT_OF(person), &button));
    struct str before = form_state_save(w->cx, &w->st);
    size_t n = form_rows_against(w->cx, &w->st, &w->fe, &known, &rows);
    ASSERT_STR(row_of(rows, n, "full_name")->value, "Điểu Lan");
    ASSERT_STR(row_of(rows, n, "full_name")->held, "Điểu Hoa");
    ASSERT_STR(row_of(rows, n, "birth_date")->held, "04/03/1998");
    ASSERT_STR(row_of(rows, n, "personal_id")->held, "070198000456");
    ASSERT_STR(row_of(rows, n, "home.unit")->held, "Phường Bình Phước");
    assert_null(row_of(rows, n, "home.line")->held.p); /* the same but for case and blanks */
    assert_null(row_of(rows, n, "sex")->held.p);
    assert_null(row_of(rows, n, "ethnicity")->held.p); /* the record does not know it */
    assert_true(str_eq(before, form_state_save(w->cx, &w->st)));
    n = form_rows_against(w->cx, &w->st, &w->fe, &nothing, &rows);
    for (size_t i = 0; i < n; i++) {
        assert_null(rows[i].held.p);
    }
}

static void
test_form_tasks_states_follow_the_filling(void **state)
{
    struct world *w = *state;
    struct form_task *t = NULL;
    bool button = false;
    assert_int_equal(form_tasks(w->cx, &w->st, &w->fe, &t), 3);
    assert_int_equal(t[0].state, FORM_NOT_STARTED);
    (void)fill(w, "nguoi-yeu-cau", person, 3, &button);
    ASSERT_OK(w->cx, fill(w, "hon-nhan", married, COUNT_OF(married), &button));
    (void)form_tasks(w->cx, &w->st, &w->fe, &t);
    assert_int_equal(t[0].state, FORM_IN_PROGRESS);
    assert_true(t[0].n_missing > 0);
    assert_int_equal(t[1].state, FORM_DONE);
    assert_int_equal(t[2].state, FORM_NOT_STARTED);
    const struct form_page *next =
        form_next_page(w->cx, &w->st, &w->fe, form_page_at(w->st.form, 0));
    ASSERT_STR(form_page_id(next), "yeu-cau");
    struct form_row *rows = NULL;
    size_t n = form_rows(w->cx, &w->st, &w->fe, &rows);
    assert_true(n > 3);
    ASSERT_STR(rows[0].label, "Họ và tên");
    ASSERT_STR(rows[0].value, "Điểu Lan");
}

static void
test_form_render_hostile_text_is_escaped(void **state)
{
    struct world *w = *state;
    static const struct web_pair bad[] = { P("a.full_name", "\"><script>alert('1')</script>") };
    bool button = false;
    (void)fill(w, "nguoi-yeu-cau", bad, 1, &button);
    struct buf b = buf_new(w->cx->arena, 1u << 20);
    form_render_page(w->cx, &w->st, form_page_at(w->st.form, 0), &w->fe, &(struct form_links){ 0 },
                     &b);
    struct str html = buf_str(&b);
    assert_true(html.n > 0);
    assert_int_equal(str_find(html, STR("<script")), html.n);
}

static void
test_form_read_json_whole_document_is_checked(void **state)
{
    struct world *w = *state;
    assert_int_equal(form_read_json(w->cx, &w->st, &w->fe, STR("[1]")), ERR_BAD_REQUEST);
    assert_int_equal(
        form_read_json(w->cx, &w->st, &w->fe, STR("{\"copies\":\"2\",\"surprise\":1}")),
        ERR_INVALID);
    ASSERT_STR(problem_of(w, "a.surprise"), "form.problem.unknown");
}

/* --- faults of a pack ------------------------------------------------------------------------- */

static void
test_form_pack_faulty_form_is_told(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *properties, *elements;
        size_t want;
    } rows[] = {
        { "\"a\":{\"type\":\"string\"}",
          "{\"type\":\"Control\",\"scope\":\"a\",\"label\":{\"vi\":\"A\"}}", 0 },
        { "\"a\":{\"type\":\"string\"}", "", 1 },
        { "\"a\":{\"type\":\"string\"}",
          "{\"type\":\"Control\",\"scope\":\"b\",\"label\":{\"vi\":\"A\"}}", 2 },
        { "\"a\":{\"type\":\"number\"}",
          "{\"type\":\"Control\",\"scope\":\"a\",\"label\":{\"vi\":\"A\"}}", 1 },
        { "\"a\":{\"type\":\"string\",\"enum\":[\"x\"]}",
          "{\"type\":\"Control\",\"scope\":\"a\",\"label\":{\"vi\":\"A\"}}", 1 },
        { "\"a\":{\"type\":\"string\",\"pattern\":\"x\"}",
          "{\"type\":\"Control\",\"scope\":\"a\",\"label\":{\"vi\":\"A\"}}", 1 },
        { "\"a\":{\"type\":\"string\",\"x-list\":\"none\"}",
          "{\"type\":\"Control\",\"scope\":\"a\",\"label\":{\"vi\":\"A\"}}", 1 },
        { "\"a\":{\"type\":\"string\"}",
          "{\"type\":\"Control\",\"scope\":\"a\",\"label\":{\"vi\":\"A\"},\"prefill\":\"mind."
          "reading\"}",
          1 },
        { "\"a\":{\"type\":\"string\"}",
          "{\"type\":\"Control\",\"scope\":\"a\",\"label\":{\"vi\":\"A\"},\"rule\":{\"effect\":"
          "\"SHOW\",\"when\":\"1 +\"}}",
          1 },
        { "\"a\":{\"type\":\"string\"}",
          "{\"type\":\"Control\",\"scope\":\"a\",\"label\":{\"vi\":\"A\"},\"widget\":\"date\"}",
          1 },
        { "\"a\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}}",
          "{\"type\":\"List\",\"scope\":\"a\",\"label\":{\"vi\":\"A\"},\"item\":{\"vi\":\"i\"},"
          "\"elements\":[]}",
          1 },
        { "\"a\":{\"type\":\"text\"}", "", 1 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pack_file file = {
            STR("forms/f.json"),
            str_fmt(w->cx->arena,
                    "{\"id\":\"f\",\"title\":{\"vi\":\"F\"},\"schema\":{\"type\":\"object\","
                    "\"properties\":{%s}},"
                    "\"pages\":[{\"id\":\"p\",\"title\":{\"vi\":\"P\"},\"elements\":[%s]}]}",
                    rows[i].properties, rows[i].elements)
        };
        struct pack *p = NULL;
        struct pack_fault *faults = NULL;
        size_t n = 0;
        enum err e = pack_read_files(w->cx, &file, 1, parts, 1, &p, &faults, &n);
        assert_true(e == ERR_OK || n > 0);
        pack_free(p);
        if (n != rows[i].want) {
            fail_msg("%s %s: %zu faults", rows[i].properties, rows[i].elements, n);
        }
    }
}

static void
test_form_pack_other_person_is_required_before_the_signature_or_not(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *rule;
        size_t n_faults;
        bool is_needed;
    } rows[] = { { "", 0, false },
                 { ",\"required_before\":\"signature\"", 0, true },
                 { ",\"required_before\":\"filing\"", 1, false },
                 { ",\"is_needed\":true", 1, false } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pack_file file = {
            STR("forms/f.json"),
            str_fmt(w->cx->arena,
                    "{\"id\":\"f\",\"title\":{\"vi\":\"F\"},\"schema\":{\"type\":\"object\","
                    "\"properties\":{\"a\":{\"type\":\"string\"}}},\"pages\":[{\"id\":\"p\","
                    "\"title\":{\"vi\":\"P\"},\"elements\":[{\"type\":\"Control\",\"scope\":\"a\","
                    "\"label\":{\"vi\":\"A\"}}]}],\"others\":[{\"id\":\"o\",\"name\":\"a\","
                    "\"personal_id\":\"a\",\"title\":{\"vi\":\"T\"},\"purpose\":{\"vi\":\"P\"},"
                    "\"basis\":{\"vi\":\"B\"}%s}]}",
                    rows[i].rule)
        };
        struct pack *p = NULL;
        struct pack_fault *faults = NULL;
        const struct form_other *others = NULL;
        size_t n = 0;
        enum err e = pack_read_files(w->cx, &file, 1, parts, 1, &p, &faults, &n);
        assert_int_equal(n, rows[i].n_faults);
        if (e == ERR_OK) {
            assert_int_equal(form_others(form_find(p, STR("f")), &others), 1);
            assert_int_equal(others[0].is_needed, rows[i].is_needed);
        }
        pack_free(p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_form_read_page_good_answers_are_typed_values, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_form_read_page_wrong_input_is_kept_and_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_form_read_page_number_not_agreeing_with_birth_is_told,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form_read_page_hidden_field_is_neither_asked_nor_kept,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form_read_page_list_buttons_add_and_remove, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_form_check_rule_over_answers_is_told_at_its_field,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form_sources_save_gives_the_same_marks_and_no_answers,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form_prefill_fills_marks_and_counts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_form_rows_against_tells_what_the_record_holds_instead,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_form_tasks_states_follow_the_filling, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_form_render_hostile_text_is_escaped, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_form_read_json_whole_document_is_checked, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_form_pack_faulty_form_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_form_pack_other_person_is_required_before_the_signature_or_not, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
