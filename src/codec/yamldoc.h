/* yamldoc.h: YAML documents as JSON text, over libyaml's events. What JSON cannot say is refused:
 * anchors and aliases (which can make a gigabyte of a line), tags, keys that are no words, a second
 * document. */
#ifndef CODEC_YAMLDOC_H
#define CODEC_YAMLDOC_H

#include "base/buf.h"
#include "base/err.h"

struct yamldoc_fault {
    uint32_t line;    /* 1-based */
    const char *what; /* English, static */
};
/* One document of at most max_bytes as JSON of at most four times that, JSON_DEPTH_MAX levels deep.
 * Plain words are null, true, false and numbers where they look so (YAML 1.2, core schema; numbers
 * as JSON writes them), else text. ERR_BAD_REQUEST with *ret_fault; ERR_TOO_LARGE. The JSON is not
 * checked for keys that stand twice: json_parse does. */
NODISCARD enum err yamldoc_to_json(struct arena *a, struct str yaml, size_t max_bytes,
                                   struct str *ret, struct yamldoc_fault *ret_fault);

#endif
