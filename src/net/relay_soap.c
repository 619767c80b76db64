/* relay_soap.c: calls of SOAP services (X-Road message protocol 4.0, PR-MESS). The message is read
 * whole and bounded before anything is sent: it tells who calls, which service and which operation,
 * and all three are checked. The answer's head waits until its envelope was looked at. */
#include "codec/xroad.h"
#include "net/relay_int.h"

#define MESSAGE_BYTES ((size_t)256 * 1024) /* of a request */
#define ANSWER_BYTES  ((size_t)64 * 1024)  /* of an answer, until its body's element */
#define LOOP_BYTES    ((size_t)32 << 20)   /* of a loop's messages, and of what was read of them */
#define FIRST_BYTES   ((size_t)8 * 1024)
#define NODES_MAX     400
#define READ_US       ((int64_t)60 * 1000000)

struct rsoap {
    struct arena *arena; /* what was read of the message */
    char *bytes;         /* the request's body; then what is there of the answer's */
    size_t n, cap, looked;
    size_t parsed;   /* of the arena, as it is counted for the loop */
    bool is_root;    /* came to "/": the envelope names the service */
    bool is_read;    /* the request's body is whole */
    bool is_holding; /* the answer's head waits */
    bool is_sent;    /* bytes are the answer's */
    struct xroad message;
    const char *fault, *what; /* the protocol's word and what it is about; NULL: none */
    struct str path;          /* of the operation */
};

static enum relay_error
wrong(struct rsoap *m, const char *fault, const char *what)
{
    m->fault = fault;
    m->what = what;
    return RELAY_BAD_SOAP;
}

/* --- types ------------------------------------------------------------------------------------ */
static struct str
media_type(struct str type)
{
    struct str name;
    struct str rest;
    (void)str_cut(type, ';', &name, &rest);
    return str_trim(name);
}

static struct str
request_field(const struct rcall *x, struct str name)
{
    struct str v = http_header_get(&x->rq, name);
    return v.p == NULL ? STR("") : v;
}

static size_t
fields_named(const struct rcall *x, struct str name)
{
    size_t n = 0;
    for (size_t i = 0; i < x->rq.n_headers; i++) {
        n += str_eq_nocase(x->rq.headers[i].name, name) ? 1U : 0U;
    }
    return n;
}

/* --- the request ------------------------------------------------------------------------------ */
static enum relay_error
room_take(struct rcall *x, size_t cap)
{
    struct rsoap *m = x->soap;
    if (x->loop->soap_bytes + (cap - m->cap) > LOOP_BYTES) {
        x->retry_after_s = 1;
        return RELAY_BUSY;
    }
    char *p = realloc(m->bytes, cap);
    if (p == NULL) {
        base_panic(__FILE__, __LINE__, "out of memory");
    }
    x->loop->soap_bytes += cap - m->cap;
    m->bytes = p;
    m->cap = cap;
    return RELAY_OK;
}

/* What was made of the message stays as long as the call: it counts like the bytes. */
static enum relay_error
parsed_take(struct rcall *x)
{
    struct rsoap *m = x->soap;
    size_t more = arena_used_bytes(m->arena) - m->parsed;
    x->loop->soap_bytes += more; /* it is there, whether it may stay or not */
    m->parsed += more;
    if (x->loop->soap_bytes > LOOP_BYTES) {
        x->retry_after_s = 1;
        return RELAY_BUSY;
    }
    return RELAY_OK;
}

static enum relay_error
keep(struct rcall *x, struct str data)
{
    struct rsoap *m = x->soap;
    size_t cap = m->cap == 0 ? FIRST_BYTES : m->cap;
    while (cap < m->n + data.n) {
        cap *= 2;
    }
    enum relay_error why = cap == m->cap ? RELAY_OK : room_take(x, cap);
    if (why == RELAY_OK && data.n != 0) {
        memcpy(m->bytes + m->n, data.p, data.n);
        m->n += data.n;
    }
    return why;
}

