/* onestop.h: the officers' pages: inbox, dossier, papers, signing. */
#ifndef OFFICE_ONESTOP_ONESTOP_H
#define OFFICE_ONESTOP_ONESTOP_H

#include "web/web.h"

extern const struct web_routes onestop_routes;

#endif
