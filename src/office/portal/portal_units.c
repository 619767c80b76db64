/* portal_units.c: public bodies through time: which stand on a day, what an old one is now, what
 * came before one. The same document for programs. */
#include "base/buf.h"
#include "engine/calendar/calendar.h"
#include "engine/unit/unit.h"
#include "gen/tpl_portal.h"
#include "office/portal/portal_int.h"

#define NAMES_MAX 4096

const struct web_field portal_units_fields[2] = {
    { .name = "ten", .type = WEB_TEXT, .max = 100, .doc = "name, with or without the type word" },
    { .name = "ngay", .type = WEB_DATE, .doc = "valid on this day; with a name: any time" },
};

static struct str
href_of(struct ctx *cx, const struct unit *u)
{
    return str_fmt(cx->arena, "/don-vi/" STR_FMT, STR_ARG(u->key));
}

/* "từ 01/07/2025", "đến 30/06/2025", "01/01/1997 - 30/06/2025", or "" when both ends are open. */
static struct str
period(struct ctx *cx, const struct unit *u)
{
    bool has_from = u->from.day > PACK_DAY_MIN;
    bool has_to = u->to.day < PACK_DAY_MAX;
    struct str from = has_from ? text_date_of(cx, u->from) : STR("");
    struct str to = has_to ? text_date_of(cx, u->to) : STR("");
    if (has_from && has_to) {
        return str_fmt(cx->arena, STR_FMT " - " STR_FMT, STR_ARG(from), STR_ARG(to));
    }
    if (has_from) {
        return text_fill(cx, "portal.units.from", "day", from, NULL);
    }
    return has_to ? text_fill(cx, "portal.units.to", "day", to, NULL)
                  : text(cx, "portal.units.always");
}

static struct str
iso(struct ctx *cx, struct date d)
{
    bool is_open = d.day <= PACK_DAY_MIN || d.day >= PACK_DAY_MAX;
    return is_open ? STR("") : date_iso(cx->arena, d);
}

static struct str
names(struct ctx *cx, const struct unit *const *v, size_t n)
{
    struct buf b = buf_new(cx->arena, NAMES_MAX);
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, i == 0 ? STR("") : STR(", "));
        buf_add(&b, pack_text(cx, v[i]->name));
    }
    return buf_str(&b);
}

/* --- the list ------------------------------------------------------------------------------------
 */
static void
add_unit(struct ctx *cx, struct tpl_portal_units *data, const struct unit *u, struct date today)
{
    const struct unit *const *now = NULL;
    bool is_valid = unit_is_valid(u, today);
    size_t n = is_valid ? 0 : unit_resolve(cx, u, today, &now);
    struct tpl_portal_units_units *to = &data->units.v[data->units.n++];
    *to = (struct tpl_portal_units_units){
        .key = u->key,
        .code = u->code,
        .name = pack_text(cx, u->name),
        .level = unit_level_name(u->level),
        .href = href_of(cx, u),
        .from = iso(cx, u->from),
        .to = iso(cx, u->to),
        .period = period(cx, u),
        .is_now = is_valid,
        .now_text = is_valid ? STR("") : names(cx, now, n),
    };
    to->now.v = ARENA_ARRAY(cx->arena, struct tpl_portal_units_units_now, n);
    for (size_t i = 0; i < n; i++) {
        to->now.v[to->now.n++] = (struct tpl_portal_units_units_now){
            .key = now[i]->key, .code = now[i]->code, .name = pack_text(cx, now[i]->name)
        };
    }
}

static size_t
choose(struct ctx *cx, struct str name, bool has_day, struct date on,
       const struct unit *const **ret)
{
    if (str_is_empty(name)) {
        return unit_list(cx, UNIT_COMMUNE, on, ret);
    }
    return has_day ? unit_by_name(cx, name, on, ret) : unit_by_name_ever(cx, name, ret);
}

enum err
portal_units(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_portal_units *data = ARENA_NEW(cx->arena, struct tpl_portal_units);
    const struct unit *const *v = NULL;
    struct date today = calendar_today(cx);
    struct date on = today;
    bool has_day = date_parse(web_text(rq, "ngay"), &on);
    struct str name = web_text(rq, "ten");
    size_t n = choose(cx, name, has_day, on, &v);
    data->name = name.p == NULL ? STR("") : name;
    data->day = has_day ? text_date_of(cx, on) : STR("");
    data->is_asked = !str_is_empty(name);
    data->is_missing = n == 0;
    data->on = date_iso(cx->arena, on);
    data->count = data->is_asked
                      ? STR("")
                      : text_fill(cx, "portal.units.count", "n", text_number(cx, (int64_t)n), "day",
                                  text_date_of(cx, on), NULL);
    data->units.v = ARENA_ARRAY(cx->arena, struct tpl_portal_units_units, n);
    for (size_t i = 0; i < n; i++) {
        add_unit(cx, data, v[i], today);
    }
    web_title(rs, text(cx, "portal.units"));
    return web_page(cx, rs, &tpl_portal_units_t, data);
}

/* --- one -----------------------------------------------------------------------------------------
 */
/* The type of a list's row differs from list to list, its members do not. */
#define FILL_STEPS(cx, list, row_type, units, n)                                                   \
    do {                                                                                           \
        (list)->v = ARENA_ARRAY((cx)->arena, row_type, (n));                                       \
        for (size_t i_ = 0; i_ < (n); i_++) {                                                      \
            (list)->v[(list)->n++] = (row_type){ .key = (units)[i_]->key,                          \
                                                 .name = pack_text((cx), (units)[i_]->name),       \
                                                 .href = href_of((cx), (units)[i_]),               \
                                                 .period = period((cx), (units)[i_]) };            \
        }                                                                                          \
    } while (0)

enum err
portal_unit(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_portal_unit *data = ARENA_NEW(cx->arena, struct tpl_portal_unit);
    const struct unit *const *v = NULL;
    const struct unit *u = unit_by_key(cx, web_param(rq, "key"));
    struct date today = calendar_today(cx);
    if (u == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no such unit");
    }
    struct date on = unit_is_valid(u, today) ? today : u->to;
    const struct unit *above = unit_parent(cx, u, on);
    struct str kind = unit_end_kind(cx, u);
    data->key = u->key;
    data->code = u->code;
    data->name = pack_text(cx, u->name);
    data->level = unit_level_name(u->level);
    data->from = iso(cx, u->from);
    data->to = iso(cx, u->to);
    data->period = period(cx, u);
    data->above = above == NULL ? STR("") : pack_text(cx, above->name);
    data->is_now = unit_is_valid(u, today);
    data->end = str_is_empty(kind) ? STR("") : kind;
    data->end_text = str_is_empty(kind)
                         ? STR("")
                         : text_find(cx, str_cat(cx->arena, STR("portal.units.kind."), kind));
    size_t n = unit_predecessors(cx, u, &v);
    FILL_STEPS(cx, &data->before, struct tpl_portal_unit_before, v, n);
    n = unit_successors(cx, u, &v);
    FILL_STEPS(cx, &data->after, struct tpl_portal_unit_after, v, n);
    n = data->is_now ? 0 : unit_resolve(cx, u, today, &v);
    FILL_STEPS(cx, &data->now, struct tpl_portal_unit_now, v, n);
    web_title(rs, data->name);
    web_crumb(cx, rs, STR("/don-vi"), text(cx, "portal.units"));
    web_crumb(cx, rs, STR_NULL, data->name);
    return web_page(cx, rs, &tpl_portal_unit_t, data);
}
