/* qr.h: QR codes (ISO/IEC 18004) by libqrencode, as modules or SVG. */
#ifndef CODEC_QR_H
#define CODEC_QR_H

#include "base/buf.h"
#include "base/err.h"

struct qr {
    uint32_t size;          /* modules per side, without the quiet zone */
    const uint8_t *modules; /* size*size, 1 = dark, row by row */
};
/* Error correction M. ERR_TOO_LARGE when text does not fit (2331 bytes). */
NODISCARD enum err qr_make(struct arena *a, struct str text, struct qr *ret);
/* A self-contained <svg> with the quiet zone of 4 modules; title is its accessible name (escaped
 * here). */
struct str qr_svg(struct arena *a, const struct qr *q, struct str title);

#endif
