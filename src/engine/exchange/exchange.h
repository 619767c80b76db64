/* exchange.h: the exchange platform's rules and rows: members, their subsystems, the services they
 * offer, agreements, token clients, calls; and the connectors to national services.
 *
 * Names follow the X-Road message protocol: a member is INSTANCE/CLASS/CODE, a subsystem
 * INSTANCE/CLASS/CODE/SUBSYSTEM, a service SUBSYSTEM-ID/SERVICE. Nothing is callable without an
 * agreement that is granted and in force.
 *
 * The relay (net/relay.h) carries the traffic of others; what the platform itself asks (forms,
 * processes) goes through the same agreements by exchange_ask. */
#ifndef ENGINE_EXCHANGE_EXCHANGE_H
#define ENGINE_EXCHANGE_EXCHANGE_H

#include "codec/json.h"
#include "codec/xroad.h"
#include "engine/pack/pack.h"
#include "net/relay.h"
#include "store/jobs.h"

#define EXCHANGE_INSTANCE "VN"

/* --- descriptions of services (exchange_openapi.c, exchange_wsdl.c): bytes in, no store ----- */
struct exchange_field {
    struct str path; /* "HoVaTen.Ten", "items[].so" */
    struct str type; /* string, integer, number, boolean, date ... as the document says */
    struct str text;
    bool is_required;
};
struct exchange_operation {
    struct str code, method, path, summary;
    struct str element,
        action; /* SOAP: the body's element (local name; else ""), SOAPAction or "" */
    struct exchange_field *inputs, *outputs;
    size_t n_inputs, n_outputs;
};
struct exchange_doc {
    struct str kind; /* openapi, wsdl */
    struct str title, version, summary, server;
    struct str text; /* the document as JSON or XML: of YAML, what it says as JSON */
    struct exchange_operation *v;
    size_t n;
};
#define EXCHANGE_DOC_BYTES      ((size_t)1 << 20)
#define EXCHANGE_OPERATIONS_MAX 200
#define EXCHANGE_FIELDS_MAX     300 /* of one operation, each way */
/* OpenAPI 3.1 or 3.0 as JSON or YAML, or WSDL 1.1; local references only, nothing is fetched.
 * ERR_INVALID with one problem on field "document": what is wrong, and where. */
NODISCARD enum err exchange_doc_read(struct ctx *cx, struct str bytes, struct exchange_doc *ret);

/* --- catalogue (exchange_catalogue.c, exchange_version.c)
 * --------------------------------------------------------- */
struct exchange_member {
    int64_t id;
    struct str class_code, code, name, name_en;
    struct str unit; /* unit key of a body of the province; null: outside */
    struct str contact, state, note;
};
struct exchange_subsystem {
    int64_t id, member_id;
    struct str code, name, contact, ip_allow, state;
    struct str path;                            /* VN/GOV/H19/MOT-CUA */
    struct str member_name, unit, member_state; /* of its member */
};
struct exchange_service {
    int64_t id, subsystem_id, version_id, sla_ms, sla_permille, timeout_ms;
    struct str code, name, summary, data_class, contact, endpoint, state;
    struct str path; /* VN/GOV/H19/MOT-CUA/ho-so */
    struct str owner_name, unit;
    bool is_simulated;
};
struct exchange_version {
    int64_t id, service_id, imported_us, n_operations;
    struct str version, kind, hash;
};
/* Adds; the id comes back in m->id. ERR_CONFLICT: the code is taken. ERR_INVALID with problems. */
NODISCARD enum err exchange_member_add(struct ctx *cx, struct exchange_member *m);
NODISCARD enum err exchange_member_get(struct ctx *cx, int64_t id, struct exchange_member *ret);
/* "VN/GOV/H19". ERR_NOT_FOUND. */
/* All members; published services. */
NODISCARD enum err exchange_catalogue_n(struct ctx *cx, int64_t *ret_members,
                                        int64_t *ret_services);
NODISCARD enum err exchange_member_by_path(struct ctx *cx, struct str path,
                                           struct exchange_member *ret);
/* In order of class and code, after the given "class/code" (null: from the start), whose name or
 * code holds the words (marks and case ignored; empty: all); at most 100. */
NODISCARD enum err exchange_members(struct ctx *cx, struct str words, struct str after,
                                    struct exchange_member **ret, size_t *ret_n);
/* A suspended member neither calls nor is called; its agreements stay as they are. */
NODISCARD enum err exchange_member_suspend(struct ctx *cx, int64_t id, bool is_suspended,
                                           struct str why);
NODISCARD enum err exchange_subsystem_add(struct ctx *cx, struct exchange_subsystem *s);
NODISCARD enum err exchange_subsystem_get(struct ctx *cx, int64_t id,
                                          struct exchange_subsystem *ret);
