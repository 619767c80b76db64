/* account.h: pages of signing in and of one's own account. */
#ifndef OFFICE_ACCOUNT_ACCOUNT_H
#define OFFICE_ACCOUNT_ACCOUNT_H

#include "web/web.h"

extern const struct web_routes account_routes;

#endif
