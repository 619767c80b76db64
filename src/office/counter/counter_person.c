/* counter_person.c: who stands at the counter: found, added, helped to file, given an account. */
#include "office/counter/counter_int.h"

#include "base/buf.h"
#include "codec/json.h"
#include "codec/vn.h"
#include "crypto/password.h"
#include "engine/calendar/calendar.h"
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "engine/search/search.h"
#include "engine/unit/unit.h"
#include "store/store.h"
#include "sys/sys.h"

#define DRAFTS_SHOWN   10
#define CHOICES_SHOWN  12
#define DOSSIERS_SHOWN 20
#define PASSWORD_CHARS 10
#define CONSENT_BYTES  1024

struct str
counter_id(struct ctx *cx, int64_t id)
{
    return str_fmt(cx->arena, "%" PRId64, id);
}

enum err
counter_unit(struct ctx *cx, const char *perm, struct str *ret)
{
    struct access_position *v = NULL;
    if (access_positions_for(cx, perm, &v) == 0) {
        return err_set(cx, ERR_FORBIDDEN, "no position gives %s", perm);
    }
    *ret = v[0].unit;
    cx->who.unit = v[0].unit;
    cx->who.acting_for = v[0].owner;
    return ERR_OK;
}

/* --- start
 * ----------------------------------------------------------------------------------------------------
 */
enum err
counter_start(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_start *page = ARENA_NEW(cx->arena, struct tpl_counter_start);
    struct dossier_draft *d = NULL;
    size_t n = 0;
    (void)rq;
    TRY(dossier_drafts_of(cx, cx->who.account, 0, &d, &n));
    page->drafts.v = ARENA_ARRAY(cx->arena, struct tpl_counter_start_drafts, n);
    for (size_t i = 0; i < n && page->drafts.n < DRAFTS_SHOWN; i++) {
        const struct procedure *p = procedure_at(cx, d[i].procedure, calendar_today(cx));
        struct party who;
        if (!str_eq(d[i].channel, STR("counter")) || party_get(cx, d[i].party, &who) != ERR_OK) {
            continue;
        }
        page->drafts.v[page->drafts.n++] = (struct tpl_counter_start_drafts){
            .href = str_fmt(cx->arena, "/nhap/%" PRId64, d[i].id),
            .title = p == NULL ? d[i].procedure : procedure_short_name(cx, p),
            .note = str_fmt(cx->arena, STR_FMT ", " STR_FMT,
                            STR_ARG(party_mask_name(cx->arena, who.name)),
                            STR_ARG(text_instant(cx, d[i].updated_us))),
        };
    }
    page->to = text_date_of(cx, calendar_today(cx));
    page->from = text_date_of(cx, (struct date){ calendar_today(cx).day - 30 });
    web_title(rs, text(cx, "counter.title"));
    return web_page(cx, rs, &tpl_counter_start_t, page);
}

/* --- finding
 * ---------------------------------------------------------------------------------------------------
 */
static void
people_row(struct ctx *cx, const struct party *p, struct tpl_counter_people *page)
{
    page->rows.v[page->rows.n++] = (struct tpl_counter_people_rows){
        .href = str_fmt(cx->arena, "/can-bo/quay/nguoi/%" PRId64, p->id),
        .name = party_mask_name(cx->arena, p->name),
        .number =
            party_mask_id(cx->arena, str_is_empty(p->personal_id) ? p->tax_code : p->personal_id),
        .born = str_is_empty(p->birth_date) ? STR("") : str_slice(p->birth_date, 0, 4),
    };
}

static enum err
find_people(struct ctx *cx, struct str words, struct tpl_counter_people *page)
{
    struct party one;
    struct party *v = NULL;
    struct str unit;
    size_t n = 0;
    enum err e = party_by_personal_id(cx, words, &one);
    if (e == ERR_NOT_FOUND) {
        e = party_by_tax_code(cx, words, &one);
    }
    if (e == ERR_OK) {
        page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_counter_people_rows, 1);
        people_row(cx, &one, page);
        return ERR_OK;
    }
    if (e != ERR_NOT_FOUND) {
        return e;
    }
    TRY(counter_unit(cx, "party.read", &unit));
    TRY(party_find(cx, unit, words, &v, &n));
    page->rows.v = ARENA_ARRAY(cx->arena, struct tpl_counter_people_rows, n);
    for (size_t i = 0; i < n; i++) {
        people_row(cx, &v[i], page);
    }
    return ERR_OK;
}

