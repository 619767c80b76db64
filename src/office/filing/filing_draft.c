/* filing_draft.c: a draft as its pages see it. */
#include "crypto/digest.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "office/filing/filing_int.h"

#define MARK_CHARS  16
#define MARK_BYTES  ((size_t)256 << 10)
#define SOURCES_MAX 48

enum err
filing_open(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct filing *ret)
{
    int64_t id = 0;
    *ret = (struct filing){ 0 };
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(dossier_draft_get(cx, id, cx->who.session, &ret->d));
    if (ret->d.dossier != 0) {
        return ERR_OK;
    }
    ret->p = procedure_at(cx, ret->d.procedure, calendar_today(cx));
    ret->form = ret->p == NULL ? NULL : form_find(pack_now(cx), ret->p->form);
    if (ret->form == NULL) {
        return err_set(cx, ERR_GONE, "procedure " STR_FMT " ended", STR_ARG(ret->d.procedure));
    }
    ret->env = dossier_form_env(cx, &ret->d);
    TRY(form_state_load(cx, ret->form, ret->d.form, &ret->st));
    if (cx->actor != NULL && ret->d.party != 0 && ret->d.party != cx->actor->party) {
        web_reads_person(cx, rs, ret->d.party, "filing.for_another", ret->d.procedure);
    }
    web_crumb(cx, rs, str_fmt(cx->arena, "/thu-tuc/" STR_FMT, STR_ARG(ret->p->code)),
              procedure_short_name(cx, ret->p));
    return ERR_OK;
}

enum err
filing_is_over(struct ctx *cx, struct web_resp *rs, const struct filing *f)
{
    return web_see_other(cx, rs, "/ho-so/%" PRId64, f->d.dossier);
}

enum err
filing_save(struct ctx *cx, struct filing *f)
{
    f->d.form = form_state_save(cx, &f->st);
    return dossier_draft_save(cx, &f->d);
}

enum err
filing_next(struct ctx *cx, struct filing *f, const struct form_page *after, struct str *ret)
{
    struct dossier_check check;
    f->env = dossier_form_env(cx, &f->d);
    const struct form_page *page = form_next_page(cx, &f->st, &f->env, after);
    if (page != NULL) {
        *ret = str_fmt(cx->arena, "/nhap/%" PRId64 "/trang/" STR_FMT, f->d.id,
                       STR_ARG(form_page_id(page)));
        return ERR_OK;
    }
    TRY(dossier_draft_check(cx, &f->d, &check));
    const char *part = !check.are_papers_done   ? "giay-to"
                       : !check.is_collect_done ? "nhan"
                                                : "xem-lai";
    *ret = str_fmt(cx->arena, "/nhap/%" PRId64 "/%s", f->d.id, part);
    return ERR_OK;
}

bool
filing_is_linked(struct ctx *cx, int64_t party)
{
    static const char *const kinds[] = { "represents", "parent", "guardian", "spouse" };
    struct date today = calendar_today(cx);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (party_is_linked(cx, kinds[i], cx->actor->party, party, today)) {
            return true;
        }
    }
    return false;
}

bool
filing_may_know(struct ctx *cx, int64_t party)
{
    const struct actor *me = cx->actor;
    return me != NULL && party != 0 && (me->party == party || filing_is_linked(cx, party));
}

/* Own data of a person; for an organisation its data and those of who speaks for it. */
size_t
filing_sources(struct ctx *cx, int64_t party, const struct form_source **ret)
{
    struct party p;
    const struct form_source *own = NULL;
    const struct form_source *speaker = NULL;
    *ret = NULL;
    if (!filing_may_know(cx, party) || party_get(cx, party, &p) != ERR_OK) {
        return 0;
    }
    size_t n = dossier_prefill_sources(cx, party, &own);
    if (!str_eq(p.kind, STR("org"))) {
        *ret = own;
        return n;
    }
    size_t n_speaker = dossier_prefill_sources(cx, cx->actor->party, &speaker);
    struct form_source *all = ARENA_ARRAY(cx->arena, struct form_source, SOURCES_MAX);
    size_t n_all = 0;
    for (size_t i = 0; i < n && n_all < SOURCES_MAX; i++) {
        if (str_starts(own[i].name, STR("business."))) {
            all[n_all++] = own[i];
        }
    }
    for (size_t i = 0; i < n_speaker && n_all < SOURCES_MAX; i++) {
        all[n_all++] = speaker[i];
    }
    *ret = all;
    return n_all;
}

