/* party_store.c: rows of people and organisations. */
#include "engine/party/party.h"

#include "codec/vn.h"
#include "gen/q_party.h"
#include "store/store.h"
#include "sys/sys.h"

#define MERGE_STEPS_MAX 8
#define LINKS_MAX       64
#define FIND_MAX        50
#define CORRECTIONS_MAX 100

static struct party
from_row(const struct q_party_by_id *r)
{
    return (struct party){ .id = r->id,
                           .version = r->version,
                           .kind = r->kind,
                           .name = r->name,
                           .personal_id = r->personal_id,
                           .tax_code = r->tax_code,
                           .birth_date = r->birth_date,
                           .sex = r->sex,
                           .ethnicity = r->ethnicity,
                           .nationality = r->nationality,
                           .phone = r->phone,
                           .email = r->email,
                           .unit = r->unit,
                           .address = r->address,
                           .source = r->source,
                           .source_us = r->source_us,
                           .merged_into = r->merged_into };
}

enum err
party_get(struct ctx *cx, int64_t id, struct party *ret)
{
    struct q_party_by_id row;
    int64_t at = id;
    for (int i = 0; i < MERGE_STEPS_MAX; i++) {
        TRY(q_party_by_id(cx, &row, .id = at));
        if (row.merged_into == 0) {
            *ret = from_row(&row);
            return ERR_OK;
        }
        at = row.merged_into;
    }
    return err_set(cx, ERR_INTERNAL, "merge chain of party %" PRId64 " is too long", id);
}

enum err
party_by_personal_id(struct ctx *cx, struct str personal_id, struct party *ret)
{
    struct q_party_by_personal_id row;
    TRY(q_party_by_personal_id(cx, &row, .personal_id = personal_id));
    return party_get(cx, row.id, ret);
}

enum err
party_by_tax_code(struct ctx *cx, struct str tax_code, struct party *ret)
{
    struct q_party_by_tax_code row;
    TRY(q_party_by_tax_code(cx, &row, .tax_code = tax_code));
    return party_get(cx, row.id, ret);
}

static struct str
null_if_empty(struct str s)
{
    return str_is_empty(s) ? STR_NULL : s;
}

/* Keeps party_double right for people of that name and birth, after any of their records changed.
 * is_new: only a record more, so that one alone needs no look at party_double. */
static enum err
keep_double(struct ctx *cx, const struct party *p, bool is_new)
{
    struct q_party_same same;
    if (!str_eq(p->kind, STR("person")) || str_is_empty(p->birth_date)) {
        return ERR_OK;
    }
    struct str fold = vn_fold(cx->arena, p->name);
    TRY(q_party_same(cx, &same, .birth_date = p->birth_date, .name_fold = fold));
    if (same.n > 1 && same.numbers_n <= 1) {
        return q_party_double_put(cx, NULL, .birth_date = p->birth_date, .name_fold = fold);
    }
    return is_new && same.n == 1
               ? ERR_OK
               : q_party_double_drop(cx, NULL, .birth_date = p->birth_date, .name_fold = fold);
}

enum err
party_add(struct ctx *cx, struct party *p)
{
    struct q_party_by_personal_id by_id;
    struct q_party_by_tax_code by_tax;
    if (!str_is_empty(p->personal_id) &&
        q_party_by_personal_id(cx, &by_id, .personal_id = p->personal_id) == ERR_OK) {
        return err_set(cx, ERR_CONFLICT, "personal id is taken by party %" PRId64, by_id.id);
    }
    if (!str_is_empty(p->tax_code) &&
        q_party_by_tax_code(cx, &by_tax, .tax_code = p->tax_code) == ERR_OK) {
        return err_set(cx, ERR_CONFLICT, "tax code is taken by party %" PRId64, by_tax.id);
    }
    if (p->id == 0) {
        p->id = store_new_id(cx);
    }
    p->version = 1;
    int64_t now_us = sys_now_us(cx);
    TRY(q_party_insert(
        cx, NULL, .id = p->id, .kind = p->kind, .name = p->name,
        .name_fold = vn_fold(cx->arena, p->name), .personal_id = null_if_empty(p->personal_id),
        .tax_code = null_if_empty(p->tax_code), .birth_date = p->birth_date, .sex = p->sex,
        .ethnicity = p->ethnicity, .nationality = p->nationality, .phone = p->phone,
        .email = p->email, .unit = p->unit, .address = p->address, .source = p->source,
        .source_us = p->source_us == 0 ? now_us : p->source_us, .created_us = now_us));
    return keep_double(cx, p, true);
}