/* The list of who was found, masked; nobody: the form to add a person. */
enum err
counter_people(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_people *page = ARENA_NEW(cx->arena, struct tpl_counter_people);
    bool is_asked = rq->route->method == HTTP_GET;
    struct str words = is_asked ? vn_squeeze(cx->arena, web_text(rq, "q")) : STR("");
    page->q = words;
    if (!str_is_empty(words)) {
        TRY(find_people(cx, words, page));
        web_reads_person(cx, rs, 0, "counter.find", str_fmt(cx->arena, "n=%zu", page->rows.n));
    }
    page->number = party_check_personal_id(words, STR_NULL, STR_NULL) == NULL ? words : STR_NULL;
    page->tax_code = party_check_tax_code(words) == NULL ? words : STR_NULL;
    page->is_unknown = page->rows.n == 0;
    web_title(rs, text(cx, "counter.people"));
    return web_page(cx, rs, &tpl_counter_people_t, page);
}

static enum err
add_tx(struct ctx *cx, void *arg)
{
    struct party *p = arg;
    TRY(party_add(cx, p));
    struct ledger_new e = { .kind = "person.added",
                            .object = ledger_object(cx, "party", p->id),
                            .subject = p->id,
                            .purpose = STR("counter") };
    return ledger_add(cx, &e);
}

enum err
counter_take_in(struct ctx *cx, struct party *p)
{
    return store_write(cx, add_tx, p);
}

