/* fail.c: what PostgreSQL says (SQLSTATE) and what the program makes of it. Only the primary
 * message goes into the detail: the others may quote values of rows. */
#include "store/postgres/pg_int.h"

#include <string.h>

struct meaning {
    const char *state; /* SQLSTATE, or its class of two characters */
    enum err err;
    bool is_retry, is_lost;
};

/* The first row that fits counts. */
static const struct meaning meanings[] = {
    { "23505", ERR_CONFLICT, true, false }, /* unique: run again, the closure will see it */
    { "40001", ERR_BUSY, true, false },     /* serialization failure */
    { "40P01", ERR_BUSY, true, false },     /* deadlock */
    { "53100", ERR_DISK_FULL, false, false },
    { "53300", ERR_BUSY, false, false }, /* too many connections */
    { "53", ERR_STORE, false, false },
    { "55P03", ERR_BUSY, false, false },        /* lock_timeout */
    { "57014", ERR_DEADLINE, false, false },    /* statement_timeout */
    { "57P", ERR_AWAY, true, true },            /* shut down, crashed, starting */
    { "25006", ERR_INTERNAL, false, false },    /* writes in a reading transaction */
    { "22021", ERR_BAD_REQUEST, false, false }, /* not UTF-8, or a NUL character */
    { "25P03", ERR_AWAY, true, true },          /* idle in transaction for too long */
    { "08", ERR_AWAY, true, true },             /* connection */
};

static struct meaning
meaning_of(const char *state)
{
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (strncmp(state, meanings[i].state, strlen(meanings[i].state)) == 0) {
            return meanings[i];
        }
    }
    return (struct meaning){ .err = ERR_STORE };
}

static struct str
first_line(const char *text)
{
    struct str line = str_of(text);
    return str_trim(str_slice(line, 0, str_find_char(line, '\n')));
}

enum err
pg_fail(struct ctx *cx, struct pg_conn *c, const PGresult *res, const char *what)
{
    const char *state = res != NULL ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *text = res != NULL ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    struct meaning m = { .err = ERR_STORE };
    if (PQstatus(c->pg) != CONNECTION_OK) {
        m = (struct meaning){ .err = ERR_AWAY, .is_retry = true, .is_lost = true };
    } else if (state != NULL) {
        m = meaning_of(state);
    }
    struct str line = first_line(text != NULL ? text : PQerrorMessage(c->pg));
    c->is_lost = c->is_lost || m.is_lost;
    c->is_retry = c->is_retry || m.is_retry;
    if (c->broken == ERR_OK) {
        c->broken = m.err;
    }
    return ctx_fail(cx, m.err, __FILE__, __LINE__, "%s: " STR_FMT " (%s)%s", what, STR_ARG(line),
                    state != NULL ? state : "-",
                    m.is_lost ? "; the connection to the database was lost" : "");
}
