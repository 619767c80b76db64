/* app_simulate.c: files generated dossiers through the engines and works on them as officers would,
 * hour by hour on a clock of its own, so that every figure has a life behind it. Events are played
 * in the order of their instants; each act is one durable transaction, and a later run goes on with
 * the cases that an earlier one left open. */
#include "app/app_simulate_int.h"
#include "base/buf.h"
#include "engine/calendar/calendar.h"
#include "engine/ledger/ledger.h"
#include "store/store.h"

#include <stdio.h>

#define DAY_US      (24 * HOUR_US)
#define FILES_BYTES (64U << 10)
#define SAY_EVERY   100
#define LANES       8

/* --- events in order of time: a binary heap
 * -------------------------------------------------------- */
void
sim_push(struct simulation *s, struct event e)
{
    if (s->n_events == s->cap) {
        size_t cap = size_mul(s->cap, 2);
        struct event *v = ARENA_ARRAY(s->arena, struct event, cap);
        for (size_t i = 0; i < s->n_events; i++) {
            v[i] = s->heap[i];
        }
        s->heap = v;
        s->cap = cap;
    }
    size_t i = s->n_events++;
    for (; i > 0 && s->heap[(i - 1) / 2].at_us > e.at_us; i = (i - 1) / 2) {
        s->heap[i] = s->heap[(i - 1) / 2];
    }
    s->heap[i] = e;
}

static struct event
event_pop(struct simulation *s)
{
    struct event first = s->heap[0];
    struct event last = s->heap[--s->n_events];
    size_t i = 0;
    for (size_t k = 1; k < s->n_events; k = 2 * i + 1) {
        k += k + 1 < s->n_events && s->heap[k + 1].at_us < s->heap[k].at_us;
        if (s->heap[k].at_us >= last.at_us) {
            break;
        }
        s->heap[i] = s->heap[k];
        i = k;
    }
    s->heap[i] = last;
    return first;
}

uint32_t
sim_draw(struct simulation *s, uint32_t below)
{
    uint32_t v = 0;
    ASSERT(below > 0);
    s->random.base.fill(&s->random.base, &v, sizeof(v));
    /* cppcheck-suppress zerodiv ; asserted above */
    return v % below;
}

/* --- lists --------------------------------------------------------------------------------------
 */
static enum err
read_shape(struct simulation *s)
{
    struct str bytes;
    struct str line;
    TRY(sys_file_read(s->cx, sys_share_path(s->cx, "packs/demo/filing-shape.csv"), FILES_BYTES,
                      &bytes));
    while (str_next(&bytes, '\n', &line)) {
        struct str kind;
        struct str key;
        struct str weight;
        struct str rest;
        int64_t k = 0;
        int64_t w = 0;
        if (!str_cut(line, ',', &kind, &rest) || !str_cut(rest, ',', &key, &weight) ||
            !str_to_i64(str_trim(weight), 0, 100000, &w) || !str_to_i64(key, 0, 23, &k)) {
            continue;
        }
        if (str_eq(kind, STR("hour"))) {
            s->hours[k] = w;
        } else if (str_eq(kind, STR("weekday")) && k < 8) {
            s->weekdays[k] = w;
        } else if (str_eq(kind, STR("month")) && k < 13) {
            s->months[k] = w;
        }
    }
    return ERR_OK;
}

/* Procedures that are filed, of those the pack in force knows. */
static enum err
read_procedures(struct simulation *s)
{
    struct str bytes;
    struct str line;
    struct date today = calendar_today(s->cx);
    TRY(sys_file_read(s->cx, sys_share_path(s->cx, "packs/demo/procedure-weights.csv"), FILES_BYTES,
                      &bytes));
    s->procedures = ARENA_ARRAY(s->arena, struct weighted, bytes.n / 4 + 1);
    while (str_next(&bytes, '\n', &line)) {
        struct weighted w;
        struct str weight;
        if (str_cut(line, ',', &w.key, &weight) &&
            str_to_i64(str_trim(weight), 1, 100000, &w.weight) &&
            procedure_at(s->cx, w.key, today) != NULL) {
            w.key = str_dup(s->arena, w.key);
            s->procedures[s->n_procedures++] = w;
        }
    }
    return s->n_procedures > 0
               ? ERR_OK
               : err_set(s->cx, ERR_INVALID, "no procedure of the list is in the pack");
}

