/* test_search.c: finding procedures by what people say, and the tokenizer of FTS5. */
#include "codec/csv.h"
#include "engine/search/search.h"
#include "lib/harness.h"

#include <sqlite3.h>

static pack_part_fn *const parts[] = { pack_part_site, unit_pack_part, calendar_pack_part,
                                       procedure_pack_part, search_pack_part };

static struct test_env *
open_real(struct pack **ret)
{
    struct test_env *env = test_env_new();
    struct pack_fault *faults = NULL;
    size_t n = 0;
    ASSERT_OK(env->cx, pack_read_dir(env->cx, STR("packs/binh-phuoc"), parts, COUNT_OF(parts), ret,
                                     &faults, &n));
    env->cx->pack = *ret;
    return env;
}

static bool
is_expected(struct str expected, struct str code)
{
    struct str rest = expected;
    struct str one;
    while (str_next(&rest, ';', &one)) {
        if (str_eq(str_trim(one), code)) {
            return true;
        }
    }
    return false;
}

static void
test_procedures_real_queries_right_one_among_first_three(void **state)
{
    (void)state;
    struct pack *p = NULL;
    struct test_env *env = open_real(&p);
    struct ctx *cx = env->cx;
    struct str bytes;
    struct csv_table t;
    uint32_t line = 0;
    const char *fault = NULL;
    ASSERT_OK(cx, sys_file_read(cx, STR("test/data/search-queries.csv"), 1 << 20, &bytes));
    ASSERT_OK(cx, csv_table(cx->arena, bytes, (struct csv_limits){ 0 }, &t, &line, &fault));
    assert_true(t.n_rows >= 220);
    size_t n_right = 0;
    for (size_t i = 0; i < t.n_rows; i++) {
        struct search_hits hits;
        struct str query = csv_field(&t, i, STR("query"));
        bool is_right = false;
        ASSERT_OK(cx, search_procedures(cx, query, NULL, 3, &hits));
        for (size_t k = 0; k < hits.n; k++) {
            is_right = is_right ||
                       is_expected(csv_field(&t, i, STR("expected")), hits.v[k].procedure->code);
        }
        n_right += is_right;
        if (!is_right) {
            print_message("missed: " STR_FMT " (" STR_FMT "), first " STR_FMT " %d\n",
                          STR_ARG(query), STR_ARG(csv_field(&t, i, STR("expected"))),
                          STR_ARG(hits.n > 0 ? hits.v[0].procedure->code : STR("none")),
                          hits.n > 0 ? hits.v[0].score : 0);
        }
    }
    print_message("right among the first three: %zu of %zu\n", n_right, t.n_rows);
    assert_true(n_right * 100 >= t.n_rows * 95);
    pack_free(p);
    test_env_free(env);
}

static void
test_procedures_code_empty_nonsense_and_filter(void **state)
{
    (void)state;
    struct pack *p = NULL;
    struct test_env *env = open_real(&p);
    struct ctx *cx = env->cx;
    struct search_hits hits;
    ASSERT_OK(cx, search_procedures(cx, STR("1.004873"), NULL, 10, &hits));
    ASSERT_STR(hits.v[0].procedure->code, "1.004873");
    ASSERT_OK(cx, search_procedures(cx, STR("  "), NULL, 10, &hits));
    assert_int_equal(hits.n, 10);
    assert_true(hits.n_total >= 60 && !hits.is_suggestion);
    ASSERT_OK(cx, search_procedures(cx, STR("zzzz qqqq wwww"), NULL, 10, &hits));
    assert_true(hits.n <= 3 && hits.is_suggestion);
    struct procedure_filter f = { .field = STR("ho-tich") };
    ASSERT_OK(cx, search_procedures(cx, STR("đăng ký"), &f, 100, &hits));
    for (size_t i = 0; i < hits.n; i++) {
        ASSERT_STR(hits.v[i].procedure->field->code, "ho-tich");
    }
    ASSERT_OK(cx, search_procedures(cx, STR("giấy khai xinh"), NULL, 3, &hits));
    assert_true(hits.corrected.p != NULL);
    struct str *names = NULL;
    assert_true(search_suggest(cx, STR("giay kh"), 5, &names) >= 1);
    pack_free(p);
    test_env_free(env);
}

static int64_t
n_matches(sqlite3 *db, struct arena *a, struct str query)
{
    sqlite3_stmt *st = NULL;
    struct str match = search_match(a, query);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT count(*) FROM t WHERE t MATCH ?1", -1, &st, NULL),
        SQLITE_OK);
    sqlite3_bind_text(st, 1, match.p, (int)match.n, SQLITE_TRANSIENT);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

static void
test_tokenizer_with_and_without_marks(void **state)
{
    (void)state;
    struct ctx cx = { .arena = arena_open(0) };
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    ASSERT_OK(&cx, search_on_connect(&cx, db));
    assert_int_equal(
        sqlite3_exec(db,
                     "CREATE VIRTUAL TABLE t USING fts5(name, tokenize = 'vi');"
                     "INSERT INTO t VALUES ('Nguyễn Thị Đào'), ('Nguyên Thi Dao'), ('Điểu K''Rứt')",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(n_matches(db, cx.arena, STR("nguyen")), 2);
    assert_int_equal(n_matches(db, cx.arena, STR("Nguyễn")), 1);
    assert_int_equal(n_matches(db, cx.arena, STR("thi dao")), 2);
    assert_int_equal(n_matches(db, cx.arena, STR("Đào")), 1);
    assert_int_equal(n_matches(db, cx.arena, STR("dieu k ru")), 1);
    assert_int_equal(n_matches(db, cx.arena, STR("\" OR name:* NEAR(")), 0);
    assert_null(search_match(cx.arena, STR(" \"*() ")).p);
    sqlite3_close(db);
    arena_close(cx.arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_procedures_real_queries_right_one_among_first_three),
        cmocka_unit_test(test_procedures_code_empty_nonsense_and_filter),
        cmocka_unit_test(test_tokenizer_with_and_without_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
