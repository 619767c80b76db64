/* operator_page.c: puts a page together from sentences, links, tables and forms. */
#include "base/buf.h"
#include "base/date.h"
#include "codec/url.h"
#include "office/operator/operator_int.h"

#define SENTENCES_MAX 24
#define LINKS_MAX     16
#define TABLES_MAX    8
#define CELLS_MAX     10
#define BUTTONS_MAX   3
#define FORMS_MAX     6
#define FIELDS_MAX    10
#define HIDDEN_MAX    6
#define OPTIONS_MAX   600
#define HREF_MAX      2048
#define EXPORT_PAGE   100 /* a list that is longer stopped at most this far below OP_EXPORT_MAX */

static struct str
word(struct ctx *cx, const char *key)
{
    return key == NULL ? STR("") : text_find(cx, str_of(key));
}

struct tpl_operator_page *
op_page(struct ctx *cx, const char *title_key)
{
    struct tpl_operator_page *p = ARENA_NEW(cx->arena, struct tpl_operator_page);
    p->title = word(cx, title_key);
    p->sentences.v = ARENA_ARRAY(cx->arena, struct tpl_operator_page_sentences, SENTENCES_MAX);
    p->links.v = ARENA_ARRAY(cx->arena, struct tpl_operator_page_links, LINKS_MAX);
    p->tables.v = ARENA_ARRAY(cx->arena, struct tpl_operator_page_tables, TABLES_MAX);
    p->forms.v = ARENA_ARRAY(cx->arena, struct tpl_operator_page_forms, FORMS_MAX);
    p->more = STR("");
    return p;
}

void
op_say(struct ctx *cx, struct tpl_operator_page *p, const char *kind, struct str text,
       const char *href)
{
    (void)cx;
    if (p->sentences.n < SENTENCES_MAX) {
        p->sentences.v[p->sentences.n++] = (struct tpl_operator_page_sentences){
            .kind = str_of(kind), .text = text, .href = href == NULL ? STR("") : str_of(href)
        };
    }
}

void
op_link(struct ctx *cx, struct tpl_operator_page *p, const char *href, const char *key,
        const char *icon)
{
    if (p->links.n < LINKS_MAX) {
        p->links.v[p->links.n++] = (struct tpl_operator_page_links){
            .href = str_of(href),
            .word = word(cx, key),
            .note = text_find(cx, str_fmt(cx->arena, "%s.note", key)),
            .icon = str_of(icon),
        };
    }
}

void
op_below(struct ctx *cx, struct tpl_operator_page *p, const char *href, const char *key)
{
    p->up_href = str_of(href);
    p->up_word = word(cx, key);
}

struct tpl_operator_page_tables *
op_table(struct ctx *cx, struct tpl_operator_page *p, const char *title_key, const char *empty_key,
         const char *const *heads, size_t n_rows)
{
    struct tpl_operator_page_tables *t =
        &p->tables.v[p->tables.n < TABLES_MAX ? p->tables.n++ : TABLES_MAX - 1];
    *t = (struct tpl_operator_page_tables){ .id = str_fmt(cx->arena, "t%zu", p->tables.n),
                                            .title = word(cx, title_key),
                                            .empty = word(cx, empty_key),
                                            .is_empty = n_rows == 0 };
    t->heads.v = ARENA_ARRAY(cx->arena, struct tpl_operator_page_tables_heads, CELLS_MAX);
    for (size_t i = 0; i < CELLS_MAX && heads[i] != NULL; i++) {
        t->heads.v[t->heads.n++].word = word(cx, heads[i]);
    }
    t->rows.v = ARENA_ARRAY(cx->arena, struct tpl_operator_page_tables_rows, n_rows + 1);
    return t;
}

struct tpl_operator_page_tables_rows *
op_row(struct ctx *cx, struct tpl_operator_page_tables *t, const char *kind)
{
    struct tpl_operator_page_tables_rows *r = &t->rows.v[t->rows.n++];
    r->kind = str_of(kind);
    r->cells.v = ARENA_ARRAY(cx->arena, struct tpl_operator_page_tables_rows_cells, CELLS_MAX);
    r->buttons.v =
        ARENA_ARRAY(cx->arena, struct tpl_operator_page_tables_rows_buttons, BUTTONS_MAX);
    return r;
}

