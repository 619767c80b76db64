/* base64.h: RFC 4648, standard and URL-safe alphabets. */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "base/str.h"

struct str base64_encode(struct arena *a, struct str bytes);     /* with '=' padding */
struct str base64_url_encode(struct arena *a, struct str bytes); /* without padding */
/* Strict: right length, right padding, no white space, unused bits zero. False otherwise. */
bool base64_decode(struct arena *a, struct str text, struct str *ret);
bool base64_url_decode(struct arena *a, struct str text, struct str *ret); /* no padding allowed */

#endif