NODISCARD enum err exchange_subsystem_by_path(struct ctx *cx, struct str path,
                                              struct exchange_subsystem *ret);
/* Of one member, or of all that the actor answers for (member_id 0); at most 200. */
NODISCARD enum err exchange_subsystems(struct ctx *cx, int64_t member_id,
                                       struct exchange_subsystem **ret, size_t *ret_n);
/* Addresses and networks (CIDR), with spaces between; empty: any. ERR_INVALID. */
NODISCARD enum err exchange_subsystem_set_ip(struct ctx *cx, int64_t id, struct str ip_allow);
/* May the actor act for this subsystem's member? Officers with exchange.call of its unit, and
 * operators of the exchange (exchange.manage). */
bool exchange_may_act_for(struct ctx *cx, const struct exchange_subsystem *s);

NODISCARD enum err exchange_service_add(struct ctx *cx, struct exchange_service *s);
NODISCARD enum err exchange_service_get(struct ctx *cx, int64_t id, struct exchange_service *ret);
NODISCARD enum err exchange_service_by_path(struct ctx *cx, struct str path,
                                            struct exchange_service *ret);
/* Published ones (or all, with is_all) whose name, code or summary holds the words (marks and case
 * ignored; empty: all), newest id last, after an id; at most 60. */
NODISCARD enum err exchange_services(struct ctx *cx, struct str words, bool is_all, int64_t after,
                                     struct exchange_service **ret, size_t *ret_n);
/* Takes a document in: the service is published with it. Fields of answers that are new since the
 * version before are taken out for every open agreement until the owner decides on it again
 * (doc/decisions/relay.md). ERR_INVALID with problems; the same version with other content too. */
NODISCARD enum err exchange_service_import(struct ctx *cx, int64_t service, struct str document,
                                           int64_t *ret_version);
/* Another address, another contact. ERR_INVALID with problems: simulators and boxes do not move. */
NODISCARD enum err exchange_service_move(struct ctx *cx, const struct exchange_service *from,
                                         struct str endpoint, struct str contact);
NODISCARD enum err exchange_service_retire(struct ctx *cx, int64_t service);
NODISCARD enum err exchange_versions(struct ctx *cx, int64_t service, struct exchange_version **ret,
                                     size_t *ret_n);
NODISCARD enum err exchange_document(struct ctx *cx, int64_t version, struct str *ret_kind,
                                     struct str *ret_document);
/* Operations of the version in force. */
NODISCARD enum err exchange_operations(struct ctx *cx, int64_t version,
                                       struct exchange_operation **ret, size_t *ret_n);

/* --- sample answers (exchange_sample.c) --------------------------------------------------------
 */
struct exchange_sample {
    struct str source; /* example: the description has one; schema: made from it; none: it says
                          nothing of the answer */
    struct str body;
};
/* What an operation of a version answers by its description alone; nothing is called. No person's
 * data: invented words. ERR_NOT_FOUND: no such operation. */
NODISCARD enum err exchange_sample(struct ctx *cx, int64_t version, struct str operation,
                                   struct exchange_sample *ret);

/* --- what there is to call (exchange_meta.c) ----------------------------------------------------
 */
struct exchange_offer {
    struct exchange_service service;
    struct str kind;    /* of its description: openapi, wsdl */
    struct str version; /* in force */
    struct exchange_operation *operations;
    size_t n_operations;
};
/* Published services of a subsystem in order of code, at most 200; with a consumer's path only
 * those that an agreement lets it call today, and of them what it lets it call. */
NODISCARD enum err exchange_offers(struct ctx *cx, const struct exchange_subsystem *provider,
                                   struct str consumer, struct exchange_offer **ret, size_t *ret_n);
/* Codes of the metadata services, by REST and by SOAP; no service may have one of them. */
size_t exchange_meta_codes(const char *const **ret);
size_t exchange_meta_soap_codes(const char *const **ret);
bool exchange_meta_is_code(struct str code);
#define EXCHANGE_CLIENTS_PATH "/listClients"
/* Metadata by SOAP, at the program; the relay answers it at "/", too, for every provider. */
#define EXCHANGE_META_PATH "/meta"

struct exchange_method { /* what a SOAP message may name as its service */
    struct str code, version;
};
/* Of published SOAP services: operations by the name of their element, as X-Road has them; where
 * two services of the provider have it, the service's own code. Consumer: as exchange_offers. */
NODISCARD enum err exchange_soap_methods(struct ctx *cx, const struct exchange_subsystem *provider,
                                         struct str consumer, struct exchange_method **ret,
                                         size_t *ret_n);