void
op_cell(struct ctx *cx, struct tpl_operator_page_tables_rows *r, struct str value, struct str href)
{
    (void)cx;
    if (r->cells.n < CELLS_MAX) {
        r->cells.v[r->cells.n++] = (struct tpl_operator_page_tables_rows_cells){
            .value = value.p == NULL ? STR("") : value,
            .href = href.p == NULL ? STR("") : href,
            .label = STR(""),
        };
    }
}

void
op_button(struct ctx *cx, struct tpl_operator_page_tables_rows *r, const char *action,
          const char *word_key, int64_t id)
{
    if (r->buttons.n < BUTTONS_MAX) {
        r->buttons.v[r->buttons.n++] =
            (struct tpl_operator_page_tables_rows_buttons){ .action = str_of(action),
                                                            .word = word(cx, word_key),
                                                            .name = STR("id"),
                                                            .value = str_fmt(cx->arena, "%" PRId64,
                                                                             id) };
    }
}

struct tpl_operator_page_forms *
op_form(struct ctx *cx, struct tpl_operator_page *p, struct str action, const char *title_key,
        const char *hint_key, const char *submit_key)
{
    struct tpl_operator_page_forms *f =
        &p->forms.v[p->forms.n < FORMS_MAX ? p->forms.n++ : FORMS_MAX - 1];
    *f = (struct tpl_operator_page_forms){ .action = action,
                                           .id = str_fmt(cx->arena, "f%zu", p->forms.n),
                                           .title = word(cx, title_key),
                                           .hint = word(cx, hint_key),
                                           .submit = word(cx, submit_key) };
    f->hidden.v = ARENA_ARRAY(cx->arena, struct tpl_operator_page_forms_hidden, HIDDEN_MAX);
    f->fields.v = ARENA_ARRAY(cx->arena, struct tpl_operator_page_forms_fields, FIELDS_MAX);
    return f;
}

void
op_hidden(struct ctx *cx, struct tpl_operator_page_forms *f, const char *name, struct str value)
{
    (void)cx;
    if (f->hidden.n < HIDDEN_MAX) {
        f->hidden.v[f->hidden.n++] =
            (struct tpl_operator_page_forms_hidden){ .name = str_of(name), .value = value };
    }
}

struct tpl_operator_page_forms_fields *
op_field(struct ctx *cx, struct tpl_operator_page_forms *f, enum op_kind kind, const char *name,
         const char *label_key, struct str value)
{
    struct tpl_operator_page_forms_fields *field =
        &f->fields.v[f->fields.n < FIELDS_MAX ? f->fields.n++ : FIELDS_MAX - 1];
    *field = (struct tpl_operator_page_forms_fields){ .name = str_of(name),
                                                      .label = word(cx, label_key),
                                                      .hint = STR(""),
                                                      .value = value.p == NULL ? STR("") : value,
                                                      .is_text = kind == OP_TEXT,
                                                      .is_secret = kind == OP_SECRET,
                                                      .is_select = kind == OP_SELECT,
                                                      .is_check = kind == OP_CHECK };
    if (kind == OP_SELECT) {
        field->options.v =
            ARENA_ARRAY(cx->arena, struct tpl_operator_page_forms_fields_options, OPTIONS_MAX);
    }
    return field;
}

void
op_option(struct ctx *cx, struct tpl_operator_page_forms_fields *f, struct str value,
          struct str label)
{
    (void)cx;
    if (f->options.n < OPTIONS_MAX) {
        f->options.v[f->options.n++] =
            (struct tpl_operator_page_forms_fields_options){ .value = value, .label = label };
    }
}

struct tpl_operator_page_forms *
op_filter(struct ctx *cx, struct tpl_operator_page *p, const char *action, const char *submit_key)
{
    struct tpl_operator_page_forms *f =
        op_form(cx, p, str_of(action), submit_key, NULL, submit_key);
    f->is_filter = true;
    return f;
}

