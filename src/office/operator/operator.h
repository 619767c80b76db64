/* operator.h: pages of the platform's operators. */
#ifndef OFFICE_OPERATOR_OPERATOR_H
#define OFFICE_OPERATOR_OPERATOR_H

#include "web/web.h"

extern const struct web_routes operator_routes;

#endif