/* A published service's WSDL, found by its code or by one of its operations; version null: the one
 * in force. Its addresses are hidden. ERR_NOT_FOUND: no such service or version, or no WSDL. */
NODISCARD enum err exchange_wsdl_of(struct ctx *cx, const struct exchange_subsystem *provider,
                                    struct str code, struct str version, struct str *ret);
/* The document with another location in each element "address" (PR-META 4: where services are is
 * not told to clients). Any bytes are taken; what is no XML comes back in some form. */
#define EXCHANGE_HIDDEN_ENDPOINT "http://example.org/xroad-endpoint"
struct str exchange_wsdl_hidden(struct ctx *cx, struct str document);

/* --- agreements (exchange_agree.c) ------------------------------------------------------------ */
struct exchange_agreement {
    int64_t id, version, consumer_id, service_id, rate_s, quota_day;
    int64_t asked_by, asked_us, decided_by, decided_us;
    struct str state; /* asked, granted, refused, suspended, ended */
    struct str purpose, legal_basis, operations, removed, hours, valid_from, valid_to, note;
    struct str bodies; /* of signed messages, kept as evidence: all, hash, empty: by data class */
    struct str held;   /* of those removed: new ones of a later version, until the owner says */
    struct str fields; /* when asking: fields of answers that are needed; empty: all */
    struct str consumer, service;           /* paths */
    struct str consumer_name, service_name; /* for lists */
};
/* Asks for access: consumer, service, operations, fields, purpose, legal basis (and wishes for the
 * limits). What the operations answer beyond the fields goes into removed, for the owner to see and
 * decide. ERR_INVALID with problems; ERR_CONFLICT: there is an open one already. */
NODISCARD enum err exchange_ask_access(struct ctx *cx, struct exchange_agreement *a);
/* The owner decides or changes: state is what it becomes. Granting sets the terms as given; any
 * other decision leaves them as they stand. ERR_CONFLICT: changed since a->version, or the state
 * cannot become that. */
NODISCARD enum err exchange_agreement_decide(struct ctx *cx, const struct exchange_agreement *a);
NODISCARD enum err exchange_agreement_get(struct ctx *cx, int64_t id,
                                          struct exchange_agreement *ret);
/* Of a consumer, of a service, or all in a state (others 0 / null), newest first, before an id
 * (0: from the newest); at most 100. */
NODISCARD enum err exchange_agreements(struct ctx *cx, int64_t consumer, int64_t service,
                                       struct str state, int64_t before,
                                       struct exchange_agreement **ret, size_t *ret_n);
/* Those in which one of the subsystems asks or is asked, in a state (null: any), newest first,
 * before an id (0: from the newest); at most 100. */
NODISCARD enum err exchange_agreements_of(struct ctx *cx, const struct exchange_subsystem *subs,
                                          size_t n_subs, struct str state, int64_t before,
                                          struct exchange_agreement **ret, size_t *ret_n);
#define EXCHANGE_REMOVED_MAX 64 /* names of fields: the relay takes out no more */

/* Are bodies of signed messages kept as evidence (doc/signed.md part 4)? All are, but for the
 * services of sensitive data and the agreements that say otherwise, which are listed here. consumer
 * empty: whoever calls that service. In no order. */
struct exchange_body_rule {
    struct str consumer, service; /* paths */
    bool is_kept;
};
NODISCARD enum err exchange_body_rules(struct ctx *cx, struct exchange_body_rule **ret,
                                       size_t *ret_n);

/* Rules without the store (exchange_model.c). */
/* "1-5 07-17": days Monday 1 to Sunday 7, whole hours of the day; empty is well-formed: always. */
bool exchange_hours_are_valid(struct str hours);
bool exchange_hours_allow(struct str hours, int64_t at_us);
/* As the relay has them: bit h of a day, Monday first; all 0: always. */
void exchange_hours_bits(struct str hours, uint32_t ret[7]);
/* "10.0.0.0/8 192.168.1.7 2001:db8::/32"; empty allows any. */
bool exchange_ip_is_valid(struct str list);
bool exchange_ip_allows(struct str list, struct str peer);
/* A JSON answer without the named members ("a.b"; below lists as below objects); null when it is no
 * JSON. */
struct str exchange_without(struct arena *arena, struct str json, struct str removed);
/* Names of fields ("items[].so") as the rules have them ("items.so"). */
struct str exchange_removed_of(struct arena *arena, struct str removed);
/* Is the operation among the codes? */
bool exchange_names(struct str codes, struct str code);
/* Why a call may not pass: "" when it may, else the relay's word for it: "no_grant", "expired",
 * "hours", "no_operation". a may be NULL. */
