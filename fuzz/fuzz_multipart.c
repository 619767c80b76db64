/* fuzz_multipart.c: first line = Content-Type, rest = body. Parts lie inside the body, limits hold.
 */
#include "fuzz.h"

#include "codec/multipart.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct str type;
    struct str body;
    struct str boundary;
    struct multipart_part *p = NULL;
    size_t p_n = 0;
    struct multipart_limits l = { .parts_max = 8,
                                  .files_max = 4,
                                  .name_max_bytes = 40,
                                  .value_max_bytes = 200,
                                  .file_max_bytes = 400 };
    if (str_cut(fuzz_str(data, n), '\n', &type, &body) && multipart_boundary(a, type, &boundary) &&
        multipart_parse(a, body, boundary, l, &p, &p_n) == ERR_OK) {
        ASSERT(p_n <= 8);
        for (size_t i = 0; i < p_n; i++) {
            ASSERT(p[i].name.p != NULL && p[i].name.n <= 40 && str_is_utf8(p[i].name));
            ASSERT(p[i].bytes.p >= body.p && p[i].bytes.p + p[i].bytes.n <= body.p + body.n);
            ASSERT(p[i].filename.p == NULL ||
                   (str_is_utf8(p[i].filename) && !str_has_char(p[i].filename, '/')));
            ASSERT(p[i].filename.p != NULL || (p[i].bytes.n <= 200 && str_is_utf8(p[i].bytes)));
        }
    }
    arena_close(a);
    return 0;
}
