/* dossier_scan.c: papers that were handed in, scanned at the counter or uploaded, are signed for by
 * the officer who accepted them and kept in the owner's records store, so that nobody asks again.
 * The signature stands on a sheet that names each file by its SHA-256: a photograph and any PDF are
 * covered alike, and the file itself stays as it came. */
#include "base/buf.h"
#include "codec/json.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/ledger/ledger.h"
#include "engine/paper/paper.h"
#include "engine/print/print.h"
#include "engine/sign/sign.h"
#include "engine/unit/unit.h"
#include "store/blobs.h"
#include "store/store.h"

#define SHEET_TEMPLATE  "phieu-so-hoa"
#define SHEET_MAX_BYTES ((size_t)600 << 10)

enum err
dossier_file_papers(struct ctx *cx, const struct dossier *d)
{
    struct paper *papers = NULL;
    size_t n = 0;
    if (cx->actor == NULL || !access_may_in(cx, "record.store", d->unit)) {
        return ERR_OK;
    }
    TRY(paper_list(cx, d->id, &papers, &n));
    if (n == 0) {
        return ERR_OK;
    }
    struct str key = str_fmt(cx->arena, "%" PRId64, d->id);
    struct str payload = str_fmt(cx->arena, "{\"officer\":\"%" PRId64 "\"}", cx->actor->account);
    return store_outbox_put(cx, STR("dossier.papers"), key, payload);
}

struct scan_job {
    struct dossier d;
    const struct procedure *p;
    struct access_account officer;
    struct record *v;
    size_t n;
    struct str sheet;
};

static const struct procedure_paper *
required_paper(const struct procedure *p, struct str id)
{
    for (size_t i = 0; i < p->n_papers; i++) {
        if (str_eq(p->papers[i].id, id)) {
            return &p->papers[i];
        }
    }
    return NULL;
}

/* What is worth keeping: of a known kind that may be used again, and not from the store already. */
static enum err
choose(struct ctx *cx, struct scan_job *job)
{
    struct paper *papers = NULL;
    size_t n = 0;
    TRY(paper_list(cx, job->d.id, &papers, &n));
    job->v = ARENA_ARRAY(cx->arena, struct record, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct procedure_paper *asked = required_paper(job->p, papers[i].requirement);
        if (papers[i].record_id != 0 || asked == NULL || !asked->may_reuse ||
            str_is_empty(asked->type)) {
            continue;
        }
        job->v[job->n++] = (struct record){ .owner_id = job->d.party,
                                            .dossier_id = job->d.id,
                                            .type = asked->type,
                                            .title = pack_text(cx, asked->name),
                                            .number = STR(""),
                                            .hash = papers[i].hash,
                                            .media = papers[i].media,
                                            .issuer = job->d.unit,
                                            .pages = papers[i].pages,
                                            .size_bytes = papers[i].size_bytes,
                                            .issued = calendar_today(cx),
                                            .attest_by = job->officer.name };
    }
    return ERR_OK;
}

/* What every document of the dossier has, and the files. */
static enum err
sheet_document(struct ctx *cx, const struct scan_job *job, struct str *ret)
{
    struct str common;
    struct buf b = buf_new(cx->arena, SHEET_MAX_BYTES);
    struct json_out o = json_out(&b);
    TRY(dossier_document(cx, &job->d, NULL, &common));
    json_open(&o);
    json_put_str(&o, "accepted_by", job->officer.name);
    json_key(&o, "scans");
    json_open_list(&o);
    for (size_t i = 0; i < job->n; i++) {
        json_open(&o);
        json_put_i64(&o, "index", (int64_t)i + 1);
        json_put_str(&o, "name", job->v[i].title);
        json_put_i64(&o, "pages", job->v[i].pages);
        json_put_str(&o, "hash", job->v[i].hash);
        json_close(&o);
    }
    json_close_list(&o);
    buf_add_char(&b, ',');
    buf_add(&b, str_slice(common, 1, common.n));
    *ret = buf_str(&b);
    return b.is_failed ? err_set(cx, ERR_TOO_LARGE, "sheet of dossier %" PRId64, job->d.id)
                       : ERR_OK;
}

static enum err
sign_sheet(struct ctx *cx, struct scan_job *job)
{
    struct pdf_out out;
    struct str doc;
    struct str token;
    struct str signed_pdf;
    struct sign_cert_wish officer = { .owner = str_fmt(cx->arena, "%" PRId64, job->officer.id),
                                      .name = job->officer.name,
                                      .org = unit_name(cx, job->d.unit),
                                      .position = text(cx, "dossier.scan.position") };
    TRY(sheet_document(cx, job, &doc));
    TRY(print_pdf(cx, pack_now(cx), STR(SHEET_TEMPLATE), doc, &out));
    struct sign_look look = { .place = out.place,
                              .is_visible = out.has_place,
                              .reason = job->d.number };
    TRY(sign_unlock_desk(cx, &officer, 1, &token));
    enum err e = sign_pdf(cx, token, out.bytes, &look, &signed_pdf);
    sign_lock(cx, token);
    TRY(e);
    return blobs_put(cx, signed_pdf, &job->sheet);
}

static enum err
file_tx(struct ctx *cx, void *arg)
{
    struct scan_job *job = arg;
    size_t n_new = 0;
    for (size_t i = 0; i < job->n; i++) {
        int64_t id = 0;
        job->v[i].attest = job->sheet;
        TRY(record_add_paper(cx, &job->v[i], &id));
        n_new += id != 0;
    }
    if (n_new == 0) {
        return ERR_OK; /* another run of this job, or the owner has these files already */
    }
    struct ledger_new e = { .kind = "record.kept",
                            .object = ledger_object(cx, "dossier", job->d.id),
                            .subject = job->d.party,
                            .note = str_fmt(cx->arena, "officer=%" PRId64 " sheet=" STR_FMT,
                                            job->officer.id, STR_ARG(job->sheet)) };
    TRY(ledger_add(cx, &e));
    return dossier_note(cx, &job->d, "papers_kept", job->officer.name, true);
}

enum err
dossier_papers_job(struct ctx *cx, struct str key, struct str payload)
{
    struct scan_job job = { 0 };
    struct json *tree = NULL;
    struct json_fault fault;
    struct json_limits limits = { 0 };
    int64_t id = 0;
    int64_t officer = 0;
    if (json_parse(cx->arena, payload, limits, &tree, &fault) != ERR_OK ||
        !str_to_i64(key, 1, INT64_MAX, &id) ||
        !str_to_i64(json_text(tree, "officer"), 1, INT64_MAX, &officer)) {
        return err_set(cx, ERR_BAD_REQUEST, "no dossier or officer");
    }
    TRY(dossier_get(cx, id, &job.d));
    TRY(dossier_procedure(cx, &job.d, &job.p));
    TRY(access_account_get(cx, officer, &job.officer));
    TRY(choose(cx, &job));
    if (job.n == 0) {
        return ERR_OK;
    }
    TRY(sign_sheet(cx, &job));
    return store_write(cx, file_tx, &job);
}
