/* jobs.c: handling one entry or one timed job, draining, and what operators ask. Threads are in
 * jobs_threads.c. */
#include "store/jobs.h"

#include "gen/q_store.h"
#include "store/jobs_int.h"
#include "sys/sys.h"

#include <inttypes.h>

#define TRIES_MAX        200
#define DELAY_FIRST_US   INT64_C(1000000)
#define DELAY_MAX_US     (INT64_C(3600) * 1000000)
#define DELAY_DOUBLES    12
#define TIMED_AGAIN_US   (INT64_C(60) * 1000000)
#define DRAIN_ROUNDS_MAX 100000
#define TAKEN_US         (INT64_C(300) * 1000000) /* how long an entry is kept from other processes */
#define TAKEN_MAX        64 /* a thread has one, and one more that it lost at most */
#define TIMED_TAKEN_US   (INT64_C(60) * 1000000)

void
jobs_cx_init(struct ctx *cx, const struct ctx *from, struct arena *arena)
{
    *cx = *from;
    cx->arena = arena;
    cx->conn = NULL;
    cx->is_writing = false;
    cx->deadline_us = 0;
    cx->n_statements = 0;
}

void
jobs_cx_reset(struct ctx *cx)
{
    arena_reset(cx->arena);
    cx->n_problems = 0;
    cx->deadline_us = 0;
    cx->err = (struct err_detail){ 0 };
    cx->trace_id = STR_NULL;
}

static const struct jobs_topic *
topic_in(const struct jobs_topic *t, struct str topic)
{
    while (t->topic.p != NULL && !str_eq(t->topic, topic)) {
        t++;
    }
    return t->topic.p != NULL ? t : NULL;
}

static jobs_fn *
handler_of(const struct jobs_config *config, struct str topic)
{
    for (size_t i = 0; i < config->n_topics; i++) {
        const struct jobs_topic *t = topic_in(config->topics[i], topic);
        if (t != NULL) {
            return t->fn;
        }
    }
    return NULL;
}

/* 1 s, 2 s, 4 s .. 1 h */
static int64_t
delay_us(int64_t tries)
{
    int64_t us = DELAY_FIRST_US << (tries < DELAY_DOUBLES ? tries : DELAY_DOUBLES);
    return us < DELAY_MAX_US ? us : DELAY_MAX_US;
}

struct outcome {
    int64_t id, due_us;
    struct str reason;
    bool is_done, is_dead;
};

static enum err
outcome_tx(struct ctx *cx, void *arg)
{
    const struct outcome *o = arg;
    if (o->is_done) {
        return q_outbox_done(cx, NULL, .id = o->id);
    }
    if (o->is_dead) {
        return q_outbox_bury(cx, NULL, .id = o->id, .last_error = o->reason);
    }
    return q_outbox_later(cx, NULL, .id = o->id, .due_us = o->due_us, .last_error = o->reason);
}

static struct str
reason_of(struct ctx *cx, enum err e)
{
    return str_fmt(cx->arena, "%s: %s", err_name(e), cx->err.text);
}

enum err
jobs_handle(struct ctx *cx, const struct jobs_config *config, const struct jobs_entry *entry)
{
    struct outcome o = { .id = entry->id };
    cx->trace_id = str_fmt(cx->arena, "job-%" PRId64, entry->id);
    jobs_fn *fn = handler_of(config, entry->topic);
    if (fn == NULL) {
        o.is_dead = true;
        o.reason = STR("no handler for this topic");
    } else {
        enum err e = fn(cx, entry->key, entry->payload);
        o.is_done = e == ERR_OK;
        o.is_dead = !err_may_retry(e) || entry->tries + 1 >= TRIES_MAX;
        o.reason = reason_of(cx, e);
        o.due_us = sys_now_us(cx) + delay_us(entry->tries);
    }
    cx->deadline_us = 0;
    return store_write_locked(cx, outcome_tx, &o);
}

/* --- several processes on one store: entries and timed jobs are taken in the store ---------------
 */

static enum err
take_tx(struct ctx *cx, void *arg)
{
    struct jobs_entry *entry = arg;
    struct q_outbox_take row;
    int64_t now_us = sys_now_us(cx);
    *entry = (struct jobs_entry){ 0 };
    enum err e = q_outbox_take(cx, &row, .now_us = now_us, .until_us = now_us + TAKEN_US,
                               .by = cx->store->id_node + 1);
    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(e);
    *entry = (struct jobs_entry){
        .id = row.id, .topic = row.topic, .key = row.key, .payload = row.payload, .tries = row.tries
    };
    return ERR_OK;
}

