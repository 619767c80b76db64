/* dossier_absence.c: officers who are away for a period: their open tasks go to stand-ins and come
 * back. Days are business days (calendar_now_us), like everything that officers plan. */
#include "base/date.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/ledger/ledger.h"
#include "gen/q_dossier.h"
#include "store/store.h"
#include "sys/sys.h"

#define STAND_INS_MAX 10
#define LIST_MAX      100
#define TURN_MAX      50
#define DAY_S         (24 * 3600)
#define TURN_EVERY_US (INT64_C(20) * 1000 * 1000)

/* --- who stands in ---------------------------------------------------------------------------- */
static bool
holds(const struct access_officer *o, size_t n, int64_t account)
{
    for (size_t i = 0; i < n; i++) {
        if (o[i].account == account) {
            return true;
        }
    }
    return false;
}

static enum err
is_away(struct ctx *cx, int64_t account, struct str unit, bool *ret)
{
    struct q_absence_running_of_list v;
    TRY(q_absence_running_of(cx, &v, .account_id = account, .unit = unit,
                             .now_us = calendar_now_us(cx), .limit_n = 1));
    *ret = v.n > 0;
    return ERR_OK;
}

/* The stand-in with the fewest open tasks who has the role and is there; 0: none. */
static enum err
pick(struct ctx *cx, int64_t absence, bool lends, struct str unit, struct str role, int64_t *ret)
{
    struct q_absence_stand_ins_list s;
    struct access_officer *o = NULL;
    size_t n = 0;
    int64_t best = 0;
    int64_t best_n = INT64_MAX;
    TRY(q_absence_stand_ins(cx, &s, .absence_id = absence, .limit_n = STAND_INS_MAX));
    TRY(access_officers(cx, unit, role, &o, &n));
    for (size_t i = 0; i < s.n; i++) {
        bool away = false;
        int64_t load = 0;
        TRY(is_away(cx, s.v[i].account_id, unit, &away));
        TRY(flow_load(cx, s.v[i].account_id, &load));
        bool is_able = !away && (lends || holds(o, n, s.v[i].account_id));
        if (is_able && load < best_n) {
            best = s.v[i].account_id;
            best_n = load;
        }
    }
    *ret = best;
    return ERR_OK;
}

enum err
dossier_stand_in(struct ctx *cx, int64_t account, struct str unit, struct str role, int64_t *ret)
{
    struct q_absence_running_of_list v;
    TRY(q_absence_running_of(cx, &v, .account_id = account, .unit = unit,
                             .now_us = calendar_now_us(cx), .limit_n = 1));
    if (v.n == 0) {
        *ret = account;
        return ERR_OK;
    }
    return pick(cx, v.v[0].id, v.v[0].lends != 0, unit, role, ret);
}

/* --- turning over and back -------------------------------------------------------------------- */
static enum err
note_dossier(struct ctx *cx, const struct flow_task *t, const char *kind, int64_t to)
{
    struct dossier d;
    struct access_account a = { 0 };
    TRY(dossier_get(cx, t->subject_id, &d));
    if (to != 0) {
        TRY(access_account_get(cx, to, &a));
    }
    return dossier_record(cx, &d, kind, a.name, false);
}

/* Lends the officer's positions in the unit to every stand-in without that role, or ends it. */
static enum err
lend(struct ctx *cx, const struct q_absence_by_id *a, bool is_begin)
{
    struct q_absence_stand_ins_list s;
    struct access_holder *h = NULL;
    size_t n = 0;
    int64_t until_us = sys_now_us(cx) + (a->to_us - calendar_now_us(cx));
    TRY(q_absence_stand_ins(cx, &s, .absence_id = a->id, .limit_n = STAND_INS_MAX));
    TRY(access_positions_in(cx, a->unit, &h, &n));
    for (size_t i = 0; i < n; i++) {
        struct access_officer *o = NULL;
        size_t n_officers = 0;
        if (h[i].account != a->account_id) {
            continue;
        }
        TRY(access_officers(cx, a->unit, h[i].role, &o, &n_officers));
        for (size_t k = 0; k < s.n; k++) {
            if (!is_begin) {
                TRY(access_act_end(cx, h[i].position, s.v[k].account_id, a->reason));
            } else if (!holds(o, n_officers, s.v[k].account_id)) {
                TRY(access_act_begin(cx, h[i].position, s.v[k].account_id, until_us, a->reason));
            }
        }
    }
    return ERR_OK;
}

