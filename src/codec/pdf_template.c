/* Parser of document templates: text, {{...}} and elements become one flat program with jumps, so
 * that neither reading nor running needs recursion. Faults carry the line and what to write
 * instead. */
#include "codec/pdf_int.h"

#define OPS_MAX   20000
#define NEST_MAX  32
#define EACH_MAX  8
#define ATTRS_MAX 6

#define IN(t)  (UINT64_C(1) << PDF_##t)
#define LEAF   (IN(document) | IN(column) | IN(keep))
#define INLINE PDF_PARENTS_INLINE
const struct pdf_tag_def pdf_tag_defs[PDF_TAG_COUNT] = {
#define TAG(n, p, t, e, a) [PDF_##n] = { STR_INIT(#n), p, t, e, a },
    PDF_TAGS(TAG)
#undef TAG
};

enum nest_kind { NEST_ELEMENT, NEST_IF, NEST_ELSE, NEST_EACH };
struct nest {
    enum nest_kind kind;
    enum pdf_tag tag;
    uint32_t op, line;
};

struct parse {
    struct arena *arena;
    struct str s;
    size_t at;
    uint32_t line, n_ops, cap_ops, n_nest, n_each;
    struct pdf_op *ops;
    struct nest nest[NEST_MAX];
    struct pdf_fault *fault;
    bool has_root;
};

/* Keeps the first fault only; the caller stops. */
static bool
fail(struct parse *ps, struct str what, struct str remedy)
{
    *ps->fault = (struct pdf_fault){ ps->line, what, remedy };
    return false;
}

static struct pdf_op *
op_new(struct parse *ps, enum pdf_op_kind kind)
{
    if (ps->n_ops == ps->cap_ops) {
        uint32_t cap = ps->cap_ops == 0 ? 64 : ps->cap_ops * 2;
        struct pdf_op *v = ARENA_ARRAY(ps->arena, struct pdf_op, cap);
        for (uint32_t i = 0; i < ps->n_ops; i++) {
            v[i] = ps->ops[i];
        }
        ps->ops = v;
        ps->cap_ops = cap;
    }
    struct pdf_op *op = &ps->ops[ps->n_ops++];
    *op = (struct pdf_op){ .kind = kind, .line = ps->line };
    return op;
}

static bool
push(struct parse *ps, enum nest_kind kind, enum pdf_tag tag)
{
    if (ps->n_nest == NEST_MAX) {
        return fail(ps, STR("lồng quá sâu"), STR("bớt số lớp phần tử, if và each (tối đa 32)"));
    }
    ps->nest[ps->n_nest++] = (struct nest){ kind, tag, ps->n_ops - 1, ps->line };
    return true;
}

/* The innermost open element, PDF_TAG_COUNT at the root. */
static enum pdf_tag
element_now(const struct parse *ps)
{
    for (uint32_t i = ps->n_nest; i > 0; i--) {
        if (ps->nest[i - 1].kind == NEST_ELEMENT) {
            return ps->nest[i - 1].tag;
        }
    }
    return PDF_TAG_COUNT;
}

static bool
is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool
is_path(struct str s)
{
    if (s.n == 0 || s.n > 120 || s.p[0] == '.' || s.p[s.n - 1] == '.') {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (!is_word_char(s.p[i]) && s.p[i] != '.') {
            return false;
        }
    }
    return true;
}

static enum pdf_help
help_of(struct str word)
{
    static const struct str names[PDF_HELP_COUNT] = {
        [PDF_HELP_UPPER] = STR_INIT("upper"), [PDF_HELP_DATE] = STR_INIT("date"),
        [PDF_HELP_DAY] = STR_INIT("day"),     [PDF_HELP_TIME] = STR_INIT("time"),
        [PDF_HELP_MONEY] = STR_INIT("money"), [PDF_HELP_WORDS] = STR_INIT("words"),
        [PDF_HELP_BLANK] = STR_INIT("blank"),
    };
    for (int i = 1; i < PDF_HELP_COUNT; i++) {
        if (str_eq(names[i], word)) {
            return (enum pdf_help)i;
        }
    }
    return PDF_HELP_NONE;
}

