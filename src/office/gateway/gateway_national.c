/* gateway_national.c: connections to national services: what was asked, the labelled simulators,
 * and how statuses travel to the national portal. */
#include "engine/dossier/dossier.h"
#include "office/gateway/gateway_int.h"
#include "sys/sys.h"

/* --- national connections --------------------------------------------------------------------- */
/* "Nền tảng điều phối dữ liệu quốc gia (NDOP), …" as "NDOP, …": what stands in brackets, where
 * something does. */
static struct str
short_names(struct ctx *cx, struct str names)
{
    struct buf b = buf_new(cx->arena, names.n + 1);
    struct str before;
    struct str name;
    struct str rest = names;
    while (str_cut(rest, '(', &before, &rest) && str_cut(rest, ')', &name, &rest)) {
        buf_add(&b, b.n == 0 ? STR("") : STR(", "));
        buf_add(&b, name);
    }
    return b.n == 0 ? names : buf_str(&b);
}

static void
connectors_table(struct ctx *cx, struct tpl_gateway_page *p)
{
    static const char *const heads[] = { "gateway.name", "gateway.owner", "gateway.uplinks",
                                         "gateway.sim_mode", NULL };
    struct exchange_connector_info *v = NULL;
    size_t n = exchange_connectors(cx, &v);
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.national", heads, n);
    for (size_t i = 0; i < n; i++) {
        bool is_sim = v[i].mode.p != NULL;
        bool is_normal = !is_sim || str_eq(v[i].mode, STR("normal"));
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, is_normal ? "ontime" : "late");
        gw_cell(r, v[i].name,
                is_sim ? str_cat(cx->arena, STR("/truc/mo-phong/"), v[i].id) : STR_NULL);
        gw_cell(r, v[i].owner, STR_NULL);
        gw_cell(r, short_names(cx, v[i].uplinks), STR_NULL);
        gw_cell(r, is_sim ? gw_word(cx, "mode", v[i].mode) : STR(""), STR_NULL);
    }
}

/* The dossier, or the draft before there was one. */
static struct str
about(struct ctx *cx, const struct exchange_asked *a)
{
    struct dossier d;
    if (a->dossier != 0 && dossier_get(cx, a->dossier, &d) == ERR_OK) {
        return d.number;
    }
    return a->dossier != 0 ? gw_id(cx, "", a->dossier)
           : a->draft != 0 ? text_fill(cx, "gateway.draft", "id", gw_id(cx, "", a->draft), NULL)
                           : STR("");
}

enum err
gw_national(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "gateway.at",
                                         "gateway.connector",
                                         "gateway.purpose",
                                         "gateway.dossier",
                                         "gateway.state",
                                         "gateway.fault",
                                         NULL };
    struct exchange_asked *v = NULL;
    size_t n = 0;
    TRY(exchange_asked(cx, web_bool(rq, "loi") ? STR("failed") : STR_NULL, web_int(rq, "truoc"), &v,
                       &n));
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.national"));
    if (cx->config->is_demo) {
        gw_say(p, "due", text(cx, "gateway.demo"));
    }
    gw_link(p, STR("/truc/quoc-gia?loi=1"), text(cx, "gateway.only_faults"));
    gw_link(p, STR("/truc/cong"), text(cx, "gateway.portal"));
    connectors_table(cx, p);
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.questions", heads, gw_shown(n));
    for (size_t i = 0; i < gw_shown(n); i++) {
        bool is_failed = str_eq(v[i].state, STR("failed"));
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, is_failed ? "late" : "ontime");
        gw_cell(r, text_moment(cx, v[i].at_us), STR_NULL);
        gw_cell(r,
                str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(v[i].connector),
                        STR_ARG(v[i].operation)),
                STR_NULL);
        struct str purpose =
            text_find(cx, str_cat(cx->arena, STR("ledger.purpose.exchange."), v[i].purpose));
        gw_cell(r, purpose.p == NULL ? v[i].purpose : purpose, STR_NULL);
        gw_cell(r, about(cx, &v[i]), STR_NULL);
        gw_cell(r, gw_word(cx, "asked", v[i].state), STR_NULL);
        gw_cell(r, is_failed ? gw_word(cx, "fault", v[i].fault) : STR(""), STR_NULL);
        if (is_failed) {
            gw_button(cx, r, STR("/truc/quoc-gia/hoi-lai"), "gateway.replay", "id",
                      gw_id(cx, "", v[i].id));
        }
    }
    if (n > GW_SHOWN) {
        p->next =
            gw_id(cx, web_bool(rq, "loi") ? "/truc/quoc-gia?loi=1&truoc=" : "/truc/quoc-gia?truoc=",
                  v[GW_SHOWN - 1].id);
    }
    return gw_show(cx, rs, p);
}

