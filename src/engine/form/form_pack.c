/* form_pack.c: loads forms/ and lists/ of a pack, and refuses what could not be shown. */
#include "engine/form/form_int.h"

#define DEPTH_MAX 3

struct loader {
    struct pack_load *l;
    struct pack_at at;
    struct arena *arena;
    struct form_set *set;
    struct form *f;
    struct form_item items[FORM_ITEMS_MAX];
    uint32_t n_items;
    int32_t parent, list;
    struct form_page *page;
    const struct json *scope; /* schema in which scopes are looked up */
};

#define FAULT(ld, node, remedy, ...)                                                               \
    pack_load_faultf((ld)->l, (ld)->at.file, (node) == NULL ? 0 : (node)->line, remedy, __VA_ARGS__)

/* --- lists ------------------------------------------------------------------------------------ */

static void
read_list(struct loader *ld, struct str path, struct form_code_list *ret)
{
    static const char *const columns[] = { "code", "name_vi", NULL };
    struct pack_csv csv;
    ret->id = str_slice(path, 6, path.n - 4); /* lists/<id>.csv */
    if (!pack_load_csv(ld->l, path, columns, &csv)) {
        return;
    }
    ld->at.file = path;
    ret->v = ARENA_ARRAY(ld->arena, struct form_code, csv.n_rows + 1);
    for (size_t i = 0; i < csv.n_rows; i++) {
        struct form_code *c = &ret->v[ret->n++];
        c->code = pack_csv_get(&csv, i, "code");
        c->name.vi = pack_csv_get(&csv, i, "name_vi");
        c->name.en = pack_csv_get(&csv, i, "name_en");
        c->from =
            pack_date(ld->at, csv.lines[i], pack_csv_get(&csv, i, "valid_from"), PACK_DAY_MIN);
        c->to = pack_date(ld->at, csv.lines[i], pack_csv_get(&csv, i, "valid_to"), PACK_DAY_MAX);
        if (c->code.n == 0 || c->name.vi.n == 0) {
            pack_load_faultf(ld->l, path, csv.lines[i], "Điền cả hai cột code và name_vi",
                             "Dòng thiếu mã hoặc tên");
        }
    }
}

static void
read_lists(struct loader *ld)
{
    struct str *paths = NULL;
    size_t n = pack_load_list(ld->l, STR("lists/"), STR(".csv"), &paths);
    ld->set->lists = ARENA_ARRAY(ld->arena, struct form_code_list, n + 1);
    for (size_t i = 0; i < n; i++) {
        read_list(ld, paths[i], &ld->set->lists[ld->set->n_lists++]);
    }
}

static bool
list_exists(const struct loader *ld, struct str id)
{
    for (size_t i = 0; i < ld->set->n_lists; i++) {
        if (str_eq(ld->set->lists[i].id, id)) {
            return true;
        }
    }
    return false;
}

/* --- expressions and rules -------------------------------------------------------------------- */

static const struct expr *
read_expr(struct loader *ld, const struct json *j)
{
    const struct expr *e = NULL;
    struct expr_fault fault = { 0 };
    if (j == NULL || j->type != JSON_STRING) {
        FAULT(ld, j, "Viết biểu thức trong dấu nháy, xem doc/bpmn.md phần 3", "Thiếu biểu thức");
        return NULL;
    }
    if (expr_compile(ld->arena, j->text, &e, &fault) != ERR_OK) {
        FAULT(ld, j, "Sửa biểu thức theo doc/bpmn.md phần 3", "Biểu thức sai ở cột %u: %s",
              fault.column, fault.what);
        return NULL;
    }
    return e;
}

static struct form_rule
read_rule(struct loader *ld, const struct json *j)
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
        FAULT(ld, rule, "Dùng SHOW hoặc HIDE", "effect của rule không hợp lệ");
    }
    r.when = read_expr(ld, json_get(rule, "when"));
    return r;
}

