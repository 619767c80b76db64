/* app_backup.c: `bombo backup` and `bombo restore`. */
#include "app/app_int.h"
#include "base/date.h"
#include "engine/backup/backup.h"
#include "engine/health/health.h"
#include "store/older.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define PASSPHRASE_MAX 1024U
#define PASSPHRASE_MIN 12U
#define PREFIX         "bombo-"
#define SUFFIX         ".bbk"
#define MIB            (1024 * 1024)

static int
complain(const struct app *app, const char *what, enum err e)
{
    const char *remedy = "";
    switch (err_status(e)) {
    case 503:
        remedy = "\n       Another backup is being taken from this data folder.";
        break;
    case 507:
        remedy = "\n       Free some space, or choose another disk. Nothing was left behind.";
        break;
    case 403:
        remedy = "\n       Give the passphrase with --passphrase-file.";
        break;
    default:
        break;
    }
    (void)fprintf(stderr, "bombo: %s: %s (%s)%s\n", what, app->cx.err.text, err_name(e), remedy);
    return 1;
}

/* The first line of the file. False with a message. */
static bool
passphrase_read(struct app *app, struct str path, struct str *ret)
{
    struct str text;
    struct str rest;
    if (str_is_empty(path)) {
        *ret = STR_NULL;
        return true;
    }
    if (sys_file_read(&app->cx, path, PASSPHRASE_MAX, &text) != ERR_OK) {
        (void)fprintf(stderr, "bombo: the passphrase cannot be read: %s\n", app->cx.err.text);
        return false;
    }
    (void)str_cut(text, '\n', ret, &rest);
    *ret = str_trim(*ret);
    if (ret->n < PASSPHRASE_MIN) {
        (void)fprintf(stderr, "bombo: the passphrase is shorter than %u bytes\n", PASSPHRASE_MIN);
        return false;
    }
    return true;
}

static bool
is_folder(struct ctx *cx, struct str path)
{
    struct sys_file_info info;
    return sys_file_info(cx, path, &info) == ERR_OK && info.is_dir;
}

/* "bombo-20261122-063000.bbk" in a folder, else the name as given. */
static struct str
name_for(struct ctx *cx, struct str to)
{
    if (str_eq(to, STR("-")) || !is_folder(cx, to)) {
        return to;
    }
    int64_t s = sys_now_us(cx) / 1000000;
    struct civil c = date_civil((struct date){ (int32_t)(s / 86400) });
    int t = (int)(s % 86400);
    return str_fmt(cx->arena, STR_FMT "/" PREFIX "%04d%02d%02d-%02d%02d%02d" SUFFIX, STR_ARG(to),
                   c.year, c.month, c.mday, t / 3600, t / 60 % 60, t % 60);
}

/* Removes the oldest of our own names until keep are left. */
static void
prune(struct ctx *cx, struct str folder, int32_t keep)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    int64_t ours = 0;
    if (keep <= 0 || !is_folder(cx, folder) || sys_dir_list(cx, folder, &v, &n) != ERR_OK) {
        return;
    }
    for (size_t i = n; i-- > 0;) { /* sorted by name, so by time */
        bool is_ours = str_starts(v[i].name, STR(PREFIX)) && str_ends(v[i].name, STR(SUFFIX));
        ours += is_ours ? 1 : 0;
        struct str path =
            str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(folder), STR_ARG(v[i].name));
        if (is_ours && ours > keep && sys_file_remove(cx, path) != ERR_OK) {
            (void)fprintf(stderr, "bombo: " STR_FMT " could not be removed\n", STR_ARG(path));
        }
    }
}

/* For the alarm "backup": when the last one was finished. */
static void
note_success(struct ctx *cx, int64_t taken_us, int64_t n_bytes)
{
    struct str path = str_cat(cx->arena, cx->config->data_dir, STR(HEALTH_BACKUP_FILE));
    struct str text = str_fmt(cx->arena, "%" PRId64 " %" PRId64 "\n", taken_us, n_bytes);
    if (sys_file_write(cx, path, text) != ERR_OK) {
        (void)fprintf(stderr, "bombo: " STR_FMT " could not be written; the alarm will not know\n",
                      STR_ARG(path));
    }
}

static void
say(const struct backup_manifest *m, const char *what, struct str name, int64_t n_bytes, int64_t us)
{
    int64_t ms = us / 1000 < 1 ? 1 : us / 1000;
    (void)fprintf(stderr,
                  "%s " STR_FMT ": %" PRId64 " files (%" PRId64 " papers and results), %" PRId64
                  ".%" PRId64 " MiB in %" PRId64 ".%03" PRId64 " s, %" PRId64
                  " MiB/s; ledger %" PRId64 " entries, root %.16s\n",
                  what, STR_ARG(name), m->n_files, m->n_blobs, n_bytes / MIB,
                  n_bytes % MIB * 10 / MIB, ms / 1000, ms % 1000, n_bytes * 1000 / ms / MIB,
                  m->ledger_size, m->ledger_root.n >= 16 ? m->ledger_root.p : "-");
}

