/* hex.h: bytes as hexadecimal digits. */
#ifndef CODEC_HEX_H
#define CODEC_HEX_H

#include "base/str.h"

struct str hex_encode(struct arena *a, struct str bytes); /* lower case */
void hex_to(char *out, const void *bytes, size_t n);      /* 2*n characters, no NUL */
bool hex_decode(struct arena *a, struct str text, struct str *ret);
bool hex_from(struct str text, void *out, size_t n); /* text.n must be 2*n */

#endif
