/* dossier_draft.c: drafts: begin, find again, save, prefill, and what is still missing. */
#include "codec/json.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/pack/pack.h"
#include "engine/paper/paper.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "gen/q_dossier.h"
#include "store/store.h"
#include "sys/sys.h"

#define DRAFTS_MAX  50
#define CHOICES_MAX 400
#define SOURCES_MAX 24

struct new_job {
    const struct dossier_draft_new *in;
    struct party party;
    int64_t id;
};

static enum err
new_tx(struct ctx *cx, void *arg)
{
    struct new_job *job = arg;
    const struct dossier_draft_new *in = job->in;
    job->id = store_new_id(cx);
    if (!str_is_empty(in->consent_how)) {
        TRY(dossier_consent_helped(cx, in, job->id, &job->party));
    }
    return q_draft_insert(
        cx, NULL, .id = job->id, .party_id = in->party, .account_id = in->account,
        .session_id = in->account == 0 ? in->session : 0, .assisted_by = in->assisted_by,
        .procedure_code = in->procedure, .pack_version = pack_now(cx)->version, .unit = in->unit,
        .address = in->address.p == NULL ? STR("") : in->address, .form = STR(""),
        .channel = in->channel, .phone = job->party.phone.p == NULL ? STR("") : job->party.phone,
        .email = job->party.email.p == NULL ? STR("") : job->party.email, .now_us = sys_now_us(cx));
}

enum err
dossier_draft_new(struct ctx *cx, const struct dossier_draft_new *in, int64_t *ret_id)
{
    struct new_job job = { .in = in };
    if (in->party != 0) {
        TRY(party_get(cx, in->party, &job.party));
    }
    TRY(cx->is_writing ? new_tx(cx, &job) : store_write(cx, new_tx, &job));
    *ret_id = job.id;
    return ERR_OK;
}

static bool
is_mine(const struct ctx *cx, const struct q_draft_by_id *row, int64_t session)
{
    const struct actor *me = cx->actor;
    if (me != NULL && row->account_id != 0 &&
        (row->account_id == me->account || row->assisted_by == me->account)) {
        return true;
    }
    return row->account_id == 0 && row->session_id != 0 && row->session_id == session;
}

/* A unit that ended while the draft was open: its only successor takes it over. */
static void
follow_successor(struct ctx *cx, struct dossier_draft *d)
{
    struct date today = calendar_today(cx);
    const struct unit *u = unit_by_key(cx, d->unit);
    const struct unit *const *heirs = NULL;
    if (u == NULL || unit_is_valid(u, today)) {
        return;
    }
    if (unit_resolve(cx, u, today, &heirs) == 1) {
        d->moved_from = d->unit;
        d->unit = heirs[0]->key;
        d->address = heirs[0]->code;
    }
}

enum err
dossier_draft_get(struct ctx *cx, int64_t id, int64_t session, struct dossier_draft *ret)
{
    struct q_draft_by_id r;
    TRY(q_draft_by_id(cx, &r, .id = id));
    if (!is_mine(cx, &r, session)) {
        return err_set(cx, ERR_NOT_FOUND, "draft %" PRId64 " is somebody else's", id);
    }
    *ret = (struct dossier_draft){ .id = r.id,
                                   .version = r.version,
                                   .party = r.party_id,
                                   .account = r.account_id,
                                   .session = r.session_id,
                                   .assisted_by = r.assisted_by,
                                   .procedure = r.procedure_code,
                                   .pack_version = r.pack_version,
                                   .unit = r.unit,
                                   .address = r.address,
                                   .form = r.form,
                                   .channel = r.channel,
                                   .collect = r.collect,
                                   .post_address = r.post_address,
                                   .phone = r.phone,
                                   .email = r.email,
                                   .n_copies = r.n_copies,
                                   .created_us = r.created_us,
                                   .updated_us = r.updated_us,
                                   .dossier = r.dossier_id,
                                   .moved_from =
                                       str_is_empty(r.moved_from) ? STR_NULL : r.moved_from };
    follow_successor(cx, ret);
    return ERR_OK;
}

static enum err
save_tx(struct ctx *cx, void *arg)
{
    const struct dossier_draft *d = arg;
    int64_t n = 0;
    TRY(q_draft_update(cx, &n, .id = d->id, .version = d->version, .unit = d->unit,
                       .moved_from = d->moved_from.p == NULL ? STR("") : d->moved_from,
                       .address = d->address, .form = d->form, .collect = d->collect,
                       .post_address = d->post_address, .phone = d->phone, .email = d->email,
                       .n_copies = d->n_copies, .now_us = sys_now_us(cx)));
    return n == 1 ? ERR_OK
                  : err_set(cx, ERR_CONFLICT, "draft %" PRId64 " changed elsewhere", d->id);
}

enum err
dossier_draft_save(struct ctx *cx, struct dossier_draft *d)
{
    TRY(store_write(cx, save_tx, d));
    d->version++;
    return ERR_OK;
}

