/* gateway_catalogue.c: find a service, read it, ask for it, try it; add one, import a version. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/url.h"
#include "engine/access/access.h"
#include "engine/watch/watch.h"
#include "office/gateway/gateway_int.h"
#include "sys/sys.h"

#define CURL_BYTES  4096
#define CODES_BYTES 16384
#define TRY_BYTES   8192
#define FACTS_N     6

static bool
is_integrator(struct ctx *cx)
{
    return access_may(cx, "exchange.call");
}

enum err
gw_overview(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_gateway_overview *data = ARENA_NEW(cx->arena, struct tpl_gateway_overview);
    struct exchange_service *v = NULL;
    size_t n = 0;
    int64_t n_members = 0;
    int64_t n_services = 0;
    int64_t calls = 0;
    TRY(exchange_services(cx, web_text(rq, "q"), false, web_int(rq, "sau"), &v, &n));
    TRY(watch_month_n(cx, watch_month(cx, sys_now_us(cx), 0), &calls));
    TRY(exchange_catalogue_n(cx, &n_members, &n_services));
    data->q = web_text(rq, "q").p == NULL ? STR("") : web_text(rq, "q");
    data->demo = cx->config->is_demo;
    data->n_services = text_number(cx, n_services);
    data->n_members = text_number(cx, n_members);
    data->n_calls = text_number(cx, calls);
    data->is_integrator = is_integrator(cx);
    data->may_manage = access_may(cx, "exchange.manage");
    size_t n_shown = gw_shown(n);
    data->services.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_overview_services, n_shown);
    for (size_t i = 0; i < n_shown; i++) {
        data->services.v[data->services.n++] = (struct tpl_gateway_overview_services){
            .href = gw_id(cx, "/truc/dich-vu/", v[i].id),
            .name = v[i].name,
            .owner = v[i].owner_name,
            .summary = v[i].summary,
            .path = v[i].path,
            .word = gw_word(cx, "class", v[i].data_class),
            .is_simulated = v[i].is_simulated,
        };
    }
    data->next = n > n_shown ? str_fmt(cx->arena, "/truc?sau=%" PRId64 "&q=" STR_FMT,
                                       v[n_shown - 1].id, STR_ARG(url_encode(cx->arena, data->q)))
                             : STR("");
    web_title(rs, text(cx, "gateway.title"));
    return web_page(cx, rs, &tpl_gateway_overview_t, data);
}

/* --- one service ------------------------------------------------------------------------------ */
static enum err
find_service(struct ctx *cx, const struct web_req *rq, struct exchange_service *ret)
{
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(exchange_service_get(cx, id, ret));
    bool is_shown = ret->version_id != 0 || access_may(cx, "exchange.read");
    return is_shown ? ERR_OK : err_set(cx, ERR_NOT_FOUND, "a draft");
}

static void
fill_operation(struct ctx *cx, const struct exchange_operation *o,
               struct tpl_gateway_service_operations *ret)
{
    *ret = (struct tpl_gateway_service_operations){
        .code = o->code,
        .method = o->method,
        .path = o->path,
        .summary = str_is_empty(o->summary) ? o->code : o->summary,
    };
    ret->inputs.v =
        ARENA_ARRAY(cx->arena, struct tpl_gateway_service_operations_inputs, o->n_inputs);
    ret->outputs.v =
        ARENA_ARRAY(cx->arena, struct tpl_gateway_service_operations_outputs, o->n_outputs);
    for (size_t i = 0; i < o->n_inputs; i++) {
        ret->inputs.v[ret->inputs.n++] = (struct tpl_gateway_service_operations_inputs){
            o->inputs[i].path, o->inputs[i].type, o->inputs[i].text, o->inputs[i].is_required
        };
    }
    for (size_t i = 0; i < o->n_outputs; i++) {
        ret->outputs.v[ret->outputs.n++] =
            (struct tpl_gateway_service_operations_outputs){ o->outputs[i].path, o->outputs[i].type,
                                                             o->outputs[i].text };
    }
}

