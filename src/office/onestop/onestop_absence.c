/* onestop_absence.c: `/can-bo/vang-mat`: who is away from a unit, and who stands in. */
#include "office/onestop/onestop_int.h"

#include "engine/calendar/calendar.h"
#include "engine/unit/unit.h"

#define UNITS_MAX     400
#define STAND_INS_MAX 10

/* The unit asked for, else the first in which the actor may decide this. */
static enum err
unit_of(struct ctx *cx, const struct web_req *rq, struct str *ret)
{
    struct access_position *at = NULL;
    struct str asked = onestop_typed(rq, "don-vi");
    struct str unit = str_is_empty(asked) ? onestop_typed(rq, "unit") : asked;
    size_t n = access_positions_for(cx, "absence.manage", &at);
    if (str_is_empty(unit) && n > 0) {
        unit = at[0].unit;
    }
    TRY(access_require_in(cx, "absence.manage", unit));
    *ret = unit;
    return ERR_OK;
}

static void
fill_units(struct ctx *cx, struct tpl_onestop_absences *page)
{
    static const enum unit_level levels[] = { UNIT_PROVINCE, UNIT_DEPARTMENT, UNIT_POLICE,
                                              UNIT_SOCIAL_INSURANCE, UNIT_COMMUNE };
    page->units.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_absences_units, UNITS_MAX);
    for (size_t k = 0; k < COUNT_OF(levels); k++) {
        const struct unit *const *u = NULL;
        size_t n = unit_list(cx, levels[k], calendar_today(cx), &u);
        for (size_t i = 0; i < n && page->units.n < UNITS_MAX; i++) {
            if (access_may_in(cx, "absence.manage", u[i]->key)) {
                page->units.v[page->units.n++] =
                    (struct tpl_onestop_absences_units){ .value = u[i]->key,
                                                         .label = pack_text(cx, u[i]->name) };
            }
        }
    }
    page->units.n = page->units.n > 1 ? page->units.n : 0;
}

/* Roles of one officer in the unit in one line, with the open tasks. */
static enum err
person_label(struct ctx *cx, const struct access_holder *h, size_t n, size_t first, struct str unit,
             struct str *ret)
{
    struct flow_task *t = NULL;
    size_t n_tasks = 0;
    struct str roles = STR("");
    for (size_t i = first; i < n; i++) {
        if (h[i].account == h[first].account) {
            roles = str_fmt(cx->arena, STR_FMT ", " STR_FMT, STR_ARG(roles),
                            STR_ARG(access_role_name(cx, h[i].role)));
        }
    }
    TRY(flow_tasks_of_person(cx, h[first].account, unit, false, &t, &n_tasks));
    struct str tasks =
        text_fill(cx, "onestop.absence.tasks", "n", text_number(cx, (int64_t)n_tasks), NULL);
    *ret = str_fmt(cx->arena, STR_FMT STR_FMT " (" STR_FMT ")", STR_ARG(h[first].name),
                   STR_ARG(roles), STR_ARG(tasks));
    return ERR_OK;
}

static bool
is_first(const struct access_holder *h, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (h[i].account == h[at].account) {
            return false;
        }
    }
    return true;
}

static enum err
fill_people(struct ctx *cx, struct tpl_onestop_absences *page)
{
    struct access_holder *h = NULL;
    size_t n = 0;
    TRY(access_positions_in(cx, page->unit, &h, &n));
    page->people.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_absences_people, n);
    page->stand_ins.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_absences_stand_ins, n);
    for (size_t i = 0; i < n; i++) {
        struct str label;
        if (!is_first(h, i)) {
            continue;
        }
        TRY(person_label(cx, h, n, i, page->unit, &label));
        struct str value = onestop_id(cx, h[i].account);
        page->people.v[page->people.n++] =
            (struct tpl_onestop_absences_people){ .value = value, .label = label };
        page->stand_ins.v[page->stand_ins.n++] =
            (struct tpl_onestop_absences_stand_ins){ .value = value, .label = label };
    }
    return ERR_OK;
}

static enum err
fill_rows(struct ctx *cx, struct tpl_onestop_absences *page)
{
    struct dossier_absence *a = NULL;
    size_t n = 0;
    TRY(dossier_absences(cx, page->unit, &a, &n));
    page->rows.n = n;
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_absences_rows, n);
    for (size_t i = 0; i < n; i++) {
        struct str handed =
            text_fill(cx, "onestop.absence.handed", "n", text_number(cx, a[i].n_handed), NULL);
        page->rows.v[i] = (struct tpl_onestop_absences_rows){
            .kind = a[i].is_running ? STR("paused") : STR("wait"),
            .word =
                text(cx, a[i].is_running ? "onestop.absence.running" : "onestop.absence.planned"),
            .id = onestop_id(cx, a[i].id),
            .name = a[i].name,
            .period = text_fill(cx, "onestop.absence.period", "from", text_date(cx, a[i].from_us),
                                "until", text_date(cx, a[i].to_us - 1), NULL),
            .stand_ins = text_fill(cx, "onestop.absence.stands_in", "names", a[i].stand_ins, NULL),
            .handed = a[i].n_handed == 0 ? STR_NULL : handed,
            .lent = a[i].lends ? text(cx, "onestop.absence.lent") : STR_NULL,
            .note = text_fill(cx, "onestop.absence.made_by", "name", a[i].made_by, "reason",
                              a[i].reason, NULL),
            .is_running = a[i].is_running,
        };
    }
    return ERR_OK;
}

enum err
onestop_absences(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_onestop_absences *page = ARENA_NEW(cx->arena, struct tpl_onestop_absences);
    TRY(unit_of(cx, rq, &page->unit));
    page->unit_name = unit_name(cx, page->unit);
    fill_units(cx, page);
    TRY(fill_people(cx, page));
    TRY(fill_rows(cx, page));
    web_title(rs, text(cx, "onestop.absence"));
    return web_page(cx, rs, &tpl_onestop_absences_t, page);
}

enum err
onestop_absence_add(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str *ids = NULL;
    int64_t id = 0;
    int64_t who[STAND_INS_MAX + 1];
    size_t n = web_list(cx, rq, "stand_in", &ids);
    struct dossier_absence_new in = { .account = web_int(rq, "who"),
                                      .unit = web_text(rq, "unit"),
                                      .reason = web_text(rq, "reason"),
                                      .stand_ins = who,
                                      .lends = web_bool(rq, "lends") };
    for (size_t i = 0; i < n && in.n_stand_ins <= STAND_INS_MAX; i++) {
        if (!str_to_i64(ids[i], 1, INT64_MAX, &who[in.n_stand_ins])) {
            return err_set(cx, ERR_BAD_REQUEST, "stand_in is no id");
        }
        in.n_stand_ins++;
    }
    if (!date_parse(web_text(rq, "from"), &in.from) || !date_parse(web_text(rq, "until"), &in.to)) {
        return err_set(cx, ERR_BAD_REQUEST, "days of an absence");
    }
    TRY(dossier_absence_add(cx, &in, &id));
    web_flash(cx, rs, "onestop.absence.flash");
    return web_see_other(cx, rs, "/can-bo/vang-mat?don-vi=" STR_FMT, STR_ARG(in.unit));
}

enum err
onestop_absence_end(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str unit = web_text(rq, "unit");
    TRY(dossier_absence_end(cx, web_int(rq, "id")));
    web_flash(cx, rs, "onestop.absence.flash.end");
    return web_see_other(cx, rs, "/can-bo/vang-mat%s" STR_FMT,
                         str_is_empty(unit) ? "" : "?don-vi=", STR_ARG(unit));
}
