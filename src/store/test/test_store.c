/* Tests of the store: reading, writing, the writer's queue, ids, the life of a database. */
#include "store/test/gate.h"

struct put {
    struct str name, value;
    enum err end;   /* what the closure returns after writing */
    bool is_barren; /* returns it before writing */
};

static enum err
put_tx(struct ctx *cx, void *arg)
{
    struct put *p = arg;
    if (p->is_barren) {
        return p->end;
    }
    TRY(q_store_meta_set(cx, NULL, .name = p->name, .value = p->value));
    return p->end;
}

static enum err
put(struct ctx *cx, struct str name, struct str value, enum err end)
{
    struct put p = { .name = name, .value = value, .end = end };
    return store_write(cx, put_tx, &p);
}

static void
test_write_then_read_sees_it(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct q_store_meta_get row = { .value = STR("kept") };
    assert_int_equal(q_store_meta_get(cx, &row, .name = STR("a")), ERR_NOT_FOUND);
    ASSERT_STR(row.value, "kept");
    ASSERT_OK(cx, put(cx, STR("a"), STR("Đồng Xoài"), ERR_OK));
    uint32_t before = cx->n_statements;
    ASSERT_OK(cx, q_store_meta_get(cx, &row, .name = STR("a")));
    assert_int_equal(cx->n_statements, before + 1);
    ASSERT_STR(row.value, "Đồng Xoài");
    assert_null(cx->conn);
    assert_false(cx->is_writing);
    test_env_free(env);
}

static void
test_write_error_of_closure_rolls_back(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct q_store_meta_get row;
    assert_int_equal(put(cx, STR("a"), STR("1"), ERR_CONFLICT), ERR_CONFLICT);
    assert_int_equal(q_store_meta_get(cx, &row, .name = STR("a")), ERR_NOT_FOUND);
    test_env_free(env);
}

static void
test_write_outside_store_write_is_refused(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    int64_t before = test_count(cx, "store_meta");
    assert_int_equal(q_store_meta_set(cx, NULL, .name = STR("a"), .value = STR("1")), ERR_INTERNAL);
    assert_int_equal(store_outbox_put(cx, STR("t"), STR("k"), STR("{}")), ERR_INTERNAL);
    assert_true(test_count(cx, "store_meta") == before);
    test_env_free(env);
}

static enum err
nested_tx(struct ctx *cx, void *arg)
{
    return store_write(cx, put_tx, arg);
}

static void
test_write_inside_a_transaction_or_snapshot_is_refused(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct put p = { .name = STR("a"), .value = STR("1") };
    assert_int_equal(store_write(env->cx, nested_tx, &p), ERR_INTERNAL);
    assert_int_equal(store_read(env->cx, nested_tx, &p), ERR_INTERNAL);
    ASSERT_OK(env->cx, put(env->cx, STR("a"), STR("1"), ERR_OK));
    test_env_free(env);
}

static enum err
constraint_tx(struct ctx *cx, void *arg UNUSED)
{
    enum err e = q_outbox_put(cx, NULL, .id = 5, .topic = STR("t"), .key = STR("k"),
                              .payload = STR("{}"), .now_us = 1);
    TRY(e);
    /* the second one fails; the closure handles it and goes on */
    e = q_outbox_put(cx, NULL, .id = 5, .topic = STR("t"), .key = STR("k"), .payload = STR("{}"),
                     .now_us = 1);
    return e == ERR_CONFLICT ? ERR_OK : ERR_INTERNAL;
}

static void
test_write_unique_violation_is_conflict_and_may_be_handled(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    if (test_is_postgres()) { /* it takes nothing more after the failure, whatever the closure says
                               */
        assert_int_equal(store_write(env->cx, constraint_tx, NULL), ERR_CONFLICT);
    } else {
        ASSERT_OK(env->cx, store_write(env->cx, constraint_tx, NULL));
    }
    assert_int_equal(test_count(env->cx, "outbox"), test_is_postgres() ? 0 : 1);
    test_env_free(env);
}

struct snapshot {
    struct ctx *other;
    int64_t first, second;
};

