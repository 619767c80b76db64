/* form_read.c: takes what was typed on a page into the answers. Nothing typed is ever lost: what is
 * not a value of the right type is kept in `wrong` as it was typed. */
#include "engine/form/form_int.h"

struct reading {
    struct ctx *cx;
    struct form_state *st;
    const struct web_pair *pairs;
    size_t n_pairs;
};

static struct str
typed(const struct reading *rd, struct str name)
{
    for (size_t i = 0; i < rd->n_pairs; i++) {
        if (str_eq(rd->pairs[i].name, name)) {
            return str_trim(rd->pairs[i].value);
        }
    }
    return STR_NULL;
}

/* Digits only: white space, dots and hyphens that people put between groups are dropped. */
static struct str
squeeze_digits(struct arena *a, struct str s, bool is_hyphen_kept)
{
    struct buf b = buf_new(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        bool is_gap = s.p[i] == ' ' || s.p[i] == '.' || (s.p[i] == '-' && !is_hyphen_kept);
        if (!is_gap) {
            buf_add_char(&b, s.p[i]);
        }
    }
    return b.n == 0 ? STR("") : buf_str(&b);
}

/* "d/m/yyyy" or ISO; ISO in *ret. */
static bool
read_date(struct arena *a, struct str s, struct str *ret)
{
    struct date d;
    if (date_parse(s, &d)) {
        *ret = s;
        return true;
    }
    struct str part[3];
    struct str rest = str_replace(a, str_replace(a, s, STR("-"), STR("/")), STR("."), STR("/"));
    int64_t v[3] = { 0 };
    for (int i = 0; i < 3; i++) {
        if (!str_next(&rest, '/', &part[i]) || !str_to_i64(str_trim(part[i]), 0, 9999, &v[i])) {
            return false;
        }
    }
    struct str iso = str_fmt(a, "%04d-%02d-%02d", (int)v[2], (int)v[1], (int)v[0]);
    if (rest.p != NULL || v[0] > 31 || v[1] > 12 || !date_parse(iso, &d)) {
        return false;
    }
    *ret = iso;
    return true;
}

/* The three boxes as one text "d/m/y", or the whole field; null when all are empty. */
static struct str
date_typed(const struct reading *rd, struct str name)
{
    struct arena *a = rd->cx->arena;
    struct str whole = typed(rd, name);
    struct str d = typed(rd, str_cat(a, name, STR("-d")));
    struct str m = typed(rd, str_cat(a, name, STR("-m")));
    struct str y = typed(rd, str_cat(a, name, STR("-y")));
    if (d.n + m.n + y.n == 0) {
        return whole;
    }
    return str_fmt(a, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(d), STR_ARG(m), STR_ARG(y));
}

static struct json *
read_boxes(const struct reading *rd, struct str name)
{
    struct arena *a = rd->cx->arena;
    struct json *list = form_json_new(a, JSON_LIST);
    for (size_t i = 0; i < rd->n_pairs; i++) {
        if (str_eq(rd->pairs[i].name, name) && rd->pairs[i].value.n > 0) {
            form_json_set(a, list, STR_NULL, form_json_str(a, rd->pairs[i].value));
        }
    }
    return list->n == 0 ? NULL : list;
}

static bool
is_yes(struct str s)
{
    return str_eq(s, STR("1")) || str_eq(s, STR("true")) || str_eq(s, STR("on"));
}

static struct json *
read_check(const struct reading *rd, const struct form_item *it, struct str s)
{
    if (it->kind == FORM_CHECK) {
        bool must = json_get(it->schema, "const") != NULL;
        return !is_yes(s) && must ? NULL : form_json_bool(rd->cx->arena, is_yes(s));
    }
    return s.n == 0 ? NULL : form_json_bool(rd->cx->arena, is_yes(s));
}

static struct str
clean_text(struct arena *a, const struct form_item *it, struct str s)
{
    if (str_eq(it->format, STR("personal-id")) || str_eq(it->format, STR("phone-vn"))) {
        return squeeze_digits(a, s, false);
    }
    return str_eq(it->format, STR("tax-code")) ? squeeze_digits(a, s, true) : s;
}

/* Value of one control as typed; NULL when empty; *ret_wrong set when it is not one of the right
 * type. */
static struct json *
read_value(const struct reading *rd, const struct form_item *it, struct str name,
           struct str *ret_wrong)
{
    struct arena *a = rd->cx->arena;
    struct str s = it->kind == FORM_DATE ? date_typed(rd, name) : typed(rd, name);
    int64_t n = 0;
    switch ((int)it->kind) {
    case FORM_BOXES:
        return read_boxes(rd, name);
    case FORM_CHECK:
    case FORM_YES_NO:
        return read_check(rd, it, s);
    default:
        break;
    }
    if (s.n == 0) {
        return NULL;
    }
    switch ((int)it->kind) {
    case FORM_DATE:
        if (read_date(a, s, &s)) {
            return form_json_str(a, s);
        }
        break;
    case FORM_INT:
    case FORM_MONEY:
        if (str_to_i64(squeeze_digits(a, s, true), -1000000000000000, 1000000000000000, &n)) {
            return form_json_i64(a, n);
        }
        break;
    default:
        return form_json_str(a, clean_text(a, it, s));
    }
    *ret_wrong = s;
    return NULL;
}

