/* calendar_text.c: times in words. */
#include "engine/calendar/calendar_int.h"
#include "web/web.h"

static struct str
count(struct ctx *cx, const char *one, const char *many, int64_t n)
{
    return text_fill(cx, n == 1 ? one : many, "n", str_fmt(cx->arena, "%" PRId64, n), NULL);
}

static struct str
days_and_hours(struct ctx *cx, int64_t work_s)
{
    int64_t days = work_s / CALENDAR_WORK_DAY_S;
    int64_t hours = work_s % CALENDAR_WORK_DAY_S / 3600;
    int64_t minutes = (work_s % 3600 + 59) / 60;
    if (days == 0 && hours == 0) {
        return count(cx, "calendar.unit.minute.one", "calendar.unit.minute.many", minutes);
    }
    struct str day_text = count(cx, "calendar.unit.day.one", "calendar.unit.day.many", days);
    struct str hour_text = count(cx, "calendar.unit.hour.one", "calendar.unit.hour.many", hours);
    if (days == 0) {
        return hour_text;
    }
    return hours == 0
               ? day_text
               : str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(day_text), STR_ARG(hour_text));
}

struct str
calendar_left_text(struct ctx *cx, int64_t work_s)
{
    if (work_s == 0) {
        return text(cx, "calendar.left.none");
    }
    if (work_s > 0) {
        return text_fill(cx, "calendar.left", "time", days_and_hours(cx, work_s), NULL);
    }
    return text_fill(cx, "calendar.late", "time",
                     days_and_hours(cx, work_s == INT64_MIN ? INT64_MAX : -work_s), NULL);
}

struct str
calendar_limit_text(struct ctx *cx, struct calendar_limit limit)
{
    if (limit.amount <= 0 && limit.cutoff_s > 0) {
        struct str time =
            str_fmt(cx->arena, "%02d:%02d", limit.cutoff_s / 3600, limit.cutoff_s / 60 % 60);
        return text_fill(cx, "calendar.limit.same_day_before", "time", time, NULL);
    }
    if (limit.amount <= 0) {
        return text(cx, "calendar.limit.same_day");
    }
    switch (limit.unit) {
    case CALENDAR_HOUR:
        return count(cx, "calendar.limit.hour.one", "calendar.limit.hour.many", limit.amount);
    case CALENDAR_DAY:
        return count(cx, "calendar.limit.day.one", "calendar.limit.day.many", limit.amount);
    case CALENDAR_MONTH:
        return count(cx, "calendar.limit.month.one", "calendar.limit.month.many", limit.amount);
    case CALENDAR_WD:
    default:
        return count(cx, "calendar.limit.wd.one", "calendar.limit.wd.many", limit.amount);
    }
}

struct str
calendar_why_text(struct ctx *cx, const struct calendar_day *day)
{
    struct str why = pack_text(cx, day->why);
    return day->is_substitute ? text_fill(cx, "calendar.substitute", "name", why, NULL) : why;
}
