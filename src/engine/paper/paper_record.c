/* The records store and the custody of originals. */
#include "engine/paper/paper.h"
#include "gen/q_paper.h"
#include "store/blobs.h"
#include "sys/sys.h"

bool
record_is_usable(const struct record *r, struct date on)
{
    return r->revoked_us == 0 && (r->expires.day == 0 || r->expires.day >= on.day) &&
           r->issued.day <= on.day;
}

enum err
record_add_row(struct ctx *cx, const struct record *in, int64_t *ret_id)
{
    int64_t id = in->id != 0 ? in->id : store_new_id(cx);

    TRY(q_record_insert(
        cx, NULL, .id = id, .owner_id = in->owner_id, .dossier_id = in->dossier_id,
        .type = in->type, .title = in->title, .number = in->number, .hash = in->hash,
        .media = in->media, .issuer = in->issuer, .pages = in->pages, .size_bytes = in->size_bytes,
        .issued_day = in->issued.day, .expires_day = in->expires.day, .kept_us = sys_now_us(cx)));
    *ret_id = id;
    return ERR_OK;
}

enum err
record_add_paper(struct ctx *cx, const struct record *in, int64_t *ret_id)
{
    struct q_record_of_file have;
    *ret_id = 0;
    enum err e = q_record_of_file(cx, &have, .owner_id = in->owner_id, .hash = in->hash);
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(record_add_row(cx, in, ret_id));
    return q_record_attest(cx, NULL, .id = *ret_id, .attest = in->attest,
                           .attest_by = in->attest_by);
}

static enum err
add_tx(struct ctx *cx, void *arg)
{
    struct record *r = arg;
    return record_add_row(cx, r, &r->id);
}

enum err
record_add(struct ctx *cx, const struct record *in, struct str bytes, struct record *ret)
{
    struct record r = *in;

    r.id = store_new_id(cx);
    r.size_bytes = (int64_t)bytes.n;
    TRY(blobs_put(cx, bytes, &r.hash));
    TRY(store_write(cx, add_tx, &r));
    return record_by_id(cx, r.id, ret);
}

enum err
record_by_id(struct ctx *cx, int64_t id, struct record *ret)
{
    struct q_record_by_id r;

    TRY(q_record_by_id(cx, &r, .id = id));
    *ret = (struct record){ .id = r.id,
                            .owner_id = r.owner_id,
                            .dossier_id = r.dossier_id,
                            .type = r.type,
                            .title = r.title,
                            .number = r.number,
                            .hash = r.hash,
                            .media = r.media,
                            .issuer = r.issuer,
                            .pages = r.pages,
                            .size_bytes = r.size_bytes,
                            .issued = { (int32_t)r.issued_day },
                            .expires = { (int32_t)r.expires_day },
                            .kept_us = r.kept_us,
                            .revoked_us = r.revoked_us,
                            .revoke_reason = r.revoke_reason,
                            .replaced_by = r.replaced_by,
                            .attest = r.attest,
                            .attest_by = r.attest_by };
    return ERR_OK;
}

enum err
record_by_hash(struct ctx *cx, struct str hash, struct record *ret)
{
    struct q_record_by_hash row;
    TRY(q_record_by_hash(cx, &row, .hash = hash));
    return record_by_id(cx, row.id, ret);
}

enum err
record_list(struct ctx *cx, int64_t owner_id, struct str type, int64_t before_id, int64_t n,
            struct record **ret, size_t *ret_n)
{
    struct q_record_list_list rows;

