/* asset.h: the browser's files inside the program, made by tools/uigen.py from ui/. */
#ifndef WEB_ASSET_H
#define WEB_ASSET_H

#include "base/str.h"

struct asset {
    struct str name, href, content_type, etag;
    struct str raw, gzip, brotli; /* gzip and brotli are null when they are not smaller */
};
/* Sorted by href bytewise. */
extern const struct asset assets[];
extern const size_t assets_n;

#endif
