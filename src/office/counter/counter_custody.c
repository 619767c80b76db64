/* counter_custody.c: originals that the desk keeps for a dossier and gives back against signature:
 * a slip for both sides, the identity of who takes them, and the list of all that the desk holds.
 */
#include "office/counter/counter_int.h"

#include "base/buf.h"
#include "codec/json.h"
#include "engine/pack/pack.h"
#include "engine/paper/paper.h"
#include "engine/print/print.h"

#define HELD_MAX   200
#define GIVE_MAX   200
#define SLIP_BYTES ((size_t)256 << 10)

/* The papers that the procedure asks for with these answers. */
static enum err
fill_choices(struct ctx *cx, const struct dossier *d, struct tpl_counter_custody *page)
{
    struct dossier_need *v = NULL;
    size_t n = 0;
    TRY(dossier_needs(cx, d, &v, &n));
    page->choices.v = ARENA_ARRAY(cx->arena, struct tpl_counter_custody_choices, n);
    for (size_t i = 0; i < n; i++) {
        page->choices.v[page->choices.n++] = (struct tpl_counter_custody_choices){
            .value = v[i].paper.id,
            .label = pack_text(cx, v[i].paper.name),
        };
    }
    return ERR_OK;
}

static void
fill_row(struct ctx *cx, const struct custody *c, struct tpl_counter_custody *page)
{
    struct str copies = text_number(cx, c->n_copies);
    struct str taken = text_fill(cx, "counter.taken", "at", text_instant(cx, c->taken_us), "who",
                                 c->taken_by, NULL);
    if (c->returned_us == 0) {
        page->held.v[page->held.n++] = (struct tpl_counter_custody_held){
            .entry = counter_id(cx, c->id), .what = c->what, .copies = copies, .taken = taken
        };
        return;
    }
    page->given.v[page->given.n++] = (struct tpl_counter_custody_given){
        .what = c->what,
        .copies = copies,
        .taken = taken,
        .given = text_fill(cx, "counter.given", "at", text_instant(cx, c->returned_us), "who",
                           c->given_to, "id", str_is_empty(c->given_id) ? STR("-") : c->given_id,
                           "by", c->given_by, NULL),
    };
}

enum err
counter_custody(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_custody *page = ARENA_NEW(cx->arena, struct tpl_counter_custody);
    struct dossier d;
    struct custody *v = NULL;
    size_t n = 0;
    TRY(counter_open(cx, rq, "paper.custody", &d));
    TRY(custody_list(cx, d.id, &v, &n));
    page->id = counter_id(cx, d.id);
    page->number = d.number;
    page->who = d.applicant;
    page->has_slip = n > 0;
    page->held.v = ARENA_ARRAY(cx->arena, struct tpl_counter_custody_held, n);
    page->given.v = ARENA_ARRAY(cx->arena, struct tpl_counter_custody_given, n);
    for (size_t i = 0; i < n; i++) {
        fill_row(cx, &v[i], page);
    }
    TRY(fill_choices(cx, &d, page));
    web_title(rs, text(cx, "counter.custody"));
    web_crumb(cx, rs, str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64, d.id), d.number);
    web_crumb(cx, rs, STR_NULL, text(cx, "counter.custody"));
    web_reads_person(cx, rs, d.party, "custody", d.number);
    return web_page(cx, rs, &tpl_counter_custody_t, page);
}

/* "Giấy chứng sinh: số 12/2026", or what was written when it is no required paper. */
static enum err
name_of(struct ctx *cx, const struct dossier *d, struct str requirement, struct str words,
        struct str *ret)
{
    struct dossier_need *v = NULL;
    size_t n = 0;
    TRY(dossier_needs(cx, d, &v, &n));
    *ret = words;
    for (size_t i = 0; i < n; i++) {
        struct str name = pack_text(cx, v[i].paper.name);
        if (!str_is_empty(requirement) && str_eq(v[i].paper.id, requirement)) {
            *ret = str_is_empty(words)
                       ? name
                       : str_fmt(cx->arena, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(words));
            return ERR_OK;
        }
    }
    if (!str_is_empty(requirement)) {
        return err_set(cx, ERR_NOT_FOUND, "procedure asks for no such paper");
    }
    if (str_is_empty(words)) {
        ctx_problem(cx, STR("what"), STR("counter.what.missing"), STR_NULL);
    }
    return ctx_check(cx);
}

enum err
counter_take(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    int64_t id = 0;
    int64_t n = web_int(rq, "copies");
    TRY(counter_open(cx, rq, "paper.custody", &d));
    struct str requirement = web_text(rq, "requirement");
    struct custody in = { .dossier_id = d.id,
                          .unit = d.unit,
                          .requirement = str_is_empty(requirement) ? STR_NULL : requirement,
                          .n_copies = n < 1 ? 1 : n,
                          .taken_by = cx->actor->name };
    TRY(name_of(cx, &d, requirement, str_trim(web_text(rq, "what")), &in.what));
    TRY(custody_take(cx, &in, &id));
    web_flash(cx, rs, "counter.flash.taken");
    return web_see_other(cx, rs, "/can-bo/quay/giu/%" PRId64, d.id);
}

