/* form_control.c: one element of a page: its place in the schema, its kind, choices and texts. */
#include "engine/form/form_load.h"

static bool
list_exists(const struct form_loader *ld, struct str id)
{
    for (size_t i = 0; i < ld->set->n_lists; i++) {
        if (str_eq(ld->set->lists[i].id, id)) {
            return true;
        }
    }
    return false;
}

/* --- expressions and rules -------------------------------------------------------------------- */

const struct expr *
form_load_read_expr(struct form_loader *ld, const struct json *j)
{
    const struct expr *e = NULL;
    struct expr_fault fault = { 0 };
    if (j == NULL || j->type != JSON_STRING) {
        FORM_FAULT(ld, j, "Viết biểu thức trong dấu nháy, xem doc/bpmn.md phần 3",
                   "Thiếu biểu thức");
        return NULL;
    }
    if (expr_compile(ld->arena, j->text, &e, &fault) != ERR_OK) {
        FORM_FAULT(ld, j, "Sửa biểu thức theo doc/bpmn.md phần 3", "Biểu thức sai ở cột %u: %s",
                   fault.column, fault.what);
        return NULL;
    }
    return e;
}

struct form_rule
form_load_read_rule(struct form_loader *ld, const struct json *j)
{
    static const char *const known[] = { "effect", "when", NULL };
    struct form_rule r = { 0 };
    const struct json *rule = json_get(j, "rule");
    if (rule == NULL) {
        return r;
    }
    pack_json_known(ld->at, rule, known);
    struct str effect = json_text(rule, "effect");
    r.is_hide = str_eq(effect, STR("HIDE"));
    if (!r.is_hide && !str_eq(effect, STR("SHOW"))) {
        FORM_FAULT(ld, rule, "Dùng SHOW hoặc HIDE", "effect của rule không hợp lệ");
    }
    r.when = form_load_read_expr(ld, json_get(rule, "when"));
    return r;
}

/* --- schema ----------------------------------------------------------------------------------- */

const struct json *
form_load_follow(const struct form_loader *ld, const struct json *schema)
{
    for (int i = 0; i < 8 && schema != NULL; i++) {
        const struct json *ref = json_get(schema, "$ref");
        const struct schema_link *link = ref == NULL ? NULL : schema_link_of(ld->f->schema, ref);
        if (link == NULL) {
            return schema;
        }
        schema = link->target;
    }
    return schema;
}

static bool requires(const struct json *object, struct str name)
{
    for (JSON_EACH(json_get(object, "required"), it)) {
        if (str_eq(it->text, name)) {
            return true;
        }
    }
    return false;
}

/* "#/properties/a/properties/b" or "a.b" to "a.b". */
struct str
form_load_scope_path(struct arena *a, struct str scope)
{
    if (!str_starts(scope, STR("#/"))) {
        return scope;
    }
    struct str s = str_replace(a, str_slice(scope, 1, scope.n), STR("/properties/"), STR("."));
    return str_slice(s, 1, s.n);
}

const struct json *
form_load_find_schema(struct form_loader *ld, struct str path, bool *ret_required)
{
    const struct json *at = form_load_follow(ld, ld->scope);
    struct str part;
    int depth = 0;
    while (at != NULL && str_next(&path, '.', &part)) {
        if (++depth > FORM_DEPTH_MAX + 1) {
            return NULL;
        }
        *ret_required = requires(at, part);
        at = form_load_follow(ld, json_get_str_key(json_get(at, "properties"), part));
    }
    return at;
}

/* --- items ------------------------------------------------------------------------------------ */

