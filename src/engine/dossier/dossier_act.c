/* dossier_act.c: what officers and applicants do to a dossier: one transaction each. */
#include "base/buf.h"
#include "codec/json.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/ledger/ledger.h"
#include "engine/pack/pack.h"
#include "gen/q_dossier.h"
#include "store/store.h"
#include "sys/sys.h"

#define TASKS_MAX        32
#define SUPPLEMENTS_MAX  20
#define SUPPLEMENT_AGAIN "supplement_again" /* variable of the dossier: the leader's reason */

/* Everything an act needs; the transaction functions below share it. */
struct act_job {
    const struct dossier_act *act;
    int64_t dossier, until_us;
    int32_t stars;
    struct str items, text;
    struct dossier d;
};

/* Permission that an action of a step needs beside its role. */
static const char *
perm_of_action(struct str action)
{
    static const struct {
        const char *action, *perm;
    } table[] = {
        { "receive", "dossier.receive" }, { "examine", "dossier.process" },
        { "consult", "dossier.process" }, { "draft", "dossier.process" },
        { "approve", "dossier.decide" },  { "sign", "dossier.sign" },
        { "seal", "dossier.seal" },       { "register", "dossier.process" },
        { "return", "dossier.return" },   { "pay", "pay.collect" },
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (str_eq(action, str_of(table[i].action))) {
            return table[i].perm;
        }
    }
    return "dossier.read_unit";
}

/* The actor has the task's role in the task's unit, or the task is the applicant's own. */
enum err
dossier_require_task(struct ctx *cx, const struct flow_task *t, const struct dossier *d)
{
    const struct actor *me = cx->actor;
    if (me == NULL) {
        return err_set(cx, ERR_UNAUTHENTICATED, "a task is done by somebody");
    }
    if (str_eq(t->role, STR("citizen"))) {
        return me->party == d->party || me->account == d->filed_by
                   ? ERR_OK
                   : err_set(cx, ERR_FORBIDDEN, "task %" PRId64 " is the applicant's", t->id);
    }
    for (size_t i = 0; i < me->n_positions; i++) {
        const struct access_position *p = &me->positions[i];
        if (str_eq(p->unit, t->unit) && str_eq(p->role, t->role)) {
            cx->who.acting_for = p->owner;
            cx->who.unit = p->unit;
            return access_require_in(cx, perm_of_action(t->action), t->unit);
        }
    }
    return err_set(cx, ERR_FORBIDDEN, "no position with role " STR_FMT " in unit " STR_FMT,
                   STR_ARG(t->role), STR_ARG(t->unit));
}

bool
dossier_may_do(struct ctx *cx, const struct flow_task *t, const struct dossier *d)
{
    struct ctx_who who = cx->who;
    bool may = str_eq(t->state, STR("open")) && dossier_require_task(cx, t, d) == ERR_OK;
    cx->who = who;
    return may;
}

enum err
dossier_load_task(struct ctx *cx, const struct dossier_act *act, struct flow_task *ret_task,
                  struct dossier *ret)
{
    TRY(flow_task_by_id(cx, act->task, ret_task));
    TRY(dossier_get(cx, ret_task->subject_id, ret));
    TRY(dossier_require_task(cx, ret_task, ret));
    bool is_closed = !str_eq(ret_task->state, STR("open"));
    if (is_closed || (act->version != 0 && act->version != ret_task->version)) {
        ctx_problem2(cx, STR("task"), STR("dossier.somebody_was_quicker"),
                     text_instant(cx, ret_task->closed_us), ret_task->outcome);
        return err_set(cx, ERR_CONFLICT, "task %" PRId64 " changed", act->task);
    }
    return ERR_OK;
}

static bool
needs_reason(struct str outcome)
{
    return str_eq(outcome, STR("refuse")) || str_eq(outcome, STR("reject")) ||
           str_eq(outcome, STR("return"));
}

