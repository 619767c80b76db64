/* exchange_agree.c: agreements: asked for by a consumer, decided by the owner. */
#include "base/date.h"
#include "engine/access/access.h"
#include "engine/exchange/exchange_int.h"
#include "engine/ledger/ledger.h"
#include "gen/q_exchange.h"
#include "store/store.h"
#include "sys/sys.h"

#define LIST_MAX  100
#define WORDS_MIN 10 /* characters of a purpose that says something */
#define RATE_MAX  100000
#define QUOTA_MAX INT64_C(1000000000)

static struct str
or_empty(struct str s)
{
    return s.p == NULL ? STR("") : s;
}

/* Every operation must be one of the version in force. */
static enum err
check_operations(struct ctx *cx, const struct exchange_service *s, struct str wanted)
{
    struct exchange_operation *v = NULL;
    size_t n = 0;
    size_t n_wanted = 0;
    struct str rest = str_trim(or_empty(wanted));
    struct str code;
    TRY(exchange_operations(cx, s->version_id, &v, &n));
    while (str_next(&rest, ' ', &code)) {
        bool is_known = false;
        for (size_t i = 0; i < n && !str_is_empty(code); i++) {
            is_known = is_known || str_eq(v[i].code, code);
        }
        n_wanted += str_is_empty(code) ? 0 : 1;
        if (!is_known && !str_is_empty(code)) {
            ctx_problem(cx, STR("operations"), STR("exchange.operation_unknown"), code);
        }
    }
    if (n_wanted == 0) {
        ctx_problem(cx, STR("operations"), STR("exchange.operation_missing"), STR_NULL);
    }
    return ERR_OK;
}

/* What is not asked for is taken out of answers from the start. */
static enum err
check_fields(struct ctx *cx, const struct exchange_service *s, struct exchange_agreement *a)
{
    struct exchange_operation *v = NULL;
    size_t n = 0;
    struct str wanted = exchange_removed_of(cx->arena, str_trim(or_empty(a->fields)));
    struct str one;
    if (str_is_empty(wanted)) {
        return ERR_OK;
    }
    struct q_xversion_document doc;
    TRY(q_xversion_document(cx, &doc, .id = s->version_id));
    if (str_eq(doc.kind, STR("wsdl"))) { /* the relay takes fields out of JSON alone */
        ctx_problem(cx, STR("fields"), STR("exchange.fields_soap"), STR_NULL);
        return ERR_OK;
    }
    TRY(exchange_operations(cx, s->version_id, &v, &n));
    struct str all = exchange_answered_by(cx, v, n, a->operations);
    if (all.p == NULL) {
        ctx_problem(cx, STR("fields"), STR("exchange.removed_many"), STR_NULL);
        return ERR_OK;
    }
    for (struct str rest = wanted; str_next(&rest, ' ', &one);) {
        if (!str_is_empty(one) && !exchange_overlaps(one, all)) {
            ctx_problem(cx, STR("fields"), STR("exchange.field_unknown"), one);
        }
    }
    a->removed = exchange_beyond(cx, all, wanted);
    return ERR_OK;
}

static void
check_limits(struct ctx *cx, const struct exchange_agreement *a)
{
    struct date from;
    struct date to;
    if (!exchange_hours_are_valid(or_empty(a->hours))) {
        ctx_problem(cx, STR("hours"), STR("exchange.hours_form"), STR_NULL);
    }
    if (exchange_n_words(or_empty(a->removed)) > EXCHANGE_REMOVED_MAX) {
        ctx_problem(cx, STR("removed"), STR("exchange.removed_many"), STR_NULL);
    }
    if (!str_is_empty(a->bodies) && !exchange_names(STR("all hash"), a->bodies)) {
        ctx_problem(cx, STR("bodies"), STR("exchange.bodies_form"), STR_NULL);
    }
    if (a->rate_s < 0 || a->rate_s > RATE_MAX) {
        ctx_problem(cx, STR("rate_s"), STR("exchange.number_form"), STR_NULL);
    }
    if (a->quota_day < 0 || a->quota_day > QUOTA_MAX) {
        ctx_problem(cx, STR("quota_day"), STR("exchange.number_form"), STR_NULL);
    }
    if (date_parse(or_empty(a->valid_from), &from) && date_parse(or_empty(a->valid_to), &to) &&
        date_cmp(to, from) < 0) {
        ctx_problem(cx, STR("valid_to"), STR("exchange.to_before_from"), STR_NULL);
    }
}

