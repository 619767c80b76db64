/* Tests of filling a store that nobody uses. */
#include "lib/harness.h"
#include "store/bulk.h"

static struct store_value
i64(int64_t i)
{
    return (struct store_value){ .kind = STORE_VALUE_I64, .i = i };
}

static struct store_value
str(const char *z)
{
    return (struct store_value){ .kind = STORE_VALUE_STR, .s = str_of(z) };
}

static struct store_bulk *
open_bulk(struct test_env *env)
{
    struct store_bulk *b = NULL;
    store_close(env->cx->store);
    env->cx->store = NULL;
    ASSERT_OK(env->cx, store_bulk_open(env->cx, env->store_config.url, &b));
    return b;
}

static enum err
put_party(struct test_env *env, struct store_bulk *b, int64_t id, const char *personal)
{
    const struct store_table *t = store_bulk_table(b, "party");
    struct store_value v[64] = { 0 };
    for (uint32_t i = 0; i < t->n; i++) {
        v[i] = str("x");
    }
    v[0] = i64(id);
    v[store_bulk_column(t, "version")] = i64(1);
    v[store_bulk_column(t, "merged_into")] = (struct store_value){ .kind = STORE_VALUE_NULL };
    v[store_bulk_column(t, "tax_code")] = (struct store_value){ .kind = STORE_VALUE_NULL };
    v[store_bulk_column(t, "personal_id")] = str(personal);
    return store_bulk_put(env->cx, b, t, v);
}

static void
test_bulk_end_rows_are_there_indexes_again_ids_go_on(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY(); /* bulk loading fills an SQLite file */
    struct test_env *env = test_env_new();
    const char *indexes = "SELECT count(*) FROM sqlite_schema WHERE type = 'index'";
    int64_t n_indexes = test_i64(env->cx, indexes);
    int64_t last = store_new_id(env->cx) + 1000000000000;
    struct store_bulk *b = open_bulk(env);
    ASSERT_OK(env->cx, store_bulk_begin(env->cx, b));
    ASSERT_OK(env->cx, put_party(env, b, last, "070190000001"));
    ASSERT_OK(env->cx, store_bulk_end(env->cx, b, last));
    store_bulk_close(b);
    ASSERT_OK(env->cx, store_open(env->cx, &env->store_config, &env->cx->store));
    assert_int_equal(test_i64(env->cx, "SELECT id FROM party WHERE personal_id = '070190000001'"),
                     last);
    assert_int_equal(test_i64(env->cx, indexes), n_indexes);
    assert_true(store_new_id(env->cx) > last);
    ASSERT_OK(env->cx, test_sql(env->cx, "UPDATE party SET name = 'y'"));
    test_env_free(env);
}

static void
test_bulk_end_two_rows_with_one_key_is_a_conflict_and_the_store_is_refused(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY(); /* bulk loading fills an SQLite file */
    struct test_env *env = test_env_new();
    struct store_bulk *b = open_bulk(env);
    ASSERT_OK(env->cx, store_bulk_begin(env->cx, b));
    ASSERT_OK(env->cx, put_party(env, b, 1, "070190000001"));
    ASSERT_OK(env->cx, put_party(env, b, 2, "070190000001"));
    assert_int_equal(store_bulk_end(env->cx, b, 2), ERR_CONFLICT);
    store_bulk_close(b);
    assert_int_equal(store_open(env->cx, &env->store_config, &env->cx->store), ERR_UNSUPPORTED);
    test_env_free(env);
}

static void
test_bulk_broken_off_store_is_refused(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY(); /* bulk loading fills an SQLite file */
    struct test_env *env = test_env_new();
    struct store_bulk *b = open_bulk(env);
    ASSERT_OK(env->cx, store_bulk_begin(env->cx, b));
    ASSERT_OK(env->cx, put_party(env, b, 1, "070190000001"));
    store_bulk_close(b);
    assert_int_equal(store_open(env->cx, &env->store_config, &env->cx->store), ERR_UNSUPPORTED);
    assert_non_null(strstr(env->cx->err.text, "bulk load"));
    assert_int_equal(store_bulk_open(env->cx, env->store_config.url, &b), ERR_UNSUPPORTED);
    test_env_free(env);
}

static void
test_bulk_open_store_in_use_is_busy(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY(); /* bulk loading fills an SQLite file */
    struct test_env *env = test_env_new();
    struct store_bulk *b = NULL;
    assert_int_equal(store_bulk_open(env->cx, env->store_config.url, &b), ERR_BUSY);
    assert_int_equal(store_bulk_open(env->cx, STR("postgres://x"), &b), ERR_UNSUPPORTED);
    test_env_free(env);
}

struct seen {
    int64_t id;
    size_t n;
};

static enum err
see(struct ctx *cx UNUSED, const struct store_value *v, void *arg)
{
    struct seen *s = arg;
    s->id = v[0].i;
    s->n++;
    return ERR_OK;
}

static void
test_bulk_each_gives_rows_by_a_column_or_all(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY(); /* bulk loading fills an SQLite file */
    struct test_env *env = test_env_new();
    ASSERT_OK(env->cx, test_sql(env->cx, "INSERT INTO unit_counter VALUES ('a', 7), ('b', 8)"));
    struct store_bulk *b = open_bulk(env);
    const struct store_table *t = store_bulk_table(b, "unit_counter");
    struct seen s = { 0 };
    struct store_value key = i64(8);
    ASSERT_OK(env->cx, store_bulk_look_by(env->cx, b, t, "n"));
    ASSERT_OK(env->cx, store_bulk_each(env->cx, b, t, NULL, NULL, see, &s));
    assert_int_equal(s.n, 2);
    ASSERT_OK(env->cx, store_bulk_each(env->cx, b, t, "n", &key, see, &s));
    assert_int_equal(s.n, 3);
    assert_null(store_bulk_table(b, "no_such_table"));
    store_bulk_close(b);
    ASSERT_OK(env->cx, store_open(env->cx, &env->store_config, &env->cx->store));
    assert_int_equal(
        test_i64(env->cx, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'bulk_%'"), 0);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bulk_end_rows_are_there_indexes_again_ids_go_on),
        cmocka_unit_test(
            test_bulk_end_two_rows_with_one_key_is_a_conflict_and_the_store_is_refused),
        cmocka_unit_test(test_bulk_broken_off_store_is_refused),
        cmocka_unit_test(test_bulk_open_store_in_use_is_busy),
        cmocka_unit_test(test_bulk_each_gives_rows_by_a_column_or_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
