/* fuzz_xml.c: the tree is well linked and within its limits; no DOCTYPE passes. */
#include "fuzz.h"

#include "codec/xml.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct xml *x = NULL;
    struct xml_fault fault = { 0 };
    struct xml_limits l = { .bytes_max = 65536, .depth_max = 16, .nodes_max = 300 };
    enum err e = xml_parse(a, fuzz_str(data, n), l, &x, &fault);
    ASSERT((e == ERR_OK) == (x != NULL) && (e == ERR_OK || fault.what != NULL));
    size_t nodes = 1;
    for (const struct xml *at = x == NULL ? NULL : xml_walk(x, x); at != NULL;
         at = xml_walk(x, at)) {
        ASSERT(at->parent != NULL && at->depth == at->parent->depth + 1 && at->depth < 16);
        ASSERT(at->name.n > 0 && str_is_utf8(at->text));
        nodes++;
    }
    ASSERT(nodes <= 300);
    arena_close(a);
    return 0;
}