/* What a program writes to call the first operation. */
static struct str
curl_of(struct ctx *cx, const struct exchange_service *s, const struct exchange_operation *o)
{
    struct buf b = buf_new(cx->arena, CURL_BYTES);
    struct str base = cx->config->base_url;
    buf_addf(&b,
             "TOKEN=$(curl -s -u \"$CLIENT_ID:$CLIENT_SECRET\" \\\n  -d "
             "grant_type=client_credentials " STR_FMT "/token | jq -r .access_token)\n",
             STR_ARG(base));
    buf_addf(&b, "curl -H \"Authorization: Bearer $TOKEN\" \\\n  -H 'X-Road-Client: "
                 "VN/GOV/…/…' \\\n");
    if (!str_is_empty(o->element)) {
        buf_addf(&b,
                 "  -H 'Content-Type: text/xml; charset=utf-8' -H 'SOAPAction: \"" STR_FMT
                 "\"' \\\n  --data-binary @envelope.xml \"$RELAY/r1/" STR_FMT "\"",
                 STR_ARG(o->action), STR_ARG(s->path));
        return buf_str(&b);
    }
    buf_addf(&b, "  -X " STR_FMT " \"$RELAY/r1/" STR_FMT STR_FMT "\"", STR_ARG(o->method),
             STR_ARG(s->path), STR_ARG(o->path));
    return buf_str(&b);
}

static enum err
fill_agreements(struct ctx *cx, const struct exchange_service *s, struct tpl_gateway_service *data)
{
    struct exchange_agreement *v = NULL;
    size_t n = 0;
    if (!data->is_integrator) {
        return ERR_OK;
    }
    TRY(exchange_agreements(cx, 0, s->id, STR_NULL, 0, &v, &n));
    data->agreements.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_service_agreements, n);
    for (size_t i = 0; i < n; i++) {
        struct exchange_subsystem sub;
        TRY(exchange_subsystem_get(cx, v[i].consumer_id, &sub));
        if (exchange_may_act_for(cx, &sub)) {
            data->agreements.v[data->agreements.n++] = (struct tpl_gateway_service_agreements){
                .href = gw_id(cx, "/truc/thoa-thuan/", v[i].id),
                .system = v[i].consumer_name,
                .word = gw_word(cx, "state", v[i].state),
                .kind = str_eq(v[i].state, STR("granted")) ? STR("done") : STR("wait"),
            };
        }
    }
    return ERR_OK;
}

static void
fill_facts(struct ctx *cx, const struct exchange_service *s, struct tpl_gateway_service *data)
{
    struct tpl_gateway_service_facts *v =
        ARENA_ARRAY(cx->arena, struct tpl_gateway_service_facts, FACTS_N);
    v[0] = (struct tpl_gateway_service_facts){ text(cx, "gateway.owner"), s->owner_name };
    v[1] = (struct tpl_gateway_service_facts){ text(cx, "gateway.data_class"),
                                               gw_word(cx, "class", s->data_class) };
    v[2] = (struct tpl_gateway_service_facts){
        text(cx, "gateway.sla"), text_fill(cx, "gateway.sla_text", "ms", text_number(cx, s->sla_ms),
                                           "share", gw_percent(cx, s->sla_permille, 1000), NULL)
    };
    v[3] = (struct tpl_gateway_service_facts){ text(cx, "gateway.state"),
                                               gw_word(cx, "state", s->state) };
    v[4] = (struct tpl_gateway_service_facts){ text(cx, "gateway.version"), data->version };
    v[5] = (struct tpl_gateway_service_facts){ text(cx, "gateway.contact"), s->contact };
    data->facts.v = v;
    data->facts.n = str_is_empty(s->contact) ? FACTS_N - 1 : FACTS_N;
}

static void
fill_versions(struct ctx *cx, struct tpl_gateway_service *data, const struct exchange_version *v,
              size_t n, int64_t now)
{
    data->versions.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_service_versions, n);
    for (size_t i = 0; i < n; i++) {
        data->versions.v[data->versions.n++] = (struct tpl_gateway_service_versions){
            .href = gw_id(cx, "/truc/tai-lieu/", v[i].id),
            .version = v[i].version,
            .when = text_instant(cx, v[i].imported_us),
        };
        if (v[i].id == now) {
            data->version = v[i].version;
            data->kind = str_eq(v[i].kind, STR("wsdl")) ? STR("WSDL 1.1") : STR("OpenAPI");
        }
    }
    data->has_versions = n > 1;
}

