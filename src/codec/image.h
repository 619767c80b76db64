/* image.h: pictures handed in: JPEG, PNG and HEIC decoded within limits, turned upright, reduced,
 * and written again without metadata. */
#ifndef CODEC_IMAGE_H
#define CODEC_IMAGE_H

#include "base/ctx.h"

enum image_kind { IMAGE_NONE, IMAGE_JPEG, IMAGE_PNG, IMAGE_HEIC };

/* By the first bytes alone. */
enum image_kind image_kind_of(struct str bytes);
/* EXIF orientation 1..8 of a JPEG; 1 when absent or damaged. */
int image_exif_orientation(struct str s);

struct image {
    uint32_t w, h;
    uint8_t *rgb; /* 3 bytes a pixel, in the arena */
};
/* Decodes (orientation applied, transparency on white). ERR_TOO_LARGE: more than pixels_max;
 * ERR_BAD_REQUEST: damaged or not a picture. A JPEG may come smaller (by whole factors) when its
 * longer side is more than twice side_hint; 0 = never. */
NODISCARD enum err image_decode(struct ctx *cx, struct str bytes, int64_t pixels_max,
                                uint32_t side_hint, struct image *ret);
/* Area average down to a longer side of side_px; unchanged when smaller already. */
struct image image_reduce(struct arena *a, const struct image *in, uint32_t side_px);
NODISCARD enum err image_to_jpeg(struct ctx *cx, const struct image *in, int quality,
                                 struct str *ret);
NODISCARD enum err image_to_png(struct ctx *cx, const struct image *in, struct str *ret);

#endif
