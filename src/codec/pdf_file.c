/* Reading classic PDF structure. Every position is checked against the file before it is used. */
#include "codec/pdf_file.h"

#include <string.h>

#define XREF_CHAIN_MAX 64

static bool
is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == '\0';
}

static bool
is_delimiter(char c)
{
    return c != '\0' && strchr("()<>[]{}/%", c) != NULL;
}

/* Skips white space and comments. */
static size_t
skip_space(struct str s, size_t at)
{
    while (at < s.n && (is_space(s.p[at]) || s.p[at] == '%')) {
        if (s.p[at] == '%') {
            while (at < s.n && s.p[at] != '\n' && s.p[at] != '\r') {
                at++;
            }
        } else {
            at++;
        }
    }
    return at;
}

/* End of a literal string that begins at '('. */
static size_t
skip_string(struct str s, size_t at)
{
    int depth = 0;
    for (; at < s.n; at++) {
        if (s.p[at] == '\\') {
            at++;
        } else if (s.p[at] == '(') {
            depth++;
        } else if (s.p[at] == ')' && --depth == 0) {
            return at + 1;
        }
    }
    return s.n;
}

static size_t
skip_word(struct str s, size_t at)
{
    while (at < s.n && !is_space(s.p[at]) && !is_delimiter(s.p[at])) {
        at++;
    }
    return at;
}

/* One lexical piece; depth changes by <<, >>, [ and ]. */
static size_t
skip_token(struct str s, size_t at, int *depth)
{
    char c = s.p[at];
    char d = at + 1 < s.n ? s.p[at + 1] : '\0';

    if (c == '(') {
        return skip_string(s, at);
    }
    if ((c == '<' && d == '<') || (c == '>' && d == '>')) {
        *depth += c == '<' ? 1 : -1;
        return at + 2;
    }
    if (c == '[' || c == ']') {
        *depth += c == '[' ? 1 : -1;
        return at + 1;
    }
    if (c == '<') {
        size_t n = str_find_char(str_slice(s, at, s.n), '>');
        return at + n + 1 > s.n ? s.n : at + n + 1;
    }
    return skip_word(s, at + 1);
}

/* End of one whole object value; "12 0 R" counts as one. */
static size_t
skip_value(struct str s, size_t at)
{
    int depth = 0;
    size_t end = at;

    do {
        end = skip_space(s, end);
        if (end >= s.n) {
            return s.n;
        }
        end = skip_token(s, end, &depth);
    } while (depth > 0);
    /* a reference: number number R */
    struct str rest = str_slice(s, at, s.n);
    if (rest.n > 0 && rest.p[0] >= '0' && rest.p[0] <= '9') {
        int none = 0;
        size_t second = skip_space(s, end);
        if (second < s.n && s.p[second] >= '0' && s.p[second] <= '9') {
            size_t third = skip_space(s, skip_token(s, second, &none));
            if (third < s.n && s.p[third] == 'R') {
                return third + 1;
            }
        }
    }
    return end;
}

/* Walks the top level of a dictionary. *at starts at 2 (behind "<<"); false at its end. */
static bool
next_pair(struct str dict, size_t *at, struct str *key, size_t *from, size_t *to)
{
    size_t k = skip_space(dict, *at);
    int none = 0;

    if (k >= dict.n || dict.p[k] != '/') {
        return false;
    }
    size_t k_end = skip_token(dict, k, &none);
    size_t v = skip_space(dict, k_end);
    if (v >= dict.n) {
        return false;
    }
    *key = str_slice(dict, k, k_end);
    *from = v;
    *to = skip_value(dict, v);
    *at = *to;
    return true;
}

struct str
pdf_dict_get(struct str dict, struct str key)
{
    struct str k;
    size_t from = 0;
    size_t to = 0;

    if (!str_starts(dict, STR("<<"))) {
        return STR_NULL;
    }
    for (size_t at = 2; next_pair(dict, &at, &k, &from, &to);) {
        if (str_eq(k, key)) {
            return str_slice(dict, from, to);
        }
    }
    return STR_NULL;
}

