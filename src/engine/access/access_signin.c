/* access_signin.c: password, second factor, e-ID. Hashing happens outside transactions. */
#include "engine/access/access_int.h"

#include "base/date.h"
#include "codec/vn.h"
#include "crypto/aead.h"
#include "crypto/password.h"
#include "crypto/token.h"
#include "crypto/totp.h"
#include "engine/ledger/ledger.h"
#include "engine/party/party.h"
#include "gen/q_access.h"
#include "store/store.h"
#include "sys/sys.h"

#define PASSWORD_MIN   10
#define PASSWORD_MAX   200
#define FREE_TRIES     4
#define WAIT_FIRST_US  (INT64_C(2) * 1000 * 1000)
#define WAIT_MAX_US    (INT64_C(15) * 60 * 1000 * 1000)
#define PEER_WINDOW_US (INT64_C(10) * 60 * 1000 * 1000)
#define LOGIN_TRIES    30   /* unless configured */
#define PEER_TRIES     2000 /* a whole commune may sit behind one address */
#define LOGIN_KEY_MAX  40

/* --- second factor secrets, sealed ------------------------------------------------------------ */
static enum err
seal_key(struct ctx *cx, struct aead_key *ret)
{
    struct str dir = str_fmt(cx->arena, STR_FMT "/keys", STR_ARG(cx->config->data_dir));
    TRY(sys_mkdirs(cx, dir));
    return aead_key_load_or_make(cx, str_z(cx->arena, str_cat(cx->arena, dir, STR("/seal.key"))),
                                 ret);
}

static struct str
totp_label(struct ctx *cx, int64_t account)
{
    return str_fmt(cx->arena, "totp:%" PRId64, account);
}

enum err
access_totp_begin(struct ctx *cx, struct str *ret_secret)
{
    *ret_secret = totp_secret_new(cx);
    return ERR_OK;
}

struct totp_job {
    int64_t account;
    struct str sealed;
};

static enum err
totp_tx(struct ctx *cx, void *arg)
{
    const struct totp_job *job = arg;
    TRY(q_account_set_totp(cx, NULL, .id = job->account, .totp_secret = job->sealed));
    struct ledger_new e = { .kind = job->sealed.p == NULL ? "account.totp_off" : "account.totp_on",
                            .object = ledger_object(cx, "account", job->account) };
    return ledger_add(cx, &e);
}

