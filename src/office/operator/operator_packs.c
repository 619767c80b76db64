/* operator_packs.c: versions of the content pack: which is in force, what differs, putting the
 * folder's in force once it has been checked, and the way back to an earlier one. */
#include "base/buf.h"
#include "engine/access/access.h"
#include "engine/dossier/dossier.h"
#include "engine/form/form.h"
#include "engine/ledger/ledger.h"
#include "engine/pack/pack.h"
#include "engine/procedure/procedure.h"
#include "engine/unit/unit.h"
#include "office/operator/operator_int.h"
#include "sys/sys.h"

#define FAULTS_MAX  200
#define CHANGES_MAX 300
#define HERE        "/quan-tri/goi-noi-dung"

/* --- the list --------------------------------------------------------------------------------- */

/* "14:05 22/11/2026, Nguyễn Văn An" */
static struct str
live_text(struct ctx *cx, const struct pack_version *v)
{
    struct str who = v->live_by.p == NULL ? text(cx, "operator.packs.program") : v->live_by;
    struct str how = text_find(cx, str_cat(cx->arena, STR("operator.packs.how."), v->live_kind));
    return v->live_us == 0 ? op_when(cx, v->at_us)
                           : text_fill(cx, "operator.packs.live", "at", op_when(cx, v->live_us),
                                       "who", who, "how", how, NULL);
}

static struct str
version_href(struct ctx *cx, struct str version)
{
    return str_fmt(cx->arena, HERE "/" STR_FMT, STR_ARG(version));
}

static enum err
list_packs(struct ctx *cx, struct tpl_operator_page *p)
{
    static const char *const heads[] = { "operator.col.version",
                                         "operator.col.state",
                                         "operator.packs.when",
                                         "operator.col.reason",
                                         "operator.packs.open",
                                         "operator.packs.closed",
                                         NULL };
    struct pack_version *v = NULL;
    size_t n = 0;
    TRY(pack_versions(cx, &v, &n));
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.packs.versions", "operator.packs.none", heads, n);
    for (size_t i = 0; i < n; i++) {
        int64_t n_open = 0;
        int64_t n_closed = 0;
        TRY(dossier_pack_counts(cx, v[i].version, &n_open, &n_closed));
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, v[i].is_now ? "ontime" : "wait");
        op_cell(cx, r, v[i].version, version_href(cx, v[i].version));
        op_cell(cx, r,
                v[i].is_now ? text(cx, "operator.packs.now") : text(cx, "operator.packs.kept"),
                STR_NULL);
        op_cell(cx, r, live_text(cx, &v[i]), STR_NULL);
        op_cell(cx, r, v[i].reason, STR_NULL);
        op_cell(cx, r, text_number(cx, n_open), STR_NULL);
        op_cell(cx, r, text_number(cx, n_closed), STR_NULL);
    }
    return ERR_OK;
}

static void
add_check_form(struct ctx *cx, struct tpl_operator_page *p)
{
    (void)op_form(cx, p, STR(HERE "/kiem-tra"), "operator.packs.check", "operator.packs.check.hint",
                  "operator.packs.check.do");
}

enum err
op_packs(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *p = op_page(cx, "operator.packs");
    (void)rq;
    op_say(cx, p, "now", text(cx, "operator.packs.rule"), NULL);
    TRY(list_packs(cx, p));
    add_check_form(cx, p);
    return op_show(cx, rs, p);
}

/* --- what differs ----------------------------------------------------------------------------- */

static const char *
kind_key(char kind)
{
    return kind == '+'   ? "operator.packs.added"
           : kind == '-' ? "operator.packs.removed"
                         : "operator.packs.changed";
}

static const char *
kind_mark(char kind)
{
    return kind == '+' ? "ontime" : kind == '-' ? "late" : "due";
}

static void
say_rest(struct ctx *cx, struct tpl_operator_page *p, size_t n)
{
    if (n > CHANGES_MAX) {
        op_say(cx, p, "due",
               text_fill(cx, "operator.packs.rest", "n",
                         text_number(cx, (int64_t)(n - CHANGES_MAX)), NULL),
               NULL);
    }
}

