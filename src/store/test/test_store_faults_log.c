/* Tests of the store's write-ahead log: copied back beside the writer, short, and kept when that
 * fails. */
#include "store/test/crash.h"

#include <unistd.h>

#define COPY_PAGES 8U
#define FRAME      4120 /* a page with its head in the log */

static void
test_acknowledged_writes_survive_lost_power_while_the_log_is_copied(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new(COPY_PAGES);
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

static bool
is_kept(struct ctx *cx)
{
    struct store_stats stats;
    store_stats(cx->store, &stats);
    return stats.is_log_kept;
}

/* The file never gets shorter while the store is open: it tells how long the log ever was. */
static void
test_log_under_steady_writing_stays_short(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new(COPY_PAGES);
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
    struct world w = world_new(COPY_PAGES);
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

#define COMMITS 400 /* of a few pages each */

struct long_reader {
    struct ctx *writer;
    uint64_t n_copies;
};

static enum err
write_much_meanwhile_tx(struct ctx *cx, void *arg)
{
    struct long_reader *r = arg;
    struct store_stats before;
    struct store_stats after;
    assert_true(has(cx, STR("n1")));
    store_stats(cx->store, &before);
    write_some(r->writer, COMMITS);
    store_stats(cx->store, &after);
    r->n_copies = after.n_log_copies - before.n_log_copies;
    return ERR_OK;
}

/* Nothing can be copied while the reader stays: it is tried again when the log has grown by what it
 * is copied at, and not after each commit. */
static void
test_log_that_a_reader_holds_is_not_tried_again_and_again(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new(8 * COPY_PAGES);
    struct ctx *other = test_ctx_new(w.env);
    struct long_reader r = { .writer = w.env->cx };
    write_some(w.env->cx, 50);
    ASSERT_OK(other, store_read(other, write_much_meanwhile_tx, &r));
    assert_in_range(r.n_copies, 1, COMMITS / 4);
    test_ctx_free(other);
    world_free(&w);
}

#define LONG_PAGES                                                                                 \
    ((int)COPY_PAGES * 16) /* of the log while it is copied: then the writer waits                 \
                            */

struct steady {
    struct world *w;
    struct ctx *cx;
    pthread_t thread;
    _Atomic bool is_over;
    _Atomic int n_done;
};

static enum err
spare_tx(struct ctx *cx UNUSED, void *vfs)
{
    fault_vfs_spare_thread(vfs);
    return ERR_OK;
}

static void *
steady_main(void *arg)
{
    struct steady *t = arg;
    assert_int_equal(store_write(t->cx, spare_tx, t->w->vfs), ERR_OK);
    while (!t->is_over) {
        assert_int_equal(put(t->cx, str_fmt(t->cx->arena, "s%d", t->n_done)), ERR_OK);
        t->n_done++;
    }
    return NULL;
}

/* Has it ended a batch and not come back for what queues? */
static bool
is_writer_waiting(struct ctx *cx)
{
    struct store_stats st;
    store_stats(cx->store, &st);
    return st.queue_depth > 0 && st.busy_us > 200000;
}

/* The disk takes long over the database itself: the writer adds so much to the log, then waits for
 * the thread (a wait: it tries nothing meanwhile), and goes on when that is done. */
static void
test_log_far_too_long_makes_the_writer_wait_and_go_on(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new(COPY_PAGES);
    struct ctx *cx = w.env->cx;
    struct steady t = { .w = &w, .cx = test_ctx_new(w.env) };
    struct store_stats held;
    struct store_stats still;
    write_some(cx, 100);
    fault_vfs_hold_db(w.vfs, true);
    assert_int_equal(pthread_create(&t.thread, NULL, steady_main, &t), 0);
    while (fault_vfs_n_held(w.vfs) == 0) {
        (void)sched_yield();
    }
    int n_done = t.n_done;
    store_stats(cx->store, &held);
    while (!is_writer_waiting(cx)) {
        assert_true(t.n_done - n_done <= LONG_PAGES + (int)COPY_PAGES);
        (void)usleep(1000);
    }
    store_stats(cx->store, &still);
    assert_in_range(still.n_log_copies - held.n_log_copies, 0, 1);
    fault_vfs_hold_db(w.vfs, false);
    while (t.n_done < n_done + 2 * LONG_PAGES) {
        (void)usleep(1000);
    }
    t.is_over = true;
    (void)pthread_join(t.thread, NULL);
    test_ctx_free(t.cx);
    world_free(&w);
}

/* A sync of the database that fails may have lost pages for good: the log is not begun anew after
 * it, not even by closing, and the next life of the store copies all of it. */
static void
test_log_after_a_failed_sync_of_the_database_is_kept(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct world w = world_new(COPY_PAGES);
    struct ctx *cx = w.env->cx;
    write_some(cx, 100);
    int64_t before = log_bytes(cx);
    assert_false(is_kept(cx));
    fault_vfs_fail(w.vfs, FAULT_SYNC_DB, 1, SQLITE_IOERR_FSYNC, false);
    for (int i = 0; !is_kept(cx); i++) { /* those that the log is asked to be copied for */
        ASSERT_OK(cx, put(cx, str_fmt(cx->arena, "k%d", i)));
    }
    assert_int_equal(fault_vfs_n_failed(w.vfs), 1);
    struct store_stats st;
    store_stats(cx->store, &st);
    uint64_t n_copies = st.n_log_copies;
    int n_done = 0;
    while (log_bytes(cx) < before + 100 * FRAME) {
        ASSERT_OK(cx, put(cx, str_fmt(cx->arena, "late%d", n_done++)));
    }
    store_stats(cx->store, &st); /* the thread may have been at its second copy */
    assert_in_range(st.n_log_copies - n_copies, 0, 1);
    int64_t grown = log_bytes(cx);
    test_env_reopen(w.env);
    assert_true(log_bytes(cx) >= grown);
    assert_false(is_kept(cx));
    assert_int_equal(test_i64(cx, "SELECT count(*) FROM store_meta WHERE name LIKE 'late%'"),
                     n_done);
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
    struct world w = world_new(COPY_PAGES);
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_acknowledged_writes_survive_lost_power_while_the_log_is_copied),
        cmocka_unit_test(test_log_under_steady_writing_stays_short),
        cmocka_unit_test(test_log_that_a_reader_holds_begins_anew_after_it),
        cmocka_unit_test(test_log_that_a_reader_holds_is_not_tried_again_and_again),
        cmocka_unit_test(test_log_far_too_long_makes_the_writer_wait_and_go_on),
        cmocka_unit_test(test_log_after_a_failed_sync_of_the_database_is_kept),
        cmocka_unit_test(test_log_whose_copying_fails_keeps_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
