/* exchange_install.c: the pack's national services enter the catalogue; what pages ask about
 * connectors and simulators. */
#include "base/buf.h"
#include "codec/xml.h"
#include "engine/calendar/calendar.h"
#include "engine/exchange/exchange_int.h"
#include "engine/ledger/ledger.h"
#include "engine/pack/pack.h"
#include "engine/unit/unit.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"
#include "web/web.h"

#define TAKEN_MAX   100
#define CODES_BYTES 4096

/* The member and subsystem of a path; made when they are not there. */
static enum err
ensure_subsystem(struct ctx *cx, struct str parts[5], struct pack_text owner, struct str name,
                 struct str unit, int64_t *ret)
{
    struct q_xmember_by_code m;
    struct q_xsub_by_path s;
    enum err e = q_xmember_by_code(cx, &m, .class = parts[1], .code = parts[2]);
    if (e == ERR_NOT_FOUND) {
        struct exchange_member add = { .class_code = parts[1],
                                       .code = parts[2],
                                       .name = owner.vi,
                                       .name_en = owner.en,
                                       .unit = unit };
        TRY(exchange_member_add(cx, &add));
        m.id = add.id;
        e = ERR_OK;
    }
    TRY(e);
    e = q_xsub_by_path(cx, &s, .class = parts[1], .member_code = parts[2], .code = parts[3]);
    if (e == ERR_NOT_FOUND) {
        struct exchange_subsystem add = { .member_id = m.id, .code = parts[3], .name = name };
        TRY(exchange_subsystem_add(cx, &add));
        *ret = add.id;
        return ERR_OK;
    }
    *ret = s.id;
    return e;
}

/* Where the service is called: a simulator in the demo, else below the uplink's address. */
static struct str
endpoint_of(struct ctx *cx, const struct exchange_connector *c)
{
    const struct json *own = NULL;
    if (cx->config->is_demo) {
        return str_cat(cx->arena, STR("sim:"), c->id);
    }
    for (size_t i = 0; i < c->n_uplinks; i++) {
        if (exchange_uplink_account(cx, c->uplinks[i], &own) == ERR_OK) {
            return json_text(own, "base");
        }
    }
    return STR_NULL;
}

static struct str
all_codes(struct ctx *cx, const struct exchange_connector *c)
{
    struct buf b = buf_new(cx->arena, CODES_BYTES);
    for (size_t i = 0; i < c->n_steps; i++) {
        buf_add(&b, c->steps[i].id);
        buf_add_char(&b, ' ');
    }
    return str_trim(buf_str(&b));
}

static enum err
ensure_agreement(struct ctx *cx, const struct exchange_connector *c, int64_t consumer,
                 int64_t service)
{
    struct q_xagree_between_list have;
    TRY(q_xagree_between(cx, &have, .consumer_id = consumer, .service_id = service, .limit_n = 20));
    for (size_t i = 0; i < have.n; i++) {
        if (!str_eq(have.v[i].state, STR("refused"))) {
            return ERR_OK;
        }
    }
    struct str legal = pack_text(cx, c->legal);
    struct exchange_agreement a = { .consumer_id = consumer,
                                    .service_id = service,
                                    .operations = all_codes(cx, c),
                                    .purpose = text(cx, "exchange.install.purpose"),
                                    .legal_basis = str_is_empty(legal)
                                                       ? text(cx, "exchange.install.legal")
                                                       : legal };
    TRY(exchange_ask_access(cx, &a));
    a.state = STR("granted");
    a.note = text(cx, "exchange.install.note");
    return exchange_agreement_decide(cx, &a);
}

static enum err
install_one(struct ctx *cx, const struct exchange_connector *c, int64_t consumer, bool *ret_is_new)
{
    struct str p[5];
    struct q_xservice_by_path have;
    struct str document;
    int64_t sub = 0;
    int64_t version = 0;
    struct exchange_service s = { .code = STR(""), .endpoint = endpoint_of(cx, c) };
    *ret_is_new = false;
    if (exchange_path_parts(c->service, p) != 5 || str_is_empty(s.endpoint)) {
        return ERR_OK;
    }
    TRY(ensure_subsystem(cx, p, c->owner, pack_text(cx, c->name), STR_NULL, &sub));
    enum err e = q_xservice_by_path(cx, &have, .class = p[1], .member_code = p[2], .sub_code = p[3],
                                    .code = p[4]);
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    s.subsystem_id = sub;
    s.code = p[4];
    s.name = pack_text(cx, c->name);
    s.summary = pack_text(cx, c->summary);
    s.data_class = c->data_class;
    s.sla_ms = 1000;
    s.sla_permille = 995;
    s.timeout_ms = 10000;
    s.is_simulated = cx->config->is_demo;
    s.contact = cx->config->is_demo ? STR(EXCHANGE_DEMO_CONTACT) : STR("");
    TRY(exchange_service_add(cx, &s));
    TRY(exchange_describe(cx, c, &document));
    TRY(exchange_service_import(cx, s.id, document, &version));
    *ret_is_new = true;
    return ensure_agreement(cx, c, consumer, s.id);
}

