/* zip.h: ZIP archive writer (APPNOTE 6.3; deflate or stored; no ZIP64: at most 65535 entries and 4
 * GiB). Bytes leave through a sink as they are made, so an export never sits in memory as a whole.
 */
#ifndef CODEC_ZIP_H
#define CODEC_ZIP_H

#include "base/buf.h"
#include "base/err.h"

typedef enum err zip_sink_fn(void *arg, struct str bytes);

struct zip_out;
/* Lives in arena; zip_finish or zip_abandon must be called (zlib state is freed there). */
struct zip_out *zip_open(struct arena *a, zip_sink_fn *sink, void *arg);
/* Begins an entry; name is a relative UTF-8 path without "..". is_stored: no compression. at_us:
 * its date. */
NODISCARD enum err zip_begin(struct zip_out *z, struct str name, int64_t at_us, bool is_stored);
NODISCARD enum err zip_write(struct zip_out *z, struct str bytes);
NODISCARD enum err zip_end(struct zip_out *z);
/* A whole entry. */
NODISCARD enum err zip_add(struct zip_out *z, struct str name, int64_t at_us, struct str bytes);
/* Writes the directory. */
NODISCARD enum err zip_finish(struct zip_out *z);
void zip_abandon(struct zip_out *z);
/* A sink that appends to a struct buf (arg); ERR_TOO_LARGE when it is full. */
enum err zip_sink_buf(void *arg, struct str bytes);

#endif
