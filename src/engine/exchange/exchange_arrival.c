/* exchange_arrival.c: dossiers that citizens file at the national portal come here. The portal is
 * asked for a list of what it has for us; each is worked on by itself (exchange_arrival_take.c,
 * exchange_arrival_change.c), and the portal is told what became of it, as often as it takes and
 * under one name. What cannot be taken is kept with the reason for an operator. */
#include "engine/exchange/exchange_arrival.h"
#include "base/buf.h"
#include "base/date.h"
#include "engine/dossier/dossier.h"
#include "engine/ledger/ledger.h"
#include "engine/unit/unit.h"
#include "store/store.h"
#include "sys/sys.h"

#define TURN_US    (INT64_C(1) * DATE_US_PER_S)
#define DEMO_S     10 /* how often the simulated portal is asked */
#define WORK_N     5  /* a turn: papers are held in memory while they are checked */
#define TELL_N     50
#define BACK_MAX   6 /* a dossier is left alone for 2^6 s at most */
#define LIST_MAX   100
#define ASKED_N    "50" /* of one list */
#define BEFORE_ALL INT64_MAX

/* --- rows ------------------------------------------------------------------------------------- */
static enum err
put_row(struct ctx *cx, const struct q_xarrival_by_id *r)
{
    return q_xarrival_put(
        cx, NULL, .id = r->id, .revision = r->revision, .state = r->state, .work = r->work,
        .fault = r->fault, .note = r->note, .outcome = r->outcome, .n_outcome = r->n_outcome,
        .is_told = r->is_told, .procedure_code = r->procedure_code, .unit_code = r->unit_code,
        .draft_id = r->draft_id, .dossier_id = r->dossier_id, .n_again = r->n_again,
        .tries = r->tries, .next_us = r->next_us, .at_us = sys_now_us(cx));
}

static enum err
put_tx(struct ctx *cx, void *arg)
{
    return put_row(cx, arg);
}

enum err
exchange_arrival_load(struct ctx *cx, int64_t id, struct arrival *ret)
{
    *ret = (struct arrival){ 0 };
    TRY(q_xarrival_by_id(cx, &ret->r, .id = id));
    ret->c = exchange_connector(cx, ret->r.connector);
    return ret->c == NULL || str_is_empty(ret->c->dossier.list)
               ? err_set(cx, ERR_GONE, "no connector " STR_FMT, STR_ARG(ret->r.connector))
               : ERR_OK;
}

struct end_job {
    struct arrival *a;
    struct str note;
};

static enum err
end_tx(struct ctx *cx, void *arg)
{
    const struct end_job *job = arg;
    struct ledger_new e = { .kind = "exchange.arrival",
                            .object = ledger_object(cx, "arrival", job->a->r.id),
                            .subject = job->a->subject,
                            .note = job->note };
    TRY(put_row(cx, &job->a->r));
    return ledger_add(cx, &e);
}

enum err
exchange_arrival_end(struct ctx *cx, struct arrival *a, const struct arrival_end *end)
{
    struct end_job job = { a, str_fmt(cx->arena, "%s %s", end->outcome, end->fault) };
    a->r.state = str_of(end->state);
    a->r.outcome = str_of(end->outcome);
    a->r.fault = str_of(end->fault);
    a->r.note = end->note.p == NULL ? STR("") : end->note;
    a->r.work = STR("");
    a->r.n_outcome++;
    a->r.is_told = 0;
    a->r.tries = 0;
    a->r.next_us = 0;
    return store_write(cx, end_tx, &job);
}

/* --- questions -------------------------------------------------------------------------------- */
struct line_job {
    struct str connector;
    bool is_up;
};

static enum err
line_tx(struct ctx *cx, void *arg)
{
    const struct line_job *job = arg;
    return exchange_line_note(cx, job->connector, job->is_up);
}

static enum err
note_line(struct ctx *cx, struct str connector, bool is_up)
{
    struct line_job job = { connector, is_up };
    struct q_xline_get have = { 0 };
    enum err e = q_xline_get(cx, &have, .connector = connector);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    return is_up && have.n_failed == 0 ? ERR_OK : store_write(cx, line_tx, &job);
}

