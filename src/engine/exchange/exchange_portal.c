/* exchange_portal.c: the national statuses of dossiers go to the national portal: in order per
 * dossier, and once as the portal sees it. dossier_step says what is to be told, exchange_portal up
 * to where it was; an outbox entry "dossier.status" only says that there is news. */
#include "base/date.h"
#include "engine/dossier/dossier.h"
#include "engine/exchange/exchange_int.h"
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#define ROWS_MAX 100
#define TURN_MAX 200 /* dossiers that follow in one turn once the line is back */
#define EVERY_US (INT64_C(2) * DATE_US_PER_S)
#define BACK_MAX 5 /* a line is left alone for 2^5 s at most */

struct telling {
    const struct exchange_connector *c;
    const struct procedure *procedure;
    struct dossier d;
    struct party who;
    struct q_xportal_get at; /* how far it is told */
};

/* --- which portal ----------------------------------------------------------------------------- */
const struct exchange_connector *
exchange_portal_now(struct ctx *cx)
{
    const struct exchange_set *set = exchange_of_pack(cx);
    struct q_xline_chosen_list chosen;
    if (set == NULL || set->n_portals == 0) {
        return NULL;
    }
    if (q_xline_chosen(cx, &chosen, .limit_n = 1) == ERR_OK && chosen.n == 1) {
        return exchange_connector(cx, chosen.v[0].connector); /* "off" is none */
    }
    return exchange_connector(cx, set->portals[0]);
}

size_t
exchange_portals(struct ctx *cx, struct exchange_connector_info **ret)
{
    const struct exchange_set *set = exchange_of_pack(cx);
    size_t n_all = set == NULL ? 0 : set->n_portals;
    size_t n = 0;
    *ret = ARENA_ARRAY(cx->arena, struct exchange_connector_info, n_all + 1);
    for (size_t i = 0; i < n_all; i++) {
        const struct exchange_connector *c = exchange_connector(cx, set->portals[i]);
        if (c != NULL) {
            (*ret)[n++] = (struct exchange_connector_info){ .id = c->id,
                                                            .name = pack_text(cx, c->name),
                                                            .n_steps = c->n_steps };
        }
    }
    return n;
}

static enum err
choose_tx(struct ctx *cx, void *arg)
{
    const struct str *connector = arg;
    struct ledger_new e = { .kind = "exchange.portal",
                            .object = str_cat(cx->arena, STR("portal:"), *connector) };
    TRY(q_xline_unchoose(cx, NULL));
    TRY(q_xline_choose(cx, NULL, .connector = *connector));
    return ledger_add(cx, &e);
}

enum err
exchange_portal_choose(struct ctx *cx, struct str connector)
{
    struct exchange_connector_info *v = NULL;
    size_t n = exchange_portals(cx, &v);
    bool is_known = str_eq(connector, STR("off"));
    for (size_t i = 0; i < n; i++) {
        is_known = is_known || str_eq(v[i].id, connector);
    }
    return is_known ? store_write(cx, choose_tx, &connector)
                    : err_set(cx, ERR_NOT_FOUND, "the pack has no such portal");
}

/* --- the line --------------------------------------------------------------------------------- */
enum err
exchange_line_note(struct ctx *cx, struct str connector, bool is_up)
{
    struct q_xline_get have = { 0 };
    enum err e = q_xline_get(cx, &have, .connector = connector);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    if (is_up) {
        return have.n_failed == 0 ? ERR_OK
                                  : q_xline_state(cx, NULL, .connector = connector, .n_failed = 0,
                                                  .down_until_us = 0);
    }
    int64_t n = have.n_failed + 1;
    int64_t wait_s = INT64_C(1) << (n < BACK_MAX ? n : BACK_MAX);
    return q_xline_state(cx, NULL, .connector = connector, .n_failed = n,
                         .down_until_us = sys_now_us(cx) + wait_s * DATE_US_PER_S);
}

bool
exchange_line_is_down(struct ctx *cx, struct str connector)
{
    struct q_xline_get have;
    return q_xline_get(cx, &have, .connector = connector) == ERR_OK &&
           have.down_until_us > sys_now_us(cx);
}

bool
exchange_is_refusal(struct str fault)
{
    return !str_is_empty(fault) && exchange_names(STR("invalid refused not_found mismatch"), fault);
}

