/* onestop_case_parts.c: the parts of the dossier page that show: summary, papers, results, history.
 */
#include "office/onestop/onestop_int.h"

#include "engine/calendar/calendar.h"
#include "engine/exchange/exchange.h"
#include "engine/paper/paper.h"
#include "engine/party/party.h"
#include "engine/pay/pay.h"
#include "engine/unit/unit.h"

#define FACTS_MAX 16
#define ZOOM_MAX  4
#define TURNS     4

#define STATUS_SUPPLEMENT 5 /* national statuses of a dossier that waits for its applicant */
#define STATUS_PAYMENT    6

/* --- summary
 * ------------------------------------------------------------------------------------------------
 */
struct facts {
    struct tpl_onestop_dossier_facts *v;
    size_t n;
};

static void
fact(struct facts *f, struct str key, struct str value)
{
    if (!str_is_empty(value) && f->n < FACTS_MAX) {
        f->v[f->n++] = (struct tpl_onestop_dossier_facts){ .key = key, .value = value };
    }
}

/* The national portal that handed it over, and its number there; null: it was filed here. */
static struct str
from_portal(struct ctx *cx, const struct dossier *d)
{
    struct exchange_arrival a;
    return exchange_arrival_of(cx, d->id, &a) == ERR_OK
               ? text_fill(cx, "onestop.from_portal.value", "portal", a.connector, "number",
                           a.national, NULL)
               : STR_NULL;
}

static void
fill_facts(struct ctx *cx, struct onestop_view *v, const struct party *p)
{
    struct facts f = { ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_facts, FACTS_MAX), 0 };
    const struct dossier *d = &v->d;
    struct str home = str_is_empty(p->unit) ? STR("") : unit_name(cx, p->unit);
    fact(&f, text(cx, "onestop.applicant"), p->name);
    fact(&f, text(cx, "onestop.id_number"),
         str_is_empty(p->personal_id) ? p->tax_code : p->personal_id);
    fact(&f, text(cx, "onestop.address"),
         str_is_empty(p->address)
             ? home
             : str_fmt(cx->arena, STR_FMT ", " STR_FMT, STR_ARG(p->address), STR_ARG(home)));
    fact(&f, text(cx, "onestop.phone"), d->phone);
    fact(&f, text(cx, "onestop.email"), d->email);
    fact(&f, text(cx, "onestop.submitted"), text_instant(cx, d->submitted_us));
    fact(&f, text(cx, "onestop.channel"),
         text_find(cx, str_cat(cx->arena, STR("dossier.channel."), d->channel)));
    fact(&f, text(cx, "onestop.from_portal"), from_portal(cx, d));
    fact(&f, text(cx, "onestop.collect"),
         text_find(cx, str_cat(cx->arena, STR("dossier.collect."), d->collect)));
    fact(&f, text(cx, "onestop.post_address"), d->post_address);
    fact(&f, text(cx, "onestop.unit"), unit_name(cx, d->unit));
    fact(&f, text(cx, "onestop.fee"),
         d->fee_vnd == 0 ? text(cx, "onestop.fee.none")
         : d->is_paid ? text_fill(cx, "onestop.fee.paid", "vnd", text_money(cx, d->fee_vnd), NULL)
                      : text_fill(cx, "onestop.fee.open", "vnd", text_money(cx, d->fee_vnd), NULL));
    fact(&f, text(cx, "onestop.pack"),
         str_eq(d->pack_version, pack_now(cx)->version) ? STR_NULL
                                                        : text(cx, "onestop.pack.older"));
    v->page->facts.v = f.v;
    v->page->facts.n = f.n;
}

/* What the form's look-ups said; those that were not made say so too. */
static void
fill_looked(struct ctx *cx, struct onestop_view *v, const struct form_state *st,
            const struct form_env *env)
{
    const struct form_lookup *l = NULL;
    size_t n = form_lookups(st->form, &l);
    v->page->looked.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_looked, n);
    for (size_t i = 0; i < n; i++) {
        if (!form_lookup_is_shown(cx, st, env, &l[i])) {
            continue;
        }
        struct form_looked r = form_lookup_state(cx, st, &l[i]);
        bool is_asked = !str_is_empty(r.state);
        struct str key =
            str_cat(cx->arena, STR("onestop.looked."), is_asked ? r.state : STR("none"));
        v->page->looked.v[v->page->looked.n++] = (struct tpl_onestop_dossier_looked){
            .label = form_page_title(cx, l[i].page),
            .value = text_fill(cx, str_z(cx->arena, key), "source", r.source, "at",
                               is_asked ? text_date_of(cx, r.at) : STR(""), NULL),
            .kind = str_eq(r.state, STR("found")) ? STR("ontime") : STR("due"),
        };
    }
}

