/* access.h: accounts, sessions, positions of officers for a period, acting for another, tokens of
 * programs, and the one question "may this actor do this?". Deny by default: a permission that no
 * role gives is refused. */
#ifndef ENGINE_ACCESS_ACCESS_H
#define ENGINE_ACCESS_ACCESS_H

#include "base/ctx.h"
#include "engine/pack/pack.h"
#include "store/jobs.h"

struct access_position {
    int64_t id;
    struct str unit; /* unit key */
    struct str role, title;
    int64_t owner; /* account whose position was lent, 0: one's own */
    struct str owner_name;
};

/* Who acts. NULL in the context: nobody, or the program itself in jobs. */
struct actor {
    int64_t account, party, session, token;
    int64_t for_party;  /* organisation represented or person assisted; 0 = self */
    int64_t acting_for; /* set when a lent position is used */
    struct str name, login, personal_id;
    struct str unit; /* unit key of the first position, or null */
    int32_t level;   /* 1 password or e-ID level 1, 2 second factor or e-ID level 2 */
    bool is_officer, must_change;
    struct access_position *positions;
    size_t n_positions;
    struct str token_perms; /* only these when token != 0 */
};

/* May the actor do this anywhere? "public": yes; "signed-in": anyone with an account. */
bool access_may(struct ctx *cx, const char *perm);
/* May the actor do this in that unit? Also when the unit lies below a unit of a position whose role
 * has scope "below" (leaders and inspectors of the province). */
bool access_may_in(struct ctx *cx, const char *perm, struct str unit);
/* ERR_FORBIDDEN with detail unless access_may_in. */
NODISCARD enum err access_require_in(struct ctx *cx, const char *perm, struct str unit);
bool access_perm_exists(const char *perm);
/* Positions that give a permission. */
size_t access_positions_for(struct ctx *cx, const char *perm, struct access_position **ret);

/* --- roles of the pack (slot PACK_ROLES) ------------------------------------------------------ */
struct access_role {
    struct str id;
    struct pack_text name;
    struct str perms; /* space-separated, with a space at both ends */
    bool is_below;    /* holds for units below too */
};
void access_pack_part(struct pack_load *l);
const struct access_role *access_role(const struct ctx *cx, struct str id);
size_t access_roles(const struct ctx *cx, const struct access_role **ret);
/* Name of a role in the request's language. */
struct str access_role_name(struct ctx *cx, struct str id);
/* What a permission allows, in words. */
struct str access_perm_word(struct ctx *cx, struct str perm);
/* A space-separated list of them: "Xem hồ sơ của đơn vị; Tiếp nhận hồ sơ". */
struct str access_perm_words(struct ctx *cx, struct str perms);

/* --- sessions --------------------------------------------------------------------------------- */
struct access_session {
    int64_t id;
    struct str csrf;
    int64_t account, for_party;
    int32_t level;
    /* of the account, when access_session_find read them with the session; else state is null */
    struct str state, login, name;
    int64_t party;
    bool is_officer, must_change;
};
/* Finds the session of a cookie secret; ERR_NOT_FOUND. Extends it now and then. */
NODISCARD enum err access_session_find(struct ctx *cx, struct str secret,
                                       struct access_session *ret);
/* The session that a cookie secret named before it ended or was revoked, if somebody was signed in;
 * ERR_NOT_FOUND. It opens nothing: a form that it was given to can be told by its csrf. */
NODISCARD enum err access_session_ended(struct ctx *cx, struct str secret,
                                        struct access_session *ret);
/* A session for nobody, so that a form has a CSRF secret and a draft has an owner. */
NODISCARD enum err access_session_start(struct ctx *cx, struct str peer, struct str agent,
                                        struct access_session *ret, struct str *ret_secret);
#define ACCESS_COOKIE "bb_phien"
/* Set-Cookie value for a session's secret; an empty secret ends it in the browser. */
struct str access_cookie(struct ctx *cx, struct str secret);
/* Fills the actor from a session or token. ERR_UNAUTHENTICATED when the account is locked or gone.
 */
NODISCARD enum err access_actor_of_session(struct ctx *cx, const struct access_session *s,
                                           struct actor *ret);
NODISCARD enum err access_actor_of_token(struct ctx *cx, struct str token, struct actor *ret);
NODISCARD enum err access_actor_of_account(struct ctx *cx, int64_t account, struct actor *ret);
struct access_session_info {
    int64_t id, created_us, seen_us;
    struct str peer, agent;
};
NODISCARD enum err access_sessions(struct ctx *cx, int64_t account,
                                   struct access_session_info **ret, size_t *ret_n);