enum err
counter_add(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct party p = { .kind = STR("person"),
                       .name = vn_squeeze(cx->arena, web_text(rq, "name")),
                       .personal_id = web_text(rq, "number"),
                       .birth_date = web_text(rq, "birth"),
                       .sex = web_text(rq, "sex"),
                       .ethnicity = STR(""),
                       .nationality = STR("Việt Nam"),
                       .phone = web_text(rq, "phone"),
                       .email = STR(""),
                       .address = web_text(rq, "address"),
                       .tax_code = STR_NULL,
                       .source = STR("counter"),
                       .source_us = sys_now_us(cx) };
    TRY(counter_unit(cx, "dossier.intake", &p.unit));
    const char *fault = party_check_personal_id(p.personal_id, p.sex, p.birth_date);
    if (fault != NULL) {
        ctx_problem(cx, STR("number"), str_of(fault), STR_NULL);
    }
    if (!vn_is_name(p.name, 80)) {
        ctx_problem(cx, STR("name"), STR("counter.bad_name"), STR_NULL);
    }
    TRY(ctx_check(cx));
    p.phone = p.phone.p == NULL ? STR("") : p.phone;
    p.address = p.address.p == NULL ? STR("") : p.address;
    enum err e = counter_take_in(cx, &p);
    if (e == ERR_CONFLICT) {
        ctx_problem(cx, STR("number"), STR("counter.number_taken"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(e);
    return web_see_other(cx, rs, "/can-bo/quay/nguoi/%" PRId64, p.id);
}

/* --- one person
 * ------------------------------------------------------------------------------------------------
 */
static enum err
fill_choices(struct ctx *cx, struct str words, struct tpl_counter_person *page)
{
    struct search_hits hits = { 0 };
    struct procedure_filter filter = { 0 };
    TRY(search_procedures(cx, words, &filter, CHOICES_SHOWN, &hits));
    page->choices.v = ARENA_ARRAY(cx->arena, struct tpl_counter_person_choices, hits.n);
    for (size_t i = 0; i < hits.n; i++) {
        const struct procedure *p = hits.v[i].procedure;
        page->choices.v[page->choices.n++] = (struct tpl_counter_person_choices){
            .value = p->code,
            .label = procedure_short_name(cx, p),
            .note = str_fmt(cx->arena, STR_FMT ". " STR_FMT ", " STR_FMT,
                            STR_ARG(pack_text(cx, p->name)), STR_ARG(procedure_time_text(cx, p)),
                            STR_ARG(procedure_fees_text(cx, p))),
        };
    }
    return ERR_OK;
}

static enum err
fill_dossiers(struct ctx *cx, const struct party *p, struct tpl_counter_person *page)
{
    struct dossier_row *v = NULL;
    size_t n = 0;
    TRY(dossier_of_party(cx, p->id, 0, &v, &n));
    page->dossiers.v = ARENA_ARRAY(cx->arena, struct tpl_counter_person_dossiers, n);
    for (size_t i = 0; i < n && page->dossiers.n < DOSSIERS_SHOWN; i++) {
        if (access_may_in(cx, "dossier.read_unit", v[i].unit)) {
            page->dossiers.v[page->dossiers.n++] = (struct tpl_counter_person_dossiers){
                .href = str_fmt(cx->arena, "/can-bo/ho-so/%" PRId64, v[i].id),
                .number = v[i].number,
                .procedure = v[i].procedure,
                .state = text_find(cx, str_fmt(cx->arena, "dossier.status.%d", v[i].status)),
            };
        }
    }
    return ERR_OK;
}

enum err
counter_person(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_person *page = ARENA_NEW(cx->arena, struct tpl_counter_person);
    struct party p;
    int64_t id = 0;
    int64_t account = 0;
    bool is_asked = rq->route->method == HTTP_GET;
    TRY(web_param_id(cx, rq, "party", &id));
    TRY(party_get(cx, id, &p));
    page->id = counter_id(cx, p.id);
    page->name = p.name;
    page->is_org = str_eq(p.kind, STR("org"));
    page->number = str_is_empty(p.personal_id) ? p.tax_code : p.personal_id;
    page->born = p.birth_date;
    struct date born;
    if (date_parse(p.birth_date, &born)) {
        page->born = text_date_of(cx, born);
    }
    page->address = str_is_empty(p.unit)
                        ? p.address
                        : str_fmt(cx->arena, STR_FMT ", " STR_FMT, STR_ARG(p.address),
                                  STR_ARG(unit_name(cx, p.unit)));
    page->phone = p.phone;
    page->q = is_asked ? web_text(rq, "q") : STR_NULL;
    page->has_account = access_account_by_party(cx, p.id, &account) == ERR_OK;
    TRY(fill_choices(cx, page->q, page));
    TRY(fill_dossiers(cx, &p, page));
    web_title(rs, p.name);
    web_crumb(cx, rs, STR("/can-bo/quay"), text(cx, "counter.title"));
    web_crumb(cx, rs, STR_NULL, p.name);
    web_reads_person(cx, rs, p.id, "counter", STR_NULL);
    return web_page(cx, rs, &tpl_counter_person_t, page);
}

/* --- beginning a dossier for the person
 * ------------------------------------------------------------------------- */
/* What the platform knows of the person is in the form already. */
static enum err
prefill(struct ctx *cx, int64_t id)
{
    struct dossier_draft d;
    struct form_state st;
    const struct form_source *sources = NULL;
    TRY(dossier_draft_get(cx, id, 0, &d));
    const struct procedure *p = procedure_at(cx, d.procedure, calendar_today(cx));
    const struct form *form = p == NULL ? NULL : form_find(pack_now(cx), p->form);
    if (form == NULL) {
        return err_set(cx, ERR_INTERNAL, "form of " STR_FMT " is missing", STR_ARG(d.procedure));
    }
    struct form_env env = dossier_form_env(cx, &d);
    TRY(form_state_load(cx, form, d.form, &st));
    size_t n = dossier_prefill_sources(cx, d.party, &sources);
    (void)form_prefill(cx, &st, &env, sources, n);
    d.form = form_state_save(cx, &st);
    d.collect = STR("counter");
    return dossier_draft_save(cx, &d);
}

enum err
counter_begin(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct party p;
    struct str unit;
    const struct unit *decides = NULL;
    int64_t id = 0;
    int64_t draft = 0;
    struct date today = calendar_today(cx);
    TRY(web_param_id(cx, rq, "party", &id));
    TRY(party_get(cx, id, &p));
    TRY(counter_unit(cx, "dossier.intake", &unit));
    const struct procedure *proc = procedure_at(cx, web_text(rq, "procedure"), today);
    if (proc == NULL) {
        ctx_problem(cx, STR("procedure"), STR("counter.no_procedure"), STR_NULL);
        return ctx_check(cx);
    }
    if (unit_competent(cx, procedure_decides_on(proc, today), unit, today, &decides) != ERR_OK) {
        ctx_problem(cx, STR("procedure"), STR("counter.no_unit"), STR_NULL);
        return ctx_check(cx);
    }
    struct str words = STR_NULL;
    struct str how = web_text(rq, "consent");
    if (str_eq(p.kind, STR("org"))) {
        TRY(counter_agent(cx, rq, &words));
        how = STR("paper");
    } else if (str_is_empty(how)) {
        ctx_problem(cx, STR("consent"), STR("web.invalid.required"), STR_NULL);
        return ctx_check(cx);
    }
    struct dossier_draft_new in = { .procedure = proc->code,
                                    .unit = decides->key,
                                    .address = unit_by_key(cx, unit)->code,
                                    .channel = STR("counter"),
                                    .party = p.id,
                                    .account = cx->who.account,
                                    .assisted_by = cx->who.account,
                                    .consent_how = how,
                                    .consent_words = words };
    TRY(dossier_draft_new(cx, &in, &draft));
    TRY(prefill(cx, draft));
    return web_see_other(cx, rs, "/nhap/%" PRId64, draft);
}

/* --- accounts
 * --------------------------------------------------------------------------------------------------
 */
struct account_job {
    struct party p;
    struct str hash;
    int64_t account;
    bool is_new;
};

static enum err
account_tx(struct ctx *cx, void *arg)
{
    struct account_job *job = arg;
    if (job->is_new) {
        TRY(access_account_add(cx, job->p.id, job->p.personal_id, job->hash, false, true,
                               &job->account));
    }
    struct ledger_new e = { .kind = job->is_new ? "account.opened" : "account.password_reset",
                            .object = ledger_object(cx, "account", job->account),
                            .subject = job->p.id,
                            .purpose = STR("counter") };
    return ledger_add(cx, &e);
}

/* A password that must be changed at the first sign-in; an old one of the account ends. */
static enum err
give_password(struct ctx *cx, struct account_job *job, struct str password)
{
    struct access_account have;
    enum err e = access_account_by_party(cx, job->p.id, &job->account);
    job->is_new = e == ERR_NOT_FOUND;
    if (job->is_new) {
        TRY(password_hash(cx, password, &job->hash));
        return store_write(cx, account_tx, job);
    }
    TRY(e);
    TRY(access_account_get(cx, job->account, &have));
    if (have.is_officer) {
        return err_set(cx, ERR_FORBIDDEN, "an officer's password is the operator's to give");
    }
    TRY(access_set_password(cx, job->account, password, true));
    if (have.has_totp) {
        TRY(access_totp_disable(cx, job->account));
    }
    return store_write(cx, account_tx, job);
}

enum err
counter_account(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    struct tpl_counter_account *page = ARENA_NEW(cx->arena, struct tpl_counter_account);
    struct account_job job = { 0 };
    int64_t id = 0;
    TRY(web_param_id(cx, rq, "party", &id));
    TRY(party_get(cx, id, &job.p));
    if (!web_bool(rq, "checked")) {
        ctx_problem(cx, STR("checked"), STR("counter.unchecked"), STR_NULL);
        return ctx_check(cx);
    }
    if (str_is_empty(job.p.personal_id)) {
        return err_set(cx, ERR_FORBIDDEN, "an organisation signs in through its representative");
    }
    struct str password = sys_random_code(cx, PASSWORD_CHARS);
    TRY(give_password(cx, &job, password));
    page->name = job.p.name;
    page->login = job.p.personal_id;
    page->password = password;
    page->href = str_fmt(cx->arena, "/can-bo/quay/nguoi/%" PRId64, job.p.id);
    web_title(rs, text(cx, "counter.account"));
    web_reads_person(cx, rs, job.p.id, "counter.account", STR_NULL);
    return web_page(cx, rs, &tpl_counter_account_t, page);
}