static void
take(struct reading *rd, const struct form_item *it, struct str path)
{
    struct arena *a = rd->cx->arena;
    struct str wrong = STR_NULL;
    struct json *value = read_value(rd, it, str_cat(a, STR("a."), path), &wrong);
    const struct json *old = form_json_at(rd->st->answers, path);
    if (value == NULL || old == NULL || !json_equal(value, old)) {
        form_json_unset(rd->st->marks, path); /* changed by the person: no longer from the source */
    }
    form_json_unset(rd->st->wrong, path);
    if (value != NULL) {
        form_json_put(a, rd->st->answers, path, value);
    } else {
        form_json_drop(rd->st->answers, path);
    }
    if (wrong.p != NULL) {
        form_json_set(a, rd->st->wrong, path, form_json_str(a, wrong));
    }
}

/* --- lists ------------------------------------------------------------------------------------ */

/* Number of items the page had: one more than the largest index among the names. */
static size_t
items_typed(const struct reading *rd, const struct form_item *list)
{
    struct str prefix = str_fmt(rd->cx->arena, "a." STR_FMT ".", STR_ARG(list->path));
    size_t n = 0;
    for (size_t i = 0; i < rd->n_pairs; i++) {
        struct str index;
        struct str rest;
        int64_t at = 0;
        struct str name = rd->pairs[i].name;
        if (str_starts(name, prefix) &&
            str_cut(str_slice(name, prefix.n, name.n), '.', &index, &rest) &&
            str_to_i64(index, 0, list->max - 1, &at) && (size_t)at >= n) {
            n = (size_t)at + 1;
        }
    }
    return n;
}

static void
unset_below(struct json *obj, struct arena *a, struct str path)
{
    struct str prefix = str_cat(a, path, STR("."));
    for (struct json **at = &obj->child; *at != NULL;) {
        if (str_starts((*at)->key, prefix)) {
            *at = (*at)->next;
            obj->n--;
        } else {
            at = &(*at)->next;
        }
    }
}

static bool
has_wrong_below(const struct form_state *st, struct str path)
{
    for (JSON_EACH(st->wrong, w)) {
        if (str_starts(w->key, path) && w->key.n > path.n && w->key.p[path.n] == '.') {
            return true;
        }
    }
    return false;
}

/* An item with nothing in it (an unticked box counts as nothing). */
static bool
is_blank(const struct json *item)
{
    for (JSON_EACH(item, m)) {
        if (m->type != JSON_BOOL || m->is_true) {
            return false;
        }
    }
    return true;
}

static void
take_item(struct reading *rd, uint32_t open, size_t from, size_t to)
{
    const struct form *f = rd->st->form;
    struct arena *a = rd->cx->arena;
    const struct form_item *list = &f->items[open];
    struct str base = str_fmt(a, STR_FMT ".%zu", STR_ARG(list->path), to);
    form_json_put(a, rd->st->answers, base, form_json_new(a, JSON_OBJECT));
    for (uint32_t i = open + 1; f->items[i].kind != FORM_LIST_CLOSE; i++) {
        const struct form_item *it = &f->items[i];
        if (!form_is_control(it)) {
            continue;
        }
        struct str wrong = STR_NULL;
        struct json *value =
            read_value(rd, it, str_cat(a, STR("a."), form_path(a, f, it, from)), &wrong);
        struct str path = form_path(a, f, it, to);
        if (value != NULL) {
            form_json_put(a, rd->st->answers, path, value);
        }
        if (wrong.p != NULL) {
            form_json_set(a, rd->st->wrong, path, form_json_str(a, wrong));
        }
    }
}

/* Rebuilds a list from what was typed; blank items go unless a button was pressed. */
static void
take_list(struct reading *rd, uint32_t open, bool *ret_is_button)
{
    struct arena *a = rd->cx->arena;
    const struct form_item *list = &rd->st->form->items[open];
    int64_t gone = -1;
    struct str base = str_cat(a, STR("a."), list->path);
    bool is_add = typed(rd, str_cat(a, base, STR(".add"))).p != NULL;
    bool is_remove = str_to_i64(typed(rd, str_cat(a, base, STR(".remove"))), 0, list->max, &gone);
    size_t n = items_typed(rd, list);
    size_t kept = 0;
    form_json_drop(rd->st->answers, list->path);
    unset_below(rd->st->wrong, a, list->path);
    for (size_t i = 0; i < n; i++) {
        if ((int64_t)i == gone) {
            continue;
        }
        take_item(rd, open, i, kept);
        struct str path = str_fmt(a, STR_FMT ".%zu", STR_ARG(list->path), kept);
        bool is_empty =
            is_blank(form_json_at(rd->st->answers, path)) && !has_wrong_below(rd->st, path);
        if (is_empty && !is_add && !is_remove) {
            form_json_truncate(rd->st->answers, list->path, kept);
            continue;
        }
        kept++;
    }
    if (is_add && (int64_t)kept < list->max) {
        struct str path = str_fmt(a, STR_FMT ".%zu", STR_ARG(list->path), kept++);
        form_json_put(a, rd->st->answers, path, form_json_new(a, JSON_OBJECT));
    }
    if (kept == 0) {
        form_json_drop(rd->st->answers, list->path);
    }
    *ret_is_button = *ret_is_button || is_add || is_remove;
}

