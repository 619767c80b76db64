/* pdf_check.h: PDF files handed in, checked and normalised by qpdf. */
#ifndef CODEC_PDF_CHECK_H
#define CODEC_PDF_CHECK_H

#include "base/ctx.h"

enum pdf_refusal { PDF_FINE, PDF_DAMAGED, PDF_ENCRYPTED, PDF_ACTIVE };
struct pdf_checked {
    enum pdf_refusal refusal;
    int64_t pages;
    struct str
        bytes; /* normalised; a signed file stays as it came, or its signatures would break */
};
/* Never fails: what is wrong is in refusal. PDF_ACTIVE: scripts, launching programs, embedded
 * files. */
void pdf_check(struct ctx *cx, struct str bytes, struct pdf_checked *ret);

#endif
