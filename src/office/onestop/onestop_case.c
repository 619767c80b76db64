/* onestop_case.c: the dossier page: opened by an officer, recorded before it leaves. */
#include "office/onestop/onestop_int.h"

#include "engine/calendar/calendar.h"
#include "sys/sys.h"

/* The open task that this officer may do: one's own first, then a free one, then a colleague's. */
static void
find_mine(struct ctx *cx, struct onestop_view *v)
{
    int best = 0;
    for (size_t i = 0; i < v->n_tasks; i++) {
        const struct flow_task *t = &v->tasks[i];
        if (!dossier_may_do(cx, t, &v->d)) {
            continue;
        }
        int rank = t->assignee == cx->who.account ? 3 : t->assignee == 0 ? 2 : 1;
        if (rank > best) {
            best = rank;
            v->mine = t;
        }
    }
}

static enum err
load(struct ctx *cx, int64_t id, struct onestop_view *v)
{
    TRY(onestop_open(cx, id, &v->d));
    TRY(dossier_procedure(cx, &v->d, &v->procedure));
    TRY(flow_tasks_of_case(cx, v->d.case_id, &v->tasks, &v->n_tasks));
    v->page = ARENA_NEW(cx->arena, struct tpl_onestop_dossier);
    find_mine(cx, v);
    return ERR_OK;
}

enum err
onestop_case_show(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, int64_t dossier,
                  bool is_conflict)
{
    struct onestop_view v = { 0 };
    TRY(load(cx, dossier, &v));
    v.page->id = onestop_id(cx, v.d.id);
    v.page->seen = onestop_id(cx, sys_now_us(cx));
    TRY(onestop_part_summary(cx, &v));
    TRY(onestop_part_papers(cx, rq, &v));
    TRY(onestop_part_actions(cx, &v));
    TRY(onestop_part_opinions(cx, &v));
    TRY(onestop_part_results(cx, &v));
    TRY(onestop_part_consents(cx, &v));
    TRY(onestop_part_history(cx, rq, &v, is_conflict));
    web_title(rs, v.d.number);
    web_crumb(cx, rs, STR("/can-bo"), text(cx, "onestop.inbox"));
    web_crumb(cx, rs, STR_NULL, v.d.number);
    web_reads_person(cx, rs, v.d.party, "dossier", v.d.number);
    if (is_conflict) {
        TRY(web_form_again(cx, rq, rs, &tpl_onestop_dossier_t, v.page));
        web_status(rs, err_status(ERR_CONFLICT));
        return ERR_OK;
    }
    return web_page(cx, rs, &tpl_onestop_dossier_t, v.page);
}

enum err
onestop_case(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    return onestop_case_show(cx, rq, rs, id, false);
}

/* After a wrong field in a form whose address names the task. */
enum err
onestop_task_again(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct flow_task t;
    TRY(web_param_id(cx, rq, "task", &id));
    TRY(flow_task_by_id(cx, id, &t));
    return onestop_case_show(cx, rq, rs, t.subject_id, false);
}