static void
add_procedures(struct ctx *cx, struct tpl_operator_page *p, const struct pack *from,
               const struct pack *to)
{
    static const char *const heads[] = { "operator.packs.procedure", "operator.col.code",
                                         "operator.packs.change", "operator.packs.what", NULL };
    struct procedure_change *v = NULL;
    size_t n = procedure_compare(cx, from, to, &v);
    say_rest(cx, p, n);
    size_t shown = n < CHANGES_MAX ? n : CHANGES_MAX;
    struct tpl_operator_page_tables *t = op_table(cx, p, "operator.packs.procedures",
                                                  "operator.packs.procedures.none", heads, shown);
    for (size_t i = 0; i < shown; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, kind_mark(v[i].kind));
        op_cell(cx, r, v[i].name, STR_NULL);
        op_cell(cx, r, v[i].code, STR_NULL);
        op_cell(cx, r, text(cx, kind_key(v[i].kind)), STR_NULL);
        op_cell(cx, r, v[i].what, STR_NULL);
    }
}

/* "forms/khai-sinh.json": its title; of other files the path says enough. */
static struct str
file_words(struct ctx *cx, const struct pack *from, const struct pack *to, struct str path)
{
    struct str id;
    struct str rest;
    if (!str_starts(path, STR("forms/")) ||
        !str_cut(str_slice(path, sizeof("forms/") - 1, path.n), '.', &id, &rest)) {
        return path;
    }
    const struct form *f = form_find(to, id);
    f = f == NULL ? form_find(from, id) : f;
    return f == NULL ? path
                     : str_fmt(cx->arena, STR_FMT " (" STR_FMT ")", STR_ARG(form_title(cx, f)),
                               STR_ARG(path));
}

static struct str
folder_words(struct ctx *cx, struct str path)
{
    struct str folder;
    struct str rest;
    bool has_folder = str_cut(path, '/', &folder, &rest);
    struct str key =
        str_cat(cx->arena, STR("operator.packs.part."), has_folder ? folder : STR("site"));
    struct str word = text_find(cx, key);
    return word.p == NULL ? text(cx, "operator.packs.part.site") : word;
}

struct side { /* version null: the folder */
    const struct pack *pack;
    struct str version;
};

/* All files but those of procedures, which are told in words. */
static enum err
add_files(struct ctx *cx, struct tpl_operator_page *p, const struct side *from,
          const struct side *to)
{
    static const char *const heads[] = { "operator.packs.part", "operator.packs.change",
                                         "operator.packs.file", NULL };
    struct pack_file_change *v = NULL;
    size_t n = 0;
    size_t n_shown = 0;
    TRY(pack_compare(cx, cx->config->pack_dirs, from->version, to->version, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (!str_starts(v[i].path, STR("procedures/"))) {
            v[n_shown++] = v[i];
        }
    }
    say_rest(cx, p, n_shown);
    n_shown = n_shown < CHANGES_MAX ? n_shown : CHANGES_MAX;
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.packs.files", "operator.packs.files.none", heads, n_shown);
    for (size_t i = 0; i < n_shown; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, kind_mark(v[i].kind));
        op_cell(cx, r, folder_words(cx, v[i].path), STR_NULL);
        op_cell(cx, r, text(cx, kind_key(v[i].kind)), STR_NULL);
        op_cell(cx, r, file_words(cx, from->pack, to->pack, v[i].path), STR_NULL);
    }
    return ERR_OK;
}

static enum err
add_changes(struct ctx *cx, struct tpl_operator_page *p, const struct side *from,
            const struct side *to)
{
    add_procedures(cx, p, from->pack, to->pack);
    return add_files(cx, p, from, to);
}

/* --- what stands against it ------------------------------------------------------------------- */

/* Units that people, dossiers or drafts still name must be in the version that comes. */
static enum err
add_lost_units(struct ctx *cx, struct tpl_operator_page *p, const struct pack *to, size_t *ret_n)
{
    struct str *keys = NULL;
    size_t n = unit_missing(cx, pack_now(cx), to, &keys);
    *ret_n = 0;
    for (size_t i = 0; i < n; i++) {
        struct access_holder *holders = NULL;
        size_t n_holders = 0;
        int64_t n_open = 0;
        int64_t n_drafts = 0;
        TRY(dossier_unit_counts(cx, keys[i], &n_open, &n_drafts));
        TRY(access_positions_in(cx, keys[i], &holders, &n_holders));
        if (n_open == 0 && n_drafts == 0 && n_holders == 0) {
            continue;
        }
        *ret_n += 1;
        op_say(cx, p, "late",
               text_fill(cx, "operator.packs.unit_used", "unit", unit_name(cx, keys[i]), "open",
                         text_number(cx, n_open), "drafts", text_number(cx, n_drafts), "positions",
                         text_number(cx, (int64_t)n_holders), NULL),
               "/quan-tri/don-vi");
    }
    return ERR_OK;
}

