/* dossier_store.c: the row of a dossier, its history, and what every act does besides. */
#include "engine/access/access.h"
#include "engine/dossier/dossier_int.h"
#include "engine/indicator/indicator.h"
#include "engine/ledger/ledger.h"
#include "engine/notice/notice.h"
#include "engine/pack/pack.h"
#include "engine/party/party.h"
#include "engine/unit/unit.h"
#include "gen/q_dossier.h"
#include "net/server.h"
#include "store/store.h"
#include "sys/sys.h"

#define TRACK_WINDOW_US (INT64_C(10) * 60 * 1000 * 1000)
#define TRACK_TRIES     30
#define HISTORY_MAX     500

static struct dossier
from_row(const struct q_dossier_by_id *r)
{
    return (struct dossier){
        .id = r->id,
        .version = r->version,
        .draft = r->draft_id,
        .party = r->party_id,
        .filed_by = r->filed_by,
        .assisted_by = r->assisted_by,
        .case_id = r->case_id,
        .parent = r->parent_id,
        .number = r->number,
        .code = r->code,
        .procedure = r->procedure_code,
        .pack_version = r->pack_version,
        .unit = r->unit,
        .channel = r->channel,
        .collect = r->collect,
        .post_address = r->post_address,
        .phone = r->phone,
        .email = r->email,
        .state = r->state,
        .status = (int32_t)r->status,
        .field = r->field,
        .answers = r->answers,
        .vars = r->vars,
        .applicant = r->applicant,
        .n_copies = r->n_copies,
        .n_supplements = r->n_supplements,
        .clock = (enum dossier_clock)r->clock,
        .submitted_us = r->submitted_us,
        .accepted_us = r->accepted_us,
        .due_us = r->due_us,
        .first_due_us = r->first_due_us,
        .paused_us = r->paused_us,
        .remaining_s = r->remaining_s,
        .finished_us = r->finished_us,
        .returned_us = r->returned_us,
        .apology_us = r->apology_us,
        .react_us = r->react_us,
        .fee_vnd = r->fee_vnd,
        .is_paid = r->is_paid != 0,
        .rating = (int32_t)r->rating,
    };
}

enum err
dossier_get(struct ctx *cx, int64_t id, struct dossier *ret)
{
    struct q_dossier_by_id row;
    TRY(q_dossier_by_id(cx, &row, .id = id));
    *ret = from_row(&row);
    return ERR_OK;
}

enum err
dossier_by_number(struct ctx *cx, struct str number, struct dossier *ret)
{
    struct q_dossier_id_by_number row;
    TRY(q_dossier_id_by_number(cx, &row, .number = str_trim(number)));
    return dossier_get(cx, row.id, ret);
}

enum err
dossier_linked(struct ctx *cx, const struct dossier *d, struct dossier **ret, size_t *ret_n)
{
    struct q_dossier_linked_list rows;
    *ret_n = 0;
    if (d->parent != 0) {
        *ret = ARENA_NEW(cx->arena, struct dossier);
        *ret_n = 1;
        return dossier_get(cx, d->parent, *ret);
    }
    TRY(q_dossier_linked(cx, &rows, .parent_id = d->id));
    *ret = ARENA_ARRAY(cx->arena, struct dossier, rows.n);
    for (size_t i = 0; i < rows.n; i++) {
        TRY(dossier_get(cx, rows.v[i].id, &(*ret)[i]));
    }
    *ret_n = rows.n;
    return ERR_OK;
}

enum err
dossier_track(struct ctx *cx, struct str number, struct str code, struct str peer,
              struct dossier *ret)
{
    struct dossier d;
    TRY(access_rate(cx, str_fmt(cx->arena, "track:" STR_FMT, STR_ARG(peer)), TRACK_WINDOW_US,
                    TRACK_TRIES));
    TRY(dossier_by_number(cx, number, &d));
    if (!str_eq_nocase(d.code, str_trim(code))) {
        return err_set(cx, ERR_NOT_FOUND, "wrong tracking code");
    }
    *ret = d;
    return ERR_OK;
}

enum err
dossier_oldest_open(struct ctx *cx, int64_t *ret_submitted_us)
{
    struct q_dossier_oldest_open row;
    enum err e = q_dossier_oldest_open(cx, &row);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    *ret_submitted_us = e == ERR_OK ? row.submitted_us : 0;
    return ERR_OK;
}

bool
dossier_may_read(struct ctx *cx, const struct dossier *d)
{
    const struct actor *me = cx->actor;
    if (me == NULL) {
        return false;
    }
    if (me->party == d->party || me->account == d->filed_by ||
        (me->for_party != 0 && me->for_party == d->party)) {
        return true;
    }
    if (access_may_in(cx, "dossier.read_unit", d->unit)) {
        return true;
    }
    struct q_dossier_open_task_list tasks;
    if (q_dossier_open_task(cx, &tasks, .subject_id = d->id, .limit_n = 32) != ERR_OK) {
        return false;
    }
    for (size_t i = 0; i < tasks.n; i++) {
        if (access_may_in(cx, "dossier.read_unit", tasks.v[i].unit)) {
            return true;
        }
    }
    return false;
}