/* What was filled in, grouped by the pages of the form. */
static enum err
fill_answers(struct ctx *cx, struct onestop_view *v)
{
    struct form_state st;
    struct form_row *rows = NULL;
    struct dossier_draft as_draft = { .channel = v->d.channel,
                                      .collect = v->d.collect,
                                      .n_copies = v->d.n_copies };
    struct form_env env = dossier_form_env(cx, &as_draft);
    TRY(dossier_form(cx, &v->d, &st));
    TRY(dossier_form_sources(cx, &v->d, &st));
    fill_looked(cx, v, &st, &env);
    struct form_known known = { 0 };
    known.n = dossier_prefill_sources(cx, v->d.party, &known.v);
    size_t n = form_rows_against(cx, &st, &env, &known, &rows);
    struct tpl_onestop_dossier_answers *out =
        ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_answers, n);
    for (size_t i = 0; i < n; i++) {
        bool is_new = i == 0 || !str_eq(rows[i].page_id, rows[i - 1].page_id);
        out[i] = (struct tpl_onestop_dossier_answers){
            .title = is_new ? rows[i].page_title : STR_NULL,
            .label = rows[i].label,
            .value = rows[i].value,
            .source = str_is_empty(rows[i].source)
                          ? STR_NULL
                          : text_fill(cx, "onestop.answers.source", "source", rows[i].source, NULL),
            .differs = str_is_empty(rows[i].held)
                           ? STR_NULL
                           : text_fill(cx, "onestop.answers.differs", "held", rows[i].held, NULL),
        };
    }
    v->page->answers.v = out;
    v->page->answers.n = n;
    return ERR_OK;
}

/* Since when the time stands still, for whom, and what is left when it goes on. */
static void
fill_pause(struct ctx *cx, const struct dossier *d, int64_t left_s,
           struct tpl_onestop_dossier *page)
{
    bool is_theirs = d->status == STATUS_SUPPLEMENT || d->status == STATUS_PAYMENT;
    struct str at = text_instant(cx, d->paused_us);
    page->left = text(cx, is_theirs ? "onestop.paused.applicant" : "onestop.paused.other");
    page->due_word = d->clock == DOSSIER_CLOCK_WAITING
                         ? text_fill(cx, "onestop.paused.door", "at", at, NULL)
                         : text_fill(cx, "onestop.paused.left", "at", at, "left",
                                     calendar_left_text(cx, left_s), NULL);
    page->due = STR_NULL;
}

enum err
onestop_part_summary(struct ctx *cx, struct onestop_view *v)
{
    struct tpl_onestop_dossier *page = v->page;
    const struct dossier *d = &v->d;
    struct party p;
    int64_t left_s = dossier_left_s(cx, d);
    bool is_waiting = d->clock == DOSSIER_CLOCK_WAITING;
    TRY(party_get(cx, d->party, &p));
    page->number = d->number;
    page->procedure = pack_text(cx, v->procedure->name);
    page->status = text_find(cx, str_fmt(cx->arena, "dossier.status.%d", d->status));
    page->kind = onestop_kind(left_s, dossier_is_paused(d) || d->clock == DOSSIER_CLOCK_STOPPED);
    page->left = d->clock == DOSSIER_CLOCK_STOPPED ? page->status : calendar_left_text(cx, left_s);
    page->due = text_instant(cx, is_waiting ? d->react_us : d->due_us);
    page->due_word =
        is_waiting ? text(cx, "onestop.due.react") : text(cx, "onestop.due.appointment");
    if (dossier_is_paused(d)) {
        fill_pause(cx, d, left_s, page);
    }
    page->is_late = left_s < 0 && d->clock == DOSSIER_CLOCK_RUNNING;
    page->needs_apology = dossier_lacks_apology(cx, d);
    page->is_open = str_eq(d->state, STR("open"));
    page->was_apologised = d->apology_us != 0;
    fill_facts(cx, v, &p);
    return fill_answers(cx, v);
}

/* --- papers and the viewer
 * ---------------------------------------------------------------------------------------- */
static struct str
view_href(struct ctx *cx, const struct onestop_view *v, int64_t paper, int64_t zoom, int64_t turn)
{
    return str_fmt(cx->arena,
                   "/can-bo/ho-so/%" PRId64 "?giay=%" PRId64 "&phong=%" PRId64 "&xoay=%" PRId64
                   "#xem",
                   v->d.id, paper, zoom, turn);
}

