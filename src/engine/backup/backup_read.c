/* backup_read.c: unpacking: nothing is believed, nothing is written outside the new folder. */
#include "crypto/digest.h"
#include "crypto/seal.h"
#include "engine/backup/backup_int.h"
#include "sys/out.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)128 * 1024)
#define HASH_BYTES  32

struct unpacking {
    int fd;
    struct seal *seal;
    struct str dir, last_folder;
    struct arena *folders; /* holds last_folder */
    char *piece;
    int64_t n_files, n_blobs, n_bytes;
    bool has_database, has_manifest;
    struct str manifest;
};

struct entry {
    char kind;
    struct str path;
    int64_t size;
};

static enum err
source(struct ctx *cx, char *p, size_t n, size_t *ret_n, void *arg)
{
    const struct unpacking *u = arg;
    size_t have = 0;
    while (have < n) {
        ssize_t got = read(u->fd, p + have, n - have);
        if (got < 0 && errno != EINTR) {
            return err_set(cx, ERR_IO, "read the backup: errno %d", errno);
        }
        if (got == 0) {
            break;
        }
        have += got > 0 ? (size_t)got : 0;
    }
    *ret_n = have;
    return ERR_OK;
}

static enum err
read_exact(struct ctx *cx, struct unpacking *u, void *p, size_t n)
{
    size_t got = 0;
    TRY(seal_read(cx, u->seal, p, n, &got));
    return got == n ? ERR_OK : err_set(cx, ERR_IO, "the archive ends too early");
}

/* False at the end of the archive. */
static enum err
entry_next(struct ctx *cx, struct unpacking *u, struct entry *ret, bool *ret_is_there)
{
    char room[ENTRY_HEAD];
    unsigned char h[ENTRY_HEAD];
    size_t got = 0;
    uint64_t size = 0;
    TRY(seal_read(cx, u->seal, room, sizeof(room), &got));
    *ret_is_there = got != 0;
    if (got == 0) {
        return ERR_OK;
    }
    memcpy(h, room, sizeof(h));
    size_t path_n = (size_t)h[1] << 8 | h[2];
    for (int i = 0; i < 8; i++) {
        size = size << 8 | h[3 + i];
    }
    if (got != sizeof(room) || path_n > ENTRY_PATH_MAX || size > (uint64_t)INT64_MAX) {
        return err_set(cx, ERR_BAD_REQUEST, "an entry that cannot be");
    }
    char *path = arena_alloc(cx->arena, path_n + 1);
    TRY(read_exact(cx, u, path, path_n));
    *ret = (struct entry){ (char)h[0], { path, path_n }, (int64_t)size };
    bool is_known =
        ret->kind == ENTRY_FILE || ret->kind == ENTRY_DATABASE || ret->kind == ENTRY_MANIFEST;
    if (!is_known || !backup_is_path(ret->path) || u->has_manifest) {
        return err_set(cx, ERR_BAD_REQUEST, "an entry that does not belong here");
    }
    return ERR_OK;
}

/* Hands the content on to out (a file) or buf (the manifest); its hash is proven in the end. */
static enum err
entry_content(struct ctx *cx, struct unpacking *u, const struct entry *e, struct sys_out *out,
              struct buf *text, struct digest *ret)
{
    struct digest_stream *d = digest_begin();
    int64_t left = e->size;
    enum err err = ERR_OK;
    while (err == ERR_OK && left > 0) {
        size_t n = left < (int64_t)PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        err = read_exact(cx, u, u->piece, n);
        struct str piece = { u->piece, n };
        if (err == ERR_OK && out != NULL) {
            err = sys_out_write(cx, out, piece);
        } else if (err == ERR_OK) {
            buf_add(text, piece);
        }
        digest_add(d, piece);
        left -= (int64_t)n;
    }
    *ret = digest_end(d);
    TRY(err);
    struct digest said;
    TRY(read_exact(cx, u, said.b, HASH_BYTES));
    return digest_equal(&said, ret)
               ? ERR_OK
               : err_set(cx, ERR_IO, "the content of " STR_FMT " is damaged", STR_ARG(e->path));
}

static enum err
folder_ready(struct ctx *cx, struct unpacking *u, struct str path)
{
    struct str folder = sys_path_dir(path);
    if (str_eq(folder, u->last_folder)) {
        return ERR_OK;
    }
    TRY(sys_mkdirs(cx, folder));
    arena_reset(u->folders);
    u->last_folder = str_dup(u->folders, folder);
    return ERR_OK;
}

/* blobs/ab/cd/abcd..: the name is the content's hash. */
static enum err
check_blob_name(struct ctx *cx, const struct entry *e, const struct digest *d)
{
    struct str hash = digest_hex(cx->arena, d);
    struct str want =
        str_fmt(cx->arena, "blobs/%.2s/%.2s/" STR_FMT, hash.p, hash.p + 2, STR_ARG(hash));
    return str_eq(want, e->path)
               ? ERR_OK
               : err_set(cx, ERR_CONFLICT, STR_FMT " does not hold what its name says",
                         STR_ARG(e->path));
}

