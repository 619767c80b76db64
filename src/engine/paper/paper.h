/* paper.h: papers handed in (uploads) and the records store of citizens and organisations.
 * A file's type comes from its content; photos are turned upright, stripped of metadata and
 * reduced; PDFs are checked and normalised; everything is scanned by clamd when configured. */
#ifndef ENGINE_PAPER_PAPER_H
#define ENGINE_PAPER_PAPER_H

#include "base/date.h"
#include "store/store.h"

/* Limits, told to people beforehand (text keys paper.limits.*). */
#define PAPER_BYTES_MAX       ((size_t)20 << 20) /* one file as sent */
#define PAPER_PIXELS_MAX      INT64_C(80000000)  /* of one picture before reduction */
#define PAPER_SIDE_PX_MAX     2400               /* longer side after reduction */
#define PAPER_PDF_PAGES_MAX   200
#define PAPER_PER_DOSSIER_MAX 60

/* --- the check of a file, without the store --------------------------------------------------- */
struct paper_file {
    struct str bytes; /* normalised */
    struct str media; /* image/jpeg, image/png, application/pdf */
    int64_t pages;
};
/* Checks and normalises. ERR_INVALID with one problem on `field`: paper.bad.empty, .too_large,
 * .type, .damaged, .pixels, .pdf_encrypted, .pdf_active (scripts or embedded files), .pdf_pages,
 * .virus (arg = name found). ERR_UPSTREAM: clamd is configured but does not answer. */
NODISCARD enum err paper_check(struct ctx *cx, struct str field, struct str bytes,
                               struct paper_file *ret);

/* --- papers of a draft or dossier ------------------------------------------------------------- */
struct paper {
    int64_t id, owner_id;   /* owner: party id of the applicant */
    int64_t dossier_id;     /* dossier or draft */
    struct str requirement; /* id of the required paper in the procedure, or null */
    struct str type;        /* paper type code KQ..., or null */
    struct str hash, media, name, captured_by;
    int64_t pages, size_bytes, received_us;
    int64_t record_id; /* reused from the records store, else 0 */
    struct str state;  /* kept | removed */
};
struct paper_new {
    int64_t owner_id, dossier_id;
    struct str requirement, type;
    struct str name;        /* file name as sent; only its last part is kept */
    struct str captured_by; /* "citizen", "counter:<user id>", ... */
    struct str bytes;       /* or: */
    struct str path;        /* spooled upload; read by us */
    struct str field;       /* form field for problems */
};
/* Checks, stores the file durably, then the row. Sending the same file again for the same
 * requirement returns the first row. Errors of paper_check; ERR_CONFLICT past
 * PAPER_PER_DOSSIER_MAX. */
NODISCARD enum err paper_add(struct ctx *cx, const struct paper_new *in, struct paper *ret);
/* The same for a record that the platform holds: nothing is copied. ERR_FORBIDDEN when the record
 * is not owner's, revoked or expired. */
NODISCARD enum err paper_reuse(struct ctx *cx, const struct paper_new *in, int64_t record_id,
                               struct paper *ret);
NODISCARD enum err paper_list(struct ctx *cx, int64_t dossier_id, struct paper **ret,
                              size_t *ret_n);
NODISCARD enum err paper_by_id(struct ctx *cx, int64_t id, struct paper *ret);
/* Marks as removed; the row stays, the file goes when nothing else names it (app_collect.c).
 * ERR_NOT_FOUND. */
NODISCARD enum err paper_remove(struct ctx *cx, int64_t id, int64_t dossier_id);
/* Inside a write: all papers of a draft that is thrown away. */
NODISCARD enum err paper_remove_all(struct ctx *cx, int64_t draft_id);
/* Inside a write: papers of a draft become those of the dossier made from it. */
NODISCARD enum err paper_move(struct ctx *cx, int64_t draft_id, int64_t dossier_id);
/* What the viewer shows: the bytes and their media type (PDF as is). */
NODISCARD enum err paper_view(struct ctx *cx, int64_t id, struct paper *ret, struct str *ret_bytes);
/* A small JPEG (longer side at most side_px, 64..800) of a picture; ERR_UNSUPPORTED for a PDF. */
NODISCARD enum err paper_thumbnail(struct ctx *cx, int64_t id, int32_t side_px,
                                   struct str *ret_jpeg);

