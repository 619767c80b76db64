/* gateway_web.c: routes of the exchange platform. */
#include "office/gateway/gateway.h"

#include "engine/box/box.h"
#include "engine/node/node.h"
#include "office/gateway/gateway_int.h"

#define DOCUMENT_BODY ((uint32_t)(EXCHANGE_DOC_BYTES + 65536))
#define ADAPTER_BODY  ((uint32_t)256 << 10)
#define CARD_BODY     ((uint32_t)(3 * NODE_CARD_BYTES))
#define TOKEN_BODY    ((uint32_t)8 << 10)
#define BOX_BODY      ((uint32_t)2 << 20) /* escapes of JSON */

static const char *const classes[] = { "GOV", "PTY", "COM", "NGO", NULL };
static const char *const data_classes[] = { "open", "internal", "personal", "sensitive", NULL };
static const char *const states[] = { "granted", "refused", "suspended", "ended", NULL };
static const char *const bodies[] = { "all", "hash", NULL };
static const char *const filters[] = { "asked", "granted", "refused", "suspended", "ended", NULL };
static const char *const modes[] = { "normal", "slow", "faulty", "down", "lossy", NULL };

static const struct web_field find_fields[] = {
    { .name = "q", .type = WEB_TEXT, .max = 100, .doc = "words" },
    { .name = "sau", .type = WEB_ID, .doc = "id of the last one shown" },
};
static const struct web_field after_fields[] = {
    { .name = "q", .type = WEB_TEXT, .max = 100, .doc = "part of a name or code" },
    { .name = "sau", .type = WEB_TEXT, .max = 80, .doc = "code of the last one shown" },
};
static const struct web_field own_fields[] = {
    { .name = "sau", .type = WEB_ID, .doc = "id of the last one shown" },
};
static const struct web_field clients_fields[] = {
    { .name = "xRoadInstance",
      .type = WEB_TEXT,
      .max = 20,
      .doc = "an instance; ours when absent" },
};
static const struct web_field openapi_fields[] = {
    { .name = "serviceCode", .type = WEB_TEXT, .is_required = true, .max = 60, .doc = "a service" },
};
static const struct web_field ask_fields[] = {
    { .name = "consumer", .type = WEB_ID, .is_required = true, .label = "gateway.consumer" },
    { .name = "operations", .type = WEB_LIST, .label = "gateway.operations" },
    { .name = "fields", .type = WEB_LIST, .label = "gateway.fields" },
    { .name = "purpose", .type = WEB_LINES, .is_required = true, .label = "gateway.purpose" },
    { .name = "legal_basis",
      .type = WEB_TEXT,
      .is_required = true,
      .label = "gateway.legal_basis" },
    { .name = "quota_day", .type = WEB_INT, .label = "gateway.quota_day" },
    { .name = "hours", .type = WEB_TEXT, .max = 20, .label = "gateway.hours" },
};
static const struct web_field try_fields[] = {
    { .name = "operation", .type = WEB_TEXT, .max = 60, .label = "gateway.operation" },
    { .name = "body", .type = WEB_LINES, .max = 8000, .label = "gateway.body" },
};
static const struct web_field document_fields[] = {
    { .name = "document",
      .type = WEB_FILE,
      .max = EXCHANGE_DOC_BYTES,
      .label = "gateway.document_file" },
};
static const struct web_field service_fields[] = {
    { .name = "subsystem", .type = WEB_ID, .is_required = true, .label = "gateway.system" },
    { .name = "code", .type = WEB_TEXT, .is_required = true, .max = 60, .label = "gateway.code" },
    { .name = "name", .type = WEB_TEXT, .is_required = true, .label = "gateway.name" },
    { .name = "summary", .type = WEB_LINES, .max = 1000, .label = "gateway.summary" },
    { .name = "data_class",
      .type = WEB_CHOICE,
      .is_required = true,
      .choices = data_classes,
      .label = "gateway.data_class" },
    { .name = "contact", .type = WEB_TEXT, .label = "gateway.contact" },
    { .name = "endpoint", .type = WEB_TEXT, .is_required = true, .label = "gateway.endpoint" },
    { .name = "sla_ms", .type = WEB_INT, .label = "gateway.sla_ms" },
    { .name = "document",
      .type = WEB_FILE,
      .max = EXCHANGE_DOC_BYTES,
      .label = "gateway.document_file" },
};
static const struct web_field move_fields[] = {
    { .name = "endpoint", .type = WEB_TEXT, .is_required = true, .label = "gateway.endpoint" },
    { .name = "contact", .type = WEB_TEXT, .label = "gateway.contact" },
};
static const struct web_field member_fields[] = {
    { .name = "class",
      .type = WEB_CHOICE,
      .is_required = true,
      .choices = classes,
      .label = "gateway.class_code" },
    { .name = "code", .type = WEB_TEXT, .is_required = true, .max = 60, .label = "gateway.code" },
    { .name = "name", .type = WEB_TEXT, .is_required = true, .label = "gateway.name" },
    { .name = "unit", .type = WEB_TEXT, .max = 60, .label = "gateway.unit_key" },
    { .name = "contact", .type = WEB_TEXT, .label = "gateway.contact" },
};
static const struct web_field note_fields[] = {
    { .name = "note", .type = WEB_TEXT, .max = 500, .label = "gateway.why" },
};
static const struct web_field system_fields[] = {
    { .name = "code", .type = WEB_TEXT, .is_required = true, .max = 60, .label = "gateway.code" },
    { .name = "name", .type = WEB_TEXT, .is_required = true, .label = "gateway.name" },
    { .name = "contact", .type = WEB_TEXT, .label = "gateway.contact" },
    { .name = "ip_allow", .type = WEB_TEXT, .max = 1000, .label = "gateway.ip_allow" },
};
static const struct web_field ip_fields[] = {
    { .name = "ip_allow", .type = WEB_TEXT, .max = 1000, .label = "gateway.ip_allow" },
};
static const struct web_field client_fields[] = {
    { .name = "name", .type = WEB_TEXT, .is_required = true, .label = "gateway.client_name" },
    { .name = "ttl_s", .type = WEB_INT, .label = "gateway.ttl" },
};
static const struct web_field id_fields[] = {
    { .name = "id", .type = WEB_ID, .is_required = true, .doc = "id" },
};
static const struct web_field rotate_fields[] = {
    { .name = "id", .type = WEB_ID, .is_required = true, .doc = "id" },
    { .name = "overlap_s",
      .type = WEB_INT,
      .doc = "seconds until the old secrets end, 0 to 30 days; a week when absent" },
};
static const struct web_field bind_fields[] = {
    { .name = "client_id", .type = WEB_TEXT, .is_required = true, .label = "gateway.client_id" },
    { .name = "thumb", .type = WEB_TEXT, .max = 100, .label = "gateway.thumb" },
};
static const struct web_field cert_fields[] = {
    { .name = "cert",
      .type = WEB_LINES,
      .is_required = true,
      .max = 16000,
      .label = "gateway.cert_pem" },
};
static const struct web_field agreement_fields[] = {
    { .name = "he-thong", .type = WEB_ID, .doc = "of this system" },
    { .name = "tinh-trang", .type = WEB_CHOICE, .choices = filters, .doc = "in this state" },
    { .name = "sau", .type = WEB_ID, .doc = "id of the last one shown" },
};
static const struct web_field decide_fields[] = {
    { .name = "state",
      .type = WEB_CHOICE,
      .is_required = true,
      .choices = states,
      .label = "gateway.decision" },
    { .name = "version", .type = WEB_INT, .is_required = true, .label = "gateway.seen_version" },
    { .name = "operations", .type = WEB_LIST, .label = "gateway.operations" },
    { .name = "removed", .type = WEB_LIST, .label = "gateway.removed" },
    { .name = "rate_s", .type = WEB_INT, .label = "gateway.rate_s" },
    { .name = "quota_day", .type = WEB_INT, .label = "gateway.quota_day" },
    { .name = "hours", .type = WEB_TEXT, .max = 20, .label = "gateway.hours" },
    { .name = "bodies", .type = WEB_CHOICE, .choices = bodies, .label = "gateway.bodies" },
    { .name = "valid_from", .type = WEB_DATE, .label = "gateway.valid_from" },
    { .name = "valid_to", .type = WEB_DATE, .label = "gateway.valid_to" },
    { .name = "note", .type = WEB_TEXT, .max = 1000, .label = "gateway.note" },
};
static const struct web_field calls_fields[] = {
    { .name = "he-thong", .type = WEB_ID, .doc = "of this system" },
    { .name = "dich-vu", .type = WEB_ID, .doc = "to this service, for its owner" },
    { .name = "loi", .type = WEB_BOOL, .doc = "only those that failed" },
    { .name = "truoc", .type = WEB_ID, .doc = "before this one" },
};
static const struct web_field national_fields[] = {
    { .name = "loi", .type = WEB_BOOL, .doc = "only those that failed" },
    { .name = "truoc", .type = WEB_ID, .doc = "before this one" },
};
static const struct web_field mode_fields[] = {
    { .name = "mode",
      .type = WEB_CHOICE,
      .is_required = true,
      .choices = modes,
      .label = "gateway.sim_mode" },
};