static enum err
snapshot_fn(struct ctx *cx, void *arg)
{
    struct snapshot *s = arg;
    s->first = test_count(cx, "store_meta");
    TRY(put(s->other, STR("while-reading"), STR("1"), ERR_OK));
    s->second = test_count(cx, "store_meta");
    return ERR_OK;
}

static void
test_read_keeps_one_snapshot(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct snapshot s = { .other = test_ctx_new(env) };
    ASSERT_OK(env->cx, store_read(env->cx, snapshot_fn, &s));
    assert_true(s.first == s.second);
    assert_int_equal(
        test_i64(env->cx, "SELECT count(*) FROM store_meta WHERE name = 'while-reading'"), 1);
    test_ctx_free(s.other);
    test_env_free(env);
}

/* --- the queue -------------------------------------------------------------------------------- */

static void
test_write_given_up_while_queued_leaves_nothing(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    struct gate g;
    struct store_stats st;
    gate_close(&g, env);
    cx->deadline_us = sys_mono_us(cx) + 1000;
    assert_int_equal(put(cx, STR("late"), STR("1"), ERR_OK), ERR_DEADLINE);
    cx->deadline_us = sys_mono_us(cx);
    assert_int_equal(put(cx, STR("later"), STR("1"), ERR_OK), ERR_DEADLINE);
    cx->deadline_us = 0;
    store_stats(cx->store, &st);
    assert_int_equal(st.queue_depth, 0);
    gate_open(&g);
    ASSERT_OK(cx, put(cx, STR("next"), STR("1"), ERR_OK));
    assert_int_equal(
        test_i64(cx, "SELECT count(*) FROM store_meta WHERE name IN ('late', 'later')"), 0);
    test_env_free(env);
}

struct slow {
    bool has_run;
};

static enum err
slow_tx(struct ctx *cx, void *arg)
{
    struct slow *s = arg;
    s->has_run = true;
    sys_clock_fake_step((struct sys_clock_fake *)(uintptr_t)cx->clock,
                        10000000); /* far past the deadline */
    return q_store_meta_set(cx, NULL, .name = STR("slow"), .value = STR("1"));
}

static void
test_write_started_before_deadline_is_waited_for(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct slow s = { 0 };
    env->cx->deadline_us = sys_mono_us(env->cx) + 5000000;
    ASSERT_OK(env->cx, store_write(env->cx, slow_tx, &s));
    env->cx->deadline_us = 0;
    assert_int_equal(test_i64(env->cx, "SELECT count(*) FROM store_meta WHERE name = 'slow'"), 1);
    test_env_free(env);
}

struct writer {
    struct ctx *cx;
    pthread_t thread;
    struct str name;
    enum err end, err;
    bool is_barren;
};

static void *
writer_main(void *arg)
{
    struct writer *w = arg;
    struct put p = { .name = w->name, .value = STR("1"), .end = w->end, .is_barren = w->is_barren };
    w->err = store_write(w->cx, put_tx, &p);
    return NULL;
}

static void
test_write_full_queue_is_busy(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct test_env *env = test_env_new_with(&(struct store_config){ .queue_max = 1 });
    struct gate g;
    struct writer w = { .cx = test_ctx_new(env), .name = STR("queued") };
    gate_close(&g, env);
    assert_int_equal(pthread_create(&w.thread, NULL, writer_main, &w), 0);
    wait_depth(env->cx, 1);
    assert_int_equal(put(env->cx, STR("refused"), STR("1"), ERR_OK), ERR_BUSY);
    gate_open(&g);
    (void)pthread_join(w.thread, NULL);
    assert_int_equal(w.err, ERR_OK);
    assert_int_equal(test_i64(env->cx, "SELECT count(*) FROM store_meta WHERE name = 'queued'"), 1);
    assert_int_equal(test_i64(env->cx, "SELECT count(*) FROM store_meta WHERE name = 'refused'"),
                     0);
    test_ctx_free(w.cx);
    test_env_free(env);
}

