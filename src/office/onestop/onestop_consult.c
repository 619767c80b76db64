/* onestop_consult.c: questions to another unit: asking, answering with a paper, taking back. */
#include "office/onestop/onestop_int.h"

#include "engine/calendar/calendar.h"
#include "engine/paper/paper.h"
#include "engine/unit/unit.h"

#define UNITS_MAX 400
#define DAY_END_S (17 * 3600)

/* --- the page --------------------------------------------------------------------------------- */
static void
add_unit(struct ctx *cx, struct tpl_onestop_dossier *page, const struct unit *u)
{
    if (u != NULL && page->units.n < UNITS_MAX) {
        page->units.v[page->units.n++] =
            (struct tpl_onestop_dossier_units){ .value = u->key, .label = pack_text(cx, u->name) };
    }
}

/* The step in which the unit asked answers, for its budget and clock; the processes of a pack have
 * one kind of it each. */
static const struct flow_step *
answering_step(const struct flow_process *process)
{
    const struct flow_step *v = NULL;
    size_t n = flow_steps(process, &v);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].action, STR("consult"))) {
            return &v[i];
        }
    }
    return NULL;
}

enum err
onestop_part_question(struct ctx *cx, struct onestop_view *v, const struct flow_process *process)
{
    static const enum unit_level levels[] = { UNIT_DEPARTMENT, UNIT_POLICE, UNIT_SOCIAL_INSURANCE,
                                              UNIT_COMMUNE };
    struct tpl_onestop_dossier *page = v->page;
    const struct unit *own = unit_by_key(cx, v->mine->unit);
    const struct flow_step *step = answering_step(process);
    page->units.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_units, UNITS_MAX);
    add_unit(cx, page, own);
    for (size_t k = 0; k < COUNT_OF(levels); k++) {
        const struct unit *const *u = NULL;
        size_t n = unit_list(cx, levels[k], calendar_today(cx), &u);
        for (size_t i = 0; i < n; i++) {
            add_unit(cx, page, u[i] == own ? NULL : u[i]);
        }
    }
    if (step == NULL) {
        return err_set(cx, ERR_INTERNAL, "process " STR_FMT " asks but nobody answers",
                       STR_ARG(flow_name(process)));
    }
    struct str hint = text_fill(cx, "onestop.consult.until.hint", "budget",
                                calendar_left_text(cx, step->budget_s), "due",
                                text_instant(cx, v->d.due_us), NULL);
    page->until_hint =
        str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(hint),
                STR_ARG(text(cx, step->is_clock_paused ? "onestop.consult.until.paused"
                                                       : "onestop.consult.until.runs")));
    return ERR_OK;
}

static struct str
word_of(struct ctx *cx, const struct dossier_opinion *o, struct str *ret_kind)
{
    bool is_late = o->is_open && o->due_us < calendar_now_us(cx);
    *ret_kind = o->is_answered ? STR("ontime")
                : is_late      ? STR("late")
                : o->is_open   ? STR("wait")
                               : STR("paused");
    return text(cx, o->is_answered ? "onestop.opinion.given"
                    : is_late      ? "onestop.opinion.late"
                    : o->is_open   ? "onestop.opinion.waiting"
                                   : "onestop.opinion.ended");
}

