/* Fills a template: runs its flat program over a JSON document into a tree of elements. */
#include "codec/pdf_int.h"

#include <glib.h>

#define STEPS_MAX    500000
#define ELEMENTS_MAX 60000
#define SCOPES_MAX   8
#define TEXT_MAX     ((size_t)1 << 18)

struct scope {
    const struct json *item;
    int64_t index;
};

struct fill {
    struct ctx *cx;
    const struct json *doc;
    struct scope scopes[SCOPES_MAX];
    uint32_t n_scopes, n_elements;
    struct pdf_el *now, *root;
};

static const struct json *
lookup_in(const struct json *from, struct str path)
{
    struct str part;
    while (from != NULL && str_next(&path, '.', &part)) {
        from = json_get_str_key(from, part);
    }
    return from;
}

/* Inner names first, then outer. */
static const struct json *
lookup(const struct fill *f, struct str path)
{
    if (f->n_scopes > 0 && str_eq(path, STR("item"))) {
        return f->scopes[f->n_scopes - 1].item;
    }
    if (f->n_scopes > 0 && str_starts(path, STR("item."))) {
        return lookup_in(f->scopes[f->n_scopes - 1].item, str_slice(path, 5, path.n));
    }
    for (uint32_t i = f->n_scopes; i > 0; i--) {
        const struct json *j = lookup_in(f->scopes[i - 1].item, path);
        if (j != NULL) {
            return j;
        }
    }
    return lookup_in(f->doc, path);
}

static struct str
text_of(const struct fill *f, struct str path)
{
    if (f->n_scopes > 0 && str_eq(path, STR("index"))) {
        return str_fmt(f->cx->arena, "%" PRId64, f->scopes[f->n_scopes - 1].index);
    }
    const struct json *j = lookup(f, path);
    if (j == NULL || (j->type != JSON_STRING && j->type != JSON_NUMBER)) {
        return STR("");
    }
    return j->text;
}

static bool
is_true(const struct fill *f, const struct pdf_op *op)
{
    if (op->has_compare) {
        return str_eq(text_of(f, op->path), op->compare) != op->is_not;
    }
    const struct json *j = lookup(f, op->path);
    bool value = false;
    if (j != NULL) {
        switch (j->type) {
        case JSON_NULL:
            break;
        case JSON_BOOL:
            value = j->is_true;
            break;
        case JSON_NUMBER:
            value = !(j->is_int && j->i64 == 0);
            break;
        case JSON_STRING:
            value = j->text.n > 0;
            break;
        case JSON_LIST:
        case JSON_OBJECT:
            value = j->n > 0;
            break;
        }
    }
    return value != op->is_not;
}

static struct str
help_date(struct fill *f, enum pdf_help help, struct str s)
{
    struct arena *a = f->cx->arena;
    struct date d = { 0 };
    int64_t at_us = 0;

    if (date_parse_instant(s, &at_us)) {
        d = date_at_vn(at_us);
    } else if (!date_parse(s, &d)) {
        return s;
    }
    struct civil c = date_civil(d);
    if (help == PDF_HELP_DATE) {
        return pdf_date_words(a, d);
    }
    struct str day = str_fmt(a, "%02d/%02d/%d", c.mday, c.month, c.year);
    if (help == PDF_HELP_DAY || at_us == 0) {
        return day;
    }
    int32_t second = date_second_at_vn(at_us);
    return str_fmt(a, "%02d giờ %02d phút, ngày " STR_FMT, second / 3600, second / 60 % 60,
                   STR_ARG(day));
}

static struct str
help_money(struct fill *f, enum pdf_help help, struct str s)
{
    int64_t vnd = 0;
    if (!str_to_i64(s, 0, INT64_MAX, &vnd)) {
        return s;
    }
    return help == PDF_HELP_MONEY ? pdf_money(f->cx->arena, vnd)
                                  : pdf_money_words(f->cx->arena, vnd);
}

static struct str
help_upper(struct fill *f, struct str s)
{
    char *up = g_utf8_strup(s.p, (gssize)s.n);
    struct str out = str_dup(f->cx->arena, str_of(up));
    g_free(up);
    return out;
}

static struct str
piece_text(struct fill *f, const struct pdf_piece *piece)
{
    if (str_is_empty(piece->path)) {
        return piece->text;
    }
    struct str s = text_of(f, piece->path);
    switch (piece->help) {
    case PDF_HELP_BLANK:
        return s.n > 0 ? s : STR("………………………");
    case PDF_HELP_UPPER:
        return s.n > 0 ? help_upper(f, s) : s;
    case PDF_HELP_DATE:
    case PDF_HELP_DAY:
    case PDF_HELP_TIME:
        return help_date(f, piece->help, s);
    case PDF_HELP_MONEY:
    case PDF_HELP_WORDS:
        return help_money(f, piece->help, s);
    case PDF_HELP_NONE:
    case PDF_HELP_COUNT:
        break;
    }
    return s;
}

/* Escapes for markup and collapses white space; control characters vanish. Lines of a value (not of
 * the template) are kept as lines. */
static void
add_text(struct buf *b, struct str s, bool is_value)
{
    ASSERT(b != NULL);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\n' && is_value) {
            buf_add_char(b, '\n');
        } else if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            if (b->n > 0 && b->p[b->n - 1] != ' ' && b->p[b->n - 1] != '\n') {
                buf_add_char(b, ' ');
            }
        } else if (c == '&') {
            BUF_LIT(b, "&amp;");
        } else if (c == '<') {
            BUF_LIT(b, "&lt;");
        } else if (c == '>') {
            BUF_LIT(b, "&gt;");
        } else if ((unsigned char)c >= 0x20 && c != 0x7f) {
            buf_add_char(b, c);
        }
    }
}

