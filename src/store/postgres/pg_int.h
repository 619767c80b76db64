/* pg_int.h: inside the PostgreSQL engine of the store. */
#ifndef STORE_PG_INT_H
#define STORE_PG_INT_H

#include "store/reqs.h"
#include "store/store_int.h"
#include "sys/sys.h"

#include <libpq-fe.h>
#include <pthread.h>

/* The first key of every advisory lock of the program: "BomB". The second says which. */
#define PG_LOCK_SPACE   0x426f6d42
#define PG_LOCK_MIGRATE (-1)
/* Locks 0 .. PG_NODES_MAX - 1: the place of a running process in ids. */
#define PG_NODES_MAX 32

/* How long work waits for a database that is away (a failover, a restart), and the step of it. */
#define PG_AWAY_US      INT64_C(5000000)
#define PG_AWAY_REST_US INT64_C(200000)
/* How long the ids of committed transactions are kept: far longer than anybody asks for one. */
#define PG_COMMITS_US (INT64_C(3600) * 1000000)

/* How far an id may run ahead of what is stored as handed out. */
#define PG_ID_AHEAD INT64_C(5000000)

/* Statements that go out in one message at most, and parameters of one. */
#define PG_PIPE_MAX   24
#define PG_PARAMS_MAX 96
#define PG_NAME_BYTES 32

struct pg_params {
    const char *value[PG_PARAMS_MAX];
    int length[PG_PARAMS_MAX], format[PG_PARAMS_MAX];
    Oid type[PG_PARAMS_MAX];
    int64_t number[PG_PARAMS_MAX];
    int n;
};

struct pg_conn {
    struct store_conn base;
    PGconn *pg;        /* NULL: not connected */
    bool *is_prepared; /* store_n_stmts of them */
    struct pg_conn *next_free;
    bool is_in_tx;
    bool is_lost;    /* the connection broke: nothing of the transaction can be committed */
    bool is_retry;   /* the database asks to run the transaction again */
    bool is_warned;  /* the server warned since this was last cleared */
    enum err broken; /* the first failure inside the transaction, or ERR_OK */
    uint32_t n_cursors;
    uint64_t n_trips; /* round trips since it was taken from the pool */
    uint32_t n_pending;
    const char *pending[PG_PIPE_MAX]; /* names of what is in the pipeline */
    const struct sys_clock *clock;
};

/* How a closure's transaction shares the lane with others. */
enum pg_lane { PG_LANE_TOGETHER, PG_LANE_IN_TURN, PG_LANE_ALONE };

struct pg_signals;

struct pg_store {
    struct store base;
    struct arena *arena; /* the strings below */
    const char *url;
    const struct store_schema_set *schema;
    bool is_read_only;
    bool has_sync;            /* what close has to undo */
    _Atomic int64_t timeline; /* the highest seen */
    struct hist closure_us, commit_us, wait_us;
    int64_t unsure_us; /* how long to ask whether a commit happened */
    bool is_open;      /* set once: from then on a database that is away is waited for */

    pthread_condattr_t cond_attr;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t is_free;
    struct pg_conn *conns; /* n_conns of them */
    uint32_t n_conns, n_waiting, queue_max;
    struct pg_conn *free_conns;
    struct store_stats stats;
    struct store_reqs queue; /* closures that wait to be led, see group.c */
    uint32_t n_leading, lanes_max;
    uint32_t n_careful; /* transactions that still take the careful way */

    pthread_mutex_t control_mutex; /* guards all below */
    PGconn *control;               /* holds this process's place; not in the pool */
    int32_t node;                  /* -1: none */
    _Atomic int64_t id_high;       /* as stored */

    struct pg_signals *signals; /* NULL: nobody listens; set and ended by the main thread only */
};

/* fail.c: sets what went wrong; res may be NULL. Marks the connection as lost or to be tried
 * again. */
NODISCARD enum err pg_fail(struct ctx *cx, struct pg_conn *c, const PGresult *res,
                           const char *what);