/* Twenty closures at once, each fourth of which fails; what the store counted meanwhile. */
static void
run_batch(bool is_barren, struct store_stats *ret)
{
    struct test_env *env = test_env_new();
    struct gate g;
    struct writer w[20];
    struct store_stats a;
    struct store_stats b;
    store_stats(env->cx->store, &a);
    gate_close(&g, env);
    for (size_t i = 0; i < COUNT_OF(w); i++) {
        bool is_failing = i % 4 == 3;
        w[i] = (struct writer){ .cx = test_ctx_new(env),
                                .end = is_failing ? ERR_CONFLICT : ERR_OK,
                                .is_barren = is_failing && is_barren };
        w[i].name = str_fmt(w[i].cx->arena, "w%zu", i);
        assert_int_equal(pthread_create(&w[i].thread, NULL, writer_main, &w[i]), 0);
    }
    wait_depth(env->cx, COUNT_OF(w));
    gate_open(&g);
    for (size_t i = 0; i < COUNT_OF(w); i++) {
        (void)pthread_join(w[i].thread, NULL);
        assert_int_equal(w[i].err, w[i].end);
        test_ctx_free(w[i].cx);
    }
    store_stats(env->cx->store, &b);
    assert_int_equal(b.n_closures - a.n_closures, COUNT_OF(w) + 1);
    assert_int_equal(test_i64(env->cx, "SELECT count(*) FROM store_meta WHERE name LIKE 'w%'"), 15);
    *ret = (struct store_stats){ .n_commits = b.n_commits - a.n_commits,
                                 .n_batches_spoiled = b.n_batches_spoiled - a.n_batches_spoiled,
                                 .n_batches_retried = b.n_batches_retried - a.n_batches_retried };
    test_env_free(env);
}

static void
test_write_batch_shares_one_commit_and_isolates_failures(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct store_stats st;
    run_batch(false, &st);
    assert_in_range(st.n_commits, 1, 10);        /* a batch may end by time */
    assert_in_range(st.n_batches_spoiled, 1, 2); /* not for each failure: savepoints follow */
    assert_int_equal(st.n_batches_retried, 0);
}

static void
test_write_failing_before_it_wrote_spoils_no_batch(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct store_stats st;
    run_batch(true, &st);
    assert_in_range(st.n_commits, 1, 10);
    assert_int_equal(st.n_batches_spoiled, 0);
    assert_int_equal(st.n_batches_retried, 0);
}

/* --- ids and the life of a database ----------------------------------------------------------- */

static void
test_new_id_grows_when_clock_is_set_back(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *cx = env->cx;
    int64_t last = 0;
    for (int i = 0; i < 1000; i++) {
        int64_t id = store_new_id(cx);
        assert_true(id > last);
        last = id;
        if (i % 100 == 0) {
            sys_clock_fake_step(&env->clock, -3600 * INT64_C(1000000));
        }
    }
    ASSERT_OK(cx, put(cx, STR("a"), STR("1"), ERR_OK));
    sys_clock_fake_step(&env->clock, -864000 * INT64_C(1000000));
    test_env_reopen(env);
    assert_true(store_new_id(cx) > last);
    assert_true(last < INT64_C(9007199254740992)); /* JavaScript reads it exactly */
    test_env_free(env);
}

static void *
reader_main(void *arg)
{
    struct ctx *cx = arg;
    (void)test_count(cx, "store_meta");
    return NULL; /* the connection goes back by the thread's end */
}

static void
test_readers_of_ended_threads_are_used_again(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    for (int i = 0; i < 50; i++) {
        struct ctx *cx = test_ctx_new(env);
        pthread_t t;
        assert_int_equal(pthread_create(&t, NULL, reader_main, cx), 0);
        (void)pthread_join(t, NULL);
        test_ctx_free(cx);
    }
    struct sys_entry *v;
    size_t n = 0;
    ASSERT_OK(env->cx, sys_dir_list(env->cx, STR("/proc/self/fd"), &v, &n));
    assert_true(n < 30);
    test_env_free(env);
}

