/* Two officers, one dossier, and a ledger entry that is committed late: on PostgreSQL, where
 * transactions run at once. The order is forced by locks of a third connection. */
#include "world.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <unistd.h>

static PGconn *
raw(struct world *w)
{
    PGconn *pg = PQconnectdb(str_z(w->cx->arena, w->env->store_config.url));
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

/* Polls until n transactions of this database wait for a lock. */
static void
wait_blocked(PGconn *pg, int n)
{
    int have = -1;
    while (have != n) {
        PGresult *res = PQexec(pg, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = "
                                   "'Lock' AND datname = current_database()");
        int64_t v = 0;
        assert_true(str_to_i64(str_of(PQgetvalue(res, 0, 0)), 0, 1000, &v));
        have = (int)v;
        PQclear(res);
        (void)usleep(2000);
    }
}

struct officer {
    struct ctx *cx;
    pthread_t thread;
    struct dossier_act act;
    enum err err;
};

static void *
officer_main(void *arg)
{
    struct officer *o = arg;
    o->err = dossier_do(o->cx, &o->act);
    return NULL;
}

static void
officer_start(struct world *w, struct officer *o, enum who who, const struct flow_task *t,
              const char *outcome)
{
    be(w, who);
    *o = (struct officer){ .cx = test_ctx_new(w->env) };
    o->cx->actor = w->cx->actor;
    o->cx->who = w->cx->who;
    o->cx->texts = w->cx->texts;
    o->cx->sign = w->cx->sign;
    o->act = (struct dossier_act){ .task = t->id,
                                   .version = t->version,
                                   .outcome = str_of(outcome),
                                   .note = STR("không thuộc thẩm quyền") };
    assert_int_equal(pthread_create(&o->thread, NULL, officer_main, o), 0);
}

/* Both have read the task as open and stand before the same row; exactly one wins, the other hears
 * that somebody was quicker. */
static void
test_two_officers_on_one_dossier_one_wins_and_one_is_told(void **state)
{
    struct world *w = *state;
    TEST_POSTGRES_ONLY();
    struct officer o[2];
    PGconn *locker = raw(w);
    PGconn *watcher = raw(w);
    int64_t id = file(w);
    struct flow_task t = open_task(w, id);
    raw_sql(locker, "BEGIN");
    raw_sql(locker,
            str_z(w->cx->arena,
                  str_fmt(w->cx->arena, "SELECT 1 FROM flow_task WHERE id = %" PRId64 " FOR UPDATE",
                          t.id)));
    officer_start(w, &o[0], RECEIVER, &t, "accept");
    officer_start(w, &o[1], SECOND_RECEIVER, &t, "refuse");
    wait_blocked(watcher, 2);
    raw_sql(locker, "COMMIT");
    int n_won = 0;
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(o[i].thread, NULL);
        n_won += o[i].err == ERR_OK ? 1 : 0;
        assert_true(o[i].err == ERR_OK || o[i].err == ERR_CONFLICT);
        if (o[i].err == ERR_CONFLICT) {
            assert_int_equal(o[i].cx->n_problems, 1);
            ASSERT_STR(o[i].cx->problems[0].key, "dossier.somebody_was_quicker");
        }
    }
    assert_int_equal(n_won, 1);
    struct dossier d = get(w, id);
    assert_int_equal(d.status, o[0].err == ERR_OK ? 6 : d.status);
    assert_int_equal(
        test_i64(w->cx,
                 str_z(w->cx->arena, str_fmt(w->cx->arena,
                                             "SELECT count(*) FROM flow_task WHERE id = %" PRId64
                                             " AND state = 'done' AND version = %" PRId64,
                                             t.id, t.version + 1))),
        1);
    test_ctx_free(o[0].cx);
    test_ctx_free(o[1].cx);
    PQfinish(locker);
    PQfinish(watcher);
}

/* --- the same receipt for two presses of the button at once
 * ---------------------------------------- */

struct filer {
    struct ctx *cx;
    pthread_t thread;
    struct dossier_draft draft;
    struct dossier_receipt receipt;
    enum err err;
};

