/* fuzz_json_schema.c: a schema and a document, divided by a zero byte. Validation ends within its
 * limits, never says both "valid" and "wrong", and says the same twice. */
#include "fuzz.h"

#include "engine/form/form_schema.h"

static bool
validate(struct arena *a, const struct schema *s, const struct json *doc)
{
    struct schema_env env = { .today = date_of(2026, 11, 22) };
    struct schema_problem *p = NULL;
    size_t n = 0;
    bool is_good = schema_validate(a, s, doc, &env, &p, &n);
    ASSERT(is_good == (n == 0));
    return is_good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_open(0);
    struct str first;
    struct str second;
    struct json *schema = NULL;
    struct json *doc = NULL;
    struct json_fault jf;
    struct json_limits limits = { .depth_max = 24, .nodes_max = 2000 };
    struct schema *s = NULL;
    struct schema_fault f = { 0 };
    bool is_pair =
        size < 20000 && str_cut((struct str){ (const char *)data, size }, '\0', &first, &second);
    if (is_pair && json_parse(a, first, limits, &schema, &jf) == ERR_OK &&
        json_parse(a, second, limits, &doc, &jf) == ERR_OK) {
        if (schema_compile(a, schema, &s, &f) == ERR_OK) {
            ASSERT(validate(a, s, doc) == validate(a, s, doc));
        } else {
            ASSERT(f.what.n > 0);
        }
    }
    arena_close(a);
    return 0;
}
