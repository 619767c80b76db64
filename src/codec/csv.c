/* csv.c: the reader. */
#include "codec/csv.h"

#include <string.h>

struct csv_reader
csv_reader(struct str bytes, char separator, struct csv_limits limits)
{
    struct csv_reader r = { .rest = bytes,
                            .limits = limits,
                            .separator = separator == '\0' ? ',' : separator,
                            .next_line = 1 };
    if (str_starts(bytes, STR("\xEF\xBB\xBF"))) {
        r.rest = str_slice(bytes, 3, bytes.n);
    }
    r.limits.columns_max = limits.columns_max == 0 ? 200 : limits.columns_max;
    r.limits.field_max_bytes = limits.field_max_bytes == 0 ? 65536 : limits.field_max_bytes;
    r.limits.rows_max = limits.rows_max == 0 ? 5000000 : limits.rows_max;
    return r;
}

static enum err
fault(struct csv_reader *r, enum err e, const char *what)
{
    r->fault = what;
    return e;
}

static char
peek(const struct csv_reader *r)
{
    return r->rest.n == 0 ? '\0' : r->rest.p[0];
}

static void
skip(struct csv_reader *r, size_t n)
{
    r->rest = str_slice(r->rest, n, r->rest.n);
}

/* Takes CRLF, LF or CR; false when none is here. */
static bool
take_line_end(struct csv_reader *r)
{
    size_t n = str_starts(r->rest, STR("\r\n")) ? 2 : peek(r) == '\n' || peek(r) == '\r' ? 1 : 0;
    skip(r, n);
    r->next_line += n > 0 ? 1 : 0;
    return n > 0;
}

static enum err
check_field(struct csv_reader *r, struct str s)
{
    if (s.n > r->limits.field_max_bytes) {
        return fault(r, ERR_TOO_LARGE, "field too long");
    }
    if (str_has_char(s, '\0')) {
        return fault(r, ERR_BAD_REQUEST, "NUL byte");
    }
    return str_is_utf8(s) ? ERR_OK : fault(r, ERR_BAD_REQUEST, "not UTF-8");
}

static enum err
read_plain(struct csv_reader *r, struct str *ret)
{
    size_t n = 0;
    while (n < r->rest.n && r->rest.p[n] != r->separator && r->rest.p[n] != '\r' &&
           r->rest.p[n] != '\n') {
        if (r->rest.p[n] == '"') {
            return fault(r, ERR_BAD_REQUEST, "quote inside a field that does not begin with one");
        }
        n++;
    }
    *ret = str_slice(r->rest, 0, n);
    skip(r, n);
    return check_field(r, *ret);
}

static uint32_t
count_lines(struct str s)
{
    uint32_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += s.p[i] == '\n' || (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n')) ? 1 : 0;
    }
    return n;
}

/* Cursor on the opening quote. */
static enum err
read_quoted(struct csv_reader *r, struct arena *a, struct str *ret)
{
    size_t i = 1;
    size_t doubled = 0;
    for (; i < r->rest.n; i++) {
        if (r->rest.p[i] != '"') {
            continue;
        }
        if (i + 1 >= r->rest.n || r->rest.p[i + 1] != '"') {
            break;
        }
        doubled++;
        i++;
    }
    if (i >= r->rest.n) {
        return fault(r, ERR_BAD_REQUEST, "quoted field without end");
    }
    struct str raw = str_slice(r->rest, 1, i);
    skip(r, i + 1);
    r->next_line += count_lines(raw);
    *ret = doubled == 0 ? raw : str_replace(a, raw, STR("\"\""), STR("\""));
    return check_field(r, *ret);
}

struct fields {
    struct str *v;
    size_t n, cap;
};