enum err
party_save(struct ctx *cx, const struct party *p)
{
    int64_t n = 0;
    struct q_party_by_id was;
    TRY(q_party_by_id(cx, &was, .id = p->id));
    TRY(q_party_update(cx, &n, .id = p->id, .version = p->version, .name = p->name,
                       .name_fold = vn_fold(cx->arena, p->name), .birth_date = p->birth_date,
                       .sex = p->sex, .ethnicity = p->ethnicity, .nationality = p->nationality,
                       .phone = p->phone, .email = p->email, .unit = p->unit, .address = p->address,
                       .source = p->source, .source_us = p->source_us));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "party %" PRId64 " changed", p->id);
    }
    struct party before = from_row(&was);
    if (str_eq(before.name, p->name) && str_eq(before.birth_date, p->birth_date)) {
        return ERR_OK;
    }
    TRY(keep_double(cx, &before, false));
    return keep_double(cx, p, false);
}

enum err
party_set_contact(struct ctx *cx, int64_t id, struct str phone, struct str email)
{
    return q_party_set_contact(cx, NULL, .id = id, .phone = phone, .email = email);
}

/* Two records with different numbers are two persons, whatever else agrees. */
static bool
differ(struct str a, struct str b)
{
    return !str_is_empty(a) && !str_is_empty(b) && !str_eq(a, b);
}

static struct str
first_of(struct str a, struct str b)
{
    return str_is_empty(a) ? b : a;
}

/* What only the other record knew goes to the survivor. */
static enum err
fill_survivor(struct ctx *cx, struct party *to, const struct party *from)
{
    to->birth_date = first_of(to->birth_date, from->birth_date);
    to->sex = first_of(to->sex, from->sex);
    to->ethnicity = first_of(to->ethnicity, from->ethnicity);
    to->nationality = first_of(to->nationality, from->nationality);
    to->phone = first_of(to->phone, from->phone);
    to->email = first_of(to->email, from->email);
    to->unit = first_of(to->unit, from->unit);
    to->address = first_of(to->address, from->address);
    TRY(party_save(cx, to));
    return q_party_fill(cx, NULL, .id = to->id, .personal_id = null_if_empty(from->personal_id),
                        .tax_code = null_if_empty(from->tax_code));
}

enum err
party_merge(struct ctx *cx, int64_t id, int64_t into)
{
    struct party survivor;
    struct party gone;
    int64_t n = 0;
    TRY(party_get(cx, into, &survivor));
    TRY(party_get(cx, id, &gone));
    if (gone.id != id) {
        return err_set(cx, ERR_CONFLICT, "party %" PRId64 " was merged already", id);
    }
    if (survivor.id == id) {
        return err_set(cx, ERR_INVALID, "a record cannot be merged into itself");
    }
    if (!str_eq(survivor.kind, gone.kind) || differ(survivor.personal_id, gone.personal_id) ||
        differ(survivor.tax_code, gone.tax_code)) {
        return err_set(cx, ERR_INVALID, "kind or numbers differ: not one person");
    }
    TRY(q_party_merge(cx, &n, .id = id, .into_id = survivor.id));
    if (n != 1) {
        return err_set(cx, ERR_CONFLICT, "party %" PRId64 " was merged already", id);
    }
    TRY(fill_survivor(cx, &survivor, &gone));
    TRY(keep_double(cx, &gone, false));
    TRY(keep_double(cx, &survivor, false));
    TRY(q_party_merge_older(cx, NULL, .id = id, .into_id = survivor.id));
    TRY(q_party_corrections_move(cx, NULL, .id = id, .into_id = survivor.id));
    TRY(q_party_links_move_from(cx, NULL, .id = id, .into_id = survivor.id));
    return q_party_links_move_to(cx, NULL, .id = id, .into_id = survivor.id);
}

