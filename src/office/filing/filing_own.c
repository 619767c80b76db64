/* filing_own.c: the owner's dossier: where it is, what comes next, what can be done now; receipt
 * and result. */
#include "codec/qr.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/exchange/exchange.h"
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "gen/tpl_filing.h"
#include "office/filing/filing_int.h"
#include "sys/sys.h"

#define ROOT_SHOWN 16

enum err
filing_dossier(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct dossier *ret)
{
    int64_t id = 0;
    const struct actor *me = cx->actor;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(dossier_get(cx, id, ret));
    bool is_own = me != NULL && (me->party == ret->party || me->account == ret->filed_by ||
                                 me->for_party == ret->party || filing_is_linked(cx, ret->party));
    if (!is_own) {
        return err_set(cx, ERR_NOT_FOUND, "dossier %" PRId64 " is somebody else's", id);
    }
    if (me->party != ret->party) {
        web_reads_person(cx, rs, ret->party, "filing.for_another", ret->number);
    }
    web_crumb(cx, rs, STR("/toi"), text(cx, "filing.mine"));
    return ERR_OK;
}

struct str
filing_procedure_name(struct ctx *cx, const struct dossier *d)
{
    const struct procedure *p = NULL;
    return dossier_procedure(cx, d, &p) == ERR_OK ? procedure_short_name(cx, p) : d->procedure;
}

/* Open tasks of the case; *ret_n 0 when it ended. */
static void
open_tasks(struct ctx *cx, const struct dossier *d, struct flow_task **ret, size_t *ret_n)
{
    struct flow_task *all = NULL;
    size_t n = 0;
    *ret_n = 0;
    if (d->case_id == 0 || flow_tasks_of_case(cx, d->case_id, &all, &n) != ERR_OK) {
        return;
    }
    *ret = ARENA_ARRAY(cx->arena, struct flow_task, n);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(all[i].state, STR("open"))) {
            (*ret)[(*ret_n)++] = all[i];
        }
    }
}

bool
filing_waits(struct ctx *cx, const struct dossier *d, const char *action)
{
    struct flow_task *v = NULL;
    size_t n = 0;
    open_tasks(cx, d, &v, &n);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].role, STR("citizen")) && str_eq(v[i].action, str_of(action))) {
            return true;
        }
    }
    return false;
}

/* --- receipt
 * ------------------------------------------------------------------------------------------ */
static struct str
track_href(struct ctx *cx, const struct dossier *d)
{
    return str_fmt(cx->arena, "/tra-cuu?so=" STR_FMT "&ma=" STR_FMT, STR_ARG(d->number),
                   STR_ARG(d->code));
}

static enum err
track_qr(struct ctx *cx, const struct dossier *d, struct str *ret)
{
    struct qr q;
    struct str url = str_cat(cx->arena, cx->config->base_url, track_href(cx, d));
    TRY(qr_make(cx->arena, url, &q));
    *ret = qr_svg(cx->arena, &q, text(cx, "filing.receipt.qr"));
    return ERR_OK;
}

/* The papers that are still part of the dossier; none when they cannot be read. */
static size_t
kept_papers(struct ctx *cx, const struct dossier *d, struct paper **ret)
{
    size_t n = 0;
    size_t n_kept = 0;
    if (paper_list(cx, d->id, ret, &n) != ERR_OK) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (str_eq((*ret)[i].state, STR("kept"))) {
            (*ret)[n_kept++] = (*ret)[i];
        }
    }
    return n_kept;
}

static void
receipt_papers(struct ctx *cx, const struct dossier *d, struct tpl_filing_receipt *data)
{
    struct paper *v = NULL;
    data->papers.n = kept_papers(cx, d, &v);
    data->papers.v = ARENA_ARRAY(cx->arena, struct tpl_filing_receipt_papers, data->papers.n);
    for (size_t i = 0; i < data->papers.n; i++) {
        data->papers.v[i].name = v[i].name;
        data->papers.v[i].facts = filing_paper_facts(cx, &v[i]);
    }
}