/* --- one simulator ---------------------------------------------------------------------------- */
#define SIM_FIELDS_MAX  100
#define SIM_VALUE_BYTES ((size_t)64 << 10)

static const char *const modes[] = { "normal", "slow", "faulty", "down", "lossy" };

/* What it knows of one case, field by field. */
static enum err
sim_holds(struct ctx *cx, struct tpl_gateway_page *p, struct str service, struct str key)
{
    static const char *const heads[] = { "gateway.field", "gateway.value", NULL };
    const struct json *have = NULL;
    enum err e = str_is_empty(key) ? ERR_NOT_FOUND : exchange_sim_holds(cx, service, key, &have);
    if (e != ERR_OK) {
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.sim_holds", heads, SIM_FIELDS_MAX);
    size_t n = 0;
    for (JSON_EACH(have, it)) {
        struct buf b = buf_new(cx->arena, SIM_VALUE_BYTES);
        struct json_out o = json_out(&b);
        if (n++ == SIM_FIELDS_MAX) {
            break;
        }
        if (it->type == JSON_STRING) {
            buf_add(&b, it->text);
        } else {
            json_write(&o, it);
        }
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, "ontime");
        gw_cell(r, it->key, STR_NULL);
        gw_cell(r, buf_str(&b), STR_NULL);
    }
    return ERR_OK;
}

enum err
gw_sim_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "gateway.at",          "gateway.sim_key",
                                         "gateway.sim_message", "gateway.status",
                                         "gateway.sim_again",   NULL };
    struct exchange_connector_info *all = NULL;
    const struct exchange_connector_info *own = NULL;
    struct exchange_sim_message *v = NULL;
    size_t n = 0;
    size_t n_all = exchange_connectors(cx, &all);
    for (size_t i = 0; i < n_all; i++) {
        own = str_eq(all[i].id, web_param(rq, "id")) ? &all[i] : own;
    }
    if (own == NULL || own->mode.p == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no such simulator");
    }
    TRY(exchange_sim_messages(cx, own->id, web_text(rq, "ma"), &v, &n));
    struct tpl_gateway_page *p = gw_page(cx, own->name);
    gw_say(p, "due", text(cx, "gateway.demo"));
    struct tpl_gateway_page_forms *f =
        gw_form(cx, p, str_cat(cx->arena, STR("/truc/mo-phong/"), own->id), "gateway.sim_change");
    struct tpl_gateway_page_forms_fields *field =
        gw_field(cx, f, GW_SELECT, "mode", "gateway.sim_mode", own->mode);
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        gw_option(field, str_of(modes[i]), gw_word(cx, "mode", str_of(modes[i])));
    }
    TRY(gw_sim_queue(cx, p, own->id));
    TRY(sim_holds(cx, p, own->id, web_text(rq, "ma")));
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.sim_taken", heads, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, "ontime");
        gw_cell(r, text_instant(cx, v[i].at_us), STR_NULL);
        gw_cell(r, v[i].key, STR_NULL);
        gw_cell(r, v[i].message, STR_NULL);
        gw_cell(r, v[i].status, STR_NULL);
        gw_cell(r, text_number(cx, v[i].n_again), STR_NULL);
    }
    return gw_show_below(cx, rs, p, STR("/truc/quoc-gia"), text(cx, "gateway.national"));
}

enum err
gw_sim_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(exchange_sim_set(cx, web_param(rq, "id"), web_text(rq, "mode")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/mo-phong/" STR_FMT, STR_ARG(web_param(rq, "id")));
}

enum err
gw_replay_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_reply reply = { .fault = STR("") };
    enum err e = exchange_replay(cx, web_int(rq, "id"), &reply);
    if (e != ERR_OK && str_is_empty(reply.fault)) {
        return e;
    }
    web_flash(cx, rs, e == ERR_OK ? "gateway.replayed" : "gateway.replay_failed");
    return web_see_other(cx, rs, "/truc/quoc-gia");
}

