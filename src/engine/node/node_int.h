/* node_int.h: shared inside the module. */
#ifndef ENGINE_NODE_NODE_INT_H
#define ENGINE_NODE_NODE_INT_H

#include "base/buf.h"
#include "crypto/cms.h"
#include "crypto/key.h"
#include "crypto/merkle.h"
#include "engine/node/node.h"
#include "engine/sign/sign.h"
#include "net/server.h"
#include "net/upcall.h"
#include "sys/sys.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

/* --- node_message.c: the message that is signed: one HTTP message as bytes ---------------------
 */
#define NODE_HEAD_BYTES  ((size_t)32 << 10)
#define NODE_WHOLE_BYTES (NODE_HEAD_BYTES + NODE_MEMORY_BYTES)
struct node_message {
    struct str bytes, head, body; /* head with its empty line; both borrow from bytes */
    struct str file; /* where a large body is: bytes is the head alone; null: in bytes */
    int64_t body_bytes;
    bool is_head_kept;    /* of the two, only the head becomes evidence, as the agreement says */
    struct digest digest; /* SHA-256 of head and body, once node_message_digest has run */
    struct digest512 body_digest; /* of a body in a file */
    struct str method, target;    /* of a request */
    int status;                   /* of an answer */
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t n_headers;
    struct str client, service, message_id, request_id, request_hash, issue, user_id, content_type;
};
enum node_kind { NODE_REQUEST = 'Q', NODE_ANSWER = 'A' };
/* Strict: one form only, so that what is read is what was signed. False when malformed. */
bool node_message_read(struct str bytes, enum node_kind kind, struct node_message *ret);
/* Of a head alone: body_bytes is what it says of a body that is elsewhere. */
bool node_message_read_head(struct str head, enum node_kind kind, struct node_message *ret);
/* Adds a further field to a message that is to be written. One that the signed form has no place
 * for (control characters, not UTF-8, a name that is the message's own) stays out. */
void node_message_add(struct node_message *m, const struct http_header *h);
/* Is it one that the form names itself: X-Road-Client and so on, Content-Type, Content-Length? */
bool node_message_is_own(struct str name);
/* Appends the bytes of a message, without a body that is in a file; false when it is too long or a
 * value has control characters. */
bool node_message_write(struct buf *b, const struct node_message *m, enum node_kind kind);
/* Base64 of SHA-512(SHA-512(head) + SHA-512(body)), or SHA-512(head) without body (PR-REST 4.3). */
struct str node_request_hash(struct arena *a, const struct node_message *m);
/* "VN/GOV/H19" of "VN/GOV/H19/MOT-CUA/ho-so"; null when it has fewer than three parts. */
struct str node_member_of(struct str path);
/* The service's path in a target "/r1/A/B/C/D/E/rest?query"; null when it is none. */
struct str node_service_of(struct str target, struct str *ret_rest);

/* --- node_file.c: bodies in files ---------------------------------------------------------------
 */
/* Computes the message's digests; reads the file of a large body once. ERR_IO. */
NODISCARD enum err node_message_digest(struct ctx *cx, struct node_message *m);
/* <log>/bodies: a file for each large body, named by its message's digest. */
struct str node_file_dir(struct ctx *cx, struct str log_dir);
/* A name beside them for a body that is coming in; what is left of these goes at the next start. */
struct str node_file_part(struct ctx *cx, struct str log_dir);
/* Makes the body's file evidence: durable below its name. m->file is there then. ERR_DISK_FULL. */
NODISCARD enum err node_file_keep(struct ctx *cx, struct str log_dir, struct node_message *m);
/* Takes a file away that became no evidence after all; accepts a message without. */
void node_file_drop(struct ctx *cx, struct node_message *m);
/* Where the body of a stored message is, here or in the archive. ERR_NOT_FOUND. */
NODISCARD enum err node_file_find(struct ctx *cx, struct str log_dir, const struct digest *message,
                                  struct str *ret);
