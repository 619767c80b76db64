/* schema.c: what both stores ask of the schema that this program was built with. */
#include "store/store_int.h"

#include <inttypes.h>

int64_t
store_schema_newest(const struct store_schema_set *set)
{
    return set->n_migrations == 0 ? 0 : set->migrations[set->n_migrations - 1].number;
}

/* Of the text without comments. */
struct str
store_schema_print(struct ctx *cx, const struct store_schema_set *set, bool is_postgres)
{
    uint64_t h = 0;
    for (size_t i = 0; i < set->n_schema; i++) {
        const char *text = is_postgres ? set->schema[i].postgres : set->schema[i].sqlite;
        h = h * UINT64_C(1099511628211) + str_hash(str_of(text));
    }
    return str_fmt(cx->arena, "%016" PRIx64, h);
}
