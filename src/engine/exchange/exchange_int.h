/* exchange_int.h: shared inside the module. */
#ifndef ENGINE_EXCHANGE_EXCHANGE_INT_H
#define ENGINE_EXCHANGE_EXCHANGE_INT_H

#include "codec/url.h"
#include "engine/exchange/exchange.h"

/* --- exchange_doc.c: what the readers of descriptions share ----------------------------------- */
/* One problem on "document"; where is a path inside it. */
enum err exchange_doc_wrong(struct ctx *cx, const char *key, struct str where);
struct exchange_fields { /* grows up to EXCHANGE_FIELDS_MAX; more are left out and is_over says so
                          */
    struct exchange_field *v;
    size_t n;
    bool is_over;
};
struct exchange_fields exchange_fields_new(struct ctx *cx);
void exchange_fields_add(struct exchange_fields *f, struct exchange_field one);
/* A code made of a method and path, or of any words: letters, digits, '-'. */
struct str exchange_code_of(struct ctx *cx, struct str text);
enum err exchange_openapi_read(struct ctx *cx, struct str bytes, struct exchange_doc *ret);
enum err exchange_wsdl_read(struct ctx *cx, struct str bytes, struct exchange_doc *ret);
/* The thing itself when j is a reference (of a reference ...). NULL: it leads nowhere. */
const struct json *exchange_openapi_resolve(struct ctx *cx, const struct json *doc,
                                            const struct json *j);
/* The type of a schema; what it must be when nothing says so; "any". */
struct str exchange_openapi_type(const struct json *schema);
/* What an operation answers when all is well; NULL: not said. */
const struct json *exchange_openapi_response(struct ctx *cx, const struct json *doc,
                                             const struct json *operation);
/* The outermost element of a SOAP operation's answer; whether those inside are of its namespace. */
struct exchange_wrapper {
    struct str name, ns;
    bool is_qualified;
};
enum err exchange_wsdl_wrapper(struct ctx *cx, struct str bytes, struct str code,
                               struct exchange_wrapper *ret);
/* Fields as the JSON text of a row, and back. */
struct str exchange_fields_json(struct ctx *cx, const struct exchange_field *v, size_t n);
size_t exchange_fields_read(struct ctx *cx, struct str json, struct exchange_field **ret);

/* Codes of members, subsystems and services: letters, digits, '.', '-', '_', 1 to 60. */
bool exchange_is_code(struct str s);
/* Parses "VN/GOV/H19/MOT-CUA[/service]" into its parts (4 or 5). */
size_t exchange_path_parts(struct str path, struct str parts[5]);

/* --- exchange_keys.c ---------------------------------------------------------------------------
 */
#define EXCHANGE_TTL_MAX_S 86400 /* the longest life of an access token */
enum err exchange_keys_sign(struct ctx *cx, struct str payload, struct str *ret_token);
/* Any error: no key that stands now has signed it. */
enum err exchange_keys_verify(struct ctx *cx, struct str token, struct str *ret_payload);

/* --- exchange_fields.c: sets of fields of answers, "a a.b" ------------------------------------ */
/* Is the path one of the set, within one, or around one? */
bool exchange_overlaps(struct str path, struct str set);
/* What the operations of these codes answer; null: more than 64 KiB of names. */
struct str exchange_answered_by(struct ctx *cx, const struct exchange_operation *v, size_t n,
                                struct str operations);
/* What of all has nothing to do with the set, under the shortest names; null as above. */
struct str exchange_beyond(struct ctx *cx, struct str all, struct str set);
/* What of now nobody has seen, or hides what is removed; null as above. */
struct str exchange_unseen(struct ctx *cx, struct str now, struct str seen, struct str removed);
/* Both, each name once; null as above. */
struct str exchange_joined(struct ctx *cx, struct str set, struct str more);
size_t exchange_n_words(struct str set);

/* --- exchange_policy.c ------------------------------------------------------------------------ */
/* Parts of a service's address, its path without '/' at the end: may the relay call it? */
bool exchange_url_split(struct str endpoint, struct url_parts *ret);
/* Names that had no address when the policy was made are looked up again. */
enum err exchange_names_again(struct ctx *cx, int64_t *ret_again_us);
struct exchange_policy_job {
    int32_t own_port;
    struct relay_policy *ret;
};

/* --- exchange_kept.c -------------------------------------------------------------------------- */
/* The rows that decide about calls of a consumer to a service. */
struct exchange_case {
    struct exchange_subsystem consumer;
    struct exchange_service service;
    struct exchange_agreement agreement; /* id 0: none granted */
    struct exchange_operation operation; /* no code: the service has none such */
};
struct exchange_request;
enum err exchange_case_get(struct ctx *cx, const struct exchange_request *rq,
                           struct exchange_case *ret);
