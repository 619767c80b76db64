/* app_simulate.c: files generated dossiers through the engines and works on them as officers would,
 * hour by hour on a clock of its own, so that every figure has a life behind it. Events are played
 * in the order of their instants; each act is one durable transaction, and a later run goes on with
 * the cases that an earlier one left open. */
#include "app/app_simulate.h"
#include "app/app_fill.h"
#include "base/buf.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier.h"
#include "engine/ledger/ledger.h"
#include "engine/paper/paper.h"
#include "engine/party/party.h"
#include "engine/pay/pay.h"
#include "engine/unit/unit.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define HOUR_US     (INT64_C(3600) * DATE_US_PER_S)
#define DAY_US      (24 * HOUR_US)
#define FILES_BYTES (64U << 10)
#define TRIES_MAX   40
#define SAY_EVERY   100
#define YOUNGEST    "2005-01-01"
#define LANES       8
#define ACTS_MAX    60 /* of one dossier: a process that loops ends here */

struct event {
    int64_t at_us;
    int64_t dossier; /* 0: file a new one */
    int32_t n_acts;
};

struct weighted {
    struct str key;
    int64_t weight;
};

struct shared {           /* by all lanes */
    pthread_mutex_t jobs; /* one drains the queue at a time */
    pthread_mutex_t
        desk; /* one signs at a time: a clock ahead would end the others' key sessions */
    _Atomic int64_t n_filed;
    int64_t n_wanted;
};

/* One lane: some communes and their cases, on a thread and clock of its own. Lanes share commits.
 */
struct simulation {
    struct ctx *cx; /* with the clock of the lane; its arena is emptied after each event */
    struct ctx own;
    struct shared *shared;
    const struct app_simulation *what;
    size_t lane;
    enum err result;
    struct arena *arena;
    struct sys_clock_fake clock;
    struct sys_random_seeded random;
    struct event *heap;
    size_t n_events, cap;
    struct weighted *procedures;
    size_t n_procedures;
    int64_t hours[24], weekdays[8], months[13];
    const struct unit *const *communes;
    size_t n_communes;
    int64_t end_us;
    int64_t n_filed, n_done, n_failed;
};

/* --- events in order of time: a binary heap
 * -------------------------------------------------------- */
static void
event_push(struct simulation *s, struct event e)
{
    if (s->n_events == s->cap) {
        size_t cap = size_mul(s->cap, 2);
        struct event *v = ARENA_ARRAY(s->arena, struct event, cap);
        for (size_t i = 0; i < s->n_events; i++) {
            v[i] = s->heap[i];
        }
        s->heap = v;
        s->cap = cap;
    }
    size_t i = s->n_events++;
    for (; i > 0 && s->heap[(i - 1) / 2].at_us > e.at_us; i = (i - 1) / 2) {
        s->heap[i] = s->heap[(i - 1) / 2];
    }
    s->heap[i] = e;
}

static struct event
event_pop(struct simulation *s)
{
    struct event first = s->heap[0];
    struct event last = s->heap[--s->n_events];
    size_t i = 0;
    for (size_t k = 1; k < s->n_events; k = 2 * i + 1) {
        k += k + 1 < s->n_events && s->heap[k + 1].at_us < s->heap[k].at_us;
        if (s->heap[k].at_us >= last.at_us) {
            break;
        }
        s->heap[i] = s->heap[k];
        i = k;
    }
    s->heap[i] = last;
    return first;
}

static uint32_t
draw(struct simulation *s, uint32_t below)
{
    uint32_t v = 0;
    s->random.base.fill(&s->random.base, &v, sizeof(v));
    return v % below;
}

/* --- lists --------------------------------------------------------------------------------------
 */
static enum err
read_shape(struct simulation *s)
{
    struct str bytes;
    struct str line;
    TRY(sys_file_read(s->cx, STR("packs/demo/filing-shape.csv"), FILES_BYTES, &bytes));
    while (str_next(&bytes, '\n', &line)) {
        struct str kind;
        struct str key;
        struct str weight;
        struct str rest;
        int64_t k = 0;
        int64_t w = 0;
        if (!str_cut(line, ',', &kind, &rest) || !str_cut(rest, ',', &key, &weight) ||
            !str_to_i64(str_trim(weight), 0, 100000, &w) || !str_to_i64(key, 0, 23, &k)) {
            continue;
        }
        if (str_eq(kind, STR("hour"))) {
            s->hours[k] = w;
        } else if (str_eq(kind, STR("weekday")) && k < 8) {
            s->weekdays[k] = w;
        } else if (str_eq(kind, STR("month")) && k < 13) {
            s->months[k] = w;
        }
    }
    return ERR_OK;
}