struct turn_job {
    int64_t id;
    struct str unit; /* out: whose inboxes changed */
};

static enum err
begin_tx(struct ctx *cx, void *arg)
{
    struct turn_job *job = arg;
    struct q_absence_by_id a;
    struct flow_task *t = NULL;
    size_t n = 0;
    int64_t n_changed = 0;
    TRY(q_absence_by_id(cx, &a, .id = job->id));
    TRY(q_absence_set_state(cx, &n_changed, .id = a.id, .was = STR("planned"),
                            .state = STR("running")));
    job->unit = a.unit;
    if (n_changed == 0) {
        return ERR_OK; /* begun or cancelled meanwhile */
    }
    if (a.lends != 0) {
        TRY(lend(cx, &a, true));
    }
    TRY(flow_tasks_of_person(cx, a.account_id, a.unit, false, &t, &n));
    for (size_t i = 0; i < n; i++) {
        int64_t to = 0;
        TRY(pick(cx, a.id, a.lends != 0, a.unit, t[i].role, &to));
        TRY(flow_hand(cx, t[i].id, to, a.account_id));
        TRY(note_dossier(cx, &t[i], "handed_over", to));
    }
    struct ledger_new e = { .kind = "absence.begun",
                            .object = ledger_object(cx, "account", a.account_id),
                            .note = str_fmt(cx->arena, STR_FMT " tasks=%zu", STR_ARG(a.unit), n) };
    return ledger_add(cx, &e);
}

/* What others still hold comes back; what was given to somebody for good meanwhile stays there. */
static enum err
end_tx(struct ctx *cx, void *arg)
{
    struct turn_job *job = arg;
    struct q_absence_by_id a;
    struct flow_task *t = NULL;
    size_t n = 0;
    int64_t n_changed = 0;
    TRY(q_absence_by_id(cx, &a, .id = job->id));
    TRY(q_absence_set_state(cx, &n_changed, .id = a.id, .was = STR("running"),
                            .state = STR("over")));
    job->unit = a.unit;
    if (n_changed == 0) {
        return ERR_OK;
    }
    if (a.lends != 0) {
        TRY(lend(cx, &a, false));
    }
    TRY(flow_tasks_of_person(cx, a.account_id, a.unit, true, &t, &n));
    for (size_t i = 0; i < n; i++) {
        TRY(flow_hand(cx, t[i].id, a.account_id, 0));
        TRY(note_dossier(cx, &t[i], "handed_back", a.account_id));
    }
    struct ledger_new e = { .kind = "absence.ended",
                            .object = ledger_object(cx, "account", a.account_id),
                            .note = str_fmt(cx->arena, STR_FMT " tasks=%zu", STR_ARG(a.unit), n) };
    return ledger_add(cx, &e);
}

static enum err
turn(struct ctx *cx, int64_t id, store_tx_fn *tx)
{
    struct turn_job job = { .id = id };
    TRY(store_write(cx, tx, &job));
    dossier_publish_inbox(cx, job.unit);
    return ERR_OK;
}

enum err
dossier_absences_turn(struct ctx *cx, int64_t *ret_again_us)
{
    struct q_absence_to_begin_list begin;
    struct q_absence_to_end_list end;
    int64_t now_us = calendar_now_us(cx);
    *ret_again_us = TURN_EVERY_US;
    TRY(q_absence_to_end(cx, &end, .now_us = now_us, .limit_n = TURN_MAX));
    for (size_t i = 0; i < end.n; i++) {
        TRY(turn(cx, end.v[i].id, end_tx));
    }
    TRY(q_absence_to_begin(cx, &begin, .now_us = now_us, .limit_n = TURN_MAX));
    for (size_t i = 0; i < begin.n; i++) {
        TRY(turn(cx, begin.v[i].id, begin_tx));
    }
    return ERR_OK;
}

