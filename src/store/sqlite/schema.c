/* schema.c: creates the schema in a new database, brings an older one forward, refuses a newer one.
 */
#include "store/sqlite/sqlite_int.h"

#include <inttypes.h>

/* ERR_NOT_FOUND when there is no such name. */
enum err
sqlite_meta_get(struct ctx *cx, sqlite3 *db, const char *name, struct str *ret)
{
    sqlite3_stmt *stmt = NULL;
    int rc =
        sqlite3_prepare_v2(db, "SELECT value FROM store_meta WHERE name = ?1", -1, &stmt, NULL);
    if (rc != SQLITE_OK) {
        return sqlite_fail(cx, db, rc, "read store_meta");
    }
    (void)sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    rc = sqlite3_step(stmt);
    enum err e = ERR_OK;
    if (rc == SQLITE_ROW) {
        *ret = str_dup(cx->arena, str_of((const char *)sqlite3_column_text(stmt, 0)));
    } else if (rc == SQLITE_DONE) {
        e = err_set(cx, ERR_NOT_FOUND, "store_meta has no %s", name);
    } else {
        e = sqlite_fail(cx, db, rc, "read store_meta");
    }
    (void)sqlite3_finalize(stmt);
    return e;
}

static enum err
meta_set(struct ctx *cx, sqlite3 *db, const char *name, struct str value)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "INSERT INTO store_meta (name, value) VALUES (?1, ?2) "
                                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                                -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text64(stmt, 2, value.p, value.n, SQLITE_STATIC, SQLITE_UTF8);
        rc = sqlite3_step(stmt);
    }
    (void)sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? ERR_OK : sqlite_fail(cx, db, rc, "write store_meta");
}

static enum err
run_part(struct ctx *cx, sqlite3 *db, const struct store_schema_part *part)
{
    int rc = sqlite3_exec(db, part->sqlite, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : sqlite_fail(cx, db, rc, part->path);
}

static enum err
finish_version(struct ctx *cx, sqlite3 *db, const struct store_schema_set *set)
{
    TRY(meta_set(cx, db, "schema_version",
                 str_fmt(cx->arena, "%" PRId64, store_schema_newest(set))));
    return meta_set(cx, db, "schema_print", store_schema_print(cx, set, false));
}

static enum err
create_all(struct ctx *cx, sqlite3 *db, const struct store_schema_set *set)
{
    for (size_t i = 0; i < set->n_schema; i++) {
        TRY(run_part(cx, db, &set->schema[i]));
    }
    TRY(meta_set(cx, db, STORE_META_MADE, str_fmt(cx->arena, "%" PRId64, sys_now_us(cx))));
    return finish_version(cx, db, set);
}

static enum err
migrate_from(struct ctx *cx, sqlite3 *db, const struct store_schema_set *set, int64_t have)
{
    for (size_t i = 0; i < set->n_migrations; i++) {
        if (set->migrations[i].number > have) {
            TRY(run_part(cx, db, &set->migrations[i]));
        }
    }
    return finish_version(cx, db, set);
}

/* The database's version; refuses one that this program does not know yet. */
static enum err
version_read(struct ctx *cx, sqlite3 *db, const struct store_schema_set *set, int64_t *ret)
{
    struct str text = STR_NULL;
    int64_t have = 0;
    TRY(sqlite_meta_get(cx, db, "schema_version", &text));
    if (str_eq(text, STR("copying"))) {
        return err_set(cx, ERR_UNSUPPORTED,
                       "an unfinished copy: empty the database and run `bombo store copy` again");
    }
    if (!str_to_i64(text, 0, INT64_MAX, &have)) {
        return err_set(cx, ERR_STORE, "schema version is not a number");
    }
    if (have > store_schema_newest(set)) {
        return err_set(cx, ERR_UNSUPPORTED,
                       "the database has schema version %" PRId64 ", this program knows %" PRId64
                       ": use the newer program",
                       have, store_schema_newest(set));
    }
    *ret = have;
    return ERR_OK;
}

static enum err
print_check(struct ctx *cx, sqlite3 *db, const struct store_schema_set *set)
{
    struct str print = STR_NULL;
    TRY(sqlite_meta_get(cx, db, "schema_print", &print));
    if (!str_eq(print, store_schema_print(cx, set, false))) {
        return err_set(cx, ERR_UNSUPPORTED,
                       "the database was made by another build whose schema differs: add a "
                       "migration, or begin with an "
                       "empty data folder");
    }
    return ERR_OK;
}

static enum err
whole_check(struct ctx *cx, sqlite3 *db)
{
    struct str mark = STR_NULL;
    enum err e = sqlite_meta_get(cx, db, SQLITE_META_BULK, &mark);
    if (e == ERR_OK) {
        return err_set(cx, ERR_UNSUPPORTED,
                       "a bulk load into this store was broken off: begin with an empty data "
                       "folder");
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
check_or_migrate(struct ctx *cx, sqlite3 *db, const struct store_schema_set *set)
{
    int64_t have = 0;
    TRY(whole_check(cx, db));
    TRY(version_read(cx, db, set, &have));
    return have < store_schema_newest(set) ? migrate_from(cx, db, set, have)
                                           : print_check(cx, db, set);
}

static enum err
has_schema(struct ctx *cx, sqlite3 *db, bool *ret)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'store_meta'",
                                -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW) {
        *ret = sqlite3_column_int64(stmt, 0) > 0;
    }
    (void)sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? ERR_OK : sqlite_fail(cx, db, rc, "read schema");
}

enum err
sqlite_schema_ready(struct ctx *cx, struct sqlite_store *s)
{
    sqlite3 *db = s->writer.db;
    bool is_there = false;
    TRY(has_schema(cx, db, &is_there));
    TRY(sqlite_exec(cx, db, "BEGIN IMMEDIATE"));
    enum err e = is_there ? check_or_migrate(cx, db, s->schema) : create_all(cx, db, s->schema);
    if (e == ERR_OK) {
        e = sqlite_exec(cx, db, "COMMIT");
    }
    if (sqlite3_get_autocommit(db) == 0) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    return e;
}

enum err
sqlite_schema_same(struct ctx *cx, struct sqlite_store *s)
{
    int64_t have = 0;
    TRY(whole_check(cx, s->writer.db));
    TRY(version_read(cx, s->writer.db, s->schema, &have));
    if (have < store_schema_newest(s->schema)) {
        return s->takes_older
                   ? ERR_OK
                   : err_set(cx, ERR_UNSUPPORTED,
                             "the database has schema version %" PRId64
                             ", this program has %" PRId64 ": `bombo run` brings it forward",
                             have, store_schema_newest(s->schema));
    }
    return print_check(cx, s->writer.db, s->schema);
}
