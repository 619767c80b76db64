/* gateway_int.h: shared inside the module. */
#ifndef OFFICE_GATEWAY_GATEWAY_INT_H
#define OFFICE_GATEWAY_GATEWAY_INT_H

#include "engine/exchange/exchange.h"
#include "gen/tpl_gateway.h"
#include "office/gateway/gateway.h"

/* Rows of a list on a page: as cards on a phone these are some screens. What is read beyond them
 * says whether the list goes on. */
#define GW_SHOWN 20

/* --- gateway_page.c: a page put together from sentences, tables and forms; bounded, what is beyond
 * is left out ------- */
struct tpl_gateway_page *gw_page(struct ctx *cx, struct str title);
void gw_say(struct tpl_gateway_page *p, const char *kind, struct str text);
void gw_link(struct tpl_gateway_page *p, struct str href, struct str word);
/* heads: text keys, NULL-ended. */
struct tpl_gateway_page_tables *gw_table(struct ctx *cx, struct tpl_gateway_page *p,
                                         const char *title_key, const char *const *heads,
                                         size_t n_rows);
struct tpl_gateway_page_tables_rows *gw_row(struct ctx *cx, struct tpl_gateway_page_tables *t,
                                            const char *kind);
void gw_cell(struct tpl_gateway_page_tables_rows *r, struct str value, struct str href);
void gw_button(struct ctx *cx, struct tpl_gateway_page_tables_rows *r, struct str action,
               const char *word_key, const char *name, struct str value);
struct tpl_gateway_page_forms *gw_form(struct ctx *cx, struct tpl_gateway_page *p,
                                       struct str action, const char *title_key);
enum gw_kind { GW_TEXT, GW_LINES, GW_SELECT, GW_BOXES, GW_FILE };
struct tpl_gateway_page_forms_fields *gw_field(struct ctx *cx, struct tpl_gateway_page_forms *f,
                                               enum gw_kind kind, const char *name,
                                               const char *label_key, struct str value);
void gw_option(struct tpl_gateway_page_forms_fields *f, struct str value, struct str label);
/* An option for each field that the operations answer with. */
void gw_field_boxes(struct ctx *cx, struct tpl_gateway_page_forms_fields *boxes,
                    const struct exchange_operation *ops, size_t n);
enum err gw_show(struct ctx *cx, struct web_resp *rs, struct tpl_gateway_page *p);
/* The same for a page below another one of the exchange. */
enum err gw_show_below(struct ctx *cx, struct web_resp *rs, struct tpl_gateway_page *p,
                       struct str href, struct str name);
/* So many of n rows are shown. */
size_t gw_shown(size_t n);
/* The last one shown, as its numbers with dots between; none: 0s. ERR_INVALID. */
enum err gw_key(struct ctx *cx, struct str key, int64_t *v, size_t n);
struct str gw_id(struct ctx *cx, const char *before, int64_t id);
/* Text of "gateway.<group>.<word>", the word itself when there is none. */
struct str gw_word(struct ctx *cx, const char *group, struct str word);
struct str gw_percent(struct ctx *cx, int64_t part, int64_t whole);

/* gateway_catalogue.c */
/* The ticked values of a field, with spaces between. */
struct str gw_codes(struct ctx *cx, const struct web_req *rq, const char *name);
web_fn gw_overview, gw_service, gw_document, gw_ask, gw_ask_post, gw_try, gw_try_post;
web_fn gw_service_new, gw_service_new_post, gw_import_post, gw_move_post, gw_retire_post;
/* gateway_members.c */
web_fn gw_members, gw_member_new_post, gw_member, gw_member_state_post, gw_system_new_post;
web_fn gw_own, gw_system, gw_system_ip_post, gw_client_new_post, gw_client_rotate_post,
    gw_client_revoke_post, gw_client_bind_post, gw_cert_new_post, gw_cert_revoke_post;
