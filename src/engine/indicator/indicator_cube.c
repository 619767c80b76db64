/* indicator_cube.c: one process's copy of the folded counts, so that all figures of a page are one
 * pass over memory. Each fold gives the rows that it writes a number; bringing the copy up to date
 * reads the rows with a higher number than the last one seen. What is not folded yet is read from
 * the store each time. Both under one snapshot, which is opened while the copy is held: so the copy
 * is never newer than the snapshot, and no count is seen twice or missed. */
#include "engine/indicator/indicator.h"

#include "gen/q_indicator.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>

/* A cell's key is 64 bits: day 17, metric 7, unit 13, procedure 16, field 11. */
#define DAY_BITS       17
#define METRIC_BITS    7
#define UNIT_BITS      13
#define PROCEDURE_BITS 16
#define FIELD_BITS     11
#define DAYS_MAX       (1 << DAY_BITS) /* days since 1970-01-01 */
#define NOW            0               /* in place of a day: what is in a stock now */
#define SLOTS_FIRST    4096U

enum dim { DIM_METRIC, DIM_UNIT, DIM_FIELD, DIM_PROCEDURE, DIM_COUNT };
static const size_t dim_max[DIM_COUNT] = { 1 << METRIC_BITS, 1 << UNIT_BITS, 1 << FIELD_BITS,
                                           1 << PROCEDURE_BITS };

/* Names of one dimension; a name's place is its number. */
struct names {
    struct str *v;
    uint32_t *slots; /* place + 1; 0: empty */
    size_t n, n_slots;
};

struct cell {
    int64_t n;
    uint16_t id[DIM_COUNT];
};

struct cells {
    struct cell *v;
    uint32_t n, cap;
};

struct slot {
    uint64_t key;
    uint32_t at; /* place in its day + 1; 0: empty */
};

struct unfolded {
    struct cell cell;
    int32_t day;
};

struct indicator_cube {
    pthread_mutex_t mutex; /* guards all below */
    struct arena *arena;   /* of the names */
    struct names names[DIM_COUNT];
    struct cells *days; /* DAYS_MAX of them; [NOW] the stocks */
    struct slot *slots;
    size_t n_cells, n_slots;
    int64_t fold; /* the newest fold in here */
    struct unfolded *fresh;
    size_t n_fresh, cap_fresh;
};

