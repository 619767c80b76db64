/* onestop_inbox.c: the tasks of one position as a ledger, and accepting many at once. */
#include "office/onestop/onestop_int.h"

#include "codec/url.h"
#include "engine/calendar/calendar.h"
#include "engine/paper/paper.h"
#include "engine/unit/unit.h"

#define PAGE_N       50
#define SHEET_ROWS   4000
#define SHEET_PAGE_N 200
#define ACCEPT_MAX   200
#define SOON_WORK_S  CALENDAR_WORK_DAY_S
#define N_TABS       6
#define FOUND_MAX    50 /* as many as dossier_search gives */

static const char *const tab_names[N_TABS] = { "all", "mine", "free", "late", "soon", "waiting" };

/* What the address says: which position, which tab, from where on. */
struct inbox {
    size_t desk;
    const struct access_position *position; /* NULL: the officer has none */
    struct str tab;
    int64_t after_due_us, after_id, peek;
};

static void
read_after(struct str s, struct inbox *in)
{
    struct str due;
    struct str id;
    int64_t due_us = 0;
    int64_t after_id = 0;
    if (str_cut(s, '.', &due, &id) && str_to_i64(due, 0, INT64_MAX, &due_us) &&
        str_to_i64(id, 0, INT64_MAX, &after_id)) {
        in->after_due_us = due_us;
        in->after_id = after_id;
    }
}

static struct inbox
inbox_of(const struct ctx *cx, const struct web_req *rq)
{
    const struct actor *me = cx->actor;
    struct inbox in = { .tab = web_text(rq, "loc"), .peek = web_int(rq, "xem") };
    int64_t wanted = web_int(rq, "vt");
    if (str_is_empty(in.tab)) {
        in.tab = STR("all");
    }
    in.desk = wanted > 0 && (size_t)wanted < me->n_positions ? (size_t)wanted : 0;
    in.position = me->n_positions == 0 ? NULL : &me->positions[in.desk];
    read_after(web_text(rq, "sau"), &in);
    return in;
}

static struct dossier_inbox
query_of(const struct inbox *in, int64_t n)
{
    return (struct dossier_inbox){ .unit = in->position->unit,
                                   .role = in->position->role,
                                   .tab = in->tab,
                                   .after_due_us = in->after_due_us,
                                   .after_id = in->after_id,
                                   .n = n };
}

static struct str
tab_href(struct ctx *cx, const struct inbox *in, struct str tab)
{
    return str_fmt(cx->arena, "/can-bo?vt=%zu&loc=" STR_FMT, in->desk, STR_ARG(tab));
}

static void
fill_desks(struct ctx *cx, const struct inbox *in, struct tpl_onestop_inbox *page)
{
    const struct actor *me = cx->actor;
    page->desks.n = me->n_positions;
    page->desks.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_inbox_desks, me->n_positions);
    for (size_t i = 0; i < me->n_positions; i++) {
        const struct access_position *p = &me->positions[i];
        struct str who =
            p->owner == 0 ? access_role_name(cx, p->role)
                          : text_fill(cx, "onestop.desk.lent", "role",
                                      access_role_name(cx, p->role), "name", p->owner_name, NULL);
        page->desks.v[i] = (struct tpl_onestop_inbox_desks){
            .href = str_fmt(cx->arena, "/can-bo?vt=%zu", i),
            .word = str_fmt(cx->arena, STR_FMT ", " STR_FMT, STR_ARG(who),
                            STR_ARG(unit_name(cx, p->unit))),
            .is_current = i == in->desk,
        };
    }
    page->desk = me->n_positions == 0 ? STR_NULL : page->desks.v[in->desk].word;
    page->has_desks = me->n_positions > 1;
}

