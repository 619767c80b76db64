/* exchange_version.c: imported descriptions of services, and what a new one means for the
 * agreements about the service. */
#include "base/buf.h"
#include "crypto/digest.h"
#include "engine/exchange/exchange_int.h"
#include "engine/ledger/ledger.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#define VERSIONS_MAX   50
#define NUMBERS_MAX    10000
#define AGREEMENTS_SET 100

static enum err
note(struct ctx *cx, const char *kind, const char *what, int64_t id, struct str words)
{
    struct ledger_new e = { .kind = kind, .object = ledger_object(cx, what, id), .note = words };
    return ledger_add(cx, &e);
}

struct import_job {
    int64_t service, version_id;
    int64_t old_version_id; /* in force until now; 0: none */
    struct str document, hash;
    struct str
        crowded;   /* why it fails: who would have more fields held back than there is room for */
    bool is_taken; /* why it fails: the version's number has other content */
    struct exchange_doc doc;
};

static enum err
operations_tx(struct ctx *cx, const struct import_job *job)
{
    for (size_t i = 0; i < job->doc.n; i++) {
        const struct exchange_operation *o = &job->doc.v[i];
        TRY(q_xoperation_insert(cx, NULL, .id = store_new_id(cx), .version_id = job->version_id,
                                .code = o->code, .method = o->method, .path = o->path,
                                .summary = o->summary.p == NULL ? STR("") : o->summary,
                                .element = o->element.p == NULL ? STR("") : o->element,
                                .action = o->action.p == NULL ? STR("") : o->action,
                                .inputs = exchange_fields_json(cx, o->inputs, o->n_inputs),
                                .outputs = exchange_fields_json(cx, o->outputs, o->n_outputs)));
    }
    return ERR_OK;
}

/* --- fields that no agreement has seen ----------------------------------------------------------
 * doc/decisions/relay.md: they are held back until the owner says. */

struct old_version {
    struct exchange_operation *v;
    size_t n;
};

/* The names under which new fields of the granted operations are held back; null: too many. */
static struct str
new_fields(struct ctx *cx, const struct import_job *job, const struct old_version *old,
           const struct exchange_agreement *a)
{
    struct str seen = exchange_answered_by(cx, old->v, old->n, a->operations);
    struct str now = exchange_answered_by(cx, job->doc.v, job->doc.n, a->operations);
    return seen.p == NULL || now.p == NULL ? STR_NULL : exchange_unseen(cx, now, seen, a->removed);
}

static enum err
hold_in(struct ctx *cx, struct import_job *job, const struct old_version *old,
        const struct exchange_agreement *a)
{
    struct str fields = new_fields(cx, job, old, a);
    struct str removed = fields.p == NULL ? STR_NULL : exchange_joined(cx, a->removed, fields);
    int64_t n = 0;
    if (removed.p == NULL || exchange_n_words(removed) > EXCHANGE_REMOVED_MAX) {
        job->crowded = a->consumer_name;
        return err_set(cx, ERR_CONFLICT, "too many fields to hold back");
    }
    if (str_eq(removed, a->removed)) {
        return ERR_OK;
    }
    TRY(q_xagree_hold(cx, &n, .id = a->id, .version = a->version, .removed = removed,
                      .held = exchange_joined(cx, a->held, fields)));
    return n == 1 ? note(cx, "exchange.fields_held", "exchange_agreement", a->id, fields)
                  : err_set(cx, ERR_CONFLICT, "agreement changed elsewhere");
}

/* Of SOAP answers nothing can be taken out: to hold fields back would be to end the calls. */
static enum err
hold_new_fields(struct ctx *cx, struct import_job *job)
{
    struct old_version old = { .n = 0 };
    int64_t before = 0;
    if (job->old_version_id == 0 || job->old_version_id == job->version_id ||
        str_eq(job->doc.kind, STR("wsdl"))) {
        return ERR_OK;
    }
    TRY(exchange_operations(cx, job->old_version_id, &old.v, &old.n));
    for (size_t n = AGREEMENTS_SET; n == AGREEMENTS_SET;) {
        struct exchange_agreement *v = NULL;
        TRY(exchange_agreements(cx, 0, job->service, STR_NULL, before, &v, &n));
        for (size_t i = 0; i < n; i++) {
            before = v[i].id;
            if (exchange_names(STR("asked granted suspended"), v[i].state)) {
                TRY(hold_in(cx, job, &old, &v[i]));
            }
        }
    }
    return ERR_OK;
}

/* --- importing -------------------------------------------------------------------------------- */

/* WSDL 1.1 has no number of its own: each content gets the next one. */
static enum err
number_wsdl(struct ctx *cx, struct import_job *job)
{
    for (int32_t i = 1; i < NUMBERS_MAX; i++) {
        struct q_xversion_find have;
        struct str number = str_fmt(cx->arena, "%d", i);
        enum err e = q_xversion_find(cx, &have, .service_id = job->service, .version = number);
        if (e != ERR_OK && e != ERR_NOT_FOUND) {
            return e;
        }
        if (e == ERR_NOT_FOUND || str_eq(have.hash, job->hash)) {
            job->doc.version = number;
            return ERR_OK;
        }
    }
    return err_set(cx, ERR_CONFLICT, "over %d versions", NUMBERS_MAX);
}

