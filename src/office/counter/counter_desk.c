/* counter_desk.c: what is laid on the counter for a dossier: scans, originals, missing papers. */
#include "office/counter/counter_int.h"

#include "engine/paper/paper.h"

static enum err
open_dossier(struct ctx *cx, const struct web_req *rq, const char *perm, struct dossier *ret)
{
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(dossier_get(cx, id, ret));
    return access_require_in(cx, perm, ret->unit);
}

enum err
counter_scan(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct paper p;
    const struct web_file *f = web_file(rq, "file");
    TRY(open_dossier(cx, rq, "paper.scan", &d));
    if (f == NULL || !str_eq(d.state, STR("open"))) {
        return err_set(cx, ERR_CONFLICT, "nothing to add to dossier %" PRId64, d.id);
    }
    struct paper_new in = { .owner_id = d.party,
                            .dossier_id = d.id,
                            .requirement = web_text(rq, "requirement"),
                            .name = f->filename,
                            .captured_by = str_fmt(cx->arena, "counter:%" PRId64, cx->who.account),
                            .bytes = f->bytes,
                            .path = f->path,
                            .field = STR("file") };
    TRY(paper_add(cx, &in, &p));
    web_flash(cx, rs, "counter.flash.scanned");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64 "?giay=%" PRId64 "#xem", d.id, p.id);
}

enum err
counter_answered(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    TRY(open_dossier(cx, rq, "dossier.intake", &d));
    struct str words = web_text(rq, "answer");
    TRY(dossier_answer_supplement(
        cx, d.id, str_is_empty(words) ? text(cx, "counter.answered_default") : words));
    web_flash(cx, rs, "counter.flash.answered");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, d.id);
}

/* --- originals
 * -------------------------------------------------------------------------------------------------
 */
enum err
counter_custody(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_custody *page = ARENA_NEW(cx->arena, struct tpl_counter_custody);
    struct dossier d;
    struct custody *v = NULL;
    size_t n = 0;
    TRY(open_dossier(cx, rq, "paper.custody", &d));
    TRY(custody_list(cx, d.id, &v, &n));
    page->id = counter_id(cx, d.id);
    page->number = d.number;
    page->who = d.applicant;
    page->rows.n = n;
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_counter_custody_rows, n);
    for (size_t i = 0; i < n; i++) {
        bool is_held = v[i].returned_us == 0;
        page->rows.v[i] = (struct tpl_counter_custody_rows){
            .entry = counter_id(cx, v[i].id),
            .what = v[i].what,
            .copies = text_number(cx, v[i].n_copies),
            .taken = text_fill(cx, "counter.taken", "at", text_instant(cx, v[i].taken_us), "who",
                               v[i].taken_by, NULL),
            .given = is_held
                         ? STR_NULL
                         : text_fill(cx, "counter.given", "at", text_instant(cx, v[i].returned_us),
                                     "who", v[i].given_to, NULL),
            .is_held = is_held,
        };
    }
    web_title(rs, text(cx, "counter.custody"));
    web_crumb(cx, rs, str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64, d.id), d.number);
    web_crumb(cx, rs, STR_NULL, text(cx, "counter.custody"));
    web_reads_person(cx, rs, d.party, "custody", d.number);
    return web_page(cx, rs, &tpl_counter_custody_t, page);
}

enum err
counter_take(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    int64_t id = 0;
    int64_t n = web_int(rq, "copies");
    TRY(open_dossier(cx, rq, "paper.custody", &d));
    struct custody in = { .dossier_id = d.id,
                          .unit = d.unit,
                          .what = web_text(rq, "what"),
                          .n_copies = n < 1 ? 1 : n,
                          .taken_by = cx->actor->name };
    TRY(custody_take(cx, &in, &id));
    web_flash(cx, rs, "counter.flash.taken");
    return web_see_other(cx, rs, "/can-bo/quay/giu/%" PRId64, d.id);
}

enum err
counter_give(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct custody *v = NULL;
    size_t n = 0;
    int64_t id = web_int(rq, "giay");
    bool is_of_it = false;
    TRY(open_dossier(cx, rq, "paper.custody", &d));
    TRY(custody_list(cx, d.id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        is_of_it = is_of_it || v[i].id == id;
    }
    if (!is_of_it) {
        return err_set(cx, ERR_NOT_FOUND, "paper is not of dossier %" PRId64, d.id);
    }
    struct custody in = { .id = id,
                          .dossier_id = d.id,
                          .given_by = cx->actor->name,
                          .given_to = web_text(rq, "to_whom") };
    TRY(custody_return(cx, &in, 1));
    web_flash(cx, rs, "counter.flash.given");
    return web_see_other(cx, rs, "/can-bo/quay/giu/%" PRId64, d.id);
}
