/* onestop_actions.c: what the open task allows, as forms: outcomes, the one request for everything
 * missing, sending back, consultation, handing over, fields of the result. */
#include "office/onestop/onestop_int.h"

#include "codec/json.h"
#include "engine/calendar/calendar.h"
#include "engine/paper/paper.h"
#include "engine/print/print.h"

#define RETURNS_MAX 24
#define FIELDS_MAX  24

/* The words on a button: made for this action, or the pack's label. */
static struct str
outcome_word(struct ctx *cx, const struct flow_process *process, const struct flow_step *step,
             struct str outcome)
{
    struct str own = text_find(cx, str_fmt(cx->arena, "onestop.do." STR_FMT "." STR_FMT,
                                           STR_ARG(step->action), STR_ARG(outcome)));
    return own.p != NULL ? own : flow_outcome_text(cx, process, step->id, outcome);
}

/* Outcomes that have a form of their own are not plain buttons. */
static bool
has_own_form(const struct flow_step *step, struct str outcome)
{
    return str_eq(outcome, STR("supplement")) || str_eq(outcome, STR("consult")) ||
           str_eq(outcome, STR("sign")) || str_eq(step->action, STR("consult")) ||
           (str_eq(step->action, STR("return")) && str_eq(outcome, STR("done")));
}

static void
fill_outcomes(struct ctx *cx, struct onestop_view *v, const struct flow_process *process,
              const struct flow_step *step)
{
    struct tpl_onestop_dossier *page = v->page;
    page->outcomes.v =
        ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_outcomes, step->n_outcomes);
    page->reasons.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_reasons, step->n_outcomes);
    for (size_t i = 0; i < step->n_outcomes; i++) {
        struct str o = step->outcomes[i];
        bool has_reason =
            str_eq(o, STR("refuse")) || str_eq(o, STR("reject")) || str_eq(o, STR("return"));
        struct str word = outcome_word(cx, process, step, o);
        page->can_supplement = page->can_supplement || str_eq(o, STR("supplement"));
        page->can_consult = page->can_consult || str_eq(o, STR("consult"));
        page->can_sign = page->can_sign || str_eq(o, STR("sign"));
        if (has_own_form(step, o)) {
            continue;
        }
        if (has_reason) {
            page->reasons.v[page->reasons.n++] =
                (struct tpl_onestop_dossier_reasons){ .value = o, .word = word };
        } else {
            page->outcomes.v[page->outcomes.n] = (struct tpl_onestop_dossier_outcomes){
                .value = o, .word = word, .is_first = page->outcomes.n == 0
            };
            page->outcomes.n++;
        }
    }
    page->can_hand = str_eq(step->action, STR("return"));
}

/* Missing required papers are ticked already; every other paper may be asked for again. */
static enum err
fill_checklist(struct ctx *cx, struct onestop_view *v)
{
    struct dossier_need *needs = NULL;
    struct tpl_onestop_dossier *page = v->page;
    size_t n = 0;
    TRY(dossier_needs(cx, &v->d, &needs, &n));
    page->checklist.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_checklist, n);
    for (size_t i = 0; i < n; i++) {
        const struct dossier_need *need = &needs[i];
        if (need->paper.is_by_form) {
            continue;
        }
        bool is_missing = need->is_needed && need->n_given == 0;
        page->checklist.v[page->checklist.n++] = (struct tpl_onestop_dossier_checklist){
            .value = need->paper.id,
            .label = pack_text(cx, need->paper.name),
            .note = is_missing           ? text(cx, "onestop.paper.missing")
                    : need->n_given == 0 ? text(cx, "onestop.paper.not_required")
                                         : text(cx, "onestop.paper.given"),
            .on = is_missing ? need->paper.id : STR_NULL,
        };
    }
    page->is_second = v->d.n_supplements > 0;
    page->may_again = access_may_in(cx, "dossier.supplement_again", v->mine->unit);
    struct str allowed = dossier_supplement_allowed(cx, &v->d);
    if (allowed.p != NULL) {
        page->again_reason = text_fill(cx, "onestop.again.given", "reason", allowed, NULL);
    }
    return ERR_OK;
}