enum err
dossier_drafts_of(struct ctx *cx, int64_t account, int64_t session, struct dossier_draft **ret,
                  size_t *ret_n)
{
    struct q_drafts_of_account_list own;
    struct q_drafts_of_session_list anonymous;
    TRY(q_drafts_of_account(cx, &own, .account_id = account, .limit_n = DRAFTS_MAX));
    TRY(q_drafts_of_session(cx, &anonymous, .session_id = session, .limit_n = DRAFTS_MAX));
    struct dossier_draft *v = ARENA_ARRAY(cx->arena, struct dossier_draft, own.n + anonymous.n);
    size_t n = 0;
    for (size_t i = 0; i < own.n; i++) {
        v[n++] = (struct dossier_draft){ .id = own.v[i].id,
                                         .procedure = own.v[i].procedure_code,
                                         .unit = own.v[i].unit,
                                         .party = own.v[i].party_id,
                                         .channel = own.v[i].channel,
                                         .created_us = own.v[i].created_us,
                                         .updated_us = own.v[i].updated_us };
    }
    for (size_t i = 0; i < anonymous.n; i++) {
        v[n++] = (struct dossier_draft){ .id = anonymous.v[i].id,
                                         .procedure = anonymous.v[i].procedure_code,
                                         .unit = anonymous.v[i].unit,
                                         .channel = anonymous.v[i].channel,
                                         .created_us = anonymous.v[i].created_us,
                                         .updated_us = anonymous.v[i].updated_us };
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

static enum err
drop_tx(struct ctx *cx, void *arg)
{
    TRY(q_draft_drop(cx, NULL, .id = *(int64_t *)arg));
    return paper_remove_all(cx, *(int64_t *)arg);
}

enum err
dossier_draft_drop(struct ctx *cx, int64_t id, int64_t session)
{
    struct dossier_draft d;
    TRY(dossier_draft_get(cx, id, session, &d));
    return store_write(cx, drop_tx, &d.id);
}

struct claim_job {
    int64_t session, account, party;
};

static enum err
claim_tx(struct ctx *cx, void *arg)
{
    const struct claim_job *job = arg;
    return q_drafts_claim(cx, NULL, .session_id = job->session, .account_id = job->account,
                          .party_id = job->party);
}

enum err
dossier_drafts_claim(struct ctx *cx, int64_t session, int64_t account, int64_t party)
{
    struct claim_job job = { session, account, party };
    return session == 0 ? ERR_OK : store_write(cx, claim_tx, &job);
}

/* --- the form's surroundings ------------------------------------------------------------------ */
static enum unit_level
level_of_kind(struct str kind)
{
    enum unit_level level = UNIT_COMMUNE;
    struct str word = str_starts(kind, STR("unit:")) ? str_slice(kind, 5, kind.n) : kind;
    return unit_level_parse(word, &level) ? level : UNIT_COMMUNE;
}

static size_t
choices(struct ctx *cx, void *arg, struct str kind, const struct form_choice **ret)
{
    (void)arg;
    const struct unit *const *units = NULL;
    size_t n = unit_list(cx, level_of_kind(kind), calendar_today(cx), &units);
    n = n > CHOICES_MAX ? CHOICES_MAX : n;
    struct form_choice *v = ARENA_ARRAY(cx->arena, struct form_choice, n);
    for (size_t i = 0; i < n; i++) {
        v[i] =
            (struct form_choice){ .value = units[i]->code, .text = pack_text(cx, units[i]->name) };
    }
    *ret = v;
    return n;
}

struct form_env
dossier_form_env(struct ctx *cx, const struct dossier_draft *d)
{
    struct expr_var *vars = ARENA_ARRAY(cx->arena, struct expr_var, 3);
    vars[0] = (struct expr_var){ STR("channel"), expr_of_str(d->channel) };
    vars[1] = (struct expr_var){ STR("collect"), expr_of_str(d->collect) };
    vars[2] = (struct expr_var){ STR("copies"), expr_of_i64(d->n_copies) };
    return (struct form_env){
        .today = calendar_today(cx), .choices = choices, .vars = vars, .n_vars = 3
    };
}

static void
source(struct form_source *v, size_t *n, struct form_source s)
{
    if (!str_is_empty(s.value) && *n < SOURCES_MAX) {
        v[(*n)++] = s;
    }
}

static struct str
source_label(struct ctx *cx, struct str where)
{
    struct str known = text_find(cx, str_fmt(cx->arena, "dossier.source." STR_FMT, STR_ARG(where)));
    return known.p == NULL ? where : known;
}

static struct str
address_json(struct ctx *cx, const struct party *p)
{
    const struct unit *u = str_is_empty(p->unit) ? NULL : unit_by_key(cx, p->unit);
    if (u == NULL) {
        return STR_NULL;
    }
    const struct unit *const *now = NULL;
    size_t n = unit_resolve(cx, u, calendar_today(cx), &now);
    struct buf b = buf_new(cx->arena, 2048);
    struct json_out o = json_out(&b);
    json_open(&o);
    json_put_str(&o, "unit", n == 1 ? now[0]->code : u->code);
    json_put_str(&o, "line", p->address.p == NULL ? STR("") : p->address);
    json_close(&o);
    return buf_str(&b);
}

size_t
dossier_prefill_sources(struct ctx *cx, int64_t party, const struct form_source **ret)
{
    struct party p;
    size_t n = 0;
    struct form_source *v = ARENA_ARRAY(cx->arena, struct form_source, SOURCES_MAX);
    *ret = v;
    if (party == 0 || party_get(cx, party, &p) != ERR_OK) {
        return 0;
    }
    struct str label = source_label(cx, p.source);
    struct date at = date_at_vn(p.source_us);
    const struct {
        struct str name, value;
    } plain[] = {
        { STR("person.full_name"), p.name },
        { STR("person.birth_date"), p.birth_date },
        { STR("person.sex"), p.sex },
        { STR("person.personal_id"), p.personal_id },
        { STR("person.ethnicity"), p.ethnicity },
        { STR("person.nationality"), p.nationality },
        { STR("person.phone"), p.phone },
        { STR("person.email"), p.email },
        { STR("business.name"), p.name },
        { STR("business.tax_code"), p.tax_code },
        { STR("business.phone"), p.phone },
        { STR("business.email"), p.email },
    };
    bool is_org = str_eq(p.kind, STR("org"));
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        if (str_starts(plain[i].name, STR("business.")) == is_org) {
            source(v, &n, (struct form_source){ plain[i].name, plain[i].value, false, label, at });
        }
    }
    const struct unit *home = str_is_empty(p.unit) ? NULL : unit_by_key(cx, p.unit);
    struct str address = is_org ? STR("business.address") : STR("person.address");
    source(v, &n, (struct form_source){ address, address_json(cx, &p), true, label, at });
    if (!is_org && home != NULL) {
        source(v, &n,
               (struct form_source){ STR("person.home_unit"), home->code, false, label, at });
    }
    return n;
}

/* --- what is missing -------------------------------------------------------------------------- */
static size_t
given_for(const struct paper *papers, size_t n, struct str requirement)
{
    size_t given = 0;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(papers[i].requirement, requirement) && str_eq(papers[i].state, STR("kept"))) {
            given++;
        }
    }
    return given;
}

