/* filing_check.c: how to get the result, check your answers, submit. */
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "gen/tpl_filing.h"
#include "office/filing/filing_int.h"

#define COPIES_MAX 99

/* --- how to get it
 * ------------------------------------------------------------------------------------- */
static void
list_ways(struct ctx *cx, const struct filing *f, struct tpl_filing_collect *data)
{
    static const struct {
        uint32_t way;
        const char *value, *label, *note;
    } ways[] = {
        { PROCEDURE_ELECTRONIC, "electronic", "dossier.collect.electronic",
          "filing.way.electronic" },
        { PROCEDURE_AT_COUNTER, "counter", "dossier.collect.counter", "filing.way.counter" },
        { PROCEDURE_BY_POST, "post", "dossier.collect.post", "filing.way.post" },
    };
    data->ways.v = ARENA_ARRAY(cx->arena, struct tpl_filing_collect_ways, COUNT_OF(ways));
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        if ((f->p->collect & ways[i].way) != 0) {
            data->ways.v[data->ways.n++] = (struct tpl_filing_collect_ways){
                .value = str_of(ways[i].value),
                .label = text_find(cx, str_of(ways[i].label)),
                .note = text_find(cx, str_of(ways[i].note)),
            };
        }
    }
    data->may_post = (f->p->collect & PROCEDURE_BY_POST) != 0;
}

static bool
is_by_copy(const struct procedure *p)
{
    for (size_t i = 0; i < p->n_fees; i++) {
        if (p->fees[i].per == PROCEDURE_PER_COPY) {
            return true;
        }
    }
    return false;
}

enum err
filing_collect(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    struct tpl_filing_collect *data = ARENA_NEW(cx->arena, struct tpl_filing_collect);
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    FILING_STEPS(cx, &f, STR("nhan"), data, struct tpl_filing_collect_steps);
    list_ways(cx, &f, data);
    data->id = str_fmt(cx->arena, "%" PRId64, f.d.id);
    data->chosen =
        str_is_empty(f.d.collect) && data->ways.n == 1 ? data->ways.v[0].value : f.d.collect;
    data->post_address = f.d.post_address;
    data->phone = f.d.phone;
    data->email = f.d.email;
    data->copies = str_fmt(cx->arena, "%" PRId64, f.d.n_copies < 1 ? 1 : f.d.n_copies);
    data->is_by_copy = is_by_copy(f.p);
    data->is_identity_checked = f.p->is_identity_checked;
    data->moved_from = filing_moved(cx, &f);
    data->unit = unit_name(cx, f.d.unit);
    web_title(rs, text(cx, "filing.collect"));
    return web_page(cx, rs, &tpl_filing_collect_t, data);
}

/* Ten digits that begin with 0; spaces and dots are how people write them. */
static struct str
phone_of(struct ctx *cx, struct str typed)
{
    struct buf b = buf_new(cx->arena, 64);
    for (size_t i = 0; i < typed.n; i++) {
        if (typed.p[i] != ' ' && typed.p[i] != '.' && typed.p[i] != '-') {
            buf_add_char(&b, typed.p[i]);
        }
    }
    return buf_str(&b);
}

static bool
is_phone(struct str s)
{
    int64_t n = 0;
    return s.n == 10 && s.p[0] == '0' && str_to_i64(str_slice(s, 1, s.n), 0, INT64_MAX, &n);
}

static bool
is_email(struct str s)
{
    struct str name;
    struct str host;
    return str_cut(s, '@', &name, &host) && name.n > 0 && host.n > 3 && str_has_char(host, '.') &&
           !str_has_char(host, '@') && !str_has_char(s, ' ');
}

static void
check_contact(struct ctx *cx, const struct dossier_draft *d)
{
    if (!str_is_empty(d->phone) && !is_phone(d->phone)) {
        ctx_problem(cx, STR("phone"), STR("filing.phone.wrong"), STR_NULL);
    }
    if (!str_is_empty(d->email) && !is_email(d->email)) {
        ctx_problem(cx, STR("email"), STR("filing.email.wrong"), STR_NULL);
    }
    if (str_is_empty(d->phone) && str_is_empty(d->email)) {
        ctx_problem(cx, STR("phone"), STR("filing.contact.missing"), STR_NULL);
    }
    if (str_is_empty(d->collect)) {
        ctx_problem(cx, STR("collect"), STR("filing.way.missing"), STR_NULL);
    }
    if (str_eq(d->collect, STR("post")) && str_is_empty(d->post_address)) {
        ctx_problem(cx, STR("post_address"), STR("filing.post_address.missing"), STR_NULL);
    }
    if (d->n_copies < 1 || d->n_copies > COPIES_MAX) {
        ctx_problem(cx, STR("copies"), STR("filing.copies.wrong"), STR_NULL);
    }
}

