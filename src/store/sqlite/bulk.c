/* bulk.c: filling an SQLite store with nobody beside: no journal, no syncs, no indexes until the
 * end. Only the mark in store_meta, written durably first and taken away last, tells a whole store
 * from one that is half filled. */
#include "store/bulk.h"
#include "store/sqlite/sqlite_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define COMMIT_EVERY 1000000 /* rows */
#define SQL_MAX      4096
#define HELD_BYTES   ((size_t)64 << 20)

struct bulk_index {
    struct str name, sql;
};

/* Rows wait here, so that those of a table get pages that lie side by side: each index reads its
 * table from one end of the file to the other, and a page here and there costs a seek each. */
struct held_row {
    struct held_row *next;
    struct store_value *values;
};
struct held {
    struct held_row *first, *last;
};

struct store_bulk {
    struct sqlite_store store; /* arena, path, lock and one connection of it are used */
    sqlite3 *db;
    struct store_table *tables;
    sqlite3_stmt **inserts;
    size_t n_tables;
    struct bulk_index *indexes;
    size_t n_indexes, n_looks;
    int64_t n_rows;
    struct arena *held_arena;
    struct held *held; /* by table */
    size_t held_bytes;
};

static enum err
failed(struct ctx *cx, struct store_bulk *b, int rc)
{
    return sqlite_fail(cx, b->db, rc, "bulk load");
}

static enum err
prepare(struct ctx *cx, struct store_bulk *b, const char *sql, sqlite3_stmt **ret)
{
    int rc = sqlite3_prepare_v3(b->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
    return rc == SQLITE_OK ? ERR_OK : failed(cx, b, rc);
}

/* First column of each row, copied. */
static enum err
texts_of(struct ctx *cx, struct store_bulk *b, const char *sql, struct str *v, size_t max,
         size_t *ret_n)
{
    sqlite3_stmt *stmt = NULL;
    int rc = SQLITE_OK;
    size_t n = 0;
    TRY(prepare(cx, b, sql, &stmt));
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && n < max) {
        v[n++] = str_dup(b->store.arena, str_of((const char *)sqlite3_column_text(stmt, 0)));
    }
    (void)sqlite3_finalize(stmt);
    *ret_n = n;
    return rc == SQLITE_DONE ? ERR_OK : failed(cx, b, rc);
}

#define TABLES_MAX  200
#define COLUMNS_MAX 100

static enum err
read_tables(struct ctx *cx, struct store_bulk *b)
{
    struct str names[TABLES_MAX];
    char sql[SQL_MAX];
    TRY(texts_of(cx, b,
                 "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
                 "ORDER BY name",
                 names, TABLES_MAX, &b->n_tables));
    b->tables = ARENA_ARRAY(b->store.arena, struct store_table, b->n_tables);
    b->inserts = ARENA_ARRAY(b->store.arena, sqlite3_stmt *, b->n_tables);
    for (size_t i = 0; i < b->n_tables; i++) {
        struct str columns[COLUMNS_MAX];
        size_t n = 0;
        (void)snprintf(sql, sizeof(sql), "SELECT name FROM pragma_table_info('" STR_FMT "')",
                       STR_ARG(names[i]));
        TRY(texts_of(cx, b, sql, columns, COLUMNS_MAX, &n));
        b->tables[i] = (struct store_table){ .name = names[i],
                                             .columns = arena_copy(b->store.arena, columns,
                                                                   n * sizeof(columns[0])),
                                             .n = (uint32_t)n,
                                             .index = (uint32_t)i };
    }
    return ERR_OK;
}

