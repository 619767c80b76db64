/* filing_answers.c: for programs: the JSON Schema of a form, and all answers of a draft at once. */
#include "engine/calendar/calendar.h"
#include "engine/procedure/procedure.h"
#include "office/filing/filing_int.h"

enum err
filing_schema(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    const struct procedure *p = procedure_at(cx, web_param(rq, "code"), calendar_today(cx));
    const struct form *form = p == NULL ? NULL : form_find(pack_now(cx), p->form);
    if (form == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no such procedure");
    }
    return web_bytes(cx, rs, form_schema_json(form), STR("application/schema+json"), STR_NULL);
}

enum err
filing_answers(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    return web_bytes(cx, rs, form_answers_json(cx, &f.st), STR("application/json"), STR_NULL);
}

/* The body is the answers' document itself, so the field table cannot read it; the form's schema
 * judges every member. Wrong answers are not kept: a program has them. */
enum err
filing_answers_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    struct str next;
    struct str type = http_header_get(rq->http, STR("Content-Type"));
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    if (!str_starts(type, STR("application/json"))) {
        return err_set(cx, ERR_UNSUPPORTED, "answers come as JSON");
    }
    TRY(form_read_json(cx, &f.st, &f.env, rq->http->body));
    TRY(filing_save(cx, &f));
    TRY(filing_next(cx, &f, NULL, &next));
    return web_see_other(cx, rs, STR_FMT, STR_ARG(next));
}