enum err
party_links(struct ctx *cx, const char *kind, int64_t from, struct party_link **ret, size_t *ret_n)
{
    struct q_party_links_from_list list;
    TRY(q_party_links_from(cx, &list, .from_id = from, .kind = str_of(kind), .limit_n = LINKS_MAX));
    struct party_link *links = ARENA_ARRAY(cx->arena, struct party_link, list.n);
    for (size_t i = 0; i < list.n; i++) {
        links[i] = (struct party_link){ .id = list.v[i].id,
                                        .to = list.v[i].to_id,
                                        .valid_from = list.v[i].valid_from,
                                        .valid_to = list.v[i].valid_to };
    }
    *ret = links;
    *ret_n = list.n;
    return ERR_OK;
}

bool
party_is_linked(struct ctx *cx, const char *kind, int64_t from, int64_t to, struct date on)
{
    struct party_link *links = NULL;
    size_t n = 0;
    if (party_links(cx, kind, from, &links, &n) != ERR_OK) {
        return false;
    }
    struct str day = date_iso(cx->arena, on);
    for (size_t i = 0; i < n; i++) {
        bool is_valid = str_cmp(links[i].valid_from, day) <= 0 &&
                        (str_is_empty(links[i].valid_to) || str_cmp(links[i].valid_to, day) >= 0);
        if (links[i].to == to && is_valid) {
            return true;
        }
    }
    return false;
}

enum err
party_link_add(struct ctx *cx, const char *kind, int64_t from, int64_t to, struct date from_date,
               struct str source)
{
    return q_party_link_insert(
        cx, NULL, .id = store_new_id(cx), .kind = str_of(kind), .from_id = from, .to_id = to,
        .valid_from = date_iso(cx->arena, from_date), .valid_to = STR_NULL, .source = source);
}