static const char *const hand_words[] = { "new", "changed", "withdrawn", NULL };
static const struct web_field arrival_fields[] = { { "reason", WEB_LINES, .is_required = true,
                                                     .max = 1000, .doc = "Why" } };
static const struct web_field hand_fields[] = {
    { "template", WEB_TEXT, .doc = "Sample dossier" },
    { "what", WEB_TEXT, .is_required = true, .choices = hand_words, .doc = "What happens" },
    { "national", WEB_TEXT, .doc = "The portal's number; empty: a new one" }
};
static const struct web_field portal_fields[] = {
    { .name = "connector",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 60,
      .label = "gateway.portal.choose" },
};
static const struct web_field sim_fields[] = {
    { .name = "ma", .type = WEB_TEXT, .max = 80, .doc = "only messages about this case" },
};
static const struct web_field card_fields[] = {
    { .name = "card",
      .type = WEB_LINES,
      .is_required = true,
      .max = NODE_CARD_BYTES,
      .label = "gateway.node_card_text" },
};
static const struct web_field key_fields[] = {
    { .name = "member", .type = WEB_TEXT, .is_required = true, .label = "gateway.node_member" },
    { .name = "token_label", .type = WEB_TEXT, .max = 60, .label = "gateway.node_token" },
};
static const struct web_field evidence_fields[] = {
    { .name = "q", .type = WEB_TEXT, .max = 255, .label = "gateway.evidence_id" },
    { .name = "thanh-vien", .type = WEB_TEXT, .max = 255, .label = "gateway.evidence_member" },
    { .name = "ho-so", .type = WEB_TEXT, .max = 255, .label = "gateway.evidence_issue" },
    { .name = "tu", .type = WEB_DATE, .label = "gateway.evidence_from" },
    { .name = "den", .type = WEB_DATE, .label = "gateway.evidence_to" },
    { .name = "truoc", .type = WEB_ID, .doc = "before this one" },
};

