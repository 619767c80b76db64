/* Tests of the store on a bad disk: lost power, full disk, failures inside one savepoint of a
 * batch. */
#include "lib/fault_vfs.h"
#include "lib/harness.h"

#include "gen/q_store.h"

#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>

struct world {
    struct fault_vfs *vfs;
    struct test_env *env;
};

static struct world
world_new(void)
{
    struct world w = { .vfs = fault_vfs_new("fault") };
    w.env = test_env_new_with(&(struct store_config){ .vfs = "fault", .cache_kib = 40 });
    return w;
}

static void
world_free(struct world *w)
{
    test_env_free(w->env);
    fault_vfs_free(w->vfs);
}

static enum err
put_tx(struct ctx *cx, void *arg)
{
    return q_store_meta_set(cx, NULL, .name = *(struct str *)arg, .value = STR("1"));
}

static enum err
put(struct ctx *cx, struct str name)
{
    return store_write(cx, put_tx, &name);
}

static bool
has(struct ctx *cx, struct str name)
{
    struct q_store_meta_get row;
    enum err e = q_store_meta_get(cx, &row, .name = name);
    assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    return e == ERR_OK;
}

static void
test_write_is_synced_before_the_answer(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new();
    for (int i = 0; i < 200; i++) {
        uint64_t before = fault_vfs_n_syncs(w.vfs);
        ASSERT_OK(w.env->cx, put(w.env->cx, str_fmt(w.env->cx->arena, "n%d", i)));
        assert_true(fault_vfs_n_syncs(w.vfs) > before);
        assert_true(fault_vfs_n_unsynced(w.vfs) == 0);
    }
    world_free(&w);
}

/* --- lost power ------------------------------------------------------------------------------- */

#define CLIENTS    6
#define WRITES_MAX 400

struct client {
    struct ctx *cx;
    pthread_t thread;
    int number;
    _Atomic int n_done; /* acknowledged: 0 .. n_done - 1 */
};

static void *
client_main(void *arg)
{
    struct client *c = arg;
    for (int i = 0; i < WRITES_MAX; i++) {
        if (put(c->cx, str_fmt(c->cx->arena, "c%d-%d", c->number, i)) != ERR_OK) {
            return NULL;
        }
        c->n_done = i + 1;
    }
    return NULL;
}

static int
total_done(struct client *c)
{
    int n = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        n += c[i].n_done;
    }
    return n;
}