/* "name" or "helper name". */
static bool
parse_value(struct parse *ps, struct str inside, struct pdf_piece *ret)
{
    struct str head;
    struct str tail;
    struct pdf_piece piece = { 0 };

    if (str_cut(inside, ' ', &head, &tail)) {
        piece.help = help_of(head);
        piece.path = str_trim(tail);
        if (piece.help == PDF_HELP_NONE) {
            return fail(ps, str_fmt(ps->arena, "không có hàm \"" STR_FMT "\"", STR_ARG(head)),
                        STR("dùng upper, date, day, time, money, words hoặc blank"));
        }
    } else {
        piece.path = inside;
    }
    if (!is_path(piece.path)) {
        return fail(ps, str_fmt(ps->arena, "tên giá trị sai: \"" STR_FMT "\"", STR_ARG(inside)),
                    STR("viết {{ten}} hoặc {{nhom.ten}}, chỉ chữ không dấu, số, _ và -"));
    }
    *ret = piece;
    return true;
}

/* "x", "not x", "x = \"y\"", "x != \"y\"" */
static bool
parse_condition(struct parse *ps, struct str c, struct pdf_op *op)
{
    struct str head;
    struct str tail;

    c = str_trim(c);
    if (str_starts(c, STR("not "))) {
        op->is_not = true;
        c = str_trim(str_slice(c, 4, c.n));
    }
    if (str_cut(c, ' ', &head, &tail)) {
        tail = str_trim(tail);
        bool is_unequal = str_starts(tail, STR("!="));
        struct str quoted = str_trim(str_slice(tail, is_unequal ? 2 : 1, tail.n));
        bool is_form_right = is_unequal || str_starts(tail, STR("="));
        if (!is_form_right || quoted.n < 2 || quoted.p[0] != '"' || quoted.p[quoted.n - 1] != '"') {
            return fail(ps, STR("điều kiện sai"),
                        STR("viết {{if x}}, {{if not x}}, {{if x = \"y\"}}"));
        }
        op->has_compare = true;
        op->compare = str_slice(quoted, 1, quoted.n - 1);
        op->is_not = op->is_not != is_unequal;
        c = head;
    }
    op->path = c;
    if (!is_path(c)) {
        return fail(ps, STR("điều kiện thiếu tên giá trị"),
                    STR("viết {{if x}}, {{if not x}}, {{if x = \"y\"}}"));
    }
    return true;
}

static bool
parse_else(struct parse *ps)
{
    if (ps->n_nest == 0 || ps->nest[ps->n_nest - 1].kind != NEST_IF) {
        return fail(ps, STR("{{else}} không nằm trong {{if}}"),
                    STR("bỏ {{else}} hoặc mở {{if}} trước nó"));
    }
    struct nest *top = &ps->nest[ps->n_nest - 1];
    (void)op_new(ps, PDF_OP_JUMP);
    ps->ops[top->op].jump = ps->n_ops;
    top->kind = NEST_ELSE;
    top->op = ps->n_ops - 1;
    return true;
}

static bool
parse_end(struct parse *ps)
{
    if (ps->n_nest == 0 || ps->nest[ps->n_nest - 1].kind == NEST_ELEMENT) {
        return fail(ps, STR("{{end}} thừa hoặc phần tử chưa đóng"),
                    STR("đóng phần tử trước {{end}}; if và each phải bao trọn phần tử"));
    }
    struct nest top = ps->nest[--ps->n_nest];
    if (top.kind == NEST_EACH) {
        op_new(ps, PDF_OP_NEXT)->jump = top.op + 1;
        ps->n_each--;
    }
    ps->ops[top.op].jump = ps->n_ops;
    return true;
}

static bool
parse_each(struct parse *ps, struct str path)
{
    if (!is_path(path)) {
        return fail(ps, STR("{{each}} thiếu tên danh sách"), STR("viết {{each ten_danh_sach}}"));
    }
    if (ps->n_each++ == EACH_MAX) {
        return fail(ps, STR("each lồng quá sâu"), STR("tối đa 8 lớp each"));
    }
    op_new(ps, PDF_OP_EACH)->path = path;
    return push(ps, NEST_EACH, PDF_TAG_COUNT);
}