static const char *const hours[] = { "1", "24", NULL };
static const struct web_field window_fields[] = {
    { .name = "q", .type = WEB_TEXT, .max = 100, .doc = "part of a name" },
    { .name = "gio", .type = WEB_CHOICE, .choices = hours, .doc = "hours back; 1 when absent" },
    { .name = "loi", .type = WEB_BOOL, .doc = "only where calls failed" },
    { .name = "den", .type = WEB_ID, .doc = "where the window ends; now when absent" },
    { .name = "sau", .type = WEB_TEXT, .max = 80, .doc = "the last one shown" },
};
static const struct web_field month_fields[] = {
    { .name = "q", .type = WEB_TEXT, .max = 100, .doc = "part of a name" },
    { .name = "thang", .type = WEB_TEXT, .max = 7, .doc = "month, 2026-11" },
    { .name = "sau", .type = WEB_TEXT, .max = 100, .doc = "the last one shown" },
    WEB_SHEET_FIELD,
};
static const struct web_field alarms_fields[] = {
    { .name = "sau", .type = WEB_TEXT, .max = 50, .doc = "the last one shown" },
};
static const struct web_field limit_fields[] = {
    { .name = "tls", .type = WEB_INT, .is_required = true, .label = "gateway.watch_rule.tls" },
    { .name = "faults",
      .type = WEB_INT,
      .is_required = true,
      .label = "gateway.watch_rule.faults" },
    { .name = "slow", .type = WEB_INT, .is_required = true, .label = "gateway.watch_rule.slow" },
    { .name = "silence",
      .type = WEB_INT,
      .is_required = true,
      .label = "gateway.watch_rule.silence" },
    { .name = "pair", .type = WEB_INT, .is_required = true, .label = "gateway.watch_rule.pair" },
    { .name = "cert", .type = WEB_INT, .is_required = true, .label = "gateway.watch_rule.cert" },
};
static const struct web_field open_figures_fields[] = {
    { .name = "thang", .type = WEB_TEXT, .max = 7, .doc = "from this month back" },
    { .name = "sau", .type = WEB_ID, .doc = "id of the last service shown of it" },
    WEB_SHEET_FIELD,
};
static const struct web_field why_fields[] = {
    { .name = "why", .type = WEB_TEXT, .is_required = true, .max = 300, .label = "gateway.why" },
};
static const struct web_field drop_fields[] = {
    /* stands on one page with the one above */
    { .name = "drop_why",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 300,
      .label = "gateway.why" },
};
static const struct web_field boxes_fields[] = {
    { .name = "he-thong", .type = WEB_ID, .doc = "of this system" },
    { .name = "sau", .type = WEB_ID, .doc = "id of the last one shown" },
};
static const struct web_field dead_fields[] = {
    { .name = "he-thong", .type = WEB_ID, .doc = "of this system" },
    { .name = "sau", .type = WEB_TEXT, .max = 50, .doc = "the last one shown" },
};
static const struct web_field line_fields[] = {
    { .name = "truoc", .type = WEB_ID, .doc = "before this one" },
};
static const struct web_field try_member_fields[] = {
    { .name = "member", .type = WEB_TEXT, .is_required = true, .doc = "whose lines" },
};
static const char *const box_places[] = { "here", "away", NULL };
static const struct web_field open_fields[] = {
    { .name = "system", .type = WEB_ID, .is_required = true, .label = "gateway.system" },
    { .name = "place",
      .type = WEB_CHOICE,
      .is_required = true,
      .choices = box_places,
      .label = "gateway.box_place" },
};
static const struct web_field fetch_fields[] = {
    { .name = "max", .type = WEB_INT, .doc = "at most so many" },
};
static const struct web_field part_fields[] = {
    { .name = "at", .type = WEB_INT, .is_required = true, .doc = "where the part begins" },
    { .name = "total", .type = WEB_INT, .is_required = true, .doc = "bytes of the whole file" },
};
static const struct web_field sent_fields[] = {
    { .name = "to", .type = WEB_TEXT, .is_required = true, .max = 260, .doc = "the receiver" },
    { .name = "topic", .type = WEB_TEXT, .max = 100, .doc = "the topic" },
    { .name = "id", .type = WEB_TEXT, .is_required = true, .max = 100, .doc = "id of the message" },
};

