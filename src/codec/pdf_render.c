/* Pages: the drawing surface, page numbers, and the order of blocks. */
#include "codec/pdf_lay.h"
#include "codec/vn.h"

#include <cairo-pdf.h>

/* Every letter Vietnamese writes beside a-z. */
static const char pdf_letters[] =
    "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
    "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬĐÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴ…–“”";

static PangoContext *
pango_open(void)
{
    /* Pango's default font map belongs to the thread: no lock, no global of ours. */
    PangoContext *p = pango_font_map_create_context(pango_cairo_font_map_get_default());
    cairo_font_options_t *o = cairo_font_options_create();

    cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(p, o);
    cairo_font_options_destroy(o);
    pango_cairo_context_set_resolution(p, 72);
    pango_context_set_round_glyph_positions(p, FALSE);
    pango_context_set_language(p, pango_language_from_string("vi"));
    return p;
}

enum err
pdf_check_fonts(struct ctx *cx)
{
    PangoContext *p = pango_open();
    PangoFontDescription *want = pango_font_description_from_string(LAY_FONT " 13");
    PangoFont *font = pango_font_map_load_font(pango_context_get_font_map(p), p, want);
    PangoFontDescription *got = font == NULL ? NULL : pango_font_describe(font);
    const char *family = got == NULL ? NULL : pango_font_description_get_family(got);
    struct str letters = { pdf_letters, sizeof(pdf_letters) - 1 };
    enum err e = ERR_OK;

    if (family == NULL || !str_eq(str_of(family), STR(LAY_FONT))) {
        e = err_set(cx, ERR_NOT_FOUND, "font %s is not installed (package fonts-liberation2)",
                    LAY_FONT);
    }
    for (size_t at = 0; e == ERR_OK && at < letters.n;) {
        uint32_t c = vn_next_point(letters, &at);
        if (!pango_font_has_char(font, c)) {
            e = err_set(cx, ERR_NOT_FOUND, "font %s lacks U+%04X: install fonts-liberation2",
                        LAY_FONT, c);
        }
    }
    if (got != NULL) {
        pango_font_description_free(got);
    }
    if (font != NULL) {
        g_object_unref(font);
    }
    pango_font_description_free(want);
    g_object_unref(p);
    return e;
}

