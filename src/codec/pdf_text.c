/* Text, lines and leaf blocks of the page layout. */
#include "codec/pdf_lay.h"

#include <qrencode.h>

PangoLayout *
lay_text(struct lay *L, struct str markup, const struct look *k)
{
    PangoLayout *t = pango_layout_new(L->pango);
    PangoFontDescription *font = pango_font_description_from_string(LAY_FONT);
    PangoAttrList *attrs = NULL;
    char *plain = NULL;
    struct str m = markup.p == NULL ? STR("") : str_trim(markup);

    pango_font_description_set_absolute_size(font, k->size * PANGO_SCALE);
    pango_font_description_set_weight(font, k->is_bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_style(font, k->is_italic ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL);
    pango_layout_set_font_description(t, font);
    pango_font_description_free(font);
    pango_layout_set_width(t, (int)(k->width * PANGO_SCALE));
    pango_layout_set_wrap(t, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_indent(t, (int)(k->indent * PANGO_SCALE));
    pango_layout_set_alignment(t, k->align);
    pango_layout_set_justify(t, k->is_justified);
    pango_layout_set_line_spacing(t, (float)LAY_LEADING);
    if (pango_parse_markup(m.p, (int)m.n, 0, &attrs, &plain, NULL, NULL)) {
        pango_layout_set_text(t, plain, -1);
        pango_layout_set_attributes(t, attrs);
        pango_attr_list_unref(attrs);
        g_free(plain);
    } else if (L->err == ERR_OK) {
        L->err = err_set(L->cx, ERR_INTERNAL, "text of a document is not well-formed markup");
    }
    return t;
}

double
lay_text_height(PangoLayout *t)
{
    PangoRectangle r;
    pango_layout_get_extents(t, NULL, &r);
    return (double)r.height / PANGO_SCALE;
}

double
lay_text_ink_width(PangoLayout *t)
{
    PangoRectangle r;
    pango_layout_get_extents(t, NULL, &r);
    return (double)r.width / PANGO_SCALE;
}

void
lay_text_draw(struct lay *L, PangoLayout *t, double x, enum lay_mode mode)
{
    PangoLayoutIter *it = pango_layout_get_iter(t);
    double from = 0; /* where this page's part of the text begins */
    double y1 = 0;

    do {
        int y0_units = 0;
        int y1_units = 0;
        PangoRectangle r;
        pango_layout_iter_get_line_yrange(it, &y0_units, &y1_units);
        pango_layout_iter_get_line_extents(it, NULL, &r);
        double y0 = (double)y0_units / PANGO_SCALE;
        y1 = (double)y1_units / PANGO_SCALE;
        if (mode == LAY_FLOW && L->y + y1 - from > L->bottom) {
            lay_new_page(L);
            from = y0;
        }
        double base = (double)pango_layout_iter_get_baseline(it) / PANGO_SCALE;
        cairo_move_to(L->cr, x + (double)r.x / PANGO_SCALE, L->y + base - from);
        pango_cairo_show_layout_line(L->cr, pango_layout_iter_get_line_readonly(it));
    } while (pango_layout_iter_next_line(it));
    pango_layout_iter_free(it);
    L->y += y1 - from;
}

double
lay_line(struct lay *L, struct str markup, const struct look *k, double x, enum lay_mode mode)
{
    PangoLayout *t = lay_text(L, markup, k);
    double h = lay_text_height(t);

    if (mode != LAY_MEASURE) {
        lay_text_draw(L, t, x, mode);
    }
    g_object_unref(t);
    return h;
}

void
lay_rule(struct lay *L, double x, double y, double w, double thickness)
{
    cairo_set_line_width(L->cr, thickness);
    cairo_move_to(L->cr, x, y);
    cairo_line_to(L->cr, x + w, y);
    cairo_stroke(L->cr);
}

void
lay_qr(struct lay *L, struct str text, double x, double y, double side)
{
    if (str_is_empty(text)) {
        return;
    }
    /* drawn as squares of the page, not as a picture: sharp on every printer */
    QRcode *q = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_M);
    if (q == NULL) {
        if (L->err == ERR_OK) {
            L->err = err_set(L->cx, ERR_TOO_LARGE, "text does not fit into a QR code");
        }
        return;
    }
    double m = side / (double)q->width;
    for (int i = 0; i < q->width * q->width; i++) {
        if ((q->data[i] & 1) != 0) {
            int row = i / q->width;
            int column = i % q->width;
            cairo_rectangle(L->cr, x + m * (double)column, y + m * (double)row, m, m);
        }
    }
    cairo_fill(L->cr);
    QRcode_free(q);
}

static PangoAlignment
align_of(const struct pdf_el *e)
{
    struct str a = pdf_attr_of(e, "align");
    return str_eq(a, STR("center"))  ? PANGO_ALIGN_CENTER
           : str_eq(a, STR("right")) ? PANGO_ALIGN_RIGHT
                                     : PANGO_ALIGN_LEFT;
}

static double
leaf_p(struct lay *L, const struct pdf_el *e, double x, double w, enum lay_mode mode)
{
    struct str align = pdf_attr_of(e, "align");
    bool is_body = align.p == NULL || str_eq(align, STR("justify"));
    bool has_indent =
        is_body && !str_eq(pdf_attr_of(e, "indent"), STR("no")) && e->parent->tag != PDF_column;
    double before = (double)pdf_attr_int(e, "before", 4, 0, 200);
    struct look k = { .size = (double)pdf_attr_int(e, "size", (int64_t)L->size, 7, 30),
                      .width = w,
                      .indent = has_indent ? 10 * LAY_MM : 0,
                      .align = align_of(e),
                      .is_justified = is_body };

    if (mode != LAY_MEASURE) {
        L->y += before;
    }
    return before + lay_line(L, buf_str(&e->text), &k, x, mode);
}

static double
leaf_item(struct lay *L, const struct pdf_el *e, double x, double w, enum lay_mode mode)
{
    struct str mark = pdf_attr_of(e, "mark");
    struct look k = { .size = L->size, .width = w, .indent = 10 * LAY_MM, .is_justified = true };
    char *safe = g_markup_escape_text(mark.n > 0 ? mark.p : "-", mark.n > 0 ? (gssize)mark.n : 1);
    struct str text =
        str_fmt(L->cx->arena, "%s " STR_FMT, safe, STR_ARG(str_trim(buf_str(&e->text))));

    g_free(safe);
    if (mode != LAY_MEASURE) {
        L->y += 3;
    }
    return 3 + lay_line(L, text, &k, x, mode);
}

/* "Label: value"; dots to the right edge when there is no value. */
static double
leaf_field(struct lay *L, const struct pdf_el *e, double x, double w, enum lay_mode mode)
{
    struct str label = pdf_attr_of(e, "label");
    struct str value = str_trim(buf_str(&e->text));
    bool is_bold = str_eq(pdf_attr_of(e, "bold"), STR("yes"));
    struct look k = { .size = L->size, .width = w };
    char *safe = g_markup_escape_text(label.n > 0 ? label.p : "", (gssize)label.n);
    struct str text = str_fmt(L->cx->arena, "%s: %s" STR_FMT "%s", safe, is_bold ? "<b>" : "",
                              STR_ARG(value), is_bold ? "</b>" : "");

    g_free(safe);
    PangoLayout *t = lay_text(L, text, &k);
    double h = 4 + lay_text_height(t);
    if (mode != LAY_MEASURE) {
        L->y += 4;
        double y = L->y;
        lay_text_draw(L, t, x, mode);
        double used = lay_text_ink_width(t);
        if (value.n == 0 && used + 10 < w && L->y > y) {
            double dots[2] = { 0.8, 2.4 };
            cairo_set_dash(L->cr, dots, 2, 0);
            lay_rule(L, x + used + 2, L->y - L->size * 0.32, w - used - 2, 0.8);
            cairo_set_dash(L->cr, NULL, 0, 0);
        }
    }
    g_object_unref(t);
    return h;
}

/* A centred bold line; with_rule draws a line of a third of the text's width below it. */
static double
leaf_title(struct lay *L, const struct pdf_el *e, struct str markup, double x, enum lay_mode mode)
{
    bool is_title = e->tag == PDF_title;
    double w = L->width;
    struct look k = { .size = is_title           ? 14
                              : L->size + 1 > 14 ? 14
                                                 : L->size + 1,
                      .width = w,
                      .align = PANGO_ALIGN_CENTER,
                      .is_bold = true };
    bool has_rule = !is_title && !str_eq(pdf_attr_of(e, "line"), STR("no"));
    double before = is_title ? 14 : has_rule ? 1 : 6;
    double after = has_rule ? 8 : 2;
    PangoLayout *t = lay_text(L, markup, &k);
    double h = before + lay_text_height(t) + after;

    if (mode != LAY_MEASURE) {
        L->y += before;
        lay_text_draw(L, t, x, mode);
        if (has_rule) {
            double line = lay_text_ink_width(t) / 3;
            lay_rule(L, x + (w - line) / 2, L->y + 2.5, line, 0.8);
        }
        L->y += after;
    }
    g_object_unref(t);
    return h;
}

static double
leaf_qr(struct lay *L, const struct pdf_el *e, double x, double w, enum lay_mode mode)
{
    double side = (double)pdf_attr_int(e, "mm", 25, 10, 80) * LAY_MM;
    PangoAlignment align = align_of(e);
    double shift = align == PANGO_ALIGN_CENTER  ? (w - side) / 2
                   : align == PANGO_ALIGN_RIGHT ? w - side
                                                : 0;

    if (mode == LAY_FLOW) {
        lay_need(L, side + 8);
    }
    if (mode != LAY_MEASURE) {
        lay_qr(L, pdf_attr_of(e, "value"), x + shift, L->y + 4, side);
        L->y += side + 8;
    }
    return side + 8;
}

/* Empty room or a line across. */
static double
leaf_gap(struct lay *L, const struct pdf_el *e, double x, double w, enum lay_mode mode)
{
    double h = e->tag == PDF_space ? (double)pdf_attr_int(e, "mm", 4, 1, 200) * LAY_MM : 6;

    if (mode != LAY_MEASURE) {
        if (e->tag == PDF_rule) {
            lay_rule(L, x, L->y + 3, w, 0.6);
        }
        L->y += h;
    }
    return h;
}

double
lay_leaf(struct lay *L, const struct pdf_el *e, double x, double w, enum lay_mode mode)
{
    switch ((int)e->tag) {
    case PDF_p:
        return leaf_p(L, e, x, w, mode);
    case PDF_item:
        return leaf_item(L, e, x, w, mode);
    case PDF_field:
        return leaf_field(L, e, x, w, mode);
    case PDF_title:
    case PDF_subtitle: {
        double was = L->width;
        L->width = w;
        double h = leaf_title(L, e, buf_str(&e->text), x, mode);
        L->width = was;
        return h;
    }
    case PDF_qr:
        return leaf_qr(L, e, x, w, mode);
    case PDF_space:
    case PDF_rule:
        return leaf_gap(L, e, x, w, mode);
    default:
        return 0;
    }
}
