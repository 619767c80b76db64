/* operator_people.c: two records of one person become one; requests for correction. */
#include "engine/access/access.h"
#include "engine/dossier/dossier.h"
#include "engine/ledger/ledger.h"
#include "engine/notice/notice.h"
#include "engine/paper/paper.h"
#include "engine/party/party.h"
#include "office/operator/operator_int.h"
#include "store/store.h"

#define SHOWN_MAX 12

/* --- merging
 * ---------------------------------------------------------------------------------------- */
static enum err
find(struct ctx *cx, const char *field, struct str number, struct party *ret)
{
    int64_t id = 0;
    enum err e = party_by_personal_id(cx, number, ret);
    if (e == ERR_NOT_FOUND) {
        e = party_by_tax_code(cx, number, ret);
    }
    if (e == ERR_NOT_FOUND && str_to_i64(number, 1, INT64_MAX, &id)) {
        e = party_get(cx, id, ret);
    }
    if (e == ERR_NOT_FOUND) {
        ctx_problem(cx, str_of(field), STR("operator.merge.not_found"), STR_NULL);
        return ERR_OK;
    }
    return e;
}

static void
compare(struct ctx *cx, struct tpl_operator_page_tables *t, const char *key, struct str a,
        struct str b)
{
    bool is_same = str_eq(a, b);
    struct tpl_operator_page_tables_rows *r = op_row(cx, t, is_same ? "ontime" : "due");
    op_cell(cx, r, text_find(cx, str_of(key)), STR_NULL);
    op_cell(cx, r, a, STR_NULL);
    op_cell(cx, r, b, STR_NULL);
    op_cell(cx, r, str_is_empty(a) ? b : a, STR_NULL);
}

/* What will be: the survivor's values, filled from the other where it knows nothing. */
static enum err
preview(struct ctx *cx, struct web_resp *rs, struct tpl_operator_page *p, const struct party *keep,
        const struct party *gone)
{
    static const char *const heads[] = { "operator.col.field", "operator.merge.keep",
                                         "operator.merge.gone", "operator.merge.after", NULL };
    struct dossier_row *rows = NULL;
    size_t n = 0;
    web_reads_person(cx, rs, keep->id, "party.merge", STR_NULL);
    web_reads_person(cx, rs, gone->id, "party.merge", STR_NULL);
    TRY(dossier_of_party(cx, gone->id, 0, &rows, &n));
    struct tpl_operator_page_tables *t = op_table(cx, p, "operator.merge.preview", NULL, heads, 8);
    compare(cx, t, "operator.col.name", keep->name, gone->name);
    compare(cx, t, "operator.col.personal_id", keep->personal_id, gone->personal_id);
    compare(cx, t, "operator.col.birth", keep->birth_date, gone->birth_date);
    compare(cx, t, "operator.col.sex", keep->sex, gone->sex);
    compare(cx, t, "operator.col.phone", keep->phone, gone->phone);
    compare(cx, t, "operator.col.email", keep->email, gone->email);
    compare(cx, t, "operator.col.address", keep->address, gone->address);
    op_say(cx, p, "now",
           text_fill(cx, "operator.merge.moves", "n", text_number(cx, (int64_t)n), NULL), NULL);
    struct tpl_operator_page_forms *f =
        op_form(cx, p, STR("/quan-tri/gop-nguoi"), "operator.merge.do", "operator.merge.hint",
                "operator.merge.do");
    f->is_grave = true;
    op_hidden(cx, f, "keep", str_fmt(cx->arena, "%" PRId64, keep->id));
    op_hidden(cx, f, "gone", str_fmt(cx->arena, "%" PRId64, gone->id));
    return ERR_OK;
}

enum err
op_merge(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *p = op_page(cx, "operator.merge");
    struct str a = web_text(rq, "a");
    struct str b = web_text(rq, "b");
    struct party keep = { 0 };
    struct party gone = { 0 };
    if (!str_is_empty(a) && !str_is_empty(b)) {
        TRY(find(cx, "a", a, &keep));
        TRY(find(cx, "b", b, &gone));
        if (keep.id != 0 && gone.id != 0 && keep.id != gone.id) {
            TRY(preview(cx, rs, p, &keep, &gone));
        } else {
            op_say(cx, p, "late", text(cx, "operator.merge.not_found"), NULL);
        }
    } else {
        op_say(cx, p, "now", text(cx, "operator.merge.intro"), NULL);
        struct tpl_operator_page_forms *f =
            op_form(cx, p, STR("/quan-tri/gop-nguoi/xem"), "operator.merge.choose", NULL,
                    "operator.merge.preview");
        (void)op_field(cx, f, OP_TEXT, "a", "operator.merge.keep", STR_NULL);
        (void)op_field(cx, f, OP_TEXT, "b", "operator.merge.gone", STR_NULL);
    }
    return op_show(cx, rs, p);
}

struct merge_job {
    int64_t keep, gone;
};