/* --- how far it is told ----------------------------------------------------------------------- */
struct mark_job {
    const struct telling *t;
    bool is_answered, is_failed;
};

static enum err
mark_tx(struct ctx *cx, void *arg)
{
    const struct mark_job *job = arg;
    const struct telling *t = job->t;
    if (job->is_answered || job->is_failed) {
        TRY(exchange_line_note(cx, t->c->id, job->is_answered));
    }
    return q_xportal_put(cx, NULL, .dossier_id = t->d.id, .connector = t->c->id,
                         .national = t->at.national, .is_made = t->at.is_made,
                         .sent_step = t->at.sent_step, .state = t->at.state, .fault = t->at.fault,
                         .at_us = sys_now_us(cx));
}

static enum err
mark(struct ctx *cx, struct telling *t, const char *state, struct str fault)
{
    struct mark_job job = { .t = t,
                            .is_answered =
                                strcmp(state, "sent") == 0 || strcmp(state, "refused") == 0,
                            .is_failed = strcmp(state, "waiting") == 0 && !str_is_empty(fault) };
    t->at.state = str_of(state);
    t->at.fault = fault;
    return store_write(cx, mark_tx, &job);
}

/* --- telling ---------------------------------------------------------------------------------- */
static struct exchange_told
told_of(const struct telling *t, const struct dossier_step *s)
{
    return (struct exchange_told){ &t->d,          &t->who, t->procedure,
                                   t->at.national, s,       t->at.is_made != 0 };
}

static enum err
ask(struct ctx *cx, struct telling *t, struct str operation, const struct dossier_step *s,
    struct exchange_reply *ret)
{
    const struct exchange_told told = told_of(t, s);
    struct str fields = STR_NULL;
    TRY(exchange_portal_fields(cx, &told, &fields));
    struct exchange_question q = {
        .connector = t->c->id,
        .operation = operation,
        .purpose = STR("portal"),
        .dossier = t->d.id,
        .subject = t->d.party,
        .fields = fields,
        .key = str_fmt(cx->arena, "portal:%" PRId64 ":" STR_FMT ":%" PRId64, t->d.id,
                       STR_ARG(operation), s->id),
    };
    *ret = (struct exchange_reply){ .fields = STR("{}"), .fault = STR("") };
    enum err e = exchange_ask(cx, &q, ret);
    if (e != ERR_OK && str_is_empty(ret->fault)) {
        ret->fault = STR("down");
    }
    return str_is_empty(ret->fault) ? e : ERR_OK;
}

/* The same after the papers that it names. */
static enum err
ask_with_papers(struct ctx *cx, struct telling *t, struct str operation,
                const struct dossier_step *s, struct exchange_reply *ret)
{
    const struct exchange_told told = told_of(t, s);
    *ret = (struct exchange_reply){ .fields = STR("{}"), .fault = STR("") };
    TRY(exchange_portal_files_send(cx, &told, t->c, &ret->fault));
    return str_is_empty(ret->fault) ? ask(cx, t, operation, s, ret) : ERR_OK;
}

/* Does the message that makes the dossier tell its first status too? */
static bool
create_tells_status(const struct exchange_connector *c)
{
    const struct exchange_step *step = exchange_step(c, c->dossier.create);
    for (size_t i = 0; step != NULL && i < step->n_in; i++) {
        if (str_eq(step->in[i].our, STR("status"))) {
            return true;
        }
    }
    return false;
}

/* The portal's own number for it, where the portal gives one. */
static enum err
get_number(struct ctx *cx, struct telling *t, const struct dossier_step *first, struct str *ret)
{
    struct exchange_reply reply;
    struct json *tree = NULL;
    *ret = STR("");
    if (str_is_empty(t->c->dossier.number) || !str_is_empty(t->at.national)) {
        return ERR_OK;
    }
    TRY(ask(cx, t, t->c->dossier.number, first, &reply));
    *ret = reply.fault;
    if (!str_is_empty(reply.fault) ||
        json_parse(cx->arena, reply.fields, (struct json_limits){ 0 }, &tree, NULL) != ERR_OK) {
        return ERR_OK;
    }
    t->at.national = json_text(tree, "national");
    return mark(cx, t, "sent", STR(""));
}

