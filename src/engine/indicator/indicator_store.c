/* indicator_store.c: deltas, sums and the fold. */
#include "engine/indicator/indicator.h"

#include "engine/calendar/calendar.h"
#include "gen/q_indicator.h"
#include "store/store.h"

#include <stdlib.h>

#define ROWS_MAX      2000
#define FOLD_MAX      500
#define FOLD_EVERY_US (INT64_C(10) * 1000 * 1000)

static struct str
or_empty(struct str s)
{
    return s.p == NULL ? STR("") : s;
}

static const char *const stocks[] = { "open", "waiting", "unpaid" };

bool
indicator_is_stock(struct str metric)
{
    for (size_t i = 0; i < COUNT_OF(stocks); i++) {
        if (str_eq(metric, str_of(stocks[i]))) {
            return true;
        }
    }
    return false;
}

static enum err
put_delta(struct ctx *cx, const struct indicator_delta *d, int64_t n)
{
    return q_indicator_delta_insert(
        cx, NULL, .id = store_new_id(cx), .metric = str_of(d->metric),
        .day = date_iso(cx->arena, calendar_today(cx)), .unit = or_empty(d->unit),
        .procedure_code = or_empty(d->procedure), .field = or_empty(d->field), .n = n);
}

enum err
indicator_add(struct ctx *cx, const struct indicator_delta *d)
{
    TRY(put_delta(cx, d, d->n));
    return q_indicator_item_insert(
        cx, NULL, .id = store_new_id(cx), .metric = str_of(d->metric),
        .day = date_iso(cx->arena, calendar_today(cx)), .unit = or_empty(d->unit),
        .procedure_code = or_empty(d->procedure), .field = or_empty(d->field),
        .subject_id = d->subject, .n = d->n);
}

static enum err
stock_enter(struct ctx *cx, const struct indicator_delta *d)
{
    int64_t n = 0;
    TRY(q_indicator_stock_put(cx, &n, .metric = str_of(d->metric), .subject_id = d->subject,
                              .unit = or_empty(d->unit), .procedure_code = or_empty(d->procedure),
                              .field = or_empty(d->field)));
    return n == 0 ? ERR_OK : put_delta(cx, d, 1);
}

static enum err
stock_leave(struct ctx *cx, const struct indicator_delta *d)
{
    struct q_indicator_stock_get in;
    enum err e =
        q_indicator_stock_get(cx, &in, .metric = str_of(d->metric), .subject_id = d->subject);
    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(e);
    struct indicator_delta was = {
        .metric = d->metric, .unit = in.unit, .procedure = in.procedure_code, .field = in.field
    };
    TRY(q_indicator_stock_drop(cx, NULL, .metric = str_of(d->metric), .subject_id = d->subject));
    return put_delta(cx, &was, -1);
}

enum err
indicator_stock(struct ctx *cx, const struct indicator_delta *d, bool is_in)
{
    return is_in ? stock_enter(cx, d) : stock_leave(cx, d);
}

static enum err
move_stock(struct ctx *cx, const char *metric, struct str from_unit, struct str to_unit)
{
    struct q_indicator_stock_in_unit_list list;
    TRY(q_indicator_stock_in_unit(cx, &list, .metric = str_of(metric), .unit = from_unit,
                                  .limit_n = ROWS_MAX + 1));
    if (list.n > ROWS_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "stock %s of " STR_FMT " has too many procedures", metric,
                       STR_ARG(from_unit));
    }
    for (size_t i = 0; i < list.n; i++) {
        struct indicator_delta d = { .metric = metric,
                                     .unit = from_unit,
                                     .procedure = list.v[i].procedure_code,
                                     .field = list.v[i].field };
        TRY(put_delta(cx, &d, -list.v[i].n));
        d.unit = to_unit;
        TRY(put_delta(cx, &d, list.v[i].n));
    }
    return q_indicator_stock_move(cx, NULL, .metric = str_of(metric), .from_unit = from_unit,
                                  .to_unit = to_unit);
}

