/* store.c: what modules call; finds the connection and hands the work to the engine behind the
 * seam. */
#include "store/store.h"

#include "gen/q_store.h"
#include "store/store_int.h"
#include "sys/sys.h"

#define MANY_FIRST 16U

enum err
store_open(struct ctx *cx, const struct store_config *config, struct store **ret)
{
    struct str prefix = STR("sqlite:");
    if (str_starts(config->url, prefix)) {
        return sqlite_store_open(cx, config, str_slice(config->url, prefix.n, config->url.n), ret);
    }
    if (str_starts(config->url, STR("postgres://")) ||
        str_starts(config->url, STR("postgresql://"))) {
        return pg_store_open(cx, config, ret);
    }
    return err_set(cx, ERR_UNSUPPORTED, "store URL must begin with sqlite: or postgres://");
}

void
store_close(struct store *s)
{
    if (s != NULL) {
        s->ops->close(s);
    }
}

void
store_thread_done(struct store *s)
{
    s->ops->thread_done(s);
}

void
store_stats(struct store *s, struct store_stats *ret)
{
    s->ops->stats(s, ret);
}

enum err
store_copy_to(struct ctx *cx, struct str path)
{
    if (cx->store->ops->copy_to == NULL) {
        return err_set(cx, ERR_UNSUPPORTED, "this store is backed up by its own means");
    }
    return cx->store->ops->copy_to(cx, cx->store, path);
}

enum err
store_counts(struct ctx *cx, struct store_count **ret, size_t *ret_n)
{
    if (cx->conn == NULL || cx->store->ops->tables == NULL) {
        return err_set(cx, ERR_UNSUPPORTED, "rows are counted inside store_read only");
    }
    return cx->store->ops->tables(cx, cx->conn, ret, ret_n);
}

/* What the store could not tell or do, though it may at the next try: kept, so that nobody takes it
 * for a row that is not there. Inside a write the whole closure is judged instead. */
static enum err
note_unread(struct ctx *cx, enum err e)
{
    if (e != ERR_OK && !cx->is_writing && err_may_retry(e)) {
        cx->unread = e;
    }
    return e;
}

enum err
store_write(struct ctx *cx, store_tx_fn *fn, void *arg)
{
    if (cx->conn != NULL) {
        return err_set(cx, ERR_INTERNAL, "store_write inside a transaction or snapshot");
    }
    enum err e = cx->store->ops->write(cx, cx->store, fn, arg);
    cx->n_commits += e == ERR_OK ? 1 : 0;
    return note_unread(cx, e);
}

enum err
store_write_locked(struct ctx *cx, store_tx_fn *fn, void *arg)
{
    if (cx->conn != NULL) {
        return err_set(cx, ERR_INTERNAL, "store_write_locked inside a transaction or snapshot");
    }
    return note_unread(cx, cx->store->ops->write_locked(cx, cx->store, fn, arg));
}

enum err
store_read(struct ctx *cx, store_tx_fn *fn, void *arg)
{
    if (cx->conn != NULL) {
        return fn(cx, arg); /* part of the transaction or snapshot that is open */
    }
    struct store_conn *c = NULL;
    TRY(note_unread(cx, cx->store->ops->reader(cx, cx->store, &c)));
    enum err e = note_unread(cx, cx->store->ops->snapshot_begin(cx, c));
    if (e == ERR_OK) {
        cx->conn = c;
        e = fn(cx, arg);
        cx->conn = NULL;
        cx->store->ops->snapshot_end(cx, c);
    }
    cx->store->ops->reader_done(cx->store, c);
    return e;
}

bool
store_is_shared(const struct store *s)
{
    return s->is_shared;
}

enum err
store_others(struct ctx *cx, int64_t max_n)
{
    return cx->store->ops->others != NULL ? cx->store->ops->others(cx, cx->store, max_n) : ERR_OK;
}

void
store_signal(struct ctx *cx, struct str text)
{
    if (cx->store != NULL && cx->store->ops->signal != NULL) {
        cx->store->ops->signal(cx->store, text);
    }
}

enum err
store_listen(struct ctx *cx, store_signal_fn *fn, void *arg)
{
    return cx->store->ops->listen != NULL ? cx->store->ops->listen(cx, cx->store, fn, arg) : ERR_OK;
}

void
store_unlisten(struct store *s)
{
    if (s != NULL && s->ops->listen_end != NULL) {
        s->ops->listen_end(s);
    }
}

/* The smallest id of this process's kind that is above last and not below now's step. */
static int64_t
id_after(const struct store *s, int64_t now, int64_t last)
{
    if (s->id_step <= 1) {
        return now > last ? now : last + 1;
    }
    int64_t from = now > last ? now : last;
    int64_t id = from - from % s->id_step + s->id_node;
    return id > last ? id : id + s->id_step;
}

int64_t
store_new_id(struct ctx *cx)
{
    /* Microseconds of the wall clock, or one more than the last id where that is not greater:
     * ordered by time, never twice, and below 2^53 until the year 2255, so that JavaScript reads
     * them exactly. */
    int64_t now = sys_now_us(cx);
    int64_t last = atomic_load(&cx->store->last_id);
    int64_t next = 0;
    do {
        next = id_after(cx->store, now, last);
    } while (!atomic_compare_exchange_weak(&cx->store->last_id, &last, next));
    return next;
}

