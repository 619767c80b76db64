/* exchange_catalogue.c: members, their subsystems and services. */
#include "codec/url.h"
#include "codec/vn.h"
#include "engine/access/access.h"
#include "engine/exchange/exchange_int.h"
#include "engine/ledger/ledger.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#define MEMBERS_MAX    100
#define SUBSYSTEMS_MAX 200
#define SERVICES_MAX   60
#define SCAN_PAGE      200
#define SCAN_PAGES     50

static struct str
or_empty(struct str s)
{
    return s.p == NULL ? STR("") : s;
}

static enum err
note(struct ctx *cx, const char *kind, const char *what, int64_t id, struct str words)
{
    struct ledger_new e = { .kind = kind, .object = ledger_object(cx, what, id), .note = words };
    return ledger_add(cx, &e);
}

/* --- members ---------------------------------------------------------------------------------- */
static enum err
member_tx(struct ctx *cx, void *arg)
{
    struct exchange_member *m = arg;
    struct q_xmember_by_code have;
    enum err e = q_xmember_by_code(cx, &have, .class = m->class_code, .code = m->code);
    if (e != ERR_NOT_FOUND) {
        return e == ERR_OK ? err_set(cx, ERR_CONFLICT, "member code is taken") : e;
    }
    m->id = store_new_id(cx);
    TRY(q_xmember_insert(cx, NULL, .id = m->id, .class = m->class_code, .code = m->code,
                         .name = m->name, .name_en = or_empty(m->name_en), .unit = m->unit,
                         .contact = or_empty(m->contact), .created_us = sys_now_us(cx)));
    return note(cx, "exchange.member_added", "exchange_member", m->id, m->code);
}

enum err
exchange_member_add(struct ctx *cx, struct exchange_member *m)
{
    if (!exchange_is_code(m->code)) {
        ctx_problem(cx, STR("code"), STR("exchange.code_form"), m->code);
    }
    if (!exchange_is_code(m->class_code)) {
        ctx_problem(cx, STR("class"), STR("exchange.code_form"), m->class_code);
    }
    if (str_is_empty(m->name)) {
        ctx_problem(cx, STR("name"), STR("exchange.name_missing"), STR_NULL);
    }
    TRY(ctx_check(cx));
    return cx->is_writing ? member_tx(cx, m) : store_write(cx, member_tx, m);
}

enum err
exchange_member_get(struct ctx *cx, int64_t id, struct exchange_member *ret)
{
    struct q_xmember_by_id r;
    TRY(q_xmember_by_id(cx, &r, .id = id));
    *ret = (struct exchange_member){ r.id,   r.class,   r.code,  r.name, r.name_en,
                                     r.unit, r.contact, r.state, r.note };
    return ERR_OK;
}

enum err
exchange_member_by_path(struct ctx *cx, struct str path, struct exchange_member *ret)
{
    struct q_xmember_by_code row;
    struct str instance;
    struct str rest;
    struct str class_code;
    struct str code;
    if (!str_cut(path, '/', &instance, &rest) || !str_cut(rest, '/', &class_code, &code) ||
        !str_eq(instance, STR(EXCHANGE_INSTANCE))) {
        return err_set(cx, ERR_NOT_FOUND, "no member's path");
    }
    TRY(q_xmember_by_code(cx, &row, .class = class_code, .code = code));
    return exchange_member_get(cx, row.id, ret);
}

static bool
member_matches(struct ctx *cx, const struct q_xmember_list *r, struct str folded)
{
    struct str all =
        str_fmt(cx->arena, STR_FMT " " STR_FMT " " STR_FMT "/" STR_FMT, STR_ARG(r->name),
                STR_ARG(r->name_en), STR_ARG(r->class), STR_ARG(r->code));
    struct str where = folded.n == 0 ? STR("") : vn_fold(cx->arena, all);
    return folded.n == 0 || str_find(where, folded) < where.n;
}