enum err
indicator_move_unit(struct ctx *cx, struct str from_unit, struct str to_unit)
{
    for (size_t i = 0; i < COUNT_OF(stocks); i++) {
        TRY(move_stock(cx, stocks[i], from_unit, to_unit));
    }
    return ERR_OK;
}

/* Of what is summed up: a stock has all its days behind it. Its changes by day have not. */
static struct str
first_day(struct ctx *cx, const struct indicator_query *q, const char *metric,
          enum indicator_group by)
{
    bool is_all = by != INDICATOR_BY_DAY && indicator_is_stock(str_of(metric));
    return is_all || q->from.day == 0 ? STR("0000-00-00") : date_iso(cx->arena, q->from);
}

static struct str
last_day(struct ctx *cx, const struct indicator_query *q)
{
    return q->to.day == 0 ? STR("9999-99-99") : date_iso(cx->arena, q->to);
}

/* Last unit of the range that q asks for; the first is q->unit or "". */
static struct str
unit_to(const struct indicator_query *q)
{
    return str_is_empty(q->unit) ? STR("zzzz")
                                 : q->unit; /* behind every key, in any order of letters */
}

/* What is in a stock now is counted from its members; its past from the changes. */
static bool
is_stock_now(const struct indicator_query *q, const char *metric)
{
    return q->to.day == 0 && indicator_is_stock(str_of(metric));
}

enum err
indicator_sum(struct ctx *cx, const struct indicator_query *q, const char *metric, int64_t *ret)
{
    struct q_indicator_sum row;
    if (is_stock_now(q, metric)) {
        struct q_indicator_stock_count now;
        TRY(q_indicator_stock_count(cx, &now, .metric = str_of(metric), .unit = or_empty(q->unit),
                                    .unit_to = unit_to(q), .procedure_code = or_empty(q->procedure),
                                    .field = or_empty(q->field)));
        *ret = now.n;
        return ERR_OK;
    }
    TRY(q_indicator_sum(cx, &row, .metric = str_of(metric),
                        .from_day = first_day(cx, q, metric, INDICATOR_BY_UNIT),
                        .to_day = last_day(cx, q), .unit = or_empty(q->unit),
                        .procedure_code = or_empty(q->procedure), .field = or_empty(q->field)));
    *ret = row.n;
    return ERR_OK;
}

/* One call for each grouping: the statements differ in one column. */
#define COPY_GROUPS(list)                                                                          \
    do {                                                                                           \
        struct indicator_row *v = ARENA_ARRAY(cx->arena, struct indicator_row, (list).n);          \
        for (size_t i = 0; i < (list).n; i++) {                                                    \
            v[i] = (struct indicator_row){ (list).v[i].key, (list).v[i].n };                       \
        }                                                                                          \
        *ret = v;                                                                                  \
        *ret_n = (list).n;                                                                         \
        return ERR_OK;                                                                             \
    } while (0)

#define GROUP(statement)                                                                           \
    do {                                                                                           \
        struct statement##_list list;                                                              \
        TRY(statement(cx, &list, .metric = str_of(metric),                                         \
                      .from_day = first_day(cx, q, metric, by), .to_day = last_day(cx, q),         \
                      .unit = or_empty(q->unit), .procedure_code = or_empty(q->procedure),         \
                      .field = or_empty(q->field), .limit_n = ROWS_MAX));                          \
        COPY_GROUPS(list);                                                                         \
    } while (0)

#define GROUP_NOW(statement)                                                                       \
    do {                                                                                           \
        struct statement##_list list;                                                              \
        TRY(statement(cx, &list, .metric = str_of(metric), .unit = or_empty(q->unit),              \
                      .unit_to = unit_to(q), .procedure_code = or_empty(q->procedure),             \
                      .field = or_empty(q->field), .limit_n = ROWS_MAX));                          \
        COPY_GROUPS(list);                                                                         \
    } while (0)

