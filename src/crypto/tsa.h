/* tsa.h: the other side of RFC 3161: answers a time-stamp query. For demonstrations and tests: its
 * key is a file, its clock the machine's. What asks a real authority is in engine/node. */
#ifndef CRYPTO_TSA_H
#define CRYPTO_TSA_H

#include "base/ctx.h"

/* TimeStampResp (DER, in cx->arena) for a TimeStampReq, signed by the key of a certificate made
 * with cms_cert_wish.is_stamping. at_us is what it says; whole seconds. ERR_INVALID: no query. */
NODISCARD enum err tsa_answer(struct ctx *cx, struct str query_der, struct str key_pem,
                              struct str cert_pem, int64_t at_us, struct str *ret_der);

#endif
