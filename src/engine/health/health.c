/* health.c: counting, looking, readiness. */
#include "engine/health/health_int.h"

#include "engine/ledger/ledger.h"
#include "sys/log.h"
#include "sys/sys.h"

#include <stdlib.h>

#define LOOK_EVERY_US   INT64_C(1000000)
#define LOOK_US_MAX     INT64_C(5000000)
#define HUNG_LOOP_US    INT64_C(10000000)
#define HUNG_WRITER_US  INT64_C(120000000)
#define BACKUP_FILE_MAX 64U

struct health *
health_open(const char *version, const char *const *modules, size_t n_modules)
{
    struct health *h = calloc(1, sizeof(*h));
    ASSERT(h != NULL && pthread_mutex_init(&h->lock, NULL) == 0);
    h->version = version;
    h->n_modules = n_modules < HEALTH_MODULES_MAX ? n_modules : HEALTH_MODULES_MAX;
    for (size_t i = 0; i < h->n_modules; i++) {
        h->modules[i].name = modules[i];
    }
    atomic_store(&h->can_read, true);
    h->started_us = sys_clock_real.wall_us(&sys_clock_real);
    return h;
}

void
health_close(struct health *h)
{
    if (h != NULL) {
        (void)pthread_mutex_destroy(&h->lock);
        free(h);
    }
}

void
health_watch(struct health *h, struct server *server)
{
    (void)pthread_mutex_lock(&h->lock); /* nobody is looking at the old one when it goes */
    atomic_store(&h->server, server);
    (void)pthread_mutex_unlock(&h->lock);
}

void
health_answer(struct health *h, const char *module, int64_t us)
{
    for (size_t i = 0; i < h->n_modules; i++) {
        if (module != NULL && str_eq(str_of(module), str_of(h->modules[i].name))) {
            hist_add(&h->modules[i].us, us);
            return;
        }
    }
}

int64_t
health_started_us(const struct health *h)
{
    return h == NULL ? 0 : h->started_us;
}

const char *
health_version(const struct health *h)
{
    return h == NULL ? "" : h->version;
}

/* --- readiness ---------------------------------------------------------------------------------
 */
void
health_watch_node(struct health *h, struct node *node)
{
    (void)pthread_mutex_lock(&h->lock);
    h->node = node;
    (void)pthread_mutex_unlock(&h->lock);
}

void
health_watch_relay(struct health *h, struct relay *relay)
{
    (void)pthread_mutex_lock(&h->lock);
    h->relay = relay;
    (void)pthread_mutex_unlock(&h->lock);
}

void
health_state_set(struct health *h, enum health_state state)
{
    atomic_store(&h->state, (int)state);
}

const char *
health_ready(const struct health *h)
{
    switch ((enum health_state)atomic_load(&h->state)) {
    case HEALTH_STARTING:
        return "starting";
    case HEALTH_STOPPING:
        return "stopping";
    case HEALTH_SERVING:
        break;
    }
    return atomic_load(&h->can_read) ? "ready" : "store";
}

bool
health_is_alive(struct ctx *cx, struct health *h)
{
    struct store_stats store;
    struct server *server = atomic_load(&h->server);
    struct server_stats stats = { 0 };
    store_stats(cx->store, &store);
    if (server != NULL) {
        server_stats(server, &stats);
    }
    return stats.quiet_us < HUNG_LOOP_US && store.busy_us < HUNG_WRITER_US;
}

/* --- looking -----------------------------------------------------------------------------------
 */
static void
name_copy(char to[NAME_MAX], struct str from)
{
    size_t n = from.n < NAME_MAX - 1 ? from.n : NAME_MAX - 1;
    memcpy(to, from.p, n);
    to[n] = '\0';
}

