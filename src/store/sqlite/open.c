/* open.c: the life of an SQLite store, and its ops table. */
#include "store/older.h"
#include "store/sqlite/sqlite_int.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#define QUEUE_MAX 4096U
#define BATCH_MAX 256U

static enum err
snapshot_begin(struct ctx *cx, struct store_conn *base)
{
    return sqlite_exec(cx, ((struct sqlite_conn *)(void *)base)->db, "BEGIN");
}

static void
snapshot_end(struct ctx *cx UNUSED, struct store_conn *base)
{
    (void)sqlite3_exec(((struct sqlite_conn *)(void *)base)->db, "ROLLBACK", NULL, NULL, NULL);
}

static void
thread_done(struct store *base)
{
    struct sqlite_store *s = (struct sqlite_store *)(void *)base;
    struct sqlite_conn *c = pthread_getspecific(s->reader_key);
    if (c != NULL) {
        (void)pthread_setspecific(s->reader_key, NULL);
        sqlite_reader_give_back(c);
    }
}

/* The thread keeps its connection. */
static void
reader_done(struct store *base UNUSED, struct store_conn *c UNUSED)
{
}

static int64_t
file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void
stats(struct store *base, struct store_stats *ret)
{
    struct sqlite_store *s = (struct sqlite_store *)(void *)base;
    (void)pthread_mutex_lock(&s->mutex);
    *ret = s->stats;
    ret->queue_depth = s->queue.n;
    (void)pthread_mutex_unlock(&s->mutex);
    int64_t from = atomic_load(&s->busy_from_us);
    ret->busy_us = from == 0 ? 0 : sys_clock_real.mono_us(&sys_clock_real) - from;
    hist_read(&s->closure_us, &ret->closure_us);
    hist_read(&s->commit_us, &ret->commit_us);
    hist_read(&s->wait_us, &ret->wait_us);
    ret->size_bytes = file_bytes(s->path.p);
    ret->log_bytes = file_bytes(s->log_path);
    ret->is_log_kept = atomic_load(&s->log.is_kept);
    ret->n_log_copies = atomic_load(&s->log.n_copies);
}

/* After a clean end no ids are skipped. */
static void
store_last_id(struct sqlite_store *s)
{
    char sql[96];
    (void)snprintf(sql, sizeof(sql),
                   "UPDATE store_meta SET value = '%" PRId64 "' WHERE name = 'id_high'",
                   atomic_load(&s->base.last_id));
    (void)sqlite3_exec(s->writer.db, sql, NULL, NULL, NULL);
}

static void
close_readers(struct sqlite_store *s)
{
    struct sqlite_conn *c = s->readers;
    while (c != NULL) {
        struct sqlite_conn *next = c->next;
        sqlite_conn_close(c);
        free(c);
        c = next;
    }
}

static void
sqlite_store_close(struct store *base)
{
    struct sqlite_store *s = (struct sqlite_store *)(void *)base;
    bool was_running = s->has_thread;
    sqlite_writer_stop(s);
    sqlite_log_stop(s);
    if (s->has_sync) {
        (void)pthread_key_delete(s->reader_key);
        close_readers(s);
        (void)pthread_mutex_destroy(&s->readers_mutex);
        (void)pthread_mutex_destroy(&s->base.hook_mutex);
        (void)pthread_mutex_destroy(&s->mutex);
        (void)pthread_cond_destroy(&s->wake);
        (void)pthread_condattr_destroy(&s->cond_attr);
    }
    if (was_running) {
        store_last_id(s);
    }
    sqlite_conn_close(&s->writer); /* the last connection: SQLite checkpoints */
    sys_lock_close(s->lock);
    arena_close(s->arena);
    free(s);
}

static const struct store_ops sqlite_ops = {
    .write = sqlite_write,
    .write_locked = sqlite_write, /* one writer: nothing to lock */
    .reader = sqlite_reader,
    .reader_done = reader_done,
    .snapshot_begin = snapshot_begin,
    .snapshot_end = snapshot_end,
    .run = sqlite_run,
    .thread_done = thread_done,
    .stats = stats,
    .close = sqlite_store_close,
    .copy_to = sqlite_copy_to,
    .tables = sqlite_tables,
};

