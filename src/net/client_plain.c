/* client_plain.c: calls of a pool to plain services, from memory: on kept connections of our own.
 */
#include "codec/url.h"
#include "net/client_int.h"

bool
client_is_plain(const struct client_request *rq)
{
    return client_pool_of(rq) != NULL && str_starts(rq->url, STR("http://")) &&
           rq->body_path.n == 0 && rq->sigv4.n == 0 && client_is_line(rq->url) &&
           client_is_line(rq->method);
}

/* Fields that belong to the connection, which is ours. */
static bool
is_hop_field(struct str name)
{
    static const char *const ours[] = {
        "host", "connection", "content-length", "expect",
        "te",   "upgrade",    "keep-alive",     "transfer-encoding"
    };
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        if (str_eq_nocase(name, str_of(ours[i]))) {
            return true;
        }
    }
    return false;
}

static bool
has_field(const struct client_request *rq, struct str name)
{
    for (size_t i = 0; i < rq->n_headers; i++) {
        if (str_eq_nocase(rq->headers[i].name, name)) {
            return true;
        }
    }
    return false;
}

static struct str
method_of(const struct client_request *rq)
{
    return rq->method.n != 0 ? rq->method : rq->body.n != 0 ? STR("POST") : STR("GET");
}

static enum err
plain_request(struct client_call *c, const struct url_parts *url, struct str *ret)
{
    const struct client_request *rq = c->rq;
    struct str method = method_of(rq);
    bool is_v6 = str_has_char(url->host, ':');
    struct buf b = buf_new(c->cx->arena, rq->body.n + CLIENT_HEADS_BYTES);
    buf_addf(&b, STR_FMT " " STR_FMT "%s" STR_FMT " HTTP/1.1\r\nHost: %s" STR_FMT "%s",
             STR_ARG(method), STR_ARG(url->path), url->query.n == 0 ? "" : "?", STR_ARG(url->query),
             is_v6 ? "[" : "", STR_ARG(url->host), is_v6 ? "]" : "");
    if (url->port != 0 && url->port != 80) {
        buf_addf(&b, ":%d", url->port);
    }
    BUF_LIT(&b, "\r\n");
    for (size_t i = 0; i < rq->n_headers; i++) {
        struct str name = rq->headers[i].name;
        if (!parse_all(name, PARSE_TOKEN) || !client_is_line(rq->headers[i].value)) {
            return err_set(c->cx, ERR_INVALID, "header of an outbound call");
        }
        if (!is_hop_field(name)) {
            buf_addf(&b, STR_FMT ": " STR_FMT "\r\n", STR_ARG(name), STR_ARG(rq->headers[i].value));
        }
    }
    if (!has_field(rq, STR("Accept"))) {
        BUF_LIT(&b, "Accept: */*\r\n");
    }
    if (rq->content_type.n != 0 && client_is_line(rq->content_type)) {
        buf_addf(&b, "Content-Type: " STR_FMT "\r\n", STR_ARG(rq->content_type));
    }
    if (rq->body.n != 0 || str_eq(method, STR("POST")) || str_eq(method, STR("PUT"))) {
        buf_addf(&b, "Content-Length: %zu\r\n", rq->body.n);
    }
    BUF_LIT(&b, "\r\n");
    buf_add(&b, rq->body);
    *ret = buf_str(&b);
    return b.is_failed || !parse_all(method, PARSE_TOKEN)
               ? err_set(c->cx, ERR_INVALID, "outbound call: head")
               : ERR_OK;
}

static enum err
plain_sink(void *arg, struct str bytes)
{
    return client_body_add(arg, bytes.p, bytes.n)
               ? ERR_OK
               : ERR_TOO_LARGE; /* client_result_of_body says why */
}

static enum err
plain_end(struct client_call *c, const struct upcall *u)
{
    TRY(client_result_of_body(c));
    if (u->result != ERR_OK) {
        return err_set(c->cx, u->result, "outbound call: %s", u->detail);
    }
    c->rs.status = u->answer.status;
    for (size_t i = 0; i < u->answer.n_headers && i < CLIENT_HEADERS_MAX; i++) {
        c->rs.headers[c->rs.n_headers++] = u->answer.headers[i];
    }
    client_body_done(c);
    return ERR_OK;
}

enum err
client_call_plain(struct client_call *c)
{
    struct url_parts url;
    int64_t ms = client_time_left_ms(c);
    if (ms == 0) {
        return err_set(c->cx, ERR_DEADLINE, "outbound call: no time left");
    }
    if (!url_split(c->rq->url, &url)) {
        return err_set(c->cx, ERR_INVALID, "outbound call: address");
    }
    int64_t all_ms =
        ms + (c->rq->answer_path.n == 0
                  ? 0
                  : CLIENT_TRANSFER_MS((int64_t)c->rq->body.n + c->rq->file_max_bytes));
    struct upcall_to to = { .host = url.host, .port = url.port == 0 ? 80 : url.port };
    to.same = str_fmt(c->cx->arena, STR_FMT " %d", STR_ARG(to.host), to.port);
    struct upcall *u = ARENA_NEW(c->cx->arena, struct upcall);
    *u = (struct upcall){ .to = &to,
                          .is_to_head = str_eq(c->rq->method, STR("HEAD")),
                          .is_fresh = !client_may_repeat(c->rq),
                          .opening_ms = ms < 5000 ? ms : 5000,
                          .silence_ms = ms,
                          .due_us = sys_mono_us(c->cx) + all_ms * 1000,
                          .sink = plain_sink,
                          .arg = c };
    TRY(plain_request(c, &url, &u->out));
    upcall_begin(c->cx, c->rq->pool->plain, u);
    while (u->state != UPCALL_DONE) {
        upcall_wait(c->cx, c->rq->pool->plain, &u, 1, -1);
    }
    return plain_end(c, u);
}
