/* app_serve.c: `bombo run`: opens everything, serves, ends cleanly. */
#include "app/app_int.h"
#include "engine/dossier/dossier.h"
#include "engine/exchange/exchange.h"
#include "engine/health/health.h"
#include "engine/node/node.h"
#include "net/server.h"
#include "store/store.h"
#include "sys/log.h"
#include "sys/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GRACE_MS 10000

#define QUEUE_MAX 512

static const struct server_class classes[] = {
    { STR_INIT("default"), 0, QUEUE_MAX },
    { STR_INIT("password"), 1, 64 },
    { STR_INIT("pdf"), 2, 64 },
    { STR_INIT("report"), 1, 32 },
};

static enum err
start_web(struct app *app, const struct app_options *o, const struct web_hooks *hooks)
{
    const struct web_routes *const *routes = NULL;
    struct web_config wc = { .hooks = hooks, .on_probe = app_probe, .probe_arg = app->health };
    wc.n_routes = app_routes(&routes);
    wc.routes = routes;
    struct server_config sc = { .address = o->config.address,
                                .port = o->config.port,
                                .n_loops = (uint32_t)o->config.n_loops,
                                .n_workers = (uint32_t)o->config.n_workers,
                                .body_max_bytes = UINT64_C(64) << 20,
                                .tls_cert = o->config.tls_cert,
                                .tls_key = o->config.tls_key,
                                .connections_max = (uint32_t)o->config.connections_max,
                                .n_classes = COUNT_OF(classes) };
    struct server_class *own = arena_copy(app->arena, classes, sizeof(classes));
    own[0].queue_max = o->config.queue_max == 0 ? QUEUE_MAX : (uint32_t)o->config.queue_max;
    sc.classes = own;
    sc.spool_dir = str_cat(app->arena, app->cx.config->data_dir, STR("/spool"));
    TRY(sys_mkdirs(&app->cx, sc.spool_dir));
    TRY(web_open(&app->cx, &wc, &app->web));
    web_attach(app->web, &sc);
    return server_start(&app->cx, &sc, &app->server);
}

static enum err
prepare_demo(struct app *app, const struct app_options *o)
{
    TRY(app_demo_prepare(&app->cx));
    return o->n > 0 ? app_demo_fill_up(&app->cx, o->n, (int32_t)o->days) : ERR_OK;
}

/* Where the log goes to. A file that cannot be opened is said, and the log goes where it is seen.
 */
static int
log_fd(const struct app_options *o)
{
    char path[4096];
    if (o->log_file.n == 0) {
        return STDERR_FILENO;
    }
    (void)snprintf(path, sizeof(path), STR_FMT, STR_ARG(o->log_file));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0) {
        (void)fprintf(stderr, "bombo: the log file %s cannot be opened: %s\n", path,
                      strerrordesc_np(errno));
    }
    return fd < 0 ? STDERR_FILENO : fd;
}

/* The log and the figures: before anything that copies app->cx. */
static void
open_figures(struct app *app, const struct app_options *o)
{
    const struct web_routes *const *routes = NULL;
    size_t n = app_routes(&routes);
    const char **modules = ARENA_ARRAY(app->arena, const char *, n + 1);
    enum sys_log_level level = SYS_LOG_WARN;
    for (size_t i = 0; i < n; i++) {
        modules[i] = routes[i]->module;
    }
    (void)sys_log_level_of(app->cx.config->log_level, &level);
    app->log = sys_log_open(log_fd(o), level);
    app->health = health_open(APP_VERSION, modules, n);
    app->cx.log = app->log;
    app->cx.health = app->health;
}

/* What another process did, for the pages that wait here. */
static void
signalled(void *arg, struct str text)
{
    dossier_signalled(arg, text);
}

static bool
start_jobs(struct app *app, const struct app_options *o)
{
    if (o->config.is_jobs && jobs_start(&app->cx, app_jobs(), &app->jobs) != ERR_OK) {
        (void)fprintf(stderr, "bombo: the job threads did not start: %s\n", app->cx.err.text);
        return false;
    }
    /* also without role web: it says what it did, though nobody listens here */
    if (store_listen(&app->cx, signalled, app->server) != ERR_OK) {
        (void)fprintf(stderr, "bombo: %s\n", app->cx.err.text);
        return false;
    }
    return true;
}

