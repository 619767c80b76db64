/* gateway_node.c: signed exchange: other installations, members' signing keys, evidence. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/url.h"
#include "engine/node/node.h"
#include "office/gateway/gateway_int.h"

#define NODES "/truc/diem-ket-noi"

/* --- other installations -----------------------------------------------------------------------
 */
static void
peers_table(struct ctx *cx, struct tpl_gateway_page *p, const struct node_peer *v, size_t n)
{
    static const char *const heads[] = { "gateway.node_name", "gateway.node_address",
                                         "gateway.thumb",     "gateway.node_keys",
                                         "gateway.state",     NULL };
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.nodes", heads, n);
    for (size_t i = 0; i < n; i++) {
        bool is_active = str_eq(v[i].state, STR("active"));
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, is_active ? "ontime" : "paused");
        gw_cell(r, v[i].name, STR_NULL);
        gw_cell(r, v[i].address, STR_NULL);
        gw_cell(r, v[i].thumb, STR_NULL);
        gw_cell(r, text_number(cx, v[i].n_keys), STR_NULL);
        gw_cell(r, gw_word(cx, "state", v[i].state), STR_NULL);
        gw_button(cx, r, STR(NODES "/tinh-trang"),
                  is_active ? "gateway.node_suspend" : "gateway.node_admit", "id",
                  str_fmt(cx->arena, "%" PRId64, v[i].id));
    }
}

static void
keys_table(struct ctx *cx, struct tpl_gateway_page *p, const struct node_key *v, size_t n)
{
    static const char *const heads[] = { "gateway.member",   "gateway.node_name", "gateway.thumb",
                                         "gateway.valid_to", "gateway.state",     NULL };
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.node_keys", heads, n);
    for (size_t i = 0; i < n; i++) {
        bool is_valid = str_eq(v[i].state, STR("valid"));
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, is_valid ? "ontime" : "paused");
        gw_cell(r, v[i].member, STR_NULL);
        gw_cell(r, v[i].peer.p == NULL ? text(cx, "gateway.node_own") : v[i].peer, STR_NULL);
        gw_cell(r, v[i].thumb, STR_NULL);
        gw_cell(r, text_date(cx, v[i].to_us), STR_NULL);
        gw_cell(r, gw_word(cx, "key_state", v[i].state), STR_NULL);
        if (!str_eq(v[i].state, STR("revoked"))) {
            gw_button(cx, r, STR(NODES "/khoa/huy"), "gateway.revoke", "id",
                      str_fmt(cx->arena, "%" PRId64, v[i].id));
        }
    }
}

static struct str
mib(struct ctx *cx, int64_t bytes)
{
    return str_fmt(cx->arena, STR_FMT " MiB", STR_ARG(text_number(cx, bytes >> 20)));
}

/* How the evidence log and the time-stamps are, before anything is wrong. */
static enum err
say_state(struct ctx *cx, struct tpl_gateway_page *p)
{
    struct node_state s;
    enum err e = node_state(cx, &s);
    if (e == ERR_NOT_FOUND) {
        gw_say(p, "due", text(cx, "gateway.node_off"));
        return ERR_OK;
    }
    TRY(e);
    bool is_bad = s.is_full || s.is_log_failed;
    bool is_near = s.log_bytes > s.log_max_bytes / 10 * 7;
    gw_say(p,
           is_bad    ? "late"
           : is_near ? "due"
                     : "ontime",
           text_fill(cx, is_bad ? "gateway.log_full" : "gateway.log_room", "used",
                     mib(cx, s.log_bytes), "max", mib(cx, s.log_max_bytes), "free",
                     mib(cx, s.disk_free_bytes), NULL));
    if (s.is_archive_failed) {
        gw_say(p, "late", text(cx, "gateway.archive_failed"));
    }
    if (!s.has_authority) {
        gw_say(p, "due", text(cx, "gateway.stamp_none"));
    } else if (s.unstamped_since_us != 0) {
        gw_say(p, s.is_stamp_late ? "late" : "due",
               text_fill(cx, s.is_stamp_late ? "gateway.stamp_late" : "gateway.stamp_waits",
                         "since", text_instant(cx, s.unstamped_since_us), NULL));
    } else {
        gw_say(p, "ontime", text(cx, "gateway.stamp_good"));
    }
    if (s.is_stamp_simulated) {
        gw_say(p, "due", text(cx, "gateway.stamp_simulated"));
    }
    return ERR_OK;
}

enum err
gw_nodes(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct node_peer *peers = NULL;
    struct node_key *keys = NULL;
    size_t n_peers = 0;
    size_t n_keys = 0;
    (void)rq;
    TRY(node_peers(cx, &peers, &n_peers));
    TRY(node_keys(cx, &keys, &n_keys));
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.nodes"));
    TRY(say_state(cx, p));
    if (cx->node != NULL) { /* else there is none to send */
        gw_link(p, STR(NODES "/the"), text(cx, "gateway.node_card"));
    }
    gw_link(p, STR("/truc/bang-chung"), text(cx, "gateway.evidence"));
    peers_table(cx, p, peers, n_peers);
    keys_table(cx, p, keys, n_keys);
    struct tpl_gateway_page_forms *f = gw_form(cx, p, STR(NODES), "gateway.node_add");
    (void)gw_field(cx, f, GW_LINES, "card", "gateway.node_card_text", STR_NULL);
    f = gw_form(cx, p, STR(NODES "/khoa"), "gateway.node_key_make");
    (void)gw_field(cx, f, GW_TEXT, "member", "gateway.node_member", STR_NULL);
    (void)gw_field(cx, f, GW_TEXT, "token_label", "gateway.node_token", STR_NULL);
    return gw_show(cx, rs, p);
}

