/* app_hooks.c: what the web floor asks the engines: who calls, may they, navigation, names. */
#include "app/app_int.h"
#include "codec/cookie.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier.h"
#include "engine/health/health.h"
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "sys/log.h"

#define NAV_MAX 16

static void
become(struct ctx *cx, const struct actor *me)
{
    struct actor *kept = ARENA_NEW(cx->arena, struct actor);
    *kept = *me;
    cx->actor = kept;
    cx->who.account = me->account;
    cx->who.party = me->party;
    cx->who.unit = me->unit;
}

/* Nobody could look who it is; any other failure says that it is nobody known. */
static enum err
unless_away(enum err e)
{
    bool is_away = e == ERR_AWAY || e == ERR_STORE || e == ERR_BUSY || e == ERR_DEADLINE;
    return is_away ? e : ERR_OK;
}

static enum err
load_token(struct ctx *cx, struct str header, struct web_session *ret)
{
    struct actor me;
    struct str token = str_trim(str_slice(header, 7, header.n));
    enum err e = access_actor_of_token(cx, token, &me);
    if (e == ERR_OK) {
        become(cx, &me);
        ret->is_token = true;
        ret->id = me.token;
    }
    return unless_away(e);
}

static enum err
session_load(struct ctx *cx, const struct http_request *rq, struct web_session *ret)
{
    struct str auth = http_header_get(rq, STR("Authorization"));
    struct access_session s;
    struct actor me;
    pack_pin(cx);
    if (str_starts(auth, STR("Bearer "))) {
        return load_token(cx, auth, ret);
    }
    struct str secret = cookie_get(http_header_get(rq, STR("Cookie")), STR(ACCESS_COOKIE));
    if (str_is_empty(secret)) {
        return ERR_OK;
    }
    enum err e = access_session_find(cx, secret, &s);
    if (e != ERR_OK) {
        return unless_away(e);
    }
    ret->id = s.id;
    ret->csrf = s.csrf;
    cx->who.session = s.id;
    e = s.account != 0 ? access_actor_of_session(cx, &s, &me) : ERR_UNAUTHENTICATED;
    if (e == ERR_OK) {
        become(cx, &me);
    }
    return unless_away(e);
}

static enum err
session_start(struct ctx *cx, struct web_session *ret, struct str *ret_cookie)
{
    struct access_session s;
    struct str secret;
    struct str peer = cx->req == NULL ? STR_NULL : cx->req->http->peer;
    struct str agent =
        cx->req == NULL ? STR_NULL : http_header_get(cx->req->http, STR("User-Agent"));
    TRY(access_session_start(cx, peer, agent, &s, &secret));
    ret->id = s.id;
    ret->csrf = s.csrf;
    cx->who.session = s.id;
    *ret_cookie = access_cookie(cx, secret);
    return ERR_OK;
}

static void
session_ended(struct ctx *cx, const struct http_request *rq, struct web_ended *ret)
{
    struct access_session s;
    struct str secret = cookie_get(http_header_get(rq, STR("Cookie")), STR(ACCESS_COOKIE));
    if (!str_is_empty(secret) && access_session_ended(cx, secret, &s) == ERR_OK) {
        *ret = (struct web_ended){ s.account, s.for_party, s.csrf };
    }
}

/* As on the sign-in page: drafts begun without a name become those of whoever signs in. */
static enum err
sign_in(struct ctx *cx, const struct http_request *rq, const struct web_signin *in,
        struct web_session *ret, struct str *ret_cookie)
{
    struct access_session s;
    struct actor me;
    struct str secret;
    struct access_sign_in who = { .login = in->login,
                                  .password = in->password,
                                  .code = in->code,
                                  .peer = rq->peer,
                                  .agent = http_header_get(rq, STR("User-Agent")) };
    int64_t nameless = cx->who.session;
    TRY(access_sign_in(cx, &who, &s, &secret));
    TRY(access_actor_of_session(cx, &s, &me));
    TRY(dossier_drafts_claim(cx, nameless, me.account, me.party));
    *ret = (struct web_session){ .id = s.id, .csrf = s.csrf };
    *ret_cookie = access_cookie(cx, secret);
    cx->who.session = s.id;
    become(cx, &me);
    return ERR_OK;
}

/* Only while the person still represents it. */
static enum err
represent(struct ctx *cx, int64_t session, int64_t party)
{
    if (!party_is_linked(cx, "represents", cx->actor->party, party, calendar_today(cx))) {
        return err_set(cx, ERR_FORBIDDEN, "does not represent that organisation");
    }
    TRY(access_session_for(cx, session, party));
    struct actor me = *cx->actor;
    me.for_party = party;
    become(cx, &me);
    return ERR_OK;
}

static bool
is_held(struct ctx *cx)
{
    return cx->actor != NULL && cx->actor->must_change;
}

struct nav_entry {
    const char *href, *key, *icon, *perm;
};

