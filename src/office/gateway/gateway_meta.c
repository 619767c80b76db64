/* gateway_meta.c: X-Road's metadata services by REST and by SOAP (PR-META, PR-MREST): which members
 * and systems there are, what one offers, what of it the caller may call, its description. */
#include "base/buf.h"
#include "codec/json.h"
#include "codec/xml.h"
#include "office/gateway/gateway_int.h"

#define ANSWER_BYTES ((size_t)8 << 20)
#define PAGES_MAX    100

static enum err
give_json(struct ctx *cx, struct web_resp *rs, const struct buf *b)
{
    return web_bytes(cx, rs, buf_str(b), STR("application/json"), STR_NULL);
}

static void
put_id(struct json_out *o, const char *type, const struct str *parts, size_t n)
{
    static const char *const names[] = { "xroad_instance", "member_class", "member_code",
                                         "subsystem_code", "service_code" };
    json_put_str(o, "object_type", str_of(type));
    for (size_t i = 0; i < n && i < COUNT_OF(names); i++) {
        json_put_str(o, names[i], parts[i]);
    }
}

/* --- listClients ------------------------------------------------------------------------------ */
struct listing {
    struct buf b;
    struct json_out o;
    bool is_json;
};

static void
put_client(struct ctx *cx, struct listing *l, const struct exchange_member *m,
           const struct exchange_subsystem *s)
{
    struct str parts[] = { STR(EXCHANGE_INSTANCE), m->class_code, m->code,
                           s == NULL ? STR_NULL : s->code };
    if (l->is_json) {
        json_open(&l->o);
        json_key(&l->o, "id");
        json_open(&l->o);
        put_id(&l->o, s == NULL ? "MEMBER" : "SUBSYSTEM", parts, s == NULL ? 3 : 4);
        json_close(&l->o);
        json_put_str(&l->o, "name", m->name);
        if (s != NULL) {
            json_put_str(&l->o, "subsystem_name", s->name);
        }
        json_close(&l->o);
        return;
    }
    struct str path = str_fmt(cx->arena, EXCHANGE_INSTANCE "/" STR_FMT "/" STR_FMT,
                              STR_ARG(m->class_code), STR_ARG(m->code));
    buf_add(&l->b, STR("<xrd:member>"));
    exchange_xroad_put(&l->b, "xrd:id", s == NULL ? path : s->path, false, STR_NULL, STR_NULL);
    xml_element_to(&l->b, "xrd:name", m->name);
    if (s != NULL) {
        xml_element_to(&l->b, "xrd:subsystemName", s->name);
    }
    buf_add(&l->b, STR("</xrd:member>\n"));
}

static enum err
put_member(struct ctx *cx, struct listing *l, const struct exchange_member *m)
{
    struct exchange_subsystem *v = NULL;
    size_t n = 0;
    put_client(cx, l, m, NULL);
    TRY(exchange_subsystems(cx, m->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        put_client(cx, l, m, &v[i]);
    }
    return ERR_OK;
}

static enum err
put_members(struct ctx *cx, struct listing *l)
{
    struct str after = STR_NULL;
    for (size_t page = 0; page < PAGES_MAX; page++) {
        struct exchange_member *v = NULL;
        size_t n = 0;
        TRY(exchange_members(cx, STR_NULL, after, &v, &n));
        if (n == 0) {
            break;
        }
        for (size_t i = 0; i < n; i++) {
            TRY(put_member(cx, l, &v[i]));
        }
        after = str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(v[n - 1].class_code),
                        STR_ARG(v[n - 1].code));
    }
    return ERR_OK;
}

