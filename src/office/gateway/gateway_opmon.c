/* gateway_opmon.c: the monitoring services of X-Road: getSecurityServerOperationalData and
 * getSecurityServerHealthData (PR-OPMON), getSecurityServerMetrics (PR-ENVMONMES). SOAP 4.0 in;
 * SOAP, or a multipart of SOAP and gzipped JSON, out. doc/exchange.md part 10. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/base64.h"
#include "codec/url.h"
#include "codec/xml.h"
#include "crypto/digest.h"
#include "crypto/token.h"
#include "engine/health/health.h"
#include "engine/watch/watch.h"
#include "office/gateway/gateway_int.h"
#include "sys/service.h"
#include "sys/sys.h"

#include <unistd.h>

#define OPM_NS      "http://x-road.eu/xsd/op-monitoring.xsd"
#define METRICS_NS  "http://x-road.eu/xsd/monitoring"
#define SOAP_NS     "http://schemas.xmlsoap.org/soap/envelope/"
#define SOAP_BYTES  ((size_t)4 << 20)
#define PARTS_BYTES ((size_t)40 << 20)
#define CONTENT_ID  "operational-monitoring-data.json.gz"
#define US_PER_MS   1000

struct asking {
    struct exchange_subsystem who;
    struct exchange_xroad m;
    struct str server; /* this installation: INSTANCE/CLASS/CODE/NAME */
    struct str bytes;  /* the request */
    bool is_owner;
};

/* --- answers -----------------------------------------------------------------------------------
 */
static void
envelope_open(struct buf *b)
{
    buf_add(b, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SOAP-ENV:Envelope"
                   " xmlns:SOAP-ENV=\"" SOAP_NS "\" xmlns:xroad=\"" EXCHANGE_XROAD_NS
                   "\" xmlns:id=\"" EXCHANGE_IDENTIFIER_NS "\" xmlns:om=\"" OPM_NS
                   "\" xmlns:m=\"" METRICS_NS "\">\n"));
}

static void
put_number(struct buf *b, const char *tag, int64_t v)
{
    buf_addf(b, "<%s>%" PRId64 "</%s>", tag, v, tag);
}

/* The request's header fields come back, with its hash. */
static void
put_header(struct ctx *cx, struct buf *b, const struct asking *a)
{
    struct digest512 d = digest_sha512(a->bytes);
    const struct str hash = { (const char *)d.b, sizeof(d.b) };
    const struct str none = STR_NULL;
    buf_add(b, STR("<SOAP-ENV:Header>"));
    exchange_xroad_put(b, "xroad:client", a->m.client, false, none, none);
    exchange_xroad_put(b, "xroad:service", a->m.provider, false, a->m.code, a->m.version);
    if (a->m.server.p != NULL) {
        exchange_xroad_put(b, "xroad:securityServer", a->m.server, true, none, none);
    }
    xml_element_to(b, "xroad:id", a->m.id);
    if (a->m.user_id.p != NULL) {
        xml_element_to(b, "xroad:userId", a->m.user_id);
    }
    if (a->m.issue.p != NULL) {
        xml_element_to(b, "xroad:issue", a->m.issue);
    }
    buf_add(b, STR("<xroad:requestHash algorithmId=\"http://www.w3.org/2001/04/xmlenc#sha512\">"));
    buf_add(b, base64_encode(cx->arena, hash));
    buf_add(b, STR("</xroad:requestHash>"));
    xml_element_to(b, "xroad:protocolVersion", STR("4.0"));
    buf_add(b, STR("</SOAP-ENV:Header>\n<SOAP-ENV:Body>"));
}

static struct buf
message_open(struct ctx *cx, const struct asking *a)
{
    struct buf b = buf_new(cx->arena, SOAP_BYTES);
    envelope_open(&b);
    put_header(cx, &b, a);
    return b;
}

static void
message_close(struct buf *b)
{
    buf_add(b, STR("</SOAP-ENV:Body>\n</SOAP-ENV:Envelope>\n"));
}

static enum err
give(struct ctx *cx, struct web_resp *rs, int status, struct str body, struct str type)
{
    cx->n_problems = 0;
    web_status(rs, status);
    http_response_header(web_http(rs), STR("Cache-Control"), STR("no-store"));
    return web_bytes(cx, rs, body, type, STR_NULL);
}

/* A SOAP 1.1 fault; code as X-Road has them. */
static enum err
fault(struct ctx *cx, struct web_resp *rs, int status, const char *code, struct str words)
{
    struct buf b = buf_new(cx->arena, SOAP_BYTES);
    envelope_open(&b);
    buf_addf(&b, "<SOAP-ENV:Body><SOAP-ENV:Fault><faultcode>%s</faultcode><faultstring>", code);
    xml_escape_to(&b, words);
    buf_add(&b, STR("</faultstring></SOAP-ENV:Fault>"));
    message_close(&b);
    return give(cx, rs, status, buf_str(&b), STR("text/xml; charset=UTF-8"));
}