enum err
gw_service(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_gateway_service *data = ARENA_NEW(cx->arena, struct tpl_gateway_service);
    struct exchange_service s;
    struct exchange_subsystem owner;
    struct exchange_operation *ops = NULL;
    struct exchange_version *versions = NULL;
    size_t n_ops = 0;
    size_t n_versions = 0;
    TRY(find_service(cx, rq, &s));
    TRY(exchange_subsystem_get(cx, s.subsystem_id, &owner));
    TRY(exchange_operations(cx, s.version_id, &ops, &n_ops));
    TRY(exchange_versions(cx, s.id, &versions, &n_versions));
    data->id = gw_id(cx, "", s.id);
    data->name = s.name;
    data->path = s.path;
    data->owner = s.owner_name;
    data->summary = s.summary;
    data->contact = s.contact;
    data->word = gw_word(cx, "class", s.data_class);
    data->version = STR("");
    data->kind = STR("");
    fill_versions(cx, data, versions, n_versions, s.version_id);
    data->document = gw_id(cx, "/truc/tai-lieu/", s.version_id);
    data->curl = n_ops == 0 ? STR("") : curl_of(cx, &s, &ops[0]);
    data->is_simulated = s.is_simulated;
    data->is_integrator = is_integrator(cx);
    data->may_manage = cx->actor != NULL && exchange_may_act_for(cx, &owner);
    data->endpoint = data->may_manage ? s.endpoint : STR("");
    fill_facts(cx, &s, data);
    data->operations.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_service_operations, n_ops);
    for (; data->operations.n < n_ops; data->operations.n++) {
        fill_operation(cx, &ops[data->operations.n], &data->operations.v[data->operations.n]);
    }
    TRY(fill_agreements(cx, &s, data));
    web_title(rs, s.name);
    web_crumb(cx, rs, STR("/truc"), text(cx, "gateway.title"));
    web_crumb(cx, rs, STR_NULL, s.name);
    return web_page(cx, rs, &tpl_gateway_service_t, data);
}

enum err
gw_document(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct str kind;
    struct str document;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(exchange_document(cx, id, &kind, &document));
    bool is_wsdl = str_eq(kind, STR("wsdl"));
    return web_bytes(cx, rs, document, is_wsdl ? STR("text/xml") : STR("application/json"),
                     is_wsdl ? STR("dich-vu.wsdl") : STR("openapi.json"));
}

/* --- asking ----------------------------------------------------------------------------------- */
/* Which fields are needed; of SOAP answers none can be taken out. */
static void
field_boxes(struct ctx *cx, struct tpl_gateway_page_forms *f, const struct exchange_service *s,
            const struct exchange_operation *ops, size_t n)
{
    struct str kind = STR("");
    struct str document;
    if (exchange_document(cx, s->version_id, &kind, &document) == ERR_OK &&
        !str_eq(kind, STR("wsdl"))) {
        gw_field_boxes(cx, gw_field(cx, f, GW_BOXES, "fields", "gateway.fields", STR_NULL), ops, n);
    }
}

static void
operation_boxes(struct ctx *cx, struct tpl_gateway_page_forms *f, const struct exchange_service *s)
{
    struct exchange_operation *ops = NULL;
    size_t n = 0;
    struct tpl_gateway_page_forms_fields *boxes =
        gw_field(cx, f, GW_BOXES, "operations", "gateway.operations", STR_NULL);
    if (exchange_operations(cx, s->version_id, &ops, &n) == ERR_OK) {
        for (size_t i = 0; i < n; i++) {
            gw_option(boxes, ops[i].code,
                      str_is_empty(ops[i].summary) ? ops[i].code : ops[i].summary);
        }
        field_boxes(cx, f, s, ops, n);
    }
}

