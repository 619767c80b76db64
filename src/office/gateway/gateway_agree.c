/* gateway_agree.c: agreements and what is decided on them; traffic; national connections. */
#include "engine/access/access.h"
#include "office/gateway/gateway_int.h"

static const char *
kind_of(struct str state)
{
    return str_eq(state, STR("granted"))     ? "ontime"
           : str_eq(state, STR("asked"))     ? "due"
           : str_eq(state, STR("suspended")) ? "late"
                                             : "paused";
}

/* May the actor read this agreement: its consumer, its owner, or an operator? */
static enum err
sides(struct ctx *cx, const struct exchange_agreement *a, bool *ret_consumer, bool *ret_owner)
{
    struct exchange_subsystem consumer;
    struct exchange_subsystem owner;
    struct exchange_service s;
    TRY(exchange_subsystem_get(cx, a->consumer_id, &consumer));
    TRY(exchange_service_get(cx, a->service_id, &s));
    TRY(exchange_subsystem_get(cx, s.subsystem_id, &owner));
    *ret_consumer = exchange_may_act_for(cx, &consumer);
    *ret_owner = exchange_may_act_for(cx, &owner);
    return ERR_OK;
}

/* Of one's own systems, of one of them, or (for operators) all. */
static enum err
agreements_seen(struct ctx *cx, const struct web_req *rq, struct exchange_agreement **ret,
                size_t *ret_n)
{
    struct exchange_subsystem one;
    struct exchange_subsystem *own = &one;
    size_t n_own = 1;
    struct str state = web_text(rq, "tinh-trang");
    int64_t before = web_int(rq, "sau");
    if (web_int(rq, "he-thong") != 0) {
        TRY(exchange_subsystem_get(cx, web_int(rq, "he-thong"), &one));
        if (!exchange_may_act_for(cx, &one)) {
            return err_set(cx, ERR_FORBIDDEN, "another member's system");
        }
    } else if (access_may(cx, "exchange.manage")) {
        return exchange_agreements(cx, 0, 0, state, before, ret, ret_n);
    } else {
        TRY(exchange_subsystems(cx, 0, &own, &n_own));
    }
    return exchange_agreements_of(cx, own, n_own, state, before, ret, ret_n);
}

enum err
gw_agreements(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "gateway.consumer", "gateway.service", "gateway.state",
                                         "gateway.valid_to", "gateway.purpose", NULL };
    struct exchange_agreement *v = NULL;
    size_t n = 0;
    TRY(agreements_seen(cx, rq, &v, &n));
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.agreements"));
    struct str own = web_int(rq, "he-thong") == 0
                         ? STR("")
                         : str_fmt(cx->arena, "he-thong=%" PRId64 "&", web_int(rq, "he-thong"));
    struct str base = str_cat(cx->arena, STR("/truc/thoa-thuan?"), own);
    gw_link(p, str_cat(cx->arena, base, STR("tinh-trang=asked")), text(cx, "gateway.only_asked"));
    gw_link(p, str_cat(cx->arena, base, STR("tinh-trang=suspended")),
            text(cx, "gateway.only_suspended"));
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.agreements", heads, gw_shown(n));
    for (size_t i = 0; i < gw_shown(n); i++) {
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, kind_of(v[i].state));
        gw_cell(r, v[i].consumer_name, gw_id(cx, "/truc/thoa-thuan/", v[i].id));
        gw_cell(r, v[i].service_name, gw_id(cx, "/truc/dich-vu/", v[i].service_id));
        gw_cell(r, gw_word(cx, "state", v[i].state), STR_NULL);
        gw_cell(r, v[i].valid_to, STR_NULL);
        gw_cell(r, v[i].purpose, STR_NULL);
    }
    if (n > GW_SHOWN) {
        struct str state = web_text(rq, "tinh-trang");
        p->next = str_fmt(cx->arena, STR_FMT "%s" STR_FMT "%ssau=%" PRId64, STR_ARG(base),
                          str_is_empty(state) ? "" : "tinh-trang=", STR_ARG(state),
                          str_is_empty(state) ? "" : "&", v[GW_SHOWN - 1].id);
    }
    return gw_show(cx, rs, p);
}

static struct str
count_of(struct ctx *cx, int64_t n)
{
    return n == 0 ? STR("") : text_number(cx, n);
}

