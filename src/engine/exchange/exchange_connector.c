/* exchange_connector.c: questions of the platform itself to national services: recorded first, sent
 * through the exchange's own agreements, answered in our words. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/url.h"
#include "codec/xml.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "engine/dossier/dossier.h"
#include "engine/exchange/exchange_int.h"
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#define BODY_BYTES  EXCHANGE_MESSAGE_MAX
#define HEADERS_MAX 10
#define LONG_BYTES  ((size_t)16 << 10) /* longer values are not recorded with a question */
#define LEFT_OUT    "left_out_sha256"
#define LIST_MAX    100
#define BEFORE_ALL  INT64_MAX

struct asking {
    const struct exchange_question *q;
    const struct exchange_set *set;
    const struct exchange_connector *connector;
    const struct exchange_step *step;
    const struct exchange_uplink *uplink; /* NULL: called directly */
    struct json *fields;
    struct http_header headers[HEADERS_MAX];
    size_t n_headers;
    struct str body, query, content_type, request_id;
    int64_t row, replay_of;
};

static enum err
parse(struct ctx *cx, struct str text, struct json **ret)
{
    struct json_limits limits = { .nodes_max = 60000 };
    struct json_fault fault = { 0 };
    return json_parse(cx->arena, text, limits, ret, &fault) == ERR_OK
               ? ERR_OK
               : err_set(cx, ERR_BAD_REQUEST, "line %u: %s", fault.line, fault.what);
}

static void
header(struct asking *a, struct str name, struct str value)
{
    if (a->n_headers < HEADERS_MAX && !str_is_empty(value)) {
        a->headers[a->n_headers++] = (struct http_header){ name, value };
    }
}

/* --- the record ------------------------------------------------------------------------------- */
enum err
exchange_seal_key(struct ctx *cx, struct aead_key *ret)
{
    struct str dir = str_fmt(cx->arena, STR_FMT "/keys", STR_ARG(cx->config->data_dir));
    TRY(sys_mkdirs(cx, dir));
    return aead_key_load_or_make(
        cx, str_z(cx->arena, str_cat(cx->arena, dir, STR("/exchange-seal.key"))), ret);
}

struct record_job {
    const struct asking *a;
    struct str sealed;
    int64_t subject;
};

static struct str
object_of(struct ctx *cx, const struct exchange_question *q, int64_t row)
{
    return q->dossier != 0 ? ledger_object(cx, "dossier", q->dossier)
           : q->draft != 0 ? ledger_object(cx, "draft", q->draft)
                           : ledger_object(cx, "exchange_question", row);
}

/* What the question is about, as the other side may write it down. */
static struct str
issue_of(struct ctx *cx, const struct exchange_question *q)
{
    return q->dossier != 0 ? str_fmt(cx->arena, "%" PRId64, q->dossier)
           : q->draft != 0 ? str_fmt(cx->arena, "draft-%" PRId64, q->draft)
                           : STR_NULL;
}

static enum err
record_tx(struct ctx *cx, void *arg)
{
    const struct record_job *job = arg;
    const struct exchange_question *q = job->a->q;
    TRY(q_xquestion_insert(cx, NULL, .id = job->a->row, .at_us = sys_now_us(cx),
                           .connector = q->connector, .operation = q->operation,
                           .purpose = q->purpose, .dossier_id = q->dossier, .draft_id = q->draft,
                           .officer = cx->who.account, .subject = job->subject,
                           .request = job->sealed, .state = STR("asked"), .fault = STR(""),
                           .tries = 1, .replay_of = job->a->replay_of, .key = q->key));
    struct ledger_new e = { .kind = job->subject != 0 ? "person.read" : "exchange.asked",
                            .object = object_of(cx, q, job->a->row),
                            .subject = job->subject,
                            .purpose = str_cat(cx->arena, STR("exchange."), q->purpose),
                            .note = str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(q->connector),
                                            STR_ARG(q->operation)) };
    return ledger_add(cx, &e);
}