enum err
gw_ask(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_service s;
    struct exchange_subsystem *subs = NULL;
    size_t n = 0;
    TRY(find_service(cx, rq, &s));
    TRY(exchange_subsystems(cx, 0, &subs, &n));
    struct tpl_gateway_page *p =
        gw_page(cx, text_fill(cx, "gateway.ask_for", "name", s.name, NULL));
    gw_say(p, "now", text(cx, "gateway.ask_hint"));
    struct str action = str_cat(cx->arena, gw_id(cx, "/truc/dich-vu/", s.id), STR("/xin-phep"));
    struct tpl_gateway_page_forms *f = gw_form(cx, p, action, "gateway.ask");
    struct tpl_gateway_page_forms_fields *who =
        gw_field(cx, f, GW_SELECT, "consumer", "gateway.consumer", STR_NULL);
    for (size_t i = 0; i < n; i++) {
        gw_option(who, gw_id(cx, "", subs[i].id),
                  str_fmt(cx->arena, STR_FMT " (" STR_FMT ")", STR_ARG(subs[i].name),
                          STR_ARG(subs[i].path)));
    }
    operation_boxes(cx, f, &s);
    (void)gw_field(cx, f, GW_LINES, "purpose", "gateway.purpose", STR_NULL);
    (void)gw_field(cx, f, GW_TEXT, "legal_basis", "gateway.legal_basis", STR_NULL);
    (void)gw_field(cx, f, GW_TEXT, "quota_day", "gateway.quota_day", STR("10000"));
    (void)gw_field(cx, f, GW_TEXT, "hours", "gateway.hours", STR_NULL);
    return gw_show(cx, rs, p);
}

struct str
gw_codes(struct ctx *cx, const struct web_req *rq, const char *name)
{
    struct str *v = NULL;
    struct buf b = buf_new(cx->arena, CODES_BYTES);
    size_t n = web_list(cx, rq, name, &v);
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, i == 0 ? STR("") : STR(" "));
        buf_add(&b, v[i]);
    }
    return buf_str(&b);
}

enum err
gw_ask_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_service s;
    struct exchange_subsystem sub;
    TRY(find_service(cx, rq, &s));
    struct exchange_agreement a = { .consumer_id = web_int(rq, "consumer"),
                                    .service_id = s.id,
                                    .operations = gw_codes(cx, rq, "operations"),
                                    .fields = gw_codes(cx, rq, "fields"),
                                    .purpose = web_text(rq, "purpose"),
                                    .legal_basis = web_text(rq, "legal_basis"),
                                    .quota_day = web_int(rq, "quota_day"),
                                    .hours = web_text(rq, "hours") };
    TRY(exchange_subsystem_get(cx, a.consumer_id, &sub));
    if (!exchange_may_act_for(cx, &sub)) {
        return err_set(cx, ERR_FORBIDDEN, "another member's system");
    }
    TRY(exchange_ask_access(cx, &a));
    web_flash(cx, rs, "gateway.asked");
    return web_see_other(cx, rs, "/truc/thoa-thuan/%" PRId64, a.id);
}

/* --- trying ----------------------------------------------------------------------------------- */
static struct str
sample_of(struct ctx *cx, const struct exchange_operation *o)
{
    struct buf b = buf_new(cx->arena, TRY_BYTES);
    struct json_out out = json_out(&b);
    json_open(&out);
    for (size_t i = 0; i < o->n_inputs; i++) {
        struct str path = o->inputs[i].path;
        json_key_str(&out, str_starts(path, STR("?")) ? str_slice(path, 1, path.n) : path);
        json_str(&out, STR(""));
    }
    json_close(&out);
    return buf_str(&b);
}

/* A form for each of the first operations, with their fields to fill in. */
static void
try_forms(struct ctx *cx, struct tpl_gateway_page *p, struct str action,
          const struct exchange_operation *ops, size_t n)
{
    for (size_t i = 0; i < n && i < 4; i++) {
        struct tpl_gateway_page_forms *f = gw_form(cx, p, action, "gateway.try");
        f->title = str_is_empty(ops[i].summary) ? ops[i].code : ops[i].summary;
        struct tpl_gateway_page_forms_fields *op =
            gw_field(cx, f, GW_SELECT, "operation", "gateway.operation", ops[i].code);
        gw_option(op, ops[i].code, ops[i].code);
        (void)gw_field(cx, f, GW_LINES, "body", "gateway.body", sample_of(cx, &ops[i]));
    }
}

/* Without a simulator there is nothing to send: which operation's answer shall be shown? */
static void
sample_form(struct ctx *cx, struct tpl_gateway_page *p, struct str action,
            const struct exchange_operation *ops, size_t n)
{
    struct tpl_gateway_page_forms *f = gw_form(cx, p, action, "gateway.try_sample_do");
    struct tpl_gateway_page_forms_fields *op =
        gw_field(cx, f, GW_SELECT, "operation", "gateway.operation", STR_NULL);
    for (size_t i = 0; i < n; i++) {
        gw_option(op, ops[i].code,
                  str_is_empty(ops[i].summary)
                      ? ops[i].code
                      : str_fmt(cx->arena, STR_FMT " (" STR_FMT ")", STR_ARG(ops[i].summary),
                                STR_ARG(ops[i].code)));
    }
}