enum relay_error
soap_begin(struct rcall *x)
{
    struct str type = request_field(x, STR("Content-Type"));
    struct str media = media_type(type);
    bool is_post = x->rq.method == HTTP_POST;
    bool is_xml = str_eq_nocase(media, STR("text/xml")) ||
                  str_eq_nocase(media, STR("application/soap+xml")) ||
                  str_eq_nocase(media, STR("multipart/related"));
    bool is_root = x->route == NULL && is_post && is_xml && str_eq(x->rq.path, STR("/"));
    x->wants_fault = is_post && (is_xml || x->route != NULL);
    if (x->route == NULL && !is_root) {
        return RELAY_NO_ROUTE;
    }
    enum relay_error why = check_proof(x, x->hold->snap);
    if (why != RELAY_OK) {
        return why;
    }
    if (!is_post) {
        return RELAY_NO_OPERATION;
    }
    struct rsoap *m = ARENA_NEW(x->arena, struct rsoap);
    x->soap = m;
    m->is_root = is_root;
    m->arena = arena_open(0);
    if (!xroad_is_type(type) || fields_named(x, STR("Content-Encoding")) != 0) {
        return wrong(m, "Client.InvalidContentType",
                     "only text/xml in UTF-8, not encoded, without attachments");
    }
    if (x->head.framing == PARSE_LENGTH && x->head.length > MESSAGE_BYTES) {
        return RELAY_TOO_LARGE;
    }
    x->upward = (struct rpump){
        .body = { .framing = x->head.framing, .left = x->head.length },
        .is_done = x->head.framing == PARSE_NO_BODY,
        .bytes_max = MESSAGE_BYTES,
    };
    rcall_due(x, READ_US);
    continue_send(x);
    return RELAY_OK;
}

/* --- what the message says -------------------------------------------------------------------- */
static enum relay_error
message_read(struct rcall *x)
{
    struct rsoap *m = x->soap;
    const struct xml_limits limits = { .bytes_max = MESSAGE_BYTES, .nodes_max = NODES_MAX };
    const char *fault = NULL;
    const char *what = NULL;
    if (xroad_read(m->arena, (struct str){ m->bytes, m->n }, limits, XROAD_REQUEST, &m->message,
                   &fault, &what) != ERR_OK) {
        return wrong(m, str_z(m->arena, str_fmt(m->arena, "Client.%s", fault)), what);
    }
    if (m->is_root && !m->message.has_fields) {
        return wrong(m, "Client.MissingHeaderField", "client");
    }
    return m->message.is_fault ? wrong(m, "Client.InvalidSoap", "a Fault is no request") : RELAY_OK;
}

static struct str
service_named(const struct rsoap *m)
{
    return str_fmt(m->arena, STR_FMT "/" STR_FMT, STR_ARG(m->message.provider),
                   STR_ARG(m->message.code));
}

/* By a code that all providers have, by the service's own code, or, as X-Road has it, by the
 * operation's name. */
static const struct rroute *
route_named(const struct rcall *x, bool *ret_is_operation)
{
    const struct rsnap *s = x->hold->snap;
    struct str name = service_named(x->soap);
    const struct rroute *route = rtable_get(&s->soap_common, x->soap->message.code);
    *ret_is_operation = true;
    if (route != NULL) {
        return route;
    }
    route = rtable_get(&s->route_names, name);
    *ret_is_operation = route == NULL;
    return route != NULL ? route : rtable_get(&s->soap, name);
}