static bool
may_return(const struct flow_step *step, struct str to)
{
    for (size_t i = 0; i < step->n_may_return; i++) {
        if (str_eq(step->may_return[i], STR("*")) || str_eq(step->may_return[i], to)) {
            return true;
        }
    }
    return false;
}

/* Steps done before that the process lets this one go back to. */
static void
fill_returns(struct ctx *cx, struct onestop_view *v, const struct flow_step *step)
{
    struct tpl_onestop_dossier *page = v->page;
    page->returns.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_returns, RETURNS_MAX);
    for (size_t i = 0; i < v->n_tasks && page->returns.n < RETURNS_MAX; i++) {
        const struct flow_task *t = &v->tasks[i];
        bool is_known = str_eq(t->step_id, step->id) || str_eq(t->role, STR("citizen")) ||
                        !str_eq(t->state, STR("done")) || !may_return(step, t->step_id);
        for (size_t k = 0; k < page->returns.n && !is_known; k++) {
            is_known = str_eq(page->returns.v[k].value, t->step_id);
        }
        const struct flow_step *s = is_known ? NULL : onestop_step(cx, &v->d, t->step_id, NULL);
        if (s != NULL) {
            page->returns.v[page->returns.n++] =
                (struct tpl_onestop_dossier_returns){ .value = t->step_id,
                                                      .label = onestop_step_name(cx, s) };
        }
    }
}

static enum err
fill_people(struct ctx *cx, struct onestop_view *v)
{
    struct access_officer *o = NULL;
    struct tpl_onestop_dossier *page = v->page;
    const struct flow_task *t = v->mine;
    size_t n = 0;
    page->is_free = t->assignee == 0;
    page->is_mine = t->assignee == cx->who.account;
    page->can_assign = page->is_mine || access_may_in(cx, "dossier.assign", t->unit);
    struct access_account away;
    if (t->handed_from != 0 && access_account_get(cx, t->handed_from, &away) == ERR_OK) {
        page->stands_for = text_fill(cx, "onestop.stands_for", "name", away.name, NULL);
    }
    TRY(access_officers(cx, t->unit, t->role, &o, &n));
    page->people.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_people, n);
    for (size_t i = 0; i < n; i++) {
        bool is_holder = o[i].account == t->assignee;
        if (is_holder) {
            page->holder = o[i].name;
            continue;
        }
        page->people.v[page->people.n++] = (struct tpl_onestop_dossier_people){
            .value = onestop_id(cx, o[i].account),
            .label = str_is_empty(o[i].title) ? o[i].name
                                              : str_fmt(cx->arena, STR_FMT ", " STR_FMT,
                                                        STR_ARG(o[i].name), STR_ARG(o[i].title)),
        };
    }
    return ERR_OK;
}

/* --- fields of the result
 * ----------------------------------------------------------------------------------------- */
/* Additions by name: the texts `onestop.field.<name>` say which there are, the template which of
 * them it prints. */
static const char *const field_names[] = {
    "decision", "status_text", "amount_vnd",    "factor",     "from_month",
    "level",    "kinds",       "minutes_no",    "new_serial", "notation",
    "position", "valid_until", "building_line", "setback",    "ground_level",
};

static bool
prints(struct str source, struct str name, struct arena *a)
{
    static const char *const forms[] = { "{{%s}}",       "{{blank %s}}", "{{if %s}}",
                                         "{{money %s}}", "{{date %s}}",  "{{day %s}}" };
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct str wanted = str_replace(a, str_of(forms[i]), STR("%s"), name);
        if (str_find(source, wanted) < source.n) {
            return true;
        }
    }
    return false;
}

