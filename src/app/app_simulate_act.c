/* app_simulate_act.c: one generated dossier: filed by a person, worked on by officers. */
#include "app/app_fill.h"
#include "app/app_simulate_int.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/paper/paper.h"
#include "engine/party/party.h"
#include "engine/pay/pay.h"
#include "store/store.h"

#define YOUNGEST    "2005-01-01"
#define ACT_US      (INT64_C(180) * DATE_US_PER_S)
#define LEFT_WORK_S (INT64_C(3) * CALENDAR_WORK_DAY_S)
#define ACTS_MAX    60 /* of one dossier: a process that loops ends here */

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
        struct str begin = str_of(surnames[sim_draw(s, COUNT_OF(surnames))]);
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

/* Two of three filings of its lane are the shown commune's, so that its desk is never empty. */
static const struct unit *
pick_commune(struct simulation *s)
{
    if (s->shown != NULL && sim_draw(s, 3) > 0) {
        return s->shown;
    }
    return s->communes[sim_draw(s, (uint32_t)s->n_communes)];
}

/* A commune where the procedure's deciding unit has officers. */
static enum err
choose(struct simulation *s, struct filing *f)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        struct access_officer *officers = NULL;
        const struct unit *decides = NULL;
        size_t n = 0;
        struct date today = calendar_today(s->cx);
        f->procedure = procedure_at(s->cx, sim_pick_procedure(s), today);
        f->home = pick_commune(s);
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
    f->draft.collect = (f->procedure->collect & PROCEDURE_ELECTRONIC) != 0 && sim_draw(s, 3) != 0
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
enum err
sim_draft_one(struct simulation *s, struct dossier_draft *ret)
{
    struct filing f = { 0 };
    struct actor me;
    int64_t id = 0;
    bool is_counter = sim_draw(s, 100) < 22 && calendar_is_open(s->cx, STR_NULL, sys_now_us(s->cx));
    TRY(choose(s, &f));
    TRY(people_of(s, f.home, &f.people, &f.n_people));
    f.who = f.people[sim_draw(s, (uint32_t)f.n_people)];
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

enum err
sim_file_one(struct simulation *s, int64_t *ret_id)
{
    struct dossier_draft draft;
    struct dossier_receipt receipt;
    TRY(sim_draft_one(s, &draft));
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
    bool is_refused = sim_draw(s, 100) < 2;
    for (size_t i = 0; i < step->n_outcomes; i++) {
        for (size_t k = 0; k < COUNT_OF(refusals); k++) {
            if (is_refused && str_eq(step->outcomes[i], str_of(refusals[k]))) {
                return step->outcomes[i];
            }
        }
    }
    return step->n_outcomes > 0 ? step->outcomes[0] : STR("done");
}

/* Nothing is signed past its appointment without an apology. */
static enum err
apologise_first(struct simulation *s, const struct dossier *d)
{
    if (!dossier_lacks_apology(s->cx, d)) {
        return ERR_OK;
    }
    int64_t until_us =
        calendar_add_work(s->cx, d->unit, calendar_now_us(s->cx), 2 * CALENDAR_WORK_DAY_S);
    return dossier_apologise(s->cx, d->id, STR("Số hồ sơ tăng cao, cần thêm thời gian thẩm tra"),
                             until_us);
}

/* Whoever else stands in the dossier agrees at the counter when it is taken in. */
static enum err
hear_others(struct simulation *s, const struct dossier *d)
{
    struct party_consent *v = NULL;
    size_t n = 0;
    TRY(party_consents_of_dossier(s->cx, d->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (v[i].is_needed && str_eq(v[i].state, STR("asked"))) {
            TRY(dossier_consent_answer(s->cx, &v[i], STR("given"), STR("present"),
                                       STR("Tờ khai (dữ liệu mẫu)")));
        }
    }
    return ERR_OK;
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
    TRY(access_actor_of_account(s->cx, officers[sim_draw(s, (uint32_t)n)].account, &me));
    become(s, &me);
    if (str_eq(t->action, STR("sign"))) {
        TRY(apologise_first(s, d));
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
    if (str_eq(t->action, STR("receive")) && d->n_supplements == 0 && sim_draw(s, 100) < 8) {
        return dossier_ask_supplement(
            s->cx, &act, STR("[{\"paper\":null,\"text\":\"Bản chụp rõ hơn (dữ liệu mẫu)\"}]"));
    }
    act.note = step->n_outcomes > 0 && !str_eq(act.outcome, step->outcomes[0])
                   ? STR("Không đủ điều kiện (dữ liệu mẫu)")
                   : STR("");
    bool is_signing = str_eq(t->action, STR("receive")); /* the papers that are accepted */
    if (is_signing) {
        TRY(hear_others(s, d));
        (void)pthread_mutex_lock(&s->shared->desk);
    }
    enum err e = dossier_do(s->cx, &act);
    if (is_signing) {
        (void)pthread_mutex_unlock(&s->shared->desk);
    }
    return e;
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

/* Cases that an act since from_us opened at other offices go on by themselves. */
static enum err
plan_linked(struct simulation *s, const struct dossier *d, int64_t from_us)
{
    struct dossier *linked = NULL;
    size_t n = 0;
    if (d->parent != 0) {
        return ERR_OK;
    }
    TRY(dossier_linked(s->cx, d, &linked, &n));
    for (size_t i = 0; i < n; i++) {
        if (linked[i].submitted_us >= from_us) {
            sim_plan_next(s, linked[i].id, 0);
        }
    }
    return ERR_OK;
}

/* The shown commune's leader has not signed for some days: whoever tries the demo finds work there.
 */
static bool
is_left_to_sign(const struct simulation *s, const struct flow_task *t)
{
    return s->shown != NULL && str_eq(t->action, STR("sign")) && str_eq(t->unit, s->shown->key) &&
           calendar_add_work(s->cx, t->unit, sys_now_us(s->cx), LEFT_WORK_S) > s->end_us;
}

/* When the next task will be done: officers within its budget, two in a hundred far too late. */
void
sim_plan_next(struct simulation *s, int64_t id, int32_t n_acts)
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
    if (e != ERR_OK) { /* another system or a payment is awaited */
        sim_push(s, (struct event){ sys_now_us(s->cx) + HOUR_US / 6, id, n_acts + 1 });
        return;
    }
    int64_t budget_s = t.budget_s > 0 ? t.budget_s : CALENDAR_WORK_DAY_S;
    int64_t work_s = budget_s / 20 + (int64_t)sim_draw(s, (uint32_t)(budget_s * 7 / 10));
    work_s = sim_draw(s, 100) < 3 ? work_s + budget_s * 3 : work_s;
    int64_t at_us =
        str_eq(t.role, STR("citizen"))
            ? sys_now_us(s->cx) + HOUR_US + (int64_t)sim_draw(s, 20 * 3600) * DATE_US_PER_S
            : calendar_add_work(s->cx, t.unit, sys_now_us(s->cx), work_s);
    at_us = is_left_to_sign(s, &t) ? s->end_us : at_us;
    sim_push(s, (struct event){ at_us, id, n_acts + 1 });
}

static enum err
drain(struct simulation *s)
{
    (void)pthread_mutex_lock(&s->shared->jobs);
    (void)pthread_mutex_lock(&s->shared->desk); /* some answers are sealed */
    enum err e = jobs_drain(s->cx, app_jobs());
    (void)pthread_mutex_unlock(&s->shared->desk);
    (void)pthread_mutex_unlock(&s->shared->jobs);
    return e;
}

enum err
sim_work_on(struct simulation *s, int64_t id)
{
    struct dossier d;
    struct flow_task t;
    const struct flow_step *step = NULL;
    int64_t from_us = sys_now_us(s->cx);
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
    TRY(plan_linked(s, &d, from_us));
    TRY(dossier_get(s->cx, id, &d));
    if (str_eq(d.state, STR("done")) && sim_draw(s, 100) < 30) {
        struct party p;
        struct actor me;
        TRY(party_get(s->cx, d.party, &p));
        TRY(account_of(s, &p, &me));
        become(s, &me);
        TRY(dossier_rate(s->cx, id,
                         sim_draw(s, 10) == 0 ? 2 + (int32_t)sim_draw(s, 2)
                                              : 4 + (int32_t)sim_draw(s, 2),
                         STR_NULL));
    }
    return str_eq(t.action, STR("pay")) ? drain(s) : ERR_OK;
}

enum err
sim_bring_to(struct simulation *s, int64_t id, struct str role, bool *ret_waits)
{
    *ret_waits = false;
    for (int k = 0; k < ACTS_MAX; k++) {
        struct dossier d;
        struct flow_task t;
        const struct flow_step *step = NULL;
        TRY(dossier_get(s->cx, id, &d));
        if (!str_eq(d.state, STR("open")) || !str_eq(d.unit, s->shown->key)) {
            return ERR_OK;
        }
        bool has_task = open_task(s, &d, &t, &step) == ERR_OK;
        if (has_task && str_eq(t.role, role) && str_eq(t.unit, s->shown->key) &&
            (str_eq(t.action, STR("sign")) || !str_eq(role, STR("leader")))) {
            *ret_waits = true;
            return ERR_OK;
        }
        sys_clock_fake_step(&s->clock, ACT_US);
        TRY(sim_work_on(s, id));
    }
    return ERR_OK;
}
