/* form_pack.c: loads forms/ and lists/ of a pack, and refuses what could not be shown. */
#include "engine/form/form_load.h"

/* --- lists ------------------------------------------------------------------------------------ */

static void
read_list(struct form_loader *ld, struct str path, struct form_code_list *ret)
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
read_lists(struct form_loader *ld)
{
    struct str *paths = NULL;
    size_t n = pack_load_list(ld->l, STR("lists/"), STR(".csv"), &paths);
    ld->set->lists = ARENA_ARRAY(ld->arena, struct form_code_list, n + 1);
    for (size_t i = 0; i < n; i++) {
        read_list(ld, paths[i], &ld->set->lists[ld->set->n_lists++]);
    }
}

static bool
is_element(const struct json *j, const char *type)
{
    return str_eq(json_text(j, "type"), str_of(type));
}

/* Controls and notes inside a group or list. */
static void
read_inside(struct form_loader *ld, const struct json *elements)
{
    for (JSON_EACH(elements, e)) {
        if (is_element(e, "Control")) {
            form_load_read_control(ld, e);
        } else if (is_element(e, "Note")) {
            form_load_read_note(ld, e);
        } else if (is_element(e, "Lookup")) {
            form_load_read_lookup(ld, e);
        } else {
            FORM_FAULT(ld, e, "Trong Group và List chỉ dùng Control, Note và Lookup",
                       "Loại phần tử không dùng được ở đây");
        }
    }
}

static void
read_group(struct form_loader *ld, const struct json *j)
{
    static const char *const known[] = { "type", "label", "hint", "rule", "elements", NULL };
    pack_json_known(ld->at, j, known);
    struct form_item *it = form_load_add_item(ld, FORM_GROUP_OPEN, j);
    it->label = pack_json_text(ld->at, j, "label", true);
    it->hint = pack_json_text(ld->at, j, "hint", false);
    it->rule = form_load_read_rule(ld, j);
    ld->parent = (int32_t)ld->n_items - 1;
    read_inside(ld, json_get(j, "elements"));
    ld->parent = -1;
    (void)form_load_add_item(ld, FORM_GROUP_CLOSE, j);
}

static void
read_list_element(struct form_loader *ld, const struct json *j)
{
    static const char *const known[] = { "type", "scope",    "label",    "item", "hint",
                                         "rule", "messages", "elements", NULL };
    pack_json_known(ld->at, j, known);
    struct str path = form_load_scope_path(ld->arena, json_text(j, "scope"));
    bool is_required = false;
    const struct json *schema =
        form_load_is_member_path(path) ? form_load_find_schema(ld, path, &is_required) : NULL;
    const struct json *items = form_load_follow(ld, json_get(schema, "items"));
    if (!form_load_is_type(schema, "array") || !form_load_is_type(items, "object")) {
        FORM_FAULT(ld, j, "scope của List phải là mảng các object",
                   "List \"" STR_FMT "\" không đúng kiểu", STR_ARG(path));
        return;
    }
    struct form_item *it = form_load_add_item(ld, FORM_LIST_OPEN, j);
    it->path = path;
    it->schema = schema;
    it->is_required = is_required;
    it->label = pack_json_text(ld->at, j, "label", true);
    it->text = pack_json_text(ld->at, j, "item", true);
    it->hint = pack_json_text(ld->at, j, "hint", false);
    it->messages = json_get(j, "messages");
    it->rule = form_load_read_rule(ld, j);
    it->max = json_int(schema, "maxItems", 0);
    if (it->max < 1 || it->max > FORM_LIST_MAX) {
        FORM_FAULT(ld, j, "Đặt maxItems từ 1 đến 20",
                   "List \"" STR_FMT "\" chưa có maxItems hợp lệ", STR_ARG(path));
        it->max = FORM_LIST_MAX;
    }
    const struct json *outer = ld->scope;
    ld->scope = items;
    ld->parent = ld->list = (int32_t)ld->n_items - 1;
    read_inside(ld, json_get(j, "elements"));
    ld->parent = ld->list = -1;
    ld->scope = outer;
    (void)form_load_add_item(ld, FORM_LIST_CLOSE, j);
}

