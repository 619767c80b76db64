/* watch_alarm.c: looks at every pair and service, every certificate, and raises and ends alarms. */
#include "base/date.h"
#include "engine/node/node.h"
#include "engine/watch/watch_int.h"
#include "gen/q_watch.h"
#include "net/server.h"
#include "store/store.h"
#include "sys/log.h"
#include "sys/sys.h"

#include <stdlib.h>

#define FIRST_ROOM 64
#define ALARM_US   (INT64_C(30) * DATE_US_PER_S)
#define WINDOW_US  (INT64_C(900) * DATE_US_PER_S)
#define DAY_US     (INT64_C(86400) * DATE_US_PER_S)
#define DAILY      100 /* calls a day: such a service is not silent by itself */
#define MINUTE_US  (INT64_C(60) * DATE_US_PER_S)

struct alarms {
    struct watch_alarm *v;
    size_t n, room;
};

static void
add(struct ctx *cx, struct alarms *to, const struct watch_alarm *a)
{
    if (to->n == to->room) {
        struct watch_alarm *v =
            ARENA_ARRAY(cx->arena, struct watch_alarm, 2 * to->room + FIRST_ROOM);
        for (size_t i = 0; i < to->n; i++) {
            v[i] = to->v[i];
        }
        to->v = v;
        to->room = 2 * to->room + FIRST_ROOM;
    }
    to->v[to->n++] = *a;
}

static void
found(struct ctx *cx, struct alarms *f, enum watch_rule rule, struct str object, struct str name,
      int64_t value, int64_t limit)
{
    const struct watch_alarm a = { .rule = str_of(watch_rule_names[rule]),
                                   .object = object,
                                   .name = name,
                                   .value = value,
                                   .limit_n = limit };
    add(cx, f, &a);
}

/* Does the service as a whole break the limit of faults? Then each of its pairs does, too. */
static bool
is_service_failing(const struct watch_limits *limits, const struct watch_service *v, size_t n,
                   int64_t id)
{
    size_t lo = 0;
    size_t hi = n;
    int64_t value = 0;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v[mid].id < id) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < n && v[lo].id == id &&
           watch_breaks(WATCH_ERRORS, limits->v[WATCH_ERRORS], &v[lo], &value);
}

static void
look_service(struct ctx *cx, const struct watch_limits *limits, struct watch_service *seen,
             struct alarms *f)
{
    struct exchange_service s;
    if (exchange_service_get(cx, seen->id, &s) != ERR_OK) {
        return;
    }
    seen->sla_ms = s.sla_ms;
    struct str object = str_fmt(cx->arena, "service:%" PRId64, s.id);
    for (int r = WATCH_ERRORS; r <= WATCH_SLOW; r++) {
        int64_t value = 0;
        if (watch_breaks((enum watch_rule)r, limits->v[r], seen, &value)) {
            found(cx, f, (enum watch_rule)r, object, s.path, value, limits->v[r]);
        }
    }
}

/* One caller fails at a service that is well for the others: its key, its certificate, its program.
 */
static void
look_pair(struct ctx *cx, int64_t limit, const struct watch_pair *p, struct alarms *f)
{
    const struct watch_service sum = { p->service_id, p->n, p->n_faults, p->took_us, 0 };
    struct exchange_subsystem system;
    struct exchange_service service;
    int64_t value = 0;
    if (p->consumer_id == 0 || !watch_breaks(WATCH_PAIR, limit, &sum, &value) ||
        exchange_subsystem_get(cx, p->consumer_id, &system) != ERR_OK ||
        exchange_service_get(cx, p->service_id, &service) != ERR_OK) {
        return;
    }
    found(cx, f, WATCH_PAIR,
          str_fmt(cx->arena, "pair:%" PRId64 ":%" PRId64, p->consumer_id, p->service_id),
          str_fmt(cx->arena, STR_FMT " → " STR_FMT, STR_ARG(system.path), STR_ARG(service.path)),
          value, limit);
}

static enum err
look_calls(struct ctx *cx, const struct watch_limits *limits, struct alarms *f)
{
    struct watch_pair *pairs = NULL;
    struct watch_service *sums = NULL;
    size_t n_pairs = 0;
    size_t n_sums = 0;
    int64_t now_us = sys_now_us(cx);
    TRY(watch_pairs_all(cx, now_us - WINDOW_US, INT64_MAX, &pairs, &n_pairs));
    TRY(watch_services_of(cx, pairs, n_pairs, &sums, &n_sums));
    for (size_t i = 0; i < n_sums; i++) {
        look_service(cx, limits, &sums[i], f);
    }
    for (size_t i = 0; i < n_pairs; i++) {
        if (!is_service_failing(limits, sums, n_sums, pairs[i].service_id)) {
            look_pair(cx, limits->v[WATCH_PAIR], &pairs[i], f);
        }
    }
    return ERR_OK;
}

/* Calls are counted only of a service whose last one is long ago, and no further than it matters.
 */
