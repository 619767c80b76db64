/* filing_act.c: what the applicant does after filing: adds what was asked for, confirms or corrects
 * a draft, withdraws, rates. */
#include "codec/json.h"
#include "engine/access/access.h"
#include "engine/unit/unit.h"
#include "gen/tpl_filing.h"
#include "office/filing/filing_int.h"

#define STARS_MAX 5

static struct str
id_text(struct ctx *cx, const struct dossier *d)
{
    return str_fmt(cx->arena, "%" PRId64, d->id);
}

static enum err
require_waits(struct ctx *cx, const struct dossier *d, const char *action)
{
    return filing_waits(cx, d, action)
               ? ERR_OK
               : err_set(cx, ERR_CONFLICT, "dossier %" PRId64 " does not wait for %s", d->id,
                         action);
}

/* --- supplement
 * --------------------------------------------------------------------------------------- */
static struct str
paper_name(struct ctx *cx, const struct dossier *d, struct str id)
{
    const struct procedure *p = NULL;
    if (dossier_procedure(cx, d, &p) != ERR_OK) {
        return id;
    }
    for (size_t i = 0; i < p->n_papers; i++) {
        if (str_eq(p->papers[i].id, id)) {
            return pack_text(cx, p->papers[i].name);
        }
    }
    return id;
}

static void
fill_items(struct ctx *cx, const struct dossier *d, struct str items,
           struct tpl_filing_supplement *data)
{
    struct json *list = NULL;
    struct json_fault fault;
    if (json_parse(cx->arena, items, (struct json_limits){ 0 }, &list, &fault) != ERR_OK) {
        return;
    }
    data->items.v = ARENA_ARRAY(cx->arena, struct tpl_filing_supplement_items, list->n);
    for (JSON_EACH(list, it)) {
        struct str paper = json_text(it, "paper");
        data->items.v[data->items.n++] = (struct tpl_filing_supplement_items){
            .name = str_is_empty(paper) ? STR_NULL : paper_name(cx, d, paper),
            .words = json_text(it, "text"),
        };
    }
}

static void
fill_new_papers(struct ctx *cx, const struct dossier *d, int64_t since_us,
                struct tpl_filing_supplement *data)
{
    struct paper *v = NULL;
    size_t n = 0;
    if (paper_list(cx, d->id, &v, &n) != ERR_OK) {
        return;
    }
    data->papers.v = ARENA_ARRAY(cx->arena, struct tpl_filing_supplement_papers, n);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].state, STR("kept")) && v[i].received_us >= since_us) {
            data->papers.v[data->papers.n++] =
                (struct tpl_filing_supplement_papers){ .name = v[i].name,
                                                       .facts = filing_paper_facts(cx, &v[i]) };
        }
    }
}