struct str
pdf_dict_without(struct arena *a, struct str dict, struct str key)
{
    struct buf b = buf_new(a, dict.n * 2 + 16);
    struct str k;
    size_t from = 0;
    size_t to = 0;

    for (size_t at = 2; str_starts(dict, STR("<<")) && next_pair(dict, &at, &k, &from, &to);) {
        if (!str_eq(k, key)) {
            buf_add(&b, k);
            buf_add_char(&b, ' ');
            buf_add(&b, str_slice(dict, from, to));
            buf_add_char(&b, '\n');
        }
    }
    return buf_str(&b);
}

static bool
number_at(struct str s, size_t *at, uint64_t *ret)
{
    size_t i = skip_space(s, *at);
    uint64_t v = 0;
    size_t n = 0;

    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && n < 18) {
        v = v * 10 + (uint64_t)(s.p[i++] - '0');
        n++;
    }
    *at = i;
    *ret = v;
    return n > 0;
}

uint32_t
pdf_ref(struct str value)
{
    size_t at = 0;
    uint64_t n = 0;
    uint64_t generation = 0;

    if (!number_at(value, &at, &n) || !number_at(value, &at, &generation) || n > PDF_OBJECTS_MAX) {
        return 0;
    }
    at = skip_space(value, at);
    return at < value.n && value.p[at] == 'R' ? (uint32_t)n : 0;
}

static uint64_t
int_of(struct str value, uint64_t otherwise)
{
    size_t at = 0;
    uint64_t n = 0;
    return number_at(value, &at, &n) ? n : otherwise;
}

struct str
pdf_file_dict(const struct pdf_file *f, uint32_t object)
{
    size_t at = 0;
    uint64_t n = 0;
    uint64_t generation = 0;

    if (object == 0 || object >= f->n_objects || f->offsets[object] == 0) {
        return STR_NULL;
    }
    at = f->offsets[object];
    if (!number_at(f->bytes, &at, &n) || !number_at(f->bytes, &at, &generation) || n != object) {
        return STR_NULL;
    }
    at = skip_space(f->bytes, at);
    if (!str_starts(str_slice(f->bytes, at, f->bytes.n), STR("obj"))) {
        return STR_NULL;
    }
    at = skip_space(f->bytes, at + 3);
    struct str rest = str_slice(f->bytes, at, f->bytes.n);
    return str_starts(rest, STR("<<")) ? str_slice(f->bytes, at, skip_value(f->bytes, at))
                                       : STR_NULL;
}

/* One subsection's entries; newer sections were read first, so only unset offsets are taken. */
static bool
read_entries(struct pdf_file *f, bool *seen, size_t *at, uint64_t first, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint64_t offset = 0;
        uint64_t generation = 0;
        if (!number_at(f->bytes, at, &offset) || !number_at(f->bytes, at, &generation)) {
            return false;
        }
        *at = skip_space(f->bytes, *at);
        if (*at >= f->bytes.n || first + i >= f->n_objects) {
            return false;
        }
        char kind = f->bytes.p[(*at)++];
        if (!seen[first + i]) {
            seen[first + i] = true;
            f->offsets[first + i] = kind == 'n' && offset < f->bytes.n ? offset : 0;
        }
    }
    return true;
}

/* One section at `at`; gives its trailer. */
static bool
read_section(struct pdf_file *f, bool *seen, uint64_t at, struct str *ret_trailer)
{
    if (at >= f->bytes.n || !str_starts(str_slice(f->bytes, at, f->bytes.n), STR("xref"))) {
        return false;
    }
    at += 4;
    for (;;) {
        size_t pos = skip_space(f->bytes, at);
        uint64_t first = 0;
        uint64_t n = 0;
        if (str_starts(str_slice(f->bytes, pos, f->bytes.n), STR("trailer"))) {
            pos = skip_space(f->bytes, pos + 7);
            *ret_trailer = str_slice(f->bytes, pos, skip_value(f->bytes, pos));
            return str_starts(*ret_trailer, STR("<<"));
        }
        if (!number_at(f->bytes, &pos, &first) || !number_at(f->bytes, &pos, &n) ||
            n > PDF_OBJECTS_MAX || !read_entries(f, seen, &pos, first, n)) {
            return false;
        }
        at = pos;
    }
}

