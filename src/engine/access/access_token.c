/* access_token.c: tokens of programs, counted tries, idempotency keys, states of e-ID sign-ins,
 * clean-up. */
#include "engine/access/access.h"

#include "crypto/token.h"
#include "engine/ledger/ledger.h"
#include "gen/q_access.h"
#include "store/jobs.h"
#include "store/store.h"
#include "sys/sys.h"

#define TOKENS_MAX    100
#define DAY_US        (INT64_C(24) * 3600 * 1000 * 1000)
#define IDEM_LIFE_US  DAY_US
#define IDEM_STUCK_US (INT64_C(60) * 1000 * 1000)
#define OIDC_LIFE_US  (INT64_C(10) * 60 * 1000 * 1000)

struct token_job {
    struct str name, perms, hash;
    int64_t ends_us, account, id;
};

static enum err
token_tx(struct ctx *cx, void *arg)
{
    const struct token_job *job = arg;
    int64_t id = store_new_id(cx);
    TRY(q_token_insert(cx, NULL, .id = id, .account_id = cx->who.account, .name = job->name,
                       .token_hash = job->hash, .perms = job->perms, .created_us = sys_now_us(cx),
                       .ends_us = job->ends_us));
    struct ledger_new e = { .kind = "token.made",
                            .object = ledger_object(cx, "token", id),
                            .note = job->perms };
    return ledger_add(cx, &e);
}

enum err
access_token_new(struct ctx *cx, struct str name, struct str perms, int32_t days,
                 struct str *ret_token)
{
    struct str token = token_new(cx, STR("bb_"));
    struct token_job job = { .name = name,
                             .perms = perms,
                             .hash = token_stored(cx->arena, token),
                             .ends_us = sys_now_us(cx) + days * DAY_US };
    struct str rest = str_trim(perms);
    struct str word;
    while (str_next(&rest, ' ', &word)) {
        if (!str_is_empty(word) && !access_may(cx, str_z(cx->arena, word))) {
            ctx_problem(cx, STR("perms"), STR("access.token_perm"), word);
        }
    }
    TRY(ctx_check(cx));
    TRY(store_write(cx, token_tx, &job));
    *ret_token = token;
    return ERR_OK;
}

enum err
access_tokens(struct ctx *cx, int64_t account, struct access_token **ret, size_t *ret_n)
{
    struct q_token_list_list list;
    TRY(q_token_list(cx, &list, .account_id = account, .limit_n = TOKENS_MAX));
    struct access_token *v = ARENA_ARRAY(cx->arena, struct access_token, list.n);
    for (size_t i = 0; i < list.n; i++) {
        v[i] = (struct access_token){ .id = list.v[i].id,
                                      .created_us = list.v[i].created_us,
                                      .ends_us = list.v[i].ends_us,
                                      .used_us = list.v[i].used_us,
                                      .revoked_us = list.v[i].revoked_us,
                                      .name = list.v[i].name,
                                      .perms = list.v[i].perms };
    }
    *ret = v;
    *ret_n = list.n;
    return ERR_OK;
}

static enum err
token_revoke_tx(struct ctx *cx, void *arg)
{
    const struct token_job *job = arg;
    int64_t n = 0;
    TRY(q_token_revoke(cx, &n, .id = job->id, .account_id = job->account,
                       .now_us = sys_now_us(cx)));
    struct ledger_new e = { .kind = "token.revoked",
                            .object = ledger_object(cx, "token", job->id) };
    return n == 1 ? ledger_add(cx, &e) : err_set(cx, ERR_NOT_FOUND, "no such token");
}

enum err
access_token_revoke(struct ctx *cx, int64_t account, int64_t id)
{
    struct token_job job = { .account = account, .id = id };
    return store_write(cx, token_revoke_tx, &job);
}

/* --- counted tries ---------------------------------------------------------------------------- */
struct rate_job {
    struct str key;
    int64_t window_us, max;
    bool is_over;
};

static enum err
rate_tx(struct ctx *cx, void *arg)
{
    struct rate_job *job = arg;
    struct q_rate_get row;
    int64_t window = sys_now_us(cx) / job->window_us;
    enum err e = q_rate_get(cx, &row, .key = job->key);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    int64_t n = e == ERR_OK && row.window_us == window ? row.n + 1 : 1;
    job->is_over = n > job->max;
    return q_rate_set(cx, NULL, .key = job->key, .window_us = window, .n = n);
}

enum err
access_rate(struct ctx *cx, struct str key, int64_t window_us, int64_t max)
{
    struct rate_job job = { key, window_us, max, false };
    TRY(store_write(cx, rate_tx, &job));
    return job.is_over ? err_set(cx, ERR_RATE, "too many tries") : ERR_OK;
}

/* --- idempotency ------------------------------------------------------------------------------ */
struct idem_job {
    struct str key, fingerprint, body;
    int status;
    bool is_found;
};

