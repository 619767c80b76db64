/* unit.h: public bodies and territories, each valid for a time, with successors. Everything is read
 * from the pack in force and immutable: no rows but the counters of dossier numbers.
 *
 * A code alone does not name a unit: 25195 was phường Tân Phú until 2025-06-30 and is phường Bình
 * Phước since. Rows keep `unit` = the key "25195@2025-07-01" (code, '@', first day; "25195@" when
 * known only "since the records begin"). Keys are stable over pack versions, sort by code, and
 * never get reused. */
#ifndef ENGINE_UNIT_UNIT_H
#define ENGINE_UNIT_UNIT_H

#include "engine/pack/pack.h"

enum unit_level {
    UNIT_PROVINCE,
    UNIT_DISTRICT,
    UNIT_COMMUNE,
    UNIT_HAMLET,
    UNIT_DEPARTMENT,
    UNIT_DIVISION,
    UNIT_POLICE,
    UNIT_SOCIAL_INSURANCE,
    UNIT_LEVEL_COUNT
};
/* "commune" etc.; null str / false when unknown. */
struct str unit_level_name(enum unit_level level);
bool unit_level_parse(struct str s, enum unit_level *ret);

struct unit {
    struct str key; /* "25195@2025-07-01" */
    struct str code;
    struct pack_text name; /* "Phường Bình Phước" */
    struct str type;       /* "phường", "xã", "sở" ... as in the source */
    struct str kind;       /* of a department: "so-tu-phap"; else empty */
    enum unit_level level;
    struct str parent;      /* code, empty at the top */
    struct date from, to;   /* first and last day; PACK_DAY_MIN / PACK_DAY_MAX when open */
    int32_t lat_e6, lon_e6; /* centroid in millionths of a degree; both 0 when unknown */
    int64_t area_m2;        /* 0 when unknown */
    struct str agency_code; /* "H19.40", may be empty */
    bool is_check;          /* not certain: show "cần kiểm tra" */
};

/* --- finding one ------------------------------------------------------------------------------ */
/* The unit with this code valid on that day; NULL when there is none. */
const struct unit *unit_at(const struct ctx *cx, struct str code, struct date on);
/* By key. A plain code gives the version valid on the newest day it was valid. NULL when unknown.
 */
const struct unit *unit_by_key(const struct ctx *cx, struct str key);
/* Name in the request's language, the key itself when unknown: for lists and logs. */
struct str unit_name(const struct ctx *cx, struct str key);
/* Name without its type word: "Bom Bo" of "Xã Bom Bo". */
struct str unit_bare_name(struct arena *a, struct str name, struct str type);
/* What the place line of its documents says: the bare name of the territory that u is or belongs to
 * ("Bom Bo" of "Công an xã Bom Bo"; Decree 30/2020, annex I). */
struct str unit_place(struct ctx *cx, const struct unit *u, struct date on);
bool unit_is_valid(const struct unit *u, struct date on);
/* Units whose name is the same after composition and tone placement, with or without the type word
 * ("an lộc", "Phường An Lộc"), valid on that day. In cx->arena. */
size_t unit_by_name(struct ctx *cx, struct str name, struct date on,
                    const struct unit *const **ret);

/* The same over all times: every version that had the name, by code, then first day. */
size_t unit_by_name_ever(struct ctx *cx, struct str name, const struct unit *const **ret);

/* Keys of units that one version of the pack has and another lacks, by code. In cx->arena. */
size_t unit_missing(struct ctx *cx, const struct pack *has, const struct pack *lacks,
                    struct str **ret);

/* --- tree ------------------------------------------------------------------------------------- */
const struct unit *unit_parent(const struct ctx *cx, const struct unit *u, struct date on);
/* Valid children sorted by name (Vietnamese alphabet); any level with UNIT_LEVEL_COUNT. In
 * cx->arena. */
size_t unit_children(struct ctx *cx, struct str code, enum unit_level level, struct date on,
                     const struct unit *const **ret);
/* All units of a level valid on that day, sorted by name: for selects. */
size_t unit_list(struct ctx *cx, enum unit_level level, struct date on,
                 const struct unit *const **ret);
/* True when u is inside (or is) the unit with key `whole`, on that day. */
bool unit_is_within(const struct ctx *cx, const struct unit *u, struct str whole, struct date on);

/* --- reorganisations -------------------------------------------------------------------------- */
/* The units valid on day `on` that took over u's territory, through every reorganisation between; u
 * itself when still valid. Several after a split or an abolished district. On a day before u was
 * valid: its predecessors. In cx->arena; 0 when nothing is known. */
size_t unit_resolve(struct ctx *cx, const struct unit *u, struct date on,
                    const struct unit *const **ret);
/* The next and previous step only. */
size_t unit_successors(struct ctx *cx, const struct unit *u, const struct unit *const **ret);
size_t unit_predecessors(struct ctx *cx, const struct unit *u, const struct unit *const **ret);
/* Last day of validity of u and what happened: "merge", "split", "retype", "abolish"; null when it
 * goes on. */
struct str unit_end_kind(const struct ctx *cx, const struct unit *u);

/* --- who decides ------------------------------------------------------------------------------ */
struct unit_rule {
    enum unit_level level;
    struct str kind; /* of departments, else empty */
};
/* The unit that decides a procedure for an address, on a day. `address` is a unit key or code of
 * any time (an old address is resolved first). The nearest body of the rule's level whose territory
 * holds the address. ERR_NOT_FOUND: no such body known. ERR_CONFLICT: the old address was split
 * over several units; ask the person to choose among unit_resolve. */
NODISCARD enum err unit_competent(struct ctx *cx, struct unit_rule rule, struct str address,
                                  struct date on, const struct unit **ret);

/* --- dossier numbers -------------------------------------------------------------------------- */
/* The next dossier number of a unit on a business day, "H19.40-261122-0001", in the transaction
 * that files the dossier (only inside store_write). Format: pack.json dossier_number; a unit
 * without agency code gets
 * "<province's agency code>.<unit code>". Source: numbering of the national portal, agency + date +
 * sequence. */
NODISCARD enum err unit_next_number(struct ctx *cx, const struct unit *u, struct date on,
                                    struct str *ret);
/* Splits a dossier number; false when it is none. */
bool unit_number_parse(struct str s, struct str *ret_agency, struct str *ret_day, int64_t *ret_seq);

/* --- agency codes (Decision 20/2020/QĐ-TTg) --------------------------------------------------- */
/* Segment-wise, "H37.02.02" equals "H37.2.2". */
bool unit_agency_code_eq(struct str a, struct str b);
bool unit_agency_code_is_valid(struct str s); /* the new form or the 13-character old one */
const struct unit *unit_by_agency_code(const struct ctx *cx, struct str code, struct date on);
/* The units that stand on `on` for a code as national systems write it: an agency code in force or
 * of an earlier day ("H10.12", "000.00.05.H10"), a province's agency code with the unit's own code
 * ("H19.25405"), or the unit's code alone. Several after a split; 0 when nobody is known. *ret_was
 * is the unit that the code named. */
size_t unit_by_national_code(struct ctx *cx, struct str code, struct date on,
                             const struct unit **ret_was, const struct unit *const **ret);

/* Pack part: units/units….csv, units/departments….csv, units/successions….csv. */
void unit_pack_part(struct pack_load *l);
/* While loading later parts: is this unit code or department kind known? */
bool unit_pack_has_code(struct pack_load *l, struct str code);
bool unit_pack_has_kind(struct pack_load *l, struct str kind);

#endif
