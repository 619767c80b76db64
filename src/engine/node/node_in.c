/* node_in.c: a call of another node to a service here: verified, kept as evidence, put to the
 * service under the agreement, the answer signed, kept, then sent. */
#include "base/buf.h"
#include "engine/node/node_int.h"

struct in {
    struct node *n;
    struct node_trust *trust;
    const struct node_trust_peer *peer;
    const struct node_trust_key *own;
    struct node_message request, answer;
    struct str proof;
    struct str fault, fault_text;
    int status;
};

static bool
fail(struct in *i, int status, struct str type, const char *words)
{
    i->status = status;
    i->fault = type;
    i->fault_text = str_of(words);
    return false;
}

/* --- may it come in? -------------------------------------------------------------------------- */
static bool
check_peer(struct in *i, const struct http_request *rq)
{
    i->peer = rq->peer_cert.n == 0 ? NULL : node_trust_peer_by_cert(i->trust, rq->peer_cert);
    if (i->peer == NULL) {
        return fail(i, 500, STR("Server.ServerProxy.SslAuthenticationFailed"),
                    "This installation is not known here.");
    }
    return !i->peer->is_suspended ||
           fail(i, 500, STR("Server.ServerProxy.AccessDenied"), "This installation is suspended.");
}

static enum err
take_chunk(struct ctx *cx, struct str chunk, void *arg)
{
    (void)cx;
    return node_intake_add(arg, chunk);
}

/* Head, proof and digests of what came; a large body goes to a file of the evidence's folder. */
static bool
take_in(struct ctx *cx, struct in *i, const struct http_request *rq)
{
    struct node_intake *t = node_intake_open(cx, i->n->dir);
    enum err e = rq->body_path.n != 0 ? sys_file_each(cx, rq->body_path, take_chunk, t)
                                      : node_intake_add(t, rq->body);
    e = e == ERR_OK ? node_intake_end(t, NODE_REQUEST, &i->proof, &i->request) : e;
    node_intake_drop(t);
    if (e == ERR_DISK_FULL || e == ERR_IO) {
        return fail(i, 503, STR("Server.ServerProxy.LoggingFailed"),
                    "The request's body cannot be stored.");
    }
    struct str rest;
    if (e != ERR_OK || !str_eq(node_service_of(i->request.target, &rest), i->request.service)) {
        return fail(i, 500, STR("Server.ServerProxy.InvalidMessage"),
                    "The request is not in the form that is signed.");
    }
    i->request.is_head_kept =
        !node_trust_keeps_body(i->trust, i->request.client, i->request.service);
    return true;
}

static bool
check_message(struct ctx *cx, struct in *i, int64_t now_us)
{
    struct str member = node_member_of(i->request.client);
    const char *why =
        node_verify(cx, i->trust, i->proof, NODE_REQUEST, member, &i->request, now_us);
    if (why[0] == '\0' && node_trust_home(i->trust, member) != i->peer) {
        why = "IncorrectMember"; /* a member of a third installation */
    }
    if (why[0] != '\0') {
        return fail(i, 500, str_fmt(cx->arena, "Server.ServerProxy.%s", why),
                    "The request's signature is not good.");
    }
    struct node_seen *seen = i->request.file.p != NULL ? i->n->seen_large : i->n->seen;
    switch (node_seen_add(seen, &i->request.digest, now_us)) {
    case NODE_SEEN_AGAIN:
        return fail(i, 500, STR("Server.ServerProxy.DuplicateMessage"),
                    "This very message has come before.");
    case NODE_SEEN_FULL:
        return fail(i, 503, STR("Server.ServerProxy.Busy"), "Too many messages; try again.");
    case NODE_SEEN_NEW:
        break;
    }
    i->own = node_trust_own(i->trust, node_member_of(i->request.service), now_us);
    return i->own != NULL || fail(i, 500, STR("Server.ServerProxy.CannotCreateSignature"),
                                  "The service's member has no key to sign with.");
}

/* --- evidence --------------------------------------------------------------------------------- */
static bool
not_kept(struct ctx *cx, struct in *i, struct node_message *m)
{
    node_file_drop(cx, m);
    return fail(i, 503, STR("Server.ServerProxy.LoggingFailed"),
                "The evidence of this call cannot be stored.");
}

static bool
keep(struct ctx *cx, struct in *i, enum node_kind kind, struct str proof, struct node_message *m)
{
    enum err e = node_file_keep(cx, i->n->dir, m);
    if (e == ERR_OK) {
        struct node_record r =
            node_stored_record(cx, i->peer->name, kind == NODE_REQUEST ? 'r' : 's', proof, m, kind);
        e = node_log_add(cx, i->n->log, &r, 1);
    }
    return e == ERR_OK || not_kept(cx, i, m);
}