static enum relay_error
find_route(struct rcall *x)
{
    struct rsoap *m = x->soap;
    if (!m->message.has_fields) {
        return RELAY_OK;
    }
    bool is_operation = false;
    const struct rroute *route = route_named(x, &is_operation);
    if (is_operation && !m->is_root && str_eq(snap_provider(x->route), m->message.provider) &&
        str_eq(m->message.code, m->message.body->name)) {
        route = x->route; /* the address says which of two services is meant */
    }
    if (route == NULL || !route->is_soap) {
        return m->is_root ? RELAY_NO_ROUTE
                          : wrong(m, "Client.InconsistentHeaders",
                                  "the field service is not the service of this address");
    }
    if (!m->is_root && route != x->route) {
        return wrong(m, "Client.InconsistentHeaders",
                     "the field service is not the service of this address");
    }
    if (is_operation && !str_eq(m->message.code, m->message.body->name)) {
        return wrong(m, "Client.InconsistentHeaders",
                     "serviceCode is not the name of the body's element");
    }
    if (m->is_root) { /* as if it had come to the service's own address */
        x->rq.path = str_fmt(x->arena, STR_FMT "/" STR_FMT, STR_ARG(route->path),
                             STR_ARG(m->message.body->name));
    }
    x->route = route;
    return RELAY_OK;
}

static enum relay_error
find_operation(struct rcall *x)
{
    struct rsoap *m = x->soap;
    struct str element = m->message.body->name;
    const struct relay_soap *found = NULL;
    for (size_t i = 0; i < x->route->n_soap && found == NULL; i++) {
        found = str_eq(x->route->soap[i].element, element) ? &x->route->soap[i] : NULL;
    }
    const struct relay_soap any = { element, STR_NULL, str_cat(x->arena, STR("/"), element) };
    if (found == NULL && x->route->n_soap != 0) {
        return RELAY_NO_OPERATION;
    }
    found = found == NULL ? &any : found;
    struct str below = m->is_root ? STR("/") : path_below(x);
    if (!str_eq(below, STR("/")) && !str_eq(below, found->path)) {
        return wrong(m, "Client.InconsistentHeaders",
                     "the address names another operation than the body");
    }
    if (fields_named(x, STR("SOAPAction")) > 1 ||
        !xroad_is_action(request_field(x, STR("SOAPAction")), element, found->action) ||
        !xroad_is_addressed(&m->message, found->action)) {
        return wrong(m, "Client.InconsistentHeaders",
                     "SOAPAction, or Action, names another operation than the body");
    }
    m->path = found->path;
    return RELAY_OK;
}

/* As a field of HTTP: what is not ASCII is percent-encoded. */
static struct str
field_text(struct arena *a, struct str s)
{
    struct buf b = buf_new(a, size_mul(s.n, 3) + 16);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c > 0x7e) {
            buf_addf(&b, "%%%02X", (unsigned)c);
        } else {
            buf_add_char(&b, s.p[i]);
        }
    }
    return s.p == NULL ? STR_NULL : buf_str(&b);
}

static void
take_over(struct rcall *x)
{
    const struct xroad *m = &x->soap->message;
    if (m->has_fields) {
        x->message_id = field_text(x->arena, m->id);
        x->user_id = field_text(x->arena, m->user_id);
        x->issue = field_text(x->arena, m->issue);
    }
    x->rest = x->route->is_fixed ? STR("") : x->soap->path;
    x->head.framing = PARSE_LENGTH;
    x->head.length = x->soap->n;
}

static enum relay_error
check_caller(struct rcall *x)
{
    const struct xroad *m = &x->soap->message;
    const struct rsnap *s = x->hold->snap;
    struct str name;
    if (!check_name(x, &name)) {
        return RELAY_NO_CLIENT_ID;
    }
    if (m->has_fields && name.p != NULL && !str_eq(name, m->client)) {
        return RELAY_OTHER_CLIENT;
    }
    if (x->route->is_open) {
        return RELAY_OK;
    }
    return check_who(x, s, m->has_fields ? m->client : name);
}

static enum relay_error
message_check(struct rcall *x)
{
    enum relay_error why = message_read(x);
    enum relay_error room = parsed_take(x);
    why = why == RELAY_OK ? room : why;
    why = why == RELAY_OK ? find_route(x) : why;
    why = why == RELAY_OK ? check_caller(x) : why;
    why = why == RELAY_OK ? find_operation(x) : why;
    if (why == RELAY_OK && !x->route->is_open && !x->route->is_for_clients) {
        why = check_grant(x, x->hold->snap, x->soap->path);
    }
    if (why == RELAY_OK && x->soap->n > x->route->body_max) {
        why = RELAY_TOO_LARGE;
    }
    if (why == RELAY_OK) {
        take_over(x);
    }
    return why;
}

