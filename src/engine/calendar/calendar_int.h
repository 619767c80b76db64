/* calendar_int.h: shared inside the module. */
#ifndef ENGINE_CALENDAR_CALENDAR_INT_H
#define ENGINE_CALENDAR_CALENDAR_INT_H

#include "engine/calendar/calendar.h"

#define CALENDAR_YEAR_FIRST 2000
#define CALENDAR_YEAR_LAST  2100
#define CALENDAR_STEPS_MAX  3660 /* days looked at for one deadline */
#define DAY_S               (24 * 3600)

struct hours_row {
    int32_t weekday; /* 1..7 */
    struct calendar_span span;
    int32_t from_day, to_day; /* validity */
};
struct calendar_hours {
    struct str name;
    struct hours_row *rows; /* by weekday, then time */
    size_t n_rows;
};
struct special { /* a holiday, computed */
    int32_t day;
    struct pack_text why;
    bool is_substitute, is_check;
};
enum override_kind { OVERRIDE_OFF, OVERRIDE_WORK, OVERRIDE_HOURS };
struct override {
    int32_t day;
    enum override_kind kind;
    struct pack_text why;
    int32_t as;          /* weekday whose hours hold; 0 = the day's own */
    struct str calendar; /* empty: all */
    bool is_check;
    uint32_t line;
};
struct unit_calendar {
    struct str unit;
    const struct calendar_hours *hours;
    int32_t from_day, to_day;
};
struct rule {
    struct pack_text name;
    bool is_lunar, is_leap, has_substitute, is_check;
    int32_t month, mday, offset, n_days, from_year, to_year;
};

struct calendar {
    struct calendar_hours *hours;
    size_t n_hours;
    const struct calendar_hours *standard; /* NULL when the pack has none: no working time */
    struct rule *rules;
    size_t n_rules;
    struct special *specials; /* by day, one a day */
    size_t n_specials;
    struct override *overrides; /* by day, special calendars before the general one */
    size_t n_overrides;
    struct unit_calendar *units; /* by unit, then first day */
    size_t n_units;
};

const struct calendar *calendar_of(const struct ctx *cx);
/* Hours of a weekday valid on a day, without holidays. */
void calendar_fill_hours(const struct calendar_hours *h, int32_t weekday, int32_t day,
                         struct calendar_day *ret);
/* Computes specials from rules: all years, with substitutes. */
void calendar_compute_specials(struct arena *a, struct calendar *c);
const struct calendar_hours *calendar_hours_of(const struct calendar *c, struct str unit,
                                               int32_t day);
/* The day as an operator set it; false when nobody did. */
bool calendar_fill_override(const struct ctx *cx, const struct calendar_hours *h, struct str unit,
                            struct date d, struct calendar_day *ret);
void calendar_fill_day(const struct calendar *c, const struct calendar_hours *h, struct date d,
                       struct calendar_day *ret);

#endif
