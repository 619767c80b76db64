/* app_bulk.h: many dossiers at once, for measuring and for tests at the size of a province. Rows
 * are copies of dossiers that went through the engines, with ids, numbers, codes, people and times
 * of their own, so that they have the engines' shape; ledger, roll-ups and counters are right for
 * them too. Papers and results share the files of their models, by hash. */
#ifndef APP_APP_BULK_H
#define APP_APP_BULK_H

#include "app/app_int.h"

/* The store must hold at least one finished dossier, its ledger be sealed. Closes the store of app,
 * loads n dossiers over the last year, and leaves it closed.
 * ERR_DISK_FULL: not enough room, nothing was done. */
NODISCARD enum err app_bulk(struct app *app, int64_t n);

#endif
