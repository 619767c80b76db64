/* leader_figures.c: gathers the figures of one page. */
#include "base/buf.h"
#include "engine/calendar/calendar.h"
#include "office/leader/leader_int.h"
#include "sys/sys.h"

#include <stdlib.h>

#define SPARK_DAYS   30
#define ROWS_MAX     200
#define HELP_MAX     6
#define SENTENCE_MAX 2048

/* Columns of every table. */
enum column {
    COL_RECEIVED,
    COL_DONE,
    COL_ONTIME,
    COL_OPEN,
    COL_LATE,
    COL_DUE,
    COL_WAITING,
    COL_PAID,
    COL_COUNT
};
static const enum dossier_metric column_metrics[COL_COUNT] = {
    DOSSIER_RECEIVED, DOSSIER_DONE,      DOSSIER_DONE_ONTIME, DOSSIER_OPEN,
    DOSSIER_LATE,     DOSSIER_DUE_TODAY, DOSSIER_WAITING,     DOSSIER_PAID_VND,
};

struct row {
    struct str key;
    int64_t v[COL_COUNT];
};

struct grid {
    struct row *rows;
    size_t n;
};

/* --- one figure --------------------------------------------------------------------------------
 */
static bool
is_of_now(enum dossier_metric m)
{
    return m == DOSSIER_LATE || m == DOSSIER_DUE_TODAY || m == DOSSIER_OPEN ||
           m == DOSSIER_WAITING || m == DOSSIER_UNPAID;
}

static bool
has_days(enum dossier_metric m)
{
    return m != DOSSIER_LATE && m != DOSSIER_DUE_TODAY;
}

/* The figure of a metric in the view: days only where the metric has days. */
static struct dossier_figure
figure_of(const struct leader_view *v, enum dossier_metric m)
{
    struct dossier_figure f = { .metric = str_of(dossier_metric_name(m)),
                                .unit = v->is_whole ? STR_NULL : v->unit->key };
    if (!is_of_now(m)) {
        f.from = v->from;
        f.to = v->to;
    }
    return f;
}

static int64_t
sum_of(const struct leader_view *v, enum dossier_metric m)
{
    return v->figures->sum[m];
}

static int64_t
of_day(const struct leader_view *v, enum dossier_metric m, int32_t day)
{
    return v->figures->by[INDICATOR_BY_DAY].v[day - v->days_from.day].n[m];
}

/* Values of the last 30 days: of a flow what happened, of a stock how many there were. */
static void
spark_of(const struct leader_view *v, enum dossier_metric m, int64_t *days)
{
    int64_t now = sum_of(v, m);
    for (int32_t i = 0; i < SPARK_DAYS; i++) {
        int64_t n = of_day(v, m, v->to.day - i);
        days[SPARK_DAYS - 1 - i] = is_of_now(m) ? now : n;
        now -= n;
    }
}

static struct str
spark_label(struct ctx *cx, struct str metric, const int64_t *days)
{
    int64_t min = days[0];
    int64_t max = days[0];
    for (size_t i = 1; i < SPARK_DAYS; i++) {
        min = days[i] < min ? days[i] : min;
        max = days[i] > max ? days[i] : max;
    }
    return text_fill(cx, "leader.spark", "word", leader_word(cx, metric), "min",
                     text_number(cx, min), "max", text_number(cx, max), "last",
                     text_number(cx, days[SPARK_DAYS - 1]), NULL);
}

/* --- tiles
 * ---------------------------------------------------------------------------------------- */
struct tiles {
    struct tpl_leader_overview_tiles *v;
    size_t n;
};

static struct tpl_leader_overview_tiles *
add_tile(struct ctx *cx, const struct leader_view *v, struct tiles *t, enum dossier_metric m,
         struct str value)
{
    struct dossier_figure f = figure_of(v, m);
    struct tpl_leader_overview_tiles *tile = &t->v[t->n++];
    *tile = (struct tpl_leader_overview_tiles){ .metric = f.metric,
                                                .word = leader_word(cx, f.metric),
                                                .value = value,
                                                .href = leader_list_href(cx, "", &f),
                                                .note = STR(""),
                                                .kind = STR(""),
                                                .spark = STR("") };
    return tile;
}

static void
tile_spark(struct ctx *cx, const struct leader_view *v, enum dossier_metric m,
           struct tpl_leader_overview_tiles *tile)
{
    int64_t days[SPARK_DAYS] = { 0 };
    spark_of(v, m, days);
    tile->spark = leader_spark(cx, days, SPARK_DAYS, spark_label(cx, tile->metric, days));
}

