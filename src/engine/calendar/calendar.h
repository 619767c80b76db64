/* calendar.h: the business day, working time, holidays and deadlines.
 *
 * Two clocks: the business date (calendar_today) can be moved by a demo switch and decides which
 * units and rules are valid; real time (sys_now_us) stamps events. Deadlines are real instants. All
 * civil times are Vietnam's, UTC+7. Ordinary working days have WORK_DAY seconds = 8 hours. */
#ifndef ENGINE_CALENDAR_CALENDAR_H
#define ENGINE_CALENDAR_CALENDAR_H

#include "base/ctx.h"
#include "base/date.h"
#include "engine/pack/pack.h"

#define CALENDAR_WORK_DAY_S (8 * 3600)

/* --- business date ---------------------------------------------------------------------------- */
/* The business date: the demo switch row, else config->today, else Vietnam's civil date now. */
struct date calendar_today(struct ctx *cx);
/* The same instant on the business date: real time of day on calendar_today. For appointments and
 * step budgets; equal to sys_now_us unless the demo switch is on. */
int64_t calendar_now_us(struct ctx *cx);
/* Sets the demo switch (only where config->is_demo; only inside store_write); empty iso removes it.
 * ERR_FORBIDDEN, ERR_INVALID. */
NODISCARD enum err calendar_set_today(struct ctx *cx, struct str iso);

/* --- lunar dates, Vietnam (UTC+7), years 1900..2199 ------------------------------------------- */
struct lunar {
    int32_t year, month, mday;
    bool is_leap; /* leap month: same number as the month before */
};
struct lunar calendar_lunar(struct date d);
/* False when the month has no such day. */
bool calendar_from_lunar(struct lunar l, struct date *ret);

/* --- days ------------------------------------------------------------------------------------- */
struct calendar_span { /* working time within one day, seconds since midnight */
    int32_t from_s, to_s;
};
#define CALENDAR_SPANS_MAX 6
struct calendar_day {
    struct calendar_span spans[CALENDAR_SPANS_MAX];
    int32_t n_spans;      /* 0: not a working day */
    int32_t work_s;       /* total */
    struct pack_text why; /* name of the holiday or override, empty on an ordinary day */
    bool is_holiday;      /* a day off that would have been worked, or a named day */
    bool is_substitute;   /* compensates a holiday on a day off */
    bool is_check;        /* not yet announced for certain: show "cần kiểm tra" */
};
/* Working time of a unit (by key or code; null = the standard calendar) on a day. */
void calendar_day(const struct ctx *cx, struct str unit, struct date d, struct calendar_day *ret);
/* First working day on or after d. */
struct date calendar_next_work_day(const struct ctx *cx, struct str unit, struct date d);
bool calendar_is_open(const struct ctx *cx, struct str unit, int64_t at_us);
/* Holidays and overrides of a year in order, for the public calendar and the operator's page.
 * Holidays are known for 2000..2100. */
struct calendar_special {
    struct date date;
    struct calendar_day day;
};
size_t calendar_specials(struct ctx *cx, struct str unit, int32_t year,
                         struct calendar_special **ret);
/* Hours of a weekday (1 Monday .. 7 Sunday) in a unit's calendar as it stands on a day, without
 * holidays. */
void calendar_week_day(const struct ctx *cx, struct str unit, struct date on, int32_t weekday,
                       struct calendar_day *ret);
/* Units (codes) that have a calendar of their own on that day. In cx->arena. */
size_t calendar_own_units(struct ctx *cx, struct date on, struct str **ret);

/* --- deadlines -------------------------------------------------------------------------------- */
/* The instant at which work_s seconds of working time have passed since from_us. Steps by days, at
 * most ten years (then the last instant looked at). Negative or zero work_s: the first working
 * instant. */
int64_t calendar_add_work(const struct ctx *cx, struct str unit, int64_t from_us, int64_t work_s);
/* Working seconds in [from_us, to_us); negative when to_us is earlier. */
int64_t calendar_work_between(const struct ctx *cx, struct str unit, int64_t from_us,
                              int64_t to_us);

