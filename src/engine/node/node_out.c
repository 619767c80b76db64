/* node_out.c: a call of ours to another node: signed, sent, its answer verified, both kept as
 * evidence, then released. */
#include "base/buf.h"
#include "engine/node/node_int.h"
#include "net/relay.h"

struct out {
    struct node *n;
    struct node_trust *trust;
    const struct http_request *rq;
    const struct node_trust_key *own;
    const struct node_trust_peer *peer;
    struct node_message request, answer;
    struct str request_proof, answer_proof;
    struct str fault_text;
    struct str fault; /* X-Road error type; null: none */
    int status;
};

/* Sets the error that the caller gets. */
static bool
fail(struct out *o, int status, struct str type, const char *words)
{
    o->status = status;
    o->fault = type;
    o->fault_text = str_of(words);
    return false;
}

/* Fields that are ours to write, or belong to one connection. */
static bool
is_dropped(struct str name)
{
    static const char *const dropped[] = {
        "host",           "connection",   "content-length",    "transfer-encoding",
        "content-type",   "via",          "x-forwarded-for",   "x-forwarded-proto",
        "traceparent",    "tracestate",   "accept-encoding",   "x-road-client",
        "x-road-service", "x-road-id",    "x-road-request-id", "x-road-request-hash",
        "x-road-userid",  "x-road-issue", "x-road-error",      "authorization",
        "expect",         "te",           "keep-alive",        "upgrade",
        "user-agent",
    };
    for (size_t i = 0; i < COUNT_OF(dropped); i++) {
        if (str_eq_nocase(name, str_of(dropped[i]))) {
            return true;
        }
    }
    return false;
}

static bool
make_request(struct ctx *cx, struct out *o)
{
    const struct http_request *rq = o->rq;
    struct node_message m = { .method = rq->method_name,
                              .target = rq->target,
                              .body = rq->body.p == NULL ? STR("") : rq->body,
                              .file = rq->body_path,
                              .body_bytes = rq->body_bytes };
    struct str rest;
    m.client = http_header_get(rq, STR("X-Road-Client"));
    m.service = node_service_of(rq->target, &rest);
    m.message_id = http_header_get(rq, STR("X-Road-Id"));
    m.request_id = http_header_get(rq, STR("X-Road-Request-Id"));
    m.user_id = http_header_get(rq, STR("X-Road-UserId"));
    m.issue = http_header_get(rq, STR("X-Road-Issue"));
    m.content_type = http_header_get(rq, STR("Content-Type"));
    for (size_t i = 0; i < rq->n_headers && m.n_headers < HTTP_HEADERS_MAX - 12; i++) {
        if (!is_dropped(rq->headers[i].name)) {
            m.headers[m.n_headers++] = rq->headers[i];
        }
    }
    struct buf b = buf_new(cx->arena, NODE_WHOLE_BYTES);
    bool is_good = node_message_write(&b, &m, NODE_REQUEST);
    is_good = is_good &&
              (m.file.p != NULL ? node_message_read_head(buf_str(&b), NODE_REQUEST, &o->request)
                                : node_message_read(buf_str(&b), NODE_REQUEST, &o->request));
    if (!is_good) {
        return fail(o, 400, STR("Client.BadRequest"), "The request cannot be signed as it is.");
    }
    o->request.file = m.file;
    o->request.is_head_kept =
        !node_trust_keeps_body(o->trust, o->request.client, o->request.service);
    return node_message_digest(cx, &o->request) == ERR_OK ||
           fail(o, 503, STR("Server.ClientProxy.LoggingFailed"),
                "The request's body cannot be read back.");
}

