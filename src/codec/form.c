/* form.c: see form.h. */
#include "codec/form.h"

static uint32_t
or_default(uint32_t v, uint32_t otherwise)
{
    return v == 0 ? otherwise : v;
}

enum err
form_parse(struct arena *a, struct str body, struct form_limits limits, struct url_pair **ret,
           size_t *ret_n)
{
    struct url_pair *pairs = NULL;
    size_t n = 0;
    TRY(url_query(a, body, or_default(limits.pairs_max, 1000), &pairs, &n));
    for (size_t i = 0; i < n; i++) {
        if (pairs[i].name.n > or_default(limits.name_max_bytes, 200) ||
            pairs[i].value.n > or_default(limits.value_max_bytes, 1U << 20)) {
            return ERR_TOO_LARGE;
        }
    }
    *ret = pairs;
    *ret_n = n;
    return ERR_OK;
}

/* %20 as '+': the encoder never writes another "%20", and '+' itself is written %2B. */
struct str
form_build(struct arena *a, const struct url_pair *pairs, size_t n)
{
    return str_replace(a, url_query_build(a, pairs, n), STR("%20"), STR("+"));
}
