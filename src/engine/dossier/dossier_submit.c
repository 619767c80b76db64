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
    struct dossier d;
    int64_t parent;
    bool is_repeat;
};

static enum err
insert_row(struct ctx *cx, struct submit_job *job)
{
    const struct dossier_draft *f = job->draft;
    int64_t now_us = sys_now_us(cx);
    int64_t react_us = calendar_add_work(cx, f->unit, calendar_now_us(cx), DOSSIER_REACT_S);
    struct str number;
    int64_t id = store_new_id(cx);
    TRY(unit_next_number(cx, job->unit, calendar_today(cx), &number));
    TRY(q_dossier_insert(
        cx, NULL, .id = id, .number = number, .code = job->code, .draft_id = f->id,
        .parent_id = job->parent, .procedure_code = f->procedure,
        .field = job->procedure->field->code, .pack_version = pack_now(cx)->version,
        .unit = f->unit, .party_id = job->party.id, .applicant = job->party.name,
        .applicant_fold = vn_fold(cx->arena, job->party.name), .filed_by = cx->who.account,
        .assisted_by = f->assisted_by, .channel = f->channel, .collect = f->collect,
        .post_address = f->post_address, .phone = f->phone, .email = f->email,
        .answers = job->answers, .n_copies = f->n_copies, .submitted_us = now_us,
        .react_us = react_us,
        .due_us = calendar_add_limit(cx, f->unit, calendar_now_us(cx), job->procedure->time),
        .fee_vnd = 0, .is_paid = 0));
    TRY(dossier_get(cx, id, &job->d));
    return dossier_step_tell(cx, &job->d);
}

static enum err
start_process(struct ctx *cx, struct submit_job *job)
{
    struct dossier_run run;
    struct flow_env env;
    TRY(dossier_run_begin(cx, &job->d, &run, &env));
    TRY(flow_start(cx, &env, job->d.id, job->procedure->process, &job->d.case_id));
    run.is_changed = true;
    return dossier_run_end(cx, &run);
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
    TRY(insert_row(cx, &job));
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
    TRY(insert_row(cx, job));
    TRY(q_draft_done(cx, &n, .id = f->id, .version = f->version, .dossier_id = job->d.id));
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