static enum err
fault_request(struct ctx *cx, struct web_resp *rs, const char *words)
{
    return fault(cx, rs, 500, "Client.InvalidRequest", str_of(words));
}

/* --- who asks ----------------------------------------------------------------------------------
 */
enum err
gw_program(struct ctx *cx, const struct web_req *rq, struct exchange_subsystem *ret)
{
    struct str host;
    struct str path;
    struct str auth = http_header_get(rq->http, STR("Authorization"));
    TRY(exchange_relay_host(cx, &host));
    if (digest_same(http_header_get(rq->http, STR("Host")), host)) {
        TRY(url_decode(cx->arena, http_header_get(rq->http, STR("X-Road-Client")), &path));
        return exchange_subsystem_by_path(cx, path, ret);
    }
    if (!str_starts(auth, STR("Bearer "))) {
        return err_set(cx, ERR_UNAUTHENTICATED, "a token of /token is needed");
    }
    return exchange_token_check(cx, str_trim(str_slice(auth, 7, auth.n)), rq->http->peer, ret);
}

/* Whoever is signed in speaks for its system or for the member it belongs to. */
static bool
speaks_for(const struct exchange_subsystem *who, struct str client)
{
    bool is_member = str_starts(who->path, client) &&
                     who->path.n == client.n + 1 + who->code.n && /* and a / */
                     str_starts(str_slice(who->path, client.n, who->path.n), STR("/"));
    return str_eq(who->path, client) || is_member;
}

/* Is the message for this installation, from who is signed in? NULL, or the fault's code. */
static const char *
judge(struct ctx *cx, struct asking *a, struct str *ret_words)
{
    struct str owner;
    if (exchange_owner(cx, &owner) != ERR_OK) {
        *ret_words = STR("this installation has no owner");
        return "Server.ServerProxy.UnknownService";
    }
    struct str name = cx->config->node_name.n != 0 ? cx->config->node_name : STR("bombo");
    a->server = str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(owner), STR_ARG(name));
    *ret_words = STR("the client is not who is signed in");
    if (!speaks_for(&a->who, a->m.client)) {
        return "Client.InvalidClientIdentifier";
    }
    *ret_words =
        str_fmt(cx->arena, "services of this server are offered by " STR_FMT, STR_ARG(owner));
    if (!str_eq(a->m.provider, owner)) {
        return "Server.ServerProxy.UnknownMember";
    }
    *ret_words = str_fmt(cx->arena, "this server is " STR_FMT, STR_ARG(a->server));
    if (a->m.server.p != NULL && !str_eq(a->m.server, a->server)) {
        return "Server.ServerProxy.InvalidSecurityServer";
    }
    /* PR-OPMON 2: the owner is believed to be one only where it names the server */
    a->is_owner = a->m.server.p != NULL && str_starts(a->who.path, owner) &&
                  a->who.path.n == owner.n + 1 + a->who.code.n;
    return NULL;
}

/* --- getSecurityServerOperationalData ----------------------------------------------------------
 */
static bool
read_seconds(const struct xml *criteria, const char *name, int64_t *ret)
{
    const struct xml *e = xml_child(criteria, OPM_NS, name);
    return e != NULL && str_to_i64(e->text, 0, INT64_C(100000000000), ret);
}

static const char *
read_fields(const struct xml *spec, uint64_t *ret)
{
    for (XML_EACH(spec, it)) {
        int field = xml_is(it, OPM_NS, "outputField") ? watch_opmon_field(it->text) : -1;
        if (field < 0) {
            return "outputSpec names a field that there is not";
        }
        *ret |= UINT64_C(1) << field;
    }
    return NULL;
}

/* NULL, or what is wrong. */
static const char *
read_client(struct ctx *cx, const struct xml *parent, struct str *ret)
{
    const struct xml *e = parent == NULL ? NULL : xml_child(parent, OPM_NS, "client");
    if (e != NULL) {
        *ret = exchange_xroad_client(cx, e);
    }
    return e != NULL && ret->p == NULL ? "client is no member or subsystem" : NULL;
}

static const char *
read_query(struct ctx *cx, const struct xml *body, struct watch_opmon *q)
{
    const struct xml *criteria = xml_child(body, OPM_NS, "searchCriteria");
    const struct xml *spec = xml_child(body, OPM_NS, "outputSpec");
    if (criteria == NULL || !read_seconds(criteria, "recordsFrom", &q->from_s) ||
        !read_seconds(criteria, "recordsTo", &q->to_s)) {
        return "searchCriteria needs recordsFrom and recordsTo in seconds";
    }
    const char *why = read_client(cx, criteria, &q->partner);
    return why != NULL ? why : read_fields(spec, &q->fields);
}

