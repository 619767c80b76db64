/* indicator.h: live counts of what happens to dossiers, by day, unit, field and procedure. Counts
 * are appended deltas in the transaction of the change, folded later by a job; a figure always
 * equals a full recount of its rows (tested). */
#ifndef ENGINE_INDICATOR_INDICATOR_H
#define ENGINE_INDICATOR_INDICATOR_H

#include "base/ctx.h"
#include "base/date.h"
#include "store/jobs.h"

/* Flows count events of a day (received, refused, done, done_ontime, done_late, withdrawn, paid,
 * paid_vnd, rated, rating_sum, supplement_asked). Stocks are sets of subjects that come and go
 * (open, waiting, unpaid); a stock's figure is summed over all days up to the last one asked for.
 * Each counted event keeps its subject, so that the list behind a figure is what was counted. */
struct indicator_delta {
    const char *metric;
    struct str unit, procedure, field;
    int64_t n;
    int64_t subject; /* dossier id */
};
/* Inside a transaction: adds n to a flow on the business day. */
NODISCARD enum err indicator_add(struct ctx *cx, const struct indicator_delta *d);
/* Inside a transaction: the subject is in the stock from now on, or no longer. Telling it twice
 * changes nothing. It leaves in the unit it was counted in. d->n is not used. */
NODISCARD enum err indicator_stock(struct ctx *cx, const struct indicator_delta *d, bool is_in);
/* Inside a transaction: all stocks of a unit go over to its successor; flows stay where they
 * happened. */
NODISCARD enum err indicator_move_unit(struct ctx *cx, struct str from_unit, struct str to_unit);
bool indicator_is_stock(struct str metric);

struct indicator_query {
    struct str unit;      /* unit key; null = all */
    struct str procedure; /* null = all */
    struct str field;     /* null = all */
    struct date from, to; /* days, both included; stocks ignore from. Day 0: open */
};
NODISCARD enum err indicator_sum(struct ctx *cx, const struct indicator_query *q,
                                 const char *metric, int64_t *ret);
enum indicator_group {
    INDICATOR_BY_UNIT,
    INDICATOR_BY_FIELD,
    INDICATOR_BY_PROCEDURE,
    INDICATOR_BY_DAY
};
struct indicator_row {
    struct str key; /* unit key, field, procedure code or day */
    int64_t n;
};
/* At most 2,000 rows, by key. A stock by day gives its changes of each day from `from` on. */
NODISCARD enum err indicator_group(struct ctx *cx, const struct indicator_query *q,
                                   const char *metric, enum indicator_group by,
                                   struct indicator_row **ret, size_t *ret_n);
extern const struct jobs_timed indicator_timed[]; /* fold */

/* --- all figures of one page at once -----------------------------------------------------------
 * With a cube (cx->figures) they come from this process's copy of the folded counts, brought up to
 * the newest fold, and the deltas of the store that are not folded yet: all under one snapshot, so
 * each number is what indicator_sum and indicator_group would give. Without one, from those. */
struct indicator_extra { /* counted elsewhere; goes into column `metric` */
    size_t metric;
    struct str unit, procedure, field;
    int64_t n;
};
struct indicator_ask {
    struct str unit;       /* unit key; null = all */
    struct date from, to;  /* of flows: days, both included */
    struct date days_from; /* first day of by[INDICATOR_BY_DAY], at most from */
    const char *const
        *metrics;     /* columns; stocks count what is in them now, by day their changes */
    size_t n_metrics; /* at most INDICATOR_METRICS_MAX */
    const struct indicator_extra *extra;
    size_t n_extra;
};
struct indicator_cells {
    struct str key;
    int64_t *n; /* one a metric asked for */
};
struct indicator_figures {
    int64_t *sum;
    /* by unit, field and procedure: rows that hold something, by key. By day: every day from
     * days_from to `to`. */
    struct {
        struct indicator_cells *v;
        size_t n;
    } by[INDICATOR_BY_DAY + 1];
};
#define INDICATOR_METRICS_MAX 32
NODISCARD enum err indicator_figures(struct ctx *cx, const struct indicator_ask *ask,
                                     struct indicator_figures **ret);

/* A process's copy of the folded counts. Safe for use by several threads. */
struct indicator_cube *indicator_cube_open(void);
void indicator_cube_close(struct indicator_cube *c); /* accepts NULL */
/* Brings the copy of this process (cx->figures; nothing without one) up to the newest fold, so that
 * no page waits for that. The first time it reads all folded counts. Outside any transaction. */
NODISCARD enum err indicator_cube_follow(struct ctx *cx);

#endif
