/* gateway_boxes.c: message boxes as programs use them: JSON, with the access token of /token.
 * doc/boxes.md is the reference. */
#include "base/buf.h"
#include "base/date.h"
#include "engine/box/box.h"
#include "office/gateway/gateway_int.h"
#include "sys/sys.h"

#define BODY_READ  ((size_t)4 << 20)
#define LIST_BYTES ((size_t)16 << 20)

/* --- who calls, and errors ---------------------------------------------------------------------
 */
static enum err
caller(struct ctx *cx, const struct web_req *rq, struct exchange_subsystem *ret)
{
    struct str header = http_header_get(rq->http, STR("Authorization"));
    if (!str_starts(header, STR("Bearer "))) {
        return err_set(cx, ERR_UNAUTHENTICATED, "a token of /token is needed");
    }
    return exchange_token_check(cx, str_trim(str_slice(header, 7, header.n)), rq->http->peer, ret);
}

static enum err
give(struct ctx *cx, struct web_resp *rs, int status, struct str json)
{
    web_status(rs, status);
    http_response_header(web_http(rs), STR("Cache-Control"), STR("no-store"));
    return web_bytes(cx, rs, json, STR("application/json"), STR_NULL);
}

struct refusal {
    enum err e;
    int status;
    const char *word;
};

/* The words for refusals that programs meet; NULL: the web floor's to answer. */
static const struct refusal *
refusal_of(enum err e)
{
    static const struct refusal all[] = {
        { ERR_UNAUTHENTICATED, 401, "token" }, { ERR_FORBIDDEN, 403, "no_agreement" },
        { ERR_NOT_FOUND, 404, "not_found" },   { ERR_CONFLICT, 409, "conflict" },
        { ERR_INVALID, 422, "invalid" },       { ERR_RATE, 429, "rate" },
        { ERR_UPSTREAM, 502, "line" },         { ERR_DEADLINE, 504, "line" },
    };
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (all[i].e == e) {
            return &all[i];
        }
    }
    return NULL;
}

static enum err
refuse(struct ctx *cx, struct web_resp *rs, enum err e)
{
    const struct refusal *r = refusal_of(e);
    if (r == NULL) {
        return e;
    }
    struct buf b = buf_new(cx->arena, 2048);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "error", str_of(r->word));
    json_put_str(&o, "detail", str_of(cx->err.text));
    json_close(&o);
    cx->n_problems = 0;
    if (e == ERR_UNAUTHENTICATED) {
        http_response_header(web_http(rs), STR("WWW-Authenticate"), STR("Bearer"));
    }
    if (e == ERR_RATE) {
        http_response_header(web_http(rs), STR("Retry-After"), STR("5"));
    }
    return give(cx, rs, r->status, buf_str(&b));
}

typedef enum err box_fn(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
                        struct str who);

static enum err
as_caller(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, box_fn *fn)
{
    struct exchange_subsystem who;
    enum err e = caller(cx, rq, &who);
    e = e == ERR_OK ? fn(cx, rq, rs, who.path) : e;
    return e == ERR_OK ? ERR_OK : refuse(cx, rs, e);
}

static enum err
body_of(struct ctx *cx, const struct web_req *rq, struct str *ret)
{
    if (rq->http->body_path.n != 0) {
        return sys_file_read(cx, rq->http->body_path, BODY_READ, ret);
    }
    *ret = rq->http->body.p == NULL ? STR("") : rq->http->body;
    return ERR_OK;
}

static enum err
json_of(struct ctx *cx, const struct web_req *rq, struct json **ret)
{
    struct json_limits limits = { 0 };
    struct str body;
    TRY(body_of(cx, rq, &body));
    return json_parse(cx->arena, body, limits, ret, NULL) == ERR_OK && (*ret)->type == JSON_OBJECT
               ? ERR_OK
               : err_set(cx, ERR_INVALID, "the body is no JSON object");
}

/* --- messages ----------------------------------------------------------------------------------
 */
