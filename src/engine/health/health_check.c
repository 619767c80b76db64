/* health_check.c: when a figure is a reason to act. Pure: thresholds over what was seen. */
#include "engine/health/health_int.h"

#define US_PER_S     INT64_C(1000000)
#define S_PER_HOUR   INT64_C(3600)
#define S_PER_DAY    INT64_C(86400)
#define MIB          (INT64_C(1) << 20)
#define NO_THRESHOLD INT64_MAX

const char *const health_names[HEALTH_COUNT] = {
    [HEALTH_STORE] = "store",   [HEALTH_WRITER] = "writer",     [HEALTH_LOG] = "log",
    [HEALTH_LOOPS] = "loops",   [HEALTH_DISK] = "disk",         [HEALTH_LEDGER] = "ledger",
    [HEALTH_OUTBOX] = "outbox", [HEALTH_DEAD] = "dead",         [HEALTH_JOBS] = "jobs",
    [HEALTH_BUSY] = "busy",     [HEALTH_FAILURES] = "failures", [HEALTH_TLS] = "tls",
    [HEALTH_BACKUP] = "backup", [HEALTH_EVIDENCE] = "evidence", [HEALTH_STAMPS] = "stamps",
};

/* At or above warn, at or above bad. */
static struct health_check
above(enum health_what what, int64_t value, int64_t warn, int64_t bad)
{
    return (struct health_check){ .name = health_names[what],
                                  .value = value,
                                  .level = value >= bad    ? HEALTH_BAD
                                           : value >= warn ? HEALTH_WARN
                                                           : HEALTH_OK };
}

/* Below warn, below bad. */
static struct health_check
below(enum health_what what, int64_t value, int64_t warn, int64_t bad)
{
    return (struct health_check){ .name = health_names[what],
                                  .value = value,
                                  .level = value < bad    ? HEALTH_BAD
                                           : value < warn ? HEALTH_WARN
                                                          : HEALTH_OK };
}

static int64_t
age_s(const struct health_view *v, int64_t since_us)
{
    return since_us == 0 || since_us > v->at_us ? 0 : (v->at_us - since_us) / US_PER_S;
}

static struct health_check
judge_disk(const struct health_view *v)
{
    int64_t tenth = v->disk_total_bytes / 10 / MIB;
    int64_t warn = tenth > 10240 ? 10240 : tenth; /* a tenth of the disk, at most 10 GiB */
    return below(HEALTH_DISK, v->disk_free_bytes / MIB, warn < 256 ? 256 : warn, 128);
}

/* The log is copied back as it grows, so it is long only when that does not work: a reading that
 * never ends, or a disk that fails. After a failed sync it is not even tried (store/sqlite/log.c).
 */
static struct health_check
judge_log(const struct health_view *v)
{
    if (v->is_shared) {
        return above(HEALTH_LOG, -2, NO_THRESHOLD, NO_THRESHOLD);
    }
    int64_t bad = v->store.is_log_kept ? 0 : NO_THRESHOLD;
    return above(HEALTH_LOG, v->store.log_bytes / MIB, 1024, bad);
}

static struct health_check
judge_tls(const struct health_view *v)
{
    if (v->server.tls_until_us == 0) {
        return above(HEALTH_TLS, -1, NO_THRESHOLD, NO_THRESHOLD);
    }
    return below(HEALTH_TLS, (v->server.tls_until_us - v->at_us) / US_PER_S / S_PER_DAY, 21, 4);
}

/* A backup a day, with two hours of grace; two days without one are bad. A new installation has as
 * long for its first. */
