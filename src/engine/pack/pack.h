/* pack.h: content packs. A pack folder is read whole, checked whole (every fault at once, with
 * file, line and remedy), kept in the store under its content hash, and published as an immutable
 * set. Dossiers keep the version they were filed under; older versions stay loadable.
 *
 * Engine modules own parts of a pack: each has a loader that reads its files and hangs an immutable
 * value into the pack's slot; a typed accessor in the module's own header gets it out.
 *
 * Threads: a published pack is immutable and lives until pack_set_close, so a pointer into it may
 * be kept and read by every thread without a lock. */
#ifndef ENGINE_PACK_PACK_H
#define ENGINE_PACK_PACK_H

#include "base/buf.h"
#include "base/ctx.h"
#include "base/date.h"
#include "codec/json.h"

enum pack_slot {
    PACK_UNITS,
    PACK_CALENDAR,
    PACK_ROLES,
    PACK_PROCEDURES,
    PACK_FORMS,
    PACK_PROCESSES,
    PACK_TEMPLATES,
    PACK_TEXTS,
    PACK_SEARCH,
    PACK_INDICATORS,
    PACK_SITE,
    PACK_EXCHANGE,
    PACK_SLOT_COUNT
};

struct pack {
    struct arena *arena;
    struct str id;      /* "binh-phuoc" */
    struct str version; /* first 16 hex digits of the content hash */
    struct str name;    /* Vietnamese name of the site */
    const void *slot[PACK_SLOT_COUNT];
};

/* The version for this request: the pinned one, else the one in force. NULL when there is none. */
const struct pack *pack_now(const struct ctx *cx);
/* Pins the version in force and its texts, so that a request sees one version from start to end. */
void pack_pin(struct ctx *cx);
/* An older version kept for dossiers in flight. Loads it from the store when this process has not
 * got it yet (slow: not inside store_write). ERR_NOT_FOUND. */
NODISCARD enum err pack_by_version(struct ctx *cx, struct str version, const struct pack **ret);

/* --- texts in content ------------------------------------------------------------------------- */
/* {"vi": .., "en": ..}; en falls back to vi. */
struct pack_text {
    struct str vi, en;
};
/* In the language of the request: Vietnamese unless lang is "en" and English is there. */
struct str pack_text(const struct ctx *cx, struct pack_text t);

/* --- site part: pack.json (slot PACK_SITE) ---------------------------------------------------- */
struct pack_province {
    struct str unit;          /* code */
    int32_t from_day, to_day; /* PACK_DAY_MIN .. PACK_DAY_MAX */
};
struct pack_emergency {
    struct str number;
    struct pack_text name;
};
/* Bodies that stand for a level: {"police": ["cong-an-xa", "cong-an-tinh"]}. */
struct pack_level_kinds {
    struct str level;
    const struct str *kinds;
    size_t n;
};
/* Where fees are paid to. */
struct pack_bank {
    struct str unit;              /* code; empty: every unit without one of its own */
    struct str bin, number, name; /* bank's 6 digits, account, holder in capitals without marks */
    bool is_check;                /* not confirmed: for the demo only */
};
struct pack_site {
    struct str id;
    struct pack_text name, short_name, line, notes;
    const struct pack_province *provinces;
    size_t n_provinces;
    struct str default_unit;      /* code */
    struct str number_format;     /* "{agency}-{yymmdd}-{seq}"; also {unit} and {yyyymmdd} */
    int32_t number_digits;        /* of {seq}, 4..7 */
    int32_t tracking_code_length; /* 8..20 */
    struct str calendar;          /* of units without one of their own */
    int32_t react_work_s;         /* working seconds to react to an online dossier */
    struct str hotline, email, phone, national_portal;
    struct pack_text address;
    const struct pack_emergency *emergency;
    size_t n_emergency;
    const struct pack_bank *banks;
    size_t n_banks;
    const struct pack_level_kinds *level_kinds;
    size_t n_level_kinds;
    bool is_contact_check, is_number_check; /* "cần kiểm tra" */
    bool is_generated;                      /* demo content, never mixed with real facts */
};
const struct pack_site *pack_site(const struct pack *p);
/* Account of a unit (code), else the common one; NULL: the pack has none. */
const struct pack_bank *pack_bank_of(const struct pack *p, struct str unit_code);
/* Code of the province on a day; null str when the pack names none. */
struct str pack_province_at(const struct pack *p, struct date on);

