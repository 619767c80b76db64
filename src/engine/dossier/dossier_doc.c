/* dossier_doc.c: the JSON that printed documents are filled from (doc/documents.md), and printing.
 */
#include "base/buf.h"
#include "codec/json.h"
#include "codec/vn.h"
#include "engine/access/access.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/ledger/ledger.h"
#include "engine/pack/pack.h"
#include "engine/party/party.h"
#include "engine/pay/pay.h"
#include "engine/print/print.h"
#include "engine/unit/unit.h"
#include "sys/sys.h"

#define DOC_MAX_BYTES (512U * 1024U)

void
dossier_put_agency(struct ctx *cx, struct json_out *o, struct str unit)
{
    struct date today = calendar_today(cx);
    const struct unit *u = unit_by_key(cx, unit);
    const struct unit *up = u == NULL ? NULL : unit_parent(cx, u, today);
    struct str name = u == NULL ? unit : u->name.vi;
    struct str council = str_cat(cx->arena, STR("Ủy ban nhân dân "), name);
    bool is_territory = u != NULL && u->level <= UNIT_COMMUNE;
    json_put_str(o, "agency", vn_upper(cx->arena, is_territory ? council : name));
    json_put_str(o, "unit_name", name);
    if (up != NULL) {
        json_put_str(o, "parent",
                     vn_upper(cx->arena, str_cat(cx->arena, STR("Ủy ban nhân dân "), up->name.vi)));
        json_put_str(o, "province", up->name.vi);
    }
    json_put_str(o, "place", u == NULL ? name : unit_place(cx, u, today));
}

static void
put_person(struct ctx *cx, struct json_out *o, const struct party *p)
{
    struct date born;
    json_open(o);
    json_put_str(o, "name", p->name);
    json_put_str(o, "birth", p->birth_date);
    if (date_parse(p->birth_date, &born)) {
        struct civil c = date_civil(born);
        json_put_str(o, "birth_text",
                     str_fmt(cx->arena, "%02d/%02d/%04d", c.mday, c.month, c.year));
    }
    json_put_str(o, "sex",
                 str_eq(p->sex, STR("female")) ? STR("Nữ")
                 : str_is_empty(p->sex)        ? STR_NULL
                                               : STR("Nam"));
    json_put_str(o, "ethnicity", p->ethnicity);
    json_put_str(o, "nationality", p->nationality);
    json_put_str(o, "id_number", str_is_empty(p->personal_id) ? p->tax_code : p->personal_id);
    json_put_str(o, "phone", p->phone);
    json_put_str(o, "email", p->email);
    struct str home = str_is_empty(p->unit) ? STR("") : unit_name(cx, p->unit);
    bool has_line = !str_is_empty(p->address);
    json_put_str(o, "address",
                 has_line
                     ? str_fmt(cx->arena, STR_FMT ", " STR_FMT, STR_ARG(p->address), STR_ARG(home))
                     : home);
    json_close(o);
}

/* Answers as people read them: name with dots as underscores -> text. */
static enum err
put_texts(struct ctx *cx, struct json_out *o, const struct dossier *d)
{
    struct form_state st;
    struct form_row *rows = NULL;
    struct dossier_draft as_draft = { .channel = d->channel,
                                      .collect = d->collect,
                                      .n_copies = d->n_copies };
    struct form_env env = dossier_form_env(cx, &as_draft);
    TRY(dossier_form(cx, d, &st));
    size_t n = form_rows(cx, &st, &env, &rows);
    json_key(o, "text");
    json_open(o);
    for (size_t i = 0; i < n; i++) {
        json_key_str(o, str_replace(cx->arena, rows[i].path, STR("."), STR("_")));
        json_str(o, rows[i].value);
    }
    json_close(o);
    json_key(o, "rows");
    json_open_list(o);
    for (size_t i = 0; i < n; i++) {
        json_open(o);
        json_put_str(o, "page", rows[i].page_title);
        json_put_str(o, "label", rows[i].label);
        json_put_str(o, "value", rows[i].value);
        json_close(o);
    }
    json_close_list(o);
    return ERR_OK;
}

static void
put_case(struct ctx *cx, struct json_out *o, const struct dossier *d, const struct procedure *p)
{
    json_put_str(o, "dossier_number", d->number);
    json_put_str(o, "tracking_code", d->code);
    json_put_str(o, "procedure", pack_text(cx, p->name));
    json_put_str(o, "procedure_code", d->procedure);
    json_put_str(o, "received", date_iso_instant_vn(cx->arena, d->submitted_us));
    json_put_str(o, "due", date_iso_instant_vn(cx->arena, d->due_us));
    json_put_str(o, "time_text", procedure_time_text(cx, p));
    json_put_str(o, "return_way",
                 text_find(cx, str_cat(cx->arena, STR("dossier.collect."), d->collect)));
    json_put_i64(o, "fee_vnd", d->fee_vnd);
    json_put_str(o, "channel",
                 text_find(cx, str_cat(cx->arena, STR("dossier.channel."), d->channel)));
    json_put_str(o, "officer",
                 cx->actor != NULL && cx->actor->is_officer ? cx->actor->name : STR(""));
    json_put_str(o, "base_url", cx->config->base_url);
    json_put_str(o, "tracking_url",
                 str_fmt(cx->arena, STR_FMT "/tra-cuu?so=" STR_FMT "&ma=" STR_FMT,
                         STR_ARG(cx->config->base_url), STR_ARG(d->number), STR_ARG(d->code)));
    json_put_str(o, "lang", cx->lang);
    json_put_bool(o, "is_demo", cx->config->is_demo);
}

