/* exchange_call.c: accounts of calls, and the one way through the exchange on the application
 * plane: agreement, limits, service, fields removed, account. */
#include "base/date.h"
#include "codec/url.h"
#include "engine/access/access.h"
#include "engine/exchange/exchange_int.h"
#include "gen/q_exchange.h"
#include "net/client.h"
#include "net/relay.h"
#include "store/store.h"
#include "sys/sys.h"

#define LIST_MAX   100
#define BATCH_MAX  1000
#define ANSWER_MAX ((size_t)32 << 20) /* a paper of 20 MB as base64 */

/* --- accounts --------------------------------------------------------------------------------- */
struct calls_job {
    const struct exchange_call *v;
    size_t n;
};

static struct str
or_empty(struct str s)
{
    return s.p == NULL ? STR("") : s;
}

static enum err
calls_tx(struct ctx *cx, void *arg)
{
    const struct calls_job *job = arg;
    for (size_t i = 0; i < job->n; i++) {
        const struct exchange_call *c = &job->v[i];
        TRY(q_xcall_insert(cx, NULL, .id = store_new_id(cx), .at_us = c->at_us, .way = c->way,
                           .consumer_id = c->consumer_id, .service_id = c->service_id,
                           .agreement_id = c->agreement_id, .operation = or_empty(c->operation),
                           .status = c->status, .fault = or_empty(c->fault),
                           .bytes_in = c->bytes_in, .bytes_out = c->bytes_out,
                           .took_us = c->took_us, .up_us = c->up_us, .back_us = c->back_us,
                           .trace_id = or_empty(c->trace_id), .request_id = or_empty(c->request_id),
                           .message_id = or_empty(c->message_id)));
    }
    return ERR_OK;
}

enum err
exchange_calls_add(struct ctx *cx, const struct exchange_call *v, size_t n)
{
    struct calls_job job = { v, n > BATCH_MAX ? BATCH_MAX : n };
    return cx->is_writing ? calls_tx(cx, &job) : store_write(cx, calls_tx, &job);
}

/* Names beside the numbers; a page shows few different ones. */
static void
name_call(struct ctx *cx, int64_t consumer_id, int64_t service_id, struct str *consumer,
          struct str *service)
{
    struct exchange_subsystem sub;
    struct exchange_service s;
    *consumer = consumer_id != 0 && exchange_subsystem_get(cx, consumer_id, &sub) == ERR_OK
                    ? sub.name
                    : STR("");
    *service =
        service_id != 0 && exchange_service_get(cx, service_id, &s) == ERR_OK ? s.name : STR("");
}

#define CALL_OF(r)                                                                                 \
    (struct exchange_call)                                                                         \
    {                                                                                              \
        .id = (r)->id, .at_us = (r)->at_us, .consumer_id = (r)->consumer_id,                       \
        .service_id = (r)->service_id, .agreement_id = (r)->agreement_id, .status = (r)->status,   \
        .bytes_in = (r)->bytes_in, .bytes_out = (r)->bytes_out, .took_us = (r)->took_us,           \
        .way = (r)->way, .operation = (r)->operation, .fault = (r)->fault,                         \
        .trace_id = (r)->trace_id, .request_id = (r)->request_id                                   \
    }

static enum err
calls_of_consumer(struct ctx *cx, int64_t consumer, bool is_faulty, int64_t top,
                  struct exchange_call *v, size_t *n)
{
    if (is_faulty) {
        struct q_xcall_faulty_of_consumer_list l;
        TRY(q_xcall_faulty_of_consumer(cx, &l, .consumer_id = consumer, .before = top,
                                       .limit_n = LIST_MAX));
        for (; *n < l.n; (*n)++) {
            v[*n] = CALL_OF(&l.v[*n]);
        }
        return ERR_OK;
    }
    struct q_xcall_of_consumer_list l;
    TRY(q_xcall_of_consumer(cx, &l, .consumer_id = consumer, .before = top, .limit_n = LIST_MAX));
    for (; *n < l.n; (*n)++) {
        v[*n] = CALL_OF(&l.v[*n]);
    }
    return ERR_OK;
}

