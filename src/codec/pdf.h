/* pdf.h: printed documents. A template (doc/documents.md) is parsed once, at pack load, and filled
 * from a JSON document at run time into an A4 PDF in the layout of Decree 30/2020/NĐ-CP.
 * Text is drawn by Pango and Cairo in Liberation Serif (metric twin of Times New Roman). Pango
 * keeps its default font map per thread, so any thread may render. Call it outside write
 * transactions. */
#ifndef CODEC_PDF_H
#define CODEC_PDF_H

#include "base/ctx.h"
#include "base/date.h"
#include "codec/json.h"

#define PDF_TEMPLATE_BYTES_MAX ((size_t)256 << 10)
#define PDF_BYTES_MAX          ((size_t)16 << 20) /* of one rendered document */
#define PDF_PAGES_MAX          200

struct pdf_template;

/* Why a template was refused. Texts are Vietnamese: `bombo pack check` shows them. */
struct pdf_fault {
    uint32_t line;
    struct str what, remedy;
};

/* Parses a template; it borrows source and lives as long as arena. ERR_BAD_REQUEST with *ret_fault.
 */
NODISCARD enum err pdf_template_parse(struct arena *arena, struct str source,
                                      const struct pdf_template **ret, struct pdf_fault *ret_fault);

/* A rectangle on a page where a signature's picture belongs. Thousandths of a point; the origin is
 * the page's lower left corner, as PDF counts. */
struct pdf_place {
    uint32_t page; /* 0-based */
    int32_t x_mpt, y_mpt, w_mpt, h_mpt;
};

struct pdf_out {
    struct str bytes;
    uint32_t n_pages;
    bool has_place;         /* the template has a <signature> */
    struct pdf_place place; /* the gap between position and name of the (last) signature block */
};

/* Fills and draws. Same template, document and made_us (written as the file's date) give the same
 * bytes. ERR_TOO_LARGE past the limits above; ERR_INTERNAL when the drawing library fails. */
NODISCARD enum err pdf_render(struct ctx *cx, const struct pdf_template *t, const struct json *doc,
                              int64_t made_us, struct pdf_out *ret);

/* Checks that the document font is installed and has every Vietnamese letter (fonts-liberation2;
 * the older fonts-liberation lacks some). Called once at start. ERR_NOT_FOUND with the missing
 * letter in cx->err. */
NODISCARD enum err pdf_check_fonts(struct ctx *cx);

/* A picture with transparency, 8 bits a channel, colours not multiplied by alpha. One of a single
 * ink has one pixel of rgb for all of alpha (a mask need not be as large as its image: ISO 32000-1
 * chapter 11.6.5.3). */
struct pdf_image {
    uint32_t w, h;         /* of alpha */
    uint32_t rgb_w, rgb_h; /* the same, or 1 and 1 */
    struct str rgb, alpha;
};
/* What a visible signature shows. */
struct pdf_stamp {
    bool is_seal;         /* a round red seal, else a blue signature with a line of text below */
    struct str name, org; /* signer; agency */
    struct str note;      /* small text: time and so on; the seal shows it inside */
    struct str image_png; /* own picture of signature or seal, or null: drawn here and marked as
                             specimen */
    int32_t w_mpt, h_mpt;
};
/* Draws at 300 dots per inch. ERR_INVALID when image_png is not a PNG of at most 4096 x 4096. */
NODISCARD enum err pdf_stamp_draw(struct ctx *cx, const struct pdf_stamp *s, struct pdf_image *ret);

/* Vietnamese wording of numbers, shared with pages: "15.000 đồng", "Mười lăm nghìn đồng",
 * "ngày 25 tháng 11 năm 2026" (day and the months 1, 2 with a leading zero, Decree 30/2020). */
struct str pdf_money(struct arena *a, int64_t vnd);
struct str pdf_money_words(struct arena *a, int64_t vnd);
struct str pdf_date_words(struct arena *a, struct date d);

#endif