static const struct nav_entry public_nav[] = {
    { "/thu-tuc", "app.nav.procedures", "file", "public" },
    { "/tra-cuu", "app.nav.track", "search", "public" },
    { "/kiem-tra", "app.nav.verify", "shield", "public" },
    { "/toi", "app.nav.mine", "user", "signed-in" },
    { "/can-bo", "app.nav.office", "work", "dossier.read_unit" },
    { "/lanh-dao", "app.nav.leader", "chart", "stats.read" },
    { "/quan-tri", "app.nav.operator", "settings", "user.manage" },
};
static const struct nav_entry office_nav[] = {
    { "/can-bo", "app.nav.inbox", "inbox", "dossier.read_unit" },
    { "/can-bo/quay", "app.nav.counter", "office", "dossier.intake" },
    { "/can-bo/ky", "app.nav.sign", "sign", "dossier.sign" },
    { "/can-bo/vang-mat", "app.nav.absence", "calendar", "absence.manage" },
    { "/can-bo/thu-phi", "app.nav.cash", "coin", "pay.daybook" },
    { "/lanh-dao", "app.nav.leader", "chart", "stats.read" },
    { "/quan-tri", "app.nav.operator", "settings", "user.manage" },
    { "/truc", "app.nav.exchange", "world", "exchange.call" },
    { "/tai-khoan", "app.nav.account", "user", "signed-in" },
    { "/", "app.nav.public", "home", "public" },
};

static size_t
nav(struct ctx *cx, struct str path, bool is_office, struct web_nav_item **ret)
{
    const struct nav_entry *table = is_office ? office_nav : public_nav;
    size_t n_table = is_office ? COUNT_OF(office_nav) : COUNT_OF(public_nav);
    struct web_nav_item *v = ARENA_ARRAY(cx->arena, struct web_nav_item, NAV_MAX);
    size_t n = 0;
    size_t best = 0;
    int current = -1;
    for (size_t i = 0; i < n_table && !is_held(cx); i++) {
        struct str href = str_of(table[i].href);
        if (!access_may(cx, table[i].perm)) {
            continue;
        }
        v[n] = (struct web_nav_item){ .href = href,
                                      .text = text_find(cx, str_of(table[i].key)),
                                      .icon = str_of(table[i].icon),
                                      .count = -1 };
        bool is_in = str_eq(path, href) ||
                     (href.n > 1 && str_starts(path, str_cat(cx->arena, href, STR("/"))));
        if (is_in && href.n > best) {
            best = href.n;
            current = (int)n;
        }
        n++;
    }
    if (current >= 0) {
        v[current].is_current = true;
    }
    *ret = v;
    return n;
}

static struct str
site_name(struct ctx *cx)
{
    const struct pack_site *site = pack_site(pack_now(cx));
    return site == NULL ? STR_NULL : pack_text(cx, site->name);
}

static struct str
actor_name(struct ctx *cx)
{
    return cx->actor == NULL ? STR_NULL : cx->actor->name;
}

/* The pattern, never the path: paths carry codes of cases and hashes of papers. */
static struct str
route_of(const struct web_req *rq)
{
    return rq == NULL || rq->route == NULL ? STR("-") : str_of(rq->route->path);
}

static void
failed(struct ctx *cx, const struct web_req *rq, enum err e)
{
    if (err_status(e) < 500) {
        return;
    }
    const struct sys_log_field f[] = {
        SYS_LOG_TEXT("route", route_of(rq)),
        SYS_LOG_TEXT("error", str_of(err_name(e))),
        SYS_LOG_TEXT("file", cx->err.file == NULL ? STR("") : str_of(cx->err.file)),
        SYS_LOG_N("line", cx->err.line),
        SYS_LOG_TEXT("detail", str_of(cx->err.text)),
    };
    sys_log(cx, SYS_LOG_ERROR, "failed", f, COUNT_OF(f));
}

static void
answered(struct ctx *cx, const struct web_req *rq, int status)
{
    static const char *const methods[] = {
        [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
        [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "?",
    };
    int64_t us = sys_mono_us(cx) - rq->http->received_us;
    if (cx->health != NULL) {
        health_answer(cx->health, rq->module, us);
    }
    const struct sys_log_field f[] = {
        SYS_LOG_TEXT("method", str_of(methods[rq->http->method])),
        SYS_LOG_TEXT("route", route_of(rq)),
        SYS_LOG_N("status", status),
        SYS_LOG_N("us", us),
        SYS_LOG_N("statements", cx->n_statements),
    };
    sys_log(cx, SYS_LOG_INFO, "request", f, COUNT_OF(f));
}

struct web_hooks
app_hooks_for(const struct pack *pack)
{
    return (struct web_hooks){ .session_load = session_load,
                               .session_start = session_start,
                               .session_ended = session_ended,
                               .sign_in = sign_in,
                               .represent = represent,
                               .may = access_may,
                               .is_held = is_held,
                               .perm_exists = access_perm_exists,
                               .record_reading = ledger_reading,
                               .nav = nav,
                               .site_name = site_name,
                               .actor_name = actor_name,
                               .idem_begin = access_idem_begin,
                               .idem_end = access_idem_end,
                               .pack_version = str_z(pack->arena, pack->version),
                               .failed = failed,
                               .answered = answered };
}
