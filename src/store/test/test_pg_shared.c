/* Several processes on one PostgreSQL, as several stores in one program: forced interleavings, lost
 * connections, the outbox of two, ids, signals. */
#include "lib/harness.h"

#include "gen/q_store.h"
#include "store/copy.h"
#include "store/store_int.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

/* Another process on the same database. */
static struct ctx *
process_new(struct test_env *env)
{
    struct ctx *cx = test_ctx_new(env);
    ASSERT_OK(cx, store_open(cx, &env->store_config, &cx->store));
    return cx;
}

static void
process_free(struct ctx *cx)
{
    store_close(cx->store);
    test_ctx_free(cx);
}

static PGconn *
raw(struct test_env *env)
{
    PGconn *pg = PQconnectdb(str_z(env->cx->arena, env->store_config.url));
    assert_int_equal(PQstatus(pg), CONNECTION_OK);
    return pg;
}

static void
raw_sql(PGconn *pg, const char *sql)
{
    PGresult *res = PQexec(pg, sql);
    ExecStatusType st = PQresultStatus(res);
    if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    }
    PQclear(res);
}

/* --- two closures at once -----------------------------------------------------------------------
 */

/* Reads first, meets the other, then writes: the order that breaks READ COMMITTED. */
struct meeting {
    pthread_barrier_t both_have_read;
};

struct party {
    struct ctx *cx;
    pthread_t thread;
    struct meeting *meeting;
    store_tx_fn *fn;
    const char *name;
    int n_runs;
    enum err err;
};

static void
meet(struct party *p)
{
    if (p->n_runs++ == 0) { /* only the first time: the other may be done by then */
        (void)pthread_barrier_wait(&p->meeting->both_have_read);
    }
}

static void *
party_main(void *arg)
{
    struct party *p = arg;
    p->err = store_write(p->cx, p->fn, p);
    return NULL;
}

