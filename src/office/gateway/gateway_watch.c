/* gateway_watch.c: how the exchange is doing: alarms, slow and failing services, who talks to whom,
 * sums by month and agreement; and the open figures. The first page shows the beginning of each
 * list; every list has a page of its own that goes on to its end. */
#include "base/date.h"
#include "codec/url.h"
#include "engine/access/access.h"
#include "engine/watch/watch.h"
#include "office/gateway/gateway_int.h"
#include "sys/sys.h"

#define HOUR_US   (INT64_C(3600) * DATE_US_PER_S)
#define MONTHS    6
#define FIRST     5  /* rows of a list on the page of all */
#define SHOWN     20 /* rows of a page of a list: as cards on a phone some screens */
#define SHEET_MAX 50000
#define WATCH     "/truc/giam-sat"
#define KEYS_MAX  4
#define FIGURES_N 50 /* of the open ones, a line each */

static struct str
mean_ms(struct ctx *cx, int64_t took_us, int64_t n)
{
    int64_t tenths = n == 0 ? 0 : took_us / n / 100;
    return str_fmt(cx->arena, STR_FMT ",%" PRId64 " ms", STR_ARG(text_number(cx, tenths / 10)),
                   tenths % 10);
}

/* "2026-11" as people write it. */
static struct str
month_word(struct ctx *cx, struct str month)
{
    return str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(str_slice(month, 5, 7)),
                   STR_ARG(str_slice(month, 0, 4)));
}

static struct str
words_of(const struct web_req *rq)
{
    return web_text(rq, "q").p == NULL ? STR("") : web_text(rq, "q");
}

/* --- alarms ------------------------------------------------------------------------------------
 */
static struct str
ended_word(struct ctx *cx, const struct watch_alarm *a)
{
    return a->ended_us == 0 ? text(cx, "gateway.watch_on") : text_moment(cx, a->ended_us);
}

enum err
gw_watch_alarms(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "gateway.watch_rule",
                                         "gateway.watch_object",
                                         "gateway.watch_value",
                                         "gateway.watch_limit",
                                         "gateway.watch_since",
                                         "gateway.watch_ended",
                                         NULL };
    struct watch_alarm *v = NULL;
    size_t n = 0;
    int64_t key[2];
    int64_t on = 0;
    TRY(gw_key(cx, web_text(rq, "sau"), key, COUNT_OF(key)));
    const struct watch_alarm after = { .ended_us = key[0], .id = key[1] };
    TRY(watch_alarms(cx, &after, SHOWN + 1, &v, &n));
    TRY(watch_alarms_on(cx, &on));
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.watch_alarms"));
    gw_say(p, on == 0 ? "ontime" : "late",
           text_fill(cx, "gateway.watch_alarms_n", "n", text_number(cx, on), NULL));
    size_t n_shown = n > SHOWN ? SHOWN : n;
    struct tpl_gateway_page_tables *t =
        gw_table(cx, p, "gateway.watch_alarms_list", heads, n_shown);
    for (size_t i = 0; i < n_shown; i++) {
        struct tpl_gateway_page_tables_rows *r =
            gw_row(cx, t, v[i].ended_us == 0 ? "late" : "ontime");
        gw_cell(r, gw_word(cx, "watch_rule", v[i].rule), STR_NULL);
        gw_cell(r, v[i].name, STR_NULL);
        gw_cell(r, text_number(cx, v[i].value), STR_NULL);
        gw_cell(r, text_number(cx, v[i].limit_n), STR_NULL);
        gw_cell(r, text_moment(cx, v[i].since_us), STR_NULL);
        gw_cell(r, ended_word(cx, &v[i]), STR_NULL);
    }
    if (n > SHOWN) {
        p->next = str_fmt(cx->arena, WATCH "/canh-bao?sau=%" PRId64 ".%" PRId64,
                          v[SHOWN - 1].ended_us, v[SHOWN - 1].id);
    }
    return gw_show_below(cx, rs, p, STR(WATCH), text(cx, "gateway.watch"));
}