static bool
find_parties(struct out *o, int64_t now_us)
{
    struct str client = node_member_of(o->request.client);
    struct str provider = node_member_of(o->request.service);
    o->peer = node_trust_home(o->trust, provider);
    o->own = node_trust_own(o->trust, client, now_us);
    if (o->peer == NULL) {
        return fail(o, 500, STR("Server.ClientProxy.UnknownMember"),
                    "No other installation is known for the service's member.");
    }
    if (o->peer->is_suspended) {
        return fail(o, 500, STR("Server.ClientProxy.AccessDenied"),
                    "The other installation is suspended here.");
    }
    if (o->own == NULL) {
        return fail(o, 500, STR("Server.ClientProxy.CannotCreateSignature"),
                    "The client's member has no key to sign with.");
    }
    return true;
}

/* What we sent stays as evidence also when no answer came. */
static enum err
add_records(struct ctx *cx, struct out *o, bool has_answer)
{
    struct str dir = o->n->dir;
    o->answer.is_head_kept = o->request.is_head_kept;
    TRY(node_file_keep(cx, dir, &o->request));
    if (has_answer) {
        TRY(node_file_keep(cx, dir, &o->answer));
    }
    struct node_record v[2] = { node_stored_record(cx, o->peer->name, 's', o->request_proof,
                                                   &o->request, NODE_REQUEST) };
    if (has_answer) {
        v[1] = node_stored_record(cx, o->peer->name, 'r', o->answer_proof, &o->answer, NODE_ANSWER);
    }
    return node_log_add(cx, o->n->log, v, has_answer ? 2 : 1);
}

static bool
keep(struct ctx *cx, struct out *o, bool has_answer)
{
    if (add_records(cx, o, has_answer) == ERR_OK) {
        return true;
    }
    node_file_drop(cx, &o->request);
    node_file_drop(cx, &o->answer);
    return fail(o, 503, STR("Server.ClientProxy.LoggingFailed"),
                "The evidence of this call cannot be stored; the answer is withheld.");
}

static bool
refused_there(struct out *o, const struct node_reply *reply)
{
    struct str type =
        str_is_empty(reply->error) ? STR("Server.ServerProxy.ServiceFailed") : reply->error;
    bool is_own = reply->status == 429 || reply->status == 503 || reply->status == 413;
    return fail(o, is_own ? reply->status : 500, type, "The other installation refused the call.");
}

static bool
send_out(struct ctx *cx, struct out *o, struct node_intake *intake, struct node_reply *reply)
{
    const struct node_call one = { o->peer, o->n->tls_cert, o->n->tls_key,
                                   node_parcel_of(cx->arena, o->request_proof, &o->request),
                                   intake };
    enum err e = node_wire_call(cx, o->n->wire, &one, reply);
    (void)atomic_fetch_add(&o->n->n_sent, 1);
    if (e == ERR_DEADLINE) {
        return fail(o, 500, STR("Server.ClientProxy.NetworkError.Timeout"),
                    "The other installation did not answer in time.");
    }
    if (e == ERR_DISK_FULL || e == ERR_IO) {
        return fail(o, 503, STR("Server.ClientProxy.LoggingFailed"),
                    "The answer's body cannot be stored; it is withheld.");
    }
    if (e == ERR_TOO_LARGE || e == ERR_INVALID) {
        return fail(o, 500, STR("Server.ClientProxy.InvalidMessage"),
                    "The answer is not in the form that is signed, or too large.");
    }
    if (e != ERR_OK) {
        return fail(o, 500, STR("Server.ClientProxy.NetworkError"),
                    "The other installation cannot be reached.");
    }
    return (reply->status == 200 && str_is_empty(reply->error)) || refused_there(o, reply);
}

