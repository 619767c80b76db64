/* reply.c: what a handler can answer. Nothing is rendered here: the dispatcher does that after the
 * handler. */
#include "codec/cookie.h"
#include "codec/url.h"
#include "sys/sys.h"
#include "web/inside.h"

enum err
web_page(struct ctx *cx, struct web_resp *rs, const struct tpl *tpl, const void *data)
{
    (void)cx;
    rs->tpl = tpl;
    rs->data = data;
    return ERR_OK;
}

void
web_title(struct web_resp *rs, struct str title)
{
    rs->title = title;
}

void
web_status(struct web_resp *rs, int status)
{
    rs->status = status;
}

enum err
web_see_other(struct ctx *cx, struct web_resp *rs, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str to = str_vfmt(cx->arena, fmt, ap);
    va_end(ap);
    if (!url_is_local(to)) {
        return err_set(cx, ERR_BAD_REQUEST, "redirect to a foreign place");
    }
    rs->location = to;
    return ERR_OK;
}

enum err
web_form_again(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, const struct tpl *tpl,
               const void *data)
{
    (void)rq;
    if (rs->call->rq.is_api) {
        return err_set(cx, ERR_INVALID, "%u field problems", cx->n_problems);
    }
    rs->call->rq.is_again = true;
    rs->status = 422;
    rs->tpl = tpl;
    rs->data = data;
    return ERR_OK;
}

void
web_flash(struct ctx *cx, struct web_resp *rs, const char *key)
{
    (void)cx;
    rs->flash = key;
}

/* A name for Content-Disposition: ASCII stand-in and the true name (RFC 6266, RFC 8187). */
static struct str
disposition(struct arena *a, struct str filename)
{
    struct buf plain = buf_new(a, 400);
    for (size_t i = 0; i < filename.n && i < 200; i++) {
        char ch = filename.p[i];
        bool is_plain = ch > ' ' && ch < 0x7F && ch != '"' && ch != '\\' && ch != '/';
        buf_add_char(&plain, is_plain ? ch : '_');
    }
    struct str ascii = buf_str(&plain);
    struct str coded = url_encode(a, filename);
    return str_fmt(a, "attachment; filename=\"" STR_FMT "\"; filename*=UTF-8''" STR_FMT,
                   STR_ARG(ascii), STR_ARG(coded));
}

static void
send_as(struct ctx *cx, struct web_resp *rs, struct str content_type, struct str filename)
{
    rs->is_sent = true;
    rs->http->status = rs->status == 0 ? 200 : rs->status;
    rs->http->content_type = content_type;
    if (filename.n != 0) {
        http_response_header(rs->http, STR("Content-Disposition"),
                             disposition(cx->arena, filename));
    }
}

enum err
web_file_send(struct ctx *cx, struct web_resp *rs, struct str path, struct str content_type,
              struct str filename)
{
    send_as(cx, rs, content_type, filename);
    rs->http->kind = HTTP_FILE;
    rs->http->file_path = path;
    return ERR_OK;
}

enum err
web_bytes(struct ctx *cx, struct web_resp *rs, struct str bytes, struct str content_type,
          struct str filename)
{
    send_as(cx, rs, content_type, filename);
    rs->http->kind = HTTP_WHOLE;
    rs->http->body = bytes;
    return ERR_OK;
}

enum err
web_stream(struct ctx *cx, struct web_resp *rs, http_stream_fn *fn, void *arg,
           struct str content_type, struct str filename)
{
    send_as(cx, rs, content_type, filename);
    rs->http->kind = HTTP_STREAM;
    rs->http->stream_fn = fn;
    rs->http->stream_arg = arg;
    return ERR_OK;
}

enum err
web_events(struct ctx *cx, struct web_resp *rs, struct str channel)
{
    send_as(cx, rs, STR("text/event-stream"), STR_NULL);
    rs->http->kind = HTTP_EVENTS;
    rs->http->event_channel = channel;
    rs->http->event_last_id = http_header_get(rs->call->http, STR("Last-Event-ID"));
    return ERR_OK;
}

void
web_reads_person(struct ctx *cx, struct web_resp *rs, int64_t subject, const char *purpose,
                 struct str note)
{
    (void)cx;
    if (rs->n_readings == WEB_READINGS_MAX) {
        rs->has_too_many_readings = true;
        return;
    }
    rs->readings[rs->n_readings++] = (struct web_reading){ subject, purpose, note };
}

void
web_crumb(struct ctx *cx, struct web_resp *rs, struct str href, struct str text)
{
    (void)cx;
    if (rs->n_crumbs < WEB_CRUMBS_MAX) {
        rs->crumbs[rs->n_crumbs].href = href;
        rs->crumbs[rs->n_crumbs++].text = text;
    }
}

void
web_set_cookie(struct ctx *cx, struct web_resp *rs, struct str name, struct str value,
               int64_t max_age_s)
{
    struct cookie c = { .name = name,
                        .value = value,
                        .max_age_s = max_age_s,
                        .is_http_only = true,
                        .is_secure = cx->config != NULL && cx->config->is_secure_cookie };
    struct str line = cookie_build(cx->arena, &c);
    ASSERT(rs->n_cookies < WEB_COOKIES_MAX);
    if (line.p != NULL) {
        rs->cookies[rs->n_cookies++] = line;
    }
}

struct http_response *
web_http(struct web_resp *rs)
{
    return rs->http;
}

void
web_forget_pages(struct web_resp *rs)
{
    web_cache_clear(rs->call->w);
}