static enum err
fill_alarms(struct ctx *cx, struct tpl_gateway_watch *p)
{
    const struct watch_alarm first = { .id = 0 };
    struct watch_alarm *v = NULL;
    size_t n = 0;
    int64_t on = 0;
    TRY(watch_alarms(cx, &first, FIRST, &v, &n));
    TRY(watch_alarms_on(cx, &on));
    p->n_on = text_number(cx, on);
    p->alarms.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_watch_alarms, n + 1);
    p->no_alarms = n == 0;
    for (size_t i = 0; i < n; i++) {
        p->alarms.v[p->alarms.n++] =
            (struct tpl_gateway_watch_alarms){ .kind =
                                                   v[i].ended_us == 0 ? STR("late") : STR("ontime"),
                                               .rule = gw_word(cx, "watch_rule", v[i].rule),
                                               .name = v[i].name,
                                               .value = text_number(cx, v[i].value),
                                               .limit = text_number(cx, v[i].limit_n),
                                               .since = text_moment(cx, v[i].since_us),
                                               .ended = ended_word(cx, &v[i]) };
    }
    return ERR_OK;
}

/* --- windows of time ---------------------------------------------------------------------------
 */
/* Of a list: an hour or a day, to the instant at which the list was begun. */
static struct watch_window
window_of(struct ctx *cx, const struct web_req *rq)
{
    int64_t now_us = sys_now_us(cx);
    int64_t to_us = web_int(rq, "den");
    int64_t hours = str_eq(web_text(rq, "gio"), STR("24")) ? 24 : 1;
    to_us = to_us <= 0 || to_us > now_us ? now_us : to_us;
    return (struct watch_window){ .from_us = to_us - hours * HOUR_US,
                                  .to_us = to_us,
                                  .words = words_of(rq),
                                  .is_faulty = web_bool(rq, "loi"),
                                  .most = SHOWN };
}

static bool
is_day(const struct watch_window *w)
{
    return w->to_us - w->from_us > HOUR_US;
}

static struct str
list_href(struct ctx *cx, const char *list, const struct watch_window *w, bool is_day_long,
          bool is_faulty)
{
    return str_fmt(cx->arena, WATCH "/%s?gio=%s%s&q=" STR_FMT, list, is_day_long ? "24" : "1",
                   is_faulty ? "&loi=1" : "", STR_ARG(url_encode(cx->arena, w->words)));
}

/* The other ways to see the list. */
static void
list_links(struct ctx *cx, struct tpl_gateway_page *p, const char *list,
           const struct watch_window *w)
{
    gw_link(p, list_href(cx, list, w, !is_day(w), w->is_faulty),
            is_day(w) ? text(cx, "gateway.watch_hour") : text(cx, "gateway.watch_day"));
    gw_link(p, list_href(cx, list, w, is_day(w), !w->is_faulty),
            w->is_faulty ? text(cx, "gateway.watch_all") : text(cx, "gateway.only_faults"));
    p->find = str_fmt(cx->arena, WATCH "/%s", list);
    p->find_words = w->words;
}

/* --- who talks to whom -------------------------------------------------------------------------
 */
static struct str
name_or_unknown(struct ctx *cx, struct str name)
{
    return str_is_empty(name) ? text(cx, "gateway.unknown") : name;
}

static bool
is_bad(const struct watch_pair *v)
{
    return v->n_faults * 10 > v->n;
}

static struct str
pairs_sentence(struct ctx *cx, const struct watch_pairs *l)
{
    return text_fill(cx, "gateway.watch_pairs_n", "pairs", text_number(cx, l->n_pairs), "calls",
                     text_number(cx, l->n_calls), "faults", text_number(cx, l->n_faults), NULL);
}

