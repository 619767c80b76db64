/* gateway_arrival.c: dossiers that the national portal hands over: what became of each, and the
 * operator's two acts on those that could not be taken. No personal data is shown here. */
#include "engine/dossier/dossier.h"
#include "engine/paper/paper.h"
#include "office/gateway/gateway_int.h"

static struct str
told(struct ctx *cx, const struct exchange_arrival *a)
{
    struct str word = str_is_empty(a->outcome) ? STR("") : gw_word(cx, "outcome", a->outcome);
    return str_is_empty(word) || a->is_told
               ? word
               : str_fmt(cx->arena, STR_FMT " (" STR_FMT ")", STR_ARG(word),
                         STR_ARG(text(cx, "gateway.arrival.not_told")));
}

enum err
gw_arrivals_table(struct ctx *cx, struct tpl_gateway_page *p)
{
    static const char *const heads[] = { "gateway.at",          "gateway.portal.national",
                                         "gateway.state",       "gateway.arrival.procedure",
                                         "gateway.dossier",     "gateway.arrival.outcome",
                                         "gateway.arrival.why", NULL };
    struct exchange_arrival *v = NULL;
    size_t n = 0;
    TRY(exchange_arrivals(cx, STR_NULL, 0, &v, &n));
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.arrivals", heads, n);
    for (size_t i = 0; i < n; i++) {
        struct dossier d;
        bool is_taken = v[i].dossier != 0 && dossier_get(cx, v[i].dossier, &d) == ERR_OK;
        bool is_bad = str_eq(v[i].state, STR("held")) || v[i].is_told_refused || v[i].tries > 0;
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, is_bad ? "late" : "ontime");
        gw_cell(r, text_instant(cx, v[i].at_us), STR_NULL);
        gw_cell(r, v[i].national, gw_id(cx, "/truc/cong/den/", v[i].id));
        gw_cell(r, gw_word(cx, "arrival_state", v[i].state), STR_NULL);
        gw_cell(r, v[i].procedure, STR_NULL);
        gw_cell(r, is_taken ? d.number : STR(""), STR_NULL);
        gw_cell(r, told(cx, &v[i]), STR_NULL);
        gw_cell(r, v[i].why, STR_NULL);
    }
    return ERR_OK;
}

static void
fact(struct ctx *cx, struct tpl_gateway_page_tables *t, const char *key, struct str value)
{
    struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, "ontime");
    gw_cell(r, text(cx, key), STR_NULL);
    gw_cell(r, value.p == NULL ? STR("") : value, STR_NULL);
}

enum err
gw_arrival(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "gateway.name", "gateway.state", NULL };
    struct exchange_arrival a;
    struct dossier d = { .number = STR("") };
    int64_t id = 0;
    if (!str_to_i64(web_param(rq, "id"), 1, INT64_MAX, &id)) {
        return err_set(cx, ERR_NOT_FOUND, "no such arrival");
    }
    TRY(exchange_arrival_get(cx, id, &a));
    if (a.dossier != 0) {
        TRY(dossier_get(cx, a.dossier, &d));
    }
    struct str title = text_fill(cx, "gateway.arrival", "number", a.national, NULL);
    struct tpl_gateway_page *p = gw_page(cx, title);
    bool is_held = str_eq(a.state, STR("held"));
    gw_say(p, is_held || a.is_told_refused ? "late" : "ontime",
           gw_word(cx, "arrival_state", a.state));
    if (a.is_told_refused) {
        gw_say(p, "late", text(cx, "gateway.arrival.unheard"));
    }
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.portal", heads, 9);
    fact(cx, t, "gateway.connector", a.connector);
    fact(cx, t, "gateway.arrival.first", text_instant(cx, a.first_us));
    fact(cx, t, "gateway.arrival.procedure", a.procedure);
    fact(cx, t, "gateway.arrival.unit", a.unit);
    fact(cx, t, "gateway.arrival.revision", text_number(cx, a.revision));
    fact(cx, t, "gateway.arrival.again_n", text_number(cx, a.n_again));
    fact(cx, t, "gateway.arrival.outcome", told(cx, &a));
    fact(cx, t, "gateway.arrival.why", a.why);
    fact(cx, t, "gateway.dossier", d.number);
    bool may_again =
        is_held || a.is_told_refused || a.tries > 0 || str_eq(a.outcome, STR("unchanged"));
    if (may_again) {
        (void)gw_form(cx, p, gw_id(cx, "/truc/cong/xu-ly-lai/", a.id), "gateway.arrival.again");
    }
    if (is_held) {
        struct tpl_gateway_page_forms *f =
            gw_form(cx, p, gw_id(cx, "/truc/cong/tra-ve/", a.id), "gateway.arrival.refuse");
        (void)gw_field(cx, f, GW_LINES, "reason", "gateway.arrival.reason", web_text(rq, "reason"));
    }
    return gw_show_below(cx, rs, p, STR("/truc/cong"), text(cx, "gateway.portal"));
}

