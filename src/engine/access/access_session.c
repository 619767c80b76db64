/* access_session.c: sessions and the actor behind a session or token. */
#include "engine/access/access_int.h"

#include "crypto/token.h"
#include "engine/calendar/calendar.h"
#include "gen/q_access.h"
#include "store/store.h"
#include "sys/sys.h"

#define MINUTE_US         (INT64_C(60) * 1000 * 1000)
#define ANONYMOUS_LIFE_US (INT64_C(7) * 24 * 60 * MINUTE_US) /* a draft may wait a week */
#define CITIZEN_LIFE_US   (INT64_C(12) * 60 * MINUTE_US)
#define OFFICER_LIFE_US   (INT64_C(9) * 60 * MINUTE_US) /* a working day */
#define SEEN_EVERY_US     (INT64_C(5) * MINUTE_US)
#define POSITIONS_MAX     32
#define SESSIONS_MAX      50
#define AGENT_MAX         160

int64_t
access_session_life_us(bool is_officer)
{
    return is_officer ? OFFICER_LIFE_US : CITIZEN_LIFE_US;
}

struct str
access_cookie(struct ctx *cx, struct str secret)
{
    return str_fmt(cx->arena, ACCESS_COOKIE "=" STR_FMT "; Path=/; HttpOnly; SameSite=Lax%s%s",
                   STR_ARG(secret), cx->config->is_secure_cookie ? "; Secure" : "",
                   str_is_empty(secret) ? "; Max-Age=0" : "");
}

struct touch_job {
    int64_t id, seen_us, ends_us;
};

static enum err
touch_tx(struct ctx *cx, void *arg)
{
    const struct touch_job *job = arg;
    return q_session_seen(cx, NULL, .id = job->id, .seen_us = job->seen_us,
                          .ends_us = job->ends_us);
}

enum err
access_session_find(struct ctx *cx, struct str secret, struct access_session *ret)
{
    struct q_session_by_token row;
    int64_t now_us = sys_now_us(cx);
    if (secret.n < 20 || secret.n > 100) {
        return err_set(cx, ERR_NOT_FOUND, "malformed session secret");
    }
    TRY(q_session_by_token(cx, &row, .token_hash = token_stored(cx->arena, secret),
                           .now_us = now_us));
    *ret = (struct access_session){ .id = row.id,
                                    .csrf = row.csrf,
                                    .account = row.account_id,
                                    .for_party = row.for_party,
                                    .level = (int32_t)row.level,
                                    .state = row.state,
                                    .login = row.login,
                                    .name = row.name,
                                    .party = row.party_id,
                                    .is_officer = row.is_officer != 0,
                                    .must_change = row.must_change != 0 };
    if (now_us - row.seen_us > SEEN_EVERY_US) {
        int64_t life_us =
            row.account_id == 0 ? ANONYMOUS_LIFE_US : access_session_life_us(row.is_officer != 0);
        struct touch_job job = { row.id, now_us, now_us + life_us };
        /* a busy writer must not end a session: the next request touches it again */
        if (store_write(cx, touch_tx, &job) != ERR_OK) {
            return ERR_OK;
        }
    }
    return ERR_OK;
}

enum err
access_session_ended(struct ctx *cx, struct str secret, struct access_session *ret)
{
    struct q_session_ended_by_token row;
    if (secret.n < 20 || secret.n > 100) {
        return err_set(cx, ERR_NOT_FOUND, "malformed session secret");
    }
    TRY(q_session_ended_by_token(cx, &row, .token_hash = token_stored(cx->arena, secret)));
    *ret = (struct access_session){ .csrf = row.csrf,
                                    .account = row.account_id,
                                    .for_party = row.for_party };
    return ERR_OK;
}

enum err
access_session_insert(struct ctx *cx, int64_t account, int32_t level, int64_t life_us,
                      struct str peer, struct str agent, struct str secret,
                      struct access_session *ret)
{
    int64_t now_us = sys_now_us(cx);
    struct str csrf = token_new(cx, STR(""));
    int64_t id = store_new_id(cx);
    TRY(q_session_insert(cx, NULL, .id = id, .token_hash = token_stored(cx->arena, secret),
                         .csrf = csrf, .account_id = account, .level = level,
                         .peer = peer.p == NULL ? STR("") : peer,
                         .agent = agent.p == NULL ? STR("") : str_slice(agent, 0, AGENT_MAX),
                         .created_us = now_us, .ends_us = now_us + life_us));
    *ret = (struct access_session){ .id = id, .csrf = csrf, .account = account, .level = level };
    return ERR_OK;
}

struct start_job {
    struct str peer, agent, secret;
    struct access_session *ret;
};

static enum err
start_tx(struct ctx *cx, void *arg)
{
    struct start_job *job = arg;
    return access_session_insert(cx, 0, 0, ANONYMOUS_LIFE_US, job->peer, job->agent, job->secret,
                                 job->ret);
}

enum err
access_session_start(struct ctx *cx, struct str peer, struct str agent, struct access_session *ret,
                     struct str *ret_secret)
{
    struct start_job job = { peer, agent, token_new(cx, STR("")), ret };
    TRY(store_write(cx, start_tx, &job));
    *ret_secret = job.secret;
    return ERR_OK;
}

