/* pdf_lay.h: the page being drawn. Lengths are points; `double` because Cairo's interface is. */
#ifndef CODEC_PDF_LAY_H
#define CODEC_PDF_LAY_H

#include "codec/pdf_int.h"

#include <pango/pangocairo.h>

#define LAY_MM      (72.0 / 25.4)
#define LAY_PAGE_W  595.276
#define LAY_PAGE_H  841.89
#define LAY_FONT    "Liberation Serif"
#define LAY_LEADING 1.12

struct lay {
    struct ctx *cx;
    cairo_t *cr;
    PangoContext *pango;
    double left, width, top, bottom, y, size;
    const struct pdf_el *foot;
    double foot_height;
    struct pdf_out *out;
    uint32_t page; /* 0-based */
    enum err err;  /* sticky: the first failure */
};

/* How a piece of text looks. Zero values: left, upright, plain, no indent. */
struct look {
    double size, width, indent;
    PangoAlignment align;
    bool is_justified, is_bold, is_italic;
};

/* What a block function does: only tell the height, draw at L->y without a break, or flow over
 * pages. */
enum lay_mode { LAY_MEASURE, LAY_DRAW, LAY_FLOW };

/* A laid-out text; the caller unrefs it. Markup as pdf_fill makes it. */
PangoLayout *lay_text(struct lay *L, struct str markup, const struct look *k);
double lay_text_height(PangoLayout *t);
double lay_text_ink_width(PangoLayout *t);
/* Draws at (x, L->y); moves L->y below it. Breaks between lines only when mode is LAY_FLOW. */
void lay_text_draw(struct lay *L, PangoLayout *t, double x, enum lay_mode mode);
/* Measures or draws in one call; gives the height. */
double lay_line(struct lay *L, struct str markup, const struct look *k, double x,
                enum lay_mode mode);
void lay_rule(struct lay *L, double x, double y, double w, double thickness);
void lay_qr(struct lay *L, struct str text, double x, double y, double side);

/* Starts a new page when less than height is left. A block taller than a page is ERR_TOO_LARGE:
 * nothing is ever cut off silently. */
void lay_need(struct lay *L, double height);
void lay_new_page(struct lay *L);

/* p, title, subtitle, item, field, qr, space, rule. Gives the height; draws unless measuring. */
double lay_leaf(struct lay *L, const struct pdf_el *e, double x, double w, enum lay_mode mode);
/* heading, columns, table, keep, signature. */
void lay_heading(struct lay *L, const struct pdf_el *e);
void lay_columns(struct lay *L, const struct pdf_el *e);
void lay_table(struct lay *L, const struct pdf_el *e);
void lay_keep(struct lay *L, const struct pdf_el *e);
void lay_signature(struct lay *L, const struct pdf_el *e);
void lay_foot(struct lay *L);

#endif