static enum err
fill_fields(struct ctx *cx, struct onestop_view *v)
{
    struct dossier_result *r = NULL;
    struct tpl_onestop_dossier *page = v->page;
    const struct pack *pack = NULL;
    struct json *have = NULL;
    struct json_fault fault;
    size_t n = 0;
    TRY(dossier_results(cx, v->d.id, &r, &n));
    if (n == 0 || !str_eq(r[n - 1].state, STR("draft"))) {
        return ERR_OK;
    }
    TRY(pack_by_version(cx, v->d.pack_version, &pack));
    struct str source = print_source(pack, r[n - 1].template_id);
    if (json_parse(cx->arena, r[n - 1].fields, (struct json_limits){ 0 }, &have, &fault) !=
        ERR_OK) {
        have = NULL;
    }
    page->fields.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_fields, FIELDS_MAX);
    for (size_t i = 0; i < COUNT_OF(field_names); i++) {
        struct str name = str_of(field_names[i]);
        if (prints(source, name, cx->arena)) {
            page->fields.v[page->fields.n++] = (struct tpl_onestop_dossier_fields){
                .name = str_cat(cx->arena, STR("f."), name),
                .label = text_find(cx, str_cat(cx->arena, STR("onestop.field."), name)),
                .value = json_text(have, field_names[i]),
            };
        }
    }
    return ERR_OK;
}

static enum err
fill_task(struct ctx *cx, struct onestop_view *v)
{
    struct tpl_onestop_dossier *page = v->page;
    const struct flow_process *process = NULL;
    const struct flow_step *step = onestop_step(cx, &v->d, v->mine->step_id, &process);
    if (step == NULL) {
        return err_set(cx, ERR_INTERNAL, "step of task %" PRId64 " is not in the pack",
                       v->mine->id);
    }
    page->has_task = true;
    page->task = onestop_id(cx, v->mine->id);
    page->version = onestop_id(cx, v->mine->version);
    page->step = onestop_step_name(cx, step);
    page->task_due = text_instant(cx, v->mine->due_us);
    for (size_t i = 0; i < v->n_tasks; i++) {
        if (v->tasks[i].id == v->mine->from_task) {
            page->sent_back = v->tasks[i].note;
        }
    }
    page->receiver = v->d.applicant;
    page->needs_identity = v->procedure->is_identity_checked;
    fill_outcomes(cx, v, process, step);
    fill_returns(cx, v, step);
    TRY(fill_people(cx, v));
    if (page->can_supplement) {
        TRY(fill_checklist(cx, v));
    }
    if (page->can_consult) {
        TRY(onestop_part_question(cx, v, process));
    }
    return ERR_OK;
}

enum err
onestop_part_actions(struct ctx *cx, struct onestop_view *v)
{
    struct tpl_onestop_dossier *page = v->page;
    bool is_running = v->d.clock == DOSSIER_CLOCK_RUNNING;
    page->can_apologise = page->is_open && is_running && !page->was_apologised &&
                          dossier_left_s(cx, &v->d) < CALENDAR_WORK_DAY_S &&
                          access_may_in(cx, "dossier.apologise", v->d.unit);
    for (size_t i = 0; i < v->n_tasks; i++) {
        bool is_theirs =
            str_eq(v->tasks[i].state, STR("open")) && str_eq(v->tasks[i].role, STR("citizen"));
        page->is_with_citizen = page->is_with_citizen || is_theirs;
        page->asked_supplement =
            page->asked_supplement || (is_theirs && str_eq(v->tasks[i].action, STR("supplement")));
    }
    page->can_counter = page->is_open && access_may_in(cx, "dossier.intake", v->d.unit);
    page->can_allow = page->is_open && v->d.n_supplements > 0 && !page->asked_supplement &&
                      dossier_supplement_allowed(cx, &v->d).p == NULL &&
                      access_may_in(cx, "dossier.supplement_again", v->d.unit);
    if (access_may_in(cx, "dossier.process", v->d.unit)) {
        TRY(fill_fields(cx, v));
    }
    return v->mine == NULL ? ERR_OK : fill_task(cx, v);
}
