/* totp.c: see totp.h. */
#include "crypto/totp.h"

#include "base/date.h"
#include "codec/url.h"
#include "crypto/digest.h"
#include "sys/sys.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SECRET_BYTES 20
#define STEP_S       30
#define DIGITS       6

struct str
totp_secret_new(struct ctx *cx)
{
    char *p = arena_alloc(cx->arena, SECRET_BYTES);
    sys_random_bytes(cx, p, SECRET_BYTES);
    return (struct str){ p, SECRET_BYTES };
}

struct str
totp_base32(struct arena *a, struct str secret)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    char *p = arena_alloc(a, size_mul(secret.n, 2));
    size_t n = 0;
    uint32_t v = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < secret.n; i++) {
        v = ((v << 8) | (unsigned char)secret.p[i]) & 0xFFFF;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            p[n++] = alphabet[(v >> bits) & 31];
        }
    }
    if (bits > 0) {
        p[n++] = alphabet[(v << (5 - bits)) & 31];
    }
    return (struct str){ p, n };
}

struct str
totp_uri(struct arena *a, struct str secret, struct str issuer, struct str account)
{
    struct str name = url_encode(a, issuer);
    struct str who = url_encode(a, account);
    struct str key = totp_base32(a, secret);
    return str_fmt(a, "otpauth://totp/" STR_FMT ":" STR_FMT "?secret=" STR_FMT "&issuer=" STR_FMT,
                   STR_ARG(name), STR_ARG(who), STR_ARG(key), STR_ARG(name));
}

/* RFC 4226 5.3. */
static void
code_of(struct str secret, int64_t counter, char out[DIGITS])
{
    unsigned char message[8];
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    for (size_t i = 0; i < 8; i++) {
        message[i] = (unsigned char)((uint64_t)counter >> (56 - 8 * i));
    }
    ASSERT(secret.n > 0 && secret.n < 1024);
    ASSERT(HMAC(EVP_sha1(), secret.p, (int)secret.n, message, sizeof(message), mac, &n) != NULL);
    size_t at = mac[n - 1] & 15;
    uint32_t v = ((uint32_t)(mac[at] & 127) << 24) | ((uint32_t)mac[at + 1] << 16) |
                 ((uint32_t)mac[at + 2] << 8) | mac[at + 3];
    for (size_t i = DIGITS; i > 0; i--) {
        out[i - 1] = (char)('0' + v % 10);
        v /= 10;
    }
}

struct str
totp_code(struct arena *a, struct str secret, int64_t counter)
{
    char *p = arena_alloc(a, DIGITS);
    code_of(secret, counter, p);
    return (struct str){ p, DIGITS };
}

bool
totp_verify(struct str secret, struct str code, int64_t at_us, int64_t last_counter,
            int64_t *ret_counter)
{
    int64_t now = at_us / DATE_US_PER_S / STEP_S;
    bool is_right = false;
    if (code.n != DIGITS || secret.n == 0 || at_us < 0) {
        return false;
    }
    for (int64_t c = now - 1; c <= now + 1; c++) {
        char expected[DIGITS];
        code_of(secret, c, expected);
        if (digest_same((struct str){ expected, DIGITS }, code) && c > last_counter && !is_right) {
            is_right = true;
            *ret_counter = c;
        }
    }
    return is_right;
}
