/* store.h: the one way to read and write rows.
 *
 * SQL lives in <module>/queries.sql as named statements. tools/sqlgen.py turns
 *
 *     -- name: dossier_by_id :one
 *     -- in: id:i64
 *     -- out: id:i64 version:i64 number:str
 *     SELECT id, version, number FROM dossier WHERE id = :id
 *
 * into `struct q_dossier_by_id` (the row) and `q_dossier_by_id(cx, &row, .id = id)`.
 *   :one   fills the row; ERR_NOT_FOUND when there is none
 *   :many  fills `struct q_NAME_list { struct q_NAME *v; size_t n; }` in cx->arena; the statement
 *          must carry a LIMIT (sqlgen checks)
 *   :exec  q_NAME(cx, &n_changed_or_NULL, .a = .., .b = ..)
 *   :each  q_NAME(cx, fn, arg, .a = ..): streams rows to fn for exports, never holding them all
 * Types: i64, str, blob (both struct str). A null str binds NULL and NULL reads as a null str; an
 * i64 declared `i64?` binds NULL when 0; NULL reads as 0.
 * `-- in:` and `-- out:` may be repeated to continue. Where the dialects differ, lines after
 * `-- sqlite:` are for SQLite only, after `-- postgres:` for PostgreSQL only, after `-- end` for
 * both again; in schema.sql as well. `-- scan: reason` allows a statement to read a whole table (a
 * test refuses it otherwise). A statement without parameters is called q_NAME(cx, &row).
 *
 * Reads outside a write run on this thread's read-only connection. Writes happen only inside
 * store_write. All strings of rows are copied into cx->arena. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/ctx.h"
#include "base/hist.h"

/* One transaction's work. Runs on the writer thread (SQLite) or a caller's (PostgreSQL, perhaps
 * another caller's), perhaps twice: it touches nothing outside the store. cx is the caller's; the
 * caller waits. On both stores it sees the rows as if no other ran meanwhile. It ends when a
 * statement fails (ERR_NOT_FOUND is no failure): PostgreSQL takes no more statements of that
 * transaction. The failure of an :exec whose count was not asked for may come with a later
 * statement, or at the end of the closure. */
typedef enum err store_tx_fn(struct ctx *cx, void *arg);

/* Runs fn in one transaction and returns when it is durable. An error from fn rolls back its own
 * work only.
 * ERR_BUSY      the writer's queue is full; nothing was done
 * ERR_DEADLINE  given up while still queued; nothing was done
 * ERR_DISK_FULL / ERR_STORE  not written */
NODISCARD enum err store_write(struct ctx *cx, store_tx_fn *fn, void *arg);

/* Runs fn with one read-only snapshot for all its statements. */
NODISCARD enum err store_read(struct ctx *cx, store_tx_fn *fn, void *arg);

/* Inside a transaction: work that must follow its commit (mail, SMS, files, calls) goes to the
 * outbox in the same transaction; a job thread hands it to the topic's handler at least once.
 * key groups entries that must be handled in order; payload is JSON. */
NODISCARD enum err store_outbox_put(struct ctx *cx, struct str topic, struct str key,
                                    struct str payload);

/* --- several processes on one database (PostgreSQL) ------------------------------------------- */
/* True when other processes may be at work on the same rows. */
bool store_is_shared(const struct store *s);
/* ERR_BUSY when more than max_n other processes have this store open. */
NODISCARD enum err store_others(struct ctx *cx, int64_t max_n);
/* Says a short text to the other processes that listen; nothing on a store that one process owns.
 * Best effort, never waits; call it after the transaction, not in it. */
void store_signal(struct ctx *cx, struct str text);
/* Hands each text that another process said to fn, on a thread of its own, until store_unlisten.
 * text is borrowed for the call. */
typedef void store_signal_fn(void *arg, struct str text);
NODISCARD enum err store_listen(struct ctx *cx, store_signal_fn *fn, void *arg);
/* Returns when fn runs no more. Accepts NULL. */
void store_unlisten(struct store *s);

/* When the database was made; 0: not known. */
NODISCARD enum err store_made_us(struct ctx *cx, int64_t *ret);

/* A new row id: time-ordered, positive, unique in this installation, also among the processes on
 * one database. */
int64_t store_new_id(struct ctx *cx);

/* --- what generated code uses ------------------------------------------------------------- */
enum store_type { STORE_I64, STORE_I64_NULL, STORE_STR, STORE_BLOB };

struct store_col {
    const char *name;
    enum store_type type;
    uint32_t offset; /* inside the row or argument struct */
};

enum store_kind { STORE_ONE, STORE_MANY, STORE_EXEC, STORE_EACH };

/* Index of a statement that is prepared for one use: tests and tools. */
#define STORE_NOT_CACHED UINT32_MAX