enum calendar_limit_unit { CALENDAR_WD, CALENDAR_DAY, CALENDAR_HOUR, CALENDAR_MONTH };
struct calendar_limit {
    int32_t amount;
    enum calendar_limit_unit unit;
    int32_t
        cutoff_s; /* amount 0: second of the day after which it is the next working day; 0 = none */
};
/* Due instant of a time limit.
 * WD     amount * 8 working hours; amount 0: end of this working day, after the cut-off of the next
 * HOUR   working hours
 * DAY    end of working time of the day that is amount calendar days later; a day off moves to the
 * next working day MONTH  the same day of the month (or its last), likewise Source: appointment =
 * receipt + statutory time on the working calendar (Decree 118/2025; Civil Code 2015 art. 147-148
 * for days and months). */
int64_t calendar_add_limit(const struct ctx *cx, struct str unit, int64_t from_us,
                           struct calendar_limit limit);
/* The limit as working seconds: what remains of it is kept when the clock pauses. For DAY and MONTH
 * the working time between from_us and its due instant. */
int64_t calendar_limit_work_s(const struct ctx *cx, struct str unit, int64_t from_us,
                              struct calendar_limit limit);

/* --- words ------------------------------------------------------------------------------------ */
/* "còn 2 ngày 3 giờ làm việc", "trễ 4 giờ làm việc", "còn dưới 1 giờ": seconds of working time,
 * negative = late. In cx->arena, in the request's language. */
struct str calendar_left_text(struct ctx *cx, int64_t work_s);
/* "3 ngày làm việc", "trong ngày (nộp trước 15:00)", "20 ngày", "2 tháng". */
struct str calendar_limit_text(struct ctx *cx, struct calendar_limit limit);
/* Why a day is special: "Quốc khánh", "Nghỉ bù Quốc khánh"; empty on an ordinary day. */
struct str calendar_why_text(struct ctx *cx, const struct calendar_day *day);
/* Colour and word for an instant: late, due within 8 working hours, or fine. */
enum calendar_state { CALENDAR_FINE, CALENDAR_SOON, CALENDAR_LATE };
enum calendar_state calendar_due_state(const struct ctx *cx, struct str unit, int64_t now_us,
                                       int64_t due_us);

/* --- days that operators set ------------------------------------------------------------------ */
/* A day off, or a day worked, of one unit or of all; wins over the pack. For new appointments: one
 * that was promised stays, whatever becomes of the calendar (doc/decisions/house.md). */
struct calendar_override_new {
    struct date day;
    bool is_off; /* else it is worked */
    int32_t as;  /* worked with the hours of this weekday; 0 = its own, a weekend day's Monday */
    struct str unit;   /* code; empty = all */
    struct str name;   /* "Làm bù cho ngày 31/8" */
    struct str reason; /* decision or cause */
};
/* Can it be set? Else adds a problem on `field`: the day has passed, is too far off, already is so,
 * or was set before. */
bool calendar_override_fits(struct ctx *cx, struct str field,
                            const struct calendar_override_new *in);
/* Inside a transaction; calendar_overrides_load afterwards. ERR_CONFLICT: set meanwhile. */
NODISCARD enum err calendar_override_add(struct ctx *cx, const struct calendar_override_new *in,
                                         int64_t *ret_id);
/* Inside a transaction; calendar_overrides_load afterwards. The pack's day holds again.
 * ERR_NOT_FOUND; ERR_CONFLICT: ended already, or the day has passed. */
NODISCARD enum err calendar_override_end(struct ctx *cx, int64_t id, struct date *ret_day);
struct calendar_override {
    int64_t id, made_us, ended_us; /* ended_us 0: in force */
    struct date day;
    bool is_off;
    struct str unit, name, reason, made_by, ended_by; /* names; null: the program */
};
/* The newest 200, also those that ended, by day. */
NODISCARD enum err calendar_overrides(struct ctx *cx, struct calendar_override **ret,
                                      size_t *ret_n);
/* Takes the rows over into cx->packs for all threads, when they changed: at the start, after a
 * change, and where several processes serve one database every few seconds. */
NODISCARD enum err calendar_overrides_load(struct ctx *cx);

/* Pack part: calendar folder: hours.csv, holidays.json, overrides.csv, unit-calendars.csv. After
 * unit_pack_part. */
void calendar_pack_part(struct pack_load *l);

#endif
