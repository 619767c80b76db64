/* A PDF handed in for verification: structure and signatures. */
#include "codec/pdf_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ctx cx = { .arena = arena_open((size_t)64 << 20) };
    struct str s = { size == 0 ? "" : (const char *)data, size };
    struct pdf_file f = { 0 };
    struct pdf_sig *sigs = NULL;
    size_t n = 0;

    if (pdf_file_open(&cx, s, &f) == ERR_OK) {
        (void)pdf_file_page(&f, 3);
        (void)pdf_dict_without(cx.arena, pdf_file_dict(&f, f.root), STR("/AcroForm"));
    }
    if (pdf_sigs_find(&cx, s, &sigs, &n) == ERR_OK) {
        for (size_t i = 0; i < n; i++) {
            (void)pdf_date_us(sigs[i].when);
        }
    }
    arena_close(cx.arena);
    return 0;
}
