/* test_backup.c: paths that must not be believed, the manifest, a whole way there and back in this
 * process, and every changed or missing piece noticed. */
#include "lib/harness.h"

#include "engine/backup/backup_int.h"
#include "engine/ledger/ledger.h"
#include "store/blobs.h"

static void
test_backup_is_path_refuses_what_leads_elsewhere(void **state)
{
    static const char *const bad[] = { "",       "/etc/passwd",   "../x", "a/../b", "a//b", "a/",
                                       ".ssh/x", "a/b/c/d/e/f/g", "a b",  "a\nb",   "a\\b", "./a" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(backup_is_path(str_of(bad[i])));
    }
    assert_true(backup_is_path(STR("bombo.db")));
    assert_true(backup_is_path(STR("sign/keys/25405@x.pem")));
}

static void
test_backup_is_left_out_keeps_locks_and_spool_away(void **state)
{
    (void)state;
    assert_true(backup_is_left_out(STR("bombo.db-wal")));
    assert_true(backup_is_left_out(STR("spool/x")));
    assert_true(backup_is_left_out(STR("backup.tmp.db")));
    assert_false(backup_is_left_out(STR("keys/ledger.pem")));
    assert_false(backup_is_left_out(STR("blobs/ab/cd/abcd")));
}

static enum err
entry_tx(struct ctx *cx, void *arg UNUSED)
{
    struct ledger_new e = { .kind = "dossier.submitted", .object = STR("dossier:1") };
    return ledger_add(cx, &e);
}

struct round {
    struct test_env *env;
    struct str hash, file, dir;
};

/* An installation with a ledger and a blob that a row names. */
static void
round_init(struct round *r, struct str passphrase)
{
    r->env = test_env_new();
    struct ctx *cx = r->env->cx;
    struct backup_manifest m;
    int64_t n = 0;
    ASSERT_OK(cx, blobs_put(cx, STR("a paper"), &r->hash));
    struct str sql = str_fmt(cx->arena,
                             "INSERT INTO pack_version (version, hash, id, name, stored_us, "
                             "n_files, size_bytes) VALUES ('v', '" STR_FMT "', 'x', 'x', 1, 1, 7)",
                             STR_ARG(r->hash));
    ASSERT_OK(cx, test_sql(cx, str_z(cx->arena, sql)));
    for (int i = 0; i < 5; i++) {
        ASSERT_OK(cx, store_write(cx, entry_tx, NULL));
    }
    ASSERT_OK(cx, ledger_sequence(cx, &n));
    r->file = str_cat(cx->arena, r->env->data_dir, STR(".bbk"));
    r->dir = str_cat(cx->arena, r->env->data_dir, STR(".new"));
    struct backup_wish wish = { .to = r->file,
                                .passphrase = passphrase,
                                .program = STR("1"),
                                .on_connect = r->env->store_config.on_connect };
    ASSERT_OK(cx, backup_take(cx, &wish, &m, &n));
    assert_int_equal(m.ledger_size, 5);
    assert_int_equal(m.n_blobs, 1);
}

static void
round_done(struct round *r)
{
    struct ctx *cx = r->env->cx;
    ASSERT_OK(cx, sys_remove_tree(cx, r->dir));
    ASSERT_OK(cx, sys_file_remove(cx, r->file));
    test_env_free(r->env);
}

/* Unpacks and checks through a store of its own. */
static enum err
way_back(struct round *r, struct str passphrase)
{
    struct ctx *cx = test_ctx_new(r->env);
    struct app_config config = r->env->config;
    struct backup_manifest m;
    struct store *own = NULL;
    enum err e = sys_remove_tree(cx, r->dir);
    if (e == ERR_OK) {
        e = backup_unpack(cx, r->file, r->dir, passphrase, &m);
    }
    if (e == ERR_OK) {
        config.data_dir = r->dir;
        cx->config = &config;
        struct store_config sc = { .url = str_fmt(cx->arena, "sqlite:" STR_FMT "/bombo.db",
                                                  STR_ARG(r->dir)),
                                   .on_connect = r->env->store_config.on_connect,
                                   .is_read_only = true };
        e = store_open(cx, &sc, &own);
        struct store *live = cx->store;
        cx->store = own;
        e = e == ERR_OK ? backup_check_rows(cx, &m) : e;
        e = e == ERR_OK ? backup_check(cx, &m) : e;
        cx->store = live;
        cx->config = &r->env->config;
        store_close(own);
    }
    r->env->cx->err = cx->err;
    test_ctx_free(cx);
    return e;
}