enum err
gw_watch_pairs(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "gateway.consumer",   "gateway.service",
                                         "gateway.watch_n",    "gateway.watch_faults",
                                         "gateway.watch_mean", NULL };
    struct watch_window w = window_of(cx, rq);
    struct watch_pairs l;
    int64_t key[3];
    TRY(gw_key(cx, web_text(rq, "sau"), key, COUNT_OF(key)));
    const struct watch_pair after = { .n = key[0], .consumer_id = key[1], .service_id = key[2] };
    TRY(watch_pairs(cx, &w, &after, &l));
    struct tpl_gateway_page *p =
        gw_page(cx, is_day(&w) ? text(cx, "gateway.today") : text(cx, "gateway.watch_map"));
    gw_say(p, "wait", pairs_sentence(cx, &l));
    list_links(cx, p, "cap", &w);
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.watch_pairs", heads, l.n);
    for (size_t i = 0; i < l.n; i++) {
        const struct watch_pair *v = &l.v[i];
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, is_bad(v) ? "late" : "ontime");
        gw_cell(r, name_or_unknown(cx, v->consumer), STR_NULL);
        gw_cell(r, name_or_unknown(cx, v->service),
                v->service_id == 0 ? STR_NULL : gw_id(cx, "/truc/dich-vu/", v->service_id));
        gw_cell(r, text_number(cx, v->n), STR_NULL);
        gw_cell(r, text_number(cx, v->n_faults), STR_NULL);
        gw_cell(r, mean_ms(cx, v->took_us, v->n), STR_NULL);
    }
    if (l.has_more) {
        const struct watch_pair *last = &l.v[l.n - 1];
        p->next =
            str_fmt(cx->arena, STR_FMT "&den=%" PRId64 "&sau=%" PRId64 ".%" PRId64 ".%" PRId64,
                    STR_ARG(list_href(cx, "cap", &w, is_day(&w), w.is_faulty)), w.to_us, last->n,
                    last->consumer_id, last->service_id);
    }
    return gw_show_below(cx, rs, p, STR(WATCH), text(cx, "gateway.watch"));
}

/* The drawing of the busiest, what it leaves out, and the first of the list. */
static enum err
fill_map(struct ctx *cx, struct tpl_gateway_watch *p)
{
    int64_t now_us = sys_now_us(cx);
    const struct watch_pair first = { .n = 0 };
    struct watch_window w = { .from_us = now_us - HOUR_US, .to_us = now_us, .most = WATCH_MAP_MAX };
    struct watch_pairs l;
    int64_t drawn = 0;
    TRY(watch_pairs(cx, &w, &first, &l));
    size_t n = l.n < FIRST ? l.n : FIRST;
    p->no_talk = l.n == 0;
    p->talk_n = pairs_sentence(cx, &l);
    p->talk.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_watch_talk, n + 1);
    for (size_t i = 0; i < l.n; i++) {
        struct watch_pair *v = &l.v[i];
        drawn += v->n;
        v->consumer = name_or_unknown(cx, v->consumer);
        v->service = name_or_unknown(cx, v->service);
        if (i < n) {
            p->talk.v[p->talk.n++] =
                (struct tpl_gateway_watch_talk){ .kind = is_bad(v) ? STR("late") : STR("ontime"),
                                                 .consumer = v->consumer,
                                                 .service = v->service,
                                                 .n = text_number(cx, v->n),
                                                 .faults = text_number(cx, v->n_faults),
                                                 .mean = mean_ms(cx, v->took_us, v->n) };
        }
    }
    p->drawn = !l.has_more
                   ? STR("")
                   : text_fill(cx, "gateway.watch_drawn", "n", text_number(cx, (int64_t)l.n),
                               "pairs", text_number(cx, l.n_pairs - (int64_t)l.n), "calls",
                               text_number(cx, l.n_calls - drawn), NULL);
    p->svg = watch_draw(cx, l.v, l.n, text(cx, "gateway.watch_map"));
    return ERR_OK;
}

/* --- services ----------------------------------------------------------------------------------
 */
static struct str
seen_word(struct ctx *cx, const struct watch_seen *s)
{
    return s->is_failing && s->is_slow ? text(cx, "gateway.watch_both")
           : s->is_failing             ? text(cx, "gateway.watch_failing")
           : s->is_slow                ? text(cx, "gateway.watch_slow")
                                       : text(cx, "gateway.watch_well");
}

static struct str
services_sentence(struct ctx *cx, const struct watch_services *l)
{
    return text_fill(cx, "gateway.watch_services_n", "called", text_number(cx, l->n_called),
                     "failing", text_number(cx, l->n_failing), "slow", text_number(cx, l->n_slow),
                     NULL);
}

