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

/* Inserts the rows into a PostgreSQL that has the tables, in n_commits transactions, by n_conns
 * connections at once. Time it took in us; ends the program when the database refuses. */
int64_t bare_pg_write(const char *conninfo, const struct bare_rows *rows, size_t n_commits,
                      size_t n_conns);

#endif
