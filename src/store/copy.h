/* copy.h: moves all rows from one store to another, of the same or the other kind. Files and keys
 * stay in the data folder; both stores name them alike. */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "store/store.h"

struct store_copied {
    int64_t n_tables, n_rows;
};

/* Copies every row of from->store into to->store, whose tables must be empty, then reads both sides
 * again and compares counts and contents table by table. The caller sees to it that nobody else
 * writes to either. Until the end the target is marked as unfinished and does not open.
 * ERR_CONFLICT when the target holds rows already (nothing was changed); ERR_STORE when the sides
 * differ; what the stores say otherwise. Details in to->err. */
NODISCARD enum err store_copy(struct ctx *from, struct ctx *to, struct store_copied *ret);

#endif
