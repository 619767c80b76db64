/* PAdES: the signature dictionary, its picture, and the hole filled with CMS. */
#include "codec/hex.h"
#include "codec/pdf_file.h"
#include "engine/sign/sign_int.h"
#include "sys/sys.h"

#define RANGE_WIDTH  48     /* room for "[0 n n n]" */
#define PERSON_W_MPT 141732 /* 50 mm */
#define PERSON_H_MPT 79370  /* 28 mm */
#define SEAL_MPT     102047 /* 36 mm, the size of a real seal */

struct box {
    int32_t x, y, w, h; /* thousandths of a point */
};

/* The person's picture stands in the middle of the place; the seal covers its left third. */
static struct box
box_of(const struct pdf_place *p, bool is_seal)
{
    int32_t pw = PERSON_W_MPT < p->w_mpt ? PERSON_W_MPT : p->w_mpt;
    int32_t ph = PERSON_H_MPT < p->h_mpt ? PERSON_H_MPT : p->h_mpt;
    struct box person = { p->x_mpt + (p->w_mpt - pw) / 2, p->y_mpt + (p->h_mpt - ph) / 2, pw, ph };

    if (!is_seal) {
        return person;
    }
    return (struct box){ person.x + pw / 3 - SEAL_MPT, p->y_mpt + p->h_mpt / 2 - SEAL_MPT / 2,
                         SEAL_MPT, SEAL_MPT };
}

static void
put_mpt(struct buf *b, int32_t v)
{
    int32_t a = v < 0 ? -v : v;
    buf_addf(b, "%s%d.%03d", v < 0 ? "-" : "", a / 1000, a % 1000);
}

struct signing {
    const struct sign_cert *cert;
    const struct sign_look *look;
    const struct pdf_file *file;
    struct pdf_update *u;
    struct box box;
    uint32_t sig, field, page;
    size_t range_at, hole_at;
    int64_t now_us;
};

/* Appearance: one picture with its transparency. Gives the form's object number. */
static enum err
put_appearance(struct ctx *cx, struct signing *s, uint32_t *ret_form)
{
    struct pdf_image img;
    struct pdf_stamp stamp = {
        .is_seal = str_eq(s->cert->kind, SIGN_SEAL),
        .name = s->cert->name,
        .org = s->cert->org,
        .note = date_iso_instant_vn(cx->arena, s->now_us),
        .image_png = s->look->image_png,
        .w_mpt = s->box.w,
        .h_mpt = s->box.h,
    };
    TRY(pdf_stamp_draw(cx, &stamp, &img));
    uint32_t mask = pdf_update_number(s->u);
    uint32_t picture = pdf_update_number(s->u);
    uint32_t form = pdf_update_number(s->u);
    const char *common = "/Type /XObject /Subtype /Image /BitsPerComponent 8";

    pdf_update_stream(
        s->u, mask,
        str_fmt(cx->arena, "%s /Width %u /Height %u /ColorSpace /DeviceGray", common, img.w, img.h),
        img.alpha);
    pdf_update_stream(s->u, picture,
                      str_fmt(cx->arena,
                              "%s /Width %u /Height %u /ColorSpace /DeviceRGB /SMask %u 0 R",
                              common, img.rgb_w, img.rgb_h, mask),
                      img.rgb);
    struct buf draw = buf_new(cx->arena, 256);
    struct buf entries = buf_new(cx->arena, 512);
    BUF_LIT(&draw, "q ");
    put_mpt(&draw, s->box.w);
    BUF_LIT(&draw, " 0 0 ");
    put_mpt(&draw, s->box.h);
    BUF_LIT(&draw, " 0 0 cm /Im Do Q");
    BUF_LIT(&entries, "/Type /XObject /Subtype /Form /BBox [0 0 ");
    put_mpt(&entries, s->box.w);
    BUF_LIT(&entries, " ");
    put_mpt(&entries, s->box.h);
    buf_addf(&entries, "] /Resources << /XObject << /Im %u 0 R >> >>", picture);
    pdf_update_stream(s->u, form, buf_str(&entries), buf_str(&draw));
    *ret_form = form;
    return ERR_OK;
}

/* The signature dictionary with room for ByteRange and Contents. */
static void
put_signature(struct ctx *cx, struct signing *s)
{
    struct buf *b = &s->u->out;

    s->sig = pdf_update_number(s->u);
    pdf_update_object(s->u, s->sig);
    BUF_LIT(b, "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (");
    buf_add(b, pdf_date_of(cx->arena, s->now_us));
    BUF_LIT(b, ") /Name ");
    pdf_put_text(b, s->cert->name);
    if (!str_is_empty(s->look->reason)) {
        BUF_LIT(b, " /Reason ");
        pdf_put_text(b, s->look->reason);
    }
    BUF_LIT(b, " /ByteRange ");
    s->range_at = b->n;
    for (int i = 0; i < RANGE_WIDTH; i++) {
        buf_add_char(b, ' ');
    }
    BUF_LIT(b, " /Contents ");
    s->hole_at = b->n;
    BUF_LIT(b, "<");
    for (int i = 0; i < PDF_SIG_HOLE; i++) {
        buf_add_char(b, '0');
    }
    BUF_LIT(b, "> >>");
    pdf_update_end_object(s->u);
}

