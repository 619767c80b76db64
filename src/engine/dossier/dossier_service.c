/* dossier_service.c: what a process's service tasks do (doc/bpmn.md part 2). All run inside the
 * act's transaction. */
#include "base/buf.h"
#include "codec/json.h"
#include "engine/calendar/calendar.h"
#include "engine/dossier/dossier_int.h"
#include "engine/pack/pack.h"
#include "engine/paper/paper.h"
#include "engine/pay/pay.h"
#include "engine/unit/unit.h"
#include "gen/q_dossier.h"
#include "store/store.h"
#include "sys/sys.h"

#define RESULTS_MAX    16
#define VARS_MAX_BYTES (64U * 1024U)

static enum err
accept(struct ctx *cx, void *arg, const struct flow_case *c, struct str word)
{
    struct dossier_run *run = arg;
    (void)c;
    (void)word;
    run->is_changed = true;
    dossier_clock_start(cx, run->d, run->procedure);
    dossier_clock_resume(cx, run->d);
    TRY(dossier_status_advance(cx, run->d, 2));
    TRY(dossier_record(cx, run->d, "accepted", STR_NULL, true));
    TRY(dossier_file_papers(cx, run->d));
    return dossier_tell(cx, run->d, "accepted", text_instant(cx, run->d->due_us));
}

static enum err
ask_supplement(struct ctx *cx, void *arg, const struct flow_case *c, struct str word)
{
    struct dossier_run *run = arg;
    (void)c;
    (void)word;
    run->is_changed = true;
    dossier_clock_pause(cx, run->d);
    return dossier_status_advance(cx, run->d, 5);
}

static enum err
resume(struct ctx *cx, void *arg, const struct flow_case *c, struct str word)
{
    struct dossier_run *run = arg;
    (void)c;
    (void)word;
    run->is_changed = true;
    dossier_clock_resume(cx, run->d);
    /* not accepted yet: the door decides with "accept" or "close"; until then the status stays */
    bool goes_on = dossier_status_waits(run->d->status) && run->d->accepted_us != 0;
    return goes_on ? dossier_status_advance(cx, run->d, 4) : ERR_OK;
}

static enum err
bill(struct ctx *cx, void *arg, const struct flow_case *c, struct str word)
{
    struct dossier_run *run = arg;
    (void)c;
    (void)word;
    if (run->d->is_paid || run->d->fee_vnd == 0) {
        run->d->is_paid = true;
        return ERR_OK;
    }
    run->is_changed = true;
    return dossier_tell(cx, run->d, "pay", text_money(cx, run->d->fee_vnd));
}

/* Next number of a book of the unit in this business year. */
static enum err
book_number(struct ctx *cx, const struct dossier *d, struct str book, int64_t *ret_seq,
            int64_t *ret_year)
{
    struct q_register_next next;
    int64_t year = date_civil(calendar_today(cx)).year;
    TRY(q_register_next(cx, &next, .unit = d->unit, .book = book, .year = year));
    TRY(q_register_insert(cx, NULL, .id = store_new_id(cx), .unit = d->unit, .book = book,
                          .year = year, .seq = next.seq, .dossier_id = d->id,
                          .at_us = sys_now_us(cx)));
    *ret_seq = next.seq;
    *ret_year = year;
    return ERR_OK;
}

enum err
dossier_number_form(struct ctx *cx, struct dossier *d, const char *form, const char *name)
{
    int64_t seq = 0;
    int64_t year = 0;
    struct str book = str_cat(cx->arena, STR("form:"), str_of(form));
    TRY(book_number(cx, d, book, &seq, &year));
    return dossier_learn(cx, d, str_of(name),
                         str_fmt(cx->arena, "%02" PRId64 "/%" PRId64, seq, year));
}

static enum err
draft_result(struct ctx *cx, void *arg, const struct flow_case *c, struct str word)
{
    struct dossier_run *run = arg;
    struct q_result_list_list have;
    struct str id = str_is_empty(word) ? run->procedure->result_template : word;
    int64_t seq = 0;
    int64_t year = 0;
    (void)c;
    TRY(q_result_list(cx, &have, .dossier_id = run->d->id, .limit_n = RESULTS_MAX));
    for (size_t i = 0; i < have.n; i++) {
        if (str_eq(have.v[i].template_id, id) && !str_eq(have.v[i].state, STR("revoked"))) {
            return ERR_OK; /* sent back and proposed again: the same draft */
        }
    }
    run->is_changed = true;
    TRY(book_number(cx, run->d, str_cat(cx->arena, STR("result:"), id), &seq, &year));
    const struct procedure_document *doc = procedure_document(run->procedure, id);
    struct pack_text name = doc == NULL ? run->procedure->result_name : doc->name;
    return q_result_insert(cx, NULL, .id = store_new_id(cx), .dossier_id = run->d->id,
                           .template_id = id, .title = pack_text(cx, name),
                           .number = str_fmt(cx->arena, "%02" PRId64, seq), .fields = STR("{}"),
                           .code = sys_random_code(cx, DOSSIER_RESULT_CODE_N), .corrects = 0,
                           .correct_reason = STR(""));
}