/* SHA-256 of a head and the body in a file. */
NODISCARD enum err node_file_digest(struct ctx *cx, struct str head, struct str file,
                                    struct digest *ret);
/* Bytes of all of them that are not in the archive. */
NODISCARD enum err node_file_bytes(struct ctx *cx, struct str log_dir, int64_t *ret);
/* After a start, when the index has everything: takes away what no record knows. */
NODISCARD enum err node_file_sweep(struct ctx *cx, struct str log_dir);

/* An envelope as it leaves: its beginning, and the file that follows. */
struct node_parcel {
    struct str front, file;
    int64_t file_bytes;
};
struct node_parcel node_parcel_of(struct arena *a, struct str proof, const struct node_message *m);

/* Takes an envelope in, piece by piece; a large body goes to a file as it comes. */
struct node_intake;
struct node_intake *node_intake_open(struct ctx *cx, struct str log_dir);
/* ERR_TOO_LARGE, ERR_INVALID, ERR_DISK_FULL, ERR_IO: nothing more is taken. */
NODISCARD enum err node_intake_add(struct node_intake *t, struct str bytes);
/* The whole message with its digests, and its proof. ERR_INVALID: not in the form that is signed.
 * After an error no file is left. */
NODISCARD enum err node_intake_end(struct node_intake *t, enum node_kind kind,
                                   struct str *ret_proof, struct node_message *ret);
void node_intake_drop(struct node_intake *t); /* after node_intake_end: nothing */

/* --- node_proof.c: a signature over a batch of messages -----------------------------------------
 */
#define NODE_BATCH_MAX     64
#define NODE_SIGNATURE_MAX 512
#define NODE_PROOF_MAX     (48 + NODE_SIGNATURE_MAX + NODE_BATCH_MAX * 32)
struct node_batch {
    enum node_kind kind;
    enum cms_algorithm algorithm;
    uint32_t n;
    int64_t signed_us;               /* whole seconds */
    struct digest cert;              /* SHA-256 of the signer's certificate */
    struct digest v[NODE_BATCH_MAX]; /* SHA-256 of each message */
    uint32_t signature_n;
    uint8_t signature[NODE_SIGNATURE_MAX];
};
/* The bytes that the signature signs: SignedInfo in canonical form (Exclusive XML
 * Canonicalization).
 */
struct str node_signed_info(struct arena *a, const struct node_batch *b);
/* The whole signature file (ASiC-E XAdES) for message `index`. */
struct str node_signature_xml(struct arena *a, const struct node_batch *b, uint32_t index,
                              struct str cert_der);
/* The proof as it travels beside message `index`, and back; false when malformed. */
struct str node_proof_write(struct arena *a, const struct node_batch *b, uint32_t index);
bool node_proof_read(struct str bytes, struct node_batch *ret, uint32_t *ret_index);
/* SHA-256 of a proof that reads, the place of its message left out: the same for a whole batch. */
struct digest node_proof_digest(struct arena *a, struct str proof);
/* An envelope: "BB1\n", length of the proof, proof, message. */
struct str node_envelope_write(struct arena *a, struct str proof, struct str message);
bool node_envelope_read(struct str bytes, struct str *ret_proof, struct str *ret_message);
/* The file of a message in a container: "request.http", "answer.http". */
struct str node_file_of(enum node_kind kind);

/* --- node_log.c: append-only segments -----------------------------------------------------------
 */
#define NODE_SEGMENT_BYTES ((int64_t)64 << 20)
enum node_record_type { NODE_MESSAGE = 'M', NODE_STAMP = 'T', NODE_REFUSAL = 'R' };
struct node_record {
    enum node_record_type type;
    int64_t at_us;
    uint64_t seq;
    struct str body;
    int64_t beside_bytes;      /* of a file that belongs to it: counted as the log's */
    int64_t segment, at, next; /* where it stands, and the next one */
};
#define NODE_RECORD_HEAD  64
#define NODE_RECORD_MAGIC "BBEV"
#define NODE_RECORD_BYTES ((size_t)16 << 20) /* more than any record has */
/* What a record's first bytes say of it; false when they are none. */
bool node_record_head(const uint8_t head[NODE_RECORD_HEAD], struct node_record *r,
                      struct digest *before);