enum err
store_bulk_open(struct ctx *cx, struct str url, struct store_bulk **ret)
{
    struct str prefix = STR("sqlite:");
    if (!str_starts(url, prefix)) {
        return err_set(cx, ERR_UNSUPPORTED, "only an SQLite store can be bulk loaded");
    }
    struct store_bulk *b = calloc(1, sizeof(*b));
    ASSERT(b != NULL);
    struct sqlite_store *s = &b->store;
    s->arena = arena_open(0);
    s->path = str_dup(s->arena, str_slice(url, prefix.n, url.n));
    s->schema = &store_program_schema;
    s->cache_kib = 256U << 10;
    enum err e =
        sys_lock_open(cx, str_cat(cx->arena, sys_path_dir(s->path), STR("/bombo.lock")), &s->lock);
    if (e == ERR_OK) {
        e = sqlite_conn_open(cx, s, &s->writer, true);
    }
    if (e == ERR_OK) {
        e = sqlite_schema_same(cx, s);
    }
    b->db = s->writer.db;
    if (e == ERR_OK) {
        e = read_tables(cx, b);
    }
    if (e != ERR_OK) {
        store_bulk_close(b);
        return e;
    }
    *ret = b;
    return ERR_OK;
}

void
store_bulk_close(struct store_bulk *b)
{
    char sql[SQL_MAX];
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < b->n_tables && b->inserts != NULL; i++) {
        (void)sqlite3_finalize(b->inserts[i]);
    }
    for (size_t i = 0; i < b->n_looks; i++) {
        (void)snprintf(sql, sizeof(sql), "DROP INDEX IF EXISTS bulk_look_%zu", i);
        (void)sqlite3_exec(b->db, sql, NULL, NULL, NULL);
    }
    sqlite_conn_close(&b->store.writer);
    sys_lock_close(b->store.lock);
    arena_close(b->store.arena);
    arena_close(b->held_arena);
    free(b);
}

const struct store_table *
store_bulk_tables(const struct store_bulk *b, size_t *ret_n)
{
    *ret_n = b->n_tables;
    return b->tables;
}

const struct store_table *
store_bulk_table(const struct store_bulk *b, const char *name)
{
    for (size_t i = 0; i < b->n_tables; i++) {
        if (str_eq(b->tables[i].name, str_of(name))) {
            return &b->tables[i];
        }
    }
    return NULL;
}

uint32_t
store_bulk_column(const struct store_table *t, const char *name)
{
    uint32_t i = 0;
    while (i < t->n && !str_eq(t->columns[i], str_of(name))) {
        i++;
    }
    ASSERT(i < t->n);
    return i;
}