struct str exchange_agreement_fault(const struct exchange_agreement *a, struct str operation,
                                    struct date today, int64_t at_us);

/* --- token clients (exchange_client.c) -------------------------------------------------------- */
struct exchange_client {
    int64_t id, subsystem_id, ttl_s, created_us, used_us, revoked_us, n_secrets;
    struct str client_id, name, cert_thumb;
};
struct exchange_cert {
    int64_t id, not_before_us, not_after_us, added_us, revoked_us;
    struct str thumb, subject;
};
/* The secret is shown once. */
NODISCARD enum err exchange_client_add(struct ctx *cx, struct exchange_client *c,
                                       struct str *ret_secret);
/* A new secret; the old ones end after overlap_s. */
NODISCARD enum err exchange_client_rotate(struct ctx *cx, int64_t id, int64_t overlap_s,
                                          struct str *ret_secret);
NODISCARD enum err exchange_client_revoke(struct ctx *cx, int64_t id);
/* To a certificate of its system, by its SHA-256 in hex (":" between pairs is read over); empty:
 * unbinds. ERR_INVALID. */
NODISCARD enum err exchange_client_bind(struct ctx *cx, int64_t id, struct str cert_thumb);
NODISCARD enum err exchange_client_get(struct ctx *cx, int64_t id, struct exchange_client *ret);
NODISCARD enum err exchange_clients(struct ctx *cx, int64_t subsystem, struct exchange_client **ret,
                                    size_t *ret_n);
/* PEM of a certificate. ERR_INVALID with problems on field "cert". */
NODISCARD enum err exchange_cert_add(struct ctx *cx, int64_t subsystem, struct str pem);
NODISCARD enum err exchange_cert_revoke(struct ctx *cx, int64_t subsystem, int64_t id);
/* When systems' certificates end: of each the one that holds longest and is not revoked, soonest
 * first, at most EXCHANGE_CERT_ENDS. */
#define EXCHANGE_CERT_ENDS 500
struct exchange_cert_end {
    int64_t until_us;
    struct str path; /* "GOV/H19/MOT-CUA" */
};
NODISCARD enum err exchange_cert_ends(struct ctx *cx, struct exchange_cert_end **ret,
                                      size_t *ret_n);
NODISCARD enum err exchange_certs(struct ctx *cx, int64_t subsystem, struct exchange_cert **ret,
                                  size_t *ret_n);

/* Keys of access tokens: keys/exchange-token.pem signs (made when there is none); what it replaced
 * still verifies until its last token is over. A process with many calls keeps them open as
 * cx->token_keys; else the files are read each time. Thread-safe. */
struct exchange_keys;
NODISCARD enum err exchange_keys_open(struct ctx *cx, struct exchange_keys **ret);
void exchange_keys_close(struct exchange_keys *r); /* NULL is fine */
/* The files again. What they hold verifies from now on, and exchange_token_keys tells it; it signs
 * only after exchange_keys_use, so that whoever checks tokens can hear of it first. On an error
 * nothing has changed. */
NODISCARD enum err exchange_keys_read(struct ctx *cx, struct exchange_keys *r);
/* True when another key signs from now on. */
bool exchange_keys_use(struct exchange_keys *r);
/* Not to be used, for who checks tokens did not hear of it: the key that signs goes on, without the
 * end that it had as one that is replaced. By the thread that reads and uses. On an error nothing
 * has changed. */
NODISCARD enum err exchange_keys_keep(struct ctx *cx, struct exchange_keys *r);

struct exchange_grant { /* what /token is asked for */
    struct str client_id, secret, scope, peer;
};
struct exchange_token {
    struct str access_token, scope;
    int64_t expires_s;
};
/* RFC 6749 4.4. A key that is bound to a certificate gets a token bound to it (RFC 8705 3, cnf):
 * good only by TLS with that certificate, which the relay checks. ERR_UNAUTHENTICATED: client or
 * secret; ERR_FORBIDDEN: address, or the bound certificate is revoked or over; ERR_INVALID: a scope
 * that no agreement gives; ERR_RATE. */
NODISCARD enum err exchange_token_issue(struct ctx *cx, const struct exchange_grant *g,
                                        struct exchange_token *ret);
/* The public keys that verify tokens now as a JWK set, for the relay and for others; the first one
 * is the newest, the others have an end ("exp", seconds). */
NODISCARD enum err exchange_token_keys(struct ctx *cx, struct str *ret_jwks);
/* The subsystem of a token that is good now, at a door that sees no certificate of the client: what
 * is bound to one is refused. ERR_UNAUTHENTICATED. */
