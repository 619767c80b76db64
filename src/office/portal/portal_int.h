/* portal_int.h: what the files of this module share. */
#ifndef OFFICE_PORTAL_PORTAL_INT_H
#define OFFICE_PORTAL_PORTAL_INT_H

#include "engine/procedure/procedure.h"
#include "office/portal/portal.h"

/* Who decides, in words: the department's name, or "Ủy ban nhân dân xã, phường". */
struct str portal_decides_text(struct ctx *cx, const struct procedure *p);
/* Short word for how it is done, and the status shape beside it. */
struct str portal_online_text(struct ctx *cx, const struct procedure *p);
struct str portal_online_kind(const struct procedure *p);
struct str portal_procedure_href(struct ctx *cx, const struct procedure *p);
/* Hotline of the pack, "1022" when it names none. */
struct str portal_hotline(struct ctx *cx);

#define PORTAL_FILTERS_N 5
extern const struct web_field portal_search_fields[PORTAL_FILTERS_N + 2],
    portal_list_fields[PORTAL_FILTERS_N + 2];

web_fn portal_search, portal_list, portal_life_event, portal_procedure_page;
web_fn portal_units, portal_unit;
extern const struct web_field portal_units_fields[2];
web_fn portal_track, portal_verify, portal_verify_file, portal_verify_hash, portal_verify_code;
extern const struct web_field portal_track_fields[2], portal_verify_fields[2],
    portal_file_fields[1];

#endif