static void
put_message(struct ctx *cx, struct json_out *o, const struct box_message *m, bool has_body)
{
    json_open(o);
    json_put_str(o, "message", str_fmt(cx->arena, "%" PRId64, m->id));
    json_put_str(o, "id", m->name);
    json_put_str(o, "from", m->sender);
    json_put_str(o, "to", m->receiver);
    json_put_str(o, "topic", m->topic);
    json_put_i64(o, "seq", m->seq);
    json_put_str(o, "put", date_iso_instant_vn(cx->arena, m->put_us));
    json_put_str(o, "type", m->type);
    json_put_str(o, "issue", m->issue);
    json_put_str(o, "state", m->state);
    json_put_str(o, "fault", m->fault);
    json_put_i64(o, "fetched", m->tries);
    if (has_body) {
        json_put_str(o, "body", m->body);
    }
    box_files_put(o, m);
    json_close(o);
}

static enum err
put_list(struct ctx *cx, struct web_resp *rs, struct str who, struct box_message *v, size_t n)
{
    bool *again = ARENA_ARRAY(cx->arena, bool, n);
    struct buf b = buf_new(cx->arena, LIST_BYTES);
    struct json_out o = json_out(&b);
    bool is_again = true;
    TRY(box_put_list(cx, who, v, n, again));
    json_open(&o);
    json_key(&o, "messages");
    json_open_list(&o);
    for (size_t i = 0; i < n; i++) {
        json_open(&o);
        json_put_str(&o, "id", v[i].name);
        json_put_i64(&o, "seq", v[i].seq);
        json_put_bool(&o, "again", again[i]);
        json_close(&o);
        is_again = is_again && again[i];
    }
    json_close_list(&o);
    json_close(&o);
    return give(cx, rs, is_again ? 200 : 201, buf_str(&b));
}

static enum err
put(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str who)
{
    struct str body;
    struct box_message *v = NULL;
    size_t n = 0;
    bool is_again = false;
    bool is_list = false;
    TRY(body_of(cx, rq, &body));
    TRY(box_messages_read(cx, body, &v, &n, &is_list));
    if (is_list) {
        return put_list(cx, rs, who, v, n);
    }
    struct box_message m = *v;
    TRY(box_put(cx, who, &m, &n, &is_again));
    return give(cx, rs, is_again ? 200 : 201,
                str_fmt(cx->arena,
                        "{\"id\":\"" STR_FMT "\",\"seq\":%" PRId64 ",\"boxes\":%zu,\"again\":%s}",
                        STR_ARG(m.name), m.seq, n, is_again ? "true" : "false"));
}

static enum err
fetch(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str who)
{
    struct box_message *v = NULL;
    size_t n = 0;
    struct buf b = buf_new(cx->arena, LIST_BYTES);
    struct json_out o = json_out(&b);
    TRY(box_fetch(cx, who, (size_t)web_int(rq, "max"), &v, &n));
    json_open(&o);
    json_key(&o, "messages");
    json_open_list(&o);
    for (size_t i = 0; i < n; i++) {
        put_message(cx, &o, &v[i], true);
    }
    json_close_list(&o);
    json_close(&o);
    return give(cx, rs, 200, buf_str(&b));
}

static enum err
acknowledge(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str who)
{
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(box_acknowledge(cx, who, id));
    return give(cx, rs, 200, STR("{}"));
}

/* One answer an id, in the order asked; 200 however many of them could not be acknowledged. */
static enum err
acknowledge_list(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str who)
{
    struct str body;
    struct box_ack *v = NULL;
    size_t n = 0;
    struct buf b = buf_new(cx->arena, LIST_BYTES);
    struct json_out o = json_out(&b);
    TRY(body_of(cx, rq, &body));
    TRY(box_acks_read(cx, body, &v, &n));
    TRY(box_acknowledge_list(cx, who, v, n));
    json_open(&o);
    json_key(&o, "messages");
    json_open_list(&o);
    for (size_t i = 0; i < n; i++) {
        const struct refusal *r = refusal_of(v[i].e);
        json_open(&o);
        json_put_str(&o, "message", str_fmt(cx->arena, "%" PRId64, v[i].id));
        if (r == NULL) {
            json_put_str(&o, "state", STR("taken"));
        } else {
            json_put_str(&o, "error", str_of(r->word));
            json_put_str(&o, "detail", v[i].text);
        }
        json_close(&o);
    }
    json_close_list(&o);
    json_close(&o);
    return give(cx, rs, 200, buf_str(&b));
}

