/* harness_pg.h: databases for tests on PostgreSQL (BOMBO_TEST_STORE=postgres, see
 * tools/with-postgres). */
#ifndef TEST_LIB_HARNESS_PG_H
#define TEST_LIB_HARNESS_PG_H

#include "lib/harness.h"

/* URL of an empty database, in a. One that was given back is used again when is_plain, that is when
 * it gets the program's own schema. */
struct str test_pg_take(struct arena *a, bool is_plain);
/* The store is closed: rows are removed, or the database is when it is not plain. */
void test_pg_give_back(struct str url, bool is_plain);

#endif