static enum err
all_signed(struct ctx *cx, void *arg, const struct flow_case *c, struct str word)
{
    const struct dossier_run *run = arg;
    struct q_result_list_list have;
    (void)c;
    (void)word;
    TRY(q_result_list(cx, &have, .dossier_id = run->d->id, .limit_n = RESULTS_MAX));
    for (size_t i = 0; i < have.n; i++) {
        if (str_eq(have.v[i].state, STR("draft"))) {
            return err_set(cx, ERR_CONFLICT, "result %" PRId64 " is not signed", have.v[i].id);
        }
    }
    return ERR_OK;
}

/* Adds a member to the dossier's learned variables. */
enum err
dossier_learn(struct ctx *cx, struct dossier *d, struct str name, struct str value)
{
    struct json *tree = NULL;
    struct json_fault fault;
    struct json_limits limits = { 0 };
    struct buf b = buf_new(cx->arena, VARS_MAX_BYTES);
    struct json_out o = json_out(&b);
    if (json_parse(cx->arena, d->vars, limits, &tree, &fault) != ERR_OK) {
        return err_set(cx, ERR_INTERNAL, "variables of dossier %" PRId64 ": %s", d->id, fault.what);
    }
    json_open(&o);
    for (JSON_EACH(tree, it)) {
        if (!str_eq(it->key, name)) {
            json_key_str(&o, it->key);
            json_write(&o, it);
        }
    }
    json_key_str(&o, name);
    json_str(&o, value);
    json_close(&o);
    if (b.is_failed) {
        return err_set(cx, ERR_TOO_LARGE, "variables of dossier %" PRId64, d->id);
    }
    d->vars = buf_str(&b);
    return ERR_OK;
}

static enum err
register_entry(struct ctx *cx, void *arg, const struct flow_case *c, struct str book)
{
    struct dossier_run *run = arg;
    int64_t seq = 0;
    int64_t year = 0;
    struct q_register_of have;
    (void)c;
    enum err e = q_register_of(cx, &have, .dossier_id = run->d->id, .book = book);
    if (e != ERR_NOT_FOUND) {
        return e; /* sent back and proposed again: the same line of the book */
    }
    run->is_changed = true;
    TRY(book_number(cx, run->d, book, &seq, &year));
    TRY(dossier_learn(cx, run->d, STR("register_number"),
                      str_fmt(cx->arena, "%02" PRId64 "/%" PRId64, seq, year)));
    TRY(dossier_learn(cx, run->d, STR("register_date"), date_iso(cx->arena, calendar_today(cx))));
    return dossier_record(cx, run->d, "registered",
                          str_fmt(cx->arena, "%02" PRId64 "/%" PRId64, seq, year), false);
}

static enum err
exchange(struct ctx *cx, void *arg, const struct flow_case *c, struct str service)
{
    const struct dossier_run *run = arg;
    struct str payload =
        str_fmt(cx->arena, "{\"dossier\":\"%" PRId64 "\",\"service\":\"" STR_FMT "\"}", run->d->id,
                STR_ARG(service));
    (void)c;
    TRY(dossier_record(cx, run->d, "exchange_asked", service, false));
    return store_outbox_put(cx, STR("exchange.call"), str_fmt(cx->arena, "%" PRId64, run->d->id),
                            payload);
}

enum err
dossier_publish_result(struct ctx *cx, const struct dossier *d, const struct procedure *p,
                       int64_t result, int64_t *ret_record)
{
    struct dossier_result r;
    TRY(dossier_result_get(cx, result, &r));
    const struct procedure_document *doc = procedure_document(p, r.template_id);
    struct record rec = { .owner_id = d->party,
                          .dossier_id = d->id,
                          .type = doc == NULL ? p->result_type : doc->type,
                          .title = r.title,
                          .number = r.number,
                          .hash = r.hash,
                          .media = STR("application/pdf"),
                          .issuer = d->unit,
                          .pages = 1,
                          .issued = calendar_today(cx) };
    TRY(record_add_row(cx, &rec, ret_record));
    return q_result_published(cx, NULL, .id = r.id, .record_id = *ret_record);
}

