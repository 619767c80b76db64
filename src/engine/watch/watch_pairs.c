/* watch_pairs.c: who talks to whom, and how its services do, over a window of time. Every pair is
 * read, whatever their number; a list shows a part of them and says of how many. */
#include "codec/vn.h"
#include "engine/watch/watch_int.h"
#include "gen/q_watch.h"
#include "store/store.h"

#include <stdlib.h>

#define FIRST_ROOM 256

/* --- names with some words ---------------------------------------------------------------------
 */
struct watch_names {
    struct watch_ids systems, services;
};
struct finding {
    struct str folded;
    struct watch_ids *ids;
};

static void
id_add(struct ctx *cx, struct watch_ids *ids, int64_t id)
{
    if (ids->n == ids->room) {
        int64_t *v = ARENA_ARRAY(cx->arena, int64_t, 2 * ids->room + FIRST_ROOM);
        for (size_t i = 0; i < ids->n; i++) {
            v[i] = ids->v[i];
        }
        ids->v = v;
        ids->room = 2 * ids->room + FIRST_ROOM;
    }
    ids->v[ids->n++] = id;
}

static void
name_seen(struct ctx *cx, const struct finding *f, int64_t id, struct str name)
{
    struct str where = vn_fold(cx->arena, name);
    if (str_find(where, f->folded) < where.n) {
        id_add(cx, f->ids, id);
    }
}

static enum err
on_system_name(struct ctx *cx, const void *row, void *arg)
{
    const struct q_watch_systems *r = row;
    name_seen(cx, arg, r->id, r->words);
    return ERR_OK;
}

static enum err
on_service_name(struct ctx *cx, const void *row, void *arg)
{
    const struct q_watch_services *r = row;
    name_seen(cx, arg, r->id, r->words);
    return ERR_OK;
}

static enum err
on_service_id(struct ctx *cx, const void *row, void *arg)
{
    id_add(cx, arg, ((const struct q_watch_services *)row)->id);
    return ERR_OK;
}

enum err
watch_service_ids(struct ctx *cx, struct watch_ids *ret)
{
    *ret = (struct watch_ids){ .n = 0 };
    return q_watch_services(cx, on_service_id, ret);
}

enum err
watch_names_find(struct ctx *cx, struct str words, const struct watch_names **ret)
{
    struct str folded = words.p == NULL ? STR("") : vn_fold(cx->arena, str_trim(words));
    *ret = NULL;
    if (folded.n == 0) {
        return ERR_OK;
    }
    struct watch_names *names = ARENA_NEW(cx->arena, struct watch_names);
    *names = (struct watch_names){ .systems = { .n = 0 } };
    struct finding systems = { folded, &names->systems };
    struct finding services = { folded, &names->services };
    TRY(q_watch_systems(cx, on_system_name, &systems));
    TRY(q_watch_services(cx, on_service_name, &services));
    *ret = names;
    return ERR_OK;
}

static bool
id_is_in(const struct watch_ids *ids, int64_t id)
{
    size_t lo = 0;
    size_t hi = ids->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (ids->v[mid] < id) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < ids->n && ids->v[lo] == id;
}

bool
watch_names_have(const struct watch_names *names, int64_t consumer_id, int64_t service_id)
{
    return names == NULL || id_is_in(&names->systems, consumer_id) ||
           id_is_in(&names->services, service_id);
}

/* --- names of what a list shows ----------------------------------------------------------------
 */
struct watch_names_of *
watch_names_of(struct ctx *cx)
{
    struct watch_names_of *names = ARENA_NEW(cx->arena, struct watch_names_of);
    *names = (struct watch_names_of){ .systems = { { .id = 0 } } };
    return names;
}

struct str
watch_system_name(struct ctx *cx, struct watch_names_of *names, int64_t id)
{
    struct watch_name *known = &names->systems[(uint64_t)id % NAMES_KEPT];
    struct exchange_subsystem s;
    if (known->id != id) {
        known->id = id;
        known->name = exchange_subsystem_get(cx, id, &s) == ERR_OK ? s.name : STR("");
    }
    return id == 0 ? STR("") : known->name;
}