/* Procedures that are filed, of those the pack in force knows. */
static enum err
read_procedures(struct simulation *s)
{
    struct str bytes;
    struct str line;
    struct date today = calendar_today(s->cx);
    TRY(sys_file_read(s->cx, STR("packs/demo/procedure-weights.csv"), FILES_BYTES, &bytes));
    s->procedures = ARENA_ARRAY(s->arena, struct weighted, bytes.n / 4 + 1);
    while (str_next(&bytes, '\n', &line)) {
        struct weighted w;
        struct str weight;
        if (str_cut(line, ',', &w.key, &weight) &&
            str_to_i64(str_trim(weight), 1, 100000, &w.weight) &&
            procedure_at(s->cx, w.key, today) != NULL) {
            w.key = str_dup(s->arena, w.key);
            s->procedures[s->n_procedures++] = w;
        }
    }
    return s->n_procedures > 0
               ? ERR_OK
               : err_set(s->cx, ERR_INVALID, "no procedure of the list is in the pack");
}

static size_t
pick_weight(struct simulation *s, const int64_t *weights, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += weights[i];
    }
    int64_t at = sum > 0 ? (int64_t)draw(s, (uint32_t)sum) : 0;
    size_t i = 0;
    while (i + 1 < n && at >= weights[i]) {
        at -= weights[i++];
    }
    return i;
}

static struct str
pick_procedure(struct simulation *s)
{
    int64_t sum = 0;
    for (size_t i = 0; i < s->n_procedures; i++) {
        sum += s->procedures[i].weight;
    }
    int64_t at = (int64_t)draw(s, (uint32_t)sum);
    size_t i = 0;
    while (i + 1 < s->n_procedures && at >= s->procedures[i].weight) {
        at -= s->procedures[i++].weight;
    }
    return s->procedures[i].key;
}

/* --- when
 * ------------------------------------------------------------------------------------------ */
/* Weight of a day: its weekday and month; at Tết nobody files, on other holidays few do. */
static int64_t
weight_of_day(struct simulation *s, struct date d)
{
    struct calendar_day day;
    int64_t w = s->weekdays[date_weekday(d)] * s->months[date_civil(d).month];
    struct lunar l = calendar_lunar(d);
    bool is_tet = (l.month == 12 && l.mday >= 29) || (l.month == 1 && l.mday <= 5);
    calendar_day(s->cx, STR_NULL, d, &day);
    if (is_tet) {
        return 0;
    }
    return day.is_holiday ? w / 10 : w;
}

static enum err
plan_filings(struct simulation *s, int64_t n, int32_t days)
{
    struct date last = date_at_vn(s->end_us);
    size_t n_days = (size_t)days + 1;
    int64_t *weights = ARENA_ARRAY(s->arena, int64_t, n_days);
    for (size_t i = 0; i < n_days; i++) {
        struct date d = { last.day - (int32_t)i };
        weights[i] = weight_of_day(s, d);
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t at_us = 0;
        for (int k = 0; k < TRIES_MAX && (at_us == 0 || at_us >= s->end_us); k++) {
            struct date d = { last.day - (int32_t)pick_weight(s, weights, n_days) };
            size_t hour = pick_weight(s, s->hours, COUNT_OF(s->hours));
            at_us = date_to_us_vn(d, (int32_t)(hour * 3600 + draw(s, 3600))) + draw(s, 1000000);
        }
        event_push(s, (struct event){ at_us < s->end_us ? at_us : s->end_us - HOUR_US, 0, 0 });
    }
    return ERR_OK;
}

/* --- who
 * -------------------------------------------------------------------------------------------- */
static void
become(struct simulation *s, const struct actor *me)
{
    struct actor *kept = ARENA_NEW(s->cx->arena, struct actor);
    *kept = *me;
    s->cx->actor = kept;
    s->cx->who = (struct ctx_who){ .account = me->account, .party = me->party, .unit = me->unit };
}