/* --- records store ---------------------------------------------------------------------------- */
struct record {
    int64_t id, owner_id, dossier_id; /* dossier it came from, or 0 */
    struct str type, title, number, hash, media, issuer;
    int64_t pages, size_bytes;
    struct date issued, expires; /* expires.day 0 = never */
    int64_t kept_us, revoked_us; /* revoked_us 0 = in force */
    struct str revoke_reason;
    int64_t replaced_by;          /* the corrected record, or 0 */
    struct str attest, attest_by; /* a paper handed in: SHA-256 of the sheet that the officer
                                     attest_by signed when it was accepted; else null */
};
/* Keeps a result or paper for reuse; file is stored first. */
NODISCARD enum err record_add(struct ctx *cx, const struct record *in, struct str bytes,
                              struct record *ret);
/* The row alone, inside a write, when the file is in the blob store already (in->hash). */
NODISCARD enum err record_add_row(struct ctx *cx, const struct record *in, int64_t *ret_id);
/* Inside a write: a paper handed in is kept for its owner, unless the same file is there already
 * (*ret_id 0). */
NODISCARD enum err record_add_paper(struct ctx *cx, const struct record *in, int64_t *ret_id);
/* Inside a write: records of a merged person belong to the survivor. Papers handed in: see
 * dossier_party_merged. */
NODISCARD enum err paper_party_merged(struct ctx *cx, int64_t from_party, int64_t to_party);
/* Newest first, at most n (<= 200); type null = all. */
NODISCARD enum err record_list(struct ctx *cx, int64_t owner_id, struct str type, int64_t before_id,
                               int64_t n, struct record **ret, size_t *ret_n);
NODISCARD enum err record_by_id(struct ctx *cx, int64_t id, struct record *ret);
/* The record with this SHA-256 of its file: what the verify page asks. ERR_NOT_FOUND. */
NODISCARD enum err record_by_hash(struct ctx *cx, struct str hash, struct record *ret);
/* Inside a write of the caller, or opens its own. replaced_by 0 when there is no corrected one.
 * ERR_CONFLICT when already revoked. */
NODISCARD enum err record_revoke(struct ctx *cx, int64_t id, struct str reason,
                                 int64_t replaced_by);
/* True while it may be offered for reuse on that day. Pure. */
bool record_is_usable(const struct record *r, struct date on);

/* --- custody of originals --------------------------------------------------------------------- */
struct custody {
    int64_t id, dossier_id;
    struct str unit;        /* key of the unit whose desk holds it */
    struct str requirement; /* id of the required paper that it is, or null */
    struct str what;        /* "Giấy chứng sinh số ..." */
    int64_t n_copies;
    struct str taken_by, given_by;
    struct str given_to, given_id; /* who signed for it, number of that person's identity paper */
    int64_t taken_us, returned_us; /* 0 = still held */
};
NODISCARD enum err custody_take(struct ctx *cx, const struct custody *in, int64_t *ret_id);
/* Gives originals of a dossier back together: in names id, dossier_id, given_by, given_to and
 * given_id of each. ERR_CONFLICT when one of them was given back already: then none is. */
NODISCARD enum err custody_return(struct ctx *cx, const struct custody *in, size_t n);
NODISCARD enum err custody_list(struct ctx *cx, int64_t dossier_id, struct custody **ret,
                                size_t *ret_n);
/* What a unit's desk holds, oldest first, ids above after; at most n. */
NODISCARD enum err custody_held(struct ctx *cx, struct str unit, int64_t after, int64_t n,
                                struct custody **ret, size_t *ret_n);
/* Inside a transaction: what an abolished unit held is with its successor. */
NODISCARD enum err custody_unit_moved(struct ctx *cx, struct str from_unit, struct str to_unit);

/* For blobs_collect: does a paper or record name this blob? Yes also when the store cannot answer.
 */
bool paper_keeps_blob(struct ctx *cx, struct str hash);

#endif
