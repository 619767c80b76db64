/* test_procedure.c: the real catalogue is without fault; fees and papers of a case; faults are
 * told. */
#include "engine/procedure/procedure_int.h"
#include "lib/harness.h"

static pack_part_fn *const parts[] = { pack_part_site, unit_pack_part, calendar_pack_part,
                                       procedure_pack_part };

static struct test_env *
open_real(struct pack **ret)
{
    struct test_env *env = test_env_new();
    struct pack_fault *faults = NULL;
    size_t n = 0;
    ASSERT_OK(env->cx, pack_read_dir(env->cx, STR("packs/binh-phuoc"), parts, COUNT_OF(parts), ret,
                                     &faults, &n));
    struct buf out = buf_new(env->cx->arena, 1000000);
    pack_check_print(&out, faults, n);
    if (n != 0) {
        fail_msg(STR_FMT, STR_ARG(buf_str(&out)));
    }
    env->cx->pack = *ret;
    return env;
}

static int64_t
total(struct ctx *cx, const char *code, struct procedure_case c)
{
    struct procedure_bill bill;
    const struct procedure *p = procedure_at(cx, str_of(code), date_of(2026, 11, 22));
    assert_non_null(p);
    procedure_bill(cx, p, &c, &bill);
    return bill.total_vnd;
}

static void
test_bill_tiers_maximum_and_copies(void **state)
{
    (void)state;
    struct pack *p = NULL;
    struct test_env *env = open_real(&p);
    struct ctx *cx = env->cx;
    /* 2,000 for each of the first two pages, 1,000 from the third, at most 200,000 a copy. */
    assert_int_equal(total(cx, "2.000815", (struct procedure_case){ .n_pages = 1 }), 2000);
    assert_int_equal(total(cx, "2.000815", (struct procedure_case){ .n_pages = 3 }), 5000);
    assert_int_equal(total(cx, "2.000815", (struct procedure_case){ .n_pages = 3, .n_copies = 4 }),
                     20000);
    assert_int_equal(
        total(cx, "2.000815", (struct procedure_case){ .n_pages = 1000, .n_copies = 2 }), 400000);
    /* Residence: cheaper online. */
    assert_int_equal(total(cx, "1.004222", (struct procedure_case){ 0 }), 20000);
    assert_int_equal(total(cx, "1.004222", (struct procedure_case){ .is_online = true }), 10000);
    pack_free(p);
    test_env_free(env);
}

static void
test_papers_only_those_of_the_case(void **state)
{
    (void)state;
    struct pack *p = NULL;
    struct test_env *env = open_real(&p);
    struct ctx *cx = env->cx;
    const struct procedure *pr = procedure_at(cx, STR("1.004873"), date_of(2026, 11, 22));
    struct expr_var vars[] = { { STR("marital_history"), expr_of_str(STR("divorced")) } };
    struct expr_scope scope = { .vars = vars, .n_vars = 1 };
    struct procedure_case c = { .answers = &scope };
    const struct procedure_paper *const *v = NULL;
    size_t n = procedure_papers(cx, pr, &c, &v);
    bool has_divorce = false;
    for (size_t i = 0; i < n; i++) {
        has_divorce = has_divorce || str_eq(v[i]->id, STR("ly-hon"));
        assert_false(str_eq(v[i]->id, STR("khai-tu-vo-chong")));
    }
    assert_true(has_divorce);
    pack_free(p);
    test_env_free(env);
}

static void
test_list_pages_by_key_and_filters(void **state)
{
    (void)state;
    struct pack *p = NULL;
    struct test_env *env = open_real(&p);
    struct ctx *cx = env->cx;
    struct date on = date_of(2026, 11, 22);
    struct procedure_filter any = { 0 };
    struct str after = STR_NULL;
    size_t seen = 0;
    const struct procedure *const *v = NULL;
    for (size_t n = 0; (n = procedure_list(cx, &any, on, after, 7, &v)) > 0;) {
        seen += n;
        after = v[n - 1]->code;
    }
    assert_int_equal(seen, procedure_count(cx, &any, on));
    assert_true(seen >= 60);
    struct procedure_filter f = { .life_event = STR("ket-hon") };
    assert_true(procedure_count(cx, &f, on) > 0 && procedure_count(cx, &f, on) < seen);
    assert_null(procedure_at(cx, STR("9.999999"), on));
    assert_true(procedure_fees_text(cx, procedure_at(cx, STR("2.000815"), on)).n > 0);
    const struct unit *u = NULL;
    const struct procedure *pr = procedure_at(cx, STR("1.004873"), on);
    ASSERT_OK(cx, unit_competent(cx, procedure_decides_on(pr, on), STR("25195"), on, &u));
    ASSERT_STR(u->name.vi, "Phường Bình Phước");
    pack_free(p);
    test_env_free(env);
}

