/* filing_page.c: the task list and the form, one topic a page. What is typed is stored in every
 * case; only then is it judged. */
#include "codec/json.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "gen/tpl_filing.h"
#include "office/filing/filing_int.h"
#include "store/store.h"

#define FIELDS_BYTES ((size_t)512 << 10)

static struct str
applicant_name(struct ctx *cx, const struct filing *f)
{
    struct party p;
    bool is_own = cx->actor != NULL && f->d.party == cx->actor->party;
    return !is_own && f->d.party != 0 && party_get(cx, f->d.party, &p) == ERR_OK ? p.name
                                                                                 : STR_NULL;
}

enum err
filing_tasks(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    struct tpl_filing_tasks *data = ARENA_NEW(cx->arena, struct tpl_filing_tasks);
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    FILING_STEPS(cx, &f, STR_NULL, data, struct tpl_filing_tasks_steps);
    TRY(filing_next(cx, &f, NULL, &data->next));
    data->id = str_fmt(cx->arena, "%" PRId64, f.d.id);
    data->procedure = procedure_short_name(cx, f.p);
    data->official = pack_text(cx, f.p->name);
    data->unit = unit_name(cx, f.d.unit);
    data->moved_from = filing_moved(cx, &f);
    data->saved_at = text_instant(cx, f.d.updated_us);
    data->applicant = applicant_name(cx, &f);
    for (size_t i = 0; i < data->steps.n; i++) {
        data->n_done += str_eq(data->steps.v[i].state, STR("done")) ? 1 : 0;
    }
    data->n_all = (int64_t)data->steps.n;
    web_title(rs, data->procedure);
    return web_page(cx, rs, &tpl_filing_tasks_t, data);
}

enum err
filing_drop(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(dossier_draft_drop(cx, id, cx->who.session));
    web_flash(cx, rs, "filing.dropped");
    return web_see_other(cx, rs, "/toi");
}

/* --- one page
 * ----------------------------------------------------------------------------------------- */
enum err
filing_open_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct filing *f,
                 const struct form_page **ret)
{
    TRY(filing_open(cx, rq, rs, f));
    *ret = f->d.dossier != 0 ? NULL : form_page_find(f->form, web_param(rq, "page"));
    if (f->d.dossier == 0 && *ret == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "form has no such page");
    }
    return ERR_OK;
}

static enum err
show_page(struct ctx *cx, struct web_resp *rs, struct filing *f, const struct form_page *page,
          struct tpl_filing_page *data)
{
    struct buf b = buf_new(cx->arena, FIELDS_BYTES);
    struct form_links links = {
        .contest = filing_may_know(cx, f->d.party)
                       ? str_fmt(cx->arena, "/nhap/%" PRId64 "/sai/{path}", f->d.id)
                       : STR_NULL,
        .lookup = str_fmt(cx->arena, "/nhap/%" PRId64 "/trang/" STR_FMT "/tra/{id}", f->d.id,
                          STR_ARG(form_page_id(page))),
    };
    FILING_STEPS(cx, f, str_cat(cx->arena, STR("trang/"), form_page_id(page)), data,
                 struct tpl_filing_page_steps);
    form_render_page(cx, &f->st, page, &f->env, &links, &b);
    data->id = str_fmt(cx->arena, "%" PRId64, f->d.id);
    data->page = form_page_id(page);
    data->title = form_page_title(cx, page);
    data->procedure = procedure_short_name(cx, f->p);
    data->n_all = (int64_t)data->steps.n;
    for (size_t i = 0; i < data->steps.n && data->n_here == 0; i++) {
        data->n_here = data->steps.v[i].is_current ? (int64_t)i + 1 : 0;
    }
    data->fields = buf_str(&b);
    data->moved_from = filing_moved(cx, f);
    data->unit = unit_name(cx, f->d.unit);
    web_title(rs, data->title);
    return web_page(cx, rs, &tpl_filing_page_t, data);
}

/* What was typed stays typed, also when the table of the route refused something. */
static void
take_typed(struct ctx *cx, const struct web_req *rq, struct filing *f, const struct form_page *page)
{
    bool is_button = false;
    uint32_t n_problems = cx->n_problems;
    if (rq->is_again && rq->n_pairs == 0 && rq->n_typed > 0) {
        enum err e = form_read_page(cx, &f->st, page, &f->env, rq->typed, rq->n_typed, &is_button);
        cx->n_problems = e == ERR_OK ? n_problems : cx->n_problems;
    }
}

