/* plans.c: explains all statements of the program on a filled database, after ANALYZE: prints how
 * many were explained and how many go through a whole table without a reason. The path comes on
 * stdin. */
#include "lib/plans.h"

#include "engine/search/search.h"

#include <stdio.h>
#include <string.h>

int
main(void)
{
    char path[4096] = "";
    sqlite3 *db = NULL;
    struct arena *a = arena_open(0);
    struct ctx cx = { .arena = a };
    size_t n = 0;
    size_t n_bad = 0;
    if (fgets(path, sizeof(path), stdin) == NULL) {
        return 1;
    }
    path[strcspn(path, "\n")] = '\0';
    /* of tables with a few rows nothing is told: to read them whole is right, until they grow */
    ASSERT(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    ASSERT(search_on_connect(&cx, db) == ERR_OK);
    ASSERT(sqlite3_exec(db, "ANALYZE; DELETE FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) < 50",
                        NULL, NULL, NULL) == SQLITE_OK);
    (void)sqlite3_close(db);
    ASSERT(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    ASSERT(search_on_connect(&cx, db) == ERR_OK);
    for (size_t i = 0; i < store_n_stmts; i++) {
        const struct store_stmt *st = store_all_stmts[i];
        if (st->scan_reason == NULL) {
            n++;
            n_bad += plan_is_good(db, a, st) ? 0 : 1;
        }
    }
    (void)printf("explained %zu\nbad %zu\n", n, n_bad);
    (void)sqlite3_close(db);
    arena_close(a);
    return 0;
}