/* Field and widget in one dictionary. */
static void
put_field(struct signing *s, uint32_t number_in_file, uint32_t form)
{
    struct buf *b = &s->u->out;

    s->field = pdf_update_number(s->u);
    pdf_update_object(s->u, s->field);
    buf_addf(b,
             "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature%u) /V %u 0 R /F 132 /P %u 0 "
             "R /Rect [",
             number_in_file, s->sig, s->page);
    if (form != 0) {
        put_mpt(b, s->box.x);
        BUF_LIT(b, " ");
        put_mpt(b, s->box.y);
        BUF_LIT(b, " ");
        put_mpt(b, s->box.x + s->box.w);
        BUF_LIT(b, " ");
        put_mpt(b, s->box.y + s->box.h);
        buf_addf(b, "] /AP << /N %u 0 R >>", form);
    } else {
        BUF_LIT(b, "0 0 0 0]");
    }
    BUF_LIT(b, " >>");
    pdf_update_end_object(s->u);
}

/* "[1 0 R 2 0 R]" -> "1 0 R 2 0 R" */
static struct str
inside_of(struct str array)
{
    return array.n >= 2 && array.p[0] == '[' ? str_slice(array, 1, array.n - 1) : STR("");
}

static void
put_page_and_catalogue(struct ctx *cx, struct signing *s, struct str fields)
{
    struct buf *b = &s->u->out;
    struct str page = pdf_file_dict(s->file, s->page);
    struct str root = pdf_file_dict(s->file, s->file->root);

    pdf_update_object(s->u, s->page);
    buf_addf(b, "<< " STR_FMT "/Annots [" STR_FMT " %u 0 R] >>",
             STR_ARG(pdf_dict_without(cx->arena, page, STR("/Annots"))),
             STR_ARG(inside_of(pdf_dict_get(page, STR("/Annots")))), s->field);
    pdf_update_end_object(s->u);
    pdf_update_object(s->u, s->file->root);
    buf_addf(b, "<< " STR_FMT "/AcroForm << /Fields [" STR_FMT " %u 0 R] /SigFlags 3 >> >>",
             STR_ARG(pdf_dict_without(cx->arena, root, STR("/AcroForm"))), STR_ARG(fields),
             s->field);
    pdf_update_end_object(s->u);
}

/* Writes ByteRange, signs the two ranges, fills the hole. */
static enum err
fill(struct ctx *cx, struct signing *s, struct sign_session *session)
{
    struct buf *b = &s->u->out;
    size_t gap_end = s->hole_at + PDF_SIG_HOLE + 2;
    struct str range = str_fmt(cx->arena, "[0 %zu %zu %zu]", s->hole_at, gap_end, b->n - gap_end);
    struct cms_signing how = { .cert_pem = s->cert->pem,
                               .ca_pem = cx->sign->ca_pem,
                               .sign = session->ops->sign,
                               .arg = session->key };
    struct str der = STR_NULL;

    ASSERT(range.n <= RANGE_WIDTH);
    memcpy(b->p + s->range_at, range.p, range.n);
    struct str parts[2] = { { b->p, s->hole_at }, { b->p + gap_end, b->n - gap_end } };
    TRY(cms_cert_algorithm(cx, s->cert->pem, &how.algorithm));
    TRY(cms_sign(cx, &how, cms_sha256(cx, parts, 2), &der));
    if (der.n * 2 > PDF_SIG_HOLE) {
        return err_set(cx, ERR_TOO_LARGE, "signature of %zu bytes", der.n);
    }
    hex_to(b->p + s->hole_at + 1, der.p, der.n);
    return ERR_OK;
}

static enum err
build(struct ctx *cx, struct signing *s, struct sign_session *session, struct str *ret_pdf)
{
    struct str form = pdf_dict_get(pdf_file_dict(s->file, s->file->root), STR("/AcroForm"));
    struct str fields = inside_of(pdf_dict_get(form, STR("/Fields")));
    uint32_t number = 1;
    uint32_t appearance = 0;

    if (form.n > 0 && !str_starts(form, STR("<<"))) {
        return err_set(cx, ERR_UNSUPPORTED, "PDF has a form that is not ours");
    }
    for (size_t i = 0; i < fields.n; i++) {
        number += fields.p[i] == 'R';
    }
    s->page = pdf_file_page(s->file, s->look->place.page);
    if (s->page == 0) {
        return err_set(cx, ERR_UNSUPPORTED, "PDF has no page %u in a flat page tree",
                       s->look->place.page);
    }
    if (s->look->is_visible) {
        s->box = box_of(&s->look->place, str_eq(s->cert->kind, SIGN_SEAL));
        TRY(put_appearance(cx, s, &appearance));
    }
    put_signature(cx, s);
    put_field(s, number, appearance);
    put_page_and_catalogue(cx, s, fields);
    TRY(pdf_update_end(cx, s->u));
    TRY(fill(cx, s, session));
    *ret_pdf = buf_str(&s->u->out);
    return ERR_OK;
}

enum err
sign_pdf(struct ctx *cx, struct str token, struct str pdf, const struct sign_look *look,
         struct str *ret_pdf)
{
    struct pdf_file file;
    struct sign_cert cert;
    struct sign_session *session = NULL;

    if (pdf.n > SIGN_PDF_BYTES_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "PDF of %zu bytes", pdf.n);
    }
    TRY(pdf_file_open(cx, pdf, &file));
    TRY(sign_session_take(cx, token, &session));
    enum err e = sign_cert_by_id(cx, session->cert_id, &cert);
    if (e == ERR_OK && !str_eq(cert.state, STR("valid"))) {
        e = err_set(cx, ERR_FORBIDDEN, "certificate was " STR_FMT " meanwhile",
                    STR_ARG(cert.state));
    }
    if (e == ERR_OK) {
        struct pdf_update u = pdf_update_begin(cx, &file, (size_t)4 << 20, 8);
        struct signing s = {
            .cert = &cert, .look = look, .file = &file, .u = &u, .now_us = sys_now_us(cx)
        };
        e = build(cx, &s, session, ret_pdf);
    }
    sign_session_done(cx, session);
    return e;
}