enum err
party_find(struct ctx *cx, struct str unit, struct str name, struct party **ret, size_t *ret_n)
{
    struct str from = vn_fold(cx->arena, vn_squeeze(cx->arena, name));
    struct q_party_search_list list;
    TRY(q_party_search(cx, &list, .unit = unit, .from_fold = from,
                       .to_fold = str_cat(cx->arena, from, STR("\xF4\x8F\xBF\xBF")),
                       .limit_n = FIND_MAX));
    struct party *found = ARENA_ARRAY(cx->arena, struct party, list.n);
    for (size_t i = 0; i < list.n; i++) {
        found[i] = (struct party){ .id = list.v[i].id,
                                   .kind = list.v[i].kind,
                                   .name = list.v[i].name,
                                   .personal_id = list.v[i].personal_id,
                                   .birth_date = list.v[i].birth_date };
    }
    *ret = found;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
party_correction_ask(struct ctx *cx, int64_t party, struct str field, struct str wanted,
                     struct str reason)
{
    struct party p;
    TRY(party_get(cx, party, &p));
    return q_party_correction_insert(cx, NULL, .id = store_new_id(cx), .party_id = party,
                                     .field = field, .wanted = wanted, .reason = reason,
                                     .held = party_field(&p, field), .asked_us = sys_now_us(cx));
}

enum err
party_correction_get(struct ctx *cx, int64_t id, struct party_correction *ret)
{
    struct q_party_correction_by_id row;
    TRY(q_party_correction_by_id(cx, &row, .id = id));
    *ret = (struct party_correction){ .id = row.id,
                                      .party = row.party_id,
                                      .asked_us = row.asked_us,
                                      .answered_us = row.answered_us,
                                      .field = row.field,
                                      .wanted = row.wanted,
                                      .reason = row.reason,
                                      .state = row.state,
                                      .answer = row.answer,
                                      .held = row.held,
                                      .written = row.written };
    return ERR_OK;
}

enum err
party_corrections_of(struct ctx *cx, int64_t party, struct party_correction **ret, size_t *ret_n)
{
    struct q_party_corrections_of_list list;
    TRY(q_party_corrections_of(cx, &list, .party_id = party, .limit_n = CORRECTIONS_MAX));
    struct party_correction *v = ARENA_ARRAY(cx->arena, struct party_correction, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct party_correction){ .id = list.v[i].id,
                                          .party = party,
                                          .asked_us = list.v[i].asked_us,
                                          .answered_us = list.v[i].answered_us,
                                          .field = list.v[i].field,
                                          .wanted = list.v[i].wanted,
                                          .reason = list.v[i].reason,
                                          .state = list.v[i].state,
                                          .answer = list.v[i].answer,
                                          .held = list.v[i].held,
                                          .written = list.v[i].written };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
party_corrections_open(struct ctx *cx, int64_t after, struct party_correction **ret, size_t *ret_n)
{
    struct q_party_corrections_open_list list;
    TRY(q_party_corrections_open(cx, &list, .after = after, .limit_n = CORRECTIONS_MAX));
    struct party_correction *v = ARENA_ARRAY(cx->arena, struct party_correction, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct party_correction){ .id = list.v[i].id,
                                          .party = list.v[i].party_id,
                                          .asked_us = list.v[i].asked_us,
                                          .field = list.v[i].field,
                                          .wanted = list.v[i].wanted,
                                          .reason = list.v[i].reason,
                                          .state = STR("open") };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
party_correction_answer(struct ctx *cx, const struct party_correction *c, int64_t account)
{
    int64_t n = 0;
    bool is_written = c->written.p != NULL;
    TRY(q_party_correction_answer(cx, &n, .id = c->id, .state = c->state, .answer = c->answer,
                                  .held = is_written ? c->held : STR_NULL, .written = c->written,
                                  .answered_by = account, .answered_us = sys_now_us(cx)));
    return n == 1 ? ERR_OK
                  : err_set(cx, ERR_CONFLICT, "correction %" PRId64 " was answered already", c->id);
}

/* --- two records of one person ---------------------------------------------------------------- */
static enum err
born(struct ctx *cx, struct str birth_date, struct str like, struct party **ret, size_t *ret_n)
{
    struct q_party_born_list list;
    TRY(q_party_born(cx, &list, .birth_date = birth_date, .name_like = like, .limit_n = FIND_MAX));
    struct party *v = ARENA_ARRAY(cx->arena, struct party, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct party){ .id = list.v[i].id,
                               .kind = list.v[i].kind,
                               .name = list.v[i].name,
                               .personal_id = list.v[i].personal_id,
                               .birth_date = list.v[i].birth_date,
                               .unit = list.v[i].unit,
                               .source = list.v[i].source };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
party_find_born(struct ctx *cx, struct str name, struct str birth_date, struct party **ret,
                size_t *ret_n)
{
    struct str words = vn_squeeze(cx->arena, name.p == NULL ? STR("") : name);
    struct str fold = vn_fold(cx->arena, words);
    return born(cx, birth_date, str_fmt(cx->arena, "%%" STR_FMT "%%", STR_ARG(fold)), ret, ret_n);
}

enum err
party_doubles(struct ctx *cx, struct party_double **ret, size_t *ret_n)
{
    struct q_party_doubles_list list;
    TRY(q_party_doubles(cx, &list, .limit_n = FIND_MAX));
    struct party_double *v = ARENA_ARRAY(cx->arena, struct party_double, list.n);
    size_t n = 0;
    for (size_t i = 0; i < list.n; i++) {
        struct party *same = NULL;
        size_t n_same = 0;
        TRY(born(cx, list.v[i].birth_date, list.v[i].name_fold, &same, &n_same));
        if (n_same >= 2) {
            bool is_first = !str_is_empty(same[0].personal_id) || str_is_empty(same[1].personal_id);
            v[n++] = (struct party_double){ .keep = same[is_first ? 0 : 1],
                                            .gone = same[is_first ? 1 : 0] };
        }
    }
    *ret = v;
    *ret_n = n;
    return ERR_OK;
}
