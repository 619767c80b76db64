/* exchange_portal_fields.c: what the national portal is told of a dossier. Which of these fields a
 * message carries, and what they are called there, the connector's tables say. */
#include "base/buf.h"
#include "base/date.h"
#include "engine/access/access.h"
#include "engine/dossier/dossier.h"
#include "engine/exchange/exchange_int.h"
#include "engine/party/party.h"
#include "engine/pay/pay.h"
#include "engine/unit/unit.h"

#define FIELDS_BYTES ((size_t)64 << 10)
#define LIST_MAX     20 /* of each list */

static void
put(struct json_out *o, const char *name, struct str value)
{
    if (!str_is_empty(value)) {
        json_put_str(o, name, value);
    }
}

static struct str
instant(struct ctx *cx, int64_t at_us)
{
    return at_us == 0 ? STR_NULL : date_iso_instant_vn(cx->arena, at_us);
}

static struct str
number(struct ctx *cx, int64_t n)
{
    return str_fmt(cx->arena, "%" PRId64, n);
}

/* Why it was refused, stopped, withdrawn or sent back: the newest public word of the history. */
static struct str
reason_of(struct ctx *cx, const struct dossier *d, int32_t status)
{
    struct dossier_event *v = NULL;
    size_t n = 0;
    bool has_reason = status == 3 || status == 5 || status == 7 || status == 8;
    if (!has_reason || dossier_history(cx, d->id, &v, &n) != ERR_OK) {
        return STR_NULL;
    }
    for (size_t i = n; i > 0; i--) {
        if (v[i - 1].is_public && !str_is_empty(v[i - 1].note)) {
            return v[i - 1].note;
        }
    }
    return STR_NULL;
}

static struct str
name_of(struct ctx *cx, const struct dossier *d, int64_t account)
{
    struct access_account a;
    bool is_officer = account != 0 && account != d->filed_by &&
                      access_account_get(cx, account, &a) == ERR_OK && a.is_officer;
    return is_officer ? a.name : STR_NULL;
}

/* --- lists ------------------------------------------------------------------------------------ */
static enum err
fees(struct ctx *cx, const struct dossier *d, struct json_out *o)
{
    struct pay_bill *bills = NULL;
    size_t n = 0;
    TRY(pay_bill_list(cx, d->id, &bills, &n));
    json_key(o, "fees");
    json_open_list(o);
    for (size_t i = 0; i < n; i++) {
        const struct pay_bill *b = &bills[i];
        for (size_t k = 0; k < b->n_lines && !str_eq(b->state, STR("cancelled")); k++) {
            const struct pay_line *l = &b->lines[k];
            json_open(o);
            put(o, "name", l->name);
            put(o, "code", l->fee);
            put(o, "when",
                d->accepted_us == 0 || b->created_us <= d->accepted_us ? STR("intake")
                                                                       : STR("supplement"));
            put(o, "amount", number(cx, l->exempt.n != 0 ? 0 : l->unit_vnd * l->n));
            put(o, "paid", str_eq(b->state, STR("paid")) ? STR("true") : STR("false"));
            json_close(o);
        }
    }
    json_close_list(o);
    return ERR_OK;
}

/* What was asked for, in words: each thing a line. */
static struct str
asked_words(struct ctx *cx, const struct procedure *p, const struct dossier_supplement *s)
{
    struct buf b = buf_new(cx->arena, FIELDS_BYTES / 8);
    struct json *tree = NULL;
    buf_add(&b, s->reason);
    if (json_parse(cx->arena, s->items, (struct json_limits){ 0 }, &tree, NULL) != ERR_OK) {
        return buf_str(&b);
    }
    for (JSON_EACH(tree, it)) {
        struct str paper = json_text(it, "paper");
        struct str words = json_text(it, "text");
        for (size_t i = 0; i < p->n_papers && !str_is_empty(paper); i++) {
            words = str_eq(p->papers[i].id, paper) ? pack_text(cx, p->papers[i].name) : words;
        }
        if (!str_is_empty(words)) {
            buf_add(&b, STR("\n- "));
            buf_add(&b, words);
        }
    }
    return buf_str(&b);
}

static enum err
supplements(struct ctx *cx, const struct exchange_told *t, struct json_out *o)
{
    struct dossier_supplement *v = NULL;
    size_t n = 0;
    TRY(dossier_supplements(cx, t->d->id, &v, &n));
    json_key(o, "supplements");
    json_open_list(o);
    for (size_t i = 0; i < n && i < LIST_MAX; i++) {
        json_open(o);
        put(o, "id", number(cx, v[i].id));
        put(o, "by", name_of(cx, t->d, v[i].asked_by));
        put(o, "asked", asked_words(cx, t->procedure, &v[i]));
        put(o, "at", instant(cx, v[i].asked_us));
        put(o, "answer", v[i].answer);
        put(o, "answered_at", instant(cx, v[i].answered_us));
        put(o, "state", v[i].answered_us == 0 ? STR("open") : STR("answered"));
        put(o, "due_before", instant(cx, t->d->first_due_us));
        put(o, "due_after", v[i].answered_us == 0 ? STR_NULL : instant(cx, t->d->due_us));
        json_close(o);
    }
    json_close_list(o);
    return ERR_OK;
}