/* A count with its line of 30 days. */
static void
tile_count(struct ctx *cx, const struct leader_view *v, struct tiles *t, enum dossier_metric m)
{
    int64_t n = sum_of(v, m);
    struct tpl_leader_overview_tiles *tile = add_tile(cx, v, t, m, text_number(cx, n));
    tile->note = is_of_now(m) ? text(cx, "leader.note.now") : STR("");
    if (has_days(m)) {
        tile_spark(cx, v, m, tile);
    } else if (n > 0) {
        tile->kind = m == DOSSIER_LATE ? STR("late") : STR("due");
    }
}

/* Short enough for its tile; the note has every đồng. */
static void
tile_money(struct ctx *cx, const struct leader_view *v, struct tiles *t, enum dossier_metric m)
{
    struct str whole = text_money(cx, sum_of(v, m));
    struct str value = leader_money_short(cx, sum_of(v, m));
    struct tpl_leader_overview_tiles *tile = add_tile(cx, v, t, m, value);
    tile->note = str_eq(value, whole) ? STR("") : whole;
    tile_spark(cx, v, m, tile);
}

static void
tile_rating(struct ctx *cx, const struct leader_view *v, struct tiles *t)
{
    int64_t n = sum_of(v, DOSSIER_RATED);
    int64_t sum = sum_of(v, DOSSIER_RATING_SUM);
    struct str value = n == 0 ? text(cx, "leader.rating.none")
                              : text_fill(cx, "leader.rating.value", "n",
                                          leader_tenths(cx, sum * 10 / n, STR("")), NULL);
    struct tpl_leader_overview_tiles *tile = add_tile(cx, v, t, DOSSIER_RATING_SUM, value);
    tile->word = text(cx, "leader.rating");
    tile->note = text_fill(cx, "leader.note.rated", "n", text_number(cx, n), NULL);
}

static void
tile_share(struct ctx *cx, const struct leader_view *v, struct tiles *t)
{
    int64_t late = sum_of(v, DOSSIER_DONE_LATE);
    int64_t ontime = sum_of(v, DOSSIER_DONE_ONTIME);
    struct tpl_leader_overview_tiles *share =
        add_tile(cx, v, t, late > 0 ? DOSSIER_DONE_LATE : DOSSIER_DONE_ONTIME,
                 leader_percent(cx, ontime, sum_of(v, DOSSIER_DONE)));
    share->word = text(cx, "leader.percent");
    share->note = text_fill(cx, "leader.note.done", "ontime", text_number(cx, ontime), "late",
                            text_number(cx, late), NULL);
}

static void
make_tiles(struct ctx *cx, const struct leader_view *v, struct tpl_leader_overview *ret)
{
    static const enum dossier_metric counts[] = {
        DOSSIER_RECEIVED,  DOSSIER_OPEN,    DOSSIER_LATE,
        DOSSIER_DUE_TODAY, DOSSIER_WAITING, DOSSIER_DONE
    };
    struct tiles t = { ARENA_ARRAY(cx->arena, struct tpl_leader_overview_tiles, 12), 0 };
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        tile_count(cx, v, &t, counts[i]);
    }
    tile_share(cx, v, &t);
    tile_money(cx, v, &t, DOSSIER_PAID_VND);
    tile_count(cx, v, &t, DOSSIER_UNPAID);
    tile_rating(cx, v, &t);
    ret->tiles.v = t.v;
    ret->tiles.n = t.n;
}

/* --- the first line
 * ------------------------------------------------------------------------------------ */
static struct str
end_of_day(struct ctx *cx, const struct leader_view *v)
{
    struct calendar_day day;
    calendar_day(cx, v->unit->key, calendar_today(cx), &day);
    int32_t s = day.n_spans == 0 ? 24 * 3600 : day.spans[day.n_spans - 1].to_s;
    return str_fmt(cx->arena, "%02d:%02d", s / 3600, s % 3600 / 60);
}

static struct str
period_word(struct ctx *cx, struct str period)
{
    return text_find(cx, str_cat(cx->arena, STR("leader.period."), period));
}