static enum err
calls_of_service(struct ctx *cx, int64_t service, bool is_faulty, int64_t top,
                 struct exchange_call *v, size_t *n)
{
    if (is_faulty) {
        struct q_xcall_faulty_of_service_list l;
        TRY(q_xcall_faulty_of_service(cx, &l, .service_id = service, .before = top,
                                      .limit_n = LIST_MAX));
        for (; *n < l.n; (*n)++) {
            v[*n] = CALL_OF(&l.v[*n]);
        }
        return ERR_OK;
    }
    struct q_xcall_of_service_list l;
    TRY(q_xcall_of_service(cx, &l, .service_id = service, .before = top, .limit_n = LIST_MAX));
    for (; *n < l.n; (*n)++) {
        v[*n] = CALL_OF(&l.v[*n]);
    }
    return ERR_OK;
}

static enum err
calls_of_all(struct ctx *cx, bool is_faulty, int64_t top, struct exchange_call *v, size_t *n)
{
    if (is_faulty) {
        struct q_xcall_faulty_list l;
        TRY(q_xcall_faulty(cx, &l, .before = top, .limit_n = LIST_MAX));
        for (; *n < l.n; (*n)++) {
            v[*n] = CALL_OF(&l.v[*n]);
        }
        return ERR_OK;
    }
    struct q_xcall_newest_list l;
    TRY(q_xcall_newest(cx, &l, .before = top, .limit_n = LIST_MAX));
    for (; *n < l.n; (*n)++) {
        v[*n] = CALL_OF(&l.v[*n]);
    }
    return ERR_OK;
}

