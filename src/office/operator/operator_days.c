/* operator_days.c: days off and days worked that an operator sets over the pack's calendar: looked
 * at first with the appointments they touch, then set, undone while they lie ahead. */
#include "base/date.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier.h"
#include "engine/ledger/ledger.h"
#include "engine/unit/unit.h"
#include "office/operator/operator_int.h"
#include "store/store.h"

#define DAYS_MAX 2
#define HERE     "/quan-tri/lich"
#define DAY_S    (24 * 3600)

/* What the form asks for: one day, or a day off with the day worked instead. */
struct days {
    struct calendar_override_new v[DAYS_MAX];
    int64_t ids[DAYS_MAX];
    size_t n;
};

static struct str
scope_name(struct ctx *cx, struct str unit)
{
    return str_is_empty(unit) ? text(cx, "operator.days.all") : unit_name(cx, unit);
}

static const char *
kind_key(bool is_off)
{
    return is_off ? "operator.day_off" : "operator.day_work";
}

/* --- the list and the form -------------------------------------------------------------------- */

enum err
op_days_table(struct ctx *cx, struct tpl_operator_page *p)
{
    static const char *const heads[] = { "operator.col.day",
                                         "operator.col.work",
                                         "operator.col.unit",
                                         "operator.days.name",
                                         "operator.days.reason",
                                         "operator.days.by",
                                         NULL };
    struct calendar_override *v = NULL;
    size_t n = 0;
    TRY(calendar_overrides(cx, &v, &n));
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.days", "operator.days.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        bool is_ended = v[i].ended_us != 0;
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, is_ended ? "paused" : "ontime");
        op_cell(cx, r, text_date_of(cx, v[i].day), STR_NULL);
        op_cell(cx, r,
                is_ended ? text_fill(cx, "operator.days.undone", "at", op_when(cx, v[i].ended_us),
                                     "who", v[i].ended_by, NULL)
                         : text(cx, kind_key(v[i].is_off)),
                STR_NULL);
        op_cell(cx, r, scope_name(cx, v[i].unit), STR_NULL);
        op_cell(cx, r, v[i].name, STR_NULL);
        op_cell(cx, r, v[i].reason, STR_NULL);
        op_cell(cx, r, v[i].made_by, STR_NULL);
        if (!is_ended && v[i].day.day >= calendar_today(cx).day) {
            op_button(cx, r, HERE "/bo", "operator.days.undo", v[i].id);
        }
    }
    return ERR_OK;
}

static void
add_units(struct ctx *cx, struct tpl_operator_page_forms_fields *f)
{
    static const enum unit_level levels[] = { UNIT_COMMUNE, UNIT_DEPARTMENT, UNIT_DIVISION };
    op_option(cx, f, STR(""), text(cx, "operator.days.all"));
    for (size_t k = 0; k < COUNT_OF(levels); k++) {
        const struct unit *const *list = NULL;
        size_t n = unit_list(cx, levels[k], calendar_today(cx), &list);
        for (size_t i = 0; i < n; i++) {
            op_option(cx, f, list[i]->code, pack_text(cx, list[i]->name));
        }
    }
}

void
op_days_form(struct ctx *cx, struct tpl_operator_page *p)
{
    static const char *const kinds[] = { "off", "work", "swap" };
    struct tpl_operator_page_forms *f = op_form(cx, p, STR(HERE "/xem"), "operator.days.new",
                                                "operator.days.hint", "operator.days.look");
    struct tpl_operator_page_forms_fields *kind =
        op_field(cx, f, OP_SELECT, "kieu", "operator.days.kind", STR("off"));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        op_option(cx, kind, str_of(kinds[i]),
                  text_find(cx, str_fmt(cx->arena, "operator.days.kind.%s", kinds[i])));
    }
    op_field(cx, f, OP_TEXT, "ngay", "operator.col.day", STR(""))->hint =
        text(cx, "operator.days.day_hint");
    op_field(cx, f, OP_TEXT, "ngay-bu", "operator.days.instead", STR(""))->hint =
        text(cx, "operator.days.instead_hint");
    add_units(cx, op_field(cx, f, OP_SELECT, "cho", "operator.col.unit", STR("")));
    (void)op_field(cx, f, OP_TEXT, "ten", "operator.days.name", STR(""));
    (void)op_field(cx, f, OP_TEXT, "ly-do", "operator.days.reason", STR(""));
}

/* --- looking ---------------------------------------------------------------------------------- */

/* "Làm bù cho ngày 31/08/2026" */
static struct str
swap_name(struct ctx *cx, struct date off)
{
    return text_fill(cx, "operator.days.swapped", "day", text_date_of(cx, off), NULL);
}

static enum err
read_days(struct ctx *cx, const struct web_req *rq, struct days *ret)
{
    struct calendar_override_new day = { .unit = web_text(rq, "cho"),
                                         .name = web_text(rq, "ten"),
                                         .reason = web_text(rq, "ly-do") };
    struct str kind = web_text(rq, "kieu");
    bool is_swap = str_eq(kind, STR("swap"));
    day.unit = day.unit.p == NULL ? STR("") : day.unit;
    day.is_off = !str_eq(kind, STR("work"));
    *ret = (struct days){ .n = 1 };
    (void)date_parse(web_text(rq, "ngay"), &day.day); /* the table refused what is no date */
    ret->v[0] = day;
    (void)calendar_override_fits(cx, STR("ngay"), &day);
    if (is_swap && !date_parse(web_text(rq, "ngay-bu"), &day.day)) {
        ctx_problem(cx, STR("ngay-bu"), STR("operator.days.instead_missing"), STR_NULL);
    } else if (is_swap) {
        day.as = date_weekday(ret->v[0].day);
        day.is_off = false;
        day.name = swap_name(cx, ret->v[0].day);
        ret->v[ret->n++] = day;
        (void)calendar_override_fits(cx, STR("ngay-bu"), &day);
    }
    return ctx_check(cx);
}