enum err
exchange_install(struct ctx *cx, size_t *ret_n)
{
    const struct exchange_set *set = exchange_of_pack(cx);
    struct str p[5];
    int64_t consumer = 0;
    bool is_new = false;
    *ret_n = 0;
    if (set == NULL || exchange_path_parts(set->consumer, p) != 4) {
        return ERR_OK;
    }
    const struct unit *province =
        unit_at(cx, pack_province_at(pack_now(cx), calendar_today(cx)), calendar_today(cx));
    struct pack_text owner = set->consumer_name;
    struct str unit = STR_NULL;
    if (province != NULL) {
        owner = province->name;
        unit = province->key;
    }
    TRY(ensure_subsystem(cx, p, owner, pack_text(cx, set->consumer_name), unit, &consumer));
    for (size_t i = 0; i < set->n_connectors; i++) {
        TRY(install_one(cx, &set->connectors[i], consumer, &is_new));
        *ret_n += is_new ? 1 : 0;
    }
    return ERR_OK;
}

/* --- for pages -------------------------------------------------------------------------------- */
size_t
exchange_connectors(struct ctx *cx, struct exchange_connector_info **ret)
{
    const struct exchange_set *set = exchange_of_pack(cx);
    size_t n = set == NULL ? 0 : set->n_connectors;
    struct exchange_connector_info *v =
        ARENA_ARRAY(cx->arena, struct exchange_connector_info, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct exchange_connector *c = &set->connectors[i];
        struct buf b = buf_new(cx->arena, CODES_BYTES);
        for (size_t k = 0; k < c->n_uplinks; k++) {
            const struct exchange_uplink *u = exchange_uplink(cx, c->uplinks[k]);
            buf_add(&b, k == 0 ? STR("") : STR(", "));
            buf_add(&b, u == NULL ? c->uplinks[k] : pack_text(cx, u->name));
        }
        v[i] = (struct exchange_connector_info){
            .id = c->id,
            .service = c->service,
            .mode = cx->config->is_demo ? exchange_sim_mode(cx, c->id) : STR_NULL,
            .name = pack_text(cx, c->name),
            .owner = pack_text(cx, c->owner),
            .uplinks = buf_str(&b),
            .n_steps = c->n_steps,
        };
    }
    *ret = v;
    return n;
}

struct mode_job {
    struct str service, mode;
};

static enum err
mode_tx(struct ctx *cx, void *arg)
{
    const struct mode_job *job = arg;
    struct ledger_new e = { .kind = "exchange.sim_mode",
                            .object = str_cat(cx->arena, STR("simulator:"), job->service),
                            .note = job->mode };
    TRY(q_xsim_mode_put(cx, NULL, .service = job->service, .mode = job->mode));
    return ledger_add(cx, &e);
}

enum err
exchange_sim_set(struct ctx *cx, struct str service, struct str mode)
{
    struct mode_job job = { service, mode };
    if (!cx->config->is_demo) {
        return err_set(cx, ERR_FORBIDDEN, "simulators exist in the demo only");
    }
    if (exchange_connector(cx, service) == NULL ||
        !exchange_names(STR("normal slow faulty down lossy"), mode)) {
        return err_set(cx, ERR_NOT_FOUND, "no such simulator or mode");
    }
    return store_write(cx, mode_tx, &job);
}

enum err
exchange_sim_call(struct ctx *cx, struct str service, struct str path, struct str query,
                  struct str body, struct exchange_answer *ret)
{
    const struct exchange_connector *c = exchange_connector(cx, service);
    struct exchange_sim_request rq = {
        .service = service, .path = path, .query = query, .body = body
    };
    for (size_t i = 0; c != NULL && i < c->n_steps; i++) {
        struct str own = c->style == EXCHANGE_SOAP ? str_cat(cx->arena, STR("/"), c->steps[i].id)
                                                   : c->steps[i].path;
        if (str_eq(own, path)) {
            rq.operation = c->steps[i].id;
            return exchange_simulate(cx, &rq, ret);
        }
    }
    return err_set(cx, ERR_NOT_FOUND, "no such operation");
}