/* Titles and numbers; the document itself stays with its owner. */
static enum err
results(struct ctx *cx, const struct dossier *d, struct json_out *o)
{
    struct dossier_result *v = NULL;
    size_t n = 0;
    TRY(dossier_results(cx, d->id, &v, &n));
    json_key(o, "results");
    json_open_list(o);
    for (size_t i = 0; i < n && i < LIST_MAX; i++) {
        if (!str_eq(v[i].state, STR("published"))) {
            continue;
        }
        json_open(o);
        put(o, "id", number(cx, v[i].id));
        put(o, "name", v[i].title);
        put(o, "number", v[i].number);
        put(o, "type", v[i].template_id);
        put(o, "hash", v[i].hash);
        json_close(o);
    }
    json_close_list(o);
    return ERR_OK;
}

/* --- the dossier ------------------------------------------------------------------------------ */
static void
whose(struct ctx *cx, const struct exchange_told *t, struct json_out *o)
{
    const struct dossier *d = t->d;
    bool is_org = str_eq(t->who->kind, STR("org"));
    const struct unit *u = unit_by_key(cx, d->unit);
    put(o, "procedure", d->procedure);
    put(o, "procedure_name", pack_text(cx, t->procedure->name));
    put(o, "field", t->procedure->field->code);
    put(o, "field_name", pack_text(cx, t->procedure->field->name));
    put(o, "applicant", d->applicant);
    put(o, "kind", is_org ? STR("org") : STR("person"));
    put(o, "personal_id", is_org ? t->who->tax_code : t->who->personal_id);
    put(o, "email", d->email);
    put(o, "phone", d->phone);
    put(o, "unit_name", unit_name(cx, d->unit));
    put(o, "unit_code",
        u == NULL                      ? STR_NULL
        : str_is_empty(u->agency_code) ? u->code
                                       : u->agency_code);
    put(o, "summary",
        str_fmt(cx->arena, STR_FMT ": " STR_FMT, STR_ARG(pack_text(cx, t->procedure->name)),
                STR_ARG(d->applicant)));
}

static void
how_far(struct ctx *cx, const struct exchange_told *t, struct json_out *o)
{
    const struct dossier *d = t->d;
    int32_t status = t->step->status;
    struct str words = reason_of(cx, d, status);
    struct str collect =
        text_find(cx, str_fmt(cx->arena, "dossier.collect." STR_FMT, STR_ARG(d->collect)));
    put(o, "received", instant(cx, d->submitted_us));
    put(o, "started", instant(cx, d->accepted_us != 0 ? d->accepted_us : d->submitted_us));
    put(o, "due", instant(cx, d->due_us));
    put(o, "status", str_fmt(cx->arena, "%d", status));
    put(o, "channel", d->channel);
    put(o, "at", instant(cx, t->step->at_us));
    put(o, "officer", name_of(cx, d, t->step->actor));
    put(o, "note",
        str_is_empty(words) ? text_find(cx, str_fmt(cx->arena, "dossier.status.%d", status))
                            : words);
    put(o, "reason", words);
    if (status >= 9) { /* an earlier step that is told late does not know these yet */
        put(o, "finished", instant(cx, d->finished_us));
    }
    if (status == 10) {
        put(o, "returned", instant(cx, d->returned_us));
        put(o, "returned_how", collect);
    }
}

enum err
exchange_portal_fields(struct ctx *cx, const struct exchange_told *t, struct str *ret)
{
    struct buf b = buf_new(cx->arena, FIELDS_BYTES);
    struct json_out o = json_out(&b);
    json_open(&o);
    put(&o, "is_update", t->is_update ? STR("true") : STR("false"));
    put(&o, "number", t->d->number);
    put(&o, "receipt", t->d->number);
    put(&o, "national", t->national);
    whose(cx, t, &o);
    how_far(cx, t, &o);
    TRY(fees(cx, t->d, &o));
    TRY(supplements(cx, t, &o));
    TRY(results(cx, t->d, &o));
    TRY(exchange_portal_papers(cx, t, &o));
    json_close(&o);
    *ret = buf_str(&b);
    return b.is_failed ? err_set(cx, ERR_TOO_LARGE, "what is told of a dossier") : ERR_OK;
}
