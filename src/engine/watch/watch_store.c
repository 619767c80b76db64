/* watch_store.c: adds calls up by month, raises and ends alarms, gives pages what they show. */
#include "base/date.h"
#include "engine/ledger/ledger.h"
#include "engine/node/node.h"
#include "engine/watch/watch.h"
#include "gen/q_watch.h"
#include "net/server.h"
#include "store/store.h"
#include "sys/log.h"
#include "sys/sys.h"

#define PAGE       1000
#define LIST_MAX   200
#define ALARMS_MAX 100
#define OPEN_MAX   500
#define FRESH_US   (INT64_C(60) * DATE_US_PER_S) /* ids of other processes may still come */
#define SUM_US     (INT64_C(15) * DATE_US_PER_S)
#define ALARM_US   (INT64_C(30) * DATE_US_PER_S)
#define WINDOW_US  (INT64_C(900) * DATE_US_PER_S)
#define DAY_US     (INT64_C(86400) * DATE_US_PER_S)
#define DAILY      100 /* calls a day: such a service is not silent by itself */
#define DELAY_DAYS 7
#define MINUTE_US  (INT64_C(60) * DATE_US_PER_S)

/* errors 200 of 1,000; slow 300% of the promise; silent for 120 minutes; 30 and 21 days to the end
 */
static const int64_t built_in[WATCH_RULES] = { 200, 300, 120, 30, 21 };

/* --- sums --------------------------------------------------------------------------------------
 */
static struct str
month_of(struct ctx *cx, int64_t at_us)
{
    return str_slice(date_iso(cx->arena, date_at_vn(at_us)), 0, 7);
}

struct sum_job {
    size_t n;
};

static enum err
sum_tx(struct ctx *cx, void *arg)
{
    struct sum_job *j = arg;
    struct q_watch_mark_get mark = { 0 };
    struct q_watch_calls_list l;
    enum err e = q_watch_mark_get(cx, &mark);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(q_watch_calls(cx, &l, .after = mark.call_id, .before = sys_now_us(cx) - FRESH_US,
                      .limit_n = PAGE));
    j->n = l.n;
    for (size_t i = 0; i < l.n; i++) {
        const struct q_watch_calls *c = &l.v[i];
        TRY(q_watch_month_add(cx, NULL, .month = month_of(cx, c->at_us),
                              .consumer_id = c->consumer_id, .service_id = c->service_id,
                              .agreement_id = c->agreement_id, .n = 1, .n_faults = c->is_faulty,
                              .bytes = c->bytes, .took_us = c->took_us));
    }
    return l.n == 0 ? ERR_OK : q_watch_mark_set(cx, NULL, .call_id = l.v[l.n - 1].id);
}

static enum err
on_sum(struct ctx *cx, int64_t *ret_again_us)
{
    struct sum_job j = { .n = PAGE };
    bool had_any = false;
    while (j.n == PAGE) {
        TRY(store_write(cx, sum_tx, &j));
        had_any = had_any || j.n != 0;
    }
    if (had_any && cx->server != NULL) {
        server_publish(cx->server, STR("exchange"), STR("figures"), STR_NULL, STR("{}"));
    }
    *ret_again_us = SUM_US;
    return ERR_OK;
}

static void
name_of(struct ctx *cx, struct watch_sum *s)
{
    struct exchange_subsystem sub;
    struct exchange_service service;
    s->consumer = s->consumer_id != 0 && exchange_subsystem_get(cx, s->consumer_id, &sub) == ERR_OK
                      ? sub.path
                      : STR("");
    s->service = s->service_id != 0 && exchange_service_get(cx, s->service_id, &service) == ERR_OK
                     ? service.path
                     : STR("");
}

enum err
watch_sums(struct ctx *cx, struct str month, struct watch_sum **ret, size_t *ret_n)
{
    struct q_watch_month_list_list l;
    TRY(q_watch_month_list(cx, &l, .month = month, .limit_n = LIST_MAX));
    struct watch_sum *v = ARENA_ARRAY(cx->arena, struct watch_sum, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        v[i] = (struct watch_sum){ .month = month,
                                   .consumer_id = l.v[i].consumer_id,
                                   .service_id = l.v[i].service_id,
                                   .agreement_id = l.v[i].agreement_id,
                                   .n = l.v[i].n,
                                   .n_faults = l.v[i].n_faults,
                                   .bytes = l.v[i].bytes,
                                   .took_us = l.v[i].took_us };
        name_of(cx, &v[i]);
    }
    *ret = v;
    *ret_n = l.n;
    return ERR_OK;
}

