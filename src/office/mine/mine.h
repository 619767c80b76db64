/* mine.h: the pages of a person's own dossiers, records and data. */
#ifndef OFFICE_MINE_MINE_H
#define OFFICE_MINE_MINE_H

#include "web/web.h"

extern const struct web_routes mine_routes;

#endif