/* The portal has the dossier: it is looked for first, where the portal can be asked, for an answer
 * may have been lost. */
static enum err
make(struct ctx *cx, struct telling *t, const struct dossier_step *first, struct str *ret)
{
    struct exchange_reply reply;
    TRY(get_number(cx, t, first, ret));
    if (!str_is_empty(*ret)) {
        return ERR_OK;
    }
    bool is_there = false;
    if (!str_is_empty(t->c->dossier.look)) {
        TRY(ask(cx, t, t->c->dossier.look, first, &reply));
        is_there = str_is_empty(reply.fault);
        if (!is_there && !str_eq(reply.fault, STR("not_found"))) {
            *ret = reply.fault;
            return ERR_OK;
        }
    }
    struct paper *papers = NULL;
    size_t n_papers = 0; /* of one that is there already nobody knows: they are told with a step */
    if (!is_there) {
        const struct exchange_told told = told_of(t, first);
        TRY(exchange_portal_files_new(cx, &told, t->c, &papers, &n_papers));
        TRY(ask_with_papers(cx, t, t->c->dossier.create, first, &reply));
        *ret = reply.fault;
    }
    if (str_is_empty(*ret)) {
        TRY(exchange_portal_files_told(cx, t->c, papers, n_papers));
        t->at.is_made = 1;
        t->at.sent_step = create_tells_status(t->c) ? first->id : t->at.sent_step;
        return mark(cx, t, "sent", STR(""));
    }
    return ERR_OK;
}

/* Statuses with which more than the status changes: what is asked for, what is to be paid, results,
 * the hand-over. */
static bool
changes_dossier(int32_t status)
{
    return status == 5 || status == 6 || status == 9 || status == 10;
}

/* The dossier anew, where the portal takes that and there is something new; then its progress. */
static enum err
tell_step(struct ctx *cx, struct telling *t, const struct dossier_step *s, struct str *ret)
{
    struct exchange_reply reply = { .fault = STR("") };
    const struct exchange_told told = told_of(t, s);
    struct paper *papers = NULL;
    size_t n_papers = 0;
    TRY(exchange_portal_files_new(cx, &told, t->c, &papers, &n_papers));
    if (!str_is_empty(t->c->dossier.update) && (changes_dossier(s->status) || n_papers != 0)) {
        TRY(ask_with_papers(cx, t, t->c->dossier.update, s, &reply));
        if (str_is_empty(reply.fault)) {
            TRY(exchange_portal_files_told(cx, t->c, papers, n_papers));
        }
    }
    if (str_is_empty(reply.fault)) {
        TRY(ask_with_papers(cx, t, t->c->dossier.progress, s, &reply));
    }
    *ret = reply.fault;
    return ERR_OK;
}

/* One status after the other; *ret says why it ended early. */
static enum err
tell_steps(struct ctx *cx, struct telling *t, const struct dossier_step *v, size_t n,
           struct str *ret)
{
    *ret = STR("");
    for (size_t i = 0; i < n; i++) {
        if (t->at.is_made == 0) {
            TRY(make(cx, t, &v[i], ret));
        }
        if (str_is_empty(*ret) && v[i].id > t->at.sent_step) {
            TRY(tell_step(cx, t, &v[i], ret));
        }
        if (!str_is_empty(*ret)) {
            return ERR_OK;
        }
        t->at.sent_step = v[i].id;
        TRY(mark(cx, t, "sent", STR("")));
    }
    return ERR_OK;
}

/* --- whether it is told ----------------------------------------------------------------------- */
int64_t
exchange_portal_since(struct ctx *cx, const struct exchange_connector *c)
{
    struct exchange_subsystem consumer;
    struct exchange_service service;
    struct exchange_agreement *v = NULL;
    size_t n = 0;
    int64_t since_us = INT64_MAX;
    if (exchange_subsystem_by_path(cx, exchange_of_pack(cx)->consumer, &consumer) != ERR_OK ||
        exchange_service_by_path(cx, c->service, &service) != ERR_OK ||
        exchange_agreements(cx, consumer.id, service.id, STR("granted"), 0, &v, &n) != ERR_OK) {
        return INT64_MAX;
    }
    for (size_t i = 0; i < n; i++) {
        since_us = v[i].decided_us < since_us ? v[i].decided_us : since_us;
    }
    return since_us;
}

