/* exchange_arrival_take.c: what a portal handed over becomes a dossier, by the rules that hold for
 * a filing here: a procedure in force, a unit that decides it, an applicant who is who he says,
 * complete answers, papers that open. The draft it is made of is the memory of a half-done work. */
#include "base/buf.h"
#include "codec/base64.h"
#include "codec/vn.h"
#include "crypto/digest.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier.h"
#include "engine/exchange/exchange_arrival.h"
#include "engine/paper/paper.h"
#include "engine/unit/unit.h"
#include "store/store.h"
#include "sys/sys.h"

struct taking {
    struct arrival *a;
    const struct procedure *procedure;
    const struct unit *unit;
    struct party who;
    struct form_state form;
};

static struct str
said(const struct arrival *a, const char *name)
{
    struct str s = json_text(a->doc, name);
    return s.p == NULL ? STR("") : str_trim(s);
}

/* --- where ------------------------------------------------------------------------------------ */
/* The unit the portal names, or the one that decides there; a word when it is none. */
static const char *
find_unit(struct ctx *cx, struct taking *t)
{
    const struct unit *was = NULL;
    const struct unit *const *now = NULL;
    struct date today = calendar_today(cx);
    struct unit_rule rule = procedure_decides_on(t->procedure, today);
    size_t n = unit_by_national_code(cx, said(t->a, "unit_code"), today, &was, &now);
    if (n != 1) {
        return n == 0 ? "unit" : "unit_split";
    }
    enum err e = unit_competent(cx, rule, now[0]->key, today, &t->unit);
    return e == ERR_OK ? NULL : "unit_other";
}

/* --- who -------------------------------------------------------------------------------------- */
static enum err
add_party_tx(struct ctx *cx, void *arg)
{
    return party_add(cx, arg);
}

