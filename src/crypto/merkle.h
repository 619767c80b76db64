/* merkle.h: Merkle tree of RFC 9162 part 2.1 with SHA-256. */
#ifndef CRYPTO_MERKLE_H
#define CRYPTO_MERKLE_H

#include "base/err.h"
#include "crypto/digest.h"

struct digest merkle_leaf(struct str entry); /* H(0x00 || entry) */
struct digest merkle_node(const struct digest *left,
                          const struct digest *right); /* H(0x01 || l || r) */
struct digest merkle_empty_root(void);                 /* H("") */

/* The state an appender keeps: one hash per one-bit of size, largest subtree first. */
#define MERKLE_LEVELS_MAX 64
struct merkle {
    uint64_t size;
    uint32_t n;
    struct digest peaks[MERKLE_LEVELS_MAX];
};
void merkle_init(struct merkle *m);
/* Adds a leaf hash. When nodes is not NULL it gets the new complete inner nodes (level 1 upwards),
 * at most 63; returns their number. Node at level l made by leaf i covers leaves [((i>>l)<<l), i].
 */
uint32_t merkle_add(struct merkle *m, const struct digest *leaf, struct digest *nodes);
struct digest merkle_root(const struct merkle *m);
/* Peaks as bytes (8 size big endian, 32 each), and back; false when malformed. */
struct str merkle_save(struct arena *a, const struct merkle *m);
bool merkle_load(struct str bytes, struct merkle *ret);

/* Hash of the complete subtree at level (0 = leaves) and index (leaves [index<<level,
 * (index+1)<<level)). The store gives it from its node table; a test computes it. */
typedef enum err merkle_node_fn(void *arg, uint32_t level, uint64_t index, struct digest *ret);
struct merkle_source {
    merkle_node_fn *fn;
    void *arg;
};
#define MERKLE_PROOF_MAX 130
struct merkle_proof {
    uint32_t n;
    struct digest path[MERKLE_PROOF_MAX];
};
/* RFC 9162 2.1.3.1; index < size. ERR_INVALID otherwise. */
NODISCARD enum err merkle_prove_inclusion(struct merkle_source src, uint64_t index, uint64_t size,
                                          struct merkle_proof *ret);
/* RFC 9162 2.1.4.1; 0 < first <= second. */
NODISCARD enum err merkle_prove_consistency(struct merkle_source src, uint64_t first,
                                            uint64_t second, struct merkle_proof *ret);
/* RFC 9162 2.1.3.2 and 2.1.4.2. */
bool merkle_verify_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
                             const struct merkle_proof *proof, const struct digest *root);
bool merkle_verify_consistency(uint64_t first, uint64_t second, const struct digest *first_root,
                               const struct digest *second_root, const struct merkle_proof *proof);
/* Root of the first `size` leaves, from complete subtrees. */
NODISCARD enum err merkle_root_at(struct merkle_source src, uint64_t size, struct digest *ret);

#endif
