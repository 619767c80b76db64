/* The check of a PDF by qpdf's C interface. */
#include "codec/pdf_check.h"

#include <qpdf/qpdf-c.h>

/* qpdf wrote the file with plain dictionaries and names in canonical spelling, so a search for
 * whole names is enough; streams stay compressed and cannot hold a dictionary of the document. */
static bool
is_active(struct str s)
{
    static const char *const names[] = { "/JavaScript", "/EmbeddedFile", "/Launch", "/RichMedia" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (memmem(s.p, s.n, names[i], strlen(names[i])) != NULL) {
            return true;
        }
    }
    return false;
}

static void
check(struct ctx *cx, qpdf_data q, struct str in, struct pdf_checked *ret)
{
    QPDF_ERROR_CODE code = qpdf_read_memory(q, "upload", in.p, in.n, NULL);

    if ((code & QPDF_ERRORS) != 0) {
        qpdf_error e = qpdf_get_error(q);
        ret->refusal =
            e != NULL && qpdf_get_error_code(q, e) == qpdf_e_password ? PDF_ENCRYPTED : PDF_DAMAGED;
        return;
    }
    if (qpdf_is_encrypted(q)) {
        ret->refusal = PDF_ENCRYPTED;
        return;
    }
    ret->pages = qpdf_get_num_pages(q);
    if (ret->pages <= 0 || (qpdf_init_write_memory(q) & QPDF_ERRORS) != 0) {
        return;
    }
    qpdf_set_object_stream_mode(q, qpdf_o_disable);
    qpdf_set_deterministic_ID(q, QPDF_TRUE);
    if ((qpdf_write(q) & QPDF_ERRORS) != 0) {
        return;
    }
    size_t n = qpdf_get_buffer_length(q);
    struct str out = { arena_copy(cx->arena, qpdf_get_buffer(q), n), n };
    ret->refusal = is_active(out) ? PDF_ACTIVE : PDF_FINE;
    ret->bytes = memmem(in.p, in.n, "/ByteRange", 10) != NULL ? in : out;
}

void
pdf_check(struct ctx *cx, struct str bytes, struct pdf_checked *ret)
{
    qpdf_data q = qpdf_init();

    *ret = (struct pdf_checked){ .refusal = PDF_DAMAGED };
    qpdf_silence_errors(q);
    qpdf_set_suppress_warnings(q, QPDF_TRUE);
    check(cx, q, bytes, ret);
    if (qpdf_has_error(q)) {
        (void)qpdf_get_error(q); /* taken, so that the library does not print it */
    }
    qpdf_cleanup(&q);
}
