/* respond.c: the head of an answer, from what a handler has set. */
#include "net/server_int.h"

#define HEAD_MAX_BYTES ((size_t)64 * 1024)

static void
two_digits(char *p, int32_t v)
{
    p[0] = (char)('0' + v / 10 % 10);
    p[1] = (char)('0' + v % 10);
}

/* IMF-fixdate, RFC 9110 5.6.7: "Sun, 22 Nov 2026 03:06:09 GMT". */
void
respond_date(int64_t wall_us, char out[32])
{
    static const char days[] = "MonTueWedThuFriSatSun";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t s = wall_us / DATE_US_PER_S;
    struct date d = { (int32_t)(s / 86400) };
    struct civil c = date_civil(d);
    int32_t rest = (int32_t)(s % 86400);
    memcpy(out, "Mon, 00 Jan 0000 00:00:00 GMT", 30);
    memcpy(out, days + (size_t)(date_weekday(d) - 1) * 3, 3);
    two_digits(out + 5, c.mday);
    memcpy(out + 8, months + (size_t)(c.month - 1) * 3, 3);
    two_digits(out + 12, c.year / 100);
    two_digits(out + 14, c.year % 100);
    two_digits(out + 17, rest / 3600);
    two_digits(out + 20, rest / 60 % 60);
    two_digits(out + 23, rest % 60);
}

static bool
value_is_plain(struct str s)
{
    return s.n == 0 || parse_all(s, PARSE_VALUE);
}

/* A handler's mistake must not become a second answer in the same bytes (response splitting). */
static bool
fields_are_plain(const struct http_response *rs)
{
    if (rs->n_headers > COUNT_OF(rs->headers) || !value_is_plain(rs->content_type) ||
        !value_is_plain(rs->etag)) {
        return false;
    }
    for (size_t i = 0; i < rs->n_headers; i++) {
        const struct http_header *h = &rs->headers[i];
        if (!parse_all(h->name, PARSE_TOKEN) || !value_is_plain(h->value)) {
            return false;
        }
    }
    return true;
}

static void
field(struct buf *b, struct str name, struct str value)
{
    buf_add(b, name);
    BUF_LIT(b, ": ");
    buf_add(b, value);
    BUF_LIT(b, "\r\n");
}

static void
status_line(struct buf *b, int status, struct str date)
{
    BUF_LIT(b, "HTTP/1.1 ");
    buf_add_i64(b, status);
    buf_add_char(b, ' ');
    buf_add(b, http_reason(status));
    BUF_LIT(b, "\r\nDate: ");
    buf_add(b, date);
    BUF_LIT(b, "\r\n");
}

/* Content-Length or Transfer-Encoding, or nothing where RFC 9110 forbids both. */
static void
framing_field(struct buf *b, const struct req *r)
{
    const struct http_response *rs = &r->rs;
    if (rs->kind == HTTP_EVENTS || rs->status == 204 || rs->status == 304) {
        return; /* an event stream ends with the connection */
    }
    if (rs->kind == HTTP_STREAM) {
        BUF_LIT(b, "Transfer-Encoding: chunked\r\n");
        return;
    }
    BUF_LIT(b, "Content-Length: ");
    buf_add_i64(b, rs->kind == HTTP_FILE ? r->file_left : r->file_left + (int64_t)rs->body.n);
    BUF_LIT(b, "\r\n");
}

static void
head_write(struct req *r, struct str date)
{
    const struct http_response *rs = &r->rs;
    struct buf *b = &r->out;
    status_line(b, rs->status, date);
    for (size_t i = 0; i < rs->n_headers; i++) {
        field(b, rs->headers[i].name, rs->headers[i].value);
    }
    if (rs->content_type.n != 0 && rs->status != 304 && rs->status != 204) {
        field(b, STR("Content-Type"), rs->content_type);
    }
    if (rs->etag.n != 0) {
        field(b, STR("ETag"), rs->etag);
    }
    if (rs->kind == HTTP_EVENTS) {
        BUF_LIT(b, "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n");
    }
    framing_field(b, r);
    if (!r->keep_alive) {
        BUF_LIT(b, "Connection: close\r\n");
    }
    BUF_LIT(b, "\r\n");
}

/* Answer with an error of the server's own; the body comes from on_error. Never fails. */
void
respond_error(struct req *r, int status, struct str date)
{
    const struct server_config *config = &r->loop->server->config;
    r->rs = (struct http_response){ .status = status };
    r->rq.arena = r->arena;
    if (config->on_error != NULL) {
        config->on_error(config->arg, status, &r->rq, &r->rs);
    }
    if (r->rs.body.p == NULL || r->rs.kind != HTTP_WHOLE || !fields_are_plain(&r->rs)) {
        r->rs = (struct http_response){ .content_type = STR("text/plain; charset=utf-8") };
        r->rs.body = str_fmt(r->arena, "%d " STR_FMT "\n", status, STR_ARG(http_reason(status)));
    }
    r->rs.status = status;
    if (status == 503 && r->rs.n_headers < COUNT_OF(r->rs.headers)) {
        http_response_header(&r->rs, STR("Retry-After"), STR("1"));
    }
    r->is_bodiless = r->has_rq && r->rq.method == HTTP_HEAD;
    r->file_left = 0;
    r->out = buf_new(r->arena, HEAD_MAX_BYTES);
    head_write(r, date);
}

/* A file's answer after its conditions and range: 200, 206, 304 or 416. */
static int
file_prepare(struct req *r, bool may_block)
{
    if (!may_block) {
        return 500; /* a loop does not touch the disk */
    }
    return r->rs.kind == HTTP_FILE ? respond_file_open(r) : respond_spooled_open(r);
}

/* Turns r->rs into bytes to send. may_block: on a worker, files may be opened. */
void
respond_build(struct req *r, bool may_block, struct str date)
{
    struct http_response *rs = &r->rs;
    if (rs->status < 200 || rs->status > 599 || !fields_are_plain(rs) ||
        (rs->kind == HTTP_STREAM && !may_block)) {
        respond_spooled_drop(r);
        respond_error(r, 500, date);
        return;
    }
    if (rs->kind == HTTP_FILE || rs->kind == HTTP_SPOOLED) {
        int fault = file_prepare(r, may_block);
        if (fault != 0) {
            respond_error(r, fault, date);
            return;
        }
    } else if (rs->kind == HTTP_WHOLE && rs->status == 200 && respond_not_modified(r)) {
        rs->status = 304;
    }
    r->is_bodiless = r->rq.method == HTTP_HEAD || rs->status == 204 || rs->status == 304;
    r->keep_alive = r->keep_alive && !rs->must_close && (rs->kind != HTTP_EVENTS || r->is_bodiless);
    r->out = buf_new(r->arena, HEAD_MAX_BYTES);
    r->out.p = arena_alloc(r->arena, 1024);
    r->out.cap = 1024;
    head_write(r, date);
    if (r->out.is_failed) {
        respond_error(r, 500, date);
    }
}