static enum err
turn_down(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str who)
{
    int64_t id = 0;
    struct json *j = NULL;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(json_of(cx, rq, &j));
    TRY(box_refuse(cx, who, id, json_text(j, "reason")));
    return give(cx, rs, 200, STR("{}"));
}

static enum err
sent(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str who)
{
    struct box_message m;
    struct buf b = buf_new(cx->arena, LIST_BYTES);
    struct json_out o = json_out(&b);
    TRY(box_sent(cx, who, web_text(rq, "to"), web_text(rq, "topic"), web_text(rq, "id"), &m));
    put_message(cx, &o, &m, false);
    return give(cx, rs, 200, buf_str(&b));
}

/* --- topics ------------------------------------------------------------------------------------
 */
static enum err
subscribe(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str who)
{
    struct json *j = NULL;
    TRY(json_of(cx, rq, &j));
    TRY(box_subscribe(cx, who, json_text(j, "owner"), json_text(j, "topic"),
                      json_flag(j, "on", true)));
    return give(cx, rs, 200, STR("{}"));
}

static enum err
topics(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str who)
{
    struct box_sub *v = NULL;
    size_t n = 0;
    struct buf b = buf_new(cx->arena, LIST_BYTES);
    struct json_out o = json_out(&b);
    (void)rq;
    TRY(box_subs(cx, who, &v, &n));
    json_open(&o);
    json_key(&o, "topics");
    json_open_list(&o);
    for (size_t i = 0; i < n; i++) {
        json_open(&o);
        json_put_str(&o, "owner", v[i].owner);
        json_put_str(&o, "topic", v[i].topic);
        json_put_str(&o, "since", date_iso_instant_vn(cx->arena, v[i].from_us));
        json_close(&o);
    }
    json_close_list(&o);
    json_close(&o);
    return give(cx, rs, 200, buf_str(&b));
}

/* --- files -------------------------------------------------------------------------------------
 */
static enum err
file_part(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str who)
{
    struct box_part p = { .hash = web_param(rq, "hash"),
                          .at = web_int(rq, "at"),
                          .total = web_int(rq, "total") };
    int64_t have = 0;
    TRY(body_of(cx, rq, &p.bytes));
    TRY(box_file_part(cx, who, &p, &have));
    return give(cx, rs, have == p.total ? 201 : 200,
                str_fmt(cx->arena, "{\"have\":%" PRId64 ",\"total\":%" PRId64 "}", have, p.total));
}

static enum err
file_get(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct str who)
{
    struct str path;
    struct str hash = web_param(rq, "hash");
    TRY(box_file_path(cx, who, hash, &path));
    return web_file_send(cx, rs, path, STR("application/octet-stream"), hash);
}

#define BOX_ROUTE(name, fn)                                                                        \
    enum err name(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)                   \
    {                                                                                              \
        return as_caller(cx, rq, rs, fn);                                                          \
    }

BOX_ROUTE(gw_box_put, put)
BOX_ROUTE(gw_box_fetch, fetch)
BOX_ROUTE(gw_box_ack, acknowledge)
BOX_ROUTE(gw_box_acks, acknowledge_list)
BOX_ROUTE(gw_box_refuse, turn_down)
BOX_ROUTE(gw_box_sent, sent)
BOX_ROUTE(gw_box_subscribe, subscribe)
BOX_ROUTE(gw_box_topics, topics)
BOX_ROUTE(gw_box_part, file_part)
BOX_ROUTE(gw_box_file, file_get)