static void
test_pack_faults_name_line_and_remedy(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    struct pack_file files[] = {
        { STR("procedures/fields.csv"), STR("code,name_vi,name_en\nho-tich,Hộ tịch,Civil\n") },
        { STR("procedures/a.json"),
          STR("{\"code\": \"1.1\",\n\"name\": {\"vi\": \"A\"},\n\"field\": \"sai\",\n"
              "\"audience\": [\"nobody\"],\n\"decides\": {\"level\": \"xa\"},\n\"online\": "
              "\"yes\",\n"
              "\"fees\": [{\"id\": \"f\", \"name\": {\"vi\": \"F\"},\n\"per\": \"day\", \"when\": "
              "\"a = = 1\"}],\n"
              "\"time\": {\"amount\": 1, \"unit\": \"week\"},\n\"result\": {\"name\": {\"vi\": "
              "\"R\"}, \"template\": \"t\"},\n"
              "\"form\": \"khong-co\", \"foo\": 1}\n") },
    };
    pack_part_fn *const only[] = { procedure_pack_part };
    ASSERT_OK(env->cx, pack_read_files(env->cx, files, COUNT_OF(files), only, 1, &p, &faults, &n));
    static const uint32_t lines[] = { 3, 4, 5, 6, 8, 9, 10, 11 };
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        bool is_found = false;
        for (size_t k = 0; k < n; k++) {
            is_found = is_found || faults[k].line == lines[i];
            assert_true(faults[k].remedy.n > 0);
        }
        if (!is_found) {
            fail_msg("no fault for line %u", lines[i]);
        }
    }
    pack_free(p);
    test_env_free(env);
}

/* A copy of what is compared, changed by hand: everything else is the real catalogue. */
static const struct procedure_change *
change_find(const struct procedure_change *v, size_t n, const char *code)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].code, str_of(code))) {
            return &v[i];
        }
    }
    return NULL;
}

static bool
has(struct str s, struct str part)
{
    return str_find(s, part) != s.n;
}

static void
test_compare_tells_fees_time_papers_added_and_removed(void **state)
{
    (void)state;
    struct pack *p = NULL;
    struct test_env *env = open_real(&p);
    struct ctx *cx = env->cx;
    struct procedure_change *v = NULL;
    assert_int_equal(procedure_compare(cx, p, p, &v), 0);

    const struct procedures *all = procedures_of(p);
    struct procedures fewer = *all;
    const struct procedure **by_code = ARENA_ARRAY(cx->arena, const struct procedure *, all->n);
    struct procedure changed = *procedure_at(cx, STR("2.000815"), date_of(2026, 11, 22));
    struct procedure_fee *fees = ARENA_ARRAY(cx->arena, struct procedure_fee, changed.n_fees);
    memcpy(fees, changed.fees, changed.n_fees * sizeof(*fees));
    fees[0].max_vnd += 1000;
    changed.fees = fees;
    changed.time.amount += 2;
    changed.n_papers--;
    struct str removed = all->by_code[0]->code;
    fewer.n = 0;
    for (size_t i = 1; i < all->n; i++) {
        bool is_it = str_eq(all->by_code[i]->code, changed.code);
        by_code[fewer.n++] = is_it ? &changed : all->by_code[i];
    }
    fewer.by_code = by_code;
    struct pack other = *p;
    other.slot[PACK_PROCEDURES] = &fewer;

    size_t n = procedure_compare(cx, p, &other, &v);
    assert_int_equal(n, 2);
    assert_int_equal(change_find(v, n, str_z(cx->arena, removed))->kind, '-');
    const struct procedure_change *c = change_find(v, n, "2.000815");
    assert_int_equal(c->kind, '*');
    assert_true(has(c->what, STR("201.000")));
    assert_true(has(c->what, STR("Thời hạn: ")));
    assert_true(has(c->what, STR("Bỏ giấy tờ: ")));
    n = procedure_compare(cx, &other, p, &v);
    assert_int_equal(n, 2);
    assert_int_equal(change_find(v, n, str_z(cx->arena, removed))->kind, '+');
    assert_true(has(change_find(v, n, "2.000815")->what, STR("Thêm giấy tờ: ")));
    pack_free(p);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bill_tiers_maximum_and_copies),
        cmocka_unit_test(test_papers_only_those_of_the_case),
        cmocka_unit_test(test_list_pages_by_key_and_filters),
        cmocka_unit_test(test_pack_faults_name_line_and_remedy),
        cmocka_unit_test(test_compare_tells_fees_time_papers_added_and_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
