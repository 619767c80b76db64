/* gateway_members.c: members, their systems, and the keys of a system. */
#include "codec/url.h"
#include "engine/access/access.h"
#include "engine/unit/unit.h"
#include "office/gateway/gateway_int.h"

#define OVERLAP_S (INT64_C(7) * 86400) /* a week to bring a new secret to every server */

enum err
gw_members(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "gateway.code",    "gateway.name",  "gateway.kind",
                                         "gateway.contact", "gateway.state", NULL };
    struct exchange_member *v = NULL;
    size_t n = 0;
    struct str words = web_text(rq, "q");
    TRY(exchange_members(cx, words, web_text(rq, "sau"), &v, &n));
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.members"));
    p->find = STR("/truc/thanh-vien");
    p->find_words = words.p == NULL ? STR("") : words;
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.members", heads, gw_shown(n));
    for (size_t i = 0; i < gw_shown(n); i++) {
        bool is_active = str_eq(v[i].state, STR("active"));
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, is_active ? "ontime" : "paused");
        gw_cell(
            r,
            str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(v[i].class_code), STR_ARG(v[i].code)),
            gw_id(cx, "/truc/thanh-vien/", v[i].id));
        gw_cell(r, v[i].name, STR_NULL);
        gw_cell(r, str_is_empty(v[i].unit) ? text(cx, "gateway.outside") : text(cx, "gateway.unit"),
                STR_NULL);
        gw_cell(r, v[i].contact, STR_NULL);
        gw_cell(r, gw_word(cx, "state", v[i].state), STR_NULL);
    }
    if (n > GW_SHOWN) {
        p->next = str_fmt(cx->arena, "/truc/thanh-vien?sau=" STR_FMT "/" STR_FMT "&q=" STR_FMT,
                          STR_ARG(v[GW_SHOWN - 1].class_code), STR_ARG(v[GW_SHOWN - 1].code),
                          STR_ARG(url_encode(cx->arena, p->find_words)));
    }
    if (access_may(cx, "exchange.manage")) {
        struct tpl_gateway_page_forms *f =
            gw_form(cx, p, STR("/truc/thanh-vien"), "gateway.member_new");
        struct tpl_gateway_page_forms_fields *klass =
            gw_field(cx, f, GW_SELECT, "class", "gateway.class_code", STR("GOV"));
        gw_option(klass, STR("GOV"), text(cx, "gateway.class_code.gov"));
        gw_option(klass, STR("PTY"), text(cx, "gateway.class_code.pty"));
        gw_option(klass, STR("COM"), text(cx, "gateway.class_code.com"));
        gw_option(klass, STR("NGO"), text(cx, "gateway.class_code.ngo"));
        (void)gw_field(cx, f, GW_TEXT, "code", "gateway.code", STR_NULL);
        (void)gw_field(cx, f, GW_TEXT, "name", "gateway.name", STR_NULL);
        (void)gw_field(cx, f, GW_TEXT, "unit", "gateway.unit_key", STR_NULL);
        (void)gw_field(cx, f, GW_TEXT, "contact", "gateway.contact", STR_NULL);
    }
    return gw_show(cx, rs, p);
}

