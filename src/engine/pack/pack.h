/* pack.h: content packs. A pack folder is read whole, checked whole (every fault at once, with file,
 * line and remedy), kept in the store under its content hash, and published as an immutable set.
 * Dossiers keep the version they were filed under; older versions stay loadable.
 *
 * Engine modules own parts of a pack: each has a loader that reads its files and hangs an immutable
 * value into the pack's slot; a typed accessor in the module's own header gets it out. */
#ifndef ENGINE_PACK_PACK_H
#define ENGINE_PACK_PACK_H

#include "base/ctx.h"
#include "codec/json.h"

enum pack_slot {
    PACK_UNITS, PACK_CALENDAR, PACK_ROLES, PACK_PROCEDURES, PACK_FORMS, PACK_PROCESSES, PACK_TEMPLATES,
    PACK_TEXTS, PACK_SEARCH, PACK_INDICATORS, PACK_SITE, PACK_SLOT_COUNT
};

struct pack {
    struct arena *arena;
    struct str id;          /* "binh-phuoc" */
    struct str version;     /* first 16 hex digits of the content hash */
    struct str name;
    const void *slot[PACK_SLOT_COUNT];
};

/* The version in force for this request. */
const struct pack *pack_now(const struct ctx *cx);
/* An older version kept for dossiers in flight. ERR_NOT_FOUND. */
NODISCARD enum err pack_by_version(struct ctx *cx, struct str version, const struct pack **ret);

/* --- loading ------------------------------------------------------------------------------------ */
struct pack_load; /* the files of one pack and the faults found so far */

struct pack_fault {
    struct str file;
    uint32_t line;
    struct str what, remedy; /* Vietnamese, shown by `bombo pack check` */
};

/* Arena that lives as long as the pack. */
struct arena *pack_load_arena(struct pack_load *l);
struct pack *pack_load_target(struct pack_load *l);
/* Whole file by path inside the pack, null when absent. */
struct str pack_load_file(struct pack_load *l, struct str path);
/* Paths that start with dir and end with suffix, sorted. */
size_t pack_load_list(struct pack_load *l, struct str dir, struct str suffix, struct str **ret);
/* Records a fault; loading goes on so that all are found. */
void pack_load_fault(struct pack_load *l, struct str file, uint32_t line, struct str what, struct str remedy);

/* CSV with a header line (RFC 4180, UTF-8). Columns in `required` must exist. Returns rows; each cell by
 * pack_csv_get. Faults are recorded. */
struct pack_csv {
    struct str file;
    struct str *columns;
    size_t n_columns, n_rows;
    struct str **rows;  /* rows[r][c] */
    uint32_t *lines;    /* line number of each row */
};
bool pack_load_csv(struct pack_load *l, struct str path, const char *const *required, struct pack_csv *ret);
struct str pack_csv_get(const struct pack_csv *csv, size_t row, const char *column); /* null when no such column */
/* JSON file; NULL with a recorded fault when malformed or (if is_required) missing. */
const struct json *pack_load_json(struct pack_load *l, struct str path, bool is_required);

typedef void pack_part_fn(struct pack_load *l); /* reads, checks, sets its slot */

/* Reads a folder with all part loaders in order; *ret_faults lists everything wrong (n 0: good). */
NODISCARD enum err pack_read_dir(struct ctx *cx, struct str dir, pack_part_fn *const *parts, size_t n_parts,
                                 struct pack **ret, struct pack_fault **ret_faults, size_t *ret_n);

/* Opens the set: folder version goes live (stored if new), versions still used by dossiers are reloaded. */
NODISCARD enum err pack_set_open(struct ctx *cx, struct str dir, pack_part_fn *const *parts, size_t n_parts,
                                 struct pack_set **ret);
void pack_set_close(struct pack_set *set);

#endif