static void
read_page(struct form_loader *ld, const struct json *j, struct form_page *p)
{
    static const char *const known[] = { "id", "title", "intro", "rule", "elements", NULL };
    pack_json_known(ld->at, j, known);
    *p = (struct form_page){ .id = pack_json_str(ld->at, j, "id", true), .from = ld->n_items };
    p->title = pack_json_text(ld->at, j, "title", true);
    p->intro = pack_json_text(ld->at, j, "intro", false);
    p->rule = form_load_read_rule(ld, j);
    ld->page = p;
    ld->parent = ld->list = -1;
    if (!pack_is_code(p->id)) {
        FORM_FAULT(ld, j, "Dùng chữ thường không dấu, số và gạch nối", "id của trang không hợp lệ");
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
times_shown(const struct form_loader *ld, int32_t list, struct str path)
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
check_covered(struct form_loader *ld, const struct json *root, int32_t list)
{
    struct {
        const struct json *schema;
        struct str path;
        int depth;
    } todo[FORM_ITEMS_MAX];
    size_t n = 1;
    todo[0].schema = form_load_follow(ld, root);
    todo[0].path = STR("");
    todo[0].depth = 0;
    while (n > 0) {
        n--;
        const struct json *object = todo[n].schema;
        struct str base = todo[n].path;
        int depth = todo[n].depth;
        for (JSON_EACH(json_get(object, "properties"), m)) {
            const struct json *schema = form_load_follow(ld, m);
            struct str path = base.n == 0 ? m->key
                                          : str_fmt(ld->arena, STR_FMT "." STR_FMT, STR_ARG(base),
                                                    STR_ARG(m->key));
            if (form_load_is_type(schema, "object") && depth < FORM_DEPTH_MAX &&
                n < FORM_ITEMS_MAX) {
                todo[n].schema = schema;
                todo[n].path = path;
                todo[n++].depth = depth + 1;
                continue;
            }
            int times = times_shown(ld, list, path);
            if (times != 1) {
                FORM_FAULT(ld, m, "Mỗi trường của schema phải có đúng một Control hoặc List",
                           "\"" STR_FMT "\" xuất hiện %d lần trên các trang", STR_ARG(path), times);
            }
        }
    }
}

static void
read_checks(struct form_loader *ld, const struct json *list)
{
    static const char *const known[] = { "field", "must", "message", NULL };
    ld->f->checks =
        ARENA_ARRAY(ld->arena, struct form_rule_check, (list == NULL ? 0 : list->n) + 1);
    for (JSON_EACH(list, j)) {
        pack_json_known(ld->at, j, known);
        struct form_rule_check *c = &ld->f->checks[ld->f->n_checks++];
        c->field = pack_json_str(ld->at, j, "field", true);
        c->must = form_load_read_expr(ld, json_get(j, "must"));
        c->message = pack_json_text(ld->at, j, "message", true);
        if (times_shown(ld, -1, c->field) == 0) {
            FORM_FAULT(ld, j, "Sửa field thành một trường có trên trang",
                       "checks: không có trường \"" STR_FMT "\"", STR_ARG(c->field));
        }
    }
}

/* The step that waits for the consent. Only the signature can: it is where a result begins. */
static bool
is_required(struct form_loader *ld, const struct json *j)
{
    struct str step = pack_json_str(ld->at, j, "required_before", false);
    if (!str_is_empty(step) && !str_eq(step, STR("signature"))) {
        FORM_FAULT(ld, j, "Ghi \"signature\", hoặc bỏ required_before",
                   "others: required_before \"" STR_FMT "\" không có", STR_ARG(step));
    }
    return str_eq(step, STR("signature"));
}

/* Their fields must be there: a member renamed in the schema would silently ask nobody. */
static void
read_others(struct form_loader *ld, const struct json *list)
{
    static const char *const known[] = { "id",    "list",    "name",  "personal_id",
                                         "title", "purpose", "basis", "required_before",
                                         NULL };
    size_t n = list == NULL ? 0 : list->n;
    ld->f->others = ARENA_ARRAY(ld->arena, struct form_other, n + 1);
    for (JSON_EACH(list, j)) {
        pack_json_known(ld->at, j, known);
        struct form_other *o = &ld->f->others[ld->f->n_others++];
        *o = (struct form_other){ .id = pack_json_str(ld->at, j, "id", true),
                                  .list = pack_json_str(ld->at, j, "list", false),
                                  .name = pack_json_str(ld->at, j, "name", true),
                                  .number = pack_json_str(ld->at, j, "personal_id", true),
                                  .title = pack_json_text(ld->at, j, "title", true),
                                  .purpose = pack_json_text(ld->at, j, "purpose", true),
                                  .basis = pack_json_text(ld->at, j, "basis", true),
                                  .is_needed = is_required(ld, j) };
        const struct json *at = json_get(ld->f->schema_tree, "properties");
        if (!str_is_empty(o->list)) {
            const struct json *array = json_get(at, str_z(ld->arena, o->list));
            at = json_get(json_get(array, "items"), "properties");
        }
        if (json_get(at, str_z(ld->arena, o->name)) == NULL ||
            json_get(at, str_z(ld->arena, o->number)) == NULL) {
            FORM_FAULT(ld, j, "Sửa name và personal_id thành trường có trong schema",
                       "others: \"" STR_FMT "\" chỉ tới trường không có", STR_ARG(o->id));
        }
    }
}

static void
collect_prefills(struct form_loader *ld)
{
    size_t n = 0;
    for (uint32_t i = 0; i < ld->n_items; i++) {
        n += ld->items[i].n_fills;
    }
    ld->f->prefills = ARENA_ARRAY(ld->arena, struct str, n + 1);
    for (uint32_t i = 0; i < ld->n_items; i++) {
        for (size_t k = 0; k < ld->items[i].n_fills; k++) {
            ld->f->prefills[ld->f->n_prefills++] = ld->items[i].fills[k].from;
        }
    }
}

static void
read_pages(struct form_loader *ld, const struct json *root)
{
    const struct json *pages = json_get(root, "pages");
    ld->f->pages = ARENA_ARRAY(ld->arena, struct form_page, (pages == NULL ? 0 : pages->n) + 1);
    for (JSON_EACH(pages, p)) {
        struct form_page *page = &ld->f->pages[ld->f->n_pages++];
        read_page(ld, p, page);
        for (size_t i = 0; i + 1 < ld->f->n_pages; i++) {
            if (str_eq(ld->f->pages[i].id, page->id)) {
                FORM_FAULT(ld, p, "Đặt id khác", "Hai trang cùng id \"" STR_FMT "\"",
                           STR_ARG(page->id));
            }
        }
    }
    if (ld->f->n_pages == 0) {
        FORM_FAULT(ld, root, "Thêm ít nhất một trang vào pages", "Biểu mẫu không có trang nào");
    }
    check_covered(ld, ld->f->schema_tree, -1);
    for (uint32_t i = 0; i < ld->n_items; i++) {
        if (ld->items[i].kind == FORM_LIST_OPEN) {
            check_covered(ld, json_get(ld->items[i].schema, "items"), (int32_t)i);
        }
    }
}

static struct form *
read_form(struct form_loader *ld, struct str path)
{
    static const char *const known[] = { "id",    "title", "schema", "checks",
                                         "pages", "note",  "others", NULL };
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
        FORM_FAULT(ld, root, "Đặt id bằng tên tệp", "id \"" STR_FMT "\" khác tên tệp",
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
    read_others(ld, json_get(root, "others"));
    collect_prefills(ld);
    ld->f->n_items = ld->n_items;
    ld->f->items = arena_copy(ld->arena, ld->items, size_mul(sizeof(ld->items[0]), ld->n_items));
    return ld->f;
}

void
form_pack_part(struct pack_load *l)
{
    struct arena *work = arena_open(0);
    struct form_loader *ld = ARENA_NEW(work, struct form_loader);
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
