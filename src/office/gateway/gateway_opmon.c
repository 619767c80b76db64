/* gateway_opmon.c: the monitoring services of X-Road: getSecurityServerOperationalData and
 * getSecurityServerHealthData (PR-OPMON), getSecurityServerMetrics (PR-ENVMONMES). SOAP 4.0 in;
 * SOAP, or a multipart of SOAP and gzipped JSON, out. doc/exchange.md part 10. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/xml.h"
#include "engine/health/health.h"
#include "engine/watch/watch.h"
#include "office/gateway/gateway_int.h"
#include "sys/service.h"
#include "sys/sys.h"

#include <unistd.h>

#define OPM_NS     "http://x-road.eu/xsd/op-monitoring.xsd"
#define METRICS_NS "http://x-road.eu/xsd/monitoring"
#define CONTENT_ID "operational-monitoring-data.json.gz"
#define US_PER_MS  1000

/* --- answers -----------------------------------------------------------------------------------
 */
static void
put_number(struct buf *b, const char *tag, int64_t v)
{
    buf_addf(b, "<%s>%" PRId64 "</%s>", tag, v, tag);
}

/* --- who asks ----------------------------------------------------------------------------------
 */
/* Is the message for this installation, from who is signed in? NULL, or the fault's code. */
static const char *
judge(struct ctx *cx, struct gw_soap *a, struct str *ret_words)
{
    struct str owner;
    if (exchange_owner(cx, &owner) != ERR_OK) {
        *ret_words = STR("this installation has no owner");
        return "Server.ServerProxy.UnknownService";
    }
    *ret_words =
        str_fmt(cx->arena, "services of this server are offered by " STR_FMT, STR_ARG(owner));
    if (!str_eq(a->m.provider, owner)) {
        return "Server.ServerProxy.UnknownMember";
    }
    if (!gw_soap_is_here(cx, a, owner, ret_words)) {
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

static enum err
operational_data(struct ctx *cx, struct web_resp *rs, const struct gw_soap *a)
{
    struct watch_opmon q = { .system_id = a->is_owner ? 0 : a->who.id };
    struct watch_opmon_records found;
    const char *why = read_query(cx, a->m.body, &q);
    if (why != NULL) {
        return gw_soap_fault_request(cx, rs, why);
    }
    enum err e = watch_opmon_records(cx, &q, &found);
    if (e == ERR_INVALID) {
        return gw_soap_fault_request(cx, rs, cx->err.text);
    }
    TRY(e);
    struct buf b = gw_soap_open(cx, a);
    buf_add(&b, STR("<om:getSecurityServerOperationalDataResponse xmlns:om=\"" OPM_NS "\">"));
    put_number(&b, "om:recordsCount", found.n);
    xml_element_to(&b, "om:records", STR("cid:" CONTENT_ID));
    if (found.next_s != 0) {
        put_number(&b, "om:nextRecordsFrom", found.next_s);
    }
    buf_add(&b, STR("</om:getSecurityServerOperationalDataResponse>"));
    const struct gw_attachment with = { "application/gzip", CONTENT_ID, found.gzip };
    return gw_soap_give_with(cx, rs, &b, &with);
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
health_data(struct ctx *cx, struct web_resp *rs, const struct gw_soap *a)
{
    struct watch_opmon_health h;
    struct str partner = STR_NULL;
    int64_t since_us = health_started_us(cx->health);
    const char *why = read_client(cx, xml_child(a->m.body, OPM_NS, "filterCriteria"), &partner);
    if (why != NULL) {
        return gw_soap_fault_request(cx, rs, why);
    }
    TRY(watch_opmon_health(cx, partner, since_us, &h));
    struct buf b = gw_soap_open(cx, a);
    buf_add(&b, STR("<om:getSecurityServerHealthDataResponse xmlns:om=\"" OPM_NS "\">"));
    put_number(&b, "om:monitoringStartupTimestamp", since_us / US_PER_MS);
    put_number(&b, "om:statisticsPeriodSeconds", h.period_s);
    buf_add(&b, STR("<om:servicesEvents>\n"));
    for (size_t i = 0; i < h.n; i++) {
        put_service(&b, &h.v[i]);
    }
    buf_add(&b, STR("</om:servicesEvents></om:getSecurityServerHealthDataResponse>"));
    return gw_soap_give(cx, rs, &b);
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
metrics(struct ctx *cx, struct web_resp *rs, const struct gw_soap *a)
{
    struct sys_process p;
    int64_t free_bytes = 0;
    int64_t total_bytes = 0;
    if (!a->is_owner) {
        return gw_soap_fault(
            cx, rs, 500, "Server.ServerProxy.AccessDenied",
            STR("only the owner of the server, naming it, may ask for its metrics"));
    }
    sys_process_read(&p);
    TRY(sys_disk(cx, cx->config->data_dir, &free_bytes, &total_bytes));
    struct buf b = gw_soap_open(cx, a);
    buf_add(&b, STR("<m:getSecurityServerMetricsResponse xmlns:m=\"" METRICS_NS
                    "\"><m:metricSet><m:name>SERVER:"));
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
    return gw_soap_give(cx, rs, &b);
}

/* --- the door -----------------------------------------------------------------------------------
 */
static const struct gw_soap_service services[] = {
    { "getSecurityServerOperationalData", OPM_NS, operational_data },
    { "getSecurityServerHealthData", OPM_NS, health_data },
    { "getSecurityServerMetrics", METRICS_NS, metrics },
};

enum err
gw_opmon(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    const struct gw_soap_door door = { judge, services, COUNT_OF(services) };
    return gw_soap_answer(cx, rq, rs, &door);
}
