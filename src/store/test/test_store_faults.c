/* Tests of the store on a bad disk: lost power, full disk, failures at every place. */
#include "store/test/crash.h"

static void
test_write_is_synced_before_the_answer(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new(0);
    for (int i = 0; i < 200; i++) {
        uint64_t before = fault_vfs_n_syncs(w.vfs);
        ASSERT_OK(w.env->cx, put(w.env->cx, str_fmt(w.env->cx->arena, "n%d", i)));
        assert_true(fault_vfs_n_syncs(w.vfs) > before);
        assert_true(fault_vfs_n_unsynced(w.vfs) == 0);
    }
    world_free(&w);
}

static void
test_acknowledged_writes_survive_lost_power(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new(0);
    crash_rounds(&w, 4);
    world_free(&w);
}

/* The test above must be able to fail: what was written without a sync is lost on this disk. */
static void
test_fault_vfs_loses_what_was_not_synced(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct fault_vfs *vfs = fault_vfs_new("fault-off");
    struct test_env *env = test_env_new();
    char *path = str_z(env->cx->arena, str_cat(env->cx->arena, env->data_dir, STR("/other.db")));
    sqlite3 *db = NULL;
    assert_int_equal(
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "fault-off"),
        SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(x);",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA synchronous=OFF; INSERT INTO t VALUES (1);", NULL, NULL, NULL),
        SQLITE_OK);
    fault_vfs_crash(vfs, FAULT_DROP, 1);
    (void)sqlite3_close(db);
    fault_vfs_recover(vfs);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, "fault-off"), SQLITE_OK);
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(st, 0), 0);
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
    test_env_free(env);
    fault_vfs_free(vfs);
}

/* --- failures at every place ------------------------------------------------------------------ */

static void
test_write_failing_at_each_call_is_all_or_nothing(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    static const int codes[] = { SQLITE_IOERR_WRITE, SQLITE_FULL, SQLITE_IOERR_NOMEM };
    struct world w = world_new(0);
    struct ctx *cx = w.env->cx;
    for (uint32_t nth = 1; nth <= 12; nth++) {
        for (size_t k = 0; k < COUNT_OF(codes); k++) {
            struct str name = str_fmt(cx->arena, "f%u-%zu", nth, k);
            fault_vfs_fail(w.vfs, FAULT_WRITE | FAULT_SYNC | FAULT_TRUNCATE, nth, codes[k], true);
            enum err e = put(cx, name);
            fault_vfs_fail(w.vfs, 0, 0, 0, false);
            assert_true(e == ERR_OK || e == ERR_DISK_FULL || e == ERR_STORE);
            assert_true(has(cx, name) == (e == ERR_OK));
            ASSERT_OK(cx, put(cx, name)); /* the store works on */
        }
    }
    world_free(&w);
}

/* Who takes a failed look for "no such row" is found out by the request that it was part of. */
static void
test_failed_look_is_noted_and_a_missing_row_is_not(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new(0);
    struct ctx *cx = w.env->cx;
    struct q_store_meta_get row;
    assert_int_equal(q_store_meta_get(cx, &row, .name = STR("none")), ERR_NOT_FOUND);
    assert_int_equal(cx->unread, ERR_OK);
    for (int i = 0; i < 300; i++) { /* more than the cache holds */
        ASSERT_OK(cx, put(cx, str_fmt(cx->arena, "%0*d", 900, i)));
    }
    fault_vfs_fail(w.vfs, FAULT_READ, 1, SQLITE_IOERR_READ, true);
    assert_int_equal(q_store_meta_get(cx, &row, .name = STR("none")), ERR_STORE);
    assert_int_equal(cx->unread, ERR_STORE);
    cx->unread = ERR_OK;
    fault_vfs_fail(w.vfs, FAULT_WRITE | FAULT_SYNC, 1, SQLITE_FULL, true);
    assert_int_equal(put(cx, STR("full")), ERR_DISK_FULL);
    assert_int_equal(cx->unread, ERR_DISK_FULL);
    fault_vfs_fail(w.vfs, 0, 0, 0, false);
    world_free(&w);
}

static void
test_disk_full_refuses_and_loses_nothing(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new(0);
    struct ctx *cx = w.env->cx;
    ASSERT_OK(cx, put(cx, STR("before")));
    fault_vfs_fail(w.vfs, FAULT_WRITE, 1, SQLITE_FULL, true);
    assert_int_equal(put(cx, STR("full")), ERR_DISK_FULL);
    assert_int_equal(put(cx, STR("full")), ERR_DISK_FULL);
    assert_true(has(cx, STR("before")) && !has(cx, STR("full")));
    fault_vfs_fail(w.vfs, 0, 0, 0, false);
    ASSERT_OK(cx, put(cx, STR("after")));
    test_env_reopen(w.env);
    assert_true(has(cx, STR("before")) && has(cx, STR("after")) && !has(cx, STR("full")));
    world_free(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_vfs_loses_what_was_not_synced),
        cmocka_unit_test(test_write_is_synced_before_the_answer),
        cmocka_unit_test(test_acknowledged_writes_survive_lost_power),
        cmocka_unit_test(test_write_failing_at_each_call_is_all_or_nothing),
        cmocka_unit_test(test_failed_look_is_noted_and_a_missing_row_is_not),
        cmocka_unit_test(test_disk_full_refuses_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
