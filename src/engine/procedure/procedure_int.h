/* procedure_int.h: shared inside the module. */
#ifndef ENGINE_PROCEDURE_PROCEDURE_INT_H
#define ENGINE_PROCEDURE_PROCEDURE_INT_H

#include "engine/procedure/procedure.h"

#define PROCEDURES_MAX 20000

struct procedures {
    const struct procedure **v; /* by field, then code, then first day; index is the place here */
    const struct procedure **by_code; /* by code, then first day */
    size_t n;
    const struct procedure_field **fields; /* by rank */
    size_t n_fields;
    const struct procedure_life_event **events; /* by rank */
    size_t n_events;
};

const struct procedures *procedures_of(const struct pack *p);
/* First place in by_code whose code is not before `code`. */
size_t procedure_first(const struct procedures *ps, struct str code);

/* One JSON object; NULL when it is not even that. Faults are recorded. */
struct procedure *procedure_read(struct pack_at at, const struct json *j,
                                 const struct procedures *ps);
/* True when lists/paper-types.csv is there and knows the code, or is not there. */
bool procedure_knows_paper_type(struct pack_load *l, struct str code);

#endif
