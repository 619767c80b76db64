/* app_simulate.h: generated dossiers, filed and worked on through the engines. */
#ifndef APP_APP_SIMULATE_H
#define APP_APP_SIMULATE_H

#include "app/app_int.h"
#include "engine/dossier/dossier.h"

struct app_simulation {
    int64_t n;        /* dossiers to file */
    int32_t days;     /* over the last days until now */
    struct str pin;   /* of the demo's signing keys */
    struct str hash;  /* of the demo's password, for accounts of those who file */
    struct str paper; /* PDF handed in for every paper */
    struct str shown; /* code of the commune that gets a quarter of all, and some besides n, so that
                       * each of its desks has work; null: all alike */
};
/* Files and works on until now, on a clock of its own. Every act is durable by itself: a run that
 * is broken off is gone on with by the next. One that fails is told on stderr and left as it is. */
NODISCARD enum err app_simulate(struct ctx *cx, const struct app_simulation *what);

/* Only drafts, ready to be submitted, each shown to fn with its owner as cx->actor: for measuring.
 */
typedef void app_draft_fn(struct ctx *cx, const struct dossier_draft *draft, void *arg);
NODISCARD enum err app_simulate_drafts(struct ctx *cx, const struct app_simulation *what,
                                       app_draft_fn *fn, void *arg);

#endif
