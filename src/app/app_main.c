/* app_main.c: commands of the program. */
#include "app/app.h"

#include "app/app_bulk.h"
#include "app/app_int.h"
#include "base/buf.h"
#include "engine/access/access.h"
#include "engine/ledger/ledger.h"

#include <stdio.h>

#define FAULTS_TEXT_MAX (4U << 20)
#define SIMULATE_N      100

static int
pack_check(const struct app_options *o)
{
    struct arena *a = arena_open(0);
    struct ctx cx = { .arena = a,
                      .clock = &sys_clock_real,
                      .random = &sys_random_real,
                      .config = &o->config,
                      .lang = STR("vi") };
    pack_part_fn *const *parts = NULL;
    size_t n_parts = app_pack_parts(&parts);
    struct pack *pack = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    struct str dir = o->path.p == NULL ? o->config.pack_dirs : o->path;
    enum err e = pack_read_dir(&cx, dir, parts, n_parts, &pack, &faults, &n);
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: " STR_FMT ": %s\n", STR_ARG(dir), cx.err.text);
    } else {
        struct buf b = buf_new(a, FAULTS_TEXT_MAX);
        pack_check_print(&b, faults, n);
        (void)printf(STR_FMT, STR_ARG(buf_str(&b)));
        pack_free(pack);
    }
    arena_close(a);
    return e == ERR_OK && n == 0 ? 0 : 1;
}

static int
ledger_check(const struct app_options *o)
{
    struct app app;
    struct ledger_report r;
    int rc = 1;
    if (app_open_reading(&app, &o->config)) {
        enum err e = ledger_verify(&app.cx, &r);
        if (e != ERR_OK) {
            (void)fprintf(stderr, "bombo: the ledger could not be read: %s\n", app.cx.err.text);
        } else {
            (void)printf("entries %" PRId64 ", leaves %" PRId64 ", signed heads %" PRId64
                         ", not yet sealed %" PRId64 ", faults %" PRId64 "\n",
                         r.n_entries, r.n_leaves, r.n_heads, r.n_pending, r.n_faults);
            if (r.n_faults != 0) {
                (void)printf("first fault: " STR_FMT "\n", STR_ARG(r.first_fault));
            }
            rc = r.n_faults == 0 ? 0 : 1;
        }
    }
    app_close(&app);
    return rc;
}

/* Copies of the dossiers there are, once their ledger is sealed. */
static enum err
simulate_bulk(struct app *app, int64_t n)
{
    int64_t n_sealed = 1;
    if (n == 0) {
        return ERR_OK;
    }
    while (n_sealed > 0) {
        TRY(ledger_sequence(&app->cx, &n_sealed));
    }
    (void)printf("Loading %" PRId64 " copies of dossiers ...\n", n);
    return app_bulk(app, n);
}

static int
simulate(const struct app_options *o)
{
    struct app app;
    struct app_config config = o->config;
    int rc = 1;
    config.is_demo = true;
    if (app_open(&app, &config)) {
        enum err e = app_demo_prepare(&app.cx);
        if (e == ERR_OK && o->n != 0) {
            e = app_demo_simulate(&app.cx, o->n < 0 ? SIMULATE_N : o->n, (int32_t)o->days);
        }
        if (e == ERR_OK) {
            e = simulate_bulk(&app, o->n_bulk);
        }
        if (e != ERR_OK) {
            (void)fprintf(stderr, "bombo: simulate: %s (%s)\n", app.cx.err.text, err_name(e));
        }
        rc = e == ERR_OK ? 0 : 1;
    }
    app_close(&app);
    return rc;
}

/* The tables need neither store nor pack. */
static int
routes_list(const struct app_options *o)
{
    struct arena *a = arena_open(0);
    struct ctx cx = { .arena = a, .clock = &sys_clock_real, .random = &sys_random_real };
    struct web_hooks hooks = { .perm_exists = access_perm_exists };
    const struct web_routes *const *routes = NULL;
    struct web_config config = { .hooks = &hooks };
    struct web *w = NULL;
    config.n_routes = app_routes(&routes);
    config.routes = routes;
    enum err e = web_open(&cx, &config, &w);
    if (e == ERR_OK) {
        struct str out = o->is_json ? web_routes_json(&cx, w) : web_routes_text(&cx, w);
        (void)fwrite(out.p, 1, out.n, stdout);
    }
    web_close(w);
    arena_close(a);
    return e == ERR_OK ? 0 : 1;
}

static bool
is(const struct app_options *o, const char *command, const char *sub)
{
    return str_eq(o->command, str_of(command)) && (sub == NULL || str_eq(o->sub, str_of(sub)));
}

static const struct {
    const char *command, *sub; /* sub NULL: any */
    int (*run)(const struct app_options *o);
} commands[] = {
    { "backup", NULL, app_backup },
    { "restore", NULL, app_restore },
    { "run", NULL, app_serve },
    { "pack", "check", pack_check },
    { "simulate", NULL, simulate },
    { "ledger", "verify", ledger_check },
    { "routes", NULL, routes_list },
    { "relay", "verify", app_relay_verify },
    { "relay", NULL, app_relay },
    { "store", "copy", app_store_copy },
    { "evidence", "export", app_evidence_export },
    { "evidence", "verify", app_evidence_verify },
    { "evidence", "archive", app_evidence_archive },
    { "blobs", NULL, app_blobs },
};

static int
dispatch(const struct app_options *o)
{
    if (o->is_help || is(o, "help", NULL)) {
        app_help();
        return 0;
    }
    if (is(o, "version", NULL)) {
        (void)printf("bombo %s\n", APP_VERSION);
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (is(o, commands[i].command, commands[i].sub)) {
            return commands[i].run(o);
        }
    }
    if (o->command.p == NULL) {
        return app_serve(o);
    }
    (void)fprintf(
        stderr, "bombo: there is no command \"" STR_FMT " " STR_FMT "\"; `bombo help` lists them\n",
        STR_ARG(o->command), STR_ARG(o->sub));
    return 2;
}

int
app_main(int argc, char **argv)
{
    struct arena *a = arena_open(0);
    struct app_options o;
    sys_memory_bound();
    int rc = app_options_read(a, argc, argv, &o) ? dispatch(&o) : 2;
    arena_close(a);
    return rc;
}