/* --- schema ----------------------------------------------------------------------------------- */

static const struct json *
follow(const struct loader *ld, const struct json *schema)
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
static struct str
scope_path(struct arena *a, struct str scope)
{
    if (!str_starts(scope, STR("#/"))) {
        return scope;
    }
    struct str s = str_replace(a, str_slice(scope, 1, scope.n), STR("/properties/"), STR("."));
    return str_slice(s, 1, s.n);
}

static const struct json *
find_schema(struct loader *ld, struct str path, bool *ret_required)
{
    const struct json *at = follow(ld, ld->scope);
    struct str part;
    int depth = 0;
    while (at != NULL && str_next(&path, '.', &part)) {
        if (++depth > DEPTH_MAX + 1) {
            return NULL;
        }
        *ret_required = requires(at, part);
        at = follow(ld, json_get_str_key(json_get(at, "properties"), part));
    }
    return at;
}

/* --- items ------------------------------------------------------------------------------------ */

static struct form_item *
add_item(struct loader *ld, enum form_kind kind, const struct json *j)
{
    struct form_item *none = ARENA_NEW(ld->arena, struct form_item);
    if (ld->n_items >= FORM_ITEMS_MAX) {
        FAULT(ld, j, "Chia thành nhiều biểu mẫu", "Biểu mẫu có quá nhiều mục (tối đa %d)",
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

static bool
is_type(const struct json *schema, const char *name)
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
bind_kind(struct loader *ld, struct form_item *it)
{
    const struct json *items = follow(ld, json_get(it->schema, "items"));
    if (is_type(it->schema, "string")) {
        bind_string(it);
        return true;
    }
    if (is_type(it->schema, "integer")) {
        it->kind = FORM_INT;
        return true;
    }
    if (is_type(it->schema, "boolean")) {
        it->kind = FORM_CHECK;
        return true;
    }
    if (is_type(it->schema, "array") && json_get(items, "enum") != NULL) {
        it->kind = FORM_BOXES;
        return true;
    }
    return false;
}

static void
bind_widget(struct loader *ld, struct form_item *it, const struct json *j)
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
    FAULT(ld, j, "Xem bảng ở doc/forms.md phần 1",
          "widget \"" STR_FMT "\" không dùng được cho mục này", STR_ARG(name));
}

static void
bind_choices(struct loader *ld, struct form_item *it, const struct json *j)
{
    struct str list = json_text(it->schema, "x-list");
    struct str unit = json_text(it->schema, "x-unit");
    if (list.p != NULL) {
        it->choices = str_fmt(ld->arena, "list:" STR_FMT, STR_ARG(list));
        if (!list_exists(ld, list)) {
            FAULT(ld, j, "Thêm tệp lists/<mã>.csv hoặc sửa x-list",
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
        it->kind == FORM_BOXES ? follow(ld, json_get(it->schema, "items")) : it->schema, "enum");
    for (JSON_EACH(values, v)) {
        if (v->type != JSON_STRING || json_get_str_key(it->labels, v->text) == NULL) {
            FAULT(ld, j, "Thêm vào labels: {\"giá trị\": {\"vi\": \"…\", \"en\": \"…\"}}",
                  "Giá trị \"" STR_FMT "\" của enum chưa có tên để hiển thị", STR_ARG(v->text));
        }
    }
}

static void
check_prefill(struct loader *ld, const struct form_item *it, const struct json *j)
{
    static const struct str first[] = { STR_INIT("person."), STR_INIT("business."),
                                        STR_INIT("paper."), STR_INIT("procedure."),
                                        STR_INIT("today") };
    for (size_t i = 0; i < COUNT_OF(first); i++) {
        if (it->prefill.p == NULL || str_starts(it->prefill, first[i])) {
            return;
        }
    }
    FAULT(ld, j, "Dùng person., business., paper., procedure. hoặc today",
          "Nguồn điền sẵn \"" STR_FMT "\" không có", STR_ARG(it->prefill));
}

static void
check_texts(struct loader *ld, const struct form_item *it, const struct json *j)
{
    if (json_get(it->schema, "pattern") != NULL && json_get(it->messages, "pattern") == NULL) {
        FAULT(ld, j, "Thêm messages.pattern nói rõ phải viết thế nào",
              "Mục có pattern nhưng không có câu nhắc riêng");
    }
    if (it->format.p != NULL && !schema_format_known(it->format)) {
        FAULT(ld, j, "Xem danh sách format ở doc/forms.md",
              "format \"" STR_FMT "\" không được hỗ trợ", STR_ARG(it->format));
    }
}

static bool
is_member_path(struct str path)
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
describe(struct loader *ld, struct form_item *it, const struct json *j)
{
    it->label = pack_json_text(ld->at, j, "label", true);
    it->hint = pack_json_text(ld->at, j, "hint", false);
    it->labels = json_get(j, "labels");
    it->messages = json_get(j, "messages");
    it->prefill = json_text(j, "prefill");
    it->autocomplete = json_text(j, "autocomplete");
    it->width = json_int(j, "width", 0);
    it->rule = read_rule(ld, j);
    check_prefill(ld, it, j);
}

/* An address is a group of up to three controls with labels of the program. */
static void
add_address(struct loader *ld, struct form_item *it, const struct json *j)
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
            follow(ld, json_get(json_get(it->schema, "properties"), parts[i].name));
        if (schema == NULL) {
            if (i == 0) {
                FAULT(ld, j, "Khai báo properties.unit với x-unit",
                      "widget address cần trường unit");
            }
            continue;
        }
        struct form_item *part = add_item(ld, FORM_TEXT, j);
        part->label_key = parts[i].key;
        part->schema = schema;
        part->path = str_fmt(ld->arena, STR_FMT ".%s", STR_ARG(it->path), parts[i].name);
        part->is_required = it->is_required && requires(it->schema, str_of(parts[i].name));
        (void)bind_kind(ld, part);
        bind_choices(ld, part, j);
        part->is_other_allowed =
            i == 0 && json_get(json_get(it->schema, "properties"), "other") != NULL;
    }
    ld->parent = outer;
    (void)add_item(ld, FORM_ADDRESS_CLOSE, j);
}

static void
read_control(struct loader *ld, const struct json *j)
{
    static const char *const known[] = { "type",   "scope",    "label",    "hint", "widget",
                                         "labels", "prefill",  "messages", "rule", "autocomplete",
                                         "width",  "optional", NULL };
    pack_json_known(ld->at, j, known);
    struct str path = scope_path(ld->arena, json_text(j, "scope"));
    bool is_required = false;
    const struct json *schema = is_member_path(path) ? find_schema(ld, path, &is_required) : NULL;
    if (schema == NULL) {
        FAULT(ld, j, "Sửa scope thành tên một trường có trong schema (chữ thường, số, _)",
              "scope \"" STR_FMT "\" không có trong schema", STR_ARG(path));
        return;
    }
    struct form_item *it = add_item(ld, FORM_TEXT, j);
    it->path = path;
    it->schema = schema;
    it->is_required = is_required;
    describe(ld, it, j);
    if (str_eq(json_text(j, "widget"), STR("address")) && is_type(schema, "object") &&
        ld->list < 0) {
        add_address(ld, it, j);
        return;
    }
    if (!bind_kind(ld, it)) {
        FAULT(ld, j, "Dùng các kiểu ở doc/forms.md phần 1",
              "Kiểu của \"" STR_FMT "\" không hiển thị được", STR_ARG(path));
        return;
    }
    bind_widget(ld, it, j);
    bind_choices(ld, it, j);
    check_texts(ld, it, j);
}

static void
read_note(struct loader *ld, const struct json *j)
{
    static const char *const known[] = { "type", "text", "tone", "rule", NULL };
    pack_json_known(ld->at, j, known);
    struct form_item *it = add_item(ld, FORM_NOTE, j);
    it->text = pack_json_text(ld->at, j, "text", true);
    it->tone = json_text(j, "tone");
    it->rule = read_rule(ld, j);
}

static bool
is_element(const struct json *j, const char *type)
{
    return str_eq(json_text(j, "type"), str_of(type));
}

/* Controls and notes inside a group or list. */
static void
read_inside(struct loader *ld, const struct json *elements)
{
    for (JSON_EACH(elements, e)) {
        if (is_element(e, "Control")) {
            read_control(ld, e);
        } else if (is_element(e, "Note")) {
            read_note(ld, e);
        } else {
            FAULT(ld, e, "Trong Group và List chỉ dùng Control và Note",
                  "Loại phần tử không dùng được ở đây");
        }
    }
}

static void
read_group(struct loader *ld, const struct json *j)
{
    static const char *const known[] = { "type", "label", "hint", "rule", "elements", NULL };
    pack_json_known(ld->at, j, known);
    struct form_item *it = add_item(ld, FORM_GROUP_OPEN, j);
    it->label = pack_json_text(ld->at, j, "label", true);
    it->hint = pack_json_text(ld->at, j, "hint", false);
    it->rule = read_rule(ld, j);
    ld->parent = (int32_t)ld->n_items - 1;
    read_inside(ld, json_get(j, "elements"));
    ld->parent = -1;
    (void)add_item(ld, FORM_GROUP_CLOSE, j);
}

static void
read_list_element(struct loader *ld, const struct json *j)
{
    static const char *const known[] = { "type", "scope",    "label",    "item", "hint",
                                         "rule", "messages", "elements", NULL };
    pack_json_known(ld->at, j, known);
    struct str path = scope_path(ld->arena, json_text(j, "scope"));
    bool is_required = false;
    const struct json *schema = is_member_path(path) ? find_schema(ld, path, &is_required) : NULL;
    const struct json *items = follow(ld, json_get(schema, "items"));
    if (!is_type(schema, "array") || !is_type(items, "object")) {
        FAULT(ld, j, "scope của List phải là mảng các object",
              "List \"" STR_FMT "\" không đúng kiểu", STR_ARG(path));
        return;
    }
    struct form_item *it = add_item(ld, FORM_LIST_OPEN, j);
    it->path = path;
    it->schema = schema;
    it->is_required = is_required;
    it->label = pack_json_text(ld->at, j, "label", true);
    it->text = pack_json_text(ld->at, j, "item", true);
    it->hint = pack_json_text(ld->at, j, "hint", false);
    it->messages = json_get(j, "messages");
    it->rule = read_rule(ld, j);
    it->max = json_int(schema, "maxItems", 0);
    if (it->max < 1 || it->max > FORM_LIST_MAX) {
        FAULT(ld, j, "Đặt maxItems từ 1 đến 20", "List \"" STR_FMT "\" chưa có maxItems hợp lệ",
              STR_ARG(path));
        it->max = FORM_LIST_MAX;
    }
    const struct json *outer = ld->scope;
    ld->scope = items;
    ld->parent = ld->list = (int32_t)ld->n_items - 1;
    read_inside(ld, json_get(j, "elements"));
    ld->parent = ld->list = -1;
    ld->scope = outer;
    (void)add_item(ld, FORM_LIST_CLOSE, j);
}

static void
read_page(struct loader *ld, const struct json *j, struct form_page *p)
{
    static const char *const known[] = { "id", "title", "intro", "rule", "elements", NULL };
    pack_json_known(ld->at, j, known);
    *p = (struct form_page){ .id = pack_json_str(ld->at, j, "id", true), .from = ld->n_items };
    p->title = pack_json_text(ld->at, j, "title", true);
    p->intro = pack_json_text(ld->at, j, "intro", false);
    p->rule = read_rule(ld, j);
    ld->page = p;
    ld->parent = ld->list = -1;
    if (!pack_is_code(p->id)) {
        FAULT(ld, j, "Dùng chữ thường không dấu, số và gạch nối", "id của trang không hợp lệ");
    }
    for (JSON_EACH(json_get(j, "elements"), e)) {
        if (is_element(e, "Group")) {
            read_group(ld, e);
        } else if (is_element(e, "List")) {
            read_list_element(ld, e);
        } else {
            struct json one = *e;
            one.next = NULL;
            struct json holder = { .type = JSON_LIST, .child = &one, .n = 1, .line = e->line };
            read_inside(ld, &holder);
        }
    }
    p->to = ld->n_items;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int
times_shown(const struct loader *ld, int32_t list, struct str path)
{
    int n = 0;
    for (uint32_t i = 0; i < ld->n_items; i++) {
        const struct form_item *it = &ld->items[i];
        bool is_place = form_is_control(it) || it->kind == FORM_LIST_OPEN;
        n += is_place && it->list == list && str_eq(it->path, path);
    }
    return n;
}

/* Every value of the schema must have exactly one place on the pages. */
static void
check_covered(struct loader *ld, const struct json *root, int32_t list)
{
    struct {
        const struct json *schema;
        struct str path;
        int depth;
    } todo[FORM_ITEMS_MAX];
    size_t n = 1;
    todo[0].schema = follow(ld, root);
    todo[0].path = STR("");
    todo[0].depth = 0;
    while (n > 0) {
        n--;
        const struct json *object = todo[n].schema;
        struct str base = todo[n].path;
        int depth = todo[n].depth;
        for (JSON_EACH(json_get(object, "properties"), m)) {
            const struct json *schema = follow(ld, m);
            struct str path = base.n == 0 ? m->key
                                          : str_fmt(ld->arena, STR_FMT "." STR_FMT, STR_ARG(base),
                                                    STR_ARG(m->key));
            if (is_type(schema, "object") && depth < DEPTH_MAX && n < FORM_ITEMS_MAX) {
                todo[n].schema = schema;
                todo[n].path = path;
                todo[n++].depth = depth + 1;
                continue;
            }
            int times = times_shown(ld, list, path);
            if (times != 1) {
                FAULT(ld, m, "Mỗi trường của schema phải có đúng một Control hoặc List",
                      "\"" STR_FMT "\" xuất hiện %d lần trên các trang", STR_ARG(path), times);
            }
        }
    }
}

static void
read_checks(struct loader *ld, const struct json *list)
{
    static const char *const known[] = { "field", "must", "message", NULL };
    ld->f->checks =
        ARENA_ARRAY(ld->arena, struct form_rule_check, (list == NULL ? 0 : list->n) + 1);
    for (JSON_EACH(list, j)) {
        pack_json_known(ld->at, j, known);
        struct form_rule_check *c = &ld->f->checks[ld->f->n_checks++];
        c->field = pack_json_str(ld->at, j, "field", true);
        c->must = read_expr(ld, json_get(j, "must"));
        c->message = pack_json_text(ld->at, j, "message", true);
        if (times_shown(ld, -1, c->field) == 0) {
            FAULT(ld, j, "Sửa field thành một trường có trên trang",
                  "checks: không có trường \"" STR_FMT "\"", STR_ARG(c->field));
        }
    }
}

static void
collect_prefills(struct loader *ld)
{
    ld->f->prefills = ARENA_ARRAY(ld->arena, struct str, ld->n_items + 1);
    for (uint32_t i = 0; i < ld->n_items; i++) {
        if (ld->items[i].prefill.p != NULL) {
            ld->f->prefills[ld->f->n_prefills++] = ld->items[i].prefill;
        }
    }
}

static void
read_pages(struct loader *ld, const struct json *root)
{
    const struct json *pages = json_get(root, "pages");
    ld->f->pages = ARENA_ARRAY(ld->arena, struct form_page, (pages == NULL ? 0 : pages->n) + 1);
    for (JSON_EACH(pages, p)) {
        struct form_page *page = &ld->f->pages[ld->f->n_pages++];
        read_page(ld, p, page);
        for (size_t i = 0; i + 1 < ld->f->n_pages; i++) {
            if (str_eq(ld->f->pages[i].id, page->id)) {
                FAULT(ld, p, "Đặt id khác", "Hai trang cùng id \"" STR_FMT "\"", STR_ARG(page->id));
            }
        }
    }
    if (ld->f->n_pages == 0) {
        FAULT(ld, root, "Thêm ít nhất một trang vào pages", "Biểu mẫu không có trang nào");
    }
    check_covered(ld, ld->f->schema_tree, -1);
    for (uint32_t i = 0; i < ld->n_items; i++) {
        if (ld->items[i].kind == FORM_LIST_OPEN) {
            check_covered(ld, json_get(ld->items[i].schema, "items"), (int32_t)i);
        }
    }
}

static struct form *
read_form(struct loader *ld, struct str path)
{
    static const char *const known[] = { "id", "title", "schema", "checks", "pages", "note", NULL };
    const struct json *root = pack_load_json(ld->l, path, true);
    if (root == NULL) {
        return NULL;
    }
    ld->at.file = path;
    ld->n_items = 0;
    ld->f = ARENA_NEW(ld->arena, struct form);
    pack_json_known(ld->at, root, known);
    ld->f->id = pack_json_str(ld->at, root, "id", true);
    ld->f->title = pack_json_text(ld->at, root, "title", true);
    ld->f->set = ld->set;
    if (!str_eq(ld->f->id, str_slice(path, 6, path.n - 5))) { /* forms/<id>.json */
        FAULT(ld, root, "Đặt id bằng tên tệp", "id \"" STR_FMT "\" khác tên tệp",
              STR_ARG(ld->f->id));
    }
    ld->f->schema_tree = json_get(root, "schema");
    struct schema *schema = NULL;
    struct schema_fault fault = { 0 };
    if (ld->f->schema_tree == NULL ||
        schema_compile(ld->arena, ld->f->schema_tree, &schema, &fault) != ERR_OK) {
        pack_load_faultf(ld->l, path, fault.line, "Sửa schema theo JSON Schema 2020-12",
                         "Schema sai: " STR_FMT, STR_ARG(fault.what));
        return NULL;
    }
    ld->f->schema = schema;
    ld->f->schema_json = form_json_text(ld->arena, ld->f->schema_tree);
    ld->scope = ld->f->schema_tree;
    read_pages(ld, root);
    read_checks(ld, json_get(root, "checks"));
    collect_prefills(ld);
    ld->f->n_items = ld->n_items;
    ld->f->items = arena_copy(ld->arena, ld->items, size_mul(sizeof(ld->items[0]), ld->n_items));
    return ld->f;
}

void
form_pack_part(struct pack_load *l)
{
    struct arena *work = arena_open(0);
    struct loader *ld = ARENA_NEW(work, struct loader);
    ld->l = l;
    ld->at.l = l;
    ld->arena = pack_load_arena(l);
    ld->set = ARENA_NEW(ld->arena, struct form_set);
    read_lists(ld);
    struct str *paths = NULL;
    size_t n = pack_load_list(l, STR("forms/"), STR(".json"), &paths);
    ld->set->v = ARENA_ARRAY(ld->arena, const struct form *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct form *f = read_form(ld, paths[i]);
        if (f != NULL) {
            ld->set->v[ld->set->n++] = f;
        }
    }
    pack_load_target(l)->slot[PACK_FORMS] = ld->set;
    arena_close(work);
}