/* conn.c */
NODISCARD enum err pg_connect(struct ctx *cx, struct pg_store *s, PGconn **ret);
NODISCARD enum err pg_conn_ready(struct ctx *cx, struct pg_store *s, struct pg_conn *c);
void pg_conn_close(struct pg_conn *c);
/* A command without rows, or several in one message. */
NODISCARD enum err pg_exec(struct ctx *cx, struct pg_conn *c, const char *sql);
enum err pg_run(struct ctx *cx, struct store_conn *base, struct store_run *run);

/* pipe.c */
/* Puts a statement whose answer nobody waits for into the pipeline; the failure of it or of an
 * earlier one may come with any later call. The statement is prepared. */
NODISCARD enum err pg_pipe_put(struct ctx *cx, struct pg_conn *c, const struct store_stmt *st,
                               const struct pg_params *p);
/* The same for a command without parameters; sql is static. */
NODISCARD enum err pg_pipe_sql(struct ctx *cx, struct pg_conn *c, const char *sql);
/* Sends it and all that is pending, in one round trip. ret is the caller's to clear. */
NODISCARD enum err pg_pipe_ask(struct ctx *cx, struct pg_conn *c, const struct store_stmt *st,
                               const struct pg_params *p, PGresult **ret);
/* Waits for all that is pending; the connection is as without a pipeline afterwards. */
NODISCARD enum err pg_pipe_end(struct ctx *cx, struct pg_conn *c);

/* pool.c */
/* After a failure: true when it was the database being away, and there is time to try once more
 * before until_us (real monotonic clock); rests a moment then. */
bool pg_may_wait(struct ctx *cx, const struct pg_store *s, enum err e, int64_t until_us);
/* pg_conn_ready, waiting a while for a database that is away. */
NODISCARD enum err pg_conn_again(struct ctx *cx, struct pg_store *s, struct pg_conn *c);
/* Real monotonic time wait_us from now, or the deadline when that is earlier. */
int64_t pg_patience_us(const struct ctx *cx, int64_t wait_us);
NODISCARD enum err pg_take(struct ctx *cx, struct pg_store *s, struct pg_conn **ret);
void pg_give_back(struct pg_store *s, struct pg_conn *c);

/* group.c: which closures share a transaction */
enum err pg_write(struct ctx *cx, struct store *base, store_tx_fn *fn, void *arg);
/* Adds the closures that wait to a transaction that is about to begin. */
void pg_group_fill(struct pg_store *s, struct store_reqs *group);
/* How the next transaction goes, before any failure of its own. */
enum pg_lane pg_group_lane(struct pg_store *s);
/* A transaction has to run again since others were in its way. */
void pg_group_collided(struct pg_store *s);

/* write.c */
/* Runs the closures of the group in one transaction and sets the err of each, but for those that
 * are left: each of them needs pg_run_alone. The first one's caller runs it; more may join while
 * it waits for a connection. */
void pg_group_run(struct pg_store *s, struct store_reqs *group);
void pg_run_alone(struct pg_store *s, struct store_req *r);
enum err pg_write_locked(struct ctx *cx, struct store *base, store_tx_fn *fn, void *arg);

/* signal.c */
void pg_signal(struct store *base, struct str text);
enum err pg_listen(struct ctx *cx, struct store *base, store_signal_fn *fn, void *arg);
void pg_listen_end(struct store *base);

/* schema.c */
NODISCARD enum err pg_schema_ready(struct ctx *cx, struct pg_store *s, struct pg_conn *c);
NODISCARD enum err pg_schema_same(struct ctx *cx, struct pg_store *s, struct pg_conn *c);
NODISCARD enum err pg_meta_get(struct ctx *cx, struct pg_conn *c, const char *name,
                               struct str *ret);

/* node.c: the place of this process among those that write */
NODISCARD enum err pg_node_take(struct ctx *cx, struct pg_store *s);
/* Makes sure that the ids of the transaction about to begin are below what is stored. */
NODISCARD enum err pg_node_keep(struct ctx *cx, struct pg_store *s);
void pg_node_leave(struct pg_store *s);
enum err pg_node_others(struct ctx *cx, struct store *base, int64_t max_n);

#endif