static bool
may_hold_text(const struct parse *ps)
{
    enum pdf_tag t = element_now(ps);
    return t != PDF_TAG_COUNT && pdf_tag_defs[t].holds_text;
}

/* at is behind "{{" */
static bool
parse_braces(struct parse *ps)
{
    size_t len = str_find(str_slice(ps->s, ps->at, ps->s.n), STR("}}"));
    if (ps->at + len >= ps->s.n) {
        return fail(ps, STR("{{ không được đóng"), STR("thêm }}"));
    }
    struct str inside = str_trim(str_slice(ps->s, ps->at, ps->at + len));
    struct pdf_piece piece;
    ps->at += len + 2;

    if (str_starts(inside, STR("!"))) {
        for (size_t i = 0; i < inside.n; i++) {
            ps->line += inside.p[i] == '\n';
        }
        return true;
    }
    if (str_starts(inside, STR("if "))) {
        struct pdf_op *op = op_new(ps, PDF_OP_IF);
        return parse_condition(ps, str_slice(inside, 3, inside.n), op) &&
               push(ps, NEST_IF, PDF_TAG_COUNT);
    }
    if (str_starts(inside, STR("each "))) {
        return parse_each(ps, str_trim(str_slice(inside, 5, inside.n)));
    }
    if (str_eq(inside, STR("else"))) {
        return parse_else(ps);
    }
    if (str_eq(inside, STR("end"))) {
        return parse_end(ps);
    }
    if (!may_hold_text(ps)) {
        return fail(ps, STR("giá trị nằm ngoài phần tử chứa chữ"),
                    STR("đặt giá trị trong <p>, <title>, <cell>…"));
    }
    if (!parse_value(ps, inside, &piece)) {
        return false;
    }
    op_new(ps, PDF_OP_TEXT)->piece = piece;
    return true;
}

/* The four character references, so that texts may contain the characters themselves. */
static struct str
unescape(struct arena *a, struct str s)
{
    if (!str_has_char(s, '&')) {
        return s;
    }
    s = str_replace(a, s, STR("&lt;"), STR("<"));
    s = str_replace(a, s, STR("&gt;"), STR(">"));
    s = str_replace(a, s, STR("&quot;"), STR("\""));
    return str_replace(a, s, STR("&amp;"), STR("&"));
}

/* Attribute text: literals and {{values}}. */
static bool
parse_attr_value(struct parse *ps, struct str raw, struct pdf_piece **ret)
{
    struct pdf_piece *first = NULL;
    struct pdf_piece **end = &first;

    while (raw.n > 0) {
        size_t open = str_find(raw, STR("{{"));
        struct pdf_piece *piece = ARENA_NEW(ps->arena, struct pdf_piece);
        if (open > 0) {
            piece->text = unescape(ps->arena, str_slice(raw, 0, open));
            raw = str_slice(raw, open, raw.n);
        } else {
            size_t close = str_find(raw, STR("}}"));
            if (close == raw.n) {
                return fail(ps, STR("{{ không được đóng trong thuộc tính"), STR("thêm }}"));
            }
            if (!parse_value(ps, str_trim(str_slice(raw, 2, close)), piece)) {
                return false;
            }
            raw = str_slice(raw, close + 2, raw.n);
        }
        *end = piece;
        end = &piece->next;
    }
    *ret = first;
    return true;
}

static bool
is_attr_known(enum pdf_tag tag, struct str name)
{
    struct str rest = str_of(pdf_tag_defs[tag].attrs);
    struct str part;
    while (str_next(&rest, ' ', &part)) {
        if (str_eq(part, name)) {
            return true;
        }
    }
    return false;
}

static void
skip_space(struct str *s)
{
    while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\n' || s->p[0] == '\t' || s->p[0] == '\r')) {
        *s = str_slice(*s, 1, s->n);
    }
}

