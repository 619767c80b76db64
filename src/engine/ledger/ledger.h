/* ledger.h: one append-only account of every act and every reading of personal data, over all
 * modules.
 *
 * An entry is a row written in the transaction of the change it tells of. Within a second the
 * sequencer makes committed entries leaves of a Merkle tree (RFC 9162 2.1) and signs the head with
 * the installation's Ed25519 key. Entries hold references and salted commitments, no personal data,
 * so that lawful erasure breaks no proof. */
#ifndef ENGINE_LEDGER_LEDGER_H
#define ENGINE_LEDGER_LEDGER_H

#include "base/ctx.h"
#include "store/jobs.h"

struct ledger_new {
    const char *kind;   /* "dossier.submitted", "person.read": text key ledger.kind.<kind> */
    struct str object;  /* "dossier:123"; null = none */
    int64_t subject;    /* party whose data it concerns; 0 = none */
    struct str purpose; /* why, for readings */
    struct str note;    /* codes and counts, no personal data */
    struct str content; /* what is committed to (salted SHA-256); null = nothing */
    struct str unit;    /* unit of the position used; null = taken from the actor */
    int64_t acting_for; /* account whose position was lent; 0 = taken from the actor */
};
/* Inside a transaction. */
NODISCARD enum err ledger_add(struct ctx *cx, const struct ledger_new *e);
/* "dossier:123" in cx->arena. */
struct str ledger_object(struct ctx *cx, const char *kind, int64_t id);
/* Commits one reading on its own. Used by the dispatcher before the page leaves. */
NODISCARD enum err ledger_reading(struct ctx *cx, int64_t subject, const char *purpose,
                                  struct str note);

struct ledger_entry {
    int64_t id, at_us, actor, acting_for, subject, seq; /* seq -1: not yet in the tree */
    struct str kind, unit, object, purpose, note, actor_name;
};
/* Newest first, ids below before (0 = newest), at most 100. */
NODISCARD enum err ledger_of_subject(struct ctx *cx, int64_t subject, int64_t before,
                                     struct ledger_entry **ret, size_t *ret_n);
NODISCARD enum err ledger_of_object(struct ctx *cx, struct str object, int64_t before,
                                    struct ledger_entry **ret, size_t *ret_n);
NODISCARD enum err ledger_newest(struct ctx *cx, int64_t before, struct ledger_entry **ret,
                                 size_t *ret_n);

struct ledger_head {
    int64_t size, at_us;
    struct str root, key_id, signature; /* hex */
};
/* The newest signed head; size 0 before the first. */
NODISCARD enum err ledger_head(struct ctx *cx, struct ledger_head *ret);

/* Entries that are not yet in the tree, and when the oldest of them was written (0: none). */
NODISCARD enum err ledger_lag(struct ctx *cx, int64_t *ret_n, int64_t *ret_oldest_us);

/* Makes committed entries leaves and signs the head. Returns how many. Opens its own transaction.
 */
NODISCARD enum err ledger_sequence(struct ctx *cx, int64_t *ret_n);
/* Timed job "ledger.sequence", once a second, and "ledger.witness", daily: exports the head to
 * data_dir/witness. */
extern const struct jobs_timed ledger_timed[];

/* For loaders that write rows themselves (app's bulk load): makes the leaves and heads that the
 * sequencer would make. Between open and the last head nobody else may add to the ledger. */
struct ledger_sealer;
struct ledger_row {
    int64_t id, at_us, actor, acting_for, subject;
    struct str kind, unit, object, purpose, note, salt, commitment;
};
struct ledger_head_row {
    int64_t size, at_us;
    struct str root, frontier, key_id, signature;
};
/* Goes on from the newest head; every entry must be in the tree. ERR_CONFLICT otherwise. */
NODISCARD enum err ledger_sealer_open(struct ctx *cx, struct ledger_sealer **ret);
/* Accepts NULL. */
void ledger_sealer_close(struct ledger_sealer *s);
/* The next leaf: its place and hash (hex, in arena). */
void ledger_seal(struct ledger_sealer *s, struct arena *arena, const struct ledger_row *e,
                 int64_t *ret_seq, struct str *ret_hash);
/* Are there leaves under no head; as many as the sequencer puts under one? */
bool ledger_seal_has_rest(const struct ledger_sealer *s);
bool ledger_seal_is_due(const struct ledger_sealer *s);
/* Signs what was sealed so far. */
NODISCARD enum err ledger_seal_head(struct ctx *cx, struct ledger_sealer *s,
                                    struct ledger_head_row *ret);

struct ledger_report {
    int64_t n_entries, n_leaves, n_heads,
        n_pending; /* pending: newer than the newest head, not an error */
    int64_t n_faults;
    struct str first_fault; /* English, for the operator */
};
/* Recomputes every leaf from its entry, every head from the leaves, every signature: both ways. */
NODISCARD enum err ledger_verify(struct ctx *cx, struct ledger_report *ret);

#endif
