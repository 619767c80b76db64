/* access_int.h: shared inside the module. */
#ifndef ENGINE_ACCESS_ACCESS_INT_H
#define ENGINE_ACCESS_ACCESS_INT_H

#include "engine/access/access.h"

/* How long a session of a citizen or officer lives without use. */
int64_t access_session_life_us(bool is_officer);
/* Inside a transaction. */
enum err access_session_insert(struct ctx *cx, int64_t account, int32_t level, int64_t life_us,
                               struct str peer, struct str agent, struct str secret,
                               struct access_session *ret);

#endif
