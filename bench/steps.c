/* steps.c: see steps.h. */
#include "bench/steps.h"

#include "engine/access/access.h"
#include "engine/dossier/dossier.h"
#include "engine/flow/flow.h"
#include "engine/pay/pay.h"
#include "store/jobs.h"

#include <pthread.h>

#define ROUNDS      6
#define THREADS_MAX 128

/* A step that is ready to be done, and the officer who will do it. */
struct step {
    struct dossier_act act;
    struct actor actor;
};

struct round {
    struct app *app;
    struct step *v;
    size_t n;
    _Atomic size_t next, n_failed;
};

static void
become(struct ctx *cx, struct actor *me)
{
    cx->actor = me;
    cx->who = (struct ctx_who){ .account = me->account, .party = me->party, .unit = me->unit };
}

static void *
do_all(void *arg)
{
    struct round *r = arg;
    struct ctx cx = r->app->cx;
    cx.arena = arena_open(0);
    for (size_t i = r->next++; i < r->n; i = r->next++) {
        become(&cx, &r->v[i].actor);
        cx.n_problems = 0;
        r->n_failed += dossier_do(&cx, &r->v[i].act) != ERR_OK;
        arena_reset(cx.arena);
    }
    store_thread_done(cx.store);
    arena_close(cx.arena);
    return NULL;
}

static void
run_round(struct round *r, size_t n_threads, struct steps_took *ret)
{
    pthread_t threads[THREADS_MAX];
    int64_t from_us = sys_mono_us(&r->app->cx);
    for (size_t i = 0; i < n_threads; i++) {
        ASSERT(pthread_create(&threads[i], NULL, do_all, r) == 0);
    }
    for (size_t i = 0; i < n_threads; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    ret->took_us += sys_mono_us(&r->app->cx) - from_us;
    ret->n += r->n;
    ret->n_failed += r->n_failed;
}

static enum err
pay_for(struct ctx *cx, int64_t dossier)
{
    struct pay_bill *bills = NULL;
    struct str secret;
    size_t n = 0;
    TRY(pay_bill_list(cx, dossier, &bills, &n));
    TRY(pay_secret(cx, &secret));
    for (size_t i = 0; i < n; i++) {
        struct pay_callback call;
        enum pay_answer answer;
        if (str_eq(bills[i].state, STR("open"))) {
            TRY(pay_simulate(cx, &bills[i], secret, &call));
            TRY(pay_callback(cx, &call, secret, &answer));
        }
    }
    return ERR_OK;
}

/* The open task of a dossier; ERR_NOT_FOUND when none is. */
static enum err
open_task(struct ctx *cx, int64_t dossier, struct flow_task *ret, const struct flow_step **ret_step)
{
    struct flow_case c;
    struct flow_task *tasks = NULL;
    size_t n = 0;
    TRY(flow_case_by_subject(cx, dossier, &c));
    TRY(flow_tasks_of_case(cx, c.id, &tasks, &n));
    for (size_t i = 0; i < n; i++) {
        if (str_eq(tasks[i].state, STR("open"))) {
            *ret = tasks[i];
            *ret_step = flow_step_find(flow_find(pack_now(cx), c.process_id), tasks[i].step_id);
            return *ret_step == NULL ? ERR_NOT_FOUND : ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* Puts the dossier's next step into the round where it belongs, if officers' hands are what it
 * waits for. */
static enum err
plan(struct ctx *cx, int64_t dossier, struct round *receiving, struct round *others)
{
    struct flow_task t;
    const struct flow_step *step = NULL;
    struct access_officer *officers = NULL;
    size_t n = 0;
    enum err e = open_task(cx, dossier, &t, &step);
    if (e != ERR_OK) {
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    if (str_eq(t.action, STR("pay"))) {
        return pay_for(cx, dossier);
    }
    if (str_eq(t.role, STR("citizen")) || str_eq(t.action, STR("sign")) ||
        str_eq(t.action, STR("return"))) {
        return ERR_OK;
    }
    TRY(access_officers(cx, t.unit, t.role, &officers, &n));
    if (n == 0) {
        return ERR_OK;
    }
    struct round *r = str_eq(t.action, STR("receive")) ? receiving : others;
    struct step *s = &r->v[r->n++];
    *s = (struct step){ .act = { .task = t.id,
                                 .version = t.version,
                                 .outcome = step->n_outcomes > 0 ? step->outcomes[0] : STR("done"),
                                 .note = STR("") } };
    return access_actor_of_account(cx, officers[0].account, &s->actor);
}

bool
steps_run(struct app *app, const int64_t *ids, size_t n, size_t n_threads, struct steps_result *ret)
{
    struct ctx *cx = &app->cx;
    *ret = (struct steps_result){ 0 };
    for (size_t k = 0; k < ROUNDS; k++) {
        struct round receiving = { .app = app, .v = ARENA_ARRAY(cx->arena, struct step, n) };
        struct round others = { .app = app, .v = ARENA_ARRAY(cx->arena, struct step, n) };
        for (size_t i = 0; i < n; i++) {
            if (ids[i] != 0 && plan(cx, ids[i], &receiving, &others) != ERR_OK) {
                return false;
            }
        }
        run_round(&receiving, n_threads, &ret->accepted);
        run_round(&others, n_threads, &ret->others);
        cx->actor = NULL;
        if (jobs_drain(cx, app_jobs()) != ERR_OK) {
            return false;
        }
    }
    return true;
}
