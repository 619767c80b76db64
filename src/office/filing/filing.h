/* filing.h: the citizen's path from a procedure to the returned result. */
#ifndef OFFICE_FILING_FILING_H
#define OFFICE_FILING_FILING_H

#include "web/web.h"

extern const struct web_routes filing_routes;

#endif
