/* conn.c: one PostgreSQL connection: opening, prepared statements, parameters, rows. */
#include "store/postgres/pg_int.h"

#include <endian.h>
#include <stdio.h>

#define FETCH_N      256 /* rows of one step through a streamed result */
#define OID_BOOL     16U
#define OID_BYTEA    17U
#define OID_INT8     20U
#define OID_TEXT     25U
#define TEXT_FORMAT  0
#define BYTES_FORMAT 1

/* Reads are read-only for the server too; a write says so when it begins. Times are bounds for
 * what should never happen; plans of short statements are not worth compiling. */
static const char *const settings =
    "SET default_transaction_read_only = on; SET statement_timeout = '60s'; "
    "SET lock_timeout = '20s'; SET idle_in_transaction_session_timeout = '60s'; SET jit = off; "
    "SET client_min_messages = warning";

/* Without this, libpq prints them. */
static void
no_notice(void *arg UNUSED, const char *text UNUSED)
{
}

/* A primary that was paused, and goes on after another took over, answers as if nothing had
 * happened until somebody stops it. Its timeline is lower: once a higher one was seen it is not
 * believed. */
static enum err
check_timeline(struct ctx *cx, struct pg_store *s, struct pg_conn *c)
{
    PGresult *res = PQexec(c->pg, "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), "
                                  "1, 8))::bit(32)::bigint");
    int64_t mine = 0;
    int64_t seen = atomic_load(&s->timeline);
    enum err e = ERR_OK;
    if (PQresultStatus(res) != PGRES_TUPLES_OK ||
        !str_to_i64(str_of(PQgetvalue(res, 0, 0)), 0, INT64_MAX, &mine)) {
        e = pg_fail(cx, c, res, "timeline");
    }
    PQclear(res);
    TRY(e);
    while (mine > seen && !atomic_compare_exchange_weak(&s->timeline, &seen, mine)) {
    }
    return mine >= seen ? ERR_OK
                        : err_set(cx, ERR_AWAY, "a primary of timeline %lld, but %lld was seen",
                                  (long long)mine, (long long)seen);
}

enum err
pg_connect(struct ctx *cx, struct pg_store *s, PGconn **ret)
{
    /* those before dbname may be set otherwise in the URL */
    const char *const keys[] = { "connect_timeout",      "keepalives_idle",
                                 "keepalives_interval",  "keepalives_count",
                                 "tcp_user_timeout",     "application_name",
                                 "target_session_attrs", "dbname",
                                 "client_encoding",      NULL };
    const char *const values[] = {
        "3",    "5",    "5", "3", "15000", "bombo", s->is_read_only ? "any" : "read-write",
        s->url, "UTF8", NULL
    };
    struct pg_conn c = { .pg = PQconnectdbParams(keys, values, 1) };
    (void)PQsetNoticeProcessor(c.pg, no_notice, NULL);
    if (PQstatus(c.pg) != CONNECTION_OK) {
        enum err e = pg_fail(cx, &c, NULL, "connect to the database");
        PQfinish(c.pg);
        return e;
    }
    enum err e = pg_exec(cx, &c, settings);
    if (e == ERR_OK && !s->is_read_only) {
        e = check_timeline(cx, s, &c);
    }
    if (e != ERR_OK) {
        PQfinish(c.pg);
        return e;
    }
    *ret = c.pg;
    return ERR_OK;
}

/* A warning at COMMIT means that it is not as durable as asked for. Nothing is printed. */
static void
on_notice(void *arg, const PGresult *res)
{
    struct pg_conn *c = arg;
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
    c->is_warned = c->is_warned || (severity != NULL && strcmp(severity, "WARNING") == 0);
}

