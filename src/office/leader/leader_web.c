/* leader_web.c: routes of the leaders' pages. */
#include "office/leader/leader.h"

#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "office/leader/leader_int.h"
#include "sys/sys.h"

static const char *const periods[] = { "today", "week", "month", "year", NULL };

#define CSV  "text/csv"
#define XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

static const struct web_field view_fields[] = {
    { .name = "ky",
      .type = WEB_CHOICE,
      .choices = periods,
      .doc = "period of flows: today, week, month (default), year" },
};

static const struct web_field list_fields[] = {
    { .name = "chi-so", .type = WEB_TEXT, .is_required = true, .max = 30, .doc = "metric" },
    { .name = "don-vi",
      .type = WEB_TEXT,
      .max = 60,
      .doc = "unit key; without: all units below one's own" },
    { .name = "linh-vuc", .type = WEB_TEXT, .max = 60, .doc = "field code" },
    { .name = "thu-tuc", .type = WEB_TEXT, .max = 60, .doc = "procedure code" },
    { .name = "tu", .type = WEB_DATE, .doc = "first day" },
    { .name = "den", .type = WEB_DATE, .doc = "last day" },
    { .name = "sau", .type = WEB_ID, .doc = "key of the last one shown" },
};

/* --- which unit, which days
 * --------------------------------------------------------------------------- */
/* The unit asked for, else the first where the actor may see figures. */
static enum err
view_unit(struct ctx *cx, struct str key, const struct unit **ret)
{
    struct access_position *own = NULL;
    if (str_is_empty(key)) {
        if (access_positions_for(cx, "stats.read", &own) == 0) {
            return err_set(cx, ERR_FORBIDDEN, "no position with stats.read");
        }
        key = own[0].unit;
    }
    *ret = unit_by_key(cx, key);
    if (*ret == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no unit " STR_FMT, STR_ARG(key));
    }
    return access_require_in(cx, "stats.read", (*ret)->key);
}

static enum err
view_of(struct ctx *cx, struct str unit_key, struct str period, struct leader_view *ret)
{
    struct date today = calendar_today(cx);
    *ret =
        (struct leader_view){ .period = str_is_empty(period) ? STR("month") : period, .to = today };
    TRY(view_unit(cx, unit_key, &ret->unit));
    ret->is_whole = ret->unit->level == UNIT_PROVINCE;
    ret->from = today;
    if (str_eq(ret->period, STR("week"))) {
        ret->from.day -= 6;
    } else if (str_eq(ret->period, STR("month"))) {
        ret->from.day -= 29;
    } else if (str_eq(ret->period, STR("year"))) {
        ret->from = date_of(date_civil(today).year, 1, 1);
    }
    return ERR_OK;
}

/* --- overview
 * -------------------------------------------------------------------------------------------- */
static void
period_tabs(struct ctx *cx, struct str path, struct str now, struct tpl_leader_overview *data)
{
    data->periods.v = ARENA_ARRAY(cx->arena, struct tpl_leader_overview_periods, COUNT_OF(periods));
    for (size_t i = 0; periods[i] != NULL; i++) {
        struct str id = str_of(periods[i]);
        data->periods.v[data->periods.n++] = (struct tpl_leader_overview_periods){
            .href = str_fmt(cx->arena, STR_FMT "?ky=" STR_FMT, STR_ARG(path), STR_ARG(id)),
            .word = text_find(cx, str_cat(cx->arena, STR("leader.period."), id)),
            .is_current = str_eq(id, now),
        };
    }
}

static enum err
show(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str unit_key)
{
    struct tpl_leader_overview *data = ARENA_NEW(cx->arena, struct tpl_leader_overview);
    struct leader_view view;
    TRY(view_of(cx, unit_key, web_text(rq, "ky"), &view));
    TRY(leader_overview(cx, &view, data));
    struct str path = str_is_empty(unit_key) ? STR("/lanh-dao")
                                             : str_fmt(cx->arena, "/lanh-dao/don-vi/" STR_FMT,
                                                       STR_ARG(view.unit->key));
    data->here = str_fmt(cx->arena, STR_FMT "?ky=" STR_FMT, STR_ARG(path), STR_ARG(view.period));
    data->live = STR("/lanh-dao/song");
    period_tabs(cx, path, view.period, data);
    web_title(rs, text_fill(cx, "leader.title", "unit", data->unit_name, NULL));
    if (!str_is_empty(unit_key)) {
        web_crumb(cx, rs, STR("/lanh-dao"), text(cx, "leader.name"));
        web_crumb(cx, rs, STR_NULL, data->unit_name);
    }
    return web_page(cx, rs, &tpl_leader_overview_t, data);
}

