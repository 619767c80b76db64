/* log.c: copies the write-ahead log back into the database (SQLite calls it a checkpoint) beside
 * the writer.
 *
 * Left to itself SQLite does it inside the COMMIT that makes the log longer than 1,000 pages: that
 * batch's callers, and all who queue behind them, wait for a thousand writes and a sync of the
 * database. Here a thread of its own does it on a connection of its own, while the writer goes on.
 * What the writer has added meanwhile it copies itself, after its callers were answered: a few
 * pages, but without that the log would never be wholly copied under a steady load, never begin
 * anew, and grow without end. A log that is far too long makes the writer wait for the thread.
 *
 * Nothing of this touches what a commit promises: the log is synced in it as ever, and SQLite syncs
 * the database before the log may begin anew. A copying that fails is tried again later; until then
 * the log holds everything. Not so when the sync of the database failed: the kernel may have given
 * up pages of earlier copyings, the next sync would not say so, and SQLite would not copy them
 * again. Then the log is neither copied nor taken away any more in this life of the store; the next
 * one reads it from its beginning and copies all of it.
 *
 * One thing the thread must not do: begin to copy a log that is wholly copied already. The writer
 * may begin it anew at that instant, and SQLite before 3.51.3 (Debian 12 has 3.40) can then take
 * pages of the new log for copied ones and lose them (sqlite.org/wal.html, "The WAL-reset bug").
 * While something is left to copy the log cannot begin anew, so the thread copies only then: when
 * asked, which is after a commit and before any other copying, and once more if the writer says
 * that the log is longer than what was copied. */
#include "store/sqlite/sqlite_int.h"

#define LOG_PAGES  1000U
#define REST_EVERY 64U /* pages between two tries to copy the rest */
#define LONG_TIMES 16U /* so many times the length at which it is copied: the writer waits */

/* After each commit: how long the log is now. In place of SQLite's own checkpoint. */
static int
committed(void *arg, sqlite3 *db UNUSED, const char *name UNUSED, int n_pages)
{
    atomic_store(&((struct sqlite_store *)arg)->log.n_pages, (uint32_t)n_pages);
    return SQLITE_OK;
}

/* Copies what no reader still needs in the log. True when all that was in it is in the database.
 * ret_n_copied: pages of the log that are, also from earlier; as many as can be when it failed. */
static bool
copy_log(struct sqlite_log *l, sqlite3 *db, uint32_t *ret_n_copied)
{
    int n_log = 0;
    int n_copied = 0;
    atomic_fetch_add(&l->n_copies, 1U);
    int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &n_log, &n_copied);
    if (rc == SQLITE_IOERR_FSYNC) {
        atomic_store(&l->is_kept, true);
    }
    *ret_n_copied = rc == SQLITE_OK && n_copied >= 0 ? (uint32_t)n_copied : UINT32_MAX;
    return rc == SQLITE_OK && n_copied == n_log;
}

/* The most of it; then what came meanwhile, which is little. */
static void
copy_twice(struct sqlite_log *l)
{
    uint32_t n_copied = 0;
    (void)copy_log(l, l->db, &n_copied);
    if (atomic_load(&l->n_pages) > n_copied) {
        (void)copy_log(l, l->db, &n_copied);
    }
}

static void *
log_main(void *arg)
{
    struct sqlite_store *s = arg;
    struct sqlite_log *l = &s->log;
    (void)pthread_mutex_lock(&l->mutex);
    for (;;) {
        while (!l->is_asked && !l->is_stopping) {
            (void)pthread_cond_wait(&l->wake, &l->mutex);
        }
        if (l->is_stopping) {
            break;
        }
        (void)pthread_mutex_unlock(&l->mutex);
        copy_twice(l);
        (void)pthread_mutex_lock(&l->mutex);
        l->is_asked = false;
        (void)pthread_cond_signal(&l->done);
    }
    (void)pthread_mutex_unlock(&l->mutex);
    return NULL;
}

