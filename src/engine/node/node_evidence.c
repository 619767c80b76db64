/* node_evidence.c: finding evidence and computing it again; the ASiC-E container of an exchange. */
#include "engine/node/node_int.h"

#include "base/buf.h"
#include "base/date.h"
#include "codec/hex.h"
#include "codec/zip.h"
#include "gen/q_node.h"

#define LIST_MAX 100

/* --- finding ---------------------------------------------------------------------------------- */
#define EVIDENCE_OF(r)                                                                             \
    (struct node_evidence)                                                                         \
    {                                                                                              \
        .id = (r)->id, .at_us = (r)->at_us, .seq = (r)->seq, .status = (r)->status,                \
        .n_bytes = (r)->n_bytes, .at = (r)->at, .segment = (r)->segment, .kind = (r)->kind,        \
        .way = (r)->way, .request_id = (r)->request_id, .message_id = (r)->message_id,             \
        .client = (r)->client, .service = (r)->service, .issue = (r)->issue,                       \
        .user_id = (r)->user_id, .peer = (r)->peer, .digest = (r)->digest,                         \
        .has_body = (r)->has_body != 0                                                             \
    }

struct found {
    struct node_evidence v[LIST_MAX];
    size_t n;
};

static enum err
find_by_id(struct ctx *cx, struct str id, struct found *out)
{
    struct q_node_evidence_by_request_list a;
    struct q_node_evidence_by_message_list b;
    TRY(q_node_evidence_by_request(cx, &a, .request_id = id, .limit_n = LIST_MAX));
    for (; out->n < a.n; out->n++) {
        out->v[out->n] = EVIDENCE_OF(&a.v[out->n]);
    }
    if (out->n != 0) {
        return ERR_OK;
    }
    TRY(q_node_evidence_by_message(cx, &b, .message_id = id, .limit_n = LIST_MAX));
    for (; out->n < b.n; out->n++) {
        out->v[out->n] = EVIDENCE_OF(&b.v[out->n]);
    }
    return ERR_OK;
}

static enum err
find_by_member(struct ctx *cx, const struct node_filter *f, struct found *out)
{
    struct q_node_evidence_by_member_list l;
    struct str high = str_cat(cx->arena, f->member, STR("\xef\xbf\xbf"));
    TRY(q_node_evidence_by_member(cx, &l, .low = f->member, .high = high, .before = f->before,
                                  .from_us = f->from_us, .to_us = f->to_us, .limit_n = LIST_MAX));
    for (; out->n < l.n; out->n++) {
        out->v[out->n] = EVIDENCE_OF(&l.v[out->n]);
    }
    return ERR_OK;
}

static enum err
find_by_issue(struct ctx *cx, const struct node_filter *f, struct found *out)
{
    struct q_node_evidence_by_issue_list l;
    TRY(q_node_evidence_by_issue(cx, &l, .issue = f->issue, .before = f->before,
                                 .from_us = f->from_us, .to_us = f->to_us, .limit_n = LIST_MAX));
    for (; out->n < l.n; out->n++) {
        out->v[out->n] = EVIDENCE_OF(&l.v[out->n]);
    }
    return ERR_OK;
}

static enum err
find_newest(struct ctx *cx, const struct node_filter *f, struct found *out)
{
    struct q_node_evidence_newest_list l;
    TRY(q_node_evidence_newest(cx, &l, .before = f->before, .from_us = f->from_us,
                               .to_us = f->to_us, .limit_n = LIST_MAX));
    for (; out->n < l.n; out->n++) {
        out->v[out->n] = EVIDENCE_OF(&l.v[out->n]);
    }
    return ERR_OK;
}

