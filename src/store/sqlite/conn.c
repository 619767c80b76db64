/* conn.c: one SQLite connection: opening, the cache of prepared statements, binding, rows. */
#include "store/sqlite/sqlite_int.h"

#include <stdio.h>
#include <stdlib.h>

#define READER_BUSY_MS   5000
#define PROGRESS_EVERY   4096 /* virtual machine steps between looks at the deadline */
#define READER_CACHE_KIB 2048U
#define WRITER_CACHE_KIB 8192U /* a full batch fits: pages spilled early are written twice */

enum err
sqlite_fail(struct ctx *cx, sqlite3 *db, int rc, const char *what)
{
    const char *msg = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return err_set(cx, ERR_DISK_FULL, "%s: %s", what, msg);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(cx, ERR_BUSY, "%s: %s", what, msg);
    case SQLITE_INTERRUPT:
        return err_set(cx, ERR_DEADLINE, "%s: %s", what, msg);
    case SQLITE_READONLY:
        return err_set(cx, ERR_INTERNAL, "%s: %s", what, msg);
    case SQLITE_CONSTRAINT:
        if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
            rc == SQLITE_CONSTRAINT_ROWID) {
            return err_set(cx, ERR_CONFLICT, "%s: %s", what, msg);
        }
        return err_set(cx, ERR_STORE, "%s: %s", what, msg);
    default:
        return err_set(cx, ERR_STORE, "%s: %s (%d)", what, msg, rc);
    }
}

enum err
sqlite_exec(struct ctx *cx, sqlite3 *db, const char *sql)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : sqlite_fail(cx, db, rc, sql);
}

/* Readers only: an interrupted write would take the whole batch with it. */
static int
reader_progress(void *arg)
{
    const struct sqlite_conn *c = arg;
    return c->deadline_us != 0 && c->clock->mono_us(c->clock) > c->deadline_us;
}