/* --- registering ------------------------------------------------------------------------------ */
struct add_job {
    const struct dossier_absence_new *in;
    int64_t id, from_us, to_us;
};

static void
check_stand_ins(struct ctx *cx, const struct dossier_absence_new *in, const struct access_holder *h,
                size_t n)
{
    bool are_all = in->n_stand_ins > 0 && in->n_stand_ins <= STAND_INS_MAX;
    for (size_t k = 0; k < in->n_stand_ins; k++) {
        bool is_here = false;
        for (size_t i = 0; i < n; i++) {
            is_here = is_here || h[i].account == in->stand_ins[k];
        }
        are_all = are_all && is_here && in->stand_ins[k] != in->account;
    }
    if (!are_all) {
        ctx_problem(cx, STR("stand_in"), STR("dossier.absence_stand_in"), STR_NULL);
    }
}

/* Each role of the officer in the unit must have a stand-in, own or lent. */
static enum err
check_roles(struct ctx *cx, const struct dossier_absence_new *in, const struct access_holder *h,
            size_t n)
{
    bool is_officer = false;
    for (size_t i = 0; i < n; i++) {
        struct access_officer *o = NULL;
        size_t n_officers = 0;
        bool has = in->lends;
        if (h[i].account != in->account) {
            continue;
        }
        is_officer = true;
        const struct access_role *role = access_role(cx, h[i].role);
        bool may_sign =
            role != NULL && str_find(role->perms, STR(" dossier.sign ")) < role->perms.n;
        if (in->lends && may_sign) {
            TRY(access_require_in(cx, "dossier.delegate", in->unit));
        }
        TRY(access_officers(cx, in->unit, h[i].role, &o, &n_officers));
        for (size_t k = 0; k < in->n_stand_ins; k++) {
            has = has || holds(o, n_officers, in->stand_ins[k]);
        }
        if (!has) {
            ctx_problem(cx, STR("stand_in"), STR("dossier.absence_role"),
                        access_role_name(cx, h[i].role));
        }
    }
    if (!is_officer) {
        ctx_problem(cx, STR("who"), STR("dossier.absence_who"), STR_NULL);
    }
    return ERR_OK;
}

static enum err
add_tx(struct ctx *cx, void *arg)
{
    struct add_job *job = arg;
    const struct dossier_absence_new *in = job->in;
    struct q_absence_overlap_list twice;
    TRY(q_absence_overlap(cx, &twice, .account_id = in->account, .unit = in->unit,
                          .from_us = job->from_us, .to_us = job->to_us, .limit_n = 1));
    if (twice.n > 0) {
        ctx_problem(cx, STR("from"), STR("dossier.absence_twice"), STR_NULL);
        return ctx_check(cx);
    }
    job->id = store_new_id(cx);
    TRY(q_absence_insert(cx, NULL, .id = job->id, .account_id = in->account, .unit = in->unit,
                         .from_us = job->from_us, .to_us = job->to_us,
                         .reason = str_trim(in->reason), .lends = in->lends,
                         .made_by = cx->who.account, .made_us = sys_now_us(cx)));
    for (size_t i = 0; i < in->n_stand_ins; i++) {
        TRY(q_absence_stand_in_insert(cx, NULL, .id = store_new_id(cx), .absence_id = job->id,
                                      .account_id = in->stand_ins[i]));
    }
    struct ledger_new e = { .kind = "absence.registered",
                            .object = ledger_object(cx, "account", in->account),
                            .note = in->unit,
                            .content = str_trim(in->reason) };
    TRY(ledger_add(cx, &e));
    struct turn_job now = { .id = job->id };
    return job->from_us <= calendar_now_us(cx) ? begin_tx(cx, &now) : ERR_OK;
}