enum err
node_find(struct ctx *cx, const struct node_filter *filter, struct node_evidence **ret,
          size_t *ret_n)
{
    struct found *out = ARENA_NEW(cx->arena, struct found);
    struct q_node_stamp_last last = { .to_seq = 0 };
    struct node_filter f = *filter;
    f.before = f.before == 0 ? INT64_MAX : f.before;
    f.to_us = f.to_us == 0 ? INT64_MAX : f.to_us;
    if (!str_is_empty(f.id)) {
        TRY(find_by_id(cx, f.id, out));
    } else if (!str_is_empty(f.issue)) {
        TRY(find_by_issue(cx, &f, out));
    } else if (!str_is_empty(f.member)) {
        TRY(find_by_member(cx, &f, out));
    } else {
        TRY(find_newest(cx, &f, out));
    }
    enum err e = q_node_stamp_last(cx, &last);
    TRY(e == ERR_NOT_FOUND ? ERR_OK : e);
    for (size_t i = 0; i < out->n; i++) {
        out->v[i].is_stamped = out->v[i].seq <= last.to_seq;
    }
    *ret = out->v;
    *ret_n = out->n;
    return ERR_OK;
}

/* --- one message, from the log ---------------------------------------------------------------- */
struct proven {
    struct node_stored stored;
    struct node_batch batch;
    uint32_t index;
    struct str file; /* of a large body */
    struct str cert_pem, member;
    uint64_t seq;
    bool is_stamped;
    struct node_stamp stamp;
    uint64_t leaf; /* its place in the stamp's tree */
};

