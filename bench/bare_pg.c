/* bare_pg.c: see bare.h. Plain libpq: each connection prepares each INSERT and UPDATE once, and
 * sends the rows of its transactions one after the other. */
#include "bench/bare.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNS_MAX  32
#define STMTS_MAX  128
#define SQL_MAX    4096
#define NUMBER_MAX 24

struct lane {
    const struct bare_work *work;
    size_t n_commits, at, step; /* this connection's transactions: at, at + step, ... */
    PGconn *conn;
    sqlite3_stmt *known[STMTS_MAX];
    size_t n_known;
    pthread_t thread;
};

static void
must(PGconn *conn, PGresult *r, const char *what)
{
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        (void)fprintf(stderr, "bare: %s: %s\n", what, PQerrorMessage(conn));
        exit(1);
    }
    PQclear(r);
}

/* "INSERT INTO main.t VALUES (?,?)" as PostgreSQL writes it. */
static void
translate(const char *sqlite, char *ret)
{
    int n = 0;
    size_t at = 0;
    for (const char *p = sqlite; *p != 0 && at < SQL_MAX - 8; p++) {
        if (strncmp(p, "main.", 5) == 0) {
            p += 4;
        } else if (*p == '?') {
            at += (size_t)snprintf(ret + at, 8, "$%d", ++n);
        } else {
            ret[at++] = *p;
        }
    }
    ret[at] = 0;
}

/* Number of the prepared statement; prepares it when it is new. */
static size_t
prepared(struct lane *l, sqlite3_stmt *stmt, int n)
{
    char sql[SQL_MAX];
    char name[NUMBER_MAX];
    size_t i = 0;
    while (i < l->n_known && l->known[i] != stmt) {
        i++;
    }
    if (i == l->n_known && i < STMTS_MAX) {
        translate(sqlite3_sql(stmt), sql);
        (void)snprintf(name, sizeof(name), "s%zu", i);
        must(l->conn, PQprepare(l->conn, name, sql, n, NULL), sql);
        l->known[l->n_known++] = stmt;
    }
    return i;
}

static void
send_row(struct lane *l, const struct bare_row *r, bool must_change)
{
    const char *values[BARE_COLUMNS_MAX];
    char numbers[BARE_COLUMNS_MAX][NUMBER_MAX];
    int lengths[BARE_COLUMNS_MAX];
    int formats[BARE_COLUMNS_MAX];
    char name[NUMBER_MAX];
    (void)snprintf(name, sizeof(name), "s%zu", prepared(l, r->stmt, r->n));
    for (int i = 0; i < r->n; i++) {
        sqlite3_value *v = r->values[i];
        int type = sqlite3_value_type(v);
        formats[i] = type == SQLITE_BLOB;
        lengths[i] = sqlite3_value_bytes(v);
        values[i] = type == SQLITE_NULL ? NULL : sqlite3_value_blob(v);
        if (type == SQLITE_INTEGER) {
            (void)snprintf(numbers[i], NUMBER_MAX, "%lld", (long long)sqlite3_value_int64(v));
            values[i] = numbers[i];
        } else if (type == SQLITE_TEXT) {
            values[i] = (const char *)sqlite3_value_text(v); /* ends with NUL */
        }
    }
    PGresult *res = PQexecPrepared(l->conn, name, r->n, values, lengths, formats, 0);
    if (must_change && PQresultStatus(res) == PGRES_COMMAND_OK &&
        strcmp(PQcmdTuples(res), "1") != 0) {
        (void)fprintf(stderr, "bare: changed no row: %s\n", sqlite3_sql(r->stmt));
        exit(1);
    }
    must(l->conn, res, "write a row");
}

/* Part c of n of the rows. */
static void
send_part(struct lane *l, const struct bare_rows *rows, size_t c, size_t n)
{
    for (size_t i = rows->n * c / n; i < rows->n * (c + 1) / n; i++) {
        send_row(l, &rows->v[i], true);
    }
}

static void *
lane_main(void *arg)
{
    struct lane *l = arg;
    for (size_t c = l->at; c < l->n_commits; c += l->step) {
        must(l->conn, PQexec(l->conn, "BEGIN"), "begin");
        send_part(l, &l->work->inserts, c, l->n_commits);
        send_part(l, &l->work->updates, c, l->n_commits);
        must(l->conn, PQexec(l->conn, "COMMIT"), "commit");
    }
    return NULL;
}

static int64_t
now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static PGconn *
connect_to(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    if (PQstatus(conn) != CONNECTION_OK) {
        (void)fprintf(stderr, "bare: %s\n", PQerrorMessage(conn));
        exit(1);
    }
    return conn;
}

/* What the updates need; a counter stands there already. */
static void
send_olds(const char *conninfo, const struct bare_rows *olds)
{
    static struct lane l;
    l.conn = connect_to(conninfo);
    must(l.conn, PQexec(l.conn, "BEGIN"), "begin");
    for (size_t i = 0; i < olds->n; i++) {
        send_row(&l, &olds->v[i], false);
    }
    must(l.conn, PQexec(l.conn, "COMMIT"), "commit");
    must(l.conn, PQexec(l.conn, "ANALYZE"), "analyze");
    PQfinish(l.conn);
}

int64_t
bare_pg_write(const char *conninfo, const struct bare_work *work, size_t n_commits, size_t n_conns)
{
    static struct lane lanes[CONNS_MAX];
    n_conns = n_conns < CONNS_MAX ? n_conns : CONNS_MAX;
    send_olds(conninfo, &work->olds);
    for (size_t i = 0; i < n_conns; i++) {
        lanes[i] = (struct lane){ .work = work, .n_commits = n_commits, .at = i, .step = n_conns };
        lanes[i].conn = connect_to(conninfo);
    }
    int64_t start_us = now_us();
    for (size_t i = 0; i < n_conns; i++) {
        if (pthread_create(&lanes[i].thread, NULL, lane_main, &lanes[i]) != 0) {
            exit(1);
        }
    }
    for (size_t i = 0; i < n_conns; i++) {
        (void)pthread_join(lanes[i].thread, NULL);
    }
    int64_t took_us = now_us() - start_us;
    for (size_t i = 0; i < n_conns; i++) {
        PQfinish(lanes[i].conn);
    }
    return took_us;
}