static struct health_check
judge_backup(const struct health_view *v)
{
    int64_t since_us = v->backup_us != 0 ? v->backup_us : v->made_us;
    struct health_check c =
        above(HEALTH_BACKUP, age_s(v, since_us) / S_PER_HOUR, INT64_C(26), INT64_C(50));
    if (v->is_shared) {
        return above(HEALTH_BACKUP, -2, NO_THRESHOLD, NO_THRESHOLD);
    }
    if (v->backup_us == 0) {
        bool is_due = v->made_us == 0 || c.level != HEALTH_OK;
        c = above(HEALTH_BACKUP, -1, is_due ? -1 : NO_THRESHOLD, NO_THRESHOLD);
    }
    return c;
}

/* Evidence is never dropped: a log without room refuses calls. So there is a warning long before.
 */
static struct health_check
judge_evidence(const struct health_view *v)
{
    const struct node_state *n = &v->node;
    if (!v->has_node || n->log_max_bytes == 0) {
        return above(HEALTH_EVIDENCE, -1, NO_THRESHOLD, NO_THRESHOLD);
    }
    struct health_check c = above(HEALTH_EVIDENCE, n->log_bytes / (n->log_max_bytes / 100), 70, 90);
    c.level = n->is_archive_failed && c.level == HEALTH_OK ? HEALTH_WARN : c.level;
    c.level = n->is_full || n->is_log_failed ? HEALTH_BAD : c.level;
    return c;
}

/* While the authority is away exchange goes on for the hours of the policy, then it is closed. */
static struct health_check
judge_stamps(const struct health_view *v)
{
    if (!v->has_node || !v->node.has_authority) {
        return above(HEALTH_STAMPS, -1, NO_THRESHOLD, NO_THRESHOLD);
    }
    struct health_check c =
        above(HEALTH_STAMPS, age_s(v, v->node.unstamped_since_us), 600, NO_THRESHOLD);
    c.level = v->node.is_stamp_late ? HEALTH_BAD : c.level;
    return c;
}

void
health_judge(const struct health_view *v, struct health_check ret[HEALTH_COUNT])
{
    int64_t oldest_us = 0;
    int64_t n_dead = 0;
    int64_t n_failing = 0;
    for (size_t i = 0; i < v->n_topics; i++) {
        const struct health_topic *t = &v->topics[i];
        n_dead += t->n_dead;
        if (t->n_waiting != 0 && (oldest_us == 0 || t->oldest_us < oldest_us)) {
            oldest_us = t->oldest_us;
        }
    }
    for (size_t i = 0; i < v->n_timed; i++) {
        n_failing += v->timed[i].is_failing ? 1 : 0;
    }
    ret[HEALTH_STORE] = below(HEALTH_STORE, v->can_read ? 1 : 0, 1, 1);
    ret[HEALTH_WRITER] = above(HEALTH_WRITER, v->store.busy_us / 1000, 5000, 60000);
    ret[HEALTH_LOG] = judge_log(v);
    ret[HEALTH_LOOPS] = above(HEALTH_LOOPS, v->server.quiet_us / 1000, 2000, 10000);
    ret[HEALTH_DISK] = judge_disk(v);
    ret[HEALTH_LEDGER] = above(HEALTH_LEDGER, age_s(v, v->ledger_oldest_us), 60, 900);
    ret[HEALTH_OUTBOX] = above(HEALTH_OUTBOX, age_s(v, oldest_us), S_PER_HOUR, S_PER_DAY);
    ret[HEALTH_DEAD] = above(HEALTH_DEAD, n_dead, 1, NO_THRESHOLD);
    ret[HEALTH_JOBS] = above(HEALTH_JOBS, n_failing, 1, NO_THRESHOLD);
    ret[HEALTH_BUSY] = above(HEALTH_BUSY, v->n_refused_minute, 1, 600);
    ret[HEALTH_FAILURES] = above(HEALTH_FAILURES, v->n_failed_minute, 1, 60);
    ret[HEALTH_TLS] = judge_tls(v);
    ret[HEALTH_BACKUP] = judge_backup(v);
    ret[HEALTH_EVIDENCE] = judge_evidence(v);
    ret[HEALTH_STAMPS] = judge_stamps(v);
}