struct str
watch_service_name(struct ctx *cx, struct watch_names_of *names, int64_t id, bool is_path)
{
    struct watch_name *known = &names->services[(uint64_t)id % NAMES_KEPT];
    struct exchange_service s;
    if (known->id != id) {
        known->id = id;
        known->name = exchange_service_get(cx, id, &s) != ERR_OK ? STR("")
                      : is_path                                  ? s.path
                                                                 : s.name;
    }
    return id == 0 ? STR("") : known->name;
}

/* --- pairs -------------------------------------------------------------------------------------
 */
#define PAIR_OF(r)                                                                                 \
    (struct watch_pair)                                                                            \
    {                                                                                              \
        .consumer_id = (r)->consumer_id, .service_id = (r)->service_id, .n = (r)->n,               \
        .n_faults = (r)->n_faults, .took_us = (r)->took_us, .bytes = (r)->bytes                    \
    }

struct listing {
    const struct watch_window *w;
    const struct watch_pair *after;
    const struct watch_names *names;
    struct watch_pairs *ret;
};

/* Stands the row below the last one shown, in the order of the statement? */
static bool
is_pair_below(const struct q_watch_pairs *r, const struct watch_pair *last)
{
    if (last->n == 0 || r->n != last->n) {
        return last->n == 0 || r->n < last->n;
    }
    return r->consumer_id != last->consumer_id ? r->consumer_id > last->consumer_id
                                               : r->service_id > last->service_id;
}

static enum err
on_pair(struct ctx *cx, const void *row, void *arg)
{
    const struct q_watch_pairs *r = row;
    struct listing *l = arg;
    struct watch_pairs *ret = l->ret;
    (void)cx;
    if (!watch_names_have(l->names, r->consumer_id, r->service_id) ||
        (l->w->is_faulty && r->n_faults == 0)) {
        return ERR_OK;
    }
    ret->n_pairs++;
    ret->n_calls += r->n;
    ret->n_faults += r->n_faults;
    if (!is_pair_below(r, l->after)) {
        return ERR_OK;
    }
    if (ret->n == l->w->most) {
        ret->has_more = true;
        return ERR_OK;
    }
    ret->v[ret->n++] = PAIR_OF(r);
    return ERR_OK;
}

enum err
watch_pairs(struct ctx *cx, const struct watch_window *w, const struct watch_pair *after,
            struct watch_pairs *ret)
{
    struct listing l = { .w = w, .after = after, .ret = ret };
    *ret = (struct watch_pairs){ .v = ARENA_ARRAY(cx->arena, struct watch_pair, w->most) };
    TRY(watch_names_find(cx, w->words, &l.names));
    TRY(q_watch_pairs(cx, on_pair, &l, .after = w->from_us, .before = w->to_us));
    struct watch_names_of *names = watch_names_of(cx);
    for (size_t i = 0; i < ret->n; i++) {
        ret->v[i].consumer = watch_system_name(cx, names, ret->v[i].consumer_id);
        ret->v[i].service = watch_service_name(cx, names, ret->v[i].service_id, false);
    }
    return ERR_OK;
}

struct gathered {
    struct watch_pair *v;
    size_t n, room;
};

static enum err
on_any_pair(struct ctx *cx, const void *row, void *arg)
{
    struct gathered *g = arg;
    if (g->n == g->room) {
        struct watch_pair *v = ARENA_ARRAY(cx->arena, struct watch_pair, 2 * g->room + FIRST_ROOM);
        for (size_t i = 0; i < g->n; i++) {
            v[i] = g->v[i];
        }
        g->v = v;
        g->room = 2 * g->room + FIRST_ROOM;
    }
    g->v[g->n++] = PAIR_OF((const struct q_watch_pairs *)row);
    return ERR_OK;
}

enum err
watch_pairs_all(struct ctx *cx, int64_t from_us, int64_t to_us, struct watch_pair **ret,
                size_t *ret_n)
{
    struct gathered g = { .n = 0 };
    TRY(q_watch_pairs(cx, on_any_pair, &g, .after = from_us, .before = to_us));
    *ret = g.v;
    *ret_n = g.n;
    return ERR_OK;
}

/* --- services ----------------------------------------------------------------------------------
 */
