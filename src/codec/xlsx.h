/* xlsx.h: a spreadsheet (ECMA-376 subset) with one sheet, written as a stream of rows. */
#ifndef CODEC_XLSX_H
#define CODEC_XLSX_H

#include "base/date.h"
#include "codec/zip.h"

struct xlsx_out;
struct xlsx_column {
    struct str heading;
    uint32_t width_chars; /* 0: 16 */
};
struct xlsx_sheet {
    struct str name; /* up to 31 characters; []:*?/\\ and ' become blanks */
    const struct xlsx_column *columns;
    size_t n_columns; /* 1 at least */
    int64_t at_us;    /* date of the archive's entries */
};
/* The first row is the headings, bold and frozen. Ends with xlsx_finish or xlsx_abandon, exactly
 * one of them. */
NODISCARD enum err xlsx_open(struct arena *a, zip_sink_fn *sink, void *arg,
                             const struct xlsx_sheet *sheet, struct xlsx_out **ret);
/* Cells of the row from left to right. Text is inline; control characters are left out; a text is
 * never a formula. Failures are kept and returned by xlsx_end_row and xlsx_finish. */
void xlsx_text(struct xlsx_out *x, struct str s); /* null str: empty cell */
/* More than 15 digits become text: spreadsheets would round them. */
void xlsx_i64(struct xlsx_out *x, int64_t v);
void xlsx_date(struct xlsx_out *x, struct date d);
NODISCARD enum err xlsx_end_row(struct xlsx_out *x); /* ERR_TOO_LARGE after 1048576 rows */
NODISCARD enum err xlsx_finish(struct xlsx_out *x);
void xlsx_abandon(struct xlsx_out *x);

#endif
