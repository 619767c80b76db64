/* multipart.h: multipart/form-data (RFC 7578, RFC 2046 5.1). The parser sees the whole body as one
 * range of bytes: a small body in memory, or a spool file mapped by multipart_map. Parts are slices
 * of it, so nothing is copied until a file part is saved. */
#ifndef CODEC_MULTIPART_H
#define CODEC_MULTIPART_H

#include "base/buf.h"
#include "base/err.h"

struct multipart_limits {
    uint32_t parts_max, files_max;            /* 0: 1000, 50 */
    uint32_t name_max_bytes, head_max_bytes;  /* 0: 200, 4096 (all header lines of one part) */
    uint64_t value_max_bytes, file_max_bytes; /* 0: 1 MiB, 100 MiB */
};
struct multipart_part {
    struct str name;         /* decoded, valid UTF-8 */
    struct str filename;     /* base name only; null when the part is a plain field */
    struct str content_type; /* as sent by the client, not to be trusted; null when absent */
    struct str bytes;        /* slice of the body */
};

/* The boundary of a Content-Type value. False when it is not multipart/form-data or has no lawful
 * boundary. */
bool multipart_boundary(struct arena *a, struct str content_type, struct str *ret);

/* All parts. ERR_BAD_REQUEST: malformed (no closing boundary, a part without a name, bad UTF-8 in a
 * name or a plain field). ERR_TOO_LARGE: past a limit. */
NODISCARD enum err multipart_parse(struct arena *a, struct str body, struct str boundary,
                                   struct multipart_limits limits, struct multipart_part **ret,
                                   size_t *ret_n);

/* A file as bytes, read-only, without reading it into memory. The caller calls multipart_unmap when
 * no slice is used any more. ERR_IO, ERR_NOT_FOUND. An empty file gives empty bytes. */
NODISCARD enum err multipart_map(const char *path, struct str *ret);
void multipart_unmap(struct str bytes);
/* Writes bytes to a new file (mode 0600, must not exist). ERR_DISK_FULL, ERR_IO. Does not sync. */
NODISCARD enum err multipart_save(struct str bytes, const char *path);

#endif
