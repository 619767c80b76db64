/* cms.h: certificates of a small CA, and CMS signatures (RFC 5652) in the form PAdES wants. The
 * signed attributes are built here byte by byte because OpenSSL would add a signingTime, which the
 * PAdES baseline (ETSI EN 319 142-1, 6.3) leaves out in favour of /M. */
#ifndef CRYPTO_CMS_H
#define CRYPTO_CMS_H

#include "base/ctx.h"

/* --- keys and certificates, as DER or PEM bytes ----------------------------------------------- */
struct cms_name {
    struct str common, org, title; /* org and title may be null */
};
struct cms_cert_info {
    struct cms_name subject;
    struct str issuer;              /* its common name */
    struct str serial, fingerprint; /* hex */
    int64_t from_us, to_us;
};
/* A new P-256 key as PKCS#8 PEM; encrypted (AES-256-CBC, PBKDF2) under pass when pass is not empty.
 */
NODISCARD enum err cms_key_make(struct ctx *cx, struct str pass, struct str *ret_pem);

struct cms_key; /* an open private key */
/* ERR_FORBIDDEN: wrong pass or not a key. */
NODISCARD enum err cms_key_open(struct ctx *cx, struct str pem, struct str pass,
                                struct cms_key **ret);
void cms_key_close(struct cms_key *k); /* accepts NULL; wipes */
/* PEM of the public half. */
NODISCARD enum err cms_key_public(struct ctx *cx, const struct cms_key *k, struct str *ret_pem);

struct cms_cert_wish {
    struct cms_name subject;
    struct str public_pem;
    int64_t from_us, to_us;
    bool is_ca;
    bool is_seal;     /* key usage: non-repudiation for persons, digital signature for both */
    bool is_stamping; /* of a time-stamp authority (RFC 3161 2.3), and nothing else */
};
/* Certificate signed by issuer_key; issuer_pem null = self-signed. */
NODISCARD enum err cms_cert_make(struct ctx *cx, const struct cms_cert_wish *wish,
                                 struct str issuer_pem, const struct cms_key *issuer_key,
                                 struct str *ret_pem);
/* PEM of the certificate's public key. ERR_INVALID: no certificate. */
NODISCARD enum err cms_cert_public(struct ctx *cx, struct str cert_pem, struct str *ret_pem);
/* A certificate as DER. ERR_INVALID. */
NODISCARD enum err cms_cert_der(struct ctx *cx, struct str cert_pem, struct str *ret);
/* r and s, 32 bytes each, of a DER ECDSA-Sig-Value over P-256: the form of XML signatures and JOSE.
 * ERR_INVALID. */
NODISCARD enum err cms_ecdsa_raw(struct ctx *cx, struct str der, struct str *ret);
NODISCARD enum err cms_cert_read(struct ctx *cx, struct str pem, struct cms_cert_info *ret);

/* --- signatures ------------------------------------------------------------------------------- */
enum cms_algorithm { CMS_ECDSA_SHA256, CMS_RSA_SHA256 };
/* Signs a SHA-256 digest (32 bytes). The result is what goes into CMS: DER ECDSA-Sig-Value, or
 * PKCS#1 v1.5. arg is the signer's own. This is the seam between software keys, PKCS#11 and remote
 * signing. */
typedef enum err cms_sign_fn(struct ctx *cx, void *arg, struct str digest, struct str *ret);
NODISCARD enum err cms_key_sign(struct ctx *cx, void *key, struct str digest,
                                struct str *ret); /* a cms_sign_fn */

struct cms_signing {
    struct str cert_pem, ca_pem; /* both go into the message */
    enum cms_algorithm algorithm;
    cms_sign_fn *sign;
    void *arg;
};
/* Detached SignedData over content whose SHA-256 is given: content-type, message-digest,
 * signing-certificate-v2. */
NODISCARD enum err cms_sign(struct ctx *cx, const struct cms_signing *how,
                            struct str content_digest, struct str *ret_der);
NODISCARD enum err cms_cert_algorithm(struct ctx *cx, struct str cert_pem, enum cms_algorithm *ret);

enum cms_verdict { CMS_OK, CMS_CHANGED, CMS_UNTRUSTED, CMS_EXPIRED, CMS_BROKEN };
struct cms_check {
    enum cms_verdict verdict;
    struct cms_cert_info signer;
};
/* Verifies detached CMS over two pieces of content. roots are PEM certificates, trusted at at_us
 * (the time claimed by the signer). SHA-256 or better only. Never fails: what is wrong is in the
 * verdict. */
void cms_verify(struct ctx *cx, struct str der, const struct str content[2], struct str roots_pem,
                int64_t at_us, struct cms_check *ret);
/* A certificate by itself: does a trusted root stand above it, and is it in its time at at_us?
 * Never CMS_CHANGED; CMS_BROKEN: no certificate. */
void cms_cert_check(struct ctx *cx, struct str cert_pem, struct str roots_pem, int64_t at_us,
                    struct cms_check *ret);
struct str cms_sha256(struct ctx *cx, const struct str *parts, size_t n);

#endif