static enum err
acted(struct ctx *cx, struct web_resp *rs, int64_t id, const char *key)
{
    web_flash(cx, rs, key);
    return web_see_other(cx, rs, "/truc/cong/den/%" PRId64, id);
}

enum err
gw_arrival_again_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    if (!str_to_i64(web_param(rq, "id"), 1, INT64_MAX, &id)) {
        return err_set(cx, ERR_NOT_FOUND, "no such arrival");
    }
    TRY(exchange_arrival_again(cx, id));
    return acted(cx, rs, id, "gateway.arrival.again_done");
}

enum err
gw_arrival_refuse_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    if (!str_to_i64(web_param(rq, "id"), 1, INT64_MAX, &id)) {
        return err_set(cx, ERR_NOT_FOUND, "no such arrival");
    }
    TRY(exchange_arrival_refuse(cx, id, web_text(rq, "reason")));
    return acted(cx, rs, id, "gateway.arrival.refused");
}

enum err
gw_arrivals_fetch_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    TRY(exchange_arrivals_fetch(cx));
    web_flash(cx, rs, "gateway.arrivals.fetched");
    return web_see_other(cx, rs, "/truc/cong");
}

/* --- the simulated portal's side ----------------------------------------------------------------
 */
enum err
gw_sim_queue(struct ctx *cx, struct tpl_gateway_page *p, struct str service)
{
    static const char *const heads[] = { "gateway.portal.national",
                                         "gateway.sim_template",
                                         "gateway.sim_what",
                                         "gateway.arrival.revision",
                                         "gateway.sim_heard",
                                         "gateway.dossier",
                                         NULL };
    static const char *const whats[] = { "new", "changed", "withdrawn" };
    struct exchange_sim_template *templates = NULL;
    struct exchange_sim_dossier *v = NULL;
    size_t n = 0;
    size_t n_templates = exchange_sim_templates(cx, service, &templates);
    if (n_templates == 0) {
        return ERR_OK;
    }
    struct tpl_gateway_page_forms *f =
        gw_form(cx, p, str_fmt(cx->arena, "/truc/mo-phong/" STR_FMT "/giao", STR_ARG(service)),
                "gateway.sim_hand");
    struct tpl_gateway_page_forms_fields *field =
        gw_field(cx, f, GW_SELECT, "template", "gateway.sim_template", templates[0].id);
    for (size_t i = 0; i < n_templates; i++) {
        gw_option(field, templates[i].id, templates[i].text);
    }
    field = gw_field(cx, f, GW_SELECT, "what", "gateway.sim_what", STR("new"));
    for (size_t i = 0; i < COUNT_OF(whats); i++) {
        gw_option(field, str_of(whats[i]), gw_word(cx, "sim_what", str_of(whats[i])));
    }
    (void)gw_field(cx, f, GW_TEXT, "national", "gateway.sim_national", STR(""));
    TRY(exchange_sim_dossiers(cx, service, &v, &n));
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.sim_given", heads, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, v[i].is_told ? "ontime" : "due");
        gw_cell(r, v[i].national, STR_NULL);
        gw_cell(r, v[i].template_id, STR_NULL);
        gw_cell(r, gw_word(cx, "sim_what", v[i].change), STR_NULL);
        gw_cell(r, text_number(cx, v[i].revision), STR_NULL);
        gw_cell(r, str_is_empty(v[i].outcome) ? STR("") : gw_word(cx, "outcome", v[i].outcome),
                STR_NULL);
        gw_cell(r, v[i].number, STR_NULL);
    }
    return ERR_OK;
}

enum err
gw_sim_hand_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str national = web_text(rq, "national");
    struct exchange_sim_hand in = { .service = web_param(rq, "id"),
                                    .template_id = web_text(rq, "template"),
                                    .national = national,
                                    .change = web_text(rq, "what") };
    TRY(exchange_sim_hand_over(cx, &in, &national));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/mo-phong/" STR_FMT "?ma=" STR_FMT, STR_ARG(in.service),
                         STR_ARG(national));
}

/* --- papers fetched by the portal ------------------------------------------------------------- */
enum err
gw_portal_file(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct paper p;
    struct str bytes;
    TRY(exchange_portal_file(cx, web_param(rq, "token"), &p, &bytes));
    web_reads_person(cx, rs, p.owner_id, "exchange.portal",
                     str_fmt(cx->arena, "paper:%" PRId64, p.id));
    return web_bytes(cx, rs, bytes, p.media, STR_NULL);
}
