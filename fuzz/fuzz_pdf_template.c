/* Document templates: whatever an office writes, the parser answers with a program or a fault; a
 * program runs over a small document without drawing. */
#include "codec/pdf_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx cx = { .arena = arena_open((size_t)64 << 20) };
    const struct pdf_template *t = NULL;
    struct pdf_fault fault = { 0 };
    struct json *doc = NULL;
    struct json_fault jf = { 0 };

    if (pdf_template_parse(cx.arena, (struct str){ (const char *)data, size }, &t, &fault) ==
            ERR_OK &&
        json_parse(
            cx.arena,
            STR("{\"x\":\"<&>\\n\",\"y\":15000,\"l\":[1,{\"x\":[2,3]}],\"d\":\"2026-01-02\"}"),
            (struct json_limits){ 0 }, &doc, &jf) == ERR_OK) {
        struct pdf_el *root = NULL;
        if (pdf_fill(&cx, t, doc, &root) == ERR_OK) {
            ASSERT(root != NULL);
        }
    } else {
        ASSERT(t != NULL || (fault.line > 0 && fault.what.n > 0));
    }
    arena_close(cx.arena);
    return 0;
}
