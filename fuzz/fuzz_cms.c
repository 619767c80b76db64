/* fuzz_cms.c: a signature taken from an uploaded PDF, and a certificate: nothing made up is
 * trusted. */
#include "fuzz.h"

#include "crypto/cms.h"
#include "sys/sys.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct ctx cx = { .arena = arena_open(0), .clock = &sys_clock_real };
    struct cms_check check;
    struct cms_cert_info info;
    struct str s = fuzz_str(data, n);
    const struct str content[2] = { STR("a"), STR("b") };
    cms_verify(&cx, s, content, s, INT64_C(1790000000000000), &check);
    ASSERT(check.verdict != CMS_OK);
    if (cms_cert_read(&cx, s, &info) == ERR_OK) {
        ASSERT(info.serial.n > 0 && info.fingerprint.n == 64);
    }
    arena_close(cx.arena);
    return 0;
}
