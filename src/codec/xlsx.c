/* xlsx.c: see xlsx.h. */
#include "codec/xlsx.h"

#include "codec/vn.h"
#include "codec/xml.h"

#include <string.h>

#define ROWS_MAX      1048576U /* ECMA-376 limit of common programs */
#define FLUSH_BYTES   32768U
#define ROW_MAX_BYTES (4U << 20)
#define CELL_MAX      32767U /* characters in a cell */
#define STYLE_HEADING "1"
#define STYLE_DATE    "2"

struct xlsx_out {
    struct zip_out *zip;
    struct arena *scratch; /* emptied at each flush */
    struct buf b;
    uint32_t row, column;
    enum err err;
};

#define XML_HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN_NS  "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define REL_NS   "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PKG_NS   "http://schemas.openxmlformats.org/package/2006/"
#define TYPE_NS  "application/vnd.openxmlformats-officedocument.spreadsheetml."

static const struct {
    struct str name, text;
} fixed_parts[] = {
    { STR_INIT("[Content_Types].xml"),
      STR_INIT(XML_HEAD
               "<Types xmlns=\"" PKG_NS "content-types\">"
               "<Default Extension=\"rels\" "
               "ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
               "<Override PartName=\"/xl/workbook.xml\" ContentType=\"" TYPE_NS "sheet.main+xml\"/>"
               "<Override PartName=\"/xl/styles.xml\" ContentType=\"" TYPE_NS "styles+xml\"/>"
               "<Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"" TYPE_NS
               "worksheet+xml\"/></Types>") },
    { STR_INIT("_rels/.rels"),
      STR_INIT(XML_HEAD "<Relationships xmlns=\"" PKG_NS
                        "relationships\"><Relationship Id=\"r1\" Type=\"" REL_NS
                        "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>") },
    { STR_INIT("xl/_rels/workbook.xml.rels"),
      STR_INIT(
          XML_HEAD
          "<Relationships xmlns=\"" PKG_NS "relationships\"><Relationship Id=\"r1\" Type=\"" REL_NS
          "/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"r2\" Type=\"" REL_NS
          "/styles\" Target=\"styles.xml\"/></Relationships>") },
    { STR_INIT("xl/styles.xml"),
      STR_INIT(
          XML_HEAD
          "<styleSheet xmlns=\"" MAIN_NS
          "\"><numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\"/></numFmts>"
          "<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>"
          "<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>"
          "<fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill "
          "patternType=\"gray125\"/></fill></fills>"
          "<borders "
          "count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
          "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" "
          "borderId=\"0\"/></cellStyleXfs>"
          "<cellXfs count=\"3\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" "
          "xfId=\"0\"/>"
          "<xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/>"
          "<xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" "
          "applyNumberFormat=\"1\"/></cellXfs></styleSheet>") },
};

/* What XML 1.0 cannot hold is left out; bad UTF-8 becomes '?'. */
static void
add_text(struct xlsx_out *x, struct str s)
{
    struct str t = str_slice(s, 0, (size_t)CELL_MAX);
    bool is_utf8 = str_is_utf8(s);
    if (t.n < s.n) {
        while (t.n > 0 && ((unsigned char)s.p[t.n] & 0xC0) == 0x80) {
            t.n--;
        }
    }
    char *clean = arena_alloc(x->scratch, t.n);
    size_t n = 0;
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c >= 0x20 || c == '\n' || c == '\t') {
            clean[n++] = c >= 0x80 && !is_utf8 ? '?' : t.p[i];
        }
    }
    struct str out =
        str_replace(x->scratch, (struct str){ clean, n }, STR("\xEF\xBF\xBE"), STR(""));
    out = str_replace(x->scratch, out, STR("\xEF\xBF\xBF"), STR(""));
    xml_escape_to(&x->b, out);
}

static enum err
flush(struct xlsx_out *x)
{
    if (x->b.is_failed) {
        return ERR_TOO_LARGE;
    }
    enum err e = zip_write(x->zip, buf_str(&x->b));
    arena_reset(x->scratch);
    x->b = buf_new(x->scratch, ROW_MAX_BYTES);
    return e;
}

static void
begin_cell(struct xlsx_out *x)
{
    if (x->column == 0) {
        buf_addf(&x->b, "<row r=\"%u\">", x->row + 1);
    }
    x->column++;
}

static void
add_string_cell(struct xlsx_out *x, struct str s, const char *style)
{
    begin_cell(x);
    if (s.p == NULL) {
        BUF_LIT(&x->b, "<c/>");
        return;
    }
    buf_addf(&x->b, "<c t=\"inlineStr\" s=\"%s\"><is><t xml:space=\"preserve\">", style);
    add_text(x, s);
    BUF_LIT(&x->b, "</t></is></c>");
}

void
xlsx_text(struct xlsx_out *x, struct str s)
{
    add_string_cell(x, s, "0");
}

/* Beyond 15 digits a spreadsheet's numbers lose digits: such a number is written as text. */
void
xlsx_i64(struct xlsx_out *x, int64_t v)
{
    if (v > INT64_C(999999999999999) || v < -INT64_C(999999999999999)) {
        char digits[32];
        int n = snprintf(digits, sizeof(digits), "%" PRId64, v);
        xlsx_text(x, (struct str){ digits, (size_t)n });
        return;
    }
    begin_cell(x);
    buf_addf(&x->b, "<c><v>%" PRId64 "</v></c>", v);
}

