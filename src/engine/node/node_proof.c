/* node_proof.c: a signature over a batch of messages, in two forms.
 *
 * What is signed is an XML signature's SignedInfo: a reference to the signed properties (time,
 * certificate), and one to a Manifest per message; a Manifest holds the digest of its message. It
 * is a hash tree with one root, at most 64 branches and a leaf below each: xmlsec1 computes all of
 * it by itself, and the one message whose Manifest stands in ds:Object directly is digested from
 * its file. All elements are written in canonical form (Exclusive XML Canonicalization 1.0), so
 * what is signed can be made from digests alone and nothing is ever parsed.
 *
 * On the wire only digests, time, certificate fingerprint and signature travel. */
#include "base/date.h"
#include "codec/base64.h"
#include "engine/node/node_int.h"

#define DS          "http://www.w3.org/2000/09/xmldsig#"
#define XADES       "http://uri.etsi.org/01903/v1.3.2#"
#define EXC         "http://www.w3.org/2001/10/xml-exc-c14n#"
#define SHA256      "http://www.w3.org/2001/04/xmlenc#sha256"
#define ECDSA       "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
#define RSA         "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define PROOF_HEAD  50 /* bytes before the signature */
#define PROOF_PLACE 4  /* the byte that says which message of the batch */
#define XML_MAX     ((size_t)256 << 10)

struct str
node_file_of(enum node_kind kind)
{
    return kind == NODE_REQUEST ? STR("request.http") : STR("answer.http");
}

/* --- XML, in canonical form ------------------------------------------------------------------- */
static void
add_digest(struct buf *b, const struct digest *d)
{
    buf_add(b, base64_encode(b->arena, (struct str){ (const char *)d->b, sizeof(d->b) }));
}

/* ds:DigestMethod and ds:DigestValue */
static void
add_value(struct buf *b, const struct digest *d)
{
    BUF_LIT(b, "<ds:DigestMethod Algorithm=\"" SHA256 "\"></ds:DigestMethod><ds:DigestValue>");
    add_digest(b, d);
    BUF_LIT(b, "</ds:DigestValue>");
}

static void
add_manifest(struct buf *b, const struct node_batch *batch, uint32_t i)
{
    buf_addf(b, "<ds:Manifest xmlns:ds=\"" DS "\" Id=\"m%u\"><ds:Reference URI=\"" STR_FMT "\">", i,
             STR_ARG(node_file_of(batch->kind)));
    add_value(b, &batch->v[i]);
    BUF_LIT(b, "</ds:Reference></ds:Manifest>");
}

static void
add_properties(struct buf *b, const struct node_batch *batch)
{
    struct str at = date_iso_instant_vn(b->arena, batch->signed_us);
    BUF_LIT(b, "<xades:SignedProperties xmlns:xades=\"" XADES "\" Id=\"props\">"
               "<xades:SignedSignatureProperties><xades:SigningTime>");
    buf_add(b, at);
    BUF_LIT(b, "</xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
               "<ds:DigestMethod xmlns:ds=\"" DS "\" Algorithm=\"" SHA256 "\"></ds:DigestMethod>"
               "<ds:DigestValue xmlns:ds=\"" DS "\">");
    add_digest(b, &batch->cert);
    BUF_LIT(b, "</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2>"
               "</xades:SignedSignatureProperties></xades:SignedProperties>");
}

static void
add_reference(struct buf *b, const char *type, const char *id, const struct digest *d)
{
    buf_addf(b,
             "<ds:Reference Type=\"%s\" URI=\"#%s\"><ds:Transforms><ds:Transform Algorithm=\"" EXC
             "\"></ds:Transform></ds:Transforms>",
             type, id);
    add_value(b, d);
    BUF_LIT(b, "</ds:Reference>");
}

struct str
node_signed_info(struct arena *a, const struct node_batch *batch)
{
    struct buf b = buf_new(a, XML_MAX);
    struct buf part = buf_new(a, 4096);
    add_properties(&part, batch);
    struct digest d = digest_sha256(buf_str(&part));
    BUF_LIT(&b, "<ds:SignedInfo xmlns:ds=\"" DS "\"><ds:CanonicalizationMethod Algorithm=\"" EXC
                "\"></ds:CanonicalizationMethod>");
    buf_addf(&b, "<ds:SignatureMethod Algorithm=\"%s\"></ds:SignatureMethod>",
             batch->algorithm == CMS_ECDSA_SHA256 ? ECDSA : RSA);
    add_reference(&b, "http://uri.etsi.org/01903#SignedProperties", "props", &d);
    for (uint32_t i = 0; i < batch->n; i++) {
        char id[16];
        part.n = 0;
        add_manifest(&part, batch, i);
        d = digest_sha256(buf_str(&part));
        (void)snprintf(id, sizeof(id), "m%u", i);
        add_reference(&b, DS "Manifest", id, &d);
    }
    BUF_LIT(&b, "</ds:SignedInfo>");
    return buf_str(&b);
}