enum err
dossier_pack(struct ctx *cx, const struct dossier *d, const struct pack **ret)
{
    return pack_by_version(cx, d->pack_version, ret);
}

enum err
dossier_procedure(struct ctx *cx, const struct dossier *d, const struct procedure **ret)
{
    const struct pack *pack = NULL;
    TRY(dossier_pack(cx, d, &pack));
    const struct procedure *p = procedure_in(pack, d->procedure, date_at_vn(d->submitted_us));
    if (p == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "procedure of dossier %" PRId64 " is not in its pack",
                       d->id);
    }
    *ret = p;
    return ERR_OK;
}

enum err
dossier_answers(struct ctx *cx, const struct dossier *d, const struct json **ret)
{
    struct json *tree = NULL;
    struct json_fault fault;
    struct json_limits limits = { 0 };
    if (json_parse(cx->arena, d->answers, limits, &tree, &fault) != ERR_OK) {
        return err_set(cx, ERR_INTERNAL, "answers of dossier %" PRId64 ": %s", d->id, fault.what);
    }
    *ret = tree;
    return ERR_OK;
}

enum err
dossier_form(struct ctx *cx, const struct dossier *d, struct form_state *ret)
{
    const struct pack *pack = NULL;
    const struct procedure *p = NULL;
    TRY(dossier_pack(cx, d, &pack));
    TRY(dossier_procedure(cx, d, &p));
    const struct form *form = form_find(pack, p->form);
    if (form == NULL) {
        return err_set(cx, ERR_NOT_FOUND, "form of dossier %" PRId64 " is not in its pack", d->id);
    }
    struct str draft = str_fmt(cx->arena, "{\"answers\":" STR_FMT "}", STR_ARG(d->answers));
    return form_state_load(cx, form, draft, ret);
}

enum err
dossier_form_sources(struct ctx *cx, const struct dossier *d, struct form_state *st)
{
    struct q_draft_form_of row;
    enum err e = q_draft_form_of(cx, &row, .id = d->parent != 0 ? d->parent : d->id);
    if (e == ERR_NOT_FOUND) {
        return ERR_OK; /* it began without a draft */
    }
    TRY(e);
    return form_state_sources(cx, st, row.form);
}

enum err
dossier_save(struct ctx *cx, struct dossier *d)
{
    int64_t n = 0;
    TRY(q_dossier_update(
        cx, &n, .id = d->id, .version = d->version, .unit = d->unit, .vars = d->vars,
        .state = d->state, .status = d->status, .case_id = d->case_id, .clock = (int64_t)d->clock,
        .react_us = d->react_us, .accepted_us = d->accepted_us, .due_us = d->due_us,
        .first_due_us = d->first_due_us, .paused_us = d->paused_us, .remaining_s = d->remaining_s,
        .finished_us = d->finished_us, .returned_us = d->returned_us, .apology_us = d->apology_us,
        .n_supplements = d->n_supplements, .fee_vnd = d->fee_vnd, .is_paid = d->is_paid));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "dossier %" PRId64 " changed since version %" PRId64,
                       d->id, d->version);
    }
    d->version++;
    return ERR_OK;
}

enum err
dossier_note(struct ctx *cx, const struct dossier *d, const char *kind, struct str note,
             bool is_public)
{
    return q_event_insert(cx, NULL, .id = store_new_id(cx), .dossier_id = d->id,
                          .at_us = sys_now_us(cx), .kind = str_of(kind), .actor = cx->who.account,
                          .unit = cx->who.unit.p == NULL ? STR("") : cx->who.unit,
                          .note = note.p == NULL ? STR("") : note, .is_public = is_public);
}

enum err
dossier_record(struct ctx *cx, const struct dossier *d, const char *kind, struct str note,
               bool is_public)
{
    struct ledger_new e = { .kind = str_z(cx->arena, str_fmt(cx->arena, "dossier.%s", kind)),
                            .object = ledger_object(cx, "dossier", d->id),
                            .subject = d->party,
                            .content = note };
    TRY(dossier_note(cx, d, kind, note, is_public));
    return ledger_add(cx, &e);
}

enum err
dossier_tell(struct ctx *cx, const struct dossier *d, const char *key, struct str note)
{
    static const char *const names[] = {
        "number", "procedure", "unit", "note", "link", "code", NULL
    };
    const struct procedure *p = NULL;
    TRY(dossier_procedure(cx, d, &p));
    struct str values[] = {
        d->number,
        pack_text(cx, p->name),
        unit_name(cx, d->unit),
        note.p == NULL ? STR("") : note,
        str_fmt(cx->arena, STR_FMT "/tra-cuu?so=" STR_FMT, STR_ARG(cx->config->base_url),
                STR_ARG(d->number)),
        d->code,
    };
    struct notice_new in = { .party = d->party,
                             .dossier = d->id,
                             .key = key,
                             .phone = d->phone,
                             .email = d->email,
                             .names = names,
                             .values = values };
    return notice_put(cx, &in);
}

