/* operator_people.c: requests for correction. */
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "office/operator/operator_int.h"
#include "store/store.h"

#define SHOWN_MAX 12

/* --- corrections
 * -------------------------------------------------------------------------------------- */
enum err
op_corrections(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "operator.col.at",     "operator.col.name",
                                         "operator.col.field",  "operator.col.wanted",
                                         "operator.col.reason", NULL };
    struct tpl_operator_page *p = op_page(cx, "operator.corrections");
    struct party_correction *v = NULL;
    size_t n = 0;
    TRY(party_corrections_open(cx, web_int(rq, "sau"), &v, &n));
    if (n > SHOWN_MAX) {
        n = SHOWN_MAX; /* each one shown is a reading of its own */
        p->more = str_fmt(cx->arena, "/quan-tri/sua-thong-tin?sau=%" PRId64, v[n - 1].id);
    }
    struct tpl_operator_page_tables *t =
        op_table(cx, p, NULL, "operator.corrections.none", heads, n);
    struct tpl_operator_page_forms *f = NULL;
    struct tpl_operator_page_forms_fields *choice = NULL;
    if (n > 0) {
        f = op_form(cx, p, STR("/quan-tri/sua-thong-tin"), "operator.correction_answer",
                    "operator.correction.hint", "operator.correction_answer");
        choice = op_field(cx, f, OP_SELECT, "id", "operator.corrections", STR_NULL);
    }
    for (size_t i = 0; i < n; i++) {
        struct party who;
        TRY(party_get(cx, v[i].party, &who));
        struct str label =
            str_fmt(cx->arena, STR_FMT ": " STR_FMT, STR_ARG(who.name), STR_ARG(v[i].field));
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "wait");
        web_reads_person(cx, rs, who.id, "correction", v[i].field);
        op_cell(cx, r, op_when(cx, v[i].asked_us), STR_NULL);
        op_cell(cx, r, who.name, STR_NULL);
        op_cell(cx, r, v[i].field, STR_NULL);
        op_cell(cx, r, v[i].wanted, STR_NULL);
        op_cell(cx, r, v[i].reason, STR_NULL);
        op_option(cx, choice, str_fmt(cx->arena, "%" PRId64, v[i].id), label);
    }
    if (f != NULL) {
        struct tpl_operator_page_forms_fields *state =
            op_field(cx, f, OP_SELECT, "state", "operator.col.state", STR_NULL);
        op_option(cx, state, STR("done"), text(cx, "operator.correction.done"));
        op_option(cx, state, STR("refused"), text(cx, "operator.correction.refused"));
        (void)op_field(cx, f, OP_TEXT, "answer", "operator.col.answer", STR_NULL);
    }
    return op_show(cx, rs, p);
}

struct correction_job {
    int64_t id;
    struct str state, answer;
};

static enum err
correction_tx(struct ctx *cx, void *arg)
{
    const struct correction_job *j = arg;
    struct ledger_new e = { .kind = "correction.answered",
                            .object = ledger_object(cx, "correction", j->id) };
    TRY(party_correction_answer(cx, j->id, str_z(cx->arena, j->state), j->answer, cx->who.account));
    return ledger_add(cx, &e);
}

enum err
op_correction_answer(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct correction_job j = { web_int(rq, "id"), web_text(rq, "state"), web_text(rq, "answer") };
    if (str_eq(j.state, STR("refused")) && str_is_empty(j.answer)) {
        ctx_problem(cx, STR("answer"), STR("operator.correction.why"), STR_NULL);
    }
    TRY(ctx_check(cx));
    TRY(store_write(cx, correction_tx, &j));
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, "/quan-tri/sua-thong-tin");
}