struct form_item *
form_load_add_item(struct form_loader *ld, enum form_kind kind, const struct json *j)
{
    struct form_item *none = ARENA_NEW(ld->arena, struct form_item);
    if (ld->n_items >= FORM_ITEMS_MAX) {
        FORM_FAULT(ld, j, "Chia thành nhiều biểu mẫu", "Biểu mẫu có quá nhiều mục (tối đa %d)",
                   FORM_ITEMS_MAX);
        return none;
    }
    struct form_item *it = &ld->items[ld->n_items++];
    *it = (struct form_item){
        .kind = kind, .parent = ld->parent, .list = ld->list, .page = ld->page
    };
    it->line = j == NULL ? 0 : j->line;
    return it;
}

bool
form_load_is_type(const struct json *schema, const char *name)
{
    return str_eq(json_text(schema, "type"), str_of(name));
}

static void
bind_string(struct form_item *it)
{
    it->format = json_text(it->schema, "format");
    it->max = json_int(it->schema, "maxLength", 0);
    const struct json *choices = json_get(it->schema, "enum");
    if (choices != NULL) {
        it->kind = choices->n <= 6 ? FORM_RADIOS : FORM_SELECT;
    } else if (json_get(it->schema, "x-list") != NULL || json_get(it->schema, "x-unit") != NULL) {
        it->kind = FORM_SELECT;
    } else if (str_eq(it->format, STR("date"))) {
        it->kind = FORM_DATE;
    } else {
        it->kind = it->max > 200 ? FORM_LINES : FORM_TEXT;
    }
}

static bool
bind_kind(struct form_loader *ld, struct form_item *it)
{
    const struct json *items = form_load_follow(ld, json_get(it->schema, "items"));
    if (form_load_is_type(it->schema, "string")) {
        bind_string(it);
        return true;
    }
    if (form_load_is_type(it->schema, "integer")) {
        it->kind = FORM_INT;
        return true;
    }
    if (form_load_is_type(it->schema, "boolean")) {
        it->kind = FORM_CHECK;
        return true;
    }
    if (form_load_is_type(it->schema, "array") && json_get(items, "enum") != NULL) {
        it->kind = FORM_BOXES;
        return true;
    }
    return false;
}

static void
bind_widget(struct form_loader *ld, struct form_item *it, const struct json *j)
{
    static const struct {
        struct str name;
        enum form_kind kind;
    } widgets[] = {
        { STR_INIT("text"), FORM_TEXT },        { STR_INIT("textarea"), FORM_LINES },
        { STR_INIT("date"), FORM_DATE },        { STR_INIT("radios"), FORM_RADIOS },
        { STR_INIT("select"), FORM_SELECT },    { STR_INIT("money"), FORM_MONEY },
        { STR_INIT("yes-no"), FORM_YES_NO },    { STR_INIT("checkbox"), FORM_CHECK },
        { STR_INIT("checkboxes"), FORM_BOXES },
    };
    struct str name = json_text(j, "widget");
    if (name.p == NULL) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(widgets); i++) {
        if (!str_eq(name, widgets[i].name)) {
            continue;
        }
        enum form_kind k = widgets[i].kind;
        bool is_choice = it->kind == FORM_RADIOS || it->kind == FORM_SELECT;
        bool fits = (k == it->kind) ||
                    ((k == FORM_TEXT || k == FORM_LINES) &&
                     (it->kind == FORM_TEXT || it->kind == FORM_LINES)) ||
                    ((k == FORM_RADIOS || k == FORM_SELECT) && is_choice) ||
                    (k == FORM_MONEY && it->kind == FORM_INT) ||
                    (k == FORM_YES_NO && it->kind == FORM_CHECK);
        if (fits) {
            it->kind = k;
            return;
        }
    }
    FORM_FAULT(ld, j, "Xem bảng ở doc/forms.md phần 1",
               "widget \"" STR_FMT "\" không dùng được cho mục này", STR_ARG(name));
}

