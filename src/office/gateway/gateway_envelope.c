/* gateway_envelope.c: SOAP messages of X-Road's protocol 4.0 that the program itself answers: who
 * asks, the envelope in and out, faults, attachments. */
#include "base/buf.h"
#include "codec/base64.h"
#include "codec/url.h"
#include "codec/xml.h"
#include "crypto/digest.h"
#include "crypto/token.h"
#include "office/gateway/gateway_int.h"
#include "sys/sys.h"

#define SOAP_NS     "http://schemas.xmlsoap.org/soap/envelope/"
#define SOAP_BYTES  ((size_t)32 << 20)
#define PARTS_BYTES ((size_t)40 << 20)

/* --- answers -----------------------------------------------------------------------------------
 */
static void
envelope_open(struct buf *b)
{
    buf_add(b, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SOAP-ENV:Envelope"
                   " xmlns:SOAP-ENV=\"" SOAP_NS "\" xmlns:xroad=\"" EXCHANGE_XROAD_NS
                   "\" xmlns:id=\"" EXCHANGE_IDENTIFIER_NS "\">\n"));
}

/* The request's header fields come back, with its hash. */
static void
put_header(struct ctx *cx, struct buf *b, const struct gw_soap *a)
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

struct buf
gw_soap_open(struct ctx *cx, const struct gw_soap *a)
{
    struct buf b = buf_new(cx->arena, SOAP_BYTES);
    envelope_open(&b);
    put_header(cx, &b, a);
    return b;
}

static enum err
give(struct ctx *cx, struct web_resp *rs, int status, struct str body, struct str type)
{
    cx->n_problems = 0;
    web_status(rs, status);
    http_response_header(web_http(rs), STR("Cache-Control"), STR("no-store"));
    return web_bytes(cx, rs, body, type, STR_NULL);
}

static enum err
close_it(struct ctx *cx, struct buf *b)
{
    buf_add(b, STR("</SOAP-ENV:Body>\n</SOAP-ENV:Envelope>\n"));
    return b->is_failed ? err_set(cx, ERR_TOO_LARGE, "the answer is too large") : ERR_OK;
}

enum err
gw_soap_give(struct ctx *cx, struct web_resp *rs, struct buf *b)
{
    TRY(close_it(cx, b));
    return give(cx, rs, 200, buf_str(b), STR("text/xml; charset=UTF-8"));
}

enum err
gw_soap_give_with(struct ctx *cx, struct web_resp *rs, struct buf *soap,
                  const struct gw_attachment *with)
{
    /* 128 random bits: nothing that is sent can hold it */
    const char *boundary =
        str_z(cx->arena, str_cat(cx->arena, STR("xroad-"), token_new(cx, STR(""))));
    struct buf b = buf_new(cx->arena, PARTS_BYTES);
    TRY(close_it(cx, soap));
    buf_addf(&b, "--%s\r\nContent-Type: text/xml; charset=UTF-8\r\n\r\n", boundary);
    buf_add(&b, buf_str(soap));
    buf_addf(&b,
             "\r\n--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: binary\r\n"
             "Content-ID: <%s>\r\n\r\n",
             boundary, with->type, with->id);
    buf_add(&b, with->bytes);
    buf_addf(&b, "\r\n--%s--\r\n", boundary);
    if (b.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "the answer is too large");
    }
    return give(cx, rs, 200, buf_str(&b),
                str_fmt(cx->arena,
                        "multipart/related; type=\"text/xml\"; charset=UTF-8; boundary=%s",
                        boundary));
}

enum err
gw_soap_fault(struct ctx *cx, struct web_resp *rs, int status, const char *code, struct str words)
{
    struct buf b = buf_new(cx->arena, SOAP_BYTES);
    envelope_open(&b);
    buf_addf(&b, "<SOAP-ENV:Body><SOAP-ENV:Fault><faultcode>%s</faultcode><faultstring>", code);
    xml_escape_to(&b, words);
    buf_add(&b, STR("</faultstring></SOAP-ENV:Fault>"));
    TRY(close_it(cx, &b));
    http_response_header(web_http(rs), STR("X-Road-Error"), str_of(code));
    return give(cx, rs, status, buf_str(&b), STR("text/xml; charset=UTF-8"));
}

enum err
gw_soap_fault_request(struct ctx *cx, struct web_resp *rs, const char *words)
{
    return gw_soap_fault(cx, rs, 500, "Client.InvalidRequest", str_of(words));
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

bool
gw_soap_is_here(struct ctx *cx, struct gw_soap *a, struct str owner, struct str *ret_words)
{
    struct str name = cx->config->node_name.n != 0 ? cx->config->node_name : STR("bombo");
    a->server = str_fmt(cx->arena, STR_FMT "/" STR_FMT, STR_ARG(owner), STR_ARG(name));
    *ret_words = str_fmt(cx->arena, "this server is " STR_FMT, STR_ARG(a->server));
    return a->m.server.p == NULL || str_eq(a->m.server, a->server);
}

/* NULL, or the fault's code: may it be answered? */
static const char *
read_message(struct ctx *cx, struct gw_soap *a, struct str *ret_words)
{
    const char *word = NULL;
    if (exchange_xroad_read(cx, a->bytes, &a->m, &word) != ERR_OK) {
        *ret_words = str_of(cx->err.text);
        return str_z(cx->arena, str_cat(cx->arena, STR("Client."), str_of(word)));
    }
    *ret_words = STR("the client is not who is signed in");
    return speaks_for(&a->who, a->m.client) ? NULL : "Client.InvalidClientIdentifier";
}

enum err
gw_soap_answer(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
               const struct gw_soap_door *door)
{
    struct gw_soap a = { .bytes = rq->http->body };
    struct str words = STR_NULL;
    enum err e = gw_program(cx, rq, &a.who);
    if (e == ERR_UNAUTHENTICATED || e == ERR_FORBIDDEN || e == ERR_NOT_FOUND) {
        http_response_header(web_http(rs), STR("WWW-Authenticate"), STR("Bearer"));
        return gw_soap_fault(cx, rs, 401, "Client.AuthenticationFailed",
                             STR("no token, or one that is not good"));
    }
    TRY(e);
    const char *word = read_message(cx, &a, &words);
    word = word == NULL ? door->judge(cx, &a, &words) : word;
    if (word != NULL) {
        return gw_soap_fault(cx, rs, 500, word, words);
    }
    for (size_t i = 0; i < door->n; i++) {
        const struct gw_soap_service *s = &door->services[i];
        if (str_eq(a.m.code, str_of(s->code))) {
            return xml_is(a.m.body, s->ns, s->code)
                       ? s->answer(cx, rs, &a)
                       : gw_soap_fault_request(cx, rs, "the body's element is not the service's");
        }
    }
    return gw_soap_fault(cx, rs, 500, "Server.ServerProxy.UnknownService",
                         STR("the server offers no service of that code"));
}
