/* form_lookup.c: look-ups of a page: what the pack says of them, what is asked, and what came of
 * it. Who asks is the caller's business: nothing here leaves the process. */
#include "engine/form/form_load.h"

#include "crypto/digest.h"

#define LOOKUPS_MAX    8  /* of one form */
#define PAIRS_MAX      20 /* fields of one look-up, each way */
#define OF_CHARS       32
#define QUESTION_BYTES ((size_t)16 << 10)

/* --- loading ---------------------------------------------------------------------------------- */
static size_t
read_pairs(struct form_loader *ld, const struct json *j, bool is_path,
           const struct form_lookup_pair **ret)
{
    struct form_lookup_pair *v = ARENA_ARRAY(ld->arena, struct form_lookup_pair, PAIRS_MAX);
    size_t n = 0;
    for (JSON_EACH(j, it)) {
        bool is_required = false;
        if (it->type != JSON_STRING || n == PAIRS_MAX) {
            FORM_FAULT(ld, it, "Viết {\"trường của dịch vụ\": \"trường của biểu mẫu\"}, tối đa 20",
                       "Lookup: cặp trường không đúng dạng");
            break;
        }
        if (is_path && (!form_load_is_member_path(it->text) ||
                        form_load_find_schema(ld, it->text, &is_required) == NULL)) {
            FORM_FAULT(ld, it, "Sửa thành một trường có trong schema",
                       "Lookup: không có trường \"" STR_FMT "\"", STR_ARG(it->text));
        }
        v[n++] = (struct form_lookup_pair){ it->key, it->text };
    }
    *ret = v;
    return n;
}

static void
check_lookup(struct form_loader *ld, const struct json *j, const struct form_lookup *l)
{
    if (!pack_is_code(l->id)) {
        FORM_FAULT(ld, j, "Dùng chữ thường không dấu, số và gạch nối",
                   "id của Lookup không hợp lệ");
    }
    if (l->n_send == 0) {
        FORM_FAULT(ld, j, "Thêm \"send\"", "Lookup \"" STR_FMT "\" không gửi gì", STR_ARG(l->id));
    }
    for (size_t i = 0; i + 1 < ld->f->n_lookups; i++) {
        if (str_eq(ld->f->lookups[i].id, l->id)) {
            FORM_FAULT(ld, j, "Đặt id khác", "Hai Lookup cùng id \"" STR_FMT "\"", STR_ARG(l->id));
        }
    }
}

void
form_load_read_lookup(struct form_loader *ld, const struct json *j)
{
    static const char *const known[] = { "type",    "id",     "connector", "operation",
                                         "purpose", "label",  "hint",      "send",
                                         "fill",    "expect", "rule",      NULL };
    pack_json_known(ld->at, j, known);
    if (ld->f->lookups == NULL) {
        ld->f->lookups = ARENA_ARRAY(ld->arena, struct form_lookup, LOOKUPS_MAX);
    }
    if (ld->f->n_lookups == LOOKUPS_MAX || ld->list >= 0) {
        FORM_FAULT(ld, j, "Đặt ngoài List, tối đa 8 trong một biểu mẫu",
                   "Lookup không dùng được ở đây");
        return;
    }
    struct form_item *it = form_load_add_item(ld, FORM_LOOKUP, j);
    struct form_lookup *l = &ld->f->lookups[ld->f->n_lookups++];
    *l = (struct form_lookup){ .page = ld->page,
                               .id = pack_json_str(ld->at, j, "id", true),
                               .connector = pack_json_str(ld->at, j, "connector", true),
                               .operation = pack_json_str(ld->at, j, "operation", true),
                               .purpose = pack_json_str(ld->at, j, "purpose", true),
                               .label = pack_json_text(ld->at, j, "label", true),
                               .hint = pack_json_text(ld->at, j, "hint", true) };
    l->n_send = read_pairs(ld, json_get(j, "send"), true, &l->send);
    l->n_fill = read_pairs(ld, json_get(j, "fill"), true, &l->fill);
    l->n_expect = read_pairs(ld, json_get(j, "expect"), false, &l->expect);
    it->rule = form_load_read_rule(ld, j);
    it->lookup = l;
    check_lookup(ld, j, l);
}

/* --- finding ---------------------------------------------------------------------------------- */
size_t
form_lookups(const struct form *f, const struct form_lookup **ret)
{
    *ret = f->lookups;
    return f->n_lookups;
}

const struct form_lookup *
form_lookup_find(const struct form_page *p, struct str id, const struct form *f)
{
    for (size_t i = 0; i < f->n_lookups; i++) {
        if (f->lookups[i].page == p && str_eq(f->lookups[i].id, id)) {
            return &f->lookups[i];
        }
    }
    return NULL;
}

bool
form_lookup_is_shown(struct ctx *cx, const struct form_state *st, const struct form_env *env,
                     const struct form_lookup *l)
{
    struct form_view v = form_view(cx, st, env);
    for (uint32_t i = l->page->from; i < l->page->to; i++) {
        if (st->form->items[i].lookup == l) {
            return form_item_is_shown(&v, &st->form->items[i]);
        }
    }
    return false;
}

