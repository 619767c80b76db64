/* blobs_move.c: files between the data folder and the bucket: `bombo blobs push` and `pull`. */
#include "store/blobs_s3.h"

#include "sys/sys.h"

#define FILE_BYTES ((size_t)64 << 20)
#define HASH_LEN   64U

bool
blobs_is_remote(const struct ctx *cx)
{
    return s3_is_on(cx);
}

enum err
blobs_each_remote(struct ctx *cx, blobs_each_fn *fn, void *arg)
{
    return s3_each(cx, fn, arg);
}

/* The same context with files in the data folder. */
static struct ctx
local_of(const struct ctx *cx, struct app_config *config)
{
    struct ctx local = *cx;
    *config = *cx->config;
    config->blobs_url = STR_NULL;
    local.config = config;
    return local;
}

/* Read back too: a file counts as moved when its bytes are there, not when the server said so. */
static enum err
push_one(struct ctx *cx, struct ctx *local, struct str hash)
{
    struct str bytes;
    struct str again;
    struct str got;
    TRY(blobs_get(local, hash, FILE_BYTES, &bytes));
    enum err e = s3_get(cx, hash, FILE_BYTES, &got);
    if (e == ERR_NOT_FOUND) {
        TRY(blobs_put(cx, bytes, &again));
        e = s3_get(cx, hash, FILE_BYTES, &got);
    }
    return e;
}

struct push {
    struct ctx *local;
    int64_t n;
};

static enum err
push_file(struct ctx *cx, struct push *p, struct str hash)
{
    struct arena *outer = cx->arena;
    cx->arena = p->local->arena = arena_open(0);
    enum err e = push_one(cx, p->local, hash);
    if (e != ERR_OK) {
        cx->err = cx->err.code != ERR_OK ? cx->err : p->local->err;
    }
    arena_close(cx->arena);
    cx->arena = p->local->arena = outer;
    p->n++;
    return e;
}

/* One of the 256 folders of a folder: data/blobs/ab, then data/blobs/ab/cd with the files. */
static enum err
push_folder(struct ctx *cx, struct push *p, struct str dir)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    TRY(sys_dir_list(cx, dir, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (!v[i].is_dir && v[i].name.n == HASH_LEN) {
            TRY(push_file(cx, p, v[i].name));
        }
    }
    return ERR_OK;
}

static enum err
push_upper(struct ctx *cx, struct push *p, struct str dir)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    enum err e = sys_dir_list(cx, dir, &v, &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        if (v[i].is_dir) {
            e = push_folder(
                cx, p, str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(v[i].name)));
        }
    }
    return e;
}

enum err
blobs_push(struct ctx *cx, int64_t *ret_n)
{
    struct app_config config;
    struct ctx local = local_of(cx, &config);
    struct push p = { .local = &local };
    struct str root = str_cat(cx->arena, cx->config->data_dir, STR("/blobs"));
    struct sys_entry *v = NULL;
    size_t n = 0;
    enum err e = sys_dir_list(cx, root, &v, &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        if (v[i].is_dir) {
            struct str dir =
                str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(root), STR_ARG(v[i].name));
            struct arena *outer = cx->arena;
            cx->arena = arena_open(0);
            e = push_upper(cx, &p, dir);
            arena_close(cx->arena);
            cx->arena = outer;
        }
    }
    *ret_n = p.n;
    return e == ERR_NOT_FOUND ? ERR_OK : e; /* no folder: nothing was ever kept there */
}

static enum err
pull_one(struct ctx *cx, struct ctx *local, struct str hash)
{
    struct str bytes;
    struct str again;
    TRY(s3_get(cx, hash, FILE_BYTES, &bytes));
    return blobs_put(local, bytes, &again);
}

static enum err
pull_file(struct ctx *cx, struct str hash, int64_t changed_us UNUSED, void *arg)
{
    struct push *p = arg;
    struct arena *outer = cx->arena;
    cx->arena = p->local->arena = arena_open(0);
    enum err e = pull_one(cx, p->local, hash);
    arena_close(cx->arena);
    cx->arena = p->local->arena = outer;
    p->n++;
    return e;
}

enum err
blobs_pull(struct ctx *cx, int64_t *ret_n)
{
    struct app_config config;
    struct ctx local = local_of(cx, &config);
    struct push p = { .local = &local };
    enum err e = s3_each(cx, pull_file, &p);
    if (e != ERR_OK && cx->err.text[0] == '\0') {
        cx->err = local.err;
    }
    TRY(e);
    *ret_n = p.n;
    return ERR_OK;
}
