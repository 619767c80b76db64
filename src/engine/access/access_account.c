/* access_account.c: accounts, positions of officers, acting for another. */
#include "engine/access/access.h"

#include "base/date.h"
#include "codec/vn.h"
#include "engine/calendar/calendar.h"
#include "engine/ledger/ledger.h"
#include "gen/q_access.h"
#include "store/store.h"
#include "sys/sys.h"

#define LIST_MAX    100
#define HOLDERS_MAX 500

enum err
access_account_add(struct ctx *cx, int64_t party, struct str login, struct str hash,
                   bool is_officer, bool must_change, int64_t *ret_id)
{
    struct q_account_by_login taken;
    if (q_account_by_login(cx, &taken, .login = login) == ERR_OK) {
        return err_set(cx, ERR_CONFLICT, "login is taken by account %" PRId64, taken.id);
    }
    int64_t id = store_new_id(cx);
    TRY(q_account_insert(cx, NULL, .id = id, .party_id = party, .login = login,
                         .password_hash = hash, .is_officer = is_officer,
                         .must_change = must_change, .created_us = sys_now_us(cx)));
    struct ledger_new e = { .kind = "account.opened",
                            .object = ledger_object(cx, "account", id),
                            .subject = party };
    TRY(ledger_add(cx, &e));
    *ret_id = id;
    return ERR_OK;
}

enum err
access_account_get(struct ctx *cx, int64_t id, struct access_account *ret)
{
    struct q_account_by_id row;
    TRY(q_account_by_id(cx, &row, .id = id));
    *ret = (struct access_account){ .id = row.id,
                                    .party = row.party_id,
                                    .login = row.login,
                                    .name = row.name,
                                    .state = row.state,
                                    .is_officer = row.is_officer != 0,
                                    .has_totp = row.totp_secret.p != NULL,
                                    .must_change = row.must_change != 0 };
    return ERR_OK;
}

enum err
access_account_by_login(struct ctx *cx, struct str login, struct access_account *ret)
{
    struct q_account_by_login row;
    TRY(q_account_by_login(cx, &row, .login = login));
    return access_account_get(cx, row.id, ret);
}

enum err
access_account_by_party(struct ctx *cx, int64_t party, int64_t *ret_id)
{
    struct q_account_by_party row;
    TRY(q_account_by_party(cx, &row, .party_id = party));
    *ret_id = row.id;
    return ERR_OK;
}

enum err
access_account_find(struct ctx *cx, const struct access_find *in, struct access_account **ret,
                    size_t *ret_n)
{
    struct q_account_find_list list;
    struct str words = vn_squeeze(cx->arena, in->words.p == NULL ? STR("") : in->words);
    struct str lower = vn_lower(cx->arena, words);
    struct str fold = vn_fold(cx->arena, words);
    TRY(q_account_find(cx, &list, .after = in->after.p == NULL ? STR("") : in->after,
                       .login_like = str_fmt(cx->arena, "%%" STR_FMT "%%", STR_ARG(lower)),
                       .name_like = str_fmt(cx->arena, "%%" STR_FMT "%%", STR_ARG(fold)),
                       .unit = in->unit.p == NULL ? STR("") : in->unit,
                       .role = in->role.p == NULL ? STR("") : in->role,
                       .today = date_iso(cx->arena, calendar_today(cx)),
                       .limit_n = ACCESS_FOUND_MAX));
    struct access_account *v = ARENA_ARRAY(cx->arena, struct access_account, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct access_account){ .id = list.v[i].id,
                                        .login = list.v[i].login,
                                        .name = list.v[i].name,
                                        .state = list.v[i].state,
                                        .is_officer = true,
                                        .has_totp = list.v[i].has_totp != 0 };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

struct lock_job {
    int64_t id;
    bool is_locked;
};

static enum err
lock_tx(struct ctx *cx, void *arg)
{
    const struct lock_job *job = arg;
    struct q_account_by_id row;
    TRY(q_account_by_id(cx, &row, .id = job->id));
    TRY(q_account_set_state(cx, NULL, .id = job->id,
                            .state = job->is_locked ? STR("locked") : STR("active")));
    if (job->is_locked) {
        TRY(q_session_revoke_all(cx, NULL, .account_id = job->id, .except_id = 0,
                                 .now_us = sys_now_us(cx)));
    }
    struct ledger_new e = { .kind = job->is_locked ? "account.locked" : "account.unlocked",
                            .object = ledger_object(cx, "account", job->id),
                            .subject = row.party_id };
    return ledger_add(cx, &e);
}

enum err
access_account_lock(struct ctx *cx, int64_t id, bool is_locked)
{
    struct lock_job job = { id, is_locked };
    return store_write(cx, lock_tx, &job);
}

enum err
access_position_add(struct ctx *cx, int64_t account, struct str unit, struct str role,
                    struct str title, struct str valid_from, struct str valid_to)
{
    int64_t id = store_new_id(cx);
    TRY(q_position_insert(cx, NULL, .id = id, .account_id = account, .unit = unit, .role = role,
                          .title = title, .valid_from = valid_from,
                          .valid_to = str_is_empty(valid_to) ? STR_NULL : valid_to,
                          .granted_by = cx->who.account));
    struct ledger_new e = { .kind = "position.given",
                            .object = ledger_object(cx, "account", account),
                            .note = str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(role),
                                            STR_ARG(unit)) };
    return ledger_add(cx, &e);
}

