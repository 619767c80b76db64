/* Decoding and encoding by libjpeg-turbo, libpng and libheif; turning and reducing by hand. */
#include "codec/image.h"

#include <libheif/heif.h>
#include <png.h>
#include <turbojpeg.h>

#define JPEG_OUT_MAX ((size_t)64 << 20)

enum image_kind
image_kind_of(struct str s)
{
    if (s.n > 3 && memcmp(s.p, "\xff\xd8\xff", 3) == 0) {
        return IMAGE_JPEG;
    }
    if (s.n > 8 && memcmp(s.p, "\x89PNG\r\n\x1a\n", 8) == 0) {
        return IMAGE_PNG;
    }
    if (s.n > 12 && memcmp(s.p + 4, "ftyp", 4) == 0) {
        static const char *const brands[] = { "heic", "heix", "mif1", "msf1", "heim", "heis" };
        for (size_t i = 0; i < COUNT_OF(brands); i++) {
            if (memcmp(s.p + 8, brands[i], 4) == 0) {
                return IMAGE_HEIC;
            }
        }
    }
    return IMAGE_NONE;
}

static uint32_t
number(struct str s, size_t at, size_t n, bool is_little)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n && at + n <= s.n; i++) {
        v = v << 8 | (uint8_t)s.p[is_little ? at + n - 1 - i : at + i];
    }
    return v;
}

/* The TIFF part of an APP1 segment: only the first directory's tag 0x0112 is of interest. */
static int
orientation_in_tiff(struct str t)
{
    bool is_little = str_starts(t, STR("II"));
    size_t at = number(t, 4, 4, is_little);
    uint32_t n = at + 2 <= t.n ? number(t, at, 2, is_little) : 0;

    for (uint32_t i = 0; i < n && i < 200 && at + 2 + (size_t)i * 12 + 12 <= t.n; i++) {
        size_t entry = at + 2 + (size_t)i * 12;
        if (number(t, entry, 2, is_little) == 0x0112) {
            uint32_t v = number(t, entry + 8, 2, is_little);
            return v >= 1 && v <= 8 ? (int)v : 1;
        }
    }
    return 1;
}

int
image_exif_orientation(struct str s)
{
    size_t at = 2;

    while (at + 4 <= s.n && (uint8_t)s.p[at] == 0xFF && (uint8_t)s.p[at + 1] != 0xDA) {
        size_t len = number(s, at + 2, 2, false);
        struct str segment = str_slice(s, at + 4, at + 2 + len);
        if (len < 2) {
            break;
        }
        if ((uint8_t)s.p[at + 1] == 0xE1 && segment.n > 6 &&
            memcmp(segment.p, "Exif\0\0", 6) == 0) {
            return orientation_in_tiff(str_slice(segment, 6, segment.n));
        }
        at += 2 + len;
    }
    return 1;
}

/* Where pixel (x, y) of the upright picture comes from; orientations 5 to 8 change sides. */
static size_t
source_of(const struct image *in, int orientation, uint32_t x, uint32_t y)
{
    static const struct {
        bool u, v;
    } flips[] = {
        [2] = { true, false }, [3] = { true, true }, [4] = { false, true }, [5] = { false, false },
        [6] = { false, true }, [7] = { true, true }, [8] = { true, false }
    };
    uint32_t u = orientation >= 5 ? y : x;
    uint32_t v = orientation >= 5 ? x : y;
    u = flips[orientation].u ? in->w - 1 - u : u;
    v = flips[orientation].v ? in->h - 1 - v : v;
    return ((size_t)v * in->w + u) * 3;
}

static struct image
upright(struct arena *a, const struct image *in, int orientation)
{
    bool is_turned = orientation >= 5;
    struct image out = { is_turned ? in->h : in->w, is_turned ? in->w : in->h, NULL };

    if (orientation <= 1) {
        return *in;
    }
    out.rgb = arena_alloc(a, (size_t)in->w * in->h * 3);
    for (uint32_t y = 0; y < out.h; y++) {
        for (uint32_t x = 0; x < out.w; x++) {
            memcpy(out.rgb + ((size_t)y * out.w + x) * 3,
                   in->rgb + source_of(in, orientation, x, y), 3);
        }
    }
    return out;
}

