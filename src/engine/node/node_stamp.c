/* node_stamp.c: RFC 3161 time-stamps. One stamp covers the signatures of many messages: they are
 * the leaves of a Merkle tree (RFC 9162), and what the authority stamps is the root. */
#include "engine/node/node_int.h"

#include "base/buf.h"
#include "base/date.h"
#include "gen/q_node.h"
#include "net/client.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>

#define TOKEN_MAX  ((size_t)64 << 10)
#define READ_BYTES ((int64_t)1 << 20)
#define TURN_US    DATE_US_PER_S
#define STAMP_HEAD 20

static void
put_number(struct buf *b, uint64_t v, unsigned bytes)
{
    while (bytes-- > 0) {
        buf_add_char(b, (char)(unsigned char)(v >> (8 * bytes)));
    }
}

static uint64_t
get_number(struct str s, size_t at, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        v = v << 8 | (unsigned char)s.p[at + i];
    }
    return v;
}

struct str
node_stamp_write(struct arena *a, const struct node_stamp *s)
{
    struct buf b = buf_new(a, s->leaves.n + s->token.n + STAMP_HEAD);
    put_number(&b, s->from_seq, 8);
    put_number(&b, s->to_seq, 8);
    put_number(&b, s->n, 4);
    buf_add(&b, s->leaves);
    buf_add(&b, s->token);
    return buf_str(&b);
}

bool
node_stamp_read(struct str s, struct node_stamp *ret)
{
    if (s.n < STAMP_HEAD) {
        return false;
    }
    size_t n = (size_t)get_number(s, 16, 4);
    if (n == 0 || n > NODE_STAMP_LEAVES || s.n < STAMP_HEAD + n * 32 + 1) {
        return false;
    }
    *ret = (struct node_stamp){ .from_seq = get_number(s, 0, 8),
                                .to_seq = get_number(s, 8, 8),
                                .n = n,
                                .leaves = str_slice(s, STAMP_HEAD, STAMP_HEAD + n * 32),
                                .token = str_slice(s, STAMP_HEAD + n * 32, s.n) };
    return ret->to_seq > ret->from_seq && ret->to_seq <= INT64_MAX;
}

struct digest
node_stamp_root(const struct node_stamp *s)
{
    struct merkle m;
    merkle_init(&m);
    for (size_t i = 0; i < s->n; i++) {
        struct digest d;
        memcpy(d.b, s->leaves.p + i * 32, 32);
        (void)merkle_add(&m, &d, NULL);
    }
    return merkle_root(&m);
}

/* --- asking ----------------------------------------------------------------------------------- */
/* TimeStampReq with a nonce, asking for the certificate. */
static struct str
query(struct ctx *cx, const struct digest *root)
{
    TS_REQ *rq = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    ASN1_INTEGER *nonce = ASN1_INTEGER_new();
    unsigned char *der = NULL;
    uint64_t random = 0;
    unsigned char bytes[32];
    memcpy(bytes, root->b, sizeof(bytes));
    sys_random_bytes(cx, &random, sizeof(random));
    bool is_good = rq != NULL && imprint != NULL && algorithm != NULL && nonce != NULL &&
                   X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
                   TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
                   TS_MSG_IMPRINT_set_msg(imprint, bytes, sizeof(bytes)) == 1 &&
                   TS_REQ_set_version(rq, 1) == 1 && TS_REQ_set_msg_imprint(rq, imprint) == 1 &&
                   ASN1_INTEGER_set_uint64(nonce, random >> 1) == 1 &&
                   TS_REQ_set_nonce(rq, nonce) == 1 && TS_REQ_set_cert_req(rq, 1) == 1;
    int n = is_good ? i2d_TS_REQ(rq, &der) : 0;
    struct str out =
        n > 0 ? str_dup(cx->arena, (struct str){ (const char *)der, (size_t)n }) : STR_NULL;
    OPENSSL_free(der);
    ERR_clear_error();
    ASN1_INTEGER_free(nonce);
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    TS_REQ_free(rq);
    return out;
}

static X509_STORE *
roots_store(struct str roots_pem)
{
    X509_STORE *store = X509_STORE_new();
    BIO *b = BIO_new_mem_buf(roots_pem.p, (int)roots_pem.n);
    X509 *x = NULL;
    while (store != NULL && b != NULL && (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL) {
        (void)X509_STORE_add_cert(store, x);
        X509_free(x);
    }
    BIO_free(b);
    ERR_clear_error();
    return store;
}

static int64_t
stamped_at(TS_RESP *rs)
{
    struct tm tm = { 0 };
    TS_TST_INFO *info = TS_RESP_get_tst_info(rs);
    bool is_good = info != NULL && ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm) == 1;
    return is_good ? (int64_t)timegm(&tm) * DATE_US_PER_S : 0;
}

