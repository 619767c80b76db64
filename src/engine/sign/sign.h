/* sign.h: digital signatures on results (PAdES, ETSI EN 319 142-1 baseline B: SubFilter
 * ETSI.CAdES.detached, signing-certificate-v2, time in /M).
 *
 * Keys live behind a signer interface: software keys of the demo CA (made at first start in the
 * data folder, labelled demo), or a PKCS#11 module (app_config.sign_module). A person's key opens
 * with the PIN for a bounded session in memory: one PIN per batch. The agency's seal is opened by
 * the platform itself, after the leader has signed. Real time, never the business date, goes into
 * signatures. Signing takes milliseconds and must stay outside write transactions. */
#ifndef ENGINE_SIGN_SIGN_H
#define ENGINE_SIGN_SIGN_H

#include "codec/pdf.h"
#include "store/store.h"

#define SIGN_PIN_MIN          6
#define SIGN_PIN_TRIES_MAX    5 /* wrong PINs in a row before the key locks itself */
#define SIGN_SESSION_S_MAX    1800
#define SIGN_SESSION_USES_MAX 500
#define SIGN_PDF_BYTES_MAX    ((size_t)64 << 20)

struct sign_desk; /* open keys and sessions of this process; cx->sign */

/* Opens (at first start creates) the demo CA under data_dir/sign and, when configured, the PKCS#11
 * module. Put the result into the cx template. ERR_IO, ERR_UPSTREAM (module or token unusable). */
NODISCARD enum err sign_desk_open(struct ctx *cx, struct sign_desk **ret);
/* Wipes keys in memory. Accepts NULL. */
void sign_desk_close(struct sign_desk *d);
/* Certificate of the (demo) CA as PEM, for those who verify with other tools. */
NODISCARD enum err sign_ca_pem(struct ctx *cx, struct str *ret);

/* --- register of certificates -------------------------------------------------------------------
 */
#define SIGN_PERSON STR("person") /* a leader's personal certificate; owner = user id as text */
#define SIGN_DESK                                                                                  \
    STR("desk") /* an officer's, for what is accepted at the desk; the platform holds its          \
                   key; owner = user id as text */
#define SIGN_SEAL STR("seal") /* an agency's seal; owner = unit code */

/* A member's key of signed exchange; owner = the member's path, "VN/GOV/H19". The platform holds it
 * like a seal. */
#define SIGN_EXCHANGE STR("exchange")

struct sign_cert {
    int64_t id;
    struct str kind, owner, name, org, position;
    struct str serial;      /* hex */
    struct str fingerprint; /* SHA-256 of the certificate, hex */
    struct str state;       /* valid | revoked | locked (PIN) */
    struct str reason;      /* of a revocation */
    struct str pem;
    int64_t valid_from_us, valid_to_us, revoked_us;
    bool is_demo;
};

struct sign_cert_wish {
    struct str kind, owner, name, org, position; /* name and org go into the certificate */
    struct str pin;                              /* null for a seal */
    int64_t valid_from_us;                       /* 0 = now */
    int32_t valid_days;                          /* 0 = 1095 */
    struct str token_label; /* key of the PKCS#11 token to certify (pin opens it); null = make a
                               software key */
};
/* Makes a key and a certificate of the demo CA and registers it; an earlier valid one of the same
 * kind and owner stays in the register as replaced ("revoked", reason "replaced").
 * ERR_INVALID (PIN too short). */
NODISCARD enum err sign_cert_issue(struct ctx *cx, const struct sign_cert_wish *wish,
                                   int64_t *ret_id);
/* The valid certificate of an owner. ERR_NOT_FOUND. */
NODISCARD enum err sign_cert_of(struct ctx *cx, struct str kind, struct str owner,
                                struct sign_cert *ret);
NODISCARD enum err sign_cert_by_id(struct ctx *cx, int64_t id, struct sign_cert *ret);
/* Newest first; before_id 0 = from the newest; at most n (<= 200). */
NODISCARD enum err sign_cert_list(struct ctx *cx, int64_t before_id, int64_t n,
                                  struct sign_cert **ret, size_t *ret_n);
/* Of one kind, newest first, revoked ones too; at most n. */
NODISCARD enum err sign_cert_kind(struct ctx *cx, struct str kind, int64_t n,
                                  struct sign_cert **ret, size_t *ret_n);
/* By the certificate's SHA-256, hex. ERR_NOT_FOUND. */
NODISCARD enum err sign_cert_by_thumb(struct ctx *cx, struct str fingerprint,
                                      struct sign_cert *ret);
NODISCARD enum err sign_cert_revoke(struct ctx *cx, int64_t id, struct str reason);

