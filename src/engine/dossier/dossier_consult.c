/* dossier_consult.c: questions to another unit. A question is the note of the asker's task, which
 * ends with the outcome "consult"; the answer is the note of the task that the process then opens
 * in the unit asked (bb:unit="consulted"). Nothing else is kept: the tasks tell it all. */
#include "base/date.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/unit/unit.h"
#include "store/store.h"

struct consult_job {
    const struct dossier_question *in;
    const struct dossier_act *act;
    struct str asked, asker; /* units */
    struct dossier d;
};

static bool
is_question(const struct flow_task *t)
{
    return str_eq(t->state, STR("done")) && str_eq(t->outcome, STR("consult"));
}

static bool
is_answering(const struct flow_task *t)
{
    return str_eq(t->action, STR("consult"));
}

/* The unit must exist today and have somebody who can answer. */
static enum err
require_unit(struct ctx *cx, struct str unit, struct str role)
{
    struct access_officer *o = NULL;
    size_t n = 0;
    const struct unit *u = unit_by_key(cx, unit);
    bool is_known = u != NULL && unit_at(cx, u->code, calendar_today(cx)) == u;
    if (is_known) {
        TRY(access_officers(cx, unit, role, &o, &n));
    }
    if (!is_known || n == 0) {
        ctx_problem(cx, STR("unit"),
                    is_known ? STR("dossier.consult_nobody") : STR("dossier.consult_unit"),
                    STR_NULL);
    }
    return ctx_check(cx);
}

static enum err
consult_tx(struct ctx *cx, void *arg)
{
    struct consult_job *job = arg;
    struct flow_task t;
    struct flow_task opened;
    int64_t id = 0;
    TRY(dossier_load_task(cx, job->act, &t, &job->d));
    TRY(access_require_in(cx, "dossier.consult", t.unit));
    TRY(dossier_record(cx, &job->d, "consulted", job->in->unit, true));
    TRY(dossier_learn(cx, &job->d, STR("consulted"), job->in->unit));
    TRY(dossier_finish_task(cx, &job->d, job->act, &t, job->in->unit, &id));
    TRY(flow_task_by_id(cx, id, &opened));
    if (!is_answering(&opened)) {
        return err_set(cx, ERR_INTERNAL, "outcome consult of " STR_FMT " opens no consult task",
                       STR_ARG(t.step_id));
    }
    TRY(require_unit(cx, job->in->unit, opened.role));
    job->asked = opened.unit;
    return job->in->until_us == 0 ? ERR_OK : flow_set_due(cx, id, job->in->until_us);
}

enum err
dossier_consult(struct ctx *cx, const struct dossier_question *in)
{
    struct dossier_act act = { .task = in->task,
                               .version = in->version,
                               .outcome = STR("consult"),
                               .note = str_trim(in->question) };
    struct consult_job job = { .in = in, .act = &act };
    if (str_is_empty(act.note)) {
        ctx_problem(cx, STR("question"), STR("dossier.question_missing"), STR_NULL);
    }
    if (in->until_us != 0 && in->until_us <= calendar_now_us(cx)) {
        ctx_problem(cx, STR("until"), STR("dossier.until_past"), STR_NULL);
    }
    TRY(ctx_check(cx));
    TRY(store_write(cx, consult_tx, &job));
    dossier_publish(cx, &job.d);
    dossier_publish_inbox(cx, job.asked);
    return ERR_OK;
}

static enum err
opinion_tx(struct ctx *cx, void *arg)
{
    struct consult_job *job = arg;
    struct flow_task t;
    TRY(dossier_load_task(cx, job->act, &t, &job->d));
    if (!is_answering(&t)) {
        return err_set(cx, ERR_FORBIDDEN, "task %" PRId64 " is no question", t.id);
    }
    job->asked = t.unit;
    TRY(dossier_record(cx, &job->d, "opinion_given", t.unit, true));
    return dossier_finish_task(cx, &job->d, job->act, &t, STR_NULL, NULL);
}