/* Which appointments one day touches: those on it, and how many later ones it lies before. */
static enum err
add_appointments(struct ctx *cx, struct tpl_operator_page *p,
                 const struct calendar_override_new *day)
{
    static const char *const heads[] = { "operator.days.number", "operator.packs.procedure",
                                         "operator.col.unit", "operator.days.due", NULL };
    const struct unit *u = str_is_empty(day->unit) ? NULL : unit_at(cx, day->unit, day->day);
    struct str key = u == NULL ? STR_NULL : u->key;
    int64_t from_us = date_to_us_vn(day->day, 0);
    int64_t to_us = date_to_us_vn(day->day, DAY_S);
    struct dossier_figure_row *v = NULL;
    struct dossier_figure_row *later = NULL;
    size_t n = 0;
    size_t n_later = 0;
    int64_t n_on = 0;
    int64_t n_after = 0;
    TRY(dossier_appointments(cx, key, from_us, to_us, &n_on, &v, &n));
    TRY(dossier_appointments(cx, key, to_us, INT64_MAX, &n_after, &later, &n_later));
    op_say(cx, p, day->is_off && n_on > 0 ? "due" : "now",
           text_fill(cx, day->is_off ? "operator.days.touch_off" : "operator.days.touch_work",
                     "day", text_date_of(cx, day->day), "unit", scope_name(cx, day->unit), "on",
                     text_number(cx, n_on), "after", text_number(cx, n_after), NULL),
           NULL);
    struct tpl_operator_page_tables *t = op_table(cx, p, NULL, "operator.days.on_none", heads, n);
    t->title = text_fill(cx, "operator.days.on", "day", text_date_of(cx, day->day), NULL);
    for (size_t i = 0; i < n; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, day->is_off ? "due" : "ontime");
        op_cell(cx, r, v[i].number, STR_NULL);
        op_cell(cx, r, v[i].procedure, STR_NULL);
        op_cell(cx, r, unit_name(cx, v[i].unit), STR_NULL);
        op_cell(cx, r, op_when(cx, v[i].due_us), STR_NULL);
    }
    return ERR_OK;
}

enum err
op_days_look(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const kept[] = { "kieu", "ngay", "ngay-bu", "cho", "ten", "ly-do" };
    struct tpl_operator_page *p = op_page(cx, "operator.days.new");
    struct days days;
    TRY(read_days(cx, rq, &days));
    op_say(cx, p, "now", text(cx, "operator.days.rule"), HERE);
    for (size_t i = 0; i < days.n; i++) {
        TRY(add_appointments(cx, p, &days.v[i]));
    }
    struct tpl_operator_page_forms *f = op_form(cx, p, STR(HERE "/ngay"), "operator.days.set",
                                                "operator.days.set_hint", "operator.days.set");
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        struct str value = web_text(rq, kept[i]);
        op_hidden(cx, f, kept[i], value.p == NULL ? STR("") : value);
    }
    return op_show(cx, rs, p);
}

/* --- setting and undoing ---------------------------------------------------------------------- */

static struct str
entry_note(struct ctx *cx, struct date day, struct str unit)
{
    return str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(date_iso(cx->arena, day)),
                   STR_ARG(unit));
}

static enum err
set_tx(struct ctx *cx, void *arg)
{
    struct days *days = arg;
    for (size_t i = 0; i < days->n; i++) {
        const struct calendar_override_new *day = &days->v[i];
        struct ledger_new e = { .kind = day->is_off ? "calendar.off" : "calendar.work",
                                .note = entry_note(cx, day->day, day->unit),
                                .content = day->reason };
        TRY(calendar_override_add(cx, day, &days->ids[i]));
        e.object = ledger_object(cx, "calendar", days->ids[i]);
        TRY(ledger_add(cx, &e));
    }
    return ERR_OK;
}

static enum err
changed(struct ctx *cx, struct web_resp *rs)
{
    TRY(calendar_overrides_load(cx));
    web_forget_pages(rs);
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, HERE);
}

enum err
op_days_set(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct days days;
    TRY(read_days(cx, rq, &days));
    TRY(store_write(cx, set_tx, &days));
    return changed(cx, rs);
}

static enum err
undo_tx(struct ctx *cx, void *arg)
{
    int64_t id = *(const int64_t *)arg;
    struct date day;
    TRY(calendar_override_end(cx, id, &day));
    struct ledger_new e = { .kind = "calendar.undone",
                            .object = ledger_object(cx, "calendar", id),
                            .note = date_iso(cx->arena, day) };
    return ledger_add(cx, &e);
}

enum err
op_days_undo(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = web_int(rq, "id");
    TRY(store_write(cx, undo_tx, &id));
    return changed(cx, rs);
}