enum err
pg_conn_ready(struct ctx *cx, struct pg_store *s, struct pg_conn *c)
{
    c->base.has_outbox = false;
    c->base.is_writer = false;
    c->is_in_tx = false;
    c->is_retry = false;
    c->broken = ERR_OK;
    if (c->pg != NULL && PQstatus(c->pg) == CONNECTION_OK && !c->is_lost) {
        return ERR_OK;
    }
    pg_conn_close(c);
    TRY(pg_connect(cx, s, &c->pg));
    (void)PQsetNoticeReceiver(c->pg, on_notice, c);
    return ERR_OK;
}

void
pg_conn_close(struct pg_conn *c)
{
    PQfinish(c->pg);
    c->pg = NULL;
    c->is_lost = false;
    memset(c->is_prepared, 0, store_n_stmts * sizeof(*c->is_prepared));
}

static bool
is_good(const PGresult *res)
{
    ExecStatusType st = PQresultStatus(res);
    return st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK;
}

enum err
pg_exec(struct ctx *cx, struct pg_conn *c, const char *sql)
{
    TRY(pg_pipe_end(cx, c));
    c->n_trips++;
    PGresult *res = PQexec(c->pg, sql);
    enum err e = is_good(res) ? ERR_OK : pg_fail(cx, c, res, sql);
    PQclear(res);
    return e;
}

/* --- parameters ------------------------------------------------------------------------------- */

static Oid
oid_of(enum store_type type)
{
    switch (type) {
    case STORE_STR:
        return OID_TEXT;
    case STORE_BLOB:
        return OID_BYTEA;
    case STORE_I64:
    case STORE_I64_NULL:
        break;
    }
    return OID_INT8;
}

static void
param_types(const struct store_stmt *st, struct pg_params *p)
{
    ASSERT(st->n_in <= PG_PARAMS_MAX);
    p->n = (int)st->n_in;
    for (uint32_t i = 0; i < st->n_in; i++) {
        p->type[i] = oid_of(st->in[i].type);
        p->format[i] = BYTES_FORMAT;
    }
}

static enum err
param_set(struct ctx *cx, struct pg_params *p, uint32_t i, const struct store_col *col,
          const void *field)
{
    if (col->type == STORE_I64 || col->type == STORE_I64_NULL) {
        int64_t v = 0;
        memcpy(&v, field, sizeof(v));
        p->number[i] = (int64_t)htobe64((uint64_t)v);
        p->value[i] = v == 0 && col->type == STORE_I64_NULL
                          ? NULL
                          : (const char *)(const void *)&p->number[i];
        p->length[i] = (int)sizeof(v);
        return ERR_OK;
    }
    struct str v;
    memcpy(&v, field, sizeof(v));
    if (v.n > INT32_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "%s is longer than the database takes", col->name);
    }
    p->value[i] = v.p;
    p->length[i] = (int)v.n;
    return ERR_OK;
}

static enum err
params_fill(struct ctx *cx, const struct store_run *run, struct pg_params *p)
{
    const struct store_stmt *st = run->st;
    param_types(st, p);
    for (uint32_t i = 0; i < st->n_in; i++) {
        TRY(param_set(cx, p, i, &st->in[i], (const unsigned char *)run->in + st->in[i].offset));
    }
    return ERR_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

static struct str
column_str(const PGresult *res, int row, int col, enum store_type type, struct arena *a)
{
    const char *p = PQgetvalue(res, row, col);
    if (type != STORE_BLOB) {
        size_t n = (size_t)PQgetlength(res, row, col);
        return (struct str){ arena_copy(a, p, n), n };
    }
    size_t n = 0;
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)p, &n);
    ASSERT(bytes != NULL);
    struct str v = { arena_copy(a, bytes, n), n };
    PQfreemem(bytes);
    return v;
}

