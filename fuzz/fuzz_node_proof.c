/* fuzz_node_proof.c: envelopes, proofs and records of signed exchange: what is read is written back
 * byte for byte, and the XML made of it is bounded. */
#include "fuzz.h"

#include "engine/node/node_int.h"

static void
proof_of(struct arena *a, struct str s)
{
    struct node_batch b;
    uint32_t index = 0;
    if (node_proof_read(s, &b, &index)) {
        ASSERT(b.n >= 1 && b.n <= NODE_BATCH_MAX && index < b.n);
        ASSERT(str_eq(node_proof_write(a, &b, index), s));
        ASSERT(node_signed_info(a, &b).n > 0);
        ASSERT(node_signature_xml(a, &b, index, STR("der")).n > 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_open(0);
    struct str s = fuzz_str(data, n);
    struct str proof;
    struct str message;
    struct node_stored stored;
    struct node_stamp stamp;
    proof_of(a, s);
    if (node_envelope_read(s, &proof, &message)) {
        ASSERT(str_eq(node_envelope_write(a, proof, message), s));
        proof_of(a, proof);
    }
    if (node_stored_read(s, &stored)) {
        ASSERT(str_eq(node_stored_write(a, &stored), s));
    }
    if (node_stamp_read(s, &stamp)) {
        ASSERT(str_eq(node_stamp_write(a, &stamp), s));
        (void)node_stamp_root(&stamp);
    }
    arena_close(a);
    return 0;
}
