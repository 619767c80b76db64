/* blobs_s3.h: inside the store: files in a bucket of a server that speaks the S3 protocol, one
 * object a file: PREFIX/blobs/HASH. Each request is signed (AWS Signature Version 4, libcurl); the
 * hash is the signed digest of the content, so the server refuses what was changed on the way. */
#ifndef STORE_BLOBS_S3_H
#define STORE_BLOBS_S3_H

#include "store/blobs.h"

/* Whether the configuration says that files are kept there. */
bool s3_is_on(const struct ctx *cx);
/* ERR_UPSTREAM or ERR_DEADLINE when the server cannot be asked; each is tried three times, as long
 * as that does no harm. */
NODISCARD enum err s3_put(struct ctx *cx, struct str hash, struct str bytes);
/* ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO when the content is not that of its name. */
NODISCARD enum err s3_get(struct ctx *cx, struct str hash, size_t max_bytes, struct str *ret_bytes);
NODISCARD enum err s3_has(struct ctx *cx, struct str hash);
NODISCARD enum err s3_each(struct ctx *cx, blobs_each_fn *fn, void *arg);
/* Removes what is older than before_us and not kept, as blobs_collect does: first out of the way,
 * an hour later for good. */
NODISCARD enum err s3_collect(struct ctx *cx, int64_t before_us, blobs_keep_fn *keep,
                              int64_t *ret_n);

#endif
