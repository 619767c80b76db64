/* fuzz_form_answers.c: lines "name=value" as one page's input of a small form, or a whole JSON
 * document: whatever is typed, the draft can be saved, loaded and saved to the same text, and the
 * page can be rendered. */
#include "fuzz.h"

#include "engine/form/form.h"

static const char form_json[] =
    "{\"id\":\"f\",\"title\":{\"vi\":\"F\"},\"schema\":{\"type\":\"object\",\"properties\":{\"a\":{"
    "\"type\":\"string\",\"maxLength\":20},"
    "\"d\":{\"type\":\"string\",\"format\":\"date\"},\"n\":{\"type\":\"integer\"},\"i\":{\"type\":"
    "\"string\",\"format\":\"personal-id\"},"
    "\"c\":{\"type\":\"boolean\"},\"h\":{\"type\":\"object\",\"properties\":{\"unit\":{\"type\":"
    "\"string\",\"x-unit\":\"commune\"},"
    "\"other\":{\"type\":\"string\"}},\"required\":[\"unit\"]},\"l\":{\"type\":\"array\","
    "\"maxItems\":3,\"items\":{\"type\":\"object\","
    "\"properties\":{\"x\":{\"type\":\"string\"},\"y\":{\"type\":\"string\",\"format\":\"date\"}},"
    "\"required\":[\"x\"]}}},\"required\":[\"a\",\"h\"]},"
    "\"pages\":[{\"id\":\"p\",\"title\":{\"vi\":\"P\"},\"elements\":["
    "{\"type\":\"Control\",\"scope\":\"a\",\"label\":{\"vi\":\"A\"}},{\"type\":\"Control\","
    "\"scope\":\"d\",\"label\":{\"vi\":\"D\"}},"
    "{\"type\":\"Control\",\"scope\":\"n\",\"label\":{\"vi\":\"N\"},\"widget\":\"money\"},{"
    "\"type\":\"Control\",\"scope\":\"i\",\"label\":{\"vi\":\"I\"}},"
    "{\"type\":\"Control\",\"scope\":\"c\",\"label\":{\"vi\":\"C\"},\"rule\":{\"effect\":\"SHOW\","
    "\"when\":\"a = \\\"x\\\"\"}},"
    "{\"type\":\"Control\",\"scope\":\"h\",\"label\":{\"vi\":\"H\"},\"widget\":\"address\"},"
    "{\"type\":\"List\",\"scope\":\"l\",\"label\":{\"vi\":\"L\"},\"item\":{\"vi\":\"i\"},"
    "\"elements\":["
    "{\"type\":\"Control\",\"scope\":\"x\",\"label\":{\"vi\":\"X\"}},{\"type\":\"Control\","
    "\"scope\":\"y\",\"label\":{\"vi\":\"Y\"}}]}]}]}";

static size_t
read_pairs(struct arena *a, struct str s, struct web_pair *pairs, size_t max)
{
    struct str line;
    size_t n = 0;
    while (n < max && str_next(&s, '\n', &line)) {
        struct str name;
        struct str value;
        (void)str_cut(line, '=', &name, &value);
        if (str_is_utf8(line) && !str_has_char(line, '\0')) { /* as the web floor sees to */
            pairs[n++] = (struct web_pair){ str_dup(a, name), str_dup(a, value) };
        }
    }
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static pack_part_fn *const parts[] = { form_pack_part };
    struct ctx cx = { .arena = arena_open(0), .lang = STR("vi") };
    struct pack_file file = { STR("forms/f.json"), { form_json, sizeof(form_json) - 1 } };
    struct pack *p = NULL;
    struct pack_fault *faults = NULL;
    size_t n = 0;
    ASSERT(pack_read_files(&cx, &file, 1, parts, 1, &p, &faults, &n) == ERR_OK && n == 0);
    const struct form *f = form_find(p, STR("f"));
    struct form_env env = { .today = date_of(2026, 11, 22) };
    struct form_state st;
    struct web_pair pairs[50];
    bool is_button = false;
    size_t n_pairs =
        read_pairs(cx.arena, (struct str){ (const char *)data, size < 10000 ? size : 10000 }, pairs,
                   COUNT_OF(pairs));
    ASSERT(form_state_load(&cx, f, STR_NULL, &st) == ERR_OK);
    if (size > 0 && data[0] == '{') { /* as a program sends them */
        (void)!form_read_json(&cx, &st, &env, (struct str){ (const char *)data, size });
    }
    (void)!form_read_page(&cx, &st, form_page_at(f, 0), &env, pairs, n_pairs, &is_button);
    struct str draft = form_state_save(&cx, &st);
    struct form_state again;
    ASSERT(form_state_load(&cx, f, draft, &again) == ERR_OK);
    ASSERT(str_eq(draft, form_state_save(&cx, &again)));
    struct buf b = buf_new(cx.arena, 1u << 20);
    form_render_page(&cx, &again, form_page_at(f, 0), &env, &(struct form_links){ 0 }, &b);
    ASSERT(!b.is_failed && str_find(buf_str(&b), STR("<script")) == b.n);
    pack_free(p);
    arena_close(cx.arena);
    return 0;
}