enum err
gw_meta_clients(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem who;
    struct str instance = web_text(rq, "xRoadInstance");
    struct str accept = http_header_get(rq->http, STR("Accept"));
    struct listing l = { .b = buf_new(cx->arena, ANSWER_BYTES) };
    TRY(gw_program(cx, rq, &who));
    if (!str_is_empty(instance) && !str_eq(instance, STR(EXCHANGE_INSTANCE))) {
        return err_set(cx, ERR_BAD_REQUEST, "this installation knows the clients of %s",
                       EXCHANGE_INSTANCE);
    }
    l.is_json = str_find(accept, STR("application/json")) < accept.n;
    if (!l.is_json) {
        buf_add(&l.b, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xrd:clientList "
                          "xmlns:xrd=\"" EXCHANGE_XROAD_NS "\" xmlns:id=\"" EXCHANGE_IDENTIFIER_NS
                          "\">\n"));
        TRY(put_members(cx, &l));
        buf_add(&l.b, STR("</xrd:clientList>\n"));
        return web_bytes(cx, rs, buf_str(&l.b), STR("text/xml; charset=UTF-8"), STR_NULL);
    }
    l.o = json_out(&l.b);
    json_open(&l.o);
    json_key(&l.o, "member");
    json_open_list(&l.o);
    TRY(put_members(cx, &l));
    json_close_list(&l.o);
    json_close(&l.o);
    return give_json(cx, rs, &l.b);
}

/* --- listMethods, allowedMethods -------------------------------------------------------------- */
static enum err
provider_of(struct ctx *cx, const struct web_req *rq, struct exchange_subsystem *ret)
{
    struct str instance = web_param(rq, "instance");
    struct str class_code = web_param(rq, "class");
    struct str member = web_param(rq, "member");
    struct str code = web_param(rq, "system");
    return exchange_subsystem_by_path(
        cx,
        str_fmt(cx->arena, STR_FMT "/" STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(instance),
                STR_ARG(class_code), STR_ARG(member), STR_ARG(code)),
        ret);
}

/* "/ho/{so}" as these services have it: "/ho/" and a star. */
static struct str
starred(struct ctx *cx, struct str path)
{
    struct buf b = buf_new(cx->arena, path.n + 2);
    struct str part;
    struct str rest = str_starts(path, STR("/")) ? str_slice(path, 1, path.n) : path;
    while (str_next(&rest, '/', &part)) {
        bool is_any = part.n > 1 && part.p[0] == '{' && part.p[part.n - 1] == '}';
        buf_add_char(&b, '/');
        buf_add(&b, is_any ? STR("*") : part);
    }
    return buf_str(&b);
}

static void
put_offer(struct ctx *cx, struct json_out *o, const struct web_req *rq,
          const struct exchange_offer *x)
{
    struct str parts[] = { web_param(rq, "instance"), web_param(rq, "class"),
                           web_param(rq, "member"), web_param(rq, "system"), x->service.code };
    json_open(o);
    put_id(o, "SERVICE", parts, COUNT_OF(parts));
    json_put_str(o, "service_type", STR("OPENAPI"));
    json_key(o, "endpoint_list");
    json_open_list(o);
    for (size_t i = 0; i < x->n_operations; i++) {
        json_open(o);
        json_put_str(o, "method", x->operations[i].method);
        json_put_str(o, "path", starred(cx, x->operations[i].path));
        json_close(o);
    }
    json_close_list(o);
    json_close(o);
}

static enum err
methods(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, bool is_allowed)
{
    struct exchange_subsystem who;
    struct exchange_subsystem provider;
    struct exchange_offer *v = NULL;
    size_t n = 0;
    TRY(gw_program(cx, rq, &who));
    TRY(provider_of(cx, rq, &provider));
    TRY(exchange_offers(cx, &provider, is_allowed ? who.path : STR_NULL, &v, &n));
    struct buf b = buf_new(cx->arena, ANSWER_BYTES);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_key(&o, "service");
    json_open_list(&o);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].kind, STR("openapi"))) { /* SOAP services are asked for by SOAP */
            put_offer(cx, &o, rq, &v[i]);
        }
    }
    json_close_list(&o);
    json_close(&o);
    return give_json(cx, rs, &b);
}

enum err
gw_meta_methods(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return methods(cx, rq, rs, false);
}

enum err
gw_meta_allowed(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return methods(cx, rq, rs, true);
}

