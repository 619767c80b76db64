/* gateway_program.c: what programs call: tokens as WSO2-based platforms give them, the older
 * session style, and the labelled simulators' own addresses. */
#include "base/buf.h"
#include "codec/base64.h"
#include "codec/form.h"
#include "engine/access/access.h"
#include "office/gateway/gateway_int.h"

#define ANSWER_BYTES 8192

static enum err
answer_json(struct ctx *cx, struct web_resp *rs, int status, struct str body)
{
    web_status(rs, status);
    http_response_header(web_http(rs), STR("Cache-Control"), STR("no-store"));
    http_response_header(web_http(rs), STR("Pragma"), STR("no-cache"));
    return web_bytes(cx, rs, body, STR("application/json"), STR_NULL);
}

/* RFC 6749 5.2. */
static enum err
oauth_error(struct ctx *cx, struct web_resp *rs, int status, const char *code)
{
    if (status == 401) {
        http_response_header(web_http(rs), STR("WWW-Authenticate"), STR("Basic realm=\"token\""));
    }
    cx->n_problems = 0;
    return answer_json(cx, rs, status, str_fmt(cx->arena, "{\"error\":\"%s\"}", code));
}

/* "Authorization: Basic" before the body, as RFC 6749 2.3.1 wants; parts are form-encoded. */
static bool
basic_of(struct ctx *cx, const struct web_req *rq, struct exchange_grant *g)
{
    struct str header = http_header_get(rq->http, STR("Authorization"));
    struct str pair;
    struct str user;
    struct str secret;
    if (!str_starts(header, STR("Basic ")) ||
        !base64_decode(cx->arena, str_trim(str_slice(header, 6, header.n)), &pair) ||
        !str_cut(pair, ':', &user, &secret) ||
        url_decode_plus(cx->arena, user, &g->client_id) != ERR_OK ||
        url_decode_plus(cx->arena, secret, &g->secret) != ERR_OK) {
        return false;
    }
    return true;
}

enum err
gw_token(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct url_pair *v = NULL;
    struct form_limits limits = { .pairs_max = 20 };
    size_t n = 0;
    struct exchange_grant g = { .peer = rq->http->peer };
    struct exchange_token token;
    if (form_parse(cx->arena, rq->http->body, limits, &v, &n) != ERR_OK) {
        return oauth_error(cx, rs, 400, "invalid_request");
    }
    if (!str_eq(url_query_get(v, n, STR("grant_type")), STR("client_credentials"))) {
        return oauth_error(cx, rs, 400, "unsupported_grant_type");
    }
    if (!basic_of(cx, rq, &g)) {
        g.client_id = url_query_get(v, n, STR("client_id"));
        g.secret = url_query_get(v, n, STR("client_secret"));
    }
    g.scope = url_query_get(v, n, STR("scope"));
    if (str_is_empty(g.client_id) || str_is_empty(g.secret)) {
        return oauth_error(cx, rs, 401, "invalid_client");
    }
    enum err e = exchange_token_issue(cx, &g, &token);
    if (e == ERR_UNAUTHENTICATED || e == ERR_FORBIDDEN) {
        return oauth_error(cx, rs, 401, "invalid_client");
    }
    if (e == ERR_INVALID) {
        return oauth_error(cx, rs, 400, "invalid_scope");
    }
    TRY(e);
    struct buf b = buf_new(cx->arena, ANSWER_BYTES);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "access_token", token.access_token);
    json_put_str(&o, "scope", token.scope);
    json_put_str(&o, "token_type", STR("Bearer"));
    json_put_i64(&o, "expires_in", token.expires_s);
    json_close(&o);
    return answer_json(cx, rs, 200, buf_str(&b));
}

enum err
gw_jwks(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str keys;
    (void)rq;
    TRY(exchange_token_keys(cx, &keys));
    return web_bytes(cx, rs, keys, STR("application/json"), STR_NULL);
}

/* --- the older style: session and dstcode ----------------------------------------------------- */
static enum err
adapter_answer(struct ctx *cx, struct web_resp *rs, const char *code, const char *message,
               const char *key, struct str value)
{
    struct buf b = buf_new(cx->arena, ANSWER_BYTES);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "error_code", str_of(code));
    json_put_str(&o, "message", str_of(message));
    if (key != NULL) {
        json_put_str(&o, key, value);
    }
    json_close(&o);
    cx->n_problems = 0;
    return answer_json(cx, rs, 200, buf_str(&b));
}

