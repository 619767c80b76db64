/* app_reload.c: SIGHUP: takes over, without losing a request, what may change while the program
 * runs: certificate and key, the key of access tokens, the content pack, the log level. Whatever is
 * faulty is said and stays as it was. */
#include "app/app_int.h"
#include "engine/exchange/exchange.h"
#include "engine/ledger/ledger.h"
#include "net/server.h"
#include "sys/log.h"
#include "sys/service.h"

#include <stdio.h>

struct reload {
    struct ctx cx;
    struct app *app;
    bool is_good;
};

static void
say(struct reload *r, enum sys_log_level level, const char *what, struct str why)
{
    const struct sys_log_field f[] = { SYS_LOG_TEXT("what", str_of(what)),
                                       SYS_LOG_TEXT("detail", why) };
    r->is_good = r->is_good && level > SYS_LOG_WARN;
    sys_log(&r->cx, level, "reload", f, COUNT_OF(f));
}

static void
changed(void *arg, const char *name, bool is_live)
{
    if (!is_live) {
        say(arg, SYS_LOG_WARN, name, STR("takes effect at the next start"));
    }
}

static void
reload_tls(struct reload *r, const struct app_config *fresh)
{
    if (str_is_empty(fresh->tls_cert) || r->app->server == NULL) {
        return;
    }
    if (server_reload_tls(&r->cx, r->app->server, fresh->tls_cert, fresh->tls_key) == ERR_OK) {
        say(r, SYS_LOG_INFO, "certificate", STR("taken over"));
    } else {
        say(r, SYS_LOG_ERROR, "certificate", str_of(r->cx.err.text));
    }
}

static enum err
on_live(struct ctx *cx, struct str version, struct str reason)
{
    struct ledger_new e = { .kind = "pack.published", .note = version };
    (void)reason;
    return ledger_add(cx, &e);
}

static void
say_faults(struct reload *r, const struct pack_fault *faults, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str text = str_fmt(r->cx.arena, STR_FMT ":%" PRIu32 ": " STR_FMT,
                                  STR_ARG(faults[i].file), faults[i].line, STR_ARG(faults[i].what));
        say(r, SYS_LOG_ERROR, "pack", text);
    }
}

static void
reload_pack(struct reload *r, const struct app_config *fresh)
{
    struct ctx *cx = &r->cx;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    const struct pack *before = pack_now(&r->app->cx);
    const struct pack_change change = { .on_live = on_live };
    enum err e = pack_set_publish(cx, cx->packs, fresh->pack_dirs, &change, &faults, &n);
    if (e != ERR_OK) {
        say_faults(r, faults, n);
        say(r, SYS_LOG_ERROR, "pack", str_of(cx->err.text));
        return;
    }
    cx->pack = NULL;
    struct str version = pack_now(cx)->version;
    if (before != NULL && str_eq(before->version, version)) {
        return;
    }
    web_cache_clear(r->app->web);
    say(r, SYS_LOG_INFO, "pack", version);
}

/* Lists of revoked certificates of services may have been renewed, and keys of tokens. */
static bool
reload_relay(struct reload *r)
{
    if (r->cx.relay == NULL) {
        return true;
    }
    enum err e = exchange_relay_apply(&r->cx);
    if (e == ERR_OK) {
        say(r, SYS_LOG_INFO, "relay", STR("policy applied"));
    } else {
        say(r, SYS_LOG_ERROR, "relay", str_of(r->cx.err.text));
    }
    return e == ERR_OK;
}

/* A new key of tokens signs once the relay has heard of it; else the one before goes on. */
static void
reload_exchange(struct reload *r)
{
    struct exchange_keys *keys = r->app->token_keys;
    enum err e = keys == NULL ? ERR_OK : exchange_keys_read(&r->cx, keys);
    if (e != ERR_OK) {
        say(r, SYS_LOG_ERROR, "token key", str_of(r->cx.err.text));
    }
    bool is_heard = reload_relay(r);
    if (keys == NULL) {
        return;
    }
    if (is_heard && exchange_keys_use(keys)) {
        say(r, SYS_LOG_INFO, "token key", STR("taken over"));
    }
    if (!is_heard && exchange_keys_keep(&r->cx, keys) != ERR_OK) {
        say(r, SYS_LOG_ERROR, "token key", str_of(r->cx.err.text));
    }
}

void
app_reload(struct app *app, const struct app_options *options)
{
    struct reload r = { .cx = app->cx, .app = app, .is_good = true };
    struct app_options fresh;
    enum sys_log_level level = SYS_LOG_WARN;
    char text[96];
    (void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64, sys_mono_us(&r.cx));
    (void)sys_notify(text);
    r.cx.arena = arena_open(0);
    r.cx.trace_id = STR("reload");
    if (app_options_read(r.cx.arena, options->argc, options->argv, &fresh)) {
        if (sys_log_level_of(fresh.config.log_level, &level)) {
            sys_log_level_set(app->log, level);
        }
        app_options_compare(options, &fresh, changed, &r);
        reload_tls(&r, &fresh.config);
        reload_pack(&r, &fresh.config);
        reload_exchange(&r);
    } else {
        say(&r, SYS_LOG_ERROR, "configuration", STR("faulty: see the lines above"));
    }
    say(&r, SYS_LOG_INFO, "end", r.is_good ? STR("all taken over") : STR("with faults"));
    arena_close(r.cx.arena);
    (void)sys_notify("READY=1");
}
