/* dossier_jobs.c: what happens without a person: a payment arrives, another system answers, a timer
 * is due. */
#include "codec/json.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/indicator/indicator.h"
#include "engine/ledger/ledger.h"
#include "engine/pack/pack.h"
#include "engine/paper/paper.h"
#include "engine/pay/pay.h"
#include "engine/unit/unit.h"
#include "gen/q_dossier.h"
#include "store/jobs.h"
#include "store/store.h"

#define TIMERS_MAX     100
#define TIMER_EVERY_US (INT64_C(20) * 1000 * 1000)

struct answer_job {
    int64_t dossier, timer;
    struct str message, name, value;
    struct dossier d;
};

static enum err
payload_dossier(struct ctx *cx, struct str payload, const struct json **ret, int64_t *ret_id)
{
    struct json *tree = NULL;
    struct json_fault fault;
    struct json_limits limits = { 0 };
    if (json_parse(cx->arena, payload, limits, &tree, &fault) != ERR_OK) {
        return err_set(cx, ERR_BAD_REQUEST, "payload: %s", fault.what);
    }
    *ret = tree;
    if (!str_to_i64(json_text(tree, "dossier"), 1, INT64_MAX, ret_id) &&
        !str_to_i64(json_text(tree, "dossier_id"), 1, INT64_MAX, ret_id)) {
        *ret_id = json_int(tree, "dossier_id", 0);
    }
    return ERR_OK;
}

enum err
dossier_load_packs(struct ctx *cx)
{
    struct pack_version *versions = NULL;
    size_t n = 0;
    TRY(pack_versions(cx, &versions, &n));
    for (size_t i = 0; i < n; i++) {
        struct q_dossier_uses_pack_list used;
        const struct pack *pack = NULL;
        TRY(q_dossier_uses_pack(cx, &used, .pack_version = versions[i].version, .limit_n = 1));
        if (used.n > 0) {
            TRY(pack_by_version(cx, versions[i].version, &pack));
        }
    }
    return ERR_OK;
}

enum err
dossier_pack_counts(struct ctx *cx, struct str version, int64_t *ret_open, int64_t *ret_closed)
{
    struct q_dossier_pack_counts row;
    TRY(q_dossier_pack_counts(cx, &row, .pack_version = version));
    *ret_open = row.n_open;
    *ret_closed = row.n_all - row.n_open;
    return ERR_OK;
}

/* The pack of a finished dossier may not be loaded yet, and reading it has no place inside a write.
 */
static enum err
warm(struct ctx *cx, int64_t id)
{
    struct dossier d;
    const struct pack *pack = NULL;
    TRY(dossier_get(cx, id, &d));
    return dossier_pack(cx, &d, &pack);
}

static enum err
paid_tx(struct ctx *cx, void *arg)
{
    struct answer_job *job = arg;
    struct dossier_run run;
    struct flow_env env;
    TRY(dossier_get(cx, job->dossier, &job->d));
    if (job->d.is_paid) {
        return ERR_OK; /* told twice */
    }
    TRY(dossier_run_begin(cx, &job->d, &run, &env));
    run.is_changed = true;
    job->d.is_paid = true;
    TRY(dossier_stock(cx, &job->d, "unpaid", false));
    TRY(dossier_count(cx, &job->d, "paid", 1));
    TRY(dossier_count(cx, &job->d, "paid_vnd", job->d.fee_vnd));
    TRY(dossier_record(cx, &job->d, "paid", STR_NULL, true));
    TRY(dossier_tell(cx, &job->d, "paid", STR_NULL));
    TRY(flow_message(cx, &env, job->d.case_id, STR("paid"), NULL));
    return dossier_run_end(cx, &run);
}