/* --- sessions --------------------------------------------------------------------------------- */
/* Opens a key for at most max_s seconds and max_uses signatures; ret_token names the session.
 * ERR_INVALID with problem on field "pin" (key sign.pin.wrong, arg = tries left) for a wrong PIN,
 * ERR_FORBIDDEN when the key is locked, revoked or expired, ERR_BUSY when too many sessions are
 * open. */
NODISCARD enum err sign_unlock(struct ctx *cx, int64_t cert_id, struct str pin, int32_t max_s,
                               int32_t max_uses, struct str *ret_token);
/* The same for an agency's seal, whose key the platform holds. */
NODISCARD enum err sign_unlock_seal(struct ctx *cx, struct str unit_code, int32_t max_uses,
                                    struct str *ret_token);
/* The same for an officer's desk certificate, whose key the platform holds too: it is opened by an
 * act of the officer who is signed in, never by a PIN. The first use makes it. */
NODISCARD enum err sign_unlock_desk(struct ctx *cx, const struct sign_cert_wish *officer,
                                    int32_t max_uses, struct str *ret_token);
/* Ends a session and wipes its key. Unknown tokens are ignored. */
void sign_lock(struct ctx *cx, struct str token);

/* --- keys that the platform itself uses ---------------------------------------------------------
 */
/* The key of a certificate that the platform holds (seal, exchange), open until closed; may be used
 * by several threads, which then wait for each other inside the token. */
struct sign_key;
/* ERR_FORBIDDEN: a person's, revoked, out of its time, or it does not open. */
NODISCARD enum err sign_key_open(struct ctx *cx, int64_t cert_id, struct sign_key **ret);
/* Signs a SHA-256 digest (32 bytes): r and s (64 bytes) of ECDSA P-256, or PKCS#1 v1.5. */
NODISCARD enum err sign_key_digest(struct ctx *cx, struct sign_key *k, struct str digest,
                                   struct str *ret);
/* Accepts NULL; wipes. */
void sign_key_close(struct sign_key *k);

/* --- signing a PDF ---------------------------------------------------------------------------- */
struct sign_look {
    struct pdf_place place; /* from pdf_out.place */
    bool is_visible;
    struct str image_png; /* the signer's own signature or the seal; null = drawn by us */
    struct str reason;    /* into /Reason, may be null */
};
/* Adds a signature as an incremental update. Give the leader's signature first, then the seal with
 * the same place: its picture covers a third of the leader's, on its left (Decree 30/2020, annex
 * I). ERR_UNAUTHENTICATED: session unknown, expired or used up. ERR_UNSUPPORTED: not a plain PDF of
 * ours. */
NODISCARD enum err sign_pdf(struct ctx *cx, struct str token, struct str pdf,
                            const struct sign_look *look, struct str *ret_pdf);

/* --- verifying -------------------------------------------------------------------------------- */
enum sign_verdict {
    SIGN_VALID,
    SIGN_CHANGED,   /* the signed bytes do not match the signature */
    SIGN_UNTRUSTED, /* mathematically right, but no trusted root above the signer */
    SIGN_EXPIRED,   /* the certificate was not in its time when this was signed */
    SIGN_REVOKED,   /* the certificate was revoked before */
    SIGN_MALFORMED,
};
struct sign_finding {
    enum sign_verdict verdict;
    struct str signer, org, position; /* from the certificate */
    struct str issuer;                /* who certified it, as the certificate names them */
    struct str serial, fingerprint;
    bool is_seal;
    bool is_demo;
    int64_t signed_us; /* /M: the signer's own claim of time */
    bool covers_whole; /* the signed range reaches the end of the file */
    struct str detail; /* English, for logs */
};
struct sign_report {
    struct sign_finding *v;
    size_t n;         /* in the order of signing */
    bool is_intact;   /* at least one signature, all valid, and the last covers the whole file */
    bool is_extended; /* bytes were added after the last signature */
};
/* Reads a file somebody hands in. ERR_UNSUPPORTED: no PDF; ERR_TOO_LARGE. A PDF without signatures
 * gives n = 0. Trusted roots: the desk's CA and PEM files in data_dir/sign/roots. */
NODISCARD enum err sign_verify_pdf(struct ctx *cx, struct str pdf, struct sign_report *ret);
/* A certificate by itself (PEM) at a time. ERR_BAD_REQUEST: it is none. signed_us of the finding is
 * at_us; never SIGN_CHANGED. */
NODISCARD enum err sign_verify_cert(struct ctx *cx, struct str pem, int64_t at_us,
                                    struct sign_finding *ret);
/* "valid", "changed", ...: suffix of the text keys sign.verdict.* */
const char *sign_verdict_key(enum sign_verdict v);

#endif
