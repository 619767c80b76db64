/* writer.c: the one thread that writes. Closures of many callers share one transaction and one
 * sync.
 *
 * A closure that fails must undo its own work only. Savepoints do that, but each of them makes
 * SQLite copy every page that the closure touches, a sixth of the writer's time. So a batch runs
 * without them first; a closure that fails before it wrote anything is simply left out. When one
 * fails after it wrote, the batch is rolled back and its closures run again, each in a savepoint of
 * its own; so do those of the next batches, since failures come in swarms.
 *
 * A failure of disk or memory may make SQLite roll back the whole transaction, with or without
 * savepoints; then the neighbours' work is gone too. So after each closure
 * sqlite3_get_autocommit() is asked, and when the batch is gone, every closure of it runs again,
 * each in a transaction of its own. No progress handler and no interrupt exist on this connection,
 * since they have the same effect. */
#include "store/sqlite/sqlite_int.h"

#include <inttypes.h>
#include <stdio.h>

#define BATCH_US_MAX  50000 /* a batch takes no more closures after this long */
#define CAREFUL_AFTER 16U   /* batches with savepoints after one that had to run again */

static int
ctl(struct sqlite_store *s, enum sqlite_ctl what)
{
    int rc = sqlite3_step(s->ctl[what]);
    int rc2 = sqlite3_reset(s->ctl[what]);
    return rc == SQLITE_DONE ? rc2 : rc;
}

static bool
is_tx_gone(const struct sqlite_store *s)
{
    return sqlite3_get_autocommit(s->writer.db) != 0;
}

static struct store_req *
queue_take(struct sqlite_store *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    struct store_req *r = store_reqs_take(&s->queue);
    (void)pthread_mutex_unlock(&s->mutex);
    return r;
}

/* --- one closure ------------------------------------------------------------------------------ */

static enum err
closure_run(struct sqlite_store *s, struct store_req *r)
{
    struct ctx *cx = r->cx;
    cx->n_problems = r->n_problems_before; /* an earlier run may have left some */
    s->writer.broken = ERR_OK;
    cx->conn = &s->writer.base;
    cx->is_writing = true;
    int64_t from = sys_clock_real.mono_us(&sys_clock_real);
    enum err e = r->fn(cx, r->arg);
    int64_t took = sys_clock_real.mono_us(&sys_clock_real) - from;
    hist_add(&s->closure_us, took);
    cx->is_writing = false;
    cx->conn = NULL;

    (void)pthread_mutex_lock(&s->mutex);
    s->stats.closure_us_sum += (uint64_t)took;
    if ((uint64_t)took > s->stats.closure_us_max) {
        s->stats.closure_us_max = (uint64_t)took;
    }
    (void)pthread_mutex_unlock(&s->mutex);
    /* a failure of disk or memory counts even when the closure went on */
    return e == ERR_OK ? s->writer.broken : e;
}

/* How a closure left its batch. */
enum left {
    LEFT_FINE,    /* its own work is in the batch, or it failed and none of it is */
    LEFT_SPOILED, /* it failed after it wrote, and no savepoint undoes that */
    LEFT_GONE     /* the transaction was lost: nothing of the batch will be on disk */
};

static enum left
closure_bare(struct sqlite_store *s, struct store_req *r)
{
    int64_t before = sqlite3_total_changes64(s->writer.db);
    r->err = closure_run(s, r);
    if (is_tx_gone(s)) {
        return LEFT_GONE;
    }
    bool has_written = sqlite3_total_changes64(s->writer.db) != before;
    bool is_clean = r->err == ERR_OK || (!has_written && s->writer.broken == ERR_OK);
    return is_clean ? LEFT_FINE : LEFT_SPOILED;
}

static enum left
closure_guarded(struct sqlite_store *s, struct store_req *r)
{
    if (ctl(s, CTL_SAVEPOINT) != SQLITE_OK) {
        return LEFT_GONE;
    }
    r->err = closure_run(s, r);
    if (is_tx_gone(s)) {
        return LEFT_GONE;
    }
    if (r->err != ERR_OK && ctl(s, CTL_ROLLBACK_TO) != SQLITE_OK) {
        return LEFT_GONE;
    }
    return ctl(s, CTL_RELEASE) == SQLITE_OK ? LEFT_FINE : LEFT_GONE;
}