/* The context takes store and imprint. */
static bool
is_good_token(TS_RESP *rs, X509_STORE *store, const struct digest *root)
{
    TS_VERIFY_CTX *v = TS_VERIFY_CTX_new();
    unsigned char *imprint = OPENSSL_memdup(root->b, sizeof(root->b));
    if (v == NULL || imprint == NULL) {
        TS_VERIFY_CTX_free(v);
        X509_STORE_free(store);
        OPENSSL_free(imprint);
        return false;
    }
    (void)TS_VERIFY_CTX_set_flags(v, TS_VFY_SIGNATURE | TS_VFY_VERSION | TS_VFY_IMPRINT);
    (void)TS_VERIFY_CTX_set_store(v, store);
    (void)TS_VERIFY_CTX_set_imprint(v, imprint, sizeof(root->b));
    bool is_good = TS_RESP_verify_response(v, rs) == 1;
    TS_VERIFY_CTX_free(v);
    return is_good;
}

enum err
node_stamp_check(struct ctx *cx, struct str token, const struct digest *root, struct str roots_pem,
                 int64_t *ret_us)
{
    const unsigned char *p = (const unsigned char *)token.p;
    TS_RESP *rs = token.n > TOKEN_MAX ? NULL : d2i_TS_RESP(NULL, &p, (long)token.n);
    bool is_whole = rs != NULL && p == (const unsigned char *)token.p + token.n;
    X509_STORE *store = is_whole ? roots_store(roots_pem) : NULL;
    bool is_good = store != NULL && is_good_token(rs, store, root);
    *ret_us = is_good ? stamped_at(rs) : 0;
    TS_RESP_free(rs);
    ERR_clear_error();
    return *ret_us != 0 ? ERR_OK : err_set(cx, ERR_UPSTREAM, "no good time-stamp");
}

/* --- a turn ----------------------------------------------------------------------------------- */
static enum err
ask_over_http(struct ctx *cx, struct str question, struct str *ret)
{
    struct client_response rs;
    const struct client_request rq = { .method = STR("POST"),
                                       .url = cx->config->node_tsa,
                                       .content_type = STR("application/timestamp-query"),
                                       .body = question,
                                       .timeout_ms = 5000,
                                       .body_max_bytes = TOKEN_MAX };
    TRY(client_call(cx, &rq, &rs));
    if (rs.status != 200) {
        return err_set(cx, ERR_UPSTREAM, "the time-stamp authority answered %d", rs.status);
    }
    *ret = rs.body;
    return ERR_OK;
}

static enum err
ask(struct ctx *cx, const struct digest *root, struct str *ret_token)
{
    struct str token;
    struct str roots = STR("");
    struct str question = query(cx, root);
    int64_t at_us = 0;
    TRY(node_stamp_roots(cx, &roots));
    TRY(node_stamp_is_simulated(cx) ? node_stamp_sim_answer(cx, question, &token)
                                    : ask_over_http(cx, question, &token));
    TRY(node_stamp_check(cx, token, root, roots, &at_us));
    *ret_token = token;
    return ERR_OK;
}

enum err
node_stamp_roots(struct ctx *cx, struct str *ret_pem)
{
    if (node_stamp_is_simulated(cx)) {
        return node_stamp_sim_root(cx, ret_pem);
    }
    if (!str_is_empty(cx->config->node_tsa_ca)) {
        return sys_file_read(cx, cx->config->node_tsa_ca, TOKEN_MAX, ret_pem);
    }
    *ret_pem = STR("");
    return ERR_OK;
}

/* Leaf of a message: of the signature under which it went. */
static enum err
leaf_of(struct ctx *cx, const struct node_record *r, struct digest *ret)
{
    struct node_stored s;
    struct node_batch b;
    uint32_t index = 0;
    if (!node_stored_read(r->body, &s) || !node_proof_read(s.proof, &b, &index)) {
        return err_set(cx, ERR_CONFLICT, "record %" PRIu64, r->seq);
    }
    *ret = merkle_leaf((struct str){ (const char *)b.signature, b.signature_n });
    return ERR_OK;
}

/* One after the other from the log; what was read is let go of each READ_BYTES. */
static enum err
read_leaves(struct ctx *cx, struct str dir, const struct q_node_evidence_after_list *list,
            char *leaves)
{
    struct node_log_view view = { .fd = 0 };
    int64_t held = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; i < list->n && e == ERR_OK; i++) {
        struct node_record r;
        struct digest d;
        if (held > READ_BYTES) {
            node_log_view_close(&view);
            arena_reset(cx->arena);
            held = 0;
        }
        e = node_log_view_read(cx, &view, dir, list->v[i].segment, list->v[i].at, &r);
        e = e == ERR_OK ? leaf_of(cx, &r, &d) : e;
        if (e == ERR_OK) {
            memcpy(leaves + i * 32, d.b, 32);
            held += r.next - r.at;
        }
    }
    node_log_view_close(&view);
    return e;
}