static enum err
conn_settings(struct ctx *cx, struct sqlite_store *s, struct sqlite_conn *c)
{
    char cache[64];
    uint32_t kib = c->base.is_writer ? WRITER_CACHE_KIB : READER_CACHE_KIB;
    kib = s->cache_kib != 0 ? s->cache_kib : kib;
    (void)snprintf(cache, sizeof(cache), "PRAGMA cache_size=-%u", kib);
    (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_busy_timeout(c->db, READER_BUSY_MS);
    TRY(sqlite_exec(cx, c->db, cache));
    TRY(sqlite_exec(cx, c->db,
                    "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF"));
    if (c->base.is_writer) {
        return sqlite_exec(cx, c->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    }
    sqlite3_progress_handler(c->db, PROGRESS_EVERY, reader_progress, c);
    return sqlite_exec(cx, c->db, "PRAGMA query_only=ON");
}

enum err
sqlite_conn_open(struct ctx *cx, struct sqlite_store *s, struct sqlite_conn *c, bool is_writer)
{
    c->base.store = &s->base;
    c->base.is_writer = is_writer;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (is_writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    int rc = sqlite3_open_v2(str_z(cx->arena, s->path), &c->db, flags, s->vfs);
    if (rc != SQLITE_OK) {
        return sqlite_fail(cx, c->db, rc, "open database");
    }
    c->slots = calloc(store_n_stmts + 1, sizeof(*c->slots));
    ASSERT(c->slots != NULL);
    TRY(conn_settings(cx, s, c));
    for (size_t i = 0; s->on_connect != NULL && s->on_connect[i] != NULL; i++) {
        TRY(s->on_connect[i](cx, c->db));
    }
    return ERR_OK;
}

void
sqlite_conn_close(struct sqlite_conn *c)
{
    for (size_t i = 0; c->slots != NULL && i < store_n_stmts; i++) {
        (void)sqlite3_finalize(c->slots[i].stmt);
    }
    free(c->slots);
    c->slots = NULL;
    (void)sqlite3_close(c->db);
    c->db = NULL;
}

/* --- running a statement ---------------------------------------------------------------------- */

static enum err
stmt_prepare(struct ctx *cx, struct sqlite_conn *c, const struct store_stmt *st, sqlite3_stmt **ret)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v3(c->db, st->sqlite, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (rc != SQLITE_OK) {
        return sqlite_fail(cx, c->db, rc, st->name);
    }
    if ((uint32_t)sqlite3_bind_parameter_count(stmt) != st->n_in ||
        (uint32_t)sqlite3_column_count(stmt) != st->n_out) {
        enum err e =
            err_set(cx, ERR_INTERNAL, "%s: %d columns and %d parameters in the SQL", st->name,
                    sqlite3_column_count(stmt), sqlite3_bind_parameter_count(stmt));
        (void)sqlite3_finalize(stmt);
        return e;
    }
    *ret = stmt;
    return ERR_OK;
}

static int
bind_one(sqlite3_stmt *stmt, int at, const struct store_col *col, const void *field)
{
    if (col->type == STORE_I64 || col->type == STORE_I64_NULL) {
        int64_t v = 0;
        memcpy(&v, field, sizeof(v));
        return v == 0 && col->type == STORE_I64_NULL ? sqlite3_bind_null(stmt, at)
                                                     : sqlite3_bind_int64(stmt, at, v);
    }
    struct str v;
    memcpy(&v, field, sizeof(v));
    if (v.p == NULL) {
        return sqlite3_bind_null(stmt, at);
    }
    return col->type == STORE_BLOB
               ? sqlite3_bind_blob64(stmt, at, v.p, v.n, SQLITE_STATIC)
               : sqlite3_bind_text64(stmt, at, v.p, v.n, SQLITE_STATIC, SQLITE_UTF8);
}

static enum err
bind_all(struct ctx *cx, struct sqlite_conn *c, sqlite3_stmt *stmt, const struct store_run *run)
{
    const struct store_stmt *st = run->st;
    for (uint32_t i = 0; i < st->n_in; i++) {
        int rc = bind_one(stmt, (int)i + 1, &st->in[i],
                          (const unsigned char *)run->in + st->in[i].offset);
        if (rc != SQLITE_OK) {
            return sqlite_fail(cx, c->db, rc, st->name);
        }
    }
    return ERR_OK;
}

static struct str
column_str(sqlite3_stmt *stmt, int at, enum store_type type, struct arena *a)
{
    if (sqlite3_column_type(stmt, at) == SQLITE_NULL) {
        return STR_NULL;
    }
    const void *p =
        type == STORE_BLOB ? sqlite3_column_blob(stmt, at) : sqlite3_column_text(stmt, at);
    size_t n = (size_t)sqlite3_column_bytes(stmt, at);
    return (struct str){ arena_copy(a, p, p != NULL ? n : 0), p != NULL ? n : 0 };
}

static void
read_row(sqlite3_stmt *stmt, struct store_run *run)
{
    if (run->is_arena_per_row) {
        arena_reset(run->arena);
    }
    for (uint32_t i = 0; i < run->st->n_out; i++) {
        const struct store_col *col = &run->st->out[i];
        unsigned char *field = (unsigned char *)run->row + col->offset;
        if (col->type == STORE_I64 || col->type == STORE_I64_NULL) {
            int64_t v = sqlite3_column_int64(stmt, (int)i);
            memcpy(field, &v, sizeof(v));
        } else {
            struct str v = column_str(stmt, (int)i, col->type, run->arena);
            memcpy(field, &v, sizeof(v));
        }
    }
}

/* What is neither a constraint nor a deadline is a failure of the machine: the closure must not go
 * on as if nothing had happened. */
static enum err
step_failed(struct ctx *cx, struct sqlite_conn *c, int rc, const char *name)
{
    enum err e = sqlite_fail(cx, c->db, rc, name);
    int primary = rc & 0xff;
    if (primary != SQLITE_CONSTRAINT && primary != SQLITE_INTERRUPT) {
        c->broken = e;
    }
    return e;
}

/* Steps to the end, or until take has enough. A statement that writes and returns rows always runs
 * to its end. */
static enum err
step_all(struct ctx *cx, struct sqlite_conn *c, sqlite3_stmt *stmt, struct store_run *run)
{
    bool is_reading = sqlite3_stmt_readonly(stmt) != 0;
    for (;;) {
        int rc = sqlite3_step(stmt);
        if (rc == SQLITE_DONE) {
            return ERR_OK;
        }
        if (rc != SQLITE_ROW) {
            return step_failed(cx, c, rc, run->st->name);
        }
        if (run->take != NULL && !run->is_enough) {
            read_row(stmt, run);
            TRY(run->take(cx, run));
        }
        if (run->is_enough && is_reading) {
            return ERR_OK;
        }
    }
}

static enum err
run_prepared(struct ctx *cx, struct sqlite_conn *c, sqlite3_stmt *stmt, struct store_run *run)
{
    bool is_reading = sqlite3_stmt_readonly(stmt) != 0;
    if (!is_reading && !c->base.is_writer) {
        return err_set(cx, ERR_INTERNAL, "%s writes outside store_write", run->st->name);
    }
    if (c->base.is_writer && sqlite3_get_autocommit(c->db) != 0) {
        /* the transaction was lost under the closure: nothing may be written on its own */
        return err_set(cx, ERR_STORE, "%s after the transaction was lost", run->st->name);
    }
    TRY(bind_all(cx, c, stmt, run));
    if (!c->base.is_writer) {
        c->clock = cx->clock;
        c->deadline_us = cx->deadline_us;
    }
    enum err e = step_all(cx, c, stmt, run);
    run->n_changed = is_reading ? 0 : sqlite3_changes64(c->db);
    (void)sqlite3_reset(stmt);
    return e;
}

enum err
sqlite_run(struct ctx *cx, struct store_conn *base, struct store_run *run)
{
    struct sqlite_conn *c = (struct sqlite_conn *)(void *)base;
    uint32_t at = run->st->index;
    struct sqlite_slot *slot = at == STORE_NOT_CACHED ? NULL : &c->slots[at];
    if (slot == NULL || slot->is_busy) {
        sqlite3_stmt *own = NULL;
        TRY(stmt_prepare(cx, c, run->st, &own));
        enum err e = run_prepared(cx, c, own, run);
        (void)sqlite3_finalize(own);
        return e;
    }
    if (slot->stmt == NULL) {
        TRY(stmt_prepare(cx, c, run->st, &slot->stmt));
    }
    slot->is_busy = true;
    enum err e = run_prepared(cx, c, slot->stmt, run);
    slot->is_busy = false;
    return e;
}

/* --- read connections: one per thread, used again when the thread ends -------------------------
 */

enum err
sqlite_reader(struct ctx *cx, struct store *base, struct store_conn **ret)
{
    struct sqlite_store *s = (struct sqlite_store *)(void *)base;
    struct sqlite_conn *c = pthread_getspecific(s->reader_key);
    if (c != NULL) {
        *ret = &c->base;
        return ERR_OK;
    }
    (void)pthread_mutex_lock(&s->readers_mutex);
    c = s->free_readers;
    if (c != NULL) {
        s->free_readers = c->next_free;
    }
    (void)pthread_mutex_unlock(&s->readers_mutex);
    if (c == NULL) {
        c = calloc(1, sizeof(*c));
        ASSERT(c != NULL);
        enum err e = sqlite_conn_open(cx, s, c, false);
        if (e != ERR_OK) {
            sqlite_conn_close(c);
            free(c);
            return e;
        }
        (void)pthread_mutex_lock(&s->readers_mutex);
        c->next = s->readers;
        s->readers = c;
        (void)pthread_mutex_unlock(&s->readers_mutex);
    }
    (void)pthread_setspecific(s->reader_key, c);
    *ret = &c->base;
    return ERR_OK;
}

/* Also the destructor of the thread key. */
void
sqlite_reader_give_back(void *conn)
{
    struct sqlite_conn *c = conn;
    struct sqlite_store *s = (struct sqlite_store *)(void *)c->base.store;
    (void)pthread_mutex_lock(&s->readers_mutex);
    c->next_free = s->free_readers;
    s->free_readers = c;
    (void)pthread_mutex_unlock(&s->readers_mutex);
}