enum err
access_position_end(struct ctx *cx, int64_t position, struct str last_day)
{
    struct q_position_by_id row;
    TRY(q_position_by_id(cx, &row, .id = position));
    TRY(q_position_end(cx, NULL, .id = position, .valid_to = last_day));
    struct ledger_new e = { .kind = "position.ended",
                            .object = ledger_object(cx, "account", row.account_id),
                            .note = str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(row.role),
                                            STR_ARG(row.unit)) };
    return ledger_add(cx, &e);
}

enum err
access_position_by_id(struct ctx *cx, int64_t id, struct access_position_row *ret)
{
    struct q_position_by_id row;
    TRY(q_position_by_id(cx, &row, .id = id));
    *ret = (struct access_position_row){ .id = row.id,
                                         .unit = row.unit,
                                         .role = row.role,
                                         .title = row.title,
                                         .valid_from = row.valid_from,
                                         .valid_to = row.valid_to };
    return ERR_OK;
}

enum err
access_require_over(struct ctx *cx, const char *perm, int64_t account)
{
    struct access_position_row *v = NULL;
    size_t n = 0;
    struct str today = date_iso(cx->arena, calendar_today(cx));
    TRY(access_positions_of(cx, account, &v, &n));
    for (size_t i = 0; i < n; i++) {
        bool is_over = !str_is_empty(v[i].valid_to) && str_cmp(v[i].valid_to, today) < 0;
        if (!is_over) {
            TRY(access_require_in(cx, perm, v[i].unit));
        }
    }
    return ERR_OK;
}

