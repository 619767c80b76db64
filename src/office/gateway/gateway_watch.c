/* gateway_watch.c: how the exchange is doing: alarms, who talks to whom, sums by month and
 * agreement; and the open figures. */
#include "base/date.h"
#include "codec/vn.h"
#include "engine/access/access.h"
#include "engine/watch/watch.h"
#include "office/gateway/gateway_int.h"
#include "sys/sys.h"

#define HOUR_US  (INT64_C(3600) * DATE_US_PER_S)
#define MONTHS   6
#define MONTH_US (INT64_C(2629800) * DATE_US_PER_S)
#define SHOWN    40 /* rows of a list on the page; the others are found by name */

static struct str
mean_ms(struct ctx *cx, int64_t took_us, int64_t n)
{
    int64_t tenths = n == 0 ? 0 : took_us / n / 100;
    return str_fmt(cx->arena, STR_FMT ",%" PRId64 " ms", STR_ARG(text_number(cx, tenths / 10)),
                   tenths % 10);
}

static struct str
month_of(struct ctx *cx, int64_t at_us)
{
    return str_slice(date_iso(cx->arena, date_at_vn(at_us)), 0, 7);
}

/* "2026-11" as people write it. */
static struct str
month_word(struct ctx *cx, struct str month)
{
    return str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(str_slice(month, 5, 7)),
                   STR_ARG(str_slice(month, 0, 4)));
}

static void
fill_alarms(struct ctx *cx, struct tpl_gateway_watch *p, const struct watch_alarm *v, size_t n)
{
    p->alarms.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_watch_alarms, n + 1);
    p->no_alarms = n == 0;
    for (size_t i = 0; i < n; i++) {
        p->alarms.v[p->alarms.n++] = (struct tpl_gateway_watch_alarms){
            .kind = v[i].ended_us == 0 ? STR("late") : STR("ontime"),
            .rule = gw_word(cx, "watch_rule", v[i].rule),
            .name = v[i].name,
            .value = text_number(cx, v[i].value),
            .limit = text_number(cx, v[i].limit_n),
            .since = text_moment(cx, v[i].since_us),
            .ended =
                v[i].ended_us == 0 ? text(cx, "gateway.watch_on") : text_moment(cx, v[i].ended_us)
        };
    }
}

/* --- finding by name, and how much of a list is shown -------------------------------------------
 */
static bool
has_words(struct ctx *cx, struct str folded, struct str consumer, struct str service)
{
    if (folded.n == 0) {
        return true;
    }
    struct str all = str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(consumer), STR_ARG(service));
    struct str where = vn_fold(cx->arena, all);
    return str_find(where, folded) < where.n;
}

static struct str
part_of(struct ctx *cx, size_t n, size_t all)
{
    return n >= all ? STR("")
                    : text_fill(cx, "gateway.watch_part", "n", text_number(cx, (int64_t)n), "all",
                                text_number(cx, (int64_t)all), NULL);
}

/* The last hour. */
static void
fill_talk(struct ctx *cx, struct tpl_gateway_watch *p, struct exchange_count *v, size_t n_all)
{
    struct str folded = vn_fold(cx->arena, str_trim(p->q));
    size_t n_found = 0;
    for (size_t i = 0; i < n_all; i++) {
        if (has_words(cx, folded, v[i].consumer, v[i].service)) {
            v[n_found++] = v[i];
        }
    }
    size_t n = n_found < SHOWN ? n_found : SHOWN;
    p->talk_part = part_of(cx, n, n_found);
    p->drawn = n_found <= WATCH_MAP_MAX ? STR("")
                                        : text_fill(cx, "gateway.watch_drawn", "n",
                                                    text_number(cx, WATCH_MAP_MAX), NULL);
    p->talk.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_watch_talk, n + 1);
    p->no_talk = n == 0;
    for (size_t i = 0; i < n; i++) {
        v[i].consumer = str_is_empty(v[i].consumer) ? text(cx, "gateway.unknown") : v[i].consumer;
        v[i].service = str_is_empty(v[i].service) ? text(cx, "gateway.unknown") : v[i].service;
        bool is_bad = v[i].n_faults * 10 > v[i].n;
        p->talk.v[p->talk.n++] =
            (struct tpl_gateway_watch_talk){ .kind = is_bad ? STR("late") : STR("ontime"),
                                             .consumer = v[i].consumer,
                                             .service = v[i].service,
                                             .n = text_number(cx, v[i].n),
                                             .faults = text_number(cx, v[i].n_faults),
                                             .mean = mean_ms(cx, v[i].took_us, v[i].n) };
    }
    p->svg = watch_draw(cx, v, n, text(cx, "gateway.watch_map"));
}

static void
fill_sums(struct ctx *cx, struct tpl_gateway_watch *p, const struct watch_sum *v, size_t n)
{
    struct str folded = vn_fold(cx->arena, str_trim(p->q));
    size_t n_found = 0;
    p->sums.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_watch_sums, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (!has_words(cx, folded, v[i].consumer, v[i].service) || n_found++ >= SHOWN) {
            continue;
        }
        p->sums.v[p->sums.n++] = (struct tpl_gateway_watch_sums){
            .consumer = v[i].consumer,
            .service = v[i].service,
            .agreement = v[i].agreement_id == 0 ? STR("") : gw_id(cx, "", v[i].agreement_id),
            .n = text_number(cx, v[i].n),
            .faults = text_number(cx, v[i].n_faults),
            .mean = mean_ms(cx, v[i].took_us, v[i].n),
            .bytes = text_number(cx, v[i].bytes)
        };
    }
    p->no_sums = n_found == 0;
    p->sums_part = part_of(cx, p->sums.n, n_found);
}

