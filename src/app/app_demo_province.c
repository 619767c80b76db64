/* app_demo_province.c: the demo's exchange in its whole size: 234 members and 200 services. What is
 * made here is generated and says so; nothing answers at the services' addresses. */
#include "app/app_demo.h"
#include "base/date.h"
#include "engine/calendar/calendar.h"
#include "engine/exchange/exchange.h"
#include "engine/unit/unit.h"
#include "sys/sys.h"

#define SERVICES_PATH  "packs/demo/exchange-services.csv"
#define SERVICES_BYTES (256U * 1024U)
#define MEMBERS_ALL    234
#define SERVICES_ALL   200
#define WITH_ONE       2  /* services that a member calls */
#define CALLS_OF_ONE   12 /* of a member, over a day */
#define DAY_US         (INT64_C(86400) * DATE_US_PER_S)
#define QUOTA          5000

struct system { /* of a body */
    const struct unit *unit;
    int64_t id;
};
struct province {
    struct system systems[MEMBERS_ALL];
    int64_t services[SERVICES_ALL];
    size_t n_systems, n_services;
    struct exchange_call *calls;
    size_t n_calls;
};

/* --- members ------------------------------------------------------------------------------------
 */
static enum err
body(struct ctx *cx, const struct unit *u, struct province *p)
{
    struct exchange_member m = { .class_code = STR("GOV"),
                                 .code = str_fmt(cx->arena, "H19.X" STR_FMT, STR_ARG(u->code)),
                                 .name = pack_text(cx, u->name),
                                 .name_en = u->name.en,
                                 .unit = u->key };
    struct exchange_subsystem s = { .code = STR("NOI-BO"),
                                    .name = text_fill(cx, "app.demo.exchange.system", "unit",
                                                      m.name, NULL) };
    struct exchange_member have;
    enum err e = exchange_member_by_path(
        cx, str_cat(cx->arena, STR(EXCHANGE_INSTANCE "/GOV/"), m.code), &have);
    if (e != ERR_NOT_FOUND) {
        return e; /* one of those that are made by hand */
    }
    TRY(exchange_demo_member(cx, &m, &s));
    p->systems[p->n_systems++] = (struct system){ u, s.id };
    return ERR_OK;
}

/* --- services -----------------------------------------------------------------------------------
 */
static int64_t
offered_by(const struct province *p, struct str kind)
{
    for (size_t i = 0; i < p->n_systems; i++) {
        if (str_eq(p->systems[i].unit->kind, kind)) {
            return p->systems[i].id;
        }
    }
    return 0;
}

static enum err
services(struct ctx *cx, struct province *p, int64_t n_have)
{
    struct str rest;
    struct str line;
    struct exchange_demo_text t;
    TRY(exchange_demo_describe(cx, &t));
    TRY(sys_file_read(cx, sys_share_path(cx, SERVICES_PATH), SERVICES_BYTES, &rest));
    (void)str_next(&rest, '\n', &line); /* the head */
    while (n_have + (int64_t)p->n_services < SERVICES_ALL && str_next(&rest, '\n', &line)) {
        struct str kind;
        struct exchange_service s = { .data_class = STR("internal"),
                                      .summary = text(cx, "app.demo.exchange.sample") };
        bool is_whole = str_next(&line, ',', &kind) && str_next(&line, ',', &s.code) &&
                        str_next(&line, ',', &s.name);
        s.subsystem_id = is_whole ? offered_by(p, kind) : 0;
        if (s.subsystem_id != 0) {
            TRY(exchange_demo_service(cx, &t, &s));
            p->services[p->n_services++] = s.id;
        }
    }
    return ERR_OK;
}

/* --- who calls whom ------------------------------------------------------------------------------
 */
static void
calls_of(struct ctx *cx, struct demo *demo, struct province *p, const struct exchange_agreement *a)
{
    int64_t now_us = sys_now_us(cx);
    for (size_t i = 0; i < CALLS_OF_ONE / WITH_ONE; i++) {
        int64_t at_us = now_us - (int64_t)app_demo_draw(demo, 86400) * DATE_US_PER_S;
        bool is_bad = app_demo_draw(demo, 60) == 0;
        p->calls[p->n_calls] = (struct exchange_call){
            .at_us = at_us,
            .way = STR("simulated"),
            .consumer_id = a->consumer_id,
            .service_id = a->service_id,
            .agreement_id = a->id,
            .operation = a->operations,
            .status = is_bad ? 504 : 200,
            .fault = is_bad ? STR("wait_time") : STR(""),
            .bytes_in = 200 + app_demo_draw(demo, 200),
            .bytes_out = 400 + app_demo_draw(demo, 3000),
            .took_us = 4000 + app_demo_draw(demo, 90000),
            .request_id = str_fmt(cx->arena, "demo-%zu", p->n_calls),
        };
        p->n_calls++;
    }
}

static enum err
talk(struct ctx *cx, struct demo *demo, struct province *p)
{
    p->calls = ARENA_ARRAY(cx->arena, struct exchange_call, p->n_systems * CALLS_OF_ONE);
    for (size_t i = 0; i < p->n_systems && p->n_services != 0; i++) {
        for (size_t k = 0; k < WITH_ONE; k++) {
            size_t at = (i * WITH_ONE + k) % p->n_services; /* each service is called by somebody */
            struct exchange_agreement a = { .consumer_id = p->systems[i].id,
                                            .service_id = p->services[at],
                                            .purpose = text(cx, "exchange.install.purpose"),
                                            .legal_basis = text(cx, "exchange.install.legal"),
                                            .note = text(cx, "app.demo.exchange.note"),
                                            .quota_day = QUOTA };
            TRY(exchange_demo_grant(cx, &a));
            calls_of(cx, demo, p, &a);
        }
    }
    for (size_t i = 0; i < p->n_calls; i += 1000) { /* as many as are taken at once */
        size_t n = p->n_calls - i < 1000 ? p->n_calls - i : 1000;
        TRY(exchange_calls_add(cx, &p->calls[i], n));
    }
    return ERR_OK;
}

enum err
app_demo_province(struct ctx *cx, struct demo *demo)
{
    static const enum unit_level levels[] = { UNIT_DEPARTMENT, UNIT_SOCIAL_INSURANCE, UNIT_COMMUNE,
                                              UNIT_POLICE, UNIT_DIVISION };
    struct province *p = ARENA_NEW(cx->arena, struct province);
    int64_t n_members = 0;
    int64_t n_services = 0;
    *p = (struct province){ .n_systems = 0 };
    TRY(exchange_catalogue_n(cx, &n_members, &n_services));
    for (size_t l = 0; l < COUNT_OF(levels); l++) {
        const struct unit *const *units = NULL;
        size_t n = unit_list(cx, levels[l], calendar_today(cx), &units);
        for (size_t i = 0; i < n && n_members + (int64_t)p->n_systems < MEMBERS_ALL; i++) {
            TRY(body(cx, units[i], p));
        }
    }
    TRY(services(cx, p, n_services));
    TRY(talk(cx, demo, p));
    return exchange_demo_end(
        cx, str_fmt(cx->arena, "%zu members, %zu services", p->n_systems, p->n_services));
}
