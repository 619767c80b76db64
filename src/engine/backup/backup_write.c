/* backup_write.c: taking a backup: the database first, then every file. */
#include "crypto/digest.h"
#include "crypto/seal.h"
#include "engine/backup/backup_int.h"
#include "engine/ledger/ledger.h"
#include "store/blobs.h"
#include "sys/out.h"
#include "sys/sys.h"

#define BLOB_MAX    ((size_t)64 << 20)
#define FOLDERS_MAX 70000 /* the blob tree has up to 65,536 */

struct taking {
    struct sys_out *out;
    struct seal *seal;
    struct backup_manifest m;
    struct digest_stream *digest;
    int64_t n; /* content bytes of the running entry */
};

static enum err
sink(struct ctx *cx, struct str bytes, void *arg)
{
    struct taking *t = arg;
    return sys_out_write(cx, t->out, bytes);
}

/* --- entries ------------------------------------------------------------------------------------
 */
static enum err
entry_head(struct ctx *cx, struct taking *t, char kind, struct str path, int64_t size)
{
    unsigned char h[ENTRY_HEAD];
    const void *p = h;
    uint64_t n = (uint64_t)size;
    h[0] = (unsigned char)kind;
    h[1] = (unsigned char)(path.n >> 8);
    h[2] = (unsigned char)path.n;
    for (int i = 0; i < 8; i++) {
        h[3 + i] = (unsigned char)(n >> (56 - 8 * i));
    }
    TRY(seal_add(cx, t->seal, (struct str){ p, sizeof(h) }));
    t->digest = digest_begin();
    t->n = 0;
    return seal_add(cx, t->seal, path);
}

static enum err
entry_bytes(struct ctx *cx, struct str bytes, void *arg)
{
    struct taking *t = arg;
    digest_add(t->digest, bytes);
    t->n += (int64_t)bytes.n;
    return seal_add(cx, t->seal, bytes);
}

static enum err
entry_end(struct ctx *cx, struct taking *t)
{
    struct digest d = digest_end(t->digest);
    const void *p = d.b;
    t->digest = NULL;
    return seal_add(cx, t->seal, (struct str){ p, sizeof(d.b) });
}

static enum err
add_file(struct ctx *cx, struct taking *t, char kind, struct str name, struct str path)
{
    struct sys_file_info info;
    TRY(sys_file_info(cx, path, &info));
    TRY(entry_head(cx, t, kind, name, info.size_bytes));
    TRY(sys_file_each(cx, path, entry_bytes, t));
    if (t->n != info.size_bytes) {
        return err_set(cx, ERR_CONFLICT, STR_FMT " changed while it was read: run it again",
                       STR_ARG(name));
    }
    TRY(entry_end(cx, t));
    t->m.n_files++;
    t->m.n_blobs += str_starts(name, STR("blobs/")) ? 1 : 0;
    t->m.n_bytes += info.size_bytes;
    return ERR_OK;
}

/* --- all files ----------------------------------------------------------------------------------
 */
struct walk {
    struct str *folders; /* still to be read, relative */
    size_t n;
};

static enum err
walk_entry(struct ctx *cx, struct taking *t, struct walk *w, struct str name, bool is_dir,
           struct arena *names)
{
    struct str path =
        str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(cx->config->data_dir), STR_ARG(name));
    if (backup_is_left_out(name)) {
        return ERR_OK;
    }
    if (!backup_is_path(name)) {
        return err_set(cx, ERR_INVALID, "a name that is not ours in the data folder: " STR_FMT,
                       STR_ARG(name));
    }
    if (!is_dir) {
        return add_file(cx, t, ENTRY_FILE, name, path);
    }
    if (w->n == FOLDERS_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "more than %d folders", FOLDERS_MAX);
    }
    w->folders[w->n++] = str_dup(names, name);
    return ERR_OK;
}

/* One folder, with an arena of its own for what is needed only here. */
static enum err
walk_folder(struct ctx *cx, struct taking *t, struct walk *w, struct str folder,
            struct arena *names)
{
    struct arena *outer = cx->arena;
    struct arena *own = arena_open(0);
    struct sys_entry *v = NULL;
    size_t n = 0;
    cx->arena = own;
    struct str slash = folder.n == 0 ? STR("") : STR("/");
    struct str path =
        str_fmt(own, STR_FMT "/" STR_FMT, STR_ARG(cx->config->data_dir), STR_ARG(folder));
    enum err e = sys_dir_list(cx, path, &v, &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        if (v[i].name.p[0] != '.') {
            struct str name = str_fmt(own, STR_FMT STR_FMT STR_FMT, STR_ARG(folder), STR_ARG(slash),
                                      STR_ARG(v[i].name));
            e = walk_entry(cx, t, w, name, v[i].is_dir, names);
        }
    }
    cx->arena = outer;
    arena_close(own);
    return e;
}

static enum err
add_files(struct ctx *cx, struct taking *t)
{
    struct arena *names = arena_open(0);
    struct walk w = { .folders = ARENA_ARRAY(names, struct str, FOLDERS_MAX) };
    w.folders[w.n++] = STR("");
    enum err e = ERR_OK;
    while (e == ERR_OK && w.n > 0) {
        struct str folder = w.folders[--w.n];
        e = walk_folder(cx, t, &w, folder, names);
    }
    arena_close(names);
    return e;
}

