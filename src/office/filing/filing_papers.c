/* filing_papers.c: papers of a draft: chosen, photographed or dragged; without a script one form
 * for each paper; reuse of what the platform holds. */
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "gen/tpl_filing.h"
#include "office/filing/filing_int.h"
#include "sys/sys.h"

#define RECORDS_MAX 20
#define HASH_SHOWN  8

struct str
filing_paper_facts(struct ctx *cx, const struct paper *p)
{
    return text_fill(cx, "filing.paper.facts", "pages", text_number(cx, p->pages), "kb",
                     text_number(cx, (p->size_bytes + 1023) / 1024), "hash",
                     str_slice(p->hash, 0, HASH_SHOWN), NULL);
}

static bool
is_kept_for(const struct paper *p, struct str requirement)
{
    return str_eq(p->state, STR("kept")) && str_eq(p->requirement, requirement);
}

static void
add_given(struct ctx *cx, const struct paper *given, size_t n, struct tpl_filing_papers_papers *row)
{
    row->given.v = ARENA_ARRAY(cx->arena, struct tpl_filing_papers_papers_given, n);
    for (size_t i = 0; i < n; i++) {
        if (is_kept_for(&given[i], row->paper)) {
            row->given.v[row->given.n++] = (struct tpl_filing_papers_papers_given){
                .paper_id = str_fmt(cx->arena, "%" PRId64, given[i].id),
                .name = given[i].name,
                .facts = filing_paper_facts(cx, &given[i]),
                .hash = given[i].hash,
                .is_record = given[i].record_id != 0,
            };
        }
    }
}

static bool
is_given_record(const struct paper *given, size_t n, int64_t record)
{
    for (size_t i = 0; i < n; i++) {
        if (given[i].record_id == record && str_eq(given[i].state, STR("kept"))) {
            return true;
        }
    }
    return false;
}

/* The owner's own store, that of somebody one speaks for, or, for an officer who fills in with the
 * person's consent, by the permission for it. */
static bool
may_use_records(struct ctx *cx, const struct filing *f)
{
    const struct actor *me = cx->actor;
    bool is_helped = false;
    if (me != NULL && me->is_officer && f->d.assisted_by == me->account && f->d.party != 0 &&
        dossier_is_helped(cx, f->d.id, &is_helped) != ERR_OK) {
        is_helped = false;
    }
    return filing_may_know(cx, f->d.party) || (is_helped && access_may(cx, "record.reuse"));
}

/* What is in the owner's records store and of this type: never asked for again. */
static enum err
add_records(struct ctx *cx, const struct filing *f, const struct procedure_paper *paper,
            const struct paper *given, size_t n_given, struct tpl_filing_papers_papers *row)
{
    struct record *v = NULL;
    size_t n = 0;
    if (!paper->may_reuse || str_is_empty(paper->type) || !may_use_records(cx, f)) {
        return ERR_OK;
    }
    TRY(record_list(cx, f->d.party, paper->type, 0, RECORDS_MAX, &v, &n));
    row->records.v = ARENA_ARRAY(cx->arena, struct tpl_filing_papers_papers_records, n);
    for (size_t i = 0; i < n; i++) {
        if (record_is_usable(&v[i], calendar_today(cx)) &&
            !is_given_record(given, n_given, v[i].id)) {
            row->records.v[row->records.n++] = (struct tpl_filing_papers_papers_records){
                .record = str_fmt(cx->arena, "%" PRId64, v[i].id),
                .title = v[i].title,
                .issued = text_date_of(cx, v[i].issued),
                .issuer = v[i].issuer,
            };
        }
    }
    return ERR_OK;
}

static struct str
paper_state(struct ctx *cx, const struct dossier_need *need, struct str *ret_word)
{
    if (need->n_given > 0) {
        *ret_word = text(cx, "filing.paper.given");
        return STR("done");
    }
    *ret_word = need->is_needed ? text(cx, "filing.paper.needed") : text(cx, "filing.paper.if_any");
    return need->is_needed ? STR("todo") : STR("next");
}

static enum err
fill_rows(struct ctx *cx, const struct filing *f, struct tpl_filing_papers *data)
{
    struct dossier_check check;
    struct paper *given = NULL;
    size_t n_given = 0;
    TRY(dossier_draft_check(cx, &f->d, &check));
    TRY(paper_list(cx, f->d.id, &given, &n_given));
    data->papers.v = ARENA_ARRAY(cx->arena, struct tpl_filing_papers_papers, check.n_papers);
    data->at_counter.v =
        ARENA_ARRAY(cx->arena, struct tpl_filing_papers_at_counter, check.n_papers);
    for (size_t i = 0; i < check.n_papers; i++) {
        const struct procedure_paper *paper = &check.papers[i].paper;
        if (paper->is_shown) {
            data->at_counter.v[data->at_counter.n++].name = pack_text(cx, paper->name);
        }
        if (paper->is_shown || paper->is_by_form) {
            continue;
        }
        struct tpl_filing_papers_papers *row = &data->papers.v[data->papers.n++];
        row->paper = paper->id;
        row->field = str_cat(cx->arena, STR("paper."), paper->id);
        row->name = pack_text(cx, paper->name);
        row->note = pack_text(cx, paper->note);
        row->state = paper_state(cx, &check.papers[i], &row->word);
        add_given(cx, given, n_given, row);
        TRY(add_records(cx, f, paper, given, n_given, row));
    }
    return ERR_OK;
}

