/* app_watch.c: the main thread while others serve: signals, the supervisor's watchdog, samples. */
#include "app/app_int.h"
#include "engine/calendar/calendar.h"
#include "engine/exchange/exchange.h"
#include "engine/health/health.h"
#include "engine/indicator/indicator.h"
#include "engine/node/node.h"
#include "engine/pack/pack.h"
#include "store/store.h"
#include "sys/log.h"
#include "sys/service.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define US_PER_S       INT64_C(1000000)
#define TRIM_EVERY_S   30
#define FOLLOW_EVERY_S 5
#define COUNTS_EVERY_S 10 /* as often as they are folded */
#define FOLLOW_US_MAX                                                                              \
    (10 * US_PER_S) /* the pings wait: not for long, also while the database is away */

static void
signals_of(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    if (isatty(STDIN_FILENO) == 0) { /* a closed terminal ends the program, as anything run there */
        (void)sigaddset(set, SIGHUP);
    }
}

/* Signals are taken by this thread alone; all others inherit them blocked. */
void
app_watch_signals(void)
{
    sigset_t set;
    signals_of(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

struct watch {
    struct ctx cx; /* with an arena of its own */
    struct app *app;
    int64_t watchdog_us, pinged_us, sampled_us, trimmed_us, followed_us, counted_us;
    int64_t mark; /* of the exchange, as it is in force here */
    bool was_alive;
};

/* A hung loop or writer is left to the supervisor: it starts the program anew. */
static void
ping(struct watch *w, int64_t now_us)
{
    if (w->watchdog_us == 0 || now_us - w->pinged_us < w->watchdog_us / 4) {
        return;
    }
    bool is_alive = health_is_alive(&w->cx, w->cx.health);
    if (is_alive) {
        (void)sys_notify("WATCHDOG=1");
        w->pinged_us = now_us;
    } else if (w->was_alive) {
        sys_log(&w->cx, SYS_LOG_ERROR, "hung", NULL, 0);
    }
    w->was_alive = is_alive;
}

/* Where several processes serve one database: what the operator put in force at another one. */
static void
follow(struct watch *w, int64_t now_us)
{
    bool is_changed = false;
    if (!store_is_shared(w->cx.store) ||
        (w->followed_us != 0 && now_us - w->followed_us < FOLLOW_EVERY_S * US_PER_S)) {
        return;
    }
    w->followed_us = now_us;
    arena_reset(w->cx.arena);
    w->cx.deadline_us = 0;
    w->cx.pack = NULL;
    bool is_calendar_read = calendar_overrides_load(&w->cx) == ERR_OK; /* else tried again soon */
    if (is_calendar_read && pack_set_follow(&w->cx, w->cx.packs, &is_changed) == ERR_OK &&
        is_changed) {
        web_cache_clear(w->app->web);
        sys_log(&w->cx, SYS_LOG_INFO, "followed", NULL, 0);
    }
}

/* The same of members, agreements, keys and other installations: the jobs that tell of a change run
 * in whichever process takes them, and that need not be the relay's. */
static void
follow_exchange(struct watch *w, int64_t now_us)
{
    int64_t mark = 0;
    if (!store_is_shared(w->cx.store) || (w->cx.relay == NULL && w->cx.node == NULL)) {
        return;
    }
    arena_reset(w->cx.arena);
    w->cx.deadline_us = now_us + FOLLOW_US_MAX;
    enum err e = exchange_mark(&w->cx, &mark);
    if (e == ERR_OK && mark != w->mark) {
        e = exchange_relay_apply(&w->cx);
        e = e == ERR_OK ? node_trust_reload(&w->cx) : e;
        w->mark = e == ERR_OK ? mark : w->mark; /* else again in a second */
    }
    w->cx.deadline_us = 0;
}

/* The folded counts behind the leaders' page: all of them at the first time, some 50 ms of a
 * million dossiers, for which the first leader of the day would wait otherwise. */
static void
follow_counts(struct watch *w, int64_t now_us)
{
    if (w->app->server == NULL ||
        (w->counted_us != 0 && now_us - w->counted_us < COUNTS_EVERY_S * US_PER_S)) {
        return;
    }
    w->counted_us = now_us;
    arena_reset(w->cx.arena);
    w->cx.deadline_us = now_us + FOLLOW_US_MAX;
    if (indicator_cube_follow(&w->cx) != ERR_OK) {
        arena_reset(w->cx.arena); /* next time; until then a page reads them itself */
    }
    w->cx.deadline_us = 0;
}

static void
tick(struct watch *w)
{
    int64_t now_us = sys_mono_us(&w->cx);
    ping(w, now_us);
    follow_counts(w, now_us);
    follow(w, now_us);
    follow_exchange(w, now_us);
    if (w->trimmed_us == 0 || now_us - w->trimmed_us >= TRIM_EVERY_S * US_PER_S) {
        w->trimmed_us = now_us;
        sys_memory_trim(); /* gives back what documents and lists left behind */
    }
    if (w->sampled_us == 0 || now_us - w->sampled_us >= HEALTH_SAMPLE_S * US_PER_S) {
        arena_reset(w->cx.arena);
        w->cx.deadline_us = 0;
        w->sampled_us = now_us;
        health_sample(&w->cx, w->cx.health);
    }
}

void
app_watch(struct app *app, const struct app_options *options)
{
    struct watch w = {
        .cx = app->cx, .app = app, .watchdog_us = sys_watchdog_us(), .was_alive = true, .mark = -1
    };
    const struct timespec second = { .tv_sec = 1 };
    sigset_t set;
    w.cx.arena = arena_open(0);
    w.cx.trace_id = STR_NULL;
    signals_of(&set);
    for (;;) {
        tick(&w);
        int got = sigtimedwait(&set, NULL, &second);
        if (got == SIGHUP) {
            app_reload(app, options);
        } else if (got > 0) {
            break;
        }
    }
    arena_close(w.cx.arena);
}
