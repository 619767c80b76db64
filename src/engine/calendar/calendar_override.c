/* calendar_override.c: days that an operator set on the page, over those of the pack. Kept as rows,
 * read whole into an immutable table that all threads share. */
#include "engine/calendar/calendar_int.h"

#include "engine/unit/unit.h"
#include "gen/q_calendar.h"
#include "store/store.h"
#include "sys/sys.h"

#define OVERRIDES_MAX 5000
#define AHEAD_DAYS    (3 * 366)
#define SATURDAY      6

/* --- the table -------------------------------------------------------------------------------- */

struct overlay_row {
    int32_t day, as;
    bool is_off;
    struct str unit, name; /* unit: code; empty: all */
};
struct calendar_overlay {
    struct arena *arena;
    struct overlay_row *v; /* by day; of one day, a unit's before the general one */
    size_t n;
    int64_t n_changes; /* rows and their ends so far: grows with each, whatever the clock says */
};

static void
overlay_free(void *p)
{
    struct calendar_overlay *o = p;
    arena_close(o->arena);
}

static struct str
code_of(struct str unit)
{
    struct str code = unit;
    struct str from;
    (void)str_cut(unit, '@', &code, &from);
    return code;
}

static const struct overlay_row *
overlay_find(const struct calendar_overlay *o, struct str unit, int32_t day)
{
    size_t lo = 0;
    size_t hi = o == NULL ? 0 : o->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (o->v[mid].day < day) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    for (; o != NULL && lo < o->n && o->v[lo].day == day; lo++) {
        if (o->v[lo].unit.n == 0 || str_eq(o->v[lo].unit, unit)) {
            return &o->v[lo];
        }
    }
    return NULL;
}

bool
calendar_fill_override(const struct ctx *cx, const struct calendar_hours *h, struct str unit,
                       struct date d, struct calendar_day *ret)
{
    const struct calendar_overlay *o =
        cx->packs == NULL ? NULL : pack_overlay(cx->packs, PACK_CALENDAR);
    const struct overlay_row *r = o == NULL ? NULL : overlay_find(o, code_of(unit), d.day);
    if (r == NULL) {
        return false;
    }
    *ret = (struct calendar_day){ .why = { r->name, r->name }, .is_holiday = r->is_off };
    if (!r->is_off) {
        calendar_fill_hours(h, r->as != 0 ? r->as : date_weekday(d), d.day, ret);
    }
    return true;
}

static int
row_cmp(const void *x, const void *y)
{
    const struct overlay_row *a = x;
    const struct overlay_row *b = y;
    return a->day != b->day ? (a->day < b->day ? -1 : 1) : -str_cmp(a->unit, b->unit);
}

enum err
calendar_overrides_load(struct ctx *cx)
{
    struct q_calendar_override_live_list rows;
    struct q_calendar_override_stamp stamp;
    const struct calendar_overlay *old = pack_overlay(cx->packs, PACK_CALENDAR);
    TRY(q_calendar_override_stamp(cx, &stamp));
    if ((old == NULL ? 0 : old->n_changes) == stamp.n_changes) {
        return ERR_OK;
    }
    TRY(q_calendar_override_live(cx, &rows, .limit_n = OVERRIDES_MAX));
    struct arena *a = arena_open(0);
    struct calendar_overlay *o = ARENA_NEW(a, struct calendar_overlay);
    *o = (struct calendar_overlay){ .arena = a, .n = rows.n, .n_changes = stamp.n_changes };
    o->v = ARENA_ARRAY(a, struct overlay_row, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        o->v[i] = (struct overlay_row){ .day = (int32_t)rows.v[i].day,
                                        .as = (int32_t)rows.v[i].as_weekday,
                                        .is_off = str_eq(rows.v[i].kind, STR("off")),
                                        .unit = str_dup(a, rows.v[i].unit),
                                        .name = str_dup(a, rows.v[i].name) };
    }
    qsort(o->v, o->n, sizeof(o->v[0]), row_cmp);
    pack_overlay_set(cx->packs, PACK_CALENDAR, o, overlay_free);
    return ERR_OK;
}

