/* form_state.c: drafts, prefill, task list and check-your-answers. */
#include "engine/form/form_int.h"

/* --- definitions ------------------------------------------------------------------------------ */

const struct form *
form_find(const struct pack *p, struct str id)
{
    const struct form_set *set = form_set_of(p);
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        if (str_eq(set->v[i]->id, id)) {
            return set->v[i];
        }
    }
    return NULL;
}

const struct form *
form_at(const struct pack *p, size_t i)
{
    const struct form_set *set = form_set_of(p);
    return set != NULL && i < set->n ? set->v[i] : NULL;
}

struct str
form_id(const struct form *f)
{
    return f->id;
}

size_t
form_others(const struct form *f, const struct form_other **ret)
{
    *ret = f->others;
    return f->n_others;
}

struct str
form_title(const struct ctx *cx, const struct form *f)
{
    return pack_text(cx, f->title);
}

size_t
form_n_pages(const struct form *f)
{
    return f->n_pages;
}

const struct form_page *
form_page_at(const struct form *f, size_t i)
{
    return i < f->n_pages ? &f->pages[i] : NULL;
}

const struct form_page *
form_page_find(const struct form *f, struct str page_id)
{
    for (size_t i = 0; i < f->n_pages; i++) {
        if (str_eq(f->pages[i].id, page_id)) {
            return &f->pages[i];
        }
    }
    return NULL;
}

struct str
form_page_id(const struct form_page *p)
{
    return p->id;
}

struct str
form_page_title(const struct ctx *cx, const struct form_page *p)
{
    return pack_text(cx, p->title);
}

struct str
form_schema_json(const struct form *f)
{
    return f->schema_json;
}

size_t
form_prefill_names(struct ctx *cx, const struct form *f, const struct str **ret)
{
    (void)cx;
    *ret = f->prefills;
    return f->n_prefills;
}

/* --- drafts ----------------------------------------------------------------------------------- */

static struct json *
part_of(struct arena *a, struct json *draft, struct str name)
{
    for (struct json *it = draft == NULL ? NULL : draft->child; it != NULL; it = it->next) {
        if (it->type == JSON_OBJECT && str_eq(it->key, name)) {
            return it;
        }
    }
    return form_json_new(a, JSON_OBJECT);
}

/* What form_sources_save put together: marks as they were. */
static struct json *
marks_of(struct arena *a, struct json *draft)
{
    struct json *marks = part_of(a, draft, STR("marks"));
    for (JSON_EACH(json_get(draft, "sources"), group)) {
        for (JSON_EACH(json_get(group, "of"), from)) {
            struct json *mark = form_json_new(a, JSON_OBJECT);
            form_json_set(a, mark, STR("from"), form_json_str(a, from->text));
            form_json_set(a, mark, STR("label"), form_json_str(a, json_text(group, "label")));
            form_json_set(a, mark, STR("at"), form_json_str(a, json_text(group, "at")));
            form_json_set(a, marks, from->key, mark);
        }
    }
    return marks;
}

enum err
form_state_load(struct ctx *cx, const struct form *f, struct str draft, struct form_state *ret)
{
    struct json *j = NULL;
    struct json_fault fault;
    if (draft.n > 0 &&
        json_parse(cx->arena, draft, (struct json_limits){ .depth_max = 16, .nodes_max = 10000 },
                   &j, &fault) != ERR_OK) {
        return err_set(cx, ERR_BAD_REQUEST, "draft is not JSON: line %u %s", fault.line,
                       fault.what);
    }
    *ret = (struct form_state){
        .form = f,
        .answers = part_of(cx->arena, j, STR("answers")),
        .wrong = part_of(cx->arena, j, STR("wrong")),
        .marks = marks_of(cx->arena, j),
        .seen = part_of(cx->arena, j, STR("seen")),
        .looked = part_of(cx->arena, j, STR("looked")),
    };
    return ERR_OK;
}

static void
put_part(struct json_out *o, const char *name, const struct json *j)
{
    json_key(o, name);
    json_write(o, j);
}

struct str
form_state_save(struct ctx *cx, const struct form_state *st)
{
    struct buf b = buf_new(cx->arena, 1u << 20);
    struct json_out o = json_out(&b);
    json_open(&o);
    put_part(&o, "answers", st->answers);
    put_part(&o, "wrong", st->wrong);
    put_part(&o, "marks", st->marks);
    put_part(&o, "seen", st->seen);
    put_part(&o, "looked", st->looked);
    json_close(&o);
    return buf_str(&b);
}

static bool
is_same_source(const struct json *x, const struct json *y)
{
    return str_eq(json_text(x, "label"), json_text(y, "label")) &&
           str_eq(json_text(x, "at"), json_text(y, "at"));
}

static bool
has_one_before(const struct json *marks, const struct json *mark)
{
    for (JSON_EACH(marks, m)) {
        if (m == mark) {
            return false;
        }
        if (is_same_source(m, mark)) {
            return true;
        }
    }
    return false;
}