/* --- the service ------------------------------------------------------------------------------ */

static bool
refused(struct in *i, enum err e, struct str fault)
{
    if (e == ERR_NOT_FOUND) {
        return fail(i, 500, STR("Server.ServerProxy.UnknownService"),
                    "The client or the service is not known here.");
    }
    if (e == ERR_RATE) {
        return fail(i, 429, STR("Server.ServerProxy.RateLimited"), "Too many calls; wait.");
    }
    if (e == ERR_FORBIDDEN) {
        return fail(i, 500, STR("Server.ServerProxy.AccessDenied"),
                    "No agreement here allows this call.");
    }
    if (e == ERR_DISK_FULL || e == ERR_IO) {
        return fail(i, 503, STR("Server.ServerProxy.LoggingFailed"),
                    "The service's answer cannot be stored; it is withheld.");
    }
    if (e == ERR_TOO_LARGE) {
        return fail(i, 500, STR("Server.ServerProxy.ServiceFailed.InvalidResponse"),
                    "The request is more than this service takes, or its answer too large.");
    }
    bool is_late = e == ERR_DEADLINE || str_eq(fault, STR("wait_time"));
    return fail(i, 500,
                is_late ? STR("Server.ServerProxy.ServiceFailed.Timeout")
                        : STR("Server.ServerProxy.ServiceFailed"),
                "The service did not answer.");
}

/* The message that answers this request; false when it cannot be written in the signed form. */
static bool
write_answer(struct ctx *cx, struct in *i, struct node_message *m, struct buf *ret)
{
    m->client = i->request.client;
    m->service = i->request.service;
    m->message_id = i->request.message_id;
    m->request_id = i->request.request_id;
    m->request_hash = node_request_hash(cx->arena, &i->request);
    if (!node_message_write(ret, m, NODE_ANSWER)) {
        return false;
    }
    if (m->file.p == NULL) {
        return node_message_read(buf_str(ret), NODE_ANSWER, &i->answer);
    }
    bool is_good = node_message_read_head(buf_str(ret), NODE_ANSWER, &i->answer);
    i->answer.file = m->file; /* also when it is not: so that it is taken away */
    return is_good;
}

static bool
ask_service(struct ctx *cx, struct in *i, struct buf *ret)
{
    struct str rest = STR_NULL;
    struct str path;
    struct str query = STR_NULL;
    struct exchange_answer a = { .fault = STR("") };
    (void)node_service_of(i->request.target, &rest);
    (void)str_cut(rest, '?', &path, &query);
    path = path.n == 0 ? STR("/") : path;
    struct http_header *fields = ARENA_ARRAY(cx->arena, struct http_header, HTTP_HEADERS_MAX);
    struct exchange_request rq = { .way = "node",
                                   .consumer = i->request.client,
                                   .service = i->request.service,
                                   .method = i->request.method,
                                   .path = path,
                                   .query = query,
                                   .body = i->request.body.n == 0 ? STR_NULL : i->request.body,
                                   .body_path = i->request.file,
                                   .body_bytes =
                                       i->request.file.p != NULL ? i->request.body_bytes : 0,
                                   .answer_path = node_file_part(cx, i->n->dir),
                                   .content_type = i->request.content_type,
                                   .headers = fields,
                                   .request_id = i->request.request_id,
                                   .kept = i->n->kept };
    for (size_t k = 0; k < i->request.n_headers; k++) {
        struct str name = i->request.headers[k].name;
        if (!str_eq_nocase(name, STR("Content-Length")) &&
            !str_eq_nocase(name, STR("Content-Type"))) {
            fields[rq.n_headers++] = i->request.headers[k];
        }
    }
    enum err e = exchange_forward(cx, &rq, &a);
    if (e != ERR_OK) {
        return refused(i, e, a.fault);
    }
    struct node_message m = { .status = a.status,
                              .content_type =
                                  str_is_empty(a.content_type) ? STR_NULL : a.content_type,
                              .body = a.body,
                              .file = a.body_path,
                              .body_bytes = a.body_bytes };
    for (size_t k = 0; k < a.n_headers; k++) {
        node_message_add(&m, &a.headers[k]);
    }
    return write_answer(cx, i, &m, ret) ||
           fail(i, 500, STR("Server.ServerProxy.ServiceFailed.InvalidResponse"),
                "The service's answer cannot be signed as it is.");
}

/* A refusal of a call whose signature was good is an answer too: signed and kept, so that the
 * caller can prove it and nobody on the way can make one up. */
