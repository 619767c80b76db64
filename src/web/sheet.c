/* sheet.c: a list as CSV or XLSX. */
#include "base/buf.h"
#include "codec/csv.h"
#include "codec/vn.h"
#include "codec/xlsx.h"
#include "sys/sys.h"
#include "web/web.h"

#define SHEET_MAX   (8U << 20)
#define COLUMNS_MAX 24U

const char *const web_sheet_kinds[3] = { "csv", "xlsx", NULL };

static bool
has_kind_field(const struct web_req *rq)
{
    for (size_t i = 0; i < rq->route->n_fields; i++) {
        if (str_eq(str_of(rq->route->fields[i].name), STR("dang"))) {
            return true;
        }
    }
    return false;
}

struct str
web_sheet_kind(const struct web_req *rq)
{
    struct str path = str_of(rq->route->path);
    if (str_ends(path, STR(".csv")) || str_ends(path, STR(".xlsx"))) {
        return str_ends(path, STR(".csv")) ? STR("csv") : STR("xlsx");
    }
    struct str kind = has_kind_field(rq) ? web_text(rq, "dang") : STR_NULL;
    return str_is_empty(kind) ? STR_NULL : kind;
}

void
web_sheet_begin(struct ctx *cx, const struct web_req *rq, struct web_sheet *s,
                const char *const *head_keys, size_t max_rows)
{
    struct str *heads = ARENA_ARRAY(cx->arena, struct str, COLUMNS_MAX);
    s->kind = web_sheet_kind(rq);
    for (s->n_heads = 0; s->n_heads < COLUMNS_MAX && head_keys[s->n_heads] != NULL; s->n_heads++) {
        heads[s->n_heads] = text_find(cx, str_of(head_keys[s->n_heads]));
    }
    s->heads = heads;
    s->max_rows = max_rows;
    s->cells = ARENA_ARRAY(cx->arena, struct str, size_mul(s->n_heads, max_rows + 1));
}

void
web_sheet_put(struct web_sheet *s, struct str cell)
{
    if (s->n_cells == s->n_heads * s->max_rows) {
        s->is_cut = true;
        return;
    }
    s->cells[s->n_cells++] = cell;
    s->n_rows = s->n_cells / s->n_heads;
}

/* Said in the file, since nobody sees a page with it. Null when nothing is missing. */
static struct str
cut_words(struct ctx *cx, const struct web_sheet *s)
{
    return s->is_cut
               ? text_fill(cx, "web.sheet.cut", "n", text_number(cx, (int64_t)s->n_rows), NULL)
               : STR_NULL;
}

/* "Tài khoản cán bộ" -> "tai-khoan-can-bo.csv" */
static struct str
file_name(struct ctx *cx, const struct web_sheet *s)
{
    if (s->file.p != NULL) {
        return str_fmt(cx->arena, STR_FMT "." STR_FMT, STR_ARG(s->file), STR_ARG(s->kind));
    }
    struct str fold = vn_fold(cx->arena, s->name);
    struct buf b = buf_new(cx->arena, 256);
    for (size_t i = 0; i < fold.n && b.n < 80; i++) {
        char c = fold.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_plain || (b.n > 0 && b.p[b.n - 1] != '-')) {
            buf_add_char(&b, is_plain ? c : '-');
        }
    }
    buf_add_char(&b, '.');
    buf_add(&b, s->kind);
    return buf_str(&b);
}

static void
csv_rows(struct ctx *cx, struct buf *b, const struct web_sheet *s)
{
    struct str cut = cut_words(cx, s);
    struct csv_out o = csv_out(b, true, true);
    for (size_t i = 0; i < s->n_heads; i++) {
        csv_put(&o, s->heads[i]);
    }
    csv_end_row(&o);
    for (size_t i = 0; i < s->n_rows * s->n_heads; i++) {
        csv_put(&o, s->cells[i]);
        if ((i + 1) % s->n_heads == 0) {
            csv_end_row(&o);
        }
    }
    if (cut.p != NULL) {
        csv_put(&o, cut);
        csv_end_row(&o);
    }
}

static enum err
sink(void *arg, struct str bytes)
{
    struct buf *b = arg;
    buf_add(b, bytes);
    return b->is_failed ? ERR_TOO_LARGE : ERR_OK;
}

static enum err
xlsx_rows(struct ctx *cx, struct buf *b, const struct web_sheet *s)
{
    struct xlsx_column columns[COLUMNS_MAX] = { 0 };
    struct xlsx_sheet sheet = {
        .name = s->name, .columns = columns, .n_columns = s->n_heads, .at_us = sys_now_us(cx)
    };
    struct xlsx_out *x = NULL;
    for (size_t i = 0; i < s->n_heads; i++) {
        columns[i] = (struct xlsx_column){ .heading = s->heads[i], .width_chars = 24 };
    }
    TRY(xlsx_open(cx->arena, sink, b, &sheet, &x));
    enum err e = ERR_OK;
    for (size_t row = 0; row < s->n_rows && e == ERR_OK; row++) {
        for (size_t i = 0; i < s->n_heads; i++) {
            xlsx_text(x, s->cells[row * s->n_heads + i]);
        }
        e = xlsx_end_row(x);
    }
    struct str cut = cut_words(cx, s);
    if (e == ERR_OK && cut.p != NULL) {
        xlsx_text(x, cut);
        e = xlsx_end_row(x);
    }
    if (e != ERR_OK) {
        xlsx_abandon(x);
        return e;
    }
    return xlsx_finish(x);
}

enum err
web_sheet(struct ctx *cx, struct web_resp *rs, const struct web_sheet *s)
{
    struct buf b = buf_new(cx->arena, SHEET_MAX);
    bool is_xlsx = str_eq(s->kind, STR("xlsx"));
    if (s->n_heads == 0 || s->n_heads > COLUMNS_MAX) {
        return err_set(cx, ERR_INTERNAL, "a list of %zu columns", s->n_heads);
    }
    if (is_xlsx) {
        TRY(xlsx_rows(cx, &b, s));
    } else {
        csv_rows(cx, &b, s);
    }
    if (b.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "the list does not fit into %u bytes", SHEET_MAX);
    }
    return web_bytes(cx, rs, buf_str(&b),
                     is_xlsx
                         ? STR("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
                         : STR("text/csv; charset=utf-8"),
                     file_name(cx, s));
}
