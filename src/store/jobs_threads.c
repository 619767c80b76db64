/* jobs_threads.c: job threads. Under one mutex a thread takes the next timed job or outbox entry
 * whose topic and key no other thread is working on; it then works without the mutex. */
#include "store/jobs.h"

#include "store/jobs_int.h"
#include "sys/sys.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS_MAX 16U
#define FETCH_MAX   64U
#define POLL_MS     1000 /* also finds entries that became due, and those of other processes */
#define TIMED_MAX   64U

struct worker {
    struct jobs *jobs;
    pthread_t thread;
    struct ctx cx;
    bool has_claim;
    struct jobs_entry claim; /* strings in claim_arena */
    struct arena *claim_arena;
};

struct timed_state {
    const struct jobs_timed *job;
    int64_t due_us;
    bool is_known, is_running;
};

struct jobs {
    struct jobs_config config;
    struct store *store;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool is_stopping, is_woken;
    bool may_have_strays; /* taken in the store for this process, and nobody works on them */
    struct worker workers[THREADS_MAX];
    uint32_t n_workers;
    struct timed_state timed[TIMED_MAX];
    size_t n_timed;
};

static bool
is_claimed(const struct jobs *j, const struct jobs_entry *e)
{
    for (uint32_t i = 0; i < j->n_workers; i++) {
        const struct worker *w = &j->workers[i];
        if (w->has_claim && str_eq(w->claim.topic, e->topic) && str_eq(w->claim.key, e->key)) {
            return true;
        }
    }
    return false;
}

static void
claim(struct worker *w, const struct jobs_entry *e)
{
    struct arena *a = w->claim_arena;
    arena_reset(a);
    w->claim = (struct jobs_entry){ .id = e->id,
                                    .topic = str_dup(a, e->topic),
                                    .key = str_dup(a, e->key),
                                    .payload = str_dup(a, e->payload),
                                    .tries = e->tries };
    w->has_claim = true;
}

static enum err
release_strays(struct jobs *j, struct worker *w)
{
    int64_t worked_on[THREADS_MAX];
    size_t n = 0;
    for (uint32_t i = 0; i < j->n_workers; i++) {
        if (j->workers[i].has_claim) {
            worked_on[n++] = j->workers[i].claim.id;
        }
    }
    TRY(jobs_release_strays(&w->cx, worked_on, n));
    j->may_have_strays = false;
    return ERR_OK;
}

/* Taken in the store, so that other processes see it too. When the store was away, an entry may
 * have been taken without our hearing of it, or the outcome of one is not written: neither may
 * wait until its time is over. */
static bool
take_shared(struct jobs *j, struct worker *w)
{
    struct jobs_entry entry;
    if (j->may_have_strays && release_strays(j, w) != ERR_OK) {
        return false;
    }
    enum err e = jobs_next(&w->cx, &entry);
    j->may_have_strays = e != ERR_OK;
    if (e != ERR_OK || entry.id == 0) {
        return false;
    }
    claim(w, &entry);
    return true;
}

/* Takes an entry for w. The mutex is held; w->cx is w's own. */
static bool
take_entry(struct jobs *j, struct worker *w)
{
    struct jobs_entry *v = NULL;
    size_t n = 0;
    if (j->store->is_shared) {
        return take_shared(j, w);
    }
    if (jobs_fetch(&w->cx, FETCH_MAX, &v, &n) != ERR_OK) {
        return false; /* the store will be asked again */
    }
    for (size_t i = 0; i < n; i++) {
        if (is_claimed(j, &v[i])) {
            continue;
        }
        claim(w, &v[i]);
        return true;
    }
    return false;
}

/* Another process may have run it meanwhile: then its new time is read before the next look. */
static bool
is_free(struct worker *w, struct timed_state *t)
{
    bool is_mine = false;
    if (jobs_timed_take(&w->cx, t->job, &is_mine) != ERR_OK) {
        return false;
    }
    t->is_known = is_mine;
    return is_mine;
}

static struct timed_state *
take_timed(struct jobs *j, struct worker *w)
{
    for (size_t i = 0; i < j->n_timed; i++) {
        struct timed_state *t = &j->timed[i];
        if (!t->is_known) {
            t->is_known = jobs_timed_due_us(&w->cx, t->job, &t->due_us) == ERR_OK;
        }
        if (t->is_known && !t->is_running && t->due_us <= sys_now_us(&w->cx) && is_free(w, t)) {
            t->is_running = true;
            return t;
        }
    }
    return NULL;
}

/* The mutex is held, and is free while the job runs. */
static void
run_timed(struct jobs *j, struct worker *w, struct timed_state *t)
{
    int64_t due_us = 0;
    (void)pthread_mutex_unlock(&j->mutex);
    enum err e = jobs_timed_run(&w->cx, t->job, &due_us);
    (void)pthread_mutex_lock(&j->mutex);
    t->is_running = false;
    t->due_us = due_us;
    j->is_woken = j->is_woken || e == ERR_OK;
}

