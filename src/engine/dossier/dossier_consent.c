/* dossier_consent.c: consent of people whose data stands in a dossier, and of those who are helped
 * with one. The rows are engine/party's; here is who is asked, in which words, and what an answer
 * does. */
#include "codec/json.h"
#include "codec/vn.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/ledger/ledger.h"
#include "engine/notice/notice.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "store/store.h"
#include "sys/sys.h"

static enum err
enter(struct ctx *cx, const struct party_consent *c, const char *state)
{
    struct party who;
    enum err e = party_by_personal_id(cx, c->number, &who);
    if (e == ERR_NOT_FOUND) {
        e = party_by_tax_code(cx, c->number, &who);
    }
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    struct ledger_new entry = { .kind = str_z(cx->arena, str_fmt(cx->arena, "consent.%s", state)),
                                .object = c->dossier != 0 ? ledger_object(cx, "dossier", c->dossier)
                                                          : ledger_object(cx, "draft", c->draft),
                                .subject = e == ERR_OK ? who.id : 0,
                                .note = c->kind,
                                .content = c->wording };
    return ledger_add(cx, &entry);
}

/* --- being helped ------------------------------------------------------------------------------
 */
static struct str
helped_words(struct ctx *cx, const char *lang, const struct dossier_draft_new *in, struct str asker)
{
    const struct procedure *proc = procedure_at(cx, in->procedure, calendar_today(cx));
    struct str own = cx->lang;
    cx->lang = str_of(lang);
    struct str words = text_fill(cx, "dossier.consent.helped", "asker", asker, "procedure",
                                 proc == NULL ? in->procedure : pack_text(cx, proc->name), NULL);
    cx->lang = own;
    return words;
}

enum err
dossier_consent_helped(struct ctx *cx, const struct dossier_draft_new *in, int64_t draft,
                       const struct party *p)
{
    struct str asker = cx->actor == NULL ? STR("") : cx->actor->name;
    struct party_consent c = {
        .draft = draft,
        .number = str_is_empty(p->personal_id) ? p->tax_code : p->personal_id,
        .name = p->name,
        .kind = STR("helped"),
        .asker = asker,
        .wording = helped_words(cx, "vi", in, asker),
        .wording_en = helped_words(cx, "en", in, asker),
        .state = STR("given"),
        .how = in->consent_how,
        .words = in->consent_words,
    };
    TRY(party_consent_add(cx, &c));
    return enter(cx, &c, "given");
}

enum err
dossier_is_helped(struct ctx *cx, int64_t draft, bool *ret)
{
    struct party_consent *v = NULL;
    size_t n = 0;
    *ret = false;
    TRY(party_consents_of_draft(cx, draft, &v, &n));
    for (size_t i = 0; i < n; i++) {
        *ret = *ret || (str_eq(v[i].kind, STR("helped")) && str_eq(v[i].state, STR("given")));
    }
    return ERR_OK;
}

/* --- being named -------------------------------------------------------------------------------
 */
/* Name and number of one person in the answers; false when nobody is meant, or the applicant. */
static bool
is_other(struct ctx *cx, const struct form_other *o, const struct json *at, const struct party *own,
         struct dossier_other *ret)
{
    struct str name = json_text(at, str_z(cx->arena, o->name));
    struct str number = json_text(at, str_z(cx->arena, o->number));
    if (str_is_empty(number) || str_is_empty(name) || str_eq(number, own->personal_id)) {
        return false;
    }
    *ret = (struct dossier_other){ .other = o, .name = name, .number = number };
    return true;
}

size_t
dossier_others(struct ctx *cx, const struct form *form, struct str answers, const struct party *own,
               struct dossier_other ret[DOSSIER_OTHERS_MAX])
{
    const struct form_other *v = NULL;
    struct json *root = NULL;
    struct json_fault fault = { 0 };
    size_t n_others = form == NULL ? 0 : form_others(form, &v);
    size_t n = 0;
    if (n_others == 0 ||
        json_parse(cx->arena, answers, (struct json_limits){ 0 }, &root, &fault) != ERR_OK) {
        return 0;
    }
    for (size_t i = 0; i < n_others; i++) {
        if (str_is_empty(v[i].list)) {
            n += n < DOSSIER_OTHERS_MAX && is_other(cx, &v[i], root, own, &ret[n]) ? 1 : 0;
            continue;
        }
        for (JSON_EACH(json_get(root, str_z(cx->arena, v[i].list)), item)) {
            n += n < DOSSIER_OTHERS_MAX && is_other(cx, &v[i], item, own, &ret[n]) ? 1 : 0;
        }
    }
    return n;
}

/* Who is on record under another name is not written to: the number may be a slip. */
static enum err
known(struct ctx *cx, const struct dossier_other *o, struct party *ret, bool *ret_agrees)
{
    enum err e = party_by_personal_id(cx, o->number, ret);
    *ret_agrees = e == ERR_NOT_FOUND || (e == ERR_OK && vn_equal(cx->arena, ret->name, o->name));
    if (e == ERR_NOT_FOUND || (e == ERR_OK && !*ret_agrees)) {
        *ret = (struct party){ 0 };
        return ERR_OK;
    }
    return e;
}