enum rstate
soap_read(struct rcall *x, enum relay_error *ret)
{
    struct str data;
    enum rpump_end end = PUMP_AGAIN;
    *ret = RELAY_OK;
    while (end == PUMP_AGAIN && *ret == RELAY_OK) {
        end = pump_take(&x->upward, x->client, &data);
        *ret = end == PUMP_AGAIN || end == PUMP_DONE ? keep(x, data) : RELAY_OK;
    }
    if (*ret != RELAY_OK) {
        return R_MORE;
    }
    if (end == PUMP_WAIT_FROM) {
        return R_WAIT;
    }
    if (end == PUMP_DONE) {
        x->soap->is_read = true;
        *ret = message_check(x);
        return R_MORE;
    }
    if (end == PUMP_TOO_BIG || end == PUMP_BAD) {
        x->closes_client = true;
        *ret = end == PUMP_BAD ? RELAY_BAD_REQUEST : RELAY_TOO_LARGE;
        return R_MORE;
    }
    rconn_kill(x->client);
    return R_OVER;
}

bool
soap_is_read(const struct rcall *x)
{
    return x->soap != NULL && x->soap->is_read;
}

void
soap_send_begin(struct rcall *x)
{
    const struct rsoap *m = x->soap;
    x->upward = (struct rpump){ .is_done = true, .bytes = m->n, .bytes_max = UINT64_MAX };
    pump_begin(&x->upward, x->head_up);
    pump_give(&x->upward, (struct str){ m->bytes, m->n });
    rcall_due(x, x->route->send_us);
    x->is_sending = true;
}

bool
soap_drops(const struct rcall *x, struct str name)
{
    return x->route->is_xroad &&
           (head_name_is(name, STR("x-road-userid")) || head_name_is(name, STR("x-road-issue")));
}

/* --- the answer ------------------------------------------------------------------------------- */
bool
soap_is_holding(const struct rcall *x)
{
    return x->soap->is_holding;
}

bool
soap_holds_answer(struct rcall *x)
{
    struct rsoap *m = x->soap;
    m->is_holding = m->message.has_fields && !x->route->is_signed;
    return m->is_holding;
}

static enum rstate
answer_wrong(struct rcall *x, const char *fault, const char *what)
{
    (void)wrong(x->soap, fault, what);
    return rcall_fail(x, RELAY_BAD_ANSWER);
}

/* The envelope as far as it is there. True: it has been understood, *ret_fault says how. */
static bool
answer_read(struct rcall *x, const char **ret_fault, const char **ret_what)
{
    struct rsoap *m = x->soap;
    const struct xml_limits limits = { .bytes_max = ANSWER_BYTES * 4, .nodes_max = NODES_MAX };
    struct xroad answer;
    struct arena *a = arena_open(0);
    *ret_fault = NULL;
    enum err e = xroad_read(a, (struct str){ m->bytes, m->n }, limits, XROAD_ANSWER, &answer,
                            ret_fault, ret_what);
    if (e == ERR_OK && !answer.is_fault && !answer.has_fields) {
        *ret_fault = "MissingHeaderField";
        *ret_what = "the answer does not repeat the request's header";
    } else if (e == ERR_OK && answer.has_fields && !xroad_is_same(&answer, &m->message)) {
        *ret_fault = "InconsistentHeaders";
        *ret_what = "the answer's header is not the request's";
    }
    if (e != ERR_OK) {
        *ret_what = str_z(x->arena, str_slice(str_of(*ret_what), 0, 200));
    }
    arena_close(a);
    return e == ERR_OK || !str_eq(str_of(*ret_fault), STR("InvalidSoap"));
}

/* What is there is good: it goes down, and the rest as it comes. */
static enum rstate
answer_let_go(struct rcall *x)
{
    struct rsoap *m = x->soap;
    m->is_holding = false;
    answer_pass(x);
    pump_give(&x->downward, (struct str){ m->bytes, m->n });
    return R_MORE;
}

