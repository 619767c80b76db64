/* multipart.c: see multipart.h. Strict: no preamble, CRLF everywhere, no transfer encodings. */
#include "codec/multipart.h"

#include <string.h>

#define BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */

/* --- Content-Type and header parameters --------------------------------------------------------
 */

static bool
is_boundary_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL);
}

/* A quoted string at the beginning of *rest; a backslash escapes a quote or itself only, because
 * old browsers send bare backslashes in paths. */
static bool
read_quoted(struct arena *a, struct str *rest, struct str *ret)
{
    char *p = arena_alloc(a, rest->n);
    size_t n = 0;
    size_t i = 1;
    for (; i < rest->n && rest->p[i] != '"'; i++) {
        if (rest->p[i] == '\\' && i + 1 < rest->n &&
            (rest->p[i + 1] == '"' || rest->p[i + 1] == '\\')) {
            i++;
        }
        p[n++] = rest->p[i];
    }
    if (i >= rest->n) {
        return false;
    }
    *rest = str_slice(*rest, i + 1, rest->n);
    *ret = (struct str){ p, n };
    return true;
}

/* Next "; name=value" of *rest. False at the end; *ret_bad when it is malformed. */
static bool
next_param(struct arena *a, struct str *rest, struct str *ret_name, struct str *ret_value,
           bool *ret_bad)
{
    *rest = str_trim(*rest);
    if (rest->n == 0) {
        return false;
    }
    *ret_bad = true;
    if (rest->p[0] != ';') {
        return false;
    }
    *rest = str_trim(str_slice(*rest, 1, rest->n));
    if (rest->n == 0) {
        *ret_bad = false;
        return false;
    }
    struct str tail;
    if (!str_cut(*rest, '=', ret_name, &tail)) {
        return false;
    }
    *rest = tail;
    if (tail.n > 0 && tail.p[0] == '"') {
        if (!read_quoted(a, rest, ret_value)) {
            return false;
        }
    } else {
        size_t end = str_find_char(tail, ';');
        *ret_value = str_trim(str_slice(tail, 0, end));
        *rest = str_slice(tail, end, tail.n);
    }
    *ret_bad = false;
    return true;
}

bool
multipart_boundary(struct arena *a, struct str content_type, struct str *ret)
{
    size_t end = str_find_char(content_type, ';');
    struct str rest = str_slice(content_type, end, content_type.n);
    struct str name;
    struct str value;
    struct str found = STR_NULL;
    bool is_bad = false;
    if (!str_eq_nocase(str_trim(str_slice(content_type, 0, end)), STR("multipart/form-data"))) {
        return false;
    }
    while (next_param(a, &rest, &name, &value, &is_bad)) {
        if (str_eq_nocase(name, STR("boundary"))) {
            if (found.p != NULL) {
                return false;
            }
            found = value;
        }
    }
    if (is_bad || found.n == 0 || found.n > BOUNDARY_MAX || found.p[found.n - 1] == ' ') {
        return false;
    }
    for (size_t i = 0; i < found.n; i++) {
        if (!is_boundary_char(found.p[i])) {
            return false;
        }
    }
    *ret = found;
    return true;
}

/* --- one part ----------------------------------------------------------------------------------
 */

struct reader {
    struct arena *arena;
    struct str rest;
    struct str delimiter; /* CRLF "--" boundary */
    struct multipart_limits limits;
    size_t files_n;
};

/* The three escapes that browsers write in names (WHATWG HTML, multipart/form-data encoding). */
static struct str
unescape_name(struct arena *a, struct str s)
{
    struct str r = s;
    if (str_has_char(r, '%')) {
        r = str_replace(a, r, STR("%22"), STR("\""));
        r = str_replace(a, r, STR("%0D"), STR(" "));
        r = str_replace(a, r, STR("%0A"), STR(" "));
    }
    return r;
}

static bool
is_clean_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F) {
            return false;
        }
    }
    return str_is_utf8(s);
}

