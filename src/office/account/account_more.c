/* account_more.c: tokens of programs, lending one's position, representing an organisation. */
#include "engine/calendar/calendar.h"
#include "engine/party/party.h"
#include "gen/tpl_account.h"
#include "office/account/account_int.h"
#include "sys/sys.h"

#define END_OF_DAY_S (24 * 3600 - 1)

const struct web_field account_token_fields[3] = {
    { .name = "name",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 80,
      .doc = "what the token is for",
      .label = "account.token_name" },
    { .name = "days",
      .type = WEB_CHOICE,
      .is_required = true,
      .choices = (const char *const[]){ "7", "30", "90", "365", NULL },
      .doc = "days it is valid",
      .label = "account.token_days" },
    { .name = "perm",
      .type = WEB_LIST,
      .is_required = true,
      .max = 60,
      .doc = "permissions",
      .label = "account.token_perms" },
};
const struct web_field account_lend_fields[5] = {
    { .name = "position",
      .type = WEB_ID,
      .is_required = true,
      .doc = "position lent",
      .label = "account.lend_position" },
    { .name = "to",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 60,
      .doc = "user name of the colleague",
      .label = "account.lend_to" },
    { .name = "from",
      .type = WEB_DATE,
      .is_required = true,
      .doc = "first day",
      .label = "account.lend_from" },
    { .name = "until",
      .type = WEB_DATE,
      .is_required = true,
      .doc = "last day",
      .label = "account.lend_until" },
    { .name = "reason",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 200,
      .doc = "why",
      .label = "account.lend_reason" },
};

/* --- tokens
 * ---------------------------------------------------------------------------------------------- */
/* What a program may usefully be given; a person sees those they have themselves. Not in the list:
 * managing users, tokens, units, packs and records, which stays with people who are signed in. */
static const char *const token_perms[] = {
    "account.own",     "dossier.file",      "dossier.withdraw",   "dossier.rate",
    "pay.own",         "record.own",        "correction.ask",     "dossier.search",
    "dossier.receive", "dossier.read_unit", "dossier.supplement", "dossier.process",
    "dossier.consult", "dossier.decide",    "dossier.sign",       "dossier.assign",
    "dossier.return",  "dossier.intake",    "dossier.print",      "pay.collect",
    "stats.read",      "stats.export",      "monitor.read",       "ledger.read",
    "exchange.call",   "exchange.read",
};

static bool
is_token_perm(struct str perm)
{
    for (size_t i = 0; i < COUNT_OF(token_perms); i++) {
        if (str_eq(perm, str_of(token_perms[i]))) {
            return true;
        }
    }
    return false;
}

static enum err
fill_tokens(struct ctx *cx, struct tpl_account_tokens *data)
{
    struct access_token *v = NULL;
    size_t n = 0;
    int64_t now_us = sys_now_us(cx);
    TRY(access_tokens(cx, cx->actor->account, &v, &n));
    data->tokens.v = ARENA_ARRAY(cx->arena, struct tpl_account_tokens_tokens, n);
    for (size_t i = 0; i < n; i++) {
        if (v[i].revoked_us != 0) {
            continue;
        }
        struct str used =
            v[i].used_us == 0 ? text(cx, "account.token_unused") : text_instant(cx, v[i].used_us);
        data->tokens.v[data->tokens.n++] =
            (struct tpl_account_tokens_tokens){ .id = str_fmt(cx->arena, "%" PRId64, v[i].id),
                                                .name = v[i].name,
                                                .perms = access_perm_words(cx, v[i].perms),
                                                .ends = text_date(cx, v[i].ends_us),
                                                .used = used,
                                                .is_over = v[i].ends_us <= now_us };
    }
    data->perms.v = ARENA_ARRAY(cx->arena, struct tpl_account_tokens_perms, COUNT_OF(token_perms));
    for (size_t i = 0; i < COUNT_OF(token_perms); i++) {
        if (access_may(cx, token_perms[i])) {
            data->perms.v[data->perms.n++] = (struct tpl_account_tokens_perms){
                .value = str_of(token_perms[i]),
                .label = access_perm_word(cx, str_of(token_perms[i]))
            };
        }
    }
    return ERR_OK;
}

