/* clamd.h: virus check by a clamd daemon over its local socket (INSTREAM). */
#ifndef NET_CLAMD_H
#define NET_CLAMD_H

#include "base/ctx.h"

/* Scans bytes. *ret_found is null when clean, else the name found (in cx->arena).
 * ERR_UPSTREAM: no daemon, no answer within timeout_ms, or an answer that is neither. */
NODISCARD enum err clamd_scan(struct ctx *cx, struct str socket_path, struct str bytes,
                              int32_t timeout_ms, struct str *ret_found);

/* What clamd said. ret_found: the virus's name, null when clean. False: neither OK nor FOUND. */
bool clamd_answer(struct str answer, struct str *ret_found);

#endif