static bool
has_simulator(const struct exchange_service *s)
{
    return str_starts(s->endpoint, STR("sim:"));
}

static enum err
try_page(struct ctx *cx, const struct exchange_service *s, struct tpl_gateway_page **ret)
{
    struct exchange_operation *ops = NULL;
    size_t n = 0;
    TRY(exchange_operations(cx, s->version_id, &ops, &n));
    struct tpl_gateway_page *p =
        gw_page(cx, text_fill(cx, "gateway.try_of", "name", s->name, NULL));
    struct str action = str_cat(cx->arena, gw_id(cx, "/truc/dich-vu/", s->id), STR("/thu"));
    gw_say(p, has_simulator(s) ? "now" : "due",
           has_simulator(s) ? text(cx, "gateway.try_hint") : text(cx, "gateway.try_sample_hint"));
    (has_simulator(s) ? try_forms : sample_form)(cx, p, action, ops, n);
    *ret = p;
    return ERR_OK;
}

enum err
gw_try(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_service s;
    struct tpl_gateway_page *p = NULL;
    TRY(find_service(cx, rq, &s));
    TRY(try_page(cx, &s, &p));
    return gw_show(cx, rs, p);
}

static enum err
show_sample(struct ctx *cx, const struct exchange_service *s, struct str operation,
            struct tpl_gateway_page *p, struct web_resp *rs)
{
    struct exchange_sample sample;
    TRY(exchange_sample(cx, s->version_id, operation, &sample));
    bool is_none = str_eq(sample.source, STR("none"));
    gw_say(p, is_none ? "late" : "ontime", gw_word(cx, "try_sample", sample.source));
    p->pre = sample.body;
    return gw_show(cx, rs, p);
}

enum err
gw_try_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_service s;
    struct exchange_answer answer;
    struct tpl_gateway_page *p = NULL;
    TRY(find_service(cx, rq, &s));
    TRY(try_page(cx, &s, &p));
    TRY(access_rate(cx, str_fmt(cx->arena, "exchange.try:%" PRId64, cx->who.account),
                    INT64_C(60) * DATE_US_PER_S, 60));
    if (!has_simulator(&s)) {
        return show_sample(cx, &s, web_text(rq, "operation"), p, rs);
    }
    enum err e = exchange_sim_try(cx, str_slice(s.endpoint, 4, s.endpoint.n),
                                  web_text(rq, "operation"), web_text(rq, "body"), &answer);
    if (e != ERR_OK) {
        gw_say(p, "late",
               gw_word(cx, "fault", e == ERR_DEADLINE ? STR("wait_time") : STR("connect")));
        cx->n_problems = 0;
        return gw_show(cx, rs, p);
    }
    gw_say(p, answer.status < 300 ? "ontime" : "due",
           text_fill(cx, "gateway.try_status", "n", text_number(cx, answer.status), NULL));
    p->pre = answer.body;
    return gw_show(cx, rs, p);
}

/* --- adding ----------------------------------------------------------------------------------- */
enum err
gw_service_new(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const classes[] = { "open", "internal", "personal", "sensitive" };
    struct exchange_subsystem *subs = NULL;
    size_t n = 0;
    (void)rq;
    TRY(exchange_subsystems(cx, 0, &subs, &n));
    struct tpl_gateway_page *p = gw_page(cx, text(cx, "gateway.service_new"));
    struct tpl_gateway_page_forms *f =
        gw_form(cx, p, STR("/truc/dich-vu-moi"), "gateway.service_new");
    struct tpl_gateway_page_forms_fields *who =
        gw_field(cx, f, GW_SELECT, "subsystem", "gateway.system", STR_NULL);
    for (size_t i = 0; i < n; i++) {
        gw_option(who, gw_id(cx, "", subs[i].id), subs[i].path);
    }
    (void)gw_field(cx, f, GW_TEXT, "code", "gateway.code", STR_NULL);
    (void)gw_field(cx, f, GW_TEXT, "name", "gateway.name", STR_NULL);
    (void)gw_field(cx, f, GW_LINES, "summary", "gateway.summary", STR_NULL);
    struct tpl_gateway_page_forms_fields *klass =
        gw_field(cx, f, GW_SELECT, "data_class", "gateway.data_class", STR_NULL);
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        gw_option(klass, str_of(classes[i]), gw_word(cx, "class", str_of(classes[i])));
    }
    (void)gw_field(cx, f, GW_TEXT, "contact", "gateway.contact", STR_NULL);
    (void)gw_field(cx, f, GW_TEXT, "endpoint", "gateway.endpoint", STR_NULL);
    (void)gw_field(cx, f, GW_TEXT, "sla_ms", "gateway.sla_ms", STR("1000"));
    (void)gw_field(cx, f, GW_FILE, "document", "gateway.document_file", STR_NULL);
    return gw_show(cx, rs, p);
}

