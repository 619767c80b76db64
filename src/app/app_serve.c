/* app_serve.c: `bombo run`: opens everything, serves, ends cleanly. */
#include "app/app_int.h"
#include "net/server.h"
#include "store/store.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#define GRACE_MS     10000
#define TRIM_EVERY_S 30

static const struct server_class classes[] = {
    { STR_INIT("default"), 0, 512 },
    { STR_INIT("password"), 1, 64 },
    { STR_INIT("pdf"), 2, 64 },
    { STR_INIT("report"), 1, 32 },
};

static enum err
start_web(struct app *app, const struct app_options *o, const struct web_hooks *hooks)
{
    const struct web_routes *const *routes = NULL;
    struct web_config wc = { .hooks = hooks };
    wc.n_routes = app_routes(&routes);
    wc.routes = routes;
    struct server_config sc = { .address = STR("0.0.0.0"),
                                .port = o->config.port,
                                .n_loops = (uint32_t)o->config.n_loops,
                                .n_workers = (uint32_t)o->config.n_workers,
                                .body_max_bytes = UINT64_C(64) << 20,
                                .tls_cert = o->config.tls_cert,
                                .tls_key = o->config.tls_key,
                                .classes = classes,
                                .n_classes = COUNT_OF(classes) };
    sc.spool_dir = str_cat(app->arena, app->cx.config->data_dir, STR("/spool"));
    TRY(sys_mkdirs(&app->cx, sc.spool_dir));
    TRY(web_open(&app->cx, &wc, &app->web));
    web_attach(app->web, &sc);
    return server_start(&app->cx, &sc, &app->server);
}

/* Signals are taken by this thread alone; all others inherit them blocked. Between them it gives
 * back memory that documents and lists left behind. */
static void
wait_for_end(void)
{
    const struct timespec every = { TRIM_EVERY_S, 0 };
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    do {
        sys_memory_trim();
    } while (sigtimedwait(&set, NULL, &every) < 0);
}

static void
block_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static enum err
prepare_demo(struct app *app, const struct app_options *o)
{
    TRY(app_demo_prepare(&app->cx));
    return o->n > 0 ? app_demo_fill_up(&app->cx, o->n, (int32_t)o->days) : ERR_OK;
}

static int
serve(struct app *app, const struct app_options *o)
{
    struct web_hooks hooks = app_hooks_for(pack_now(&app->cx));
    if (o->config.is_demo && prepare_demo(app, o) != ERR_OK) {
        (void)fprintf(stderr, "bombo: the demo data could not be prepared: %s\n", app->cx.err.text);
        return 1;
    }
    if (o->config.relay_port != 0 && !app_relay_start(&app->cx, &o->config, &app->relay)) {
        return 1;
    }
    app->cx.relay = app->relay.relay;
    enum err e = start_web(app, o, &hooks);
    if (e != ERR_OK) {
        (void)fprintf(
            stderr,
            "bombo: cannot serve: %s (%s)\n       Is the port free? Choose another with --port.\n",
            app->cx.err.text, err_name(e));
        return 1;
    }
    app->cx.server = app->server;
    if (jobs_start(&app->cx, app_jobs(), &app->jobs) != ERR_OK) {
        (void)fprintf(stderr, "bombo: the job threads did not start: %s\n", app->cx.err.text);
        return 1;
    }
    (void)printf("Bom Bo: %s://localhost:%d\n", str_is_empty(o->config.tls_cert) ? "http" : "https",
                 server_port(app->server));
    if (o->config.is_demo) {
        app_demo_print(&app->cx);
    }
    (void)fflush(stdout);
    wait_for_end();
    (void)printf("Bom Bo: stopping\n");
    return 0;
}

int
app_serve(const struct app_options *options)
{
    struct app app = { 0 };
    int rc = 1;
    block_signals();
    if (app_open(&app, &options->config)) {
        rc = serve(&app, options);
    }
    if (app.server != NULL) {
        server_stop(app.server, GRACE_MS);
    }
    jobs_stop(app.jobs);
    app_relay_stop(&app.relay);
    web_close(app.web);
    app_close(&app);
    return rc;
}