enum err
exchange_arrival_ask(struct ctx *cx, const struct arrival *a, const struct exchange_question *q,
                     struct exchange_reply *ret)
{
    struct exchange_question named = *q;
    named.connector = a->c->id;
    named.purpose = STR("arrival");
    named.subject = a->subject;
    named.dossier = a->r.dossier_id;
    *ret = (struct exchange_reply){ .fields = STR("{}"), .fault = STR("") };
    enum err e = exchange_ask(cx, &named, ret);
    bool is_answer = e == ERR_OK || exchange_is_refusal(ret->fault);
    if (!is_answer && str_is_empty(ret->fault) && e != ERR_UPSTREAM && e != ERR_DEADLINE) {
        return e;
    }
    TRY(note_line(cx, a->c->id, is_answer));
    return is_answer ? ERR_OK : err_set(cx, ERR_UPSTREAM, "portal: " STR_FMT, STR_ARG(ret->fault));
}

enum err
exchange_arrival_read(struct ctx *cx, struct arrival *a, struct str *ret_fault)
{
    struct exchange_reply reply;
    struct json *tree = NULL;
    struct buf b = buf_new(cx->arena, 4096);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "national", a->r.national);
    json_close(&o);
    struct exchange_question q = {
        .operation = a->c->dossier.get,
        .fields = buf_str(&b),
        .key = str_fmt(cx->arena, "arrival:%" PRId64 ":%" PRId64 ":get", a->r.id, a->r.revision),
    };
    TRY(exchange_arrival_ask(cx, a, &q, &reply));
    *ret_fault = str_is_empty(reply.fault) ? STR("") : STR("gone");
    if (!str_is_empty(reply.fault)) {
        return ERR_OK;
    }
    TRY(json_parse(cx->arena, reply.fields, (struct json_limits){ 0 }, &tree, NULL));
    a->doc = tree;
    struct str procedure = json_text(tree, "procedure");
    struct str unit = json_text(tree, "unit_code");
    a->r.procedure_code = procedure.p == NULL ? STR("") : procedure;
    a->r.unit_code = unit.p == NULL ? STR("") : unit;
    return ERR_OK;
}

/* --- the list --------------------------------------------------------------------------------- */
struct list_job {
    const struct exchange_connector *c;
    const struct json *items;
};

static struct str
work_for(struct str change, struct str state)
{
    bool is_taken = str_eq(state, STR("taken"));
    return str_eq(change, STR("withdrawn")) ? STR("withdraw")
           : is_taken                       ? STR("change")
                                            : STR("arrive");
}

/* A number that we do not know as an arrival: new, or a dossier that went from here to the portal.
 */
static enum err
add_new(struct ctx *cx, const struct list_job *job, const struct json *item)
{
    struct q_xportal_by_national_list own;
    struct str national = json_text(item, "national");
    TRY(q_xportal_by_national(cx, &own, .national = national, .limit_n = 1));
    bool is_own = own.n > 0;
    return q_xarrival_insert(
        cx, NULL, .id = store_new_id(cx), .connector = job->c->id, .national = national,
        .revision = json_int(item, "revision", 1), .state = is_own ? STR("taken") : STR("new"),
        .work = is_own ? STR("") : work_for(json_text(item, "change"), STR("new")),
        .fault = is_own ? STR("own") : STR(""), .outcome = is_own ? STR("own") : STR(""),
        .n_outcome = is_own ? 1 : 0, .is_told = is_own ? 0 : 1,
        .dossier_id = is_own ? own.v[0].dossier_id : 0, .at_us = sys_now_us(cx));
}

/* One that we know: the portal did not hear our answer, or it changed. */
static enum err
add_known(struct ctx *cx, int64_t id, const struct json *item)
{
    struct q_xarrival_by_id r;
    int64_t revision = json_int(item, "revision", 1);
    TRY(q_xarrival_by_id(cx, &r, .id = id));
    if (revision <= r.revision) {
        r.n_again++;
        r.is_told = str_is_empty(r.work) && r.is_told == 1 ? 0 : r.is_told;
        return put_row(cx, &r);
    }
    r.revision = revision;
    r.work = work_for(json_text(item, "change"), r.state);
    r.state = str_eq(r.state, STR("taken")) ? r.state : STR("new");
    r.is_told = 1; /* the answer to this revision comes after the work */
    r.tries = 0;
    r.next_us = 0;
    return put_row(cx, &r);
}

static enum err
list_tx(struct ctx *cx, void *arg)
{
    const struct list_job *job = arg;
    for (JSON_EACH(job->items, it)) {
        struct q_xarrival_by_national have;
        struct str national = json_text(it, "national");
        if (str_is_empty(national) || national.n > 64) {
            continue; /* a number that cannot be one cannot be answered either */
        }
        enum err e = q_xarrival_by_national(cx, &have, .national = national);
        if (e != ERR_OK && e != ERR_NOT_FOUND) {
            return e;
        }
        TRY(e == ERR_OK ? add_known(cx, have.id, it) : add_new(cx, job, it));
    }
    return ERR_OK;
}