enum err
dossier_give_opinion(struct ctx *cx, int64_t task, int64_t version, struct str answer)
{
    struct dossier_act act = {
        .task = task, .version = version, .outcome = STR("done"), .note = str_trim(answer)
    };
    struct consult_job job = { .act = &act };
    if (str_is_empty(act.note)) {
        ctx_problem(cx, STR("opinion"), STR("dossier.answer_missing"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(store_write(cx, opinion_tx, &job));
    dossier_publish(cx, &job.d);
    dossier_publish_inbox(cx, job.asked);
    return ERR_OK;
}

/* --- taking back ------------------------------------------------------------------------------ */
/* The question that opened an answering task; NULL when there is none. */
static const struct flow_task *
question_of(const struct flow_task *v, size_t n, const struct flow_task *answer)
{
    const struct flow_task *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (is_question(&v[i]) && v[i].token == answer->token && v[i].id < answer->id) {
            found = &v[i];
        }
    }
    return found;
}

bool
dossier_may_recall(struct ctx *cx, const struct flow_task *t)
{
    struct flow_task *v = NULL;
    size_t n = 0;
    bool is_open = is_answering(t) && str_eq(t->state, STR("open"));
    if (!is_open || flow_tasks_of_case(cx, t->case_id, &v, &n) != ERR_OK) {
        return false;
    }
    const struct flow_task *q = question_of(v, n, t);
    return q != NULL && access_may_in(cx, "dossier.consult", q->unit);
}

static enum err
recall_tx(struct ctx *cx, void *arg)
{
    struct consult_job *job = arg;
    struct flow_task t;
    struct flow_task after;
    struct dossier_run run;
    struct flow_env env;
    int64_t n = 0;
    TRY(flow_task_by_id(cx, job->act->task, &t));
    TRY(dossier_get(cx, t.subject_id, &job->d));
    if (!str_eq(t.state, STR("open")) ||
        (job->act->version != 0 && job->act->version != t.version)) {
        return err_set(cx, ERR_CONFLICT, "task %" PRId64 " changed", t.id);
    }
    if (!dossier_may_recall(cx, &t)) {
        return err_set(cx, ERR_FORBIDDEN, "task %" PRId64 " was not asked from here", t.id);
    }
    job->asked = t.unit;
    TRY(dossier_record(cx, &job->d, "consult_recalled", job->act->note, false));
    TRY(dossier_run_begin(cx, &job->d, &run, &env));
    run.is_changed = true;
    TRY(flow_message_at(cx, &env, t.id, STR("recalled"), &n));
    TRY(flow_task_by_id(cx, t.id, &after));
    if (n == 0 || str_eq(after.state, STR("open"))) {
        return err_set(cx, ERR_CONFLICT, "step " STR_FMT " cannot be recalled", STR_ARG(t.step_id));
    }
    return dossier_run_end(cx, &run);
}

enum err
dossier_consult_recall(struct ctx *cx, int64_t task, int64_t version, struct str reason)
{
    struct dossier_act act = { .task = task, .version = version, .note = str_trim(reason) };
    struct consult_job job = { .act = &act };
    if (str_is_empty(act.note)) {
        ctx_problem(cx, STR("recall_reason"), STR("dossier.reason_missing"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(store_write(cx, recall_tx, &job));
    dossier_publish(cx, &job.d);
    dossier_publish_inbox(cx, job.asked);
    return ERR_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */
static struct str
name_of(struct ctx *cx, int64_t account)
{
    struct access_account a;
    return account != 0 && access_account_get(cx, account, &a) == ERR_OK ? a.name : STR_NULL;
}

enum err
dossier_opinions(struct ctx *cx, const struct dossier *d, struct dossier_opinion **ret,
                 size_t *ret_n)
{
    struct flow_task *v = NULL;
    size_t n = 0;
    size_t n_out = 0;
    TRY(flow_tasks_of_case(cx, d->case_id, &v, &n));
    struct dossier_opinion *out = ARENA_ARRAY(cx->arena, struct dossier_opinion, n);
    for (size_t i = 0; i < n; i++) {
        const struct flow_task *q = is_answering(&v[i]) ? question_of(v, i, &v[i]) : NULL;
        if (q == NULL) {
            continue;
        }
        out[n_out++] = (struct dossier_opinion){ .task = v[i].id,
                                                 .version = v[i].version,
                                                 .from_unit = q->unit,
                                                 .unit = v[i].unit,
                                                 .question = q->note,
                                                 .answer = v[i].note,
                                                 .asked_by = name_of(cx, q->done_by),
                                                 .answered_by = name_of(cx, v[i].done_by),
                                                 .asked_us = q->closed_us,
                                                 .due_us = v[i].due_us,
                                                 .answered_us = v[i].closed_us,
                                                 .is_open = str_eq(v[i].state, STR("open")),
                                                 .is_answered = str_eq(v[i].state, STR("done")) };
    }
    *ret = out;
    *ret_n = n_out;
    return ERR_OK;
}