enum err
watch_open(struct ctx *cx, struct watch_sum **ret, size_t *ret_n)
{
    struct q_watch_month_open_list l;
    struct str before = month_of(cx, sys_now_us(cx) - DELAY_DAYS * DAY_US);
    TRY(q_watch_month_open(cx, &l, .before = before, .limit_n = OPEN_MAX));
    struct watch_sum *v = ARENA_ARRAY(cx->arena, struct watch_sum, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        v[i] = (struct watch_sum){ .month = l.v[i].month,
                                   .service_id = l.v[i].service_id,
                                   .n = l.v[i].n,
                                   .n_faults = l.v[i].n_faults,
                                   .bytes = l.v[i].bytes };
        name_of(cx, &v[i]);
    }
    *ret = v;
    *ret_n = l.n;
    return ERR_OK;
}

/* --- limits ------------------------------------------------------------------------------------
 */
enum err
watch_limits(struct ctx *cx, struct watch_limits *ret)
{
    for (size_t i = 0; i < WATCH_RULES; i++) {
        struct q_watch_limit_get row;
        enum err e = q_watch_limit_get(cx, &row, .rule = str_of(watch_rule_names[i]));
        if (e != ERR_OK && e != ERR_NOT_FOUND) {
            return e;
        }
        ret->v[i] = e == ERR_OK ? row.value : built_in[i];
    }
    return ERR_OK;
}

struct limit_job {
    struct str rule;
    int64_t value;
};

static enum err
limit_tx(struct ctx *cx, void *arg)
{
    const struct limit_job *j = arg;
    struct ledger_new e = { .kind = "watch.limit",
                            .object = str_cat(cx->arena, STR("limit:"), j->rule) };
    e.note = str_fmt(cx->arena, "%" PRId64, j->value);
    TRY(q_watch_limit_set(cx, NULL, .rule = j->rule, .value = j->value));
    return ledger_add(cx, &e);
}

enum err
watch_limit_set(struct ctx *cx, enum watch_rule rule, int64_t value)
{
    struct limit_job j = { str_of(watch_rule_names[rule]), value };
    if (value < 0 || value > 1000000) {
        ctx_problem(cx, j.rule, STR("err.invalid.title"), STR_NULL);
        return ctx_check(cx);
    }
    return store_write(cx, limit_tx, &j);
}

/* --- alarms ------------------------------------------------------------------------------------
 */
struct found {
    struct watch_alarm v[ALARMS_MAX];
    size_t n;
};

static void
add(struct found *f, enum watch_rule rule, struct str object, struct str name, int64_t value,
    int64_t limit)
{
    if (f->n < ALARMS_MAX) {
        f->v[f->n++] = (struct watch_alarm){ .rule = str_of(watch_rule_names[rule]),
                                             .object = object,
                                             .name = name,
                                             .value = value,
                                             .limit_n = limit };
    }
}

static enum err
look_services(struct ctx *cx, const struct watch_limits *limits, struct found *f)
{
    struct q_watch_window_list l;
    TRY(q_watch_window(cx, &l, .after = sys_now_us(cx) - WINDOW_US, .limit_n = OPEN_MAX));
    for (size_t i = 0; i < l.n; i++) {
        struct exchange_service s;
        if (exchange_service_get(cx, l.v[i].service_id, &s) != ERR_OK) {
            continue;
        }
        const struct watch_service seen = { s.id, l.v[i].n, l.v[i].n_faults, l.v[i].took_us,
                                            s.sla_ms };
        struct str object = str_fmt(cx->arena, "service:%" PRId64, s.id);
        for (int r = WATCH_ERRORS; r <= WATCH_SLOW; r++) {
            int64_t value = 0;
            if (watch_breaks((enum watch_rule)r, limits->v[r], &seen, &value)) {
                add(f, (enum watch_rule)r, object, s.path, value, limits->v[r]);
            }
        }
    }
    return ERR_OK;
}

static enum err
look_silence(struct ctx *cx, int64_t limit, struct found *f)
{
    struct q_watch_window_list l;
    int64_t now_us = sys_now_us(cx);
    if (limit <= 0) {
        return ERR_OK;
    }
    TRY(q_watch_window(cx, &l, .after = now_us - DAY_US, .limit_n = OPEN_MAX));
    for (size_t i = 0; i < l.n; i++) {
        struct exchange_service s;
        struct q_watch_last last;
        if (l.v[i].n < DAILY ||
            q_watch_last(cx, &last, .service_id = l.v[i].service_id) != ERR_OK ||
            exchange_service_get(cx, l.v[i].service_id, &s) != ERR_OK) {
            continue;
        }
        int64_t minutes = (now_us - last.at_us) / MINUTE_US;
        if (minutes >= limit) {
            add(f, WATCH_SILENCE, str_fmt(cx->arena, "service:%" PRId64, s.id), s.path, minutes,
                limit);
        }
    }
    return ERR_OK;
}