static size_t
pick_weight(struct simulation *s, const int64_t *weights, size_t n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += weights[i];
    }
    int64_t at = sum > 0 ? (int64_t)sim_draw(s, (uint32_t)sum) : 0;
    size_t i = 0;
    while (i + 1 < n && at >= weights[i]) {
        at -= weights[i++];
    }
    return i;
}

struct str
sim_pick_procedure(struct simulation *s)
{
    int64_t sum = 0;
    for (size_t i = 0; i < s->n_procedures; i++) {
        sum += s->procedures[i].weight;
    }
    int64_t at = (int64_t)sim_draw(s, (uint32_t)sum);
    size_t i = 0;
    while (i + 1 < s->n_procedures && at >= s->procedures[i].weight) {
        at -= s->procedures[i++].weight;
    }
    return s->procedures[i].key;
}

/* --- when
 * ------------------------------------------------------------------------------------------ */
/* Weight of a day: its weekday and month; at Tết nobody files, on other holidays few do. */
static int64_t
weight_of_day(struct simulation *s, struct date d)
{
    struct calendar_day day;
    int64_t w = s->weekdays[date_weekday(d)] * s->months[date_civil(d).month];
    struct lunar l = calendar_lunar(d);
    bool is_tet = (l.month == 12 && l.mday >= 29) || (l.month == 1 && l.mday <= 5);
    calendar_day(s->cx, STR_NULL, d, &day);
    if (is_tet) {
        return 0;
    }
    return day.is_holiday ? w / 10 : w;
}

static enum err
plan_filings(struct simulation *s, int64_t n, int32_t days)
{
    struct date last = date_at_vn(s->end_us);
    size_t n_days = (size_t)days + 1;
    int64_t *weights = ARENA_ARRAY(s->arena, int64_t, n_days);
    for (size_t i = 0; i < n_days; i++) {
        struct date d = { last.day - (int32_t)i };
        weights[i] = weight_of_day(s, d);
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t at_us = 0;
        for (int k = 0; k < TRIES_MAX && (at_us == 0 || at_us >= s->end_us); k++) {
            struct date d = { last.day - (int32_t)pick_weight(s, weights, n_days) };
            size_t hour = pick_weight(s, s->hours, COUNT_OF(s->hours));
            at_us =
                date_to_us_vn(d, (int32_t)(hour * 3600 + sim_draw(s, 3600))) + sim_draw(s, 1000000);
        }
        sim_push(s, (struct event){ at_us < s->end_us ? at_us : s->end_us - HOUR_US, 0, 0 });
    }
    return ERR_OK;
}
/* --- the run
 * ---------------------------------------------------------------------------------------- */
static void
say(struct simulation *s)
{
    int64_t n = atomic_fetch_add(&s->shared->n_filed, 1) + 1;
    if (n % SAY_EVERY == 0) {
        (void)printf("  %" PRId64 " of %" PRId64 " filed\n", n, s->shared->n_wanted);
        (void)fflush(stdout);
    }
}

/* Ends an event: who acted lived in its arena. */
static void
forget(struct ctx *cx)
{
    cx->actor = NULL;
    cx->who = (struct ctx_who){ 0 };
    cx->n_problems = 0;
    arena_reset(cx->arena);
}

static void
play(struct simulation *s, struct event e)
{
    struct ctx *cx = s->cx;
    int64_t id = e.dossier;
    int64_t step_us = e.at_us - sys_now_us(cx);
    if (step_us > 0) {
        sys_clock_fake_step(&s->clock, step_us);
    }
    enum err err = id == 0 ? sim_file_one(s, &id) : sim_work_on(s, id);
    if (err == ERR_CONFLICT && id != 0) {
        err = ERR_OK; /* a timer was quicker: look again */
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        (void)fprintf(stderr, "bombo: simulate: %s (%s)%s" STR_FMT "\n", cx->err.text,
                      err_name(err), cx->n_problems > 0 ? ": " : "",
                      STR_ARG(cx->n_problems > 0 ? cx->problems[0].key : STR("")));
    }
    if (err == ERR_OK) {
        sim_plan_next(s, id, e.n_acts);
    } else {
        s->n_failed++;
    }
    if (e.dossier == 0 && err == ERR_OK) {
        s->n_filed++;
        say(s);
    }
    forget(cx);
}