static void
sync_init(struct sqlite_store *s)
{
    ASSERT(pthread_condattr_init(&s->cond_attr) == 0);
    ASSERT(pthread_condattr_setclock(&s->cond_attr, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&s->wake, &s->cond_attr) == 0);
    ASSERT(pthread_mutex_init(&s->mutex, NULL) == 0);
    ASSERT(pthread_mutex_init(&s->readers_mutex, NULL) == 0);
    ASSERT(pthread_mutex_init(&s->base.hook_mutex, NULL) == 0);
    ASSERT(pthread_key_create(&s->reader_key, sqlite_reader_give_back) == 0);
    s->has_sync = true;
}

/* The ids of an earlier life stay below every new one, also when the clock was set back meanwhile.
 */
static enum err
load_id_high(struct ctx *cx, struct sqlite_store *s)
{
    struct str text;
    int64_t high = 0;
    enum err e = sqlite_meta_get(cx, s->writer.db, "id_high", &text);
    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(e);
    if (!str_to_i64(text, 0, INT64_MAX / 2, &high)) {
        return err_set(cx, ERR_STORE, "id_high is not a number");
    }
    s->id_high = high;
    atomic_store(&s->base.last_id, high);
    return ERR_OK;
}

static enum err
open_parts(struct ctx *cx, struct sqlite_store *s)
{
    if (s->is_read_only) {
        TRY(sqlite_conn_open(cx, s, &s->writer, false));
        return sqlite_schema_same(cx, s);
    }
    struct str dir = sys_path_dir(s->path);
    TRY(sys_mkdirs(cx, dir));
    TRY(sys_lock_open(cx, str_cat(cx->arena, dir, STR("/bombo.lock")), &s->lock));
    TRY(sqlite_conn_open(cx, s, &s->writer, true));
    TRY(sqlite_schema_ready(cx, s));
    TRY(load_id_high(cx, s));
    TRY(sqlite_log_start(cx, s));
    return sqlite_writer_start(cx, s);
}

static enum err
open_store(struct ctx *cx, const struct store_config *config, struct str path, bool takes_older,
           struct store **ret)
{
    struct sqlite_store *s = calloc(1, sizeof(*s));
    ASSERT(s != NULL);
    s->base.ops = &sqlite_ops;
    s->arena = arena_open(0);
    s->path = (struct str){ str_z(s->arena, path), path.n };
    s->log_path = str_z(s->arena, str_cat(s->arena, path, STR("-wal")));
    s->vfs = config->vfs != NULL ? str_z(s->arena, str_of(config->vfs)) : NULL;
    s->on_connect = config->on_connect;
    s->schema = config->schema != NULL ? config->schema : &store_program_schema;
    s->cache_kib = config->cache_kib;
    s->is_read_only = config->is_read_only;
    s->takes_older = takes_older;
    s->log_pages = config->log_pages;
    s->queue_max = config->queue_max != 0 ? config->queue_max : QUEUE_MAX;
    s->batch_max = config->batch_max != 0 ? config->batch_max : BATCH_MAX;
    sync_init(s);
    enum err e = open_parts(cx, s);
    if (e != ERR_OK) {
        sqlite_store_close(&s->base);
        return e;
    }
    *ret = &s->base;
    return ERR_OK;
}

enum err
sqlite_store_open(struct ctx *cx, const struct store_config *config, struct str path,
                  struct store **ret)
{
    return open_store(cx, config, path, false, ret);
}

enum err
store_open_older(struct ctx *cx, const struct store_config *config, struct store **ret)
{
    struct store_config reading = *config;
    struct str prefix = STR("sqlite:");
    reading.is_read_only = true;
    return str_starts(config->url, prefix)
               ? open_store(cx, &reading, str_slice(config->url, prefix.n, config->url.n), true,
                            ret)
               : err_set(cx, ERR_UNSUPPORTED, "not an SQLite store");
}
