/* counter_daybook.c: the day book of cash: on the page, as a table file, on paper. */
#include "office/counter/counter_int.h"

#include "codec/json.h"
#include "codec/vn.h"
#include "engine/calendar/calendar.h"
#include "engine/pack/pack.h"
#include "engine/pay/pay.h"
#include "engine/print/print.h"
#include "engine/unit/unit.h"

#define BOOK_BYTES ((size_t)2 << 20)

struct book {
    struct str unit;
    struct date day;
    struct pay_day_line *v;
    size_t n;
    int64_t sum_vnd;
};

bool
counter_day(struct ctx *cx, struct str s, struct date *day)
{
    struct str d;
    struct str rest;
    struct str m;
    struct str y;
    int64_t n[3] = { 0 };
    s = str_trim(s);
    if (date_parse(s, day)) {
        return true;
    }
    return str_cut(s, '/', &d, &rest) && str_cut(rest, '/', &m, &y) &&
           str_to_i64(str_trim(y), 1, 9999, &n[0]) && str_to_i64(str_trim(m), 1, 12, &n[1]) &&
           str_to_i64(str_trim(d), 1, 31, &n[2]) &&
           date_parse(
               str_fmt(cx->arena, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, n[0], n[1], n[2]), day);
}

static struct str
void_words(struct ctx *cx, const struct pay_day_line *l)
{
    return l->void_us == 0 ? STR_NULL
                           : text_fill(cx, "counter.void.line", "at", text_instant(cx, l->void_us),
                                       "who", l->void_by, "why", l->void_reason, NULL);
}

enum err
counter_daybook(struct ctx *cx, struct str unit, struct date day, struct tpl_counter_cash *page)
{
    struct pay_day_line *v = NULL;
    size_t n = 0;
    int64_t sum_vnd = 0;
    TRY(pay_day_book(cx, unit, day, &v, &n, &sum_vnd));
    page->day = date_iso(cx->arena, day);
    page->day_text = text_date_of(cx, day);
    page->sum = text_money(cx, sum_vnd);
    page->lines.n = n;
    page->lines.v = ARENA_ARRAY(cx->arena, struct tpl_counter_cash_lines, n);
    for (size_t i = 0; i < n; i++) {
        page->lines.v[i] = (struct tpl_counter_cash_lines){
            .receipt = v[i].receipt,
            .at = text_instant(cx, v[i].at_us),
            .payer = v[i].payer,
            .amount = text_money(cx, v[i].amount_vnd),
            .cashier = v[i].cashier,
            .void_words = void_words(cx, &v[i]),
        };
    }
    return ERR_OK;
}

/* The day that was asked for; its reading is recorded. */
static enum err
read_book(struct ctx *cx, const struct web_req *rq, struct web_resp *rs, struct book *ret)
{
    struct book b = { .day = calendar_today(cx) };
    TRY(counter_unit(cx, "pay.collect", &b.unit));
    (void)counter_day(cx, web_text(rq, "ngay"), &b.day);
    TRY(pay_day_book(cx, b.unit, b.day, &b.v, &b.n, &b.sum_vnd));
    web_reads_person(
        cx, rs, 0, "pay.daybook",
        str_fmt(cx->arena, "day=" STR_FMT " n=%zu", STR_ARG(date_iso(cx->arena, b.day)), b.n));
    *ret = b;
    return ERR_OK;
}

static void
sheet_line(struct ctx *cx, struct web_sheet *s, const struct pay_day_line *l)
{
    web_sheet_put(s, l->receipt);
    web_sheet_put(s, text_instant(cx, l->at_us));
    web_sheet_put(s, l->payer);
    web_sheet_put(s, l->cashier);
    web_sheet_put(s, l->code);
    web_sheet_put(s, str_fmt(cx->arena, "%" PRId64, l->void_us == 0 ? l->amount_vnd : 0));
    web_sheet_put(s, void_words(cx, l));
}

enum err
counter_daybook_sheet(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "counter.receipt", "counter.at",
                                         "counter.payer",   "counter.cashier",
                                         "counter.bill",    "counter.amount",
                                         "counter.remark",  NULL };
    struct book book;
    struct web_sheet sheet = { 0 };
    TRY(read_book(cx, rq, rs, &book));
    struct str day = date_iso(cx->arena, book.day);
    sheet.name = text_fill(cx, "counter.daybook", "day", day, NULL);
    sheet.file = str_cat(cx->arena, STR("so-thu-"), day);
    web_sheet_begin(cx, rq, &sheet, heads, book.n);
    for (size_t i = 0; i < book.n; i++) {
        sheet_line(cx, &sheet, &book.v[i]);
    }
    return web_sheet(cx, rs, &sheet);
}

static void
put_line(struct ctx *cx, struct json_out *o, const struct pay_day_line *l)
{
    json_open(o);
    json_put_str(o, "receipt", l->receipt);
    json_put_str(o, "at", date_iso_instant_vn(cx->arena, l->at_us));
    json_put_str(o, "payer", l->payer);
    json_put_str(o, "cashier", l->cashier);
    json_put_i64(o, "amount_vnd", l->amount_vnd);
    json_put_bool(o, "is_void", l->void_us != 0);
    json_put_str(o, "void_by", l->void_by);
    json_put_str(o, "void_reason", l->void_reason);
    json_close(o);
}

enum err
counter_daybook_pdf(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct book book;
    struct pdf_out out;
    struct buf b = buf_new(cx->arena, BOOK_BYTES);
    struct json_out o = json_out(&b);
    int64_t n_void = 0;
    TRY(read_book(cx, rq, rs, &book));
    json_open(&o);
    counter_put_agency(cx, &o, book.unit);
    json_put_str(&o, "day", date_iso(cx->arena, book.day));
    json_key(&o, "rows");
    json_open_list(&o);
    for (size_t i = 0; i < book.n; i++) {
        n_void += book.v[i].void_us != 0;
        put_line(cx, &o, &book.v[i]);
    }
    json_close_list(&o);
    json_put_i64(&o, "n_valid", (int64_t)book.n - n_void);
    json_put_i64(&o, "n_void", n_void);
    json_put_i64(&o, "total_vnd", book.sum_vnd);
    struct pay_closing c;
    enum err e = pay_closing_of(cx, book.unit, book.day, &c);
    if (e == ERR_OK) {
        json_put_str(&o, "closed_at", date_iso_instant_vn(cx->arena, c.at_us));
        json_put_str(&o, "closed_by", c.by);
        json_put_i64(&o, "counted_vnd", c.counted_vnd);
        json_put_str(&o, "difference", text_money(cx, c.counted_vnd - c.expected_vnd));
        json_put_str(&o, "difference_reason", c.reason);
        json_put_str(&o, "digest", c.digest);
    } else if (e != ERR_NOT_FOUND) {
        return e;
    }
    json_close(&o);
    if (b.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "day book of more than a book");
    }
    TRY(print_pdf(cx, pack_now(cx), STR("so-thu"), buf_str(&b), &out));
    return web_bytes(cx, rs, out.bytes, STR("application/pdf"), STR_NULL);
}

void
counter_put_agency(struct ctx *cx, struct json_out *o, struct str unit)
{
    dossier_put_agency(cx, o, unit);
    json_put_str(o, "issued", date_iso(cx->arena, calendar_today(cx)));
    json_put_str(o, "officer", cx->actor->name);
}