struct poll_job {
    struct str connector;
    int64_t at_us;
};

static enum err
poll_tx(struct ctx *cx, void *arg)
{
    const struct poll_job *job = arg;
    return q_xline_poll(cx, NULL, .connector = job->connector, .poll_us = job->at_us);
}

static enum err
poll(struct ctx *cx, const struct exchange_connector *c)
{
    struct arrival a = { .c = c };
    struct q_xline_poll_get due = { 0 };
    struct exchange_reply reply;
    struct json *tree = NULL;
    enum err e = q_xline_poll_get(cx, &due, .connector = c->id);
    if ((e != ERR_OK && e != ERR_NOT_FOUND) || due.poll_us > sys_now_us(cx)) {
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    struct exchange_question q = { .operation = c->dossier.list,
                                   .fields = STR("{\"n\":\"" ASKED_N "\"}"),
                                   .key = str_cat(cx->arena, STR("arrivals:"), c->id),
                                   .is_poll = true };
    TRY(exchange_arrival_ask(cx, &a, &q, &reply));
    int64_t every_s = cx->config->is_demo ? DEMO_S : c->dossier.every_s;
    struct poll_job next = { c->id, sys_now_us(cx) + every_s * DATE_US_PER_S };
    if (str_is_empty(reply.fault)) {
        TRY(json_parse(cx->arena, reply.fields, (struct json_limits){ 0 }, &tree, NULL));
        struct list_job job = { c, json_get(tree, "dossiers") };
        TRY(store_write(cx, list_tx, &job));
    }
    return store_write(cx, poll_tx, &next);
}

/* --- work ------------------------------------------------------------------------------------- */
static enum err
work_one(struct ctx *cx, struct arrival *a)
{
    if (str_eq(a->r.work, STR("withdraw"))) {
        return exchange_arrival_withdraw(cx, a);
    }
    return str_eq(a->r.work, STR("change")) ? exchange_arrival_change(cx, a)
                                            : exchange_arrival_take(cx, a);
}

/* No answer, or the scanner of papers away: later again, less and less often. */
static enum err
put_off(struct ctx *cx, struct arrival *a, enum err why)
{
    struct q_xarrival_by_id r;
    TRY(q_xarrival_by_id(cx, &r, .id = a->r.id)); /* a draft may have been begun */
    r.tries++;
    r.fault = why == ERR_UPSTREAM || why == ERR_DEADLINE ? STR("down") : STR("busy");
    r.next_us =
        sys_now_us(cx) + (INT64_C(1) << (r.tries < BACK_MAX ? r.tries : BACK_MAX)) * DATE_US_PER_S;
    return store_write(cx, put_tx, &r);
}

static enum err
work_all(struct ctx *cx)
{
    struct q_xarrival_due_list due;
    TRY(q_xarrival_due(cx, &due, .now_us = sys_now_us(cx), .limit_n = WORK_N));
    for (size_t i = 0; i < due.n; i++) {
        struct arrival a;
        enum err e = exchange_arrival_load(cx, due.v[i].id, &a);
        if (e == ERR_GONE || (e == ERR_OK && exchange_line_is_down(cx, a.c->id))) {
            continue;
        }
        TRY(e);
        cx->n_problems = 0;
        e = work_one(cx, &a);
        if (e != ERR_OK) {
            TRY(put_off(cx, &a, e));
        }
        cx->n_problems = 0;
    }
    return ERR_OK;
}

/* --- what the portal is told ------------------------------------------------------------------ */
static void
put(struct json_out *o, const char *name, struct str value)
{
    if (!str_is_empty(value)) {
        json_put_str(o, name, value);
    }
}

static struct str
reason_text(struct ctx *cx, const struct q_xarrival_by_id *r)
{
    struct str why =
        str_is_empty(r->fault)
            ? STR_NULL
            : text_find(cx, str_cat(cx->arena, STR("exchange.arrival.fault."), r->fault));
    return why.p == NULL || str_is_empty(r->note)
               ? (why.p == NULL ? r->note : why)
               : str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(why), STR_ARG(r->note));
}