/* Known by number here, and of that name; or new. */
static enum err
find_applicant(struct ctx *cx, struct taking *t, const char **ret_word)
{
    bool is_org = str_eq(said(t->a, "kind"), STR("org"));
    struct str number = said(t->a, "personal_id");
    struct str name = said(t->a, "applicant");
    const char *bad =
        is_org ? party_check_tax_code(number) : party_check_personal_id(number, STR_NULL, STR_NULL);
    if (bad != NULL || str_is_empty(name)) {
        *ret_word = "applicant";
        return ERR_OK;
    }
    enum err e =
        is_org ? party_by_tax_code(cx, number, &t->who) : party_by_personal_id(cx, number, &t->who);
    if (e == ERR_OK) {
        *ret_word = vn_equal(cx->arena, name, t->who.name) ? NULL : "applicant_other";
        return ERR_OK;
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    t->who = (struct party){ .kind = is_org ? STR("org") : STR("person"),
                             .name = name,
                             .personal_id = is_org ? STR_NULL : number,
                             .tax_code = is_org ? number : STR_NULL,
                             .phone = said(t->a, "phone"),
                             .email = said(t->a, "email"),
                             .source = STR("portal"),
                             .source_us = sys_now_us(cx) };
    *ret_word = NULL;
    return store_write(cx, add_party_tx, &t->who);
}

/* --- answers ---------------------------------------------------------------------------------- */
enum err
exchange_arrival_form(struct ctx *cx, const struct arrival *a, const struct procedure *p,
                      const struct party *who, struct form_state *ret)
{
    const struct form_source *sources = NULL;
    struct dossier_draft d = { .channel = STR("online"), .n_copies = 1 };
    struct form_env env = dossier_form_env(cx, &d);
    struct buf b = buf_new(cx->arena, (size_t)256 << 10);
    struct json_out o = json_out(&b);
    const struct json *answers = json_get(a->doc, "answers");
    if (answers == NULL || answers->type != JSON_OBJECT) {
        json_open(&o);
        json_close(&o);
    } else {
        json_write(&o, answers);
    }
    TRY(form_state_load(cx, form_find(pack_now(cx), p->form), STR_NULL, ret));
    enum err e = form_read_json(cx, ret, &env, buf_str(&b));
    if (e != ERR_OK && e != ERR_INVALID) {
        return e;
    }
    for (uint32_t i = 0; i < cx->n_problems; i++) {
        if (str_eq(cx->problems[i].key, STR("form.problem.unknown"))) {
            return ERR_INVALID;
        }
    }
    /* what the portal's form does not ask for and we know */
    cx->n_problems = 0;
    size_t n = dossier_prefill_sources(cx, who->id, &sources);
    (void)form_prefill(cx, ret, &env, sources, n);
    return form_check(cx, ret, &env);
}

/* The problems in cx in one sentence. */
static struct str
problems_text(struct ctx *cx)
{
    struct buf b = buf_new(cx->arena, (size_t)8 << 10);
    for (uint32_t i = 0; i < cx->n_problems; i++) {
        const struct problem *p = &cx->problems[i];
        struct str field =
            str_starts(p->field, STR("a.")) ? str_slice(p->field, 2, p->field.n) : p->field;
        struct str what = text_fill(cx, str_z(cx->arena, p->key), "arg",
                                    p->arg.p == NULL ? STR("") : p->arg, NULL);
        if (buf_str(&b).n + field.n + what.n + 8 > ARRIVAL_NOTE_BYTES) {
            break;
        }
        buf_addf(&b, "%s" STR_FMT ": " STR_FMT, i == 0 ? "" : "; ", STR_ARG(field), STR_ARG(what));
    }
    return buf_str(&b);
}

/* --- papers ----------------------------------------------------------------------------------- */
/* The paper of the procedure that the portal means: by its id, or by its type of the national list.
 */
static struct str
requirement_of(const struct procedure *p, struct str code)
{
    for (size_t i = 0; i < p->n_papers; i++) {
        const struct procedure_paper *v = &p->papers[i];
        if (!v->is_by_form &&
            (str_eq(v->id, code) || (!str_is_empty(code) && str_eq(v->type, code)))) {
            return v->id;
        }
    }
    return STR_NULL;
}

/* The file's bytes. *ret_bad: why they cannot be taken; null: fine. */
static enum err
fetch_file(struct ctx *cx, const struct arrival *a, const struct json *paper, struct str *ret,
           struct str *ret_bad)
{
    struct exchange_reply reply;
    struct json *tree = NULL;
    struct str id = json_text(paper, "id");
    struct str hash = json_text(paper, "hash");
    struct buf b = buf_new(cx->arena, 4096);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "national", a->r.national);
    json_put_str(&o, "file", id.p == NULL ? STR("") : id);
    json_close(&o);
    struct exchange_question q = { .operation = a->c->dossier.file,
                                   .fields = buf_str(&b),
                                   .key = str_fmt(cx->arena,
                                                  "arrival:%" PRId64 ":%" PRId64 ":" STR_FMT,
                                                  a->r.id, a->r.revision, STR_ARG(id)) };
    TRY(exchange_arrival_ask(cx, a, &q, &reply));
    *ret_bad = text(cx, "exchange.arrival.paper.missing");
    if (!str_is_empty(reply.fault)) {
        return ERR_OK;
    }
    TRY(json_parse(cx->arena, reply.fields, (struct json_limits){ 0 }, &tree, NULL));
    struct str bytes = json_text(tree, "bytes");
    if (str_is_empty(bytes) || !base64_decode(cx->arena, bytes, ret)) {
        return ERR_OK;
    }
    bool is_same = str_is_empty(hash) || str_eq_nocase(hash, digest_sha256_hex(cx->arena, *ret));
    *ret_bad = is_same ? STR_NULL : text(cx, "exchange.arrival.paper.hash");
    return ERR_OK;
}