/* Keeps the stored high-water mark of ids above every id that this transaction may hold. */
static int
keep_id_high(struct sqlite_store *s)
{
    int64_t last = atomic_load(&s->base.last_id);
    if (last <= s->id_high) {
        return SQLITE_OK;
    }
    char text[32];
    int n = snprintf(text, sizeof(text), "%" PRId64, last + STORE_ID_AHEAD);
    int rc = sqlite3_bind_text(s->ctl[CTL_ID_HIGH], 1, text, n, SQLITE_TRANSIENT);
    if (rc == SQLITE_OK) {
        rc = ctl(s, CTL_ID_HIGH);
    }
    if (rc == SQLITE_OK) {
        s->id_high = last + STORE_ID_AHEAD;
    }
    return rc;
}

static int
commit(struct sqlite_store *s)
{
    int64_t id_high = s->id_high;
    int rc = keep_id_high(s);
    if (rc == SQLITE_OK) {
        int64_t from = sys_clock_real.mono_us(&sys_clock_real);
        rc = ctl(s, CTL_COMMIT);
        hist_add(&s->commit_us, sys_clock_real.mono_us(&sys_clock_real) - from);
    }
    if (rc != SQLITE_OK) {
        s->id_high = id_high;
        if (!is_tx_gone(s)) {
            (void)ctl(s, CTL_ROLLBACK);
        }
        return rc;
    }
    (void)pthread_mutex_lock(&s->mutex);
    s->stats.n_commits++;
    (void)pthread_mutex_unlock(&s->mutex);
    return SQLITE_OK;
}

static void
closure_alone(struct sqlite_store *s, struct store_req *r)
{
    int rc = ctl(s, CTL_BEGIN);
    if (rc != SQLITE_OK) {
        r->err = sqlite_fail(r->cx, s->writer.db, rc, "begin");
        return;
    }
    r->err = closure_run(s, r);
    if (is_tx_gone(s)) {
        if (r->err == ERR_OK) {
            r->err = err_set(r->cx, ERR_STORE, "transaction lost");
        }
        return;
    }
    if (r->err != ERR_OK) {
        (void)ctl(s, CTL_ROLLBACK);
        return;
    }
    rc = commit(s);
    if (rc != SQLITE_OK) {
        r->err = sqlite_fail(r->cx, s->writer.db, rc, "commit");
    }
}

/* --- one batch -------------------------------------------------------------------------------- */

static void
answer(struct sqlite_store *s, struct store_reqs *batch)
{
    (void)pthread_mutex_lock(&s->mutex);
    struct store_req *r = batch->first;
    while (r != NULL) {
        struct store_req *next = r->next; /* r is gone once the mutex is free */
        r->state = STORE_REQ_DONE;
        s->stats.n_closures++;
        (void)pthread_cond_signal(&r->cond);
        r = next;
    }
    (void)pthread_mutex_unlock(&s->mutex);
}

static void
run_each_alone(struct sqlite_store *s, struct store_reqs *batch)
{
    if (!is_tx_gone(s)) {
        (void)ctl(s, CTL_ROLLBACK);
    }
    (void)pthread_mutex_lock(&s->mutex);
    s->stats.n_batches_retried++;
    (void)pthread_mutex_unlock(&s->mutex);
    for (struct store_req *r = batch->first; r != NULL; r = r->next) {
        closure_alone(s, r);
    }
}

/* Runs the closures of a spoiled batch again, with savepoints. */
static enum left
batch_guarded(struct sqlite_store *s, struct store_reqs *batch)
{
    enum left how = LEFT_FINE;
    s->n_careful = CAREFUL_AFTER;
    (void)pthread_mutex_lock(&s->mutex);
    s->stats.n_batches_spoiled++;
    (void)pthread_mutex_unlock(&s->mutex);
    if (ctl(s, CTL_ROLLBACK) != SQLITE_OK || ctl(s, CTL_BEGIN) != SQLITE_OK) {
        return LEFT_GONE;
    }
    for (struct store_req *r = batch->first; r != NULL && how == LEFT_FINE; r = r->next) {
        how = closure_guarded(s, r);
    }
    return how;
}

/* Takes closures from the queue into the transaction that has begun, as long as all goes well. */
static enum left
batch_fill(struct sqlite_store *s, struct store_reqs *batch, bool has_begun, int64_t until)
{
    enum left how = has_begun ? LEFT_FINE : LEFT_GONE;
    bool is_careful = s->n_careful > 0;
    s->n_careful -= is_careful;
    do {
        struct store_req *r = queue_take(s);
        if (r == NULL) {
            break;
        }
        store_reqs_add(batch, r);
        hist_add(&s->wait_us, sys_clock_real.mono_us(&sys_clock_real) - r->asked_us);
        if (how == LEFT_FINE) {
            how = is_careful ? closure_guarded(s, r) : closure_bare(s, r);
        }
    } while (how == LEFT_FINE && batch->n < s->batch_max &&
             sys_clock_real.mono_us(&sys_clock_real) < until);
    return how;
}

