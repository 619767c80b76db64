/* relay_refuse.c: how the relay says no: JSON of X-Road, XML, SOAP Faults, problem documents. */
#include "codec/xroad.h"
#include "net/relay_int.h"
#include "net/server_int.h"

static const struct refusal {
    const char *code;
    int status, xroad_status;
    const char *type, *text;
} refusals[RELAY_ERROR_COUNT] = {
#define RELAY_ERROR(name, code, status, xroad_status, type, text)                                  \
    [name] = { code, status, xroad_status, type, text },
#include "net/relay_errors.def"
#undef RELAY_ERROR
};

static struct str
refusal_body(struct rcall *x, const struct refusal *r, int status, bool is_xroad)
{
    if (is_xroad) {
        return str_fmt(x->arena, "{\"type\":\"%s\",\"message\":\"%s\",\"detail\":\"%s\"}\n",
                       r->type, r->text, x->request_id);
    }
    return str_fmt(x->arena,
                   "{\"type\":\"urn:bombo:relay:%s\",\"title\":\"%s\",\"status\":%d,"
                   "\"instance\":\"urn:uuid:%s\",\"trace_id\":\"%s\"}\n",
                   r->code, r->text, status, x->request_id, x->trace_id);
}

/* Addresses that X-Road's own programs call, also ones that name no service. */
static bool
is_xroad_path(struct str path)
{
    struct str first = str_slice(path, 0, 1 + str_find_char(str_slice(path, 1, path.n), '/'));
    return str_eq(first, STR("/r1")) || str_eq(first, STR("/listClients"));
}

/* Is XML asked for, and JSON not before it? */
static bool
accepts_xml(const struct rcall *x)
{
    struct str rest = http_header_get(&x->rq, STR("Accept"));
    struct str part;
    struct str type;
    struct str tail;
    while (rest.n != 0 && str_next(&rest, ',', &part)) {
        (void)str_cut(part, ';', &type, &tail);
        type = str_trim(type);
        if (str_eq_nocase(type, STR("application/xml")) || str_eq_nocase(type, STR("text/xml"))) {
            return true;
        }
        if (str_eq_nocase(type, STR("application/json")) || str_eq(type, STR("*/*"))) {
            return false;
        }
    }
    return false;
}

static struct str
error_xml(struct rcall *x, const struct refusal *r)
{
    return str_fmt(x->arena,
                   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xrd:error xmlns:xrd=\"" XROAD_NS
                   "\"><xrd:type>%s</xrd:type><xrd:message>%s</xrd:message>"
                   "<xrd:detail>%s</xrd:detail></xrd:error>\n",
                   r->type, r->text, x->request_id);
}

/* How a refusal is said: PR-REST 4.6 for X-Road services, RFC 9457 for all others. */
enum form { FORM_FAULT, FORM_XML, FORM_XROAD, FORM_PROBLEM };
static const char *const media_of[] = { [FORM_FAULT] = "text/xml;charset=utf-8",
                                        [FORM_XML] = "application/xml;charset=utf-8",
                                        [FORM_XROAD] = "application/json;charset=utf-8",
                                        [FORM_PROBLEM] = "application/problem+json" };

static enum form
refusal_form(const struct rcall *x)
{
    if (x->wants_fault) {
        return FORM_FAULT;
    }
    if (!is_xroad_path(x->asked.n != 0 ? x->asked : x->rq.path)) {
        return FORM_PROBLEM;
    }
    return accepts_xml(x) ? FORM_XML : FORM_XROAD;
}

static int
refusal_status(const struct rcall *x, const struct refusal *r)
{
    bool is_xroad = is_xroad_path(x->asked.n != 0 ? x->asked : x->rq.path);
    if (x->wants_fault && r->status != 401) {
        return 500; /* SOAP 1.1, 6.2 */
    }
    return x->status_own != 0 ? x->status_own : is_xroad ? r->xroad_status : r->status;
}

static void
refusal_fields(struct rcall *x, struct buf *b, int status, const char *xroad_type)
{
    if (xroad_type != NULL) {
        buf_addf(b, "X-Road-Error: %s\r\n", xroad_type);
        buf_addf(b, "X-Road-Request-Id: %s\r\n", x->request_id);
    }
    if (status == 401) {
        bool is_token = x->error == RELAY_BAD_TOKEN || x->error == RELAY_TOKEN_CERT;
        buf_addf(b, "WWW-Authenticate: Bearer realm=\"relay\"%s\r\n",
                 is_token ? ", error=\"invalid_token\"" : "");
    }
    if (x->retry_after_s != 0 || status == 503) {
        buf_addf(b, "Retry-After: %" PRId64 "\r\n", x->retry_after_s == 0 ? 1 : x->retry_after_s);
    }
    if (x->closes_client) {
        BUF_LIT(b, "Connection: close\r\n");
    }
}

void
head_build_refusal(struct rcall *x)
{
    const struct refusal *r = &refusals[x->error];
    enum form form = refusal_form(x);
    int status = refusal_status(x, r);
    const char *type = form == FORM_FAULT ? soap_fault_type(x, r->type) : r->type;
    struct str body = form == FORM_FAULT ? soap_fault(x, type, r->text)
                      : form == FORM_XML ? error_xml(x, r)
                                         : refusal_body(x, r, status, form == FORM_XROAD);
    struct buf b = buf_new(x->arena, (size_t)64 << 10);
    buf_addf(&b, "HTTP/1.1 %d " STR_FMT "\r\nDate: " STR_FMT "\r\nContent-Length: %zu\r\n", status,
             STR_ARG(http_reason(status)), STR_ARG(head_date(x->loop)), body.n);
    buf_addf(&b, "Content-Type: %s\r\nCache-Control: no-store\r\n", media_of[form]);
    refusal_fields(x, &b, status, form == FORM_PROBLEM ? NULL : type);
    BUF_LIT(&b, "\r\n");
    if (x->rq.method != HTTP_HEAD) {
        buf_add(&b, body);
    }
    x->status = status;
    x->head_down = buf_str(&b);
}