static void
put_source(struct json_out *o, const struct json *mark)
{
    json_open(o);
    json_put_str(o, "label", json_text(mark, "label"));
    json_put_str(o, "at", json_text(mark, "at"));
    json_key(o, "of");
    json_open(o);
    for (const struct json *m = mark; m != NULL; m = m->next) {
        if (is_same_source(m, mark)) {
            json_key_str(o, m->key);
            json_str(o, json_text(m, "from"));
        }
    }
    json_close(o);
    json_close(o);
}

struct str
form_sources_save(struct ctx *cx, const struct form_state *st)
{
    struct buf b = buf_new(cx->arena, 1u << 20);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_key(&o, "sources");
    json_open_list(&o);
    for (JSON_EACH(st->marks, m)) {
        if (!has_one_before(st->marks, m)) {
            put_source(&o, m);
        }
    }
    json_close_list(&o);
    put_part(&o, "looked", st->looked);
    json_close(&o);
    return buf_str(&b);
}

enum err
form_state_sources(struct ctx *cx, struct form_state *st, struct str draft)
{
    struct form_state from;
    TRY(form_state_load(cx, st->form, draft, &from));
    st->marks = from.marks;
    st->looked = from.looked;
    return ERR_OK;
}

struct str
form_answers_json(struct ctx *cx, const struct form_state *st)
{
    return form_json_text(cx->arena, st->answers);
}

/* --- counts ------------------------------------------------------------------------------------
 */

void
form_count(struct ctx *cx, const struct form_state *st, const struct form_env *env,
           struct form_counts *ret)
{
    struct form_view v = form_view(cx, st, env);
    *ret = (struct form_counts){ 0 };
    for (uint32_t i = 0; i < st->form->n_items; i++) {
        const struct form_item *it = &st->form->items[i];
        if (!form_is_control(it) || it->list >= 0 || !form_item_is_shown(&v, it)) {
            continue;
        }
        bool is_filled = json_get_str_key(st->marks, it->path) != NULL;
        ret->n_fields++;
        ret->n_required += it->is_required;
        ret->n_prefilled += is_filled;
        ret->n_typed += it->is_required && !is_filled;
    }
}

/* --- task list -------------------------------------------------------------------------------- */

size_t
form_tasks(struct ctx *cx, const struct form_state *st, const struct form_env *env,
           struct form_task **ret)
{
    struct form_view v = form_view(cx, st, env);
    struct form_problem *problems = NULL;
    size_t n_problems = form_problems(&v, &problems);
    struct form_task *tasks = ARENA_ARRAY(cx->arena, struct form_task, st->form->n_pages + 1);
    for (size_t i = 0; i < st->form->n_pages; i++) {
        const struct form_page *p = &st->form->pages[i];
        tasks[i] = (struct form_task){ .page = p, .id = p->id, .title = pack_text(cx, p->title) };
        for (size_t k = 0; k < n_problems; k++) {
            tasks[i].n_missing += problems[k].item->page == p;
        }
        bool is_seen = json_get_str_key(st->seen, p->id) != NULL;
        if (!form_page_is_shown(&v, p)) {
            tasks[i].state = FORM_HIDDEN;
        } else if (!is_seen) {
            tasks[i].state = FORM_NOT_STARTED;
        } else {
            tasks[i].state = tasks[i].n_missing > 0 ? FORM_IN_PROGRESS : FORM_DONE;
        }
    }
    *ret = tasks;
    return st->form->n_pages;
}

const struct form_page *
form_next_page(struct ctx *cx, const struct form_state *st, const struct form_env *env,
               const struct form_page *p)
{
    struct form_task *tasks = NULL;
    size_t n = form_tasks(cx, st, env, &tasks);
    size_t from = p == NULL ? 0 : (size_t)(p - st->form->pages) + 1;
    for (size_t i = 0; i < n; i++) {
        const struct form_task *t = &tasks[(from + i) % n];
        if (t->state == FORM_NOT_STARTED || t->state == FORM_IN_PROGRESS) {
            return t->page;
        }
    }
    return NULL;
}

/* --- check your answers ----------------------------------------------------------------------- */

static struct str
date_text(struct arena *a, struct str iso)
{
    struct date d;
    if (!date_parse(iso, &d)) {
        return iso;
    }
    struct civil c = date_civil(d);
    return str_fmt(a, "%02d/%02d/%04d", c.mday, c.month, c.year);
}

static struct str
boxes_text(struct ctx *cx, const struct form_view *v, const struct form_item *it,
           const struct json *value)
{
    struct buf b = buf_new(cx->arena, 4000);
    for (JSON_EACH(value, e)) {
        if (b.n > 0) {
            BUF_LIT(&b, "\n");
        }
        buf_add(&b, form_choice_text(cx, v, it, e->text));
    }
    return buf_str(&b);
}