/* Does the answer belong to our request, and is it what the service's member signed? */
static bool
check_answer(struct ctx *cx, struct out *o, struct node_intake *intake)
{
    if (node_intake_end(intake, NODE_ANSWER, &o->answer_proof, &o->answer) != ERR_OK) {
        return fail(o, 500, STR("Server.ClientProxy.InvalidMessage"),
                    "The answer is not in the form that is signed.");
    }
    const char *why = node_verify(cx, o->trust, o->answer_proof, NODE_ANSWER,
                                  node_member_of(o->request.service), &o->answer, sys_now_us(cx));
    if (why[0] != '\0') {
        return fail(o, 500, str_fmt(cx->arena, "Server.ClientProxy.%s", why),
                    "The answer's signature is not good.");
    }
    if (!str_eq(o->answer.request_id, o->request.request_id) ||
        !str_eq(o->answer.message_id, o->request.message_id) ||
        !str_eq(o->answer.client, o->request.client) ||
        !str_eq(o->answer.service, o->request.service) ||
        !str_eq(o->answer.request_hash, node_request_hash(cx->arena, &o->request))) {
        return fail(o, 500, STR("Server.ClientProxy.InconsistentResponse"),
                    "The answer is to another request.");
    }
    return true;
}

static bool
call(struct ctx *cx, struct out *o)
{
    struct node_reply reply;
    int64_t now_us = sys_now_us(cx);
    const char *closed = node_may_pass(o->n, now_us);
    if (closed[0] != '\0') {
        return fail(o, 503, str_fmt(cx->arena, "Server.ClientProxy.%s", closed),
                    "Signed exchange is closed at the moment; the operator has been told.");
    }
    if (!make_request(cx, o) || !find_parties(o, now_us)) {
        return false;
    }
    const struct node_signing one = { o->peer->name, NODE_REQUEST, &o->request, NULL };
    if (node_sign(cx, o->n->lanes, o->own->own, &one, &o->request_proof) != ERR_OK) {
        return fail(o, 500, STR("Server.ClientProxy.CannotCreateSignature"),
                    "The member's key does not sign.");
    }
    struct node_intake *intake = node_intake_open(cx, o->n->dir);
    bool is_good = send_out(cx, o, intake, &reply) && check_answer(cx, o, intake);
    node_intake_drop(intake);
    if (is_good) {
        return keep(cx, o, true);
    }
    node_file_drop(cx, &o->answer); /* came, but is not what may be believed */
    struct str fault = o->fault;
    struct str words = o->fault_text;
    int status = o->status;
    (void)keep(cx, o, false);
    o->fault = fault;
    o->fault_text = words;
    o->status = status;
    return false;
}

static void
release(struct out *o, struct http_response *rs)
{
    rs->status = o->answer.status;
    rs->content_type = o->answer.content_type;
    rs->body = o->answer.body;
    if (o->answer.file.p != NULL) {
        rs->kind = HTTP_SPOOLED;
        rs->body = STR("");
        rs->file_path = o->answer.file;
        rs->takes_file = o->answer.is_head_kept;
    }
    http_response_header(rs, STR("X-Road-Request-Hash"), o->answer.request_hash);
    bool has_wait = false;
    for (size_t i = 0; i < o->answer.n_headers; i++) {
        const struct http_header *h = &o->answer.headers[i];
        /* X-Road-Error: a refusal, signed by the service's member */
        if (str_eq_nocase(h->name, STR("X-Road-Error")) ||
            (relay_passes_down(h->name, STR_NULL, false) && !node_message_is_own(h->name))) {
            http_response_header(rs, h->name, h->value);
        }
        has_wait = has_wait || str_eq_nocase(h->name, STR("Retry-After"));
    }
    if ((o->answer.status == 503 || o->answer.status == 429) && !has_wait) {
        http_response_header(rs, STR("Retry-After"), STR("1"));
    }
}

void
node_on_out(void *arg, struct ctx *cx, struct http_request *rq, struct http_response *rs)
{
    struct out o = { .n = arg, .rq = rq };
    struct str host = http_header_get(rq, STR("Host"));
    if (!digest_same(host, o.n->gate.host)) {
        rs->status = 404;
        return;
    }
    o.trust = node_trust_now(o.n);
    if (call(cx, &o)) {
        release(&o, rs);
    } else {
        node_answer_error(rs, rq->arena, o.status, o.fault, str_z(cx->arena, o.fault_text),
                          o.request.request_id);
    }
    node_trust_drop(o.trust);
}