static bool
is_inline(enum pdf_tag tag)
{
    return pdf_tag_defs[tag].parents == PDF_PARENTS_INLINE;
}

static enum err
open_element(struct fill *f, const struct pdf_op *op)
{
    struct arena *a = f->cx->arena;

    if (is_inline(op->tag)) {
        if (op->tag == PDF_br) {
            buf_add_char(&f->now->text, '\n');
        } else {
            buf_addf(&f->now->text, "<" STR_FMT ">", STR_ARG(pdf_tag_defs[op->tag].name));
        }
        return ERR_OK;
    }
    if (f->n_elements++ >= ELEMENTS_MAX) {
        return err_set(f->cx, ERR_TOO_LARGE, "document has more than %d elements", ELEMENTS_MAX);
    }
    struct pdf_el *e = ARENA_NEW(a, struct pdf_el);
    *e = (struct pdf_el){ .tag = op->tag,
                          .line = op->line,
                          .parent = f->now,
                          .attrs = op->attrs,
                          .n_attrs = op->n_attrs };
    e->text = buf_new(a, TEXT_MAX);
    e->attr_values = ARENA_ARRAY(a, struct str, op->n_attrs + 1);
    for (uint32_t i = 0; i < op->n_attrs; i++) {
        struct buf b = buf_new(a, 4096);
        for (const struct pdf_piece *piece = op->attrs[i].value; piece != NULL;
             piece = piece->next) {
            buf_add(&b, piece_text(f, piece));
        }
        e->attr_values[i] = buf_str(&b);
    }
    if (f->now == NULL) {
        f->root = e;
    } else if (f->now->last == NULL) {
        f->now->child = e;
    } else {
        f->now->last->next = e;
    }
    if (f->now != NULL) {
        f->now->last = e;
        f->now->n_children++;
    }
    f->now = e;
    return ERR_OK;
}

static void
close_element(struct fill *f, enum pdf_tag tag)
{
    if (tag == PDF_br) {
        return;
    }
    if (is_inline(tag)) {
        buf_addf(&f->now->text, "</" STR_FMT ">", STR_ARG(pdf_tag_defs[tag].name));
        return;
    }
    ASSERT(f->now != NULL); /* the template was checked: what closes was opened */
    f->now = f->now->parent;
}

/* Returns where to go on. */
static uint32_t
enter_each(struct fill *f, const struct pdf_op *op, uint32_t at)
{
    const struct json *list = lookup(f, op->path);
    if (list == NULL || list->type != JSON_LIST || list->child == NULL ||
        f->n_scopes == SCOPES_MAX) {
        return op->jump;
    }
    f->scopes[f->n_scopes++] = (struct scope){ list->child, 1 };
    return at + 1;
}

static uint32_t
next_item(struct fill *f, const struct pdf_op *op, uint32_t at)
{
    struct scope *top = &f->scopes[f->n_scopes - 1];
    ASSERT(top->item != NULL);
    if (top->item->next != NULL) {
        top->item = top->item->next;
        top->index++;
        return op->jump;
    }
    f->n_scopes--;
    return at + 1;
}

static enum err
run_op(struct fill *f, const struct pdf_op *op, uint32_t *at)
{
    uint32_t next = *at + 1;

    switch (op->kind) {
    case PDF_OP_TEXT:
        add_text(&f->now->text, piece_text(f, &op->piece), op->piece.path.n > 0);
        break;
    case PDF_OP_OPEN:
        TRY(open_element(f, op));
        break;
    case PDF_OP_CLOSE:
        close_element(f, op->tag);
        break;
    case PDF_OP_IF:
        next = is_true(f, op) ? next : op->jump;
        break;
    case PDF_OP_JUMP:
        next = op->jump;
        break;
    case PDF_OP_EACH:
        next = enter_each(f, op, *at);
        break;
    case PDF_OP_NEXT:
        next = next_item(f, op, *at);
        break;
    }
    *at = next;
    return ERR_OK;
}

enum err
pdf_fill(struct ctx *cx, const struct pdf_template *t, const struct json *doc,
         struct pdf_el **ret_root)
{
    struct fill f = { .cx = cx, .doc = doc };
    uint32_t steps = 0;

    for (uint32_t at = 0; at < t->n_ops;) {
        if (++steps > STEPS_MAX || arena_is_over(cx->arena)) {
            return err_set(cx, ERR_TOO_LARGE, "document needs more than %d steps", STEPS_MAX);
        }
        TRY(run_op(&f, &t->ops[at], &at));
    }
    *ret_root = f.root;
    return ERR_OK;
}

struct str
pdf_attr_of(const struct pdf_el *e, const char *name)
{
    for (uint32_t i = 0; i < e->n_attrs; i++) {
        if (str_eq(e->attrs[i].name, str_of(name))) {
            return e->attr_values[i];
        }
    }
    return STR_NULL;
}

int64_t
pdf_attr_int(const struct pdf_el *e, const char *name, int64_t otherwise, int64_t min, int64_t max)
{
    int64_t v = otherwise;
    return str_to_i64(pdf_attr_of(e, name), min, max, &v) ? v : otherwise;
}