/* Whose data are asked for: named by the caller, or a person that we know by number. */
static int64_t
subject_of(struct ctx *cx, const struct asking *a)
{
    struct party p;
    struct str number = json_text(a->fields, "personal_id");
    if (a->q->subject != 0) {
        return a->q->subject;
    }
    return !str_is_empty(number) && party_by_personal_id(cx, number, &p) == ERR_OK ? p.id : 0;
}

/* What is kept of a question: of a long value (a file) its hash. */
static struct str
kept_fields(struct ctx *cx, const struct asking *a)
{
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    if (a->q->fields.n <= LONG_BYTES) {
        return a->q->fields;
    }
    json_open(&o);
    for (JSON_EACH(a->fields, it)) {
        json_key_str(&o, it->key);
        if (it->type == JSON_STRING && it->text.n > LONG_BYTES) {
            json_open(&o);
            json_put_str(&o, LEFT_OUT, digest_sha256_hex(cx->arena, it->text));
            json_close(&o);
        } else {
            json_write(&o, it);
        }
    }
    json_close(&o);
    return buf_str(&b);
}

/* Before anything leaves: who asks what, why, about whom. */
static enum err
record(struct ctx *cx, struct asking *a)
{
    struct record_job job = { .a = a };
    struct aead_key key;
    struct q_xquestion_by_key again;
    enum err e =
        str_is_empty(a->q->key) ? ERR_NOT_FOUND : q_xquestion_by_key(cx, &again, .key = a->q->key);
    a->row = e == ERR_OK ? again.id : store_new_id(cx);
    a->request_id = str_fmt(cx->arena, "q-%" PRId64, a->row);
    if (e == ERR_OK) { /* recorded when it was sent first */
        a->request_id =
            a->q->is_poll ? str_fmt(cx->arena, "p-%" PRId64, store_new_id(cx)) : a->request_id;
        return ERR_OK;
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(exchange_seal_key(cx, &key));
    TRY(aead_seal(cx, &key, a->request_id, kept_fields(cx, a), &job.sealed));
    job.subject = subject_of(cx, a);
    return store_write(cx, record_tx, &job);
}

struct end_job {
    int64_t row;
    struct str fault;
};

static enum err
end_tx(struct ctx *cx, void *arg)
{
    const struct end_job *job = arg;
    bool is_done = str_is_empty(job->fault);
    return q_xquestion_again(cx, NULL, .id = job->row,
                             .state = is_done ? STR("done") : STR("failed"), .fault = job->fault);
}

/* --- the message ------------------------------------------------------------------------------ */
/* The members of their JSON object behind those of the session style. */
static enum err
session_body(struct ctx *cx, struct asking *a, struct str inner, struct str proof)
{
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "session", proof);
    json_put_str(&o, "madonvi", a->uplink->unit_code);
    json_put_str(&o, "service", a->step->their);
    if (inner.n > 2) {
        buf_add_char(&b, ',');
        buf_add(&b, str_slice(inner, 1, inner.n - 1));
    }
    json_close(&o);
    a->body = buf_str(&b);
    header(a, STR("dstcode"), a->uplink->dstcode);
    return b.is_failed ? err_set(cx, ERR_TOO_LARGE, "message") : ERR_OK;
}

static enum err
query_text(struct ctx *cx, struct asking *a, struct str inner)
{
    struct json *tree = NULL;
    TRY(parse(cx, inner, &tree));
    struct url_pair *pairs = ARENA_ARRAY(cx->arena, struct url_pair, tree->n);
    size_t n = 0;
    for (JSON_EACH(tree, it)) {
        pairs[n++] = (struct url_pair){ it->key, it->text };
    }
    a->query = url_query_build(cx->arena, pairs, n);
    return ERR_OK;
}

static enum err
rest_message(struct ctx *cx, struct asking *a, struct str proof)
{
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    bool is_session = a->uplink != NULL && a->uplink->login == EXCHANGE_LOGIN_SESSION;
    TRY(exchange_translate(cx, a->step->in, a->step->n_in, true, a->fields, &b));
    a->content_type = STR("application/json");
    if (is_session) {
        return session_body(cx, a, buf_str(&b), proof);
    }
    if (str_eq(a->step->method, STR("GET"))) {
        a->content_type = STR_NULL;
        return query_text(cx, a, buf_str(&b));
    }
    a->body = buf_str(&b);
    return ERR_OK;
}