/* name="value" ... */
static bool
parse_attrs(struct parse *ps, struct str s, struct pdf_op *op)
{
    struct pdf_attr *attrs = ARENA_ARRAY(ps->arena, struct pdf_attr, ATTRS_MAX);

    for (skip_space(&s); s.n > 0; skip_space(&s)) {
        size_t eq = str_find_char(s, '=');
        struct str name = str_trim(str_slice(s, 0, eq));
        s = str_slice(s, eq + 1, s.n);
        size_t close = s.n > 1 && s.p[0] == '"' ? str_find_char(str_slice(s, 1, s.n), '"') : s.n;
        if (close + 1 >= s.n || op->n_attrs == ATTRS_MAX) {
            return fail(ps, STR("thuộc tính viết sai"),
                        STR("viết ten=\"giá trị\", tối đa 6 thuộc tính"));
        }
        if (!is_attr_known(op->tag, name)) {
            return fail(ps,
                        str_fmt(ps->arena, "<" STR_FMT "> không có thuộc tính \"" STR_FMT "\"",
                                STR_ARG(pdf_tag_defs[op->tag].name),
                                STR_ARG(str_slice(name, 0, 40))),
                        str_fmt(ps->arena, "các thuộc tính có: %s", pdf_tag_defs[op->tag].attrs));
        }
        attrs[op->n_attrs].name = name;
        if (!parse_attr_value(ps, str_slice(s, 1, close + 1), &attrs[op->n_attrs++].value)) {
            return false;
        }
        s = str_slice(s, close + 2, s.n);
    }
    op->attrs = attrs;
    return true;
}

static bool
may_stand_here(const struct parse *ps, enum pdf_tag tag)
{
    enum pdf_tag outer = element_now(ps);
    uint64_t parents = pdf_tag_defs[tag].parents;

    if (outer == PDF_TAG_COUNT) {
        return tag == PDF_document && !ps->has_root && ps->n_nest == 0;
    }
    if (parents == PDF_PARENTS_INLINE) {
        return pdf_tag_defs[outer].holds_text;
    }
    return (parents >> outer & 1) != 0;
}

static bool
parse_open(struct parse *ps, struct str inside)
{
    size_t n = 0;
    while (n < inside.n && is_word_char(inside.p[n])) {
        n++;
    }
    struct str name = str_slice(inside, 0, n);
    struct str rest = str_slice(inside, n, inside.n);
    bool is_closed = str_ends(rest, STR("/"));
    int tag = 0;
    while (tag < PDF_TAG_COUNT && !str_eq(pdf_tag_defs[tag].name, name)) {
        tag++;
    }
    if (tag == PDF_TAG_COUNT) {
        return fail(
            ps,
            str_fmt(ps->arena, "không có phần tử <" STR_FMT ">", STR_ARG(str_slice(name, 0, 40))),
            STR("xem danh sách phần tử trong doc/documents.md"));
    }
    if (!may_stand_here(ps, (enum pdf_tag)tag)) {
        return fail(ps, str_fmt(ps->arena, "<" STR_FMT "> không được đặt ở đây", STR_ARG(name)),
                    STR("xem chỗ đứng của phần tử trong doc/documents.md"));
    }
    ps->has_root = true;
    struct pdf_op *op = op_new(ps, PDF_OP_OPEN);
    op->tag = (enum pdf_tag)tag;
    if (!parse_attrs(ps, str_slice(rest, 0, rest.n - (is_closed ? 1 : 0)), op)) {
        return false;
    }
    if (!is_closed && pdf_tag_defs[tag].is_empty) {
        return fail(ps, str_fmt(ps->arena, "<" STR_FMT "> phải tự đóng", STR_ARG(name)),
                    str_fmt(ps->arena, "viết <" STR_FMT "/>", STR_ARG(name)));
    }
    if (is_closed) {
        op_new(ps, PDF_OP_CLOSE)->tag = (enum pdf_tag)tag;
        return true;
    }
    return push(ps, NEST_ELEMENT, (enum pdf_tag)tag);
}

static bool
parse_close(struct parse *ps, struct str name)
{
    struct nest *top = ps->n_nest > 0 ? &ps->nest[ps->n_nest - 1] : NULL;

    if (top == NULL || top->kind != NEST_ELEMENT || !str_eq(pdf_tag_defs[top->tag].name, name)) {
        return fail(
            ps, str_fmt(ps->arena, "</" STR_FMT "> không khớp", STR_ARG(str_slice(name, 0, 40))),
            top == NULL ? STR("bỏ thẻ đóng thừa")
                        : str_fmt(ps->arena, "đóng phần mở ở dòng %u trước", top->line));
    }
    op_new(ps, PDF_OP_CLOSE)->tag = top->tag;
    ps->n_nest--;
    return true;
}