enum err
filing_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    const struct form_page *page = NULL;
    TRY(filing_open_page(cx, rq, rs, &f, &page));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    struct tpl_filing_page *data = ARENA_NEW(cx->arena, struct tpl_filing_page);
    data->v = filing_mark(cx, &f, page);
    take_typed(cx, rq, &f, page);
    return show_page(cx, rs, &f, page, data);
}

/* Somebody saved this page from another device since it was opened: both versions are shown,
 * nothing is overwritten before the person chose. */
enum err
filing_conflict(struct ctx *cx, struct web_resp *rs, struct filing *f, const struct form_page *page,
                const struct web_req *rq)
{
    struct tpl_filing_page *data = ARENA_NEW(cx->arena, struct tpl_filing_page);
    struct form_row *before = NULL;
    bool is_button = false;
    if (rq->is_api) {
        return err_set(cx, ERR_CONFLICT, "page changed elsewhere");
    }
    size_t n = form_rows(cx, &f->st, &f->env, &before);
    data->v = filing_mark(cx, f, page);
    data->others.v = ARENA_ARRAY(cx->arena, struct tpl_filing_page_others, n);
    for (size_t i = 0; i < n; i++) {
        if (before[i].page == page && !str_is_empty(before[i].value)) {
            data->others.v[data->others.n++] =
                (struct tpl_filing_page_others){ .key = before[i].label, .value = before[i].value };
        }
    }
    data->changed_at = text_instant(cx, f->d.updated_us);
    enum err e = form_read_page(cx, &f->st, page, &f->env, rq->pairs, rq->n_pairs, &is_button);
    if (e != ERR_OK && e != ERR_INVALID) {
        return e;
    }
    web_status(rs, 409);
    return show_page(cx, rs, f, page, data);
}

/* What this request brings is stored already: the page's own autosave was under way when its button
 * was pressed. */
static bool
brings_what_is_stored(struct ctx *cx, const struct web_req *rq, const struct filing *f,
                      const struct form_page *page)
{
    struct filing copy = *f;
    uint32_t n_problems = cx->n_problems;
    bool is_button = false;
    if (form_state_load(cx, f->form, form_state_save(cx, &f->st), &copy.st) != ERR_OK) {
        return false;
    }
    enum err e = form_read_page(cx, &copy.st, page, &copy.env, rq->pairs, rq->n_pairs, &is_button);
    cx->n_problems = n_problems;
    return (e == ERR_OK || e == ERR_INVALID) && !is_button &&
           str_eq(filing_mark(cx, f, page), filing_mark(cx, &copy, page));
}

bool
filing_is_changed_elsewhere(struct ctx *cx, const struct web_req *rq, const struct filing *f,
                            const struct form_page *page)
{
    struct str seen = web_text(rq, "v");
    return !str_is_empty(seen) && !str_eq(seen, filing_mark(cx, f, page)) &&
           !brings_what_is_stored(cx, rq, f, page);
}

/* What this page tells may fill others: the mother who files is not asked for her name again. */
static void
refill(struct ctx *cx, struct filing *f)
{
    const struct form_source *sources = NULL;
    if (form_is_refilled(f->form)) {
        size_t n = filing_sources(cx, f->d.party, &sources);
        (void)form_refill(cx, &f->st, &f->env, sources, n);
    }
}

enum err
filing_page_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    const struct form_page *page = NULL;
    bool is_button = false;
    struct str next;
    TRY(filing_open_page(cx, rq, rs, &f, &page));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    if (filing_is_changed_elsewhere(cx, rq, &f, page)) {
        return filing_conflict(cx, rs, &f, page, rq);
    }
    enum err e = form_read_page(cx, &f.st, page, &f.env, rq->pairs, rq->n_pairs, &is_button);
    if (e != ERR_OK && e != ERR_INVALID) {
        return e;
    }
    refill(cx, &f);
    TRY(filing_save(cx, &f));
    if (web_bool(rq, "sau")) {
        cx->n_problems = 0;
        web_flash(cx, rs, "filing.saved");
        return web_see_other(cx, rs, "/nhap/%" PRId64, f.d.id);
    }
    if (is_button) {
        return web_see_other(cx, rs, "/nhap/%" PRId64 "/trang/" STR_FMT, f.d.id,
                             STR_ARG(form_page_id(page)));
    }
    TRY(e);
    TRY(filing_next(cx, &f, page, &next));
    return web_see_other(cx, rs, STR_FMT, STR_ARG(next));
}

