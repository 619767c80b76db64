/* node.h: signed exchange with other installations ("nodes"): every request and answer is signed by
 * its member's key, verified before it is released, stored as evidence before anybody is answered,
 * and time-stamped. doc/signed.md has the transport, the forms and the words for refusals.
 *
 * A call leaves through the relay, whose route leads to this program's own gate (loopback); the
 * gate signs, sends over mutual TLS, verifies the answer. At the other node a server on
 * app_config.node_port verifies, stores, and calls the service by exchange_forward, so that both
 * sides' agreements hold. */
#ifndef ENGINE_NODE_NODE_H
#define ENGINE_NODE_NODE_H

#include "codec/zip.h"
#include "engine/exchange/exchange.h"

struct node;

/* A body of at most NODE_MEMORY_BYTES is held in memory and stands in the log's record; a larger
 * one is in a file from its first byte to its last, and beside the log. */
#define NODE_MEMORY_BYTES EXCHANGE_MEMORY_BYTES
#define NODE_BODY_BYTES   EXCHANGE_BODY_BYTES
/* app_config.node_tsa of the demo: the program's own simulator, labelled as one. */
#define NODE_TSA_SIMULATED "sim:"
#define NODE_CARD_BYTES    ((size_t)256 << 10)

/* Opens the evidence log and, when app_config.node_port is set, the two doors. cx is the program's
 * template (store, sign, config); it is copied. ERR_IO, ERR_CONFLICT: the log was changed from
 * outside. */
NODISCARD enum err node_open(struct ctx *cx, struct node **ret);
/* Lets calls finish, closes the log. Accepts NULL. */
void node_close(struct node *n);
/* Where the relay sends calls to other nodes; lives as long as n. */
const struct exchange_gate *node_gate(const struct node *n);

/* --- who is trusted ---------------------------------------------------------------------------
 */
struct node_peer {
    int64_t id, added_us, n_keys;
    int64_t tls_until_us;                   /* end of its TLS certificate; 0: cannot be read */
    struct str name, address, thumb, state; /* active, suspended */
};
struct node_key {
    int64_t id, from_us, to_us, revoked_us;
    struct str member, thumb, name, state, peer; /* peer null: our own */
};
/* What the other side's operator is given: name, address, TLS certificate, members' certificates.
 */
NODISCARD enum err node_card(struct ctx *cx, struct str *ret_json);
/* Takes another node's card in, adding what is new: keys that the card no longer names stay until
 * they are revoked. ERR_INVALID with a problem on "card"; ERR_CONFLICT: a known name with another
 * TLS certificate, or a member that is ours or another node's. */
NODISCARD enum err node_peer_add(struct ctx *cx, struct str card, int64_t *ret_id);
NODISCARD enum err node_peers(struct ctx *cx, struct node_peer **ret, size_t *ret_n);
NODISCARD enum err node_peer_set(struct ctx *cx, int64_t id, bool is_suspended);
/* Own keys and those of others; at most 500. */
NODISCARD enum err node_keys(struct ctx *cx, struct node_key **ret, size_t *ret_n);
NODISCARD enum err node_key_revoke(struct ctx *cx, int64_t id);
/* A signing key for one of our members ("VN/GOV/H19"): a software key, or the token's key of that
 * label; an older one ends. ERR_INVALID with a problem on "member". */
NODISCARD enum err node_key_make(struct ctx *cx, struct str member, struct str token_label);
/* Peers, keys or members changed (jobs topic "node.trust"): reads them anew. Nothing to do in a
 * process without signed exchange. */
NODISCARD enum err node_trust_reload(struct ctx *cx);
extern const struct jobs_topic node_topics[];

/* --- evidence ---------------------------------------------------------------------------------
 */
struct node_filter {
    struct str id;     /* X-Road-Request-Id or X-Road-Id */
    struct str member; /* beginning of a client's or service's path */
    struct str issue;  /* X-Road-Issue: the dossier */
    int64_t from_us, to_us, before;
};
struct node_evidence {
    int64_t id, at_us, seq, status, n_bytes, at, segment;
    struct str kind, way; /* request, answer; sent, received */
    struct str request_id, message_id, client, service, issue, user_id, peer, digest;
    bool has_body, is_stamped;
};
/* Newest first; at most 100. */
NODISCARD enum err node_find(struct ctx *cx, const struct node_filter *f,
                             struct node_evidence **ret, size_t *ret_n);
struct node_finding {
    struct str kind, head, signer, thumb; /* head: the message's, as signed */
    int64_t signed_us, stamped_us;        /* 0: not stamped yet */
    uint32_t n_batch;
    bool is_message_good; /* the message's digest is the one that was signed (false without body) */
    bool is_signature_good, is_stamp_good, has_body;
    struct str fault; /* "" or what is wrong, English */
};
/* Computes again, from the log: both messages of an exchange. ERR_NOT_FOUND. */
NODISCARD enum err node_check(struct ctx *cx, struct str request_id, struct node_finding *ret,
                              size_t max, size_t *ret_n);
/* The ASiC-E container of an exchange (doc/auditor.md): finds it, in cx->arena; ERR_NOT_FOUND. Then
 * writes it piece by piece, for a body may have 100 MB. */
struct node_container;
NODISCARD enum err node_container_open(struct ctx *cx, struct str request_id,
                                       struct node_container **ret);
NODISCARD enum err node_container_write(struct ctx *cx, const struct node_container *c,
                                        zip_sink_fn *sink, void *arg);

struct node_log_report {
    uint64_t n_segments, n_records, n_messages, n_stamps;
    int64_t n_bytes;
    struct str fault; /* "" or segment, place and what is wrong */
};
/* Reads every record of the log and computes its chain again; works beside a running program. */
NODISCARD enum err node_log_verify(struct ctx *cx, struct node_log_report *ret);

/* Moves segments whose newest record is at least keep_days old, and whose records are all indexed
 * and stamped, to <data>/evidence/archive (which may lead to another disk); beside a running
 * program. What is there is still found, exported and verified. ERR_IO, ERR_DISK_FULL: the rest
 * stays; at most max segments. */
NODISCARD enum err node_log_archive(struct ctx *cx, int64_t keep_days, size_t max, size_t *ret_n);

struct node_state {
    int64_t log_bytes, log_max_bytes, disk_free_bytes, unstamped_since_us, stamped_us, indexed_seq,
        seq;
    uint64_t n_sent, n_received, n_refused, n_batches, n_signed, n_syncs;
    bool is_full, is_log_failed, is_stamp_late, has_authority;
    bool is_stamp_simulated, is_archive_failed;
};
/* ERR_NOT_FOUND: no signed exchange here. */
NODISCARD enum err node_state(struct ctx *cx, struct node_state *ret);

#endif
