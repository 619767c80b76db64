/* counter_books.c: results that nobody came for. */
#include "office/counter/counter_int.h"

#define UNCLAIMED_MAX 200

enum err
counter_unclaimed(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_unclaimed *page = ARENA_NEW(cx->arena, struct tpl_counter_unclaimed);
    struct dossier_row *v = NULL;
    struct str unit;
    size_t n = 0;
    (void)rq;
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
    web_title(rs, text(cx, "counter.unclaimed"));
    web_reads_person(cx, rs, 0, "counter.unclaimed", str_fmt(cx->arena, "n=%zu", page->rows.n));
    return web_page(cx, rs, &tpl_counter_unclaimed_t, page);
}