enum err
filing_papers(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    struct tpl_filing_papers *data = ARENA_NEW(cx->arena, struct tpl_filing_papers);
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    FILING_STEPS(cx, &f, STR("giay-to"), data, struct tpl_filing_papers_steps);
    data->id = str_fmt(cx->arena, "%" PRId64, f.d.id);
    data->max_mb = (int64_t)(PAPER_BYTES_MAX >> 20);
    data->max_n = PAPER_PER_DOSSIER_MAX;
    data->max_pages = PAPER_PDF_PAGES_MAX;
    data->is_scanned = !str_is_empty(cx->config->clamd_socket);
    data->moved_from = filing_moved(cx, &f);
    data->unit = unit_name(cx, f.d.unit);
    TRY(fill_rows(cx, &f, data));
    data->next = str_fmt(cx->arena, "/nhap/%" PRId64 "/nhan", f.d.id);
    web_title(rs, text(cx, "filing.papers"));
    return web_page(cx, rs, &tpl_filing_papers_t, data);
}

enum err
filing_take_files(struct ctx *cx, const struct web_req *rq, const struct paper_new *like,
                  size_t *ret_n)
{
    *ret_n = 0;
    for (size_t i = 0; i < rq->n_files; i++) {
        struct paper_new in = *like;
        struct paper made;
        in.name = rq->files[i].filename;
        in.bytes = rq->files[i].bytes;
        in.path = rq->files[i].path;
        in.captured_by = cx->actor->is_officer ? STR("officer") : STR("citizen");
        TRY(paper_add(cx, &in, &made));
        (*ret_n)++;
    }
    return ERR_OK;
}

static enum err
find_paper(struct ctx *cx, const struct filing *f, struct str id,
           const struct procedure_paper **ret)
{
    for (size_t i = 0; i < f->p->n_papers; i++) {
        if (str_eq(f->p->papers[i].id, id)) {
            *ret = &f->p->papers[i];
            return ERR_OK;
        }
    }
    return err_set(cx, ERR_NOT_FOUND, "procedure asks for no such paper");
}

enum err
filing_papers_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    const struct procedure_paper *paper = NULL;
    size_t n = 0;
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    TRY(find_paper(cx, &f, web_text(rq, "loai"), &paper));
    struct str field = str_cat(cx->arena, STR("paper."), paper->id);
    struct paper_new like = { .owner_id = f.d.party,
                              .dossier_id = f.d.id,
                              .requirement = paper->id,
                              .type = paper->type,
                              .field = field };
    if (rq->n_files == 0) {
        ctx_problem(cx, field, STR("filing.paper.none"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(filing_take_files(cx, rq, &like, &n));
    web_flash(cx, rs, "filing.paper.taken");
    return web_see_other(cx, rs, "/nhap/%" PRId64 "/giay-to#paper." STR_FMT, f.d.id,
                         STR_ARG(paper->id));
}

enum err
filing_paper_remove(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    int64_t paper = 0;
    TRY(filing_open(cx, rq, rs, &f));
    TRY(web_param_id(cx, rq, "paper", &paper));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    TRY(paper_remove(cx, paper, f.d.id));
    web_flash(cx, rs, "filing.paper.removed");
    return web_see_other(cx, rs, "/nhap/%" PRId64 "/giay-to", f.d.id);
}

enum err
filing_paper_reuse(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    const struct procedure_paper *paper = NULL;
    struct record r;
    struct paper made;
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    TRY(find_paper(cx, &f, web_text(rq, "loai"), &paper));
    TRY(record_by_id(cx, web_int(rq, "giay"), &r));
    if (!paper->may_reuse || !may_use_records(cx, &f)) {
        return err_set(cx, ERR_FORBIDDEN, "record may not be reused here");
    }
    struct paper_new in = { .owner_id = f.d.party,
                            .dossier_id = f.d.id,
                            .requirement = paper->id,
                            .type = paper->type,
                            .name = r.title,
                            .captured_by = STR("record") };
    TRY(paper_reuse(cx, &in, r.id, &made));
    web_flash(cx, rs, "filing.paper.reused");
    return web_see_other(cx, rs, "/nhap/%" PRId64 "/giay-to", f.d.id);
}

/* One's own upload, to look at it again. */
enum err
filing_paper_view(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    struct paper p;
    struct str bytes;
    int64_t id = 0;
    TRY(filing_open(cx, rq, rs, &f));
    TRY(web_param_id(cx, rq, "paper", &id));
    TRY(paper_by_id(cx, id, &p));
    if (p.dossier_id != f.d.id || !str_eq(p.state, STR("kept"))) {
        return err_set(cx, ERR_NOT_FOUND, "paper is not of this draft");
    }
    TRY(paper_view(cx, id, &p, &bytes));
    return web_bytes(cx, rs, bytes, p.media, STR_NULL);
}
