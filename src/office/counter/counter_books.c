/* counter_books.c: results that nobody came for, and the register of dossiers (form 06). */
#include "office/counter/counter_int.h"

#include "base/buf.h"
#include "codec/json.h"
#include "codec/vn.h"
#include "engine/calendar/calendar.h"
#include "engine/print/print.h"
#include "engine/unit/unit.h"

#define UNCLAIMED_MAX  200
#define REGISTER_MAX   1000
#define REGISTER_BYTES (2U << 20)

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

/* --- the register
 * ------------------------------------------------------------------------------------------------
 */
struct span {
    struct date from, to;
    size_t n;
};

static enum err
put_row(struct ctx *cx, struct json_out *o, int64_t id)
{
    struct dossier d;
    const struct procedure *p = NULL;
    TRY(dossier_get(cx, id, &d));
    TRY(dossier_procedure(cx, &d, &p));
    json_open(o);
    json_put_str(o, "dossier_number", d.number);
    json_put_str(o, "procedure", procedure_short_name(cx, p));
    json_put_str(o, "applicant", d.applicant);
    json_put_str(o, "received", date_iso(cx->arena, date_at_vn(d.submitted_us)));
    json_put_str(o, "due", date_iso(cx->arena, date_at_vn(d.due_us)));
    json_put_str(o, "returned",
                 d.returned_us == 0 ? STR("") : date_iso(cx->arena, date_at_vn(d.returned_us)));
    json_close(o);
    return ERR_OK;
}

/* Exactly the dossiers that were counted as received in those days. */
static enum err
put_rows(struct ctx *cx, struct json_out *o, struct str unit, struct span *span)
{
    struct dossier_figure f = {
        .metric = STR("received"), .unit = unit, .from = span->from, .to = span->to
    };
    int64_t after = 0;
    size_t n = 1;
    while (n > 0 && span->n < REGISTER_MAX) {
        struct dossier_figure_row *v = NULL;
        TRY(dossier_figure_list(cx, &f, after, &v, &n));
        for (size_t i = 0; i < n && span->n < REGISTER_MAX; i++) {
            TRY(put_row(cx, o, v[i].id));
            span->n++;
            after = v[i].key;
        }
    }
    return ERR_OK;
}

enum err
counter_register(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str unit;
    struct pdf_out out;
    struct date today = calendar_today(cx);
    struct span span = { .from = { today.day - 30 }, .to = today };
    struct buf b = buf_new(cx->arena, REGISTER_BYTES);
    struct json_out o = json_out(&b);
    TRY(counter_unit(cx, "dossier.print", &unit));
    (void)date_parse(web_text(rq, "tu"), &span.from);
    (void)date_parse(web_text(rq, "den"), &span.to);
    struct str name = unit_name(cx, unit);
    json_open(&o);
    json_put_str(&o, "agency",
                 vn_upper(cx->arena, str_cat(cx->arena, STR("Ủy ban nhân dân "), name)));
    json_put_str(&o, "place", name);
    json_put_str(&o, "issued", date_iso(cx->arena, today));
    json_put_str(&o, "from", date_iso(cx->arena, span.from));
    json_put_str(&o, "to", date_iso(cx->arena, span.to));
    json_key(&o, "rows");
    json_open_list(&o);
    TRY(put_rows(cx, &o, unit, &span));
    json_close_list(&o);
    json_close(&o);
    if (b.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "register of more than a book");
    }
    TRY(print_pdf(cx, pack_now(cx), STR("so-theo-doi"), buf_str(&b), &out));
    web_reads_person(cx, rs, 0, "register",
                     str_fmt(cx->arena, "unit=" STR_FMT " n=%zu", STR_ARG(unit), span.n));
    return web_bytes(cx, rs, out.bytes, STR("application/pdf"), STR_NULL);
}
