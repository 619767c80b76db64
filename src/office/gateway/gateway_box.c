/* gateway_box.c: pages of message boxes: lines, what waits, what is dead. Contents are between the
 * two systems: pages show ids, numbers, times, sizes and reasons. */
#include "engine/access/access.h"
#include "engine/box/box.h"
#include "office/gateway/gateway_int.h"

#define BOXES     "/truc/hop-thu"
#define LINES_MAX 300

/* --- who may see a line ------------------------------------------------------------------------
 */
static bool
is_own(struct ctx *cx, struct str path)
{
    struct exchange_subsystem s;
    return exchange_subsystem_by_path(cx, path, &s) == ERR_OK && exchange_may_act_for(cx, &s);
}

static enum err
require(struct ctx *cx, struct str sender, struct str receiver)
{
    return access_may(cx, "exchange.manage") || is_own(cx, sender) || is_own(cx, receiver)
               ? ERR_OK
               : err_set(cx, ERR_FORBIDDEN, "neither system is one's own");
}

/* The receiver's own words stand behind BOX_REFUSED. */
static struct str
fault_of(struct ctx *cx, struct str fault)
{
    struct str mark = STR(BOX_REFUSED);
    return str_starts(fault, mark) ? text_fill(cx, "gateway.box_refused", "why",
                                               str_slice(fault, mark.n, fault.n), NULL)
                                   : gw_word(cx, "box_fault", fault);
}

static struct str
state_of(struct ctx *cx, const struct box_line *l)
{
    if (!str_is_empty(l->fault)) {
        struct str word = gw_word(cx, "box_fault", l->fault);
        return text_fill(cx, "gateway.box_down", "since", text_moment(cx, l->down_us), "why", word,
                         "next", text_moment(cx, l->due_us), NULL);
    }
    return text(cx, str_eq(l->way, STR("out"))  ? "gateway.box_way.out"
                    : str_eq(l->way, STR("in")) ? "gateway.box_way.in"
                                                : "gateway.box_way.here");
}

static void
lines_table(struct ctx *cx, struct tpl_gateway_page *p, const struct box_line *v, size_t n)
{
    static const char *const heads[] = { "gateway.box_from",  "gateway.box_to",
                                         "gateway.box_topic", "gateway.box_waiting",
                                         "gateway.box_sent",  "gateway.box_bytes",
                                         "gateway.state",     NULL };
    bool may_try = access_may(cx, "exchange.manage");
    struct tpl_gateway_page_tables *t = gw_table(cx, p, "gateway.box_lines", heads, n);
    for (size_t i = 0; i < n; i++) {
        const struct box_line *l = &v[i];
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t,
                                                        l->n_failed > 0    ? "late"
                                                        : l->n_waiting > 0 ? "due"
                                                                           : "ontime");
        gw_cell(r, l->sender, gw_id(cx, BOXES "/dong/", l->id));
        gw_cell(r, l->receiver, STR_NULL);
        gw_cell(r, l->topic, STR_NULL);
        gw_cell(r, text_number(cx, l->n_waiting), STR_NULL);
        gw_cell(r, str_eq(l->way, STR("out")) ? text_number(cx, l->n_sent) : STR(""), STR_NULL);
        gw_cell(r, text_number(cx, l->n_bytes), STR_NULL);
        gw_cell(r, state_of(cx, l), STR_NULL);
        if (l->n_failed > 0 && may_try) {
            gw_button(cx, r, STR(BOXES "/thu-lai"), "gateway.box_try", "member", l->member);
        }
    }
}

static void
messages_table(struct ctx *cx, struct tpl_gateway_page *p, const char *title,
               const struct box_message *v, size_t n)
{
    static const char *const heads[] = {
        "gateway.box_id",    "gateway.box_seq", "gateway.box_put",
        "gateway.box_bytes", "gateway.state",   "gateway.box_tries",
        "gateway.box_ended", "gateway.why",     NULL
    };
    struct tpl_gateway_page_tables *t = gw_table(cx, p, title, heads, n);
    for (size_t i = 0; i < n; i++) {
        const struct box_message *m = &v[i];
        bool is_dead = str_eq(m->state, STR("dead"));
        bool is_done = str_eq(m->state, STR("taken"));
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t,
                                                        is_dead   ? "late"
                                                        : is_done ? "ontime"
                                                                  : "due");
        gw_cell(r, m->name, gw_id(cx, BOXES "/tin/", m->id));
        gw_cell(r, text_number(cx, m->seq), STR_NULL);
        gw_cell(r, text_moment(cx, m->put_us), STR_NULL);
        gw_cell(r, text_number(cx, m->n_bytes), STR_NULL);
        gw_cell(r, gw_word(cx, "box_state", m->state), STR_NULL);
        gw_cell(r, text_number(cx, m->tries), STR_NULL);
        gw_cell(r, text_moment(cx, m->ended_us), STR_NULL);
        gw_cell(r, fault_of(cx, m->fault), STR_NULL);
    }
}

