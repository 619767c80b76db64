/* account_oidc.h: signing in through an outside provider of electronic identity: OpenID Connect
 * Core 1.0, authorization code flow with PKCE (RFC 7636, S256). Discovery is kept for ten minutes,
 * keys for an hour; a token that they do not prove has them fetched again, since the provider may
 * have new ones, but not more often than each ten seconds. */
#ifndef OFFICE_ACCOUNT_ACCOUNT_OIDC_H
#define OFFICE_ACCOUNT_ACCOUNT_OIDC_H

#include "base/ctx.h"
#include "codec/json.h"

struct oidc_provider {
    struct str issuer, authorize, token, userinfo, keys;
    bool is_post_auth; /* the client's secret goes into the body, not into a header */
};
/* Reads the discovery document. ERR_UPSTREAM: not reachable or not what it should be. */
NODISCARD enum err oidc_discover(struct ctx *cx, struct oidc_provider *ret);
/* The provider failed: the next sign-in asks it anew whether it is there. */
void oidc_forget(struct ctx *cx);
/* The parts of a provider from its discovery document, which must name the issuer exactly. */
NODISCARD enum err oidc_provider_read(struct ctx *cx, struct str issuer, struct str json,
                                      struct oidc_provider *ret);

struct oidc_try {
    struct str state, nonce, verifier;
};
/* New secrets of one try. */
struct oidc_try oidc_try_new(struct ctx *cx);
/* BASE64URL(SHA256(verifier)), RFC 7636 4.2. */
struct str oidc_challenge(struct ctx *cx, struct str verifier);
/* Where the browser goes. */
struct str oidc_authorize_url(struct ctx *cx, const struct oidc_provider *p,
                              const struct oidc_try *t);
/* Our callback address. */
struct str oidc_redirect_uri(struct ctx *cx);

struct oidc_person {
    struct str personal_id, name, birth_date;
    int32_t level;
};
/* Changes the code for tokens, checks the ID token (signature, issuer, audience, time, nonce) and
 * reads the person. ERR_UPSTREAM: the provider failed; ERR_UNAUTHENTICATED: what it said does not
 * hold. */
NODISCARD enum err oidc_finish(struct ctx *cx, const struct oidc_provider *p,
                               const struct oidc_try *t, struct str code, struct oidc_person *ret);
/* Name of one claim of ours ("id", "name", "birth") at the provider, after config->oidc_claims. */
struct str oidc_claim_name(const struct ctx *cx, const char *ours);
/* Level of an acr value after config->oidc_levels: 1 or 2. */
int32_t oidc_level(const struct ctx *cx, struct str acr);

#endif