static enum err
look_certs(struct ctx *cx, int64_t limit, struct found *f)
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
            add(f, WATCH_CERT, str_cat(cx->arena, STR("cert:"), keys[i].thumb), keys[i].member,
                days, limit);
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
    size_t n_up = 0;
    size_t n_peers = 0;
    size_t n = 0;
    TRY(relay_tls(cx, &up, &n_up));
    if (cx->node != NULL) {
        TRY(node_peers(cx, &peers, &n_peers));
    }
    struct watch_tls *v = ARENA_ARRAY(cx->arena, struct watch_tls, n_up + n_peers + 1);
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
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

static enum err
look_tls(struct ctx *cx, int64_t limit, struct found *f)
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
            add(f, WATCH_TLS, str_cat(cx->arena, STR("tls:"), v[i].name), v[i].name, days, limit);
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

static bool
is_among(const struct watch_alarm *v, size_t n, const struct watch_alarm *a)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].rule, a->rule) && str_eq(v[i].object, a->object)) {
            return true;
        }
    }
    return false;
}

struct alarm_job {
    const struct found *found;
    size_t n_raised, n_ended;
};

static enum err
alarm_tx(struct ctx *cx, void *arg)
{
    struct alarm_job *j = arg;
    struct q_watch_alarm_on_list l;
    int64_t now_us = sys_now_us(cx);
    j->n_raised = j->n_ended = 0;
    TRY(q_watch_alarm_on(cx, &l, .limit_n = ALARMS_MAX));
    struct watch_alarm *on = ARENA_ARRAY(cx->arena, struct watch_alarm, l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        on[i] = ALARM_OF(l.v[i]);
        if (!is_among(j->found->v, j->found->n, &on[i])) {
            TRY(q_watch_alarm_end(cx, NULL, .id = on[i].id, .ended_us = now_us));
            j->n_ended++;
        }
    }
    for (size_t i = 0; i < j->found->n; i++) {
        const struct watch_alarm *a = &j->found->v[i];
        if (!is_among(on, l.n, a)) {
            TRY(q_watch_alarm_add(cx, NULL, .id = store_new_id(cx), .rule = a->rule,
                                  .object = a->object, .name = a->name, .since_us = now_us,
                                  .value = a->value, .limit_n = a->limit_n));
            j->n_raised++;
        }
    }
    return ERR_OK;
}

static enum err
on_alarms(struct ctx *cx, int64_t *ret_again_us)
{
    struct found *f = ARENA_NEW(cx->arena, struct found);
    struct alarm_job j = { .found = f };
    struct watch_limits limits;
    TRY(watch_limits(cx, &limits));
    TRY(look_services(cx, &limits, f));
    TRY(look_silence(cx, limits.v[WATCH_SILENCE], f));
    TRY(look_certs(cx, limits.v[WATCH_CERT], f));
    TRY(look_tls(cx, limits.v[WATCH_TLS], f));
    TRY(store_write(cx, alarm_tx, &j));
    if (j.n_raised + j.n_ended != 0) {
        const struct sys_log_field fields[] = { SYS_LOG_N("raised", (int64_t)j.n_raised),
                                                SYS_LOG_N("ended", (int64_t)j.n_ended),
                                                SYS_LOG_N("on", (int64_t)f->n) };
        sys_log(cx, SYS_LOG_WARN, "exchange.alarms", fields, COUNT_OF(fields));
        if (cx->server != NULL) {
            server_publish(cx->server, STR("exchange"), STR("alarms"), STR_NULL, STR("{}"));
        }
    }
    *ret_again_us = ALARM_US;
    return ERR_OK;
}

enum err
watch_alarms(struct ctx *cx, struct watch_alarm **ret, size_t *ret_n)
{
    struct q_watch_alarm_on_list on;
    struct q_watch_alarm_past_list past;
    TRY(q_watch_alarm_on(cx, &on, .limit_n = ALARMS_MAX));
    TRY(q_watch_alarm_past(cx, &past, .limit_n = ALARMS_MAX));
    struct watch_alarm *v = ARENA_ARRAY(cx->arena, struct watch_alarm, on.n + past.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < on.n; i++) {
        v[n++] = ALARM_OF(on.v[i]);
    }
    for (size_t i = 0; i < past.n && n < ALARMS_MAX; i++) {
        v[n++] = ALARM_OF(past.v[i]);
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

enum err
watch_alarms_on(struct ctx *cx, int64_t *ret_n)
{
    struct q_watch_alarm_on_list on;
    TRY(q_watch_alarm_on(cx, &on, .limit_n = ALARMS_MAX));
    *ret_n = (int64_t)on.n;
    return ERR_OK;
}

const struct jobs_timed watch_timed[] = {
    { STR_INIT("watch.sum"), on_sum },
    { STR_INIT("watch.alarms"), on_alarms },
    { { NULL, 0 }, NULL },
};