static enum err
page_overview(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return show(cx, rq, rs, STR_NULL);
}

static enum err
page_unit(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return show(cx, rq, rs, web_param(rq, "unit"));
}

static enum err
live(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    return web_events(cx, rs, STR("figures"));
}

/* --- the dossiers behind a figure
 * ---------------------------------------------------------------------------- */
/* Without a unit: all, only for those who stand above all. */
static enum err
figure_asked(struct ctx *cx, const struct web_req *rq, struct dossier_figure *ret)
{
    const struct unit *u = NULL;
    *ret = (struct dossier_figure){ .metric = web_text(rq, "chi-so"),
                                    .unit = web_text(rq, "don-vi"),
                                    .field = web_text(rq, "linh-vuc"),
                                    .procedure = web_text(rq, "thu-tuc") };
    if (!dossier_figure_exists(ret->metric)) {
        return err_set(cx, ERR_NOT_FOUND, "no metric of that name");
    }
    TRY(view_unit(cx, ret->unit, &u));
    ret->unit = u->level == UNIT_PROVINCE && str_is_empty(ret->unit) ? STR_NULL : u->key;
    if (!date_parse(web_text(rq, "tu"), &ret->from)) {
        ret->from = (struct date){ 0 };
    }
    if (!date_parse(web_text(rq, "den"), &ret->to)) {
        ret->to = (struct date){ 0 };
    }
    return ERR_OK;
}

static bool
is_of_now(const struct dossier_figure *f)
{
    return indicator_is_stock(f->metric) || str_eq(f->metric, STR("late")) ||
           str_eq(f->metric, STR("due_today"));
}

static struct str
days_text(struct ctx *cx, const struct dossier_figure *f)
{
    if (is_of_now(f)) {
        return text(cx, "leader.list.now");
    }
    if (f->from.day == 0 || f->to.day == 0) {
        return text(cx, "leader.list.ever");
    }
    struct str from = text_date_of(cx, f->from);
    return f->from.day == f->to.day ? text_fill(cx, "leader.list.day", "from", from, NULL)
                                    : text_fill(cx, "leader.list.days", "from", from, "to",
                                                text_date_of(cx, f->to), NULL);
}

static struct str
filter_text(struct ctx *cx, const struct dossier_figure *f)
{
    const struct procedure_field *field = procedure_field(cx, f->field);
    const struct procedure *p = procedure_at(cx, f->procedure, calendar_today(cx));
    struct str field_name = str_is_empty(f->field) ? text(cx, "leader.list.any_field") : f->field;
    struct str procedure_name =
        str_is_empty(f->procedure) ? text(cx, "leader.list.any_procedure") : f->procedure;
    return text_fill(cx, "leader.list.filter", "unit",
                     str_is_empty(f->unit) ? text(cx, "leader.all_units") : unit_name(cx, f->unit),
                     "field", field == NULL ? field_name : pack_text(cx, field->name), "procedure",
                     p == NULL ? procedure_name : procedure_short_name(cx, p), "days",
                     days_text(cx, f), NULL);
}

static bool
is_money(const struct dossier_figure *f)
{
    return str_eq(f->metric, STR("paid_vnd"));
}

static bool
has_amount(const struct dossier_figure *f)
{
    return is_money(f) || str_eq(f->metric, STR("rating_sum"));
}

static struct str
amount_text(struct ctx *cx, const struct dossier_figure *f, int64_t n)
{
    return is_money(f) ? text_money(cx, n) : text_number(cx, n);
}

static struct str
row_kind(const struct dossier_figure_row *r)
{
    struct str state = leader_state(r);
    if (str_eq(state, STR("late")) || str_eq(state, STR("done_late"))) {
        return STR("late");
    }
    if (!str_eq(r->state, STR("open"))) {
        return STR("done");
    }
    return str_eq(state, STR("open")) || str_eq(state, STR("new")) ? STR("ontime") : STR("wait");
}

static struct tpl_leader_list_rows
row_of(struct ctx *cx, const struct dossier_figure *f, const struct dossier_figure_row *r)
{
    return (struct tpl_leader_list_rows){
        .number = r->number,
        .href = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64, r->id),
        .applicant = r->applicant,
        .procedure = r->procedure,
        .unit = unit_name(cx, r->unit),
        .state = leader_state_word(cx, r),
        .kind = row_kind(r),
        .submitted = text_moment(cx, r->submitted_us),
        .due = text_moment(cx, r->due_us),
        .done = text_moment(cx, r->finished_us),
        .left = leader_left_text(cx, r),
        .amount = amount_text(cx, f, r->n),
    };
}