enum err
gw_watch_services(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "gateway.service",
                                         "gateway.watch_how",
                                         "gateway.watch_n",
                                         "gateway.watch_faults",
                                         "gateway.watch_mean",
                                         "gateway.watch_promise",
                                         NULL };
    struct watch_window w = window_of(cx, rq);
    struct watch_services l;
    int64_t key[1];
    TRY(gw_key(cx, web_text(rq, "sau"), key, COUNT_OF(key)));
    TRY(watch_services(cx, &w, key[0], &l));
    struct tpl_gateway_page *p = gw_page(cx, is_day(&w) ? text(cx, "gateway.watch_services_day")
                                                        : text(cx, "gateway.watch_services"));
    gw_say(p, l.n_failing + l.n_slow == 0 ? "ontime" : "late", services_sentence(cx, &l));
    list_links(cx, p, "dich-vu", &w);
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.watch_worst", heads, l.n);
    for (size_t i = 0; i < l.n; i++) {
        const struct watch_seen *s = &l.v[i];
        struct tpl_gateway_page_tables_rows *r =
            gw_row(cx, t, s->is_failing || s->is_slow ? "late" : "ontime");
        gw_cell(r, s->name, gw_id(cx, "/truc/dich-vu/", s->sum.id));
        gw_cell(r, seen_word(cx, s), STR_NULL);
        gw_cell(r, text_number(cx, s->sum.n), STR_NULL);
        gw_cell(r, gw_percent(cx, s->sum.n_faults, s->sum.n), STR_NULL);
        gw_cell(r, mean_ms(cx, s->sum.took_us, s->sum.n), STR_NULL);
        gw_cell(r, str_fmt(cx->arena, STR_FMT " ms", STR_ARG(text_number(cx, s->sum.sla_ms))),
                STR_NULL);
    }
    if (l.has_more) {
        p->next = str_fmt(cx->arena, STR_FMT "&den=%" PRId64 "&sau=%" PRId64,
                          STR_ARG(list_href(cx, "dich-vu", &w, is_day(&w), w.is_faulty)), w.to_us,
                          l.v[l.n - 1].sum.id);
    }
    return gw_show_below(cx, rs, p, STR(WATCH), text(cx, "gateway.watch"));
}

static enum err
fill_services(struct ctx *cx, struct tpl_gateway_watch *p)
{
    int64_t now_us = sys_now_us(cx);
    struct watch_window w = { .from_us = now_us - HOUR_US, .to_us = now_us, .most = FIRST };
    struct watch_services l;
    TRY(watch_services(cx, &w, 0, &l));
    p->services_n = services_sentence(cx, &l);
    p->services.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_watch_services, l.n + 1);
    p->no_services = l.n == 0;
    for (size_t i = 0; i < l.n; i++) {
        const struct watch_seen *s = &l.v[i];
        p->services.v[p->services.n++] = (struct tpl_gateway_watch_services){
            .kind = s->is_failing || s->is_slow ? STR("late") : STR("ontime"),
            .href = gw_id(cx, "/truc/dich-vu/", s->sum.id),
            .name = s->name,
            .word = seen_word(cx, s),
            .n = text_number(cx, s->sum.n),
            .faults = gw_percent(cx, s->sum.n_faults, s->sum.n),
            .mean = mean_ms(cx, s->sum.took_us, s->sum.n)
        };
    }
    return ERR_OK;
}

/* --- months ------------------------------------------------------------------------------------
 */
static struct str
month_asked(struct ctx *cx, const struct web_req *rq)
{
    return rq->is_again || str_is_empty(web_text(rq, "thang")) ? watch_month(cx, sys_now_us(cx), 0)
                                                               : web_text(rq, "thang");
}

