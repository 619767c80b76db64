/* dossier_partner.c: a number that another system gave becomes a document of the applicant's own:
 * drafted with the answer, sealed by the agency right after, since nobody here decided it. */
#include "codec/json.h"
#include "engine/dossier/dossier_int.h"
#include "engine/ledger/ledger.h"
#include "engine/print/print.h"
#include "engine/procedure/procedure.h"
#include "engine/sign/sign.h"
#include "engine/unit/unit.h"
#include "gen/q_dossier.h"
#include "store/blobs.h"
#include "store/store.h"
#include "sys/sys.h"

#define RESULTS_MAX 16

static struct str
learned(struct ctx *cx, const struct dossier *d, struct str name)
{
    struct json *tree = NULL;
    struct json_fault fault;
    struct json_limits limits = { 0 };
    return json_parse(cx->arena, d->vars, limits, &tree, &fault) == ERR_OK
               ? json_text(tree, str_z(cx->arena, name))
               : STR_NULL;
}

enum err
dossier_partner_draft(struct ctx *cx, const struct dossier *d, const struct procedure *p,
                      struct str template_id)
{
    struct q_result_list_list have;
    const struct procedure_document *doc = procedure_document(p, template_id);
    struct str number = doc == NULL ? STR_NULL : learned(cx, d, doc->number);
    TRY(q_result_list(cx, &have, .dossier_id = d->id, .limit_n = RESULTS_MAX));
    bool is_there = false;
    for (size_t i = 0; i < have.n; i++) {
        is_there = is_there || str_eq(have.v[i].template_id, template_id);
    }
    if (is_there || str_is_empty(number)) {
        return ERR_OK; /* the line was down: the office told the applicant otherwise */
    }
    int64_t id = store_new_id(cx);
    TRY(q_result_insert(cx, NULL, .id = id, .dossier_id = d->id, .template_id = template_id,
                        .title = pack_text(cx, doc->name), .number = number, .fields = STR("{}"),
                        .code = sys_random_code(cx, DOSSIER_RESULT_CODE_N), .corrects = 0,
                        .correct_reason = STR("")));
    TRY(q_result_waits(cx, NULL, .id = id));
    struct str key = str_fmt(cx->arena, "%" PRId64, id);
    return store_outbox_put(cx, STR("dossier.seal"), key, STR("{}"));
}

struct seal_job {
    struct dossier d;
    struct dossier_result r;
    const struct procedure *p;
    struct str hash;
};

static enum err
sealed_tx(struct ctx *cx, void *arg)
{
    struct seal_job *job = arg;
    int64_t n = 0;
    int64_t record = 0;
    TRY(q_result_sealed(cx, &n, .id = job->r.id, .hash = job->hash, .signer = job->r.signer,
                        .signed_us = sys_now_us(cx)));
    if (n == 0) {
        return ERR_OK; /* sealed by another run of this job */
    }
    struct ledger_new e = { .kind = "dossier.signed",
                            .object = ledger_object(cx, "dossier", job->d.id),
                            .subject = job->d.party,
                            .note = job->hash };
    TRY(ledger_add(cx, &e));
    TRY(dossier_publish_result(cx, &job->d, job->p, job->r.id, &record));
    return dossier_note(cx, &job->d, "partner_result", job->r.title, true);
}

static enum err
seal_file(struct ctx *cx, struct seal_job *job)
{
    struct pdf_out out;
    struct str token;
    struct str sealed;
    job->r.signer = unit_name(cx, job->d.unit);
    TRY(dossier_render(cx, &job->d, &job->r, &out));
    struct sign_look look = { .place = out.place,
                              .is_visible = out.has_place,
                              .reason = job->d.number };
    TRY(sign_unlock_seal(cx, job->d.unit, 1, &token));
    enum err e = sign_pdf(cx, token, out.bytes, &look, &sealed);
    sign_lock(cx, token);
    TRY(e);
    return blobs_put(cx, sealed, &job->hash);
}

enum err
dossier_partner_seal(struct ctx *cx, struct str key, struct str payload)
{
    struct seal_job job = { 0 };
    int64_t id = 0;
    (void)payload;
    if (!str_to_i64(key, 1, INT64_MAX, &id)) {
        return err_set(cx, ERR_BAD_REQUEST, "no result to seal");
    }
    TRY(dossier_result_get(cx, id, &job.r));
    if (!str_eq(job.r.state, STR("waiting"))) {
        return ERR_OK;
    }
    TRY(dossier_get(cx, job.r.dossier, &job.d));
    TRY(dossier_procedure(cx, &job.d, &job.p));
    TRY(seal_file(cx, &job));
    TRY(store_write(cx, sealed_tx, &job));
    dossier_publish(cx, &job.d);
    return ERR_OK;
}
