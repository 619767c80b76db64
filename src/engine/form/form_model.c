/* form_model.c: which fields are seen, what is wrong with their answers, and how that is said.
 * Pure. */
#include "engine/form/form_int.h"

/* --- who sees what ---------------------------------------------------------------------------- */

struct form_view
form_view(struct ctx *cx, const struct form_state *st, const struct form_env *env)
{
    struct form_view v = { .cx = cx, .st = st, .env = env };
    v.vars = ARENA_ARRAY(cx->arena, struct expr_var, env->n_vars + 1);
    for (size_t i = 0; i < env->n_vars; i++) {
        v.vars[i] = env->vars[i];
    }
    v.vars[env->n_vars].name = STR("today");
    v.vars[env->n_vars].value = expr_of_str(date_iso(cx->arena, env->today));
    v.n_vars = env->n_vars + 1;
    return v;
}

bool
form_holds(const struct form_view *v, const struct expr *when)
{
    struct expr_scope scope = { .doc = v->st->answers, .vars = v->vars, .n_vars = v->n_vars };
    return when == NULL || expr_is_true(when, &scope);
}

static bool
rule_shows(const struct form_view *v, struct form_rule r)
{
    if (r.when == NULL) {
        return true;
    }
    return form_holds(v, r.when) != r.is_hide;
}

bool
form_page_is_shown(const struct form_view *v, const struct form_page *p)
{
    if (!rule_shows(v, p->rule)) {
        return false;
    }
    for (uint32_t i = p->from; i < p->to; i++) {
        if (form_item_is_shown(v, &v->st->form->items[i])) {
            return true;
        }
    }
    return p->from == p->to;
}

bool
form_item_is_shown(const struct form_view *v, const struct form_item *it)
{
    if (!rule_shows(v, it->page->rule)) {
        return false;
    }
    for (const struct form_item *at = it; at != NULL;
         at = at->parent < 0 ? NULL : &v->st->form->items[at->parent]) {
        if (!rule_shows(v, at->rule)) {
            return false;
        }
    }
    return true;
}

/* --- names and places ------------------------------------------------------------------------- */

struct str
form_label(struct ctx *cx, const struct form_item *it)
{
    return it->label_key != NULL ? text_find(cx, str_of(it->label_key)) : pack_text(cx, it->label);
}

struct str
form_path(struct arena *a, const struct form *f, const struct form_item *it, size_t index)
{
    if (it->list < 0) {
        return it->path;
    }
    return str_fmt(a, STR_FMT ".%zu." STR_FMT, STR_ARG(f->items[it->list].path), index,
                   STR_ARG(it->path));
}

size_t
form_list_n(const struct form_state *st, const struct form_item *list)
{
    const struct json *j = form_json_at(st->answers, list->path);
    return j == NULL || j->type != JSON_LIST ? 0 : j->n;
}

/* The path without a leading "base."; null when it does not begin so. */
static struct str
below(struct str path, struct str base)
{
    bool is_below = path.n > base.n && str_starts(path, base) && path.p[base.n] == '.';
    return is_below ? str_slice(path, base.n + 1, path.n) : STR_NULL;
}

const struct form_item *
form_item_of(const struct form *f, struct str path)
{
    for (uint32_t i = 0; i < f->n_items; i++) {
        const struct form_item *it = &f->items[i];
        struct str own = path;
        if (it->list >= 0) {
            struct str index;
            struct str inside = below(path, f->items[it->list].path);
            if (inside.p == NULL || !str_cut(inside, '.', &index, &own)) {
                continue;
            }
        }
        bool is_place = form_is_control(it) || it->kind == FORM_LIST_OPEN;
        if (is_place &&
            (str_eq(own, it->path) || (it->kind == FORM_BOXES && below(own, it->path).p != NULL))) {
            return it;
        }
    }
    return NULL;
}

/* The first control of an object that was missed as a whole. */
static const struct form_item *
first_below(const struct form *f, struct str path)
{
    for (uint32_t i = 0; i < f->n_items; i++) {
        const struct form_item *it = &f->items[i];
        if (form_is_control(it) && it->list < 0 && below(it->path, path).p != NULL) {
            return it;
        }
    }
    return NULL;
}

/* --- choices ---------------------------------------------------------------------------------- */

const struct form_set *
form_set_of(const struct pack *p)
{
    return p == NULL ? NULL : p->slot[PACK_FORMS];
}

