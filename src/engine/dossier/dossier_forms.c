/* dossier_forms.c: what the printed forms of the desk say: 01 to 05 of Circular 01/2018/TT-VPCP and
 * the fee receipt. Names and numbers of the forms are the law's; how they look is the pack's
 * (templates/). What happened once is printed as it was then: who asked, who refused, who
 * apologised and in what capacity. */
#include "base/buf.h"
#include "codec/json.h"
#include "engine/access/access.h"
#include "engine/dossier/dossier_int.h"
#include "engine/paper/paper.h"
#include "engine/pay/pay.h"
#include "engine/unit/unit.h"

bool
dossier_form_stands(const struct dossier *d, struct str form)
{
    if (str_eq(form, STR(FORM_SUPPLEMENT))) {
        return d->n_supplements > 0;
    }
    if (str_eq(form, STR(FORM_REFUSAL))) {
        return str_eq(d->state, STR("refused")) || str_eq(d->state, STR("stopped"));
    }
    if (str_eq(form, STR(FORM_APOLOGY))) {
        return d->apology_us != 0;
    }
    return str_eq(form, STR(FORM_RECEIPT)) || str_eq(form, STR(FORM_CONTROL));
}

enum err
dossier_learn_apology(struct ctx *cx, struct dossier *d)
{
    struct dossier_signer s = dossier_signer_now(cx, d);
    TRY(dossier_number_form(cx, d, "04", "apology_number"));
    TRY(dossier_learn(cx, d, STR("apology_capacity"), s.capacity));
    TRY(dossier_learn(cx, d, STR("apology_instead"), s.instead));
    TRY(dossier_learn(cx, d, STR("apology_position"), s.position));
    return dossier_learn(cx, d, STR("apology_signer"), cx->actor->name);
}

static struct str
account_name(struct ctx *cx, int64_t account)
{
    struct access_account a;
    bool is_known = account != 0 && access_account_get(cx, account, &a) == ERR_OK;
    return is_known ? a.name : STR("");
}

static void
put_instant(struct ctx *cx, struct json_out *o, const char *name, int64_t at_us)
{
    json_put_str(o, name, at_us == 0 ? STR_NULL : date_iso_instant_vn(cx->arena, at_us));
}

/* "07/2026" as it was kept -> "07": the year stands beside it on the paper. */
static void
put_number(struct ctx *cx, struct json_out *o, const struct dossier *d, const char *name)
{
    struct json *vars = NULL;
    struct json_fault fault;
    struct str number;
    struct str year;
    if (json_parse(cx->arena, d->vars, (struct json_limits){ 0 }, &vars, &fault) == ERR_OK &&
        str_cut(json_text(vars, name), '/', &number, &year)) {
        json_put_str(o, "number", number);
    }
}

/* --- 01: what was handed in ------------------------------------------------------------------- */
struct given {
    int64_t files, pages, held; /* held: originals that the desk keeps */
    bool is_scanned;            /* at the desk, from what the person brought */
};

struct handed {
    struct paper *papers;
    struct custody *held;
    size_t n_papers, n_held;
};

static struct given
given_for(const struct handed *in, struct str requirement)
{
    struct given g = { 0 };
    for (size_t i = 0; i < in->n_papers; i++) {
        const struct paper *p = &in->papers[i];
        if (str_eq(p->requirement, requirement) && str_eq(p->state, STR("kept"))) {
            g.files++;
            g.pages += p->pages;
            g.is_scanned = g.is_scanned || str_starts(p->captured_by, STR("counter:"));
        }
    }
    for (size_t i = 0; i < in->n_held; i++) {
        bool is_it = str_eq(in->held[i].requirement, requirement);
        g.held += is_it && in->held[i].returned_us == 0 ? in->held[i].n_copies : 0;
    }
    return g;
}

static void
put_paper(struct ctx *cx, struct json_out *o, struct str name, const struct given *g,
          const struct procedure_paper *on_paper)
{
    const char *note = g->held > 0     ? "dossier.paper.held"
                       : g->is_scanned ? "dossier.paper.scanned"
                                       : NULL;
    json_open(o);
    json_put_str(o, "name", name);
    json_put_i64(o, "originals", g->held > 0 || on_paper == NULL ? g->held : on_paper->n_originals);
    json_put_i64(o, "copies", on_paper == NULL ? 0 : on_paper->n_copies);
    json_put_i64(o, "electronic", g->files);
    json_put_i64(o, "pages", g->pages);
    json_put_str(o, "note", note == NULL ? STR_NULL : text(cx, note));
    json_close(o);
}

