/* dossier_fees.c: which fees and papers a case has: the pack's conditions over its answers. */
#include "base/buf.h"
#include "codec/expr.h"
#include "engine/dossier/dossier_int.h"
#include "engine/paper/paper.h"
#include "engine/pay/pay.h"
#include "engine/unit/unit.h"

#define LINES_MAX 32

/* A count that the form asks for wins over what the filing pages keep. */
static int64_t
count_of(const struct dossier_case *c, const char *name, int64_t otherwise)
{
    return json_int(c->answers, name, otherwise);
}

/* The case as engine/procedure wants it; the scope lives in cx->arena. */
static struct procedure_case
case_of(struct ctx *cx, const struct dossier_case *c)
{
    int64_t n_copies = count_of(c, "n_copies", count_of(c, "copies", c->n_copies));
    int64_t n_pages = count_of(c, "pages", c->n_pages);
    struct expr_var *vars = ARENA_ARRAY(cx->arena, struct expr_var, 5);
    struct expr_scope *scope = ARENA_NEW(cx->arena, struct expr_scope);
    vars[0] = (struct expr_var){ STR("channel"), expr_of_str(c->channel) };
    vars[1] = (struct expr_var){ STR("collect"), expr_of_str(c->collect) };
    vars[2] = (struct expr_var){ STR("today"), expr_of_str(c->today) };
    vars[3] = (struct expr_var){ STR("copies"), expr_of_i64(n_copies) };
    vars[4] = (struct expr_var){ STR("pages"), expr_of_i64(n_pages) };
    *scope = (struct expr_scope){ .doc = c->answers, .vars = vars, .n_vars = 5 };
    return (struct procedure_case){ .n_copies = n_copies,
                                    .n_pages = n_pages,
                                    .is_online = str_eq(c->channel, STR("online")),
                                    .answers = scope };
}

enum err
dossier_bill_of(struct ctx *cx, const struct procedure *p, const struct dossier_case *c,
                struct procedure_bill *ret)
{
    struct procedure_case pc = case_of(cx, c);
    procedure_bill(cx, p, &pc, ret);
    return ERR_OK;
}

enum err
dossier_papers_of(struct ctx *cx, const struct procedure *p, const struct dossier_case *c,
                  const struct procedure_paper *const **ret, size_t *ret_n)
{
    struct procedure_case pc = case_of(cx, c);
    *ret_n = procedure_papers(cx, p, &pc, ret);
    return ERR_OK;
}

enum err
dossier_needs(struct ctx *cx, const struct dossier *d, struct dossier_need **ret, size_t *ret_n)
{
    const struct procedure *p = NULL;
    const struct procedure_paper *const *needed = NULL;
    const struct json *answers = NULL;
    struct paper *given = NULL;
    size_t n_given = 0;
    size_t n = 0;
    TRY(dossier_procedure(cx, d, &p));
    TRY(dossier_answers(cx, d, &answers));
    struct dossier_case c = { .answers = answers,
                              .channel = d->channel,
                              .collect = d->collect,
                              .today = date_iso(cx->arena, date_at_vn(d->submitted_us)),
                              .n_copies = d->n_copies };
    TRY(dossier_papers_of(cx, p, &c, &needed, &n));
    TRY(paper_list(cx, d->id, &given, &n_given));
    struct dossier_need *v = ARENA_ARRAY(cx->arena, struct dossier_need, n);
    for (size_t i = 0; i < n; i++) {
        v[i] = (struct dossier_need){ .paper = *needed[i], .is_needed = needed[i]->is_required };
        for (size_t k = 0; k < n_given; k++) {
            v[i].n_given +=
                str_eq(given[k].requirement, needed[i]->id) && str_eq(given[k].state, STR("kept"));
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

enum err
dossier_bill_make(struct ctx *cx, struct dossier *d, const struct procedure *p)
{
    const struct json *answers = NULL;
    struct procedure_bill bill;
    struct pay_line lines[LINES_MAX];
    struct pay_bill made;
    size_t n = 0;
    TRY(dossier_answers(cx, d, &answers));
    struct dossier_case c = { .answers = answers,
                              .channel = d->channel,
                              .collect = d->collect,
                              .today = date_iso(cx->arena, date_at_vn(d->submitted_us)),
                              .n_copies = d->n_copies };
    TRY(dossier_bill_of(cx, p, &c, &bill));
    for (size_t i = 0; i < bill.n && n < LINES_MAX; i++) {
        const struct procedure_fee_line *f = &bill.lines[i];
        int64_t count = f->n == 0 ? 1 : f->n;
        struct pay_line *line = &lines[n];
        n++;
        *line =
            (struct pay_line){ .fee = f->fee->id,
                               .name = pack_text(cx, f->fee->name),
                               .unit_vnd = f->is_exempt ? 0 : f->amount_vnd / count,
                               .n = count,
                               .exempt = f->is_exempt ? pack_text(cx, f->fee->exempt) : STR_NULL };
        if (!f->is_exempt && line->unit_vnd * count != f->amount_vnd) {
            /* tiers do not divide evenly: one line with the whole amount */
            line->unit_vnd = f->amount_vnd;
            line->n = 1;
        }
    }
    d->fee_vnd = bill.total_vnd;
    if (bill.total_vnd == 0) {
        d->is_paid = true;
        return ERR_OK;
    }
    struct pay_bill_new in = { .dossier_id = d->id,
                               .unit = d->unit,
                               .payer = d->applicant,
                               .lines = lines,
                               .n_lines = n,
                               .is_first = true };
    TRY(pay_bill_create(cx, &in, &made));
    d->is_paid = str_eq(made.state, STR("paid"));
    if (!d->is_paid) {
        TRY(dossier_stock(cx, d, "unpaid", true));
    }
    return ERR_OK;
}