static enum err
show_faults(struct ctx *cx, struct web_resp *rs, const struct pack_fault *faults, size_t n)
{
    static const char *const heads[] = { "operator.col.what", "operator.col.remedy",
                                         "operator.col.file", "operator.col.line", NULL };
    struct tpl_operator_page *p = op_page(cx, "operator.packs");
    size_t shown = n < FAULTS_MAX ? n : FAULTS_MAX;
    op_say(cx, p, "late",
           text_fill(cx, "operator.publish.faults", "n", text_number(cx, (int64_t)n), NULL), HERE);
    struct tpl_operator_page_tables *t =
        op_table(cx, p, "operator.publish.list", NULL, heads, shown);
    for (size_t i = 0; i < shown; i++) {
        struct tpl_operator_page_tables_rows *r = op_row(cx, t, "late");
        op_cell(cx, r, faults[i].what, STR_NULL);
        op_cell(cx, r, faults[i].remedy, STR_NULL);
        op_cell(cx, r, faults[i].file, STR_NULL);
        op_cell(cx, r, text_number(cx, faults[i].line), STR_NULL);
    }
    add_check_form(cx, p);
    web_status(rs, 422);
    return op_show(cx, rs, p);
}

/* --- the folder ------------------------------------------------------------------------------- */

static enum err
preview_folder(struct ctx *cx, struct web_resp *rs, const struct pack *fresh)
{
    struct tpl_operator_page *p = op_page(cx, "operator.packs.check");
    const struct pack *now = pack_now(cx);
    size_t n_lost = 0;
    if (str_eq(fresh->version, now->version)) {
        op_say(cx, p, "ontime", text(cx, "operator.packs.same"), HERE);
        return op_show(cx, rs, p);
    }
    const struct side from = { now, now->version };
    const struct side to = { fresh, STR_NULL };
    op_say(cx, p, "ontime", text_fill(cx, "operator.packs.clean", "version", fresh->version, NULL),
           NULL);
    TRY(add_lost_units(cx, p, fresh, &n_lost));
    TRY(add_changes(cx, p, &from, &to));
    if (n_lost == 0) {
        struct tpl_operator_page_forms *f = op_form(cx, p, STR(HERE), "operator.publish",
                                                    "operator.publish.hint", "operator.publish");
        op_hidden(cx, f, "version", str_dup(cx->arena, fresh->version));
        (void)op_field(cx, f, OP_TEXT, "reason", "operator.packs.reason_optional", STR(""));
    }
    return op_show(cx, rs, p);
}

/* What is shown is copied: the pack goes when the page is made. */
enum err
op_pack_check(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct pack_fault *faults = NULL;
    struct pack *fresh = NULL;
    size_t n = 0;
    (void)rq;
    enum err e = pack_set_check(cx, cx->packs, cx->config->pack_dirs, &fresh, &faults, &n);
    if (e == ERR_INVALID && n > 0) {
        return show_faults(cx, rs, faults, n);
    }
    if (e == ERR_OK) {
        e = preview_folder(cx, rs, fresh);
    }
    pack_free(fresh);
    return e;
}

static enum err
published(struct ctx *cx, struct str version, struct str reason)
{
    struct ledger_new e = { .kind = "pack.published", .note = version, .content = reason };
    return ledger_add(cx, &e);
}

static enum err
returned(struct ctx *cx, struct str version, struct str reason)
{
    struct ledger_new e = { .kind = "pack.returned", .note = version, .content = reason };
    return ledger_add(cx, &e);
}

static enum err
went_live(struct ctx *cx, struct web_resp *rs, const char *flash)
{
    web_forget_pages(rs);
    cx->pack = NULL;
    pack_pin(cx);
    web_flash(cx, rs, flash);
    return web_see_other(cx, rs, HERE);
}

/* A pack that is to go live is looked at first: the folder may have changed since. */
static enum err
folder_stands(struct ctx *cx, const struct web_req *rq, struct pack_fault **ret_faults,
              size_t *ret_n)
{
    struct tpl_operator_page *unused = op_page(cx, "operator.packs");
    struct pack *fresh = NULL;
    size_t n_lost = 0;
    struct str seen = web_text(rq, "version");
    TRY(pack_set_check(cx, cx->packs, cx->config->pack_dirs, &fresh, ret_faults, ret_n));
    bool is_other = !str_is_empty(seen) && !str_eq(seen, fresh->version);
    enum err e = add_lost_units(cx, unused, fresh, &n_lost);
    pack_free(fresh);
    if (e == ERR_OK && (is_other || n_lost > 0)) {
        ctx_problem(cx, STR("reason"),
                    n_lost > 0 ? STR("operator.packs.units_lost") : STR("operator.packs.moved_on"),
                    STR_NULL);
        return ctx_check(cx);
    }
    return e;
}