enum err
exchange_calls(struct ctx *cx, int64_t consumer, int64_t service, bool is_faulty, int64_t before,
               struct exchange_call **ret, size_t *ret_n)
{
    struct exchange_call *v = ARENA_ARRAY(cx->arena, struct exchange_call, LIST_MAX);
    size_t n = 0;
    int64_t top = before == 0 ? INT64_MAX : before;
    TRY(consumer != 0  ? calls_of_consumer(cx, consumer, is_faulty, top, v, &n)
        : service != 0 ? calls_of_service(cx, service, is_faulty, top, v, &n)
                       : calls_of_all(cx, is_faulty, top, v, &n));
    for (size_t i = 0; i < n; i++) {
        name_call(cx, v[i].consumer_id, v[i].service_id, &v[i].consumer, &v[i].service);
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

/* --- one call --------------------------------------------------------------------------------- */
struct call {
    const struct exchange_request *rq;
    struct exchange_case at;
    int64_t left; /* of the quota, once judged */
    int64_t begun_us;
};

/* What is left of the agreement's calls of today (Vietnam). */
static enum err
quota_left(struct ctx *cx, const struct call *c, int64_t *ret)
{
    struct q_xcall_day_n row;
    int64_t now_us = sys_now_us(cx);
    *ret = INT64_MAX;
    if (c->at.agreement.quota_day == 0) {
        return ERR_OK;
    }
    TRY(q_xcall_day_n(cx, &row, .agreement_id = c->at.agreement.id,
                      .consumer_id = c->at.consumer.id,
                      .since_id = date_to_us_vn(date_at_vn(now_us), 0)));
    *ret = row.n >= c->at.agreement.quota_day ? 0 : c->at.agreement.quota_day - row.n;
    return ERR_OK;
}

/* Of the request, or found by its method and path. */
static struct str
operation_of(const struct call *c)
{
    return c->rq->operation.p != NULL ? c->rq->operation : or_empty(c->at.operation.code);
}

/* What says otherwise than the body what is asked, or how the body is to be read. */
static bool
are_fields_of(const struct call *c)
{
    const struct exchange_operation *o = &c->at.operation;
    bool is_good = xroad_is_type(or_empty(c->rq->content_type));
    for (size_t i = 0; i < c->rq->n_headers; i++) {
        const struct http_header *h = &c->rq->headers[i];
        is_good = is_good && !str_eq_nocase(h->name, STR("Content-Encoding")) &&
                  (!str_eq_nocase(h->name, STR("SOAPAction")) ||
                   xroad_is_action(h->value, o->element, o->action));
    }
    return is_good;
}

/* A SOAP service goes by its message alone: what another installation sends must be the operation
 * that it names, and name no other client. */
static bool
is_message_of(struct ctx *cx, const struct call *c)
{
    const struct xml_limits limits = { .bytes_max = (uint32_t)EXCHANGE_MEMORY_BYTES };
    struct xroad m = { .has_fields = false };
    const char *fault = NULL;
    const char *what = NULL;
    bool is_asked = c->rq->way != NULL && str_eq(str_of(c->rq->way), STR("node"));
    if (!is_asked || str_is_empty(c->at.operation.element)) {
        return true;
    }
    return xroad_read(cx->arena, or_empty(c->rq->body), limits, XROAD_REQUEST, &m, &fault, &what) ==
               ERR_OK &&
           str_eq(m.body->name, c->at.operation.element) && are_fields_of(c) &&
           xroad_is_addressed(&m, c->at.operation.action) &&
           (!m.has_fields || str_eq(m.client, c->rq->consumer));
}

/* "" when the call may pass, else the relay's word for why not. */
static enum err
judge(struct ctx *cx, struct call *c, struct str *ret)
{
    int64_t now_us = sys_now_us(cx);
    if (!str_eq(c->at.consumer.state, STR("active")) ||
        !str_eq(c->at.consumer.member_state, STR("active"))) {
        *ret = STR("suspended");
        return ERR_OK;
    }
    *ret = exchange_agreement_fault(c->at.agreement.id == 0 ? NULL : &c->at.agreement,
                                    operation_of(c), date_at_vn(now_us), now_us);
    if (str_is_empty(*ret) && !str_eq(c->at.service.state, STR("published"))) {
        *ret = STR("no_route");
    }
    if (str_is_empty(*ret) && !is_message_of(cx, c)) {
        *ret = STR("no_operation");
    }
    if (!str_is_empty(*ret)) {
        return ERR_OK;
    }
    if (c->at.agreement.rate_s > 0) {
        struct str key = str_fmt(cx->arena, "exchange:%" PRId64, c->at.agreement.id);
        enum err e = access_rate(cx, key, DATE_US_PER_S, c->at.agreement.rate_s);
        if (e != ERR_OK) {
            *ret = STR("rate");
            return e == ERR_RATE ? ERR_OK : e;
        }
    }
    TRY(quota_left(cx, c, &c->left));
    *ret = c->left == 0 ? STR("quota") : STR("");
    return ERR_OK;
}

/* The fields of an answer that are the service's word to the caller, not to this connection. */
static void
keep_fields(struct ctx *cx, const struct call *c, const struct client_response *rs,
            struct exchange_answer *ret)
{
    struct http_header *v = ARENA_ARRAY(cx->arena, struct http_header, CLIENT_HEADERS_MAX);
    struct str hop = client_header_get(rs, STR("Connection"));
    bool is_changed = !str_is_empty(c->at.agreement.removed);
    ret->headers = v;
    for (size_t i = 0; i < rs->n_headers; i++) {
        struct str name = rs->headers[i].name;
        if (relay_passes_down(name, hop, is_changed) && !str_eq_nocase(name, STR("Date")) &&
            !str_eq_nocase(name, STR("Content-Type"))) {
            v[ret->n_headers++] = rs->headers[i];
        }
    }
}

static enum err
over_http(struct ctx *cx, const struct call *c, struct exchange_answer *ret)
{
    struct client_response rs;
    bool is_soap = !str_is_empty(c->at.operation.element); /* all operations have one address */
    struct str path = is_soap                     ? STR_NULL
                      : str_is_empty(c->rq->path) ? c->at.operation.path
                                                  : c->rq->path;
    struct client_request rq = { .method = c->at.operation.method,
                                 .url = is_soap ? c->at.service.endpoint
                                                : url_join(cx->arena, c->at.service.endpoint, path,
                                                           or_empty(c->rq->query)),
                                 .headers = c->rq->headers,
                                 .n_headers = c->rq->n_headers,
                                 .content_type = c->rq->content_type,
                                 .body = c->rq->body,
                                 .body_path = c->rq->body_path,
                                 .body_bytes = c->rq->body_bytes,
                                 .timeout_ms = (uint32_t)c->at.service.timeout_ms,
                                 .body_max_bytes = ANSWER_MAX,
                                 .pool = exchange_kept_pool(c->rq->kept) };
    if (c->rq->answer_path.n != 0) {
        rq.body_max_bytes = EXCHANGE_MEMORY_BYTES;
        rq.answer_path = c->rq->answer_path;
        rq.file_max_bytes = EXCHANGE_BODY_BYTES;
    }
    TRY(client_call(cx, &rq, &rs));
    ret->status = rs.status;
    ret->body = rs.body;
    ret->body_path = rs.body_path;
    ret->body_bytes = rs.body_bytes;
    ret->content_type = client_header_get(&rs, STR("Content-Type"));
    keep_fields(cx, c, &rs, ret);
    return ERR_OK;
}

/* The uplink that a connector says it signed in at; null: called past it (relay, sandbox). */
static struct str
uplink_of(const struct exchange_request *rq)
{
    for (size_t i = 0; i < rq->n_headers; i++) {
        if (str_eq(rq->headers[i].name, STR("X-Uplink"))) {
            return rq->headers[i].value;
        }
    }
    return STR_NULL;
}

static enum err
to_simulator(struct ctx *cx, const struct call *c, struct exchange_answer *ret)
{
    struct exchange_sim_request rq = {
        .service = str_slice(c->at.service.endpoint, 4, c->at.service.endpoint.n),
        .operation = c->at.operation.code,
        .path = str_is_empty(c->rq->path) ? c->at.operation.path : c->rq->path,
        .query = or_empty(c->rq->query),
        .body = or_empty(c->rq->body),
        .headers = c->rq->headers,
        .n_headers = c->rq->n_headers,
        .timeout_ms = c->at.service.timeout_ms,
        .uplink = uplink_of(c->rq),
    };
    return exchange_simulate(cx, &rq, ret);
}

/* A service of the program itself. */
static enum err
to_own(struct ctx *cx, const struct call *c, struct exchange_answer *ret)
{
    struct exchange_request rq = *c->rq;
    rq.operation = operation_of(c);
    rq.path = str_is_empty(rq.path) ? c->at.operation.path : rq.path;
    return cx->own == NULL ? err_set(cx, ERR_UPSTREAM, "not offered by this process")
                           : cx->own->answer(cx, &rq, ret);
}

static enum err
to_service(struct ctx *cx, const struct call *c, struct exchange_answer *ret)
{
    bool is_simulated = str_starts(c->at.service.endpoint, STR("sim:"));
    if (!is_simulated && !str_eq(c->at.service.endpoint, STR(EXCHANGE_BOX_ENDPOINT))) {
        return over_http(cx, c, ret);
    }
    struct exchange_request rq = *c->rq;
    struct call whole = *c;
    whole.rq = &rq;
    if (rq.body_path.n != 0) { /* what the program answers by itself reads from memory */
        TRY(sys_file_read(cx, rq.body_path, ANSWER_MAX, &rq.body));
    }
    return is_simulated ? to_simulator(cx, &whole, ret) : to_own(cx, &whole, ret);
}

/* Takes a body out of its file, for whoever must change it. */
static enum err
into_memory(struct ctx *cx, struct exchange_answer *a)
{
    if (a->body_path.n == 0) {
        return ERR_OK;
    }
    enum err e = sys_file_read(cx, a->body_path, ANSWER_MAX, &a->body);
    enum err gone = sys_file_remove(cx, a->body_path);
    a->body_path = STR_NULL;
    return e == ERR_OK ? gone : e;
}

static struct str
fault_of(enum err e)
{
    return e == ERR_DEADLINE ? STR("wait_time") : e == ERR_OK ? STR("") : STR("connect");
}

static enum err
pass(struct ctx *cx, const struct call *c, struct exchange_answer *ret)
{
    enum err e = to_service(cx, c, ret);
    ret->fault = fault_of(e);
    bool has_body = !str_is_empty(ret->body) || ret->body_path.n != 0;
    if (e != ERR_OK || str_is_empty(c->at.agreement.removed) || !has_body) {
        return e;
    }
    struct str less = into_memory(cx, ret) == ERR_OK
                          ? exchange_without(cx->arena, ret->body, c->at.agreement.removed)
                          : STR_NULL;
    if (less.p == NULL) {
        ret->fault = STR("no_filter"); /* an answer that cannot be made less must not pass whole */
        ret->body = STR_NULL;
        return err_set(cx, ERR_UPSTREAM, "the answer is no JSON");
    }
    ret->body = less;
    return ERR_OK;
}

static enum err
account(struct ctx *cx, const struct call *c, const struct exchange_answer *a)
{
    struct exchange_call row = { .at_us = sys_now_us(cx),
                                 .way = str_of(c->rq->way),
                                 .consumer_id = c->at.consumer.id,
                                 .service_id = c->at.service.id,
                                 .agreement_id = c->at.agreement.id,
                                 .operation = operation_of(c),
                                 .status = a->status,
                                 .fault = a->fault,
                                 .bytes_in = (int64_t)c->rq->body.n + c->rq->body_bytes,
                                 .bytes_out =
                                     a->body_path.n != 0 ? a->body_bytes : (int64_t)a->body.n,
                                 .took_us = sys_mono_us(cx) - c->begun_us,
                                 .trace_id = cx->trace_id,
                                 .request_id = c->rq->request_id };
    bool is_counted = c->at.agreement.quota_day != 0;
    if (!is_counted && c->rq->kept != NULL && exchange_kept_account(c->rq->kept, &row)) {
        return ERR_OK;
    }
    return exchange_calls_add(cx, &row, 1);
}

enum err
exchange_may_pass(struct ctx *cx, struct str consumer, struct str service, struct str operation,
                  struct exchange_pass *ret)
{
    const struct exchange_request rq = { .consumer = consumer,
                                         .service = service,
                                         .operation = operation };
    struct call c = { .rq = &rq };
    struct str fault;
    TRY(exchange_case_get(cx, &rq, &c.at));
    TRY(judge(cx, &c, &fault));
    *ret = (struct exchange_pass){ c.at.consumer.id,      c.at.service.id, c.at.agreement.id, fault,
                                   c.at.service.endpoint, c.left };
    return ERR_OK;
}

enum err
exchange_forward(struct ctx *cx, const struct exchange_request *rq, struct exchange_answer *ret)
{
    struct call c = { .rq = rq, .begun_us = sys_mono_us(cx) };
    struct exchange_answer a = { .fault = STR("") };
    enum err e = ERR_OK;
    TRY(exchange_case_get(cx, rq, &c.at));
    TRY(judge(cx, &c, &a.fault));
    a.agreement_id = c.at.agreement.id;
    if (!str_is_empty(a.fault)) {
        bool is_much = str_eq(a.fault, STR("rate")) || str_eq(a.fault, STR("quota"));
        a.status = is_much ? 429 : 403;
        e = is_much ? err_set(cx, ERR_RATE, "agreement: " STR_FMT, STR_ARG(a.fault))
                    : err_set(cx, ERR_FORBIDDEN, "agreement: " STR_FMT, STR_ARG(a.fault));
    } else {
        e = pass(cx, &c, &a);
        if (e != ERR_OK) {
            a.status = e == ERR_DEADLINE ? 504 : 502;
        } else if (a.status >= 500) {
            a.fault = STR("status");
        }
    }
    struct err_detail why = cx->err;
    TRY(account(cx, &c, &a));
    cx->err = why;
    *ret = a;
    return e;
}