/* at is behind "<"; the end is the first '>' outside quotes */
static bool
parse_tag(struct parse *ps)
{
    bool is_quoted = false;
    size_t end = ps->at;

    while (end < ps->s.n && (is_quoted || ps->s.p[end] != '>')) {
        is_quoted = is_quoted != (ps->s.p[end] == '"');
        end++;
    }
    if (end == ps->s.n) {
        return fail(ps, STR("thẻ không được đóng bằng >"),
                    STR("thêm > ; dấu < trong chữ viết là &lt;"));
    }
    struct str inside = str_slice(ps->s, ps->at, end);
    ps->at = end + 1;
    bool is_ok = str_starts(inside, STR("/"))
                     ? parse_close(ps, str_trim(str_slice(inside, 1, inside.n)))
                     : parse_open(ps, inside);
    for (size_t i = 0; i < inside.n; i++) {
        ps->line += inside.p[i] == '\n';
    }
    return is_ok;
}

static bool
parse_text(struct parse *ps)
{
    size_t end = ps->at;
    uint32_t lines = 0;

    while (end < ps->s.n && ps->s.p[end] != '<' &&
           !(ps->s.p[end] == '{' && end + 1 < ps->s.n && ps->s.p[end + 1] == '{')) {
        lines += ps->s.p[end] == '\n';
        end++;
    }
    struct str text = str_slice(ps->s, ps->at, end);
    ps->at = end;
    if (may_hold_text(ps)) {
        op_new(ps, PDF_OP_TEXT)->piece.text = unescape(ps->arena, text);
    } else if (str_trim(text).n > 0) {
        for (const char *c = text.p; c < str_trim(text).p; c++) {
            ps->line += *c == '\n';
        }
        return fail(ps, STR("chữ nằm ngoài phần tử chứa chữ"),
                    STR("đặt chữ trong <p>, <title>, <cell>…"));
    }
    ps->line += lines;
    return true;
}

static bool
parse_step(struct parse *ps)
{
    if (ps->n_ops >= OPS_MAX) {
        return fail(ps, STR("mẫu quá dài"), STR("tối đa 20.000 phần"));
    }
    if (ps->s.p[ps->at] == '<') {
        ps->at++;
        return parse_tag(ps);
    }
    if (str_starts(str_slice(ps->s, ps->at, ps->s.n), STR("{{"))) {
        ps->at += 2;
        return parse_braces(ps);
    }
    return parse_text(ps);
}

enum err
pdf_template_parse(struct arena *arena, struct str source, const struct pdf_template **ret,
                   struct pdf_fault *ret_fault)
{
    struct parse ps = { .arena = arena, .s = source, .line = 1, .fault = ret_fault };

    if (source.n > PDF_TEMPLATE_BYTES_MAX || !str_is_utf8(source) || str_has_char(source, '\0')) {
        *ret_fault = (struct pdf_fault){ 1, STR("mẫu quá lớn hoặc không phải UTF-8"),
                                         STR("lưu mẫu dạng UTF-8, tối đa 256 KiB") };
        return ERR_BAD_REQUEST;
    }
    while (ps.at < source.n) {
        if (!parse_step(&ps)) {
            return ERR_BAD_REQUEST;
        }
    }
    if (ps.n_nest > 0 || !ps.has_root) {
        ps.line = ps.n_nest > 0 ? ps.nest[ps.n_nest - 1].line : 1;
        (void)fail(&ps, STR("phần mở ở dòng này chưa được đóng, hoặc thiếu <document>"),
                   STR("thêm thẻ đóng hoặc {{end}}"));
        return ERR_BAD_REQUEST;
    }
    struct pdf_template *t = ARENA_NEW(arena, struct pdf_template);
    t->ops = ps.ops;
    t->n_ops = ps.n_ops;
    *ret = t;
    return ERR_OK;
}