int
app_backup(const struct app_options *o)
{
    struct app app;
    struct backup_manifest m = { 0 };
    int64_t n_bytes = 0;
    int rc = 1;
    if (o->sub.p == NULL) {
        (void)fprintf(stderr, "bombo: backup to where? `bombo backup FILE|FOLDER|- --data D`\n");
        return 2;
    }
    if (app_open_reading(&app, &o->config)) {
        struct ctx *cx = &app.cx;
        struct backup_wish wish = { .to = name_for(cx, o->sub),
                                    .program = STR(APP_VERSION),
                                    .on_connect = app_on_connect() };
        int64_t from_us = sys_mono_us(cx);
        if (passphrase_read(&app, o->passphrase_file, &wish.passphrase)) {
            enum err e = backup_take(cx, &wish, &m, &n_bytes);
            rc = e == ERR_OK ? 0 : complain(&app, "the backup was not taken", e);
        }
        if (rc == 0) {
            note_success(cx, m.taken_us, n_bytes);
            prune(cx, o->sub, o->keep);
            say(&m, "backup", wish.to, n_bytes, sys_mono_us(cx) - from_us);
        }
    }
    app_close(&app);
    return rc;
}

/* --- restore ------------------------------------------------------------------------------------
 */

/* Rows are counted before a backup of an older version is brought forward, which may add some. */
static enum err
check_rows(struct ctx *cx, const struct app_config *own, const struct backup_manifest *m)
{
    struct ctx in = *cx;
    struct store_config sc = { .url = own->store_url, .on_connect = app_on_connect() };
    struct store *s = NULL;
    enum err e = store_open_older(&in, &sc, &s);
    if (e == ERR_OK) {
        in.store = s;
        e = backup_check_rows(&in, m);
        store_close(s);
    }
    if (e == ERR_OK) {
        e = store_open(&in, &sc, &s);
        store_close(e == ERR_OK ? s : NULL);
    }
    cx->err = in.err;
    return e;
}

/* Proves what was unpacked through a store of its own. */
static enum err
check(struct ctx *cx, const struct app_config *config, struct str dir,
      const struct backup_manifest *m)
{
    struct app app;
    struct app_config own = *config;
    own.data_dir = dir;
    own.blobs_url = STR_NULL; /* what was unpacked is in the folder */
    own.store_url = str_fmt(cx->arena, "sqlite:" STR_FMT "/bombo.db", STR_ARG(dir));
    TRY(check_rows(cx, &own, m));
    enum err e = ERR_STORE;
    if (app_open_reading(&app, &own)) {
        e = backup_check(&app.cx, m);
        cx->err = app.cx.err;
    }
    app_close(&app);
    return e;
}

/* Gives the proven folder its name. */
static enum err
put_in_place(struct ctx *cx, struct str from, struct str to)
{
    static const char *const logs[] = { "/bombo.db-wal", "/bombo.db-shm" };
    for (size_t i = 0; i < COUNT_OF(logs); i++) {
        TRY(sys_file_remove(cx, str_cat(cx->arena, from, str_of(logs[i]))));
    }
    if (rmdir(str_z(cx->arena, to)) != 0 && errno != ENOENT) {
        return err_set(cx, ERR_CONFLICT, "something came into " STR_FMT " meanwhile", STR_ARG(to));
    }
    TRY(sys_file_rename(cx, from, to));
    return sys_dir_sync(cx, sys_path_dir(to));
}

static enum err
restore(struct ctx *cx, const struct app_options *o, struct str passphrase,
        struct backup_manifest *ret)
{
    struct str dir = o->config.data_dir;
    struct str beside = str_cat(cx->arena, dir, STR(".restoring"));
    struct sys_entry *v = NULL;
    size_t n = 0;
    enum err e = sys_dir_list(cx, dir, &v, &n);
    if (e == ERR_OK && n != 0) {
        return err_set(cx, ERR_CONFLICT, STR_FMT " is not empty: choose a new folder",
                       STR_ARG(dir));
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(sys_remove_tree(cx, beside)); /* an earlier try that was broken off */
    e = backup_unpack(cx, o->sub, beside, passphrase, ret);
    if (e == ERR_OK) {
        e = check(cx, &o->config, beside, ret);
    }
    if (e == ERR_OK) {
        e = put_in_place(cx, beside, dir);
    }
    if (e != ERR_OK) {
        struct err_detail why = cx->err;
        if (sys_remove_tree(cx, beside) != ERR_OK) {
            (void)fprintf(stderr, "bombo: remove " STR_FMT " by hand\n", STR_ARG(beside));
        }
        cx->err = why;
    }
    return e;
}

int
app_restore(const struct app_options *o)
{
    struct app app = { .arena = arena_open(0) };
    struct backup_manifest m;
    struct str passphrase;
    int rc = 1;
    app.cx = (struct ctx){ .arena = app.arena,
                           .clock = &sys_clock_real,
                           .random = &sys_random_real,
                           .config = &o->config };
    int64_t from_us = sys_mono_us(&app.cx);
    if (o->sub.p == NULL) {
        (void)fprintf(stderr, "bombo: restore what? `bombo restore FILE --data NEW-FOLDER`\n");
        rc = 2;
    } else if (passphrase_read(&app, o->passphrase_file, &passphrase)) {
        enum err e = restore(&app.cx, o, passphrase, &m);
        rc = e == ERR_OK ? 0 : complain(&app, "nothing was restored", e);
        if (rc == 0) {
            say(&m, "restored and verified", o->config.data_dir, m.n_bytes,
                sys_mono_us(&app.cx) - from_us);
        }
    }
    arena_close(app.arena);
    return rc;
}
