/* form_prefill.c: fills empty fields from what is known: sources of the caller, and answers given
 * elsewhere in the form. Nothing that a person typed is overwritten. */
#include "codec/vn.h"
#include "engine/form/form_int.h"

struct filling {
    struct form_view view;
    struct form_state *st;
    const struct form_source *v;
    size_t n;
};

static struct json *
source_value(struct arena *a, const struct form *f, const struct form_item *it,
             const struct form_source *s)
{
    struct json *j = NULL;
    struct json_fault fault;
    int64_t n = 0;
    if (s->is_json) {
        return json_parse(a, s->value, (struct json_limits){ 0 }, &j, &fault) == ERR_OK ? j : NULL;
    }
    if (it->kind == FORM_INT || it->kind == FORM_MONEY) {
        return str_to_i64(s->value, INT64_MIN, INT64_MAX, &n) ? form_json_i64(a, n) : NULL;
    }
    if (it->kind == FORM_CHECK || it->kind == FORM_YES_NO) {
        return form_json_bool(a, str_eq(s->value, STR("true")));
    }
    struct str text = form_code_of_name(f, it->choices, s->value); /* sources may tell names */
    return it->kind == FORM_BOXES ? NULL : form_json_str(a, str_dup(a, text));
}

static bool
has_problem(const struct form_view *v, struct str path)
{
    struct form_problem *p = NULL;
    size_t n = form_problems(v, &p);
    for (size_t i = 0; i < n; i++) {
        bool is_wrong = strcmp(p[i].keyword, "required") != 0;
        if (is_wrong && str_starts(p[i].path, path)) {
            return true;
        }
    }
    return false;
}

static void
set_mark(struct ctx *cx, struct form_state *st, struct str path, const struct form_source *s)
{
    struct arena *a = cx->arena;
    struct json *mark = form_json_new(a, JSON_OBJECT);
    form_json_set(a, mark, STR("from"), form_json_str(a, s->name));
    form_json_set(a, mark, STR("label"), form_json_str(a, s->label));
    form_json_set(a, mark, STR("at"),
                  form_json_str(a, s->at.day == 0 ? STR("") : date_iso(a, s->at)));
    form_json_set(a, st->marks, path, mark);
}

static void
mark_all(struct ctx *cx, struct form_state *st, const struct form_item *it,
         const struct json *value, const struct form_source *s)
{
    if (it->kind != FORM_ADDRESS_OPEN) {
        set_mark(cx, st, it->path, s);
        return;
    }
    for (const struct json *m = value->child; m != NULL; m = m->next) {
        set_mark(cx, st,
                 str_fmt(cx->arena, STR_FMT "." STR_FMT, STR_ARG(it->path), STR_ARG(m->key)), s);
    }
}

bool
form_fill_one(const struct form_view *v, struct form_state *st, const struct form_item *it,
              const struct form_source *s)
{
    struct arena *a = v->cx->arena;
    struct json *value =
        form_json_at(st->answers, it->path) == NULL ? source_value(a, st->form, it, s) : NULL;
    if (value == NULL || (value->type == JSON_OBJECT) != (it->kind == FORM_ADDRESS_OPEN) ||
        it->list >= 0) {
        return false;
    }
    form_json_put(a, st->answers, it->path, value);
    if (has_problem(v, it->path)) {
        form_json_drop(st->answers, it->path);
        return false;
    }
    mark_all(v->cx, st, it, value, s);
    return true;
}

/* --- answers as sources ----------------------------------------------------------------------- */
static const struct str of_answer = STR_INIT("answer.");

/* The mark of an answer, of an address that of its first part. */
static const struct json *
mark_of(const struct form_state *st, struct str path)
{
    for (JSON_EACH(st->marks, m)) {
        bool is_part = m->key.n > path.n && m->key.p[path.n] == '.';
        if (str_starts(m->key, path) && (m->key.n == path.n || is_part)) {
            return m;
        }
    }
    return NULL;
}

/* What was answered at a path, and where that came from. False: nothing yet. */
static bool
answer_source(const struct filling *f, struct str from, struct form_source *ret)
{
    struct ctx *cx = f->view.cx;
    struct str path = str_slice(from, of_answer.n, from.n);
    const struct json *value = form_json_at(f->st->answers, path);
    const struct json *mark = mark_of(f->st, path);
    if (value == NULL) {
        return false;
    }
    *ret = (struct form_source){ .name = from,
                                 .value = form_json_text(cx->arena, value),
                                 .is_json = true,
                                 .label = mark == NULL ? text(cx, "form.source.answer")
                                                       : json_text(mark, "label") };
    return mark == NULL || str_is_empty(json_text(mark, "at")) ||
           date_parse(json_text(mark, "at"), &ret->at);
}

static bool
source_of(const struct filling *f, const struct form_fill *fill, struct form_source *ret)
{
    if (!form_holds(&f->view, fill->when)) {
        return false;
    }
    if (str_starts(fill->from, of_answer)) {
        return answer_source(f, fill->from, ret);
    }
    for (size_t k = 0; k < f->n; k++) {
        if (str_eq(fill->from, f->v[k].name) && f->v[k].value.n > 0) {
            *ret = f->v[k];
            return true;
        }
    }
    return false;
}

