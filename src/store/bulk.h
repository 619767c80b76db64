/* bulk.h: filling a store that nobody uses, far faster than use cases can: rows of any table as
 * they are, without indexes and syncs until the end. For loaders only, never beside a running
 * program. A load that is broken off leaves a store that store_open refuses. */
#ifndef STORE_BULK_H
#define STORE_BULK_H

#include "store/store.h"

enum store_value_kind { STORE_VALUE_NULL, STORE_VALUE_I64, STORE_VALUE_STR };
struct store_value {
    enum store_value_kind kind;
    int64_t i;
    struct str s;
};

struct store_table {
    struct str name;
    struct str *columns; /* in the order of their values */
    uint32_t n, index;
};

struct store_bulk;
/* Takes the store as a running program would; its schema must be this program's.
 * ERR_BUSY: somebody uses it. ERR_UNSUPPORTED: not a store that can be filled this way. */
NODISCARD enum err store_bulk_open(struct ctx *cx, struct str url, struct store_bulk **ret);
/* Accepts NULL. */
void store_bulk_close(struct store_bulk *b);

/* All tables of the schema, by name. Borrowed from b. */
const struct store_table *store_bulk_tables(const struct store_bulk *b, size_t *ret_n);
const struct store_table *store_bulk_table(const struct store_bulk *b, const char *name);
/* Place of a column; the table must have it. */
uint32_t store_bulk_column(const struct store_table *t, const char *name);

/* Bytes on disk now. */
NODISCARD enum err store_bulk_bytes(struct ctx *cx, struct store_bulk *b, int64_t *ret);

/* Strings of values live until the callback returns. */
typedef enum err store_bulk_fn(struct ctx *cx, const struct store_value *values, void *arg);
/* Rows whose column equals key, or all when column is NULL, in no order. */
NODISCARD enum err store_bulk_each(struct ctx *cx, struct store_bulk *b,
                                   const struct store_table *t, const char *column,
                                   const struct store_value *key, store_bulk_fn *fn, void *arg);
/* Makes store_bulk_each by this column quick until the store is closed. */
NODISCARD enum err store_bulk_look_by(struct ctx *cx, struct store_bulk *b,
                                      const struct store_table *t, const char *column);

/* Writing: begin marks the store as being filled and takes its indexes away; put and empty write;
 * end makes the indexes again (ERR_CONFLICT when rows are not unique) and everything durable. */
NODISCARD enum err store_bulk_begin(struct ctx *cx, struct store_bulk *b);
NODISCARD enum err store_bulk_put(struct ctx *cx, struct store_bulk *b, const struct store_table *t,
                                  const struct store_value *values);
NODISCARD enum err store_bulk_empty(struct ctx *cx, struct store_bulk *b,
                                    const struct store_table *t);
/* last_id: highest id that was put; the program's next ones will be above it. */
NODISCARD enum err store_bulk_end(struct ctx *cx, struct store_bulk *b, int64_t last_id);

#endif
