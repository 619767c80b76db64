/* plans.c: explains all statements of the program on a filled database, after ANALYZE: lists every
 * plan in build/plans-sqlite.txt, prints how many there are and how many go through a whole table
 * without a reason. The path comes on stdin. */
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
    FILE *list = fopen("build/plans-sqlite.txt", "we");
    ASSERT(list != NULL);
    for (size_t i = 0; i < store_n_stmts; i++) {
        n_bad += plan_is_good(db, a, store_all_stmts[i], list) ? 0 : 1;
    }
    ASSERT(fclose(list) == 0);
    (void)printf("explained %zu\nbad %zu\n", store_n_stmts, n_bad);
    (void)sqlite3_close(db);
    arena_close(a);
    return 0;
}
