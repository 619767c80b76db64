/* write.c: one write transaction on a connection of the pool.
 *
 * Closures were written for a store where one runs after the other. Here several transactions run
 * at once, in several processes, so each is SERIALIZABLE: PostgreSQL lets happen only what could
 * have happened one after the other, and asks to run a transaction again otherwise. A closure may
 * run twice by contract. Every transaction holds store_lane: in a mode that lets all others pass,
 * in one that waits for those that collided too, or, when it still failed, alone, so that it comes
 * to its end. Several closures that wait share a transaction (group.c); a savepoint keeps the work
 * of each apart. Why so: doc/decisions/postgres.md. */
#include "store/postgres/pg_int.h"

#include <inttypes.h>
#include <stdio.h>

#define TRIES_MAX    12
#define COLLIDED_MAX 3 /* from then on alone */
#define UNIQUE_TRIES 3
#define REST_US      500
#define LOST_MAX     8 /* lost connections of one write */

struct attempt {
    struct store_reqs *group; /* the first one's caller runs it */
    int no;
    int n_collided;
    int n_lost;
    int64_t marker;   /* its row in store_commit tells that the transaction happened */
    bool is_locked;   /* guards itself by row locks */
    bool may_grow;    /* others may still join */
    bool is_again;    /* run it again */
    bool is_unsure;   /* a commit's answer was lost, or it is not as durable as asked for */
    bool is_done;     /* it had happened */
    bool is_answered; /* each closure has its answer */
    bool is_for_all;  /* what went wrong is no closure's doing, and would go wrong for each */
    bool is_blamed;   /* a closure of several ran when the connection was lost: it is left */
    bool has_outbox;
    enum err err;
    struct err_detail refusal; /* of the first closure: its context is used for what comes after */
};

static void
count(struct pg_store *s, int64_t took_us)
{
    hist_add(&s->closure_us, took_us);
    (void)pthread_mutex_lock(&s->mutex);
    s->stats.n_closures++;
    s->stats.closure_us_sum += (uint64_t)took_us;
    if ((uint64_t)took_us > s->stats.closure_us_max) {
        s->stats.closure_us_max = (uint64_t)took_us;
    }
    (void)pthread_mutex_unlock(&s->mutex);
}

/* What it sent and did not wait for belongs to it too. */
static enum err
closure_run(struct pg_store *s, struct pg_conn *c, struct store_req *r, const char *then)
{
    struct ctx *cx = r->cx;
    cx->n_problems = r->n_problems_before;
    cx->conn = &c->base;
    cx->is_writing = true;
    int64_t from = sys_clock_real.mono_us(&sys_clock_real);
    enum err e = r->fn(cx, r->arg);
    if (e == ERR_OK && then != NULL) {
        e = pg_pipe_sql(cx, c, then);
    }
    enum err late = pg_pipe_end(cx, c);
    count(s, sys_clock_real.mono_us(&sys_clock_real) - from);
    cx->is_writing = false;
    cx->conn = NULL;
    e = late != ERR_OK ? late : e;
    /* a failure counts even when the closure went on, or took it for a row that is not there */
    return e == ERR_OK || err_may_retry(c->broken) ? c->broken : e;
}

/* The whole transaction has to run again, whatever one closure made of it. */
static bool
is_spoiled(const struct pg_conn *c)
{
    return c->is_lost || (c->is_retry && c->broken != ERR_OK && c->broken != ERR_CONFLICT);
}

/* One of several: a savepoint keeps its work apart. A statement of it that failed may have failed
 * because of what the others did or saw, so it gets a transaction of its own afterwards. So does
 * one during which the connection was lost: should that be its own doing, then it is no longer
 * among the others. */
static enum err
closure_guarded(struct pg_store *s, struct pg_conn *c, struct store_req *r)
{
    r->is_left = false;
    r->err = pg_pipe_sql(r->cx, c, "SAVEPOINT closure");
    if (r->err == ERR_OK) {
        r->err = closure_run(s, c, r, "RELEASE SAVEPOINT closure");
    }
    if (is_spoiled(c)) {
        r->has_lost = c->is_lost;
        r->is_left = c->is_lost;
        return c->broken;
    }
    if (r->err == ERR_OK) {
        return ERR_OK;
    }
    struct err_detail kept = r->cx->err;
    r->is_left = c->broken != ERR_OK;
    c->broken = ERR_OK;
    c->is_retry = false;
    /* released too: one left behind would be what the next one's ROLLBACK TO finds if its own
     * SAVEPOINT failed, and would take the neighbours between them along */
    TRY(pg_exec(r->cx, c, "ROLLBACK TO SAVEPOINT closure; RELEASE SAVEPOINT closure"));
    r->cx->err = kept;
    return ERR_OK;
}

