/* accept.c: see accept.h. */
#include "codec/accept.h"

bool
accept_next(struct str *rest, struct str *ret)
{
    while (rest->n > 0) {
        bool is_quoted = false;
        size_t i = 0;
        for (; i < rest->n && (is_quoted || rest->p[i] != ','); i++) {
            if (rest->p[i] == '\\' && is_quoted && i + 1 < rest->n) {
                i++;
            } else if (rest->p[i] == '"') {
                is_quoted = !is_quoted;
            }
        }
        *ret = str_trim(str_slice(*rest, 0, i));
        *rest = str_slice(*rest, i + 1, rest->n);
        if (ret->n > 0) {
            return true;
        }
    }
    return false;
}

/* "0.8" as 800; 1000 for what is not a qvalue, as lenient servers do. */
static uint32_t
quality(struct str s)
{
    uint32_t v = 0;
    uint32_t unit = 1000;
    if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.')) {
        return 1000;
    }
    v = s.p[0] == '1' ? 1000 : 0;
    for (size_t i = 2; i < s.n; i++) {
        unit /= 10;
        if (s.p[i] < '0' || s.p[i] > '9') {
            return 1000;
        }
        v += unit * (uint32_t)(s.p[i] - '0');
    }
    return v > 1000 ? 1000 : v;
}

/* Splits "value;a=b;q=0.5". */
static uint32_t
split_quality(struct str element, struct str *ret_value)
{
    struct str rest;
    struct str part;
    uint32_t q = 1000;
    (void)str_cut(element, ';', ret_value, &rest);
    *ret_value = str_trim(*ret_value);
    while (str_next(&rest, ';', &part)) {
        part = str_trim(part);
        if (part.n >= 2 && (part.p[0] == 'q' || part.p[0] == 'Q') && part.p[1] == '=') {
            q = quality(str_slice(part, 2, part.n));
        }
    }
    return q;
}

/* How exactly a range fits: 0 not at all. */
static uint32_t
language_fits(struct str range, struct str tag)
{
    if (str_eq(range, STR("*"))) {
        return 1;
    }
    struct str main_part = str_slice(range, 0, str_find_char(range, '-'));
    if (str_eq_nocase(range, tag)) {
        return 3;
    }
    return str_eq_nocase(main_part, tag) ? 2 : 0;
}

static uint32_t
media_fits(struct str range, struct str type)
{
    if (str_eq(range, STR("*/*"))) {
        return 1;
    }
    if (str_eq_nocase(range, type)) {
        return 3;
    }
    struct str wanted = str_slice(range, 0, str_find_char(range, '/'));
    struct str given = str_slice(type, 0, str_find_char(type, '/'));
    return str_ends(range, STR("/*")) && str_eq_nocase(wanted, given) ? 2 : 0;
}

typedef uint32_t fits_fn(struct str range, struct str offered);

/* Quality of one offer: that of the range that fits it most exactly; 0 when none does. */
static uint32_t
quality_of(struct str header, struct str offered, fits_fn *fits)
{
    struct str rest = header;
    struct str element;
    uint32_t best_fit = 0;
    uint32_t q = 0;
    while (accept_next(&rest, &element)) {
        struct str range;
        uint32_t element_q = split_quality(element, &range);
        uint32_t fit = fits(range, offered);
        if (fit > best_fit) {
            best_fit = fit;
            q = element_q;
        } else if (fit == best_fit && fit > 0 && element_q > q) {
            q = element_q;
        }
    }
    return q;
}

static size_t
best(struct str header, const struct str *offered, size_t n, fits_fn *fits)
{
    size_t at = SIZE_MAX;
    uint32_t best_q = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t q = quality_of(header, offered[i], fits);
        if (q > best_q) {
            best_q = q;
            at = i;
        }
    }
    return at;
}

size_t
accept_language(struct str header, const struct str *offered, size_t n_offered)
{
    size_t at = best(header, offered, n_offered, language_fits);
    return at == SIZE_MAX ? 0 : at;
}

size_t
accept_media(struct str header, const struct str *offered, size_t n_offered)
{
    return str_trim(header).n == 0 ? 0 : best(header, offered, n_offered, media_fits);
}

static uint32_t
coding_fits(struct str range, struct str coding)
{
    return str_eq_nocase(range, coding) ? 2 : str_eq(range, STR("*")) ? 1 : 0;
}

uint32_t
accept_encoding(struct str header, struct str coding)
{
    return quality_of(header, coding, coding_fits);
}

static struct str
opaque(struct str tag)
{
    return str_starts(tag, STR("W/")) ? str_slice(tag, 2, tag.n) : tag;
}

bool
accept_etag(struct str header, struct str etag)
{
    struct str rest = header;
    struct str element;
    if (str_eq(str_trim(header), STR("*"))) {
        return true;
    }
    while (accept_next(&rest, &element)) {
        if (element.n > 0 && str_eq(opaque(element), opaque(etag))) {
            return true;
        }
    }
    return false;
}