static void
test_backup_check_of_a_whole_backup_is_ok(void **state)
{
    struct round r;
    (void)state;
    TEST_SQLITE_ONLY();
    round_init(&r, STR_NULL);
    ASSERT_OK(r.env->cx, way_back(&r, STR_NULL));
    round_done(&r);
    round_init(&r, STR("a long passphrase"));
    ASSERT_OK(r.env->cx, way_back(&r, STR("a long passphrase")));
    assert_int_equal(way_back(&r, STR("another passphrase")), ERR_FORBIDDEN);
    assert_int_equal(way_back(&r, STR_NULL), ERR_FORBIDDEN);
    round_done(&r);
}

static void
test_backup_take_while_another_is_taken_is_busy(void **state)
{
    struct round r;
    struct sys_lock *lock = NULL;
    struct backup_manifest m;
    int64_t n = 0;
    (void)state;
    TEST_SQLITE_ONLY();
    round_init(&r, STR_NULL);
    struct ctx *cx = r.env->cx;
    struct backup_wish wish = { .to = r.file, .program = STR("1") };
    ASSERT_OK(cx,
              sys_lock_open(cx, str_cat(cx->arena, r.env->data_dir, STR("/backup.lock")), &lock));
    assert_int_equal(backup_take(cx, &wish, &m, &n), ERR_BUSY);
    sys_lock_close(lock);
    round_done(&r);
}

/* A row that names a file which the backup does not hold. */
static void
test_backup_check_of_a_missing_blob_is_refused(void **state)
{
    struct round r;
    struct str path;
    struct backup_manifest m;
    int64_t n = 0;
    (void)state;
    TEST_SQLITE_ONLY();
    round_init(&r, STR_NULL);
    struct ctx *cx = r.env->cx;
    ASSERT_OK(cx, blobs_path(cx, r.hash, &path));
    ASSERT_OK(cx, sys_file_remove(cx, path));
    struct backup_wish wish = { .to = r.file,
                                .program = STR("1"),
                                .on_connect = r.env->store_config.on_connect };
    ASSERT_OK(cx, backup_take(cx, &wish, &m, &n));
    assert_int_equal(way_back(&r, STR_NULL), ERR_CONFLICT);
    assert_non_null(strstr(cx->err.text, "missing"));
    round_done(&r);
}

/* A blob that is not what its name says: seals and hashes fit, the name does not. */
static void
test_backup_unpack_of_a_blob_under_a_wrong_name_is_refused(void **state)
{
    struct round r;
    struct str path;
    struct backup_manifest m;
    int64_t n = 0;
    (void)state;
    TEST_SQLITE_ONLY();
    round_init(&r, STR_NULL);
    struct ctx *cx = r.env->cx;
    ASSERT_OK(cx, blobs_path(cx, r.hash, &path));
    ASSERT_OK(cx, sys_file_write(cx, path, STR("another")));
    struct backup_wish wish = { .to = r.file,
                                .program = STR("1"),
                                .on_connect = r.env->store_config.on_connect };
    ASSERT_OK(cx, backup_take(cx, &wish, &m, &n));
    assert_int_equal(way_back(&r, STR_NULL), ERR_CONFLICT);
    round_done(&r);
}

/* Whoever can write the data folder and takes a backup of what they changed: the ledger tells. */
static void
test_backup_check_of_a_rewritten_ledger_is_refused(void **state)
{
    struct round r;
    struct backup_manifest m;
    int64_t n = 0;
    (void)state;
    TEST_SQLITE_ONLY();
    round_init(&r, STR_NULL);
    struct ctx *cx = r.env->cx;
    ASSERT_OK(cx, test_sql(cx, "UPDATE ledger_entry SET note = 'nothing happened'"));
    struct backup_wish wish = { .to = r.file,
                                .program = STR("1"),
                                .on_connect = r.env->store_config.on_connect };
    ASSERT_OK(cx, backup_take(cx, &wish, &m, &n));
    assert_int_equal(way_back(&r, STR_NULL), ERR_CONFLICT);
    assert_non_null(strstr(cx->err.text, "ledger"));
    round_done(&r);
}

static void
test_backup_take_of_a_shared_database_is_refused(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct backup_manifest m;
    int64_t n = 0;
    struct str file = str_cat(env->cx->arena, env->data_dir, STR(".bbk"));
    struct backup_wish wish = { .to = file, .program = STR("1") };
    assert_int_equal(backup_take(env->cx, &wish, &m, &n), ERR_UNSUPPORTED);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backup_is_path_refuses_what_leads_elsewhere),
        cmocka_unit_test(test_backup_is_left_out_keeps_locks_and_spool_away),
        cmocka_unit_test(test_backup_check_of_a_whole_backup_is_ok),
        cmocka_unit_test(test_backup_take_while_another_is_taken_is_busy),
        cmocka_unit_test(test_backup_check_of_a_missing_blob_is_refused),
        cmocka_unit_test(test_backup_unpack_of_a_blob_under_a_wrong_name_is_refused),
        cmocka_unit_test(test_backup_check_of_a_rewritten_ledger_is_refused),
        cmocka_unit_test(test_backup_take_of_a_shared_database_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