/* A dossier that came from a portal is told to that portal, after the receipt: *ret_is_early while
 * that is not through. ERR_NOT_FOUND: it was filed here. */
static enum err
begin_arrived(struct ctx *cx, struct telling *t, bool *ret_is_early)
{
    struct q_xarrival_by_draft_list l;
    struct q_xarrival_by_id r;
    TRY(q_xarrival_by_draft(cx, &l, .draft_id = t->d.draft, .limit_n = 1));
    if (l.n == 0) {
        return err_set(cx, ERR_NOT_FOUND, "filed here");
    }
    TRY(q_xarrival_by_id(cx, &r, .id = l.v[0].id));
    t->c = exchange_connector(cx, r.connector);
    t->at = (struct q_xportal_get){
        .connector = r.connector, .national = r.national, .is_made = 1, .sent_step = t->d.id
    };
    *ret_is_early = r.is_told == 0 || !str_is_empty(r.work);
    return t->c == NULL ? err_set(cx, ERR_GONE, "no connector " STR_FMT, STR_ARG(r.connector))
                        : ERR_OK;
}

/* ERR_NOT_FOUND: nothing is to be told yet, or ever. */
static enum err
begin_telling(struct ctx *cx, struct telling *t)
{
    bool is_early = false;
    enum err e = begin_arrived(cx, t, &is_early);
    if (e == ERR_NOT_FOUND) {
        t->c = exchange_portal_now(cx);
        /* what was filed before the platform might speak with the portal is not told */
        is_early = t->c == NULL || t->d.submitted_us < exchange_portal_since(cx, t->c);
        t->at = (struct q_xportal_get){ .connector = is_early ? STR("") : t->c->id,
                                        .national = STR("") };
    } else if (e != ERR_OK) {
        return e;
    }
    return is_early ? err_set(cx, ERR_NOT_FOUND, "no portal is told of dossier %" PRId64, t->d.id)
                    : mark(cx, t, "queued", STR(""));
}

/* ERR_NOT_FOUND: nothing is to be told. */
static enum err
open_telling(struct ctx *cx, int64_t dossier, struct telling *ret)
{
    TRY(dossier_get(cx, dossier, &ret->d));
    enum err e = q_xportal_get(cx, &ret->at, .dossier_id = dossier);
    if (e == ERR_NOT_FOUND) {
        TRY(begin_telling(cx, ret));
    } else if (e == ERR_OK) {
        ret->c = exchange_connector(cx, ret->at.connector);
    } else {
        return e;
    }
    if (ret->c == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no portal is told of dossier %" PRId64, dossier);
    }
    TRY(dossier_procedure(cx, &ret->d, &ret->procedure));
    return party_get(cx, ret->d.party, &ret->who);
}