static int64_t
query_int(const struct web_req *rq, const char *name, int64_t max)
{
    int64_t n = 0;
    return str_to_i64(onestop_typed(rq, name), 0, max, &n) ? n : 0;
}

static void
fill_viewer(struct ctx *cx, const struct web_req *rq, struct onestop_view *v, const struct paper *p)
{
    struct tpl_onestop_dossier_viewer *w = &v->page->viewer;
    int64_t zoom = query_int(rq, "phong", ZOOM_MAX);
    int64_t turn = query_int(rq, "xoay", TURNS - 1);
    zoom = zoom == 0 ? 1 : zoom;
    w->name = p->name;
    w->src = str_fmt(cx->arena, "/can-bo/giay-to/%" PRId64, p->id);
    w->is_pdf = str_eq(p->media, STR("application/pdf"));
    w->look = str_fmt(cx->arena, "zoom-%" PRId64 " turn-%" PRId64, zoom, turn);
    w->larger = zoom < ZOOM_MAX ? view_href(cx, v, p->id, zoom + 1, turn) : STR_NULL;
    w->smaller = zoom > 1 ? view_href(cx, v, p->id, zoom - 1, turn) : STR_NULL;
    w->left = view_href(cx, v, p->id, zoom, (turn + TURNS - 1) % TURNS);
    w->right = view_href(cx, v, p->id, zoom, (turn + 1) % TURNS);
    v->page->has_viewer = true;
}

static struct str
requirement_name(struct ctx *cx, const struct procedure *p, struct str id)
{
    for (size_t i = 0; i < p->n_papers; i++) {
        if (str_eq(p->papers[i].id, id)) {
            return pack_text(cx, p->papers[i].name);
        }
    }
    if (str_starts(id, STR("bo-sung"))) {
        return text(cx, "onestop.paper.supplement");
    }
    return str_eq(id, STR(ONESTOP_OPINION)) ? text(cx, "onestop.opinion.paper")
                                            : text(cx, "onestop.paper.other");
}

enum err
onestop_part_papers(struct ctx *cx, const struct web_req *rq, struct onestop_view *v)
{
    size_t n = 0;
    const struct paper *shown = NULL;
    int64_t wanted = query_int(rq, "giay", INT64_MAX);
    TRY(paper_list(cx, v->d.id, &v->papers, &v->n_papers));
    struct tpl_onestop_dossier_papers *out =
        ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_papers, v->n_papers);
    for (size_t i = 0; i < v->n_papers; i++) {
        const struct paper *p = &v->papers[i];
        if (!str_eq(p->state, STR("kept"))) {
            continue;
        }
        shown = shown == NULL || p->id == wanted ? p : shown;
        out[n++] = (struct tpl_onestop_dossier_papers){
            .id = onestop_id(cx, p->id),
            .href = view_href(cx, v, p->id, 1, 0),
            .name = requirement_name(cx, v->procedure, p->requirement),
            .file = p->name,
            .note = text_fill(cx, "onestop.paper.note", "pages", text_number(cx, p->pages), "at",
                              text_instant(cx, p->received_us), NULL),
        };
    }
    for (size_t i = 0; i < n; i++) {
        out[i].is_shown = shown != NULL && str_eq(out[i].id, onestop_id(cx, shown->id));
    }
    v->page->papers.v = out;
    v->page->papers.n = n;
    if (shown != NULL) {
        fill_viewer(cx, rq, v, shown);
    }
    return ERR_OK;
}

/* --- results, bills
 * -----------------------------------------------------------------------------------------------
 */
