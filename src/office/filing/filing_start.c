/* filing_start.c: for whom, and where: the draft begins. */
#include "codec/json.h"
#include "codec/vn.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "gen/tpl_filing.h"
#include "office/filing/filing_int.h"
#include "store/store.h"
#include "sys/sys.h"

#define FOR_MAX       40
#define HINTS_MAX     12
#define CONSENT_BYTES 8192U
#define TRIES_MAX     20
#define HOUR_US       (INT64_C(3600) * DATE_US_PER_S)

/* --- the page
 * ----------------------------------------------------------------------------------------- */
static void
list_units(struct ctx *cx, struct tpl_filing_start *data)
{
    const struct unit *const *units = NULL;
    size_t n = unit_list(cx, UNIT_COMMUNE, calendar_today(cx), &units);
    data->units.v = ARENA_ARRAY(cx->arena, struct tpl_filing_start_units, n);
    for (size_t i = 0; i < n; i++) {
        data->units.v[data->units.n++] =
            (struct tpl_filing_start_units){ .value = units[i]->code,
                                             .label = pack_text(cx, units[i]->name) };
    }
}

/* "Xã Thanh An" of last year is part of which commune now? */
static void
list_hints(struct ctx *cx, struct str old_name, struct tpl_filing_start *data)
{
    struct date today = calendar_today(cx);
    struct date before = date_of(2025, 6, 30);
    const struct unit *const *found = NULL;
    size_t n = str_is_empty(old_name) ? 0 : unit_by_name(cx, old_name, before, &found);
    data->old_name = old_name;
    data->hints.v = ARENA_ARRAY(cx->arena, struct tpl_filing_start_hints, HINTS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct unit *const *now = NULL;
        size_t n_now = unit_resolve(cx, found[i], today, &now);
        for (size_t k = 0; k < n_now && data->hints.n < HINTS_MAX; k++) {
            data->hints.v[data->hints.n++] = (struct tpl_filing_start_hints){
                .old = pack_text(cx, found[i]->name),
                .now = pack_text(cx, now[k]->name),
                .href = str_fmt(cx->arena, "/nop/" STR_FMT "?xa=" STR_FMT, STR_ARG(data->code),
                                STR_ARG(now[k]->code)),
            };
        }
    }
    data->is_nothing_found = !str_is_empty(old_name) && data->hints.n == 0;
}

static void
add_for(struct tpl_filing_start *data, struct str value, struct str label, struct str note)
{
    if (data->whom.n < FOR_MAX) {
        data->whom.v[data->whom.n++] =
            (struct tpl_filing_start_whom){ .value = value, .label = label, .note = note };
    }
}

static void
add_linked(struct ctx *cx, struct tpl_filing_start *data, const char *kind, const char *key)
{
    struct party_link *links = NULL;
    size_t n = 0;
    if (party_links(cx, kind, cx->actor->party, &links, &n) != ERR_OK) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct party p;
        if (filing_is_linked(cx, links[i].to) && party_get(cx, links[i].to, &p) == ERR_OK) {
            add_for(data, str_fmt(cx->arena, "p%" PRId64, p.id), p.name,
                    text_find(cx, str_of(key)));
        }
    }
}

static void
list_for_whom(struct ctx *cx, struct tpl_filing_start *data)
{
    data->whom.v = ARENA_ARRAY(cx->arena, struct tpl_filing_start_whom, FOR_MAX);
    if (cx->actor == NULL) {
        return;
    }
    add_for(data, STR("self"), text(cx, "filing.for.self"), cx->actor->name);
    add_linked(cx, data, "represents", "filing.for.org");
    add_linked(cx, data, "parent", "filing.for.child");
    add_linked(cx, data, "guardian", "filing.for.ward");
    add_linked(cx, data, "spouse", "filing.for.spouse");
    data->may_other = access_may(cx, "dossier.file_for_other");
    if (data->may_other) {
        add_for(data, STR("other"), text(cx, "filing.for.other"),
                text(cx, "filing.for.other.note"));
    }
    data->is_choice = data->whom.n > 1;
    data->for_first = cx->actor->for_party == 0
                          ? STR("self")
                          : str_fmt(cx->arena, "p%" PRId64, cx->actor->for_party);
}

static enum err
list_drafts(struct ctx *cx, struct tpl_filing_start *data)
{
    struct dossier_draft *v = NULL;
    size_t n = 0;
    if (cx->actor == NULL) {
        return ERR_OK;
    }
    TRY(dossier_drafts_of(cx, cx->actor->account, cx->who.session, &v, &n));
    data->drafts.v = ARENA_ARRAY(cx->arena, struct tpl_filing_start_drafts, n);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].procedure, data->code)) {
            data->drafts.v[data->drafts.n++] = (struct tpl_filing_start_drafts){
                .href = str_fmt(cx->arena, "/nhap/%" PRId64, v[i].id),
                .unit = unit_name(cx, v[i].unit),
                .at = text_instant(cx, v[i].updated_us),
            };
        }
    }
    return ERR_OK;
}