enum err
filing_receipt(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct ledger_head head = { 0 };
    struct tpl_filing_receipt *data = ARENA_NEW(cx->arena, struct tpl_filing_receipt);
    TRY(filing_dossier(cx, rq, rs, &d));
    data->id = str_fmt(cx->arena, "%" PRId64, d.id);
    data->number = d.number;
    data->code = d.code;
    data->procedure = filing_procedure_name(cx, &d);
    data->unit = unit_name(cx, d.unit);
    data->applicant = d.applicant;
    data->submitted = text_instant(cx, d.submitted_us);
    data->react = d.react_us == 0 ? STR_NULL : text_instant(cx, d.react_us);
    data->due = d.due_us == 0 ? STR_NULL : text_instant(cx, d.due_us);
    data->is_accepted = d.accepted_us != 0;
    data->fee = d.fee_vnd == 0 ? STR_NULL : text_money(cx, d.fee_vnd);
    data->is_paid = d.is_paid;
    data->collect = text_find(cx, str_cat(cx->arena, STR("dossier.collect."), d.collect));
    data->track = track_href(cx, &d);
    TRY(track_qr(cx, &d, &data->qr));
    receipt_papers(cx, &d, data);
    if (ledger_head(cx, &head) == ERR_OK && head.size > 0) {
        data->ledger = str_fmt(cx->arena, "%" PRId64 " · " STR_FMT, head.size,
                               STR_ARG(str_slice(head.root, 0, ROOT_SHOWN)));
    }
    web_title(rs, text(cx, "filing.receipt"));
    return web_page(cx, rs, &tpl_filing_receipt_t, data);
}

enum err
filing_receipt_pdf(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct str pdf;
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(dossier_print(cx, &d, STR("tiep-nhan-hen-tra"), &pdf));
    return web_bytes(cx, rs, pdf, STR("application/pdf"),
                     str_fmt(cx->arena, "bien-nhan-" STR_FMT ".pdf", STR_ARG(d.number)));
}

/* --- the dossier
 * -------------------------------------------------------------------------------------- */
/* Its way until now, where it is, and what follows. */
static enum err
fill_marks(struct ctx *cx, const struct dossier *d, struct tpl_filing_dossier *data)
{
    struct dossier_mark *v = NULL;
    size_t n = 0;
    TRY(dossier_course(cx, d, &v, &n));
    data->marks.v = ARENA_ARRAY(cx->arena, struct tpl_filing_dossier_marks, n + 1);
    for (size_t i = 0; i < n; i++) {
        data->marks.v[data->marks.n++] =
            (struct tpl_filing_dossier_marks){ .title = v[i].title,
                                               .state = v[i].state,
                                               .at = dossier_mark_time(cx, &v[i]),
                                               .who = v[i].who,
                                               .note = v[i].note };
        if (str_eq(v[i].state, STR("now"))) {
            data->step = v[i].title;
            data->holder = v[i].who;
        } else if (str_eq(v[i].state, STR("next"))) {
            data->next = v[i].title;
        }
    }
    return ERR_OK;
}

static void
add_action(struct ctx *cx, struct tpl_filing_dossier *data, const char *part, const char *key,
           const char *note, bool is_main)
{
    data->actions.v[data->actions.n++] = (struct tpl_filing_dossier_actions){
        .href = str_fmt(cx->arena, "/ho-so/" STR_FMT "/%s", STR_ARG(data->id), part),
        .word = text_find(cx, str_of(key)),
        .note = text_find(cx, str_of(note)),
        .is_main = is_main,
    };
}

/* What the applicant can do now; what waits for an answer first. */
static void
fill_actions(struct ctx *cx, const struct dossier *d, struct tpl_filing_dossier *data)
{
    bool is_open = str_eq(d->state, STR("open"));
    data->actions.v = ARENA_ARRAY(cx->arena, struct tpl_filing_dossier_actions, 8);
    if (filing_waits(cx, d, "supplement")) {
        add_action(cx, data, "bo-sung", "filing.do.supplement", "filing.do.supplement.note", true);
    }
    if (filing_waits(cx, d, "confirm")) {
        add_action(cx, data, "xac-nhan", "filing.do.confirm", "filing.do.confirm.note", true);
    }
    if (is_open && d->fee_vnd > 0 && !d->is_paid) {
        add_action(cx, data, "thanh-toan", "filing.do.pay", "filing.do.pay.note",
                   filing_waits(cx, d, "pay"));
    }
    if (d->finished_us != 0 && d->rating == 0) {
        add_action(cx, data, "danh-gia", "filing.do.rate", "filing.do.rate.note", false);
    }
    add_action(cx, data, "bien-nhan", "filing.do.receipt", "filing.do.receipt.note", false);
    if (is_open && d->status != 9) {
        add_action(cx, data, "rut", "filing.do.withdraw", "filing.do.withdraw.note", false);
    }
}

static bool
is_readable(const struct dossier_result *r)
{
    return str_eq(r->state, STR("published")) || str_eq(r->state, STR("revoked"));
}

#define RESULTS_SHOWN_MAX 64

