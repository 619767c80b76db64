/* health.h: how this process is doing, for operators and their monitoring. */
#ifndef ENGINE_HEALTH_HEALTH_H
#define ENGINE_HEALTH_HEALTH_H

#include "base/ctx.h"

struct health;

#define HEALTH_MODULES_MAX 48
#define HEALTH_SAMPLES_MAX 360 /* an hour */
#define HEALTH_SAMPLE_S    10
#define HEALTH_BACKUP_FILE "/backup.last" /* in the data folder: "<microseconds> <bytes>" */

/* modules: names of the offices whose answers are counted apart; kept, static. */
struct health *health_open(const char *version, const char *const *modules, size_t n_modules);
void health_close(struct health *h); /* accepts NULL */
/* The server whose figures these are; before that, and with NULL again, there are none. */
void health_watch(struct health *h, struct server *server);
/* Signed exchange, whose log is watched; with NULL no longer: when it returns nobody looks at it.
 */
void health_watch_node(struct health *h, struct node *node);
/* The relay, whose certificates are told; with NULL no longer, as above. */
void health_watch_relay(struct health *h, struct relay *relay);

/* One answer of a worker. Any thread; module may be NULL. */
void health_answer(struct health *h, const char *module, int64_t us);

/* When the program started; 0 when h is NULL. */
int64_t health_started_us(const struct health *h);
const char *health_version(const struct health *h);

/* --- readiness ---------------------------------------------------------------------------------
 */
enum health_state { HEALTH_STARTING, HEALTH_SERVING, HEALTH_STOPPING };
void health_state_set(struct health *h, enum health_state state);
/* From memory, any thread: "ready", or why not: "starting", "stopping", "store". */
const char *health_ready(const struct health *h);
/* Does the work go on? False when an event loop or the writer has hung: the supervisor should then
 * start the program anew. From memory, any thread. */
bool health_is_alive(struct ctx *cx, struct health *h);

/* --- checks ------------------------------------------------------------------------------------
 */
enum health_level { HEALTH_OK, HEALTH_WARN, HEALTH_BAD };
enum health_what {
    HEALTH_STORE,    /* can the store be read? value: 0 or 1 */
    HEALTH_WRITER,   /* how long the running batch has been at it, ms */
    HEALTH_LOG,      /* size of the write-ahead log, MiB; -2: not this program's task */
    HEALTH_LOOPS,    /* since an event loop last turned, ms */
    HEALTH_DISK,     /* free space, MiB */
    HEALTH_LEDGER,   /* age of the oldest entry that is not yet in the tree, s */
    HEALTH_OUTBOX,   /* age of the oldest entry that waits, s */
    HEALTH_DEAD,     /* entries given up */
    HEALTH_JOBS,     /* timed jobs whose last run failed */
    HEALTH_BUSY,     /* requests refused in the last minute */
    HEALTH_FAILURES, /* answers 5xx but 503 in the last minute */
    HEALTH_TLS,      /* days until the certificate ends; -1: no TLS */
    HEALTH_BACKUP,   /* hours since the last backup; -1: never; -2: not this program's task */
    HEALTH_EVIDENCE, /* how much of the evidence log's room is used, percent; -1: no signed exchange
                      */
    HEALTH_STAMPS, /* how long signed messages have waited for a time-stamp, s; -1: no authority */
    HEALTH_COUNT
};
struct health_check {
    const char *name; /* "disk" */
    enum health_level level;
    int64_t value;
};
/* Looks at everything unless somebody did within the last second. Reads the store on this thread.
 * ERR_NOT_FOUND when h is NULL. */
NODISCARD enum err health_look(struct ctx *cx, struct health *h);
/* The newest look. */
void health_checks(struct health *h, struct health_check ret[HEALTH_COUNT]);
/* Looks, and keeps a sample; to be called every HEALTH_SAMPLE_S seconds. Changes of level are
 * logged. */
void health_sample(struct ctx *cx, struct health *h);

struct health_sample {
    int64_t at_us;      /* wall clock */
    int64_t n_requests; /* in these ten seconds, as are refused and failed */
    int64_t n_refused, n_failed;
    int64_t p50_us, p95_us; /* of workers' answers */
    int64_t n_queued;       /* waiting for a worker or the writer */
    int64_t n_outbox;       /* waiting in the outbox */
    int64_t memory_bytes;
};
/* Oldest first, copied into cx->arena. */
size_t health_samples(struct ctx *cx, struct health *h, struct health_sample **ret);

/* All figures in the Prometheus text format 0.0.4. Looks first. */
NODISCARD enum err health_metrics(struct ctx *cx, struct health *h, struct str *ret);

#endif