/* A dossier that ends without a result tells its applicant why: what was written now, or, when a
 * leader only agreed, what was proposed (national statuses 3 and 8 require a reason). */
static enum err
tell_reason(struct ctx *cx, const struct dossier *d, const struct dossier_act *act)
{
    struct flow_task *v = NULL;
    size_t n = 0;
    struct str reason = act->note;
    if (!str_eq(d->state, STR("refused")) && !str_eq(d->state, STR("stopped"))) {
        return ERR_OK;
    }
    TRY(flow_tasks_of_case(cx, d->case_id, &v, &n));
    for (size_t i = n; i > 0 && str_is_empty(str_trim(reason)); i--) {
        if (needs_reason(v[i - 1].outcome)) {
            reason = v[i - 1].note;
        }
    }
    TRY(dossier_note(cx, d, "reason", reason, true));
    return dossier_tell(cx, d, "refused", reason);
}

enum err
dossier_finish_task(struct ctx *cx, struct dossier *d, const struct dossier_act *act,
                    const struct flow_task *t, struct str consulted, int64_t *ret_opened)
{
    struct dossier_run run;
    struct flow_env env;
    struct flow_done done = { .task_id = t->id,
                              .version = act->version,
                              .by = cx->who.account,
                              .outcome = act->outcome,
                              .note = act->note };
    TRY(dossier_run_begin(cx, d, &run, &env));
    run.outcome = act->outcome;
    run.consulted = consulted;
    run.is_changed = true;
    struct str what = str_is_empty(act->back_to) ? act->outcome : STR("sent_back");
    struct str note = str_fmt(cx->arena, STR_FMT "|" STR_FMT "|" STR_FMT, STR_ARG(t->step_id),
                              STR_ARG(what), STR_ARG(act->note));
    TRY(dossier_record(cx, d, "task_done", note, false));
    if (str_is_empty(act->back_to)) {
        TRY(flow_task_complete(cx, &env, &done));
    } else {
        TRY(flow_return_to(cx, &env, &done, act->back_to));
    }
    TRY(tell_reason(cx, d, act));
    if (ret_opened != NULL) {
        *ret_opened = run.opened;
    }
    return dossier_run_end(cx, &run);
}

/* Outcomes that mean more than the closing of a task have functions of their own: a signature, a
 * request for what is missing, a payment, a question to another unit. */
static enum err
require_plain(struct ctx *cx, const struct flow_task *t, const struct dossier_act *act)
{
    bool is_signing = str_eq(t->action, STR("sign")) && str_eq(act->outcome, STR("sign"));
    bool is_other = str_eq(act->outcome, STR("supplement")) || str_eq(act->outcome, STR("consult"));
    if (str_is_empty(act->back_to) && (is_signing || is_other)) {
        return err_set(cx, ERR_FORBIDDEN, "outcome " STR_FMT " is not given so",
                       STR_ARG(act->outcome));
    }
    return str_eq(t->role, STR("citizen"))
               ? err_set(cx, ERR_FORBIDDEN, "task %" PRId64 " is the applicant's", t->id)
               : ERR_OK;
}

static enum err
do_tx(struct ctx *cx, void *arg)
{
    struct act_job *job = arg;
    struct flow_task t;
    TRY(dossier_load_task(cx, job->act, &t, &job->d));
    TRY(require_plain(cx, &t, job->act));
    return dossier_finish_task(cx, &job->d, job->act, &t, STR_NULL, NULL);
}

