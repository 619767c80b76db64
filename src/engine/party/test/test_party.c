/* Numbers, masks, merging. */
#include "engine/party/party.h"

#include "lib/harness.h"

static enum err
add_tx(struct ctx *cx, void *arg)
{
    return party_add(cx, arg);
}

static enum err
add(struct ctx *cx, struct party *p, const char *name, const char *number)
{
    *p = (struct party){ .kind = STR("person"),
                         .name = str_of(name),
                         .personal_id = str_of(number),
                         .unit = STR("25405"),
                         .source = STR("counter") };
    return store_write(cx, add_tx, p);
}

static enum err
add_born(struct ctx *cx, struct party *p, const char *name, const char *number, const char *born)
{
    *p = (struct party){ .kind = STR("person"),
                         .name = str_of(name),
                         .personal_id = str_of(number),
                         .birth_date = str_of(born),
                         .source = STR("counter") };
    return store_write(cx, add_tx, p);
}

struct pair {
    int64_t id, into;
};

static enum err
merge_tx(struct ctx *cx, void *arg)
{
    const struct pair *p = arg;
    return party_merge(cx, p->id, p->into);
}

static enum err
merge(struct ctx *cx, int64_t id, int64_t into)
{
    struct pair p = { id, into };
    return store_write(cx, merge_tx, &p);
}

static void
test_party_add_same_number_is_conflict(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct party a;
    struct party b;
    ASSERT_OK(cx, add(cx, &a, "Thị Mơ", "070190000018"));
    assert_int_equal(add(cx, &b, "Thị Mơ", "070190000018"), ERR_CONFLICT);
}

static void
test_party_merge_fills_the_survivor_and_leads_to_it(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct party a;
    struct party b;
    struct party c;
    struct party got;
    ASSERT_OK(cx, add(cx, &a, "Thị Mơ", ""));
    ASSERT_OK(cx, add(cx, &b, "Thị Mơ", "070190000018"));
    ASSERT_OK(cx, add(cx, &c, "Thị Mơ", ""));
    ASSERT_OK(cx, merge(cx, b.id, a.id));
    ASSERT_OK(cx, merge(cx, a.id, c.id));
    ASSERT_OK(cx, party_by_personal_id(cx, STR("070190000018"), &got));
    assert_int_equal(got.id, c.id);
    ASSERT_OK(cx, party_get(cx, b.id, &got));
    assert_int_equal(got.id, c.id);
    assert_int_equal(
        test_i64(cx, "SELECT COUNT(DISTINCT merged_into) FROM party WHERE merged_into IS NOT NULL"),
        1);
}

static size_t
n_doubles(struct ctx *cx)
{
    struct party_double *v = NULL;
    size_t n = 0;
    ASSERT_OK(cx, party_doubles(cx, &v, &n));
    return n;
}

static enum err
save_tx(struct ctx *cx, void *arg)
{
    return party_save(cx, arg);
}

static void
test_party_doubles_follow_what_is_written(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct party_double *v = NULL;
    struct party p[4];
    size_t n = 0;
    ASSERT_OK(cx, add_born(cx, &p[0], "Thị Mơ", "", "1990-05-02"));
    ASSERT_OK(cx, add_born(cx, &p[1], "Thị Mơ", "", "1990-05-03"));
    assert_int_equal(n_doubles(cx), 0);
    ASSERT_OK(cx, add_born(cx, &p[2], "Thi Mơ", "070190000018", "1990-05-02"));
    ASSERT_OK(cx, party_doubles(cx, &v, &n));
    assert_int_equal(n, 1);
    assert_int_equal(v[0].keep.id, p[2].id);
    assert_int_equal(v[0].gone.id, p[0].id);
    /* two numbers among three: nobody can say who the first is */
    ASSERT_OK(cx, add_born(cx, &p[3], "Thị Mơ", "070190000019", "1990-05-02"));
    assert_int_equal(n_doubles(cx), 0);
    /* corrected, it is another name's double */
    p[3].birth_date = STR("1990-05-03");
    ASSERT_OK(cx, store_write(cx, save_tx, &p[3]));
    assert_int_equal(n_doubles(cx), 2);
    ASSERT_OK(cx, merge(cx, p[0].id, p[2].id));
    assert_int_equal(n_doubles(cx), 1);
    ASSERT_OK(cx, merge(cx, p[3].id, p[1].id));
    assert_int_equal(n_doubles(cx), 0);
    assert_int_equal(test_i64(cx, "SELECT COUNT(*) FROM party_double"), 0);
}

