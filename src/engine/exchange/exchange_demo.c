/* exchange_demo.c: many members, services and agreements at once, for the generated demo: the same
 * rows as the use cases make, with one entry of the ledger and one change of policy for all. */
#include "crypto/digest.h"
#include "engine/exchange/exchange_int.h"
#include "engine/ledger/ledger.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#define NOWHERE    "http://127.0.0.1:9/" /* the discard port: nothing answers */
#define OPERATION  "tra-cuu"
#define SLA_MS     800
#define TIMEOUT_MS 5000

enum err
exchange_demo_member(struct ctx *cx, struct exchange_member *m, struct exchange_subsystem *s)
{
    int64_t now_us = sys_now_us(cx);
    m->id = store_new_id(cx);
    s->id = store_new_id(cx);
    s->member_id = m->id;
    s->path = str_fmt(cx->arena, EXCHANGE_INSTANCE "/" STR_FMT "/" STR_FMT "/" STR_FMT,
                      STR_ARG(m->class_code), STR_ARG(m->code), STR_ARG(s->code));
    TRY(q_xmember_insert(cx, NULL, .id = m->id, .class = m->class_code, .code = m->code,
                         .name = m->name, .name_en = m->name_en, .unit = m->unit,
                         .contact = STR(EXCHANGE_DEMO_CONTACT), .created_us = now_us));
    return q_xsub_insert(cx, NULL, .id = s->id, .member_id = m->id, .code = s->code,
                         .name = s->name, .contact = STR(EXCHANGE_DEMO_CONTACT),
                         .ip_allow = STR(""), .created_us = now_us);
}

static const char document_text[] =
    "{\"openapi\":\"3.1.0\",\"info\":{\"version\":\"1.0\",\"title\":\"Tra cứu (mẫu)\"},"
    "\"paths\":{\"/so/{so}\":{\"get\":{\"operationId\":\"" OPERATION "\","
    "\"summary\":\"Tra cứu theo số\",\"parameters\":[{\"name\":\"so\",\"in\":\"path\","
    "\"required\":true,\"schema\":{\"type\":\"string\"}}],\"responses\":{\"200\":"
    "{\"description\":\"giấy\",\"content\":{\"application/json\":{\"schema\":"
    "{\"type\":\"object\",\"properties\":{\"so\":{\"type\":\"string\"},"
    "\"ngay_cap\":{\"type\":\"string\",\"format\":\"date\"},"
    "\"con_hieu_luc\":{\"type\":\"boolean\"}}}}}}}}}}}";

enum err
exchange_demo_describe(struct ctx *cx, struct exchange_demo_text *ret)
{
    struct exchange_doc doc;
    ret->document = str_of(document_text);
    TRY(exchange_doc_read(cx, ret->document, &doc));
    ret->hash = digest_sha256_hex(cx->arena, ret->document);
    ret->version = doc.version;
    ret->operation = doc.v[0];
    ret->inputs = exchange_fields_json(cx, doc.v[0].inputs, doc.v[0].n_inputs);
    ret->outputs = exchange_fields_json(cx, doc.v[0].outputs, doc.v[0].n_outputs);
    return ERR_OK;
}

enum err
exchange_demo_service(struct ctx *cx, const struct exchange_demo_text *t,
                      struct exchange_service *s)
{
    int64_t now_us = sys_now_us(cx);
    s->id = store_new_id(cx);
    s->version_id = store_new_id(cx);
    TRY(q_xservice_insert(cx, NULL, .id = s->id, .subsystem_id = s->subsystem_id, .code = s->code,
                          .name = s->name, .summary = s->summary, .data_class = s->data_class,
                          .contact = STR(EXCHANGE_DEMO_CONTACT), .sla_ms = SLA_MS,
                          .sla_permille = 990, .endpoint = STR(NOWHERE), .timeout_ms = TIMEOUT_MS,
                          .is_simulated = 1, .created_us = now_us));
    TRY(q_xversion_insert(cx, NULL, .id = s->version_id, .service_id = s->id, .version = t->version,
                          .kind = STR("openapi"), .hash = t->hash, .document = t->document,
                          .n_operations = 1, .imported_us = now_us));
    TRY(q_xoperation_insert(
        cx, NULL, .id = store_new_id(cx), .version_id = s->version_id, .code = t->operation.code,
        .method = t->operation.method, .path = t->operation.path, .summary = t->operation.summary,
        .element = STR(""), .action = STR(""), .inputs = t->inputs, .outputs = t->outputs));
    return q_xservice_publish(cx, NULL, .id = s->id, .version_id = s->version_id);
}

enum err
exchange_demo_grant(struct ctx *cx, struct exchange_agreement *a)
{
    int64_t now_us = sys_now_us(cx);
    a->id = store_new_id(cx);
    a->version = 1;
    a->operations = STR(OPERATION);
    a->state = STR("granted");
    TRY(q_xagree_insert(
        cx, NULL, .id = a->id, .consumer_id = a->consumer_id, .service_id = a->service_id,
        .purpose = a->purpose, .legal_basis = a->legal_basis, .operations = a->operations,
        .removed = STR(""), .hours = STR(""), .quota_day = a->quota_day, .asked_us = now_us));
    return q_xagree_decide(cx, NULL, .id = a->id, .version = 1, .state = a->state,
                           .operations = a->operations, .removed = STR(""), .hours = STR(""),
                           .bodies = STR(""), .quota_day = a->quota_day, .decided_us = now_us,
                           .note = a->note, .held = STR(""));
}

enum err
exchange_demo_end(struct ctx *cx, struct str note)
{
    struct ledger_new e = { .kind = "exchange.member_added",
                            .object = STR("exchange:demo"),
                            .note = note };
    TRY(ledger_add(cx, &e));
    return exchange_changed(cx);
}