/* On a narrow screen a row is a card: each value says what it is. */
static void
label_cells(struct tpl_operator_page *p)
{
    for (size_t i = 0; i < p->tables.n; i++) {
        struct tpl_operator_page_tables *t = &p->tables.v[i];
        for (size_t k = 0; k < t->rows.n; k++) {
            struct tpl_operator_page_tables_rows *r = &t->rows.v[k];
            t->has_do = t->has_do || r->buttons.n > 0;
            for (size_t c = 0; c < r->cells.n && c < t->heads.n; c++) {
                r->cells.v[c].label = c == 0 ? STR("") : t->heads.v[c].word;
                r->cells.v[c].is_long = web_has_long_word(r->cells.v[c].value);
            }
        }
    }
}

/* --- the first table of a page as a file ------------------------------------------------------ */
static bool
has_field(const struct web_req *rq, const char *name)
{
    for (size_t i = 0; i < rq->route->n_fields; i++) {
        if (str_eq(str_of(rq->route->fields[i].name), str_of(name))) {
            return true;
        }
    }
    return false;
}

bool
op_is_export(struct ctx *cx)
{
    return web_sheet_kind(cx->req).p != NULL;
}

/* The page's address with its filters, as a file. */
static struct str
export_href(struct ctx *cx, const char *kind)
{
    struct buf b = buf_new(cx->arena, HREF_MAX);
    const struct web_req *rq = cx->req;
    buf_add(&b, str_of(rq->route->path));
    buf_addf(&b, "?dang=%s", kind);
    for (size_t i = 0; i < rq->n_pairs; i++) {
        struct str name = rq->pairs[i].name;
        if (!str_is_empty(rq->pairs[i].value) && !str_eq(name, STR("dang")) &&
            !str_eq(name, STR("sau"))) {
            struct str value = url_encode(cx->arena, rq->pairs[i].value);
            buf_addf(&b, "&" STR_FMT "=" STR_FMT, STR_ARG(name), STR_ARG(value));
        }
    }
    return buf_str(&b);
}

static enum err
send_sheet(struct ctx *cx, struct web_resp *rs, const struct tpl_operator_page *p)
{
    const struct tpl_operator_page_tables *t = &p->tables.v[0];
    size_t n = t->heads.n;
    struct str *heads = ARENA_ARRAY(cx->arena, struct str, n);
    struct web_sheet sheet = { .kind = web_sheet_kind(cx->req),
                               .name = p->title,
                               .heads = heads,
                               .n_heads = n,
                               .n_rows = t->rows.n,
                               .is_cut = t->rows.n + EXPORT_PAGE > OP_EXPORT_MAX };
    sheet.cells = ARENA_ARRAY(cx->arena, struct str, n * t->rows.n + 1);
    for (size_t i = 0; i < n; i++) {
        heads[i] = t->heads.v[i].word;
    }
    for (size_t k = 0; k < t->rows.n; k++) {
        const struct tpl_operator_page_tables_rows *r = &t->rows.v[k];
        for (size_t i = 0; i < n && i < r->cells.n; i++) {
            sheet.cells[k * n + i] = r->cells.v[i].value;
        }
    }
    return web_sheet(cx, rs, &sheet);
}

enum err
op_show(struct ctx *cx, struct web_resp *rs, struct tpl_operator_page *p)
{
    bool is_list = cx->req->route->method == HTTP_GET && has_field(cx->req, "dang");
    if (p->tables.n > 0 && op_is_export(cx)) {
        return send_sheet(cx, rs, p);
    }
    if (is_list && p->tables.n > 0 && !p->tables.v[0].is_empty) {
        p->csv = export_href(cx, "csv");
        p->xlsx = export_href(cx, "xlsx");
    }
    label_cells(p);
    web_title(rs, p->title);
    web_crumb(cx, rs, STR("/quan-tri"), text(cx, "operator.home"));
    if (!str_is_empty(p->up_href)) {
        web_crumb(cx, rs, p->up_href, p->up_word);
    }
    web_crumb(cx, rs, STR_NULL, p->title);
    return web_page(cx, rs, &tpl_operator_page_t, p);
}

struct str
op_when(struct ctx *cx, int64_t at_us)
{
    return at_us == 0 ? STR("") : text_instant(cx, at_us);
}

struct str
op_day(struct ctx *cx, struct str iso)
{
    struct date d;
    return date_parse(iso, &d) ? text_date_of(cx, d) : STR("");
}

struct str
op_encode(struct ctx *cx, struct str s)
{
    return s.p == NULL ? STR("") : url_encode(cx->arena, s);
}
