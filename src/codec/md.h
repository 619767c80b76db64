/* md.h: Markdown (CommonMark by libmd4c, plus tables) to HTML for pack texts. No raw HTML, no
 * images; links only to http, https, mailto and relative addresses. */
#ifndef CODEC_MD_H
#define CODEC_MD_H

#include "base/buf.h"
#include "base/err.h"

/* heading_base: level that "#" becomes (2 below a page's h1). ERR_TOO_LARGE when the result would
 * pass max_bytes; ERR_BAD_REQUEST for bad UTF-8. */
NODISCARD enum err md_html(struct arena *a, struct str markdown, int heading_base, size_t max_bytes,
                           struct str *ret);

#endif