static bool
is_offered(const struct procedure *p, struct str way)
{
    return (str_eq(way, STR("counter")) && (p->collect & PROCEDURE_AT_COUNTER) != 0) ||
           (str_eq(way, STR("post")) && (p->collect & PROCEDURE_BY_POST) != 0) ||
           (str_eq(way, STR("electronic")) && (p->collect & PROCEDURE_ELECTRONIC) != 0);
}

static struct str
or_empty(struct str s)
{
    return s.p == NULL ? STR("") : s;
}

enum err
filing_collect_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    struct str next;
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    f.d.collect = is_offered(f.p, web_text(rq, "collect")) ? web_text(rq, "collect") : STR("");
    f.d.post_address = or_empty(web_text(rq, "post_address"));
    f.d.phone = phone_of(cx, web_text(rq, "phone"));
    f.d.email = or_empty(web_text(rq, "email"));
    f.d.n_copies = web_text(rq, "copies").p == NULL ? 1 : web_int(rq, "copies");
    check_contact(cx, &f.d);
    TRY(ctx_check(cx));
    TRY(filing_save(cx, &f));
    TRY(filing_next(cx, &f, NULL, &next));
    return web_see_other(cx, rs, STR_FMT, STR_ARG(next));
}

/* --- check your answers
 * -------------------------------------------------------------------------------- */
static void
fill_answers(struct ctx *cx, const struct filing *f, struct tpl_filing_check *data)
{
    struct form_row *rows = NULL;
    size_t n = form_rows(cx, &f->st, &f->env, &rows);
    struct tpl_filing_check_pages *page = NULL;
    data->pages.v = ARENA_ARRAY(cx->arena, struct tpl_filing_check_pages, n);
    for (size_t i = 0; i < n; i++) {
        if (page == NULL || !str_eq(rows[i].page_title, page->title)) {
            page = &data->pages.v[data->pages.n++];
            page->title = rows[i].page_title;
            page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_filing_check_pages_rows, n - i);
        }
        page->rows.v[page->rows.n++] = (struct tpl_filing_check_pages_rows){
            .key = rows[i].label,
            .value = rows[i].value,
            .source = rows[i].source,
            .is_missing = rows[i].is_missing,
            .href = str_fmt(cx->arena, "/nhap/%" PRId64 "/trang/" STR_FMT "#a." STR_FMT, f->d.id,
                            STR_ARG(rows[i].page_id), STR_ARG(rows[i].path)),
        };
    }
}

static enum err
fill_papers(struct ctx *cx, const struct filing *f, const struct dossier_check *check,
            struct tpl_filing_check *data)
{
    struct paper *given = NULL;
    size_t n_given = 0;
    TRY(paper_list(cx, f->d.id, &given, &n_given));
    data->papers.v =
        ARENA_ARRAY(cx->arena, struct tpl_filing_check_papers, n_given + check->n_papers);
    for (size_t i = 0; i < check->n_papers; i++) {
        const struct dossier_need *need = &check->papers[i];
        if (need->is_needed && need->n_given == 0) {
            data->papers.v[data->papers.n++] =
                (struct tpl_filing_check_papers){ .name = pack_text(cx, need->paper.name),
                                                  .is_missing = true };
        }
        for (size_t k = 0; k < n_given; k++) {
            if (str_eq(given[k].requirement, need->paper.id) &&
                str_eq(given[k].state, STR("kept"))) {
                data->papers.v[data->papers.n++] = (struct tpl_filing_check_papers){
                    .name = pack_text(cx, need->paper.name),
                    .file = given[k].name,
                    .facts = filing_paper_facts(cx, &given[k]),
                };
            }
        }
    }
    return ERR_OK;
}