static uint64_t
find_startxref(struct str s)
{
    size_t from = s.n > 2048 ? s.n - 2048 : 0;
    uint64_t found = 0;

    for (size_t i = from; i + 9 <= s.n; i++) {
        if (memcmp(s.p + i, "startxref", 9) == 0) {
            size_t at = i + 9;
            (void)number_at(s, &at, &found);
        }
    }
    return found;
}

/* Size of the newest trailer, read before the table so that arrays can be made. */
static uint64_t
size_of_newest(struct str s, uint64_t at)
{
    struct str rest = str_slice(s, at, s.n);
    size_t t = str_find(rest, STR("trailer"));
    if (t == rest.n) {
        return 0;
    }
    size_t pos = skip_space(s, at + t + 7);
    return int_of(pdf_dict_get(str_slice(s, pos, skip_value(s, pos)), STR("/Size")), 0);
}

enum err
pdf_file_open(struct ctx *cx, struct str bytes, struct pdf_file *ret)
{
    struct pdf_file f = { .bytes = bytes, .startxref = find_startxref(bytes) };

    if (!str_starts(bytes, STR("%PDF-")) || f.startxref == 0 ||
        !str_starts(str_slice(bytes, f.startxref, bytes.n), STR("xref"))) {
        return err_set(cx, ERR_UNSUPPORTED, "not a PDF with a classic cross-reference table");
    }
    uint64_t size = size_of_newest(bytes, f.startxref);
    if (size == 0 || size > PDF_OBJECTS_MAX) {
        return err_set(cx, ERR_BAD_REQUEST, "PDF names %" PRIu64 " objects", size);
    }
    f.n_objects = (uint32_t)size;
    f.offsets = ARENA_ARRAY(cx->arena, uint64_t, size);
    bool *seen = ARENA_ARRAY(cx->arena, bool, size);
    uint64_t at = f.startxref;
    for (int i = 0; at != 0; i++) {
        struct str trailer = STR_NULL;
        if (i == XREF_CHAIN_MAX || !read_section(&f, seen, at, &trailer)) {
            return err_set(cx, ERR_BAD_REQUEST, "PDF cross-reference chain is damaged");
        }
        f.trailer = i == 0 ? trailer : f.trailer;
        at = int_of(pdf_dict_get(trailer, STR("/Prev")), 0);
    }
    f.root = pdf_ref(pdf_dict_get(f.trailer, STR("/Root")));
    if (pdf_dict_get(f.trailer, STR("/Encrypt")).p != NULL || pdf_file_dict(&f, f.root).p == NULL) {
        return err_set(cx, ERR_UNSUPPORTED, "PDF is encrypted or has no catalogue");
    }
    *ret = f;
    return ERR_OK;
}

uint32_t
pdf_file_page(const struct pdf_file *f, uint32_t i)
{
    uint32_t pages = pdf_ref(pdf_dict_get(pdf_file_dict(f, f->root), STR("/Pages")));
    struct str kids = pdf_dict_get(pdf_file_dict(f, pages), STR("/Kids"));
    size_t at = 1;

    /* a flat tree, as our own renderer writes it */
    for (uint32_t k = 0; kids.n > 0; k++) {
        size_t from = skip_space(kids, at);
        size_t to = from < kids.n ? skip_value(kids, from) : from;
        uint32_t page = pdf_ref(str_slice(kids, from, to));
        if (page == 0 || k == i) {
            return str_eq(pdf_dict_get(pdf_file_dict(f, page), STR("/Type")), STR("/Page")) ? page
                                                                                            : 0;
        }
        at = to;
    }
    return 0;
}