/* A simulator reads its own query, as the real service would. */
static const struct web_field any_fields[] = {
    { .name = "", .type = WEB_ANY, .doc = "the service's own" },
};

#define PAGE .flags = (WEB_API | WEB_OFFICE), .reply = &tpl_gateway_page_t
#define ACT  .flags = (WEB_API | WEB_OFFICE)
/* No CSRF token: programs call these, and their secret, token or session is the proof. */
#define PROVIDER "/r1/{instance}/{class}/{member}/{system}"
#define PROGRAM  .flags = (WEB_NO_CSRF | WEB_RAW | WEB_NO_STORE | WEB_PROGRAM)
#define CALL     "exchange.call"
#define MANAGE   "exchange.manage"
#define EVIDENCE "exchange.evidence"

static const struct web_route routes[] = {
    { HTTP_GET, "/truc", "public", gw_overview, WEB_FIELDS(find_fields),
      .flags = WEB_API | WEB_OFFICE, .reply = &tpl_gateway_overview_t, .doc = "Catalogue" },
    { HTTP_GET, "/truc/dich-vu/{id}", "public", gw_service, .flags = WEB_API | WEB_OFFICE,
      .reply = &tpl_gateway_service_t, .doc = "A service, rendered" },
    { HTTP_GET, "/truc/tai-lieu/{id}", "public", gw_document, .doc = "The imported description" },
    { HTTP_GET, "/truc/dich-vu/{id}/xin-phep", CALL, gw_ask, .flags = WEB_OFFICE,
      .doc = "Ask for access" },
    { HTTP_POST, "/truc/dich-vu/{id}/xin-phep", CALL, gw_ask_post, WEB_FIELDS(ask_fields), ACT,
      .again = gw_ask, .doc = "Ask for access" },
    { HTTP_GET, "/truc/dich-vu/{id}/thu", CALL, gw_try, .flags = WEB_OFFICE, .doc = "Sandbox" },
    { HTTP_POST, "/truc/dich-vu/{id}/thu", CALL, gw_try_post, WEB_FIELDS(try_fields),
      .flags = WEB_OFFICE, .again = gw_try,
      .doc = "Try an operation on its simulator, or see a sample of its answer" },
    { HTTP_GET, "/truc/dich-vu-moi", CALL, gw_service_new, .flags = WEB_OFFICE,
      .doc = "Offer a service" },
    { HTTP_POST, "/truc/dich-vu-moi", CALL, gw_service_new_post, WEB_FIELDS(service_fields), ACT,
      .body_max = DOCUMENT_BODY, .work_class = "report", .again = gw_service_new,
      .doc = "Offer a service with its description" },
    { HTTP_POST, "/truc/dich-vu/{id}/phien-ban", CALL, gw_import_post, WEB_FIELDS(document_fields),
      ACT, .body_max = DOCUMENT_BODY, .work_class = "report", .again = gw_service,
      .doc = "Import a new version" },
    { HTTP_POST, "/truc/dich-vu/{id}/dia-chi", CALL, gw_move_post, WEB_FIELDS(move_fields), ACT,
      .again = gw_service, .doc = "Another address or contact of a service" },
    { HTTP_POST, "/truc/dich-vu/{id}/ngung", CALL, gw_retire_post, ACT, .doc = "Retire a service" },
    { HTTP_GET, "/truc/thanh-vien", "exchange.read", gw_members, WEB_FIELDS(after_fields), PAGE,
      .doc = "Members" },
    { HTTP_POST, "/truc/thanh-vien", MANAGE, gw_member_new_post, WEB_FIELDS(member_fields), ACT,
      .again = gw_members, .doc = "Add a member" },
    { HTTP_GET, "/truc/thanh-vien/{id}", "exchange.read", gw_member, PAGE, .doc = "A member" },
    { HTTP_POST, "/truc/thanh-vien/{id}/tinh-trang", MANAGE, gw_member_state_post,
      WEB_FIELDS(note_fields), ACT, .again = gw_member, .doc = "Suspend a member or let it in" },
    { HTTP_POST, "/truc/thanh-vien/{id}/he-thong", CALL, gw_system_new_post,
      WEB_FIELDS(system_fields), ACT, .again = gw_member, .doc = "Add a system" },
    { HTTP_GET, "/truc/cua-toi", CALL, gw_own, WEB_FIELDS(own_fields), PAGE,
      .doc = "One's own systems" },
    { HTTP_GET, "/truc/he-thong/{id}", CALL, gw_system, PAGE,
      .doc = "A system: keys, certificates" },
    { HTTP_POST, "/truc/he-thong/{id}/dia-chi", CALL, gw_system_ip_post, WEB_FIELDS(ip_fields), ACT,
      .again = gw_system, .doc = "Set the addresses it may call from" },
    { HTTP_POST, "/truc/he-thong/{id}/khoa", CALL, gw_client_new_post, WEB_FIELDS(client_fields),
      .flags = WEB_API | WEB_OFFICE | WEB_NO_STORE, .again = gw_system, .doc = "Make a key" },
    { HTTP_POST, "/truc/he-thong/{id}/khoa/thay", CALL, gw_client_rotate_post,
      WEB_FIELDS(rotate_fields), .flags = WEB_API | WEB_OFFICE | WEB_NO_STORE, .again = gw_system,
      .doc = "Give a key a new secret" },
    { HTTP_POST, "/truc/he-thong/{id}/khoa/huy", CALL, gw_client_revoke_post, WEB_FIELDS(id_fields),
      ACT, .again = gw_system, .doc = "Revoke a key" },
    { HTTP_POST, "/truc/he-thong/{id}/khoa/gan", CALL, gw_client_bind_post, WEB_FIELDS(bind_fields),
      ACT, .again = gw_system, .doc = "Bind a key to a certificate" },
    { HTTP_POST, "/truc/he-thong/{id}/chung-thu", CALL, gw_cert_new_post, WEB_FIELDS(cert_fields),
      ACT, .again = gw_system, .doc = "Register a certificate" },
    { HTTP_POST, "/truc/he-thong/{id}/chung-thu/huy", CALL, gw_cert_revoke_post,
      WEB_FIELDS(id_fields), ACT, .again = gw_system, .doc = "Revoke a certificate" },
    { HTTP_GET, "/truc/thoa-thuan", CALL, gw_agreements, WEB_FIELDS(agreement_fields), PAGE,
      .doc = "Agreements" },
    { HTTP_GET, "/truc/thoa-thuan/{id}", CALL, gw_agreement, PAGE, .doc = "An agreement" },
    { HTTP_POST, "/truc/thoa-thuan/{id}", CALL, gw_decide_post, WEB_FIELDS(decide_fields), ACT,
      .again = gw_agreement, .doc = "Grant, limit, refuse, suspend, end" },
    { HTTP_GET, "/truc/nhat-ky", CALL, gw_calls, WEB_FIELDS(calls_fields), PAGE,
      .doc = "Calls through the exchange" },
    { HTTP_GET, "/truc/quoc-gia", MANAGE, gw_national, WEB_FIELDS(national_fields), PAGE,
      .doc = "National connections and questions" },
    { HTTP_POST, "/truc/quoc-gia/hoi-lai", MANAGE, gw_replay_post, WEB_FIELDS(id_fields), ACT,
      .doc = "Put a question again" },
    { HTTP_GET, "/truc/cong", MANAGE, gw_portal, PAGE,
      .doc = "How dossiers travel to and from the national portal" },
    { HTTP_POST, "/truc/cong", MANAGE, gw_portal_post, WEB_FIELDS(portal_fields), ACT,
      .again = gw_portal, .doc = "Choose the portal's generation, or none" },
    { HTTP_POST, "/truc/cong/gui-lai", MANAGE, gw_portal_again_post, WEB_FIELDS(id_fields), ACT,
      .again = gw_portal, .doc = "Send what a dossier waits with" },
    { HTTP_POST, "/truc/cong/lay", MANAGE, gw_arrivals_fetch_post, ACT, .again = gw_portal,
      .doc = "Ask the national portal for dossiers now" },
    { HTTP_GET, "/truc/cong/den/{id}", MANAGE, gw_arrival, PAGE,
      .doc = "A dossier that the national portal handed over" },
    { HTTP_POST, "/truc/cong/xu-ly-lai/{id}", MANAGE, gw_arrival_again_post, ACT,
      .doc = "Work on such a dossier again" },
    { HTTP_POST, "/truc/cong/tra-ve/{id}", MANAGE, gw_arrival_refuse_post,
      WEB_FIELDS(arrival_fields), ACT, .again = gw_arrival,
      .doc = "Give such a dossier back to the portal" },
    { HTTP_GET, "/truc/mo-phong/{id}", MANAGE, gw_sim_page, WEB_FIELDS(sim_fields), PAGE,
      .doc = "A simulator: how it behaves, what it was given (demo only)" },
    { HTTP_POST, "/truc/mo-phong/{id}", MANAGE, gw_sim_post, WEB_FIELDS(mode_fields), ACT,
      .doc = "Set a simulator's behaviour (demo only)" },
    { HTTP_POST, "/truc/mo-phong/{id}/giao", MANAGE, gw_sim_hand_post, WEB_FIELDS(hand_fields), ACT,
      .doc = "The simulated portal hands a dossier over (demo only)" },
    { HTTP_GET, "/truc/diem-ket-noi", MANAGE, gw_nodes, PAGE,
      .doc = "Other installations and signing keys" },
    { HTTP_POST, "/truc/diem-ket-noi", MANAGE, gw_node_add_post, WEB_FIELDS(card_fields), ACT,
      .body_max = CARD_BODY, .again = gw_nodes, .doc = "Take in another installation's card" },
    { HTTP_GET, "/truc/diem-ket-noi/the", MANAGE, gw_node_card, .doc = "This node's card" },
    { HTTP_POST, "/truc/diem-ket-noi/tinh-trang", MANAGE, gw_node_state_post, WEB_FIELDS(id_fields),
      ACT, .doc = "Suspend another installation or let it in" },
    { HTTP_POST, "/truc/diem-ket-noi/khoa", MANAGE, gw_node_key_post, WEB_FIELDS(key_fields), ACT,
      .again = gw_nodes, .doc = "Make a member's signing key" },
    { HTTP_POST, "/truc/diem-ket-noi/khoa/huy", MANAGE, gw_node_key_revoke_post,
      WEB_FIELDS(id_fields), ACT, .doc = "Revoke a signing key" },
    { HTTP_GET, "/truc/bang-chung", EVIDENCE, gw_evidence, WEB_FIELDS(evidence_fields), PAGE,
      .doc = "Evidence of signed messages" },
    { HTTP_GET, "/truc/bang-chung/{id}", EVIDENCE, gw_evidence_one, PAGE,
      .doc = "An exchange, computed again" },
    { HTTP_GET, "/truc/bang-chung/{id}/tep", EVIDENCE, gw_container,
      .doc = "The ASiC-E container of an exchange" },
    { HTTP_GET, "/truc/giam-sat", "exchange.read", gw_watch, .flags = WEB_API | WEB_OFFICE,
      .reply = &tpl_gateway_watch_t,
      .doc = "Monitoring: alarms, services, who talks to whom; the beginning of each list" },
    { HTTP_GET, "/truc/giam-sat/canh-bao", "exchange.read", gw_watch_alarms,
      WEB_FIELDS(alarms_fields), PAGE, .doc = "All alarms" },
    { HTTP_GET, "/truc/giam-sat/dich-vu", "exchange.read", gw_watch_services,
      WEB_FIELDS(window_fields), PAGE, .doc = "All services that were called, the worst first" },
    { HTTP_GET, "/truc/giam-sat/cap", "exchange.read", gw_watch_pairs, WEB_FIELDS(window_fields),
      PAGE, .doc = "Who talks to whom: all pairs of a system and a service" },
    { HTTP_GET, "/truc/giam-sat/thang", "exchange.read", gw_watch_month, WEB_FIELDS(month_fields),
      PAGE, .doc = "Sums of a month by system, service and agreement" },
    { HTTP_GET, "/truc/giam-sat/song", "exchange.read", gw_watch_live,
      .doc = "Events: figures or alarms changed" },
    { HTTP_POST, "/truc/giam-sat", MANAGE, gw_watch_post, WEB_FIELDS(limit_fields), ACT,
      .again = gw_watch, .doc = "Set the limits of alarms" },
    { HTTP_GET, "/so-lieu/truc", "public", gw_figures, WEB_FIELDS(open_figures_fields),
      .flags = WEB_API, .reply = &tpl_gateway_figures_t,
      .doc = "Open figures: calls by month and service" },
    { HTTP_GET, "/truc/hop-thu", CALL, gw_boxes, WEB_FIELDS(boxes_fields), PAGE,
      .doc = "Message boxes: lines, what waits, what is dead" },
    { HTTP_POST, "/truc/hop-thu", CALL, gw_box_open_post, WEB_FIELDS(open_fields), ACT,
      .again = gw_boxes, .doc = "Give a system a box" },
    { HTTP_GET, "/truc/hop-thu/khong-phat", CALL, gw_box_dead, WEB_FIELDS(dead_fields), PAGE,
      .doc = "Dead messages, the last to die first" },
    { HTTP_POST, "/truc/hop-thu/thu-lai", MANAGE, gw_box_try_post, WEB_FIELDS(try_member_fields),
      ACT, .doc = "Try a member's lines now" },
    { HTTP_GET, "/truc/hop-thu/dong/{id}", CALL, gw_box_line, WEB_FIELDS(line_fields), PAGE,
      .doc = "A line of messages" },
    { HTTP_GET, "/truc/hop-thu/tin/{id}", CALL, gw_box_message, PAGE, .doc = "A message's head" },
    { HTTP_POST, "/truc/hop-thu/tin/{id}/dua-lai", CALL, gw_box_back_post, WEB_FIELDS(why_fields),
      ACT, .again = gw_box_message, .doc = "Put a dead message back" },
    { HTTP_POST, "/truc/hop-thu/tin/{id}/bo", CALL, gw_box_drop_post, WEB_FIELDS(drop_fields), ACT,
      .again = gw_box_message, .doc = "Drop a dead message" },
    { HTTP_POST, "/boxes/messages", "public", gw_box_put, PROGRAM, .body_max = BOX_BODY,
      .doc = "Put a message (token)" },
    { HTTP_GET, "/boxes/messages", "public", gw_box_fetch, WEB_FIELDS(fetch_fields),
      .flags = WEB_NO_STORE | WEB_PROGRAM, .doc = "Fetch what is in the box (token)" },
    { HTTP_POST, "/boxes/messages/{id}/ack", "public", gw_box_ack, PROGRAM, .body_max = TOKEN_BODY,
      .doc = "Acknowledge a message (token)" },
    { HTTP_POST, "/boxes/acks", "public", gw_box_acks, PROGRAM, .body_max = TOKEN_BODY,
      .doc = "Acknowledge up to 100 messages in one commit (token)" },
    { HTTP_POST, "/boxes/messages/{id}/refuse", "public", gw_box_refuse, PROGRAM,
      .body_max = TOKEN_BODY, .doc = "Refuse a message with a reason (token)" },
    { HTTP_GET, "/boxes/sent", "public", gw_box_sent, WEB_FIELDS(sent_fields),
      .flags = WEB_NO_STORE | WEB_PROGRAM, .doc = "What became of a message (token)" },
    { HTTP_GET, "/boxes/topics", "public", gw_box_topics, .flags = WEB_NO_STORE | WEB_PROGRAM,
      .doc = "One's subscriptions (token)" },
    { HTTP_POST, "/boxes/topics", "public", gw_box_subscribe, PROGRAM, .body_max = TOKEN_BODY,
      .doc = "Subscribe to a topic, or end it (token)" },
    { HTTP_POST, "/boxes/files/{hash}", "public", gw_box_part, WEB_FIELDS(part_fields), PROGRAM,
      .body_max = (uint32_t)BOX_PART_BYTES, .doc = "Bring a part of a file (token)" },
    { HTTP_GET, "/boxes/files/{hash}", "public", gw_box_file, .flags = WEB_NO_STORE | WEB_PROGRAM,
      .doc = "A file, with Range (token)" },
    { HTTP_POST, "/token", "public", gw_token, PROGRAM, .body_max = TOKEN_BODY,
      .doc = "OAuth2 client credentials" },
    { HTTP_GET, "/oauth2/jwks", "public", gw_jwks, .flags = WEB_PROGRAM,
      .doc = "Public keys of access tokens" },
    { HTTP_POST, EXCHANGE_OPMON_PATH, "public", gw_opmon, PROGRAM,
      .body_max = (uint32_t)EXCHANGE_XROAD_BYTES, .work_class = "report",
      .doc = "X-Road's operational monitoring (SOAP, token)" },
    { HTTP_GET, EXCHANGE_CLIENTS_PATH, "public", gw_meta_clients, WEB_FIELDS(clients_fields),
      .flags = WEB_NO_STORE | WEB_XROAD, .doc = "X-Road's list of members and systems (token)" },
    { HTTP_GET, PROVIDER "/listMethods", "public", gw_meta_methods,
      .flags = WEB_NO_STORE | WEB_XROAD, .doc = "What a system offers (token)" },
    { HTTP_GET, PROVIDER "/allowedMethods", "public", gw_meta_allowed,
      .flags = WEB_NO_STORE | WEB_XROAD, .doc = "What of it the caller may call (token)" },
    { HTTP_GET, PROVIDER "/getOpenAPI", "public", gw_meta_openapi, WEB_FIELDS(openapi_fields),
      .flags = WEB_NO_STORE | WEB_XROAD, .doc = "A service's description (token)" },
    { HTTP_POST, EXCHANGE_META_PATH, "public", gw_meta_soap, PROGRAM,
      .body_max = (uint32_t)EXCHANGE_XROAD_BYTES,
      .doc = "X-Road's metadata services by SOAP: listMethods, allowedMethods, getWsdl (token)" },
    { HTTP_POST, "/adapter/login", "public", gw_login, PROGRAM, .body_max = TOKEN_BODY,
      .doc = "Session of the older style" },
    { HTTP_POST, "/adapter/call", "public", gw_adapter, PROGRAM, .body_max = ADAPTER_BODY,
      .doc = "Call with session and dstcode" },
    { HTTP_GET, EXCHANGE_FILE_PATH "/{token}", "public", gw_portal_file,
      .doc = "A paper, by the link that the national portal was told" },
    { HTTP_POST, EXCHANGE_SIM_PATH "/{id}/{op}", "public", gw_sim_1, PROGRAM,
      .body_max = ADAPTER_BODY, .doc = "Labelled simulator (demo only)" },
    { HTTP_GET, EXCHANGE_SIM_PATH "/{id}/{op}", "public", gw_sim_get_1, WEB_FIELDS(any_fields),
      .flags = WEB_RAW, .doc = "Labelled simulator (demo only)" },
};

const struct web_routes gateway_routes = { "gateway", routes, COUNT_OF(routes) };
