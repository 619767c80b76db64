/* csv.h: RFC 4180 with UTF-8. The reader is strict and knows line numbers; the writer can disarm
 * formulas. */
#ifndef CODEC_CSV_H
#define CODEC_CSV_H

#include "base/buf.h"
#include "base/err.h"

struct csv_limits {
    uint32_t columns_max, field_max_bytes; /* 0: 200, 64 KiB */
    uint64_t rows_max;                     /* 0: 5 million */
};
struct csv_reader {
    struct str rest;
    struct csv_limits limits;
    char separator; /* ',' */
    uint32_t line;  /* line of the last record's beginning, 1-based */
    uint32_t next_line;
    uint64_t rows_n;
    const char *fault; /* English, after ERR_BAD_REQUEST or ERR_TOO_LARGE */
};
/* Skips a byte order mark. separator 0 = ','. */
struct csv_reader csv_reader(struct str bytes, char separator, struct csv_limits limits);
/* Next record; *ret_n fields in the arena (unquoted ones are slices of the input). Blank lines are
 * skipped. *ret_n = 0 at the end. ERR_BAD_REQUEST with r->fault and r->line: stray quote, unclosed
 * quote, bad UTF-8, NUL. ERR_TOO_LARGE past a limit. CRLF, LF and CR end a record. */
NODISCARD enum err csv_next(struct csv_reader *r, struct arena *a, struct str **ret, size_t *ret_n);

/* A whole table with a heading row. */
struct csv_row {
    struct str *fields; /* n_columns of them */
    uint32_t line;
};
struct csv_table {
    struct str *names; /* of the heading row */
    size_t n_columns;
    struct csv_row *rows;
    size_t n_rows;
};
/* ERR_BAD_REQUEST also when a row has another number of fields than the heading, or a heading
 * occurs twice. *ret_line and *ret_fault say where and what. */
NODISCARD enum err csv_table(struct arena *a, struct str bytes, struct csv_limits limits,
                             struct csv_table *ret, uint32_t *ret_line, const char **ret_fault);
/* Column number, or SIZE_MAX. */
size_t csv_column(const struct csv_table *t, struct str name);
/* Field by heading; null str when there is no such column. */
struct str csv_field(const struct csv_table *t, size_t row, struct str name);

struct csv_out {
    struct buf *b;
    char separator;
    bool is_formula_safe; /* text beginning with = + - @ TAB CR gets a leading ' (OWASP CSV
                             injection) */
    bool has_field;
};
/* with_bom: spreadsheets read UTF-8 only then. */
struct csv_out csv_out(struct buf *b, bool with_bom, bool is_formula_safe);
void csv_put(struct csv_out *o, struct str field);
void csv_put_i64(struct csv_out *o, int64_t v);
void csv_end_row(struct csv_out *o); /* CRLF */

#endif