struct account_job {
    const struct simulation *s;
    const struct party *party;
    int64_t id;
};

static enum err
account_tx(struct ctx *cx, void *arg)
{
    struct account_job *job = arg;
    return access_account_add(cx, job->party->id, job->party->personal_id, job->s->what->hash,
                              false, false, &job->id);
}

/* A person's account; made when there is none, so that each can sign in. */
static enum err
account_of(struct simulation *s, const struct party *p, struct actor *ret)
{
    struct account_job job = { .s = s, .party = p };
    if (access_account_by_party(s->cx, p->id, &job.id) != ERR_OK) {
        TRY(store_write(s->cx, account_tx, &job));
    }
    return access_actor_of_account(s->cx, job.id, ret);
}

/* Keeps those who may file for themselves. */
static size_t
grown_ups(struct party *people, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(people[i].kind, STR("person")) &&
            str_cmp(people[i].birth_date, STR(YOUNGEST)) < 0) {
            people[kept++] = people[i];
        }
    }
    return kept;
}

/* Grown-ups of a commune with a surname drawn at random. */
static enum err
people_of(struct simulation *s, const struct unit *u, struct party **ret, size_t *ret_n)
{
    static const char *const surnames[] = { "nguyen", "tran", "le",  "pham", "hoang",
                                            "dieu",   "thi",  "bui", "vo",   "" };
    *ret_n = 0;
    for (int i = 0; i < TRIES_MAX && *ret_n == 0; i++) {
        struct str begin = str_of(surnames[draw(s, COUNT_OF(surnames))]);
        TRY(party_find(s->cx, u->key, begin, ret, ret_n));
        *ret_n = grown_ups(*ret, *ret_n);
    }
    return *ret_n > 0 ? ERR_OK
                      : err_set(s->cx, ERR_NOT_FOUND, "nobody lives in " STR_FMT, STR_ARG(u->key));
}

/* --- filing
 * ------------------------------------------------------------------------------------------ */
struct filing {
    const struct procedure *procedure;
    const struct unit *home;
    struct party *people;
    size_t n_people;
    struct party who;
    struct dossier_draft draft;
};

/* A commune where the procedure's deciding unit has officers. */
static enum err
choose(struct simulation *s, struct filing *f)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        struct access_officer *officers = NULL;
        const struct unit *decides = NULL;
        size_t n = 0;
        struct date today = calendar_today(s->cx);
        f->procedure = procedure_at(s->cx, pick_procedure(s), today);
        f->home = s->communes[draw(s, (uint32_t)s->n_communes)];
        if (f->procedure == NULL || unit_competent(s->cx, procedure_decides_on(f->procedure, today),
                                                   f->home->key, today, &decides) != ERR_OK) {
            continue;
        }
        TRY(access_officers(s->cx, decides->key, STR("receiver"), &officers, &n));
        if (n > 0) {
            f->draft.unit = decides->key;
            return ERR_OK;
        }
    }
    return err_set(s->cx, ERR_NOT_FOUND,
                   "no unit with officers decides the procedures of the list");
}

static enum err
fill_draft(struct simulation *s, struct filing *f)
{
    struct fill_person who = { .unit_code = f->home->code,
                               .line = f->who.address,
                               .given = f->who.name,
                               .tax_code = STR("3800100009") };
    struct form_env env = dossier_form_env(s->cx, &f->draft);
    struct str *names = ARENA_ARRAY(s->cx->arena, struct str, f->n_people);
    for (size_t i = 0; i < f->n_people; i++) {
        names[i] = f->people[i].name;
    }
    who.others = names;
    who.n_others = f->n_people;
    who.n_sources = dossier_prefill_sources(s->cx, f->who.id, &who.sources);
    f->draft.collect = (f->procedure->collect & PROCEDURE_ELECTRONIC) != 0 && draw(s, 3) != 0
                           ? STR("electronic")
                           : STR("counter");
    f->draft.phone = str_is_empty(f->draft.phone) ? STR("0900000000") : f->draft.phone;
    f->draft.n_copies = 1;
    return app_fill(s->cx, form_find(pack_now(s->cx), f->procedure->form), &env, &who,
                    &f->draft.form);
}

