/* bare.h: rows that the bare loops write. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#define BARE_COLUMNS_MAX 64

struct bare_row {
    sqlite3_stmt *stmt; /* its INSERT or UPDATE */
    sqlite3_value *values[BARE_COLUMNS_MAX];
    int n;
    int64_t order; /* its id, or that of the row it belongs to */
};

struct bare_rows {
    struct bare_row *v;
    size_t n, cap;
};

struct bare_work {
    struct bare_rows olds;    /* rows as they were that the updates change */
    struct bare_rows inserts; /* of new rows */
    struct bare_rows updates; /* one for each row that differs */
};

/* Writes inserts and updates into a PostgreSQL that has the tables, in n_commits transactions, by
 * n_conns connections at once; the old rows, where they are missing there, before the clock starts.
 * Time it took in us; ends the program when the database refuses. */
int64_t bare_pg_write(const char *conninfo, const struct bare_work *work, size_t n_commits,
                      size_t n_conns);

#endif