static void *
must(void *p)
{
    if (p == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    return p;
}

/* --- life -------------------------------------------------------------------------------------
 */
static void
cube_fill_empty(struct indicator_cube *c)
{
    c->arena = arena_open(0);
    c->days = must(calloc(DAYS_MAX, sizeof(*c->days))); /* pages that stay zero cost nothing */
    c->n_slots = SLOTS_FIRST;
    c->slots = must(calloc(c->n_slots, sizeof(*c->slots)));
    c->n_cells = 0;
    c->fold = 0;
}

static void
cube_free_inside(struct indicator_cube *c)
{
    for (size_t i = 0; i < DAYS_MAX; i++) {
        free(c->days[i].v);
    }
    for (size_t i = 0; i < DIM_COUNT; i++) {
        free(c->names[i].v);
        free(c->names[i].slots);
        c->names[i] = (struct names){ 0 };
    }
    free(c->days);
    free(c->slots);
    arena_close(c->arena);
}

struct indicator_cube *
indicator_cube_open(void)
{
    struct indicator_cube *c = must(calloc(1, sizeof(*c)));
    ASSERT(pthread_mutex_init(&c->mutex, NULL) == 0);
    cube_fill_empty(c);
    return c;
}

void
indicator_cube_close(struct indicator_cube *c)
{
    if (c != NULL) {
        cube_free_inside(c);
        free(c->fresh);
        (void)pthread_mutex_destroy(&c->mutex);
        free(c);
    }
}

/* --- names ------------------------------------------------------------------------------------ */
static size_t
name_slot(const struct names *d, struct str name)
{
    size_t i = (size_t)str_hash(name) & (d->n_slots - 1);
    while (d->slots[i] != 0 && !str_eq(d->v[d->slots[i] - 1], name)) {
        i = (i + 1) & (d->n_slots - 1);
    }
    return i;
}

static void
names_grow(struct names *d)
{
    free(d->slots);
    d->n_slots = d->n_slots == 0 ? 64 : d->n_slots * 2;
    d->slots = must(calloc(d->n_slots, sizeof(*d->slots)));
    d->v = must(realloc(d->v, d->n_slots / 2 * sizeof(*d->v)));
    for (size_t i = 0; i < d->n; i++) {
        d->slots[name_slot(d, d->v[i])] = (uint32_t)i + 1;
    }
}

/* The number of a name, a new one when it was never seen. */
static enum err
name_id(struct ctx *cx, struct indicator_cube *c, enum dim dim, struct str name, uint16_t *ret)
{
    struct names *d = &c->names[dim];
    if (d->n >= d->n_slots / 2) {
        names_grow(d);
    }
    size_t i = name_slot(d, name);
    if (d->slots[i] == 0) {
        if (d->n == dim_max[dim]) {
            return err_set(cx, ERR_TOO_LARGE, "figures: too many names in dimension %d", (int)dim);
        }
        d->v[d->n] = name.n == 0 ? STR("") : str_dup(c->arena, name);
        d->slots[i] = (uint32_t)++d->n;
    }
    *ret = (uint16_t)(d->slots[i] - 1);
    return ERR_OK;
}

struct labels {
    struct str of[DIM_COUNT];
};

static enum err
cell_ids(struct ctx *cx, struct indicator_cube *c, const struct labels *labels, struct cell *ret)
{
    for (enum dim dim = 0; dim < DIM_COUNT; dim++) {
        TRY(name_id(cx, c, dim, labels->of[dim], &ret->id[dim]));
    }
    return ERR_OK;
}

#define LABELS(row)                                                                                \
    (struct labels)                                                                                \
    {                                                                                              \
        .of = {                                                                                    \
            [DIM_METRIC] = (row)->metric,                                                          \
            [DIM_UNIT] = (row)->unit,                                                              \
            [DIM_FIELD] = (row)->field,                                                            \
            [DIM_PROCEDURE] = (row)->procedure_code                                                \
        }                                                                                          \
    }

/* --- cells ------------------------------------------------------------------------------------ */
static uint64_t
key_of(int32_t day, const struct cell *cell)
{
    uint64_t key = (uint64_t)day;
    key = key << METRIC_BITS | cell->id[DIM_METRIC];
    key = key << UNIT_BITS | cell->id[DIM_UNIT];
    key = key << PROCEDURE_BITS | cell->id[DIM_PROCEDURE];
    return key << FIELD_BITS | cell->id[DIM_FIELD];
}

static struct slot *
slot_of(struct slot *slots, size_t n_slots, uint64_t key)
{
    size_t i = (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (n_slots - 1);
    while (slots[i].at != 0 && slots[i].key != key) {
        i = (i + 1) & (n_slots - 1);
    }
    return &slots[i];
}

static void
slots_grow(struct indicator_cube *c)
{
    size_t n = size_mul(c->n_slots, 2);
    struct slot *slots = must(calloc(n, sizeof(*slots)));
    for (size_t i = 0; i < c->n_slots; i++) {
        if (c->slots[i].at != 0) {
            *slot_of(slots, n, c->slots[i].key) = c->slots[i];
        }
    }
    free(c->slots);
    c->slots = slots;
    c->n_slots = n;
}

/* The cell of a day with these names, made when there is none. Borrowed until the next call. */
static struct cell *
cell_at(struct indicator_cube *c, int32_t day, const struct cell *names)
{
    if (c->n_cells >= c->n_slots / 4 * 3) {
        slots_grow(c);
    }
    struct cells *list = &c->days[day];
    struct slot *s = slot_of(c->slots, c->n_slots, key_of(day, names));
    if (s->at == 0) {
        if (list->n == list->cap) {
            list->cap = list->cap == 0 ? 16 : list->cap * 2;
            list->v = must(realloc(list->v, list->cap * sizeof(*list->v)));
        }
        list->v[list->n] = *names;
        list->v[list->n++].n = 0;
        *s = (struct slot){ key_of(day, names), list->n };
        c->n_cells++;
    }
    return &list->v[s->at - 1];
}

static bool
is_stock(const struct indicator_cube *c, const struct cell *cell)
{
    return indicator_is_stock(c->names[DIM_METRIC].v[cell->id[DIM_METRIC]]);
}

static enum err
day_of(struct ctx *cx, struct str text, int32_t *ret)
{
    struct date d;
    if (!date_parse(text, &d) || d.day <= NOW || d.day >= DAYS_MAX) {
        return err_set(cx, ERR_INTERNAL, "figures: no day " STR_FMT, STR_ARG(text));
    }
    *ret = d.day;
    return ERR_OK;
}

/* --- from the store --------------------------------------------------------------------------- */
static enum err
take_folded(struct ctx *cx, const void *of, void *arg)
{
    const struct q_indicator_folded_since *row = of;
    struct indicator_cube *c = arg;
    struct cell cell = { 0 };
    int32_t day = 0;
    struct labels labels = LABELS(row);
    TRY(day_of(cx, row->day, &day));
    TRY(cell_ids(cx, c, &labels, &cell));
    struct cell *at = cell_at(c, day, &cell);
    int64_t change = row->n - at->n;
    at->n = row->n;
    if (is_stock(c, &cell)) {
        cell_at(c, NOW, &cell)->n += change;
    }
    return ERR_OK;
}

static enum err
take_unfolded(struct ctx *cx, const void *of, void *arg)
{
    const struct q_indicator_unfolded *row = of;
    struct indicator_cube *c = arg;
    struct unfolded u = { .cell = { .n = row->n } };
    struct labels labels = LABELS(row);
    TRY(day_of(cx, row->day, &u.day));
    TRY(cell_ids(cx, c, &labels, &u.cell));
    if (c->n_fresh == c->cap_fresh) {
        c->cap_fresh = c->cap_fresh == 0 ? 256 : c->cap_fresh * 2;
        c->fresh = must(realloc(c->fresh, c->cap_fresh * sizeof(*c->fresh)));
    }
    c->fresh[c->n_fresh++] = u;
    return ERR_OK;
}

static enum err
follow_tx(struct ctx *cx, void *arg)
{
    struct indicator_cube *c = arg;
    struct q_indicator_fold_last last;
    TRY(q_indicator_fold_last(cx, &last));
    if (last.fold < c->fold) { /* another database, or an older state of it */
        cube_free_inside(c);
        cube_fill_empty(c);
    }
    if (last.fold > c->fold) {
        TRY(q_indicator_folded_since(cx, take_folded, c, .fold = c->fold));
        c->fold = last.fold;
    }
    return ERR_OK;
}

static enum err
catch_up_tx(struct ctx *cx, void *arg)
{
    struct indicator_cube *c = arg;
    TRY(follow_tx(cx, c));
    c->n_fresh = 0;
    return q_indicator_unfolded(cx, take_unfolded, c);
}

/* --- adding up -------------------------------------------------------------------------------- */
static const enum dim dim_of[] = { [INDICATOR_BY_UNIT] = DIM_UNIT,
                                   [INDICATOR_BY_FIELD] = DIM_FIELD,
                                   [INDICATOR_BY_PROCEDURE] = DIM_PROCEDURE };

struct fill {
    const struct indicator_ask *ask;
    int16_t column[1 << METRIC_BITS]; /* of a metric's number; -1: not asked for */
    bool is_stock[1 << METRIC_BITS];
    int32_t unit; /* number; -1: all */
    struct cell *extra;
    int64_t *sum, *by[INDICATOR_BY_DAY + 1];
};

static bool
is_wanted(const struct fill *f, const struct cell *cell)
{
    return f->column[cell->id[DIM_METRIC]] >= 0 &&
           (f->unit < 0 || f->unit == (int32_t)cell->id[DIM_UNIT]);
}

/* Into the sum and the groups that have names. */
static void
add_named(struct fill *f, const struct cell *cell, size_t column)
{
    size_t width = f->ask->n_metrics;
    f->sum[column] += cell->n;
    for (size_t by = INDICATOR_BY_UNIT; by < INDICATOR_BY_DAY; by++) {
        f->by[by][cell->id[dim_of[by]] * width + column] += cell->n;
    }
}

static void
add_of_day(struct fill *f, const struct cell *cell, int32_t day, bool is_folded)
{
    const struct indicator_ask *ask = f->ask;
    if (!is_wanted(f, cell)) {
        return;
    }
    size_t column = (size_t)f->column[cell->id[DIM_METRIC]];
    if (day >= ask->days_from.day && day <= ask->to.day) {
        f->by[INDICATOR_BY_DAY][(size_t)(day - ask->days_from.day) * ask->n_metrics + column] +=
            cell->n;
    }
    bool is_in = day >= ask->from.day && day <= ask->to.day;
    /* folded stocks have their own place */
    if (f->is_stock[cell->id[DIM_METRIC]] ? !is_folded : is_in) {
        add_named(f, cell, column);
    }
}

static void
add_all(struct indicator_cube *c, struct fill *f)
{
    for (int32_t day = f->ask->days_from.day; day <= f->ask->to.day; day++) {
        const struct cells *list = &c->days[day];
        for (uint32_t i = 0; i < list->n; i++) {
            add_of_day(f, &list->v[i], day, true);
        }
    }
    for (uint32_t i = 0; i < c->days[NOW].n; i++) {
        const struct cell *cell = &c->days[NOW].v[i];
        if (is_wanted(f, cell)) {
            add_named(f, cell, (size_t)f->column[cell->id[DIM_METRIC]]);
        }
    }
    for (size_t i = 0; i < c->n_fresh; i++) {
        add_of_day(f, &c->fresh[i].cell, c->fresh[i].day, false);
    }
}

static void
add_extra(struct fill *f)
{
    for (size_t i = 0; i < f->ask->n_extra; i++) {
        add_named(f, &f->extra[i], f->ask->extra[i].metric);
    }
}

static enum err
fill_begin(struct ctx *cx, struct indicator_cube *c, const struct indicator_ask *ask,
           struct fill *f)
{
    struct arena *a = cx->arena;
    *f = (struct fill){ .ask = ask, .unit = -1 };
    memset(f->column, 0xff, sizeof(f->column));
    for (size_t i = 0; i < ask->n_metrics; i++) {
        uint16_t id = 0;
        TRY(name_id(cx, c, DIM_METRIC, str_of(ask->metrics[i]), &id));
        f->column[id] = (int16_t)i;
        f->is_stock[id] = indicator_is_stock(str_of(ask->metrics[i]));
    }
    if (!str_is_empty(ask->unit)) {
        uint16_t id = 0;
        TRY(name_id(cx, c, DIM_UNIT, ask->unit, &id));
        f->unit = id;
    }
    f->extra = ARENA_ARRAY(a, struct cell, ask->n_extra + 1);
    for (size_t i = 0; i < ask->n_extra; i++) { /* before the rows: their names take room too */
        const struct indicator_extra *x = &ask->extra[i];
        struct labels labels = { .of = { [DIM_METRIC] = str_of(ask->metrics[x->metric]),
                                         [DIM_UNIT] = x->unit,
                                         [DIM_FIELD] = x->field,
                                         [DIM_PROCEDURE] = x->procedure } };
        f->extra[i].n = x->n;
        TRY(cell_ids(cx, c, &labels, &f->extra[i]));
    }
    f->sum = ARENA_ARRAY(a, int64_t, ask->n_metrics);
    for (size_t by = INDICATOR_BY_UNIT; by < INDICATOR_BY_DAY; by++) {
        f->by[by] = ARENA_ARRAY(a, int64_t, c->names[dim_of[by]].n * ask->n_metrics);
    }
    f->by[INDICATOR_BY_DAY] =
        ARENA_ARRAY(a, int64_t, (size_t)(ask->to.day - ask->days_from.day + 1) * ask->n_metrics);
    return ERR_OK;
}

static bool
is_zero(const int64_t *n, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        if (n[i] != 0) {
            return false;
        }
    }
    return true;
}

static int
by_key(const void *x, const void *y)
{
    return str_cmp(((const struct indicator_cells *)x)->key,
                   ((const struct indicator_cells *)y)->key);
}

static void
give_named(struct ctx *cx, const struct names *names, const struct fill *f, enum indicator_group by,
           struct indicator_figures *ret)
{
    size_t width = f->ask->n_metrics;
    struct indicator_cells *v = ARENA_ARRAY(cx->arena, struct indicator_cells, names->n + 1);
    size_t n = 0;
    for (size_t i = 0; i < names->n; i++) {
        int64_t *row = &f->by[by][i * width];
        if (!is_zero(row, width)) {
            v[n++] = (struct indicator_cells){ str_dup(cx->arena, names->v[i]), row };
        }
    }
    qsort(v, n, sizeof(*v), by_key);
    ret->by[by].v = v;
    ret->by[by].n = n;
}

static void
give_days(struct ctx *cx, const struct fill *f, struct indicator_figures *ret)
{
    const struct indicator_ask *ask = f->ask;
    size_t n = (size_t)ask->to.day - (size_t)ask->days_from.day + 1;
    struct indicator_cells *v = ARENA_ARRAY(cx->arena, struct indicator_cells, n);
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct indicator_cells){
            date_iso(cx->arena, (struct date){ ask->days_from.day + (int32_t)i }),
            &f->by[INDICATOR_BY_DAY][i * ask->n_metrics],
        };
    }
    ret->by[INDICATOR_BY_DAY].v = v;
    ret->by[INDICATOR_BY_DAY].n = n;
}

