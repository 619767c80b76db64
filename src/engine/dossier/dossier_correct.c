/* dossier_correct.c: a wrong result is corrected: the corrected one is drafted, signed, and takes
 * the place of the wrong one in a single transaction, so that there is never none and never two in
 * force. */
#include "engine/access/access.h"
#include "engine/dossier/dossier_int.h"
#include "engine/ledger/ledger.h"
#include "engine/paper/paper.h"
#include "engine/sign/sign.h"
#include "gen/q_dossier.h"
#include "store/store.h"
#include "sys/sys.h"

struct correct_job {
    int64_t result, draft;
    struct str reason, hash;
    struct dossier d;
    struct dossier_result r, wrong;
};

static bool
is_in_force(const struct dossier_result *r)
{
    return str_eq(r->state, STR("signed")) || str_eq(r->state, STR("published"));
}

static enum err
begin_tx(struct ctx *cx, void *arg)
{
    struct correct_job *job = arg;
    struct dossier_result draft;
    TRY(dossier_result_get(cx, job->result, &job->wrong));
    TRY(dossier_get(cx, job->wrong.dossier, &job->d));
    TRY(access_require_in(cx, "result.revoke", job->d.unit));
    enum err e = dossier_result_in(cx, job->d.id, STR("draft"), &draft);
    if (e == ERR_OK || !is_in_force(&job->wrong)) {
        return err_set(cx, ERR_CONFLICT, "result %" PRId64 " cannot be corrected now", job->result);
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    job->draft = store_new_id(cx);
    TRY(q_result_insert(cx, NULL, .id = job->draft, .dossier_id = job->d.id,
                        .template_id = job->wrong.template_id, .title = job->wrong.title,
                        .number = job->wrong.number, .fields = job->wrong.fields,
                        .code = sys_random_code(cx, DOSSIER_RESULT_CODE_N),
                        .corrects = job->wrong.id, .correct_reason = job->reason));
    return dossier_record(cx, &job->d, "correction_begun", job->reason, false);
}

enum err
dossier_correct_begin(struct ctx *cx, int64_t result, struct str reason, int64_t *ret_draft)
{
    struct correct_job job = { .result = result, .reason = str_trim(reason) };
    if (str_is_empty(job.reason)) {
        ctx_problem(cx, STR("reason"), STR("dossier.reason_missing"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(store_write(cx, begin_tx, &job));
    *ret_draft = job.draft;
    return ERR_OK;
}

/* The draft of a correction and what it belongs to. */
static enum err
load(struct ctx *cx, struct correct_job *job)
{
    TRY(dossier_result_get(cx, job->draft, &job->r));
    if (job->r.corrects == 0 || !str_eq(job->r.state, STR("draft"))) {
        return err_set(cx, ERR_CONFLICT, "result %" PRId64 " is no open correction", job->draft);
    }
    TRY(dossier_result_get(cx, job->r.corrects, &job->wrong));
    TRY(dossier_get(cx, job->r.dossier, &job->d));
    return access_require_in(cx, "result.revoke", job->d.unit);
}

static enum err
sign_tx(struct ctx *cx, void *arg)
{
    struct correct_job *job = arg;
    const struct procedure *p = NULL;
    int64_t n = 0;
    int64_t record = 0;
    struct str fields = job->r.fields;
    TRY(load(cx, job));
    if (!str_eq(fields, job->r.fields)) {
        return err_set(cx, ERR_CONFLICT, "correction %" PRId64 " changed while it was signed",
                       job->draft);
    }
    TRY(dossier_procedure(cx, &job->d, &p));
    TRY(q_result_signed(cx, &n, .id = job->draft, .hash = job->hash, .signer = cx->actor->name,
                        .signed_us = sys_now_us(cx)));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "result %" PRId64 " was signed by somebody else",
                       job->draft);
    }
    TRY(dossier_publish_result(cx, &job->d, p, job->draft, &record));
    TRY(q_result_revoke(cx, &n, .id = job->wrong.id, .revoked_us = sys_now_us(cx),
                        .reason = job->r.correct_reason));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "result %" PRId64 " is not in force", job->wrong.id);
    }
    TRY(q_result_replaced(cx, NULL, .id = job->wrong.id, .replaced_by = job->draft));
    if (job->wrong.record != 0) {
        TRY(record_revoke(cx, job->wrong.record, job->r.correct_reason, record));
    }
    struct ledger_new e = { .kind = "dossier.signed",
                            .object = ledger_object(cx, "dossier", job->d.id),
                            .subject = job->d.party,
                            .note = job->hash };
    TRY(ledger_add(cx, &e));
    TRY(dossier_record(cx, &job->d, "result_corrected", job->r.correct_reason, true));
    return dossier_tell(cx, &job->d, "result_corrected", job->r.correct_reason);
}

enum err
dossier_correct_sign(struct ctx *cx, int64_t draft, struct str pin)
{
    struct correct_job job = { .draft = draft };
    struct str token;
    TRY(load(cx, &job));
    TRY(access_require_in(cx, "dossier.sign", job.d.unit));
    TRY(dossier_sign_unlock(cx, pin, 1, &token));
    enum err e = dossier_sign_file(cx, &job.d, &job.r, token, &job.hash);
    sign_lock(cx, token);
    TRY(e);
    TRY(store_write(cx, sign_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

static enum err
drop_tx(struct ctx *cx, void *arg)
{
    struct correct_job *job = arg;
    TRY(load(cx, job));
    TRY(q_result_drop(cx, NULL, .id = job->draft));
    return dossier_record(cx, &job->d, "correction_dropped", STR_NULL, false);
}

enum err
dossier_correct_drop(struct ctx *cx, int64_t draft)
{
    struct correct_job job = { .draft = draft };
    return store_write(cx, drop_tx, &job);
}