enum err
onestop_part_opinions(struct ctx *cx, struct onestop_view *v)
{
    struct dossier_opinion *o = NULL;
    struct tpl_onestop_dossier *page = v->page;
    size_t n = 0;
    TRY(dossier_opinions(cx, &v->d, &o, &n));
    page->opinions.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_opinions, n);
    for (size_t i = 0; i < n; i++) {
        bool is_mine = v->mine != NULL && v->mine->id == o[i].task;
        struct flow_task t = { .id = o[i].task };
        struct str asked =
            text_fill(cx, "onestop.opinion.asked", "who", o[i].asked_by, "unit",
                      unit_name(cx, o[i].from_unit), "at", text_instant(cx, o[i].asked_us), NULL);
        if (is_mine) {
            page->is_answering = true;
            page->asked.question = o[i].question;
            page->asked.by = asked;
            continue;
        }
        struct tpl_onestop_dossier_opinions *out = &page->opinions.v[page->opinions.n++];
        *out = (struct tpl_onestop_dossier_opinions){
            .from = asked,
            .to = unit_name(cx, o[i].unit),
            .question = o[i].question,
            .due = o[i].is_open ? text_fill(cx, "onestop.opinion.due", "at",
                                            text_instant(cx, o[i].due_us), NULL)
                                : STR_NULL,
            .answer = o[i].is_answered ? o[i].answer : STR_NULL,
            .by = o[i].is_answered
                      ? text_fill(cx, "onestop.opinion.answered", "who", o[i].answered_by, "at",
                                  text_instant(cx, o[i].answered_us), NULL)
                      : STR_NULL,
            .task = onestop_id(cx, o[i].task),
            .version = onestop_id(cx, o[i].version),
        };
        out->word = word_of(cx, &o[i], &out->kind);
        if (o[i].is_open) {
            TRY(flow_task_by_id(cx, o[i].task, &t));
            out->can_recall = dossier_may_recall(cx, &t);
        }
    }
    return ERR_OK;
}

/* --- acts ------------------------------------------------------------------------------------- */
enum err
onestop_consult(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct date day;
    struct dossier_question q = { .version = web_int(rq, "version"),
                                  .unit = web_text(rq, "unit"),
                                  .question = web_text(rq, "question") };
    TRY(web_param_id(cx, rq, "task", &q.task));
    if (date_parse(web_text(rq, "until"), &day)) {
        q.until_us = date_to_us_vn(day, DAY_END_S);
    }
    return onestop_finish(cx, rq, rs, dossier_consult(cx, &q), "onestop.flash.consulted");
}

/* The paper first: when it is refused, nothing has been answered yet; the same file again is the
 * same paper. */
static enum err
keep_paper(struct ctx *cx, const struct web_req *rq, const struct flow_task *t)
{
    const struct web_file *f = web_file(rq, "opinion_file");
    struct dossier d;
    struct paper p;
    if (f == NULL || (f->bytes.n == 0 && f->path.p == NULL)) {
        return ERR_OK;
    }
    TRY(dossier_get(cx, t->subject_id, &d));
    if (!dossier_may_do(cx, t, &d)) {
        return err_set(cx, ERR_FORBIDDEN, "task %" PRId64 " is not this officer's", t->id);
    }
    struct paper_new in = { .owner_id = d.party,
                            .dossier_id = d.id,
                            .requirement = STR(ONESTOP_OPINION),
                            .name = f->filename,
                            .captured_by = str_fmt(cx->arena, "officer:%" PRId64, cx->who.account),
                            .bytes = f->bytes,
                            .path = f->path,
                            .field = STR("opinion_file") };
    return paper_add(cx, &in, &p);
}

enum err
onestop_opinion(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct flow_task t;
    int64_t id = 0;
    struct str answer = web_text(rq, "opinion");
    TRY(web_param_id(cx, rq, "task", &id));
    TRY(flow_task_by_id(cx, id, &t));
    if (!str_is_empty(str_trim(answer)) && str_eq(t.state, STR("open"))) {
        TRY(keep_paper(cx, rq, &t));
    }
    enum err e = dossier_give_opinion(cx, id, web_int(rq, "version"), answer);
    return onestop_finish(cx, rq, rs, e, "onestop.flash.opinion");
}

enum err
onestop_recall(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct flow_task t;
    TRY(web_param_id(cx, rq, "task", &id));
    enum err e =
        dossier_consult_recall(cx, id, web_int(rq, "version"), web_text(rq, "recall_reason"));
    TRY(onestop_finish(cx, rq, rs, e, "onestop.flash.recalled"));
    if (e != ERR_OK) {
        return ERR_OK;
    }
    TRY(flow_task_by_id(cx, id, &t));
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, t.subject_id);
}