enum err
gw_node_card(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str json;
    (void)rq;
    TRY(node_card(cx, &json));
    return web_bytes(cx, rs, json, STR("application/json"), STR("diem-ket-noi.json"));
}

enum err
gw_node_add_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    enum err e = node_peer_add(cx, web_text(rq, "card"), &id);
    if (e == ERR_CONFLICT) {
        ctx_problem(cx, STR("card"), STR("gateway.node_conflict"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, NODES);
}

enum err
gw_node_state_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct node_peer *v = NULL;
    size_t n = 0;
    TRY(node_peers(cx, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (v[i].id == web_int(rq, "id")) {
            TRY(node_peer_set(cx, v[i].id, str_eq(v[i].state, STR("active"))));
            web_flash(cx, rs, "gateway.saved");
            return web_see_other(cx, rs, NODES);
        }
    }
    return err_set(cx, ERR_NOT_FOUND, "no such node");
}

enum err
gw_node_key_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(node_key_make(cx, web_text(rq, "member"), web_text(rq, "token_label")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, NODES);
}

enum err
gw_node_key_revoke_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(node_key_revoke(cx, web_int(rq, "id")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, NODES);
}

/* --- evidence ----------------------------------------------------------------------------------
 */
static void
evidence_table(struct ctx *cx, struct tpl_gateway_page *p, const struct node_evidence *v, size_t n)
{
    static const char *const heads[] = { "gateway.at",        "gateway.request_id",
                                         "gateway.kind",      "gateway.consumer",
                                         "gateway.service",   "gateway.issue",
                                         "gateway.status",    "gateway.stamp",
                                         "gateway.node_name", NULL };
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.evidence", heads, n);
    for (size_t i = 0; i < n; i++) {
        const struct node_evidence *e = &v[i];
        struct str href = str_cat(cx->arena, STR("/truc/bang-chung/"), e->request_id);
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, e->is_stamped ? "ontime" : "due");
        gw_cell(r, text_moment(cx, e->at_us), STR_NULL);
        gw_cell(r, e->request_id, href);
        gw_cell(r,
                str_fmt(cx->arena, STR_FMT ", " STR_FMT, STR_ARG(gw_word(cx, "message", e->kind)),
                        STR_ARG(gw_word(cx, "way", e->way))),
                STR_NULL);
        gw_cell(r, e->client, STR_NULL);
        gw_cell(r, e->service, STR_NULL);
        gw_cell(r, e->issue, STR_NULL);
        gw_cell(r, e->status == 0 ? STR("") : text_number(cx, e->status), STR_NULL);
        gw_cell(r, text(cx, e->is_stamped ? "gateway.stamped" : "gateway.unstamped"), STR_NULL);
        gw_cell(r, e->peer, STR_NULL);
    }
}

static int64_t
day_us(const struct web_req *rq, const char *name, int32_t more)
{
    struct date d;
    return date_parse(web_text(rq, name), &d) ? date_to_us_vn((struct date){ d.day + more }, 0) : 0;
}

static struct str
next_of(struct ctx *cx, const struct web_req *rq, int64_t seq)
{
    struct url_pair q[] = {
        { STR("q"), web_text(rq, "q") },
        { STR("thanh-vien"), web_text(rq, "thanh-vien") },
        { STR("ho-so"), web_text(rq, "ho-so") },
        { STR("tu"), web_text(rq, "tu") },
        { STR("den"), web_text(rq, "den") },
        { STR("truoc"), str_fmt(cx->arena, "%" PRId64, seq) },
    };
    return str_cat(cx->arena, STR("/truc/bang-chung?"), url_query_build(cx->arena, q, COUNT_OF(q)));
}