static enum err
gather(struct ctx *cx, struct node *n, int64_t from_seq, struct node_stamp *ret)
{
    struct q_node_evidence_after_list list;
    TRY(q_node_evidence_after(cx, &list, .seq = from_seq, .limit_n = NODE_STAMP_LEAVES));
    char *leaves = arena_alloc(cx->arena, list.n * 32 + 1);
    struct arena *a = arena_open(0);
    struct ctx mine = *cx;
    mine.arena = a;
    enum err e = read_leaves(&mine, n->dir, &list, leaves);
    cx->err = mine.err;
    arena_close(a);
    *ret = (struct node_stamp){ .from_seq = (uint64_t)from_seq,
                                .to_seq = list.n == 0 ? 0 : (uint64_t)list.v[list.n - 1].seq,
                                .n = list.n,
                                .leaves = { leaves, list.n * 32 } };
    return e;
}

enum err
node_stamp_turn(struct ctx *cx, struct node *n)
{
    struct q_node_stamp_last last = { .to_seq = 0 };
    struct q_node_evidence_oldest_after oldest;
    struct node_stamp s;
    int64_t now_us = sys_now_us(cx);
    if (str_is_empty(cx->config->node_tsa) || now_us - n->stamp_tried_us < TURN_US) {
        return ERR_OK;
    }
    enum err e = q_node_stamp_last(cx, &last);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    e = q_node_evidence_oldest_after(cx, &oldest, .seq = last.to_seq);
    atomic_store(&n->unstamped_since_us, e == ERR_OK ? oldest.at_us : 0);
    if (e != ERR_OK) {
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    n->stamp_tried_us = now_us;
    TRY(gather(cx, n, last.to_seq, &s));
    struct digest root = node_stamp_root(&s);
    TRY(ask(cx, &root, &s.token));
    struct node_record r = { .type = NODE_STAMP, .at_us = sys_now_us(cx) };
    r.body = node_stamp_write(cx->arena, &s);
    TRY(node_log_add(cx, n->log, &r, 1));
    atomic_store(&n->stamped_us, r.at_us);
    return ERR_OK;
}

/* --- proving a signature's place in a stamp ----------------------------------------------------
 */
static enum err
subtree(void *arg, uint32_t level, uint64_t index, struct digest *ret)
{
    const struct node_stamp *s = arg;
    struct merkle m;
    merkle_init(&m);
    uint64_t from = index << level;
    uint64_t to = (index + 1) << level;
    if (to > s->n) {
        return ERR_INVALID;
    }
    for (uint64_t i = from; i < to; i++) {
        struct digest d;
        memcpy(d.b, s->leaves.p + i * 32, 32);
        (void)merkle_add(&m, &d, NULL);
    }
    *ret = merkle_root(&m);
    return ERR_OK;
}

enum err
node_stamp_path(struct ctx *cx, const struct node_stamp *s, uint64_t leaf, struct merkle_proof *ret)
{
    struct node_stamp mine = *s;
    struct merkle_source source = { subtree, &mine };
    enum err e = merkle_prove_inclusion(source, leaf, s->n, ret);
    return e == ERR_OK ? ERR_OK : err_set(cx, e, "no path in the stamp's tree");
}

static void
put_hex(struct buf *b, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_addf(b, "%02x", p[i]);
    }
}

/* A shell script that computes the root from the signature with xxd and sha256sum (RFC 9162
 * 2.1.3.2), so that an auditor reads what he runs. */
void
node_stamp_script(struct buf *b, const struct node_batch *batch, uint64_t leaf, uint64_t size,
                  const struct merkle_proof *proof, const char *name)
{
    uint64_t fn = leaf;
    uint64_t sn = size - 1;
    buf_addf(b,
             "#!/bin/sh\n# Leaf %" PRIu64 " of %" PRIu64
             " in the tree (RFC 9162) whose root was stamped. Run in the container's folder.\n"
             "set -e\nsum() { openssl dgst -sha256 -r | cut -d' ' -f1; }\n"
             "bytes() { xxd -r -p; }\n"
             "# the signature's bytes, as in META-INF/signatures-%s.xml\n"
             "value=$(tr -d '\\n' < META-INF/signatures-%s.xml | "
             "sed 's/.*<ds:SignatureValue>//; s/<.*//' | base64 -d | xxd -p | tr -d '\\n')\n"
             "hash=$(echo \"00$value\" | bytes | sum)\n",
             leaf, size, name, name);
    (void)batch;
    for (uint32_t i = 0; i < proof->n; i++) {
        bool is_left = (fn & 1) != 0 || fn == sn;
        BUF_LIT(b, "hash=$(echo \"01");
        if (is_left) {
            put_hex(b, proof->path[i].b, 32);
            BUF_LIT(b, "${hash}");
        } else {
            BUF_LIT(b, "${hash}");
            put_hex(b, proof->path[i].b, 32);
        }
        BUF_LIT(b, "\" | bytes | sum)\n");
        while (is_left && (fn & 1) == 0 && fn != 0) {
            fn >>= 1;
            sn >>= 1;
        }
        fn >>= 1;
        sn >>= 1;
    }
    buf_addf(b,
             "test \"$hash\" = \"$(cat stamp/%s.root)\" && echo \"the signature is under the "
             "stamped root\"\n",
             name);
}