static enum err
entry_unpack(struct ctx *cx, struct unpacking *u, const struct entry *e)
{
    struct sys_out *out = NULL;
    struct digest d;
    bool is_blob = e->kind == ENTRY_FILE && str_starts(e->path, STR("blobs/"));
    struct str path = str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(u->dir), STR_ARG(e->path));
    if (e->kind == ENTRY_FILE && backup_is_left_out(e->path)) {
        return err_set(cx, ERR_BAD_REQUEST, "an entry that does not belong here");
    }
    if (e->kind == ENTRY_DATABASE && (u->has_database || !str_eq(e->path, STR(DATABASE)))) {
        return err_set(cx, ERR_BAD_REQUEST, "two databases");
    }
    TRY(folder_ready(cx, u, path));
    TRY(sys_out_open(cx, path, &out));
    enum err err = entry_content(cx, u, e, out, NULL, &d);
    if (err == ERR_OK && is_blob) {
        err = check_blob_name(cx, e, &d);
    }
    if (err == ERR_OK) {
        err = sys_out_finish(cx, out, false);
    }
    sys_out_free(out);
    TRY(err);
    u->has_database = u->has_database || e->kind == ENTRY_DATABASE;
    u->n_files++;
    u->n_blobs += is_blob ? 1 : 0;
    u->n_bytes += e->size;
    return ERR_OK;
}

static enum err
manifest_unpack(struct ctx *cx, struct unpacking *u, const struct entry *e, struct arena *kept)
{
    struct buf text = buf_new(kept, MANIFEST_MAX);
    struct digest d;
    if (e->size > (int64_t)MANIFEST_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "the manifest is too large");
    }
    TRY(entry_content(cx, u, e, NULL, &text, &d));
    u->manifest = buf_str(&text);
    u->has_manifest = true;
    return ERR_OK;
}

static enum err
unpack_all(struct ctx *cx, struct unpacking *u)
{
    struct arena *outer = cx->arena;
    struct arena *own = arena_open(0);
    bool is_there = true;
    enum err e = ERR_OK;
    cx->arena = own;
    while (e == ERR_OK && is_there) {
        struct entry entry;
        arena_reset(own);
        e = entry_next(cx, u, &entry, &is_there);
        if (e == ERR_OK && is_there) {
            e = entry.kind == ENTRY_MANIFEST ? manifest_unpack(cx, u, &entry, outer)
                                             : entry_unpack(cx, u, &entry);
        }
    }
    cx->arena = outer;
    arena_close(own);
    return e;
}

static enum err
check_counts(struct ctx *cx, const struct unpacking *u, const struct backup_manifest *m)
{
    bool is_same = m->n_files == u->n_files && m->n_blobs == u->n_blobs && m->n_bytes == u->n_bytes;
    return is_same && u->has_database
               ? ERR_OK
               : err_set(cx, ERR_CONFLICT,
                         "%" PRId64 " files, %" PRId64 " blobs, %" PRId64
                         " bytes; the manifest says %" PRId64 ", %" PRId64 ", %" PRId64,
                         u->n_files, u->n_blobs, u->n_bytes, m->n_files, m->n_blobs, m->n_bytes);
}

static enum err
unpack(struct ctx *cx, struct unpacking *u, struct str passphrase, struct backup_manifest *ret)
{
    TRY(seal_open(cx, passphrase, source, u, &u->seal));
    TRY(sys_mkdirs(cx, u->dir));
    TRY(unpack_all(cx, u));
    if (!u->has_manifest) {
        return err_set(cx, ERR_BAD_REQUEST, "there is no manifest");
    }
    TRY(backup_manifest_read(cx, u->manifest, ret));
    TRY(check_counts(cx, u, ret));
    return sys_sync_all(cx, u->dir);
}

enum err
backup_unpack(struct ctx *cx, struct str from, struct str dir, struct str passphrase,
              struct backup_manifest *ret)
{
    struct unpacking u = { .dir = dir };
    u.fd =
        str_eq(from, STR("-")) ? STDIN_FILENO : open(str_z(cx->arena, from), O_RDONLY | O_CLOEXEC);
    if (u.fd < 0) {
        return err_set(cx, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open " STR_FMT ": errno %d",
                       STR_ARG(from), errno);
    }
    u.folders = arena_open(0);
    u.piece = arena_alloc(cx->arena, PIECE_BYTES);
    enum err e = unpack(cx, &u, passphrase, ret);
    seal_free(u.seal);
    arena_close(u.folders);
    (void)close(u.fd);
    return e;
}