struct store_stmt {
    const char *name; /* dossier_by_id */
    const char *sqlite, *postgres;
    enum store_kind kind;
    const struct store_col *in, *out;
    uint32_t n_in, n_out, row_bytes;
    uint32_t index;          /* place in the connection's cache of prepared statements */
    const char *scan_reason; /* why it may read a whole table, or NULL */
};

typedef enum err store_row_fn(struct ctx *cx, const void *row, void *arg);

enum err store_stmt_one(struct ctx *cx, const struct store_stmt *st, const void *in, void *ret_row);
enum err store_stmt_many(struct ctx *cx, const struct store_stmt *st, const void *in,
                         void **ret_rows, size_t *ret_n);
enum err store_stmt_exec(struct ctx *cx, const struct store_stmt *st, const void *in,
                         int64_t *ret_n);
enum err store_stmt_each(struct ctx *cx, const struct store_stmt *st, const void *in,
                         store_row_fn *fn, void *arg);

/* --- life of a store ------------------------------------------------------------------------ */
struct store_schema_set;
struct sqlite3;
/* Prepares a new SQLite connection: registers functions and tokenizers. Runs before any statement.
 */
typedef enum err store_connect_fn(struct ctx *cx, struct sqlite3 *db);

struct store_config {
    struct str url;         /* "sqlite:/path/bombo.db", or "postgres://..." as libpq reads it */
    uint32_t connections_n; /* PostgreSQL: held at most; 0 = 3 per core, at least 4 */
    uint32_t queue_max;     /* closures waiting for the writer or a connection; 0 = 4096 */
    uint32_t batch_max;     /* closures per commit; 0 = 256 */
    uint32_t cache_kib;     /* page cache per connection; 0 = 2048, the writer's 8192 */
    uint32_t unsure_ms;     /* PostgreSQL: how long to ask whether a commit happened; 0 = 25 s */
    uint32_t log_pages;     /* SQLite: length of the log at which it is copied back; 0 = 1000 */
    const char *vfs;        /* SQLite VFS name for fault tests; NULL = default */
    store_connect_fn *const
        *on_connect; /* called for each new connection; ended by NULL; or NULL */
    const struct store_schema_set
        *schema;       /* NULL = the program's; tests of migrations bring theirs */
    bool is_read_only; /* beside a running program: no lock, no migration, store_write refuses */
};

/* Opens (creating and migrating as needed) and starts the writer thread. detail of a failure in
 * cx->err. Two processes on one data folder are refused (ERR_BUSY). */
NODISCARD enum err store_open(struct ctx *cx, const struct store_config *config,
                              struct store **ret);
/* Waits for queued closures, checkpoints, closes. Accepts NULL. */
void store_close(struct store *s);
/* Gives back this thread's read connection at thread end. */
void store_thread_done(struct store *s);

struct store_stats {
    uint64_t n_commits, n_closures;
    uint64_t n_batches_retried; /* PostgreSQL: transactions run again */
    uint64_t n_batches_spoiled; /* SQLite: run again since one closure failed after it wrote */
    uint64_t n_round_trips;     /* PostgreSQL: answers waited for */
    uint64_t n_syncs_waited;
    uint64_t closure_us_max, closure_us_sum, queue_depth;
    struct hist_view closure_us;   /* each closure alone, without the commit */
    struct hist_view commit_us;    /* each commit, with its sync */
    struct hist_view wait_us;      /* from asking for a write until its closure began */
    int64_t busy_us;               /* how long the batch under way has been running; 0: none is */
    int64_t size_bytes, log_bytes; /* database and write-ahead log; 0 when unknown */
    bool is_log_kept;              /* SQLite: a sync of the database failed: the log only grows */
    uint64_t n_log_copies;         /* SQLite: times that the log was copied, or tried to be */
};
void store_stats(struct store *s, struct store_stats *ret);

/* Copies the whole database, as of one instant, into a new file while others write.
 * ERR_UNSUPPORTED: this store has means of its own. ERR_DISK_FULL, ERR_STORE. */
NODISCARD enum err store_copy_to(struct ctx *cx, struct str path);
/* Inside store_read: every table with its number of rows, by name. Reads the whole store. */
struct store_count {
    struct str name;
    int64_t n_rows;
};
NODISCARD enum err store_counts(struct ctx *cx, struct store_count **ret, size_t *ret_n);

/* All statements of the program, for tests that prepare and explain each one. */
extern const struct store_stmt *const store_all_stmts[];
extern const size_t store_n_stmts;

/* The schema of the whole program, module by module in the order of src/ORDER, and the forward
 * migrations <module>/migrations/NNNN_what.sql by number (number 0 in schema). */
struct store_schema_part {
    const char *module, *path;
    int64_t number;
    const char *sqlite, *postgres;
};
struct store_schema_set {
    const struct store_schema_part *schema, *migrations;
    size_t n_schema, n_migrations;
};
extern const struct store_schema_set store_program_schema;

#endif