static void
crash_round(struct world *w, enum fault_crash how, uint64_t seed)
{
    struct client c[CLIENTS];
    ASSERT_OK(w->env->cx, test_sql(w->env->cx, "DELETE FROM store_meta WHERE name LIKE 'c%'"));
    fault_vfs_delay_sync(w->vfs, 50);
    for (int i = 0; i < CLIENTS; i++) {
        c[i] = (struct client){ .cx = test_ctx_new(w->env), .number = i };
        assert_int_equal(pthread_create(&c[i].thread, NULL, client_main, &c[i]), 0);
    }
    while (total_done(c) < 100 + (int)(seed % 97)) {
        (void)sched_yield();
    }
    fault_vfs_crash(w->vfs, how, seed);
    for (int i = 0; i < CLIENTS; i++) {
        (void)pthread_join(c[i].thread, NULL);
    }
    store_close(w->env->cx->store);
    fault_vfs_recover(w->vfs);
    w->env->cx->store = NULL;
    ASSERT_OK(w->env->cx, store_open(w->env->cx, &w->env->store_config, &w->env->cx->store));
    for (int i = 0; i < CLIENTS; i++) {
        for (int k = 0; k < c[i].n_done; k++) {
            assert_true(has(w->env->cx, str_fmt(w->env->cx->arena, "c%d-%d", i, k)));
        }
        test_ctx_free(c[i].cx);
    }
    assert_int_equal(
        test_i64(w->env->cx,
                 "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
        1);
}

static void
crash_rounds(struct world *w, uint64_t n_seeds)
{
    for (uint64_t seed = 1; seed <= n_seeds; seed++) {
        crash_round(w, FAULT_DROP, seed);
        crash_round(w, FAULT_TEAR, seed * 31);
        crash_round(w, FAULT_GARBLE, seed * 17);
    }
}

static void
test_acknowledged_writes_survive_lost_power(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new();
    crash_rounds(&w, 4);
    world_free(&w);
}

/* --- the log copied back beside the writer ---------------------------------------------------- */

#define COPY_PAGES 8U
#define FRAME      4120 /* a page with its head in the log */

static struct world
world_of_short_log(void)
{
    struct world w = { .vfs = fault_vfs_new("fault") };
    w.env = test_env_new_with(
        &(struct store_config){ .vfs = "fault", .cache_kib = 40, .log_pages = COPY_PAGES });
    return w;
}

static void
test_acknowledged_writes_survive_lost_power_while_the_log_is_copied(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_of_short_log();
    crash_rounds(&w, 2);
    world_free(&w);
}

static void
write_some(struct ctx *cx, int n)
{
    for (int i = 0; i < n; i++) {
        ASSERT_OK(cx, put(cx, str_fmt(cx->arena, "n%d", i)));
    }
}

static int64_t
log_bytes(struct ctx *cx)
{
    struct store_stats stats;
    store_stats(cx->store, &stats);
    return stats.log_bytes;
}

/* The file never gets shorter while the store is open: it tells how long the log ever was. */
static void
test_log_under_steady_writing_stays_short(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_of_short_log();
    struct ctx *cx = w.env->cx;
    write_some(cx, 100);
    int64_t before = log_bytes(cx); /* the making of the schema is in it too */
    write_some(cx, 600);            /* at least as many pages */
    assert_true(log_bytes(cx) <= before + (int64_t)COPY_PAGES * 20 * FRAME);
    world_free(&w);
}

static enum err
write_meanwhile_tx(struct ctx *cx, void *arg)
{
    assert_true(has(cx, STR("n1"))); /* the snapshot begins with its first statement */
    write_some(arg, 200);
    return ERR_OK;
}

/* A reader that stays keeps its part of the log; when it has gone the log begins anew. */
static void
test_log_that_a_reader_holds_begins_anew_after_it(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_of_short_log();
    struct ctx *cx = w.env->cx;
    struct ctx *other = test_ctx_new(w.env);
    write_some(cx, 50);
    ASSERT_OK(other, store_read(other, write_meanwhile_tx, cx));
    write_some(cx, 200);
    int64_t before = log_bytes(cx);
    write_some(cx, 400);
    assert_true(log_bytes(cx) <= before + (int64_t)COPY_PAGES * 20 * FRAME);
    assert_true(has(cx, STR("n399")));
    test_ctx_free(other);
    world_free(&w);
}

/* A sync of the database that fails may have lost pages for good: the log is not begun anew after
 * it, not even by closing, and the next life of the store copies all of it. */
static void
test_log_after_a_failed_sync_of_the_database_is_kept(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_of_short_log();
    struct ctx *cx = w.env->cx;
    write_some(cx, 100);
    int64_t before = log_bytes(cx);
    int n_done = 0;
    for (uint32_t nth = 1; log_bytes(cx) < before + 100 * FRAME; nth++) {
        assert_true(nth < 200);
        fault_vfs_fail(w.vfs, FAULT_SYNC, nth % 20 + 1, SQLITE_IOERR_FSYNC, false);
        for (int i = 0; i < 20; i++) {
            n_done += put(cx, str_fmt(cx->arena, "k%u-%d", nth, i)) == ERR_OK;
        }
    }
    int64_t grown = log_bytes(cx);
    fault_vfs_fail(w.vfs, FAULT_SYNC, 0, SQLITE_OK, false);
    test_env_reopen(w.env);
    assert_true(log_bytes(cx) >= grown);
    assert_true(test_i64(cx, "SELECT count(*) FROM store_meta WHERE name LIKE 'k%'") >= n_done);
    write_some(cx, 200);
    int64_t again = log_bytes(cx);
    write_some(cx, 400); /* it is copied and begun anew again */
    assert_true(log_bytes(cx) <= again + (int64_t)COPY_PAGES * 20 * FRAME);
    world_free(&w);
}

/* A sync that fails while the log is copied takes nothing away. */
static void
test_log_whose_copying_fails_keeps_all(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_of_short_log();
    struct ctx *cx = w.env->cx;
    for (uint32_t nth = 1; nth <= 20; nth++) {
        fault_vfs_fail(w.vfs, FAULT_SYNC, nth, SQLITE_IOERR_FSYNC, false);
        int n_done = 0;
        for (int i = 0; i < 20; i++) {
            n_done += put(cx, str_fmt(cx->arena, "f%u-%d", nth, i)) == ERR_OK;
        }
        assert_true(n_done >= 19);
    }
    test_env_reopen(w.env);
    assert_true(test_i64(cx, "SELECT count(*) FROM store_meta WHERE name LIKE 'f%'") >= 20 * 19);
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

/* --- one closure takes the whole batch with it ------------------------------------------------ */

struct gate {
    sem_t is_in, may_go;
};

struct member {
    struct ctx *cx;
    pthread_t thread;
    store_tx_fn *fn;
    void *arg;
    enum err err;
};

static enum err
gate_tx(struct ctx *cx, void *arg)
{
    struct gate *g = arg;
    (void)sem_post(&g->is_in);
    (void)sem_wait(&g->may_go);
    (void)sem_post(&g->may_go); /* also when the batch is run again */
    struct str name = STR("gate");
    return put_tx(cx, &name);
}

static void *
member_main(void *arg)
{
    struct member *m = arg;
    m->err = store_write(m->cx, m->fn, m->arg);
    return NULL;
}

static void
member_start(struct member *m, struct test_env *env, store_tx_fn *fn, void *arg)
{
    *m = (struct member){ .cx = test_ctx_new(env), .fn = fn, .arg = arg };
    assert_int_equal(pthread_create(&m->thread, NULL, member_main, m), 0);
}

static enum err
member_end(struct member *m)
{
    (void)pthread_join(m->thread, NULL);
    test_ctx_free(m->cx);
    return m->err;
}

struct greedy {
    struct world *w;
    int rc;
    bool is_hiding; /* goes on as if nothing had happened */
};

/* Writes more than the page cache holds, so that SQLite writes before the commit, onto a disk that
 * fails during this closure only. */
static enum err
greedy_tx(struct ctx *cx, void *arg)
{
    const struct greedy *g = arg;
    char *big = arena_alloc(cx->arena, 8192);
    memset(big, 'x', 8191);
    fault_vfs_fail(g->w->vfs, FAULT_WRITE, 1, g->rc, true);
    enum err e = ERR_OK;
    for (int i = 0; i < 400 && e == ERR_OK; i++) {
        e = q_store_meta_set(cx, NULL, .name = str_fmt(cx->arena, "greedy%d", i),
                             .value = str_of(big));
    }
    assert_true(fault_vfs_n_failed(g->w->vfs) > 0);
    fault_vfs_fail(g->w->vfs, 0, 0, 0, false);
    if (g->is_hiding) {
        struct str name = STR("hidden");
        (void)put_tx(cx, &name);
        return ERR_OK;
    }
    return e;
}

static void
wait_depth(struct ctx *cx, uint64_t depth)
{
    struct store_stats st = { 0 };
    do {
        (void)sched_yield();
        store_stats(cx->store, &st);
    } while (st.queue_depth < depth);
}

static void
lost_batch(int rc, bool is_hiding, enum err expected)
{
    struct world w = world_new();
    struct gate g;
    struct greedy greedy = { .w = &w, .rc = rc, .is_hiding = is_hiding };
    struct member m[4];
    struct str before = STR("before");
    struct str after = STR("after");
    struct store_stats st;
    (void)sem_init(&g.is_in, 0, 0);
    (void)sem_init(&g.may_go, 0, 0);
    member_start(&m[0], w.env, gate_tx, &g);
    (void)sem_wait(&g.is_in);
    member_start(&m[1], w.env, put_tx, &before);
    wait_depth(w.env->cx, 1);
    member_start(&m[2], w.env, greedy_tx, &greedy);
    wait_depth(w.env->cx, 2);
    member_start(&m[3], w.env, put_tx, &after);
    wait_depth(w.env->cx, 3);
    (void)sem_post(&g.may_go);

    assert_int_equal(member_end(&m[0]), ERR_OK);
    assert_int_equal(member_end(&m[1]), ERR_OK);
    assert_int_equal(member_end(&m[2]), expected);
    assert_int_equal(member_end(&m[3]), ERR_OK);
    store_stats(w.env->cx->store, &st);
    assert_true(st.n_batches_retried == 1); /* the batch was really lost, else this tests nothing */
    fault_vfs_crash(w.vfs, FAULT_DROP, 1);
    store_close(w.env->cx->store);
    fault_vfs_recover(w.vfs);
    w.env->cx->store = NULL;
    ASSERT_OK(w.env->cx, store_open(w.env->cx, &w.env->store_config, &w.env->cx->store));
    assert_true(has(w.env->cx, STR("gate")) && has(w.env->cx, before) && has(w.env->cx, after));
    assert_false(has(w.env->cx, STR("greedy0")));
    assert_false(has(w.env->cx, STR("hidden")));
    (void)sem_destroy(&g.is_in);
    (void)sem_destroy(&g.may_go);
    world_free(&w);
}

static void
test_batch_lost_by_full_disk_keeps_neighbours(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    lost_batch(SQLITE_FULL, false, ERR_DISK_FULL);
}

static void
test_batch_lost_by_io_error_keeps_neighbours(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    lost_batch(SQLITE_IOERR_WRITE, false, ERR_STORE);
}

static void
test_batch_lost_by_memory_keeps_neighbours(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    lost_batch(SQLITE_IOERR_NOMEM, false, ERR_STORE);
}

/* SQLite rolls the whole transaction back when a writing statement is interrupted. */
static void
interrupt_fn(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    (void)v;
    sqlite3_interrupt(sqlite3_context_db_handle(c));
    sqlite3_result_int(c, 1);
}

static enum err
interrupt_on_connect(struct ctx *cx, struct sqlite3 *db)
{
    (void)cx;
    int rc = sqlite3_create_function(db, "test_interrupt", 0, SQLITE_UTF8, NULL, interrupt_fn, NULL,
                                     NULL);
    return rc == SQLITE_OK ? ERR_OK : ERR_STORE;
}

struct interrupted {
    int n_runs;
};

static enum err
interrupted_tx(struct ctx *cx, void *arg)
{
    struct interrupted *in = arg;
    struct str name = STR("interrupted");
    in->n_runs++;
    TRY(put_tx(cx, &name));
    char sql[] = "UPDATE store_meta SET value = value || test_interrupt()";
    return test_sql_tx(cx, sql);
}

static void
test_batch_lost_by_interrupt_keeps_neighbours(void **state)
{
    (void)state;
    static store_connect_fn *const on_connect[] = { interrupt_on_connect, NULL };
    struct test_env *env = test_env_new_with(&(struct store_config){ .on_connect = on_connect });
    struct gate g;
    struct interrupted in = { 0 };
    struct member m[3];
    struct str before = STR("before");
    struct store_stats st;
    (void)sem_init(&g.is_in, 0, 0);
    (void)sem_init(&g.may_go, 0, 0);
    member_start(&m[0], env, gate_tx, &g);
    (void)sem_wait(&g.is_in);
    member_start(&m[1], env, put_tx, &before);
    wait_depth(env->cx, 1);
    member_start(&m[2], env, interrupted_tx, &in);
    wait_depth(env->cx, 2);
    (void)sem_post(&g.may_go);
    assert_int_equal(member_end(&m[0]), ERR_OK);
    assert_int_equal(member_end(&m[1]), ERR_OK);
    assert_true(member_end(&m[2]) != ERR_OK);
    store_stats(env->cx->store, &st);
    assert_true(st.n_batches_retried == 1);
    assert_int_equal(in.n_runs, 2); /* in the batch, and once more alone */
    assert_true(has(env->cx, STR("gate")) && has(env->cx, before));
    assert_false(has(env->cx, STR("interrupted")));
    (void)sem_destroy(&g.is_in);
    (void)sem_destroy(&g.may_go);
    test_env_free(env);
}

/* Runs twice because its first commit failed: what it wrote is there once, and it may not have
 * counted on being run once. */
struct counted {
    int n_runs;
};

static enum err
counted_tx(struct ctx *cx, void *arg)
{
    struct counted *c = arg;
    c->n_runs++;
    struct str name = STR("counted");
    struct q_store_meta_get row;
    assert_int_equal(q_store_meta_get(cx, &row, .name = name), ERR_NOT_FOUND);
    return put_tx(cx, &name);
}

static void
test_write_run_twice_is_there_once(void **state)
{
    (void)state;
    struct world w = world_new();
    struct counted c = { 0 };
    fault_vfs_fail(w.vfs, FAULT_SYNC, 1, SQLITE_IOERR_FSYNC, false);
    ASSERT_OK(w.env->cx, store_write(w.env->cx, counted_tx, &c));
    assert_int_equal(c.n_runs, 2);
    assert_true(has(w.env->cx, STR("counted")));
    assert_int_equal(test_i64(w.env->cx, "SELECT count(*) FROM store_meta WHERE name = 'counted'"),
                     1);
    world_free(&w);
}

static void
test_batch_lost_under_closure_that_goes_on_writes_nothing(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    lost_batch(SQLITE_FULL, true, ERR_DISK_FULL);
}

/* --- failures at every place ------------------------------------------------------------------ */

static void
test_write_failing_at_each_call_is_all_or_nothing(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    static const int codes[] = { SQLITE_IOERR_WRITE, SQLITE_FULL, SQLITE_IOERR_NOMEM };
    struct world w = world_new();
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
    struct world w = world_new();
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
test_write_once_failing_commit_is_tried_again_alone(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new();
    fault_vfs_fail(w.vfs, FAULT_SYNC, 1, SQLITE_IOERR_FSYNC, false);
    ASSERT_OK(w.env->cx, put(w.env->cx, STR("a")));
    assert_int_equal(fault_vfs_n_failed(w.vfs), 1);
    assert_true(has(w.env->cx, STR("a")));
    world_free(&w);
}

static void
test_disk_full_refuses_and_loses_nothing(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new();
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
        cmocka_unit_test(test_acknowledged_writes_survive_lost_power_while_the_log_is_copied),
        cmocka_unit_test(test_log_under_steady_writing_stays_short),
        cmocka_unit_test(test_log_that_a_reader_holds_begins_anew_after_it),
        cmocka_unit_test(test_log_after_a_failed_sync_of_the_database_is_kept),
        cmocka_unit_test(test_log_whose_copying_fails_keeps_all),
        cmocka_unit_test(test_batch_lost_by_full_disk_keeps_neighbours),
        cmocka_unit_test(test_batch_lost_by_io_error_keeps_neighbours),
        cmocka_unit_test(test_batch_lost_by_memory_keeps_neighbours),
        cmocka_unit_test(test_batch_lost_by_interrupt_keeps_neighbours),
        cmocka_unit_test(test_write_run_twice_is_there_once),
        cmocka_unit_test(test_batch_lost_under_closure_that_goes_on_writes_nothing),
        cmocka_unit_test(test_write_failing_at_each_call_is_all_or_nothing),
        cmocka_unit_test(test_failed_look_is_noted_and_a_missing_row_is_not),
        cmocka_unit_test(test_write_once_failing_commit_is_tried_again_alone),
        cmocka_unit_test(test_disk_full_refuses_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
