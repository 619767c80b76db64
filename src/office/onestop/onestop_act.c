/* onestop_act.c: what an officer does with a task: read typed values, call one service function,
 * and when a colleague was quicker show what changed. */
#include "office/onestop/onestop_int.h"

#include "base/buf.h"
#include "codec/json.h"
#include "engine/calendar/calendar.h"

#define ITEMS_BYTES  (64U * 1024U)
#define FIELDS_BYTES (64U * 1024U)
#define DAY_END_S    (17 * 3600)

enum err
onestop_finish(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, enum err e,
               const char *flash)
{
    int64_t id = 0;
    struct flow_task t;
    TRY(web_param_id(cx, rq, "task", &id));
    if (e == ERR_CONFLICT && !rq->is_api) {
        TRY(flow_task_by_id(cx, id, &t));
        cx->n_problems = 0; /* the page tells it in full */
        return onestop_case_show(cx, rq, rs, t.subject_id, true);
    }
    TRY(e);
    web_flash(cx, rs, flash);
    return web_see_other(cx, rs, "/can-bo");
}

static enum err
task_act(struct ctx *cx, const struct web_req *rq, struct dossier_act *ret)
{
    *ret = (struct dossier_act){ .version = web_int(rq, "version") };
    return web_param_id(cx, rq, "task", &ret->task);
}

enum err
onestop_do(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier_act act;
    struct dossier d;
    struct flow_task t;
    TRY(task_act(cx, rq, &act));
    act.outcome = web_text(rq, "outcome");
    act.note = str_is_empty(web_text(rq, "note")) ? web_text(rq, "remark") : web_text(rq, "note");
    if (str_eq(act.outcome, STR("sign"))) {
        return err_set(cx, ERR_FORBIDDEN, "a result is signed with the PIN at /can-bo/ky");
    }
    enum err e = dossier_do(cx, &act);
    TRY(onestop_finish(cx, rq, rs, e, "onestop.flash.done"));
    if (e != ERR_OK) {
        return ERR_OK;
    }
    /* at the counter the person waits for the receipt: stay with the dossier */
    TRY(flow_task_by_id(cx, act.task, &t));
    TRY(dossier_get(cx, t.subject_id, &d));
    bool stays = str_eq(t.action, STR("receive")) && str_eq(d.channel, STR("counter"));
    return stays ? web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, d.id) : ERR_OK;
}

enum err
onestop_back(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier_act act;
    TRY(task_act(cx, rq, &act));
    act.back_to = web_text(rq, "step");
    act.note = web_text(rq, "back_note");
    if (str_is_empty(str_trim(act.note))) {
        ctx_problem(cx, STR("back_note"), STR("dossier.reason_missing"), STR_NULL);
        return ctx_check(cx);
    }
    return onestop_finish(cx, rq, rs, dossier_do(cx, &act), "onestop.flash.back");
}

/* Ticked papers by name, then each line of one's own words. */
static enum err
items_json(struct ctx *cx, const struct web_req *rq, const struct dossier *d, struct str *ret)
{
    struct dossier_need *needs = NULL;
    struct str *ticked = NULL;
    struct str rest = web_text(rq, "words");
    struct str line;
    size_t n = 0;
    struct buf b = buf_new(cx->arena, ITEMS_BYTES);
    struct json_out o = json_out(&b);
    size_t n_ticked = web_list(cx, rq, "items", &ticked);
    TRY(dossier_needs(cx, d, &needs, &n));
    json_open_list(&o);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n_ticked; k++) {
            if (str_eq(ticked[k], needs[i].paper.id)) {
                json_open(&o);
                json_put_str(&o, "paper", needs[i].paper.id);
                json_put_str(&o, "text", pack_text(cx, needs[i].paper.name));
                json_close(&o);
            }
        }
    }
    while (str_next(&rest, '\n', &line)) {
        if (!str_is_empty(str_trim(line))) {
            json_open(&o);
            json_put_str(&o, "paper", STR_NULL);
            json_put_str(&o, "text", str_trim(line));
            json_close(&o);
        }
    }
    json_close_list(&o);
    *ret = buf_str(&b);
    return b.is_failed ? err_set(cx, ERR_TOO_LARGE, "items of a supplement") : ERR_OK;
}

enum err
onestop_supplement(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier_act act;
    struct flow_task t;
    struct dossier d;
    struct str items;
    TRY(task_act(cx, rq, &act));
    act.note = web_text(rq, "why");
    TRY(flow_task_by_id(cx, act.task, &t));
    TRY(onestop_open(cx, t.subject_id, &d));
    TRY(items_json(cx, rq, &d, &items));
    return onestop_finish(cx, rq, rs, dossier_ask_supplement(cx, &act, items),
                          "onestop.flash.supplement");
}

enum err
onestop_claim(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct flow_task t;
    TRY(web_param_id(cx, rq, "task", &id));
    enum err e = dossier_claim(cx, id);
    TRY(onestop_finish(cx, rq, rs, e, "onestop.flash.claimed"));
    if (e != ERR_OK) {
        return ERR_OK;
    }
    TRY(flow_task_by_id(cx, id, &t));
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, t.subject_id);
}