/* --- getOpenAPI ------------------------------------------------------------------------------- */
enum err
gw_meta_openapi(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_subsystem who;
    struct exchange_subsystem provider;
    struct exchange_service service;
    struct str code = web_text(rq, "serviceCode");
    struct str kind;
    struct str document;
    TRY(gw_program(cx, rq, &who));
    TRY(provider_of(cx, rq, &provider));
    TRY(exchange_service_by_path(
        cx, str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(provider.path), STR_ARG(code)),
        &service));
    if (!str_eq(service.state, STR("published"))) {
        return err_set(cx, ERR_NOT_FOUND, "the service is not offered");
    }
    TRY(exchange_document(cx, service.version_id, &kind, &document));
    if (!str_eq(kind, STR("openapi"))) {
        return err_set(cx, ERR_NOT_FOUND, "the service is described by WSDL");
    }
    return web_bytes(cx, rs, document, STR("application/json"), STR_NULL);
}

/* --- by SOAP: listMethods, allowedMethods, getWsdl (PR-META 3, 4) ----------------------------- */
/* Whose services? Null, or the fault's code. */
static const char *
judge(struct ctx *cx, struct gw_soap *a, struct str *ret_words)
{
    struct str owner;
    if (exchange_owner(cx, &owner) == ERR_OK && !gw_soap_is_here(cx, a, owner, ret_words)) {
        return "Server.ServerProxy.InvalidSecurityServer";
    }
    *ret_words = STR("no such system; a member's services are those of its systems");
    return exchange_subsystem_by_path(cx, a->m.provider, &a->provider) == ERR_OK
               ? NULL
               : "Server.ServerProxy.UnknownMember";
}

static enum err
soap_methods(struct ctx *cx, struct web_resp *rs, const struct gw_soap *a, struct str consumer,
             const char *tag)
{
    struct exchange_method *v = NULL;
    size_t n = 0;
    TRY(exchange_soap_methods(cx, &a->provider, consumer, &v, &n));
    struct buf b = gw_soap_open(cx, a);
    buf_addf(&b, "<xroad:%s>\n", tag);
    for (size_t i = 0; i < n; i++) {
        exchange_xroad_put(&b, "xroad:service", a->m.provider, false, v[i].code, v[i].version);
        buf_add_char(&b, '\n');
    }
    buf_addf(&b, "</xroad:%s>", tag);
    return gw_soap_give(cx, rs, &b);
}

static enum err
soap_list(struct ctx *cx, struct web_resp *rs, const struct gw_soap *a)
{
    return soap_methods(cx, rs, a, STR_NULL, "listMethodsResponse");
}

static enum err
soap_allowed(struct ctx *cx, struct web_resp *rs, const struct gw_soap *a)
{
    return soap_methods(cx, rs, a, a->who.path, "allowedMethodsResponse");
}

static enum err
soap_wsdl(struct ctx *cx, struct web_resp *rs, const struct gw_soap *a)
{
    const struct xml *code = xml_child(a->m.body, EXCHANGE_XROAD_NS, "serviceCode");
    const struct xml *version = xml_child(a->m.body, EXCHANGE_XROAD_NS, "serviceVersion");
    struct gw_attachment with = { .type = "text/xml; charset=UTF-8", .id = "wsdl" };
    if (code == NULL || code->text.n == 0) {
        return gw_soap_fault_request(cx, rs, "getWsdl needs serviceCode");
    }
    enum err e = exchange_wsdl_of(cx, &a->provider, code->text,
                                  version == NULL ? STR_NULL : version->text, &with.bytes);
    if (e == ERR_NOT_FOUND) {
        return gw_soap_fault(cx, rs, 500, "Server.ServerProxy.UnknownService",
                             str_of(cx->err.text));
    }
    TRY(e);
    struct buf b = gw_soap_open(cx, a);
    BUF_LIT(&b, "<xroad:getWsdlResponse>");
    xml_element_to(&b, "xroad:serviceCode", code->text);
    if (version != NULL) {
        xml_element_to(&b, "xroad:serviceVersion", version->text);
    }
    BUF_LIT(&b, "</xroad:getWsdlResponse>");
    return gw_soap_give_with(cx, rs, &b, &with);
}

static const struct gw_soap_service services[] = {
    { "listMethods", EXCHANGE_XROAD_NS, soap_list },
    { "allowedMethods", EXCHANGE_XROAD_NS, soap_allowed },
    { "getWsdl", EXCHANGE_XROAD_NS, soap_wsdl },
};

enum err
gw_meta_soap(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    const struct gw_soap_door door = { judge, services, COUNT_OF(services) };
    return gw_soap_answer(cx, rq, rs, &door);
}