static enum err
soap_message(struct ctx *cx, struct asking *a)
{
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    buf_addf(&b,
             "<s:Envelope xmlns:s=\"" EXCHANGE_SOAP_NS "\"><s:Body><t:" STR_FMT
             " xmlns:t=\"" STR_FMT "\">",
             STR_ARG(a->step->their), STR_ARG(a->connector->ns));
    TRY(exchange_soap_write(cx, a->step->in, a->step->n_in, a->fields, &b));
    buf_addf(&b, "</t:" STR_FMT "></s:Body></s:Envelope>", STR_ARG(a->step->their));
    a->body = buf_str(&b);
    a->content_type = STR("text/xml; charset=utf-8");
    header(a, STR("SOAPAction"), str_fmt(cx->arena, "\"" STR_FMT "\"", STR_ARG(a->step->their)));
    return b.is_failed ? err_set(cx, ERR_TOO_LARGE, "message") : ERR_OK;
}

static enum err
write_message(struct ctx *cx, struct asking *a)
{
    struct str proof = STR_NULL;
    if (a->uplink != NULL) {
        TRY(exchange_uplink_proof(cx, a->uplink, &proof));
        if (a->uplink->login == EXCHANGE_LOGIN_TOKEN || a->connector->style == EXCHANGE_SOAP) {
            header(a, STR("Authorization"), str_cat(cx->arena, STR("Bearer "), proof));
        }
        header(a, STR("X-Uplink"), a->uplink->id);
    }
    header(a, STR("X-Road-Id"), a->request_id);
    header(a, STR("Idempotency-Key"), a->q->is_poll ? STR_NULL : a->q->key);
    header(a, STR("X-Road-UserId"),
           cx->who.account == 0 ? STR_NULL : str_fmt(cx->arena, "%" PRId64, cx->who.account));
    header(a, STR("X-Road-Issue"), issue_of(cx, a->q));
    header(a, STR("X-Purpose"), a->q->purpose);
    return a->connector->style == EXCHANGE_SOAP ? soap_message(cx, a) : rest_message(cx, a, proof);
}

/* --- the answer ------------------------------------------------------------------------------- */
struct str
exchange_fault_word(const struct exchange_connector *c, const struct json *tree, struct str code)
{
    struct str path = c->fault_field;
    struct str part;
    const struct json *j = tree;
    while (j != NULL && str_next(&path, '.', &part)) {
        j = json_get_str_key(j, part);
    }
    if (tree != NULL) {
        bool is_plain = j != NULL && (j->type == JSON_STRING || j->type == JSON_NUMBER);
        code = is_plain ? j->text : STR("");
    }
    const struct json *word = json_get_str_key(c->fault_codes, code);
    return word == NULL ? STR("refused") : word->text;
}

static struct str
status_word(int status)
{
    switch (status) {
    case 404:
        return STR("not_found");
    case 409:
        return STR("mismatch");
    case 400:
        return STR("invalid");
    case 429:
        return STR("busy");
    default:
        break;
    }
    if (status >= 500) {
        return STR("down");
    }
    return status >= 200 && status < 300 ? STR("") : STR("refused");
}

static enum err
read_rest(struct ctx *cx, const struct asking *a, const struct exchange_answer *answer,
          struct exchange_reply *ret)
{
    struct json *tree = NULL;
    struct buf b = buf_new(cx->arena, BODY_BYTES + answer->body.n);
    bool is_json = parse(cx, answer->body, &tree) == ERR_OK && tree->type == JSON_OBJECT;
    ret->fault = status_word(answer->status);
    if (is_json && answer->status < 500 && !str_is_empty(a->connector->fault_field)) {
        ret->fault = exchange_fault_word(a->connector, tree, STR_NULL);
    }
    if (!str_is_empty(ret->fault)) {
        return ERR_OK;
    }
    if (!is_json) {
        ret->fault = STR("broken");
        return ERR_OK;
    }
    TRY(exchange_translate(cx, a->step->out, a->step->n_out, false, tree, &b));
    ret->fields = buf_str(&b);
    return ERR_OK;
}