/* The request that has no answer yet. */
static enum err
open_supplement(struct ctx *cx, const struct dossier *d, struct dossier_supplement *ret)
{
    struct dossier_supplement *v = NULL;
    size_t n = 0;
    TRY(dossier_supplements(cx, d->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (v[i].answered_us == 0) {
            *ret = v[i];
            return ERR_OK;
        }
    }
    return err_set(cx, ERR_CONFLICT, "nothing is asked for dossier %" PRId64, d->id);
}

enum err
filing_supplement(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct dossier_supplement s;
    struct tpl_filing_supplement *data = ARENA_NEW(cx->arena, struct tpl_filing_supplement);
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(open_supplement(cx, &d, &s));
    data->id = id_text(cx, &d);
    data->number = d.number;
    data->unit = unit_name(cx, d.unit);
    data->asked = text_instant(cx, s.asked_us);
    data->reason = s.reason;
    data->max_mb = (int64_t)(PAPER_BYTES_MAX >> 20);
    fill_items(cx, &d, s.items, data);
    fill_new_papers(cx, &d, s.asked_us, data);
    web_title(rs, text(cx, "filing.do.supplement"));
    return web_page(cx, rs, &tpl_filing_supplement_t, data);
}

enum err
filing_supplement_file(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    size_t n = 0;
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(require_waits(cx, &d, "supplement"));
    struct paper_new like = {
        .owner_id = d.party, .dossier_id = d.id, .requirement = STR("bo-sung"), .field = STR("tep")
    };
    if (rq->n_files == 0) {
        ctx_problem(cx, STR("tep"), STR("filing.paper.none"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(filing_take_files(cx, rq, &like, &n));
    web_flash(cx, rs, "filing.paper.taken");
    return web_see_other(cx, rs, "/ho-so/%" PRId64 "/bo-sung", d.id);
}

enum err
filing_supplement_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(dossier_answer_supplement(cx, d.id, web_text(rq, "loi_nhan")));
    web_flash(cx, rs, "filing.supplement.sent");
    return web_see_other(cx, rs, "/ho-so/%" PRId64, d.id);
}

/* --- draft certificate
 * -------------------------------------------------------------------------------- */
enum err
filing_confirm(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct tpl_filing_confirm *data = ARENA_NEW(cx->arena, struct tpl_filing_confirm);
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(require_waits(cx, &d, "confirm"));
    data->id = id_text(cx, &d);
    data->number = d.number;
    data->unit = unit_name(cx, d.unit);
    web_title(rs, text(cx, "filing.do.confirm"));
    return web_page(cx, rs, &tpl_filing_confirm_t, data);
}

enum err
filing_confirm_pdf(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct str pdf;
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(require_waits(cx, &d, "confirm"));
    TRY(dossier_result_preview(cx, d.id, &pdf));
    return web_bytes(cx, rs, pdf, STR("application/pdf"), STR_NULL);
}

enum err
filing_confirm_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct str words = str_trim(web_text(rq, "sua"));
    bool is_right = str_eq(web_text(rq, "dung"), STR("yes"));
    TRY(filing_dossier(cx, rq, rs, &d));
    if (!is_right && str_is_empty(words)) {
        ctx_problem(cx, STR("sua"), STR("filing.confirm.words"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(dossier_answer_draft(cx, d.id, is_right ? STR_NULL : words));
    web_flash(cx, rs, is_right ? "filing.confirm.done" : "filing.confirm.corrected");
    return web_see_other(cx, rs, "/ho-so/%" PRId64, d.id);
}

/* --- withdrawal, rating
 * ------------------------------------------------------------------------------- */
enum err
filing_withdraw(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct tpl_filing_withdraw *data = ARENA_NEW(cx->arena, struct tpl_filing_withdraw);
    TRY(filing_dossier(cx, rq, rs, &d));
    data->id = id_text(cx, &d);
    data->number = d.number;
    data->procedure = filing_procedure_name(cx, &d);
    data->is_paid = d.fee_vnd > 0 && d.is_paid;
    web_title(rs, text(cx, "filing.do.withdraw"));
    return web_page(cx, rs, &tpl_filing_withdraw_t, data);
}

enum err
filing_withdraw_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(dossier_withdraw(cx, d.id, web_text(rq, "vi_sao")));
    web_flash(cx, rs, "filing.withdrawn");
    return web_see_other(cx, rs, "/ho-so/%" PRId64, d.id);
}

enum err
filing_rate(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct tpl_filing_rate *data = ARENA_NEW(cx->arena, struct tpl_filing_rate);
    TRY(filing_dossier(cx, rq, rs, &d));
    if (d.finished_us == 0 || d.rating != 0) {
        return web_see_other(cx, rs, "/ho-so/%" PRId64, d.id);
    }
    data->id = id_text(cx, &d);
    data->number = d.number;
    data->procedure = filing_procedure_name(cx, &d);
    data->choices.v = ARENA_ARRAY(cx->arena, struct tpl_filing_rate_choices, STARS_MAX);
    for (int i = STARS_MAX; i >= 1; i--) {
        data->choices.v[data->choices.n++] = (struct tpl_filing_rate_choices){
            .value = str_fmt(cx->arena, "%d", i),
            .label = text_find(cx, str_fmt(cx->arena, "filing.stars.%d", i)),
        };
    }
    web_title(rs, text(cx, "filing.do.rate"));
    return web_page(cx, rs, &tpl_filing_rate_t, data);
}

enum err
filing_rate_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct str words = web_text(rq, "loi");
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(dossier_rate(cx, d.id, (int32_t)web_int(rq, "stars"), words.p == NULL ? STR("") : words));
    web_flash(cx, rs, "filing.rated");
    return web_see_other(cx, rs, "/ho-so/%" PRId64, d.id);
}