/* --- hidden fields ---------------------------------------------------------------------------- */

void
form_drop_hidden(const struct form_view *v, struct form_state *st)
{
    /* What one rule hides may hide more: three rounds are enough for any sensible form. */
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < st->form->n_items; i++) {
            const struct form_item *it = &st->form->items[i];
            bool is_place = (form_is_control(it) && it->list < 0) || it->kind == FORM_LIST_OPEN;
            if (is_place && !form_item_is_shown(v, it)) {
                form_json_drop(st->answers, it->path);
                form_json_unset(st->wrong, it->path);
                form_json_unset(st->marks, it->path);
                unset_below(st->wrong, v->cx->arena, it->path);
            }
        }
    }
}

/* "home" of "home.unit"; null when the item is not a member of an object. */
static struct str
object_of(const struct form_item *it)
{
    struct str path = it->path;
    if (!form_is_control(it) || it->list >= 0 || !str_has_char(path, '.')) {
        return STR_NULL;
    }
    while (path.p[path.n - 1] != '.') {
        path.n--;
    }
    return str_slice(path, 0, path.n - 1);
}

/* Objects whose members are all gone are gone too: an optional address left empty is no address. */
static void
drop_empty_objects(struct form_state *st)
{
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < st->form->n_items; i++) {
            struct str path = object_of(&st->form->items[i]);
            const struct json *object = path.p == NULL ? NULL : form_json_at(st->answers, path);
            if (object != NULL && object->type == JSON_OBJECT && object->n == 0) {
                form_json_drop(st->answers, path);
            }
        }
    }
}

/* --- the page --------------------------------------------------------------------------------- */

static enum err
tell_page(struct ctx *cx, const struct form_view *v, const struct form_page *p)
{
    struct form_problem *problems = NULL;
    size_t n = form_problems(v, &problems);
    for (size_t i = 0; i < n; i++) {
        if (p == NULL || problems[i].item->page == p) {
            form_tell(cx, v, &problems[i]);
        }
    }
    return ctx_check(cx);
}

enum err
form_read_page(struct ctx *cx, struct form_state *st, const struct form_page *p,
               const struct form_env *env, const struct web_pair *pairs, size_t n_pairs,
               bool *ret_is_button)
{
    struct reading rd = { .cx = cx, .st = st, .pairs = pairs, .n_pairs = n_pairs };
    struct form_view v = form_view(cx, st, env);
    bool is_button = false;
    for (uint32_t i = p->from; i < p->to; i++) {
        const struct form_item *it = &st->form->items[i];
        if (it->kind == FORM_LIST_OPEN) {
            take_list(&rd, i, &is_button);
        } else if (form_is_control(it) && it->list < 0) {
            take(&rd, it, it->path);
        }
    }
    form_drop_hidden(&v, st);
    drop_empty_objects(st);
    *ret_is_button = is_button;
    if (is_button) {
        return ERR_OK;
    }
    form_json_set(cx->arena, st->seen, p->id, form_json_bool(cx->arena, true));
    return tell_page(cx, &v, p);
}

enum err
form_check(struct ctx *cx, const struct form_state *st, const struct form_env *env)
{
    struct form_view v = form_view(cx, st, env);
    return tell_page(cx, &v, NULL);
}

enum err
form_read_json(struct ctx *cx, struct form_state *st, const struct form_env *env,
               struct str answers)
{
    struct json *doc = NULL;
    struct json_fault fault;
    struct json_limits limits = { .depth_max = 12, .nodes_max = 5000 };
    if (json_parse(cx->arena, answers, limits, &doc, &fault) != ERR_OK ||
        doc->type != JSON_OBJECT) {
        return err_set(cx, ERR_BAD_REQUEST, "answers are not a JSON object");
    }
    st->answers = doc;
    st->wrong = form_json_new(cx->arena, JSON_OBJECT);
    st->marks = form_json_new(cx->arena, JSON_OBJECT);
    for (JSON_EACH(doc, m)) {
        if (json_get_str_key(json_get(st->form->schema_tree, "properties"), m->key) == NULL) {
            ctx_problem(cx, str_cat(cx->arena, STR("a."), m->key), STR("form.problem.unknown"),
                        m->key);
        }
    }
    for (size_t i = 0; i < st->form->n_pages; i++) {
        form_json_set(cx->arena, st->seen, st->form->pages[i].id, form_json_bool(cx->arena, true));
    }
    struct form_view v = form_view(cx, st, env);
    form_drop_hidden(&v, st);
    return form_check(cx, st, env);
}