enum err
jobs_next(struct ctx *cx, struct jobs_entry *ret)
{
    struct jobs_entry *v = NULL;
    size_t n = 0;
    if (cx->store->is_shared) {
        return store_write_locked(cx, take_tx, ret);
    }
    TRY(jobs_fetch(cx, 1, &v, &n));
    *ret = n > 0 ? v[0] : (struct jobs_entry){ 0 };
    return ERR_OK;
}

static enum err
release_tx(struct ctx *cx, void *arg UNUSED)
{
    return q_outbox_release(cx, NULL, .by = cx->store->id_node + 1);
}

enum err
jobs_release(struct ctx *cx)
{
    return cx->store->is_shared ? store_write_locked(cx, release_tx, NULL) : ERR_OK;
}

struct strays {
    const int64_t *worked_on;
    size_t n;
};

static bool
is_among(int64_t id, const struct strays *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->worked_on[i] == id) {
            return true;
        }
    }
    return false;
}

static enum err
strays_tx(struct ctx *cx, void *arg)
{
    const struct strays *s = arg;
    struct q_outbox_taken_list taken;
    int64_t by = cx->store->id_node + 1;
    TRY(q_outbox_taken(cx, &taken, .by = by, .limit_n = TAKEN_MAX));
    for (size_t i = 0; i < taken.n; i++) {
        if (!is_among(taken.v[i].id, s)) {
            TRY(q_outbox_free(cx, NULL, .id = taken.v[i].id, .by = by));
        }
    }
    return ERR_OK;
}

enum err
jobs_release_strays(struct ctx *cx, const int64_t *worked_on, size_t n)
{
    struct strays s = { worked_on, n };
    return store_write_locked(cx, strays_tx, &s);
}

struct timed_take {
    struct str name;
    int64_t n;
};

static enum err
timed_take_tx(struct ctx *cx, void *arg)
{
    struct timed_take *t = arg;
    int64_t now_us = sys_now_us(cx);
    return q_job_timed_take(cx, &t->n, .name = t->name, .now_us = now_us,
                            .until_us = now_us + TIMED_TAKEN_US);
}

enum err
jobs_timed_take(struct ctx *cx, const struct jobs_timed *t, bool *ret_taken)
{
    struct timed_take take = { .name = t->name, .n = 1 };
    if (cx->store->is_shared) {
        TRY(store_write_locked(cx, timed_take_tx, &take));
    }
    *ret_taken = take.n == 1;
    return ERR_OK;
}

enum err
jobs_fetch(struct ctx *cx, size_t max_n, struct jobs_entry **ret, size_t *ret_n)
{
    struct q_outbox_due_list due;
    TRY(q_outbox_due(cx, &due, .now_us = sys_now_us(cx), .limit_n = (int64_t)max_n));
    struct jobs_entry *v = ARENA_ARRAY(cx->arena, struct jobs_entry, due.n + 1);
    for (size_t i = 0; i < due.n; i++) {
        v[i] = (struct jobs_entry){ .id = due.v[i].id,
                                    .topic = due.v[i].topic,
                                    .key = due.v[i].key,
                                    .payload = due.v[i].payload,
                                    .tries = due.v[i].tries };
    }
    *ret = v;
    *ret_n = due.n;
    return ERR_OK;
}

/* --- timed jobs ----------------------------------------------------------------------------------
 */

enum err
jobs_timed_due_us(struct ctx *cx, const struct jobs_timed *t, int64_t *ret_due_us)
{
    struct q_job_timed_get row;
    enum err e = q_job_timed_get(cx, &row, .name = t->name);
    if (e == ERR_NOT_FOUND) {
        *ret_due_us = 0;
        return ERR_OK;
    }
    TRY(e);
    *ret_due_us = row.due_us;
    return ERR_OK;
}

struct ran {
    struct str name, reason;
    int64_t due_us, ran_us;
};

static enum err
ran_tx(struct ctx *cx, void *arg)
{
    const struct ran *r = arg;
    return q_job_timed_ran(cx, NULL, .name = r->name, .due_us = r->due_us, .ran_us = r->ran_us,
                           .last_error = r->reason);
}

enum err
jobs_timed_run(struct ctx *cx, const struct jobs_timed *t, int64_t *ret_due_us)
{
    int64_t again_us = TIMED_AGAIN_US;
    struct ran r = { .name = t->name };
    cx->trace_id = str_cat(cx->arena, STR("job-"), t->name);
    enum err e = t->fn(cx, &again_us);
    if (e != ERR_OK) {
        again_us = TIMED_AGAIN_US;
        r.reason = reason_of(cx, e);
    }
    cx->deadline_us = 0;
    r.ran_us = sys_now_us(cx);
    r.due_us = r.ran_us + again_us;
    *ret_due_us = r.due_us;
    return store_write_locked(cx, ran_tx, &r);
}

/* --- draining ------------------------------------------------------------------------------------
 */

