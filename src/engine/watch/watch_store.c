/* watch_store.c: adds calls up by month; the limits of alarms. */
#include "base/date.h"
#include "engine/ledger/ledger.h"
#include "engine/watch/watch_int.h"
#include "gen/q_watch.h"
#include "net/server.h"
#include "store/store.h"
#include "sys/sys.h"

#define PAGE       1000
#define FRESH_US   (INT64_C(60) * DATE_US_PER_S) /* ids of other processes may still come */
#define SUM_US     (INT64_C(15) * DATE_US_PER_S)
#define DAY_US     (INT64_C(86400) * DATE_US_PER_S)
#define DELAY_DAYS 7
#define NO_MONTH   "9999-12" /* later than any */

/* errors 200 of 1,000; slow 300% of the promise; silent for 120 minutes; 30 and 21 days to the end;
 * half of one caller's calls */
static const int64_t built_in[WATCH_RULES] = { 200, 300, 120, 30, 21, 500 };

/* --- sums --------------------------------------------------------------------------------------
 */
struct str
watch_month(struct ctx *cx, int64_t at_us, int32_t n_back)
{
    struct civil day = date_civil(date_at_vn(at_us));
    int32_t month = day.year * 12 + day.month - 1 - n_back;
    return str_slice(date_iso(cx->arena, date_of(month / 12, month % 12 + 1, 1)), 0, 7);
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
        TRY(q_watch_month_add(cx, NULL, .month = watch_month(cx, c->at_us, 0),
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

struct month_list {
    const struct watch_sum *after;
    const struct watch_names *names; /* null: any */
    struct watch_sums *ret;
    struct str month;
    size_t most;
};

/* Stands the row below the last one shown, in the order of the statement? */
static bool
is_sum_below(const struct q_watch_month_list *r, const struct watch_sum *last)
{
    if (last->n == 0 || r->n != last->n) {
        return last->n == 0 || r->n < last->n;
    }
    if (r->consumer_id != last->consumer_id) {
        return r->consumer_id > last->consumer_id;
    }
    return r->service_id != last->service_id ? r->service_id > last->service_id
                                             : r->agreement_id > last->agreement_id;
}

static enum err
on_month(struct ctx *cx, const void *row, void *arg)
{
    const struct q_watch_month_list *r = row;
    struct month_list *l = arg;
    struct watch_sums *ret = l->ret;
    (void)cx;
    if (!watch_names_have(l->names, r->consumer_id, r->service_id)) {
        return ERR_OK;
    }
    ret->n_sums++;
    ret->n_calls += r->n;
    ret->n_faults += r->n_faults;
    if (!is_sum_below(r, l->after)) {
        return ERR_OK;
    }
    if (ret->n == l->most) {
        ret->has_more = true;
        return ERR_OK;
    }
    ret->v[ret->n++] = (struct watch_sum){ .month = l->month,
                                           .consumer_id = r->consumer_id,
                                           .service_id = r->service_id,
                                           .agreement_id = r->agreement_id,
                                           .n = r->n,
                                           .n_faults = r->n_faults,
                                           .bytes = r->bytes,
                                           .took_us = r->took_us };
    return ERR_OK;
}

enum err
watch_sums(struct ctx *cx, struct str month, struct str words, const struct watch_sum *after,
           size_t most, struct watch_sums *ret)
{
    struct month_list l = { .after = after, .ret = ret, .month = month, .most = most };
    *ret = (struct watch_sums){ .v = ARENA_ARRAY(cx->arena, struct watch_sum, most) };
    TRY(watch_names_find(cx, words, &l.names));
    TRY(q_watch_month_list(cx, on_month, &l, .month = month));
    struct watch_names_of *names = watch_names_of(cx);
    for (size_t i = 0; i < ret->n; i++) {
        ret->v[i].consumer = watch_system_name(cx, names, ret->v[i].consumer_id);
        ret->v[i].service = watch_service_name(cx, names, ret->v[i].service_id, false);
    }
    return ERR_OK;
}

enum err
watch_month_n(struct ctx *cx, struct str month, int64_t *ret_n)
{
    struct q_watch_month_n row;
    TRY(q_watch_month_n(cx, &row, .month = month));
    *ret_n = row.n;
    return ERR_OK;
}

enum err
watch_open(struct ctx *cx, struct str month, int64_t after, size_t most, struct watch_sum **ret,
           size_t *ret_n)
{
    struct q_watch_month_open_list l;
    struct str before = watch_month(cx, sys_now_us(cx) - DELAY_DAYS * DAY_US, 0);
    TRY(q_watch_month_open(cx, &l, .month = str_is_empty(month) ? STR(NO_MONTH) : month,
                           .after = after, .before = before, .limit_n = (int64_t)most));
    struct watch_sum *v = ARENA_ARRAY(cx->arena, struct watch_sum, l.n + 1);
    struct watch_names_of *names = watch_names_of(cx);
    for (size_t i = 0; i < l.n; i++) {
        v[i] =
            (struct watch_sum){ .month = l.v[i].month,
                                .service_id = l.v[i].service_id,
                                .n = l.v[i].n,
                                .n_faults = l.v[i].n_faults,
                                .bytes = l.v[i].bytes,
                                .consumer = STR(""),
                                .service = watch_service_name(cx, names, l.v[i].service_id, true) };
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

const struct jobs_timed watch_timed[] = {
    { STR_INIT("watch.sum"), on_sum },
    { STR_INIT("watch.alarms"), watch_alarms_look },
    { { NULL, 0 }, NULL },
};
