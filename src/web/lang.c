/* lang.c: which language this request is answered in. */
#include "codec/accept.h"
#include "codec/cookie.h"
#include "web/inside.h"

/* The value of lang= in a raw query: codes are plain letters, so nothing needs decoding. */
static struct str
query_lang(struct str query)
{
    struct str rest = query;
    struct str part;
    while (str_next(&rest, '&', &part)) {
        if (str_starts(part, STR("lang="))) {
            return str_slice(part, 5, part.n);
        }
    }
    return STR_NULL;
}

/* The code among the known ones; null when it is none of them. Borrowed from the table, not the
 * request. */
static struct str
known(const struct str *langs, size_t n, struct str code)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(langs[i], code)) {
            return langs[i];
        }
    }
    return STR_NULL;
}

struct str
lang_choose(const struct texts *texts, const struct http_request *rq, struct str preferred,
            bool *ret_from_query)
{
    struct str langs[WEB_LANGS_MAX];
    size_t n = texts_langs(texts, langs);
    struct str lang = known(langs, n, query_lang(rq->query));
    *ret_from_query = lang.p != NULL;
    if (lang.p == NULL) {
        lang = known(langs, n, cookie_get(http_header_get(rq, STR("Cookie")), STR("lang")));
    }
    if (lang.p == NULL) {
        lang = known(langs, n, preferred);
    }
    if (lang.p == NULL) {
        lang = langs[accept_language(http_header_get(rq, STR("Accept-Language")), langs, n)];
    }
    return lang;
}
