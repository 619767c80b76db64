/* indicator.h: live counts of what happens to dossiers, by day, unit, field and procedure. Counts
 * are appended deltas in the transaction of the change, folded later by a job; a figure always
 * equals a full recount of its rows (tested). */
#ifndef ENGINE_INDICATOR_INDICATOR_H
#define ENGINE_INDICATOR_INDICATOR_H

#include "base/ctx.h"
#include "base/date.h"
#include "store/jobs.h"

/* Flows count events of a day (received, refused, done, done_late, withdrawn, paid, paid_vnd,
 * rated, rating_sum, supplement_asked); stocks change by +1 and -1 and are summed over all days
 * (open, waiting, unpaid). */
struct indicator_delta {
    const char *metric;
    struct str unit, procedure, field;
    int64_t n;
};
/* Inside a transaction: adds n to metric on the business day. */
NODISCARD enum err indicator_add(struct ctx *cx, const struct indicator_delta *d);

struct indicator_query {
    struct str unit;      /* unit key; null = all */
    struct str procedure; /* null = all */
    struct str field;     /* null = all */
    struct date from, to; /* days, both included; stocks ignore from */
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
/* At most 2,000 rows, by key. */
NODISCARD enum err indicator_group(struct ctx *cx, const struct indicator_query *q,
                                   const char *metric, enum indicator_group by,
                                   struct indicator_row **ret, size_t *ret_n);
extern const struct jobs_timed indicator_timed[]; /* fold */

#endif