struct str node_log_path(struct arena *a, struct str dir, int64_t segment);

/* node_log_view.c: for reading on and on. Zero-initialised; holds what it has read for as long as
 * cx->arena is not reset, so it is for one turn: who reads only what was durable when the turn
 * began never sees bytes that a failed write left. */
struct node_log_view {
    int fd;
    int64_t segment, from;
    struct str bytes;
};
/* As node_log_read, without chain; the body is borrowed from the view. */
NODISCARD enum err node_log_view_read(struct ctx *cx, struct node_log_view *v, struct str dir,
                                      int64_t segment, int64_t at, struct node_record *ret);
void node_log_view_close(struct node_log_view *v);

struct node_log;
struct node_log_end {
    int64_t segment, at;
    uint64_t seq;
    struct digest chain;
};
NODISCARD enum err node_log_open(struct ctx *cx, struct str dir, int64_t max_bytes,
                                 struct node_log **ret);
void node_log_close(struct node_log *l);
/* Adds records together; returns when they are on the disk. ERR_DISK_FULL, ERR_IO: none of them is
 * there. Thread-safe; callers at the same time share one sync. */
NODISCARD enum err node_log_add(struct ctx *cx, struct node_log *l, const struct node_record *v,
                                size_t n);
int64_t node_log_bytes(struct node_log *l);
bool node_log_is_full(struct node_log *l);
bool node_log_is_failed(struct node_log *l);
uint64_t node_log_syncs(struct node_log *l);
uint64_t node_log_seq(struct node_log *l);
/* Reads the record at a place. ERR_NOT_FOUND: the end of the segment; ERR_CONFLICT: not whole or
 * changed. Body in cx->arena. */
NODISCARD enum err node_log_read(struct ctx *cx, struct str dir, int64_t segment, int64_t at,
                                 struct node_record *ret, struct digest *ret_before,
                                 struct digest *ret_after);
/* Numbers of the segments there are, ascending. */
NODISCARD enum err node_log_segments(struct ctx *cx, struct str dir, int64_t **ret, size_t *ret_n);
struct str node_log_dir(struct ctx *cx);
/* Counts the bytes of the live segments anew: some may have gone to the archive. */
NODISCARD enum err node_log_recount(struct ctx *cx, struct node_log *l);
/* For tests: begins a new segment at this size. */
void node_log_set_segment(struct node_log *l, int64_t bytes);
/* --- node_waiters.c: who waits for the log ------------------------------------------------------
 */
struct node_waiter {
    struct node_waiter *next;
    sem_t told;
    bool is_good;   /* its records are on the disk */
    bool is_writer; /* told to write, its own records too */
    int fault;      /* errno, when not good */
};
struct node_waiters {
    struct node_waiter *first, *last;
};
/* Add and take under the log's lock. A waiter is gone once it was told or called. */
void node_waiters_add(struct node_waiters *list, struct node_waiter *w);
struct node_waiter *node_waiters_take(struct node_waiters *list);
void node_waiters_tell(struct node_waiters *list, bool is_good, int fault);
void node_waiter_call(struct node_waiter *w); /* it is to write */
void node_waiter_wait(struct node_waiter *w); /* until told or called */
/* --- node_archive.c --------------------------------------------------------------------------- */
struct str node_log_archive_dir(struct ctx *cx, struct str dir);
/* Numbers of the segments in the archive, ascending; none when there is no archive. */
NODISCARD enum err node_log_archived(struct ctx *cx, struct str dir, int64_t **ret, size_t *ret_n);