/* Cases that an earlier run left open go on from where it stopped, at the latest some hours ago. */
static enum err
resume_open(struct simulation *s)
{
    struct dossier_figure open = { .metric = STR("open") };
    struct ledger_entry *newest = NULL;
    int64_t from_us = s->end_us - 2 * HOUR_US;
    int64_t before = 0;
    size_t n_newest = 0;
    TRY(ledger_newest(s->cx, 0, &newest, &n_newest));
    if (n_newest > 0 && newest[0].at_us < from_us && newest[0].at_us > sys_now_us(s->cx)) {
        from_us = newest[0].at_us;
    }
    for (;;) {
        struct dossier_figure_row *rows = NULL;
        size_t n = 0;
        TRY(dossier_figure_list(s->cx, &open, before, &rows, &n));
        for (size_t i = 0; i < n; i++) {
            int64_t at_us = from_us + (int64_t)sim_draw(s, 3600) * DATE_US_PER_S;
            if ((uint64_t)rows[i].id % LANES == s->lane) {
                sim_push(s, (struct event){ at_us, rows[i].id, 0 });
            }
            before = rows[i].key;
        }
        if (n == 0) {
            return ERR_OK;
        }
    }
}

/* How many of the filings fall to this lane. */
static int64_t
share_of_lane(const struct simulation *s)
{
    int64_t n = s->what->n;
    int64_t n_shown = s->what->shown.n > 0 ? n / 4 : 0;
    int64_t n_others = (n - n_shown + LANES - 1 - (int64_t)s->lane) / LANES;
    return s->shown != NULL ? n_others + n_shown : n_others;
}

static enum err
prepare(struct simulation *s)
{
    TRY(read_shape(s));
    TRY(read_procedures(s));
    const struct unit *const *units = NULL;
    size_t n_units = unit_list(s->cx, UNIT_COMMUNE, calendar_today(s->cx), &units);
    const struct unit **kept = ARENA_ARRAY(s->arena, const struct unit *, n_units + 1);
    for (size_t i = s->lane; i < n_units; i += LANES) {
        kept[s->n_communes++] = units[i];
        s->shown = str_eq(units[i]->code, s->what->shown) ? units[i] : s->shown;
    }
    s->communes = kept;
    int64_t n = share_of_lane(s);
    s->cap = (size_t)n + 64;
    s->heap = ARENA_ARRAY(s->arena, struct event, s->cap);
    TRY(resume_open(s));
    return s->n_communes == 0 ? ERR_OK : plan_filings(s, n, s->what->days);
}

static void *
run_lane(void *arg)
{
    struct simulation *s = arg;
    s->result = prepare(s);
    while (s->result == ERR_OK && s->n_events > 0 && s->heap[0].at_us < s->end_us) {
        play(s, event_pop(s));
    }
    store_thread_done(s->cx->store);
    return NULL;
}

static void
open_lane(const struct ctx *cx, struct simulation *s)
{
    s->own = *cx;
    s->own.arena = arena_open(0);
    s->arena = arena_open(0);
    s->cx = &s->own;
    s->end_us = sys_now_us(cx);
    sys_random_seed(&s->random, (uint64_t)s->end_us + s->lane);
    sys_clock_fake_init(&s->clock, s->end_us - (s->what->days + 1) * DAY_US);
    s->own.clock = &s->clock.base;
}

static void
close_lane(struct ctx *cx, struct simulation *s, int64_t *going_on, int64_t *done)
{
    *going_on += (int64_t)s->n_events;
    *done += s->n_done;
    if (s->result != ERR_OK) {
        (void)ctx_fail(cx, s->result, __FILE__, __LINE__, "%s", s->own.err.text);
    }
    arena_close(s->own.arena);
    arena_close(s->arena);
}

/* --- work that is left for whoever tries the demo
 * ------------------------------------------------------------------------------- */
/* Eight in the morning of the last working day that has passed. */
static int64_t
last_morning(struct simulation *s)
{
    struct date d = date_at_vn(s->end_us);
    for (int i = 0; i < TRIES_MAX; i++, d.day--) {
        struct calendar_day day;
        int64_t at_us = date_to_us_vn(d, 8 * 3600);
        calendar_day(s->cx, STR_NULL, d, &day);
        if (day.n_spans > 0 && at_us + 9 * HOUR_US <= s->end_us) {
            return at_us;
        }
    }
    return s->end_us - DAY_US;
}