NODISCARD enum err access_session_end(struct ctx *cx, int64_t account, int64_t session);
NODISCARD enum err access_session_for(struct ctx *cx, int64_t session, int64_t for_party);

/* --- signing in ------------------------------------------------------------------------------- */
struct access_sign_in {
    struct str login, password, code; /* code: six digits of the second factor, or null */
    struct str peer, agent;
};
/* Password sign-in. Runs some 30 ms: worker class "password".
 * ERR_UNAUTHENTICATED  wrong name or password (problem on "password")
 * ERR_RATE             too many tries: wait (problem says how long)
 * ERR_INVALID          second factor wanted or wrong (problem on "code") */
NODISCARD enum err access_sign_in(struct ctx *cx, const struct access_sign_in *in,
                                  struct access_session *ret, struct str *ret_secret);
/* What an outside provider vouches for. */
struct access_eid {
    struct str personal_id, name, birth_date, peer, agent;
    int32_t level;
};
/* A session after an outside provider vouched for a personal ID number: makes person and account
 * when new. */
NODISCARD enum err access_sign_in_eid(struct ctx *cx, const struct access_eid *in,
                                      struct access_session *ret, struct str *ret_secret);
/* ERR_INVALID: too short, among the commonest, or contains the login (problem on "new_password").
 */
NODISCARD enum err access_set_password(struct ctx *cx, int64_t account, struct str new_password,
                                       bool must_change);
/* For somebody who forgot the password or lost the second factor, by whoever saw who it is and
 * holds the right: the one-time password must be changed at the next sign-in, the second factor is
 * off, every session ends; one ledger entry. ERR_CONFLICT: one's own account. */
NODISCARD enum err access_reset(struct ctx *cx, int64_t account, struct str one_time);
NODISCARD enum err access_check_password(struct ctx *cx, int64_t account, struct str password);
/* Second factor: the secret is kept sealed; enable only after a right code. */
NODISCARD enum err access_totp_begin(struct ctx *cx, struct str *ret_secret);
NODISCARD enum err access_totp_enable(struct ctx *cx, int64_t account, struct str secret,
                                      struct str code);
NODISCARD enum err access_totp_disable(struct ctx *cx, int64_t account);

/* --- accounts, positions, acting -------------------------------------------------------------- */
struct access_account {
    int64_t id, party;
    struct str login, name, state;
    bool is_officer, has_totp, must_change;
};
/* Inside a transaction. hash comes from password_hash (outside). ERR_CONFLICT: login is taken. */
NODISCARD enum err access_account_add(struct ctx *cx, int64_t party, struct str login,
                                      struct str hash, bool is_officer, bool must_change,
                                      int64_t *ret_id);
NODISCARD enum err access_account_get(struct ctx *cx, int64_t id, struct access_account *ret);
NODISCARD enum err access_account_by_login(struct ctx *cx, struct str login,
                                           struct access_account *ret);
NODISCARD enum err access_account_by_party(struct ctx *cx, int64_t party, int64_t *ret_id);
/* Officers by login, at most 100 after `after`; null parts do not narrow. words: part of the login
 * or of the name, marks ignored; unit and role: held today. */
#define ACCESS_FOUND_MAX 100
struct access_find {
    struct str after, words, unit, role;
};
NODISCARD enum err access_account_find(struct ctx *cx, const struct access_find *in,
                                       struct access_account **ret, size_t *ret_n);
NODISCARD enum err access_account_lock(struct ctx *cx, int64_t id, bool is_locked);
/* Inside a transaction. */
NODISCARD enum err access_position_add(struct ctx *cx, int64_t account, struct str unit,
                                       struct str role, struct str title, struct str valid_from,
                                       struct str valid_to);
NODISCARD enum err access_position_end(struct ctx *cx, int64_t position, struct str last_day);
struct access_position_row {
    int64_t id;
    struct str unit, role, title, valid_from, valid_to;
};
NODISCARD enum err access_position_by_id(struct ctx *cx, int64_t id,
                                         struct access_position_row *ret);
NODISCARD enum err access_positions_of(struct ctx *cx, int64_t account,
                                       struct access_position_row **ret, size_t *ret_n);
/* The caller has perm in each unit where that account has a position that is not over. An account
 * without positions: perm anywhere is enough. ERR_FORBIDDEN. */