static struct str
parts_of(struct ctx *cx, const char *boundary, struct str soap, struct str gzip)
{
    struct buf b = buf_new(cx->arena, PARTS_BYTES);
    buf_addf(&b, "--%s\r\nContent-Type: text/xml; charset=UTF-8\r\n\r\n", boundary);
    buf_add(&b, soap);
    buf_addf(&b,
             "\r\n--%s\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: binary\r\n"
             "Content-ID: <" CONTENT_ID ">\r\n\r\n",
             boundary);
    buf_add(&b, gzip);
    buf_addf(&b, "\r\n--%s--\r\n", boundary);
    return buf_str(&b);
}

static enum err
operational_data(struct ctx *cx, struct web_resp *rs, const struct asking *a)
{
    struct watch_opmon q = { .system_id = a->is_owner ? 0 : a->who.id };
    struct watch_opmon_records found;
    const char *why = read_query(cx, a->m.body, &q);
    if (why != NULL) {
        return fault_request(cx, rs, why);
    }
    enum err e = watch_opmon_records(cx, &q, &found);
    if (e == ERR_INVALID) {
        return fault_request(cx, rs, cx->err.text);
    }
    TRY(e);
    struct buf b = message_open(cx, a);
    buf_add(&b, STR("<om:getSecurityServerOperationalDataResponse>"));
    put_number(&b, "om:recordsCount", found.n);
    xml_element_to(&b, "om:records", STR("cid:" CONTENT_ID));
    if (found.next_s != 0) {
        put_number(&b, "om:nextRecordsFrom", found.next_s);
    }
    buf_add(&b, STR("</om:getSecurityServerOperationalDataResponse>"));
    message_close(&b);
    /* 128 random bits: no record can hold it */
    const char *boundary =
        str_z(cx->arena, str_cat(cx->arena, STR("xroad-"), token_new(cx, STR(""))));
    struct str type = str_fmt(
        cx->arena, "multipart/related; type=\"text/xml\"; charset=UTF-8; boundary=%s", boundary);
    return give(cx, rs, 200, parts_of(cx, boundary, buf_str(&b), found.gzip), type);
}

/* --- getSecurityServerHealthData ----------------------------------------------------------------
 */
static void
put_tenths(struct buf *b, const char *tag, int64_t v)
{
    buf_addf(b, "<%s>%" PRId64 ".%" PRId64 "</%s>", tag, v / 10, v % 10, tag);
}

static void
put_spread(struct buf *b, const char *const tags[4], const struct watch_spread *s)
{
    put_number(b, tags[0], s->min);
    put_tenths(b, tags[1], s->mean_tenths);
    put_number(b, tags[2], s->max);
    put_tenths(b, tags[3], s->deviation_tenths);
}

static void
put_service(struct buf *b, const struct watch_opmon_service *s)
{
    static const char *const took[] = { "om:requestMinDuration", "om:requestAverageDuration",
                                        "om:requestMaxDuration", "om:requestDurationStdDev" };
    static const char *const in[] = { "om:requestMinSize", "om:requestAverageSize",
                                      "om:requestMaxSize", "om:requestSizeStdDev" };
    static const char *const out[] = { "om:responseMinSize", "om:responseAverageSize",
                                       "om:responseMaxSize", "om:responseSizeStdDev" };
    buf_add(b, STR("<om:serviceEvents>"));
    exchange_xroad_put(b, "om:service", s->provider, false, s->code, STR_NULL);
    if (s->good_us != 0) {
        put_number(b, "om:lastSuccessfulRequestTimestamp", s->good_us / US_PER_MS);
    }
    if (s->bad_us != 0) {
        put_number(b, "om:lastUnsuccessfulRequestTimestamp", s->bad_us / US_PER_MS);
    }
    xml_element_to(b, "om:serviceType", s->kind);
    buf_add(b, STR("<om:lastPeriodStatistics>"));
    put_number(b, "om:successfulRequestCount", s->n_good);
    put_number(b, "om:unsuccessfulRequestCount", s->n_bad);
    if (s->n_good + s->n_bad != 0) {
        put_spread(b, took, &s->took_ms);
        put_spread(b, in, &s->bytes_in);
        put_spread(b, out, &s->bytes_out);
    }
    buf_add(b, STR("</om:lastPeriodStatistics></om:serviceEvents>\n"));
}

