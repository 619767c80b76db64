/* dossier_figure.c: figures of the leaders' pages and the dossiers behind each: both by the same
 * condition, so that a list is exactly what was counted. */
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/party/party.h"
#include "gen/q_dossier.h"
#include "store/store.h"

#define LIST_MAX   50
#define GROUP_MAX  2000
#define DAY_LAST_S (24 * 3600)

static const char *const metrics[DOSSIER_METRICS] = {
    [DOSSIER_RECEIVED] = "received",
    [DOSSIER_REFUSED] = "refused",
    [DOSSIER_WITHDRAWN] = "withdrawn",
    [DOSSIER_DONE] = "done",
    [DOSSIER_DONE_ONTIME] = "done_ontime",
    [DOSSIER_DONE_LATE] = "done_late",
    [DOSSIER_PAID] = "paid",
    [DOSSIER_PAID_VND] = "paid_vnd",
    [DOSSIER_RATED] = "rated",
    [DOSSIER_RATING_SUM] = "rating_sum",
    [DOSSIER_SUPPLEMENT_ASKED] = "supplement_asked",
    [DOSSIER_OPEN] = "open",
    [DOSSIER_WAITING] = "waiting",
    [DOSSIER_UNPAID] = "unpaid",
    [DOSSIER_LATE] = "late",
    [DOSSIER_DUE_TODAY] = "due_today",
};

const char *
dossier_metric_name(enum dossier_metric m)
{
    return metrics[m];
}

bool
dossier_figure_exists(struct str metric)
{
    for (size_t i = 0; i < COUNT_OF(metrics); i++) {
        if (str_eq(metric, str_of(metrics[i]))) {
            return true;
        }
    }
    return false;
}

/* Figures of now, by due instant in [from, to). */
struct due_span {
    int64_t from_us, to_us;
};

static bool
due_span(struct ctx *cx, struct str metric, struct due_span *ret)
{
    int64_t now_us = calendar_now_us(cx);
    if (str_eq(metric, STR("late"))) {
        *ret = (struct due_span){ INT64_MIN, now_us };
        return true;
    }
    *ret = (struct due_span){ now_us, date_to_us_vn(calendar_today(cx), DAY_LAST_S) };
    return str_eq(metric, STR("due_today"));
}

static struct str
or_empty(struct str s)
{
    return s.p == NULL ? STR("") : s;
}

static struct indicator_query
indicator_of(const struct dossier_figure *f)
{
    return (struct indicator_query){
        .unit = f->unit, .procedure = f->procedure, .field = f->field, .from = f->from, .to = f->to
    };
}

enum err
dossier_figure_count(struct ctx *cx, const struct dossier_figure *f, int64_t *ret)
{
    struct due_span span;
    struct q_figure_due_count row;
    if (!due_span(cx, f->metric, &span)) {
        struct indicator_query q = indicator_of(f);
        return indicator_sum(cx, &q, str_z(cx->arena, f->metric), ret);
    }
    TRY(q_figure_due_count(cx, &row, .from_us = span.from_us, .to_us = span.to_us,
                           .unit = or_empty(f->unit), .procedure_code = or_empty(f->procedure),
                           .field = or_empty(f->field)));
    *ret = row.n;
    return ERR_OK;
}

/* One call for each grouping: the statements differ in one column. */
#define GROUP(statement)                                                                           \
    do {                                                                                           \
        struct statement##_list list;                                                              \
        TRY(statement(cx, &list, .from_us = span.from_us, .to_us = span.to_us,                     \
                      .unit = or_empty(f->unit), .procedure_code = or_empty(f->procedure),         \
                      .field = or_empty(f->field), .limit_n = GROUP_MAX));                         \
        struct indicator_row *v = ARENA_ARRAY(cx->arena, struct indicator_row, list.n);            \
        for (size_t i = 0; i < list.n; i++) {                                                      \
            v[i] = (struct indicator_row){ list.v[i].key, list.v[i].n };                           \
        }                                                                                          \
        *ret = v;                                                                                  \
        *ret_n = list.n;                                                                           \
        return ERR_OK;                                                                             \
    } while (0)

enum err
dossier_figure_group(struct ctx *cx, const struct dossier_figure *f, enum indicator_group by,
                     struct indicator_row **ret, size_t *ret_n)
{
    struct due_span span;
    if (!due_span(cx, f->metric, &span)) {
        struct indicator_query q = indicator_of(f);
        return indicator_group(cx, &q, str_z(cx->arena, f->metric), by, ret, ret_n);
    }
    switch (by) {
    case INDICATOR_BY_UNIT:
        GROUP(q_figure_due_by_unit);
    case INDICATOR_BY_FIELD:
        GROUP(q_figure_due_by_field);
    case INDICATOR_BY_PROCEDURE:
        GROUP(q_figure_due_by_procedure);
    case INDICATOR_BY_DAY:
        break;
    }
    return err_set(cx, ERR_UNSUPPORTED, "a figure of now has no days");
}