static enum err
idem_begin_tx(struct ctx *cx, void *arg)
{
    struct idem_job *job = arg;
    struct q_idem_get row;
    int64_t now_us = sys_now_us(cx);
    int64_t n = 0;
    enum err e = q_idem_get(cx, &row, .key = job->key);
    if (e == ERR_OK && row.status == 0 && now_us - row.at_us > IDEM_STUCK_US) {
        TRY(q_idem_drop(cx, NULL, .key = job->key)); /* the process that claimed it is gone */
        e = ERR_NOT_FOUND;
    }
    if (e == ERR_NOT_FOUND) {
        TRY(q_idem_claim(cx, &n, .key = job->key, .fingerprint = job->fingerprint,
                         .at_us = now_us));
        return n == 1 ? ERR_OK : err_set(cx, ERR_CONFLICT, "idempotency key is being used");
    }
    TRY(e);
    if (!str_eq(row.fingerprint, job->fingerprint)) {
        ctx_problem(cx, STR("Idempotency-Key"), STR("access.idem_other"), STR_NULL);
        return err_set(cx, ERR_INVALID, "idempotency key was used for another request");
    }
    if (row.status == 0) {
        return err_set(cx, ERR_CONFLICT, "the first request with this key is still running");
    }
    job->is_found = true;
    job->status = (int)row.status;
    job->body = row.body;
    return ERR_OK;
}

/* A key belongs to who sent it: another's answer must never be given out. */
static struct str
own_key(struct ctx *cx, struct str key)
{
    bool is_account = cx->who.account != 0;
    return str_fmt(cx->arena, "%c%" PRId64 ":" STR_FMT, is_account ? 'a' : 's',
                   is_account ? cx->who.account : cx->who.session, STR_ARG(key));
}

enum err
access_idem_begin(struct ctx *cx, struct str key, struct str fingerprint, bool *ret_found,
                  int *ret_status, struct str *ret_body)
{
    struct idem_job job = { .key = own_key(cx, key), .fingerprint = fingerprint };
    TRY(store_write(cx, idem_begin_tx, &job));
    *ret_found = job.is_found;
    *ret_status = job.status;
    *ret_body = job.body;
    return ERR_OK;
}

static enum err
idem_end_tx(struct ctx *cx, void *arg)
{
    const struct idem_job *job = arg;
    if (job->status >= 500) {
        return q_idem_drop(cx, NULL, .key = job->key); /* may be tried again */
    }
    return q_idem_done(cx, NULL, .key = job->key, .status = job->status, .body = job->body);
}

enum err
access_idem_end(struct ctx *cx, struct str key, int status, struct str body)
{
    struct idem_job job = { .key = own_key(cx, key), .status = status, .body = body };
    return store_write(cx, idem_end_tx, &job);
}

/* --- e-ID states ------------------------------------------------------------------------------ */
struct oidc_job {
    struct str state, nonce, verifier, next;
};

static enum err
oidc_put_tx(struct ctx *cx, void *arg)
{
    const struct oidc_job *job = arg;
    return q_oidc_state_insert(cx, NULL, .state = job->state, .nonce = job->nonce,
                               .verifier = job->verifier, .next = job->next,
                               .ends_us = sys_now_us(cx) + OIDC_LIFE_US);
}

enum err
access_oidc_remember(struct ctx *cx, struct str state, struct str nonce, struct str verifier,
                     struct str next)
{
    struct oidc_job job = { state, nonce, verifier, next };
    return store_write(cx, oidc_put_tx, &job);
}

static enum err
oidc_take_tx(struct ctx *cx, void *arg)
{
    struct oidc_job *job = arg;
    struct q_oidc_state_take row;
    TRY(q_oidc_state_take(cx, &row, .state = job->state, .now_us = sys_now_us(cx)));
    job->nonce = row.nonce;
    job->verifier = row.verifier;
    job->next = row.next;
    return q_oidc_state_drop(cx, NULL, .state = job->state);
}

enum err
access_oidc_recall(struct ctx *cx, struct str state, struct str *ret_nonce,
                   struct str *ret_verifier, struct str *ret_next)
{
    struct oidc_job job = { .state = state };
    TRY(store_write(cx, oidc_take_tx, &job));
    *ret_nonce = job.nonce;
    *ret_verifier = job.verifier;
    *ret_next = job.next;
    return ERR_OK;
}

enum err
access_oidc_kept(struct ctx *cx, struct str url, struct str *ret_body, int64_t *ret_at_us)
{
    struct q_oidc_document_get row;
    TRY(q_oidc_document_get(cx, &row, .url = url));
    *ret_body = row.body;
    *ret_at_us = row.at_us;
    return ERR_OK;
}

struct oidc_document_job {
    struct str url, body;
};

static enum err
oidc_keep_tx(struct ctx *cx, void *arg)
{
    const struct oidc_document_job *job = arg;
    if (job->body.p == NULL) {
        return q_oidc_document_drop(cx, NULL, .url = job->url);
    }
    return q_oidc_document_put(cx, NULL, .url = job->url, .body = job->body,
                               .at_us = sys_now_us(cx));
}

enum err
access_oidc_keep(struct ctx *cx, struct str url, struct str body)
{
    struct oidc_document_job job = { url, body };
    return store_write(cx, oidc_keep_tx, &job);
}

static enum err
clean_tx(struct ctx *cx, void *arg)
{
    (void)arg;
    int64_t now_us = sys_now_us(cx);
    TRY(q_session_clean(cx, NULL, .before_us = now_us - 30 * DAY_US));
    return q_idem_clean(cx, NULL, .before_us = now_us - IDEM_LIFE_US);
}

static enum err
clean_timed(struct ctx *cx, int64_t *ret_again_us)
{
    *ret_again_us = DAY_US / 24;
    return store_write(cx, clean_tx, NULL);
}

const struct jobs_timed access_timed[] = {
    { STR_INIT("access.clean"), clean_timed },
    { { NULL, 0 }, NULL },
};