/* gateway_agree.c */
web_fn gw_agreements, gw_agreement, gw_decide_post, gw_calls;
/* gateway_national.c */
web_fn gw_national, gw_sim_page, gw_sim_post, gw_replay_post;
web_fn gw_portal, gw_portal_post, gw_portal_again_post;
/* gateway_arrival.c */
/* What the national portal handed over, and the simulated portal's side of it. */
enum err gw_arrivals_table(struct ctx *cx, struct tpl_gateway_page *p);
enum err gw_sim_queue(struct ctx *cx, struct tpl_gateway_page *p, struct str service);
web_fn gw_portal_file, gw_arrival, gw_arrival_again_post, gw_arrival_refuse_post,
    gw_arrivals_fetch_post, gw_sim_hand_post;
/* gateway_node.c */
web_fn gw_nodes, gw_node_card, gw_node_add_post, gw_node_state_post, gw_node_key_post,
    gw_node_key_revoke_post, gw_evidence, gw_evidence_one, gw_container;
/* gateway_boxes.c: programs; gateway_box.c: pages */
web_fn gw_box_put, gw_box_fetch, gw_box_ack, gw_box_acks, gw_box_refuse, gw_box_sent,
    gw_box_subscribe, gw_box_topics, gw_box_part, gw_box_file;
web_fn gw_boxes, gw_box_line, gw_box_dead, gw_box_message, gw_box_back_post, gw_box_drop_post,
    gw_box_try_post, gw_box_open_post;
/* gateway_opmon.c */
web_fn gw_opmon;

/* --- gateway_envelope.c: SOAP messages that the program itself answers ------------------------ */
/* Which system a program speaks for: the relay has checked its caller and says who it is; without
 * the relay a token of /token tells. ERR_UNAUTHENTICATED. */
enum err gw_program(struct ctx *cx, const struct web_req *rq, struct exchange_subsystem *ret);
struct gw_soap { /* a request */
    struct exchange_subsystem who;
    struct exchange_xroad m;
    struct str bytes;
    struct str server;                  /* this installation: INSTANCE/CLASS/CODE/NAME */
    bool is_owner;                      /* of it, and it is named */
    struct exchange_subsystem provider; /* of metadata: whose services */
};
struct gw_soap_service {
    const char *code, *ns; /* serviceCode, and the body's element of that namespace */
    enum err (*answer)(struct ctx *cx, struct web_resp *rs, const struct gw_soap *a);
};
struct gw_soap_door {
    /* May it be asked here? NULL, or a fault's code with its words. */
    const char *(*judge)(struct ctx *cx, struct gw_soap *a, struct str *ret_words);
    const struct gw_soap_service *services;
    size_t n;
};
struct gw_attachment {
    const char *type, *id;
    struct str bytes;
};
/* Reads the message, checks who sends it, and has it answered, or answers with a Fault. */
enum err gw_soap_answer(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
                        const struct gw_soap_door *door);
/* Is this installation, or none, the one that the message names? Sets a->server. */
bool gw_soap_is_here(struct ctx *cx, struct gw_soap *a, struct str owner, struct str *ret_words);
/* An answer with the request's header, up to the body's begin; then it is given, alone or with an
 * attachment as its second part. ERR_TOO_LARGE. */
struct buf gw_soap_open(struct ctx *cx, const struct gw_soap *a);
enum err gw_soap_give(struct ctx *cx, struct web_resp *rs, struct buf *b);
enum err gw_soap_give_with(struct ctx *cx, struct web_resp *rs, struct buf *soap,
                           const struct gw_attachment *with);
/* A SOAP 1.1 fault; code as X-Road has them. */
enum err gw_soap_fault(struct ctx *cx, struct web_resp *rs, int status, const char *code,
                       struct str words);
enum err gw_soap_fault_request(struct ctx *cx, struct web_resp *rs, const char *words);

/* gateway_meta.c */
web_fn gw_meta_clients, gw_meta_methods, gw_meta_allowed, gw_meta_openapi, gw_meta_soap;
/* gateway_watch.c */
web_fn gw_watch, gw_watch_alarms, gw_watch_services, gw_watch_pairs, gw_watch_month, gw_watch_live,
    gw_watch_post, gw_figures;
/* gateway_program.c */
web_fn gw_token, gw_jwks, gw_login, gw_adapter, gw_sim_1, gw_sim_get_1;

#endif
