/* dossier_submit.c: a draft becomes a dossier: one transaction, durable before the answer, the same
 * answer twice. */
#include "codec/vn.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/ledger/ledger.h"
#include "engine/pack/pack.h"
#include "engine/paper/paper.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "gen/q_dossier.h"
#include "store/store.h"
#include "sys/sys.h"

#define CODE_CHARS 10

struct submit_job {
    struct dossier_draft *draft;
    const struct procedure *procedure;
    const struct unit *unit;
    struct party party;
    struct str answers, code;
    struct str sources; /* of the answers: what stays of the draft */
    struct dossier d;
    int64_t parent;
    bool is_repeat;
};

/* The new dossier, numbered. Its row is inserted when the beginning of its process has said what it
 * holds (insert_row), so that it is written once. */
static enum err
make_dossier(struct ctx *cx, struct submit_job *job)
{
    const struct dossier_draft *f = job->draft;
    struct str number;
    TRY(unit_next_number(cx, job->unit, calendar_today(cx), &number));
    job->d = (struct dossier){
        .id = store_new_id(cx),
        .version = 1,
        .party = job->party.id,
        .filed_by = cx->who.account,
        .assisted_by = f->assisted_by,
        .parent = job->parent,
        .number = number,
        .code = job->code,
        .procedure = f->procedure,
        .pack_version = pack_now(cx)->version,
        .unit = f->unit,
        .channel = f->channel,
        .collect = f->collect,
        .post_address = f->post_address,
        .phone = f->phone,
        .email = f->email,
        .state = STR("open"),
        .status = 1,
        .field = job->procedure->field->code,
        .answers = job->answers,
        .vars = STR("{}"),
        .applicant = job->party.name,
        .n_copies = f->n_copies,
        .clock = DOSSIER_CLOCK_WAITING,
        .submitted_us = sys_now_us(cx),
        .due_us = calendar_add_limit(cx, f->unit, calendar_now_us(cx), job->procedure->time),
        .react_us = calendar_add_work(cx, f->unit, calendar_now_us(cx), DOSSIER_REACT_S),
    };
    return dossier_step_tell(cx, &job->d);
}

static enum err
insert_row(struct ctx *cx, const struct submit_job *job)
{
    const struct dossier *d = &job->d;
    return q_dossier_insert(
        cx, NULL, .id = d->id, .number = d->number, .code = d->code, .draft_id = job->draft->id,
        .parent_id = d->parent, .procedure_code = d->procedure, .field = d->field,
        .pack_version = d->pack_version, .unit = d->unit, .party_id = d->party,
        .applicant = d->applicant, .applicant_fold = vn_fold(cx->arena, d->applicant),
        .filed_by = d->filed_by, .assisted_by = d->assisted_by, .channel = d->channel,
        .collect = d->collect, .post_address = d->post_address, .phone = d->phone,
        .email = d->email, .answers = d->answers, .vars = d->vars, .n_copies = d->n_copies,
        .state = d->state, .status = d->status, .case_id = d->case_id, .clock = (int64_t)d->clock,
        .submitted_us = d->submitted_us, .react_us = d->react_us, .accepted_us = d->accepted_us,
        .due_us = d->due_us, .first_due_us = d->first_due_us, .paused_us = d->paused_us,
        .remaining_s = d->remaining_s, .finished_us = d->finished_us, .returned_us = d->returned_us,
        .apology_us = d->apology_us, .n_supplements = d->n_supplements, .fee_vnd = d->fee_vnd,
        .is_paid = d->is_paid);
}

static enum err
start_process(struct ctx *cx, struct submit_job *job)
{
    struct dossier_run run;
    struct flow_env env;
    TRY(dossier_run_begin(cx, &job->d, &run, &env));
    TRY(flow_start(cx, &env, job->d.id, job->procedure->process, &job->d.case_id));
    return insert_row(cx, job);
}

/* Who decides the linked case at the place of the first: the police post for residence, say. Where
 * the pack knows no such body, the office that opens it keeps it. */
static enum err
linked_unit(struct ctx *cx, const struct dossier *from, const struct procedure *p,
            const struct unit **ret)
{
    struct date today = calendar_today(cx);
    enum err e = unit_competent(cx, procedure_decides_on(p, today), from->unit, today, ret);
    if (e == ERR_NOT_FOUND || e == ERR_CONFLICT) {
        *ret = unit_by_key(cx, from->unit);
        e = *ret != NULL ? ERR_OK : ERR_NOT_FOUND;
    }
    return e;
}

