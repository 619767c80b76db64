/* mine_consent.c: what one was asked to agree to, the answer, and taking it back. */
#include "engine/dossier/dossier.h"
#include "engine/party/party.h"
#include "gen/tpl_mine.h"
#include "office/mine/mine_int.h"

/* One's own number; of an organisation that one represents, its tax code. */
static enum err
own_number(struct ctx *cx, struct str *ret)
{
    struct party p;
    TRY(party_get(cx, mine_party(cx), &p));
    *ret = str_is_empty(p.personal_id) ? p.tax_code : p.personal_id;
    return ERR_OK;
}

enum err
mine_consents_open(struct ctx *cx, size_t *ret)
{
    struct party_consent *v = NULL;
    struct str number;
    size_t n = 0;
    *ret = 0;
    TRY(own_number(cx, &number));
    TRY(party_consents_of(cx, number, &v, &n));
    for (size_t i = 0; i < n; i++) {
        *ret += str_eq(v[i].state, STR("asked"));
    }
    return ERR_OK;
}

/* "Đã đồng ý, thứ Hai 23/11/2026, tự trả lời trên trang này". */
static struct str
state_text(struct ctx *cx, const struct party_consent *c)
{
    bool is_asked = str_eq(c->state, STR("asked"));
    int64_t at_us = is_asked ? c->asked_us : c->ended_us != 0 ? c->ended_us : c->given_us;
    struct str how =
        is_asked ? STR_NULL : text_find(cx, str_cat(cx->arena, STR("mine.consent.how."), c->how));
    return text_fill(cx, is_asked ? "mine.consent.since" : "mine.consent.done", "state",
                     text_find(cx, str_cat(cx->arena, STR("mine.consent."), c->state)), "at",
                     text_instant(cx, at_us), "how", how, NULL);
}

static struct tpl_mine_consents_asked
row(struct ctx *cx, const struct party_consent *c)
{
    bool is_named = str_eq(c->kind, STR("named"));
    bool is_given = str_eq(c->state, STR("given"));
    const char *after = !is_named      ? "mine.consent.after.helped"
                        : c->is_needed ? "mine.consent.after.needed"
                                       : "mine.consent.after.named";
    struct str words = party_consent_wording(cx, c);
    return (struct tpl_mine_consents_asked){
        .id = str_fmt(cx->arena, "%" PRId64, c->id),
        .title = text_fill(cx, is_named ? "mine.consent.named" : "mine.consent.helped", "asker",
                           c->asker, "part", party_consent_part(cx, c), NULL),
        .wording = words,
        .original = str_eq(words, c->wording) ? STR_NULL : c->wording,
        .state = state_text(cx, c),
        .words = c->words,
        .after = text_find(cx, str_of(after)),
        .is_open = str_eq(c->state, STR("asked")),
        .can_withdraw = is_given,
        .can_agree = !is_given,
    };
}

enum err
mine_consents(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_mine_consents *data = ARENA_NEW(cx->arena, struct tpl_mine_consents);
    struct party_consent *v = NULL;
    struct str number;
    size_t n = 0;
    (void)rq;
    TRY(own_number(cx, &number));
    TRY(party_consents_of(cx, number, &v, &n));
    data->asked.v = ARENA_ARRAY(cx->arena, struct tpl_mine_consents_asked, n);
    data->asked.n = n;
    for (size_t i = 0; i < n; i++) {
        data->asked.v[i] = row(cx, &v[i]);
    }
    web_title(rs, text(cx, "mine.consents"));
    web_crumb(cx, rs, STR("/toi"), text(cx, "mine.title"));
    web_crumb(cx, rs, STR_NULL, text(cx, "mine.consents"));
    return web_page(cx, rs, &tpl_mine_consents_t, data);
}

enum err
mine_consent_answer(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct party_consent c;
    struct str number;
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(own_number(cx, &number));
    TRY(party_consent_get(cx, id, &c));
    if (str_is_empty(number) || !str_eq(c.number, number)) {
        return err_set(cx, ERR_NOT_FOUND, "somebody else's consent");
    }
    TRY(dossier_consent_answer(cx, &c, web_text(rq, "answer"), STR("account"),
                               web_text(rq, "words")));
    web_flash(cx, rs, "mine.consent.kept");
    return web_see_other(cx, rs, "/toi/dong-y");
}