static struct str
sentence(struct ctx *cx, const struct leader_view *v)
{
    int64_t n_done = sum_of(v, DOSSIER_DONE);
    int64_t n_due = sum_of(v, DOSSIER_DUE_TODAY);
    int64_t n_late = sum_of(v, DOSSIER_LATE);
    struct str today = text_number(cx, of_day(v, DOSSIER_RECEIVED, v->to.day));
    struct buf b = buf_new(cx->arena, SENTENCE_MAX);
    buf_add(&b, text_fill(cx, "leader.today", "received", today, NULL));
    BUF_LIT(&b, ". ");
    buf_add(&b, n_done == 0
                    ? text_fill(cx, "leader.none_done", "period", period_word(cx, v->period), NULL)
                    : text_fill(cx, "leader.ontime", "period", period_word(cx, v->period), "done",
                                text_number(cx, n_done), "percent",
                                leader_percent(cx, sum_of(v, DOSSIER_DONE_ONTIME), n_done), NULL));
    BUF_LIT(&b, ". ");
    /* what is wrong comes first */
    buf_add(&b, n_late == 0 ? text(cx, "leader.no_late")
                            : text_fill(cx, "leader.late", "n", text_number(cx, n_late), NULL));
    BUF_LIT(&b, "; ");
    buf_add(&b, n_due == 0 ? text(cx, "leader.no_due")
                           : text_fill(cx, "leader.due", "n", text_number(cx, n_due), "time",
                                       end_of_day(cx, v), NULL));
    BUF_LIT(&b, ".");
    return buf_str(&b);
}

/* --- tables
 * ------------------------------------------------------------------------------------------------
 */
/* Whether a table has the column: of now, there is nothing by day. */
static bool
is_shown(enum indicator_group by, enum column c)
{
    return by != INDICATOR_BY_DAY || !is_of_now(column_metrics[c]);
}

/* The rows of a grouping that hold something in the columns shown. */
static void
fill_grid(struct ctx *cx, const struct leader_view *v, enum indicator_group by, struct grid *g)
{
    size_t n = v->figures->by[by].n;
    size_t i = by == INDICATOR_BY_DAY ? (size_t)(v->from.day - v->days_from.day) : 0;
    g->rows = ARENA_ARRAY(cx->arena, struct row, n + 1);
    for (; i < n; i++) {
        const struct indicator_cells *cells = &v->figures->by[by].v[i];
        struct row *row = &g->rows[g->n];
        bool has_any = false;
        *row = (struct row){ .key = cells->key };
        for (enum column c = 0; c < COL_COUNT; c++) {
            row->v[c] = is_shown(by, c) ? cells->n[column_metrics[c]] : 0;
            has_any = has_any || row->v[c] != 0;
        }
        g->n += has_any ? 1 : 0;
    }
}

static int
by_need(const void *x, const void *y)
{
    const struct row *a = x;
    const struct row *b = y;
    static const enum column order[] = { COL_LATE, COL_DUE, COL_OPEN, COL_RECEIVED, COL_DONE };
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        if (a->v[order[i]] != b->v[order[i]]) {
            return a->v[order[i]] > b->v[order[i]] ? -1 : 1;
        }
    }
    return str_cmp(a->key, b->key);
}

static int
by_day_down(const void *x, const void *y)
{
    return -str_cmp(((const struct row *)x)->key, ((const struct row *)y)->key);
}

/* The figure of one cell: the view narrowed to the row. */
static struct dossier_figure
cell_figure(const struct leader_view *v, enum indicator_group by, struct str key,
            enum dossier_metric m)
{
    struct dossier_figure f = figure_of(v, m);
    switch (by) {
    case INDICATOR_BY_UNIT:
        f.unit = key;
        break;
    case INDICATOR_BY_FIELD:
        f.field = key;
        break;
    case INDICATOR_BY_PROCEDURE:
        f.procedure = key;
        break;
    case INDICATOR_BY_DAY:
        if (date_parse(key, &f.from)) {
            f.to = f.from;
        }
        break;
    }
    return f;
}

static struct str
row_name(struct ctx *cx, enum indicator_group by, struct str key)
{
    const struct procedure_field *field = NULL;
    const struct procedure *p = NULL;
    struct date on;
    switch (by) {
    case INDICATOR_BY_UNIT:
        return str_is_empty(key) ? text(cx, "leader.other_unit") : unit_name(cx, key);
    case INDICATOR_BY_FIELD:
        field = procedure_field(cx, key);
        return field == NULL ? key : pack_text(cx, field->name);
    case INDICATOR_BY_PROCEDURE:
        p = procedure_at(cx, key, calendar_today(cx));
        return p == NULL ? key : procedure_short_name(cx, p);
    case INDICATOR_BY_DAY:
        return date_parse(key, &on) ? text_date_of(cx, on) : key;
    }
    return key;
}

static struct str
row_kind(const struct row *r)
{
    if (r->v[COL_LATE] > 0) {
        return STR("late");
    }
    return r->v[COL_DUE] > 0 ? STR("due") : STR("ontime");
}