    TRY(q_record_list(cx, &rows, .owner_id = owner_id, .type = type.p != NULL ? type : STR(""),
                      .before = before_id > 0 ? before_id : INT64_MAX,
                      .n = n > 0 && n < 200 ? n : 200));
    struct record *v = ARENA_ARRAY(cx->arena, struct record, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        const struct q_record_list *r = &rows.v[i];
        v[i] = (struct record){ .id = r->id,
                                .owner_id = r->owner_id,
                                .dossier_id = r->dossier_id,
                                .type = r->type,
                                .title = r->title,
                                .number = r->number,
                                .hash = r->hash,
                                .media = r->media,
                                .issuer = r->issuer,
                                .pages = r->pages,
                                .size_bytes = r->size_bytes,
                                .issued = { (int32_t)r->issued_day },
                                .expires = { (int32_t)r->expires_day },
                                .kept_us = r->kept_us,
                                .revoked_us = r->revoked_us,
                                .revoke_reason = r->revoke_reason,
                                .replaced_by = r->replaced_by,
                                .attest = r->attest,
                                .attest_by = r->attest_by };
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

struct revoke {
    int64_t id, replaced_by;
    struct str reason;
};

static enum err
revoke_tx(struct ctx *cx, void *arg)
{
    const struct revoke *in = arg;
    int64_t n = 0;
    TRY(q_record_revoke(cx, &n, .id = in->id, .reason = in->reason, .replaced_by = in->replaced_by,
                        .now_us = sys_now_us(cx)));
    return n == 1 ? ERR_OK : err_set(cx, ERR_CONFLICT, "record is unknown or revoked already");
}

enum err
record_revoke(struct ctx *cx, int64_t id, struct str reason, int64_t replaced_by)
{
    struct revoke in = { id, replaced_by, reason };
    return cx->is_writing ? revoke_tx(cx, &in) : store_write(cx, revoke_tx, &in);
}

/* --- custody ---------------------------------------------------------------------------------- */

static enum err
take_tx(struct ctx *cx, void *arg)
{
    const struct custody *c = arg;
    return q_custody_insert(cx, NULL, .id = c->id, .dossier_id = c->dossier_id, .unit = c->unit,
                            .requirement = c->requirement, .what = c->what, .n_copies = c->n_copies,
                            .taken_by = c->taken_by, .taken_us = sys_now_us(cx));
}

enum err
custody_take(struct ctx *cx, const struct custody *in, int64_t *ret_id)
{
    struct custody c = *in;
    c.id = store_new_id(cx);
    TRY(store_write(cx, take_tx, &c));
    *ret_id = c.id;
    return ERR_OK;
}

struct giving {
    const struct custody *v;
    size_t n;
};

static enum err
return_tx(struct ctx *cx, void *arg)
{
    const struct giving *g = arg;
    for (size_t i = 0; i < g->n; i++) {
        const struct custody *c = &g->v[i];
        int64_t n = 0;
        TRY(q_custody_return(cx, &n, .id = c->id, .dossier_id = c->dossier_id,
                             .given_by = c->given_by, .given_to = c->given_to,
                             .given_id = c->given_id, .now_us = sys_now_us(cx)));
        if (n != 1) {
            return err_set(cx, ERR_CONFLICT, "originals are unknown or were given back");
        }
    }
    return ERR_OK;
}

enum err
custody_return(struct ctx *cx, const struct custody *in, size_t n)
{
    struct giving g = { in, n };
    return store_write(cx, return_tx, &g);
}

enum err
custody_list(struct ctx *cx, int64_t dossier_id, struct custody **ret, size_t *ret_n)
{
    struct q_custody_list_list rows;

    TRY(q_custody_list(cx, &rows, .dossier_id = dossier_id));
    struct custody *v = ARENA_ARRAY(cx->arena, struct custody, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        const struct q_custody_list *r = &rows.v[i];
        v[i] = (struct custody){ .id = r->id,
                                 .dossier_id = r->dossier_id,
                                 .unit = r->unit,
                                 .requirement = r->requirement,
                                 .what = r->what,
                                 .n_copies = r->n_copies,
                                 .taken_by = r->taken_by,
                                 .taken_us = r->taken_us,
                                 .given_by = r->given_by,
                                 .given_to = r->given_to,
                                 .given_id = r->given_id,
                                 .returned_us = r->returned_us };
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
custody_held(struct ctx *cx, struct str unit, int64_t after, int64_t n, struct custody **ret,
             size_t *ret_n)
{
    struct q_custody_held_list rows;

    TRY(q_custody_held(cx, &rows, .unit = unit, .after = after, .n = n));
    struct custody *v = ARENA_ARRAY(cx->arena, struct custody, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        const struct q_custody_held *r = &rows.v[i];
        v[i] = (struct custody){ .id = r->id,
                                 .dossier_id = r->dossier_id,
                                 .unit = unit,
                                 .what = r->what,
                                 .n_copies = r->n_copies,
                                 .taken_by = r->taken_by,
                                 .taken_us = r->taken_us };
    }
    *ret = v;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
custody_unit_moved(struct ctx *cx, struct str from_unit, struct str to_unit)
{
    return q_custody_unit_moved(cx, NULL, .from_unit = from_unit, .to_unit = to_unit);
}

enum err
paper_party_merged(struct ctx *cx, int64_t from_party, int64_t to_party)
{
    return q_record_owner_moved(cx, NULL, .from_id = from_party, .to_id = to_party);
}

bool
paper_keeps_blob(struct ctx *cx, struct str hash)
{
    struct q_paper_by_hash paper;
    struct q_record_by_hash record;
    struct q_record_by_attest sheet;
    return q_record_by_attest(cx, &sheet, .attest = hash) != ERR_NOT_FOUND ||
           q_paper_by_hash(cx, &paper, .hash = hash) != ERR_NOT_FOUND ||
           q_record_by_hash(cx, &record, .hash = hash) != ERR_NOT_FOUND;
}