static enum err
check_papers(struct ctx *cx, const struct dossier_draft *d, const struct dossier_case *c,
             struct dossier_check *ret)
{
    const struct procedure_paper *const *needed = NULL;
    struct paper *given = NULL;
    size_t n_given = 0;
    TRY(dossier_papers_of(cx, ret->procedure, c, &needed, &ret->n_papers));
    TRY(paper_list(cx, d->id, &given, &n_given));
    ret->papers = ARENA_ARRAY(cx->arena, struct dossier_need, ret->n_papers);
    ret->are_papers_done = true;
    for (size_t i = 0; i < ret->n_papers; i++) {
        struct dossier_need *need = &ret->papers[i];
        need->paper = *needed[i];
        need->is_needed = needed[i]->is_required;
        need->n_given = given_for(given, n_given, needed[i]->id);
        if (need->is_needed && need->n_given == 0) {
            ret->are_papers_done = false;
        }
    }
    return ERR_OK;
}

enum err
dossier_draft_check(struct ctx *cx, const struct dossier_draft *d, struct dossier_check *ret)
{
    struct dossier_check check = { 0 };
    struct form_state st;
    struct form_env env = dossier_form_env(cx, d);
    struct form_task *tasks = NULL;
    check.procedure = procedure_at(cx, d->procedure, calendar_today(cx));
    if (check.procedure == NULL) {
        return err_set(cx, ERR_GONE, "procedure " STR_FMT " is no longer valid",
                       STR_ARG(d->procedure));
    }
    const struct form *form = form_find(pack_now(cx), check.procedure->form);
    if (form == NULL) {
        return err_set(cx, ERR_INTERNAL, "form " STR_FMT " is missing",
                       STR_ARG(check.procedure->form));
    }
    TRY(form_state_load(cx, form, d->form, &st));
    size_t n = form_tasks(cx, &st, &env, &tasks);
    check.is_form_done = true;
    for (size_t i = 0; i < n; i++) {
        check.is_form_done =
            check.is_form_done && (tasks[i].state == FORM_DONE || tasks[i].state == FORM_HIDDEN);
    }
    struct dossier_case c = { .answers = st.answers,
                              .channel = d->channel,
                              .collect = d->collect,
                              .today = date_iso(cx->arena, env.today),
                              .n_copies = d->n_copies };
    TRY(dossier_bill_of(cx, check.procedure, &c, &check.bill));
    TRY(check_papers(cx, d, &c, &check));
    check.is_collect_done = !str_is_empty(d->collect) &&
                            (!str_eq(d->collect, STR("post")) || !str_is_empty(d->post_address)) &&
                            (!str_is_empty(d->phone) || !str_is_empty(d->email));
    /* at the counter the officer has the papers in hand */
    if (str_eq(d->channel, STR("counter"))) {
        check.are_papers_done = true;
    }
    check.is_complete = check.is_form_done && check.are_papers_done && check.is_collect_done;
    *ret = check;
    return ERR_OK;
}