static enum err
on_paid(struct ctx *cx, struct str key, struct str payload)
{
    struct answer_job job = { 0 };
    const struct json *tree = NULL;
    TRY(payload_dossier(cx, payload, &tree, &job.dossier));
    if (job.dossier == 0 && !str_to_i64(key, 1, INT64_MAX, &job.dossier)) {
        return err_set(cx, ERR_BAD_REQUEST, "no dossier in the payment");
    }
    TRY(warm(cx, job.dossier));
    TRY(store_write(cx, paid_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

/* A receipt was declared void: the fee is due as before; what the process did meanwhile stays. */
static enum err
void_tx(struct ctx *cx, void *arg)
{
    struct answer_job *job = arg;
    TRY(dossier_get(cx, job->dossier, &job->d));
    if (!job->d.is_paid || !str_eq(job->d.state, STR("open"))) {
        return ERR_OK; /* told twice, or ended meanwhile */
    }
    job->d.is_paid = false;
    TRY(dossier_save(cx, &job->d));
    TRY(dossier_stock(cx, &job->d, "unpaid", true));
    TRY(dossier_count(cx, &job->d, "paid", -1));
    TRY(dossier_count(cx, &job->d, "paid_vnd", -job->d.fee_vnd));
    return dossier_record(cx, &job->d, "payment_void", job->value, true);
}

static enum err
on_void(struct ctx *cx, struct str key, struct str payload)
{
    struct answer_job job = { 0 };
    const struct json *tree = NULL;
    (void)key;
    TRY(payload_dossier(cx, payload, &tree, &job.dossier));
    job.value = str_fmt(cx->arena, STR_FMT ": " STR_FMT, STR_ARG(json_text(tree, "receipt")),
                        STR_ARG(json_text(tree, "reason")));
    TRY(warm(cx, job.dossier));
    TRY(store_write(cx, void_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

static enum err
answer_tx(struct ctx *cx, void *arg)
{
    struct answer_job *job = arg;
    struct dossier_run run;
    struct flow_env env;
    TRY(dossier_get(cx, job->dossier, &job->d));
    TRY(dossier_run_begin(cx, &job->d, &run, &env));
    TRY(dossier_record(cx, &job->d, "exchange_answered", job->message, false));
    if (!str_eq(job->d.state, STR("open"))) {
        return ERR_OK; /* the officer went on by hand: what was decided stands as it was decided */
    }
    run.is_changed = true;
    if (!str_is_empty(job->name)) {
        TRY(dossier_learn(cx, &job->d, job->name, job->value));
    }
    TRY(flow_message(cx, &env, job->d.case_id, job->message, NULL));
    return dossier_run_end(cx, &run);
}

/* {"dossier","service","name","value"}: another system's answer; value is kept under name. */
static enum err
on_answer(struct ctx *cx, struct str key, struct str payload)
{
    struct answer_job job = { 0 };
    const struct json *tree = NULL;
    (void)key;
    TRY(payload_dossier(cx, payload, &tree, &job.dossier));
    job.message = json_text(tree, "service");
    job.name = json_text(tree, "name");
    job.value = json_text(tree, "value");
    TRY(warm(cx, job.dossier));
    TRY(store_write(cx, answer_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

const struct jobs_topic dossier_topics[] = {
    { STR_INIT("pay.paid"), on_paid },
    { STR_INIT("exchange.answer"), on_answer },
    { STR_INIT("pay.void"), on_void },
    { STR_INIT("dossier.seal"), dossier_partner_seal },
    { STR_INIT("dossier.papers"), dossier_papers_job },
    { { NULL, 0 }, NULL },
};

static enum err
timer_tx(struct ctx *cx, void *arg)
{
    struct answer_job *job = arg;
    struct dossier_run run;
    struct flow_env env;
    TRY(dossier_get(cx, job->dossier, &job->d));
    TRY(dossier_run_begin(cx, &job->d, &run, &env));
    TRY(flow_timer_fire(cx, &env, job->timer));
    return dossier_run_end(cx, &run);
}

static enum err
timers(struct ctx *cx, int64_t *ret_again_us)
{
    struct flow_due *due = NULL;
    size_t n = 0;
    *ret_again_us = TIMER_EVERY_US;
    TRY(flow_timers_due(cx, calendar_now_us(cx), TIMERS_MAX, &due, &n));
    for (size_t i = 0; i < n; i++) {
        struct answer_job job = { .dossier = due[i].subject_id, .timer = due[i].timer_id };
        TRY(warm(cx, job.dossier));
        TRY(store_write(cx, timer_tx, &job));
        dossier_publish(cx, &job.d);
    }
    if (n == TIMERS_MAX) {
        *ret_again_us = 1;
    }
    return ERR_OK;
}

const struct jobs_timed dossier_timed[] = {
    { STR_INIT("dossier.timers"), timers },
    { STR_INIT("dossier.absences"), dossier_absences_turn },
    { STR_INIT("dossier.reminders"), dossier_remind_leaders },
    { { NULL, 0 }, NULL },
};

/* --- reorganisation --------------------------------------------------------------------------- */
struct move_job {
    struct str from, to;
    int64_t n, n_positions;
};

static enum err
move_tx(struct ctx *cx, void *arg)
{
    struct move_job *job = arg;
    TRY(q_drafts_move_unit(cx, NULL, .from_unit = job->from, .to_unit = job->to));
    TRY(q_dossier_move_unit(cx, &job->n, .from_unit = job->from, .to_unit = job->to));
    TRY(q_absence_move_unit(cx, NULL, .from_unit = job->from, .to_unit = job->to));
    TRY(custody_unit_moved(cx, job->from, job->to));
    TRY(indicator_move_unit(cx, job->from, job->to));
    TRY(access_positions_move(cx, job->from, job->to, &job->n_positions));
    struct ledger_new e = { .kind = "unit.moved",
                            .object = str_cat(cx->arena, STR("unit:"), job->from),
                            .note = str_fmt(
                                cx->arena,
                                STR_FMT " -> " STR_FMT " dossiers=%" PRId64 " positions=%" PRId64,
                                STR_ARG(job->from), STR_ARG(job->to), job->n, job->n_positions) };
    TRY(ledger_add(cx, &e));
    return flow_move_unit(cx, job->from, job->to, NULL);
}

enum err
dossier_move_unit(struct ctx *cx, struct str from_unit, struct str to_unit, int64_t *ret_n)
{
    struct move_job job = { .from = from_unit, .to = to_unit };
    if (str_eq(from_unit, to_unit) || unit_by_key(cx, to_unit) == NULL) {
        return err_set(cx, ERR_INVALID, "no other unit " STR_FMT, STR_ARG(to_unit));
    }
    TRY(store_write(cx, move_tx, &job));
    *ret_n = job.n;
    return ERR_OK;
}

enum err
dossier_unit_counts(struct ctx *cx, struct str unit, int64_t *ret_open, int64_t *ret_drafts)
{
    struct q_dossier_unit_counts row;
    TRY(q_dossier_unit_counts(cx, &row, .unit = unit));
    *ret_open = row.n_open;
    *ret_drafts = row.n_drafts;
    return ERR_OK;
}

enum err
dossier_party_merged(struct ctx *cx, int64_t from_party, int64_t to_party)
{
    TRY(q_paper_owner_moved(cx, NULL, .from_id = from_party, .to_id = to_party));
    TRY(q_draft_party_moved_done(cx, NULL, .from_id = from_party, .to_id = to_party));
    TRY(q_draft_party_moved(cx, NULL, .from_id = from_party, .to_id = to_party));
    return q_dossier_party_moved(cx, NULL, .from_id = from_party, .to_id = to_party);
}
