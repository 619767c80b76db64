/* hist.h: counts of durations in fixed buckets, for figures that a monitoring system adds up over
 * processes and time. Adding is a few instructions and may happen on any thread. */
#ifndef BASE_HIST_H
#define BASE_HIST_H

#include "base/base.h"

#include <stdatomic.h>

#define HIST_BOUNDS 17

/* Upper bounds (inclusive) of the buckets, ascending; one more bucket holds all above. */
extern const int64_t hist_bounds_us[HIST_BOUNDS];

struct hist {
    _Atomic uint64_t n[HIST_BOUNDS + 1];
    _Atomic uint64_t sum_us;
};
/* Negative durations count as 0. */
void hist_add(struct hist *h, int64_t us);

/* What was counted at one instant. */
struct hist_view {
    uint64_t n[HIST_BOUNDS + 1]; /* each bucket for itself, not added up */
    uint64_t sum_us, count;
};
void hist_read(const struct hist *h, struct hist_view *ret);
/* What was added since `before`, an earlier reading of the same counts. */
void hist_since(const struct hist_view *now, const struct hist_view *before, struct hist_view *ret);
/* The duration that permille of the counts stay at or below, interpolated inside its bucket; 0 when
 * nothing was counted, the highest bound when it lies above all. */
int64_t hist_quantile_us(const struct hist_view *v, uint32_t permille);

#endif
