/* onestop_consent.c: other people who stand in a dossier: what they answered, and the answer that
 * one of them gives at the counter against signature. */
#include "engine/party/party.h"
#include "office/onestop/onestop_int.h"

enum err
onestop_part_consents(struct ctx *cx, struct onestop_view *v)
{
    struct party_consent *c = NULL;
    size_t n = 0;
    struct tpl_onestop_dossier *page = v->page;
    bool may_write =
        access_may_in(cx, "dossier.intake", v->d.unit) && str_eq(v->d.state, STR("open"));
    TRY(party_consents_of_dossier(cx, v->d.id, &c, &n));
    page->consents.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_dossier_consents, n);
    for (size_t i = 0; i < n; i++) {
        bool is_no = str_eq(c[i].state, STR("refused")) || str_eq(c[i].state, STR("withdrawn"));
        bool is_given = str_eq(c[i].state, STR("given"));
        int64_t at_us = is_given ? c[i].given_us : is_no ? c[i].ended_us : c[i].asked_us;
        page->consents.v[page->consents.n++] = (struct tpl_onestop_dossier_consents){
            .consent = onestop_id(cx, c[i].id),
            .name = c[i].name,
            .part = str_eq(c[i].kind, STR("helped")) ? text(cx, "onestop.consent.helped")
                                                     : party_consent_part(cx, &c[i]),
            .kind = is_given ? STR("ontime")
                    : is_no  ? STR("late")
                             : STR("wait"),
            .state = text_find(cx, str_cat(cx->arena, STR("onestop.consent."), c[i].state)),
            .at = text_instant(cx, at_us),
            .how = str_is_empty(c[i].how)
                       ? STR_NULL
                       : text_find(cx, str_cat(cx->arena, STR("onestop.consent.how."), c[i].how)),
            .words = c[i].words,
            .wording = party_consent_wording(cx, &c[i]),
            .is_mismatch = str_is_empty(c[i].number),
            .blocks = is_no && c[i].is_needed,
            .waits = !is_no && !is_given && c[i].is_needed,
            .can_write = may_write && !is_given,
        };
    }
    return ERR_OK;
}

enum err
onestop_consent(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct party_consent c;
    struct dossier d;
    int64_t id = 0;
    int64_t consent = 0;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(web_param_id(cx, rq, "consent", &consent));
    TRY(onestop_open(cx, id, &d));
    TRY(access_require_in(cx, "dossier.intake", d.unit));
    TRY(party_consent_get(cx, consent, &c));
    if (c.dossier != d.id) {
        return err_set(cx, ERR_NOT_FOUND, "consent of another dossier");
    }
    if (!web_bool(rq, "signed")) {
        ctx_problem(cx, STR("signed"), STR("onestop.consent.unsigned"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(dossier_consent_answer(cx, &c, web_text(rq, "answer"), STR("present"),
                               web_text(rq, "words")));
    web_flash(cx, rs, "onestop.consent.kept");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64 "#dong-y", d.id);
}
