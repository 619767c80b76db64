/* account_web.c: signing in and out. */
#include "office/account/account.h"

#include "engine/access/access.h"
#include "engine/dossier/dossier.h"
#include "gen/tpl_account.h"
#include "sys/sys.h"

static const struct web_field next_fields[] = {
    { .name = "tiep", .type = WEB_TEXT, .max = 500, .doc = "local path to go on to" },
};

static const struct web_field sign_in_fields[] = {
    { .name = "tiep", .type = WEB_TEXT, .max = 500, .doc = "local path to go on to" },
    { .name = "login",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 60,
      .doc = "personal ID number or user name" },
    { .name = "password", .type = WEB_SECRET, .is_required = true, .max = 200, .doc = "password" },
    { .name = "code", .type = WEB_TEXT, .max = 10, .doc = "code of the second factor" },
};

/* Only paths of our own: never an address somebody else wrote into a link. */
static struct str
safe_next(struct str next)
{
    bool is_local =
        next.n > 0 && next.p[0] == '/' && (next.n == 1 || (next.p[1] != '/' && next.p[1] != '\\'));
    return is_local ? next : STR("/");
}

static struct tpl_account_sign_in *
sign_in_data(struct ctx *cx, const struct web_req *rq)
{
    struct tpl_account_sign_in *data = ARENA_NEW(cx->arena, struct tpl_account_sign_in);
    data->next = safe_next(web_text(rq, "tiep"));
    data->has_eid = !str_is_empty(cx->config->oidc_issuer);
    data->is_demo = cx->config->is_demo;
    return data;
}

static enum err
page_sign_in(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    web_title(rs, text(cx, "account.sign_in"));
    return web_page(cx, rs, &tpl_account_sign_in_t, sign_in_data(cx, rq));
}

static enum err
post_sign_in(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct access_session s;
    struct str secret;
    int64_t old_session = cx->who.session;
    struct access_sign_in in = { .login = web_text(rq, "login"),
                                 .password = web_text(rq, "password"),
                                 .code = web_text(rq, "code"),
                                 .peer = rq->http->peer,
                                 .agent = http_header_get(rq->http, STR("User-Agent")) };
    enum err e = access_sign_in(cx, &in, &s, &secret);
    if (e != ERR_OK && cx->n_problems > 0) {
        web_title(rs, text(cx, "account.sign_in"));
        return web_form_again(cx, rq, rs, &tpl_account_sign_in_t, sign_in_data(cx, rq));
    }
    TRY(e);
    struct actor me;
    TRY(access_actor_of_session(cx, &s, &me));
    TRY(dossier_drafts_claim(cx, old_session, me.account, me.party));
    http_response_header(web_http(rs), STR("Set-Cookie"), access_cookie(cx, secret));
    struct str next = safe_next(web_text(rq, "tiep"));
    if (str_eq(next, STR("/")) && me.is_officer) {
        next = STR("/can-bo");
    }
    return web_see_other(cx, rs, STR_FMT, STR_ARG(next));
}

static enum err
post_sign_out(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    if (cx->actor != NULL) {
        TRY(access_session_end(cx, cx->actor->account, cx->who.session));
    }
    http_response_header(web_http(rs), STR("Set-Cookie"), access_cookie(cx, STR("")));
    web_flash(cx, rs, "account.signed_out");
    return web_see_other(cx, rs, "/");
}

static const struct web_route routes[] = {
    { HTTP_GET, "/dang-nhap", "public", page_sign_in, WEB_FIELDS(next_fields),
      .doc = "Sign-in page" },
    { HTTP_POST, "/dang-nhap", "public", post_sign_in, WEB_FIELDS(sign_in_fields),
      .work_class = "password", .again = page_sign_in, .doc = "Sign in with a password" },
    { HTTP_POST, "/dang-xuat", "public", post_sign_out, .doc = "Sign out" },
};

const struct web_routes account_routes = { "account", routes, COUNT_OF(routes) };