enum err
dossier_absence_add(struct ctx *cx, const struct dossier_absence_new *in, int64_t *ret_id)
{
    struct access_holder *h = NULL;
    size_t n = 0;
    struct add_job job = { .in = in,
                           .from_us = date_to_us_vn(in->from, 0),
                           .to_us = date_to_us_vn(in->to, DAY_S) };
    TRY(access_require_in(cx, "absence.manage", in->unit));
    TRY(access_positions_in(cx, in->unit, &h, &n));
    if (str_is_empty(str_trim(in->reason))) {
        ctx_problem(cx, STR("reason"), STR("dossier.reason_missing"), STR_NULL);
    }
    if (in->to.day < in->from.day || job.to_us <= calendar_now_us(cx)) {
        ctx_problem(cx, STR("until"), STR("dossier.absence_period"), STR_NULL);
    }
    check_stand_ins(cx, in, h, n);
    TRY(check_roles(cx, in, h, n));
    TRY(ctx_check(cx));
    TRY(store_write(cx, add_tx, &job));
    dossier_publish_inbox(cx, in->unit);
    *ret_id = job.id;
    return ERR_OK;
}

static enum err
cancel_tx(struct ctx *cx, void *arg)
{
    struct turn_job *job = arg;
    struct q_absence_by_id a;
    int64_t n = 0;
    TRY(q_absence_by_id(cx, &a, .id = job->id));
    TRY(access_require_in(cx, "absence.manage", a.unit));
    TRY(q_absence_set_state(cx, &n, .id = a.id, .was = STR("planned"), .state = STR("cancelled")));
    if (n == 0) {
        return end_tx(cx, arg);
    }
    job->unit = a.unit;
    struct ledger_new e = { .kind = "absence.cancelled",
                            .object = ledger_object(cx, "account", a.account_id),
                            .note = a.unit };
    return ledger_add(cx, &e);
}

enum err
dossier_absence_end(struct ctx *cx, int64_t id)
{
    return turn(cx, id, cancel_tx);
}

/* --- reading ---------------------------------------------------------------------------------- */
static enum err
fill(struct ctx *cx, const struct q_absence_list *row, struct dossier_absence *ret)
{
    struct q_absence_stand_ins_list s;
    struct access_account who;
    struct access_account by = { 0 };
    struct flow_task *t = NULL;
    size_t n = 0;
    struct str names = STR("");
    TRY(access_account_get(cx, row->account_id, &who));
    if (access_account_get(cx, row->made_by, &by) != ERR_OK) {
        by.name = STR("");
    }
    TRY(q_absence_stand_ins(cx, &s, .absence_id = row->id, .limit_n = STAND_INS_MAX));
    for (size_t i = 0; i < s.n; i++) {
        names = str_fmt(cx->arena, STR_FMT "%s" STR_FMT, STR_ARG(names), i == 0 ? "" : ", ",
                        STR_ARG(s.v[i].name));
    }
    TRY(flow_tasks_of_person(cx, row->account_id, row->unit, true, &t, &n));
    *ret = (struct dossier_absence){ .id = row->id,
                                     .account = row->account_id,
                                     .from_us = row->from_us,
                                     .to_us = row->to_us,
                                     .n_handed = (int64_t)n,
                                     .name = who.name,
                                     .unit = row->unit,
                                     .reason = row->reason,
                                     .made_by = by.name,
                                     .stand_ins = names,
                                     .is_running = str_eq(row->state, STR("running")),
                                     .lends = row->lends != 0 };
    return ERR_OK;
}

enum err
dossier_absences(struct ctx *cx, struct str unit, struct dossier_absence **ret, size_t *ret_n)
{
    struct q_absence_list_list list;
    TRY(access_require_in(cx, "absence.manage", unit));
    TRY(q_absence_list(cx, &list, .unit = unit, .now_us = calendar_now_us(cx),
                       .limit_n = LIST_MAX));
    struct dossier_absence *v = ARENA_ARRAY(cx->arena, struct dossier_absence, list.n);
    for (size_t i = 0; i < list.n; i++) {
        TRY(fill(cx, &list.v[i], &v[i]));
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}