static enum err
fill_tabs(struct ctx *cx, const struct inbox *in, struct tpl_onestop_inbox *page)
{
    const struct access_position *p = in->position;
    int64_t now_us = calendar_now_us(cx);
    int64_t soon_us = calendar_add_work(cx, p->unit, now_us, SOON_WORK_S);
    struct flow_inbox_counts c;
    struct flow_inbox_counts waiting;
    TRY(flow_inbox_count(cx, p->unit, p->role, cx->who.account, now_us, soon_us, &c));
    TRY(flow_inbox_count(cx, p->unit, STR("citizen"), 0, now_us, soon_us, &waiting));
    const int64_t counts[N_TABS] = { c.n_open, c.n_mine,     c.n_unassigned,
                                     c.n_late, c.n_due_soon, waiting.n_open };
    page->tabs.n = N_TABS;
    page->tabs.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_inbox_tabs, N_TABS);
    for (size_t i = 0; i < N_TABS; i++) {
        struct str name = str_of(tab_names[i]);
        page->tabs.v[i] = (struct tpl_onestop_inbox_tabs){
            .href = tab_href(cx, in, name),
            .word = text_find(cx, str_cat(cx->arena, STR("onestop.tab."), name)),
            .count = text_number(cx, counts[i]),
            .is_current = str_eq(name, in->tab),
        };
    }
    page->n_late = counts[3];
    return ERR_OK;
}

static struct tpl_onestop_inbox_rows
row_of(struct ctx *cx, const struct inbox *in, const struct dossier_row *r)
{
    bool is_waiting = str_eq(in->tab, STR("waiting"));
    struct str kind = onestop_kind(r->left_s, is_waiting);
    return (struct tpl_onestop_inbox_rows){
        .kind = kind,
        .word = onestop_kind_word(cx, kind),
        .due = text_instant(cx, r->due_us),
        .left = calendar_left_text(cx, r->left_s),
        .id = onestop_id(cx, r->id),
        .task = onestop_id(cx, r->task),
        .href = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64, r->id),
        .peek = str_fmt(cx->arena, STR_FMT "&xem=%" PRId64 "#xem",
                        STR_ARG(tab_href(cx, in, in->tab)), r->id),
        .number = r->number,
        .person = r->applicant,
        .procedure = r->procedure,
        .step = r->step,
        .holder = is_waiting            ? text(cx, "onestop.holder.citizen")
                  : r->holder.p == NULL ? text(cx, "onestop.holder.nobody")
                                        : r->holder,
        .can_accept = str_eq(r->task_action, STR("receive")),
        .is_here = r->id == in->peek,
    };
}

/* The pane beside the list: nothing that the list would not show, so that it is no opening. */
static enum err
fill_peek(struct ctx *cx, const struct dossier_row *r, struct tpl_onestop_inbox *page)
{
    struct paper *papers = NULL;
    size_t n = 0;
    struct dossier d;
    TRY(dossier_get(cx, r->id, &d));
    TRY(paper_list(cx, r->id, &papers, &n));
    page->has_peek = true;
    page->peek = (struct tpl_onestop_inbox_peek){
        .number = r->number,
        .href = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64, r->id),
        .person = r->applicant,
        .procedure = r->procedure,
        .step = r->step,
        .task = onestop_id(cx, r->task),
        .submitted = text_instant(cx, r->submitted_us),
        .channel = text_find(cx, str_cat(cx->arena, STR("dossier.channel."), d.channel)),
        .papers = text_number(cx, (int64_t)n),
        .fee =
            d.is_paid || d.fee_vnd == 0 ? text(cx, "onestop.fee.none") : text_money(cx, d.fee_vnd),
        .can_accept = str_eq(r->task_action, STR("receive")),
    };
    return ERR_OK;
}

static enum err
fill_rows(struct ctx *cx, const struct inbox *in, struct web_resp *rs,
          struct tpl_onestop_inbox *page)
{
    struct dossier_row *v = NULL;
    size_t n = 0;
    struct dossier_inbox q = query_of(in, PAGE_N + 1);
    TRY(dossier_inbox(cx, &q, &v, &n));
    bool has_more = n > PAGE_N;
    n = has_more ? PAGE_N : n;
    page->rows.n = n;
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_inbox_rows, n);
    for (size_t i = 0; i < n; i++) {
        page->rows.v[i] = row_of(cx, in, &v[i]);
        page->can_accept = page->can_accept || page->rows.v[i].can_accept;
        if (v[i].id == in->peek) {
            TRY(fill_peek(cx, &v[i], page));
        }
    }
    if (has_more) {
        page->more = str_fmt(cx->arena, STR_FMT "&sau=%" PRId64 ".%" PRId64,
                             STR_ARG(tab_href(cx, in, in->tab)), v[n - 1].due_us, v[n - 1].task);
    }
    web_reads_person(cx, rs, 0, "inbox",
                     str_fmt(cx->arena, "unit=" STR_FMT " role=" STR_FMT " tab=" STR_FMT " n=%zu",
                             STR_ARG(in->position->unit), STR_ARG(in->position->role),
                             STR_ARG(in->tab), n));
    return ERR_OK;
}

