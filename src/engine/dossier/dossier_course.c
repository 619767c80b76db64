/* dossier_course.c: the way of a dossier, for the applicant's page and public tracking. */
#include "engine/access/access.h"
#include "engine/dossier/dossier_int.h"
#include "engine/flow/flow.h"
#include "engine/procedure/procedure.h"
#include "engine/unit/unit.h"
#include "web/web.h"

struct course {
    struct dossier_mark *v;
    size_t n;
};

static void
add(struct course *c, struct dossier_mark m)
{
    if (m.title.p != NULL) {
        c->v[c->n++] = m;
    }
}

static struct str
in_language(const struct ctx *cx, struct str vi, struct str en)
{
    return str_eq(cx->lang, STR("en")) && !str_is_empty(en) ? en : vi;
}

static struct str
holder(struct ctx *cx, const struct flow_task *t)
{
    return str_eq(t->role, STR("citizen"))
               ? text(cx, "dossier.holder.applicant")
               : text_fill(cx, "dossier.holder.office", "role", access_role_name(cx, t->role),
                           "unit", unit_name(cx, t->unit), NULL);
}

static void
add_event(struct ctx *cx, struct course *c, const struct dossier_event *e)
{
    if (e->is_public) {
        add(c, (struct dossier_mark){
                   .title = text_find(cx, str_cat(cx->arena, STR("dossier.event."), e->kind)),
                   .state = STR("done"),
                   .at_us = e->at_us,
                   .who = str_is_empty(e->unit) ? STR_NULL : unit_name(cx, e->unit),
                   .note = e->note });
    }
}

/* Where an open case stands: its tasks, the periods that run, and the step after. */
static enum err
add_present(struct ctx *cx, const struct dossier *d, const struct flow_process *p,
            const struct flow_task *tasks, size_t n_tasks, struct course *c)
{
    struct flow_wait *waits = NULL;
    size_t n_waits = 0;
    const struct flow_step *last = NULL;
    for (size_t i = 0; i < n_tasks; i++) {
        const struct flow_step *s = flow_step_find(p, tasks[i].step_id);
        if (str_eq(tasks[i].state, STR("open")) && s != NULL) {
            add(c, (struct dossier_mark){ .title = in_language(cx, s->name, s->name_en),
                                          .state = STR("now"),
                                          .at_us = tasks[i].opened_us,
                                          .who = holder(cx, &tasks[i]) });
            last = last == NULL ? s : last;
        }
    }
    TRY(flow_waits_of_case(cx, p, d->case_id, &waits, &n_waits));
    for (size_t i = 0; i < n_waits; i++) {
        add(c, (struct dossier_mark){ .title = in_language(cx, waits[i].name, waits[i].name_en),
                                      .state = STR("now"),
                                      .at_us = waits[i].until_us,
                                      .is_until = true });
    }
    const struct flow_step *after = last == NULL ? NULL : flow_step_after(p, last->id);
    if (after != NULL) {
        add(c, (struct dossier_mark){ .title = in_language(cx, after->name, after->name_en),
                                      .state = STR("next"),
                                      .who = access_role_name(cx, after->role) });
    }
    return ERR_OK;
}

enum err
dossier_course(struct ctx *cx, const struct dossier *d, struct dossier_mark **ret, size_t *ret_n)
{
    struct dossier_event *events = NULL;
    struct flow_task *tasks = NULL;
    const struct pack *pack = NULL;
    const struct procedure *procedure = NULL;
    struct course c = { 0 };
    size_t n = 0;
    size_t n_tasks = 0;
    TRY(dossier_history(cx, d->id, &events, &n));
    TRY(dossier_pack(cx, d, &pack));
    TRY(dossier_procedure(cx, d, &procedure));
    if (d->case_id != 0) {
        TRY(flow_tasks_of_case(cx, d->case_id, &tasks, &n_tasks));
    }
    c.v = ARENA_ARRAY(cx->arena, struct dossier_mark, n + n_tasks + FLOW_WAITS_MAX + 1);
    for (size_t i = 0; i < n; i++) {
        add_event(cx, &c, &events[i]);
    }
    const struct flow_process *p = flow_find(pack, procedure->process);
    if (p != NULL && str_eq(d->state, STR("open"))) {
        TRY(add_present(cx, d, p, tasks, n_tasks, &c));
    }
    *ret = c.v;
    *ret_n = c.n;
    return ERR_OK;
}

struct str
dossier_mark_time(struct ctx *cx, const struct dossier_mark *m)
{
    struct str at = m->at_us == 0 ? STR_NULL : text_instant(cx, m->at_us);
    if (at.p == NULL || str_eq(m->state, STR("done"))) {
        return at;
    }
    return text_fill(cx, m->is_until ? "dossier.course.until" : "dossier.course.since", "at", at,
                     NULL);
}