static enum err
drain_timed_job(struct ctx *cx, const struct jobs_timed *t)
{
    int64_t due_us = 0;
    bool is_mine = false;
    jobs_cx_reset(cx);
    TRY(jobs_timed_due_us(cx, t, &due_us));
    if (due_us <= sys_now_us(cx)) {
        TRY(jobs_timed_take(cx, t, &is_mine));
    }
    return is_mine ? jobs_timed_run(cx, t, &due_us) : ERR_OK;
}

static enum err
drain_timed(struct ctx *cx, const struct jobs_config *config)
{
    for (size_t i = 0; i < config->n_timed; i++) {
        for (const struct jobs_timed *t = config->timed[i]; t->name.p != NULL; t++) {
            TRY(drain_timed_job(cx, t));
        }
    }
    return ERR_OK;
}

static enum err
drain_entries(struct ctx *cx, const struct jobs_config *config)
{
    for (int round = 0; round < DRAIN_ROUNDS_MAX; round++) {
        struct jobs_entry entry;
        jobs_cx_reset(cx);
        TRY(jobs_next(cx, &entry));
        if (entry.id == 0) {
            return ERR_OK;
        }
        TRY(jobs_handle(cx, config, &entry));
    }
    return err_set(cx, ERR_INTERNAL, "the outbox does not come to an end");
}

enum err
jobs_drain(struct ctx *cx, const struct jobs_config *config)
{
    if (cx->conn != NULL) {
        return err_set(cx, ERR_INTERNAL, "jobs_drain inside a transaction");
    }
    struct arena *arena = arena_open(0);
    struct ctx *own = ARENA_NEW(cx->arena, struct ctx);
    jobs_cx_init(own, cx, arena);
    enum err e = drain_timed(own, config);
    if (e == ERR_OK) {
        e = drain_entries(own, config);
    }
    cx->err = own->err;
    cx->n_statements += own->n_statements;
    arena_close(arena);
    return e;
}

enum err
jobs_put_now(struct ctx *cx, int64_t after_id)
{
    return q_outbox_put_now(cx, NULL, .after = after_id, .now_us = sys_now_us(cx));
}

/* --- operators -------------------------------------------------------------------------------- */

enum err
jobs_counts(struct ctx *cx, struct jobs_count **ret, size_t *ret_n)
{
    struct q_outbox_counts_list rows;
    TRY(q_outbox_counts(cx, &rows));
    struct jobs_count *v = ARENA_ARRAY(cx->arena, struct jobs_count, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        v[i] = (struct jobs_count){ .topic = rows.v[i].topic,
                                    .n_waiting = rows.v[i].n_waiting,
                                    .n_dead = rows.v[i].n_dead,
                                    .oldest_us = rows.v[i].oldest_us };
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
jobs_runs(struct ctx *cx, struct jobs_run **ret, size_t *ret_n)
{
    struct q_job_timed_list_list rows;
    TRY(q_job_timed_list(cx, &rows));
    struct jobs_run *v = ARENA_ARRAY(cx->arena, struct jobs_run, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        v[i] = (struct jobs_run){ .name = rows.v[i].name,
                                  .last_error = rows.v[i].last_error,
                                  .due_us = rows.v[i].due_us,
                                  .ran_us = rows.v[i].ran_us };
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
jobs_dead_list(struct ctx *cx, int64_t before_id, size_t n, struct jobs_dead **ret, size_t *ret_n)
{
    struct q_outbox_dead_list rows;
    TRY(q_outbox_dead(cx, &rows, .before = before_id != 0 ? before_id : INT64_MAX,
                      .limit_n = (int64_t)n));
    struct jobs_dead *v = ARENA_ARRAY(cx->arena, struct jobs_dead, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        v[i] = (struct jobs_dead){ .id = rows.v[i].id,
                                   .topic = rows.v[i].topic,
                                   .key = rows.v[i].key,
                                   .payload = rows.v[i].payload,
                                   .put_us = rows.v[i].put_us,
                                   .tries = rows.v[i].tries,
                                   .last_error = rows.v[i].last_error };
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
jobs_retry(struct ctx *cx, int64_t id)
{
    int64_t n = 0;
    TRY(q_outbox_revive(cx, &n, .id = id, .now_us = sys_now_us(cx)));
    if (n == 0) {
        return err_set(cx, ERR_NOT_FOUND, "no dead entry %" PRId64, id);
    }
    store_outbox_changed(cx);
    return ERR_OK;
}

enum err
jobs_discard(struct ctx *cx, int64_t id)
{
    int64_t n = 0;
    TRY(q_outbox_discard(cx, &n, .id = id));
    return n != 0 ? ERR_OK : err_set(cx, ERR_NOT_FOUND, "no dead entry %" PRId64, id);
}