static enum err
run_somewhere(struct ctx *cx, struct store_run *run)
{
    struct store_conn *c = cx->conn;
    if (c != NULL) {
        return cx->store->ops->run(cx, c, run);
    }
    TRY(cx->store->ops->reader(cx, cx->store, &c));
    enum err e = cx->store->ops->run(cx, c, run);
    cx->store->ops->reader_done(cx->store, c);
    return e;
}

static enum err
run_stmt(struct ctx *cx, struct store_run *run)
{
    cx->n_statements++;
    TRY(note_unread(cx, run_somewhere(cx, run)));
    if (arena_is_over(cx->arena)) {
        return err_set(cx, ERR_TOO_LARGE, "%s: arena quota passed", run->st->name);
    }
    return ERR_OK;
}

static enum err
take_one(struct ctx *cx UNUSED, struct store_run *run)
{
    *(bool *)run->take_arg = true;
    run->is_enough = true;
    return ERR_OK;
}

enum err
store_stmt_one(struct ctx *cx, const struct store_stmt *st, const void *in, void *ret_row)
{
    bool is_found = false;
    void *row = arena_alloc(cx->arena, st->row_bytes);
    struct store_run run = {
        .st = st, .in = in, .row = row, .arena = cx->arena, .take = take_one, .take_arg = &is_found
    };
    TRY(run_stmt(cx, &run));
    if (!is_found) {
        return err_set(cx, ERR_NOT_FOUND, "%s: no row", st->name);
    }
    memcpy(ret_row, row, st->row_bytes);
    return ERR_OK;
}

struct many {
    unsigned char *rows;
    size_t n, cap;
};

static enum err
take_many(struct ctx *cx, struct store_run *run)
{
    struct many *m = run->take_arg;
    size_t row_bytes = run->st->row_bytes;
    if (m->n == m->cap) {
        size_t cap = m->cap == 0 ? MANY_FIRST : m->cap * 2;
        unsigned char *more = arena_alloc(cx->arena, size_mul(cap, row_bytes));
        if (m->n > 0) {
            memcpy(more, m->rows, m->n * row_bytes);
        }
        m->rows = more;
        m->cap = cap;
    }
    memcpy(m->rows + m->n * row_bytes, run->row, row_bytes);
    m->n++;
    if (arena_is_over(cx->arena)) {
        return err_set(cx, ERR_TOO_LARGE, "%s: arena quota passed", run->st->name);
    }
    return ERR_OK;
}

enum err
store_stmt_many(struct ctx *cx, const struct store_stmt *st, const void *in, void **ret_rows,
                size_t *ret_n)
{
    struct many m = { 0 };
    struct store_run run = { .st = st,
                             .in = in,
                             .row = arena_alloc(cx->arena, st->row_bytes),
                             .arena = cx->arena,
                             .take = take_many,
                             .take_arg = &m };
    TRY(run_stmt(cx, &run));
    *ret_rows = m.rows;
    *ret_n = m.n;
    return ERR_OK;
}

enum err
store_stmt_exec(struct ctx *cx, const struct store_stmt *st, const void *in, int64_t *ret_n)
{
    struct store_run run = {
        .st = st, .in = in, .arena = cx->arena, .may_come_late = ret_n == NULL
    };
    TRY(run_stmt(cx, &run));
    if (ret_n != NULL) {
        *ret_n = run.n_changed;
    }
    return ERR_OK;
}

struct each {
    store_row_fn *fn;
    void *arg;
};

static enum err
take_each(struct ctx *cx, struct store_run *run)
{
    struct each *e = run->take_arg;
    return e->fn(cx, run->row, e->arg);
}

enum err
store_stmt_each(struct ctx *cx, const struct store_stmt *st, const void *in, store_row_fn *fn,
                void *arg)
{
    struct each each = { .fn = fn, .arg = arg };
    struct arena *rows = arena_open(0); /* holds one row at a time */
    struct store_run run = { .st = st,
                             .in = in,
                             .row = arena_alloc(cx->arena, st->row_bytes),
                             .arena = rows,
                             .is_arena_per_row = true,
                             .take = take_each,
                             .take_arg = &each };
    enum err e = run_stmt(cx, &run);
    arena_close(rows);
    return e;
}

enum err
store_made_us(struct ctx *cx, int64_t *ret)
{
    struct q_store_meta_get row;
    enum err e = q_store_meta_get(cx, &row, .name = STR(STORE_META_MADE));
    *ret = 0;
    if (e == ERR_OK && !str_to_i64(row.value, 0, INT64_MAX, ret)) {
        return err_set(cx, ERR_STORE, "the database's day of making is no number");
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
store_outbox_put(struct ctx *cx, struct str topic, struct str key, struct str payload)
{
    if (cx->conn == NULL || !cx->conn->is_writer) {
        return err_set(cx, ERR_INTERNAL, "store_outbox_put outside store_write");
    }
    TRY(q_outbox_put(cx, NULL, .id = store_new_id(cx), .topic = topic, .key = key,
                     .payload = payload, .now_us = sys_now_us(cx)));
    store_outbox_changed(cx);
    return ERR_OK;
}

void
store_set_outbox_hook(struct store *s, store_outbox_hook *hook, void *arg)
{
    (void)pthread_mutex_lock(&s->hook_mutex);
    s->outbox_hook = hook;
    s->outbox_hook_arg = arg;
    (void)pthread_mutex_unlock(&s->hook_mutex);
}

void
store_tell_outbox(struct store *s)
{
    (void)pthread_mutex_lock(&s->hook_mutex);
    if (s->outbox_hook != NULL) {
        s->outbox_hook(s->outbox_hook_arg);
    }
    (void)pthread_mutex_unlock(&s->hook_mutex);
}