static enum err
take_paper(struct ctx *cx, struct arrival *a, const struct arrival_papers *in,
           const struct json *paper, struct str *ret_bad)
{
    struct paper made;
    struct str bytes = STR("");
    TRY(fetch_file(cx, a, paper, &bytes, ret_bad));
    if (ret_bad->p != NULL) {
        return ERR_OK;
    }
    struct str code = json_text(paper, "requirement");
    struct str name = json_text(paper, "name");
    struct paper_new new = { .owner_id = in->party,
                             .dossier_id = in->owner_id,
                             .requirement = requirement_of(in->procedure, code),
                             .name = name.p == NULL ? STR("giay-to") : name,
                             .captured_by = STR("portal"),
                             .bytes = bytes,
                             .field = STR("file") };
    enum err e = paper_add(cx, &new, &made);
    struct str id = json_text(paper, "id");
    if (e == ERR_OK && !str_is_empty(id)) {
        return exchange_portal_file_known(cx, &made, a->c->id, id);
    }
    if (e != ERR_INVALID && e != ERR_CONFLICT) {
        return e;
    }
    *ret_bad = e == ERR_CONFLICT ? text(cx, "exchange.arrival.paper.many") : problems_text(cx);
    cx->n_problems = 0;
    return ERR_OK;
}

static enum err
take_papers(struct ctx *cx, struct arrival *a, const struct arrival_papers *in,
            const struct json *list, struct str *ret_bad)
{
    for (JSON_EACH(list, it)) {
        struct str bad = STR_NULL;
        if (str_eq(json_text(it, "deleted"), STR("true"))) {
            continue;
        }
        TRY(take_paper(cx, a, in, it, &bad));
        if (bad.p != NULL) {
            struct str name = json_text(it, "name");
            *ret_bad =
                str_fmt(cx->arena, STR_FMT ": " STR_FMT,
                        STR_ARG(str_slice(name, 0, name.n < 200 ? name.n : 200)), STR_ARG(bad));
            return ERR_OK;
        }
    }
    return ERR_OK;
}

enum err
exchange_arrival_papers(struct ctx *cx, struct arrival *a, const struct arrival_papers *in,
                        struct str *ret_bad)
{
    static const char *const lists[] = { "papers", "others" };
    *ret_bad = STR_NULL;
    for (size_t i = 0; i < COUNT_OF(lists) && ret_bad->p == NULL; i++) {
        TRY(take_papers(cx, a, in, json_get(a->doc, lists[i]), ret_bad));
    }
    return ERR_OK;
}

/* --- the draft -------------------------------------------------------------------------------- */
struct draft_job {
    struct taking *t;
    int64_t id;
};

static enum err
draft_tx(struct ctx *cx, void *arg)
{
    struct draft_job *job = arg;
    struct taking *t = job->t;
    struct dossier_draft_new in = { .procedure = t->procedure->code,
                                    .unit = t->unit->key,
                                    .address = t->unit->code,
                                    .channel = STR("online"),
                                    .party = t->who.id,
                                    .session = t->a->r.id }; /* nobody's session: ids are unique */
    TRY(dossier_draft_new(cx, &in, &job->id));
    return q_xarrival_draft(cx, NULL, .id = t->a->r.id, .draft_id = job->id);
}

/* How the applicant gets the result, when the portal does not say: as the procedure allows. */
static struct str
collect_of(const struct arrival *a, const struct procedure *p)
{
    struct str asked = said(a, "collect");
    if (!str_is_empty(asked)) {
        return asked;
    }
    return (p->collect & PROCEDURE_ELECTRONIC) != 0 ? STR("electronic") : STR("counter");
}