/* --- texts part: texts/<lang>.txt (slot PACK_TEXTS) ------------------------------------------- */
/* The pack's own wording over the built-in texts: for cx->texts (pack_pin sets it). */
const struct texts *pack_texts(const struct pack *p);

/* --- loading ---------------------------------------------------------------------------------- */
struct pack_load; /* the files of one pack and the faults found so far */

struct pack_fault {
    struct str file;
    uint32_t line;           /* 0: the whole file */
    struct str what, remedy; /* Vietnamese, shown by `bombo pack check` */
};

/* Arena that lives as long as the pack. */
struct arena *pack_load_arena(struct pack_load *l);
struct pack *pack_load_target(struct pack_load *l);
/* Whole file by path inside the pack, null when absent. The bytes of .json files go when loading
 * ends; others may be kept. */
struct str pack_load_file(struct pack_load *l, struct str path);
/* Paths that start with dir and end with suffix, sorted. */
size_t pack_load_list(struct pack_load *l, struct str dir, struct str suffix, struct str **ret);
/* Records a fault; loading goes on so that all are found. Strings are copied. At most 1,000 are
 * kept. */
void pack_load_fault(struct pack_load *l, struct str file, uint32_t line, struct str what,
                     struct str remedy);
/* The same with the remedy as a literal and the fault built by printf. */
void pack_load_faultf(struct pack_load *l, struct str file, uint32_t line, const char *remedy,
                      const char *fmt, ...) PRINTF_LIKE(5, 6);
size_t pack_load_n_faults(const struct pack_load *l);

/* CSV with a header line (RFC 4180, UTF-8). Columns in `required` (NULL-ended) must exist. Returns
 * rows; each cell by pack_csv_get. Faults are recorded. False when there is nothing to read (an
 * absent file is a fault only when is required by the caller: see pack_load_file). */
struct pack_csv {
    struct str file;
    struct str *columns;
    size_t n_columns, n_rows;
    struct str **rows; /* rows[r][c], trimmed, NFC checked */
    uint32_t *lines;   /* line number of each row */
};
bool pack_load_csv(struct pack_load *l, struct str path, const char *const *required,
                   struct pack_csv *ret);
struct str pack_csv_get(const struct pack_csv *csv, size_t row,
                        const char *column); /* null when no such column */
/* JSON file; NULL with a recorded fault when malformed or (if is_required) missing. */
const struct json *pack_load_json(struct pack_load *l, struct str path, bool is_required);
/* The same for who keeps only strings: the tree is in `tree`, its strings are the pack's. */
const struct json *pack_load_json_in(struct pack_load *l, struct str path, bool is_required,
                                     struct arena *tree);

/* Checked readers: each records a fault with the line and returns something harmless. */
struct pack_at { /* where a value stands */
    struct pack_load *l;
    struct str file;
};
/* Every member of obj must be in `known` (NULL-ended): finds misspelt names. */
void pack_json_known(struct pack_at at, const struct json *obj, const char *const *known);
/* {"vi","en"} member; a missing vi is a fault when is_required; plain strings are refused. */
struct pack_text pack_json_text(struct pack_at at, const struct json *obj, const char *key,
                                bool is_required);
struct str pack_json_str(struct pack_at at, const struct json *obj, const char *key,
                         bool is_required);
int64_t pack_json_int(struct pack_at at, const struct json *obj, const char *key, int64_t min,
                      int64_t max, int64_t otherwise);
bool pack_json_bool(struct pack_at at, const struct json *obj, const char *key, bool otherwise);
/* List of strings; null and absent give an empty list. */
size_t pack_json_strs(struct pack_at at, const struct json *obj, const char *key,
                      const struct str **ret);
/* Open ends of validity. */
#define PACK_DAY_MIN (-200000)
#define PACK_DAY_MAX 200000
/* Date of a cell or member; empty gives the open end `otherwise`. */
struct date pack_date(struct pack_at at, uint32_t line, struct str s, int32_t otherwise_day);
/* A code of letters, digits, '.', '-', '_' up to 60 characters. */
bool pack_is_code(struct str s);

typedef void pack_part_fn(struct pack_load *l); /* reads, checks, sets its slot */

/* The parts that this module itself owns; first in the list of parts. */
void pack_part_site(struct pack_load *l);
void pack_part_texts(struct pack_load *l);

/* Reads a folder (or several, ':'-separated: the first that has a file wins) with all part loaders
 * in order; *ret_faults lists everything wrong (n 0: good). The pack is in an arena of its own: the
 * caller closes it with pack_free. ERR_NOT_FOUND when no folder is there. */