enum err
dossier_open_linked(struct ctx *cx, const struct dossier *from, struct str procedure)
{
    struct submit_job job = { .code = sys_random_code(cx, CODE_CHARS) };
    struct dossier_draft same = { .procedure = procedure,
                                  .unit = from->unit,
                                  .assisted_by = from->assisted_by,
                                  .channel = from->channel,
                                  .collect = from->collect,
                                  .post_address = from->post_address,
                                  .phone = from->phone,
                                  .email = from->email,
                                  .n_copies = 1 };
    job.draft = &same;
    job.answers = from->answers;
    job.procedure = procedure_at(cx, procedure, calendar_today(cx));
    if (job.procedure == NULL) {
        return err_set(cx, ERR_INTERNAL, "linked procedure " STR_FMT " is not there",
                       STR_ARG(procedure));
    }
    TRY(linked_unit(cx, from, job.procedure, &job.unit));
    same.unit = job.unit->key;
    TRY(party_get(cx, from->party, &job.party));
    job.parent = from->id;
    TRY(make_dossier(cx, &job));
    TRY(dossier_record(cx, &job.d, "submitted", STR_NULL, true));
    TRY(dossier_count(cx, &job.d, "received", 1));
    TRY(dossier_stock(cx, &job.d, "open", true));
    TRY(dossier_bill_make(cx, &job.d, job.procedure));
    return start_process(cx, &job);
}

static enum err
submit_tx(struct ctx *cx, void *arg)
{
    struct submit_job *job = arg;
    struct dossier_draft *f = job->draft;
    struct q_dossier_id_by_draft done;
    int64_t n = 0;
    enum err e = q_dossier_id_by_draft(cx, &done, .draft_id = f->id);
    if (e == ERR_OK) {
        job->is_repeat = true;
        return dossier_get(cx, done.id, &job->d);
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(make_dossier(cx, job));
    TRY(q_draft_done(cx, &n, .id = f->id, .version = f->version, .dossier_id = job->d.id,
                     .form = job->sources));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "draft %" PRId64 " changed while it was submitted", f->id);
    }
    TRY(paper_move(cx, f->id, job->d.id));
    TRY(dossier_bill_make(cx, &job->d, job->procedure));
    struct ledger_new entry = { .kind = "dossier.submitted",
                                .object = ledger_object(cx, "dossier", job->d.id),
                                .subject = job->d.party,
                                .content = job->answers };
    TRY(ledger_add(cx, &entry));
    TRY(dossier_note(cx, &job->d, "submitted", STR_NULL, true));
    TRY(dossier_consent_ask(cx, &job->d, f->id, &job->party));
    TRY(dossier_count(cx, &job->d, "received", 1));
    TRY(dossier_stock(cx, &job->d, "open", true));
    TRY(dossier_tell(cx, &job->d, "submitted", STR_NULL));
    return start_process(cx, job);
}

/* Everything slow or refusable happens before the transaction. */
static enum err
prepare(struct ctx *cx, struct submit_job *job)
{
    struct dossier_draft *f = job->draft;
    struct dossier_check check;
    struct form_state st;
    struct form_env env = dossier_form_env(cx, f);
    if (f->party == 0) {
        return err_set(cx, ERR_UNAUTHENTICATED,
                       "a draft is submitted by somebody who is signed in");
    }
    TRY(dossier_draft_check(cx, f, &check));
    job->procedure = check.procedure;
    TRY(form_state_load(cx, form_find(pack_now(cx), check.procedure->form), f->form, &st));
    enum err e = form_check(cx, &st, &env);
    if (e != ERR_OK && e != ERR_INVALID) {
        return e;
    }
    for (size_t i = 0; i < check.n_papers && !check.are_papers_done; i++) {
        if (check.papers[i].is_needed && check.papers[i].n_given == 0) {
            ctx_problem(cx, str_cat(cx->arena, STR("paper."), check.papers[i].paper.id),
                        STR("dossier.paper_missing"), pack_text(cx, check.papers[i].paper.name));
        }
    }
    if (!check.is_collect_done) {
        ctx_problem(cx, STR("collect"), STR("dossier.collect_missing"), STR_NULL);
    }
    bool is_helped = false;
    if (f->assisted_by != 0) {
        TRY(dossier_is_helped(cx, f->id, &is_helped));
    }
    if (f->assisted_by != 0 && !is_helped) {
        ctx_problem(cx, STR("cam_doan"), STR("dossier.consent.gone"), job->party.name);
    }
    job->unit = unit_by_key(cx, f->unit);
    if (job->unit == NULL) {
        return err_set(cx, ERR_INTERNAL, "unit " STR_FMT " is unknown", STR_ARG(f->unit));
    }
    job->answers = form_answers_json(cx, &st);
    job->sources = form_sources_save(cx, &st);
    job->code = sys_random_code(cx, CODE_CHARS);
    TRY(party_get(cx, f->party, &job->party));
    return ctx_check(cx);
}

enum err
dossier_submit(struct ctx *cx, struct dossier_draft *d, struct dossier_receipt *ret)
{
    struct submit_job job = { .draft = d };
    struct q_dossier_id_by_draft done;
    if (q_dossier_id_by_draft(cx, &done, .draft_id = d->id) == ERR_OK) {
        TRY(dossier_get(cx, done.id, &job.d));
    } else {
        TRY(prepare(cx, &job));
        TRY(store_write(cx, submit_tx, &job));
        dossier_publish(cx, &job.d);
    }
    *ret = (struct dossier_receipt){ .id = job.d.id,
                                     .number = job.d.number,
                                     .code = job.d.code,
                                     .submitted_us = job.d.submitted_us,
                                     .due_us = job.d.due_us,
                                     .unit = job.d.unit };
    return ERR_OK;
}
