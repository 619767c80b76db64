/* gateway.h: pages and program addresses of the exchange platform. */
#ifndef OFFICE_GATEWAY_GATEWAY_H
#define OFFICE_GATEWAY_GATEWAY_H

#include "web/web.h"

extern const struct web_routes gateway_routes;

#endif