/* When old segments move by themselves: app_config.node_archive_days and _at. ERR_INVALID. */
NODISCARD enum err node_archive_open(struct ctx *cx, struct node *n);
NODISCARD enum err node_archive_turn(struct ctx *cx, struct node *n, int64_t now_us);

/* Body of a message's record. */
enum node_form {
    NODE_WITH_BODY = 'b',
    NODE_HEAD_ONLY = 'h', /* the body is not kept */
    NODE_WITH_FILE = 'f', /* the body is in a file beside the log */
};
struct node_stored {
    enum node_kind kind;
    char way; /* 's' sent, 'r' received */
    enum node_form form;
    struct str peer, proof, message; /* message: the head alone when the body is not within */
};
/* What is stored of a message: one record, not yet numbered. */
struct node_record node_stored_record(struct ctx *cx, struct str peer, char way, struct str proof,
                                      const struct node_message *m, enum node_kind kind);
struct str node_stored_write(struct arena *a, const struct node_stored *s);
bool node_stored_read(struct str body, struct node_stored *ret);

/* --- node_batch.c: signing together ------------------------------------------------------------
 */
struct node_lanes;
struct node_lanes *node_lanes_open(void);
void node_lanes_close(struct node_lanes *l);
struct node_own { /* one of our members' keys, open; counted */
    _Atomic uint32_t refs;
    struct sign_key *key;
    int64_t cert_id;
    enum cms_algorithm algorithm;
    struct digest thumb;
};
/* What is to be signed: message->digest is set. With a log the message becomes evidence (as sent)
 * before anybody is told; its file, if it has one, is there already. */
struct node_signing {
    struct str peer;
    enum node_kind kind;
    const struct node_message *message;
    struct node_log *log; /* NULL: not now */
};
/* Signs a message together with those that others bring meanwhile for the same member, peer and
 * kind, all of them for one log or none. *ret_proof in cx->arena. ERR_INTERNAL, ERR_BUSY: not
 * signed; else what node_log_add says. */
NODISCARD enum err node_sign(struct ctx *cx, struct node_lanes *l, struct node_own *own,
                             const struct node_signing *s, struct str *ret_proof);
void node_lanes_count(struct node_lanes *l, uint64_t *ret_batches, uint64_t *ret_signed);

/* --- node_trust.c: an immutable picture of peers, keys and members ------------------------------
 */
struct node_trust_peer {
    struct str name, url, tls_pem, thumb;
    bool is_suspended;
};
struct node_trust_key {
    struct str member, thumb, pem;
    struct key *key;
    int64_t from_us, to_us;
    bool is_revoked, is_member_suspended;
    const struct node_trust_peer *peer; /* NULL: ours */
    struct digest digest;
    struct node_own *own;
};
struct node_proven;
struct node_trust {
    _Atomic uint32_t refs;
    struct arena *arena;
    struct node_proven *proven;
    struct node_trust_peer *peers;
    struct node_trust_key *keys;
    size_t n_peers, n_keys;
    struct exchange_body_rule *rules; /* sorted: by service, then consumer */
    size_t n_rules;
};
NODISCARD enum err node_trust_load(struct ctx *cx, const struct node_trust *old,
                                   struct node_trust **ret);
void node_trust_drop(struct node_trust *t); /* accepts NULL */
const struct node_trust_key *node_trust_key(const struct node_trust *t, const struct digest *thumb);
/* The key that signs for a member now; NULL: none. */
const struct node_trust_key *node_trust_own(const struct node_trust *t, struct str member,
                                            int64_t now_us);
/* The node where a member is; NULL: none. */
const struct node_trust_peer *node_trust_home(const struct node_trust *t, struct str member);
/* Do bodies of calls between these two become evidence? */
bool node_trust_keeps_body(const struct node_trust *t, struct str consumer, struct str service);
const struct node_trust_peer *node_trust_peer_by_cert(const struct node_trust *t, struct str thumb);

/* Batches whose signature was found good by a key of this picture, by the digest of their proof;
 * the oldest give way. A batch comes once for each of its messages, and is computed once. */