static enum err
tell(struct ctx *cx, const struct dossier *d, const struct party_consent *c,
     const struct party *who)
{
    static const char *const names[] = { "number", "asker", "link", NULL };
    struct str values[] = { d->number, c->asker,
                            str_cat(cx->arena, cx->config->base_url, STR("/toi/dong-y")) };
    struct notice_new in = { .party = who->id,
                             .dossier = d->id,
                             .key = "consent_asked",
                             .phone = who->phone,
                             .email = who->email,
                             .names = names,
                             .values = values };
    return who->id == 0 ? ERR_OK : notice_put(cx, &in);
}

static struct str
named_words(struct ctx *cx, const char *lang, const struct dossier *d, const struct procedure *p,
            const struct form_other *o)
{
    struct str own = cx->lang;
    cx->lang = str_of(lang);
    struct str words = text_fill(cx, "dossier.consent.named", "asker", d->applicant, "procedure",
                                 pack_text(cx, p->name), "unit", unit_name(cx, d->unit), "part",
                                 pack_text(cx, o->title), "purpose", pack_text(cx, o->purpose),
                                 "basis", pack_text(cx, o->basis), NULL);
    cx->lang = own;
    return words;
}

static struct str
part_words(struct ctx *cx, const char *lang, const struct form_other *o)
{
    struct str own = cx->lang;
    cx->lang = str_of(lang);
    struct str words = pack_text(cx, o->title);
    cx->lang = own;
    return words;
}

static enum err
ask_one(struct ctx *cx, const struct dossier *d, int64_t draft, const struct dossier_other *o)
{
    struct party who;
    const struct procedure *p = NULL;
    bool agrees = false;
    TRY(dossier_procedure(cx, d, &p));
    TRY(known(cx, o, &who, &agrees));
    struct party_consent c = {
        .draft = draft,
        .dossier = d->id,
        .number = agrees ? o->number : STR(""),
        .name = o->name,
        .kind = STR("named"),
        .part = part_words(cx, "vi", o->other),
        .part_en = part_words(cx, "en", o->other),
        .asker = d->applicant,
        .wording = named_words(cx, "vi", d, p, o->other),
        .wording_en = named_words(cx, "en", d, p, o->other),
        .state = STR("asked"),
        .is_needed = o->other->is_needed,
    };
    TRY(party_consent_add(cx, &c));
    TRY(enter(cx, &c, "asked"));
    return tell(cx, d, &c, &who);
}

enum err
dossier_consent_ask(struct ctx *cx, const struct dossier *d, int64_t draft, const struct party *own)
{
    struct dossier_other v[DOSSIER_OTHERS_MAX];
    const struct procedure *p = NULL;
    if (d->assisted_by != 0) { /* the consent to be helped goes along */
        TRY(party_consent_filed(cx, draft, d->id));
    }
    TRY(dossier_procedure(cx, d, &p));
    size_t n = dossier_others(cx, form_find(cx->pack, p->form), d->answers, own, v);
    for (size_t i = 0; i < n; i++) {
        TRY(ask_one(cx, d, draft, &v[i]));
    }
    return ERR_OK;
}

/* --- answers -----------------------------------------------------------------------------------
 */
struct answer_job {
    const struct party_consent *c;
    struct str state, how, words;
};

static enum err
answer_tx(struct ctx *cx, void *arg)
{
    const struct answer_job *job = arg;
    struct dossier d;
    TRY(party_consent_answer(cx, job->c, job->state, job->how, job->words));
    TRY(enter(cx, job->c, str_z(cx->arena, job->state)));
    if (job->c->dossier == 0) {
        return ERR_OK;
    }
    TRY(dossier_get(cx, job->c->dossier, &d));
    const char *kind = str_eq(job->state, STR("given"))     ? "consent_given"
                       : str_eq(job->state, STR("refused")) ? "consent_refused"
                                                            : "consent_withdrawn";
    return dossier_note(cx, &d, kind, job->c->part, true);
}

enum err
dossier_consent_answer(struct ctx *cx, const struct party_consent *c, struct str state,
                       struct str how, struct str words)
{
    struct answer_job job = { c, state, how, words };
    struct dossier d;
    TRY(store_write(cx, answer_tx, &job));
    if (c->dossier != 0 && dossier_get(cx, c->dossier, &d) == ERR_OK) {
        dossier_publish(cx, &d);
    }
    return ERR_OK;
}

enum err
dossier_lacks_consent(struct ctx *cx, const struct dossier *d, bool *ret)
{
    struct party_consent *v = NULL;
    size_t n = 0;
    *ret = false;
    TRY(party_consents_of_dossier(cx, d->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        *ret = *ret || (v[i].is_needed && !str_eq(v[i].state, STR("given")));
    }
    return ERR_OK;
}