/* From the script, after each pause in typing: stores, judges nothing, answers the new mark. */
enum err
filing_autosave(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    const struct form_page *page = NULL;
    bool is_button = false;
    TRY(filing_open_page(cx, rq, rs, &f, &page));
    if (f.d.dossier != 0 || filing_is_changed_elsewhere(cx, rq, &f, page)) {
        return err_set(cx, ERR_CONFLICT, "page changed elsewhere");
    }
    enum err e = form_read_page(cx, &f.st, page, &f.env, rq->pairs, rq->n_pairs, &is_button);
    if (e != ERR_OK && e != ERR_INVALID) {
        return e;
    }
    cx->n_problems = 0;
    TRY(filing_save(cx, &f));
    struct str v = filing_mark(cx, &f, page);
    return web_bytes(cx, rs, str_fmt(cx->arena, "{\"v\":\"" STR_FMT "\"}", STR_ARG(v)),
                     STR("application/json"), STR_NULL);
}

/* --- contest of a prefilled value
 * --------------------------------------------------------------------- */
static enum err
find_row(struct ctx *cx, const struct web_req *rq, const struct filing *f, struct form_row *ret)
{
    struct form_row *rows = NULL;
    size_t n = form_rows(cx, &f->st, &f->env, &rows);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(rows[i].path, web_param(rq, "path"))) {
            *ret = rows[i];
            return ERR_OK;
        }
    }
    return err_set(cx, ERR_NOT_FOUND, "no such answer");
}

enum err
filing_contest(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    struct form_row row;
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    TRY(find_row(cx, rq, &f, &row));
    struct tpl_filing_contest *data = ARENA_NEW(cx->arena, struct tpl_filing_contest);
    data->id = str_fmt(cx->arena, "%" PRId64, f.d.id);
    data->path = row.path;
    data->page = row.page_id;
    data->label = row.label;
    data->value = row.value;
    data->source = row.source;
    web_title(rs, text(cx, "filing.contest"));
    return web_page(cx, rs, &tpl_filing_contest_t, data);
}

/* The field of the record that an answer was taken from, so that the correction can be written
 * there: "person.full_name" is its name. Null: it came from elsewhere, or is a commune. */
static struct str
record_field(const struct filing *f, struct str path, const struct party *owner)
{
    struct str from = json_text(json_get_str_key(f->st.marks, path), "from");
    struct str before = str_eq(owner->kind, STR("org")) ? STR("business.") : STR("person.");
    if (!str_starts(from, before)) {
        return STR_NULL; /* of who speaks for the organisation, of another register */
    }
    struct str name = str_slice(from, before.n, from.n);
    if (str_eq(name, STR("address"))) {
        return str_ends(path, STR(".line")) ? name : STR_NULL;
    }
    name = str_eq(name, STR("full_name")) ? STR("name") : name;
    return party_field(owner, name).p == NULL ? STR_NULL : name;
}

struct contest_job {
    int64_t party;
    struct str field, wanted, reason;
};

static enum err
contest_tx(struct ctx *cx, void *arg)
{
    const struct contest_job *job = arg;
    struct ledger_new e = { .kind = "person.correction_asked",
                            .subject = job->party,
                            .note = job->field };
    TRY(party_correction_ask(cx, job->party, job->field, job->wanted, job->reason));
    return ledger_add(cx, &e);
}

enum err
filing_contest_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    struct form_row row;
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    TRY(find_row(cx, rq, &f, &row));
    if (!filing_may_know(cx, f.d.party)) {
        return err_set(cx, ERR_FORBIDDEN, "not one's own data");
    }
    struct str why = web_text(rq, "vi_sao");
    struct party owner;
    TRY(party_get(cx, f.d.party, &owner));
    struct str field = record_field(&f, row.path, &owner);
    struct str wanted = web_text(rq, "dung");
    const char *wrong = field.p == NULL
                            ? NULL
                            : party_correct(cx->arena, &owner, field, wanted, calendar_today(cx));
    if (wrong != NULL) {
        ctx_problem(cx, STR("dung"), str_of(wrong), STR_NULL);
    }
    TRY(ctx_check(cx));
    struct contest_job job = { .party = owner.id,
                               .field = field.p == NULL ? row.label : field,
                               .wanted = wanted,
                               .reason = why.p == NULL ? STR("") : why };
    TRY(store_write(cx, contest_tx, &job));
    web_flash(cx, rs, "filing.contest.sent");
    return web_see_other(cx, rs, "/nhap/%" PRId64 "/trang/" STR_FMT "#a." STR_FMT, f.d.id,
                         STR_ARG(row.page_id), STR_ARG(row.path));
}
