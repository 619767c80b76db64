/* older.h: looking into a database of an older version of the program as it is, before store_open
 * brings it forward. For the proof of a backup. */
#ifndef STORE_OLDER_H
#define STORE_OLDER_H

#include "store/store.h"

/* Like store_open with is_read_only, of an SQLite store only, whose schema may be older: only
 * statements over the catalogue fit it (store_counts). Newer ones are refused as by store_open. */
NODISCARD enum err store_open_older(struct ctx *cx, const struct store_config *config,
                                    struct store **ret);

#endif
