/* dossier_result.c: results: preview, signing with one PIN for many, publishing, revoking, handing
 * over. */
#include "base/buf.h"
#include "engine/access/access.h"
#include "engine/dossier/dossier_int.h"
#include "engine/ledger/ledger.h"
#include "engine/pack/pack.h"
#include "engine/paper/paper.h"
#include "engine/print/print.h"
#include "engine/sign/sign.h"
#include "engine/unit/unit.h"
#include "gen/q_dossier.h"
#include "store/blobs.h"
#include "store/store.h"
#include "sys/sys.h"

#define RESULTS_MAX    16
#define PDF_MAX_BYTES  ((size_t)16 << 20)
#define PIN_SESSION_S  300
#define SIGN_MAX       200
#define CODE_GROUP_N   4
#define CODE_TRIES     30
#define CODE_WINDOW_US (INT64_C(10) * 60 * 1000 * 1000)

static struct dossier_result
from_row(const struct q_result_by_id *r)
{
    return (struct dossier_result){ .id = r->id,
                                    .dossier = r->dossier_id,
                                    .record = r->record_id,
                                    .template_id = r->template_id,
                                    .title = r->title,
                                    .number = r->number,
                                    .state = r->state,
                                    .hash = r->hash,
                                    .fields = r->fields,
                                    .code = r->code,
                                    .signer = r->signer,
                                    .signed_us = r->signed_us,
                                    .revoked_us = r->revoked_us,
                                    .revoke_reason = r->revoke_reason,
                                    .replaced_by = r->replaced_by,
                                    .corrects = r->corrects,
                                    .correct_reason = r->correct_reason };
}

enum err
dossier_result_get(struct ctx *cx, int64_t result, struct dossier_result *ret)
{
    struct q_result_by_id row;
    TRY(q_result_by_id(cx, &row, .id = result));
    *ret = from_row(&row);
    return ERR_OK;
}