static enum err
look_queues(struct ctx *cx, struct health_view *v)
{
    struct jobs_count *topics = NULL;
    struct jobs_run *timed = NULL;
    size_t n = 0;
    TRY(jobs_counts(cx, &topics, &n));
    v->n_topics = n < TOPICS_MAX ? n : TOPICS_MAX;
    for (size_t i = 0; i < v->n_topics; i++) {
        name_copy(v->topics[i].name, topics[i].topic);
        v->topics[i].n_waiting = topics[i].n_waiting;
        v->topics[i].n_dead = topics[i].n_dead;
        v->topics[i].oldest_us = topics[i].oldest_us;
    }
    TRY(jobs_runs(cx, &timed, &n));
    v->n_timed = n < TIMED_MAX ? n : TIMED_MAX;
    for (size_t i = 0; i < v->n_timed; i++) {
        name_copy(v->timed[i].name, timed[i].name);
        v->timed[i].ran_us = timed[i].ran_us;
        v->timed[i].is_failing = timed[i].last_error.n != 0;
    }
    return ERR_OK;
}

static enum err
look_store(struct ctx *cx, void *arg)
{
    struct health_view *v = arg;
    struct ledger_head head;
    TRY(ledger_head(cx, &head));
    TRY(store_made_us(cx, &v->made_us));
    v->ledger_size = head.size;
    TRY(ledger_lag(cx, &v->ledger_pending, &v->ledger_oldest_us));
    TRY(box_figures(cx, &v->boxes));
    TRY(watch_alarms_on(cx, &v->n_alarms));
    return look_queues(cx, v);
}

static int64_t
backup_time(struct ctx *cx)
{
    struct str text;
    struct str head = STR_NULL;
    struct str tail = STR_NULL;
    int64_t at_us = 0;
    struct str path = str_cat(cx->arena, cx->config->data_dir, STR(HEALTH_BACKUP_FILE));
    if (!sys_file_exists(cx, path) || sys_file_read(cx, path, BACKUP_FILE_MAX, &text) != ERR_OK) {
        return 0;
    }
    (void)str_cut(text, ' ', &head, &tail);
    (void)str_to_i64(head, 0, INT64_MAX, &at_us);
    return at_us;
}

static void
look_at_all(struct ctx *cx, struct health *h, struct health_view *v)
{
    struct server *server = atomic_load(&h->server);
    *v = (struct health_view){ .at_us = sys_now_us(cx), .mono_us = sys_mono_us(cx) };
    v->can_read = store_read(cx, look_store, v) == ERR_OK;
    atomic_store(&h->can_read, v->can_read);
    store_stats(cx->store, &v->store);
    if (server != NULL) {
        server_stats(server, &v->server);
    }
    sys_process_read(&v->process);
    if (sys_disk(cx, cx->config->data_dir, &v->disk_free_bytes, &v->disk_total_bytes) != ERR_OK) {
        v->disk_free_bytes = 0;
    }
    v->backup_us = backup_time(cx);
    v->is_shared = store_is_shared(cx->store);
    struct node *was = cx->node; /* the caller's ctx may be older than the node */
    cx->node = h->node;
    v->has_node = cx->node != NULL && node_state(cx, &v->node) == ERR_OK;
    cx->node = was;
}

static int64_t
n_refused(const struct server_stats *s)
{
    return (int64_t)(s->n_refused_busy + s->n_late);
}

/* 5xx that are not refusals. */
static int64_t
n_failed(const struct server_stats *s)
{
    int64_t n = (int64_t)s->n_answers[5] - n_refused(s);
    return n < 0 ? 0 : n;
}

static void
count_minute(const struct health *h, struct health_view *v)
{
    v->n_refused_minute = n_refused(&v->server) - n_refused(&h->last);
    v->n_failed_minute = n_failed(&v->server) - n_failed(&h->last);
    for (size_t i = 0; i < MINUTE && i < h->n; i++) {
        const struct health_sample *s =
            &h->samples[(h->at + HEALTH_SAMPLES_MAX - 1 - i) % HEALTH_SAMPLES_MAX];
        v->n_refused_minute += s->n_refused;
        v->n_failed_minute += s->n_failed;
    }
}