struct client_pool *exchange_kept_pool(struct exchange_kept *k); /* accepts NULL */
/* Takes an account to be stored later; false: there is no room. */
bool exchange_kept_account(struct exchange_kept *k, const struct exchange_call *c);

/* --- exchange_pack.c: connectors of the pack -------------------------------------------------- */
/* One field, in our name and in theirs. */
struct exchange_map {
    struct str our;                   /* "personal_id" */
    struct str their;                 /* "CongDan.SoDinhDanh": names with dots between */
    struct str date;                  /* how they write dates; null: not a date */
    struct str fixed;                 /* always this value; null: from ours */
    const struct json *codes;         /* {"their": "our"}; NULL: as it is */
    const struct exchange_map *items; /* of a list of objects */
    size_t n_items;
    bool is_required, is_list;
    struct pack_text text;
};
struct exchange_step { /* an operation of a connector */
    struct str id, method, path, their;
    struct pack_text text;
    const struct exchange_map *in, *out;
    size_t n_in, n_out;
    struct str key; /* our field that names the case, for order and for seeing doubles */
};
/* The operations by which a portal's connector exchanges dossiers; null: it has none. */
struct exchange_dossier_api {
    struct str look, number, create, progress; /* statuses go there */
    struct str upload; /* one paper; null: the portal fetches them by link, or has none */
    struct str update; /* the dossier anew when more than its status changed; null: never */
    struct str list, get, file, taken; /* dossiers come from there */
    int64_t every_s;                   /* how often it is asked for them */
};
enum exchange_style { EXCHANGE_REST, EXCHANGE_SOAP };
struct exchange_connector {
    struct str id, service; /* service: its path in the catalogue */
    struct pack_text name, owner, summary, legal;
    struct str data_class, ns; /* ns: namespace of a SOAP service */
    enum exchange_style style;
    struct str fault_field, fault_text; /* where an answer says how it ended */
    const struct json *fault_codes;     /* {"their code": "our word"}; "" = fine */
    const struct str *uplinks;          /* ids, the preferred one first */
    size_t n_uplinks;
    const struct exchange_step *steps;
    size_t n_steps;
    struct exchange_dossier_api dossier;
};
enum exchange_login { EXCHANGE_LOGIN_TOKEN, EXCHANGE_LOGIN_SESSION };
struct exchange_uplink { /* a way out of the province: NDXP, NDOP */
    struct str id, dstcode, unit_code;
    struct pack_text name;
    enum exchange_login login;
    struct str login_path, call_path;
};
struct exchange_process { /* what a process's "exchange" task asks */
    struct str id, connector, operation, answer, from;
    const struct json *send; /* our field -> name in the dossier's answers */
};
struct exchange_set {
    struct str consumer; /* path of the platform's own subsystem */
    struct pack_text consumer_name;
    const struct exchange_connector *connectors;
    const struct exchange_uplink *uplinks;
    const struct exchange_process *processes;
    size_t n_connectors, n_uplinks, n_processes;
    const struct str
        *portals; /* connectors that dossiers' statuses go to, the preferred one first */
    size_t n_portals;
};
const struct exchange_set *exchange_of_pack(const struct ctx *cx); /* NULL: the pack has none */
const struct exchange_connector *exchange_connector(const struct ctx *cx, struct str id);
const struct exchange_step *exchange_step(const struct exchange_connector *c, struct str id);
const struct exchange_uplink *exchange_uplink(const struct ctx *cx, struct str id);

/* --- exchange_map.c: between our fields and theirs, both ways --------------------------------- */
/* from_ours: a JSON object in our names becomes theirs; else theirs becomes ours. Absent fields
 * stay absent. */
enum err exchange_translate(struct ctx *cx, const struct exchange_map *maps, size_t n,
                            bool from_ours, const struct json *in, struct buf *out);
/* The same for the body of a SOAP message: XML of the children, and back to ours. */
enum err exchange_soap_write(struct ctx *cx, const struct exchange_map *maps, size_t n,
                             const struct json *in, struct buf *out);
struct xml;
enum err exchange_soap_read(struct ctx *cx, const struct exchange_map *maps, size_t n,
                            const struct xml *body, struct buf *out);
/* The description of a connector's service: OpenAPI 3.1, or WSDL 1.1 of a SOAP service. */
enum err exchange_describe(struct ctx *cx, const struct exchange_connector *c, struct str *ret);
#define EXCHANGE_SOAP_NS "http://schemas.xmlsoap.org/soap/envelope/"
/* What an answer says of how it ended: "" fine, else our word. tree: a JSON answer, or NULL and the
 * code itself. */
struct str exchange_fault_word(const struct exchange_connector *c, const struct json *tree,
                               struct str code);
