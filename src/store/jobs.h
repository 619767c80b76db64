/* jobs.h: the one job queue: handlers of outbox topics and timed jobs, run on job threads.
 * A handler runs at least once per entry, so it must be safe to run twice. Entries of one topic and
 * key are handled one after the other in the order they were put; an entry that is tried again
 * later holds up those behind it, a dead one does not. */
#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include "store/store.h"

/* Handles one outbox entry, outside any transaction, with an arena of its own. ERR_OK removes the
 * entry; an error that may retry (errors.def) is tried again with growing delay (1 s doubling up to
 * 1 h, at most 200 times); any other error parks it as dead with the reason, for the operator's
 * page, as does a topic without a handler. */
typedef enum err jobs_fn(struct ctx *cx, struct str key, struct str payload);
/* Runs when due, first at the first start; after an error again in 60 s. Returns how many
 * microseconds until the next run in *ret_again_us. */
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
    const struct jobs_timed *const *timed; /* likewise */
    size_t n_timed;
    uint32_t n_threads; /* 0 = 1 */
};

/* Starts job threads; cx_template is copied for each job (own arena). */
NODISCARD enum err jobs_start(const struct ctx *cx_template, const struct jobs_config *config,
                              struct jobs **ret);
/* Wakes the queue at once (called after a commit that put something into the outbox). */
void jobs_wake(struct jobs *j);
/* Finishes the running entries, then ends. Accepts NULL. */
void jobs_stop(struct jobs *j);
/* Handles everything now due on the calling thread, also what handlers put meanwhile, and runs the
 * due timed jobs once: for tests and `bombo simulate`. Fails only when the store does. */
NODISCARD enum err jobs_drain(struct ctx *cx, const struct jobs_config *config);

/* Inside store_write: entries with an id above after_id, put on another clock (a simulation's), are
 * as if put and due now. */
NODISCARD enum err jobs_put_now(struct ctx *cx, int64_t after_id);

/* --- the operator's page ---------------------------------------------------------------------- */
struct jobs_count {
    struct str topic;
    int64_t n_waiting, n_dead, oldest_us; /* when the oldest that waits was put; 0: none waits */
};
NODISCARD enum err jobs_counts(struct ctx *cx, struct jobs_count **ret, size_t *ret_n);

/* Timed jobs that have run, by name, at most 200. */
struct jobs_run {
    struct str name, last_error; /* null error: it went well */
    int64_t due_us, ran_us;
};
NODISCARD enum err jobs_runs(struct ctx *cx, struct jobs_run **ret, size_t *ret_n);

struct jobs_dead {
    int64_t id;
    struct str topic, key, payload;
    int64_t put_us, tries;
    struct str last_error;
};
/* Dead entries, newest first, with id below before_id (0: from the newest), at most n. */
NODISCARD enum err jobs_dead_list(struct ctx *cx, int64_t before_id, size_t n,
                                  struct jobs_dead **ret, size_t *ret_n);
/* Inside store_write: a dead entry is due again, with its tries forgotten. ERR_NOT_FOUND. */
NODISCARD enum err jobs_retry(struct ctx *cx, int64_t id);
/* Inside store_write: removes a dead entry. ERR_NOT_FOUND. */
NODISCARD enum err jobs_discard(struct ctx *cx, int64_t id);

#endif
