/* plans.h: does a statement go through a whole table? */
#ifndef TEST_LIB_PLANS_H
#define TEST_LIB_PLANS_H

#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>

/* True for a line of EXPLAIN QUERY PLAN that goes through a whole table or index. */
bool plan_is_full_scan(sqlite3 *db, const char *sql, struct str detail);
/* False, and a line on stderr, when the statement has such a line and gives no reason. The plan is
 * written to `list` too, when there is one. */
bool plan_is_good(sqlite3 *db, struct arena *a, const struct store_stmt *st, FILE *list);

#endif