/* A date as others write it, from ISO and back; null when it is none. */
struct str exchange_date(struct ctx *cx, struct str format, struct str value, bool from_ours);

/* --- exchange_connector.c, exchange_uplink.c ---------------------------------------------------
 */
struct aead_key;
enum err exchange_seal_key(struct ctx *cx, struct aead_key *ret);
/* Token or session of an uplink; signs in when there is none that lasts. */
enum err exchange_uplink_proof(struct ctx *cx, const struct exchange_uplink *u, struct str *ret);
/* {"base","user","secret"} of this installation. ERR_UPSTREAM: not set up. */
enum err exchange_uplink_account(struct ctx *cx, struct str id, const struct json **ret);
/* Statuses of a dossier go to the portal (jobs topic "dossier.status"). */
enum err exchange_on_status(struct ctx *cx, struct str key, struct str payload);
/* The connector in force; NULL: none. */
const struct exchange_connector *exchange_portal_now(struct ctx *cx);
/* Since when the platform may speak with it; INT64_MAX: no agreement. */
int64_t exchange_portal_since(struct ctx *cx, const struct exchange_connector *c);
/* Its statuses are told from where they were, now. */
enum err exchange_portal_tell(struct ctx *cx, int64_t dossier);
/* Timed: asks the portal in force for dossiers, works on them, tells what became of them. */
enum err exchange_arrivals_turn(struct ctx *cx, int64_t *ret_again_us);
/* [tx] The line answered, or did not. */
enum err exchange_line_note(struct ctx *cx, struct str connector, bool is_up);
bool exchange_line_is_down(struct ctx *cx, struct str connector);
/* Does the word mean that the other side read the message and does not want it? */
bool exchange_is_refusal(struct str fault);
/* A process asks (jobs topic "exchange.call"). */
enum err exchange_on_call(struct ctx *cx, struct str key, struct str payload);

/* One message to or from a national service: a paper of 20 MB as base64. */
#define EXCHANGE_MESSAGE_MAX ((size_t)32 << 20)

/* --- exchange_sim.c: labelled simulators, only in the demo ------------------------------------ */
struct exchange_sim_request {
    struct str service, operation, path, query, body;
    const struct http_header *headers;
    size_t n_headers;
    int64_t timeout_ms;
    struct str uplink; /* must be signed in there; null: called by the relay or the sandbox */
};
struct dossier;
struct dossier_step;
struct party;
struct procedure;
/* Who answers for members, systems and services of the demo: nobody, and that can be seen. */
#define EXCHANGE_DEMO_CONTACT "Đầu mối mẫu (bản dùng thử), dau-moi@vidu.example, 0200 000 0000"
/* One status of a dossier, for the portal. */
struct exchange_told {
    const struct dossier *d;
    const struct party *who;
    const struct procedure *procedure;
    struct str national; /* the portal's number, when it gave one */
    const struct dossier_step *step;
    bool is_update; /* the portal has the dossier */
};
/* Our fields of it as JSON: who, what, how far; lists of fees, supplements and results. */
enum err exchange_portal_fields(struct ctx *cx, const struct exchange_told *t, struct str *ret);
/* Puts "papers" (asked for by the procedure) and "others": name, hash, the portal's own number or
 * ours, a link to fetch it. */
enum err exchange_portal_papers(struct ctx *cx, const struct exchange_told *t, struct json_out *o);
/* Papers that the portal does not have go there, each once. *ret_fault: why one did not, or "". */
enum err exchange_portal_files_send(struct ctx *cx, const struct exchange_told *t,
                                    const struct exchange_connector *c, struct str *ret_fault);
/* Of a portal that fetches them by link: those that it was not told yet. Asked before the message
 * is written, so that what comes while the message is on its way is told with the next one. */
struct paper;
enum err exchange_portal_files_new(struct ctx *cx, const struct exchange_told *t,
                                   const struct exchange_connector *c, struct paper **ret,
                                   size_t *ret_n);
enum err exchange_portal_files_told(struct ctx *cx, const struct exchange_connector *c,
                                    const struct paper *v, size_t n);
/* The portal has this paper under that number: it took it from us, or gave it to us. */
enum err exchange_portal_file_known(struct ctx *cx, const struct paper *p, struct str connector,
                                    struct str file);
/* The token or session that the simulated uplink gives. */
struct str exchange_sim_proof(struct ctx *cx, struct str uplink);
/* How the simulator behaves now: normal, slow, faulty, down. */
struct str exchange_sim_mode(struct ctx *cx, struct str service);
/* Answers as the real service would: its style, its error codes, its slowness and outages.
 * ERR_UPSTREAM, ERR_DEADLINE: "down" and "slow". */
enum err exchange_simulate(struct ctx *cx, const struct exchange_sim_request *rq,
                           struct exchange_answer *ret);

#endif
