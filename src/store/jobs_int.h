/* jobs_int.h: shared by jobs.c (one entry) and jobs_threads.c (who takes which). */
#ifndef STORE_JOBS_INT_H
#define STORE_JOBS_INT_H

#include "store/jobs.h"
#include "store/store_int.h"

struct jobs_entry {
    int64_t id;
    struct str topic, key, payload;
    int64_t tries;
};

/* A context for jobs: like `from`, with an arena and connection state of its own. */
void jobs_cx_init(struct ctx *cx, const struct ctx *from, struct arena *arena);
/* Forgets what the last job left. */
void jobs_cx_reset(struct ctx *cx);

/* Due entries that are the first of their topic and key. */
NODISCARD enum err jobs_fetch(struct ctx *cx, size_t max_n, struct jobs_entry **ret, size_t *ret_n);
/* The next due entry: the first of their topic and key. Where other processes may be at work, it is
 * taken for this one in the store. id 0 when there is none. */
NODISCARD enum err jobs_next(struct ctx *cx, struct jobs_entry *ret);
/* Entries that an earlier process at this one's place had taken are free again. */
NODISCARD enum err jobs_release(struct ctx *cx);
/* Entries taken by this process that none of its threads works on are free again: after the store
 * failed to take an outcome, or to say whether it took an entry. The caller holds off takes. */
NODISCARD enum err jobs_release_strays(struct ctx *cx, const int64_t *worked_on, size_t n);
/* Takes a timed job when it is due and no other process was first. */
NODISCARD enum err jobs_timed_take(struct ctx *cx, const struct jobs_timed *t, bool *ret_taken);
/* Runs the handler and records the outcome. Fails only when the store does. */
NODISCARD enum err jobs_handle(struct ctx *cx, const struct jobs_config *config,
                               const struct jobs_entry *entry);
/* 0 when it never ran. */
NODISCARD enum err jobs_timed_due_us(struct ctx *cx, const struct jobs_timed *t,
                                     int64_t *ret_due_us);
NODISCARD enum err jobs_timed_run(struct ctx *cx, const struct jobs_timed *t, int64_t *ret_due_us);

#endif
