/* The picture of a visible signature: an own image, or a specimen drawn here. */
#include "codec/pdf_lay.h"

#include <math.h>

#define STAMP_DPI      300.0
#define STAMP_SIDE_MAX 4096

#define INK_BLUE 0x0F298CU /* a person's signature */
#define INK_RED  0xD90D0DU /* a seal */

struct png_source {
    struct str rest;
};

static cairo_status_t
read_png(void *closure, unsigned char *p, unsigned int n)
{
    struct png_source *src = closure;
    if (src->rest.n < n) {
        return CAIRO_STATUS_READ_ERROR;
    }
    for (unsigned int i = 0; i < n; i++) {
        p[i] = (unsigned char)src->rest.p[i];
    }
    src->rest = str_slice(src->rest, n, src->rest.n);
    return CAIRO_STATUS_SUCCESS;
}

static void
centred(cairo_t *cr, struct str text, const char *font, double x, double y, double w)
{
    PangoLayout *t = pango_cairo_create_layout(cr);
    PangoFontDescription *d = pango_font_description_from_string(font);

    pango_cairo_context_set_resolution(pango_layout_get_context(t), 72);
    pango_layout_set_font_description(t, d);
    pango_layout_set_width(t, (int)(w * PANGO_SCALE));
    pango_layout_set_alignment(t, PANGO_ALIGN_CENTER);
    pango_layout_set_text(t, text.p != NULL ? text.p : "", (int)text.n);
    pango_cairo_update_layout(cr, t);
    cairo_move_to(cr, x, y);
    pango_cairo_show_layout(cr, t);
    pango_font_description_free(d);
    g_object_unref(t);
}

static void
ink(cairo_t *cr, uint32_t rgb)
{
    cairo_set_source_rgb(cr, (rgb >> 16) / 255.0, (rgb >> 8 & 0xFF) / 255.0, (rgb & 0xFF) / 255.0);
}

static void
person(struct ctx *cx, cairo_t *cr, const struct pdf_stamp *s, double w, double h)
{
    ink(cr, INK_BLUE);
    /* the left third lies under the seal: name and note keep to the rest */
    if (str_is_empty(s->image_png)) {
        size_t from = s->name.n;
        while (from > 0 && s->name.p[from - 1] != ' ') {
            from--;
        }
        cairo_save(cr);
        cairo_rotate(cr, -0.09);
        centred(cr, str_slice(s->name, from, s->name.n), LAY_FONT " Italic 27", w * 0.2, h * 0.2,
                w * 0.75);
        cairo_set_line_width(cr, 1.4);
        cairo_move_to(cr, w * 0.12, h * 0.66);
        cairo_curve_to(cr, w * 0.5, h * 0.54, w * 0.75, h * 0.92, w * 0.94, h * 0.5);
        cairo_stroke(cr);
        cairo_restore(cr);
    }
    struct str line =
        str_fmt(cx->arena, "Ký số: " STR_FMT "\n" STR_FMT, STR_ARG(s->name), STR_ARG(s->note));
    centred(cr, line, LAY_FONT " 6", w * 0.34, h - 26, w * 0.66);
}

/* A plain double ring with the agency's name: no state emblem, and the word for specimen. */
static void
seal(cairo_t *cr, const struct pdf_stamp *s, double w, double h)
{
    double r = (w < h ? w : h) / 2 - 1.5;

    ink(cr, INK_RED);
    cairo_set_line_width(cr, 2.2);
    cairo_arc(cr, w / 2, h / 2, r, 0, 2 * M_PI);
    cairo_stroke(cr);
    cairo_set_line_width(cr, 0.8);
    cairo_arc(cr, w / 2, h / 2, r - 4, 0, 2 * M_PI);
    cairo_stroke(cr);
    centred(cr, STR("★"), "DejaVu Sans, " LAY_FONT " 13", 0, h / 2 - r * 0.82, w);
    centred(cr, s->org, LAY_FONT " Bold 8", w / 2 - r * 0.78, h / 2 - r * 0.36, r * 1.56);
    centred(cr, STR("BẢN THỬ NGHIỆM"), LAY_FONT " 5.5", 0, h / 2 + r * 0.28, w);
    centred(cr, s->note, LAY_FONT " 5", w / 2 - r * 0.55, h / 2 + r * 0.46, r * 1.1);
}