static const struct form_code_list *
list_of(const struct form *f, struct str kind)
{
    struct str id = str_slice(kind, 5, kind.n); /* list:<id> */
    for (size_t i = 0; i < f->set->n_lists; i++) {
        if (str_eq(f->set->lists[i].id, id)) {
            return &f->set->lists[i];
        }
    }
    return NULL;
}

struct str
form_code_of_name(const struct form *f, struct str kind, struct str name)
{
    const struct form_code_list *l = str_starts(kind, STR("list:")) ? list_of(f, kind) : NULL;
    for (size_t i = 0; l != NULL && name.n > 0 && i < l->n; i++) {
        struct str full = l->v[i].name.vi;
        bool is_start =
            str_starts(full, name) &&
            (full.n == name.n || str_starts(str_slice(full, name.n, full.n), STR(" (")));
        if (is_start) {
            return l->v[i].code;
        }
    }
    return name;
}

static size_t
choices_of_list(struct ctx *cx, const struct form_view *v, struct str kind,
                const struct form_choice **ret)
{
    const struct form_code_list *l = list_of(v->st->form, kind);
    size_t n = 0;
    struct form_choice *c = ARENA_ARRAY(cx->arena, struct form_choice, (l == NULL ? 0 : l->n) + 1);
    for (size_t i = 0; l != NULL && i < l->n; i++) {
        if (date_cmp(l->v[i].from, v->env->today) <= 0 &&
            date_cmp(v->env->today, l->v[i].to) <= 0) {
            c[n++] =
                (struct form_choice){ .value = l->v[i].code, .text = pack_text(cx, l->v[i].name) };
        }
    }
    *ret = c;
    return n;
}

static struct str
json_pack_text(struct ctx *cx, const struct json *j)
{
    struct pack_text t = { .vi = json_text(j, "vi"), .en = json_text(j, "en") };
    return pack_text(cx, t);
}

size_t
form_choices(struct ctx *cx, const struct form_view *v, const struct form_item *it,
             const struct form_choice **ret)
{
    *ret = NULL;
    if (str_starts(it->choices, STR("list:"))) {
        return choices_of_list(cx, v, it->choices, ret);
    }
    if (it->choices.p != NULL) {
        return v->env->choices == NULL ? 0 : v->env->choices(cx, v->env->arg, it->choices, ret);
    }
    const struct json *values = json_get(it->schema, "enum");
    values = values != NULL ? values : json_get(json_get(it->schema, "items"), "enum");
    struct form_choice *c =
        ARENA_ARRAY(cx->arena, struct form_choice, (values == NULL ? 0 : values->n) + 1);
    size_t n = 0;
    for (JSON_EACH(values, e)) {
        c[n++] = (struct form_choice){
            .value = e->text, .text = json_pack_text(cx, json_get_str_key(it->labels, e->text))
        };
    }
    *ret = c;
    return n;
}

struct str
form_choice_text(struct ctx *cx, const struct form_view *v, const struct form_item *it,
                 struct str value)
{
    const struct form_choice *c = NULL;
    size_t n = form_choices(cx, v, it, &c);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(c[i].value, value)) {
            return c[i].text;
        }
    }
    return it->is_other_allowed && str_eq(value, STR("other")) ? text(cx, "form.address.outside")
                                                               : value;
}

static bool
is_code(void *arg, struct str kind, struct str code)
{
    const struct form_view *v = arg;
    struct form_item it = { .choices = kind };
    const struct form_choice *c = NULL;
    size_t n = form_choices(v->cx, v, &it, &c);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(c[i].value, code)) {
            return true;
        }
    }
    return v->env->choices == NULL && !str_starts(kind, STR("list:"));
}

/* --- problems --------------------------------------------------------------------------------- */

#define PROBLEMS_MAX 200

struct finder {
    const struct form_view *v;
    struct form_problem *out;
    size_t n;
};

static void
found(struct finder *fd, struct form_problem p)
{
    for (size_t i = 0; i < fd->n; i++) {
        if (str_eq(fd->out[i].path, p.path)) {
            return; /* one problem a field at a time */
        }
    }
    if (fd->n < PROBLEMS_MAX && p.item != NULL && form_item_is_shown(fd->v, p.item)) {
        fd->out[fd->n++] = p;
    }
}

static bool
is_forgiven(const struct finder *fd, const struct form_item *it, struct schema_problem p)
{
    if (it == NULL || !it->is_other_allowed || !str_eq(str_of(p.keyword), STR("x-unit"))) {
        return false;
    }
    const struct json *value = form_json_at(fd->v->st->answers, p.path);
    return value != NULL && str_eq(value->text, STR("other"));
}

