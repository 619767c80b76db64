/* operator_merge.c: two records of one person become one: find them by name and birth date or among
 * those that look like one person, compare, merge. */
#include "engine/access/access.h"
#include "engine/dossier/dossier.h"
#include "engine/ledger/ledger.h"
#include "engine/notice/notice.h"
#include "engine/paper/paper.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "office/operator/operator_int.h"
#include "store/store.h"

#define HERE "/quan-tri/gop-nguoi"

/* --- one page of comparison ---------------------------------------------------------------------
 */
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

static struct str
sex_word(struct ctx *cx, struct str sex)
{
    return str_is_empty(sex) ? STR("")
                             : text_find(cx, str_cat(cx->arena, STR("operator.sex."), sex));
}

static struct str
place(struct ctx *cx, const struct party *p)
{
    struct str unit = str_is_empty(p->unit) ? STR("") : unit_name(cx, p->unit);
    const char *comma = str_is_empty(p->address) || str_is_empty(unit) ? "" : ", ";
    return str_fmt(cx->arena, STR_FMT "%s" STR_FMT, STR_ARG(p->address), comma, STR_ARG(unit));
}

static struct str
source_word(struct ctx *cx, struct str source)
{
    struct str word = text_find(cx, str_cat(cx->arena, STR("operator.source."), source));
    return word.p == NULL ? source : word;
}

static struct str
id_text(struct ctx *cx, int64_t id)
{
    return str_fmt(cx->arena, "%" PRId64, id);
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
    struct tpl_operator_page_tables *t = op_table(cx, p, "operator.merge.preview", NULL, heads, 9);
    compare(cx, t, "operator.col.name", keep->name, gone->name);
    compare(cx, t, "operator.col.personal_id", keep->personal_id, gone->personal_id);
    compare(cx, t, "operator.col.birth", op_day(cx, keep->birth_date),
            op_day(cx, gone->birth_date));
    compare(cx, t, "operator.col.sex", sex_word(cx, keep->sex), sex_word(cx, gone->sex));
    compare(cx, t, "operator.col.phone", keep->phone, gone->phone);
    compare(cx, t, "operator.col.email", keep->email, gone->email);
    compare(cx, t, "operator.col.address", place(cx, keep), place(cx, gone));
    compare(cx, t, "operator.col.source", source_word(cx, keep->source),
            source_word(cx, gone->source));
    op_say(cx, p, "now",
           text_fill(cx, "operator.merge.moves", "n", text_number(cx, (int64_t)n), NULL), NULL);
    op_say(cx, p, "wait", text(cx, "operator.merge.swap"),
           str_z(cx->arena,
                 str_fmt(cx->arena, HERE "?keep=%" PRId64 "&gone=%" PRId64, gone->id, keep->id)));
    struct tpl_operator_page_forms *f =
        op_form(cx, p, STR(HERE), "operator.merge.do", "operator.merge.hint", "operator.merge.do");
    f->is_grave = true;
    op_hidden(cx, f, "keep", id_text(cx, keep->id));
    op_hidden(cx, f, "gone", id_text(cx, gone->id));
    return ERR_OK;
}

/* --- finding ------------------------------------------------------------------------------------
 */
struct search {
    struct str words, born; /* born: YYYY-MM-DD */
    int64_t keep;           /* the first of the two, when it is chosen */
};

/* A link of each row chooses: first the record that stays, then the one that goes into it. */
static struct str
choose_href(struct ctx *cx, const struct search *s, int64_t id)
{
    if (s->keep != 0) {
        return str_fmt(cx->arena, HERE "?keep=%" PRId64 "&gone=%" PRId64, s->keep, id);
    }
    return str_fmt(cx->arena, HERE "?keep=%" PRId64 "&ten=" STR_FMT "&sinh=" STR_FMT, id,
                   STR_ARG(op_encode(cx, s->words)), STR_ARG(op_encode(cx, s->born)));
}

static void
add_found(struct ctx *cx, struct tpl_operator_page *p, const struct search *s,
          const struct party *v, size_t n)
{
    static const char *const heads[] = { "operator.col.name",        "operator.col.birth",
                                         "operator.col.personal_id", "operator.col.address",
                                         "operator.col.source",      NULL };
    struct tpl_operator_page_tables *t =
        op_table(cx, p, s->keep == 0 ? "operator.merge.choose_keep" : "operator.merge.choose_gone",
                 "operator.merge.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        if (v[i].id == s->keep) {
            continue;
        }
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "ontime");
        struct str number = str_is_empty(v[i].personal_id)
                                ? text(cx, "operator.merge.no_number")
                                : party_mask_id(cx->arena, v[i].personal_id);
        op_cell(cx, r, v[i].name, choose_href(cx, s, v[i].id));
        op_cell(cx, r, op_day(cx, v[i].birth_date), STR_NULL);
        op_cell(cx, r, number, STR_NULL);
        op_cell(cx, r, str_is_empty(v[i].unit) ? STR("") : unit_name(cx, v[i].unit), STR_NULL);
        op_cell(cx, r, source_word(cx, v[i].source), STR_NULL);
    }
}

