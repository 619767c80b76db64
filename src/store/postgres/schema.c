/* schema.c: creates the schema in an empty database, brings an older one forward, refuses a newer
 * one. An advisory lock lets one process at a time do so. */
#include "store/postgres/pg_int.h"

#include <inttypes.h>
#include <stdio.h>

static const struct store_col meta_in[] = {
    { "name", STORE_STR, 0 },
    { "value", STORE_STR, sizeof(struct str) },
};
static const struct store_col meta_out[] = { { "value", STORE_STR, 0 } };

struct meta {
    struct str name, value;
};

static enum err
take_value(struct ctx *cx UNUSED, struct store_run *run)
{
    run->is_enough = true;
    return ERR_OK;
}

enum err
pg_meta_get(struct ctx *cx, struct pg_conn *c, const char *name, struct str *ret)
{
    const struct store_stmt st = { .name = "store_meta_get",
                                   .postgres = "SELECT value FROM store_meta WHERE name = $1",
                                   .kind = STORE_ONE,
                                   .in = meta_in,
                                   .n_in = 1,
                                   .out = meta_out,
                                   .n_out = 1,
                                   .row_bytes = sizeof(struct str),
                                   .index = STORE_NOT_CACHED };
    struct meta in = { .name = str_of(name) };
    struct str value = STR_NULL;
    struct store_run run = {
        .st = &st, .in = &in, .row = &value, .arena = cx->arena, .take = take_value
    };
    TRY(pg_run(cx, &c->base, &run));
    if (!run.is_enough) {
        return err_set(cx, ERR_NOT_FOUND, "store_meta has no %s", name);
    }
    *ret = value;
    return ERR_OK;
}

static enum err
meta_set(struct ctx *cx, struct pg_conn *c, const char *name, struct str value)
{
    const struct store_stmt st = { .name = "store_meta_set",
                                   .postgres =
                                       "INSERT INTO store_meta (name, value) VALUES ($1, $2) "
                                       "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                                   .kind = STORE_EXEC,
                                   .in = meta_in,
                                   .n_in = 2,
                                   .index = STORE_NOT_CACHED };
    struct meta in = { .name = str_of(name), .value = value };
    struct store_run run = { .st = &st, .in = &in, .arena = cx->arena };
    return pg_run(cx, &c->base, &run);
}

static enum err
run_part(struct ctx *cx, struct pg_conn *c, const struct store_schema_part *part)
{
    PGresult *res = PQexec(c->pg, part->postgres);
    ExecStatusType st = PQresultStatus(res);
    enum err e = st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK || st == PGRES_EMPTY_QUERY
                     ? ERR_OK
                     : pg_fail(cx, c, res, part->path);
    PQclear(res);
    return e;
}

static enum err
finish_version(struct ctx *cx, struct pg_conn *c, const struct store_schema_set *set)
{
    TRY(meta_set(cx, c, "schema_version",
                 str_fmt(cx->arena, "%" PRId64, store_schema_newest(set))));
    return meta_set(cx, c, "schema_print", store_schema_print(cx, set, true));
}

static enum err
create_all(struct ctx *cx, struct pg_conn *c, const struct store_schema_set *set)
{
    for (size_t i = 0; i < set->n_schema; i++) {
        TRY(run_part(cx, c, &set->schema[i]));
    }
    TRY(meta_set(cx, c, STORE_META_MADE, str_fmt(cx->arena, "%" PRId64, sys_now_us(cx))));
    return finish_version(cx, c, set);
}

static enum err
migrate_from(struct ctx *cx, struct pg_conn *c, const struct store_schema_set *set, int64_t have)
{
    for (size_t i = 0; i < set->n_migrations; i++) {
        if (set->migrations[i].number > have) {
            TRY(run_part(cx, c, &set->migrations[i]));
        }
    }
    return finish_version(cx, c, set);
}

