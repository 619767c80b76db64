/* fuzz.h: what every fuzz target needs. A broken promise ends the program through ASSERT. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/base.h"
#include "base/ctx.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline struct str
fuzz_str(const uint8_t *data, size_t n)
{
    return (struct str){ n == 0 ? "" : (const char *)data, n };
}

#endif
