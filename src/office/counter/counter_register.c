/* counter_register.c: the register of dossiers (form 06 of Circular 01/2018/TT-VPCP), on paper and
 * as a table file. */
#include "office/counter/counter_int.h"

#include "base/buf.h"
#include "codec/json.h"
#include "engine/calendar/calendar.h"
#include "engine/pack/pack.h"
#include "engine/party/party.h"
#include "engine/print/print.h"
#include "engine/unit/unit.h"

#define REGISTER_MAX   1000
#define REGISTER_BYTES ((size_t)2 << 20)
#define REGISTER_DAYS  30

struct entry {
    struct dossier d;
    struct str procedure, address;
};
struct book {
    struct str unit;
    struct date from, to;
    struct entry *v;
    size_t n;
};

static enum err
read_entry(struct ctx *cx, int64_t id, struct entry *ret)
{
    const struct procedure *p = NULL;
    struct party who;
    TRY(dossier_get(cx, id, &ret->d));
    TRY(dossier_procedure(cx, &ret->d, &p));
    TRY(party_get(cx, ret->d.party, &who));
    ret->procedure = procedure_short_name(cx, p);
    ret->address = str_is_empty(who.unit) ? STR("") : unit_name(cx, who.unit);
    return ERR_OK;
}

/* Exactly the dossiers that were counted as received in those days. */
static enum err
read_entries(struct ctx *cx, struct book *b)
{
    struct dossier_figure f = {
        .metric = STR("received"), .unit = b->unit, .from = b->from, .to = b->to
    };
    int64_t after = 0;
    size_t n = 1;
    b->v = ARENA_ARRAY(cx->arena, struct entry, REGISTER_MAX);
    while (n > 0 && b->n < REGISTER_MAX) {
        struct dossier_figure_row *v = NULL;
        TRY(dossier_figure_list(cx, &f, after, &v, &n));
        for (size_t i = 0; i < n && b->n < REGISTER_MAX; i++) {
            TRY(read_entry(cx, v[i].id, &b->v[b->n++]));
            after = v[i].key;
        }
    }
    return ERR_OK;
}

static void
read_day(struct ctx *cx, const struct web_req *rq, const char *name, struct date *day)
{
    struct str typed = str_trim(web_text(rq, name));
    if (!str_is_empty(typed) && !counter_day(cx, typed, day)) {
        ctx_problem(cx, str_of(name), STR("counter.register.bad_day"), STR_NULL);
    }
}

static enum err
read_book(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct book *ret)
{
    struct date today = calendar_today(cx);
    struct book b = { .from = { today.day - REGISTER_DAYS }, .to = today };
    TRY(counter_unit(cx, "dossier.print", &b.unit));
    read_day(cx, rq, "tu", &b.from);
    read_day(cx, rq, "den", &b.to);
    if (cx->n_problems == 0 && b.from.day > b.to.day) {
        ctx_problem(cx, STR("den"), STR("counter.register.turned"), STR_NULL);
    }
    TRY(ctx_check(cx));
    TRY(read_entries(cx, &b));
    web_reads_person(cx, rs, 0, "register",
                     str_fmt(cx->arena, "unit=" STR_FMT " n=%zu", STR_ARG(b.unit), b.n));
    *ret = b;
    return ERR_OK;
}

static struct str
way_of(struct ctx *cx, const struct dossier *d)
{
    return text_find(cx, str_cat(cx->arena, STR("dossier.collect."), d->collect));
}

/* What became of it, when it did not end with a result. */
static struct str
remark(struct ctx *cx, const struct dossier *d)
{
    bool is_usual = str_eq(d->state, STR("open")) || str_eq(d->state, STR("done"));
    return is_usual ? STR("") : text_find(cx, str_cat(cx->arena, STR("dossier.state."), d->state));
}

static void
put_day(struct ctx *cx, struct json_out *o, const char *name, int64_t at_us)
{
    json_put_str(o, name, at_us == 0 ? STR("") : date_iso(cx->arena, date_at_vn(at_us)));
}

static void
put_entry(struct ctx *cx, struct json_out *o, const struct entry *e)
{
    const struct dossier *d = &e->d;
    json_open(o);
    json_put_str(o, "dossier_number", d->number);
    json_put_str(o, "procedure", e->procedure);
    json_put_str(o, "applicant", d->applicant);
    json_put_str(o, "address", e->address);
    json_put_str(o, "phone", d->phone);
    put_day(cx, o, "received", d->submitted_us);
    put_day(cx, o, "due", d->due_us);
    put_day(cx, o, "returned", d->returned_us);
    json_put_str(o, "way", way_of(cx, d));
    json_put_str(o, "remark", remark(cx, d));
    json_close(o);
}

enum err
counter_register(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct book book;
    struct pdf_out out;
    struct buf b = buf_new(cx->arena, REGISTER_BYTES);
    struct json_out o = json_out(&b);
    TRY(read_book(cx, rq, rs, &book));
    json_open(&o);
    counter_put_agency(cx, &o, book.unit);
    json_put_str(&o, "from", date_iso(cx->arena, book.from));
    json_put_str(&o, "to", date_iso(cx->arena, book.to));
    json_put_i64(&o, "n", (int64_t)book.n);
    json_key(&o, "rows");
    json_open_list(&o);
    for (size_t i = 0; i < book.n; i++) {
        put_entry(cx, &o, &book.v[i]);
    }
    json_close_list(&o);
    json_close(&o);
    if (b.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "register of more than a book");
    }
    TRY(print_pdf(cx, pack_now(cx), STR("so-theo-doi"), buf_str(&b), &out));
    return web_bytes(cx, rs, out.bytes, STR("application/pdf"), STR_NULL);
}

static struct str
day_words(struct ctx *cx, int64_t at_us)
{
    return at_us == 0 ? STR("") : text_date_of(cx, date_at_vn(at_us));
}

static void
sheet_entry(struct ctx *cx, struct web_sheet *s, const struct entry *e)
{
    const struct dossier *d = &e->d;
    web_sheet_put(s, d->number);
    web_sheet_put(s, e->procedure);
    web_sheet_put(s, d->applicant);
    web_sheet_put(s, e->address);
    web_sheet_put(s, d->phone);
    web_sheet_put(s, unit_name(cx, d->unit));
    web_sheet_put(s, day_words(cx, d->submitted_us));
    web_sheet_put(s, day_words(cx, d->due_us));
    web_sheet_put(s, day_words(cx, d->returned_us));
    web_sheet_put(s, way_of(cx, d));
    web_sheet_put(s, remark(cx, d));
}

enum err
counter_register_sheet(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = {
        "counter.dossier",  "counter.procedure", "counter.name",     "counter.address",
        "counter.phone",    "counter.handles",   "counter.received", "counter.due",
        "counter.returned", "counter.way",       "counter.remark",   NULL,
    };
    struct book book;
    struct web_sheet sheet = { .name = text(cx, "counter.register"), .file = STR("so-theo-doi") };
    TRY(read_book(cx, rq, rs, &book));
    web_sheet_begin(cx, rq, &sheet, heads, book.n);
    for (size_t i = 0; i < book.n; i++) {
        sheet_entry(cx, &sheet, &book.v[i]);
    }
    return web_sheet(cx, rs, &sheet);
}