/* Signed exchange with other installations: before the relay, whose policy names its gate. */
static bool
start_node(struct app *app, const struct app_options *o)
{
    if (o->config.node_port == 0 || !o->config.is_relay) {
        return true;
    }
    if (node_open(&app->cx, &app->node) != ERR_OK) {
        (void)fprintf(stderr, "bombo: signed exchange cannot start: %s\n", app->cx.err.text);
        return false;
    }
    app->cx.node = app->node;
    app->cx.gate = node_gate(app->node);
    if (app->health != NULL) {
        health_watch_node(app->health, app->node);
    }
    return true;
}

static bool
start(struct app *app, const struct app_options *o, const struct web_hooks *hooks)
{
    enum err e = app_admin_start(app);
    if (!start_node(app, o)) {
        return false;
    }
    if (o->config.is_web && exchange_keys_open(&app->cx, &app->token_keys) == ERR_OK) {
        app->cx.token_keys = app->token_keys;
    }
    if (o->config.is_relay && o->config.relay_port != 0 &&
        !app_relay_start(&app->cx, &o->config, &app->relay)) {
        return false;
    }
    app->cx.relay = app->relay.relay;
    if (app->health != NULL) {
        health_watch_relay(app->health, app->relay.relay);
    }
    if (e == ERR_OK && o->config.is_web) {
        e = start_web(app, o, hooks);
    }
    if (e != ERR_OK) {
        (void)fprintf(
            stderr,
            "bombo: cannot serve: %s (%s)\n       Is the port free? Choose another with --port.\n",
            app->cx.err.text, err_name(e));
        return false;
    }
    app->cx.server = app->server;
    return start_jobs(app, o);
}

static void
say_life(struct app *app, const char *event)
{
    const struct sys_log_field f[] = {
        SYS_LOG_TEXT("version", STR(APP_VERSION)),
        SYS_LOG_TEXT("pack", pack_now(&app->cx)->version),
        SYS_LOG_N("port", app->server != NULL ? server_port(app->server) : 0),
    };
    sys_log(&app->cx, SYS_LOG_INFO, event, f, COUNT_OF(f));
}

static void
say_ready(struct app *app, const struct app_options *o)
{
    health_watch(app->health, app->server);
    health_state_set(app->health, HEALTH_SERVING);
    if (app->server != NULL) {
        (void)printf("Bom Bo: %s://localhost:%d\n",
                     str_is_empty(o->config.tls_cert) ? "http" : "https", server_port(app->server));
    } else {
        (void)printf("Bom Bo: at work, without web\n");
    }
    if (app->admin != NULL) {
        (void)printf("Bom Bo: figures at port %d /metrics\n", server_port(app->admin));
    }
    if (o->config.is_demo) {
        app_demo_print(&app->cx);
    }
    (void)fflush(stdout);
    say_life(app, "ready");
    (void)sys_notify("READY=1\nSTATUS=serving");
}

/* Load balancers are told first; they have drain_s to look elsewhere. */
static void
say_stopping(struct app *app)
{
    const struct timespec pause = { .tv_sec = app->cx.config->drain_s };
    health_state_set(app->health, HEALTH_STOPPING);
    (void)sys_notify("STOPPING=1\nSTATUS=finishing requests");
    say_life(app, "stopping");
    (void)printf("Bom Bo: stopping\n");
    (void)fflush(stdout);
    (void)nanosleep(&pause, NULL);
}

static int
serve(struct app *app, const struct app_options *o)
{
    struct web_hooks hooks = app_hooks_for(pack_now(&app->cx));
    open_figures(app, o);
    if (o->config.is_demo && prepare_demo(app, o) != ERR_OK) {
        (void)fprintf(stderr, "bombo: the demo data could not be prepared: %s\n", app->cx.err.text);
        return 1;
    }
    if (!start(app, o, &hooks)) {
        return 1;
    }
    say_ready(app, o);
    app_watch(app, o);
    say_stopping(app);
    return 0;
}

int
app_serve(const struct app_options *options)
{
    struct app app = { 0 };
    int rc = 1;
    app_watch_signals();
    if (app_open(&app, &options->config)) {
        rc = serve(&app, options);
    }
    if (app.health != NULL) {
        health_watch(app.health, NULL);
        health_watch_node(app.health, NULL);
        health_watch_relay(app.health, NULL);
    }
    store_unlisten(app.store);
    server_stop(app.server, GRACE_MS);
    jobs_stop(app.jobs);
    app_relay_stop(&app.relay);
    node_close(app.node);
    server_stop(app.admin, GRACE_MS);
    web_close(app.web);
    app_close(&app);
    return rc;
}