static void
batch_run(struct sqlite_store *s)
{
    struct store_reqs batch = { 0 };
    int64_t from = sys_clock_real.mono_us(&sys_clock_real);
    atomic_store(&s->busy_from_us, from);
    s->writer.base.has_outbox = false;
    enum left how = batch_fill(s, &batch, ctl(s, CTL_BEGIN) == SQLITE_OK, from + BATCH_US_MAX);
    if (how == LEFT_SPOILED) {
        how = batch_guarded(s, &batch);
    }
    if (how != LEFT_FINE || commit(s) != SQLITE_OK) {
        run_each_alone(s, &batch);
    }
    answer(s, &batch);
    if (s->writer.base.has_outbox) {
        store_tell_outbox(&s->base);
    }
    sqlite_log_care(s);
    atomic_store(&s->busy_from_us, 0);
}

/* Waits for work. False when the store closes and the queue is empty. */
static bool
wait_for_work(struct sqlite_store *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    while (s->queue.first == NULL && !s->is_stopping) {
        (void)pthread_cond_wait(&s->wake, &s->mutex);
    }
    bool has_work = s->queue.first != NULL;
    (void)pthread_mutex_unlock(&s->mutex);
    return has_work;
}

static void *
writer_main(void *arg)
{
    struct sqlite_store *s = arg;
    while (wait_for_work(s)) {
        batch_run(s);
    }
    return NULL;
}

/* --- callers ---------------------------------------------------------------------------------- */

/* Queues it and waits for its answer; the mutex is held. */
static enum err
queue_and_wait(struct sqlite_store *s, struct store_req *r)
{
    if (s->is_stopping || s->queue.n >= s->queue_max) {
        return err_set(r->cx, ERR_BUSY, "writer's queue is full");
    }
    store_reqs_add(&s->queue, r);
    (void)pthread_cond_signal(&s->wake);
    if (!store_req_wait(r, &s->queue, &s->mutex)) {
        return err_set(r->cx, ERR_DEADLINE, "given up while queued for the writer");
    }
    return r->err;
}

enum err
sqlite_write(struct ctx *cx, struct store *base, store_tx_fn *fn, void *arg)
{
    struct sqlite_store *s = (struct sqlite_store *)(void *)base;
    struct store_req r;
    if (s->is_read_only) {
        return err_set(cx, ERR_INTERNAL, "the store was opened for reading only");
    }
    ASSERT(!pthread_equal(pthread_self(), s->thread)); /* the writer would wait for itself */
    enum err e = store_req_init(&r, cx, fn, arg, &s->cond_attr);
    if (e == ERR_OK) {
        (void)pthread_mutex_lock(&s->mutex);
        e = queue_and_wait(s, &r);
        (void)pthread_mutex_unlock(&s->mutex);
    }
    store_req_end(&r);
    return e;
}

enum err
sqlite_writer_start(struct ctx *cx, struct sqlite_store *s)
{
    static const char *const sql[CTL_COUNT] = {
        [CTL_BEGIN] = "BEGIN IMMEDIATE",
        [CTL_COMMIT] = "COMMIT",
        [CTL_ROLLBACK] = "ROLLBACK",
        [CTL_SAVEPOINT] = "SAVEPOINT closure",
        [CTL_RELEASE] = "RELEASE closure",
        [CTL_ROLLBACK_TO] = "ROLLBACK TO closure",
        [CTL_ID_HIGH] = "INSERT OR REPLACE INTO store_meta (name, value) VALUES ('id_high', ?1)",
    };
    for (size_t i = 0; i < CTL_COUNT; i++) {
        int rc = sqlite3_prepare_v3(s->writer.db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->ctl[i],
                                    NULL);
        if (rc != SQLITE_OK) {
            return sqlite_fail(cx, s->writer.db, rc, sql[i]);
        }
    }
    if (pthread_create(&s->thread, NULL, writer_main, s) != 0) {
        return err_set(cx, ERR_INTERNAL, "cannot start the writer thread");
    }
    s->has_thread = true;
    return ERR_OK;
}

void
sqlite_writer_stop(struct sqlite_store *s)
{
    if (s->has_thread) {
        (void)pthread_mutex_lock(&s->mutex);
        s->is_stopping = true;
        (void)pthread_cond_signal(&s->wake);
        (void)pthread_mutex_unlock(&s->mutex);
        (void)pthread_join(s->thread, NULL);
        s->has_thread = false;
    }
    for (size_t i = 0; i < CTL_COUNT; i++) {
        (void)sqlite3_finalize(s->ctl[i]);
        s->ctl[i] = NULL;
    }
}
