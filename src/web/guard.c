/* guard.c: who may, where from, and what browsers are told. Deny by default. */
#include "crypto/token.h"
#include "sys/sys.h"
#include "web/inside.h"

bool
guard_is_unsafe(enum http_method m)
{
    return m != HTTP_GET && m != HTTP_HEAD && m != HTTP_OPTIONS;
}

static bool
may(const struct web_call *c, const char *perm)
{
    return c->w->hooks->may != NULL && c->w->hooks->may(c->cx, perm);
}

bool
guard_is_known(const struct web_call *c)
{
    return may(c, "signed-in");
}

/* Whoever handed a one-time password out still knows it: nothing is shown or done with it but the
 * change itself, and leaving. */
enum err
guard_held(struct web_call *c)
{
    const struct web_hooks *h = c->w->hooks;
    bool is_open = (c->rq.route->flags & (uint32_t)WEB_HELD) != 0;
    return is_open || h->is_held == NULL || !h->is_held(c->cx)
               ? ERR_OK
               : err_set(c->cx, ERR_PASSWORD, "the one-time password is not changed yet");
}

enum err
guard_permission(struct web_call *c)
{
    const char *perm = c->rq.route->perm;
    if (str_eq(str_of(perm), STR("public")) || may(c, perm)) {
        return ERR_OK;
    }
    /* a known program that lacks the permission gains nothing by signing in */
    if (!c->session.is_token && !may(c, "signed-in")) {
        return err_set(c->cx, ERR_UNAUTHENTICATED, "%s needs %s", c->rq.route->path, perm);
    }
    return err_set(c->cx, ERR_FORBIDDEN, "%s needs %s", c->rq.route->path, perm);
}

/* The part of a URL between "//" and the next '/'. */
static struct str
authority(struct str url)
{
    size_t at = str_find(url, STR("//"));
    struct str rest = at == url.n ? url : str_slice(url, at + 2, url.n);
    return str_slice(rest, 0, str_find_char(rest, '/'));
}

/* A page of another site must not make a browser act here (Fetch Metadata, RFC 6454). Programs that
 * send neither header are held by the token. */
enum err
guard_origin(struct web_call *c)
{
    if (c->session.is_token || (c->rq.route->flags & WEB_NO_CSRF) != 0) {
        return ERR_OK;
    }
    struct str site = http_header_get(c->http, STR("Sec-Fetch-Site"));
    if (site.n != 0 && !str_eq(site, STR("same-origin")) && !str_eq(site, STR("none"))) {
        return err_set(c->cx, ERR_CSRF, "sent by a page of another site");
    }
    struct str origin = http_header_get(c->http, STR("Origin"));
    struct str host = http_header_get(c->http, STR("Host"));
    struct str base = c->cx->config == NULL ? STR_NULL : authority(c->cx->config->base_url);
    if (origin.n != 0 && !str_eq_nocase(authority(origin), host) &&
        !(base.n != 0 && str_eq_nocase(authority(origin), base))) {
        return err_set(c->cx, ERR_CSRF, "foreign origin");
    }
    return ERR_OK;
}

enum err
guard_csrf(struct web_call *c)
{
    if (c->session.is_token || (c->rq.route->flags & WEB_NO_CSRF) != 0) {
        return ERR_OK;
    }
    struct str sent = input_raw(c, STR("csrf"));
    if (sent.n == 0) {
        sent = http_header_get(c->http, STR("X-CSRF-Token"));
    }
    if (c->session.csrf.n == 0 || !token_mask_matches(c->cx->arena, sent, c->session.csrf)) {
        return err_set(c->cx, ERR_CSRF, "no or wrong token");
    }
    return ERR_OK;
}

void
guard_headers(struct web_call *c)
{
    struct http_response *rs = c->rs.http;
    bool is_framed = c->rq.route != NULL && (c->rq.route->flags & WEB_FRAMED) != 0;
    http_response_header(rs, STR("Content-Security-Policy"),
                         is_framed ? STR("default-src 'none'; frame-ancestors 'self'")
                                   : STR("default-src 'none'; script-src 'self'; style-src 'self'; "
                                         "img-src 'self' data: blob:; font-src 'self'; "
                                         "connect-src 'self'; frame-src 'self'; form-action "
                                         "'self'; base-uri 'none'; frame-ancestors 'none'"));
    http_response_header(rs, STR("X-Content-Type-Options"), STR("nosniff"));
    http_response_header(rs, STR("Referrer-Policy"), STR("same-origin"));
    http_response_header(rs, STR("Permissions-Policy"),
                         STR("camera=(self), geolocation=(self), microphone=(), payment=(), "
                             "usb=(), interest-cohort=()"));
    http_response_header(rs, STR("Cross-Origin-Opener-Policy"), STR("same-origin"));
    http_response_header(rs, STR("Cross-Origin-Resource-Policy"), STR("same-origin"));
    http_response_header(rs, STR("X-Frame-Options"), is_framed ? STR("SAMEORIGIN") : STR("DENY"));
    if (c->http->is_tls || (c->cx->config != NULL && c->cx->config->is_secure_cookie)) {
        http_response_header(rs, STR("Strict-Transport-Security"),
                             STR("max-age=31536000; includeSubDomains"));
    }
}