/* The document of an upload; null and a problem when there is none. */
static struct str
uploaded(struct ctx *cx, const struct web_req *rq)
{
    const struct web_file *file = web_file(rq, "document");
    struct str bytes = STR_NULL;
    if (file != NULL && file->path.p != NULL) {
        if (sys_file_read(cx, file->path, EXCHANGE_DOC_BYTES, &bytes) != ERR_OK) {
            bytes = STR_NULL;
        }
    } else if (file != NULL) {
        bytes = file->bytes;
    }
    if (str_is_empty(bytes)) {
        ctx_problem(cx, STR("document"), STR("exchange.doc.kind"), STR_NULL);
    }
    return bytes;
}

enum err
gw_service_new_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem sub;
    struct exchange_doc doc;
    int64_t version = 0;
    struct exchange_service s = { .subsystem_id = web_int(rq, "subsystem"),
                                  .code = web_text(rq, "code"),
                                  .name = web_text(rq, "name"),
                                  .summary = web_text(rq, "summary"),
                                  .data_class = web_text(rq, "data_class"),
                                  .contact = web_text(rq, "contact"),
                                  .endpoint = web_text(rq, "endpoint"),
                                  .sla_ms = web_int(rq, "sla_ms"),
                                  .sla_permille = 995,
                                  .timeout_ms = 30000 };
    TRY(exchange_subsystem_get(cx, s.subsystem_id, &sub));
    if (!exchange_may_act_for(cx, &sub)) {
        return err_set(cx, ERR_FORBIDDEN, "another member's system");
    }
    if (str_starts(s.endpoint, STR("sim:")) || str_eq(s.endpoint, STR(EXCHANGE_BOX_ENDPOINT))) {
        ctx_problem(cx, STR("endpoint"), STR("exchange.endpoint_form"), STR_NULL);
    }
    struct str document = uploaded(cx, rq);
    TRY(ctx_check(cx));
    TRY(exchange_doc_read(cx, document, &doc)); /* nothing is made of a faulty document */
    enum err e = exchange_service_add(cx, &s);
    if (e == ERR_CONFLICT) {
        ctx_problem(cx, STR("code"), STR("gateway.code_taken"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    TRY(exchange_service_import(cx, s.id, document, &version));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/dich-vu/%" PRId64, s.id);
}

static enum err
own_service(struct ctx *cx, const struct web_req *rq, struct exchange_service *ret)
{
    struct exchange_subsystem sub;
    TRY(find_service(cx, rq, ret));
    TRY(exchange_subsystem_get(cx, ret->subsystem_id, &sub));
    return exchange_may_act_for(cx, &sub) ? ERR_OK
                                          : err_set(cx, ERR_FORBIDDEN, "another member's service");
}

enum err
gw_import_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_service s;
    int64_t version = 0;
    TRY(own_service(cx, rq, &s));
    struct str document = uploaded(cx, rq);
    TRY(ctx_check(cx));
    TRY(exchange_service_import(cx, s.id, document, &version));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/dich-vu/%" PRId64, s.id);
}

enum err
gw_move_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_service s;
    TRY(own_service(cx, rq, &s));
    TRY(exchange_service_move(cx, &s, web_text(rq, "endpoint"), web_text(rq, "contact")));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/dich-vu/%" PRId64, s.id);
}

enum err
gw_retire_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_service s;
    TRY(own_service(cx, rq, &s));
    TRY(exchange_service_retire(cx, s.id));
    web_flash(cx, rs, "gateway.saved");
    return web_see_other(cx, rs, "/truc/dich-vu/%" PRId64, s.id);
}
