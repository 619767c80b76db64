/* Blocks made of others: heading, columns, tables, signatures, foot. */
#include "codec/pdf_lay.h"

#define CELLS_MAX 12
#define CELL_PAD  3.0
#define SIGN_GAP  (30 * LAY_MM)
#define FOOT_QR   (17 * LAY_MM)

static const struct pdf_el *
child_of(const struct pdf_el *e, enum pdf_tag tag)
{
    for (const struct pdf_el *c = e->child; c != NULL; c = c->next) {
        if (c->tag == tag) {
            return c;
        }
    }
    return NULL;
}

static struct str
text_of(const struct pdf_el *e, enum pdf_tag tag)
{
    const struct pdf_el *c = child_of(e, tag);
    return c == NULL ? STR_NULL : str_trim(buf_str(&c->text));
}

/* Draws a centred line of the heading and, when asked, a rule of `share` of its width below. */
static void
head_line(struct lay *L, struct str text, struct look k, double x, double share)
{
    if (str_is_empty(text)) {
        return;
    }
    k.align = PANGO_ALIGN_CENTER;
    PangoLayout *t = lay_text(L, text, &k);
    lay_text_draw(L, t, x, LAY_DRAW);
    if (share > 0) {
        double w = lay_text_ink_width(t) * share;
        w = w > k.width * 0.98 ? k.width * 0.98 : w;
        lay_rule(L, x + (k.width - w) / 2, L->y + 2.5, w, 0.8);
        L->y += 5;
    }
    g_object_unref(t);
}

/* Decree 30/2020, annex I: names of the bodies at the left, national name and motto at the right;
 * number below the left, place and date below the right. */
