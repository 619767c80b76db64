/* operator_health.c: how this process is doing: checks as sentences, an hour as charts, figures. */
#include "base/buf.h"
#include "engine/health/health.h"
#include "net/server.h"
#include "office/operator/operator_int.h"
#include "store/store.h"
#include "sys/service.h"
#include "sys/sys.h"

#define SVG_MAX     (64U * 1024U)
#define CHART_W     360
#define CHART_H     72
#define CHARTS      6
#define FIGURES_MAX 20
#define MIB         (INT64_C(1) << 20)

/* --- charts ------------------------------------------------------------------------------------
 */
typedef int64_t figure_fn(const struct health_sample *s);

static int64_t
of_requests(const struct health_sample *s)
{
    return s->n_requests / HEALTH_SAMPLE_S;
}
static int64_t
of_latency(const struct health_sample *s)
{
    return (s->p95_us + 500) / 1000;
}
static int64_t
of_queued(const struct health_sample *s)
{
    return s->n_queued;
}
static int64_t
of_refused(const struct health_sample *s)
{
    return s->n_refused + s->n_failed;
}
static int64_t
of_outbox(const struct health_sample *s)
{
    return s->n_outbox;
}
static int64_t
of_memory(const struct health_sample *s)
{
    return s->memory_bytes / MIB;
}

static const struct chart {
    const char *title, *unit;
    figure_fn *figure;
} charts[CHARTS] = {
    { "operator.chart.requests", "operator.unit.per_s", of_requests },
    { "operator.chart.latency", "operator.unit.ms", of_latency },
    { "operator.chart.queued", "operator.unit.none", of_queued },
    { "operator.chart.refused", "operator.unit.none", of_refused },
    { "operator.chart.outbox", "operator.unit.none", of_outbox },
    { "operator.chart.memory", "operator.unit.mib", of_memory },
};

/* Title and unit are texts of ours; the picture holds numbers only, its name is the heading's. */
static struct str
draw(struct ctx *cx, const struct health_sample *v, size_t n, figure_fn *figure, int64_t max,
     struct str id)
{
    struct buf b = buf_new(cx->arena, SVG_MAX);
    buf_addf(&b,
             "<svg class=\"chart\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
             "aria-labelledby=\"" STR_FMT "\"><polyline fill=\"none\" stroke=\"currentColor\" "
             "stroke-width=\"2\" vector-effect=\"non-scaling-stroke\" points=\"",
             CHART_W, CHART_H, STR_ARG(id));
    for (size_t i = 0; i < n; i++) {
        int64_t x = CHART_W - (int64_t)(n - 1 - i) * CHART_W / HEALTH_SAMPLES_MAX;
        int64_t at = figure(&v[i]);
        int64_t y = CHART_H - 2 - (at < 0 ? 0 : at) * (CHART_H - 4) / (max < 1 ? 1 : max);
        buf_addf(&b, "%s%" PRId64 ",%" PRId64, i == 0 ? "" : " ", x, y);
    }
    BUF_LIT(&b, "\"/></svg>");
    return buf_str(&b);
}

static struct str
with_unit(struct ctx *cx, int64_t n, const char *unit)
{
    return text_fill(cx, unit, "n", text_number(cx, n), NULL);
}

static void
add_charts(struct ctx *cx, struct tpl_operator_health *p)
{
    struct health_sample *v = NULL;
    size_t n = health_samples(cx, cx->health, &v);
    p->is_new = n < 2;
    p->charts.v = ARENA_ARRAY(cx->arena, struct tpl_operator_health_charts, CHARTS);
    for (size_t i = 0; n != 0 && i < CHARTS; i++) {
        int64_t max = 0;
        for (size_t k = 0; k < n; k++) {
            int64_t at = charts[i].figure(&v[k]);
            max = at > max ? at : max;
        }
        struct tpl_operator_health_charts *c = &p->charts.v[p->charts.n++];
        c->id = str_fmt(cx->arena, "bieu-do-%zu", i + 1);
        c->title = text_find(cx, str_of(charts[i].title));
        c->now = with_unit(cx, charts[i].figure(&v[n - 1]), charts[i].unit);
        c->most = with_unit(cx, max, charts[i].unit);
        c->picture = draw(cx, v, n, charts[i].figure, max, c->id);
    }
}

