/* jose.h: JWS compact (RFC 7515), JWK sets (RFC 7517), JWT claims (RFC 7519) after the advice of
 * RFC 8725: the algorithm is fixed by the key (Ed25519: EdDSA, P-256: ES256, RSA: RS256), never by
 * the message; "none" and symmetric algorithms do not exist here; "crit" is refused. */
#ifndef CRYPTO_JOSE_H
#define CRYPTO_JOSE_H

#include "codec/json.h"
#include "crypto/key.h"

#define JOSE_MAX_BYTES (64 * 1024)

/* header.payload.signature; typ and kid may be null. */
NODISCARD enum err jose_sign(struct ctx *cx, const struct key *k, struct str kid, struct str typ,
                             struct str payload, struct str *ret);
/* Payload bytes of a well-signed message. ERR_FORBIDDEN: signature or algorithm; ERR_BAD_REQUEST:
 * malformed. */
NODISCARD enum err jose_verify(struct ctx *cx, const struct key *k, struct str jws,
                               struct str *ret_payload);

/* A set of public keys. Free with jose_set_free. Unknown key types and uses other than "sig" are
 * skipped. A key with "exp" (seconds, as OpenID Federation 1.0 part 8.7 has it) verifies nothing
 * from then on. */
struct jose_set;
NODISCARD enum err jose_set_parse(struct ctx *cx, struct str json, struct jose_set **ret);
void jose_set_free(struct jose_set *set);
size_t jose_set_count(const struct jose_set *set);
/* Verifies with the key whose kid the header names (the only key when neither has one).
 * ERR_NOT_FOUND: no such key (fetch the set anew). */
NODISCARD enum err jose_set_verify(struct ctx *cx, const struct jose_set *set, struct str jws,
                                   struct str *ret_payload);
/* {"keys":[..]} of one public key. */
NODISCARD enum err jose_set_write(struct ctx *cx, const struct key *k, struct str kid,
                                  struct str *ret);

struct jose_claims {
    struct str issuer, audience; /* must equal / contain; null: not checked */
    struct str nonce;            /* null: not checked */
    int64_t leeway_s;            /* 0: 60 */
};
/* Checks iss, aud, exp (required), nbf, iat, nonce against real time. ERR_UNAUTHENTICATED with
 * detail. */
NODISCARD enum err jose_check_claims(struct ctx *cx, const struct json *payload,
                                     struct jose_claims want);

#endif
