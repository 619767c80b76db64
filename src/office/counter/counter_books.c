/* counter_books.c: results that nobody came for. */
#include "office/counter/counter_int.h"

#define UNCLAIMED_MAX 200

static enum err
unclaimed_sheet(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
                const struct tpl_counter_unclaimed *page, bool is_cut)
{
    static const char *const heads[] = { "counter.ready",     "counter.dossier", "counter.name",
                                         "counter.procedure", "counter.way",     NULL };
    struct web_sheet sheet = { .name = text(cx, "counter.unclaimed"), .file = STR("chua-nhan") };
    web_sheet_begin(cx, rq, &sheet, heads, page->rows.n);
    sheet.is_cut = is_cut;
    for (size_t i = 0; i < page->rows.n; i++) {
        const struct tpl_counter_unclaimed_rows *r = &page->rows.v[i];
        web_sheet_put(&sheet, r->ready);
        web_sheet_put(&sheet, r->number);
        web_sheet_put(&sheet, r->person);
        web_sheet_put(&sheet, r->procedure);
        web_sheet_put(&sheet, r->way);
    }
    return web_sheet(cx, rs, &sheet);
}

enum err
counter_unclaimed(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_unclaimed *page = ARENA_NEW(cx->arena, struct tpl_counter_unclaimed);
    struct dossier_row *v = NULL;
    struct str unit;
    size_t n = 0;
    TRY(counter_unit(cx, "dossier.return", &unit));
    struct dossier_inbox q = {
        .unit = unit, .role = STR("receiver"), .tab = STR("all"), .n = UNCLAIMED_MAX
    };
    TRY(dossier_inbox(cx, &q, &v, &n));
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_counter_unclaimed_rows, n);
    for (size_t i = 0; i < n; i++) {
        struct dossier d;
        if (!str_eq(v[i].task_action, STR("return")) || dossier_get(cx, v[i].id, &d) != ERR_OK) {
            continue;
        }
        page->rows.v[page->rows.n++] = (struct tpl_counter_unclaimed_rows){
            .href = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64, v[i].id),
            .number = v[i].number,
            .person = v[i].applicant,
            .procedure = v[i].procedure,
            .ready = text_instant(cx, d.finished_us),
            .way = text_find(cx, str_cat(cx->arena, STR("dossier.collect."), d.collect)),
        };
    }
    page->csv = STR("/can-bo/quay/chua-nhan?dang=csv");
    page->xlsx = STR("/can-bo/quay/chua-nhan?dang=xlsx");
    web_title(rs, text(cx, "counter.unclaimed"));
    web_reads_person(cx, rs, 0, "counter.unclaimed", str_fmt(cx->arena, "n=%zu", page->rows.n));
    if (web_sheet_kind(rq).p != NULL) {
        return unclaimed_sheet(cx, rq, rs, page, n == UNCLAIMED_MAX);
    }
    return web_page(cx, rs, &tpl_counter_unclaimed_t, page);
}
