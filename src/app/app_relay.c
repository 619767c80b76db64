/* app_relay.c: the exchange's data plane in this program: beside the pages (`bombo run
 * --relay-port`) or alone (`bombo relay`). */
#include "app/app_int.h"
#include "engine/exchange/exchange.h"

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

/* --- calls into the log and the store ----------------------------------------------------------
 */
#define CALLS_PER_WRITE 100

/* Until a step began; 0: no time was spent in it or behind it. */
static int64_t
until_step(const struct relay_record *v, enum relay_step step)
{
    int64_t before_us = 0;
    int64_t rest_us = 0;
    for (int s = RELAY_STEP_HEAD; s <= RELAY_STEP_ANSWER; s++) {
        *(s < (int)step ? &before_us : &rest_us) += v->step_us[s];
    }
    return rest_us == 0 ? 0 : before_us;
}

static struct exchange_call
call_of(const struct relay_record *v)
{
    struct str operation = v->operation.n != 0 ? v->operation : str_of(v->path);
    return (struct exchange_call){ .at_us = v->started_us,
                                   .way = STR("relay"),
                                   .consumer_id = v->client_id,
                                   .service_id = v->route_id,
                                   .agreement_id = v->grant_id,
                                   .operation = operation,
                                   .status = v->status,
                                   .fault = v->error == RELAY_OK
                                                ? STR("")
                                                : str_of(relay_error_name(v->error)),
                                   .bytes_in = (int64_t)v->bytes_in,
                                   .bytes_out = (int64_t)v->bytes_out,
                                   .took_us = v->total_us,
                                   .up_us = until_step(v, RELAY_STEP_SEND),
                                   .back_us = until_step(v, RELAY_STEP_ANSWER),
                                   .message_id = str_of(v->message_id),
                                   .trace_id = str_of(v->trace_id),
                                   .request_id = str_of(v->request_id) };
}

/* Until they are stored: the relay refuses new calls when its rings are full. */
static void
store_calls(struct app_relay *r, const struct exchange_call *v, size_t n)
{
    const struct timespec pause = { .tv_nsec = 100000000 };
    while (exchange_calls_add(&r->cx, v, n) != ERR_OK) {
        if (__atomic_load_n(&r->is_ending, __ATOMIC_RELAXED)) {
            (void)fprintf(stderr, "bombo: %zu calls of the relay could not be stored: %s\n", n,
                          r->cx.err.text);
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
}

static void
on_records(void *arg, const struct relay_record *v, size_t n)
{
    struct app_relay *r = arg;
    if (r->log != NULL) {
        relay_log_records(r->log, v, n);
    }
    for (size_t i = 0; r->cx.store != NULL && i < n; i += CALLS_PER_WRITE) {
        struct exchange_call calls[CALLS_PER_WRITE];
        size_t k = 0;
        for (; k < CALLS_PER_WRITE && i + k < n; k++) {
            calls[k] = call_of(&v[i + k]);
        }
        store_calls(r, calls, k);
        arena_reset(r->cx.arena);
    }
}

/* The policy of a file, or of the exchange's own rows. */
static bool
policy_begin(struct ctx *cx, struct relay *r, const struct app_config *config)
{
    if (config->relay_policy.n != 0) {
        return app_relay_load(cx, r, config->relay_policy);
    }
    struct ctx mine = *cx;
    mine.relay = r;
    mine.arena = arena_open(0);
    enum err e = cx->store == NULL ? ERR_OK : exchange_relay_apply(&mine);
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: the exchange's policy cannot be put in force: %s\n",
                      mine.err.text);
    }
    arena_close(mine.arena);
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
                               .asks_cert = config->relay_cert.n != 0,
                               .on_records = on_records,
                               .arg = ret };
    *ret = (struct app_relay){ .cx = *cx };
    ret->cx.arena = arena_open(0);
    enum err e = ERR_OK;
    if (config->relay_log.n != 0) {
        e = relay_log_open(cx, config->relay_log, &ret->log);
    }
    e = e == ERR_OK ? relay_start(cx, &rc, &ret->relay) : e;
    if (e != ERR_OK) {
        (void)fprintf(stderr, "bombo: the relay cannot start: %s (%s)\n", cx->err.text,
                      err_name(e));
        return false;
    }
    if (!policy_begin(cx, ret->relay, config)) {
        return false;
    }
    (void)printf("Bom Bo relay: %s://localhost:%d\n", rc.tls_cert.n == 0 ? "http" : "https",
                 relay_port(ret->relay));
    return true;
}

void
app_relay_stop(struct app_relay *r)
{
    __atomic_store_n(&r->is_ending, true, __ATOMIC_RELAXED);
    relay_log_give_up(r->log);
    relay_stop(r->relay, GRACE_MS);
    relay_log_close(r->log);
    arena_close(r->cx.arena);
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