static enum err
told_tx(struct ctx *cx, void *arg)
{
    const struct q_xarrival_by_id *r = arg;
    return q_xarrival_told(cx, NULL, .id = r->id, .n_outcome = r->n_outcome, .is_told = r->is_told);
}

static enum err
tell_one(struct ctx *cx, struct arrival *a)
{
    struct exchange_reply reply;
    struct dossier d = { 0 };
    struct buf b = buf_new(cx->arena, 16384);
    struct json_out o = json_out(&b);
    if (a->r.dossier_id != 0) {
        TRY(dossier_get(cx, a->r.dossier_id, &d));
        a->subject = d.party;
    }
    json_open(&o);
    put(&o, "national", a->r.national);
    put(&o, "revision", str_fmt(cx->arena, "%" PRId64, a->r.revision));
    put(&o, "outcome", a->r.outcome);
    put(&o, "number", d.number);
    put(&o, "received", d.id == 0 ? STR_NULL : date_iso_instant_vn(cx->arena, d.submitted_us));
    put(&o, "due", d.id == 0 ? STR_NULL : date_iso_instant_vn(cx->arena, d.due_us));
    put(&o, "unit_name", d.id == 0 ? STR_NULL : unit_name(cx, d.unit));
    put(&o, "reason", reason_text(cx, &a->r));
    put(&o, "at", date_iso_instant_vn(cx->arena, a->r.at_us));
    json_close(&o);
    struct exchange_question q = {
        .operation = a->c->dossier.taken,
        .fields = buf_str(&b),
        .key = str_fmt(cx->arena, "arrival:%" PRId64 ":told:%" PRId64, a->r.id, a->r.n_outcome),
    };
    TRY(exchange_arrival_ask(cx, a, &q, &reply));
    a->r.is_told = str_is_empty(reply.fault) ? 1 : 2;
    TRY(store_write(cx, told_tx, &a->r));
    return a->r.dossier_id == 0 ? ERR_OK : exchange_portal_tell(cx, a->r.dossier_id);
}

static enum err
tell_all(struct ctx *cx)
{
    struct q_xarrival_untold_list l;
    TRY(q_xarrival_untold(cx, &l, .after = 0, .limit_n = TELL_N));
    for (size_t i = 0; i < l.n; i++) {
        struct arrival a;
        enum err e = exchange_arrival_load(cx, l.v[i].id, &a);
        if (e == ERR_GONE || (e == ERR_OK && exchange_line_is_down(cx, a.c->id))) {
            continue;
        }
        TRY(e);
        TRY(tell_one(cx, &a));
    }
    return ERR_OK;
}

enum err
exchange_arrivals_turn(struct ctx *cx, int64_t *ret_again_us)
{
    const struct exchange_connector *c = exchange_portal_now(cx);
    *ret_again_us = TURN_US;
    bool may_ask = c != NULL && !str_is_empty(c->dossier.list) &&
                   exchange_portal_since(cx, c) != INT64_MAX && !exchange_line_is_down(cx, c->id);
    enum err e = may_ask ? poll(cx, c) : ERR_OK;
    e = e == ERR_OK ? work_all(cx) : e;
    e = e == ERR_OK ? tell_all(cx) : e;
    return e == ERR_UPSTREAM || e == ERR_DEADLINE ? ERR_OK : e; /* the line's state has it */
}

/* --- for pages -------------------------------------------------------------------------------- */
static void
show(struct ctx *cx, const struct q_xarrival_by_id *r, struct exchange_arrival *ret)
{
    const struct exchange_connector *c = exchange_connector(cx, r->connector);
    *ret = (struct exchange_arrival){
        .id = r->id,
        .dossier = r->dossier_id,
        .revision = r->revision,
        .first_us = r->first_us,
        .at_us = r->at_us,
        .n_again = r->n_again,
        .tries = r->tries,
        .national = r->national,
        .state = r->state,
        .fault = r->fault,
        .outcome = r->outcome,
        .procedure = r->procedure_code,
        .unit = r->unit_code,
        .why = reason_text(cx, r),
        .connector = c == NULL ? r->connector : pack_text(cx, c->name),
        .is_told = r->is_told == 1,
        .is_told_refused = r->is_told == 2,
        .is_working = !str_is_empty(r->work),
    };
}