/* A SOAP message of the leaves that were typed. */
static enum err
soap_of(struct ctx *cx, const struct exchange_connector *c, struct str operation, struct str body,
        struct str *ret)
{
    struct json *tree = NULL;
    struct json_limits limits = { 0 };
    struct buf b = buf_new(cx->arena, (size_t)64 << 10);
    if (json_parse(cx->arena, body, limits, &tree, NULL) != ERR_OK) {
        return err_set(cx, ERR_BAD_REQUEST, "not JSON");
    }
    buf_addf(&b,
             "<s:Envelope xmlns:s=\"" EXCHANGE_SOAP_NS "\"><s:Body><t:" STR_FMT
             " xmlns:t=\"" STR_FMT "\">",
             STR_ARG(operation), STR_ARG(c->ns));
    for (JSON_EACH(tree, it)) {
        if (it->type == JSON_STRING && exchange_is_code(it->key)) {
            buf_addf(&b, "<t:" STR_FMT ">", STR_ARG(it->key));
            xml_escape_to(&b, it->text);
            buf_addf(&b, "</t:" STR_FMT ">", STR_ARG(it->key));
        }
    }
    buf_addf(&b, "</t:" STR_FMT "></s:Body></s:Envelope>", STR_ARG(operation));
    *ret = buf_str(&b);
    return ERR_OK;
}

enum err
exchange_sim_try(struct ctx *cx, struct str service, struct str operation, struct str body,
                 struct exchange_answer *ret)
{
    const struct exchange_connector *c = exchange_connector(cx, service);
    struct exchange_sim_request rq = { .service = service, .operation = operation, .body = body };
    if (c != NULL && c->style == EXCHANGE_SOAP && exchange_step(c, operation) != NULL) {
        TRY(soap_of(cx, c, operation, body, &rq.body));
    }
    return exchange_simulate(cx, &rq, ret);
}

enum err
exchange_sim_holds(struct ctx *cx, struct str service, struct str key, const struct json **ret)
{
    struct q_xsim_row_get row;
    struct json *tree = NULL;
    if (!cx->config->is_demo) {
        return err_set(cx, ERR_FORBIDDEN, "simulators exist in the demo only");
    }
    TRY(q_xsim_row_get(cx, &row, .service = service, .key = key));
    TRY(json_parse(cx->arena, row.body, (struct json_limits){ 0 }, &tree, NULL));
    *ret = tree;
    return ERR_OK;
}

enum err
exchange_sim_messages(struct ctx *cx, struct str service, struct str key,
                      struct exchange_sim_message **ret, size_t *ret_n)
{
    struct exchange_sim_message *v = ARENA_ARRAY(cx->arena, struct exchange_sim_message, TAKEN_MAX);
    size_t n = 0;
    if (!cx->config->is_demo) {
        return err_set(cx, ERR_FORBIDDEN, "simulators exist in the demo only");
    }
    if (!str_is_empty(key)) {
        struct q_xsim_messages_list l;
        TRY(q_xsim_messages(cx, &l, .service = service, .key = key, .limit_n = TAKEN_MAX));
        for (; n < l.n; n++) {
            v[n] = (struct exchange_sim_message){ .id = l.v[n].id,
                                                  .at_us = l.v[n].at_us,
                                                  .n_again = l.v[n].n_again,
                                                  .key = key,
                                                  .message = l.v[n].message,
                                                  .status = l.v[n].status };
        }
    } else {
        struct q_xsim_taken_list l;
        TRY(q_xsim_taken(cx, &l, .service = service, .limit_n = TAKEN_MAX));
        for (; n < l.n; n++) {
            v[n] = (struct exchange_sim_message){ .id = l.v[n].id,
                                                  .at_us = l.v[n].at_us,
                                                  .n_again = l.v[n].n_again,
                                                  .key = l.v[n].key,
                                                  .message = l.v[n].message,
                                                  .status = l.v[n].status };
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

/* Agreements, keys or members changed: the relay of this process, if there is one, hears of it. */
static enum err
on_policy(struct ctx *cx, struct str key, struct str payload)
{
    (void)key;
    (void)payload;
    return exchange_relay_apply(cx);
}

const struct jobs_topic exchange_topics[] = {
    { STR_INIT("exchange.call"), exchange_on_call },
    { STR_INIT("exchange.policy"), on_policy },
    { STR_INIT("dossier.status"), exchange_on_status },
    { { NULL, 0 }, NULL },
};
