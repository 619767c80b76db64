/* Numbers, masks, merging. */
#include "engine/party/party.h"

#include "lib/harness.h"

static int
set_up(void **state)
{
    *state = test_env_new();
    return 0;
}

static int
tear_down(void **state)
{
    test_env_free(*state);
    return 0;
}

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

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_party_add_same_number_is_conflict),
        T(test_party_merge_fills_the_survivor_and_leads_to_it),
        T(test_party_merge_two_numbers_is_refused),
        T(test_party_merge_twice_is_conflict),
        T(test_party_find_without_marks_finds),
        T(test_party_mask_hides_all_but_beginnings),
        T(test_party_check_numbers_each_fault_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