/* A term that was left open says what that means. */
static struct str
or_none(struct ctx *cx, struct str value, const char *key)
{
    return str_is_empty(value) ? text_find(cx, str_of(key)) : value;
}

static struct str
bodies_word(struct ctx *cx, struct str bodies)
{
    return gw_word(cx, "bodies_kept", str_is_empty(bodies) ? STR("class") : bodies);
}

static void
limits_table(struct ctx *cx, struct tpl_gateway_page *p, const struct exchange_agreement *a)
{
    static const char *const heads[] = { "gateway.field", "gateway.value", NULL };
    const struct {
        const char *key;
        struct str value;
    } rows[] = {
        { "gateway.consumer", a->consumer },
        { "gateway.service", a->service },
        { "gateway.operations", a->operations },
        { "gateway.purpose", a->purpose },
        { "gateway.legal_basis", a->legal_basis },
        { "gateway.per_second", or_none(cx, count_of(cx, a->rate_s), "gateway.unlimited") },
        { "gateway.per_day", or_none(cx, count_of(cx, a->quota_day), "gateway.unlimited") },
        { "gateway.hours", or_none(cx, a->hours, "gateway.always") },
        { "gateway.bodies", bodies_word(cx, a->bodies) },
        { "gateway.removed", or_none(cx, a->removed, "gateway.nothing") },
        { "gateway.valid_from", or_none(cx, a->valid_from, "gateway.no_day") },
        { "gateway.valid_to", or_none(cx, a->valid_to, "gateway.no_day") },
        { "gateway.asked_at", text_instant(cx, a->asked_us) },
        { "gateway.note", or_none(cx, a->note, "gateway.nothing") },
    };
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.agreement", heads, COUNT_OF(rows));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, "ontime");
        gw_cell(r, text_find(cx, str_of(rows[i].key)), STR_NULL);
        gw_cell(r, rows[i].value, STR_NULL);
    }
}

static bool
has_option(const struct tpl_gateway_page_forms_fields *boxes, struct str value)
{
    for (size_t i = 0; i < boxes->options.n; i++) {
        if (str_eq(boxes->options.v[i].value, value)) {
            return true;
        }
    }
    return false;
}

static struct str
field_label(struct ctx *cx, struct str path, struct str text)
{
    return str_is_empty(text)
               ? path
               : str_fmt(cx->arena, STR_FMT " (" STR_FMT ")", STR_ARG(text), STR_ARG(path));
}

void
gw_field_boxes(struct ctx *cx, struct tpl_gateway_page_forms_fields *boxes,
               const struct exchange_operation *ops, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < ops[i].n_outputs; k++) {
            const struct exchange_field *out = &ops[i].outputs[k];
            struct str path = exchange_removed_of(cx->arena, out->path);
            if (has_option(boxes, path)) {
                continue;
            }
            gw_option(boxes, path, field_label(cx, path, out->text));
        }
    }
}

static struct str
text_of(const struct exchange_operation *ops, size_t n, struct arena *arena, struct str path)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < ops[i].n_outputs; k++) {
            if (str_eq(exchange_removed_of(arena, ops[i].outputs[k].path), path)) {
                return ops[i].outputs[k].text;
            }
        }
    }
    return STR_NULL;
}

/* What is taken out now stands first, also whole objects, which are no field of their own: who
 * decides again shall not let one of them out by not seeing it. */
static void
removed_now(struct ctx *cx, struct tpl_gateway_page_forms_fields *boxes,
            const struct exchange_operation *ops, size_t n, struct str removed)
{
    struct str one;
    while (str_next(&removed, ' ', &one)) {
        if (!str_is_empty(one)) {
            gw_option(boxes, one, field_label(cx, one, text_of(ops, n, cx->arena, one)));
        }
    }
}

/* Every answer field of the granted operations may be taken out. */
static enum err
removed_boxes(struct ctx *cx, struct tpl_gateway_page_forms *f, const struct exchange_service *s,
              const struct exchange_agreement *a)
{
    struct exchange_operation *ops = NULL;
    size_t n = 0;
    TRY(exchange_operations(cx, s->version_id, &ops, &n));
    struct tpl_gateway_page_forms_fields *boxes =
        gw_field(cx, f, GW_BOXES, "removed", "gateway.removed", a->removed);
    removed_now(cx, boxes, ops, n, a->removed);
    gw_field_boxes(cx, boxes, ops, n);
    struct tpl_gateway_page_forms_fields *codes =
        gw_field(cx, f, GW_BOXES, "operations", "gateway.operations", a->operations);
    for (size_t i = 0; i < n; i++) {
        gw_option(codes, ops[i].code, str_is_empty(ops[i].summary) ? ops[i].code : ops[i].summary);
    }
    return ERR_OK;
}