static int
by_service(const void *a, const void *b)
{
    const struct watch_service *x = a;
    const struct watch_service *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

enum err
watch_services_of(struct ctx *cx, const struct watch_pair *v, size_t n, struct watch_service **ret,
                  size_t *ret_n)
{
    struct watch_service *all = ARENA_ARRAY(cx->arena, struct watch_service, n + 1);
    size_t n_all = 0;
    size_t n_of = 0;
    for (size_t i = 0; i < n; i++) {
        if (v[i].service_id != 0) {
            all[n_all++] =
                (struct watch_service){ v[i].service_id, v[i].n, v[i].n_faults, v[i].took_us, 0 };
        }
    }
    qsort(all, n_all, sizeof(*all), by_service);
    for (size_t i = 0; i < n_all; i++) {
        if (n_of != 0 && all[n_of - 1].id == all[i].id) {
            all[n_of - 1].n += all[i].n;
            all[n_of - 1].n_faults += all[i].n_faults;
            all[n_of - 1].took_us += all[i].took_us;
        } else {
            all[n_of++] = all[i];
        }
    }
    *ret = all;
    *ret_n = n_of;
    return ERR_OK;
}

/* The worst first. */
static int
by_need(const void *a, const void *b)
{
    const struct watch_seen *x = a;
    const struct watch_seen *y = b;
    int x_breaks = x->is_failing + x->is_slow;
    int y_breaks = y->is_failing + y->is_slow;
    if (x_breaks != y_breaks) {
        return y_breaks - x_breaks;
    }
    if (x->faults_permille != y->faults_permille) {
        return x->faults_permille > y->faults_permille ? -1 : 1;
    }
    if (x->slow_percent != y->slow_percent) {
        return x->slow_percent > y->slow_percent ? -1 : 1;
    }
    return x->sum.id < y->sum.id ? -1 : x->sum.id > y->sum.id;
}

static struct watch_seen
seen_of(const struct watch_service *sum, const struct exchange_service *s,
        const struct watch_limits *limits)
{
    struct watch_seen seen = { .sum = *sum, .name = s->name, .owner = s->owner_name };
    int64_t value = 0;
    seen.sum.sla_ms = s->sla_ms;
    seen.faults_permille = watch_value(WATCH_ERRORS, &seen.sum);
    seen.slow_percent = watch_value(WATCH_SLOW, &seen.sum);
    seen.is_failing = watch_breaks(WATCH_ERRORS, limits->v[WATCH_ERRORS], &seen.sum, &value);
    seen.is_slow = watch_breaks(WATCH_SLOW, limits->v[WATCH_SLOW], &seen.sum, &value);
    return seen;
}

static void
cut(struct watch_seen *all, size_t n_all, int64_t after, size_t most, struct watch_services *ret)
{
    size_t from = 0;
    for (size_t i = 0; i < n_all; i++) {
        from = all[i].sum.id == after ? i + 1 : from;
        ret->n_failing += all[i].is_failing;
        ret->n_slow += all[i].is_slow;
    }
    ret->v = &all[from];
    ret->n = n_all - from < most ? n_all - from : most;
    ret->n_called = (int64_t)n_all;
    ret->has_more = from + ret->n < n_all;
}

enum err
watch_services(struct ctx *cx, const struct watch_window *w, int64_t after,
               struct watch_services *ret)
{
    const struct watch_names *names = NULL;
    struct watch_pair *pairs = NULL;
    struct watch_service *sums = NULL;
    struct watch_limits limits;
    size_t n_pairs = 0;
    size_t n_sums = 0;
    size_t n = 0;
    *ret = (struct watch_services){ .n = 0 };
    TRY(watch_limits(cx, &limits));
    TRY(watch_names_find(cx, w->words, &names));
    TRY(watch_pairs_all(cx, w->from_us, w->to_us, &pairs, &n_pairs));
    TRY(watch_services_of(cx, pairs, n_pairs, &sums, &n_sums));
    struct watch_seen *all = ARENA_ARRAY(cx->arena, struct watch_seen, n_sums + 1);
    for (size_t i = 0; i < n_sums; i++) {
        struct exchange_service s;
        if ((w->is_faulty && sums[i].n_faults == 0) || !watch_names_have(names, 0, sums[i].id) ||
            exchange_service_get(cx, sums[i].id, &s) != ERR_OK) {
            continue;
        }
        all[n++] = seen_of(&sums[i], &s, &limits);
    }
    qsort(all, n, sizeof(*all), by_need);
    cut(all, n, after, w->most, ret);
    return ERR_OK;
}