NODISCARD enum err exchange_token_check(struct ctx *cx, struct str token, struct str peer,
                                        struct exchange_subsystem *ret);
/* The older adapter style: a session for user name and secret. ERR_FORBIDDEN: also for a key that
 * is bound to a certificate, since nothing would check it. */
NODISCARD enum err exchange_session_new(struct ctx *cx, const struct exchange_grant *g,
                                        struct str *ret_session);
NODISCARD enum err exchange_session_check(struct ctx *cx, struct str session,
                                          struct exchange_subsystem *ret);

/* --- calls (exchange_call.c) ------------------------------------------------------------------ */
struct exchange_call {
    int64_t id, at_us, consumer_id, service_id, agreement_id, status, bytes_in, bytes_out, took_us;
    int64_t up_us,
        back_us; /* from at_us until it went out, until the answer began; 0: it did not */
    struct str way, operation, fault, trace_id, request_id;
    struct str message_id;        /* X-Road-Id; null: none */
    struct str consumer, service; /* names, for lists */
};
/* Accounts for calls, several in one transaction; at most 1,000. */
NODISCARD enum err exchange_calls_add(struct ctx *cx, const struct exchange_call *v, size_t n);
/* Newest first, before an id; consumer or service 0: any; is_faulty: only those that failed. */
NODISCARD enum err exchange_calls(struct ctx *cx, int64_t consumer, int64_t service, bool is_faulty,
                                  int64_t before, struct exchange_call **ret, size_t *ret_n);
struct exchange_kept;
/* One call on the application plane: agreement, limits, the service, fields removed, account.
 * ERR_FORBIDDEN with ret->fault: not allowed; ERR_RATE; ERR_UPSTREAM, ERR_DEADLINE: no answer. */
struct exchange_request {
    const char *way;
    struct str consumer, service, operation; /* paths and code; null code: by method and path */
    struct str method;
    struct str path, query, body, content_type;
    struct str body_path;   /* or a file that holds the body, body_bytes long */
    struct str answer_path; /* a new file that takes an answer above EXCHANGE_MEMORY_BYTES; null:
                             * none, all is held in memory */
    int64_t body_bytes;
    const struct http_header *headers;
    size_t n_headers;
    struct str request_id;
    struct exchange_kept *kept; /* NULL: everything anew */
};
struct exchange_answer {
    int status;
    struct str body, content_type, fault;
    struct str body_path; /* answer_path when the body is there: the caller's to remove */
    int64_t body_bytes;   /* of that file */
    const struct http_header *headers; /* of a service called over HTTP: those that may pass on */
    size_t n_headers;
    int64_t agreement_id;
};
#define EXCHANGE_MEMORY_BYTES ((size_t)256 << 10)
#define EXCHANGE_BODY_BYTES   ((int64_t)100 << 20)
NODISCARD enum err exchange_forward(struct ctx *cx, const struct exchange_request *rq,
                                    struct exchange_answer *ret);

/* What a door with many calls keeps from one to the next (exchange_kept.c): the rows that decide,
 * for as long as no row of members, services or agreements changes (asked at each call),
 * connections to services, and accounts to be stored together. Accounts under an agreement with a
 * daily quota are stored before the answer, for they are counted; of others a kill loses those
 * since the last exchange_kept_store. Thread-safe. */
struct exchange_kept *exchange_kept_open(void);
void exchange_kept_close(struct exchange_kept *k); /* accepts NULL; drops what is not stored */
/* Stores the accounts that wait; what cannot be stored waits on. One thread at a time. */
NODISCARD enum err exchange_kept_store(struct ctx *cx, struct exchange_kept *k);

/* May this system call the operation now? Counts against the agreement's rate. *ret has an empty
 * fault when it may. ERR_NOT_FOUND: no such system or service. */
struct exchange_pass {
    int64_t consumer_id, service_id, agreement_id;
    struct str fault, endpoint;
    int64_t left; /* of today's quota; INT64_MAX: there is none */
};
NODISCARD enum err exchange_may_pass(struct ctx *cx, struct str consumer, struct str service,
                                     struct str operation, struct exchange_pass *ret);

/* Services with the endpoint "box:" are the program's own (engine/box): exchange_forward hands them
 * to cx->own after agreement and limits. The relay does not lead there. */
#define EXCHANGE_BOX_ENDPOINT "box:"
#define EXCHANGE_BOX_CODE     "hop-thu"
struct exchange_own {
    enum err (*answer)(struct ctx *cx, const struct exchange_request *rq,
                       struct exchange_answer *ret);
};

