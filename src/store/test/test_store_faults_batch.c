/* Tests of the store on a bad disk: one closure takes the whole batch with it; its neighbours run
 * again. */
#include "store/test/faulty.h"
#include "store/test/gate.h"

struct member {
    struct ctx *cx;
    pthread_t thread;
    store_tx_fn *fn;
    void *arg;
    enum err err;
};

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
lost_batch(int rc, bool is_hiding, enum err expected)
{
    struct world w = world_new(0);
    struct gate g;
    struct greedy greedy = { .w = &w, .rc = rc, .is_hiding = is_hiding };
    struct member m[3];
    struct str before = STR("before");
    struct str after = STR("after");
    struct store_stats st;
    gate_close(&g, w.env);
    member_start(&m[0], w.env, put_tx, &before);
    wait_depth(w.env->cx, 1);
    member_start(&m[1], w.env, greedy_tx, &greedy);
    wait_depth(w.env->cx, 2);
    member_start(&m[2], w.env, put_tx, &after);
    wait_depth(w.env->cx, 3);
    gate_open(&g);

    assert_int_equal(member_end(&m[0]), ERR_OK);
    assert_int_equal(member_end(&m[1]), expected);
    assert_int_equal(member_end(&m[2]), ERR_OK);
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
    TEST_SQLITE_ONLY();
    static store_connect_fn *const on_connect[] = { interrupt_on_connect, NULL };
    struct test_env *env = test_env_new_with(&(struct store_config){ .on_connect = on_connect });
    struct gate g;
    struct interrupted in = { 0 };
    struct member m[2];
    struct str before = STR("before");
    struct store_stats st;
    gate_close(&g, env);
    member_start(&m[0], env, put_tx, &before);
    wait_depth(env->cx, 1);
    member_start(&m[1], env, interrupted_tx, &in);
    wait_depth(env->cx, 2);
    gate_open(&g);
    assert_int_equal(member_end(&m[0]), ERR_OK);
    assert_true(member_end(&m[1]) != ERR_OK);
    store_stats(env->cx->store, &st);
    assert_true(st.n_batches_retried == 1);
    assert_int_equal(in.n_runs, 2); /* in the batch, and once more alone */
    assert_true(has(env->cx, STR("gate")) && has(env->cx, before));
    assert_false(has(env->cx, STR("interrupted")));
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
    TEST_SQLITE_ONLY();
    struct world w = world_new(0);
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

static void
test_write_once_failing_commit_is_tried_again_alone(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new(0);
    fault_vfs_fail(w.vfs, FAULT_SYNC, 1, SQLITE_IOERR_FSYNC, false);
    ASSERT_OK(w.env->cx, put(w.env->cx, STR("a")));
    assert_int_equal(fault_vfs_n_failed(w.vfs), 1);
    assert_true(has(w.env->cx, STR("a")));
    world_free(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_lost_by_full_disk_keeps_neighbours),
        cmocka_unit_test(test_batch_lost_by_io_error_keeps_neighbours),
        cmocka_unit_test(test_batch_lost_by_memory_keeps_neighbours),
        cmocka_unit_test(test_batch_lost_by_interrupt_keeps_neighbours),
        cmocka_unit_test(test_write_run_twice_is_there_once),
        cmocka_unit_test(test_batch_lost_under_closure_that_goes_on_writes_nothing),
        cmocka_unit_test(test_write_once_failing_commit_is_tried_again_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