/* --- all lines, or those of one system ---------------------------------------------------------
 */
static enum err
say_figures(struct ctx *cx, struct tpl_gateway_page *p)
{
    struct box_figures f;
    TRY(box_figures(cx, &f));
    gw_say(p, f.n_waiting == 0 ? "ontime" : "due",
           text_fill(cx, "gateway.box_sum", "waiting", text_number(cx, f.n_waiting), "leaving",
                     text_number(cx, f.n_leaving), "sent", text_number(cx, f.n_sent), NULL));
    if (f.n_down > 0) {
        gw_say(p, "late",
               text_fill(cx, "gateway.box_sum_down", "n", text_number(cx, f.n_down), "since",
                         text_instant(cx, f.down_us), NULL));
    }
    if (f.n_dead > 0) {
        gw_say(p, "late",
               text_fill(cx, "gateway.box_sum_dead", "n", text_number(cx, f.n_dead), NULL));
    }
    return ERR_OK;
}

/* The system that a page is about; path null: none was named. */
static enum err
system_of(struct ctx *cx, const struct web_req *rq, struct exchange_subsystem *ret)
{
    *ret = (struct exchange_subsystem){ .path = STR_NULL };
    if (web_int(rq, "he-thong") == 0) {
        return ERR_OK;
    }
    TRY(exchange_subsystem_get(cx, web_int(rq, "he-thong"), ret));
    return require(cx, ret->path, ret->path);
}

static bool
died_before(const struct box_message *a, const struct box_message *b)
{
    return a->ended_us != b->ended_us ? a->ended_us < b->ended_us : a->id < b->id;
}

/* Into its place among those that died last, at most GW_SHOWN + 1; both ends of a line may be one's
 * own. */
static void
put_dead(struct box_message *v, size_t *n, const struct box_message *m)
{
    size_t at = *n;
    while (at > 0 && died_before(&v[at - 1], m)) {
        at--;
    }
    if ((at > 0 && v[at - 1].id == m->id) || at > GW_SHOWN) {
        return;
    }
    *n += *n > GW_SHOWN ? 0 : 1;
    for (size_t i = *n - 1; i > at; i--) {
        v[i] = v[i - 1];
    }
    v[at] = *m;
}

/* Those that the reader may see behind one, of one system when it has a path; *ret_n over GW_SHOWN:
 * there are more. */
