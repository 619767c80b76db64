/* calendar_deadline.c: working time forward and between. Pure; steps by days. */
#include "engine/calendar/calendar_int.h"

int64_t
calendar_add_work(const struct ctx *cx, struct str unit, int64_t from_us, int64_t work_s)
{
    struct date d = date_at_vn(from_us);
    int64_t left_us =
        work_s > 0 ? (work_s > INT64_MAX / DATE_US_PER_S ? INT64_MAX : work_s * DATE_US_PER_S) : 0;
    struct calendar_day day;
    for (int32_t step = 0; step < CALENDAR_STEPS_MAX; step++, d.day++) {
        calendar_day(cx, unit, d, &day);
        for (int32_t i = 0; i < day.n_spans; i++) {
            int64_t begin = date_to_us_vn(d, day.spans[i].from_s);
            int64_t end = date_to_us_vn(d, day.spans[i].to_s);
            begin = begin > from_us ? begin : from_us;
            if (begin >= end) {
                continue;
            }
            if (left_us <= end - begin) {
                return begin + left_us;
            }
            left_us -= end - begin;
        }
    }
    return date_to_us_vn(d, 0);
}

/* Working microseconds of one day inside [from_us, to_us). */
static int64_t
work_in_day(const struct calendar_day *day, struct date d, int64_t from_us, int64_t to_us)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < day->n_spans; i++) {
        int64_t begin = date_to_us_vn(d, day->spans[i].from_s);
        int64_t end = date_to_us_vn(d, day->spans[i].to_s);
        begin = begin > from_us ? begin : from_us;
        end = end < to_us ? end : to_us;
        sum += end > begin ? end - begin : 0;
    }
    return sum;
}

int64_t
calendar_work_between(const struct ctx *cx, struct str unit, int64_t from_us, int64_t to_us)
{
    bool is_back = to_us < from_us;
    int64_t a = is_back ? to_us : from_us;
    int64_t b = is_back ? from_us : to_us;
    int64_t sum = 0;
    struct date last = date_at_vn(b);
    struct date d = date_at_vn(a);
    if (last.day - d.day > CALENDAR_STEPS_MAX) {
        last.day = d.day + CALENDAR_STEPS_MAX;
    }
    for (; d.day <= last.day; d.day++) {
        struct calendar_day day;
        calendar_day(cx, unit, d, &day);
        sum += work_in_day(&day, d, a, b);
    }
    sum /= DATE_US_PER_S;
    return is_back ? -sum : sum;
}

/* End of working time of d, or of the next working day. */
static int64_t
end_of_work(const struct ctx *cx, struct str unit, struct date d)
{
    struct calendar_day day;
    d = calendar_next_work_day(cx, unit, d);
    calendar_day(cx, unit, d, &day);
    return date_to_us_vn(d, day.n_spans > 0 ? day.spans[day.n_spans - 1].to_s : 0);
}

/* The same day when filed before the cut-off on a working day, else the next working day. */
static int64_t
same_day(const struct ctx *cx, struct str unit, int64_t from_us, int32_t cutoff_s)
{
    struct date d = date_at_vn(from_us);
    struct calendar_day day;
    calendar_day(cx, unit, d, &day);
    int32_t second = date_second_at_vn(from_us);
    int32_t close = day.n_spans > 0 ? day.spans[day.n_spans - 1].to_s : 0;
    bool is_late = second >= close || (cutoff_s > 0 && second >= cutoff_s);
    if (is_late) {
        d.day++;
    }
    return end_of_work(cx, unit, d);
}

static struct date
add_months(struct date d, int32_t n)
{
    struct civil c = date_civil(d);
    int32_t month = c.year * 12 + (c.month - 1) + n;
    struct date first = date_of(month / 12, month % 12 + 1, 1);
    struct date next = date_of((month + 1) / 12, (month + 1) % 12 + 1, 1);
    int32_t length = next.day - first.day;
    return (struct date){ first.day + (c.mday < length ? c.mday : length) - 1 };
}

int64_t
calendar_add_limit(const struct ctx *cx, struct str unit, int64_t from_us,
                   struct calendar_limit limit)
{
    int32_t amount = limit.amount < 0 ? 0 : limit.amount > 10000 ? 10000 : limit.amount;
    struct date d = date_at_vn(from_us);
    if (amount == 0) {
        return same_day(cx, unit, from_us, limit.cutoff_s);
    }
    switch (limit.unit) {
    case CALENDAR_DAY:
        return end_of_work(cx, unit, (struct date){ d.day + amount });
    case CALENDAR_MONTH:
        return end_of_work(cx, unit, add_months(d, amount > 600 ? 600 : amount));
    case CALENDAR_HOUR:
        return calendar_add_work(cx, unit, from_us, (int64_t)amount * 3600);
    case CALENDAR_WD:
    default:
        return calendar_add_work(cx, unit, from_us, (int64_t)amount * CALENDAR_WORK_DAY_S);
    }
}

int64_t
calendar_limit_work_s(const struct ctx *cx, struct str unit, int64_t from_us,
                      struct calendar_limit limit)
{
    return calendar_work_between(cx, unit, from_us, calendar_add_limit(cx, unit, from_us, limit));
}

enum calendar_state
calendar_due_state(const struct ctx *cx, struct str unit, int64_t now_us, int64_t due_us)
{
    if (now_us > due_us) {
        return CALENDAR_LATE;
    }
    /* Beyond three weeks eight hours always fit, even over Tết: spares the stepping. */
    if (due_us - now_us > 21 * (int64_t)DAY_S * DATE_US_PER_S) {
        return CALENDAR_FINE;
    }
    int64_t left = calendar_work_between(cx, unit, now_us, due_us);
    return left < CALENDAR_WORK_DAY_S ? CALENDAR_SOON : CALENDAR_FINE;
}
