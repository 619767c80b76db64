/* account_self.c: overview, sessions, password, second factor. */
#include "codec/hex.h"
#include "codec/qr.h"
#include "crypto/totp.h"
#include "engine/party/party.h"
#include "gen/tpl_account.h"
#include "office/account/account_int.h"

#define TOTP_SECRET_BYTES 20U

const struct web_field account_id_fields[1] = {
    { .name = "id", .type = WEB_ID, .is_required = true, .doc = "which one; 0: oneself" },
};
const struct web_field account_password_fields[3] = {
    { .name = "current",
      .type = WEB_SECRET,
      .is_required = true,
      .max = 200,
      .doc = "password used now",
      .label = "account.password_current" },
    { .name = "new_password",
      .type = WEB_SECRET,
      .is_required = true,
      .max = 200,
      .doc = "new password",
      .label = "account.password_new" },
    { .name = "repeated",
      .type = WEB_SECRET,
      .is_required = true,
      .max = 200,
      .doc = "new password again",
      .label = "account.password_repeated" },
};
const struct web_field account_totp_fields[2] = {
    { .name = "secret", .type = WEB_TEXT, .is_required = true, .max = 40, .doc = "secret shown" },
    { .name = "code",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 10,
      .doc = "six digits",
      .label = "account.code" },
};
const struct web_field account_totp_off_fields[1] = {
    { .name = "current",
      .type = WEB_SECRET,
      .is_required = true,
      .max = 200,
      .doc = "password",
      .label = "account.password_current" },
};

/* --- overview
 * ---------------------------------------------------------------------------------------------- */
static void
say_for(struct ctx *cx, struct tpl_account_overview *data)
{
    struct party org;
    if (cx->actor->for_party != 0 && party_get(cx, cx->actor->for_party, &org) == ERR_OK) {
        data->represented = org.name;
    }
}

enum err
account_overview(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_account_overview *data = ARENA_NEW(cx->arena, struct tpl_account_overview);
    struct access_account a;
    TRY(access_account_get(cx, cx->actor->account, &a));
    data->name = a.name;
    data->login = a.login;
    data->is_officer = a.is_officer;
    data->has_totp = a.has_totp;
    data->level =
        text_find(cx, cx->actor->level >= 2 ? STR("account.level.2") : STR("account.level.1"));
    data->positions.n = cx->actor->n_positions;
    data->positions.v =
        ARENA_ARRAY(cx->arena, struct tpl_account_overview_positions, data->positions.n);
    for (size_t i = 0; i < data->positions.n; i++) {
        const struct access_position *p = &cx->actor->positions[i];
        data->positions.v[i].title = p->title;
        data->positions.v[i].role = access_role_name(cx, p->role);
        data->positions.v[i].unit = unit_name(cx, p->unit);
        data->positions.v[i].owner = p->owner_name;
    }
    say_for(cx, data);
    web_title(rs, text(cx, "account.title"));
    return web_page(cx, rs, &tpl_account_overview_t, data);
}

/* --- sessions
 * ---------------------------------------------------------------------------------------------- */
enum err
account_sessions_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_account_sessions *data = ARENA_NEW(cx->arena, struct tpl_account_sessions);
    struct access_session_info *v = NULL;
    size_t n = 0;
    TRY(access_sessions(cx, cx->actor->account, &v, &n));
    data->sessions.n = n;
    data->sessions.v = ARENA_ARRAY(cx->arena, struct tpl_account_sessions_sessions, n);
    for (size_t i = 0; i < n; i++) {
        data->sessions.v[i] =
            (struct tpl_account_sessions_sessions){ .id = str_fmt(cx->arena, "%" PRId64, v[i].id),
                                                    .device = account_device(cx, v[i].agent),
                                                    .peer = v[i].peer,
                                                    .begun = text_instant(cx, v[i].created_us),
                                                    .seen = text_instant(cx, v[i].seen_us),
                                                    .is_this = v[i].id == cx->who.session };
    }
    account_crumbs(cx, rs, "account.sessions");
    return web_page(cx, rs, &tpl_account_sessions_t, data);
}

enum err
account_session_end(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(access_session_end(cx, cx->actor->account, web_int(rq, "id")));
    web_flash(cx, rs, "account.session_ended");
    return web_see_other(cx, rs, "/tai-khoan/phien");
}