void
lay_heading(struct lay *L, const struct pdf_el *e)
{
    double lw = L->width * 0.44;
    double rw = L->width - lw;
    double rx = L->left + lw;
    double y0 = 0;

    if (text_of(e, PDF_form).n > 0) {
        struct look k = {
            .size = 11, .width = L->width, .align = PANGO_ALIGN_RIGHT, .is_bold = true
        };
        lay_line(L, text_of(e, PDF_form), &k, L->left, LAY_DRAW);
    }
    y0 = L->y;
    head_line(L, text_of(e, PDF_parent), (struct look){ .size = 12, .width = lw }, L->left, 0);
    head_line(L, text_of(e, PDF_agency), (struct look){ .size = 12, .width = lw, .is_bold = true },
              L->left, 0.4);
    double left_end = L->y;
    L->y = y0;
    if (!str_eq(pdf_attr_of(e, "motto"), STR("no"))) {
        head_line(L, STR("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
                  (struct look){ .size = 12, .width = rw, .is_bold = true }, rx, 0);
        head_line(L, STR("Độc lập - Tự do - Hạnh phúc"),
                  (struct look){ .size = 13, .width = rw, .is_bold = true }, rx, 1);
    }
    y0 = (L->y > left_end ? L->y : left_end) + 4;
    L->y = y0;
    head_line(L, text_of(e, PDF_number), (struct look){ .size = 13, .width = lw }, L->left, 0);
    head_line(L, text_of(e, PDF_subject), (struct look){ .size = 12, .width = lw }, L->left, 0);
    left_end = L->y;
    L->y = y0;
    head_line(L, text_of(e, PDF_place), (struct look){ .size = 13, .width = rw, .is_italic = true },
              rx, 0);
    L->y = L->y > left_end ? L->y : left_end;
}

/* Percentages "8 52 40" as points; equal shares when absent. */
static size_t
widths_of(const struct lay *L, const struct pdf_el *e, size_t n, double *ret)
{
    struct str rest = pdf_attr_of(e, "widths");
    struct str part;
    size_t i = 0;

    while (i < n && rest.n > 0 && str_next(&rest, ' ', &part)) {
        int64_t percent = 0;
        if (str_to_i64(part, 1, 100, &percent)) {
            ret[i++] = L->width * (double)percent / 100;
        }
    }
    for (; i < n; i++) {
        ret[i] = L->width / (double)n;
    }
    return n;
}

static double
children_height(struct lay *L, const struct pdf_el *e, double w)
{
    double h = 0;
    for (const struct pdf_el *c = e->child; c != NULL; c = c->next) {
        h += lay_leaf(L, c, 0, w, LAY_MEASURE);
    }
    return h;
}

void
lay_columns(struct lay *L, const struct pdf_el *e)
{
    double w[CELLS_MAX];
    size_t n = widths_of(L, e, e->n_children < CELLS_MAX ? e->n_children : CELLS_MAX, w);
    double height = 0;
    size_t i = 0;

    for (const struct pdf_el *c = e->child; c != NULL && i < n; c = c->next, i++) {
        double h = children_height(L, c, w[i] - 6);
        height = h > height ? h : height;
    }
    lay_need(L, height);
    double y0 = L->y;
    double x = L->left;
    i = 0;
    for (const struct pdf_el *c = e->child; c != NULL && i < n; c = c->next, i++) {
        L->y = y0;
        for (const struct pdf_el *leaf = c->child; leaf != NULL; leaf = leaf->next) {
            lay_leaf(L, leaf, x, w[i] - 6, LAY_DRAW);
        }
        x += w[i];
    }
    L->y = y0 + height;
}

struct grid {
    double w[CELLS_MAX];
    size_t n;
    double size;
    bool has_lines;
};

static PangoLayout *
cell_text(struct lay *L, const struct grid *g, const struct pdf_el *row, const struct pdf_el *cell,
          size_t i)
{
    struct str align = pdf_attr_of(cell, "align");
    bool is_head = str_eq(pdf_attr_of(row, "head"), STR("yes"));
    bool is_center = str_eq(align, STR("center")) || (is_head && align.p == NULL);
    struct look k = { .size = g->size,
                      .width = g->w[i] - 2 * CELL_PAD,
                      .is_bold = is_head || str_eq(pdf_attr_of(cell, "bold"), STR("yes")),
                      .align = is_center                     ? PANGO_ALIGN_CENTER
                               : str_eq(align, STR("right")) ? PANGO_ALIGN_RIGHT
                                                             : PANGO_ALIGN_LEFT };
    return lay_text(L, buf_str(&cell->text), &k);
}

static double
row_height(struct lay *L, const struct grid *g, const struct pdf_el *row)
{
    double height = 0;
    size_t i = 0;
    for (const struct pdf_el *c = row->child; c != NULL && i < g->n; c = c->next, i++) {
        PangoLayout *t = cell_text(L, g, row, c, i);
        double h = lay_text_height(t) + 2 * CELL_PAD;
        height = h > height ? h : height;
        g_object_unref(t);
    }
    return height;
}

static void
row_draw(struct lay *L, const struct grid *g, const struct pdf_el *row, double height)
{
    double y0 = L->y;
    double x = L->left;
    size_t i = 0;

    for (const struct pdf_el *c = row->child; c != NULL && i < g->n; c = c->next, i++) {
        PangoLayout *t = cell_text(L, g, row, c, i);
        L->y = y0 + CELL_PAD;
        if (str_eq(pdf_attr_of(row, "head"), STR("yes"))) {
            L->y = y0 + (height - lay_text_height(t)) / 2;
        }
        lay_text_draw(L, t, x + CELL_PAD, LAY_DRAW);
        g_object_unref(t);
        if (g->has_lines) {
            cairo_set_line_width(L->cr, 0.6);
            cairo_rectangle(L->cr, x, y0, g->w[i], height);
            cairo_stroke(L->cr);
        }
        x += g->w[i];
    }
    L->y = y0 + height;
}

static void
rows_draw_head(struct lay *L, const struct grid *g, const struct pdf_el *e)
{
    for (const struct pdf_el *r = e->child; r != NULL && str_eq(pdf_attr_of(r, "head"), STR("yes"));
         r = r->next) {
        row_draw(L, g, r, row_height(L, g, r));
    }
}

void
lay_table(struct lay *L, const struct pdf_el *e)
{
    struct grid g = { .size = (double)pdf_attr_int(e, "size", (int64_t)L->size - 1, 7, 14),
                      .has_lines = !str_eq(pdf_attr_of(e, "lines"), STR("no")) };
    size_t n = e->child == NULL ? 0 : e->child->n_children;

    g.n = widths_of(L, e, n < CELLS_MAX ? n : CELLS_MAX, g.w);
    L->y += 6;
    for (const struct pdf_el *r = e->child; r != NULL && L->err == ERR_OK; r = r->next) {
        bool is_head = str_eq(pdf_attr_of(r, "head"), STR("yes"));
        double h = row_height(L, &g, r);
        double with_next = is_head && r->next != NULL ? h + row_height(L, &g, r->next) : h;
        if (L->y + with_next > L->bottom) {
            lay_need(L, with_next);
            if (!is_head) {
                rows_draw_head(L, &g, e);
            }
            lay_need(L, h);
        }
        row_draw(L, &g, r, h);
    }
    L->y += 4;
}

void
lay_keep(struct lay *L, const struct pdf_el *e)
{
    lay_need(L, children_height(L, e, L->width));
    for (const struct pdf_el *c = e->child; c != NULL; c = c->next) {
        lay_leaf(L, c, L->left, L->width, LAY_FLOW);
    }
}

/* The receivers in the left half: a heading and one line for each. */
static double
receivers(struct lay *L, const struct pdf_el *e, double w, enum lay_mode mode)
{
    struct str rest = text_of(e, PDF_receivers);
    struct str part;
    double h = 0;

    if (str_is_empty(rest)) {
        return 0;
    }
    h += lay_line(L, STR("<b><i>Nơi nhận:</i></b>"), &(struct look){ .size = 12, .width = w },
                  L->left, mode);
    while (str_next(&rest, '|', &part)) {
        h += lay_line(L, str_fmt(L->cx->arena, "- " STR_FMT, STR_ARG(str_trim(part))),
                      &(struct look){ .size = 11, .width = w }, L->left, mode);
    }
    return h;
}

static struct str
escaped(struct lay *L, struct str s)
{
    char *safe = g_markup_escape_text(s.n > 0 ? s.p : "", (gssize)s.n);
    struct str out = str_dup(L->cx->arena, str_of(safe));
    g_free(safe);
    return out;
}

struct signer_lines {
    struct str line[4]; /* capacity, position, note, name */
};

static double
signer_line(struct lay *L, const struct signer_lines *s, size_t i, double x, double w,
            enum lay_mode mode)
{
    struct look k = { .size = i == 2 ? 12 : L->size,
                      .width = w,
                      .align = PANGO_ALIGN_CENTER,
                      .is_bold = i != 2,
                      .is_italic = i == 2 };
    return str_is_empty(s->line[i]) ? 0 : lay_line(L, s->line[i], &k, x, mode);
}

/* One signer's column; gives the height. Records the gap as the signature's place when is_place. */
static double
signer(struct lay *L, const struct signer_lines *s, double x, double w, enum lay_mode mode)
{
    double h = 0;
    for (size_t i = 0; i < 3; i++) {
        h += signer_line(L, s, i, x, w, mode);
    }
    if (mode != LAY_MEASURE) {
        L->y += SIGN_GAP;
    }
    return h + SIGN_GAP + signer_line(L, s, 3, x, w, mode);
}

void
lay_signature(struct lay *L, const struct pdf_el *e)
{
    double lw = L->width * 0.46;
    double rw = L->width - lw;
    struct signer_lines right = { { text_of(e, PDF_capacity), text_of(e, PDF_position),
                                    text_of(e, PDF_note), text_of(e, PDF_name) } };
    struct signer_lines left = { { STR_NULL, escaped(L, pdf_attr_of(e, "left")),
                                   escaped(L, pdf_attr_of(e, "left-note")),
                                   escaped(L, pdf_attr_of(e, "left-name")) } };
    double h = signer(L, &right, 0, rw, LAY_MEASURE);
    double hl = receivers(L, e, lw, LAY_MEASURE);

    lay_need(L, (h > hl ? h : hl) + 10);
    L->y += 10;
    double y0 = L->y;
    receivers(L, e, lw, LAY_DRAW);
    double end = L->y;
    L->y = y0;
    if (left.line[1].n > 0) {
        signer(L, &left, L->left, lw, LAY_DRAW);
    }
    end = L->y > end ? L->y : end;
    L->y = y0;
    double head = h - SIGN_GAP - signer_line(L, &right, 3, 0, rw, LAY_MEASURE);
    signer(L, &right, L->left + lw, rw, LAY_DRAW);
    L->out->has_place = true;
    L->out->place =
        (struct pdf_place){ .page = L->page,
                            .x_mpt = (int32_t)((L->left + lw) * 1000),
                            .y_mpt = (int32_t)((LAY_PAGE_H - y0 - head - SIGN_GAP) * 1000),
                            .w_mpt = (int32_t)(rw * 1000),
                            .h_mpt = (int32_t)(SIGN_GAP * 1000) };
    L->y = L->y > end ? L->y : end;
}

void
lay_foot(struct lay *L)
{
    if (L->foot == NULL) {
        return;
    }
    struct str qr = pdf_attr_of(L->foot, "qr");
    double y0 = LAY_PAGE_H - 10 * LAY_MM - L->foot_height;
    double text_x = L->left + (qr.n > 0 ? FOOT_QR + 8 : 0);
    double kept = L->y;

    lay_rule(L, L->left, y0, L->width, 0.4);
    lay_qr(L, qr, L->left, y0 + 5, FOOT_QR);
    L->y = y0 + 5;
    lay_line(L, buf_str(&L->foot->text),
             &(struct look){ .size = 9.5, .width = L->left + L->width - text_x }, text_x, LAY_DRAW);
    L->y = kept;
}
