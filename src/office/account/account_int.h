/* account_int.h: what the files of this module share. */
#ifndef OFFICE_ACCOUNT_ACCOUNT_INT_H
#define OFFICE_ACCOUNT_ACCOUNT_INT_H

#include "engine/access/access.h"
#include "engine/unit/unit.h"
#include "office/account/account.h"

/* Only paths of our own: never an address somebody else wrote into a link. "/" otherwise. */
struct str account_safe_next(struct str next);
/* After a sign-in: drafts of the browser become the account's, the cookie is set, the browser goes
 * on. */
NODISCARD enum err account_enter(struct ctx *cx, struct web_resp *rs,
                                 const struct access_session *s, struct str secret,
                                 struct str next);
/* "Chrome trên Android" out of a User-Agent. */
struct str account_device(struct ctx *cx, struct str agent);
/* Title and breadcrumbs of a page below /tai-khoan. */
void account_crumbs(struct ctx *cx, struct web_resp *rs, const char *title_key);

web_fn account_eid_start, account_eid_back;
web_fn account_overview, account_sessions_page, account_session_end, account_password_page,
    account_password_set, account_totp_page, account_totp_on, account_totp_off;
web_fn account_tokens_page, account_token_make, account_token_revoke, account_acting_page,
    account_acting_lend, account_acting_revoke, account_orgs_page, account_org_choose;

extern const struct web_field account_next_fields[1], account_eid_fields[8], account_id_fields[1],
    account_password_fields[3], account_totp_fields[2], account_totp_off_fields[1],
    account_token_fields[3], account_lend_fields[5];

#endif
