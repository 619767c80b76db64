/* csv_out.c: the writer. */
#include "codec/csv.h"

#include <string.h>

struct csv_out
csv_out(struct buf *b, bool with_bom, bool is_formula_safe)
{
    if (with_bom) {
        BUF_LIT(b, "\xEF\xBB\xBF");
    }
    return (struct csv_out){ .b = b, .separator = ',', .is_formula_safe = is_formula_safe };
}

static void
begin_field(struct csv_out *o)
{
    if (o->has_field) {
        buf_add_char(o->b, o->separator);
    }
    o->has_field = true;
}

static bool
needs_quotes(const struct csv_out *o, struct str s)
{
    return str_has_char(s, o->separator) || str_has_char(s, '"') || str_has_char(s, '\n') ||
           str_has_char(s, '\r') || (s.n > 0 && (s.p[0] == ' ' || s.p[s.n - 1] == ' '));
}

void
csv_put(struct csv_out *o, struct str field)
{
    bool is_formula = o->is_formula_safe && field.n > 0 && field.p[0] != '\0' &&
                      strchr("=+-@\t\r", field.p[0]) != NULL;
    begin_field(o);
    if (!needs_quotes(o, field)) {
        if (is_formula) {
            buf_add_char(o->b, '\'');
        }
        buf_add(o->b, field);
        return;
    }
    buf_add_char(o->b, '"');
    if (is_formula) {
        buf_add_char(o->b, '\'');
    }
    for (size_t i = 0; i < field.n; i++) {
        if (field.p[i] == '"') {
            buf_add_char(o->b, '"');
        }
        buf_add_char(o->b, field.p[i]);
    }
    buf_add_char(o->b, '"');
}

void
csv_put_i64(struct csv_out *o, int64_t v)
{
    begin_field(o);
    buf_add_i64(o->b, v);
}

void
csv_end_row(struct csv_out *o)
{
    BUF_LIT(o->b, "\r\n");
    o->has_field = false;
}