enum err
gw_evidence(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct node_evidence *v = NULL;
    size_t n = 0;
    const struct node_filter filter = { .id = web_text(rq, "q"),
                                        .member = web_text(rq, "thanh-vien"),
                                        .issue = web_text(rq, "ho-so"),
                                        .from_us = day_us(rq, "tu", 0),
                                        .to_us = day_us(rq, "den", 1),
                                        .before = web_int(rq, "truoc") };
    TRY(node_find(cx, &filter, &v, &n));
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.evidence"));
    TRY(say_state(cx, p));
    gw_link(p, STR(NODES), text(cx, "gateway.nodes"));
    evidence_table(cx, p, v, gw_shown(n));
    struct tpl_gateway_page_forms *f =
        gw_form(cx, p, STR("/truc/bang-chung"), "gateway.evidence_find");
    f->is_get = true;
    (void)gw_field(cx, f, GW_TEXT, "q", "gateway.evidence_id", filter.id);
    (void)gw_field(cx, f, GW_TEXT, "thanh-vien", "gateway.evidence_member", filter.member);
    (void)gw_field(cx, f, GW_TEXT, "ho-so", "gateway.evidence_issue", filter.issue);
    (void)gw_field(cx, f, GW_TEXT, "tu", "gateway.evidence_from", web_text(rq, "tu"));
    (void)gw_field(cx, f, GW_TEXT, "den", "gateway.evidence_to", web_text(rq, "den"));
    if (n > GW_SHOWN) {
        p->next = next_of(cx, rq, v[GW_SHOWN - 1].seq);
    }
    web_reads_person(cx, rs, 0, "evidence.list",
                     str_fmt(cx->arena, "%zu; " STR_FMT " " STR_FMT " " STR_FMT, gw_shown(n),
                             STR_ARG(filter.id), STR_ARG(filter.member), STR_ARG(filter.issue)));
    return gw_show(cx, rs, p);
}

static void
finding_table(struct ctx *cx, struct tpl_gateway_page *p, const struct node_finding *f)
{
    static const char *const heads[] = { "gateway.check", "gateway.result", NULL };
    struct tpl_gateway_page_tables *t = gw_table(
        cx, p,
        str_eq(f->kind, STR("request")) ? "gateway.message.request" : "gateway.message.answer",
        heads, 5);
    const struct {
        const char *what;
        bool is_good, is_open;
        struct str words;
    } rows[] = {
        { "gateway.check_message", f->is_message_good, !f->has_body,
          text(cx, !f->has_body         ? "gateway.check_no_body"
                   : f->is_message_good ? "gateway.check_good"
                                        : "gateway.check_changed") },
        { "gateway.check_signature", f->is_signature_good, false,
          f->is_signature_good ? f->signer : text(cx, "gateway.check_bad") },
        { "gateway.check_cert", true, false, f->thumb },
        { "gateway.check_signed", true, false, text_instant(cx, f->signed_us) },
        { "gateway.check_stamp", f->is_stamp_good, f->stamped_us == 0,
          f->is_stamp_good ? text_instant(cx, f->stamped_us) : text(cx, "gateway.unstamped") },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t,
                                                        rows[i].is_good   ? "ontime"
                                                        : rows[i].is_open ? "due"
                                                                          : "late");
        gw_cell(r, text(cx, rows[i].what), STR_NULL);
        gw_cell(r, rows[i].words, STR_NULL);
    }
}

enum err
gw_evidence_one(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct node_finding v[2];
    size_t n = 0;
    struct str id = web_param(rq, "id");
    struct buf heads = buf_new(cx->arena, (size_t)80 << 10);
    TRY(node_check(cx, id, v, COUNT_OF(v), &n));
    struct tpl_gateway_page *p = gw_page(cx, text_fill(cx, "gateway.evidence_of", "id", id, NULL));
    bool is_good = true;
    bool has_bodies = true;
    for (size_t i = 0; i < n; i++) {
        has_bodies = has_bodies && v[i].has_body;
        is_good = is_good && v[i].is_signature_good && (v[i].is_message_good || !v[i].has_body);
        finding_table(cx, p, &v[i]);
        buf_add(&heads, v[i].head);
        BUF_LIT(&heads, "\n\n");
    }
    gw_say(p, is_good ? "ontime" : "late",
           text(cx, is_good ? "gateway.evidence_good" : "gateway.evidence_bad"));
    struct node_state state = { .is_stamp_simulated = false };
    if (node_state(cx, &state) == ERR_OK && state.is_stamp_simulated) {
        gw_say(p, "due", text(cx, "gateway.stamp_simulated"));
    }
    if (!has_bodies) {
        gw_say(p, "due", text(cx, "gateway.evidence_no_body"));
    }
    if (n == 1) {
        gw_say(p, "due", text(cx, "gateway.evidence_half"));
    }
    gw_link(p, str_fmt(cx->arena, "/truc/bang-chung/" STR_FMT "/tep", STR_ARG(id)),
            text(cx, "gateway.container"));
    p->pre = buf_str(&heads);
    web_reads_person(cx, rs, 0, "evidence", id);
    return gw_show_below(cx, rs, p, STR("/truc/bang-chung"), text(cx, "gateway.evidence"));
}

static enum err
to_stream(void *arg, struct str bytes)
{
    return http_stream_write(arg, bytes);
}

static enum err
stream_container(struct ctx *cx, void *arg, struct http_stream *s)
{
    return node_container_write(cx, arg, to_stream, s);
}

enum err
gw_container(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct node_container *c = NULL;
    struct str id = web_param(rq, "id");
    TRY(node_container_open(cx, id, &c));
    web_reads_person(cx, rs, 0, "evidence.file", id);
    return web_stream(cx, rs, stream_container, c, STR("application/vnd.etsi.asic-e+zip"),
                      str_cat(cx->arena, id, STR(".asice")));
}
