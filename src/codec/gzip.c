/* gzip.c: see gzip.h. */
#include "codec/gzip.h"

#include <string.h>
#include <zlib.h>

#define CHUNK_BYTES 8192U
#define GZIP_WINDOW (15 + 16) /* 16: gzip's head and foot */
#define LEVEL       6
#define MEM_LEVEL   8

struct gzip_out {
    struct buf *to;
    z_stream stream;
    Bytef chunk[CHUNK_BYTES];
};

struct gzip_out *
gzip_begin(struct arena *a, struct buf *to)
{
    struct gzip_out *z = ARENA_NEW(a, struct gzip_out);
    z->to = to;
    memset(&z->stream, 0, sizeof(z->stream));
    ASSERT(deflateInit2(&z->stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEM_LEVEL,
                        Z_DEFAULT_STRATEGY) == Z_OK);
    return z;
}

static void
press(struct gzip_out *z, struct str bytes, int flush)
{
    union {
        const char *in;
        Bytef *out; /* zlib does not write through next_in */
    } next = { bytes.p };
    z->stream.next_in = next.out;
    z->stream.avail_in = (uInt)bytes.n;
    do {
        z->stream.next_out = z->chunk;
        z->stream.avail_out = CHUNK_BYTES;
        (void)deflate(&z->stream, flush);
        buf_add(z->to, (struct str){ (const char *)z->chunk, CHUNK_BYTES - z->stream.avail_out });
    } while (z->stream.avail_out == 0);
}

void
gzip_write(struct gzip_out *z, struct str bytes)
{
    if (bytes.n != 0) {
        press(z, bytes, Z_NO_FLUSH);
    }
}

enum err
gzip_end(struct gzip_out *z)
{
    press(z, STR(""), Z_FINISH);
    (void)deflateEnd(&z->stream);
    return z->to->is_failed ? ERR_TOO_LARGE : ERR_OK;
}