/* Where the person lives, as the likeliest place to file. */
static struct str
home_code(struct ctx *cx)
{
    struct party p;
    const struct unit *const *now = NULL;
    if (cx->actor == NULL || party_get(cx, cx->actor->party, &p) != ERR_OK) {
        return STR_NULL;
    }
    const struct unit *u = str_is_empty(p.unit) ? NULL : unit_by_key(cx, p.unit);
    return u != NULL && unit_resolve(cx, u, calendar_today(cx), &now) == 1 ? now[0]->code
                                                                           : STR_NULL;
}

static enum err
find_procedure(struct ctx *cx, const struct web_req *rq, const struct procedure **ret)
{
    *ret = procedure_at(cx, web_param(rq, "code"), calendar_today(cx));
    return *ret == NULL ? err_set(cx, ERR_NOT_FOUND, "no such procedure") : ERR_OK;
}

enum err
filing_start(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    const struct procedure *p = NULL;
    struct tpl_filing_start *data = ARENA_NEW(cx->arena, struct tpl_filing_start);
    TRY(find_procedure(cx, rq, &p));
    data->code = p->code;
    data->procedure = procedure_short_name(cx, p);
    data->official = pack_text(cx, p->name);
    data->minutes = p->minutes;
    data->time = procedure_time_text(cx, p);
    data->fees = procedure_fees_text(cx, p);
    data->is_online = p->online != PROCEDURE_COUNTER;
    data->is_signed_in = cx->actor != NULL;
    data->is_commune = procedure_decides_on(p, calendar_today(cx)).level == UNIT_COMMUNE;
    struct str asked = rq->is_again ? STR_NULL : web_text(rq, "xa");
    data->chosen = str_is_empty(asked) ? home_code(cx) : asked;
    struct str back = str_fmt(cx->arena, "/nop/" STR_FMT, STR_ARG(p->code));
    if (unit_at(cx, asked, calendar_today(cx)) != NULL) {
        back = str_fmt(cx->arena, STR_FMT "?xa=" STR_FMT, STR_ARG(back), STR_ARG(asked));
    }
    data->signin = web_signin_href(cx, back);
    list_units(cx, data);
    list_hints(cx, rq->is_again ? STR_NULL : web_text(rq, "cu"), data);
    list_for_whom(cx, data);
    TRY(list_drafts(cx, data));
    web_crumb(cx, rs, str_fmt(cx->arena, "/thu-tuc/" STR_FMT, STR_ARG(p->code)), data->procedure);
    web_title(rs, data->procedure);
    return web_page(cx, rs, &tpl_filing_start_t, data);
}

/* --- beginning
 * ---------------------------------------------------------------------------------------- */
struct other_job {
    struct party p;
};

static enum err
other_tx(struct ctx *cx, void *arg)
{
    struct other_job *job = arg;
    struct party known;
    enum err e = party_by_personal_id(cx, job->p.personal_id, &known);
    if (e == ERR_OK) {
        job->p = known;
        return ERR_OK;
    }
    return e == ERR_NOT_FOUND ? party_add(cx, &job->p) : e;
}

static void
check_other(struct ctx *cx, const struct web_req *rq)
{
    struct str born = web_text(rq, "nguoi_sinh");
    struct str id = web_text(rq, "nguoi_so");
    if (!vn_is_name(web_text(rq, "nguoi_ten"), 80)) {
        ctx_problem(cx, STR("nguoi_ten"), STR("filing.other.name_wrong"), STR_NULL);
    }
    const char *wrong = party_check_personal_id(id, STR_NULL, str_is_empty(born) ? STR_NULL : born);
    if (wrong != NULL) {
        ctx_problem(cx, STR("nguoi_so"), str_of(wrong), str_fmt(cx->arena, "%zu", id.n));
    }
    if (str_is_empty(web_text(rq, "dong_y"))) {
        ctx_problem(cx, STR("dong_y"), STR("filing.consent.missing"), STR_NULL);
    }
}

static enum err
other_party(struct ctx *cx, const struct web_req *rq, struct dossier_draft_new *in)
{
    if (!access_may(cx, "dossier.file_for_other")) {
        return err_set(cx, ERR_FORBIDDEN, "filing for another person");
    }
    TRY(access_rate(cx, str_fmt(cx->arena, "filing.other:%" PRId64, cx->actor->account), HOUR_US,
                    TRIES_MAX));
    check_other(cx, rq);
    TRY(ctx_check(cx));
    struct str born = web_text(rq, "nguoi_sinh");
    struct other_job job = { .p = { .kind = STR("person"),
                                    .name = vn_squeeze(cx->arena, web_text(rq, "nguoi_ten")),
                                    .personal_id = web_text(rq, "nguoi_so"),
                                    .birth_date = born.p == NULL ? STR("") : born,
                                    .source = STR("self"),
                                    .source_us = sys_now_us(cx) } };
    TRY(store_write(cx, other_tx, &job));
    if (!vn_equal(cx->arena, job.p.name, web_text(rq, "nguoi_ten"))) {
        ctx_problem(cx, STR("nguoi_so"), STR("filing.other.mismatch"), STR_NULL);
        return ctx_check(cx);
    }
    in->party = job.p.id;
    in->assisted_by = cx->actor->account;
    in->consent_how = web_text(rq, "dong_y");
    in->consent_words = web_text(rq, "dong_y_loi");
    return ERR_OK;
}