bool node_trust_is_proven(const struct node_trust *t, const struct digest *proof);
void node_trust_proven(const struct node_trust *t, const struct digest *proof);

/* --- node_verify.c ------------------------------------------------------------------------------
 */
#define NODE_SKEW_US (INT64_C(300) * DATE_US_PER_S)
/* A large body takes its time on the way: how long after it was signed a message may arrive. */
int64_t node_age_max_us(const struct node_message *m);
#define NODE_AGE_MOST_US (NODE_SKEW_US + NODE_BODY_BYTES / 128 * 1000)
/* Is the message the one that the proof's signature covers, signed by a key of `member` that is
 * good now, and not long ago? "" or the X-Road error code. m->digest must be set. */
const char *node_verify(struct ctx *cx, const struct node_trust *t, struct str proof,
                        enum node_kind kind, struct str member, const struct node_message *m,
                        int64_t now_us);

/* --- node_seen.c: messages that came already ----------------------------------------------------
 */
struct node_seen;
/* window_us: for how long messages are remembered at least; n_slots: a power of two. */
struct node_seen *node_seen_open(int64_t window_us, uint32_t n_slots);
void node_seen_close(struct node_seen *s);
enum node_seen_word { NODE_SEEN_NEW, NODE_SEEN_AGAIN, NODE_SEEN_FULL };
/* Remembers for twice the allowed skew. */
enum node_seen_word node_seen_add(struct node_seen *s, const struct digest *message,
                                  int64_t now_us);

/* Remembers what the index has of the last minutes, after a start. */
NODISCARD enum err node_seen_load(struct ctx *cx, struct node *n);

/* --- node_stamp.c: RFC 3161 ---------------------------------------------------------------------
 */
#define NODE_STAMP_LEAVES 4096
struct node_stamp {
    uint64_t from_seq, to_seq; /* covers messages above from_seq up to to_seq */
    size_t n;
    struct str leaves; /* n times 32 bytes: Merkle leaf of each message's signature */
    struct str token;  /* TimeStampResp, DER */
};
bool node_stamp_read(struct str body, struct node_stamp *ret);
struct str node_stamp_write(struct arena *a, const struct node_stamp *s);
/* Root over the leaves (RFC 9162). */
struct digest node_stamp_root(const struct node_stamp *s);
NODISCARD enum err node_stamp_path(struct ctx *cx, const struct node_stamp *s, uint64_t leaf,
                                   struct merkle_proof *ret);
/* The shell script of a container that computes the root from the signature. */
void node_stamp_script(struct buf *b, const struct node_batch *batch, uint64_t leaf, uint64_t size,
                       const struct merkle_proof *proof, const char *name);
/* Stamps what is indexed and not stamped yet. */
NODISCARD enum err node_stamp_turn(struct ctx *cx, struct node *n);
/* Roots of the authority, PEM. */
NODISCARD enum err node_stamp_roots(struct ctx *cx, struct str *ret_pem);
/* Is the token a good stamp over this root? Its time comes back; roots are PEM. */
NODISCARD enum err node_stamp_check(struct ctx *cx, struct str token, const struct digest *root,
                                    struct str roots_pem, int64_t *ret_us);

/* node.c: makes a key and a certificate signed by itself; wish's public key is set. */
struct cms_cert_wish;
NODISCARD enum err node_pair_make(struct ctx *cx, struct cms_cert_wish *wish, struct str key_file,
                                  struct str cert_file);

/* node_stamp_sim.c: the demo's simulator of an authority. Opening makes its key; ERR_INVALID: asked
 * for without --demo. */
bool node_stamp_is_simulated(const struct ctx *cx);
NODISCARD enum err node_stamp_sim_open(struct ctx *cx);
NODISCARD enum err node_stamp_sim_root(struct ctx *cx, struct str *ret_pem);
NODISCARD enum err node_stamp_sim_answer(struct ctx *cx, struct str query, struct str *ret);

