/* party_consent.c: what people agreed to: rows, and which answer may follow which. */
#include "engine/party/party.h"
#include "gen/q_party.h"
#include "store/store.h"
#include "sys/sys.h"

#define CONSENTS_MAX 50

static struct str
some(struct str s)
{
    return s.p == NULL ? STR("") : s;
}

enum err
party_consent_add(struct ctx *cx, struct party_consent *c)
{
    bool is_given = str_eq(c->state, STR("given"));
    c->id = store_new_id(cx);
    c->asked_us = sys_now_us(cx);
    c->given_us = is_given ? c->asked_us : 0;
    return q_party_consent_insert(
        cx, NULL, .id = c->id, .number = some(c->number), .name = c->name, .kind = c->kind,
        .part = some(c->part), .part_en = some(c->part_en), .draft_id = c->draft,
        .dossier_id = c->dossier, .asker = c->asker, .wording = c->wording,
        .wording_en = some(c->wording_en), .is_needed = c->is_needed, .state = c->state,
        .how = some(c->how), .words = some(c->words), .account_id = cx->who.account,
        .asked_us = c->asked_us, .given_us = c->given_us);
}

static struct str
in_language(const struct ctx *cx, struct str vi, struct str en)
{
    return str_eq(cx->lang, STR("en")) && !str_is_empty(en) ? en : vi;
}

struct str
party_consent_wording(const struct ctx *cx, const struct party_consent *c)
{
    return in_language(cx, c->wording, c->wording_en);
}

struct str
party_consent_part(const struct ctx *cx, const struct party_consent *c)
{
    return in_language(cx, c->part, c->part_en);
}

enum err
party_consent_get(struct ctx *cx, int64_t id, struct party_consent *ret)
{
    struct q_party_consent_by_id r;
    TRY(q_party_consent_by_id(cx, &r, .id = id));
    *ret = (struct party_consent){ .id = r.id,
                                   .draft = r.draft_id,
                                   .dossier = r.dossier_id,
                                   .number = r.number,
                                   .name = r.name,
                                   .kind = r.kind,
                                   .part = r.part,
                                   .part_en = r.part_en,
                                   .asker = r.asker,
                                   .wording = r.wording,
                                   .wording_en = r.wording_en,
                                   .state = r.state,
                                   .how = r.how,
                                   .words = r.words,
                                   .is_needed = r.is_needed != 0,
                                   .account = r.account_id,
                                   .asked_us = r.asked_us,
                                   .given_us = r.given_us,
                                   .ended_us = r.ended_us };
    return ERR_OK;
}

/* The rows of these ids: a person has few. */
#define GET_ALL(cx, list, ret, ret_n)                                                              \
    do {                                                                                           \
        struct party_consent *all_ = ARENA_ARRAY((cx)->arena, struct party_consent, (list).n);     \
        for (size_t i_ = 0; i_ < (list).n; i_++) {                                                 \
            TRY(party_consent_get((cx), (list).v[i_].id, &all_[i_]));                              \
        }                                                                                          \
        *(ret) = all_;                                                                             \
        *(ret_n) = (list).n;                                                                       \
    } while (0)

enum err
party_consents_of(struct ctx *cx, struct str number, struct party_consent **ret, size_t *ret_n)
{
    struct q_party_consent_ids_of_list list = { 0 };
    if (!str_is_empty(number)) {
        TRY(q_party_consent_ids_of(cx, &list, .number = number, .limit_n = CONSENTS_MAX));
    }
    GET_ALL(cx, list, ret, ret_n);
    return ERR_OK;
}

enum err
party_consents_of_draft(struct ctx *cx, int64_t draft, struct party_consent **ret, size_t *ret_n)
{
    struct q_party_consent_ids_draft_list list;
    TRY(q_party_consent_ids_draft(cx, &list, .draft_id = draft, .limit_n = CONSENTS_MAX));
    GET_ALL(cx, list, ret, ret_n);
    return ERR_OK;
}

enum err
party_consents_of_dossier(struct ctx *cx, int64_t dossier, struct party_consent **ret,
                          size_t *ret_n)
{
    struct q_party_consent_ids_dossier_list list;
    TRY(q_party_consent_ids_dossier(cx, &list, .dossier_id = dossier, .limit_n = CONSENTS_MAX));
    GET_ALL(cx, list, ret, ret_n);
    return ERR_OK;
}

enum err
party_consent_filed(struct ctx *cx, int64_t draft, int64_t dossier)
{
    return q_party_consent_filed(cx, NULL, .draft_id = draft, .dossier_id = dossier);
}

bool
party_consent_may(struct str from, struct str to)
{
    bool is_open = str_eq(from, STR("asked"));
    bool is_given = str_eq(from, STR("given"));
    return str_eq(to, STR("given"))       ? !is_given
           : str_eq(to, STR("refused"))   ? is_open
           : str_eq(to, STR("withdrawn")) ? is_given
                                          : false;
}

enum err
party_consent_answer(struct ctx *cx, const struct party_consent *c, struct str state,
                     struct str how, struct str words)
{
    int64_t n = 0;
    int64_t now_us = sys_now_us(cx);
    bool is_given = str_eq(state, STR("given"));
    if (!party_consent_may(c->state, state)) {
        return err_set(cx, ERR_CONFLICT, "consent %" PRId64 " was answered otherwise", c->id);
    }
    TRY(q_party_consent_answer(cx, &n, .id = c->id, .was = c->state, .state = state, .how = how,
                               .words = some(words), .account_id = cx->who.account,
                               .given_us = is_given ? now_us : 0,
                               .ended_us = is_given ? 0 : now_us));
    return n == 1 ? ERR_OK : err_set(cx, ERR_CONFLICT, "consent %" PRId64 " changed", c->id);
}