/* Late and due today: counted from the dossiers themselves, in the order of their due instants. */
struct due_cells {
    struct arena *arena;
    int64_t now_us;
    struct indicator_extra *v;
    size_t n, cap;
};

static bool
is_same_cell(const struct indicator_extra *x, size_t metric, const struct q_figure_due_cells *row)
{
    return x->metric == metric && str_eq(x->unit, row->unit) &&
           str_eq(x->procedure, row->procedure_code) && str_eq(x->field, row->field);
}

static enum err
take_due(struct ctx *cx UNUSED, const void *of, void *arg)
{
    const struct q_figure_due_cells *row = of;
    struct due_cells *d = arg;
    size_t metric = row->due_us < d->now_us ? DOSSIER_LATE : DOSSIER_DUE_TODAY;
    if (d->n > 0 && is_same_cell(&d->v[d->n - 1], metric, row)) {
        d->v[d->n - 1].n++; /* dossiers filed together are due together */
        return ERR_OK;
    }
    if (d->n == d->cap) {
        struct indicator_extra *more = ARENA_ARRAY(d->arena, struct indicator_extra, d->cap * 2);
        memcpy(more, d->v, d->n * sizeof(*more));
        d->v = more;
        d->cap *= 2;
    }
    d->v[d->n++] = (struct indicator_extra){ .metric = metric,
                                             .unit = str_dup(d->arena, row->unit),
                                             .procedure = str_dup(d->arena, row->procedure_code),
                                             .field = str_dup(d->arena, row->field),
                                             .n = 1 };
    return ERR_OK;
}

enum err
dossier_figures(struct ctx *cx, const struct dossier_figures *f, struct indicator_figures **ret)
{
    struct due_cells due = { .arena = cx->arena, .now_us = calendar_now_us(cx), .cap = 64 };
    due.v = ARENA_ARRAY(cx->arena, struct indicator_extra, due.cap);
    int64_t to_us = date_to_us_vn(calendar_today(cx), DAY_LAST_S);
    TRY(str_is_empty(f->unit)
            ? q_figure_due_cells(cx, take_due, &due, .to_us = to_us)
            : q_figure_due_cells_unit(cx, take_due, &due, .to_us = to_us, .unit = f->unit));
    struct indicator_ask ask = { .unit = f->unit,
                                 .from = f->from,
                                 .to = f->to,
                                 .days_from = f->days_from,
                                 .metrics = metrics,
                                 .n_metrics = DOSSIER_METRICS,
                                 .extra = due.v,
                                 .n_extra = due.n };
    return indicator_figures(cx, &ask, ret);
}

/* The list statements give rows of the same shape under several names. */
#define COPY_ROWS(list)                                                                            \
    do {                                                                                           \
        struct dossier_figure_row *v_ =                                                            \
            ARENA_ARRAY(cx->arena, struct dossier_figure_row, (list).n);                           \
        for (size_t i_ = 0; i_ < (list).n; i_++) {                                                 \
            v_[i_] = (struct dossier_figure_row){ .key = (list).v[i_].key,                         \
                                                  .id = (list).v[i_].id,                           \
                                                  .n = (list).v[i_].n,                             \
                                                  .number = (list).v[i_].number,                   \
                                                  .applicant = (list).v[i_].applicant,             \
                                                  .procedure_code = (list).v[i_].procedure_code,   \
                                                  .state = (list).v[i_].state,                     \
                                                  .status = (int32_t)(list).v[i_].status,          \
                                                  .clock = (enum dossier_clock)(list).v[i_].clock, \
                                                  .unit = (list).v[i_].unit,                       \
                                                  .due_us = (list).v[i_].due_us,                   \
                                                  .submitted_us = (list).v[i_].submitted_us,       \
                                                  .finished_us = (list).v[i_].finished_us,         \
                                                  .left_s = (list).v[i_].remaining_s };            \
            finish(cx, &v_[i_]);                                                                   \
        }                                                                                          \
        *ret = v_;                                                                                 \
        *ret_n = (list).n;                                                                         \
        return ERR_OK;                                                                             \
    } while (0)

static void
finish(struct ctx *cx, struct dossier_figure_row *row)
{
    const struct procedure *p = procedure_at(cx, row->procedure_code, calendar_today(cx));
    row->procedure = p == NULL ? row->procedure_code : procedure_short_name(cx, p);
    row->applicant = party_mask_name(cx->arena, row->applicant);
    if (row->clock == DOSSIER_CLOCK_RUNNING) {
        row->left_s = calendar_work_between(cx, row->unit, calendar_now_us(cx), row->due_us);
    }
}

