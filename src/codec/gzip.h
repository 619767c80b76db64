/* gzip.h: writes gzip (RFC 1952) piece by piece into a buffer. */
#ifndef CODEC_GZIP_H
#define CODEC_GZIP_H

#include "base/buf.h"
#include "base/err.h"

struct gzip_out;
/* Lives in arena; gzip_end must be called exactly once (zlib's state is freed there). */
struct gzip_out *gzip_begin(struct arena *a, struct buf *to);
void gzip_write(struct gzip_out *z, struct str bytes);
/* ERR_TOO_LARGE: `to` was full, what is in it is no gzip. */
NODISCARD enum err gzip_end(struct gzip_out *z);

#endif