enum err
store_bulk_bytes(struct ctx *cx, struct store_bulk *b, int64_t *ret)
{
    struct sys_file_info info;
    TRY(sqlite_exec(cx, b->db, "PRAGMA wal_checkpoint(TRUNCATE)"));
    TRY(sys_file_info(cx, b->store.path, &info));
    *ret = info.size_bytes;
    return ERR_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

static struct store_value
column_value(sqlite3_stmt *stmt, int at)
{
    int type = sqlite3_column_type(stmt, at);
    if (type == SQLITE_NULL) {
        return (struct store_value){ .kind = STORE_VALUE_NULL };
    }
    if (type == SQLITE_INTEGER) {
        return (struct store_value){ .kind = STORE_VALUE_I64, .i = sqlite3_column_int64(stmt, at) };
    }
    const char *p = (const char *)sqlite3_column_text(stmt, at);
    return (struct store_value){
        .kind = STORE_VALUE_STR, .s = { p != NULL ? p : "", (size_t)sqlite3_column_bytes(stmt, at) }
    };
}

static int
bind_value(sqlite3_stmt *stmt, int at, const struct store_value *v)
{
    switch (v->kind) {
    case STORE_VALUE_I64:
        return sqlite3_bind_int64(stmt, at, v->i);
    case STORE_VALUE_STR:
        return sqlite3_bind_text64(stmt, at, v->s.p, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case STORE_VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(stmt, at);
}

static enum err
each_row(struct ctx *cx, struct store_bulk *b, sqlite3_stmt *stmt, store_bulk_fn *fn, void *arg)
{
    struct store_value values[COLUMNS_MAX];
    int rc = SQLITE_OK;
    int n = sqlite3_column_count(stmt);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (int i = 0; i < n && i < COLUMNS_MAX; i++) {
            values[i] = column_value(stmt, i);
        }
        TRY(fn(cx, values, arg));
    }
    return rc == SQLITE_DONE ? ERR_OK : failed(cx, b, rc);
}

enum err
store_bulk_each(struct ctx *cx, struct store_bulk *b, const struct store_table *t,
                const char *column, const struct store_value *key, store_bulk_fn *fn, void *arg)
{
    char sql[SQL_MAX];
    sqlite3_stmt *stmt = NULL;
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM \"" STR_FMT "\"%s%s%s", STR_ARG(t->name),
                   column != NULL ? " WHERE " : "", column != NULL ? column : "",
                   column != NULL ? " = ?1" : "");
    TRY(prepare(cx, b, sql, &stmt));
    int rc = key != NULL ? bind_value(stmt, 1, key) : SQLITE_OK;
    enum err e = rc == SQLITE_OK ? each_row(cx, b, stmt, fn, arg) : failed(cx, b, rc);
    (void)sqlite3_finalize(stmt);
    return e;
}

enum err
store_bulk_look_by(struct ctx *cx, struct store_bulk *b, const struct store_table *t,
                   const char *column)
{
    char sql[SQL_MAX];
    (void)snprintf(sql, sizeof(sql),
                   "CREATE INDEX IF NOT EXISTS bulk_look_%zu ON \"" STR_FMT "\" (%s)", b->n_looks++,
                   STR_ARG(t->name), column);
    return sqlite_exec(cx, b->db, sql);
}

/* --- writing ---------------------------------------------------------------------------------- */

static enum err
take_indexes(struct ctx *cx, struct store_bulk *b)
{
    sqlite3_stmt *stmt = NULL;
    char sql[SQL_MAX];
    int rc = SQLITE_OK;
    b->indexes = ARENA_ARRAY(b->store.arena, struct bulk_index, TABLES_MAX);
    TRY(prepare(cx, b,
                "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL "
                "ORDER BY tbl_name, name",
                &stmt));
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct str name = str_of((const char *)sqlite3_column_text(stmt, 0));
        ASSERT(b->n_indexes < TABLES_MAX);
        if (!str_starts(name, STR("bulk_look_"))) {
            b->indexes[b->n_indexes++] = (struct bulk_index){
                .name = str_dup(b->store.arena, name),
                .sql = str_dup(b->store.arena, str_of((const char *)sqlite3_column_text(stmt, 1))),
            };
        }
    }
    (void)sqlite3_finalize(stmt);
    if (rc != SQLITE_DONE) {
        return failed(cx, b, rc);
    }
    for (size_t i = 0; i < b->n_indexes; i++) {
        (void)snprintf(sql, sizeof(sql), "DROP INDEX \"" STR_FMT "\"", STR_ARG(b->indexes[i].name));
        TRY(sqlite_exec(cx, b->db, sql));
    }
    return ERR_OK;
}

static enum err
drop_looks(struct ctx *cx, struct store_bulk *b)
{
    char sql[SQL_MAX];
    for (; b->n_looks > 0; b->n_looks--) {
        (void)snprintf(sql, sizeof(sql), "DROP INDEX IF EXISTS bulk_look_%zu", b->n_looks - 1);
        TRY(sqlite_exec(cx, b->db, sql));
    }
    return ERR_OK;
}