/* --- checks ------------------------------------------------------------------------------------
 */
static void
add_check(struct ctx *cx, struct tpl_operator_health *p, const struct health_check *c)
{
    static const char *const kinds[] = {
        [HEALTH_OK] = "ontime", [HEALTH_WARN] = "due", [HEALTH_BAD] = "late"
    };
    struct tpl_operator_health_checks *to = &p->checks.v[p->checks.n++];
    const char *suffix = c->value == -2 ? ".elsewhere" : c->value < 0 ? ".none" : "";
    struct str key = str_fmt(cx->arena, "operator.check.%s%s", c->name, suffix);
    to->kind = str_of(kinds[c->level]);
    to->name = str_of(c->name);
    to->text = text_fill(cx, str_z(cx->arena, key), "n", text_number(cx, c->value), NULL);
    to->todo = c->level == HEALTH_OK
                   ? STR("")
                   : text_find(cx, str_fmt(cx->arena, "operator.check.%s.do", c->name));
}

/* --- figures -----------------------------------------------------------------------------------
 */
static void
add_figure(struct ctx *cx, struct tpl_operator_health *p, const char *key, int64_t n,
           const char *unit)
{
    if (p->figures.n < FIGURES_MAX) {
        p->figures.v[p->figures.n++] =
            (struct tpl_operator_health_figures){ .name = text_find(cx, str_of(key)),
                                                  .value = with_unit(cx, n, unit) };
    }
}

static void
add_figures(struct ctx *cx, struct tpl_operator_health *p)
{
    struct store_stats store;
    struct server_stats server = { 0 };
    struct sys_process process;
    store_stats(cx->store, &store);
    sys_process_read(&process);
    if (cx->server != NULL) {
        server_stats(cx->server, &server);
    }
    p->figures.v = ARENA_ARRAY(cx->arena, struct tpl_operator_health_figures, FIGURES_MAX);
    add_figure(cx, p, "operator.figure.requests", (int64_t)server.n_requests, "operator.unit.none");
    add_figure(cx, p, "operator.figure.open", (int64_t)server.n_open, "operator.unit.none");
    add_figure(cx, p, "operator.figure.p95", hist_quantile_us(&server.work_us, 950) / 1000,
               "operator.unit.ms");
    add_figure(cx, p, "operator.figure.p99", hist_quantile_us(&server.work_us, 990) / 1000,
               "operator.unit.ms");
    add_figure(cx, p, "operator.figure.commits", (int64_t)store.n_commits, "operator.unit.none");
    add_figure(cx, p, "operator.figure.commit_p99", hist_quantile_us(&store.commit_us, 990) / 1000,
               "operator.unit.ms");
    add_figure(cx, p, "operator.figure.closure_max", (int64_t)store.closure_us_max / 1000,
               "operator.unit.ms");
    add_figure(cx, p, "operator.figure.database", store.size_bytes / MIB, "operator.unit.mib");
    add_figure(cx, p, "operator.figure.threads", process.n_threads, "operator.unit.none");
    add_figure(cx, p, "operator.figure.files", process.n_files, "operator.unit.none");
}

enum err
op_health(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_health *p = ARENA_NEW(cx->arena, struct tpl_operator_health);
    struct health_check checks[HEALTH_COUNT];
    (void)rq;
    TRY(health_look(cx, cx->health));
    health_checks(cx->health, checks);
    p->title = text(cx, "operator.health");
    p->is_ready = str_eq(str_of(health_ready(cx->health)), STR("ready"));
    p->checks.v = ARENA_ARRAY(cx->arena, struct tpl_operator_health_checks, HEALTH_COUNT);
    for (size_t i = 0; i < HEALTH_COUNT; i++) {
        add_check(cx, p, &checks[i]);
    }
    add_charts(cx, p);
    add_figures(cx, p);
    web_title(rs, p->title);
    web_crumb(cx, rs, STR("/quan-tri"), text(cx, "operator.home"));
    web_crumb(cx, rs, STR_NULL, p->title);
    return web_page(cx, rs, &tpl_operator_health_t, p);
}