static void
test_party_merge_two_numbers_is_refused(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct party a;
    struct party b;
    ASSERT_OK(cx, add(cx, &a, "Thị Mơ", "070190000018"));
    ASSERT_OK(cx, add(cx, &b, "Thị Mơ", "070190000019"));
    assert_int_equal(merge(cx, a.id, b.id), ERR_INVALID);
    assert_int_equal(merge(cx, a.id, a.id), ERR_INVALID);
}

static void
test_party_merge_twice_is_conflict(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct party a;
    struct party b;
    ASSERT_OK(cx, add(cx, &a, "Thị Mơ", ""));
    ASSERT_OK(cx, add(cx, &b, "Thị Mơ", ""));
    ASSERT_OK(cx, merge(cx, a.id, b.id));
    assert_int_equal(merge(cx, a.id, b.id), ERR_CONFLICT);
}

static void
test_party_find_without_marks_finds(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct party a;
    struct party *v = NULL;
    size_t n = 0;
    ASSERT_OK(cx, add(cx, &a, "Điểu Thị Sréy", ""));
    ASSERT_OK(cx, party_find(cx, STR("25405"), STR("dieu thi"), &v, &n));
    assert_int_equal(n, 1);
    ASSERT_OK(cx, party_find(cx, STR("25402"), STR("dieu thi"), &v, &n));
    assert_int_equal(n, 0);
}

static void
test_party_mask_hides_all_but_beginnings(void **state)
{
    struct arena *a = ((struct test_env *)*state)->cx->arena;
    ASSERT_STR(party_mask_name(a, STR("Nguyễn Thị Ánh")), "Nguyễn T*** Á***");
    ASSERT_STR(party_mask_name(a, STR("Sréy")), "S***");
    ASSERT_STR(party_mask_id(a, STR("070190000018")), "070*****0018");
}

static void
test_party_check_numbers_each_fault_is_named(void **state)
{
    (void)state;
    assert_null(party_check_personal_id(STR("070190000018"), STR("female"), STR("1990-03-08")));
    assert_string_equal(party_check_personal_id(STR("07019000001"), STR_NULL, STR_NULL),
                        "party.id_length");
    assert_string_equal(party_check_personal_id(STR("07019000001x"), STR_NULL, STR_NULL),
                        "party.id_digits");
    assert_string_equal(party_check_personal_id(STR("999190000018"), STR_NULL, STR_NULL),
                        "party.id_place");
    assert_string_equal(party_check_personal_id(STR("070190000018"), STR("male"), STR_NULL),
                        "party.id_sex");
    assert_string_equal(party_check_personal_id(STR("070190000018"), STR_NULL, STR("1991-03-08")),
                        "party.id_birth");
    assert_null(party_check_tax_code(STR("0100109106")));
    assert_null(party_check_tax_code(STR("0100109106-001")));
    assert_string_equal(party_check_tax_code(STR("0100109107")), "party.tax_check");
    assert_string_equal(party_check_tax_code(STR("01001091")), "party.tax_length");
}

/* Corrects one field of a copy; returns what is kept then, or the text key that says why not. */
static struct str
corrected(struct arena *a, const struct party *p, const char *field, const char *wanted)
{
    struct party copy = *p;
    const char *wrong =
        party_correct(a, &copy, str_of(field), str_of(wanted), date_of(2026, 11, 22));
    struct str before = party_field(p, str_of(field));
    struct str after = party_field(&copy, str_of(field));
    assert_true(wrong == NULL || after.p == NULL || str_eq(before, after));
    return wrong == NULL ? after : str_of(wrong);
}

