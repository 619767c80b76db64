/* node.c: the place of this process among those that write to one database. The place is the low
 * part of each new id, so that no two processes ever give the same one. It is an advisory lock of
 * a connection of its own: it is free again as soon as the process is gone. */
#include "store/postgres/pg_int.h"

#include <inttypes.h>
#include <stdio.h>

/* A statement that gives at most one value; null when it gives none. */
static enum err
ask(struct ctx *cx, struct pg_conn *c, const char *sql, struct str *ret)
{
    PGresult *res = PQexec(c->pg, sql);
    ExecStatusType st = PQresultStatus(res);
    enum err e = ERR_OK;
    *ret = STR_NULL;
    if (st != PGRES_TUPLES_OK && st != PGRES_COMMAND_OK) {
        e = pg_fail(cx, c, res, "place among processes");
    } else if (PQntuples(res) > 0 && PQgetisnull(res, 0, 0) == 0) {
        *ret = str_dup(cx->arena, str_of(PQgetvalue(res, 0, 0)));
    }
    PQclear(res);
    return e;
}

static enum err
lock_place(struct ctx *cx, struct pg_conn *c, int32_t node, bool *ret)
{
    char sql[96];
    struct str value;
    (void)snprintf(sql, sizeof(sql), "SELECT pg_try_advisory_lock(%d, %d)", PG_LOCK_SPACE, node);
    TRY(ask(cx, c, sql, &value));
    *ret = str_eq(value, STR("t"));
    return ERR_OK;
}

/* The place held before comes first, so that a new connection changes nothing. */
static enum err
find_place(struct ctx *cx, struct pg_store *s, struct pg_conn *c)
{
    int32_t first = s->node >= 0 ? s->node : 0;
    for (int32_t i = 0; i < PG_NODES_MAX; i++) {
        int32_t node = (first + i) % PG_NODES_MAX;
        bool is_mine = false;
        TRY(lock_place(cx, c, node, &is_mine));
        if (is_mine) {
            s->node = node;
            return ERR_OK;
        }
    }
    return err_set(cx, ERR_BUSY, "%d processes use this database already, no more can",
                   PG_NODES_MAX);
}

/* The ids of an earlier process at this place stay below every new one. */
static enum err
load_high(struct ctx *cx, struct pg_store *s, struct pg_conn *c)
{
    char sql[96];
    struct str value;
    int64_t high = 0;
    (void)snprintf(sql, sizeof(sql), "SELECT value FROM store_meta WHERE name = 'id_high.%d'",
                   s->node);
    TRY(ask(cx, c, sql, &value));
    if (value.p != NULL && !str_to_i64(value, 0, INT64_MAX / 2, &high)) {
        return err_set(cx, ERR_STORE, "id_high.%d is not a number", s->node);
    }
    atomic_store(&s->id_high, high);
    if (high > atomic_load(&s->base.last_id)) {
        atomic_store(&s->base.last_id, high);
    }
    return ERR_OK;
}

static enum err
set_high(struct ctx *cx, struct pg_store *s, struct pg_conn *c, int64_t high)
{
    char sql[400];
    struct str ignored;
    (void)snprintf(sql, sizeof(sql),
                   "BEGIN READ WRITE; INSERT INTO store_meta (name, value) VALUES ('id_high.%d', "
                   "'%" PRId64 "') ON CONFLICT (name) DO UPDATE SET value = excluded.value; "
                   "DELETE FROM store_commit WHERE id < %" PRId64 "; COMMIT",
                   s->node, high, high - PG_COMMITS_US);
    TRY(ask(cx, c, sql, &ignored));
    atomic_store(&s->id_high, high);
    return ERR_OK;
}

/* The control connection; the place is taken again when it had to be made anew. The mutex is
 * held. */