static enum err
stamp_of(struct ctx *cx, struct str dir, struct proven *p)
{
    struct q_node_stamp_of row;
    struct node_record r;
    struct digest before;
    struct digest after;
    enum err e = q_node_stamp_of(cx, &row, .seq = (int64_t)p->seq);
    if (e == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(e);
    TRY(node_log_read(cx, dir, row.segment, row.at, &r, &before, &after));
    if (r.type != NODE_STAMP || !node_stamp_read(r.body, &p->stamp)) {
        return err_set(cx, ERR_CONFLICT, "record %" PRIu64 " is no stamp", r.seq);
    }
    struct digest leaf =
        merkle_leaf((struct str){ (const char *)p->batch.signature, p->batch.signature_n });
    for (size_t i = 0; i < p->stamp.n && !p->is_stamped; i++) {
        p->is_stamped = memcmp(p->stamp.leaves.p + i * 32, leaf.b, 32) == 0;
        p->leaf = i;
    }
    return ERR_OK;
}

static enum err
load(struct ctx *cx, const struct node_evidence *row, struct proven *p)
{
    struct node_record r;
    struct digest before;
    struct digest after;
    struct str dir = node_log_dir(cx);
    TRY(node_log_read(cx, dir, row->segment, row->at, &r, &before, &after));
    *p = (struct proven){ .seq = r.seq };
    if (r.type != NODE_MESSAGE || !node_stored_read(r.body, &p->stored) ||
        !node_proof_read(p->stored.proof, &p->batch, &p->index)) {
        return err_set(cx, ERR_CONFLICT, "record %" PRIu64 " is no message", r.seq);
    }
    if (p->stored.form == NODE_WITH_FILE) {
        TRY(node_file_find(cx, dir, &p->batch.v[p->index], &p->file));
    }
    TRY(node_cert_pem(cx, digest_hex(cx->arena, &p->batch.cert), &p->cert_pem, &p->member));
    return stamp_of(cx, dir, p);
}

/* The newest request of that id and its answer. */
static enum err
load_both(struct ctx *cx, struct str request_id, struct proven *v, size_t max, size_t *ret_n)
{
    struct q_node_evidence_by_request_list l;
    bool has[2] = { false, false };
    TRY(q_node_evidence_by_request(cx, &l, .request_id = request_id, .limit_n = LIST_MAX));
    *ret_n = 0;
    for (size_t i = l.n;
         i-- > 0 && *ret_n < max;) { /* oldest first: the request before its answer */
        struct node_evidence row = EVIDENCE_OF(&l.v[i]);
        bool *have = &has[str_eq(row.kind, STR("answer"))];
        if (!*have) {
            *have = true;
            TRY(load(cx, &row, &v[(*ret_n)++]));
        }
    }
    return *ret_n != 0 ? ERR_OK : err_set(cx, ERR_NOT_FOUND, "no evidence of that id");
}

/* --- computing again -------------------------------------------------------------------------- */
static bool
signature_is_good(struct ctx *cx, const struct proven *p)
{
    struct str pub;
    struct key *key = NULL;
    bool is_good =
        cms_cert_public(cx, p->cert_pem, &pub) == ERR_OK && key_from_pem(cx, pub, &key) == ERR_OK &&
        (key_type(key) == KEY_P256) == (p->batch.algorithm == CMS_ECDSA_SHA256) &&
        key_verify(cx, key, node_signed_info(cx->arena, &p->batch),
                   (struct str){ (const char *)p->batch.signature, p->batch.signature_n }) ==
            ERR_OK;
    key_free(key);
    return is_good;
}

enum err
node_check(struct ctx *cx, struct str request_id, struct node_finding *ret, size_t max,
           size_t *ret_n)
{
    struct proven v[2];
    struct str roots = STR("");
    size_t n = 0;
    TRY(load_both(cx, request_id, v, max < 2 ? max : 2, &n));
    TRY(node_stamp_roots(cx, &roots));
    for (size_t i = 0; i < n; i++) {
        const struct proven *p = &v[i];
        struct digest d = digest_sha256(p->stored.message);
        bool has_body = p->stored.form != NODE_HEAD_ONLY;
        if (p->file.p != NULL) {
            TRY(node_file_digest(cx, p->stored.message, p->file, &d));
        }
        struct digest root = p->is_stamped ? node_stamp_root(&p->stamp) : (struct digest){ 0 };
        size_t head_n = str_find(p->stored.message, STR("\r\n\r\n"));
        ret[i] = (struct node_finding){
            .kind = p->stored.kind == NODE_REQUEST ? STR("request") : STR("answer"),
            .head = str_slice(p->stored.message, 0, head_n),
            .signer = p->member,
            .thumb = digest_hex(cx->arena, &p->batch.cert),
            .signed_us = p->batch.signed_us,
            .n_batch = p->batch.n,
            .has_body = has_body,
            .is_message_good = has_body && digest_equal(&d, &p->batch.v[p->index]),
            .is_signature_good = signature_is_good(cx, p),
        };
        ret[i].is_stamp_good = p->is_stamped && node_stamp_check(cx, p->stamp.token, &root, roots,
                                                                 &ret[i].stamped_us) == ERR_OK;
    }
    *ret_n = n;
    return ERR_OK;
}

/* --- the container ---------------------------------------------------------------------------- */
static const char guide[] =
    "An exchange of two signed messages, in an ASiC-E container. Nothing here needs Bom Bo to be\n"
    "checked: unzip, then in this folder (xmlsec1, openssl and coreutils; doc/auditor.md says "
    "why):\n"
    "\n"
    "  1. The message is the one that was signed, by the key of the certificate, which you "
    "compare\n"
    "     with what the member published (sha256 fingerprint):\n"
    "       xmlsec1 --verify --enabled-key-data key-name --pubkey-cert-pem cert/request.pem \\\n"
    "         --id-attr:Id http://www.w3.org/2000/09/xmldsig#:Manifest \\\n"
    "         --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties \\\n"
    "         META-INF/signatures-request.xml\n"
    "     wants: \"OK\", all SignedInfo References, and \"Manifests References (ok/all): 1/1\".\n"
    "     The same with answer. openssl x509 -in cert/request.pem -outform DER | sha256sum\n"
    "     If there is a request.head instead of a request.http, its body was not kept, by "
    "agreement.\n"
    "     Then add --ignore-manifests: the signature is genuine. Whoever has the body proves it:\n"
    "       cat request.head BODY > request.http      and again without --ignore-manifests\n"
    "  2. The answer is to this request: X-Road-Request-Hash in answer.http is the SHA-512 of\n"
    "     request.http as PR-REST 4.3 says.\n"
    "  3. The signature existed at the stamped time (if there is a folder stamp):\n"
    "       sh stamp/request.sh && openssl ts -verify -in stamp/request.tsr -digest $(cat "
    "stamp/request.root) -CAfile AUTHORITY.pem\n";

static enum err
add_stamp(struct ctx *cx, struct zip_out *z, const struct proven *p, const char *name)
{
    struct arena *a = cx->arena;
    struct digest root = node_stamp_root(&p->stamp);
    struct str prefix = str_fmt(a, "stamp/%s", name);
    struct buf b = buf_new(a, (size_t)1 << 20);
    struct merkle_proof proof;
    TRY(node_stamp_path(cx, &p->stamp, p->leaf, &proof));
    node_stamp_script(&b, &p->batch, p->leaf, p->stamp.n, &proof, name);
    TRY(zip_add(z, str_cat(a, prefix, STR(".sh")), p->batch.signed_us, buf_str(&b)));
    TRY(zip_add(z, str_cat(a, prefix, STR(".root")), p->batch.signed_us, digest_hex(a, &root)));
    return zip_add(z, str_cat(a, prefix, STR(".tsr")), p->batch.signed_us, p->stamp.token);
}

static enum err
zip_chunk(struct ctx *cx, struct str chunk, void *arg)
{
    (void)cx;
    return zip_write(arg, chunk);
}

/* A large body comes from its file, as it is: to press it together takes longer than to send it. */
static enum err
add_http(struct ctx *cx, struct zip_out *z, const struct proven *p)
{
    struct str name = node_file_of(p->stored.kind);
    if (p->stored.form == NODE_HEAD_ONLY) {
        name = p->stored.kind == NODE_REQUEST ? STR("request.head") : STR("answer.head");
    }
    if (p->file.p == NULL) {
        return zip_add(z, name, p->batch.signed_us, p->stored.message);
    }
    TRY(zip_begin(z, name, p->batch.signed_us, true));
    TRY(zip_write(z, p->stored.message));
    TRY(sys_file_each(cx, p->file, zip_chunk, z));
    return zip_end(z);
}

static enum err
add_message(struct ctx *cx, struct zip_out *z, const struct proven *p)
{
    struct arena *a = cx->arena;
    const char *name = p->stored.kind == NODE_REQUEST ? "request" : "answer";
    struct str der;
    int64_t at_us = p->batch.signed_us;
    TRY(cms_cert_der(cx, p->cert_pem, &der));
    TRY(add_http(cx, z, p));
    TRY(zip_add(z, str_fmt(a, "META-INF/signatures-%s.xml", name), at_us,
                node_signature_xml(a, &p->batch, p->index, der)));
    TRY(zip_add(z, str_fmt(a, "cert/%s.pem", name), at_us, p->cert_pem));
    return p->is_stamped ? add_stamp(cx, z, p, name) : ERR_OK;
}

static enum err
fill(struct ctx *cx, struct zip_out *z, const struct proven *v, size_t n)
{
    int64_t at_us = v[0].batch.signed_us;
    TRY(zip_begin(z, STR("mimetype"), at_us, true));
    TRY(zip_write(z, STR("application/vnd.etsi.asic-e+zip")));
    TRY(zip_end(z));
    for (size_t i = 0; i < n; i++) {
        TRY(add_message(cx, z, &v[i]));
    }
    TRY(zip_add(z, STR("README.txt"), at_us, str_of(guide)));
    return zip_finish(z);
}

struct node_container {
    struct proven v[2];
    size_t n;
};

enum err
node_container_open(struct ctx *cx, struct str request_id, struct node_container **ret)
{
    struct node_container *c = ARENA_NEW(cx->arena, struct node_container);
    TRY(load_both(cx, request_id, c->v, COUNT_OF(c->v), &c->n));
    *ret = c;
    return ERR_OK;
}

enum err
node_container_write(struct ctx *cx, const struct node_container *c, zip_sink_fn *sink, void *arg)
{
    struct zip_out *z = zip_open(cx->arena, sink, arg);
    enum err e = fill(cx, z, c->v, c->n);
    if (e != ERR_OK) {
        zip_abandon(z);
    }
    return e;
}

/* --- the whole log ---------------------------------------------------------------------------- */
struct walk {
    struct digest chain;
    uint64_t seq;
    bool is_first;
};

/* The file of a large body is what was signed. */
static enum err
check_file(struct ctx *cx, struct str dir, const struct node_record *r)
{
    struct node_stored s;
    struct node_batch b;
    struct digest have;
    struct str file;
    uint32_t index = 0;
    if (r->type != NODE_MESSAGE || !node_stored_read(r->body, &s) || s.form != NODE_WITH_FILE) {
        return ERR_OK;
    }
    if (!node_proof_read(s.proof, &b, &index)) {
        return err_set(cx, ERR_CONFLICT, "record %" PRIu64 " is no message", r->seq);
    }
    if (node_file_find(cx, dir, &b.v[index], &file) != ERR_OK) {
        return ERR_CONFLICT;
    }
    TRY(node_file_digest(cx, s.message, file, &have));
    return digest_equal(&have, &b.v[index])
               ? ERR_OK
               : err_set(cx, ERR_CONFLICT, "the body of record %" PRIu64 " is changed: " STR_FMT,
                         r->seq, STR_ARG(file));
}

static enum err
walk_segment(struct ctx *cx, struct str dir, int64_t segment, struct walk *w,
             struct node_log_report *r)
{
    struct arena *a = arena_open(0);
    struct ctx mine = *cx;
    enum err e = ERR_OK;
    int64_t at = 0;
    mine.arena = a;
    while (e == ERR_OK) {
        struct node_record one;
        struct digest before;
        struct digest after;
        arena_reset(a);
        e = node_log_read(&mine, dir, segment, at, &one, &before, &after);
        if (e == ERR_OK && !w->is_first &&
            (one.seq != w->seq + 1 || !digest_equal(&before, &w->chain))) {
            e = err_set(&mine, ERR_CONFLICT, "a record that does not follow at %" PRId64, at);
        }
        e = e == ERR_OK ? check_file(&mine, dir, &one) : e;
        if (e == ERR_OK) {
            *w = (struct walk){ after, one.seq, false };
            at = one.next;
            r->n_records++;
            r->n_messages += one.type == NODE_MESSAGE;
            r->n_stamps += one.type == NODE_STAMP;
        }
    }
    r->n_bytes += at;
    if (e != ERR_NOT_FOUND) {
        r->fault = str_fmt(cx->arena, "segment %08" PRId64 ": %s", segment, mine.err.text);
    }
    arena_close(a);
    return ERR_OK;
}

enum err
node_log_verify(struct ctx *cx, struct node_log_report *ret)
{
    struct str dir = node_log_dir(cx);
    int64_t *v = NULL;
    size_t n = 0;
    struct walk w = { .is_first = true };
    *ret = (struct node_log_report){ .fault = STR("") };
    int64_t *old = NULL;
    size_t n_old = 0;
    TRY(node_log_segments(cx, dir, &v, &n));
    TRY(node_log_archived(cx, dir, &old, &n_old));
    for (size_t i = 0; i < n_old && str_is_empty(ret->fault); i++) {
        if (n == 0 || old[i] < v[0]) { /* else it is still being moved */
            ret->n_segments++;
            TRY(walk_segment(cx, dir, old[i], &w, ret));
        }
    }
    for (size_t i = 0; i < n && str_is_empty(ret->fault); i++) {
        ret->n_segments++;
        TRY(walk_segment(cx, dir, v[i], &w, ret));
    }
    return ERR_OK;
}
