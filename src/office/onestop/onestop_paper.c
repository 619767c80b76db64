/* onestop_paper.c: bytes that an officer looks at: papers, drafts of results, results, printed
 * forms. Each look at somebody's paper is recorded before it leaves. */
#include "office/onestop/onestop_int.h"

#include "engine/paper/paper.h"

#define THUMB_PX 320

static enum err
paper_bytes(struct ctx *cx, const struct web_req *rq, int64_t id, struct paper *ret,
            struct str *ret_bytes)
{
    if (web_bool(rq, "nho")) {
        TRY(paper_thumbnail(cx, id, THUMB_PX, ret_bytes));
        ret->media = STR("image/jpeg");
        return ERR_OK;
    }
    return paper_view(cx, id, ret, ret_bytes);
}

enum err
onestop_paper(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct paper p;
    struct dossier d;
    struct str bytes;
    TRY(web_param_id(cx, rq, "paper", &id));
    TRY(paper_by_id(cx, id, &p));
    TRY(onestop_open(cx, p.dossier_id, &d));
    TRY(paper_bytes(cx, rq, id, &p, &bytes));
    web_reads_person(cx, rs, d.party, "paper", d.number);
    return web_bytes(cx, rs, bytes, p.media, STR_NULL);
}

static enum err
send_pdf(struct ctx *cx, struct web_resp *rs, const struct dossier *d, const char *purpose,
         struct str pdf)
{
    web_reads_person(cx, rs, d->party, purpose, d->number);
    return web_bytes(cx, rs, pdf, STR("application/pdf"), STR_NULL);
}

enum err
onestop_draft_pdf(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct dossier d;
    struct str pdf;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(onestop_open(cx, id, &d));
    TRY(dossier_result_preview(cx, id, &pdf));
    return send_pdf(cx, rs, &d, "result.draft", pdf);
}

enum err
onestop_result_pdf(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct dossier_result r;
    struct dossier d;
    struct str pdf;
    TRY(web_param_id(cx, rq, "result", &id));
    TRY(dossier_result_get(cx, id, &r));
    TRY(onestop_open(cx, r.dossier, &d));
    TRY(dossier_result_pdf(cx, id, &pdf));
    return send_pdf(cx, rs, &d, "result", pdf);
}

/* Forms 01 to 05 in the order of their numbers. */
static const struct {
    const char *form, *word;
} forms[] = {
    { "tiep-nhan-hen-tra", "onestop.print.01" }, { "yeu-cau-bo-sung", "onestop.print.02" },
    { "tu-choi", "onestop.print.03" },           { "xin-loi", "onestop.print.04" },
    { "kiem-soat", "onestop.print.05" },
};

void
onestop_part_prints(struct ctx *cx, struct onestop_view *v)
{
    struct tpl_onestop_dossier *page = v->page;
    page->can_print = access_may_in(cx, "dossier.print", v->d.unit);
    page->prints.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_prints, COUNT_OF(forms));
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (dossier_form_stands(&v->d, str_of(forms[i].form))) {
            page->prints.v[page->prints.n++] = (struct tpl_onestop_dossier_prints){
                .href =
                    str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64 "/in/%s", v->d.id, forms[i].form),
                .word = text(cx, forms[i].word),
            };
        }
    }
}

enum err
onestop_print(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct dossier d;
    struct str pdf;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(onestop_open(cx, id, &d));
    TRY(access_require_in(cx, "dossier.print", d.unit));
    TRY(dossier_print(cx, &d, web_param(rq, "form"), &pdf));
    return send_pdf(cx, rs, &d, "print", pdf);
}
