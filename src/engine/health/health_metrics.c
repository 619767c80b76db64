/* health_metrics.c: the figures in the Prometheus text format. Names: prometheus.io/docs/practices/
 * naming; checked by `promtool check metrics` in the tests. */
#include "base/buf.h"
#include "engine/health/health_int.h"
#include "engine/pack/pack.h"

#include <stdlib.h>

#define TEXT_MAX_BYTES (512U * 1024U)

/* What one family of series begins with. */
static void
family(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
one(struct buf *b, const char *name, const char *type, const char *help, uint64_t value)
{
    family(b, name, type, help);
    buf_addf(b, "%s %" PRIu64 "\n", name, value);
}

/* Microseconds as seconds, without floating point. */
static void
add_s(struct buf *b, uint64_t us)
{
    buf_addf(b, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

static void
one_s(struct buf *b, const char *name, const char *type, const char *help, int64_t us)
{
    family(b, name, type, help);
    buf_addf(b, "%s ", name);
    add_s(b, us < 0 ? 0 : (uint64_t)us);
    buf_add_char(b, '\n');
}

/* label is "" or "module=\"portal\"". */
static void
hist_series(struct buf *b, const char *name, const char *label, const struct hist_view *v)
{
    const char *comma = label[0] == '\0' ? "" : ",";
    uint64_t sum = 0;
    for (size_t i = 0; i < HIST_BOUNDS; i++) {
        sum += v->n[i];
        buf_addf(b, "%s_bucket{%s%sle=\"", name, label, comma);
        add_s(b, (uint64_t)hist_bounds_us[i]);
        buf_addf(b, "\"} %" PRIu64 "\n", sum);
    }
    buf_addf(b, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, label, comma, v->count);
    const char *open = label[0] == '\0' ? "" : "{";
    const char *close = label[0] == '\0' ? "" : "}";
    buf_addf(b, "%s_sum%s%s%s ", name, open, label, close);
    add_s(b, v->sum_us);
    buf_addf(b, "\n%s_count%s%s%s %" PRIu64 "\n", name, open, label, close, v->count);
}

static void
hist_one(struct buf *b, const char *name, const char *help, const struct hist_view *v)
{
    family(b, name, "histogram", help);
    hist_series(b, name, "", v);
}

static void
labelled(struct buf *b, const char *name, const char *label, const char *value, uint64_t n)
{
    buf_addf(b, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, n);
}

static void
add_process(struct ctx *cx, struct buf *b, const struct health *h, const struct health_view *v)
{
    const struct pack *pack = pack_now(cx);
    family(b, "bombo_build_info", "gauge", "Version of the program and of the content in force.");
    buf_addf(b, "bombo_build_info{version=\"%s\",pack=\"" STR_FMT "\"} 1\n", h->version,
             STR_ARG(pack == NULL ? STR("") : pack->version));
    one_s(b, "process_start_time_seconds", "gauge", "When the program started.", h->started_us);
    one_s(b, "process_cpu_seconds_total", "counter", "CPU time used, user and system.",
          v->process.cpu_us);
    one(b, "process_resident_memory_bytes", "gauge", "Memory in use.",
        (uint64_t)v->process.memory_bytes);
    one(b, "process_open_fds", "gauge", "Open files and sockets.", (uint64_t)v->process.n_files);
    one(b, "process_max_fds", "gauge", "Most files and sockets it may open.",
        (uint64_t)v->process.files_max);
    one(b, "process_threads", "gauge", "Threads.", (uint64_t)v->process.n_threads);
}

static void
add_refused(struct buf *b, const struct server_stats *s)
{
    static const char name[] = "bombo_http_refused_total";
    family(b, name, "counter",
           "Requests or connections refused: queue or connections full, deadline passed in the "
           "queue, malformed, too slow.");
    labelled(b, name, "why", "busy", s->n_refused_busy);
    labelled(b, name, "why", "late", s->n_late);
    labelled(b, name, "why", "malformed", s->n_bad);
    labelled(b, name, "why", "slow", s->n_timeouts);
}

static void
add_server(struct buf *b, const struct server_stats *s)
{
    static const char *const classes[] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };
    one(b, "bombo_http_connections", "gauge", "Open connections.", s->n_open);
    one(b, "bombo_http_connections_total", "counter", "Connections accepted.", s->n_connections);
    one(b, "bombo_http_requests_total", "counter", "Requests received.", s->n_requests);
    family(b, "bombo_http_answers_total", "counter", "Answers by class of status.");
    for (size_t i = 1; i < COUNT_OF(classes); i++) {
        labelled(b, "bombo_http_answers_total", "status", classes[i], s->n_answers[i]);
    }
    add_refused(b, s);
    one(b, "bombo_http_received_bytes_total", "counter", "Bytes received.", s->bytes_in);
    one(b, "bombo_http_sent_bytes_total", "counter", "Bytes sent.", s->bytes_out);
    one(b, "bombo_http_listeners_dropped_total", "counter", "Live pages cut off, too far behind.",
        s->n_listeners_dropped);
    one_s(b, "bombo_http_loop_turn_max_seconds", "gauge", "Longest turn of an event loop so far.",
          (int64_t)s->loop_turn_us_max);
    hist_one(b, "bombo_http_work_duration_seconds",
             "From the last byte of a request until a worker has built the answer.", &s->work_us);
    hist_one(b, "bombo_http_queue_wait_seconds", "The part of it spent waiting for a worker.",
             &s->wait_us);
    if (s->tls_until_us != 0) {
        one_s(b, "bombo_tls_certificate_expiry_timestamp_seconds", "gauge",
              "End of the certificate's validity.", s->tls_until_us);
    }
}

static void
add_classes(struct buf *b, const struct server_stats *s)
{
    static const struct {
        const char *name, *type, *help;
        size_t at;
    } families[] = {
        { "bombo_http_queue_length", "gauge", "Requests waiting for a worker, by class of work.",
          offsetof(struct server_class_stats, queued) },
        { "bombo_http_queue_limit", "gauge", "Beyond this many, requests are refused.",
          offsetof(struct server_class_stats, queue_max) },
        { "bombo_http_workers_busy", "gauge", "Workers at it, by class of work.",
          offsetof(struct server_class_stats, running) },
        { "bombo_http_workers_limit", "gauge", "Workers that a class may hold.",
          offsetof(struct server_class_stats, running_max) },
        { "bombo_http_class_refused_total", "counter", "Requests refused for a full queue.",
          offsetof(struct server_class_stats, n_refused) },
    };
    for (size_t f = 0; f < COUNT_OF(families); f++) {
        family(b, families[f].name, families[f].type, families[f].help);
        for (size_t i = 0; i < s->n_classes; i++) {
            uint64_t n = 0;
            memcpy(&n, (const char *)&s->classes[i] + families[f].at, sizeof(n));
            buf_addf(b, "%s{class=\"" STR_FMT "\"} %" PRIu64 "\n", families[f].name,
                     STR_ARG(s->classes[i].name), n);
        }
    }
}

static void
add_modules(struct buf *b, const struct health *h)
{
    static const char name[] = "bombo_http_request_duration_seconds";
    char label[NAME_MAX + 16];
    struct hist_view v;
    family(b, name, "histogram", "The same by the office that answered.");
    for (size_t i = 0; i < h->n_modules; i++) {
        hist_read(&h->modules[i].us, &v);
        if (v.count != 0) {
            (void)snprintf(label, sizeof(label), "module=\"%.*s\"", NAME_MAX, h->modules[i].name);
            hist_series(b, name, label, &v);
        }
    }
}

static void
add_store(struct buf *b, const struct health_view *v)
{
    const struct store_stats *s = &v->store;
    one(b, "bombo_store_commits_total", "counter", "Commits, each with one sync.", s->n_commits);
    one(b, "bombo_store_closures_total", "counter", "Transactions run, several a commit.",
        s->n_closures);
    one(b, "bombo_store_batches_retried_total", "counter",
        "Commits that failed and were run again one by one.", s->n_batches_retried);
    one(b, "bombo_store_batches_spoiled_total", "counter",
        "Commits begun anew because a transaction in them failed after it wrote.",
        s->n_batches_spoiled);
    one(b, "bombo_store_queue_length", "gauge", "Transactions waiting for the writer.",
        s->queue_depth);
    one_s(b, "bombo_store_busy_seconds", "gauge", "How long the running commit is under way.",
          s->busy_us);
    hist_one(b, "bombo_store_closure_duration_seconds", "A transaction without its commit.",
             &s->closure_us);
    hist_one(b, "bombo_store_commit_duration_seconds", "A commit with its sync.", &s->commit_us);
    hist_one(b, "bombo_store_wait_duration_seconds",
             "From asking for a transaction until it began.", &s->wait_us);
    family(b, "bombo_store_size_bytes", "gauge", "Size of the database's files.");
    labelled(b, "bombo_store_size_bytes", "part", "database", (uint64_t)s->size_bytes);
    labelled(b, "bombo_store_size_bytes", "part", "log", (uint64_t)s->log_bytes);
    one(b, "bombo_store_log_kept", "gauge",
        "1 when a sync of the database failed: its log is copied back no more.",
        s->is_log_kept ? 1 : 0);
    one(b, "bombo_disk_free_bytes", "gauge", "Free space on the data folder's disk.",
        (uint64_t)v->disk_free_bytes);
    one(b, "bombo_disk_size_bytes", "gauge", "Size of the data folder's disk.",
        (uint64_t)v->disk_total_bytes);
    one(b, "bombo_ledger_leaves_total", "counter", "Entries in the signed tree.",
        (uint64_t)v->ledger_size);
    one(b, "bombo_ledger_pending", "gauge", "Entries not yet in the signed tree.",
        (uint64_t)v->ledger_pending);
    one_s(b, "bombo_ledger_lag_seconds", "gauge", "Age of the oldest of them.",
          v->ledger_oldest_us == 0 ? 0 : v->at_us - v->ledger_oldest_us);
}

static void
add_boxes(struct buf *b, const struct box_figures *f)
{
    family(b, "bombo_box_messages", "gauge", "Messages in boxes, waiting to leave, sent, dead.");
    labelled(b, "bombo_box_messages", "state", "waiting", (uint64_t)f->n_waiting);
    labelled(b, "bombo_box_messages", "state", "leaving", (uint64_t)f->n_leaving);
    labelled(b, "bombo_box_messages", "state", "sent", (uint64_t)f->n_sent);
    labelled(b, "bombo_box_messages", "state", "dead", (uint64_t)f->n_dead);
    one(b, "bombo_box_waiting_bytes", "gauge", "Bytes of those that wait.", (uint64_t)f->n_bytes);
    one(b, "bombo_box_lines_down", "gauge", "Lines to other installations that do not get through.",
        (uint64_t)f->n_down);
    one_s(b, "bombo_box_down_since_timestamp_seconds", "gauge",
          "Since when the longest of them does not; 0: all get through.", f->down_us);
}

static void
add_queues(struct buf *b, const struct health_view *v)
{
    family(b, "bombo_outbox_waiting", "gauge", "Entries of the outbox that wait, by topic.");
    for (size_t i = 0; i < v->n_topics; i++) {
        labelled(b, "bombo_outbox_waiting", "topic", v->topics[i].name,
                 (uint64_t)v->topics[i].n_waiting);
    }
    family(b, "bombo_outbox_dead", "gauge", "Entries given up; an operator decides.");
    for (size_t i = 0; i < v->n_topics; i++) {
        labelled(b, "bombo_outbox_dead", "topic", v->topics[i].name, (uint64_t)v->topics[i].n_dead);
    }
    family(b, "bombo_outbox_oldest_timestamp_seconds", "gauge", "When the oldest entry was put.");
    for (size_t i = 0; i < v->n_topics; i++) {
        labelled(b, "bombo_outbox_oldest_timestamp_seconds", "topic", v->topics[i].name,
                 (uint64_t)v->topics[i].oldest_us / 1000000);
    }
    family(b, "bombo_job_last_run_timestamp_seconds", "gauge", "When a timed job last ended.");
    for (size_t i = 0; i < v->n_timed; i++) {
        labelled(b, "bombo_job_last_run_timestamp_seconds", "job", v->timed[i].name,
                 (uint64_t)v->timed[i].ran_us / 1000000);
    }
    family(b, "bombo_job_failing", "gauge", "1 when its last run failed.");
    for (size_t i = 0; i < v->n_timed; i++) {
        labelled(b, "bombo_job_failing", "job", v->timed[i].name, v->timed[i].is_failing ? 1 : 0);
    }
    add_boxes(b, &v->boxes);
    one(b, "bombo_exchange_alarms", "gauge", "Alarms of the exchange that are on.",
        (uint64_t)v->n_alarms);
    one_s(b, "bombo_backup_last_success_timestamp_seconds", "gauge",
          "When the last backup was finished; 0: never.", v->backup_us);
}

static void
add_node(struct buf *b, const struct node_state *n)
{
    one(b, "bombo_evidence_log_bytes", "gauge", "Size of the evidence log.",
        (uint64_t)n->log_bytes);
    one(b, "bombo_evidence_log_limit_bytes", "gauge", "Beyond this, signed calls are refused.",
        (uint64_t)n->log_max_bytes);
    one(b, "bombo_evidence_records_total", "counter", "Records of the log.", (uint64_t)n->seq);
    one(b, "bombo_evidence_unindexed", "gauge", "Records that cannot be found by search yet.",
        (uint64_t)(n->seq - n->indexed_seq));
    one(b, "bombo_evidence_syncs_total", "counter", "Writes of the log to the disk.", n->n_syncs);
    one(b, "bombo_evidence_failed", "gauge", "1 when the log cannot be written.",
        n->is_log_failed ? 1 : 0);
    one_s(b, "bombo_stamp_last_timestamp_seconds", "gauge", "When the last time-stamp came.",
          n->stamped_us);
    one_s(b, "bombo_stamp_waiting_since_timestamp_seconds", "gauge",
          "Since when messages wait for a time-stamp; 0: none does.", n->unstamped_since_us);
    one(b, "bombo_node_sent_total", "counter", "Signed calls to other installations.", n->n_sent);
    one(b, "bombo_node_received_total", "counter", "Signed calls from other installations.",
        n->n_received);
    one(b, "bombo_node_refused_total", "counter", "Of them, refused.", n->n_refused);
    one(b, "bombo_node_signatures_total", "counter", "Signatures made.", n->n_batches);
    one(b, "bombo_node_signed_messages_total", "counter", "Messages that they cover.", n->n_signed);
}

/* Certificates of the exchange: the one that ends first. None: no figure. */
static enum err
add_tls(struct ctx *cx, struct buf *b)
{
    struct watch_tls *v = NULL;
    size_t n = 0;
    int64_t first_us = INT64_MAX;
    TRY(watch_tls(cx, &v, &n));
    for (size_t i = 0; i < n; i++) {
        first_us = v[i].until_us < first_us ? v[i].until_us : first_us;
    }
    if (n != 0) {
        one_s(b, "bombo_exchange_tls_first_expiry_timestamp_seconds", "gauge",
              "When the first TLS certificate of relay, services and other installations ends.",
              first_us);
    }
    return ERR_OK;
}

/* Who asks for figures was there before relay and node; these do not end while they are looked at.
 */
static enum err
add_watched_tls(struct ctx *cx, struct health *h, struct buf *b)
{
    (void)pthread_mutex_lock(&h->lock);
    struct ctx mine = *cx;
    mine.relay = h->relay;
    mine.node = h->node;
    enum err e = add_tls(&mine, b);
    (void)pthread_mutex_unlock(&h->lock);
    cx->err = mine.err;
    return e;
}

enum err
health_metrics(struct ctx *cx, struct health *h, struct str *ret)
{
    struct buf b = buf_new(cx->arena, TEXT_MAX_BYTES);
    struct health_check checks[HEALTH_COUNT];
    TRY(health_look(cx, h));
    struct health_view *v = ARENA_NEW(cx->arena, struct health_view);
    health_copy_view(h, v);
    health_checks(h, checks);
    add_process(cx, &b, h, v);
    one(&b, "bombo_ready", "gauge", "1 when requests may be sent here.",
        str_eq(str_of(health_ready(h)), STR("ready")) ? 1 : 0);
    family(&b, "bombo_check_level", "gauge", "0 fine, 1 look at it today, 2 act now.");
    for (size_t i = 0; i < HEALTH_COUNT; i++) {
        labelled(&b, "bombo_check_level", "check", checks[i].name, (uint64_t)checks[i].level);
    }
    add_server(&b, &v->server);
    add_classes(&b, &v->server);
    add_modules(&b, h);
    add_store(&b, v);
    add_queues(&b, v);
    if (v->has_node) {
        add_node(&b, &v->node);
    }
    TRY(add_watched_tls(cx, h, &b));
    if (b.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "figures over %u bytes", TEXT_MAX_BYTES);
    }
    *ret = buf_str(&b);
    return ERR_OK;
}
