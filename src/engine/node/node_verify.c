/* node_verify.c: is this message what its proof says, and may we believe the proof? */
#include "engine/node/node_int.h"

#include "base/date.h"

int64_t
node_age_max_us(const struct node_message *m)
{
    return NODE_SKEW_US + (m->file.p != NULL ? m->body_bytes / 128 * 1000 : 0);
}

/* Is the signature over the batch good? Computed once for all messages of a batch. */
static bool
is_signed(struct ctx *cx, const struct node_trust *t, const struct node_trust_key *k,
          struct str proof, const struct node_batch *b)
{
    struct digest d = node_proof_digest(cx->arena, proof);
    if (node_trust_is_proven(t, &d)) {
        return true;
    }
    bool is_ecdsa = key_type(k->key) == KEY_P256;
    if (is_ecdsa != (b->algorithm == CMS_ECDSA_SHA256) ||
        key_verify(cx, k->key, node_signed_info(cx->arena, b),
                   (struct str){ (const char *)b->signature, b->signature_n }) != ERR_OK) {
        return false;
    }
    node_trust_proven(t, &d);
    return true;
}

const char *
node_verify(struct ctx *cx, const struct node_trust *t, struct str proof, enum node_kind kind,
            struct str member, const struct node_message *m, int64_t now_us)
{
    struct node_batch *b = ARENA_NEW(cx->arena, struct node_batch);
    uint32_t index = 0;
    if (!node_proof_read(proof, b, &index) || b->kind != kind) {
        return "MalformedSignature";
    }
    const struct node_trust_key *k = node_trust_key(t, &b->cert);
    if (k == NULL) {
        return "UnknownCertificate";
    }
    if (!str_eq(k->member, member)) {
        return "IncorrectMember";
    }
    if (k->is_member_suspended) {
        return "MemberSuspended";
    }
    if (k->is_revoked) {
        return "CertificateRevoked";
    }
    if (now_us < k->from_us || now_us >= k->to_us) {
        return "CertificateExpired";
    }
    if (!digest_equal(&b->v[index], &m->digest)) {
        return "InvalidSignature.MessageChanged";
    }
    if (!is_signed(cx, t, k, proof, b)) {
        return "InvalidSignature";
    }
    if (b->signed_us < now_us - node_age_max_us(m) || b->signed_us > now_us + NODE_SKEW_US) {
        return "MessageTooOld";
    }
    return "";
}
