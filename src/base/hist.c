/* hist.c: counts of durations in fixed buckets. */
#include "base/hist.h"

const int64_t hist_bounds_us[HIST_BOUNDS] = {
    100,    250,    500,    1000,    2500,    5000,    10000,    25000,    50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000,
};

void
hist_add(struct hist *h, int64_t us)
{
    size_t i = 0;
    while (i < HIST_BOUNDS && us > hist_bounds_us[i]) {
        i++;
    }
    (void)atomic_fetch_add_explicit(&h->n[i], 1, memory_order_relaxed);
    (void)atomic_fetch_add_explicit(&h->sum_us, us < 0 ? 0 : (uint64_t)us, memory_order_relaxed);
}

void
hist_read(const struct hist *h, struct hist_view *ret)
{
    ret->count = 0;
    for (size_t i = 0; i <= HIST_BOUNDS; i++) {
        ret->n[i] = atomic_load_explicit(&h->n[i], memory_order_relaxed);
        ret->count += ret->n[i];
    }
    ret->sum_us = atomic_load_explicit(&h->sum_us, memory_order_relaxed);
}

void
hist_since(const struct hist_view *now, const struct hist_view *before, struct hist_view *ret)
{
    for (size_t i = 0; i <= HIST_BOUNDS; i++) {
        ret->n[i] = now->n[i] - before->n[i];
    }
    ret->sum_us = now->sum_us - before->sum_us;
    ret->count = now->count - before->count;
}

int64_t
hist_quantile_us(const struct hist_view *v, uint32_t permille)
{
    uint64_t below = 0;
    uint64_t wanted = (v->count * permille + 999) / 1000;
    if (v->count == 0) {
        return 0;
    }
    for (size_t i = 0; i < HIST_BOUNDS; i++) {
        if (below + v->n[i] >= wanted && v->n[i] != 0) {
            int64_t low = i == 0 ? 0 : hist_bounds_us[i - 1];
            int64_t width = hist_bounds_us[i] - low;
            return low + width * (int64_t)(wanted - below) / (int64_t)v->n[i];
        }
        below += v->n[i];
    }
    return hist_bounds_us[HIST_BOUNDS - 1];
}