/* --- asking ----------------------------------------------------------------------------------- */
static struct str
question(struct ctx *cx, const struct form_state *st, const struct form_lookup *l)
{
    struct buf b = buf_new(cx->arena, QUESTION_BYTES);
    struct json_out o = json_out(&b);
    json_open(&o);
    for (size_t i = 0; i < l->n_send; i++) {
        const struct json *value = form_json_at(st->answers, l->send[i].path);
        if (value != NULL) {
            json_key_str(&o, l->send[i].name);
            json_write(&o, value);
        }
    }
    json_close(&o);
    return buf_str(&b);
}

static bool
is_sent(const struct form_lookup *l, struct str path)
{
    for (size_t i = 0; i < l->n_send; i++) {
        if (str_eq(l->send[i].path, path)) {
            return true;
        }
    }
    return false;
}

enum err
form_lookup_question(struct ctx *cx, const struct form_state *st, const struct form_env *env,
                     const struct form_lookup *l, struct str *ret)
{
    struct form_view v = form_view(cx, st, env);
    struct form_problem *p = NULL;
    size_t n = form_problems(&v, &p);
    for (size_t i = 0; i < n; i++) {
        if (is_sent(l, p[i].path)) {
            form_tell(cx, &v, &p[i]);
        }
    }
    TRY(ctx_check(cx));
    for (size_t i = 0; i < l->n_send; i++) { /* an optional answer may be missing without a fault */
        const struct form_item *it = form_item_of(st->form, l->send[i].path);
        if (it != NULL && form_json_at(st->answers, l->send[i].path) == NULL) {
            ctx_problem(cx, str_cat(cx->arena, STR("a."), it->path), STR("form.problem.required"),
                        form_label(cx, it));
        }
    }
    *ret = question(cx, st, l);
    return ctx_check(cx);
}

/* --- what came of it -------------------------------------------------------------------------- */
/* Short code of what was asked: answers that changed make the outcome void. */
static struct str
of_now(struct ctx *cx, const struct form_state *st, const struct form_lookup *l)
{
    return str_slice(digest_sha256_hex(cx->arena, question(cx, st, l)), 0, OF_CHARS);
}

struct form_looked
form_lookup_state(struct ctx *cx, const struct form_state *st, const struct form_lookup *l)
{
    struct form_looked r = { 0 };
    const struct json *j = json_get_str_key(st->looked, l->id);
    if (j == NULL || !str_eq(json_text(j, "of"), of_now(cx, st, l)) ||
        !date_parse(json_text(j, "at"), &r.at)) {
        return r;
    }
    r.state = json_text(j, "state");
    r.source = json_text(j, "source");
    return r;
}

/* What an earlier look-up filled and nobody touched makes room for what the new one says. */
static void
drop_filled(struct form_state *st, const struct form_lookup *l, struct str from)
{
    for (size_t i = 0; i < l->n_fill; i++) {
        const struct json *mark = json_get_str_key(st->marks, l->fill[i].path);
        if (mark != NULL && str_eq(json_text(mark, "from"), from)) {
            form_json_drop(st->answers, l->fill[i].path);
            form_json_unset(st->marks, l->fill[i].path);
        }
    }
}

static size_t
fill(struct ctx *cx, struct form_state *st, const struct form_env *env, const struct form_lookup *l,
     struct form_source like, const struct json *reply)
{
    struct form_view v = form_view(cx, st, env);
    size_t n = 0;
    for (size_t i = 0; i < l->n_fill; i++) {
        const struct json *value = json_get_str_key(reply, l->fill[i].name);
        const struct form_item *it = form_item_of(st->form, l->fill[i].path);
        if (value == NULL || it == NULL || value->type != JSON_STRING ||
            str_is_empty(value->text)) {
            continue;
        }
        like.value = value->text;
        n += form_fill_one(&v, st, it, &like);
    }
    return n;
}

static bool
is_expected(const struct form_lookup *l, const struct json *reply)
{
    for (size_t i = 0; i < l->n_expect; i++) {
        const struct json *value = json_get_str_key(reply, l->expect[i].name);
        if (value == NULL || !str_eq(value->text, l->expect[i].path)) {
            return false;
        }
    }
    return true;
}

size_t
form_lookup_take(struct ctx *cx, struct form_state *st, const struct form_env *env,
                 const struct form_lookup *l, struct form_looked outcome, struct str reply_fields)
{
    struct arena *a = cx->arena;
    struct json *reply = NULL;
    struct json_fault fault;
    struct str from = str_cat(a, STR("exchange."), l->id);
    bool is_found = str_eq(outcome.state, STR("found"));
    size_t n = 0;
    drop_filled(st, l, from);
    if (is_found &&
        (json_parse(a, reply_fields, (struct json_limits){ 0 }, &reply, &fault) != ERR_OK ||
         !is_expected(l, reply))) {
        outcome.state = STR("unmatched");
    } else if (is_found) {
        struct form_source like = { .name = from, .label = outcome.source, .at = outcome.at };
        n = fill(cx, st, env, l, like, reply);
    }
    struct json *noted = form_json_new(a, JSON_OBJECT);
    form_json_set(a, noted, STR("state"), form_json_str(a, outcome.state));
    form_json_set(a, noted, STR("source"), form_json_str(a, outcome.source));
    form_json_set(a, noted, STR("at"), form_json_str(a, date_iso(a, outcome.at)));
    form_json_set(a, noted, STR("of"), form_json_str(a, of_now(cx, st, l)));
    form_json_set(a, st->looked, l->id, noted);
    return n;
}