/* ret_has_work: there is something to commit. */
static enum err
closures_run(struct pg_store *s, struct pg_conn *c, struct attempt *at, bool *ret_has_work)
{
    const struct store_reqs *group = at->group;
    *ret_has_work = true;
    if (group->n == 1) {
        group->first->err = closure_run(s, c, group->first, NULL);
        return group->first->err;
    }
    bool has_work = false;
    for (struct store_req *r = group->first; r != NULL; r = r->next) {
        if (r->has_lost) {
            continue;
        }
        enum err e = closure_guarded(s, c, r);
        at->is_blamed = r->has_lost;
        TRY(e);
        has_work = has_work || r->err == ERR_OK;
    }
    *ret_has_work = has_work;
    return ERR_OK;
}

/* The answer may be lost, or come with a warning: a wait for the replica that was broken off. Then
 * nobody knows yet. */
static enum err
commit(struct ctx *cx, struct pg_store *s, struct pg_conn *c, struct attempt *at)
{
    c->is_warned = false;
    int64_t from = sys_clock_real.mono_us(&sys_clock_real);
    c->n_trips++;
    PGresult *res = PQexec(c->pg, "COMMIT");
    enum err e = ERR_OK;
    if (PQresultStatus(res) != PGRES_COMMAND_OK) {
        e = pg_fail(cx, c, res, "commit");
        at->is_unsure = at->is_unsure || c->is_lost;
    } else if (strcmp(PQcmdStatus(res), "COMMIT") != 0) {
        e = err_set(cx, ERR_STORE, "the database rolled back instead of committing");
    } else if (c->is_warned) {
        at->is_unsure = true;
        e = err_set(cx, ERR_UNSURE, "committed, but not on the replica");
    }
    PQclear(res);
    at->has_outbox = at->has_outbox || c->base.has_outbox;
    if (e == ERR_OK) {
        hist_add(&s->commit_us, sys_clock_real.mono_us(&sys_clock_real) - from);
        (void)pthread_mutex_lock(&s->mutex);
        s->stats.n_commits++;
        (void)pthread_mutex_unlock(&s->mutex);
    }
    return e;
}

/* One message: begin, the lane, and the marker. A marker that is there already says that an
 * attempt whose answer was lost has happened; one that is still under way is waited for. */
static enum err
begin(struct ctx *cx, struct pg_store *s, struct pg_conn *c, struct attempt *at)
{
    static const char *const levels[] = {
        [PG_LANE_TOGETHER] = "SERIALIZABLE READ WRITE; LOCK TABLE store_lane IN ROW SHARE MODE",
        [PG_LANE_IN_TURN] =
            "SERIALIZABLE READ WRITE; LOCK TABLE store_lane IN SHARE UPDATE EXCLUSIVE MODE",
        [PG_LANE_ALONE] = "SERIALIZABLE READ WRITE; LOCK TABLE store_lane IN EXCLUSIVE MODE",
    };
    const char *level = "READ COMMITTED READ WRITE";
    char sql[200];
    if (!at->is_locked) {
        level = levels[at->n_collided >= COLLIDED_MAX ? PG_LANE_ALONE : pg_group_lane(s)];
    }
    (void)snprintf(sql, sizeof(sql),
                   "BEGIN ISOLATION LEVEL %s; INSERT INTO store_commit (id) VALUES (%" PRId64 ")",
                   level, at->marker);
    enum err e = pg_exec(cx, c, sql);
    at->is_done = e != ERR_OK && c->broken == ERR_CONFLICT && at->is_unsure;
    return e;
}