/* Files kept in a bucket: into the backup under the names they have in a data folder. */
static enum err
add_bytes(struct ctx *cx, struct taking *t, struct str hash)
{
    struct str bytes;
    TRY(blobs_get(cx, hash, BLOB_MAX, &bytes));
    struct str name =
        str_fmt(cx->arena, "blobs/%.2s/%.2s/" STR_FMT, hash.p, hash.p + 2, STR_ARG(hash));
    TRY(entry_head(cx, t, ENTRY_FILE, name, (int64_t)bytes.n));
    TRY(entry_bytes(cx, bytes, t));
    TRY(entry_end(cx, t));
    t->m.n_files++;
    t->m.n_blobs++;
    t->m.n_bytes += (int64_t)bytes.n;
    return ERR_OK;
}

static enum err
add_remote(struct ctx *cx, struct str hash, int64_t changed_us UNUSED, void *arg)
{
    struct arena *outer = cx->arena;
    cx->arena = arena_open(0);
    enum err e = add_bytes(cx, arg, hash);
    arena_close(cx->arena);
    cx->arena = outer;
    return e;
}

/* --- the database -------------------------------------------------------------------------------
 */
static enum err
count_copy(struct ctx *cx, void *arg)
{
    struct taking *t = arg;
    struct ledger_head head;
    TRY(ledger_head(cx, &head));
    t->m.ledger_size = head.size;
    t->m.ledger_root = head.root;
    return store_counts(cx, &t->m.tables, &t->m.n_tables);
}

/* What the copy holds, asked of the copy itself. */
static enum err
describe_copy(struct ctx *cx, struct taking *t, struct str copy, store_connect_fn *const *connect)
{
    struct store_config sc = { .url = str_cat(cx->arena, STR("sqlite:"), copy),
                               .on_connect = connect,
                               .is_read_only = true };
    struct store *live = cx->store;
    struct store *own = NULL;
    TRY(store_open(cx, &sc, &own));
    cx->store = own;
    enum err e = store_read(cx, count_copy, t);
    cx->store = live;
    store_close(own);
    return e;
}

static void
remove_copy(struct ctx *cx, struct str copy)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        if (sys_file_remove(cx, str_cat(cx->arena, copy, str_of(ends[i]))) != ERR_OK) {
            continue; /* what is left is named backup.tmp: overwritten or removed next time */
        }
    }
}

static enum err
add_database(struct ctx *cx, struct taking *t, const struct backup_wish *wish)
{
    struct str folder = str_eq(wish->to, STR("-")) ? cx->config->data_dir : sys_path_dir(wish->to);
    struct str copy = str_cat(cx->arena, folder, STR("/backup.tmp.db"));
    remove_copy(cx, copy);
    enum err e = store_copy_to(cx, copy);
    if (e == ERR_OK) {
        e = describe_copy(cx, t, copy, wish->on_connect);
    }
    if (e == ERR_OK) {
        e = add_file(cx, t, ENTRY_DATABASE, STR(DATABASE), copy);
    }
    struct err_detail why = cx->err;
    remove_copy(cx, copy);
    cx->err = why;
    return e;
}

/* --- together -----------------------------------------------------------------------------------
 */
static enum err
add_manifest(struct ctx *cx, struct taking *t)
{
    struct str text = backup_manifest_write(cx, &t->m);
    TRY(entry_head(cx, t, ENTRY_MANIFEST, STR("manifest.json"), (int64_t)text.n));
    TRY(entry_bytes(cx, text, t));
    return entry_end(cx, t);
}

static enum err
take(struct ctx *cx, struct taking *t, const struct backup_wish *wish)
{
    TRY(sys_out_open(cx, wish->to, &t->out));
    TRY(seal_begin(cx, wish->passphrase, sink, t, &t->seal));
    t->m.taken_us = sys_now_us(cx);
    t->m.program = wish->program;
    TRY(add_database(cx, t, wish));
    TRY(add_files(cx, t));
    if (blobs_is_remote(cx)) {
        TRY(blobs_each_remote(cx, add_remote, t));
    }
    TRY(add_manifest(cx, t));
    TRY(seal_end(cx, t->seal));
    return sys_out_finish(cx, t->out, true);
}

enum err
backup_take(struct ctx *cx, const struct backup_wish *wish, struct backup_manifest *ret,
            int64_t *ret_bytes)
{
    struct taking t = { 0 };
    struct sys_lock *lock = NULL;
    TRY(sys_lock_open(cx, str_cat(cx->arena, cx->config->data_dir, STR("/backup.lock")), &lock));
    enum err e = take(cx, &t, wish);
    if (t.digest != NULL) {
        (void)digest_end(t.digest);
    }
    *ret_bytes = t.out == NULL ? 0 : sys_out_bytes(t.out);
    *ret = t.m;
    seal_free(t.seal);
    sys_out_free(t.out);
    sys_lock_close(lock);
    return e;
}