enum err
onestop_part_results(struct ctx *cx, struct onestop_view *v)
{
    struct dossier_result *r = NULL;
    struct tpl_onestop_dossier *page = v->page;
    size_t n = 0;
    bool may_revoke = access_may_in(cx, "result.revoke", v->d.unit);
    TRY(dossier_results(cx, v->d.id, &r, &n));
    page->results.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_results, n);
    for (size_t i = 0; i < n; i++) {
        bool is_draft = str_eq(r[i].state, STR("draft"));
        bool is_again = is_draft && r[i].corrects != 0;
        if (str_eq(r[i].state, STR("dropped"))) {
            continue;
        }
        bool is_in_force =
            str_eq(r[i].state, STR("signed")) || str_eq(r[i].state, STR("published"));
        page->has_draft = page->has_draft || is_draft;
        page->results.v[page->results.n++] = (struct tpl_onestop_dossier_results){
            .id = onestop_id(cx, r[i].id),
            .title = r[i].title,
            .state = text_find(cx, str_cat(cx->arena, STR("onestop.result."), r[i].state)),
            .href = is_draft ? str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64 "/du-thao", v->d.id)
                             : str_fmt(cx->arena, "/can-bo/ket-qua/%" PRId64, r[i].id),
            .note = is_again                           ? r[i].correct_reason
                    : str_is_empty(r[i].revoke_reason) ? r[i].signer
                                                       : r[i].revoke_reason,
            .can_revoke = is_in_force && may_revoke,
            .is_correction = is_again && may_revoke,
            .can_sign_again = is_again && access_may_in(cx, "dossier.sign", v->d.unit),
        };
    }
    onestop_part_prints(cx, v);
    page->can_custody = access_may_in(cx, "paper.custody", v->d.unit);
    page->can_cash =
        v->d.fee_vnd > 0 && !v->d.is_paid && access_may_in(cx, "pay.collect", v->d.unit);
    page->cash_href = str_cat(cx->arena, STR("/can-bo/thu-phi?so="), v->d.number);
    return ERR_OK;
}

/* --- history
 * ------------------------------------------------------------------------------------------------------
 */
/* "examine|propose|note" of a finished task as people read it. */
static struct str
task_note(struct ctx *cx, const struct dossier *d, struct str note)
{
    const struct flow_process *process = NULL;
    struct str step_id;
    struct str rest;
    struct str outcome;
    struct str words;
    if (!str_cut(note, '|', &step_id, &rest) || !str_cut(rest, '|', &outcome, &words)) {
        return note;
    }
    const struct flow_step *step = onestop_step(cx, d, step_id, &process);
    struct str name = step == NULL ? step_id : onestop_step_name(cx, step);
    struct str what = str_eq(outcome, STR("sent_back"))
                          ? text(cx, "onestop.sent_back")
                          : flow_outcome_text(cx, process, step_id, outcome);
    return str_is_empty(words)
               ? str_fmt(cx->arena, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(what))
               : str_fmt(cx->arena, STR_FMT ": " STR_FMT ". " STR_FMT, STR_ARG(name), STR_ARG(what),
                         STR_ARG(words));
}

static struct tpl_onestop_dossier_history
history_line(struct ctx *cx, const struct dossier *d, const struct dossier_event *e)
{
    struct str kind = text_find(cx, str_cat(cx->arena, STR("dossier.event."), e->kind));
    bool is_task = str_eq(e->kind, STR("task_done"));
    struct str step = STR_NULL;
    if (str_eq(e->kind, STR("claimed")) || str_eq(e->kind, STR("assigned"))) {
        const struct flow_step *s = onestop_step(cx, d, e->note, NULL);
        step = s == NULL ? e->note : onestop_step_name(cx, s);
    }
    struct str note = is_task ? task_note(cx, d, e->note)
                      : str_eq(e->kind, STR("consulted")) || str_eq(e->kind, STR("opinion_given"))
                          ? unit_name(cx, e->note)
                      : step.p != NULL ? step
                                       : e->note;
    return (struct tpl_onestop_dossier_history){
        .at = text_instant(cx, e->at_us),
        .what = kind.p == NULL ? e->kind : kind,
        .who = e->actor_name.p == NULL ? text(cx, "onestop.by_system") : e->actor_name,
        .note = note,
    };
}

enum err
onestop_part_history(struct ctx *cx, const struct web_req *rq, struct onestop_view *v,
                     bool is_conflict)
{
    struct dossier_event *e = NULL;
    struct tpl_onestop_dossier *page = v->page;
    size_t n = 0;
    int64_t seen_us = query_int(rq, "luc", INT64_MAX);
    TRY(dossier_history(cx, v->d.id, &e, &n));
    page->history.n = n;
    page->history.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_history, n);
    page->changed.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_changed, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_onestop_dossier_history line = history_line(cx, &v->d, &e[i]);
        page->history.v[n - 1 - i] = line; /* newest first */
        if (is_conflict && e[i].at_us > seen_us) {
            page->changed.v[page->changed.n++] = (struct tpl_onestop_dossier_changed){
                .at = line.at, .what = line.what, .who = line.who, .note = line.note
            };
        }
    }
    page->is_conflict = is_conflict;
    if (is_conflict) {
        static const char *const names[] = { "note", "words", "question", "reason", "to_whom" };
        for (size_t i = 0; i < COUNT_OF(names) && str_is_empty(page->kept); i++) {
            page->kept = onestop_typed(rq, names[i]);
        }
    }
    return ERR_OK;
}
