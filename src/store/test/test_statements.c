/* Every statement of the program against the real schema: it can be prepared, gives the columns it
 * declares, and reads no table from end to end unless it says why. */
#include "lib/harness.h"
#include "lib/plans.h"

#include <sqlite3.h>
#include <stdio.h>

/* A connection of our own on the environment's database, set up as the store does. */
static sqlite3 *
open_db(struct test_env *env)
{
    sqlite3 *db = NULL;
    struct str path = str_cat(env->cx->arena, env->data_dir, STR("/bombo.db"));
    assert_int_equal(sqlite3_open_v2(str_z(env->cx->arena, path), &db, SQLITE_OPEN_READWRITE, NULL),
                     SQLITE_OK);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    for (size_t i = 0; env->store_config.on_connect[i] != NULL; i++) {
        ASSERT_OK(env->cx, env->store_config.on_connect[i](env->cx, db));
    }
    return db;
}

static bool
check_stmt(sqlite3 *db, const struct store_stmt *st)
{
    sqlite3_stmt *s = NULL;
    bool is_good = false;
    if (sqlite3_prepare_v2(db, st->sqlite, -1, &s, NULL) != SQLITE_OK) {
        print_error("%s: %s\n", st->name, sqlite3_errmsg(db));
    } else if ((uint32_t)sqlite3_column_count(s) != st->n_out) {
        print_error("%s: the SQL gives %d columns, '-- out:' declares %u\n", st->name,
                    sqlite3_column_count(s), st->n_out);
    } else if ((uint32_t)sqlite3_bind_parameter_count(s) != st->n_in) {
        print_error("%s: the SQL has %d parameters, '-- in:' declares %u\n", st->name,
                    sqlite3_bind_parameter_count(s), st->n_in);
    } else if ((st->kind == STORE_MANY || st->kind == STORE_EACH) &&
               sqlite3_stmt_readonly(s) == 0) {
        print_error("%s: a list that writes\n", st->name);
    } else {
        is_good = true;
    }
    (void)sqlite3_finalize(s);
    return is_good;
}

static void
test_statements_prepare_with_declared_columns(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct test_env *env = test_env_new();
    sqlite3 *db = open_db(env);
    size_t n_bad = 0;
    for (size_t i = 0; i < store_n_stmts; i++) {
        assert_int_equal(store_all_stmts[i]->index, i);
        n_bad += check_stmt(db, store_all_stmts[i]) ? 0 : 1;
    }
    (void)sqlite3_close(db);
    test_env_free(env);
    assert_true(store_n_stmts > 0);
    assert_int_equal(n_bad, 0);
}

static void
test_statements_use_an_index_or_say_why_not(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct test_env *env = test_env_new();
    sqlite3 *db = open_db(env);
    size_t n_bad = 0;
    for (size_t i = 0; i < store_n_stmts; i++) {
        n_bad += plan_is_good(db, env->cx->arena, store_all_stmts[i], NULL) ? 0 : 1;
    }
    (void)sqlite3_close(db);
    test_env_free(env);
    assert_int_equal(n_bad, 0);
}

static void
test_check_plan_full_scan_is_found(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct test_env *env = test_env_new();
    sqlite3 *db = open_db(env);
    const char *bad = "EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE payload = 'x'";
    struct store_stmt st = { .name = "bad", .sqlite = "SELECT id FROM outbox WHERE payload = 'x'" };
    struct store_stmt counting = { .name = "counting",
                                   .sqlite = "SELECT count(*) FROM outbox LIMIT 1" };
    struct store_stmt head = { .name = "head",
                               .sqlite = "SELECT payload FROM outbox ORDER BY id LIMIT 5" };
    struct store_stmt good = { .name = "good",
                               .sqlite = "SELECT payload FROM outbox WHERE id = 1" };
    struct store_stmt other = st;
    struct store_stmt told = st;
    struct store_stmt alias = { .name = "alias",
                                .sqlite = "SELECT o.id FROM outbox o WHERE o.payload = 'x'",
                                .scan_reason = "outbox: what waits" };
    other.scan_reason = "job_timed: a row for each job";
    told.scan_reason = "outbox holds what waits";
    assert_true(plan_is_full_scan(db, bad, STR("SCAN outbox")));
    assert_false(plan_is_good(db, env->cx->arena, &st, NULL));
    assert_false(plan_is_good(db, env->cx->arena, &other, NULL));
    assert_true(plan_is_good(db, env->cx->arena, &told, NULL));
    assert_true(plan_is_good(db, env->cx->arena, &alias, NULL));
    assert_false(plan_is_good(db, env->cx->arena, &counting, NULL));
    assert_true(plan_is_good(db, env->cx->arena, &head, NULL));
    assert_true(plan_is_good(db, env->cx->arena, &good, NULL));
    (void)sqlite3_close(db);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements_prepare_with_declared_columns),
        cmocka_unit_test(test_statements_use_an_index_or_say_why_not),
        cmocka_unit_test(test_check_plan_full_scan_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