/* The lock is held. */
static void
look_locked(struct ctx *cx, struct health *h)
{
    int64_t now_us = sys_mono_us(cx);
    if (h->has_view && now_us - h->view.mono_us < LOOK_EVERY_US) {
        return;
    }
    int64_t deadline_us = cx->deadline_us;
    if (deadline_us == 0 || deadline_us > now_us + LOOK_US_MAX) {
        cx->deadline_us = now_us + LOOK_US_MAX;
    }
    look_at_all(cx, h, &h->view);
    cx->deadline_us = deadline_us;
    count_minute(h, &h->view);
    health_judge(&h->view, h->checks);
    h->has_view = true;
}

enum err
health_look(struct ctx *cx, struct health *h)
{
    if (h == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no figures are kept in this process");
    }
    (void)pthread_mutex_lock(&h->lock);
    look_locked(cx, h);
    (void)pthread_mutex_unlock(&h->lock);
    return ERR_OK;
}

void
health_checks(struct health *h, struct health_check ret[HEALTH_COUNT])
{
    (void)pthread_mutex_lock(&h->lock);
    memcpy(ret, h->checks, sizeof(h->checks));
    (void)pthread_mutex_unlock(&h->lock);
}

void
health_copy_view(struct health *h, struct health_view *ret)
{
    (void)pthread_mutex_lock(&h->lock);
    *ret = h->view;
    (void)pthread_mutex_unlock(&h->lock);
}

/* --- samples -----------------------------------------------------------------------------------
 */
static struct health_sample
sample_of(const struct health *h)
{
    const struct health_view *v = &h->view;
    const struct server_stats *now = &v->server;
    struct hist_view since;
    int64_t n_outbox = 0;
    for (size_t i = 0; i < v->n_topics; i++) {
        n_outbox += v->topics[i].n_waiting;
    }
    hist_since(&now->work_us, &h->last.work_us, &since);
    return (struct health_sample){
        .at_us = v->at_us,
        .n_requests = (int64_t)(now->n_requests - h->last.n_requests),
        .n_refused = n_refused(now) - n_refused(&h->last),
        .n_failed = n_failed(now) - n_failed(&h->last),
        .p50_us = hist_quantile_us(&since, 500),
        .p95_us = hist_quantile_us(&since, 950),
        .n_queued = (int64_t)(now->queue_depth + v->store.queue_depth),
        .n_outbox = n_outbox,
        .memory_bytes = v->process.memory_bytes,
    };
}

static void
log_changes(struct ctx *cx, struct health *h)
{
    for (size_t i = 0; i < HEALTH_COUNT; i++) {
        const struct health_check *c = &h->checks[i];
        if (c->level == h->logged[i]) {
            continue;
        }
        const struct sys_log_field f[] = {
            SYS_LOG_TEXT("check", str_of(c->name)),
            SYS_LOG_N("is", (int64_t)c->level),
            SYS_LOG_N("was", (int64_t)h->logged[i]),
            SYS_LOG_N("value", c->value),
        };
        h->logged[i] = c->level;
        sys_log(cx,
                c->level == HEALTH_BAD    ? SYS_LOG_ERROR
                : c->level == HEALTH_WARN ? SYS_LOG_WARN
                                          : SYS_LOG_INFO,
                "check", f, COUNT_OF(f));
    }
}

void
health_sample(struct ctx *cx, struct health *h)
{
    (void)pthread_mutex_lock(&h->lock);
    look_locked(cx, h);
    h->samples[h->at] = sample_of(h);
    h->at = (h->at + 1) % HEALTH_SAMPLES_MAX;
    h->n += h->n < HEALTH_SAMPLES_MAX ? 1 : 0;
    h->last = h->view.server;
    log_changes(cx, h);
    (void)pthread_mutex_unlock(&h->lock);
}

size_t
health_samples(struct ctx *cx, struct health *h, struct health_sample **ret)
{
    struct health_sample *v = ARENA_ARRAY(cx->arena, struct health_sample, HEALTH_SAMPLES_MAX);
    (void)pthread_mutex_lock(&h->lock);
    size_t n = h->n;
    for (size_t i = 0; i < n; i++) {
        v[i] = h->samples[(h->at + HEALTH_SAMPLES_MAX - n + i) % HEALTH_SAMPLES_MAX];
    }
    (void)pthread_mutex_unlock(&h->lock);
    *ret = v;
    return n;
}
