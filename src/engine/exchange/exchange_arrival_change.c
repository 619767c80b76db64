/* exchange_arrival_change.c: what happens at the portal to a dossier that is here already: more
 * papers answer our request for them or are put beside the others; changed answers are shown to the
 * officer and change nothing that was frozen; a withdrawal is one, while there is time. */
#include "base/buf.h"
#include "engine/access/access.h"
#include "engine/dossier/dossier.h"
#include "engine/exchange/exchange_arrival.h"

static enum err
finish(struct ctx *cx, struct arrival *a, const char *outcome, const char *fault, struct str note)
{
    struct arrival_end end = { .state = "taken", .outcome = outcome, .fault = fault, .note = note };
    return exchange_arrival_end(cx, a, &end);
}

/* The portal signed the applicant in; for this one act it speaks for that person. */
static struct actor
applicant(const struct dossier *d)
{
    return (struct actor){ .party = d->party, .name = d->applicant };
}

/* --- changed ---------------------------------------------------------------------------------- */
/* Labels of the answers that differ from what was frozen; null: none. */
static struct str
changed_answers(struct ctx *cx, const struct arrival *a, const struct dossier *d,
                const struct procedure *p)
{
    struct party who;
    struct form_state now;
    struct form_state was;
    struct form_row *rows = NULL;
    struct dossier_draft none = { .channel = d->channel, .n_copies = d->n_copies };
    struct form_env env = dossier_form_env(cx, &none);
    struct buf b = buf_new(cx->arena, ARRIVAL_NOTE_BYTES);
    const struct json *answers = json_get(a->doc, "answers");
    if (answers == NULL || answers->type != JSON_OBJECT ||
        party_get(cx, d->party, &who) != ERR_OK || dossier_form(cx, d, &was) != ERR_OK) {
        return STR_NULL;
    }
    enum err e = exchange_arrival_form(cx, a, p, &who, &now);
    cx->n_problems = 0;
    size_t n = e == ERR_OK || e == ERR_INVALID ? form_rows(cx, &now, &env, &rows) : 0;
    for (size_t i = 0; i < n; i++) {
        struct str had = form_answer_text(cx, &was, &env, rows[i].path);
        bool is_same = str_eq(had.p == NULL ? STR("") : had,
                              rows[i].value.p == NULL ? STR("") : rows[i].value);
        if (!is_same && buf_str(&b).n + rows[i].label.n + 2 < ARRIVAL_NOTE_BYTES) {
            buf_addf(&b, "%s" STR_FMT, buf_str(&b).n == 0 ? "" : ", ", STR_ARG(rows[i].label));
        }
    }
    return buf_str(&b).n == 0 ? STR_NULL : buf_str(&b);
}

/* What we asked for has come. */
static enum err
supplemented(struct ctx *cx, const struct arrival *a, const struct dossier *d)
{
    struct actor me = applicant(d);
    struct str note = json_text(a->doc, "note");
    const struct actor *was = cx->actor;
    cx->actor = &me;
    enum err e = dossier_answer_supplement(
        cx, d->id, str_is_empty(note) ? text(cx, "exchange.arrival.supplemented") : note);
    cx->actor = was;
    return e;
}

enum err
exchange_arrival_change(struct ctx *cx, struct arrival *a)
{
    struct dossier d;
    const struct procedure *p = NULL;
    struct str fault;
    struct str bad;
    TRY(dossier_get(cx, a->r.dossier_id, &d));
    a->subject = d.party;
    if (!str_eq(d.state, STR("open"))) {
        return finish(cx, a, "late", "closed", STR_NULL);
    }
    TRY(dossier_procedure(cx, &d, &p));
    TRY(exchange_arrival_read(cx, a, &fault));
    if (!str_is_empty(fault)) {
        return finish(cx, a, "unchanged", "gone", STR_NULL);
    }
    struct arrival_papers papers = { p, d.id, d.party };
    TRY(exchange_arrival_papers(cx, a, &papers, &bad));
    if (bad.p != NULL) {
        return finish(cx, a, "unchanged", "paper", bad);
    }
    struct str changed = changed_answers(cx, a, &d, p);
    if (d.status == 5) {
        enum err e = supplemented(cx, a, &d);
        if (e != ERR_OK && e != ERR_CONFLICT) {
            return e;
        }
    }
    if (d.status != 5 || changed.p != NULL) {
        TRY(dossier_remark(cx, d.id, "portal_changed",
                           changed.p == NULL ? text(cx, "exchange.arrival.papers_only") : changed));
    }
    return finish(cx, a, "changed", "", STR_NULL);
}

/* --- withdrawn -------------------------------------------------------------------------------- */
enum err
exchange_arrival_withdraw(struct ctx *cx, struct arrival *a)
{
    struct dossier d;
    struct str fault;
    if (a->r.dossier_id == 0) {
        struct arrival_end end = { .state = "withdrawn", .outcome = "withdrawn", .fault = "" };
        return exchange_arrival_end(cx, a, &end);
    }
    TRY(dossier_get(cx, a->r.dossier_id, &d));
    a->subject = d.party;
    TRY(exchange_arrival_read(cx, a, &fault));
    struct actor me = applicant(&d);
    struct str note = str_is_empty(fault) ? json_text(a->doc, "note") : STR_NULL;
    const struct actor *was = cx->actor;
    cx->actor = &me;
    enum err e = dossier_withdraw(
        cx, d.id, str_is_empty(note) ? text(cx, "exchange.arrival.withdrawn") : note);
    cx->actor = was;
    if (e == ERR_CONFLICT) {
        bool is_done = str_eq(d.state, STR("withdrawn")); /* a power cut after it was */
        return finish(cx, a, is_done ? "withdrawn" : "late", is_done ? "" : "closed", STR_NULL);
    }
    TRY(e);
    return finish(cx, a, "withdrawn", "", STR_NULL);
}