static enum err
/* NOLINTNEXTLINE(readability-function-size): the macro unfolds to its loop */
group_now(struct ctx *cx, const struct indicator_query *q, const char *metric,
          enum indicator_group by, struct indicator_row **ret, size_t *ret_n)
{
    switch (by) {
    case INDICATOR_BY_UNIT:
        GROUP_NOW(q_indicator_stock_by_unit);
    case INDICATOR_BY_FIELD:
        GROUP_NOW(q_indicator_stock_by_field);
    case INDICATOR_BY_PROCEDURE:
        GROUP_NOW(q_indicator_stock_by_procedure);
    case INDICATOR_BY_DAY:
        break;
    }
    return err_set(cx, ERR_INTERNAL, "unknown grouping");
}

enum err
/* NOLINTNEXTLINE(readability-function-size): the macro unfolds to its loop */
indicator_group(struct ctx *cx, const struct indicator_query *q, const char *metric,
                enum indicator_group by, struct indicator_row **ret, size_t *ret_n)
{
    if (is_stock_now(q, metric) && by != INDICATOR_BY_DAY) {
        return group_now(cx, q, metric, by, ret, ret_n);
    }
    switch (by) {
    case INDICATOR_BY_UNIT:
        GROUP(q_indicator_by_unit);
    case INDICATOR_BY_FIELD:
        GROUP(q_indicator_by_field);
    case INDICATOR_BY_PROCEDURE:
        GROUP(q_indicator_by_procedure);
    case INDICATOR_BY_DAY:
        GROUP(q_indicator_by_day);
    }
    return err_set(cx, ERR_INTERNAL, "unknown grouping");
}

/* --- the fold ----------------------------------------------------------------------------------
 */
struct fold_job {
    size_t n;
};

static int
by_cell(const void *x, const void *y)
{
    const struct q_indicator_deltas *a = x;
    const struct q_indicator_deltas *b = y;
    int c = str_cmp(a->metric, b->metric);
    c = c != 0 ? c : str_cmp(a->day, b->day);
    c = c != 0 ? c : str_cmp(a->unit, b->unit);
    c = c != 0 ? c : str_cmp(a->procedure_code, b->procedure_code);
    return c != 0 ? c : str_cmp(a->field, b->field);
}

/* One row of the folded counts for all deltas of its key: v[at] and those after it. */
static enum err
fold_cell(struct ctx *cx, struct q_indicator_deltas_list *list, int64_t fold, size_t *at)
{
    const struct q_indicator_deltas *first = &list->v[*at];
    int64_t n = 0;
    while (*at < list->n && by_cell(first, &list->v[*at]) == 0) {
        n += list->v[(*at)++].n;
    }
    return q_indicator_fold(cx, NULL, .metric = first->metric, .day = first->day,
                            .unit = first->unit, .procedure_code = first->procedure_code,
                            .field = first->field, .n = n, .fold = fold);
}

static enum err
fold_tx(struct ctx *cx, void *arg)
{
    struct fold_job *job = arg;
    struct q_indicator_deltas_list list;
    struct q_indicator_fold_last last;
    size_t at = 0;
    TRY(q_indicator_deltas(cx, &list, .limit_n = FOLD_MAX));
    job->n = list.n;
    if (list.n == 0) {
        return ERR_OK;
    }
    TRY(q_indicator_fold_last(cx, &last));
    TRY(q_indicator_deltas_drop(cx, NULL, .id = list.v[list.n - 1].id));
    qsort(list.v, list.n, sizeof(list.v[0]), by_cell);
    while (at < list.n) {
        TRY(fold_cell(cx, &list, last.fold + 1, &at));
    }
    return ERR_OK;
}

static enum err
fold(struct ctx *cx, int64_t *ret_again_us)
{
    struct fold_job job = { 0 };
    struct q_indicator_deltas_list any;
    *ret_again_us = FOLD_EVERY_US;
    TRY(q_indicator_deltas(cx, &any, .limit_n = 1));
    if (any.n == 0) {
        return ERR_OK; /* most of the night: nothing to write */
    }
    TRY(store_write(cx, fold_tx, &job));
    if (job.n == FOLD_MAX) {
        *ret_again_us = 1;
    }
    return ERR_OK;
}

const struct jobs_timed indicator_timed[] = {
    { STR_INIT("indicator.fold"), fold },
    { { NULL, 0 }, NULL },
};
