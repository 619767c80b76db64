/* relay_limit.c: rates and quotas, exact over all loops: each limit is one or two atomics. */
#include "net/relay_int.h"

/* Generic cell rate algorithm: due_us is when the bucket would be empty; a call moves it one step
 * further and may not move it beyond now + burst. No call is counted twice or lost: the exchange
 * either succeeds or sees the other's. */
static bool
rate_take(struct rlive_limit *limit, const struct rgrant *g, int64_t now_us, int64_t *ret_after_us)
{
    int64_t due = atomic_load_explicit(&limit->due_us, memory_order_relaxed);
    int64_t next = 0;
    do {
        next = (due > now_us ? due : now_us) + g->rate_step_us;
        if (next > now_us + g->rate_burst_us) {
            *ret_after_us = next - now_us - g->rate_burst_us;
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&limit->due_us, &due, next,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

/* Days or months since 1970 in Vietnam. */
uint64_t
limit_window(enum relay_window kind, int64_t wall_us)
{
    struct date d = date_at_vn(wall_us);
    struct civil c = date_civil(d);
    return kind == RELAY_DAY ? (uint64_t)d.day : (uint64_t)c.year * 12 + (uint64_t)c.month - 1;
}

static int64_t
window_left_s(enum relay_window kind, int64_t wall_us)
{
    struct date d = date_at_vn(wall_us);
    int32_t month = date_civil(d).month;
    int32_t days = 1;
    while (kind == RELAY_MONTH && date_civil((struct date){ d.day + days }).month == month) {
        days++;
    }
    return (int64_t)days * 86400 - date_second_at_vn(wall_us);
}

static bool
quota_take(struct rlive_limit *limit, const struct rgrant *g, int64_t wall_us)
{
    uint64_t window = limit_window(g->quota_window, wall_us) << LIMIT_COUNT_BITS;
    uint64_t old = atomic_load_explicit(&limit->window, memory_order_relaxed);
    uint64_t fresh = 0;
    do {
        uint64_t used = (old & ~LIMIT_COUNT_MASK) == window ? old & LIMIT_COUNT_MASK : 0;
        if (used >= g->quota_n) {
            return false;
        }
        fresh = window | (used + 1);
    } while (!atomic_compare_exchange_weak_explicit(&limit->window, &old, fresh,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

enum relay_error
limit_take(const struct rgrant *g, int64_t mono_us, int64_t wall_us, int64_t *ret_after_s)
{
    int64_t after_us = 0;
    if (g->limit == NULL) {
        return RELAY_OK;
    }
    if (g->rate_step_us != 0 && !rate_take(g->limit, g, mono_us, &after_us)) {
        *ret_after_s = (after_us + 999999) / 1000000;
        return RELAY_RATE;
    }
    if (g->quota_n != 0 && !quota_take(g->limit, g, wall_us)) {
        *ret_after_s = window_left_s(g->quota_window, wall_us);
        return RELAY_QUOTA;
    }
    return RELAY_OK;
}

bool
hours_allow(const struct rgrant *g, int64_t wall_us)
{
    if (!g->has_hours) {
        return true;
    }
    int weekday = date_weekday(date_at_vn(wall_us));
    return (g->hours[weekday - 1] >> (date_second_at_vn(wall_us) / 3600) & 1U) != 0;
}