static enum err
add_results(struct ctx *cx, const struct dossier *d, bool is_other, struct tpl_filing_dossier *data)
{
    struct dossier_result *v = NULL;
    const struct procedure *p = NULL;
    size_t n = 0;
    TRY(dossier_results(cx, d->id, &v, &n));
    TRY(dossier_procedure(cx, d, &p));
    for (size_t i = 0; i < n && data->results.n < RESULTS_SHOWN_MAX; i++) {
        const struct procedure_document *doc = procedure_document(p, v[i].template_id);
        bool is_partners = doc != NULL && !str_is_empty(doc->number);
        if (is_readable(&v[i])) {
            data->results.v[data->results.n++] = (struct tpl_filing_dossier_results){
                .title = v[i].title,
                .number = v[i].number,
                .signer = v[i].signer,
                .at = text_instant(cx, v[i].signed_us),
                .href = str_fmt(cx->arena, "/ho-so/%" PRId64 "/ket-qua/%" PRId64, d->id, v[i].id),
                .verify = str_fmt(cx->arena, "/kiem-tra/" STR_FMT, STR_ARG(v[i].hash)),
                .is_revoked = str_eq(v[i].state, STR("revoked")),
                .is_simulated = is_partners && cx->config->is_demo,
                .from = is_other ? unit_name(cx, d->unit) : STR_NULL,
                .reason = v[i].revoke_reason,
            };
        }
    }
    return ERR_OK;
}

/* The results of one filing stand together, whichever office made them. */
static enum err
fill_results(struct ctx *cx, const struct dossier *d, struct tpl_filing_dossier *data)
{
    struct dossier *others = NULL;
    size_t n = 0;
    data->results.v = ARENA_ARRAY(cx->arena, struct tpl_filing_dossier_results, RESULTS_SHOWN_MAX);
    TRY(add_results(cx, d, false, data));
    if (d->parent != 0) {
        return ERR_OK;
    }
    TRY(dossier_linked(cx, d, &others, &n));
    for (size_t i = 0; i < n; i++) {
        TRY(add_results(cx, &others[i], true, data));
    }
    return ERR_OK;
}

static struct str
tag_of(const struct ctx *cx, const struct dossier *d)
{
    if (str_eq(d->state, STR("refused")) || str_eq(d->state, STR("stopped"))) {
        return STR("refused");
    }
    if (!str_eq(d->state, STR("open"))) {
        return STR("done");
    }
    if (dossier_is_paused(d)) {
        return STR("wait");
    }
    if (d->clock != DOSSIER_CLOCK_RUNNING) {
        return STR("now");
    }
    enum calendar_state s = calendar_due_state(cx, d->unit, sys_now_us(cx), d->due_us);
    return s == CALENDAR_LATE ? STR("late") : s == CALENDAR_SOON ? STR("due") : STR("ontime");
}

static void
fill_time(struct ctx *cx, const struct dossier *d, struct tpl_filing_dossier *data)
{
    data->is_open = str_eq(d->state, STR("open"));
    data->is_paused = dossier_is_paused(d);
    data->paused = data->is_paused ? text_instant(cx, d->paused_us) : STR_NULL;
    data->is_waiting_office =
        data->is_open && d->clock == DOSSIER_CLOCK_WAITING && !data->is_paused;
    data->due = d->due_us == 0 ? STR_NULL : text_instant(cx, d->due_us);
    data->react = d->react_us == 0 ? STR_NULL : text_instant(cx, d->react_us);
    data->is_late = data->is_open && d->clock == DOSSIER_CLOCK_RUNNING && dossier_left_s(cx, d) < 0;
    if (data->is_open && d->clock != DOSSIER_CLOCK_STOPPED && d->clock != DOSSIER_CLOCK_WAITING) {
        data->left = calendar_left_text(cx, dossier_left_s(cx, d));
    }
}

static void
fill_answers(struct ctx *cx, const struct dossier *d, struct tpl_filing_dossier *data)
{
    struct form_state st;
    struct form_row *rows = NULL;
    if (dossier_form(cx, d, &st) != ERR_OK) {
        return;
    }
    struct dossier_draft as = { .channel = d->channel,
                                .collect = d->collect,
                                .n_copies = d->n_copies };
    struct form_env env = dossier_form_env(cx, &as);
    size_t n = form_rows(cx, &st, &env, &rows);
    data->answers.v = ARENA_ARRAY(cx->arena, struct tpl_filing_dossier_answers, n);
    for (size_t i = 0; i < n; i++) {
        if (!str_is_empty(rows[i].value)) {
            data->answers.v[data->answers.n++] =
                (struct tpl_filing_dossier_answers){ .key = rows[i].label, .value = rows[i].value };
        }
    }
}