static struct tpl_leader_overview_tables_rows_cells
cell(struct ctx *cx, const struct leader_view *v, enum indicator_group by, const struct row *r,
     enum column c)
{
    struct dossier_figure f = cell_figure(v, by, r->key, column_metrics[c]);
    struct str value = c == COL_PAID ? text_money(cx, r->v[c]) : text_number(cx, r->v[c]);
    if (c == COL_ONTIME) {
        value = leader_percent(cx, r->v[COL_ONTIME], r->v[COL_DONE]);
    }
    return (struct tpl_leader_overview_tables_rows_cells){
        .value = value, .href = r->v[c] == 0 ? STR("") : leader_list_href(cx, "", &f)
    };
}

static void
fill_row(struct ctx *cx, const struct leader_view *v, enum indicator_group by, const struct row *r,
         struct tpl_leader_overview_tables_rows *ret)
{
    size_t n = 0;
    struct tpl_leader_overview_tables_rows_cells *cells =
        ARENA_ARRAY(cx->arena, struct tpl_leader_overview_tables_rows_cells, COL_COUNT);
    for (enum column c = 0; c < COL_COUNT; c++) {
        if (is_shown(by, c)) {
            cells[n++] = cell(cx, v, by, r, c);
        }
    }
    *ret = (struct tpl_leader_overview_tables_rows){ .name = row_name(cx, by, r->key),
                                                     .kind = by == INDICATOR_BY_DAY ? STR("ontime")
                                                                                    : row_kind(r) };
    if (by == INDICATOR_BY_UNIT && !str_is_empty(r->key)) {
        ret->href = str_fmt(cx->arena, "/lanh-dao/don-vi/" STR_FMT "?ky=" STR_FMT, STR_ARG(r->key),
                            STR_ARG(v->period));
    }
    ret->cells.v = cells;
    ret->cells.n = n;
}

static void
fill_heads(struct ctx *cx, enum indicator_group by, struct tpl_leader_overview_tables *ret)
{
    size_t n = 0;
    struct tpl_leader_overview_tables_heads *heads =
        ARENA_ARRAY(cx->arena, struct tpl_leader_overview_tables_heads, COL_COUNT + 1);
    heads[n++].word =
        by == INDICATOR_BY_DAY ? text(cx, "leader.col.day") : text(cx, "leader.col.name");
    for (enum column c = 0; c < COL_COUNT; c++) {
        if (is_shown(by, c)) {
            heads[n++].word = c == COL_ONTIME
                                  ? text(cx, "leader.col.ontime")
                                  : leader_word(cx, str_of(dossier_metric_name(column_metrics[c])));
        }
    }
    ret->heads.v = heads;
    ret->heads.n = n;
}

static const struct {
    enum indicator_group by;
    const char *id, *title;
} kinds[] = {
    { INDICATOR_BY_UNIT, "by-unit", "leader.by_unit" },
    { INDICATOR_BY_FIELD, "by-field", "leader.by_field" },
    { INDICATOR_BY_PROCEDURE, "by-procedure", "leader.by_procedure" },
    { INDICATOR_BY_DAY, "by-day", "leader.by_day" },
};

static void
make_table(struct ctx *cx, const struct leader_view *v, size_t kind, struct grid *g,
           struct tpl_leader_overview_tables *ret)
{
    enum indicator_group by = kinds[kind].by;
    fill_grid(cx, v, by, g);
    if (g->n > 1) {
        qsort(g->rows, g->n, sizeof(g->rows[0]), by == INDICATOR_BY_DAY ? by_day_down : by_need);
    }
    size_t n = g->n < ROWS_MAX ? g->n : ROWS_MAX;
    *ret = (struct tpl_leader_overview_tables){ .id = str_of(kinds[kind].id),
                                                .title = text_find(cx, str_of(kinds[kind].title)) };
    fill_heads(cx, by, ret);
    ret->rows.v = ARENA_ARRAY(cx->arena, struct tpl_leader_overview_tables_rows, n + 1);
    ret->rows.n = n;
    for (size_t i = 0; i < n; i++) {
        fill_row(cx, v, by, &g->rows[i], &ret->rows.v[i]);
    }
}

/* --- who needs help, map
 * ------------------------------------------------------------------------------------ */