static enum err
publish_result(struct ctx *cx, void *arg, const struct flow_case *c, struct str word)
{
    struct dossier_run *run = arg;
    struct q_result_list_list have;
    (void)c;
    (void)word;
    run->is_changed = true;
    TRY(q_result_list(cx, &have, .dossier_id = run->d->id, .limit_n = RESULTS_MAX));
    for (size_t i = 0; i < have.n; i++) {
        if (str_eq(have.v[i].state, STR("signed"))) {
            int64_t record = 0;
            TRY(dossier_publish_result(cx, run->d, run->procedure, have.v[i].id, &record));
        }
    }
    bool is_late = run->d->apology_us == 0 ? dossier_left_s(cx, run->d) < 0
                                           : calendar_now_us(cx) > run->d->first_due_us;
    dossier_clock_stop(cx, run->d);
    TRY(dossier_status_advance(cx, run->d, 9));
    TRY(dossier_count(cx, run->d, "done", 1));
    TRY(dossier_count(cx, run->d, is_late ? "done_late" : "done_ontime", 1));
    TRY(dossier_record(cx, run->d, "result_ready", STR_NULL, true));
    return dossier_tell(cx, run->d, "result_ready", STR_NULL);
}

static enum err
partner_result(struct ctx *cx, void *arg, const struct flow_case *c, struct str template_id)
{
    struct dossier_run *run = arg;
    (void)c;
    return dossier_partner_draft(cx, run->d, run->procedure, template_id);
}

static enum err
notify(struct ctx *cx, void *arg, const struct flow_case *c, struct str key)
{
    const struct dossier_run *run = arg;
    (void)c;
    return dossier_tell(cx, run->d, str_z(cx->arena, key), STR_NULL);
}

static enum err
status(struct ctx *cx, void *arg, const struct flow_case *c, struct str word)
{
    struct dossier_run *run = arg;
    int64_t code = 0;
    (void)c;
    if (!str_to_i64(word, 1, 10, &code)) {
        return err_set(cx, ERR_INTERNAL, "the process names no status: " STR_FMT, STR_ARG(word));
    }
    run->is_changed = true;
    return dossier_status_advance(cx, run->d, (int32_t)code);
}

/* Nobody shall pay for a dossier that has ended. */
static enum err
cancel_bills(struct ctx *cx, const struct dossier *d)
{
    struct pay_bill *v = NULL;
    size_t n = 0;
    TRY(pay_bill_list(cx, d->id, &v, &n));
    for (size_t i = 0; i < n; i++) {
        if (str_eq(v[i].state, STR("open"))) {
            TRY(pay_bill_cancel(cx, v[i].id, d->state));
        }
    }
    return ERR_OK;
}

enum err
dossier_close(struct ctx *cx, struct dossier *d, const char *state)
{
    struct str s = str_of(state);
    if (!str_eq(d->state, STR("open"))) {
        return ERR_OK;
    }
    dossier_clock_stop(cx, d);
    if (str_eq(s, STR("refused"))) {
        TRY(dossier_status_advance(cx, d, dossier_status_may(d->status, 3) ? 3 : 8));
        TRY(dossier_count(cx, d, "refused", 1));
    } else if (str_eq(s, STR("withdrawn"))) {
        TRY(dossier_status_advance(cx, d, 7));
        TRY(dossier_count(cx, d, "withdrawn", 1));
    } else if (str_eq(s, STR("stopped"))) {
        TRY(dossier_status_advance(cx, d, 8));
    } else {
        d->returned_us = sys_now_us(cx);
        TRY(dossier_status_advance(cx, d, 10));
    }
    d->state = str_eq(s, STR("returned")) ? STR("done") : s;
    if (dossier_form_stands(d, STR(FORM_REFUSAL))) {
        TRY(dossier_number_form(cx, d, "03", "refusal_number"));
    }
    TRY(dossier_stock(cx, d, "open", false));
    TRY(dossier_stock(cx, d, "unpaid", false));
    TRY(cancel_bills(cx, d));
    return dossier_record(cx, d, str_z(cx->arena, s), STR_NULL, true);
}

static enum err
close_case(struct ctx *cx, void *arg, const struct flow_case *c, struct str word)
{
    struct dossier_run *run = arg;
    (void)c;
    run->is_changed = true;
    return dossier_close(cx, run->d, str_z(cx->arena, word));
}

/* A further dossier of the same filing, for another result. Linked ones open none themselves. */
static enum err
open_case(struct ctx *cx, void *arg, const struct flow_case *c, struct str code)
{
    const struct dossier_run *run = arg;
    (void)c;
    if (run->d->parent != 0) {
        return ERR_OK;
    }
    return dossier_open_linked(cx, run->d, code);
}

const struct flow_service dossier_services[] = {
    { "accept", accept },
    { "ask-supplement", ask_supplement },
    { "resume", resume },
    { "bill", bill },
    { "draft-result", draft_result },
    { "sign-result", all_signed },
    { "seal-result", all_signed },
    { "register-entry", register_entry },
    { "exchange", exchange },
    { "partner-result", partner_result },
    { "publish-result", publish_result },
    { "notify", notify },
    { "status", status },
    { "open-case", open_case },
    { "close", close_case },
    { NULL, NULL },
};