static enum err
decide_form(struct ctx *cx, struct tpl_gateway_page *p, const struct exchange_agreement *a)
{
    static const char *const states[] = { "granted", "refused", "suspended", "ended" };
    struct exchange_service s;
    TRY(exchange_service_get(cx, a->service_id, &s));
    struct tpl_gateway_page_forms *f =
        gw_form(cx, p, gw_id(cx, "/truc/thoa-thuan/", a->id), "gateway.decide");
    struct tpl_gateway_page_forms_fields *state =
        gw_field(cx, f, GW_SELECT, "state", "gateway.decision", STR("granted"));
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        gw_option(state, str_of(states[i]), gw_word(cx, "state", str_of(states[i])));
    }
    TRY(removed_boxes(cx, f, &s, a));
    (void)gw_field(cx, f, GW_TEXT, "rate_s", "gateway.rate_s", gw_id(cx, "", a->rate_s));
    (void)gw_field(cx, f, GW_TEXT, "quota_day", "gateway.quota_day", gw_id(cx, "", a->quota_day));
    (void)gw_field(cx, f, GW_TEXT, "hours", "gateway.hours", a->hours);
    struct tpl_gateway_page_forms_fields *bodies =
        gw_field(cx, f, GW_SELECT, "bodies", "gateway.bodies", a->bodies);
    gw_option(bodies, STR(""), bodies_word(cx, STR("")));
    gw_option(bodies, STR("all"), bodies_word(cx, STR("all")));
    gw_option(bodies, STR("hash"), bodies_word(cx, STR("hash")));
    (void)gw_field(cx, f, GW_TEXT, "valid_from", "gateway.valid_from", a->valid_from);
    (void)gw_field(cx, f, GW_TEXT, "valid_to", "gateway.valid_to", a->valid_to);
    (void)gw_field(cx, f, GW_TEXT, "note", "gateway.note", STR_NULL);
    f->hidden = STR("version"); /* who decides on what somebody changed meanwhile is told */
    f->version = gw_id(cx, "", a->version);
    return ERR_OK;
}

enum err
gw_agreement(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_agreement a;
    bool is_consumer = false;
    bool is_owner = false;
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(exchange_agreement_get(cx, id, &a));
    TRY(sides(cx, &a, &is_consumer, &is_owner));
    if (!is_consumer && !is_owner) {
        return err_set(cx, ERR_FORBIDDEN, "an agreement of others");
    }
    struct tpl_gateway_page *p =
        gw_page(cx, str_fmt(cx->arena, STR_FMT " → " STR_FMT, STR_ARG(a.consumer_name),
                            STR_ARG(a.service_name)));
    gw_say(p, kind_of(a.state), gw_word(cx, "state_long", a.state));
    if (!str_is_empty(a.held)) {
        gw_say(p, "due", text_fill(cx, "gateway.held", "fields", a.held, NULL));
    }
    limits_table(cx, p, &a);
    bool is_over = str_eq(a.state, STR("refused")) || str_eq(a.state, STR("ended"));
    if (is_owner && !is_over) {
        TRY(decide_form(cx, p, &a));
    }
    return gw_show(cx, rs, p);
}

enum err
gw_decide_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_agreement a;
    bool is_consumer = false;
    bool is_owner = false;
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(exchange_agreement_get(cx, id, &a));
    TRY(sides(cx, &a, &is_consumer, &is_owner));
    if (!is_owner) {
        return err_set(cx, ERR_FORBIDDEN, "only the owner decides");
    }
    a.version = web_int(rq, "version");
    a.state = web_text(rq, "state");
    a.operations = gw_codes(cx, rq, "operations");
    a.removed = gw_codes(cx, rq, "removed");
    a.rate_s = web_int(rq, "rate_s");
    a.quota_day = web_int(rq, "quota_day");
    a.hours = web_text(rq, "hours");
    a.bodies = web_text(rq, "bodies");
    a.valid_from = web_text(rq, "valid_from");
    a.valid_to = web_text(rq, "valid_to");
    a.note = web_text(rq, "note");
    TRY(exchange_agreement_decide(cx, &a));
    web_flash(cx, rs, "gateway.decided");
    return web_see_other(cx, rs, "/truc/thoa-thuan/%" PRId64, id);
}