enum err
dossier_results(struct ctx *cx, int64_t dossier, struct dossier_result **ret, size_t *ret_n)
{
    struct q_result_list_list list;
    TRY(q_result_list(cx, &list, .dossier_id = dossier, .limit_n = RESULTS_MAX));
    struct dossier_result *v = ARENA_ARRAY(cx->arena, struct dossier_result, list.n);
    for (size_t i = 0; i < list.n; i++) {
        TRY(dossier_result_get(cx, list.v[i].id, &v[i]));
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
dossier_result_by_hash(struct ctx *cx, struct str hash, struct dossier_result *ret)
{
    struct q_result_id_by_hash row;
    TRY(q_result_id_by_hash(cx, &row, .hash = hash));
    return dossier_result_get(cx, row.id, ret);
}

struct str
dossier_code_text(struct arena *a, struct str code)
{
    struct buf b = buf_new(a, 64);
    for (size_t i = 0; i < code.n; i++) {
        if (i > 0 && i % CODE_GROUP_N == 0) {
            buf_add_char(&b, '-');
        }
        buf_add_char(&b, code.p[i]);
    }
    return buf_str(&b);
}

/* What a person types, as it is stored; null when it cannot be a code. */
static struct str
clean_code(struct arena *a, struct str typed)
{
    struct buf b = buf_new(a, DOSSIER_RESULT_CODE_N + 1);
    for (size_t i = 0; i < typed.n; i++) {
        char c = typed.p[i];
        bool is_small = c >= 'a' && c <= 'z';
        bool is_sign = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || is_small;
        if (is_sign) {
            buf_add_char(&b, is_small ? (char)(c - 'a' + 'A') : c);
        } else if (c != ' ' && c != '-') {
            return STR_NULL;
        }
    }
    return b.is_failed || b.n != DOSSIER_RESULT_CODE_N ? STR_NULL : buf_str(&b);
}

enum err
dossier_result_by_code(struct ctx *cx, struct str code, struct str peer, struct dossier_result *ret)
{
    struct q_result_id_by_code row;
    struct dossier_result r;
    struct str clean = clean_code(cx->arena, code);
    TRY(access_rate(cx, str_fmt(cx->arena, "verify:" STR_FMT, STR_ARG(peer)), CODE_WINDOW_US,
                    CODE_TRIES));
    if (clean.p == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "not the code of a result");
    }
    TRY(q_result_id_by_code(cx, &row, .code = clean));
    TRY(dossier_result_get(cx, row.id, &r));
    if (r.signed_us == 0) {
        return err_set(cx, ERR_NOT_FOUND, "result %" PRId64 " is not signed", r.id);
    }
    *ret = r;
    return ERR_OK;
}

enum err
dossier_result_in(struct ctx *cx, int64_t dossier, struct str state, struct dossier_result *ret)
{
    struct dossier_result *v = NULL;
    size_t n = 0;
    TRY(dossier_results(cx, dossier, &v, &n));
    for (size_t i = n; i > 0; i--) {
        if (str_eq(v[i - 1].state, state)) {
            *ret = v[i - 1];
            return ERR_OK;
        }
    }
    return err_set(cx, ERR_NOT_FOUND, "dossier %" PRId64 " has no result in state " STR_FMT,
                   dossier, STR_ARG(state));
}

enum err
dossier_render(struct ctx *cx, const struct dossier *d, const struct dossier_result *r,
               struct pdf_out *ret)
{
    const struct pack *pack = NULL;
    struct str doc;
    TRY(dossier_pack(cx, d, &pack));
    TRY(dossier_document(cx, d, r, &doc));
    return print_pdf(cx, pack, r->template_id, doc, ret);
}

enum err
dossier_result_preview(struct ctx *cx, int64_t dossier, struct str *ret_pdf)
{
    struct dossier d;
    struct dossier_result r;
    struct pdf_out out;
    TRY(dossier_get(cx, dossier, &d));
    TRY(dossier_result_in(cx, dossier, STR("draft"), &r));
    r.signer = cx->actor == NULL ? STR("") : cx->actor->name;
    TRY(dossier_render(cx, &d, &r, &out));
    *ret_pdf = out.bytes;
    return ERR_OK;
}

enum err
dossier_result_pdf(struct ctx *cx, int64_t result, struct str *ret_pdf)
{
    struct dossier_result r;
    TRY(dossier_result_get(cx, result, &r));
    if (str_is_empty(r.hash)) {
        return err_set(cx, ERR_NOT_FOUND, "result %" PRId64 " is not signed yet", result);
    }
    return blobs_get(cx, r.hash, PDF_MAX_BYTES, ret_pdf);
}

struct fields_job {
    int64_t dossier;
    struct str fields;
};

static enum err
fields_tx(struct ctx *cx, void *arg)
{
    const struct fields_job *job = arg;
    struct dossier d;
    struct dossier_result r;
    TRY(dossier_get(cx, job->dossier, &d));
    TRY(access_require_in(cx, "dossier.process", d.unit));
    TRY(dossier_result_in(cx, d.id, STR("draft"), &r));
    TRY(q_result_fields(cx, NULL, .id = r.id, .fields = job->fields));
    return dossier_record(cx, &d, "result_fields", STR_NULL, false);
}

enum err
dossier_set_result_fields(struct ctx *cx, int64_t dossier, struct str fields_json)
{
    struct fields_job job = { dossier, fields_json };
    return store_write(cx, fields_tx, &job);
}

/* --- signing ---------------------------------------------------------------------------------- */
struct sign_job {
    struct dossier_act act;
    struct dossier d;
    struct flow_task task;
    struct dossier_result result;
    struct str hash;
};

static enum err
signed_tx(struct ctx *cx, void *arg)
{
    struct sign_job *job = arg;
    struct dossier_run run;
    struct flow_env env;
    int64_t n = 0;
    struct flow_done done = { .task_id = job->task.id,
                              .version = job->act.version,
                              .by = cx->who.account,
                              .outcome = job->act.outcome,
                              .note = STR("") };
    TRY(dossier_get(cx, job->d.id, &job->d));
    TRY(q_result_signed(cx, &n, .id = job->result.id, .hash = job->hash, .signer = cx->actor->name,
                        .signed_us = sys_now_us(cx)));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "result %" PRId64 " was signed by somebody else",
                       job->result.id);
    }
    TRY(dossier_run_begin(cx, &job->d, &run, &env));
    run.outcome = job->act.outcome;
    run.is_changed = true;
    struct ledger_new e = { .kind = "dossier.signed",
                            .object = ledger_object(cx, "dossier", job->d.id),
                            .subject = job->d.party,
                            .note = job->hash };
    TRY(ledger_add(cx, &e));
    TRY(dossier_note(cx, &job->d, "signed", cx->actor->name, true));
    TRY(flow_task_complete(cx, &env, &done));
    return dossier_run_end(cx, &run);
}

/* Leader's signature first, the agency's seal after it. */
enum err
dossier_sign_file(struct ctx *cx, const struct dossier *d, struct dossier_result *r,
                  struct str token, struct str *ret_hash)
{
    struct pdf_out out;
    struct str signed_once;
    struct str sealed;
    struct str seal_token;
    r->signer = cx->actor->name;
    TRY(dossier_render(cx, d, r, &out));
    struct sign_look look = { .place = out.place,
                              .is_visible = out.has_place,
                              .reason = d->number };
    TRY(sign_pdf(cx, token, out.bytes, &look, &signed_once));
    TRY(sign_unlock_seal(cx, d->unit, 1, &seal_token));
    enum err e = sign_pdf(cx, seal_token, signed_once, &look, &sealed);
    sign_lock(cx, seal_token);
    TRY(e);
    return blobs_put(cx, sealed, ret_hash);
}