enum err
onestop_assign(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier_act act;
    TRY(task_act(cx, rq, &act));
    enum err e = dossier_assign(cx, act.task, act.version, web_int(rq, "to"));
    return onestop_finish(cx, rq, rs, e, "onestop.flash.assigned");
}

enum err
onestop_hand(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier_act act;
    struct flow_task t;
    struct dossier d;
    const struct procedure *p = NULL;
    TRY(task_act(cx, rq, &act));
    TRY(flow_task_by_id(cx, act.task, &t));
    TRY(onestop_open(cx, t.subject_id, &d));
    TRY(dossier_procedure(cx, &d, &p));
    if (p->is_identity_checked && !web_bool(rq, "checked")) {
        ctx_problem(cx, STR("checked"), STR("onestop.hand.unchecked"), STR_NULL);
        return ctx_check(cx);
    }
    struct str how = text_find(cx, str_cat(cx->arena, STR("dossier.collect."), d.collect));
    struct str seen = web_text(rq, "id_seen");
    struct str note = str_is_empty(seen)
                          ? how
                          : str_fmt(cx->arena, STR_FMT ", " STR_FMT, STR_ARG(how), STR_ARG(seen));
    enum err e = dossier_hand_over(cx, act.task, act.version, web_text(rq, "to_whom"), note);
    return onestop_finish(cx, rq, rs, e, "onestop.flash.handed");
}

/* --- on the dossier itself
 * ------------------------------------------------------------------------------------- */
enum err
onestop_apologise(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct date day;
    struct dossier d;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(onestop_open(cx, id, &d));
    if (!date_parse(web_text(rq, "new_due"), &day)) {
        return err_set(cx, ERR_BAD_REQUEST, "new_due is no date");
    }
    TRY(dossier_apologise(cx, id, web_text(rq, "reason"), date_to_us_vn(day, DAY_END_S)));
    web_flash(cx, rs, "onestop.flash.apology");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, id);
}

enum err
onestop_fields(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct dossier d;
    struct buf b = buf_new(cx->arena, FIELDS_BYTES);
    struct json_out o = json_out(&b);
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(onestop_open(cx, id, &d));
    json_open(&o);
    for (size_t i = 0; i < rq->n_pairs; i++) {
        const struct web_pair *p = &rq->pairs[i];
        if (str_starts(p->name, STR("f.")) && !str_is_empty(str_trim(p->value))) {
            json_key_str(&o, str_slice(p->name, 2, p->name.n));
            json_str(&o, str_trim(p->value));
        }
    }
    json_close(&o);
    TRY(dossier_set_result_fields(cx, id, buf_str(&b)));
    web_flash(cx, rs, "onestop.flash.fields");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, id);
}

enum err
onestop_revoke(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct dossier_result r;
    struct dossier d;
    TRY(web_param_id(cx, rq, "result", &id));
    TRY(dossier_result_get(cx, id, &r));
    TRY(onestop_open(cx, r.dossier, &d));
    TRY(dossier_result_revoke(cx, id, web_text(rq, "reason")));
    web_flash(cx, rs, "onestop.flash.revoked");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, d.id);
}

/* After a wrong field in a form whose address names a result. */
enum err
onestop_result_again(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct dossier_result r;
    TRY(web_param_id(cx, rq, "result", &id));
    TRY(dossier_result_get(cx, id, &r));
    return onestop_case_show(cx, rq, rs, r.dossier, false);
}

/* The dossier of the result in the address, as far as this officer may see it. */
static enum err
result_of(struct ctx *cx, const struct web_req *rq, struct dossier_result *ret)
{
    int64_t id = 0;
    struct dossier d;
    TRY(web_param_id(cx, rq, "result", &id));
    TRY(dossier_result_get(cx, id, ret));
    return onestop_open(cx, ret->dossier, &d);
}

enum err
onestop_correct(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t draft = 0;
    struct dossier_result r;
    TRY(result_of(cx, rq, &r));
    TRY(dossier_correct_begin(cx, r.id, web_text(rq, "reason"), &draft));
    web_flash(cx, rs, "onestop.flash.correct");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, r.dossier);
}

enum err
onestop_correct_sign(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier_result r;
    TRY(result_of(cx, rq, &r));
    TRY(dossier_correct_sign(cx, r.id, web_text(rq, "pin")));
    web_flash(cx, rs, "onestop.flash.corrected");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, r.dossier);
}

enum err
onestop_correct_drop(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier_result r;
    TRY(result_of(cx, rq, &r));
    TRY(dossier_correct_drop(cx, r.id));
    web_flash(cx, rs, "onestop.flash.dropped");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, r.dossier);
}

enum err
onestop_allow(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    int64_t id = 0;
    struct dossier d;
    TRY(web_param_id(cx, rq, "id", &id));
    TRY(onestop_open(cx, id, &d));
    TRY(dossier_allow_supplement(cx, id, web_text(rq, "again_reason")));
    web_flash(cx, rs, "onestop.flash.allowed");
    return web_see_other(cx, rs, "/can-bo/ho-so/%" PRId64, id);
}