static enum err
open_draft(struct ctx *cx, struct taking *t, struct dossier_draft *ret)
{
    struct arrival *a = t->a;
    if (a->r.draft_id == 0) {
        struct draft_job job = { .t = t };
        TRY(store_write(cx, draft_tx, &job));
        a->r.draft_id = job.id;
    }
    TRY(dossier_draft_get(cx, a->r.draft_id, a->r.id, ret));
    struct str phone = said(a, "phone");
    struct str email = said(a, "email");
    ret->form = form_state_save(cx, &t->form);
    ret->collect = collect_of(a, t->procedure);
    ret->post_address = said(a, "post_address");
    ret->phone = str_is_empty(phone) ? ret->phone : phone;
    ret->email = str_is_empty(email) ? ret->email : email;
    return dossier_draft_save(cx, ret);
}

static enum err
hold(struct ctx *cx, struct taking *t, const char *fault, struct str note)
{
    struct arrival *a = t->a;
    struct arrival_end end = { .state = "held", .outcome = "held", .fault = fault, .note = note };
    if (a->r.draft_id != 0) {
        TRY(dossier_draft_drop(cx, a->r.draft_id, a->r.id));
        a->r.draft_id = 0;
    }
    cx->n_problems = 0;
    return exchange_arrival_end(cx, a, &end);
}

/* --- one after the other ---------------------------------------------------------------------- */
/* Everything but papers. *ret_word: why it cannot be taken. */
static enum err
check(struct ctx *cx, struct taking *t, const char **ret_word, struct str *ret_note)
{
    struct arrival *a = t->a;
    *ret_note = STR_NULL;
    struct str code = procedure_code_of(said(a, "procedure"));
    t->procedure = code.p == NULL ? NULL : procedure_at(cx, code, calendar_today(cx));
    if (t->procedure == NULL) {
        *ret_word = "procedure";
        *ret_note = said(a, "procedure");
        return ERR_OK;
    }
    *ret_word = find_unit(cx, t);
    if (*ret_word != NULL) {
        *ret_note = said(a, "unit_code");
        return ERR_OK;
    }
    TRY(find_applicant(cx, t, ret_word));
    if (*ret_word != NULL) {
        return ERR_OK;
    }
    a->subject = t->who.id;
    enum err e = exchange_arrival_form(cx, a, t->procedure, &t->who, &t->form);
    if (e == ERR_INVALID) {
        *ret_word = "answers";
        *ret_note = problems_text(cx);
        return ERR_OK;
    }
    return e;
}

static enum err
taken(struct ctx *cx, struct arrival *a, int64_t dossier)
{
    struct arrival_end end = { .state = "taken", .outcome = "taken", .fault = "" };
    a->r.dossier_id = dossier;
    return exchange_arrival_end(cx, a, &end);
}

static enum err
submit(struct ctx *cx, struct taking *t, struct dossier_draft *d)
{
    struct dossier_receipt receipt;
    cx->n_problems = 0;
    enum err e = dossier_submit(cx, d, &receipt);
    if (e == ERR_INVALID) {
        return hold(cx, t, "incomplete", problems_text(cx));
    }
    TRY(e);
    return taken(cx, t->a, receipt.id);
}

enum err
exchange_arrival_take(struct ctx *cx, struct arrival *a)
{
    struct taking t = { .a = a };
    struct dossier_draft d = { .dossier = 0 };
    const char *word = NULL;
    struct str fault;
    struct str note;
    if (a->r.draft_id != 0) {
        TRY(dossier_draft_get(cx, a->r.draft_id, a->r.id, &d));
    }
    if (d.dossier != 0) { /* the program ended right after it was taken */
        return taken(cx, a, d.dossier);
    }
    TRY(exchange_arrival_read(cx, a, &fault));
    if (!str_is_empty(fault)) {
        return hold(cx, &t, "gone", STR_NULL);
    }
    TRY(check(cx, &t, &word, &note));
    if (word != NULL) {
        return hold(cx, &t, word, note);
    }
    TRY(open_draft(cx, &t, &d));
    struct arrival_papers papers = { t.procedure, d.id, t.who.id };
    TRY(exchange_arrival_papers(cx, a, &papers, &note));
    if (note.p != NULL) {
        return hold(cx, &t, "paper", note);
    }
    return submit(cx, &t, &d);
}