/* With faults nothing changes and the page names each with its remedy. */
enum err
op_pack_publish(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct pack_fault *faults = NULL;
    size_t n = 0;
    const struct pack *before = pack_now(cx);
    const struct pack_change change = { .reason = web_text(rq, "reason"),
                                        .is_asked = true,
                                        .on_live = published };
    enum err e = folder_stands(cx, rq, &faults, &n);
    if (e == ERR_OK) {
        e = pack_set_publish(cx, cx->packs, cx->config->pack_dirs, &change, &faults, &n);
    }
    if (e == ERR_INVALID && n > 0) {
        return show_faults(cx, rs, faults, n);
    }
    TRY(e);
    cx->pack = NULL;
    bool is_same = str_eq(before->version, pack_now(cx)->version);
    return went_live(cx, rs, is_same ? "operator.packs.same" : "operator.publish.done");
}

/* --- one version ------------------------------------------------------------------------------ */

static enum err
version_find(struct ctx *cx, struct str version, struct pack_version *ret)
{
    struct pack_version *v = NULL;
    size_t n = 0;
    TRY(pack_versions(cx, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].version, version)) {
            *ret = v[i];
            return ERR_OK;
        }
    }
    return err_set(cx, ERR_NOT_FOUND, "pack version");
}

static enum err
add_return(struct ctx *cx, struct tpl_operator_page *p, const struct pack_version *v,
           const struct pack *back)
{
    const struct pack *now = pack_now(cx);
    const struct side from = { now, now->version };
    const struct side to = { back, back->version };
    int64_t n_open = 0;
    int64_t n_closed = 0;
    size_t n_lost = 0;
    TRY(dossier_pack_counts(cx, now->version, &n_open, &n_closed));
    op_say(cx, p, "now", text(cx, "operator.packs.back.what"), NULL);
    op_say(cx, p, "now",
           text_fill(cx, "operator.packs.back.flight", "n", text_number(cx, n_open), NULL), NULL);
    TRY(add_lost_units(cx, p, back, &n_lost));
    TRY(add_changes(cx, p, &from, &to));
    if (n_lost == 0) {
        struct tpl_operator_page_forms *f =
            op_form(cx, p, str_fmt(cx->arena, HERE "/" STR_FMT "/quay-lai", STR_ARG(v->version)),
                    "operator.packs.back", "operator.packs.back.hint", "operator.packs.back.do");
        f->is_grave = true;
        (void)op_field(cx, f, OP_TEXT, "reason", "operator.col.reason", STR(""));
    }
    return ERR_OK;
}

enum err
op_pack(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *p = op_page(cx, "operator.packs");
    struct pack_version v;
    const struct pack *pack = NULL;
    int64_t n_open = 0;
    int64_t n_closed = 0;
    TRY(version_find(cx, web_param(rq, "version"), &v));
    TRY(pack_by_version(cx, v.version, &pack));
    TRY(dossier_pack_counts(cx, v.version, &n_open, &n_closed));
    p->title = text_fill(cx, "operator.packs.one", "version", v.version, NULL);
    op_say(cx, p, v.is_now ? "ontime" : "wait",
           text_fill(cx, "operator.packs.since", "when", live_text(cx, &v), NULL), NULL);
    op_below(cx, p, HERE, "operator.packs");
    op_say(cx, p, "now",
           text_fill(cx, "operator.packs.dossiers", "open", text_number(cx, n_open), "closed",
                     text_number(cx, n_closed), NULL),
           NULL);
    if (!v.is_now) {
        TRY(add_return(cx, p, &v, pack));
    }
    return op_show(cx, rs, p);
}

enum err
op_pack_return(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_operator_page *unused = op_page(cx, "operator.packs");
    struct pack_fault *faults = NULL;
    const struct pack *back = NULL;
    struct pack_version v;
    size_t n = 0;
    size_t n_lost = 0;
    const struct pack_change change = { .reason = web_text(rq, "reason"), .on_live = returned };
    TRY(version_find(cx, web_param(rq, "version"), &v));
    TRY(pack_by_version(cx, v.version, &back));
    TRY(add_lost_units(cx, unused, back, &n_lost));
    if (n_lost > 0) {
        ctx_problem(cx, STR("reason"), STR("operator.packs.units_lost"), STR_NULL);
        return ctx_check(cx);
    }
    enum err e =
        pack_set_return(cx, cx->packs, cx->config->pack_dirs, v.version, &change, &faults, &n);
    if (e == ERR_INVALID && n > 0) {
        return show_faults(cx, rs, faults, n);
    }
    TRY(e);
    return went_live(cx, rs, "operator.packs.back.done");
}