/* Serial day 25569 is 1970-01-01; before 1900-03-01 the count of spreadsheets is wrong. */
void
xlsx_date(struct xlsx_out *x, struct date d)
{
    int32_t serial = d.day + 25569;
    if (serial < 61) {
        xlsx_text(x, date_iso(x->scratch, d));
        return;
    }
    begin_cell(x);
    buf_addf(&x->b, "<c s=\"" STYLE_DATE "\"><v>%" PRId32 "</v></c>", serial);
}

enum err
xlsx_end_row(struct xlsx_out *x)
{
    if (x->err != ERR_OK) {
        return x->err;
    }
    if (x->row + 1 > ROWS_MAX) {
        x->err = ERR_TOO_LARGE;
        return x->err;
    }
    if (x->column == 0) {
        begin_cell(x);
    }
    BUF_LIT(&x->b, "</row>");
    x->row++;
    x->column = 0;
    if (x->b.n >= FLUSH_BYTES || x->b.is_failed) {
        x->err = flush(x);
    }
    return x->err;
}

static enum err
write_workbook(struct xlsx_out *x, struct str sheet_name, int64_t at_us)
{
    struct str name = str_dup(x->scratch, sheet_name.n == 0 ? STR("Sheet1") : sheet_name);
    struct buf clean = buf_new(x->scratch, 1024);
    size_t chars = 0;
    for (size_t i = 0; i < name.n; i++) {
        chars += ((unsigned char)name.p[i] & 0xC0) != 0x80 ? 1 : 0;
        if (chars > 31) {
            break;
        }
        buf_add_char(&clean, strchr("[]:*?/\\'", name.p[i]) != NULL ? ' ' : name.p[i]);
    }
    struct buf b = buf_new(x->scratch, 4096);
    BUF_LIT(&b, XML_HEAD "<workbook xmlns=\"" MAIN_NS "\" xmlns:r=\"" REL_NS
                         "\"><sheets><sheet name=\"");
    xml_escape_to(&b, buf_str(&clean));
    BUF_LIT(&b, "\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>");
    return b.is_failed ? ERR_TOO_LARGE
                       : zip_add(x->zip, STR("xl/workbook.xml"), at_us, buf_str(&b));
}

static enum err
write_start(struct xlsx_out *x, const struct xlsx_column *columns, size_t n)
{
    BUF_LIT(&x->b,
            XML_HEAD "<worksheet xmlns=\"" MAIN_NS "\"><sheetViews><sheetView workbookViewId=\"0\">"
                     "<pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" "
                     "state=\"frozen\"/></sheetView></sheetViews><cols>");
    for (size_t i = 0; i < n; i++) {
        uint32_t width = columns[i].width_chars == 0 ? 16 : columns[i].width_chars;
        buf_addf(&x->b, "<col min=\"%zu\" max=\"%zu\" width=\"%u\" customWidth=\"1\"/>", i + 1,
                 i + 1, width);
    }
    BUF_LIT(&x->b, "</cols><sheetData>");
    for (size_t i = 0; i < n; i++) {
        add_string_cell(x, columns[i].heading.p == NULL ? STR("") : columns[i].heading,
                        STYLE_HEADING);
    }
    return xlsx_end_row(x);
}

static enum err
write_parts(struct xlsx_out *x, struct str sheet_name, int64_t at_us)
{
    for (size_t i = 0; i < COUNT_OF(fixed_parts); i++) {
        TRY(zip_add(x->zip, fixed_parts[i].name, at_us, fixed_parts[i].text));
    }
    TRY(write_workbook(x, sheet_name, at_us));
    return zip_begin(x->zip, STR("xl/worksheets/sheet1.xml"), at_us, false);
}

enum err
xlsx_open(struct arena *a, zip_sink_fn *sink, void *arg, const struct xlsx_sheet *sheet,
          struct xlsx_out **ret)
{
    struct xlsx_out *x = ARENA_NEW(a, struct xlsx_out);
    ASSERT(sheet->n_columns > 0);
    x->zip = zip_open(a, sink, arg);
    x->scratch = arena_open(0);
    x->b = buf_new(x->scratch, ROW_MAX_BYTES);
    enum err e = write_parts(x, sheet->name, sheet->at_us);
    if (e == ERR_OK) {
        e = write_start(x, sheet->columns, sheet->n_columns);
    }
    if (e != ERR_OK) {
        xlsx_abandon(x);
        return e;
    }
    *ret = x;
    return ERR_OK;
}

static enum err
finish(struct xlsx_out *x)
{
    TRY(x->err);
    BUF_LIT(&x->b, "</sheetData></worksheet>");
    TRY(flush(x));
    TRY(zip_end(x->zip));
    return zip_finish(x->zip);
}

enum err
xlsx_finish(struct xlsx_out *x)
{
    enum err e = finish(x);
    xlsx_abandon(x);
    return e;
}

void
xlsx_abandon(struct xlsx_out *x)
{
    zip_abandon(x->zip);
    arena_close(x->scratch);
    x->scratch = NULL;
}