/* --- connectors to national services (exchange_connector.c) ----------------------------------- */
/* Where calls to services of other installations leave: endpoint "node:" (engine/node). */
struct exchange_gate {
    int32_t port;    /* on the loopback */
    struct str host; /* a secret: only the relay knows it */
};
#define EXCHANGE_NODE_ENDPOINT "node:"

/* Loader of the exchange folder of a pack: slot PACK_EXCHANGE. */
void exchange_pack_part(struct pack_load *l);

struct exchange_question {
    struct str connector, operation; /* "dan-cu", "tra-cuu" */
    struct str purpose;              /* why, as the citizen will read it: a text key's last part */
    int64_t dossier, draft, subject; /* 0: none */
    struct str fields; /* JSON object in our names; of long values only the hash is recorded */
    /* Names the message, however often it is sent: the same id goes out each time, and it stands
     * once in the ledger. Null: a question of its own each time. */
    struct str key;
    bool is_poll; /* with a key: stands once in the ledger, but is a new message each time */
};
struct exchange_reply {
    struct str fields; /* JSON object in our names */
    struct str fault;  /* "" or not_found, mismatch, refused, down ... */
    struct str source; /* name of the service, for "Lấy từ ..." */
    bool is_simulated;
};
/* Puts a question to a national service, with purpose, dossier and officer (the actor) in the
 * ledger and an account of the call. ERR_NOT_FOUND, ERR_CONFLICT (data do not agree), ERR_FORBIDDEN
 * (no agreement), ERR_UPSTREAM, ERR_DEADLINE; the reply's fault says which. Slow: outside writes.
 */
NODISCARD enum err exchange_ask(struct ctx *cx, const struct exchange_question *q,
                                struct exchange_reply *ret);

struct exchange_asked {
    int64_t id, at_us, dossier, draft, officer, subject, tries, replay_of;
    struct str connector, operation, purpose, state, fault;
};
/* Newest first, before an id; state null: any; at most 100. */
NODISCARD enum err exchange_asked(struct ctx *cx, struct str state, int64_t before,
                                  struct exchange_asked **ret, size_t *ret_n);
/* The same question again, by the actor; the answer of a process's question reaches its dossier. */
NODISCARD enum err exchange_replay(struct ctx *cx, int64_t id, struct exchange_reply *ret);

/* A connector of the pack, for the operator's page. */
struct exchange_connector_info {
    struct str id, service, mode; /* mode of its simulator; null: not a simulator */
    struct str name, owner, uplinks;
    size_t n_steps;
};

/* --- the national portal (exchange_portal.c) -------------------------------------------------- */
/* Each national status of a dossier (dossier_steps) is told to the portal in force, in order per
 * dossier and once as the portal sees it: what got no answer is sent again under the same key.
 * While the line is away dossiers wait; the first that gets through lets the others follow. What
 * the portal refuses holds the later statuses of that dossier until an operator acts. */
struct exchange_portal_line {
    struct str connector, name; /* empty: none is in force */
    int64_t n_waiting, n_refused, n_failed, down_until_us;
};
NODISCARD enum err exchange_portal_state(struct ctx *cx, struct exchange_portal_line *ret);
/* The connectors of the pack that speak with a portal. */
size_t exchange_portals(struct ctx *cx, struct exchange_connector_info **ret);
/* Which one is in force; "off" for none. Dossiers that were begun with one stay with it. */
NODISCARD enum err exchange_portal_choose(struct ctx *cx, struct str connector);
struct exchange_portal_row {
    int64_t dossier, at_us;
    struct str connector, national, fault;
};
/* state: waiting, refused; oldest first, at most 100. */
NODISCARD enum err exchange_portal_rows(struct ctx *cx, struct str state,
                                        struct exchange_portal_row **ret, size_t *ret_n);
/* Sends what a dossier waits with or was refused, in order. */
NODISCARD enum err exchange_portal_again(struct ctx *cx, int64_t dossier);
/* A paper by the link that a portal was told: 30 days, only while it is kept. ERR_NOT_FOUND,
 * ERR_GONE. The caller records the reading. */
#define EXCHANGE_FILE_PATH "/cong/tep"
struct paper;
NODISCARD enum err exchange_portal_file(struct ctx *cx, struct str token, struct paper *ret,
                                        struct str *ret_bytes);
extern const struct jobs_timed exchange_timed[];

/* --- dossiers that come from the national portal (exchange_arrival.c) ------------------------- */
/* A dossier that a citizen filed at the portal. It becomes a dossier here once, however often the
 * portal hands it over, or is held with a reason until an operator acts; the portal is told the
 * outcome before any status. What it changes or withdraws later follows the same way. */