static enum err
health_data(struct ctx *cx, struct web_resp *rs, const struct asking *a)
{
    struct watch_opmon_health h;
    struct str partner = STR_NULL;
    int64_t since_us = health_started_us(cx->health);
    const char *why = read_client(cx, xml_child(a->m.body, OPM_NS, "filterCriteria"), &partner);
    if (why != NULL) {
        return fault_request(cx, rs, why);
    }
    TRY(watch_opmon_health(cx, partner, since_us, &h));
    struct buf b = message_open(cx, a);
    buf_add(&b, STR("<om:getSecurityServerHealthDataResponse>"));
    put_number(&b, "om:monitoringStartupTimestamp", since_us / US_PER_MS);
    put_number(&b, "om:statisticsPeriodSeconds", h.period_s);
    buf_add(&b, STR("<om:servicesEvents>\n"));
    for (size_t i = 0; i < h.n; i++) {
        put_service(&b, &h.v[i]);
    }
    buf_add(&b, STR("</om:servicesEvents></om:getSecurityServerHealthDataResponse>"));
    message_close(&b);
    return give(cx, rs, 200, buf_str(&b), STR("text/xml; charset=UTF-8"));
}

/* --- getSecurityServerMetrics -------------------------------------------------------------------
 */
static void
put_metric(struct buf *b, const char *name, int64_t v)
{
    buf_addf(b,
             "<m:numericMetric><m:name>%s</m:name><m:value>%" PRId64 "</m:value></m:numericMetric>",
             name, v);
}

static enum err
metrics(struct ctx *cx, struct web_resp *rs, const struct asking *a)
{
    struct sys_process p;
    int64_t free_bytes = 0;
    int64_t total_bytes = 0;
    if (!a->is_owner) {
        return fault(cx, rs, 500, "Server.ServerProxy.AccessDenied",
                     STR("only the owner of the server, naming it, may ask for its metrics"));
    }
    sys_process_read(&p);
    TRY(sys_disk(cx, cx->config->data_dir, &free_bytes, &total_bytes));
    struct buf b = message_open(cx, a);
    buf_add(&b, STR("<m:getSecurityServerMetricsResponse><m:metricSet><m:name>SERVER:"));
    xml_escape_to(&b, a->server);
    buf_addf(&b,
             "</m:name><m:stringMetric><m:name>proxyVersion</m:name><m:value>bombo %s"
             "</m:value></m:stringMetric>",
             health_version(cx->health));
    buf_add(&b, STR("<m:metricSet><m:name>systemMetrics</m:name>"));
    put_metric(&b, "TotalPhysicalMemory",
               (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE));
    put_metric(&b, "ProcessMemory", p.memory_bytes);
    put_metric(&b, "OpenFileDescriptorCount", p.n_files);
    put_metric(&b, "MaxFileDescriptorCount", p.files_max);
    put_metric(&b, "DiskSpaceFree", free_bytes);
    put_metric(&b, "DiskSpaceTotal", total_bytes);
    buf_add(&b, STR("</m:metricSet></m:metricSet></m:getSecurityServerMetricsResponse>"));
    message_close(&b);
    return give(cx, rs, 200, buf_str(&b), STR("text/xml; charset=UTF-8"));
}

/* --- the door -----------------------------------------------------------------------------------
 */
static const struct {
    const char *code, *ns;
    enum err (*answer)(struct ctx *cx, struct web_resp *rs, const struct asking *a);
} services[] = {
    { "getSecurityServerOperationalData", OPM_NS, operational_data },
    { "getSecurityServerHealthData", OPM_NS, health_data },
    { "getSecurityServerMetrics", METRICS_NS, metrics },
};

static enum err
answer(struct ctx *cx, struct web_resp *rs, const struct asking *a)
{
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        if (!str_eq(a->m.code, str_of(services[i].code))) {
            continue;
        }
        return xml_is(a->m.body, services[i].ns, services[i].code)
                   ? services[i].answer(cx, rs, a)
                   : fault_request(cx, rs, "the body's element is not the service's");
    }
    return fault(cx, rs, 500, "Server.ServerProxy.UnknownService",
                 STR("the server offers no service of that code"));
}

enum err
gw_opmon(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct asking a = { .bytes = rq->http->body };
    const char *word = NULL;
    struct str words;
    enum err e = gw_program(cx, rq, &a.who);
    if (e == ERR_UNAUTHENTICATED || e == ERR_FORBIDDEN || e == ERR_NOT_FOUND) {
        http_response_header(web_http(rs), STR("WWW-Authenticate"), STR("Bearer"));
        return fault(cx, rs, 401, "Client.AuthenticationFailed",
                     STR("no token, or one that is not good"));
    }
    TRY(e);
    e = exchange_xroad_read(cx, a.bytes, &a.m, &word);
    if (e != ERR_OK) {
        return fault(cx, rs, 500,
                     str_z(cx->arena, str_cat(cx->arena, STR("Client."), str_of(word))),
                     str_of(cx->err.text));
    }
    word = judge(cx, &a, &words);
    return word != NULL ? fault(cx, rs, 500, word, words) : answer(cx, rs, &a);
}