static enum err
read_soap(struct ctx *cx, const struct asking *a, const struct exchange_answer *answer,
          struct exchange_reply *ret)
{
    struct xml *root = NULL;
    struct xml_limits limits = { .bytes_max = BODY_BYTES };
    struct xml_fault fault;
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    if (xml_parse(cx->arena, answer->body, limits, &root, &fault) != ERR_OK) {
        ret->fault = answer->status >= 500 ? STR("down") : STR("broken");
        return ERR_OK;
    }
    const struct xml *body = xml_child(root, EXCHANGE_SOAP_NS, "Body");
    const struct xml *first = body == NULL ? NULL : body->child;
    if (first == NULL) {
        ret->fault = STR("broken");
        return ERR_OK;
    }
    if (xml_is(first, EXCHANGE_SOAP_NS, "Fault")) {
        const struct xml *detail = xml_child(first, NULL, "detail");
        const struct xml *code = detail == NULL ? NULL : xml_child(detail, NULL, "code");
        ret->fault = exchange_fault_word(a->connector, NULL, code == NULL ? STR("") : code->text);
        return ERR_OK;
    }
    TRY(exchange_soap_read(cx, a->step->out, a->step->n_out, first, &b));
    ret->fields = buf_str(&b);
    return ERR_OK;
}

/* Our word becomes the error that callers act on. */
static enum err
err_of(struct ctx *cx, struct str fault)
{
    static const struct {
        const char *word;
        enum err e;
    } all[] = {
        { "", ERR_OK },
        { "not_found", ERR_NOT_FOUND },
        { "mismatch", ERR_CONFLICT },
        { "down", ERR_UPSTREAM },
        { "broken", ERR_UPSTREAM },
        { "connect", ERR_UPSTREAM },
        { "no_filter", ERR_UPSTREAM },
        { "busy", ERR_BUSY },
        { "rate", ERR_BUSY },
        { "quota", ERR_BUSY },
        { "wait_time", ERR_DEADLINE },
    };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (str_eq(fault, str_of(all[i].word))) {
            return all[i].e == ERR_OK ? ERR_OK
                                      : ctx_fail(cx, all[i].e, __FILE__, __LINE__,
                                                 "answer: " STR_FMT, STR_ARG(fault));
        }
    }
    return err_set(cx, ERR_FORBIDDEN, "answer: " STR_FMT, STR_ARG(fault));
}

static enum err
send(struct ctx *cx, struct asking *a, struct exchange_reply *ret)
{
    struct exchange_answer answer = { .fault = STR("") };
    struct exchange_request rq = { .way = "connector",
                                   .consumer = a->set->consumer,
                                   .service = a->connector->service,
                                   .operation = a->step->id,
                                   .query = a->query,
                                   .body = a->body,
                                   .content_type = a->content_type,
                                   .headers = a->headers,
                                   .n_headers = a->n_headers,
                                   .request_id = a->request_id };
    if (a->uplink != NULL && !str_is_empty(a->uplink->call_path)) {
        rq.path = a->uplink->call_path;
    }
    enum err e = exchange_forward(cx, &rq, &answer);
    if (e == ERR_NOT_FOUND) {
        ret->fault = STR("no_grant"); /* the service is not in the catalogue */
        return ERR_OK;
    }
    if (e != ERR_OK) {
        ret->fault = answer.fault;
        return str_is_empty(answer.fault) ? e : ERR_OK;
    }
    return a->connector->style == EXCHANGE_SOAP ? read_soap(cx, a, &answer, ret)
                                                : read_rest(cx, a, &answer, ret);
}