static enum err
ask_tx(struct ctx *cx, void *arg)
{
    struct exchange_agreement *a = arg;
    struct q_xagree_between_list have;
    TRY(q_xagree_between(cx, &have, .consumer_id = a->consumer_id, .service_id = a->service_id,
                         .limit_n = LIST_MAX));
    for (size_t i = 0; i < have.n; i++) {
        if (exchange_names(STR("asked granted suspended"), have.v[i].state)) {
            return err_set(cx, ERR_CONFLICT, "there is an open agreement already");
        }
    }
    a->id = store_new_id(cx);
    a->version = 1;
    TRY(q_xagree_insert(
        cx, NULL, .id = a->id, .consumer_id = a->consumer_id, .service_id = a->service_id,
        .purpose = a->purpose, .legal_basis = a->legal_basis, .operations = a->operations,
        .removed = or_empty(a->removed), .rate_s = a->rate_s, .quota_day = a->quota_day,
        .hours = or_empty(a->hours), .valid_from = a->valid_from, .valid_to = a->valid_to,
        .asked_by = cx->who.account, .asked_us = sys_now_us(cx)));
    struct ledger_new e = { .kind = "exchange.access_asked",
                            .object = ledger_object(cx, "exchange_agreement", a->id),
                            .note = a->operations,
                            .content = a->purpose };
    return ledger_add(cx, &e);
}

enum err
exchange_ask_access(struct ctx *cx, struct exchange_agreement *a)
{
    struct exchange_service s;
    TRY(exchange_service_get(cx, a->service_id, &s));
    if (!str_eq(s.state, STR("published"))) {
        return err_set(cx, ERR_CONFLICT, "the service is not published");
    }
    if (s.subsystem_id == a->consumer_id) {
        ctx_problem(cx, STR("consumer"), STR("exchange.own_service"), STR_NULL);
    }
    if (str_trim(a->purpose).n < WORDS_MIN) {
        ctx_problem(cx, STR("purpose"), STR("exchange.purpose_short"), STR_NULL);
    }
    if (str_is_empty(str_trim(a->legal_basis))) {
        ctx_problem(cx, STR("legal_basis"), STR("exchange.legal_missing"), STR_NULL);
    }
    TRY(check_operations(cx, &s, a->operations));
    TRY(check_fields(cx, &s, a));
    check_limits(cx, a);
    TRY(ctx_check(cx));
    return cx->is_writing ? ask_tx(cx, a) : store_write(cx, ask_tx, a);
}

/* What an agreement may become. */
static bool
may_become(struct str from, struct str to)
{
    static const char *const moves[][2] = {
        { "asked", "granted refused" },
        { "granted", "granted suspended ended" },
        { "suspended", "granted ended" },
    };
    for (size_t i = 0; i < COUNT_OF(moves); i++) {
        if (str_eq(from, str_of(moves[i][0]))) {
            return exchange_names(str_of(moves[i][1]), to);
        }
    }
    return false;
}

/* Who suspends says nothing about the terms: they are there when it is granted again. */
static void
keep_terms(const struct q_xagree_by_id *r, struct exchange_agreement *a)
{
    a->operations = r->operations;
    a->removed = r->removed;
    a->held = r->held;
    a->rate_s = r->rate_s;
    a->quota_day = r->quota_day;
    a->hours = r->hours;
    a->bodies = r->bodies;
    a->valid_from = r->valid_from;
    a->valid_to = r->valid_to;
}

static enum err
decide_tx(struct ctx *cx, void *arg)
{
    struct exchange_agreement *a = arg;
    struct q_xagree_by_id r;
    int64_t n = 0;
    TRY(q_xagree_by_id(cx, &r, .id = a->id));
    if (!may_become(r.state, a->state)) {
        return err_set(cx, ERR_CONFLICT, "agreement is " STR_FMT, STR_ARG(r.state));
    }
    a->held = STR(""); /* who grants has seen them */
    if (!str_eq(a->state, STR("granted"))) {
        keep_terms(&r, a);
    }
    TRY(q_xagree_decide(
        cx, &n, .id = a->id, .version = a->version, .state = a->state, .operations = a->operations,
        .removed = exchange_removed_of(cx->arena, or_empty(a->removed)), .rate_s = a->rate_s,
        .quota_day = a->quota_day, .hours = or_empty(a->hours), .bodies = or_empty(a->bodies),
        .valid_from = a->valid_from, .valid_to = a->valid_to, .decided_by = cx->who.account,
        .decided_us = sys_now_us(cx), .note = or_empty(a->note), .held = or_empty(a->held)));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "agreement changed elsewhere");
    }
    TRY(exchange_changed(cx));
    struct ledger_new e = { .kind = "exchange.access_decided",
                            .object = ledger_object(cx, "exchange_agreement", a->id),
                            .note = a->state,
                            .content = a->note };
    return ledger_add(cx, &e);
}

