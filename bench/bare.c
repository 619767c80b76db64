/* bare.c: the comparison for durable submissions: the same rows into the same tables in the same
 * number of commits, by a plain loop over SQLite with nothing else around it. bare DATA MARK
 * COMMITS DELAY_US Reads from DATA/bombo.db every row whose id is above MARK (what the submissions
 * wrote), empties a copy of the database of them, and writes them again into the copy. */
#include "base/str.h"
#include "lib/fault_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TABLES_MAX  100
#define COLUMNS_MAX 64

struct row {
    sqlite3_stmt *insert;
    sqlite3_value *values[COLUMNS_MAX];
    int n;
};

static struct row *rows;
static size_t n_rows, cap_rows;

static int64_t
now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
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
add_row(sqlite3_stmt *from, sqlite3_stmt *insert)
{
    if (n_rows == cap_rows) {
        cap_rows = cap_rows == 0 ? 65536 : cap_rows * 2;
        rows = realloc(rows, cap_rows * sizeof(*rows));
        ASSERT(rows != NULL);
    }
    struct row *r = &rows[n_rows++];
    r->insert = insert;
    r->n = sqlite3_column_count(from);
    ASSERT(r->n <= COLUMNS_MAX);
    for (int i = 0; i < r->n; i++) {
        r->values[i] = sqlite3_value_dup(sqlite3_column_value(from, i));
    }
}

/* Rows of one table that the submissions wrote; they leave the copy. */
static void
take_table(sqlite3 *db, const char *table, const char *mark)
{
    char sql[1024];
    char marks[COLUMNS_MAX * 2 + 2] = "?"; /* the rest is zero */
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM %.100s WHERE id > %.30s ORDER BY id", table,
                   mark);
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
        return; /* a table without ids: counters, which the submissions only change */
    }
    for (int i = 1; i < sqlite3_column_count(st); i++) {
        marks[2 * i - 1] = ',';
        marks[2 * i] = '?';
    }
    (void)snprintf(sql, sizeof(sql), "INSERT INTO %.100s VALUES (%.200s)", table, marks);
    sqlite3_stmt *insert = prepare(db, sql);
    while (sqlite3_step(st) == SQLITE_ROW) {
        add_row(st, insert);
    }
    (void)sqlite3_finalize(st);
    (void)snprintf(sql, sizeof(sql), "DELETE FROM %.100s WHERE id > %.30s", table, mark);
    must(db, sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

static int
by_id(const void *x, const void *y)
{
    int64_t a = sqlite3_value_int64(((const struct row *)x)->values[0]);
    int64_t b = sqlite3_value_int64(((const struct row *)y)->values[0]);
    return a < b ? -1 : a > b;
}

static void
write_rows(sqlite3 *db, size_t n_commits)
{
    size_t done = 0;
    for (size_t c = 0; c < n_commits; c++) {
        size_t upto = n_rows * (c + 1) / n_commits;
        must(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), "begin");
        for (; done < upto; done++) {
            struct row *r = &rows[done];
            for (int i = 0; i < r->n; i++) {
                must(db, sqlite3_bind_value(r->insert, i + 1, r->values[i]), "bind");
            }
            must(db, sqlite3_step(r->insert), "insert");
            (void)sqlite3_reset(r->insert);
        }
        must(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), "commit");
    }
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
    char tables[TABLES_MAX][128];
    size_t n_tables = 0;
    sqlite3 *db = NULL;
    struct fault_vfs *vfs = NULL;
    if (argc != 5) {
        (void)fprintf(stderr, "bare DATA MARK COMMITS DELAY_US\n");
        return 2;
    }
    uint32_t delay_us = (uint32_t)number(argv[4]);
    if (delay_us > 0) {
        vfs = fault_vfs_new("slow-disk");
        (void)sqlite3_vfs_register(sqlite3_vfs_find("slow-disk"), 1);
    }
    (void)snprintf(path, sizeof(path), "%s/bombo.db", argv[1]);
    must(db, sqlite3_open(path, &db), "open");
    must(db,
         sqlite3_exec(db,
                      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192; "
                      "PRAGMA foreign_keys=OFF",
                      NULL, NULL, NULL),
         "pragma");
    sqlite3_stmt *st = prepare(
        db, "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'");
    while (sqlite3_step(st) == SQLITE_ROW && n_tables < TABLES_MAX) {
        (void)snprintf(tables[n_tables++], sizeof(tables[0]), "%s",
                       (const char *)sqlite3_column_text(st, 0));
    }
    (void)sqlite3_finalize(st);
    for (size_t i = 0; i < n_tables; i++) {
        take_table(db, tables[i], argv[2]);
    }
    must(db, sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), "checkpoint");
    qsort(rows, n_rows, sizeof(rows[0]), by_id);
    if (vfs != NULL) {
        fault_vfs_delay_sync(vfs, delay_us);
    }
    int64_t start_us = now_us();
    write_rows(db, (size_t)number(argv[3]));
    (void)printf("{\"rows\": %zu, \"took_us\": %" PRId64 "}\n", n_rows, now_us() - start_us);
    return 0;
}
