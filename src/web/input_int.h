/* input_int.h: what the input files share. */
#ifndef WEB_INPUT_INT_H
#define WEB_INPUT_INT_H

#include "web/inside.h"

/* All that came in, before any check. */
struct gather {
    struct web_call *c;
    struct web_pair *v;
    size_t n, cap;
    struct web_file *files;
    size_t n_files;
    bool is_over; /* more than WEB_PAIRS_MAX */
};

/* input_body.c: query and body of the call. A member of a JSON body that cannot be the field of its
 * name is a problem of that field. */
NODISCARD enum err input_gather(struct gather *g);

/* input.c: the row of the table for a name that came in, or NULL. */
const struct web_field *input_field(const struct web_route *r, struct str name);

#endif