enum err
exchange_arrivals(struct ctx *cx, struct str state, int64_t before, struct exchange_arrival **ret,
                  size_t *ret_n)
{
    int64_t top = before == 0 ? BEFORE_ALL : before;
    int64_t ids[LIST_MAX];
    size_t n = 0;
    if (str_is_empty(state)) {
        struct q_xarrival_newest_list l;
        TRY(q_xarrival_newest(cx, &l, .before = top, .limit_n = LIST_MAX));
        for (; n < l.n; n++) {
            ids[n] = l.v[n].id;
        }
    } else {
        struct q_xarrival_in_state_list l;
        TRY(q_xarrival_in_state(cx, &l, .state = state, .before = top, .limit_n = LIST_MAX));
        for (; n < l.n; n++) {
            ids[n] = l.v[n].id;
        }
    }
    *ret = ARENA_ARRAY(cx->arena, struct exchange_arrival, n + 1);
    for (size_t i = 0; i < n; i++) {
        TRY(exchange_arrival_get(cx, ids[i], &(*ret)[i]));
    }
    *ret_n = n;
    return ERR_OK;
}

enum err
exchange_arrival_get(struct ctx *cx, int64_t id, struct exchange_arrival *ret)
{
    struct q_xarrival_by_id r;
    TRY(q_xarrival_by_id(cx, &r, .id = id));
    show(cx, &r, ret);
    return ERR_OK;
}

enum err
exchange_arrival_of(struct ctx *cx, int64_t dossier, struct exchange_arrival *ret)
{
    struct q_xarrival_by_dossier_list l;
    TRY(q_xarrival_by_dossier(cx, &l, .dossier_id = dossier, .limit_n = 1));
    return l.n == 0 ? err_set(cx, ERR_NOT_FOUND, "dossier %" PRId64 " was filed here", dossier)
                    : exchange_arrival_get(cx, l.v[0].id, ret);
}

enum err
exchange_arrivals_held(struct ctx *cx, int64_t *ret_n)
{
    struct q_xarrival_n row;
    TRY(q_xarrival_n(cx, &row, .state = STR("held")));
    *ret_n = row.n;
    return ERR_OK;
}

/* --- the operator ----------------------------------------------------------------------------- */
enum err
exchange_arrivals_fetch(struct ctx *cx)
{
    const struct exchange_connector *c = exchange_portal_now(cx);
    struct poll_job now = { c == NULL ? STR("") : c->id, 0 };
    return c == NULL ? err_set(cx, ERR_CONFLICT, "no portal is in force")
                     : store_write(cx, poll_tx, &now);
}

struct act_job {
    int64_t id;
    struct str reason; /* null: work on it again */
};

static enum err
act_tx(struct ctx *cx, void *arg)
{
    const struct act_job *job = arg;
    struct q_xarrival_by_id r;
    bool is_refusal = job->reason.p != NULL;
    TRY(q_xarrival_by_id(cx, &r, .id = job->id));
    bool is_held = str_eq(r.state, STR("held"));
    bool is_new = str_eq(r.state, STR("new")) && !is_refusal;
    bool is_unheard = r.is_told == 2 && !is_refusal;
    bool is_unchanged = str_eq(r.outcome, STR("unchanged")) && !is_refusal;
    if (!is_held && !is_new && !is_unheard && !is_unchanged) {
        return err_set(cx, ERR_CONFLICT, "arrival %" PRId64 " is " STR_FMT, r.id, STR_ARG(r.state));
    }
    struct ledger_new e = { .kind =
                                is_refusal ? "exchange.arrival_refused" : "exchange.arrival_again",
                            .object = ledger_object(cx, "arrival", r.id),
                            .note = r.fault };
    if (is_refusal) {
        r.state = STR("refused");
        r.outcome = STR("refused");
        r.note = job->reason;
        r.n_outcome++;
        r.is_told = 0;
    } else if (is_unheard) {
        r.is_told = 0;
    } else {
        r.state = is_unchanged ? r.state : STR("new");
        r.work = is_unchanged ? STR("change") : STR("arrive");
        r.is_told = 1;
    }
    r.tries = 0;
    r.next_us = 0;
    TRY(put_row(cx, &r));
    return ledger_add(cx, &e);
}

enum err
exchange_arrival_again(struct ctx *cx, int64_t id)
{
    struct act_job job = { .id = id };
    return store_write(cx, act_tx, &job);
}

enum err
exchange_arrival_refuse(struct ctx *cx, int64_t id, struct str reason)
{
    struct act_job job = { id, str_trim(reason) };
    if (str_is_empty(job.reason)) {
        ctx_problem(cx, STR("reason"), STR("exchange.why_missing"), STR_NULL);
        return ctx_check(cx);
    }
    return store_write(cx, act_tx, &job);
}
