/* gateway_page.c: puts a page together from sentences, links, tables and forms. */
#include "office/gateway/gateway_int.h"

#define SENTENCES_MAX 8
#define LINKS_MAX     8
#define TABLES_MAX    6
#define CELLS_MAX     9
#define BUTTONS_MAX   4
#define FORMS_MAX     6
#define FIELDS_MAX    16
#define OPTIONS_MAX   210
#define SHORT_LETTERS 18
#define WRAP_LETTERS  28 /* the first column is not broken below that */

static struct str
word(struct ctx *cx, const char *key)
{
    return text_find(cx, str_of(key));
}

static struct str
or_empty(struct str s)
{
    return s.p == NULL ? STR("") : s;
}

size_t
gw_shown(size_t n)
{
    return n > GW_SHOWN ? GW_SHOWN : n;
}

enum err
gw_key(struct ctx *cx, struct str key, int64_t *v, size_t n)
{
    struct str part;
    for (size_t i = 0; i < n; i++) {
        v[i] = 0;
        if (!str_is_empty(key) &&
            (!str_next(&key, '.', &part) || !str_to_i64(part, 0, INT64_MAX, &v[i]))) {
            return err_set(cx, ERR_INVALID, "sau is no place in this list");
        }
    }
    return ERR_OK;
}

struct str
gw_id(struct ctx *cx, const char *before, int64_t id)
{
    return str_fmt(cx->arena, "%s%" PRId64, before, id);
}

struct str
gw_word(struct ctx *cx, const char *group, struct str word)
{
    struct str known =
        text_find(cx, str_fmt(cx->arena, "gateway.%s." STR_FMT, group, STR_ARG(word)));
    return known.p == NULL ? or_empty(word) : known;
}

struct str
gw_percent(struct ctx *cx, int64_t part, int64_t whole)
{
    int64_t permille = whole == 0 ? 0 : part * 1000 / whole;
    return str_fmt(cx->arena, "%" PRId64 ",%" PRId64 " %%", permille / 10, permille % 10);
}

struct tpl_gateway_page *
gw_page(struct ctx *cx, struct str title)
{
    struct tpl_gateway_page *p = ARENA_NEW(cx->arena, struct tpl_gateway_page);
    p->title = title;
    p->sentences.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_page_sentences, SENTENCES_MAX);
    p->links.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_page_links, LINKS_MAX);
    p->tables.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_page_tables, TABLES_MAX);
    p->forms.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_page_forms, FORMS_MAX);
    p->next = STR("");
    p->secret = STR("");
    p->pre = STR("");
    return p;
}

void
gw_say(struct tpl_gateway_page *p, const char *kind, struct str text)
{
    if (p->sentences.n < SENTENCES_MAX) {
        p->sentences.v[p->sentences.n++] =
            (struct tpl_gateway_page_sentences){ .kind = str_of(kind), .text = text };
    }
}

void
gw_link(struct tpl_gateway_page *p, struct str href, struct str word)
{
    if (p->links.n < LINKS_MAX) {
        p->links.v[p->links.n++] = (struct tpl_gateway_page_links){ .href = href, .word = word };
    }
}

struct tpl_gateway_page_tables *
gw_table(struct ctx *cx, struct tpl_gateway_page *p, const char *title_key,
         const char *const *heads, size_t n_rows)
{
    struct tpl_gateway_page_tables *t =
        &p->tables.v[p->tables.n < TABLES_MAX ? p->tables.n++ : TABLES_MAX - 1];
    *t = (struct tpl_gateway_page_tables){ .title = word(cx, title_key), .is_empty = n_rows == 0 };
    t->heads.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_page_tables_heads, CELLS_MAX);
    for (size_t i = 0; i < CELLS_MAX && heads[i] != NULL; i++) {
        t->heads.v[t->heads.n++].word = word(cx, heads[i]);
    }
    t->rows.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_page_tables_rows, n_rows + 1);
    return t;
}

struct tpl_gateway_page_tables_rows *
gw_row(struct ctx *cx, struct tpl_gateway_page_tables *t, const char *kind)
{
    struct tpl_gateway_page_tables_rows *r = &t->rows.v[t->rows.n++];
    r->kind = str_of(kind);
    r->cells.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_page_tables_rows_cells, CELLS_MAX);
    r->buttons.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_page_tables_rows_buttons, BUTTONS_MAX);
    return r;
}

void
gw_cell(struct tpl_gateway_page_tables_rows *r, struct str value, struct str href)
{
    if (r->cells.n < CELLS_MAX) {
        r->cells.v[r->cells.n++] =
            (struct tpl_gateway_page_tables_rows_cells){ .value = or_empty(value),
                                                         .href = or_empty(href) };
    }
}

void
gw_button(struct ctx *cx, struct tpl_gateway_page_tables_rows *r, struct str action,
          const char *word_key, const char *name, struct str value)
{
    if (r->buttons.n < BUTTONS_MAX) {
        r->buttons.v[r->buttons.n++] = (struct tpl_gateway_page_tables_rows_buttons){
            .action = action, .word = word(cx, word_key), .name = str_of(name), .value = value
        };
    }
}