static void
fill_bill(struct ctx *cx, const struct dossier_check *check, struct tpl_filing_check *data)
{
    data->fees.v = ARENA_ARRAY(cx->arena, struct tpl_filing_check_fees, check->bill.n);
    for (size_t i = 0; i < check->bill.n; i++) {
        const struct procedure_fee_line *line = &check->bill.lines[i];
        data->fees.v[data->fees.n++] = (struct tpl_filing_check_fees){
            .name = pack_text(cx, line->fee->name),
            .amount =
                line->is_exempt ? text(cx, "filing.fee.exempt") : text_money(cx, line->amount_vnd),
            .note = line->is_exempt ? pack_text(cx, line->fee->exempt) : STR_NULL,
        };
    }
    data->is_free = check->bill.total_vnd == 0;
    data->total = text_money(cx, check->bill.total_vnd);
}

/* Who will be asked for their consent when this is filed. */
static enum err
fill_others(struct ctx *cx, const struct filing *f, struct tpl_filing_check *data)
{
    struct dossier_other v[DOSSIER_OTHERS_MAX];
    struct party own = { 0 };
    if (f->d.party != 0) {
        TRY(party_get(cx, f->d.party, &own));
    }
    size_t n = dossier_others(cx, f->form, form_answers_json(cx, &f->st), &own, v);
    data->others.v = ARENA_ARRAY(cx->arena, struct tpl_filing_check_others, n);
    data->others.n = n;
    for (size_t i = 0; i < n; i++) {
        data->others.v[i] =
            (struct tpl_filing_check_others){ .name = v[i].name,
                                              .part = pack_text(cx, v[i].other->title),
                                              .purpose = pack_text(cx, v[i].other->purpose),
                                              .basis = pack_text(cx, v[i].other->basis),
                                              .is_needed = v[i].other->is_needed };
    }
    return ERR_OK;
}

static void
fill_head(struct ctx *cx, const struct filing *f, const struct dossier_check *check,
          struct tpl_filing_check *data)
{
    struct party p;
    data->id = str_fmt(cx->arena, "%" PRId64, f->d.id);
    data->v = str_fmt(cx->arena, "%" PRId64, f->d.version);
    data->procedure = procedure_short_name(cx, f->p);
    data->unit = unit_name(cx, f->d.unit);
    data->moved_from = filing_moved(cx, f);
    data->collect = str_is_empty(f->d.collect)
                        ? STR_NULL
                        : text_find(cx, str_cat(cx->arena, STR("dossier.collect."), f->d.collect));
    data->post_address = str_eq(f->d.collect, STR("post")) ? f->d.post_address : STR_NULL;
    data->phone = f->d.phone;
    data->email = f->d.email;
    data->is_complete = check->is_complete;
    data->time = procedure_time_text(cx, f->p);
    if (f->d.party != 0 && f->d.party != cx->actor->party &&
        party_get(cx, f->d.party, &p) == ERR_OK) {
        data->applicant = p.name;
    }
}

enum err
filing_check(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    struct dossier_check check;
    struct tpl_filing_check *data = ARENA_NEW(cx->arena, struct tpl_filing_check);
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return filing_is_over(cx, rs, &f);
    }
    FILING_STEPS(cx, &f, STR("xem-lai"), data, struct tpl_filing_check_steps);
    TRY(dossier_draft_check(cx, &f.d, &check));
    fill_head(cx, &f, &check, data);
    fill_answers(cx, &f, data);
    TRY(fill_papers(cx, &f, &check, data));
    fill_bill(cx, &check, data);
    TRY(fill_others(cx, &f, data));
    if (!check.is_complete) {
        TRY(filing_next(cx, &f, NULL, &data->missing));
    }
    web_title(rs, text(cx, "filing.check"));
    return web_page(cx, rs, &tpl_filing_check_t, data);
}

/* Sent twice gives the same dossier. What is submitted is what was shown: a draft that changed
 * since is shown again first. */
enum err
filing_submit(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct filing f;
    struct dossier_receipt receipt;
    TRY(filing_open(cx, rq, rs, &f));
    if (f.d.dossier != 0) {
        return web_see_other(cx, rs, "/ho-so/%" PRId64 "/bien-nhan", f.d.dossier);
    }
    if (web_text(rq, "v").p != NULL && web_int(rq, "v") != f.d.version) {
        ctx_problem(cx, STR("v"), STR("filing.changed"), STR_NULL);
        return ctx_check(cx);
    }
    if (!web_bool(rq, "cam_doan")) {
        ctx_problem(cx, STR("cam_doan"), STR("filing.truth.missing"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(dossier_submit(cx, &f.d, &receipt));
    return web_see_other(cx, rs, "/ho-so/%" PRId64 "/bien-nhan", receipt.id);
}
