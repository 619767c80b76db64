/* app_demo_exchange.c: the exchange of the demo as it would look on a working day: communes with
 * systems of their own, agreements in each state, a day of calls. All of it is generated and says
 * so. */
#include "app/app_demo.h"
#include "base/date.h"
#include "engine/calendar/calendar.h"
#include "engine/exchange/exchange.h"
#include "engine/unit/unit.h"
#include "sys/sys.h"

#define SYSTEMS        6
#define CALLS_OF_ONE   80 /* of one system with one service, over a day */
#define DAY_US         (INT64_C(86400) * DATE_US_PER_S)
#define ASKED_SERVICES 4

struct talker {
    struct exchange_subsystem system;
    struct exchange_agreement with[ASKED_SERVICES];
    size_t n;
};

static const char *const wanted[ASKED_SERVICES] = { "dan-cu", "thue", "danh-muc", "buu-chinh" };

/* The service of a connector and one of its operations. ERR_NOT_FOUND: the pack has none. */
static enum err
find_service(struct ctx *cx, const char *connector, struct exchange_service *ret,
             struct str *ret_operation)
{
    struct exchange_connector_info *v = NULL;
    struct exchange_operation *operations = NULL;
    size_t n_operations = 0;
    size_t n = exchange_connectors(cx, &v);
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(v[i].id, str_of(connector))) {
            continue;
        }
        TRY(exchange_service_by_path(cx, v[i].service, ret));
        TRY(exchange_operations(cx, ret->version_id, &operations, &n_operations));
        *ret_operation = n_operations == 0 ? STR("") : operations[0].code;
        return ERR_OK;
    }
    return err_set(cx, ERR_NOT_FOUND, "connector %s", connector);
}

/* Most are granted; one still waits, one is suspended. */
static enum err
agree(struct ctx *cx, struct talker *t, const char *connector, const char *state)
{
    struct exchange_service service;
    struct exchange_agreement *a = &t->with[t->n];
    struct str operation;
    enum err e = find_service(cx, connector, &service, &operation);
    if (e != ERR_OK) {
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    *a = (struct exchange_agreement){ .consumer_id = t->system.id,
                                      .service_id = service.id,
                                      .operations = operation,
                                      .purpose = text(cx, "exchange.install.purpose"),
                                      .legal_basis = text(cx, "exchange.install.legal") };
    TRY(exchange_ask_access(cx, a));
    t->n++;
    if (strcmp(state, "asked") == 0) {
        return ERR_OK;
    }
    a->state = STR("granted");
    a->note = text(cx, "app.demo.exchange.note");
    a->quota_day = 5000;
    TRY(exchange_agreement_decide(cx, a));
    if (strcmp(state, "suspended") != 0) {
        return ERR_OK;
    }
    TRY(exchange_agreement_get(cx, a->id, a));
    a->state = STR("suspended");
    a->note = text(cx, "app.demo.exchange.review");
    return exchange_agreement_decide(cx, a);
}

static enum err
talker_new(struct ctx *cx, const struct unit *u, size_t i, struct talker *ret)
{
    struct str name = pack_text(cx, u->name);
    struct exchange_member m = { .class_code = STR("GOV"),
                                 .code = str_fmt(cx->arena, "H19.X" STR_FMT, STR_ARG(u->code)),
                                 .name = name,
                                 .name_en = u->name.en,
                                 .unit = u->key };
    TRY(exchange_member_add(cx, &m));
    ret->system = (struct exchange_subsystem){
        .member_id = m.id,
        .code = STR("NOI-BO"),
        .name = text_fill(cx, "app.demo.exchange.system", "unit", name, NULL),
    };
    TRY(exchange_subsystem_add(cx, &ret->system));
    for (size_t k = 0; k < ASKED_SERVICES; k++) {
        bool is_last = k + 1 == ASKED_SERVICES;
        TRY(agree(cx, ret, wanted[k],
                  is_last && i == 0   ? "asked"
                  : is_last && i == 1 ? "suspended"
                                      : "granted"));
    }
    return ERR_OK;
}

/* One call at a time of the day; a few go wrong, each in its own way. */
static struct exchange_call
call(struct ctx *cx, struct demo *demo, const struct talker *t, int64_t at_us)
{
    static const struct {
        int status;
        const char *fault;
    } ends[] = { { 404, "" }, { 502, "connect" }, { 504, "wait_time" }, { 429, "rate" } };
    const struct exchange_agreement *a = &t->with[app_demo_draw(demo, (uint32_t)t->n)];
    uint32_t luck = app_demo_draw(demo, 100);
    bool is_granted = str_eq(a->state, STR("granted"));
    struct exchange_call c = { .at_us = at_us,
                               .way = STR("simulated"),
                               .consumer_id = a->consumer_id,
                               .service_id = a->service_id,
                               .agreement_id = is_granted ? a->id : 0,
                               .operation = a->operations,
                               .status = 200,
                               .fault = STR(""),
                               .bytes_in = 200 + app_demo_draw(demo, 200),
                               .bytes_out = 400 + app_demo_draw(demo, 3000),
                               .took_us = 4000 + app_demo_draw(demo, 90000),
                               .request_id = str_fmt(cx->arena, "demo-%" PRId64, at_us) };
    if (!is_granted) {
        c.status = 403;
        c.fault = STR("no_grant");
    } else if (luck < COUNT_OF(ends)) {
        c.status = ends[luck].status;
        c.fault = str_of(ends[luck].fault);
        c.took_us = luck == 2 ? 10 * DATE_US_PER_S : c.took_us;
    }
    return c;
}

static enum err
day_of_calls(struct ctx *cx, struct demo *demo, const struct talker *v, size_t n)
{
    struct exchange_call *calls = ARENA_ARRAY(cx->arena, struct exchange_call, n * CALLS_OF_ONE);
    int64_t end_us = sys_now_us(cx);
    size_t n_calls = n * CALLS_OF_ONE;
    for (size_t i = 0; i < n_calls; i++) {
        int64_t at_us = end_us - DAY_US + (int64_t)i * (DAY_US / (int64_t)n_calls);
        calls[i] = call(cx, demo, &v[app_demo_draw(demo, (uint32_t)n)], at_us);
    }
    return exchange_calls_add(cx, calls, n_calls);
}

enum err
app_demo_exchange(struct ctx *cx, struct demo *demo)
{
    const struct unit *const *units = NULL;
    size_t n_units = unit_list(cx, UNIT_COMMUNE, calendar_today(cx), &units);
    struct talker *v = ARENA_ARRAY(cx->arena, struct talker, SYSTEMS);
    size_t n = 0;
    for (size_t i = 0; i <= n_units && n < SYSTEMS; i++) {
        const struct unit *u = i == 0 ? demo->unit : units[i - 1]; /* the shown commune first */
        if (u->level == UNIT_COMMUNE && (i == 0 || u != demo->unit)) {
            TRY(talker_new(cx, u, n, &v[n]));
            n += v[n].n > 0 ? 1 : 0;
        }
    }
    if (n >= 2) {
        TRY(app_demo_boxes(cx, v[1].system.id, v[0].system.id));
    }
    return n == 0 ? ERR_OK : day_of_calls(cx, demo, v, n);
}