static enum err
add_field(struct csv_reader *r, struct arena *a, struct fields *f)
{
    if (f->n >= r->limits.columns_max) {
        return fault(r, ERR_TOO_LARGE, "too many columns");
    }
    if (f->n == f->cap) {
        struct str *more = ARENA_ARRAY(a, struct str, f->cap == 0 ? 16 : f->cap * 2);
        if (f->n > 0) {
            memcpy(more, f->v, f->n * sizeof(*more));
        }
        f->v = more;
        f->cap = f->cap == 0 ? 16 : f->cap * 2;
    }
    struct str *to = &f->v[f->n++];
    return peek(r) == '"' ? read_quoted(r, a, to) : read_plain(r, to);
}

enum err
csv_next(struct csv_reader *r, struct arena *a, struct str **ret, size_t *ret_n)
{
    struct fields f = { 0 };
    *ret_n = 0;
    while (take_line_end(r)) {
    }
    if (r->rest.n == 0) {
        return ERR_OK;
    }
    r->line = r->next_line;
    if (++r->rows_n > r->limits.rows_max) {
        return fault(r, ERR_TOO_LARGE, "too many rows");
    }
    while (true) {
        TRY(add_field(r, a, &f));
        if (peek(r) != r->separator || r->rest.n == 0) {
            break;
        }
        skip(r, 1);
    }
    if (r->rest.n > 0 && !take_line_end(r)) {
        return fault(r, ERR_BAD_REQUEST, "something follows a closing quote");
    }
    *ret = f.v;
    *ret_n = f.n;
    return ERR_OK;
}

static enum err
read_heading(struct csv_reader *r, struct arena *a, struct csv_table *t)
{
    TRY(csv_next(r, a, &t->names, &t->n_columns));
    if (t->n_columns == 0) {
        return fault(r, ERR_BAD_REQUEST, "no heading row");
    }
    for (size_t i = 0; i < t->n_columns; i++) {
        t->names[i] = str_trim(t->names[i]);
        for (size_t k = 0; k < i; k++) {
            if (str_eq(t->names[i], t->names[k])) {
                return fault(r, ERR_BAD_REQUEST, "heading occurs twice");
            }
        }
    }
    return ERR_OK;
}

static void
add_row(struct arena *a, struct csv_table *t, size_t *cap, const struct csv_row *row)
{
    if (t->n_rows == *cap) {
        *cap = *cap == 0 ? 64 : *cap * 2;
        struct csv_row *more = ARENA_ARRAY(a, struct csv_row, *cap);
        if (t->n_rows > 0) {
            memcpy(more, t->rows, t->n_rows * sizeof(*more));
        }
        t->rows = more;
    }
    t->rows[t->n_rows++] = *row;
}

static enum err
read_rows(struct csv_reader *r, struct arena *a, struct csv_table *t)
{
    size_t cap = 0;
    while (true) {
        struct csv_row row = { 0 };
        size_t n = 0;
        TRY(csv_next(r, a, &row.fields, &n));
        if (n == 0) {
            return ERR_OK;
        }
        if (n != t->n_columns) {
            return fault(r, ERR_BAD_REQUEST,
                         n < t->n_columns ? "fewer fields than headings"
                                          : "more fields than headings");
        }
        row.line = r->line;
        add_row(a, t, &cap, &row);
    }
}

enum err
csv_table(struct arena *a, struct str bytes, struct csv_limits limits, struct csv_table *ret,
          uint32_t *ret_line, const char **ret_fault)
{
    struct csv_reader r = csv_reader(bytes, ',', limits);
    struct csv_table t = { 0 };
    enum err e = read_heading(&r, a, &t);
    if (e == ERR_OK) {
        e = read_rows(&r, a, &t);
    }
    if (e != ERR_OK) {
        *ret_line = r.line;
        *ret_fault = r.fault;
        return e;
    }
    *ret = t;
    return ERR_OK;
}

size_t
csv_column(const struct csv_table *t, struct str name)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        if (str_eq(t->names[i], name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

struct str
csv_field(const struct csv_table *t, size_t row, struct str name)
{
    size_t i = csv_column(t, name);
    return i == SIZE_MAX || row >= t->n_rows ? STR_NULL : t->rows[row].fields[i];
}
