/* form.h: application/x-www-form-urlencoded bodies (WHATWG URL, part 5). */
#ifndef CODEC_FORM_H
#define CODEC_FORM_H

#include "codec/url.h"

struct form_limits {
    uint32_t pairs_max, name_max_bytes, value_max_bytes; /* 0: 1000, 200, 1 MiB */
};

/* Pairs in order of the body. ERR_BAD_REQUEST for broken escapes, NUL or bad UTF-8; ERR_TOO_LARGE
 * past a limit. Empty parts ("a=1&&b=2") are skipped. */
NODISCARD enum err form_parse(struct arena *a, struct str body, struct form_limits limits,
                              struct url_pair **ret, size_t *ret_n);
/* The encoding, with '+' for space. */
struct str form_build(struct arena *a, const struct url_pair *pairs, size_t n);

#endif