struct str
node_signature_xml(struct arena *a, const struct node_batch *batch, uint32_t index,
                   struct str cert_der)
{
    struct buf b = buf_new(a, XML_MAX);
    BUF_LIT(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<asic:XAdESSignatures "
                "xmlns:asic=\"http://uri.etsi.org/02918/v1.2.1#\"><ds:Signature xmlns:ds=\"" DS
                "\" Id=\"signature\">");
    buf_add(&b, node_signed_info(a, batch));
    BUF_LIT(&b, "<ds:SignatureValue>");
    buf_add(&b,
            base64_encode(a, (struct str){ (const char *)batch->signature, batch->signature_n }));
    BUF_LIT(&b, "</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
    buf_add(&b, base64_encode(a, cert_der));
    BUF_LIT(&b, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>");
    /* a Manifest that is a child of ds:Object is checked against its file; the others belong to
     * messages that are not here, so they stand one level deeper */
    BUF_LIT(&b, "<ds:Object>");
    add_manifest(&b, batch, index);
    BUF_LIT(&b, "</ds:Object><ds:Object><batch:others xmlns:batch=\"urn:bombo:batch:1\">");
    for (uint32_t i = 0; i < batch->n; i++) {
        if (i != index) {
            add_manifest(&b, batch, i);
        }
    }
    BUF_LIT(&b,
            "</batch:others></ds:Object><ds:Object><xades:QualifyingProperties xmlns:xades=\"" XADES
            "\" Target=\"#signature\">");
    add_properties(&b, batch);
    BUF_LIT(&b,
            "</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>\n");
    return buf_str(&b);
}

/* --- on the wire ------------------------------------------------------------------------------ */
static void
add_number(struct buf *b, uint64_t v, unsigned bytes)
{
    while (bytes-- > 0) {
        buf_add_char(b, (char)(unsigned char)(v >> (8 * bytes)));
    }
}

static uint64_t
number_at(struct str s, size_t at, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        v = v << 8 | (unsigned char)s.p[at + i];
    }
    return v;
}

struct str
node_proof_write(struct arena *a, const struct node_batch *batch, uint32_t index)
{
    struct buf b = buf_new(a, NODE_PROOF_MAX + 64);
    buf_add_char(&b, 1);
    buf_add_char(&b, (char)batch->kind);
    buf_add_char(&b, batch->algorithm == CMS_ECDSA_SHA256 ? 'E' : 'R');
    buf_add_char(&b, (char)batch->n);
    buf_add_char(&b, (char)index);
    add_number(&b, 0, 3);
    add_number(&b, (uint64_t)batch->signed_us, 8);
    buf_add_bytes(&b, batch->cert.b, sizeof(batch->cert.b));
    add_number(&b, batch->signature_n, 2);
    buf_add_bytes(&b, batch->signature, batch->signature_n);
    for (uint32_t i = 0; i < batch->n; i++) {
        buf_add_bytes(&b, batch->v[i].b, sizeof(batch->v[i].b));
    }
    return buf_str(&b);
}

static bool
proof_head(struct str s, struct node_batch *b, uint32_t *ret_index)
{
    if (s.n < PROOF_HEAD || s.p[0] != 1 || (s.p[1] != NODE_REQUEST && s.p[1] != NODE_ANSWER) ||
        (s.p[2] != 'E' && s.p[2] != 'R') || number_at(s, 5, 3) != 0) {
        return false;
    }
    b->kind = s.p[1] == NODE_REQUEST ? NODE_REQUEST : NODE_ANSWER;
    b->algorithm = s.p[2] == 'E' ? CMS_ECDSA_SHA256 : CMS_RSA_SHA256;
    b->n = (uint32_t)number_at(s, 3, 1);
    *ret_index = (uint32_t)number_at(s, 4, 1);
    uint64_t at = number_at(s, 8, 8);
    memcpy(b->cert.b, s.p + 16, sizeof(b->cert.b));
    b->signature_n = (uint32_t)number_at(s, 48, 2);
    b->signed_us = (int64_t)(at & INT64_MAX);
    return b->n >= 1 && b->n <= NODE_BATCH_MAX && *ret_index < b->n && at <= INT64_MAX / 2 &&
           at % DATE_US_PER_S == 0 && b->signature_n >= 64 && b->signature_n <= NODE_SIGNATURE_MAX;
}

bool
node_proof_read(struct str s, struct node_batch *ret, uint32_t *ret_index)
{
    *ret = (struct node_batch){ .n = 0 };
    if (!proof_head(s, ret, ret_index) ||
        s.n != PROOF_HEAD + ret->signature_n + (size_t)ret->n * sizeof(ret->v[0].b)) {
        return false;
    }
    memcpy(ret->signature, s.p + PROOF_HEAD, ret->signature_n);
    for (uint32_t i = 0; i < ret->n; i++) {
        memcpy(ret->v[i].b, s.p + PROOF_HEAD + ret->signature_n + (size_t)i * 32, 32);
    }
    return true;
}

struct digest
node_proof_digest(struct arena *a, struct str proof)
{
    char *p = arena_copy(a, proof.p, proof.n);
    p[PROOF_PLACE] = 0;
    return digest_sha256((struct str){ p, proof.n });
}

struct str
node_envelope_write(struct arena *a, struct str proof, struct str message)
{
    struct buf b = buf_new(a, proof.n + message.n + 16);
    BUF_LIT(&b, "BB1\n");
    add_number(&b, proof.n, 4);
    buf_add(&b, proof);
    buf_add(&b, message);
    return buf_str(&b);
}

bool
node_envelope_read(struct str s, struct str *ret_proof, struct str *ret_message)
{
    if (s.n < 8 || !str_starts(s, STR("BB1\n"))) {
        return false;
    }
    uint64_t n = number_at(s, 4, 4);
    if (n > NODE_PROOF_MAX + 64 || n > s.n - 8) {
        return false;
    }
    *ret_proof = str_slice(s, 8, 8 + (size_t)n);
    *ret_message = str_slice(s, 8 + (size_t)n, s.n);
    return true;
}

/* --- in the log ------------------------------------------------------------------------------- */
struct str
node_stored_write(struct arena *a, const struct node_stored *s)
{
    struct buf b = buf_new(a, s->peer.n + s->proof.n + s->message.n + 32);
    buf_add_char(&b, (char)s->kind);
    buf_add_char(&b, s->way);
    buf_add_char(&b, (char)s->form);
    add_number(&b, s->peer.n, 1);
    buf_add(&b, s->peer);
    buf_add(&b, node_envelope_write(a, s->proof, s->message));
    return buf_str(&b);
}

struct node_record
node_stored_record(struct ctx *cx, struct str peer, char way, struct str proof,
                   const struct node_message *m, enum node_kind kind)
{
    bool is_head = m->is_head_kept && m->body_bytes != 0;
    bool has_file = m->file.p != NULL && !is_head;
    enum node_form form = is_head ? NODE_HEAD_ONLY : has_file ? NODE_WITH_FILE : NODE_WITH_BODY;
    const struct node_stored s = { kind, way, form, peer, proof, is_head ? m->head : m->bytes };
    return (struct node_record){ .type = NODE_MESSAGE,
                                 .at_us = sys_now_us(cx),
                                 .body = node_stored_write(cx->arena, &s),
                                 .beside_bytes = has_file ? m->body_bytes : 0 };
}

bool
node_stored_read(struct str s, struct node_stored *ret)
{
    if (s.n < 4 || (s.p[0] != NODE_REQUEST && s.p[0] != NODE_ANSWER) ||
        (s.p[1] != 's' && s.p[1] != 'r') ||
        (s.p[2] != NODE_WITH_BODY && s.p[2] != NODE_HEAD_ONLY && s.p[2] != NODE_WITH_FILE)) {
        return false;
    }
    size_t peer_n = (size_t)number_at(s, 3, 1);
    *ret = (struct node_stored){ .kind = s.p[0] == NODE_REQUEST ? NODE_REQUEST : NODE_ANSWER,
                                 .way = s.p[1],
                                 .form = (enum node_form)s.p[2],
                                 .peer = str_slice(s, 4, 4 + peer_n) };
    return 4 + peer_n <= s.n &&
           node_envelope_read(str_slice(s, 4 + peer_n, s.n), &ret->proof, &ret->message);
}