static enum err
open_asking(struct ctx *cx, const struct exchange_question *q, struct asking *ret)
{
    struct exchange_service service;
    ret->q = q;
    ret->set = exchange_of_pack(cx);
    ret->connector = exchange_connector(cx, q->connector);
    ret->step = exchange_step(ret->connector, q->operation);
    if (ret->step == NULL) {
        return err_set(cx, ERR_UPSTREAM, "no connection to this service is set up");
    }
    for (size_t i = 0; i < ret->connector->n_uplinks && ret->uplink == NULL; i++) {
        ret->uplink = exchange_uplink(cx, ret->connector->uplinks[i]);
    }
    if (exchange_service_by_path(cx, ret->connector->service, &service) != ERR_OK) {
        return err_set(cx, ERR_UPSTREAM, "the service is not in the catalogue");
    }
    return parse(cx, q->fields, &ret->fields);
}

static enum err
ask(struct ctx *cx, const struct exchange_question *q, int64_t replay_of,
    struct exchange_reply *ret)
{
    struct asking a = { .replay_of = replay_of };
    struct exchange_reply reply = { .fields = STR("{}"), .fault = STR("") };
    TRY(open_asking(cx, q, &a));
    reply.source = pack_text(cx, a.connector->name);
    reply.is_simulated = cx->config->is_demo;
    TRY(record(cx, &a));
    enum err e = write_message(cx, &a);
    if (e == ERR_OK) {
        e = send(cx, &a, &reply);
    } else {
        reply.fault = STR("connect");
    }
    if (e != ERR_OK && str_is_empty(reply.fault)) {
        reply.fault = STR("down");
    }
    *ret = reply;
    TRY(store_write(cx, end_tx, &(struct end_job){ a.row, reply.fault }));
    return err_of(cx, reply.fault);
}

enum err
exchange_ask(struct ctx *cx, const struct exchange_question *q, struct exchange_reply *ret)
{
    return ask(cx, q, 0, ret);
}

/* --- what was asked, and again ---------------------------------------------------------------- */
#define ASKED_OF(r)                                                                                \
    (struct exchange_asked)                                                                        \
    {                                                                                              \
        .id = (r)->id, .at_us = (r)->at_us, .dossier = (r)->dossier_id, .draft = (r)->draft_id,    \
        .officer = (r)->officer, .subject = (r)->subject, .tries = (r)->tries,                     \
        .replay_of = (r)->replay_of, .connector = (r)->connector, .operation = (r)->operation,     \
        .purpose = (r)->purpose, .state = (r)->state, .fault = (r)->fault                          \
    }