/* Who takes them, the number of the identity paper that was seen, and a signature on the slip. */
static enum err
read_receiver(struct ctx *cx, const struct web_req *rq, struct custody *ret)
{
    ret->given_by = cx->actor->name;
    ret->given_to = str_trim(web_text(rq, "to_whom"));
    ret->given_id = str_trim(web_text(rq, "given_id"));
    if (str_is_empty(ret->given_to)) {
        ctx_problem(cx, STR("to_whom"), STR("counter.to_whom.missing"), STR_NULL);
    }
    if (ret->given_id.n < 6) {
        ctx_problem(cx, STR("given_id"), STR("counter.given_id.missing"), STR_NULL);
    }
    if (!web_bool(rq, "signed")) {
        ctx_problem(cx, STR("signed"), STR("counter.signed.missing"), STR_NULL);
    }
    return ctx_check(cx);
}

enum err
counter_give(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct str *ids = NULL;
    struct custody who = { 0 };
    TRY(counter_open(cx, rq, "paper.custody", &d));
    size_t n = web_list(cx, rq, "giay", &ids);
    if (n == 0 || n > GIVE_MAX) {
        ctx_problem(cx, STR("giay"), STR("counter.give.none"), STR_NULL);
    }
    TRY(read_receiver(cx, rq, &who));
    struct custody *v = ARENA_ARRAY(cx->arena, struct custody, n);
    for (size_t i = 0; i < n; i++) {
        v[i] = who;
        v[i].dossier_id = d.id;
        if (!str_to_i64(ids[i], 1, INT64_MAX, &v[i].id)) {
            return err_set(cx, ERR_NOT_FOUND, "no such original");
        }
    }
    TRY(custody_return(cx, v, n));
    web_flash(cx, rs, "counter.flash.given");
    return web_see_other(cx, rs, "/can-bo/quay/giu/%" PRId64, d.id);
}

/* --- the slip --------------------------------------------------------------------------------- */
static void
put_original(struct ctx *cx, struct json_out *o, const struct custody *c)
{
    json_open(o);
    json_put_str(o, "what", c->what);
    json_put_i64(o, "copies", c->n_copies);
    json_put_str(o, "taken", date_iso_instant_vn(cx->arena, c->taken_us));
    json_put_str(o, "taken_by", c->taken_by);
    json_put_bool(o, "is_given", c->returned_us != 0);
    if (c->returned_us != 0) {
        json_put_str(o, "given", date_iso_instant_vn(cx->arena, c->returned_us));
        json_put_str(o, "given_by", c->given_by);
        json_put_str(o, "given_to", c->given_to);
        json_put_str(o, "given_id", c->given_id);
    }
    json_close(o);
}

enum err
counter_slip(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct dossier d;
    struct custody *v = NULL;
    struct pdf_out out;
    const struct procedure *p = NULL;
    size_t n = 0;
    struct buf b = buf_new(cx->arena, SLIP_BYTES);
    struct json_out o = json_out(&b);
    TRY(counter_open(cx, rq, "paper.custody", &d));
    TRY(custody_list(cx, d.id, &v, &n));
    if (n == 0) {
        return err_set(cx, ERR_NOT_FOUND, "dossier %" PRId64 " has no originals in custody", d.id);
    }
    TRY(dossier_procedure(cx, &d, &p));
    json_open(&o);
    counter_put_agency(cx, &o, d.unit);
    json_put_str(&o, "dossier_number", d.number);
    json_put_str(&o, "procedure", pack_text(cx, p->name));
    json_put_str(&o, "applicant", d.applicant);
    json_put_str(&o, "taken_by", v[0].taken_by);
    json_put_str(&o, "given_to", v[n - 1].given_to);
    json_key(&o, "rows");
    json_open_list(&o);
    for (size_t i = 0; i < n; i++) {
        put_original(cx, &o, &v[i]);
    }
    json_close_list(&o);
    json_close(&o);
    TRY(print_pdf(cx, pack_now(cx), STR("giao-nhan-ban-chinh"), buf_str(&b), &out));
    web_reads_person(cx, rs, d.party, "custody", d.number);
    return web_bytes(cx, rs, out.bytes, STR("application/pdf"), STR_NULL);
}

/* --- all that the desk holds ------------------------------------------------------------------ */
enum err
counter_held(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_held *page = ARENA_NEW(cx->arena, struct tpl_counter_held);
    struct custody *v = NULL;
    struct str unit;
    size_t n = 0;
    int64_t after = web_int(rq, "sau");
    TRY(counter_unit(cx, "paper.custody", &unit));
    TRY(custody_held(cx, unit, after < 0 ? 0 : after, HELD_MAX, &v, &n));
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_counter_held_rows, n);
    for (size_t i = 0; i < n; i++) {
        struct dossier d;
        TRY(dossier_get(cx, v[i].dossier_id, &d));
        page->rows.v[page->rows.n++] = (struct tpl_counter_held_rows){
            .href = str_fmt(cx->arena, "/can-bo/quay/giu/%" PRId64, d.id),
            .number = d.number,
            .who = d.applicant,
            .what = v[i].what,
            .copies = text_number(cx, v[i].n_copies),
            .taken = text_instant(cx, v[i].taken_us),
            .state = text_find(cx, str_fmt(cx->arena, "dossier.status.%d", d.status)),
            .is_over = !str_eq(d.state, STR("open")),
        };
    }
    if (n == HELD_MAX) {
        page->next = str_fmt(cx->arena, "/can-bo/quay/ban-chinh?sau=%" PRId64, v[n - 1].id);
    }
    web_title(rs, text(cx, "counter.held"));
    web_reads_person(cx, rs, 0, "custody", str_fmt(cx->arena, "n=%zu", n));
    return web_page(cx, rs, &tpl_counter_held_t, page);
}