static enum err
leave_one(struct simulation *s, struct str role)
{
    bool is_left = false;
    for (int i = 0; i < TRIES_MAX && !is_left && sys_now_us(s->cx) < s->end_us - HOUR_US; i++) {
        int64_t id = 0;
        TRY(sim_file_one(s, &id));
        TRY(sim_bring_to(s, id, role, &is_left));
        forget(s->cx);
    }
    return ERR_OK;
}

/* Chance may leave a desk of the shown commune without work on some day: some for each. */
static enum err
leave_work(struct simulation *s)
{
    static const char *const roles[] = { "leader",     "leader",   "leader",  "specialist",
                                         "specialist", "receiver", "receiver" };
    const struct unit *const *units = NULL;
    size_t n = unit_list(s->cx, UNIT_COMMUNE, calendar_today(s->cx), &units);
    TRY(read_procedures(s));
    for (size_t i = 0; i < n && s->shown == NULL; i++) {
        s->shown = str_eq(units[i]->code, s->what->shown) ? units[i] : NULL;
    }
    if (s->shown == NULL) {
        return ERR_OK;
    }
    s->communes = &s->shown;
    s->n_communes = 1;
    s->cap = 64; /* cases that others opened: nobody goes on with them here */
    s->heap = ARENA_ARRAY(s->arena, struct event, s->cap);
    sys_clock_fake_step(&s->clock, last_morning(s) - sys_now_us(s->cx));
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        TRY(leave_one(s, str_of(roles[i])));
    }
    return ERR_OK;
}

/* What waits in the outbox was put on the lanes' clocks; on the real one it waits from now. */
static enum err
put_now_tx(struct ctx *cx, void *arg)
{
    return jobs_put_now(cx, *(const int64_t *)arg);
}

enum err
app_simulate(struct ctx *cx, const struct app_simulation *what)
{
    int64_t first_id = store_new_id(cx);
    struct shared shared = { .jobs = PTHREAD_MUTEX_INITIALIZER,
                             .desk = PTHREAD_MUTEX_INITIALIZER,
                             .n_wanted = what->n };
    struct simulation *lanes = ARENA_ARRAY(cx->arena, struct simulation, LANES);
    pthread_t threads[LANES];
    int64_t going_on = 0;
    int64_t done = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; i < LANES; i++) {
        lanes[i].shared = &shared;
        lanes[i].what = what;
        lanes[i].lane = i;
        open_lane(cx, &lanes[i]);
        ASSERT(pthread_create(&threads[i], NULL, run_lane, &lanes[i]) == 0);
    }
    for (size_t i = 0; i < LANES; i++) {
        (void)pthread_join(threads[i], NULL);
        e = lanes[i].result != ERR_OK ? lanes[i].result : e;
        close_lane(cx, &lanes[i], &going_on, &done);
    }
    TRY(e);
    if (what->shown.n > 0 && what->n > 0) {
        struct simulation *rest = &lanes[0];
        *rest = (struct simulation){ .shared = &shared, .what = what };
        open_lane(cx, rest);
        rest->result = leave_work(rest);
        e = rest->result;
        close_lane(cx, rest, &going_on, &done);
        TRY(e);
    }
    (void)printf("  %" PRId64 " dossiers filed, %" PRId64 " finished, %" PRId64 " going on\n",
                 atomic_load(&shared.n_filed), done, going_on);
    TRY(store_write(cx, put_now_tx, &first_id));
    return jobs_drain(cx, app_jobs());
}

enum err
app_simulate_drafts(struct ctx *cx, const struct app_simulation *what, app_draft_fn *fn, void *arg)
{
    struct shared shared = { .jobs = PTHREAD_MUTEX_INITIALIZER, .desk = PTHREAD_MUTEX_INITIALIZER };
    struct simulation *s = ARENA_NEW(cx->arena, struct simulation);
    int64_t n = 0;
    s->shared = &shared;
    s->what = what;
    open_lane(cx, s);
    s->own.clock = cx->clock;
    s->result = prepare(s);
    for (int64_t i = 0; s->result == ERR_OK && i < what->n; i++) {
        struct dossier_draft draft;
        s->result = sim_draft_one(s, &draft);
        if (s->result == ERR_OK) {
            fn(s->cx, &draft, arg);
        }
        forget(&s->own);
    }
    enum err e = s->result;
    close_lane(cx, s, &n, &n);
    return e;
}
