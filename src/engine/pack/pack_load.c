/* pack_load.c: the files of one pack while it is read: lookup, faults, CSV and JSON. */
#include "engine/pack/pack_int.h"

#include "codec/csv.h"
#include "codec/vn.h"
#include "crypto/digest.h"

#define CSV_COLUMNS_MAX 60
#define CSV_ROWS_MAX    200000
#define PACK_JSON_NODES 2000000
#define PACK_JSON_DEPTH 40

struct arena *
pack_load_arena(struct pack_load *l)
{
    return l->pack->arena;
}

struct pack *
pack_load_target(struct pack_load *l)
{
    return l->pack;
}

size_t
pack_load_n_faults(const struct pack_load *l)
{
    return l->n_faults;
}

/* Index of the first file whose path is not before `path`. */
static size_t
first_at(const struct pack_load *l, struct str path)
{
    size_t lo = 0;
    size_t hi = l->n_files;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(l->files[mid].path, path) < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

struct str
pack_load_file(struct pack_load *l, struct str path)
{
    size_t i = first_at(l, path);
    return i < l->n_files && str_eq(l->files[i].path, path) ? l->files[i].bytes : STR_NULL;
}

size_t
pack_load_list(struct pack_load *l, struct str dir, struct str suffix, struct str **ret)
{
    size_t from = first_at(l, dir);
    size_t n = 0;
    while (from + n < l->n_files && str_starts(l->files[from + n].path, dir)) {
        n++;
    }
    struct str *v = ARENA_ARRAY(l->pack->arena, struct str, n + 1);
    size_t kept = 0;
    for (size_t i = from; i < from + n; i++) {
        if (str_ends(l->files[i].path, suffix)) {
            v[kept++] = l->files[i].path;
        }
    }
    *ret = v;
    return kept;
}

void
pack_load_fault(struct pack_load *l, struct str file, uint32_t line, struct str what,
                struct str remedy)
{
    if (l->n_faults >= PACK_FAULTS_MAX) {
        return;
    }
    if (l->n_faults == l->cap_faults) {
        size_t cap = l->cap_faults == 0 ? 16 : size_mul(l->cap_faults, 2);
        struct pack_fault *v = ARENA_ARRAY(l->fault_arena, struct pack_fault, cap);
        for (size_t i = 0; i < l->n_faults; i++) {
            v[i] = l->faults[i];
        }
        l->faults = v;
        l->cap_faults = cap;
    }
    l->faults[l->n_faults++] = (struct pack_fault){
        .file = str_dup(l->fault_arena, file),
        .line = line,
        .what = str_dup(l->fault_arena, what),
        .remedy = str_dup(l->fault_arena, remedy),
    };
}

void
pack_load_faultf(struct pack_load *l, struct str file, uint32_t line, const char *remedy,
                 const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str what = str_vfmt(l->fault_arena, fmt, ap);
    va_end(ap);
    pack_load_fault(l, file, line, what, str_of(remedy));
}

/* --- CSV -------------------------------------------------------------------------------------- */

static const char *
csv_fault_vi(const char *what)
{
    return what != NULL ? what : "không đọc được";
}

static bool
has_columns(struct pack_load *l, const struct pack_csv *csv, const char *const *required)
{
    bool has_all = true;
    for (; *required != NULL; required++) {
        size_t i = 0;
        while (i < csv->n_columns && !str_eq(csv->columns[i], str_of(*required))) {
            i++;
        }
        if (i == csv->n_columns) {
            pack_load_faultf(l, csv->file, 1,
                             "Thêm cột này vào dòng tiêu đề; doc/pack.md ghi đủ các cột",
                             "Thiếu cột \"%s\"", *required);
            has_all = false;
        }
    }
    return has_all;
}

/* Keeps the rows in arrays that double. */
static void
push_row(struct arena *a, struct pack_csv *csv, size_t *cap, struct str *row, uint32_t line)
{
    if (csv->n_rows == *cap) {
        *cap = *cap == 0 ? 64 : size_mul(*cap, 2);
        struct str **rows = ARENA_ARRAY(a, struct str *, *cap);
        uint32_t *lines = ARENA_ARRAY(a, uint32_t, *cap);
        for (size_t i = 0; i < csv->n_rows; i++) {
            rows[i] = csv->rows[i];
            lines[i] = csv->lines[i];
        }
        csv->rows = rows;
        csv->lines = lines;
    }
    csv->rows[csv->n_rows] = row;
    csv->lines[csv->n_rows++] = line;
}

static void
read_rows(struct pack_load *l, struct csv_reader *r, struct pack_csv *csv)
{
    struct arena *a = l->pack->arena;
    size_t cap = 0;
    for (;;) {
        struct str *row = NULL;
        size_t n = 0;
        if (csv_next(r, a, &row, &n) != ERR_OK) {
            pack_load_faultf(l, csv->file, r->line, "Sửa dấu ngoặc kép và lưu tệp dạng UTF-8",
                             "Dòng CSV hỏng: %s", csv_fault_vi(r->fault));
            return;
        }
        if (n == 0) {
            return;
        }
        if (n != csv->n_columns) {
            pack_load_faultf(l, csv->file, r->line,
                             "Thêm hoặc bớt dấu phẩy; ô có dấu phẩy thì đặt trong ngoặc kép",
                             "Dòng có %zu ô, tiêu đề có %zu cột", n, csv->n_columns);
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            row[i] = str_trim(row[i]);
        }
        push_row(a, csv, &cap, row, r->line);
    }
}

bool
pack_load_csv(struct pack_load *l, struct str path, const char *const *required,
              struct pack_csv *ret)
{
    struct str bytes = pack_load_file(l, path);
    *ret = (struct pack_csv){ .file = path };
    if (bytes.p == NULL) {
        return false;
    }
    struct csv_reader r =
        csv_reader(bytes, ',',
                   (struct csv_limits){ .columns_max = CSV_COLUMNS_MAX, .rows_max = CSV_ROWS_MAX });
    if (csv_next(&r, l->pack->arena, &ret->columns, &ret->n_columns) != ERR_OK ||
        ret->n_columns == 0) {
        pack_load_faultf(l, path, 1, "Ghi dòng tiêu đề như trong doc/pack.md",
                         "Tệp CSV không có dòng tiêu đề: %s", csv_fault_vi(r.fault));
        return false;
    }
    for (size_t i = 0; i < ret->n_columns; i++) {
        ret->columns[i] = str_trim(ret->columns[i]);
    }
    bool has_all = has_columns(l, ret, required);
    read_rows(l, &r, ret);
    return has_all;
}

struct str
pack_csv_get(const struct pack_csv *csv, size_t row, const char *column)
{
    struct str name = str_of(column);
    for (size_t i = 0; i < csv->n_columns; i++) {
        if (str_eq(csv->columns[i], name)) {
            return csv->rows[row][i];
        }
    }
    return STR_NULL;
}

/* --- JSON ------------------------------------------------------------------------------------- */

const struct json *
pack_load_json(struct pack_load *l, struct str path, bool is_required)
{
    return pack_load_json_in(l, path, is_required, l->pack->arena);
}

const struct json *
pack_load_json_in(struct pack_load *l, struct str path, bool is_required, struct arena *tree)
{
    struct str bytes = pack_load_file(l, path);
    if (bytes.p == NULL) {
        if (is_required) {
            pack_load_faultf(l, path, 0, "Thêm tệp này; doc/pack.md ghi cấu trúc của nó",
                             "Thiếu tệp");
        }
        return NULL;
    }
    struct json *j = NULL;
    struct json_fault fault = { 0 };
    struct json_limits limits = { .depth_max = PACK_JSON_DEPTH, .nodes_max = PACK_JSON_NODES };
    if (json_parse_in(tree, l->pack->arena, bytes, limits, &j, &fault) != ERR_OK) {
        pack_load_faultf(
            l, path, fault.line, "Sửa cú pháp JSON: dấu phẩy, ngoặc, dấu nháy, khóa trùng",
            "JSON hỏng ở cột %u: %s", fault.column, fault.what != NULL ? fault.what : "");
        return NULL;
    }
    return j;
}

/* --- a whole pack ----------------------------------------------------------------------------- */

static bool
is_text_file(struct str path)
{
    static const struct str suffixes[] = { STR_INIT(".csv"),  STR_INIT(".json"), STR_INIT(".txt"),
                                           STR_INIT(".html"), STR_INIT(".bpmn"), STR_INIT(".md") };
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        if (str_ends(path, suffixes[i])) {
            return true;
        }
    }
    return false;
}

