/* Files handed in: picture headers and decoders within small limits, and the PDF check. */
#include "codec/image.h"
#include "codec/pdf_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx cx = { .arena = arena_open((size_t)128 << 20) };
    struct str s = { size == 0 ? "" : (const char *)data, size };
    struct image img;
    struct pdf_checked c;
    int turned = image_exif_orientation(s);

    ASSERT(turned >= 1 && turned <= 8);
    if (image_kind_of(s) != IMAGE_NONE && image_decode(&cx, s, 1000000, 200, &img) == ERR_OK) {
        struct image small = image_reduce(cx.arena, &img, 64);
        ASSERT(small.w <= 64 && small.h <= 64 && small.w > 0 && small.h > 0);
    }
    if (str_starts(s, STR("%PDF-"))) {
        pdf_check(&cx, s, &c);
        ASSERT(c.refusal != PDF_FINE || (c.pages > 0 && c.bytes.n > 0));
    }
    arena_close(cx.arena);
    return 0;
}