enum err
gw_member_new_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str unit = web_text(rq, "unit");
    const struct unit *u = str_is_empty(unit) ? NULL : unit_by_key(cx, unit);
    struct exchange_member m = { .class_code = web_text(rq, "class"),
                                 .code = web_text(rq, "code"),
                                 .name = web_text(rq, "name"),
                                 .contact = web_text(rq, "contact"),
                                 .unit = u == NULL ? STR_NULL : u->key };
    if (!str_is_empty(unit) && u == NULL) {
        ctx_problem(cx, STR("unit"), STR("gateway.unit_unknown"), STR_NULL);
        return ctx_check(cx);
    }
    enum err e = exchange_member_add(cx, &m);
    if (e == ERR_CONFLICT) {
        ctx_problem(cx, STR("code"), STR("gateway.code_taken"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/thanh-vien/%" PRId64, m.id);
}

static void
list_systems(struct ctx *cx, struct tpl_gateway_page *p, const struct exchange_subsystem *v,
             size_t n)
{
    static const char *const heads[] = { "gateway.system", "gateway.name", "gateway.owner",
                                         "gateway.state", NULL };
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.systems", heads, n);
    for (size_t i = 0; i < n; i++) {
        bool is_mine = exchange_may_act_for(cx, &v[i]);
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, "ontime");
        gw_cell(r, v[i].path, is_mine ? gw_id(cx, "/truc/he-thong/", v[i].id) : STR_NULL);
        gw_cell(r, v[i].name, STR_NULL);
        gw_cell(r, v[i].member_name, STR_NULL);
        gw_cell(r, gw_word(cx, "state", v[i].member_state), STR_NULL);
    }
}

enum err
gw_member(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_member m;
    struct exchange_subsystem *v = NULL;
    size_t n = 0;
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(exchange_member_get(cx, id, &m));
    TRY(exchange_subsystems(cx, id, &v, &n));
    bool is_active = str_eq(m.state, STR("active"));
    struct tpl_gateway_page *p = gw_page(cx, m.name);
    gw_say(p, is_active ? "ontime" : "paused",
           str_fmt(cx->arena, EXCHANGE_INSTANCE "/" STR_FMT "/" STR_FMT ": " STR_FMT ". " STR_FMT,
                   STR_ARG(m.class_code), STR_ARG(m.code), STR_ARG(gw_word(cx, "state", m.state)),
                   STR_ARG(m.note)));
    list_systems(cx, p, v, n);
    struct str base = gw_id(cx, "/truc/thanh-vien/", id);
    struct exchange_subsystem like = { .unit = m.unit };
    if (exchange_may_act_for(cx, &like)) {
        struct tpl_gateway_page_forms *f =
            gw_form(cx, p, str_cat(cx->arena, base, STR("/he-thong")), "gateway.system_new");
        (void)gw_field(cx, f, GW_TEXT, "code", "gateway.code", STR_NULL);
        (void)gw_field(cx, f, GW_TEXT, "name", "gateway.name", STR_NULL);
        (void)gw_field(cx, f, GW_TEXT, "contact", "gateway.contact", STR_NULL);
        (void)gw_field(cx, f, GW_TEXT, "ip_allow", "gateway.ip_allow", STR_NULL);
    }
    if (access_may(cx, "exchange.manage")) {
        struct tpl_gateway_page_forms *f =
            gw_form(cx, p, str_cat(cx->arena, base, STR("/tinh-trang")),
                    is_active ? "gateway.suspend" : "gateway.let_in");
        (void)gw_field(cx, f, GW_TEXT, "note", "gateway.why", STR_NULL);
    }
    return gw_show(cx, rs, p);
}

enum err
gw_member_state_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_member m;
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(exchange_member_get(cx, id, &m));
    TRY(exchange_member_suspend(cx, id, str_eq(m.state, STR("active")), web_text(rq, "note")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/thanh-vien/%" PRId64, id);
}

enum err
gw_system_new_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_member m;
    struct exchange_subsystem s = { .code = web_text(rq, "code"),
                                    .name = web_text(rq, "name"),
                                    .contact = web_text(rq, "contact"),
                                    .ip_allow = web_text(rq, "ip_allow") };
    TRY(web_param_id(cx, rq, "id", &s.member_id));
    TRY(exchange_member_get(cx, s.member_id, &m));
    s.unit = m.unit;
    if (!exchange_may_act_for(cx, &s)) {
        return err_set(cx, ERR_FORBIDDEN, "another member");
    }
    enum err e = exchange_subsystem_add(cx, &s);
    if (e == ERR_CONFLICT) {
        ctx_problem(cx, STR("code"), STR("gateway.code_taken"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/he-thong/%" PRId64, s.id);
}

enum err
gw_own(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem *v = NULL;
    size_t n = 0;
    size_t from = 0;
    TRY(exchange_subsystems(cx, 0, &v, &n));
    for (size_t i = 0; i < n; i++) {
        from = v[i].id == web_int(rq, "sau") ? i + 1 : from;
    }
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.own"));
    if (n == 0) {
        gw_say(p, "now", text(cx, "gateway.own_none"));
    }
    size_t n_shown = gw_shown(n - from);
    list_systems(cx, p, &v[from], n_shown);
    if (from + n_shown < n) {
        p->next = gw_id(cx, "/truc/cua-toi?sau=", v[from + n_shown - 1].id);
    }
    return gw_show(cx, rs, p);
}

/* --- one system ------------------------------------------------------------------------------- */
static enum err
own_system(struct ctx *cx, const struct web_req *rq, struct exchange_subsystem *ret)
{
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(exchange_subsystem_get(cx, id, ret));
    return exchange_may_act_for(cx, ret) ? ERR_OK
                                         : err_set(cx, ERR_FORBIDDEN, "another member's system");
}

static struct str
when(struct ctx *cx, int64_t at_us)
{
    return at_us == 0 ? STR("") : text_instant(cx, at_us);
}

static enum err
list_clients(struct ctx *cx, struct tpl_gateway_page *p, const struct exchange_subsystem *s)
{
    static const char *const heads[] = { "gateway.client_id", "gateway.name",  "gateway.secrets",
                                         "gateway.used",      "gateway.bound", NULL };
    struct exchange_client *v = NULL;
    size_t n = 0;
    TRY(exchange_clients(cx, s->id, &v, &n));
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.clients", heads, n);
    struct str base = gw_id(cx, "/truc/he-thong/", s->id);
    for (size_t i = 0; i < n; i++) {
        bool is_over = v[i].revoked_us != 0;
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, is_over ? "paused" : "ontime");
        gw_cell(r, v[i].client_id, STR_NULL);
        gw_cell(r, v[i].name, STR_NULL);
        gw_cell(r, is_over ? text(cx, "gateway.revoked") : text_number(cx, v[i].n_secrets),
                STR_NULL);
        gw_cell(r, when(cx, v[i].used_us), STR_NULL);
        gw_cell(r, str_slice(v[i].cert_thumb, 0, 16), STR_NULL);
        if (!is_over) {
            struct str id = gw_id(cx, "", v[i].id);
            gw_button(cx, r, str_cat(cx->arena, base, STR("/khoa/thay")), "gateway.rotate", "id",
                      id);
            gw_button(cx, r, str_cat(cx->arena, base, STR("/khoa/huy")), "gateway.revoke", "id",
                      id);
        }
    }
    return ERR_OK;
}

static enum err
list_certs(struct ctx *cx, struct tpl_gateway_page *p, const struct exchange_subsystem *s)
{
    static const char *const heads[] = { "gateway.subject", "gateway.thumb", "gateway.until",
                                         NULL };
    struct exchange_cert *v = NULL;
    size_t n = 0;
    TRY(exchange_certs(cx, s->id, &v, &n));
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.certs", heads, n);
    struct str base = gw_id(cx, "/truc/he-thong/", s->id);
    for (size_t i = 0; i < n; i++) {
        bool is_over = v[i].revoked_us != 0;
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, is_over ? "paused" : "ontime");
        gw_cell(r, v[i].subject, STR_NULL);
        gw_cell(r, v[i].thumb, STR_NULL);
        gw_cell(r, is_over ? text(cx, "gateway.revoked") : when(cx, v[i].not_after_us), STR_NULL);
        if (!is_over) {
            gw_button(cx, r, str_cat(cx->arena, base, STR("/chung-thu/huy")), "gateway.revoke",
                      "id", gw_id(cx, "", v[i].id));
        }
    }
    return ERR_OK;
}

static enum err
system_page(struct ctx *cx, const struct exchange_subsystem *s, struct str secret,
            struct web_resp *rs)
{
    struct tpl_gateway_page *p = gw_page(cx, s->name);
    struct str base = gw_id(cx, "/truc/he-thong/", s->id);
    p->secret = secret.p == NULL ? STR("") : secret;
    gw_say(p, "now",
           str_fmt(cx->arena, STR_FMT " · " STR_FMT, STR_ARG(s->path), STR_ARG(s->member_name)));
    gw_link(p, gw_id(cx, "/truc/nhat-ky?he-thong=", s->id), text(cx, "gateway.own_traffic"));
    gw_link(p, gw_id(cx, "/truc/thoa-thuan?he-thong=", s->id), text(cx, "gateway.agreements"));
    TRY(list_clients(cx, p, s));
    TRY(list_certs(cx, p, s));
    struct tpl_gateway_page_forms *f =
        gw_form(cx, p, str_cat(cx->arena, base, STR("/khoa")), "gateway.client_new");
    (void)gw_field(cx, f, GW_TEXT, "name", "gateway.client_name", STR_NULL);
    (void)gw_field(cx, f, GW_TEXT, "ttl_s", "gateway.ttl", STR("3600"));
    f = gw_form(cx, p, str_cat(cx->arena, base, STR("/dia-chi")), "gateway.ip_set");
    (void)gw_field(cx, f, GW_TEXT, "ip_allow", "gateway.ip_allow", s->ip_allow);
    f = gw_form(cx, p, str_cat(cx->arena, base, STR("/chung-thu")), "gateway.cert_new");
    (void)gw_field(cx, f, GW_LINES, "cert", "gateway.cert_pem", STR_NULL);
    f = gw_form(cx, p, str_cat(cx->arena, base, STR("/khoa/gan")), "gateway.bind");
    (void)gw_field(cx, f, GW_TEXT, "client_id", "gateway.client_id", STR_NULL);
    (void)gw_field(cx, f, GW_TEXT, "thumb", "gateway.thumb", STR_NULL);
    return gw_show(cx, rs, p);
}

enum err
gw_system(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem s;
    TRY(own_system(cx, rq, &s));
    return system_page(cx, &s, STR_NULL, rs);
}

enum err
gw_system_ip_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem s;
    TRY(own_system(cx, rq, &s));
    TRY(exchange_subsystem_set_ip(cx, s.id, web_text(rq, "ip_allow")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/he-thong/%" PRId64, s.id);
}

enum err
gw_client_new_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem s;
    struct str secret;
    TRY(own_system(cx, rq, &s));
    struct exchange_client c = { .subsystem_id = s.id,
                                 .name = web_text(rq, "name"),
                                 .ttl_s = web_int(rq, "ttl_s") };
    TRY(exchange_client_add(cx, &c, &secret));
    struct str shown =
        str_fmt(cx->arena, STR_FMT " : " STR_FMT, STR_ARG(c.client_id), STR_ARG(secret));
    return system_page(cx, &s, shown, rs);
}

/* The client of the form's id, when it is this system's. */
static enum err
own_client(struct ctx *cx, const struct web_req *rq, struct exchange_subsystem *s,
           struct exchange_client *ret)
{
    TRY(own_system(cx, rq, s));
    TRY(exchange_client_get(cx, web_int(rq, "id"), ret));
    return ret->subsystem_id == s->id ? ERR_OK : err_set(cx, ERR_NOT_FOUND, "another system's key");
}

enum err
gw_client_rotate_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem s;
    struct exchange_client c;
    struct str secret;
    TRY(own_client(cx, rq, &s, &c));
    bool is_told = !str_is_empty(web_text(rq, "overlap_s"));
    int64_t overlap_s = is_told ? web_int(rq, "overlap_s") : OVERLAP_S;
    TRY(exchange_client_rotate(cx, c.id, overlap_s, &secret));
    struct str shown =
        str_fmt(cx->arena, STR_FMT " : " STR_FMT, STR_ARG(c.client_id), STR_ARG(secret));
    return system_page(cx, &s, shown, rs);
}

enum err
gw_client_revoke_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem s;
    struct exchange_client c;
    TRY(own_client(cx, rq, &s, &c));
    TRY(exchange_client_revoke(cx, c.id));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/he-thong/%" PRId64, s.id);
}

enum err
gw_client_bind_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem s;
    struct exchange_client *v = NULL;
    size_t n = 0;
    TRY(own_system(cx, rq, &s));
    TRY(exchange_clients(cx, s.id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].client_id, web_text(rq, "client_id"))) {
            TRY(exchange_client_bind(cx, v[i].id, web_text(rq, "thumb")));
            web_flash(cx, rs, "gateway.saved");
            return web_see_other(cx, rs, "/truc/he-thong/%" PRId64, s.id);
        }
    }
    ctx_problem(cx, STR("client_id"), STR("gateway.client_unknown"), STR_NULL);
    return ctx_check(cx);
}

enum err
gw_cert_new_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem s;
    TRY(own_system(cx, rq, &s));
    TRY(exchange_cert_add(cx, s.id, web_text(rq, "cert")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/he-thong/%" PRId64, s.id);
}

enum err
gw_cert_revoke_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem s;
    TRY(own_system(cx, rq, &s));
    TRY(exchange_cert_revoke(cx, s.id, web_int(rq, "id")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/he-thong/%" PRId64, s.id);
}