static bool
write_refusal(struct ctx *cx, struct in *i, struct buf *ret)
{
    struct str type = i->fault;
    struct node_message m = {
        .status = i->status,
        .content_type = NODE_ERROR_TYPE,
        .body = node_error_body(cx->arena, type, i->fault_text, i->request.request_id),
        .headers = { { STR("X-Road-Error"), type } },
        .n_headers = 1,
    };
    (void)atomic_fetch_add(&i->n->n_refused, 1);
    return write_answer(cx, i, &m, ret);
}

/* What the service says, or why it was not asked: written, and its digest taken. */
static bool
make_answer(struct ctx *cx, struct in *i)
{
    struct buf out = buf_new(cx->arena, NODE_WHOLE_BYTES);
    if (!ask_service(cx, i, &out)) {
        node_file_drop(cx, &i->answer);
        i->answer = (struct node_message){ .status = 0 };
        out = buf_new(cx->arena, NODE_WHOLE_BYTES);
        if (!write_refusal(cx, i, &out)) {
            return false;
        }
    }
    i->answer.is_head_kept = i->request.is_head_kept;
    return node_message_digest(cx, &i->answer) == ERR_OK ||
           fail(i, 503, STR("Server.ServerProxy.LoggingFailed"),
                "The answer's body cannot be read back.");
}

static void
send_answer(struct in *i, const struct http_request *rq, struct str proof, struct http_response *rs)
{
    struct node_parcel p = node_parcel_of(rq->arena, proof, &i->answer);
    rs->status = 200;
    rs->content_type = STR("application/vnd.bombo.signed");
    rs->body = p.front;
    if (p.file.p != NULL) {
        rs->kind = HTTP_SPOOLED;
        rs->file_path = p.file;
        rs->takes_file = i->answer.is_head_kept;
    }
}

/* Signs the answer and keeps it, with those of others at the same time; a large one's evidence is
 * the room it takes, so it is kept by itself. */
static bool
sign_and_keep(struct ctx *cx, struct in *i, struct str *ret_proof)
{
    bool is_large = i->answer.file.p != NULL;
    const struct node_signing one = { i->peer->name, NODE_ANSWER, &i->answer,
                                      is_large ? NULL : i->n->log };
    enum err e = node_sign(cx, i->n->lanes, i->own->own, &one, ret_proof);
    if (e == ERR_INTERNAL || e == ERR_BUSY) {
        return fail(i, 500, STR("Server.ServerProxy.CannotCreateSignature"),
                    "The member's key does not sign.");
    }
    if (e != ERR_OK) {
        return not_kept(cx, i, &i->answer);
    }
    return !is_large || keep(cx, i, NODE_ANSWER, *ret_proof, &i->answer);
}

static bool
answer(struct ctx *cx, struct in *i, const struct http_request *rq, struct http_response *rs)
{
    struct str proof;
    if (!make_answer(cx, i) || !sign_and_keep(cx, i, &proof)) {
        return false;
    }
    send_answer(i, rq, proof, rs);
    return true;
}

static bool
call(struct ctx *cx, struct in *i, const struct http_request *rq, struct http_response *rs)
{
    int64_t now_us = sys_now_us(cx);
    if (!check_peer(i, rq)) {
        return false;
    }
    const char *closed = node_may_pass(i->n, now_us);
    if (closed[0] != '\0') {
        return fail(i, 503, str_fmt(cx->arena, "Server.ServerProxy.%s", closed),
                    "Signed exchange is closed here at the moment.");
    }
    if (!take_in(cx, i, rq) || !check_message(cx, i, now_us) ||
        !keep(cx, i, NODE_REQUEST, i->proof, &i->request)) {
        node_file_drop(cx, &i->request);
        return false;
    }
    bool is_answered = answer(cx, i, rq, rs);
    if (i->request.is_head_kept) {
        node_file_drop(cx, &i->request);
    }
    if (!is_answered) {
        node_file_drop(cx, &i->answer);
    }
    return is_answered;
}

void
node_on_in(void *arg, struct ctx *cx, struct http_request *rq, struct http_response *rs)
{
    struct in i = { .n = arg };
    if (!str_eq(rq->path, STR("/node/1")) || rq->method != HTTP_POST) {
        rs->status = 404;
        return;
    }
    i.trust = node_trust_now(i.n);
    (void)atomic_fetch_add(&i.n->n_received, 1);
    if (!call(cx, &i, rq, rs)) {
        (void)atomic_fetch_add(&i.n->n_refused, 1);
        node_answer_error(rs, rq->arena, i.status, i.fault, str_z(cx->arena, i.fault_text),
                          i.request.request_id);
    }
    node_trust_drop(i.trust);
}
