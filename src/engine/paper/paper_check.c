/* The check of a file: type by content, limits, normalising, viruses. */
#include "codec/image.h"
#include "codec/pdf_check.h"
#include "engine/paper/paper.h"
#include "net/clamd.h"
#include "sys/sys.h"

#include <magic.h>

#define JPEG_QUALITY 82
#define CLAMD_MS     20000
#define MB(n)        ((n) >> 20)

static enum err
bad(struct ctx *cx, struct str field, const char *key, struct str arg)
{
    ctx_problem(cx, field, str_of(key), arg);
    return ctx_check(cx);
}

/* libmagic as the second opinion: what it calls neither a picture nor a PDF is refused. */
static bool
magic_agrees(struct str bytes)
{
    magic_t m = magic_open(MAGIC_MIME_TYPE);
    const char *mime =
        m == NULL || magic_load(m, NULL) != 0 ? NULL : magic_buffer(m, bytes.p, bytes.n);
    bool is_fine = mime != NULL && (str_starts(str_of(mime), STR("image/")) ||
                                    str_eq(str_of(mime), STR("application/pdf")));

    if (m != NULL) {
        magic_close(m);
    }
    return is_fine;
}

static enum err
check_picture(struct ctx *cx, struct str field, struct str bytes, struct paper_file *ret)
{
    struct image img;
    enum image_kind kind = image_kind_of(bytes);
    enum err e = image_decode(cx, bytes, PAPER_PIXELS_MAX, PAPER_SIDE_PX_MAX, &img);

    if (e == ERR_TOO_LARGE) {
        return bad(cx, field, "paper.bad.pixels",
                   str_fmt(cx->arena, "%" PRId64, PAPER_PIXELS_MAX / 1000000));
    }
    if (e != ERR_OK) {
        return bad(cx, field, "paper.bad.damaged", STR_NULL);
    }
    struct image small = image_reduce(cx->arena, &img, PAPER_SIDE_PX_MAX);
    bool is_png = kind == IMAGE_PNG && small.rgb == img.rgb;
    ret->pages = 1;
    ret->media = is_png ? STR("image/png") : STR("image/jpeg");
    return is_png ? image_to_png(cx, &small, &ret->bytes)
                  : image_to_jpeg(cx, &small, JPEG_QUALITY, &ret->bytes);
}

static enum err
check_pdf(struct ctx *cx, struct str field, struct str bytes, struct paper_file *ret)
{
    static const char *const keys[] = { [PDF_DAMAGED] = "paper.bad.damaged",
                                        [PDF_ENCRYPTED] = "paper.bad.pdf_encrypted",
                                        [PDF_ACTIVE] = "paper.bad.pdf_active" };
    struct pdf_checked c;

    pdf_check(cx, bytes, &c);
    if (c.refusal != PDF_FINE) {
        return bad(cx, field, keys[c.refusal], STR_NULL);
    }
    if (c.pages > PAPER_PDF_PAGES_MAX) {
        return bad(cx, field, "paper.bad.pdf_pages", str_fmt(cx->arena, "%d", PAPER_PDF_PAGES_MAX));
    }
    *ret = (struct paper_file){ c.bytes, STR("application/pdf"), c.pages };
    return ERR_OK;
}

static enum err
check_viruses(struct ctx *cx, struct str field, struct str bytes)
{
    struct str found = STR_NULL;

    if (cx->config == NULL || str_is_empty(cx->config->clamd_socket)) {
        return ERR_OK;
    }
    TRY(clamd_scan(cx, cx->config->clamd_socket, bytes, CLAMD_MS, &found));
    return found.n > 0 ? bad(cx, field, "paper.bad.virus", found) : ERR_OK;
}

enum err
paper_check(struct ctx *cx, struct str field, struct str bytes, struct paper_file *ret)
{
    bool is_pdf = str_starts(bytes, STR("%PDF-"));
    struct paper_file file = { 0 };

    if (bytes.n == 0) {
        return bad(cx, field, "paper.bad.empty", STR_NULL);
    }
    if (bytes.n > PAPER_BYTES_MAX) {
        return bad(cx, field, "paper.bad.too_large",
                   str_fmt(cx->arena, "%zu", MB(PAPER_BYTES_MAX)));
    }
    if ((!is_pdf && image_kind_of(bytes) == IMAGE_NONE) || !magic_agrees(bytes)) {
        return bad(cx, field, "paper.bad.type", STR_NULL);
    }
    TRY(check_viruses(cx, field, bytes)); /* as it came, before any decoder sees it */
    TRY(is_pdf ? check_pdf(cx, field, bytes, &file) : check_picture(cx, field, bytes, &file));
    *ret = file;
    return ERR_OK;
}