static enum err
decode_jpeg(struct ctx *cx, struct str s, int64_t pixels_max, uint32_t side_hint, struct image *ret)
{
    tjhandle h = tjInitDecompress();
    int w = 0;
    int ht = 0;
    int sub = 0;
    int space = 0;
    enum err e = ERR_OK;

    if (h == NULL ||
        tjDecompressHeader3(h, (const unsigned char *)s.p, s.n, &w, &ht, &sub, &space) != 0 ||
        w <= 0 || ht <= 0) {
        e = err_set(cx, ERR_BAD_REQUEST, "JPEG header does not read");
    } else if ((int64_t)w * ht > pixels_max) {
        e = err_set(cx, ERR_TOO_LARGE, "JPEG of %d x %d", w, ht);
    }
    if (e == ERR_OK) {
        int shrink = 1;
        int longer = w > ht ? w : ht;
        while (shrink < 8 && side_hint > 0 && longer / (shrink * 2) >= (int)side_hint) {
            shrink *= 2;
        }
        tjscalingfactor f = { 1, shrink };
        struct image raw = { (uint32_t)TJSCALED(w, f), (uint32_t)TJSCALED(ht, f), NULL };
        raw.rgb = arena_alloc(cx->arena, (size_t)raw.w * raw.h * 3);
        if (tjDecompress2(h, (const unsigned char *)s.p, s.n, raw.rgb, (int)raw.w, 0, (int)raw.h,
                          TJPF_RGB, TJFLAG_ACCURATEDCT) != 0 &&
            tjGetErrorCode(h) != TJERR_WARNING) {
            e = err_set(cx, ERR_BAD_REQUEST, "JPEG is damaged");
        } else {
            *ret = upright(cx->arena, &raw, image_exif_orientation(s));
        }
    }
    (void)tjDestroy(h);
    return e;
}

static enum err
decode_png(struct ctx *cx, struct str s, int64_t pixels_max, struct image *ret)
{
    png_image img = { .version = PNG_IMAGE_VERSION };
    png_color white = { 255, 255, 255 };
    enum err e = ERR_OK;

    if (png_image_begin_read_from_memory(&img, s.p, s.n) == 0) {
        return err_set(cx, ERR_BAD_REQUEST, "PNG: %s", img.message);
    }
    if ((int64_t)img.width * img.height > pixels_max) {
        e = err_set(cx, ERR_TOO_LARGE, "PNG of %u x %u", img.width, img.height);
    } else {
        img.format = PNG_FORMAT_RGB;
        struct image out = { img.width, img.height,
                             arena_alloc(cx->arena, (size_t)img.width * img.height * 3) };
        if (png_image_finish_read(&img, &white, out.rgb, 0, NULL) == 0) {
            e = err_set(cx, ERR_BAD_REQUEST, "PNG: %s", img.message);
        } else {
            *ret = out;
        }
    }
    png_image_free(&img);
    return e;
}

static enum err
take_heif(struct ctx *cx, struct heif_context *h, int64_t pixels_max, struct image *ret)
{
    struct heif_image_handle *handle = NULL;
    struct heif_image *img = NULL;
    enum err e = ERR_OK;

    if (heif_context_get_primary_image_handle(h, &handle).code != heif_error_Ok) {
        return err_set(cx, ERR_BAD_REQUEST, "HEIC without a main picture");
    }
    int64_t w = heif_image_handle_get_width(handle);
    int64_t ht = heif_image_handle_get_height(handle);
    if (w <= 0 || ht <= 0 || w * ht > pixels_max) {
        e = err_set(cx, ERR_TOO_LARGE, "HEIC of %" PRId64 " x %" PRId64, w, ht);
    } else if (heif_decode_image(handle, &img, heif_colorspace_RGB, heif_chroma_interleaved_RGB,
                                 NULL)
                   .code != heif_error_Ok) {
        e = err_set(cx, ERR_BAD_REQUEST, "HEIC does not decode");
    } else {
        int stride = 0;
        const uint8_t *rows = heif_image_get_plane_readonly(img, heif_channel_interleaved, &stride);
        struct image out = { (uint32_t)heif_image_get_primary_width(img),
                             (uint32_t)heif_image_get_primary_height(img), NULL };
        e = rows == NULL ? err_set(cx, ERR_BAD_REQUEST, "HEIC without points") : ERR_OK;
        out.rgb = arena_alloc(cx->arena, (size_t)out.w * out.h * 3);
        for (uint32_t y = 0; rows != NULL && y < out.h; y++) {
            memcpy(out.rgb + (size_t)y * out.w * 3, rows + (size_t)y * (size_t)stride,
                   (size_t)out.w * 3);
        }
        *ret = out;
    }
    heif_image_release(img);
    heif_image_handle_release(handle);
    return e;
}

