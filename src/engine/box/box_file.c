/* box_file.c: files in parts. What has come stands beside the store until it is whole; then its
 * hash is computed, it becomes a blob, and only then a row names it. */
#include "crypto/digest.h"
#include "engine/box/box_int.h"

#define PARTS     "/box-parts"
#define OWNER_HEX 16

struct file_job {
    struct str owner, hash;
    int64_t n_bytes;
};

static struct str
parts_dir(struct ctx *cx)
{
    return str_cat(cx->arena, cx->config->data_dir, STR(PARTS));
}

/* Parts of different owners never mix: nobody can spoil another's file. */
static struct str
part_path(struct ctx *cx, struct str who, struct str hash)
{
    struct str owner = str_slice(digest_sha256_hex(cx->arena, who), 0, OWNER_HEX);
    return str_fmt(cx->arena, STR_FMT "/" STR_FMT "-" STR_FMT, STR_ARG(parts_dir(cx)),
                   STR_ARG(owner), STR_ARG(hash));
}

static enum err
check(struct ctx *cx, const struct box_part *p)
{
    int64_t n = (int64_t)p->bytes.n;
    if (!box_is_hash(p->hash)) {
        return err_set(cx, ERR_INVALID, "the hash is 64 lower-case hex digits (SHA-256)");
    }
    if (p->total < 1 || p->total > BOX_FILE_BYTES || p->at < 0 || n > (int64_t)BOX_PART_BYTES ||
        p->at + n > p->total) {
        return err_set(cx, ERR_INVALID, "a file is at most 100 MB, a part at most 1 MiB of it");
    }
    return ERR_OK;
}

static enum err
whole_tx(struct ctx *cx, void *arg)
{
    const struct file_job *j = arg;
    struct ledger_new e = { .kind = "box.file",
                            .object = str_cat(cx->arena, STR("file:"), j->hash) };
    e.note = str_fmt(cx->arena, STR_FMT " %" PRId64, STR_ARG(j->owner), j->n_bytes);
    TRY(q_box_file_put(cx, NULL, .id = store_new_id(cx), .owner = j->owner, .hash = j->hash,
                       .n_bytes = j->n_bytes, .at_us = sys_now_us(cx)));
    return ledger_add(cx, &e);
}

static enum err
finish(struct ctx *cx, struct str who, const struct box_part *p, struct str path)
{
    struct str hash;
    TRY(blobs_put_file(cx, path, &hash));
    if (!str_eq(hash, p->hash)) {
        return err_set(cx, ERR_INVALID, "the content is not what the hash says; begin again");
    }
    struct file_job j = { who, hash, p->total };
    return store_write(cx, whole_tx, &j);
}

enum err
box_file_part(struct ctx *cx, struct str who, const struct box_part *p, int64_t *ret_have)
{
    struct q_box_file_get row;
    struct sys_file_info info = { 0 };
    TRY(check(cx, p));
    if (q_box_file_get(cx, &row, .owner = who, .hash = p->hash) == ERR_OK &&
        blobs_has(cx, p->hash) == ERR_OK) {
        *ret_have = p->total;
        return row.n_bytes == p->total ? ERR_OK
                                       : err_set(cx, ERR_INVALID, "the file has another size");
    }
    struct str path = part_path(cx, who, p->hash);
    enum err e = sys_file_info(cx, path, &info);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    if (info.size_bytes > p->total) {
        TRY(sys_file_remove(cx, path)); /* it was begun with another size */
        info.size_bytes = 0;
    }
    if (p->bytes.n != 0 && info.size_bytes == p->at) {
        TRY(sys_mkdirs(cx, parts_dir(cx)));
        TRY(sys_file_add(cx, path, p->at, p->bytes));
        info.size_bytes += (int64_t)p->bytes.n;
    }
    *ret_have = info.size_bytes;
    return info.size_bytes == p->total ? finish(cx, who, p, path) : ERR_OK;
}

enum err
box_file_path(struct ctx *cx, struct str who, struct str hash, struct str *ret_path)
{
    struct q_box_file_get own;
    struct q_box_attach_may sent;
    if (!box_is_hash(hash) ||
        (q_box_file_get(cx, &own, .owner = who, .hash = hash) != ERR_OK &&
         q_box_attach_may(cx, &sent, .hash = hash, .receiver = who) != ERR_OK)) {
        return err_set(cx, ERR_NOT_FOUND, "no such file for this system");
    }
    return blobs_path(cx, hash, ret_path);
}

bool
box_keeps_blob(struct ctx *cx, struct str hash)
{
    struct q_box_file_any row;
    return q_box_file_any(cx, &row, .hash = hash) != ERR_NOT_FOUND;
}

enum err
box_parts_sweep(struct ctx *cx, int64_t before_us)
{
    struct sys_entry *v = NULL;
    size_t n = 0;
    enum err e = sys_dir_list(cx, parts_dir(cx), &v, &n);
    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(e);
    for (size_t i = 0; i < n; i++) {
        struct sys_file_info info;
        struct str path =
            str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(parts_dir(cx)), STR_ARG(v[i].name));
        if (sys_file_info(cx, path, &info) == ERR_OK && info.changed_us < before_us) {
            TRY(sys_file_remove(cx, path));
        }
    }
    return ERR_OK;
}