static enum err
load_positions(struct ctx *cx, struct actor *me)
{
    struct q_position_of_list own;
    struct q_acting_for_list lent;
    struct str today = date_iso(cx->arena, calendar_today(cx));
    TRY(q_position_of(cx, &own, .account_id = me->account, .today = today,
                      .limit_n = POSITIONS_MAX));
    TRY(q_acting_for(cx, &lent, .account_id = me->account, .now_us = sys_now_us(cx), .today = today,
                     .limit_n = POSITIONS_MAX));
    me->positions = ARENA_ARRAY(cx->arena, struct access_position, own.n + lent.n);
    for (size_t i = 0; i < own.n; i++) {
        me->positions[me->n_positions++] = (struct access_position){
            .id = own.v[i].id, .unit = own.v[i].unit, .role = own.v[i].role, .title = own.v[i].title
        };
    }
    for (size_t i = 0; i < lent.n; i++) {
        me->positions[me->n_positions++] =
            (struct access_position){ .id = lent.v[i].position_id,
                                      .unit = lent.v[i].unit,
                                      .role = lent.v[i].role,
                                      .title = lent.v[i].title,
                                      .owner = lent.v[i].owner,
                                      .owner_name = lent.v[i].owner_name };
    }
    me->unit = me->n_positions == 0 ? STR_NULL : me->positions[0].unit;
    return ERR_OK;
}

/* The person of an account whose row was read. */
static enum err
actor_of_row(struct ctx *cx, const struct actor *read, struct str state, struct actor *ret)
{
    if (!str_eq(state, STR("active"))) {
        return err_set(cx, ERR_UNAUTHENTICATED, "account %" PRId64 " is locked", read->account);
    }
    *ret = *read;
    return ret->is_officer ? load_positions(cx, ret) : ERR_OK;
}

enum err
access_actor_of_account(struct ctx *cx, int64_t account, struct actor *ret)
{
    struct q_account_by_id row;
    TRY(q_account_by_id(cx, &row, .id = account));
    struct actor me = { .account = row.id,
                        .party = row.party_id,
                        .name = row.name,
                        .login = row.login,
                        .is_officer = row.is_officer != 0,
                        .must_change = row.must_change != 0 };
    return actor_of_row(cx, &me, row.state, ret);
}

enum err
access_actor_of_session(struct ctx *cx, const struct access_session *s, struct actor *ret)
{
    if (s->account == 0) {
        return err_set(cx, ERR_UNAUTHENTICATED, "nobody is signed in");
    }
    if (s->state.p == NULL) {
        TRY(access_actor_of_account(cx, s->account, ret));
    } else { /* every request comes here: its account came with its session */
        struct actor me = { .account = s->account,
                            .party = s->party,
                            .name = s->name,
                            .login = s->login,
                            .is_officer = s->is_officer,
                            .must_change = s->must_change };
        TRY(actor_of_row(cx, &me, s->state, ret));
    }
    ret->session = s->id;
    ret->for_party = s->for_party;
    ret->level = s->level;
    return ERR_OK;
}

static enum err
token_used_tx(struct ctx *cx, void *arg)
{
    return q_token_used(cx, NULL, .id = *(int64_t *)arg, .now_us = sys_now_us(cx));
}

enum err
access_actor_of_token(struct ctx *cx, struct str token, struct actor *ret)
{
    struct q_token_by_hash row;
    int64_t now_us = sys_now_us(cx);
    TRY(q_token_by_hash(cx, &row, .token_hash = token_stored(cx->arena, token), .now_us = now_us));
    TRY(access_actor_of_account(cx, row.account_id, ret));
    ret->token = row.id;
    ret->token_perms = row.perms;
    if (now_us - row.used_us <= SEEN_EVERY_US) {
        return ERR_OK;
    }
    enum err e = store_write(cx, token_used_tx, &row.id);
    return e == ERR_BUSY ? ERR_OK : e; /* the next call notes it */
}

enum err
access_sessions(struct ctx *cx, int64_t account, struct access_session_info **ret, size_t *ret_n)
{
    struct q_session_list_list list;
    TRY(q_session_list(cx, &list, .account_id = account, .now_us = sys_now_us(cx),
                       .limit_n = SESSIONS_MAX));
    struct access_session_info *v = ARENA_ARRAY(cx->arena, struct access_session_info, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct access_session_info){ .id = list.v[i].id,
                                             .created_us = list.v[i].created_us,
                                             .seen_us = list.v[i].seen_us,
                                             .peer = list.v[i].peer,
                                             .agent = list.v[i].agent };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

struct end_job {
    int64_t account, session, for_party;
};

static enum err
end_tx(struct ctx *cx, void *arg)
{
    const struct end_job *job = arg;
    int64_t n = 0;
    TRY(q_session_revoke(cx, &n, .id = job->session, .account_id = job->account,
                         .now_us = sys_now_us(cx)));
    return n == 1 ? ERR_OK : err_set(cx, ERR_NOT_FOUND, "no such session of this account");
}

enum err
access_session_end(struct ctx *cx, int64_t account, int64_t session)
{
    struct end_job job = { .account = account, .session = session };
    return store_write(cx, end_tx, &job);
}

static enum err
for_tx(struct ctx *cx, void *arg)
{
    const struct end_job *job = arg;
    return q_session_set_for(cx, NULL, .id = job->session, .for_party = job->for_party);
}

enum err
access_session_for(struct ctx *cx, int64_t session, int64_t for_party)
{
    struct end_job job = { .session = session, .for_party = for_party };
    return store_write(cx, for_tx, &job);
}
