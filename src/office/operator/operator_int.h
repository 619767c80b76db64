/* operator_int.h: shared inside the module: a page put together from parts. */
#ifndef OFFICE_OPERATOR_OPERATOR_INT_H
#define OFFICE_OPERATOR_OPERATOR_INT_H

#include "gen/tpl_operator.h"
#include "web/web.h"

/* --- operator_page.c: bounded parts; beyond the bound they are left out
 * ---------------------------- */
struct tpl_operator_page *op_page(struct ctx *cx, const char *title_key);
void op_say(struct ctx *cx, struct tpl_operator_page *p, const char *kind, struct str text,
            const char *href);
void op_link(struct ctx *cx, struct tpl_operator_page *p, const char *href, const char *key,
             const char *icon);
/* The page stands below another page of the operators. */
void op_below(struct ctx *cx, struct tpl_operator_page *p, const char *href, const char *key);
/* heads: text keys, NULL-ended. */
struct tpl_operator_page_tables *op_table(struct ctx *cx, struct tpl_operator_page *p,
                                          const char *title_key, const char *empty_key,
                                          const char *const *heads, size_t n_rows);
struct tpl_operator_page_tables_rows *op_row(struct ctx *cx, struct tpl_operator_page_tables *t,
                                             const char *kind);
void op_cell(struct ctx *cx, struct tpl_operator_page_tables_rows *r, struct str value,
             struct str href);
/* A button that posts name=id to action. */
void op_button(struct ctx *cx, struct tpl_operator_page_tables_rows *r, const char *action,
               const char *word_key, int64_t id);
struct tpl_operator_page_forms *op_form(struct ctx *cx, struct tpl_operator_page *p,
                                        struct str action, const char *title_key,
                                        const char *hint_key, const char *submit_key);
void op_hidden(struct ctx *cx, struct tpl_operator_page_forms *f, const char *name,
               struct str value);
enum op_kind { OP_TEXT, OP_SECRET, OP_SELECT, OP_CHECK };
struct tpl_operator_page_forms_fields *op_field(struct ctx *cx, struct tpl_operator_page_forms *f,
                                                enum op_kind kind, const char *name,
                                                const char *label_key, struct str value);
void op_option(struct ctx *cx, struct tpl_operator_page_forms_fields *f, struct str value,
               struct str label);
enum err op_show(struct ctx *cx, struct web_resp *rs, struct tpl_operator_page *p);
struct str op_when(struct ctx *cx, int64_t at_us);
/* A civil date kept as YYYY-MM-DD, as people write it; "" for none. */
struct str op_day(struct ctx *cx, struct str iso);
/* For a query string; "" for null. */
struct str op_encode(struct ctx *cx, struct str s);
/* Asked for as a file (field "dang")? Then a list gives all its rows, OP_EXPORT_MAX at most. */
#define OP_EXPORT_MAX 5000
bool op_is_export(struct ctx *cx);
/* Narrows the list of the page: shown above it, sent by GET. */
struct tpl_operator_page_forms *op_filter(struct ctx *cx, struct tpl_operator_page *p,
                                          const char *action, const char *submit_key);

/* --- pages: operator_users.c, operator_queues.c, operator_people.c, operator_site.c
 * ----------------- */
web_fn op_user_form, op_user_reset, op_role;
web_fn op_home, op_users, op_user, op_user_new, op_user_lock, op_user_unlock, op_position_add,
    op_position_end, op_token_revoke, op_roles;
web_fn op_health, op_queues, op_notice_again, op_dead_retry, op_dead_discard;
web_fn op_merge, op_merge_do, op_corrections, op_correction_answer;
web_fn op_calendar, op_today_set, op_packs, op_pack, op_pack_check, op_pack_publish, op_pack_return,
    op_certs, op_cert_revoke, op_units, op_unit_move, op_ledger, op_ledger_verify;

/* --- operator_days.c: parts of the calendar's page ----------------------------------------------
 */
enum err op_days_table(struct ctx *cx, struct tpl_operator_page *p);
void op_days_form(struct ctx *cx, struct tpl_operator_page *p);
web_fn op_days_look, op_days_set, op_days_undo;

/* --- operator_rename.c: parts of an account's page ---------------------------------------------
 */
enum err op_names_table(struct ctx *cx, struct tpl_operator_page *p, int64_t party);
void op_rename_form(struct ctx *cx, struct tpl_operator_page *p, struct str base, struct str name);
web_fn op_user_rename;

#endif