static uint32_t
line_of(struct str s, size_t at)
{
    uint32_t line = 1;
    for (size_t i = 0; i < at && i < s.n; i++) {
        line += s.p[i] == '\n';
    }
    return line;
}

/* Text must be UTF-8 in composed form, or names would not compare. */
static void
check_text(struct pack_load *l, const struct pack_file *f, struct arena *scratch)
{
    if (!str_is_utf8(f->bytes)) {
        pack_load_faultf(l, f->path, 0, "Lưu lại tệp với bảng mã UTF-8", "Tệp không phải UTF-8");
        return;
    }
    struct str nfc = vn_nfc(scratch, f->bytes);
    if (str_eq(nfc, f->bytes)) {
        return;
    }
    size_t at = 0;
    while (at < nfc.n && at < f->bytes.n && nfc.p[at] == f->bytes.p[at]) {
        at++;
    }
    pack_load_faultf(l, f->path, line_of(f->bytes, at), "Lưu lại tệp ở dạng Unicode dựng sẵn (NFC)",
                     "Chữ có dấu ở dạng tổ hợp");
}

static void
check_texts(struct pack_load *l)
{
    struct arena *scratch = arena_open(0);
    for (size_t i = 0; i < l->n_files; i++) {
        if (is_text_file(l->files[i].path)) {
            check_text(l, &l->files[i], scratch);
            arena_reset(scratch);
        }
    }
    arena_close(scratch);
}