enum err
store_bulk_begin(struct ctx *cx, struct store_bulk *b)
{
    TRY(drop_looks(cx, b));
    TRY(sqlite_exec(cx, b->db,
                    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE; "
                    "PRAGMA synchronous=FULL; "
                    "INSERT INTO store_meta (name, value) VALUES ('" SQLITE_META_BULK
                    "', '1') ON CONFLICT (name) DO NOTHING"));
    /* SQLite keeps its journal on a defensive connection */
    (void)sqlite3_db_config(b->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    TRY(sqlite_exec(cx, b->db,
                    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE; "
                    "PRAGMA threads=2; BEGIN"));
    return take_indexes(cx, b);
}

static enum err
insert_of(struct ctx *cx, struct store_bulk *b, const struct store_table *t, sqlite3_stmt **ret)
{
    if (b->inserts[t->index] == NULL) {
        char marks[2 * COLUMNS_MAX + 2] = "?";
        char sql[SQL_MAX];
        for (uint32_t i = 1; i < t->n; i++) {
            marks[2 * i - 1] = ',';
            marks[2 * i] = '?';
        }
        (void)snprintf(sql, sizeof(sql), "INSERT INTO \"" STR_FMT "\" VALUES (%s)",
                       STR_ARG(t->name), marks);
        TRY(prepare(cx, b, sql, &b->inserts[t->index]));
    }
    *ret = b->inserts[t->index];
    return ERR_OK;
}

static enum err
insert_row(struct ctx *cx, struct store_bulk *b, const struct store_table *t,
           const struct store_value *values)
{
    sqlite3_stmt *stmt = NULL;
    TRY(insert_of(cx, b, t, &stmt));
    for (uint32_t i = 0; i < t->n; i++) {
        int rc = bind_value(stmt, (int)i + 1, &values[i]);
        if (rc != SQLITE_OK) {
            return failed(cx, b, rc);
        }
    }
    int rc = sqlite3_step(stmt);
    (void)sqlite3_reset(stmt);
    if (rc != SQLITE_DONE) {
        return failed(cx, b, rc);
    }
    return ++b->n_rows % COMMIT_EVERY == 0 ? sqlite_exec(cx, b->db, "COMMIT; BEGIN") : ERR_OK;
}

/* Table after table; within one in the order in which rows were put. */
static enum err
write_held(struct ctx *cx, struct store_bulk *b)
{
    for (size_t i = 0; i < b->n_tables && b->held != NULL; i++) {
        for (const struct held_row *r = b->held[i].first; r != NULL; r = r->next) {
            TRY(insert_row(cx, b, &b->tables[i], r->values));
        }
        b->held[i] = (struct held){ NULL, NULL };
    }
    if (b->held_arena != NULL) {
        arena_reset(b->held_arena);
    }
    b->held_bytes = 0;
    return ERR_OK;
}

enum err
store_bulk_put(struct ctx *cx, struct store_bulk *b, const struct store_table *t,
               const struct store_value *values)
{
    if (b->held == NULL) {
        b->held = ARENA_ARRAY(b->store.arena, struct held, b->n_tables);
        b->held_arena = arena_open(0);
    }
    struct held_row *r = arena_alloc(b->held_arena, sizeof(*r));
    *r = (struct held_row){ .values = arena_copy(b->held_arena, values, t->n * sizeof(*values)) };
    b->held_bytes += sizeof(*r) + t->n * sizeof(*values);
    for (uint32_t i = 0; i < t->n; i++) {
        if (values[i].kind == STORE_VALUE_STR) {
            r->values[i].s = str_dup(b->held_arena, values[i].s);
            b->held_bytes += values[i].s.n;
        }
    }
    struct held *h = &b->held[t->index];
    *(h->first == NULL ? &h->first : &h->last->next) = r;
    h->last = r;
    return b->held_bytes >= HELD_BYTES ? write_held(cx, b) : ERR_OK;
}

enum err
store_bulk_empty(struct ctx *cx, struct store_bulk *b, const struct store_table *t)
{
    char sql[SQL_MAX];
    TRY(write_held(cx, b));
    (void)snprintf(sql, sizeof(sql), "DELETE FROM \"" STR_FMT "\"", STR_ARG(t->name));
    return sqlite_exec(cx, b->db, sql);
}

enum err
store_bulk_end(struct ctx *cx, struct store_bulk *b, int64_t last_id)
{
    char sql[SQL_MAX];
    TRY(write_held(cx, b));
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO store_meta (name, value) VALUES ('id_high', '%" PRId64
                   "') ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE "
                   "CAST(value AS INTEGER) < %" PRId64 "; COMMIT",
                   last_id, last_id);
    TRY(sqlite_exec(cx, b->db, sql));
    for (size_t i = 0; i < b->n_indexes; i++) {
        TRY(sqlite_exec(cx, b->db, str_z(cx->arena, b->indexes[i].sql)));
    }
    /* with syncs again, the last change takes everything before it to the disk */
    return sqlite_exec(cx, b->db,
                       "PRAGMA synchronous=FULL; "
                       "DELETE FROM store_meta WHERE name = '" SQLITE_META_BULK
                       "'; PRAGMA journal_mode=DELETE; PRAGMA journal_mode=WAL; "
                       "PRAGMA locking_mode=NORMAL");
}
