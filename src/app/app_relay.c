/* app_relay.c: the exchange's data plane in this program: beside the pages (`bombo run
 * --relay-port`) or alone (`bombo relay`). */
#include "app/app_int.h"

#include <signal.h>
#include <stdio.h>

#define POLICY_MAX_BYTES ((size_t)64 << 20)
#define GRACE_MS         10000

/* Reads the policy file and puts it in force; says what is wrong with it. */
bool
app_relay_load(struct ctx *cx, struct relay *r, struct str path)
{
    struct arena *a = arena_open(0);
    struct ctx mine = *cx;
    struct str text;
    struct str faults = STR("");
    mine.arena = a;
    enum err e = sys_file_read(&mine, path, POLICY_MAX_BYTES, &text);
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: the relay's policy " STR_FMT " cannot be read: %s\n",
                      STR_ARG(path), mine.err.text);
    } else {
        e = relay_apply_json(&mine, r, path, text, &faults);
        if (e != ERR_OK) {
            (void)fprintf(stderr, "bombo: the relay's policy has faults:\n" STR_FMT,
                          STR_ARG(faults));
        }
    }
    arena_close(a);
    return e == ERR_OK;
}

bool
app_relay_start(struct ctx *cx, const struct app_config *config, struct app_relay *ret)
{
    struct relay_config rc = { .address = config->relay_address.n == 0 ? STR("0.0.0.0")
                                                                       : config->relay_address,
                               .port = config->relay_port,
                               .n_loops = (uint32_t)config->relay_loops,
                               .tls_cert = config->relay_cert,
                               .tls_key = config->relay_key,
                               .asks_cert = config->relay_cert.n != 0 };
    *ret = (struct app_relay){ 0 };
    enum err e = ERR_OK;
    if (config->relay_log.n != 0) {
        e = relay_log_open(cx, config->relay_log, &ret->log);
        rc.on_records = relay_log_records;
        rc.arg = ret->log;
    }
    e = e == ERR_OK ? relay_start(cx, &rc, &ret->relay) : e;
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: the relay cannot start: %s (%s)\n", cx->err.text,
                      err_name(e));
        return false;
    }
    (void)printf("Bom Bo relay: %s://localhost:%d\n", rc.tls_cert.n == 0 ? "http" : "https",
                 relay_port(ret->relay));
    return config->relay_policy.n == 0 || app_relay_load(cx, ret->relay, config->relay_policy);
}

void
app_relay_stop(struct app_relay *r)
{
    relay_log_give_up(r->log);
    relay_stop(r->relay, GRACE_MS);
    relay_log_close(r->log);
}

/* One line of JSON: figures since the start. */
static void
print_stats(struct relay *r)
{
    struct relay_stats st;
    relay_stats(r, &st);
    (void)printf("{\"calls\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"failed\": %" PRIu64
                 ", \"retries\": %" PRIu64 ", \"upstream_opened\": %" PRIu64
                 ", \"upstream_reused\": %" PRIu64 ", \"tokens_verified\": %" PRIu64
                 ", \"records\": %" PRIu64 ", \"swaps\": %" PRIu64 ", \"turn_us_max\": %" PRIu64
                 ", \"turns\": [",
                 st.n_calls, st.n_refused, st.n_failed, st.n_retries, st.n_upstream_opened,
                 st.n_reused, st.n_tokens_verified, st.n_records, st.n_swaps, st.turn_us_max);
    for (size_t i = 0; i < RELAY_TURN_BUCKETS; i++) {
        (void)printf("%s%" PRIu64, i == 0 ? "" : ", ", st.turns[i]);
    }
    (void)printf("]}\n");
    (void)fflush(stdout);
}

static bool
is_ending(int signal)
{
    return signal == SIGTERM || signal == SIGINT;
}

/* The relay alone, without store and pages: `bombo relay`. SIGHUP reads the policy again, SIGUSR1
 * prints figures. */
int
app_relay(const struct app_options *o)
{
    struct arena *a = arena_open(0);
    struct ctx cx = {
        .arena = a, .clock = &sys_clock_real, .random = &sys_random_real, .config = &o->config
    };
    struct app_relay r;
    sigset_t set;
    int got = 0;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGUSR1);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    bool is_good = app_relay_start(&cx, &o->config, &r);
    (void)fflush(stdout);
    while (is_good && !is_ending(got)) {
        got = 0;
        (void)sigwait(&set, &got);
        if (got == SIGHUP && app_relay_load(&cx, r.relay, o->config.relay_policy)) {
            (void)printf("Bom Bo relay: the policy was read again\n");
            (void)fflush(stdout);
        } else if (got == SIGUSR1 || is_ending(got)) {
            print_stats(r.relay);
        }
    }
    app_relay_stop(&r);
    arena_close(a);
    return is_good ? 0 : 1;
}

/* `bombo relay verify --relay-log FILE` */
int
app_relay_verify(const struct app_options *o)
{
    struct arena *a = arena_open(0);
    struct ctx cx = { .arena = a, .clock = &sys_clock_real };
    uint64_t n = 0;
    uint64_t fault = 0;
    enum err e = relay_log_verify(&cx, o->config.relay_log, &n, &fault);
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: the relay's log cannot be read: %s\n", cx.err.text);
    } else if (fault != 0) {
        (void)printf("%" PRIu64 " lines are good; line %" PRIu64
                     " does not follow from the one before\n",
                     n, fault);
    } else {
        (void)printf("%" PRIu64 " lines, all good\n", n);
    }
    arena_close(a);
    return e == ERR_OK && fault == 0 ? 0 : 1;
}
