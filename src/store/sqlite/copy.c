/* copy.c: a whole copy of the database while others write, and how many rows each table has. */
#include "store/sqlite/sqlite_int.h"

#define TABLES_MAX 1000

/* Both ends are open. One step takes all pages under one read mark, so that the copy is of one
 * instant although writing goes on (SQLite's online backup). */
static enum err
copy_pages(struct ctx *cx, sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (b == NULL) {
        return sqlite_fail(cx, to, sqlite3_errcode(to), "begin the copy");
    }
    int rc = sqlite3_backup_step(b, -1);
    int rc2 = sqlite3_backup_finish(b);
    if (rc != SQLITE_DONE) {
        return sqlite_fail(cx, to, rc, "copy pages");
    }
    return rc2 == SQLITE_OK ? ERR_OK : sqlite_fail(cx, to, rc2, "end the copy");
}

enum err
sqlite_copy_to(struct ctx *cx, struct store *base, struct str path)
{
    struct sqlite_store *s = (struct sqlite_store *)(void *)base;
    sqlite3 *from = NULL;
    sqlite3 *to = NULL;
    enum err e = ERR_OK;
    int rc = sqlite3_open_v2(s->path.p, &from, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, s->vfs);
    if (rc != SQLITE_OK) {
        e = sqlite_fail(cx, from, rc, "open database");
    }
    if (e == ERR_OK) {
        rc =
            sqlite3_open_v2(str_z(cx->arena, path), &to,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
        e = rc == SQLITE_OK ? ERR_OK : sqlite_fail(cx, to, rc, "create the copy");
    }
    if (e == ERR_OK) { /* a copy that is cut short is thrown away: it needs no journal */
        e = sqlite_exec(cx, to, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF");
    }
    if (e == ERR_OK) {
        e = copy_pages(cx, from, to);
    }
    (void)sqlite3_close(to);
    (void)sqlite3_close(from);
    return e;
}

static enum err
count_rows(struct ctx *cx, struct sqlite_conn *c, struct store_count *t)
{
    sqlite3_stmt *stmt = NULL;
    struct str sql = str_fmt(cx->arena, "SELECT count(*) FROM \"" STR_FMT "\"", STR_ARG(t->name));
    int rc = sqlite3_prepare_v2(c->db, sql.p, (int)sql.n, &stmt, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    enum err e = rc == SQLITE_ROW ? ERR_OK : sqlite_fail(cx, c->db, rc, "count rows");
    t->n_rows = e == ERR_OK ? sqlite3_column_int64(stmt, 0) : 0;
    (void)sqlite3_finalize(stmt);
    return e;
}

enum err
sqlite_tables(struct ctx *cx, struct store_conn *base, struct store_count **ret, size_t *ret_n)
{
    struct sqlite_conn *c = (struct sqlite_conn *)(void *)base;
    sqlite3_stmt *stmt = NULL;
    struct store_count *v = ARENA_ARRAY(cx->arena, struct store_count, TABLES_MAX);
    size_t n = 0;
    /* virtual tables are counted by the tables below them */
    int rc = sqlite3_prepare_v2(c->db,
                                "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage "
                                "<> 0 AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
                                -1, &stmt, NULL);
    if (rc != SQLITE_OK) {
        return sqlite_fail(cx, c->db, rc, "list tables");
    }
    while (n < TABLES_MAX && sqlite3_step(stmt) == SQLITE_ROW) {
        const unsigned char *name = sqlite3_column_text(stmt, 0);
        size_t len = (size_t)sqlite3_column_bytes(stmt, 0);
        v[n++].name = (struct str){ arena_copy(cx->arena, name, len), len };
    }
    rc = sqlite3_finalize(stmt);
    if (rc != SQLITE_OK) {
        return sqlite_fail(cx, c->db, rc, "list tables");
    }
    for (size_t i = 0; i < n; i++) {
        TRY(count_rows(cx, c, &v[i]));
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}
