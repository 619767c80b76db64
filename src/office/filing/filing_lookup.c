/* filing_lookup.c: a page asks another register about somebody it names: the button of a Lookup in
 * the form. What was typed is stored first; whatever comes back, one goes on by hand. */
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/exchange/exchange.h"
#include "office/filing/filing_int.h"

#define HOUR_US        (INT64_C(3600) * DATE_US_PER_S)
#define TRIES_CITIZEN  20
#define TRIES_ASSISTED 120 /* an officer at the counter serves many */

static const char *
state_of(enum err e)
{
    switch ((int)e) {
    case ERR_OK:
        return "found";
    case ERR_NOT_FOUND:
    case ERR_CONFLICT:
    case ERR_INVALID:
    case ERR_BAD_REQUEST:
        return "unmatched"; /* which of the data is wrong is nobody's to find out */
    case ERR_RATE:
    case ERR_BUSY:
        return "busy";
    default:
        return "away";
    }
}

/* One's own tries and those about one number: nobody walks through the register. */
static enum err
count_try(struct ctx *cx, const struct filing *f, struct str question)
{
    int64_t max = f->d.assisted_by != 0 ? TRIES_ASSISTED : TRIES_CITIZEN;
    struct json *asked = NULL;
    TRY(access_rate(cx, str_fmt(cx->arena, "filing.lookup:%" PRId64, cx->who.account), HOUR_US,
                    max));
    if (json_parse(cx->arena, question, (struct json_limits){ 0 }, &asked, NULL) != ERR_OK) {
        return err_set(cx, ERR_INTERNAL, "the question is no JSON");
    }
    struct str number = json_text(asked, "personal_id");
    return str_is_empty(number)
               ? ERR_OK
               : access_rate(cx, str_fmt(cx->arena, "filing.looked:" STR_FMT, STR_ARG(number)),
                             HOUR_US, TRIES_CITIZEN);
}

/* Asks, and notes what came of it in the draft. */
static void
ask(struct ctx *cx, struct filing *f, const struct form_lookup *l, struct str question)
{
    struct exchange_reply reply = { .fields = STR("{}"), .source = STR("") };
    struct exchange_question q = { .connector = l->connector,
                                   .operation = l->operation,
                                   .purpose = l->purpose,
                                   .draft = f->d.id,
                                   .fields = question };
    enum err e = count_try(cx, f, question);
    if (e == ERR_OK) {
        e = exchange_ask(cx, &q, &reply);
    }
    struct form_looked outcome = { .state = str_of(state_of(e)),
                                   .source = reply.source.p == NULL ? STR("") : reply.source,
                                   .at = calendar_today(cx) };
    if (reply.is_simulated) {
        outcome.source = str_fmt(cx->arena, STR_FMT " (" STR_FMT ")", STR_ARG(outcome.source),
                                 STR_ARG(text(cx, "filing.lookup.simulated")));
    }
    (void)form_lookup_take(cx, &f->st, &f->env, l, outcome, reply.fields);
}

enum err
filing_lookup(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    const struct form_page *page = NULL;
    bool is_button = false;
    struct str question;
    TRY(filing_open_page(cx, rq, rs, &f, &page));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    const struct form_lookup *l = form_lookup_find(page, web_param(rq, "lookup"), f.form);
    if (l == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "page has no such look-up");
    }
    if (filing_is_changed_elsewhere(cx, rq, &f, page)) {
        return filing_conflict(cx, rs, &f, page, rq);
    }
    enum err e = form_read_page(cx, &f.st, page, &f.env, rq->pairs, rq->n_pairs, &is_button);
    if (e != ERR_OK && e != ERR_INVALID) {
        return e;
    }
    cx->n_problems = 0; /* only what is asked with must be right yet */
    TRY(filing_save(cx, &f));
    if (!form_lookup_is_shown(cx, &f.st, &f.env, l)) {
        return err_set(cx, ERR_NOT_FOUND, "look-up is not offered with these answers");
    }
    TRY(form_lookup_question(cx, &f.st, &f.env, l, &question));
    ask(cx, &f, l, question);
    TRY(filing_save(cx, &f));
    return web_see_other(cx, rs, "/nhap/%" PRId64 "/trang/" STR_FMT "#tra-" STR_FMT, f.d.id,
                         STR_ARG(form_page_id(page)), STR_ARG(l->id));
}
