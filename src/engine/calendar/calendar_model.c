/* calendar_model.c: what a day is worth. Pure. An override wins over a holiday, a holiday over the
 * hours; what an operator set on the page wins over all (calendar_override.c). */
#include "engine/calendar/calendar_int.h"

const struct calendar *
calendar_of(const struct ctx *cx)
{
    const struct pack *p = pack_now(cx);
    return p != NULL ? p->slot[PACK_CALENDAR] : NULL;
}

void
calendar_fill_hours(const struct calendar_hours *h, int32_t weekday, int32_t day,
                    struct calendar_day *ret)
{
    for (size_t i = 0; h != NULL && i < h->n_rows; i++) {
        const struct hours_row *r = &h->rows[i];
        bool is_on = r->weekday == weekday && day >= r->from_day && day <= r->to_day;
        if (is_on && ret->n_spans < CALENDAR_SPANS_MAX) {
            ret->spans[ret->n_spans++] = r->span;
            ret->work_s += r->span.to_s - r->span.from_s;
        }
    }
}

static const struct special *
special_on(const struct calendar *c, int32_t day)
{
    size_t lo = 0;
    size_t hi = c->n_specials;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->specials[mid].day < day) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < c->n_specials && c->specials[lo].day == day ? &c->specials[lo] : NULL;
}

static const struct override *
override_on(const struct calendar *c, const struct calendar_hours *h, int32_t day)
{
    size_t lo = 0;
    size_t hi = c->n_overrides;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->overrides[mid].day < day) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    for (; lo < c->n_overrides && c->overrides[lo].day == day; lo++) {
        const struct override *o = &c->overrides[lo];
        if (o->calendar.n == 0 || (h != NULL && str_eq(o->calendar, h->name))) {
            return o;
        }
    }
    return NULL;
}

void
calendar_fill_day(const struct calendar *c, const struct calendar_hours *h, struct date d,
                  struct calendar_day *ret)
{
    *ret = (struct calendar_day){ .why = { STR(""), STR("") } };
    int32_t weekday = date_weekday(d);
    const struct override *o = override_on(c, h, d.day);
    if (o != NULL) {
        ret->why = o->why;
        ret->is_check = o->is_check;
        ret->is_holiday = o->kind == OVERRIDE_OFF;
        if (o->kind != OVERRIDE_OFF) {
            calendar_fill_hours(h, o->as != 0 ? o->as : weekday, d.day, ret);
        }
        return;
    }
    const struct special *s = special_on(c, d.day);
    if (s != NULL) {
        ret->why = s->why;
        ret->is_check = s->is_check;
        ret->is_holiday = true;
        ret->is_substitute = s->is_substitute;
        return;
    }
    calendar_fill_hours(h, weekday, d.day, ret);
}

const struct calendar_hours *
calendar_hours_of(const struct calendar *c, struct str unit, int32_t day)
{
    struct str code = unit;
    struct str from;
    (void)str_cut(unit, '@', &code, &from);
    size_t lo = 0;
    size_t hi = c->n_units;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(c->units[mid].unit, code) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    for (; lo < c->n_units && str_eq(c->units[lo].unit, code); lo++) {
        if (day >= c->units[lo].from_day && day <= c->units[lo].to_day) {
            return c->units[lo].hours;
        }
    }
    return c->standard;
}

void
calendar_day(const struct ctx *cx, struct str unit, struct date d, struct calendar_day *ret)
{
    const struct calendar *c = calendar_of(cx);
    if (c == NULL) {
        *ret = (struct calendar_day){ .why = { STR(""), STR("") } };
        return;
    }
    const struct calendar_hours *h = calendar_hours_of(c, unit, d.day);
    if (!calendar_fill_override(cx, h, unit, d, ret)) {
        calendar_fill_day(c, h, d, ret);
    }
}

struct date
calendar_next_work_day(const struct ctx *cx, struct str unit, struct date d)
{
    struct calendar_day day;
    for (int32_t i = 0; i < CALENDAR_STEPS_MAX; i++, d.day++) {
        calendar_day(cx, unit, d, &day);
        if (day.n_spans > 0) {
            break;
        }
    }
    return d;
}

bool
calendar_is_open(const struct ctx *cx, struct str unit, int64_t at_us)
{
    struct calendar_day day;
    int32_t s = date_second_at_vn(at_us);
    calendar_day(cx, unit, date_at_vn(at_us), &day);
    for (int32_t i = 0; i < day.n_spans; i++) {
        if (s >= day.spans[i].from_s && s < day.spans[i].to_s) {
            return true;
        }
    }
    return false;
}

size_t
calendar_specials(struct ctx *cx, struct str unit, int32_t year, struct calendar_special **ret)
{
    *ret = NULL;
    const struct calendar *c = calendar_of(cx);
    if (c == NULL || year < 1800 || year > 2300) {
        return 0;
    }
    struct calendar_special *v = ARENA_ARRAY(cx->arena, struct calendar_special, 366);
    size_t n = 0;
    struct date end = date_of(year, 12, 31);
    for (struct date d = date_of(year, 1, 1); d.day <= end.day; d.day++) {
        struct calendar_day day;
        calendar_day(cx, unit, d, &day);
        if (day.why.vi.n != 0) {
            v[n++] = (struct calendar_special){ d, day };
        }
    }
    *ret = v;
    return n;
}