static enum err
add_papers(struct simulation *s, const struct filing *f)
{
    struct dossier_check check;
    TRY(dossier_draft_check(s->cx, &f->draft, &check));
    for (size_t i = 0; i < check.n_papers; i++) {
        const struct dossier_need *need = &check.papers[i];
        struct paper kept;
        struct paper_new in = { .owner_id = f->who.id,
                                .dossier_id = f->draft.id,
                                .requirement = need->paper.id,
                                .type = need->paper.type,
                                .name = STR("giay-to-mau.pdf"),
                                .captured_by = STR("citizen"),
                                .bytes = s->what->paper,
                                .field = STR("paper") };
        if (need->is_needed && need->n_given == 0) {
            TRY(paper_add(s->cx, &in, &kept));
        }
    }
    return ERR_OK;
}

/* A draft with everything given that submitting wants, by somebody who is then the actor. */
static enum err
draft_one(struct simulation *s, struct dossier_draft *ret)
{
    struct filing f = { 0 };
    struct actor me;
    int64_t id = 0;
    bool is_counter = draw(s, 100) < 22 && calendar_is_open(s->cx, STR_NULL, sys_now_us(s->cx));
    TRY(choose(s, &f));
    TRY(people_of(s, f.home, &f.people, &f.n_people));
    f.who = f.people[draw(s, (uint32_t)f.n_people)];
    TRY(account_of(s, &f.who, &me));
    become(s, &me);
    struct dossier_draft_new in = { .procedure = f.procedure->code,
                                    .unit = f.draft.unit,
                                    .address = f.home->code,
                                    .channel = is_counter ? STR("counter") : STR("online"),
                                    .party = f.who.id,
                                    .account = me.account };
    TRY(dossier_draft_new(s->cx, &in, &id));
    TRY(dossier_draft_get(s->cx, id, 0, &f.draft));
    TRY(fill_draft(s, &f));
    TRY(dossier_draft_save(s->cx, &f.draft));
    TRY(add_papers(s, &f));
    *ret = f.draft;
    return ERR_OK;
}

static enum err
file_one(struct simulation *s, int64_t *ret_id)
{
    struct dossier_draft draft;
    struct dossier_receipt receipt;
    TRY(draft_one(s, &draft));
    TRY(dossier_submit(s->cx, &draft, &receipt));
    *ret_id = receipt.id;
    return ERR_OK;
}

/* --- working on it
 * ------------------------------------------------------------------------------------ */
static enum err
pay(struct simulation *s, const struct dossier *d)
{
    struct pay_bill *bills = NULL;
    size_t n = 0;
    TRY(pay_bill_list(s->cx, d->id, &bills, &n));
    for (size_t i = 0; i < n; i++) {
        struct str secret;
        struct pay_callback call;
        enum pay_answer answer;
        if (str_eq(bills[i].state, STR("open"))) {
            TRY(pay_secret(s->cx, &secret));
            TRY(pay_simulate(s->cx, &bills[i], secret, &call));
            TRY(pay_callback(s->cx, &call, secret, &answer));
        }
    }
    return ERR_OK;
}

static enum err
act_as_citizen(struct simulation *s, const struct dossier *d, const struct flow_task *t)
{
    struct party p;
    struct actor me;
    TRY(party_get(s->cx, d->party, &p));
    TRY(account_of(s, &p, &me));
    become(s, &me);
    if (str_eq(t->action, STR("pay"))) {
        return pay(s, d);
    }
    if (str_eq(t->action, STR("supplement"))) {
        return dossier_answer_supplement(s->cx, d->id, STR("Đã bổ sung (dữ liệu mẫu)"));
    }
    return dossier_answer_draft(s->cx, d->id, STR_NULL);
}

static struct str
outcome_of(struct simulation *s, const struct flow_step *step)
{
    static const char *const refusals[] = { "refuse", "reject" };
    bool is_refused = draw(s, 100) < 2;
    for (size_t i = 0; i < step->n_outcomes; i++) {
        for (size_t k = 0; k < COUNT_OF(refusals); k++) {
            if (is_refused && str_eq(step->outcomes[i], str_of(refusals[k]))) {
                return step->outcomes[i];
            }
        }
    }
    return step->n_outcomes > 0 ? step->outcomes[0] : STR("done");
}

