/* leader_figures.c: gathers the figures of one page. */
#include "base/buf.h"
#include "engine/calendar/calendar.h"
#include "office/leader/leader_int.h"
#include "sys/sys.h"

#include <stdlib.h>

#define SPARK_DAYS   30
#define ROWS_MAX     200
#define HELP_MAX     6
#define UNITS_MAX    400
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
static const char *const column_metrics[COL_COUNT] = { "received", "done",    "done_ontime",
                                                       "open",     "late",    "due_today",
                                                       "waiting",  "paid_vnd" };

struct row {
    struct str key;
    int64_t v[COL_COUNT];
};

struct grid {
    struct row *rows;
    size_t n;
};

/* --- words ---------------------------------------------------------------------------------------
 */
struct str
leader_word(struct ctx *cx, struct str metric)
{
    struct str word = text_find(cx, str_cat(cx->arena, STR("leader.m."), metric));
    return word.p == NULL ? metric : word;
}

/* One decimal, from tenths. */
static struct str
tenths(struct ctx *cx, int64_t v)
{
    const char *point = str_eq(cx->lang, STR("en")) ? "." : ",";
    return str_fmt(cx->arena, "%" PRId64 "%s%" PRId64, v / 10, point, v % 10);
}

struct str
leader_percent(struct ctx *cx, int64_t n, int64_t whole)
{
    if (whole <= 0) {
        return STR("–");
    }
    return str_cat(cx->arena, tenths(cx, n * 1000 / whole),
                   str_eq(cx->lang, STR("en")) ? STR("%") : STR("\xC2\xA0%"));
}

static struct str
param(struct ctx *cx, const char *name, struct str v)
{
    return str_is_empty(v) ? STR("") : str_fmt(cx->arena, "&%s=" STR_FMT, name, STR_ARG(v));
}

struct str
leader_list_href(struct ctx *cx, const char *page, const struct dossier_figure *f)
{
    struct str from = f->from.day == 0 ? STR("") : date_iso(cx->arena, f->from);
    struct str to = f->to.day == 0 ? STR("") : date_iso(cx->arena, f->to);
    struct str head = str_fmt(cx->arena, "/lanh-dao/danh-sach%s?chi-so=" STR_FMT STR_FMT STR_FMT,
                              page, STR_ARG(f->metric), STR_ARG(param(cx, "don-vi", f->unit)),
                              STR_ARG(param(cx, "linh-vuc", f->field)));
    return str_fmt(cx->arena, STR_FMT STR_FMT STR_FMT STR_FMT, STR_ARG(head),
                   STR_ARG(param(cx, "thu-tuc", f->procedure)), STR_ARG(param(cx, "tu", from)),
                   STR_ARG(param(cx, "den", to)));
}

/* --- one figure --------------------------------------------------------------------------------
 */
static bool
is_of_now(struct str metric)
{
    return indicator_is_stock(metric) || str_eq(metric, STR("late")) ||
           str_eq(metric, STR("due_today"));
}

/* The figure of a metric in the view: days only where the metric has days. */
static struct dossier_figure
figure_of(const struct leader_view *v, const char *metric)
{
    struct dossier_figure f = { .metric = str_of(metric),
                                .unit = v->is_whole ? STR_NULL : v->unit->key };
    if (!is_of_now(f.metric)) {
        f.from = v->from;
        f.to = v->to;
    }
    return f;
}

static enum err
count_of(struct ctx *cx, const struct leader_view *v, const char *metric, int64_t *ret)
{
    struct dossier_figure f = figure_of(v, metric);
    return dossier_figure_count(cx, &f, ret);
}

