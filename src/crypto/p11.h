/* p11.h: private keys in a PKCS#11 token (HSM, smart card), through libp11. */
#ifndef CRYPTO_P11_H
#define CRYPTO_P11_H

#include "crypto/cms.h"

struct p11_key;
/* Opens the private key with this label in the first token that has one, logging in with pin. Each
 * open key has its own session with the module. ERR_FORBIDDEN: wrong PIN; ERR_NOT_FOUND: no such
 * key; ERR_UPSTREAM: module or token does not answer. */
NODISCARD enum err p11_open(struct ctx *cx, struct str module, struct str label, struct str pin,
                            struct p11_key **ret);
void p11_close(struct p11_key *k); /* accepts NULL */
/* The key for cms_key_sign and cms_key_public; borrowed from k. */
struct cms_key *p11_cms_key(const struct p11_key *k);

#endif