static enum err
dead_of(struct ctx *cx, struct str path, const struct box_message *before, struct box_message **ret,
        size_t *ret_n)
{
    struct exchange_subsystem *own = NULL;
    size_t n_own = 0;
    if (path.p != NULL || access_may(cx, "exchange.manage")) {
        return box_dead(cx, path, before, ret, ret_n);
    }
    struct box_message *v = ARENA_ARRAY(cx->arena, struct box_message, GW_SHOWN + 1);
    size_t n = 0;
    TRY(exchange_subsystems(cx, 0, &own, &n_own));
    for (size_t i = 0; i < n_own; i++) {
        struct box_message *some = NULL;
        size_t n_some = 0;
        TRY(box_dead(cx, own[i].path, before, &some, &n_some));
        for (size_t k = 0; k < n_some; k++) {
            put_dead(v, &n, &some[k]);
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

static struct str
dead_href(struct ctx *cx, const struct exchange_subsystem *one, const struct box_message *last)
{
    return str_fmt(cx->arena, BOXES "/khong-phat?sau=%" PRId64 ".%" PRId64 STR_FMT, last->ended_us,
                   last->id, STR_ARG(one->id == 0 ? STR("") : gw_id(cx, "&he-thong=", one->id)));
}

/* The first of them, and where the others are. */
static enum err
show_dead(struct ctx *cx, struct tpl_gateway_page *p, const struct exchange_subsystem *one)
{
    const struct box_message first = { .id = 0 };
    struct box_message *v = NULL;
    size_t n = 0;
    TRY(dead_of(cx, one->path, &first, &v, &n));
    messages_table(cx, p, "gateway.box_dead", v, gw_shown(n));
    if (n > GW_SHOWN) {
        gw_link(p, dead_href(cx, one, &v[GW_SHOWN - 1]), text(cx, "gateway.box_dead_more"));
    }
    return ERR_OK;
}

enum err
gw_box_dead(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem one;
    struct box_message *v = NULL;
    size_t n = 0;
    int64_t key[2];
    TRY(gw_key(cx, web_text(rq, "sau"), key, COUNT_OF(key)));
    TRY(system_of(cx, rq, &one));
    const struct box_message before = { .ended_us = key[0], .id = key[1] };
    TRY(dead_of(cx, one.path, &before, &v, &n));
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.box_dead_short"));
    messages_table(cx, p, "gateway.box_dead", v, gw_shown(n));
    if (n > GW_SHOWN) {
        p->next = dead_href(cx, &one, &v[GW_SHOWN - 1]);
    }
    return gw_show_below(cx, rs, p, STR(BOXES), text(cx, "gateway.boxes"));
}

static enum err
open_form(struct ctx *cx, struct tpl_gateway_page *p)
{
    struct exchange_subsystem *v = NULL;
    size_t n = 0;
    TRY(exchange_subsystems(cx, 0, &v, &n));
    struct tpl_gateway_page_forms *f = gw_form(cx, p, STR(BOXES), "gateway.box_open");
    struct tpl_gateway_page_forms_fields *systems =
        gw_field(cx, f, GW_SELECT, "system", "gateway.system", STR_NULL);
    for (size_t i = 0; i < n; i++) {
        gw_option(systems, gw_id(cx, "", v[i].id), v[i].path);
    }
    struct tpl_gateway_page_forms_fields *place =
        gw_field(cx, f, GW_SELECT, "place", "gateway.box_place", STR("here"));
    gw_option(place, STR("here"), text(cx, "gateway.box_place.here"));
    gw_option(place, STR("away"), text(cx, "gateway.box_place.away"));
    return ERR_OK;
}

/* Of one's own systems, when one is not the operator of the exchange. */
static enum err
own_lines(struct ctx *cx, struct tpl_gateway_page *p)
{
    struct exchange_subsystem *v = NULL;
    struct box_line *all = ARENA_ARRAY(cx->arena, struct box_line, LINES_MAX);
    size_t n = 0;
    size_t n_all = 0;
    TRY(exchange_subsystems(cx, 0, &v, &n));
    for (size_t i = 0; i < n; i++) {
        struct box_line *lines = NULL;
        size_t n_lines = 0;
        TRY(box_lines(cx, v[i].path, 0, &lines, &n_lines));
        for (size_t k = 0; k < n_lines && n_all < LINES_MAX; k++) {
            all[n_all++] = lines[k];
        }
    }
    lines_table(cx, p, all, n_all);
    return ERR_OK;
}

enum err
gw_boxes(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem one;
    struct box_line *v = NULL;
    size_t n = 0;
    bool is_operator = access_may(cx, "exchange.manage");
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.boxes"));
    TRY(system_of(cx, rq, &one));
    if (is_operator) {
        TRY(say_figures(cx, p));
    }
    if (is_operator || one.path.p != NULL) {
        TRY(box_lines(cx, one.path, web_int(rq, "sau"), &v, &n));
        lines_table(cx, p, v, gw_shown(n));
        if (n > GW_SHOWN) {
            struct str own = web_int(rq, "he-thong") == 0
                                 ? STR("")
                                 : gw_id(cx, "&he-thong=", web_int(rq, "he-thong"));
            p->next =
                str_fmt(cx->arena, BOXES "?sau=%" PRId64 STR_FMT, v[GW_SHOWN - 1].id, STR_ARG(own));
        }
    } else {
        TRY(own_lines(cx, p));
    }
    TRY(show_dead(cx, p, &one));
    TRY(open_form(cx, p));
    return gw_show(cx, rs, p);
}

enum err
gw_box_open_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem s;
    int64_t service = 0;
    TRY(exchange_subsystem_get(cx, web_int(rq, "system"), &s));
    if (!exchange_may_act_for(cx, &s)) {
        return err_set(cx, ERR_FORBIDDEN, "not one's own system");
    }
    enum err e = box_open(cx, s.id, str_eq(web_text(rq, "place"), STR("away")), &service);
    if (e == ERR_CONFLICT) {
        ctx_problem(cx, STR("system"), STR("gateway.box_there"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/dich-vu/%" PRId64, service);
}

enum err
gw_box_try_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(box_try(cx, web_text(rq, "member")));
    web_flash(cx, rs, "gateway.box_tried");
    return web_see_other(cx, rs, BOXES);
}

/* --- one line, one message ---------------------------------------------------------------------
 */
enum err
gw_box_line(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct box_line l;
    struct box_message *v = NULL;
    size_t n = 0;
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(box_line(cx, id, &l));
    TRY(require(cx, l.sender, l.receiver));
    TRY(box_heads(cx, id, web_int(rq, "truoc"), &v, &n));
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.box_line"));
    lines_table(cx, p, &l, 1);
    messages_table(cx, p, "gateway.box_messages", v, gw_shown(n));
    if (n > GW_SHOWN) {
        p->next =
            str_fmt(cx->arena, BOXES "/dong/%" PRId64 "?truoc=%" PRId64, id, v[GW_SHOWN - 1].id);
    }
    return gw_show_below(cx, rs, p, STR(BOXES), text(cx, "gateway.boxes"));
}

static enum err
find_message(struct ctx *cx, const struct web_req *rq, struct box_message *ret)
{
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(box_head(cx, id, ret));
    return require(cx, ret->sender, ret->receiver);
}

static void
decide_form(struct ctx *cx, struct tpl_gateway_page *p, struct str action, const char *title,
            const char *why)
{
    struct tpl_gateway_page_forms *f = gw_form(cx, p, action, title);
    (void)gw_field(cx, f, GW_TEXT, why, "gateway.why", STR_NULL);
}

enum err
gw_box_message(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "gateway.box_file", "gateway.box_bytes",
                                         "gateway.box_hash", NULL };
    struct box_message m;
    TRY(find_message(cx, rq, &m));
    struct tpl_gateway_page *p =
        gw_page(cx, text_fill(cx, "gateway.box_message", "id", m.name, NULL));
    gw_say(p, "due",
           str_is_empty(m.topic)
               ? text_fill(cx, "gateway.box_way_plain", "from", m.sender, "to", m.receiver, NULL)
               : text_fill(cx, "gateway.box_way_of", "from", m.sender, "to", m.receiver, "topic",
                           m.topic, NULL));
    messages_table(cx, p, "gateway.box_messages", &m, 1);
    struct tpl_gateway_page_tables *t =
        m.n_files == 0 ? NULL : gw_table(cx, p, "gateway.box_files", heads, m.n_files);
    for (size_t i = 0; i < m.n_files; i++) {
        struct tpl_gateway_page_tables_rows *r = gw_row(cx, t, "ontime");
        gw_cell(r, m.files[i].name, STR_NULL);
        gw_cell(r, text_number(cx, m.files[i].n_bytes), STR_NULL);
        gw_cell(r, m.files[i].hash, STR_NULL);
    }
    if (str_eq(m.state, STR("dead"))) {
        struct str at = gw_id(cx, BOXES "/tin/", m.id);
        decide_form(cx, p, str_cat(cx->arena, at, STR("/dua-lai")), "gateway.box_back", "why");
        decide_form(cx, p, str_cat(cx->arena, at, STR("/bo")), "gateway.box_drop", "drop_why");
    }
    return gw_show_below(cx, rs, p, STR(BOXES), text(cx, "gateway.boxes"));
}

enum err
gw_box_back_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct box_message m;
    TRY(find_message(cx, rq, &m));
    TRY(box_put_back(cx, m.id, web_text(rq, "why")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, BOXES "/tin/%" PRId64, m.id);
}

enum err
gw_box_drop_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct box_message m;
    TRY(find_message(cx, rq, &m));
    TRY(box_drop(cx, m.id, web_text(rq, "drop_why")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, BOXES "/tin/%" PRId64, m.id);
}