static cairo_status_t
take_bytes(void *closure, const unsigned char *p, unsigned int n)
{
    struct buf *b = closure;
    buf_add_bytes(b, p, n);
    return b->is_failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

void
lay_new_page(struct lay *L)
{
    if (L->page + 1 >= PDF_PAGES_MAX) {
        if (L->err == ERR_OK) {
            L->err = err_set(L->cx, ERR_TOO_LARGE, "more than %d pages", PDF_PAGES_MAX);
        }
        L->y = L->top;
        return;
    }
    lay_foot(L);
    cairo_show_page(L->cr);
    L->page++;
    L->y = 10 * LAY_MM; /* the page number stands in the top margin, centred, from page 2 */
    lay_line(L, str_fmt(L->cx->arena, "%u", L->page + 1),
             &(struct look){ .size = 13, .width = L->width, .align = PANGO_ALIGN_CENTER }, L->left,
             LAY_DRAW);
    L->y = L->top;
}

void
lay_need(struct lay *L, double height)
{
    if (L->y + height <= L->bottom) {
        return;
    }
    if (height > L->bottom - L->top && L->err == ERR_OK) {
        L->err = err_set(L->cx, ERR_TOO_LARGE, "a block of a document is taller than a page");
    }
    if (L->y > L->top) {
        lay_new_page(L);
    }
}

static void
block(struct lay *L, const struct pdf_el *e)
{
    switch ((int)e->tag) {
    case PDF_heading:
        lay_heading(L, e);
        break;
    case PDF_columns:
        lay_columns(L, e);
        break;
    case PDF_table:
        lay_table(L, e);
        break;
    case PDF_keep:
        lay_keep(L, e);
        break;
    case PDF_signature:
        lay_signature(L, e);
        break;
    case PDF_page:
        lay_new_page(L);
        break;
    case PDF_foot:
        break;
    case PDF_title:
        lay_need(L, 80); /* a title does not stand alone at the end of a page */
        lay_leaf(L, e, L->left, L->width, LAY_FLOW);
        break;
    default:
        lay_leaf(L, e, L->left, L->width, LAY_FLOW);
        break;
    }
}

/* Margins of Decree 30/2020: 20 top and bottom, 30 left, 15 to 20 right. */
static void
set_up(struct lay *L, const struct pdf_el *root)
{
    double right = (double)pdf_attr_int(root, "margin-right", 15, 10, 20) * LAY_MM;

    L->size = (double)pdf_attr_int(root, "size", 13, 10, 14);
    L->left = 30 * LAY_MM;
    L->width = LAY_PAGE_W - L->left - right;
    L->top = 20 * LAY_MM;
    L->bottom = LAY_PAGE_H - 20 * LAY_MM;
    L->y = L->top;
    for (const struct pdf_el *e = root->child; e != NULL; e = e->next) {
        if (e->tag == PDF_foot) {
            double qr = pdf_attr_of(e, "qr").n > 0 ? 17 * LAY_MM + 8 : 0;
            double text = 10 + lay_line(L, buf_str(&e->text),
                                        &(struct look){ .size = 9.5, .width = L->width - qr }, 0,
                                        LAY_MEASURE);
            L->foot = e;
            L->foot_height = text > qr ? text : qr;
        }
    }
    if (L->foot != NULL && L->bottom > LAY_PAGE_H - 12 * LAY_MM - L->foot_height) {
        L->bottom = LAY_PAGE_H - 12 * LAY_MM - L->foot_height;
    }
}

static void
set_metadata(struct ctx *cx, cairo_surface_t *s, const struct pdf_el *root, int64_t made_us)
{
    struct str title = pdf_attr_of(root, "title");

    cairo_pdf_surface_restrict_to_version(s, CAIRO_PDF_VERSION_1_5);
    if (title.n > 0) {
        cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_TITLE, str_z(cx->arena, title));
    }
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATOR, "Bom Bo");
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE,
                                   str_z(cx->arena, date_iso_instant_vn(cx->arena, made_us)));
}

enum err
pdf_render(struct ctx *cx, const struct pdf_template *t, const struct json *doc, int64_t made_us,
           struct pdf_out *ret)
{
    struct pdf_el *root = NULL;
    struct pdf_out out = { 0 };
    struct buf bytes = buf_new(cx->arena, PDF_BYTES_MAX);

    TRY(pdf_fill(cx, t, doc, &root));
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(take_bytes, &bytes, LAY_PAGE_W, LAY_PAGE_H);
    cairo_t *cr = cairo_create(surface);
    struct lay L = { .cx = cx, .cr = cr, .pango = pango_open(), .out = &out };

    set_metadata(cx, surface, root, made_us);
    set_up(&L, root);
    for (const struct pdf_el *e = root->child; e != NULL && L.err == ERR_OK; e = e->next) {
        block(&L, e);
    }
    lay_foot(&L);
    cairo_show_page(cr);
    cairo_status_t drawn = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(surface);
    cairo_status_t status = drawn != CAIRO_STATUS_SUCCESS ? drawn : cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    g_object_unref(L.pango);
    TRY(L.err);
    if (bytes.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "document larger than %zu bytes", PDF_BYTES_MAX);
    }
    if (status != CAIRO_STATUS_SUCCESS) {
        return err_set(cx, ERR_INTERNAL, "drawing failed: %s", cairo_status_to_string(status));
    }
    out.bytes = buf_str(&bytes);
    out.n_pages = L.page + 1;
    *ret = out;
    return ERR_OK;
}