static void
run_two(struct test_env *env, store_tx_fn *fn, struct party p[2])
{
    struct meeting m;
    assert_int_equal(pthread_barrier_init(&m.both_have_read, NULL, 2), 0);
    for (int i = 0; i < 2; i++) {
        p[i] = (struct party){ .cx = i == 0 ? test_ctx_new(env) : process_new(env),
                               .meeting = &m,
                               .fn = fn,
                               .name = i == 0 ? "a" : "b" };
        assert_int_equal(pthread_create(&p[i].thread, NULL, party_main, &p[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(p[i].thread, NULL);
        ASSERT_OK(p[i].cx, p[i].err);
    }
    test_ctx_free(p[0].cx);
    process_free(p[1].cx);
    (void)pthread_barrier_destroy(&m.both_have_read);
}

/* "Nobody did it yet, so I do": two rows, each seen missing by the other. */
static enum err
only_one_tx(struct ctx *cx, void *arg)
{
    struct party *p = arg;
    struct q_store_meta_get row;
    bool is_a = p->name[0] == 'a';
    enum err e = q_store_meta_get(cx, &row, .name = is_a ? STR("done-b") : STR("done-a"));
    meet(p);
    if (e == ERR_OK) {
        return ERR_OK; /* the other did */
    }
    return e == ERR_NOT_FOUND
               ? q_store_meta_set(cx, NULL, .name = is_a ? STR("done-a") : STR("done-b"),
                                  .value = STR("1"))
               : e;
}

static void
test_two_closures_that_each_see_nothing_leave_one_row(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct party p[2];
    run_two(env, only_one_tx, p);
    assert_int_equal(test_i64(env->cx, "SELECT count(*) FROM store_meta WHERE name LIKE 'done-%'"),
                     1);
    assert_int_equal(p[0].n_runs + p[1].n_runs, 3);
    test_env_free(env);
}

/* Highest number + 1, as the register books do. */
static enum err
next_number_tx(struct ctx *cx, void *arg)
{
    struct party *p = arg;
    int64_t n = test_i64(cx, "SELECT COALESCE(MAX(id), 0) + 1 FROM outbox");
    meet(p);
    return q_outbox_put(cx, NULL, .id = n, .topic = STR("t"), .key = STR("k"), .payload = STR("{}"),
                        .now_us = 1);
}

static void
test_two_closures_that_take_the_next_number_get_two(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct party p[2];
    run_two(env, next_number_tx, p);
    assert_int_equal(test_i64(env->cx, "SELECT count(*) FROM outbox WHERE id IN (1, 2)"), 2);
    test_env_free(env);
}

#define CROWD   8
#define CROWD_N 25

static enum err
count_up_tx(struct ctx *cx, void *arg UNUSED)
{
    struct q_store_meta_get row;
    int64_t n = 0;
    TRY(q_store_meta_get(cx, &row, .name = STR("counter")));
    assert_true(str_to_i64(row.value, 0, INT64_MAX, &n));
    return q_store_meta_set(cx, NULL, .name = STR("counter"),
                            .value = str_fmt(cx->arena, "%lld", (long long)n + 1));
}

static void *
crowd_main(void *arg)
{
    struct party *p = arg;
    for (int i = 0; i < CROWD_N && p->err == ERR_OK; i++) {
        p->err = store_write(p->cx, count_up_tx, NULL);
    }
    return NULL;
}

/* The hottest row there can be: every closure reads it and writes it. All come to their end. */
static void
test_crowd_on_one_row_loses_no_count_and_all_come_to_an_end(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct party p[CROWD] = { 0 };
    ASSERT_OK(env->cx, test_sql(env->cx, "INSERT INTO store_meta VALUES ('counter', '0')"));
    for (int i = 0; i < CROWD; i++) {
        p[i].cx = test_ctx_new(env);
        assert_int_equal(pthread_create(&p[i].thread, NULL, crowd_main, &p[i]), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        (void)pthread_join(p[i].thread, NULL);
        ASSERT_OK(p[i].cx, p[i].err);
        test_ctx_free(p[i].cx);
    }
    struct q_store_meta_get row;
    ASSERT_OK(env->cx, q_store_meta_get(env->cx, &row, .name = STR("counter")));
    ASSERT_STR(row.value, "200");
    test_env_free(env);
}

/* --- connections that break ---------------------------------------------------------------------
 */

static const char *const kill_all = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                                    "WHERE pid <> pg_backend_pid() AND "
                                    "datname = current_database()";

struct broken {
    PGconn *killer;
    int n_runs;
};

static enum err
broken_tx(struct ctx *cx, void *arg)
{
    struct broken *b = arg;
    TRY(q_store_meta_set(cx, NULL, .name = STR("x"), .value = STR("1")));
    if (b->n_runs++ == 0) {
        raw_sql(b->killer, kill_all);
    }
    return q_store_meta_set(cx, NULL, .name = STR("y"), .value = STR("1"));
}

static void
test_connection_lost_inside_a_closure_runs_it_again(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct broken b = { .killer = raw(env) };
    ASSERT_OK(env->cx, store_write(env->cx, broken_tx, &b));
    assert_int_equal(b.n_runs, 2);
    assert_int_equal(test_i64(env->cx, "SELECT count(*) FROM store_meta WHERE name IN ('x', 'y')"),
                     2);
    PQfinish(b.killer);
    test_env_free(env);
}

static void
test_connection_lost_between_reads_is_not_seen(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    PGconn *killer = raw(env);
    int64_t before = test_count(env->cx, "store_meta");
    raw_sql(killer, kill_all);
    assert_true(test_count(env->cx, "store_meta") == before);
    raw_sql(killer, kill_all);
    ASSERT_OK(env->cx, test_sql(env->cx, "INSERT INTO store_meta VALUES ('after', '1')"));
    PQfinish(killer);
    test_env_free(env);
}

/* --- ids
 * ------------------------------------------------------------------------------------------ */

static void
test_ids_of_two_processes_never_meet(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct ctx *other = process_new(env); /* the clock stands still: the hardest case */
    int64_t last = 0;
    assert_true(env->cx->store->id_node != other->store->id_node);
    for (int i = 0; i < 1000; i++) {
        int64_t a = store_new_id(env->cx);
        int64_t b = store_new_id(other);
        assert_true(a != b && a % env->cx->store->id_step != b % other->store->id_step);
        assert_true(a > last);
        last = a;
    }
    process_free(other);
    test_env_free(env);
}

/* --- one outbox, two processes
 * --------------------------------------------------------------------- */

#define KEYS      6
#define PER_KEY   20
#define LOG_BYTES 16384

struct seen {
    pthread_mutex_t mutex;
    int next[KEYS]; /* the number expected next of each key */
    int n, n_wrong;
    _Atomic int n_timed;
};

static enum err
in_order_job(struct ctx *cx, struct str key, struct str payload)
{
    struct seen *s = (struct seen *)(void *)cx->server;
    int64_t k = 0;
    int64_t no = 0;
    assert_true(str_to_i64(key, 0, KEYS - 1, &k) && str_to_i64(payload, 0, PER_KEY, &no));
    (void)pthread_mutex_lock(&s->mutex);
    s->n_wrong += s->next[k] == no ? 0 : 1;
    s->next[k] = (int)no + 1;
    s->n++;
    (void)pthread_mutex_unlock(&s->mutex);
    return ERR_OK;
}

static enum err
timed_job(struct ctx *cx, int64_t *ret_again_us)
{
    struct seen *s = (struct seen *)(void *)cx->server;
    s->n_timed++;
    *ret_again_us = INT64_C(3600) * 1000000;
    return ERR_OK;
}

static const struct jobs_topic topics[] = { { STR_INIT("order"), in_order_job },
                                            { { NULL, 0 }, NULL } };
static const struct jobs_timed timed[] = { { STR_INIT("hourly"), timed_job },
                                           { { NULL, 0 }, NULL } };
static const struct jobs_topic *const all_topics[] = { topics };
static const struct jobs_timed *const all_timed[] = { timed };
static const struct jobs_config jobs_of_both = {
    .topics = all_topics, .n_topics = 1, .timed = all_timed, .n_timed = 1, .n_threads = 2
};

struct put {
    struct str key, payload;
};

static enum err
put_tx(struct ctx *cx, void *arg)
{
    const struct put *p = arg;
    return store_outbox_put(cx, STR("order"), p->key, p->payload);
}

static void
test_two_processes_handle_one_outbox_once_and_in_order(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct ctx *other = process_new(env);
    struct seen s = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    struct jobs *a = NULL;
    struct jobs *b = NULL;
    env->cx->server = (struct server *)(void *)&s;
    other->server = (struct server *)(void *)&s;
    ASSERT_OK(env->cx, jobs_start(env->cx, &jobs_of_both, &a));
    ASSERT_OK(other, jobs_start(other, &jobs_of_both, &b));
    for (int no = 0; no < PER_KEY; no++) {
        for (int k = 0; k < KEYS; k++) {
            struct ctx *from = (no + k) % 2 == 0 ? env->cx : other;
            struct put p = { str_fmt(from->arena, "%d", k), str_fmt(from->arena, "%d", no) };
            ASSERT_OK(from, store_write(from, put_tx, &p));
            sys_clock_fake_step(&env->clock, 1000);
        }
    }
    while (test_count(env->cx, "outbox") > 0 || s.n_timed == 0) {
        jobs_wake(a);
        jobs_wake(b);
        (void)usleep(1000);
    }
    jobs_stop(a);
    jobs_stop(b);
    assert_int_equal(s.n, KEYS * PER_KEY);
    assert_int_equal(s.n_wrong, 0);
    assert_int_equal(s.n_timed, 1);
    env->cx->server = NULL;
    process_free(other);
    test_env_free(env);
}

/* A process took an entry and died: who comes to its place frees it. */
static void
test_entry_of_a_dead_process_is_free_for_its_successor(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct seen s = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    struct put p = { STR("0"), STR("0") };
    struct jobs *j = NULL;
    env->cx->server = (struct server *)(void *)&s;
    ASSERT_OK(env->cx, store_write(env->cx, put_tx, &p));
    ASSERT_OK(env->cx, test_sql(env->cx, "UPDATE outbox SET taken_until_us = 9000000000000000, "
                                         "taken_by = 1"));
    ASSERT_OK(env->cx, jobs_drain(env->cx, &jobs_of_both));
    assert_int_equal(s.n, 0);
    ASSERT_OK(env->cx, jobs_start(env->cx, &jobs_of_both, &j));
    while (test_count(env->cx, "outbox") > 0) {
        (void)usleep(1000);
    }
    jobs_stop(j);
    assert_int_equal(s.n, 1);
    env->cx->server = NULL;
    test_env_free(env);
}

/* The store goes away for a while: the outcome of one entry is not written, of another the process
 * never hears that it took it. Both are done as soon as the store is back, not when the time is
 * over for which they are kept from others (here it never is: the clock stands still). What
 * another thread is working on meanwhile is left to it. */
struct away {
    sem_t is_slow_begun, may_slow_end;
    _Atomic int n_first, n_slow, n_lost;
};

static enum err
away_job(struct ctx *cx, struct str key, struct str payload UNUSED)
{
    struct away *a = (struct away *)(void *)cx->server;
    if (str_eq(key, STR("slow"))) {
        a->n_slow++;
        (void)sem_post(&a->is_slow_begun);
        (void)sem_wait(&a->may_slow_end);
    }
    a->n_first += str_eq(key, STR("first")) ? 1 : 0;
    a->n_lost += str_eq(key, STR("lost")) ? 1 : 0;
    return ERR_OK;
}

static const struct jobs_topic away_topics[] = { { STR_INIT("order"), away_job },
                                                 { { NULL, 0 }, NULL } };
static const struct jobs_topic *const all_away[] = { away_topics };
static const struct jobs_config jobs_away = { .topics = all_away, .n_topics = 1, .n_threads = 2 };

static void
put_away(struct test_env *env, struct str key)
{
    struct put p = { key, STR("0") };
    ASSERT_OK(env->cx, store_write(env->cx, put_tx, &p));
}

static bool
is_soon(const _Atomic int *n, int at_least)
{
    for (int i = 0; i < 20000 && *n < at_least; i++) {
        (void)usleep(1000);
    }
    return *n >= at_least;
}

static void
test_entries_left_taken_while_the_store_was_away_are_done_when_it_is_back(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    PGconn *pg = raw(env);
    struct away a = { 0 };
    struct jobs *j = NULL;
    assert_int_equal(sem_init(&a.is_slow_begun, 0, 0), 0);
    assert_int_equal(sem_init(&a.may_slow_end, 0, 0), 0);
    env->cx->server = (struct server *)(void *)&a;
    ASSERT_OK(env->cx, jobs_start(env->cx, &jobs_away, &j));
    put_away(env, STR("slow"));
    (void)sem_wait(&a.is_slow_begun);
    raw_sql(pg, "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN RAISE 'the store is away'; END$$");
    raw_sql(pg, "CREATE TRIGGER away BEFORE DELETE ON outbox EXECUTE FUNCTION away()");
    put_away(env, STR("first"));
    assert_true(is_soon(&a.n_first, 2));
    raw_sql(pg, "INSERT INTO outbox (id, topic, key, payload, put_us, due_us, taken_until_us, "
                "taken_by) VALUES (9, 'order', 'lost', '', 0, 0, 9000000000000000, 1)");
    assert_true(is_soon(&a.n_lost, 1));
    raw_sql(pg, "DROP TRIGGER away ON outbox");
    assert_int_equal(a.n_slow, 1);
    (void)sem_post(&a.may_slow_end);
    for (int i = 0; i < 20000 && test_count(env->cx, "outbox") > 0; i++) {
        (void)usleep(1000);
    }
    assert_int_equal(test_count(env->cx, "outbox"), 0);
    jobs_stop(j);
    assert_int_equal(a.n_slow, 1);
    PQfinish(pg);
    env->cx->server = NULL;
    test_env_free(env);
}

/* --- a commit that comes late
 * ---------------------------------------------------------------------- */

struct late {
    struct ctx *cx;
    pthread_t thread;
    sem_t has_put, may_commit;
    int n_runs;
    enum err err;
};

static enum err
late_tx(struct ctx *cx, void *arg)
{
    struct late *l = arg;
    TRY(store_outbox_put(cx, STR("order"), STR("1"), STR("0")));
    if (l->n_runs++ == 0) {
        (void)sem_post(&l->has_put);
        (void)sem_wait(&l->may_commit);
    }
    return ERR_OK;
}

static void *
late_main(void *arg)
{
    struct late *l = arg;
    l->err = store_write(l->cx, late_tx, l);
    return NULL;
}

/* The entry with the lower id becomes visible after one with a higher id was handled. */
static void
test_entry_committed_late_is_handled_all_the_same(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct seen s = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    struct late l = { .cx = test_ctx_new(env) };
    struct put p = { STR("0"), STR("0") };
    assert_int_equal(sem_init(&l.has_put, 0, 0), 0);
    assert_int_equal(sem_init(&l.may_commit, 0, 0), 0);
    assert_int_equal(pthread_create(&l.thread, NULL, late_main, &l), 0);
    (void)sem_wait(&l.has_put);
    sys_clock_fake_step(&env->clock, 1000);
    env->cx->server = (struct server *)(void *)&s;
    ASSERT_OK(env->cx, store_write(env->cx, put_tx, &p));
    ASSERT_OK(env->cx, jobs_drain(env->cx, &jobs_of_both));
    assert_int_equal(s.n, 1);
    (void)sem_post(&l.may_commit);
    (void)pthread_join(l.thread, NULL);
    ASSERT_OK(l.cx, l.err);
    ASSERT_OK(env->cx, jobs_drain(env->cx, &jobs_of_both));
    assert_int_equal(s.n, 2);
    env->cx->server = NULL;
    test_ctx_free(l.cx);
    test_env_free(env);
}

/* --- signals
 * ---------------------------------------------------------------------------------------- */

static void
heard(void *arg, struct str text)
{
    if (str_eq(text, STR("figures {}"))) {
        (void)sem_post(arg);
    }
}

static void
own_heard(void *arg, struct str text UNUSED)
{
    *(_Atomic int *)arg = *(_Atomic int *)arg + 1;
}

static void
test_signal_reaches_the_other_process_and_not_its_own(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct ctx *other = process_new(env);
    _Atomic int n_own = 0;
    sem_t got;
    assert_int_equal(sem_init(&got, 0, 0), 0);
    ASSERT_OK(env->cx, store_listen(env->cx, own_heard, &n_own));
    ASSERT_OK(other, store_listen(other, heard, &got));
    struct timespec until;
    do { /* the other may not listen yet */
        store_signal(env->cx, STR("figures {}"));
        assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);
        until.tv_nsec += 50000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
    } while (sem_timedwait(&got, &until) != 0);
    store_unlisten(env->cx->store);
    store_unlisten(other->store);
    assert_int_equal(n_own, 0);
    process_free(other);
    test_env_free(env);
}

/* --- copying
 * ------------------------------------------------------------------------------------------ */

static struct ctx *
embedded_new(struct test_env *env, const char *name)
{
    struct ctx *cx = test_ctx_new(env);
    struct store_config config = { .on_connect = env->store_config.on_connect };
    config.url = str_fmt(cx->arena, "sqlite:" STR_FMT "/%s/bombo.db", STR_ARG(env->data_dir), name);
    ASSERT_OK(cx, store_open(cx, &config, &cx->store));
    return cx;
}

static void
test_copy_there_and_back_keeps_every_row_and_refuses_a_full_target(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    struct ctx *first = embedded_new(env, "first");
    struct ctx *back = embedded_new(env, "back");
    struct store_copied n;
    ASSERT_OK(first, test_sql(first, "INSERT INTO outbox (id, topic, key, payload, put_us, due_us, "
                                     "last_error) VALUES (7, 'Đồng Xoài', '', 'a', 1, 2, NULL)"));
    ASSERT_OK(first, test_sql(first, "INSERT INTO job_timed (name, due_us, ran_us) VALUES ('j', 0, "
                                     "NULL)"));
    int64_t last = store_new_id(first);
    ASSERT_OK(env->cx, store_copy(first, env->cx, &n));
    assert_int_equal(n.n_rows, 2);
    assert_true(n.n_tables > 30);
    assert_true(store_new_id(env->cx) > last);
    assert_int_equal(test_i64(env->cx, "SELECT count(*) FROM outbox WHERE topic = 'Đồng Xoài' AND "
                                       "key = '' AND last_error IS NULL"),
                     1);
    assert_int_equal(test_i64(env->cx, "SELECT count(*) FROM job_timed WHERE due_us = 0 AND ran_us "
                                       "IS NULL"),
                     1);
    assert_int_equal(store_copy(first, env->cx, &n), ERR_CONFLICT);
    ASSERT_OK(env->cx, store_copy(env->cx, back, &n));
    assert_int_equal(test_i64(back, "SELECT count(*) FROM outbox WHERE id = 7 AND due_us = 2"), 1);
    process_free(first);
    process_free(back);
    test_env_reopen(env); /* the mark of an unfinished copy is gone */
    test_env_free(env);
}

static void
test_copy_unfinished_does_not_open(void **state)
{
    (void)state;
    TEST_POSTGRES_ONLY();
    struct test_env *env = test_env_new();
    ASSERT_OK(env->cx, test_sql(env->cx, "UPDATE store_meta SET value = 'copying' WHERE name = "
                                         "'schema_version'"));
    store_close(env->cx->store);
    env->cx->store = NULL;
    assert_int_equal(store_open(env->cx, &env->store_config, &env->cx->store), ERR_UNSUPPORTED);
    assert_non_null(strstr(env->cx->err.text, "unfinished copy"));
    test_env_free(env);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_closures_that_each_see_nothing_leave_one_row),
        cmocka_unit_test(test_two_closures_that_take_the_next_number_get_two),
        cmocka_unit_test(test_crowd_on_one_row_loses_no_count_and_all_come_to_an_end),
        cmocka_unit_test(test_connection_lost_inside_a_closure_runs_it_again),
        cmocka_unit_test(test_connection_lost_between_reads_is_not_seen),
        cmocka_unit_test(test_ids_of_two_processes_never_meet),
        cmocka_unit_test(test_two_processes_handle_one_outbox_once_and_in_order),
        cmocka_unit_test(test_entry_of_a_dead_process_is_free_for_its_successor),
        cmocka_unit_test(test_entries_left_taken_while_the_store_was_away_are_done_when_it_is_back),
        cmocka_unit_test(test_entry_committed_late_is_handled_all_the_same),
        cmocka_unit_test(test_signal_reaches_the_other_process_and_not_its_own),
        cmocka_unit_test(test_copy_there_and_back_keeps_every_row_and_refuses_a_full_target),
        cmocka_unit_test(test_copy_unfinished_does_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
