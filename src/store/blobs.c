/* blobs.c: files by the hash of their content: <data>/blobs/ab/cd/abcd..., or objects in a bucket
 * (blobs_s3.c).
 *
 * A put and a collection may meet at a file that no row names yet. A put of a file that is there
 * makes it young again; the collector first renames what looks old, and puts it back when it turns
 * out to be young after all. So either the put sees the file and saves it, or finds none and writes
 * it anew. */
#include "store/blobs.h"

#include "crypto/digest.h"
#include "store/blobs_s3.h"
#include "sys/sys.h"

#define HASH_LEN   64U
#define GONE       STR(".gone")
#define FILE_BYTES ((size_t)64 << 20)

/* Only what we made ourselves may become part of a path. */
static bool
is_hash(struct str hash)
{
    bool is_good = hash.n == HASH_LEN;
    for (size_t i = 0; is_good && i < hash.n; i++) {
        is_good = (hash.p[i] >= '0' && hash.p[i] <= '9') || (hash.p[i] >= 'a' && hash.p[i] <= 'f');
    }
    return is_good;
}

static struct str
root_of(struct ctx *cx)
{
    return str_cat(cx->arena, cx->config->data_dir, STR("/blobs"));
}

static struct str
path_of(struct ctx *cx, struct str hash)
{
    return str_fmt(cx->arena, STR_FMT "/%.2s/%.2s/" STR_FMT, STR_ARG(root_of(cx)), hash.p,
                   hash.p + 2, STR_ARG(hash));
}

/* The place for a blob, with its folders made durable: ERR_NOT_FOUND when no file is there yet,
 * else the file is young again. */
static enum err
claim(struct ctx *cx, struct str path)
{
    struct str dir = sys_path_dir(path);
    enum err e = sys_file_touch(cx, path, sys_now_us(cx));
    if (e == ERR_NOT_FOUND) {
        TRY(sys_mkdirs(cx, dir));
        TRY(sys_dir_sync(cx, sys_path_dir(dir)));
        TRY(sys_dir_sync(cx, sys_path_dir(sys_path_dir(dir))));
        return ERR_NOT_FOUND;
    }
    return e;
}

static enum err
check_place(struct ctx *cx)
{
    if (cx->is_writing) {
        return err_set(cx, ERR_INTERNAL, "a file is written inside a transaction");
    }
    return ERR_OK;
}

enum err
blobs_put(struct ctx *cx, struct str bytes, struct str *ret_hash)
{
    TRY(check_place(cx));
    struct str hash = digest_sha256_hex(cx->arena, bytes);
    if (s3_is_on(cx)) {
        TRY(s3_put(cx, hash, bytes));
        *ret_hash = hash;
        return ERR_OK;
    }
    struct str path = path_of(cx, hash);
    enum err e = claim(cx, path);
    if (e == ERR_NOT_FOUND) {
        TRY(sys_file_write(cx, path, bytes));
        e = sys_file_touch(cx, path, sys_now_us(cx));
    }
    TRY(e);
    *ret_hash = hash;
    return ERR_OK;
}

static enum err
hash_chunk(struct ctx *cx UNUSED, struct str chunk, void *arg)
{
    digest_add(arg, chunk);
    return ERR_OK;
}

static enum err
hash_file(struct ctx *cx, struct str path, struct str *ret_hash)
{
    struct digest_stream *s = digest_begin();
    enum err e = sys_file_each(cx, path, hash_chunk, s);
    struct digest d = digest_end(s);
    TRY(e);
    *ret_hash = digest_hex(cx->arena, &d);
    return ERR_OK;
}

enum err
blobs_put_file(struct ctx *cx, struct str path, struct str *ret_hash)
{
    struct str hash;
    TRY(check_place(cx));
    if (s3_is_on(cx)) {
        struct str bytes;
        TRY(sys_file_read(cx, path, FILE_BYTES, &bytes));
        TRY(blobs_put(cx, bytes, ret_hash));
        return sys_file_remove(cx, path);
    }
    TRY(hash_file(cx, path, &hash));
    struct str to = path_of(cx, hash);
    enum err e = claim(cx, to);
    if (e == ERR_NOT_FOUND) {
        e = sys_file_move(cx, path, to);
        if (e == ERR_UNSUPPORTED) {
            e = sys_file_copy(cx, path, to);
        }
        TRY(e);
        e = sys_file_touch(cx, to, sys_now_us(cx));
    }
    TRY(e);
    TRY(sys_file_remove(cx, path));
    *ret_hash = hash;
    return ERR_OK;
}

enum err
blobs_get(struct ctx *cx, struct str hash, size_t max_bytes, struct str *ret_bytes)
{
    struct str bytes;
    if (!is_hash(hash)) {
        return err_set(cx, ERR_NOT_FOUND, "not a hash");
    }
    if (s3_is_on(cx)) {
        return s3_get(cx, hash, max_bytes, ret_bytes);
    }
    TRY(sys_file_read(cx, path_of(cx, hash), max_bytes, &bytes));
    if (!str_eq(digest_sha256_hex(cx->arena, bytes), hash)) {
        return err_set(cx, ERR_IO, "content differs from its hash " STR_FMT, STR_ARG(hash));
    }
    *ret_bytes = bytes;
    return ERR_OK;
}