void
calendar_week_day(const struct ctx *cx, struct str unit, struct date on, int32_t weekday,
                  struct calendar_day *ret)
{
    const struct calendar *c = calendar_of(cx);
    *ret = (struct calendar_day){ .why = { STR(""), STR("") } };
    if (c != NULL) {
        calendar_fill_hours(calendar_hours_of(c, unit, on.day), weekday, on.day, ret);
    }
}

size_t
calendar_own_units(struct ctx *cx, struct date on, struct str **ret)
{
    const struct calendar *c = calendar_of(cx);
    size_t n = 0;
    *ret = ARENA_ARRAY(cx->arena, struct str, c == NULL ? 1 : c->n_units + 1);
    for (size_t i = 0; c != NULL && i < c->n_units; i++) {
        if (on.day >= c->units[i].from_day && on.day <= c->units[i].to_day) {
            (*ret)[n++] = c->units[i].unit;
        }
    }
    return n;
}

/* --- holidays from rules ---------------------------------------------------------------------- */

static bool
rule_first_day(const struct rule *r, int32_t year, struct date *ret)
{
    if (r->is_lunar) {
        return calendar_from_lunar(
            (struct lunar){ .year = year, .month = r->month, .mday = r->mday }, ret);
    }
    *ret = date_of(year, r->month, r->mday);
    return date_civil(*ret).mday == r->mday; /* 29 February only in its years */
}

struct raw {
    int32_t day;
    const struct rule *rule;
    bool is_substitute;
};

static int
raw_cmp(const void *x, const void *y)
{
    const struct raw *a = x;
    const struct raw *b = y;
    return a->day < b->day ? -1 : a->day > b->day;
}

static size_t
raw_days(const struct calendar *c, struct raw *v)
{
    size_t n = 0;
    for (int32_t year = CALENDAR_YEAR_FIRST; year <= CALENDAR_YEAR_LAST; year++) {
        for (size_t i = 0; i < c->n_rules; i++) {
            const struct rule *r = &c->rules[i];
            struct date first;
            if (year < r->from_year || year > r->to_year || !rule_first_day(r, year, &first)) {
                continue;
            }
            for (int32_t k = 0; k < r->n_days; k++) {
                v[n++] = (struct raw){ first.day + r->offset + k, r, false };
            }
        }
    }
    qsort(v, n, sizeof(v[0]), raw_cmp);
    return n;
}

static bool
is_taken(const struct raw *v, size_t n, size_t near, int32_t day)
{
    size_t from = near > 16 ? near - 16 : 0;
    for (size_t i = from; i < n && v[i].day <= day; i++) {
        if (v[i].day == day) {
            return true;
        }
    }
    return false;
}

static bool
is_rest_day(const struct calendar *c, int32_t day)
{
    struct calendar_day d = { 0 };
    calendar_fill_hours(c->standard, date_weekday((struct date){ day }), day, &d);
    return d.n_spans == 0;
}

/* A holiday on a weekly day of rest is made up on the next working day (Labour Code 2019, art.
 * 111.3). Two rules on one day count once. */
static size_t
add_substitutes(const struct calendar *c, struct raw *v, size_t n)
{
    struct raw *subs = v + n;
    size_t n_subs = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_double = i > 0 && v[i - 1].day == v[i].day;
        if (!v[i].rule->has_substitute || is_double || !is_rest_day(c, v[i].day)) {
            continue;
        }
        int32_t day = v[i].day + 1;
        while (day < v[i].day + 30 && (is_rest_day(c, day) || is_taken(v, n, i, day) ||
                                       is_taken(subs, n_subs, n_subs, day))) {
            day++;
        }
        subs[n_subs++] = (struct raw){ day, v[i].rule, true };
    }
    qsort(v, n + n_subs, sizeof(v[0]), raw_cmp);
    return n + n_subs;
}

void
calendar_compute_specials(struct arena *a, struct calendar *c)
{
    size_t max = 1;
    for (size_t i = 0; i < c->n_rules; i++) {
        max = size_add(max, size_mul((size_t)c->rules[i].n_days,
                                     CALENDAR_YEAR_LAST - CALENDAR_YEAR_FIRST + 1));
    }
    struct raw *v = ARENA_ARRAY(a, struct raw, size_mul(max, 2));
    size_t n = raw_days(c, v);
    if (c->standard != NULL) {
        n = add_substitutes(c, v, n);
    }
    c->specials = ARENA_ARRAY(a, struct special, n + 1);
    for (size_t i = 0; i < n; i++) {
        struct special s = { v[i].day, v[i].rule->name, v[i].is_substitute, v[i].rule->is_check };
        bool is_same_day = c->n_specials > 0 && c->specials[c->n_specials - 1].day == s.day;
        if (!is_same_day) {
            c->specials[c->n_specials++] = s;
        }
    }
}
