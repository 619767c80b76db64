/* qr.c: see qr.h. */
#include "codec/qr.h"

#include "codec/xml.h"

#include <errno.h>
#include <qrencode.h>

#define QUIET 4 /* modules, ISO/IEC 18004 */

enum err
qr_make(struct arena *a, struct str text, struct qr *ret)
{
    if (text.n == 0 || text.n > 2331) {
        return text.n == 0 ? ERR_INVALID : ERR_TOO_LARGE;
    }
    QRcode *code = QRcode_encodeData((int)text.n, arena_copy(a, text.p, text.n), 0, QR_ECLEVEL_M);
    if (code == NULL) {
        return errno == ERANGE ? ERR_TOO_LARGE : ERR_INTERNAL;
    }
    size_t size = (size_t)code->width;
    uint8_t *modules = arena_alloc(a, size * size);
    for (size_t i = 0; i < size * size; i++) {
        modules[i] = code->data[i] & 1;
    }
    QRcode_free(code);
    *ret = (struct qr){ .size = (uint32_t)size, .modules = modules };
    return ERR_OK;
}

/* Dark runs of a row become one rectangle each, in one path. */
static void
add_row(struct buf *b, const struct qr *q, uint32_t y)
{
    const uint8_t *row = q->modules + (size_t)y * q->size;
    uint32_t x = 0;
    while (x < q->size) {
        uint32_t from = x;
        while (x < q->size && row[x] != 0) {
            x++;
        }
        if (x > from) {
            buf_addf(b, "M%u %uh%uv1h-%uz", from + QUIET, y + QUIET, x - from, x - from);
        }
        x += x == from ? 1 : 0;
    }
}

struct str
qr_svg(struct arena *a, const struct qr *q, struct str title)
{
    struct buf b = buf_new(a, 1U << 20);
    uint32_t side = q->size + 2 * QUIET;
    buf_addf(&b,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" role=\"img\" "
             "shape-rendering=\"crispEdges\"><title>",
             side, side);
    xml_escape_to(&b, title);
    buf_addf(&b, "</title><path fill=\"#fff\" d=\"M0 0h%uv%uH0z\"/><path fill=\"#000\" d=\"", side,
             side);
    for (uint32_t y = 0; y < q->size; y++) {
        add_row(&b, q, y);
    }
    BUF_LIT(&b, "\"/></svg>");
    return buf_str(&b);
}