enum err
blobs_path(struct ctx *cx, struct str hash, struct str *ret_path)
{
    if (!is_hash(hash)) {
        return err_set(cx, ERR_NOT_FOUND, "not a hash");
    }
    struct str path = path_of(cx, hash);
    if (!sys_file_exists(cx, path)) {
        return err_set(cx, ERR_NOT_FOUND, "no blob " STR_FMT, STR_ARG(hash));
    }
    *ret_path = (struct str){ str_z(cx->arena, path), path.n };
    return ERR_OK;
}

enum err
blobs_has(struct ctx *cx, struct str hash)
{
    struct str path;
    if (is_hash(hash) && s3_is_on(cx)) {
        return s3_has(cx, hash);
    }
    return blobs_path(cx, hash, &path);
}

/* --- collection ------------------------------------------------------------------------------- */

struct sweep {
    int64_t before_us; /* files changed later are young */
    blobs_keep_fn *keep;
    int64_t n;
};

static enum err
is_young(struct ctx *cx, const struct sweep *s, struct str path, bool *ret)
{
    struct sys_file_info info;
    TRY(sys_file_info(cx, path, &info));
    *ret = info.changed_us > s->before_us;
    return ERR_OK;
}

/* A file out of the way: removed for good, or put back when someone made it young just before. */
static enum err
sweep_gone(struct ctx *cx, struct sweep *s, struct str gone, struct str hash)
{
    bool is_kept = false;
    TRY(is_young(cx, s, gone, &is_kept));
    if (is_kept || s->keep(cx, hash)) {
        return sys_file_rename(cx, gone, path_of(cx, hash));
    }
    s->n++;
    return sys_file_remove(cx, gone);
}

static enum err
sweep_file(struct ctx *cx, struct sweep *s, struct str dir, struct str name)
{
    struct str path = str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(name));
    struct str hash = str_slice(name, 0, HASH_LEN);
    bool is_kept = false;
    if (!is_hash(hash)) {
        return ERR_OK; /* not ours */
    }
    if (str_ends(name, GONE)) {
        return sweep_gone(cx, s, path, hash); /* left by a crash */
    }
    TRY(is_young(cx, s, path, &is_kept));
    if (is_kept) {
        return ERR_OK;
    }
    if (name.n > HASH_LEN) {
        return sys_file_remove(cx, path); /* an unfinished write, long ago */
    }
    if (s->keep(cx, hash)) {
        return ERR_OK;
    }
    struct str gone = str_cat(cx->arena, path, GONE);
    TRY(sys_file_rename(cx, path, gone));
    return sweep_gone(cx, s, gone, hash);
}

static enum err
sweep_folder(struct ctx *cx, struct sweep *s, struct str dir)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    TRY(sys_dir_list(cx, dir, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (!v[i].is_dir) {
            TRY(sweep_file(cx, s, dir, v[i].name));
        }
    }
    return ERR_OK;
}

/* One of the 256 upper folders, with an arena of its own. */
static enum err
sweep_upper(struct ctx *cx, struct sweep *s, struct str dir)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    struct arena *outer = cx->arena;
    struct arena *inner = arena_open(0);
    cx->arena = inner;
    enum err e = sys_dir_list(cx, dir, &v, &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        if (v[i].is_dir) {
            e = sweep_folder(cx, s,
                             str_fmt(inner, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(v[i].name)));
        }
    }
    cx->arena = outer;
    arena_close(inner);
    return e;
}

static enum err
collect(struct ctx *cx, struct sweep *s)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    enum err e = sys_dir_list(cx, root_of(cx), &v, &n);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    for (size_t i = 0; i < n; i++) {
        if (v[i].is_dir) {
            TRY(sweep_upper(
                cx, s,
                str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(root_of(cx)), STR_ARG(v[i].name))));
        }
    }
    return ERR_OK;
}

enum err
blobs_collect(struct ctx *cx, int64_t min_age_us, blobs_keep_fn *keep, int64_t *ret_n)
{
    struct sweep s = { .before_us = sys_now_us(cx) - min_age_us, .keep = keep };
    struct sys_lock *lock = NULL;
    TRY(check_place(cx));
    *ret_n = 0;
    enum err e =
        sys_lock_open(cx, str_cat(cx->arena, cx->config->data_dir, STR("/backup.lock")), &lock);
    if (e == ERR_BUSY) {
        return ERR_OK; /* a backup copies what rows named a moment ago: another time */
    }
    TRY(e);
    e = s3_is_on(cx) ? s3_collect(cx, s.before_us, keep, &s.n) : collect(cx, &s);
    sys_lock_close(lock);
    *ret_n = s.n;
    return e;
}
