/* counter_desk.c: what is laid on the counter for a dossier: scans, missing papers. */
#include "office/counter/counter_int.h"

#include "engine/paper/paper.h"

enum err
counter_open(struct ctx *cx, const struct web_req *rq, const char *perm, struct dossier *ret)
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
    TRY(counter_open(cx, rq, "paper.scan", &d));
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
    TRY(counter_open(cx, rq, "dossier.intake", &d));
    struct str words = web_text(rq, "answer");
    TRY(dossier_answer_supplement(
        cx, d.id, str_is_empty(words) ? text(cx, "counter.answered_default") : words));
    web_flash(cx, rs, "counter.flash.answered");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, d.id);
}