static enum err
month_sheet(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str month)
{
    static const struct str heads[] = { STR_INIT("month"),   STR_INIT("consumer"),
                                        STR_INIT("service"), STR_INIT("agreement"),
                                        STR_INIT("calls"),   STR_INIT("failed"),
                                        STR_INIT("bytes"),   STR_INIT("took_us") };
    const struct watch_sum first = { .n = 0 };
    struct watch_sums l;
    TRY(watch_sums(cx, month, words_of(rq), &first, SHEET_MAX, &l));
    struct str *cells = ARENA_ARRAY(cx->arena, struct str, l.n * COUNT_OF(heads) + 1);
    for (size_t i = 0; i < l.n; i++) {
        const struct watch_sum *v = &l.v[i];
        struct str *c = &cells[i * COUNT_OF(heads)];
        c[0] = month;
        c[1] = v->consumer;
        c[2] = v->service;
        c[3] = gw_id(cx, "", v->agreement_id);
        c[4] = gw_id(cx, "", v->n);
        c[5] = gw_id(cx, "", v->n_faults);
        c[6] = gw_id(cx, "", v->bytes);
        c[7] = gw_id(cx, "", v->took_us);
    }
    const struct web_sheet sheet = { .kind = web_sheet_kind(rq),
                                     .name = str_cat(cx->arena, STR("truc-tich-hop-"), month),
                                     .heads = heads,
                                     .n_heads = COUNT_OF(heads),
                                     .cells = cells,
                                     .n_rows = l.n,
                                     .is_cut = l.has_more };
    return web_sheet(cx, rs, &sheet);
}

static void
month_table(struct ctx *cx, struct tpl_gateway_page *p, const struct watch_sums *l)
{
    static const char *const heads[] = { "gateway.consumer",        "gateway.service",
                                         "gateway.watch_agreement", "gateway.watch_n",
                                         "gateway.watch_faults",    "gateway.watch_mean",
                                         "gateway.box_bytes",       NULL };
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.watch_pairs", heads, l->n);
    for (size_t i = 0; i < l->n; i++) {
        const struct watch_sum *v = &l->v[i];
        bool has_one = v->agreement_id != 0;
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, "ontime");
        gw_cell(r, name_or_unknown(cx, v->consumer), STR_NULL);
        gw_cell(r, name_or_unknown(cx, v->service), STR_NULL);
        gw_cell(r, has_one ? text(cx, "gateway.watch_see") : text(cx, "gateway.watch_no_agreement"),
                has_one ? gw_id(cx, "/truc/thoa-thuan/", v->agreement_id) : STR_NULL);
        gw_cell(r, text_number(cx, v->n), STR_NULL);
        gw_cell(r, text_number(cx, v->n_faults), STR_NULL);
        gw_cell(r, mean_ms(cx, v->took_us, v->n), STR_NULL);
        gw_cell(r, text_number(cx, v->bytes), STR_NULL);
    }
}

enum err
gw_watch_month(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct watch_sums l;
    struct str month = month_asked(cx, rq);
    int64_t key[KEYS_MAX];
    if (web_sheet_kind(rq).p != NULL) {
        return month_sheet(cx, rq, rs, month);
    }
    TRY(gw_key(cx, web_text(rq, "sau"), key, COUNT_OF(key)));
    const struct watch_sum after = {
        .n = key[0], .consumer_id = key[1], .service_id = key[2], .agreement_id = key[3]
    };
    TRY(watch_sums(cx, month, words_of(rq), &after, SHOWN, &l));
    struct tpl_gateway_page *p =
        gw_page(cx, text_fill(cx, "gateway.watch_month", "month", month_word(cx, month), NULL));
    gw_say(p, "wait",
           text_fill(cx, "gateway.watch_sums_n", "sums", text_number(cx, l.n_sums), "calls",
                     text_number(cx, l.n_calls), "faults", text_number(cx, l.n_faults), NULL));
    struct str here = str_fmt(cx->arena, WATCH "/thang?thang=" STR_FMT "&q=" STR_FMT,
                              STR_ARG(url_encode(cx->arena, month)),
                              STR_ARG(url_encode(cx->arena, words_of(rq))));
    gw_link(p, str_cat(cx->arena, here, STR("&dang=csv")), STR("CSV"));
    gw_link(p, str_cat(cx->arena, here, STR("&dang=xlsx")), STR("XLSX"));
    p->find = STR(WATCH "/thang");
    p->find_words = words_of(rq);
    month_table(cx, p, &l);
    if (l.has_more) {
        const struct watch_sum *last = &l.v[l.n - 1];
        p->next = str_fmt(cx->arena, STR_FMT "&sau=%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRId64,
                          STR_ARG(here), last->n, last->consumer_id, last->service_id,
                          last->agreement_id);
    }
    return gw_show_below(cx, rs, p, STR(WATCH), text(cx, "gateway.watch"));
}