static enum err
column_i64(struct ctx *cx, const struct store_run *run, const PGresult *res, int row, int col,
           int64_t *ret)
{
    const char *p = PQgetvalue(res, row, col);
    *ret = 0;
    if (PQftype(res, col) == OID_BOOL) {
        *ret = p[0] == 't' ? 1 : 0;
        return ERR_OK;
    }
    return PQgetisnull(res, row, col) != 0 || str_to_i64(str_of(p), INT64_MIN, INT64_MAX, ret)
               ? ERR_OK
               : err_set(cx, ERR_INTERNAL, "%s: column %d is not a whole number", run->st->name,
                         col);
}

static enum err
read_row(struct ctx *cx, struct store_run *run, const PGresult *res, int row)
{
    if (run->is_arena_per_row) {
        arena_reset(run->arena);
    }
    for (uint32_t i = 0; i < run->st->n_out; i++) {
        const struct store_col *col = &run->st->out[i];
        unsigned char *field = (unsigned char *)run->row + col->offset;
        if (col->type == STORE_I64 || col->type == STORE_I64_NULL) {
            int64_t v = 0;
            TRY(column_i64(cx, run, res, row, (int)i, &v));
            memcpy(field, &v, sizeof(v));
        } else {
            struct str v = PQgetisnull(res, row, (int)i) != 0
                               ? STR_NULL
                               : column_str(res, row, (int)i, col->type, run->arena);
            memcpy(field, &v, sizeof(v));
        }
    }
    return ERR_OK;
}

static enum err
take_rows(struct ctx *cx, struct store_run *run, const PGresult *res)
{
    int n = PQntuples(res);
    if (run->take == NULL) {
        return ERR_OK;
    }
    if (n > 0 && (uint32_t)PQnfields(res) != run->st->n_out) {
        return err_set(cx, ERR_INTERNAL, "%s: %d columns in the SQL", run->st->name,
                       PQnfields(res));
    }
    for (int i = 0; i < n && !run->is_enough; i++) {
        TRY(read_row(cx, run, res, i));
        TRY(run->take(cx, run));
    }
    return ERR_OK;
}

/* --- running a statement ---------------------------------------------------------------------- */

static enum err
prepare(struct ctx *cx, struct pg_conn *c, const struct store_stmt *st, const char *name,
        const struct pg_params *p)
{
    c->n_trips++;
    PGresult *res = PQprepare(c->pg, name, st->postgres, p->n, p->type);
    enum err e = is_good(res) ? ERR_OK : pg_fail(cx, c, res, st->name);
    PQclear(res);
    return e;
}

static bool
is_known(const struct pg_conn *c, const struct store_stmt *st)
{
    return st->index != STORE_NOT_CACHED && c->is_prepared[st->index];
}

static enum err
send_one(struct ctx *cx, struct pg_conn *c, const struct store_stmt *st, const struct pg_params *p,
         PGresult **ret)
{
    PGresult *res = NULL;
    if (c->n_pending > 0 && is_known(c, st)) {
        return pg_pipe_ask(cx, c, st, p, ret);
    }
    TRY(pg_pipe_end(cx, c));
    c->n_trips++;
    if (st->index == STORE_NOT_CACHED) {
        res = PQexecParams(c->pg, st->postgres, p->n, p->type, p->value, p->length, p->format,
                           TEXT_FORMAT);
    } else {
        char name[PG_NAME_BYTES];
        (void)snprintf(name, sizeof(name), "s%u", st->index);
        if (!c->is_prepared[st->index]) {
            TRY(prepare(cx, c, st, name, p));
            c->is_prepared[st->index] = true;
        }
        res = PQexecPrepared(c->pg, name, p->n, p->value, p->length, p->format, TEXT_FORMAT);
    }
    if (!is_good(res)) {
        enum err e = pg_fail(cx, c, res, st->name);
        PQclear(res);
        return e;
    }
    *ret = res;
    return ERR_OK;
}