static enum err
sign_one(struct ctx *cx, int64_t task, struct str token)
{
    struct sign_job job = { .act = { .task = task, .outcome = STR("sign") } };
    TRY(flow_task_by_id(cx, task, &job.task));
    TRY(dossier_get(cx, job.task.subject_id, &job.d));
    TRY(dossier_require_task(cx, &job.task, &job.d));
    if (!str_eq(job.task.action, STR("sign")) || !str_eq(job.task.state, STR("open"))) {
        return err_set(cx, ERR_CONFLICT, "task %" PRId64 " is not waiting for a signature", task);
    }
    if (dossier_lacks_apology(cx, &job.d)) {
        ctx_problem(cx, STR("tasks"), STR("dossier.apology_first"), job.d.number);
        return ctx_check(cx);
    }
    bool lacks_consent = false;
    TRY(dossier_lacks_consent(cx, &job.d, &lacks_consent));
    if (lacks_consent) {
        ctx_problem(cx, STR("tasks"), STR("dossier.consent.first"), job.d.number);
        return ctx_check(cx);
    }
    job.act.version = job.task.version;
    TRY(dossier_result_in(cx, job.d.id, STR("draft"), &job.result));
    TRY(dossier_sign_file(cx, &job.d, &job.result, token, &job.hash));
    TRY(store_write(cx, signed_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}

enum err
dossier_sign_unlock(struct ctx *cx, struct str pin, size_t n, struct str *ret_token)
{
    struct sign_cert cert;
    struct str owner = str_fmt(cx->arena, "%" PRId64, cx->actor->account);
    enum err e = sign_cert_of(cx, STR("person"), owner, &cert);
    if (e == ERR_NOT_FOUND) {
        ctx_problem(cx, STR("pin"), STR("dossier.no_certificate"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    e = sign_unlock(cx, cert.id, pin, PIN_SESSION_S, (int32_t)n, ret_token);
    if (e == ERR_FORBIDDEN) {
        ctx_problem(cx, STR("pin"), STR("dossier.key_locked"), STR_NULL);
        return ctx_check(cx);
    }
    return e;
}

enum err
dossier_sign(struct ctx *cx, const int64_t *tasks, size_t n, struct str pin, size_t *ret_done)
{
    struct str token = STR_NULL;
    *ret_done = 0;
    if (cx->actor == NULL || n == 0 || n > SIGN_MAX) {
        return err_set(cx, ERR_INVALID, "nothing to sign, or more than %d", SIGN_MAX);
    }
    TRY(dossier_sign_unlock(cx, pin, n, &token));
    for (size_t i = 0; i < n; i++) {
        enum err e = sign_one(cx, tasks[i], token);
        if (e == ERR_OK) {
            (*ret_done)++;
        } else if (e != ERR_INVALID) { /* else its own problem says why */
            ctx_problem2(cx, STR("tasks"), STR("dossier.not_signed"),
                         str_fmt(cx->arena, "%" PRId64, tasks[i]), str_of(err_key(e)));
        }
    }
    sign_lock(cx, token);
    return *ret_done == n ? ERR_OK : ctx_check(cx);
}

/* --- revoking, handing over ------------------------------------------------------------------- */
struct revoke_job {
    int64_t result;
    struct str reason;
};

static enum err
revoke_tx(struct ctx *cx, void *arg)
{
    const struct revoke_job *job = arg;
    struct dossier_result r;
    struct dossier d;
    int64_t n = 0;
    TRY(dossier_result_get(cx, job->result, &r));
    TRY(dossier_get(cx, r.dossier, &d));
    TRY(access_require_in(cx, "result.revoke", d.unit));
    TRY(q_result_revoke(cx, &n, .id = r.id, .revoked_us = sys_now_us(cx), .reason = job->reason));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "result %" PRId64 " is not in force", r.id);
    }
    if (r.record != 0) {
        TRY(record_revoke(cx, r.record, job->reason, 0));
    }
    TRY(dossier_record(cx, &d, "result_revoked", job->reason, true));
    return dossier_tell(cx, &d, "result_revoked", job->reason);
}

enum err
dossier_result_revoke(struct ctx *cx, int64_t result, struct str reason)
{
    struct revoke_job job = { result, reason };
    if (str_is_empty(str_trim(reason))) {
        ctx_problem(cx, STR("reason"), STR("dossier.reason_missing"), STR_NULL);
        return ctx_check(cx);
    }
    return store_write(cx, revoke_tx, &job);
}

enum err
dossier_hand_over(struct ctx *cx, int64_t task, int64_t version, struct str to_whom, struct str how)
{
    struct dossier_act act = {
        .task = task,
        .version = version,
        .outcome = STR("done"),
        .note = str_fmt(cx->arena, STR_FMT "; " STR_FMT, STR_ARG(to_whom), STR_ARG(how)),
    };
    if (str_is_empty(str_trim(to_whom))) {
        ctx_problem(cx, STR("to_whom"), STR("dossier.receiver_missing"), STR_NULL);
        return ctx_check(cx);
    }
    return dossier_do(cx, &act);
}

bool
dossier_keeps_blob(struct ctx *cx, struct str hash)
{
    struct q_result_id_by_hash row;
    return q_result_id_by_hash(cx, &row, .hash = hash) != ERR_NOT_FOUND;
}
