/* leader.h: pages of figures for leaders and inspectors. */
#ifndef OFFICE_LEADER_LEADER_H
#define OFFICE_LEADER_LEADER_H

#include "web/web.h"

extern const struct web_routes leader_routes;

#endif