enum err
dossier_do(struct ctx *cx, const struct dossier_act *act)
{
    struct act_job job = { .act = act };
    if ((needs_reason(act->outcome) || !str_is_empty(act->back_to)) &&
        str_is_empty(str_trim(act->note))) {
        ctx_problem(cx, STR("note"), STR("dossier.reason_missing"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(store_write(cx, do_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

static enum err
claim_tx(struct ctx *cx, void *arg)
{
    struct act_job *job = arg;
    struct flow_task t;
    TRY(dossier_load_task(cx, job->act, &t, &job->d));
    TRY(flow_claim(cx, t.id, cx->who.account));
    return dossier_note(cx, &job->d, "claimed", t.step_id, false);
}

enum err
dossier_claim(struct ctx *cx, int64_t task)
{
    struct dossier_act act = { .task = task };
    struct act_job job = { .act = &act };
    TRY(store_write(cx, claim_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

/* Only somebody with the task's role in its unit can be given it; 0 is the pool. */
static enum err
require_colleague(struct ctx *cx, const struct flow_task *t, int64_t to)
{
    struct access_officer *v = NULL;
    size_t n = 0;
    bool is_one = to == 0;
    TRY(access_officers(cx, t->unit, t->role, &v, &n));
    for (size_t i = 0; i < n; i++) {
        is_one = is_one || v[i].account == to;
    }
    if (!is_one) {
        ctx_problem(cx, STR("to"), STR("dossier.not_a_colleague"), STR_NULL);
    }
    return ctx_check(cx);
}

static enum err
assign_tx(struct ctx *cx, void *arg)
{
    struct act_job *job = arg;
    struct flow_task t;
    TRY(flow_task_by_id(cx, job->act->task, &t));
    TRY(dossier_get(cx, t.subject_id, &job->d));
    if (t.assignee != cx->who.account) {
        TRY(access_require_in(cx, "dossier.assign", t.unit));
    }
    TRY(require_colleague(cx, &t, job->dossier));
    TRY(flow_assign(cx, t.id, job->act->version == 0 ? t.version : job->act->version,
                    job->dossier));
    if (job->dossier != 0) {
        int64_t to = 0;
        TRY(dossier_stand_in(cx, job->dossier, t.unit, t.role, &to));
        if (to != job->dossier) {
            TRY(flow_hand(cx, t.id, to, job->dossier));
        }
    }
    return dossier_record(cx, &job->d, "assigned", t.step_id, false);
}

enum err
dossier_assign(struct ctx *cx, int64_t task, int64_t version, int64_t to_account)
{
    struct dossier_act act = { .task = task, .version = version };
    struct act_job job = { .act = &act, .dossier = to_account };
    TRY(store_write(cx, assign_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

/* --- supplement ------------------------------------------------------------------------------- */
struct str
dossier_supplement_allowed(struct ctx *cx, const struct dossier *d)
{
    struct json *vars = NULL;
    struct json_fault fault;
    if (json_parse(cx->arena, d->vars, (struct json_limits){ 0 }, &vars, &fault) != ERR_OK) {
        return STR_NULL;
    }
    struct str reason = json_text(vars, SUPPLEMENT_AGAIN);
    return str_is_empty(reason) ? STR_NULL : reason;
}

/* Once is free; again needs a leader: the permission given on the dossier, or the leader's own hand
 * and reason. Decree 118/2025: one request, for everything missing. */
static enum err
require_again(struct ctx *cx, struct act_job *job, struct str unit)
{
    struct str allowed = dossier_supplement_allowed(cx, &job->d);
    job->text = job->act->note.p == NULL ? STR("") : job->act->note;
    if (job->d.n_supplements == 0) {
        return ERR_OK;
    }
    if (allowed.p != NULL) {
        job->text = str_is_empty(str_trim(job->text)) ? allowed : job->text;
        return dossier_learn(cx, &job->d, STR(SUPPLEMENT_AGAIN), STR(""));
    }
    if (!access_may_in(cx, "dossier.supplement_again", unit)) {
        ctx_problem(cx, STR("items"), STR("dossier.supplement_once"), STR_NULL);
    } else if (str_is_empty(str_trim(job->text))) {
        ctx_problem(cx, STR("note"), STR("dossier.reason_missing"), STR_NULL);
    }
    return ctx_check(cx);
}

static enum err
allow_tx(struct ctx *cx, void *arg)
{
    struct act_job *job = arg;
    TRY(dossier_get(cx, job->dossier, &job->d));
    TRY(access_require_in(cx, "dossier.supplement_again", job->d.unit));
    if (!str_eq(job->d.state, STR("open")) || job->d.n_supplements == 0 ||
        dossier_supplement_allowed(cx, &job->d).p != NULL) {
        return err_set(cx, ERR_CONFLICT, "dossier %" PRId64 " needs no such permission", job->d.id);
    }
    TRY(dossier_learn(cx, &job->d, STR(SUPPLEMENT_AGAIN), job->text));
    TRY(dossier_save(cx, &job->d));
    return dossier_record(cx, &job->d, "supplement_allowed", job->text, false);
}

enum err
dossier_allow_supplement(struct ctx *cx, int64_t dossier, struct str reason)
{
    struct act_job job = { .dossier = dossier, .text = str_trim(reason) };
    if (str_is_empty(job.text)) {
        ctx_problem(cx, STR("again_reason"), STR("dossier.reason_missing"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(store_write(cx, allow_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

static enum err
supplement_tx(struct ctx *cx, void *arg)
{
    struct act_job *job = arg;
    struct flow_task t;
    TRY(dossier_load_task(cx, job->act, &t, &job->d));
    TRY(require_again(cx, job, t.unit));
    job->d.n_supplements++;
    TRY(q_supplement_insert(cx, NULL, .id = store_new_id(cx), .dossier_id = job->d.id,
                            .asked_us = sys_now_us(cx), .asked_by = cx->who.account,
                            .items = job->items, .reason = job->text));
    TRY(dossier_number_form(cx, &job->d, "02", "supplement_number"));
    TRY(dossier_count(cx, &job->d, "supplement_asked", 1));
    TRY(dossier_record(cx, &job->d, "supplement_asked", STR_NULL, true));
    TRY(dossier_tell(cx, &job->d, "supplement", STR_NULL));
    return dossier_finish_task(cx, &job->d, job->act, &t, STR_NULL, NULL);
}

enum err
dossier_ask_supplement(struct ctx *cx, const struct dossier_act *act, struct str items_json)
{
    struct dossier_act with_outcome = *act;
    with_outcome.outcome = STR("supplement");
    struct act_job job = { .act = &with_outcome, .items = items_json };
    struct json *items = NULL;
    struct json_fault fault;
    struct json_limits limits = { 0 };
    if (json_parse(cx->arena, items_json, limits, &items, &fault) != ERR_OK ||
        items->type != JSON_LIST || items->n == 0) {
        ctx_problem(cx, STR("items"), STR("dossier.supplement_empty"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(store_write(cx, supplement_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

enum err
dossier_supplements(struct ctx *cx, int64_t dossier, struct dossier_supplement **ret, size_t *ret_n)
{
    struct q_supplement_list_list list;
    TRY(q_supplement_list(cx, &list, .dossier_id = dossier, .limit_n = SUPPLEMENTS_MAX));
    struct dossier_supplement *v = ARENA_ARRAY(cx->arena, struct dossier_supplement, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct dossier_supplement){ .id = list.v[i].id,
                                            .asked_us = list.v[i].asked_us,
                                            .asked_by = list.v[i].asked_by,
                                            .answered_us = list.v[i].answered_us,
                                            .items = list.v[i].items,
                                            .reason = list.v[i].reason,
                                            .answer = list.v[i].answer };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

/* --- the applicant's side --------------------------------------------------------------------- */
static enum err
require_applicant(struct ctx *cx, const struct dossier *d)
{
    const struct actor *me = cx->actor;
    bool is_own = me != NULL && (me->party == d->party || me->account == d->filed_by ||
                                 me->for_party == d->party);
    bool is_counter = access_may_in(cx, "dossier.intake", d->unit);
    return is_own || is_counter
               ? ERR_OK
               : err_set(cx, ERR_FORBIDDEN, "dossier %" PRId64 " is another person's", d->id);
}

/* Delivers a message of the applicant: a waiting event takes it, or the open task of role citizen
 * is done with it. */
static enum err
deliver(struct ctx *cx, struct act_job *job, struct str message, struct str outcome)
{
    struct dossier_run run;
    struct flow_env env;
    struct q_dossier_open_task_list tasks;
    int64_t n = 0;
    TRY(dossier_run_begin(cx, &job->d, &run, &env));
    run.outcome = outcome;
    run.is_changed = true;
    TRY(flow_message(cx, &env, job->d.case_id, message, &n));
    if (n == 0) {
        TRY(q_dossier_open_task(cx, &tasks, .subject_id = job->d.id, .limit_n = TASKS_MAX));
        for (size_t i = 0; i < tasks.n && n == 0; i++) {
            if (str_eq(tasks.v[i].role, STR("citizen"))) {
                struct flow_done done = { .task_id = tasks.v[i].id,
                                          .by = cx->who.account,
                                          .outcome = outcome,
                                          .note = job->text };
                TRY(flow_task_complete(cx, &env, &done));
                n++;
            }
        }
    }
    if (n == 0) {
        return err_set(cx, ERR_CONFLICT, "dossier %" PRId64 " does not wait for " STR_FMT,
                       job->d.id, STR_ARG(message));
    }
    return dossier_run_end(cx, &run);
}

static enum err
answer_supplement_tx(struct ctx *cx, void *arg)
{
    struct act_job *job = arg;
    int64_t n = 0;
    TRY(dossier_get(cx, job->dossier, &job->d));
    TRY(require_applicant(cx, &job->d));
    TRY(q_supplement_answer(cx, &n, .dossier_id = job->d.id, .answered_us = sys_now_us(cx),
                            .answer = job->text));
    if (n == 0) {
        return err_set(cx, ERR_CONFLICT, "nothing is asked for dossier %" PRId64, job->d.id);
    }
    TRY(dossier_record(cx, &job->d, "supplement_answered", job->text, true));
    return deliver(cx, job, STR("supplemented"), STR("done"));
}

enum err
dossier_answer_supplement(struct ctx *cx, int64_t dossier, struct str answer)
{
    struct act_job job = { .dossier = dossier, .text = answer.p == NULL ? STR("") : answer };
    TRY(store_write(cx, answer_supplement_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

static enum err
answer_draft_tx(struct ctx *cx, void *arg)
{
    struct act_job *job = arg;
    bool is_right = str_is_empty(job->text);
    TRY(dossier_get(cx, job->dossier, &job->d));
    TRY(require_applicant(cx, &job->d));
    TRY(dossier_record(cx, &job->d, is_right ? "draft_confirmed" : "draft_corrected", job->text,
                       true));
    return deliver(cx, job, is_right ? STR("confirmed") : STR("corrected"),
                   is_right ? STR("confirm") : STR("correct"));
}

enum err
dossier_answer_draft(struct ctx *cx, int64_t dossier, struct str corrections)
{
    struct act_job job = { .dossier = dossier, .text = corrections };
    TRY(store_write(cx, answer_draft_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

static enum err
withdraw_tx(struct ctx *cx, void *arg)
{
    struct act_job *job = arg;
    struct dossier_run run;
    struct flow_env env;
    TRY(dossier_get(cx, job->dossier, &job->d));
    TRY(require_applicant(cx, &job->d));
    if (!str_eq(job->d.state, STR("open")) || job->d.status == 9) {
        return err_set(cx, ERR_CONFLICT, "dossier %" PRId64 " is finished", job->d.id);
    }
    TRY(dossier_run_begin(cx, &job->d, &run, &env));
    run.is_changed = true;
    TRY(flow_cancel(cx, &env, job->d.case_id, job->text));
    TRY(dossier_note(cx, &job->d, "reason", job->text, true));
    TRY(dossier_close(cx, &job->d, "withdrawn"));
    return dossier_run_end(cx, &run);
}

enum err
dossier_withdraw(struct ctx *cx, int64_t dossier, struct str reason)
{
    struct act_job job = { .dossier = dossier, .text = reason.p == NULL ? STR("") : reason };
    TRY(store_write(cx, withdraw_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

struct remark_job {
    int64_t dossier;
    const char *kind;
    struct str note;
};

static enum err
remark_tx(struct ctx *cx, void *arg)
{
    const struct remark_job *job = arg;
    struct dossier d;
    TRY(dossier_get(cx, job->dossier, &d));
    return dossier_record(cx, &d, job->kind, job->note, true);
}

enum err
dossier_remark(struct ctx *cx, int64_t dossier, const char *kind, struct str note)
{
    struct remark_job job = { dossier, kind, note };
    return store_write(cx, remark_tx, &job);
}

static enum err
rate_tx(struct ctx *cx, void *arg)
{
    struct act_job *job = arg;
    int64_t n = 0;
    TRY(dossier_get(cx, job->dossier, &job->d));
    TRY(require_applicant(cx, &job->d));
    if (job->d.finished_us == 0) {
        return err_set(cx, ERR_CONFLICT, "dossier %" PRId64 " is not finished", job->d.id);
    }
    TRY(q_dossier_rate(cx, &n, .id = job->d.id, .rating = job->stars, .words = job->text));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "dossier %" PRId64 " was rated already", job->d.id);
    }
    TRY(dossier_count(cx, &job->d, "rated", 1));
    TRY(dossier_count(cx, &job->d, "rating_sum", job->stars));
    return dossier_record(cx, &job->d, "rated", STR_NULL, false);
}

enum err
dossier_rate(struct ctx *cx, int64_t dossier, int32_t stars, struct str words)
{
    struct act_job job = { .dossier = dossier, .stars = stars, .text = words };
    if (stars < 1 || stars > 5) {
        ctx_problem(cx, STR("stars"), STR("dossier.rating_range"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(store_write(cx, rate_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

/* --- overdue ---------------------------------------------------------------------------------- */
static enum err
apologise_tx(struct ctx *cx, void *arg)
{
    struct act_job *job = arg;
    TRY(dossier_get(cx, job->dossier, &job->d));
    TRY(access_require_in(cx, "dossier.apologise", job->d.unit));
    if (job->d.apology_us != 0) {
        ctx_problem(cx, STR("reason"), STR("dossier.apology_once"), STR_NULL);
        return ctx_check(cx);
    }
    bool is_running = str_eq(job->d.state, STR("open")) && job->d.clock == DOSSIER_CLOCK_RUNNING;
    if (!is_running || dossier_left_s(cx, &job->d) >= CALENDAR_WORK_DAY_S) {
        return err_set(cx, ERR_CONFLICT, "dossier %" PRId64 " is not about to be late", job->d.id);
    }
    job->d.apology_us = sys_now_us(cx);
    job->d.first_due_us = job->d.due_us; /* what the result is measured against stays */
    job->d.due_us = job->until_us;
    job->d.remaining_s = calendar_work_between(cx, job->d.unit, calendar_now_us(cx), job->until_us);
    TRY(dossier_learn_apology(cx, &job->d));
    TRY(dossier_save(cx, &job->d));
    TRY(dossier_record(cx, &job->d, "apology", job->text, true));
    return dossier_tell(cx, &job->d, "apology", job->text);
}

enum err
dossier_apologise(struct ctx *cx, int64_t dossier, struct str reason, int64_t new_due_us)
{
    struct act_job job = { .dossier = dossier, .text = reason, .until_us = new_due_us };
    if (str_is_empty(str_trim(reason))) {
        ctx_problem(cx, STR("reason"), STR("dossier.reason_missing"), STR_NULL);
    }
    if (new_due_us <= calendar_now_us(cx)) {
        ctx_problem(cx, STR("new_due"), STR("dossier.new_date_past"), STR_NULL);
    }
    TRY(ctx_check(cx));
    TRY(store_write(cx, apologise_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}
