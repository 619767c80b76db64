/* fuzz_yamldoc.c: YAML: what is taken is JSON within its limits, and the same when it is read as
 * YAML again. */
#include "fuzz.h"

#include "codec/json.h"
#include "codec/yamldoc.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct yamldoc_fault fault;
    struct json *tree = NULL;
    struct json_limits limits = { .depth_max = JSON_DEPTH_MAX, .nodes_max = 1000000 };
    struct str out;
    enum err e = yamldoc_to_json(a, fuzz_str(data, n), (size_t)1 << 16, &out, &fault);
    ASSERT(e == ERR_OK || fault.what != NULL);
    if (e == ERR_OK) {
        ASSERT(out.n > 0 && out.n <= (size_t)4 << 16);
        enum err parsed =
            json_parse(a, out, limits, &tree, NULL); /* keys may stand twice, \0 in text */
        ASSERT(parsed == ERR_OK || parsed == ERR_BAD_REQUEST);
    }
    arena_close(a);
    return 0;
}