/* What is seen as committed is durable once a later commit is: the replica takes them in order. */
static enum err
confirm(struct ctx *cx, struct pg_conn *c)
{
    char sql[120];
    c->is_warned = false;
    c->broken = ERR_OK;
    (void)snprintf(sql, sizeof(sql),
                   "BEGIN READ WRITE; INSERT INTO store_commit (id) VALUES (%" PRId64 "); COMMIT",
                   store_new_id(cx));
    enum err e = pg_exec(cx, c, sql);
    if (e != ERR_OK) {
        c->is_lost = true; /* it may stand in the middle of that transaction */
        return e;
    }
    return c->is_warned ? err_set(cx, ERR_UNSURE, "committed, but not on the replica") : ERR_OK;
}

static void
roll_back(struct ctx *cx, struct pg_conn *c)
{
    struct err_detail first = cx->err;
    if (pg_exec(cx, c, "ROLLBACK") != ERR_OK) {
        c->is_lost = true; /* whatever it is, this connection is not used again */
    }
    cx->err = first;
}

static enum err
transaction(struct ctx *cx, struct pg_store *s, struct pg_conn *c, struct attempt *at)
{
    bool has_work = false;
    enum err e = begin(cx, s, c, at);
    at->is_for_all = e != ERR_OK;
    TRY(e);
    at->is_unsure = false; /* no earlier attempt happened, nor can it any more */
    c->is_in_tx = true;
    c->base.is_writer = true;
    e = closures_run(s, c, at, &has_work);
    c->base.is_writer = false;
    c->is_in_tx = false;
    if (e == ERR_OK) {
        at->refusal = cx->err;
    }
    if (e == ERR_OK && has_work) {
        e = commit(cx, s, c, at);
    }
    at->is_answered = e == ERR_OK;
    return e;
}

/* The answer of a closure that runs by itself is that of its transaction; so is that of all when
 * they had no part in it. */
static bool
answer(const struct attempt *at)
{
    struct store_req *first = at->group->first;
    if (at->group->n == 1) {
        first->err = at->err;
        return true;
    }
    for (struct store_req *r = first; at->is_for_all && r != NULL; r = r->next) {
        r->err = at->err;
        r->is_left = false;
        r->cx->err = first->cx->err;
    }
    return at->is_answered || at->is_for_all;
}

static void
attempt_on(struct ctx *cx, struct pg_store *s, struct pg_conn *c, struct attempt *at)
{
    enum err e = transaction(cx, s, c, at);
    if (!c->is_lost && PQtransactionStatus(c->pg) != PQTRANS_IDLE) {
        roll_back(cx, c);
    }
    if (at->is_done && !c->is_lost) {
        e = confirm(cx, c);
        at->is_answered = e == ERR_OK;
    }
    bool is_asked = c->is_retry && c->broken != ERR_OK &&
                    (c->broken != ERR_CONFLICT || at->no + 1 < UNIQUE_TRIES);
    at->is_again = e != ERR_OK && (at->is_unsure || is_asked);
    if (is_asked && !at->is_locked && !c->is_lost && c->broken != ERR_CONFLICT) {
        at->n_collided++;
        pg_group_collided(s);
    }
    at->is_for_all = (at->is_for_all || c->is_lost) && !at->is_done;
    at->n_lost += c->is_lost && !at->is_blamed ? 1 : 0;
    at->no += c->is_lost || at->is_unsure ? 0 : 1;
    at->err = e;
}

static void
waited(struct pg_store *s, const struct store_reqs *group)
{
    int64_t now = sys_clock_real.mono_us(&sys_clock_real);
    for (const struct store_req *r = group->first; r != NULL; r = r->next) {
        hist_add(&s->wait_us, now - r->asked_us);
    }
}

static void
attempt(struct ctx *cx, struct pg_store *s, struct attempt *at)
{
    struct pg_conn *c = NULL;
    at->is_again = false;
    at->is_answered = false;
    at->is_blamed = false;
    enum err e = pg_take(cx, s, &c);
    if (e != ERR_OK) {
        at->is_again = at->is_unsure;
        at->is_for_all = e == ERR_AWAY;
        at->err = e;
        return;
    }
    if (at->may_grow) {
        at->may_grow = false;
        pg_group_fill(s, at->group);
        waited(s, at->group);
    }
    attempt_on(cx, s, c, at);
    pg_give_back(s, c);
}