/* What the last bulk action did, from the address it came back with. */
static void
fill_done(struct ctx *cx, const struct web_req *rq, struct tpl_onestop_inbox *page)
{
    int64_t done = web_int(rq, "xong");
    int64_t failed = web_int(rq, "loi");
    if (done > 0) {
        page->done = text_fill(cx, "onestop.accepted_n", "n", text_number(cx, done), NULL);
    }
    if (failed > 0) {
        page->failed = text_fill(cx, "onestop.not_accepted_n", "n", text_number(cx, failed), NULL);
    }
}

enum err
onestop_inbox(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_onestop_inbox *page = ARENA_NEW(cx->arena, struct tpl_onestop_inbox);
    struct inbox in = inbox_of(cx, rq);
    web_title(rs, text(cx, "onestop.inbox"));
    fill_desks(cx, &in, page);
    fill_done(cx, rq, page);
    page->tab = in.tab;
    page->vt = str_fmt(cx->arena, "%zu", in.desk);
    if (in.position != NULL) {
        page->csv =
            str_fmt(cx->arena, "/can-bo/viec.csv?vt=%zu&loc=" STR_FMT, in.desk, STR_ARG(in.tab));
        page->xlsx =
            str_fmt(cx->arena, "/can-bo/viec.xlsx?vt=%zu&loc=" STR_FMT, in.desk, STR_ARG(in.tab));
        page->live = str_cat(cx->arena, STR("/can-bo/song?vt="), page->vt);
        TRY(onestop_late_count(cx, in.position->unit, &page->silent));
        TRY(fill_tabs(cx, &in, page));
        TRY(fill_rows(cx, &in, rs, page));
    }
    return web_page(cx, rs, &tpl_onestop_inbox_t, page);
}

/* New tasks of this desk's unit, told to open pages. */
enum err
onestop_live(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct inbox in = inbox_of(cx, rq);
    if (in.position == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no position");
    }
    return web_events(cx, rs, str_cat(cx->arena, STR("inbox:"), in.position->unit));
}

static void
sheet_rows(struct ctx *cx, struct web_sheet *s, const struct inbox *in, const struct dossier_row *v,
           size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct tpl_onestop_inbox_rows r = row_of(cx, in, &v[i]);
        const struct str cells[] = { date_iso_instant_vn(cx->arena, v[i].due_us),
                                     r.word,
                                     r.left,
                                     r.number,
                                     r.person,
                                     r.procedure,
                                     r.step,
                                     r.holder };
        for (size_t k = 0; k < COUNT_OF(cells); k++) {
            web_sheet_put(s, cells[k]);
        }
    }
}

/* All rows of the tab, not one page of it. */
enum err
onestop_inbox_sheet(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = {
        "onestop.col.due",    "onestop.col.state",  "onestop.col.left",
        "onestop.col.number", "onestop.col.person", "onestop.col.procedure",
        "onestop.col.step",   "onestop.col.holder", NULL
    };
    struct inbox in = inbox_of(cx, rq);
    struct web_sheet sheet = { .name = text(cx, "onestop.inbox"), .file = STR("viec") };
    size_t n = SHEET_PAGE_N;
    if (in.position == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "no position");
    }
    web_sheet_begin(cx, rq, &sheet, heads, SHEET_ROWS);
    while (n == SHEET_PAGE_N && !sheet.is_cut) {
        struct dossier_row *v = NULL;
        struct dossier_inbox q = query_of(&in, SHEET_PAGE_N);
        TRY(dossier_inbox(cx, &q, &v, &n));
        sheet_rows(cx, &sheet, &in, v, n);
        in.after_due_us = n == 0 ? 0 : v[n - 1].due_us;
        in.after_id = n == 0 ? 0 : v[n - 1].task;
    }
    web_reads_person(
        cx, rs, 0, "inbox.csv",
        str_fmt(cx->arena, "unit=" STR_FMT " n=%zu", STR_ARG(in.position->unit), sheet.n_rows));
    return web_sheet(cx, rs, &sheet);
}

