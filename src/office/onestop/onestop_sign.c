/* onestop_sign.c: what waits for the leader's signature: previews, one PIN for many, sending back.
 */
#include "office/onestop/onestop_int.h"

#include "engine/calendar/calendar.h"

#define SIGN_ROWS 100

static enum err
rows_at(struct ctx *cx, const struct access_position *at, struct str ticked,
        struct tpl_onestop_sign *page)
{
    struct dossier_row *v = NULL;
    size_t n = 0;
    struct dossier_inbox q = {
        .unit = at->unit, .role = at->role, .tab = STR("all"), .n = SIGN_ROWS
    };
    TRY(dossier_inbox(cx, &q, &v, &n));
    for (size_t i = 0; i < n && page->rows.n < SIGN_ROWS; i++) {
        if (!str_eq(v[i].task_action, STR("sign"))) {
            continue;
        }
        struct str task = onestop_id(cx, v[i].task);
        struct str kind = onestop_kind(v[i].left_s, false);
        struct dossier d = { .id = v[i].id };
        bool lacks_consent = false;
        TRY(dossier_lacks_consent(cx, &d, &lacks_consent));
        page->rows.v[page->rows.n++] = (struct tpl_onestop_sign_rows){
            .kind = kind,
            .word = onestop_kind_word(cx, kind),
            .left = calendar_left_text(cx, v[i].left_s),
            .due = text_instant(cx, v[i].due_us),
            .task = task,
            .id = onestop_id(cx, v[i].id),
            .number = v[i].number,
            .person = v[i].applicant,
            .procedure = v[i].procedure,
            .waits = lacks_consent ? text(cx, "onestop.signed.consent") : STR_NULL,
            .href = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64, v[i].id),
            .draft = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64 "/du-thao", v[i].id),
            .peek = str_fmt(cx->arena, "/can-bo/ky?viec=%" PRId64 "#xem", v[i].task),
            .on = str_eq(ticked, task) ? task : STR_NULL,
        };
        if (str_eq(ticked, task)) {
            page->shown = page->rows.v[page->rows.n - 1].draft;
            page->shown_number = v[i].number;
            page->shown_task = task;
        }
    }
    return ERR_OK;
}

enum err
onestop_sign_list(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_onestop_sign *page = ARENA_NEW(cx->arena, struct tpl_onestop_sign);
    struct access_position *at = NULL;
    size_t n = access_positions_for(cx, "dossier.sign", &at);
    int64_t done = 0;
    struct str ticked = onestop_typed(rq, "viec");
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_sign_rows, SIGN_ROWS);
    for (size_t i = 0; i < n; i++) {
        TRY(rows_at(cx, &at[i], ticked, page));
    }
    if (str_to_i64(onestop_typed(rq, "xong"), 1, SIGN_ROWS, &done)) {
        page->done = text_fill(cx, "onestop.signed_n", "n", text_number(cx, done), NULL);
    }
    web_title(rs, text(cx, "onestop.sign"));
    web_reads_person(cx, rs, 0, "sign.list", str_fmt(cx->arena, "n=%zu", page->rows.n));
    return web_page(cx, rs, &tpl_onestop_sign_t, page);
}

/* What became of each dossier of the batch. */
static enum err
tell_result(struct ctx *cx, const int64_t *tasks, size_t n, struct tpl_onestop_signed *page)
{
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_signed_rows, n);
    for (size_t i = 0; i < n; i++) {
        struct flow_task t;
        struct dossier d;
        if (flow_task_by_id(cx, tasks[i], &t) != ERR_OK ||
            dossier_get(cx, t.subject_id, &d) != ERR_OK ||
            !access_may_in(cx, "dossier.sign", d.unit)) {
            continue; /* not the signer's: not even its number is told */
        }
        bool is_signed = str_eq(t.state, STR("done")) && str_eq(t.outcome, STR("sign")) &&
                         t.done_by == cx->who.account;
        bool is_silent = !is_signed && dossier_lacks_apology(cx, &d);
        bool lacks_consent = false;
        TRY(dossier_lacks_consent(cx, &d, &lacks_consent));
        page->rows.v[page->rows.n++] = (struct tpl_onestop_signed_rows){
            .number = d.number,
            .href = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64 "%s", d.id,
                            is_silent       ? "#xin-loi"
                            : lacks_consent ? "#dong-y"
                                            : ""),
            .kind = is_signed ? STR("ontime") : STR("late"),
            .word = text(cx, is_signed       ? "onestop.signed.yes"
                             : is_silent     ? "onestop.signed.apology"
                             : lacks_consent ? "onestop.signed.consent"
                                             : "onestop.signed.no"),
        };
    }
    return ERR_OK;
}

enum err
onestop_sign(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str *ids = NULL;
    size_t n = web_list(cx, rq, "viec", &ids);
    int64_t *tasks = ARENA_ARRAY(cx->arena, int64_t, n + 1);
    size_t n_tasks = 0;
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        n_tasks += str_to_i64(ids[i], 1, INT64_MAX, &tasks[n_tasks]);
    }
    if (n_tasks == 0 || n_tasks > SIGN_ROWS) {
        ctx_problem(cx, STR("viec"), STR("onestop.sign.none"), STR_NULL);
        return ctx_check(cx);
    }
    enum err e = dossier_sign(cx, tasks, n_tasks, web_text(rq, "pin"), &done);
    bool is_partly =
        e == ERR_INVALID && cx->n_problems > 0 && str_eq(cx->problems[0].field, STR("tasks"));
    if (e == ERR_OK) {
        return web_see_other(cx, rs, "/can-bo/ky?xong=%zu", done);
    }
    if (!is_partly || rq->is_api) {
        return e;
    }
    struct tpl_onestop_signed *page = ARENA_NEW(cx->arena, struct tpl_onestop_signed);
    cx->n_problems = 0;
    TRY(tell_result(cx, tasks, n_tasks, page));
    web_title(rs, text(cx, "onestop.sign"));
    return web_page(cx, rs, &tpl_onestop_signed_t, page);
}

/* Back to the specialist with a comment, from the list. */
enum err
onestop_sign_back(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier_act act = { .task = web_int(rq, "viec"),
                               .outcome = STR("return"),
                               .note = web_text(rq, "note") };
    TRY(dossier_do(cx, &act));
    web_flash(cx, rs, "onestop.flash.back");
    return web_see_other(cx, rs, "/can-bo/ky");
}