static void
make_help(struct ctx *cx, const struct leader_view *v, const struct grid *units,
          struct tpl_leader_overview *ret)
{
    ret->help.v = ARENA_ARRAY(cx->arena, struct tpl_leader_overview_help, HELP_MAX);
    for (size_t i = 0; i < units->n && ret->help.n < HELP_MAX; i++) {
        const struct row *r = &units->rows[i];
        if (r->v[COL_LATE] == 0 && r->v[COL_DUE] == 0) {
            break; /* sorted by need */
        }
        struct dossier_figure f = cell_figure(
            v, INDICATOR_BY_UNIT, r->key, r->v[COL_LATE] > 0 ? DOSSIER_LATE : DOSSIER_DUE_TODAY);
        ret->help.v[ret->help.n++] = (struct tpl_leader_overview_help){
            .name = row_name(cx, INDICATOR_BY_UNIT, r->key),
            .href = leader_list_href(cx, "", &f),
            .text = text_fill(cx, "leader.help.text", "late", text_number(cx, r->v[COL_LATE]),
                              "due", text_number(cx, r->v[COL_DUE]), "open",
                              text_number(cx, r->v[COL_OPEN]), NULL),
        };
    }
    ret->has_help = ret->help.n > 0;
}

static void
make_map(struct ctx *cx, const struct leader_view *v, struct grid *units,
         struct tpl_leader_overview *ret)
{
    const struct unit *const *list = NULL;
    size_t n = unit_list(cx, UNIT_COMMUNE, calendar_today(cx), &list);
    struct leader_place *places = ARENA_ARRAY(cx->arena, struct leader_place, n + 1);
    for (size_t i = 0; i < n; i++) {
        static const struct row none;
        const struct row *r = &none;
        for (size_t k = 0; k < units->n; k++) {
            r = str_eq(units->rows[k].key, list[i]->key) ? &units->rows[k] : r;
        }
        bool is_quiet = r->v[COL_OPEN] == 0;
        places[i] = (struct leader_place){
            .unit = list[i],
            .name = pack_text(cx, list[i]->name),
            .href = str_fmt(cx->arena, "/lanh-dao/don-vi/" STR_FMT "?ky=" STR_FMT,
                            STR_ARG(list[i]->key), STR_ARG(v->period)),
            .text = r->v[COL_LATE] == 0 ? text_number(cx, r->v[COL_OPEN])
                                        : str_fmt(cx->arena, "%" PRId64 " / %" PRId64,
                                                  r->v[COL_OPEN], r->v[COL_LATE]),
            .kind = is_quiet ? STR("wait") : row_kind(r),
        };
    }
    ret->map = leader_map(cx, places, n);
    ret->has_map = !str_is_empty(ret->map);
}

/* --- all of it
 * ---------------------------------------------------------------------------------------------- */
static struct str
now_text(struct ctx *cx)
{
    int32_t s = date_second_at_vn(sys_now_us(cx));
    return str_fmt(cx->arena, "%02d:%02d:%02d", s / 3600, s % 3600 / 60, s % 60);
}

/* All numbers of the page, under one snapshot. */
static enum err
gather(struct ctx *cx, struct leader_view *v)
{
    struct indicator_figures *figures = NULL;
    int32_t spark_from = v->to.day - SPARK_DAYS + 1;
    v->days_from = v->from.day < spark_from ? v->from : (struct date){ spark_from };
    struct dossier_figures ask = { .unit = v->is_whole ? STR_NULL : v->unit->key,
                                   .from = v->from,
                                   .to = v->to,
                                   .days_from = v->days_from };
    TRY(dossier_figures(cx, &ask, &figures));
    v->figures = figures;
    return ERR_OK;
}

enum err
leader_overview(struct ctx *cx, const struct leader_view *of, struct tpl_leader_overview *ret)
{
    struct leader_view view = *of;
    const struct leader_view *v = &view;
    TRY(gather(cx, &view));
    ret->sentence = sentence(cx, v);
    ret->unit_name = pack_text(cx, v->unit->name);
    ret->period = v->period;
    ret->fresh = now_text(cx);
    make_tiles(cx, v, ret);
    ret->tables.v = ARENA_ARRAY(cx->arena, struct tpl_leader_overview_tables, COUNT_OF(kinds));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct grid g = { 0 };
        bool is_units = kinds[i].by == INDICATOR_BY_UNIT;
        make_table(cx, v, i, &g, &ret->tables.v[ret->tables.n]);
        ret->tables.n += g.n > 0 && (!is_units || v->is_whole);
        if (is_units) {
            make_help(cx, v, &g, ret);
        }
        if (is_units && v->is_whole) {
            make_map(cx, v, &g, ret);
        }
    }
    return ERR_OK;
}