static void
fill_months(struct ctx *cx, struct tpl_gateway_watch *p)
{
    p->months.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_watch_months, MONTHS);
    for (int32_t i = 0; i < MONTHS; i++) {
        struct str month = watch_month(cx, sys_now_us(cx), i);
        p->months.v[p->months.n++] =
            (struct tpl_gateway_watch_months){ .href = str_cat(cx->arena,
                                                               STR(WATCH "/thang?thang="), month),
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
    p->pair_limit = gw_id(cx, "", l.v[WATCH_PAIR]);
    return ERR_OK;
}

enum err
gw_watch(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_gateway_watch *p = ARENA_NEW(cx->arena, struct tpl_gateway_watch);
    (void)rq;
    p->live = STR(WATCH "/song");
    TRY(fill_alarms(cx, p));
    TRY(fill_services(cx, p));
    TRY(fill_map(cx, p));
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
    return web_see_other(cx, rs, WATCH);
}

/* --- for everybody -----------------------------------------------------------------------------
 */
#define FIGURES "/so-lieu/truc"

/* All of them, however many months there are. */
static enum err
figures_sheet(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const struct str heads[] = { STR_INIT("month"), STR_INIT("service"), STR_INIT("calls"),
                                        STR_INIT("failed"), STR_INIT("bytes") };
    struct watch_sum *v = NULL;
    size_t n = 0;
    TRY(watch_open(cx, STR_NULL, 0, SHEET_MAX + 1, &v, &n));
    size_t n_rows = n > SHEET_MAX ? SHEET_MAX : n;
    struct str *cells = ARENA_ARRAY(cx->arena, struct str, n_rows * COUNT_OF(heads) + 1);
    for (size_t i = 0; i < n_rows; i++) {
        struct str *c = &cells[i * COUNT_OF(heads)];
        c[0] = v[i].month;
        c[1] = v[i].service;
        c[2] = gw_id(cx, "", v[i].n);
        c[3] = gw_id(cx, "", v[i].n_faults);
        c[4] = gw_id(cx, "", v[i].bytes);
    }
    const struct web_sheet sheet = { .kind = web_sheet_kind(rq),
                                     .name = STR("truc-tich-hop"),
                                     .heads = heads,
                                     .n_heads = COUNT_OF(heads),
                                     .cells = cells,
                                     .n_rows = n_rows,
                                     .is_cut = n > n_rows };
    return web_sheet(cx, rs, &sheet);
}

enum err
gw_figures(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_gateway_figures *p = ARENA_NEW(cx->arena, struct tpl_gateway_figures);
    struct watch_sum *v = NULL;
    size_t n = 0;
    if (web_sheet_kind(rq).p != NULL) {
        return figures_sheet(cx, rq, rs);
    }
    TRY(watch_open(cx, web_text(rq, "thang"), web_int(rq, "sau"), FIGURES_N + 1, &v, &n));
    size_t n_shown = n > FIGURES_N ? FIGURES_N : n;
    p->rows.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_figures_rows, n + 1);
    p->no_rows = n == 0;
    for (size_t i = 0; i < n_shown; i++) {
        p->rows.v[p->rows.n++] =
            (struct tpl_gateway_figures_rows){ v[i].month, v[i].service, gw_id(cx, "", v[i].n),
                                               gw_id(cx, "", v[i].n_faults),
                                               gw_id(cx, "", v[i].bytes) };
    }
    p->next = n <= FIGURES_N
                  ? STR("")
                  : str_fmt(cx->arena, FIGURES "?thang=" STR_FMT "&sau=%" PRId64,
                            STR_ARG(v[FIGURES_N - 1].month), v[FIGURES_N - 1].service_id);
    web_title(rs, text(cx, "gateway.open_title"));
    return web_page(cx, rs, &tpl_gateway_figures_t, p);
}