static enum err
decode_heic(struct ctx *cx, struct str s, int64_t pixels_max, struct image *ret)
{
    struct heif_context *h = heif_context_alloc();
    enum err e = ERR_OK;

    heif_context_set_maximum_image_size_limit(h, 16384);
    if (heif_context_read_from_memory_without_copy(h, s.p, s.n, NULL).code != heif_error_Ok) {
        e = err_set(cx, ERR_BAD_REQUEST, "HEIC does not read");
    } else {
        e = take_heif(cx, h, pixels_max, ret);
    }
    heif_context_free(h);
    return e;
}

enum err
image_decode(struct ctx *cx, struct str bytes, int64_t pixels_max, uint32_t side_hint,
             struct image *ret)
{
    switch (image_kind_of(bytes)) {
    case IMAGE_JPEG:
        return decode_jpeg(cx, bytes, pixels_max, side_hint, ret);
    case IMAGE_PNG:
        return decode_png(cx, bytes, pixels_max, ret);
    case IMAGE_HEIC:
        return decode_heic(cx, bytes, pixels_max, ret);
    case IMAGE_NONE:
        break;
    }
    return err_set(cx, ERR_BAD_REQUEST, "not a picture of a known kind");
}

/* Mean of the source pixels below one target pixel. */
static void
average(const struct image *in, uint32_t x0, uint32_t x1, uint32_t y0, uint32_t y1, uint8_t *out)
{
    uint64_t sum[3] = { 0 };
    uint64_t n = (uint64_t)(x1 - x0) * (y1 - y0);

    for (uint32_t y = y0; y < y1; y++) {
        const uint8_t *p = in->rgb + ((size_t)y * in->w + x0) * 3;
        for (uint32_t x = x0; x < x1; x++, p += 3) {
            sum[0] += p[0];
            sum[1] += p[1];
            sum[2] += p[2];
        }
    }
    for (int c = 0; c < 3; c++) {
        out[c] = (uint8_t)((sum[c] + n / 2) / n);
    }
}

struct image
image_reduce(struct arena *a, const struct image *in, uint32_t side_px)
{
    uint32_t longer = in->w > in->h ? in->w : in->h;

    if (longer <= side_px) {
        return *in;
    }
    struct image out = { (uint32_t)((uint64_t)in->w * side_px / longer),
                         (uint32_t)((uint64_t)in->h * side_px / longer), NULL };
    out.w = out.w > 0 ? out.w : 1;
    out.h = out.h > 0 ? out.h : 1;
    out.rgb = arena_alloc(a, (size_t)out.w * out.h * 3);
    for (uint32_t y = 0; y < out.h; y++) {
        uint32_t y0 = (uint32_t)((uint64_t)y * in->h / out.h);
        uint32_t y1 = (uint32_t)((uint64_t)(y + 1) * in->h / out.h);
        for (uint32_t x = 0; x < out.w; x++) {
            uint32_t x0 = (uint32_t)((uint64_t)x * in->w / out.w);
            uint32_t x1 = (uint32_t)((uint64_t)(x + 1) * in->w / out.w);
            average(in, x0, x1 > x0 ? x1 : x0 + 1, y0, y1 > y0 ? y1 : y0 + 1,
                    out.rgb + ((size_t)y * out.w + x) * 3);
        }
    }
    return out;
}

enum err
image_to_jpeg(struct ctx *cx, const struct image *in, int quality, struct str *ret)
{
    tjhandle h = tjInitCompress();
    unsigned char *p = NULL;
    unsigned long n = 0;
    enum err e = ERR_OK;

    if (h == NULL || tjCompress2(h, in->rgb, (int)in->w, 0, (int)in->h, TJPF_RGB, &p, &n,
                                 TJSAMP_420, quality, 0) != 0) {
        e = err_set(cx, ERR_INTERNAL, "JPEG encoder failed");
    } else {
        *ret = (struct str){ arena_copy(cx->arena, p, n), n };
    }
    tjFree(p);
    (void)tjDestroy(h);
    return e;
}

enum err
image_to_png(struct ctx *cx, const struct image *in, struct str *ret)
{
    png_image img = {
        .version = PNG_IMAGE_VERSION, .width = in->w, .height = in->h, .format = PNG_FORMAT_RGB
    };
    png_alloc_size_t n = 0;

    if (png_image_write_get_memory_size(img, n, 0, in->rgb, 0, NULL) == 0 || n > JPEG_OUT_MAX) {
        return err_set(cx, ERR_INTERNAL, "PNG encoder failed");
    }
    char *p = arena_alloc(cx->arena, n);
    if (png_image_write_to_memory(&img, p, &n, 0, in->rgb, 0, NULL) == 0) {
        return err_set(cx, ERR_INTERNAL, "PNG encoder failed");
    }
    *ret = (struct str){ p, n };
    return ERR_OK;
}