static enum err
list_due(struct ctx *cx, const struct dossier_figure *f, struct due_span span, int64_t after,
         struct dossier_figure_row **ret, size_t *ret_n)
{
    struct q_figure_due_list list;
    TRY(q_figure_due(cx, &list, .from_us = span.from_us, .to_us = span.to_us,
                     .unit = or_empty(f->unit), .procedure_code = or_empty(f->procedure),
                     .field = or_empty(f->field), .after = after, .limit_n = LIST_MAX));
    COPY_ROWS(list);
}

enum err
dossier_appointments(struct ctx *cx, struct str unit, int64_t from_us, int64_t to_us,
                     int64_t *ret_count, struct dossier_figure_row **ret, size_t *ret_n)
{
    const struct dossier_figure of = { .unit = unit };
    struct q_figure_due_count count;
    TRY(q_figure_due_count(cx, &count, .from_us = from_us, .to_us = to_us, .unit = or_empty(unit),
                           .procedure_code = STR(""), .field = STR("")));
    TRY(list_due(cx, &of, (struct due_span){ from_us, to_us }, 0, ret, ret_n));
    for (size_t i = 0; i < *ret_n; i++) {
        (*ret)[i].applicant = STR("");
    }
    *ret_count = count.n;
    return ERR_OK;
}

static enum err
list_stock(struct ctx *cx, const struct dossier_figure *f, int64_t before,
           struct dossier_figure_row **ret, size_t *ret_n)
{
    if (str_is_empty(f->unit)) {
        struct q_figure_stock_list all;
        TRY(q_figure_stock(cx, &all, .metric = f->metric, .procedure_code = or_empty(f->procedure),
                           .field = or_empty(f->field), .before = before, .limit_n = LIST_MAX));
        COPY_ROWS(all);
    }
    struct q_figure_stock_unit_list own;
    TRY(q_figure_stock_unit(cx, &own, .metric = f->metric, .unit = f->unit,
                            .procedure_code = or_empty(f->procedure), .field = or_empty(f->field),
                            .before = before, .limit_n = LIST_MAX));
    COPY_ROWS(own);
}

struct flow_span {
    struct str from, to;
    int64_t before; /* of the last day, items below this */
};

static enum err
list_flow_all(struct ctx *cx, const struct dossier_figure *f, struct flow_span d,
              struct dossier_figure_row **ret, size_t *ret_n)
{
    if (str_is_empty(f->procedure)) {
        struct q_figure_flow_list all;
        TRY(q_figure_flow(cx, &all, .metric = f->metric, .from_day = d.from, .to_day = d.to,
                          .field = or_empty(f->field), .before = d.before, .limit_n = LIST_MAX));
        COPY_ROWS(all);
    }
    struct q_figure_flow_procedure_list one;
    TRY(q_figure_flow_procedure(cx, &one, .metric = f->metric, .from_day = d.from, .to_day = d.to,
                                .procedure_code = f->procedure, .field = or_empty(f->field),
                                .before = d.before, .limit_n = LIST_MAX));
    COPY_ROWS(one);
}

/* Newest day first, going on from the day of the last one shown. */
static enum err
list_flow(struct ctx *cx, const struct dossier_figure *f, int64_t before,
          struct dossier_figure_row **ret, size_t *ret_n)
{
    struct str from = f->from.day == 0 ? STR("0000-00-00") : date_iso(cx->arena, f->from);
    struct str to = f->to.day == 0 ? STR("9999-99-99") : date_iso(cx->arena, f->to);
    struct q_figure_item_day last;
    if (before != INT64_MAX && q_figure_item_day(cx, &last, .id = before) == ERR_OK) {
        to = str_cmp(last.day, to) < 0 ? last.day : to;
    }
    if (str_is_empty(f->unit)) {
        struct flow_span span = { from, to, before };
        return list_flow_all(cx, f, span, ret, ret_n);
    }
    struct q_figure_flow_unit_list own;
    TRY(q_figure_flow_unit(cx, &own, .metric = f->metric, .unit = f->unit, .from_day = from,
                           .to_day = to, .procedure_code = or_empty(f->procedure),
                           .field = or_empty(f->field), .before = before, .limit_n = LIST_MAX));
    COPY_ROWS(own);
}

enum err
dossier_figure_list(struct ctx *cx, const struct dossier_figure *f, int64_t after,
                    struct dossier_figure_row **ret, size_t *ret_n)
{
    struct due_span span;
    if (due_span(cx, f->metric, &span)) {
        return list_due(cx, f, span, after, ret, ret_n);
    }
    int64_t before = after == 0 ? INT64_MAX : after;
    return indicator_is_stock(f->metric) ? list_stock(cx, f, before, ret, ret_n)
                                         : list_flow(cx, f, before, ret, ret_n);
}