enum err
exchange_agreement_decide(struct ctx *cx, const struct exchange_agreement *a)
{
    struct exchange_agreement job = *a;
    struct exchange_service s;
    TRY(exchange_service_get(cx, a->service_id, &s));
    if (str_eq(a->state, STR("granted"))) {
        TRY(check_operations(cx, &s, a->operations));
        check_limits(cx, a);
    } else if (str_is_empty(str_trim(a->note))) {
        ctx_problem(cx, STR("note"), STR("exchange.why_missing"), STR_NULL);
    }
    TRY(ctx_check(cx));
    return cx->is_writing ? decide_tx(cx, &job) : store_write(cx, decide_tx, &job);
}

enum err
exchange_agreement_get(struct ctx *cx, int64_t id, struct exchange_agreement *ret)
{
    struct q_xagree_by_id r;
    struct exchange_subsystem sub;
    struct exchange_service service;
    TRY(q_xagree_by_id(cx, &r, .id = id));
    TRY(exchange_subsystem_get(cx, r.consumer_id, &sub));
    TRY(exchange_service_get(cx, r.service_id, &service));
    *ret = (struct exchange_agreement){ .id = r.id,
                                        .version = r.version,
                                        .consumer_id = r.consumer_id,
                                        .service_id = r.service_id,
                                        .rate_s = r.rate_s,
                                        .quota_day = r.quota_day,
                                        .asked_by = r.asked_by,
                                        .asked_us = r.asked_us,
                                        .decided_by = r.decided_by,
                                        .decided_us = r.decided_us,
                                        .state = r.state,
                                        .purpose = r.purpose,
                                        .legal_basis = r.legal_basis,
                                        .operations = r.operations,
                                        .removed = r.removed,
                                        .held = r.held,
                                        .hours = r.hours,
                                        .bodies = r.bodies,
                                        .valid_from = r.valid_from,
                                        .valid_to = r.valid_to,
                                        .note = r.note,
                                        .consumer = sub.path,
                                        .service = service.path,
                                        .consumer_name = sub.name,
                                        .service_name = service.name };
    return ERR_OK;
}

struct ids {
    int64_t v[LIST_MAX];
    size_t n;
};

static enum err
find_ids(struct ctx *cx, int64_t consumer, int64_t service, struct str state, int64_t before,
         struct ids *ret)
{
    if (consumer != 0) {
        struct q_xagree_of_consumer_list list;
        TRY(q_xagree_of_consumer(cx, &list, .consumer_id = consumer, .before = before,
                                 .limit_n = LIST_MAX));
        for (; ret->n < list.n; ret->n++) {
            ret->v[ret->n] = list.v[ret->n].id;
        }
    } else if (service != 0) {
        struct q_xagree_of_service_list list;
        TRY(q_xagree_of_service(cx, &list, .service_id = service, .before = before,
                                .limit_n = LIST_MAX));
        for (; ret->n < list.n; ret->n++) {
            ret->v[ret->n] = list.v[ret->n].id;
        }
    } else if (!str_is_empty(state)) {
        struct q_xagree_in_state_list list;
        TRY(q_xagree_in_state(cx, &list, .state = state, .before = before, .limit_n = LIST_MAX));
        for (; ret->n < list.n; ret->n++) {
            ret->v[ret->n] = list.v[ret->n].id;
        }
    } else {
        struct q_xagree_all_list list;
        TRY(q_xagree_all(cx, &list, .before = before, .limit_n = LIST_MAX));
        for (; ret->n < list.n; ret->n++) {
            ret->v[ret->n] = list.v[ret->n].id;
        }
    }
    return ERR_OK;
}

static enum err
read_all(struct ctx *cx, const struct ids *ids, struct exchange_agreement **ret, size_t *ret_n)
{
    struct exchange_agreement *v = ARENA_ARRAY(cx->arena, struct exchange_agreement, ids->n);
    for (size_t i = 0; i < ids->n; i++) {
        TRY(exchange_agreement_get(cx, ids->v[i], &v[i]));
    }
    *ret = v;
    *ret_n = ids->n;
    return ERR_OK;
}

enum err
exchange_agreements(struct ctx *cx, int64_t consumer, int64_t service, struct str state,
                    int64_t before, struct exchange_agreement **ret, size_t *ret_n)
{
    struct ids ids = { .n = 0 };
    TRY(find_ids(cx, consumer, service, state, before == 0 ? INT64_MAX : before, &ids));
    return read_all(cx, &ids, ret, ret_n);
}