static enum err
look_silent(struct ctx *cx, int64_t limit, int64_t service_id, struct alarms *f)
{
    struct exchange_service s;
    struct q_watch_last last;
    struct q_watch_some some;
    int64_t now_us = sys_now_us(cx);
    enum err e = q_watch_last(cx, &last, .service_id = service_id);
    int64_t minutes = e == ERR_OK ? (now_us - last.at_us) / MINUTE_US : 0;
    if (e != ERR_OK || minutes < limit) {
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    TRY(q_watch_some(cx, &some, .service_id = service_id, .after = now_us - DAY_US,
                     .limit_n = DAILY));
    if (some.n == DAILY && exchange_service_get(cx, service_id, &s) == ERR_OK) {
        found(cx, f, WATCH_SILENCE, str_fmt(cx->arena, "service:%" PRId64, s.id), s.path, minutes,
              limit);
    }
    return ERR_OK;
}

static enum err
look_silence(struct ctx *cx, int64_t limit, struct alarms *f)
{
    struct watch_ids services;
    if (limit <= 0) {
        return ERR_OK;
    }
    TRY(watch_service_ids(cx, &services));
    for (size_t i = 0; i < services.n; i++) {
        TRY(look_silent(cx, limit, services.v[i], f));
    }
    return ERR_OK;
}

static enum err
look_certs(struct ctx *cx, int64_t limit, struct alarms *f)
{
    struct node_key *keys = NULL;
    size_t n = 0;
    int64_t now_us = sys_now_us(cx);
    if (limit <= 0 || cx->node == NULL) {
        return ERR_OK;
    }
    TRY(node_keys(cx, &keys, &n));
    for (size_t i = 0; i < n; i++) {
        int64_t days = (keys[i].to_us - now_us) / DAY_US;
        if (keys[i].revoked_us == 0 && days < limit) {
            found(cx, f, WATCH_CERT, str_cat(cx->arena, STR("cert:"), keys[i].thumb),
                  keys[i].member, days, limit);
        }
    }
    return ERR_OK;
}

/* The relay's own certificate, and those that services showed at the last handshake. */
static enum err
relay_tls(struct ctx *cx, struct relay_address **ret, size_t *ret_n)
{
    *ret_n = 0;
    enum err e = cx->relay == NULL ? ERR_OK : relay_addresses(cx, cx->relay, ret, ret_n);
    return e == ERR_NOT_FOUND ? ERR_OK : e; /* it has no policy yet */
}

enum err
watch_tls(struct ctx *cx, struct watch_tls **ret, size_t *ret_n)
{
    struct relay_address *up = NULL;
    struct node_peer *peers = NULL;
    struct exchange_cert_end *ends = NULL;
    size_t n_ends = 0;
    size_t n_up = 0;
    size_t n_peers = 0;
    size_t n = 0;
    TRY(relay_tls(cx, &up, &n_up));
    if (cx->node != NULL) {
        TRY(node_peers(cx, &peers, &n_peers));
    }
    TRY(exchange_cert_ends(cx, &ends, &n_ends));
    struct watch_tls *v = ARENA_ARRAY(cx->arena, struct watch_tls, n_up + n_peers + n_ends + 1);
    if (cx->relay != NULL && relay_cert_until_us(cx->relay) != 0) {
        v[n++] = (struct watch_tls){ STR("relay"), relay_cert_until_us(cx->relay) };
    }
    for (size_t i = 0; i < n_up; i++) {
        if (up[i].cert_until_us != 0) {
            struct str name = str_fmt(cx->arena, STR_FMT " (" STR_FMT ")", STR_ARG(up[i].pool),
                                      STR_ARG(up[i].address));
            v[n++] = (struct watch_tls){ name, up[i].cert_until_us };
        }
    }
    for (size_t i = 0; i < n_peers; i++) {
        if (peers[i].tls_until_us != 0 && str_eq(peers[i].state, STR("active"))) {
            v[n++] = (struct watch_tls){ str_cat(cx->arena, STR("node "), peers[i].name),
                                         peers[i].tls_until_us };
        }
    }
    for (size_t i = 0; i < n_ends; i++) {
        v[n++] = (struct watch_tls){ ends[i].path, ends[i].until_us };
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

static enum err
look_tls(struct ctx *cx, int64_t limit, struct alarms *f)
{
    struct watch_tls *v = NULL;
    size_t n = 0;
    int64_t now_us = sys_now_us(cx);
    if (limit <= 0) {
        return ERR_OK;
    }
    TRY(watch_tls(cx, &v, &n));
    for (size_t i = 0; i < n; i++) {
        int64_t days = (v[i].until_us - now_us) / DAY_US;
        if (v[i].until_us - now_us < limit * DAY_US) {
            found(cx, f, WATCH_TLS, str_cat(cx->arena, STR("tls:"), v[i].name), v[i].name, days,
                  limit);
        }
    }
    return ERR_OK;
}

#define ALARM_OF(r)                                                                                \
    (struct watch_alarm)                                                                           \
    {                                                                                              \
        .id = (r).id, .since_us = (r).since_us, .ended_us = (r).ended_us, .value = (r).value,      \
        .limit_n = (r).limit_n, .rule = (r).rule, .object = (r).object, .name = (r).name           \
    }

static int
by_object(const void *a, const void *b)
{
    const struct watch_alarm *x = a;
    const struct watch_alarm *y = b;
    int d = str_cmp(x->rule, y->rule);
    return d != 0 ? d : str_cmp(x->object, y->object);
}

static bool
is_among(const struct alarms *sorted, const struct watch_alarm *a)
{
    return sorted->n != 0 &&
           bsearch(a, sorted->v, sorted->n, sizeof(*sorted->v), by_object) != NULL;
}

static enum err
on_open(struct ctx *cx, const void *row, void *arg)
{
    const struct q_watch_alarm_open *r = row;
    const struct watch_alarm a = { .id = r->id,
                                   .rule = str_dup(cx->arena, r->rule),
                                   .object = str_dup(cx->arena, r->object) };
    add(cx, arg, &a);
    return ERR_OK;
}

struct alarm_job {
    const struct alarms *found; /* sorted */
    size_t n_raised, n_ended;
};

static enum err
alarm_tx(struct ctx *cx, void *arg)
{
    struct alarm_job *j = arg;
    struct alarms on = { .n = 0 };
    int64_t now_us = sys_now_us(cx);
    j->n_raised = j->n_ended = 0;
    TRY(q_watch_alarm_open(cx, on_open, &on));
    for (size_t i = 0; i < on.n; i++) {
        if (!is_among(j->found, &on.v[i])) {
            TRY(q_watch_alarm_end(cx, NULL, .id = on.v[i].id, .ended_us = now_us));
            j->n_ended++;
        }
    }
    if (on.n != 0) {
        qsort(on.v, on.n, sizeof(*on.v), by_object);
    }
    for (size_t i = 0; i < j->found->n; i++) {
        const struct watch_alarm *a = &j->found->v[i];
        bool is_twice = i != 0 && by_object(a - 1, a) == 0;
        if (!is_twice && !is_among(&on, a)) {
            TRY(q_watch_alarm_add(cx, NULL, .id = store_new_id(cx), .rule = a->rule,
                                  .object = a->object, .name = a->name, .since_us = now_us,
                                  .value = a->value, .limit_n = a->limit_n));
            j->n_raised++;
        }
    }
    return ERR_OK;
}

enum err
watch_alarms_look(struct ctx *cx, int64_t *ret_again_us)
{
    struct alarms f = { .n = 0 };
    struct alarm_job j = { .found = &f };
    struct watch_limits limits;
    TRY(watch_limits(cx, &limits));
    TRY(look_calls(cx, &limits, &f));
    TRY(look_silence(cx, limits.v[WATCH_SILENCE], &f));
    TRY(look_certs(cx, limits.v[WATCH_CERT], &f));
    TRY(look_tls(cx, limits.v[WATCH_TLS], &f));
    if (f.n != 0) {
        qsort(f.v, f.n, sizeof(*f.v), by_object);
    }
    TRY(store_write(cx, alarm_tx, &j));
    if (j.n_raised + j.n_ended != 0) {
        const struct sys_log_field fields[] = { SYS_LOG_N("raised", (int64_t)j.n_raised),
                                                SYS_LOG_N("ended", (int64_t)j.n_ended),
                                                SYS_LOG_N("on", (int64_t)f.n) };
        sys_log(cx, SYS_LOG_WARN, "exchange.alarms", fields, COUNT_OF(fields));
        if (cx->server != NULL) {
            server_publish(cx->server, STR("exchange"), STR("alarms"), STR_NULL, STR("{}"));
        }
    }
    *ret_again_us = ALARM_US;
    return ERR_OK;
}

enum err
watch_alarms(struct ctx *cx, const struct watch_alarm *after, size_t most, struct watch_alarm **ret,
             size_t *ret_n)
{
    struct q_watch_alarm_on_list on = { .n = 0 };
    struct q_watch_alarm_past_list past = { .n = 0 };
    bool is_past = after->ended_us != 0;
    if (!is_past) {
        TRY(q_watch_alarm_on(cx, &on, .before = after->id == 0 ? INT64_MAX : after->id,
                             .limit_n = (int64_t)most));
    }
    if (on.n < most) {
        TRY(q_watch_alarm_past(cx, &past, .ended_us = is_past ? after->ended_us : INT64_MAX,
                               .id = is_past ? after->id : INT64_MAX,
                               .limit_n = (int64_t)(most - on.n)));
    }
    struct watch_alarm *v = ARENA_ARRAY(cx->arena, struct watch_alarm, on.n + past.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < on.n; i++) {
        v[n++] = ALARM_OF(on.v[i]);
    }
    for (size_t i = 0; i < past.n; i++) {
        v[n++] = ALARM_OF(past.v[i]);
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

enum err
watch_alarms_on(struct ctx *cx, int64_t *ret_n)
{
    struct q_watch_alarm_n row;
    TRY(q_watch_alarm_n(cx, &row));
    *ret_n = row.n;
    return ERR_OK;
}