static void
fill_months(struct ctx *cx, struct tpl_gateway_watch *p)
{
    p->months.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_watch_months, MONTHS);
    for (int64_t i = 0; i < MONTHS; i++) {
        struct str month = month_of(cx, sys_now_us(cx) - i * MONTH_US);
        p->months.v[p->months.n++] =
            (struct tpl_gateway_watch_months){ .href = str_cat(cx->arena,
                                                               STR("/truc/giam-sat?thang="), month),
                                               .word = month_word(cx, month) };
    }
}

static enum err
fill_limits(struct ctx *cx, struct tpl_gateway_watch *p)
{
    struct watch_limits l;
    TRY(watch_limits(cx, &l));
    p->may_manage = access_may(cx, "exchange.manage");
    p->errors_limit = gw_id(cx, "", l.v[WATCH_ERRORS]);
    p->slow_limit = gw_id(cx, "", l.v[WATCH_SLOW]);
    p->silence_limit = gw_id(cx, "", l.v[WATCH_SILENCE]);
    p->cert_limit = gw_id(cx, "", l.v[WATCH_CERT]);
    p->tls_limit = gw_id(cx, "", l.v[WATCH_TLS]);
    return ERR_OK;
}

enum err
gw_watch(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_gateway_watch *p = ARENA_NEW(cx->arena, struct tpl_gateway_watch);
    struct watch_alarm *alarms = NULL;
    struct exchange_count *counts = NULL;
    struct watch_sum *sums = NULL;
    size_t n_alarms = 0;
    size_t n_counts = 0;
    size_t n_sums = 0;
    int64_t now_us = sys_now_us(cx);
    p->month = rq->is_again || str_is_empty(web_text(rq, "thang")) ? month_of(cx, now_us)
                                                                   : web_text(rq, "thang");
    p->q = rq->is_again || web_text(rq, "q").p == NULL ? STR("") : web_text(rq, "q");
    TRY(watch_alarms(cx, &alarms, &n_alarms));
    TRY(exchange_counts(cx, now_us - HOUR_US, &counts, &n_counts));
    TRY(watch_sums(cx, p->month, &sums, &n_sums));
    p->month_word = month_word(cx, p->month);
    p->live = STR("/truc/giam-sat/song");
    fill_alarms(cx, p, alarms, n_alarms);
    fill_talk(cx, p, counts, n_counts);
    fill_sums(cx, p, sums, n_sums);
    fill_months(cx, p);
    TRY(fill_limits(cx, p));
    web_title(rs, text(cx, "gateway.watch"));
    web_crumb(cx, rs, STR("/truc"), text(cx, "gateway.title"));
    web_crumb(cx, rs, STR_NULL, text(cx, "gateway.watch"));
    return web_page(cx, rs, &tpl_gateway_watch_t, p);
}

enum err
gw_watch_live(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    return web_events(cx, rs, STR("exchange"));
}

enum err
gw_watch_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    for (int r = 0; r < WATCH_RULES; r++) {
        TRY(watch_limit_set(cx, (enum watch_rule)r, web_int(rq, watch_rule_names[r])));
    }
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/giam-sat");
}

/* --- for everybody -----------------------------------------------------------------------------
 */
enum err
gw_figures(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_gateway_figures *p = ARENA_NEW(cx->arena, struct tpl_gateway_figures);
    struct watch_sum *v = NULL;
    size_t n = 0;
    TRY(watch_open(cx, &v, &n));
    const struct str heads[] = { STR("month"), STR("service"), STR("calls"), STR("failed"),
                                 STR("bytes") };
    struct str *cells = ARENA_ARRAY(cx->arena, struct str, n * COUNT_OF(heads) + 1);
    p->rows.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_figures_rows, n + 1);
    p->no_rows = n == 0;
    for (size_t i = 0; i < n; i++) {
        struct str *c = &cells[i * COUNT_OF(heads)];
        c[0] = v[i].month;
        c[1] = v[i].service;
        c[2] = gw_id(cx, "", v[i].n);
        c[3] = gw_id(cx, "", v[i].n_faults);
        c[4] = gw_id(cx, "", v[i].bytes);
        p->rows.v[p->rows.n++] = (struct tpl_gateway_figures_rows){ c[0], c[1], c[2], c[3], c[4] };
    }
    if (!str_is_empty(web_text(rq, "dang"))) {
        const struct web_sheet sheet = { .kind = web_text(rq, "dang"),
                                         .name = STR("truc-tich-hop"),
                                         .heads = heads,
                                         .n_heads = COUNT_OF(heads),
                                         .cells = cells,
                                         .n_rows = n };
        return web_sheet(cx, rs, &sheet);
    }
    web_title(rs, text(cx, "gateway.open_title"));
    return web_page(cx, rs, &tpl_gateway_figures_t, p);
}