NODISCARD enum err access_require_over(struct ctx *cx, const char *perm, int64_t account);
/* Positions in a unit that have not ended; at most 500. */
struct access_holder {
    int64_t position, account;
    struct str name, role, title, valid_to;
};
NODISCARD enum err access_positions_in(struct ctx *cx, struct str unit, struct access_holder **ret,
                                       size_t *ret_n);
/* Inside a transaction: positions of a unit end yesterday and go on in its successor from today. */
NODISCARD enum err access_positions_move(struct ctx *cx, struct str from_unit, struct str to_unit,
                                         int64_t *ret_n);
/* Inside a transaction: accounts of a merged record belong to the survivor. */
NODISCARD enum err access_party_merged(struct ctx *cx, int64_t from_party, int64_t to_party);
struct access_officer {
    int64_t account;
    struct str name, title;
};
/* Officers with a role in a unit today. */
NODISCARD enum err access_officers(struct ctx *cx, struct str unit, struct str role,
                                   struct access_officer **ret, size_t *ret_n);
/* Who holds a role today, in all units, by position; ids above `after`. */
struct access_post {
    int64_t position, account, party;
    struct str unit, name;
};
NODISCARD enum err access_posts(struct ctx *cx, struct str role, int64_t after, int64_t n,
                                struct access_post **ret, size_t *ret_n);
/* Lends one's position to a colleague for a period. ERR_INVALID, ERR_FORBIDDEN. */
NODISCARD enum err access_act_lend(struct ctx *cx, int64_t position, int64_t to_account,
                                   int64_t from_us, int64_t to_us, struct str reason);
/* Inside a transaction: a position is lent while its owner is away, by whoever may decide that; and
 * taken back. The caller has checked the right. */
NODISCARD enum err access_act_begin(struct ctx *cx, int64_t position, int64_t to_account,
                                    int64_t to_us, struct str reason);
NODISCARD enum err access_act_end(struct ctx *cx, int64_t position, int64_t to_account,
                                  struct str reason);
struct access_lent {
    int64_t id, from_us, to_us;
    struct str unit, role, to_name, reason;
};
NODISCARD enum err access_lent(struct ctx *cx, int64_t account, struct access_lent **ret,
                               size_t *ret_n);
NODISCARD enum err access_act_revoke(struct ctx *cx, int64_t account, int64_t id);

/* --- tokens ----------------------------------------------------------------------------------- */
struct access_token {
    int64_t id, created_us, ends_us, used_us, revoked_us;
    struct str name, perms;
};
/* perms must be a subset of the actor's. The token text is shown once. */
NODISCARD enum err access_token_new(struct ctx *cx, struct str name, struct str perms, int32_t days,
                                    struct str *ret_token);
NODISCARD enum err access_tokens(struct ctx *cx, int64_t account, struct access_token **ret,
                                 size_t *ret_n);
NODISCARD enum err access_token_revoke(struct ctx *cx, int64_t account, int64_t id);

/* --- limits, idempotency ---------------------------------------------------------------------- */
/* Counts a try under key; ERR_RATE when more than max in window_us. */
NODISCARD enum err access_rate(struct ctx *cx, struct str key, int64_t window_us, int64_t max);
NODISCARD enum err access_idem_begin(struct ctx *cx, struct str key, struct str fingerprint,
                                     bool *ret_found, int *ret_status, struct str *ret_body);
NODISCARD enum err access_idem_end(struct ctx *cx, struct str key, int status, struct str body);

/* --- e-ID provider (OpenID Connect): state of a running sign-in ------------------------------- */
NODISCARD enum err access_oidc_remember(struct ctx *cx, struct str state, struct str nonce,
                                        struct str verifier, struct str next);
/* Takes it away: works once. ERR_NOT_FOUND. */
NODISCARD enum err access_oidc_recall(struct ctx *cx, struct str state, struct str *ret_nonce,
                                      struct str *ret_verifier, struct str *ret_next);

/* A document of the provider as last kept, and when that was. ERR_NOT_FOUND. */
NODISCARD enum err access_oidc_kept(struct ctx *cx, struct str url, struct str *ret_body,
                                    int64_t *ret_at_us);
/* Keeps it; a null body forgets it. */
NODISCARD enum err access_oidc_keep(struct ctx *cx, struct str url, struct str body);

/* Timed jobs: old sessions and answers are removed. */
extern const struct jobs_timed access_timed[];

#endif