static void
note_reading(struct ctx *cx, struct web_resp *rs, const struct dossier_figure *f, const char *as,
             int64_t n)
{
    web_reads_person(cx, rs, 0, "stats.list",
                     str_fmt(cx->arena, "%s " STR_FMT " unit=" STR_FMT " n=%" PRId64, as,
                             STR_ARG(f->metric), STR_ARG(f->unit), n));
}

static enum err
page_list(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_leader_list *data = ARENA_NEW(cx->arena, struct tpl_leader_list);
    struct dossier_figure f;
    struct dossier_figure_row *rows = NULL;
    size_t n = 0;
    int64_t total = 0;
    TRY(figure_asked(cx, rq, &f));
    TRY(dossier_figure_count(cx, &f, &total));
    TRY(dossier_figure_list(cx, &f, web_int(rq, "sau"), &rows, &n));
    *data = (struct tpl_leader_list){ .metric = f.metric,
                                      .word = leader_word(cx, f.metric),
                                      .total = amount_text(cx, &f, total),
                                      .filter = filter_text(cx, &f),
                                      .csv = leader_list_href(cx, ".csv", &f),
                                      .xlsx = leader_list_href(cx, ".xlsx", &f),
                                      .may_export = access_may(cx, "stats.export"),
                                      .has_rows = n > 0,
                                      .has_amount = has_amount(&f),
                                      .has_done = !is_of_now(&f) };
    data->rows.v = ARENA_ARRAY(cx->arena, struct tpl_leader_list_rows, n + 1);
    data->rows.n = n;
    for (size_t i = 0; i < n; i++) {
        data->rows.v[i] = row_of(cx, &f, &rows[i]);
    }
    if (n == 50) {
        data->more = str_fmt(cx->arena, STR_FMT "&sau=%" PRId64,
                             STR_ARG(leader_list_href(cx, "", &f)), rows[n - 1].key);
    }
    note_reading(cx, rs, &f, "list", (int64_t)n);
    web_title(rs, data->word);
    web_crumb(cx, rs, STR("/lanh-dao"), text(cx, "leader.name"));
    web_crumb(cx, rs, STR_NULL, data->word);
    return web_page(cx, rs, &tpl_leader_list_t, data);
}

static enum err export(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
                       http_stream_fn *fn, const char *suffix, const char *media) {
    struct leader_export *x = ARENA_NEW(cx->arena, struct leader_export); int64_t total = 0;
    TRY(figure_asked(cx, rq, &x->figure));
    TRY(access_require_in(cx, "stats.export",
                          x->figure.unit.p == NULL ? cx->actor->unit : x->figure.unit));
    TRY(dossier_figure_count(cx, &x->figure, &total));
    x->has_amount = has_amount(&x->figure);
    note_reading(cx, rs, &x->figure, suffix, total);
    return web_stream(cx, rs, fn, x, str_of(media),
                      str_fmt(cx->arena, "ho-so-" STR_FMT "-" STR_FMT ".%s",
                              STR_ARG(x->figure.metric),
                              STR_ARG(date_iso(cx->arena, calendar_today(cx))), suffix));
}

static enum err
get_csv(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return export(cx, rq, rs, leader_csv, "csv", CSV "; charset=utf-8");
}

static enum err
get_xlsx(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return export(cx, rq, rs, leader_xlsx, "xlsx", XLSX);
}

static const struct web_route routes[] = {
    { HTTP_GET, "/lanh-dao", "stats.read", page_overview, WEB_FIELDS(view_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "Figures of one's unit or of all units",
      .reply = &tpl_leader_overview_t },
    { HTTP_GET, "/lanh-dao/don-vi/{unit}", "stats.read", page_unit, WEB_FIELDS(view_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "Figures of one unit",
      .reply = &tpl_leader_overview_t },
    { HTTP_GET, "/lanh-dao/danh-sach", "stats.read", page_list, WEB_FIELDS(list_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "Dossiers behind a figure",
      .reply = &tpl_leader_list_t },
    { HTTP_GET, "/lanh-dao/danh-sach.csv", "stats.export", get_csv, WEB_FIELDS(list_fields),
      .flags = WEB_API | WEB_OFFICE, .work_class = "report", .media = CSV,
      .doc = "The same as CSV" },
    { HTTP_GET, "/lanh-dao/danh-sach.xlsx", "stats.export", get_xlsx, WEB_FIELDS(list_fields),
      .flags = WEB_API | WEB_OFFICE, .work_class = "report", .media = XLSX,
      .doc = "The same as XLSX" },
    { HTTP_GET, "/lanh-dao/song", "stats.read", live, .flags = WEB_API | WEB_OFFICE,
      .media = "text/event-stream", .doc = "Live events: figures changed" },
};

const struct web_routes leader_routes = { "leader", routes, COUNT_OF(routes) };
