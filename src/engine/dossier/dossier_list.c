/* dossier_list.c: lists: inbox, a person's dossiers, search, what stands behind a figure. */
#include "codec/vn.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/pack/pack.h"
#include "engine/party/party.h"
#include "gen/q_dossier.h"
#include "store/store.h"
#include "sys/sys.h"

#define LIST_MAX    50
#define INBOX_MAX   200
#define TASKS_MAX   4
#define SOON_WORK_S 28800 /* a working day */

static struct str
procedure_name(struct ctx *cx, struct str code)
{
    const struct procedure *p = procedure_at(cx, code, calendar_today(cx));
    return p == NULL ? code : procedure_short_name(cx, p);
}

static int64_t
left_of(struct ctx *cx, struct str unit, int64_t clock, int64_t due_us, int64_t remaining_s)
{
    return clock == DOSSIER_CLOCK_RUNNING
               ? calendar_work_between(cx, unit, calendar_now_us(cx), due_us)
               : remaining_s;
}

/* Who holds a dossier now: step and name, or nobody's. */
static void
fill_holder(struct ctx *cx, struct dossier_row *row, struct str pack_version)
{
    struct q_dossier_open_task_list tasks;
    const struct pack *pack = NULL;
    struct flow_case c;
    if (q_dossier_open_task(cx, &tasks, .subject_id = row->id, .limit_n = TASKS_MAX) != ERR_OK ||
        tasks.n == 0) {
        return;
    }
    row->task = tasks.v[0].id;
    row->task_version = tasks.v[0].version;
    row->task_action = tasks.v[0].action;
    row->holder =
        tasks.v[0].holder.p == NULL ? access_role_name(cx, tasks.v[0].role) : tasks.v[0].holder;
    row->step = tasks.v[0].step;
    if (pack_by_version(cx, pack_version, &pack) != ERR_OK ||
        flow_case_by_subject(cx, row->id, &c) != ERR_OK) {
        return;
    }
    const struct flow_process *process = flow_find(pack, c.process_id);
    const struct flow_step *step =
        process == NULL ? NULL : flow_step_find(process, tasks.v[0].step);
    if (step != NULL) {
        row->step = str_eq(cx->lang, STR("en")) && !str_is_empty(step->name_en) ? step->name_en
                                                                                : step->name;
    }
}

/* The list statements give rows of the same shape under several names. */
#define COPY_ROWS(cx, list, is_masked, ret, ret_n)                                                 \
    do {                                                                                           \
        struct dossier_row *v_ = ARENA_ARRAY((cx)->arena, struct dossier_row, (list).n);           \
        for (size_t i_ = 0; i_ < (list).n; i_++) {                                                 \
            v_[i_] = (struct dossier_row){                                                         \
                .id = (list).v[i_].id,                                                             \
                .number = (list).v[i_].number,                                                     \
                .applicant = (is_masked) ? party_mask_name((cx)->arena, (list).v[i_].applicant)    \
                                         : (list).v[i_].applicant,                                 \
                .procedure = procedure_name((cx), (list).v[i_].procedure_code),                    \
                .state = (list).v[i_].state,                                                       \
                .status = (int32_t)(list).v[i_].status,                                            \
                .unit = (list).v[i_].unit,                                                         \
                .due_us = (list).v[i_].due_us,                                                     \
                .submitted_us = (list).v[i_].submitted_us,                                         \
                .version = (list).v[i_].version,                                                   \
                .left_s = left_of((cx), (list).v[i_].unit, (list).v[i_].clock,                     \
                                  (list).v[i_].due_us, (list).v[i_].remaining_s),                  \
            };                                                                                     \
        }                                                                                          \
        *(ret) = v_;                                                                               \
        *(ret_n) = (list).n;                                                                       \
    } while (0)

static int64_t
before_or_end(int64_t before)
{
    return before == 0 ? INT64_MAX : before;
}

enum err
dossier_of_party(struct ctx *cx, int64_t party, int64_t before, struct dossier_row **ret,
                 size_t *ret_n)
{
    struct q_dossier_list_party_list list;
    TRY(q_dossier_list_party(cx, &list, .party_id = party, .before = before_or_end(before),
                             .limit_n = LIST_MAX));
    COPY_ROWS(cx, list, false, ret, ret_n);
    return ERR_OK;
}

static int64_t
due_limit(struct ctx *cx, const struct dossier_inbox *q)
{
    int64_t now_us = calendar_now_us(cx);
    if (str_eq(q->tab, STR("late"))) {
        return now_us;
    }
    return str_eq(q->tab, STR("soon")) ? calendar_add_work(cx, q->unit, now_us, SOON_WORK_S) : 0;
}

