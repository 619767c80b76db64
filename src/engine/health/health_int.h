/* health_int.h: shared inside the module. */
#ifndef ENGINE_HEALTH_HEALTH_INT_H
#define ENGINE_HEALTH_HEALTH_INT_H

#include "base/hist.h"
#include "engine/box/box.h"
#include "engine/health/health.h"
#include "engine/node/node.h"
#include "engine/watch/watch.h"
#include "net/server.h"
#include "store/jobs.h"
#include "store/store.h"
#include "sys/service.h"

#include <pthread.h>
#include <stdatomic.h>

#define TOPICS_MAX 32
#define TIMED_MAX  64
#define NAME_MAX   48
#define MINUTE     6 /* samples */

struct health_topic {
    char name[NAME_MAX];
    int64_t n_waiting, n_dead, oldest_us;
};
struct health_timed {
    char name[NAME_MAX];
    int64_t ran_us;
    bool is_failing;
};

/* Everything seen at one instant. */
struct health_view {
    int64_t at_us, mono_us;
    bool can_read;
    struct server_stats server;
    struct store_stats store;
    struct sys_process process;
    int64_t disk_free_bytes, disk_total_bytes;
    int64_t ledger_size, ledger_pending, ledger_oldest_us;
    struct health_topic topics[TOPICS_MAX];
    size_t n_topics;
    struct health_timed timed[TIMED_MAX];
    size_t n_timed;
    struct box_figures boxes;
    int64_t n_alarms;  /* of the exchange */
    int64_t backup_us; /* 0: never */
    int64_t made_us;   /* the database; 0: not known */
    bool is_shared;    /* the database is looked after by its own means */
    int64_t n_refused_minute, n_failed_minute;
    bool has_node;          /* signed exchange is open */
    struct node_state node; /* when it is */
};

/* health_check.c: the rules, from what was seen. */
void health_judge(const struct health_view *v, struct health_check ret[HEALTH_COUNT]);
extern const char *const health_names[HEALTH_COUNT];

struct health_module {
    const char *name;
    struct hist us;
};

struct health {
    const char *version;
    struct health_module modules[HEALTH_MODULES_MAX];
    size_t n_modules;
    int64_t started_us;
    _Atomic(struct server *) server;
    _Atomic int state;
    _Atomic bool can_read;

    pthread_mutex_t lock; /* guards all below */
    struct node *node;
    struct relay *relay;
    bool has_view;
    struct health_view view;
    struct health_check checks[HEALTH_COUNT];
    struct health_sample samples[HEALTH_SAMPLES_MAX];
    size_t at, n;
    struct server_stats last; /* at the newest sample */
    enum health_level logged[HEALTH_COUNT];
};

/* The lock is held. */
void health_copy_view(struct health *h, struct health_view *ret);

#endif
