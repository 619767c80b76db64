/* procedure_fee.c: what one case costs and which papers it needs, and both in words. */
#include "engine/procedure/procedure_int.h"
#include "web/web.h"

#define COUNT_MAX 100000

/* An absent condition holds; one that cannot be answered does not. */
static bool
holds(const struct expr *e, const struct procedure_case *c)
{
    return e == NULL || (c->answers != NULL && expr_is_true(e, c->answers));
}

static int64_t
clamp_count(int64_t n)
{
    return n < 1 ? 1 : n > COUNT_MAX ? COUNT_MAX : n;
}

/* n pages or copies at the prices of their tiers. */
static int64_t
tiered(const struct procedure_fee *f, int64_t each_vnd, int64_t n)
{
    if (f->n_tiers == 0) {
        return each_vnd * n;
    }
    int64_t sum = 0;
    for (size_t i = 0; i < f->n_tiers; i++) {
        int64_t first = f->tiers[i].from;
        int64_t last = i + 1 < f->n_tiers ? f->tiers[i + 1].from - 1 : COUNT_MAX;
        last = last < n ? last : n;
        sum += last >= first ? (last - first + 1) * f->tiers[i].amount_vnd : 0;
    }
    return sum;
}

static struct procedure_fee_line
fee_line(const struct procedure_fee *f, const struct procedure_case *c)
{
    struct procedure_fee_line line = { .fee = f, .n = 1 };
    int64_t each = c->is_online && f->online_vnd >= 0 ? f->online_vnd : f->amount_vnd;
    int64_t copies = clamp_count(c->n_copies);
    int64_t pages = clamp_count(c->n_pages);
    switch (f->per) {
    case PROCEDURE_PER_COPY:
        line.n = copies;
        line.amount_vnd = tiered(f, each, copies);
        break;
    case PROCEDURE_PER_PAGE:
        line.n = pages * copies;
        line.amount_vnd = tiered(f, each, pages);
        line.amount_vnd =
            f->max_vnd > 0 && line.amount_vnd > f->max_vnd ? f->max_vnd : line.amount_vnd;
        line.amount_vnd *= copies;
        break;
    case PROCEDURE_PER_CASE:
    default:
        line.amount_vnd = each;
        break;
    }
    if (f->per != PROCEDURE_PER_PAGE && f->max_vnd > 0 && line.amount_vnd > f->max_vnd) {
        line.amount_vnd = f->max_vnd;
    }
    if (f->exempt_expr != NULL && holds(f->exempt_expr, c)) {
        line.is_exempt = true;
        line.amount_vnd = 0;
    }
    return line;
}

void
procedure_bill(struct ctx *cx, const struct procedure *p, const struct procedure_case *c,
               struct procedure_bill *ret)
{
    *ret = (struct procedure_bill){ .lines = ARENA_ARRAY(cx->arena, struct procedure_fee_line,
                                                         p->n_fees + 1) };
    for (size_t i = 0; i < p->n_fees; i++) {
        if (holds(p->fees[i].when_expr, c)) {
            ret->lines[ret->n] = fee_line(&p->fees[i], c);
            ret->total_vnd += ret->lines[ret->n++].amount_vnd;
        }
    }
}

size_t
procedure_papers(struct ctx *cx, const struct procedure *p, const struct procedure_case *c,
                 const struct procedure_paper *const **ret)
{
    const struct procedure_paper **v =
        ARENA_ARRAY(cx->arena, const struct procedure_paper *, p->n_papers + 1);
    size_t n = 0;
    for (size_t i = 0; i < p->n_papers; i++) {
        if (holds(p->papers[i].when_expr, c)) {
            v[n++] = &p->papers[i];
        }
    }
    *ret = v;
    return n;
}

/* --- words ------------------------------------------------------------------------------------ */

static void
add_part(struct buf *b, struct str part)
{
    if (b->n > 0) {
        BUF_LIT(b, "; ");
    }
    buf_add(b, part);
}

static struct str
each_text(struct ctx *cx, const struct procedure_fee *f, int64_t vnd)
{
    struct str amount = vnd == 0 ? text(cx, "procedure.fee.free") : text_money(cx, vnd);
    if (vnd == 0 || f->per == PROCEDURE_PER_CASE) {
        return amount;
    }
    return text_fill(cx, f->per == PROCEDURE_PER_COPY ? "procedure.fee.copy" : "procedure.fee.page",
                     "amount", amount, NULL);
}

struct str
procedure_fee_text(struct ctx *cx, const struct procedure_fee *f)
{
    struct buf b = buf_new(cx->arena, 2000);
    const char *tier_key =
        f->per == PROCEDURE_PER_COPY ? "procedure.fee.tier_copy" : "procedure.fee.tier_page";
    add_part(&b, each_text(cx, f, f->n_tiers > 0 ? f->tiers[0].amount_vnd : f->amount_vnd));
    for (size_t i = 1; i < f->n_tiers; i++) {
        struct str from = str_fmt(cx->arena, "%d", f->tiers[i].from);
        add_part(&b, text_fill(cx, tier_key, "from", from, "amount",
                               text_money(cx, f->tiers[i].amount_vnd), NULL));
    }
    if (f->max_vnd > 0) {
        add_part(&b,
                 text_fill(cx, "procedure.fee.max", "amount", text_money(cx, f->max_vnd), NULL));
    }
    if (f->online_vnd >= 0 && f->online_vnd != f->amount_vnd) {
        struct str amount =
            f->online_vnd == 0 ? text(cx, "procedure.fee.free") : text_money(cx, f->online_vnd);
        add_part(&b, text_fill(cx, "procedure.fee.online", "amount", amount, NULL));
    }
    return buf_str(&b);
}

struct fee_range {
    int64_t always_vnd;     /* what every case pays at least */
    int64_t least_more_vnd; /* cheapest row that only some cases pay */
    bool is_more_possible;
};

static void
range_add(struct fee_range *r, const struct procedure_fee *f)
{
    bool is_varying = f->per != PROCEDURE_PER_CASE || f->when.n != 0;
    bool is_online_less = f->online_vnd >= 0 && f->online_vnd < f->amount_vnd;
    if (f->amount_vnd == 0) {
        return;
    }
    r->is_more_possible = r->is_more_possible || is_varying;
    if (f->when.n == 0) {
        r->always_vnd += is_online_less ? f->online_vnd : f->amount_vnd;
        r->is_more_possible = r->is_more_possible || f->online_vnd >= 0;
    } else if (r->least_more_vnd == 0 || f->amount_vnd < r->least_more_vnd) {
        r->least_more_vnd = f->amount_vnd;
    }
}

struct str
procedure_fees_text(struct ctx *cx, const struct procedure *p)
{
    struct fee_range r = { 0 };
    for (size_t i = 0; i < p->n_fees; i++) {
        range_add(&r, &p->fees[i]);
    }
    if (r.always_vnd == 0 && !r.is_more_possible) {
        return text(cx, "procedure.fee.free");
    }
    if (r.always_vnd == 0) {
        return text_fill(cx, "procedure.fees.free_or", "amount", text_money(cx, r.least_more_vnd),
                         NULL);
    }
    struct str amount = text_money(cx, r.always_vnd);
    return r.is_more_possible ? text_fill(cx, "procedure.fees.from", "amount", amount, NULL)
                              : amount;
}

struct str
procedure_time_text(struct ctx *cx, const struct procedure *p)
{
    return calendar_limit_text(cx, p->time);
}