static void
fill_days(struct ctx *cx, struct tpl_account_tokens *data)
{
    static const char *const days[] = { "7", "30", "90", "365" };
    data->days.n = COUNT_OF(days);
    data->days.v = ARENA_ARRAY(cx->arena, struct tpl_account_tokens_days, COUNT_OF(days));
    for (size_t i = 0; i < COUNT_OF(days); i++) {
        data->days.v[i].value = str_of(days[i]);
        data->days.v[i].label = text_fill(cx, "account.days", "n", str_of(days[i]), NULL);
    }
}

enum err
account_tokens_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_account_tokens *data = ARENA_NEW(cx->arena, struct tpl_account_tokens);
    TRY(fill_tokens(cx, data));
    fill_days(cx, data);
    account_crumbs(cx, rs, "account.tokens");
    return web_page(cx, rs, &tpl_account_tokens_t, data);
}

/* The answer itself shows the token: it is never shown again. */
enum err
account_token_make(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str *perms = NULL;
    size_t n = web_list(cx, rq, "perm", &perms);
    struct buf b = buf_new(cx->arena, 2000);
    struct str token;
    int64_t days = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_token_perm(perms[i])) {
            ctx_problem(cx, STR("perm"), STR("account.token_never"), perms[i]);
        }
        buf_add(&b, i == 0 ? STR("") : STR(" "));
        buf_add(&b, perms[i]);
    }
    TRY(ctx_check(cx));
    if (!str_to_i64(web_text(rq, "days"), 1, 365, &days)) {
        return err_set(cx, ERR_BAD_REQUEST, "days of a token");
    }
    TRY(access_token_new(cx, web_text(rq, "name"), buf_str(&b), (int32_t)days, &token));
    struct tpl_account_tokens *data = ARENA_NEW(cx->arena, struct tpl_account_tokens);
    data->token = token;
    TRY(fill_tokens(cx, data));
    fill_days(cx, data);
    account_crumbs(cx, rs, "account.tokens");
    return web_page(cx, rs, &tpl_account_tokens_t, data);
}

enum err
account_token_revoke(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(access_token_revoke(cx, cx->actor->account, web_int(rq, "id")));
    web_flash(cx, rs, "account.token_revoked");
    return web_see_other(cx, rs, "/tai-khoan/khoa");
}

/* --- lending a position
 * ---------------------------------------------------------------------------------------------- */
static void
fill_positions(struct ctx *cx, struct tpl_account_acting *data)
{
    const struct actor *me = cx->actor;
    data->own.v = ARENA_ARRAY(cx->arena, struct tpl_account_acting_own, me->n_positions);
    data->borrowed.v = ARENA_ARRAY(cx->arena, struct tpl_account_acting_borrowed, me->n_positions);
    for (size_t i = 0; i < me->n_positions; i++) {
        const struct access_position *p = &me->positions[i];
        struct str role = access_role_name(cx, p->role);
        struct str unit = unit_name(cx, p->unit);
        struct str label = str_fmt(cx->arena, STR_FMT ", " STR_FMT, STR_ARG(role), STR_ARG(unit));
        if (p->owner == 0) {
            struct tpl_account_acting_own *o = &data->own.v[data->own.n++];
            o->value = str_fmt(cx->arena, "%" PRId64, p->id);
            o->label = label;
        } else {
            struct tpl_account_acting_borrowed *o = &data->borrowed.v[data->borrowed.n++];
            o->label = label;
            o->owner = p->owner_name;
        }
    }
}

