/* bare.c: the comparison for durable submissions: the same rows into the same tables in the same
 * number of commits, by a plain loop over SQLite with nothing else around it.
 *   bare DATA COMMITS DELAY_US
 *   bare DATA COMMITS 0 CONNINFO CONNECTIONS   into a PostgreSQL that has the tables; rows that
 *                                              differ are put there first as they were
 * DATA/before.db is the store as it was before the submissions, DATA/bombo.db as they left it. Each
 * row that is new is inserted into before.db, each row that differs (drafts, papers, counters) is
 * updated once, by its key and only in the columns that changed. Indexes are the same. */
#include "bench/bare.h"

#include "base/str.h"
#include "lib/fault_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TABLES_MAX 100
#define KEYS_MAX   8
#define SQL_MAX    16384

struct table {
    char name[64];
    char columns[BARE_COLUMNS_MAX][64], keys[KEYS_MAX][64];
    int n_columns, n_keys;
};

static int64_t
now_us(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
must(sqlite3 *db, int rc, const char *what)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) {
        (void)fprintf(stderr, "bare: %s: %s\n", what, sqlite3_errmsg(db));
        exit(1);
    }
}

static sqlite3_stmt *
prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st = NULL;
    must(db, sqlite3_prepare_v2(db, sql, -1, &st, NULL), sql);
    return st;
}

