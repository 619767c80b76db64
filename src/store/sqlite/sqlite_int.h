/* sqlite_int.h: inside the SQLite engine of the store. */
#ifndef STORE_SQLITE_INT_H
#define STORE_SQLITE_INT_H

#include "store/reqs.h"
#include "store/store_int.h"
#include "sys/sys.h"

#include <pthread.h>
#include <sqlite3.h>

/* A prepared statement in a connection's cache. */
struct sqlite_slot {
    sqlite3_stmt *stmt;
    bool is_busy; /* a row callback runs the same statement again: it gets a temporary one */
};

struct sqlite_conn {
    struct store_conn base;
    sqlite3 *db;
    struct sqlite_slot *slots; /* store_n_stmts of them */
    struct sqlite_conn *next;  /* in the list of all, and of free read connections */
    struct sqlite_conn *next_free;
    enum err broken; /* writer: a failure of disk or memory since the closure began, or ERR_OK */
    const struct sys_clock *clock; /* reader: whose deadline the running statement keeps */
    int64_t deadline_us;
};

/* Statements of the writer itself. */
enum sqlite_ctl {
    CTL_BEGIN,
    CTL_COMMIT,
    CTL_ROLLBACK,
    CTL_SAVEPOINT,
    CTL_RELEASE,
    CTL_ROLLBACK_TO,
    CTL_ID_HIGH,
    CTL_COUNT
};

/* Who copies the write-ahead log back into the database: log.c. */
struct sqlite_log {
    sqlite3 *db;
    pthread_t thread;
    bool has_thread;
    uint32_t copy_pages;      /* as long as this it is copied */
    _Atomic uint32_t n_pages; /* its length after the last commit; set by the writer thread */
    /* writer thread only: its length when the thread was last asked, and that from which the writer
     * tries to copy the rest (again) */
    uint32_t asked_at, rest_at;
    _Atomic uint64_t n_copies; /* also those that failed */
    _Atomic bool is_kept;      /* a sync of the database failed: the log stays as it is */
    bool is_behind;            /* a reader still needed part of the log when the writer tried */
    pthread_mutex_t mutex;     /* guards all below */
    pthread_cond_t wake, done;
    bool is_asked, is_stopping;
};

struct sqlite_store {
    struct store base;
    struct arena *arena; /* the strings below */
    struct str path;     /* NUL-terminated */
    const char *log_path, *vfs;
    store_connect_fn *const *on_connect;
    const struct store_schema_set *schema;
    uint32_t cache_kib, queue_max, batch_max, log_pages;
    struct sys_lock *lock;
    bool is_read_only, takes_older;

    struct sqlite_conn writer; /* used by the writer thread only, once it runs */
    sqlite3_stmt *ctl[CTL_COUNT];
    int64_t id_high;    /* as stored; writer thread only */
    uint32_t n_careful; /* batches that still run with savepoints; writer thread only */

    struct sqlite_log log;
    pthread_t thread;
    bool has_thread, has_sync; /* what close has to undo */
    pthread_condattr_t cond_attr;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t wake;
    struct store_reqs queue;
    bool is_stopping;
    struct store_stats stats;
    struct hist closure_us, commit_us, wait_us;
    _Atomic int64_t busy_from_us; /* when the batch under way began; 0: none is */

    pthread_key_t reader_key;
    pthread_mutex_t readers_mutex;
    struct sqlite_conn *readers, *free_readers;
};

/* In store_meta while a bulk load runs: a store that holds it is only half filled. */
#define SQLITE_META_BULK "bulk_load"

/* conn.c */
NODISCARD enum err sqlite_fail(struct ctx *cx, sqlite3 *db, int rc, const char *what);
NODISCARD enum err sqlite_conn_open(struct ctx *cx, struct sqlite_store *s, struct sqlite_conn *c,
                                    bool is_writer);
void sqlite_conn_close(struct sqlite_conn *c);
NODISCARD enum err sqlite_exec(struct ctx *cx, sqlite3 *db, const char *sql);
enum err sqlite_run(struct ctx *cx, struct store_conn *base, struct store_run *run);
enum err sqlite_reader(struct ctx *cx, struct store *base, struct store_conn **ret);
void sqlite_reader_give_back(void *conn);

/* schema.c */
NODISCARD enum err sqlite_schema_ready(struct ctx *cx, struct sqlite_store *s);
/* Only looks: ERR_UNSUPPORTED unless the database has exactly this program's schema. */
NODISCARD enum err sqlite_schema_same(struct ctx *cx, struct sqlite_store *s);
NODISCARD enum err sqlite_meta_get(struct ctx *cx, sqlite3 *db, const char *name, struct str *ret);

/* copy.c */
enum err sqlite_copy_to(struct ctx *cx, struct store *base, struct str path);
enum err sqlite_tables(struct ctx *cx, struct store_conn *base, struct store_count **ret,
                       size_t *ret_n);

/* writer.c */
NODISCARD enum err sqlite_writer_start(struct ctx *cx, struct sqlite_store *s);
void sqlite_writer_stop(struct sqlite_store *s);
enum err sqlite_write(struct ctx *cx, struct store *base, store_tx_fn *fn, void *arg);

/* log.c */
NODISCARD enum err sqlite_log_start(struct ctx *cx, struct sqlite_store *s);
void sqlite_log_stop(struct sqlite_store *s);
/* On the writer thread after a batch's callers were answered: keeps the log short. */
void sqlite_log_care(struct sqlite_store *s);

#endif
