/* operator_rename.c: another name for somebody who has an account: marriage, a spelling. Documents
 * that were made keep the name they were made with; the record keeps each former name. */
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "office/operator/operator_int.h"
#include "store/store.h"
#include "sys/sys.h"

struct rename_job {
    struct party_correction c;
    struct party who; /* as it shall be */
    int64_t account;
};

/* The request that the operator makes in the person's stead: the newest open one for the name. */
static enum err
own_request(struct ctx *cx, struct rename_job *j)
{
    struct party_correction *v = NULL;
    size_t n = 0;
    TRY(party_correction_ask(cx, j->who.id, j->c.field, j->c.wanted, j->c.reason));
    TRY(party_corrections_of(cx, j->who.id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].state, STR("open")) && v[i].id > j->c.id) {
            j->c.id = v[i].id;
        }
    }
    return ERR_OK;
}

/* Record, its history and the ledger together, or none of them. */
static enum err
rename_tx(struct ctx *cx, void *arg)
{
    struct rename_job *j = arg;
    j->c.id = 0; /* may run twice */
    TRY(own_request(cx, j));
    TRY(party_correction_answer(cx, &j->c, cx->who.account));
    struct ledger_new e = { .kind = "person.renamed",
                            .object = ledger_object(cx, "account", j->account),
                            .subject = j->who.id,
                            .content = str_fmt(cx->arena, STR_FMT "\n" STR_FMT "\n" STR_FMT,
                                               STR_ARG(j->c.held), STR_ARG(j->c.written),
                                               STR_ARG(j->c.reason)) };
    TRY(party_save(cx, &j->who));
    return ledger_add(cx, &e);
}

/* Puts the new name into the copy of the record; says what does not fit. */
static void
take_name(struct ctx *cx, struct rename_job *j)
{
    j->c.held = j->who.name;
    const char *wrong =
        party_correct(cx->arena, &j->who, j->c.field, j->c.wanted, calendar_today(cx));
    j->c.written = j->who.name;
    if (wrong == NULL && str_eq(j->c.held, j->c.written)) {
        wrong = "operator.rename.same";
    }
    if (wrong != NULL) {
        ctx_problem(cx, STR("new_name"), str_of(wrong), STR_NULL);
    }
    j->who.source = STR("correction");
    j->who.source_us = sys_now_us(cx);
}

enum err
op_user_rename(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct access_account a;
    struct rename_job j = { .c = { .field = STR("name"),
                                   .state = STR("done"),
                                   .answer = STR(""),
                                   .wanted = web_text(rq, "new_name"),
                                   .reason = web_text(rq, "reason") } };
    TRY(web_param_id(cx, rq, "id", &j.account));
    TRY(access_account_get(cx, j.account, &a));
    TRY(access_require_over(cx, "user.manage", j.account));
    TRY(party_get(cx, a.party, &j.who));
    take_name(cx, &j);
    TRY(ctx_check(cx));
    TRY(store_write(cx, rename_tx, &j));
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, "/quan-tri/nguoi-dung/%" PRId64, j.account);
}

/* --- on the account's page -------------------------------------------------------------------- */

enum err
op_names_table(struct ctx *cx, struct tpl_operator_page *p, int64_t party)
{
    static const char *const heads[] = { "operator.rename.former", "operator.rename.until",
                                         "operator.col.reason", NULL };
    struct party_correction *v = NULL;
    size_t n = 0;
    size_t n_names = 0;
    TRY(party_corrections_of(cx, party, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (v[i].written.p != NULL && str_eq(v[i].field, STR("name"))) {
            v[n_names++] = v[i];
        }
    }
    if (n_names == 0) {
        return ERR_OK;
    }
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.rename.names", NULL, heads, n_names);
    for (size_t i = 0; i < n_names; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "paused");
        op_cell(cx, r, v[i].held, STR_NULL);
        op_cell(cx, r, op_when(cx, v[i].answered_us), STR_NULL);
        op_cell(cx, r, v[i].reason, STR_NULL);
    }
    return ERR_OK;
}

void
op_rename_form(struct ctx *cx, struct tpl_operator_page *p, struct str base, struct str name)
{
    struct tpl_operator_page_forms *f =
        op_form(cx, p, str_cat(cx->arena, base, STR("/ten")), "operator.rename",
                "operator.rename.hint", "operator.rename");
    (void)op_field(cx, f, OP_TEXT, "new_name", "operator.rename.new", name);
    (void)op_field(cx, f, OP_TEXT, "reason", "operator.col.reason", STR(""));
}
