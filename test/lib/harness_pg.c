/* harness_pg.c: databases for tests on PostgreSQL. Making one takes a tenth of a second and more,
 * emptying one a few milliseconds: so each test program keeps its own and drops them at its end. */
#include "lib/harness_pg.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DBS_MAX        64
#define NAME_MAX_BYTES 32

struct db {
    char name[NAME_MAX_BYTES];
    bool is_used, is_there;
};

static struct db dbs[DBS_MAX];

static struct str
url_of(struct arena *a, const char *name)
{
    const char *pattern = getenv("BOMBO_TEST_PG");
    assert_non_null(pattern);
    return str_replace(a, str_of(pattern), STR("DBNAME"), str_of(name));
}

static void
sql_on(const char *db, const char *sql)
{
    struct arena *a = arena_open(0);
    PGconn *pg = PQconnectdb(str_z(a, url_of(a, db)));
    PGresult *res = PQexec(pg, sql);
    ExecStatusType st = PQresultStatus(res);
    if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK) {
        (void)fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(pg));
        abort();
    }
    PQclear(res);
    PQfinish(pg);
    arena_close(a);
}

static void
sql_db(const char *before, const struct db *db, const char *after)
{
    char sql[160];
    (void)snprintf(sql, sizeof(sql), "%s %.*s %s", before, NAME_MAX_BYTES, db->name, after);
    sql_on("postgres", sql);
}

static void
drop_all(void)
{
    for (size_t i = 0; i < DBS_MAX; i++) {
        if (dbs[i].is_there) {
            sql_db("DROP DATABASE IF EXISTS", &dbs[i], "WITH (FORCE)");
        }
    }
}

static struct db *
find_db(bool is_plain)
{
    struct db *empty = NULL;
    for (size_t i = 0; i < DBS_MAX; i++) {
        if (dbs[i].is_there && !dbs[i].is_used && is_plain) {
            return &dbs[i];
        }
        if (!dbs[i].is_there && empty == NULL) {
            empty = &dbs[i];
        }
    }
    assert_non_null(empty);
    return empty;
}

struct str
test_pg_take(struct arena *a, bool is_plain)
{
    struct db *db = find_db(is_plain);
    if (dbs[0].name[0] == '\0') {
        (void)atexit(drop_all);
    }
    if (!db->is_there) {
        (void)snprintf(db->name, sizeof(db->name), "t%d_%d", (int)getpid(), (int)(db - dbs));
        sql_db("CREATE DATABASE", db, "TEMPLATE template0");
        db->is_there = true;
    }
    db->is_used = true;
    return url_of(a, db->name);
}

void
test_pg_give_back(struct str url, bool is_plain)
{
    static const char *const empty =
        "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = "
        "'public' AND tablename <> 'store_meta' LOOP EXECUTE 'DELETE FROM ' || quote_ident(t); END "
        "LOOP; DELETE FROM store_meta WHERE name NOT IN ('schema_version', 'schema_print', "
        "'made_us'); END $$";
    struct arena *a = arena_open(0);
    for (size_t i = 0; i < DBS_MAX; i++) {
        struct db *db = &dbs[i];
        if (!db->is_used || !str_eq(url, url_of(a, db->name))) {
            continue;
        }
        db->is_used = false;
        if (is_plain) {
            sql_on(db->name, empty);
        } else {
            sql_db("DROP DATABASE", db, "WITH (FORCE)");
            db->is_there = false;
        }
    }
    arena_close(a);
}