/* --- password
 * ---------------------------------------------------------------------------------------------- */
enum err
account_password_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_account_password *data = ARENA_NEW(cx->arena, struct tpl_account_password);
    data->must_change = cx->actor->must_change;
    account_crumbs(cx, rs, "account.password_change");
    return web_page(cx, rs, &tpl_account_password_t, data);
}

static enum err
check_current(struct ctx *cx, struct str password)
{
    enum err e = access_check_password(cx, cx->actor->account, password);
    if (e != ERR_UNAUTHENTICATED) {
        return e;
    }
    ctx_problem(cx, STR("current"), STR("account.password_wrong"), STR_NULL);
    return ctx_check(cx);
}

enum err
account_password_set(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    if (!str_eq(web_text(rq, "new_password"), web_text(rq, "repeated"))) {
        ctx_problem(cx, STR("repeated"), STR("account.password_differs"), STR_NULL);
        return ctx_check(cx);
    }
    struct str key = str_fmt(cx->arena, "password:%" PRId64, cx->actor->account);
    TRY(access_rate(cx, key, INT64_C(600) * 1000 * 1000, 10));
    TRY(check_current(cx, web_text(rq, "current")));
    if (str_eq(web_text(rq, "new_password"), web_text(rq, "current"))) {
        ctx_problem(cx, STR("new_password"), STR("account.password_same"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(access_set_password(cx, cx->actor->account, web_text(rq, "new_password"), false));
    web_flash(cx, rs, "account.password_done");
    return web_see_other(cx, rs, "/tai-khoan");
}

/* --- second factor
 * ---------------------------------------------------------------------------------------------- */
/* The secret of a try that is shown again, or a new one. */
static enum err
totp_secret_of(struct ctx *cx, const struct web_req *rq, struct str *ret)
{
    bool is_again = rq->route->fields == account_totp_fields;
    struct str typed = is_again ? web_text(rq, "secret") : STR_NULL;
    if (typed.n == (size_t)2 * TOTP_SECRET_BYTES && hex_decode(cx->arena, typed, ret)) {
        return ERR_OK;
    }
    return access_totp_begin(cx, ret);
}

enum err
account_totp_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_account_totp *data = ARENA_NEW(cx->arena, struct tpl_account_totp);
    struct access_account a;
    struct str secret;
    struct qr q;
    TRY(access_account_get(cx, cx->actor->account, &a));
    account_crumbs(cx, rs, "account.totp");
    data->is_on = a.has_totp;
    if (a.has_totp) {
        return web_page(cx, rs, &tpl_account_totp_t, data);
    }
    TRY(totp_secret_of(cx, rq, &secret));
    TRY(qr_make(cx->arena, totp_uri(cx->arena, secret, STR("Bom Bo"), a.login), &q));
    data->qr = qr_svg(cx->arena, &q, text(cx, "account.totp_qr"));
    data->key = totp_base32(cx->arena, secret);
    data->secret = hex_encode(cx->arena, secret);
    return web_page(cx, rs, &tpl_account_totp_t, data);
}

enum err
account_totp_on(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str secret;
    struct access_account a;
    TRY(access_account_get(cx, cx->actor->account, &a));
    if (a.has_totp) {
        return err_set(cx, ERR_CONFLICT, "the second factor is on already");
    }
    if (!hex_decode(cx->arena, web_text(rq, "secret"), &secret) || secret.n != TOTP_SECRET_BYTES) {
        return err_set(cx, ERR_BAD_REQUEST, "not a secret of ours");
    }
    TRY(access_totp_enable(cx, cx->actor->account, secret, web_text(rq, "code")));
    web_flash(cx, rs, "account.totp_done");
    return web_see_other(cx, rs, "/tai-khoan/xac-thuc");
}

enum err
account_totp_off(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str key = str_fmt(cx->arena, "password:%" PRId64, cx->actor->account);
    TRY(access_rate(cx, key, INT64_C(600) * 1000 * 1000, 10));
    TRY(check_current(cx, web_text(rq, "current")));
    TRY(access_totp_disable(cx, cx->actor->account));
    web_flash(cx, rs, "account.totp_ended");
    return web_see_other(cx, rs, "/tai-khoan/xac-thuc");
}