enum err
exchange_on_status(struct ctx *cx, struct str key, struct str payload)
{
    struct telling t = { 0 };
    struct dossier_step *v = NULL;
    size_t n = 0;
    int64_t id = 0;
    struct str fault = STR("");
    (void)payload;
    if (!str_to_i64(key, 1, INT64_MAX, &id)) {
        return err_set(cx, ERR_BAD_REQUEST, "the entry names no dossier");
    }
    enum err e = open_telling(cx, id, &t);
    if (e != ERR_OK) {
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    if (str_eq(t.at.state, STR("refused"))) {
        return ERR_OK; /* an operator looks first */
    }
    if (exchange_line_is_down(cx, t.c->id)) {
        return mark(cx, &t, "waiting", STR(""));
    }
    TRY(dossier_steps(cx, &t.d, t.at.sent_step, &v, &n));
    TRY(tell_steps(cx, &t, v, n, &fault));
    if (str_is_empty(fault)) {
        return n == 0 ? mark(cx, &t, "sent", STR("")) : ERR_OK;
    }
    return mark(cx, &t, exchange_is_refusal(fault) ? "refused" : "waiting", fault);
}

/* --- again ------------------------------------------------------------------------------------ */
struct again_job {
    const int64_t *v;
    size_t n;
};

static enum err
again_tx(struct ctx *cx, void *arg)
{
    const struct again_job *job = arg;
    for (size_t i = 0; i < job->n; i++) {
        struct str key = str_fmt(cx->arena, "%" PRId64, job->v[i]);
        TRY(q_xportal_queue(cx, NULL, .dossier_id = job->v[i], .at_us = sys_now_us(cx)));
        TRY(store_outbox_put(cx, STR("dossier.status"), key,
                             str_fmt(cx->arena, "{\"dossier\":" STR_FMT "}", STR_ARG(key))));
    }
    return ERR_OK;
}

enum err
exchange_portal_tell(struct ctx *cx, int64_t dossier)
{
    struct again_job job = { &dossier, 1 };
    return store_write(cx, again_tx, &job);
}

enum err
exchange_portal_again(struct ctx *cx, int64_t dossier)
{
    struct q_xportal_get have;
    TRY(q_xportal_get(cx, &have, .dossier_id = dossier));
    return exchange_portal_tell(cx, dossier);
}

/* Those that wait for a line that may be back: one of each line tries, the others follow it. */
static enum err
wake_waiting(struct ctx *cx, int64_t *ret_again_us)
{
    struct q_xportal_in_state_list l;
    int64_t *v = ARENA_ARRAY(cx->arena, int64_t, TURN_MAX);
    struct str tried = STR_NULL;
    size_t n = 0;
    *ret_again_us = EVERY_US;
    TRY(q_xportal_in_state(cx, &l, .state = STR("waiting"), .limit_n = TURN_MAX));
    for (size_t i = 0; i < l.n; i++) {
        struct q_xline_get line = { 0 };
        enum err e = q_xline_get(cx, &line, .connector = l.v[i].connector);
        if (e != ERR_OK && e != ERR_NOT_FOUND) {
            return e;
        }
        bool is_first = !str_eq(tried, l.v[i].connector);
        if (line.down_until_us <= sys_now_us(cx) && (line.n_failed == 0 || is_first)) {
            tried = l.v[i].connector;
            v[n++] = l.v[i].dossier_id;
        }
    }
    struct again_job job = { v, n };
    return n == 0 ? ERR_OK : store_write(cx, again_tx, &job);
}

const struct jobs_timed exchange_timed[] = {
    { STR_INIT("exchange.portal"), wake_waiting },
    { STR_INIT("exchange.arrivals"), exchange_arrivals_turn },
    { STR_INIT("exchange.names"), exchange_names_again },
    { { NULL, 0 }, NULL },
};

/* --- for the operator's page ------------------------------------------------------------------ */
enum err
exchange_portal_state(struct ctx *cx, struct exchange_portal_line *ret)
{
    const struct exchange_connector *c = exchange_portal_now(cx);
    struct q_xline_get line = { 0 };
    struct q_xportal_n waiting;
    struct q_xportal_n refused;
    *ret = (struct exchange_portal_line){ .connector = STR("") };
    TRY(q_xportal_n(cx, &waiting, .state = STR("waiting")));
    TRY(q_xportal_n(cx, &refused, .state = STR("refused")));
    ret->n_waiting = waiting.n;
    ret->n_refused = refused.n;
    if (c == NULL) {
        return ERR_OK;
    }
    ret->connector = c->id;
    ret->name = pack_text(cx, c->name);
    enum err e = q_xline_get(cx, &line, .connector = c->id);
    ret->n_failed = line.n_failed;
    ret->down_until_us = line.down_until_us;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
exchange_portal_rows(struct ctx *cx, struct str state, struct exchange_portal_row **ret,
                     size_t *ret_n)
{
    struct q_xportal_in_state_list l;
    TRY(q_xportal_in_state(cx, &l, .state = state, .limit_n = ROWS_MAX));
    *ret = ARENA_ARRAY(cx->arena, struct exchange_portal_row, l.n);
    for (size_t i = 0; i < l.n; i++) {
        (*ret)[i] = (struct exchange_portal_row){ .dossier = l.v[i].dossier_id,
                                                  .at_us = l.v[i].at_us,
                                                  .connector = l.v[i].connector,
                                                  .national = l.v[i].national,
                                                  .fault = l.v[i].fault };
    }
    *ret_n = l.n;
    return ERR_OK;
}