struct exchange_arrival {
    int64_t id, dossier, revision, first_us, at_us, n_again, tries;
    struct str national, connector; /* the portal's number; name of the portal */
    struct str state;               /* new, held, taken, refused, withdrawn */
    struct str fault;               /* word: procedure, unit, paper ...; empty: none */
    struct str why;                 /* the same for people, with the paper or answers concerned */
    struct str outcome;             /* what the portal is told */
    struct str procedure, unit;     /* codes as the portal wrote them */
    bool is_told, is_told_refused, is_working;
};
/* Newest first, ids below before (0: all), state null: any; at most 100. */
NODISCARD enum err exchange_arrivals(struct ctx *cx, struct str state, int64_t before,
                                     struct exchange_arrival **ret, size_t *ret_n);
NODISCARD enum err exchange_arrival_get(struct ctx *cx, int64_t id, struct exchange_arrival *ret);
/* Where a dossier came from. ERR_NOT_FOUND: it was filed here. */
NODISCARD enum err exchange_arrival_of(struct ctx *cx, int64_t dossier,
                                       struct exchange_arrival *ret);
NODISCARD enum err exchange_arrivals_held(struct ctx *cx, int64_t *ret_n);
/* Asks the portal now. ERR_CONFLICT: none is in force. */
NODISCARD enum err exchange_arrivals_fetch(struct ctx *cx);
/* The operator: works on a held one again, or tells an outcome again that the portal did not want.
 * ERR_CONFLICT: there is nothing to do. */
NODISCARD enum err exchange_arrival_again(struct ctx *cx, int64_t id);
/* The operator: gives a held one back to the portal with a reason. ERR_INVALID, ERR_CONFLICT. */
NODISCARD enum err exchange_arrival_refuse(struct ctx *cx, int64_t id, struct str reason);

/* --- messages of the X-Road message protocol 4.0 (exchange_xroad.c) --------------------------- */
#define EXCHANGE_XROAD_BYTES   ((size_t)64 << 10) /* of a request that the program itself answers */
#define EXCHANGE_XROAD_NS      XROAD_NS
#define EXCHANGE_IDENTIFIER_NS XROAD_IDENTIFIER_NS
struct xml;
struct exchange_xroad {
    struct str client;                  /* path of a member or a subsystem */
    struct str provider, code, version; /* of the service; version null: none */
    struct str server;                  /* INSTANCE/CLASS/CODE/SERVER; null: not named */
    struct str id, user_id, issue;      /* user_id and issue may be null */
    const struct xml *body;             /* the one element inside the body */
};
/* Reads a SOAP 1.1 message with the header fields of PR-MESS 4.0. ERR_INVALID; *ret_fault is then
 * the protocol's word: InvalidSoap, MissingHeaderField, DuplicateHeaderField, InvalidHeaderField,
 * InvalidProtocolVersion, MissingBody; cx->err.text says which. */
NODISCARD enum err exchange_xroad_read(struct ctx *cx, struct str bytes, struct exchange_xroad *ret,
                                       const char **ret_fault);
/* An identifier in the form of a member or subsystem ("VN/GOV/H19/MOT-CUA"); null: it is none. */
struct str exchange_xroad_client(struct ctx *cx, const struct xml *e);
/* One identifier as XML: the tag with its prefix, type MEMBER, SUBSYSTEM, SERVICE or SERVER; path
 * of 3 parts, or 4 (subsystem or server), then service and version where not null. */
void exchange_xroad_put(struct buf *b, const char *tag, struct str path, bool is_server,
                        struct str service, struct str version);
/* Who the relay lets in to the program's own services is told by X-Road-Client, believed only when
 * the request's Host is this secret. */
#define EXCHANGE_OPMON_PATH "/opmon"
NODISCARD enum err exchange_relay_host(struct ctx *cx, struct str *ret);
/* The member that runs this installation ("VN/GOV/H19"). ERR_NOT_FOUND: the pack names none. */
NODISCARD enum err exchange_owner(struct ctx *cx, struct str *ret);

/* --- for the relay (exchange_policy.c) -------------------------------------------------------- */
#define EXCHANGE_AUDIENCE "bombo-exchange"
/* Where the labelled simulators listen on the program's own port. */
#define EXCHANGE_SIM_PATH "/mo-phong/quoc-gia"
/* The policy of the rows as they are now; own_port: where this program serves (simulators). Borrows
 * from cx->arena. */
NODISCARD enum err exchange_policy(struct ctx *cx, int32_t own_port, struct relay_policy *ret);
/* Puts it in force in the relay of this process; nothing to do when there is none, or when a file
 * gives the policy. */
NODISCARD enum err exchange_relay_apply(struct ctx *cx);
/* [tx] Agreements, members, keys or other installations changed: relays and nodes read them anew
 * after the commit. */