/* Originals taken that no required paper asked for, and other files. */
static void
put_others(struct ctx *cx, struct json_out *o, const struct handed *in)
{
    for (size_t i = 0; i < in->n_papers; i++) {
        const struct paper *p = &in->papers[i];
        struct given g = { .files = 1,
                           .pages = p->pages,
                           .is_scanned = str_starts(p->captured_by, STR("counter:")) };
        if (str_is_empty(p->requirement) && str_eq(p->state, STR("kept"))) {
            put_paper(cx, o, p->name, &g, NULL);
        }
    }
    for (size_t i = 0; i < in->n_held; i++) {
        struct given g = { .held = in->held[i].n_copies };
        if (str_is_empty(in->held[i].requirement) && in->held[i].returned_us == 0) {
            put_paper(cx, o, in->held[i].what, &g, NULL);
        }
    }
}

static enum err
put_receipt(struct ctx *cx, struct json_out *o, const struct dossier *d)
{
    struct dossier_need *needs = NULL;
    size_t n = 0;
    struct handed in = { 0 };
    bool is_counter = str_eq(d->channel, STR("counter"));
    TRY(dossier_needs(cx, d, &needs, &n));
    TRY(paper_list(cx, d->id, &in.papers, &in.n_papers));
    TRY(custody_list(cx, d->id, &in.held, &in.n_held));
    json_put_str(o, "phone", d->phone);
    json_put_str(o, "email", d->email);
    json_key(o, "papers");
    json_open_list(o);
    for (size_t i = 0; i < n; i++) {
        const struct procedure_paper *p = &needs[i].paper;
        struct given g = given_for(&in, p->id);
        bool is_paper = is_counter && needs[i].is_needed && g.files == 0;
        if (g.files > 0 || g.held > 0 || is_paper) {
            put_paper(cx, o, pack_text(cx, p->name), &g, is_paper ? p : NULL);
        }
    }
    put_others(cx, o, &in);
    json_close_list(o);
    return ERR_OK;
}

/* --- 02, 03, 04 ------------------------------------------------------------------------------- */
/* What was asked for last. */
static enum err
put_supplement(struct ctx *cx, struct json_out *o, const struct dossier *d)
{
    struct dossier_supplement *asked = NULL;
    size_t n = 0;
    TRY(dossier_supplements(cx, d->id, &asked, &n));
    if (n == 0) {
        return ERR_OK;
    }
    const struct dossier_supplement *last = &asked[n - 1];
    put_number(cx, o, d, "supplement_number");
    json_key(o, "supplement");
    json_raw(o, last->items);
    put_instant(cx, o, "asked", last->asked_us);
    json_put_str(o, "reason", last->reason);
    json_put_str(o, "by", account_name(cx, last->asked_by));
    return ERR_OK;
}