enum err
dossier_count(struct ctx *cx, const struct dossier *d, const char *metric, int64_t n)
{
    struct indicator_delta delta = { .metric = metric,
                                     .unit = d->unit,
                                     .procedure = d->procedure,
                                     .field = d->field,
                                     .n = n,
                                     .subject = d->id };
    return indicator_add(cx, &delta);
}

enum err
dossier_stock(struct ctx *cx, const struct dossier *d, const char *metric, bool is_in)
{
    struct indicator_delta delta = { .metric = metric,
                                     .unit = d->unit,
                                     .procedure = d->procedure,
                                     .field = d->field,
                                     .subject = d->id };
    return indicator_stock(cx, &delta, is_in);
}

enum err
dossier_step_tell(struct ctx *cx, const struct dossier *d)
{
    struct str key = str_fmt(cx->arena, "%" PRId64, d->id);
    return store_outbox_put(cx, STR("dossier.status"), key,
                            str_fmt(cx->arena, "{\"dossier\":" STR_FMT "}", STR_ARG(key)));
}

/* The first status stands in the dossier's own row: it was filed. */
static enum err
step_add(struct ctx *cx, const struct dossier *d)
{
    TRY(q_step_insert(cx, NULL, .id = store_new_id(cx), .dossier_id = d->id, .status = d->status,
                      .at_us = sys_now_us(cx), .actor = cx->who.account));
    return dossier_step_tell(cx, d);
}

enum err
dossier_steps(struct ctx *cx, const struct dossier *d, int64_t after, struct dossier_step **ret,
              size_t *ret_n)
{
    struct q_steps_of_list l;
    TRY(q_steps_of(cx, &l, .dossier_id = d->id, .after = after, .limit_n = DOSSIER_STEPS_MAX - 1));
    struct dossier_step *v = ARENA_ARRAY(cx->arena, struct dossier_step, DOSSIER_STEPS_MAX);
    size_t n = 0;
    if (after < d->id) {
        v[n++] = (struct dossier_step){
            .id = d->id, .at_us = d->submitted_us, .actor = d->filed_by, .status = 1
        };
    }
    for (size_t i = 0; i < l.n; i++) {
        v[n++] = (struct dossier_step){ .id = l.v[i].id,
                                        .at_us = l.v[i].at_us,
                                        .actor = l.v[i].actor,
                                        .status = (int32_t)l.v[i].status };
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}

enum err
dossier_set_status(struct ctx *cx, struct dossier *d, int32_t status)
{
    if (status == d->status) {
        return ERR_OK;
    }
    if (!dossier_status_may(d->status, status)) {
        return err_set(cx, ERR_CONFLICT, "status %d cannot follow %d (dossier %" PRId64 ")", status,
                       d->status, d->id);
    }
    bool did_wait = dossier_status_waits(d->status);
    bool does_wait = dossier_status_waits(status);
    d->status = status;
    TRY(step_add(cx, d));
    if (did_wait != does_wait) {
        TRY(dossier_stock(cx, d, "waiting", does_wait));
    }
    return ERR_OK;
}

/* To who listens at this process, and by a signal at the others: "channel data". */
static void
publish_changed(struct ctx *cx, struct str channel, struct str unit)
{
    if (cx->server == NULL && (cx->store == NULL || !store_is_shared(cx->store))) {
        return;
    }
    struct str data = str_fmt(cx->arena, "{\"unit\":\"" STR_FMT "\"}", STR_ARG(unit));
    if (cx->server != NULL) {
        server_publish(cx->server, channel, STR("changed"), STR_NULL, data);
    }
    store_signal(cx, str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(channel), STR_ARG(data)));
}

void
dossier_signalled(struct server *server, struct str text)
{
    struct str channel;
    struct str data;
    if (server != NULL && str_cut(text, ' ', &channel, &data)) {
        server_publish(server, channel, STR("changed"), STR_NULL, data);
    }
}

void
dossier_publish(struct ctx *cx, const struct dossier *d)
{
    publish_changed(cx, STR("figures"), d->unit);
    dossier_publish_inbox(cx, d->unit);
}

void
dossier_publish_inbox(struct ctx *cx, struct str unit)
{
    publish_changed(cx, str_cat(cx->arena, STR("inbox:"), unit), unit);
}

enum err
dossier_history(struct ctx *cx, int64_t id, struct dossier_event **ret, size_t *ret_n)
{
    struct q_event_list_list list;
    TRY(q_event_list(cx, &list, .dossier_id = id, .limit_n = HISTORY_MAX));
    struct dossier_event *v = ARENA_ARRAY(cx->arena, struct dossier_event, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct dossier_event){ .id = list.v[i].id,
                                       .at_us = list.v[i].at_us,
                                       .actor = list.v[i].actor,
                                       .kind = list.v[i].kind,
                                       .actor_name = list.v[i].actor_name,
                                       .unit = list.v[i].unit,
                                       .note = list.v[i].note,
                                       .is_public = list.v[i].is_public != 0 };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}