static enum err
figures_of(struct ctx *cx, struct indicator_cube *c, const struct indicator_ask *ask,
           struct indicator_figures **ret)
{
    struct fill f;
    struct indicator_figures *out = ARENA_NEW(cx->arena, struct indicator_figures);
    TRY(store_read(cx, catch_up_tx, c));
    TRY(fill_begin(cx, c, ask, &f));
    add_all(c, &f);
    add_extra(&f);
    out->sum = f.sum;
    for (enum indicator_group by = INDICATOR_BY_UNIT; by < INDICATOR_BY_DAY; by++) {
        give_named(cx, &c->names[dim_of[by]], &f, by, out);
    }
    give_days(cx, &f, out);
    *ret = out;
    return ERR_OK;
}

enum err
indicator_figures(struct ctx *cx, const struct indicator_ask *ask, struct indicator_figures **ret)
{
    if (ask->n_metrics > INDICATOR_METRICS_MAX || ask->days_from.day > ask->from.day ||
        ask->from.day > ask->to.day || ask->days_from.day <= NOW || ask->to.day >= DAYS_MAX) {
        return err_set(cx, ERR_INTERNAL, "figures of days that are none");
    }
    /* within a transaction or snapshot the shared copy may be newer than what is seen here */
    bool is_own = cx->figures == NULL || cx->conn != NULL;
    struct indicator_cube *c = is_own ? indicator_cube_open() : cx->figures;
    (void)pthread_mutex_lock(&c->mutex);
    enum err e = figures_of(cx, c, ask, ret);
    (void)pthread_mutex_unlock(&c->mutex);
    if (is_own) {
        indicator_cube_close(c);
    }
    return e;
}

enum err
indicator_cube_follow(struct ctx *cx)
{
    struct indicator_cube *c = cx->figures;
    if (c == NULL) {
        return ERR_OK;
    }
    (void)pthread_mutex_lock(&c->mutex);
    enum err e = store_read(cx, follow_tx, c);
    (void)pthread_mutex_unlock(&c->mutex);
    return e;
}