static enum err
run_whole(struct ctx *cx, struct pg_conn *c, struct store_run *run, const struct pg_params *p)
{
    PGresult *res = NULL;
    int64_t n = 0;
    TRY(send_one(cx, c, run->st, p, &res));
    enum err e = take_rows(cx, run, res);
    if (strncmp(PQcmdStatus(res), "SELECT", 6) != 0 &&
        str_to_i64(str_of(PQcmdTuples(res)), 0, INT64_MAX, &n)) {
        run->n_changed = n;
    }
    PQclear(res);
    return e;
}

/* Steps through a cursor of its own, so that the callback may run other statements meanwhile. */
static enum err
run_stream(struct ctx *cx, struct pg_conn *c, struct store_run *run, const struct pg_params *p)
{
    char name[PG_NAME_BYTES];
    char fetch[2 * PG_NAME_BYTES];
    char end[2 * PG_NAME_BYTES];
    (void)snprintf(name, sizeof(name), "c%u", c->n_cursors++);
    (void)snprintf(fetch, sizeof(fetch), "FETCH %d FROM %s", FETCH_N, name);
    (void)snprintf(end, sizeof(end), "CLOSE %s", name);
    struct arena *a = arena_open(0);
    struct store_stmt declare = *run->st;
    declare.index = STORE_NOT_CACHED;
    declare.postgres =
        str_z(a, str_fmt(a, "DECLARE %s NO SCROLL CURSOR FOR %s", name, run->st->postgres));
    PGresult *res = NULL;
    enum err e = send_one(cx, c, &declare, p, &res);
    arena_close(a);
    PQclear(res);
    TRY(e);
    int n = FETCH_N;
    while (e == ERR_OK && n == FETCH_N && !run->is_enough) {
        e = pg_pipe_end(cx, c); /* what the callback put into it */
        if (e != ERR_OK) {
            break;
        }
        c->n_trips++;
        res = PQexec(c->pg, fetch);
        n = PQntuples(res);
        e = is_good(res) ? take_rows(cx, run, res) : pg_fail(cx, c, res, run->st->name);
        PQclear(res);
    }
    if (c->broken == ERR_OK) {
        enum err e2 = pg_exec(cx, c, end);
        e = e == ERR_OK ? e2 : e;
    }
    return e;
}

/* Outside a transaction a stream needs one, for its cursor. */
static enum err
run_stream_alone(struct ctx *cx, struct pg_conn *c, struct store_run *run,
                 const struct pg_params *p)
{
    TRY(pg_exec(cx, c, "BEGIN READ ONLY"));
    enum err e = run_stream(cx, c, run, p);
    enum err e2 = c->is_lost ? ERR_OK : pg_exec(cx, c, "ROLLBACK");
    return e == ERR_OK ? e2 : e;
}

static enum err
run_once(struct ctx *cx, struct pg_conn *c, struct store_run *run, const struct pg_params *p)
{
    if (run->may_come_late && c->base.is_writer && is_known(c, run->st)) {
        return pg_pipe_put(cx, c, run->st, p);
    }
    if (run->st->kind != STORE_EACH) {
        return run_whole(cx, c, run, p);
    }
    return c->is_in_tx ? run_stream(cx, c, run, p) : run_stream_alone(cx, c, run, p);
}

enum err
pg_run(struct ctx *cx, struct store_conn *base, struct store_run *run)
{
    struct pg_conn *c = (struct pg_conn *)(void *)base;
    struct pg_params p;
    TRY(params_fill(cx, run, &p));
    if (c->is_in_tx && c->broken != ERR_OK) {
        /* after a failure the server takes nothing more of this transaction */
        return err_set(cx, c->broken, "%s after a failure in this transaction", run->st->name);
    }
    enum err e = run_once(cx, c, run, &p);
    if (e != ERR_OK && c->is_lost && !c->is_in_tx && run->st->kind != STORE_EACH) {
        /* a single reading statement: once more on a new connection */
        TRY(pg_conn_again(cx, (struct pg_store *)(void *)base->store, c));
        e = run_once(cx, c, run, &p);
    }
    return e;
}