/* What follows the last slash or backslash. */
static struct str
base_name(struct str s)
{
    size_t from = s.n;
    while (from > 0 && s.p[from - 1] != '/' && s.p[from - 1] != '\\') {
        from--;
    }
    return str_slice(s, from, s.n);
}

static enum err
read_disposition(struct reader *r, struct str value, struct multipart_part *part)
{
    size_t end = str_find_char(value, ';');
    struct str rest = str_slice(value, end, value.n);
    struct str name;
    struct str param;
    bool is_bad = false;
    if (part->name.p != NULL ||
        !str_eq_nocase(str_trim(str_slice(value, 0, end)), STR("form-data"))) {
        return ERR_BAD_REQUEST;
    }
    while (next_param(r->arena, &rest, &name, &param, &is_bad)) {
        struct str text = unescape_name(r->arena, param);
        if (!is_clean_text(text)) {
            return ERR_BAD_REQUEST;
        }
        if (str_eq_nocase(name, STR("name"))) {
            part->name = text;
        } else if (str_eq_nocase(name, STR("filename"))) {
            part->filename = base_name(text);
        }
    }
    if (is_bad || part->name.p == NULL) {
        return ERR_BAD_REQUEST;
    }
    return part->name.n > r->limits.name_max_bytes ||
                   part->filename.n > (size_t)4 * r->limits.name_max_bytes
               ? ERR_TOO_LARGE
               : ERR_OK;
}

static enum err
read_header(struct reader *r, struct str line, struct multipart_part *part)
{
    struct str name;
    struct str value;
    if (!str_cut(line, ':', &name, &value) || name.n == 0 || !is_clean_text(line)) {
        return ERR_BAD_REQUEST;
    }
    value = str_trim(value);
    if (str_eq_nocase(name, STR("Content-Disposition"))) {
        return read_disposition(r, value, part);
    }
    if (str_eq_nocase(name, STR("Content-Type"))) {
        part->content_type = value;
    } else if (str_eq_nocase(name, STR("Content-Transfer-Encoding"))) {
        bool is_plain = str_eq_nocase(value, STR("binary")) || str_eq_nocase(value, STR("8bit")) ||
                        str_eq_nocase(value, STR("7bit"));
        return is_plain ? ERR_OK : ERR_BAD_REQUEST;
    }
    return ERR_OK;
}

/* Header lines up to the empty one. */
static enum err
read_head(struct reader *r, struct multipart_part *part)
{
    size_t used = 0;
    while (true) {
        struct str window = str_slice(r->rest, 0, r->limits.head_max_bytes - used + 2);
        size_t end = str_find(window, STR("\r\n"));
        if (end == window.n) {
            return window.n < r->rest.n ? ERR_TOO_LARGE : ERR_BAD_REQUEST;
        }
        struct str line = str_slice(r->rest, 0, end);
        r->rest = str_slice(r->rest, end + 2, r->rest.n);
        used += end + 2;
        if (line.n == 0) {
            break;
        }
        TRY(read_header(r, line, part));
        if (used > r->limits.head_max_bytes) {
            return ERR_TOO_LARGE;
        }
    }
    return part->name.p == NULL ? ERR_BAD_REQUEST : ERR_OK;
}

/* Bytes up to the next delimiter. An empty part's delimiter may follow its head at once. */
static enum err
read_body(struct reader *r, struct multipart_part *part)
{
    struct str first = str_slice(r->delimiter, 2, r->delimiter.n);
    if (str_starts(r->rest, first)) {
        part->bytes = str_slice(r->rest, 0, 0);
        r->rest = str_slice(r->rest, first.n, r->rest.n);
    } else {
        size_t at = str_find(r->rest, r->delimiter);
        if (at == r->rest.n) {
            return ERR_BAD_REQUEST;
        }
        part->bytes = str_slice(r->rest, 0, at);
        r->rest = str_slice(r->rest, at + r->delimiter.n, r->rest.n);
    }
    if (part->filename.p == NULL) {
        if (part->bytes.n > r->limits.value_max_bytes) {
            return ERR_TOO_LARGE;
        }
        bool has_nul = str_has_char(part->bytes, '\0');
        return has_nul || !str_is_utf8(part->bytes) ? ERR_BAD_REQUEST : ERR_OK;
    }
    r->files_n++;
    return part->bytes.n > r->limits.file_max_bytes || r->files_n > r->limits.files_max
               ? ERR_TOO_LARGE
               : ERR_OK;
}