static void *
filer_main(void *arg)
{
    struct filer *f = arg;
    f->err = dossier_submit(f->cx, &f->draft, &f->receipt);
    return NULL;
}

static enum err
nothing(struct ctx *cx UNUSED, void *arg UNUSED)
{
    return ERR_OK;
}

/* After a collision the store writes one at a time for a while (64 transactions): let it pass, so
 * that two stand in the database again. */
static void
calm_down(struct world *w)
{
    for (int i = 0; i < 100; i++) {
        ASSERT_OK(w->cx, store_write(w->cx, nothing, NULL));
    }
}

static void
test_submit_twice_at_once_gives_one_dossier(void **state)
{
    struct world *w = *state;
    TEST_POSTGRES_ONLY();
    struct filer f[2] = { 0 };
    PGconn *locker = raw(w);
    PGconn *watcher = raw(w);
    struct dossier_draft d = draft_of(w, "never");
    int64_t before = test_count(w->cx, "dossier");
    calm_down(w);
    raw_sql(locker, "BEGIN; LOCK TABLE dossier IN SHARE MODE"); /* both read, neither writes */
    for (int i = 0; i < 2; i++) {
        f[i].cx = test_ctx_new(w->env);
        f[i].cx->who = w->cx->who;
        f[i].cx->texts = w->cx->texts;
        f[i].cx->sign = w->cx->sign;
        f[i].draft = d;
        assert_int_equal(pthread_create(&f[i].thread, NULL, filer_main, &f[i]), 0);
    }
    wait_blocked(watcher, 2);
    raw_sql(locker, "COMMIT");
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(f[i].thread, NULL);
        ASSERT_OK(f[i].cx, f[i].err);
    }
    assert_int_equal(f[0].receipt.id, f[1].receipt.id);
    assert_int_equal(test_count(w->cx, "dossier"), before + 1);
    test_ctx_free(f[0].cx);
    test_ctx_free(f[1].cx);
    PQfinish(locker);
    PQfinish(watcher);
}

/* --- a ledger entry committed behind the sequencer
 * -------------------------------------------------- */

static void
test_entry_committed_behind_the_sequencer_gets_its_leaf(void **state)
{
    struct world *w = *state;
    TEST_POSTGRES_ONLY();
    struct ledger_report r;
    PGconn *late = raw(w);
    int64_t n = 0;
    int64_t id = file(w);
    /* an entry whose transaction began first and commits last */
    raw_sql(late, str_z(w->cx->arena,
                        str_fmt(w->cx->arena,
                                "BEGIN; INSERT INTO ledger_entry (id, at_us, kind, actor, "
                                "acting_for, unit, object, subject, purpose, note, salt, "
                                "commitment) VALUES (%" PRId64 ", 1, 'dossier.read', 0, 0, '', "
                                "'dossier:1', 0, '', '', '', ''); INSERT INTO ledger_pending "
                                "VALUES (%" PRId64 ")",
                                id - 1, id - 1)));
    act(w, RECEIVER, id, "accept", "");
    ASSERT_OK(w->cx, ledger_sequence(w->cx, &n));
    assert_true(n > 0);
    ASSERT_OK(w->cx, ledger_verify(w->cx, &r));
    assert_int_equal(r.n_faults, 0);
    assert_int_equal(r.n_pending, 0);
    raw_sql(late, "COMMIT");
    ASSERT_OK(w->cx, ledger_sequence(w->cx, &n));
    assert_int_equal(n, 1);
    ASSERT_OK(w->cx, ledger_verify(w->cx, &r));
    assert_int_equal(r.n_faults, 0);
    assert_int_equal(r.n_pending, 0);
    assert_true(r.n_leaves == r.n_entries);
    PQfinish(late);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_officers_on_one_dossier_one_wins_and_one_is_told),
        cmocka_unit_test(test_submit_twice_at_once_gives_one_dossier),
        cmocka_unit_test(test_entry_committed_behind_the_sequencer_gets_its_leaf),
    };
    if (!test_is_postgres()) {
        return 0;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