static void
bind_choices(struct form_loader *ld, struct form_item *it, const struct json *j)
{
    struct str list = json_text(it->schema, "x-list");
    struct str unit = json_text(it->schema, "x-unit");
    if (list.p != NULL) {
        it->choices = str_fmt(ld->arena, "list:" STR_FMT, STR_ARG(list));
        if (!list_exists(ld, list)) {
            FORM_FAULT(ld, j, "Thêm tệp lists/<mã>.csv hoặc sửa x-list",
                       "Không có danh mục \"" STR_FMT "\"", STR_ARG(list));
        }
    } else if (unit.p != NULL) {
        it->choices = str_fmt(ld->arena, "unit:" STR_FMT, STR_ARG(unit));
    }
    if (it->choices.p != NULL ||
        (it->kind != FORM_RADIOS && it->kind != FORM_SELECT && it->kind != FORM_BOXES)) {
        return;
    }
    const struct json *values = json_get(
        it->kind == FORM_BOXES ? form_load_follow(ld, json_get(it->schema, "items")) : it->schema,
        "enum");
    for (JSON_EACH(values, v)) {
        if (v->type != JSON_STRING || json_get_str_key(it->labels, v->text) == NULL) {
            FORM_FAULT(ld, j, "Thêm vào labels: {\"giá trị\": {\"vi\": \"…\", \"en\": \"…\"}}",
                       "Giá trị \"" STR_FMT "\" của enum chưa có tên để hiển thị",
                       STR_ARG(v->text));
        }
    }
}

static void
check_source(struct form_loader *ld, struct str from, const struct json *j)
{
    static const struct str first[] = { STR_INIT("person."), STR_INIT("business."),
                                        STR_INIT("paper."),  STR_INIT("procedure."),
                                        STR_INIT("answer."), STR_INIT("today") };
    for (size_t i = 0; i < COUNT_OF(first); i++) {
        if (str_starts(from, first[i])) {
            return;
        }
    }
    FORM_FAULT(ld, j, "Dùng person., business., paper., procedure., answer. hoặc today",
               "Nguồn điền sẵn \"" STR_FMT "\" không có", STR_ARG(from));
}

/* The name of a source, or {"from", "when"}. */
static struct form_fill
read_fill(struct form_loader *ld, const struct json *j)
{
    static const char *const known[] = { "from", "when", NULL };
    struct form_fill f = { .from = j->text };
    if (j->type == JSON_OBJECT) {
        pack_json_known(ld->at, j, known);
        f.from = pack_json_str(ld->at, j, "from", true);
        f.when = form_load_read_expr(ld, json_get(j, "when"));
    }
    check_source(ld, f.from, j);
    return f;
}

/* `prefill`: one source, or a list of them; the first that has something counts. */
static void
read_fills(struct form_loader *ld, struct form_item *it, const struct json *j)
{
    size_t n = j == NULL ? 0 : j->type == JSON_LIST ? j->n : 1;
    struct form_fill *v = ARENA_ARRAY(ld->arena, struct form_fill, n + 1);
    it->fills = v;
    if (j != NULL && j->type != JSON_LIST) {
        v[it->n_fills++] = read_fill(ld, j);
        return;
    }
    for (JSON_EACH(j, one)) {
        v[it->n_fills++] = read_fill(ld, one);
    }
}

static void
check_texts(struct form_loader *ld, const struct form_item *it, const struct json *j)
{
    if (json_get(it->schema, "pattern") != NULL && json_get(it->messages, "pattern") == NULL) {
        FORM_FAULT(ld, j, "Thêm messages.pattern nói rõ phải viết thế nào",
                   "Mục có pattern nhưng không có câu nhắc riêng");
    }
    if (it->format.p != NULL && !schema_format_known(it->format)) {
        FORM_FAULT(ld, j, "Xem danh sách format ở doc/forms.md",
                   "format \"" STR_FMT "\" không được hỗ trợ", STR_ARG(it->format));
    }
}

bool
form_load_is_member_path(struct str path)
{
    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.') {
            return false;
        }
    }
    return path.n > 0 && path.n <= 120;
}

