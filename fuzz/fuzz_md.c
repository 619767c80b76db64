/* fuzz_md.c: Markdown never lets a tag or an address of its own through. */
#include "fuzz.h"

#include "codec/md.h"

static bool
has(struct str s, struct str needle)
{
    return needle.n <= s.n && str_find(s, needle) < s.n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct str html;
    if (md_html(a, fuzz_str(data, n), 2, 1U << 20, &html) == ERR_OK) {
        ASSERT(!has(html, STR("<script")) && !has(html, STR("<img")) && !has(html, STR("<h1")));
        ASSERT(!has(html, STR("href=\"javascript:")) && !has(html, STR("href=\"data:")) &&
               !has(html, STR("href=\"//")));
    }
    arena_close(a);
    return 0;
}
