/* notice_int.h: shared inside the module. */
#ifndef ENGINE_NOTICE_NOTICE_INT_H
#define ENGINE_NOTICE_NOTICE_INT_H

#include "engine/notice/notice.h"

NODISCARD enum err notice_get(struct ctx *cx, int64_t id, struct notice *ret);

#endif