static void
ask_thread(struct sqlite_log *l)
{
    (void)pthread_mutex_lock(&l->mutex);
    l->is_asked = true;
    (void)pthread_cond_signal(&l->wake);
    (void)pthread_mutex_unlock(&l->mutex);
    l->asked_at = l->n_pages;
    l->rest_at = 0;
    l->is_behind = false;
}

static bool
is_thread_done(struct sqlite_log *l)
{
    bool is_too_long = l->n_pages >= l->asked_at + LONG_TIMES * l->copy_pages;
    (void)pthread_mutex_lock(&l->mutex);
    while (l->is_asked && is_too_long) {
        (void)pthread_cond_wait(&l->done, &l->mutex);
    }
    bool is_done = !l->is_asked;
    (void)pthread_mutex_unlock(&l->mutex);
    return is_done;
}

void
sqlite_log_care(struct sqlite_store *s)
{
    struct sqlite_log *l = &s->log;
    if (atomic_load(&l->is_kept)) {
        return;
    }
    if (l->n_pages < l->copy_pages) { /* it has begun anew */
        l->asked_at = 0;
        return;
    }
    if (l->asked_at == 0) {
        ask_thread(l);
        return;
    }
    if (!is_thread_done(l)) {
        return;
    }
    if (l->is_behind) { /* a long reader: when it ends there may be much to copy */
        if (l->n_pages >= l->asked_at + l->copy_pages) {
            ask_thread(l);
        }
        return;
    }
    if (l->n_pages >= l->rest_at) {
        /* the next write begins the log anew if no reader is in it by then; else once more, later
         */
        uint32_t n_copied = 0;
        l->is_behind = !copy_log(l, s->writer.db, &n_copied);
        l->rest_at = l->n_pages + REST_EVERY;
    }
}

static enum err
open_log(struct ctx *cx, struct sqlite_store *s)
{
    int rc = sqlite3_open_v2(s->path.p, &s->log.db,
                             SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE,
                             s->vfs);
    if (rc != SQLITE_OK) {
        return sqlite_fail(cx, s->log.db, rc, "open database for its log");
    }
    /* the last reads a page: before that the connection knows of no log */
    return sqlite_exec(cx, s->log.db,
                       "PRAGMA synchronous=FULL; PRAGMA cache_size=-32; PRAGMA user_version");
}

enum err
sqlite_log_start(struct ctx *cx, struct sqlite_store *s)
{
    struct sqlite_log *l = &s->log;
    l->copy_pages = s->log_pages != 0 ? s->log_pages : LOG_PAGES;
    TRY(open_log(cx, s));
    ASSERT(pthread_mutex_init(&l->mutex, NULL) == 0);
    ASSERT(pthread_cond_init(&l->wake, NULL) == 0);
    ASSERT(pthread_cond_init(&l->done, NULL) == 0);
    if (pthread_create(&l->thread, NULL, log_main, s) != 0) {
        return err_set(cx, ERR_INTERNAL, "cannot start the thread of the log");
    }
    l->has_thread = true;
    (void)sqlite3_wal_hook(s->writer.db, committed, s);
    return ERR_OK;
}

void
sqlite_log_stop(struct sqlite_store *s)
{
    struct sqlite_log *l = &s->log;
    if (l->has_thread) {
        (void)pthread_mutex_lock(&l->mutex);
        l->is_stopping = true;
        (void)pthread_cond_signal(&l->wake);
        (void)pthread_mutex_unlock(&l->mutex);
        (void)pthread_join(l->thread, NULL);
        l->has_thread = false;
        (void)pthread_mutex_destroy(&l->mutex);
        (void)pthread_cond_destroy(&l->wake);
        (void)pthread_cond_destroy(&l->done);
    }
    (void)sqlite3_close(l->db);
    l->db = NULL;
    if (atomic_load(&l->is_kept) && s->writer.db != NULL) {
        (void)sqlite3_db_config(s->writer.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
}