static enum err
import_tx(struct ctx *cx, void *arg)
{
    struct import_job *job = arg;
    struct q_xversion_find have;
    if (str_eq(job->doc.kind, STR("wsdl"))) {
        TRY(number_wsdl(cx, job));
    }
    enum err e =
        q_xversion_find(cx, &have, .service_id = job->service, .version = job->doc.version);
    if (e == ERR_OK && !str_eq(have.hash, job->hash)) {
        job->is_taken = true;
        return err_set(cx, ERR_CONFLICT, "this version exists with other content");
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    job->version_id = e == ERR_OK ? have.id : store_new_id(cx);
    if (e == ERR_NOT_FOUND) {
        TRY(q_xversion_insert(cx, NULL, .id = job->version_id, .service_id = job->service,
                              .version = job->doc.version, .kind = job->doc.kind, .hash = job->hash,
                              .document = job->document, .n_operations = (int64_t)job->doc.n,
                              .imported_us = sys_now_us(cx), .imported_by = cx->who.account));
        TRY(operations_tx(cx, job));
    }
    TRY(hold_new_fields(cx, job));
    TRY(q_xservice_publish(cx, NULL, .id = job->service, .version_id = job->version_id));
    TRY(exchange_changed(cx));
    return note(cx, "exchange.version_published", "exchange_service", job->service,
                job->doc.version);
}

enum err
exchange_service_import(struct ctx *cx, int64_t service, struct str document, int64_t *ret_version)
{
    struct import_job job = { .service = service };
    struct exchange_service s;
    TRY(exchange_service_get(cx, service, &s));
    TRY(exchange_doc_read(cx, document, &job.doc));
    if (job.doc.version.n > 40) {
        return exchange_doc_wrong(cx, "exchange.doc.info", job.doc.version);
    }
    job.old_version_id = s.version_id;
    job.document = job.doc.text;
    job.hash = digest_sha256_hex(cx->arena, job.document);
    enum err e = cx->is_writing ? import_tx(cx, &job) : store_write(cx, import_tx, &job);
    if (e == ERR_CONFLICT && job.is_taken) {
        return exchange_doc_wrong(cx, "exchange.doc.version_taken", job.doc.version);
    }
    if (e == ERR_CONFLICT && job.crowded.p != NULL) {
        return exchange_doc_wrong(cx, "exchange.doc.held_many", job.crowded);
    }
    TRY(e);
    *ret_version = job.version_id;
    return ERR_OK;
}

static enum err
retire_tx(struct ctx *cx, void *arg)
{
    const int64_t *service = arg;
    TRY(q_xservice_set_state(cx, NULL, .id = *service, .state = STR("retired")));
    TRY(exchange_changed(cx));
    return note(cx, "exchange.service_retired", "exchange_service", *service, STR("retired"));
}

enum err
exchange_service_retire(struct ctx *cx, int64_t service)
{
    return store_write(cx, retire_tx, &service);
}

enum err
exchange_versions(struct ctx *cx, int64_t service, struct exchange_version **ret, size_t *ret_n)
{
    struct q_xversion_list_list list;
    TRY(q_xversion_list(cx, &list, .service_id = service, .limit_n = VERSIONS_MAX));
    struct exchange_version *v = ARENA_ARRAY(cx->arena, struct exchange_version, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct exchange_version){ .id = list.v[i].id,
                                          .service_id = service,
                                          .imported_us = list.v[i].imported_us,
                                          .n_operations = list.v[i].n_operations,
                                          .version = list.v[i].version,
                                          .kind = list.v[i].kind,
                                          .hash = list.v[i].hash };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
exchange_document(struct ctx *cx, int64_t version, struct str *ret_kind, struct str *ret_document)
{
    struct q_xversion_document r;
    TRY(q_xversion_document(cx, &r, .id = version));
    *ret_kind = r.kind;
    *ret_document = r.document;
    return ERR_OK;
}

enum err
exchange_operations(struct ctx *cx, int64_t version, struct exchange_operation **ret, size_t *ret_n)
{
    struct q_xoperation_list_list list;
    TRY(q_xoperation_list(cx, &list, .version_id = version, .limit_n = EXCHANGE_OPERATIONS_MAX));
    struct exchange_operation *v = ARENA_ARRAY(cx->arena, struct exchange_operation, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct exchange_operation){ .code = list.v[i].code,
                                            .method = list.v[i].method,
                                            .path = list.v[i].path,
                                            .summary = list.v[i].summary,
                                            .element = list.v[i].element,
                                            .action = list.v[i].action };
        v[i].n_inputs = exchange_fields_read(cx, list.v[i].inputs, &v[i].inputs);
        v[i].n_outputs = exchange_fields_read(cx, list.v[i].outputs, &v[i].outputs);
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}