/* --- traffic ---------------------------------------------------------------------------------- */
static void
calls_table(struct ctx *cx, struct tpl_gateway_page *p, const struct exchange_call *v, size_t n)
{
    static const char *const heads[] = { "gateway.at",        "gateway.consumer", "gateway.service",
                                         "gateway.operation", "gateway.status",   "gateway.fault",
                                         "gateway.took",      "gateway.request",  NULL };
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.calls", heads, n);
    for (size_t i = 0; i < n; i++) {
        bool is_bad = !str_is_empty(v[i].fault);
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, is_bad ? "late" : "ontime");
        gw_cell(r, text_moment(cx, v[i].at_us), STR_NULL);
        gw_cell(r, v[i].consumer, STR_NULL);
        gw_cell(r, v[i].service, STR_NULL);
        gw_cell(r, v[i].operation, STR_NULL);
        gw_cell(r, text_number(cx, v[i].status), STR_NULL);
        gw_cell(r, is_bad ? gw_word(cx, "fault", v[i].fault) : STR(""), STR_NULL);
        gw_cell(r, str_fmt(cx->arena, "%" PRId64 " ms", v[i].took_us / 1000), STR_NULL);
        gw_cell(r, v[i].request_id, STR_NULL);
    }
}

/* Whose calls: those of an own system, those to an own service, or (for operators) all. */
struct seen {
    int64_t system, service;
    struct str title, query;
};

static enum err
calls_seen(struct ctx *cx, const struct web_req *rq, struct seen *ret)
{
    struct exchange_subsystem s;
    struct exchange_service service;
    *ret = (struct seen){ .system = web_int(rq, "he-thong"),
                          .service = web_int(rq, "dich-vu"),
                          .title = text(cx, "gateway.calls"),
                          .query = STR("") };
    if (ret->system != 0) {
        TRY(exchange_subsystem_get(cx, ret->system, &s));
        if (!exchange_may_act_for(cx, &s)) {
            return err_set(cx, ERR_FORBIDDEN, "another member's system");
        }
        ret->service = 0;
        ret->title = s.name;
        ret->query = str_fmt(cx->arena, "he-thong=%" PRId64 "&", ret->system);
    } else if (ret->service != 0) {
        TRY(exchange_service_get(cx, ret->service, &service));
        TRY(exchange_subsystem_get(cx, service.subsystem_id, &s));
        if (!exchange_may_act_for(cx, &s)) {
            return err_set(cx, ERR_NOT_FOUND, "another member's service");
        }
        ret->title = text_fill(cx, "gateway.calls_to", "name", service.name, NULL);
        ret->query = str_fmt(cx->arena, "dich-vu=%" PRId64 "&", ret->service);
    }
    return ERR_OK;
}

enum err
gw_calls(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct seen seen;
    struct exchange_call *v = NULL;
    size_t n = 0;
    TRY(calls_seen(cx, rq, &seen));
    bool is_all = seen.system == 0 && seen.service == 0;
    if (is_all && !access_may(cx, "exchange.manage")) {
        return web_see_other(cx, rs, "/truc/cua-toi");
    }
    TRY(exchange_calls(cx, seen.system, seen.service, web_bool(rq, "loi"), web_int(rq, "truoc"), &v,
                       &n));
    struct tpl_gateway_page *p = gw_page(cx, seen.title);
    struct str faults = web_bool(rq, "loi") ? STR("loi=1&") : STR("");
    gw_link(p, str_fmt(cx->arena, "/truc/nhat-ky?" STR_FMT "loi=1", STR_ARG(seen.query)),
            text(cx, "gateway.only_faults"));
    if (is_all) {
        gw_link(p, STR("/truc/giam-sat/cap?gio=24"), text(cx, "gateway.today"));
    }
    calls_table(cx, p, v, gw_shown(n));
    if (n > GW_SHOWN) {
        p->next = str_fmt(cx->arena, "/truc/nhat-ky?" STR_FMT STR_FMT "truoc=%" PRId64,
                          STR_ARG(seen.query), STR_ARG(faults), v[GW_SHOWN - 1].id);
    }
    return gw_show(cx, rs, p);
}
