/* onestop_late.c: dossiers past their appointment that nobody has apologised for yet: the leader's
 * list, and the line above the inbox that leads to it. */
#include "office/onestop/onestop_int.h"

#include "engine/calendar/calendar.h"
#include "engine/party/party.h"

#define LATE_MAX 200

enum err
onestop_late_count(struct ctx *cx, struct str unit, struct str *ret)
{
    struct dossier *v = NULL;
    size_t n = 0;
    *ret = STR_NULL;
    if (!access_may_in(cx, "dossier.apologise", unit)) {
        return ERR_OK;
    }
    TRY(dossier_late_silent(cx, unit, LATE_MAX, &v, &n));
    if (n > 0) {
        struct str count = text_number(cx, (int64_t)n);
        *ret = text_fill(cx, "onestop.late.some", "n",
                         n == LATE_MAX ? str_cat(cx->arena, count, STR("+")) : count, NULL);
    }
    return ERR_OK;
}

static enum err
fill_unit(struct ctx *cx, struct str unit, struct tpl_onestop_late *page)
{
    struct dossier *v = NULL;
    size_t n = 0;
    TRY(dossier_late_silent(cx, unit, LATE_MAX, &v, &n));
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_late_rows, n);
    for (size_t i = 0; i < n; i++) {
        const struct procedure *p = NULL;
        TRY(dossier_procedure(cx, &v[i], &p));
        page->rows.v[page->rows.n++] = (struct tpl_onestop_late_rows){
            .href = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64 "#xin-loi", v[i].id),
            .number = v[i].number,
            .person = party_mask_name(cx->arena, v[i].applicant),
            .procedure = procedure_short_name(cx, p),
            .due = text_instant(cx, v[i].due_us),
            .left = calendar_left_text(cx, dossier_left_s(cx, &v[i])),
        };
    }
    return ERR_OK;
}

enum err
onestop_late(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_onestop_late *page = ARENA_NEW(cx->arena, struct tpl_onestop_late);
    struct access_position *at = NULL;
    size_t n = access_positions_for(cx, "dossier.apologise", &at);
    (void)rq;
    if (n == 0) {
        return err_set(cx, ERR_FORBIDDEN, "no position that apologises");
    }
    TRY(fill_unit(cx, at[0].unit, page));
    web_title(rs, text(cx, "onestop.late"));
    web_crumb(cx, rs, STR("/can-bo"), text(cx, "onestop.inbox"));
    web_crumb(cx, rs, STR_NULL, text(cx, "onestop.late"));
    web_reads_person(cx, rs, 0, "inbox", str_fmt(cx->arena, "late n=%zu", page->rows.n));
    return web_page(cx, rs, &tpl_onestop_late_t, page);
}