static bool
body_json(struct ctx *cx, const struct web_req *rq, struct json **ret)
{
    struct json_limits limits = { 0 };
    return json_parse(cx->arena, rq->http->body, limits, ret, NULL) == ERR_OK &&
           (*ret)->type == JSON_OBJECT;
}

enum err
gw_login(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct json *body = NULL;
    struct str session;
    if (!body_json(cx, rq, &body)) {
        return adapter_answer(cx, rs, "03", "Không đúng JSON", NULL, STR_NULL);
    }
    struct exchange_grant g = { .client_id = json_text(body, "username"),
                                .secret = json_text(body, "password"),
                                .peer = rq->http->peer };
    enum err e = exchange_session_new(cx, &g, &session);
    if (e == ERR_UNAUTHENTICATED || e == ERR_FORBIDDEN) {
        return adapter_answer(cx, rs, "10", "Sai tài khoản hoặc địa chỉ", NULL, STR_NULL);
    }
    TRY(e);
    return adapter_answer(cx, rs, "0", "Thành công", "session", session);
}

/* What the adapter adds to a message stays here. */
static struct str
inner_body(struct ctx *cx, const struct json *body)
{
    struct buf b = buf_new(cx->arena, (size_t)256 << 10);
    struct json_out o = json_out(&b);
    json_open(&o);
    for (JSON_EACH(body, it)) {
        if (!str_eq(it->key, STR("session")) && !str_eq(it->key, STR("madonvi")) &&
            !str_eq(it->key, STR("service"))) {
            json_key_str(&o, it->key);
            json_write(&o, it);
        }
    }
    json_close(&o);
    return buf_str(&b);
}

enum err
gw_adapter(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct json *body = NULL;
    struct exchange_subsystem who;
    struct exchange_answer answer = { .fault = STR("") };
    struct str dst = http_header_get(rq->http, STR("dstcode"));
    if (!body_json(cx, rq, &body)) {
        return adapter_answer(cx, rs, "03", "Không đúng JSON", NULL, STR_NULL);
    }
    if (exchange_session_check(cx, json_text(body, "session"), &who) != ERR_OK) {
        return adapter_answer(cx, rs, "10", "Phiên làm việc không còn", NULL, STR_NULL);
    }
    struct exchange_request call = {
        .way = "adapter",
        .consumer = who.path,
        .service = str_replace(cx->arena, dst, STR(":"), STR("/")),
        .operation = json_text(body, "service"),
        .body = inner_body(cx, body),
        .content_type = STR("application/json"),
        .request_id = cx->trace_id,
    };
    enum err e = exchange_forward(cx, &call, &answer);
    if (e == ERR_FORBIDDEN || e == ERR_RATE || e == ERR_NOT_FOUND) {
        return adapter_answer(cx, rs, "05", "Không có thỏa thuận cho lời gọi này", "fault",
                              e == ERR_NOT_FOUND ? STR("no_route") : answer.fault);
    }
    if (e != ERR_OK) {
        return adapter_answer(cx, rs, "99", "Dịch vụ không trả lời", "fault", answer.fault);
    }
    return answer_json(cx, rs, answer.status, answer.body);
}

/* --- simulators ------------------------------------------------------------------------------- */
static enum err
simulate(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct exchange_answer answer;
    struct str path = str_cat(cx->arena, STR("/"), web_param(rq, "op"));
    enum err e =
        exchange_sim_call(cx, web_param(rq, "id"), path, rq->http->query, rq->http->body, &answer);
    if (e == ERR_DEADLINE || e == ERR_UPSTREAM) {
        return answer_json(cx, rs, e == ERR_DEADLINE ? 504 : 503, STR("{\"error\":\"mo-phong\"}"));
    }
    TRY(e);
    http_response_header(web_http(rs), STR("X-Simulated"), STR("true"));
    web_status(rs, answer.status);
    return web_bytes(cx, rs, answer.body, answer.content_type, STR_NULL);
}

enum err
gw_sim_1(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return simulate(cx, rq, rs);
}

enum err
gw_sim_get_1(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    return simulate(cx, rq, rs);
}