static enum err
act_as_officer(struct simulation *s, const struct dossier *d, const struct flow_task *t,
               const struct flow_step *step)
{
    struct access_officer *officers = NULL;
    struct actor me;
    size_t n = 0;
    size_t n_signed = 0;
    TRY(access_officers(s->cx, t->unit, t->role, &officers, &n));
    if (n == 0) {
        return err_set(s->cx, ERR_NOT_FOUND, "nobody has role " STR_FMT, STR_ARG(t->role));
    }
    TRY(access_actor_of_account(s->cx, officers[draw(s, (uint32_t)n)].account, &me));
    become(s, &me);
    if (str_eq(t->action, STR("sign"))) {
        (void)pthread_mutex_lock(&s->shared->desk);
        enum err e = dossier_sign(s->cx, &t->id, 1, s->what->pin, &n_signed);
        (void)pthread_mutex_unlock(&s->shared->desk);
        return e;
    }
    if (str_eq(t->action, STR("return"))) {
        return dossier_hand_over(s->cx, t->id, t->version, d->applicant, STR("tại quầy"));
    }
    struct dossier_act act = { .task = t->id,
                               .version = t->version,
                               .outcome = outcome_of(s, step) };
    if (str_eq(t->action, STR("receive")) && d->n_supplements == 0 && draw(s, 100) < 8) {
        return dossier_ask_supplement(
            s->cx, &act, STR("[{\"paper\":null,\"text\":\"Bản chụp rõ hơn (dữ liệu mẫu)\"}]"));
    }
    act.note = step->n_outcomes > 0 && !str_eq(act.outcome, step->outcomes[0])
                   ? STR("Không đủ điều kiện (dữ liệu mẫu)")
                   : STR("");
    return dossier_do(s->cx, &act);
}