/* The last public words of a kind, with who said them and when. */
static enum err
put_said(struct ctx *cx, struct json_out *o, const struct dossier *d, struct str kind)
{
    struct dossier_event *v = NULL;
    const struct dossier_event *last = NULL;
    size_t n = 0;
    TRY(dossier_history(cx, d->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        last = str_eq(v[i].kind, kind) ? &v[i] : last;
    }
    if (last != NULL) {
        json_put_str(o, "reason", last->note);
        json_put_str(o, "by", last->actor_name);
        put_instant(cx, o, "said", last->at_us);
    }
    return ERR_OK;
}

static enum err
put_refusal(struct ctx *cx, struct json_out *o, const struct dossier *d)
{
    put_number(cx, o, d, "refusal_number");
    json_put_str(o, "remedy", text(cx, "dossier.print_remedy"));
    return put_said(cx, o, d, STR("reason"));
}

static enum err
put_apology(struct ctx *cx, struct json_out *o, const struct dossier *d)
{
    put_number(cx, o, d, "apology_number");
    put_instant(cx, o, "first_due", d->first_due_us);
    return put_said(cx, o, d, STR("apology"));
}

/* --- 05: who did which step, from when to when ------------------------------------------------ */
/* Before the day it was due, on that day, or after the instant. */
static struct str
timing(struct ctx *cx, const struct flow_task *t)
{
    if (t->closed_us == 0 || t->due_us == 0 || str_eq(t->role, STR("citizen"))) {
        return STR("");
    }
    if (t->closed_us > t->due_us) {
        return text(cx, "dossier.timing.late");
    }
    return date_at_vn(t->closed_us).day < date_at_vn(t->due_us).day
               ? text(cx, "dossier.timing.early")
               : text(cx, "dossier.timing.ontime");
}

static void
put_step(struct ctx *cx, struct json_out *o, const struct flow_process *process,
         const struct flow_task *t)
{
    const struct flow_step *step = process == NULL ? NULL : flow_step_find(process, t->step_id);
    struct str by = account_name(cx, t->done_by);
    bool is_citizen = str_eq(t->role, STR("citizen"));
    json_open(o);
    json_put_str(o, "name", step == NULL ? t->step_id : step->name);
    json_put_str(o, "by",
                 !str_is_empty(by) ? by
                 : is_citizen      ? text(cx, "dossier.holder.applicant")
                                   : access_role_name(cx, t->role));
    put_instant(cx, o, "from", t->opened_us);
    put_instant(cx, o, "to", t->closed_us);
    json_put_str(o, "timing", timing(cx, t));
    json_put_str(o, "state",
                 str_eq(t->state, STR("open")) ? text(cx, "dossier.step.open")
                 : str_is_empty(t->outcome)
                     ? text(cx, "dossier.step.cancelled")
                     : flow_outcome_text(cx, process, t->step_id, t->outcome));
    json_close(o);
}

/* Units that were asked for an opinion, in order, each once. */
static enum err
put_partners(struct ctx *cx, struct json_out *o, const struct dossier *d)
{
    struct dossier_opinion *v = NULL;
    size_t n = 0;
    struct str all = STR("");
    TRY(dossier_opinions(cx, d, &v, &n));
    for (size_t i = 0; i < n; i++) {
        struct str name = unit_name(cx, v[i].unit);
        if (str_find(all, name) == all.n) {
            all = str_is_empty(all)
                      ? name
                      : str_fmt(cx->arena, STR_FMT "; " STR_FMT, STR_ARG(all), STR_ARG(name));
        }
    }
    json_put_str(o, "partners", str_is_empty(all) ? text(cx, "dossier.partners.none") : all);
    return ERR_OK;
}

static enum err
put_control(struct ctx *cx, struct json_out *o, const struct dossier *d)
{
    struct flow_task *tasks = NULL;
    size_t n = 0;
    const struct pack *pack = NULL;
    struct flow_case c;
    TRY(flow_case_by_subject(cx, d->id, &c));
    TRY(dossier_pack(cx, d, &pack));
    TRY(flow_tasks_of_case(cx, c.id, &tasks, &n));
    const struct flow_process *process = flow_find(pack, c.process_id);
    TRY(put_partners(cx, o, d));
    json_key(o, "steps");
    json_open_list(o);
    for (size_t i = 0; i < n; i++) {
        put_step(cx, o, process, &tasks[i]);
    }
    json_close_list(o);
    return ERR_OK;
}

/* --- the fee receipt -------------------------------------------------------------------------- */
static enum err
put_fee(struct ctx *cx, struct json_out *o, const struct pay_bill *b)
{
    struct str cashier;
    bool is_cash = str_eq(b->channel, STR("cash"));
    TRY(pay_cashier(cx, b->id, &cashier));
    json_put_str(o, "receipt", b->receipt);
    json_put_str(o, "payer", b->payer);
    json_put_str(o, "bill_code", b->code);
    json_put_str(o, "bank_ref", b->bank_ref);
    json_put_str(o, "method", text(cx, is_cash ? "dossier.pay.cash" : "dossier.pay.bank"));
    json_put_str(o, "cashier", cashier);
    put_instant(cx, o, "paid", b->paid_us);
    json_put_i64(o, "total_vnd", b->amount_vnd);
    json_key(o, "lines");
    json_open_list(o);
    for (size_t i = 0; i < b->n_lines; i++) {
        bool is_exempt = !str_is_empty(b->lines[i].exempt);
        json_open(o);
        json_put_str(o, "name", b->lines[i].name);
        json_put_i64(o, "amount_vnd", is_exempt ? 0 : b->lines[i].unit_vnd * b->lines[i].n);
        json_put_i64(o, "n", b->lines[i].n);
        json_put_str(o, "exempt", b->lines[i].exempt);
        json_close(o);
    }
    json_close_list(o);
    return ERR_OK;
}

enum err
dossier_put_form(struct ctx *cx, struct json_out *o, const struct dossier *d, struct str form,
                 const struct pay_bill *bill)
{
    if (str_eq(form, STR(FORM_RECEIPT))) {
        return put_receipt(cx, o, d);
    }
    if (str_eq(form, STR(FORM_SUPPLEMENT))) {
        return put_supplement(cx, o, d);
    }
    if (str_eq(form, STR(FORM_REFUSAL))) {
        return put_refusal(cx, o, d);
    }
    if (str_eq(form, STR(FORM_APOLOGY))) {
        return put_apology(cx, o, d);
    }
    if (str_eq(form, STR(FORM_CONTROL))) {
        return put_control(cx, o, d);
    }
    return bill == NULL ? ERR_OK : put_fee(cx, o, bill);
}