/* --- the national portal ---------------------------------------------------------------------- */
static void
portal_form(struct ctx *cx, struct tpl_gateway_page *p, const struct exchange_portal_line *line)
{
    struct exchange_connector_info *v = NULL;
    size_t n = exchange_portals(cx, &v);
    bool is_off = str_is_empty(line->connector);
    struct tpl_gateway_page_forms *f = gw_form(cx, p, STR("/truc/cong"), "gateway.portal.change");
    struct tpl_gateway_page_forms_fields *field =
        gw_field(cx, f, GW_SELECT, "connector", "gateway.portal.choose",
                 is_off ? STR("off") : line->connector);
    for (size_t i = 0; i < n; i++) {
        gw_option(field, v[i].id, v[i].name);
    }
    gw_option(field, STR("off"), text(cx, "gateway.portal.off"));
}

static struct str
number_of(struct ctx *cx, int64_t dossier)
{
    struct dossier d;
    return dossier_get(cx, dossier, &d) == ERR_OK ? d.number : gw_id(cx, "", dossier);
}

static enum err
portal_rows(struct ctx *cx, struct tpl_gateway_page *p, const char *state, const char *title)
{
    static const char *const heads[] = {
        "gateway.at",        "gateway.dossier", "gateway.portal.national",
        "gateway.connector", "gateway.fault",   NULL
    };
    struct exchange_portal_row *v = NULL;
    size_t n = 0;
    TRY(exchange_portal_rows(cx, str_of(state), &v, &n));
    struct tpl_gateway_page_tables *t = gw_table(cx, p, title, heads, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, "late");
        gw_cell(r, text_instant(cx, v[i].at_us), STR_NULL);
        gw_cell(r, number_of(cx, v[i].dossier), STR_NULL);
        gw_cell(r, v[i].national, STR_NULL);
        gw_cell(r, v[i].connector, STR_NULL);
        gw_cell(r, str_is_empty(v[i].fault) ? STR("") : gw_word(cx, "fault", v[i].fault), STR_NULL);
        gw_button(cx, r, STR("/truc/cong/gui-lai"), "gateway.portal.again", "id",
                  gw_id(cx, "", v[i].dossier));
    }
    return ERR_OK;
}

enum err
gw_portal(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_portal_line line;
    int64_t n_held = 0;
    (void)rq;
    TRY(exchange_portal_state(cx, &line));
    TRY(exchange_arrivals_held(cx, &n_held));
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.portal"));
    struct str n_waiting = text_number(cx, line.n_waiting);
    struct str n_refused = text_number(cx, line.n_refused);
    bool is_off = str_is_empty(line.connector);
    gw_say(p, is_off || line.n_failed > 0 ? "late" : "ontime",
           is_off              ? text(cx, "gateway.portal.is_off")
           : line.n_failed > 0 ? text_fill(cx, "gateway.portal.away", "name", line.name, "until",
                                           text_instant(cx, line.down_until_us), NULL)
                               : text_fill(cx, "gateway.portal.up", "name", line.name, NULL));
    gw_say(
        p, line.n_refused > 0 ? "late" : "ontime",
        text_fill(cx, "gateway.portal.counts", "waiting", n_waiting, "refused", n_refused, NULL));
    gw_say(p, n_held > 0 ? "late" : "ontime",
           text_fill(cx, "gateway.arrivals.counts", "n", text_number(cx, n_held), NULL));
    portal_form(cx, p, &line);
    if (!is_off) {
        (void)gw_form(cx, p, STR("/truc/cong/lay"), "gateway.arrivals.fetch");
    }
    TRY(gw_arrivals_table(cx, p));
    TRY(portal_rows(cx, p, "refused", "gateway.portal.refused"));
    TRY(portal_rows(cx, p, "waiting", "gateway.portal.waiting"));
    return gw_show_below(cx, rs, p, STR("/truc/quoc-gia"), text(cx, "gateway.national"));
}

enum err
gw_portal_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(exchange_portal_choose(cx, web_text(rq, "connector")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/cong");
}

enum err
gw_portal_again_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(exchange_portal_again(cx, web_int(rq, "id")));
    web_flash(cx, rs, "gateway.portal.queued");
    return web_see_other(cx, rs, "/truc/cong");
}
