/* password.c: see password.h. Parameters: OWASP's second choice, which two cores and small memory
 * can bear. */
#include "crypto/password.h"

#include "sys/sys.h"

#include <argon2.h>

#define MEMORY_KIB   19456
#define PASSES       2
#define LANES        1
#define SALT_BYTES   16
#define HASH_BYTES   32
#define PASSWORD_MAX 1024
#define ENCODED_MAX  256

enum err
password_hash(struct ctx *cx, struct str password, struct str *ret_encoded)
{
    char salt[SALT_BYTES];
    char encoded[ENCODED_MAX];
    if (password.n > PASSWORD_MAX) {
        return err_set(cx, ERR_TOO_LARGE, "password of %zu bytes", password.n);
    }
    sys_random_bytes(cx, salt, sizeof(salt));
    int rc =
        argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.n == 0 ? "" : password.p,
                              password.n, salt, sizeof(salt), HASH_BYTES, encoded, sizeof(encoded));
    if (rc != ARGON2_OK) {
        return err_set(cx, ERR_INTERNAL, "argon2: %s", argon2_error_message(rc));
    }
    *ret_encoded = str_dup(cx->arena, str_of(encoded));
    return ERR_OK;
}

/* Reads "<name>=<number>" in the parameter part of an encoded hash; -1 when absent. */
static int64_t
parameter(struct str encoded, struct str name)
{
    struct str rest = encoded;
    struct str part;
    while (str_next(&rest, '$', &part)) {
        struct str inner = part;
        struct str item;
        while (str_next(&inner, ',', &item)) {
            int64_t v = 0;
            if (str_starts(item, name) &&
                str_to_i64(str_slice(item, name.n, item.n), 1, INT32_MAX, &v)) {
                return v;
            }
        }
    }
    return -1;
}

/* A broken or altered row must not make the program reserve gigabytes. */
static bool
is_bearable(struct str encoded)
{
    int64_t m = parameter(encoded, STR("m="));
    int64_t t = parameter(encoded, STR("t="));
    int64_t p = parameter(encoded, STR("p="));
    return encoded.n < ENCODED_MAX && str_starts(encoded, STR("$argon2id$v=19$")) && m > 0 &&
           m <= 262144 && t > 0 && t <= 16 && p > 0 && p <= 8;
}

enum err
password_verify(struct ctx *cx, struct str password, struct str encoded)
{
    if (!is_bearable(encoded)) {
        return err_set(cx, ERR_INTERNAL, "stored password hash is broken");
    }
    if (password.n > PASSWORD_MAX) {
        return err_set(cx, ERR_UNAUTHENTICATED, "password too long");
    }
    int rc =
        argon2id_verify(str_z(cx->arena, encoded), password.n == 0 ? "" : password.p, password.n);
    if (rc == ARGON2_OK) {
        return ERR_OK;
    }
    if (rc == ARGON2_VERIFY_MISMATCH) {
        return err_set(cx, ERR_UNAUTHENTICATED, "password does not match");
    }
    return err_set(cx, ERR_INTERNAL, "argon2: %s", argon2_error_message(rc));
}

void
password_verify_nobody(struct ctx *cx UNUSED, struct str password)
{
    static const char salt[SALT_BYTES] = "nobody";
    char hash[HASH_BYTES];
    size_t n = password.n > PASSWORD_MAX ? PASSWORD_MAX : password.n;
    (void)argon2id_hash_raw(PASSES, MEMORY_KIB, LANES, n == 0 ? "" : password.p, n, salt,
                            sizeof(salt), hash, sizeof(hash));
}

bool
password_needs_rehash(struct str encoded)
{
    return !is_bearable(encoded) || parameter(encoded, STR("m=")) < MEMORY_KIB ||
           parameter(encoded, STR("t=")) < PASSES || parameter(encoded, STR("p=")) < LANES;
}