/* --- node_wire.c: calls to other nodes ----------------------------------------------------------
 */
struct node_wire;
struct node_wire *node_wire_open(void);
void node_wire_close(struct node_wire *w);
struct node_reply {
    int status;
    struct str error; /* X-Road-Error */
};
/* The body of the reply goes into the intake. ERR_DISK_FULL, ERR_IO: it cannot be held here. */
struct node_call {
    const struct node_trust_peer *to;
    struct str own_cert, own_key;
    struct node_parcel parcel;
    struct node_intake *intake;
};
/* A call whose parcel is in memory, without waiting; several may be under way in a thread. */
struct node_leg {
    struct upcall up;
    struct upcall_to to;
};
NODISCARD enum err node_wire_begin(struct ctx *cx, struct node_wire *w,
                                   const struct node_call *call, struct node_leg *leg);
/* Until at least one of them is done (UPCALL_DONE). */
void node_wire_wait(struct ctx *cx, struct node_wire *w, struct upcall *const *v, size_t n);
NODISCARD enum err node_wire_end(struct ctx *cx, const struct node_leg *leg,
                                 struct node_reply *ret);
/* One, in memory or with a file, to its end. */
NODISCARD enum err node_wire_call(struct ctx *cx, struct node_wire *w, const struct node_call *call,
                                  struct node_reply *ret);

/* --- the gate ----------------------------------------------------------------------------------
 */
struct node {
    struct ctx cx; /* template: store, sign, config */
    struct arena *arena;
    struct str name, dir, tls_cert_file, tls_key_file, tls_cert, tls_key;
    struct exchange_gate gate;
    struct node_log *log;
    struct node_lanes *lanes;
    struct node_seen *seen, *seen_large;
    struct node_wire *wire;
    struct exchange_kept *kept;
    pthread_mutex_t trust_lock;
    struct node_trust *trust;
    struct server *inner, *outer;
    pthread_t keeper;
    bool has_keeper;
    _Atomic bool is_ending;
    _Atomic uint64_t n_sent, n_received, n_refused;
    /* of the keeper; read by others */
    _Atomic int64_t index_seq, stamped_us, unstamped_since_us;
    int64_t index_segment, index_at, stamp_tried_us, counted_us;
    _Atomic bool is_archive_failed;
    int64_t archive_minute, archive_tried_us; /* of the day, in Vietnam; the last turn */
    int32_t archived_day;                     /* on which all was moved that could be */
};
struct node_trust *node_trust_now(struct node *n); /* with a reference */
/* "" when calls may pass, else the error code why not. */
const char *node_may_pass(struct node *n, int64_t now_us);
#define NODE_ERROR_TYPE STR("application/json;charset=utf-8")
/* PR-REST 4.6: {"type", "message", "detail"}. */
struct str node_error_body(struct arena *a, struct str type, struct str text, struct str detail);
void node_answer_error(struct http_response *rs, struct arena *a, int status, struct str type,
                       const char *text, struct str detail);
/* node_out.c, node_in.c: on_work of the two servers; arg is the node. */
void node_on_out(void *arg, struct ctx *cx, struct http_request *rq, struct http_response *rs);
void node_on_in(void *arg, struct ctx *cx, struct http_request *rq, struct http_response *rs);
/* Reads another node's card. ERR_INVALID with a problem on "card". */
struct card;
NODISCARD enum err node_card_read(struct ctx *cx, struct str text, struct card **ret);
/* The certificate of a fingerprint, ours or another's, also revoked. ERR_NOT_FOUND. */
NODISCARD enum err node_cert_pem(struct ctx *cx, struct str thumb, struct str *ret_pem,
                                 struct str *ret_member);
/* node_keeper.c: one turn: index and stamp. */
NODISCARD enum err node_keep(struct ctx *cx, struct node *n);
void *node_keeper_main(void *arg);
NODISCARD enum err node_keeper_begin(struct ctx *cx, struct node *n);

#endif