/* Keeps the newest ids in falling order, each once: both its sides may be one's own. */
static void
keep_newest(struct ids *ids, int64_t id)
{
    size_t at = 0;
    while (at < ids->n && ids->v[at] > id) {
        at++;
    }
    if (at == LIST_MAX || (at < ids->n && ids->v[at] == id)) {
        return;
    }
    ids->n += ids->n < LIST_MAX ? 1 : 0;
    for (size_t i = ids->n - 1; i > at; i--) {
        ids->v[i] = ids->v[i - 1];
    }
    ids->v[at] = id;
}

enum err
exchange_agreements_of(struct ctx *cx, const struct exchange_subsystem *subs, size_t n_subs,
                       struct str state, int64_t before, struct exchange_agreement **ret,
                       size_t *ret_n)
{
    struct ids ids = { .n = 0 };
    int64_t top = before == 0 ? INT64_MAX : before;
    for (size_t i = 0; i < n_subs; i++) {
        struct q_xagree_asked_by_list asked;
        struct q_xagree_offered_by_list offered;
        TRY(q_xagree_asked_by(cx, &asked, .subsystem_id = subs[i].id, .state = or_empty(state),
                              .before = top, .limit_n = LIST_MAX));
        TRY(q_xagree_offered_by(cx, &offered, .subsystem_id = subs[i].id, .state = or_empty(state),
                                .before = top, .limit_n = LIST_MAX));
        for (size_t k = 0; k < asked.n; k++) {
            keep_newest(&ids, asked.v[k].id);
        }
        for (size_t k = 0; k < offered.n; k++) {
            keep_newest(&ids, offered.v[k].id);
        }
    }
    return read_all(cx, &ids, ret, ret_n);
}

/* --- which bodies are kept ---------------------------------------------------------------------
 */
#define RULES_SET 500

struct rules {
    struct exchange_body_rule *v;
    size_t n, cap;
};

static enum err
rule_add(struct ctx *cx, struct rules *r, int64_t consumer, int64_t service, bool is_kept)
{
    struct exchange_subsystem sub = { .path = STR("") };
    struct exchange_service s;
    if (r->n == r->cap) {
        struct exchange_body_rule *more =
            ARENA_ARRAY(cx->arena, struct exchange_body_rule, r->cap * 2 + RULES_SET);
        for (size_t i = 0; i < r->n; i++) {
            more[i] = r->v[i];
        }
        r->v = more;
        r->cap = r->cap * 2 + RULES_SET;
    }
    if (consumer != 0) {
        TRY(exchange_subsystem_get(cx, consumer, &sub));
    }
    TRY(exchange_service_get(cx, service, &s));
    r->v[r->n++] = (struct exchange_body_rule){ sub.path, s.path, is_kept };
    return ERR_OK;
}

static enum err
rules_of_classes(struct ctx *cx, struct rules *r)
{
    struct q_xservice_sensitive_list list = { .n = RULES_SET };
    for (int64_t after = 0; list.n == RULES_SET;) {
        TRY(q_xservice_sensitive(cx, &list, .after = after, .limit_n = RULES_SET));
        for (size_t i = 0; i < list.n; i++) {
            after = list.v[i].id;
            TRY(rule_add(cx, r, 0, after, false));
        }
    }
    return ERR_OK;
}

static enum err
rules_of_agreements(struct ctx *cx, struct str state, struct rules *r)
{
    struct q_xagree_bodies_list list = { .n = RULES_SET };
    for (int64_t after = 0; list.n == RULES_SET;) {
        TRY(q_xagree_bodies(cx, &list, .state = state, .after = after, .limit_n = RULES_SET));
        for (size_t i = 0; i < list.n; i++) {
            after = list.v[i].id;
            TRY(rule_add(cx, r, list.v[i].consumer_id, list.v[i].service_id,
                         str_eq(list.v[i].bodies, STR("all"))));
        }
    }
    return ERR_OK;
}

enum err
exchange_body_rules(struct ctx *cx, struct exchange_body_rule **ret, size_t *ret_n)
{
    struct rules r = { .n = 0 };
    TRY(rules_of_classes(cx, &r));
    TRY(rules_of_agreements(cx, STR("granted"), &r));
    TRY(rules_of_agreements(cx, STR("suspended"), &r));
    *ret = r.v;
    *ret_n = r.n;
    return ERR_OK;
}