NODISCARD enum err exchange_changed(struct ctx *cx);
/* Another one after each change of members, agreements, keys and other installations: where several
 * processes serve one database, a relay's looks whether somebody else changed them. */
NODISCARD enum err exchange_mark(struct ctx *cx, int64_t *ret);

/* --- a whole province for the demo (exchange_demo.c): rows without an account of each act ------
 */
/* [tx] A member with one system. */
NODISCARD enum err exchange_demo_member(struct ctx *cx, struct exchange_member *m,
                                        struct exchange_subsystem *s);
struct exchange_demo_text { /* what all of these services can do */
    struct str document, hash, version, inputs, outputs;
    struct exchange_operation operation;
};
NODISCARD enum err exchange_demo_describe(struct ctx *cx, struct exchange_demo_text *ret);
/* [tx] A published service with one operation ("tra-cuu"); nothing answers at its address. */
NODISCARD enum err exchange_demo_service(struct ctx *cx, const struct exchange_demo_text *t,
                                         struct exchange_service *s);
/* [tx] A granted agreement for that operation. */
NODISCARD enum err exchange_demo_grant(struct ctx *cx, struct exchange_agreement *a);
/* [tx] Once, at the end: one entry of the ledger for all, and the relay's policy. */
NODISCARD enum err exchange_demo_end(struct ctx *cx, struct str note);

/* --- the platform's side of things: jobs, demo ------------------------------------------------ */
/* "exchange.call" {"dossier","service"} is answered by "exchange.answer"
 * {"dossier","service","name","value"}; "dossier.status" goes to the national portal. */
extern const struct jobs_topic exchange_topics[];
/* Registers the pack's national services: members, subsystems, services with their descriptions,
 * and agreements of the platform itself. What is there stays. In the demo they are simulators; else
 * the uplink's address is taken from keys/uplink-<id>.json, and services without one are left out.
 */
NODISCARD enum err exchange_install(struct ctx *cx, size_t *ret_n);
size_t exchange_connectors(struct ctx *cx, struct exchange_connector_info **ret);
/* Demo: what a simulator was given: of one case (its key) oldest first, or of all newest first; at
 * most 100. */
struct exchange_sim_message {
    int64_t id, at_us, n_again; /* n_again: how often it came again and was known */
    struct str key, message, status;
};
NODISCARD enum err exchange_sim_messages(struct ctx *cx, struct str service, struct str key,
                                         struct exchange_sim_message **ret, size_t *ret_n);
/* Demo: what a simulator knows of one case from all that it was given, an object of our fields.
 * ERR_NOT_FOUND: nothing; ERR_FORBIDDEN outside the demo. */
NODISCARD enum err exchange_sim_holds(struct ctx *cx, struct str service, struct str key,
                                      const struct json **ret);
/* Demo: how a simulator behaves: normal, slow, faulty, down, lossy (acts, and loses the answer).
 * ERR_FORBIDDEN outside the demo. */
NODISCARD enum err exchange_sim_set(struct ctx *cx, struct str service, struct str mode);
/* Demo: the simulated portal has a dossier for us: made of one of its templates (arrivals of its
 * file), or a change of one it handed over. ERR_NOT_FOUND, ERR_FORBIDDEN. */
struct exchange_sim_hand {
    struct str service, template_id;
    struct str national; /* null: a new one */
    struct str change;   /* new, changed, withdrawn */
};
NODISCARD enum err exchange_sim_hand_over(struct ctx *cx, const struct exchange_sim_hand *in,
                                          struct str *ret_national);
struct exchange_sim_dossier {
    struct str national, template_id, change, outcome, number;
    int64_t revision, at_us;
    bool is_told;
};
/* What it has for us, and what it heard; at most 200. */
NODISCARD enum err exchange_sim_dossiers(struct ctx *cx, struct str service,
                                         struct exchange_sim_dossier **ret, size_t *ret_n);
/* Its templates: value and words. 0: it hands nothing over. */
struct exchange_sim_template {
    struct str id, text;
};
size_t exchange_sim_templates(struct ctx *cx, struct str service,
                              struct exchange_sim_template **ret);
/* Demo: one call to a simulator without the exchange (what the relay's route leads to). */
NODISCARD enum err exchange_sim_call(struct ctx *cx, struct str service, struct str path,
                                     struct str query, struct str body,
                                     struct exchange_answer *ret);
/* Demo: one operation of a simulator with the body that a person typed: JSON in the service's
 * names, also for SOAP services. */
NODISCARD enum err exchange_sim_try(struct ctx *cx, struct str service, struct str operation,
                                    struct str body, struct exchange_answer *ret);

#endif
