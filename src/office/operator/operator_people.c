/* operator_people.c: requests for correction: the list, and one with what is kept, what was asked,
 * and the answer that writes it to the person's record. */
#include "engine/calendar/calendar.h"
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "office/operator/operator_int.h"
#include "store/store.h"
#include "sys/sys.h"

#define SHOWN_MAX 12
#define HERE      "/quan-tri/sua-thong-tin"

/* --- the pages
 * -------------------------------------------------------------------------------------- */
static const char *const heads[] = { "operator.col.at",
                                     "operator.col.name",
                                     "operator.col.field",
                                     "operator.correction.held",
                                     "operator.col.wanted",
                                     "operator.col.reason",
                                     NULL };

static bool
is_of_record(const struct party_correction *c, const struct party *who)
{
    return party_field(who, c->field).p != NULL;
}

/* One request: who, which field, what the record says now, what it shall say. */
static enum err
add_request(struct ctx *cx, struct web_resp *rs, struct tpl_operator_page_tables *t,
            const struct party_correction *c, struct party *ret_who)
{
    struct party who;
    TRY(party_get(cx, c->party, &who));
    struct str held = party_field_text(cx, c->field, party_field(&who, c->field));
    struct tpl_operator_page_tables_rows *r = op_row(cx, t, "wait");
    web_reads_person(cx, rs, who.id, "correction", c->field);
    op_cell(cx, r, op_when(cx, c->asked_us), STR_NULL);
    op_cell(cx, r, who.name, str_fmt(cx->arena, HERE "?id=%" PRId64, c->id));
    op_cell(cx, r, party_field_label(cx, c->field), STR_NULL);
    op_cell(cx, r, str_is_empty(held) ? text(cx, "operator.correction.empty") : held, STR_NULL);
    op_cell(cx, r, c->wanted, STR_NULL);
    op_cell(cx, r, c->reason, STR_NULL);
    *ret_who = who;
    return ERR_OK;
}

static enum err
show_one(struct ctx *cx, struct web_resp *rs, struct tpl_operator_page *p, int64_t id)
{
    struct party_correction c;
    struct party who;
    TRY(party_correction_get(cx, id, &c));
    if (!str_eq(c.state, STR("open"))) {
        op_say(cx, p, "ontime", text(cx, "operator.correction.over"), HERE);
        return ERR_OK;
    }
    TRY(add_request(cx, rs, op_table(cx, p, NULL, NULL, heads, 1), &c, &who));
    bool is_kept_here = is_of_record(&c, &who);
    struct tpl_operator_page_forms *f =
        op_form(cx, p, STR(HERE), "operator.correction_answer",
                is_kept_here ? "operator.correction.hint" : "operator.correction.hint_other",
                "operator.correction_answer");
    op_hidden(cx, f, "id", str_fmt(cx->arena, "%" PRId64, c.id));
    struct tpl_operator_page_forms_fields *state =
        op_field(cx, f, OP_SELECT, "state", "operator.col.state", STR_NULL);
    op_option(cx, state, STR("done"), text(cx, "operator.correction.done"));
    op_option(cx, state, STR("refused"), text(cx, "operator.correction.refused"));
    if (is_kept_here) {
        (void)op_field(cx, f, OP_TEXT, "value", "operator.correction.value", c.wanted);
    }
    (void)op_field(cx, f, OP_TEXT, "answer", "operator.col.answer", STR_NULL);
    return ERR_OK;
}

enum err
op_corrections(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *p = op_page(cx, "operator.corrections");
    struct party_correction *v = NULL;
    struct party who;
    size_t n = 0;
    int64_t id = web_int(rq, "id");
    if (id != 0) {
        TRY(show_one(cx, rs, p, id));
        return op_show(cx, rs, p);
    }
    TRY(party_corrections_open(cx, web_int(rq, "sau"), &v, &n));
    if (n > SHOWN_MAX) {
        n = SHOWN_MAX; /* each one shown is a reading of its own */
        p->more = str_fmt(cx->arena, HERE "?sau=%" PRId64, v[n - 1].id);
    }
    struct tpl_operator_page_tables *t =
        op_table(cx, p, NULL, "operator.corrections.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        TRY(add_request(cx, rs, t, &v[i], &who));
    }
    return op_show(cx, rs, p);
}

/* --- the answer
 * -------------------------------------------------------------------------------------- */
struct correction_job {
    struct party_correction c;
    struct party who; /* as it shall be */
};

/* The record and the answer change together, or neither: what was replaced and by what is committed
 * to in the ledger without standing there. */
static enum err
write_person(struct ctx *cx, const struct correction_job *j)
{
    struct ledger_new e = { .kind = "person.corrected",
                            .object = ledger_object(cx, "correction", j->c.id),
                            .subject = j->who.id,
                            .note = j->c.field,
                            .content = str_fmt(cx->arena, STR_FMT "\n" STR_FMT, STR_ARG(j->c.held),
                                               STR_ARG(j->c.written)) };
    TRY(party_save(cx, &j->who));
    return ledger_add(cx, &e);
}

static enum err
correction_tx(struct ctx *cx, void *arg)
{
    const struct correction_job *j = arg;
    struct ledger_new e = { .kind = "correction.answered",
                            .object = ledger_object(cx, "correction", j->c.id),
                            .subject = j->who.id,
                            .note = j->c.state };
    TRY(party_correction_answer(cx, &j->c, cx->who.account));
    if (j->c.written.p != NULL) {
        TRY(write_person(cx, j));
    }
    return ledger_add(cx, &e);
}

/* Puts the value into the copy of the record; says what does not fit. */
static void
take_value(struct ctx *cx, struct correction_job *j, struct str value)
{
    j->c.held = party_field(&j->who, j->c.field);
    const char *wrong = party_correct(cx->arena, &j->who, j->c.field, value, calendar_today(cx));
    j->c.written = party_field(&j->who, j->c.field);
    if (wrong == NULL && str_eq(j->c.held, j->c.written)) {
        wrong = "operator.correction.same";
    }
    if (wrong != NULL) {
        ctx_problem(cx, STR("value"), str_of(wrong), STR_NULL);
    }
    j->who.source = STR("correction");
    j->who.source_us = sys_now_us(cx);
}

enum err
op_correction_answer(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct correction_job j;
    bool is_refused = str_eq(web_text(rq, "state"), STR("refused"));
    TRY(party_correction_get(cx, web_int(rq, "id"), &j.c));
    TRY(party_get(cx, j.c.party, &j.who));
    if (!str_eq(j.c.state, STR("open"))) {
        return err_set(cx, ERR_CONFLICT, "correction %" PRId64 " was answered already", j.c.id);
    }
    j.c.state = web_text(rq, "state");
    j.c.answer = web_text(rq, "answer");
    if (is_refused && str_is_empty(j.c.answer)) {
        ctx_problem(cx, STR("answer"), STR("operator.correction.why"), STR_NULL);
    }
    if (!is_refused && is_of_record(&j.c, &j.who)) {
        take_value(cx, &j, web_text(rq, "value"));
    }
    TRY(ctx_check(cx));
    TRY(store_write(cx, correction_tx, &j));
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, HERE);
}