static void
test_party_correct_takes_what_people_write_and_refuses_the_rest(void **state)
{
    struct arena *a = ((struct test_env *)*state)->cx->arena;
    struct party p = { .kind = STR("person"),
                       .name = STR("Thị Mơ"),
                       .personal_id = STR("070190000018"),
                       .birth_date = STR("1990-03-08"),
                       .sex = STR("female") };
    static const struct {
        const char *field, *wanted, *then;
    } cases[] = {
        { "name", "  Thị   Mơ ", "Thị Mơ" },
        { "name", "Thị M0", "party.wrong.name" },
        { "birth_date", "2/5/1990", "1990-05-02" },
        { "birth_date", "1990-05-02", "1990-05-02" },
        { "birth_date", "30/02/1990", "party.wrong.birth_date" },
        { "birth_date", "23/11/2026", "party.wrong.birth_date" },
        { "birth_date", "02/05/1991", "party.id_birth" },
        { "sex", "NỮ", "female" },
        { "sex", "nam", "party.id_sex" },
        { "sex", "x", "party.wrong.sex" },
        { "ethnicity", "S’tiêng", "S’tiêng" },
        { "ethnicity", "12", "party.wrong.words" },
        { "address", "Thôn 3, số 12", "Thôn 3, số 12" },
        { "address", " ", "party.wrong.address" },
        { "phone", "0912 345 679", "0912345679" },
        { "phone", "+84912345679", "0912345679" },
        { "phone", "09123456790123456", "party.wrong.phone" },
        { "phone", "113", "party.wrong.phone" },
        { "email", "mo@vi-du.vn", "mo@vi-du.vn" },
        { "email", "mo at vi-du.vn", "party.wrong.email" },
        { "personal_id", "070190000019", "party.wrong.field" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str then = corrected(a, &p, cases[i].field, cases[i].wanted);
        assert_string_equal(str_z(a, then), cases[i].then);
    }
    p.kind = STR("org");
    ASSERT_STR(corrected(a, &p, "name", "Công ty TNHH 2 Sao"), "Công ty TNHH 2 Sao");
    ASSERT_STR(corrected(a, &p, "sex", "nữ"), "party.wrong.field");
}

static enum err
ask_tx(struct ctx *cx, void *arg)
{
    const struct party *p = arg;
    return party_correction_ask(cx, p->id, STR("address"), STR("Thôn 4"), STR("Sổ"));
}

static enum err
answer_tx(struct ctx *cx, void *arg)
{
    return party_correction_answer(cx, arg, 1);
}

static void
test_party_correction_answer_keeps_what_was_replaced_once(void **state)
{
    struct ctx *cx = ((struct test_env *)*state)->cx;
    struct party p;
    struct party_correction *v = NULL;
    struct party_correction c;
    size_t n = 0;
    ASSERT_OK(cx, add(cx, &p, "Thị Mơ", ""));
    ASSERT_OK(cx, store_write(cx, ask_tx, &p));
    ASSERT_OK(cx, party_corrections_open(cx, 0, &v, &n));
    assert_int_equal(n, 1);
    ASSERT_OK(cx, party_correction_get(cx, v[0].id, &c));
    ASSERT_STR(c.state, "open");
    ASSERT_STR(c.wanted, "Thôn 4");
    c.state = STR("done");
    c.answer = STR("");
    c.held = STR("Thôn 1");
    c.written = STR("Thôn 4");
    ASSERT_OK(cx, store_write(cx, answer_tx, &c));
    assert_int_equal(store_write(cx, answer_tx, &c), ERR_CONFLICT);
    ASSERT_OK(cx, party_correction_get(cx, c.id, &c));
    ASSERT_STR(c.held, "Thôn 1");
    ASSERT_STR(c.written, "Thôn 4");
    assert_int_equal(party_correction_get(cx, 12, &c), ERR_NOT_FOUND);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, test_env_set_up, test_env_tear_down)
    const struct CMUnitTest tests[] = {
        T(test_party_add_same_number_is_conflict),
        T(test_party_merge_fills_the_survivor_and_leads_to_it),
        T(test_party_doubles_follow_what_is_written),
        T(test_party_merge_two_numbers_is_refused),
        T(test_party_merge_twice_is_conflict),
        T(test_party_find_without_marks_finds),
        T(test_party_mask_hides_all_but_beginnings),
        T(test_party_check_numbers_each_fault_is_named),
        T(test_party_correct_takes_what_people_write_and_refuses_the_rest),
        T(test_party_correction_answer_keeps_what_was_replaced_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