static void
run(sqlite3 *db, const char *sql)
{
    must(db, sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

/* The values of the row under `from`; the last column is its order. */
static void
add_row(struct bare_rows *rows, sqlite3_stmt *from, sqlite3_stmt *stmt)
{
    if (rows->n == rows->cap) {
        rows->cap = rows->cap == 0 ? 65536 : rows->cap * 2;
        rows->v = realloc(rows->v, rows->cap * sizeof(*rows->v));
        ASSERT(rows->v != NULL);
    }
    struct bare_row *r = &rows->v[rows->n++];
    r->stmt = stmt;
    r->n = sqlite3_column_count(from) - 1;
    ASSERT(r->n <= BARE_COLUMNS_MAX);
    r->order = sqlite3_column_int64(from, r->n);
    for (int i = 0; i < r->n; i++) {
        r->values[i] = sqlite3_value_dup(sqlite3_column_value(from, i));
    }
}

static void
add_text(char *sql, const char *text)
{
    size_t at = strlen(sql);
    ASSERT(at + strlen(text) < SQL_MAX);
    (void)snprintf(sql + at, SQL_MAX - at, "%s", text);
}

/* Appends the pattern once for each name, which it shows as @, with the word between. */
static void
add_names(char *sql, const char (*names)[64], int n, const char *word, const char *pattern)
{
    for (int i = 0; i < n; i++) {
        add_text(sql, i == 0 ? "" : word);
        for (const char *p = pattern; *p != 0; p++) {
            char one[2] = { *p, 0 };
            add_text(sql, *p == '@' ? names[i] : one);
        }
    }
}

static void
read_table(sqlite3 *db, const char *name, struct table *t)
{
    char sql[256];
    *t = (struct table){ 0 };
    (void)snprintf(t->name, sizeof(t->name), "%s", name);
    (void)snprintf(sql, sizeof(sql), "SELECT name, pk FROM pragma_table_info('%s')", name);
    sqlite3_stmt *st = prepare(db, sql);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *column = (const char *)sqlite3_column_text(st, 0);
        ASSERT(t->n_columns < BARE_COLUMNS_MAX && t->n_keys < KEYS_MAX);
        (void)snprintf(t->columns[t->n_columns++], 64, "%s", column);
        if (sqlite3_column_int(st, 1) != 0) {
            (void)snprintf(t->keys[t->n_keys++], 64, "%s", column);
        }
    }
    (void)sqlite3_finalize(st);
}

/* What a row is written after: the last key, which is the id, or the subject's id. */
static const char *
order_of(const struct table *t)
{
    return t->keys[t->n_keys - 1];
}

/* Each row that `select` gives, to be written by `write`. */
static void
take_rows(sqlite3 *db, const char *select, const char *write, struct bare_rows *ret)
{
    sqlite3_stmt *st = prepare(db, select);
    sqlite3_stmt *stmt = prepare(db, write);
    while (sqlite3_step(st) == SQLITE_ROW) {
        add_row(ret, st, stmt);
    }
    (void)sqlite3_finalize(st);
}

static void
insert_of(const struct table *t, char *ret)
{
    (void)snprintf(ret, SQL_MAX, "INSERT INTO main.%s VALUES (", t->name);
    add_names(ret, t->columns, t->n_columns, ",", "?");
    add_text(ret, ")");
}

static void
take_new(sqlite3 *db, const struct table *t, struct bare_rows *inserts)
{
    char sql[SQL_MAX] = "SELECT a.*, a.";
    char insert[SQL_MAX];
    add_text(sql, order_of(t));
    add_text(sql, " FROM later.");
    add_text(sql, t->name);
    add_text(sql, " a WHERE NOT EXISTS (SELECT 1 FROM main.");
    add_text(sql, t->name);
    add_text(sql, " b WHERE ");
    add_names(sql, t->keys, t->n_keys, " AND ", "a.@ = b.@");
    add_text(sql, ")");
    insert_of(t, insert);
    take_rows(db, sql, insert, inserts);
}

/* Which columns differ in any row that both have. */
static int
changed_columns(sqlite3 *db, const struct table *t, char (*ret)[64])
{
    int n = 0;
    for (int i = 0; i < t->n_columns; i++) {
        char sql[SQL_MAX] = "SELECT 1 FROM later.";
        add_text(sql, t->name);
        add_text(sql, " a JOIN main.");
        add_text(sql, t->name);
        add_text(sql, " b ON ");
        add_names(sql, t->keys, t->n_keys, " AND ", "a.@ = b.@");
        add_text(sql, " WHERE ");
        add_names(sql, &t->columns[i], 1, "", "a.@ IS NOT b.@ LIMIT 1");
        sqlite3_stmt *st = prepare(db, sql);
        if (sqlite3_step(st) == SQLITE_ROW) {
            (void)snprintf(ret[n++], 64, "%s", t->columns[i]);
        }
        (void)sqlite3_finalize(st);
    }
    return n;
}

static void
take_changed(sqlite3 *db, const struct table *t, struct bare_work *work)
{
    char columns[BARE_COLUMNS_MAX][64];
    char sql[SQL_MAX] = "SELECT ";
    char olds[SQL_MAX] = "SELECT b.*, 0";
    char update[SQL_MAX] = "UPDATE main.";
    char insert[SQL_MAX];
    char from[SQL_MAX] = " FROM later.";
    int n = changed_columns(db, t, columns);
    if (n == 0) {
        return;
    }
    add_names(sql, columns, n, ", ", "a.@");
    add_text(sql, ", ");
    add_names(sql, t->keys, t->n_keys, ", ", "a.@");
    add_text(from, t->name);
    add_text(from, " a JOIN main.");
    add_text(from, t->name);
    add_text(from, " b ON ");
    add_names(from, t->keys, t->n_keys, " AND ", "a.@ = b.@");
    add_text(from, " WHERE ");
    add_names(from, columns, n, " OR ", "a.@ IS NOT b.@");
    add_text(sql, ", 0");
    add_text(sql, from);
    add_text(olds, from);
    add_text(update, t->name);
    add_text(update, " SET ");
    add_names(update, columns, n, ", ", "@ = ?");
    add_text(update, " WHERE ");
    add_names(update, t->keys, t->n_keys, " AND ", "@ = ?");
    insert_of(t, insert);
    add_text(insert, " ON CONFLICT DO NOTHING");
    take_rows(db, sql, update, &work->updates);
    take_rows(db, olds, insert, &work->olds);
}

static int
by_order(const void *x, const void *y)
{
    int64_t a = ((const struct bare_row *)x)->order;
    int64_t b = ((const struct bare_row *)y)->order;
    return a < b ? -1 : a > b;
}

/* Part c of n of the rows. */
static void
write_part(sqlite3 *db, const struct bare_rows *rows, size_t c, size_t n)
{
    for (size_t i = rows->n * c / n; i < rows->n * (c + 1) / n; i++) {
        struct bare_row *r = &rows->v[i];
        for (int k = 0; k < r->n; k++) {
            must(db, sqlite3_bind_value(r->stmt, k + 1, r->values[k]), "bind");
        }
        must(db, sqlite3_step(r->stmt), "write a row");
        (void)sqlite3_reset(r->stmt);
    }
}

static void
write_rows(sqlite3 *db, const struct bare_work *work, size_t n_commits)
{
    for (size_t c = 0; c < n_commits; c++) {
        run(db, "BEGIN IMMEDIATE");
        write_part(db, &work->inserts, c, n_commits);
        write_part(db, &work->updates, c, n_commits);
        run(db, "COMMIT");
    }
}

/* Finds what the submissions wrote. */
static void
take_all(sqlite3 *db, struct bare_work *work)
{
    struct table tables[TABLES_MAX];
    size_t n = 0;
    sqlite3_stmt *st = prepare(
        db, "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'");
    while (sqlite3_step(st) == SQLITE_ROW && n < TABLES_MAX) {
        read_table(db, (const char *)sqlite3_column_text(st, 0), &tables[n]);
        n += tables[n].n_keys > 0;
    }
    (void)sqlite3_finalize(st);
    for (size_t i = 0; i < n; i++) {
        take_new(db, &tables[i], &work->inserts);
        take_changed(db, &tables[i], work);
    }
    qsort(work->inserts.v, work->inserts.n, sizeof(work->inserts.v[0]), by_order);
}

static int64_t
number(const char *z)
{
    int64_t n = 0;
    (void)str_to_i64(str_of(z), 0, INT64_MAX, &n);
    return n;
}

int
main(int argc, char **argv)
{
    char path[4096];
    char attach[4200];
    struct bare_work work = { 0 };
    sqlite3 *db = NULL;
    struct fault_vfs *vfs = NULL;
    if (argc != 4 && argc != 6) {
        (void)fprintf(stderr, "bare DATA COMMITS DELAY_US [CONNINFO CONNECTIONS]\n");
        return 2;
    }
    uint32_t delay_us = (uint32_t)number(argv[3]);
    if (delay_us > 0) {
        vfs = fault_vfs_new("slow-disk");
        (void)sqlite3_vfs_register(sqlite3_vfs_find("slow-disk"), 1);
    }
    (void)snprintf(path, sizeof(path), "%s/before.db", argv[1]);
    (void)snprintf(attach, sizeof(attach), "ATTACH '%s/bombo.db' AS later", argv[1]);
    must(db, sqlite3_open(path, &db), "open");
    run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192");
    run(db, attach);
    take_all(db, &work);
    if (argc == 6) {
        int64_t took_us =
            bare_pg_write(argv[4], &work, (size_t)number(argv[2]), (size_t)number(argv[5]));
        (void)printf("{\"rows\": %zu, \"changed\": %zu, \"took_us\": %" PRId64 "}\n",
                     work.inserts.n, work.updates.n, took_us);
        return 0;
    }
    run(db, "DETACH later");
    if (vfs != NULL) {
        fault_vfs_delay_sync(vfs, delay_us);
    }
    int64_t start_us = now_us(CLOCK_MONOTONIC);
    int64_t start_cpu_us = now_us(CLOCK_PROCESS_CPUTIME_ID);
    write_rows(db, &work, (size_t)number(argv[2]));
    (void)printf("{\"rows\": %zu, \"changed\": %zu, \"took_us\": %" PRId64 ", \"cpu_us\": %" PRId64
                 "}\n",
                 work.inserts.n, work.updates.n, now_us(CLOCK_MONOTONIC) - start_us,
                 now_us(CLOCK_PROCESS_CPUTIME_ID) - start_cpu_us);
    return 0;
}
