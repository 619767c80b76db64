/* counter.h: pages of the one-stop counter. */
#ifndef OFFICE_COUNTER_COUNTER_H
#define OFFICE_COUNTER_COUNTER_H

#include "web/web.h"

extern const struct web_routes counter_routes;

#endif