enum err
access_totp_enable(struct ctx *cx, int64_t account, struct str secret, struct str code)
{
    int64_t counter = 0;
    struct aead_key key;
    struct totp_job job = { .account = account };
    if (!totp_verify(secret, code, sys_now_us(cx), 0, &counter)) {
        ctx_problem(cx, STR("code"), STR("access.code_wrong"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(seal_key(cx, &key));
    TRY(aead_seal(cx, &key, totp_label(cx, account), secret, &job.sealed));
    return store_write(cx, totp_tx, &job);
}

enum err
access_totp_disable(struct ctx *cx, int64_t account)
{
    struct totp_job job = { .account = account };
    return store_write(cx, totp_tx, &job);
}

/* --- sign-in ---------------------------------------------------------------------------------- */
struct sign_in_job {
    const struct access_sign_in *in;
    const struct q_account_by_login *row;
    struct str secret;
    struct access_session *ret;
    int64_t totp_last;
    int32_t level;
    bool is_right;
};

static int64_t
wait_after(int64_t failed_n)
{
    if (failed_n < FREE_TRIES) {
        return 0;
    }
    int64_t wait_us = WAIT_FIRST_US;
    for (int64_t i = FREE_TRIES; i < failed_n && wait_us < WAIT_MAX_US; i++) {
        wait_us *= 2;
    }
    return wait_us < WAIT_MAX_US ? wait_us : WAIT_MAX_US;
}

static enum err
sign_in_tx(struct ctx *cx, void *arg)
{
    struct sign_in_job *job = arg;
    const struct q_account_by_login *row = job->row;
    struct ledger_new e = { .kind = job->is_right ? "account.signed_in" : "account.sign_in_failed",
                            .object = ledger_object(cx, "account", row->id) };
    if (!job->is_right) {
        int64_t wait_us = wait_after(row->failed_n + 1);
        TRY(q_account_fail(cx, NULL, .id = row->id,
                           .wait_until_us = wait_us == 0 ? 0 : sys_now_us(cx) + wait_us));
        return ledger_add(cx, &e);
    }
    int64_t n = 0;
    TRY(q_account_pass(cx, &n, .id = row->id, .totp_was = row->totp_last,
                       .totp_last = job->totp_last));
    if (n != 1) { /* the same code came twice at once, or the account was locked meanwhile */
        return err_set(cx, ERR_UNAUTHENTICATED, "account changed during sign-in");
    }
    cx->who.account = row->id;
    TRY(access_session_insert(cx, row->id, job->level, access_session_life_us(row->is_officer != 0),
                              job->in->peer, job->in->agent, job->secret, job->ret));
    return ledger_add(cx, &e);
}

/* Wrong name and wrong password look and cost the same. */
static enum err
refuse(struct ctx *cx)
{
    ctx_problem(cx, STR("password"), STR("access.sign_in_wrong"), STR_NULL);
    return err_set(cx, ERR_UNAUTHENTICATED, "wrong login or password");
}

static enum err
check_second_factor(struct ctx *cx, const struct sign_in_job *job, int64_t *ret_last,
                    bool *ret_right)
{
    struct aead_key key;
    struct str secret;
    *ret_right = true;
    *ret_last = job->row->totp_last;
    if (str_is_empty(job->row->totp_secret)) {
        return ERR_OK;
    }
    if (str_is_empty(job->in->code)) {
        ctx_problem(cx, STR("code"), STR("access.code_wanted"), STR_NULL);
        return ctx_check(cx);
    }
    TRY(seal_key(cx, &key));
    TRY(aead_open(cx, &key, totp_label(cx, job->row->id), job->row->totp_secret, &secret));
    *ret_right = totp_verify(secret, job->in->code, sys_now_us(cx), job->row->totp_last, ret_last);
    return ERR_OK;
}

static enum err
too_many(struct ctx *cx, int64_t wait_us)
{
    int64_t seconds = wait_us / DATE_US_PER_S + 1;
    ctx_problem(cx, STR("password"), STR("access.wait"), str_fmt(cx->arena, "%" PRId64, seconds));
    return err_set(cx, ERR_RATE, "sign-in delayed");
}

/* Narrow for one login from one address, wide for an address: many share it behind a router. The
 * growing delay of the account itself counts wrong passwords from everywhere. */
static enum err
require_rate(struct ctx *cx, const struct access_sign_in *in)
{
    struct str login = str_trim(in->login);
    int64_t tries = cx->config->sign_in_tries > 0 ? cx->config->sign_in_tries : LOGIN_TRIES;
    int64_t peer = cx->config->sign_in_peer > 0 ? cx->config->sign_in_peer : PEER_TRIES;
    login = str_slice(login, 0, login.n < LOGIN_KEY_MAX ? login.n : LOGIN_KEY_MAX);
    TRY(access_rate(cx, str_fmt(cx->arena, "sign-in:" STR_FMT, STR_ARG(in->peer)), PEER_WINDOW_US,
                    peer));
    return access_rate(
        cx, str_fmt(cx->arena, "sign-in:" STR_FMT " " STR_FMT, STR_ARG(in->peer), STR_ARG(login)),
        PEER_WINDOW_US, tries);
}

enum err
access_sign_in(struct ctx *cx, const struct access_sign_in *in, struct access_session *ret,
               struct str *ret_secret)
{
    struct q_account_by_login row;
    struct sign_in_job job = {
        .in = in, .row = &row, .secret = token_new(cx, STR("")), .ret = ret
    };
    int64_t now_us = sys_now_us(cx);
    if (in->password.n > PASSWORD_MAX) {
        return refuse(cx);
    }
    TRY(require_rate(cx, in));
    enum err e = q_account_by_login(cx, &row, .login = str_trim(in->login));
    if (e == ERR_NOT_FOUND || (e == ERR_OK && row.password_hash.p == NULL)) {
        password_verify_nobody(cx, in->password);
        return refuse(cx);
    }
    TRY(e);
    if (row.wait_until_us > now_us) {
        return too_many(cx, row.wait_until_us - now_us);
    }
    e = password_verify(cx, in->password, row.password_hash);
    if (e != ERR_OK && e != ERR_UNAUTHENTICATED) {
        return e;
    }
    job.is_right = e == ERR_OK && str_eq(row.state, STR("active"));
    bool is_code_right = true;
    if (job.is_right) {
        TRY(check_second_factor(cx, &job, &job.totp_last, &is_code_right));
        job.is_right = is_code_right;
        job.level = str_is_empty(row.totp_secret) ? 1 : 2;
    }
    TRY(store_write(cx, sign_in_tx, &job));
    if (!is_code_right) {
        ctx_problem(cx, STR("code"), STR("access.code_wrong"), STR_NULL);
        return ctx_check(cx);
    }
    if (!job.is_right) {
        return refuse(cx);
    }
    *ret_secret = job.secret;
    return ERR_OK;
}

/* --- e-ID ------------------------------------------------------------------------------------- */
struct eid_job {
    struct str personal_id, name, birth_date, peer, agent, secret;
    int32_t level;
    struct access_session *ret;
};

static enum err
eid_tx(struct ctx *cx, void *arg)
{
    struct eid_job *job = arg;
    struct party p = { 0 };
    enum err e = party_by_personal_id(cx, job->personal_id, &p);
    if (e == ERR_NOT_FOUND) {
        p = (struct party){ .kind = STR("person"),
                            .name = job->name,
                            .personal_id = job->personal_id,
                            .birth_date = job->birth_date,
                            .source = STR("e-id") };
        e = party_add(cx, &p);
    }
    TRY(e);
    int64_t account = 0;
    e = access_account_by_party(cx, p.id, &account);
    if (e == ERR_NOT_FOUND) {
        e = access_account_add(cx, p.id, job->personal_id, STR_NULL, false, false, &account);
    }
    TRY(e);
    cx->who.account = account;
    TRY(access_session_insert(cx, account, job->level, access_session_life_us(false), job->peer,
                              job->agent, job->secret, job->ret));
    struct ledger_new entry = { .kind = "account.signed_in_eid",
                                .object = ledger_object(cx, "account", account) };
    return ledger_add(cx, &entry);
}

enum err
access_sign_in_eid(struct ctx *cx, const struct access_eid *in, struct access_session *ret,
                   struct str *ret_secret)
{
    struct eid_job job = { .personal_id = in->personal_id,
                           .name = vn_squeeze(cx->arena, in->name),
                           .birth_date = in->birth_date,
                           .peer = in->peer,
                           .agent = in->agent,
                           .secret = token_new(cx, STR("")),
                           .level = in->level,
                           .ret = ret };
    if (party_check_personal_id(in->personal_id, STR_NULL, STR_NULL) != NULL) {
        return err_set(cx, ERR_UPSTREAM,
                       "the e-ID provider gave no well-formed personal ID number");
    }
    TRY(store_write(cx, eid_tx, &job));
    *ret_secret = job.secret;
    return ERR_OK;
}

/* --- passwords -------------------------------------------------------------------------------- */
struct password_job {
    int64_t account, session;
    struct str hash;
    bool must_change;
};

static enum err
password_tx(struct ctx *cx, void *arg)
{
    const struct password_job *job = arg;
    TRY(q_account_set_password(cx, NULL, .id = job->account, .password_hash = job->hash,
                               .must_change = job->must_change));
    TRY(q_session_revoke_all(cx, NULL, .account_id = job->account, .except_id = job->session,
                             .now_us = sys_now_us(cx)));
    struct ledger_new e = { .kind = "account.password",
                            .object = ledger_object(cx, "account", job->account) };
    return ledger_add(cx, &e);
}

/* One character over and over, or a run up or down, whatever its length. */
static bool
is_trivial(struct str s)
{
    bool is_same = true;
    bool is_run = true;
    for (size_t i = 1; i < s.n; i++) {
        is_same = is_same && s.p[i] == s.p[0];
        bool is_wrap = (s.p[i - 1] == '9' && s.p[i] == '0') || (s.p[i - 1] == '0' && s.p[i] == '9');
        is_run = is_run && (is_wrap || s.p[i] == s.p[i - 1] + 1 || s.p[i] == s.p[i - 1] - 1);
    }
    return is_same || is_run;
}

enum err
access_set_password(struct ctx *cx, int64_t account, struct str new_password, bool must_change)
{
    struct q_account_by_id row;
    struct password_job job = { .account = account, .must_change = must_change };
    TRY(q_account_by_id(cx, &row, .id = account));
    if (vn_length(new_password) < PASSWORD_MIN || new_password.n > PASSWORD_MAX) {
        ctx_problem(cx, STR("new_password"), STR("access.password_short"),
                    str_fmt(cx->arena, "%d", PASSWORD_MIN));
    } else if (is_trivial(new_password) || str_find(new_password, row.login) < new_password.n) {
        ctx_problem(cx, STR("new_password"), STR("access.password_easy"), STR_NULL);
    }
    TRY(ctx_check(cx));
    TRY(password_hash(cx, new_password, &job.hash));
    job.session = cx->actor != NULL && cx->actor->account == account ? cx->actor->session : 0;
    return store_write(cx, password_tx, &job);
}

static enum err
reset_tx(struct ctx *cx, void *arg)
{
    const struct password_job *job = arg;
    struct q_account_by_id row;
    TRY(q_account_by_id(cx, &row, .id = job->account));
    TRY(q_account_reset(cx, NULL, .id = job->account, .password_hash = job->hash));
    TRY(q_session_revoke_all(cx, NULL, .account_id = job->account, .except_id = 0,
                             .now_us = sys_now_us(cx)));
    struct ledger_new e = { .kind = "account.password_reset",
                            .object = ledger_object(cx, "account", job->account),
                            .subject = row.party_id };
    return ledger_add(cx, &e);
}

enum err
access_reset(struct ctx *cx, int64_t account, struct str one_time)
{
    struct password_job job = { .account = account };
    if (account == cx->who.account) {
        return err_set(cx, ERR_CONFLICT, "nobody gives a one-time password to oneself");
    }
    TRY(password_hash(cx, one_time, &job.hash));
    return store_write(cx, reset_tx, &job);
}

enum err
access_check_password(struct ctx *cx, int64_t account, struct str password)
{
    struct q_account_by_id row;
    TRY(q_account_by_id(cx, &row, .id = account));
    if (row.password_hash.p == NULL) {
        return err_set(cx, ERR_UNAUTHENTICATED, "account has no password");
    }
    return password_verify(cx, password, row.password_hash);
}