enum err
access_positions_of(struct ctx *cx, int64_t account, struct access_position_row **ret,
                    size_t *ret_n)
{
    struct q_position_all_of_list list;
    TRY(q_position_all_of(cx, &list, .account_id = account, .limit_n = LIST_MAX));
    struct access_position_row *v = ARENA_ARRAY(cx->arena, struct access_position_row, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct access_position_row){ .id = list.v[i].id,
                                             .unit = list.v[i].unit,
                                             .role = list.v[i].role,
                                             .title = list.v[i].title,
                                             .valid_from = list.v[i].valid_from,
                                             .valid_to = list.v[i].valid_to };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
access_officers(struct ctx *cx, struct str unit, struct str role, struct access_officer **ret,
                size_t *ret_n)
{
    struct q_position_in_unit_list list;
    TRY(q_position_in_unit(cx, &list, .unit = unit, .role = role,
                           .today = date_iso(cx->arena, calendar_today(cx)), .limit_n = LIST_MAX));
    struct access_officer *v = ARENA_ARRAY(cx->arena, struct access_officer, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct access_officer){ .account = list.v[i].account_id,
                                        .name = list.v[i].name,
                                        .title = list.v[i].title };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

struct lend_job {
    int64_t position, to_account, from_us, to_us, id, account;
    struct str reason;
};

static enum err
lend(struct ctx *cx, const struct lend_job *job, const struct q_position_by_id *row)
{
    struct q_account_by_id to;
    TRY(q_account_by_id(cx, &to, .id = job->to_account));
    if (to.is_officer == 0) {
        return err_set(cx, ERR_INVALID, "a position is lent to an officer");
    }
    TRY(q_acting_insert(cx, NULL, .id = store_new_id(cx), .position_id = job->position,
                        .to_account = job->to_account, .from_us = job->from_us, .to_us = job->to_us,
                        .reason = job->reason));
    struct ledger_new e = { .kind = "acting.lent",
                            .object = ledger_object(cx, "account", job->to_account),
                            .note = str_fmt(cx->arena, STR_FMT " " STR_FMT, STR_ARG(row->role),
                                            STR_ARG(row->unit)) };
    return ledger_add(cx, &e);
}

static enum err
lend_tx(struct ctx *cx, void *arg)
{
    const struct lend_job *job = arg;
    struct q_position_by_id row;
    TRY(q_position_by_id(cx, &row, .id = job->position));
    if (row.account_id != cx->who.account) {
        return err_set(cx, ERR_FORBIDDEN, "only one's own position can be lent");
    }
    return lend(cx, job, &row);
}

enum err
access_act_begin(struct ctx *cx, int64_t position, int64_t to_account, int64_t to_us,
                 struct str reason)
{
    struct lend_job job = { .position = position,
                            .to_account = to_account,
                            .from_us = sys_now_us(cx),
                            .to_us = to_us,
                            .reason = reason };
    struct q_position_by_id row;
    TRY(q_position_by_id(cx, &row, .id = position));
    return lend(cx, &job, &row);
}

enum err
access_act_end(struct ctx *cx, int64_t position, int64_t to_account, struct str reason)
{
    int64_t n = 0;
    TRY(q_acting_end(cx, &n, .position_id = position, .to_account = to_account, .reason = reason,
                     .now_us = sys_now_us(cx)));
    struct ledger_new e = { .kind = "acting.revoked",
                            .object = ledger_object(cx, "account", to_account) };
    return n == 0 ? ERR_OK : ledger_add(cx, &e);
}

enum err
access_act_lend(struct ctx *cx, int64_t position, int64_t to_account, int64_t from_us,
                int64_t to_us, struct str reason)
{
    struct lend_job job = { .position = position,
                            .to_account = to_account,
                            .from_us = from_us,
                            .to_us = to_us,
                            .reason = reason };
    if (to_us <= from_us) {
        ctx_problem(cx, STR("to"), STR("access.lend_period"), STR_NULL);
    }
    if (to_account == cx->who.account) {
        ctx_problem(cx, STR("colleague"), STR("access.lend_self"), STR_NULL);
    }
    TRY(ctx_check(cx));
    return store_write(cx, lend_tx, &job);
}

enum err
access_lent(struct ctx *cx, int64_t account, struct access_lent **ret, size_t *ret_n)
{
    struct q_acting_given_list list;
    TRY(q_acting_given(cx, &list, .account_id = account, .now_us = sys_now_us(cx),
                       .limit_n = LIST_MAX));
    struct access_lent *v = ARENA_ARRAY(cx->arena, struct access_lent, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct access_lent){ .id = list.v[i].id,
                                     .from_us = list.v[i].from_us,
                                     .to_us = list.v[i].to_us,
                                     .unit = list.v[i].unit,
                                     .role = list.v[i].role,
                                     .to_name = list.v[i].to_name,
                                     .reason = list.v[i].reason };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

static enum err
act_revoke_tx(struct ctx *cx, void *arg)
{
    const struct lend_job *job = arg;
    int64_t n = 0;
    TRY(q_acting_revoke(cx, &n, .id = job->id, .account_id = job->account,
                        .now_us = sys_now_us(cx)));
    struct ledger_new e = { .kind = "acting.revoked",
                            .object = ledger_object(cx, "acting", job->id) };
    return n == 1 ? ledger_add(cx, &e) : err_set(cx, ERR_NOT_FOUND, "no such lent position");
}

enum err
access_act_revoke(struct ctx *cx, int64_t account, int64_t id)
{
    struct lend_job job = { .id = id, .account = account };
    return store_write(cx, act_revoke_tx, &job);
}

/* --- reorganisation, merged persons
 * --------------------------------------------------------------------------------------------- */
enum err
access_positions_in(struct ctx *cx, struct str unit, struct access_holder **ret, size_t *ret_n)
{
    struct q_position_open_in_list list;
    TRY(q_position_open_in(cx, &list, .unit = unit,
                           .today = date_iso(cx->arena, calendar_today(cx)),
                           .limit_n = HOLDERS_MAX));
    struct access_holder *v = ARENA_ARRAY(cx->arena, struct access_holder, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct access_holder){ .position = list.v[i].id,
                                       .account = list.v[i].account_id,
                                       .name = list.v[i].name,
                                       .role = list.v[i].role,
                                       .title = list.v[i].title,
                                       .valid_to = list.v[i].valid_to };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

enum err
access_positions_move(struct ctx *cx, struct str from_unit, struct str to_unit, int64_t *ret_n)
{
    struct access_holder *v = NULL;
    size_t n = 0;
    struct date today = calendar_today(cx);
    struct str yesterday = date_iso(cx->arena, (struct date){ today.day - 1 });
    TRY(access_positions_in(cx, from_unit, &v, &n));
    for (size_t i = 0; i < n; i++) {
        TRY(access_position_end(cx, v[i].position, yesterday));
        TRY(access_position_add(cx, v[i].account, to_unit, v[i].role, v[i].title,
                                date_iso(cx->arena, today), v[i].valid_to));
    }
    *ret_n = (int64_t)n;
    return ERR_OK;
}

enum err
access_party_merged(struct ctx *cx, int64_t from_party, int64_t to_party)
{
    return q_account_party_moved(cx, NULL, .from_id = from_party, .to_id = to_party);
}

enum err
access_posts(struct ctx *cx, struct str role, int64_t after, int64_t n, struct access_post **ret,
             size_t *ret_n)
{
    struct q_position_posts_list list;
    struct str today = date_iso(cx->arena, calendar_today(cx));
    TRY(q_position_posts(cx, &list, .role = role, .today = today, .after = after, .limit_n = n));
    struct access_post *v = ARENA_ARRAY(cx->arena, struct access_post, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct access_post){ .position = list.v[i].id,
                                     .account = list.v[i].account_id,
                                     .party = list.v[i].party_id,
                                     .unit = list.v[i].unit,
                                     .name = list.v[i].name };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}