static int64_t
whose(const struct ctx *cx, const struct dossier_inbox *q)
{
    if (str_eq(q->tab, STR("mine"))) {
        return cx->who.account;
    }
    return str_eq(q->tab, STR("free")) ? -1 : 0;
}

/* The step's name in the version of the process that the dossier goes by; its id when it is gone.
 */
static struct str
step_name(struct ctx *cx, struct str pack_version, struct str code, struct date on, struct str id)
{
    const struct pack *pack = NULL;
    if (pack_by_version(cx, pack_version, &pack) != ERR_OK) {
        return id;
    }
    const struct procedure *p = procedure_in(pack, code, on);
    const struct flow_process *process = p == NULL ? NULL : flow_find(pack, p->process);
    const struct flow_step *step = process == NULL ? NULL : flow_step_find(process, id);
    if (step == NULL) {
        return id;
    }
    bool is_english = str_eq(cx->lang, STR("en")) && !str_is_empty(step->name_en);
    return is_english ? step->name_en : step->name;
}

enum err
dossier_inbox(struct ctx *cx, const struct dossier_inbox *q, struct dossier_row **ret,
              size_t *ret_n)
{
    struct q_dossier_inbox_list list;
    int64_t n = q->n <= 0 || q->n > INBOX_MAX ? INBOX_MAX : q->n;
    /* what waits for citizens is every desk's: their own tasks in the unit */
    struct str role = str_eq(q->tab, STR("waiting")) ? STR("citizen") : q->role;
    TRY(q_dossier_inbox(cx, &list, .unit = q->unit, .role = role, .mine = whose(cx, q),
                        .due_before_us = due_limit(cx, q), .after_due_us = q->after_due_us,
                        .after_id = q->after_id, .limit_n = n));
    COPY_ROWS(cx, list, true, ret, ret_n);
    for (size_t i = 0; i < list.n; i++) {
        struct dossier_row *row = &(*ret)[i];
        row->task = list.v[i].task;
        row->task_action = list.v[i].action;
        row->task_version = list.v[i].task_version;
        row->assignee = list.v[i].assignee;
        row->holder = list.v[i].holder;
        row->due_us = list.v[i].task_due_us;
        row->left_s = calendar_work_between(cx, q->unit, calendar_now_us(cx), row->due_us);
        row->step = step_name(cx, list.v[i].pack_version, list.v[i].procedure_code,
                              date_at_vn(row->submitted_us), list.v[i].step);
    }
    return ERR_OK;
}

enum err
dossier_search(struct ctx *cx, struct str unit, struct str text, struct dossier_row **ret,
               size_t *ret_n)
{
    struct str word = vn_squeeze(cx->arena, text);
    struct dossier d;
    struct party p;
    TRY(access_require_in(cx, "dossier.search", unit));
    if (dossier_by_number(cx, word, &d) == ERR_OK) {
        struct q_dossier_list_unit_list one;
        TRY(q_dossier_list_unit(cx, &one, .unit = d.unit, .before = d.id + 1, .limit_n = 1));
        COPY_ROWS(cx, one, true, ret, ret_n);
    } else if (party_by_personal_id(cx, word, &p) == ERR_OK) {
        struct q_dossier_list_unit_party_list own;
        TRY(q_dossier_list_unit_party(cx, &own, .unit = unit, .party_id = p.id,
                                      .limit_n = LIST_MAX));
        COPY_ROWS(cx, own, true, ret, ret_n);
    } else {
        struct q_dossier_list_name_list named;
        struct str from = vn_fold(cx->arena, word);
        TRY(q_dossier_list_name(cx, &named, .unit = unit, .from_fold = from,
                                .to_fold = str_cat(cx->arena, from, STR("\xF4\x8F\xBF\xBF")),
                                .limit_n = LIST_MAX));
        COPY_ROWS(cx, named, true, ret, ret_n);
    }
    for (size_t i = 0; i < *ret_n; i++) {
        TRY(dossier_get(cx, (*ret)[i].id, &d));
        fill_holder(cx, &(*ret)[i], d.pack_version);
    }
    return ERR_OK;
}

enum err
dossier_late_silent(struct ctx *cx, struct str unit, int64_t n, struct dossier **ret, size_t *ret_n)
{
    struct q_dossier_late_silent_list list;
    TRY(access_require_in(cx, "dossier.apologise", unit));
    TRY(q_dossier_late_silent(cx, &list, .unit = unit, .now_us = calendar_now_us(cx), .n = n));
    struct dossier *v = ARENA_ARRAY(cx->arena, struct dossier, list.n);
    for (size_t i = 0; i < list.n; i++) {
        TRY(dossier_get(cx, list.v[i].id, &v[i]));
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}
