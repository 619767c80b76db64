/* inproc.c: what is measured inside the program.
 *   inproc fields                          fields typed per form of the pack, as JSON
 *   inproc submit DATA N THREADS DELAY_US  submits N ready drafts from THREADS threads, each sync
 *                                          DELAY_US longer; tells the number of commits, so that
 *                                          the bare loop can use the same batches
 *   inproc steps DATA N THREADS            the same, then officers work on them; tells of the steps
 */
#include "app/app_fill.h"
#include "app/app_simulate.h"
#include "bench/steps.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/party/party.h"
#include "lib/fault_vfs.h"
#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define DRAFTS_MAX  20000
#define THREADS_MAX 128

struct ready {
    struct dossier_draft draft;
    struct actor actor;
};

struct work {
    struct app *app;
    struct arena *arena;
    struct ready *ready;
    int64_t *ids; /* of the dossiers, 0: not submitted */
    size_t n;
    _Atomic size_t next;
    _Atomic size_t n_failed;
    _Atomic int64_t cpu_us; /* of the threads that submit */
    _Atomic uint64_t n_statements;
};

/* CPU time of this process (CLOCK_PROCESS_CPUTIME_ID) or thread. */
static int64_t
cpu_us(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t
mono_us(const struct app *app)
{
    return sys_mono_us(&app->cx);
}

/* Strings of a draft live in the arena of its event: kept by copying. */
static struct str
keep(struct arena *a, struct str s)
{
    return s.p == NULL ? s : str_dup(a, s);
}

static void
keep_draft(struct ctx *cx, const struct dossier_draft *draft, void *arg)
{
    struct work *w = arg;
    struct ready *r = &w->ready[w->n++];
    r->draft = *draft;
    r->actor = *cx->actor;
    struct str *strings[] = { &r->draft.procedure, &r->draft.pack_version, &r->draft.unit,
                              &r->draft.address,   &r->draft.form,         &r->draft.channel,
                              &r->draft.collect,   &r->draft.post_address, &r->draft.phone,
                              &r->draft.email,     &r->draft.moved_from,   &r->actor.name,
                              &r->actor.login,     &r->actor.personal_id,  &r->actor.unit };
    for (size_t i = 0; i < COUNT_OF(strings); i++) {
        *strings[i] = keep(w->arena, *strings[i]);
    }
}

static void *
submit_all(void *arg)
{
    struct work *w = arg;
    struct ctx cx = w->app->cx;
    cx.arena = arena_open(0);
    for (size_t i = w->next++; i < w->n; i = w->next++) {
        struct dossier_receipt receipt;
        cx.actor = &w->ready[i].actor;
        cx.who = (struct ctx_who){ .account = cx.actor->account, .party = cx.actor->party };
        cx.n_problems = 0;
        if (dossier_submit(&cx, &w->ready[i].draft, &receipt) != ERR_OK) {
            w->n_failed++;
        } else {
            w->ids[i] = receipt.id;
        }
        arena_reset(cx.arena);
    }
    store_thread_done(cx.store);
    arena_close(cx.arena);
    w->cpu_us += cpu_us(CLOCK_THREAD_CPUTIME_ID);
    w->n_statements += (uint64_t)(cx.n_statements - w->app->cx.n_statements);
    return NULL;
}

static bool
open_app(struct app *app, const char *data)
{
    struct app_config config = { .data_dir = str_of(data),
                                 .pack_dirs = STR("packs/binh-phuoc"),
                                 .is_demo = true,
                                 .base_url = STR("http://localhost") };
    static char url[4096];
    (void)snprintf(url, sizeof(url), "sqlite:%s/bombo.db", data);
    /* BENCH_STORE=postgres://...: the other store; DATA then holds files and keys only */
    const char *other = getenv("BENCH_STORE");
    config.store_url = str_of(other != NULL ? other : url);
    return app_open(app, &config) && app_demo_prepare(&app->cx) == ERR_OK;
}

static int
steps(struct work *w, size_t n_threads)
{
    struct steps_result r;
    if (!steps_run(w->app, w->ids, w->n, n_threads, &r)) {
        (void)fprintf(stderr, "inproc: steps: %s\n", w->app->cx.err.text);
        return 1;
    }
    (void)printf("{\"accepted\": %zu, \"accepted_us\": %" PRId64 ", \"steps\": %zu, \"steps_us\": "
                 "%" PRId64 ", \"failed\": %zu}\n",
                 r.accepted.n, r.accepted.took_us, r.others.n, r.others.took_us,
                 r.accepted.n_failed + r.others.n_failed);
    return 0;
}

static int
submit(const char *data, size_t n, size_t n_threads, uint32_t delay_us, bool has_steps)
{
    struct app app;
    struct fault_vfs *vfs = NULL;
    pthread_t threads[THREADS_MAX];
    if (delay_us > 0) {
        vfs = fault_vfs_new("slow-disk");
        (void)sqlite3_vfs_register(sqlite3_vfs_find("slow-disk"), 1);
    }
    if (!open_app(&app, data)) {
        return 1;
    }
    struct work w = { .app = &app, .arena = arena_open(0) };
    w.ready = ARENA_ARRAY(w.arena, struct ready, n);
    w.ids = ARENA_ARRAY(w.arena, int64_t, n);
    memset(w.ids, 0, n * sizeof(*w.ids));
    struct app_simulation what = { .n = (int64_t)n, .days = 1 };
    if (app_demo_paper(&app.cx, "Giấy tờ mẫu", &what.paper) != ERR_OK ||
        app_simulate_drafts(&app.cx, &what, keep_draft, &w) != ERR_OK) {
        (void)fprintf(stderr, "inproc: drafts: %s\n", app.cx.err.text);
        return 1;
    }
    struct store_stats before;
    struct store_stats after;
    if (vfs != NULL) {
        fault_vfs_delay_sync(vfs, delay_us);
    }
    /* the store as it was before, for the bare loop; PostgreSQL copies by its own means */
    struct str before_db = str_fmt(w.arena, "%s/before.db", data);
    enum err copied = has_steps ? ERR_OK : store_copy_to(&app.cx, before_db);
    if (copied != ERR_OK && copied != ERR_UNSUPPORTED) {
        (void)fprintf(stderr, "inproc: copy: %s\n", app.cx.err.text);
        return 1;
    }
    store_stats(app.store, &before);
    int64_t start_us = mono_us(&app);
    int64_t start_cpu_us = cpu_us(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < n_threads; i++) {
        ASSERT(pthread_create(&threads[i], NULL, submit_all, &w) == 0);
    }
    for (size_t i = 0; i < n_threads; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    int64_t took_us = mono_us(&app) - start_us;
    int64_t took_cpu_us = cpu_us(CLOCK_PROCESS_CPUTIME_ID) - start_cpu_us;
    store_stats(app.store, &after);
    (void)printf("{\"n\": %zu, \"failed\": %zu, \"took_us\": %" PRId64 ", \"cpu_us\": %" PRId64
                 ", \"writer_cpu_us\": %" PRId64 ", \"commits\": %" PRIu64
                 ", \"closures\": %" PRIu64 ", \"run_again\": %" PRIu64 ", \"statements\": %" PRIu64
                 ", \"round_trips\": %" PRIu64 "}\n",
                 w.n, (size_t)w.n_failed, took_us, took_cpu_us, took_cpu_us - w.cpu_us,
                 after.n_commits - before.n_commits, after.n_closures - before.n_closures,
                 after.n_batches_retried - before.n_batches_retried, (uint64_t)w.n_statements,
                 after.n_round_trips - before.n_round_trips);
    int status = has_steps ? steps(&w, n_threads) : 0;
    arena_close(w.arena);
    app_close(&app);
    fault_vfs_free(vfs);
    return status;
}

static int
fields(const char *data)
{
    static const struct str others[] = { STR_INIT("Nguyễn Văn Mẫu"), STR_INIT("Trần Thị Mẫu") };
    struct app app;
    struct party p;
    const struct procedure *const *all = NULL;
    bool is_first = true;
    if (!open_app(&app, data) || party_by_personal_id(&app.cx, STR("070190900018"), &p) != ERR_OK) {
        return 1;
    }
    size_t n = procedure_all(pack_now(&app.cx), &all);
    (void)printf("[");
    for (size_t i = 0; i < n; i++) {
        struct dossier_draft d = { .procedure = all[i]->code,
                                   .channel = STR("online"),
                                   .collect = STR("counter"),
                                   .n_copies = 1 };
        struct form_env env = dossier_form_env(&app.cx, &d);
        struct fill_person who = { .unit_code = STR("25405"),
                                   .line = STR("Thôn 1"),
                                   .given = p.name,
                                   .tax_code = STR("3800100009"),
                                   .others = others,
                                   .n_others = 2 };
        const struct form *form = form_find(pack_now(&app.cx), all[i]->form);
        struct form_state st;
        struct form_counts c;
        who.n_sources = dossier_prefill_sources(&app.cx, p.id, &who.sources);
        if (!all[i]->has_own_form || app_fill(&app.cx, form, &env, &who, &d.form) != ERR_OK ||
            form_state_load(&app.cx, form, d.form, &st) != ERR_OK) {
            if (all[i]->has_own_form) {
                (void)fprintf(stderr, "inproc: %s\n", app.cx.err.text);
            }
            continue;
        }
        form_count(&app.cx, &st, &env, &c);
        (void)printf("%s{\"form\": \"" STR_FMT
                     "\", \"fields\": %u, \"required\": %u, \"prefilled\": %u, \"typed\": %u}",
                     is_first ? "" : ",\n ", STR_ARG(form_id(form)), c.n_fields, c.n_required,
                     c.n_prefilled, c.n_typed);
        is_first = false;
    }
    (void)printf("]\n");
    app_close(&app);
    return 0;
}

static int64_t
number(const char *z)
{
    int64_t n = 0;
    (void)str_to_i64(str_of(z), 0, INT64_MAX, &n);
    return n;
}

int
main(int argc, char **argv)
{
    if (argc == 3 && str_eq(str_of(argv[1]), STR("fields"))) {
        return fields(argv[2]);
    }
    bool has_steps = argc == 5 && str_eq(str_of(argv[1]), STR("steps"));
    if (has_steps || (argc == 6 && str_eq(str_of(argv[1]), STR("submit")))) {
        size_t n = (size_t)number(argv[3]);
        size_t n_threads = (size_t)number(argv[4]);
        return submit(argv[2], n < DRAFTS_MAX ? n : DRAFTS_MAX,
                      n_threads < THREADS_MAX ? n_threads : THREADS_MAX,
                      has_steps ? 0 : (uint32_t)number(argv[5]), has_steps);
    }
    (void)fprintf(stderr, "inproc fields DATA | inproc submit DATA N THREADS DELAY_US | "
                          "inproc steps DATA N THREADS\n");
    return 2;
}
