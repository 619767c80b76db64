/* procedure_compare.c: what changes for people between two versions of the pack, in words. */
#include "engine/procedure/procedure_int.h"

#include "base/buf.h"
#include "web/web.h"

#define WORDS_MAX (64U << 10)

struct diff {
    struct ctx *cx;
    struct buf *b;
    const struct procedure *from, *to;
};

static void
add(const struct diff *d, struct str words)
{
    if (d->b->n > 0) {
        BUF_LIT(d->b, "; ");
    }
    buf_add(d->b, words);
}

/* "Thời hạn: 5 ngày làm việc → 3 ngày làm việc" */
static void
add_values(const struct diff *d, const char *what_key, struct str from, struct str to)
{
    if (!str_eq(from, to)) {
        add(d, text_fill(d->cx, "procedure.diff.from_to", "what", text(d->cx, what_key), "from",
                         from, "to", to, NULL));
    }
}

static void
add_changed(const struct diff *d, const char *what_key, bool is_changed)
{
    if (is_changed) {
        add(d, text_fill(d->cx, "procedure.diff.changed", "what", text(d->cx, what_key), NULL));
    }
}

static void
add_named(const struct diff *d, const char *key, struct pack_text name)
{
    add(d, text_fill(d->cx, key, "name", pack_text(d->cx, name), NULL));
}

static bool
is_same_text(struct pack_text a, struct pack_text b)
{
    return str_eq(a.vi, b.vi) && str_eq(a.en, b.en);
}

/* --- papers ----------------------------------------------------------------------------------- */

static const struct procedure_paper *
paper_find(const struct procedure *p, struct str id)
{
    for (size_t i = 0; i < p->n_papers; i++) {
        if (str_eq(p->papers[i].id, id)) {
            return &p->papers[i];
        }
    }
    return NULL;
}

static bool
is_same_paper(const struct procedure_paper *a, const struct procedure_paper *b)
{
    bool is_same_words = is_same_text(a->name, b->name) && is_same_text(a->note, b->note) &&
                         str_eq(a->type, b->type) && str_eq(a->when, b->when);
    bool is_same_count = a->n_originals == b->n_originals && a->n_copies == b->n_copies;
    return is_same_words && is_same_count && a->is_required == b->is_required &&
           a->may_reuse == b->may_reuse && a->is_by_form == b->is_by_form &&
           a->is_shown == b->is_shown && a->is_given_back == b->is_given_back;
}

static void
add_papers(const struct diff *d)
{
    for (size_t i = 0; i < d->to->n_papers; i++) {
        const struct procedure_paper *now = &d->to->papers[i];
        const struct procedure_paper *was = paper_find(d->from, now->id);
        if (was == NULL) {
            add_named(d, "procedure.diff.paper_added", now->name);
        } else if (!is_same_paper(was, now)) {
            add_named(d, "procedure.diff.paper_changed", now->name);
        }
    }
    for (size_t i = 0; i < d->from->n_papers; i++) {
        if (paper_find(d->to, d->from->papers[i].id) == NULL) {
            add_named(d, "procedure.diff.paper_removed", d->from->papers[i].name);
        }
    }
}

/* --- fees ------------------------------------------------------------------------------------- */

static const struct procedure_fee *
fee_find(const struct procedure *p, struct str id)
{
    for (size_t i = 0; i < p->n_fees; i++) {
        if (str_eq(p->fees[i].id, id)) {
            return &p->fees[i];
        }
    }
    return NULL;
}

static void
add_fee(const struct diff *d, const struct procedure_fee *was, const struct procedure_fee *now)
{
    struct str from = procedure_fee_text(d->cx, was);
    struct str to = procedure_fee_text(d->cx, now);
    bool is_exempt_same =
        is_same_text(was->exempt, now->exempt) && str_eq(was->exempt_when, now->exempt_when);
    if (!str_eq(from, to)) {
        add(d, text_fill(d->cx, "procedure.diff.from_to", "what", pack_text(d->cx, now->name),
                         "from", from, "to", to, NULL));
    } else if (!is_same_text(was->name, now->name) || !str_eq(was->when, now->when)) {
        add(d,
            text_fill(d->cx, "procedure.diff.changed", "what", pack_text(d->cx, now->name), NULL));
    }
    if (!is_exempt_same) {
        struct str what =
            text_fill(d->cx, "procedure.diff.exempt", "name", pack_text(d->cx, now->name), NULL);
        add(d, text_fill(d->cx, "procedure.diff.changed", "what", what, NULL));
    }
}

static void
add_fees(const struct diff *d)
{
    for (size_t i = 0; i < d->to->n_fees; i++) {
        const struct procedure_fee *now = &d->to->fees[i];
        const struct procedure_fee *was = fee_find(d->from, now->id);
        if (was != NULL) {
            add_fee(d, was, now);
        } else {
            add(d, text_fill(d->cx, "procedure.diff.fee_added", "name", pack_text(d->cx, now->name),
                             "amount", procedure_fee_text(d->cx, now), NULL));
        }
    }
    for (size_t i = 0; i < d->from->n_fees; i++) {
        if (fee_find(d->to, d->from->fees[i].id) == NULL) {
            add_named(d, "procedure.diff.fee_removed", d->from->fees[i].name);
        }
    }
}

/* --- the rest --------------------------------------------------------------------------------- */