/* One button for one row, or the ticked rows; each dossier its own transaction. */
enum err
onestop_accept(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct str *ids = NULL;
    struct str one = web_text(rq, "mot");
    size_t n = web_list(cx, rq, "viec", &ids);
    size_t done = 0;
    if (!str_is_empty(one)) {
        ids = &one;
        n = 1;
    }
    n = n > ACCEPT_MAX ? ACCEPT_MAX : n;
    for (size_t i = 0; i < n; i++) {
        struct dossier_act act = { .outcome = STR("accept") };
        if (str_to_i64(ids[i], 1, INT64_MAX, &act.task) && dossier_do(cx, &act) == ERR_OK) {
            done++;
        }
    }
    cx->n_problems = 0; /* told as a count on the next page */
    return web_see_other(cx, rs, "/can-bo?vt=%" PRId64 "&loc=" STR_FMT "&xong=%zu&loi=%zu",
                         web_int(rq, "vt"), STR_ARG(web_text(rq, "loc")), done, n - done);
}

/* --- search
 * ------------------------------------------------------------------------------------------------
 */
static enum err
search_in(struct ctx *cx, struct str unit, struct str words, struct tpl_onestop_find *page)
{
    struct dossier_row *v = NULL;
    size_t n = 0;
    TRY(dossier_search(cx, unit, words, &v, &n));
    page->rows.n = n;
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_onestop_find_rows, n);
    for (size_t i = 0; i < n; i++) {
        bool is_open = str_eq(v[i].state, STR("open"));
        struct str kind = is_open ? onestop_kind(v[i].left_s, false) : STR("paused");
        page->rows.v[i] = (struct tpl_onestop_find_rows){
            .kind = kind,
            .word = text_find(cx, str_fmt(cx->arena, "dossier.status.%d", v[i].status)),
            .due = text_instant(cx, v[i].due_us),
            .id = onestop_id(cx, v[i].id),
            .href = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64, v[i].id),
            .number = v[i].number,
            .person = v[i].applicant,
            .procedure = v[i].procedure,
            .step = v[i].step,
            .holder = v[i].holder,
        };
    }
    return ERR_OK;
}

/* What was found, as a file: the same rows. */
static enum err
found_sheet(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
            const struct tpl_onestop_find *page)
{
    static const char *const heads[] = { "onestop.col.number",    "onestop.col.person",
                                         "onestop.col.procedure", "onestop.col.state",
                                         "onestop.col.due",       "onestop.col.step",
                                         "onestop.col.holder",    NULL };
    struct web_sheet sheet = { .name = text(cx, "onestop.find"), .file = STR("ho-so") };
    web_sheet_begin(cx, rq, &sheet, heads, page->rows.n);
    sheet.is_cut = page->rows.n == FOUND_MAX;
    for (size_t i = 0; i < page->rows.n; i++) {
        const struct tpl_onestop_find_rows *r = &page->rows.v[i];
        const struct str cells[] = { r->number, r->person, r->procedure, r->word,
                                     r->due,    r->step,   r->holder };
        for (size_t k = 0; k < COUNT_OF(cells); k++) {
            web_sheet_put(&sheet, cells[k]);
        }
    }
    return web_sheet(cx, rs, &sheet);
}

static void
found_links(struct ctx *cx, struct tpl_onestop_find *page)
{
    struct str q = url_encode(cx->arena, page->q);
    page->csv = str_fmt(cx->arena, "/can-bo/tim?dang=csv&q=" STR_FMT, STR_ARG(q));
    page->xlsx = str_fmt(cx->arena, "/can-bo/tim?dang=xlsx&q=" STR_FMT, STR_ARG(q));
}

enum err
onestop_search(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_onestop_find *page = ARENA_NEW(cx->arena, struct tpl_onestop_find);
    struct access_position *at = NULL;
    size_t n = access_positions_for(cx, "dossier.search", &at);
    page->q = web_text(rq, "q");
    web_title(rs, text(cx, "onestop.find"));
    if (!str_is_empty(str_trim(page->q)) && n > 0) {
        page->is_asked = true;
        TRY(search_in(cx, at[0].unit, page->q, page));
        web_reads_person(
            cx, rs, 0, "dossier.search",
            str_fmt(cx->arena, "unit=" STR_FMT " n=%zu", STR_ARG(at[0].unit), page->rows.n));
        found_links(cx, page);
    }
    if (web_sheet_kind(rq).p != NULL) {
        return found_sheet(cx, rq, rs, page);
    }
    return web_page(cx, rs, &tpl_onestop_find_t, page);
}
