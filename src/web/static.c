/* static.c: the built-in files, gzip and entity tags. */
#include "codec/accept.h"
#include "crypto/digest.h"
#include "web/asset.h"
#include "web/inside.h"

#define ZLIB_CONST
#include <zlib.h>

static const struct asset *
asset_find(struct str path)
{
    size_t low = 0;
    size_t high = assets_n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = str_cmp(assets[mid].href, path);
        if (c == 0) {
            return &assets[mid];
        }
        if (c < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return NULL;
}

static const struct asset *
asset_named(struct str name)
{
    for (size_t i = 0; i < assets_n; i++) {
        if (str_eq(assets[i].name, name)) {
            return &assets[i];
        }
    }
    return NULL;
}

bool
static_answer(const struct http_request *rq, struct http_response *rs)
{
    if (rq->method != HTTP_GET && rq->method != HTTP_HEAD) {
        return false;
    }
    bool is_icon = str_eq(rq->path, STR("/favicon.ico"));
    const struct asset *f = is_icon ? asset_named(STR("favicon.svg")) : asset_find(rq->path);
    if (f == NULL) {
        return false;
    }
    struct str accepts = http_header_get(rq, STR("Accept-Encoding"));
    *rs = (struct http_response){ .status = 200,
                                  .kind = HTTP_WHOLE,
                                  .content_type = f->content_type,
                                  .body = f->raw,
                                  .etag = f->etag };
    if (f->brotli.p != NULL && accept_encoding(accepts, STR("br")) != 0) {
        rs->body = f->brotli;
        http_response_header(rs, STR("Content-Encoding"), STR("br"));
    } else if (f->gzip.p != NULL && accept_encoding(accepts, STR("gzip")) != 0) {
        rs->body = f->gzip;
        http_response_header(rs, STR("Content-Encoding"), STR("gzip"));
    }
    http_response_header(rs, STR("Vary"), STR("Accept-Encoding"));
    http_response_header(rs, STR("Cache-Control"),
                         is_icon ? STR("public, max-age=86400")
                                 : STR("public, max-age=31536000, immutable"));
    http_response_header(rs, STR("X-Content-Type-Options"), STR("nosniff"));
    http_response_header(rs, STR("Content-Security-Policy"), STR("default-src 'none'"));
    if (accept_etag(http_header_get(rq, STR("If-None-Match")), f->etag)) {
        rs->status = 304;
        rs->body = STR("");
    }
    return true;
}

struct str
static_gzip(struct arena *a, struct str bytes, int level)
{
    z_stream z = { 0 };
    if (bytes.n > UINT32_MAX / 2 ||
        deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return STR_NULL;
    }
    size_t cap = deflateBound(&z, bytes.n);
    unsigned char *out = arena_alloc(a, cap);
    z.next_in = (const Bytef *)bytes.p;
    z.avail_in = (uInt)bytes.n;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    int rc = deflate(&z, Z_FINISH);
    size_t n = z.total_out;
    (void)deflateEnd(&z);
    return rc == Z_STREAM_END && n < bytes.n ? (struct str){ (const char *)out, n } : STR_NULL;
}

struct str
static_etag(struct arena *a, struct str bytes)
{
    struct str hex = digest_sha256_hex(a, bytes);
    struct str head = str_slice(hex, 0, 32);
    return str_fmt(a, "\"" STR_FMT "\"", STR_ARG(head));
}