static enum err
merge_tx(struct ctx *cx, void *arg)
{
    const struct merge_job *j = arg;
    struct ledger_new e = { .kind = "party.merged",
                            .object = ledger_object(cx, "party", j->gone),
                            .subject = j->keep };
    TRY(party_merge(cx, j->gone, j->keep));
    TRY(access_party_merged(cx, j->gone, j->keep));
    TRY(dossier_party_merged(cx, j->gone, j->keep));
    TRY(paper_party_merged(cx, j->gone, j->keep));
    TRY(notice_party_merged(cx, j->gone, j->keep));
    return ledger_add(cx, &e);
}

enum err
op_merge_do(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct merge_job j = { web_int(rq, "keep"), web_int(rq, "gone") };
    struct party survivor;
    enum err e = party_get(cx, j.keep, &survivor);
    if (e == ERR_OK) {
        j.keep = survivor.id;
        e = store_write(cx, merge_tx, &j);
    }
    if (e == ERR_INVALID) {
        ctx_problem(cx, STR("gone"), STR("operator.merge.differ"), STR_NULL);
    }
    TRY(e);
    web_flash(cx, rs, "operator.merge.done");
    return web_see_other(cx, rs, "/quan-tri/gop-nguoi");
}

/* --- corrections
 * -------------------------------------------------------------------------------------- */
enum err
op_corrections(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    static const char *const heads[] = { "operator.col.at",     "operator.col.name",
                                         "operator.col.field",  "operator.col.wanted",
                                         "operator.col.reason", NULL };
    struct tpl_operator_page *p = op_page(cx, "operator.corrections");
    struct party_correction *v = NULL;
    size_t n = 0;
    TRY(party_corrections_open(cx, web_int(rq, "sau"), &v, &n));
    if (n > SHOWN_MAX) {
        n = SHOWN_MAX; /* each one shown is a reading of its own */
        p->more = str_fmt(cx->arena, "/quan-tri/sua-thong-tin?sau=%" PRId64, v[n - 1].id);
    }
    struct tpl_operator_page_tables *t =
        op_table(cx, p, NULL, "operator.corrections.none", heads, n);
    struct tpl_operator_page_forms *f = NULL;
    struct tpl_operator_page_forms_fields *choice = NULL;
    if (n > 0) {
        f = op_form(cx, p, STR("/quan-tri/sua-thong-tin"), "operator.correction_answer",
                    "operator.correction.hint", "operator.correction_answer");
        choice = op_field(cx, f, OP_SELECT, "id", "operator.corrections", STR_NULL);
    }
    for (size_t i = 0; i < n; i++) {
        struct party who;
        TRY(party_get(cx, v[i].party, &who));
        struct str label =
            str_fmt(cx->arena, STR_FMT ": " STR_FMT, STR_ARG(who.name), STR_ARG(v[i].field));
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "wait");
        web_reads_person(cx, rs, who.id, "correction", v[i].field);
        op_cell(cx, r, op_when(cx, v[i].asked_us), STR_NULL);
        op_cell(cx, r, who.name, STR_NULL);
        op_cell(cx, r, v[i].field, STR_NULL);
        op_cell(cx, r, v[i].wanted, STR_NULL);
        op_cell(cx, r, v[i].reason, STR_NULL);
        op_option(cx, choice, str_fmt(cx->arena, "%" PRId64, v[i].id), label);
    }
    if (f != NULL) {
        struct tpl_operator_page_forms_fields *state =
            op_field(cx, f, OP_SELECT, "state", "operator.col.state", STR_NULL);
        op_option(cx, state, STR("done"), text(cx, "operator.correction.done"));
        op_option(cx, state, STR("refused"), text(cx, "operator.correction.refused"));
        (void)op_field(cx, f, OP_TEXT, "answer", "operator.col.answer", STR_NULL);
    }
    return op_show(cx, rs, p);
}

struct correction_job {
    int64_t id;
    struct str state, answer;
};

static enum err
correction_tx(struct ctx *cx, void *arg)
{
    const struct correction_job *j = arg;
    struct ledger_new e = { .kind = "correction.answered",
                            .object = ledger_object(cx, "correction", j->id) };
    TRY(party_correction_answer(cx, j->id, str_z(cx->arena, j->state), j->answer, cx->who.account));
    return ledger_add(cx, &e);
}

enum err
op_correction_answer(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct correction_job j = { web_int(rq, "id"), web_text(rq, "state"), web_text(rq, "answer") };
    if (str_eq(j.state, STR("refused")) && str_is_empty(j.answer)) {
        ctx_problem(cx, STR("answer"), STR("operator.correction.why"), STR_NULL);
    }
    TRY(ctx_check(cx));
    TRY(store_write(cx, correction_tx, &j));
    web_flash(cx, rs, "operator.saved");
    return web_see_other(cx, rs, "/quan-tri/sua-thong-tin");
}
