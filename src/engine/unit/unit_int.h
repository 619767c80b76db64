/* unit_int.h: shared inside the module. */
#ifndef ENGINE_UNIT_UNIT_INT_H
#define ENGINE_UNIT_UNIT_INT_H

#include "engine/unit/unit.h"

#define UNIT_CHAIN_MAX 8 /* bodies above one another */

struct unit_link {     /* one row of successions */
    uint32_t from, to; /* places in units->v */
    struct str kind;
};
struct unit_name_entry {
    struct str key;
    uint32_t at;
};

struct units {
    struct unit *v; /* by code, then first day */
    size_t n;
    struct unit_link *forward;  /* by from */
    struct unit_link *backward; /* by to */
    size_t n_links;
    uint32_t *by_name;   /* by sort key of the name without its type word */
    uint32_t *by_parent; /* by parent code, then sort key */
    struct unit_name_entry
        *names; /* by key: name keys and folded names, with and without type word */
    size_t n_names;
    const struct pack_site *site;
};

const struct units *unit_all(const struct ctx *cx);
/* First place in v whose code is not before `code`. */
size_t unit_first(const struct units *us, struct str code);
/* First place in by_parent whose parent is not before `code`. */
size_t unit_first_child(const struct units *us, struct str code);
const struct unit *unit_find(const struct units *us, struct str code, struct date on);
/* First place in links whose from (to when is_back) is not before at. */
size_t unit_first_link(const struct units *us, bool is_back, uint32_t at);
/* The name without the words it shares with the type: "Phường An Lộc" -> "An Lộc". */

#endif