static enum rstate
answer_look(struct rcall *x, bool is_whole)
{
    struct rsoap *m = x->soap;
    const char *fault = NULL;
    const char *what = NULL;
    bool is_full = m->n >= ANSWER_BYTES;
    if (!is_whole && !is_full && m->n < 2 * m->looked) {
        return R_WAIT;
    }
    m->looked = m->n;
    if (!answer_read(x, &fault, &what) && !is_whole && !is_full) {
        return R_WAIT;
    }
    if (fault != NULL) {
        fault = str_z(x->arena, str_fmt(x->arena, "Server.ServerProxy.ServiceFailed.%s", fault));
        return answer_wrong(x, fault, what);
    }
    return answer_let_go(x);
}

enum rstate
soap_answer(struct rcall *x)
{
    struct rsoap *m = x->soap;
    const struct parse_answer *a = &x->answer;
    struct str data;
    if (!m->is_sent) {
        m->is_sent = true;
        x->up->is_broken = x->up->is_broken || !x->is_request_sent; /* no more of it goes up */
        m->n = 0; /* the request is out: its room takes the answer */
    }
    if (!xroad_is_type(a->type)) {
        return answer_wrong(x,
                            a->status >= 400
                                ? "Server.ServerProxy.ServiceFailed.HttpError"
                                : "Server.ServerProxy.ServiceFailed.InvalidContentType",
                            "the service did not answer with text/xml in UTF-8");
    }
    for (;;) {
        enum rpump_end end = pump_take(&x->downward, x->up, &data);
        if (end == PUMP_WAIT_FROM) {
            return R_WAIT;
        }
        if (end != PUMP_AGAIN && end != PUMP_DONE) {
            up_note(x, false);
            return rcall_fail(x, end == PUMP_CUT ? RELAY_ANSWER_CUT : RELAY_BAD_ANSWER);
        }
        enum relay_error why = keep(x, data);
        if (why != RELAY_OK) {
            return rcall_fail(x, why);
        }
        enum rstate state = answer_look(x, end == PUMP_DONE);
        if (state != R_WAIT) {
            return state;
        }
    }
}

/* --- faults ----------------------------------------------------------------------------------- */
const char *
soap_fault_type(const struct rcall *x, const char *otherwise)
{
    bool is_own = x->soap != NULL && x->soap->fault != NULL &&
                  (x->error == RELAY_BAD_SOAP || x->error == RELAY_BAD_ANSWER);
    return is_own ? x->soap->fault : otherwise;
}

struct str
soap_fault(struct rcall *x, const char *type, const char *text)
{
    const struct rsoap *m = x->soap;
    bool is_own = m != NULL && m->fault != NULL && type == m->fault;
    struct buf b = buf_new(x->arena, (size_t)32 << 10); /* a header has up to 13 texts */
    BUF_LIT(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SOAP-ENV:Envelope "
                "xmlns:SOAP-ENV=\"" XROAD_SOAP_NS "\">");
    if (m != NULL && m->message.has_fields) {
        xroad_put_header(&b, &m->message);
    }
    BUF_LIT(&b, "<SOAP-ENV:Body><SOAP-ENV:Fault>");
    xml_element_to(&b, "faultcode", str_of(type));
    BUF_LIT(&b, "<faultstring>");
    xml_escape_to(&b, str_of(text));
    if (is_own && m->what != NULL) {
        BUF_LIT(&b, " ");
        xml_escape_to(&b, str_slice(str_of(m->what), 0, 300));
    }
    BUF_LIT(&b, "</faultstring><faultactor></faultactor><detail>");
    buf_addf(&b, "<faultDetail xmlns=\"\">%s</faultDetail>", x->request_id);
    BUF_LIT(&b, "</detail></SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>\n");
    return buf_str(&b);
}

void
soap_free(struct rcall *x)
{
    struct rsoap *m = x->soap;
    x->loop->soap_bytes -= m->cap + m->parsed;
    free(m->bytes);
    arena_close(m->arena);
}
