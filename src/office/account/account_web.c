/* account_web.c: signing in and out; the routes of one's account. */
#include "engine/dossier/dossier.h"
#include "gen/tpl_account.h"
#include "office/account/account_int.h"
#include "sys/sys.h"

const struct web_field account_next_fields[1] = {
    { .name = "tiep", .type = WEB_TEXT, .max = 500, .doc = "local path to go on to" },
};

static const struct web_field sign_in_fields[] = {
    { .name = "tiep", .type = WEB_TEXT, .max = 500, .doc = "local path to go on to" },
    { .name = "login",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 60,
      .doc = "personal ID number or user name",
      .label = "account.login" },
    { .name = "password",
      .type = WEB_SECRET,
      .is_required = true,
      .max = 200,
      .doc = "password",
      .label = "account.password" },
    { .name = "code",
      .type = WEB_TEXT,
      .max = 10,
      .doc = "code of the second factor",
      .label = "account.code" },
};

struct str
account_safe_next(struct str next)
{
    bool is_local =
        next.n > 0 && next.p[0] == '/' && (next.n == 1 || (next.p[1] != '/' && next.p[1] != '\\'));
    return is_local ? next : STR("/");
}

enum err
account_enter(struct ctx *cx, struct web_resp *rs, const struct access_session *s,
              struct str secret, struct str next)
{
    struct actor me;
    TRY(access_actor_of_session(cx, s, &me));
    TRY(dossier_drafts_claim(cx, cx->who.session, me.account, me.party));
    http_response_header(web_http(rs), STR("Set-Cookie"), access_cookie(cx, secret));
    if (me.must_change) {
        web_flash(cx, rs, "account.must_change");
        return web_see_other(cx, rs, "/tai-khoan/mat-khau");
    }
    next = account_safe_next(next);
    if (str_eq(next, STR("/"))) {
        next = me.is_officer ? STR("/can-bo") : STR("/toi");
    }
    return web_see_other(cx, rs, STR_FMT, STR_ARG(next));
}

void
account_crumbs(struct ctx *cx, struct web_resp *rs, const char *title_key)
{
    struct str title = text_find(cx, str_of(title_key));
    web_title(rs, title);
    web_crumb(cx, rs, STR("/tai-khoan"), text(cx, "account.title"));
    web_crumb(cx, rs, STR_NULL, title);
}

static struct tpl_account_sign_in *
sign_in_data(struct ctx *cx, const struct web_req *rq)
{
    struct tpl_account_sign_in *data = ARENA_NEW(cx->arena, struct tpl_account_sign_in);
    data->next = account_safe_next(web_text(rq, "tiep"));
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
    return account_enter(cx, rs, &s, secret, web_text(rq, "tiep"));
}

static enum err
post_sign_out(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    if (cx->actor != NULL) {
        enum err e = access_session_end(cx, cx->actor->account, cx->who.session);
        if (e != ERR_OK && e != ERR_NOT_FOUND) { /* ended already: as was wished */
            return e;
        }
    }
    http_response_header(web_http(rs), STR("Set-Cookie"), access_cookie(cx, STR("")));
    web_flash(cx, rs, "account.signed_out");
    return web_see_other(cx, rs, "/");
}

static const struct web_route routes[] = {
    { HTTP_GET, "/dang-nhap", "public", page_sign_in, WEB_FIELDS(account_next_fields),
      .doc = "Sign-in page" },
    { HTTP_POST, "/dang-nhap", "public", post_sign_in, WEB_FIELDS(sign_in_fields),
      .work_class = "password", .again = page_sign_in, .doc = "Sign in with a password" },
    { HTTP_POST, "/dang-xuat", "public", post_sign_out, .flags = WEB_HELD, .doc = "Sign out" },
    { HTTP_GET, "/dang-nhap/dien-tu", "public", account_eid_start, WEB_FIELDS(account_next_fields),
      .flags = WEB_NO_STORE, .doc = "Sign in through the e-ID provider" },
    { HTTP_GET, "/dang-nhap/dien-tu/ve", "public", account_eid_back, WEB_FIELDS(account_eid_fields),
      .flags = WEB_NO_STORE, .doc = "Back from the e-ID provider" },
    { HTTP_GET, "/tai-khoan", "account.own", account_overview, .flags = WEB_API,
      .reply = &tpl_account_overview_t, .doc = "One's account" },
    { HTTP_GET, "/tai-khoan/phien", "account.own", account_sessions_page, .flags = WEB_API,
      .reply = &tpl_account_sessions_t, .doc = "Where one is signed in" },
    { HTTP_POST, "/tai-khoan/phien", "account.own", account_session_end,
      WEB_FIELDS(account_id_fields), .flags = WEB_API, .doc = "End a session" },
    { HTTP_GET, "/tai-khoan/mat-khau", "signed-in", account_password_page, .flags = WEB_HELD,
      .doc = "Form for a new password" },
    { HTTP_POST, "/tai-khoan/mat-khau", "signed-in", account_password_set,
      WEB_FIELDS(account_password_fields), .flags = WEB_HELD, .work_class = "password",
      .again = account_password_page, .doc = "Change the password" },
    { HTTP_GET, "/tai-khoan/xac-thuc", "signed-in", account_totp_page,
      .doc = "Second factor: state, QR code" },
    { HTTP_POST, "/tai-khoan/xac-thuc", "signed-in", account_totp_on,
      WEB_FIELDS(account_totp_fields), .again = account_totp_page,
      .doc = "Turn the second factor on" },
    { HTTP_POST, "/tai-khoan/xac-thuc/tat", "signed-in", account_totp_off,
      WEB_FIELDS(account_totp_off_fields), .work_class = "password", .again = account_totp_page,
      .doc = "Turn the second factor off" },
    { HTTP_GET, "/tai-khoan/khoa", "signed-in", account_tokens_page,
      .doc = "Tokens of one's programs" },
    { HTTP_POST, "/tai-khoan/khoa", "signed-in", account_token_make,
      WEB_FIELDS(account_token_fields), .again = account_tokens_page, .doc = "Make a token" },
    { HTTP_POST, "/tai-khoan/khoa/huy", "signed-in", account_token_revoke,
      WEB_FIELDS(account_id_fields), .doc = "Revoke a token" },
    { HTTP_GET, "/tai-khoan/uy-quyen", "signed-in", account_acting_page,
      .doc = "Positions lent and borrowed" },
    { HTTP_POST, "/tai-khoan/uy-quyen", "signed-in", account_acting_lend,
      WEB_FIELDS(account_lend_fields), .again = account_acting_page,
      .doc = "Lend a position for a period" },
    { HTTP_POST, "/tai-khoan/uy-quyen/thoi", "signed-in", account_acting_revoke,
      WEB_FIELDS(account_id_fields), .doc = "Take a lent position back" },
    { HTTP_GET, "/tai-khoan/dai-dien", "signed-in", account_orgs_page,
      .doc = "Organisations one may represent" },
    { HTTP_POST, "/tai-khoan/dai-dien", "signed-in", account_org_choose,
      WEB_FIELDS(account_id_fields), .doc = "Represent an organisation, or oneself again" },
};

const struct web_routes account_routes = { "account", routes, COUNT_OF(routes) };