/* A required object that is missing as a whole is made, so that its own missing members are named.
 */
static bool
fill_objects(struct finder *fd, struct json *doc, const struct schema_problem *p, size_t n)
{
    bool is_changed = false;
    for (size_t i = 0; i < n; i++) {
        bool is_missing = str_find(str_of(p[i].keyword), STR("equired")) < strlen(p[i].keyword);
        if (is_missing && form_item_of(fd->v->st->form, p[i].path) == NULL &&
            first_below(fd->v->st->form, p[i].path) != NULL &&
            form_json_at(doc, p[i].path) == NULL) {
            struct arena *a = fd->v->cx->arena;
            form_json_put(a, doc, p[i].path, form_json_new(a, JSON_OBJECT));
            is_changed = true;
        }
    }
    return is_changed;
}

static void
find_schema_problems(struct finder *fd)
{
    struct form_view v = *fd->v;
    const struct form *f = v.st->form;
    struct json *doc = form_json_copy(v.cx->arena, v.st->answers);
    struct schema_env env = { .today = v.env->today, .is_code = is_code, .arg = &v };
    struct schema_problem *p = NULL;
    size_t n = 0;
    for (int round = 0; round < 5; round++) {
        (void)schema_validate(v.cx->arena, f->schema, doc, &env, &p, &n);
        if (!fill_objects(fd, doc, p, n)) {
            break;
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct form_item *it = form_item_of(f, p[i].path);
        bool is_inner = it != NULL && it->kind == FORM_BOXES;
        struct str path = is_inner ? it->path : p[i].path;
        if (it == NULL) {
            it = first_below(f, p[i].path);
            path = it == NULL ? path : it->path;
        }
        if (!is_forgiven(fd, it, p[i])) {
            found(fd,
                  (struct form_problem){
                      .item = it, .path = path, .keyword = p[i].keyword, .limit = p[i].schema });
        }
    }
}

static void
find_other_problems(struct finder *fd)
{
    const struct form *f = fd->v->st->form;
    for (uint32_t i = 0; i < f->n_items; i++) {
        const struct form_item *it = &f->items[i];
        if (!it->is_other_allowed) {
            continue;
        }
        const struct json *unit = form_json_at(fd->v->st->answers, it->path);
        struct str other =
            str_cat(fd->v->cx->arena, str_slice(it->path, 0, it->path.n - 4), STR("other"));
        if (unit != NULL && str_eq(unit->text, STR("other")) &&
            form_json_at(fd->v->st->answers, other) == NULL) {
            found(fd, (struct form_problem){
                          .item = form_item_of(f, other), .path = other, .keyword = "required" });
        }
    }
    struct expr_scope scope = { .doc = fd->v->st->answers,
                                .vars = fd->v->vars,
                                .n_vars = fd->v->n_vars };
    for (size_t i = 0; i < f->n_checks; i++) {
        struct expr_value r = { .type = EXPR_NULL };
        if (f->checks[i].must != NULL) {
            r = expr_eval(f->checks[i].must, &scope);
        }
        if (r.type == EXPR_BOOL && !r.is_true) {
            found(fd, (struct form_problem){ .item = form_item_of(f, f->checks[i].field),
                                             .path = f->checks[i].field,
                                             .keyword = "check",
                                             .own = f->checks[i].message });
        }
    }
}

size_t
form_problems(const struct form_view *v, struct form_problem **ret)
{
    struct finder fd = { .v = v,
                         .out = ARENA_ARRAY(v->cx->arena, struct form_problem, PROBLEMS_MAX) };
    for (JSON_EACH(v->st->wrong, w)) {
        found(&fd, (struct form_problem){ .item = form_item_of(v->st->form, w->key),
                                          .path = w->key,
                                          .keyword = "wrong" });
    }
    find_schema_problems(&fd);
    find_other_problems(&fd);
    *ret = fd.out;
    return fd.n;
}

/* --- messages --------------------------------------------------------------------------------- */

static const struct {
    const char *keyword;
    struct str detail; /* of x-date and format; null: any */
    const char *key;
} messages[] = {
    { "minLength", { 0 }, "form.problem.min_length" },
    { "maxLength", { 0 }, "form.problem.max_length" },
    { "minimum", { 0 }, "form.problem.minimum" },
    { "maximum", { 0 }, "form.problem.maximum" },
    { "exclusiveMinimum", { 0 }, "form.problem.above" },
    { "exclusiveMaximum", { 0 }, "form.problem.below" },
    { "minItems", { 0 }, "form.problem.min_items" },
    { "maxItems", { 0 }, "form.problem.max_items" },
    { "uniqueItems", { 0 }, "form.problem.unique" },
    { "enum", { 0 }, "form.problem.choice" },
    { "x-list", { 0 }, "form.problem.choice" },
    { "x-unit", { 0 }, "form.problem.unit" },
    { "const", { 0 }, "form.problem.tick" },
    { "x-age-min", { 0 }, "form.problem.age_min" },
    { "x-age-max", { 0 }, "form.problem.age_max" },
    { "x-agrees", { 0 }, "form.problem.agrees" },
    { "x-date", STR_INIT("past"), "form.problem.date_past" },
    { "x-date", STR_INIT("past-or-today"), "form.problem.date_past_or_today" },
    { "x-date", STR_INIT("future"), "form.problem.date_future" },
    { "x-date", STR_INIT("today-or-future"), "form.problem.date_today_or_future" },
    { "format", STR_INIT("email"), "form.problem.email" },
    { "format", STR_INIT("uri"), "form.problem.uri" },
    { "format", STR_INIT("phone-vn"), "form.problem.phone" },
    { "format", STR_INIT("personal-id"), "form.problem.personal_id" },
    { "format", STR_INIT("tax-code"), "form.problem.tax_code" },
    { "format", STR_INIT("date"), "form.problem.date" },
    { "format", STR_INIT("time"), "form.problem.time" },
};

static const char *
wrong_key(const struct form_item *it)
{
    switch ((int)it->kind) {
    case FORM_DATE:
        return "form.problem.date";
    case FORM_INT:
        return "form.problem.int";
    case FORM_MONEY:
        return "form.problem.money";
    default:
        return "form.problem.choice";
    }
}

static bool
is_chosen(const struct form_item *it)
{
    return it->kind == FORM_RADIOS || it->kind == FORM_SELECT || it->kind == FORM_YES_NO ||
           it->kind == FORM_BOXES;
}

static const char *
message_key(const struct form_problem *p)
{
    struct str keyword = str_of(p->keyword);
    if (str_eq(keyword, STR("wrong"))) {
        return wrong_key(p->item);
    }
    if (str_eq(keyword, STR("required")) || str_eq(keyword, STR("dependentRequired"))) {
        if (p->item->kind == FORM_CHECK) {
            return "form.problem.tick";
        }
        return is_chosen(p->item) ? "form.problem.choose" : "form.problem.required";
    }
    for (size_t i = 0; i < COUNT_OF(messages); i++) {
        bool is_detail = messages[i].detail.p == NULL ||
                         (p->limit != NULL && str_eq(messages[i].detail, p->limit->text));
        if (str_eq(keyword, str_of(messages[i].keyword)) && is_detail) {
            return messages[i].key;
        }
    }
    return "form.problem.other";
}

/* What fills {arg2}: the limit, or how many digits were typed. */
static struct str
message_limit(struct ctx *cx, const struct form_view *v, const struct form_problem *p)
{
    if (p->limit != NULL && p->limit->type == JSON_NUMBER) {
        return p->limit->is_int ? text_number(cx, p->limit->i64) : p->limit->text;
    }
    const struct json *value = form_json_at(v->st->answers, p->path);
    return str_fmt(cx->arena, "%zu", value == NULL ? 0 : schema_length(value->text));
}

void
form_tell(struct ctx *cx, const struct form_view *v, const struct form_problem *p)
{
    struct str field = str_cat(cx->arena, STR("a."), p->path);
    struct str keyword = str_of(p->keyword);
    struct str own = pack_text(cx, p->own);
    bool is_wrong = str_eq(keyword, STR("wrong"));
    bool is_missing = str_eq(keyword, STR("dependentRequired"));
    if (own.n == 0) {
        const char *name = is_wrong ? "format" : (is_missing ? "required" : p->keyword);
        own = json_pack_text(cx, json_get(p->item->messages, name));
    }
    if (own.n > 0) {
        ctx_problem(cx, field, own,
                    STR_NULL); /* the pack's own sentence stands where a key would */
        return;
    }
    ctx_problem2(cx, field, str_of(message_key(p)), form_label(cx, p->item),
                 message_limit(cx, v, p));
}