static enum err
put_ledger(struct ctx *cx, struct json_out *o)
{
    struct ledger_head head;
    TRY(ledger_head(cx, &head));
    json_put_str(o, "ledger_head", head.root);
    json_put_i64(o, "ledger_size", head.size);
    return ERR_OK;
}

/* Officer's additions and what the process learned come last, so they win over nothing above: names
 * differ. */
static void
put_members(struct ctx *cx, struct json_out *o, struct str object)
{
    struct json *tree = NULL;
    struct json_fault fault;
    struct json_limits limits = { 0 };
    if (str_is_empty(object) || json_parse(cx->arena, object, limits, &tree, &fault) != ERR_OK) {
        return;
    }
    for (JSON_EACH(tree, it)) {
        json_key_str(o, it->key);
        json_write(o, it);
    }
}

/* Whoever holds the result, also as a paper print, finds it by the code in it. Other prints have
 * nothing to be checked. */
static void
put_verify(struct ctx *cx, struct json_out *o, const struct dossier_result *r)
{
    json_put_str(o, "verify_url",
                 str_fmt(cx->arena, STR_FMT "/kiem-tra/k/" STR_FMT, STR_ARG(cx->config->base_url),
                         STR_ARG(r->code)));
    json_put_str(o, "verify_code", dossier_code_text(cx->arena, r->code));
    json_put_str(o, "verify_at", str_cat(cx->arena, cx->config->base_url, STR("/kiem-tra")));
}

/* Capacity and position, unless the officer wrote others among the additions. */
static void
put_signer(struct ctx *cx, struct json_out *o, const struct dossier *d, struct str additions)
{
    struct json *have = NULL;
    struct json_fault fault;
    struct json_limits limits = { 0 };
    struct dossier_signer s = dossier_signer_now(cx, d);
    if (str_is_empty(additions) ||
        json_parse(cx->arena, additions, limits, &have, &fault) != ERR_OK) {
        have = NULL;
    }
    if (str_is_empty(json_text(have, "capacity"))) {
        json_put_str(o, "capacity", s.capacity);
    }
    if (str_is_empty(json_text(have, "instead"))) {
        json_put_str(o, "instead", s.instead);
    }
    if (str_is_empty(json_text(have, "position"))) {
        json_put_str(o, "position", s.position);
    }
}

static enum err
write_document(struct ctx *cx, const struct dossier *d, const struct dossier_result *result,
               struct str form, const struct pay_bill *bill, struct str *ret)
{
    const struct procedure *p = NULL;
    struct party person;
    struct buf b = buf_new(cx->arena, DOC_MAX_BYTES);
    struct json_out o = json_out(&b);
    TRY(dossier_procedure(cx, d, &p));
    TRY(party_get(cx, d->party, &person));
    json_open(&o);
    dossier_put_agency(cx, &o, d->unit);
    put_case(cx, &o, d, p);
    json_key(&o, "person");
    put_person(cx, &o, &person);
    json_key(&o, "applicant");
    put_person(cx, &o, &person);
    json_key(&o, "form");
    json_raw(&o, d->answers);
    TRY(put_texts(cx, &o, d));
    TRY(put_ledger(cx, &o));
    json_put_str(&o, "result_name", pack_text(cx, p->result_name));
    json_put_str(&o, "requester", person.name);
    json_put_str(&o, "issued", date_iso(cx->arena, calendar_today(cx)));
    put_members(cx, &o, d->vars);
    put_signer(cx, &o, d, result == NULL ? STR_NULL : result->fields);
    if (result != NULL) {
        put_verify(cx, &o, result);
        json_put_str(&o, "number", result->number);
        json_put_str(&o, "signer", result->signer);
        put_members(cx, &o, result->fields);
    }
    if (form.p != NULL) {
        TRY(dossier_put_form(cx, &o, d, form, bill));
    }
    json_close(&o);
    if (b.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "document of dossier %" PRId64, d->id);
    }
    *ret = buf_str(&b);
    return ERR_OK;
}

enum err
dossier_document(struct ctx *cx, const struct dossier *d, const struct dossier_result *result,
                 struct str *ret)
{
    return write_document(cx, d, result, STR_NULL, NULL, ret);
}

static enum err
print(struct ctx *cx, const struct dossier *d, struct str form, const struct pay_bill *bill,
      struct str *ret_pdf)
{
    const struct pack *pack = NULL;
    struct pdf_out out;
    struct str doc;
    struct str lang = cx->lang;
    TRY(dossier_pack(cx, d, &pack));
    cx->lang = STR("vi"); /* an official paper, whatever language the page has */
    enum err e = write_document(cx, d, NULL, form, bill, &doc);
    cx->lang = lang;
    TRY(e);
    TRY(print_pdf(cx, pack, form, doc, &out));
    *ret_pdf = out.bytes;
    return ERR_OK;
}

enum err
dossier_print(struct ctx *cx, const struct dossier *d, struct str form, struct str *ret_pdf)
{
    if (!dossier_form_stands(d, form)) {
        return err_set(cx, ERR_NOT_FOUND, "dossier %" PRId64 " has no form " STR_FMT, d->id,
                       STR_ARG(form));
    }
    return print(cx, d, form, NULL, ret_pdf);
}

enum err
dossier_print_fee(struct ctx *cx, const struct dossier *d, int64_t bill, struct str *ret_pdf)
{
    struct pay_bill b;
    TRY(pay_bill_by_id(cx, bill, &b));
    if (b.dossier_id != d->id || str_is_empty(b.receipt)) {
        return err_set(cx, ERR_NOT_FOUND, "bill %" PRId64 " has no receipt", bill);
    }
    return print(cx, d, STR(FORM_FEE), &b, ret_pdf);
}