static struct str
value_text(struct ctx *cx, const struct form_view *v, const struct form_item *it,
           const struct json *value)
{
    if (value == NULL) {
        return STR_NULL;
    }
    switch ((int)it->kind) {
    case FORM_DATE:
        return date_text(cx->arena, value->text);
    case FORM_RADIOS:
    case FORM_SELECT:
        return form_choice_text(cx, v, it, value->text);
    case FORM_MONEY:
        return text_money(cx, value->i64);
    case FORM_CHECK:
    case FORM_YES_NO:
        return value->is_true ? text(cx, "form.yes") : text(cx, "form.no");
    case FORM_BOXES:
        return boxes_text(cx, v, it, value);
    default:
        return value->text;
    }
}

struct str
form_mark_text(struct ctx *cx, const struct json *mark)
{
    struct str at = date_text(cx->arena, json_text(mark, "at"));
    return str_is_empty(at) ? json_text(mark, "label")
                            : str_fmt(cx->arena, STR_FMT ", " STR_FMT,
                                      STR_ARG(json_text(mark, "label")), STR_ARG(at));
}

struct str
form_source_text(struct ctx *cx, const struct form_state *st, struct str path)
{
    const struct json *mark = json_get_str_key(st->marks, path);
    return mark == NULL ? STR_NULL : form_mark_text(cx, mark);
}

struct rows {
    const struct form_view *v;
    const struct form_problem *problems;
    size_t n_problems;
    struct form_row *out;
    size_t n, cap;
};

static void
add_row(struct rows *rs, const struct form_item *it, size_t index)
{
    struct ctx *cx = rs->v->cx;
    const struct form_state *st = rs->v->st;
    struct str path = form_path(cx->arena, st->form, it, index);
    const struct json *wrong = json_get_str_key(st->wrong, path);
    struct str label = form_label(cx, it);
    if (it->list >= 0) {
        label = str_fmt(cx->arena, STR_FMT " %zu: " STR_FMT,
                        STR_ARG(pack_text(cx, st->form->items[it->list].text)), index + 1,
                        STR_ARG(label));
    } else if (it->parent >= 0 && st->form->items[it->parent].kind == FORM_ADDRESS_OPEN) {
        label = str_fmt(cx->arena, STR_FMT ": " STR_FMT,
                        STR_ARG(form_label(cx, &st->form->items[it->parent])), STR_ARG(label));
    }
    struct form_row row = {
        .page = it->page,
        .page_id = it->page->id,
        .page_title = pack_text(cx, it->page->title),
        .path = path,
        .label = label,
        .value = wrong != NULL ? wrong->text
                               : value_text(cx, rs->v, it, form_json_at(st->answers, path)),
        .source = form_source_text(cx, st, path),
    };
    for (size_t i = 0; i < rs->n_problems; i++) {
        row.is_missing = row.is_missing || str_eq(rs->problems[i].path, path);
    }
    if (rs->n < rs->cap && (row.value.p != NULL || row.is_missing)) {
        rs->out[rs->n++] = row;
    }
}

static void
add_list_rows(struct rows *rs, uint32_t open)
{
    const struct form *f = rs->v->st->form;
    size_t n = form_list_n(rs->v->st, &f->items[open]);
    for (size_t index = 0; index < n; index++) {
        for (uint32_t i = open + 1; f->items[i].kind != FORM_LIST_CLOSE; i++) {
            if (form_is_control(&f->items[i])) {
                add_row(rs, &f->items[i], index);
            }
        }
    }
}

size_t
form_rows(struct ctx *cx, const struct form_state *st, const struct form_env *env,
          struct form_row **ret)
{
    struct form_view v = form_view(cx, st, env);
    struct form_problem *problems = NULL;
    struct rows rs = { .v = &v, .cap = 1000 };
    rs.n_problems = form_problems(&v, &problems);
    rs.problems = problems;
    rs.out = ARENA_ARRAY(cx->arena, struct form_row, rs.cap);
    for (uint32_t i = 0; i < st->form->n_items; i++) {
        const struct form_item *it = &st->form->items[i];
        if (!form_item_is_shown(&v, it)) {
            continue;
        }
        if (it->kind == FORM_LIST_OPEN) {
            add_list_rows(&rs, i);
        } else if (form_is_control(it) && it->list < 0) {
            add_row(&rs, it, 0);
        }
    }
    *ret = rs.out;
    return rs.n;
}

struct str
form_answer_text(struct ctx *cx, const struct form_state *st, const struct form_env *env,
                 struct str path)
{
    struct form_view v = form_view(cx, st, env);
    const struct form_item *it = form_item_of(st->form, path);
    return it == NULL || !form_is_control(it)
               ? STR_NULL
               : value_text(cx, &v, it, form_json_at(st->answers, path));
}