/* False when the store did not take the outcome: the entry stays due and the thread rests first. */
static bool
run_entry(struct jobs *j, struct worker *w)
{
    (void)pthread_mutex_unlock(&j->mutex);
    enum err e = jobs_handle(&w->cx, &j->config, &w->claim);
    (void)pthread_mutex_lock(&j->mutex);
    w->has_claim = false;
    j->may_have_strays = j->may_have_strays || e != ERR_OK;
    return e == ERR_OK;
}

static void
rest(struct jobs *j)
{
    struct timespec until;
    ASSERT(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += POLL_MS / 1000;
    if (!j->is_stopping && !j->is_woken) {
        (void)pthread_cond_timedwait(&j->wake, &j->mutex, &until);
    }
    j->is_woken = false;
}

static void *
worker_main(void *arg)
{
    struct worker *w = arg;
    struct jobs *j = w->jobs;
    (void)pthread_mutex_lock(&j->mutex);
    while (!j->is_stopping) {
        jobs_cx_reset(&w->cx);
        bool has_worked = false;
        struct timed_state *t = take_timed(j, w);
        if (t != NULL) {
            run_timed(j, w, t);
            has_worked = true;
        } else if (take_entry(j, w)) {
            has_worked = run_entry(j, w);
        }
        if (!has_worked) {
            rest(j);
        }
    }
    (void)pthread_mutex_unlock(&j->mutex);
    store_thread_done(j->store);
    return NULL;
}

void
jobs_wake(struct jobs *j)
{
    (void)pthread_mutex_lock(&j->mutex);
    j->is_woken = true;
    (void)pthread_cond_broadcast(&j->wake);
    (void)pthread_mutex_unlock(&j->mutex);
}

/* Runs on the writer thread. Job threads hold the mutex only for reading, never while they write,
 * so this wait is short and cannot be for the writer itself. */
static void
wake_hook(void *arg)
{
    jobs_wake(arg);
}

static enum err
add_timed(struct ctx *cx, struct jobs *j, const struct jobs_timed *t)
{
    if (j->n_timed == TIMED_MAX) {
        return err_set(cx, ERR_INTERNAL, "more than %u timed jobs", TIMED_MAX);
    }
    j->timed[j->n_timed++].job = t;
    return ERR_OK;
}

static enum err
collect_timed(struct ctx *cx, struct jobs *j)
{
    for (size_t i = 0; i < j->config.n_timed; i++) {
        for (const struct jobs_timed *t = j->config.timed[i]; t->name.p != NULL; t++) {
            TRY(add_timed(cx, j, t));
        }
    }
    return ERR_OK;
}

static void
jobs_free(struct jobs *j)
{
    for (uint32_t i = 0; i < THREADS_MAX; i++) {
        arena_close(j->workers[i].cx.arena);
        arena_close(j->workers[i].claim_arena);
    }
    (void)pthread_mutex_destroy(&j->mutex);
    (void)pthread_cond_destroy(&j->wake);
    free(j);
}

static struct jobs *
jobs_new(const struct ctx *cx_template, const struct jobs_config *config)
{
    struct jobs *j = calloc(1, sizeof(*j));
    pthread_condattr_t attr;
    ASSERT(j != NULL);
    j->config = *config;
    j->store = cx_template->store;
    ASSERT(pthread_condattr_init(&attr) == 0 &&
           pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&j->wake, &attr) == 0 && pthread_mutex_init(&j->mutex, NULL) == 0);
    (void)pthread_condattr_destroy(&attr);
    return j;
}

enum err
jobs_start(const struct ctx *cx_template, const struct jobs_config *config, struct jobs **ret)
{
    struct jobs *j = jobs_new(cx_template, config);
    struct ctx own = *cx_template;
    enum err e = collect_timed(&own, j);
    if (e == ERR_OK) {
        e = jobs_release(&own);
    }
    uint32_t n = config->n_threads == 0 ? 1 : config->n_threads;
    n = n < THREADS_MAX ? n : THREADS_MAX;
    store_set_outbox_hook(j->store, wake_hook, j);
    (void)pthread_mutex_lock(&j->mutex); /* threads begin when all of them are there */
    for (uint32_t i = 0; e == ERR_OK && i < n; i++) {
        struct worker *w = &j->workers[i];
        w->jobs = j;
        w->claim_arena = arena_open(0);
        jobs_cx_init(&w->cx, cx_template, arena_open(0));
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
            e = ERR_INTERNAL;
        } else {
            j->n_workers++;
        }
    }
    (void)pthread_mutex_unlock(&j->mutex);
    if (e != ERR_OK) {
        jobs_stop(j);
        return e;
    }
    *ret = j;
    return ERR_OK;
}

void
jobs_stop(struct jobs *j)
{
    if (j == NULL) {
        return;
    }
    store_set_outbox_hook(j->store, NULL, NULL);
    (void)pthread_mutex_lock(&j->mutex);
    j->is_stopping = true;
    (void)pthread_cond_broadcast(&j->wake);
    (void)pthread_mutex_unlock(&j->mutex);
    for (uint32_t i = 0; i < j->n_workers; i++) {
        (void)pthread_join(j->workers[i].thread, NULL);
    }
    jobs_free(j);
}
