/* jobs.h: the one job queue: handlers of outbox topics and timed jobs, run on job threads.
 * A handler runs at least once per entry, so it must be safe to run twice. */
#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include "store/store.h"

/* Handles one outbox entry. ERR_OK removes it; an error that may retry is tried again with growing
 * delay (up to 1 h); any other error parks it as dead with the reason, for the operator's page. */
typedef enum err jobs_fn(struct ctx *cx, struct str key, struct str payload);
/* Runs when due; returns how many microseconds until the next run in *ret_again_us. */
typedef enum err jobs_timed_fn(struct ctx *cx, int64_t *ret_again_us);

struct jobs_topic {
    struct str topic;
    jobs_fn *fn;
};
struct jobs_timed {
    struct str name;
    jobs_timed_fn *fn;
};

struct jobs;
struct jobs_config {
    const struct jobs_topic *const *topics; /* one array per module, each ended by a null topic */
    size_t n_topics;
    const struct jobs_timed *const *timed;  /* likewise */
    size_t n_timed;
    uint32_t n_threads; /* 0 = 1 */
};

/* Starts job threads; cx_template is copied for each job (own arena). */
NODISCARD enum err jobs_start(const struct ctx *cx_template, const struct jobs_config *config, struct jobs **ret);
/* Wakes the queue at once (called after a commit that put something into the outbox). */
void jobs_wake(struct jobs *j);
/* Finishes the running entries, then ends. Accepts NULL. */
void jobs_stop(struct jobs *j);
/* Handles everything now due on the calling thread: for tests and `bombo simulate`. */
NODISCARD enum err jobs_drain(struct ctx *cx, const struct jobs_config *config);

#endif
