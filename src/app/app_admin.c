/* app_admin.c: a small server of its own for monitoring: /metrics, /healthz, /readyz. It has a loop
 * and a worker to itself, so that it answers while the main one is busy, and an address of its own,
 * because behind a proxy every caller has the proxy's address and a list of allowed ones would
 * allow everybody. */
#include "app/app_int.h"
#include "engine/health/health.h"
#include "net/server.h"

#define CONNECTIONS_MAX 32
#define BODY_MAX        1024
#define DEADLINE_MS     10000

static void
plain(struct http_response *rs, int status, struct str text)
{
    *rs = (struct http_response){ .status = status,
                                  .content_type = STR("text/plain; charset=utf-8"),
                                  .body = text };
    http_response_header(rs, STR("Cache-Control"), STR("no-store"));
}

bool
app_probe(void *health, const struct http_request *rq, struct http_response *rs)
{
    bool is_get = rq->method == HTTP_GET || rq->method == HTTP_HEAD;
    if (is_get && str_eq(rq->path, STR("/healthz"))) {
        plain(rs, 200, STR("ok\n"));
        return true;
    }
    if (is_get && str_eq(rq->path, STR("/readyz"))) {
        struct str why = str_of(health_ready(health));
        bool is_ready = str_eq(why, STR("ready"));
        plain(rs, is_ready ? 200 : 503, str_cat(rq->arena, why, STR("\n")));
        if (!is_ready) {
            http_response_header(rs, STR("Retry-After"), STR("5"));
        }
        return true;
    }
    return false;
}

static void
metrics(struct ctx *cx, struct http_response *rs)
{
    struct str text;
    if (health_metrics(cx, cx->health, &text) != ERR_OK) {
        plain(rs, 503, STR("no figures\n"));
        return;
    }
    plain(rs, 200, text);
    rs->content_type = STR("text/plain; version=0.0.4; charset=utf-8");
}

static void
on_work(void *arg UNUSED, struct ctx *cx, struct http_request *rq, struct http_response *rs)
{
    if (rq->method == HTTP_GET && str_eq(rq->path, STR("/metrics"))) {
        metrics(cx, rs);
    } else {
        plain(rs, 404, STR("/metrics /healthz /readyz\n"));
    }
}

enum err
app_admin_start(struct app *app)
{
    struct str at = app->cx.config->admin;
    struct server_config sc = { .n_loops = 1,
                                .n_workers = 1,
                                .connections_max = CONNECTIONS_MAX,
                                .body_max_bytes = BODY_MAX,
                                .request_deadline_ms = DEADLINE_MS,
                                .arg = app->health,
                                .on_loop = app_probe,
                                .on_work = on_work };
    size_t colon = at.n;
    int64_t port = 0;
    if (at.n == 0) {
        return ERR_OK;
    }
    while (colon > 0 && at.p[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0 || !str_to_i64(str_slice(at, colon, at.n), 0, 65535, &port)) {
        return err_set(&app->cx, ERR_INVALID, "--admin wants address:port, like 127.0.0.1:9108");
    }
    sc.address = str_slice(at, 0, colon - 1);
    if (str_starts(sc.address, STR("["))) {
        sc.address = str_slice(sc.address, 1, sc.address.n - 1);
    }
    sc.port = (int32_t)port;
    sc.spool_dir = str_cat(app->arena, app->cx.config->data_dir, STR("/spool/admin"));
    TRY(sys_mkdirs(&app->cx, sc.spool_dir));
    return server_start(&app->cx, &sc, &app->admin);
}
