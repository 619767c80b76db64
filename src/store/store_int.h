/* store_int.h: inside the store. The seam between what modules call (store.c) and an engine
 * (sqlite/, postgres/): one ops table, and what every engine's store and connection begin
 * with. */
#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H

#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

/* How far beyond the highest id in use the stored high-water mark is moved, so that it is written
 * once a minute and not with each commit. */
#define STORE_ID_AHEAD INT64_C(60000000)

/* Name in store_meta of the instant when the database was made. */
#define STORE_META_MADE "made_us"

/* The schema's newest version, and a fingerprint of its text in one dialect: schema.c. */
int64_t store_schema_newest(const struct store_schema_set *set);
struct str store_schema_print(struct ctx *cx, const struct store_schema_set *set, bool is_postgres);

/* One execution of a statement. */
struct store_run {
    const struct store_stmt *st;
    const void *in;
    void *row;             /* row_bytes, filled before each call of take */
    struct arena *arena;   /* where strings of the row go */
    bool is_arena_per_row; /* arena is emptied before each row */
    /* Called for each row; sets is_enough to end. NULL for statements without rows. */
    enum err (*take)(struct ctx *cx, struct store_run *run);
    void *take_arg;
    bool is_enough;
    bool may_come_late; /* nobody wants n_changed: a failure may come with a later statement */
    int64_t n_changed;  /* rows written */
};

struct store_ops {
    /* One transaction, durable on return. Required, like all entries not said to be NULL. */
    enum err (*write)(struct ctx *cx, struct store *s, store_tx_fn *fn, void *arg);
    /* The same for a transaction of the store itself that guards itself by locks of its rows: it
     * need not see the rows as if it ran alone. */
    enum err (*write_locked)(struct ctx *cx, struct store *s, store_tx_fn *fn, void *arg);
    /* The connection on which this thread may read now. */
    enum err (*reader)(struct ctx *cx, struct store *s, struct store_conn **ret);
    /* The statement or snapshot for which reader gave it is over. */
    void (*reader_done)(struct store *s, struct store_conn *c);
    enum err (*snapshot_begin)(struct ctx *cx, struct store_conn *c);
    void (*snapshot_end)(struct ctx *cx, struct store_conn *c);
    enum err (*run)(struct ctx *cx, struct store_conn *c, struct store_run *run);
    /* NULL where one process owns the store. */
    enum err (*others)(struct ctx *cx, struct store *s, int64_t max_n);
    void (*signal)(struct store *s, struct str text);
    enum err (*listen)(struct ctx *cx, struct store *s, store_signal_fn *fn, void *arg);
    void (*listen_end)(struct store *s);
    void (*thread_done)(struct store *s);
    void (*stats)(struct store *s, struct store_stats *ret);
    void (*close)(struct store *s);
    /* See store_copy_to and store_counts; NULL where the store has other means. */
    enum err (*copy_to)(struct ctx *cx, struct store *s, struct str path);
    enum err (*tables)(struct ctx *cx, struct store_conn *c, struct store_count **ret,
                       size_t *ret_n);
};

/* Called after a commit that put something into the outbox; must return at once. */
typedef void store_outbox_hook(void *arg);

struct store {
    const struct store_ops *ops;
    bool is_shared; /* other processes may write to the same database */
    /* New ids are id_node beyond a multiple of id_step, so that processes never give the same. */
    int64_t id_step, id_node;
    _Atomic int64_t last_id;
    pthread_mutex_t hook_mutex; /* held while the hook runs, so that its owner can end */
    store_outbox_hook *outbox_hook;
    void *outbox_hook_arg;
};

struct store_conn {
    struct store *store;
    bool is_writer;  /* inside store_write */
    bool has_outbox; /* the transaction put something into the outbox */
};

/* store_write through write_locked. */
NODISCARD enum err store_write_locked(struct ctx *cx, store_tx_fn *fn, void *arg);

/* Sets who is told of new outbox entries; hook NULL ends it. */
void store_set_outbox_hook(struct store *s, store_outbox_hook *hook, void *arg);
void store_tell_outbox(struct store *s);
/* Inside a transaction: something in the outbox is due now. */
static inline void
store_outbox_changed(struct ctx *cx)
{
    if (cx->conn != NULL) {
        cx->conn->has_outbox = true;
    }
}

/* Opens an SQLite store; path is what follows "sqlite:" in the URL. */
NODISCARD enum err sqlite_store_open(struct ctx *cx, const struct store_config *config,
                                     struct str path, struct store **ret);
/* Opens a PostgreSQL store; the URL goes to libpq as it is. */
NODISCARD enum err pg_store_open(struct ctx *cx, const struct store_config *config,
                                 struct store **ret);

#endif
