/* counter_int.h: shared inside the counter's pages. */
#ifndef OFFICE_COUNTER_COUNTER_INT_H
#define OFFICE_COUNTER_COUNTER_INT_H

#include "engine/access/access.h"
#include "engine/dossier/dossier.h"
#include "gen/tpl_counter.h"
#include "web/web.h"

/* Unit of the actor's position that gives perm. ERR_FORBIDDEN without one. */
NODISCARD enum err counter_unit(struct ctx *cx, const char *perm, struct str *ret);
struct str counter_id(struct ctx *cx, int64_t id);

web_fn counter_start, counter_people, counter_add, counter_person, counter_begin, counter_account;
web_fn counter_scan, counter_answered, counter_custody, counter_take, counter_give;
web_fn counter_cash, counter_pay, counter_unclaimed, counter_register;

#endif
