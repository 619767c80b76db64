/* counter_org.c: organisations at the counter: taken into the records by tax code; and whoever
 * stands there for one, with the paper that says so. */
#include "office/counter/counter_int.h"

#include "codec/vn.h"
#include "engine/party/party.h"
#include "sys/sys.h"

enum err
counter_org_add(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str none = STR("");
    struct str phone = web_text(rq, "org_phone");
    struct str address = web_text(rq, "org_address");
    struct party p = { .kind = STR("org"),
                       .name = vn_squeeze(cx->arena, web_text(rq, "org_name")),
                       .tax_code = web_text(rq, "tax_code"),
                       .birth_date = none,
                       .sex = none,
                       .ethnicity = none,
                       .nationality = STR("Việt Nam"),
                       .phone = phone.p == NULL ? none : phone,
                       .email = none,
                       .address = address.p == NULL ? none : address,
                       .source = STR("counter"),
                       .source_us = sys_now_us(cx) };
    TRY(counter_unit(cx, "dossier.intake", &p.unit));
    const char *wrong = party_check_tax_code(p.tax_code);
    if (wrong != NULL || p.tax_code.n == 12) { /* 12 digits are a person's */
        ctx_problem(cx, STR("tax_code"), str_of(wrong == NULL ? "party.tax_length" : wrong),
                    STR_NULL);
    }
    if (vn_length(p.name) < 3) {
        ctx_problem(cx, STR("org_name"), STR("counter.org.bad_name"), STR_NULL);
    }
    TRY(ctx_check(cx));
    enum err e = counter_take_in(cx, &p);
    if (e == ERR_CONFLICT) {
        ctx_problem(cx, STR("tax_code"), STR("counter.number_taken"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    return web_see_other(cx, rs, "/can-bo/quay/nguoi/%" PRId64, p.id);
}

enum err
counter_agent(struct ctx *cx, const struct web_req *rq, struct str *ret_words)
{
    struct str name = vn_squeeze(cx->arena, web_text(rq, "agent_name"));
    struct str number = web_text(rq, "agent_number");
    struct str by = web_text(rq, "agent_by");
    struct str paper = str_trim(web_text(rq, "agent_paper"));
    const char *wrong = party_check_personal_id(number, STR_NULL, STR_NULL);
    if (!vn_is_name(name, 80)) {
        ctx_problem(cx, STR("agent_name"), STR("counter.bad_name"), STR_NULL);
    }
    if (wrong != NULL) {
        ctx_problem(cx, STR("agent_number"), str_of(wrong), str_fmt(cx->arena, "%zu", number.n));
    }
    if (str_is_empty(by)) {
        ctx_problem(cx, STR("agent_by"), STR("web.invalid.required"), STR_NULL);
    }
    if (str_is_empty(paper)) {
        ctx_problem(cx, STR("agent_paper"), STR("web.invalid.required"), STR_NULL);
    }
    if (!web_bool(rq, "agent_seen")) {
        ctx_problem(cx, STR("agent_seen"), STR("counter.agent.unseen"), STR_NULL);
    }
    TRY(ctx_check(cx));
    const char *words =
        str_eq(by, STR("law")) ? "counter.agent.words.law" : "counter.agent.words.letter";
    *ret_words = text_fill(cx, words, "name", name, "number", number, "paper", paper, NULL);
    return ERR_OK;
}