static bool
is_same_steps(const struct procedure *a, const struct procedure *b)
{
    bool is_same = a->n_steps == b->n_steps;
    for (size_t i = 0; is_same && i < a->n_steps; i++) {
        is_same = is_same_text(a->steps[i], b->steps[i]);
    }
    return is_same;
}

static bool
is_same_basis(const struct procedure *a, const struct procedure *b)
{
    bool is_same = a->n_basis == b->n_basis;
    for (size_t i = 0; is_same && i < a->n_basis; i++) {
        is_same = str_eq(a->basis[i].name, b->basis[i].name) &&
                  str_eq(a->basis[i].article, b->basis[i].article);
    }
    return is_same;
}

static bool
is_same_documents(const struct procedure *a, const struct procedure *b)
{
    bool is_same =
        a->n_documents == b->n_documents && str_eq(a->result_template, b->result_template);
    for (size_t i = 0; is_same && i < a->n_documents; i++) {
        is_same = str_eq(a->documents[i].template_id, b->documents[i].template_id);
    }
    return is_same;
}

static struct str
decides_text(struct ctx *cx, const struct procedure *p)
{
    struct str level = unit_level_name(p->decides.level);
    struct str word = text_find(cx, str_cat(cx->arena, STR("procedure.level."), level));
    word = word.p == NULL ? level : word;
    return p->decides.kind.n == 0 ? word
                                  : str_fmt(cx->arena, STR_FMT " (" STR_FMT ")", STR_ARG(word),
                                            STR_ARG(p->decides.kind));
}

static struct str
online_text(struct ctx *cx, const struct procedure *p)
{
    return p->online == PROCEDURE_FULL   ? text(cx, "procedure.online.full")
           : p->online == PROCEDURE_PART ? text(cx, "procedure.online.part")
                                         : text(cx, "procedure.online.counter");
}

static struct str
words_of(struct ctx *cx, const struct procedure *from, const struct procedure *to)
{
    struct buf b = buf_new(cx->arena, WORDS_MAX);
    const struct diff d = { cx, &b, from, to };
    add_values(&d, "procedure.diff.name", pack_text(cx, from->name), pack_text(cx, to->name));
    add_values(&d, "procedure.diff.time", procedure_time_text(cx, from),
               procedure_time_text(cx, to));
    add_fees(&d);
    add_papers(&d);
    add_values(&d, "procedure.diff.decides", decides_text(cx, from), decides_text(cx, to));
    add_values(&d, "procedure.diff.online", online_text(cx, from), online_text(cx, to));
    add_values(&d, "procedure.diff.form", from->form, to->form);
    add_values(&d, "procedure.diff.process", from->process, to->process);
    add_changed(&d, "procedure.diff.template", !is_same_documents(from, to));
    add_changed(&d, "procedure.diff.steps", !is_same_steps(from, to));
    add_changed(&d, "procedure.diff.basis", !is_same_basis(from, to));
    add_changed(&d, "procedure.diff.who",
                !is_same_text(from->who, to->who) ||
                    !is_same_text(from->conditions, to->conditions) ||
                    from->audience != to->audience);
    add_changed(&d, "procedure.diff.collect", from->collect != to->collect);
    add_changed(&d, "procedure.diff.valid", from->to.day != to->to.day);
    add_changed(&d, "procedure.diff.other",
                !is_same_text(from->time_note, to->time_note) ||
                    !is_same_text(from->result_name, to->result_name) || from->check != to->check);
    return buf_str(&b);
}

static int
order_of(const struct procedures *a, size_t i, const struct procedures *b, size_t k)
{
    if (i == a->n || k == b->n) {
        return i == a->n ? 1 : -1;
    }
    const struct procedure *x = a->by_code[i];
    const struct procedure *y = b->by_code[k];
    int by_code = str_cmp(x->code, y->code);
    return by_code != 0 ? by_code : x->from.day < y->from.day ? -1 : x->from.day > y->from.day;
}

/* Of what both have: a change only when some word of it differs. */
static bool
change_of(struct ctx *cx, const struct procedure *from, const struct procedure *to,
          struct procedure_change *ret)
{
    const struct procedure *p = to != NULL ? to : from;
    ASSERT(p != NULL);
    *ret = (struct procedure_change){ .kind = from == NULL ? '+' : to == NULL ? '-' : '*' };
    if (from != NULL && to != NULL) {
        ret->what = words_of(cx, from, to);
        if (ret->what.n == 0) {
            return false;
        }
    }
    ret->code = str_dup(cx->arena, p->code);
    ret->name = str_dup(cx->arena, pack_text(cx, p->name));
    return true;
}

size_t
procedure_compare(struct ctx *cx, const struct pack *from, const struct pack *to,
                  struct procedure_change **ret)
{
    static const struct procedures none;
    const struct procedures *a = procedures_of(from);
    const struct procedures *b = procedures_of(to);
    a = a == NULL ? &none : a;
    b = b == NULL ? &none : b;
    struct procedure_change *v = ARENA_ARRAY(cx->arena, struct procedure_change, a->n + b->n + 1);
    size_t n = 0;
    size_t i = 0;
    size_t k = 0;
    while (i < a->n || k < b->n) {
        int order = order_of(a, i, b, k);
        n += change_of(cx, order <= 0 ? a->by_code[i] : NULL, order >= 0 ? b->by_code[k] : NULL,
                       &v[n])
                 ? 1U
                 : 0U;
        i += order <= 0 ? 1U : 0U;
        k += order >= 0 ? 1U : 0U;
    }
    *ret = v;
    return n;
}