enum err
exchange_asked(struct ctx *cx, struct str state, int64_t before, struct exchange_asked **ret,
               size_t *ret_n)
{
    struct exchange_asked *v = ARENA_ARRAY(cx->arena, struct exchange_asked, LIST_MAX);
    int64_t top = before == 0 ? BEFORE_ALL : before;
    size_t n = 0;
    if (str_is_empty(state)) {
        struct q_xquestion_newest_list l;
        TRY(q_xquestion_newest(cx, &l, .before = top, .limit_n = LIST_MAX));
        for (; n < l.n; n++) {
            v[n] = ASKED_OF(&l.v[n]);
        }
    } else {
        struct q_xquestion_in_state_list l;
        TRY(q_xquestion_in_state(cx, &l, .state = state, .before = top, .limit_n = LIST_MAX));
        for (; n < l.n; n++) {
            v[n] = ASKED_OF(&l.v[n]);
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

struct answer_job {
    struct str key, payload;
};

static enum err
answer_tx(struct ctx *cx, void *arg)
{
    const struct answer_job *job = arg;
    return store_outbox_put(cx, STR("exchange.answer"), job->key, job->payload);
}

/* The process that waits for it hears the answer. */
static enum err
answer_process(struct ctx *cx, const struct exchange_process *p, int64_t dossier,
               const struct exchange_reply *reply)
{
    struct json *fields = NULL;
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    TRY(parse(cx, reply->fields, &fields));
    struct str id = str_fmt(cx->arena, "%" PRId64, dossier);
    json_open(&o);
    json_put_str(&o, "dossier", id);
    json_put_str(&o, "service", p->id);
    json_put_str(&o, "name", p->answer);
    json_put_str(&o, "value", json_text(fields, str_z(cx->arena, p->from)));
    json_close(&o);
    return store_write(cx, answer_tx, &(struct answer_job){ id, buf_str(&b) });
}

enum err
exchange_replay(struct ctx *cx, int64_t id, struct exchange_reply *ret)
{
    struct q_xquestion_by_id r;
    struct aead_key key;
    struct str fields;
    const struct exchange_set *set = exchange_of_pack(cx);
    TRY(q_xquestion_by_id(cx, &r, .id = id));
    if (str_eq(r.purpose, STR("portal"))) {
        *ret = (struct exchange_reply){ .fields = STR("{}"), .fault = STR("") };
        return exchange_portal_again(cx,
                                     r.dossier_id); /* in order with the others of the dossier */
    }
    TRY(exchange_seal_key(cx, &key));
    TRY(aead_open(cx, &key, str_fmt(cx->arena, "q-%" PRId64, id), r.request, &fields));
    if (str_find(fields, STR("\"" LEFT_OUT "\"")) < fields.n) {
        return err_set(cx, ERR_CONFLICT, "the file that question %" PRId64 " sent is not kept", id);
    }
    struct exchange_question q = { .connector = r.connector,
                                   .operation = r.operation,
                                   .purpose = r.purpose,
                                   .dossier = r.dossier_id,
                                   .draft = r.draft_id,
                                   .subject = r.subject,
                                   .fields = fields };
    TRY(ask(cx, &q, id, ret));
    for (size_t i = 0; set != NULL && r.dossier_id != 0 && i < set->n_processes; i++) {
        const struct exchange_process *p = &set->processes[i];
        if (str_eq(p->connector, r.connector) && str_eq(p->operation, r.operation)) {
            return answer_process(cx, p, r.dossier_id, ret);
        }
    }
    return ERR_OK;
}

/* --- questions of processes ------------------------------------------------------------------- */
static enum err
process_fields(struct ctx *cx, const struct exchange_process *p, const struct dossier *d,
               struct str *ret)
{
    struct json *answers = NULL;
    struct buf b = buf_new(cx->arena, BODY_BYTES);
    struct json_out o = json_out(&b);
    TRY(parse(cx, d->answers, &answers));
    json_open(&o);
    for (JSON_EACH(p->send, it)) {
        struct str name = it->type == JSON_STRING ? it->text : STR("");
        const struct json *value =
            str_eq(name, STR("#number")) ? NULL : json_get_str_key(answers, name);
        json_key_str(&o, it->key);
        if (str_eq(name, STR("#number"))) {
            json_str(&o, d->number);
        } else if (value != NULL) {
            json_write(&o, value);
        } else {
            json_null(&o);
        }
    }
    json_close(&o);
    *ret = buf_str(&b);
    return b.is_failed ? err_set(cx, ERR_TOO_LARGE, "answers") : ERR_OK;
}

enum err
exchange_on_call(struct ctx *cx, struct str key, struct str payload)
{
    struct json *call = NULL;
    struct dossier d;
    struct exchange_reply reply;
    const struct exchange_set *set = exchange_of_pack(cx);
    const struct exchange_process *p = NULL;
    int64_t id = 0;
    (void)key;
    TRY(parse(cx, payload, &call));
    if (!str_to_i64(json_text(call, "dossier"), 1, INT64_MAX, &id)) {
        return err_set(cx, ERR_BAD_REQUEST, "the call names no dossier");
    }
    for (size_t i = 0; set != NULL && i < set->n_processes && p == NULL; i++) {
        p = str_eq(set->processes[i].id, json_text(call, "service")) ? &set->processes[i] : NULL;
    }
    if (p == NULL) {
        return err_set(cx, ERR_UPSTREAM, "no connection to this service is set up");
    }
    TRY(dossier_get(cx, id, &d));
    struct exchange_question q = { .connector = p->connector,
                                   .operation = p->operation,
                                   .purpose = STR("dossier"),
                                   .dossier = id,
                                   .subject = d.party };
    TRY(process_fields(cx, p, &d, &q.fields));
    TRY(exchange_ask(cx, &q, &reply));
    return answer_process(cx, p, id, &reply);
}