static void
test_open_second_time_is_busy(void **state)
{
    (void)state;
    TEST_SQLITE_ONLY();
    struct test_env *env = test_env_new();
    struct store *second = NULL;
    assert_int_equal(store_open(env->cx, &env->store_config, &second), ERR_BUSY);
    assert_null(second);
    ASSERT_OK(env->cx, put(env->cx, STR("a"), STR("1"), ERR_OK));
    test_env_free(env);
}

static void
test_open_read_only_reads_beside_the_writer_and_never_writes(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    struct ctx *other = test_ctx_new(env);
    struct store_config config = env->store_config;
    struct q_store_meta_get row;
    ASSERT_OK(env->cx, put(env->cx, STR("a"), STR("1"), ERR_OK));
    config.is_read_only = true;
    other->store = NULL;
    ASSERT_OK(other, store_open(other, &config, &other->store));
    ASSERT_OK(other, q_store_meta_get(other, &row, .name = STR("a")));
    assert_int_equal(put(other, STR("b"), STR("2"), ERR_OK), ERR_INTERNAL);
    ASSERT_OK(env->cx, put(env->cx, STR("a"), STR("3"), ERR_OK));
    ASSERT_OK(other, q_store_meta_get(other, &row, .name = STR("a")));
    ASSERT_STR(row.value, "3");
    store_close(other->store);
    ASSERT_OK(env->cx, put(env->cx, STR("c"), STR("4"), ERR_OK));
    config.url = test_is_postgres() ? STR("postgresql:///none?host=/nowhere")
                                    : STR("sqlite:/nowhere/at/all.db");
    assert_int_equal(store_open(other, &config, &other->store),
                     test_is_postgres() ? ERR_AWAY : ERR_STORE);
    test_ctx_free(other);
    test_env_free(env);
}

static void
test_open_newer_or_other_database_is_refused(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    ASSERT_OK(
        env->cx,
        test_sql(env->cx, "UPDATE store_meta SET value = '9999' WHERE name = 'schema_version'"));
    store_close(env->cx->store);
    env->cx->store = NULL;
    assert_int_equal(store_open(env->cx, &env->store_config, &env->cx->store), ERR_UNSUPPORTED);
    assert_non_null(strstr(env->cx->err.text, "newer program"));
    assert_null(env->cx->store);
    test_env_free(env);
}

static void
test_open_keeps_rows_and_unknown_url_is_refused(void **state)
{
    (void)state;
    struct test_env *env = test_env_new();
    ASSERT_OK(env->cx, put(env->cx, STR("a"), STR("1"), ERR_OK));
    test_env_reopen(env);
    assert_int_equal(test_i64(env->cx, "SELECT count(*) FROM store_meta WHERE name = 'a'"), 1);
    struct store *s = NULL;
    assert_int_equal(store_open(env->cx, &(struct store_config){ .url = STR("mysql:x") }, &s),
                     ERR_UNSUPPORTED);
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_then_read_sees_it),
        cmocka_unit_test(test_write_error_of_closure_rolls_back),
        cmocka_unit_test(test_write_outside_store_write_is_refused),
        cmocka_unit_test(test_write_inside_a_transaction_or_snapshot_is_refused),
        cmocka_unit_test(test_write_unique_violation_is_conflict_and_may_be_handled),
        cmocka_unit_test(test_read_keeps_one_snapshot),
        cmocka_unit_test(test_write_given_up_while_queued_leaves_nothing),
        cmocka_unit_test(test_write_started_before_deadline_is_waited_for),
        cmocka_unit_test(test_write_full_queue_is_busy),
        cmocka_unit_test(test_write_batch_shares_one_commit_and_isolates_failures),
        cmocka_unit_test(test_write_failing_before_it_wrote_spoils_no_batch),
        cmocka_unit_test(test_new_id_grows_when_clock_is_set_back),
        cmocka_unit_test(test_readers_of_ended_threads_are_used_again),
        cmocka_unit_test(test_open_second_time_is_busy),
        cmocka_unit_test(test_open_read_only_reads_beside_the_writer_and_never_writes),
        cmocka_unit_test(test_open_newer_or_other_database_is_refused),
        cmocka_unit_test(test_open_keeps_rows_and_unknown_url_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