enum err
exchange_members(struct ctx *cx, struct str words, struct str after, struct exchange_member **ret,
                 size_t *ret_n)
{
    struct str folded = vn_fold(cx->arena, str_trim(or_empty(words)));
    struct str class_code = STR("");
    struct str code = STR("");
    struct exchange_member *v = ARENA_ARRAY(cx->arena, struct exchange_member, MEMBERS_MAX);
    size_t n = 0;
    (void)str_cut(or_empty(after), '/', &class_code, &code);
    for (int page = 0; page < SCAN_PAGES && n < MEMBERS_MAX; page++) {
        struct q_xmember_list_list list;
        TRY(q_xmember_list(cx, &list, .class = or_empty(class_code), .code = or_empty(code),
                           .limit_n = MEMBERS_MAX));
        for (size_t i = 0; i < list.n && n < MEMBERS_MAX; i++) {
            const struct q_xmember_list *r = &list.v[i];
            class_code = r->class;
            code = r->code;
            if (member_matches(cx, r, folded)) {
                v[n++] =
                    (struct exchange_member){ r->id,   r->class,   r->code,  r->name, r->name_en,
                                              r->unit, r->contact, r->state, r->note };
            }
        }
        if (list.n < MEMBERS_MAX) {
            break;
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

enum err
exchange_catalogue_n(struct ctx *cx, int64_t *ret_members, int64_t *ret_services)
{
    struct q_xcatalogue_n row;
    TRY(q_xcatalogue_n(cx, &row));
    *ret_members = row.members;
    *ret_services = row.services;
    return ERR_OK;
}

struct state_job {
    int64_t id;
    struct str state, why;
};

static enum err
suspend_tx(struct ctx *cx, void *arg)
{
    const struct state_job *job = arg;
    int64_t n = 0;
    TRY(q_xmember_set_state(cx, &n, .id = job->id, .state = job->state, .note = job->why));
    if (n != 1) {
        return err_set(cx, ERR_NOT_FOUND, "no such member");
    }
    TRY(exchange_changed(cx));
    return note(cx, "exchange.member_state", "exchange_member", job->id, job->state);
}

enum err
exchange_member_suspend(struct ctx *cx, int64_t id, bool is_suspended, struct str why)
{
    struct state_job job = { id, is_suspended ? STR("suspended") : STR("active"), or_empty(why) };
    if (is_suspended && str_is_empty(why)) {
        ctx_problem(cx, STR("note"), STR("exchange.why_missing"), STR_NULL);
        return ctx_check(cx);
    }
    return store_write(cx, suspend_tx, &job);
}

/* --- subsystems ------------------------------------------------------------------------------- */
static enum err
subsystem_tx(struct ctx *cx, void *arg)
{
    struct exchange_subsystem *s = arg;
    struct exchange_member m;
    struct q_xsub_by_path have;
    TRY(exchange_member_get(cx, s->member_id, &m));
    enum err e =
        q_xsub_by_path(cx, &have, .class = m.class_code, .member_code = m.code, .code = s->code);
    if (e != ERR_NOT_FOUND) {
        return e == ERR_OK ? err_set(cx, ERR_CONFLICT, "subsystem code is taken") : e;
    }
    s->id = store_new_id(cx);
    TRY(q_xsub_insert(cx, NULL, .id = s->id, .member_id = s->member_id, .code = s->code,
                      .name = s->name, .contact = or_empty(s->contact),
                      .ip_allow = or_empty(s->ip_allow), .created_us = sys_now_us(cx)));
    return note(cx, "exchange.subsystem_added", "exchange_subsystem", s->id, s->code);
}

enum err
exchange_subsystem_add(struct ctx *cx, struct exchange_subsystem *s)
{
    if (!exchange_is_code(s->code)) {
        ctx_problem(cx, STR("code"), STR("exchange.code_form"), s->code);
    }
    if (str_is_empty(s->name)) {
        ctx_problem(cx, STR("name"), STR("exchange.name_missing"), STR_NULL);
    }
    if (!exchange_ip_is_valid(or_empty(s->ip_allow))) {
        ctx_problem(cx, STR("ip_allow"), STR("exchange.ip_form"), STR_NULL);
    }
    TRY(ctx_check(cx));
    return cx->is_writing ? subsystem_tx(cx, s) : store_write(cx, subsystem_tx, s);
}

enum err
exchange_subsystem_get(struct ctx *cx, int64_t id, struct exchange_subsystem *ret)
{
    struct q_xsub_by_id r;
    TRY(q_xsub_by_id(cx, &r, .id = id));
    *ret = (struct exchange_subsystem){
        .id = r.id,
        .member_id = r.member_id,
        .code = r.code,
        .name = r.name,
        .contact = r.contact,
        .ip_allow = r.ip_allow,
        .state = r.state,
        .path = str_fmt(cx->arena, EXCHANGE_INSTANCE "/" STR_FMT "/" STR_FMT "/" STR_FMT,
                        STR_ARG(r.class), STR_ARG(r.member_code), STR_ARG(r.code)),
        .member_name = r.member_name,
        .unit = r.unit,
        .member_state = r.member_state,
    };
    return ERR_OK;
}

enum err
exchange_subsystem_by_path(struct ctx *cx, struct str path, struct exchange_subsystem *ret)
{
    struct str p[5];
    struct q_xsub_by_path r;
    if (exchange_path_parts(path, p) != 4) {
        return err_set(cx, ERR_NOT_FOUND, "not the name of a subsystem");
    }
    TRY(q_xsub_by_path(cx, &r, .class = p[1], .member_code = p[2], .code = p[3]));
    return exchange_subsystem_get(cx, r.id, ret);
}

bool
exchange_may_act_for(struct ctx *cx, const struct exchange_subsystem *s)
{
    if (access_may(cx, "exchange.manage")) {
        return true;
    }
    return !str_is_empty(s->unit) && access_may_in(cx, "exchange.call", s->unit);
}

/* Ids of one member's, of those the actor's units have, or (for the exchange's operators) of all.
 */
static enum err
subsystem_ids(struct ctx *cx, int64_t member_id, int64_t *ids, size_t *ret_n)
{
    struct access_position *positions = NULL;
    size_t n = 0;
    if (member_id != 0) {
        struct q_xsub_of_member_list list;
        TRY(q_xsub_of_member(cx, &list, .member_id = member_id, .limit_n = SUBSYSTEMS_MAX));
        for (; n < list.n; n++) {
            ids[n] = list.v[n].id;
        }
    } else if (access_may(cx, "exchange.manage")) {
        struct q_xsub_all_list list;
        TRY(q_xsub_all(cx, &list, .after = 0, .limit_n = SUBSYSTEMS_MAX));
        for (; n < list.n; n++) {
            ids[n] = list.v[n].id;
        }
    } else {
        size_t n_positions = access_positions_for(cx, "exchange.call", &positions);
        for (size_t i = 0; i < n_positions; i++) {
            struct q_xsub_of_unit_list list;
            TRY(q_xsub_of_unit(cx, &list, .unit = positions[i].unit, .limit_n = SUBSYSTEMS_MAX));
            for (size_t k = 0; k < list.n && n < SUBSYSTEMS_MAX; k++) {
                ids[n++] = list.v[k].id;
            }
        }
    }
    *ret_n = n;
    return ERR_OK;
}

enum err
exchange_subsystems(struct ctx *cx, int64_t member_id, struct exchange_subsystem **ret,
                    size_t *ret_n)
{
    int64_t ids[SUBSYSTEMS_MAX];
    size_t n = 0;
    TRY(subsystem_ids(cx, member_id, ids, &n));
    struct exchange_subsystem *v = ARENA_ARRAY(cx->arena, struct exchange_subsystem, n);
    for (size_t i = 0; i < n; i++) {
        TRY(exchange_subsystem_get(cx, ids[i], &v[i]));
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

static enum err
ip_tx(struct ctx *cx, void *arg)
{
    const struct state_job *job = arg;
    TRY(q_xsub_set_ip(cx, NULL, .id = job->id, .ip_allow = job->why));
    TRY(exchange_changed(cx));
    return note(cx, "exchange.subsystem_ip", "exchange_subsystem", job->id, job->why);
}

enum err
exchange_subsystem_set_ip(struct ctx *cx, int64_t id, struct str ip_allow)
{
    struct state_job job = { id, STR(""), str_trim(or_empty(ip_allow)) };
    if (!exchange_ip_is_valid(job.why)) {
        ctx_problem(cx, STR("ip_allow"), STR("exchange.ip_form"), STR_NULL);
        return ctx_check(cx);
    }
    return store_write(cx, ip_tx, &job);
}

/* --- services --------------------------------------------------------------------------------- */
static bool
is_data_class(struct str s)
{
    return exchange_names(STR("open internal personal sensitive"), s);
}

/* A place that calls may be sent to: a simulator's name or an http(s) address, without query: an
 * operation's path follows. */
static bool
is_endpoint(struct str s)
{
    struct url_parts url;
    bool is_url = !str_has_char(s, '?') && !str_has_char(s, '#') && exchange_url_split(s, &url);
    return is_url || str_starts(s, STR("sim:")) || str_eq(s, STR(EXCHANGE_NODE_ENDPOINT)) ||
           str_eq(s, STR(EXCHANGE_BOX_ENDPOINT));
}

static enum err
service_tx(struct ctx *cx, void *arg)
{
    struct exchange_service *s = arg;
    struct exchange_subsystem sub;
    struct q_xservice_by_path have;
    struct str p[5];
    TRY(exchange_subsystem_get(cx, s->subsystem_id, &sub));
    ASSERT(exchange_path_parts(sub.path, p) == 4);
    enum err e = q_xservice_by_path(cx, &have, .class = p[1], .member_code = p[2], .sub_code = p[3],
                                    .code = s->code);
    if (e != ERR_NOT_FOUND) {
        return e == ERR_OK ? err_set(cx, ERR_CONFLICT, "service code is taken") : e;
    }
    s->id = store_new_id(cx);
    TRY(q_xservice_insert(cx, NULL, .id = s->id, .subsystem_id = s->subsystem_id, .code = s->code,
                          .name = s->name, .summary = or_empty(s->summary),
                          .data_class = s->data_class, .contact = or_empty(s->contact),
                          .sla_ms = s->sla_ms, .sla_permille = s->sla_permille,
                          .endpoint = s->endpoint, .timeout_ms = s->timeout_ms,
                          .is_simulated = s->is_simulated, .created_us = sys_now_us(cx)));
    return note(cx, "exchange.service_added", "exchange_service", s->id, s->code);
}

enum err
exchange_service_add(struct ctx *cx, struct exchange_service *s)
{
    if (!exchange_is_code(s->code)) {
        ctx_problem(cx, STR("code"), STR("exchange.code_form"), s->code);
    }
    if (exchange_meta_is_code(s->code)) {
        ctx_problem(cx, STR("code"), STR("exchange.code_reserved"), s->code);
    }
    if (str_is_empty(s->name)) {
        ctx_problem(cx, STR("name"), STR("exchange.name_missing"), STR_NULL);
    }
    if (!is_data_class(s->data_class)) {
        ctx_problem(cx, STR("data_class"), STR("exchange.data_class_form"), STR_NULL);
    }
    if (!is_endpoint(s->endpoint)) {
        ctx_problem(cx, STR("endpoint"), STR("exchange.endpoint_form"), STR_NULL);
    }
    TRY(ctx_check(cx));
    return cx->is_writing ? service_tx(cx, s) : store_write(cx, service_tx, s);
}

struct move {
    int64_t service;
    struct str endpoint, contact;
};

static enum err
move_tx(struct ctx *cx, void *arg)
{
    const struct move *m = arg;
    TRY(q_xservice_move(cx, NULL, .id = m->service, .contact = m->contact,
                        .endpoint = m->endpoint));
    TRY(exchange_changed(cx));
    return note(cx, "exchange.service_moved", "exchange_service", m->service, m->endpoint);
}

static bool
is_of_program(struct str endpoint)
{
    return str_starts(endpoint, STR("sim:")) || str_eq(endpoint, STR(EXCHANGE_BOX_ENDPOINT));
}

enum err
exchange_service_move(struct ctx *cx, const struct exchange_service *from, struct str endpoint,
                      struct str contact)
{
    struct move m = { from->id, endpoint, or_empty(contact) };
    bool is_other = !str_eq(endpoint, from->endpoint);
    if (is_other &&
        (!is_endpoint(endpoint) || is_of_program(endpoint) || is_of_program(from->endpoint))) {
        ctx_problem(cx, STR("endpoint"), STR("exchange.endpoint_form"), STR_NULL);
    }
    TRY(ctx_check(cx));
    return store_write(cx, move_tx, &m);
}

enum err
exchange_service_get(struct ctx *cx, int64_t id, struct exchange_service *ret)
{
    struct q_xservice_by_id r;
    TRY(q_xservice_by_id(cx, &r, .id = id));
    *ret = (struct exchange_service){
        .id = r.id,
        .subsystem_id = r.subsystem_id,
        .version_id = r.version_id,
        .sla_ms = r.sla_ms,
        .sla_permille = r.sla_permille,
        .timeout_ms = r.timeout_ms,
        .code = r.code,
        .name = r.name,
        .summary = r.summary,
        .data_class = r.data_class,
        .contact = r.contact,
        .endpoint = r.endpoint,
        .state = str_eq(r.member_state, STR("active")) ? r.state : STR("suspended"),
        .path =
            str_fmt(cx->arena, EXCHANGE_INSTANCE "/" STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT,
                    STR_ARG(r.class), STR_ARG(r.member_code), STR_ARG(r.sub_code), STR_ARG(r.code)),
        .owner_name = r.member_name,
        .unit = r.unit,
        .is_simulated = r.is_simulated != 0,
    };
    return ERR_OK;
}

enum err
exchange_service_by_path(struct ctx *cx, struct str path, struct exchange_service *ret)
{
    struct str p[5];
    struct q_xservice_by_path r;
    if (exchange_path_parts(path, p) != 5) {
        return err_set(cx, ERR_NOT_FOUND, "not the name of a service");
    }
    TRY(q_xservice_by_path(cx, &r, .class = p[1], .member_code = p[2], .sub_code = p[3],
                           .code = p[4]));
    return exchange_service_get(cx, r.id, ret);
}

struct found {
    int64_t id;
    struct str name, code, summary;
};

/* One page of rows in order of id; is_all: drafts and retired ones too. */
static enum err
service_page(struct ctx *cx, bool is_all, int64_t after, struct found **ret, size_t *ret_n)
{
    struct q_xservice_all_list all = { 0 };
    struct q_xservice_published_list some = { 0 };
    if (is_all) {
        TRY(q_xservice_all(cx, &all, .after = after, .limit_n = SCAN_PAGE));
    } else {
        TRY(q_xservice_published(cx, &some, .after = after, .limit_n = SCAN_PAGE));
    }
    size_t n = is_all ? all.n : some.n;
    struct found *v = ARENA_ARRAY(cx->arena, struct found, n);
    for (size_t i = 0; i < n; i++) {
        v[i] =
            is_all
                ? (struct found){ all.v[i].id, all.v[i].name, all.v[i].code, all.v[i].summary }
                : (struct found){ some.v[i].id, some.v[i].name, some.v[i].code, some.v[i].summary };
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

static bool
matches(struct ctx *cx, const struct found *f, struct str folded)
{
    struct str text =
        vn_fold(cx->arena, str_fmt(cx->arena, STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(f->name),
                                   STR_ARG(f->code), STR_ARG(f->summary)));
    return str_is_empty(folded) || str_find(text, folded) < text.n;
}

enum err
exchange_services(struct ctx *cx, struct str words, bool is_all, int64_t after,
                  struct exchange_service **ret, size_t *ret_n)
{
    struct str folded = vn_fold(cx->arena, str_trim(or_empty(words)));
    struct exchange_service *v = ARENA_ARRAY(cx->arena, struct exchange_service, SERVICES_MAX);
    size_t n = 0;
    for (int page = 0; page < SCAN_PAGES && n < SERVICES_MAX; page++) {
        struct found *rows = NULL;
        size_t n_rows = 0;
        TRY(service_page(cx, is_all, after, &rows, &n_rows));
        for (size_t i = 0; i < n_rows && n < SERVICES_MAX; i++) {
            after = rows[i].id;
            if (matches(cx, &rows[i], folded)) {
                TRY(exchange_service_get(cx, rows[i].id, &v[n++]));
            }
        }
        if (n_rows < SCAN_PAGE) {
            break;
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}