static void
fill_papers(struct ctx *cx, const struct dossier *d, struct tpl_filing_dossier *data)
{
    struct paper *v = NULL;
    data->papers.n = kept_papers(cx, d, &v);
    data->papers.v = ARENA_ARRAY(cx->arena, struct tpl_filing_dossier_papers, data->papers.n);
    for (size_t i = 0; i < data->papers.n; i++) {
        data->papers.v[i].name = v[i].name;
        data->papers.v[i].facts = filing_paper_facts(cx, &v[i]);
    }
}

/* One filing, several results: each is a dossier of its own. */
static enum err
fill_linked(struct ctx *cx, const struct dossier *d, struct tpl_filing_dossier *data)
{
    struct dossier *v = NULL;
    size_t n = 0;
    TRY(dossier_linked(cx, d, &v, &n));
    data->linked.v = ARENA_ARRAY(cx->arena, struct tpl_filing_dossier_linked, n);
    for (size_t i = 0; i < n; i++) {
        data->linked.v[data->linked.n++] = (struct tpl_filing_dossier_linked){
            .href = str_fmt(cx->arena, "/ho-so/%" PRId64, v[i].id),
            .number = v[i].number,
            .procedure = filing_procedure_name(cx, &v[i]),
            .unit = unit_name(cx, v[i].unit),
            .state = text_find(cx, str_fmt(cx->arena, "dossier.status.%d", (int)v[i].status)),
        };
    }
    return ERR_OK;
}

/* Whose consent the signature waits for: the applicant can ask them, or take them to the counter.
 */
static enum err
fill_waits(struct ctx *cx, const struct dossier *d, struct tpl_filing_dossier *data)
{
    struct party_consent *v = NULL;
    size_t n = 0;
    if (!data->is_open) {
        return ERR_OK;
    }
    TRY(party_consents_of_dossier(cx, d->id, &v, &n));
    data->waits.v = ARENA_ARRAY(cx->arena, struct tpl_filing_dossier_waits, n);
    for (size_t i = 0; i < n; i++) {
        if (v[i].is_needed && !str_eq(v[i].state, STR("given"))) {
            data->waits.v[data->waits.n++].text =
                text_fill(cx, "filing.waits_consent", "name", v[i].name, "part",
                          party_consent_part(cx, &v[i]), NULL);
        }
    }
    return ERR_OK;
}

/* Filed at the national portal and handed over to us; null: filed here. */
static struct str
from_portal(struct ctx *cx, const struct dossier *d)
{
    struct exchange_arrival a;
    return exchange_arrival_of(cx, d->id, &a) == ERR_OK
               ? text_fill(cx, "filing.from_portal", "portal", a.connector, "number", a.national,
                           NULL)
               : STR_NULL;
}

enum err
filing_own(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct tpl_filing_dossier *data = ARENA_NEW(cx->arena, struct tpl_filing_dossier);
    TRY(filing_dossier(cx, rq, rs, &d));
    data->id = str_fmt(cx->arena, "%" PRId64, d.id);
    data->number = d.number;
    data->code = d.code;
    data->procedure = filing_procedure_name(cx, &d);
    data->unit = unit_name(cx, d.unit);
    data->applicant = d.applicant;
    data->submitted = text_instant(cx, d.submitted_us);
    data->status = d.status;
    data->tag = tag_of(cx, &d);
    data->state = text_find(cx, str_fmt(cx->arena, "dossier.status.%d", (int)d.status));
    data->collect = text_find(cx, str_cat(cx->arena, STR("dossier.collect."), d.collect));
    data->rating = d.rating;
    data->from_portal = from_portal(cx, &d);
    fill_time(cx, &d, data);
    TRY(fill_marks(cx, &d, data));
    fill_actions(cx, &d, data);
    TRY(fill_results(cx, &d, data));
    fill_answers(cx, &d, data);
    fill_papers(cx, &d, data);
    TRY(fill_linked(cx, &d, data));
    TRY(fill_waits(cx, &d, data));
    web_title(rs, d.number);
    return web_page(cx, rs, &tpl_filing_dossier_t, data);
}

enum err
filing_result(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct dossier_result r;
    struct str pdf;
    int64_t id = 0;
    TRY(filing_dossier(cx, rq, rs, &d));
    TRY(web_param_id(cx, rq, "result", &id));
    TRY(dossier_result_get(cx, id, &r));
    if (r.dossier != d.id || !is_readable(&r)) {
        return err_set(cx, ERR_NOT_FOUND, "no such result of this dossier");
    }
    TRY(dossier_result_pdf(cx, r.id, &pdf));
    return web_bytes(cx, rs, pdf, STR("application/pdf"),
                     str_fmt(cx->arena, "ket-qua-" STR_FMT ".pdf", STR_ARG(d.number)));
}