static bool
fill_item(const struct filling *f, const struct form_item *it)
{
    for (size_t i = 0; i < it->n_fills; i++) {
        struct form_source s = { 0 };
        if (source_of(f, &it->fills[i], &s)) {
            return form_fill_one(&f->view, f->st, it, &s);
        }
    }
    return false;
}

size_t
form_prefill(struct ctx *cx, struct form_state *st, const struct form_env *env,
             const struct form_source *v, size_t n)
{
    struct filling f = { .view = form_view(cx, st, env), .st = st, .v = v, .n = n };
    size_t n_filled = 0;
    for (uint32_t i = 0; i < st->form->n_items; i++) {
        n_filled += fill_item(&f, &st->form->items[i]);
    }
    return n_filled;
}

/* --- again, after a page was saved ------------------------------------------------------------ */
static bool
is_conditional(const struct form_item *it)
{
    for (size_t i = 0; i < it->n_fills; i++) {
        if (it->fills[i].when != NULL) {
            return true;
        }
    }
    return false;
}

bool
form_is_refilled(const struct form *f)
{
    for (uint32_t i = 0; i < f->n_items; i++) {
        if (is_conditional(&f->items[i])) {
            return true;
        }
    }
    return false;
}

/* Filled under a condition that no longer holds, and not touched since? */
static bool
is_stale(const struct filling *f, const struct form_item *it)
{
    const struct json *mark = mark_of(f->st, it->path);
    struct str from = json_text(mark, "from");
    for (size_t i = 0; mark != NULL && i < it->n_fills; i++) {
        if (str_eq(it->fills[i].from, from)) {
            return !form_holds(&f->view, it->fills[i].when);
        }
    }
    return false;
}

static void
empty_item(const struct filling *f, const struct form_item *it)
{
    const struct json *mark = NULL;
    form_json_drop(f->st->answers, it->path);
    while ((mark = mark_of(f->st, it->path)) != NULL) {
        form_json_unset(f->st->marks, mark->key);
    }
}

size_t
form_refill(struct ctx *cx, struct form_state *st, const struct form_env *env,
            const struct form_source *v, size_t n)
{
    struct filling f = { .view = form_view(cx, st, env), .st = st, .v = v, .n = n };
    size_t n_filled = 0;
    for (uint32_t i = 0; i < st->form->n_items; i++) {
        const struct form_item *it = &st->form->items[i];
        if (!is_conditional(it)) {
            continue;
        }
        if (is_stale(&f, it)) {
            empty_item(&f, it);
        }
        if (json_get_str_key(st->seen, it->page->id) == NULL) {
            n_filled += fill_item(&f, it);
        }
    }
    return n_filled;
}

/* --- what the sources hold beside what was answered --------------------------------------------
 */
/* The source of the record, not of another answer, that fills this item. */
static bool
held_source(const struct filling *f, const struct form_item *it, struct form_source *ret)
{
    for (size_t i = 0; i < it->n_fills && it->list < 0; i++) {
        if (source_of(f, &it->fills[i], ret)) {
            return !str_starts(ret->name, of_answer);
        }
    }
    return false;
}

/* The answers as the sources would have filled them: first all of those away, so that the held ones
 * are judged with one another and not with what was typed. */
static void
fill_held(struct ctx *cx, const struct filling *asked, const struct form_env *env,
          struct form_state *held)
{
    const struct form *form = held->form;
    struct form_view v = form_view(cx, held, env);
    struct form_source s;
    for (uint32_t i = 0; i < form->n_items; i++) {
        if (held_source(asked, &form->items[i], &s)) {
            form_json_drop(held->answers, form->items[i].path);
        }
    }
    for (uint32_t i = 0; i < form->n_items; i++) {
        if (held_source(asked, &form->items[i], &s)) {
            (void)form_fill_one(&v, held, &form->items[i], &s);
        }
    }
}

static void
compare(struct ctx *cx, struct form_row *row, const struct form_row *held, size_t n_held)
{
    for (size_t i = 0; i < n_held; i++) {
        bool is_same = !str_eq(row->path, held[i].path) || str_is_empty(row->value) ||
                       str_is_empty(held[i].value) ||
                       vn_equal(cx->arena, row->value, held[i].value);
        row->held = is_same ? row->held : held[i].value;
    }
}

size_t
form_rows_against(struct ctx *cx, const struct form_state *st, const struct form_env *env,
                  const struct form_known *known, struct form_row **ret)
{
    struct arena *a = cx->arena;
    struct form_state asked = *st;
    struct form_state held = { .form = st->form,
                               .answers = form_json_copy(a, st->answers),
                               .wrong = form_json_new(a, JSON_OBJECT),
                               .marks = form_json_new(a, JSON_OBJECT),
                               .seen = st->seen,
                               .looked = st->looked };
    struct filling f = {
        .view = form_view(cx, st, env), .st = &asked, .v = known->v, .n = known->n
    };
    struct form_row *rows = NULL;
    size_t n = form_rows(cx, st, env, ret);
    fill_held(cx, &f, env, &held);
    size_t n_held = form_rows(cx, &held, env, &rows);
    for (size_t i = 0; i < n; i++) {
        compare(cx, &(*ret)[i], rows, n_held);
    }
    return n;
}