static enum err
show_found(struct ctx *cx, struct web_resp *rs, struct tpl_operator_page *p, const struct search *s)
{
    struct party *v = NULL;
    size_t n = 0;
    TRY(party_find_born(cx, s->words, s->born, &v, &n));
    add_found(cx, p, s, v, n);
    web_reads_person(cx, rs, 0, "party.merge", str_fmt(cx->arena, "n=%zu", n));
    return ERR_OK;
}

/* Records that look like one person; the one with a number is proposed to stay. */
static enum err
show_doubles(struct ctx *cx, struct web_resp *rs, struct tpl_operator_page *p)
{
    static const char *const heads[] = { "operator.col.name", "operator.col.birth",
                                         "operator.merge.keep", "operator.merge.gone", NULL };
    struct party_double *v = NULL;
    size_t n = 0;
    TRY(party_doubles(cx, &v, &n));
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.merge.doubles", "operator.merge.no_doubles", heads, n);
    for (size_t i = 0; i < n; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "due");
        op_cell(
            cx, r, v[i].keep.name,
            str_fmt(cx->arena, HERE "?keep=%" PRId64 "&gone=%" PRId64, v[i].keep.id, v[i].gone.id));
        op_cell(cx, r, op_day(cx, v[i].keep.birth_date), STR_NULL);
        op_cell(cx, r,
                str_is_empty(v[i].keep.personal_id)
                    ? text(cx, "operator.merge.no_number")
                    : party_mask_id(cx->arena, v[i].keep.personal_id),
                STR_NULL);
        op_cell(cx, r, source_word(cx, v[i].gone.source), STR_NULL);
    }
    web_reads_person(cx, rs, 0, "party.merge", str_fmt(cx->arena, "doubles n=%zu", n));
    return ERR_OK;
}

static void
add_search(struct ctx *cx, struct tpl_operator_page *p, const struct search *s)
{
    struct tpl_operator_page_forms *f = op_filter(cx, p, HERE, "operator.users.find");
    (void)op_field(cx, f, OP_TEXT, "ten", "operator.merge.words", s->words);
    (void)op_field(cx, f, OP_TEXT, "sinh", "operator.col.birth", op_day(cx, s->born));
    if (s->keep != 0) {
        op_hidden(cx, f, "keep", id_text(cx, s->keep));
    }
}

static void
add_numbers(struct ctx *cx, struct tpl_operator_page *p)
{
    struct tpl_operator_page_forms *f = op_form(cx, p, STR(HERE "/xem"), "operator.merge.choose",
                                                "operator.merge.intro", "operator.merge.preview");
    (void)op_field(cx, f, OP_TEXT, "a", "operator.merge.keep", STR_NULL);
    (void)op_field(cx, f, OP_TEXT, "b", "operator.merge.gone", STR_NULL);
}

static enum err
show_choice(struct ctx *cx, const struct web_req *rq, struct web_resp *rs,
            struct tpl_operator_page *p)
{
    struct search s = { .words = web_text(rq, "ten"),
                        .born = web_text(rq, "sinh"),
                        .keep = web_int(rq, "keep") };
    struct party kept;
    if (s.keep != 0) {
        TRY(party_get(cx, s.keep, &kept));
        web_reads_person(cx, rs, kept.id, "party.merge", STR_NULL);
        op_say(cx, p, "ontime",
               text_fill(cx, "operator.merge.kept", "name", kept.name, "born",
                         op_day(cx, kept.birth_date), NULL),
               NULL);
    } else {
        op_say(cx, p, "now", text(cx, "operator.merge.how"), NULL);
    }
    add_search(cx, p, &s);
    if (!str_is_empty(s.born)) {
        TRY(show_found(cx, rs, p, &s));
    } else if (!str_is_empty(s.words)) {
        op_say(cx, p, "due", text(cx, "operator.merge.need_birth"), NULL);
    } else if (s.keep == 0) {
        TRY(show_doubles(cx, rs, p));
    }
    if (s.keep == 0) {
        add_numbers(cx, p);
    }
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
    int64_t keep_id = web_int(rq, "keep");
    int64_t gone_id = web_int(rq, "gone");
    bool is_by_id = keep_id != 0 && gone_id != 0;
    bool is_by_number = !str_is_empty(a) && !str_is_empty(b);
    if (is_by_id) {
        TRY(party_get(cx, keep_id, &keep));
        TRY(party_get(cx, gone_id, &gone));
    } else if (is_by_number) {
        TRY(find(cx, "a", a, &keep));
        TRY(find(cx, "b", b, &gone));
    } else {
        TRY(show_choice(cx, rq, rs, p));
        return op_show(cx, rs, p);
    }
    if (keep.id != 0 && gone.id != 0 && keep.id != gone.id) {
        TRY(preview(cx, rs, p, &keep, &gone));
    } else {
        op_say(cx, p, "late", text(cx, "operator.merge.not_found"), HERE);
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
    return web_see_other(cx, rs, HERE);
}