static void
describe(struct form_loader *ld, struct form_item *it, const struct json *j)
{
    it->label = pack_json_text(ld->at, j, "label", true);
    it->hint = pack_json_text(ld->at, j, "hint", false);
    it->labels = json_get(j, "labels");
    it->messages = json_get(j, "messages");
    it->autocomplete = json_text(j, "autocomplete");
    it->width = json_int(j, "width", 0);
    it->rule = form_load_read_rule(ld, j);
    read_fills(ld, it, json_get(j, "prefill"));
}

/* An address is a group of up to three controls with labels of the program. */
static void
add_address(struct form_loader *ld, struct form_item *it, const struct json *j)
{
    static const struct {
        const char *name, *key;
    } parts[] = { { "unit", "form.address.unit" },
                  { "other", "form.address.other" },
                  { "line", "form.address.line" } };
    it->kind = FORM_ADDRESS_OPEN;
    int32_t outer = ld->parent;
    ld->parent = (int32_t)ld->n_items - 1;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        const struct json *schema =
            form_load_follow(ld, json_get(json_get(it->schema, "properties"), parts[i].name));
        if (schema == NULL) {
            if (i == 0) {
                FORM_FAULT(ld, j, "Khai báo properties.unit với x-unit",
                           "widget address cần trường unit");
            }
            continue;
        }
        struct form_item *part = form_load_add_item(ld, FORM_TEXT, j);
        part->label_key = parts[i].key;
        part->schema = schema;
        part->path = str_fmt(ld->arena, STR_FMT ".%s", STR_ARG(it->path), parts[i].name);
        part->is_required = it->is_required && requires(it->schema, str_of(parts[i].name));
        (void)bind_kind(ld, part);
        bind_choices(ld, part, j);
        part->is_outside = i == 1;
        part->is_other_allowed =
            i == 0 && json_get(json_get(it->schema, "properties"), "other") != NULL;
    }
    ld->parent = outer;
    (void)form_load_add_item(ld, FORM_ADDRESS_CLOSE, j);
}

void
form_load_read_control(struct form_loader *ld, const struct json *j)
{
    static const char *const known[] = { "type",   "scope",    "label",    "hint", "widget",
                                         "labels", "prefill",  "messages", "rule", "autocomplete",
                                         "width",  "optional", NULL };
    pack_json_known(ld->at, j, known);
    struct str path = form_load_scope_path(ld->arena, json_text(j, "scope"));
    bool is_required = false;
    const struct json *schema =
        form_load_is_member_path(path) ? form_load_find_schema(ld, path, &is_required) : NULL;
    if (schema == NULL) {
        FORM_FAULT(ld, j, "Sửa scope thành tên một trường có trong schema (chữ thường, số, _)",
                   "scope \"" STR_FMT "\" không có trong schema", STR_ARG(path));
        return;
    }
    struct form_item *it = form_load_add_item(ld, FORM_TEXT, j);
    it->path = path;
    it->schema = schema;
    it->is_required = is_required;
    describe(ld, it, j);
    if (str_eq(json_text(j, "widget"), STR("address")) && form_load_is_type(schema, "object") &&
        ld->list < 0) {
        add_address(ld, it, j);
        return;
    }
    if (!bind_kind(ld, it)) {
        FORM_FAULT(ld, j, "Dùng các kiểu ở doc/forms.md phần 1",
                   "Kiểu của \"" STR_FMT "\" không hiển thị được", STR_ARG(path));
        return;
    }
    bind_widget(ld, it, j);
    bind_choices(ld, it, j);
    check_texts(ld, it, j);
}

void
form_load_read_note(struct form_loader *ld, const struct json *j)
{
    static const char *const known[] = { "type", "text", "tone", "rule", NULL };
    pack_json_known(ld->at, j, known);
    struct form_item *it = form_load_add_item(ld, FORM_NOTE, j);
    it->text = pack_json_text(ld->at, j, "text", true);
    it->tone = json_text(j, "tone");
    it->rule = form_load_read_rule(ld, j);
}