struct str
filing_moved(struct ctx *cx, const struct filing *f)
{
    return str_is_empty(f->d.moved_from) ? STR_NULL : unit_name(cx, f->d.moved_from);
}

struct str
filing_mark(struct ctx *cx, const struct filing *f, const struct form_page *page)
{
    struct form_row *rows = NULL;
    struct buf b = buf_new(cx->arena, MARK_BYTES);
    size_t n = form_rows(cx, &f->st, &f->env, &rows);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].page == page) {
            buf_add(&b, rows[i].path);
            buf_add_char(&b, '=');
            buf_add(&b, rows[i].value);
            buf_add_char(&b, '\n');
        }
    }
    return str_slice(digest_sha256_hex(cx->arena, buf_str(&b)), 0, MARK_CHARS);
}

/* --- steps
 * ------------------------------------------------------------------------------------------- */
static struct filing_step
step(struct ctx *cx, const struct filing *f, const char *part, struct str title, bool is_done)
{
    return (struct filing_step){ .title = title,
                                 .href = str_fmt(cx->arena, "/nhap/%" PRId64 "/%s", f->d.id, part),
                                 .state = is_done ? STR("done") : STR("todo"),
                                 .word = is_done ? text(cx, "filing.state.done")
                                                 : text(cx, "filing.state.todo") };
}

static struct filing_step
form_step(struct ctx *cx, const struct filing *f, const struct form_task *t)
{
    bool is_begun = t->state == FORM_IN_PROGRESS;
    char *part = str_z(cx->arena, str_cat(cx->arena, STR("trang/"), t->id));
    struct filing_step s = step(cx, f, part, t->title, t->state == FORM_DONE);
    if (is_begun) {
        s.state = STR("draft");
        s.word = text(cx, "filing.state.begun");
    }
    return s;
}

enum err
filing_steps(struct ctx *cx, struct filing *f, struct str here, struct filing_step **ret,
             size_t *ret_n)
{
    struct dossier_check check;
    struct form_task *tasks = NULL;
    size_t n_tasks = form_tasks(cx, &f->st, &f->env, &tasks);
    struct filing_step *v = ARENA_ARRAY(cx->arena, struct filing_step, n_tasks + 3);
    size_t n = 0;
    f->d.form = form_state_save(cx, &f->st);
    TRY(dossier_draft_check(cx, &f->d, &check));
    for (size_t i = 0; i < n_tasks; i++) {
        if (tasks[i].state != FORM_HIDDEN) {
            v[n] = form_step(cx, f, &tasks[i]);
            v[n++].is_current = str_eq(here, str_cat(cx->arena, STR("trang/"), tasks[i].id));
        }
    }
    v[n] = step(cx, f, "giay-to", text(cx, "filing.papers"), check.are_papers_done);
    v[n++].is_current = str_eq(here, STR("giay-to"));
    v[n] = step(cx, f, "nhan", text(cx, "filing.collect"), check.is_collect_done);
    v[n++].is_current = str_eq(here, STR("nhan"));
    v[n] = step(cx, f, "xem-lai", text(cx, "filing.check"), false);
    if (!check.is_complete) {
        v[n].state = STR("next");
        v[n].word = text(cx, "filing.state.later");
    }
    v[n++].is_current = str_eq(here, STR("xem-lai"));
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}
