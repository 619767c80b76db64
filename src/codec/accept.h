/* accept.h: lists in HTTP request headers (RFC 9110 12.5, 13.1). */
#ifndef CODEC_ACCEPT_H
#define CODEC_ACCEPT_H

#include "base/str.h"

/* The best of the offered languages ("vi", "en") for an Accept-Language value; offered[0] when
 * nothing fits. "en-US" matches "en". */
size_t accept_language(struct str header, const struct str *offered, size_t n_offered);
/* Index of the best offered media type for an Accept value; offered[0] when the header is empty;
 * SIZE_MAX when all are refused. More specific ranges win. */
size_t accept_media(struct str header, const struct str *offered, size_t n_offered);
/* Quality 0..1000 that an Accept-Encoding value gives to a coding ("br", "gzip"); 0 = not wanted.
 */
uint32_t accept_encoding(struct str header, struct str coding);
/* True when an If-None-Match value holds the entity tag (weak comparison) or is "*". etag is
 * quoted. */
bool accept_etag(struct str header, struct str etag);
/* Next element of a comma-separated list; quoted strings are respected; trimmed; empty ones
 * skipped. */
bool accept_next(struct str *rest, struct str *ret);

#endif
