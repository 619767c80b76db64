/* operator_calendar.c: working calendars: a year's special days and the hours of the week, the
 * common calendar or a unit's own; the demo's business date. */
#include "base/buf.h"
#include "base/date.h"
#include "engine/calendar/calendar.h"
#include "engine/ledger/ledger.h"
#include "engine/unit/unit.h"
#include "office/operator/operator_int.h"
#include "store/store.h"
#include "sys/sys.h"

#define YEAR_FIRST 2024 /* the content is filled from here */
#define YEARS_NEXT 1
#define WEEK       7
#define HERE       "/quan-tri/lich"

static void
add_filter(struct ctx *cx, struct tpl_operator_page *p, struct str unit, int32_t year)
{
    struct tpl_operator_page_forms *f = op_filter(cx, p, HERE, "operator.users.find");
    struct tpl_operator_page_forms_fields *years = op_field(
        cx, f, OP_SELECT, "nam", "operator.calendar.year", str_fmt(cx->arena, "%" PRId32, year));
    int32_t last = date_civil(calendar_today(cx)).year + YEARS_NEXT;
    for (int32_t y = YEAR_FIRST; y <= last; y++) {
        struct str word = str_fmt(cx->arena, "%" PRId32, y);
        op_option(cx, years, word, word);
    }
    struct tpl_operator_page_forms_fields *units =
        op_field(cx, f, OP_SELECT, "don-vi", "operator.calendar.of", unit);
    struct str *codes = NULL;
    size_t n = calendar_own_units(cx, calendar_today(cx), &codes);
    for (size_t i = 0; i < n; i++) {
        op_option(cx, units, codes[i], unit_name(cx, codes[i]));
    }
}

static void
add_days(struct ctx *cx, struct tpl_operator_page *p, struct str unit, int32_t year)
{
    static const char *const heads[] = { "operator.col.day", "operator.col.weekday",
                                         "operator.col.why", "operator.col.work", NULL };
    struct calendar_special *v = NULL;
    size_t n = calendar_specials(cx, unit, year, &v);
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.calendar.days", "operator.calendar.none", heads, n);
    t->title = str_fmt(cx->arena, STR_FMT " %" PRId32, STR_ARG(t->title), year);
    for (size_t i = 0; i < n; i++) {
        const struct calendar_day *day = &v[i].day;
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, day->is_check ? "due" : "ontime");
        struct str why = calendar_why_text(cx, day);
        op_cell(cx, r, text_date_of(cx, v[i].date), STR_NULL);
        op_cell(
            cx, r,
            text_find(cx, str_fmt(cx->arena, "operator.weekday.%" PRId32, date_weekday(v[i].date))),
            STR_NULL);
        op_cell(cx, r,
                day->is_check ? str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(why),
                                        STR_ARG(text(cx, "operator.check")))
                              : why,
                STR_NULL);
        op_cell(cx, r,
                day->n_spans == 0 ? text(cx, "operator.day_off") : text(cx, "operator.day_work"),
                STR_NULL);
    }
}

/* "07:30-11:30, 13:00-17:00" */
static struct str
hours_text(struct ctx *cx, const struct calendar_day *day)
{
    struct buf b = buf_new(cx->arena, 256);
    for (int32_t i = 0; i < day->n_spans; i++) {
        const struct calendar_span *s = &day->spans[i];
        buf_addf(&b, "%s%02d:%02d-%02d:%02d", i == 0 ? "" : ", ", s->from_s / 3600,
                 s->from_s / 60 % 60, s->to_s / 3600, s->to_s / 60 % 60);
    }
    return day->n_spans == 0 ? text(cx, "operator.day_off") : buf_str(&b);
}

/* As it stands today, or for another year on its first day. */
static void
add_hours(struct ctx *cx, struct tpl_operator_page *p, struct str unit, int32_t year)
{
    static const char *const heads[] = { "operator.col.weekday", "operator.col.hours", NULL };
    struct date today = calendar_today(cx);
    struct date on = date_civil(today).year == year ? today : date_of(year, 1, 1);
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.calendar.hours", NULL, heads, WEEK);
    for (int32_t i = 1; i <= WEEK; i++) {
        struct calendar_day day;
        calendar_week_day(cx, unit, on, i, &day);
        struct tpl_operator_page_tables_rows *r =
            op_row(cx, t, day.n_spans == 0 ? "paused" : "ontime");
        op_cell(cx, r, text_find(cx, str_fmt(cx->arena, "operator.weekday.%" PRId32, i)), STR_NULL);
        op_cell(cx, r, hours_text(cx, &day), STR_NULL);
    }
}

enum err
op_calendar(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *p = op_page(cx, "operator.calendar");
    struct date today = calendar_today(cx);
    struct str unit = web_text(rq, "don-vi");
    int32_t year = (int32_t)web_int(rq, "nam");
    year = year < 2000 || year > 2100 ? date_civil(today).year : year;
    op_say(cx, p, "now", text_fill(cx, "operator.today", "day", text_date_of(cx, today), NULL),
           NULL);
    op_say(cx, p, "now", text(cx, "operator.days.rule"), NULL);
    add_filter(cx, p, unit, year);
    add_days(cx, p, unit, year);
    TRY(op_days_table(cx, p));
    add_hours(cx, p, unit, year);
    op_days_form(cx, p);
    if (cx->config->is_demo) {
        struct tpl_operator_page_forms *f =
            op_form(cx, p, STR(HERE), "operator.today_set", "operator.today_set.hint",
                    "operator.today_set");
        (void)op_field(cx, f, OP_TEXT, "today", "operator.col.day", text_date_of(cx, today));
    }
    return op_show(cx, rs, p);
}

static enum err
today_tx(struct ctx *cx, void *arg)
{
    const struct str *day = arg;
    struct ledger_new e = { .kind = "calendar.today", .note = *day };
    TRY(calendar_set_today(cx, *day));
    return ledger_add(cx, &e);
}

enum err
op_today_set(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct date d;
    struct str day = date_parse(web_text(rq, "today"), &d) ? date_iso(cx->arena, d) : STR("");
    TRY(store_write(cx, today_tx, &day));
    web_forget_pages(rs); /* what is in force depends on the day */
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, "/quan-tri/lich");
}