static enum err
own_image(struct ctx *cx, cairo_t *cr, const struct pdf_stamp *s, double w, double h)
{
    struct png_source src = { s->image_png };
    cairo_surface_t *png = cairo_image_surface_create_from_png_stream(read_png, &src);
    int pw = cairo_image_surface_get_width(png);
    int ph = cairo_image_surface_get_height(png);
    enum err e = ERR_OK;

    if (cairo_surface_status(png) != CAIRO_STATUS_SUCCESS || pw <= 0 || ph <= 0 ||
        pw > STAMP_SIDE_MAX || ph > STAMP_SIDE_MAX) {
        e = err_set(cx, ERR_INVALID, "picture of a signature is not a small PNG");
    } else {
        double scale = fmin(w / pw, h / ph);
        cairo_save(cr);
        cairo_translate(cr, (w - pw * scale) / 2, (h - ph * scale) / 2);
        cairo_scale(cr, scale, scale);
        cairo_set_source_surface(cr, png, 0, 0);
        cairo_paint(cr);
        cairo_restore(cr);
    }
    cairo_surface_destroy(png);
    return e;
}

/* Cairo's premultiplied native-endian pixels -> plain colour and alpha planes. */
static struct pdf_image
planes(struct arena *a, cairo_surface_t *s)
{
    uint32_t w = (uint32_t)cairo_image_surface_get_width(s);
    uint32_t h = (uint32_t)cairo_image_surface_get_height(s);
    size_t stride = (size_t)cairo_image_surface_get_stride(s);
    const unsigned char *rows = cairo_image_surface_get_data(s);
    uint8_t *rgb = arena_alloc(a, size_mul((size_t)w * h, 3));
    uint8_t *alpha = arena_alloc(a, (size_t)w * h);

    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            uint32_t p = 0;
            memcpy(&p, rows + y * stride + (size_t)x * 4, 4);
            uint32_t al = p >> 24;
            size_t i = (size_t)y * w + x;
            alpha[i] = (uint8_t)al;
            for (uint32_t c = 0; c < 3 && al > 0; c++) {
                uint32_t v = (p >> (16 - 8 * c) & 0xFF) * 255 / al;
                rgb[i * 3 + c] = (uint8_t)(v > 255 ? 255 : v);
            }
        }
    }
    return (struct pdf_image){
        w, h, w, h, { (const char *)rgb, (size_t)w * h * 3 }, { (const char *)alpha, (size_t)w * h }
    };
}

/* What was drawn in one ink. */
static struct pdf_image
mask(struct arena *a, cairo_surface_t *s, uint32_t rgb)
{
    uint32_t w = (uint32_t)cairo_image_surface_get_width(s);
    uint32_t h = (uint32_t)cairo_image_surface_get_height(s);
    size_t stride = (size_t)cairo_image_surface_get_stride(s);
    const unsigned char *rows = cairo_image_surface_get_data(s);
    char *alpha = arena_alloc(a, (size_t)w * h);
    const char pixel[3] = { (char)(rgb >> 16), (char)(rgb >> 8), (char)rgb };

    for (uint32_t y = 0; y < h; y++) {
        memcpy(alpha + (size_t)y * w, rows + y * stride, w);
    }
    return (struct pdf_image){
        w, h, 1, 1, str_dup(a, (struct str){ pixel, sizeof(pixel) }), { alpha, (size_t)w * h }
    };
}

enum err
pdf_stamp_draw(struct ctx *cx, const struct pdf_stamp *s, struct pdf_image *ret)
{
    double w = (double)s->w_mpt / 1000;
    double h = (double)s->h_mpt / 1000;
    double scale = STAMP_DPI / 72;
    bool is_specimen = str_is_empty(s->image_png);
    enum err e = ERR_OK;

    if (w < 10 || h < 10 || w > 600 || h > 600) {
        return err_set(cx, ERR_INVALID, "visible signature of an impossible size");
    }
    cairo_surface_t *surface = cairo_image_surface_create(
        is_specimen ? CAIRO_FORMAT_A8 : CAIRO_FORMAT_ARGB32, (int)(w * scale), (int)(h * scale));
    cairo_t *cr = cairo_create(surface);
    cairo_scale(cr, scale, scale);
    if (!is_specimen) {
        e = own_image(cx, cr, s, w, s->is_seal ? h : h - 20);
    }
    if (!s->is_seal) {
        person(cx, cr, s, w, h);
    } else if (is_specimen) {
        seal(cr, s, w, h);
    }
    if (e == ERR_OK && cairo_status(cr) != CAIRO_STATUS_SUCCESS) {
        e = err_set(cx, ERR_INTERNAL, "drawing a stamp failed");
    }
    cairo_destroy(cr);
    cairo_surface_flush(surface);
    if (e == ERR_OK) {
        *ret = is_specimen ? mask(cx->arena, surface, s->is_seal ? INK_RED : INK_BLUE)
                           : planes(cx->arena, surface);
    }
    cairo_surface_destroy(surface);
    return e;
}
