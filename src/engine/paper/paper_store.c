/* Papers: rows and files. */
#include "codec/image.h"
#include "engine/paper/paper.h"
#include "gen/q_paper.h"
#include "store/blobs.h"
#include "sys/sys.h"

static struct paper
paper_of(const struct q_paper_by_id *r)
{
    return (struct paper){ .id = r->id,
                           .owner_id = r->owner_id,
                           .dossier_id = r->dossier_id,
                           .requirement = r->requirement,
                           .type = r->type,
                           .hash = r->hash,
                           .media = r->media,
                           .name = r->name,
                           .captured_by = r->captured_by,
                           .pages = r->pages,
                           .size_bytes = r->size_bytes,
                           .received_us = r->received_us,
                           .record_id = r->record_id,
                           .state = r->state };
}

enum err
paper_by_id(struct ctx *cx, int64_t id, struct paper *ret)
{
    struct q_paper_by_id row;
    TRY(q_paper_by_id(cx, &row, .id = id));
    *ret = paper_of(&row);
    return ERR_OK;
}

enum err
paper_list(struct ctx *cx, int64_t dossier_id, struct paper **ret, size_t *ret_n)
{
    struct q_paper_list_list rows;

    TRY(q_paper_list(cx, &rows, .dossier_id = dossier_id));
    struct paper *v = ARENA_ARRAY(cx->arena, struct paper, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        const struct q_paper_list *r = &rows.v[i];
        v[i] = (struct paper){ .id = r->id,
                               .owner_id = r->owner_id,
                               .dossier_id = r->dossier_id,
                               .requirement = r->requirement,
                               .type = r->type,
                               .hash = r->hash,
                               .media = r->media,
                               .name = r->name,
                               .captured_by = r->captured_by,
                               .pages = r->pages,
                               .size_bytes = r->size_bytes,
                               .received_us = r->received_us,
                               .record_id = r->record_id,
                               .state = r->state };
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

/* Inserts unless the same file stands there for the same requirement: then that row is the answer.
 */
static enum err
add_tx(struct ctx *cx, void *arg)
{
    struct paper *p = arg;
    struct paper *all = NULL;
    size_t n = 0;

    TRY(paper_list(cx, p->dossier_id, &all, &n));
    for (size_t i = 0; i < n; i++) {
        bool is_same = str_eq(all[i].hash, p->hash) && str_eq(all[i].requirement, p->requirement);
        if (is_same) {
            *p = all[i];
            return ERR_OK;
        }
    }
    if (n >= PAPER_PER_DOSSIER_MAX) {
        return err_set(cx, ERR_CONFLICT, "dossier has %zu papers", n);
    }
    return q_paper_insert(
        cx, NULL, .id = p->id, .owner_id = p->owner_id, .dossier_id = p->dossier_id,
        .requirement = p->requirement, .type = p->type, .hash = p->hash, .media = p->media,
        .name = p->name, .captured_by = p->captured_by, .pages = p->pages,
        .size_bytes = p->size_bytes, .received_us = p->received_us, .record_id = p->record_id);
}

/* The last part of a path as browsers send it, at most 120 bytes and whole characters. */
static struct str
file_name(struct str s)
{
    for (size_t i = s.n; i > 0; i--) {
        if (s.p[i - 1] == '/' || s.p[i - 1] == '\\') {
            s = str_slice(s, i, s.n);
            break;
        }
    }
    s = str_slice(s, 0, 120);
    while (s.n > 0 && !str_is_utf8(s)) {
        s.n--;
    }
    return s;
}

static struct paper
paper_from(struct ctx *cx, const struct paper_new *in)
{
    return (struct paper){ .id = store_new_id(cx),
                           .owner_id = in->owner_id,
                           .dossier_id = in->dossier_id,
                           .requirement = in->requirement,
                           .type = in->type,
                           .name = file_name(in->name),
                           .captured_by = in->captured_by,
                           .received_us = sys_now_us(cx),
                           .state = STR("kept") };
}

enum err
paper_add(struct ctx *cx, const struct paper_new *in, struct paper *ret)
{
    struct paper_file file;
    struct paper p = paper_from(cx, in);
    struct str bytes = in->bytes;

    if (bytes.p == NULL && in->path.p != NULL) {
        enum err e = sys_file_read(cx, in->path, PAPER_BYTES_MAX + 1, &bytes);
        if (e == ERR_TOO_LARGE) {
            ctx_problem(cx, in->field, STR("paper.bad.too_large"),
                        str_fmt(cx->arena, "%zu", PAPER_BYTES_MAX >> 20));
            return ctx_check(cx);
        }
        TRY(e);
    }
    TRY(paper_check(cx, in->field, bytes, &file));
    TRY(blobs_put(cx, file.bytes, &p.hash)); /* durable before the row names it */
    p.media = file.media;
    p.pages = file.pages;
    p.size_bytes = (int64_t)file.bytes.n;
    TRY(store_write(cx, add_tx, &p));
    *ret = p;
    return ERR_OK;
}

enum err
paper_reuse(struct ctx *cx, const struct paper_new *in, int64_t record_id, struct paper *ret)
{
    struct record r;
    struct paper p = paper_from(cx, in);

    TRY(record_by_id(cx, record_id, &r));
    if (r.owner_id != in->owner_id || !record_is_usable(&r, date_at_vn(sys_now_us(cx)))) {
        return err_set(cx, ERR_FORBIDDEN, "record may not be used again here");
    }
    p.hash = r.hash;
    p.media = r.media;
    p.pages = r.pages;
    p.size_bytes = r.size_bytes;
    p.record_id = r.id;
    p.name = r.title;
    p.type = r.type;
    TRY(store_write(cx, add_tx, &p));
    *ret = p;
    return ERR_OK;
}

struct removal {
    int64_t id, dossier_id;
};

static enum err
remove_tx(struct ctx *cx, void *arg)
{
    const struct removal *in = arg;
    int64_t n = 0;
    TRY(q_paper_remove(cx, &n, .id = in->id, .dossier_id = in->dossier_id));
    return n == 1 ? ERR_OK : err_set(cx, ERR_NOT_FOUND, "no such paper in this dossier");
}

enum err
paper_remove(struct ctx *cx, int64_t id, int64_t dossier_id)
{
    struct removal in = { id, dossier_id };
    return store_write(cx, remove_tx, &in);
}

enum err
paper_remove_all(struct ctx *cx, int64_t draft_id)
{
    return q_paper_remove_all(cx, NULL, .dossier_id = draft_id);
}

enum err
paper_move(struct ctx *cx, int64_t draft_id, int64_t dossier_id)
{
    return q_paper_move(cx, NULL, .draft_id = draft_id, .to_id = dossier_id);
}

enum err
paper_view(struct ctx *cx, int64_t id, struct paper *ret, struct str *ret_bytes)
{
    TRY(paper_by_id(cx, id, ret));
    return blobs_get(cx, ret->hash, (size_t)64 << 20, ret_bytes);
}

enum err
paper_thumbnail(struct ctx *cx, int64_t id, int32_t side_px, struct str *ret_jpeg)
{
    struct paper p;
    struct str bytes = STR_NULL;
    struct image img;
    uint32_t side = (uint32_t)(side_px < 64 ? 64 : side_px > 800 ? 800 : side_px);

    TRY(paper_view(cx, id, &p, &bytes));
    if (image_kind_of(bytes) == IMAGE_NONE) {
        return err_set(cx, ERR_UNSUPPORTED, "paper is not a picture");
    }
    TRY(image_decode(cx, bytes, PAPER_PIXELS_MAX, side, &img));
    struct image small = image_reduce(cx->arena, &img, side);
    return image_to_jpeg(cx, &small, 75, ret_jpeg);
}
