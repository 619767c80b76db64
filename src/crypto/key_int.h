/* key_int.h: inside of a key, for crypto/ and for those who hand it to OpenSSL (CMS, TLS). */
#ifndef CRYPTO_KEY_INT_H
#define CRYPTO_KEY_INT_H

#include "crypto/key.h"

#include <openssl/evp.h>

struct key {
    EVP_PKEY *pkey;
    enum key_type type;
    bool is_private;
};

/* ERR_INTERNAL with OpenSSL's reason; empties its error queue. */
enum err key_openssl_failed(struct ctx *cx, const char *what);

#endif
