/* pipe.c: statements that nobody waits for. Inside a write, what only changes rows is put into the
 * connection's pipeline and goes out with the next statement that has an answer, or at the end of
 * the closure: most round trips of a closure are saved so. A failure shows at that next statement,
 * which is answered with it; the closure is over then anyway. */
#include "store/postgres/pg_int.h"

#include <stdio.h>

/* Nothing sensible can be said on this line any more. */
static enum err
line_is_lost(struct ctx *cx, struct pg_conn *c, const char *what)
{
    enum err e = pg_fail(cx, c, NULL, what);
    c->is_lost = true;
    c->n_pending = 0;
    return e;
}

static enum err
pipe_begin(struct ctx *cx, struct pg_conn *c)
{
    return c->n_pending > 0 || PQenterPipelineMode(c->pg) == 1
               ? ERR_OK
               : line_is_lost(cx, c, "begin a pipeline");
}

/* The answer of one statement. What comes after one that failed is answered with that failure. */
static enum err
answer_of(struct ctx *cx, struct pg_conn *c, const char *what, PGresult **ret)
{
    PGresult *res = PQgetResult(c->pg);
    ExecStatusType st = PQresultStatus(res);
    *ret = NULL;
    if (st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK) {
        PQclear(PQgetResult(c->pg)); /* NULL: the end of its answer */
        *ret = res;
        return ERR_OK;
    }
    enum err e = st == PGRES_PIPELINE_ABORTED ? c->broken : ERR_STORE;
    if (st != PGRES_PIPELINE_ABORTED) {
        e = res != NULL ? pg_fail(cx, c, res, what) : line_is_lost(cx, c, what);
    }
    PQclear(res);
    if (!c->is_lost) {
        PQclear(PQgetResult(c->pg));
    }
    return e;
}

/* Sends what is pending, and reads all answers; that of the last statement is ret's. */
static enum err
collect(struct ctx *cx, struct pg_conn *c, const char *last, PGresult **ret)
{
    enum err e = ERR_OK;
    PGresult *res = NULL;
    uint32_t n = c->n_pending + (last != NULL ? 1 : 0);
    c->n_trips++;
    if (PQpipelineSync(c->pg) != 1) {
        return line_is_lost(cx, c, "pipeline");
    }
    for (uint32_t i = 0; i < n && !c->is_lost; i++) {
        PQclear(res);
        enum err e2 = answer_of(cx, c, i < c->n_pending ? c->pending[i] : last, &res);
        e = e == ERR_OK ? e2 : e;
    }
    c->n_pending = 0;
    if (last == NULL || e != ERR_OK) {
        PQclear(res);
        res = NULL;
    }
    if (!c->is_lost) {
        PQclear(PQgetResult(c->pg)); /* the end of the pipeline */
        if (PQexitPipelineMode(c->pg) != 1) {
            PQclear(res);
            return line_is_lost(cx, c, "end a pipeline");
        }
    }
    if (ret != NULL) {
        *ret = res;
    }
    return e;
}

enum err
pg_pipe_end(struct ctx *cx, struct pg_conn *c)
{
    return c->n_pending > 0 ? collect(cx, c, NULL, NULL) : ERR_OK;
}

static enum err
pending_add(struct ctx *cx, struct pg_conn *c, int rc, const char *what)
{
    if (rc != 1) {
        return line_is_lost(cx, c, what);
    }
    c->pending[c->n_pending++] = what;
    return c->n_pending == PG_PIPE_MAX ? collect(cx, c, NULL, NULL) : ERR_OK;
}

enum err
pg_pipe_sql(struct ctx *cx, struct pg_conn *c, const char *sql)
{
    TRY(pipe_begin(cx, c));
    return pending_add(cx, c, PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 0), sql);
}

static int
send(struct pg_conn *c, const struct store_stmt *st, const struct pg_params *p)
{
    char name[PG_NAME_BYTES];
    (void)snprintf(name, sizeof(name), "s%u", st->index);
    return PQsendQueryPrepared(c->pg, name, p->n, p->value, p->length, p->format, 0);
}

enum err
pg_pipe_put(struct ctx *cx, struct pg_conn *c, const struct store_stmt *st,
            const struct pg_params *p)
{
    TRY(pipe_begin(cx, c));
    return pending_add(cx, c, send(c, st, p), st->name);
}

enum err
pg_pipe_ask(struct ctx *cx, struct pg_conn *c, const struct store_stmt *st,
            const struct pg_params *p, PGresult **ret)
{
    TRY(pipe_begin(cx, c));
    return send(c, st, p) == 1 ? collect(cx, c, st->name, ret) : line_is_lost(cx, c, st->name);
}