static enum err
open_task(struct simulation *s, const struct dossier *d, struct flow_task *ret,
          const struct flow_step **ret_step)
{
    const struct pack *pack = NULL;
    struct flow_case c;
    struct flow_task *tasks = NULL;
    size_t n = 0;
    TRY(pack_by_version(s->cx, d->pack_version, &pack));
    TRY(flow_case_by_subject(s->cx, d->id, &c));
    TRY(flow_tasks_of_case(s->cx, c.id, &tasks, &n));
    for (size_t i = 0; i < n; i++) {
        if (str_eq(tasks[i].state, STR("open"))) {
            *ret = tasks[i];
            *ret_step = flow_step_find(flow_find(pack, c.process_id), tasks[i].step_id);
            return *ret_step == NULL ? ERR_NOT_FOUND : ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* When the next task will be done: officers within its budget, two in a hundred far too late. */
static void
plan_next(struct simulation *s, int64_t id, int32_t n_acts)
{
    struct dossier d;
    struct flow_task t;
    const struct flow_step *step = NULL;
    if (n_acts >= ACTS_MAX || dossier_get(s->cx, id, &d) != ERR_OK ||
        !str_eq(d.state, STR("open"))) {
        s->n_done++;
        return;
    }
    enum err e = open_task(s, &d, &t, &step);
    if (e == ERR_NOT_FOUND) { /* another system or a payment is awaited */
        event_push(s, (struct event){ sys_now_us(s->cx) + HOUR_US / 6, id, n_acts + 1 });
        return;
    }
    int64_t budget_s = t.budget_s > 0 ? t.budget_s : CALENDAR_WORK_DAY_S;
    int64_t work_s = budget_s / 20 + (int64_t)draw(s, (uint32_t)(budget_s * 7 / 10));
    work_s = draw(s, 100) < 3 ? work_s + budget_s * 3 : work_s;
    int64_t at_us = str_eq(t.role, STR("citizen"))
                        ? sys_now_us(s->cx) + HOUR_US + (int64_t)draw(s, 20 * 3600) * DATE_US_PER_S
                        : calendar_add_work(s->cx, t.unit, sys_now_us(s->cx), work_s);
    event_push(s, (struct event){ at_us, id, n_acts + 1 });
}

static enum err
drain(struct simulation *s)
{
    (void)pthread_mutex_lock(&s->shared->jobs);
    enum err e = jobs_drain(s->cx, app_jobs());
    (void)pthread_mutex_unlock(&s->shared->jobs);
    return e;
}

static enum err
work_on(struct simulation *s, int64_t id)
{
    struct dossier d;
    struct flow_task t;
    const struct flow_step *step = NULL;
    TRY(dossier_get(s->cx, id, &d));
    if (!str_eq(d.state, STR("open"))) {
        return ERR_OK;
    }
    enum err e = open_task(s, &d, &t, &step);
    if (e == ERR_NOT_FOUND) {
        return drain(s);
    }
    TRY(e);
    TRY(str_eq(t.role, STR("citizen")) ? act_as_citizen(s, &d, &t)
                                       : act_as_officer(s, &d, &t, step));
    TRY(dossier_get(s->cx, id, &d));
    if (str_eq(d.state, STR("done")) && draw(s, 100) < 30) {
        struct party p;
        struct actor me;
        TRY(party_get(s->cx, d.party, &p));
        TRY(account_of(s, &p, &me));
        become(s, &me);
        TRY(dossier_rate(s->cx, id,
                         draw(s, 10) == 0 ? 2 + (int32_t)draw(s, 2) : 4 + (int32_t)draw(s, 2),
                         STR_NULL));
    }
    return str_eq(t.action, STR("pay")) ? drain(s) : ERR_OK;
}

/* --- the run
 * ---------------------------------------------------------------------------------------- */
static void
say(struct simulation *s)
{
    int64_t n = atomic_fetch_add(&s->shared->n_filed, 1) + 1;
    if (n % SAY_EVERY == 0) {
        (void)printf("  %" PRId64 " of %" PRId64 " filed\n", n, s->shared->n_wanted);
        (void)fflush(stdout);
    }
}

static void
play(struct simulation *s, struct event e)
{
    struct ctx *cx = s->cx;
    int64_t id = e.dossier;
    int64_t step_us = e.at_us - sys_now_us(cx);
    if (step_us > 0) {
        sys_clock_fake_step(&s->clock, step_us);
    }
    enum err err = id == 0 ? file_one(s, &id) : work_on(s, id);
    if (err == ERR_CONFLICT && id != 0) {
        err = ERR_OK; /* a timer was quicker: look again */
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        (void)fprintf(stderr, "bombo: simulate: %s (%s)%s" STR_FMT "\n", cx->err.text,
                      err_name(err), cx->n_problems > 0 ? ": " : "",
                      STR_ARG(cx->n_problems > 0 ? cx->problems[0].key : STR("")));
    }
    if (err == ERR_OK) {
        plan_next(s, id, e.n_acts);
    } else {
        s->n_failed++;
    }
    if (e.dossier == 0 && err == ERR_OK) {
        s->n_filed++;
        say(s);
    }
    cx->actor = NULL;
    cx->who = (struct ctx_who){ 0 };
    cx->n_problems = 0;
    arena_reset(cx->arena);
}

/* Cases that an earlier run left open go on from where it stopped, at the latest some hours ago. */
static enum err
resume_open(struct simulation *s)
{
    struct dossier_figure open = { .metric = STR("open") };
    struct ledger_entry *newest = NULL;
    int64_t from_us = s->end_us - 2 * HOUR_US;
    int64_t before = 0;
    size_t n_newest = 0;
    TRY(ledger_newest(s->cx, 0, &newest, &n_newest));
    if (n_newest > 0 && newest[0].at_us < from_us && newest[0].at_us > sys_now_us(s->cx)) {
        from_us = newest[0].at_us;
    }
    for (;;) {
        struct dossier_figure_row *rows = NULL;
        size_t n = 0;
        TRY(dossier_figure_list(s->cx, &open, before, &rows, &n));
        for (size_t i = 0; i < n; i++) {
            int64_t at_us = from_us + (int64_t)draw(s, 3600) * DATE_US_PER_S;
            if ((uint64_t)rows[i].id % LANES == s->lane) {
                event_push(s, (struct event){ at_us, rows[i].id, 0 });
            }
            before = rows[i].key;
        }
        if (n == 0) {
            return ERR_OK;
        }
    }
}

static enum err
prepare(struct simulation *s)
{
    int64_t n = (s->what->n + LANES - 1 - (int64_t)s->lane) / LANES;
    s->cap = (size_t)n + 64;
    s->heap = ARENA_ARRAY(s->arena, struct event, s->cap);
    TRY(read_shape(s));
    TRY(read_procedures(s));
    const struct unit *const *units = NULL;
    size_t n_units = unit_list(s->cx, UNIT_COMMUNE, calendar_today(s->cx), &units);
    const struct unit **kept = ARENA_ARRAY(s->arena, const struct unit *, n_units + 1);
    for (size_t i = s->lane; i < n_units; i += LANES) {
        kept[s->n_communes++] = units[i];
    }
    s->communes = kept;
    TRY(resume_open(s));
    return s->n_communes == 0 ? ERR_OK : plan_filings(s, n, s->what->days);
}

static void *
run_lane(void *arg)
{
    struct simulation *s = arg;
    s->result = prepare(s);
    while (s->result == ERR_OK && s->n_events > 0 && s->heap[0].at_us < s->end_us) {
        play(s, event_pop(s));
    }
    store_thread_done(s->cx->store);
    return NULL;
}

static void
open_lane(const struct ctx *cx, struct simulation *s)
{
    s->own = *cx;
    s->own.arena = arena_open(0);
    s->arena = arena_open(0);
    s->cx = &s->own;
    s->end_us = sys_now_us(cx);
    sys_random_seed(&s->random, (uint64_t)s->end_us + s->lane);
    sys_clock_fake_init(&s->clock, s->end_us - (s->what->days + 1) * DAY_US);
    s->own.clock = &s->clock.base;
}

static void
close_lane(struct ctx *cx, struct simulation *s, int64_t *going_on, int64_t *done)
{
    *going_on += (int64_t)s->n_events;
    *done += s->n_done;
    if (s->result != ERR_OK) {
        (void)ctx_fail(cx, s->result, __FILE__, __LINE__, "%s", s->own.err.text);
    }
    arena_close(s->own.arena);
    arena_close(s->arena);
}

enum err
app_simulate(struct ctx *cx, const struct app_simulation *what)
{
    struct shared shared = { .jobs = PTHREAD_MUTEX_INITIALIZER,
                             .desk = PTHREAD_MUTEX_INITIALIZER,
                             .n_wanted = what->n };
    struct simulation *lanes = ARENA_ARRAY(cx->arena, struct simulation, LANES);
    pthread_t threads[LANES];
    int64_t going_on = 0;
    int64_t done = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; i < LANES; i++) {
        lanes[i].shared = &shared;
        lanes[i].what = what;
        lanes[i].lane = i;
        open_lane(cx, &lanes[i]);
        ASSERT(pthread_create(&threads[i], NULL, run_lane, &lanes[i]) == 0);
    }
    for (size_t i = 0; i < LANES; i++) {
        (void)pthread_join(threads[i], NULL);
        e = lanes[i].result != ERR_OK ? lanes[i].result : e;
        close_lane(cx, &lanes[i], &going_on, &done);
    }
    TRY(e);
    (void)printf("  %" PRId64 " dossiers filed, %" PRId64 " finished, %" PRId64 " going on\n",
                 atomic_load(&shared.n_filed), done, going_on);
    return jobs_drain(cx, app_jobs());
}

enum err
app_simulate_drafts(struct ctx *cx, const struct app_simulation *what, app_draft_fn *fn, void *arg)
{
    struct shared shared = { .jobs = PTHREAD_MUTEX_INITIALIZER, .desk = PTHREAD_MUTEX_INITIALIZER };
    struct simulation *s = ARENA_NEW(cx->arena, struct simulation);
    int64_t n = 0;
    s->shared = &shared;
    s->what = what;
    open_lane(cx, s);
    s->own.clock = cx->clock;
    s->result = prepare(s);
    for (int64_t i = 0; s->result == ERR_OK && i < what->n; i++) {
        struct dossier_draft draft;
        s->result = draft_one(s, &draft);
        if (s->result == ERR_OK) {
            fn(s->cx, &draft, arg);
        }
        arena_reset(s->own.arena);
    }
    enum err e = s->result;
    close_lane(cx, s, &n, &n);
    return e;
}
