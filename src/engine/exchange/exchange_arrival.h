/* exchange_arrival.h: shared by the files that take dossiers in from a national portal. */
#ifndef ENGINE_EXCHANGE_EXCHANGE_ARRIVAL_H
#define ENGINE_EXCHANGE_EXCHANGE_ARRIVAL_H

#include "engine/exchange/exchange_int.h"
#include "engine/party/party.h"
#include "engine/procedure/procedure.h"
#include "gen/q_exchange.h"

#define ARRIVAL_NOTE_BYTES 1000U

/* One dossier that a portal handed over, while it is worked on. */
struct arrival {
    const struct exchange_connector *c;
    struct q_xarrival_by_id r;
    const struct json *doc; /* what the portal says of it, in our names */
    int64_t subject;        /* whose it is, once known */
};
NODISCARD enum err exchange_arrival_load(struct ctx *cx, int64_t id, struct arrival *ret);

/* One question to the portal; key names the message. ret->fault: "" or the portal's refusal; no
 * answer is ERR_UPSTREAM and counts against the line. */
NODISCARD enum err exchange_arrival_ask(struct ctx *cx, const struct arrival *a,
                                        const struct exchange_question *q,
                                        struct exchange_reply *ret);
/* Asks the portal for the dossier: fills a->doc, procedure and unit. *ret_fault "gone": it has none
 * of that number any more. */
NODISCARD enum err exchange_arrival_read(struct ctx *cx, struct arrival *a, struct str *ret_fault);
/* The work is done: state, what the portal is told, and why. */
struct arrival_end {
    const char *state, *outcome, *fault;
    struct str note;
};
NODISCARD enum err exchange_arrival_end(struct ctx *cx, struct arrival *a,
                                        const struct arrival_end *end);
/* Fetches, checks and keeps its papers; owner is a draft or a dossier. *ret_bad: the name of the
 * first one that cannot be taken and why, null when all are kept. */
struct arrival_papers {
    const struct procedure *procedure;
    int64_t owner_id, party;
};
NODISCARD enum err exchange_arrival_papers(struct ctx *cx, struct arrival *a,
                                           const struct arrival_papers *in, struct str *ret_bad);
/* The answers that came with it as a form's; problems stay in cx (ERR_INVALID). */
struct form_state;
NODISCARD enum err exchange_arrival_form(struct ctx *cx, const struct arrival *a,
                                         const struct procedure *p, const struct party *who,
                                         struct form_state *ret);

/* --- the three kinds of work: ERR_OK also when the outcome is that it cannot be taken;
 * ERR_UPSTREAM and ERR_DEADLINE: later again
 * ---------------------------------------------------------------- */
/* It becomes a dossier here. */
NODISCARD enum err exchange_arrival_take(struct ctx *cx, struct arrival *a);
/* It changed at the portal after it was taken. */
NODISCARD enum err exchange_arrival_change(struct ctx *cx, struct arrival *a);
NODISCARD enum err exchange_arrival_withdraw(struct ctx *cx, struct arrival *a);

#endif