NODISCARD enum err pack_read_dir(struct ctx *cx, struct str dir, pack_part_fn *const *parts,
                                 size_t n_parts, struct pack **ret, struct pack_fault **ret_faults,
                                 size_t *ret_n);
/* The same from memory: for tests, fuzzing and versions kept in the store. */
struct pack_file {
    struct str path, bytes;
};
NODISCARD enum err pack_read_files(struct ctx *cx, const struct pack_file *files, size_t n_files,
                                   pack_part_fn *const *parts, size_t n_parts, struct pack **ret,
                                   struct pack_fault **ret_faults, size_t *ret_n);
/* Accepts NULL. Only for packs that no set owns. */
void pack_free(struct pack *p);

/* What `bombo pack check` prints: one paragraph per fault, then the count. */
void pack_check_print(struct buf *out, const struct pack_fault *faults, size_t n);

/* --- the set ---------------------------------------------------------------------------------- */
/* Opens the set: the folder's version goes live (stored if new), unless an earlier one was put in
 * force again while the folder held this same version. Other versions are loaded when asked for. A
 * folder with faults is ERR_INVALID, the first fault in cx->err. */
NODISCARD enum err pack_set_open(struct ctx *cx, struct str dir, pack_part_fn *const *parts,
                                 size_t n_parts, struct pack_set **ret);

/* Another version goes into force, for whatever is filed from then on. */
struct pack_change {
    struct str reason;
    bool is_asked; /* somebody wants the folder's version, also after a return to an earlier one */
    /* In the transaction that records it: the ledger's entry. May be NULL. */
    enum err (*on_live)(struct ctx *cx, struct str version, struct str reason);
};
/* Reads the folder again and puts it in force, atomically, while requests run. With faults nothing
 * changes: ERR_INVALID and the faults in cx->arena. Nothing is recorded when it is in force
 * already. */
NODISCARD enum err pack_set_publish(struct ctx *cx, const struct pack_set *set, struct str dir,
                                    const struct pack_change *change,
                                    struct pack_fault **ret_faults, size_t *ret_n);
/* Puts a version that was in force before in force again, once it has passed today's checks.
 * ERR_NOT_FOUND; ERR_INVALID with the faults. */
NODISCARD enum err pack_set_return(struct ctx *cx, const struct pack_set *set, struct str dir,
                                   struct str version, const struct pack_change *change,
                                   struct pack_fault **ret_faults, size_t *ret_n);
/* What pack_set_publish would take: the pack, not in force, for the caller to compare and to give
 * to pack_free. ERR_INVALID with the faults. */
NODISCARD enum err pack_set_check(struct ctx *cx, const struct pack_set *set, struct str dir,
                                  struct pack **ret, struct pack_fault **ret_faults, size_t *ret_n);
/* Takes over what another process on the same store put in force. *ret_changed tells. */
NODISCARD enum err pack_set_follow(struct ctx *cx, const struct pack_set *set, bool *ret_changed);
/* What a module keeps of rows that change the pack's part in this installation (days that operators
 * set): immutable, read by every thread without a lock. The set owns it and frees it, and those it
 * had before, when it closes; they are small and few. NULL when none was set. */
const void *pack_overlay(const struct pack_set *set, enum pack_slot slot);
void pack_overlay_set(const struct pack_set *set, enum pack_slot slot, void *take_p,
                      void (*free_fn)(void *));
/* Frees every version: nobody may use one any more. Accepts NULL. */
void pack_set_close(struct pack_set *set);

/* Versions in the store, newest first, at most 200, for the operator's page. */
struct pack_version {
    struct str version, id, name;
    int64_t at_us; /* first stored */
    bool is_now;
    /* When it last went into force, how (start, published, returned), by whom (null: the program)
     * and why; 0 when that is too long ago to be known. */
    int64_t live_us;
    struct str live_kind, live_by, reason;
};
NODISCARD enum err pack_versions(struct ctx *cx, struct pack_version **ret, size_t *ret_n);

/* Files that differ between two versions; a null version stands for the folder. Sorted by path. */
struct pack_file_change {
    struct str path;
    char kind; /* '+' only in `to`, '-' only in `from`, '*' differs */
};
NODISCARD enum err pack_compare(struct ctx *cx, struct str dir, struct str from, struct str to,
                                struct pack_file_change **ret, size_t *ret_n);

/* For blobs_collect: is this blob a pack version? Yes also when the store cannot answer. */
bool pack_keeps_blob(struct ctx *cx, struct str hash);

#endif
