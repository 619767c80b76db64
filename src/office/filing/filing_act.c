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

/* Where a file for the item at this place of the list is kept: under the required paper it is, else
 * under the place. */
static struct str
slot_of(struct ctx *cx, const struct json *item, size_t place)
{
    struct str paper = json_text(item, "paper");
    return str_is_empty(paper) ? str_fmt(cx->arena, "bo-sung.%zu", place) : paper;
}

static struct json *
items_of(struct ctx *cx, struct str items)
{
    struct json *list = NULL;
    struct json_fault fault;
    bool is_list = json_parse(cx->arena, items, (struct json_limits){ 0 }, &list, &fault) == ERR_OK;
    return is_list ? list : NULL;
}

struct given {
    struct paper *v;
    size_t n;
    int64_t since_us;
};

static bool
is_new(const struct given *g, size_t i)
{
    return str_eq(g->v[i].state, STR("kept")) && g->v[i].received_us >= g->since_us;
}

/* Each thing asked for, with the files that were given for it since. */
static void
fill_items(struct ctx *cx, const struct dossier *d, struct str items, const struct given *g,
           struct tpl_filing_supplement *data)
{
    struct json *list = items_of(cx, items);
    size_t place = 0;
    data->items.v =
        ARENA_ARRAY(cx->arena, struct tpl_filing_supplement_items, list == NULL ? 0 : list->n);
    for (JSON_EACH(list, it)) {
        struct str paper = json_text(it, "paper");
        struct str slot = slot_of(cx, it, place);
        struct tpl_filing_supplement_items *row = &data->items.v[data->items.n++];
        *row = (struct tpl_filing_supplement_items){
            .place = str_fmt(cx->arena, "%zu", place++),
            .name = str_is_empty(paper) ? STR_NULL : paper_name(cx, d, paper),
            .words = json_text(it, "text"),
        };
        row->files.v = ARENA_ARRAY(cx->arena, struct tpl_filing_supplement_items_files, g->n);
        for (size_t i = 0; i < g->n; i++) {
            if (is_new(g, i) && str_eq(g->v[i].requirement, slot)) {
                row->files.v[row->files.n++] = (struct tpl_filing_supplement_items_files){
                    .file = g->v[i].name, .facts = filing_paper_facts(cx, &g->v[i])
                };
            }
        }
        row->is_given = row->files.n > 0;
        data->n_missing += row->is_given ? 0 : 1;
    }
}

/* Files that were sent for none of them. */
static void
fill_new_papers(struct ctx *cx, const struct given *g, struct tpl_filing_supplement *data)
{
    data->papers.v = ARENA_ARRAY(cx->arena, struct tpl_filing_supplement_papers, g->n);
    for (size_t i = 0; i < g->n; i++) {
        if (is_new(g, i) && str_eq(g->v[i].requirement, STR("bo-sung"))) {
            data->papers.v[data->papers.n++] =
                (struct tpl_filing_supplement_papers){ .name = g->v[i].name,
                                                       .facts = filing_paper_facts(cx, &g->v[i]) };
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
    struct given g = { .since_us = s.asked_us };
    TRY(paper_list(cx, d.id, &g.v, &g.n));
    fill_items(cx, &d, s.items, &g, data);
    fill_new_papers(cx, &g, data);
    web_title(rs, text(cx, "filing.do.supplement"));
    return web_page(cx, rs, &tpl_filing_supplement_t, data);
}

/* The place of an item in the open request -> where its files are kept; as it was when none is
 * named. */
static enum err
find_slot(struct ctx *cx, const struct dossier *d, struct str place, struct str *slot)
{
    struct dossier_supplement s;
    int64_t at = 0;
    size_t i = 0;
    TRY(open_supplement(cx, d, &s));
    struct json *list = items_of(cx, s.items);
    bool is_named = list != NULL && str_to_i64(place, 0, (int64_t)list->n - 1, &at);
    for (JSON_EACH(list, it)) {
        if (is_named && i++ == (size_t)at) {
            *slot = slot_of(cx, it, (size_t)at);
        }
    }
    return ERR_OK;
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
    TRY(find_slot(cx, &d, web_text(rq, "muc"), &like.requirement));
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