/* JSON is read into trees with strings of their own: its bytes stay the caller's. */
static struct str
kept_bytes(struct arena *a, const struct pack_file *f)
{
    if (f->bytes.n == 0) {
        return STR("");
    }
    return str_ends(f->path, STR(".json")) ? f->bytes : str_dup(a, f->bytes);
}

static const struct pack_file *
copy_files(struct arena *a, const struct pack_file *files, size_t n)
{
    struct pack_file *v = ARENA_ARRAY(a, struct pack_file, n + 1);
    for (size_t i = 0; i < n; i++) {
        v[i].path = str_dup(a, files[i].path);
        v[i].bytes = kept_bytes(a, &files[i]);
    }
    pack_files_sort(v, n);
    return v;
}

struct str
pack_files_version(struct arena *a, const struct pack_file *files, size_t n)
{
    return str_slice(digest_sha256_hex(a, pack_bundle(a, files, n)), 0, 16);
}

enum err
pack_read_files(struct ctx *cx, const struct pack_file *files, size_t n_files,
                pack_part_fn *const *parts, size_t n_parts, struct pack **ret,
                struct pack_fault **ret_faults, size_t *ret_n)
{
    struct arena *a = arena_open(0);
    struct pack_load l = { .n_files = n_files, .fault_arena = cx->arena };
    l.pack = ARENA_NEW(a, struct pack);
    l.pack->arena = a;
    l.files = copy_files(a, files, n_files);

    struct arena *scratch = arena_open(0);
    l.pack->version = str_dup(a, pack_files_version(scratch, l.files, n_files));
    arena_close(scratch);

    check_texts(&l);
    for (size_t i = 0; i < n_parts; i++) {
        parts[i](&l);
    }
    const struct pack_site *site = pack_site(l.pack);
    l.pack->id = site != NULL ? site->id : STR("");
    l.pack->name = site != NULL ? site->name.vi : STR("");
    *ret = l.pack;
    *ret_faults = l.faults;
    *ret_n = l.n_faults;
    return ERR_OK;
}

enum err
pack_read_dir(struct ctx *cx, struct str dir, pack_part_fn *const *parts, size_t n_parts,
              struct pack **ret, struct pack_fault **ret_faults, size_t *ret_n)
{
    struct pack_file *files = NULL;
    size_t n = 0;
    TRY(pack_dir_read(cx, dir, cx->arena, &files, &n));
    return pack_read_files(cx, files, n, parts, n_parts, ret, ret_faults, ret_n);
}

void
pack_free(struct pack *p)
{
    if (p != NULL) {
        arena_close(p->arena);
    }
}

void
pack_check_print(struct buf *out, const struct pack_fault *faults, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_add(out, faults[i].file);
        if (faults[i].line != 0) {
            buf_addf(out, ":%u", faults[i].line);
        }
        buf_addf(out, ": " STR_FMT "\n    → " STR_FMT "\n", STR_ARG(faults[i].what),
                 STR_ARG(faults[i].remedy));
    }
    if (n == 0) {
        BUF_LIT(out, "Gói nội dung không có lỗi.\n");
    } else {
        buf_addf(out, "%zu lỗi%s.\n", n, n >= PACK_FAULTS_MAX ? " (chỉ kể 1.000 lỗi đầu)" : "");
    }
}