/* --- changing it ------------------------------------------------------------------------------ */

/* Hours of a day worked instead: its own weekday's, of a weekend day those of a Monday. */
static int32_t
hours_as(const struct calendar_override_new *in)
{
    return in->as != 0 ? in->as : date_weekday(in->day) >= SATURDAY ? 1 : 0;
}

static const char *
fault_of(struct ctx *cx, const struct calendar_override_new *in)
{
    struct calendar_day day;
    struct q_calendar_override_same row;
    int32_t today = calendar_today(cx).day;
    calendar_day(cx, in->unit, in->day, &day);
    if (in->day.day < today) {
        return "calendar.override.past";
    }
    if (in->day.day > today + AHEAD_DAYS) {
        return "calendar.override.far";
    }
    if (in->unit.n != 0 && unit_at(cx, in->unit, in->day) == NULL) {
        return "calendar.override.unit";
    }
    if (q_calendar_override_same(cx, &row, .day = in->day.day, .unit = in->unit) == ERR_OK) {
        return "calendar.override.same";
    }
    if (in->is_off && day.n_spans == 0) {
        return "calendar.override.off";
    }
    return !in->is_off && day.n_spans > 0 ? "calendar.override.worked" : NULL;
}

bool
calendar_override_fits(struct ctx *cx, struct str field, const struct calendar_override_new *in)
{
    const char *fault = fault_of(cx, in);
    if (fault != NULL) {
        ctx_problem(cx, field, str_of(fault), STR_NULL);
    }
    return fault == NULL;
}

enum err
calendar_override_add(struct ctx *cx, const struct calendar_override_new *in, int64_t *ret_id)
{
    struct q_calendar_override_same row;
    if (q_calendar_override_same(cx, &row, .day = in->day.day, .unit = in->unit) == ERR_OK) {
        return err_set(cx, ERR_CONFLICT, "this day was set meanwhile");
    }
    *ret_id = store_new_id(cx);
    return q_calendar_override_add(
        cx, NULL, .id = *ret_id, .day = in->day.day, .kind = in->is_off ? STR("off") : STR("work"),
        .as_weekday = in->is_off ? 0 : hours_as(in), .unit = in->unit, .name = in->name,
        .reason = in->reason, .made_by = cx->who.account, .now_us = sys_now_us(cx));
}

enum err
calendar_override_end(struct ctx *cx, int64_t id, struct date *ret_day)
{
    struct q_calendar_override_get row;
    TRY(q_calendar_override_get(cx, &row, .id = id));
    if (row.ended_us != 0) {
        return err_set(cx, ERR_CONFLICT, "ended already");
    }
    if (row.day < calendar_today(cx).day) {
        return err_set(cx, ERR_CONFLICT, "the day has passed");
    }
    *ret_day = (struct date){ (int32_t)row.day };
    return q_calendar_override_close(cx, NULL, .id = id, .ended_by = cx->who.account,
                                     .now_us = sys_now_us(cx));
}

enum err
calendar_overrides(struct ctx *cx, struct calendar_override **ret, size_t *ret_n)
{
    struct q_calendar_override_list_list rows;
    TRY(q_calendar_override_list(cx, &rows, .limit_n = 200));
    *ret = ARENA_ARRAY(cx->arena, struct calendar_override, rows.n + 1);
    for (size_t i = 0; i < rows.n; i++) {
        const struct q_calendar_override_list *r = &rows.v[i];
        (*ret)[i] = (struct calendar_override){ .id = r->id,
                                                .day = { (int32_t)r->day },
                                                .is_off = str_eq(r->kind, STR("off")),
                                                .unit = r->unit,
                                                .name = r->name,
                                                .reason = r->reason,
                                                .made_us = r->made_us,
                                                .made_by = r->made_name,
                                                .ended_us = r->ended_us,
                                                .ended_by = r->ended_name };
    }
    *ret_n = rows.n;
    return ERR_OK;
}