struct tpl_gateway_page_forms *
gw_form(struct ctx *cx, struct tpl_gateway_page *p, struct str action, const char *title_key)
{
    struct tpl_gateway_page_forms *f =
        &p->forms.v[p->forms.n < FORMS_MAX ? p->forms.n++ : FORMS_MAX - 1];
    struct str hint = text_find(cx, str_fmt(cx->arena, "%s.hint", title_key));
    *f = (struct tpl_gateway_page_forms){ .action = action,
                                          .title = word(cx, title_key),
                                          .hint = or_empty(hint) };
    f->fields.v = ARENA_ARRAY(cx->arena, struct tpl_gateway_page_forms_fields, FIELDS_MAX);
    return f;
}

struct tpl_gateway_page_forms_fields *
gw_field(struct ctx *cx, struct tpl_gateway_page_forms *f, enum gw_kind kind, const char *name,
         const char *label_key, struct str value)
{
    struct tpl_gateway_page_forms_fields *field =
        &f->fields.v[f->fields.n < FIELDS_MAX ? f->fields.n++ : FIELDS_MAX - 1];
    struct str hint = text_find(cx, str_fmt(cx->arena, "%s.hint", label_key));
    *field = (struct tpl_gateway_page_forms_fields){ .name = str_of(name),
                                                     .label = word(cx, label_key),
                                                     .hint = or_empty(hint),
                                                     .value = or_empty(value),
                                                     .is_text = kind == GW_TEXT,
                                                     .is_lines = kind == GW_LINES,
                                                     .is_select = kind == GW_SELECT,
                                                     .is_boxes = kind == GW_BOXES,
                                                     .is_file = kind == GW_FILE };
    f->is_upload = f->is_upload || kind == GW_FILE;
    field->options.v =
        ARENA_ARRAY(cx->arena, struct tpl_gateway_page_forms_fields_options, OPTIONS_MAX);
    return field;
}

void
gw_option(struct tpl_gateway_page_forms_fields *f, struct str value, struct str label)
{
    /* of boxes several may be ticked: their values stand with spaces between */
    bool is_off = f->is_boxes && !exchange_names(f->value, value);
    if (f->options.n < OPTIONS_MAX) {
        f->options.v[f->options.n++] = (struct tpl_gateway_page_forms_fields_options){
            .value = value,
            .label = label,
            .chosen = is_off        ? STR("")
                      : f->is_boxes ? value
                                    : f->value,
        };
    }
}

/* Letters, not bytes. */
static size_t
letters(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += ((unsigned char)s.p[i] & 0xc0U) != 0x80;
    }
    return n;
}

/* The longest value of a column; 0: nothing is in it. */
static size_t
column_letters(const struct tpl_gateway_page_tables *t, size_t c)
{
    size_t most = 0;
    for (size_t k = 0; k < t->rows.n; k++) {
        const struct tpl_gateway_page_tables_rows *r = &t->rows.v[k];
        size_t n = c < r->cells.n ? letters(r->cells.v[c].value) : 0;
        most = n > most ? n : most;
    }
    return most;
}

/* On a narrow screen a row is a card: each value says what it is, and columns of short values share
 * a line. A column with nothing in it is not shown (programs get it all the same). */
static void
label_column(struct tpl_gateway_page_tables *t, size_t c)
{
    size_t most = column_letters(t, c);
    t->heads.v[c].is_none = most == 0 && t->rows.n != 0;
    for (size_t k = 0; k < t->rows.n; k++) {
        struct tpl_gateway_page_tables_rows *r = &t->rows.v[k];
        if (c < r->cells.n) {
            r->cells.v[c].label = c == 0 ? STR("") : t->heads.v[c].word;
            r->cells.v[c].is_long =
                web_has_long_word(r->cells.v[c].value) || (c == 0 && most > WRAP_LETTERS);
            r->cells.v[c].is_short = c > 0 && most <= SHORT_LETTERS;
            r->cells.v[c].is_none = t->heads.v[c].is_none;
        }
    }
}

static void
label_cells(struct tpl_gateway_page *p)
{
    for (size_t i = 0; i < p->tables.n; i++) {
        struct tpl_gateway_page_tables *t = &p->tables.v[i];
        for (size_t c = 0; c < t->heads.n; c++) {
            label_column(t, c);
        }
        for (size_t k = 0; k < t->rows.n; k++) {
            t->has_do = t->has_do || t->rows.v[k].buttons.n > 0;
        }
    }
}

enum err
gw_show(struct ctx *cx, struct web_resp *rs, struct tpl_gateway_page *p)
{
    return gw_show_below(cx, rs, p, STR_NULL, STR_NULL);
}

enum err
gw_show_below(struct ctx *cx, struct web_resp *rs, struct tpl_gateway_page *p, struct str href,
              struct str name)
{
    web_title(rs, p->title);
    web_crumb(cx, rs, STR("/truc"), text(cx, "gateway.title"));
    if (!str_is_empty(href)) {
        web_crumb(cx, rs, href, name);
    }
    web_crumb(cx, rs, STR_NULL, p->title);
    label_cells(p);
    return web_page(cx, rs, &tpl_gateway_page_t, p);
}
