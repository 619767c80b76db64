/* app_fill.h: generated answers to any form of a pack. */
#ifndef APP_APP_FILL_H
#define APP_APP_FILL_H

#include "engine/form/form.h"

/* Who fills in: what the platform knows of them, and names and numbers for what it does not. */
struct fill_person {
    const struct form_source *sources;
    size_t n_sources;
    struct str unit_code; /* of the commune they live in */
    struct str line;      /* hamlet */
    struct str given;     /* their own name */
    struct str tax_code;
    const struct str *others; /* names of other people; at least one */
    size_t n_others;
};
/* A draft (form_state_save) with valid answers on every page. ERR_INVALID: no valid answers were
 * found (cx->problems empty; cx->err says which form). */
NODISCARD enum err app_fill(struct ctx *cx, const struct form *form, const struct form_env *env,
                            const struct fill_person *who, struct str *ret_draft);

#endif
