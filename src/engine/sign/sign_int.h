/* sign_int.h: shared by the files of engine/sign. */
#ifndef ENGINE_SIGN_SIGN_INT_H
#define ENGINE_SIGN_SIGN_INT_H

#include "crypto/cms.h"
#include "engine/sign/sign.h"

#include <pthread.h>

#define SIGN_SESSIONS_MAX 256
#define SIGN_FILE_MAX     ((size_t)64 << 10)

/* The signer interface: where a private key lives and how it is opened. */
struct sign_ops {
    const char *scheme; /* beginning of key_ref: "file", "pkcs11" */
    /* ERR_FORBIDDEN: wrong PIN. Required. */
    enum err (*open)(struct ctx *cx, struct str key_ref, struct str pin, void **ret_key);
    cms_sign_fn *sign;                       /* required */
    struct cms_key *(*public_of)(void *key); /* required: for certifying it */
    void (*close)(void *key);                /* required; wipes */
};
extern const struct sign_ops sign_ops_file;
extern const struct sign_ops sign_ops_pkcs11;

struct sign_session {
    struct str token; /* in the desk's storage */
    char token_bytes[32];
    int64_t cert_id, until_us; /* monotonic */
    int32_t uses_left, n_busy;
    bool is_ended; /* closed by the last user when n_busy falls to 0 */
    const struct sign_ops *ops;
    void *key;
};

struct sign_desk {
    struct arena *arena;
    pthread_mutex_t lock;
    struct str ca_pem, seal_pass;
    struct cms_key *ca_key;
    struct sign_session sessions[SIGN_SESSIONS_MAX];
};

/* Path below data_dir/sign. */
struct str sign_path(struct ctx *cx, struct str name);
const struct sign_ops *sign_ops_of(struct str key_ref);
/* Kinds of certificates whose keys the platform holds. */
bool sign_is_ours(struct str kind);
/* What opens such a key: a secret of the data folder, or the token's configured PIN. */
struct str sign_own_pass(const struct ctx *cx, bool is_token);
/* Borrows the session's key for one signature and counts it; give it back with sign_session_done.
 * ERR_UNAUTHENTICATED when unknown, expired or used up. */
NODISCARD enum err sign_session_take(struct ctx *cx, struct str token, struct sign_session **ret);
void sign_session_done(struct ctx *cx, struct sign_session *s);
/* New session; takes the key. ERR_BUSY closes it. */
NODISCARD enum err sign_session_new(struct ctx *cx, const struct sign_ops *ops, void *take_key,
                                    int64_t cert_id, int32_t max_s, int32_t max_uses,
                                    struct str *ret_token);
/* Row of a certificate with its key reference. */
NODISCARD enum err sign_cert_load(struct ctx *cx, int64_t id, struct sign_cert *ret,
                                  struct str *ret_key_ref, int64_t *ret_failures);

#endif