enum err
account_acting_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_account_acting *data = ARENA_NEW(cx->arena, struct tpl_account_acting);
    struct access_lent *v = NULL;
    size_t n = 0;
    TRY(access_lent(cx, cx->actor->account, &v, &n));
    data->lent.n = n;
    data->lent.v = ARENA_ARRAY(cx->arena, struct tpl_account_acting_lent, n);
    for (size_t i = 0; i < n; i++) {
        data->lent.v[i] =
            (struct tpl_account_acting_lent){ .id = str_fmt(cx->arena, "%" PRId64, v[i].id),
                                              .role = access_role_name(cx, v[i].role),
                                              .unit = unit_name(cx, v[i].unit),
                                              .to = v[i].to_name,
                                              .from = text_date(cx, v[i].from_us),
                                              .until = text_date(cx, v[i].to_us),
                                              .reason = v[i].reason };
    }
    fill_positions(cx, data);
    account_crumbs(cx, rs, "account.acting");
    return web_page(cx, rs, &tpl_account_acting_t, data);
}

enum err
account_acting_lend(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct access_account to;
    struct date from;
    struct date until;
    enum err e = access_account_by_login(cx, web_text(rq, "to"), &to);
    if (e == ERR_NOT_FOUND || (e == ERR_OK && !to.is_officer)) {
        ctx_problem(cx, STR("to"), STR("account.lend_nobody"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    if (!date_parse(web_text(rq, "from"), &from) || !date_parse(web_text(rq, "until"), &until)) {
        return err_set(cx, ERR_BAD_REQUEST, "dates of a lent position");
    }
    TRY(access_act_lend(cx, web_int(rq, "position"), to.id, date_to_us_vn(from, 0),
                        date_to_us_vn(until, END_OF_DAY_S), web_text(rq, "reason")));
    web_flash(cx, rs, "account.lent_done");
    return web_see_other(cx, rs, "/tai-khoan/uy-quyen");
}

enum err
account_acting_revoke(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    TRY(access_act_revoke(cx, cx->actor->account, web_int(rq, "id")));
    web_flash(cx, rs, "account.lent_ended");
    return web_see_other(cx, rs, "/tai-khoan/uy-quyen");
}

/* --- representing
 * ---------------------------------------------------------------------------------------------- */
enum err
account_orgs_page(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    (void)rq;
    struct tpl_account_orgs *data = ARENA_NEW(cx->arena, struct tpl_account_orgs);
    struct party_link *v = NULL;
    size_t n = 0;
    struct date today = calendar_today(cx);
    TRY(party_links(cx, "represents", cx->actor->party, &v, &n));
    data->is_self = cx->actor->for_party == 0;
    data->orgs.v = ARENA_ARRAY(cx->arena, struct tpl_account_orgs_orgs, n);
    for (size_t i = 0; i < n; i++) {
        struct party org;
        if (!party_is_linked(cx, "represents", cx->actor->party, v[i].to, today) ||
            party_get(cx, v[i].to, &org) != ERR_OK) {
            continue;
        }
        data->orgs.v[data->orgs.n++] =
            (struct tpl_account_orgs_orgs){ .id = str_fmt(cx->arena, "%" PRId64, v[i].to),
                                            .name = org.name,
                                            .tax_code = org.tax_code,
                                            .is_chosen = cx->actor->for_party == v[i].to };
    }
    account_crumbs(cx, rs, "account.orgs");
    return web_page(cx, rs, &tpl_account_orgs_t, data);
}

enum err
account_org_choose(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t org = web_int(rq, "id");
    if (org != 0 && !party_is_linked(cx, "represents", cx->actor->party, org, calendar_today(cx))) {
        return err_set(cx, ERR_FORBIDDEN, "does not represent that organisation");
    }
    TRY(access_session_for(cx, cx->who.session, org));
    web_flash(cx, rs, org == 0 ? "account.org_self" : "account.org_chosen");
    return web_see_other(cx, rs, "/toi");
}