/* A short rest, longer each time and not the same for all, before running again. */
static void
rest(const struct attempt *at)
{
    int64_t spread = sys_clock_real.mono_us(&sys_clock_real) % REST_US;
    int64_t us = ((INT64_C(1) << at->no) * REST_US + spread) % 50000;
    if (at->n_lost > 0 || at->is_unsure) {
        us += PG_AWAY_REST_US;
    }
    struct timespec ts = { .tv_sec = 0, .tv_nsec = us * 1000 };
    (void)nanosleep(&ts, NULL);
}

static bool
may_run_again(const struct attempt *at, int64_t until_us)
{
    if (!at->is_again) {
        return false;
    }
    return at->is_unsure ? sys_clock_real.mono_us(&sys_clock_real) < until_us
                         : at->no < TRIES_MAX && at->n_lost < LOST_MAX;
}

/* A commit whose answer never came. It is no news for those that had no part in it: a closure that
 * was refused is refused, and one that is left was not run. */
static void
answer_unsure(const struct attempt *at)
{
    for (struct store_req *r = at->group->first; r != NULL; r = r->next) {
        if (r->is_left) {
            r->is_left = false;
            r->err = err_set(r->cx, ERR_AWAY, "the connection was lost before this was run");
        } else if (r->err == ERR_OK) {
            r->err = err_set(r->cx, ERR_UNSURE,
                             "the connection was lost while committing: look whether it happened");
        }
    }
}

static void
try_together(struct pg_store *s, struct attempt *at)
{
    struct ctx *cx = at->group->first->cx;
    int64_t until_us = sys_clock_real.mono_us(&sys_clock_real) + s->unsure_us;
    attempt(cx, s, at);
    while (may_run_again(at, until_us)) {
        (void)pthread_mutex_lock(&s->mutex);
        s->stats.n_batches_retried++;
        (void)pthread_mutex_unlock(&s->mutex);
        rest(at);
        attempt(cx, s, at);
    }
    if (at->has_outbox) {
        store_tell_outbox(&s->base);
    }
}

/* Runs the group until it is answered or nothing more can be tried. False: the closures of a group
 * of several are still to be answered. */
static bool
run_together(struct pg_store *s, struct attempt at)
{
    struct store_req *first = at.group->first;
    at.err = pg_node_keep(first->cx, s);
    if (at.err != ERR_OK) {
        return answer(&at);
    }
    at.marker = store_new_id(first->cx);
    try_together(s, &at);
    bool is_known = at.is_answered || !at.is_unsure;
    bool is_own = at.group->n > 1 && first->err != ERR_OK && !first->is_left;
    if (is_own && (at.is_answered || !is_known)) { /* not what befell the others after it */
        first->cx->err = at.refusal;
    }
    if (is_known) {
        return answer(&at);
    }
    answer_unsure(&at);
    return true;
}

void
pg_run_alone(struct pg_store *s, struct store_req *r)
{
    struct store_req *next = r->next;
    struct store_reqs one = { .first = r, .last = r, .n = 1 };
    r->next = NULL;
    r->is_left = false;
    (void)run_together(s, (struct attempt){ .group = &one, .n_lost = r->has_lost ? 1 : 0 });
    r->next = next;
}

void
pg_group_run(struct pg_store *s, struct store_reqs *group)
{
    bool is_answered = run_together(s, (struct attempt){ .group = group, .may_grow = true });
    for (struct store_req *r = group->first; r != NULL; r = r->next) {
        r->is_left = r->is_left || !is_answered;
    }
}

enum err
pg_write_locked(struct ctx *cx, struct store *base, store_tx_fn *fn, void *arg)
{
    struct pg_store *s = (struct pg_store *)(void *)base;
    struct store_req r = { .cx = cx, .fn = fn, .arg = arg, .n_problems_before = cx->n_problems };
    struct store_reqs one = { .first = &r, .last = &r, .n = 1 };
    if (s->is_read_only) {
        return err_set(cx, ERR_INTERNAL, "the store was opened for reading only");
    }
    if (cx->deadline_us != 0 && sys_mono_us(cx) >= cx->deadline_us) {
        return err_set(cx, ERR_DEADLINE, "deadline before the write began");
    }
    (void)run_together(s, (struct attempt){ .group = &one, .is_locked = true });
    return r.err;
}
