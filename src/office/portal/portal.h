/* portal.h: the pages that everybody sees without signing in. */
#ifndef OFFICE_PORTAL_PORTAL_H
#define OFFICE_PORTAL_PORTAL_H

#include "web/web.h"

extern const struct web_routes portal_routes;

#endif