/* Values of the last 30 days: of a flow what happened, of a stock how many there were. */
static enum err
spark_of(struct ctx *cx, const struct leader_view *v, const char *metric, int64_t now,
         int64_t *days)
{
    struct date today = calendar_today(cx);
    struct dossier_figure f = figure_of(v, metric);
    struct indicator_row *rows = NULL;
    size_t n = 0;
    struct date on;
    f.from = (struct date){ today.day - SPARK_DAYS + 1 };
    f.to = today;
    TRY(dossier_figure_group(cx, &f, INDICATOR_BY_DAY, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        if (date_parse(rows[i].key, &on) && on.day >= f.from.day && on.day <= today.day) {
            days[on.day - f.from.day] = rows[i].n;
        }
    }
    if (indicator_is_stock(f.metric)) {
        int64_t at = now;
        for (size_t i = SPARK_DAYS; i > 0; i--) {
            int64_t change = days[i - 1];
            days[i - 1] = at;
            at -= change;
        }
    }
    return ERR_OK;
}

static struct str
spark_label(struct ctx *cx, const char *metric, const int64_t *days)
{
    int64_t min = days[0];
    int64_t max = days[0];
    for (size_t i = 1; i < SPARK_DAYS; i++) {
        min = days[i] < min ? days[i] : min;
        max = days[i] > max ? days[i] : max;
    }
    return text_fill(cx, "leader.spark", "word", leader_word(cx, str_of(metric)), "min",
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
add_tile(struct ctx *cx, const struct leader_view *v, struct tiles *t, const char *metric,
         struct str value)
{
    struct dossier_figure f = figure_of(v, metric);
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

/* A count with its line of 30 days. */
static enum err
tile_count(struct ctx *cx, const struct leader_view *v, struct tiles *t, const char *metric,
           int64_t n)
{
    struct tpl_leader_overview_tiles *tile = add_tile(cx, v, t, metric, text_number(cx, n));
    int64_t days[SPARK_DAYS] = { 0 };
    bool is_now = is_of_now(tile->metric);
    tile->note = is_now ? text(cx, "leader.note.now") : STR("");
    if (is_now && !indicator_is_stock(tile->metric)) {
        tile->kind =
            n > 0 ? (str_eq(tile->metric, STR("late")) ? STR("late") : STR("due")) : STR("");
        return ERR_OK;
    }
    TRY(spark_of(cx, v, metric, n, days));
    tile->spark = leader_spark(cx, days, SPARK_DAYS, spark_label(cx, metric, days));
    return ERR_OK;
}

static enum err
tile_money(struct ctx *cx, const struct leader_view *v, struct tiles *t)
{
    int64_t vnd = 0;
    int64_t days[SPARK_DAYS] = { 0 };
    TRY(count_of(cx, v, "paid_vnd", &vnd));
    struct tpl_leader_overview_tiles *tile = add_tile(cx, v, t, "paid_vnd", text_money(cx, vnd));
    TRY(spark_of(cx, v, "paid_vnd", vnd, days));
    tile->spark = leader_spark(cx, days, SPARK_DAYS, spark_label(cx, "paid_vnd", days));
    return ERR_OK;
}

static enum err
tile_rating(struct ctx *cx, const struct leader_view *v, struct tiles *t)
{
    int64_t n = 0;
    int64_t sum = 0;
    TRY(count_of(cx, v, "rated", &n));
    TRY(count_of(cx, v, "rating_sum", &sum));
    struct str value =
        n == 0 ? text(cx, "leader.rating.none")
               : text_fill(cx, "leader.rating.value", "n", tenths(cx, sum * 10 / n), NULL);
    struct tpl_leader_overview_tiles *tile = add_tile(cx, v, t, "rating_sum", value);
    tile->word = text(cx, "leader.rating");
    tile->note = text_fill(cx, "leader.note.rated", "n", text_number(cx, n), NULL);
    return ERR_OK;
}

struct totals {
    int64_t received, done, ontime, done_late, open, late, due, waiting, unpaid, received_today;
};

static enum err
totals_of(struct ctx *cx, const struct leader_view *v, struct totals *ret)
{
    struct leader_view today = *v;
    today.from = today.to = calendar_today(cx);
    TRY(count_of(cx, &today, "received", &ret->received_today));
    TRY(count_of(cx, v, "received", &ret->received));
    TRY(count_of(cx, v, "done", &ret->done));
    TRY(count_of(cx, v, "done_ontime", &ret->ontime));
    TRY(count_of(cx, v, "done_late", &ret->done_late));
    TRY(count_of(cx, v, "open", &ret->open));
    TRY(count_of(cx, v, "late", &ret->late));
    TRY(count_of(cx, v, "due_today", &ret->due));
    TRY(count_of(cx, v, "waiting", &ret->waiting));
    return count_of(cx, v, "unpaid", &ret->unpaid);
}

static enum err
make_tiles(struct ctx *cx, const struct leader_view *v, const struct totals *s,
           struct tpl_leader_overview *ret)
{
    struct tiles t = { ARENA_ARRAY(cx->arena, struct tpl_leader_overview_tiles, 12), 0 };
    TRY(tile_count(cx, v, &t, "received", s->received));
    TRY(tile_count(cx, v, &t, "open", s->open));
    TRY(tile_count(cx, v, &t, "late", s->late));
    TRY(tile_count(cx, v, &t, "due_today", s->due));
    TRY(tile_count(cx, v, &t, "waiting", s->waiting));
    TRY(tile_count(cx, v, &t, "done", s->done));
    struct tpl_leader_overview_tiles *share =
        add_tile(cx, v, &t, s->done_late > 0 ? "done_late" : "done_ontime",
                 leader_percent(cx, s->ontime, s->done));
    share->word = text(cx, "leader.percent");
    share->note = text_fill(cx, "leader.note.done", "ontime", text_number(cx, s->ontime), "late",
                            text_number(cx, s->done_late), NULL);
    TRY(tile_money(cx, v, &t));
    TRY(tile_count(cx, v, &t, "unpaid", s->unpaid));
    TRY(tile_rating(cx, v, &t));
    ret->tiles.v = t.v;
    ret->tiles.n = t.n;
    return ERR_OK;
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
sentence(struct ctx *cx, const struct leader_view *v, const struct totals *s)
{
    struct buf b = buf_new(cx->arena, SENTENCE_MAX);
    buf_add(&b,
            text_fill(cx, "leader.today", "received", text_number(cx, s->received_today), NULL));
    BUF_LIT(&b, ". ");
    buf_add(&b, s->done == 0
                    ? text_fill(cx, "leader.none_done", "period", period_word(cx, v->period), NULL)
                    : text_fill(cx, "leader.ontime", "period", period_word(cx, v->period), "done",
                                text_number(cx, s->done), "percent",
                                leader_percent(cx, s->ontime, s->done), NULL));
    BUF_LIT(&b, ". ");
    struct str due = s->due == 0 ? text(cx, "leader.no_due")
                                 : text_fill(cx, "leader.due", "n", text_number(cx, s->due), "time",
                                             end_of_day(cx, v), NULL);
    struct str late = s->late == 0
                          ? text(cx, "leader.no_late")
                          : text_fill(cx, "leader.late", "n", text_number(cx, s->late), NULL);
    /* what is wrong comes first */
    buf_add(&b, late);
    BUF_LIT(&b, "; ");
    buf_add(&b, due);
    BUF_LIT(&b, ".");
    struct str line = buf_str(&b);
    return line;
}

/* --- tables
 * ------------------------------------------------------------------------------------------------
 */
static int64_t *
value_at(struct grid *g, struct str key, enum column c)
{
    for (size_t i = 0; i < g->n; i++) {
        if (str_eq(g->rows[i].key, key)) {
            return &g->rows[i].v[c];
        }
    }
    if (g->n == UNITS_MAX) {
        return NULL;
    }
    g->rows[g->n] = (struct row){ .key = key };
    return &g->rows[g->n++].v[c];
}

/* Fills the columns of a grouping; by day only flows have values. */
static enum err
fill_grid(struct ctx *cx, const struct leader_view *v, enum indicator_group by, struct grid *g)
{
    for (enum column c = 0; c < COL_COUNT; c++) {
        struct dossier_figure f = figure_of(v, column_metrics[c]);
        struct indicator_row *rows = NULL;
        size_t n = 0;
        if (by == INDICATOR_BY_DAY && is_of_now(f.metric)) {
            continue;
        }
        TRY(dossier_figure_group(cx, &f, by, &rows, &n));
        for (size_t i = 0; i < n; i++) {
            int64_t *at = value_at(g, rows[i].key, c);
            if (at != NULL) {
                *at = rows[i].n;
            }
        }
    }
    return ERR_OK;
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
            const char *metric)
{
    struct dossier_figure f = figure_of(v, metric);
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
        if (by == INDICATOR_BY_DAY && is_of_now(str_of(column_metrics[c]))) {
            continue;
        }
        cells[n++] = cell(cx, v, by, r, c);
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
        struct str metric = str_of(column_metrics[c]);
        if (by != INDICATOR_BY_DAY || !is_of_now(metric)) {
            heads[n++].word =
                c == COL_ONTIME ? text(cx, "leader.col.ontime") : leader_word(cx, metric);
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

static enum err
make_table(struct ctx *cx, const struct leader_view *v, size_t kind, struct grid *g,
           struct tpl_leader_overview_tables *ret)
{
    enum indicator_group by = kinds[kind].by;
    TRY(fill_grid(cx, v, by, g));
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
    return ERR_OK;
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
        struct dossier_figure f =
            cell_figure(v, INDICATOR_BY_UNIT, r->key, r->v[COL_LATE] > 0 ? "late" : "due_today");
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

enum err
leader_overview(struct ctx *cx, const struct leader_view *v, struct tpl_leader_overview *ret)
{
    struct totals s = { 0 };
    TRY(totals_of(cx, v, &s));
    ret->sentence = sentence(cx, v, &s);
    ret->unit_name = pack_text(cx, v->unit->name);
    ret->period = v->period;
    ret->fresh = now_text(cx);
    TRY(make_tiles(cx, v, &s, ret));
    ret->tables.v = ARENA_ARRAY(cx->arena, struct tpl_leader_overview_tables, COUNT_OF(kinds));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct grid g = { ARENA_ARRAY(cx->arena, struct row, UNITS_MAX), 0 };
        bool is_units = kinds[i].by == INDICATOR_BY_UNIT;
        struct tpl_leader_overview_tables *t = &ret->tables.v[ret->tables.n];
        TRY(make_table(cx, v, i, &g, t));
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
