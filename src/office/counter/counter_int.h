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

/* The dossier in the address, in a unit where the actor has the permission. */
NODISCARD enum err counter_open(struct ctx *cx, const struct web_req *rq, const char *perm,
                                struct dossier *ret);
/* A day as people (22/11/2026) or programs (2026-11-22) write it; false, and day unchanged, when it
 * is neither. */
bool counter_day(struct ctx *cx, struct str s, struct date *day);
/* The day book's part of the cash page. */
NODISCARD enum err counter_daybook(struct ctx *cx, struct str unit, struct date day,
                                   struct tpl_counter_cash *page);
/* The closing's part: what was counted, or the form to count. */
NODISCARD enum err counter_closing(struct ctx *cx, struct str unit, struct date day,
                                   struct tpl_counter_cash *page);
struct party;
/* counter_person.c: a person or an organisation into the records, with its entry in the ledger. */
NODISCARD enum err counter_take_in(struct ctx *cx, struct party *p);
/* counter_org.c: the person who stands there for an organisation: checks what was typed and puts it
 * in words, with the paper of authority. */
NODISCARD enum err counter_agent(struct ctx *cx, const struct web_req *rq, struct str *ret_words);
/* Heading of a printed book of a unit, and who prints it. */
struct json_out;
void counter_put_agency(struct ctx *cx, struct json_out *o, struct str unit);

web_fn counter_start, counter_people, counter_add, counter_person, counter_begin, counter_account;
web_fn counter_scan, counter_answered, counter_custody, counter_take, counter_give;
web_fn counter_cash, counter_pay, counter_unclaimed, counter_register;
web_fn counter_register_sheet, counter_slip, counter_held;
web_fn counter_close, counter_closings, counter_org_add;
web_fn counter_receipt, counter_void, counter_daybook_sheet, counter_daybook_pdf;

#endif