static enum err
control_ready(struct ctx *cx, struct pg_store *s, struct pg_conn *c)
{
    if (s->control != NULL && PQstatus(s->control) != CONNECTION_OK) {
        PQfinish(s->control);
        s->control = NULL;
    }
    bool is_new = s->control == NULL;
    if (is_new) {
        TRY(pg_connect(cx, s, &s->control));
    }
    c->pg = s->control;
    if (!is_new) {
        return ERR_OK;
    }
    enum err e = find_place(cx, s, c);
    if (e == ERR_OK) {
        e = load_high(cx, s, c);
    }
    if (e != ERR_OK) {
        PQfinish(s->control);
        s->control = NULL;
        return e;
    }
    s->base.id_node = s->node;
    return ERR_OK;
}

enum err
pg_node_take(struct ctx *cx, struct pg_store *s)
{
    struct pg_conn c = { 0 };
    s->base.id_step = PG_NODES_MAX;
    (void)pthread_mutex_lock(&s->control_mutex);
    enum err e = control_ready(cx, s, &c);
    (void)pthread_mutex_unlock(&s->control_mutex);
    return e;
}

/* Counts the places that are taken, less its own. */
enum err
pg_node_others(struct ctx *cx, struct store *base, int64_t max_n)
{
    struct pg_store *s = (struct pg_store *)(void *)base;
    struct pg_conn c = { 0 };
    struct str value = STR_NULL;
    char sql[320];
    int64_t n = 0;
    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %d AND "
                   "objid < %d AND objsubid = 2 AND granted AND database = (SELECT oid FROM "
                   "pg_database WHERE datname = current_database())",
                   PG_LOCK_SPACE, PG_NODES_MAX);
    (void)pthread_mutex_lock(&s->control_mutex);
    enum err e = control_ready(cx, s, &c);
    if (e == ERR_OK) {
        e = ask(cx, &c, sql, &value);
    }
    (void)pthread_mutex_unlock(&s->control_mutex);
    TRY(e);
    if (!str_to_i64(value, 0, PG_NODES_MAX, &n) || n - 1 > max_n) {
        return err_set(cx, ERR_BUSY, "other processes use this database: %lld",
                       (long long)(n > 0 ? n - 1 : 0));
    }
    return ERR_OK;
}

static int64_t
now_or_last(const struct ctx *cx, struct pg_store *s)
{
    int64_t now = sys_now_us(cx);
    int64_t last = atomic_load(&s->base.last_id);
    return now > last ? now : last;
}

static bool
is_kept(const struct ctx *cx, struct pg_store *s)
{
    return now_or_last(cx, s) + PG_ID_AHEAD / 2 < atomic_load(&s->id_high);
}

static enum err
keep_once(struct ctx *cx, struct pg_store *s)
{
    struct pg_conn c = { 0 };
    enum err e = ERR_OK;
    (void)pthread_mutex_lock(&s->control_mutex);
    if (!is_kept(cx, s)) {
        e = control_ready(cx, s, &c);
        if (e == ERR_OK) {
            e = set_high(cx, s, &c, now_or_last(cx, s) + PG_ID_AHEAD);
        }
    }
    (void)pthread_mutex_unlock(&s->control_mutex);
    return e;
}

/* Others get their turn at the mutex while this one waits for a database that is away. */
enum err
pg_node_keep(struct ctx *cx, struct pg_store *s)
{
    enum err e = is_kept(cx, s) ? ERR_OK : keep_once(cx, s);
    if (e == ERR_OK) {
        return ERR_OK;
    }
    int64_t until_us = pg_patience_us(cx, PG_AWAY_US);
    while (pg_may_wait(cx, s, e, until_us)) {
        e = keep_once(cx, s);
    }
    return e;
}

/* After a clean end no ids are skipped. */
void
pg_node_leave(struct pg_store *s)
{
    if (s->control != NULL && s->node >= 0 && PQstatus(s->control) == CONNECTION_OK) {
        char sql[160];
        (void)snprintf(sql, sizeof(sql),
                       "BEGIN READ WRITE; UPDATE store_meta SET value = '%" PRId64
                       "' WHERE name = 'id_high.%d'; COMMIT",
                       atomic_load(&s->base.last_id), s->node);
        PQclear(PQexec(s->control, sql));
    }
    PQfinish(s->control);
    s->control = NULL;
}