/* The database's version; refuses one that this program does not know yet. */
static enum err
version_read(struct ctx *cx, struct pg_conn *c, const struct store_schema_set *set, int64_t *ret)
{
    struct str text = STR_NULL;
    int64_t have = 0;
    TRY(pg_meta_get(cx, c, "schema_version", &text));
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
print_check(struct ctx *cx, struct pg_conn *c, const struct store_schema_set *set)
{
    struct str print = STR_NULL;
    TRY(pg_meta_get(cx, c, "schema_print", &print));
    if (!str_eq(print, store_schema_print(cx, set, true))) {
        return err_set(cx, ERR_UNSUPPORTED,
                       "the database was made by another build whose schema differs: add a "
                       "migration, or begin with an empty database");
    }
    return ERR_OK;
}

/* One number, of a statement without parameters. */
static enum err
ask_i64(struct ctx *cx, struct pg_conn *c, const char *sql, int64_t *ret)
{
    PGresult *res = PQexec(c->pg, sql);
    enum err e = ERR_OK;
    if (PQresultStatus(res) != PGRES_TUPLES_OK || PQntuples(res) != 1) {
        e = pg_fail(cx, c, res, sql);
    } else if (!str_to_i64(str_of(PQgetvalue(res, 0, 0)), INT64_MIN, INT64_MAX, ret)) {
        e = err_set(cx, ERR_STORE, "%s: not a number", sql);
    }
    PQclear(res);
    return e;
}

static enum err
has_schema(struct ctx *cx, struct pg_conn *c, bool *ret)
{
    int64_t n = 0;
    TRY(ask_i64(cx, c, "SELECT count(*) FROM pg_class WHERE oid = to_regclass('store_meta')", &n));
    *ret = n > 0;
    return ERR_OK;
}

/* What the program relies on. */
static enum err
server_check(struct ctx *cx, struct pg_conn *c)
{
    const char *encoding = PQparameterStatus(c->pg, "server_encoding");
    if (PQserverVersion(c->pg) < 130000) {
        return err_set(cx, ERR_UNSUPPORTED, "PostgreSQL %d is too old: 13 or newer is needed",
                       PQserverVersion(c->pg) / 10000);
    }
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        return err_set(cx, ERR_UNSUPPORTED,
                       "the database's encoding is %s: make one with CREATE DATABASE ... "
                       "ENCODING 'UTF8' TEMPLATE template0",
                       encoding != NULL ? encoding : "unknown");
    }
    return ERR_OK;
}

static enum err
ready_in_tx(struct ctx *cx, struct pg_store *s, struct pg_conn *c)
{
    bool is_there = false;
    int64_t have = 0;
    TRY(has_schema(cx, c, &is_there));
    if (!is_there) {
        return create_all(cx, c, s->schema);
    }
    TRY(version_read(cx, c, s->schema, &have));
    return have < store_schema_newest(s->schema) ? migrate_from(cx, c, s->schema, have)
                                                 : print_check(cx, c, s->schema);
}

enum err
pg_schema_ready(struct ctx *cx, struct pg_store *s, struct pg_conn *c)
{
    char lock[96];
    TRY(server_check(cx, c));
    (void)snprintf(lock, sizeof(lock), "SELECT pg_advisory_xact_lock(%d, %d)", PG_LOCK_SPACE,
                   PG_LOCK_MIGRATE);
    TRY(pg_exec(cx, c,
                "BEGIN READ WRITE; SET LOCAL statement_timeout = 0; "
                "SET LOCAL lock_timeout = 0"));
    c->is_in_tx = true;
    enum err e = pg_exec(cx, c, lock);
    if (e == ERR_OK) {
        e = ready_in_tx(cx, s, c);
    }
    c->is_in_tx = false;
    if (e == ERR_OK) {
        return pg_exec(cx, c, "COMMIT");
    }
    struct err_detail first = cx->err;
    if (!c->is_lost && pg_exec(cx, c, "ROLLBACK") != ERR_OK) {
        c->is_lost = true;
    }
    cx->err = first;
    return e;
}

enum err
pg_schema_same(struct ctx *cx, struct pg_store *s, struct pg_conn *c)
{
    int64_t have = 0;
    bool is_there = false;
    TRY(server_check(cx, c));
    TRY(has_schema(cx, c, &is_there));
    if (!is_there) {
        return err_set(cx, ERR_UNSUPPORTED, "the database is empty: `bombo run` prepares it");
    }
    TRY(version_read(cx, c, s->schema, &have));
    if (have < store_schema_newest(s->schema)) {
        return err_set(cx, ERR_UNSUPPORTED,
                       "the database has schema version %" PRId64 ", this program has %" PRId64
                       ": `bombo run` brings it forward",
                       have, store_schema_newest(s->schema));
    }
    return print_check(cx, c, s->schema);
}
