/* cms_int.h: shared by the files of crypto/cms. */
#ifndef CRYPTO_CMS_INT_H
#define CRYPTO_CMS_INT_H

#include "base/buf.h"
#include "crypto/cms.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

/* ERR_INTERNAL with OpenSSL's reason; clears its error queue. */
enum err cms_fail(struct ctx *cx, const char *what);
struct str cms_bio_str(struct arena *a, BIO *b);
/* NULL when pem is no certificate; X509_free it. */
X509 *cms_x509(struct str pem);
struct cms_cert_info cms_info(struct arena *a, const X509 *x);

#endif