/* self, a party on record that the caller may speak for, or another person with consent. */
static enum err
choose_party(struct ctx *cx, const struct web_req *rq, struct dossier_draft_new *in)
{
    struct str whom = web_text(rq, "cho");
    int64_t party = 0;
    in->party = cx->actor->for_party != 0 ? cx->actor->for_party : cx->actor->party;
    if (str_is_empty(whom)) {
        return ERR_OK;
    }
    in->party = cx->actor->party;
    if (str_eq(whom, STR("self"))) {
        return ERR_OK;
    }
    if (str_eq(whom, STR("other"))) {
        return other_party(cx, rq, in);
    }
    if (!str_starts(whom, STR("p")) ||
        !str_to_i64(str_slice(whom, 1, whom.n), 1, INT64_MAX, &party) ||
        !filing_is_linked(cx, party)) {
        return err_set(cx, ERR_FORBIDDEN, "no link to that person or organisation");
    }
    in->party = party;
    return ERR_OK;
}

static enum err
choose_unit(struct ctx *cx, const struct web_req *rq, const struct procedure *p,
            const struct unit **ret)
{
    struct date today = calendar_today(cx);
    struct str address = web_text(rq, "xa");
    enum err e = unit_competent(cx, procedure_decides_on(p, today), address, today, ret);
    if (e == ERR_NOT_FOUND || e == ERR_CONFLICT) {
        ctx_problem(cx, STR("xa"), STR("filing.unit.unknown"), STR_NULL);
        return ctx_check(cx);
    }
    return e;
}

/* Of a person who is helped only what the helper has just typed and the record agrees with. */
static size_t
typed_sources(struct ctx *cx, int64_t party, const struct form_source **ret)
{
    struct party p;
    struct form_source *v = ARENA_ARRAY(cx->arena, struct form_source, 2);
    *ret = v;
    if (party_get(cx, party, &p) != ERR_OK) {
        return 0;
    }
    struct str label = text(cx, "filing.other.typed");
    struct date today = calendar_today(cx);
    v[0] = (struct form_source){ STR("person.full_name"), p.name, false, label, today };
    v[1] = (struct form_source){ STR("person.personal_id"), p.personal_id, false, label, today };
    return 2;
}

/* The new draft with everything that is known already. */
static enum err
prefill(struct ctx *cx, int64_t id)
{
    struct filing f = { 0 };
    const struct form_source *sources = NULL;
    struct party p;
    TRY(dossier_draft_get(cx, id, cx->who.session, &f.d));
    f.p = procedure_at(cx, f.d.procedure, calendar_today(cx));
    f.form = f.p == NULL ? NULL : form_find(pack_now(cx), f.p->form);
    if (f.form == NULL) {
        return err_set(cx, ERR_INTERNAL, "form of " STR_FMT " is missing", STR_ARG(f.d.procedure));
    }
    f.env = dossier_form_env(cx, &f.d);
    TRY(form_state_load(cx, f.form, f.d.form, &f.st));
    size_t n = filing_sources(cx, f.d.party, &sources);
    if (n == 0 && f.d.assisted_by != 0) {
        n = typed_sources(cx, f.d.party, &sources);
    }
    (void)form_prefill(cx, &f.st, &f.env, sources, n);
    if (str_is_empty(f.d.phone) && party_get(cx, cx->actor->party, &p) == ERR_OK) {
        f.d.phone = p.phone.p == NULL ? STR("") : p.phone;
        f.d.email = p.email.p == NULL ? STR("") : p.email;
    }
    return filing_save(cx, &f);
}

enum err
filing_start_post(struct ctx *cx, const struct web_req *rq, struct web_resp *rs)
{
    const struct procedure *p = NULL;
    const struct unit *unit = NULL;
    struct dossier_draft_new in = { .account = cx->actor->account, .channel = STR("online") };
    int64_t id = 0;
    TRY(find_procedure(cx, rq, &p));
    if (p->online == PROCEDURE_COUNTER) {
        return err_set(cx, ERR_FORBIDDEN, "procedure " STR_FMT " is not filed online",
                       STR_ARG(p->code));
    }
    TRY(choose_unit(cx, rq, p, &unit));
    TRY(choose_party(cx, rq, &in));
    in.procedure = p->code;
    in.unit = unit->key;
    in.address = web_text(rq, "xa");
    TRY(dossier_draft_new(cx, &in, &id));
    TRY(prefill(cx, id));
    return web_see_other(cx, rs, "/nhap/%" PRId64, id);
}