/* Behind a delimiter: "--" ends, CRLF goes on. */
static enum err
read_delimiter_end(struct reader *r, bool *ret_more)
{
    if (str_starts(r->rest, STR("--"))) {
        struct str tail = str_slice(r->rest, 2, r->rest.n);
        *ret_more = false;
        return tail.n == 0 || str_eq(tail, STR("\r\n")) ? ERR_OK : ERR_BAD_REQUEST;
    }
    while (r->rest.n > 0 && (r->rest.p[0] == ' ' || r->rest.p[0] == '\t')) {
        r->rest = str_slice(r->rest, 1, r->rest.n);
    }
    if (!str_starts(r->rest, STR("\r\n"))) {
        return ERR_BAD_REQUEST;
    }
    r->rest = str_slice(r->rest, 2, r->rest.n);
    *ret_more = true;
    return ERR_OK;
}

static struct multipart_limits
with_defaults(struct multipart_limits l)
{
    l.parts_max = l.parts_max == 0 ? 1000 : l.parts_max;
    l.files_max = l.files_max == 0 ? 50 : l.files_max;
    l.name_max_bytes = l.name_max_bytes == 0 ? 200 : l.name_max_bytes;
    l.head_max_bytes = l.head_max_bytes == 0 ? 4096 : l.head_max_bytes;
    l.value_max_bytes = l.value_max_bytes == 0 ? 1U << 20 : l.value_max_bytes;
    l.file_max_bytes = l.file_max_bytes == 0 ? 100U << 20 : l.file_max_bytes;
    return l;
}

static enum err
add_part(struct reader *r, struct multipart_part **parts, size_t n, size_t *cap)
{
    if (n >= r->limits.parts_max) {
        return ERR_TOO_LARGE;
    }
    if (n == *cap) {
        *cap = *cap == 0 ? 16 : *cap * 2;
        struct multipart_part *more = ARENA_ARRAY(r->arena, struct multipart_part, *cap);
        if (n > 0) {
            memcpy(more, *parts, n * sizeof(**parts));
        }
        *parts = more;
    }
    TRY(read_head(r, &(*parts)[n]));
    return read_body(r, &(*parts)[n]);
}

enum err
multipart_parse(struct arena *a, struct str body, struct str boundary,
                struct multipart_limits limits, struct multipart_part **ret, size_t *ret_n)
{
    struct reader r = { .arena = a, .rest = body, .limits = with_defaults(limits) };
    r.delimiter = str_cat(a, STR("\r\n--"), boundary);
    struct str first = str_slice(r.delimiter, 2, r.delimiter.n);
    struct multipart_part *parts = NULL;
    size_t n = 0;
    size_t cap = 0;
    bool is_more = false;
    if (str_starts(r.rest, STR("\r\n"))) {
        r.rest = str_slice(r.rest, 2, r.rest.n);
    }
    if (!str_starts(r.rest, first)) {
        return ERR_BAD_REQUEST;
    }
    r.rest = str_slice(r.rest, first.n, r.rest.n);
    TRY(read_delimiter_end(&r, &is_more));
    while (is_more) {
        TRY(add_part(&r, &parts, n, &cap));
        n++;
        TRY(read_delimiter_end(&r, &is_more));
    }
    *ret = parts;
    *ret_n = n;
    return ERR_OK;
}
